"""What grading asks of nbgrader: to know an assignment, to record ledgers, to write pages."""

from __future__ import annotations

import io
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
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
        why = _last_line(outcome.get("log") or outcome.get("error") or "")
        raise CourseError(
            f"The gradebook cannot take {assignment.name}: {why}\n"
            "If cells were added or removed after submissions had been graded, put the old gradebook aside and grade "
            f"again; nothing in it is lost:\n  mv {course.work}/gradebook.db {course.work}/gradebook-before.db"
        )


def record(course: Course, assignment: Assignment, student: str, ledgers: Path) -> None:
    """Autograde a student's submission, with the ledger that lies ready in a folder.

    Raises
    ------
    CourseError
        If nbgrader cannot; the message says why.
    """
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own models, at every submission
    config = release.configuration(course)
    config.JudgedExecute.ledgers = str(ledgers)
    _run(Autograde, config, assignment.name, student)


def write_feedback(root: Path, assignment: str, student: str) -> None:
    """Write a student's feedback page in the course at ``root``.

    Raises
    ------
    CourseError
        If nbgrader cannot; the message says why.
    """
    _run(GenerateFeedback, release.configuration(Course(root)), assignment, student)


def _run(converter: type[BaseConverter], config: Config, assignment: str, student: str) -> None:
    """Let nbgrader convert one submission. Its own way to be called from a program swallows interrupts."""
    directory = CourseDirectory(config=config)
    directory.assignment_id, directory.student_id = assignment, student
    app = converter(coursedir=directory, parent=NbGraderAPI(directory, config=config))
    app.force = True
    with _listening(app.log) as log:
        try:
            app.start()
        except (NbGraderException, SystemExit) as error:
            raise CourseError(_last_line(log.getvalue() or str(error))) from None


@contextmanager
def _listening(log: logging.Logger) -> Iterator[io.StringIO]:
    """What nbgrader reports as an error, kept apart from everything else that is printed."""
    heard, before = io.StringIO(), (log.level, log.handlers[:], log.propagate)
    log.setLevel(logging.ERROR)
    log.handlers[:], log.propagate = [logging.StreamHandler(heard)], False
    try:
        yield heard
    finally:
        log.setLevel(before[0])
        log.handlers[:], log.propagate = before[1:]


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


def _last_line(log: str) -> str:
    """The line of nbgrader's log that says what went wrong."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit|Interrupt|Entry|Timeout)\b", line)]
    return (raised or lines or ["nbgrader gave no reason"])[-1][:500].removeprefix(
        f"{CourseError.__module__}.CourseError: "
    )
