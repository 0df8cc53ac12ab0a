"""Releasing: nbgrader makes the student edition of an assignment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor, SaveCells
from traitlets.config import Config, PyFileConfigLoader

from autograder.course import Course, CourseError
from autograder.source.edition import stamp


class StampEdition(NbGraderPreprocessor):
    """The last step of a release: the notebook says which edition of which assignment it is."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        stamp(nb, resources["nbgrader"]["assignment"])
        return nb, resources


class PutBroken(NbGraderPreprocessor):
    """After the solutions are cleared: an exercise that repairs something starts from the broken answer, not a stub."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        if "broken" in cell.metadata.get("gradus", {}):
            cell.source = cell.metadata.gradus.pop("broken")
        return cell, resources


_DEFAULT = GenerateAssignment.preprocessors.default()
_CLEARED = _DEFAULT.index(ClearSolutions) + 1
STEPS = [*_DEFAULT[:_CLEARED], PutBroken, *_DEFAULT[_CLEARED:], StampEdition]


def configuration(course: Course) -> Config:
    """nbgrader's configuration of the course."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()


def release(course: Course, folder: Path, assignment: str) -> None:
    """Make ``folder/notebooks/<assignment>`` from ``folder/source/<assignment>``, without a database.

    Raises
    ------
    CourseError
        If nbgrader cannot; the message holds its log.
    """
    config = configuration(course)
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.source_directory = "source"
    config.CourseDirectory.release_directory = "notebooks"
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'unused.db'}"
    config.GenerateAssignment.no_database = True
    config.GenerateAssignment.preprocessors = [step for step in STEPS if step is not SaveCells]
    outcome = generate(config, assignment)
    if not outcome["success"]:
        raise CourseError(f"nbgrader could not make the student edition of {assignment}:\n{outcome['log']}")
    released = folder / "notebooks" / assignment / f"{assignment}.ipynb"
    nbformat.write(nbformat.read(released, 4), released)


def generate(config: Config, assignment: str) -> dict[str, Any]:
    """Run ``nbgrader generate_assignment`` with a configuration; ``success``, ``log`` and ``error`` come back."""
    directory = CourseDirectory(config=config)
    return NbGraderAPI(directory, config=config).generate_assignment(assignment, force=True, create=True)
