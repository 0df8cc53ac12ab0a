"""Demos of gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm

from gradus import plots
from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.stage import Stage, decades, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = 60
# Limits of the picture of the loss; beyond them a triangle on the edge says on which side it is.
LOSSES = (1e-6, 1e3)
Step = Callable[[dict[str, np.ndarray], dict[str, np.ndarray], float], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Landscape:
    """A loss of two weights.

    Attributes
    ----------
    loss : callable
        Weights (..., 2) to loss (...).
    gradient : callable
        Weights (2,) to gradient (2,).
    start : tuple of float
        Where descent starts.
    minima : tuple of tuple of float
        Where the loss is lowest.
    """

    loss: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]


def _quadratic(curvature: np.ndarray, start: tuple[float, float]) -> Landscape:
    return Landscape(lambda w: (curvature * w**2).sum(axis=-1) / 2, lambda w: curvature * w, start, ((0.0, 0.0),))


def _valley_loss(w: np.ndarray) -> np.ndarray:
    a, b = w[..., 0], w[..., 1]
    return 0.1 * (1 - a) ** 2 + (b - a**2 / 2) ** 2


def _valley_gradient(w: np.ndarray) -> np.ndarray:
    a, b = w
    return np.array([-0.2 * (1 - a) - 2 * a * (b - a**2 / 2), 2 * (b - a**2 / 2)])


LANDSCAPES = {
    "bowl": _quadratic(np.array([1.0, 1.0]), (-2.4, 1.5)),
    "ravine": _quadratic(np.array([0.25, 5.0]), (-2.6, 0.9)),
    "valley": Landscape(_valley_loss, _valley_gradient, (-2.2, 0.3), ((1.0, 0.5),)),
}


@dataclass(frozen=True)
class Descent:
    """Gradient descent up to one step.

    Attributes
    ----------
    path : ndarray, shape (t + 1, 2)
        The weights, start included.
    losses : ndarray, shape (t + 1,)
        Their losses, infinite once the weights have run away.
    """

    path: np.ndarray
    losses: np.ndarray


def descend(step: Step, landscape: Landscape, lr: float, steps: int) -> np.ndarray:
    """Walk down a landscape.

    Parameters
    ----------
    step : callable
        ``step(params, grads, lr)`` returns the new params, dicts of arrays.
    landscape : Landscape
    lr : float
        Learning rate.
    steps : int

    Returns
    -------
    ndarray, shape (steps + 1, 2)
        The weights, start included; infinite once they have run away.
    """
    path = np.full((steps + 1, 2), np.inf)
    path[0] = landscape.start
    for t in range(steps):
        # Far outside the picture nothing is left to see, and the numbers overflow.
        if np.abs(path[t]).max() > 1e6:
            break
        params = {"w": path[t].copy()}
        path[t + 1] = step(params, {"w": landscape.gradient(path[t])}, lr)["w"]
    return path


def descent(sgd_step: Step | None = None, *, size: str = "notebook") -> Demo:
    """Show the path of gradient descent on three landscapes.

    Parameters
    ----------
    sgd_step : callable, optional
        The function that moves the picture, ``sgd_step(params, grads, lr)`` to new params; PyTorch's while there is
        none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("sgd_step", sgd_step)

    @lru_cache(maxsize=8)
    def whole_path(landscape: str, lr: float) -> np.ndarray:
        return descend(_checked(studied), LANDSCAPES[landscape], lr, STEPS)

    def model(landscape: str, lr: float, t: float) -> Descent:
        path = whole_path(landscape, lr)[: int(t) + 1]
        with np.errstate(all="ignore"):
            losses = np.where(np.isinf(path).any(axis=1), np.inf, LANDSCAPES[landscape].loss(path))
        return Descent(path, losses)

    return Demo(
        title="The path of gradient descent",
        question=(
            "From which learning rate on does the path zigzag? From which does it leave the picture? "
            "Which direction decides?"
        ),
        controls=(
            Slider("lr", "learning rate", 0.01, 2.5, 0.1, 0.02, log=True),
            Slider("t", "step", 0, STEPS, 20, 1, play=6),
            Choice("landscape", "landscape", tuple(LANDSCAPES), "ravine"),
        ),
        model=model,
        scene=_descent_scene,
        set_by=("landscape",),
        studied=(studied,),
        size=size,
    )


def draw_landscape(stage: Stage, ax: Axes, ground: Landscape) -> None:
    """Draw the contour lines and the minima of a landscape."""
    ax.set(
        xlim=(-3, 3),
        ylim=(-2, 2),
        xlabel="weight $w_1$",
        ylabel="weight $w_2$",
        xticks=range(-3, 4),
        yticks=range(-2, 3),
    )
    w = np.stack(np.meshgrid(np.linspace(-3, 3, 121), np.linspace(-2, 2, 81)), axis=-1)
    loss = ground.loss(w)
    surface: dict[str, Any] = {"levels": np.geomspace(0.02, loss.max(), 12), "norm": LogNorm(0.005, 4 * loss.max())}
    ax.contourf(*np.moveaxis(w, -1, 0), loss + 1e-9, cmap=plots.SURFACE + "_r", alpha=0.35, extend="min", **surface)
    ax.contour(*np.moveaxis(w, -1, 0), loss, levels=surface["levels"], colors=plots.GREY, linewidths=0.8)
    star: dict[str, Any] = {"color": plots.COLOURS["minimum"], "ms": 1.6 * stage.figure.get_figwidth(), "ls": ""}
    ax.plot(*np.transpose(ground.minima), "*", label="minimum", **star)
    ax.grid(False)


def _descent_scene(stage: Stage, landscape: str) -> Callable[[Descent], str]:
    left, right = stage.panels("Path", "Loss", width_ratios=(1.6, 1))
    ground = LANDSCAPES[landscape]
    draw_landscape(stage, left, ground)
    right.set(
        xlim=(0, STEPS),
        ylim=LOSSES,
        yscale="log",
        xlabel="step",
        ylabel="loss",
        **decades(-6, -3, 0, 3),
    )

    path = stage.line(left, "path")
    stops = stage.points(left, "path", width=0.6)
    start = stage.points(left, "start", marker="s", label="start")
    now_at = stage.points(left, "path", width=1.5)
    curve = stage.line(right, "path")
    now_loss = stage.points(right, "path", width=1.5)
    above = stage.points(right, "path", marker="^", width=1.5)
    below = stage.points(right, "path", marker="v", width=1.5)
    number = stage.words(right, "path", align="right")
    stage.legend(left, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)

    def show(now: Descent) -> str:
        t = len(now.path) - 1
        with np.errstate(invalid="ignore"):
            x, y = now.path.T
            losses = np.maximum(now.losses, LOSSES[0] / 10)
        path.place(x, y)
        stops.place(x, y)
        start.place(*ground.start)
        now_at.place(x[-1], y[-1])
        curve.place(range(t + 1), losses)
        now_loss.place(t, losses[-1])
        above.place(t if now.losses[-1] > LOSSES[1] else np.nan, LOSSES[1])
        below.place(t if now.losses[-1] < LOSSES[0] else np.nan, LOSSES[0])
        first, last = _written(now.losses[0]), _written(now.losses[-1])
        number.place(STEPS, 8 * LOSSES[1], words=[f"loss {last}"])
        where = (
            "has left the picture" if not (abs(x[-1]) < 3 and abs(y[-1]) < 2) else f"is at ({x[-1]:.2f}, {y[-1]:.2f})"
        )
        steps = "1 step" if t == 1 else f"{t} steps"
        return f"After {steps} in the {landscape} the path {where}; the loss went from {first} to {last}."

    return show


def _written(loss: float) -> str:
    # Nobody computed how large it is when the path has run away; every landscape is higher than this out there.
    return "> 10¹¹" if np.isinf(loss) else written(loss)


EXAMPLES, UPDATES = 256, 100
# So many of the last steps say how far a path typically is from the minimum: a single one may be close by chance.
LATELY = 50
BATCHES = {**{f"{size} of {EXAMPLES}": size for size in (1, 4, 16, 64)}, "all": EXAMPLES}
# Limits of the picture of the distance to the minimum.
DISTANCES = (1e-4, 30.0)


@dataclass(frozen=True)
class Problem:
    """Least squares with two weights: ``N`` examples, of which every batch is a sample.

    Attributes
    ----------
    x : ndarray, shape (N, 2)
        Inputs.
    y : ndarray, shape (N,)
        Targets.
    best : ndarray, shape (2,)
        The weights with the least mean squared error.
    """

    x: np.ndarray
    y: np.ndarray
    best: np.ndarray

    def gradient(self, w: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Gradient of half the mean squared error of some examples."""
        x, error = self.x[rows], self.x[rows] @ w - self.y[rows]
        return error @ x / len(error)

    def loss(self, w: np.ndarray) -> np.ndarray:
        """Half the mean squared error of all examples, for weights (..., 2)."""
        return ((w @ self.x.T - self.y) ** 2).mean(axis=-1) / 2


@lru_cache(maxsize=1)
def problem() -> Problem:
    """The problem of the demo: directions of different curvature, and noise that no weights explain."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(EXAMPLES, 2)) * [1.0, 0.45]
    y = x @ [1.0, 0.5] + 0.8 * rng.normal(size=EXAMPLES)
    return Problem(x, y, np.linalg.lstsq(x, y)[0])


@dataclass(frozen=True)
class Walks:
    """Descent with the gradient of all examples and with that of a batch, up to one step.

    Attributes
    ----------
    exact, noisy : ndarray, shape (t + 1, 2)
        The weights, start included.
    batch : int
        Examples in a batch.
    """

    exact: np.ndarray
    noisy: np.ndarray
    batch: int

    def distances(self, walk: np.ndarray) -> np.ndarray:
        """How far each step of a walk is from the minimum."""
        return np.asarray(np.linalg.norm(walk - problem().best, axis=1))


def walk(step: Step, batch: int, lr: float) -> np.ndarray:
    """Go down the mean squared error with the gradients of batches.

    Parameters
    ----------
    step : callable
        ``step(params, grads, lr)`` returns the new params, dicts of arrays.
    batch : int
        Examples in a batch, drawn anew for every step, each from all of them; all examples if it is ``EXAMPLES``.
    lr : float
        Learning rate.

    Returns
    -------
    ndarray, shape (UPDATES + 1, 2)
        The weights, start included.
    """
    rng, given = np.random.default_rng(0), problem()
    path = np.full((UPDATES + 1, 2), np.inf)
    path[0] = -1.6, 2.2
    for t in range(UPDATES):
        if np.abs(path[t]).max() > 1e6:
            break
        rows = slice(None) if batch == EXAMPLES else rng.integers(EXAMPLES, size=batch)
        path[t + 1] = step({"w": path[t].copy()}, {"w": given.gradient(path[t], rows)}, lr)["w"]
    return path


def batch_size(sgd_step: Step | None = None, *, size: str = "notebook") -> Demo:
    """Show the path of gradient descent on all examples and on small batches.

    Parameters
    ----------
    sgd_step : callable, optional
        The function that moves the picture, ``sgd_step(params, grads, lr)`` to new params; PyTorch's while there is
        none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("sgd_step", sgd_step)
    whole_walk = lru_cache(maxsize=16)(lambda batch, lr: walk(_checked(studied), batch, lr))

    def model(batch: str, lr: float, t: float) -> Walks:
        end = int(t) + 1
        return Walks(whole_walk(EXAMPLES, lr)[:end], whole_walk(BATCHES[batch], lr)[:end], BATCHES[batch])

    return Demo(
        title="Gradient descent with batches",
        question=(
            "What happens to the path of small batches close to the minimum? "
            "What makes its wandering smaller: a larger batch, a smaller learning rate, or both?"
        ),
        controls=(
            Slider("lr", "learning rate", 0.01, 0.63, 0.63, 0.02, log=True),
            Slider("t", "step", 0, UPDATES, UPDATES, 1, play=6),
            Choice("batch", "batch size", tuple(BATCHES), f"4 of {EXAMPLES}"),
        ),
        model=model,
        scene=_batch_scene,
        studied=(studied,),
        size=size,
    )


def _batch_scene(stage: Stage) -> Callable[[Walks], str]:
    given = problem()
    left, right = stage.panels("Path", "Distance", width_ratios=(1.2, 1))
    left.set(xlim=(-2.5, 3), ylim=(-2, 3), xlabel="weight $w_1$", ylabel="weight $w_2$")
    w = np.stack(np.meshgrid(np.linspace(-2.5, 3, 111), np.linspace(-2, 3, 101)), axis=-1)
    above_least = given.loss(w) - given.loss(given.best)
    left.contour(
        *np.moveaxis(w, -1, 0), above_least, levels=np.geomspace(0.01, 10, 10), colors=plots.GREY, linewidths=0.8
    )
    star: dict[str, Any] = {"color": plots.COLOURS["minimum"], "ms": 1.6 * stage.figure.get_figwidth(), "ls": ""}
    left.plot(*given.best, "*", **star)
    left.grid(False)
    right.set(
        xlim=(0, UPDATES),
        ylim=DISTANCES,
        yscale="log",
        xlabel="step",
        ylabel="distance",
        **decades(-4, -3, -2, -1, 0, 1),
    )

    exact, noisy = stage.line(left, "other", label="exact"), stage.line(left, "path", width=0.7, label="batches")
    now_exact, now_noisy = stage.points(left, "other", width=1.3), stage.points(left, "path", width=1.3)
    curve_exact, curve_noisy = stage.line(right, "other"), stage.line(right, "path", width=0.7)
    number = stage.words(right, "path", align="right")
    stage.legend(left, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)

    def show(now: Walks) -> str:
        steps = range(len(now.noisy))
        ends = []
        for path, line, point, curve in (
            (now.exact, exact, now_exact, curve_exact),
            (now.noisy, noisy, now_noisy, curve_noisy),
        ):
            line.place(*path.T)
            point.place(*path[-1])
            with np.errstate(invalid="ignore"):
                distances = now.distances(path)
                typical = np.sqrt(np.mean(distances[-LATELY:] ** 2))
            curve.place(steps, np.maximum(distances, DISTANCES[0] / 10))
            ends.append(_written(typical))
        number.place(UPDATES, 1.25 * DISTANCES[1], words=[f"lately {ends[1]}"])
        many = "all examples" if now.batch == EXAMPLES else f"batches of {now.batch}"
        said = f"{ends[1]} with {many} and {ends[0]} with the exact gradient"
        last = min(LATELY, len(now.noisy))
        return f"In the last {last} of {len(now.noisy) - 1} steps the typical distance to the minimum is {said}."

    return show


def _checked(studied: Studied) -> Step:
    """A step of descent whose result has the shape of the weights."""

    def step(params: dict[str, np.ndarray], grads: dict[str, np.ndarray], lr: float) -> dict[str, np.ndarray]:
        result: Any = studied(params, grads, lr)
        if not isinstance(result, dict) or np.shape(result.get("w", 0)) != (2,):
            raise StudiedError("sgd_step has to return a dict with the same keys and shapes as params.")
        return result

    return step
