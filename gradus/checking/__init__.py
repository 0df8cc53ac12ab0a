"""Checking an answer: run it on cases, compare, explain.

``check`` is what notebooks call. The rest is for the people who write exercises (``exercise``, ``Tolerance``,
``Property``) and for the judges that decide (``Case``, ``Outcome``, ``run``, ``examine``).
"""

from gradus.checking.checker import CheckFailedError, check
from gradus.checking.comparing import Finding, diagnose, examine, matches
from gradus.checking.exercises import Case, Exercise, Property, Tolerance, exercise, find_exercise
from gradus.checking.report import Misconception, Report
from gradus.checking.running import Outcome, run

__all__ = [
    "Case",
    "CheckFailedError",
    "Exercise",
    "Finding",
    "Misconception",
    "Outcome",
    "Property",
    "Report",
    "Tolerance",
    "check",
    "diagnose",
    "examine",
    "exercise",
    "find_exercise",
    "matches",
    "run",
]
