"""Cases of the exercises on optimizers, by what they are for.

Every fault should cost one group. Most cases therefore have one parameter, so that a memory or a count shared by
parameters shows where there are several; the rate stays, and the epsilon is too small to matter, where they are not
looked at. A step moves parameters, which are around 1, by about a tenth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases

GROUPS = {
    "several": "several parameters at once",
    "new_rate": "a learning rate that changes",
    "rates": "an array of learning rates",
    "late": "a parameter that comes later",
    "two_objects": "two objects at once",
    "epsilon": "the epsilon",
    "scale": "very large gradients",
    "no_memory": "no memory",
    "long_memory": "a long memory",
    "groups": "groups with settings of their own",
    "no_gradient": "parameters without a gradient",
    "closure": "a closure",
    "state_dict": "saved and loaded",
    "float32": "float32",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator
CURVATURE = np.array([0.25, 5.0])
PLAIN = {
    "Momentum": ({"lr": 0.3, "beta": 0.6}, {"lr": 0.2, "beta": 0.75}),
    "HeavyBall": ({"lr": 0.12, "momentum": 0.6}, {"lr": 0.07, "momentum": 0.75}),
    "Nesterov": ({"lr": 0.12, "momentum": 0.6}, {"lr": 0.07, "momentum": 0.75}),
}
"""Optimizers whose steps are proportional to the gradient: two settings of each."""
ADAPTIVE = {
    "AdaGrad": ({"lr": 0.4}, {"lr": 0.25}),
    "RMSProp": ({"lr": 0.2, "alpha": 0.7}, {"lr": 0.15, "alpha": 0.85}),
    "Adam": ({"lr": 0.3, "beta1": 0.6, "beta2": 0.85}, {"lr": 0.2, "beta1": 0.75, "beta2": 0.95}),
    "AMSGrad": ({"lr": 0.3, "beta1": 0.6, "beta2": 0.85}, {"lr": 0.2, "beta1": 0.75, "beta2": 0.95}),
}
"""Optimizers that divide by the size of the gradient: two settings of each, without an epsilon."""


def _eighths(rng: Rng, *shape: int) -> Array:
    """Numbers of either sign, from 1/2 to 5/2 in size, with few digits."""
    return rng.integers(4, 21, size=shape) / 8 * rng.choice([-1, 1], size=shape)


def _steps(rng: Rng, n: int, **shapes: tuple[int, ...]) -> Inputs:
    """Parameters and as many gradients for each; the later ones are smaller, so that the largest is not the last."""
    return {
        "params": {name: _eighths(rng, *shape) for name, shape in shapes.items()},
        "steps": [
            {"grads": {name: _eighths(rng, *shape) / 2**at for name, shape in shapes.items()}} for at in range(n)
        ],
    }


def _ravine(rng: Rng, n: int, **later: float) -> Inputs:
    """The ravine of the text, from a start on its wall; ``later`` goes into the middle step."""
    start = np.array([-2.6 + rng.integers(5) / 8, 0.75 + rng.integers(3) / 8])
    steps: list[Inputs] = [{} for _ in range(n)]
    steps[n // 2] = dict(later)
    return {"curvature": CURVATURE, "params": {"w": start}, "steps": steps}


def _comes_later(rng: Rng, after: int, n: int) -> Inputs:
    """A second parameter, after so many steps of the first."""
    inputs = _steps(rng, n, w=(2, 3))
    for step in inputs["steps"][after:]:
        step["grads"]["b"] = _eighths(rng, 3)
    inputs["steps"][after]["new"] = {"b": _eighths(rng, 3)}
    return inputs


def _scaled(inputs: Inputs, factors: Array) -> Inputs:
    steps = [{"grads": {"w": step["grads"]["w"] * factors}} for step in inputs["steps"]]
    return {**inputs, "steps": steps}


def _common(rng: Rng, one: Inputs, other: Inputs) -> Iterator[Case]:
    """What is asked of every optimizer, with two settings."""
    yield Case("ordinary", "six steps in a ravine", {**one, **_ravine(rng, 6)})
    yield Case("ordinary", "four steps", {**other, **_steps(rng, 4, w=(3, 2))})
    yield Case("several", "parameters of three shapes", {**one, **_steps(rng, 4, w=(2, 3), b=(3,), c=(1,))})
    yield Case("two_objects", "four steps each", {**one, **_steps(rng, 4, w=(2,))}, instances=2)


def _with_rates(rng: Rng, one: Inputs, other: Inputs) -> Iterator[Case]:
    """What is asked of every optimizer that has a learning rate."""
    yield Case("new_rate", "a quarter of the rate from the fourth step on", {**one, **_ravine(rng, 6, lr=one["lr"] / 4)})
    yield Case("new_rate", "twice the rate from the third step on", {**other, **_ravine(rng, 4, lr=2 * other["lr"])})
    rates = one["lr"] * np.array([1, 0.5, 0.25])[:, None, None]
    for shape in ((3, 2, 4), (3, 1, 4)):
        yield Case("rates", f"a rate for each of three, shape {shape}", {**one, "lr": rates, **_steps(rng, 3, w=shape)})


def _register(name: str, one: Inputs, other: Inputs, *, adaptive: bool) -> None:
    tiny = {"eps": 1e-8} if adaptive else {}

    def cases(rng: Rng) -> Iterator[Case]:
        first, second = {**one, **tiny}, {**other, **tiny}
        yield from _common(rng, first, second)
        # Gradients of a thousand, beside which no form of the epsilon shows.
        large = np.array(1000.0 if adaptive else 1.0)
        yield Case("exact", "four steps", {**first, **_scaled(_steps(rng, 4, w=(3,)), large)})
        if "lr" in one:
            yield from _with_rates(rng, first, second)
        counts = name in ("Adam", "AMSGrad")
        yield Case("late", "from the third step on", {**first, **_comes_later(rng, 2, 3 if counts else 4)})
        if adaptive:
            yield from _epsilons(rng, one, other)
            factors = np.array([1e100, 1e50, 1.0])
            yield Case("scale", "up to 1e100", {**second, **_scaled(_steps(rng, 4, w=(3,)), factors)})

    public_cases(name)(cases)
    hidden_cases(name)(cases)


def _epsilons(rng: Rng, one: Inputs, other: Inputs) -> Iterator[Case]:
    yield Case("epsilon", "an epsilon of 0.3", {**one, "eps": 0.3, **_steps(rng, 4, w=(3,))})
    zero = _scaled(_steps(rng, 4, w=(3,)), np.array([1.0, 0.0, 1.0]))
    for step in zero["steps"][1:]:
        step["grads"]["w"][2] = 0.0
    yield Case("epsilon", "gradients that are zero, an epsilon of 0.2", {**other, "eps": 0.2, **zero})
    small = _scaled(_steps(rng, 4, w=(3,)), np.array(1e-100))
    yield Case("epsilon", "gradients around 1e-100, an epsilon of 1e-300", {**one, "eps": 1e-300, **small})


for _name, _settings in PLAIN.items():
    _register(_name, *_settings, adaptive=False)
for _name, _settings in ADAPTIVE.items():
    _register(_name, *_settings, adaptive=True)


@public_cases("AdaDelta")
@hidden_cases("AdaDelta")
def adadelta(rng: Rng) -> Iterator[Case]:
    one, other = {"rho": 0.6, "eps": 0.02}, {"rho": 0.8, "eps": 0.1}
    yield from _common(rng, one, other)
    yield Case("exact", "four steps", {**one, **_steps(rng, 4, w=(3,))})
    yield Case("late", "from the third step on", {**other, **_comes_later(rng, 2, 4)})
    zero = _scaled(_steps(rng, 4, w=(3,)), np.array([1.0, 0.0, 1e-3]))
    yield Case("epsilon", "gradients that are small or zero", {**other, **zero})
    yield Case("scale", "up to 1e100", {**one, **_scaled(_steps(rng, 4, w=(3,)), np.array([1e100, 1e50, 1.0]))})


@public_cases("equivalent_learning_rate")
@hidden_cases("equivalent_learning_rate")
def equivalent_learning_rate(rng: Rng) -> Iterator[Case]:
    for beta in (0.3, 0.6, 0.8):
        lr = float(rng.integers(11, 40)) / 100
        yield Case("ordinary", f"beta = {beta}", {"lr": lr, "beta": beta})
    yield Case("exact", "beta = 0.7", {"lr": float(rng.integers(11, 40)) / 100, "beta": 0.7})
    yield Case("no_memory", "beta = 0", {"lr": float(rng.integers(11, 40)) / 100, "beta": 0.0})
    yield Case("long_memory", "beta = 0.999", {"lr": float(rng.integers(11, 40)) / 1000, "beta": 0.999})


# TorchAdam


def _in_float32(inputs: Inputs) -> Inputs:
    def narrow(arrays: Inputs) -> Inputs:
        return {name: array.astype(np.float32) for name, array in arrays.items()}

    steps = [{**step, "grads": narrow(step["grads"])} for step in inputs["steps"]]
    return {**inputs, "params": narrow(inputs["params"]), "steps": steps}


def _without(inputs: Inputs, *missing: tuple[int, str]) -> Inputs:
    """Some gradients taken away, by step and name."""
    for at, name in missing:
        del inputs["steps"][at]["grads"][name]
    return inputs


@public_cases("TorchAdam")
@hidden_cases("TorchAdam")
def torch_adam(rng: Rng) -> Iterator[Case]:
    one, other = {"lr": 0.3, "betas": [0.6, 0.85], "eps": 1e-8}, {"lr": 0.2, "betas": [0.75, 0.95], "eps": 1e-8}
    yield from _common(rng, one, other)
    yield Case("exact", "four steps", {**one, **_scaled(_steps(rng, 4, w=(3,)), np.array(1000.0))})
    yield Case("float32", "four steps", {**other, **_in_float32(_steps(rng, 4, w=(3, 2)))})
    yield Case("new_rate", "a quarter of the rate from the fourth step on", {**one, **_ravine(rng, 6, lr=0.07)})
    groups = [
        {"names": ["w"], "lr": 0.1},
        {"names": ["b"], "betas": [0.5, 0.9], "eps": 0.3},
        {"names": ["c"], "lr": 0.4, "betas": [0.7, 0.75]},
    ]
    # In a group of its own each, so that only the settings matter.
    yield Case("groups", "three groups", {**one, "groups": groups, **_steps(rng, 4, w=(2,), b=(3,), c=(1, 2))})
    missing = _without(_steps(rng, 4, w=(2,), b=(3,)), *((at, "b") for at in range(4)))
    yield Case("no_gradient", "one parameter never has one", {**one, **missing})
    missing = _without(_steps(rng, 4, w=(2,), b=(3,)), (0, "b"), (1, "b"), (2, "w"))
    yield Case("no_gradient", "they come and go", {**other, **missing})
    closed = _steps(rng, 3, w=(3,))
    yield Case("closure", "three steps", {**one, **closed, "steps": [{**s, "closure": True} for s in closed["steps"]]})
    saved = _steps(rng, 4, w=(3,))
    saved["steps"][2]["new_optimizer"] = True
    yield Case("state_dict", "a new optimizer at the third step", {**other, **saved})
    yield Case("epsilon", "an epsilon of 0.3", {**one, "eps": 0.3, **_steps(rng, 4, w=(3,))})
    zero = _scaled(_steps(rng, 4, w=(3,)), np.array([1.0, 0.0, 1.0]))
    zero["steps"][2]["grads"]["w"][2] = 0.0
    yield Case("epsilon", "gradients that are zero, an epsilon of 0.2", {**other, "eps": 0.2, **zero})
