"""A range test on the digits."""

import numpy as np
from matplotlib.figure import Figure

from figures._notebook import notebook
from gradus import data, plots

TITLE = "The range test: a learning rate that grows with every step"
STEPS, SMOOTHING, BATCH, TOP = 120, 0.8, 64, 9
RATES = np.geomspace(0.001, 10, STEPS)


def run() -> tuple[np.ndarray, np.ndarray]:
    """Loss of each batch, and its moving average."""
    loop, train, rng = notebook("03"), data.digits().train, np.random.default_rng(0)
    params, losses, smoothed = loop.new_network(np.random.default_rng(0)), [], []
    for lr in RATES:
        rows = rng.integers(len(train.x), size=BATCH)
        loss, grads = loop.loss_and_gradient(params, train.x[rows], train.y[rows])
        params = {name: params[name] - lr * grads[name] for name in params}
        losses.append(loss)
        smoothed.append(SMOOTHING * smoothed[-1] + (1 - SMOOTHING) * loss if smoothed else loss)
    # Rounded and cut off above the picture: the last digits of another processor's products must not change the file.
    return np.round(np.minimum(losses, TOP), 3), np.round(np.minimum(smoothed, TOP), 3)


LOSSES, SMOOTHED = run()
STEEPEST = int(np.gradient(SMOOTHED, np.log(RATES)).argmin())
LOWEST = int(SMOOTHED.argmin())
ALT = (
    f"Loss of each batch against the learning rate, which grows from {RATES[0]:g} to {RATES[-1]:g} in {STEPS} steps, "
    "on a logarithmic axis; a thin line for single batches, and a thick one for their moving average. The loss stays "
    f"at {SMOOTHED[0]:.1f} for small rates, then falls; it falls fastest at {RATES[STEEPEST]:.2f}, marked by a "
    f"vertical line, is lowest, {SMOOTHED[LOWEST]:.2f}, at {RATES[LOWEST]:.1f}, and then rises steeply and leaves the "
    "picture: there the rate is too large."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    ax.semilogx(RATES, LOSSES, color=plots.COLOURS["loss"], lw=1.5, alpha=0.6, linestyle="-")
    ax.semilogx(RATES, SMOOTHED, color=plots.COLOURS["loss"], lw=4)
    ax.axvline(RATES[STEEPEST], color=plots.COLOURS["learning rate"], linestyle="--")
    ax.annotate(f"steepest: {RATES[STEEPEST]:.2f}", (RATES[STEEPEST], 0.4), (-10, 0), textcoords="offset points",
                ha="right", va="center", color=plots.ink("learning rate"), weight="bold")  # fmt: skip
    ax.text(0.0011, 3.0, "too small:\nnothing happens", va="center")
    ax.text(3.6, 2.5, "too\nlarge", va="center")
    ax.set(xlim=(0.001, 10), ylim=(0, 5.2), xlabel="learning rate", ylabel="loss of the batch (nats)")
    ax.set_xticks([0.001, 0.01, 0.1, 1, 10], ["0.001", "0.01", "0.1", "1", "10"])
    ax.minorticks_off()
    return figure
