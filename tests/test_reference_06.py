"""The reference answers of notebook 06 agree with PyTorch, or with what can be worked out by hand, to 1e-12."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE
from torch.optim import lr_scheduler

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("06").source.reference


def optimizer(*lrs: float) -> torch.optim.Optimizer:
    groups = [{"params": [torch.zeros(1)], "lr": lr} for lr in lrs]
    return torch.optim.SGD(groups, lr=1.0)


def torch_rates(make: Callable[..., Any], steps: int, lr: float = 0.7, **settings: Any) -> list[float]:
    """The rate of each step, of an optimizer with one group."""
    made = optimizer(lr)
    scheduler, rates = make(made, **settings), []
    for _ in range(steps):
        rates.append(made.param_groups[0]["lr"])
        made.step()
        scheduler.step()
    return rates


def same(schedule: Callable[[int], float], rates: list[float]) -> None:
    np.testing.assert_allclose([schedule(t) for t in range(len(rates))], rates, **CLOSE)


@pytest.mark.parametrize("every", [1, 3, 5])
def test_step_decay_is_step_lr(answers: ModuleType, every: int) -> None:
    rates = torch_rates(lr_scheduler.StepLR, 17, step_size=every, gamma=0.4)
    same(lambda t: answers.step_decay(t, 0.7, 0.4, every), rates)


def test_exponential_decay_is_exponential_lr(answers: ModuleType) -> None:
    rates = torch_rates(lr_scheduler.ExponentialLR, 30, gamma=math.exp(-0.13))
    same(lambda t: answers.exponential_decay(t, 0.7, 0.13), rates)


def test_time_decay_is_a_lambda_lr(answers: ModuleType) -> None:
    rates = torch_rates(lr_scheduler.LambdaLR, 30, lr_lambda=lambda t: 1 / (1 + 0.13 * t))
    same(lambda t: answers.time_decay(t, 0.7, 0.13), rates)


@pytest.mark.parametrize("total", [1, 2, 9])
def test_cosine_is_torchs_until_its_end_and_stays_where_torch_rises(answers: ModuleType, total: int) -> None:
    rates = torch_rates(lr_scheduler.CosineAnnealingLR, 2 * total + 1, T_max=total, eta_min=0.1)
    same(lambda t: answers.cosine(t, 0.7, 0.1, total), rates[: total + 1])
    assert rates[-1] == pytest.approx(0.7, rel=1e-12), "PyTorch is back at the top"
    assert answers.cosine(2 * total, 0.7, 0.1, total) == 0.1


@pytest.mark.parametrize("name", ["warm_restarts", "repaired_warm_restarts"])
@pytest.mark.parametrize(("first", "growth"), [(3, 2), (5, 1), (1, 2), (1, 1), (4, 3)])
def test_warm_restarts_are_torchs(answers: ModuleType, name: str, first: int, growth: int) -> None:
    rates = torch_rates(lr_scheduler.CosineAnnealingWarmRestarts, 70, T_0=first, T_mult=growth, eta_min=0.1)
    same(lambda t: getattr(answers, name)(t, 0.7, 0.1, first, growth), rates)
    assert min(rates) > 0.1, "the smallest rate never occurs"


@pytest.mark.parametrize("half", [1, 4, 7])
def test_triangular_is_cyclic_lr(answers: ModuleType, half: int) -> None:
    settings = {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": half, "cycle_momentum": False}
    same(lambda t: answers.triangular(t, 0.1, 0.7, half), torch_rates(lr_scheduler.CyclicLR, 40, **settings))


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_warmup_and_a_cosine_is_make_scheduler(answers: ModuleType, steps: int) -> None:
    made = optimizer(0.7, 0.02)
    scheduler = answers.make_scheduler(made, steps, 11)
    assert type(scheduler) is lr_scheduler.LambdaLR
    for t in range(15):
        for group, lr in zip(made.param_groups, (0.7, 0.02), strict=True):
            expected = answers.warmup(t, lambda s, lr=lr: answers.cosine(s, lr, 0.0, 11 - steps), steps)
            assert group["lr"] == pytest.approx(expected, rel=1e-12, abs=1e-15)
        made.step()
        scheduler.step()


def test_warmup_by_hand(answers: ModuleType) -> None:
    rates = [answers.warmup(t, lambda s: [1.0, 0.9, 0.7][s], 4) for t in range(7)]
    np.testing.assert_allclose(rates, [0.2, 0.4, 0.6, 0.8, 1.0, 0.9, 0.7], **CLOSE)


@pytest.mark.parametrize("patience", [0, 1, 2, 4])
@pytest.mark.parametrize("min_lr", [1e-6, 0.2])
def test_reduce_on_plateau_is_torchs_without_its_threshold(answers: ModuleType, patience: int, min_lr: float) -> None:
    rng, made = np.random.default_rng(patience), optimizer(0.7)
    settings = {"factor": 0.4, "patience": patience, "threshold": 0, "min_lr": min_lr, "eps": 0}
    scheduler = lr_scheduler.ReduceLROnPlateau(made, **settings)
    own = answers.ReduceOnPlateau(0.7, 0.4, patience, min_lr)
    for loss in [math.nan, *rng.integers(-3, 9, size=40).astype(float), math.nan, *rng.normal(size=20) - 3]:
        scheduler.step(loss)
        assert own.step(loss) == own.lr
        assert own.lr == pytest.approx(made.param_groups[0]["lr"], rel=1e-12)


def test_torchs_plateau_has_a_threshold_by_default(answers: ModuleType) -> None:
    made = optimizer(1.0)
    scheduler, own = lr_scheduler.ReduceLROnPlateau(made, patience=1), answers.ReduceOnPlateau(1.0, 0.1, 1, 0.0)
    for step in range(6):
        scheduler.step(1 - 1e-6 * step)
        own.step(1 - 1e-6 * step)
    assert made.param_groups[0]["lr"] < own.lr == 1.0


def test_a_ramp_is_geometric(answers: ModuleType) -> None:
    rates = [answers.learning_rate_ramp(t, 1e-3, 10.0, 9) for t in range(9)]
    np.testing.assert_allclose(rates, np.geomspace(1e-3, 10.0, 9), **CLOSE)


def test_the_steepest_rate_of_a_known_curve(answers: ModuleType) -> None:
    lrs = np.geomspace(1e-4, 10, 51)
    losses = -np.tanh(np.log(lrs / lrs[20]))
    assert answers.steepest_learning_rate(lrs, losses, 0.0) == lrs[20]
    assert answers.steepest_learning_rate(lrs, np.array([3.0, *[1.0] * 50]), 0.5) == lrs[0]
