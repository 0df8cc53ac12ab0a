"""Where descent arrives depends on where it starts."""

import numpy as np
import torch
from matplotlib.figure import Figure

from figures._descent import descend
from gradus import plots

TITLE = "Two starts, two minima: descent only sees the slope"
RATE, STEPS = 0.05, 40
STARTS = (-1.75, 1.75)


def loss(w: np.ndarray) -> np.ndarray:
    return (w**2 - 1) ** 2 / 2 + 0.35 * w + 0.5


def slope(w: np.ndarray) -> np.ndarray:
    return 2 * w * (w**2 - 1) + 0.35


PATHS = [descend(lambda w: torch.optim.SGD(w, lr=RATE), slope, (start,), STEPS)[:, 0] for start in STARTS]
(GOOD, GOOD_LOSS), (BAD, BAD_LOSS) = ((path[-1], loss(path[-1])) for path in PATHS)
LEFT, DEEPEST = f"{STARTS[0]}".replace("-", "−"), f"{GOOD:.2f}".replace("-", "−")
ALT = (
    "A loss of one weight, a curve with two valleys and a hill between them. Two paths of gradient descent with the "
    f"same learning rate and {STEPS} steps are drawn as marks on the curve. From the left start, {LEFT}, dots run into "
    f"the deeper valley, the global minimum at {DEEPEST} with loss {GOOD_LOSS:.2f}. From the right start, {STARTS[1]}, "
    f"squares run into the higher valley, a local minimum at {BAD:.2f} with loss {BAD_LOSS:.2f}, and stay there: the "
    "slope is 0, and nothing tells that there is a deeper place behind the hill."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    w = np.linspace(-2, 2, 161)
    ax.plot(w, loss(w), color=plots.COLOURS["loss"], zorder=1)
    for path, marker, colour in zip(PATHS, "os", (plots.BLACK, plots.BLUE), strict=True):
        ax.plot(path, loss(path), marker, color=colour, markersize=9, alpha=0.75)
        ax.plot(path[0], loss(path[0]), marker, color=colour, markersize=15)
    for x, y, words, name in ((GOOD, GOOD_LOSS, "global minimum", "minimum"), (BAD, BAD_LOSS, "local minimum", "loss")):
        label = f"{words}\nloss {y:.2f}"
        ax.annotate(label, (x, y), (0, -14), textcoords="offset points", ha="center", va="top",
                    color=plots.ink(name), weight="bold")  # fmt: skip
    for path, side in zip(PATHS, ("left", "right"), strict=True):
        offset = (14, 0) if side == "left" else (-14, 0)
        ax.annotate("start", (path[0], loss(path[0])), offset, textcoords="offset points", ha=side, va="center")
    ax.set(xlim=(-2.1, 2.1), ylim=(-0.9, 3.9), xlabel="weight $w$", ylabel="loss", yticks=range(4))
    return figure
