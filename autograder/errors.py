"""What a person has to put right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CourseError(Exception):
    """Something about the course or its input that a person has to put right; the message says how."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The sentence that says which known name was probably meant, "" where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" Nearest: {near[0]}." if near else ""
