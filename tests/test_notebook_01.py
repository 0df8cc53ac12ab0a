"""What the prose of notebook 01 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE

from gradus import data, demos
from gradus.demos.backprop import EXAMPLES, LAYERS, WIDTH
from gradus.graph import Node

SIZES = {"W1": (64, 32), "b1": (32,), "W2": (32, 10), "b2": (10,)}
PARAMETERS = sum(int(np.prod(size)) for size in SIZES.values())
SIDE, LINKS = 300, 20
FROM_THE_LOSS = LINKS * SIDE**2
FROM_THE_INPUT = (LINKS - 1) * SIDE**3 + SIDE**2

# What the text only assumes: sizes, and the data of examples and questions. By section, as in QUOTED.
GIVEN = {"numerical": {"0.1", "1000"}, "questions": {"1000", "10000"}}

# Words of options that the text before an outcome uses in another sense.
SAID: dict[str, set[str]] = {}

# The number as it is written, by section of the notebook, and how the reference comes to it.
QUOTED: dict[str, dict[str, Callable[[ModuleType], Any]]] = {
    "why": {"2410": lambda answers: PARAMETERS, "4820": lambda answers: 2 * PARAMETERS},
    "chain": {
        "1.8": lambda answers: FROM_THE_LOSS / 1e6,
        "513": lambda answers: FROM_THE_INPUT / 1e6,
        "285": lambda answers: FROM_THE_INPUT / FROM_THE_LOSS,
    },
    "mlp": {"2410": lambda answers: PARAMETERS},
    "batch": {"1197": lambda answers: len(data.digits().train)},
    "depth": {
        "1.25": lambda answers: best_gain("tanh"),
        "1.44": lambda answers: best_gain("ReLU"),
        "0.06": lambda answers: last_outputs("sigmoid").std(axis=0).mean(),
        "0.42": lambda answers: last_outputs("tanh").std(axis=0).mean(),
    },
    "activations": {"0.0002": lambda answers: answers.tanh_backward(1.0, np.tanh(5.0))},
    "digits": {"300": lambda answers: len(data.digits().validation)},
    "questions": {
        "2500": lambda answers: 10_000 / 4,
        "0.2": lambda answers: 50 * 1000**2 * 4 / 1e9,
        "670000": lambda answers: 2 * 1e6**2 / (3 * 1e6),
    },
    "figures": {
        "10000": lambda answers: 100**2,
        "1000000": lambda answers: 100**3,
        "20000": lambda answers: 2 * 100**2,
        "1010000": lambda answers: 100**3 + 100**2,
    },
}


@cache
def best_gain(activation: str) -> float:
    """Of the slider's gains, with which the gradient at the first of 20 layers is most like the last."""
    demo = demos.gradient_by_depth()
    (slider,) = (control for control in demo.controls if control.name == "gain")
    gains = 10 ** np.arange(np.log10(slider.low), np.log10(slider.high), slider.step)
    sizes = {gain: demo.model(gain=gain, depth=20, activation=activation) for gain in gains}
    return float(min(gains, key=lambda gain: abs(np.log(sizes[gain][0] / sizes[gain][-1]))))


def last_outputs(activation: str) -> np.ndarray:
    """What the last of the demo's 20 layers gives for each example, with the best gain."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(LAYERS, WIDTH, WIDTH))[:20] / np.sqrt(WIDTH)
    a = torch.from_numpy(rng.normal(size=(EXAMPLES, WIDTH)))
    for W in torch.from_numpy(best_gain(activation) * weights):
        a = getattr(torch, activation)(a @ W)
    return a.numpy()


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("01").source.reference


def network(seed: int, n_in: int = 64, n_hidden: int = 32, n_out: int = 10) -> dict[str, np.ndarray]:
    """`new_network` of the notebook."""
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(size=(n_in, n_hidden)) / np.sqrt(n_in),
        "b1": np.zeros(n_hidden),
        "W2": rng.normal(size=(n_hidden, n_out)) / np.sqrt(n_hidden),
        "b2": np.zeros(n_out),
    }


def central(h: float) -> float:
    """Relative error of the central difference of exp at 1."""
    return float(abs((np.exp(1 + h) - np.exp(1 - h)) / (2 * h) / np.e - 1))


def output(params: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    return np.asarray(np.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"])


@cache
def images() -> tuple[np.ndarray, np.ndarray]:
    """A hundred digits, and their targets as the notebook writes them."""
    train = data.digits().train
    return train.x[:100], np.eye(10)[train.y[:100]]


def test_the_best_step_lies_between_truncation_and_rounding() -> None:
    assert central(1e-3) / central(1e-4) == pytest.approx(100, rel=0.05)
    around = {
        h: np.median([central(h * f) for f in np.linspace(0.8, 1.2, 41)])
        for h in map(float, [f"1e-{k}" for k in range(2, 15)])
    }
    assert min(around, key=around.__getitem__) in (1e-5, 1e-6)
    assert 1e-12 < around[1e-5] < 1e-10


def test_a_central_difference_in_float32_keeps_about_two_digits() -> None:
    h, x = np.float32(1e-5), np.linspace(0.5, 2, 1001, dtype=np.float32)
    slope = (np.exp(x + h) - np.exp(x - h)) / (2 * h)
    assert 1e-3 < np.median(np.abs(slope / np.exp(x.astype(float)) - 1)) < 2e-2


@pytest.mark.parametrize("seed", range(3))
def test_a_bug_spoils_what_comes_after_it_on_the_way_back_and_nothing_before(answers: ModuleType, seed: int) -> None:
    x, y = images()
    params = network(seed)
    _, right = answers.mlp_gradients(params, x, y)
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    d_output = (output(params, x) - y) / len(x)
    wrong_slope = (d_output @ params["W2"].T) * (1 - np.tanh(hidden) ** 2)
    assert np.allclose(hidden.T @ d_output, right["W2"])
    apart = np.linalg.norm(x.T @ wrong_slope - right["W1"], axis=0) / np.linalg.norm(right["W1"], axis=0)
    assert apart.min() > 1e-3


def test_from_zero_only_the_last_bias_learns_the_share_of_each_digit(answers: ModuleType) -> None:
    x, y = images()
    params = {name: np.zeros(size) for name, size in SIZES.items()}
    for _ in range(2000):
        _, grads = answers.mlp_gradients(params, x, y)
        params = {name: params[name] - 0.1 * grads[name] for name in params}
    assert not any(params[name].any() for name in ("W1", "b1", "W2"))
    assert np.allclose(params["b2"], y.mean(axis=0))


def test_equal_hidden_units_get_equal_gradients(answers: ModuleType) -> None:
    x, y = images()
    params = {name: np.full(size, 0.1) for name, size in SIZES.items()}
    _, grads = answers.mlp_gradients(params, x, y)
    assert np.allclose(grads["W1"], grads["W1"][:, :1])
    assert np.allclose(grads["W2"], grads["W2"][:1])


def test_with_identities_for_activations_the_colleague_sees_no_bug() -> None:
    """Question 1: `z1` or `tanh(a1)` in place of `a1` spoils dW2 alone, and nothing once a = z."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    weights = [rng.normal(size=size) for size in ((3, 5), (5, 4), (4, 2))]
    for activation, slope, spoiled in (
        (np.tanh, lambda z: 1 - np.tanh(z) ** 2, [False, True, False]),
        (np.asarray, np.ones_like, [False] * 3),
    ):
        z1 = x @ weights[0]
        z2 = activation(z1) @ weights[1]
        dz3 = activation(z2) @ weights[2] - y
        dz2 = (dz3 @ weights[2].T) * slope(z2)
        dz1 = (dz2 @ weights[1].T) * slope(z1)
        right = [x.T @ dz1, activation(z1).T @ dz2, activation(z2).T @ dz3]
        for factor in (z1, activation(activation(z1))):
            colleague = [x.T @ dz1, factor.T @ dz2, activation(z2).T @ dz3]
            assert [not np.allclose(one, other) for one, other in zip(right, colleague, strict=True)] == spoiled


@pytest.mark.parametrize("seed", range(3))
def test_the_engine_learns_two_moons_and_agrees_with_torch(answers: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, moon = data.moons(200, rng)
    targets = np.where(moon == 1, 1.0, -1.0)[:, None]
    start = network(seed, 2, 16, 1)
    yours = {name: Node(value) for name, value in start.items()}
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    inputs, minus, average = Node(points), Node(-targets), Node(np.full((1, 200), 1 / 200))
    for _ in range(300):
        hidden = answers.relu(answers.add(answers.matmul(inputs, yours["W1"]), yours["b1"]))
        found = answers.add(answers.matmul(hidden, yours["W2"]), yours["b2"])
        error = answers.add(found, minus)
        loss = answers.matmul(average, answers.multiply(error, error))
        answers.backward(loss)
        for node in yours.values():
            node.value, node.grad = node.value - 0.1 * node.grad, np.zeros_like(node.grad)
        t_hidden = torch.relu(torch.tensor(points) @ theirs["W1"] + theirs["b1"])
        t_loss = ((t_hidden @ theirs["W2"] + theirs["b2"] - torch.tensor(targets)) ** 2).mean()
        t_loss.backward()
        with torch.no_grad():
            for leaf in theirs.values():
                leaf -= 0.1 * leaf.grad
                leaf.grad = None
        assert abs(loss.value.item() - t_loss.item()) < 1e-12
    assert np.mean((found.value > 0) == (targets > 0)) > 0.95


def test_the_gradient_of_many_sigmoids_vanishes_and_with_a_large_gain_their_outputs_stay_where_they_are() -> None:
    assert best_gain("sigmoid") == pytest.approx(10, rel=0.02)
    sizes = demos.gradient_by_depth().model(gain=1, depth=20, activation="sigmoid")
    assert sizes[0] / sizes[-1] < 1e-9
    outputs = last_outputs("sigmoid")
    extreme = (outputs < 0.1) | (outputs > 0.9)
    assert extreme.mean() == pytest.approx(2 / 3, abs=0.02)
    assert np.mean((outputs < 0.1).all(axis=0) | (outputs > 0.9).all(axis=0)) > extreme.mean() / 2


@pytest.mark.parametrize("seed", range(3))
def test_the_network_reads_more_than_nine_of_ten_digits(answers: ModuleType, seed: int) -> None:
    digits, params = data.digits(), network(seed)
    targets = np.eye(10)[digits.train.y]
    for _ in range(500):
        _, grads = answers.mlp_gradients(params, digits.train.x, targets)
        params = {name: params[name] - 0.1 * grads[name] for name in params}
    assert np.mean(output(params, digits.validation.x).argmax(axis=1) == digits.validation.y) > 0.9


def test_backward_adds_to_leaves_and_a_detour_cuts_the_graph() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    for expected in (6.0, 12.0):
        (w * w).backward()
        assert w.grad is not None
        assert w.grad.item() == expected
    assert not (w.detach() * w.detach()).requires_grad


def test_torch_refuses_a_value_that_was_changed_in_place() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    a = torch.tanh(w)
    loss = (a * a).sum()
    with torch.no_grad():
        a += 1
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        loss.backward()
    with pytest.raises(RuntimeError, match="numpy"):
        w.numpy()


def test_activations_of_question_2_fill_two_gigabytes_and_two_ways_need_a_third_of_them() -> None:
    assert 50 * 1000 * 10_000 * 4 == 2e9
    assert 2_500 / 10_000 < 1 / 3
    kept_and_computed_again = min(kept + np.ceil(50 / kept) for kept in range(1, 51))
    assert kept_and_computed_again / 50 < 1 / 3


@pytest.mark.parametrize(("x", "off"), [(50, 0.15), (100, 0.25)])
def test_what_slips_say_about_float32_is_true(x: int, off: float) -> None:
    h, here = np.float32(1e-5), np.float32(x)
    assert abs(float(here + h) - float(here - h)) / 2e-5 == pytest.approx(1 + (off if x == 50 else -off), abs=0.02)
    assert 1 / 3 < np.spacing(np.float32(50)) / h < 1 / 2
