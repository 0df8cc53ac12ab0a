"""What the drives of many exercises need: taking results apart, stepping, refusals, and bounds for statistics."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradus.checking import Statistic

Array = np.ndarray


def results(value: Any, *names: str, of: str) -> dict[str, Any]:
    """Several results by name.

    Raises
    ------
    TypeError
        If anything but that many results came back; the sentence says how to end the function.
    """
    if isinstance(value, tuple | list) and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    listed = ", ".join(names)
    came = f"{len(value)} of them" if isinstance(value, tuple | list) else what(value)
    raise TypeError(
        f"{of} returns {len(names)} results, ({listed}), but {came} came back. End it with: return {listed}"
    )


def what(value: Any) -> str:
    """What came back, in words."""
    return "None" if value is None else f"one {type(value).__name__}"


def number(value: Any) -> Any:
    """A result of one number as that number: the shape of a mean is a matter of taste."""
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except (TypeError, ValueError):
        return value
    return array.item() if array.size == 1 and array.dtype.kind in "biuf" else value


def row(value: Any) -> Any:
    """A result of shape ``(1, D)`` as one of shape ``(D,)``: either is fine."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return np.asarray(value)[0] if value.ndim == 2 and len(value) == 1 else value
    nested = isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], list | tuple | np.ndarray)
    return value[0] if nested else value


def updated(returned: Any, params: dict[str, Array]) -> dict[str, Array]:
    """The parameters after a step: what was returned, or the arrays passed in where nothing was.

    Raises
    ------
    TypeError
        If something else than a dict came back.
    """
    if returned is None:
        return params
    if not isinstance(returned, dict):
        raise TypeError(f"step returns the dict of updated parameters, but {what(returned)} came back.")
    return returned


def attempt(call: Callable[[], Any]) -> Any:
    """What a call returns, or the error that it raises: for steps in which an error may be the right answer."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error


LOSS_OBJECTS = "`nn.CrossEntropyLoss(scores, y)` makes an object; `nn.CrossEntropyLoss()(scores, y)` calls it."


@contextmanager
def loss_objects_explained() -> Iterator[None]:
    """Say what is wrong where a loss object of PyTorch took scores and targets for its settings."""
    try:
        yield
    except RuntimeError as error:
        if not any(frame.f_code.co_name == "legacy_get_string" for frame, _ in traceback.walk_tb(error.__traceback__)):
            raise
        raise RuntimeError(f"{error}. {LOSS_OBJECTS}").with_traceback(error.__traceback__) from None


def backward(loss: Any, parameters: Sequence[Any], *, of: str) -> None:
    """``loss.backward()``, after saying what is wrong where that would fail or mislead.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If ``loss`` is no scalar tensor that the gradient can flow back from, or if it has flowed already.
    """
    import torch

    if isinstance(loss, torch.nn.Module):
        raise TypeError(f"A loss object came back from {of}: call it on the scores and the targets. {LOSS_OBJECTS}")
    if not isinstance(loss, torch.Tensor):
        raise TypeError(
            f"{of} returns a scalar tensor, but {what(loss)} came back, from which backward() cannot start. "
            "Return the loss as PyTorch gives it to you."
        )
    if loss.numel() != 1:
        raise ValueError(
            f"{of} returns one number, the mean over the batch, but a tensor of shape {tuple(loss.shape)} came back."
        )
    if any(parameter.grad is not None for parameter in parameters):
        raise RuntimeError(
            f"{of} computes the loss and leaves backward() to its caller, but the parameters have a gradient already."
        )
    if loss.requires_grad:
        loss.backward()
    if all(parameter.grad is None for parameter in parameters):
        raise RuntimeError(
            "The tensor that came back does not know how it was computed from the parameters: something on the way "
            "(no_grad, detach, item, argmax, a detour through NumPy) cut the graph, so backward() cannot reach them."
        )


def gradients(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The gradient of every parameter by name; zeros where none arrived."""
    import torch

    return {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for name, parameter in parameters.items()
    }


def share(name: str, flags: Any, expected: float, false_reject: float, says: str = "") -> Statistic:
    """The share of independent flags that are true.

    The bound is Chernoff's: for n flags of probability p, P(share >= q) <= exp(-n KL(q, p)) for q > p, and likewise
    below (Hoeffding 1963, theorem 1). Both sides together reject a right answer with at most ``false_reject``.

    Parameters
    ----------
    name : str
    flags : array of bool or of 0 and 1
    expected : float
        The probability of true, 0 to 1.
    false_reject : float
    says : str
        Sentence for the learner, with ``{got}`` for the share and ``{expected}``.
    """
    values = np.asarray(flags, float)
    got = float(values.mean()) if values.size else math.nan
    within = _chernoff(values.size, expected, false_reject / 2)
    return Statistic(name, got, expected, within, says.format(got=f"{got:.3g}", expected=f"{expected:.3g}"))


def mean(name: str, values: Any, expected: float, deviation: float, span: float, false_reject: float) -> Statistic:
    """The mean of independent numbers that lie within an interval.

    The bound is Bernstein's: P(|mean - expected| >= t) <= 2 exp(-n t² / (2 deviation² + 2 span t / 3)),
    solved for t
    (Boucheron, Lugosi and Massart 2013, corollary 2.11).

    Parameters
    ----------
    name : str
    values : array
    expected, deviation : float
        Mean and standard deviation of one number.
    span : float
        How far a number can lie from its mean.
    false_reject : float
    """
    array = np.asarray(values, float)
    log = math.log(2 / false_reject)
    half = span * log / (3 * array.size)
    within = half + math.sqrt(half**2 + 2 * deviation**2 * log / array.size)
    return Statistic(name, float(array.mean()), expected, within)


def normal_mean(name: str, values: Any, expected: float, deviation: float, false_reject: float) -> Statistic:
    """The mean of independent normal numbers: it deviates by t with probability below 2 exp(-n t² / (2 deviation²))."""
    array = np.asarray(values, float)
    within = deviation * math.sqrt(2 * math.log(2 / false_reject) / array.size)
    return Statistic(name, float(array.mean()), expected, within)


def normal_deviation(name: str, values: Any, expected: float, false_reject: float) -> Statistic:
    """The root mean square of independent centred normal numbers.

    With x = log(2 / false_reject), n times the mean square over the variance stays within n ± 2 sqrt(n x) + 2 x
    (Laurent and Massart 2000, lemma 1).
    """
    array = np.asarray(values, float)
    log = math.log(2 / false_reject)
    above = 2 * math.sqrt(log / array.size) + 2 * log / array.size
    return Statistic(name, float(np.sqrt(np.mean(array**2))), expected, expected * (math.sqrt(1 + above) - 1))


def uniform_deviation(name: str, values: Any, bound: float, false_reject: float) -> Statistic:
    """The root mean square of independent numbers, uniform between ``-bound`` and ``bound``.

    Their squares have mean v = bound²/3, deviation bound² sqrt(4/45), and lie within 2 bound²/3 of v. Bernstein's
    inequality, see `mean`, keeps the mean square within v ± t; of the two roots, sqrt(v - t) is the further away.
    """
    array, expected = np.asarray(values, float), bound / math.sqrt(3)
    squares = mean(name, array**2, expected**2, bound**2 * math.sqrt(4 / 45), 2 * bound**2 / 3, false_reject)
    lowest = math.sqrt(max(expected**2 - squares.within, 0.0))
    return Statistic(name, math.sqrt(squares.value), expected, expected - lowest)


def uniform_largest(name: str, values: Any, bound: float, false_reject: float) -> Statistic:
    """The largest size of independent numbers, uniform between ``-bound`` and ``bound``.

    All n of them stay below (1 - d) bound with probability (1 - d)^n; a millionth is left for rounding in float32.
    """
    array = np.asarray(values, float)
    below = max(-math.expm1(math.log(false_reject) / array.size), 1e-6)
    says = f"{name} is {{:.4g}}; these numbers end at {{:.4g}}, and some of them come close to it."
    largest = float(np.abs(array).max())
    return Statistic(name, largest, bound, below * bound, says.format(largest, bound))


def _chernoff(n: int, p: float, probability: float) -> float:
    """The t beyond which a share of n flags lies above p + t, and below p - t, with at most ``probability`` each."""

    def divergence(q: float) -> float:
        parts = [q * math.log(q / p) if q else 0.0, (1 - q) * math.log((1 - q) / (1 - p)) if q < 1 else 0.0]
        return sum(parts)

    if p in (0.0, 1.0):
        return 0.0
    bounds = []
    for room, side in ((1 - p, 1.0), (p, -1.0)):
        low, high = 0.0, room
        for _ in range(60):
            middle = (low + high) / 2
            likely = n * divergence(p + side * middle) < -math.log(probability)
            low, high = (middle, high) if likely else (low, middle)
        bounds.append(high)
    return max(bounds)
