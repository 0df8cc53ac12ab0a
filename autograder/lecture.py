"""The lecture gallery with the course's own answers behind the demos: ``python -m autograder.lecture``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from autograder.course import Course
from gradus import demos
from gradus.checking import find_exercise
from gradus.demos.gallery import serve


def studied(course: Course) -> dict[str, Callable[..., Any]]:
    """Demo -> the reference's answer to the exercise it studies, for every demo that studies one.

    A demo names the exercise by its first parameter: ``scores_to_loss(softmax)`` studies ``softmax``.
    """
    answers = {}
    for name in (name for chapter in demos.CHAPTERS.values() for name in chapter):
        first = next(iter(signature(getattr(demos, name)).parameters.values()))
        exercise = find_exercise(first.name) if first.kind is not Parameter.KEYWORD_ONLY else None
        if exercise:
            answers[name] = course.answer(exercise)
    return answers


if __name__ == "__main__":
    serve(studied(Course.find()))
