"""What grading found, read back: the judge's verdicts from the graded notebooks, the points from the gradebook."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment as AssignmentRow
from nbgrader.api import BaseCell, Grade, GradeCell, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.course import Assignment, Course, CourseError
from autograder.nbgrader_hooks.execution import VERDICT
from gradus.checking import Misconception

OUTCOMES = ("right", "partial", "wrong", "crashed", "empty")
_LONGEST = 500


@dataclass(frozen=True)
class Result:
    """One student's answer to one exercise.

    Attributes
    ----------
    exercise : str
    points, max_points : float
    share : float
        Share of the points that the judge gave, 0 to 1.
    groups : tuple of (str, int, int)
        Name, number of cases passed and number of cases of every group.
    misconceptions : tuple of Misconception
    failure : str
        Kind of the first finding that fails, as in `gradus.checking.Finding`.
    message : str
        What the student was told about it.
    changed : tuple of str
        The caller's arrays that the answer overwrote.
    leans_on : tuple of str
        Exercises that the answer calls and whose own check fails.
    unanswered : str
        Why the judge received no answer, where it received none.
    code : str
        The solution cell.
    """

    exercise: str
    points: float
    max_points: float
    share: float
    groups: tuple[tuple[str, int, int], ...] = ()
    misconceptions: tuple[Misconception, ...] = ()
    failure: str = ""
    message: str = ""
    changed: tuple[str, ...] = ()
    leans_on: tuple[str, ...] = ()
    unanswered: str = ""
    code: str = ""

    @property
    def outcome(self) -> str:
        """One of ``OUTCOMES``."""
        if self.share >= 1:
            return "right"
        if self.share > 0:
            return "partial"
        if self.failure == "unwritten":
            return "empty"
        return "crashed" if self.failure == "raised" or self.unanswered else "wrong"


@dataclass(frozen=True)
class Submission:
    """Everything that is known about what one student handed in.

    Attributes
    ----------
    student : str
    results : dict of str to Result
        By exercise; an exercise without a verdict is missing.
    total, maximum : float
        Points so far, late penalty taken off, and the most there are.
    penalty : float
        Late penalty in points.
    open : int
        Answers that wait for a person.
    problem : str
        Why there are no results, where there are none.
    """

    student: str
    results: dict[str, Result] = field(default_factory=dict)
    total: float = 0.0
    maximum: float = 0.0
    penalty: float = 0.0
    open: int = 0
    problem: str = ""


@dataclass
class _Marks:
    points: dict[str, float] = field(default_factory=dict)
    open: int = 0
    penalty: float = 0.0


def read(course: Course, assignment: Assignment) -> list[Submission]:
    """The results of all students who handed in an assignment, in the order of their names.

    A notebook that is missing or broken becomes a submission with a ``problem``.

    Raises
    ------
    CourseError
        If nothing is graded yet, or the gradebook cannot be read.
    """
    exercises = assignment.source.exercises
    notebooks = _folders(course.work / "autograded", assignment)
    if not notebooks:
        raise CourseError(
            f"Nothing of {assignment.name} is graded yet: there is no notebook in {course.work / 'autograded'}. "
            f"Grade it first: autograder grade {assignment.name}"
        )
    marks, maximum = _gradebook(course, assignment)
    waiting = _folders(course.work / "submitted", assignment)
    found = []
    for student in sorted(notebooks.keys() | marks.keys() | waiting.keys()):
        mark = marks.get(student)
        results: dict[str, Result] = {}
        problem = "submitted, but not graded yet"
        if student in notebooks:
            results, problem = _notebook(notebooks[student], exercises, mark or _Marks())
        elif mark:
            problem = "in the gradebook, but the autograded notebook is gone: grade it again"
        total = sum(mark.points.values()) if mark else sum(result.points for result in results.values())
        penalty = mark.penalty if mark else 0.0
        found.append(
            Submission(
                student,
                results,
                total=max(0.0, total - penalty),
                maximum=maximum or sum(exercises.values()),
                penalty=penalty,
                open=mark.open if mark else 0,
                problem=problem,
            )
        )
    return found


def _folders(stage: Path, assignment: Assignment) -> dict[str, Path]:
    paths = stage.glob(f"*/{assignment.name}/{assignment.name}.ipynb")
    return {path.parent.parent.name: path for path in paths if not path.parent.parent.name.startswith(".")}


def _gradebook(course: Course, assignment: Assignment) -> tuple[dict[str, _Marks], float]:
    """The marks of every student with a submission, and the most points there are.

    The tables are read without nbgrader's ``Gradebook``, which writes to the database when it opens it.
    """
    if not (course.work / "gradebook.db").is_file():
        return {}, 0.0
    engine = create_engine(course.gradebook)
    try:
        with Session(engine) as session:
            row = session.query(AssignmentRow).filter_by(name=assignment.name).one_or_none()
            if row is None:
                return {}, 0.0
            submissions = session.query(SubmittedAssignment.student_id, SubmittedAssignment.late_submission_penalty)
            marks = {
                student: _Marks(penalty=float(penalty or 0.0))
                for student, penalty in submissions.filter(SubmittedAssignment.assignment_id == row.id)
            }
            grades = (
                session.query(
                    SubmittedAssignment.student_id, BaseCell.name, BaseCell.type, Grade.score, Grade.needs_manual_grade
                )
                .select_from(Grade)
                .join(BaseCell, Grade.cell_id == BaseCell.id)
                .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
                .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .filter(SubmittedAssignment.assignment_id == row.id)
            )
            for student, cell, kind, score, waits in grades:
                marks[student].points[cell] = float(score or 0.0)
                marks[student].open += bool(waits) and kind == GradeCell.__name__  # mark schemes are task cells
            return marks, float(row.max_score or 0.0)
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise CourseError(f"The gradebook {course.work / 'gradebook.db'} cannot be read: {reason}") from error
    finally:
        engine.dispose()


def _notebook(path: Path, exercises: dict[str, float], marks: _Marks) -> tuple[dict[str, Result], str]:
    try:
        cells = dict(reversed(list(_cells(json.loads(path.read_text(encoding="utf-8"))))))
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"the autograded notebook cannot be read ({type(error).__name__}): grade it again"
    results = {}
    for name, most in exercises.items():
        fields = _verdict(cells.get(f"check_{name}", {}))
        if fields is not None:
            points = marks.points.get(f"check_{name}")
            results[name] = _result(name, most, points, fields, _source(cells.get(name, {})))
    missing = [name for name in exercises if name not in results]
    return results, f"no verdict on {', '.join(missing)}: grade it again" if missing else ""


def _cells(notebook: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The cells that carry a grade id."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("not a notebook")
    for cell in cells:
        metadata = cell.get("metadata") if isinstance(cell, dict) else None
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(nbgrader, dict) and isinstance(nbgrader.get("grade_id"), str):
            yield nbgrader["grade_id"], cell


def _verdict(cell: dict[str, Any]) -> dict[str, Any] | None:
    """The judge's verdict, which stands first among the outputs: what comes later may be the student's own."""
    outputs = cell.get("outputs")
    first = outputs[0] if isinstance(outputs, list) and outputs else None
    data = first.get("data") if isinstance(first, dict) else None
    fields = data.get(VERDICT) if isinstance(data, dict) else None
    return fields if isinstance(fields, dict) else None


def _result(name: str, most: float, points: float | None, fields: dict[str, Any], code: str) -> Result:
    share = min(1.0, max(0.0, _number(fields.get("share"))))
    slips = [slip for slip in _items(fields.get("misconceptions")) if isinstance(slip, dict)]
    groups = [group for group in _items(fields.get("groups")) if isinstance(group, list) and len(group) == 3]
    return Result(
        name,
        points=share * most if points is None else points,
        max_points=most,
        share=share,
        groups=tuple((_text(group), int(_number(right)), int(_number(total))) for group, right, total in groups),
        misconceptions=tuple(
            Misconception(_text(slip.get("name")), _text(slip.get("says")), _text(slip.get("see"))) for slip in slips
        ),
        failure=_text(fields.get("failure")),
        message=_text(fields.get("message")),
        changed=tuple(map(_text, _items(fields.get("changed")))),
        leans_on=tuple(map(_text, _items(fields.get("leans_on")))),
        unanswered=_text(fields.get("unanswered")),
        code=code,
    )


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:_LONGEST]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
