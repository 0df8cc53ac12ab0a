"""How long the updates of AdaGrad and RMSProp are, under the same gradients."""

import numpy as np
import torch
from matplotlib.figure import Figure

from figures._descent import descend
from gradus import plots

TITLE = "Length of the update, when the gradient gets smaller"
RATE, BEFORE, STEPS, SMALL = 0.01, 100, 240, 0.1
GRADIENTS = np.where(np.arange(STEPS) < BEFORE, 1.0, SMALL)
OPTIMIZERS = {
    "adagrad": lambda w: torch.optim.Adagrad(w, lr=RATE, eps=1e-8),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=RATE, alpha=0.9, eps=1e-8),
}


def lengths(name: str) -> np.ndarray:
    """Length of every update, in multiples of the learning rate."""
    given = iter(GRADIENTS)
    path = descend(OPTIMIZERS[name], lambda w: np.array([next(given)]), (0.0,), STEPS)
    return -np.diff(path[:, 0]) / RATE


LENGTHS = {name: lengths(name) for name in OPTIMIZERS}
ADAGRAD, RMSPROP = LENGTHS.values()
ALT = (
    f"Length of the update divided by the learning rate, on a logarithmic axis, over {STEPS} steps. The gradient is 1 "
    f"for the first {BEFORE} steps; then, in the shaded part, {SMALL}. AdaGrad's length begins at {ADAGRAD[0]:.0f} and "
    f"falls to {ADAGRAD[BEFORE - 1]:.2f} at step {BEFORE}; then it drops to {ADAGRAD[BEFORE]:.3f}, and never grows "
    f"again. RMSProp's, dotted, begins at {RMSPROP[0]:.1f} and settles at {RMSPROP[BEFORE - 1]:.0f}; when the gradient "
    f"gets smaller, it drops to {RMSPROP[BEFORE]:.2f}, but in some fifty steps it comes back to {RMSPROP[-1]:.0f}: it "
    "forgets the large gradients."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    ax.axvspan(BEFORE + 0.5, STEPS, color=plots.COLOURS["gradient"], alpha=0.15, lw=0)
    for left, size in ((4, 1), (BEFORE + 4, SMALL)):
        ax.text(left, 5.5, f"gradient {size}", color=plots.ink("gradient"), weight="bold", va="center")
    for name, word, at in (("adagrad", "AdaGrad", (60, 0.07)), ("rmsprop", "RMSProp", (40, 1.6))):
        ax.semilogy(range(1, STEPS + 1), LENGTHS[name], **plots.line(name))
        ax.text(*at, word, color=plots.ink(name), weight="bold", va="center")
    ax.set(xlim=(0, STEPS), ylim=(0.005, 9), xlabel="step", ylabel="length of the update / rate")
    ax.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    ax.minorticks_off()
    return figure
