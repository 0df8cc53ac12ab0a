"""What is compared: the facts about what an answer did in one case.

Where an exercise measures nothing, its outputs are the facts, leaf by leaf. Otherwise `measure` yields them: values to
compare with the reference's, statistics with their own expected value and bound, laws with their own sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gradus.checking.plain import is_refusal


@dataclass(frozen=True)
class Value:
    """A value to be compared with the reference's.

    Attributes
    ----------
    name : str
    value : array, number, string, bool or None
    step : int
        The step at which it was seen, from 0.
    """

    name: str
    value: Any
    step: int = 0

    @property
    def refused(self) -> str:
        """Name of the error, where the value is one that was raised in a step and taken note of."""
        return str(self.value["raised"][0]) if is_refusal(self.value) else ""


@dataclass(frozen=True)
class Statistic:
    """A number that chance moves: right where it lies within ``within`` of ``expected``.

    ``within`` is derived from the probability of rejecting a right answer; `gradus.exercises.kit` has the bounds.
    ``says`` is the sentence for the learner when it is broken; by default it gives both numbers.
    """

    name: str
    value: float
    expected: float
    within: float
    says: str = ""
    step: int = 0

    @property
    def holds(self) -> bool:
        """Whether the statistic is as expected."""
        return abs(self.value - self.expected) <= self.within

    @property
    def sentence(self) -> str:
        """What a learner is told when it does not hold."""
        numbers = f"{self.name} is {self.value:.3g}; expected {self.expected:.3g} ± {self.within:.2g}."
        return self.says or numbers + " Chance alone stays within this."


@dataclass(frozen=True)
class Law:
    """Something that must hold, with the sentence for whoever broke it.

    ``found`` is a number or an array in which broken laws differ from each other: only with it can a slip that breaks
    nothing but this law be told from other answers that break it.
    """

    name: str
    holds: bool
    says: str
    step: int = 0
    found: Any = None


Fact = Value | Statistic | Law
Facts = Iterable[Fact]


@dataclass(frozen=True)
class Behaviour:
    """What one answer did in one case, as far as it is compared.

    Attributes
    ----------
    facts : tuple of Fact
        In the order in which they are looked at.
    errors : tuple of str
        Names of the exception's class and its bases, where the answer raised; empty otherwise.
    structure : tuple of (int, str, tuple or None)
        Step, path and shape of every raw output, where facts are measured from them; the shape is None for what has
        none.
    unusable : str
        Why nothing could be measured, where that is so.
    """

    facts: tuple[Fact, ...] = ()
    errors: tuple[str, ...] = ()
    structure: tuple[tuple[int, str, tuple[int, ...] | None], ...] = ()
    unusable: str = ""

    @property
    def refusals(self) -> bool:
        """Whether some step was refused with an error that the drive took note of."""
        return any(isinstance(fact, Value) and fact.refused for fact in self.facts)

    @property
    def error(self) -> str:
        """Name of the exception's class, "" where there was none."""
        return self.errors[0] if self.errors else ""
