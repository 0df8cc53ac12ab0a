"""Demos of batch normalization: shifts of the data, statistics of a batch, and what enters the layers of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus import data, plots
from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.stage import Stage
from gradus.demos.threads import one_thread

POOL, SHOWN = 4000, 150
KINDS = ("covariate", "prior", "concept")


@dataclass(frozen=True)
class Shifted:
    """Data of two classes before and after a shift.

    Attributes
    ----------
    train, new : tuple of ndarray
        Points (N, 2) and their classes (N,), 0 or 1.
    line : ndarray, shape (3,)
        The classifier that was fitted to the training data: class 1 where ``x @ line[:2] + line[2] > 0``.
    right : tuple of float
        The share of training data and of new data that it classifies correctly.
    hidden : bool
        Whether the classes are hidden.
    """

    train: tuple[np.ndarray, np.ndarray]
    new: tuple[np.ndarray, np.ndarray]
    line: np.ndarray
    right: tuple[float, float]
    hidden: bool


def true_class(x: np.ndarray, moved: float = 0.0) -> np.ndarray:
    """The class of every point: above a parabola, which a shift of the concept moves up."""
    return np.asarray(x[:, 1] > 0.35 * x[:, 0] ** 2 - 0.4 + moved).astype(int)


@lru_cache(maxsize=1)
def population() -> tuple[np.ndarray, np.ndarray]:
    """Points around zero, and the line that separates their classes best in the sense of least squares."""
    x = np.random.default_rng(0).normal(size=(POOL, 2)) * [0.9, 1.0]
    columns = np.column_stack([x, np.ones(POOL)])
    return x, np.linalg.lstsq(columns, 2.0 * true_class(x) - 1)[0]


@lru_cache(maxsize=64)
def shifted(kind: str, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and classes after a shift of some strength, 0 (none) to 1."""
    x = population()[0]
    if kind == "covariate":
        moved = x + np.array([2.2 * strength, 0])
        return moved, true_class(moved)
    if kind == "concept":
        return x, true_class(x, 1.2 * strength)
    rng, y = np.random.default_rng(1), true_class(x)
    share = y.mean() + strength * (0.95 - y.mean())
    chosen = rng.random(POOL) < share
    rows = np.where(chosen, rng.choice(np.flatnonzero(y == 1), POOL), rng.choice(np.flatnonzero(y == 0), POOL))
    return x[rows], y[rows]


def data_shifts(*, size: str = "notebook") -> Demo:
    """Show what becomes of data, and of a classifier, under the three kinds of shift.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    def model(strength: float, kind: str, labels: str) -> Shifted:
        (x, line), (new_x, new_y) = population(), shifted(kind, strength)
        y = true_class(x)
        right = tuple(
            float(np.mean((points @ line[:2] + line[2] > 0) == classes)) for points, classes in ((x, y), (new_x, new_y))
        )
        return Shifted((x, y), (new_x, new_y), line, (right[0], right[1]), labels == "hidden")

    return Demo(
        title="Three shifts between training data and new data",
        question=(
            "Which shift can you see when the labels are hidden? Which one leaves the cloud of each class where it is? "
            "Which one costs the classifier most?"
        ),
        controls=(
            Slider("strength", "strength of the shift", 0, 1, 0.6, 0.05, play=5),
            Choice("kind", "shift", KINDS, "covariate"),
            Choice("labels", "labels of the new data", ("shown", "hidden"), "shown"),
        ),
        model=model,
        scene=_shifts_scene,
        size=size,
    )


def _shifts_scene(stage: Stage) -> Callable[[Shifted], str]:
    left, right = stage.panels("Training data", "New data", sharey=True)
    for ax in (left, right):
        ax.set(xlim=(-3, 5), ylim=(-3, 3.2), xlabel="$x_1$", xticks=range(-2, 5, 2), yticks=range(-2, 3, 2))
    left.set(ylabel="$x_2$")
    lines = [stage.line(ax, "tangent") for ax in (left, right)]
    clouds = [
        (stage.points(ax, "function", width=0.7), stage.points(ax, "error", marker="s", width=0.6))
        for ax in (left, right)
    ]
    grey = stage.points(right, "other", width=0.7)
    numbers = [stage.words(ax, "tangent", align="right") for ax in (left, right)]
    x = np.array([-3.0, 5.0])

    def show(now: Shifted) -> str:
        for ax, (points, classes), (first, second), line, number, share in zip(
            (left, right), (now.train, now.new), clouds, lines, numbers, now.right, strict=True
        ):
            shown, of = points[:SHOWN], classes[:SHOWN]
            hidden = now.hidden and ax is right
            for actor, own in ((first, of == 0), (second, of == 1)):
                actor.place(np.where(own & (not hidden), shown[:, 0], np.nan), shown[:, 1])
            line.place(x, -(now.line[0] * x + now.line[2]) / now.line[1])
            number.place(5, 3.45, words=[f"line: {share:.0%} right"])
        grey.place(np.where(now.hidden, now.new[0][:SHOWN, 0], np.nan), now.new[0][:SHOWN, 1])
        first, second = (round(100 * classes.mean()) for _, classes in (now.train, now.new))
        return (
            f"The classifier is right for {now.right[0]:.0%} of the training data and {now.right[1]:.0%} of the new "
            f"data. Class 1 has a share of {first} % in training and {second} % in the new data, whose mean is at "
            f"x1 = {now.new[0][:, 0].mean():.1f}."
        )

    return show


DRAWS, EXAMPLE = 40, 1.0
SIZES = {str(n): n for n in (2, 4, 8, 16, 64)}


@dataclass(frozen=True)
class Batches:
    """Batches of one feature that all hold the same example.

    Attributes
    ----------
    values : ndarray, shape (K, N)
        The batches so far; the example is the first of each.
    normalized : ndarray, shape (K,)
        The example, normalized with each batch.
    """

    values: np.ndarray
    normalized: np.ndarray


def batch_statistics(batchnorm_forward: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show how mean and deviation of a batch scatter, and what that does to one example.

    Parameters
    ----------
    batchnorm_forward : callable, optional
        The function that normalizes, ``(x, gamma, beta, eps)`` to ``(out, x_hat, std)``; PyTorch's while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("batchnorm_forward", batchnorm_forward)

    @lru_cache(maxsize=len(SIZES))
    def every(n: int) -> Batches:
        values = np.random.default_rng(n).normal(size=(DRAWS, n))
        values[:, 0] = EXAMPLE
        found = []
        for batch in values:
            result = studied(batch[:, None].copy(), np.ones(1), np.zeros(1), 1e-5)
            if not isinstance(result, tuple | list) or len(result) != 3 or np.shape(result[1]) != (n, 1):
                raise StudiedError("batchnorm_forward has to return out, x_hat and std; x_hat has the shape of x.")
            found.append(float(np.asarray(result[1], dtype=float)[0, 0]))
        return Batches(values, np.array(found))

    def model(draw: float, n: str) -> Batches:
        whole, k = every(SIZES[n]), int(draw)
        return Batches(whole.values[:k], whole.normalized[:k])

    return Demo(
        title="One example in different batches",
        question=(
            "All batches hold the same example, 1. How much do their means and deviations scatter? "
            "Where does the example come to lie when it is normalized?"
        ),
        controls=(
            Slider("draw", "batch", 1, DRAWS, 10, 1, play=10),
            Choice("n", "batch size", tuple(SIZES), "4"),
        ),
        model=model,
        scene=_batches_scene,
        studied=(studied,),
        size=size,
    )


def _batches_scene(stage: Stage) -> Callable[[Batches], str]:
    left, right = stage.panels("Mean ± deviation", "Normalized")
    left.set(xlim=(0, DRAWS + 1), ylim=(-3, 3), xlabel="batch", ylabel="feature", yticks=range(-3, 4))
    right.set(xlim=(0, DRAWS + 1), ylim=(-3, 3), xlabel="batch", ylabel="normalized", yticks=range(-3, 4))
    for ax in (left, right):
        ax.axhline(EXAMPLE, color=plots.COLOURS["other"], lw=1)
    reach = stage.line(left, "activation", alpha=0.5, width=1.2)
    means = stage.points(left, "activation", width=0.8)
    own = stage.points(left, "example", width=0.5)
    places = stage.points(right, "example", width=0.8)
    number = stage.words(right, "example", align="right", width=0.8)

    def show(now: Batches) -> str:
        at = np.arange(1, len(now.values) + 1)
        mean, deviation = now.values.mean(axis=1), now.values.std(axis=1)
        means.place(at, mean)
        bars = np.full((len(at), 3), np.nan)
        bars[:, 0], bars[:, 1] = mean - deviation, mean + deviation
        reach.place(np.repeat(at, 3), bars.ravel())
        own.place(at[-1], now.values[-1])
        places.place(at, now.normalized)
        low, high = now.normalized.min(), now.normalized.max()
        many = "1 batch" if len(at) == 1 else f"{len(at)} batches"
        number.place(DRAWS + 1, 3.3, words=[f"{low:.2f} to {high:.2f}"])
        return (
            f"In {many} of {now.values.shape[1]}, the means go from {mean.min():.2f} to {mean.max():.2f} and the "
            f"deviations from {deviation.min():.2f} to {deviation.max():.2f}. Normalized, the example lies between "
            f"{low:.2f} and {high:.2f}."
        )

    return show


LAYERS, HIDDEN, STEPS = 6, 30, 100
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
# Quantiles that are shown, and limits of the picture.
QUANTILES, EDGE = (0.05, 0.5, 0.95), 6.0


@dataclass(frozen=True)
class Inside:
    """What enters the ReLUs of a network during training.

    Attributes
    ----------
    quantiles : ndarray, shape (STEPS + 1, LAYERS, 3)
        Of all neurons of a layer together, for the same images.
    right : ndarray, shape (STEPS + 1,)
        Share of new images that are read correctly.
    step, layer : int
        What is looked at; the layer counts from 0.
    setting : str
        How the network was trained, in words.
    """

    quantiles: np.ndarray
    right: np.ndarray
    step: int
    layer: int
    setting: str


@lru_cache(maxsize=8)
def watched(normalized: bool, lr: float) -> tuple[np.ndarray, np.ndarray]:
    """Train a deep network on the digits, and look at what enters its ReLUs before every step.

    Returns
    -------
    quantiles : ndarray, shape (STEPS + 1, LAYERS, 3)
    right : ndarray, shape (STEPS + 1,)
        Share of the images looked at that are read correctly; in training mode, as the quantiles.
    """
    with one_thread() as torch, torch.random.fork_rng(devices=[]):
        from torch import nn

        torch.manual_seed(0)
        digits, width = data.digits(), 64
        layers: list[Any] = []
        for _ in range(LAYERS):
            layers.append(nn.Linear(width, HIDDEN))
            nn.init.kaiming_normal_(layers[-1].weight, nonlinearity="relu")
            nn.init.zeros_(layers[-1].bias)
            layers += [nn.BatchNorm1d(HIDDEN), nn.ReLU()] if normalized else [nn.ReLU()]
            width = HIDDEN
        model = nn.Sequential(*layers, nn.Linear(width, 10))
        x, y = torch.tensor(digits.train.x).float(), torch.tensor(digits.train.y)
        new_x, new_y = torch.tensor(digits.validation.x).float(), torch.tensor(digits.validation.y)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        levels, quantiles, right = torch.tensor(QUANTILES), [], []
        for step in range(STEPS + 1):
            with torch.no_grad():
                a, seen = new_x, []
                for layer in model:
                    if isinstance(layer, nn.ReLU):
                        seen.append(a.flatten().quantile(levels))
                    a = layer(a)
                quantiles.append(torch.stack(seen).numpy())
                right.append((a.argmax(dim=1) == new_y).float().mean().item())
            if step < STEPS:
                rows = torch.randint(len(x), (64,))
                loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return np.array(quantiles), np.array(right)


def layer_inputs(*, size: str = "notebook") -> Demo:
    """Show the distribution of what enters each layer's ReLUs during training, with and without normalization.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    def model(step: float, layer: str, normalization: str, lr: str) -> Inside:
        setting = f"{normalization} batch normalization and with the learning rate {lr}"
        return Inside(*watched(normalization == "with", float(lr)), int(step), ORDINALS.index(layer), setting)

    return Demo(
        title="What enters the ReLUs during training",
        question=(
            "Which layers move most during training, with and without batch normalization? "
            "What happens with the larger learning rate?"
        ),
        controls=(
            Slider("step", "step", 0, STEPS, STEPS, 1, play=8),
            Choice("layer", "layer on the right", ORDINALS, "fourth"),
            Choice("normalization", "batch normalization", ("without", "with"), "without"),
            Choice("lr", "learning rate", ("0.1", "1.0"), "0.1"),
        ),
        model=model,
        scene=_inside_scene,
        size=size,
    )


def _inside_scene(stage: Stage) -> Callable[[Inside], str]:
    left, right = stage.panels("All layers: 90 % and median", "One layer", sharey=True)
    left.set(xlim=(0.4, LAYERS + 0.6), ylim=(-EDGE, EDGE), xlabel="layer", ylabel="value", xticks=range(1, LAYERS + 1))
    right.set(xlim=(0, STEPS), xlabel="step", yticks=[-6, -4, -2, 0, 2, 4, 6])
    bars = stage.bars(left, "activation", alpha=0.35)
    middles = stage.points(left, "activation")
    band = stage.area(right, "activation", alpha=0.35)
    middle = stage.line(right, "activation")
    here = stage.line(right, "other", width=0.7)
    number = stage.words(right, "validation", align="right")
    layers, steps = np.arange(1, LAYERS + 1), np.arange(STEPS + 1)

    def show(now: Inside) -> str:
        low, half, high = np.clip(now.quantiles[now.step], -2 * EDGE, 2 * EDGE).T
        bars.place(layers - 0.3, low, layers + 0.3, high)
        middles.place(layers, half)
        known = np.isfinite(now.quantiles[:, now.layer]).all(axis=1)
        below, centre, above = np.clip(now.quantiles[known, now.layer], -2 * EDGE, 2 * EDGE).T
        at = steps[known]
        band.place(np.concatenate([at, at[::-1]]), np.concatenate([below, above[::-1]]))
        middle.place(at, centre)
        here.place((now.step, now.step), (-EDGE, EDGE))
        share = now.right[now.step]
        number.place(STEPS, EDGE * 1.08, words=[f"{share:.0%} right"])
        first, own = now.quantiles[0, now.layer], now.quantiles[now.step, now.layer]
        they = f"lie between {own[0]:.1f} and {own[2]:.1f}" if np.isfinite(own).all() else "are not finite"
        return (
            f"The network is trained {now.setting}. In layer {now.layer + 1}, 90 % of the values lay between "
            f"{first[0]:.1f} and {first[2]:.1f} before the training; in step {now.step} they {they}. {share:.0%} of "
            "the new images are read correctly."
        )

    return show
