"""What enters the ReLUs of a deep network during training, without and with batch normalization."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots
from gradus.demos.batch_normalization import STEPS, watched

TITLE = "What enters the ReLUs of layer 4 during the first 100 steps"
LAYER, RATE = 4, 0.1
# Rounded: the last digits of another processor's products must not change the file.
FOUND = {name: np.round(watched(name == "with batch normalization", RATE)[0][:, LAYER - 1], 2)
         for name in ("without", "with batch normalization")}  # fmt: skip
WIDTHS = {name: quantiles[:, 2] - quantiles[:, 0] for name, quantiles in FOUND.items()}
PLAIN, NORMALIZED = WIDTHS.values()
ALT = (
    f"Two panels with the median and the middle 90 % of the values that enter the ReLUs of layer {LAYER}, over {STEPS} "
    f"steps of training. Without batch normalization the band is {PLAIN[0]:.1f} wide at first and widens, unevenly, to "
    f"{PLAIN[-1]:.1f}. With batch normalization it stays {NORMALIZED[-1]:.1f} wide in all steps."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    steps = np.arange(STEPS + 1)
    for ax, (name, quantiles) in zip(figure.subplots(1, 2, sharey=True), FOUND.items(), strict=True):
        low, middle, high = quantiles.T
        ax.fill_between(steps, low, high, color=plots.COLOURS["activation"], alpha=0.3, lw=0)
        ax.plot(steps, middle, **plots.line("activation"))
        ax.set_title(name, fontsize=17)
        ax.set(xlim=(0, STEPS), ylim=(-3.5, 3.5), xlabel="step")
    figure.axes[0].set_ylabel("value")
    figure.axes[1].text(96, 2.3, "90 % of the values", ha="right", color=plots.ink("activation"), weight="bold")
    return figure
