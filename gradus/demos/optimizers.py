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
        If what comes back are no two numbers.
    """
    path = np.full((STEPS + 1, 2), np.inf)
    path[0] = start
    params: Any = {"w": path[0].copy()}
    for t in range(STEPS):
        # Far outside the picture nothing is left to see, and the numbers overflow.
        if np.abs(path[t]).max() > 1e6:
            break
        stepped = optimizer.step(params, {"w": ground.gradient(path[t])})
        params = params if stepped is None else stepped
        if not isinstance(params, dict) or np.shape(params.get("w", 0)) != (2,):
            raise StudiedError(f"{name}.step has to return a dict with the same keys and shapes as params.")
        path[t + 1] = params["w"]
        if np.isnan(path[t + 1]).any():
            raise StudiedError(f"{name} is at nan after step {t + 1}.")
    return path


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
        xlim=(0, STEPS), ylim=LOSSES, yscale="log", xlabel="step", ylabel="above the lowest", **decades(-6, -4, -2, 0, 2)
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
