"""The secret half of every exercise: its cases and its misconceptions, registered by ``autograder.topics``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

from gradus.checking import Case, Misconception, find_exercise

__all__ = ["Case", "Slip", "hidden_cases", "misconception", "public_cases"]

Generator = Callable[[np.random.Generator], Iterable[Case]]
Wrong = TypeVar("Wrong", bound=Callable[..., Any])


@dataclass(frozen=True)
class Slip:
    """A misconception as code: what it is called, and an answer that has it."""

    described: Misconception
    answer: Callable[..., Any]


_public: dict[str, Generator] = {}
_hidden: dict[str, Generator] = {}
_slips: dict[str, list[Slip]] = {}


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


def misconception(*, of: str, says: str, see: str) -> Callable[[Wrong], Wrong]:
    """Register a wrong answer to an exercise.

    Parameters
    ----------
    of : str
        The exercise.
    says : str
        What to tell a student who has it.
    see : str
        Number of the notebook, ``#`` and the heading of the part that explains it.
    """

    def register(answer: Wrong) -> Wrong:
        known = _slips.setdefault(of, [])
        known[:] = [slip for slip in known if slip.described.name != answer.__name__]
        known.append(Slip(Misconception(answer.__name__, says, see), answer))
        return answer

    return register


@cache
def _load(topic: str) -> None:
    for part in ("cases", "misconceptions"):
        importlib.import_module(f"autograder.topics.{topic}.{part}")


def _load_for(name: str) -> None:
    exercise = find_exercise(name)
    if exercise is None:
        raise KeyError(f"there is no exercise {name!r}")
    _load(exercise.topic)


def public(name: str) -> list[Case]:
    """The public cases of an exercise, the same on every call."""
    _load_for(name)
    return list(_public[name](np.random.default_rng(list(name.encode()))))


def hidden(name: str, rng: np.random.Generator) -> list[Case]:
    """The hidden cases of an exercise, drawn with ``rng``."""
    _load_for(name)
    return list(_hidden[name](rng))


def misconceptions(name: str) -> list[Slip]:
    """The misconceptions of an exercise."""
    _load_for(name)
    return list(_slips.get(name, []))
