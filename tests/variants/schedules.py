"""Other ways to write the exercises on schedules: right ones, nearly right ones, and empty ones.

See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and ``WRONG`` hold.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import torch

Array = np.ndarray
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]


# time_decay


def time_in_float32(t: int, lr0: float, k: float) -> Any:
    return np.float32(lr0) / np.float32(1 + k * t)


def time_by_inverse(t: int, lr0: float, k: float) -> float:
    return (1 / lr0 + k * t / lr0) ** -1


def time_in_an_array(t: int, lr0: float, k: float) -> Array:
    return np.divide(lr0, np.array(1 + k * t))


def time_in_a_tensor(t: int, lr0: float, k: float) -> torch.Tensor:
    return torch.tensor(lr0, dtype=torch.float64) / (1 + k * int(t))


# exponential_decay


def exponential_by_math(t: int, lr0: float, k: float) -> float:
    return lr0 / math.exp(k * t)


def exponential_by_powers(t: int, lr0: float, k: float) -> float:
    return lr0 * math.exp(-k) ** int(t)


def exponential_by_logarithms(t: int, lr0: float, k: float) -> Any:
    return np.exp(np.log(lr0) - k * np.array([t]))


def exponential_in_a_loop(t: int, lr0: float, k: float) -> float:
    for _ in range(t):
        lr0 = lr0 * math.exp(-k)
    return lr0


# step_decay


def step_by_floor(t: int, lr0: float, factor: float, every: int) -> Any:
    return lr0 * factor ** np.floor(t / every)


def step_in_a_loop(t: int, lr0: float, factor: float, every: int) -> float:
    lr = lr0
    for step in range(1, t + 1):
        if step % every == 0:
            lr *= factor
    return lr


def step_by_divmod(t: int, lr0: float, factor: float, every: int) -> float:
    drops, _ = divmod(t, every)
    return math.exp(math.log(lr0) + int(drops) * math.log(factor))


def step_by_recursion(t: int, lr0: float, factor: float, every: int) -> float:
    return lr0 if t < every else factor * step_by_recursion(t - every, lr0, factor, every)


# cosine


def cosine_of_the_smaller(t: int, lr_max: float, lr_min: float, total: int) -> Any:
    return lr_min + (lr_max - lr_min) / 2 * (1 + np.cos(np.pi * min(t, total) / total))


def cosine_from_the_middle(t: int, lr_max: float, lr_min: float, total: int) -> float:
    if t > total:
        t = total
    return (lr_max + lr_min) / 2 + math.cos(t / total * math.pi) * (lr_max - lr_min) / 2


def cosine_squared(t: int, lr_max: float, lr_min: float, total: int) -> Any:
    share = np.clip(t / total, 0, 1)
    return np.array([lr_min + (lr_max - lr_min) * np.cos(share * np.pi / 2) ** 2])


def cosine_as_a_mixture(t: int, lr_max: float, lr_min: float, total: int) -> torch.Tensor:
    share = (1 + torch.cos(torch.tensor(math.pi * min(int(t), total) / total, dtype=torch.float64))) / 2
    return share * lr_max + (1 - share) * lr_min


# warm_restarts


def _half(share: float, lr_max: float, lr_min: float) -> float:
    return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * share)) / 2


def restarts_by_recursion(t: int, lr_max: float, lr_min: float, first_cycle: int, growth: int) -> float:
    if t < first_cycle:
        return _half(t / first_cycle, lr_max, lr_min)
    return restarts_by_recursion(t - first_cycle, lr_max, lr_min, first_cycle * growth, growth)


def restarts_by_starts(t: int, lr_max: float, lr_min: float, first_cycle: int, growth: int) -> Any:
    ends = itertools.accumulate((first_cycle * growth**i for i in itertools.count()), initial=0)
    starts = list(itertools.takewhile(lambda start: start <= t, ends))
    length = first_cycle * growth ** (len(starts) - 1)
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * (t - starts[-1]) / length))


def restarts_by_bisection(t: int, lr_max: float, lr_min: float, first_cycle: int, growth: int) -> Array:
    ends = np.cumsum([first_cycle * growth**i for i in range(15 if growth > 1 else 3000)])
    cycle = bisect_right(ends.tolist(), t)
    length = first_cycle * growth**cycle
    return np.array(_half((t - (ends[cycle] - length)) / length, lr_max, lr_min))


def restarts_by_formula(t: int, lr_max: float, lr_min: float, first_cycle: int, growth: int) -> float:
    if growth == 1:
        return _half((t % first_cycle) / first_cycle, lr_max, lr_min)
    cycle = int(math.log(int(t) * (growth - 1) / first_cycle + 1, growth) + 1e-9)
    start = first_cycle * (growth**cycle - 1) // (growth - 1)
    return _half((t - start) / (first_cycle * growth**cycle), lr_max, lr_min)


def restarts_step_by_step(t: int, lr_max: float, lr_min: float, first_cycle: int, growth: int) -> float:
    inside, length = 0, first_cycle
    for _ in range(t):
        inside += 1
        if inside == length:
            inside, length = 0, length * growth
    return _half(inside / length, lr_max, lr_min)


# triangular


def triangular_by_smith(t: int, lr_min: float, lr_max: float, half_cycle: int) -> Any:
    cycle = np.floor(1 + t / (2 * half_cycle))
    x = np.abs(t / half_cycle - 2 * cycle + 1)
    return lr_min + (lr_max - lr_min) * np.maximum(0, 1 - x)


def triangular_by_halves(t: int, lr_min: float, lr_max: float, half_cycle: int) -> float:
    half, inside = divmod(t, half_cycle)
    slope = (lr_max - lr_min) / half_cycle
    return lr_max - slope * inside if half % 2 else lr_min + slope * inside


def triangular_by_interpolation(t: int, lr_min: float, lr_max: float, half_cycle: int) -> Any:
    bounds = [0, half_cycle, 2 * half_cycle]
    return np.interp(t, bounds, [lr_min, lr_max, lr_min], period=2 * half_cycle)


def triangular_by_the_smaller(t: int, lr_min: float, lr_max: float, half_cycle: int) -> Any:
    up = t % (2 * half_cycle)
    share = Fraction(int(min(up, 2 * half_cycle - up)), half_cycle)
    return np.float64(lr_min * (1 - share) + lr_max * share)


# warmup


def warmup_by_the_smaller(t: int, schedule: Any, steps: int) -> Any:
    return schedule(max(t - steps, 0)) * min(1.0, (t + 1) / (steps + 1))


def warmup_from_a_list(t: int, schedule: Any, steps: int) -> Any:
    rates = np.linspace(0, schedule(0), steps + 2)[1:-1]
    return rates[t] if t < len(rates) else schedule(t - steps)


def warmup_by_equality(t: int, schedule: Any, steps: int) -> Any:
    if t <= steps:
        return np.array([schedule(0)]) / (steps + 1) * (t + 1)
    return schedule(t - steps)


def warmup_by_interpolation(t: int, schedule: Any, steps: int) -> Any:
    if t >= steps:
        return np.float64(schedule(t - steps))
    return np.interp(t, [-1, steps], [0, schedule(0)])


# ReduceOnPlateau


class PlateauByHistory:
    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        self.lr, self.factor, self.patience, self.min_lr = lr, factor, patience, min_lr
        self.better: list[bool] = []
        self.losses: list[float] = []

    def step(self, loss: float) -> float:
        self.better.append(all(loss < other for other in self.losses if other == other) and loss == loss)
        self.losses.append(loss)
        if len(self.better) > self.patience and not any(self.better[-self.patience - 1 :]):
            self.lr = max(self.min_lr, self.factor * self.lr)
            self.better = []
        return self.lr


class PlateauCountingDown:
    best, left = np.inf, 0

    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        self.optimizer = {"lr": np.array(lr)}
        self.settings = factor, patience, min_lr
        self.left = patience

    @property
    def lr(self) -> Array:
        return self.optimizer["lr"]

    def step(self, loss: float) -> Array:
        factor, patience, min_lr = self.settings
        if np.less(loss, self.best):
            self.best, self.left = loss, patience
        elif self.left:
            self.left -= 1
        else:
            self.optimizer["lr"] = np.maximum(self.lr * factor, min_lr)
            self.left = patience
        return self.lr.copy()


class PlateauWithoutABest:
    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        self.lr, self.factor, self.patience, self.min_lr = lr, factor, patience, min_lr
        self.best: float | None = None
        self.count = 0

    def step(self, loss: float) -> float:
        if not math.isnan(loss) and (self.best is None or loss < self.best):
            self.best = loss
            self.count = 0
            return self.lr
        self.count = self.count + 1
        if self.count == self.patience + 1:
            self.count = 0
            smaller = self.lr * self.factor
            self.lr = self.min_lr if smaller < self.min_lr else smaller
        return self.lr


class PlateauByTorch:
    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        self.optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=factor, patience=patience, threshold=0, min_lr=min_lr, eps=0
        )

    @property
    def lr(self) -> float:
        return self.optimizer.param_groups[0]["lr"]

    def step(self, loss: float) -> float:
        self.plateau.step(loss)
        return self.lr


# learning_rate_ramp


def ramp_by_logarithms(t: int, lr_min: float, lr_max: float, steps: int) -> float:
    share = t / (steps - 1)
    return math.exp((1 - share) * math.log(lr_min) + share * math.log(lr_max))


def ramp_by_geomspace(t: int, lr_min: float, lr_max: float, steps: int) -> Any:
    return np.geomspace(lr_min, lr_max, steps)[t]


def ramp_by_logspace(t: int, lr_min: float, lr_max: float, steps: int) -> Any:
    return np.logspace(np.log10(lr_min), np.log10(lr_max), steps)[[t]]


def ramp_in_a_loop(t: int, lr_min: float, lr_max: float, steps: int) -> float:
    factor = (lr_max / lr_min) ** (1 / (steps - 1))
    for _ in range(t):
        lr_min *= factor
    return lr_min


# steepest_learning_rate


def steepest_by_differences(lrs: Array, losses: Array, smoothing: float) -> float:
    smoothed, average = [], float(losses[0])
    for loss in losses.tolist():
        average += (1 - smoothing) * (loss - average)
        smoothed.append(average)
    slopes = np.diff(smoothed) / np.diff(np.log(lrs))
    return float(lrs[slopes.argmin()])


def steepest_in_base_10(lrs: Array, losses: Array, smoothing: float) -> Any:
    smoothed = np.array(losses, dtype=float)
    for n in range(1, len(smoothed)):
        smoothed[n] = (1 - smoothing) * smoothed[n] + smoothing * smoothed[n - 1]
    slopes = np.gradient(smoothed, np.log10(lrs))
    return lrs[slopes == slopes.min()][:1]


def steepest_by_neighbours(lrs: Array, losses: Array, smoothing: float) -> Any:
    smoothed = list(itertools.accumulate(losses, lambda old, new: smoothing * old + (1 - smoothing) * new))
    x = np.log(lrs)
    slopes = [(smoothed[n + 1] - smoothed[n - 1]) / (x[n + 1] - x[n - 1]) for n in range(1, len(x) - 1)]
    return np.float32(lrs[1 + slopes.index(min(slopes))])


def steepest_in_tensors(lrs: Array, losses: Array, smoothing: float) -> torch.Tensor:
    rates, smoothed = torch.tensor(lrs), torch.tensor(losses).clone()
    for n in range(1, len(smoothed)):
        smoothed[n] = torch.lerp(smoothed[n], smoothed[n - 1], smoothing)
    return rates[torch.gradient(smoothed, spacing=(rates.log(),))[0].argmin()]


# make_scheduler


def scheduler_by_schedules(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    length = total_steps - warmup_steps
    factor = lambda t: warmup_by_the_smaller(t, lambda s: cosine_of_the_smaller(s, 1.0, 0.0, length), warmup_steps)  # noqa: E731
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=factor)


def scheduler_from_a_list(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    up = np.arange(1, warmup_steps + 1) / (warmup_steps + 1)
    down = (1 + np.cos(np.linspace(0, np.pi, total_steps - warmup_steps + 1))) / 2
    factors = np.concatenate([up, down])
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: factors[min(t, len(factors) - 1)])


def scheduler_of_each_group(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    class Factor:
        def __call__(self, t: int) -> float:
            share = max(t - warmup_steps, 0) / (total_steps - warmup_steps)
            return min(1, (t + 1) / (warmup_steps + 1)) * math.cos(min(share, 1) * math.pi / 2) ** 2

    return torch.optim.lr_scheduler.LambdaLR(optimizer, [Factor() for _ in optimizer.param_groups])


class _OwnKind(torch.optim.lr_scheduler.LambdaLR):
    pass


def scheduler_of_an_own_class(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    def factor(t: int) -> Any:
        if t > total_steps:
            t = total_steps
        if t <= warmup_steps:
            return (t + 1) / (warmup_steps + 1)
        return np.float64(0.5) * (1 + np.cos(np.pi * (t - warmup_steps) / (total_steps - warmup_steps)))

    return _OwnKind(optimizer, factor)


VARIANTS: dict[str, Answers] = {
    "time_decay": {
        "in float32": time_in_float32,
        "by an inverse": time_by_inverse,
        "an array without axes": time_in_an_array,
        "a tensor": time_in_a_tensor,
    },
    "exponential_decay": {
        "math.exp, divided": exponential_by_math,
        "a power": exponential_by_powers,
        "by logarithms, in an array": exponential_by_logarithms,
        "in a loop": exponential_in_a_loop,
    },
    "step_decay": {
        "np.floor": step_by_floor,
        "in a loop": step_in_a_loop,
        "divmod and logarithms": step_by_divmod,
        "by recursion": step_by_recursion,
    },
    "cosine": {
        "the smaller one of t and total": cosine_of_the_smaller,
        "from the middle": cosine_from_the_middle,
        "the square of a cosine, in an array": cosine_squared,
        "a mixture, tensor": cosine_as_a_mixture,
    },
    "warm_restarts": {
        "by recursion": restarts_by_recursion,
        "all starts": restarts_by_starts,
        "bisection": restarts_by_bisection,
        "a formula for the cycle": restarts_by_formula,
        "step by step": restarts_step_by_step,
    },
    "triangular": {
        "as Smith has it": triangular_by_smith,
        "by halves": triangular_by_halves,
        "interpolated": triangular_by_interpolation,
        "the smaller one of two ways": triangular_by_the_smaller,
    },
    "warmup": {
        "the smaller one": warmup_by_the_smaller,
        "from a list": warmup_from_a_list,
        "handed over one step later": warmup_by_equality,
        "interpolated": warmup_by_interpolation,
    },
    "ReduceOnPlateau": {
        "by its history": PlateauByHistory,
        "counting down, arrays": PlateauCountingDown,
        "no best at first": PlateauWithoutABest,
        "by PyTorch": PlateauByTorch,
    },
    "learning_rate_ramp": {
        "by logarithms": ramp_by_logarithms,
        "np.geomspace": ramp_by_geomspace,
        "np.logspace, in an array": ramp_by_logspace,
        "in a loop": ramp_in_a_loop,
    },
    "steepest_learning_rate": {
        "by differences": steepest_by_differences,
        "in base 10, in an array": steepest_in_base_10,
        "neighbours, float32": steepest_by_neighbours,
        "tensors": steepest_in_tensors,
    },
    "make_scheduler": {
        "by warmup and cosine": scheduler_by_schedules,
        "from a list": scheduler_from_a_list,
        "a function for each group": scheduler_of_each_group,
        "a class of its own": scheduler_of_an_own_class,
    },
}


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _zero(*_: Any, **__: Any) -> float:
    return 0.0


class _NeverReduces:
    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        self.lr = lr

    def step(self, loss: float) -> float:
        return self.lr


class _AlwaysReduces(_NeverReduces):
    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        self.lr, self.factor, self.min_lr = lr, factor, min_lr

    def step(self, loss: float) -> float:
        self.lr = max(self.lr * self.factor, self.min_lr)
        return self.lr


def _constant_scheduler(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1.0)


TRIVIAL: dict[str, Answers] = {
    "time_decay": {"nothing": _nothing, "zero": _zero, "lr0": lambda t, lr0, k: lr0},
    "exponential_decay": {"nothing": _nothing, "zero": _zero, "lr0": lambda t, lr0, k: lr0},
    "step_decay": {"nothing": _nothing, "zero": _zero, "lr0": lambda t, lr0, factor, every: lr0},
    "cosine": {
        "nothing": _nothing,
        "lr_max": lambda t, lr_max, lr_min, total: lr_max,
        "lr_min": lambda t, lr_max, lr_min, total: lr_min,
    },
    "warm_restarts": {
        "nothing": _nothing,
        "lr_max": lambda t, lr_max, **_: lr_max,
        "lr_min": lambda t, lr_min, **_: lr_min,
    },
    "triangular": {
        "nothing": _nothing,
        "lr_max": lambda t, lr_max, **_: lr_max,
        "lr_min": lambda t, lr_min, **_: lr_min,
    },
    "warmup": {
        "nothing": _nothing,
        "the schedule": lambda t, schedule, steps: schedule(t),
        "its first rate": lambda t, schedule, steps: schedule(0),
    },
    "ReduceOnPlateau": {"never": _NeverReduces, "always": _AlwaysReduces, "nothing": _nothing},
    "learning_rate_ramp": {
        "nothing": _nothing,
        "lr_max": lambda t, lr_max, **_: lr_max,
        "lr_min": lambda t, lr_min, **_: lr_min,
    },
    "steepest_learning_rate": {
        "nothing": _nothing,
        "the first": lambda lrs, losses, smoothing: lrs[0],
        "the last": lambda lrs, losses, smoothing: lrs[-1],
        "the middle": lambda lrs, losses, smoothing: lrs[len(lrs) // 2 + 6],
    },
    "make_scheduler": {"nothing": _nothing, "constant": _constant_scheduler},
}


def _restarts_by_logarithms(t: int, lr_max: float, lr_min: float, first_cycle: int, growth: int) -> float:
    cycle = int(math.log(t * (growth - 1) / first_cycle + 1) / math.log(growth))
    start = first_cycle * (growth**cycle - 1) / (growth - 1)
    return _half((t - start) / (first_cycle * growth**cycle), lr_max, lr_min)


def _warmup_before_its_first_step(t: int, schedule: Any, steps: int) -> Any:
    return max(schedule(0) * (t + 1) / (steps + 1), schedule(t - steps)) if t < steps else schedule(t - steps)


def _warmup_with_half_steps(t: int, schedule: Any, steps: int) -> Any:
    return warmup_by_the_smaller(t, lambda s: schedule(float(s)), steps)


class _RoundsItsRate(PlateauWithoutABest):
    def step(self, loss: float) -> float:
        return round(super().step(loss), 6)


class _WithAThreshold(PlateauByTorch):
    def __init__(self, lr: float, factor: float, patience: int, min_lr: float) -> None:
        super().__init__(lr, factor, patience, min_lr)
        self.plateau.threshold = 1e-4


def _all_from_the_first_rate(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    made = scheduler_from_a_list(optimizer, warmup_steps, total_steps)
    made.base_lrs = made.base_lrs[:1] * len(made.base_lrs)
    return made


def _sequential(optimizer: Any, warmup_steps: int, total_steps: int) -> Any:
    schedulers = torch.optim.lr_scheduler
    length = total_steps - warmup_steps
    up = schedulers.LambdaLR(optimizer, lambda t: (t + 1) / (warmup_steps + 1))
    down = schedulers.LambdaLR(optimizer, lambda t: (1 + math.cos(math.pi * min(t, length) / length)) / 2)
    return schedulers.SequentialLR(optimizer, [up, down], milestones=[warmup_steps])


def _rounded(schedule: Callable[..., Any]) -> Callable[..., float]:
    return lambda **given: round(float(schedule(**given)), 5)


def _only_python_integers(t: int, lr_max: float, lr_min: float, total: int) -> Any:
    assert type(t) is int, "an integer"
    return cosine_of_the_smaller(t, lr_max, lr_min, total)


WRONG: dict[str, WrongAnswers] = {
    "time_decay": {"rounded": (_rounded(time_by_inverse), {"exact"})},
    "exponential_decay": {"rounded": (_rounded(exponential_by_math), {"exact"})},
    "step_decay": {"rounded": (_rounded(step_by_floor), {"exact"})},
    "cosine": {
        "rounded": (_rounded(cosine_from_the_middle), {"exact"}),
        "no NumPy integers": (_only_python_integers, {"any_order"}),
    },
    "warm_restarts": {
        "rounded": (_rounded(restarts_by_starts), {"exact"}),
        "a logarithm to base 1": (_restarts_by_logarithms, {"edges", "same_length"}),
    },
    "triangular": {"rounded": (_rounded(triangular_by_smith), {"exact"})},
    "warmup": {
        "rounded": (_rounded(warmup_by_the_smaller), {"exact"}),
        "asked for negative steps": (_warmup_before_its_first_step, {"ordinary"}),
        "asked for steps that are floats": (_warmup_with_half_steps, {"ordinary"}),
    },
    "ReduceOnPlateau": {
        "rounded": (_RoundsItsRate, {"exact"}),
        "a threshold": (_WithAThreshold, {"any_size"}),
    },
    "learning_rate_ramp": {"rounded": (_rounded(ramp_by_logarithms), {"exact"})},
    "make_scheduler": {
        "the rate of the first group": (_all_from_the_first_rate, {"several"}),
        "one after the other": (_sequential, {"kind"}),
    },
}
