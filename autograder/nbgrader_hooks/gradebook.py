"""What grading asks of nbgrader: to know an assignment, to record ledgers, to write pages."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.course import Assignment, Course, CourseError
from autograder.grading.execution import Limits
from autograder.nbgrader_hooks import release
from autograder.nbgrader_hooks.execution import JudgedExecute
from autograder.source import build


def limits(course: Course) -> Limits:
    """How long submissions may run, by the course's configuration."""
    return JudgedExecute(config=release.configuration(course)).limits


def register(course: Course, assignment: Assignment) -> None:
    """Make sure that the gradebook knows the assignment as it was released.

    Raises
    ------
    CourseError
        If cells were added or removed although submissions have been graded already.
    """
    source = course.source / assignment.name / f"{assignment.name}.ipynb"
    released = course.notebooks / assignment.name / f"{assignment.name}.ipynb"
    if not source.is_file() or not released.is_file():
        build.build(course, [assignment])
    if _registered(course, assignment, nbformat.read(source, 4)):
        return
    config = release.configuration(course)
    with tempfile.TemporaryDirectory(prefix="gradus-release-") as folder:
        config.CourseDirectory.release_directory = folder
        outcome = release.generate(config, assignment.name)
    if not outcome["success"]:
        raise CourseError(
            f"The gradebook cannot take {assignment.name}: {_last_line(outcome)}\n"
            "If cells were added or removed after submissions had been graded, put the old gradebook aside and grade "
            f"again; nothing in it is lost:\n  mv {course.work}/gradebook.db {course.work}/gradebook-before.db"
        )


def record(course: Course, assignment: Assignment, students: Iterable[str], ledgers: Path) -> Iterator[tuple[str, str]]:
    """Autograde some students, with the ledgers that lie ready in a folder.

    Yields
    ------
    student, problem : str
        ``problem`` says why it was not possible, "" if it was.
    """
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own models, at every submission
    config = release.configuration(course)
    config.JudgedExecute.ledgers = str(ledgers)
    api = _api(config)
    for student in students:
        outcome = api.autograde(assignment.name, student, force=True, create=True)
        yield student, "" if outcome["success"] else _last_line(outcome)


def write_feedback(root: Path, assignment: str, student: str) -> str:
    """Write a student's feedback page in the course at ``root``; what went wrong comes back, "" if nothing did."""
    outcome = _api(release.configuration(Course(root))).generate_feedback(assignment, student, force=True)
    return "" if outcome["success"] else _last_line(outcome)


def _api(config: Config) -> NbGraderAPI:
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def _registered(course: Course, assignment: Assignment, source: NotebookNode) -> bool:
    with Gradebook(course.gradebook, "gradus") as gradebook:
        try:
            known = gradebook.find_notebook(assignment.name, assignment.name)
        except MissingEntry:
            return False
        recorded = {cell.name: float(cell.max_score) for cell in [*known.grade_cells, *known.task_cells]}
        recorded |= {cell.name: -1.0 for cell in known.solution_cells if cell.name not in recorded}
    wanted = {}
    for cell in source.cells:
        if fields := cell.metadata.get("nbgrader"):
            wanted[fields["grade_id"]] = float(fields["points"]) if fields["grade"] or fields["task"] else -1.0
    return recorded == wanted


def _last_line(outcome: dict[str, Any]) -> str:
    """The line of nbgrader's log that says what went wrong."""
    lines = [line.strip() for line in (outcome.get("log") or outcome.get("error") or "").splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit|Interrupt|Entry|Timeout)\b", line)]
    return (raised or lines or ["nbgrader gave no reason"])[-1][:500]
