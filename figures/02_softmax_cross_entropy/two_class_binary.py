"""Cross-entropy of two classes and binary cross-entropy are one function."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradus import plots

TITLE = "Two-class cross-entropy is binary cross-entropy"
ALT = (
    "Two panels against the score s of class 1, from −6 to 6, the score of class 0 being 0. Left, the probability of "
    "class 1: the second component of softmax([0, s]), a broad band, and the sigmoid of s, a thin dashed line, "
    "lie exactly on each other, rising from 0 through 0.5 at s = 0 to 1. Right, the loss in nats: it falls from 6 to 0 "
    "for target 1 and rises from 0 to 6 for target 0, they cross at ln 2 = 0.69; again the two-class band and the "
    "dashed binary line coincide."
)


def draw() -> Figure:
    s = np.linspace(-6, 6, 241)
    scores = np.stack([np.zeros_like(s), s], axis=1)
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    sigmoid = 1 / (1 + np.exp(-s))

    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    left, right = figure.subplots(1, 2)
    _pair(left, s, softmax[:, 1], sigmoid, "probability")
    left.set(xlabel="score $s$ of class 1", ylabel="probability of class 1", yticks=[0, 0.5, 1], xticks=range(-6, 7, 3))
    left.text(0.4, 0.28, "softmax([0, s])", color=plots.ink("probability"), weight="bold")
    left.text(0.4, 0.15, "σ(s), dashed", weight="bold")

    _pair(right, s, -np.log(softmax[:, 1]), -np.log(sigmoid), "loss")
    _pair(right, s, -np.log(softmax[:, 0]), -np.log(1 - sigmoid), "true class")
    right.set(xlabel="score $s$ of class 1", ylabel="loss (nats)", ylim=(0, 6.6), xticks=range(-6, 7, 3))
    right.text(-3.9, 5.0, "target 1", color=plots.ink("loss"), weight="bold")
    right.text(3.9, 5.0, "target 0", color=plots.ink("true class"), weight="bold", ha="right")
    right.text(0, 6.2, "dashed: binary cross-entropy", ha="center", va="center")
    right.annotate("ln 2 = 0.69", (0, np.log(2)), (0, 96), textcoords="offset points", ha="center",
                   arrowprops={"arrowstyle": "-", "color": plots.GREY})  # fmt: skip
    return figure


def _pair(ax: Axes, s: np.ndarray, two_classes: np.ndarray, binary: np.ndarray, quantity: str) -> None:
    """The two-class curve as a band, the binary one as a thin line on it."""
    ax.plot(s, two_classes, color=plots.COLOURS[quantity], lw=11, alpha=0.45, linestyle="-")
    ax.plot(s, binary, color=plots.BLACK, lw=2.2, linestyle="--")
