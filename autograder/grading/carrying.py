"""The student's answers are carried into the notebook that was released.

Whatever a student did to a test cell (edited, deleted, retagged, duplicated) therefore changes nothing and stops
nothing, and the student's own cells stay where they were.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import nbformat
from nbformat import NotebookNode

OWN = "own"
"""Role of a cell that the student added or changed."""


def carry_answers(released: NotebookNode, submitted: NotebookNode) -> NotebookNode:
    """The released notebook with the answers of a submission.

    Answer cells take the student's text, found by grade id (the last one, where a cell was duplicated). Every other
    released cell is as it was released; where the student changed one, the changed version follows it as a cell of the
    student's own. Cells the student added stay behind the cell they stood behind.

    Parameters
    ----------
    released, submitted : NotebookNode

    Returns
    -------
    NotebookNode
        Shares nothing with its arguments.
    """
    keys = {_key(cell): index for index, cell in enumerate(released.cells)}
    matched = _match(keys, submitted.cells)
    result = copy.deepcopy(released)
    own: dict[int, list[NotebookNode]] = {}
    anchor = -1
    for position, cell in enumerate(submitted.cells):
        index = matched.get(position)
        if index is None:
            if cell.get("source", "").strip():
                own.setdefault(anchor, []).append(_own_cell(cell))
            continue
        anchor = index
        target = result.cells[index]
        if _text(cell) == _text(released.cells[index]):
            continue
        if _is_answer(target):
            target.source = cell.source
            if target.cell_type == "markdown" and "attachments" in cell:
                target["attachments"] = copy.deepcopy(cell.attachments)
        elif not _is_locked(target):
            own.setdefault(anchor, []).append(_own_cell(cell))
    result.cells = list(_woven(result.cells, own))
    return result


def _match(keys: dict[str, int], cells: list[NotebookNode]) -> dict[int, int]:
    """Position of a submitted cell -> index of the released cell it is; the last duplicate is the one."""
    last: dict[int, int] = {}
    for position, cell in enumerate(cells):
        index = keys.get(_key(cell))
        if index is not None:
            last[index] = position
    return {position: index for index, position in last.items()}


def _woven(cells: list[NotebookNode], own: dict[int, list[NotebookNode]]) -> Iterator[NotebookNode]:
    taken = {cell["id"] for cell in cells}
    for index in range(-1, len(cells)):
        if index >= 0:
            yield cells[index]
        for number, cell in enumerate(own.get(index, [])):
            name = f"own-{index + 1}-{number}"
            while name in taken:
                name += "-"
            taken.add(name)
            cell["id"] = name
            yield cell


def _own_cell(cell: NotebookNode) -> NotebookNode:
    """A student's own cell: its text, the role that says whose it is, and nothing that nbgrader would act on."""
    make = {"code": nbformat.v4.new_code_cell, "raw": nbformat.v4.new_raw_cell}.get(
        cell.cell_type, nbformat.v4.new_markdown_cell
    )
    fresh = make(source=_text(cell))
    fresh.metadata["gradus"] = {"role": OWN}
    if cell.cell_type == "markdown" and "attachments" in cell:
        fresh["attachments"] = copy.deepcopy(cell.attachments)
    return fresh


def _key(cell: NotebookNode) -> str:
    """What a cell is known by: its grade id, else its cell id."""
    fields = cell.get("metadata", {}).get("nbgrader")
    grade_id = fields.get("grade_id") if isinstance(fields, dict) else None
    return f"grade {grade_id}" if grade_id else f"cell {cell.get('id', '')}"


def _fields(cell: NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("nbgrader", {})


def _is_answer(cell: NotebookNode) -> bool:
    return bool(_fields(cell).get("solution"))


def _is_locked(cell: NotebookNode) -> bool:
    return bool(_fields(cell).get("locked"))


def _text(cell: NotebookNode) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)
