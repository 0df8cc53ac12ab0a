"""The last experiment of notebook 04, run once for the figures that show it."""

from __future__ import annotations

from functools import cache

import numpy as np

from figures._notebook import notebook
from gradus import plots

DEPTHS = range(1, 5)
# Rule -> colour, dashes and marker: filled where the weights have a good size.
LOOKS = {
    "sigmoid, 1/√fan-in": {"color": plots.VERMILLION, "linestyle": ":", "marker": "o", "mfc": plots.WHITE},
    "sigmoid, 4/√fan-in": {"color": plots.VERMILLION, "linestyle": "-", "marker": "o"},
    "tanh, 0.1/√fan-in": {"color": plots.BLUE, "linestyle": ":", "marker": "s", "mfc": plots.WHITE},
    "tanh, Xavier": {"color": plots.BLUE, "linestyle": "-", "marker": "s"},
}


@cache
def trained() -> dict[str, np.ndarray]:
    """Validation accuracies in per cent of every rule, shape (depths, seeds)."""
    return {rule: 100 * np.array([_train(rule, depth)[0] for depth in DEPTHS]) for rule in LOOKS}


@cache
def first_gradients(depth: int) -> dict[str, np.ndarray]:
    """Size of the very first gradient of each layer's biases, for every rule, to three digits."""
    # Products in single precision differ from processor to processor in the seventh digit: the file must not.
    return {rule: np.array([float(f"{size:.3g}") for size in _train(rule, depth, epochs=1)[1]]) for rule in LOOKS}


def _train(rule: str, depth: int, **options: int) -> tuple[np.ndarray, list[float]]:
    course = notebook("04")
    activation, spread = course.RULES[rule]
    accuracies, first = course.train_networks(course.make_networks(depth, spread, seeds=5), activation, **options)
    return accuracies, first
