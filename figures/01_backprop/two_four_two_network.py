"""A network with two inputs, four hidden units and two outputs: every weight is an edge."""

from itertools import pairwise, product

from matplotlib.figure import Figure
from matplotlib.patches import Circle

from figures._diagram import sheet
from gradus import plots

TITLE = "Two inputs, four hidden units, two outputs: 22 parameters"
ALT = (
    "A network drawn from left to right: two input units x1 and x2, four hidden units a1 to a4, two output units ŷ1 "
    "and ŷ2. Every unit of a column has an edge to every unit of the next one. The 8 edges between inputs and hidden "
    "units are the weights W1 of shape (2, 4), the 8 edges between hidden units and outputs the weights W2 of shape "
    "(4, 2). The 4 hidden units have the biases b1 of shape (4,), the 2 outputs the biases b2 of shape (2,): 22 "
    "parameters."
)

RADIUS = 0.55
COLUMNS = (
    ("input", 2.2, "$x_{}$", 2, "input\n$x$: (2,)"),
    ("hidden", 8.0, "$a_{}$", 4, "hidden layer\n$b_1$: (4,)"),
    ("output", 13.8, "$\\hat{{y}}_{}$", 2, "output\n$b_2$: (2,)"),
)


def draw() -> Figure:
    figure, ax = sheet(TITLE)
    ax.set_aspect("equal")
    places = [[(x, 4.75 + 1.5 * ((count - 1) / 2 - i)) for i in range(count)] for _, x, _, count, _ in COLUMNS]
    for left, right in pairwise(places):
        for (x0, y0), (x1, y1) in product(left, right):
            ax.plot([x0, x1], [y0, y1], color=plots.COLOURS["weight"], lw=2, linestyle="-", zorder=1)
    for (quantity, x, name, _, words), column in zip(COLUMNS, places, strict=True):
        for i, (_, y) in enumerate(column, start=1):
            ax.add_patch(Circle((x, y), RADIUS, facecolor=plots.WHITE, edgecolor=plots.COLOURS[quantity], lw=4))
            ax.text(x, y, name.format(i), ha="center", va="center", fontsize=19, color=plots.ink(quantity))
        ax.text(x, 0.95, words, ha="center", va="center", color=plots.ink(quantity), weight="bold", linespacing=1.4)
    for x, words in ((5.1, "$W_1$: (2, 4)\n8 weights"), (10.9, "$W_2$: (4, 2)\n8 weights")):
        ax.text(x, 0.95, words, ha="center", va="center", weight="bold", linespacing=1.4)
    return figure
