"""Constant, time, exponential and step decay with the same first rate."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots

TITLE = "Four ways to lower the learning rate, or not"
STEPS, DECAY, FACTOR, EVERY = np.arange(101), 0.05, 0.5, 20
# Name -> rates, the quantity whose look it has, and the height of its name at the right.
SCHEDULES = {
    "constant": (np.ones(len(STEPS)), "sgd", 1),
    "time decay": (1 / (1 + DECAY * STEPS), "momentum", 0.21),
    "step decay": (FACTOR ** (STEPS // EVERY), "adagrad", 0.095),
    "exponential": (np.exp(-DECAY * STEPS), "adam", -0.01),
}
WORDS = [f"{name} {rates[-1]:.2g}" for name, (rates, *_) in SCHEDULES.items()]
ALT = (
    f"Learning rate against the step, from 0 to {STEPS[-1]}, for four schedules that all begin at 1. The constant one "
    "is a level line. Time decay, one over 1 plus a twentieth of the step, falls quickly at first and then more and "
    "more slowly. Exponential decay falls by the same share in every step. Step decay is a staircase that drops to "
    f"one half every {EVERY} steps. Rates at the end: {', '.join(WORDS)}."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    for name, (rates, look, height) in SCHEDULES.items():
        ax.plot(STEPS, rates, drawstyle="steps-post" if name == "step decay" else "default", **plots.line(look))
        ax.text(103, height, name, color=plots.ink(look), weight="bold", va="center")
    ax.set(xlim=(0, 130), ylim=(-0.06, 1.1), xlabel="step", ylabel="learning rate", xticks=range(0, 101, 20))
    return figure
