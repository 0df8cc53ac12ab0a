"""How the exercises on initialization are driven."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from operator import is_not
from typing import Any

import numpy as np

from gradus.checking import (
    FUNCTION,
    RANDOM,
    TORCH,
    Facts,
    Law,
    Property,
    Statistic,
    Tolerance,
    Value,
    exercise,
    family,
    repair,
)
from gradus.exercises.kit import (
    mean,
    normal_deviation,
    normal_mean,
    number,
    results,
    row,
    share,
    uniform_deviation,
    uniform_largest,
)
from gradus.learning.lending import lends

# A check looks at fewer than 50 statistics, each of which chance breaks with a probability of at most 1e-8.
EACH = 1e-8
FALSE_REJECT = 5e-7
# A product is right to a few roundings of itself, however small it is.
PRODUCT = Tolerance(atol=0.0, single_atol=0.0)
# A layer is a sum of at most 13 products, off by 1e-6 in float32, and an activation divides no error by less than its
# slope; five layers, on which a spread depends, add up to 5e-6.
SPREADS = Tolerance(single_rtol=1e-5)
# Of two draws, or of all weights, none are equal in float64. Rounded to float32, of 30,000 normal numbers any two share
# a value with a probability of 1e-7, so that some fifty are equal; never a hundredth.
MOST_EQUAL = 0.01

Array = np.ndarray
Case = dict[str, Any]
Outputs = dict[str, Any]
Inputs = Mapping[str, Any]


@exercise(
    "preactivation_variance",
    tolerance=PRODUCT,
    properties=(Property("a variance is never negative", lambda case, outputs: outputs["variance"] >= 0),),
)
def drive_preactivation_variance(preactivation_variance: Any, case: Case) -> Outputs:
    """``preactivation_variance(fan_in, weight_variance, input_second_moment) -> variance``."""
    arguments = ("fan_in", "weight_variance", "input_second_moment")
    return {"variance": number(preactivation_variance(*(case[name] for name in arguments)))}


# Spreads through a network


def _as_array(value: Any) -> Any:
    """Lists and tuples of numbers, or of rows of numbers, as an array; what is none as it is."""
    if not isinstance(value, tuple | list):
        return value
    parts = [_as_array(number(part)) for part in value]
    try:
        array = np.array(parts)
    except ValueError:
        return parts
    return array if array.dtype.kind in "biuf" else parts


def _no_spread_is_negative(_case: Any, outputs: Outputs) -> bool:
    return bool(np.all(np.asarray(outputs["spreads"]) >= 0))


def _every_gradient_varies(_case: Any, outputs: Outputs) -> bool:
    return bool(np.all(np.asarray(outputs["spreads"]) != 0))


def _one_for_each_weight(case: Any, outputs: Outputs) -> bool:
    return len(outputs["spreads"]) == len(case["weights"])


@exercise(
    "activation_spread",
    kinds=FUNCTION,
    tolerance=SPREADS,
    properties=(Property("no standard deviation is negative", _no_spread_is_negative),),
)
def drive_activation_spread(activation_spread: Any, case: Case) -> Outputs:
    """``activation_spread(x, weights, activation) -> spreads``, a list, tuple or array."""
    return {"spreads": _as_array(activation_spread(case["x"], case["weights"], case["activation"]))}


@exercise(
    "gradient_spread",
    kinds=FUNCTION,
    tolerance=SPREADS,
    properties=(
        Property("no standard deviation is negative", _no_spread_is_negative),
        Property("every layer has a gradient that varies, so no spread is 0", _every_gradient_varies),
    ),
)
def drive_gradient_spread(gradient_spread: Any, case: Case) -> Outputs:
    """``gradient_spread(x, weights, activation, activation_derivative, d_output) -> spreads``."""
    arguments = ("x", "weights", "activation", "activation_derivative", "d_output")
    return {"spreads": _as_array(gradient_spread(*(case[name] for name in arguments)))}


repair("repaired_gradient_spread", of="gradient_spread")


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "ReLU": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky ReLU": (lambda z: np.where(z > 0, z, z / 4), lambda z: np.where(z > 0, z.dtype.type(1), z.dtype.type(0.25))),
    "softplus": (lambda z: np.log1p(np.exp(z)), _sigmoid),
}


@family("activation", words=lambda name: name)
def activation(name: str) -> Any:
    """An activation function of a z that is never 0."""
    return ACTIVATIONS[name][0]


@family("slope of an activation", words=lambda name: f"the derivative of {name}")
def slope(name: str) -> Any:
    """Its derivative."""
    return ACTIVATIONS[name][1]


# Random weights


def _all_different(name: str, values: Array) -> Law:
    equal = 1 - len(np.unique(values)) / max(values.size, 1)
    says = f"{equal:.0%} of the numbers in {name} have the same value as another one. Each is drawn for itself."
    return Law(f"numbers of {name}", equal < MOST_EQUAL, says, found=equal)


def _two_draws(name: str, first: Array, second: Array) -> Law:
    equal = float(np.mean(first == second)) if first.shape == second.shape else 0.0
    says = f"A second call with the same generator gives the same {name}: draw from rng, and from nothing else."
    return Law(f"two draws of {name}", equal < MOST_EQUAL, says, found=equal)


def _by_factor(one: Statistic) -> Statistic:
    """The same statistic as a logarithm, so that of weights far too small some are still smaller than others."""
    off = math.log(max(one.value, 1e-300) / one.expected)
    return Statistic(one.name, off, 0.0, -math.log1p(-one.within / one.expected), one.sentence)


def _uniform_size(name: str, values: Array, bound: float) -> Facts:
    yield mean(f"the mean of {name}", values, 0.0, bound / np.sqrt(3), bound, EACH)
    yield _by_factor(uniform_deviation(f"the standard deviation of {name}", values, bound, EACH))


def _uniform_shape(name: str, values: Array, bound: float) -> Facts:
    yield uniform_largest(f"the largest number in {name}", values, bound, EACH)
    says = f"{{got}} of the numbers in {name} lie in the inner half of the interval; {{expected}} expected."
    yield share(f"inner half of {name}", np.abs(values) < bound / 2, 0.5, EACH, says)


def _normal_size(name: str, values: Array, deviation: float) -> Facts:
    yield normal_mean(f"the mean of {name}", values, 0.0, deviation, EACH)
    yield _by_factor(normal_deviation(f"the standard deviation of {name}", values, deviation, EACH))


# Shares of a normal distribution within one standard deviation, and beyond two and a half.
WITHIN_ONE, FAR_OUT = 0.682689492, 0.012419331


def _normal_shape(name: str, values: Array, deviation: float) -> Facts:
    says = f"{{got}} of the numbers in {name} lie within one standard deviation of 0; {{expected}} expected."
    yield share(f"{name} within one deviation", np.abs(values) < deviation, WITHIN_ONE, EACH, says)
    says = f"{{got}} of the numbers in {name} lie more than 2.5 standard deviations from 0; {{expected}} expected."
    yield share(f"{name} far out", np.abs(values) > 2.5 * deviation, FAR_OUT, EACH, says)


def _of_weights(size: Callable[..., Facts], shape: Callable[..., Facts], scale: Callable[[Inputs], float]) -> Any:
    """The measure of a function that draws weights: what its case asks for, in the order in which it is told."""

    def measure(case: Inputs, outputs: Outputs) -> Facts:
        first, second = (np.asarray(outputs[name], float) for name in ("first", "second"))
        yield Value("shape", list(first.shape))
        if first.shape != (case["fan_in"], case["fan_out"]):
            return
        yield _all_different("the weights", first)
        if case["_asks"] == "size":
            yield from size("the weights", first, scale(case))
        elif case["_asks"] == "shape":
            yield from shape("the weights", first, scale(case))
        else:
            yield _two_draws("weights", first, second)

    return measure


def _xavier_bound(case: Inputs) -> float:
    return float(np.sqrt(6 / (case["fan_in"] + case["fan_out"])))


def _kaiming_deviation(case: Inputs) -> float:
    return float(np.sqrt(2 / case["fan_in"]))


measure_xavier = _of_weights(_uniform_size, _uniform_shape, _xavier_bound)
measure_kaiming = _of_weights(_normal_size, _normal_shape, _kaiming_deviation)


def _drawn_twice(draw: Any, case: Case) -> Outputs:
    return {name: _as_array(draw(case["fan_in"], case["fan_out"], case["rng"])) for name in ("first", "second")}


@exercise("xavier_uniform", kinds=RANDOM, measure=measure_xavier, false_reject=FALSE_REJECT)
def drive_xavier_uniform(xavier_uniform: Any, case: Case) -> Outputs:
    """``xavier_uniform(fan_in, fan_out, rng) -> weights``, twice with the same generator."""
    return _drawn_twice(xavier_uniform, case)


@exercise("kaiming_normal", kinds=RANDOM, measure=measure_kaiming, false_reject=FALSE_REJECT)
def drive_kaiming_normal(kaiming_normal: Any, case: Case) -> Outputs:
    """``kaiming_normal(fan_in, fan_out, rng) -> weights``, twice with the same generator."""
    return _drawn_twice(kaiming_normal, case)


def _drawn_for_itself(W: Array, b: Array) -> Law:
    """Whether b holds numbers of W; both scaled to [-1, 1]. By chance, a fiftieth of them are that close to one."""
    ours, theirs = np.sort(np.abs(b)), np.sort(np.abs(W), axis=None)
    places = np.clip(np.searchsorted(theirs, ours), 1, len(theirs) - 1)
    nearest = np.minimum(np.abs(theirs[places] - ours), np.abs(theirs[places - 1] - ours))
    equal = float(np.mean(nearest < 1e-6))
    return Law("b for itself", equal < 0.5, "The numbers in b are those in W again. Draw b for itself.", found=equal)


def measure_kaiming_uniform(case: Inputs, outputs: Outputs) -> Facts:
    """Of W and b, what the case asks for."""
    W, b, second_W, second_b = (np.asarray(outputs[name], float) for name in ("W", "b", "second W", "second b"))
    bounds = float(np.sqrt(6 / case["fan_in"])), float(1 / np.sqrt(case["fan_in"]))
    yield Value("shape of W", list(W.shape))
    yield Value("shape of b", list(b.shape))
    if W.shape != (case["fan_in"], case["fan_out"]) or b.shape != (case["fan_out"],):
        return
    if case["_asks"] != "biases":
        yield _all_different("W", W)
    if case["_asks"] == "size":
        yield from _uniform_size("W", W, bounds[0])
    elif case["_asks"] == "shape":
        yield from _uniform_shape("W", W, bounds[0])
    elif case["_asks"] == "biases":
        yield uniform_largest("the largest number in b", b, bounds[1], EACH)
        yield _all_different("b", b)
        yield from _uniform_size("b", b, bounds[1])
    else:
        yield _two_draws("W", W, second_W)
        yield _two_draws("b", b, second_b)
        yield _drawn_for_itself(W / bounds[0], b / bounds[1])


@exercise("kaiming_uniform", kinds=RANDOM, measure=measure_kaiming_uniform, false_reject=FALSE_REJECT)
def drive_kaiming_uniform(kaiming_uniform: Any, case: Case) -> Outputs:
    """``kaiming_uniform(fan_in, fan_out, rng) -> (W, b)``, twice with the same generator."""
    found: Outputs = {}
    for prefix in ("", "second "):
        drawn = results(kaiming_uniform(case["fan_in"], case["fan_out"], case["rng"]), "W", "b", of="kaiming_uniform")
        found |= {f"{prefix}W": _as_array(drawn["W"]), f"{prefix}b": row(_as_array(drawn["b"]))}
    return found


# Modules


def _starts(name: str, shape: Sequence[int]) -> Array:
    """The numbers that a parameter or buffer has before an answer sees it: small ones, none of them 0."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    sizes = rng.uniform(0.1, 0.5, size=tuple(shape))
    signs = 1 if name.endswith("running_var") else rng.choice([-1, 1], size=tuple(shape))
    fan_in = np.prod(shape[1:]) if len(shape) > 1 else 10
    return (signs * sizes / np.sqrt(fan_in)).astype(np.float32)


def _in_words(layers: Sequence[Any]) -> str:
    return ", ".join(f"{path or 'the model'}: {kind}({_arguments(sizes)})" for path, kind, *sizes in layers)


def _arguments(sizes: Sequence[Any]) -> str:
    options = sizes[-1] if sizes and isinstance(sizes[-1], dict) else {}
    given = [size for size in sizes if not isinstance(size, dict)]
    return ", ".join([*map(str, given), *(f"{key}={value}" for key, value in options.items())])


@family("module", words=_in_words)
def module(layers: Sequence[Any]) -> Any:
    """A module of layers, each ``[path, kind, sizes..., options]``, whose numbers are always the same at the start.

    The modules on the path ``"1.block.0"`` are made where they are missing, as an ``nn.Sequential`` or, where the name
    says so, as a block with a parameter of its own. A layer with the path ``""`` is the whole model.
    """
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3, 2))

    class Head(nn.Linear):
        """A linear layer of a class of its own, as libraries have them."""

    whole: nn.Module = nn.Sequential()
    # The numbers are replaced in a moment; drawing them must not move the learner's random numbers on.
    with torch.random.fork_rng(devices=[]):
        for path, kind, *sizes in layers:
            options = sizes.pop() if sizes and isinstance(sizes[-1], dict) else {}
            layer, inside = (Head if kind == "Head" else getattr(nn, kind))(*sizes, **options), whole
            if not path:
                whole = layer
                break
            *outer, name = path.split(".")
            for part in outer:
                if part not in dict(inside.named_children()):
                    inside.add_module(part, Block() if part == "block" else nn.Sequential())
                inside = inside.get_submodule(part)
            inside.add_module(name, layer)
    for name, tensor in whole.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(_starts(name, tensor.shape)))
    return whole


def measure_initialize(case: Inputs, outputs: Outputs) -> Facts:
    """Of weights, biases and everything else, what the case asks for."""
    weights, biases, others = (
        {name: np.asarray(value, float) for name, value in outputs[kind].items()}
        for kind in ("weights", "biases", "others")
    )
    deviations = {name: float(np.sqrt(2 / np.prod(value.shape[1:]))) for name, value in weights.items()}
    if case["_asks"] == "size":
        for name, value in weights.items():
            yield from _normal_size(name, value, deviations[name])
    elif case["_asks"] == "shape":
        yield _two_layers(*list(weights.values())[:2])
        yield _two_models(*(np.concatenate([np.ravel(W) for W in of.values()]) for of in (weights, outputs["again"])))
        together = np.concatenate([(value / deviations[name]).ravel() for name, value in weights.items()])
        yield from _normal_shape("the weights", together, 1.0)
    elif case["_asks"] == "biases":
        yield from (_zero_bias(name, value, weights[name.replace("bias", "weight")]) for name, value in biases.items())
    else:
        yield from (_untouched(name, value) for name, value in others.items())
        yield _kept_as_it_is(outputs["changed"])


def _two_layers(first: Array, second: Array) -> Law:
    equal = float(np.mean(first == second))
    says = "Two layers of the same size have the same weights: draw each of them, and set no seed in between."
    return Law("two layers", equal < MOST_EQUAL, says, found=equal)


def _two_models(first: Array, second: Array) -> Law:
    equal = float(np.mean(first == second))
    says = "Two models get the same weights, one after the other: set no seed, and make no generator with a seed."
    return Law("two models", equal < MOST_EQUAL, says, found=equal)


CHANGES = {
    "replaced": "{n} parameters are new objects, unknown to an optimizer. Change the numbers of those that are there.",
    "frozen": "{n} parameters have another requires_grad than before, so that training would leave out some of them.",
    "retyped": "{n} parameters have another dtype than before.",
    "mode": "The model, or {n} of its modules, is in another mode than before: training or evaluation.",
}
"""What an answer may change besides numbers, and what to say about it."""


def _kept_as_it_is(changed: Mapping[str, int]) -> Law:
    says = next((words.format(n=changed[name]) for name, words in CHANGES.items() if changed[name]), "")
    return Law("the model itself", not says, says, found=np.array([changed[name] for name in CHANGES]))


def _change(name: str, value: Array) -> float:
    """By how much a parameter differs from what it was at the start."""
    return float(np.abs(value - _starts(name, value.shape)).max())


def _zero_bias(name: str, bias: Array, weight: Array) -> Law:
    """Zero, or left alone with a weight that is left alone too: a layer that is forgotten costs nothing here."""
    largest = float(np.abs(bias).max())
    forgotten = _change(name.replace("bias", "weight"), weight) == 0
    return Law(name, largest == 0 or forgotten, f"{name} is not 0: it goes up to {largest:.3g}.", found=largest)


def _untouched(name: str, value: Array) -> Law:
    change = _change(name, value)
    says = f"{name} has been changed, by up to {change:.3g}. It belongs to no Linear and no Conv2d."
    return Law(name, change == 0, says, found=change)


def _kept(model: Any) -> dict[str, list[Any]]:
    """What stays as it is when only numbers change, as `CHANGES` names it; parameters as they are."""
    parameters = list(model.parameters())
    return {
        "replaced": parameters,
        "frozen": [parameter.requires_grad for parameter in parameters],
        "retyped": [parameter.dtype for parameter in parameters],
        "mode": [part.training for part in model.modules()],
    }


@exercise("initialize", kinds=TORCH, measure=measure_initialize, false_reject=FALSE_REJECT)
def drive_initialize(initialize: Any, case: Case) -> Outputs:
    """``initialize(model)``, in place; what it draws from PyTorch's generator is seeded, and given back afterwards."""
    import torch

    model = case["model"]
    another, before = copy.deepcopy(model), _kept(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case["_seed"])
        initialize(model)
        found = _by_kind(model)
        if case["_asks"] == "shape":
            initialize(another)
            found["again"] = _by_kind(another)["weights"]
    if case["_asks"] == "others":
        after = _kept(model)
        found["changed"] = {name: sum(map(is_not, before[name], after[name])) for name in CHANGES}
    return found


def _by_kind(model: Any) -> Outputs:
    from torch import nn

    found: Outputs = {"weights": {}, "biases": {}, "others": {}}
    for name, tensor in model.state_dict().items():
        layer, _, part = name.rpartition(".")
        meant = isinstance(model.get_submodule(layer), nn.Linear | nn.Conv2d)
        if tensor.is_floating_point():
            found[{"weight": "weights", "bias": "biases"}[part] if meant else "others"][name] = tensor
    return found


def _float32_generator(rng: np.random.Generator) -> Any:
    import torch

    return torch.Generator().manual_seed(int(rng.integers(2**31)))


@lends("xavier_uniform")
def _torch_xavier(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    import torch

    return torch.nn.init.xavier_uniform_(torch.empty(fan_in, fan_out), generator=_float32_generator(rng)).numpy()


@lends("kaiming_normal")
def _torch_kaiming(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    import torch

    weights = torch.empty(fan_out, fan_in)  # as PyTorch stores them
    return torch.nn.init.kaiming_normal_(weights, nonlinearity="relu", generator=_float32_generator(rng)).T.numpy()


@lends("activation_spread")
def _torch_activation_spread(x: Array, weights: Sequence[Array], activation: Callable[[Array], Array]) -> list[float]:
    import torch
    from torch import nn

    class Activation(nn.Module):
        def forward(self, z: Any) -> Any:
            return torch.from_numpy(np.asarray(activation(z.numpy())))

    spreads: list[float] = []
    network = nn.Sequential()
    for W in weights:
        linear = nn.utils.skip_init(nn.Linear, *W.shape, bias=False)
        linear.weight = nn.Parameter(torch.from_numpy(np.array(W, float)).T, requires_grad=False)
        network.append(linear).append(Activation())
        network[-1].register_forward_hook(lambda _module, _z, out: spreads.append(out.std(correction=0).item()))
    network(torch.from_numpy(np.array(x, float)))
    return spreads
