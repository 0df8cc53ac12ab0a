"""One submission to grade, as a document, and the one function that turns it into a ledger.

Both are plain bytes that name no place: a job can be sent wherever the same edition of the course is installed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Self

from nbformat import NotebookNode, from_dict

from autograder.course import Assignment, Course, CourseError
from autograder.grading.carrying import carry_answers
from autograder.grading.execution import Limits, check_of, role, run_judged, running
from autograder.judging.edition import judging_edition, released, released_files
from autograder.judging.ledger import Ledger

SCHEMA = "gradus job 1"
_TYPES = ("code", "markdown", "raw")


@dataclass(frozen=True)
class Cell:
    """One cell of a submission: what it takes to find its place in the released notebook, and what it says."""

    id: str
    cell_type: str
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
    limits : Limits
    """

    assignment: str
    edition: str
    submission: str
    key: bytes
    cells: tuple[Cell, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

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
        return cls(assignment.name, edition, submission, key, cells, beside, limits or Limits())

    def notebook(self) -> NotebookNode:
        """The notebook that was handed in."""
        return _notebook(self.cells)

    def to_bytes(self) -> bytes:
        """The document."""
        whole = {
            "schema": SCHEMA,
            **vars(self),
            "key": self.key.hex(),
            "cells": [asdict(cell) for cell in self.cells],
            "files": {name: base64.b64encode(content).decode() for name, content in self.files.items()},
            "limits": asdict(self.limits),
        }
        return json.dumps(whole, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, document: bytes) -> Self:
        """The job that a document holds.

        Raises
        ------
        CourseError
            If it is none, or one of another version.
        """
        try:
            whole = json.loads(document)
            if not isinstance(whole, dict) or whole.pop("schema", None) != SCHEMA:
                raise ValueError(f"it does not say {SCHEMA!r}")
            cells = tuple(Cell(**cell) for cell in whole["cells"])
            texts = [whole[name] for name in ("assignment", "edition", "submission")]
            texts += [text for cell in cells for text in vars(cell).values()]
            limits = Limits(**whole["limits"])
            if not all(isinstance(text, str) for text in texts) or not all(cell.cell_type in _TYPES for cell in cells):
                raise ValueError("a field has the wrong type")
            if not all(_is_time(seconds) for seconds in vars(limits).values()):
                raise ValueError("a limit that is no time")
            files = {_inside(name): base64.b64decode(text, validate=True) for name, text in whole["files"].items()}
            key = bytes.fromhex(whole["key"])
            return cls(**{**whole, "cells": cells, "files": files, "key": key, "limits": limits})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CourseError(f"not a job: {error}") from None


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
    return Ledger(
        assignment.name, edition, asked.submission, run.verdicts, run.outputs, answers, run.remarks
    ).to_bytes()


def _cell(cell: NotebookNode) -> Cell:
    fields = cell.get("metadata", {}).get("nbgrader")
    grade_id = fields.get("grade_id") if isinstance(fields, Mapping) else None
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    kind = cell.cell_type if cell.cell_type in _TYPES else "raw"
    return Cell(_whole(str(cell.get("id", ""))), kind, _whole(str(grade_id or "")), _whole(text))


def _notebook(cells: tuple[Cell, ...]) -> NotebookNode:
    made = []
    for cell in cells:
        metadata = {"nbgrader": {"grade_id": cell.grade_id}} if cell.grade_id else {}
        made.append({"cell_type": cell.cell_type, "id": cell.id, "source": cell.source, "metadata": metadata})
    return from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _inside(name: str) -> str:
    """A relative path that stays where it starts."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError(f"a file of the name {name!r}")
    return name


def _is_time(seconds: Any) -> bool:
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return number and math.isfinite(seconds) and seconds > 0
