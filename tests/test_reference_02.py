"""The reference answers of notebook 02 agree with PyTorch, values and gradients, to 1e-10."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE
from torch.nn import functional

CLOSE: dict[str, float] = {"rtol": 1e-10, "atol": 1e-10}
SIZES = [1.0, 30.0, 1e4]


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("02").source.reference


def batch(size: float, n: int = 7, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return size * rng.normal(size=(n, classes)), rng.integers(classes, size=n)


def watched(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 5)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_and_its_log_equal_torch_over_the_last_axis(
    answers: ModuleType, name: str, shape: tuple[int, ...], size: float
) -> None:
    scores = size * np.random.default_rng(3).normal(size=shape)
    expected = getattr(torch, name)(torch.tensor(scores), dim=-1).numpy()
    np.testing.assert_allclose(getattr(answers, name)(scores), expected, **CLOSE)


@pytest.mark.parametrize("size", SIZES)
def test_cross_entropy_and_its_gradient_equal_autograd(answers: ModuleType, size: float) -> None:
    scores, targets = batch(size)
    s = watched(scores)
    loss = functional.cross_entropy(s, torch.tensor(targets))
    loss.backward()
    np.testing.assert_allclose(answers.cross_entropy(scores, targets), loss.item(), **CLOSE)
    np.testing.assert_allclose(answers.cross_entropy_gradient(scores, targets), s.grad, **CLOSE)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "cross_entropy", "binary_cross_entropy"])
def test_slopes_of_the_answers_are_the_gradients_of_torch(answers: ModuleType, name: str) -> None:
    scores, targets = batch(1.0)
    weights = np.random.default_rng(4).normal(size=scores.shape)
    yes = (targets % 2).astype(float)
    twins: dict[str, tuple[Any, Any]] = {
        "softmax": (
            lambda x: np.sum(weights * answers.softmax(x)),
            lambda x: (torch.tensor(weights) * torch.softmax(x, -1)).sum(),
        ),
        "log_softmax": (
            lambda x: np.sum(weights * answers.log_softmax(x)),
            lambda x: (torch.tensor(weights) * torch.log_softmax(x, -1)).sum(),
        ),
        "cross_entropy": (
            lambda x: answers.cross_entropy(x, targets),
            lambda x: functional.cross_entropy(x, torch.tensor(targets)),
        ),
        "binary_cross_entropy": (
            lambda x: answers.binary_cross_entropy(x[:, 0], yes),
            lambda x: functional.binary_cross_entropy_with_logits(x[:, 0], torch.tensor(yes)),
        ),
    }
    ours, theirs = twins[name]
    s = watched(scores)
    theirs(s).backward()
    assert s.grad is not None
    np.testing.assert_allclose(slope(ours, scores), s.grad, **CLOSE)


def slope(f: Any, x: np.ndarray, h: float = 2e-3) -> np.ndarray:
    """Central differences, extrapolated three times (Richardson): errors of h**8 and of rounding stay below 1e-11."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[i] = 1
        table = [(f(x + s * unit) - f(x - s * unit)) / (2 * s) for s in h * 2.0 ** np.arange(4, 0, -1)]
        for order in (4, 16, 64):
            table = [(order * fine - coarse) / (order - 1) for coarse, fine in pairwise(table)]
        gradient[i] = table[0]
    return gradient


@pytest.mark.parametrize("size", SIZES)
def test_binary_cross_entropy_equals_torch_and_the_cross_entropy_of_zero_and_score(
    answers: ModuleType, size: float
) -> None:
    score, target = batch(size, n=9)[0][:, 0], np.array([0, 1, 1, 0, 1, 0, 0, 1, 1])
    expected = functional.binary_cross_entropy_with_logits(torch.tensor(score), torch.tensor(target).double())
    got = answers.binary_cross_entropy(score, target)
    np.testing.assert_allclose(got, expected, **CLOSE)
    pairs = np.stack([np.zeros_like(score), score], axis=1)
    np.testing.assert_allclose(got, answers.cross_entropy(pairs, target), **CLOSE)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("targets", [[0, 2, 1, 0, 4, 3, 0], [0] * 7, [1, 2, 3, 4, 1, 2, 3]])
def test_multitask_loss_and_both_gradients_equal_autograd(answers: ModuleType, targets: list[int], size: float) -> None:
    scores, classes = batch(size)[0], np.array(targets)
    rng = np.random.default_rng(5)
    box, box_targets = rng.normal(size=(7, 3)), rng.normal(size=(7, 3))
    box_targets[classes == 0] = np.nan
    s, b, has_box = watched(scores), watched(box), torch.tensor(classes != 0)
    error = b[has_box] - torch.tensor(box_targets)[has_box]
    loss = functional.cross_entropy(s, torch.tensor(classes)) + 0.7 * (error**2).sum() / 7
    loss.backward()
    got = answers.multitask_loss(scores, box, classes, box_targets, 0.7)
    for mine, theirs in zip(got, (loss.item(), s.grad, b.grad), strict=True):
        np.testing.assert_allclose(mine, theirs, **CLOSE)


def test_torch_loss_is_the_cross_entropy_of_the_raw_scores_and_reaches_the_parameters(answers: ModuleType) -> None:
    x, targets = batch(1.0)
    model = torch.nn.Linear(5, 4).double()
    y = torch.tensor(targets % 4)
    loss = answers.torch_loss(model, torch.tensor(x), y)
    loss.backward()
    scores = model(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(loss.item(), answers.cross_entropy(scores, y.numpy()), **CLOSE)
    np.testing.assert_allclose(model.weight.grad, answers.cross_entropy_gradient(scores, y.numpy()).T @ x, **CLOSE)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "cross_entropy", "cross_entropy_gradient"])
def test_answers_leave_the_scores_as_they_were(answers: ModuleType, name: str) -> None:
    scores, targets = batch(10.0)
    before = scores.copy()
    answer = getattr(answers, name)
    answer(scores) if name.endswith("softmax") else answer(scores, targets)
    np.testing.assert_array_equal(scores, before)
