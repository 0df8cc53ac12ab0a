"""Why every row is shifted by its own maximum before the exponential."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots

TITLE = "Stable softmax: shift every row by its own maximum"
ALT = (
    "Three number lines of exponents from −1000 to 1000. Above 709.8 the exponential overflows to infinity, below "
    "−745.1 it underflows to 0; both zones are shaded. Row A holds the scores 0 and 1, row B 900 and 901. Unshifted, "
    "row B lies in the overflow zone and its softmax is infinity over infinity. After subtracting the maximum of the "
    "whole batch, 901, row A lies in the underflow zone and its softmax is 0 over 0. After subtracting each row's own "
    "maximum both rows lie at −1 and 0, and both are right."
)

ROWS = {"A": np.array([0.0, 1.0]), "B": np.array([900.0, 901.0])}
SHIFTS = (
    ("each score as it is", {"A": 0, "B": 0}, "row B: ∞ / ∞"),
    ("minus the batch's maximum", {"A": 901, "B": 901}, "row A: 0 / 0"),
    ("minus the row's maximum", {"A": 1, "B": 901}, "both rows right"),
)
MARKERS = {"A": ("o", plots.BLUE), "B": ("s", plots.ORANGE)}
# Half of the smallest float64, 2^-1074, still rounds up to it: below that, exponentials are 0.
LARGEST, SMALLEST = np.log(np.finfo(float).max), -1075 * np.log(2)

EDGE = 1250


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    ax.axvspan(LARGEST, EDGE, color=plots.COLOURS["loss"], alpha=0.2, lw=0)
    ax.axvspan(-EDGE, SMALLEST, color=plots.GREY, alpha=0.3, lw=0)
    over, under = (LARGEST + EDGE) / 2, (SMALLEST - EDGE) / 2
    ax.text(over, -0.62, "$e^x$ = ∞", ha="center", va="center", color=plots.ink("loss"), weight="bold")
    ax.text(under, -0.62, "$e^x$ = 0", ha="center", va="center", weight="bold")
    for height, (name, shifts, verdict) in enumerate(SHIFTS):
        right = verdict.startswith("both")
        ax.axhline(height, color=plots.GREY, lw=1.2, zorder=1)
        ax.text(SMALLEST + 25, height - 0.4, name, va="center", fontsize=15)
        ax.text(LARGEST - 25, height - 0.4, verdict, va="center", ha="right", weight="bold", fontsize=15,
                color=plots.ink("true class" if right else "loss"))  # fmt: skip
        for row, scores in ROWS.items():
            marker, colour = MARKERS[row]
            exponents = scores - shifts[row]
            # Both scores of a row fall on one point at this scale; rows that coincide are set one above the other.
            x, y = exponents.mean(), height + (right and {"A": -0.12, "B": 0.12}[row])
            ax.plot(x, y, marker, color=colour, markersize=15)
            low, high = (f"{value:.0f}".replace("-", "−") for value in exponents)
            at, align = (over, "center") if x > LARGEST else (under, "center") if x < SMALLEST else (x + 35, "left")
            ax.text(at, y if right else y + 0.26, f"{row}: {low} and {high}", ha=align, va="center", fontsize=14)
    ax.set(xlim=(-EDGE, EDGE), ylim=(2.6, -0.85), xlabel="exponent $x$ (float64)", yticks=[])
    ax.set_xticks([-1000, SMALLEST, 0, LARGEST, 1000], ["−1000", "−745.1", "0", "709.8", "1000"])
    ax.spines["left"].set_visible(False)
    return figure
