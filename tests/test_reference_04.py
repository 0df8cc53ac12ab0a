"""The reference answers of notebook 04 agree with PyTorch, with autograd and with values worked out by hand."""

from __future__ import annotations

from itertools import pairwise
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
from gradus.exercises.initialization import ACTIVATIONS, EACH, FALSE_REJECT
from gradus.learning.lending import operation

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}
TORCH = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "ReLU": torch.relu,
    "leaky ReLU": lambda z: nn.functional.leaky_relu(z, 0.25),
    "softplus": nn.functional.softplus,
}
DRAWN = ("xavier_uniform", "kaiming_normal", "kaiming_uniform", "initialize")


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("04").source.reference


def network(sizes: tuple[int, ...] = (5, 9, 4, 3), n: int = 7) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=pair) for pair in pairwise(sizes)]
    return rng.normal(size=(n, sizes[0])), weights, rng.normal(size=(n, sizes[-1]))


def test_the_variance_is_the_one_of_many_draws(answers: ModuleType) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0.7, 0.4, size=30)
    z = x @ rng.uniform(-0.6, 0.6, size=(30, 200_000))
    found = answers.preactivation_variance(30, 0.6**2 / 3, (x**2).mean())
    assert found == pytest.approx(z.var(), rel=0.02)
    assert answers.preactivation_variance(64, 1 / 64, 1.0) == 1
    assert answers.preactivation_variance(4, 0.5, 3.0) == 6


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_spreads_are_those_of_torch_and_of_autograd(answers: ModuleType, name: str) -> None:
    x, weights, d_output = network()
    activation, derivative = ACTIVATIONS[name]
    values = [torch.tensor(x, requires_grad=True)]
    for W in weights:
        values.append(TORCH[name](values[-1] @ torch.tensor(W)))
        values[-1].retain_grad()
    values[-1].backward(torch.tensor(d_output))
    spreads = [value.detach().std(correction=0).item() for value in values[1:]]
    np.testing.assert_allclose(answers.activation_spread(x, weights, activation), spreads, **CLOSE)
    gradients: list[Any] = [value.grad for value in values[:-1]]
    backwards = [gradient.std(correction=0).item() for gradient in gradients]
    for answer in (answers.gradient_spread, answers.repaired_gradient_spread):
        np.testing.assert_allclose(answer(x, weights, activation, derivative, d_output), backwards, **CLOSE)


def test_spreads_by_hand(answers: ModuleType) -> None:
    """x = (1, 2), W = 3, ReLU: activations 3 and 6, spread 1.5; gradients 1 and 5 come back as 3 and 15, spread 6."""
    x, weights = np.array([[1.0], [2.0]]), [np.array([[3.0]])]
    relu, step = ACTIVATIONS["ReLU"]
    assert answers.activation_spread(x, weights, relu) == [1.5]
    assert answers.gradient_spread(x, weights, relu, step, np.array([[1.0], [5.0]])) == [6.0]


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("xavier_uniform", nn.init.xavier_uniform_),
        ("kaiming_normal", lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
        ("kaiming_uniform", lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu")),
    ],
)
def test_weights_are_distributed_as_those_of_torch(answers: ModuleType, name: str, twin: Any) -> None:
    """All quantiles agree; the largest distance of two empirical distributions of 240,000 numbers is 0.004."""
    drawn = getattr(answers, name)(600, 400, np.random.default_rng(3))
    mine = np.sort((drawn[0] if isinstance(drawn, tuple) else drawn).ravel())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        theirs = np.sort(twin(torch.empty(400, 600)).numpy().ravel())
    ranks = np.searchsorted(mine, theirs) / mine.size
    assert np.abs(ranks - np.arange(theirs.size) / theirs.size).max() < 0.006


def test_biases_are_distributed_as_those_of_a_linear_layer(answers: ModuleType) -> None:
    _, b = answers.kaiming_uniform(50, 200_000, np.random.default_rng(3))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        theirs = nn.Linear(50, 200_000).bias.detach().numpy()
    assert b.std() == pytest.approx(theirs.std(), rel=0.01)
    assert np.abs(b).max() == pytest.approx(np.abs(theirs).max(), rel=1e-3)


def test_initialize_is_what_torch_draws_with_the_same_seed(answers: ModuleType) -> None:
    layers = [nn.Linear(7, 5), nn.BatchNorm1d(5), nn.Conv2d(6, 4, 3, groups=2, bias=False)]
    model = nn.Sequential(layers[0], nn.Sequential(*layers[1:]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        answers.initialize(model)
        torch.manual_seed(0)
        for layer, shape in ((layers[0], (5, 7)), (layers[2], (4, 3, 3, 3))):
            expected = torch.empty(shape).normal_(0, (2 / np.prod(shape[1:])) ** 0.5)
            torch.testing.assert_close(layer.weight, nn.Parameter(expected))
    assert not layers[0].bias.any()
    assert (layers[1].weight == 1).all()


@pytest.mark.parametrize("name", DRAWN)
def test_chance_rejects_no_more_than_is_declared(answers: ModuleType, name: str) -> None:
    """The probabilities of all statistics of a check add up to less than the exercise declares."""
    exercise = exercise_called(name)
    for cases in (catalogue.public(name), catalogue.hidden(name, np.random.default_rng(0))):
        done = [behaviour(exercise, case, run(exercise, getattr(answers, name), case)) for case in cases]
        statistics = [fact for one in done for fact in one.facts if isinstance(fact, Statistic)]
        assert statistics
        assert len(statistics) * EACH <= FALSE_REJECT == exercise.false_reject


def test_an_answer_that_draws_leaves_the_learners_generator_alone(answers: ModuleType) -> None:
    exercise = exercise_called("initialize")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for case in catalogue.public("initialize"):
        run(exercise, answers.initialize, case)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["xavier_uniform", "kaiming_normal"])
def test_what_is_lent_draws_from_the_given_generator(name: str) -> None:
    rng = np.random.default_rng(0)
    first, second = (operation(name)(600, 80, rng) for _ in range(2))
    deviation = {"xavier_uniform": (2 / 680) ** 0.5, "kaiming_normal": (2 / 600) ** 0.5}[name]
    assert first.shape == (600, 80)
    assert not np.array_equal(first, second)
    assert first.std() == pytest.approx(deviation, rel=0.02)
    np.testing.assert_array_equal(operation(name)(600, 80, np.random.default_rng(0)), first)


def test_the_spreads_that_are_lent_are_those_of_the_reference(answers: ModuleType) -> None:
    x, weights, _ = network()
    for activation, _ in ACTIVATIONS.values():
        lent = operation("activation_spread")(x, weights, activation)
        np.testing.assert_allclose(lent, answers.activation_spread(x, weights, activation), **CLOSE)
