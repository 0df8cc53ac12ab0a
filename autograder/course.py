"""Where everything lies: the course folder, its assignments, and the secret that seeds the hidden cases."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.source.notebook import Source
from gradus.checking import Exercise

__all__ = ["Assignment", "Course", "CourseError"]


@dataclass(frozen=True)
class Assignment:
    """One assignment: ``02_softmax_cross_entropy`` is its name, ``softmax_cross_entropy`` its topic."""

    name: str
    solution: Path

    @property
    def number(self) -> str:
        """The name's number: ``"02"``."""
        return self.name.partition("_")[0]

    @property
    def topic(self) -> str:
        """The name without its number."""
        return self.name.partition("_")[2]

    @cached_property
    def source(self) -> Source:
        """What its text notebook says, read when first asked for."""
        return Source.read(self.solution)


@dataclass(frozen=True)
class Course:
    """The folders of one course, and its notebooks as they are when first read: a snapshot.

    Whoever changes a file in ``solutions/`` makes a new ``Course``.

    Parameters
    ----------
    root : Path
        The folder that holds ``solutions/`` and ``nbgrader_config.py``.
    """

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that ``start`` (the current folder) lies in, or else the one this package was installed from.

        Raises
        ------
        CourseError
            If there is none.
        """
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
            if (folder / "solutions").is_dir() and (folder / "nbgrader_config.py").is_file():
                return cls(folder)
        raise CourseError(f"{here} is not inside a Gradus course: no folder above it holds solutions/. Go there first.")

    @property
    def solutions(self) -> Path:
        """The text notebooks, the one source of everything."""
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        """The student edition, nbgrader's release directory."""
        return self.root / "notebooks"

    @property
    def public_cases(self) -> Path:
        """The frozen public cases."""
        return self.root / "gradus" / "public_cases"

    @property
    def outlines(self) -> Path:
        """What each notebook asks for, as students' copies know it."""
        return self.root / "gradus" / "outlines"

    @property
    def work(self) -> Path:
        """nbgrader's working folders and gradebook; never committed."""
        return self.root / "course"

    @property
    def source(self) -> Path:
        """nbgrader's source directory, generated from ``solutions``."""
        return self.work / "source"

    @property
    def gradebook(self) -> str:
        """URL of the gradebook."""
        return f"sqlite:///{self.work / 'gradebook.db'}"

    def assignments(self) -> list[Assignment]:
        """All assignments in the order of their numbers."""
        return list(self._assignments)

    @cached_property
    def _assignments(self) -> tuple[Assignment, ...]:
        found = tuple(Assignment(path.stem, path) for path in sorted(self.solutions.glob("[0-9][0-9]_*.py")))
        seen: dict[str, Assignment] = {}
        for assignment in found:
            for part in (assignment.number, assignment.topic):
                if (first := seen.setdefault(part, assignment)) is not assignment:
                    names = f"{first.solution.name} and {assignment.solution.name}"
                    raise CourseError(f"{names} in solutions/ share {part!r}. Rename one of them.")
        return found

    def assignment(self, name: str) -> Assignment:
        """The assignment called ``name``; its number or its topic will do.

        Raises
        ------
        CourseError
            If there is no such assignment.
        """
        every = self.assignments()
        for assignment in every:
            if name in (assignment.name, assignment.topic, assignment.number):
                return assignment
        raise CourseError(
            f"There is no assignment {name!r}. The assignments are: {', '.join(a.name for a in every) or 'none'}."
        )

    def of_topic(self, topic: str) -> Assignment:
        """The assignment that teaches ``topic``."""
        return self.assignment(topic)

    def answer(self, exercise: Exercise) -> Any:
        """The answer that this course's own reference gives to an exercise: a function or a class.

        Raises
        ------
        CourseError
            If no notebook of the course holds one.
        """
        return self.of_topic(exercise.topic).source.answer(exercise.name)

    def key(self, submission: str) -> bytes:
        """The key of a submission, from the course's secret and the submission's digest."""
        return hmac.new(self.secret, submission.encode(), "sha256").digest()

    @cached_property
    def secret(self) -> bytes:
        """The course secret, made on first use and kept in the working folder."""
        path = self.work / "secret"
        if not path.exists():
            self.work.mkdir(exist_ok=True)
            draft = path.with_name(f"secret.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # another process made it first: its secret is the course's
            finally:
                draft.unlink()
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
