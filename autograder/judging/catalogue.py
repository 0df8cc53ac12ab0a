"""What is secret about every exercise: its cases and its slips, registered by the modules in ``autograder.topics``."""

from __future__ import annotations

import importlib
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

import autograder.topics
import gradus.exercises
from autograder.course import CourseError
from autograder.judging.slips import Slip, refuse_unknown, resolution_of, slips_of
from gradus.checking import Case, Exercise
from gradus.checking.exercises import EXACT, GATE, all_exercises

__all__ = [
    "Case",
    "exercise_called",
    "exercises_of",
    "has_cases",
    "hidden",
    "hidden_cases",
    "public",
    "public_cases",
    "resolution",
    "slips",
    "titles",
]

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
    refuse_unknown(exercise)

    def register(generator: Generator) -> Generator:
        table[exercise] = generator
        return generator

    return register


def exercise_called(name: str) -> Exercise | None:
    """The exercise called ``name``, or None.

    Raises
    ------
    CourseError
        If a module with drives does not run.
    """
    with _authored("gradus/exercises"):
        return all_exercises().get(name)


def exercises_of(topic: str) -> list[Exercise]:
    """The exercises that a topic has drives for."""
    return [exercise for exercise in all_exercises().values() if exercise.topic == topic]


def has_cases(name: str) -> bool:
    """Whether somebody has written cases of an exercise, or of the one that it repairs."""
    exercise = _exercise(name)
    _load(exercise.topic)
    return exercise.judged_as in _public or exercise.judged_as in _hidden


def public(name: str) -> list[Case]:
    """The public cases of an exercise, the same on every call."""
    judged = _exercise(name).judged_as
    return _drawn(_public, "public_cases", judged, np.random.default_rng(list(judged.encode())))


def hidden(name: str, rng: np.random.Generator) -> list[Case]:
    """The hidden cases of an exercise, drawn with ``rng``."""
    return _drawn(_hidden, "hidden_cases", _exercise(name).judged_as, rng)


def slips(name: str) -> tuple[Slip, ...]:
    """The slips of an exercise, or of the one that it repairs."""
    exercise = _exercise(name)
    _load(exercise.topic)
    return slips_of(exercise.judged_as)


def resolution(name: str) -> Slip | None:
    """The smallest error that a random exercise promises to see, as an edit that makes it."""
    _load(_exercise(name).topic)
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
    topic = _exercise(name).topic
    _load(topic)
    where = f"autograder/topics/{topic}/cases.py"
    if name not in table:
        raise CourseError(f'{where} has no {kind} for {name}: write a generator under @{kind}("{name}").')
    with _authored(f"{where}, {kind} of {name}"):
        cases = list(table[name](rng))
    if not all(isinstance(case, Case) for case in cases):
        raise CourseError(f'{where}, {kind} of {name}: yield nothing but Case("ordinary", "in words", {{...}}).')
    known = titles(topic)
    unknown = sorted({case.group for case in cases} - known.keys())
    if unknown:
        raise CourseError(f"{where}, {kind} of {name}: say what {', '.join(map(repr, unknown))} means in GROUPS.")
    if not any(case.group == GATE for case in cases):
        raise CourseError(
            f"{where}, {kind} of {name}: no case is of the group {GATE!r}, which gates all the others. Add one."
        )
    return cases


def _exercise(name: str) -> Exercise:
    exercise = exercise_called(name)
    if exercise is None:
        raise CourseError(f"There is no exercise {name!r}: register its drive in gradus/exercises/.")
    return exercise


def _load(topic: str) -> None:
    if failure := _failure(topic):
        raise CourseError(failure)


@cache
def _failure(topic: str) -> str:
    """What keeps a topic from being loaded, if anything does.

    It is tried once: in a second try, what was registered before the error would seem to be there twice.
    """
    try:
        _import(topic)
    except CourseError as error:
        return str(error)
    return ""


def _import(topic: str) -> None:
    folder = f"autograder/topics/{topic}"
    for part in ("__init__", "cases", "slips"):
        module = f"autograder.topics.{topic}" + (f".{part}" if part != "__init__" else "")
        try:
            with _authored(folder):
                loaded = importlib.import_module(module)
        except ModuleNotFoundError:
            raise CourseError(
                f"{folder}/{part}.py is missing. Bring it back, or begin it as `autograder new` would."
            ) from None
        if loaded.__file__ is None:
            raise CourseError(
                f"{folder}/{part}.py is missing: without it the topic is no package and would not be installed. "
                "Write one line into it that says what the topic is about."
            )


@contextmanager
def _authored(place: str) -> Iterator[None]:
    """Turn an error in a file that an author writes into a sentence that names file and line."""
    try:
        yield
    except Exception as error:
        file, line = _origin(error)
        if not file and isinstance(error, ModuleNotFoundError):
            raise  # it is the file itself that is not there
        where = f"{file}, line {line}" if file else place
        if isinstance(error, CourseError):
            raise CourseError(f"{where}: {error}") from None
        if missing := re.search(r"(\w+)\(\) missing .*arguments?: (.*)", str(error)):
            raise CourseError(f"{where}: {missing[1]}(...) lacks {missing[2]}. Add it there.") from error
        says = error.msg if isinstance(error, SyntaxError) else str(error)
        raise CourseError(f"{where}: {type(error).__name__}: {says}. Correct it there.") from error


def _origin(error: Exception) -> tuple[str, int]:
    """The author's file in which an error came up, and the line; "" if it was in none."""
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 0))
    packages = {"gradus/exercises": gradus.exercises.__path__, "autograder/topics": autograder.topics.__path__}
    for file, line in reversed(frames):
        for name, places in packages.items():
            for place in places:
                if Path(file).is_relative_to(place):
                    return f"{name}/{Path(file).relative_to(place).as_posix()}", line
    return "", 0
