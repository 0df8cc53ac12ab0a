"""Other ways to write the exercises of the first notebook: right ones, nearly right ones, and empty ones.

See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and ``WRONG`` hold.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

Array = np.ndarray
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]


# affine


def affine_by_loops(x: Array, W: Array, b: Array) -> list[list[float]]:
    columns = range(len(b))
    return [[sum(row[i] * W[i, j] for i in range(len(row))) + b[j] for j in columns] for row in x]


def affine_in_place(x: Array, W: Array, b: Array) -> Array:
    z = np.matmul(x, W)
    z += b
    return z


def affine_by_examples(x: Array, W: Array, b: Array) -> Array:
    return np.array([row @ W + b for row in x])


def affine_batch_last(x: Array, W: Array, b: Array) -> Array:
    return (W.T @ x.T + b[:, None]).T


def affine_with_a_column_of_ones(x: Array, W: Array, b: Array) -> Array:
    return np.hstack([x, np.ones((len(x), 1))]) @ np.vstack([W, b])


def affine_by_sums(x: Array, W: Array, b: Array) -> Array:
    return (x[:, :, None] * W).sum(axis=1) + b


def affine_in_float32(x: Array, W: Array, b: Array) -> Array:
    return x.astype(np.float32) @ W.astype(np.float32) + b.astype(np.float32)


def affine_by_torch(x: Array, W: Array, b: Array) -> torch.Tensor:
    return functional.linear(torch.tensor(x), torch.tensor(W).T, torch.tensor(b))


# one_hot


def one_hot_by_loops(y: Array, n_classes: int) -> list[list[int]]:
    return [[int(c == of) for c in range(n_classes)] for of in y]


def one_hot_by_comparison(y: Array, n_classes: int) -> Array:
    return y[:, None] == np.arange(n_classes)


def one_hot_rows_of_the_unit_matrix(y: Array, n_classes: int) -> Array:
    return np.eye(n_classes)[y]


def one_hot_flat(y: Array, n_classes: int) -> Array:
    rows = np.zeros(len(y) * n_classes, dtype=np.uint8)
    rows[np.arange(len(y)) * n_classes + y] = 1
    return rows.reshape(len(y), n_classes)


def one_hot_along_an_axis(y: Array, n_classes: int) -> Array:
    rows = np.zeros((y.size, n_classes), np.float32)
    np.put_along_axis(rows, y[:, np.newaxis], 1, axis=1)
    return rows


def one_hot_by_classes(y: Array, n_classes: int) -> Array:
    return np.stack([y == c for c in range(n_classes)], axis=1)


def one_hot_by_torch(y: Array, n_classes: int) -> torch.Tensor:
    return functional.one_hot(torch.tensor(y), n_classes)


# standardize


def standardize_by_loops(x: Array) -> list[list[float]]:
    columns = []
    for column in x.T.tolist():
        mean, deviation = statistics.fmean(column), statistics.pstdev(column)
        constant = min(column) == max(column)
        columns.append([0.0 if constant else (number - mean) / deviation for number in column])
    return np.array(columns).T.tolist()


def standardize_what_varies(x: Array) -> Array:
    result = np.zeros(x.shape)
    varies = np.ptp(x, axis=0) > 0
    some = x[:, varies]
    result[:, varies] = (some - some.mean(axis=0)) / some.std(axis=0)
    return result


def standardize_compared_with_the_first_row(x: Array) -> Array:
    centred = x - x.sum(axis=0) / len(x)
    centred[:, np.all(x == x[0], axis=0)] = 0
    deviation = np.sqrt(np.mean(centred**2, axis=0))
    deviation[deviation == 0] = 1
    return centred / deviation


def standardize_repaired_at_the_end(x: Array) -> Array:
    with np.errstate(all="ignore"):
        result = (x - x.mean(axis=0)) / x.std(axis=0)
    result[:, x.max(axis=0) == x.min(axis=0)] = 0
    return result


def standardize_columns_first(x: Array) -> Array:
    columns = x.T.astype(float)
    constant = columns.max(axis=1) == columns.min(axis=1)
    centred = columns - columns.mean(axis=1, keepdims=True)
    centred[constant] = 0
    return (centred / np.where(constant, 1, columns.std(axis=1))[:, None]).T


def standardize_float32_at_the_end(x: Array) -> Array:
    return standardize_what_varies(x).astype(np.float32)


def standardize_by_torch(x: Array) -> torch.Tensor:
    values = torch.tensor(x, dtype=torch.float64)
    constant = values.amax(dim=0) == values.amin(dim=0)
    deviation = values.std(dim=0, correction=0).masked_fill(constant, 1)
    return (values - values.mean(dim=0)).masked_fill(constant, 0) / deviation


def _nothing(*_: Any) -> None:
    return None


VARIANTS: dict[str, Answers] = {
    "affine": {
        "Python loops, nested lists": affine_by_loops,
        "in place": affine_in_place,
        "one example at a time": affine_by_examples,
        "batch last, and back": affine_batch_last,
        "column of ones": affine_with_a_column_of_ones,
        "sums of products": affine_by_sums,
        "float32 inside": affine_in_float32,
        "torch tensor": affine_by_torch,
    },
    "one_hot": {
        "Python loops, nested lists": one_hot_by_loops,
        "comparison, bool": one_hot_by_comparison,
        "rows of the unit matrix": one_hot_rows_of_the_unit_matrix,
        "flat index, uint8": one_hot_flat,
        "put_along_axis, float32": one_hot_along_an_axis,
        "class by class": one_hot_by_classes,
        "torch tensor": one_hot_by_torch,
    },
    "standardize": {
        "Python loops, nested lists": standardize_by_loops,
        "only the columns that vary": standardize_what_varies,
        "compared with the first row": standardize_compared_with_the_first_row,
        "repaired at the end": standardize_repaired_at_the_end,
        "columns first": standardize_columns_first,
        "float32 at the end": standardize_float32_at_the_end,
        "torch tensor": standardize_by_torch,
    },
}

TRIVIAL: dict[str, Answers] = {
    "affine": {
        "nothing": _nothing,
        "input returned": lambda x, W, b: x,
        "weights returned": lambda x, W, b: W,
        "zeros": lambda x, W, b: np.zeros((len(x), len(b))),
        "bias alone": lambda x, W, b: np.tile(b, (len(x), 1)),
    },
    "one_hot": {
        "nothing": _nothing,
        "input returned": lambda y, n_classes: y,
        "zeros": lambda y, n_classes: np.zeros((len(y), n_classes)),
        "ones": lambda y, n_classes: np.ones((len(y), n_classes)),
        "always class 0": lambda y, n_classes: np.eye(n_classes)[0 * y],
    },
    "standardize": {
        "nothing": _nothing,
        "input returned": lambda x: x,
        "zeros": lambda x: np.zeros(x.shape),
        "ones": lambda x: np.ones(x.shape),
        "signs": np.sign,
    },
}


def _by_mean_of_squares(x: Array) -> Array:
    constant = x.max(axis=0) == x.min(axis=0)
    with np.errstate(all="ignore"):
        deviation = np.sqrt(np.mean(x**2, axis=0) - np.mean(x, axis=0) ** 2)
        return np.where(constant, 0, (x - x.mean(axis=0)) / deviation)


def _constant_where(x: Array, constant: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(constant, 0, standardize_what_varies(x))


WRONG: dict[str, WrongAnswers] = {
    "affine": {
        "axes of one left out": (lambda x, W, b: np.squeeze(x @ W + b), {"shapes"}),
        "rounded": (lambda x, W, b: np.round(x @ W + b, 4), {"exact"}),
    },
    "one_hot": {
        "a vector for one example": (lambda y, n_classes: np.squeeze(np.eye(n_classes)[y]), {"shapes"}),
        "nearly 1": (lambda y, n_classes: np.eye(n_classes)[y] * (1 - 1e-5), {"exact"}),
    },
    "standardize": {
        "mean of the squares": (_by_mean_of_squares, {"scales"}),
        "first and last row compared": (lambda x: _constant_where(x, x[0] == x[-1]), {"constant"}),
        "first two rows compared": (lambda x: _constant_where(x, np.all(x[:2] == x[0], axis=0)), {"constant"}),
        "one row left as it is": (lambda x: x if len(x) == 1 else standardize_what_varies(x), {"constant"}),
        "rounded": (lambda x: np.round(standardize_what_varies(x), 4), {"exact"}),
    },
}
