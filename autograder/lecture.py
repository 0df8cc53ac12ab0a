"""The lecture gallery with the course's own answers behind the demos: ``python -m autograder.lecture``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograder.course import Course
from gradus import demos
from gradus.checking import find_exercise
from gradus.demos.gallery import serve


def studied(course: Course) -> dict[str, list[Callable[..., Any]]]:
    """Demo -> the reference's answers to the exercises it studies, for every demo that studies any."""
    answers = {}
    for name in (name for chapter in demos.CHAPTERS.values() for name in chapter):
        exercises = [find_exercise(one.name) for one in getattr(demos, name)().studied]
        answers[name] = [course.answer(exercise) for exercise in exercises if exercise]
    return answers


if __name__ == "__main__":
    serve(studied(Course.find()))
