"""Demos of what depth does to activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus.demos.demo import Choice, Demo, Slider, Studied
from gradus.demos.stage import Stage

LAYERS, WIDTH, EXAMPLES = 20, 96, 96
EDGES = np.linspace(-2, 2, 41)

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 0.5 + 0.5 * np.tanh(0.5 * z),
    "none": lambda z: z,
}


@dataclass(frozen=True)
class Activations:
    """Activations of a deep network before any training.

    Attributes
    ----------
    counts : ndarray, shape (L, 40)
        Per layer, the share of activations in each bin of ``EDGES``; those outside are in no bin.
    spreads : ndarray, shape (L,)
        Standard deviation of each layer's activations.
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
    """
    function = ACTIVATIONS[activation]
    counts, spreads = np.zeros((depth, len(EDGES) - 1)), np.zeros(depth)
    bins, step = len(EDGES) - 1, EDGES[1] - EDGES[0]
    for layer in range(depth):
        x = function(x @ (gain * weights[layer]))
        spreads[layer] = x.std()
        place = np.clip((x - EDGES[0]) / step, -1, bins).astype(np.int32) + (x >= EDGES[0])
        counts[layer] = np.bincount(place.ravel(), minlength=bins + 2)[1 : bins + 1] / x.size
    return Activations(counts, spreads)


def activations(initialize: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show the distribution of activations through twenty layers.

    Parameters
    ----------
    initialize : callable, optional
        The function that draws the weights, ``initialize(fan_in, fan_out, rng)`` to ``(fan_in, fan_out)``, e.g. ``xavier_uniform``;
        PyTorch's Xavier initialization while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    name = getattr(initialize, "__name__", "initialize") if initialize else "Xavier initialization"
    studied = Studied(name, initialize, _torch_xavier)

    @lru_cache(maxsize=1)
    def network() -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.normal(size=(EXAMPLES, WIDTH))
        weights = [studied.array((WIDTH, WIDTH), WIDTH, WIDTH, rng) for _ in range(LAYERS)]
        return np.array(weights, dtype=np.float32), x.astype(np.float32)

    def model(gain: float, depth: float, activation: str) -> Activations:
        return run_through_layers(*network(), np.float32(gain), activation, int(depth))

    return Demo(
        title="Activations through twenty layers",
        question="For which gain does the spread survive all layers? Is it the same for every activation?",
        controls=(
            Slider("gain", "gain of the weights", 0.25, 4, 0.8, 0.01, log=True),
            Slider("depth", "layers", 1, LAYERS, LAYERS, 1, play=5),
            Choice("activation", "activation", tuple(ACTIVATIONS), "tanh"),
        ),
        model=model,
        scene=_activations_scene,
        studied=studied,
        size=size,
    )


def _activations_scene(stage: Stage) -> Callable[[Activations], str]:
    top, bottom = stage.panels("Distribution of each layer's activations", "Their spread", ncols=1, nrows=2, sharex=True, height_ratios=(2, 1))
    ticks = [1, 5, 10, 15, 20]
    top.set(xlim=(0.4, LAYERS + 1), ylim=(EDGES[0], EDGES[-1]), ylabel="activation", xticks=ticks)
    bottom.set(ylim=(1e-4, 1e4), yscale="log", xlabel="layer", ylabel="std. dev.", yticks=[1e-4, 1, 1e4])
    bottom.axhline(1, color="#8C8C8C", lw=1)

    shapes = stage.area(top, "activation", alpha=0.75)
    curve = stage.line(bottom, "activation", width=0.7)
    stops = stage.points(bottom, "activation")
    height = np.repeat(EDGES, 2)[1:-1]

    def show(now: Activations) -> str:
        layers = np.arange(1, len(now.spreads) + 1)
        widths = 0.85 * now.counts / np.maximum(now.counts.max(axis=1, keepdims=True), 1e-9)
        stairs = np.repeat(layers[:, None] - 0.4 + widths, 2, axis=1)
        outlines = np.full((len(layers), len(height) + 3, 2), np.nan)
        outlines[:, 0] = np.stack([layers - 0.4, np.full(len(layers), EDGES[0])], axis=1)
        outlines[:, 1:-2, 0], outlines[:, 1:-2, 1] = stairs, height
        outlines[:, -2] = np.stack([layers - 0.4, np.full(len(layers), EDGES[-1])], axis=1)
        shapes.place(*outlines.reshape(-1, 2).T)
        spreads = np.clip(now.spreads, 1e-30, 1e30)
        curve.place(layers, spreads)
        stops.place(layers, spreads)
        return f"The standard deviation of the activations goes from {spreads[0]:.3g} after layer 1 to {spreads[-1]:.3g} after layer {len(layers)}."

    return show


def _torch_xavier(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    import torch

    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    return torch.nn.init.xavier_normal_(torch.empty(fan_in, fan_out), generator=generator).numpy()
