"""How the exercises on schedules are driven."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradus.checking import FUNCTION, PURE, STATE, TORCH, Facts, Law, Tolerance, Value, exercise, family, repair
from gradus.checking.pictures import Line, PathPicture
from gradus.exercises.kit import number, what

# Rates between 1e-4 and 1, of a formula or of some dozen multiplications by a factor: each loses 1e-16 of it.
RATES = Tolerance(rtol=1e-9, atol=1e-13)
# The place of a rate in a range test: one grid step either way is accepted.
NEIGHBOURS = Tolerance(rtol=0.0, atol=1.0, single_rtol=0.0, single_atol=1.0)

ASKED = "t (one by one)"
"""The steps whose rates are compared: an answer gets one of them at a time."""

Case = dict[str, Any]
Outputs = dict[str, Any]


def draw_rates(title: str, x_label: str, x: Any, expected: Any, got: Any) -> PathPicture | None:
    """Rates beside the right ones, from left to right; None where they are no such numbers."""
    right, mine = (np.asarray(rates, dtype=np.float64) for rates in (expected, got))
    if mine.shape != right.shape or right.shape != np.shape(x) or not right.size:
        return None
    _, order = np.unique(x, return_index=True)
    places, right, mine = np.asarray(x)[order], right[order], mine[order]
    with np.errstate(all="ignore"):
        wrong = np.flatnonzero(~np.isclose(mine, right, rtol=1e-6, atol=1e-9))
    lines = (
        Line.of("expected", "expected", np.stack([places, right], axis=1)),
        Line.of("yours", "got", np.stack([places, mine], axis=1), int(wrong[0]) if wrong.size else None),
    )
    return PathPicture(title, lines, x_label, "learning rate")


def draw_schedule(case: Any, expected: Outputs, got: Outputs) -> PathPicture | None:
    """The schedule over t."""
    return draw_rates("Your schedule", "t", case[ASKED], expected["rates"], got["rates"])


def rate_of(value: Any, of: str, t: int) -> float:
    """What came back as a number.

    Raises
    ------
    TypeError
        If it is none.
    """
    found = number(value)
    if not isinstance(found, int | float):
        raise TypeError(f"{of} returns one number, the rate of step {t}, but {what(value)} came back.")
    return float(found)


def asked(schedule: Callable[..., Any], case: Case, of: str) -> Outputs:
    """The rates of the steps that are compared.

    In a training loop, every step from 0 on is asked for, in order, whether its rate is compared or not. Otherwise the
    steps come as they are listed, as integers of Python or of NumPy.
    """
    steps = case[ASKED]
    if case["_asked"] == "as in a loop":
        rates = [rate_of(schedule(t), of, t) for t in range(int(max(steps)) + 1)]
        return {"rates": np.array(rates)[steps]}
    listed = steps if case["_asked"] == "as NumPy integers" else steps.tolist()
    return {"rates": np.array([rate_of(schedule(t), of, t) for t in listed])}


SETTINGS = {
    "time_decay": ("lr0", "k"),
    "exponential_decay": ("lr0", "k"),
    "step_decay": ("lr0", "factor", "every"),
    "cosine": ("lr_max", "lr_min", "total"),
    "warm_restarts": ("lr_max", "lr_min", "first_cycle", "growth"),
    "triangular": ("lr_min", "lr_max", "half_cycle"),
    "warmup": ("schedule", "steps"),
    "learning_rate_ramp": ("lr_min", "lr_max", "steps"),
}
"""Arguments of every schedule besides t; all are given by keyword."""


def drives_schedule(name: str) -> Callable[[Any, Case], Outputs]:
    """What calls a schedule, ``schedule(t=..., ...) -> rate``, for one step after the other."""

    def drive(schedule: Any, case: Case) -> Outputs:
        settings = {setting: case[setting] for setting in SETTINGS[name]}
        return asked(lambda t: schedule(t=t, **settings), case, name)

    return drive


for _name in SETTINGS:
    _kind = FUNCTION if _name == "warmup" else PURE
    exercise(_name, kinds=_kind, tolerance=RATES, picture=draw_schedule)(drives_schedule(_name))
repair("repaired_warm_restarts", of="warm_restarts")


def _words_of_schedule(rates: Sequence[float], every: int) -> str:
    return f"a schedule with the rates {', '.join(map(str, rates))}, one every {every} steps, the last one for good"


@family("schedule", words=_words_of_schedule)
def schedule(rates: Sequence[float], every: int) -> Any:
    """A schedule through these rates, ``every`` steps apart, on straight lines; the last one stays."""

    def rate(t: int) -> float:
        try:
            step = operator.index(t)
        except TypeError:
            raise TypeError(f"schedule was called with {t!r:.40}; a step is an integer.") from None
        if step < 0:
            raise ValueError(f"schedule was called with t = {step}; its steps count from 0.")
        return float(np.interp(step, every * np.arange(len(rates)), rates))

    return rate


def draw_plateau(case: Any, expected: list[Outputs], got: list[Outputs]) -> PathPicture | None:
    """The rate after each reading that is looked at."""
    rates = [[case["lr"], *(outputs.get("rate", np.nan) for outputs in steps)] for steps in (expected, got)]
    readings = range(len(expected) + 1)
    if len(got) < len(expected) or not np.isfinite(rates[0]).all():
        return None
    return draw_rates("The rate after each reading", "reading", readings, *rates)


@exercise("ReduceOnPlateau", kinds=STATE, tolerance=RATES, picture=draw_plateau)
def drive_reduce_on_plateau(reduce_on_plateau: Any, case: Case) -> Iterator[Outputs]:
    """``ReduceOnPlateau(lr, factor, patience, min_lr)``, then ``step(loss)`` several times."""
    made = reduce_on_plateau(*(case[name] for name in ("lr", "factor", "patience", "min_lr")))
    for reading, loss in enumerate(case["losses"].tolist()):
        returned = made.step(loss)
        if reading not in case["_looked_at"]:
            yield {}
        elif case["_look_at_attribute"]:
            yield {"rate": number(returned), "lr": number(made.lr)}
        else:
            yield {"rate": number(returned)}


def measure_range_test(case: Any, outputs: Outputs) -> Facts:
    """That the rate is one of the test, and which one."""
    rate = outputs["rate"]
    places = np.flatnonzero(np.isclose(case["lrs"], rate, rtol=1e-5, atol=0.0))
    says = f"{rate:.6g} came back, which is none of lrs."
    # Far enough apart for the tolerance, which is one grid step.
    yield Law("one of lrs", places.size > 0, says, found=1e4 * rate)
    if places.size:
        yield Value("place of the rate among lrs", float(places[0]))


@exercise("steepest_learning_rate", tolerance=NEIGHBOURS, measure=measure_range_test)
def drive_steepest_learning_rate(steepest_learning_rate: Any, case: Case) -> Outputs:
    """``steepest_learning_rate(lrs, losses, smoothing) -> rate``."""
    returned = steepest_learning_rate(*(case[name] for name in ("lrs", "losses", "smoothing")))
    rate = number(returned)
    if not isinstance(rate, int | float):
        raise TypeError(f"steepest_learning_rate returns one number, a rate, but {what(returned)} came back.")
    return {"rate": float(rate)}


@family("optimizer", words=lambda kind, lrs: f"an optim.{kind}, its groups with the rates {', '.join(map(str, lrs))}")
def optimizer(kind: str, lrs: Sequence[float]) -> Any:
    """An optimizer with a group of one parameter for each rate."""
    import torch

    groups = []
    for lr in lrs:
        weight = torch.zeros(1, requires_grad=True)
        weight.grad = torch.ones(1)
        groups.append({"params": [weight], "lr": lr})
    return getattr(torch.optim, kind)(groups, lr=0.5)


def draw_scheduler(case: Any, expected: Outputs, got: Outputs) -> PathPicture | None:
    """The rate of the last group over t."""
    right, mine = (np.asarray(outputs["rates"], dtype=np.float64) for outputs in (expected, got))
    if mine.shape != right.shape:
        return None
    return draw_rates("The rate of the last group", "t", case[ASKED], right[:, -1], mine[:, -1])


@exercise("make_scheduler", kinds=TORCH, tolerance=RATES, picture=draw_scheduler)
def drive_make_scheduler(make_scheduler: Any, case: Case) -> Outputs:
    """``make_scheduler(optimizer, warmup_steps, total_steps) -> scheduler``; the rates of all groups at each step."""
    import torch

    made = case["optimizer"]
    scheduler = make_scheduler(made, case["warmup_steps"], case["total_steps"])
    if not hasattr(scheduler, "step"):
        raise TypeError(f"make_scheduler returns a scheduler, but {what(scheduler)} came back.")
    seen = []
    for _ in range(int(max(case[ASKED])) + 1):
        seen.append([float(group["lr"]) for group in made.param_groups])
        made.step()
        scheduler.step()
    outputs: Outputs = {"rates": np.array(seen)[case[ASKED]]}
    if case["_look_at_kind"]:
        outputs["a LambdaLR"] = isinstance(scheduler, torch.optim.lr_scheduler.LambdaLR)
    return outputs
