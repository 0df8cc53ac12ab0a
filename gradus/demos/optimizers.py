"""Demos of optimizers: a race on landscapes, and how far one step of Adam goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus import plots
from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.stage import Stage, decades, written
from gradus.demos.training_loop import LANDSCAPES, Landscape, draw_landscape
from gradus.learning.lending import is_lent, operation
from gradus.learning.stubs import is_stub

STEPS = 60
# Limits of the picture of the loss.
LOSSES = (1e-6, 1e2)
START = (-1.8, 1.8)


def _saddle() -> Landscape:
    """A ridge along the first weight, which ends in a saddle between two minima."""
    side = 1.5

    def loss(w: np.ndarray) -> np.ndarray:
        return w[..., 0] ** 2 / 2 + (w[..., 1] ** 2 / side**2 - 1) ** 2 * side**2 / 4

    def gradient(w: np.ndarray) -> np.ndarray:
        return np.array([w[0], w[1] * (w[1] ** 2 / side**2 - 1)])

    return Landscape(loss, gradient, START, ((0.0, side), (0.0, -side)))


def _two_minima() -> Landscape:
    """A minimum on the left and a lower one on the right, with a hill between them."""
    side, tilt = 1.1, 0.15

    def uneven(w: np.ndarray) -> np.ndarray:
        return w[..., 1] ** 2 / 2 + (w[..., 0] ** 2 / side**2 - 1) ** 2 * side**2 / 4 - tilt * w[..., 0]

    def gradient(w: np.ndarray) -> np.ndarray:
        return np.array([w[0] * (w[0] ** 2 / side**2 - 1) - tilt, w[1]])

    lowest = (float(np.roots([1, 0, -(side**2), -tilt * side**2]).real.max()), 0.0)
    return Landscape(lambda w: uneven(w) - uneven(np.array(lowest)), gradient, START, (lowest,))


GROUNDS = {
    "ravine": LANDSCAPES["ravine"],
    "valley": LANDSCAPES["valley"],
    "saddle": _saddle(),
    "two minima": _two_minima(),
}


@dataclass(frozen=True)
class Racer:
    """An optimizer in the race.

    Attributes
    ----------
    look : str
        Its key in `gradus.plots.COLOURS`.
    rate : float
        Its learning rate where the factor is 1: each needs one of its own.
    settings : callable
        Momentum of the race to what follows the learning rate when the optimizer is made.
    """

    look: str
    rate: float
    settings: Callable[[float], tuple[float, ...]]


RACERS = {
    "SGD": Racer("sgd", 0.1, lambda momentum: ()),
    "HeavyBall": Racer("momentum", 0.05, lambda momentum: (momentum,)),
    "Nesterov": Racer("nesterov", 0.05, lambda momentum: (momentum,)),
    "AdaGrad": Racer("adagrad", 0.5, lambda momentum: (1e-8,)),
    "RMSProp": Racer("rmsprop", 0.05, lambda momentum: (0.9, 1e-8)),
    "Adam": Racer("adam", 0.1, lambda momentum: (0.9, 0.999, 1e-8)),
}


@dataclass(frozen=True)
class Race:
    """Where everybody has got to.

    Attributes
    ----------
    landscape : str
        A key of ``GROUNDS``.
    paths : dict of str to ndarray, shape (t + 1, 2)
        The weights of each optimizer that works, start included; infinite once they have run away.
    trouble : str
        What is wrong with the others.
    """

    landscape: str
    paths: dict[str, np.ndarray]
    trouble: str

    def losses(self, name: str) -> np.ndarray:
        """How far above the lowest loss each step of a path is, infinite once the weights have run away."""
        path = self.paths[name]
        with np.errstate(all="ignore"):
            return np.where(np.isinf(path).any(axis=1), np.inf, GROUNDS[self.landscape].loss(path))


def run(name: str, optimizer: Any, ground: Landscape, start: tuple[float, float]) -> np.ndarray:
    """Let an optimizer take its steps.

    Parameters
    ----------
    name : str
        What it is called.
    optimizer : object
        ``step(params, grads)`` returns the new params, dicts of arrays, or changes the old ones and returns nothing.
    ground : Landscape
    start : tuple of float

    Returns
    -------
    ndarray, shape (STEPS + 1, 2)
        The weights, start included; infinite once they have run away.

    Raises
    ------
    StudiedError
        If what comes back are not two numbers.
    """
    path = np.full((STEPS + 1, 2), np.inf)
    path[0] = start
    for t in range(STEPS):
        # Far outside the picture nothing is left to see, and the numbers overflow.
        if np.abs(path[t]).max() > 1e6:
            break
        path[t + 1] = _stepped(name, optimizer, path[t], ground.gradient(path[t]))
    return path


def _stepped(name: str, optimizer: Any, weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The weights after one step, however the optimizer hands them back."""
    params = {"w": weights.copy()}
    returned = optimizer.step(params, {"w": gradient})
    after = params if returned is None else returned
    if not isinstance(after, dict) or np.shape(after.get("w", 0)) != weights.shape:
        raise StudiedError(f"{name}.step has to return a dict with the same keys and shapes as params.")
    if np.isnan(after["w"]).any():
        raise StudiedError(f"{name}.step returns nan.")
    return np.asarray(after["w"], dtype=float)


def race(*own: Callable[..., Any], size: str = "notebook") -> Demo:
    """Show the paths of six optimizers on four landscapes.

    Parameters
    ----------
    *own : type
        Classes that move the picture, in any order, each with the name of its exercise: ``HeavyBall(lr, momentum)``,
        ``Nesterov(lr, momentum)``, ``AdaGrad(lr, eps)``, ``RMSProp(lr, alpha, eps)``, ``Adam(lr, beta1, beta2, eps)``.
        PyTorch's for those that are missing.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    named = {one.__name__: one for one in own if not (is_lent(one) or is_stub(one))}
    if unknown := named.keys() - RACERS.keys() | named.keys() & {"SGD"}:
        raise ValueError(f"{', '.join(sorted(unknown))} is not in the race: {', '.join([*RACERS][1:])} are.")
    studied = {name: Studied(name, named.get(name)) for name in [*RACERS][1:]}

    # One entry for each optimizer: what one of them does wrong must not cost the paths of the others.
    @lru_cache(maxsize=48)
    def path(name: str, landscape: str, start: tuple[float, float], factor: float, momentum: float) -> np.ndarray | str:
        racer, ground = RACERS[name], GROUNDS[landscape]
        settings = factor * racer.rate, *racer.settings(momentum)
        if name == "SGD":
            return run(name, operation("HeavyBall")(*settings, 0.0), ground, start)
        try:
            return np.asarray(studied[name].used_by(lambda make: run(name, make(*settings), ground, start)))
        except StudiedError as error:
            return str(error)

    def model(landscape: str, w1: float, w2: float, factor: float, momentum: float, t: float) -> Race:
        found = {name: path(name, landscape, (w1, w2), factor, momentum) for name in RACERS}
        paths = {name: one[: int(t) + 1] for name, one in found.items() if not isinstance(one, str)}
        return Race(landscape, paths, " ".join(one for one in found.values() if isinstance(one, str)))

    return Demo(
        title="A race of optimizers",
        question=(
            "Who goes straight to the minimum, who along the floor, who overshoots? "
            "Is there one that is the best on all four landscapes?"
        ),
        controls=(
            Slider("w1", "start w₁", -3, 3, START[0], 0.05),
            Slider("w2", "start w₂", -2, 2, START[1], 0.01),
            Slider("factor", "factor of the rates", 0.1, 10, 1, 0.02, log=True),
            Slider("momentum", "momentum", 0, 0.99, 0.9, 0.01),
            Slider("t", "step", 0, STEPS, 20, 1, play=8),
            Choice("landscape", "landscape", tuple(GROUNDS), "ravine"),
        ),
        model=model,
        scene=_race_scene,
        set_by=("landscape",),
        studied=tuple(studied.values()),
        size=size,
        height=0.45,
    )


def _race_scene(stage: Stage, landscape: str) -> Callable[[Race], str]:
    left, right = stage.panels("Path", "Loss", width_ratios=(1.5, 1))
    draw_landscape(stage, left, GROUNDS[landscape])
    right.set(
        xlim=(0, STEPS),
        ylim=LOSSES,
        yscale="log",
        xlabel="step",
        ylabel="above the lowest",
        **decades(-6, -4, -2, 0, 2),
    )
    start = stage.points(left, "start", marker="s", width=0.8)
    lines, heads, curves, ends = ({} for _ in range(4))
    # Solid lines first: dashes can be seen on them.
    for name, racer in sorted(RACERS.items(), key=lambda one: plots.line(one[1].look)["linestyle"] != "-"):
        lines[name] = stage.line(left, racer.look, width=0.8)
        curves[name] = stage.line(right, racer.look, width=0.8, label=f"{name}, {racer.rate:g}")
    for name, racer in RACERS.items():
        heads[name] = stage.points(left, racer.look, width=1.2)
        ends[name] = stage.points(right, racer.look, width=1.2)
    stage.legend(right, loc="upper left", bbox_to_anchor=(1.02, 1.05), title="rate at factor 1", borderaxespad=0)

    def show(now: Race) -> str:
        told = []
        for name in RACERS:
            path = now.paths.get(name, np.full((1, 2), np.nan))
            losses = now.losses(name) if name in now.paths else np.array([np.nan])
            t = len(path) - 1
            seen = np.maximum(losses, LOSSES[0] / 10)
            lines[name].place(*path.T)
            heads[name].place(*path[-1])
            curves[name].place(range(t + 1), seen)
            ends[name].place(t, np.clip(seen[-1], *LOSSES))
            if name in now.paths:
                start.place(*path[0])
                last = np.isfinite(losses[-1]) and np.abs(path[-1]) < (3, 2)
                told.append(f"{name} {written(losses[-1]) if np.all(last) else 'has left the picture'}")
            else:
                told.append(f"{name} is missing")
        steps = len(next(iter(now.paths.values()))) - 1
        return f"Loss above the lowest after {steps} steps in the landscape {landscape}: {', '.join(told)}."

    return show


GRADIENTS, RUNS = 200, 400
RATE = 0.01


@lru_cache(maxsize=1)
def draws() -> np.ndarray:
    """Noise of deviation 1 and mean 0, shape (GRADIENTS, RUNS)."""
    return np.random.default_rng(0).normal(size=(GRADIENTS, RUNS))


def recent_average(values: np.ndarray, beta: float) -> np.ndarray:
    """Return, for each value, the mean of all up to it, each weighing ``beta`` times as much as the next."""
    weights = beta ** np.arange(len(values))
    return np.asarray(np.convolve(values, weights)[: len(values)] / np.cumsum(weights))


@dataclass(frozen=True)
class AdamSteps:
    """Noisy gradients and the steps that Adam makes of them, up to one step.

    Attributes
    ----------
    noise, factor : float
        The gradients have the mean ``factor`` and the deviation ``factor * noise``.
    gradients, averages : ndarray, shape (t,)
        Of one run: gradients, and the recent ones on average.
    steps : ndarray, shape (t,)
        Of this run, against the mean gradient and in multiples of the learning rate.
    mean : ndarray, shape (t,)
        Of ``RUNS`` runs.
    """

    noise: float
    factor: float
    gradients: np.ndarray
    averages: np.ndarray
    steps: np.ndarray
    mean: np.ndarray

    @property
    def predicted(self) -> float:
        """The mean gradient, divided by the root of the mean square."""
        return float(1 / np.sqrt(1 + self.noise**2))


def adam_step_size(adam: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show how long the steps of Adam are when gradients are noisy.

    Parameters
    ----------
    adam : type, optional
        The class that moves the picture, ``Adam(lr, beta1, beta2, eps)``; PyTorch's while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("Adam", adam)

    @lru_cache(maxsize=8)
    def steps(noise: float, factor: float, beta1: float, beta2: float) -> np.ndarray:
        def follow(make: Callable[..., Any]) -> np.ndarray:
            optimizer, places = make(RATE, beta1, beta2, 1e-8), np.zeros((GRADIENTS + 1, RUNS))
            for t, gradient in enumerate(factor * (1 + noise * draws())):
                places[t + 1] = _stepped("Adam", optimizer, places[t], gradient)
            return -np.diff(places, axis=0) / RATE

        return np.asarray(studied.used_by(follow))

    def model(noise: float, factor: float, beta1: float, beta2: float, t: float) -> AdamSteps:
        gradients, made = factor * (1 + noise * draws()[:, 0]), steps(noise, factor, beta1, beta2)[: int(t)]
        averages = recent_average(gradients, beta1)
        return AdamSteps(noise, factor, gradients[: int(t)], averages[: int(t)], made[:, 0], made.mean(axis=1))

    return Demo(
        title="How long are the steps of Adam?",
        question=(
            "How long are the steps without noise? When the noise is ten times the mean? "
            "What does a common factor of mean and noise change?"
        ),
        controls=(
            Slider("noise", "noise / mean", 0, 20, 3, 0.1),
            Slider("factor", "common factor", 0.01, 100, 1, 0.1, log=True),
            Slider("beta1", "β₁", 0, 0.99, 0.9, 0.01),
            Slider("beta2", "β₂", 0.9, 0.999, 0.999, 0.001),
            Slider("t", "step", 1, GRADIENTS, GRADIENTS, 1, play=8),
        ),
        model=model,
        scene=_adam_scene,
        studied=(studied,),
        size=size,
    )


def _adam_scene(stage: Stage) -> Callable[[AdamSteps], str]:
    left, right = stage.panels("Gradients", "Steps")
    left.set(
        xlim=(0, GRADIENTS), ylim=(-4, 5.5), xlabel="step", ylabel="gradient / typical size", yticks=range(-4, 5, 2)
    )
    right.set(xlim=(0, GRADIENTS), ylim=(-1.5, 2), xlabel="step", ylabel="step / learning rate", yticks=range(-1, 3))
    for panel in (left, right):
        panel.axhline(0, color=plots.GREY, lw=1)

    dots = stage.points(left, "gradient", width=0.5)
    right.plot([], [], "o", color=plots.COLOURS["gradient"], label="gradients")
    average = stage.line(left, "value")
    right.plot([], [], **plots.line("value"), label="recent ones")
    one = stage.line(right, "other", width=0.5, label="one run")
    mean = stage.line(right, "adam", label="mean of runs")
    predicted = stage.line(right, "example", width=0.6, label="1 / √(1 + s²)")
    given = stage.words(left, "gradient", align="right")
    number = stage.words(right, "adam", align="right")
    stage.legend(right, loc="upper left", bbox_to_anchor=(1.02, 1.05), borderaxespad=0)

    def show(now: AdamSteps) -> str:
        at, size = np.arange(1, len(now.steps) + 1), now.factor / now.predicted
        dots.place(at, now.gradients / size)
        average.place(at, now.averages / size)
        one.place(at, now.steps)
        mean.place(at, now.mean)
        predicted.place((0, GRADIENTS), now.predicted)
        said = f"{written(now.factor)} ± {written(now.factor * now.noise)}"
        given.place(GRADIENTS, 4.8, words=[said])
        number.place(GRADIENTS, 2.15, words=[written(now.mean[-1])])
        return (
            f"Gradients of {said}: at step {len(at)} the mean of {RUNS} runs is a step of {now.mean[-1]:.2f} times the "
            f"learning rate; 1 / √(1 + s²) is {now.predicted:.2f}."
        )

    return show
