"""What the prose of notebook 07 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, reference
from test_exercises import judged_publicly

from gradus import demos
from gradus.learning.lending import operation

Array = np.ndarray
SEEDS = range(3)


def sum_of_dropped(p_drop: float, scaled: bool) -> tuple[float, float]:
    """Mean and deviation of a sum of 100 inputs of 1 with weights of 0.1, worked out from the number that is kept."""
    each = 0.1 / (1 - p_drop) if scaled else 0.1
    return 100 * (1 - p_drop) * each, math.sqrt(100 * p_drop * (1 - p_drop)) * each


def three_without_dropout() -> float:
    """What the network of the demo gives for the right class of its 3."""
    return demos.blinking_network().model(p_drop=0.0, draw=1, label=3, mode="training").plain[3]


def best_rate(random: str, width: str) -> float:
    """The probability of dropping that is best for new images in the demo; the other claims are in test_demos.py."""
    now = demos.dropout_curves().model(p_drop=0.0, random=random, width=width)
    return now.validation[-1].mean(axis=1).argmax() / 10


# What the text only assumes: probabilities, years, and the data of questions. By section, as in QUOTED.
GIVEN = {
    "inverted": {"0.5", "0.9"},
    "classical": {"2014", "0.5", "0.25", "0.75", "0.2", "0.8"},
    "repair": {"0.5", "0.1"},
    "doubt": {"2016"},
    "when": {"0.75", "0.5"},
    "why": {"2012"},
    "questions": {"0.81", "0.64", "100", "0.1"},
    "summary": {"0.5"},
}

# The number as it is written, by section of the notebook, and how the reference comes to it.
QUOTED: dict[str, dict[str, Callable[[ModuleType], Any]]] = {
    "classical": {"1": lambda answers: three_without_dropout()},
    "when": {
        "0.6": lambda answers: best_rate("20 %", "64"),
        "0.7": lambda answers: best_rate("40 %", "64"),
        "0.1": lambda answers: best_rate("40 %", "16"),
        "0.2": lambda answers: best_rate("20 %", "16"),
        "6": lambda answers: answers.LOOKS[curve(answers, 0.0, 5).argmax()],
    },
    "average": {"1024": lambda answers: len(answers.all_masks(10))},
    "questions": {
        "0.125": lambda answers: 0.1 / (1 - 0.2),
        "0.8": lambda answers: 1 - 0.2,
        "0.5": lambda answers: sum_of_dropped(0.2, scaled=True)[1],
        "0.4": lambda answers: sum_of_dropped(0.2, scaled=False)[1],
        "0.75": lambda answers: 1 - 0.25,
    },
}
SAID = {"warm_up_07": {"3"}}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("07").source.reference


@pytest.mark.parametrize(("scaled", "mean"), [(True, 10), (False, 8)])
def test_the_sum_in_the_question_is_that_of_many_draws(answers: ModuleType, scaled: bool, mean: float) -> None:
    out, mask = answers.dropout_forward(np.ones((20_000, 100)), 0.2, np.random.default_rng(0), True)
    sums = (out if scaled else mask) @ np.full(100, 0.1)
    assert sum_of_dropped(0.2, scaled)[0] == pytest.approx(mean)
    assert (sums.mean(), sums.std()) == pytest.approx(sum_of_dropped(0.2, scaled), rel=0.02)


def test_the_spread_grows_in_proportion_to_the_root_of_the_odds(answers: ModuleType) -> None:
    rng = np.random.default_rng(0)
    found = {
        p: answers.dropout_forward(np.ones((2000, 50)), p, rng, True)[0].sum(axis=1).std() for p in (0.1, 0.5, 0.9)
    }
    for p, deviation in found.items():
        assert deviation / math.sqrt(50) == pytest.approx(math.sqrt(p / (1 - p)), rel=0.1)
    assert found[0.9] / found[0.5] == pytest.approx(3, rel=0.1)


@cache
def trained(answers: ModuleType, p_drop: float, seed: int, noise: float) -> tuple[float, float, float]:
    """Training labels learned, accuracy after the last epoch and in the best one: means over three networks."""
    x = answers.digits.train.x[400 * (seed % 2) : 400 * (seed % 2) + 400]
    y = answers.noisy_labels(answers.digits.train.y[400 * (seed % 2) : 400 * (seed % 2) + 400], noise, seed=seed)
    params, history = answers.train_with_dropout(p_drop, x, y, seeds=3)
    curve = history.mean(axis=1)
    return answers.accuracies(params, x, y).mean(), curve[-1], curve.max()


@pytest.mark.parametrize("seed", SEEDS)
def test_dropout_helps_a_lot_with_wrong_labels_and_so_does_early_stopping(answers: ModuleType, seed: int) -> None:
    plain, half, more = (trained(answers, p_drop, seed, 0.2) for p_drop in (0.0, 0.5, 0.75))
    assert plain[0] > 99
    assert 2 < half[1] - plain[1] < more[1] - plain[1]
    assert more[1] - plain[1] > 5
    assert plain[2] - plain[1] > 3
    assert abs(plain[2] - more[1]) < 3


@pytest.mark.parametrize("seed", SEEDS)
def test_dropout_gains_little_with_true_labels(answers: ModuleType, seed: int) -> None:
    assert 0 < trained(answers, 0.5, seed, 0.0)[1] - trained(answers, 0.0, seed, 0.0)[1] < 2.5


@cache
def curve(answers: ModuleType, p_drop: float, draw: int) -> Array:
    """Mean accuracy of five networks after each of LOOKS, with some draw of wrong labels; 5 is the notebook's."""
    x, y = answers.digits.train.x[:400], answers.noisy_labels(answers.digits.train.y[:400], 0.2, seed=draw)
    return answers.train_with_dropout(p_drop, x, y, seeds=5)[1].mean(axis=1)


@pytest.mark.parametrize("draw", [6, 7, 8, 9, 10, 11])
def test_with_other_wrong_labels_early_stopping_gets_as_far(answers: ModuleType, draw: int) -> None:
    assert 89.4 < curve(answers, 0.0, draw).max() < 92.5
    assert 88.5 < curve(answers, 0.75, draw)[-1] < 93.5


def test_the_plain_network_is_best_early_and_half_dropped_loses_points_later(answers: ModuleType) -> None:
    plain, half = curve(answers, 0.0, 5), curve(answers, 0.5, 5)
    assert answers.LOOKS[plain.argmax()] in (6, 7)
    assert half[answers.LOOKS.index(20)] - half[-1] == pytest.approx(6, abs=1.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_scaled_weights_are_exact_for_one_layer_and_approximate_with_a_hidden_one(
    answers: ModuleType, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, W, b = rng.normal(size=(9, 8)), rng.normal(size=(8, 3)), rng.normal(size=3)
    W1, W2 = rng.normal(size=(8, 20)) * 0.6, rng.normal(size=(20, 3)) * 0.5

    def deep(x: Array) -> Array:
        return np.maximum(x @ W1, 0) @ W2

    def apart(scores: Callable[[Array], Array]) -> float:
        total: Any = 0.0
        for mask in answers.all_masks(8):
            logs = torch.tensor(scores(x * mask)).log_softmax(dim=1).numpy()
            total = total + 0.7 ** mask.sum() * 0.3 ** (~mask).sum() * logs
        geometric = torch.tensor(total).softmax(dim=1).numpy()
        return float(np.abs(torch.tensor(scores(0.7 * x)).softmax(dim=1).numpy() - geometric).max())

    assert apart(lambda x: x @ W + b) < 1e-14
    assert 0.05 < apart(deep) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_doubt_is_larger_where_the_network_is_wrong_but_not_always(answers: ModuleType, seed: int) -> None:
    params, _ = answers.train_with_dropout(0.5, answers.digits.train.x, answers.digits.train.y, seed + 1, epochs=20)
    network = {name: value[seed] for name, value in params.items()}

    def predict_once(x: Array, rng: np.random.Generator | None, training: bool = True) -> Array:
        hidden = np.maximum(x @ network["W1"] + network["b1"], 0)
        dropped, _ = answers.dropout_forward(hidden, 0.5, rng, training)
        return torch.tensor(dropped @ network["W2"] + network["b2"]).softmax(dim=1).numpy()

    shown = answers.digits.validation
    mirrored, no_digit = shown.x.reshape(-1, 8, 8)[:, ::-1].reshape(len(shown.x), 64), np.isin(shown.y, [2, 5, 6, 7, 9])
    found = {}
    for name, images, y in (("plain", shown.x, shown.y), ("mirrored", mirrored[no_digit], shown.y[no_digit])):
        mean, deviation = answers.monte_carlo_prediction(predict_once, images, np.random.default_rng(0), 50)
        answer = mean.argmax(axis=1)
        once = predict_once(images, None, training=False)
        found[name] = deviation[np.arange(len(y)), answer], answer == y, 1 - once.max(axis=1), once.argmax(axis=1) == y
    doubt, right, unsure, right_once = found["plain"]
    assert doubt[~right].mean() > 2.5 * doubt[right].mean()
    assert unsure[~right_once].mean() > 6 * unsure[right_once].mean()
    assert abs(right.mean() - right_once.mean()) < 0.02
    assert (~right).sum() < 12
    doubt, right, _, right_once = found["mirrored"]
    assert max(right.mean(), right_once.mean()) < 0.05
    assert np.mean(doubt[~right] < 0.1) > 0.05


RIGHT = {
    "probability": ("rng.binomial(1, p_drop", "rng.binomial(1, keep"),
    "shape": ("size=x.shape[-1:]", "size=x.shape"),
    "use": ("mask = np.full(x.shape, True)", "mask, keep = np.full(x.shape, True), 1.0"),
}
NAMED = {"probability": "kept_with_p_drop", "shape": "per_column", "use": "divided_in_use"}


@pytest.mark.parametrize("mended", range(8))
def test_the_reports_on_the_repair_name_each_bug_that_is_left(mended: int) -> None:
    code = COURSE.assignment("07").source.broken["repaired_dropout_forward"]
    left = [bug for place, bug in enumerate(RIGHT) if not mended >> place & 1]
    for bug in RIGHT.keys() - set(left):
        assert code.count(RIGHT[bug][0]) == 1
        code = code.replace(*RIGHT[bug])
    room = {"np": np}
    exec(code, room)
    report = judged_publicly(COURSE, "repaired_dropout_forward", room["repaired_dropout_forward"])
    assert [one.slip.id for one in report.slips] == [NAMED[bug] for bug in left]
    assert report.passed == (not left)


def test_what_is_lent_takes_the_same_arguments() -> None:
    lent, own = operation("dropout_forward"), reference("dropout_forward")
    assert list(inspect.signature(lent).parameters) == list(inspect.signature(own).parameters)
