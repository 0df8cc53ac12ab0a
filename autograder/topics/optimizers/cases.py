"""Cases of the exercises on optimizers, by what they are for.

Every fault should cost one group. Most cases therefore have one parameter, so that a memory or a count shared by
parameters shows where there are several; the rate stays, and the epsilon is too small to matter, where they are not
looked at. A step moves parameters, which are around 1, by about a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

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
SIZES = (1.0, 0.125, 0.75, 0.5)
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


class Size(NamedTuple):
    """How much is asked: of the public cases, which every learner downloads, not all."""

    all: bool
    long: int
    short: int


def _eighths(rng: Rng, *shape: int) -> Array:
    """Numbers of either sign, from 1/2 to 5/2 in size, with few digits."""
    return rng.integers(4, 21, size=shape) / 8 * rng.choice([-1, 1], size=shape)


def _steps(rng: Rng, n: int, **shapes: tuple[int, ...]) -> Inputs:
    """Parameters and as many gradients for each. They are small at the second step, and large again."""
    return {
        "params": {name: _eighths(rng, *shape) for name, shape in shapes.items()},
        "steps": [
            {"grads": {name: _eighths(rng, *shape) * size for name, shape in shapes.items()}} for size in SIZES[:n]
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
    inputs = _steps(rng, n, w=(2,))
    for step in inputs["steps"][after:]:
        step["grads"] = {"b": _eighths(rng, 3, 1), **step["grads"]}
    inputs["steps"][after]["new"] = {"b": _eighths(rng, 3, 1)}
    return inputs


def _scaled(inputs: Inputs, factors: Array) -> Inputs:
    steps = [{"grads": {"w": step["grads"]["w"] * factors}} for step in inputs["steps"]]
    return {**inputs, "steps": steps}


def _common(rng: Rng, one: Inputs, other: Inputs, size: Size) -> Iterator[Case]:
    """What is asked of every optimizer, with two settings."""
    yield Case("ordinary", "in a ravine", {**one, **_ravine(rng, size.long)})
    if size.all:
        yield Case("ordinary", "four steps", {**other, **_steps(rng, 4, w=(3, 2))})
        yield Case("several", "parameters of three shapes", {**other, **_steps(rng, 4, w=(2, 3), b=(3,), c=(1,))})
    yield Case("several", "parameters of two shapes", {**one, **_steps(rng, size.short, w=(2,), b=(3, 1))})
    yield Case("two_objects", "each takes its steps in turn", {**one, **_steps(rng, size.short, w=(2,))}, instances=2)


def _with_rates(rng: Rng, one: Inputs, other: Inputs, size: Size) -> Iterator[Case]:
    """What is asked of every optimizer that has a learning rate."""
    yield Case("new_rate", "a quarter of it in the middle", {**one, **_ravine(rng, size.short, lr=one["lr"] / 4)})
    if size.all:
        yield Case("new_rate", "twice as much in the middle", {**other, **_ravine(rng, 4, lr=2 * other["lr"])})
    rates = one["lr"] * np.array([1, 0.5, 0.25])[:, None, None]
    for shape in ((3, 2, 4), (3, 1, 4)) if size.all else ((3, 1, 2),):
        inputs = _steps(rng, size.short - 1, w=shape)
        yield Case("rates", f"a rate for each of three, shape {shape}", {**one, "lr": rates, **inputs})


def _epsilons(rng: Rng, one: Inputs, other: Inputs, size: Size) -> Iterator[Case]:
    zero = _scaled(_steps(rng, size.short, w=(3,)), np.array([0.25, 0.0, 0.125]))
    zero["steps"][1]["grads"]["w"][2] = 0.0
    yield Case("epsilon", "an epsilon of 0.3, and gradients that are zero", {**other, "eps": 0.3, **zero})
    small = _scaled(_steps(rng, size.short - 1, w=(3,)), np.array(1e-100))
    yield Case("epsilon", "gradients around 1e-100, an epsilon of 1e-300", {**one, "eps": 1e-300, **small})


def _up_to_1e100(rng: Rng, settings: Inputs, size: Size) -> Case:
    inputs = _scaled(_steps(rng, size.short - 1, w=(3,)), np.array([1e100, 1e50, 1.0]))
    return Case("scale", "up to 1e100", {**settings, **inputs})


def _register(name: str, make: Callable[[Rng, Size], Iterator[Case]]) -> None:
    public_cases(name)(lambda rng: make(rng, Size(all=False, long=4, short=2)))
    hidden_cases(name)(lambda rng: make(rng, Size(all=True, long=6, short=3)))


def _plain(one: Inputs, other: Inputs, rng: Rng, size: Size) -> Iterator[Case]:
    yield from _common(rng, one, other, size)
    yield Case("exact", "a few steps", {**one, **_steps(rng, size.short, w=(3,))})
    yield from _with_rates(rng, one, other, size)
    yield Case("late", "it comes at the second step", {**one, **_comes_later(rng, 1, size.short)})


def _adaptive(name: str, one: Inputs, other: Inputs, rng: Rng, size: Size) -> Iterator[Case]:
    first, second = {**one, "eps": 1e-8}, {**other, "eps": 1e-8}
    yield from _common(rng, first, second, size)
    if name == "AMSGrad":
        passed = _steps(rng, 3, w=(2,))
        for step, share in zip(passed["steps"], (1.0, 0.125, 0.75), strict=True):
            step["grads"]["w"] = share * passed["steps"][0]["grads"]["w"]
        yield Case("ordinary", "a maximum that is passed", {**first, **passed})
    # Beside gradients of a thousand, no form of the epsilon shows.
    yield Case("exact", "a few steps", {**first, **_scaled(_steps(rng, size.short, w=(3,)), np.array(1000.0))})
    yield from _with_rates(rng, first, second, size)
    late = _comes_later(rng, 1, 2 if name in ("Adam", "AMSGrad") else size.short)
    yield Case("late", "it comes at the second step", {**first, **late})
    yield from _epsilons(rng, one, other, size)
    yield _up_to_1e100(rng, second, size)


def _adadelta(rng: Rng, size: Size) -> Iterator[Case]:
    one, other = {"rho": 0.6, "eps": 0.02}, {"rho": 0.8, "eps": 0.1}
    yield from _common(rng, one, other, size)
    yield Case("exact", "a few steps", {**one, **_steps(rng, size.short, w=(3,))})
    yield Case("late", "it comes at the second step", {**other, **_comes_later(rng, 1, size.short)})
    zero = _scaled(_steps(rng, size.short, w=(3,)), np.array([1.0, 0.0, 1e-3]))
    yield Case("epsilon", "gradients that are small or zero", {**other, **zero})
    yield _up_to_1e100(rng, one, size)


for _name, _settings in PLAIN.items():
    _register(_name, partial(_plain, *_settings))
for _name, _settings in ADAPTIVE.items():
    _register(_name, partial(_adaptive, _name, *_settings))
_register("AdaDelta", _adadelta)


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


def _torch_adam(rng: Rng, size: Size) -> Iterator[Case]:
    one, other = {"lr": 0.3, "betas": [0.6, 0.85], "eps": 1e-8}, {"lr": 0.2, "betas": [0.75, 0.95], "eps": 1e-8}
    yield from _common(rng, one, other, size)
    yield Case("exact", "a few steps", {**one, **_scaled(_steps(rng, size.short, w=(3,)), np.array(1000.0))})
    yield Case("float32", "a few steps", {**other, **_in_float32(_steps(rng, size.short, w=(3, 2)))})
    yield Case("new_rate", "a quarter of it in the middle", {**one, **_ravine(rng, size.short, lr=0.07)})
    groups = [{"names": ["w"], "lr": 0.1}, {"names": ["b"], "betas": [0.5, 0.9], "eps": 0.3}]
    if size.all:
        groups = [*groups, {"names": ["c"], "lr": 0.4, "betas": [0.7, 0.75]}]
        yield Case("groups", "three groups", {"lr": 0.3, "groups": groups, **_steps(rng, 4, w=(2,), b=(3,), c=(1, 2))})
        missing = _without(_steps(rng, 4, w=(2,), b=(3,)), *((at, "w") for at in range(4)))
        yield Case("no_gradient", "one parameter never has one", {**one, **missing})
    yield Case("groups", "two groups", {"lr": 0.3, "groups": groups[:2], **_steps(rng, size.short, w=(2,), b=(3,))})
    missing = _without(_steps(rng, 3, w=(2,), b=(3,)), (0, "w"), (2, "b"))
    yield Case("no_gradient", "they come and go", {**other, **missing})
    closed = _steps(rng, size.short, w=(3,))
    for step in closed["steps"]:
        step["closure"] = True
    yield Case("closure", "in every step", {**one, **closed})
    saved = _steps(rng, 3, w=(3,))
    saved["steps"][1 if size.all else 2]["new_optimizer"] = True
    yield Case("state_dict", "a new optimizer goes on", {**other, **saved})
    zero = _scaled(_steps(rng, size.short, w=(3,)), np.array([0.25, 0.0, 0.125]))
    zero["steps"][1]["grads"]["w"][2] = 0.0
    yield Case("epsilon", "an epsilon of 0.3, and gradients that are zero", {**other, "eps": 0.3, **zero})


_register("TorchAdam", _torch_adam)
