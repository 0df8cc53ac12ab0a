"""Learning rate and batch size: at a fixed number of epochs, their ratio counts."""

import numpy as np
from matplotlib.figure import Figure

from figures._notebook import notebook
from gradus import data, plots

TITLE = "Same ratio of learning rate and batch size, same curve"
EPOCHS, SEEDS = 20, 5
# Batch size and learning rate -> colour, dashes, marker, height of the name.
CURVES = {
    (64, 0.2): (plots.BLUE, "-", "o", 98),
    (64, 0.05): (plots.GREEN, "-", "s", 91),
    (256, 0.2): (plots.VERMILLION, "--", "^", 84),
    (256, 0.05): (plots.ORANGE, "-.", "D", 76),
}


def accuracies(batch: int, lr: float) -> np.ndarray:
    """Validation accuracy in per cent, shape (SEEDS, EPOCHS)."""
    loop, digits, found = notebook("03"), data.digits(), []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        params, after = loop.new_network(rng), []
        for _ in range(EPOCHS):
            params, _ = loop.train(params, loop.loss_and_gradient, digits.train.x, digits.train.y, lr, batch, 1, rng)
            after.append(100 * loop.accuracy(params, digits.validation))
        found.append(after)
    return np.array(found)


FOUND = {curve: accuracies(*curve) for curve in CURVES}
WORDS = [
    f"{found[:, -1].mean():.0f} per cent ({found[:, -1].min():.0f} to {found[:, -1].max():.0f}) with batches of "
    f"{batch} and rate {lr}"
    for (batch, lr), found in FOUND.items()
]
ALT = (
    f"Validation accuracy on the digits over {EPOCHS} epochs, for two batch sizes and two learning rates. Each curve "
    f"is the mean of {SEEDS} seeds, in a band from the lowest to the highest of them. At the end: {'; '.join(WORDS)}. "
    "The two curves in the middle, a small batch with the small rate and a large one with the large rate, have the "
    "same ratio and lie on each other all the way. The other two are faster and slower. All bands are wide at first "
    "and become narrow."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    epochs = np.arange(1, EPOCHS + 1)
    for (batch, lr), (colour, dashes, marker, height) in CURVES.items():
        found = FOUND[batch, lr]
        ax.fill_between(epochs, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.18, lw=0)
        ax.plot(
            epochs, found.mean(axis=0), color=colour, linestyle=dashes, marker=marker, markersize=7, markevery=(1, 3)
        )
        ax.plot(EPOCHS + 1, height, marker, color=colour, markersize=11)
        ax.text(EPOCHS + 1.6, height, f"{batch}, rate {lr}", va="center")
    ax.text(EPOCHS + 0.6, 105, "batch size, rate", weight="bold", va="center")
    ax.set(xlim=(0, 27), ylim=(0, 108), xlabel="epoch", ylabel="validation accuracy (%)", xticks=range(0, 21, 5))
    return figure
