"""What each notebook asks for, in the order in which it does, as a build wrote it down."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Answers = tuple[float | str, ...]
_LARGEST = sys.float_info.max  # above it, and in nothing else, lies infinity


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Attributes
    ----------
    name : str
    points : float
    number : int
        Its place among the notebook's exercises, from 1.
    hints : tuple of str
        Markdown, the gentlest first.
    anchor : str
        Of the heading above it, for a link inside the notebook.
    broken : str
        Fingerprint of the broken answer that it starts from, see `gradus.learning.sources`; "" where it has a stub.
    further : bool
        Whether it goes further than the core.
    """

    name: str
    points: float
    number: int
    hints: tuple[str, ...] = ()
    anchor: str = ""
    broken: str = ""
    further: bool = False


@dataclass(frozen=True)
class Field:
    """One thing that a prediction asks for: a number, or one of several options.

    Attributes
    ----------
    kind : str
        ``"number"`` or ``"choice"``.
    label : str
    unit : str
        Of a number.
    options : tuple of str
        Of a choice.
    """

    kind: str
    label: str
    unit: str = ""
    options: tuple[str, ...] = ()

    def read(self, answer: object) -> float | str:
        """An answer as it is kept: a finite number, or one of the options.

        Raises
        ------
        ValueError
            If it is neither; the message says what would be.
        """
        if self.kind == "choice":
            if isinstance(answer, str) and answer in self.options:
                return answer
            raise ValueError(f"{self.label}: choose one of {', '.join(map(_quoted, self.options))}.")
        if isinstance(answer, int | float) and not isinstance(answer, bool) and abs(answer) <= _LARGEST:
            return float(answer)
        raise ValueError(f"{self.label}: write a number, such as 2.5 or 1e-3. A guess will do.")


@dataclass(frozen=True)
class Prediction:
    """What a notebook asks a learner to commit to before a cell is run; the id is the course's own."""

    id: str
    fields: tuple[Field, ...]

    @property
    def recalls(self) -> bool:
        """Whether it is a warm-up, which asks for what an earlier notebook taught."""
        return self.id.startswith("warm_up")

    def read(self, answers: object) -> Answers:
        """Answers as they are kept, one for each field.

        Raises
        ------
        ValueError
            If one does not fit what was asked; the message says what would.
        """
        if not isinstance(answers, list | tuple) or len(answers) != len(self.fields):
            raise ValueError(
                f"Answer with a list of {len(self.fields)}: {', '.join(one.label for one in self.fields)}."
            )
        return tuple(field.read(answer) for field, answer in zip(self.fields, answers, strict=True))


@dataclass(frozen=True)
class Outline:
    """One notebook.

    Attributes
    ----------
    name, title : str
    minutes : int
        What its core takes.
    points : float
        What exercises and written questions are worth together.
    builds_on : tuple of str
        Names of notebooks.
    exercises : tuple of Exercise
    predictions : tuple of Prediction
    further_minutes : int
        What goes further takes, beside the core.
    further_points : float
        The part of the points that is for what goes further.
    """

    name: str
    title: str
    minutes: int
    points: float
    builds_on: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    predictions: tuple[Prediction, ...]
    further_minutes: int = 0
    further_points: float = 0.0

    @property
    def number(self) -> str:
        """Number of the notebook: ``"02"``."""
        return self.name.partition("_")[0]

    @property
    def public_points(self) -> float:
        """What all exercises together are worth; a person marks the rest."""
        return sum(exercise.points for exercise in self.exercises)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Outline:
        """The outline that JSON described."""
        exercises = tuple(Exercise(**{**one, "hints": tuple(one["hints"])}) for one in fields["exercises"])
        predictions = tuple(
            Prediction(
                one["id"], tuple(Field(**{**field, "options": tuple(field["options"])}) for field in one["fields"])
            )
            for one in fields["predictions"]
        )
        return cls(
            **{
                **fields,
                "builds_on": tuple(fields["builds_on"]),
                "exercises": exercises,
                "predictions": predictions,
            }
        )


@cache
def outlines() -> dict[str, Outline]:
    """Every notebook of this copy of the course, by name, in order."""
    folder = resources.files("gradus").joinpath("outlines")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    found = (Outline.of(json.loads(file.read_text(encoding="utf-8"))) for file in files)
    return {outline.name: outline for outline in found}


def of_exercise(name: str) -> tuple[Outline, Exercise] | None:
    """The exercise of that name and the notebook that holds it."""
    return next(
        ((outline, one) for outline in outlines().values() for one in outline.exercises if one.name == name), None
    )


def of_prediction(id: str) -> tuple[Outline, Prediction] | None:
    """The prediction of that id and the notebook that holds it."""
    return next(
        ((outline, one) for outline in outlines().values() for one in outline.predictions if one.id == id), None
    )


def _quoted(text: str) -> str:
    return f"“{text}”"
