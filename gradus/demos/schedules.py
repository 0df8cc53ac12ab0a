"""Demos of learning rates that change: the noise floor, schedules and the range test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus import data
from gradus.demos.demo import Choice, Demo, Slider
from gradus.demos.optimizers import recent_average
from gradus.demos.stage import Stage, decades, written
from gradus.demos.threads import one_thread

STEPS, RUNS, FAR = 2000, 200, 5.0


@lru_cache(maxsize=1)
def draws() -> np.ndarray:
    """Noise of deviation 1 and mean 0, shape (STEPS, RUNS, 1)."""
    return np.random.default_rng(0).normal(size=(STEPS, RUNS, 1))


def squared_distances(rates: np.ndarray, noise: float) -> np.ndarray:
    """Go down the parabola of curvature 1 with noisy gradients.

    Parameters
    ----------
    rates : ndarray, shape (STEPS, K)
        Learning rate of each step, for K schedules.
    noise : float
        Deviation of the noise of a gradient, the same numbers for every schedule.

    Returns
    -------
    ndarray, shape (STEPS + 1, K)
        Squared distance from the minimum, mean of ``RUNS`` runs.
    """
    places = np.empty((STEPS + 1, RUNS, rates.shape[1]))
    places[0] = FAR
    shrink, push = 1 - rates, -noise * rates[:, None] * draws()
    for t in range(STEPS):
        np.multiply(places[t], shrink[t], out=places[t + 1])
        places[t + 1] += push[t]
    return np.asarray(np.mean(places**2, axis=1))


def noise_floor(lr: float, noise: float) -> float:
    """Mean squared distance after many steps with a constant rate."""
    return lr * noise**2 / (2 - lr)


@dataclass(frozen=True)
class Descents:
    """Mean squared distance from the minimum with three schedules.

    Attributes
    ----------
    constant, smaller, decreasing : ndarray, shape (STEPS + 1,)
        Of the constant rate, of one ten times smaller, and of the decreasing one.
    floors : tuple of float
        What is predicted for the first two.
    """

    constant: np.ndarray
    smaller: np.ndarray
    decreasing: np.ndarray
    floors: tuple[float, float]

    @property
    def lowest_from(self) -> int | None:
        """The step from which on the decreasing rate is below both; None if there is none."""
        above = np.flatnonzero(self.decreasing >= np.minimum(self.constant, self.smaller))
        return int(above[-1]) + 1 if above[-1] < STEPS else None


def noisy_quadratic(*, size: str = "notebook") -> Demo:
    """Show the noise floor of constant learning rates, and a decreasing rate that gets below it.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    @lru_cache(maxsize=16)
    def model(lr: float, k: float, noise: float) -> Descents:
        # The reciprocal of the decreasing rate grows by the same amount in every step.
        decreasing = 1 / np.linspace(1 / lr, (1 + k * (STEPS - 1)) / lr, STEPS)
        rates = np.stack([np.full(STEPS, lr), np.full(STEPS, lr / 10), decreasing], axis=1)
        constant, smaller, falling = squared_distances(rates, noise).T
        return Descents(constant, smaller, falling, (noise_floor(lr, noise), noise_floor(lr / 10, noise)))

    return Demo(
        title="The noise floor",
        question=(
            "The noise becomes twice as large: what becomes of the two floors? "
            "For which k does the decreasing rate end below both?"
        ),
        controls=(
            Slider("lr", "learning rate η", 0.05, 1, 0.3, 0.02, log=True),
            Slider("k", "decrease k", 0.001, 1, 0.03, 0.02, log=True),
            Slider("noise", "noise σ", 0.1, 10, 1, 0.02, log=True),
        ),
        model=model,
        scene=_noise_scene,
        size=size,
    )


def _noise_scene(stage: Stage) -> Callable[[Descents], str]:
    (ax,) = stage.panels("Squared distance from the minimum")
    ax.set(xlim=(1, STEPS), xscale="log", ylim=(1e-6, 1e3), yscale="log", xlabel="step", ylabel="squared distance")
    ax.set(**decades(-6, -3, 0, 3))
    floors = [stage.line(ax, "other", width=0.6, label="floors") for _ in range(2)]
    floors[1].label = ""
    lines = [
        stage.line(ax, "sgd", width=0.7, label="η"),
        stage.line(ax, "momentum", width=0.7, label="η / 10"),
        stage.line(ax, "adam", width=0.7, label="η / (1 + k t)"),
    ]
    stage.legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1.05), borderaxespad=0)
    at = np.unique(np.geomspace(1, STEPS, 300).astype(int))

    def show(now: Descents) -> str:
        for line, curve in zip(lines, (now.constant, now.smaller, now.decreasing), strict=True):
            line.place(at, np.maximum(curve[at], 1e-12))
        for line, floor in zip(floors, now.floors, strict=True):
            line.place((1, STEPS), floor)
        last = [written(curve[-1]) for curve in (now.constant, now.smaller, now.decreasing)]
        since = now.lowest_from
        when = "It is not below both at the end" if since is None else f"It is below both from step {since} on"
        return (
            f"After {STEPS} steps the mean squared distance is {last[0]} with the constant rate, {last[1]} with one "
            f"ten times smaller and {last[2]} with the decreasing one. {when}."
        )

    return show


LONGEST = 200
SCHEDULES = {
    "constant": "Constant",
    "step": "Step decay: by the factor after each piece",
    "exponential": "By the factor in each piece",
    "cosine": "Half a cosine",
    "restarts": "Warm restarts: pieces grow by the factor",
    "triangular": "A piece up, a piece down",
}


def _scheduler(made: Any, schedule: str, steps: int, piece: int, factor: int, smallest: float) -> Any:
    from torch.optim import lr_scheduler as pytorch

    if schedule == "constant":
        return pytorch.ConstantLR(made, 1.0)
    if schedule == "step":
        return pytorch.StepLR(made, piece, 1 / factor)
    if schedule == "exponential":
        return pytorch.ExponentialLR(made, factor ** (-1 / piece))
    if schedule == "cosine":
        return pytorch.CosineAnnealingLR(made, steps, smallest)
    if schedule == "restarts":
        return pytorch.CosineAnnealingWarmRestarts(made, piece, factor, smallest)
    return pytorch.CyclicLR(made, smallest, 1.0, piece, cycle_momentum=False)


def _followed(start: Callable[[Any], Any], steps: int) -> np.ndarray:
    """The rates of PyTorch's optimizer under a scheduler, from a first one of 1."""
    import torch

    optimizer, rates = torch.optim.SGD([torch.zeros(1)], lr=1.0), []
    scheduler = start(optimizer)
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


@dataclass(frozen=True)
class Composed:
    """A schedule behind a warm-up, and one of its steps.

    Attributes
    ----------
    rates : ndarray, shape (total,)
        The rate of each step, 0 to total - 1.
    warmup, now : int
        Length of the warm-up, and the step that is marked.
    """

    rates: np.ndarray
    warmup: int
    now: int


@lru_cache(maxsize=64)
def _composed(schedule: str, warmup: int, total: int, piece: int, factor: int, smallest: float) -> np.ndarray:
    from torch.optim.lr_scheduler import LinearLR

    rest = total - warmup
    base = _followed(lambda made: _scheduler(made, schedule, rest, piece, factor, smallest), rest)
    return np.append(base[0] * _followed(lambda made: LinearLR(made, 1 / (warmup + 1), 1.0, warmup), warmup), base)


def schedule_composer(*, size: str = "notebook") -> Demo:
    """Show learning rates that PyTorch's schedulers make, behind a warm-up.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    def model(
        schedule: str, warmup: float, total: float, piece: float, factor: float, smallest: float, t: float
    ) -> Composed:
        rates = _composed(schedule, int(warmup), int(total), int(piece), int(factor), smallest)
        return Composed(rates, int(warmup), min(int(t), int(total) - 1))

    return Demo(
        title="Compose a schedule",
        question=(
            "Which combination first reaches its largest rate latest? Where does the curve jump, where only bend?"
        ),
        controls=(
            Slider("warmup", "warm-up", 0, 50, 10, 1, unit="steps"),
            Slider("total", "total", 60, LONGEST, 160, 1, unit="steps"),
            Slider("piece", "piece", 5, 60, 20, 1, unit="steps"),
            Slider("factor", "factor", 1, 10, 2, 1),
            Slider("smallest", "smallest rate", 0, 0.5, 0.1, 0.01),
            Slider("t", "step", 0, LONGEST, 40, 1, play=8),
            Choice("schedule", "schedule", tuple(SCHEDULES), "restarts"),
        ),
        model=model,
        scene=_schedule_scene,
        set_by=("schedule",),
        size=size,
    )


def _schedule_scene(stage: Stage, schedule: str) -> Callable[[Composed], str]:
    (ax,) = stage.panels(SCHEDULES[schedule])
    ax.set(xlim=(0, LONGEST), ylim=(0, 1.05), xlabel="step", ylabel="rate / largest rate", yticks=[0, 0.5, 1])
    ramp = stage.line(ax, "momentum", label="warm-up")
    rest = stage.line(ax, "learning rate", label="schedule")
    end = stage.line(ax, "other", width=0.6, label="end")
    here = stage.points(ax, "learning rate", width=1.5)
    number = stage.words(ax, "learning rate", align="right")
    stage.legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1.05), borderaxespad=0)

    def show(now: Composed) -> str:
        at, total = np.arange(len(now.rates)), len(now.rates)
        ramp.place(at[: now.warmup + 1], now.rates[: now.warmup + 1])
        rest.place(at[now.warmup :], now.rates[now.warmup :])
        end.place((total, total), (0, 1.05))
        here.place(now.now, now.rates[now.now])
        said = f"{now.rates[now.now]:.3f}"
        number.place(LONGEST, 1.12, words=[said])
        return (
            f"The schedule is {schedule}, {now.warmup} steps of warm-up and {total - now.warmup} after them. "
            f"The rate of step {now.now} is {said} of the largest."
        )

    return show


RATES = (1e-3, 10.0)
SEEDS = 10
# What the average remembers from before the test, where nothing was trained.
BEFORE = 200


@lru_cache(maxsize=128)
def losses_of_test(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Train a small network on the digits for a few steps, each with a larger rate.

    Parameters
    ----------
    steps : int
    seed : int
        Of the first weights and of the batches.

    Returns
    -------
    rates, losses : ndarray, shape (steps,)
        Learning rate of each step, and the loss of its batch of 64 before it.
    untrained : float
        Loss of all images before the first step.
    """
    digits, rng = data.digits().train, np.random.default_rng(seed)
    rows = rng.integers(len(digits.x), size=(steps, 64))
    rates, losses = np.geomspace(*RATES, steps), []
    with one_thread() as torch:
        x, y = torch.from_numpy(digits.x[rows]), torch.from_numpy(digits.y[rows])
        shapes = (64, 32), (32, 10)
        weights = [torch.tensor(rng.normal(0, np.sqrt(2 / shape[0]), shape), requires_grad=True) for shape in shapes]
        biases = [torch.zeros(shape[1], dtype=torch.float64, requires_grad=True) for shape in shapes]
        optimizer = torch.optim.SGD([*weights, *biases])

        def loss_of(x: Any, y: Any) -> Any:
            hidden = torch.relu(torch.addmm(biases[0], x, weights[0]))
            return torch.nn.functional.cross_entropy(torch.addmm(biases[1], hidden, weights[1]), y)

        untrained = loss_of(torch.from_numpy(digits.x), torch.from_numpy(digits.y)).item()
        for t, rate in enumerate(rates):
            loss = loss_of(x[t], y[t])
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = float(rate)
            optimizer.step()
            losses.append(loss.item())
    return rates, np.array(losses), untrained


@dataclass(frozen=True)
class RangeTest:
    """A range test.

    Attributes
    ----------
    rates, losses, smoothed : ndarray, shape (T,)
        Rate and loss of each step, and the recent losses on average.
    lowest, steepest : int
        Where the smoothed loss is lowest, and where before that it falls fastest.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    lowest: int
    steepest: int


def range_test(*, size: str = "notebook") -> Demo:
    """Show how a range test depends on its length, on the smoothing and on chance.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    def model(steps: float, smoothing: float, seed: float) -> RangeTest:
        rates, losses, untrained = losses_of_test(int(steps), int(seed))
        before = np.full(BEFORE, untrained)
        smoothed = recent_average(np.concatenate([before, losses]), smoothing)[BEFORE:]
        lowest = int(smoothed.argmin())
        # The fall from a peak where training breaks down is steep, too. Rates are evenly spaced on a logarithmic axis.
        steepest = int(np.gradient(smoothed)[: lowest + 1].argmin())
        return RangeTest(rates, losses, smoothed, lowest, steepest)

    return Demo(
        title="A range test on the digits",
        question="How much does the steepest place move with the length of the test, the smoothing and the seed?",
        controls=(
            Slider("steps", "length", 30, 300, 120, 30, unit="steps"),
            Slider("smoothing", "smoothing", 0, 0.98, 0.8, 0.02),
            Slider("seed", "seed", 0, SEEDS - 1, 0, 1),
        ),
        model=model,
        scene=_range_scene,
        size=size,
    )


def _range_scene(stage: Stage) -> Callable[[RangeTest], str]:
    (ax,) = stage.panels("Loss of a batch")
    ax.set(xlim=RATES, xscale="log", ylim=(0, 4), xlabel="learning rate", ylabel="loss (nats)", yticks=range(5))
    dots = stage.points(ax, "other", width=0.5, label="batches")
    curve = stage.line(ax, "loss", label="smoothed")
    marks = {
        "steepest": stage.line(ax, "learning rate", width=0.7, label="steepest"),
        "lowest": stage.line(ax, "test", width=0.7, label="lowest"),
    }
    numbers = {
        "steepest": stage.words(ax, "learning rate", align="right"),
        "lowest": stage.words(ax, "test", align="right"),
    }
    stage.legend(ax, loc="upper left", bbox_to_anchor=(1.02, 1.05), borderaxespad=0)

    def show(now: RangeTest) -> str:
        dots.place(now.rates, now.losses)
        curve.place(now.rates, now.smoothed)
        said = {}
        for name, place, at in (("steepest", now.steepest, 1.5), ("lowest", now.lowest, RATES[1])):
            marks[name].place((now.rates[place],) * 2, (0, 4))
            said[name] = written(now.rates[place])
            numbers[name].place(at, 4.2, words=[said[name]])
        return (
            f"With {len(now.rates)} steps the smoothed loss falls fastest at a rate of {said['steepest']} "
            f"and is lowest at {said['lowest']}."
        )

    return show
