"""Cases of the exercises on dropout, by what they are for.

No probability is near a half, where dropping and keeping cannot be told apart. No entry of an input is 0, except
where that is asked about. Shares are counted in arrays of one row: one mask for all rows costs the group
``independent`` alone. Other arrays of draws have so many columns that some entry is kept, whatever a slip does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.checking import rng as generator
from gradus.checking.arguments import Made
from gradus.exercises.dropout import long_row, random_prediction

GROUPS = {
    "independent": "each entry for itself",
    "draws": "draws from the generator",
    "evaluation": "not training",
    "edges": "p_drop of 0 and of 1",
    "zeros": "zeros in the input",
    "dimensions": "one and three dimensions",
    "float32": "float32 input",
    "unchanged": "the caller's array",
    "boolean": "the type of the mask",
    "square": "all sizes equal",
    "all_or_none": "all or none",
    "one_input": "one input",
    "ten_inputs": "ten inputs",
    "large": "large scores",
    "biases": "large biases",
    "shapes": "predictions of any shape",
    "one_sample": "one sample",
    "gradient": "the way back",
    "nested": "inside another module",
    "two_layers": "two layers at once",
    "precision": "the type of the result",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator


def _numbers(rng: Rng, *shape: int) -> Array:
    """Numbers of one digit after the point, none of them 0, of either sign."""
    return rng.choice([-1, 1], size=shape) * rng.integers(2, 30, size=shape) / 10


def _long(rng: Rng, n: int) -> Made:
    return long_row(n=n, seed=int(rng.integers(2**31)))


def _p(rng: Rng, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 3)


# Dropout forwards and backwards


def _forward(rng: Rng, x: Array | Made, p_drop: float, asks: str, training: bool = True) -> Inputs:
    return {"x": x, "p_drop": p_drop, "rng": generator(rng), "training": training, "_asks": asks}


def _forward_cases(rng: Rng, low: float, high: float, few: float, d: int) -> Iterator[Case]:
    """With a low and a high probability of dropping, and a very low one; most sizes grow with d."""

    def case(group: str, name: str, x: Array | Made, p_drop: float, asks: str, training: bool = True) -> Case:
        return Case(group, name, _forward(rng, x, p_drop, asks, training))

    yield case("ordinary", "few dropped", _long(rng, 20000 + d), low, "share")
    yield case("ordinary", "many dropped", _long(rng, 19000 + d), high, "share")
    yield case("exact", "very few dropped", rng.uniform(0.3, 2, size=(3, 31 + d)), few, "factors")
    yield case("exact", "many dropped", rng.uniform(0.3, 2, size=(2, 41 + d)), high, "factors")
    yield case("independent", "a matrix", _numbers(rng, 5, 31 + d), low, "independence")
    yield case("independent", "three dimensions", _numbers(rng, 2, 2, 31 + d), low, "independence")
    yield case("draws", "how many are kept", _numbers(rng, 3, 20), low, "counts")
    yield case("draws", "two calls", _numbers(rng, 3, 31 + d), high, "draws")
    seed = _forward(rng, _numbers(rng, 2, 37 + d), high, "factors")
    yield Case("draws", "the same seed twice", seed, instances=2)
    yield case("evaluation", "few dropped in training", _numbers(rng, 4, 7 + d), low, "values", training=False)
    yield case("evaluation", "many dropped in training", _numbers(rng, 3, 5 + d), high, "values", training=False)
    yield case("edges", "nothing dropped", _numbers(rng, 4, 5 + d), 0.0, "values")
    yield case("edges", "everything dropped", _numbers(rng, 3, 7 + d), 1.0, "values")
    holes = np.where(np.arange(90 + d) % 3 == 0, _numbers(rng, 1, 90 + d), 0.0)
    yield case("zeros", "as after a ReLU", holes, low, "zeros")
    yield case("dimensions", "one", _numbers(rng, 110 + d), high, "share")
    yield case("dimensions", "three", _numbers(rng, 2, 2, 31 + d), low, "factors")
    yield case("float32", "a matrix", _numbers(rng, 3, 43 + d).astype(np.float32), low, "factors")
    yield case("unchanged", "a matrix", _numbers(rng, 2, 31 + d), low, "x")
    yield case("boolean", "a matrix", _numbers(rng, 2, 40 + d), high, "type of mask")
    yield case("boolean", "everything dropped", _numbers(rng, 3, 5 + d), 1.0, "type of mask")
    yield case("edges", "nearly everything dropped", _long(rng, 2000 + d), 0.97, "factors")
    yield case("unchanged", "everything dropped", _numbers(rng, 2, 31 + d), 1.0, "x")
    yield case("boolean", "nothing dropped", _numbers(rng, 3, 5 + d), 0.0, "type of mask")
    yield case("boolean", "not training", _numbers(rng, 3, 6 + d), low, "type of mask", training=False)


@public_cases("dropout_forward")
def forward_public(rng: Rng) -> Iterator[Case]:
    yield from _forward_cases(rng, 0.25, 0.7, 0.1, 0)


@hidden_cases("dropout_forward")
def forward_hidden(rng: Rng) -> Iterator[Case]:
    yield from _forward_cases(rng, _p(rng, 0.2, 0.3), _p(rng, 0.68, 0.74), _p(rng, 0.08, 0.12), int(rng.integers(1, 9)))


def _backward(rng: Rng, shape: Sequence[int], p_drop: float, digits: int = 1) -> Inputs:
    dout = _numbers(rng, *shape) if digits == 1 else rng.uniform(0.3, 2, size=shape)
    return {"dout": dout, "mask": rng.random(shape) >= p_drop, "p_drop": p_drop}


def _backward_cases(rng: Rng, low: float, high: float, d: int) -> Iterator[Case]:
    yield Case("ordinary", "few dropped", _backward(rng, (2, 31 + d), low))
    yield Case("ordinary", "many dropped", _backward(rng, (3, 19 + d), high))
    yield Case("exact", "few dropped", _backward(rng, (2, 29 + d), low, 9))
    yield Case("exact", "many dropped", _backward(rng, (2, 31 + d), high, 9))
    yield Case("edges", "nothing dropped", _backward(rng, (3, 11 + d), 0.0))
    yield Case("edges", "everything dropped", _backward(rng, (5, 9 + d), 1.0))
    few = np.arange(40 + d) % 13 == 5
    yield Case("edges", "nearly everything dropped", {**_backward(rng, (1, 40 + d), 0.97), "mask": few[None]})
    yield Case("dimensions", "one", _backward(rng, (61 + d,), low))
    yield Case("dimensions", "three", _backward(rng, (2, 2, 13 + d), high))
    given = _backward(rng, (2, 37 + d), low)
    yield Case("float32", "a matrix", {**given, "dout": given["dout"].astype(np.float32)})


@public_cases("dropout_backward")
def backward_public(rng: Rng) -> Iterator[Case]:
    yield from _backward_cases(rng, 0.25, 0.6, 0)


@hidden_cases("dropout_backward")
def backward_hidden(rng: Rng) -> Iterator[Case]:
    yield from _backward_cases(rng, _p(rng, 0.2, 0.3), _p(rng, 0.6, 0.7), int(rng.integers(1, 9)))


# Weights


def _weights_cases(rng: Rng, low: float, high: float, d: int) -> Iterator[Case]:
    def given(shape: tuple[int, int], keep_prob: float) -> Inputs:
        return {"W": _numbers(rng, *shape), "keep_prob": keep_prob}

    yield Case("ordinary", "most kept", given((3 + d, 5), high))
    yield Case("ordinary", "few kept", given((5, 2 + d), low))
    yield Case("exact", "most kept", {"W": rng.normal(size=(4, 3 + d)), "keep_prob": high})
    yield Case("all_or_none", "all kept", given((4 + d, 3), 1.0))
    yield Case("square", "three of each", given((3, 3), low))
    single = given((2 + d, 3), high)
    yield Case("float32", "most kept", {**single, "W": single["W"].astype(np.float32)})


@public_cases("scale_weights")
def weights_public(rng: Rng) -> Iterator[Case]:
    yield from _weights_cases(rng, 0.3, 0.8, 0)


@hidden_cases("scale_weights")
def weights_hidden(rng: Rng) -> Iterator[Case]:
    yield from _weights_cases(rng, _p(rng, 0.25, 0.35), _p(rng, 0.75, 0.85), int(rng.integers(1, 6)))


def _dropped_cases(rng: Rng, d: int) -> Iterator[Case]:
    def given(inputs: int, outputs: int, kept: int, digits: int = 1) -> Inputs:
        W = _numbers(rng, inputs, outputs) if digits == 1 else rng.normal(size=(inputs, outputs))
        return {"W": W, "kept": rng.permutation(np.arange(inputs) < kept)}

    yield Case("ordinary", "most kept", given(7 + d, 3, 5))
    yield Case("ordinary", "few kept", given(5 + d, 8 + d, 2))
    yield Case("exact", "most kept", given(6 + d, 4, 4, 9))
    yield Case("square", "four of each", given(4, 4, 3))
    yield Case("square", "five of each", given(5, 5, 2))
    yield Case("all_or_none", "all kept", given(4 + d, 3, 4 + d))
    yield Case("all_or_none", "none kept", given(5 + d, 2, 0))
    yield Case("one_input", "kept", given(1, 3 + d, 1))
    yield Case("one_input", "dropped", given(1, 4 + d, 0))
    single = given(5 + d, 3, 3)
    yield Case("float32", "some kept", {**single, "W": single["W"].astype(np.float32)})


@public_cases("dropped_inputs_as_weights")
def dropped_public(rng: Rng) -> Iterator[Case]:
    yield from _dropped_cases(rng, 0)


@hidden_cases("dropped_inputs_as_weights")
def dropped_hidden(rng: Rng) -> Iterator[Case]:
    yield from _dropped_cases(rng, int(rng.integers(1, 6)))


# Averages of many networks


def _layer(rng: Rng, n: int, inputs: int, classes: int, keep_prob: float, size: float = 0.8) -> Inputs:
    """A batch through a layer with softmax, to two digits; scores are of this size, and biases, too."""
    return {
        "x": (0.5 * _numbers(rng, n, inputs)).round(2),
        "W": (size / np.sqrt(inputs) * rng.normal(size=(inputs, classes))).round(2),
        "b": (0.6 * rng.normal(size=classes)).round(2) + 0.3 * np.arange(classes),
        "keep_prob": keep_prob,
    }


def _large(rng: Rng, n: int, inputs: int, classes: int, keep_prob: float) -> Inputs:
    """Scores up to 28, for any mask."""
    given = _layer(rng, n, inputs, classes, keep_prob)
    most = (np.abs(given["x"]) @ np.abs(given["W"])).max()
    return {**given, "W": (24 / most * given["W"]).round(3), "b": rng.choice([-1, 1], size=classes) * 3.5}


def _average_cases(rng: Rng, low: float, high: float, d: int) -> Iterator[Case]:
    yield Case("ordinary", "three inputs", _layer(rng, 5, 3, 4, high))
    yield Case("ordinary", "five inputs, few kept", _layer(rng, 2 + d, 5, 3, low, 1.5))
    yield Case("ordinary", "four inputs, two classes", _layer(rng, 3, 4, 2, high, 1.5))
    yield Case("exact", "four inputs", _layer(rng, 3 + d, 4, 5, low))
    yield Case("exact", "six inputs", _layer(rng, 2, 6, 3, high))
    yield Case("square", "three of everything", _layer(rng, 3, 3, 3, high))
    yield Case("one_input", "three classes", _layer(rng, 4 + d, 1, 3, low))
    yield Case("ten_inputs", "two examples", _layer(rng, 2, 10, 3, high))
    yield Case("large", "four inputs", _large(rng, 3, 4, 5, high))
    yield Case("large", "six inputs, few kept", _large(rng, 2, 6, 3, low))
    against = np.array([[14.0, -14.0], [-7.0, 7.0], [-7.0, 7.0]])
    x = 2 - rng.random((3, 1)).round(2) / 10 * np.ones(3)
    given = {"x": x, "W": against, "b": np.array([0.5, -0.5]), "keep_prob": high}
    yield Case("large", "inputs against each other", given)
    strong = _layer(rng, 3 + d, 3, 4, low)
    yield Case("biases", "three inputs", {**strong, "b": np.round([1.5, -2.0, 0.5, 2.5] + rng.normal(size=4) / 10, 2)})
    single = _layer(rng, 3, 4, 2 + d, high)
    arrays = {name: single[name].astype(np.float32) for name in ("x", "W", "b")}
    yield Case("float32", "four inputs", {**single, **arrays})


@public_cases("geometric_mean_prediction")
def average_public(rng: Rng) -> Iterator[Case]:
    yield from _average_cases(rng, 0.2, 0.7, 0)


@hidden_cases("geometric_mean_prediction")
def average_hidden(rng: Rng) -> Iterator[Case]:
    yield from _average_cases(rng, _p(rng, 0.15, 0.25), _p(rng, 0.7, 0.8), int(rng.integers(1, 4)))


def _samples_cases(rng: Rng, d: int) -> Iterator[Case]:
    def case(group: str, name: str, shape: list[int], samples: int, asks: str = "values") -> Case:
        x = rng.uniform(0.2, 1, size=(shape[0] if shape else 1, 3)).round(2)
        given = {"forward": random_prediction(shape=shape), "x": x, "rng": generator(rng), "samples": samples}
        return Case(group, name, {**given, "_asks": asks})

    yield case("ordinary", "five predictions", [4 + d, 3], 5)
    yield case("ordinary", "nine predictions", [3, 5 + d], 9)
    yield case("exact", "seven predictions", [2 + d, 5], 7, "digits")
    yield case("draws", "six predictions", [3 + d, 2], 6, "draws")
    yield case("shapes", "one dimension", [5 + d], 4)
    yield case("shapes", "three dimensions", [2, 3, 2 + d], 7)
    yield case("shapes", "one number", [1, 1], 6)
    yield case("one_sample", "one prediction", [3, 2 + d], 1)
    yield case("square", "three predictions", [3, 3], 3)


@public_cases("monte_carlo_prediction")
def samples_public(rng: Rng) -> Iterator[Case]:
    yield from _samples_cases(rng, 0)


@hidden_cases("monte_carlo_prediction")
def samples_hidden(rng: Rng) -> Iterator[Case]:
    yield from _samples_cases(rng, int(rng.integers(1, 5)))


# In PyTorch


def _module_cases(rng: Rng, low: float, high: float, d: int) -> Iterator[Case]:
    def case(
        group: str,
        name: str,
        x: Array | Made,
        p_drop: float,
        asks: str,
        modes: tuple[bool, ...] = (),
        nested: bool = False,
        **more: Any,
    ) -> Case:
        own = {"_asks": asks, "_modes": list(modes), "_nested": nested, "_seed": int(rng.integers(2**31))}
        return Case(group, name, {"x": x, "p_drop": p_drop, **more, **own})

    def single(*shape: int) -> Array:
        return _numbers(rng, *shape).astype(np.float32)

    yield case("ordinary", "few dropped", _long(rng, 20000 + d), low, "share")
    yield case("ordinary", "many dropped", _long(rng, 19000 + d), high, "share")
    yield case("exact", "few dropped", rng.uniform(0.3, 2, size=(2, 41 + d)), low, "factors")
    yield case("independent", "a matrix", single(5, 31 + d), low, "independence")
    yield case("independent", "images", single(2, 2, 2, 17 + d), low, "independence")
    yield case("draws", "two calls, and the same seed", single(3, 31 + d), high, "draws")
    yield case("evaluation", "after eval()", single(4, 5 + d), low, "values", (False,))
    yield case("evaluation", "after eval(), many dropped in training", single(3, 7 + d), high, "values", (False,))
    yield case("evaluation", "eval(), then train()", single(2, 41 + d), low, "factors", (False, True))
    yield case("nested", "eval() of what is around it", single(3, 5 + d), high, "values", (False,), True)
    yield case("nested", "train() of what is around it", single(2, 43 + d), low, "factors", (False, True), True)
    yield case("edges", "nothing dropped", single(4, 5 + d), 0.0, "values")
    yield case("edges", "everything dropped", single(3, 7 + d), 1.0, "values")
    for name, p_drop in (("few dropped", low), ("many dropped", high)):
        x = single(2, 37 + d)
        upstream = _numbers(rng, *x.shape).astype(np.float32)
        yield case("gradient", name, x, p_drop, "gradient", upstream=upstream)
    for name, p_drop, modes in (("after eval()", high, (False,)), ("everything dropped", 1.0, ())):
        x = single(2, 37 + d)
        yield case("gradient", name, x, p_drop, "gradient", modes, upstream=_numbers(rng, *x.shape).astype(np.float32))
    yield case("two_layers", "the second drops more", single(2, 37 + d), low, "factors", other_p_drop=high)
    yield case("two_layers", "the second drops less", single(2, 31 + d), high, "factors", other_p_drop=low)
    yield case("precision", "float32", single(2, 3), low, "dtype")
    yield case("precision", "float64", _numbers(rng, 3, 2), low, "dtype")
    yield case("precision", "float64, everything dropped", _numbers(rng, 3, 2), 1.0, "dtype")
    yield case("precision", "float64, after eval()", _numbers(rng, 3, 2), low, "dtype", (False,))


@public_cases("Dropout")
def module_public(rng: Rng) -> Iterator[Case]:
    yield from _module_cases(rng, 0.25, 0.7, 0)


@hidden_cases("Dropout")
def module_hidden(rng: Rng) -> Iterator[Case]:
    yield from _module_cases(rng, _p(rng, 0.2, 0.3), _p(rng, 0.68, 0.74), int(rng.integers(1, 9)))
