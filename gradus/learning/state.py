"""What a learner has done so far, kept beside the notebooks: one small file for each, never handed in, never graded.

Several kernels may write at once: each takes its turn. What could not be written is written with what comes next, and
a file that cannot be read is put aside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gradus.learning.place import above, write_whole

FOLDER = ".gradus"
State = dict[str, Any]
Change = Callable[[State], None]
_PARTS = ("predictions", "checks")
_PATIENCE = 0.2  # seconds until another one's turn has to end
_unwritten: dict[Path, list[Change]] = {}


def folder() -> Path:
    """Where the files lie: in the folder that holds the notebooks' folders."""
    # An absolute path in JupyterLab, of a file that may have moved since.
    notebook = os.environ.get("JPY_SESSION_NAME", "")
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
    path = (where or folder()) / f"{name}.json"
    try:
        found, _ = _read(path)
    except OSError:
        found = _parsed({})
    return _changed(found, _unwritten.get(path, ()))


def update(name: str, change: Change) -> State:
    """Change what is known of one notebook and keep it; where nothing can be written, this kernel remembers it.

    Parameters
    ----------
    name : str
    change : callable
        Gets the state and changes it in place; where it could not be written, it is called again, on a later state.
    """
    from filelock import FileLock

    path = folder() / f"{name}.json"
    waiting = _unwritten.setdefault(path, [])
    try:
        path.parent.mkdir(exist_ok=True)
        with FileLock(path.with_name(f".{name}.lock"), timeout=_PATIENCE):
            found, whole = _read(path)
            state = _changed(found, [*waiting, change])
            if not whole:
                path.replace(path.with_name(f"{name}.{path.stat().st_mtime_ns}.broken"))
            write_whole(path, json.dumps(state).encode())
    except OSError:  # a folder that cannot be written to takes nothing from the lesson
        waiting.append(change)
        return load(name)
    waiting.clear()
    return state


def _read(path: Path) -> tuple[State, bool]:
    """What a file says, and whether that is all there is in it; a file that does not exist says nothing."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        found = {}
    except (ValueError, RecursionError):
        found = None
    state = _parsed(found)
    return state, isinstance(found, dict) and all(state[part] is found.get(part, state[part]) for part in _PARTS)


def _parsed(found: object) -> State:
    """The same with both parts in place; what else is there, perhaps from a later edition of the course, stays."""
    known = found if isinstance(found, dict) else {}
    return known | {part: value if isinstance(value := known.get(part), dict) else {} for part in _PARTS}


def _changed(state: State, changes: Iterable[Change]) -> State:
    for change in changes:
        change(state)
    return state
