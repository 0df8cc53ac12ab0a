"""What the prose of notebook 04 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

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
from shared import COURSE, exercise_called, reference
from test_exercises import judged_publicly
from torch import nn

from gradus import data, demos
from gradus.demos.initialization import look_at_activation
from gradus.learning.lending import operation

SEEDS = range(5)
GROUPS = 3
"""How often the experiments on depth are repeated, each time with five seeds."""
USUAL = "sigmoid, 1/√fan-in"


@cache
def depth_run(answers: ModuleType, rule: str, depth: int, epochs: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of several repetitions of an experiment of the notebook, and the first gradients, layer by layer."""
    activation, spread = answers.RULES[rule]
    networks = answers.make_networks(depth, spread, seeds=5 * GROUPS)
    found, first = answers.train_networks(networks, activation, epochs=epochs)
    return found.reshape(GROUPS, 5).mean(axis=1), np.array(first)


def shrinking(answers: ModuleType) -> float:
    """How much smaller the first gradient of the first layer is than that of the last one."""
    first = depth_run(answers, USUAL, 4, epochs=1)[1]
    return float(first[-1] / first[0])


def wrong_fan(fan_in: int, fan_out: int) -> float:
    """By how much the variance is too large with fan-out in place of fan-in."""
    return fan_in / fan_out


# What the text only assumes: sizes, years, and the data of examples and questions. By section, as in QUOTED.
GIVEN = {
    "why": {"2015"},
    "one-layer": {"0.01", "10000"},
    "many-layers": {"0.9"},
    "digits": {"0.1", "150", "70", "85"},
    "xavier": {"2010", "2015"},
    "questions": {"784", "100", "0.63", "0.95", "0.97"},
    "summary": {"0.5"},
}

# The number as it is written, by section of the notebook, and how the reference comes to it.
QUOTED: dict[str, dict[str, Callable[[ModuleType], Any]]] = {
    "why": {"300": shrinking},
    "many-layers": {"0.01": lambda answers: 0.01},
    "way-back": {
        "0.055": lambda answers: squared_slope(),
        "5.5": lambda answers: 100 * 0.055,
        "2.3": lambda answers: 5.5**0.5,
        "1.3": lambda answers: best_gain("tanh"),
    },
    "xavier": {"33000": lambda answers: 2**15},
    "questions": {
        "7.84": lambda answers: wrong_fan(784, 100),
        "2.8": lambda answers: wrong_fan(784, 100) ** 0.5,
        "3.2": lambda answers: wrong_fan(100, 10) ** 0.5,
        "8.9": lambda answers: (wrong_fan(784, 100) * wrong_fan(100, 10)) ** 0.5,
        "78.4": lambda answers: wrong_fan(784, 100) * wrong_fan(100, 10),
        "0.06": lambda answers: 1 - 0.97**2,
        "0.577": lambda answers: nn.init.calculate_gain("leaky_relu", math.sqrt(5)),
        "0.0816": lambda answers: math.sqrt(2 / 300),
        "0.082": lambda answers: math.sqrt(2 / 300),
        "0.0011": lambda answers: 1 / 300 / 3,
        "0.0067": lambda answers: 2 / 300,
        "1.7e-8": lambda answers: 6.0**-10,
        "1.3e-4": lambda answers: 6.0**-5,
    },
}


def squared_slope() -> float:
    """The mean squared slope of a layer with weights of deviation 1, behind activations of a spread of 0.96."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 0.96 * 10, size=10**6)
    return float(np.mean((1 - np.tanh(z) ** 2) ** 2))


def best_gain(activation: str) -> float:
    """Of the slider's gains, the one with which the gradient at layer 1 is most like that at layer 20."""
    demo = demos.activations()
    sizes = {
        gain: demo.model(gain=gain, depth=20, activation=activation).gradients
        for gain in 10 ** np.arange(-0.6, 0.61, 0.02)
    }
    return float(min(sizes, key=lambda gain: abs(np.log(sizes[gain][0] / sizes[gain][-1]))))


def test_what_the_sliders_show_of_activations_and_gradients() -> None:
    demo = demos.activations()
    best = demo.model(gain=best_gain("tanh"), depth=20, activation="tanh")
    assert 0.6 < best.spreads[-1] / best.spreads[0] < 0.75
    assert best_gain("ReLU") == pytest.approx(math.sqrt(2), rel=0.05)
    assert best_gain("none") == pytest.approx(1, rel=0.05)
    for gain in (0.25, 1, 4):
        now = demo.model(gain=gain, depth=20, activation="sigmoid")
        assert max(now.spreads[-1] / now.spreads[0], now.gradients[0] / now.gradients[-1]) < 0.01


def test_where_slopes_are_small() -> None:
    at = {
        (name, z): look_at_activation(name, z).slope for name in ("sigmoid", "tanh", "ReLU") for z in (-5, -3, 0, 3, 5)
    }
    assert at["sigmoid", 0] == 0.25
    assert max(at["sigmoid", 5], at["sigmoid", -5], at["tanh", 3], at["tanh", -3]) < 0.01 < at["sigmoid", 3]
    assert (at["tanh", 0], at["ReLU", -3], at["ReLU", 3]) == (1, 0, 1)


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("04").source.reference


def test_no_hidden_layer_reads_the_most_digits_and_four_hidden_layers_of_sigmoids_read_none(
    answers: ModuleType,
) -> None:
    none, one, four = (depth_run(answers, USUAL, depth)[0] for depth in (0, 1, 4))
    assert (none > one).all()
    assert (four < 0.15).all()


def test_every_sigmoid_layer_shrinks_the_gradient_about_four_times(answers: ModuleType) -> None:
    for depth in (1, 2, 3, 4):
        first = depth_run(answers, USUAL, depth, epochs=1)[1]
        assert first[1:] / first[:-1] == pytest.approx(4, rel=0.2)


def test_only_the_size_of_the_first_weights_decides_whether_four_layers_learn(answers: ModuleType) -> None:
    four = {rule: depth_run(answers, rule, 4)[0] for rule in answers.RULES}
    assert (four["tanh, Xavier"] > depth_run(answers, USUAL, 0)[0] - 0.02).all()
    assert (four["tanh, Xavier"] < depth_run(answers, "tanh, Xavier", 1)[0] + 0.02).all()
    assert (four["sigmoid, 4/√fan-in"] > 0.9).all()
    assert (four["tanh, 0.1/√fan-in"] < 0.15).all()
    first = depth_run(answers, "tanh, Xavier", 4, epochs=1)[1]
    assert first.max() < 2 * first.min()


def test_with_150_epochs_small_sigmoids_learn_and_small_tanhs_do_not(answers: ModuleType) -> None:
    accuracies = []
    for rule in (USUAL, "tanh, 0.1/√fan-in"):
        activation, spread = answers.RULES[rule]
        networks = answers.make_networks(4, spread, seeds=3)
        accuracies.append(100 * answers.train_networks(networks, activation, epochs=150)[0])
    assert ((accuracies[0] > 70) & (accuracies[0] < 85)).all()
    assert (accuracies[1] < 15).all()


def test_sigmoids_with_large_weights_keep_two_thirds_of_the_gradient(answers: ModuleType) -> None:
    first = depth_run(answers, "sigmoid, 4/√fan-in", 4, epochs=1)[1]
    assert (first[0] / first[-1]) ** (1 / 4) == pytest.approx(2 / 3, abs=0.05)


def test_after_four_layers_of_sigmoids_all_images_look_alike(answers: ModuleType) -> None:
    weights, _ = answers.make_networks(4, answers.RULES[USUAL][1], seeds=3)
    x, apart = torch.tensor(data.digits().train.x).float(), []
    for W in weights[:4]:
        x = torch.sigmoid(x @ W)
        apart.append(x.std(dim=-2).mean().item())
    assert apart[-1] < 0.02 * apart[0] < 0.002


def layers(rng: np.random.Generator, draw: Callable[[], np.ndarray], depth: int) -> tuple[np.ndarray, list[np.ndarray]]:
    return rng.normal(size=(200, 100)), [draw() for _ in range(depth)]


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_tanh_layers_lose_the_signal_or_saturate(answers: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def spreads(deviation: float) -> list[float]:
        draw = lambda: rng.normal(0, deviation, size=(100, 100))  # noqa: E731
        return answers.activation_spread(*layers(rng, draw, 20), np.tanh)

    small, xavier, large = (np.array(spreads(deviation)) for deviation in (0.01, 0.1, 1.0))
    assert small[1:] / small[:-1] == pytest.approx(0.1, rel=0.25)
    assert small[-1] < 1e-6
    assert 0.05 < xavier[-1] < xavier[4] < xavier[0]
    assert 0.9 < large[-1] < 1


@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_explode_in_saturated_tanh_layers(answers: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, weights = layers(rng, lambda: rng.normal(0, 1, size=(100, 100)), 20)
    slope = lambda z: 1 - np.tanh(z) ** 2  # noqa: E731
    back = np.array(answers.gradient_spread(x, weights, np.tanh, slope, rng.normal(size=(200, 100))))
    assert back[0] > 1e6
    assert (back[:-1] > 1.5 * back[1:]).all()
    last = x
    for W in weights:
        last = np.tanh(last @ W)
    assert 0.85 < np.mean(np.abs(last) > 0.9) < 0.9
    assert np.mean(slope(x @ weights[0])) < 0.1
    moved = x + 1e-3 * rng.normal(size=x.shape)
    for W in weights:
        moved = np.tanh(moved @ W)
    assert np.std(moved - last) > 0.5 * np.std(last)


@pytest.mark.parametrize("seed", SEEDS)
def test_kaiming_keeps_the_size_of_relu_layers_and_half_of_it_does_not(answers: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, weights = layers(rng, lambda: answers.kaiming_normal(100, 100, rng), 30)
    relu = lambda z: np.maximum(z, 0)  # noqa: E731
    kept = answers.activation_spread(x, weights, relu)
    lost = answers.activation_spread(x, [W / np.sqrt(2) for W in weights], relu)
    assert 0.1 < kept[-1] / kept[0] < 10
    assert kept[-1] / lost[-1] == pytest.approx(2**15)


@pytest.mark.parametrize("seed", SEEDS)
def test_most_neurons_are_dead_with_a_bias_of_minus_6_and_none_with_minus_2(answers: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(1000, 100)) @ answers.kaiming_normal(100, 500, rng)
    assert z.std() == pytest.approx(np.sqrt(2), rel=0.05)
    assert (z - 2 > 0).any(axis=0).all()
    assert np.mean(~(z - 6 > 0).any(axis=0)) > 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_by_default_the_second_moment_falls_six_times_in_each_layer_up_to_the_biases(seed: int) -> None:
    def moments(bias: bool) -> list[float]:
        x, found = torch.randn(256, 512), []
        for _ in range(20):
            x = torch.relu(nn.Linear(512, 512, bias=bias)(x))
            found.append((x**2).mean().item())
        return found

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        without, kept = moments(False), moments(True)
    assert np.divide(without[:-1], without[1:]) == pytest.approx(6, rel=0.4)
    assert kept[-1] > 1e6 * without[-1]


def test_weights_of_two_over_fan_in_as_deviation_are_seven_times_too_small() -> None:
    assert round(np.sqrt(2 / 100) / (2 / 100)) == 7


def test_the_default_of_a_linear_layer_is_uniform_up_to_one_over_the_root_of_fan_in() -> None:
    weight = nn.Linear(300, 2000).weight
    assert weight.abs().max().item() == pytest.approx(300**-0.5, rel=1e-3)
    assert weight.var().item() == pytest.approx(1 / 900, rel=0.01)


SLOPE, LOOP = "activation_derivative(values[layer + 1])", "range(len(weights) - 1, 0, -1)"
RIGHT = {
    "loop": (LOOP, "range(len(weights) - 1, -1, -1)"),
    "slope": (SLOPE, "activation_derivative(values[layer] @ weights[layer])"),
    "root": ("float(np.mean((delta - np.mean(delta)) ** 2))", "float(np.sqrt(np.mean((delta - np.mean(delta)) ** 2)))"),
}


@pytest.mark.parametrize(
    ("mended", "named"),
    [
        ((), "three_bugs"),
        (("loop",), "two_bugs_slope_and_square"),
        (("slope",), "two_bugs_first_and_square"),
        (("root",), "two_bugs_first_and_slope"),
        (("loop", "slope"), "variance"),
        (("loop", "root"), "at_the_activation"),
        (("slope", "root"), "first_forgotten"),
        (("loop", "slope", "root"), ""),
    ],
)
def test_the_reports_on_the_repair_name_one_bug_after_the_other(mended: tuple[str, ...], named: str) -> None:
    source = COURSE.assignment("04").source
    code = source.broken["repaired_gradient_spread"]
    for bug in mended:
        assert code.count(RIGHT[bug][0]) == 1
        code = code.replace(*RIGHT[bug])
    room = {"np": np}
    exec(code, room)
    report = judged_publicly(COURSE, "repaired_gradient_spread", room["repaired_gradient_spread"])
    assert [one.slip.id for one in report.slips] == [named] * bool(named)
    assert report.passed == (not named)


@pytest.mark.parametrize("name", ["xavier_uniform", "kaiming_normal", "activation_spread"])
def test_what_is_lent_takes_the_same_arguments(name: str) -> None:
    assert exercise_called(name).topic == "initialization"
    assert list(inspect.signature(operation(name)).parameters) == list(inspect.signature(reference(name)).parameters)
