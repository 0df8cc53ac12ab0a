"""Three learning rates in the same ravine."""

import numpy as np
import torch
from matplotlib.figure import Figure

from figures._descent import descend, ground
from gradus import plots
from gradus.demos.training_loop import LANDSCAPES

TITLE = "The learning rate: too small, right, too large"
STEPS = 20
RATES = {"too small": 0.03, "about right": 0.35, "too large": 0.41}
RAVINE = LANDSCAPES["ravine"]
PATHS = {
    name: descend(lambda weights, lr=lr: torch.optim.SGD(weights, lr=lr), RAVINE.gradient, RAVINE.start, STEPS)
    for name, lr in RATES.items()
}
LEFT = {name: RAVINE.loss(path[-1]) / RAVINE.loss(path[0]) for name, path in PATHS.items()}
ALT = (
    "The same ravine three times: contour lines that are long ellipses, the minimum a star on the right, and a path "
    f"of {STEPS} steps of gradient descent from the same start on the left. Learning rate {RATES['too small']}, too "
    f"small: the path slides to the floor and hardly moves along it; {LEFT['too small']:.0%} of the loss is left. Rate "
    f"{RATES['about right']}, about right: it zigzags between the walls, less and less, and comes close to the star; "
    f"{LEFT['about right']:.1%} is left. Rate {RATES['too large']}, too large: the zigzags become wider with every "
    f"step and leave the picture, and at last the loss is {LEFT['too large']:.1f} times that of the start."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    panels = figure.subplots(1, 3, sharey=True)
    for ax, (name, path) in zip(panels, PATHS.items(), strict=True):
        ax.set(xlim=(-3, 0.7), ylim=(-1.7, 1.7), xlabel="weight $w_1$", xticks=[-2, 0], yticks=[-1, 0, 1])
        ground(ax, RAVINE.loss, np.array([0.1, 0.8, 3]), (0.0, 0.0))
        ax.plot(*path.T, "o-", color=plots.COLOURS["path"], lw=2.2, markersize=7)
        ax.plot(*path[0], "o", color=plots.COLOURS["start"], markersize=12)
        ax.set_title(f"{name}: {RATES[name]}", color=plots.ink("learning rate"), fontsize=16)
    panels[0].set_ylabel("weight $w_2$")
    return figure
