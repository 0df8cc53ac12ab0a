"""Cases of the exercises on softmax and cross-entropy, by what they are for.

Every fault should cost one group. Therefore each extreme stands alone: rows far from each other, and classes far below
the others, keep to scores within 700, where a plain exponential is still a number; scores beyond 709, where it is not,
lie close together within a row. Among the large ones are rows at the edge, around 709 and -745, where a plain formula
gives a finite number that is wrong, and some around 20000, where it overflows in a long double, too. No hidden score
reaches further than the public ones, so that no limit on scores passes here and fails there. Elsewhere scores span 3,
so that a floor under a probability stays a matter of digits. What is ``exact`` goes on to a gap of 8 (to 12 for two
classes, to 24 for probabilities), the unlikely classes from 12 to 640, with 720 between the overflow and the underflow
of an exponential, and to 1390. A row with one leader 1426 above the rest tells the maximum from the mean, the median
and the middle, which pass everywhere else. A batch has another size than a row of scores, except in one group, so that
broadcasting along the wrong axis shows there only. In one ordinary case the last class is nobody's, so that the number
of classes has to come from the scores. Whether a floor of 1e-4 or scores in float16 are still ordinary is not left to
chance: one ordinary case holds a gap of 6, or a digit too many. Extreme scores are multiples of 1/128, which float32
holds up to 65,000: an answer computed in float32 is judged on the same numbers.
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
    "underflow": "very unlikely classes",
    "shapes": "other shapes",
    "float32": "float32 input",
    "special_batches": "special batches",
    "float_targets": "float targets",
    "background": "any numbers in background boxes",
    "square": "N equal to C",
    "mode": "the mode of the model",
    "one_example": "one example",
    "float32_model": "float32 model",
}
"""Id of a group of cases, which never changes, and its words."""

LOOK_AT_MODE = {"_mode": True}

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator


def _eighths(rng: Rng, shape: int | tuple[int, ...], largest: int = 3) -> Array:
    return rng.integers(-8 * largest, 8 * largest + 1, size=shape) / 8


def _plain(rng: Rng, *shape: int) -> Array:
    return rng.uniform(-1, 1) + rng.uniform(-1.5, 1.5, size=shape)


def _steps(rng: Rng, gaps: list[float]) -> Array:
    """Rows of five scores, the largest of which lies these gaps above the next."""
    tops = np.array(gaps)[:, None] * np.array([0.5, -0.5, -0.5, -0.5, -0.5])
    return rng.permuted(tops + _eighths(rng, (len(gaps), 5)) / 16, axis=1)


def _led(rng: Rng, n_rows: int, n_classes: int) -> Array:
    """Rows around -720 with one leader around 706: as they are, their exponentials are still numbers."""
    tops = np.where(np.arange(n_classes) == 0, 706, -720) + _eighths(rng, (n_rows, n_classes)) / 2
    return rng.permuted(tops, axis=1)


def _moved(rng: Rng, scores: Array) -> Array:
    """The same differences at other heights, each row in an order of its own."""
    return rng.permuted(scores + _eighths(rng, (len(scores), 1)), axis=1)


def _high(rng: Rng, n_rows: int, n_classes: int, level: float) -> Array:
    """Rows around a level beyond what an exponential can hold, close together within."""
    return level + _eighths(rng, (n_rows, n_classes)) / 2


def _overflowing(rng: Rng, n_rows: int, n_classes: int) -> Array:
    """Rows whose exponentials are still numbers, and their sum no longer."""
    return 709.5 + _eighths(rng, (n_rows, n_classes)) / 48


def _vanishing(rng: Rng, n_rows: int, n_classes: int) -> Array:
    """Rows whose exponentials all round to the smallest number above 0."""
    return -744.8125 + _eighths(rng, (n_rows, n_classes)) / 16


def _far_rows(rng: Rng, n_rows: int, n_classes: int) -> Array:
    """Rows around 690 and rows around -690, in any order, at least one of each."""
    levels = rng.permutation(np.resize([690, -690], n_rows))
    return _eighths(rng, (n_rows, n_classes)) / 2 + levels[:, None]


def _unlikely(rng: Rng, n_rows: int, n_classes: int) -> tuple[Array, Array]:
    """Scores of which that of the true class lies some 1390 below two near-tied leaders, and the true classes."""
    scores = 695 + _eighths(rng, (n_rows, n_classes)) / 2
    targets = rng.integers(n_classes, size=n_rows)
    scores[np.arange(n_rows), targets] -= 1390
    return scores, targets


def _targets(rng: Rng, scores: Array) -> Array:
    """Random classes; the first example's is the least likely one, the second's the likeliest."""
    targets = rng.integers(scores.shape[1], size=len(scores))
    targets[0] = scores[0].argmin()
    targets[1:2] = scores[1:2].argmax(axis=1)
    return targets


NEAR = [1.0, 2.0, 4.0, 8.0]
NEARLY_SURE = [12.0, 16.0, 20.0, 24.0]
FAR_APART = [12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 80.0, 104.0, 160.0, 320.0, 640.0]
HALF = np.array([[0.5, 1.5, -1, 0.25], [2, 0.25, 3, -0.5], [0, -1.25, 1, 1.75]], np.float32)
FAR = np.array([[0.0, 1.0, 2.0, -1.0], [695.25, 697.0, 696.125, 694.5], [-697.0, -695.0, -695.5, -696.0]])
SMALL_STEPS = np.array([[0.26, -0.75, -2.75, -8.0], [1.0, 0.0, 3.0, -4.75]])
STEPS = np.array([[10.0, -10.0, -3.0, 0.0], [-48.0, 48.0, 40.0, 0.0], [320.0, 0.0, -320.0, 40.0]])
SURE = np.array([[12.0, 0.0, -4.0, -8.0, -12.0], [-8.0, -4.0, 12.0, -12.0, 0.0]])
LEADERS = np.array([[-695.0, 695.0, 694.75], [695.0, 694.5, -695.0]])
LED = np.array([[-720.0, 706.0, -719.5, -720.25], [706.5, -720.0, -719.0, -721.0]])
LIKELY = np.array([*LED, [706, 694, 693.5, 693], [689.5, 706, 690, 689], [681, 682, 682.25, 706.25]])
MIXED = np.array([[6.0, 1.0, 0.5, 0.25, 0.0], *4 * [[3.0, 0.5, 0.25, 0.0, -0.5]], [3.0, 0.25, 0.0, -0.25, 0.5]])
"""One class lies 6 below the leader, and five leaders 3 above the others."""
LARGE = {
    "around 1000 and 709": np.array([[1000.0, 1001.0, 999.0, 1000.5], [709.5, 709.5, 709.25, 709.0]]),
    "around -745": np.array([[-744.75, -744.875, -744.625, -745.0]]),
    "a batch of one around -20000": np.array([[-19999.0, -20000.0, -20001.0, -19998.5]]),
}


@public_cases("softmax")
def softmax_public(rng: Rng) -> Iterator[Case]:
    yield from scores_public(rng)
    yield Case("exact", "gaps from 12 to 24", {"scores": SURE})


@hidden_cases("softmax")
def softmax_hidden(rng: Rng) -> Iterator[Case]:
    yield from scores_hidden(rng)
    yield Case("exact", "gaps from 12 to 24", {"scores": _steps(rng, NEARLY_SURE)})


@public_cases("log_softmax")
def scores_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "three rows, four classes", {"scores": _plain(rng, 3, 4).round(1)})
    yield Case("ordinary", "five rows, three classes", {"scores": _plain(rng, 5, 3).round(1)})
    yield Case("ordinary", "all scores are 3", {"scores": np.full((2, 5), 3.0)})
    yield Case("exact", "gaps up to 8", {"scores": SMALL_STEPS})
    for name, scores in LARGE.items():
        yield Case("large_scores", name, {"scores": scores})
    yield Case("row_sizes", "rows around 0, 700 and -700", {"scores": FAR})
    yield Case("shapes", "a batch of one", {"scores": np.array([[0.5, -1.0, 2.0, 0.0, 1.5]])})
    yield Case("shapes", "a single vector of scores", {"scores": np.array([2.0, -1.0, 0.5])})
    yield Case("shapes", "shape (2, 3, 4)", {"scores": rng.normal(size=(2, 3, 4)).round(1)})
    yield Case("shapes", "three rows, three classes", {"scores": rng.normal(size=(3, 3)).round(1)})
    yield Case("float32", "three rows, four classes", {"scores": HALF})
    yield Case("underflow", "20, 96 and 640 below the largest score", {"scores": STEPS})
    yield Case("underflow", "1390 below the two largest scores", {"scores": LEADERS})
    yield Case("underflow", "1426 below the largest score", {"scores": LED})


@hidden_cases("log_softmax")
def scores_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven rows, five classes", {"scores": _plain(rng, 7, 5)})
    yield Case("ordinary", "five rows, nine classes", {"scores": _plain(rng, 5, 9)})
    yield Case("ordinary", "eleven rows, three classes, all negative", {"scores": -rng.uniform(0.1, 3, size=(11, 3))})
    yield Case("ordinary", "all the same number", {"scores": np.full((3, 7), float(_eighths(rng, 1)[0]))})
    yield Case("exact", "seven rows, three classes", {"scores": _plain(rng, 7, 3)})
    yield Case("exact", "gaps up to 8", {"scores": _steps(rng, NEAR)})
    yield Case("large_scores", "around 1000", {"scores": _high(rng, 5, 3, 1000)})
    yield Case("large_scores", "around 709", {"scores": _overflowing(rng, 3, 4)})
    yield Case("large_scores", "around -745", {"scores": _vanishing(rng, 3, 7)})
    yield Case("large_scores", "around -20000", {"scores": _high(rng, 5, 4, -20000)})
    yield Case("large_scores", "a batch of one around 1000", {"scores": _high(rng, 1, 5, 1000)})
    yield Case("row_sizes", "rows around 690 and -690", {"scores": _far_rows(rng, 5, 3)})
    yield Case("row_sizes", "more rows around 690 and -690", {"scores": _far_rows(rng, 4, 7)})
    yield Case("shapes", "a batch of one, seven classes", {"scores": _plain(rng, 1, 7)})
    yield Case("shapes", "five scores", {"scores": _plain(rng, 5)})
    yield Case("shapes", "shape (3, 5, 7)", {"scores": _plain(rng, 3, 5, 7)})
    yield Case("shapes", "shape (2, 3, 5, 3)", {"scores": _plain(rng, 2, 3, 5, 3)})
    yield Case("shapes", "shape (5, 1, 3)", {"scores": _plain(rng, 5, 1, 3)})
    yield Case("shapes", "five rows, five classes", {"scores": _plain(rng, 5, 5)})
    yield Case("shapes", "shape (3, 3, 3)", {"scores": _plain(rng, 3, 3, 3)})
    yield Case("float32", "five rows, seven classes", {"scores": _plain(rng, 5, 7).astype(np.float32)})
    yield Case("underflow", "every gap from 12 to 640", {"scores": _steps(rng, FAR_APART)})
    yield Case("underflow", "1390 below the two largest scores", {"scores": _unlikely(rng, 5, 4)[0]})
    yield Case("underflow", "1426 below the largest score", {"scores": _led(rng, 5, 4)})


def _labelled(group: str, name: str, scores: Array, targets: Any) -> Case:
    return Case(group, name, {"scores": scores, "targets": np.asarray(targets)})


@public_cases("cross_entropy_gradient")
def gradient_public(rng: Rng) -> Iterator[Case]:
    yield from classification_public(rng)
    yield _labelled("exact", "likely, gaps from 12 to 24", SURE, [0, 2])


@hidden_cases("cross_entropy_gradient")
def gradient_hidden(rng: Rng) -> Iterator[Case]:
    yield from classification_hidden(rng)
    sure = _steps(rng, NEARLY_SURE)
    yield _labelled("exact", "likely, gaps from 12 to 24", sure, sure.argmax(axis=1))


@public_cases("cross_entropy")
def classification_public(rng: Rng) -> Iterator[Case]:
    def scores(*shape: int) -> Array:
        return _plain(rng, *shape).round(1)

    yield _labelled("ordinary", "three examples, four classes", scores(3, 4), [3, 0, 2])
    yield _labelled("ordinary", "five examples, three classes", scores(5, 3), [1, 0, 1, 2, 2])
    yield _labelled("ordinary", "five classes", np.zeros((2, 5)), [3, 1])
    yield _labelled("ordinary", "right by 3, wrong by 6", MIXED, [4, 0, 0, 0, 0, 0])
    yield _labelled("exact", "four examples, three classes", scores(4, 3), [2, 0, 1, 1])
    yield _labelled("exact", "gaps up to 8", SMALL_STEPS, [0, 3])
    for name, large in LARGE.items():
        yield _labelled("large_scores", name, large, [2, 1][: len(large)])
    yield _labelled("row_sizes", "rows around 0, 700 and -700", FAR, [0, 1, 2])
    yield _labelled("underflow", "20, 96 and 640 below the largest score", STEPS, [1, 0, 2])
    yield _labelled("underflow", "likely, 12 to 1426 above the others", LIKELY, [1, 0, 0, 1, 3])
    yield _labelled("underflow", "1390 below the two largest scores", LEADERS[:1], [0])
    yield _labelled(
        "underflow", "720 below, among others", np.array([[-400.0, 320.0], [2.0, 1.0], [0.0, 0.5]]), [0, 1, 1]
    )
    yield _labelled("shapes", "a batch of one", np.array([[0.5, -1.0, 2.0]]), [1])
    yield _labelled("shapes", "three examples, three classes", scores(3, 3), [2, 2, 0])
    yield _labelled("float32", "three examples, four classes", HALF, [0, 2, 1])


@hidden_cases("cross_entropy")
def classification_hidden(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, scores: Array) -> Case:
        return _labelled(group, name, scores, _targets(rng, scores))

    yield case("ordinary", "seven examples, five classes", _plain(rng, 7, 5))
    yield case("ordinary", "five examples, nine classes", _plain(rng, 5, 9))
    yield case("ordinary", "eleven examples, three classes", _plain(rng, 11, 3))
    same = np.full((3, 7), float(_eighths(rng, 1)[0]))
    yield _labelled("ordinary", "all the same number", same, rng.integers(6, size=3))
    mixed = _moved(rng, MIXED)
    answers = np.where(np.arange(len(mixed)) == 0, mixed.argmin(axis=1), mixed.argmax(axis=1))
    yield _labelled("ordinary", "right by 3, wrong by 6", mixed, answers)
    yield case("exact", "nine examples, four classes", _plain(rng, 9, 4))
    near = _steps(rng, NEAR)
    yield _labelled("exact", "likely, gaps up to 8", near, near.argmax(axis=1))
    yield _labelled("exact", "unlikely, gaps up to 8", near, near.argmin(axis=1))
    yield case("large_scores", "around 1000", _high(rng, 5, 3, 1000))
    yield case("large_scores", "around 709", _overflowing(rng, 3, 4))
    yield case("large_scores", "around -745", _vanishing(rng, 3, 7))
    yield case("large_scores", "around -20000", _high(rng, 5, 4, -20000))
    yield case("large_scores", "a batch of one around 1000", _high(rng, 1, 5, 1000))
    yield case("row_sizes", "rows around 690 and -690", _far_rows(rng, 5, 3))
    yield case("row_sizes", "more rows around 690 and -690", _far_rows(rng, 4, 7))
    far = _steps(rng, FAR_APART)
    yield _labelled("underflow", "every gap from 12 to 640", far, far.argmin(axis=1))
    yield _labelled("underflow", "likely, with gaps from 12 to 640", far, far.argmax(axis=1))
    alone = _steps(rng, [720.0])
    yield _labelled("underflow", "one example alone, 720 below", alone, alone.argmin(axis=1))
    led = _led(rng, 5, 4)
    yield _labelled("underflow", "likely, 1426 above the others", led, led.argmax(axis=1))
    yield _labelled("underflow", "every example very unlikely", *_unlikely(rng, 5, 7))
    yield _labelled("underflow", "one very unlikely example alone", *_unlikely(rng, 1, 5))
    among = np.concatenate([_eighths(rng, (4, 3)), [[-600.0, 600.0, 598.0]]])
    yield _labelled("underflow", "one very unlikely example among ordinary ones", among, [0, 1, 2, 2, 0])
    yield case("shapes", "a batch of one, seven classes", _plain(rng, 1, 7))
    yield case("shapes", "five examples, five classes", _plain(rng, 5, 5))
    yield case("shapes", "two examples, two classes", _plain(rng, 2, 2))
    yield case("float32", "five examples, seven classes", _plain(rng, 5, 7).astype(np.float32))


def _yes_or_no(group: str, name: str, score: Any, target: Any) -> Case:
    return Case(group, name, {"score": np.asarray(score), "target": np.asarray(target)})


@public_cases("binary_cross_entropy")
def binary_public(rng: Rng) -> Iterator[Case]:
    yield _yes_or_no("ordinary", "five examples", _plain(rng, 5).round(1), [1, 0, 0, 1, 1])
    yield _yes_or_no("ordinary", "three examples", _plain(rng, 3).round(1), [0, 1, 0])
    yield _yes_or_no("exact", "four examples", _plain(rng, 4).round(1), [0, 1, 1, 0])
    yield _yes_or_no("exact", "gaps up to 12", [1.0, -8.0, 8.0, -4.0, 12.0, -12.0], [1, 0, 0, 1, 0, 0])
    yield _yes_or_no("large_scores", "40 for a 0", [40.0], [0])
    yield _yes_or_no("large_scores", "from 12 to 640", [12.0, -20.0, 80.0, -640.0], [1, 1, 0, 0])
    yield _yes_or_no("large_scores", "around ±1000, right", [1000.0, -1000.0], [1, 0])
    yield _yes_or_no("large_scores", "20000 for a 0", [20001.0, 1.0], [0, 1])
    yield _yes_or_no("large_scores", "-20000 for a 1", [-20001.0, 1.0], [1, 0])
    yield _yes_or_no("large_scores", "one example alone", [-900.0], [1])
    yield _yes_or_no("large_scores", "nearly 36 for a 0", [35.8125], [0])
    yield _yes_or_no("special_batches", "one example", [-0.7], [1])
    yield _yes_or_no("special_batches", "every target is 0", [1.5, -0.5, 0.2], np.zeros(3, int))
    yield _yes_or_no("special_batches", "every target is 1", [1.5, -0.5, 0.2], np.ones(3, int))
    yield _yes_or_no("special_batches", "all scores 0", np.zeros(3), [1, 0, 0])
    yield _yes_or_no("float_targets", "0.0 and 1.0", [0.3, -1.2, 2.5], [1.0, 1.0, 0.0])
    yield _yes_or_no("float32", "three examples", np.array([0.5, -1.25, 2], np.float32), [0, 1, 1])


@hidden_cases("binary_cross_entropy")
def binary_hidden(rng: Rng) -> Iterator[Case]:
    def labels(n: int) -> Array:
        """Both classes, and not equally often."""
        return rng.permutation(np.arange(n) < n // 3 + 1).astype(int)

    for n in (7, 5, 11):
        yield _yes_or_no("ordinary", f"{n} examples", _plain(rng, n), labels(n))
    yield _yes_or_no("exact", "nine examples", _plain(rng, 9), labels(9))
    near = np.array([*NEAR, 12.0]) + _eighths(rng, 5) / 16
    for target in (0, 1):
        yield _yes_or_no("exact", f"right, up to 12, target {target}", (2 * target - 1) * near, [target] * 5)
        yield _yes_or_no("exact", f"wrong, up to 12, target {target}", (1 - 2 * target) * near, [target] * 5)
        other = (1 - 2 * target) * (np.array([*NEAR, 12.0]) + _eighths(rng, 5) / 16)
        yield _yes_or_no("exact", f"others wrong, up to 12, target {target}", other, [target] * 5)
        far = (1 - 2 * target) * (np.array(FAR_APART) + _eighths(rng, 11) / 16)
        yield _yes_or_no("large_scores", f"wrong by 12 to 640, target {target}", far, [target] * 11)
        yield _yes_or_no("large_scores", f"wrong by 48, target {target}", far[4:5], [target])
    right = labels(5)
    yield _yes_or_no("large_scores", "around ±1000, right", (2 * right - 1) * 1000 + _eighths(rng, 5), right)
    high, low = 20000 + _eighths(rng, 2), _eighths(rng, 3)
    yield _yes_or_no("large_scores", "large for 0, among others", np.concatenate([high, low]), [0, 0, 1, 0, 1])
    yield _yes_or_no("large_scores", "low for 1, among others", np.concatenate([low, -high]), [0, 0, 1, 1, 1])
    yield _yes_or_no("large_scores", "scores in thousands", 1000.0 * rng.integers(-9, 10, size=7), labels(7))
    yield _yes_or_no("large_scores", "one example alone", -1000 + _eighths(rng, 1), [1])
    yield _yes_or_no("large_scores", "nearly 36 for a 0", 35.8125 + _eighths(rng, 1) / 32, [0])
    yield _yes_or_no("special_batches", "one example of class 0", _plain(rng, 1), [0])
    yield _yes_or_no("special_batches", "one example of class 1", _plain(rng, 1), [1])
    yield _yes_or_no("special_batches", "every target is 0", _plain(rng, 5), np.zeros(5, int))
    yield _yes_or_no("special_batches", "every target is 1", _plain(rng, 7), np.ones(7, int))
    yield _yes_or_no("special_batches", "all scores 0", np.zeros(5), labels(5))
    yield _yes_or_no("float_targets", "0.0 and 1.0", _plain(rng, 7), labels(7).astype(float))
    yield _yes_or_no("float32", "nine examples", _plain(rng, 9).astype(np.float32), labels(9))


def _scene(rng: Rng, n: int, n_classes: int, n_coordinates: int, class_targets: list[int], box_weight: float) -> Inputs:
    return {
        "class_scores": _plain(rng, n, n_classes),
        "box": _plain(rng, n, n_coordinates),
        "class_targets": np.array(class_targets),
        "box_targets": _plain(rng, n, n_coordinates),
        "box_weight": box_weight,
    }


def _with_background_boxes(scene: Inputs, value: float) -> Inputs:
    background = scene["class_targets"] == 0
    return {**scene, "box_targets": np.where(np.reshape(background, (-1, 1)), value, scene["box_targets"])}


def _with_steps(scene: Inputs, class_scores: Array) -> Inputs:
    """Unlikely classes, and boxes whose part in the loss is small."""
    small = {name: scene[name] / 8 for name in ("box", "box_targets")}
    return {**scene, **small, "class_scores": class_scores}


def _rounded(scene: Inputs) -> Inputs:
    return {name: np.round(value, 1) if name != "box_weight" else value for name, value in scene.items()}


@public_cases("multitask_loss")
def multitask_public(rng: Rng) -> Iterator[Case]:
    def scene(n: int, n_classes: int, n_coordinates: int, targets: list[int], box_weight: float) -> Inputs:
        return _rounded(_scene(rng, n, n_classes, n_coordinates, targets, box_weight))

    yield Case("ordinary", "five examples, two of them background", scene(5, 3, 4, [1, 0, 2, 2, 0], 0.75))
    yield Case("ordinary", "four examples, five classes", scene(4, 5, 3, [3, 0, 1, 2], 2.5))
    yield Case("exact", "five examples, four classes", scene(5, 4, 3, [2, 0, 1, 1, 3], 1.25))
    yield Case("exact", "gaps up to 8, small boxes", _with_steps(scene(2, 4, 3, [3, 3], 0.1), SMALL_STEPS))
    anything = _with_background_boxes(scene(2, 4, 3, [0, 2], 0.75), np.nan)
    yield Case("background", "the box targets of background are NaN", anything)
    yield Case("special_batches", "no example has a box", scene(2, 4, 3, [0, 0], 1.5))
    yield Case("special_batches", "every example has a box", scene(4, 5, 3, [2, 1, 4, 3], 0.7))
    yield Case("special_batches", "one example", scene(1, 4, 3, [2], 1.75))
    yield Case("special_batches", "only the classes count", scene(2, 4, 3, [2, 3], 0.0))
    large = scene(3, 4, 5, [1, 0, 3], 0.7)
    large["class_scores"] = np.array(
        [[1000.0, 999.5, 1001.0, 999.0], [-1000.0, -1001.0, -1002.0, -999.5], [20001.0, 0.0, 0.0, -20001.0]]
    )
    yield Case("large_scores", "1000, -1000 and 40000 apart", large)
    few_digits = {**scene(1, 4, 1, [2], 0.5), "class_scores": LARGE["around -745"]}
    yield Case("large_scores", "one example around -745", few_digits)
    yield Case("square", "three examples, three classes, three coordinates", scene(3, 3, 3, [0, 2, 1], 1.5))
    yield Case("float32", "two examples", _in_float32(scene(2, 4, 3, [3, 0], 0.75)))


def _in_float32(scene: Inputs) -> Inputs:
    narrow = ("class_scores", "box", "box_targets")
    return {name: value.astype(np.float32) if name in narrow else value for name, value in scene.items()}


@hidden_cases("multitask_loss")
def multitask_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "seven examples, five classes", _scene(rng, 7, 5, 4, [1, 0, 4, 0, 2, 3, 0], 0.7))
    yield Case("ordinary", "five examples, seven classes", _scene(rng, 5, 7, 3, [4, 1, 0, 5, 2], 2.5))
    yield Case("ordinary", "nine examples, mostly background", _scene(rng, 9, 3, 4, [0, 0, 1, 0, 0, 2, 0, 0, 0], 0.3))
    yield Case("exact", "six examples, four classes", _scene(rng, 6, 4, 3, [1, 0, 3, 2, 0, 1], 1.4))
    near = _steps(rng, NEAR)
    yield Case(
        "exact", "gaps up to 8, small boxes", _with_steps(_scene(rng, 4, 5, 3, list(near.argmin(axis=1)), 0.1), near)
    )
    anything = _scene(rng, 7, 5, 4, [0, 3, 0, 1, 4, 2, 0], 1.25)
    yield Case("background", "NaN", _with_background_boxes(anything, np.nan))
    yield Case("background", "infinity", _with_background_boxes(anything, np.inf))
    yield Case("background", "huge numbers", _with_background_boxes(anything, 1e300))
    empty = _scene(rng, 5, 3, 4, [0, 0, 0, 0, 0], 1.5)
    yield Case("special_batches", "no example has a box", empty)
    yield Case("special_batches", "every example has a box", _scene(rng, 5, 4, 3, [2, 1, 3, 3, 1], 0.6))
    yield Case("special_batches", "one example, with a box", _scene(rng, 1, 5, 4, [3], 1.75))
    yield Case("special_batches", "one example, background", _scene(rng, 1, 5, 4, [0], 1.75))
    yield Case("special_batches", "only the classes count", _scene(rng, 7, 5, 3, [1, 0, 2, 4, 4, 0, 3], 0.0))
    right = _scene(rng, 5, 3, 4, [1, 0, 2, 1, 0], 0.9)
    yield Case("special_batches", "no error in any box", {**right, "box_targets": np.array(right["box"])})
    large = _scene(rng, 5, 4, 3, [1, 0, 3, 2, 0], 0.4)
    levels = 4000.0 * rng.permutation(np.arange(-2, 3))[:, None]
    yield Case("large_scores", "thousands apart", {**large, "class_scores": _eighths(rng, (5, 4)) + levels})
    scores = rng.permuted(np.tile([-20000.0, 20000.0, 0.0, 1000.0], (5, 1)), axis=1) + _eighths(rng, (5, 4))
    spread = {"class_scores": scores, "class_targets": _targets(rng, scores)}
    yield Case("large_scores", "from -20000 to 20000 in every row", {**large, **spread})
    edge = {**_scene(rng, 2, 5, 3, [4, 0], 0.4), "class_scores": _vanishing(rng, 2, 5)}
    yield Case("large_scores", "around -745", edge)
    yield Case("square", "as many examples as classes", _scene(rng, 5, 5, 3, [4, 0, 1, 3, 1], 1.4))
    yield Case("square", "as many classes as coordinates", _scene(rng, 7, 4, 4, [3, 0, 1, 2, 0, 1, 1], 0.8))
    yield Case("float32", "seven examples", _in_float32(_scene(rng, 7, 5, 4, [1, 0, 4, 0, 2, 3, 0], 0.75)))


def _linear(rng: Rng, n_in: int, n_out: int, name: str) -> dict[str, Array]:
    weight = rng.uniform(-1, 1, size=(n_out, n_in)) / np.sqrt(n_in)
    return {f"{name}.weight": weight, f"{name}.bias": rng.uniform(-0.5, 0.5, size=n_out)}


def _batch_norm(rng: Rng, size: int) -> dict[str, Array]:
    return {
        "norm.weight": rng.uniform(0.5, 1, size=size) / 2,
        "norm.bias": rng.uniform(-0.5, 0.5, size=size),
        "norm.running_mean": rng.uniform(-1, 1, size=size),
        "norm.running_var": rng.uniform(1, 3, size=size),
    }


def _task(rng: Rng, model: str, n: int, n_in: int, n_classes: int, targets: list[int], training: bool = True) -> Inputs:
    state = _linear(rng, n_in, n_classes, "output")
    if model == "tanh network":
        state = {**_linear(rng, n_in, n_in + 1, "hidden"), **_linear(rng, n_in + 1, n_classes, "output")}
    if model == "linear with batch norm":
        state = {**_batch_norm(rng, n_in), **state}
    x = rng.uniform(-1.5, 1.5, size=(n, n_in))
    return _on(model, state, x, np.array(targets), training)


def _on(layers: str, state: dict[str, Array], x: Array, y: Array, training: bool = True) -> Inputs:
    return {"model": classifier(layers=layers, state=state, training=training), "x": x, "y": y, "_mode": False}


def _in_rows(rng: Rng, n_rows: int, n_in: int, n_out: int, targets: list[int]) -> Inputs:
    """A model that takes several rows for each example and flattens what it has made of them."""
    x = rng.uniform(-1.5, 1.5, size=(len(targets), n_rows, n_in))
    return _on("linear, flattened", _linear(rng, n_in, n_out, "output"), x, np.array(targets))


def _task_rounded(task: Inputs) -> Inputs:
    made = task["model"].given
    state = {name: array.round(1) for name, array in made["state"].items()}
    return _on(made["layers"], state, task["x"].round(1), task["y"], made["training"])


def _with_large_scores(rng: Rng, n: int, n_classes: int) -> tuple[dict[str, Array], Array]:
    """A linear classifier of three inputs whose scores lie thousands apart."""
    levels = 1000.0 * rng.permutation(np.arange(n_classes) - n_classes // 2)
    state = {
        "output.weight": levels[:, None] + _eighths(rng, (n_classes, 3)),
        "output.bias": _eighths(rng, n_classes),
    }
    x = rng.integers(1, 4, size=(n, 3)).astype(float)
    return state, x


def _around_30(x: Array) -> Inputs:
    """A linear classifier of two inputs, mostly right, one of whose scores has a digit that float16 drops."""
    state = {
        "output.weight": np.array([[0.25, 0.25], [-0.25, 0.25], [0.25, -0.25]]),
        "output.bias": np.array([30.0 + 1 / 128, 27.0, 27.5]),
    }
    return _on("linear", state, x, np.zeros(len(x), int))


def _narrow(task: Inputs) -> Inputs:
    made = task["model"].given
    state = {name: array.astype(np.float32) for name, array in made["state"].items()}
    return _on(made["layers"], state, task["x"].astype(np.float32), task["y"], made["training"])


@public_cases("torch_loss")
def torch_public(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "a linear classifier", _task_rounded(_task(rng, "linear", 5, 2, 3, [2, 0, 1, 1, 0])))
    yield Case("ordinary", "one hidden layer", _task_rounded(_task(rng, "tanh network", 3, 2, 4, [3, 0, 1])))
    yield Case("ordinary", "scores around 30", _around_30(np.array([[-0.5, 1.0], [1.0, 0.5], [0.5, -1.0], [1.0, 1.0]])))
    yield Case("exact", "two classes", _task_rounded(_task(rng, "tanh network", 3, 2, 2, [1, 0, 0])))
    yield Case("one_example", "one example of shape (2, 2)", _task_rounded(_in_rows(rng, 2, 2, 2, [3])))
    narrow = _task_rounded(_task(rng, "linear", 3, 2, 4, [3, 0, 1]))
    yield Case("float32_model", "three examples", _narrow(narrow))
    large = {"output.weight": np.array([[1000.0], [-1000.0], [0.0]]), "output.bias": np.array([0.0, 0.5, 1.0])}
    yield Case(
        "large_scores",
        "true classes whose probability underflows",
        _on("linear", large, np.array([[1.0], [-2.0], [3.0], [9.0]]), np.array([1, 1, 2, 1])),
    )
    alone = _on("linear", large, np.array([[1.0]]), np.array([2]))
    yield Case("large_scores", "one example alone, sure and wrong", alone)
    yield Case(
        "mode",
        "a model in training mode",
        _task_rounded(_task(rng, "linear with batch norm", 5, 2, 3, [0, 2, 1, 1, 0], training=True)) | LOOK_AT_MODE,
    )
    task = _task_rounded(_task(rng, "linear with batch norm", 5, 2, 3, [0, 2, 1, 1, 0], training=False))
    yield Case("mode", "a float32 model in evaluation mode", _narrow(task) | LOOK_AT_MODE)
    yield Case("square", "three examples, three classes", _task_rounded(_task(rng, "linear", 3, 2, 3, [2, 2, 0])))


@hidden_cases("torch_loss")
def torch_hidden(rng: Rng) -> Iterator[Case]:
    yield Case("ordinary", "a linear classifier", _task(rng, "linear", 7, 3, 5, [4, 0, 2, 1, 3, 1, 0]))
    yield Case("ordinary", "one hidden layer", _task(rng, "tanh network", 5, 3, 7, [6, 1, 0, 5, 2]))
    yield Case("exact", "six examples", _task(rng, "tanh network", 6, 4, 3, [0, 2, 1, 1, 0, 2]))
    yield Case("ordinary", "scores around 30", _around_30(_eighths(rng, (4, 2), 1)))
    yield Case("ordinary", "eleven examples", _task(rng, "tanh network", 11, 5, 3, [0, 1, 2, 2, 1, 0, 1, 1, 2, 0, 0]))
    state, x = _with_large_scores(rng, 5, 3)
    scores = x @ state["output.weight"].T + state["output.bias"]
    smallest, largest = scores.argmin(axis=1), scores.argmax(axis=1)
    yield Case("large_scores", "the true class has the smallest score", _on("linear", state, x, smallest))
    yield Case("large_scores", "the true class has the largest score", _on("linear", state, x, largest))
    yield Case("large_scores", "one example alone, sure and wrong", _on("linear", state, x[:1], smallest[:1]))
    task, other = (_task(rng, "linear with batch norm", 7, 3, 5, [1, 4, 0, 2, 2, 3, 0], mode) for mode in (True, False))
    yield Case("mode", "a model in training mode", task | LOOK_AT_MODE)
    yield Case("mode", "a float32 model in evaluation mode", _narrow(other) | LOOK_AT_MODE)
    yield Case("one_example", "a batch of one", _task(rng, "tanh network", 1, 3, 5, [3]))
    yield Case("one_example", "one example of shape (3, 2)", _in_rows(rng, 3, 2, 2, [4]))
    yield Case("square", "five examples, five classes", _task(rng, "linear", 5, 3, 5, [4, 4, 0, 1, 3]))
    yield Case("float32_model", "seven examples", _narrow(_task(rng, "linear", 7, 3, 5, [4, 0, 2, 1, 3, 1, 0])))
