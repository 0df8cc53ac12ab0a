"""The effective learning rate of AdaGrad under steady gradients."""

import numpy as np
import torch
from matplotlib.figure import Figure

from figures._descent import descend
from gradus import plots

TITLE = "AdaGrad slows down, whatever the size of the gradient"
RATE, STEPS, SIZES = 0.1, 1000, np.array([0.1, 1.0, 10.0])
PATH = descend(lambda w: torch.optim.Adagrad(w, lr=RATE, eps=1e-8), lambda w: SIZES, (0.0, 0.0, 0.0), STEPS)
EFFECTIVE = -np.diff(PATH, axis=0) / SIZES
WORDS = [
    f"for gradients of {size:g} from {values[0]:.2g} to {values[-1]:.2g}"
    for size, values in zip(SIZES, EFFECTIVE.T, strict=True)
]
ALT = (
    f"Effective learning rate of AdaGrad, the length of a step divided by the gradient, over {STEPS:,} steps with a "
    "gradient that is always the same, for three sizes of it; both axes are logarithmic, and the learning rate is "
    f"{RATE}. Three parallel straight lines fall: {'; '.join(WORDS)}. Larger gradients have a lower rate, in "
    "proportion, so all steps are equally long; and every rate falls with one over the root of the number of steps."
)
LOOKS = ((":", "^"), ("--", "s"), ("-", "o"))


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    steps = np.unique(np.geomspace(1, STEPS, 25).round().astype(int))
    for size, values, (dashes, marker) in zip(SIZES, EFFECTIVE.T, LOOKS, strict=True):
        ax.loglog(steps, values[steps - 1], color=plots.COLOURS["adagrad"], linestyle=dashes, marker=marker,
                  markersize=9, markevery=6)  # fmt: skip
        ax.text(12, values[11] * 2, f"gradient {size:g}", weight="bold", color=plots.ink("adagrad"), va="center")
    ax.text(1.3, 5e-4, "every line: $\\eta\\,/\\,(|g|\\,\\sqrt{t})$", va="center", fontsize=18)
    ax.set(xlim=(0.9, 1200), ylim=(2e-4, 3), xlabel="step $t$", ylabel="effective learning rate")
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.set_yticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
    ax.minorticks_off()
    return figure
