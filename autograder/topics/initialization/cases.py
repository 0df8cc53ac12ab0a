"""Cases of the exercises on initialization, by what they are for.

Spreads stay within a factor of ten of each other in every case, since outside ``exact`` numbers count to a thousandth
of the largest: weights have deviations around 1/√fan-in there. Sizes differ from layer to layer and from the batch, so
that a transposed matrix raises an error, except in the group ``square``. Random weights have some 7,000 numbers, wide
to narrow and narrow to wide, with one fan more than twice the other: fan-in, fan-out and their sum are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.checking import rng as generator
from gradus.exercises.initialization import activation, module, slope

GROUPS = {
    "scales": "very small and very large numbers",
    "one_input": "one input",
    "one_layer": "a single layer",
    "square": "layers of one size",
    "deep": "many layers",
    "one_example": "one example",
    "float32": "float32 input",
    "distribution": "the shape of the distribution",
    "draws": "draws from the generator",
    "biases": "the biases",
    "convolutions": "convolutions",
    "nested": "layers at any depth",
    "others": "everything else",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator


def _layer(fan_in: int, weight_variance: float, input_second_moment: float) -> Inputs:
    return {
        "fan_in": fan_in,
        "weight_variance": weight_variance,
        "input_second_moment": input_second_moment,
    }


@public_cases("preactivation_variance")
def variance_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "64 inputs", _layer(64, 0.25, 0.5))
    yield Case("ordinary", "7 inputs", _layer(7, 3.0, 1.7))
    yield Case("exact", "100 inputs", _layer(100, 0.0123, 2.3456))
    yield Case("one_input", "one input", _layer(1, 0.3, 1.9))
    yield Case("scales", "small weights", _layer(300, 1e-12, 0.7))
    yield Case("scales", "large inputs", _layer(50, 0.02, 1e12))
    yield Case("scales", "no input at all", _layer(12, 0.4, 0.0))


@hidden_cases("preactivation_variance")
def variance_hidden(rng: Rng) -> Iterator[Case]:
    for name, most in (("some inputs", 20), ("more inputs", 900)):
        given = _layer(int(rng.integers(5, most)), float(rng.uniform(0.1, 0.4)), float(rng.uniform(2, 4)))
        yield Case("ordinary", name, given)
    yield Case(
        "exact", "some inputs", _layer(int(rng.integers(5, 90)), float(rng.uniform(0.1, 0.4)), rng.uniform(2, 4))
    )
    yield Case("one_input", "one input", _layer(1, float(rng.uniform(0.1, 0.4)), float(rng.uniform(2, 4))))
    yield Case("scales", "small weights", _layer(int(rng.integers(5, 90)), 1e-12, float(rng.uniform(2, 4))))
    yield Case("scales", "large inputs", _layer(int(rng.integers(5, 90)), float(rng.uniform(0.1, 0.4)), 1e12))
    yield Case("scales", "no input at all", _layer(int(rng.integers(5, 90)), float(rng.uniform(0.1, 0.4)), 0.0))


# Spreads through a network


def _network(rng: Rng, name: str, n: int, sizes: list[int], gain: float = 1.5) -> Inputs:
    """A batch through layers of these sizes, the inputs first; gradients at the end around 0.3."""
    weights = [gain / np.sqrt(a) * rng.normal(size=(a, b)) for a, b in pairwise(sizes)]
    return {
        "x": 0.4 + rng.normal(size=(n, sizes[0])),
        "weights": weights,
        "activation": activation(name=name),
        "activation_derivative": slope(name=name),
        "d_output": 0.3 + rng.uniform(-1, 1, size=(n, sizes[-1])) * np.arange(1, n + 1)[:, None] / n,
    }


def _rounded(given: Inputs) -> Inputs:
    """To two digits, which a learner can copy."""
    arrays = {name: given[name].round(2) for name in ("x", "d_output")}
    return {**given, **arrays, "weights": [W.round(2) for W in given["weights"]]}


def _scaled(given: Inputs, x: float, d_output: float) -> Inputs:
    return {**given, "x": x * given["x"], "d_output": d_output * given["d_output"]}


def _in_float32(given: Inputs) -> Inputs:
    arrays = {name: given[name].astype(np.float32) for name in ("x", "d_output")}
    return {**given, **arrays, "weights": [W.astype(np.float32) for W in given["weights"]]}


FORWARDS = ("x", "weights", "activation")


def _forwards(cases: Iterator[Case]) -> Iterator[Case]:
    """The same cases, without what belongs to the way back."""
    for case in cases:
        yield Case(case.group, case.name, {name: case.inputs[name] for name in FORWARDS})


def _networks_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "tanh, three layers", _rounded(_network(rng, "tanh", 3, [2, 4, 5, 6])))
    yield Case("ordinary", "leaky ReLU, two layers", _rounded(_network(rng, "leaky ReLU", 5, [3, 4, 2])))
    yield Case("ordinary", "sigmoid, two layers", _rounded(_network(rng, "sigmoid", 4, [5, 3, 2], 2.5)))
    yield Case("exact", "softplus, two layers", _rounded(_network(rng, "softplus", 3, [4, 5, 2])))
    yield Case("one_layer", "tanh", _rounded(_network(rng, "tanh", 4, [3, 5])))
    yield Case("square", "three layers of three, three examples", _rounded(_network(rng, "tanh", 3, [3, 3, 3, 3])))
    yield Case("deep", "ten layers", _rounded(_network(rng, "leaky ReLU", 3, [2, 4] * 5 + [3], 1.7)))
    yield Case("scales", "tiny inputs and gradients", _scaled(_network(rng, "tanh", 3, [2, 4, 5]), 1e-6, 1e-6))
    yield Case("scales", "huge inputs and gradients", _scaled(_network(rng, "ReLU", 3, [4, 7, 9]), 1e6, 1e6))
    yield Case("one_example", "tanh, two layers", _rounded(_network(rng, "tanh", 1, [3, 5, 4])))
    yield Case("float32", "tanh, two layers", _in_float32(_rounded(_network(rng, "tanh", 5, [3, 4, 2]))))


def _networks_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "tanh, four layers", _network(rng, "tanh", 7, [5, 9, 8, 6, 3]))
    yield Case("ordinary", "leaky ReLU, three layers", _network(rng, "leaky ReLU", 11, [7, 5, 9, 4]))
    yield Case("ordinary", "sigmoid, three layers", _network(rng, "sigmoid", 5, [13, 7, 6, 9], 2.5))
    yield Case("exact", "softplus, three layers", _network(rng, "softplus", 7, [5, 8, 9, 3]))
    yield Case("one_layer", "tanh", _network(rng, "tanh", 9, [5, 7]))
    yield Case("square", "four layers of five, five examples", _network(rng, "tanh", 5, [5] * 5))
    yield Case("deep", "fifteen layers", _network(rng, "leaky ReLU", 7, [5, 9, 6] * 5 + [8], 1.4))
    yield Case("scales", "tiny inputs and gradients", _scaled(_network(rng, "tanh", 5, [7, 9, 6]), 1e-6, 1e-6))
    yield Case("scales", "huge inputs and gradients", _scaled(_network(rng, "ReLU", 5, [7, 13, 11]), 1e6, 1e6))
    yield Case("one_example", "tanh, three layers", _network(rng, "tanh", 1, [5, 9, 7, 6]))
    yield Case("float32", "tanh, three layers", _in_float32(_network(rng, "tanh", 7, [5, 8, 6, 4])))


@public_cases("activation_spread")
def activation_public(rng: Rng) -> Iterator[Case]:
    yield from _forwards(_networks_public(rng))


@hidden_cases("activation_spread")
def activation_hidden(rng: Rng) -> Iterator[Case]:
    yield from _forwards(_networks_hidden(rng))


@public_cases("gradient_spread")
def gradient_public(rng: Rng) -> Iterator[Case]:
    yield from _networks_public(rng)


@hidden_cases("gradient_spread")
def gradient_hidden(rng: Rng) -> Iterator[Case]:
    yield from _networks_hidden(rng)


# Random weights

ASKED = {"ordinary": "size", "distribution": "shape", "biases": "biases", "draws": "draws"}
"""What the cases of a group look at."""


def _fans(rng: Rng, group: str, fan_in: int, fan_out: int, instances: int = 1) -> Case:
    name = f"fan-in {fan_in}, fan-out {fan_out}" + (", the same seed twice" if instances > 1 else "")
    given = {"fan_in": fan_in, "fan_out": fan_out, "rng": generator(rng), "_asks": ASKED[group]}
    return Case(group, name, given, instances=instances)


@public_cases("xavier_uniform")
@public_cases("kaiming_normal")
def weights_public(rng: Rng) -> Iterator[Case]:
    yield _fans(rng, "ordinary", 130, 52)
    yield _fans(rng, "ordinary", 54, 125)
    yield _fans(rng, "distribution", 90, 80)
    yield _fans(rng, "draws", 63, 51)
    yield _fans(rng, "draws", 50, 70, instances=2)


@hidden_cases("xavier_uniform")
@hidden_cases("kaiming_normal")
def weights_hidden(rng: Rng) -> Iterator[Case]:
    small, large = (iter(rng.permutation(np.arange(*ends)).tolist()) for ends in ((50, 60), (125, 140)))
    yield _fans(rng, "ordinary", next(large), next(small))
    yield _fans(rng, "ordinary", next(small), next(large))
    yield _fans(rng, "distribution", int(rng.integers(90, 95)), int(rng.integers(80, 85)))
    yield _fans(rng, "draws", int(rng.integers(65, 70)), next(small))
    yield _fans(rng, "draws", next(small), int(rng.integers(70, 75)), instances=2)


@public_cases("kaiming_uniform")
def weights_and_biases_public(rng: Rng) -> Iterator[Case]:
    yield from weights_public(rng)
    yield _fans(rng, "biases", 57, 500)
    yield _fans(rng, "biases", 97, 310)


@hidden_cases("kaiming_uniform")
def weights_and_biases_hidden(rng: Rng) -> Iterator[Case]:
    yield from weights_hidden(rng)
    yield _fans(rng, "biases", int(rng.integers(60, 65)), int(rng.integers(490, 510)))
    yield _fans(rng, "biases", int(rng.integers(95, 100)), int(rng.integers(310, 320)))


# Modules


def _models(rng: Rng, d: int) -> Iterator[Case]:
    """Models of linear layers and convolutions; most sizes grow with d."""

    def case(group: str, name: str, asks: str, *layers: list[Any]) -> Case:
        return Case(
            group, name, {"model": module(layers=list(layers)), "_asks": asks, "_seed": int(rng.integers(2**31))}
        )

    yield case("ordinary", "a linear layer, wide to narrow", "size", ["0", "Linear", 130 + d, 52 + d])
    yield case("ordinary", "a linear layer, narrow to wide", "size", ["0", "Linear", 54 + d, 125 + d])
    plain = ["0", "Linear", 91 + d, 70 + d], ["1", "ReLU"], ["2", "Linear", 70 + d, 83 + d]
    yield case("ordinary", "two linear layers", "size", *plain)
    twins = ["0", "Linear", 90 + d, 90 + d], ["1", "Tanh"], ["2", "Linear", 90 + d, 90 + d]
    yield case("distribution", "two linear layers of the same size", "shape", *twins)
    images = ["0", "Conv2d", 14 + d, 60 + d, 3], ["1", "ReLU"], ["2", "Conv2d", 60 + d, 17 + d, [3, 2]]
    yield case("convolutions", "two convolutions", "size", *images)
    grouped = ["0", "Conv2d", 48, 60, 3, {"groups": 4 if d % 2 else 3, "padding": 1}]
    yield case("convolutions", "a grouped convolution", "size", grouped)
    inside = ["0.0", "Linear", 101 + d, 61 + d], ["0.1", "ReLU"], ["block.0", "Linear", 61 + d, 95 + d]
    yield case("nested", "two levels", "size", *inside)
    deep = ["first", "Linear", 75, 101 + d], ["block.0.block.1", "Linear", 101 + d, 72]
    yield case("nested", "four levels", "size", *deep)
    yield case("nested", "a layer that is the model itself", "size", ["", "Linear", 110 + d, 60 + d])
    yield case("nested", "a class that is derived from nn.Linear", "size", ["0", "Head", 105 + d, 63 + d])
    last = ["2", "Linear", 7 + d, 5]
    without = ["0", "Linear", 9 + d, 13], ["1", "Linear", 13, 7 + d, {"bias": False}], last
    yield case("biases", "a linear layer without", "biases", *without)
    maps = ["0", "Conv2d", 3, 8 + d, 3, {"bias": False}], ["1", "Conv2d", 8 + d, 5, 3]
    yield case("biases", "a convolution without", "biases", *maps)
    normalized = ["0", "Conv2d", 3, 5 + d, 3], ["1", "BatchNorm2d", 5 + d], ["2", "GroupNorm", 1, 5 + d]
    yield case("others", "normalization", "others", *normalized)
    words = ["0", "Embedding", 11, 6 + d], ["1", "Conv1d", 6 + d, 3, 2], ["2", "LayerNorm", 7], ["block.0", "PReLU"]
    yield case("others", "words, and parameters of its own", "others", *words, ["block.1", "Linear", 7, 2])


@public_cases("initialize")
def initialize_public(rng: Rng) -> Iterator[Case]:
    yield from _models(rng, 0)


@hidden_cases("initialize")
def initialize_hidden(rng: Rng) -> Iterator[Case]:
    yield from _models(rng, int(rng.integers(1, 12)))
