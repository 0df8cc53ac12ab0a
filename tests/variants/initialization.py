"""Other ways to write the exercises on initialization: right ones, nearly right ones, and empty ones.

See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and ``WRONG`` hold.
"""

from __future__ import annotations

import copy
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

Array = np.ndarray
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]
Function = Callable[[Array], Array]


# preactivation_variance


def variance_term_by_term(fan_in: int, weight_variance: float, input_second_moment: float) -> float:
    return math.fsum(weight_variance * input_second_moment for _ in range(fan_in))


def variance_of_the_deviation(fan_in: int, weight_variance: float, input_second_moment: float) -> Any:
    return (np.sqrt(fan_in * weight_variance) * np.sqrt(input_second_moment)) ** 2


# activation_spread


def activation_spread_by_recursion(x: Array, weights: list[Array], activation: Function) -> list[Any]:
    if not weights:
        return []
    a = activation(np.dot(x, weights[0]))
    return [np.std(a), *activation_spread_by_recursion(a, weights[1:], activation)]


def activation_spread_kept(x: Array, weights: list[Array], activation: Function) -> Array:
    values = [x]
    for W in weights:
        values.append(activation(values[-1] @ W))
    return np.array([np.sqrt(np.mean((a - a.mean()) ** 2)) for a in values[1:]])


def activation_spread_example_by_example(x: Array, weights: list[Array], activation: Function) -> tuple[float, ...]:
    rows, found = list(x), []
    for W in weights:
        rows = [activation(row @ W) for row in rows]
        found.append(statistics.pstdev(float(number) for row in rows for number in row))
    return tuple(found)


def activation_spread_transposed(x: Array, weights: list[Array], activation: Function) -> list[Any]:
    columns, found = x.T, []
    for W in weights:
        columns = activation(W.T @ columns)
        found.append(columns.std(keepdims=True))
    return found


def activation_spread_by_torch(x: Array, weights: list[Array], activation: Function) -> torch.Tensor:
    values, found = torch.tensor(x), []
    for W in weights:
        values = torch.as_tensor(activation((values @ torch.tensor(W)).numpy()))
        found.append(values.std(correction=0))
    return torch.stack(found)


# gradient_spread


def gradient_spread_by_recursion(
    x: Array, weights: list[Array], activation: Function, activation_derivative: Function, d_output: Array
) -> list[float]:
    def back(x: Array, depth: int) -> tuple[Array, list[float]]:
        if depth == len(weights):
            return d_output, []
        z = x @ weights[depth]
        gradient, found = back(activation(z), depth + 1)
        gradient = np.multiply(gradient, activation_derivative(z)).dot(weights[depth].T)
        return gradient, [gradient.std(), *found]

    return back(x, 0)[1]


def gradient_spread_with_slopes_kept(
    x: Array, weights: list[Array], activation: Function, activation_derivative: Function, d_output: Array
) -> tuple[float, ...]:
    slopes = []
    for W in weights:
        z = x @ W
        slopes.append(activation_derivative(z))
        x = activation(z)
    found: list[float] = []
    for W, slope in list(zip(weights, slopes, strict=True))[::-1]:
        d_output = (W @ (d_output * slope).T).T
        found.insert(0, math.sqrt(np.var(d_output)))
    return tuple(found)


def gradient_spread_by_index(
    x: Array, weights: list[Array], activation: Function, activation_derivative: Function, d_output: Array
) -> Array:
    layers = len(weights)
    z, found = [x @ weights[0]], np.zeros(layers)
    for layer in range(1, layers):
        z.append(activation(z[-1]) @ weights[layer])
    gradient = d_output.copy()
    for layer in reversed(range(layers)):
        gradient *= activation_derivative(z[layer])
        gradient = np.einsum("nj,ij->ni", gradient, weights[layer])
        found[layer] = np.linalg.norm(gradient - gradient.mean()) / math.sqrt(gradient.size)
    return found


def gradient_spread_by_jacobians(
    x: Array, weights: list[Array], activation: Function, activation_derivative: Function, d_output: Array
) -> list[torch.Tensor]:
    gradients: list[list[Array]] = []
    for row, gradient in zip(x, d_output, strict=True):
        jacobians = []
        for W in weights:
            z = row @ W
            jacobians.append(W * activation_derivative(z))
            row = activation(z)
        own = []
        for jacobian in jacobians[::-1]:
            gradient = jacobian @ gradient
            own.append(gradient)
        gradients.append(own[::-1])
    return [torch.tensor(np.array(layer)).std(correction=0) for layer in zip(*gradients, strict=True)]


# random weights


def xavier_from_zero_to_one(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    return (2 * rng.random((fan_in, fan_out)) - 1) * math.sqrt(6 / (fan_in + fan_out))


def xavier_transposed(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    deviation = np.sqrt(2 / (fan_out + fan_in))
    return rng.uniform(-deviation * 3**0.5, deviation * 3**0.5, (fan_out, fan_in)).T


def xavier_row_by_row(fan_in: int, fan_out: int, rng: np.random.Generator) -> list[list[float]]:
    c = (6.0 / (fan_in + fan_out)) ** 0.5
    return [[c - 2 * c * u for u in rng.random(fan_out)] for _ in range(fan_in)]


def xavier_by_torch(fan_in: int, fan_out: int, rng: np.random.Generator) -> torch.Tensor:
    generator = torch.Generator().manual_seed(int(rng.integers(2**60)))
    return nn.init.xavier_uniform_(torch.empty(fan_in, fan_out), generator=generator)


def kaiming_scaled(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    return rng.standard_normal((fan_in, fan_out), dtype=np.float32) * math.sqrt(2) / math.sqrt(fan_in)


def kaiming_from_uniform_numbers(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Box and Muller's way to normal numbers."""
    u, v = 1 - rng.random((fan_in, fan_out)), rng.random((fan_in, fan_out))
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v) * np.sqrt(2 / fan_in)


def kaiming_column_by_column(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    return np.stack([rng.normal(scale=(2 / fan_in) ** 0.5, size=fan_in) for _ in range(fan_out)], axis=1)


def kaiming_by_torch(fan_in: int, fan_out: int, rng: np.random.Generator) -> torch.Tensor:
    generator = torch.Generator().manual_seed(int(rng.integers(2**60)))
    return nn.init.kaiming_normal_(torch.empty(fan_out, fan_in), generator=generator).T


def both_from_zero_to_one(fan_in: int, fan_out: int, rng: np.random.Generator) -> list[Array]:
    W = (rng.random((fan_in, fan_out)) - 0.5) * 2 * math.sqrt(6 / fan_in)
    return [W, (rng.random(fan_out) - 0.5) * 2 / math.sqrt(fan_in)]


def bias_first_and_as_a_row(fan_in: int, fan_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    c = 1 / np.sqrt(fan_in)
    b = rng.uniform(-c, c, (1, fan_out))
    return rng.uniform(-np.sqrt(6) * c, np.sqrt(6) * c, (fan_in, fan_out)), b


def both_from_one_draw(fan_in: int, fan_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    drawn = rng.uniform(-1, 1, size=(fan_in + 1, fan_out)) / fan_in**0.5
    return 6**0.5 * drawn[1:], drawn[0]


def both_by_torch(fan_in: int, fan_out: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(int(rng.integers(2**60)))
    W = nn.init.kaiming_uniform_(torch.empty(fan_out, fan_in), nonlinearity="relu", generator=generator)
    return W.T, nn.init.uniform_(torch.empty(fan_out), -(fan_in**-0.5), fan_in**-0.5, generator=generator)


# initialize


def initialize_default_gain(model: nn.Module) -> nn.Module:
    def one(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)  # a leaky ReLU of slope 0: the same gain
            if module.bias is not None:
                module.bias.data.fill_(0)

    return model.apply(one)


@torch.no_grad()
def initialize_by_hand(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            module.weight.copy_(torch.randn(module.weight.shape) * math.sqrt(2 / fan_in))
            if module.bias is not None:
                module.bias.zero_()


def initialize_by_recursion(model: nn.Module) -> None:
    if isinstance(model, nn.Linear | nn.Conv2d):
        nn.init.normal_(model.weight, std=model.weight[0].numel() ** -0.5)
        model.weight.data *= 2**0.5
        for bias in filter(lambda bias: bias is not None, [model.bias]):
            nn.init.constant_(bias, 0.0)
    for child in model.children():
        initialize_by_recursion(child)


def initialize_by_numpy(model: nn.Module) -> str:
    rng = np.random.default_rng()
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            shape = tuple(module.weight.shape)
            values = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
            module.weight.data = torch.from_numpy(values).float()
            if module.bias is not None:
                module.bias.data = torch.zeros(len(module.bias))
    return "done"


def _nothing(*_: Any) -> None:
    return None


VARIANTS: dict[str, Answers] = {
    "preactivation_variance": {
        "term by term": variance_term_by_term,
        "square of the deviation": variance_of_the_deviation,
        "array of one": lambda n, variance, moment: np.array([variance * n]) * moment,
        "torch": lambda n, variance, moment: torch.tensor(variance, dtype=torch.float64) * moment * n,
    },
    "activation_spread": {
        "recursion": activation_spread_by_recursion,
        "all activations kept, array": activation_spread_kept,
        "example by example, tuple": activation_spread_example_by_example,
        "columns as examples, arrays of one": activation_spread_transposed,
        "torch tensor": activation_spread_by_torch,
    },
    "gradient_spread": {
        "recursion": gradient_spread_by_recursion,
        "slopes kept, tuple": gradient_spread_with_slopes_kept,
        "by index, array": gradient_spread_by_index,
        "Jacobians, tensors": gradient_spread_by_jacobians,
    },
    "xavier_uniform": {
        "from 0 to 1": xavier_from_zero_to_one,
        "deviation first, transposed": xavier_transposed,
        "row by row, lists": xavier_row_by_row,
        "torch": xavier_by_torch,
    },
    "kaiming_normal": {
        "float32, scaled": kaiming_scaled,
        "from uniform numbers": kaiming_from_uniform_numbers,
        "column by column": kaiming_column_by_column,
        "torch": kaiming_by_torch,
    },
    "kaiming_uniform": {
        "from 0 to 1, list": both_from_zero_to_one,
        "bias first, a row": bias_first_and_as_a_row,
        "one draw for both": both_from_one_draw,
        "torch": both_by_torch,
    },
    "initialize": {
        "apply, default gain, returned": initialize_default_gain,
        "by hand": initialize_by_hand,
        "recursion": initialize_by_recursion,
        "NumPy": initialize_by_numpy,
    },
}

TRIVIAL: dict[str, Answers] = {
    "preactivation_variance": {
        "nothing": _nothing,
        "fan-in": lambda n, variance, moment: n,
        "one": lambda n, variance, moment: 1.0,
    },
    "activation_spread": {
        "nothing": _nothing,
        "empty": lambda x, weights, activation: [],
        "of the weights": lambda x, weights, activation: [W.std() for W in weights],
        "of the input": lambda x, weights, activation: [x.std()] * len(weights),
        "ones": lambda x, weights, activation: [1.0] * len(weights),
    },
    "gradient_spread": {
        "nothing": _nothing,
        "of the weights": lambda x, weights, f, df, d_output: [W.std() for W in weights],
        "of d_output": lambda x, weights, f, df, d_output: [d_output.std()] * len(weights),
        "zeros": lambda x, weights, f, df, d_output: np.zeros(len(weights)),
    },
    "xavier_uniform": {
        "nothing": _nothing,
        "zeros": lambda n, m, rng: np.zeros((n, m)),
        "unit matrix": lambda n, m, rng: np.eye(n, m),
        "nan": lambda n, m, rng: np.full((n, m), np.nan),
    },
    "kaiming_normal": {
        "nothing": _nothing,
        "zeros": lambda n, m, rng: np.zeros((n, m)),
        "in a row": lambda n, m, rng: np.linspace(-1, 1, n * m).reshape(n, m),
    },
    "kaiming_uniform": {
        "nothing": _nothing,
        "zeros": lambda n, m, rng: (np.zeros((n, m)), np.zeros(m)),
        "only W": lambda n, m, rng: np.sqrt(6 / n) * rng.uniform(-1, 1, (n, m)),
    },
    "initialize": {
        "nothing": _nothing,
        "model returned": lambda model: model,
        "zeros": lambda model: [nn.init.zeros_(parameter) for parameter in model.parameters()] and None,
        "a new model": lambda model: initialize_by_hand(copy.deepcopy(model)),
    },
}


def _kaiming_rescaled(n: int, m: int, rng: np.random.Generator) -> Array:
    """Cut off at two deviations, and divided by what is left of the deviation."""
    values = rng.normal(size=(n, m))
    while (far := np.abs(values) > 2).any():
        values[far] = rng.normal(size=far.sum())
    return values / 0.87962566 * np.sqrt(2 / n)


def _without_asking_for_a_bias(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)


def _with_new_parameters(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            fan_in, _ = nn.init._calculate_fan_in_and_fan_out(module.weight)
            module.weight = nn.Parameter(torch.normal(0, (2 / fan_in) ** 0.5, module.weight.shape))
            module.bias = None if module.bias is None else nn.Parameter(torch.zeros_like(module.bias))


def _with_a_generator(model: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _initialize_and(change: Function) -> Function:
    def initialize(model: nn.Module) -> None:
        initialize_by_hand(model)
        change(model)

    return initialize


def _truncated(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            deviation = (2 / module.weight[0].numel()) ** 0.5 / 0.87962566
            nn.init.trunc_normal_(module.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _with_normalization(model: nn.Module) -> None:
    initialize_by_hand(model)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)


def _large_enough(x: Array, weights: list[Array], activation: Function) -> Array:
    found = activation_spread_kept(x, weights, activation)
    return found if len(weights) > 1 else np.array([0.0])


WRONG: dict[str, WrongAnswers] = {
    "preactivation_variance": {
        "rounded": (lambda n, variance, moment: round(n * variance * moment, 4), {"exact", "scales"}),
        "a least variance": (lambda n, variance, moment: max(n * variance * moment, 1e-6), {"scales"}),
    },
    "activation_spread": {
        "rounded": (lambda *given: activation_spread_kept(*given).round(4), {"exact", "scales"}),
        "one number alone": (lambda *given: np.squeeze(activation_spread_kept(*given)), {"one_layer"}),
        "a single layer forgotten": (_large_enough, {"one_layer"}),
        "a small constant inside the root": (
            lambda *given: np.sqrt(activation_spread_kept(*given) ** 2 + 1e-8),
            {"exact", "scales"},
        ),
    },
    "gradient_spread": {
        "rounded": (lambda *given: gradient_spread_by_index(*given).round(4), {"exact", "scales"}),
        "one number alone": (lambda *given: np.squeeze(gradient_spread_by_index(*given)), {"one_layer"}),
    },
    "xavier_uniform": {
        "from the global generator": (
            lambda n, m, rng: np.random.uniform(-1, 1, (n, m)) * np.sqrt(6 / (n + m)),
            {"draws"},
        ),
        "the generator copied": (lambda n, m, rng: xavier_transposed(n, m, copy.deepcopy(rng)), {"draws"}),
        "a triangle": (
            lambda n, m, rng: (rng.random((n, m)) - rng.random((n, m))) * np.sqrt(12 / (n + m)),
            {"distribution"},
        ),
    },
    "kaiming_normal": {
        "from the global generator": (lambda n, m, rng: np.random.randn(n, m) * np.sqrt(2 / n), {"draws"}),
        "a generator without a seed": (
            lambda n, m, rng: kaiming_scaled(n, m, np.random.default_rng()),
            {"draws"},
        ),
        "cut off and rescaled": (_kaiming_rescaled, {"distribution"}),
    },
    "kaiming_uniform": {
        "b from the global generator": (
            lambda n, m, rng: (both_from_one_draw(n, m, rng)[0], np.random.uniform(-1, 1, m) / np.sqrt(n)),
            {"draws"},
        ),
        "b the first row of W": (
            lambda n, m, rng: (W := both_from_one_draw(n, m, rng)[0], -W[-1] / 6**0.5),
            {"draws"},
        ),
        "no b": (lambda n, m, rng: both_from_one_draw(n, m, rng)[0], {"ordinary"}),
    },
    "initialize": {
        "an error where there is no bias": (_without_asking_for_a_bias, {"biases"}),
        "cut off and rescaled": (_truncated, {"distribution"}),
        "normalization reset": (_with_normalization, {"others"}),
        "new parameters": (_with_new_parameters, {"others"}),
        "parameters frozen": (_initialize_and(lambda model: model.requires_grad_(False)), {"others"}),
        "evaluation mode": (_initialize_and(lambda model: model.eval()), {"others"}),
        "another precision": (_initialize_and(lambda model: model.double()), {"others"}),
        "a generator with a seed": (_with_a_generator, {"distribution"}),
    },
}
