"""Where the notebooks of this copy of the course lie, and how a file is put beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gradus.learning.outline import outlines


def notebooks(start: Path | None = None) -> Path | None:
    """The folder that holds the notebooks' folders: around ``start`` (the current folder), or beside this package."""
    here = (start or Path.cwd()).resolve()
    around = [*(place for folder in (here, *here.parents) for place in within(folder))]
    beside = Path(__file__).resolve().parents[2] / "notebooks"
    return next(filter(holds_notebooks, [*around, beside]), None)


def within(folder: Path) -> Iterator[Path]:
    """Where in a folder the notebooks' folders may lie."""
    yield from (folder, folder / "notebooks")


def holds_notebooks(folder: Path) -> bool:
    """Whether a notebook of the course has its folder here."""
    return any((folder / name).is_dir() for name in outlines())


def above(folder: Path) -> Path:
    """What lies around the folder of a notebook; the folder itself, if it is none of the course."""
    return folder.parent if folder.name in outlines() else folder


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, of which nobody ever sees a part.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
