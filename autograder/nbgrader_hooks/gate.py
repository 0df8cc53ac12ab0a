"""nbgrader itself lets nothing of a submission in that has not passed the gate.

``nbgrader autograde`` and formgrader copy what lies in a submitted folder, and follow links as they do. They offer no
hook that runs before that and can refuse a submission, so the methods that come first are replaced.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc

from autograder.course import Course, CourseError
from autograder.grading import collect, gate


def install() -> None:
    """Put the gate in front of nbgrader's autograding, in this process."""
    Autograde.convert_notebooks = _convert_notebooks
    Autograde.init_destination = _init_destination
    CourseDirectory.get_existing_timestamp = _existing_timestamp
    NbGraderAPI.get_submitted_timestamp = _submitted_timestamp


def _convert_notebooks(self: Autograde) -> None:
    """All submissions; one that nbgrader would stumble over, or pass over, is named and stops nobody."""
    course, name = Course(Path(self.coursedir.root)), self.coursedir.assignment_id
    assignment = next((one for one in course.assignments() if one.name == name), None)
    refused = []
    if assignment is not None:
        places = {Path(place).parent.name: place for place in self.assignments}
        everybody = self.coursedir.student_id == "*"
        passed_over = set(gate.present(collect.own_folder(course), name)) - set(places) if everybody else set()
        for student in sorted({*places, *passed_over}):
            try:
                gate.check_student(student)
                if student in passed_over:
                    collect.take(course, assignment, student, collect.own_folder(course), [])
                    self.assignments[self._format_source(name, student)] = []
            except Exception as error:  # whatever it is, it is this submission's
                refused.append(student)
                self.log.error("%s was not graded: %s", gate.plain(student), gate.reason(error))
                self.assignments.pop(places.get(student, ""), None)
    BaseConverter.convert_notebooks(self)
    if refused:
        raise NbGraderException(f"{len(refused)} submissions were not graded, see above")


def _init_destination(self: Autograde, assignment_id: str, student_id: str) -> bool:
    """The first step for every submission; what it raises stops this submission only."""
    course = Course(Path(self.coursedir.root))
    remarks: list[str] = []
    assignment = next((one for one in course.assignments() if one.name == assignment_id), None)
    if assignment is None:  # nbgrader's own business: an assignment that no text notebook of this course makes
        return bool(BaseConverter.init_destination(self, assignment_id, student_id))
    collect.take(course, assignment, student_id, collect.own_folder(course), remarks)
    for remark in remarks:
        self.log.warning("%s: %s", student_id, remark)
    self.notebooks = [str(Path(self._format_source(assignment_id, student_id), f"{assignment_id}.ipynb"))]
    return bool(BaseConverter.init_destination(self, assignment_id, student_id))


def _existing_timestamp(self: CourseDirectory, dest_path: str) -> datetime | None:
    """The time noted beside a notebook, None where none is."""
    place = Path(dest_path)
    try:
        return parse_utc(collect.timestamp(place.parent.parent, place.parent.name, place.name))
    except (CourseError, ValueError, OverflowError):
        return None


def _submitted_timestamp(self: NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    """The time noted beside a submission, None where none is."""
    place = self.coursedir.format_path(self.coursedir.submitted_directory, student_id, assignment_id)
    return self.coursedir.get_existing_timestamp(place)
