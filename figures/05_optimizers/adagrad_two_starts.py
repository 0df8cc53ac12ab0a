"""AdaGrad does not feel that one direction is steeper than the other."""

import numpy as np
import torch
from matplotlib.figure import Figure

from figures._descent import descend, ground
from gradus import plots

TITLE = "Ten steps of AdaGrad on x² + 3y², from two starts"
CURVATURE, RATE, STEPS = np.array([2.0, 6.0]), 0.5, 10
STARTS = ((-3.0, -1.0), (-1.0, -3.0))
PATHS = [
    descend(lambda w: torch.optim.Adagrad(w, lr=RATE, eps=1e-8), lambda w: CURVATURE * w, start, STEPS)
    for start in STARTS
]
ENDS = [
    "({:.2f}, {:.2f})".format(*np.round(path[-1], 2) + 0.0).replace("-", "−") for path in PATHS
]  # + 0.0: no minus zero
ALT = (
    "Contour lines of a bowl that is three times as steep along y as along x, with a star at the minimum, (0, 0). Two "
    f"paths of {STEPS} steps of AdaGrad with learning rate {RATE}. One, orange dots, starts in (−3, −1) and comes to "
    f"{ENDS[0]}; the other, blue squares, starts in (−1, −3) and comes to {ENDS[1]}. They are mirror images of each "
    "other, with x and y swapped: the steepness does not matter. Every step is shorter than the one before."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    ax.set(xlim=(-3.9, 2.5), ylim=(-3.3, 0.6), aspect="equal", xlabel="$x$", ylabel="$y$", yticks=range(-3, 1))
    ground(ax, lambda w: (CURVATURE * w**2).sum(axis=-1) / 2, np.array([0.3, 1.5, 4, 8, 14, 22, 32]), (0.0, 0.0))
    for path, marker, name, offset in zip(PATHS, "os", ("adagrad", "momentum"), ((-34, -26), (16, 0)), strict=True):
        ax.plot(*path.T, marker=marker, markersize=9, **plots.line(name))
        ax.plot(*path[0], marker, color=plots.COLOURS[name], markersize=14)
        words = f"start ({path[0][0]:.0f}, {path[0][1]:.0f})".replace("-", "−")
        ax.annotate(words, tuple(path[0]), offset, textcoords="offset points", color=plots.ink(name), weight="bold",
                    va="center")  # fmt: skip
    return figure
