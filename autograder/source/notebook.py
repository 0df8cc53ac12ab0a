"""How a text notebook in ``solutions/`` says what its cells are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode

ROLES = ("setup", "given", "solution", "check", "answer", "mark_scheme")


def read(path: Path) -> NotebookNode:
    """The text notebook at ``path``.

    Cells carry one of these marks: ``role="setup"`` or ``role="given"``, ``solution="<exercise>"``,
    ``check="<exercise>" points=<n>``, ``answer="<name>" points=<n>`` and ``mark_scheme="<name>"``.
    """
    return jupytext.read(path, fmt="py:percent")


def mark(cell: NotebookNode) -> tuple[str, str]:
    """The kind of a cell and the name it belongs to: ``("solution", "softmax")``; ``("", "")`` for all others."""
    metadata: dict[str, Any] = cell.metadata
    if metadata.get("role") in ("setup", "given"):
        return metadata["role"], ""
    for kind in ROLES[2:]:
        if kind in metadata:
            return kind, metadata[kind]
    return "", ""


def exercises(notebook: NotebookNode) -> dict[str, float]:
    """The exercises that a notebook checks, with their points, in order."""
    found = {}
    for cell in notebook.cells:
        kind, name = mark(cell)
        if kind == "check":
            found[name] = float(cell.metadata["points"])
    return found
