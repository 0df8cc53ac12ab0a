"""The reference answers of notebook 07 agree with PyTorch, with enumeration and with what is worked out by hand."""

from __future__ import annotations

from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, exercise_called
from torch import nn

from autograder.judging import catalogue
from gradus.checking import Statistic
from gradus.checking.comparing import behaviour
from gradus.checking.running import run
from gradus.exercises.dropout import EACH, FALSE_REJECT
from gradus.learning.lending import operation

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("07").source.reference


@pytest.mark.parametrize("p_drop", [0.0, 0.25, 0.6, 1.0])
@pytest.mark.parametrize("name", ["dropout_forward", "repaired_dropout_forward"])
def test_forwards_and_backwards_are_torchs_for_the_same_mask(answers: ModuleType, name: str, p_drop: float) -> None:
    rng = np.random.default_rng(3)
    x, dout = rng.normal(size=(7, 5, 3)), rng.normal(size=(7, 5, 3))
    out, mask = getattr(answers, name)(x, p_drop, rng, True)
    leaf = torch.tensor(x, requires_grad=True)
    # PyTorch draws another mask; what it makes of a kept 1 is the factor.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        factors = nn.functional.dropout(torch.ones(100, dtype=torch.float64), p_drop, True).max()
    expected = leaf * factors * torch.tensor(mask)
    expected.backward(torch.tensor(dout))
    np.testing.assert_allclose(out, expected.detach().numpy(), **CLOSE)
    gradient: Any = leaf.grad
    np.testing.assert_allclose(answers.dropout_backward(dout, mask, p_drop), gradient.numpy(), **CLOSE)


def test_in_use_nothing_changes(answers: ModuleType) -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    for forward in (answers.dropout_forward, answers.repaired_dropout_forward):
        out, mask = forward(x, 0.25, np.random.default_rng(1), False)
        np.testing.assert_array_equal(out, x)
        assert mask.dtype == bool
        assert mask.all()


def test_by_hand(answers: ModuleType) -> None:
    mask = np.array([True, False, True])
    np.testing.assert_allclose(answers.dropout_backward(np.array([3.0, 5.0, -6.0]), mask, 0.25), [4, 0, -8])
    np.testing.assert_allclose(answers.scale_weights(np.array([[2.0, -4.0]]), 0.75), [[1.5, -3]])
    kept = np.array([False, True])
    np.testing.assert_array_equal(answers.dropped_inputs_as_weights(np.array([[1, 2], [3, 4]]), kept), [[0, 0], [3, 4]])


def test_weights_do_what_dropping_inputs_does(answers: ModuleType) -> None:
    rng = np.random.default_rng(0)
    x, W, kept = rng.normal(size=(7, 5)), rng.normal(size=(5, 3)), rng.random(5) < 0.6
    np.testing.assert_allclose(x @ answers.dropped_inputs_as_weights(W, kept), (x * kept) @ W, **CLOSE)


def test_scaled_weights_give_the_mean_sum_of_all_masks(answers: ModuleType) -> None:
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(4, 6)), rng.normal(size=(6, 3))
    masks = answers.all_masks(6)
    weights = np.where(masks, 0.7, 0.3).prod(axis=1)
    mean = np.einsum("m,md,nd,dc->nc", weights, masks, x, W)
    np.testing.assert_allclose(x @ answers.scale_weights(W, 0.7), mean, **CLOSE)


@pytest.mark.parametrize("keep_prob", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("inputs", [1, 3, 6, 10])
def test_the_geometric_mean_is_that_of_torch_mask_by_mask(answers: ModuleType, inputs: int, keep_prob: float) -> None:
    rng = np.random.default_rng(inputs)
    x, W, b = (torch.tensor(rng.normal(size=size)) for size in ((4, inputs), (inputs, 3), 3))
    total = torch.zeros(4, 3, dtype=torch.float64)
    for mask in product([0.0, 1.0], repeat=inputs):
        kept = int(sum(mask))
        scores = (x * torch.tensor(mask, dtype=torch.float64)) @ W + b
        total += keep_prob**kept * (1 - keep_prob) ** (inputs - kept) * scores.log_softmax(dim=1)
    given = x.numpy(), W.numpy(), b.numpy(), keep_prob
    found = answers.geometric_mean_prediction(*given)
    np.testing.assert_allclose(found, total.softmax(dim=1).numpy(), **CLOSE)


def test_masks_are_all_masks(answers: ModuleType) -> None:
    masks = answers.all_masks(5)
    assert masks.dtype == bool
    assert len({tuple(mask) for mask in masks.tolist()}) == len(masks) == 32


def test_mean_and_deviation_are_torchs(answers: ModuleType) -> None:
    def forward(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return x + rng.normal(size=(2, *x.shape))

    x = np.arange(6.0).reshape(2, 3)
    mean, deviation = answers.monte_carlo_prediction(forward, x, np.random.default_rng(5), 9)
    rng = np.random.default_rng(5)
    drawn = torch.stack([torch.tensor(forward(x, rng)) for _ in range(9)])
    np.testing.assert_allclose(mean, drawn.mean(dim=0).numpy(), **CLOSE)
    np.testing.assert_allclose(deviation, drawn.std(dim=0, correction=0).numpy(), **CLOSE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_module_draws_what_torchs_draws_with_the_same_seed(answers: ModuleType, dtype: torch.dtype) -> None:
    x = torch.ones(50, 40, dtype=dtype)
    with torch.random.fork_rng(devices=[]):
        found = []
        for layer in (answers.Dropout(0.25), nn.Dropout(0.25)):
            torch.manual_seed(2)
            found.append((layer(x), layer.eval()(x)))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["dropout_forward", "Dropout"])
def test_chance_rejects_no_more_than_is_declared(answers: ModuleType, name: str) -> None:
    """The probabilities of all statistics of a check add up to less than the exercise declares."""
    exercise = exercise_called(name)
    for cases in (catalogue.public(name), catalogue.hidden(name, np.random.default_rng(0))):
        done = [behaviour(exercise, case, run(exercise, getattr(answers, name), case)) for case in cases]
        statistics = [fact for one in done for fact in one.facts if isinstance(fact, Statistic)]
        assert statistics
        assert len(statistics) * EACH <= FALSE_REJECT == exercise.false_reject


def test_an_answer_that_draws_leaves_the_learners_generator_alone(answers: ModuleType) -> None:
    exercise = exercise_called("Dropout")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for case in catalogue.public("Dropout"):
        run(exercise, answers.Dropout, case)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_lent_draws_from_the_given_generator() -> None:
    lent, x = operation("dropout_forward"), np.full((300, 200), 3.0)
    rng = np.random.default_rng(0)
    (out, mask), (_, other) = (lent(x, 0.25, rng, True) for _ in range(2))
    assert mask.mean() == pytest.approx(0.75, abs=0.01)
    assert not np.array_equal(mask, other)
    np.testing.assert_allclose(out, np.where(mask, 4.0, 0.0), **CLOSE)
    np.testing.assert_array_equal(lent(x, 0.25, np.random.default_rng(0), True)[1], mask)
    out, mask = lent(x, 0.25, rng, False)
    assert mask.all()
    np.testing.assert_array_equal(out, x)
