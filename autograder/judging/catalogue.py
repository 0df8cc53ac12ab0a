"""The secret half of every exercise: its cases and its slips, registered by ``autograder.topics``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from autograder.course import Course
from autograder.judging.slips import Slip, slips_of
from autograder.source import notebook as authoring
from autograder.source import reference
from gradus.checking import Case, Exercise, Misconception, find_exercise, run
from gradus.checking.estimators import estimate_from

__all__ = ["Case", "Slip", "hidden_cases", "public_cases"]

Generator = Callable[[np.random.Generator], Iterable[Case]]

_public: dict[str, Generator] = {}
_hidden: dict[str, Generator] = {}


def public_cases(exercise: str) -> Callable[[Generator], Generator]:
    """Register a generator ``(rng) -> cases`` of the public cases of an exercise."""
    return _register(_public, exercise)


def hidden_cases(exercise: str) -> Callable[[Generator], Generator]:
    """Register a generator ``(rng) -> cases`` of the hidden cases of an exercise."""
    return _register(_hidden, exercise)


def _register(table: dict[str, Generator], exercise: str) -> Callable[[Generator], Generator]:
    def register(generator: Generator) -> Generator:
        table[exercise] = generator
        return generator

    return register


@cache
def _load(topic: str) -> None:
    for part in ("cases", "slips"):
        importlib.import_module(f"autograder.topics.{topic}.{part}")


def _load_for(name: str) -> Exercise:
    exercise = find_exercise(name)
    if exercise is None:
        raise KeyError(f"there is no exercise {name!r}")
    _load(exercise.topic)
    return exercise


def public(name: str) -> list[Case]:
    """The public cases of an exercise, the same on every call."""
    _load_for(name)
    return list(_public[name](np.random.default_rng(list(name.encode()))))


def hidden(name: str, rng: np.random.Generator) -> list[Case]:
    """The hidden cases of an exercise, drawn with ``rng``."""
    _load_for(name)
    return list(_hidden[name](rng))


def slips(name: str) -> list[Slip]:
    """The slips of an exercise."""
    _load_for(name)
    return list(slips_of(name))


def solution(name: str) -> tuple[str, dict[str, Any]]:
    """The solution cell of an exercise, with its marks, and all that the reference's cells define."""
    topic = _load_for(name).topic
    return _solutions(topic)[name], vars(reference.load(topic))


@cache
def _solutions(topic: str) -> dict[str, str]:
    cells = authoring.read(Course.find().of_topic(topic).solution).cells
    marks = [(authoring.mark(cell), cell.source) for cell in cells]
    return {name: source for (kind, name), source in marks if kind == "solution"}


@dataclass(frozen=True)
class Known:
    """One member of a slip's family, as the fingerprints need it: words, an answer that has it, the code of that."""

    slip: Slip
    described: Misconception
    answer: Callable[..., Any]
    code: str


@cache
def known(name: str) -> tuple[Known, ...]:
    """Every slip of an exercise with every value of its parameter."""
    return tuple(_known(slip, value) for slip in slips(name) for value in slip.values or (None,))


def _known(slip: Slip, value: Any) -> Known:
    source, namespace = solution(slip.exercise)
    answer = slip.answer(source, namespace, value)
    found = _found(slip, answer, namespace[slip.exercise]) if slip.estimate else None
    see = f"02#{_HEADINGS[slip.see]}"
    return Known(slip, Misconception(slip.id, slip.words(found)[1], see), answer, slip.cell(source, value))


def _found(slip: Slip, answer: Any, right: Any) -> dict[str, float] | None:
    exercise, cases = _load_for(slip.exercise), public(slip.exercise)
    expected, got = ([run(exercise, one, case) for case in cases] for one in (right, answer))
    return estimate_from(slip.estimate or {}, cases, expected, got)


# Until headings carry ids of their own.
_HEADINGS = {
    "scores": "Scores and probabilities",
    "stable": "Stable softmax",
    "log": "Log-softmax",
    "cross-entropy": "Cross-entropy",
    "gradient": "The gradient",
    "two-classes": "Two classes",
    "several": "Several losses at once",
    "pytorch": "In PyTorch",
}
