"""A network before and after dropout."""

from itertools import pairwise, product

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures._diagram import sheet
from gradus import plots

TITLE = "Dropout: every pass of the training has a network of its own"
SIZES, P_DROP = (4, 6, 6, 3), 0.5
KINDS = ("input", "hidden", "hidden", "output")


def kept() -> list[np.ndarray]:
    """Which neurons of each layer are there: dropout leaves out hidden ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        masks = [torch.nn.functional.dropout(torch.ones(size), P_DROP).numpy() > 0 for size in SIZES[1:-1]]
    return [np.ones(SIZES[0], bool), *masks, np.ones(SIZES[-1], bool)]


MASKS = kept()
LEFT = [int(mask.sum()) for mask in MASKS]
CONNECTIONS = [sum(a * b for a, b in pairwise(sizes)) for sizes in (SIZES, LEFT)]
ALT = (
    f"Two drawings of a network with {SIZES[0]} inputs, two hidden layers of {SIZES[1]} neurons and {SIZES[-1]} "
    f"outputs. Left, in use: all {CONNECTIONS[0]} connections between neighbouring layers. Right, one pass of the "
    f"training with p = {P_DROP}: {LEFT[1]} neurons of the first and {LEFT[2]} of the second hidden layer are kept. "
    f"The others are crossed out and have no connections; {CONNECTIONS[1]} of the connections remain."
)


def network(ax: Axes, left: float, masks: list[np.ndarray]) -> None:
    """Draw neurons and connections; dropped neurons are crossed out and have none."""
    places = [
        [(left + 2.2 * layer, 4.4 + 1.05 * (i - (size - 1) / 2)) for i in range(size)]
        for layer, size in enumerate(SIZES)
    ]
    for here, there in pairwise(zip(places, masks, strict=True)):
        for (start, starts), (end, ends) in product(zip(*here, strict=True), zip(*there, strict=True)):
            if starts and ends:
                x, y = zip(start, end, strict=True)
                ax.plot(x, y, color=plots.COLOURS["weight"], lw=1, linestyle="-", alpha=0.6, zorder=1)
    for neurons, mask, kind in zip(places, masks, KINDS, strict=True):
        for (x, y), there in zip(neurons, mask, strict=True):
            look = {"markerfacecolor": plots.COLOURS[kind]} if there else {"markerfacecolor": "white"}
            edge = plots.COLOURS[kind] if there else plots.GREY
            ax.plot(x, y, "o", ms=22, markeredgecolor=edge, mew=2, zorder=2, **look)
            if not there:
                ax.plot(x, y, "x", ms=13, color=plots.COLOURS["error"], mew=3, zorder=3)


def draw() -> Figure:
    figure, ax = sheet(TITLE)
    everyone = [np.ones(size, bool) for size in SIZES]
    for left, masks, words in ((0.9, everyone, "in use"), (8.5, MASKS, f"one pass of the training, p = {P_DROP}")):
        network(ax, left, masks)
        ax.text(left + 3.3, 0.8, words, ha="center", va="center")
    return figure
