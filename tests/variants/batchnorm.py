"""Other ways to write the exercises on batch normalization: right ones, nearly right ones, and empty ones.

See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and ``WRONG`` hold.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

Array = np.ndarray
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]


# centering_backward


def centering_by_the_matrix(dout: Array) -> Array:
    n = len(dout)
    return (np.eye(n) - np.ones((n, n)) / n).T @ dout


def centering_in_place(dout: Array) -> Array:
    dout = dout.copy()
    for column in dout.T:
        column -= column.sum() / len(column)
    return dout


def centering_by_autograd(dout: Array) -> torch.Tensor:
    x = torch.zeros(dout.shape, dtype=torch.from_numpy(dout).dtype, requires_grad=True)
    (x - x.mean(dim=0)).backward(torch.from_numpy(dout))
    return x.grad


# batchnorm_forward


def forward_row_statistics(x: Array, gamma: Array, beta: Array, eps: float) -> list[Array]:
    centred = x - x.mean(axis=0, keepdims=True)
    std = ((centred**2).mean(axis=0, keepdims=True) + eps) ** 0.5
    return [gamma * (centred / std) + beta, centred / std, std]


def forward_feature_by_feature(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Any, Any, Any]:
    out, x_hat, std = [], [], []
    for column, factor, shift in zip(x.T.tolist(), gamma.tolist(), beta.tolist(), strict=True):
        middle = statistics.fmean(column)
        std.append((statistics.pvariance(column, middle) + eps) ** 0.5)
        x_hat.append([(value - middle) / std[-1] for value in column])
        out.append([factor * value + shift for value in x_hat[-1]])
    return np.transpose(out).tolist(), np.transpose(x_hat).tolist(), std


def forward_by_torch(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Any, Any, Any]:
    given = torch.from_numpy(x)
    x_hat = nn.functional.batch_norm(given, None, None, training=True, eps=eps)
    return (
        x_hat * torch.from_numpy(gamma) + torch.from_numpy(beta),
        x_hat,
        (given.var(dim=0, correction=0) + eps).sqrt(),
    )


def forward_in_place(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    x_hat = x.copy()
    x_hat -= x_hat.mean(axis=0)
    std = np.sqrt(np.var(x, 0) + eps)
    x_hat /= std
    out = x_hat * gamma
    out += beta
    return out, x_hat, std


# batchnorm_backward


def backward_as_in_the_paper(dout: Array, x_hat: Array, gamma: Array, std: Array) -> tuple[Array, Array, Array]:
    n, centred = len(dout), x_hat * std
    d_hat = dout * gamma
    d_variance = (d_hat * centred).sum(axis=0) * -0.5 * std**-3
    d_mean = -d_hat.sum(axis=0) / std + d_variance * (-2 * centred).mean(axis=0)
    dx = d_hat / std + d_variance * 2 * centred / n + d_mean / n
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def backward_short(dout: Array, x_hat: Array, gamma: Array, std: Array) -> list[Array]:
    n = dout.shape[0]
    dgamma, dbeta = np.einsum("nd,nd->d", dout, x_hat), dout.sum(0, keepdims=True)
    return [gamma / (n * std) * (n * dout - x_hat * dgamma - dbeta), dgamma[None], dbeta]


def backward_by_the_jacobian(dout: Array, x_hat: Array, gamma: Array, std: Array) -> tuple[Array, Any, Any]:
    n, d = dout.shape
    dx = np.zeros((n, d))
    for j in range(d):
        jacobian = (np.eye(n) - 1 / n - np.outer(x_hat[:, j], x_hat[:, j]) / n) / std[j]
        dx[:, j] = gamma[j] * jacobian @ dout[:, j]
    return dx, [float(dout[:, j] @ x_hat[:, j]) for j in range(d)], [float(dout[:, j].sum()) for j in range(d)]


def backward_two_stages(dout: Array, x_hat: Array, gamma: Array, std: Array) -> tuple[Any, Any, Any]:
    g = torch.from_numpy(dout) * torch.from_numpy(gamma)
    hat = torch.from_numpy(x_hat)
    stretched = g - hat * (g * hat).mean(dim=0)
    return (
        (stretched - g.mean(dim=0)) / torch.from_numpy(std),
        (dout * x_hat).sum(axis=0),
        torch.from_numpy(dout).sum(0),
    )


# BatchNorm


class InRows:
    """Attributes of shape (1, D), changed in place."""

    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        self.w, self.eps = new_weight, eps
        self.gamma, self.beta = np.ones((1, features)), np.zeros((1, features))
        self.running_mean, self.running_var = np.zeros((1, features)), np.ones((1, features))

    def forward(self, x: Array, training: bool) -> Array:
        mean, var = self.running_mean, self.running_var
        if training:
            n = x.shape[0]
            if n < 2:
                raise ValueError("one example has no variance")
            mean, var = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
            self.running_mean += self.w * (mean - self.running_mean)
            self.running_var += self.w * (var * n / (n - 1) - self.running_var)
        return self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta


class ByFunction:
    """With `nn.functional.batch_norm` inside."""

    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        self.settings = new_weight, eps
        self.gamma, self.beta = np.ones(features), np.zeros(features)
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)

    def forward(self, x: Array, training: bool) -> Array:
        if training and len(x) == 1:
            raise ValueError("too few")
        w, eps = self.settings
        given = [
            torch.from_numpy(np.array(one)) for one in (x, self.running_mean, self.running_var, self.gamma, self.beta)
        ]
        out = nn.functional.batch_norm(*given, training=training, momentum=w, eps=eps)
        self.running_mean, self.running_var = given[1].numpy(), given[2].numpy()
        return out.numpy()


class InLists:
    """Statistics in lists, feature by feature."""

    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        self.features, self.new_weight, self.eps = features, new_weight, eps
        self.gamma, self.beta = [1.0] * features, [0.0] * features
        self.running_mean, self.running_var = [0.0] * features, [1.0] * features

    def forward(self, x: Array, training: bool) -> Array:
        means, variances = list(self.running_mean), list(self.running_var)
        if training:
            if len(x) < 2:
                raise ValueError
            means, variances = [list(row) for row in (x.mean(axis=0), x.var(axis=0))]
            self.running_mean = [
                old + self.new_weight * (new - old) for old, new in zip(self.running_mean, means, strict=True)
            ]
            self.running_var = [
                old + self.new_weight * (statistics.variance(column.tolist()) - old)
                for old, column in zip(self.running_var, x.T, strict=True)
            ]
        columns = [
            np.asarray(self.gamma)[j] * (x[:, j] - means[j]) / (variances[j] + self.eps) ** 0.5
            + np.asarray(self.beta)[j]
            for j in range(self.features)
        ]
        return np.stack(columns, axis=1)


# fold_batchnorm


def fold_by_trying(*given: Any) -> tuple[Array, Array]:
    """What the two layers make of zeros, and of each input alone."""
    W, b, gamma, beta, mean, var, eps = given
    at = np.concatenate([np.zeros((1, len(W))), np.eye(len(W))])
    z = gamma * (at @ W + b - mean) / np.sqrt(var + eps) + beta
    return z[1:] - z[0], z[0]


def fold_column_by_column(*given: Any) -> list[Any]:
    W, b, gamma, beta, mean, var, eps = given
    columns, biases = [], []
    for j in range(W.shape[1]):
        factor = float(gamma[j]) / float(var[j] + eps) ** 0.5
        columns.append([float(w) * factor for w in W[:, j]])
        biases.append((float(b[j]) - float(mean[j])) * factor + float(beta[j]))
    return [np.transpose(columns).tolist(), biases]


def fold_with_a_matrix(*given: Any) -> tuple[Array, Array]:
    W, b, gamma, beta, mean, var, eps = given
    scale = np.diag(gamma * (var + eps) ** -0.5)
    return W @ scale, ((b - mean)[None] @ scale + beta)


# TorchBatchNorm


class WithFunction(nn.Module):
    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.eps = new_weight, eps
        self.gamma, self.beta = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training and len(x) == 1:
            raise ValueError("too few")
        return nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.gamma, self.beta, self.training, self.momentum, self.eps
        )


class WithAssignment(nn.Module):
    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.new_weight, self.eps = new_weight, eps
        self.register_parameter("beta", nn.Parameter(torch.zeros(features)))
        self.register_parameter("gamma", nn.Parameter(torch.full((features,), 1.0)))
        self.register_buffer("running_var", torch.ones(features))
        self.register_buffer("running_mean", torch.zeros(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return (x - self.running_mean) * torch.rsqrt(self.running_var + self.eps) * self.gamma + self.beta
        n = x.size(0)
        if n < 2:
            raise ValueError(f"{n} is too few")
        mean = x.sum(dim=0) / n
        centred = x - mean
        var = (centred * centred).sum(dim=0) / n
        self.running_mean = (1 - self.new_weight) * self.running_mean + self.new_weight * mean.detach()
        self.running_var = (1 - self.new_weight) * self.running_var + self.new_weight * var.detach() * n / (n - 1)
        return self.gamma * (centred / (var + self.eps).sqrt()) + self.beta


class WithData(nn.Module):
    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.w, self.eps = new_weight, eps
        self.gamma, self.beta = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        for name, make in (("running_mean", torch.zeros), ("running_var", torch.ones)):
            self.register_buffer(name, make(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            if x.shape[0] == 1:
                raise ValueError("needs two")
            var, mean = torch.var_mean(x, dim=0, correction=0)
            self.running_mean.data.mul_(1 - self.w).add_(self.w * mean.data)
            self.running_var.data.mul_(1 - self.w).add_(self.w * x.data.var(dim=0))
        else:
            mean, var = self.running_mean, self.running_var
        return torch.addcmul(self.beta, self.gamma, (x - mean) / torch.sqrt(var + self.eps))


VARIANTS: dict[str, Answers] = {
    "centering_backward": {
        "the matrix": centering_by_the_matrix,
        "column by column, in place": centering_in_place,
        "autograd": centering_by_autograd,
    },
    "batchnorm_forward": {
        "rows of statistics, list": forward_row_statistics,
        "feature by feature, lists": forward_feature_by_feature,
        "torch": forward_by_torch,
        "in place": forward_in_place,
    },
    "batchnorm_backward": {
        "as in the paper": backward_as_in_the_paper,
        "short, rows": backward_short,
        "Jacobian": backward_by_the_jacobian,
        "torch, two stages": backward_two_stages,
    },
    "BatchNorm": {"rows, in place": InRows, "torch inside": ByFunction, "lists": InLists},
    "fold_batchnorm": {
        "by trying": fold_by_trying,
        "column by column, lists": fold_column_by_column,
        "a diagonal matrix": fold_with_a_matrix,
    },
    "batch_statistics_noise": {
        "product": lambda variance, n: variance * (1 / n),
        "a sum of N": lambda variance, n: sum([variance] * n) / n**2,
        "array": lambda variance, n: np.array([variance / n]),
    },
    "TorchBatchNorm": {"function": WithFunction, "assignment": WithAssignment, "data": WithData},
}


def _nothing(*_: Any, **__: Any) -> None:
    return None


class Idle:
    """Hands on what it gets."""

    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        self.gamma, self.beta = np.ones(features), np.zeros(features)
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)

    def forward(self, x: Array, training: bool) -> Array:
        return x


class IdleModule(nn.Module):
    """Hands on what it gets."""

    def __init__(self, features: int, new_weight: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


TRIVIAL: dict[str, Answers] = {
    "centering_backward": {"nothing": _nothing, "zeros": lambda dout: 0 * dout, "dout returned": lambda dout: dout},
    "batchnorm_forward": {"nothing": _nothing, "x returned": lambda x, gamma, beta, eps: (x, x, gamma)},
    "batchnorm_backward": {"nothing": _nothing, "dout returned": lambda dout, x_hat, gamma, std: (dout, gamma, std)},
    "BatchNorm": {"idle": Idle},
    "fold_batchnorm": {"nothing": _nothing, "unchanged": lambda W, b, *rest: (W, b)},
    "batch_statistics_noise": {"nothing": _nothing, "zero": lambda variance, n: 0.0},
    "TorchBatchNorm": {"idle": IdleModule},
}

WRONG: dict[str, WrongAnswers] = {
    "centering_backward": {
        "off by 1e-6": (lambda dout: (dout - dout.mean(axis=0)) * (1 + 1e-6), {"exact"}),
    },
    "batchnorm_forward": {
        "off by 1e-6": (
            lambda x, gamma, beta, eps: [one * (1 + 1e-6) for one in forward_in_place(x, gamma, beta, eps)],
            {"exact"},
        ),
    },
    "fold_batchnorm": {
        "off by 1e-6": (lambda *given: [one * (1 + 1e-6) for one in fold_with_a_matrix(*given)], {"exact"}),
    },
}
