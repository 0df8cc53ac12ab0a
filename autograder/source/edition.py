"""Which edition of an assignment a released notebook is: a digest of what was released, kept in its metadata."""

from __future__ import annotations

import hashlib
import json

from nbformat import NotebookNode

_GRADED_BY = ("grade_id", "grade", "solution", "task", "locked")


def edition(notebook: NotebookNode) -> str:
    """The edition that the cells of a notebook make, whatever its metadata claim.

    Parameters
    ----------
    notebook : NotebookNode
        A student edition, as released.

    Returns
    -------
    str
        The first 16 hexadecimal digits of the SHA-256 of every cell's id, type, source and grade fields. Outputs, tags
        and the versions of tools do not enter.
    """
    cells = [[cell.get("id", ""), cell.cell_type, cell.source, _grade_fields(cell)] for cell in notebook.cells]
    text = json.dumps(cells, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def stamp(notebook: NotebookNode, assignment: str) -> None:
    """Write into a notebook which edition of which assignment it is."""
    notebook.metadata["gradus"] = {"assignment": assignment, "edition": edition(notebook)}


def _grade_fields(cell: NotebookNode) -> list[object]:
    fields = cell.metadata.get("nbgrader")
    if not fields:
        return []
    return [*(fields.get(key) for key in _GRADED_BY), float(fields.get("points", 0))]
