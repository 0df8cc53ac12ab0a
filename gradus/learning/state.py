"""What a learner has done so far, kept beside the notebooks: one small file for each, never handed in, never graded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gradus.learning.place import above, write_whole

FOLDER = ".gradus"
State = dict[str, Any]


def folder() -> Path:
    """Where the files lie: in the folder that holds the notebooks' folders."""
    notebook = os.environ.get(
        "JPY_SESSION_NAME", ""
    )  # an absolute path in JupyterLab; a file that may have moved since
    here = Path(notebook).parent if Path(notebook).is_absolute() and Path(notebook).parent.is_dir() else Path.cwd()
    return above(here) / FOLDER


def load(name: str, where: Path | None = None) -> State:
    """What is known of one notebook: ``predictions`` by id and ``checks`` by exercise; empty where nothing can be read.

    Parameters
    ----------
    name : str
        Name of the notebook.
    where : Path, optional
        The folder of all such files, `folder` by default.
    """
    try:
        found = json.loads(((where or folder()) / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    if not isinstance(found, dict):
        found = {}
    return {part: value if isinstance(value := found.get(part), dict) else {} for part in ("predictions", "checks")}


def update(name: str, change: Callable[[State], None]) -> State:
    """Change what is known of one notebook and keep it; where nothing can be written, it is only returned.

    Parameters
    ----------
    name : str
    change : callable
        Gets the state and changes it in place.
    """
    state = load(name)
    change(state)
    with suppress(OSError):  # a folder that cannot be written to takes nothing from the lesson
        write_whole(folder() / f"{name}.json", json.dumps(state).encode())
    return state
