"""Find the constant by which an answer differs from the right one: a cap, a factor, an offset.

Wrong answers often come in families whose members differ by a number, ``log(p + 1e-8)`` and ``log(p + 1e-12)``. An
estimator looks at what is expected and at what came, on several cases, and finds the number, or nothing where the
answer is not of the family. It knows no answer to any exercise.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Pair = tuple[Any, Any] | tuple[Any, Any, int]
_ATOL, _RTOL = 1e-6, 3e-5
"""Float32 arithmetic is accepted, so differences of its size say nothing."""
_DERIVED: dict[str, Callable[[Mapping[str, float]], float]] = {
    "exp(cap)": lambda found: float(np.exp(found["cap"])),
    "exp(-cap)": lambda found: float(np.exp(-found["cap"])),
    "1/factor": lambda found: 1 / found["factor"],
    "1-factor": lambda found: 1 - found["factor"],
    "exp(factor)": lambda found: float(np.exp(found["factor"])),
    "exp(1/factor)": lambda found: float(np.exp(1 / found["factor"])),
    "-offset": lambda found: -found["offset"],
    "exp(offset)": lambda found: float(np.exp(found["offset"])),
}


@dataclass(frozen=True)
class _Numbers:
    """All pairs in one row: what is expected, what came, the number of examples behind each, the case of each."""

    expected: np.ndarray
    got: np.ndarray
    size: np.ndarray
    case: np.ndarray

    @property
    def slack(self) -> np.ndarray:
        return _ATOL + _RTOL * np.abs(self.got)


def estimate(spec: Mapping[str, Any], pairs: Iterable[Pair]) -> dict[str, float] | None:
    """Find a constant in an answer.

    Parameters
    ----------
    spec : mapping
        Plain data. ``"by"`` is the estimator:

        - ``"cap"``: no value lies above a constant (``"side": "above"``) or below it (``"below"``). Where the right
          value is beyond it, the constant comes; soft forms such as ``log(p + eps)`` count, which stay within log 2.
          A pair may hold means over a batch of losses that are not negative; its third entry is then the size of the
          batch. The constant is read off batches of one, of which one at least must lie beyond it; the others
          have to be possible with it.
        - ``"factor"``: the constant times the right value comes. With ``"per": "case"`` each case has a factor of
          its own, whose geometric mean is found.
        - ``"offset"``: the right value plus the constant comes.

        ``"of"`` names the output to look at (the first by default), and ``"mean_over"``, where that is a mean, the
        input whose length is the size of the batch. ``"between": [low, high]`` bounds the constant.
        ``"derive": {"floor": "exp(cap)"}`` adds values computed from it.
    pairs : iterable of (expected, got) or (expected, got, size)
        Arrays or numbers, one pair for each case.

    Returns
    -------
    dict of str to float, or None
        The constant under the name of the estimator, and what is derived from it. None where the answer does not
        keep to the family everywhere, or where too little differs from the right answer to tell.

    Examples
    --------
    >>> right = np.array([-1.0, -50.0, -900.0])
    >>> found = estimate({"by": "cap", "side": "below"}, [(right, np.log(np.exp(right) + 1e-8))])
    >>> round(found["cap"], 2)
    -18.42
    """
    numbers = _numbers(pairs)
    low, high = spec.get("between", (-np.inf, np.inf))
    with np.errstate(all="ignore"):
        constant = None if numbers is None else _ESTIMATORS[spec["by"]](numbers, spec)
        if constant is None or not np.isfinite(constant) or not low <= constant <= high:
            return None
        found = {spec["by"]: float(constant)}
        return found | {name: _DERIVED[formula](found) for name, formula in spec.get("derive", {}).items()}


def values_of(spec: Mapping[str, Any]) -> set[str]:
    """Names of the values that ``estimate`` finds."""
    return {spec["by"], *spec.get("derive", {})} if spec else set()


def placeholders(text: str) -> set[str]:
    """Names of the values that a sentence speaks of: ``floor`` in "a floor of {floor:.0e}"."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def fill(text: str, values: Mapping[str, float]) -> str:
    """The sentence with its values, powers of ten as people write them, and "…" for what is not known."""

    def one(part: tuple[str, str | None, str | None, str | None]) -> str:
        literal, name, form, _ = part
        if name is None:
            return literal
        number = format(values[name], form or "") if name in values else "…"
        return literal + re.sub(r"e([+-])0*(\d)", lambda power: f"e{power[1].strip('+')}{power[2]}", number)

    return "".join(map(one, string.Formatter().parse(text)))


def _numbers(pairs: Iterable[Pair]) -> _Numbers | None:
    """The pairs as one row of finite numbers; None where something else came."""
    rows: list[list[np.ndarray]] = []
    for index, (expected, got, *size) in enumerate(pairs):
        try:
            right, mine = np.asarray(expected), np.asarray(got)
            usable = right.shape == mine.shape and right.dtype.kind in "biuf" and mine.dtype.kind in "biuf"
        except (ValueError, TypeError, OverflowError):
            return None
        if not usable:
            return None
        right, mine = right.astype(np.float64).ravel(), mine.astype(np.float64).ravel()
        known = np.isfinite(right)
        if not np.isfinite(mine[known]).all():
            return None
        count = np.full(right.shape, size[0] if size else 1)
        rows.append([array[known] for array in (right, mine, count, np.full(right.shape, index))])
    return _Numbers(*map(np.concatenate, zip(*rows, strict=True))) if rows else None


def _cap(numbers: _Numbers, spec: Mapping[str, Any]) -> float | None:
    sign = -1.0 if spec["side"] == "below" else 1.0
    right, mine, size, slack = sign * numbers.expected, sign * numbers.got, numbers.size, numbers.slack
    capped = right - mine > 1  # more than the log 2 by which a soft cap falls short at the cap itself
    alone = capped & (size == 1)
    if not alone.any() or np.unique(right[capped]).size < 2:
        return None
    cap = mine[alone].max()

    def softly(values: np.ndarray) -> np.ndarray:
        return -np.logaddexp(-values, -cap)

    # A mean is the smallest where one example has all of the loss and the others have none.
    least = np.where(size > 1, (softly(size * right) + (size - 1) * softly(np.zeros(1))) / size, softly(right))
    # Clipping on both sides raises what is nearly 0 by as much as it lowers.
    most = np.minimum(right, cap) + 2 * np.exp(-cap)
    return sign * cap if np.all((mine >= least - slack) & (mine <= most + slack)) else None


def _factor(numbers: _Numbers, spec: Mapping[str, Any]) -> float | None:
    groups = numbers.case if spec.get("per") == "case" else np.zeros_like(numbers.case)
    found = []
    for group in np.unique(groups):
        right, mine, slack = (row[groups == group] for row in (numbers.expected, numbers.got, numbers.slack))
        if np.unique(right).size < 2 or not right.any():
            if not np.allclose(mine[right == 0], 0, atol=_ATOL) or "per" not in spec:
                return None
            continue
        factor = float(right @ mine / (right @ right))
        if not np.all(np.abs(mine - factor * right) <= slack):
            return None
        found.append(factor)
    if not found or np.allclose(found, 1, rtol=_RTOL):
        return None
    if len(set(np.sign(found))) > 1 or not all(found):
        return None
    return float(np.sign(found[0]) * np.exp(np.mean(np.log(np.abs(found)))))


def _offset(numbers: _Numbers, spec: Mapping[str, Any]) -> float | None:
    difference = numbers.got - numbers.expected
    if np.unique(numbers.expected).size < 2:
        return None
    offset = float(np.median(difference))
    slack = numbers.slack + _RTOL * np.abs(numbers.expected)
    return offset if abs(offset) > slack.min() and np.all(np.abs(difference - offset) <= slack) else None


_ESTIMATORS: dict[str, Callable[[_Numbers, Mapping[str, Any]], float | None]] = {
    "cap": _cap,
    "factor": _factor,
    "offset": _offset,
}
