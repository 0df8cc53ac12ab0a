"""Demos of softmax, cross-entropy and the losses of regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradus.demos.demo import Choice, Demo, Slider, Studied
from gradus.demos.stage import Stage

CLASSES = ("cat", "dog", "fox", "owl")


@dataclass(frozen=True)
class ScoresToLoss:
    """One example on its way from scores to a loss.

    Attributes
    ----------
    scores, probabilities : ndarray, shape (4,)
        Before and after softmax at the chosen temperature.
    target : int
        The true class.
    loss : float
        Cross-entropy in nats, infinite when the true class has probability 0.
    """

    scores: np.ndarray
    probabilities: np.ndarray
    target: int
    loss: float


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
    probabilities = np.asarray(softmax(scores[None] / temperature))[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = float(-np.log(probabilities[target]))
    return ScoresToLoss(scores, probabilities, target, loss)


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
        return score_one_example(lambda x: studied.array((1, 4), x), values, temperature, CLASSES.index(target))

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
        studied=studied,
        size=size,
    )


def _scores_to_loss_scene(stage: Stage) -> Callable[[ScoresToLoss], str]:
    left, middle, right = stage.panels("Scores", "Probabilities", "Loss", width_ratios=(1, 1.2, 1))
    x = np.arange(4)
    for ax in (left, middle):
        ax.set(xlim=(-0.6, 3.6), xticks=x, xticklabels=CLASSES)
        ax.grid(axis="x", visible=False)
    left.set(ylim=(-6, 6), ylabel="score")
    left.axhline(0, color="#8C8C8C", lw=1)
    middle.set(ylim=(0, 1.12), ylabel="probability $p$", yticks=np.linspace(0, 1, 6))
    right.set(xlim=(0, 1), ylim=(0, 6), xlabel="$p$ of the true class", ylabel="loss (nats)")
    p = np.linspace(1e-3, 1, 300)
    right.plot(p, -np.log(p), color="#8C8C8C")

    bars = stage.bars(left, "score")
    true_bar = stage.bars(left, "true class")
    chances = stage.bars(middle, "probability")
    true_chance = stage.bars(middle, "true class")
    numbers = stage.words(middle, "example", width=0.9)
    drop = stage.line(right, "loss")
    point = stage.points(right, "loss", width=1.5)
    number = stage.words(right, "loss", align="right", width=1.1)

    def show(now: ScoresToLoss) -> str:
        wrong = x != now.target
        for actor, heights, which in (
            (bars, now.scores, wrong),
            (true_bar, now.scores, ~wrong),
            (chances, now.probabilities, wrong),
            (true_chance, now.probabilities, ~wrong),
        ):
            actor.place(x[which] - 0.38, 0, x[which] + 0.38, heights[which])
        numbers.place(x, np.clip(now.probabilities, 0, 1) + 0.06, words=[f"{value:.2f}" for value in now.probabilities])
        chance = now.probabilities[now.target]
        drop.place([chance, chance, 0], [0, now.loss, now.loss])
        point.place(chance, min(now.loss, 6))
        number.place(0.97, 5.6, words=[f"loss {now.loss:.3f}"])
        words = ", ".join(f"{name} {value:.2f}" for name, value in zip(CLASSES, now.probabilities, strict=True))
        return f"Probabilities: {words}. The true class is {CLASSES[now.target]}, the loss is {now.loss:.3f} nats."

    return show


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
        Constants with the least squared and the least absolute loss.
    constants, squared, absolute : ndarray, shape (M,)
        Constants and their mean losses.
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
    """Show what an outlier does to the mean (squared loss) and to the median (absolute loss).

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    return Demo(
        title="One outlier, two losses",
        question="How far can one outlier pull each line? How many does it take to carry the dashed one along?",
        controls=(
            Slider("position", "outlier at", 0, 20, 12, 0.1, unit="m"),
            Slider("outliers", "number of outliers", 0, 9, 1, 1),
        ),
        model=lambda position, outliers: fit_constant(position, int(outliers)),
        scene=_outlier_scene,
        size=size,
    )


def _outlier_scene(stage: Stage) -> Callable[[Outlier], str]:
    left, top, right = stage.panels("Nine measurements", "Squared loss", "Absolute loss", width_ratios=(1.5, 1, 1))
    left.set(xlim=(0.4, 9.6), xlabel="measurement", xticks=range(1, 10))
    left.set(ylim=(-0.5, 26), ylabel="value (m)", yticks=range(0, 21, 5))
    top.set(xlim=(0, 20), ylim=(0, 100), xlabel="prediction (m)", ylabel="mean loss (m²)")
    right.set(xlim=(0, 20), ylim=(0, 10), xlabel="prediction (m)", ylabel="mean loss (m)")

    mean = stage.line(left, "squared", label="mean")
    median = stage.line(left, "absolute", label="median")
    ordinary = stage.points(left, "example")
    far = stage.points(left, "outlier", marker="s", width=1.3)
    squared = stage.line(top, "squared")
    absolute = stage.line(right, "absolute")
    lowest = [stage.points(top, "squared", width=1.5), stage.points(right, "absolute", width=1.5)]
    said = [stage.words(top, "squared"), stage.words(right, "absolute")]
    stage.legend(left, loc="upper left")

    def show(now: Outlier) -> str:
        x = np.arange(1, 10)
        good = len(x) - now.outliers
        ordinary.place(x[:good], now.values[:good])
        far.place(x[good:], now.values[good:])
        mean.place([0.4, 9.6], [now.mean, now.mean])
        median.place([0.4, 9.6], [now.median, now.median])
        squared.place(now.constants, now.squared)
        absolute.place(now.constants, now.absolute)
        for point, words, best, losses, roof in (
            (lowest[0], said[0], now.mean, now.squared, 100),
            (lowest[1], said[1], now.median, now.absolute, 10),
        ):
            height = float(np.interp(best, now.constants, losses))
            point.place(best, height)
            words.place(10, 0.94 * roof, words=[f"best: {best:.2f} m"])
        moved = f"{now.outliers} of nine measurements at {now.values[-1]:.1f} m" if now.outliers else "No outlier"
        return f"{moved}: the mean is {now.mean:.2f} m, the median {now.median:.2f} m."

    return show
