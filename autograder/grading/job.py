"""One submission to grade, as a document, and the one function that turns it into a ledger.

Both are plain bytes that name no place: a job can be sent wherever the same edition of the course is installed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Literal, Self, get_args

from nbformat import NotebookNode, from_dict

from autograder import documents
from autograder.course import Assignment, Course, CourseError
from autograder.grading.carrying import carry_answers
from autograder.grading.execution import Limits, check_of, role, run_judged, running
from autograder.judging.edition import judging_edition, released, released_files, released_outline
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger, Predictions
from autograder.source.notebook import Source
from gradus.learning.kept import answers_in
from gradus.learning.outline import Answers, Outline
from gradus.learning.sources import fingerprint_in

CellType = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class Cell:
    """One cell of a submission: what it takes to find its place in the released notebook, and what it says."""

    id: str
    cell_type: CellType
    grade_id: str
    source: str


@dataclass(frozen=True)
class Job:
    """One submission on its way to be graded.

    Attributes
    ----------
    assignment : str
    edition : str
        `judging_edition` of the course that asks.
    submission : str
        Digest of the code that will run and the files beside it.
    key : bytes
        The submission's own, which seeds its hidden cases.
    cells : tuple of Cell
        The notebook as it was handed in, without outputs.
    files : dict of str to bytes
        What was handed in beside it, by relative path.
    predictions : dict of str to tuple
        What the notebook that was handed in keeps as predictions, by id.
    limits : Limits
    schema : str
        Which fields these are; another set of them gets another name.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {
        "extra": "forbid",
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }

    assignment: str
    edition: str
    submission: str
    key: bytes
    cells: tuple[Cell, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    predictions: Predictions = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    schema: Literal["gradus job 2"] = "gradus job 2"

    @classmethod
    def of(
        cls,
        course: Course,
        assignment: Assignment,
        notebook: NotebookNode,
        files: Mapping[str, bytes] | None = None,
        limits: Limits | None = None,
    ) -> Self:
        """The job for a submission.

        Parameters
        ----------
        course, assignment
        notebook : NotebookNode
            As it was handed in.
        files : mapping of str to bytes, optional
            What was handed in beside it.
        limits : Limits, optional
        """
        cells = tuple(_cell(cell) for cell in notebook.cells)
        beside = dict(sorted((files or {}).items()))
        submission = digest(carry_answers(released(course, assignment), _notebook(cells)), beside)
        edition = judging_edition(course, assignment)
        key = course.key(submission)
        predictions = predicted(released_outline(course, assignment), notebook)
        return cls(assignment.name, edition, submission, key, cells, beside, predictions, limits or Limits())

    @property
    def name(self) -> str:
        """Digest of the whole document: jobs of one name get one ledger."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def notebook(self) -> NotebookNode:
        """The notebook that was handed in."""
        return _notebook(self.cells)

    def to_bytes(self) -> bytes:
        """The document."""
        return documents.to_bytes(self)

    @classmethod
    def from_bytes(cls, document: bytes) -> Self:
        """The job that a document holds.

        Raises
        ------
        CourseError
            If it is none, or one of another version.
        """
        try:
            job = documents.from_bytes(cls, document)
            for name in job.files:
                _inside(name)
            if not all(math.isfinite(seconds) and seconds > 0 for seconds in vars(job.limits).values()):
                raise ValueError("a limit that is no time")
        except ValueError as error:
            raise CourseError(f"not a job: {error}") from None
        return job


def predicted(outline: Outline, notebook: object) -> dict[str, Answers]:
    """What a notebook keeps as predictions, of those that the outline asks for: answers that fit, and nothing else."""
    found = ((asked.id, answers_in(notebook, asked)) for asked in outline.predictions)
    return {id: answers for id, answers in found if answers is not None}


def digest(notebook: NotebookNode, files: Mapping[str, bytes]) -> str:
    """Digest of what a submission makes run: the code that is executed and the files handed in beside it.

    Parameters
    ----------
    notebook : NotebookNode
        The released notebook with the submission's answers.
    files : mapping of str to bytes
    """
    code = [[role(cell), check_of(cell), cell.source] for cell in running(notebook)]
    beside = [[name, hashlib.sha256(content).hexdigest()] for name, content in sorted(files.items())]
    return hashlib.sha256(json.dumps([code, beside]).encode()).hexdigest()


def grade_in(root: Path, job: bytes) -> bytes:
    """`grade_one` by the course in the folder ``root``, for another process to be asked."""
    return grade_one(job, Course(root))


def grade_one(job: bytes, course: Course | None = None) -> bytes:
    """Execute and judge one submission.

    Depends on nothing but the job and the edition of the course that is installed here, and touches neither a gradebook
    nor another submission.

    Parameters
    ----------
    job : bytes
        Of `Job.to_bytes`.
    course : Course, optional
        The course around the current folder, or else the one this package was installed from, by default.

    Returns
    -------
    bytes
        Of `Ledger.to_bytes`.

    Raises
    ------
    CourseError
        If the course here is of another edition than the one the job asks for, or no kernel can be started.
    """
    asked = Job.from_bytes(job)
    here = course or Course.find()
    assignment = here.assignment(asked.assignment)
    edition = judging_edition(here, assignment)
    if edition != asked.edition:
        raise CourseError(
            f"The job is for edition {asked.edition[:12]} of {assignment.name}, but {here.root} holds edition "
            f"{edition[:12]}: bring both to the same state, build, and grade again."
        )
    notebook = carry_answers(released(here, assignment), asked.notebook())
    files = {**asked.files, **released_files(here, assignment)}
    run = run_judged(here, notebook, asked.key, files, asked.limits)
    answers = {
        fields["grade_id"]: cell.source
        for cell in notebook.cells
        if (fields := cell.metadata.get("nbgrader", {})).get("solution")
    }
    verdicts = {
        grade_id: as_given(verdict, assignment.source, answers.get(verdict.exercise, ""))
        for grade_id, verdict in run.verdicts.items()
    }
    return Ledger(
        assignment.name, edition, asked.submission, verdicts, run.outputs, answers, asked.predictions, run.remarks
    ).to_bytes()


def as_given(verdict: Verdict, source: Source, code: str) -> Verdict:
    """The verdict, which says so if the answer is still the broken one that a repair starts from."""
    name = verdict.exercise
    given = fingerprint_in(source.broken.get(name, ""), name)
    if verdict.share or not given or fingerprint_in(code, name) != given:
        return verdict
    return replace(verdict, report=replace(verdict.report, unrepaired=True, slips=()))


def _cell(cell: NotebookNode) -> Cell:
    fields = cell.get("metadata", {}).get("nbgrader")
    grade_id = fields.get("grade_id") if isinstance(fields, Mapping) else None
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    kind: Any = cell.cell_type if cell.cell_type in get_args(CellType) else "raw"
    return Cell(_whole(str(cell.get("id", ""))), kind, _whole(str(grade_id or "")), _whole(text))


def _notebook(cells: tuple[Cell, ...]) -> NotebookNode:
    made = []
    for cell in cells:
        metadata = {"nbgrader": {"grade_id": cell.grade_id}} if cell.grade_id else {}
        made.append({"cell_type": cell.cell_type, "id": cell.id, "source": cell.source, "metadata": metadata})
    return from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _inside(name: str) -> None:
    """Refuse a path that does not stay where it starts."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError(f"a file of the name {name!r}")
