"""Fixtures and settings of all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import labs
import pytest
from playwright.sync_api import Browser
from shared import ROOT

from autograder.course import Course

# nbgrader finds alembic on PATH only.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


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
