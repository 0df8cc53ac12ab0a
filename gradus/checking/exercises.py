"""What an exercise is: a name, how to call the student's object, and how exact the answer has to be."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradus.checking.facts import Facts
from gradus.checking.kinds import PURE, Kind
from gradus.checking.pictures import Picture
from gradus.checking.plain import leaves

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]
Drive = Callable[[Any, dict[str, Any]], Any]
Measure = Callable[[Inputs, Any], Facts]
Draw = Callable[[Inputs, Any, Any], Picture | None]
GATE = "ordinary"
"""The group of cases that gates all the others."""
EXACT = "exact"
"""The group of cases that asks for the last digits."""
SECONDS = 5.0
"""How long all public cases together may take when a learner checks an answer."""


@dataclass(frozen=True)
class Case:
    """One set of inputs for an exercise.

    Parameters
    ----------
    group : str
        Id of the kind of difficulty the case stands for. Points are given by group; ``"ordinary"`` gates the others.
    name : str
        What sets this case apart, in words a student understands.
    inputs : mapping of str to value
        Arrays, numbers, strings, lists or dicts of these, and `Made` arguments. An input whose name starts with an
        underscore is the drive's own business and is never shown.
    instances : int
        With 2, two objects made in the same way take their steps in turn, or a function is called twice, on copies of
        the same inputs: they must share nothing. Generators of the same seed must give the same draws; of a random
        function such a case asks nothing else.
    raises : str
        Name of the error that is right here, in the whole case or in some step of it; "" where none is.
    """

    group: str
    name: str
    inputs: Inputs
    instances: int = 1
    raises: str = ""

    @cached_property
    def given(self) -> tuple[Any, ...]:
        """Every array, number and string among the inputs, those that a `Made` argument is made of included."""
        return tuple(_given(self.inputs))

    @cached_property
    def single(self) -> bool:
        """Whether an input is float32."""
        return any(getattr(value, "dtype", None) == np.float32 for value in self.given)


def _given(inputs: Inputs) -> Iterator[Any]:
    for _, value in leaves(dict(inputs)):
        made_of = getattr(value, "given", None)
        if made_of is None:
            yield value
        else:
            yield from _given(made_of)


@dataclass(frozen=True)
class Tolerance:
    """Largest accepted error: ``|got - expected| <= atol + rtol * |expected|`` for every element.

    The first pair holds for arithmetic in float64, the second for float32: where an input is float32, or where every
    number that came back is one that float32 holds. The defaults are derived for short formulas: a float64 carries
    1e-16, and a result made of some dozen operations, on inputs whose rounding it magnifies up to a thousandfold, is
    right to 1e-12; a float32 carries 6e-8, and some dozen roundings make 1e-6. Both leave a small factor of room.
    An exercise with other formulas derives its own bounds and says how.

    Outside the group ``"exact"`` a thousandth of the scale is allowed; of a scale above ``largest_scale`` only a
    thousandth of that, where errors count however large the numbers are, as those of logarithms do.
    """

    rtol: float = 1e-9
    atol: float = 1e-12
    single_rtol: float = 4e-6
    single_atol: float = 1e-9
    largest_scale: float = math.inf

    @property
    def single(self) -> Tolerance:
        """The bounds for float32 arithmetic, as a tolerance of its own."""
        rtol, atol = max(self.rtol, self.single_rtol), max(self.atol, self.single_atol)
        return Tolerance(rtol, atol, rtol, atol, self.largest_scale)


@dataclass(frozen=True)
class Property:
    """Something every right answer satisfies, named when the values of a wrong one do not.

    ``holds`` receives the inputs of the case and the outputs of the answer; it must accept arrays of any shape.
    """

    says: str
    holds: Callable[[Inputs, Outputs], bool]


@dataclass(frozen=True)
class Exercise:
    """How an exercise is driven. It says how to call an answer and never what is right; see `exercise`."""

    name: str
    topic: str
    drive: Drive
    kinds: tuple[Kind, ...] = (PURE,)
    tolerance: Tolerance = field(default_factory=Tolerance)
    properties: tuple[Property, ...] = ()
    measure: Measure | None = None
    may_change: frozenset[str] = frozenset()
    false_reject: float = 0.0
    picture: Draw | None = None
    seconds: float = SECONDS
    repairs: str = ""

    @property
    def judged_as(self) -> str:
        """The exercise whose cases and slips judge this one: its own, or those of the exercise that it repairs."""
        return self.repairs or self.name

    @property
    def by_steps(self) -> bool:
        """Whether the drive yields what happened step by step."""
        return inspect.isgeneratorfunction(self.drive)


_EXERCISES: dict[str, Exercise] = {}


def exercise(
    name: str,
    *,
    kinds: Kind | tuple[Kind, ...] = PURE,
    tolerance: Tolerance | None = None,
    properties: tuple[Property, ...] = (),
    measure: Measure | None = None,
    may_change: tuple[str, ...] = (),
    false_reject: float = 0.0,
    picture: Draw | None = None,
    seconds: float = SECONDS,
) -> Callable[[Drive], Drive]:
    """Register the decorated function as the drive of an exercise; its topic is the module that it stands in.

    ``drive(answer, case) -> outputs`` calls the student's object and returns a dict of what came back. Where the
    object has state, the drive is a generator that yields such a dict after every step.

    Parameters
    ----------
    name : str
        The name under which the student's object is known.
    kinds : Kind or tuple of Kind
        What sort of exercise it is, see `gradus.checking.kinds`.
    tolerance : Tolerance, optional
        Largest accepted error where the last digits are asked for, in the group ``"exact"``. In all other groups values
        are compared to a thousandth of their scale, so that a fault in the last digits costs one group only.
    properties : tuple of Property
        Laws used to explain values that are wrong.
    measure : callable, optional
        ``measure(inputs, outputs)`` yields facts: `Value`, `Statistic` or `Law`. The judge calls it on what came back
        from the student's process, where the verdict rests on something computed from the outputs. A served function
        among the inputs stands there as the tuple of its calls. For an exercise with steps, ``outputs`` is a list.
    may_change : tuple of str
        Inputs that an answer may overwrite, such as the parameters that an optimizer updates in place.
    false_reject : float
        Largest probability with which chance alone rejects a right answer in one check, for random exercises.
    picture : callable, optional
        ``picture(inputs, expected, got)`` draws a wrong answer; both are outputs, lists of them where there are steps.
    seconds : float
        How long all public cases together may take when a learner checks an answer.
    """
    chosen = kinds if isinstance(kinds, tuple) else (kinds,)

    def register(drive: Drive) -> Drive:
        if name in _EXERCISES and _EXERCISES[name].drive.__module__ != drive.__module__:
            raise ValueError(f"the exercise {name!r} is already defined in {_EXERCISES[name].drive.__module__}")
        topic = drive.__module__.rpartition(".")[2]
        limits = tolerance or Tolerance()
        _EXERCISES[name] = Exercise(
            name,
            topic,
            drive,
            chosen,
            limits,
            properties,
            measure,
            frozenset(may_change),
            false_reject,
            picture,
            seconds,
        )
        return drive

    return register


def repair(name: str, of: str) -> None:
    """Register an exercise that starts from a broken answer to another one and is judged by the same cases.

    Parameters
    ----------
    name : str
        The name under which the student's object is known, such as ``"repaired_softmax"``.
    of : str
        The other exercise, registered before.

    Raises
    ------
    ValueError
        If there is no such exercise, or the name is taken.
    """
    if of not in _EXERCISES or _EXERCISES.get(name, _EXERCISES[of]).judged_as != of or name == of:
        raise ValueError(f"{name!r} cannot repair {of!r}: register that exercise first, and take a name of its own")
    _EXERCISES[name] = replace(_EXERCISES[of], name=name, repairs=of)


def all_exercises() -> dict[str, Exercise]:
    """Every exercise of the course by name, in the order of the topic modules."""
    package = importlib.import_module("gradus.exercises")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"gradus.exercises.{module.name}")
    return dict(_EXERCISES)


def find_exercise(name: str) -> Exercise | None:
    """The exercise called ``name``, or None."""
    return _EXERCISES.get(name) or all_exercises().get(name)
