"""What the prose of notebook 05 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

from functools import cache
from itertools import chain
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, exercise_called

from gradus import data
from gradus.checking.public import judge_publicly
from gradus.checking.scoring import share


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("05").source.reference


def steps_needed(answers: ModuleType, optimizer: Any) -> int:
    path = answers.descend(optimizer, answers.ravine_gradient, (-2.6, 0.9), 2000)
    return int(np.flatnonzero(np.linalg.norm(path, axis=1) > 0.01)[-1]) + 1


@cache
def accuracies() -> dict[str, np.ndarray]:
    """Test accuracies of five runs with the rates that the notebook finds, in percent."""
    answers = COURSE.assignment("05").source.reference
    kinds = {
        "SGD": (lambda lr: answers.HeavyBall(lr, 0.0), 0.01 * 10**2),
        "HeavyBall": (lambda lr: answers.HeavyBall(lr, 0.9), 0.001 * 10**2.5),
        "Nesterov": (lambda lr: answers.Nesterov(lr, 0.9), 0.001 * 10**2.5),
        "AdaGrad": (lambda lr: answers.AdaGrad(lr, 1e-8), 0.001 * 10**1.5),
        "RMSProp": (lambda lr: answers.RMSProp(lr, 0.99, 1e-8), 0.0001 * 10**1.5),
        "Adam": (lambda lr: answers.Adam(lr, 0.9, 0.999, 1e-8), 0.0001 * 10**2.5),
    }
    part = data.digits().test
    return {
        name: 100 * answers.train_many(kind, np.array([rate]), range(100, 105), part)[0]
        for name, (kind, rate) in kinds.items()
    }


def longest(answers: ModuleType, gradients: np.ndarray) -> float:
    """The longest step of Adam, in multiples of the rate, when these gradients follow on 10,000 zeros."""
    optimizer, params = answers.Adam(1.0, 0.9, 0.999, 1e-8), {"w": np.zeros(1)}
    path = [0.0]
    for gradient in chain(np.zeros(10_000), gradients):
        params = optimizer.step(params, {"w": np.array([gradient])})
        path.append(float(params["w"][0]))
    return float(np.abs(np.diff(path)).max())


def folded(step: int) -> tuple[float, float]:
    """Both averages of the question, whose correction is written back, for a steady gradient of 1."""
    m = v = 0.0
    for t in range(1, step + 1):
        m = (0.9 * m + 0.1) / (1 - 0.9**t)
        v = (0.999 * v + 0.001) / (1 - 0.999**t)
    return m, v


def shrinks(condition: float, power: float) -> float:
    root = condition**power
    return (root - 1) / (root + 1)


# What the text only assumes: years, and the data of questions. By section, as in QUOTED.
GIVEN = {
    "momentum": {"1964", "0.46"},
    "nesterov": {"1983"},
    "adaptive": {"2011", "2012", "0.99"},
    "adam": {"2015"},
    "relatives": {"2012", "2018"},
    "comparison": {"2021", "50000", "1000"},
    "questions": {"100", "0.01", "94.1", "91.0", "0.1", "0.9", "0.999", "0.001"},
}

# Words of options that the text before an outcome uses in another sense.
SAID = {"uncorrected": {"too long"}, "rare": {"0.03"}}

QUOTED: dict[str, dict[str, Any]] = {
    "momentum": {
        "0.63": lambda answers: shrinks(20, 0.5),
        "0.3": lambda answers: 1 - 0.7,
        "57": lambda answers: steps_needed(answers, answers.GradientDescent(0.38)),
        "13": lambda answers: steps_needed(answers, answers.HeavyBall(0.5, 0.46)),
        "220": lambda answers: steps_needed(answers, answers.GradientDescent(0.1)),
        "0.2": lambda answers: 1 / answers.CURVATURE.max(),
    },
    "adam": {
        "6.6": lambda answers: longest(answers, np.ones(60)),
        "7.3": lambda answers: 0.1 / np.sqrt(0.001 * (1 - 0.9**2 / 0.999)),
    },
    "comparison": {
        "1.5": lambda answers: np.ptp([runs.mean() for runs in accuracies().values()]),
        "300": lambda answers: len(data.digits().test.y),
        "0.7": lambda answers: min(np.ptp(runs) for runs in accuracies().values()),
        "1.7": lambda answers: max(np.ptp(runs) for runs in accuracies().values()),
    },
    "questions": {
        "13": lambda answers: 96.1 - 83.0,
        "3.1": lambda answers: 94.1 - 91.0,
        "0.003": lambda answers: 0.0001 * 10**1.5,
        "0.7": lambda answers: min(np.ptp(runs) for runs in accuracies().values()),
        "1.7": lambda answers: max(np.ptp(runs) for runs in accuracies().values()),
        "0.81": lambda answers: 0.9**2,
        "0.998001": lambda answers: 0.999**2,
        "5.26": lambda answers: folded(2)[0],
        "500.25": lambda answers: folded(2)[1],
        "500": lambda answers: folded(2)[1],
        "0.235": lambda answers: folded(2)[0] / np.sqrt(folded(2)[1]),
    },
    "summary": {"7.3": lambda answers: 0.1 / np.sqrt(0.001 * (1 - 0.9**2 / 0.999))},
}


def test_the_condition_number_is_20_and_plain_descent_shrinks_by_0_9(answers: ModuleType) -> None:
    assert answers.CURVATURE.max() / answers.CURVATURE.min() == 20
    assert shrinks(20, 1) == pytest.approx(0.90, abs=0.005)
    for curvature in answers.CURVATURE:
        assert abs(1 - 0.38 * curvature) == pytest.approx(0.9, abs=0.006)


def test_the_average_of_squares_that_is_corrected_twice_explodes() -> None:
    assert 1e140 <= folded(100)[1] < 1e141


def test_no_gradients_make_longer_steps_than_growing_ones_after_many_zeros(answers: ModuleType) -> None:
    bound = 0.1 / np.sqrt(0.001 * (1 - 0.9**2 / 0.999))
    assert longest(answers, (0.999 / 0.9) ** np.arange(120)) == pytest.approx(bound, rel=1e-4)
    assert longest(answers, np.array([500.0])) == pytest.approx(0.1 / np.sqrt(0.001), rel=1e-2)


def test_plain_descent_with_a_rate_of_0_1_needs_more_than_200_steps(answers: ModuleType) -> None:
    assert 200 < steps_needed(answers, answers.GradientDescent(0.1)) < 250


@pytest.mark.parametrize("condition", [20, 100])
def test_the_best_heavy_ball_shrinks_by_the_root_of_the_condition_number(condition: float) -> None:
    """The eigenvalues of a step, with the known best rate and momentum: their size is that of the formula."""
    small, large = 1.0, float(condition)
    mu = shrinks(condition, 0.5) ** 2
    lr = (2 / (np.sqrt(small) + np.sqrt(large))) ** 2

    def radius(curvature: float, lr: float, mu: float) -> float:
        step = np.array([[1 - lr * curvature, -lr * mu], [curvature, mu]])
        return float(np.abs(np.linalg.eigvals(step)).max())

    best = max(radius(curvature, lr, mu) for curvature in (small, large))
    assert best == pytest.approx(shrinks(condition, 0.5), abs=1e-6)
    others = [
        max(radius(curvature, lr * more, mu + shift) for curvature in (small, large))
        for more in (0.95, 1, 1.05)
        for shift in (-0.02, 0.02)
    ]
    assert min(others) > best


def test_adagrad_from_mirrored_starts_makes_mirrored_paths(answers: ModuleType) -> None:
    def gradient(w: np.ndarray) -> np.ndarray:
        return np.array([2.0, 6.0]) * w

    one, other = (answers.descend(answers.AdaGrad(0.5, 1e-8), gradient, start, 10) for start in ((-3, -1), (-1, -3)))
    np.testing.assert_allclose(one, other[:, ::-1], atol=1e-6)


@pytest.mark.parametrize("steps", [1, 4, 100])
def test_steps_of_adagrad_fall_with_the_root_of_their_number(answers: ModuleType, steps: int) -> None:
    path = answers.descend(answers.AdaGrad(0.1, 1e-8), np.ones_like, (0.0, 0.0), steps)
    assert path[-2][0] - path[-1][0] == pytest.approx(0.1 / np.sqrt(steps), rel=1e-6)


def test_the_first_step_of_rmsprop_with_0_99_is_ten_times_too_long(answers: ModuleType) -> None:
    first = answers.RMSProp(0.1, 0.99, 1e-8).step({"w": np.zeros(1)}, {"w": np.full(1, 7.0)})["w"]
    assert -first[0] == pytest.approx(10 * 0.1)


@pytest.mark.parametrize("gradient", [1.0, 500.0])
def test_a_rare_gradient_of_any_size_makes_a_step_of_3_16_rates(answers: ModuleType, gradient: float) -> None:
    adam, params = answers.Adam(0.01, 0.9, 0.999, 1e-8), {"w": np.zeros(1)}
    for _ in range(10_000):
        params = adam.step(params, {"w": np.zeros(1)})
    assert abs(adam.step(params, {"w": np.full(1, gradient)})["w"][0]) == pytest.approx(0.0316, rel=1e-2)


def test_the_bound_of_a_step_holds_for_any_gradients(answers: ModuleType) -> None:
    rng, bound = np.random.default_rng(0), 0.1 / np.sqrt(0.001)
    adam, params = answers.Adam(1.0, 0.9, 0.999, 1e-8), {"w": np.zeros(1000)}
    for _ in range(200):
        now = adam.step(params, {"w": 10.0 ** rng.uniform(-9, 9, size=1000) * rng.choice([-1, 1], size=1000)})
        assert np.abs(now["w"] - params["w"]).max() <= bound
        params = now


def test_steps_of_adam_shrink_with_the_noise(answers: ModuleType) -> None:
    """A mean of 1 with noise of deviation 10: the way in 5,000 steps is a tenth of that without noise."""
    rng, ways = np.random.default_rng(0), []
    for scale in (1, 100):
        adam, params = answers.Adam(0.01, 0.9, 0.999, 1e-8), {"w": np.zeros(200)}
        for _ in range(5000):
            params = adam.step(params, {"w": scale * rng.normal(1, 10, size=200)})
        ways.append(-params["w"].mean() / (5000 * 0.01))
    assert ways == pytest.approx([1 / np.sqrt(101)] * 2, rel=0.1)


def broken_adam(answers: ModuleType, *fixes: list[tuple[str, str]]) -> Any:
    code = COURSE.assignment("05").source.broken["repaired_adam"]
    for old, new in chain(*fixes):
        assert old in code
        code = code.replace(old, new)
    room = dict(vars(answers))
    exec(code, room)
    return room["repaired_adam"]


POWERS = "self.powers = [power * beta for power, beta in zip(self.powers, self.betas)]\n"
OWN = [("    memory = {}\n", ""), ("self.lr, self.eps = lr, eps", "self.lr, self.eps, self.memory = lr, eps, {}")]
ONCE = [
    (f"            {POWERS}", ""),
    ("        result = dict(params)\n", f"        {POWERS}        result = dict(params)\n"),
]
USED_ONCE = [
    ("            first = first / (1 - self.powers[0])\n", ""),
    ("            second = second / (1 - self.powers[1])\n", ""),
    ("np.sqrt(second)", "np.sqrt(second / (1 - self.powers[1]))"),
    ("self.lr * first /", "self.lr * first / (1 - self.powers[0]) /"),
]


@pytest.mark.parametrize(
    ("mended", "failing"),
    [
        ([], "ordinary"),
        ([OWN, ONCE], "ordinary"),
        ([ONCE, USED_ONCE], "two_objects"),
        ([OWN, USED_ONCE], "several"),
    ],
)
def test_each_bug_of_the_repair_costs_points(answers: ModuleType, mended: list[Any], failing: str) -> None:
    report = judge_publicly(exercise_called("repaired_adam"), broken_adam(answers, *mended))
    assert failing in {group.id for group in report.groups if group.passed < group.of}
    assert share(report) < 1
    assert (share(report) == 0) == (failing == "ordinary")
    assert judge_publicly(exercise_called("repaired_adam"), broken_adam(answers, OWN, ONCE, USED_ONCE)).passed


def test_the_broken_adam_runs_and_its_first_step_is_right(answers: ModuleType) -> None:
    start, grads = {"w": np.array([1.0, 2.0])}, {"w": np.array([0.3, -4.0])}
    one = broken_adam(answers)(0.1, 0.9, 0.999, 1e-8).step(start, grads)
    np.testing.assert_allclose(one["w"], answers.Adam(0.1, 0.9, 0.999, 1e-8).step(start, grads)["w"])


def test_a_loss_times_100_needs_another_rate_only_without_a_denominator(answers: ModuleType) -> None:
    def end(optimizer: Any, factor: float) -> np.ndarray:
        return answers.descend(optimizer, lambda w: factor * answers.ravine_gradient(w), (-2.6, 0.9), 30)[-1]

    for kind in (answers.GradientDescent, lambda lr: answers.HeavyBall(lr, 0.7)):
        np.testing.assert_allclose(end(kind(0.1), 1), end(kind(0.001), 100))
    for kind in (lambda: answers.AdaGrad(0.1, 1e-8), lambda: answers.Adam(0.1, 0.9, 0.999, 1e-8)):
        np.testing.assert_allclose(end(kind(), 1), end(kind(), 100), rtol=1e-5)


def test_corrected_averages_written_back_stop_the_training() -> None:
    lengths = [folded(step)[0] / np.sqrt(folded(step)[1]) for step in (1, 2, 10, 100)]
    assert lengths[0] == pytest.approx(1)
    assert lengths[1] == pytest.approx(0.235, abs=1e-3)
    assert lengths[2] < 1e-6
    assert folded(10)[1] > folded(10)[0] ** 2


def test_an_optimizer_of_torch_brings_what_the_text_says(answers: ModuleType) -> None:
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = answers.TorchAdam([p], lr=0.1)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert dict(optimizer.state[p]) == {}
    p.grad = torch.ones(2)
    optimizer.zero_grad()
    assert p.grad is None
