"""What the prose of notebook 06 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

import math
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, exercise_called

from autograder.judging import catalogue, diagnosis
from gradus.checking.pictures import PathPicture
from gradus.checking.public import judge_publicly
from gradus.checking.scoring import share

# What the text only assumes: years, and the data of questions. By section, as in QUOTED.
GIVEN = {
    "noise-floor": {"1951"},
    "cosine": {"2017"},
    "triangular": {"2017"},
    "questions": {"1000", "100", "0.9"},
}

# Words of options that the text before an outcome uses in another sense.
SAID: dict[str, set[str]] = {}


def spread(answers: ModuleType) -> float:
    """Of the means of ten networks with the half cosine in the last six epochs, in points."""

    def half(t: int) -> float:
        return (1 + math.cos(math.pi * t / answers.TOTAL)) / 2

    accuracies = 100 * answers.train_with(half, answers.Sgd(1.0), range(10))
    return float(np.ptp(accuracies[-6:].mean(axis=1)))


def own_warmup(answers: ModuleType, t: int) -> float:
    return float(answers.warmup(t, lambda _: 1.0, 4))


QUOTED: dict[str, dict[str, Any]] = {
    "comparison": {"0.3": spread},
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
