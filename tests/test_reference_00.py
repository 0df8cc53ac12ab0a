"""The reference answers of notebook 00 agree with PyTorch, and keep what their docstrings promise."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch
from shared import COURSE
from torch.nn import functional

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("00").source.reference


@pytest.mark.parametrize(("n", "n_in", "n_out"), [(1, 1, 1), (5, 3, 2), (2, 4, 4), (4, 4, 4), (3, 1, 7), (3, 7, 1)])
def test_affine_is_a_linear_layer(answers: ModuleType, n: int, n_in: int, n_out: int) -> None:
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)
    expected = functional.linear(torch.tensor(x), torch.tensor(W).T, torch.tensor(b))
    np.testing.assert_allclose(answers.affine(x, W, b), expected, **CLOSE)


@pytest.mark.parametrize(("n", "n_classes"), [(1, 1), (1, 4), (7, 3), (3, 9), (5, 5)])
def test_one_hot_is_that_of_torch(answers: ModuleType, n: int, n_classes: int) -> None:
    y = np.random.default_rng(1).integers(n_classes, size=n)
    expected = functional.one_hot(torch.tensor(y), n_classes)
    np.testing.assert_array_equal(answers.one_hot(y, n_classes), expected)


@pytest.mark.parametrize(("n", "d"), [(2, 1), (7, 3), (4, 4), (100, 5)])
@pytest.mark.parametrize("size", [1e-15, 1e-6, 1.0, 1e6])
def test_standardize_is_a_batch_norm_without_a_fudge(answers: ModuleType, n: int, d: int, size: float) -> None:
    x = size * np.random.default_rng(2).normal(1, 2, size=(n, d))
    expected = functional.batch_norm(torch.tensor(x / size), None, None, training=True, eps=1e-30)
    np.testing.assert_allclose(answers.standardize(x), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("number", [0.1, 0.75, -7.3, 1e6 + 0.1, 1e9 + 0.3, 1e-15, 0.0])
@pytest.mark.parametrize("n", range(1, 12))
def test_a_constant_column_becomes_exactly_0_and_spoils_no_other(answers: ModuleType, number: float, n: int) -> None:
    other = np.arange(n, dtype=float)
    x = np.stack([np.full(n, number), other], axis=1)
    got = answers.standardize(x)
    assert (got[:, 0] == 0).all()
    assert (got[:, 1:] == answers.standardize(other[:, None])).all()
    assert n == 1 or got[:, 1].std() == pytest.approx(1)


def test_standardize_takes_integers(answers: ModuleType) -> None:
    x = np.array([[1, 5, 200], [4, 5, 100], [7, 5, 600]])
    np.testing.assert_array_equal(answers.standardize(x), answers.standardize(x.astype(float)))
    assert (answers.standardize(x)[:, 1] == 0).all()


def test_answers_leave_their_inputs_as_they_were(answers: ModuleType) -> None:
    rng = np.random.default_rng(3)
    x, W, b, y = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2), np.array([2, 0, 1, 2])
    given = (x, W, b, y)
    before = [one.copy() for one in given]
    answers.affine(x, W, b)
    answers.one_hot(y, 3)
    answers.standardize(x)
    for one, was in zip(given, before, strict=True):
        np.testing.assert_array_equal(one, was)
