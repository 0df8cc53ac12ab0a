"""PyTorch's operations in place of answers that are not written yet, so that everybody reaches the experiments.

What can be lent is declared beside the drives, in ``gradus/exercises/<topic>.py``, and moves the demos, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from gradus.checking.client import is_graded
from gradus.checking.exercises import all_exercises
from gradus.learning.stubs import is_stub

Operation = Callable[..., Any]
_OPERATIONS: dict[str, Operation] = {}


def lends(name: str) -> Callable[[Operation], Operation]:
    """Register the decorated function: PyTorch's way, arrays in and arrays out, to do what the exercise asks for.

    Parameters
    ----------
    name : str
        The exercise.
    """

    def register(operation: Operation) -> Operation:
        known = _OPERATIONS.get(name)
        if known is not None and known.__module__ != operation.__module__:
            raise ValueError(f"what is lent for {name!r} is already declared in {known.__module__}")
        _OPERATIONS[name] = operation
        return operation

    return register


def operation(name: str) -> Operation:
    """What PyTorch does in place of an answer.

    Raises
    ------
    ValueError
        If nothing of the kind is declared.
    """
    all_exercises()  # the modules that declare it
    if name not in _OPERATIONS:
        raise ValueError(f"nothing can be lent for {name!r}, only for {', '.join(_OPERATIONS)}")
    return _OPERATIONS[name]


def is_lent(answer: Any) -> bool:
    """Whether an object is PyTorch's and not the learner's own."""
    return any(answer is one for one in _OPERATIONS.values())


def lend(*names: str) -> None:
    """Let PyTorch do what is not written yet, so that the cells that follow can run. Nothing is lent while grading.

    Parameters
    ----------
    *names : str
        Exercises. Where your own function is written, it stays.
    """
    if is_graded():
        return
    space = sys._getframe(1).f_globals
    lent = [name for name in names if _is_free(space.get(name), operation(name))]
    space.update({name: operation(name) for name in lent})
    if lent:
        until = "yours is written" if len(lent) == 1 else "yours are written"
        print(f"lent until {until}: {', '.join(lent)} (PyTorch's)")


def _is_free(value: Any, instead: Operation) -> bool:
    return value is None or value is instead or is_stub(value)
