"""What the prose of notebook 03 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations, product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, exercise_called

from gradus import data, demos
from gradus.checking.public import judge_publicly
from gradus.demos.training_loop import BATCHES, LANDSCAPES, LATELY, UPDATES, descend


def lost_from(answers: ModuleType, landscape: str) -> float:
    """The smallest rate of the slider with which descent leaves the picture."""
    rates = 10 ** np.arange(-2, np.log10(2.5), 0.02)
    paths = ((rate, descend(answers.sgd_step, LANDSCAPES[landscape], rate, 60)) for rate in rates)
    return float(next(rate for rate, path in paths if not (np.abs(path) <= [3, 2]).all()))


def slider() -> list[float]:
    """The rates of the demo of descent."""
    return [float(rate) for rate in 10 ** np.arange(-2, np.log10(2.5), 0.02)]


def lost(answers: ModuleType, rate: float) -> bool:
    """Whether descent ends outside of the picture of the valley."""
    return not (np.abs(descend(answers.sgd_step, LANDSCAPES["valley"], rate, 60)[-1]) <= [3, 2]).all()


@pytest.mark.parametrize(("landscape", "curvature"), [("bowl", 1), ("ravine", 5)])
def test_the_largest_curvature_decides_when_descent_is_lost(
    answers: ModuleType, landscape: str, curvature: float
) -> None:
    assert lost_from(answers, landscape) == pytest.approx(2 / curvature, rel=0.05)


def standard_error(examples: int) -> float:
    """Of an accuracy of 88 %, in points."""
    return 100 * float(np.sqrt(0.88 * 0.12 / examples))


@cache
def largest_of_200() -> float:
    """The expected largest of 200 independent normal numbers."""
    return float(np.random.default_rng(0).normal(size=(20_000, 200)).max(axis=1).mean())


# What the text only assumes: sizes, years, and the data of questions. By section, as in QUOTED.
GIVEN = {
    "why": {"2017"},
    "grid": {"128", "512", "2017", "300"},
    "questions": {"200", "400", "4000", "91.5", "88.0", "0.88", "0.12", "1024", "1.7"},
}

# Words of options that the text before an outcome uses in another sense.
SAID = {"batch_noise": {"4"}, "patience": {"0.7", "0.71"}}

QUOTED: dict[str, dict[str, Any]] = {
    "loop": {
        "0.2": lambda answers: 1 / 5,
        "0.4": lambda answers: 2 / 5,
        "0.9": lambda answers: 1 - 0.4 / 4,
        "0.36": lambda answers: lost_from(answers, "valley"),
        "0.41": lambda answers: 0.41,
        "0.48": lambda answers: next(rate for rate in slider() if rate > 0.42 and not lost(answers, rate)),
        "1.2": lambda answers: np.average([1, 1, 2], weights=[4, 4, 2]),
    },
    "minibatches": {
        "0.63": lambda answers: demos.batch_size().controls[0].high,
        "0.25": lambda answers: 0.25,
        "173": lambda answers: len(data.digits().train.y) % 256,
    },
    "look": {"0.69": lambda answers: np.log(2)},
    "questions": {
        "1.6": lambda answers: standard_error(400),
        "1.4": lambda answers: 100 * np.sqrt(0.915 * 0.085 / 400),
        "2.7": lambda answers: largest_of_200(),
        "0.5": lambda answers: standard_error(4000),
        "3.5": lambda answers: 91.5 - 88.0,
        "2.5": lambda answers: 100 * 0.5 / np.sqrt(400),
        "640": lambda answers: 20 * 1024 / 32,
    },
}


def test_a_path_wanders_less_with_larger_batches_and_with_smaller_rates() -> None:
    demo = demos.batch_size()

    def typical(batch: str, lr: float) -> float:
        now = demo.model(batch=batch, lr=lr, t=UPDATES)
        return float(np.sqrt(np.mean(now.distances(now.noisy)[-LATELY:] ** 2)))

    for lr in (0.2, 0.3, 0.4, 0.5, 0.6):
        assert all(np.diff([typical(batch, lr) for batch in BATCHES]) < 0)
    for batch in list(BATCHES)[:-1]:
        assert all(np.diff([typical(batch, lr) for lr in (0.32, 0.45, 0.63)]) > 0)
    assert all(typical(batch, 0.03) > 0.1 for batch in BATCHES), "nobody has arrived"


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("03").source.reference


def squared_errors(gradients: np.ndarray, draws: Sequence[Sequence[int]]) -> float:
    mean = gradients.mean(axis=0)
    return float(np.mean([np.sum((gradients[list(rows)].mean(axis=0) - mean) ** 2) for rows in draws]))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_noise_of_a_batch_with_and_without_replacement(size: int) -> None:
    """The formulas are exact: every possible batch of five examples is looked at."""
    gradients = np.random.default_rng(0).normal(size=(5, 3))
    variance = np.sum((gradients - gradients.mean(axis=0)) ** 2, axis=1).mean()
    again = squared_errors(gradients, list(product(range(5), repeat=size)))
    once = squared_errors(gradients, list(combinations(range(5), size)))
    assert again == pytest.approx(variance / size)
    assert once == pytest.approx(variance / size * (5 - size) / 4)


def test_a_batch_of_16_is_off_by_about_twice_the_length_of_the_gradient(answers: ModuleType) -> None:
    x, y = data.digits().train.x, data.digits().train.y
    params, rng = answers.new_network(np.random.default_rng(0)), np.random.default_rng(1)

    def gradient(rows: np.ndarray) -> np.ndarray:
        grads = answers.loss_and_gradient(params, x[rows], y[rows])[1]
        return np.concatenate([grad.ravel() for grad in grads.values()])

    whole = gradient(np.arange(len(x)))
    batches = np.array([gradient(rng.permutation(len(x))[:16]) for _ in range(100)])
    distance = np.sqrt(np.mean(np.sum((batches - whole) ** 2, axis=1)))
    assert 1.5 < distance / np.linalg.norm(whole) < 2.5
    assert (batches @ whole).mean() == pytest.approx(whole @ whole, rel=0.2), "the right way on average"


def test_the_best_of_200_equal_settings_looks_like_92_percent() -> None:
    assert round(88 + largest_of_200() * standard_error(400)) == 92


@cache
def accuracies(rate: float, size: int, epochs: int = 30) -> np.ndarray:
    """Of three seeds after so many epochs, in percent, as in the table of the notebook."""
    answers, digits, found = COURSE.assignment("03").source.reference, data.digits(), []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        run = (answers.loss_and_gradient, digits.train.x, digits.train.y, rate, size, epochs, rng)
        found.append(100 * answers.accuracy(answers.train(answers.new_network(rng), *run)[0], digits.validation))
    return np.array(found)


@pytest.mark.parametrize(
    "diagonal",
    [[(0.05, 16), (0.2, 64), (0.8, 256)], [(0.05, 64), (0.2, 256), (0.8, 1197)], [(0.05, 256), (0.2, 1197)]],
    ids=str,
)
def test_along_a_diagonal_of_the_table_the_accuracy_hardly_changes(diagonal: list[tuple[float, int]]) -> None:
    means = [accuracies(*cell).mean() for cell in diagonal]
    assert np.ptp(means) < 2.5


def test_at_a_fixed_rate_large_batches_are_worse_and_seeds_differ_by_points() -> None:
    means = [accuracies(0.05, size).mean() for size in (16, 64, 256)]
    assert means[0] > means[1] + 3 > means[2] + 6
    assert np.ptp(accuracies(0.8, 16)) < 1.5
    assert 4 < np.ptp(accuracies(0.2, 1197)) < 10
    with np.errstate(all="ignore"):
        assert np.ptp(accuracies(3.2, 64)) > 50


def test_all_examples_as_one_batch_stay_behind_until_they_get_five_times_as_many_epochs() -> None:
    best = max(accuracies(rate, 1197).mean() for rate in (0.4, 0.8, 1.2, 1.6, 2.0))
    assert best == pytest.approx(91, abs=0.6)
    assert accuracies(0.8, 1197, epochs=150).mean() > 96


def test_above_0_41_descent_is_lost_in_the_valley_but_for_once_and_its_curvature_is_largest_at_the_start(
    answers: ModuleType,
) -> None:
    valley = LANDSCAPES["valley"]
    assert [round(rate, 2) for rate in slider() if rate > 0.41 and not lost(answers, rate)] == [0.48]
    back = descend(answers.sgd_step, valley, 0.38, 60)
    assert not (np.abs(back) <= [3, 2]).all()
    assert np.linalg.norm(back[-1] - valley.minima[0]) < 0.1

    def curvature(w: Sequence[float]) -> float:
        e = 1e-5 * np.eye(2)
        hessian = np.array([(valley.gradient(w + d) - valley.gradient(w - d)) / 2e-5 for d in e])
        return float(np.linalg.eigvalsh(hessian)[-1])

    assert curvature(valley.start) > 3 * curvature(valley.minima[0])


def test_two_labels_for_every_image_cost_ln_2_and_wrong_labels_that_stay_are_learned(answers: ModuleType) -> None:
    train = data.digits().train
    chosen = np.concatenate([np.flatnonzero(train.y == digit)[:5] for digit in (1, 7)])
    last = {}
    for name, x, y in (
        ("the same image", np.repeat(train.x[:1], 10, axis=0), train.y[chosen]),
        ("wrong labels", train.x[:10], np.random.default_rng(0).permutation(train.y[:10])),
    ):
        start, rng = answers.new_network(np.random.default_rng(0)), np.random.default_rng(1)
        last[name] = answers.train(start, answers.loss_and_gradient, x, y, 0.5, 10, 1000, rng)[1][-1]
    assert last["the same image"] == pytest.approx(np.log(2), abs=5e-3)
    assert last["wrong labels"] < 0.01


def test_labels_shuffled_anew_in_every_step_keep_the_loss_near_ln_10(answers: ModuleType) -> None:
    train, rng = data.digits().train, np.random.default_rng(0)
    params, losses = answers.new_network(rng), []
    for _ in range(300):
        rows = rng.permutation(len(train.x))[:64]
        loss, grads = answers.loss_and_gradient(params, train.x[rows], rng.permutation(train.y)[:64])
        params = answers.sgd_step(params, grads, 0.1)
        losses.append(loss)
    assert np.mean(losses[-100:]) == pytest.approx(np.log(10), abs=0.1)


def test_a_rate_that_is_too_large_does_not_learn_and_one_that_is_too_small_learns_slowly(answers: ModuleType) -> None:
    train = data.digits().train
    start, losses = answers.new_network(np.random.default_rng(0)), {}
    for rate in (0.02, 0.5, 10):
        with np.errstate(all="ignore"):
            rng = np.random.default_rng(1)
            _, losses[rate] = answers.train(start, answers.loss_and_gradient, train.x, train.y, rate, 32, 10, rng)
    assert all(np.diff(losses[0.02]) < 0)
    assert losses[0.5][-1] < 0.1 < 0.9 < losses[0.02][-1] < losses[0.02][0]
    assert not losses[10][-1] < losses[10][0]


def test_labels_learned_by_heart_and_images_that_are_all_the_same(answers: ModuleType) -> None:
    """Ten examples can be learned by heart; from ten copies of one, no more than the shares of the labels."""
    x, y = data.digits().train.x[:10], data.digits().train.y[:10]
    shares = np.bincount(y)[np.bincount(y) > 0] / 10
    entropy = -np.sum(shares * np.log(shares))
    last = []
    for images in (x, np.repeat(x[:1], 10, axis=0)):
        start, rng = answers.new_network(np.random.default_rng(0)), np.random.default_rng(1)
        last.append(answers.train(start, answers.loss_and_gradient, images, y, 0.5, 10, 1000, rng)[1][-1])
    assert last[0] < 0.01
    assert last[1] == pytest.approx(entropy, abs=3e-3)
    assert last[1] > entropy


def broken_loop(answers: ModuleType, *fixes: tuple[str, str]) -> Any:
    code = COURSE.assignment("03").source.broken["repaired_train"]
    for old, new in fixes:
        assert old in code
        code = code.replace(old, new)
    room = dict(vars(answers))
    exec(code, room)
    return room["repaired_train"]


def test_the_broken_loop_runs_and_its_loss_falls(answers: ModuleType) -> None:
    train = data.digits().train
    start, rng = answers.new_network(np.random.default_rng(0)), np.random.default_rng(1)
    _, losses = broken_loop(answers)(start, answers.loss_and_gradient, train.x, train.y, 0.02, 256, 10, rng)
    assert losses[-1] < losses[0]


REST = [("(batch + 1) * batch_size <= len(x)", "batch * batch_size < len(x)")]
PAIRS = [("y[np.sort(picked)]", "y[picked]")]
MEAN = [("summed += value\n", "summed += value * len(picked)\n"), ("summed / batch_size", "summed / len(x)")]


@pytest.mark.parametrize(
    ("mended", "says"),
    [
        ([], "x and y do not belong to the same examples"),
        ([*REST, *MEAN], "x and y do not belong to the same examples"),
        ([*PAIRS], "losses is wrong"),
        ([*REST, *PAIRS], "losses is wrong"),
        ([*PAIRS, *MEAN], "expected 4, 3"),
    ],
)
def test_reports_find_the_bugs_of_the_repair_one_at_a_time(
    answers: ModuleType, mended: list[tuple[str, str]], says: str
) -> None:
    report = judge_publicly(exercise_called("repaired_train"), broken_loop(answers, *mended))
    assert report.failure is not None
    assert says in report.failure.message
    everything = broken_loop(answers, *REST, *PAIRS, *MEAN)
    assert judge_publicly(exercise_called("repaired_train"), everything).passed


def test_modes_and_gradients_have_nothing_to_do_with_each_other() -> None:
    layer, x = torch.nn.BatchNorm1d(3), torch.arange(6.0).reshape(2, 3)
    with torch.no_grad():
        layer.train()(x)
    assert layer.running_mean is not None
    moved = layer.running_mean.clone()
    assert moved.any(), "no_grad does not stop the running averages"
    assert layer.eval()(x).requires_grad, "eval does not stop the recording"
    assert torch.equal(layer.running_mean, moved)
    assert layer.weight.grad is None, "a forward pass alone writes no gradient"
    assert torch.nn.Dropout(0.5).train()(torch.ones(1000)).eq(0).any()
    assert torch.nn.Dropout(0.5).eval()(torch.ones(1000)).eq(1).all()
