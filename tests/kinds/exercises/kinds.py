"""One tiny exercise of every kind, and two that combine kinds: the mould, tested without any notebook of the course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradus.checking import (
    FUNCTION,
    RANDOM,
    REFUSAL,
    STATE,
    TORCH,
    Facts,
    Law,
    Property,
    Value,
    exercise,
    family,
    repair,
    serves,
)
from gradus.checking.pictures import Line, PathPicture
from gradus.exercises.kit import attempt, number, results, share, updated

Case = dict[str, Any]
Outputs = dict[str, Any]


@exercise(
    "center",
    properties=(Property("the centred numbers sum to 0", lambda case, out: abs(np.sum(out["centred"])) < 1e-6),),
)
def drive_center(center: Any, case: Case) -> Outputs:
    """``center(x) -> (centred, mean)``."""
    found = results(center(case["x"]), "centred", "mean", of="center")
    return {**found, "mean": number(found["mean"])}


repair("repaired_center", of="center")


def draw_path(case: Any, expected: list[Outputs], got: list[Outputs]) -> PathPicture:
    """Where the first two numbers of a went, beside where they should have gone."""
    start = np.ravel(case["params"]["a"])[:2]
    paths = [[start, *(np.ravel(outputs["params.a"])[:2] for outputs in steps)] for steps in (expected, got)]
    wrong = [not np.allclose(one, other) for one, other in zip(*paths, strict=False)]
    lines = (
        Line.of("expected", "expected", paths[0]),
        Line.of("yours", "got", paths[1], wrong.index(True) if any(wrong) else None),
    )
    return PathPicture("The way of a", lines, "a[0]", "a[1]")


@exercise("Descent", kinds=STATE, may_change=("params",), picture=draw_path)
def drive_descent(descent: Any, case: Case) -> Iterator[Outputs]:
    """``Descent(lr, memory)``, then ``step(params, grads)`` several times; ``lr`` may change between steps."""
    made, params = descent(case["lr"], case["memory"]), case["params"]
    for step in case["steps"]:
        made.lr = step.get("lr", made.lr)
        params = updated(made.step(params, step["grads"]), params)
        yield {"params": params}


FALSE_REJECT = 1e-8


def measure_coins(case: Any, outputs: Outputs) -> Facts:
    """Four statistics and a law, each with a quarter of the probability of rejecting a right answer."""
    first, second = (np.asarray(outputs[name]) for name in ("first", "second"))
    yield Law("flags", bool(np.isin(first, (0, 1)).all()), "The mask holds something besides True and False.")
    each = FALSE_REJECT / 3
    says = "{got} of the flags are True, {expected} expected."
    yield share("share kept", first == 1, case["keep"], each, says)
    apart = 2 * case["keep"] * (1 - case["keep"])
    differ = "Two masks from one generator differ in {got} of their places, {expected} expected."
    yield share("difference of two draws", first != second, apart, each, differ)
    rows = "Neighbouring rows differ in {got} of their places, {expected} expected: every place draws for itself."
    yield share("difference of rows", first[::2] != first[1::2], apart, each, rows)


@exercise("coins", kinds=RANDOM, measure=measure_coins, false_reject=FALSE_REJECT)
def drive_coins(coins: Any, case: Case) -> Outputs:
    """``coins(shape, keep, rng) -> mask``, twice with the same generator."""
    return {name: coins(tuple(case["shape"]), case["keep"], case["rng"]) for name in ("first", "second")}


@exercise("root", kinds=REFUSAL)
def drive_root(root: Any, case: Case) -> Outputs:
    """``root(x) -> square root``; a negative number is refused with a ``ValueError``."""
    return {"root": root(case["x"])}


@family("polynomial", words=lambda coefficients: " + ".join(f"{a:g}·x^{i}" for i, a in enumerate(coefficients)))
def polynomial(coefficients: Any) -> Any:
    """A polynomial, lowest power first."""
    return lambda x: sum(a * x**i for i, a in enumerate(coefficients))


@exercise("slope", kinds=FUNCTION)
def drive_slope(slope: Any, case: Case) -> Outputs:
    """``slope(f, x, h) -> central difference``."""
    return {"slope": number(slope(case["f"], case["x"], case["h"]))}


@serves("batch mean", words="a mean over at most a few rows", most_calls=50)
def batch_mean(weights: Any, most_rows: int) -> Any:
    """The mean of ``x @ weights`` over the rows of x, of which there may be only so many."""

    def mean(x: Any) -> float:
        if len(x) > most_rows:
            raise ValueError(f"f was given {len(x)} rows and takes at most {most_rows}")
        return float(np.mean(np.asarray(x) @ np.asarray(weights)))

    return mean


def measure_pieces(case: Any, outputs: Outputs) -> Facts:
    """The mean, and that every row was seen exactly once."""
    seen = sum(len(call.arguments[0]) for call in case["f"])
    total = len(case["x"])
    yield Law("rows", seen == total, f"f saw {seen} rows; there are {total}.")
    yield Value("mean", outputs["mean"])


@exercise("by_pieces", kinds=FUNCTION, measure=measure_pieces)
def drive_by_pieces(by_pieces: Any, case: Case) -> Outputs:
    """``by_pieces(f, x, most_rows) -> mean`` over all rows of x, though f takes only so many."""
    return {"mean": number(by_pieces(case["f"], case["x"], case["most_rows"]))}


@family("linear layer", words="an nn.Linear")
def linear_layer(weight: Any, bias: Any) -> Any:
    """A linear layer with these parameters."""
    import torch

    made = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.as_tensor(weight).dtype)
    made.load_state_dict({"weight": torch.as_tensor(weight), "bias": torch.as_tensor(bias)})
    return made


@exercise("weight_norm", kinds=TORCH)
def drive_weight_norm(weight_norm: Any, case: Case) -> Outputs:
    """``weight_norm(layer) -> scalar tensor``."""
    return {"norm": weight_norm(case["layer"])}


@exercise("Meter", kinds=(TORCH, STATE, REFUSAL))
def drive_meter(meter: Any, case: Case) -> Iterator[Outputs]:
    """``Meter()``, then ``add(x)`` several times: the mean of all batches; an empty batch is a ``ValueError``."""
    import torch

    made = meter()
    for step in case["steps"]:
        x = torch.as_tensor(step["x"])
        yield {"mean": attempt(lambda x=x: made.add(x)), "count": made.count}


@serves(
    "noisy",
    words="a function that draws from rng",
    most_calls=500,
    prepare=lambda x, rng: [x, float(rng.random())],
)
def noisy(scale: float) -> Any:
    """``x`` plus a draw."""
    return lambda x, draw: np.asarray(x) + scale * (draw - 0.5)


def measure_average(case: Any, outputs: Outputs) -> Facts:
    """Judged by exactly what the function returned."""
    values = [call.value for call in case["f"]]
    often = f"f was called {len(values)} times, {case['samples']} expected."
    yield Law("calls", len(values) == case["samples"], often, found=len(values))
    different = len({call.arguments[1] for call in case["f"]})
    says = "Some calls saw the same draw: the generator was made anew between them."
    yield Law("fresh draws", different == len(values), says, found=different)
    right = np.mean(values, axis=0) if values else np.zeros(np.shape(case["x"]))
    close = np.shape(outputs["mean"]) == right.shape and bool(np.allclose(outputs["mean"], right, rtol=1e-7, atol=1e-9))
    yield Law("mean", close, "The result is not the mean of what f returned.")


@exercise("average", kinds=(RANDOM, FUNCTION), measure=measure_average, false_reject=1e-12)
def drive_average(average: Any, case: Case) -> Outputs:
    """``average(f, x, rng, samples) -> mean`` of as many calls of ``f(x, rng)``."""
    return {"mean": average(case["f"], case["x"], case["rng"], case["samples"])}
