"""What the solution notebooks define, for figures that repeat one of their experiments."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType

from autograder.course import Course


@cache
def notebook(number: str) -> ModuleType:
    """The functions that the notebook of this number defines, solutions included."""
    return Course(Path(__file__).parents[1]).assignment(number).source.reference
