"""Compare what an answer did with what is right: one case, one finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradus.checking.arguments import measured_inputs
from gradus.checking.exercises import EXACT, Case, Exercise, Outputs, Tolerance
from gradus.checking.facts import Behaviour, Fact, Law, Statistic, Value
from gradus.checking.fingerprints import Projection
from gradus.checking.kinds import RANDOM
from gradus.checking.plain import follow, is_refusal, leaves
from gradus.checking.running import UNWRITTEN, Outcome

OF_SCALE = 1e-3
"""Largest error where the last digits are not asked for, as a share of the largest expected number."""
_ROUNDED = Tolerance(1e-9, 1e-9, 1e-5, 1e-5)  # the same sum, added up in another order


@dataclass(frozen=True)
class Finding:
    """The verdict on one case.

    Attributes
    ----------
    case : Case
    passed : bool
    kind : str
        What is wrong, in the order in which it is looked for: ``"unwritten"``, ``"raised"``, ``"missing"``,
        ``"type"``, ``"shape"``, ``"finite"``, ``"values"``, ``"law"``; ``""`` when the case passed.
    message : str
        One sentence for the student.
    output : str
        Name of the output that is wrong.
    expected, got : array, number or None
        The two values, to be shown side by side.
    line : str
        The learner's own line, where one raised.
    step : int or None
        The first step that went wrong, from 0, where there are steps.
    """

    case: Case
    passed: bool
    kind: str = ""
    message: str = ""
    output: str = ""
    expected: Any = None
    got: Any = None
    line: str = ""
    step: int | None = None


def behaviour(exercise: Exercise, case: Case, outcome: Outcome) -> Behaviour:
    """What is compared of an outcome. Nothing that an answer sent makes this raise."""
    if exercise.measure is None or (case.raises and not exercise.by_steps):
        facts = tuple(
            Value(".".join(path), leaf, step)
            for step, outputs in enumerate(outcome.steps)
            for path, leaf in leaves(outputs)
        )
        return Behaviour(facts, outcome.errors)
    if outcome.errors:
        return Behaviour((), outcome.errors)
    structure = tuple(
        (step, ".".join(path), _shape(leaf))
        for step, outputs in enumerate(outcome.steps)
        for path, leaf in leaves(outputs)
    )
    try:
        with np.errstate(all="ignore"):
            inputs = measured_inputs(case.inputs, outcome.calls)
            outputs = list(outcome.steps) if exercise.by_steps else outcome.steps[0]
            twice = RANDOM in exercise.kinds and case.instances > 1
            draws = (_same_draws(outcome),) if twice else ()
            measured = tuple(exercise.measure(inputs, outputs)) if exercise.by_steps or not twice else ()
            return Behaviour(measured + draws, (), structure)
    except Exception as error:  # the values are the learner's: whatever they do to the measurement is a finding
        return Behaviour((), (), structure, f"{type(error).__name__}: {error}"[:500])


def _same_draws(outcome: Outcome) -> Law:
    """The law of two generators with one seed, where an answer drew from both."""
    alike = all(_alike(outputs, outputs["another"]) for outputs in outcome.steps)
    says = "Two generators with the same seed gave different draws: draw from the one that is given, and only from it."
    return Law("same seed", alike, says)


def _alike(one: Outputs, other: Outputs) -> bool:
    draws = dict(leaves(other))
    return all(
        path in draws and _problem("", leaf, draws[path], _ROUNDED) is None
        for path, leaf in leaves({name: value for name, value in one.items() if name != "another"})
    )


def examine(exercise: Exercise, case: Case, expected: Behaviour, got: Behaviour, outcome: Outcome) -> Finding:
    """Judge one behaviour against the reference's.

    Where the reference raises (a refusal that the exercise asks for), the answer must raise the same kind of error.

    Parameters
    ----------
    exercise : Exercise
    case : Case
    expected, got : Behaviour
    outcome : Outcome
        What ``got`` was taken from.
    """
    if expected.unusable:
        raise ValueError(f"{exercise.name}, {case.name}: the reference cannot be measured: {expected.unusable}")
    if got.error == UNWRITTEN and expected.error not in got.errors:
        return _unwritten(case, outcome)
    if expected.error:
        return _examine_refusal(case, expected, got, outcome)
    if exercise.measure is not None and not got.error:
        problem = _wrong_structure(exercise, case, expected, got)
        if problem is not None:
            return problem
        if got.unusable:
            return Finding(case, False, "type", f"The result cannot be judged: {got.unusable}.")
    mine = {(fact.step, fact.name): fact for fact in got.facts}
    reached = len(outcome.steps) if got.error else None
    loose, tolerance = case.group != EXACT, _tolerance(exercise, case)
    scales = _scales(expected) if loose else {}
    for right in expected.facts:
        if reached is not None and (exercise.measure is not None or right.step >= reached):
            break
        allowed = _loosely(right, scales, tolerance) if loose else tolerance
        problem = _fact_problem(exercise, case, right, mine.get((right.step, right.name)), allowed, outcome)
        if problem is not None:
            return problem
    if got.error:
        step = reached if exercise.by_steps else None
        # Without a line of the learner's it was the drive that could not use what came back, and says so in words.
        said = f"Your code raised {got.error}: {outcome.message}" if outcome.line else outcome.message or got.error
        return Finding(case, False, "raised", said, line=outcome.line, step=step)
    return Finding(case, True)


def _unwritten(case: Case, outcome: Outcome) -> Finding:
    if outcome.message:
        return Finding(case, False, "raised", f"It calls your {outcome.message}, which is not written yet.")
    return Finding(
        case, False, "unwritten", "Write your code in place of: raise NotImplementedError.", line=outcome.line
    )


def limit_of_magnitude(findings: Sequence[Finding]) -> str:
    """From which size of the inputs on the results are no longer finite, "" where size is not what decides."""
    fine = [one.case for one in findings if one.passed or one.kind == "values"]
    bad = [one.case for one in findings if one.kind == "finite"]
    known = {sign: max((_reach(case, sign) for case in fine), default=0.0) for sign in (1, -1)}
    said = []
    for sign, way, on in ((1, "up to", "on"), (-1, "down to", "down")):
        # What is as large on the other side, too, tells nothing about this one.
        beyond = [_reach(case, sign) for case in bad if _reach(case, -sign) <= known[-sign]]
        if beyond and 0 < known[sign] < min(beyond):
            ends = sign * known[sign], sign * min(beyond)
            said.append(f"Inputs {way} {ends[0]:.6g} give finite results, inputs from {ends[1]:.6g} {on} do not.")
    return " ".join(said)


def _reach(case: Case, sign: int) -> float:
    """The largest size among the inputs of one sign."""
    floats = [array for array in map(_array, case.given) if array is not None and array.dtype.kind == "f"]
    return max((_largest(np.maximum(sign * array, 0)) for array in floats), default=0.0)


def same(exercise: Exercise, case: Case, one: Behaviour, other: Behaviour, *, loosely: bool = False) -> bool:
    """Whether two behaviours are the same: every fact within tolerance, or the same kind of error.

    ``loosely``, the last digits of ``one`` count only where the case asks for them.
    """
    if one.error or other.error:
        return one.error == other.error
    if one.unusable or other.unusable:
        return False
    tolerance = _told_apart(exercise, case)
    mine = {(fact.step, fact.name): fact for fact in other.facts}
    if len(mine) != len(one.facts):
        return False
    scales = _scales(one) if loosely and case.group != EXACT else {}
    return all(
        _same_fact(fact, mine.get((fact.step, fact.name)), _loosely(fact, scales, tolerance) if scales else tolerance)
        for fact in one.facts
    )


def differs_by_value(exercise: Exercise, case: Case, right: Behaviour, wrong: Behaviour) -> bool:
    """Whether a wrong behaviour shows in a value: to raise an error or to break a law is no evidence by itself."""
    if wrong.error or wrong.unusable:
        return False
    expected = {(fact.step, fact.name): fact for fact in right.facts}
    return any(
        not same_fact(exercise, case, fact, expected.get((fact.step, fact.name)))
        for fact in wrong.facts
        if not isinstance(fact, Law) or fact.found is not None
    )


def same_fact(exercise: Exercise, case: Case, one: Fact, other: Fact | None) -> bool:
    """Whether two facts are the same, within the tolerance of the exercise."""
    return _same_fact(one, other, _told_apart(exercise, case))


def _same_fact(one: Fact, other: Fact | None, tolerance: Tolerance) -> bool:
    if isinstance(one, Law) and isinstance(other, Law):
        alike = one.found is None or _same_fact(Value("", one.found), Value("", other.found), tolerance)
        return one.holds == other.holds and (one.holds or alike)
    if isinstance(one, Statistic) and isinstance(other, Statistic):
        return abs(one.value - other.value) <= 2 * one.within or (one.value != one.value and other.value != other.value)
    if not isinstance(one, Value) or not isinstance(other, Value):
        return False
    if isinstance(one.value, Projection):
        array = _array(other.value)
        if array is None:
            return False
        return one.value.fits(array, tolerance.single if _single_precision(array) else tolerance)
    if isinstance(other.value, Projection):
        return _same_fact(other, one, tolerance)
    arrays = [array for array in map(_array, (one.value, other.value)) if array is not None]
    if any(map(_single_precision, arrays)):
        tolerance = tolerance.single
    return (
        _problem("", one.value, other.value, tolerance) is None
        and _problem("", other.value, one.value, tolerance) is None
    )


def _wrong_structure(exercise: Exercise, case: Case, expected: Behaviour, got: Behaviour) -> Finding | None:
    mine = {(step, path): shape for step, path, shape in got.structure}
    for step, path, shape in expected.structure:
        at = step if exercise.by_steps else None
        if (step, path) not in mine:
            return Finding(case, False, "missing", f"There is no {_words(path)} in the result.", path, step=at)
        came = mine[step, path]
        if shape is not None and came is None:
            return Finding(case, False, "type", f"{_words(path)} is not made of numbers.", path, step=at)
        if came != shape:
            message = f"{_words(path)} has the shape {came}; expected {shape}."
            return Finding(case, False, "shape", message, path, step=at)
    return None


def _loosely(right: Fact, scales: dict[tuple[int, str], float], tolerance: Tolerance) -> Tolerance:
    """A tolerance that asks for the right numbers and not for their last digits; whole numbers stay exact."""
    array = _array(right.value) if isinstance(right, Value) else None
    if array is None or array.dtype.kind != "f":
        return tolerance
    allowed = max(tolerance.single_atol, OF_SCALE * min(scales[_whole(right)], tolerance.largest_scale))
    return Tolerance(tolerance.rtol, allowed, tolerance.single_rtol, allowed)


def _scales(expected: Behaviour) -> dict[tuple[int, str], float]:
    """The largest expected number of every output; the parts of one output, such as all gradients, share theirs."""
    scales: dict[tuple[int, str], float] = {}
    for right in expected.facts:
        array = _array(right.value) if isinstance(right, Value) else None
        if array is not None and array.dtype.kind == "f":
            scales[_whole(right)] = max(scales.get(_whole(right), 0.0), _largest(array))
    return scales


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _whole(fact: Fact) -> tuple[int, str]:
    """The output that a fact is a part of."""
    return fact.step, fact.name.removeprefix("another.").split(".")[0]


def _fact_problem(
    exercise: Exercise, case: Case, right: Fact, mine: Fact | None, tolerance: Tolerance, outcome: Outcome
) -> Finding | None:
    step = right.step if exercise.by_steps else None
    if isinstance(right, Law | Statistic):
        if isinstance(mine, Law | Statistic) and mine.holds:
            return None
        says = mine.says if isinstance(mine, Law) else mine.sentence if isinstance(mine, Statistic) else ""
        return Finding(case, False, "law", says or f"There is no {right.name} to judge.", right.name, step=step)
    value = mine.value if isinstance(mine, Value) else _elsewhere(exercise, right, outcome)
    problem = _problem(right.name, right.value, value, tolerance)
    if problem is None:
        return None
    kind, message, answer = problem
    if kind == "values" and step is None and exercise.measure is None and outcome.steps:
        message += _broken_property(exercise, case, outcome.steps[0])
    if kind == "values":
        message += _relation(case, np.asarray(right.value), np.asarray(answer))
    return Finding(case, False, kind, message, right.name, right.value, answer, step=step)


def _elsewhere(exercise: Exercise, right: Fact, outcome: Outcome) -> Any:
    """The part of an output that is no leaf by itself: a row of an array where a list of rows is expected."""
    if exercise.measure is not None or right.step >= len(outcome.steps):
        return _MISSING
    try:
        return follow(outcome.steps[right.step], tuple(right.name.split(".")))
    except LookupError:
        return _MISSING


def _examine_refusal(case: Case, expected: Behaviour, got: Behaviour, outcome: Outcome) -> Finding:
    if expected.error in got.errors:
        return Finding(case, True)
    came = f"your code raised {got.error}: {outcome.message}" if got.error else "your code returned a result"
    message = f"A {expected.error} is expected here, but {came}."
    return Finding(case, False, "raised", message, line=outcome.line)


_MISSING = object()
_UNITS = {1: ("numbers",), 2: ("rows", "columns")}
_SLIGHTLY, _SINGLE = 1e-4, 1e-6


def _problem(path: str, right: Any, mine: Any, tolerance: Tolerance) -> tuple[str, str, Any] | None:
    name = _words(path)
    if mine is _MISSING:
        return "missing", f"There is no {name} in the result.", None
    if is_refusal(right) or is_refusal(mine):
        return _refusal_problem(name, right, mine)
    if mine is None and right is not None and "." in name:
        return "missing", f"{name} is None. In PyTorch, a leaf has no .grad before backward() has been called.", None
    if mine is None and right is not None:
        return "missing", f"{name} is None: does every path through your code end in a return?", None
    if right is None or isinstance(right, str | bool):
        alike = isinstance(mine, type(right)) and mine == right
        return None if alike else ("values", f"{name} is not what is expected.", mine)
    wanted = _array(right)
    if wanted is None:  # an answer that is looked at beside a slip
        return "type", f"{name} is made of numbers, and should not be.", mine
    try:
        answer = np.asarray(mine)
    except ValueError:
        several = _several(name, mine, wanted.ndim)
        uneven = f"{name} has rows of different lengths; expected the shape {wanted.shape}."
        return "shape", several or uneven, mine if several else None
    if answer.dtype.kind not in "biuf":
        return "type", f"{name} is not made of numbers ({answer.dtype}).", mine
    if answer.shape != wanted.shape:
        return "shape", _several(name, mine, wanted.ndim) or _shapes(name, answer, wanted), answer
    bad = ~np.isfinite(answer) & np.isfinite(wanted) if wanted.dtype.kind == "f" else np.zeros(wanted.shape, bool)
    if bad.any():
        kinds = "NaN" if np.isnan(answer[bad]).any() else "infinite"
        where = f" in {_count(bad)}" if bad.ndim else ""
        return "finite", f"{name} is {kinds}{where}; a finite number is expected{_where(bad)}.", answer
    close = _close(answer, wanted, tolerance)
    if not close.all():
        return "values", _difference(name, answer, wanted, close), answer
    return None


def _several(name: str, mine: Any, ndim: int) -> str:
    """What to say where several results came instead of one."""
    if not isinstance(mine, list) or not any(isinstance(one, np.ndarray) and one.ndim >= max(ndim, 1) for one in mine):
        return ""
    return f"{name} is one {'array' if ndim else 'number'}, but {len(mine)} results came back. Return it alone."


def _shapes(name: str, answer: np.ndarray, wanted: np.ndarray) -> str:
    if wanted.ndim:
        return f"{name} has the shape {answer.shape}; expected {wanted.shape}."
    text = f"{name} is {answer.size} numbers, of shape {answer.shape}; one number is expected."
    if answer.size and np.isfinite(answer).all() and np.isclose(answer.mean(), wanted, rtol=OF_SCALE):
        text += " Their mean is the right number."
    return text


def _refusal_problem(name: str, right: Any, mine: Any) -> tuple[str, str, Any] | None:
    came = mine["raised"][0] if is_refusal(mine) and mine["raised"] else ""
    if not is_refusal(right):
        return "raised", f"A result is expected for {name}, but your code raised {came}.", None
    wanted = right["raised"][0]
    if is_refusal(mine) and wanted in mine["raised"]:
        return None
    return (
        "raised",
        f"A {wanted} is expected for {name}, but your code {f'raised {came}' if came else 'did not raise it'}.",
        None,
    )


def _words(path: str) -> str:
    """The name of an output in words."""
    if path.startswith("another."):
        return f"{path.removeprefix('another.')} of a second object, used in turn with the first,"
    return path


def _difference(name: str, answer: np.ndarray, wanted: np.ndarray, close: np.ndarray) -> str:
    if not wanted.ndim:
        text = f"{name} is {_apart(answer, wanted)}; expected {_apart(wanted, answer)}"
        return text + _cut_off(answer, wanted) + "."
    text = f"{name} is wrong in {_count(~close)}"
    with np.errstate(all="ignore"):
        error = np.where(close, 0.0, np.abs(answer.astype(np.float64) - wanted.astype(np.float64)))
    if np.isfinite(error).any():
        worst = np.unravel_index(np.nanargmax(np.where(np.isfinite(error), error, -1.0)), error.shape)
        text += f"; largest error {float(error[worst]):.3g}"
        text += f" at [{', '.join(str(int(index)) for index in worst)}]"
    return text + _cut_off(answer, wanted) + "."


def _apart(one: np.ndarray, other: np.ndarray) -> str:
    """A number with as many digits as it takes to tell it from the other."""
    pairs = [(f"{float(one):.{digits}g}", f"{float(other):.{digits}g}") for digits in (4, 7, 10, 16)]
    return next((text for text, beside in pairs if text != beside), pairs[-1][0])


def _cut_off(answer: np.ndarray, wanted: np.ndarray) -> str:
    if wanted.dtype.kind != "f" or answer.dtype.kind not in "biu" or np.all(wanted == np.round(wanted)):
        return ""
    return f". It has the integer dtype {answer.dtype}, which cuts off everything after the decimal point"


def _relation(case: Case, wanted: np.ndarray, answer: np.ndarray) -> str:
    """What all wrong numbers have in common: a sign, or a factor, which may be a size of the inputs."""
    if wanted.dtype.kind not in "biuf" or answer.dtype.kind not in "biuf" or answer.shape != wanted.shape:
        return ""
    right, mine = wanted.astype(np.float64).ravel(), answer.astype(np.float64).ravel()
    known = np.abs(right) > 1e-9 * np.abs(right).max(initial=0.0)
    if not known.any() or not np.isfinite(mine).all() or not np.allclose(mine[~known], 0, atol=1e-9):
        return ""
    factors = mine[known] / right[known]
    factor, off = float(factors[0]), float(np.abs(factors - 1).max())
    if _ROUNDED.rtol < off < _SLIGHTLY:
        cause = "is something small added or rounded, or is a step not the one asked for?"
        if off < _SINGLE:
            cause = (
                "is something computed in float32, is something small added, or is a derivative taken by small steps?"
            )
        which = "Every number" if right.size > 1 else "It"
        return f" {which} has a relative error of at most about {off:.0e}: {cause}"
    if not np.allclose(factors, factor, rtol=1e-5) or factor == 0 or np.isclose(factor, 1, rtol=1e-3):
        return ""
    if np.isclose(factor, -1):
        return " The sign is reversed."
    for name, array in case.inputs.items():
        shape = np.shape(array) if isinstance(array, np.ndarray) else ()
        for size, unit in zip(shape, _UNITS.get(len(shape), ()), strict=False):
            for times, way in ((factor, "large"), (1 / factor, "small")):
                if size > 1 and np.isclose(times, size, rtol=1e-5):
                    return f" It is {size} times too {way}, and {name} has {size} {unit}."
    return f" Every number is {factor:.4g} times what is expected." if right.size > 1 else ""


def _count(mask: np.ndarray) -> str:
    return f"{int(mask.sum())} of {mask.size} elements" if mask.ndim else "value"


def _where(mask: np.ndarray) -> str:
    return f", first at [{', '.join(str(int(index)) for index in np.argwhere(mask)[0])}]" if mask.ndim else ""


def _close(answer: np.ndarray, wanted: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    if _single_precision(answer):
        tolerance = tolerance.single
    with np.errstate(all="ignore"):
        return np.isclose(
            answer.astype(np.float64),
            wanted.astype(np.float64),
            rtol=tolerance.rtol,
            atol=tolerance.atol,
            equal_nan=True,
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
    return exercise.tolerance.single if case.single else exercise.tolerance


def _told_apart(exercise: Exercise, case: Case) -> Tolerance:
    """The tolerance between two behaviours, of which a frozen one is known to ten digits."""
    tolerance = _tolerance(exercise, case)
    return replace(tolerance, rtol=max(tolerance.rtol, _ROUNDED.rtol))


def _shape(leaf: Any) -> tuple[int, ...] | None:
    array = _array(leaf)
    return None if array is None else array.shape


def _array(leaf: Any) -> np.ndarray | None:
    """A leaf as an array of numbers; None where it is something else."""
    if leaf is None or isinstance(leaf, str | bool | dict):
        return None
    try:
        array = np.asarray(leaf)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" else None


def _broken_property(exercise: Exercise, case: Case, outputs: Outputs) -> str:
    for law in exercise.properties:
        try:
            with np.errstate(all="ignore"):
                holds = law.holds(case.inputs, outputs)
        except Exception:  # it speaks of values of the right shape; these are the learner's
            continue
        if not holds:
            return f" This should be true, but is not: {law.says}."
    return ""
