"""The triangular schedule."""

import numpy as np
from matplotlib.figure import Figure

from figures._diagram import arrow
from gradus import plots

TITLE = "A triangular learning rate goes up and down"
LOW, HIGH, HALF, STEPS = 0.2, 1.0, 25, np.arange(101)
RATES = LOW + (HIGH - LOW) * (1 - abs(STEPS % (2 * HALF) - HALF) / HALF)
ALT = (
    f"Learning rate against the step, from 0 to {STEPS[-1]}: a zigzag of straight lines between two dashed level "
    f"lines, the smallest rate {LOW} and the largest rate {HIGH}. It starts at the smallest rate, reaches the largest "
    f"one after {HALF} steps, half a cycle, marked by an arrow, and is back after {2 * HALF}; then the same again. The "
    f"peaks are at the steps {' and '.join(str(step) for step in STEPS[RATES == HIGH])}."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    for rate, word, x, y in ((LOW, "smallest", 14, LOW - 0.06), (HIGH, "largest", 50, HIGH + 0.06)):
        ax.axhline(rate, color=plots.GREY, lw=2, linestyle="--")
        ax.text(x, y, f"{word} rate {rate}", ha="center", va="center")
    ax.plot(STEPS, RATES, color=plots.COLOURS["learning rate"], lw=4)
    arrow(ax, (2 * HALF, 0.1), (3 * HALF, 0.1), arrowstyle="<|-|>")
    ax.text(3 * HALF + 1, 0.1, f"half a cycle: {HALF} steps", va="center", weight="bold")
    ax.set(xlim=(0, STEPS[-1]), ylim=(0, 1.13), xlabel="step", ylabel="learning rate", xticks=range(0, 101, 25))
    return figure
