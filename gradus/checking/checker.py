"""``check``: the one call that every exercise ends with."""

from __future__ import annotations

import inspect
import os
import sys
from typing import Any

from gradus.checking.client import JUDGE, answer_judge, is_graded
from gradus.checking.exercises import Exercise, all_exercises
from gradus.checking.public import judge_publicly
from gradus.checking.report import Report
from gradus.learning.lending import is_lent

_NOTHING = object()
_LENT = "This one is PyTorch's, lent to you: write your own, run its cell, then check it."


class CheckFailedError(AssertionError):
    """An answer failed its public cases while nbgrader was executing the notebook."""


def check(answer: Any = _NOTHING, name: str | None = None) -> None:
    """Check an answer and show what was found.

    Parameters
    ----------
    answer : function or class
        What you wrote.
    name : str, optional
        The exercise, if ``answer`` does not go by its name.

    Raises
    ------
    CheckFailedError
        Only while a notebook is graded or validated: there an exception is what costs the points.
    """
    if is_lent(answer):
        exercise: Exercise | str = _LENT
    elif address := os.environ.get(JUDGE):
        answer_judge(address, lambda _: answer)
        return
    else:
        exercise = _identify(answer, name, inspect.currentframe())
    if isinstance(exercise, str):
        if is_graded():
            raise CheckFailedError(exercise)
        print(exercise)
        return
    if is_graded():
        report = judge_publicly(exercise, answer)
        if not report.passed:
            raise CheckFailedError(str(report))
        return
    from gradus.learning.guard import judged

    _show(judged(exercise, answer), answer)


def _identify(answer: Any, name: str | None, frame: Any) -> Exercise | str:
    """The exercise that ``answer`` is meant for, or a sentence that says why there is none."""
    exercises = all_exercises()
    if name is not None and name not in exercises:
        return f"There is no exercise called {name!r}. The exercises are: {', '.join(exercises)}."
    known = {**frame.f_back.f_globals, **frame.f_back.f_locals}
    if not callable(answer):
        return _no_answer(answer, next((each for each in exercises if each in known), next(iter(exercises))))
    if name is not None:
        return exercises[name]
    bound = [key for key, value in known.items() if value is answer]
    own = getattr(answer, "__name__", None)
    for candidate in [*sorted(bound, key=lambda key: key != own), own]:
        if candidate in exercises:
            return exercises[candidate]
    return (
        f"check cannot tell which exercise this {type(answer).__name__} is meant for. "
        'Give the name, for instance: check(my_function, name="softmax")'
    )


def _no_answer(answer: Any, example: str) -> str:
    """What to say where ``check`` was given nothing that can be called."""
    if answer is _NOTHING:
        return f"check needs to know what to check, for instance: check({example})"
    if isinstance(answer, str):
        return f"check takes the function itself, without quotes: check({answer if answer.isidentifier() else example})"
    came = "None" if answer is None else f"a result ({type(answer).__name__})"
    return f"check takes the function itself and got {came}. Write its name without brackets after it: check({example})"


def _show(report: Report, answer: Any) -> None:
    shell = sys.modules.get("IPython")
    if shell is not None and shell.get_ipython() is not None:
        from IPython.display import display

        from gradus.learning.progress import checked

        display(checked(report, answer))
    else:
        print(report)
