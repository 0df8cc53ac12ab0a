"""Paths down a loss of two weights, for chapters 03 and 05: the optimizers are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes

from gradus import plots

Make = Callable[[list[torch.Tensor]], torch.optim.Optimizer]


def descend(
    make: Make, gradient: Callable[[np.ndarray], np.ndarray], start: tuple[float, ...], steps: int
) -> np.ndarray:
    """Walk down with an optimizer; shape (steps + 1, number of weights), the start included."""
    w = torch.tensor(start, dtype=torch.float64)
    optimizer, path = make([w]), [w.numpy().copy()]
    for _ in range(steps):
        w.grad = torch.from_numpy(gradient(path[-1]))
        optimizer.step()
        path.append(w.numpy().copy())
    return np.array(path)


def ground(
    ax: Axes, loss: Callable[[np.ndarray], np.ndarray], levels: np.ndarray, minimum: tuple[float, float]
) -> None:
    """Draw contour lines of a loss within the limits of an axes, and a star at its minimum."""
    # A coarse grid bends the lines enough for a hall, and keeps the file small.
    w = np.stack(np.meshgrid(np.linspace(*ax.get_xlim(), 41), np.linspace(*ax.get_ylim(), 41)), axis=-1)
    ax.contour(*np.moveaxis(w, -1, 0), loss(w), levels=levels, colors=plots.GREY, linewidths=1.2, alpha=0.6)
    ax.plot(*minimum, "*", color=plots.COLOURS["minimum"], markersize=22, zorder=4, clip_on=False)
    ax.grid(False)
