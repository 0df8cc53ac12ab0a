"""Sigmoid, tanh and ReLU, and how steep they are."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots
from gradus.demos.initialization import ACTIVATIONS, look_at_activation

TITLE = "Three activation functions and their slopes"
Z = np.linspace(-4, 4, 161)
# Name -> its colour, its dashes, and where its name stands in either panel.
CURVES = {
    "tanh": (plots.BLUE, "-", (2.2, 0.7), (0.75, 0.82)),
    "ReLU": (plots.GREEN, "--", (-0.7, 1.7), (2.2, 1.07)),
    "sigmoid": (plots.VERMILLION, "-.", (-3.9, 0.25), (-3.9, 0.3)),
}
SLOPES = {name: np.array([look_at_activation(name, z).slope for z in Z]) for name in CURVES}
STEEPEST = {name: f"{slopes.max():.2f}".rstrip("0").rstrip(".") for name, slopes in SLOPES.items()}
ENDS = {name: f"{slopes[-1]:.1g}" for name, slopes in SLOPES.items()}
ALT = (
    "Two panels against the input z, from −4 to 4. Left, the functions: the sigmoid rises from 0 to 1 and is one half "
    "at 0; the tanh rises from −1 to 1, through 0; the ReLU is 0 for negative inputs and z for positive ones. Right, "
    f"their slopes: that of the tanh is a bell of height {STEEPEST['tanh']} that has fallen to {ENDS['tanh']} at the "
    f"ends; that of the sigmoid a low, broad bell of height {STEEPEST['sigmoid']}, {ENDS['sigmoid']} at the ends; that "
    f"of the ReLU jumps from 0 to {STEEPEST['ReLU']} at 0 and stays there."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    left, right = figure.subplots(1, 2)
    for name, (colour, dashes, at, slope_at) in CURVES.items():
        left.plot(Z, ACTIVATIONS[name](Z), color=colour, linestyle=dashes)
        left.text(*at, name, color=colour, weight="bold")
        slopes = np.where((name == "ReLU") & (Z == 0), np.nan, SLOPES[name])  # a jump, not a steep line
        right.plot(Z, slopes, color=colour, linestyle=dashes)
        right.text(*slope_at, name, color=colour, weight="bold")
    left.set(xlabel="input $z$", ylabel="activation", ylim=(-1.2, 2.2), xticks=range(-4, 5, 2), yticks=[-1, 0, 1, 2])
    right.set(xlabel="input $z$", ylabel="slope", ylim=(-0.05, 1.2), xticks=range(-4, 5, 2), yticks=[0, 0.25, 0.5, 1])
    right.set_yticklabels(["0", "1/4", "1/2", "1"])
    return figure
