"""Cases of the first notebook's exercises, by what they are for.

Every fault should cost one group. Therefore all sizes of an ordinary case differ, and every class occurs in it: a
matrix that is turned raises there and shows its numbers among the other shapes only, where sizes agree, and columns
that are counted in ``y`` are too few only where the last class is absent. Constant columns hold a number whose mean is
off in the last digit, such as 0.1, beside one whose mean is exact: a deviation that is compared with 0, and one that is
not looked at, part there. A column that is constant but for one row shows who looks at some rows alone. Among the last
digits is a constant around 1e9, off by 1e-7, which shows whether such columns become exactly 0. Columns of 1e-15 are
below every constant that somebody may add to a deviation, or take for 0; columns around 1e8, in eighths of which eight
have an exact mean, keep no digit of a variance that is the difference of squares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases

GROUPS = {
    "shapes": "other shapes",
    "absent": "classes that do not occur",
    "constant": "constant columns",
    "scales": "columns of very different size",
    "integers": "integer input",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator


def _layer(rng: Rng, n: int, n_in: int, n_out: int) -> Inputs:
    """A batch, weights, and biases of at least a half, which nobody forgets without a trace."""
    bias = rng.uniform(0.5, 1.5, size=n_out) * rng.choice([-1, 1], size=n_out)
    return {"x": rng.uniform(-1.5, 1.5, size=(n, n_in)), "W": rng.uniform(-1.5, 1.5, size=(n_in, n_out)), "b": bias}


@public_cases("affine")
def affine_public(rng: Rng) -> Iterator[Case]:
    def layer(n: int, n_in: int, n_out: int) -> Inputs:
        return {name: array.round(1) for name, array in _layer(rng, n, n_in, n_out).items()}

    yield Case("ordinary", "five examples, three inputs, two outputs", layer(5, 3, 2))
    yield Case("ordinary", "two examples, four inputs, three outputs", layer(2, 4, 3))
    yield Case("exact", "three examples, two inputs, four outputs", _layer(rng, 3, 2, 4))
    yield Case("shapes", "a batch of one", layer(1, 3, 2))
    yield Case("shapes", "a single input", layer(4, 1, 3))
    yield Case("shapes", "a single output", layer(4, 3, 1))
    yield Case("shapes", "three examples, three inputs, three outputs", layer(3, 3, 3))


@hidden_cases("affine")
def affine_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven examples, five inputs, three outputs", _layer(rng, 7, 5, 3))
    yield Case("ordinary", "three examples, eight inputs, five outputs", _layer(rng, 3, 8, 5))
    yield Case("ordinary", "four examples, two inputs, nine outputs", _layer(rng, 4, 2, 9))
    yield Case("exact", "five examples, six inputs, four outputs", _layer(rng, 5, 6, 4))
    yield Case("shapes", "a batch of one", _layer(rng, 1, 5, 3))
    yield Case("shapes", "a single input", _layer(rng, 5, 1, 4))
    yield Case("shapes", "a single output", _layer(rng, 7, 4, 1))
    yield Case("shapes", "one number, one input, one output", _layer(rng, 1, 1, 1))
    yield Case("shapes", "four examples, four inputs, four outputs", _layer(rng, 4, 4, 4))


def _classes(group: str, name: str, y: Any, n_classes: int) -> Case:
    return Case(group, name, {"y": np.asarray(y), "n_classes": n_classes})


def _with_all(rng: Rng, n: int, classes: list[int]) -> Array:
    """True classes of ``n`` examples, in any order; each of ``classes`` occurs, and no other."""
    return rng.permutation([*classes, *rng.choice(classes, size=n - len(classes))])


@public_cases("one_hot")
def one_hot_public(rng: Rng) -> Iterator[Case]:
    yield _classes("ordinary", "five examples, three classes", [2, 0, 1, 1, 2], 3)
    yield _classes("ordinary", "six examples, four classes", [3, 1, 0, 2, 1, 3], 4)
    yield _classes("exact", "four examples, three classes", [1, 2, 0, 2], 3)
    yield _classes("absent", "the last class is absent", [0, 2, 1, 1, 2], 4)
    yield _classes("absent", "class 1 is absent", [0, 3, 2, 3, 0], 4)
    yield _classes("shapes", "one example", [2], 3)
    yield _classes("shapes", "one class", [0, 0], 1)
    yield _classes("shapes", "four examples, four classes", [3, 0, 0, 2], 4)


@hidden_cases("one_hot")
def one_hot_hidden(rng: Rng) -> Iterator[Case]:
    yield _classes("ordinary", "seven examples, four classes", _with_all(rng, 7, [0, 1, 2, 3]), 4)
    yield _classes("ordinary", "nine examples, five classes", _with_all(rng, 9, [0, 1, 2, 3, 4]), 5)
    yield _classes("ordinary", "five examples, two classes", _with_all(rng, 5, [0, 1]), 2)
    yield _classes("exact", "six examples, three classes", _with_all(rng, 6, [0, 1, 2]), 3)
    yield _classes("absent", "the last class is absent", _with_all(rng, 7, [0, 1, 2, 3]), 5)
    yield _classes("absent", "class 2 is absent", _with_all(rng, 7, [0, 1, 3, 4]), 5)
    yield _classes("absent", "more classes than examples", _with_all(rng, 4, [1, 4, 6]), 9)
    yield _classes("absent", "all of one class", _with_all(rng, 5, [int(rng.integers(3))]), 4)
    yield _classes("shapes", "one example", [4], 5)
    yield _classes("shapes", "one class", [0, 0, 0], 1)
    yield _classes("shapes", "five examples, five classes", _with_all(rng, 5, [0, 2, 4]), 5)


def _columns(rng: Rng, n: int, d: int) -> Array:
    """Columns whose means differ and are not 0, and whose spreads differ and are not 1."""
    spreads = rng.permutation(np.linspace(0.5, 4, d))
    means = rng.uniform(1, 3, size=d) * rng.choice([-1, 1], size=d)
    # A value near each end of every column keeps its deviation from being a matter of chance.
    values = rng.uniform(-1, 1, size=(n, d))
    values[:2] = rng.permuted([[-1.0] * d, [1.0] * d], axis=0)
    return rng.permuted(means + spreads * values, axis=0)


def _whole(rng: Rng, n: int, d: int) -> Array:
    """The same in integers; the first number of a column is neither its second nor its last."""
    while True:
        made = (3 * _columns(rng, n, d)).round().astype(int)
        if np.all(made[0] != made[[1, -1]]):
            return made


def _with_a_constant(rng: Rng, columns: Array, size: float) -> Array:
    """One more column, of a single number, which is not the mean that comes out."""
    while True:
        number = np.round(size + rng.uniform(0.05, 0.95), 2)
        made = np.insert(columns, 1, number, axis=1)
        if made.mean(axis=0)[1] != number:
            return made


def _nearly_constant(columns: Array, number: float) -> Array:
    """One more column, of a single number but for one row, which is neither among the first two nor the last."""
    column = np.full(len(columns), number)
    column[2] += 1
    return np.insert(columns, 1, column, axis=1)


def _far_from_0(rng: Rng) -> Array:
    """Eight rows, one column around 1e8, in eighths."""
    return np.stack([1e8 + rng.permutation(8) / 8, *rng.normal(size=(2, 8))], axis=1)


@public_cases("standardize")
def standardize_public(rng: Rng) -> Iterator[Case]:
    def columns(n: int, d: int) -> Array:
        return _columns(rng, n, d).round(1)

    def number(columns: Array, value: float) -> Array:
        return np.insert(columns, 1, value, axis=1)

    yield Case("ordinary", "five rows, three columns", {"x": columns(5, 3)})
    yield Case("ordinary", "three rows, four columns", {"x": columns(3, 4)})
    yield Case("exact", "seven rows, one column of 1000000000.1", {"x": number(columns(7, 2), 1e9 + 0.1)})
    yield Case("constant", "one column of 2.5", {"x": number(columns(4, 2), 2.5)})
    yield Case("constant", "one column of 0.1", {"x": number(columns(6, 2), 0.1)})
    yield Case("constant", "one column of 1000000.1", {"x": number(columns(7, 2), 1e6 + 0.1)})
    yield Case("constant", "a column of 2.5 and one other number", {"x": _nearly_constant(columns(5, 2), 2.5)})
    yield Case("constant", "the same integer everywhere", {"x": np.full((3, 2), 7)})
    yield Case("constant", "one row", {"x": columns(2, 3)[:1]})
    yield Case("scales", "deviations around 1e-6, 1 and 1e6", {"x": columns(5, 3) * [1e-6, 1, 1e6]})
    yield Case("scales", "numbers around 1e-15", {"x": columns(4, 2) * [1e-15, 1]})
    yield Case("scales", "a column around 100000000", {"x": _far_from_0(rng).round(3)})
    yield Case("integers", "four rows, three columns", {"x": _whole(rng, 4, 3)})
    yield Case("shapes", "three rows, three columns", {"x": columns(3, 3)})
    yield Case("shapes", "one column", {"x": columns(4, 1)})


@hidden_cases("standardize")
def standardize_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven rows, four columns", {"x": _columns(rng, 7, 4)})
    yield Case("ordinary", "five rows, eight columns", {"x": _columns(rng, 5, 8)})
    yield Case("ordinary", "eleven rows, two columns", {"x": _columns(rng, 11, 2)})
    yield Case("exact", "seven rows, a constant around 1e9", {"x": _with_a_constant(rng, _columns(rng, 7, 3), 1e9)})
    yield Case("constant", "a constant whose mean is exact", {"x": np.insert(_columns(rng, 5, 3), 1, 0.75, axis=1)})
    yield Case("constant", "a constant below 1", {"x": _with_a_constant(rng, _columns(rng, 7, 2), 0)})
    yield Case("constant", "a constant around 1e6", {"x": _with_a_constant(rng, _columns(rng, 6, 3), 1e6)})
    yield Case("constant", "a constant but for one row", {"x": _nearly_constant(_columns(rng, 7, 3), 0.75)})
    yield Case("constant", "the same integer everywhere", {"x": np.full((5, 3), rng.integers(2, 9))})
    yield Case("constant", "one row", {"x": _columns(rng, 2, 5)[:1]})
    yield Case("scales", "deviations around 1e-6, 1 and 1e6", {"x": _columns(rng, 7, 3) * [1e-6, 1, 1e6]})
    yield Case("scales", "numbers around 1e-15", {"x": _columns(rng, 5, 2) * [1, 1e-15]})
    yield Case("scales", "a column around 1e8", {"x": _far_from_0(rng)})
    yield Case("integers", "seven rows, four columns", {"x": _whole(rng, 7, 4)})
    yield Case("shapes", "five rows, five columns", {"x": _columns(rng, 5, 5)})
    yield Case("shapes", "one column", {"x": _columns(rng, 7, 1)})
