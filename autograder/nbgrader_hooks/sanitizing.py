"""Sanitizing a submission: nbgrader goes on with the released notebook, in which the student's answers are."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.grading.carrying import carry_answers


class CarryAnswers(NbGraderPreprocessor):
    """Replace the submitted notebook by the released one, with the student's answers and own cells in it."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        names = resources["nbgrader"]
        folder = CourseDirectory(parent=self)
        path = Path(folder.root) / folder.format_path(folder.release_directory, ".", names["assignment"])
        released = path / f"{names['notebook']}.ipynb"
        if not released.is_file():
            raise FileNotFoundError(f"{released} is missing: build the student edition first (make build)")
        return carry_answers(nbformat.read(released, 4), nb), resources
