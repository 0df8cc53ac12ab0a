"""What is secret about every exercise: its cases and its slips, registered by the modules in ``autograder.topics``."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from autograder.course import CourseError
from autograder.judging.slips import Slip, resolution_of, slips_of
from gradus.checking import Case, find_exercise
from gradus.checking.exercises import EXACT, GATE

__all__ = ["Case", "hidden", "hidden_cases", "public", "public_cases", "resolution", "slips", "titles"]

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


def public(name: str) -> list[Case]:
    """The public cases of an exercise, the same on every call."""
    return _drawn(_public, "public_cases", name, np.random.default_rng(list(name.encode())))


def hidden(name: str, rng: np.random.Generator) -> list[Case]:
    """The hidden cases of an exercise, drawn with ``rng``."""
    return _drawn(_hidden, "hidden_cases", name, rng)


def slips(name: str) -> tuple[Slip, ...]:
    """The slips of an exercise."""
    _load(_topic(name))
    return slips_of(name)


def resolution(name: str) -> Slip | None:
    """The smallest error that a random exercise promises to see, as an edit that makes it."""
    _load(_topic(name))
    return resolution_of(name)


def titles(topic: str) -> dict[str, str]:
    """Id of every group of cases of a topic -> its words, as ``GROUPS`` in the topic's ``cases.py`` has them."""
    _load(topic)
    return {
        GATE: GATE,
        EXACT: "to the last digits",
        **getattr(importlib.import_module(f"autograder.topics.{topic}.cases"), "GROUPS", {}),
    }


def _drawn(table: dict[str, Generator], kind: str, name: str, rng: np.random.Generator) -> list[Case]:
    topic = _topic(name)
    _load(topic)
    where = f"autograder/topics/{topic}/cases.py"
    if name not in table:
        raise CourseError(f'{where} has no cases for {name}: write a generator under @{kind}("{name}").')
    cases = list(table[name](rng))
    known = titles(topic)
    unknown = sorted({case.group for case in cases} - known.keys())
    if unknown:
        raise CourseError(f"{where}, {kind} of {name}: say what {', '.join(map(repr, unknown))} means in GROUPS.")
    if not any(case.group == GATE for case in cases):
        raise CourseError(f"{where}, {kind} of {name}: no case is of the group {GATE!r}, which gates all the others.")
    return cases


def _topic(name: str) -> str:
    exercise = find_exercise(name)
    if exercise is None:
        raise CourseError(f"There is no exercise {name!r}: register its drive in gradus/exercises/.")
    return exercise.topic


@cache
def _load(topic: str) -> None:
    for part in ("cases", "slips"):
        module = f"autograder.topics.{topic}.{part}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not module.startswith(error.name):
                raise
            raise CourseError(f"autograder/topics/{topic}/{part}.py is missing: write it, see the README.") from None
