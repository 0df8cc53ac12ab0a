"""Cases of the exercises on schedules, by what they are for.

Every fault should cost one group. What is ordinary therefore stays away from the steps at which a schedule changes, and
is asked for as a training loop does it; a long warm-up hides, to a thousandth, which of its conventions is meant.
Edges, other orders and what comes after the end stand alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograder.judging.catalogue import Case, hidden_cases, public_cases
from gradus.exercises.schedules import ASKED, optimizer, schedule

GROUPS = {
    "any_order": "in any order, and twice",
    "constant": "nothing decays",
    "edges": "at the edges",
    "last_steps": "just before the end",
    "after": "from the end on",
    "same_length": "cycles of one length",
    "later": "later cycles",
    "ramp": "during the warm-up",
    "first_rate": "a schedule that changes at once",
    "handover": "after the warm-up",
    "no_warmup": "no warm-up",
    "patience": "which reading acts",
    "in_a_row": "bad readings in a row",
    "best": "compared with the best",
    "afterwards": "after a reduction",
    "equal": "equal losses",
    "nan": "NaN",
    "minimum": "the smallest rate",
    "any_size": "losses of any size",
    "attribute": "the attribute lr",
    "two_objects": "two objects at once",
    "smoothing": "losses that jump",
    "start": "steep at the start",
    "uneven": "rates with uneven gaps",
    "several": "several groups",
    "kind": "the kind of the scheduler",
}
"""Id of a group of cases, which never changes, and its words."""

Array = np.ndarray
Inputs = dict[str, Any]
Rng = np.random.Generator


def _loop(*steps: int) -> Inputs:
    return {ASKED: np.array(steps), "_asked": "as in a loop"}


def _listed(*steps: int) -> Inputs:
    return {ASKED: np.array(steps), "_asked": "as listed"}


def _numpy(*steps: int) -> Inputs:
    return {ASKED: np.array(steps), "_asked": "as NumPy integers"}


def _between(rng: Rng, low: float, high: float, digits: int = 3) -> float:
    return round(float(rng.uniform(low, high)), digits)


def _bounds(rng: Rng) -> Inputs:
    """A large and a small rate, not 1 and not 0."""
    return {"lr_max": _between(rng, 0.3, 0.9), "lr_min": _between(rng, 0.02, 0.09)}


# time_decay and exponential_decay


@public_cases("time_decay")
@hidden_cases("time_decay")
@public_cases("exponential_decay")
@hidden_cases("exponential_decay")
def decay(rng: Rng) -> Iterator[Case]:
    def settings(low: float, high: float) -> Inputs:
        return {"lr0": _between(rng, 0.2, 0.9), "k": _between(rng, low, high, 4)}

    yield Case("ordinary", "quickly", {**_loop(*range(7)), **settings(0.3, 0.6)})
    yield Case("ordinary", "slowly", {**_loop(0, 10, 25, 40, 60), **settings(0.02, 0.04)})
    yield Case("exact", "eight steps", {**_loop(*range(8)), **settings(0.1, 0.2)})
    yield Case("constant", "k = 0", {**_loop(0, 1, 2, 5), **settings(0, 0)})
    yield Case("any_order", "to and fro", {**_listed(0, 6, 2, 6, 1, 9, 3), **settings(0.1, 0.3)})
    yield Case("any_order", "far along", {**_numpy(0, 9000, 40, 700, 9000), **settings(1e-3, 2e-3)})


# step_decay


@public_cases("step_decay")
@hidden_cases("step_decay")
def step_decay(rng: Rng) -> Iterator[Case]:
    def settings(every: int, factor: float) -> Inputs:
        return {"lr0": _between(rng, 0.2, 0.9), "factor": factor, "every": every}

    def factor() -> float:
        return _between(rng, 0.3, 0.7, 5)

    inside = _loop(0, 1, 2, 3, 6, 7, 8, 11, 12, 13)
    yield Case("ordinary", "within intervals of 5", {**inside, **settings(5, factor())})
    yield Case("ordinary", "within intervals of 30", {**_loop(0, 11, 28, 40, 55, 70), **settings(30, 0.1)})
    yield Case("ordinary", "factor 1", {**_loop(0, 1, 3, 7), **settings(5, 1.0)})
    yield Case("exact", "within intervals of 4", {**_loop(0, 1, 2, 5, 6, 9, 10), **settings(4, factor())})
    yield Case("edges", "every 4 steps", {**_loop(3, 4, 5, 7, 8, 9, 11, 12, 13), **settings(4, factor())})
    yield Case("edges", "every 7 steps", {**_loop(6, 7, 8, 13, 14, 15), **settings(7, factor())})
    yield Case("edges", "every step", {**_loop(*range(6)), **settings(1, factor())})
    yield Case("any_order", "to and fro", {**_listed(0, 12, 3, 12, 1, 8, 7), **settings(5, factor())})
    far = _numpy(0, 9500, 1500, 4500, 9500)
    yield Case("any_order", "far along", {**far, **settings(1000, factor())})


# cosine


@public_cases("cosine")
@hidden_cases("cosine")
def cosine(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, asked: Inputs, total: int, **others: float) -> Case:
        return Case(group, name, {**asked, **_bounds(rng), **others, "total": total})

    yield case("ordinary", "12 steps", _loop(0, 1, 2, 5, 6, 7, 10), 12)
    yield case("ordinary", "75 steps down to 0", _loop(0, 4, 15, 30, 50, 73), 75, lr_min=0.0)
    yield case("exact", "nine steps", _loop(*range(8)), 9)
    yield case("last_steps", "13 steps", _loop(11, 12), 13)
    yield case("last_steps", "one step", _loop(0), 1)
    yield case("after", "11 steps", _loop(11, 12, 15, 22, 23, 33), 11)
    yield case("after", "seven steps", _loop(7, 8, 10, 14, 17), 7)
    yield case("after", "one step", _loop(1, 2, 3), 1)
    yield case("any_order", "to and fro", _listed(0, 7, 2, 7, 1, 9, 4), 11)
    yield case("any_order", "far along", _numpy(0, 9000, 400, 7000, 9000), 9500)


# warm_restarts


@public_cases("warm_restarts")
@hidden_cases("warm_restarts")
def warm_restarts(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, asked: Inputs, first: int, growth: int, **others: float) -> Case:
        return Case(group, name, {**asked, **_bounds(rng), **others, "first_cycle": first, "growth": growth})

    yield case("ordinary", "cycles of 5, 10 and 20", _loop(0, 1, 2, 3, 6, 7, 9, 12, 16, 20, 25, 33), 5, 2)
    yield case("ordinary", "cycles of 4, 12 and 36, down to 0", _loop(0, 1, 2, 5, 8, 12, 17, 30, 45), 4, 3, lr_min=0.0)
    yield case("exact", "cycles of 5, 10 and 20", _loop(0, 1, 2, 3, 7, 11, 18, 27), 5, 2)
    starts = _loop(2, 3, 4, 8, 9, 10, 20, 21, 22, 44, 45, 46)
    yield case("edges", "cycles of 3, 6, 12 and 24", starts, 3, 2)
    yield case("edges", "cycles of 5, 15 and 45", _loop(4, 5, 6, 19, 20, 21, 64, 65), 5, 3)
    yield case("edges", "cycles of 1, 10, 100 and 1000", _loop(0, 1, 2, 10, 11, 12, 110, 111, 112), 1, 10)
    yield case("edges", "cycles of 1, 5, 25 and 125", _loop(30, 31, 32), 1, 5)
    yield case("edges", "cycles of 1, 2, 4 and 8", _loop(*range(9)), 1, 2)
    yield case("same_length", "cycles of 5", _loop(0, 1, 2, 3, 6, 8, 11, 12, 13), 5, 1)
    yield case("same_length", "a hundred cycles", _loop(0, 7, 302, 503), 5, 1)
    yield case("any_order", "to and fro", _listed(0, 7, 1, 20, 7, 3, 16), 5, 2)
    yield case("any_order", "far along", _numpy(0, 9000, 100, 5000, 9000), 3, 2)


# triangular


@public_cases("triangular")
@hidden_cases("triangular")
def triangular(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, asked: Inputs, half: int, **others: float) -> Case:
        return Case(group, name, {**asked, **_bounds(rng), **others, "half_cycle": half})

    yield case("ordinary", "6 steps up, 6 down", _loop(0, 1, 2, 4, 8, 9, 10), 6)
    yield case("ordinary", "25 steps up from 0, 25 down", _loop(0, 3, 10, 20, 27, 40, 48), 25, lr_min=0.0)
    yield case("exact", "7 steps up, 7 down", _loop(0, 1, 3, 5, 9, 10, 12), 7)
    yield case("edges", "5 steps up, 5 down", _loop(4, 5, 6, 9), 5)
    yield case("edges", "one step up, one down", _loop(0, 1), 1)
    yield case("later", "4 steps up, 4 down", _loop(8, 9, 11, 12, 13, 15, 16, 17, 20, 26, 28), 4)
    yield case("later", "one step up, one down", _loop(2, 3, 4, 5), 1)
    yield case("any_order", "to and fro", _listed(0, 9, 2, 9, 1, 10, 4), 6)
    yield case("any_order", "far along", _numpy(0, 9000, 400, 7000, 9000), 5000)


# warmup


def _flat(rng: Rng) -> Any:
    """A slow schedule, constant at first."""
    rates = sorted((_between(rng, 0.1, 0.4), _between(rng, 0.5, 0.8), _between(rng, 0.1, 0.4)), reverse=True)
    return schedule(rates=[rates[0]] * 3 + rates[1:], every=2000)


def _fast(rng: Rng) -> Any:
    """A schedule whose rates all differ."""
    return schedule(rates=(rng.permutation(7) / 10 + rng.uniform(0.1, 0.2)).round(3).tolist(), every=1)


@public_cases("warmup")
@hidden_cases("warmup")
def warmup(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, asked: Inputs, steps: int, following: Any) -> Case:
        return Case(group, name, {**asked, "schedule": following, "steps": steps})

    long = (100, 900, 2600, 3400, 8000, 9500)
    yield case("ordinary", "a warm-up of 3000 steps", _listed(*long), 3000, _flat(rng))
    yield case("ordinary", "a warm-up of 2000 steps", _listed(500, 1200, 1900, 7000, 9000), 2000, _flat(rng))
    constant = schedule(rates=[_between(rng, 0.2, 0.8, 7)], every=1)
    yield case("exact", "a constant rate", _loop(5, 6, 9), 5, constant)
    for steps in (4, 7, 1):
        words = f"a warm-up of {steps} step{'s' if steps > 1 else ''}"
        yield case("ramp", words, _loop(*range(steps)), steps, _flat(rng))
    yield case("first_rate", "a quick one", _listed(300, 900, 1500), 2000, _fast(rng))
    rates = [_between(rng, 0.6, 0.9), _between(rng, 0.1, 0.2)]
    yield case("first_rate", "a slow one", _listed(300, 900, 1500), 2000, schedule(rates=rates, every=1800))
    yield case("handover", "a warm-up of 4 steps", _loop(4, 5, 6, 8, 9), 4, _fast(rng))
    yield case("handover", "a warm-up of one step", _loop(1, 2, 3, 5), 1, _fast(rng))
    yield case("no_warmup", "four steps", _listed(0, 1, 5000, 7000), 0, _flat(rng))
    yield case("any_order", "to and fro", _listed(2600, 900, 8000, 2600, 100, 9500), 3000, _flat(rng))
    yield case("any_order", "NumPy integers", _numpy(1900, 7000, 500, 1900), 2000, _flat(rng))


# ReduceOnPlateau


def _readings(
    rng: Rng, patience: int, losses: Sequence[float], looked_at: Sequence[int], **options: Any
) -> dict[str, Any]:
    return {
        "lr": _between(rng, 0.5, 0.9),
        "factor": _between(rng, 0.3, 0.6),
        "patience": patience,
        "min_lr": options.get("min_lr", 1e-3),
        "losses": np.array(losses, dtype=float),
        "_looked_at": np.array(looked_at, dtype=int),
        "_look_at_attribute": bool(options.get("attribute")),
    }


def _losses(rng: Rng, ranks: Sequence[float]) -> list[float]:
    """Losses in this order."""
    scale, least = rng.uniform(0.05, 0.2), rng.uniform(0.1, 1)
    return [float(np.round(least + scale * rank, 6)) for rank in ranks]


def _bests(ranks: Sequence[float]) -> list[int]:
    """The readings that are lower than all before: whoever acts one reading early has the same rate there."""
    return [place for place, rank in enumerate(ranks) if all(rank < before for before in ranks[:place])]


@public_cases("ReduceOnPlateau")
@hidden_cases("ReduceOnPlateau")
def reduce_on_plateau(rng: Rng) -> Iterator[Case]:
    nan = np.nan

    def case(group: str, name: str, patience: int, ranks: list[float], at: Sequence[int] = (), **others: Any) -> Case:
        looked_at = at or _bests(ranks)
        return Case(group, name, _readings(rng, patience, _losses(rng, ranks), looked_at, **others))

    three = [9, 7, 8, 9, 10, 11, 6, 6.5, 5, 6, 7, 8, 9, 4]
    two = [9, 6, 7, 8, 9, 5, 4, 4.5, 3, 5, 6, 8, 2]
    yield case("ordinary", "patience 3", 3, three)
    yield case("ordinary", "patience 2", 2, two)
    yield case("exact", "patience 2", 2, two)
    yield case("patience", "patience 2", 2, [9, 5, 6, 7, 8, 4, 5, 6, 3], range(9))
    yield case("patience", "patience 1", 1, [9, 5, 6, 7, 8, 4, 5, 3], range(8))
    yield case("patience", "patience 0", 0, [9, 5, 6, 4, 7, 8, 3], range(7))
    yield case("patience", "NaN at first", 2, [nan, nan, nan, 6], range(4))
    yield case("in_a_row", "single bad readings", 3, [9, 10, 8, 9, 7, 8, 6, 7, 5, 6, 4], [10])
    yield case("best", "getting better, but not the best", 3, [9, 5, 9, 8, 7, 6, 4], [6])
    yield case("afterwards", "worse and worse", 4, [5, *(6 + step / 4 for step in range(10))], [10])
    yield case("afterwards", "better again, but not the best", 4, [5, 10, 11, 12, 13, 14, 9, 8.5, 8, 7.5, 7], [10])
    yield case("nan", "then better and better", 3, [nan, 9, 8, 7, 6, 5], [5])
    yield case("equal", "patience 2", 2, [8, 6, 6, 6, 6, 5], [5])
    yield case("equal", "patience 3", 3, [5, 5, 5, 5, 5, 4], [5])
    yield case("nan", "in between", 3, [8, 6, nan, 7, nan, nan, 5], [6])
    yield case("nan", "first", 3, [nan, 6, 7, 8, 9, 10, 5], [6])
    least = {"min_lr": 0.2}  # below three times 0.6 of 0.9
    yield case("minimum", "reached", 2, [9, *[10, 11, 12, 8], *[9, 10, 11, 7], *[8, 9, 10, 6]], (4, 8, 12), **least)
    steps = 1 - np.finfo(float).epsneg * np.arange(6)
    yield Case("any_size", "better in the last digit", _readings(rng, 2, steps.tolist(), [5]))
    below = [-loss for loss in _losses(rng, [3, 5, 4.9999, 4.5, 4, 3, 8])]
    yield Case("any_size", "negative losses", _readings(rng, 3, below, [6]))
    large = [1e12 * loss for loss in _losses(rng, [9, 7, 8, 9, 10, 6])]
    yield Case("any_size", "large losses", _readings(rng, 2, large, [5]))
    yield case("attribute", "patience 3", 3, three, attribute=True)
    yield Case("two_objects", "patience 2", _readings(rng, 2, _losses(rng, two), _bests(two)), instances=2)


# learning_rate_ramp


@public_cases("learning_rate_ramp")
@hidden_cases("learning_rate_ramp")
def learning_rate_ramp(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, asked: Inputs, steps: int, ratio: float) -> Case:
        low = _between(rng, 0.001, 0.004, 5)
        return Case(group, name, {**asked, "lr_min": low, "lr_max": low * ratio, "steps": steps})

    far = (500, 2000, 4000, 6000)
    yield case("ordinary", "9000 steps", _listed(*far), 9000, _between(rng, 100, 300))
    yield case("ordinary", "8000 steps", _listed(*far), 8000, _between(rng, 30, 90))
    yield case("exact", "two rates that are nearly the same", _listed(*far), 7000, 1 + 1e-6)
    yield case("edges", "five steps", _loop(*range(5)), 5, _between(rng, 100, 300))
    yield case("edges", "two steps", _loop(0, 1), 2, _between(rng, 30, 90))
    yield case("any_order", "to and fro", _listed(4000, 500, 6000, 500, 2000), 8000, _between(rng, 30, 90))
    yield case("any_order", "NumPy integers", _numpy(4000, 6000, 2000, 6000), 9000, _between(rng, 30, 90))


# steepest_learning_rate


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _fall_and_rise(rng: Rng, log_rates: Array, falls: float = -4.5, width: float = 0.9) -> Array:
    """A loss that falls fastest around some place and rises fastest around a rate of 3."""
    down, up = falls + rng.uniform(-0.3, 0.3), rng.uniform(0.9, 1.2)
    return 2.5 - 2 * _sigmoid((log_rates - down) / width) + 4 * _sigmoid((log_rates - up) / 0.4)


def _range_test(log_rates: Array, losses: Array, smoothing: float) -> Inputs:
    return {"lrs": np.exp(log_rates), "losses": losses.round(4), "smoothing": smoothing}


def _with_dip(losses: Array, place: int, depth: float) -> Array:
    """The losses, one of which is lower than it should be."""
    return losses - depth * (np.arange(len(losses)) == place)


@public_cases("steepest_learning_rate")
@hidden_cases("steepest_learning_rate")
def steepest_learning_rate(rng: Rng) -> Iterator[Case]:
    def even(count: int) -> Array:
        return np.log(1e-4) + np.arange(count) * np.log(1e5) / (count - 1)

    for group, name, count in (("ordinary", "41 rates", 41), ("ordinary", "53 rates", 53), ("exact", "47 rates", 47)):
        yield Case(group, name, _range_test(even(count), _fall_and_rise(rng, even(count)), 0.5))
    for count, smoothing in ((61, 0.88), (67, 0.85)):
        losses = _with_dip(_fall_and_rise(rng, even(count)), int(rng.integers(6, 10)), 0.35)
        yield Case("smoothing", f"one low loss, smoothing {smoothing}", _range_test(even(count), losses, smoothing))
    high = _fall_and_rise(rng, even(61)) + 0.3 * (np.arange(61) == 0)
    yield Case("smoothing", "a first loss that is higher", _range_test(even(61), high, 0.85))
    yield Case("smoothing", "smoothing 0", _range_test(even(43), _fall_and_rise(rng, even(43)), 0.0))
    falling = 1 + 2 * rng.uniform(0.58, 0.62) ** np.arange(25)
    yield Case("start", "25 rates", _range_test(even(25), falling, 0.5))
    high = _fall_and_rise(rng, even(29)) + 1.5 * (np.arange(29) == 0)
    yield Case("start", "a first loss that is high", _range_test(even(29), high, 0.5))
    linear = np.log(0.002 * np.arange(1, 62))
    losses = _fall_and_rise(rng, linear, falls=-3.5, width=0.5)
    yield Case("uneven", "rates on a straight line", _range_test(linear, losses, 0.5))


# make_scheduler


@public_cases("make_scheduler")
@hidden_cases("make_scheduler")
def make_scheduler(rng: Rng) -> Iterator[Case]:
    def case(group: str, name: str, steps: Sequence[int], warm: int, total: int, kind: str = "SGD", n: int = 1) -> Case:
        lrs = (rng.permutation(9)[:n] / 10 + rng.uniform(0.02, 0.08)).round(3).tolist()
        inputs = {
            "optimizer": optimizer(kind=kind, lrs=lrs),
            "warmup_steps": warm,
            "total_steps": total,
            ASKED: np.array(steps),
            "_look_at_kind": group == "kind",
        }
        return Case(group, name, inputs)

    yield case("ordinary", "the cosine, after 4 steps", range(4, 19), 4, 19)
    yield case("ordinary", "the cosine, after 3 steps, Adam", range(3, 11), 3, 11, "Adam")
    yield case("exact", "the cosine, after 5 steps", range(5, 17), 5, 17)
    yield case("ramp", "a warm-up of 4 steps", range(4), 4, 15)
    yield case("ramp", "a warm-up of 9 steps", range(9), 9, 10)
    yield case("no_warmup", "12 steps", range(12), 0, 12)
    yield case("after", "nine steps", range(9, 13), 2, 9)
    yield case("after", "one step", range(1, 5), 0, 1)
    yield case("several", "three groups", range(3, 13), 3, 13, n=3)
    yield case("kind", "a LambdaLR", range(2, 8), 2, 8)
