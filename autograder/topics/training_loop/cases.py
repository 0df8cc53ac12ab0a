"""Cases of the exercises on the training loop, by what they are for.

Every fault should cost one group. Ordinary batches therefore divide the number of examples, so that a last batch that
is shorter, and everything that goes wrong with it, stands alone; ordinary parameters are new arrays in every epoch, so
that a missing copy shows in one group; ordinary models do the same in both modes. The order of examples is looked at
where there are enough of them for chance to play no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.checking import rng as generator
from gradus.exercises.softmax_cross_entropy import classifier
from gradus.exercises.training_loop import loss_of_params, small_gradient

GROUPS = {
    "constant": "constant columns",
    "scales": "very small and very large numbers",
    "square": "as many rows as columns",
    "float32": "float32 input",
    "rest": "a short last batch",
    "no_rest": "no empty batch where nothing is left",
    "new_order": "a new order each time",
    "same_seed": "the same seed twice",
    "names": "other names, in any order",
    "others": "other names and shapes",
    "caller": "the caller's parameters",
    "nan": "NaN",
    "equal": "equal losses",
    "after_stop": "after the stop",
    "start": "before the first improvement",
    "two_objects": "two objects at once",
    "short": "short gradients",
    "mode": "the mode of the model",
    "any_loader": "any iterable of batches",
    "device": "batches on another device",
    "untouched": "a model that stays as it is",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator


def _eighths(rng: Rng, *shape: int, largest: int = 3) -> Array:
    """Numbers with few digits, which a report can show."""
    return rng.integers(-8 * largest, 8 * largest + 1, size=shape) / 8


def _in_float32(tree: Any) -> Any:
    """The same arrays, as floats of 32 bits."""
    if isinstance(tree, dict):
        return {name: _in_float32(value) for name, value in tree.items()}
    return tree.astype(np.float32)


# normalize


def _columns(rng: Rng, n: int, d: int) -> Array:
    """Columns of different means and deviations, all of them around 1."""
    return rng.uniform(-3, 3, size=d) + rng.uniform(0.5, 2, size=d) * rng.normal(size=(n, d))


def _two(train: Array, other: Array) -> Inputs:
    return {"train": train, "other": other}


def _sets(rng: Rng, n: int, m: int, d: int) -> Inputs:
    """Two sets whose means and deviations differ."""
    train = _columns(rng, n, d)
    return _two(train, train.mean(axis=0) + rng.uniform(0.5, 1, size=d) + 3 * rng.normal(size=(m, d)))


def _with_a_constant(rng: Rng, sets: Inputs, value: float) -> Inputs:
    """A column more, constant in the first set only."""
    train, other = sets["train"], sets["other"]
    return _two(
        np.insert(train, 1, value, axis=1), np.insert(other, 1, value + 1 + rng.uniform(size=len(other)), axis=1)
    )


def _times(sets: Inputs, factors: Sequence[float]) -> Inputs:
    return {name: array * np.array(factors) for name, array in sets.items()}


def _rounded(inputs: Inputs, digits: int = 2) -> Inputs:
    return {name: value.round(digits) if isinstance(value, Array) else value for name, value in inputs.items()}


@public_cases("normalize")
def normalize_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "five rows and three rows", _rounded(_sets(rng, 5, 3, 2)))
    yield Case("exact", "six rows and four rows", _rounded(_sets(rng, 6, 4, 2)))
    yield Case("constant", "a column of 0.1", _with_a_constant(rng, _rounded(_sets(rng, 3, 4, 2)), 0.1))
    one = _rounded(_sets(rng, 2, 3, 2))
    yield Case("constant", "one row", _two(one["train"][:1], one["other"]))
    yield Case("scales", "sizes of 1e-18, 1 and 1e7", _times(_rounded(_sets(rng, 5, 3, 3)), [1e-18, 1, 1e7]))
    yield Case("square", "three rows, three columns", _rounded(_sets(rng, 3, 3, 3)))
    yield Case("float32", "four rows and three rows", _in_float32(_rounded(_sets(rng, 4, 3, 2))))


@hidden_cases("normalize")
def normalize_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven rows and five rows", _sets(rng, 7, 5, 3))
    yield Case("ordinary", "five rows and eleven rows", _sets(rng, 5, 11, 8))
    yield Case("ordinary", "nine rows and one row", _sets(rng, 9, 1, 4))
    yield Case("exact", "seven rows and five rows", _sets(rng, 7, 5, 3))
    yield Case("constant", "a column of 0.1", _with_a_constant(rng, _sets(rng, 3, 5, 2), 0.1))
    yield Case("constant", "a constant around -1", _with_a_constant(rng, _sets(rng, 7, 3, 2), -rng.uniform(1, 2)))
    one = _sets(rng, 2, 5, 3)
    yield Case("constant", "one row", _two(one["train"][:1], one["other"]))
    yield Case("scales", "sizes of 1e-18, 1 and 1e7", _times(_sets(rng, 7, 5, 3), [1e-18, 1, 1e7]))
    yield Case("square", "five rows, five columns", _sets(rng, 5, 5, 5))
    yield Case("float32", "seven rows and five rows", _in_float32(_sets(rng, 7, 5, 3)))


# minibatches


def _drawn(rng: Rng, n: int, batch_size: int, *, empty: bool = False, both: bool = False) -> Inputs:
    return {
        "n": n,
        "batch_size": batch_size,
        "rng": generator(rng),
        "_look_for_empty": empty,
        "_look_at_both": both,
    }


@public_cases("minibatches")
@hidden_cases("minibatches")
def minibatches(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "40 numbers, 8 at a time", _drawn(rng, 40, 8))
    yield Case("ordinary", "400 numbers, 20 at a time", _drawn(rng, 400, 20))
    yield Case("rest", "41 numbers, 8 at a time", _drawn(rng, 41, 8))
    yield Case("no_rest", "42 numbers, 6 at a time", _drawn(rng, 42, 6, empty=True))
    yield Case("rest", "one number, 3 at a time", _drawn(rng, 1, 3))
    yield Case("new_order", "400 numbers, 20 at a time, twice", _drawn(rng, 400, 20, both=True))
    yield Case("same_seed", "40 numbers, 8 at a time", _drawn(rng, 40, 8), instances=2)


# sgd_step


def _step(params: dict[str, Array], grads: dict[str, Array], lr: float) -> Inputs:
    return {"params": params, "grads": grads, "lr": lr}


@public_cases("sgd_step")
@hidden_cases("sgd_step")
def sgd_step(rng: Rng) -> Iterator[Case]:
    for group, name, lr in (("ordinary", "two arrays", 0.3), ("ordinary", "a large rate", 2.5), ("exact", "two", 0.07)):
        params, grads = ({"W": _eighths(rng, 1, 2) + 1 / 16, "b": _eighths(rng, 3) + 1 / 16} for _ in range(2))
        yield Case(group, name, _step(params, grads, lr))
    params, grads = ({name: _eighths(rng, 3) + shift for name in "abc"} for shift in (0.0, 10.0))
    mixed = {name: grads[name] + 5 * place for place, name in enumerate("cab")}
    yield Case("names", "gradients in another order, all of one shape", _step(params, mixed, 0.2))


# train


def _run(rng: Rng, n: int, batch_size: int, epochs: int, **options: Any) -> Inputs:
    """A run of `train` on examples that differ from each other by 1 at least."""
    lr, follows, caller = (options.get(name) for name in ("lr", "follows_data", "caller"))
    return {
        "params": {"W": _eighths(rng, 2, 1), "b": _eighths(rng, 2)},
        "loss_and_gradient": loss_of_params(target=float(_eighths(rng)), follows_data=bool(follows)),
        "x": rng.permutation(n)[:, None].astype(float),
        "y": rng.permutation(n).astype(np.int8),
        "lr": lr or 0.07,
        "batch_size": batch_size,
        "epochs": epochs,
        "rng": generator(rng),
        "_look_at_caller": bool(caller),
    }


def _in_rows(inputs: Inputs) -> Inputs:
    """The examples in order, so that neighbours are neighbours."""
    return {**inputs, "x": np.sort(inputs["x"], axis=0).astype(np.int8)}


def _images(rng: Rng, inputs: Inputs) -> Inputs:
    """The same run with an array for each example, and with other names of the parameters."""
    x = inputs["x"][:, None] + _eighths(rng, 2, 2) / 8
    return {**inputs, "x": x, "params": {"shift": inputs["params"]["b"], "kernel": inputs["params"]["W"]}}


@public_cases("train")
@hidden_cases("train")
def train(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "8 examples, 4 at a time, three epochs", _run(rng, 8, 4, 3))
    yield Case("exact", "6 examples, 3 at a time, two epochs", _run(rng, 6, 3, 2, lr=0.13))
    yield Case("rest", "7 examples, 4 at a time, two epochs", _run(rng, 7, 4, 2, lr=0.11))
    yield Case("rest", "5 examples, 8 at a time, two epochs", _run(rng, 5, 8, 2))
    yield Case("new_order", "72 examples, 12 at a time, two epochs", _in_rows(_run(rng, 72, 12, 2, lr=0.03)))
    yield Case("caller", "6 examples, 3 at a time, two epochs", _run(rng, 6, 3, 2, caller=True))
    yield Case("others", "examples of shape (2, 2)", _images(rng, _run(rng, 6, 3, 2)))
    same = _run(rng, 8, 2, 2, follows_data=True)
    yield Case("same_seed", "8 examples, 2 at a time, two epochs", same, instances=2)


# EarlyStopping


def _epochs(rng: Rng, patience: int, losses: Sequence[float], caller: str = "makes new") -> Inputs:
    return {
        "patience": patience,
        "losses": list(losses),
        "first_params": {"v" if caller.startswith("changes") else "w": _eighths(rng, 1)},
        "_caller": caller,
    }


def _losses(rng: Rng, ranks: Sequence[float]) -> list[float]:
    """Losses in this order, with the same gaps between their ranks scaled at random; strange ones stay."""
    scale, least = rng.uniform(0.05, 0.2), rng.uniform(0.1, 1)
    return [float(np.round(least + scale * rank, 6)) for rank in ranks]


def _hardly_lower(rng: Rng) -> list[float]:
    """Each loss is the next smaller number that a float can be."""
    losses = _losses(rng, [6])
    for _ in range(3):
        losses.append(float(np.nextafter(losses[-1], 0)))
    return losses


@public_cases("EarlyStopping")
@hidden_cases("EarlyStopping")
def early_stopping(rng: Rng) -> Iterator[Case]:
    nan = np.nan

    def case(group: str, name: str, patience: int, ranks: list[float], caller: str = "makes new") -> Case:
        return Case(group, name, _epochs(rng, patience, _losses(rng, ranks), caller))

    yield case("ordinary", "patience 2", 2, [7, 8, 5, 6, 5.5])
    yield case("ordinary", "patience 3", 3, [8, 8.5, 4, 6, 5, 4.5])
    yield case("exact", "patience 1", 1, [9, 4, 5, 3])
    yield case("equal", "the same loss again", 2, [8, 6, 6, 6])
    yield Case("equal", "lower in the last digit only", _epochs(rng, 2, _hardly_lower(rng)))
    yield case("nan", "NaN in between", 2, [6, nan, 5, nan, 7])
    yield case("caller", "arrays are changed in place", 3, [5, 6, 4, 7], "changes arrays")
    yield case("caller", "new arrays in the same dict", 3, [5, 6, 4, 7], "changes dict")
    yield case("after_stop", "four more epochs", 2, [8, 6, 7, 9, 8, 8.5, 5, 7])
    yield case("start", "NaN first", 2, [nan, nan, 6, 7], "looks first")
    yield case("start", "large losses", 2, [4e9, 3e9, 5e9], "looks first")
    yield case("start", "losses below 0", 2, [-20, -40, -30], "looks first")
    steps = _epochs(rng, 2, _losses(rng, [9, 6, 7, 8]))
    yield Case("two_objects", "four epochs each", steps, instances=2)


# accumulated_gradient


def _batch(
    rng: Rng, n: int, micro_batch: int, shape: tuple[int, int] = (1, 2), names: tuple[str, str] = ("W", "b")
) -> Inputs:
    x = np.concatenate([np.arange(n)[:, None] / 4 - n / 8, _eighths(rng, n, shape[0] - 1)], axis=1)
    return {
        "gradient": small_gradient(most_rows=micro_batch, weights=names[0], biases=names[1]),
        "params": dict(zip(names, (_eighths(rng, *shape), _eighths(rng, shape[1])), strict=True)),
        "x": rng.permutation(x),
        "y": _eighths(rng, n, shape[1]),
        "micro_batch": micro_batch,
    }


@public_cases("accumulated_gradient")
@hidden_cases("accumulated_gradient")
def accumulated_gradient(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "eight examples, two at a time", _batch(rng, 8, 2))
    yield Case("ordinary", "nine examples, three at a time", _batch(rng, 9, 3, (2, 3)))
    yield Case("exact", "six examples, two at a time", _batch(rng, 6, 2))
    yield Case("rest", "seven examples, four at a time", _batch(rng, 7, 4))
    yield Case("rest", "one example, two at a time", _batch(rng, 1, 2))
    yield Case("names", "four examples, two at a time", _batch(rng, 4, 2, names=("kernel", "shift")))


# clip_by_global_norm


def _gradient(rng: Rng, norm: float, most: float, scale: float = 1.0, *, more: bool = False) -> Inputs:
    """Arrays of different sizes whose norms differ much, with this norm together."""
    grads = {"W": rng.normal(size=(2, 1, 3)), "b": np.array([3.0, 3 * rng.normal()])}
    if more:
        grads["s"] = rng.normal(size=2) * 2
    length = np.sqrt(sum(np.sum(grad**2) for grad in grads.values()))
    return {"grads": {name: scale * norm * grad / length for name, grad in grads.items()}, "max_norm": scale * most}


def _signs(rng: Rng, length: float) -> dict[str, Array]:
    """Four entries of one size, in two arrays: their norm is exact."""
    entries = rng.choice([-1.0, 1.0], size=4) * length / 2
    return {"W": entries[:2], "b": entries[2:]}


@public_cases("clip_by_global_norm")
@hidden_cases("clip_by_global_norm")
def clip_by_global_norm(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "norm 10, at most 2.5", _gradient(rng, 10, 2.5, more=True))
    yield Case("ordinary", "norm 0.8, at most 0.7", _gradient(rng, 0.8, 0.7))
    yield Case("exact", "norm 3, at most 0.5", _gradient(rng, 3, 0.5))
    yield Case("short", "norm 3, at most 5", _gradient(rng, 3, 5))
    yield Case("short", "norm 4, at most 4", {"grads": _signs(rng, 4.0), "max_norm": 4.0})
    yield Case("short", "norm 1.005, at most 1: too long", _gradient(rng, 1.005, 1))
    yield Case("short", "norm 0", {"grads": {"W": np.zeros((2, 3)), "b": np.zeros(3)}, "max_norm": 1.5})
    for scale in (1e-100, 1e100):
        yield Case("scales", f"norm {6 * scale:.0e}, at most {2 * scale:.0e}", _gradient(rng, 6, 2, scale))
    narrow = _gradient(rng, 5, 2)
    narrow["grads"] = _in_float32(narrow["grads"])
    yield Case("float32", "norm 5, at most 2", narrow)


# train_epoch and evaluate


def _layer(rng: Rng, n_in: int, n_out: int, name: str) -> dict[str, Array]:
    return {f"{name}.weight": _eighths(rng, n_out, n_in) / 2, f"{name}.bias": _eighths(rng, n_out) / 2}


def _norm(rng: Rng, size: int) -> dict[str, Array]:
    return {
        "norm.weight": rng.integers(4, 9, size=size) / 8,
        "norm.bias": _eighths(rng, size, largest=1),
        "norm.running_mean": _eighths(rng, size),
        "norm.running_var": rng.integers(8, 25, size=size) / 8,
    }


def _network(rng: Rng, layers: str, n_in: int, n_out: int) -> dict[str, Array]:
    if layers == "tanh network":
        return {**_layer(rng, n_in, 3, "hidden"), **_layer(rng, 3, n_out, "output")}
    norm = _norm(rng, n_in) if layers == "linear with batch norm" else {}
    return {**norm, **_layer(rng, n_in, n_out, "output")}


def _loaded(batches: Sequence[tuple[Array, Array]], loader: str) -> Inputs:
    """Batches as one array of inputs, one of classes, and the sizes to cut them into."""
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    sizes = [len(part) for _, part in batches]
    return {"x": _in_float32(x), "y": y.astype(np.int8), "batch_sizes": sizes, "_loader": loader}


def _epoch(
    rng: Rng,
    layers: str,
    sizes: Sequence[int],
    *,
    training: bool = True,
    loader: str = "list",
    n_out: int = 3,
    scale: float = 1.0,
) -> Inputs:
    model = classifier(layers=layers, state=_in_float32(_network(rng, layers, 2, n_out)), training=training)
    batches = []
    for n in sizes:
        x = _eighths(rng, n, 2) + np.arange(n)[:, None] / 16  # batch norm needs numbers that differ
        batches.append((scale * x, rng.integers(n_out, size=n)))
    return {"model": model, **_loaded(batches, loader), "lr": 0.3 / scale, "momentum": 0.6}


@public_cases("train_epoch")
@hidden_cases("train_epoch")
def train_epoch(rng: Rng) -> Iterator[Case]:
    network, norm = "tanh network", "linear with batch norm"
    yield Case("ordinary", "three batches of four", _epoch(rng, network, [4, 4, 4]))
    yield Case("exact", "three batches of three", _epoch(rng, "linear", [3, 3, 3]))
    yield Case("rest", "batches of six, six and one", _epoch(rng, "linear", [6, 6, 1]))
    yield Case("mode", "in evaluation mode before", _epoch(rng, norm, [5, 5], training=False))
    yield Case("any_loader", "a generator", _epoch(rng, "linear", [4, 4], loader="generator"))
    yield Case("any_loader", "a DataLoader", _epoch(rng, "linear", [4, 4], loader="DataLoader"))
    yield Case("device", "two batches of four", _epoch(rng, "linear", [4, 4], loader="elsewhere"))
    yield Case("scales", "large inputs", _epoch(rng, "linear", [4, 4, 4], scale=64.0))


def _scored(rng: Rng, n: int, n_out: int) -> tuple[dict[str, Array], Array, Array]:
    """A linear classifier, inputs whose two largest scores are not close, and the classes that it chooses."""
    weight, bias = _eighths(rng, n_out, 2) + rng.uniform(0.01, 0.1, size=(n_out, 2)).round(4), _eighths(rng, n_out) / 8
    x = _eighths(rng, 9 * n, 2) + 1 / 16
    scores = x @ weight.T + bias
    first, second = np.sort(scores, axis=1).T[[-1, -2]]
    clear = np.flatnonzero(first - second > 0.01)[:n]
    return {"output.weight": weight, "output.bias": bias}, x[clear], scores[clear].argmax(axis=1)


def _evaluation(rng: Rng, rights: Sequence[tuple[int, int]], *, loader: str = "list", n_out: int = 5) -> Inputs:
    """Batches of given sizes, so many of which the model gets right."""
    sizes = [size for size, _ in rights]
    state, x, chosen = _scored(rng, sum(sizes), n_out)
    batches, start = [], 0
    for size, right in rights:
        y = chosen[start : start + size].copy()
        y[right:] = (y[right:] + rng.integers(1, n_out, size=size - right)) % n_out
        batches.append((x[start : start + size], y))
        start += size
    model = classifier(layers="linear", state=_in_float32(state), training=True)
    return {"model": model, **_loaded(batches, loader), "_look_at_model": False}


def _far_from_its_batches(rng: Rng, *, training: bool, look: bool) -> Inputs:
    """A model with batch norm that chooses class 0 always, and each class half of the time if it looks at the batch."""
    state = {
        "norm.weight": np.array([1.0]),
        "norm.bias": np.array([0.0]),
        "norm.running_mean": np.array([-20.0]),
        "norm.running_var": np.array([1.0]),
        "output.weight": np.array([[1.0], [-1.0]]),
        "output.bias": np.array([0.0, 0.0]),
    }
    batches = []
    for _ in range(3):
        x = rng.permutation(np.array([-2.0, -1.5, -1.0, 1.0, 1.5, 2.0]) + float(_eighths(rng)) / 8)[:, None]
        batches.append((x, (rng.permutation(6) == 0).astype(int)))
    model = classifier(layers="linear with batch norm", state=_in_float32(state), training=training)
    return {"model": model, **_loaded(batches, "list"), "_look_at_model": look}


@public_cases("evaluate")
@hidden_cases("evaluate")
def evaluate(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "three batches of five", _evaluation(rng, [(5, 4), (5, 5), (5, 2)], n_out=4))
    yield Case("exact", "two batches of eight", _evaluation(rng, [(8, 6), (8, 3)], n_out=3))
    yield Case("rest", "batches of six, six and one", _evaluation(rng, [(6, 5), (6, 4), (1, 0)], n_out=3))
    yield Case("mode", "in training mode before", _far_from_its_batches(rng, training=True, look=False))
    yield Case("any_loader", "a generator", _evaluation(rng, [(5, 4), (5, 1)], loader="generator"))
    yield Case("any_loader", "a DataLoader", _evaluation(rng, [(5, 4), (5, 1)], loader="DataLoader"))
    yield Case("device", "two batches of four", _evaluation(rng, [(4, 3), (4, 1)], loader="elsewhere", n_out=3))
    yield Case("untouched", "in evaluation mode before", _far_from_its_batches(rng, training=False, look=True))
