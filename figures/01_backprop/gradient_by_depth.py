"""What is left of the gradient after twenty layers."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots
from gradus.demos.initialization import gradient_sizes

TITLE = "How much of the gradient reaches the first layer"
ALT = (
    "Standard deviation of the gradient at each of 20 layers of a random network, on a logarithmic axis, for three "
    "activations. The layers have 64 units and the weights a standard deviation of one eighth. The gradient comes from "
    "the right, from layer 20, where it has about the same size for all three. Going left, towards layer 1, it loses "
    "less than one power of ten through tanh, about three through ReLU, and about twelve through the sigmoid, which "
    "takes nearly the same factor at every layer: a straight line."
)

LAYERS, WIDTH = 20, 64
# Name -> its colour, its dashes, and where its name stands.
CURVES = {
    "tanh": (plots.BLUE, "-", (4, 10)),
    "ReLU": (plots.GREEN, "--", (4, 6e-5)),
    "sigmoid": (plots.VERMILLION, "-.", (5.5, 6e-8)),
}


def draw() -> Figure:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(LAYERS, WIDTH, WIDTH)) / np.sqrt(WIDTH)
    x, arriving = rng.normal(size=(2, WIDTH, WIDTH))
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    layers = np.arange(1, LAYERS + 1)
    for name, (colour, dashes, at) in CURVES.items():
        sizes = gradient_sizes(weights, x, arriving, 1.0, name)
        ax.plot(layers, sizes, color=colour, linestyle=dashes, marker="o", markersize=7)
        ax.text(*at, name, color=colour, weight="bold", ha="center", va="center")
    ax.set(yscale="log", xlabel="layer (the gradient comes from the right)", ylabel="std. dev. of the gradient")
    ax.set(xlim=(0.4, LAYERS + 0.6), ylim=(1e-14, 1e2), xticks=[1, 5, 10, 15, 20])
    ax.set_yticks([1e-12, 1e-8, 1e-4, 1], ["$10^{-12}$", "$10^{-8}$", "$10^{-4}$", "$1$"])
    ax.minorticks_off()
    return figure
