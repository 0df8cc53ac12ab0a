"""The gradient of cross-entropy: what was predicted minus what was true."""

import numpy as np
from matplotlib.figure import Figure

from figures._diagram import blank
from figures._example import CLASSES, PROBABILITIES, TRUE
from gradus import plots

TITLE = "The gradient of cross-entropy: predicted minus true"
ALT = (
    "Three bar charts over the classes cat, dog, fox and owl, dog being the true one. The predicted probabilities are "
    "0.287, 0.071, 0.640 and 0.002. Minus the true distribution, which is 1 for dog and 0 elsewhere. Equals the "
    "gradient of the loss of this one example with respect to the scores: 0.287, −0.929, 0.640 and 0.002, which sum "
    "to 0. A step against the gradient raises the score of dog and lowers the others, fox most of all."
)


def draw() -> Figure:
    one_hot = np.eye(4)[TRUE]
    columns = (
        ("probability", PROBABILITIES, "predicted $p$"),
        ("true class", one_hot, "true $y$"),
        ("gradient", PROBABILITIES - one_hot, "gradient $p - y$\n(one example)"),
    )
    figure = blank(TITLE)
    for i, (quantity, values, title) in enumerate(columns):
        ax = figure.add_axes((0.085 + 0.295 * i, 0.17, 0.23, 0.58), ylim=(-1.2, 1.2))
        bars = ax.bar(CLASSES, values, width=0.6, color=plots.COLOURS[quantity])
        digits = "%.0f" if quantity == "true class" else "%.3f"
        ax.bar_label(bars, [(digits % value).replace("-", "−") for value in values], padding=3, fontsize=13)
        ax.axhline(0, color=plots.GREY, lw=1.2)
        ax.set_title(title, loc="center", color=plots.ink(quantity))
        ax.set(xlabel="class", ylabel=("probability", "", "gradient")[i])
        ax.set_yticks([-1, 0, 1], ["", "", ""] if i == 1 else ["−1", "0", "1"])
        if i == 2:
            ax.yaxis.tick_right()
            ax.yaxis.set_label_position("right")
        ax.get_xticklabels()[TRUE].set(color=plots.ink("true class"), fontweight="bold")
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.tick_params(left=False, right=False, bottom=False)
    figure.text(0.3475, 0.46, "−", fontsize=34, weight="bold", ha="center", va="center")
    figure.text(0.6425, 0.46, "=", fontsize=34, weight="bold", ha="center", va="center")
    return figure
