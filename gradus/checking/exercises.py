"""What an exercise is: a name, how to call the student's object, and how exact the answer has to be."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]
GATE = "ordinary"
"""The group of cases that gates all the others."""
Drive = Callable[[Any, dict[str, Any]], Outputs]


@dataclass(frozen=True)
class Case:
    """One set of inputs for an exercise.

    Parameters
    ----------
    group : str
        The kind of difficulty the case stands for. Points are given by group; ``"ordinary"`` gates all the others.
    name : str
        What sets this case apart, in words a student understands.
    inputs : mapping of str to value
        Arrays, numbers, strings, and lists or dicts of these.
    """

    group: str
    name: str
    inputs: Inputs


@dataclass(frozen=True)
class Tolerance:
    """Largest accepted error: ``|got - expected| <= atol + rtol * |expected|`` for every element."""

    rtol: float = 1e-7
    atol: float = 1e-12

    def at_least(self, other: Tolerance) -> Tolerance:
        """The looser of two tolerances, bound by bound."""
        return Tolerance(max(self.rtol, other.rtol), max(self.atol, other.atol))


@dataclass(frozen=True)
class Property:
    """Something every right answer satisfies, named when a wrong one does not.

    ``holds`` receives the inputs of the case and the outputs of the answer; it must accept arrays of any shape.
    """

    says: str
    holds: Callable[[Inputs, Outputs], bool]


@dataclass(frozen=True)
class Exercise:
    """How an exercise is driven. It says how to call an answer and never what is right."""

    name: str
    topic: str
    drive: Drive
    tolerance: Tolerance = field(default_factory=Tolerance)
    properties: tuple[Property, ...] = ()
    measure: Callable[[Inputs, Outputs], Outputs] | None = None


_EXERCISES: dict[str, Exercise] = {}


def exercise(
    name: str,
    *,
    topic: str,
    tolerance: Tolerance | None = None,
    properties: tuple[Property, ...] = (),
    measure: Callable[[Inputs, Outputs], Outputs] | None = None,
) -> Callable[[Drive], Drive]:
    """Register the decorated function as the drive of an exercise.

    Parameters
    ----------
    name : str
        The name under which the student's object is known.
    topic : str
        The topic, which is also the name of the module in ``gradus.exercises``.
    tolerance : Tolerance, optional
        Largest accepted error of float64 results; float32 results get more room by themselves.
    properties : tuple of Property
        Laws used to explain a wrong answer.
    measure : callable, optional
        ``measure(inputs, outputs) -> outputs``, run by the judge on what came back from the student's process, where
        the verdict rests on something computed from the raw outputs (a statistic, a count, a bound).
    """

    def register(drive: Drive) -> Drive:
        if name in _EXERCISES and _EXERCISES[name].drive.__module__ != drive.__module__:
            raise ValueError(f"the exercise {name!r} is already defined in {_EXERCISES[name].drive.__module__}")
        _EXERCISES[name] = Exercise(name, topic, drive, tolerance or Tolerance(), properties, measure)
        return drive

    return register


def all_exercises() -> dict[str, Exercise]:
    """Every exercise of the course by name, in the order of the topic modules."""
    package = importlib.import_module("gradus.exercises")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"gradus.exercises.{module.name}")
    return dict(_EXERCISES)


def find_exercise(name: str) -> Exercise | None:
    """The exercise called ``name``, or None."""
    return all_exercises().get(name)
