"""The path of gradient descent beside that of stochastic gradient descent."""

import numpy as np
from matplotlib.figure import Figure

from figures._descent import ground
from gradus import plots
from gradus.demos.training_loop import EXAMPLES, problem, walk

TITLE = "All examples or four of them: two ways down"
STEPS, BATCH, RATE = 60, 4, 0.5
PATHS = {
    name: walk(lambda params, grads, lr: {"w": params["w"] - lr * grads["w"]}, batch, RATE)[: STEPS + 1]
    for name, batch in (("exact", EXAMPLES), ("noisy", BATCH))
}
BEST = problem().best
LAST = {name: np.linalg.norm(path[-20:] - BEST, axis=1).mean() for name, path in PATHS.items()}
ALT = (
    f"Contour lines of the mean squared error of {EXAMPLES} examples over two weights: ellipses around a star, the "
    f"minimum. Two paths of {STEPS} steps with the same learning rate start in the same place, upper left. Gradient "
    "descent with all examples is a smooth curve that bends and runs into the star, with shorter and shorter steps. "
    f"SGD with batches of {BATCH} examples goes the same way on the whole, but in zigzags, and never settles: over the "
    f"last 20 steps it is {LAST['noisy']:.2f} away from the minimum on average, the smooth path {LAST['exact']:.2f}."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    ax.set(xlim=(-1.9, 2.3), ylim=(-0.6, 2.5), xlabel="weight $w_1$", ylabel="weight $w_2$")
    lowest = problem().loss(BEST)
    ground(ax, problem().loss, lowest + np.array([0.02, 0.1, 0.3, 0.7, 1.3, 2.2, 3.3]), tuple(BEST))
    noisy, exact = PATHS["noisy"], PATHS["exact"]
    ax.plot(*noisy.T, "o-", color=plots.COLOURS["path"], lw=2, markersize=5)
    ax.plot(*exact.T, "s-", color=plots.COLOURS["sgd"], lw=3, markersize=6)
    ax.plot(*exact[0], "o", color=plots.COLOURS["start"], markersize=14)
    ax.text(-0.75, 2.2, f"all {EXAMPLES} examples", weight="bold")
    ax.text(-1.3, 1.3, f"batches of {BATCH}", color=plots.ink("path"), weight="bold")
    return figure
