"""The derivative at a point is the slope of the tangent there."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots

TITLE = "The derivative is the slope of the tangent"
ALT = (
    "The parabola f(x) = x² + 2 from x = −8 to 8, with three of its tangents, each touching it in one point. At a = −6 "
    "the tangent falls steeply, its slope is −12. At a = 0, the lowest point, it is level, its slope is 0. At a = 3 it "
    "rises with slope 6. In every point the slope is 2a. Near its point the tangent can hardly be told from the curve, "
    "farther away it leaves it."
)

# Each point, half of the width over which its tangent is drawn, and where its words stand.
POINTS = ((-6, 1.9, (-4.9, 42), "left"), (0, 3.4, (-1.6, -5), "center"), (3, 2.5, (3.7, 9), "left"))


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    x = np.linspace(-8, 8, 321)
    ax.plot(x, x**2 + 2, color=plots.COLOURS["function"])
    ax.text(7.1, 61, "$f(x) = x^2 + 2$", color=plots.ink("function"), weight="bold", ha="right")
    for a, half, at, align in POINTS:
        ends = np.array([a - half, a + half])
        ax.plot(ends, a**2 + 2 + 2 * a * (ends - a), color=plots.COLOURS["tangent"], linestyle="-")
        ax.plot(a, a**2 + 2, "o", color=plots.COLOURS["tangent"], markersize=11)
        words = f"$a$ = {a}: slope {2 * a}".replace("-", "−")
        ax.text(*at, words, color=plots.ink("tangent"), weight="bold", ha=align, va="center")
    ax.set(xlim=(-8.3, 8.3), ylim=(-12, 69), xlabel="$x$", ylabel="$f(x)$", xticks=range(-6, 7, 3))
    return figure
