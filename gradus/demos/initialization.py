"""Demos of what depth does to activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.stage import Stage, decades, written

# Small enough that no library starts threads for one layer: on a busy machine they wait for each other.
LAYERS, WIDTH, EXAMPLES = 20, 64, 64
# An odd number of bins: 0, where half of ReLU's activations are, is in the middle of one.
EDGES = np.linspace(-2.05, 2.05, 42)
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
    "none": lambda z: z,
}


@dataclass(frozen=True)
class Activations:
    """Activations of a deep network before any training.

    Attributes
    ----------
    counts : ndarray, shape (L, 41)
        Per layer, the share of activations in each bin between ``EDGES``; the outermost bins also hold what lies
        beyond.
    spreads : ndarray, shape (L,)
        Standard deviation over the examples, mean over the units of a layer: how far it still tells examples apart.
    """

    counts: np.ndarray
    spreads: np.ndarray


def run_through_layers(weights: np.ndarray, x: np.ndarray, gain: float, activation: str, depth: int) -> Activations:
    """Run examples through a network and take the histogram of every layer's activations.

    Parameters
    ----------
    weights : ndarray, shape (L, D, D)
        Weights whose variance is 1 / D.
    x : ndarray, shape (N, D)
        Examples.
    gain : float
        The weights are multiplied by it.
    activation : str
        A key of ``ACTIVATIONS``.
    depth : int
        Number of layers, at most L.

    Raises
    ------
    StudiedError
        If an activation is not finite.
    """
    layers = np.empty((depth, *x.shape))
    with np.errstate(all="ignore"):
        for layer in range(depth):
            x = ACTIVATIONS[activation](x @ (gain * weights[layer]))
            layers[layer] = x
    if not np.isfinite(layers).all():
        raise StudiedError("The activations are not finite: the weights hold nan or inf, or are far too large.")
    bins = len(EDGES) - 1
    # Each further layer has bins of its own.
    places = np.clip((layers - EDGES[0]) / (EDGES[1] - EDGES[0]), 0, bins - 1).astype(np.intp)
    places += bins * np.arange(depth)[:, None, None]
    counts = np.bincount(places.ravel(), minlength=depth * bins).reshape(depth, bins) / x.size
    return Activations(counts, layers.std(axis=1).mean(axis=1))


def activations(xavier_uniform: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show the distribution of activations through twenty layers.

    Parameters
    ----------
    xavier_uniform : callable, optional
        The function that draws the weights, ``(fan_in, fan_out, rng)`` to an array ``(fan_in, fan_out)``; PyTorch's
        while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("xavier_uniform", xavier_uniform)

    @lru_cache(maxsize=1)
    def network() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.normal(size=(EXAMPLES, WIDTH))
        weights = [studied.array((WIDTH, WIDTH), WIDTH, WIDTH, rng) for _ in range(LAYERS)]
        return np.array(weights), x

    def model(gain: float, depth: float, activation: str) -> Activations:
        return run_through_layers(*network(), gain, activation, int(depth))

    return Demo(
        title="Activations through twenty layers",
        question="For which gain does the spread survive all layers? Is it the same for every activation?",
        controls=(
            Slider("gain", "gain of the weights", 0.25, 4, 1, 0.02, log=True),
            Slider("depth", "layers", 1, LAYERS, LAYERS, 1, play=5),
            Choice("activation", "activation", tuple(ACTIVATIONS), "tanh"),
        ),
        model=model,
        scene=_activations_scene,
        studied=studied,
        size=size,
    )


def _activations_scene(stage: Stage) -> Callable[[Activations], str]:
    titles = ("Activations by layer (width: √ share, largest = 1)", "Spread over the examples")
    top, bottom = stage.panels(*titles, ncols=1, nrows=2, sharex=True, height_ratios=(5, 4))
    top.set(xlim=(0.4, LAYERS + 1), ylim=(EDGES[0], EDGES[-1]), ylabel="activation", xticks=[1, 5, 10, 15, 20])
    top.set(yticks=[-2, 0, 2], yticklabels=["≤ −2", "0", "≥ 2"])
    bottom.set(ylim=(1e-8, 1e4), yscale="log", xlabel="layer", ylabel="std. dev.", **decades(-8, -4, 0, 4))
    bottom.axhline(1, color="#8C8C8C", lw=1)

    shapes = stage.area(top, "activation", alpha=0.75)
    curve = stage.line(bottom, "activation", width=0.7)
    stops = stage.points(bottom, "activation")
    number = stage.words(bottom, "activation", align="right")
    height = np.repeat(EDGES, 2)[1:-1]

    def show(now: Activations) -> str:
        layers = np.arange(1, len(now.spreads) + 1)
        widths = 0.85 * np.sqrt(now.counts / np.maximum(now.counts.max(axis=1, keepdims=True), 1e-9))
        stairs = np.repeat(layers[:, None] - 0.4 + widths, 2, axis=1)
        outlines = np.full((len(layers), len(height) + 3, 2), np.nan)
        outlines[:, 0] = np.stack([layers - 0.4, np.full(len(layers), EDGES[0])], axis=1)
        outlines[:, 1:-2, 0], outlines[:, 1:-2, 1] = stairs, height
        outlines[:, -2] = np.stack([layers - 0.4, np.full(len(layers), EDGES[-1])], axis=1)
        shapes.place(*outlines.reshape(-1, 2).T)
        spreads = np.clip(now.spreads, 1e-30, 1e30)
        curve.place(layers, spreads)
        stops.place(layers, spreads)
        first, last = written(now.spreads[0]), written(now.spreads[-1])
        number.place(LAYERS + 1, 10**7.5, words=[f"layer {len(layers)}: {last}"])
        after = f"{first} after layer 1 and {last} after layer {len(layers)}"
        return f"The standard deviation over the examples is {after}."

    return show
