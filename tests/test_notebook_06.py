"""What the prose of notebook 06 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

import warnings
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, exercise_called

from autograder.judging import catalogue, diagnosis
from gradus import demos
from gradus.checking.pictures import PathPicture
from gradus.checking.public import judge_publicly
from gradus.checking.scoring import share
from gradus.learning.lending import operation

# What the text only assumes: years, and the data of questions. By section, as in QUOTED.
GIVEN = {
    "noise-floor": {"1951", "0.6"},
    "warming-up": {"2017", "0.032"},
    "cosine": {"2017"},
    "triangular": {"2017"},
    "range-test": {"2017"},
    "questions": {"1000", "100", "0.9", "0.30", "0.20", "0.05", "2000", "0.12", "10000", "0.03"},
}

# Words of options that the text before an outcome uses in another sense.
SAID = {"conditions": {"1 / (1 + t)"}}


@cache
def trained(optimizer: str, rate: float, half_cosine: bool) -> np.ndarray:
    """Accuracies of the ten networks of the last experiment after each epoch, in per cent."""
    answers = COURSE.assignment("06").source.reference
    lent = {"SGD": answers.Sgd, "RMSProp": lambda lr: operation("RMSProp")(lr, 0.99, 1e-8)}[optimizer]
    schedule = (lambda t: answers.cosine(t, rate, 0.0, answers.TOTAL)) if half_cosine else lambda t: rate
    return 100 * answers.train_with(schedule, lent(rate), range(10))


def jumps(optimizer: str, half_cosine: bool) -> float:
    """The range of a network in the last six epochs, on average over the ten, in points."""
    rate = {"SGD": 1.0, "RMSProp": 0.01}[optimizer]
    return float(np.ptp(trained(optimizer, rate, half_cosine)[-6:], axis=0).mean())


def composed(total: int) -> np.ndarray:
    """The rates that the demo shows for warm restarts, as it opens."""
    demo = demos.schedule_composer()
    start = {control.name: control.read(demo.start()) for control in demo.controls}
    return np.asarray(demo.model(**{**start, "schedule": "restarts", "total": total}).rates)


def own_warmup(answers: ModuleType, t: int) -> float:
    return float(answers.warmup(t, lambda _: 1.0, 4))


QUOTED: dict[str, dict[str, Any]] = {
    "comparison": {
        "3.4": lambda answers: jumps("SGD", False),
        "4.3": lambda answers: jumps("RMSProp", False),
        "0.3": lambda answers: jumps("SGD", True),
        "0.0032": lambda answers: 0.0001 * 10**1.5,
        "1.6": lambda answers: (
            trained("RMSProp", 0.0032, False)[-1].mean() - trained("RMSProp", 0.0032, True)[-1].mean()
        ),
    },
    "warming-up": {
        "160": lambda answers: 160,
        "0.99": lambda answers: composed(160)[-1],
        "110": lambda answers: 50 + 60,
        "150": lambda answers: 10 + 20 + 40 + 80,
    },
    "questions": {
        "0.75": lambda answers: 3 / 4,
        "0.2": lambda answers: own_warmup(answers, 0),
        "0.8": lambda answers: own_warmup(answers, 3),
        "200": lambda answers: 2 * 100,
        "180": lambda answers: 2 * 90,
    },
}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("06").source.reference


@pytest.mark.parametrize("lr", [0.5, 0.1, 0.05])
def test_the_noise_floor_is_the_predicted_one(answers: ModuleType, lr: float) -> None:
    found = answers.noisy_descent(lambda t: lr, 2000)
    assert found[-1000:].mean() == pytest.approx(answers.floor(lr), rel=0.05)


def test_a_rate_that_decays_too_fast_stops_and_the_harmonic_one_does_not(answers: ModuleType) -> None:
    fast = answers.noisy_descent(lambda t: 0.5 * 0.9**t, 2000)
    assert fast[-1] == pytest.approx(fast[150], rel=1e-3)
    assert answers.noisy_descent(lambda t: 1 / (1 + t), 2000)[-1] < 0.1 * answers.floor(0.05)


def scheduled(scheduler: str, calls: int, **settings: Any) -> list[float]:
    """The rates after so many calls of a scheduler alone, as in the script of the last question."""
    made = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    rates = [0.1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer comes second there
        one = getattr(torch.optim.lr_scheduler, scheduler)(made, **settings)
        for _ in range(calls):
            one.step()
            rates.append(made.param_groups[0]["lr"])
    return rates


def test_the_script_with_the_error_does_what_the_answer_says() -> None:
    steps = scheduled("StepLR", 200, step_size=30, gamma=0.1)
    assert steps[100] == pytest.approx(1e-4)
    assert steps[200] == pytest.approx(1e-7)
    wave = scheduled("CosineAnnealingLR", 9000, T_max=90)
    assert wave[90] == pytest.approx(0, abs=1e-12)
    assert wave[180] == pytest.approx(0.1)
    assert sum(rate > 0.0999999 for rate in wave[1:]) == 50


BUGS = [("lengths[-1] < t", "lengths[-1] <= t"), ("np.pi * t /", "np.pi * (t - starts[-1]) /")]


@pytest.mark.parametrize(("mended", "earns"), [([], "nothing"), ([0], "nothing"), ([1], "part"), ([0, 1], "all")])
def test_each_bug_of_the_repair_loses_points(answers: ModuleType, mended: list[int], earns: str) -> None:
    code = COURSE.assignment("06").source.broken["repaired_warm_restarts"]
    for bug in mended:
        assert BUGS[bug][0] in code
        code = code.replace(*BUGS[bug])
    room = dict(vars(answers))
    exec(code, room)
    found = share(judge_publicly(exercise_called("repaired_warm_restarts"), room["repaired_warm_restarts"]))
    assert {"nothing": found == 0, "part": 0 < found < 1, "all": found == 1}[earns]


@pytest.mark.parametrize(
    ("name", "slip", "x_label"),
    [
        ("step_decay", "one_late", "t"),
        ("warmup", "from_zero", "t"),
        ("ReduceOnPlateau", "one_early", "reading"),
        ("make_scheduler", "rises_again", "t"),
    ],
)
def test_a_wrong_schedule_is_drawn_beside_the_right_one(name: str, slip: str, x_label: str) -> None:
    wrong = next(one for one in catalogue.slips(name) if one.id == slip)
    picture = judge_publicly(exercise_called(name), diagnosis.answer(COURSE, wrong)).picture
    assert isinstance(picture, PathPicture)
    assert picture.x_label == x_label
    [(mine, right)] = picture.pairs()
    assert mine.differs_at is not None
    assert mine.points[mine.differs_at] != right.points[mine.differs_at]
    np.testing.assert_allclose(mine.points[: mine.differs_at], right.points[: mine.differs_at])


def test_the_floor_of_the_question() -> None:
    per_rate, least = np.linalg.solve([[0.1, 1], [0.05, 1]], [0.30, 0.20])
    assert (per_rate, least) == pytest.approx((2, 0.10))
    assert least + 0.01 * per_rate == pytest.approx(0.12)


@pytest.mark.parametrize(("k", "below"), [(0.003, False), (0.01, True), (0.1, True), (0.5, True), (1.0, False)])
def test_the_decreasing_rate_of_the_demo_ends_below_both_floors_for_some_decays(k: float, below: bool) -> None:
    demo = demos.noisy_quadratic()
    start = {control.name: control.read(demo.start()) for control in demo.controls}
    now = demo.model(**{**start, "lr": 0.3, "k": k})
    assert (now.decreasing[-1] < min(now.constant[-500:].mean(), now.smaller[-500:].mean())) == below


def test_sgd_needs_no_warm_up_on_the_digits(answers: ModuleType) -> None:
    found = [
        100 * answers.train_with(schedule, answers.Sgd(1.0), range(10))[-1].mean()
        for schedule in (
            lambda t: answers.cosine(t, 1.0, 0.0, answers.TOTAL),
            lambda t: answers.warmup(t, lambda s: answers.cosine(s, 1.0, 0.0, answers.TOTAL - 20), 20),
        )
    ]
    assert found[0] == pytest.approx(found[1], abs=0.5)


def test_rmsprop_bears_a_larger_rate_with_a_warm_up_of_one_epoch(answers: ModuleType) -> None:
    rate, epoch = 0.032, answers.TOTAL // 20
    found = [
        100 * answers.train_with(schedule, operation("RMSProp")(rate, 0.99, 1e-8), range(5))[-1].mean()
        for schedule in (
            lambda t: answers.cosine(t, rate, 0.0, answers.TOTAL),
            lambda t: answers.warmup(t, lambda s: answers.cosine(s, rate, 0.0, answers.TOTAL - epoch), epoch),
        )
    ]
    assert 1.5 < found[1] - found[0] < 3.5
