"""What several tests share."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import autograder.topics
import gradus.exercises
from autograder.course import Course
from gradus.checking import Case, Exercise, find_exercise
from gradus.checking.comparing import Finding, behaviour, examine
from gradus.checking.naming import Judged
from gradus.checking.running import Outcome
from gradus.demos.demo import Choice, Demo, Slider

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
    """Every exercise that a notebook checks and that has cases of its own, with the course that it belongs to."""
    return [(course, name) for course, name in checked() if not exercise_called(name).repairs]


def repairs() -> list[tuple[Course, str]]:
    """Every exercise that repairs a broken answer to another one, with the course that it belongs to."""
    return [(course, name) for course, name in checked() if exercise_called(name).repairs]


def checked() -> list[tuple[Course, str]]:
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


def solution(name: str) -> tuple[str, dict[str, Any]]:
    """The solution cell of an exercise, and what the reference has defined."""
    source = COURSE.assignment(exercise_called(name).topic).source
    return source.solutions[name], vars(source.reference)


def judge(exercise: Exercise, cases: Sequence[Case], right: Sequence[Outcome], got: Sequence[Outcome]) -> Judged:
    """What is found about outcomes beside right ones."""
    expected, came = (
        [behaviour(exercise, *pair) for pair in zip(cases, outcomes, strict=True)] for outcomes in (right, got)
    )
    findings = [examine(exercise, *each) for each in zip(cases, expected, came, got, strict=True)]
    return Judged(exercise, cases, expected, came, findings)


def finding(exercise: Exercise, case: Case, right: Outcome, got: Outcome) -> Finding:
    """What is found about one outcome beside the right one."""
    return judge(exercise, [case], [right], [got]).findings[0]


def variants(name: str) -> ModuleType:
    """Differently written answers to the exercises of the topic that ``name`` belongs to."""
    topic = exercise_called(name).topic
    try:
        found = importlib.import_module(f"variants.{topic}")
    except ModuleNotFoundError:
        found = None
    if found is None or name not in found.VARIANTS:
        raise AssertionError(f"write tests/variants/{topic}.py, with VARIANTS[{name!r}]: other right answers")
    return found


def corners(demo: Demo) -> Iterator[dict[str, str]]:
    """Every control at both of its ends, or at each of its options, while the others stay as they start."""
    for control in demo.controls:
        yield from (demo.start() | {control.name: end} for end in _ends(control))


def mixed_corners(demo: Demo) -> Iterator[dict[str, str]]:
    """Every control at both of its ends, or at each of its options, all of them at once: some low and some high."""
    ends = {control.name: _ends(control) for control in demo.controls}
    for turn in range(max(map(len, ends.values()))):
        yield {name: own[(turn + place) % len(own)] for place, (name, own) in enumerate(ends.items())}


def _ends(control: Slider | Choice) -> tuple[str, ...]:
    return control.options if isinstance(control, Choice) else (control.write(control.low), control.write(control.high))


def unfolded(html: str) -> str:
    """What a page shows while everything that can be folded is."""
    fold = re.compile(r"<details(?:(?!<details).)*?</details>", re.DOTALL)
    while fold.search(html):
        html = fold.sub("", html)
    return html
