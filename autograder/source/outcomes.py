"""What comes of the predictions of a notebook, as its executed solution tells.

Read once and kept in the course's working folder, which no student gets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nbformat import NotebookNode

from autograder import documents
from autograder.course import Assignment, Course
from autograder.judging import ledger
from autograder.source.executing import executed
from autograder.source.outline import outline
from gradus.learning.outline import Answers, Prediction
from gradus.learning.predictions import OUTCOME


@dataclass(frozen=True)
class Outcomes:
    """The values of every outcome of a notebook, by id of the prediction, for one text of its solution."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    solution: str
    values: Mapping[str, tuple[float | str, ...]]


def outcomes(course: Course, assignment: Assignment) -> dict[str, Answers]:
    """What comes of every prediction of an assignment that could be found out, by id.

    The solution is executed where that was not done before, or where it has changed since.
    """
    asked = outline(assignment.source).predictions
    if not asked:
        return {}
    path = course.work / "outcomes" / f"{assignment.name}.json"
    solution = hashlib.sha256(assignment.solution.read_bytes()).hexdigest()
    try:
        kept = documents.from_bytes(Outcomes, path.read_bytes())
    except (OSError, ValueError):
        kept = None
    if kept is None or kept.solution != solution:
        kept = Outcomes(solution, dict(told(executed(assignment.source, course.root))))
        if kept.values.keys() >= {one.id for one in asked}:
            ledger.write(path, documents.to_bytes(kept))
    found = ((one.id, _values(one, kept.values.get(one.id, ()))) for one in asked)
    return {id: values for id, values in found if values is not None}


def told(notebook: NotebookNode) -> dict[str, tuple[float | str, ...]]:
    """What the outcomes of an executed notebook tell, by id; what is no finite number is text."""
    found: dict[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if record := output.get("data", {}).get(OUTCOME):
                found[record["id"]] = tuple(record["values"])
    return found


def _values(asked: Prediction, values: tuple[float | str, ...]) -> Answers | None:
    """Values as they are compared, infinity and nan as numbers again; None if they are no answers to what is asked."""
    try:
        return tuple(
            float(value) if field.kind == "number" else field.read(value)
            for field, value in zip(asked.fields, values, strict=True)
        )
    except ValueError:
        return None
