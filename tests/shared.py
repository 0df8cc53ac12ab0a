"""What several tests share."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import autograder.topics
import gradus.exercises
from autograder.course import Course
from gradus.checking import find_exercise
from gradus.checking.exercises import Exercise
from gradus.demos.demo import Choice, Demo

ROOT = Path(__file__).resolve().parent.parent
KINDS = Course(ROOT / "tests" / "kinds")

# The tiny exercises are found as those of the course are: by looking through the packages.
gradus.exercises.__path__.append(str(KINDS.root / "exercises"))
autograder.topics.__path__.append(str(KINDS.root / "topics"))
COURSE = Course(ROOT)


def courses() -> tuple[Course, ...]:
    """The course, and the one that holds a tiny exercise of every kind."""
    return Course(ROOT), KINDS


def graded() -> list[tuple[Course, str]]:
    """Every exercise that a notebook checks, with the course that it belongs to."""
    return [
        (course, name)
        for course in courses()
        for assignment in course.assignments()
        for name in assignment.source.exercises
    ]


def graded_exercises() -> list[str]:
    """Every exercise that a notebook of the course checks."""
    return [name for course, name in graded() if course != KINDS]


def exercise_called(name: str) -> Exercise:
    """The exercise, which must exist."""
    exercise = find_exercise(name)
    assert exercise is not None, name
    return exercise


def reference(name: str) -> Any:
    """The reference's answer to an exercise."""
    return COURSE.answer(exercise_called(name))


def variants(name: str) -> ModuleType:
    """Differently written answers to the exercises of the topic that ``name`` belongs to."""
    return importlib.import_module(f"variants.{exercise_called(name).topic}")


def corners(demo: Demo) -> Iterator[dict[str, str]]:
    """Every control at both of its ends, or at each of its options, while the others stay as they start."""
    for control in demo.controls:
        ends = control.options if isinstance(control, Choice) else map(control.write, (control.low, control.high))
        yield from (demo.start() | {control.name: end} for end in ends)
