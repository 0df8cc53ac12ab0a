"""Schedules that begin with a warm-up, and the edges of one."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots

TITLE = "Warming up: a straight line, then any schedule"
TOTAL, WARMUP, SHORT = 100, 20, 4


def warm(rates: np.ndarray, steps: int) -> np.ndarray:
    """Put a warm-up of so many steps before a schedule."""
    return np.concatenate([rates[0] * np.arange(1, steps + 1) / (steps + 1), rates])


T = np.arange(TOTAL - WARMUP + 1)
# Name -> rates, look, place of the name.
SCHEDULES = {
    "constant": (warm(np.ones(len(T)), WARMUP), "sgd", (62, 1.07)),
    "half cosine": (warm((1 + np.cos(np.pi * T / T[-1])) / 2, WARMUP), "adam", (62, 0.68)),
    "step decay": (warm(0.5 ** (T // 20), WARMUP), "adagrad", (23, 0.35)),
}
EDGE = warm(np.ones(4), SHORT)
ALT = (
    f"Two panels, learning rate against the step. Left, three schedules over {TOTAL} steps with a warm-up of {WARMUP}: "
    "all rise together in a straight line to 1; then one stays constant, one falls along half a cosine to 0, and one "
    f"is a staircase that drops to one half every 20 steps. Right, the first steps of a warm-up of {SHORT} as single "
    f"dots: {', '.join(f'{rate:g}' for rate in EDGE[: SHORT + 1])} at the steps 0 to {SHORT}, and 1 from there on. The "
    "first step is not 0, and the full rate comes with the first step after the warm-up."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    left.axvspan(0, WARMUP, color=plots.COLOURS["learning rate"], alpha=0.15, lw=0)
    for name, (rates, look, at) in SCHEDULES.items():
        left.plot(rates, **plots.line(look))
        left.text(*at, name, color=plots.ink(look), weight="bold", va="center")
    left.set(xlim=(0, TOTAL), ylim=(0, 1.15), xlabel="step", ylabel="learning rate")

    right.axvspan(-0.5, SHORT - 0.5, color=plots.COLOURS["learning rate"], alpha=0.15, lw=0)
    right.plot(EDGE, ":", color=plots.GREY, lw=2)
    right.plot(EDGE, "o", color=plots.COLOURS["learning rate"], markersize=13, clip_on=False)
    for step, rate in enumerate(EDGE[:SHORT]):
        right.annotate(f"{rate:g}", (step, rate), (12, -6), textcoords="offset points", va="center")
    for ax, middle in ((left, WARMUP / 2), (right, SHORT / 2 - 0.5)):
        ax.text(middle, 1.08, "warm-up", ha="center", va="center", color=plots.ink("learning rate"), weight="bold",
                fontsize=14)  # fmt: skip
    right.set(xlim=(-0.5, len(EDGE) - 0.5), ylim=(0, 1.15), xlabel="step", xticks=range(len(EDGE)))
    return figure
