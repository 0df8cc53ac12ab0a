"""Fixtures and settings of all tests."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import labs
import pytest
from playwright.sync_api import Browser
from shared import COURSE, KINDS, ROOT

from autograder.course import Assignment, Course

# nbgrader finds alembic on PATH only.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def pytest_configure(config: pytest.Config) -> None:
    """Register a mark for every notebook: ``pytest -m nb02`` runs the tests of notebook 02 alone."""
    for assignment in COURSE.assignments():
        config.addinivalue_line("markers", f"nb{assignment.number}: tests of {assignment.name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that belong to a notebook: by the name of their file, or by what they are given."""
    for item in items:
        for number in sorted(_notebooks(item)):
            item.add_marker(f"nb{number}")


def _notebooks(item: pytest.Item) -> set[str]:
    """Numbers of the notebooks that a test belongs to."""
    own = re.fullmatch(r"test_[a-z]+_(\d\d)", item.path.stem)
    params = getattr(item, "callspec", None)
    given = list(params.params.values()) if params else []
    if any(isinstance(value, Course) and value == KINDS for value in given):
        return set()
    named = {value.number if isinstance(value, Assignment) else _notebook_of(value) for value in given}
    return (named | {own[1] if own else None}) & {assignment.number for assignment in COURSE.assignments()}


def _notebook_of(value: object) -> str | None:
    """Number of the notebook that a parameter of a test belongs to: an exercise, by name, or a slip of one."""
    name = getattr(value, "exercise", value)
    return _numbers().get(name) if isinstance(name, str) else None


@cache
def _numbers() -> dict[str, str]:
    """Exercises, names of notebooks and of their figures -> number of the notebook."""
    every = COURSE.assignments()
    of_exercises = {name: one.number for one in every for name in one.source.exercises}
    of_figures = {path.stem: one.number for one in every for path in (ROOT / "figures" / one.name).glob("*.py")}
    return of_figures | {one.name: one.number for one in every} | of_exercises


@pytest.fixture
def course() -> Course:
    """The course in this repository."""
    return Course(ROOT)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of one file."""
    if not Path(labs.CHROMIUM).exists():
        # Where everything has to be tested, nothing may be left out.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{labs.CHROMIUM} is missing: apt install chromium")
    with labs.chromium() as browser:
        yield browser
