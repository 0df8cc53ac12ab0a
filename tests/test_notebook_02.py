"""Every number that the prose of notebook 02 states is true."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch
from shared import COURSE
from torch.nn import functional

from gradus import data

EXAMPLE, DOG, FOX = np.array([[3.0, 1.6, 3.8, -2.0]]), np.array([1]), np.array([2])


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("02").source.reference


def test_the_example_has_probability_0_0709_and_loss_2_647(answers: ModuleType) -> None:
    p = answers.softmax(EXAMPLE)[0]
    assert p.round(4).tolist() == [0.2874, 0.0709, 0.6397, 0.0019]
    assert round(p[2] / p[0], 2) == 2.23
    assert f"{p[1]:.6f}" == "0.070884"
    assert round(answers.cross_entropy(EXAMPLE, DOG), 3) == 2.647


def test_the_rounded_probability_gives_2_645() -> None:
    assert round(-np.log(0.071), 3) == 2.645


def test_cooling_helps_a_right_prediction_and_heating_a_wrong_one(answers: ModuleType) -> None:
    temperatures = np.geomspace(0.1, 1000, 50)
    wrong = [answers.cross_entropy(EXAMPLE / t, DOG) for t in temperatures]
    right = [answers.cross_entropy(EXAMPLE / t, FOX) for t in temperatures]
    assert (np.diff(wrong) < 0).all()
    assert (np.diff(right) > 0).all()
    assert wrong[-1] == pytest.approx(np.log(4), abs=1e-4)
    assert round(np.log(4), 3) == 1.386


def test_the_four_predictions_cost_what_is_said(answers: ModuleType) -> None:
    def cost(*scores: float) -> float:
        return answers.cross_entropy(np.array([scores]), DOG)

    assert cost(0, 20, 0, 0) < 1e-8
    assert round(cost(20, 0, 0, 0), 3) == 20.0
    assert cost(0, 0, 0, 0) == pytest.approx(np.log(4))


def test_parcels_have_mean_45_and_median_25() -> None:
    parcels = [20, 22, 25, 28, 130]
    assert (np.mean(parcels), np.median(parcels)) == (45, 25)


def test_limits_of_the_floating_point_numbers(answers: ModuleType) -> None:
    assert np.log(np.finfo(np.float64).max) == pytest.approx(709.78, abs=0.005)
    for kind, last in ((np.float64, 745), (np.float32, 103)):
        p = answers.softmax(np.array([[0, last], [0, last + 1]], dtype=kind))[:, 0]
        assert p[0] > 0 == p[1]


def test_squared_error_pulls_two_hundred_times_less_at_a_gap_of_six() -> None:
    p = 1 / (1 + np.exp(6.0))
    assert round(1 - p, 3) == 0.998
    assert round(2 * p * (1 - p) ** 2, 3) == 0.005
    assert (1 - p) / (2 * p * (1 - p) ** 2) == pytest.approx(200, rel=0.05)


def test_binary_cross_entropy_of_probabilities_stops_at_100_without_a_gradient() -> None:
    score = torch.tensor([-1000.0], requires_grad=True)
    loss = functional.binary_cross_entropy(torch.sigmoid(score), torch.ones(1))
    loss.backward()
    assert loss.item() == 100
    assert score.grad is not None
    assert score.grad.item() == 0


def test_the_floor_of_two_softmaxes_is_1_4612_for_ten_classes(answers: ModuleType) -> None:
    perfect = answers.softmax(1e4 * np.eye(10))
    assert answers.cross_entropy(perfect, np.arange(10)) == pytest.approx(np.log(1 + 9 / np.e))
    assert round(np.log(1 + 9 / np.e), 4) == 1.4612


def test_the_model_answer_to_spot_the_error(answers: ModuleType) -> None:
    p, eps = answers.softmax(np.array([20.0, 0.0, 0.0, 0.0]))[1], 1e-5
    assert f"{p:.2e}" == "2.06e-09"
    assert f"{p / (p + eps):.2e}" == "2.06e-04"
    assert round(-np.log(p + eps), 2) == round(-np.log(eps), 2) == 11.51


def test_a_thousand_classes_start_at_6_91() -> None:
    assert round(np.log(1000), 2) == 6.91


def test_the_textbook_loop_dies_in_two_steps() -> None:
    x, y = 255 * data.digits().train.x, data.digits().train.y
    weights, rows, losses = np.zeros((64, 10)), np.arange(len(y)), []
    with np.errstate(all="ignore"):
        for _ in range(5):
            p = np.exp(x @ weights)
            p /= p.sum(axis=1, keepdims=True)
            losses.append(-np.log(p[rows, y]).mean())
            p[rows, y] -= 1
            weights -= 0.01 * x.T @ p / len(y)
    assert losses[0] == pytest.approx(np.log(10))
    assert np.isfinite(losses).tolist() == [True, True, False, False, False]
    assert np.isnan(losses[3:]).all()


def test_the_stable_loop_survives_and_cooling_repairs_it_fortyfold(answers: ModuleType) -> None:
    digits = data.digits()
    weights, bias, highest = np.zeros((64, 10)), np.zeros(10), 0.0
    for _ in range(300):
        scores = 255 * digits.train.x @ weights + bias
        highest = max(highest, answers.cross_entropy(scores, digits.train.y))
        d_scores = answers.cross_entropy_gradient(scores, digits.train.y)
        weights -= 0.01 * 255 * digits.train.x.T @ d_scores
        bias -= 0.01 * d_scores.sum(axis=0)
    validation, test = (255 * part.x @ weights + bias for part in (digits.validation, digits.test))
    temperatures = np.geomspace(1, 1000, 100)
    best = min(temperatures, key=lambda t: answers.cross_entropy(validation / t, digits.validation.y))
    assert highest > 100
    assert np.mean(test.argmax(axis=1) == digits.test.y) == pytest.approx(0.95, abs=0.01)
    assert answers.cross_entropy(validation, digits.validation.y) > np.log(10)
    hot, cold = (answers.cross_entropy(test / t, digits.test.y) for t in (1, best))
    assert hot / cold == pytest.approx(40, rel=0.2)
