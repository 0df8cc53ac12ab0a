"""Demos of softmax, cross-entropy and the losses of regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradus.demos.demo import Choice, Demo, Slider, Studied
from gradus.demos.stage import Stage, written

CLASSES = ("cat", "dog", "fox", "owl")
TEMPERATURES = np.geomspace(0.1, 1000, 61)
# Upper limit of the pictures of scores and loss; a triangle on it says that the number is larger.
ROOF = 6


@dataclass(frozen=True)
class ScoresToLoss:
    """One example on its way from scores to a loss.

    Attributes
    ----------
    scores : ndarray, shape (4,)
        Before they are divided by the temperature.
    temperature : float
        The chosen one.
    probabilities : ndarray, shape (4,)
        Softmax of the scores divided by the temperature.
    target : int
        The true class.
    loss : float
        Cross-entropy in nats, infinite when the true class has probability 0.
    losses : ndarray, shape (61,)
        The loss at each of ``TEMPERATURES``.
    """

    scores: np.ndarray
    temperature: float
    probabilities: np.ndarray
    target: int
    loss: float
    losses: np.ndarray


def score_one_example(
    softmax: Callable[[np.ndarray], np.ndarray], scores: np.ndarray, temperature: float, target: int
) -> ScoresToLoss:
    """Follow four scores through softmax to the loss.

    Parameters
    ----------
    softmax : callable
        ``(N, C)`` scores to ``(N, C)`` probabilities.
    scores : ndarray, shape (4,)
    temperature : float
        Scores are divided by it first.
    target : int
        The true class.
    """
    temperatures = np.array([temperature, *TEMPERATURES])
    probabilities = np.asarray(softmax(scores / temperatures[:, None]))
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = -np.log(probabilities[:, target])
    return ScoresToLoss(scores, temperature, probabilities[0], target, float(losses[0]), losses[1:])


def scores_to_loss(softmax: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show how four scores become probabilities and a loss.

    Parameters
    ----------
    softmax : callable, optional
        The function that moves the picture, ``(N, C)`` to ``(N, C)``; PyTorch's while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("softmax", softmax)

    def model(temperature: float, target: str, **scores: float) -> ScoresToLoss:
        values = np.array([scores[name] for name in CLASSES])
        return score_one_example(lambda x: studied.array(x.shape, x), values, temperature, CLASSES.index(target))

    starts = (3.0, 1.6, 3.8, -2.0)
    controls: tuple[Slider | Choice, ...] = (
        *(Slider(name, f"score of {name}", -5, 5, start, 0.1) for name, start in zip(CLASSES, starts, strict=True)),
        Slider("temperature", "temperature", 0.1, 1000, 1, 0.02, log=True),
        Choice("target", "true class", CLASSES, "dog"),
    )
    return Demo(
        title="From scores to a loss",
        question="Which temperature makes the loss smallest for the dog, for the fox, and for the cat?",
        controls=controls,
        model=model,
        scene=_scores_to_loss_scene,
        studied=(studied,),
        size=size,
    )


def _scores_to_loss_scene(stage: Stage) -> Callable[[ScoresToLoss], str]:
    titles = ("Scores ÷ $T$", "Probabilities", "Loss (nats)", "")
    left, middle, right, far = stage.panels(*titles, width_ratios=(1.1, 1.4, 1, 1))
    x = np.arange(4)
    for ax in (left, middle):
        ax.set(xlim=(-0.6, 3.6), xticks=x, xticklabels=CLASSES)
        ax.grid(axis="x", visible=False)
    left.set(ylim=(-ROOF, ROOF), xlabel="pale: $T$ = 1", yticks=[-5, 0, 5])
    left.axhline(0, color="#8C8C8C", lw=1)
    middle.set(ylim=(0, 1.3), yticks=[0, 1])
    right.set(xlim=(0, 1), ylim=(0, ROOF), xlabel="$p$ (true class)")
    p = np.linspace(1e-3, 1, 300)
    right.plot(p, -np.log(p), color="#8C8C8C")
    far.set(xlim=TEMPERATURES[[0, -1]], ylim=(0, ROOF), xscale="log", xlabel="temperature $T$")
    far.set(xticks=[0.1, 1, 10, 100, 1000], xticklabels=["0.1", "1", "10", "", "1000"])
    far.tick_params(labelleft=False)

    bars = [stage.bars(left, "score", alpha=0.3), stage.bars(left, "true class", alpha=0.3)]
    divided = [stage.bars(left, "score"), stage.bars(left, "true class")]
    chances = [stage.bars(middle, "probability"), stage.bars(middle, "true class")]
    numbers = stage.words(middle, "example", width=0.75)
    true = stage.words(middle, "true class", width=0.75)
    curve = stage.line(far, "loss", alpha=0.5)
    drops = [stage.line(right, "loss", width=0.7), stage.line(far, "loss", width=0.7)]
    points = [stage.points(ax, "loss", width=1.5) for ax in (right, far)]
    above = [stage.points(ax, "loss", marker="^", width=1.5) for ax in (right, far)]
    outside = [stage.points(left, "example", marker=marker) for marker in "^v"]
    number = stage.words(far, "loss", align="right", width=1.1)

    def show(now: ScoresToLoss) -> str:
        wrong, divided_scores = x != now.target, now.scores / now.temperature
        for pair, heights, half in (
            (bars, now.scores, 0.38),
            (divided, divided_scores, 0.22),
            (chances, now.probabilities, 0.38),
        ):
            for actor, which in zip(pair, (wrong, ~wrong), strict=True):
                actor.place(x[which] - half, 0, x[which] + half, heights[which])
        for triangle, edge in zip(outside, (ROOF, -ROOF), strict=True):
            triangle.place(x, np.where(divided_scores / edge > 1, 0.92 * edge, np.nan))
        heights, texts = np.clip(now.probabilities, 0, 1), [_chance(value) for value in now.probabilities]
        numbers.place(x, heights + 0.06, words=texts)
        true.place(now.target, heights[now.target] + 0.18, words=["true"])
        curve.place(TEMPERATURES, now.losses)
        chance = now.probabilities[now.target]
        drops[0].place([chance, chance, 1], [0, now.loss, now.loss])
        drops[1].place([TEMPERATURES[0], now.temperature, now.temperature], [now.loss, now.loss, 0])
        for at, point, triangle in zip((chance, now.temperature), points, above, strict=True):
            point.place(at, now.loss)
            triangle.place(at if now.loss > ROOF else np.nan, ROOF)
        loss = f"{now.loss:.3f}" if now.loss < 10 else written(now.loss, 3)
        number.place(TEMPERATURES[-1], 1.085 * ROOF, words=[f"loss {loss}"])
        words = ", ".join(f"{name} {text}" for name, text in zip(CLASSES, texts, strict=True))
        return f"Probabilities: {words}. The true class is {CLASSES[now.target]}, the loss is {loss} nats."

    return show


def _chance(value: float) -> str:
    """Write a probability; 0.00 would be wrong for a small one, and its logarithm would look wrong."""
    return f"{value:.2f}" if not 0 < value < 0.005 else f"{value:.3f}" if value >= 0.0005 else "≈ 0"


@dataclass(frozen=True)
class Outlier:
    """Nine measurements, some far away, and the constants that two losses choose for them.

    Attributes
    ----------
    values : ndarray, shape (9,)
        The measurements, outliers last.
    outliers : int
        How many are outliers.
    mean, median : float
        Constants with the least squared and the least absolute error.
    constants, squared, absolute : ndarray, shape (M,)
        Constants and their mean errors.
    """

    values: np.ndarray
    outliers: int
    mean: float
    median: float
    constants: np.ndarray
    squared: np.ndarray
    absolute: np.ndarray


MEASUREMENTS = np.array([2.0, 3.1, 2.4, 3.6, 2.8, 1.7, 3.3, 2.2, 2.6])
CONSTANTS = np.linspace(0, 20, 201)


def fit_constant(position: float, outliers: int) -> Outlier:
    """Fit one constant to nine measurements whose last ones were moved.

    Parameters
    ----------
    position : float
        Where the outliers lie.
    outliers : int
        How many there are, 0 to 9.
    """
    values = MEASUREMENTS.copy()
    values[len(values) - outliers :] = position
    errors = CONSTANTS[:, None] - values
    return Outlier(
        values,
        outliers,
        float(values.mean()),
        float(np.median(values)),
        CONSTANTS,
        (errors**2).mean(axis=1),
        np.abs(errors).mean(axis=1),
    )


def outlier(*, size: str = "notebook") -> Demo:
    """Show what an outlier does to the mean (squared error) and to the median (absolute error).

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    return Demo(
        title="One outlier, two losses",
        question="How far can one outlier move the mean, and the median? How many outliers carry the median away?",
        controls=(
            Slider("position", "outlier at", 0, 20, 12, 0.1, unit="m"),
            Slider("outliers", "number of outliers", 0, 9, 1, 1),
        ),
        model=lambda position, outliers: fit_constant(position, int(outliers)),
        scene=_outlier_scene,
        size=size,
    )


def _outlier_scene(stage: Stage) -> Callable[[Outlier], str]:
    left, top, right = stage.panels("Nine measurements", "Squared error", "Absolute error", width_ratios=(1.4, 1, 1))
    left.set(xlim=(0.4, 9.6), xlabel="measurement", xticks=range(1, 10))
    left.set(ylim=(-0.5, 26), ylabel="value (m)", yticks=range(0, 21, 5))
    for ax, roof, unit in ((top, 100, "m²"), (right, 10, "m")):
        ax.set(xlim=(0, 20), ylim=(0, 1.18 * roof), yticks=np.linspace(0, roof, 6))
        ax.set(xlabel="prediction (m)", ylabel=f"mean ({unit})")

    mean = stage.line(left, "squared", label="mean")
    median = stage.line(left, "absolute", label="median")
    ordinary = stage.points(left, "example")
    far = stage.points(left, "outlier", marker="s", width=1.3)
    squared = stage.line(top, "squared")
    absolute = stage.line(right, "absolute")
    lowest = [stage.points(top, "squared", width=1.5), stage.points(right, "absolute", width=1.5)]
    said = [stage.words(top, "squared"), stage.words(right, "absolute")]
    stage.legend(left, loc="upper center", ncols=2, handlelength=1.4, columnspacing=1)

    def show(now: Outlier) -> str:
        x = np.arange(1, 10)
        good = len(x) - now.outliers
        ordinary.place(x[:good], now.values[:good])
        far.place(x[good:], now.values[good:])
        mean.place([0.4, 9.6], [now.mean, now.mean])
        median.place([0.4, 9.6], [now.median, now.median])
        for curve, point, words, best, losses, roof in (
            (squared, lowest[0], said[0], now.mean, now.squared, 100),
            (absolute, lowest[1], said[1], now.median, now.absolute, 10),
        ):
            curve.place(now.constants, np.where(losses <= roof, losses, np.nan))
            point.place(best, np.interp(best, now.constants, losses))
            words.place(10, 1.09 * roof, words=[f"best: {best:.2f} m"])
        moved = f"{now.outliers} of nine measurements at {now.values[-1]:.1f} m" if now.outliers else "No outlier"
        return f"{moved}: the mean is {now.mean:.2f} m, the median {now.median:.2f} m."

    return show
