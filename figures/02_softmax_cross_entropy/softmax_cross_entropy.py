"""The worked example: four scores become probabilities, and the probability of the true class becomes a loss."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures._diagram import arrow, blank
from figures._example import CLASSES, EXPONENTIALS, PROBABILITIES, SCORES, TRUE
from gradus import plots

TITLE = "From scores to a loss: softmax and cross-entropy"
ALT = (
    "Four classes in four rows: cat, dog, fox, owl; the true class is dog. First column, the scores: 3.0, 1.6, 3.8 "
    "and −2.0. An arrow labelled exp leads to the second column, their exponentials: 20.09, 4.95, 44.70 and 0.14, "
    "sum 69.88. An arrow labelled divide by the sum leads to the probabilities: 0.2874, 0.0709, 0.6397 and 0.0019. An "
    "arrow labelled minus ln leads to the loss, which looks at the true class only: minus ln of the unrounded 0.0709 "
    "is 2.647 nats."
)

LEFT, WIDTH, GAP = 0.115, 0.18, 0.045


def draw() -> Figure:
    losses = np.where(np.arange(4) == TRUE, -np.log(PROBABILITIES), np.nan)
    columns = (
        ("score", SCORES, "{:.1f}", "score $s$", (-3.4, 6.6), "any real number"),
        ("exponential", EXPONENTIALS, "{:.2f}", "$e^{s}$", (0, 74), f"sum {EXPONENTIALS.sum():.2f}"),
        ("probability", PROBABILITIES, "{:.4f}", "probability $p$", (0, 1.15), "sum 1"),
        ("loss", losses, "{:.3f}", "loss (nats)", (0, 5.2), "true class only"),
    )

    figure = blank(TITLE)
    middles = [LEFT + i * (WIDTH + GAP) + WIDTH / 2 for i in range(4)]
    for middle, (quantity, values, form, label, limits, note) in zip(middles, columns, strict=True):
        ax = figure.add_axes((middle - WIDTH / 2, 0.15, WIDTH, 0.55))
        _bars(ax, quantity, values, form)
        ax.set(xlim=limits, ylabel="class" if quantity == "score" else "")
        ax.set_xlabel(label, color=plots.ink(quantity), weight="bold", labelpad=10)
        figure.text(middle, 0.09, note, ha="center", va="center")
        if quantity == "score":
            ax.set(yticks=range(4), yticklabels=CLASSES)
            ax.get_yticklabels()[TRUE].set(color=plots.ink("true class"), fontweight="bold")
    for start, end, step in zip(middles, middles[1:], ("exp", "÷ sum", "−ln"), strict=False):
        arrow(figure, (start + 0.015, 0.83), (end - 0.015, 0.83))
        figure.text((start + end) / 2, 0.85, step, ha="center", weight="bold")
    return figure


def _bars(ax: Axes, quantity: str, values: np.ndarray, form: str) -> None:
    """One column of the table: a bar and its number for each class, the true class's row shaded."""
    ax.axhspan(TRUE - 0.5, TRUE + 0.5, color=plots.COLOURS["true class"], alpha=0.18, lw=0)
    ax.barh(range(4), values, height=0.6, color=plots.COLOURS[quantity])
    for row in np.flatnonzero(np.isfinite(values)):
        number = form.format(values[row]).replace("-", "−")
        weight = "bold" if row == TRUE else "normal"
        ax.annotate(number, (max(values[row], 0), row), (6, 0), textcoords="offset points", va="center", weight=weight)
    ax.axvline(0, color=plots.GREY, lw=1)
    ax.set(xticks=[], yticks=[], ylim=(3.6, -0.6))
    ax.xaxis.set_label_position("top")
    ax.tick_params(left=False)
    ax.grid(False)
    ax.spines[:].set_visible(False)
