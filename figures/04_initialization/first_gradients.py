"""The very first gradient of each layer, for four rules of initialization."""

import numpy as np
from matplotlib.figure import Figure

from figures._depth import LOOKS, first_gradients

TITLE = "The first gradient of each layer, before any learning"
HIDDEN = 4
FOUND = first_gradients(HIDDEN)
WORDS = [
    f"{rule}: {sizes[-1]:.2f} at the output, {np.format_float_positional(sizes[0], 2, fractional=False)} at the first "
    f"layer, a factor of {sizes[-1] / sizes[0]:,.0f}"
    for rule, sizes in FOUND.items()
]
ALT = (
    f"Size of the gradient of the biases in the five layers of networks with {HIDDEN} hidden layers, on a logarithmic "
    "axis, at the first step on the digits, for two activations and two sizes of the first weights each. "
    f"{'; '.join(WORDS)}. Weights that are too small, dotted lines with open marks, make straight lines that fall "
    "steeply towards the input; with weights of a good size the lines are level or fall a little."
)
# Where the names stand: the layer and the height.
PLACES = {
    "sigmoid, 1/√fan-in": (1.05, 0.014),
    "sigmoid, 4/√fan-in": (3.2, 0.95),
    "tanh, 0.1/√fan-in": (2.7, 0.000055),
    "tanh, Xavier": (1.25, 0.045),
}


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    layers = range(1, HIDDEN + 2)
    for rule, sizes in FOUND.items():
        ax.semilogy(layers, sizes, markersize=10, **LOOKS[rule])
        ax.text(*PLACES[rule], rule, color=LOOKS[rule]["color"], weight="bold", va="center")
    ax.set(xlim=(0.8, 5.2), ylim=(5e-6, 2), xticks=list(layers), xlabel="layer, counted from the input")
    ax.set_ylabel("gradient of the biases")
    ax.set_yticks([1e-5, 1e-4, 1e-3, 0.01, 0.1, 1], ["$10^{-5}$", "$10^{-4}$", "0.001", "0.01", "0.1", "1"])
    ax.minorticks_off()
    return figure
