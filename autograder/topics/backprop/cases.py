"""Cases of the exercises on backpropagation, by what they are for.

Every fault should cost one group. Therefore what is ordinary is as plain as can be: vectors for ``numerical_gradient``,
with a step so small that a forward difference and the derivative itself are the same to a thousandth; gradients that
start at zero for ``add`` and ``multiply``; graphs without a node that is used twice for ``backward``, among them one
whose loss has the shape (1, 1). Sizes are all different, so that a wrong axis or a transposed matrix shows in the
shape, except in one group, where they are equal and it shows in the numbers alone. The last digits are asked for where
steps are large, because there they tell one formula from another, and rounding does not blur them. Whether x is put
back is asked with a large step, and nothing else there. ``matmul`` and ``relu`` earn one point, which two groups share:
gradients from before are ordinary there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.checking import Made
from gradus.exercises.backprop import cubic, waves

GROUPS = {
    "shapes": "other shapes",
    "types": "integers and float32",
    "unchanged": "x afterwards",
    "square": "all sizes equal",
    "one_example": "one example",
    "one_output": "one output",
    "float32": "float32 input",
    "sizes": "tiny, huge and float32 numbers",
    "saturated": "saturated units",
    "broadcast": "operands that are broadcast",
    "accumulated": "gradients that add up",
    "shared": "nodes that are used more than once",
    "again": "leaves that hold a gradient already",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator
Edges = Sequence[tuple[str, str, Any]]


def _some(rng: Rng, *shape: int) -> Array:
    """Numbers around 1, of both signs."""
    return np.asarray(rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.3, 1.5, size=shape))


# numerical_gradient


def _cubic(rng: Rng, *shape: int) -> Made:
    n = int(np.prod(shape))
    return cubic(shape=list(shape), linear=_some(rng, n), crossed=_some(rng, n, n), cubes=_some(rng, n))


def _waves(rng: Rng, *shape: int, largest: float = 1.0) -> Made:
    """For numbers up to ``largest``."""
    n = int(np.prod(shape))
    growth = _some(rng, n) / (2 * n * largest)
    return waves(shape=list(shape), heights=_some(rng, 2), waves=_some(rng, 2, n), growth=growth)


def _differentiated(group: str, name: str, f: Made, x: Any, **more: Any) -> Case:
    return Case(group, name, {"f": f, "x": np.asarray(x), **more})


@public_cases("numerical_gradient")
def numerical_public(rng: Rng) -> Iterator[Case]:
    yield _differentiated("ordinary", "three numbers", _cubic(rng, 3), _some(rng, 3).round(1))
    yield _differentiated("ordinary", "two numbers, h = 1e-4", _waves(rng, 2), _some(rng, 2).round(1), h=1e-4)
    yield _differentiated("exact", "h = 0.01", _cubic(rng, 3), _some(rng, 3).round(1), h=1e-2)
    yield _differentiated("exact", "h = 0.1", _waves(rng, 2), _some(rng, 2).round(1), h=0.1)
    thousands = np.array([998.5, -1000.25])
    yield _differentiated("exact", "around 1000, h = 0.1", _waves(rng, 2, largest=1000), thousands, h=0.1)
    yield from _other_shapes(rng, (2, 3), (2, 2))
    yield from _other_types(rng, np.array([3, -2, 0]), np.array([41.5, -72.25], np.float32))
    yield _differentiated("unchanged", "h = 0.25", _waves(rng, 2), _some(rng, 2).round(1), h=0.25, _after=True)


@hidden_cases("numerical_gradient")
def numerical_hidden(rng: Rng) -> Iterator[Case]:
    yield _differentiated("ordinary", "five numbers", _cubic(rng, 5), _some(rng, 5))
    yield _differentiated("ordinary", "seven numbers", _waves(rng, 7), _some(rng, 7))
    yield _differentiated("ordinary", "three numbers, h = 1e-4", _cubic(rng, 3), _some(rng, 3), h=1e-4)
    for f, name in ((_cubic(rng, 5), "a polynomial"), (_waves(rng, 5), "waves")):
        for h in (1e-2, 0.1, 0.3):
            yield _differentiated("exact", f"{name}, h = {h}", f, _some(rng, 5), h=h)
    large = 1000 * rng.choice([-1.0, 1.0], size=5) + _some(rng, 5)
    yield _differentiated("exact", "around 1000, h = 0.1", _waves(rng, 5, largest=1000), large, h=0.1)
    yield from _other_shapes(rng, (3, 5), (2, 1, 3), (1, 5), (5, 1), (3, 3))
    whole = np.array([4, -3, 0, 1, 2]) + rng.integers(-1, 2, size=5) * [1, 1, 0, 1, 1]
    eighths = rng.choice([-1, 1], size=5) * rng.integers(8 * 33, 8 * 95, size=5) / 8
    yield from _other_types(rng, whole, eighths.astype(np.float32))
    for f, name in ((_cubic(rng, 5), "a polynomial"), (_waves(rng, 5), "waves")):
        yield _differentiated("unchanged", f"{name}, h = 0.25", f, _some(rng, 5), h=0.25, _after=True)


def _other_shapes(rng: Rng, *shapes: tuple[int, ...]) -> Iterator[Case]:
    yield _differentiated("shapes", "shape ()", _cubic(rng), _some(rng))
    yield _differentiated("shapes", "shape (1,)", _waves(rng, 1), _some(rng, 1))
    for shape in shapes:
        yield _differentiated("shapes", f"shape {shape}", _waves(rng, *shape), _some(rng, *shape))


def _other_types(rng: Rng, whole: Array, narrow: Array) -> Iterator[Case]:
    yield _differentiated("types", "integers", _cubic(rng, len(whole)), whole)
    yield _differentiated("types", "one integer", _cubic(rng, 1), np.array([2]))
    yield _differentiated("types", "float32, up to 100", _waves(rng, len(narrow), largest=100), narrow)


# linear_backward


def _layer(rng: Rng, n: int, n_in: int, n_out: int) -> Inputs:
    return {"dz": _some(rng, n, n_out), "x": _some(rng, n, n_in), "W": _some(rng, n_in, n_out)}


def _narrow(inputs: Any) -> Any:
    """The same inputs in float32."""
    if isinstance(inputs, dict):
        return {name: _narrow(value) for name, value in inputs.items()}
    return inputs.astype(np.float32)


@public_cases("linear_backward")
def linear_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "four examples, 3 inputs, 2 outputs", _layer(rng, 4, 3, 2))
    yield Case("exact", "four examples, 2 inputs, 3 outputs", _layer(rng, 4, 2, 3))
    yield Case("square", "two of everything", _layer(rng, 2, 2, 2))
    yield Case("one_example", "2 inputs, 3 outputs", _layer(rng, 1, 2, 3))
    yield Case("one_output", "three examples, 2 inputs", _layer(rng, 3, 2, 1))
    yield Case("float32", "three examples, 4 inputs, 2 outputs", _narrow(_layer(rng, 3, 4, 2)))


@hidden_cases("linear_backward")
def linear_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven examples, 5 inputs, 3 outputs", _layer(rng, 7, 5, 3))
    yield Case("ordinary", "three examples, 7 inputs, 5 outputs", _layer(rng, 3, 7, 5))
    yield Case("ordinary", "five examples, 3 inputs, 11 outputs", _layer(rng, 5, 3, 11))
    yield Case("exact", "five examples, 7 inputs, 3 outputs", _layer(rng, 5, 7, 3))
    yield Case("exact", "nine examples, 3 inputs, 5 outputs", _layer(rng, 9, 3, 5))
    yield Case("square", "five of everything", _layer(rng, 5, 5, 5))
    yield Case("square", "two of everything", _layer(rng, 2, 2, 2))
    yield Case("one_example", "5 inputs, 3 outputs", _layer(rng, 1, 5, 3))
    yield Case("one_example", "3 inputs, 7 outputs", _layer(rng, 1, 3, 7))
    yield Case("one_output", "seven examples, 3 inputs", _layer(rng, 7, 3, 1))
    yield Case("one_output", "three examples, 5 inputs", _layer(rng, 3, 5, 1))
    yield Case("float32", "seven examples, 3 inputs, 5 outputs", _narrow(_layer(rng, 7, 3, 5)))


# relu_backward and tanh_backward


def _rectified(group: str, name: str, da: Array, z: Array) -> Case:
    return Case(group, name, {"da": da, "z": z})


def _of_both_signs(rng: Rng, magnitudes: Array) -> Array:
    """Every number twice, with each sign once, in any order."""
    return rng.permutation(np.concatenate([magnitudes, -magnitudes]))


def _shaped(rng: Rng, n: int) -> Array:
    """Numbers of both signs around 0.5 and 1.25, so that no threshold but 0 will do."""
    return _of_both_signs(rng, np.where(np.arange(n) % 2, 1.25, 0.5) + rng.uniform(-0.2, 0.2, size=n))


@public_cases("relu_backward")
def relu_public(rng: Rng) -> Iterator[Case]:
    yield _rectified("ordinary", "2 by 4", _some(rng, 2, 4), _shaped(rng, 4).reshape(2, 4))
    yield _rectified("exact", "2 by 3", _some(rng, 2, 3), _shaped(rng, 3).reshape(2, 3))
    yield _rectified("shapes", "one vector", _some(rng, 6), _shaped(rng, 3))
    yield _rectified("shapes", "shape (2, 2, 2)", _some(rng, 2, 2, 2), _shaped(rng, 4).reshape(2, 2, 2))
    yield _rectified("shapes", "one number", np.array(0.75), np.array(-0.5))
    tiny, huge = np.array([1e-30, 1e-7]), np.array([1e3, 1e30])
    yield _rectified("sizes", "tiny", _some(rng, 2, 2), _of_both_signs(rng, tiny).reshape(2, 2))
    yield _rectified("sizes", "huge", _some(rng, 2, 2), _of_both_signs(rng, huge).reshape(2, 2))
    yield _rectified("sizes", "float32", *map(_narrow, (_some(rng, 2, 4), _shaped(rng, 4).reshape(2, 4))))


@hidden_cases("relu_backward")
def relu_hidden(rng: Rng) -> Iterator[Case]:
    yield _rectified("ordinary", "7 by 4", _some(rng, 7, 4), _shaped(rng, 14).reshape(7, 4))
    yield _rectified("ordinary", "2 by 9", _some(rng, 2, 9), _shaped(rng, 9).reshape(2, 9))
    yield _rectified("exact", "5 by 6", _some(rng, 5, 6), _shaped(rng, 15).reshape(5, 6))
    yield _rectified("shapes", "one vector", _some(rng, 14), _shaped(rng, 7))
    yield _rectified("shapes", "shape (3, 2, 5)", _some(rng, 3, 2, 5), _shaped(rng, 15).reshape(3, 2, 5))
    yield _rectified("shapes", "4 by 4", _some(rng, 4, 4), _shaped(rng, 8).reshape(4, 4))
    for z in (-0.5, 0.75):
        yield _rectified("shapes", f"one number, z = {z}", _some(rng), np.array(z))
    tiny = 10.0 ** -rng.permutation([30, 25, 20, 15, 12, 9, 7, 5]) * rng.uniform(1, 3)
    yield _rectified("sizes", "tiny", _some(rng, 4, 4), _of_both_signs(rng, tiny).reshape(4, 4))
    huge = 10.0 ** rng.permutation([30, 20, 15, 9, 6, 5, 3, 2]) * rng.uniform(1, 3)
    yield _rectified("sizes", "huge", _some(rng, 4, 4), _of_both_signs(rng, huge).reshape(4, 4))
    yield _rectified("sizes", "float32", *map(_narrow, (_some(rng, 3, 4), _shaped(rng, 6).reshape(3, 4))))


def _activation(rng: Rng, *shape: int) -> Array:
    return np.asarray(np.tanh(_some(rng, *shape)))


def _saturated(rng: Rng, *shape: int) -> Array:
    """Activations that are nearly 1 or -1, as float32 can hold them."""
    return rng.choice([-1, 1], size=shape) * (1 - rng.integers(1, 9, size=shape) / 4096)


def _squashed(group: str, name: str, da: Array, a: Array) -> Case:
    return Case(group, name, {"da": da, "a": a})


@public_cases("tanh_backward")
def tanh_public(rng: Rng) -> Iterator[Case]:
    yield _squashed("ordinary", "2 by 3", _some(rng, 2, 3), _activation(rng, 2, 3))
    yield _squashed("exact", "3 by 2", _some(rng, 3, 2), _activation(rng, 3, 2))
    yield _squashed("shapes", "one vector", _some(rng, 5), _activation(rng, 5))
    yield _squashed("shapes", "shape (2, 2, 2)", _some(rng, 2, 2, 2), _activation(rng, 2, 2, 2))
    yield _squashed("shapes", "2 by 2", _some(rng, 2, 2), _activation(rng, 2, 2))
    yield _squashed("shapes", "one number", np.array(-0.75), np.array(0.5))
    yield _squashed("shapes", "float32", *map(_narrow, (_some(rng, 2, 3), _activation(rng, 2, 3))))
    yield _squashed("saturated", "within a 500th of 1 and -1", _some(rng, 2, 3), _saturated(rng, 2, 3))


@hidden_cases("tanh_backward")
def tanh_hidden(rng: Rng) -> Iterator[Case]:
    yield _squashed("ordinary", "7 by 5", _some(rng, 7, 5), _activation(rng, 7, 5))
    yield _squashed("ordinary", "3 by 11", _some(rng, 3, 11), _activation(rng, 3, 11))
    yield _squashed("exact", "5 by 7", _some(rng, 5, 7), _activation(rng, 5, 7))
    yield _squashed("shapes", "one vector", _some(rng, 9), _activation(rng, 9))
    yield _squashed("shapes", "shape (3, 5, 2)", _some(rng, 3, 5, 2), _activation(rng, 3, 5, 2))
    yield _squashed("shapes", "4 by 4", _some(rng, 4, 4), _activation(rng, 4, 4))
    yield _squashed("shapes", "one number", _some(rng), _activation(rng))
    yield _squashed("shapes", "float32", *map(_narrow, (_some(rng, 5, 3), _activation(rng, 5, 3))))
    yield _squashed("saturated", "within a 500th of 1 and -1", _some(rng, 5, 3), _saturated(rng, 5, 3))


# mlp_gradients and torch_gradients


def _network(rng: Rng, n: int, n_in: int, n_hidden: int, n_out: int) -> Inputs:
    params = {
        "W1": _some(rng, n_in, n_hidden) / np.sqrt(n_in),
        "b1": _some(rng, n_hidden) / 2,
        "W2": _some(rng, n_hidden, n_out) / np.sqrt(n_hidden),
        "b2": _some(rng, n_out) / 2,
    }
    return {"params": params, "x": _some(rng, n, n_in), "y": 2 * _some(rng, n, n_out)}


def _with_saturated_units(task: Inputs) -> Inputs:
    """The same network with two hidden units that are 1 and -1 whatever comes."""
    b1 = np.concatenate([[800.0, -800.0], task["params"]["b1"][2:]])
    return {**task, "params": {**task["params"], "b1": b1}}


@public_cases("torch_gradients")
def torch_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "five examples, 3 inputs, 2 hidden units, 4 outputs", _network(rng, 5, 3, 2, 4))
    yield Case("exact", "three examples, 1 input, 4 hidden units, 2 outputs", _network(rng, 3, 1, 4, 2))
    yield Case("one_example", "3 inputs, 2 hidden units, 4 outputs", _network(rng, 1, 3, 2, 4))
    yield Case("one_output", "four examples, 2 inputs, 3 hidden units", _network(rng, 4, 2, 3, 1))
    yield Case("square", "two of everything", _network(rng, 2, 2, 2, 2))
    yield Case("float32", "five examples, 3 inputs, 4 hidden units, 2 outputs", _narrow(_network(rng, 5, 3, 4, 2)))


@public_cases("mlp_gradients")
def mlp_public(rng: Rng) -> Iterator[Case]:
    yield from torch_public(rng)
    yield Case("saturated", "two of three hidden units", _with_saturated_units(_network(rng, 4, 1, 3, 2)))


@hidden_cases("torch_gradients")
def torch_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven examples, 3 inputs, 9 hidden units, 5 outputs", _network(rng, 7, 3, 9, 5))
    yield Case("ordinary", "five examples, 7 inputs, 3 hidden units, 9 outputs", _network(rng, 5, 7, 3, 9))
    yield Case("exact", "nine examples, 5 inputs, 7 hidden units, 3 outputs", _network(rng, 9, 5, 7, 3))
    yield Case("one_example", "5 inputs, 7 hidden units, 3 outputs", _network(rng, 1, 5, 7, 3))
    yield Case("one_output", "seven examples, 3 inputs, 5 hidden units", _network(rng, 7, 3, 5, 1))
    yield Case("square", "five of everything", _network(rng, 5, 5, 5, 5))
    yield Case("float32", "seven examples, 5 inputs, 9 hidden units, 3 outputs", _narrow(_network(rng, 7, 5, 9, 3)))


@hidden_cases("mlp_gradients")
def mlp_hidden(rng: Rng) -> Iterator[Case]:
    yield from torch_hidden(rng)
    yield Case("saturated", "two of seven hidden units", _with_saturated_units(_network(rng, 5, 3, 7, 3)))


# the operations of the autograd


def _operands(rng: Rng, *shapes: tuple[int, ...]) -> Inputs:
    """Operands of these shapes, without what arrives at the result."""
    return {name: _some(rng, *shape) for name, shape in zip("ab", shapes, strict=False)}


def _elementwise(rng: Rng, group: str, name: str, *shapes: tuple[int, ...], before: bool = False) -> Case:
    """A case of ``add`` and ``multiply``; of one shape, the same node is both operands."""
    operands = _operands(rng, *shapes)
    grads = {f"{key}_grad": _some(rng, *value.shape) for key, value in operands.items() if before}
    arrives = _some(rng, *np.broadcast_shapes(*shapes))
    return Case(group, name, {**operands, "out_grad": arrives, **grads})


@public_cases("add")
@public_cases("multiply")
def elementwise_public(rng: Rng) -> Iterator[Case]:
    yield _elementwise(rng, "ordinary", "2 by 3", (2, 3), (2, 3))
    yield _elementwise(rng, "exact", "three numbers", (3,), (3,))
    yield _elementwise(rng, "broadcast", "(2, 3) and (3,)", (2, 3), (3,))
    yield _elementwise(rng, "broadcast", "(3, 1) and (1, 2)", (3, 1), (1, 2))
    yield _elementwise(rng, "broadcast", "one number and (2, 2)", (), (2, 2))
    yield _elementwise(rng, "accumulated", "the same node twice", (3,))
    yield _elementwise(rng, "accumulated", "gradients from before", (2,), (2,), before=True)


@hidden_cases("add")
@hidden_cases("multiply")
def elementwise_hidden(rng: Rng) -> Iterator[Case]:
    yield _elementwise(rng, "ordinary", "7 by 3", (7, 3), (7, 3))
    yield _elementwise(rng, "ordinary", "nine numbers", (9,), (9,))
    yield _elementwise(rng, "exact", "5 by 7", (5, 7), (5, 7))
    yield _elementwise(rng, "broadcast", "(7, 3) and (3,)", (7, 3), (3,))
    yield _elementwise(rng, "broadcast", "(5,) and (3, 5)", (5,), (3, 5))
    yield _elementwise(rng, "broadcast", "(7, 1) and (1, 5)", (7, 1), (1, 5))
    yield _elementwise(rng, "broadcast", "(5, 7) and one number", (5, 7), ())
    yield _elementwise(rng, "broadcast", "(2, 3, 5) and (3, 1)", (2, 3, 5), (3, 1))
    yield _elementwise(rng, "broadcast", "(3, 3) and (3,)", (3, 3), (3,))
    yield _elementwise(rng, "broadcast", "two numbers", (), ())
    yield _elementwise(rng, "accumulated", "the same node twice, 5 by 3", (5, 3))
    yield _elementwise(rng, "accumulated", "the same number twice", ())
    yield _elementwise(rng, "accumulated", "gradients from before", (3, 5), (3, 5), before=True)
    yield _elementwise(rng, "accumulated", "the same node, with a gradient from before", (7,), before=True)


def _product(rng: Rng, group: str, name: str, *shapes: tuple[int, int], before: bool = False) -> Case:
    operands = _operands(rng, *shapes)
    grads = {f"{key}_grad": _some(rng, *value.shape) for key, value in operands.items() if before}
    return Case(group, name, {**operands, "out_grad": _some(rng, shapes[0][0], shapes[-1][1]), **grads})


@public_cases("matmul")
def matmul_public(rng: Rng) -> Iterator[Case]:
    yield _product(rng, "ordinary", "(3, 4) and (4, 2)", (3, 4), (4, 2))
    yield _product(rng, "ordinary", "(1, 3) and (3, 1)", (1, 3), (3, 1))
    yield _product(rng, "ordinary", "(2, 2) and (2, 2)", (2, 2), (2, 2))
    yield _product(rng, "ordinary", "gradients from before", (2, 1), (1, 3), before=True)
    yield _product(rng, "ordinary", "the same node twice", (2, 2))
    yield _product(rng, "exact", "(1, 3) and (3, 2)", (1, 3), (3, 2))


@hidden_cases("matmul")
def matmul_hidden(rng: Rng) -> Iterator[Case]:
    yield _product(rng, "ordinary", "(7, 3) and (3, 5)", (7, 3), (3, 5))
    yield _product(rng, "ordinary", "(1, 5) and (5, 1)", (1, 5), (5, 1))
    yield _product(rng, "ordinary", "(5, 1) and (1, 3)", (5, 1), (1, 3))
    yield _product(rng, "ordinary", "(5, 5) and (5, 5)", (5, 5), (5, 5))
    yield _product(rng, "ordinary", "gradients from before", (3, 7), (7, 5), before=True)
    yield _product(rng, "ordinary", "the same node twice", (5, 5))
    yield _product(rng, "exact", "(5, 9) and (9, 3)", (5, 9), (9, 3))


def _cut(rng: Rng, group: str, name: str, *shape: int, before: bool = False) -> Case:
    n = int(np.prod(shape))
    a = _shaped(rng, n // 2 + 1)[:n].reshape(shape)
    a.flat[0] = 1e-7  # so that no threshold but 0 will do
    grads = {"a_grad": _some(rng, *shape)} if before else {}
    return Case(group, name, {"a": a, "out_grad": _some(rng, *shape), **grads})


@public_cases("relu")
def relu_node_public(rng: Rng) -> Iterator[Case]:
    yield _cut(rng, "ordinary", "2 by 3", 2, 3)
    yield _cut(rng, "ordinary", "a gradient from before", 2, 4, before=True)
    yield Case("ordinary", "one number", {"a": np.array(-0.5), "out_grad": np.array(1.25)})
    yield _cut(rng, "exact", "5 numbers", 5)


@hidden_cases("relu")
def relu_node_hidden(rng: Rng) -> Iterator[Case]:
    yield _cut(rng, "ordinary", "7 by 5", 7, 5)
    yield _cut(rng, "ordinary", "shape (2, 5, 3)", 2, 5, 3)
    yield _cut(rng, "ordinary", "a gradient from before", 5, 9, before=True)
    for a in (-0.5, 0.75):
        yield Case("ordinary", f"one number, {a}", {"a": np.array(a), "out_grad": _some(rng)})
    yield _cut(rng, "exact", "9 by 5", 9, 5)


# backward


def _graph(
    group: str,
    name: str,
    leaves: Mapping[str, Any],
    edges: Edges,
    values: Mapping[str, float] | None = None,
    **more: Any,
) -> Case:
    """A graph of weighted sums, unless other values are given; edges come in the order in which nodes are made."""
    known: dict[str, Any] = dict(leaves)
    for parent, child, factor in edges:
        part = np.asarray(factor) * known[parent]
        known[child] = known.get(child, 0.0) + (part if child != "loss" or np.size(part) == 1 else part.sum())
    known.update(values or {})
    shown = {} if len(edges) > 20 else {"graph": "\n".join(_lines(edges))}
    kept = {key: value if np.ndim(value) else float(f"{value:.4g}") for key, value in known.items()}
    return Case(group, name, {**shown, **more, "_values": kept, "_edges": [list(edge) for edge in edges]})


def _lines(edges: Edges) -> Iterator[str]:
    for child in dict.fromkeys(child for _, child, _ in edges):
        parts = [f"{parent} (derivative {_factor(factor)})" for parent, other, factor in edges if other == child]
        yield f"{child} from " + " and ".join(parts)


def _factor(factor: Any) -> str:
    return ", ".join(f"{number:.4g}" for number in np.ravel(factor))


def _one(rng: Rng) -> float:
    """One number with few digits."""
    return round(float(_some(rng)), 3)


def _chain(rng: Rng, n: int) -> Edges:
    names = ["x", *(f"y{k}" for k in range(1, n)), "loss"]
    return [(one, other, _one(rng)) for one, other in pairwise(names)]


def _tree(rng: Rng) -> tuple[dict[str, float], Edges]:
    """Four leaves, of which one is a parent of the loss."""
    pairs = [("x", "u"), ("y", "u"), ("u", "v"), ("z", "v"), ("v", "loss"), ("t", "loss")]
    return {name: _one(rng) for name in "xyzt"}, [(*pair, _one(rng)) for pair in pairs]


def _apart(rng: Rng) -> tuple[dict[str, float], Edges]:
    """A leaf and a node that do not lead to the loss."""
    pairs = [("x", "u"), ("u", "loss"), ("y", "loss"), ("x", "v"), ("t", "v")]
    return {name: _one(rng) for name in "xyt"}, [(*pair, _one(rng)) for pair in pairs]


def _of_one_entry(rng: Rng) -> tuple[dict[str, Array], Edges]:
    """Every node, and so the loss, has the shape (1, 1), as a product of matrices may have."""
    return {"x": _some(rng, 1, 1)}, _chain(rng, 2)


def _of_arrays(rng: Rng, n: int) -> tuple[dict[str, Any], Edges]:
    leaves = {"x": _some(rng, n), "y": _some(rng, n), "t": _some(rng, 1, 3)}
    return leaves, [
        ("x", "u", _some(rng, n)),
        ("y", "u", _some(rng, n)),
        ("u", "loss", _some(rng, n)),
        ("t", "loss", _some(rng, 1, 3)),
    ]


def _plain_graphs(rng: Rng, group: str) -> Iterator[Case]:
    """Graphs in which every node is used once, or leads nowhere."""
    yield _graph(group, "a chain", {"x": _one(rng)}, _chain(rng, int(rng.integers(3, 6))))
    yield _graph(group, "a tree", *_tree(rng))
    yield _graph(group, "arrays", *_of_arrays(rng, 2))
    yield _graph(group, "a loss of shape (1, 1)", *_of_one_entry(rng))


def _positive(rng: Rng, *pairs: tuple[str, str]) -> Edges:
    """Factors that cannot cancel."""
    return [(*pair, round(float(rng.uniform(0.5, 1.5)), 3)) for pair in pairs]


def _squared(rng: Rng, x: float, slope: float) -> Case:
    """y = slope x, z = y², loss = y + z."""
    y = slope * x
    edges = [("x", "y", slope), ("y", "z", y), ("y", "z", y), ("y", "loss", 1.0), ("z", "loss", 1.0)]
    name = f"y = {slope:g} x, z = y y, loss = y + z at x = {x:g}"
    return _graph("shared", name, {"x": x}, edges, {"z": y * y, "loss": y + y * y})


def _diamond(rng: Rng) -> Case:
    """The two nodes on the ways have the same value, by which nobody should know them."""
    first, *last = _positive(rng, ("x", "y"), ("u", "loss"), ("v", "loss"))
    edges = [first, ("y", "u", 2.0), ("y", "v", 2.0), *last]
    return _graph("shared", "two ways of the same length", {"x": 1.5}, edges)


def _three_ways(rng: Rng) -> Case:
    pairs = [("x", "y"), ("t", "y"), ("y", "u"), ("y", "v"), ("u", "v"), ("y", "loss"), ("v", "loss"), ("u", "loss")]
    return _graph("shared", "ways of different lengths", {"x": 0.5, "t": 2.0}, _positive(rng, *pairs))


def _twice(rng: Rng) -> Case:
    pairs = [("x", "y"), ("y", "z"), ("y", "z"), ("z", "loss")]
    return _graph("shared", "a node used twice by one node", {"x": 1.25}, _positive(rng, *pairs))


def _both_twice(rng: Rng) -> Case:
    """The shorter way to y comes last, so that a count of users that is off lets y run before u has."""
    pairs = [("x", "y"), ("y", "z"), ("y", "z"), ("y", "u"), ("y", "u"), ("u", "w"), ("w", "v")]
    pairs += [("z", "loss"), ("v", "loss")]
    return _graph("shared", "a node used twice by two nodes", {"x": 1.25}, _positive(rng, *pairs))


def _fan(rng: Rng, n: int) -> Case:
    users = [f"u{k}" for k in range(n)]
    pairs = [("x", "y"), *(("y", user) for user in users), *((user, "loss") for user in users)]
    return _graph("shared", f"a node used by {n} nodes", {"x": 0.75}, _positive(rng, *pairs))


def _ladder(rng: Rng, n: int) -> Case:
    """Every second node is used twice, so that 2**n ways lead from the loss to x."""
    names = ["x", *(f"y{k}" for k in range(1, n)), "loss"]
    edges: list[tuple[str, str, float]] = []
    for k, (one, other) in enumerate(pairwise(names)):
        up, over, down = rng.uniform((0.6, 0.4, 0.6), (0.8, 0.6, 0.8)).round(3).tolist()
        edges += [(one, f"t{k}", up), (one, other, over), (f"t{k}", other, down)]
    return _graph("shared", f"{n} diamonds in a row", {"x": 1.0}, edges)


def _shared_arrays(rng: Rng, n: int) -> Case:
    pairs = [("x", "y"), ("y", "z"), ("y", "z"), ("y", "u"), ("z", "u"), ("y", "loss"), ("u", "loss")]
    edges = [(*pair, rng.uniform(0.5, 1.5, size=n)) for pair in pairs]
    return _graph("shared", "arrays", {"x": _some(rng, n)}, edges)


@public_cases("backward")
def backward_public(rng: Rng) -> Iterator[Case]:
    yield from _plain_graphs(rng, "ordinary")
    yield _graph("ordinary", "a node that does not lead to the loss", *_apart(rng))
    yield _graph("exact", "a chain", {"x": _one(rng)}, _chain(rng, 4))
    yield _squared(rng, 3.0, 2.0)
    yield _diamond(rng)
    yield _three_ways(rng)
    yield _twice(rng)
    yield _both_twice(rng)
    yield _ladder(rng, 17)
    yield _graph("again", "backward called twice", {"x": 1.5}, _chain(rng, 3), calls=2)
    yield _graph("again", "a gradient from before", {"x": 0.5}, _chain(rng, 3), before={"x": 10.0})


@hidden_cases("backward")
def backward_hidden(rng: Rng) -> Iterator[Case]:
    yield from _plain_graphs(rng, "ordinary")
    yield _graph("ordinary", "nodes that do not lead to the loss", *_apart(rng))
    long = [(one, other, float(rng.uniform(1.01, 1.05))) for one, other, _ in _chain(rng, 60)]
    yield _graph("ordinary", "a chain of 60", {"x": 1.0}, long)
    yield from _plain_graphs(rng, "exact")
    yield _squared(rng, float(rng.integers(2, 6)), float(rng.integers(2, 5)))
    yield _diamond(rng)
    yield _three_ways(rng)
    yield _twice(rng)
    yield _both_twice(rng)
    yield _fan(rng, 7)
    yield _ladder(rng, 25)
    yield _shared_arrays(rng, 5)
    yield _graph("again", "backward called twice", {"x": 1.5}, _chain(rng, 4), calls=2)
    yield _graph("again", "backward called three times", *_tree(rng), calls=3)
    before = {"x": 10 * _one(rng), "t": 10 * _one(rng)}
    yield _graph("again", "gradients from before", *_tree(rng), before=before)
