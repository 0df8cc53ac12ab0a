"""The ledger: everything that grading found out about one submission, as one JSON document.

The gradebook writer, the notebook painter, the feedback page, the class report and the table read it and nothing else.
Everything in it is keyed by grade id.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import FiniteFloat

from autograder import documents
from autograder.course import Assignment, Course, CourseError
from autograder.judging.judge import Verdict

Predictions = Mapping[str, tuple[FiniteFloat | str, ...]]


@dataclass(frozen=True)
class Ledger:
    """What is known about one submission.

    Attributes
    ----------
    assignment : str
    edition : str
        Digest of the course edition that it was judged by.
    submission : str
        Digest of the submission: its code and the files handed in beside it.
    verdicts : dict of str to Verdict
        By grade id of the check cell.
    outputs : dict of str to list
        Harmless outputs of the cells that were run, by cell id; a check cell has its verdict instead.
    answers : dict of str to str
        What the student wrote, by grade id of the answer cell, code and text alike. Text is as it was handed in:
        whoever shows it makes it harmless.
    predictions : dict of str to tuple
        What the student predicted, by id: numbers and options, as the notebook that was handed in keeps them. They
        enter no score.
    remarks : tuple of str
        What else happened: a kernel that died, time that ran out.
    layers : tuple of str
        Layers of isolation that were active while it ran.
    schema : str
        Which fields these are; another set of them gets another name.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    assignment: str
    edition: str
    submission: str
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    outputs: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    predictions: Predictions = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    schema: Literal["gradus ledger 2"] = "gradus ledger 2"

    def to_bytes(self) -> bytes:
        """The document."""
        return documents.to_bytes(self)

    @classmethod
    def from_bytes(cls, document: bytes) -> Self:
        """The ledger that a document holds.

        Raises
        ------
        CourseError
            If it is none, or one of another version.
        """
        try:
            ledger = documents.from_bytes(cls, document)
            for one in ledger.verdicts.values():
                if not 0 <= one.share <= 1:
                    raise ValueError(f"a share of {one.share}")
        except ValueError as error:
            raise CourseError(f"not a ledger: {error}. Grade the submission again.") from None
        return ledger


def folder_of(course: Course, assignment: Assignment) -> Path:
    """Where the ledgers of an assignment lie."""
    return course.work / "ledgers" / assignment.name


def path_of(course: Course, assignment: Assignment, student: str) -> Path:
    """Where the ledger of a student's submission lies."""
    return folder_of(course, assignment) / f"{student}.json"


def write(path: Path, document: bytes) -> None:
    """Put a document in place in one step: whoever reads finds the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def read(path: Path) -> Ledger:
    """The ledger in a file.

    Raises
    ------
    CourseError
        If there is none that can be read; the message names the file.
    """
    try:
        return Ledger.from_bytes(path.read_bytes())
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    except CourseError as error:
        raise CourseError(f"{path}: {error}") from None
