"""Cases of the exercises on batch normalization, by what they are for.

Where it is not asked about, eps is so small that it costs one group to treat it wrongly. Sizes are all different, and
one case has a square batch, in which a wrong axis shows in the values alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases

GROUPS = {
    "eps": "an eps that counts",
    "constant": "a feature that never changes",
    "far": "features far from zero",
    "two": "a batch of two",
    "square": "as many features as examples",
    "float32": "float32 input",
    "start": "a new object",
    "running": "the running mean",
    "unbiased": "the running variance",
    "in_use": "not training",
    "still": "statistics that stay in use",
    "detached": "statistics without a graph",
    "one": "a batch of one",
    "two_objects": "two objects at once",
    "new_weight": "the weight of the new batch",
    "large": "a large network",
    "parts": "parameters and buffers",
    "gradient": "the way back",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator
TINY = 1e-12


def _batch(rng: Rng, n: int, d: int, digits: int = 2) -> Array:
    """A batch whose features have other means and deviations each, to a few digits."""
    means, deviations = rng.uniform(-2, 2, size=d), rng.uniform(0.5, 2.5, size=d)
    return np.round(means + deviations * rng.normal(size=(n, d)), digits)


def _factors(rng: Rng, d: int) -> Array:
    """Numbers of one digit, none of them 0 or 1, of either sign."""
    return rng.choice([-1, 1], size=d) * rng.integers(3, 25, size=d) / 10 + 0.05


def _in_single(given: Inputs) -> Inputs:
    return {k: v.astype(np.float32) if isinstance(v, np.ndarray) else v for k, v in given.items()}


# Centring


def _centering_cases(rng: Rng, d: int) -> Iterator[Case]:
    def upstream(n: int, columns: int, digits: int = 1) -> Inputs:
        return {"dout": np.round(rng.normal(size=(n, columns)) + rng.uniform(-2, 2, size=columns), digits)}

    yield Case("ordinary", "five examples", upstream(5, 3 + d))
    yield Case("ordinary", "eleven examples", upstream(11, 2 + d))
    yield Case("exact", "seven examples", upstream(7, 4 + d, 16))
    yield Case("two", "four features", upstream(2, 4 + d))
    yield Case("square", "four of each", upstream(4, 4))
    yield Case("one", "four features", upstream(1, 4 + d))
    yield Case("float32", "six examples", _in_single(upstream(6, 3 + d)))


@public_cases("centering_backward")
def centering_public(rng: Rng) -> Iterator[Case]:
    yield from _centering_cases(rng, 0)


@hidden_cases("centering_backward")
def centering_hidden(rng: Rng) -> Iterator[Case]:
    yield from _centering_cases(rng, int(rng.integers(1, 6)))


# Forwards and backwards


def _forward(rng: Rng, x: Array, eps: float = TINY) -> Inputs:
    d = x.shape[1]
    return {"x": x, "gamma": _factors(rng, d), "beta": _factors(rng, d), "eps": eps}


def _forward_cases(rng: Rng, eps: float, d: int) -> Iterator[Case]:
    yield Case("ordinary", "six examples", _forward(rng, _batch(rng, 6, 3 + d)))
    yield Case("ordinary", "nine examples", _forward(rng, _batch(rng, 9, 2 + d)))
    yield Case("exact", "seven examples", _forward(rng, _batch(rng, 7, 4 + d, 16)))
    yield Case("eps", "about as large as the variance", _forward(rng, _batch(rng, 5, 3 + d), eps))
    yield Case("eps", "features of small deviation", _forward(rng, 0.01 * _batch(rng, 8, 2 + d), eps / 1e4))
    still = _batch(rng, 5, 3 + d)
    still[:, 1] = 0.5
    yield Case("constant", "the second one", _forward(rng, still, 1e-6))
    far = 1e8 + _batch(rng, 6, 3 + d)
    yield Case("far", "a hundred million", _forward(rng, far))
    yield Case("two", "three features", _forward(rng, _batch(rng, 2, 3 + d)))
    yield Case("square", "four of each", _forward(rng, _batch(rng, 4, 4)))
    yield Case("float32", "six examples", _in_single(_forward(rng, _batch(rng, 6, 2 + d), 1e-5)))


@public_cases("batchnorm_forward")
def forward_public(rng: Rng) -> Iterator[Case]:
    yield from _forward_cases(rng, 0.5, 0)


@hidden_cases("batchnorm_forward")
def forward_hidden(rng: Rng) -> Iterator[Case]:
    yield from _forward_cases(rng, round(float(rng.uniform(0.3, 0.8)), 3), int(rng.integers(1, 5)))


def _backward(rng: Rng, x: Array, eps: float = TINY) -> Inputs:
    """What a forward pass leaves behind, and a gradient that favours no feature."""
    n, d = x.shape
    std = np.sqrt(x.var(axis=0) + eps)
    dout = np.round(rng.normal(size=(n, d)) + rng.uniform(-2, 2, size=d), 2)
    return {"dout": dout, "x_hat": (x - x.mean(axis=0)) / std, "gamma": _factors(rng, d), "std": std}


def _backward_cases(rng: Rng, eps: float, d: int) -> Iterator[Case]:
    yield Case("ordinary", "six examples", _backward(rng, _batch(rng, 6, 3 + d)))
    yield Case("ordinary", "nine examples", _backward(rng, _batch(rng, 9, 2 + d)))
    exact = _backward(rng, _batch(rng, 7, 3 + d))
    yield Case("exact", "seven examples", {**exact, "dout": rng.normal(size=(7, 3 + d))})
    yield Case("eps", "about as large as the variance", _backward(rng, _batch(rng, 5, 3 + d), eps))
    yield Case("two", "three features, eps that counts", _backward(rng, _batch(rng, 2, 3 + d), eps))
    yield Case("square", "four of each", _backward(rng, _batch(rng, 4, 4)))
    yield Case("float32", "six examples", _in_single(_backward(rng, _batch(rng, 6, 2 + d))))


@public_cases("batchnorm_backward")
def backward_public(rng: Rng) -> Iterator[Case]:
    yield from _backward_cases(rng, 0.5, 0)


@hidden_cases("batchnorm_backward")
def backward_hidden(rng: Rng) -> Iterator[Case]:
    yield from _backward_cases(rng, round(float(rng.uniform(0.3, 0.8)), 3), int(rng.integers(1, 5)))


# Training and use

BOTH = ("running_mean", "running_var")


def _object(rng: Rng, d: int, *plan: tuple[int, bool], shows: tuple[str, ...] = ("out",), **settings: Any) -> Inputs:
    """Batches of these sizes, each in training or not, after factor and shift have been set."""
    steps = [{"x": _batch(rng, n, d), "training": training} for n, training in plan]
    given = {"gamma": _factors(rng, d), "beta": _factors(rng, d)}
    return {"features": d, **settings, **given, "steps": steps, "_shows": list(shows)}


def _trained(rng: Rng, given: Inputs) -> Inputs:
    """With running statistics, as after a training: in use, the result does not depend on how they came about."""
    d = given["features"]
    return {**given, "running_mean": _factors(rng, d), "running_var": np.round(rng.uniform(0.3, 4, size=d), 2)}


def _object_cases(rng: Rng, w: float, eps: float, d: int) -> Iterator[Case]:
    """In ``running``, both weights are a half: which of them belongs to the new batch is another question."""
    tiny: Inputs = {"new_weight": w, "eps": TINY}
    half: Inputs = {"new_weight": 0.5, "eps": TINY}
    use = (4, False), (6, False), (5, False)
    yield Case("ordinary", "three batches", _object(rng, 3 + d, (5, True), (7, True), (4, True), **tiny))
    exact = _object(rng, 2 + d, (6, True), (5, True), (4, True), **tiny)
    for step in exact["steps"]:
        step["x"] = step["x"] + rng.uniform(-0.004, 0.004, size=step["x"].shape)
    yield Case("exact", "three batches", exact)
    yield Case("running", "mean", _object(rng, 2 + d, (3, True), (5, True), (4, True), shows=BOTH[:1], **half))
    yield Case("unbiased", "variance", _object(rng, 3 + d, (3, True), (2, True), (4, True), shows=BOTH[1:], **half))
    yield Case("in_use", "three batches", _trained(rng, _object(rng, 3 + d, *use, **tiny)))
    still = _trained(rng, _object(rng, 2 + d, *use, shows=BOTH, **tiny))
    yield Case("still", "three batches in use", still)
    alone = (1, False), (1, True), (1, False)
    yield Case("one", "in use and in training", _trained(rng, _object(rng, 3 + d, *alone, **tiny)), raises="ValueError")
    refused = (1, True), (1, True), (1, True)
    unchanged = _trained(rng, _object(rng, 2 + d, *refused, shows=("out", *BOTH), **tiny))
    yield Case("one", "nothing changes", unchanged, raises="ValueError")
    mixed = (5, True), (6, False), (4, True)
    yield Case("eps", "in either mode", _trained(rng, _object(rng, 3 + d, *mixed, new_weight=0.5, eps=eps)))
    training = (4, True), (6, True), (5, True)
    yield Case("new_weight", "less than a half", _object(rng, 2 + d, *training, shows=BOTH[:1], **tiny))
    yield Case("new_weight", "by default", _object(rng, 3 + d, *training, shows=BOTH[:1]))
    small = _object(rng, 2 + d, *training)
    for step in small["steps"]:
        step["x"] = step["x"] / 100
    yield Case("eps", "by default, features of small deviation", small)
    yield Case("start", "factor, shift and statistics", {"features": 3 + d, "steps": []})
    yield Case("two_objects", "three batches each", _object(rng, 2 + d, *training, shows=BOTH[:1], **half), instances=2)
    yield Case("square", "four of each", _object(rng, 4, (4, True), (4, True), (4, True), **tiny))


@public_cases("BatchNorm")
def object_public(rng: Rng) -> Iterator[Case]:
    yield from _object_cases(rng, 0.3, 0.5, 0)


@hidden_cases("BatchNorm")
def object_hidden(rng: Rng) -> Iterator[Case]:
    w, eps = (round(float(rng.uniform(*ends)), 3) for ends in ((0.2, 0.4), (0.3, 0.8)))
    yield from _object_cases(rng, w, eps, int(rng.integers(1, 5)))


def _fold_cases(rng: Rng, eps: float, d: int) -> Iterator[Case]:
    def layer(inputs: int, outputs: int, eps: float = TINY, digits: int = 2) -> Inputs:
        return {
            "W": np.round(rng.normal(size=(inputs, outputs)), digits),
            "b": _factors(rng, outputs),
            "gamma": _factors(rng, outputs),
            "beta": _factors(rng, outputs),
            "mean": _factors(rng, outputs),
            "var": np.round(rng.uniform(0.3, 4, size=outputs), digits),
            "eps": eps,
        }

    yield Case("ordinary", "four inputs", layer(4 + d, 3))
    yield Case("ordinary", "two inputs", layer(2, 5 + d))
    yield Case("exact", "five inputs", layer(5, 3 + d, digits=16))
    yield Case("eps", "about as large as the variance", layer(3, 4 + d, eps))
    yield Case("square", "four of each", layer(4, 4))
    yield Case("float32", "three inputs", _in_single(layer(3 + d, 2)))


@public_cases("fold_batchnorm")
def fold_public(rng: Rng) -> Iterator[Case]:
    yield from _fold_cases(rng, 0.5, 0)


@hidden_cases("fold_batchnorm")
def fold_hidden(rng: Rng) -> Iterator[Case]:
    yield from _fold_cases(rng, round(float(rng.uniform(0.3, 0.8)), 3), int(rng.integers(1, 6)))


def _noise_cases(variance: float, n: int) -> Iterator[Case]:
    for group, size in (("ordinary", n), ("exact", 4 * n + 1), ("one", 1), ("two", 2), ("large", 1000 * n)):
        yield Case(group, f"{size:,} examples", {"population_variance": variance, "batch_size": size})


@public_cases("batch_statistics_noise")
def noise_public(rng: Rng) -> Iterator[Case]:
    yield from _noise_cases(2.5, 8)


@hidden_cases("batch_statistics_noise")
def noise_hidden(rng: Rng) -> Iterator[Case]:
    yield from _noise_cases(round(float(rng.uniform(1.5, 6)), 2), int(rng.integers(5, 30)))


# In PyTorch


def _as(kind: type, given: Inputs) -> Inputs:
    """The same with batches of another precision."""
    return {**given, "steps": [{name: _cast(value, kind) for name, value in step.items()} for step in given["steps"]]}


def _cast(value: Any, kind: type) -> Any:
    return value.astype(kind) if isinstance(value, np.ndarray) else value


def _with_upstream(rng: Rng, given: Inputs) -> Inputs:
    steps = [{**step, "upstream": np.round(rng.normal(size=step["x"].shape), 2)} for step in given["steps"]]
    return {**given, "steps": steps, "_shows": ["dx", "dgamma", "dbeta"]}


def _module_cases(rng: Rng, w: float, eps: float, d: int) -> Iterator[Case]:
    tiny: Inputs = {"new_weight": w, "eps": TINY}
    half: Inputs = {"new_weight": 0.5, "eps": TINY}
    training, use = ((5, True), (7, True), (4, True)), ((4, False), (6, False), (5, False))
    yield Case("ordinary", "three batches", _object(rng, 3 + d, *training, **tiny))
    exact = _object(rng, 2 + d, *training, **tiny)
    for step in exact["steps"]:
        step["x"] = step["x"] + rng.uniform(-0.004, 0.004, size=step["x"].shape)
    yield Case("exact", "three batches", exact)
    yield Case("running", "mean", _object(rng, 2 + d, *training, shows=BOTH[:1], **half))
    yield Case("unbiased", "variance", _object(rng, 3 + d, (3, True), (2, True), (4, True), shows=BOTH[1:], **half))
    yield Case("in_use", "three batches", _trained(rng, _object(rng, 3 + d, *use, **tiny)))
    yield Case("still", "three batches in use", _trained(rng, _object(rng, 2 + d, *use, shows=BOTH, **tiny)))
    alone = (1, False), (1, True), (1, False)
    yield Case("one", "in use and in training", _trained(rng, _object(rng, 3 + d, *alone, **tiny)), raises="ValueError")
    mixed = (5, True), (6, False), (4, True)
    yield Case("eps", "in either mode", _trained(rng, _object(rng, 3 + d, *mixed, new_weight=0.5, eps=eps)))
    yield Case("new_weight", "less than a half", _object(rng, 2 + d, *training, shows=BOTH[:1], **tiny))
    yield Case("new_weight", "by default", _object(rng, 3 + d, *training, shows=BOTH[:1]))
    small = _object(rng, 2 + d, *training)
    for step in small["steps"]:
        step["x"] = step["x"] / 100
    yield Case("eps", "by default, features of small deviation", small)
    yield Case("gradient", "in training", _with_upstream(rng, _object(rng, 3 + d, *training, **tiny)))
    in_use = _trained(rng, _object(rng, 2 + d, *use, **tiny))
    yield Case("gradient", "in use", _with_upstream(rng, in_use))
    yield Case("detached", "after three batches", _object(rng, 2 + d, *training, shows=("graph kept",), **tiny))
    yield Case("two_objects", "three batches each", _object(rng, 2 + d, *training, shows=BOTH[:1], **half), instances=2)
    yield Case("parts", "what is saved and what is trained", {"features": 3 + d, "steps": []})
    yield Case("float32", "three batches", _as(np.float32, _object(rng, 3 + d, *training, **tiny)))


@public_cases("TorchBatchNorm")
def module_public(rng: Rng) -> Iterator[Case]:
    yield from _module_cases(rng, 0.3, 0.5, 0)


@hidden_cases("TorchBatchNorm")
def module_hidden(rng: Rng) -> Iterator[Case]:
    w, eps = (round(float(rng.uniform(*ends)), 3) for ends in ((0.2, 0.4), (0.3, 0.8)))
    yield from _module_cases(rng, w, eps, int(rng.integers(1, 5)))
