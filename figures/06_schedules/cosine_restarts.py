"""Half a cosine, again and again, each cycle twice as long."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots

TITLE = "Warm restarts: half a cosine, again and again"
CYCLES = (20, 40, 80)
STARTS = np.cumsum((0, *CYCLES))
RATES = [(1 + np.cos(np.pi * np.arange(length) / length)) / 2 for length in CYCLES]
LAST = [f"{rates[-1]:.4f}" for rates in RATES]
ALT = (
    f"Learning rate against the step, from 0 to {STARTS[-1]}, in three cycles of {CYCLES[0]}, {CYCLES[1]} and "
    f"{CYCLES[2]} steps, each twice as long as the one before. In each cycle the rate begins at 1, stays high for a "
    f"while, falls along half a cosine nearly to 0, and then jumps back to 1: at the steps {STARTS[1]} and "
    f"{STARTS[2]}, marked by vertical dotted lines. The last rates of the cycles are {LAST[0]}, {LAST[1]} and "
    f"{LAST[2]}: 0 itself never occurs, in its place comes the restart."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    for start, length, rates in zip(STARTS, CYCLES, RATES, strict=False):
        ax.plot(np.arange(start, start + length), rates, "-", color=plots.COLOURS["learning rate"], lw=4)
        ax.plot(start, 1, "o", color=plots.COLOURS["learning rate"], markersize=12, clip_on=False)
        ax.text(start + length / 2, 1.12, f"{length} steps", ha="center", va="center", weight="bold")
        if start:
            ax.axvline(start, color=plots.GREY, lw=2, linestyle=":")
            ax.annotate("restart", (start, 0.2), (8, 0), textcoords="offset points", va="center")
    ax.set(xlim=(-1, STARTS[-1]), ylim=(-0.03, 1.2), xlabel="step", ylabel="learning rate", xticks=[*STARTS])
    ax.set_yticks([0, 0.5, 1])
    return figure
