"""Kinds of exercise. They combine: a batch normalisation layer in PyTorch is ``(TORCH, STATE, REFUSAL)``.

A kind says what goes on around a call, and what the hidden cases have to hold so that the exercise deserves its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradus.checking.arguments import Made

if TYPE_CHECKING:
    from gradus.checking.exercises import Case, Exercise
    from gradus.checking.facts import Behaviour

Asks = Callable[[Sequence["Case"], Sequence["Behaviour"]], Iterator[str]]
Declares = Callable[["Exercise"], Iterator[str]]
MOST_FALSE_REJECTS = 1e-6
ENOUGH_STEPS = 3


def _nothing(*_: object) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True)
class Kind:
    """One kind of exercise.

    Attributes
    ----------
    name : str
    around : callable
        Makes the context in which an answer is called.
    declares : callable
        ``declares(exercise)`` yields a sentence for everything that the exercise fails to declare.
    asks : callable
        ``asks(cases, expected)`` yields a sentence for everything that the cases lack; ``expected`` is what the
        reference does in them.
    """

    name: str
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    declares: Declares = _nothing
    asks: Asks = _nothing


def _yields(exercise: Exercise) -> Iterator[str]:
    if not exercise.by_steps:
        yield "the drive of a class with state is a generator that yields what happened after every step"


def _steps(cases: Sequence[Case], expected: Sequence[Behaviour]) -> Iterator[str]:
    if not any(case.instances > 1 for case in cases):
        yield "no case has instances=2, so that state shared by two objects goes unseen"
    if max((len({fact.step for fact in one.facts}) for one in expected), default=0) < ENOUGH_STEPS:
        yield f"no case takes {ENOUGH_STEPS} steps, so that state that is lost or goes wrong later is unseen"


def _measures(exercise: Exercise) -> Iterator[str]:
    if exercise.measure is None:
        yield "a random exercise needs measure=..., which turns the draws into statistics and laws"
    if not 0 < exercise.false_reject <= MOST_FALSE_REJECTS:
        yield f"declare the probability of rejecting a right answer: false_reject={MOST_FALSE_REJECTS:g} or less"


def _generators(cases: Sequence[Case], expected: Sequence[Behaviour]) -> Iterator[str]:
    for case in cases:
        if not any(isinstance(value, Made) and value.family == "rng" for value in case.inputs.values()):
            yield f"{case.group}, {case.name!r} has no generator: give it one, rng(seed)"
            return
    if not any(case.instances > 1 for case in cases):
        yield "no case has instances=2, so that draws that do not come from the generator go unseen"


def _refusals(cases: Sequence[Case], expected: Sequence[Behaviour]) -> Iterator[str]:
    if not any(case.raises for case in cases):
        yield 'no case says which error is right in it, for instance raises="ValueError"'
    if all(case.raises for case in cases):
        yield "no ordinary case stands beside the refusals: an answer that always raises would pass"


def _functions(cases: Sequence[Case], expected: Sequence[Behaviour]) -> Iterator[str]:
    if not any(isinstance(value, Made) for case in cases for value in case.inputs.values()):
        yield "no case passes a function: make one with a family or with serves"


@contextmanager
def _settings_of_torch() -> Iterator[None]:
    """Keep torch from sharing these tiny tensors out, which takes thirty times as long on a busy machine.

    Whether gradients are recorded is given back as it was: an answer that switches it off spoils no other case.
    """
    import torch

    threads, records = torch.get_num_threads(), torch.is_grad_enabled()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_grad_enabled(records)


PURE = Kind("pure function")
"""A function of its arguments: the same arguments give the same result."""
STATE = Kind("class with state", declares=_yields, asks=_steps)
"""A class whose objects change from step to step; two of them share nothing."""
RANDOM = Kind("random", declares=_measures, asks=_generators)
"""Draws from a generator that the judge seeds, and from nothing else; the verdict rests on statistics."""
REFUSAL = Kind("refusal", asks=_refusals)
"""Sometimes an error of one kind is the right answer."""
FUNCTION = Kind("function argument", asks=_functions)
"""Takes a function, rebuilt beside the answer or served by the judge, who counts its calls."""
TORCH = Kind("torch", around=_settings_of_torch)
"""Takes or returns tensors and modules."""
