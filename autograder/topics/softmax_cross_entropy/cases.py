"""Cases of the exercises on softmax and cross-entropy.

Extreme scores are multiples of 1/8, which float32 holds exactly: an answer computed in float32 is judged on the same
numbers. Within a row, scores are either close together or at least 800 apart, so that a probability is either moderate
or exactly 0 and a floor under it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.exercises.softmax_cross_entropy import classifier

GROUPS = {
    "large_scores": "large scores",
    "row_sizes": "rows of very different size",
    "shapes": "other shapes",
    "float32": "float32 input",
    "underflow": "underflowing true class",
    "surely_right": "surely right",
    "surely_wrong": "surely wrong",
    "special_batches": "special batches",
    "float_targets": "float targets",
    "right_and_wrong": "right and wrong",
    "background": "background boxes hold anything",
    "all_background": "all background",
    "no_background": "no background",
    "one_example": "one example",
    "no_weight": "box weight zero",
    "exact_boxes": "boxes exactly right",
    "square": "square batch",
    "mode": "the caller's mode",
    "float32_model": "float32 model",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]


def _eighths(rng: np.random.Generator, shape: int | tuple[int, ...], largest: int = 3) -> Array:
    return rng.integers(-8 * largest, 8 * largest + 1, size=shape) / 8


def _normal(rng: np.random.Generator, *shape: int) -> Array:
    return rng.normal(rng.uniform(-1, 1), 1.5, size=shape)


def _far_apart(rng: np.random.Generator, n_rows: int, n_classes: int) -> Array:
    """Rows that each lie thousands below or above the next."""
    return _eighths(rng, (n_rows, n_classes)) + rng.permutation(np.linspace(-9000, 9000, n_rows).round())[:, None]


def _spread_out(rng: np.random.Generator, n_rows: int, n_classes: int) -> Array:
    """Rows that each reach from -10000 to 10000."""
    levels = np.resize([-10000, 10000, 0, 1000], n_classes)
    return _eighths(rng, (n_rows, n_classes)) + np.array([rng.permutation(levels) for _ in range(n_rows)])


def _one_peak(rng: np.random.Generator, n_rows: int, n_classes: int) -> Array:
    """Rows near 0 with one score near 1000."""
    scores = _eighths(rng, (n_rows, n_classes))
    scores[np.arange(n_rows), rng.integers(n_classes, size=n_rows)] += 1000
    return scores


def _targets(rng: np.random.Generator, scores: Array) -> Array:
    """Random classes; the first example's is the least likely one, the second's the likeliest."""
    targets = rng.integers(scores.shape[1], size=len(scores))
    targets[0] = scores[0].argmin()
    targets[1:2] = scores[1:2].argmax(axis=1)
    return targets


@public_cases("softmax")
@public_cases("log_softmax")
def scores_public(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("ordinary", "three rows, four classes", {"scores": rng.normal(scale=2, size=(3, 4)).round(1)})
    yield Case("ordinary", "five rows, three classes", {"scores": rng.normal(scale=2, size=(5, 3)).round(1)})
    yield Case(
        "large_scores",
        "each row around 1000 or around -1000",
        {"scores": np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0]])},
    )
    yield Case(
        "large_scores",
        "far apart within a row",
        {"scores": np.array([[1.0, 0.0, 1000.0], [10000.0, 0.0, -10000.0]])},
    )
    yield Case(
        "row_sizes",
        "one row around 0, one around 900",
        {"scores": np.array([[0.0, 1.0, 2.0], [900.0, 902.0, 901.0]])},
    )
    yield Case("shapes", "a batch of one", {"scores": np.array([[0.5, -1.0, 2.0, 0.0, 1.5]])})
    yield Case("shapes", "a single vector of scores", {"scores": np.array([2.0, -1.0, 0.5])})
    yield Case("shapes", "shape (2, 3, 4)", {"scores": rng.normal(size=(2, 3, 4)).round(1)})
    yield Case("shapes", "three rows, three classes", {"scores": rng.normal(size=(3, 3)).round(1)})
    yield Case("ordinary", "all scores are 3", {"scores": np.full((2, 5), 3.0)})
    yield Case("float32", "two rows, three classes", {"scores": np.array([[0.5, 1.5, -1], [2, 0.25, 3]], np.float32)})


@hidden_cases("softmax")
@hidden_cases("log_softmax")
def scores_hidden(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("ordinary", "seven rows, five classes", {"scores": _normal(rng, 7, 5)})
    yield Case("ordinary", "five rows, nine classes", {"scores": _normal(rng, 5, 9)})
    yield Case("ordinary", "eleven rows, three classes, all negative", {"scores": -rng.uniform(0.1, 6, size=(11, 3))})
    yield Case("large_scores", "around 1000", {"scores": 1000 + _eighths(rng, (5, 3))})
    yield Case("large_scores", "around -1000", {"scores": -1000 + _eighths(rng, (3, 7))})
    yield Case("large_scores", "from -10000 to 10000 in every row", {"scores": _spread_out(rng, 7, 5)})
    yield Case("large_scores", "one score of 1000 in every row", {"scores": _one_peak(rng, 5, 3)})
    yield Case("row_sizes", "thousands apart", {"scores": _far_apart(rng, 5, 3)})
    yield Case(
        "row_sizes",
        "one row far above all the others",
        {"scores": _eighths(rng, (7, 5)) + np.array([[0, 0, 0, 2000, 0, 0, 0]]).T},
    )
    yield Case("shapes", "a batch of one, seven classes", {"scores": _normal(rng, 1, 7)})
    yield Case("shapes", "five scores", {"scores": _normal(rng, 5)})
    yield Case("shapes", "three scores, far apart", {"scores": rng.permutation([-1000.0, 0.5, 1000.0])})
    yield Case("shapes", "shape (3, 5, 7)", {"scores": _normal(rng, 3, 5, 7)})
    yield Case("shapes", "shape (2, 3, 5, 3)", {"scores": _normal(rng, 2, 3, 5, 3)})
    yield Case("shapes", "shape (5, 1, 3)", {"scores": _normal(rng, 5, 1, 3)})
    yield Case("shapes", "five rows, five classes", {"scores": _normal(rng, 5, 5)})
    yield Case("shapes", "shape (3, 3, 3)", {"scores": _normal(rng, 3, 3, 3)})
    yield Case("ordinary", "all the same number", {"scores": np.full((3, 7), float(_eighths(rng, 1)[0]))})
    yield Case("large_scores", "all 10000", {"scores": np.full((5, 3), 10000.0)})
    yield Case("float32", "five rows, seven classes", {"scores": _normal(rng, 5, 7).astype(np.float32)})


@public_cases("cross_entropy")
@public_cases("cross_entropy_gradient")
def classification_public(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        "ordinary",
        "three examples, four classes",
        {"scores": rng.normal(scale=2, size=(3, 4)).round(1), "targets": np.array([3, 0, 2])},
    )
    yield Case(
        "ordinary",
        "five examples, three classes",
        {"scores": rng.normal(scale=2, size=(5, 3)).round(1), "targets": np.array([1, 0, 1, 2, 2])},
    )
    yield Case(
        "large_scores",
        "around 1000",
        {"scores": np.array([[1000.0, 1001.0, 999.0], [998.0, 1001.0, 1000.0]]), "targets": np.array([2, 1])},
    )
    yield Case(
        "large_scores",
        "around -1000",
        {"scores": np.array([[-1000.0, -1002.0, -1001.0], [-999.0, -1000.0, -1001.0]]), "targets": np.array([1, 0])},
    )
    yield Case(
        "row_sizes",
        "one row around 0, one around 900",
        {"scores": np.array([[0.0, 1.0, 2.0], [900.0, 902.0, 901.0]]), "targets": np.array([0, 1])},
    )
    yield Case(
        "underflow",
        "the true class 1000 below another",
        {"scores": np.array([[0.0, 1000.0], [2.0, 1.0], [0.0, 0.5]]), "targets": np.array([0, 1, 1])},
    )
    yield Case(
        "underflow",
        "the true class far below two others",
        {"scores": np.array([[-10000.0, 1.0, 0.0]]), "targets": np.array([0])},
    )
    yield Case("shapes", "a batch of one", {"scores": np.array([[0.5, -1.0, 2.0]]), "targets": np.array([1])})
    yield Case(
        "shapes",
        "three examples, three classes",
        {"scores": rng.normal(size=(3, 3)).round(1), "targets": np.array([2, 2, 0])},
    )
    yield Case("ordinary", "five classes", {"scores": np.zeros((2, 5)), "targets": np.array([4, 1])})
    yield Case(
        "float32",
        "two examples, three classes",
        {"scores": np.array([[0.5, 1.5, -1], [2, 0.25, 3]], np.float32), "targets": np.array([0, 2])},
    )


@hidden_cases("cross_entropy")
@hidden_cases("cross_entropy_gradient")
def classification_hidden(rng: np.random.Generator) -> Iterator[Case]:
    def case(group: str, name: str, scores: Array) -> Case:
        return Case(group, name, {"scores": scores, "targets": _targets(rng, scores)})

    yield case("ordinary", "seven examples, five classes", _normal(rng, 7, 5))
    yield case("ordinary", "five examples, nine classes", _normal(rng, 5, 9))
    yield case("ordinary", "eleven examples, three classes", _normal(rng, 11, 3))
    yield case("large_scores", "around 1000", 1000 + _eighths(rng, (5, 3)))
    yield case("large_scores", "around -1000", -1000 + _eighths(rng, (3, 7)))
    yield case("large_scores", "from -10000 to 10000 in every row", _spread_out(rng, 7, 5))
    yield case("row_sizes", "thousands apart", _far_apart(rng, 5, 3))
    yield case(
        "row_sizes",
        "one row far above all the others",
        _eighths(rng, (7, 5)) + np.array([[0, 0, 0, 2000, 0, 0, 0]]).T,
    )
    sure = _one_peak(rng, 5, 7)
    wrong = (sure.argmax(axis=1) + rng.integers(1, 7, size=5)) % 7
    yield Case("underflow", "every example surely wrong", {"scores": sure, "targets": wrong})
    mixed = np.concatenate([_eighths(rng, (4, 3)), [[0.0, 3000.0, 2.0]]])
    yield Case(
        "underflow",
        "one surely wrong example among ordinary ones",
        {"scores": mixed, "targets": np.array([0, 1, 2, 2, 0])},
    )
    yield case("shapes", "a batch of one, seven classes", _normal(rng, 1, 7))
    yield case("shapes", "five examples, five classes", _normal(rng, 5, 5))
    yield case("shapes", "two examples, two classes", _normal(rng, 2, 2))
    yield case("ordinary", "all the same number", np.full((3, 7), float(_eighths(rng, 1)[0])))
    yield case("large_scores", "all 10000", np.full((5, 3), 10000.0))
    yield case("float32", "five examples, seven classes", _normal(rng, 5, 7).astype(np.float32))
    yield case("underflow", "one surely wrong example alone", _one_peak(rng, 1, 5))


@public_cases("binary_cross_entropy")
def binary_public(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        "ordinary",
        "five examples",
        {"score": rng.normal(scale=2, size=5).round(1), "target": np.array([1, 0, 0, 1, 1])},
    )
    yield Case(
        "ordinary", "three examples", {"score": rng.normal(scale=2, size=3).round(1), "target": np.array([0, 1, 0])}
    )
    yield Case(
        "surely_right", "scores around ±1000", {"score": np.array([1000.0, -1000.0]), "target": np.array([1, 0])}
    )
    yield Case("surely_wrong", "1000 for a 0", {"score": np.array([1000.0, 1.0]), "target": np.array([0, 1])})
    yield Case("surely_wrong", "-1000 for a 1", {"score": np.array([-1000.0, 1.0]), "target": np.array([1, 0])})
    yield Case("surely_wrong", "one example alone", {"score": np.array([-900.0]), "target": np.array([1])})
    yield Case("special_batches", "one example", {"score": np.array([-0.7]), "target": np.array([1])})
    yield Case(
        "special_batches", "every target is 0", {"score": np.array([1.5, -0.5, 0.2]), "target": np.zeros(3, int)}
    )
    yield Case("special_batches", "every target is 1", {"score": np.array([1.5, -0.5, 0.2]), "target": np.ones(3, int)})
    yield Case("special_batches", "all scores 0", {"score": np.zeros(3), "target": np.array([1, 0, 0])})
    yield Case(
        "float_targets", "0.0 and 1.0", {"score": np.array([0.3, -1.2, 2.5]), "target": np.array([1.0, 1.0, 0.0])}
    )
    yield Case(
        "float32",
        "three examples",
        {"score": np.array([0.5, -1.25, 2], np.float32), "target": np.array([0, 1, 1])},
    )


@hidden_cases("binary_cross_entropy")
def binary_hidden(rng: np.random.Generator) -> Iterator[Case]:
    def labels(n: int) -> Array:
        """Both classes, and not equally often."""
        return rng.permutation(np.arange(n) < n // 3 + 1).astype(int)

    for n in (7, 5, 11):
        yield Case("ordinary", f"{n} examples", {"score": _normal(rng, n), "target": labels(n)})
    right = labels(5)
    yield Case(
        "surely_right",
        "scores around ±1000",
        {"score": (2 * right - 1) * 1000 + _eighths(rng, 5), "target": right},
    )
    yield Case(
        "surely_wrong",
        "large scores for 0, among ordinary ones",
        {"score": np.concatenate([10000 + _eighths(rng, 2), _eighths(rng, 3)]), "target": np.array([0, 0, 1, 0, 1])},
    )
    yield Case(
        "surely_wrong",
        "very negative scores for 1, among ordinary ones",
        {"score": np.concatenate([_eighths(rng, 3), -10000 + _eighths(rng, 2)]), "target": np.array([0, 0, 1, 1, 1])},
    )
    yield Case(
        "right_and_wrong", "scores in thousands", {"score": 1000.0 * rng.integers(-9, 10, size=7), "target": labels(7)}
    )
    yield Case("special_batches", "one example of class 0", {"score": _normal(rng, 1), "target": np.array([0])})
    yield Case("special_batches", "one example of class 1", {"score": _normal(rng, 1), "target": np.array([1])})
    yield Case("special_batches", "every target is 0", {"score": _normal(rng, 5), "target": np.zeros(5, int)})
    yield Case("special_batches", "every target is 1", {"score": _normal(rng, 7), "target": np.ones(7, int)})
    yield Case("special_batches", "all scores 0", {"score": np.zeros(5), "target": labels(5)})
    yield Case("float_targets", "0.0 and 1.0", {"score": _normal(rng, 7), "target": labels(7).astype(float)})
    yield Case("float32", "nine examples", {"score": _normal(rng, 9).astype(np.float32), "target": labels(9)})
    yield Case("surely_wrong", "one example alone", {"score": -1000 + _eighths(rng, 1), "target": np.array([1])})


def _scene(
    rng: np.random.Generator, n: int, n_classes: int, n_coordinates: int, class_targets: list[int], box_weight: float
) -> Inputs:
    return {
        "class_scores": _normal(rng, n, n_classes),
        "box": _normal(rng, n, n_coordinates),
        "class_targets": np.array(class_targets),
        "box_targets": _normal(rng, n, n_coordinates),
        "box_weight": box_weight,
    }


def _with_background_boxes(scene: Inputs, value: float) -> Inputs:
    background = scene["class_targets"] == 0
    return {**scene, "box_targets": np.where(np.reshape(background, (-1, 1)), value, scene["box_targets"])}


def _rounded(scene: Inputs) -> Inputs:
    return {name: np.round(value, 1) if name != "box_weight" else value for name, value in scene.items()}


@public_cases("multitask_loss")
def multitask_public(rng: np.random.Generator) -> Iterator[Case]:
    ordinary = _rounded(_scene(rng, 5, 3, 4, [1, 0, 2, 2, 0], 0.75))
    yield Case("ordinary", "five examples, two of them background", ordinary)
    yield Case("ordinary", "three examples, four classes", _rounded(_scene(rng, 3, 4, 2, [3, 0, 1], 2.5)))
    yield Case(
        "background",
        "the box targets of background are NaN",
        _with_background_boxes(_rounded(_scene(rng, 3, 3, 2, [0, 2, 1], 0.75)), np.nan),
    )
    yield Case("all_background", "no example has a box", _rounded(_scene(rng, 3, 4, 2, [0, 0, 0], 1.5)))
    yield Case("no_background", "every example has a box", _rounded(_scene(rng, 3, 5, 2, [2, 1, 4], 0.5)))
    yield Case("no_weight", "only the classes count", _rounded(_scene(rng, 3, 4, 2, [0, 2, 1], 0.0)))
    large = _rounded(_scene(rng, 2, 3, 4, [1, 0], 0.5))
    large["class_scores"] = np.array([[1000.0, 0.0, 1001.0], [-1000.0, -1001.0, -1002.0]])
    yield Case("large_scores", "one row around 1000, one around -1000", large)
    yield Case(
        "square",
        "three examples, three classes, three coordinates",
        _rounded(_scene(rng, 3, 3, 3, [0, 2, 1], 1.5)),
    )


@hidden_cases("multitask_loss")
def multitask_hidden(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("ordinary", "seven examples, five classes", _scene(rng, 7, 5, 4, [1, 0, 4, 0, 2, 3, 0], 0.7))
    yield Case("ordinary", "five examples, seven classes", _scene(rng, 5, 7, 3, [6, 1, 0, 5, 2], 2.5))
    yield Case("ordinary", "nine examples, mostly background", _scene(rng, 9, 3, 4, [0, 0, 1, 0, 0, 2, 0, 0, 0], 0.3))
    anything = _scene(rng, 7, 5, 4, [0, 3, 0, 1, 4, 2, 0], 1.25)
    yield Case("background", "NaN", _with_background_boxes(anything, np.nan))
    yield Case("background", "infinity", _with_background_boxes(anything, np.inf))
    yield Case("background", "huge numbers", _with_background_boxes(anything, 1e300))
    empty = _scene(rng, 5, 3, 4, [0, 0, 0, 0, 0], 1.5)
    yield Case("all_background", "with boxes", empty)
    yield Case("all_background", "with NaN for boxes", _with_background_boxes(empty, np.nan))
    yield Case("no_background", "five examples, four classes", _scene(rng, 5, 4, 3, [2, 1, 3, 3, 1], 0.6))
    yield Case("one_example", "with a box", _scene(rng, 1, 5, 4, [3], 1.75))
    yield Case("one_example", "background", _scene(rng, 1, 5, 4, [0], 1.75))
    yield Case("no_weight", "only the classes count", _scene(rng, 7, 5, 3, [1, 0, 2, 4, 4, 0, 3], 0.0))
    right = _scene(rng, 5, 3, 4, [1, 0, 2, 1, 0], 0.9)
    yield Case("exact_boxes", "no error in any box", {**right, "box_targets": np.array(right["box"])})
    large = _scene(rng, 5, 4, 3, [1, 0, 3, 2, 0], 0.4)
    yield Case("large_scores", "thousands apart", {**large, "class_scores": _far_apart(rng, 5, 4)})
    yield Case("large_scores", "from -10000 to 10000 in every row", {**large, "class_scores": _spread_out(rng, 5, 4)})
    yield Case("square", "as many examples as classes", _scene(rng, 5, 5, 3, [4, 0, 1, 3, 1], 1.4))
    yield Case("square", "as many classes as coordinates", _scene(rng, 7, 4, 4, [3, 0, 1, 2, 0, 1, 1], 0.8))
    single = _scene(rng, 7, 5, 4, [1, 0, 4, 0, 2, 3, 0], 0.75)
    yield Case(
        "float32",
        "seven examples",
        {
            name: value.astype(np.float32) if name in ("class_scores", "box", "box_targets") else value
            for name, value in single.items()
        },
    )


def _linear(rng: np.random.Generator, n_in: int, n_out: int, name: str) -> dict[str, Array]:
    return {f"{name}.weight": rng.normal(size=(n_out, n_in)), f"{name}.bias": rng.normal(size=n_out)}


def _batch_norm(rng: np.random.Generator, size: int) -> dict[str, Array]:
    return {
        "norm.weight": rng.uniform(0.5, 2, size=size),
        "norm.bias": rng.normal(size=size),
        "norm.running_mean": rng.normal(size=size),
        "norm.running_var": rng.uniform(1, 3, size=size),
    }


def _task(
    rng: np.random.Generator, model: str, n: int, n_in: int, n_classes: int, targets: list[int], training: bool = True
) -> Inputs:
    state = _linear(rng, n_in, n_classes, "output")
    if model != "linear":
        state = {**_linear(rng, n_in, n_in + 1, "hidden"), **_linear(rng, n_in + 1, n_classes, "output")}
    if model == "network with batch norm":
        state = {**_batch_norm(rng, n_in), **state}
    x = rng.normal(size=(n, n_in))
    return _on(model, state, x, np.array(targets), training)


def _on(layers: str, state: dict[str, Array], x: Array, y: Array, training: bool = True) -> Inputs:
    return {"model": classifier(layers=layers, state=state, training=training), "x": x, "y": y}


def _task_rounded(task: Inputs) -> Inputs:
    made = task["model"].given
    state = {name: array.round(1) for name, array in made["state"].items()}
    return _on(made["layers"], state, task["x"].round(1), task["y"], made["training"])


def _with_large_scores(rng: np.random.Generator, n: int, n_classes: int) -> tuple[dict[str, Array], Array]:
    """A linear classifier of three inputs whose scores lie thousands apart."""
    levels = 1000.0 * rng.permutation(np.arange(n_classes) - n_classes // 2)
    state = {
        "output.weight": levels[:, None] + _eighths(rng, (n_classes, 3)),
        "output.bias": _eighths(rng, n_classes),
    }
    x = rng.integers(1, 4, size=(n, 3)).astype(float)
    return state, x


@public_cases("torch_loss")
def torch_public(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("ordinary", "a linear classifier", _task_rounded(_task(rng, "linear", 5, 2, 3, [2, 0, 1, 1, 0])))
    yield Case("ordinary", "one hidden layer", _task_rounded(_task(rng, "tanh network", 3, 2, 4, [3, 0, 1])))
    large = {"output.weight": np.array([[1000.0], [-1000.0], [0.0]]), "output.bias": np.array([0.0, 0.5, 1.0])}
    yield Case(
        "large_scores",
        "true classes whose probability underflows",
        _on("linear", large, np.array([[1.0], [-2.0]]), np.array([1, 1])),
    )
    alone = _on("linear", large, np.array([[1.0]]), np.array([2]))
    yield Case("large_scores", "one surely wrong example alone", alone)
    yield Case(
        "mode",
        "a model with batch norm in training mode",
        _task_rounded(_task(rng, "network with batch norm", 5, 2, 3, [0, 2, 1, 1, 0], training=True)),
    )
    yield Case(
        "mode",
        "a model with batch norm in evaluation mode",
        _task_rounded(_task(rng, "network with batch norm", 5, 2, 3, [0, 2, 1, 1, 0], training=False)),
    )
    yield Case("square", "three examples, three classes", _task_rounded(_task(rng, "linear", 3, 2, 3, [2, 2, 0])))


@hidden_cases("torch_loss")
def torch_hidden(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("ordinary", "a linear classifier", _task(rng, "linear", 7, 3, 5, [4, 0, 2, 1, 3, 1, 0]))
    yield Case("ordinary", "one hidden layer", _task(rng, "tanh network", 5, 3, 7, [6, 1, 0, 5, 2]))
    yield Case("ordinary", "eleven examples", _task(rng, "tanh network", 11, 5, 3, [0, 1, 2, 2, 1, 0, 1, 1, 2, 0, 0]))
    state, x = _with_large_scores(rng, 5, 3)
    scores = x @ state["output.weight"].T + state["output.bias"]
    smallest, largest = scores.argmin(axis=1), scores.argmax(axis=1)
    yield Case("large_scores", "the true class has the smallest score", _on("linear", state, x, smallest))
    yield Case("large_scores", "the true class has the largest score", _on("linear", state, x, largest))
    yield Case("large_scores", "one surely wrong example alone", _on("linear", state, x[:1], smallest[:1]))
    for training, mode in ((True, "training"), (False, "evaluation")):
        task = _task(rng, "network with batch norm", 7, 3, 5, [1, 4, 0, 2, 2, 3, 0], training)
        yield Case("mode", f"a model with batch norm in {mode} mode", task)
    yield Case("one_example", "a batch of one", _task(rng, "tanh network", 1, 3, 5, [3]))
    yield Case("square", "five examples, five classes", _task(rng, "linear", 5, 3, 5, [4, 4, 0, 1, 3]))
    single = _task(rng, "linear", 7, 3, 5, [4, 0, 2, 1, 3, 1, 0])
    state = {name: array.astype(np.float32) for name, array in single["model"].given["state"].items()}
    yield Case("float32_model", "seven examples", _on("linear", state, single["x"].astype(np.float32), single["y"]))
