"""What the gradebook says, as plain values: points, late penalties, and which answers wait for a person.

The tables are read without nbgrader's ``Gradebook``, which writes to the database when it opens it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nbgrader.api import Assignment, BaseCell, Grade, GradeCell, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.course import Course, CourseError


@dataclass(frozen=True)
class Marks:
    """What is recorded about one submission.

    Attributes
    ----------
    points : dict of str to float
        By grade id; 0 where nobody has given any yet.
    waiting : tuple of str
        Grade ids of the answers that wait for a person.
    penalty : float
        Late penalty in points.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    penalty: float = 0.0


@dataclass(frozen=True)
class Gradebook:
    """What is recorded about one assignment: the marks by student, and the most points there are."""

    marks: Mapping[str, Marks] = field(default_factory=dict)
    maximum: float = 0.0


def read(course: Course, assignment: str) -> Gradebook:
    """The gradebook's page on an assignment; empty where there is none.

    Raises
    ------
    CourseError
        If the gradebook cannot be read.
    """
    path = course.work / "gradebook.db"
    if not path.is_file():
        return Gradebook()
    engine = create_engine(course.gradebook)
    try:
        with Session(engine) as session:
            return _page(session, assignment)
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise CourseError(
            f"The gradebook {path} cannot be read: {reason}. Put the file aside and grade again."
        ) from error
    finally:
        engine.dispose()


def _page(session: Session, assignment: str) -> Gradebook:
    row = session.query(Assignment).filter_by(name=assignment).one_or_none()
    if row is None:
        return Gradebook()
    submissions = session.query(SubmittedAssignment.student_id, SubmittedAssignment.late_submission_penalty)
    penalties = dict(map(tuple, submissions.filter(SubmittedAssignment.assignment_id == row.id)))
    points: dict[str, dict[str, float]] = {student: {} for student in penalties}
    waiting: dict[str, list[str]] = {student: [] for student in penalties}
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
        points[student][cell] = float(score or 0.0)
        if waits and kind == GradeCell.__name__:  # mark schemes are task cells
            waiting[student].append(cell)
    marks = {
        student: Marks(points[student], tuple(waiting[student]), float(penalty or 0.0))
        for student, penalty in penalties.items()
    }
    return Gradebook(marks, float(row.max_score or 0.0))
