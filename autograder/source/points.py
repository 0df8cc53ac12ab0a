"""What the text of a notebook says about points and minutes, beside what its marks say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograder.source.notebook import Cell, Source, regions

_NUMBER = r"(\d+(?:\.\d+)?)"
_TASK = re.compile(rf"\*(core|going further)\* · \d+ minutes? · {_NUMBER} points?\b", re.I)
_MARKS = re.compile(rf"^Marks: {_NUMBER}", re.M)
_PART = re.compile(rf"^- {_NUMBER} points?\b", re.M)
_CORE = re.compile(rf"core\s+takes\s+about\s+(\d+)\s+minutes\s+and\s+earns\s+{_NUMBER}\s+points")
_FURTHER = re.compile(rf"another\s+(\d+)\s+minutes\s+and\s+{_NUMBER}\s+points")


def differences(source: Source) -> Iterator[str]:
    """A sentence for every place where the text of a notebook says something else than its marks."""
    worth = [cell for cell in source.cells if cell.points]
    further = 0.0
    for cell, kind, said in _tasks(source):
        further += cell.points * (kind != "core")
        if said != cell.points:
            yield f"{source.name}.py, {cell.label}: it has points={cell.points:g}, and the text above says {said:g}."
    yield from _schemes(source)
    total = sum(cell.points for cell in worth)
    for cell in source.cells:
        if cell.cell_type == "markdown" and not cell.kind:
            where = f"{source.name}.py, {cell.label}"
            yield from (f"{where}: {lack}" for lack in _table(source, cell, total))
            yield from (f"{where}: {lack}" for lack in _sentence(source, cell, total, further))


def further(source: Source) -> tuple[int, float]:
    """Minutes and points of what goes further, as the text says; zeros where it says nothing."""
    said = filter(None, (_FURTHER.search(cell.source) for cell in source.cells if cell.cell_type == "markdown"))
    return next(((int(one[1]), float(one[2])) for one in said), (0, 0.0))


def exercises_further(source: Source) -> frozenset[str]:
    """Names of the exercises that go further, as the text says."""
    return frozenset(cell.name for cell, kind, _ in _tasks(source) if cell.kind == "check" and kind != "core")


def _tasks(source: Source) -> Iterator[tuple[Cell, str, float]]:
    """The cells that have points, each with what the last line above it says: core or not, and how many."""
    said: list[tuple[str, str]] = []
    for cell in source.cells:
        if cell.cell_type == "markdown" and not cell.kind:
            said = _TASK.findall(cell.source) or said
        elif cell.points and said:
            yield cell, said[-1][0].lower(), float(said[-1][1])
            said = []


def _schemes(source: Source) -> Iterator[str]:
    points = {cell.name: cell.points for cell in source.cells if cell.kind == "answer"}
    for cell in source.cells:
        if cell.kind != "mark_scheme":
            continue
        where = f'{source.name}.py, {cell.label}: answer="{cell.name}" has points={points[cell.name]:g}, and'
        marks = _MARKS.search(cell.source)
        parts = [float(part) for part in _PART.findall("\n".join(regions(cell)))]
        if marks and float(marks[1]) != points[cell.name]:
            yield f"{where} the scheme says Marks: {marks[1]}."
        if parts and sum(parts) != points[cell.name]:
            yield f"{where} the points of the scheme sum to {sum(parts):g}."


def _table(source: Source, cell: Cell, total: float) -> Iterator[str]:
    """The table of the parts: what its rows say of exercises, and what they sum to."""
    lines = cell.source.split("\n")
    rows = [[field.strip() for field in line.strip()[1:-1].split("|")] for line in lines if line.startswith("|")]
    if not rows or rows[0][-1] != "Points":
        return
    summed = 0.0
    for row in rows[2:]:
        said = float(row[-1]) if re.fullmatch(_NUMBER, row[-1]) else 0.0
        summed += said
        names = [name for name in re.findall(r"`(\w+)`", " ".join(row)) if name in source.exercises]
        marked = sum(source.exercises[name] for name in names)
        if names and marked != said:
            yield f"the table gives {' and '.join(names)} {said:g} points, and points={marked:g} is marked."
    if summed != total:
        yield f"the points of the table sum to {summed:g}, those of the marks to {total:g}."


def _sentence(source: Source, cell: Cell, total: float, further: float) -> Iterator[str]:
    """The sentence that says how long the core takes, and what it and the rest earn."""
    core, rest = _CORE.search(cell.source), _FURTHER.search(cell.source)
    if core and source.minutes and int(core[1]) != source.minutes:
        yield f"the core takes {core[1]} minutes, and between the lines # --- it says minutes: {source.minutes}."
    if core and float(core[2]) != total - further:
        yield f"the core earns {core[2]} points, and its marks sum to {total - further:g}."
    if rest and float(rest[2]) != further:
        yield f"what goes further earns {rest[2]} points, and its marks sum to {further:g}."
