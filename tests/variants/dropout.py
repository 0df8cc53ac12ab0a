"""Other ways to write the exercises on dropout: right ones, nearly right ones, and empty ones.

See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and ``WRONG`` hold.
"""

from __future__ import annotations

import copy
import math
import statistics
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import nn

Array = np.ndarray
Rng = np.random.Generator
Forward = Callable[[Array, Rng], Array]
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]


# dropout_forward


def forward_binomial(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Array]:
    mask = rng.binomial(1, 1 - p_drop, x.shape) == 1 if training else np.full(x.shape, True)
    factor = 1 / (1 - p_drop) if training and p_drop < 1 else 1.0
    return np.where(mask, x * factor, 0), mask


def forward_uniform(x: Array, p_drop: float, rng: Rng, training: bool) -> list[Array]:
    mask = rng.uniform(size=x.shape) < 1 - p_drop
    if not training:
        mask = np.ones_like(x).astype(bool)
        return [x.copy(), mask]
    out = x.copy()
    out[~mask] = 0
    if mask.any():
        out /= 1 - p_drop
    return [out, mask]


def forward_choice(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Array]:
    if training is False:
        return np.array(x), x == x
    keep_prob = 1 - p_drop
    mask = rng.choice([True, False], size=x.shape, p=[keep_prob, p_drop])
    return x * (mask / keep_prob if keep_prob else 0.0), mask


def forward_entry_by_entry(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Any, Any]:
    kept = [not training or bool(rng.random() >= p_drop) for _ in range(x.size)]
    scale = 1.0 if not training else 0.0 if p_drop == 1 else 1 / (1 - p_drop)
    out = [scale * value if keep else 0.0 for value, keep in zip(x.ravel().tolist(), kept, strict=True)]
    return np.reshape(out, x.shape).tolist(), np.reshape(kept, x.shape).tolist()


def forward_by_torch(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(int(rng.integers(2**60)))
    p = torch.full(x.shape, 1 - p_drop if training else 1.0, dtype=torch.float64)
    mask = torch.bernoulli(p, generator=generator).bool()
    return torch.where(mask, torch.from_numpy(x) / p, 0.0), mask


# dropout_backward


def backward_entry_by_entry(dout: Array, mask: Array, p_drop: float) -> list[float]:
    pairs = zip(dout.ravel(), mask.ravel(), strict=True)
    return np.reshape([g / (1 - p_drop) if kept else 0.0 for g, kept in pairs], dout.shape).tolist()


def backward_in_place(dout: Array, mask: Array, p_drop: float) -> Array:
    dout[~mask] = 0
    if mask.any():
        dout /= 1 - p_drop
    return dout


def backward_by_autograd(dout: Array, mask: Array, p_drop: float) -> Any:
    x = torch.ones(dout.shape, dtype=torch.from_numpy(dout).dtype, requires_grad=True)
    torch.where(torch.from_numpy(mask), x / max(1 - p_drop, 1e-300), 0.0).backward(torch.from_numpy(dout))
    return x.grad


# Weights


def dropped_row_by_row(W: Array, kept: Array) -> list[list[float]]:
    return [list(row) if keep else [0.0] * len(row) for row, keep in zip(W.tolist(), kept, strict=True)]


def dropped_in_place(W: Array, kept: Array) -> Array:
    W[~kept] = 0
    return W


# geometric_mean_prediction


def average_closed(x: Array, W: Array, b: Array, keep_prob: float) -> Array:
    p = np.exp(x @ W * keep_prob + b)
    return p / p.sum(axis=1, keepdims=True)


def average_as_a_product(x: Array, W: Array, b: Array, keep_prob: float) -> Array:
    found = np.ones((len(x), len(b)))
    for mask in product([0, 1], repeat=x.shape[1]):
        p = np.exp((x * mask) @ W + b)
        p = p / p.sum(axis=1)[:, None]
        found *= p ** (keep_prob ** sum(mask) * (1 - keep_prob) ** (len(mask) - sum(mask)))
    return (found.T / found.sum(axis=1)).T


def average_all_at_once(x: Array, W: Array, b: Array, keep_prob: float) -> Array:
    D = x.shape[1]
    masks = np.arange(2**D)[:, None] >> np.arange(D) & 1
    weights = np.where(masks, keep_prob, 1 - keep_prob).prod(axis=1)
    scores = np.einsum("md,nd,dc->mnc", masks, x, W) + b
    logs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    mean = np.tensordot(weights, logs, axes=1)
    mean = np.exp(mean - mean.max(axis=1, keepdims=True))
    return mean / mean.sum(axis=1, keepdims=True)


def average_by_torch(x: Array, W: Array, b: Array, keep_prob: float) -> torch.Tensor:
    x, W, b = (torch.from_numpy(array) for array in (x, W, b))
    total: Any = 0
    for mask in product([False, True], repeat=x.shape[1]):
        weight = math.prod(keep_prob if kept else 1 - keep_prob for kept in mask)
        total = total + weight * ((x * torch.tensor(mask)) @ W + b).log_softmax(dim=1)
    return total.softmax(dim=1)


# monte_carlo_prediction


def samples_in_two_passes(forward: Forward, x: Array, rng: Rng, samples: int) -> list[Any]:
    answers = [forward(x, rng) for _ in range(samples)]
    mean = sum(answers) / samples
    return [mean, np.sqrt(sum((answer - mean) ** 2 for answer in answers) / samples)]


def samples_running(forward: Forward, x: Array, rng: Rng, samples: int) -> tuple[Any, Any]:
    """Welford's way."""
    mean, squares = np.zeros(1), np.zeros(1)
    for n in range(1, samples + 1):
        answer = forward(x, rng)
        old = mean
        mean = mean + (answer - mean) / n
        squares = squares + (answer - old) * (answer - mean)
    return mean, np.sqrt(squares / samples)


def samples_number_by_number(forward: Forward, x: Array, rng: Rng, samples: int) -> tuple[Any, Any]:
    answers = [np.asarray(forward(x, rng)) for _ in range(samples)]
    columns = list(zip(*(answer.ravel().tolist() for answer in answers), strict=True))
    found = [np.reshape([of(one) for one in columns], answers[0].shape) for of in (statistics.mean, statistics.pstdev)]
    return found[0].tolist(), found[1].tolist()


def samples_by_torch(forward: Forward, x: Array, rng: Rng, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    answers = torch.stack([torch.tensor(forward(x, rng)) for _ in range(samples)], dim=-1)
    return answers.mean(dim=-1), answers.std(dim=-1, correction=0)


# Dropout


class WithLayer(nn.Module):
    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()
        self.layer = nn.Dropout(p_drop)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


class WithBernoulli(nn.Module):
    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()
        self.keep_prob = 1 - p_drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.keep_prob == 1:
            return x
        if self.keep_prob == 0:
            return torch.zeros_like(x)
        return x * torch.bernoulli(torch.full_like(x, self.keep_prob)) / self.keep_prob


class WithWhere(nn.Module):
    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()
        self.register_buffer("p", torch.tensor(p_drop))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            dropped = torch.rand(x.shape, device=x.device) < self.p
            return torch.where(dropped, 0, x / (1 - float(self.p)) if self.p < 1 else x)
        return 1 * x


class InPlace(nn.Module):
    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()
        self.p = p_drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x, p=self.p, training=self.training, inplace=True)


class Doubled(nn.Module):
    """Right but for the type: a mask of float64."""

    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()
        self.p = p_drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ones = torch.ones(x.shape, dtype=torch.float64)
        return x * nn.functional.dropout(ones, self.p, self.training)


class FromNumpy(nn.Module):
    """Draws from NumPy's global generator, which torch.manual_seed does not set."""

    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()
        self.p = p_drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        mask = torch.from_numpy(np.random.rand(*x.shape) >= self.p)
        return torch.where(mask, x / max(1 - self.p, 1e-30), 0)


class OnlyMatrices(WithBernoulli):
    """One mask for the rows and columns of all images."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() < 4 or not self.training:
            return super().forward(x)
        return x * super().forward(torch.ones(x.shape[-2:]))


class Unchanged(nn.Module):
    def __init__(self, p_drop: float = 0.5) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Zeros(Unchanged):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0 * x


def _nothing(*_: Any) -> None:
    return None


VARIANTS: dict[str, Answers] = {
    "dropout_forward": {
        "binomial": forward_binomial,
        "uniform, in place on a copy, list": forward_uniform,
        "choice": forward_choice,
        "entry by entry, lists": forward_entry_by_entry,
        "torch": forward_by_torch,
    },
    "dropout_backward": {
        "entry by entry, lists": backward_entry_by_entry,
        "in place": backward_in_place,
        "autograd": backward_by_autograd,
        "where": lambda dout, mask, p_drop: np.where(mask, dout / max(1 - p_drop, 1e-300), 0),
    },
    "scale_weights": {
        "matrix product": lambda W, keep_prob: W @ np.diag(np.full(W.shape[1], keep_prob)),
        "list": lambda W, keep_prob: [[w * keep_prob for w in row] for row in W.tolist()],
        "torch": lambda W, keep_prob: torch.from_numpy(W) * keep_prob,
        "minus what is dropped": lambda W, keep_prob: W - (1 - keep_prob) * W,
        "in place": lambda W, keep_prob: np.multiply(W, keep_prob, out=W),
    },
    "dropped_inputs_as_weights": {
        "row by row, lists": dropped_row_by_row,
        "in place": dropped_in_place,
        "diagonal matrix": lambda W, kept: np.diag(kept.astype(float)) @ W,
        "transposed": lambda W, kept: (W.T * kept).T,
        "where": lambda W, kept: np.where(kept.reshape(-1, 1), W, 0),
    },
    "geometric_mean_prediction": {
        "scaled weights": average_closed,
        "a product of powers": average_as_a_product,
        "all masks at once": average_all_at_once,
        "torch": average_by_torch,
    },
    "monte_carlo_prediction": {
        "two passes, list": samples_in_two_passes,
        "running": samples_running,
        "number by number, lists": samples_number_by_number,
        "torch, samples last": samples_by_torch,
    },
    "Dropout": {
        "a layer inside": WithLayer,
        "Bernoulli": WithBernoulli,
        "where, a buffer": WithWhere,
        "in place": InPlace,
    },
}

TRIVIAL: dict[str, Answers] = {
    "dropout_forward": {
        "nothing": _nothing,
        "x returned": lambda x, p_drop, rng, training: (x, np.ones(x.shape, bool)),
        "zeros": lambda x, p_drop, rng, training: (0 * x, np.zeros(x.shape, bool)),
        "every second": lambda x, p_drop, rng, training: (
            x * (np.arange(x.size) % 2).reshape(x.shape) / (1 - p_drop),
            (np.arange(x.size) % 2 == 1).reshape(x.shape),
        ),
    },
    "dropout_backward": {
        "nothing": _nothing,
        "dout returned": lambda dout, mask, p_drop: dout,
        "mask returned": lambda dout, mask, p_drop: mask,
    },
    "scale_weights": {
        "nothing": _nothing,
        "W returned": lambda W, keep_prob: W,
        "zeros": lambda W, keep_prob: 0 * W,
    },
    "dropped_inputs_as_weights": {
        "nothing": _nothing,
        "W returned": lambda W, kept: W,
        "zeros": lambda W, kept: 0 * W,
    },
    "geometric_mean_prediction": {
        "nothing": _nothing,
        "all alike": lambda x, W, b, keep_prob: np.full((len(x), len(b)), 1 / len(b)),
        "the bias alone": lambda x, W, b, keep_prob: np.tile(np.exp(b) / np.exp(b).sum(), (len(x), 1)),
    },
    "monte_carlo_prediction": {
        "nothing": _nothing,
        "zeros": lambda forward, x, rng, samples: (0 * forward(x, rng), 0 * forward(x, rng)),
        "x returned": lambda forward, x, rng, samples: (x, x),
    },
    "Dropout": {
        "unchanged": Unchanged,
        "zeros": Zeros,
        "identity": lambda p_drop=0.5: nn.Identity(),
    },
}


def _global(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Array]:
    return forward_binomial(x, p_drop, np.random.default_rng(), training)


def _copied(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Array]:
    return forward_binomial(x, p_drop, copy.deepcopy(rng), training)


def _small_constant(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Array]:
    mask = rng.random(x.shape) >= p_drop if training else np.ones(x.shape, bool)
    return (x * mask / (1 - p_drop + 1e-8) if training else x), mask


def _whole_numbers(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Array]:
    out, mask = forward_binomial(x, p_drop, rng, training)
    return out, mask.astype(int)


def _only_in_training(x: Array, p_drop: float, rng: Rng, training: bool) -> tuple[Array, Any]:
    return forward_binomial(x, p_drop, rng, training) if training else (x, None)


def _seeded_by_the_clock(forward: Forward, x: Array, rng: Rng, samples: int) -> list[Any]:
    return samples_in_two_passes(forward, x, np.random.default_rng(), samples)


def _copied_generator(forward: Forward, x: Array, rng: Rng, samples: int) -> list[Any]:
    return samples_in_two_passes(lambda x, rng: forward(x, copy.deepcopy(rng)), x, rng, samples)


def _rounded(forward: Forward, x: Array, rng: Rng, samples: int) -> tuple[Array, Array]:
    answers = np.array([forward(x, rng) for _ in range(samples)]).round(4)
    return answers.mean(axis=0), answers.std(axis=0)


WRONG: dict[str, WrongAnswers] = {
    "dropout_forward": {
        "a generator of its own": (_global, {"draws"}),
        "the generator copied": (_copied, {"draws"}),
        "a small constant": (_small_constant, {"exact"}),
        "a mask of whole numbers": (_whole_numbers, {"boolean"}),
        "no mask in use": (_only_in_training, {"evaluation", "boolean"}),
    },
    "dropout_backward": {
        "a small constant": (lambda dout, mask, p_drop: dout * mask / (1 - p_drop + 1e-7), {"exact"}),
        "rounded": (lambda dout, mask, p_drop: backward_in_place(dout, mask, p_drop).round(6), {"exact"}),
    },
    "scale_weights": {
        "rounded": (lambda W, keep_prob: (W * keep_prob).round(5), {"exact"}),
        "never all": (lambda W, keep_prob: W * (keep_prob if keep_prob < 1 else 0), {"all_or_none"}),
    },
    "dropped_inputs_as_weights": {
        "rounded": (lambda W, kept: (W * kept[:, None]).round(5), {"exact"}),
        "squeezed": (lambda W, kept: np.squeeze(W * kept[:, None]), {"one_input"}),
    },
    "geometric_mean_prediction": {
        "rounded": (lambda *given: average_closed(*given).round(6), {"exact"}),
        "eight inputs at most": (lambda x, W, b, q: average_closed(x[:, :8], W[:8], b, q), {"ten_inputs"}),
        "scores cut off": (
            lambda x, W, b, q: average_closed(x, W, b, q) if np.abs(x @ W).max() < 9 else np.full((len(x), len(b)), 0),
            {"large"},
        ),
    },
    "monte_carlo_prediction": {
        "a generator of its own": (_seeded_by_the_clock, {"draws"}),
        "the generator copied": (_copied_generator, {"draws"}),
        "rounded": (_rounded, {"exact"}),
        "at least two": (
            lambda forward, x, rng, samples: samples_in_two_passes(forward, x, rng, max(samples, 2)),
            {"one_sample"},
        ),
        "squeezed": (
            lambda *given: [np.squeeze(one) for one in samples_in_two_passes(*given)],
            {"shapes"},
        ),
    },
    "Dropout": {
        "a mask of float64": (Doubled, {"precision"}),
        "NumPy's generator": (FromNumpy, {"draws"}),
        "one mask for all images": (OnlyMatrices, {"independent"}),
    },
}
