"""Fixtures and settings of all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from shared import ROOT

from autograder.course import Course

# nbgrader finds alembic on PATH only.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


@pytest.fixture
def course() -> Course:
    """The course in this repository."""
    return Course(ROOT)
