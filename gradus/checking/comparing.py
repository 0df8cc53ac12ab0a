"""Compare what an answer did with what is right: one case, one finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradus.checking.exercises import Case, Exercise, Tolerance
from gradus.checking.running import Outcome

FLOAT32 = Tolerance(rtol=2e-5, atol=1e-6)
_MISSING = object()


@dataclass(frozen=True)
class Finding:
    """The verdict on one case.

    Attributes
    ----------
    case : Case
    passed : bool
    kind : str
        What is wrong, in the order in which it is looked for: ``"unwritten"``, ``"raised"``, ``"missing"``,
        ``"type"``, ``"shape"``, ``"finite"``, ``"values"``; ``""`` when the case passed.
    message : str
        One sentence for the student.
    output : str
        Name of the output that is wrong.
    expected, got : array, number or None
        The two values, to be shown side by side.
    line : str
        The learner's own line, where one raised.
    """

    case: Case
    passed: bool
    kind: str = ""
    message: str = ""
    output: str = ""
    expected: Any = None
    got: Any = None
    line: str = ""


def examine(exercise: Exercise, case: Case, expected: Outcome, got: Outcome) -> Finding:
    """Judge one outcome against the reference's.

    Where the reference raises (a refusal that the exercise asks for), the answer must raise the same kind of error.
    """
    if got.error == "NotImplementedError" and expected.error != got.error:
        return Finding(case, False, "unwritten", "Not written yet: the stub is still in place.", line=got.line)
    if expected.error:
        return _examine_refusal(case, expected, got)
    if got.error:
        return Finding(case, False, "raised", f"It raised {got.error}: {got.message}", line=got.line)
    right, mine = _measured(exercise, case, expected), _measured(exercise, case, got)
    tolerance = _tolerance(exercise, case)
    for path, value in _leaves(right):
        problem = _problem(path, value, _follow(mine, path), tolerance)
        if problem:
            kind, message, answer = problem
            if kind in ("finite", "values"):
                message += _broken_law(exercise, case, mine)
            return Finding(case, False, kind, message, ".".join(path), value, answer)
    return Finding(case, True)


def matches(exercise: Exercise, case: Case, one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes are the same behaviour: same values within tolerance, or the same kind of error."""
    if one.error or other.error:
        return one.error == other.error
    return examine(exercise, case, one, other).passed and examine(exercise, case, other, one).passed


def diagnose(
    exercise: Exercise,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    got: Sequence[Outcome],
    wrong: Sequence[Outcome],
) -> bool:
    """Whether ``got`` is the misconception that behaves like ``wrong``.

    It is when the two agree on every case, and when the misconception differs from the right answer by a value in at
    least one of them: to raise the same kind of error proves nothing.
    """
    agrees = all(matches(exercise, *trio) for trio in zip(cases, wrong, got, strict=True))
    return agrees and any(
        not slip.error and not examine(exercise, case, right, slip).passed
        for case, right, slip in zip(cases, expected, wrong, strict=True)
    )


def _measured(exercise: Exercise, case: Case, outcome: Outcome) -> dict[str, Any]:
    outputs = outcome.outputs or {}
    return exercise.measure(case.inputs, outputs) if exercise.measure else outputs


def _examine_refusal(case: Case, expected: Outcome, got: Outcome) -> Finding:
    if got.error == expected.error:
        return Finding(case, True)
    came = f"it raised {got.error}: {got.message}" if got.error else "it returned a result"
    message = f"A {expected.error} is expected here, but {came}."
    return Finding(case, False, "raised", message, line=got.line)


def _problem(path: tuple[str, ...], right: Any, mine: Any, tolerance: Tolerance) -> tuple[str, str, Any] | None:
    name = ".".join(path)
    if mine is _MISSING:
        return "missing", f"There is no {name} in the result.", None
    if mine is None and right is not None:
        return "missing", f"{name} is None: does every path through your code end in a return?", None
    if right is None or isinstance(right, str | bool):
        return None if mine == right else ("values", f"{name} is not what is expected.", mine)
    try:
        answer, wanted = np.asarray(mine), np.asarray(right)
    except ValueError:
        return "shape", f"{name} has rows of different lengths; expected the shape {np.shape(right)}.", mine
    if answer.dtype.kind not in "biuf":
        return "type", f"{name} is not made of numbers ({answer.dtype}).", mine
    if answer.shape != wanted.shape:
        return "shape", f"{name} has the shape {answer.shape}; expected {wanted.shape}.", answer
    bad = ~np.isfinite(answer) & np.isfinite(wanted) if wanted.dtype.kind == "f" else np.zeros(wanted.shape, bool)
    if bad.any():
        kinds = "NaN" if np.isnan(answer[bad]).any() else "infinite"
        return "finite", f"{name} is {kinds} in {_count(bad)}; a finite number is expected{_where(bad)}.", answer
    close = _close(answer, wanted, tolerance)
    if not close.all():
        return "values", _difference(name, answer, wanted, close), answer
    return None


def _difference(name: str, answer: np.ndarray, wanted: np.ndarray, close: np.ndarray) -> str:
    text = f"{name} is wrong in {_count(~close)}"
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(close, 0.0, np.abs(answer.astype(np.float64) - wanted.astype(np.float64)))
    if np.isfinite(error).any():
        worst = np.unravel_index(np.nanargmax(np.where(np.isfinite(error), error, -1.0)), error.shape)
        text += f"; largest error {float(error[worst]):.3g}"
        text += f" at [{', '.join(str(int(index)) for index in worst)}]" if error.ndim else ""
    if wanted.dtype.kind == "f" and answer.dtype.kind in "biu":
        text += f". It has the integer dtype {answer.dtype}, which cuts off everything behind the decimal point"
    return text + "."


def _count(mask: np.ndarray) -> str:
    return f"{int(mask.sum())} of {mask.size} elements" if mask.ndim else "value"


def _where(mask: np.ndarray) -> str:
    return f", first at [{', '.join(str(int(index)) for index in np.argwhere(mask)[0])}]" if mask.ndim else ""


def _close(answer: np.ndarray, wanted: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    if _single_precision(answer):
        tolerance = tolerance.at_least(FLOAT32)
    return np.isclose(
        answer.astype(np.float64), wanted.astype(np.float64), rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True
    )


def _single_precision(array: np.ndarray) -> bool:
    """Whether the numbers came out of float32 arithmetic, also when they were stored as float64 afterwards."""
    if array.dtype in (np.float32, np.float16):
        return True
    if array.dtype != np.float64:
        return False
    finite = array[np.isfinite(array)]
    with np.errstate(over="ignore"):
        return bool(finite.size and np.all(finite.astype(np.float32) == finite))


def _tolerance(exercise: Exercise, case: Case) -> Tolerance:
    single = any(getattr(value, "dtype", None) == np.float32 for _, value in _leaves(dict(case.inputs)))
    return exercise.tolerance.at_least(FLOAT32) if single else exercise.tolerance


def _broken_law(exercise: Exercise, case: Case, outputs: dict[str, Any]) -> str:
    for law in exercise.properties:
        try:
            holds = law.holds(case.inputs, outputs)
        except (ValueError, TypeError, IndexError, KeyError):
            continue
        if not holds:
            return f" It should hold that {law.says}, and it does not."
    return ""


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(tree, list | tuple) and any(isinstance(item, np.ndarray | dict | list | str) for item in tree):
        for index, value in enumerate(tree):
            yield from _leaves(value, (*path, str(index)))
    else:
        yield path, tree


def _follow(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if isinstance(tree, dict) and key in tree:
            tree = tree[key]
        elif isinstance(tree, list | tuple | np.ndarray) and key.isdecimal() and int(key) < len(tree):
            tree = tree[int(key)]
        else:
            return _MISSING
    return tree
