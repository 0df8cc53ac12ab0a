"""Demos of activation functions, and of what depth does to activations and gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.stage import Stage, decades, written
from gradus.demos.threads import one_thread

# Small enough that no library starts threads for one layer: on a busy machine they wait for each other.
LAYERS, WIDTH, EXAMPLES = 20, 64, 64
# Limits of the picture of the sizes; beyond them a triangle on the edge says on which side a gradient is.
LOW, HIGH = 1e-12, 1e6
# An odd number of bins: 0, where half of ReLU's activations are, is in the middle of one.
EDGES = np.linspace(-2.05, 2.05, 42)
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
    "none": lambda z: z,
}


def _in_torch(activation: str) -> Callable[..., Any]:
    import torch

    return {"tanh": torch.tanh, "ReLU": torch.relu, "sigmoid": torch.sigmoid, "none": torch.clone}[activation]


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
    gradients : ndarray, shape (L,)
        Standard deviation of the gradient of what goes into the activations of a layer.
    """

    counts: np.ndarray
    spreads: np.ndarray
    gradients: np.ndarray


def run_through_layers(
    weights: np.ndarray, x: np.ndarray, arriving: np.ndarray, gain: float, activation: str, depth: int
) -> Activations:
    """Run examples through a network, take the histogram of every layer's activations, and go back with a gradient.

    Parameters
    ----------
    weights : ndarray, shape (L, D, D)
        Weights whose variance is 1 / D.
    x : ndarray, shape (N, D)
        Examples.
    arriving : ndarray, shape (N, D)
        Gradient that arrives at the activations of the last layer.
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
    layers, a = np.empty((depth, *x.shape)), x
    with np.errstate(all="ignore"):
        for layer in range(depth):
            a = ACTIVATIONS[activation](a @ (gain * weights[layer]))
            layers[layer] = a
    if not np.isfinite(layers).all():
        raise StudiedError("The activations are not finite: the weights hold nan or inf, or are far too large.")
    bins = len(EDGES) - 1
    # Each further layer has bins of its own.
    places = np.clip((layers - EDGES[0]) / (EDGES[1] - EDGES[0]), 0, bins - 1).astype(np.intp)
    places += bins * np.arange(depth)[:, None, None]
    counts = np.bincount(places.ravel(), minlength=depth * bins).reshape(depth, bins) / x.size
    gradients = gradient_sizes(weights[:depth], x, arriving, gain, activation)
    return Activations(counts, layers.std(axis=1).mean(axis=1), gradients)


def gradient_sizes(
    weights: np.ndarray, x: np.ndarray, arriving: np.ndarray, gain: float, activation: str
) -> np.ndarray:
    """Run examples forwards and a gradient backwards through a network.

    Parameters
    ----------
    weights : ndarray, shape (L, D, D)
        Weights whose variance is 1 / D, one matrix for each layer.
    x : ndarray, shape (N, D)
        Examples.
    arriving : ndarray, shape (N, D)
        Gradient that arrives at the activations of the last layer.
    gain : float
        The weights are multiplied by it.
    activation : str
        A key of ``ACTIVATIONS``.

    Returns
    -------
    ndarray, shape (L,)
        Per layer, the standard deviation of the gradient of what goes into its activation.
    """
    apply = _in_torch(activation)
    with one_thread() as torch:
        inputs, a = [], torch.from_numpy(x).requires_grad_()
        for matrix in torch.from_numpy(gain * weights):
            inputs.append(a @ matrix)
            a = apply(inputs[-1])
        gradients = torch.autograd.grad(a, inputs, torch.from_numpy(arriving))
    return np.array([gradient.numpy().std() for gradient in gradients])


def activations(xavier_uniform: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show the distribution of activations through twenty layers, and the size of the gradients on their way back.

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
    def network() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x, arriving = rng.normal(size=(2, EXAMPLES, WIDTH))
        weights = [studied.array((WIDTH, WIDTH), WIDTH, WIDTH, rng) for _ in range(LAYERS)]
        return np.array(weights), x, arriving

    def model(gain: float, depth: float, activation: str) -> Activations:
        return run_through_layers(*network(), gain, activation, int(depth))

    return Demo(
        title="Activations and gradients through twenty layers",
        question=(
            "For which gain do activations and gradients keep their size through all layers? "
            "Is it the same for every activation?"
        ),
        controls=(
            Slider("gain", "gain of the weights", 0.25, 4, 1, 0.02, log=True),
            Slider("depth", "layers", 1, LAYERS, LAYERS, 1, play=5),
            Choice("activation", "activation", tuple(ACTIVATIONS), "tanh"),
        ),
        model=model,
        scene=_activations_scene,
        studied=(studied,),
        size=size,
    )


def _activations_scene(stage: Stage) -> Callable[[Activations], str]:
    titles = (
        "Activations by layer (width: √ share, largest = 1)",
        "Size",
    )
    top, bottom = stage.panels(*titles, ncols=1, nrows=2, sharex=True, height_ratios=(5, 4))
    top.set(xlim=(0.4, LAYERS + 1), ylim=(EDGES[0], EDGES[-1]), ylabel="activation", xticks=[1, 5, 10, 15, 20])
    top.set(yticks=[-2, 0, 2], yticklabels=["≤ −2", "0", "≥ 2"])
    bottom.set(ylim=(LOW, HIGH), yscale="log", xlabel="layer", ylabel="std. dev.", **decades(-12, -6, 0, 6))
    bottom.axhline(1, color="#8C8C8C", lw=1)

    shapes = stage.area(top, "activation", alpha=0.75)
    curve = stage.line(bottom, "activation", width=0.7, label="activations")
    stops = stage.points(bottom, "activation")
    back = stage.line(bottom, "gradient", width=0.7, label="gradients")
    back_stops = stage.points(bottom, "gradient", marker="s")
    above = stage.points(bottom, "gradient", marker="^")
    below = stage.points(bottom, "gradient", marker="v")
    stage.legend(bottom, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
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
        spreads, gradients = (np.clip(sizes, 1e-30, 1e30) for sizes in (now.spreads, now.gradients))
        curve.place(layers, spreads)
        stops.place(layers, spreads)
        back.place(layers, gradients)
        back_stops.place(layers, np.where((gradients >= LOW) & (gradients <= HIGH), gradients, np.nan))
        above.place(np.where(gradients > HIGH, layers, np.nan), HIGH)
        below.place(np.where(gradients < LOW, layers, np.nan), LOW)
        forwards, backwards = (
            f"{written(sizes[0])} at layer 1 and {written(sizes[-1])} at layer {len(sizes)}"
            for sizes in (now.spreads, now.gradients)
        )
        return f"The standard deviation of the activations is {forwards}; that of the gradients is {backwards}."

    return show


@dataclass(frozen=True)
class Activation:
    """An activation function at one place.

    Attributes
    ----------
    name : str
        A key of ``ACTIVATIONS``.
    z, value, slope : float
        Where, the function there, and its slope.
    """

    name: str
    z: float
    value: float
    slope: float


INPUTS = np.linspace(-5, 5, 201)


@lru_cache(maxsize=len(ACTIVATIONS))
def slopes(activation: str) -> np.ndarray:
    """Slopes of an activation function at ``INPUTS``, by PyTorch."""
    import torch

    z = torch.tensor(INPUTS, requires_grad=True)
    _in_torch(activation)(z).sum().backward()
    assert z.grad is not None
    return z.grad.numpy()


def look_at_activation(activation: str, z: float) -> Activation:
    """Read an activation function and its slope at one of ``INPUTS``, the one nearest to ``z``."""
    place = int(np.abs(INPUTS - z).argmin())
    return Activation(
        activation,
        float(INPUTS[place]),
        float(ACTIVATIONS[activation](INPUTS)[place]),
        float(slopes(activation)[place]),
    )


def activation_functions(*, size: str = "notebook") -> Demo:
    """Show activation functions and their slopes.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    return Demo(
        title="Activation functions and their slopes",
        question=(
            "For which inputs is each slope close to 0? Which function keeps numbers around 0 as they are? "
            "Which has outputs that are never negative?"
        ),
        controls=(
            Slider("z", "input z", -5, 5, 1.5, 0.05, play=6),
            Choice("activation", "activation", ("sigmoid", "tanh", "ReLU"), "sigmoid"),
        ),
        model=look_at_activation,
        scene=_functions_scene,
        size=size,
    )


def _functions_scene(stage: Stage) -> Callable[[Activation], str]:
    left, right = stage.panels("Activation", "Slope")
    for panel, limits, label in ((left, (-1.4, 5.4), "activation a"), (right, (-0.1, 1.45), "slope da/dz")):
        panel.set(xlim=(-5.2, 5.2), ylim=limits, xlabel="input z", ylabel=label, xticks=range(-4, 5, 2))
        panel.axhline(0, color="#8C8C8C", lw=1)
    curve, tangent = stage.line(left, "activation"), stage.line(left, "other", width=0.6)
    here = stage.points(left, "activation", width=1.5)
    slope_curve = stage.line(right, "gradient")
    slope_here = stage.points(right, "gradient", width=1.5)
    value = stage.words(left, "activation", align="right")
    number = stage.words(right, "gradient", align="right")

    def show(now: Activation) -> str:
        curve.place(INPUTS, ACTIVATIONS[now.name](INPUTS))
        ends = np.clip([now.z - 1.8, now.z + 1.8], *INPUTS[[0, -1]])
        tangent.place(ends, now.value + now.slope * (ends - now.z))
        here.place(now.z, now.value)
        slope_curve.place(INPUTS, slopes(now.name))
        slope_here.place(now.z, now.slope)
        said = f"{now.value:.3f}", f"{now.slope:.3f}"
        value.place(5.2, 5.55, words=[f"a = {said[0]}"])
        number.place(5.2, 1.49, words=[f"slope = {said[1]}"])
        return f"At z = {now.z:.2f} the {now.name} is {said[0]} and its slope is {said[1]}."

    return show
