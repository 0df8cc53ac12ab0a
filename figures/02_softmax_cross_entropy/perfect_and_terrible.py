"""What cross-entropy makes of a prediction that is right and sure, and of one that is wrong and sure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures._example import CLASSES, TRUE
from gradus import plots

TITLE = "Sure and right costs nothing, sure and wrong costs a lot"
ALT = (
    "Left, two bar charts of predicted probabilities for cat, dog, fox and owl; dog is the true class. A nearly "
    "perfect prediction, from scores 0, 20, 0, 0, gives dog all the probability: the loss is 0.00 nats. A terrible "
    "one, from scores 20, 0, 0, 0, gives it all to cat: the loss is 20.00 nats. Right, the curve of minus ln p against "
    "the probability p of the true class: 0.00 at p = 1, 1.39 nats at p = 0.25, where a network is that knows nothing "
    "about the four classes, and climbing without bound along the axis towards p = 0, where the terrible prediction "
    "sits at 20.00."
)

PERFECT, TERRIBLE = np.array([0.0, 20, 0, 0]), np.array([20.0, 0, 0, 0])


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    panels = figure.subplot_mosaic([["perfect", "curve"], ["terrible", "curve"]], width_ratios=[1, 1.35])
    _prediction(panels["perfect"], PERFECT, "nearly perfect")
    _prediction(panels["terrible"], TERRIBLE, "terrible")
    _curve(panels["curve"])
    return figure


def _prediction(ax: Axes, scores: np.ndarray, name: str) -> None:
    probabilities = np.exp(scores) / np.exp(scores).sum()
    ax.bar(CLASSES, probabilities, width=0.6, color=plots.COLOURS["probability"])
    ax.axvspan(TRUE - 0.45, TRUE + 0.45, color=plots.COLOURS["true class"], alpha=0.18, lw=0, zorder=0)
    ax.set_title(f"{name}: {-np.log(probabilities[TRUE]):.2f} nats", fontsize=15)
    ax.set(ylim=(0, 1.05), yticks=[0, 1], xlabel="class", ylabel="probability")
    ax.get_xticklabels()[TRUE].set(color=plots.ink("true class"), fontweight="bold")
    ax.grid(False)


def _curve(ax: Axes) -> None:
    p = np.geomspace(1e-9, 1, 600)
    ax.plot(p, -np.log(p), **plots.line("loss"))
    marks = (
        (np.exp(-20), "terrible: 20.00", (14, 0), "left"),
        (0.25, "knows nothing: 1.39", (4, 32), "left"),
        (1.0, "nearly perfect: 0.00", (4, 22), "right"),
    )
    for probability, text, offset, align in marks:
        loss = -np.log(probability)
        ax.plot(probability, loss, "o", color=plots.COLOURS["loss"], markersize=11, clip_on=False)
        ax.annotate(text, (probability, loss), offset, textcoords="offset points", ha=align, va="center", weight="bold",
                    color=plots.ink("loss"))  # fmt: skip
    ax.text(0.5, 11, "loss = $-\\ln\\,p$", fontsize=22, color=plots.ink("loss"), ha="center")
    ax.set(
        xlim=(-0.01, 1.01),
        ylim=(0, 21.5),
        yticks=range(0, 21, 5),
        xlabel="probability $p$ of the true class",
        ylabel="loss (nats)",
    )
