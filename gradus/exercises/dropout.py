"""How the exercises on dropout are driven."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradus.checking import (
    FUNCTION,
    RANDOM,
    TORCH,
    Facts,
    Law,
    Property,
    Tolerance,
    Value,
    exercise,
    family,
    repair,
    serves,
)
from gradus.exercises.kit import results, share, what
from gradus.learning.lending import lends

# A check looks at fewer than ten statistics, each of which chance breaks with a probability of at most 1e-8. The laws
# on draws are broken by chance far less often: see `_shared` and `_counts`.
EACH = 1e-8
FALSE_REJECT = 1e-7
# A product is right to a few roundings of itself, however small it is.
PRODUCT = Tolerance(atol=0.0, single_atol=0.0)
# A score below 30, a sum of at most 11 products, is off by 1e-14, and so is its part in each of 1,024 weighted terms:
# relative errors of probabilities stay below 1e-11. In float32, scores up to 5 are off by 2e-6.
PROBABILITIES = Tolerance(rtol=1e-9, atol=1e-13, single_rtol=1e-5, single_atol=1e-7)
# Means and deviations of up to 60 numbers below 10 lose 1e-14, and in float32 some 1e-6.
MEANS, SINGLE_MEANS = 1e-9, 1e-5
# A module may keep 1 - p_drop as a float32, which is off by 6e-8, up to three times as much of itself.
MODULE = Tolerance(rtol=1e-6)
CALLS = 12
DRAWN = 12

Array = np.ndarray
Case = dict[str, Any]
Outputs = dict[str, Any]
Inputs = Mapping[str, Any]


# Dropout forwards and backwards


def _made_row(n: int, seed: int) -> Array:
    """A row of many numbers, to count shares in."""
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], size=(1, n)) * rng.uniform(0.2, 3, size=(1, n))


long_row = family("long row", words=lambda n, **_: f"a float64 array of shape (1, {n}), without zeros")(_made_row)


def _x(case: Inputs) -> Array:
    return case["x"] if isinstance(case["x"], np.ndarray) else _made_row(**case["x"].given)


def _factors(x: Array, out: Array, mask: Array) -> Facts:
    """By what the entries were multiplied: one factor for all that are kept, 0 for the others."""
    factors, kept = (out / x).astype(out.dtype if out.dtype.kind == "f" else float), mask != 0
    if kept.any():
        yield Value("smallest factor of what is kept", factors[kept].min())
        yield Value("largest factor of what is kept", factors[kept].max())
    left = float(np.abs(factors[~kept]).max(initial=0.0))
    says = f"Where mask is False, some entries are not 0, but up to {left:.3g} times what went in."
    yield Law("what is dropped is 0", left == 0, says if left != 0 else "", found=left)


def _shared(mask: Array) -> Law:
    """The law that an array of some hundred entries has a mask for each of them: chance makes no two slices equal."""
    alike = [bool(np.all(mask == mask.take([0], axis))) if mask.shape[axis] > 1 else False for axis in range(mask.ndim)]
    axes = " and ".join(f"axis {axis}" for axis, shared in enumerate(alike) if shared)
    says = f"Along {axes} the mask repeats itself. Each entry is dropped or kept independently of all others."
    return Law("each entry for itself", not any(alike), says, found=np.array(alike, float))


def _counts(kept: Sequence[int]) -> Law:
    """The law that not all of a dozen masks of 60 keep as many: one number has a probability below 0.16, so 1e-8."""
    says = f"In {len(kept)} calls exactly {kept[0]} entries were kept each time. Their number is random, too."
    return Law("how many are kept", len(set(kept)) > 1, says, found=0)


def _another(first: Array, second: Array) -> Law:
    equal = float(np.mean(first == second)) if first.shape == second.shape else 0.0
    says = "A second call drops exactly the same entries. Draw a new mask in each call."
    return Law("another mask", equal < 1, says, found=equal)


def _kept(mask: Array, p_drop: float) -> Facts:
    says = f"{{got}} of the entries are kept; {{expected}} expected with p_drop = {p_drop:g}."
    yield share("share of what is kept", mask != 0, 1 - p_drop, EACH, says)


def measure_dropout(case: Inputs, outputs: Outputs) -> Facts:
    """Of output and mask, what the case asks for."""
    x, out, mask = _x(case), np.asarray(outputs["out"]), np.asarray(outputs["mask"])
    yield Value("shape of mask", list(mask.shape))
    if mask.shape != x.shape:
        mask = np.broadcast_to(mask, x.shape)
    asks = case["_asks"]
    if asks == "values":
        yield Value("out", out)
        yield Value("mask", (mask != 0).astype(float))
    elif asks == "independence":
        yield _shared(mask != 0)
    elif asks == "counts":
        yield _counts(outputs["kept"])
    elif asks == "draws":
        yield _another(mask, np.asarray(outputs["second mask"]))
    elif asks == "zeros":
        some = bool(np.any(mask[x == 0] != 0))
        says = "Where x is 0, mask is always False. It says what is kept, and zeros are kept as often as other numbers."
        yield Law("zeros are kept, too", some, "" if some else says, found=0)
    elif asks == "type of mask":
        says = "mask is made of numbers. It holds booleans, so that it can be used as an index, and ~mask, too."
        yield Law("booleans", outputs["boolean"], says, found=float(mask.max()))
    elif asks == "x":
        same = bool(np.allclose(outputs["x afterwards"], x, rtol=1e-6, atol=0))
        yield Law("x stays", same, "x has been changed. Make a new array.", found=float(same))
    else:
        if asks == "share":
            yield from _kept(mask, case["p_drop"])
        yield from _factors(x, out, mask)


@exercise("dropout_forward", kinds=RANDOM, measure=measure_dropout, may_change=("x",), false_reject=FALSE_REJECT)
def drive_dropout_forward(dropout_forward: Any, case: Case) -> Outputs:
    """``dropout_forward(x, p_drop, rng, training) -> (out, mask)``, several times where draws are compared."""

    def call(x: Array) -> dict[str, Any]:
        came = dropout_forward(x, case["p_drop"], case["rng"], case["training"])
        found = results(came, "out", "mask", of="dropout_forward")
        if found["mask"] is None or isinstance(found["mask"], bool):
            raise TypeError(f"mask has the shape of x, but {what(found['mask'])} came back.")
        return found

    again, found = case["x"].copy(), call(case["x"])
    found["boolean"] = bool(np.asarray(found["mask"]).dtype == bool)
    if case["_asks"] == "x":
        found["x afterwards"] = case["x"].copy()
    elif case["_asks"] == "draws":
        found["second mask"] = call(again)["mask"]
    elif case["_asks"] == "counts":
        found["kept"] = [int(np.count_nonzero(call(again.copy())["mask"])) for _ in range(CALLS)]
    return found


repair("repaired_dropout_forward", of="dropout_forward")


def measure_backward(case: Inputs, outputs: Outputs) -> Facts:
    """By what the gradient was multiplied."""
    yield from _factors(case["dout"], np.asarray(outputs["gradient"]), case["mask"])


@exercise("dropout_backward", tolerance=PRODUCT, measure=measure_backward)
def drive_dropout_backward(dropout_backward: Any, case: Case) -> Outputs:
    """``dropout_backward(dout, mask, p_drop) -> gradient``."""
    return {"gradient": dropout_backward(case["dout"].copy(), case["mask"].copy(), case["p_drop"])}


# Weights


@exercise("scale_weights", tolerance=PRODUCT, may_change=("W",))
def drive_scale_weights(scale_weights: Any, case: Case) -> Outputs:
    """``scale_weights(W, keep_prob) -> weights``."""
    return {"weights": scale_weights(case["W"], case["keep_prob"])}


@exercise("dropped_inputs_as_weights", tolerance=PRODUCT, may_change=("W",))
def drive_dropped_inputs_as_weights(dropped_inputs_as_weights: Any, case: Case) -> Outputs:
    """``dropped_inputs_as_weights(W, kept) -> weights``."""
    return {"weights": dropped_inputs_as_weights(case["W"], case["kept"])}


# Averages of many networks


def _rows_add_up(_case: Any, outputs: Outputs) -> bool:
    return bool(np.allclose(np.sum(outputs["p"], axis=-1), 1, rtol=0, atol=1e-4))


@exercise(
    "geometric_mean_prediction",
    tolerance=PROBABILITIES,
    properties=(Property("each row adds up to 1", _rows_add_up),),
)
def drive_geometric_mean_prediction(geometric_mean_prediction: Any, case: Case) -> Outputs:
    """``geometric_mean_prediction(x, W, b, keep_prob) -> p``."""
    return {"p": geometric_mean_prediction(*(case[name] for name in ("x", "W", "b", "keep_prob")))}


@serves(
    "a random prediction",
    words="a prediction that draws from rng",
    most_calls=200,
    prepare=lambda x, rng: [x, rng.random(DRAWN)],
)
def random_prediction(shape: Sequence[int]) -> Callable[..., Array]:
    """Predictions of this shape, each a mean of its own plus what was drawn, in a size of its own."""
    place = np.arange(int(np.prod(shape)))

    def forward(x: Array, rng: Array) -> Array:  # the numbers drawn from rng, under the name that learners know
        values = 1 + place % 7 / 4 + (1 + place % 5 / 3) * rng[place % DRAWN] + np.mean(x)
        return values.reshape(shape)

    return forward


def _close(name: str, got: Any, right: Array, exact: bool) -> Law:
    """Whether a result is the one of the predictions that were made: to a thousandth, or to the last digits."""
    mine = np.asarray(got, float)
    off, scale = float(np.abs(mine - right).max()), float(np.abs(right).max())
    single = bool(np.all(mine.astype(np.float32) == mine))
    allowed = (SINGLE_MEANS if single else MEANS) if exact else 1e-3
    says = f"{name} is off by up to {off:.3g} from the {name} of what forward returned."
    return Law(name, off <= allowed * scale + 1e-9, says, found=mine)


def measure_monte_carlo(case: Inputs, outputs: Outputs) -> Facts:
    """How forward was called, and whether mean and deviation are those of what it returned."""
    calls, samples, asks = case["forward"], case["samples"], case["_asks"]
    says = f"forward was called {len(calls)} times; expected {samples}."
    yield Law("calls", len(calls) == samples, says, found=len(calls))
    if len(calls) != samples:
        return
    if asks == "draws":
        drawn = np.array([call.arguments[1] for call in calls])
        different = len(np.unique(drawn, axis=0))
        says = f"In {samples} calls, forward drew only {different} different masks: rng began anew in between."
        yield Law("different draws", different == samples, says, found=different)
        expected = np.random.default_rng(case["rng"].given["seed"]).random(drawn.shape)
        given = bool(np.isin(drawn, expected).all())
        yield Law("the given generator", given, "forward was given another generator than rng.")
        says = "After the call, rng draws the same numbers again: forward was given a copy of it, or it was set back."
        # Three numbers that all occurred before, to six digits: by chance with a probability below 1e-11.
        near = np.isclose(np.reshape(outputs["next"], (-1, 1)), expected.ravel(), rtol=1e-6, atol=0).any(axis=1)
        yield Law("rng goes on", not near.all(), says)
        return
    same = all(np.shape(call.arguments[0]) == case["x"].shape for call in calls)
    same = same and all(np.allclose(call.arguments[0], case["x"]) for call in calls)
    yield Law("x handed on", same, "forward was given something else than x.", found=float(same))
    values = np.array([call.value for call in calls], float)
    for name, right in (("mean", values.mean(axis=0)), ("deviation", values.std(axis=0))):
        yield _close(name, outputs[name], right, asks == "digits")


@exercise("monte_carlo_prediction", kinds=FUNCTION, measure=measure_monte_carlo)
def drive_monte_carlo_prediction(monte_carlo_prediction: Any, case: Case) -> Outputs:
    """``monte_carlo_prediction(forward, x, rng, samples) -> (mean, deviation)``."""
    came = monte_carlo_prediction(*(case[name] for name in ("forward", "x", "rng", "samples")))
    return {**results(came, "mean", "deviation", of="monte_carlo_prediction"), "next": case["rng"].random(3)}


# In PyTorch


def measure_module(case: Inputs, outputs: Outputs) -> Facts:
    """Of output and gradient, what the case asks for; no input is 0, so that what is dropped can be seen."""
    x, out, asks = _x(case), np.asarray(outputs["out"]), case["_asks"]
    kept = out != 0
    if asks == "values":
        yield Value("out", out)
    elif asks == "independence":
        yield _shared(kept)
    elif asks == "draws":
        yield _another(kept, np.asarray(outputs["second"]) != 0)
        same = bool(np.array_equal(kept, np.asarray(outputs["same seed"]) != 0))
        yield Law("same seed", same, "After torch.manual_seed with the same number, other entries are dropped.")
    elif asks == "gradient":
        yield from _factors(case["upstream"], np.asarray(outputs["gradient"]), kept)
    elif asks == "dtype":
        yield Value("dtype of out", outputs["dtype"])
    else:
        if asks == "share":
            yield from _kept(kept, case["p_drop"])
        yield from _factors(x, out, kept)


@exercise("Dropout", kinds=TORCH, tolerance=MODULE, measure=measure_module, false_reject=FALSE_REJECT)
def drive_dropout(dropout: Any, case: Case) -> Outputs:
    """``Dropout(p_drop)``, alone or within another module, whose mode is set; PyTorch's generator is given back."""
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case["_seed"])
        if "other_p_drop" in case:
            dropout(case["other_p_drop"])
        layer = dropout(case["p_drop"])
        other = dropout(case["other_p_drop"]) if "other_p_drop" in case else None
        model = nn.Sequential(nn.Sequential(nn.Identity(), layer)) if case["_nested"] else layer
        for training in case["_modes"]:
            model(torch.ones(2, 3))
            model.train(training)
        if other is not None:
            other.train(not layer.training)
        x = torch.tensor(case["x"], requires_grad=True)
        torch.manual_seed(case["_seed"])
        out = model(x * 1)  # so that an answer may work in place
        if not isinstance(out, torch.Tensor):
            raise TypeError(f"forward returns one tensor, but {what(out)} came back.")
        found = {"out": out.detach(), "dtype": str(out.dtype)}
        if case["_asks"] == "gradient":
            if out.requires_grad:
                out.backward(torch.tensor(case["upstream"]))
            found["gradient"] = torch.zeros_like(x) if x.grad is None else x.grad
        elif case["_asks"] == "draws":
            found["second"] = model(x * 1)
            torch.manual_seed(case["_seed"])
            found["same seed"] = model(x * 1)
    return found


@lends("dropout_forward")
def _torch_dropout(x: Array, p_drop: float, rng: np.random.Generator, training: bool) -> tuple[Array, Array]:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**63)))
        factors = torch.nn.functional.dropout(torch.ones(x.shape, dtype=torch.float64), p_drop, training).numpy()
    return (x * factors).astype(x.dtype), factors != 0
