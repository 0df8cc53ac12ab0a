"""Where early stopping stops, and which parameters it keeps."""

import numpy as np
from matplotlib.figure import Figure

from figures._notebook import notebook
from gradus import data, plots

TITLE = "Early stopping keeps the best epoch, not the last"
EPOCHS, IMAGES, WRONG, PATIENCE = 80, 200, 40, 20


def run() -> tuple[np.ndarray, int, int]:
    """Losses of each epoch (training, validation), the best epoch and the one after which training stops."""
    loop, digits, rng = notebook("03"), data.digits(), np.random.default_rng(1)
    x, y = digits.train.x[:IMAGES], digits.train.y[:IMAGES].copy()
    y[:WRONG] = (y[:WRONG] + rng.integers(1, 10, size=WRONG)) % 10
    params = loop.new_network(np.random.default_rng(0), n_hidden=256)
    stopper, losses, stops = loop.EarlyStopping(PATIENCE), [], []
    for epoch in range(EPOCHS):
        params, (loss,) = loop.train(params, loop.loss_and_gradient, x, y, 0.2, 20, 1, rng)
        losses.append((loss, loop.loss_and_gradient(params, digits.validation.x, digits.validation.y)[0]))
        if stopper.update(losses[-1][1], params):
            stops.append(epoch)
    # Rounded, so that the last digits of another processor's products do not change the file.
    both = np.round(losses, 5).T
    return both, int(both[1].argmin()), stops[0]


LOSSES, BEST, STOP = run()
LOWEST = LOSSES[1, BEST]
ALT = (
    f"Two losses over {EPOCHS} epochs. The network learns {IMAGES} images of digits, {WRONG} of them with a wrong "
    f"label. The training loss goes on falling, from {LOSSES[0, 0]:.2f} to {LOSSES[0, -1]:.2f}: the wrong labels are "
    f"being learned by heart. The validation loss, dashed, falls to its lowest value, {LOWEST:.2f} at epoch {BEST}, "
    f"marked best, and then rises, to {LOSSES[1, -1]:.2f} in the last epoch. With a patience of {PATIENCE} epochs "
    f"training stops after epoch {STOP}, marked by a vertical line; everything right of it is shaded. The parameters "
    f"of epoch {BEST} are kept."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    for name, values in zip(("train", "validation"), LOSSES, strict=True):
        ax.plot(range(EPOCHS), values, **plots.line(name))
    ax.axvspan(STOP, EPOCHS, color=plots.PALE, alpha=0.6, lw=0)
    ax.axvline(STOP, color=plots.GREY, lw=2)
    ax.plot(BEST, LOWEST, "o", color=plots.COLOURS["minimum"], markersize=15, zorder=4)
    ax.annotate(f"best: {LOWEST:.2f}\nepoch {BEST}", (BEST, LOWEST), (0, -14), textcoords="offset points",
                ha="center", va="top", color=plots.ink("minimum"), weight="bold")  # fmt: skip
    ax.text(STOP + 1, 1.7, f"stop: {PATIENCE} epochs\nwithout a better loss", weight="bold", va="top")
    ax.text(EPOCHS - 1, 1.05, "validation", color=plots.ink("validation"), weight="bold", ha="right")
    ax.text(EPOCHS - 1, 0.14, "training", color=plots.ink("train"), weight="bold", ha="right")
    ax.set(xlim=(-1, EPOCHS), ylim=(0, 1.8), xlabel="epoch, from 0", ylabel="loss (nats)")
    return figure
