"""Other ways to write the tiny exercises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class InPlaceDescent:
    """Changes the caller's arrays and returns nothing."""

    def __init__(self, lr: float, memory: float) -> None:
        self.lr, self.memory, self.kept = lr, memory, {}

    def step(self, params: Any, grads: Any) -> None:
        for name in grads:
            self.kept[name] = self.memory * self.kept.get(name, 0.0) + grads[name]
            params[name] -= self.lr * self.kept[name]


class NegativeRootError(ValueError):
    pass


def root_with_its_own_error(x: float) -> float:
    if x < 0:
        raise NegativeRootError(x)
    return float(np.sqrt(x))


VARIANTS: dict[str, dict[str, Callable[..., Any]]] = {
    "center": {"list": lambda x: [x - np.mean(x), np.array([np.mean(x)])]},
    "Descent": {"in place": InPlaceDescent},
    "coins": {"numbers": lambda shape, keep, rng: (rng.uniform(size=shape) > 1 - keep).astype(float)},
    "root": {"its own error": root_with_its_own_error},
    "slope": {"array": lambda f, x, h: np.array([(f(x + h) - f(x - h)) / h / 2])},
    "by_pieces": {"one by one": lambda f, x, most: np.mean([f(row[None]) for row in x])},
    "weight_norm": {"by hand": lambda layer: (layer.weight**2).sum() ** 0.5},
    "Meter": {},
    "average": {"a sum": lambda f, x, rng, samples: sum(f(x, rng) for _ in range(samples)) / samples},
}
TRIVIAL: dict[str, dict[str, Callable[..., Any]]] = {
    "coins": {"all": lambda shape, keep, rng: np.ones(shape, bool)},
    "by_pieces": {"all at once": lambda f, x, most: f(x), "without f": lambda f, x, most: np.mean(x)},
    "average": {"never called": lambda f, x, rng, samples: x},
}
