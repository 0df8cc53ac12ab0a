"""Five optimizers in the same ravine."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.optim import SGD, Adagrad, Adam, RMSprop

from figures._descent import descend, ground
from gradus import plots
from gradus.demos.training_loop import LANDSCAPES

TITLE = "Five optimizers in a ravine, each with its best rate"
STEPS, NEAR, RAVINE = 80, 0.1, LANDSCAPES["ravine"]
RATES = np.geomspace(0.01, 2.56, 17)
# Name in the palette -> name in words and the optimizer.
OPTIMIZERS = {
    "sgd": ("SGD", SGD),
    "momentum": ("momentum", partial(SGD, momentum=0.7)),
    "adagrad": ("AdaGrad", partial(Adagrad, eps=1e-8)),
    "rmsprop": ("RMSProp", partial(RMSprop, alpha=0.9)),
    "adam": ("Adam", Adam),
}


def needed(path: np.ndarray) -> int:
    """The first step from which on a path stays near the minimum."""
    far = np.flatnonzero(np.linalg.norm(path, axis=1) > NEAR)
    return int(far[-1]) + 1


def tuned(make: Callable[..., torch.optim.Optimizer]) -> tuple[float, np.ndarray]:
    """The rate, of all that are tried, with which the fewest steps are needed, and its path."""
    paths = [(lr, descend(partial(make, lr=lr), RAVINE.gradient, RAVINE.start, STEPS)) for lr in RATES]
    return min(paths, key=lambda tried: needed(tried[1]))


TUNED = {name: tuned(make) for name, (_, make) in OPTIMIZERS.items()}
NEEDED = {name: needed(path) for name, (_, path) in TUNED.items()}
WORDS = [f"{OPTIMIZERS[name][0]} {NEEDED[name]} with rate {lr:.2g}" for name, (lr, _) in TUNED.items()]
ALT = (
    "Five panels with the contour lines of a ravine, and in each the path of an optimizer from the same start, upper "
    f"left, to the star at the minimum. Each has the best of {len(RATES)} learning rates. SGD zigzags between the "
    "walls, less and less, and then creeps along the floor. Momentum, with a share of 7 tenths, swings from wall to "
    "wall in long steps. AdaGrad, RMSProp and Adam go down diagonally. The sixth panel lists how many steps are "
    f"needed until the path stays within {NEAR} of the minimum: {', '.join(WORDS)}. The walls are parallel to the axes "
    "here, which suits the last three."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    panels = figure.subplots(2, 3)
    for ax in panels.flat:
        ax.set_axis_off()
    for ax, (name, (lr, path)) in zip(panels.flat, TUNED.items(), strict=False):
        ax.set(xlim=(-3, 1), ylim=(-1.3, 1.3))
        ground(ax, RAVINE.loss, np.array([0.1, 1.2]), (0.0, 0.0))
        ax.plot(*path[: NEEDED[name] + 1].T, "-", marker="o", color=plots.COLOURS[name], lw=2.5, markersize=6)
        ax.set_title(f"{OPTIMIZERS[name][0]}, rate {lr:.2g}", color=plots.ink(name), fontsize=16)
    table = panels.flat[-1]
    table.text(0, 1.1, f"steps until\nwithin {NEAR}", weight="bold", va="center", transform=table.transAxes)
    for row, (name, steps) in enumerate(NEEDED.items()):
        look = {"color": plots.ink(name), "va": "center", "transform": table.transAxes}
        table.text(0, 0.75 - 0.21 * row, OPTIMIZERS[name][0], **look)
        table.text(1, 0.75 - 0.21 * row, str(steps), ha="right", **look)
    return figure
