"""Cases of the tiny exercises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from gradus.exercises.kinds import batch_mean, linear_layer, noisy, polynomial

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.checking import rng as generator

GROUPS = {
    "large": "large numbers",
    "two_objects": "two objects at once",
    "same_seed": "the same seed twice",
    "rare": "rare flags",
    "negative": "negative numbers",
    "short_piece": "a short last piece",
    "empty": "an empty batch",
}
Rng = np.random.Generator


@public_cases("center")
@hidden_cases("center")
def center(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "five numbers", {"x": rng.normal(size=5)})
    yield Case("large", "around a million", {"x": 1e6 + rng.normal(size=7)})
    yield Case("exact", "seven numbers", {"x": rng.normal(size=7)})


def _steps(rng: Rng, n: int) -> list[dict[str, Any]]:
    return [{"grads": {"a": rng.normal(size=3), "b": rng.normal(size=(2, 5))}} for _ in range(n)]


@public_cases("Descent")
@hidden_cases("Descent")
def descent(rng: Rng) -> Iterator[Case]:
    def inputs(steps: list[dict[str, Any]]) -> dict[str, Any]:
        params = {"a": rng.normal(size=3), "b": rng.normal(size=(2, 5))}
        return {"lr": 0.3, "memory": 0.7, "params": params, "steps": steps}

    yield Case("ordinary", "four steps", inputs(_steps(rng, 4)))
    yield Case("ordinary", "a learning rate that changes", inputs([*_steps(rng, 3), {**_steps(rng, 1)[0], "lr": 0.1}]))
    yield Case("two_objects", "three steps each", inputs(_steps(rng, 3)), instances=2)
    yield Case("exact", "three steps", inputs(_steps(rng, 3)))


@public_cases("coins")
@hidden_cases("coins")
def coins(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "three of four kept", {"shape": [60, 50], "keep": 0.75, "rng": generator(rng)})
    yield Case("rare", "one of twenty kept", {"shape": [60, 50], "keep": 0.05, "rng": generator(rng)})
    yield Case("same_seed", "two masks", {"shape": [60, 50], "keep": 0.75, "rng": generator(rng)}, instances=2)


@public_cases("root")
@hidden_cases("root")
def root(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "a positive number", {"x": float(rng.uniform(2, 9))})
    yield Case("ordinary", "zero", {"x": 0.0})
    yield Case("exact", "a positive number", {"x": float(rng.uniform(2, 9))})
    yield Case("negative", "a negative number", {"x": -float(rng.uniform(2, 9))}, raises="ValueError")


@public_cases("slope")
@hidden_cases("slope")
def slope(rng: Rng) -> Iterator[Case]:
    for group, name in (("ordinary", "a cubic"), ("ordinary", "another cubic"), ("exact", "a cubic")):
        f = polynomial(coefficients=rng.uniform(1, 2, size=4).round(2))
        yield Case(group, name, {"f": f, "x": float(rng.uniform(1, 2)), "h": 0.5})


@public_cases("by_pieces")
@hidden_cases("by_pieces")
def by_pieces(rng: Rng) -> Iterator[Case]:
    def inputs(rows: int, most: int) -> dict[str, Any]:
        f = batch_mean(weights=rng.normal(size=3), most_rows=most)
        return {"f": f, "x": rng.normal(size=(rows, 3)), "most_rows": most}

    yield Case("ordinary", "eight rows, two at once", inputs(8, 2))
    yield Case("short_piece", "seven rows, three at once", inputs(7, 3))
    yield Case("exact", "six rows, two at once", inputs(6, 2))


@public_cases("weight_norm")
@hidden_cases("weight_norm")
def weight_norm(rng: Rng) -> Iterator[Case]:
    for group in ("ordinary", "exact"):
        layer = linear_layer(weight=rng.normal(size=(3, 5)), bias=rng.normal(size=3))
        yield Case(group, "three by five", {"layer": layer})


@public_cases("Meter")
@hidden_cases("Meter")
def meter(rng: Rng) -> Iterator[Case]:
    def steps(*sizes: int) -> list[dict[str, Any]]:
        return [{"x": rng.normal(size=size)} for size in sizes]

    yield Case("ordinary", "three batches", {"steps": steps(2, 5, 3)})
    yield Case("empty", "an empty batch in between", {"steps": steps(2, 0, 3, 4)}, raises="ValueError")
    yield Case("two_objects", "three batches each", {"steps": steps(3, 2, 4)}, instances=2)
    yield Case("exact", "three batches", {"steps": steps(4, 2, 3)})


@public_cases("average")
@hidden_cases("average")
def average(rng: Rng) -> Iterator[Case]:
    for samples in (3, 20):
        given = {"f": noisy(scale=2.0), "x": rng.normal(size=4), "rng": generator(rng), "samples": samples}
        yield Case("ordinary", f"{samples} samples", given)
    yield Case("same_seed", "two averages", given, instances=2)
