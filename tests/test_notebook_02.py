"""What the prose of notebook 02 states is true: its numbers (`QUOTED`, see test_notebooks.py) and its other claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE
from torch.nn import functional

from gradus import data
from gradus.demos.softmax_cross_entropy import fit_constant

EXAMPLE, CAT, DOG, FOX, OWL = np.array([[3.0, 1.6, 3.8, -2.0]]), *(np.array([y]) for y in range(4))
TERRIBLE = np.array([20.0, 0, 0, 0])
EPSILON = 1e-5


@cache
def best_temperature(answers: ModuleType) -> float:
    """The temperature at which the loss of the example is smallest when the true class is the cat."""
    temperatures = np.geomspace(1, 5, 10001)
    return float(min(temperatures, key=lambda t: answers.cross_entropy(EXAMPLE / t, CAT)))


def probability(row: int) -> Callable[[ModuleType], float]:
    return lambda answers: answers.softmax(EXAMPLE)[0, row]


def exponential(row: int) -> Callable[[ModuleType], float]:
    return lambda answers: np.exp(EXAMPLE[0, row])


def floor(answers: ModuleType) -> float:
    """The least loss of ten classes after two softmaxes."""
    return answers.cross_entropy(np.eye(10), np.arange(10))


def true_share(answers: ModuleType) -> float:
    """By how much a constant inside the logarithm shrinks the gradient of the terrible prediction."""
    p = answers.softmax(TERRIBLE)[1]
    return float(p / (p + EPSILON))


def pull(loss: str, margin: float = -6.0) -> float:
    p = 1 / (1 + np.exp(-margin))
    return {"cross-entropy": 1 - p, "squared": 2 * p * (1 - p) ** 2}[loss]


def median(outliers: int) -> Callable[[ModuleType], float]:
    return lambda answers: fit_constant(12.0, outliers).median


# What the text only assumes: sizes, and the data of examples and questions. By section, as in QUOTED.
GIVEN = {
    "scores": {"0.25"},
    "stable": {"710", "900", "901"},
    "log": {"700"},
    "repair": {"1000"},
    "pytorch": {"300"},
    "questions": {"255", "1000", "25.3", "0.2", "5000"},
}

# Words of options that the text before an outcome uses in another sense.
SAID = {"log_of_softmax": {"1000"}, "pull": {"cross-entropy"}, "nan_gradient": {"torch.where"}}

# The number as it is written, by section of the notebook, and how the reference comes to it.
QUOTED: dict[str, dict[str, Callable[[ModuleType], Any]]] = {
    "why": {
        "1197": lambda answers: len(data.digits().train.y),
        "710": lambda answers: np.ceil(np.log(np.finfo(float).max)),
        "1200": lambda answers: textbook_run()[3]["highest score"],
    },
    "regression": {"2.6": median(0), "3.1": median(3), "3.6": median(4)},
    "scores": {
        "2.72": lambda answers: np.e,
        "0.69": lambda answers: np.log(2),
        "0.07": probability(1),
        "2.23": lambda answers: np.exp(3.8 - 3.0),
        "2.2": lambda answers: 3.8 - 1.6,
    },
    "stable": {
        "1.8e308": lambda answers: np.finfo(float).max,
        "709.78": lambda answers: np.log(np.finfo(float).max),
        "0.269": lambda answers: answers.softmax(np.array([1000.0, 1001.0]))[0],
        "0.731": lambda answers: answers.softmax(np.array([1000.0, 1001.0]))[1],
    },
    "log": {
        "1.4e-45": lambda answers: np.nextafter(np.float32(0), np.float32(1)),
        "104": lambda answers: last_gap(answers, np.float32) + 1,
        "745": lambda answers: last_gap(answers, np.float64),
    },
    "cross-entropy": {
        **dict.fromkeys(["0.071", "0.0709", "0.070884"], probability(1)),
        "2.647": lambda answers: answers.cross_entropy(EXAMPLE, DOG),
        "2.645": lambda answers: -np.log(0.071),
        "1.386": lambda answers: answers.cross_entropy(EXAMPLE / 1000, DOG),
        "2.1": lambda answers: best_temperature(answers),
        "100": lambda answers: torch.nn.CrossEntropyLoss().ignore_index,
        "1.122": lambda answers: answers.cross_entropy(EXAMPLE / best_temperature(answers), CAT),
    },
    "gradient": {
        "0.005": lambda answers: pull("squared"),
        "0.998": lambda answers: pull("cross-entropy"),
        "200": lambda answers: pull("cross-entropy") / pull("squared"),
    },
    "two-classes": {"1000": lambda answers: answers.binary_cross_entropy(np.array([1000.0]), np.array([0]))},
    "pytorch": {"1.46": floor, "1.4612": floor, "1.467": lambda answers: limit_of_two_softmaxes(answers)},
    "digits": {
        "1197": lambda answers: len(data.digits().train.y),
        "300": lambda answers: len(data.digits().validation.y),
        "650": lambda answers: 64 * 10 + 10,
        "2.3": lambda answers: np.log(10),
        "2.30": lambda answers: np.log(10),
        "1.3": lambda answers: 100 * standard_error(rescaled_run(answers)),
        "0.999": lambda answers: min(0.999, *(half_of_the_wrong_answers(answers, run) for run in raw_runs(answers))),
        "0.65": lambda answers: best_divisor(answers, rescaled_run(answers)),
        "0.15": lambda answers: repaired(answers, rescaled_run(answers)),
    },
    "questions": {
        "6.91": lambda answers: answers.cross_entropy(np.zeros((1, 1000)), DOG),
        "18.4": lambda answers: 25.3 - np.log(1000),
        "3.7": lambda answers: 25.3 / np.log(1000),
        "11.51": lambda answers: -np.log(answers.softmax(TERRIBLE)[1] + EPSILON),
        "2.06e-9": lambda answers: answers.softmax(TERRIBLE)[1],
        "2.06e-4": true_share,
        "0.0002": lambda answers: true_share(answers) * (1 - answers.softmax(TERRIBLE)[1]),
    },
    "summary": {"1.46": floor},
    "figures": {
        "3.0": lambda answers: EXAMPLE[0, 0],
        "1.6": lambda answers: EXAMPLE[0, 1],
        "3.8": lambda answers: EXAMPLE[0, 2],
        "1.39": lambda answers: answers.cross_entropy(np.zeros((1, 4)), DOG),
        **dict(zip(["20.09", "4.95", "44.70", "0.14"], map(exponential, range(4)), strict=True)),
        "69.88": lambda answers: np.exp(EXAMPLE).sum(),
        **dict(zip(["0.287", "0.071", "0.640", "0.002"], map(probability, range(4)), strict=True)),
        **dict(zip(["0.2874", "0.0709", "0.6397", "0.0019"], map(probability, range(4)), strict=True)),
        "0.929": lambda answers: answers.cross_entropy_gradient(EXAMPLE, DOG)[0, 1],
        "709.8": lambda answers: np.log(np.finfo(float).max),
        "745.1": lambda answers: -1075 * np.log(2),
    },
}


def last_gap(answers: ModuleType, kind: type) -> int:
    """The largest whole gap between two scores at which the smaller probability is not 0."""
    gaps = np.arange(900)
    return int(gaps[answers.softmax(np.stack([-gaps, 0 * gaps], axis=1).astype(kind))[:, 0] > 0].max())


@cache
def textbook_run() -> list[dict[str, Any]]:
    """The run at the start of the notebook, step by step."""
    x, y = 255 * data.digits().train.x, data.digits().train.y
    weights, rows, steps = np.zeros((64, 10)), np.arange(len(y)), []
    with np.errstate(all="ignore"):
        for _ in range(5):
            scores = x @ weights
            p = np.exp(scores)
            p /= p.sum(axis=1, keepdims=True)
            step = {"loss": -np.log(p[rows, y]).mean(), "zeros": int((p[rows, y] == 0).sum()), "weights": weights}
            step |= {"highest score": scores.max(), "overflow": bool(np.isinf(np.exp(scores)).any())}
            step["above 710"] = float((scores > 710).mean())
            p[rows, y] -= 1
            weights = weights - 0.01 * x.T @ p / len(y)
            steps.append(step)
    return steps


@dataclass(frozen=True, eq=False)
class Run:
    """What a run of softmax regression on the digits leaves behind."""

    losses: list[float]
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def fit(
    answers: ModuleType, scale: float, lr: float, *, epochs: int = 300, y: np.ndarray | None = None, seed: int = 0
) -> Run:
    """`fit` of the notebook; seeds move the first weights by as little as rounding does."""
    digits, rng = data.digits(), np.random.default_rng(seed)
    y = digits.train.y if y is None else y
    weights, bias, losses = (1e-15 if seed else 0.0) * rng.normal(size=(64, 10)), np.zeros(10), []
    for _ in range(epochs):
        d_scores = answers.cross_entropy_gradient(scale * digits.train.x @ weights + bias, y)
        weights = weights - lr * scale * digits.train.x.T @ d_scores
        bias = bias - lr * d_scores.sum(axis=0)
        losses.append(answers.cross_entropy(scale * digits.train.x @ weights + bias, y))
    return Run(losses, *(scale * part.x @ weights + bias for part in (digits.train, digits.validation, digits.test)))


@cache
def rescaled_run(answers: ModuleType) -> Run:
    return fit(answers, 1, 1.0)


@cache
def raw_runs(answers: ModuleType) -> list[Run]:
    """The first run with stable functions and a bias. It magnifies rounding: a claim must hold for all of these."""
    return [fit(answers, 255, 0.01, seed=seed) for seed in range(8)]


@dataclass(frozen=True)
class Trained:
    """What PyTorch's linear model comes to on the training digits."""

    losses: list[float]
    accuracy: float


@cache
def trained(twice: bool, rate: float, epochs: int) -> Trained:
    """`train_torch` of the notebook, with a softmax before the loss or without."""
    torch.set_num_threads(1)  # for arrays as small as these, sharing the work takes longer than the work
    x, y = torch.tensor(data.digits().train.x).float(), torch.tensor(data.digits().train.y)
    torch.manual_seed(0)
    losses, linear = [], torch.nn.Linear(64, 10)
    steps = torch.optim.SGD(linear.parameters(), lr=rate)
    for _ in range(epochs):
        loss = functional.cross_entropy(linear(x).softmax(dim=1) if twice else linear(x), y)
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(loss.item())
    return Trained(losses, (linear(x).argmax(dim=1) == y).float().mean().item())


def limit_of_two_softmaxes(answers: ModuleType) -> float:
    """The loss of the model with two softmaxes, if it were quite sure of every answer that it gives."""
    return floor(answers) + 1 - trained(True, 10, 1000).accuracy


def standard_error(run: Run) -> float:
    right = run.validation.argmax(axis=1) == data.digits().validation.y
    return float(right.std() / np.sqrt(len(right)))


def half_of_the_wrong_answers(answers: ModuleType, run: Run) -> float:
    """The probability above which half of the wrong answers lie."""
    wrong = run.validation.argmax(axis=1) != data.digits().validation.y
    return float(np.median(answers.softmax(run.validation[wrong]).max(axis=1)))


def best_divisor(answers: ModuleType, run: Run) -> float:
    """The temperature that makes the loss on the validation set smallest, of those that the notebook tries."""
    y = data.digits().validation.y
    return float(min(np.geomspace(0.1, 1000, 400), key=lambda t: answers.cross_entropy(run.validation / t, y)))


def repaired(answers: ModuleType, run: Run) -> float:
    """The loss on the test set after temperature scaling."""
    return float(answers.cross_entropy(run.test / best_divisor(answers, run), data.digits().test.y))


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("02").source.reference


def test_the_example_in_words(answers: ModuleType) -> None:
    """The dog's score is the mean and its probability 7 %, not 25 %; the fox's is nine times as large."""
    p = answers.softmax(EXAMPLE)[0]
    assert EXAMPLE.mean() == pytest.approx(EXAMPLE[0, 1])
    assert round(p[1], 2) == 0.07
    assert round(p[2] / p[1]) == 9


@pytest.mark.parametrize(("true", "best"), [(DOG, 1000), (OWL, 1000), (FOX, 0.1)])
def test_the_best_temperature_lies_at_an_end_of_the_slider(answers: ModuleType, true: np.ndarray, best: float) -> None:
    losses = [answers.cross_entropy(EXAMPLE / t, true) for t in np.geomspace(0.1, 1000, 50)]
    assert (np.diff(losses) * (-1 if best == 1000 else 1) > 0).all()
    if true is FOX:
        assert answers.cross_entropy(EXAMPLE / 0.1, FOX) < 0.0005


def test_the_best_temperature_for_the_cat_lies_in_between(answers: ModuleType) -> None:
    best = best_temperature(answers)
    mean = float(answers.softmax(EXAMPLE / best)[0] @ EXAMPLE[0])
    assert round(best, 2) == 2.09
    assert mean == pytest.approx(EXAMPLE[0, 0], abs=1e-3)


def test_the_best_temperature_is_where_the_text_says(answers: ModuleType) -> None:
    """For any scores: infinite if the true score is at most the mean, 0 if it is the largest, else in between."""
    rng, temperatures = np.random.default_rng(0), np.geomspace(1e-3, 1e4, 2000)
    for _ in range(50):
        scores, y = rng.normal(size=(1, 4)), int(rng.integers(4))
        losses = [answers.cross_entropy(scores / t, np.array([y])) for t in temperatures]
        best = np.argmin(losses) if y != scores.argmax() else 0
        assert (best == len(losses) - 1) == (scores[0, y] <= scores.mean())
        assert (best == 0) == (y == scores.argmax())
        assert losses[0] < 1e-6 or y != scores.argmax()


@pytest.mark.parametrize("outliers", range(10))
def test_what_outliers_do_to_mean_and_median(outliers: int) -> None:
    near, far, good = fit_constant(5.0, outliers), fit_constant(14.0, outliers), fit_constant(5.0, 0).values
    assert far.mean - near.mean == pytest.approx(outliers)
    if outliers < 5:
        assert far.median == near.median
        for position in np.linspace(0, 20, 201):
            rest = good[: len(good) - outliers]
            assert rest.min() <= fit_constant(position, outliers).median <= rest.max()
    else:
        assert far.median == 14


def test_an_outlier_more_moves_the_median_to_a_neighbour_among_those_left_or_not_at_all() -> None:
    good = fit_constant(5.0, 0).values
    for position in np.linspace(0, 20, 201):
        for outliers in range(1, 5):
            before, after = (fit_constant(position, k).median for k in (outliers - 1, outliers))
            left = good[: len(good) - outliers]
            assert not ((left > min(before, after)) & (left < max(before, after))).any()


def test_two_outliers_move_the_median_no_further_than_three() -> None:
    assert fit_constant(12.0, 2).median == fit_constant(12.0, 3).median == 3.1


def test_the_four_predictions_cost_what_is_said(answers: ModuleType) -> None:
    def cost(*scores: float) -> float:
        return answers.cross_entropy(np.array([scores]), DOG)

    assert cost(0, 20, 0, 0) < 1e-8
    assert round(cost(20, 0, 0, 0), 3) == 20.0
    assert cost(0, 0, 0, 0) == pytest.approx(np.log(4))


@pytest.mark.parametrize(
    "values", [(0.0, 0.0, 0.0, 1.0, 9.0), (1.0, 2.0, 3.0, 4.0), (0.0, 2.0, 2.0, 5.0), (1.0, 1.0, 4.0)]
)
def test_a_median_has_at_most_half_of_the_targets_above_it_and_at_most_half_below(values: tuple[float, ...]) -> None:
    targets, constants = np.array(values), np.linspace(-1, 10, 111).round(1)
    errors = np.abs(constants[:, None] - targets).sum(axis=1).round(6)
    above, below = (targets > constants[:, None]).sum(axis=1), (targets < constants[:, None]).sum(axis=1)
    assert ((errors == errors.min()) == (np.maximum(above, below) <= len(targets) / 2)).all()


def test_parcels_have_mean_45_and_median_25() -> None:
    parcels = [20, 22, 25, 28, 130]
    assert (np.mean(parcels), np.median(parcels)) == (45, 25)


@pytest.mark.parametrize(("gap", "finite_gradient", "finite_loss"), [(88, 1, 1), (89, 0, 1), (103, 0, 1), (104, 0, 0)])
def test_autograd_of_the_log_of_a_softmax_breaks_before_the_loss_does(
    gap: int, finite_gradient: bool, finite_loss: bool
) -> None:
    scores = torch.tensor([[0.0, gap]], requires_grad=True)
    loss = -torch.log(torch.softmax(scores, dim=1))[0, 0]
    loss.backward()
    assert scores.grad is not None
    assert bool(loss.isfinite()) == finite_loss
    assert bool(scores.grad.isnan().any()) != finite_gradient


def test_all_columns_in_place_of_one_have_their_least_mean_at_the_shares_of_the_classes() -> None:
    """`log_p[:, targets]`: the loss is convex, so that a gradient of zero means the least value."""
    y = torch.tensor([0, 0, 0, 1, 1, 2])
    for start, least in ((torch.tensor([3.0, 2.0, 1.0]), True), (torch.tensor([3.0, 2.0, 2.0]), False)):
        scores = start.log().repeat(6, 1).requires_grad_()
        (-torch.log_softmax(scores, dim=1)[:, y].mean()).backward()
        assert scores.grad is not None
        assert (scores.grad.abs().max().item() < 1e-7) == least


def test_the_same_rate_is_stable_for_a_mean_and_not_for_the_sum_over_a_larger_batch(answers: ModuleType) -> None:
    x, y = data.digits().train.x, data.digits().train.y

    def rises(batch: int, total: bool) -> bool:
        weights, losses = np.zeros((64, 10)), []
        for _ in range(30):
            losses.append(answers.cross_entropy(x[:batch] @ weights, y[:batch]))
            d_scores = answers.cross_entropy_gradient(x[:batch] @ weights, y[:batch]) * (batch if total else 1)
            weights = weights - 0.1 * x[:batch].T @ d_scores
        return bool((np.diff(losses) > 0).any())

    assert [rises(batch, total) for total in (False, True) for batch in (10, 1197)] == [False, False, False, True]


@pytest.mark.parametrize(("loss_function", "loss", "gradient"), [("", 100, 0), ("_with_logits", 17, 1)])
def test_binary_cross_entropy_of_probabilities_jumps_to_100_without_a_gradient(
    loss_function: str, loss: float, gradient: float
) -> None:
    score = torch.tensor([17.0], requires_grad=True)
    given = score if loss_function else torch.sigmoid(score)
    found = getattr(functional, f"binary_cross_entropy{loss_function}")(given, torch.zeros(1))
    found.backward()
    assert found.item() == pytest.approx(loss)
    assert score.grad is not None
    assert score.grad.item() == pytest.approx(gradient)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_losses_of_regression_warn_about_shapes_and_go_on(name: str) -> None:
    with pytest.warns(UserWarning, match="target size"):
        assert getattr(functional, name)(torch.zeros(3, 1), torch.zeros(3)).item() == 0


def test_classes_lie_on_axis_1() -> None:
    scores, y = torch.randn(4, 5, 5, generator=torch.Generator().manual_seed(0)), torch.arange(20).reshape(4, 5) % 3
    right = functional.cross_entropy(scores.reshape(20, 5), y.reshape(20))  # positions on axis 1, classes on axis 2
    assert functional.cross_entropy(scores.transpose(1, 2), y).item() == pytest.approx(right.item())
    assert abs(functional.cross_entropy(scores, y).item() - right.item()) > 0.01
    with pytest.raises(RuntimeError):
        functional.cross_entropy(torch.zeros(4, 6, 5), torch.zeros(4, 6, dtype=torch.int64))


def test_targets_of_cross_entropy_may_be_left_out_weighted_or_probabilities() -> None:
    scores, y = torch.randn(4, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 2])
    each, weight = functional.cross_entropy(scores, y, reduction="none"), torch.arange(1.0, 6)
    smooth = 0.9 * functional.one_hot(y, 5) + 0.1 / 5
    for found, expected in (
        (functional.cross_entropy(scores, torch.tensor([0, 1, -100, -100])), each[:2].mean()),
        (functional.cross_entropy(scores, y, weight=weight), (weight[y] * each).sum() / weight[y].sum()),
        (functional.cross_entropy(scores, smooth), functional.cross_entropy(scores, y, label_smoothing=0.1)),
    ):
        assert found.item() == pytest.approx(expected.item())


def test_the_shares_of_the_classes_make_the_summed_gradient_zero(answers: ModuleType) -> None:
    y = np.array([0, 0, 0, 1, 1, 2])
    scores = np.log([[3.0, 2.0, 1.0]]).repeat(6, axis=0)
    assert np.abs(answers.cross_entropy_gradient(scores, y).sum(axis=0)).max() < 1e-15
    assert np.abs(answers.cross_entropy_gradient(scores[:, ::-1], y).sum(axis=0)).max() > 0.1


def test_at_rate_1_two_softmaxes_read_fewer_digits_and_at_rate_10_nearly_all() -> None:
    assert trained(True, 1, 300).accuracy < 0.9
    assert trained(False, 1, 300).accuracy > 0.97
    right = trained(False, 10, 1000)
    assert (right.accuracy, max(right.losses) > 3, right.losses[-1] < 0.05) == (1, True, True)
    twice = trained(True, 10, 1000)
    assert (0.99 < twice.accuracy < 1, max(twice.losses) < 3, round(twice.losses[-1], 3)) == (True, True, 1.48)


def test_two_softmaxes_are_not_at_the_end_after_1000_epochs(answers: ModuleType) -> None:
    """Right answers that are not quite sure, and wrong ones that more epochs would put right."""
    now, later = trained(True, 10, 1000), trained(True, 10, 3000)
    assert now.losses[-1] - limit_of_two_softmaxes(answers) > 0.01
    assert now.accuracy < later.accuracy < 1
    assert floor(answers) < later.losses[-1] < now.losses[-1]


def test_with_two_softmaxes_a_right_answer_costs_the_floor_and_a_wrong_one_1_nat_more(answers: ModuleType) -> None:
    sure = answers.softmax(1e4 * np.eye(10))
    assert floor(answers) == pytest.approx(np.log(1 + 9 / np.e))
    assert answers.cross_entropy(sure, np.arange(10)) == pytest.approx(floor(answers))
    assert answers.cross_entropy(sure, (np.arange(10) + 1) % 10) == pytest.approx(floor(answers) + 1)


def test_the_model_answer_to_spot_the_error(answers: ModuleType) -> None:
    scores = torch.tensor(TERRIBLE, requires_grad=True)
    loss = -torch.log(torch.softmax(scores, dim=0)[1] + EPSILON)
    loss.backward()
    assert scores.grad is not None
    assert scores.grad[1].item() == pytest.approx(-true_share(answers), rel=1e-6)
    assert round(loss.item(), 2) == round(-np.log(EPSILON), 2)
    assert -np.log(1 + EPSILON) == pytest.approx(-EPSILON, rel=1e-4)


def test_a_loss_of_25_takes_a_true_score_between_18_and_25_below_the_largest(answers: ModuleType) -> None:
    """Question 1: the log-sum-exp lies between the largest score and ln C above it."""
    for others in (1, 999):
        gap = 25.3 - np.log(others)
        scores = np.where(np.arange(1000) <= others, 0.0, -1e4)[None]
        scores[0, 0] = -gap
        assert answers.cross_entropy(scores, np.array([0])) == pytest.approx(25.3, abs=1e-6)
        assert 18.3 < gap < 25.4


def test_the_textbook_loop_meets_both_limits_of_the_numbers() -> None:
    """Infinite at step 2, since a probability is 0; nan at step 3, since an exponential is infinite."""
    steps = textbook_run()
    losses = [step["loss"] for step in steps]
    assert losses[0] == pytest.approx(np.log(10))
    assert np.isfinite(losses[1])
    assert losses[2] == np.inf
    assert np.isnan(losses[3:]).all()
    assert [step["zeros"] for step in steps[:3]] == [0, 0, 88]
    assert [step["overflow"] for step in steps[:4]] == [False, False, False, True]
    assert 0.25 < steps[3]["above 710"] < 0.3
    assert np.isfinite(steps[3]["weights"]).all()
    assert np.isnan(steps[4]["weights"]).any()


def test_the_stable_loop_survives_and_is_sure_of_its_wrong_answers(answers: ModuleType) -> None:
    digits = data.digits()
    rescaled = np.mean(rescaled_run(answers).validation.argmax(axis=1) == digits.validation.y)
    for run in raw_runs(answers):
        assert max(run.losses) == run.losses[5] > 1000
        assert round(run.losses[-1], 1) == 0
        assert (run.train.argmax(axis=1) == digits.train.y).all(), "a linear model can separate the training images"
        assert abs(np.mean(run.validation.argmax(axis=1) == digits.validation.y) - rescaled) < 4.5 / 300
        assert answers.cross_entropy(run.validation, digits.validation.y) > np.log(10)


def test_rounding_is_seen_from_about_step_50_on_and_not_before(answers: ModuleType) -> None:
    losses = np.array([run.losses for run in raw_runs(answers)])
    spread = losses.max(axis=0) - losses.min(axis=0)
    assert (spread[:30] < 0.05).all()
    assert spread[49:100].max() > 0.05


def test_wrong_targets_keep_the_stable_loop_from_recovering(answers: ModuleType) -> None:
    rng, y = np.random.default_rng(0), data.digits().train.y.astype(int)
    wrong = rng.permutation(len(y))[: len(y) // 10]
    y[wrong] = (y[wrong] + rng.integers(1, 10, size=len(wrong))) % 10
    assert min(fit(answers, 255, 0.01, epochs=1000, y=y).losses[-700:]) > 10


def test_temperature_repairs_the_raw_model_and_the_rescaled_one(answers: ModuleType) -> None:
    y = data.digits().test.y
    assert repaired(answers, rescaled_run(answers)) < answers.cross_entropy(rescaled_run(answers).test, y) - 0.02
    for run in raw_runs(answers):
        assert answers.cross_entropy(run.test, y) > 6
        assert repaired(answers, run) == pytest.approx(0.15, abs=0.01)


def test_the_rescaled_model_is_not_sure_enough_since_it_was_stopped_early(answers: ModuleType) -> None:
    assert best_divisor(answers, rescaled_run(answers)) < best_divisor(answers, fit(answers, 1, 1.0, epochs=1000)) < 1
