"""Checking an answer: run it on cases, compare, explain.

``check`` is what notebooks call. People who write exercises need ``exercise``, the kinds, the facts that ``measure``
yields, and what makes arguments; judges need the modules themselves.
"""

from gradus.checking.arguments import Made, family, rng, serves
from gradus.checking.checker import CheckFailedError, check
from gradus.checking.exercises import Case, Exercise, Property, Tolerance, exercise, find_exercise, repair
from gradus.checking.facts import Facts, Law, Statistic, Value
from gradus.checking.kinds import FUNCTION, PURE, RANDOM, REFUSAL, STATE, TORCH
from gradus.checking.report import Report

__all__ = [
    "FUNCTION",
    "PURE",
    "RANDOM",
    "REFUSAL",
    "STATE",
    "TORCH",
    "Case",
    "CheckFailedError",
    "Exercise",
    "Facts",
    "Law",
    "Made",
    "Property",
    "Report",
    "Statistic",
    "Tolerance",
    "Value",
    "check",
    "exercise",
    "family",
    "find_exercise",
    "repair",
    "rng",
    "serves",
]
