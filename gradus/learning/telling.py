"""What is said about a prediction beside its outcome: how near it came, in words."""

from __future__ import annotations

import math

from gradus.learning.outline import Field

_EXACT, _NEAR = 1.01, 1.25  # factors between what was said and what came


def said(field: Field, value: float | str) -> str:
    """An answer or an outcome as a reader sees it."""
    if isinstance(value, str):
        return f"“{value}”"
    words = {math.inf: "infinite", -math.inf: "minus infinity"}
    text = "nan (not a number)" if math.isnan(value) else words.get(value) or f"{value:.4g}".replace("-", "−")
    return f"{text} {field.unit}".rstrip() if math.isfinite(value) else text


def against(field: Field, value: float | str, answer: float | str, *, recalled: bool = False) -> str:
    """An answer beside what came: ``"loss: you said 2; it is 2.3. Near: the outcome is 15 % larger."``

    ``recalled``, what came is no event but a fact that was asked for.
    """
    if value == answer:
        return f"{field.label}: you said {said(field, answer)}. That is right."
    if isinstance(value, str) or isinstance(answer, str):
        came = "Right is" if recalled else "What happens"
        return f"{field.label}: you said {said(field, answer)}. {came}: {said(field, value)}."
    both = f"{field.label}: you said {said(field, answer)}; it is {said(field, value)}."
    return f"{both} {_distance(field, value, answer)}" if math.isfinite(value) else both


def off_by(value: float, answer: float) -> float:
    """The factor between an outcome and an answer, 1 or more; infinite if one is 0 or their signs differ."""
    if value == answer:
        return 1.0
    if value * answer <= 0 or not math.isfinite(value):
        return math.inf
    return max(value / answer, answer / value)


def is_right(value: float | str, answer: float | str) -> bool:
    """Whether an answer is the outcome; a number may be a hundredth off."""
    if isinstance(value, str) or isinstance(answer, str):
        return value == answer
    return off_by(value, answer) <= _EXACT


def is_near(value: float, answer: float) -> bool:
    """Whether a number is at most a quarter off."""
    return off_by(value, answer) <= _NEAR


def _distance(field: Field, value: float, answer: float) -> str:
    factor = off_by(value, answer)
    size = "larger" if abs(value) > abs(answer) else "smaller"
    if factor <= _EXACT:
        return "That is right."
    if factor <= _NEAR:
        return f"Near: the outcome is {100 * abs(value / answer - 1):.0f} % {size}."
    if math.isfinite(factor):
        times = f"{float(f'{factor:.2g}'):g}" if factor < 1e5 else f"10^{math.log10(factor):.0f}"
        return f"The outcome is {times} times as large." if size == "larger" else f"You said {times} times as much."
    signs = "It has the other sign: " if value * answer < 0 else ""
    more = "more" if value > answer else "less"
    return f"{signs}{'the' if signs else 'The'} outcome is {said(field, abs(value - answer))} {more}."
