"""Other ways to write the exercises on optimizers: right ones, nearly right ones, and empty ones.

A rule says what one step of one parameter does, in other algebra than the reference; a dress says how it is kept and
handed back. Every rule is tried in every dress. See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and
``WRONG`` hold.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

Params = dict[str, Any]
Memory = dict[str, Any]
Rule = Callable[..., Any]
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]

# The rules: ``rule(memory, g, t, *settings)`` is the step for a learning rate of 1. Memory starts at zeros.


def momentum(memory: Memory, g: Any, t: int, beta: float) -> Any:
    memory["v"] = memory["v"] + (1 - beta) * (g - memory["v"])
    return memory["v"]


def heavy_ball(memory: Memory, g: Any, t: int, share: float) -> Any:
    """The velocity as the sum that it is."""
    memory["v"] = share**t * (memory["v"] / share ** (t - 1) + g / share**t)
    return memory["v"]


def nesterov(memory: Memory, g: Any, t: int, share: float) -> Any:
    step = share**2 * memory["v"] + (1 + share) * g
    memory["v"] = share * memory["v"] + g
    return step


def adagrad(memory: Memory, g: Any, t: int, eps: float) -> Any:
    memory["s"] = memory["s"] + g * g
    return 1 / (memory["s"] ** 0.5 + eps) * g


def rmsprop(memory: Memory, g: Any, t: int, alpha: float, eps: float) -> Any:
    memory["s"] = memory["s"] - (1 - alpha) * (memory["s"] - g * g)
    return g / (eps + memory["s"] ** 0.5)


def adam(memory: Memory, g: Any, t: int, beta1: float, beta2: float, eps: float) -> Any:
    """The form in which both corrections belong to the rate, with the epsilon moved along."""
    memory["m"] = memory["m"] + (1 - beta1) * (g - memory["m"])
    memory["v"] = memory["v"] + (1 - beta2) * (g * g - memory["v"])
    root = math.sqrt(1 - beta2**t)
    return root / (1 - beta1**t) * memory["m"] / (memory["v"] ** 0.5 + eps * root)


def amsgrad(memory: Memory, g: Any, t: int, beta1: float, beta2: float, eps: float) -> Any:
    memory["m"] = beta1 * memory["m"] + (1 - beta1) * g
    memory["v"] = beta2 * memory["v"] + (1 - beta2) * g * g
    grows = memory["v"] > memory["most"]
    memory["most"] = grows * memory["v"] + ~grows * memory["most"]
    return memory["m"] / (1 - beta1**t) / ((memory["most"] / (1 - beta2**t)) ** 0.5 + eps)


def adadelta(memory: Memory, g: Any, t: int, rho: float, eps: float) -> Any:
    memory["s"] = memory["s"] + (1 - rho) * (g * g - memory["s"])
    step = g * ((memory["u"] + eps) ** 0.5 / (memory["s"] + eps) ** 0.5)
    memory["u"] = rho * memory["u"] + (1 - rho) * step * step
    return step


# The dresses


def functional(rule: Rule, has_rate: bool) -> type:
    """Returns a new dict; one count of the steps of each parameter."""

    class Functional:
        def __init__(self, *settings: Any) -> None:
            self.lr, *self.settings = settings if has_rate else (1, *settings)
            self.memory: dict[str, Memory] = {}
            self.t: dict[str, int] = {}

        def step(self, params: Params, grads: Params) -> Params:
            new = dict(params)
            for name in params:
                self.t[name] = self.t.get(name, 0) + 1
                memory = self.memory.setdefault(name, defaultdict(lambda name=name: np.zeros_like(params[name])))
                new[name] = params[name] - self.lr * rule(memory, grads[name], self.t[name], *self.settings)
            return new

    return Functional


def in_place(rule: Rule, has_rate: bool) -> type:
    """Changes the arrays and returns nothing; one count for all parameters."""

    class InPlace:
        def __init__(self, *settings: Any) -> None:
            self.lr, self.settings = (settings[0], settings[1:]) if has_rate else (1, settings)
            self.memory: Any = defaultdict(lambda: defaultdict(float))
            self.t = 0

        def step(self, params: Params, grads: Params) -> None:
            self.t += 1
            for name, grad in grads.items():
                own = self.t if rule in (adam, amsgrad) else self.memory[name].get("t", 0) + 1
                params[name] -= self.lr * rule(self.memory[name], grad, own, *self.settings)
                self.memory[name]["t"] = own

    return InPlace


def into_the_dict(rule: Rule, has_rate: bool) -> type:
    """Puts new arrays into the dict that was passed, and keeps its memory in lists, in the order of arrival."""

    class IntoTheDict:
        def __init__(self, *settings: Any) -> None:
            self.lr = settings[0] if has_rate else 1.0
            self.settings = settings[has_rate:]
            self.names: list[str] = []
            self.memories: list[Memory] = []
            self.counts: list[int] = []

        def step(self, params: Params, grads: Params) -> Params:
            for name in sorted(grads):
                if name not in self.names:
                    self.names.append(name)
                    self.memories.append(defaultdict(int))
                    self.counts.append(0)
                at = self.names.index(name)
                self.counts[at] += 1
                change = rule(self.memories[at], grads[name].copy(), self.counts[at], *self.settings)
                params[name] = params[name] - np.multiply(self.lr, change)
            return params

    return IntoTheDict


def by_torch(rule: Rule, has_rate: bool) -> type:
    """Computes with tensors, and hands tensors back."""

    class ByTorch:
        def __init__(self, *settings: Any) -> None:
            self.lr, self.settings = (settings[0], settings[1:]) if has_rate else (1, settings)
            self.memory: Any = {}

        def step(self, params: Params, grads: Params) -> Params:
            new = {}
            for name, value in params.items():
                if name not in self.memory:
                    self.memory[name] = [0, defaultdict(lambda: torch.zeros((), dtype=torch.float64))]
                self.memory[name][0] += 1
                t, memory = self.memory[name]
                change = rule(memory, torch.tensor(np.asarray(grads[name])), t, *self.settings)
                new[name] = torch.as_tensor(value) - torch.as_tensor(self.lr, dtype=torch.float64) * change
            return new

    return ByTorch


RULES = {
    "Momentum": momentum,
    "HeavyBall": heavy_ball,
    "Nesterov": nesterov,
    "AdaGrad": adagrad,
    "RMSProp": rmsprop,
    "Adam": adam,
    "AMSGrad": amsgrad,
    "AdaDelta": adadelta,
}
DRESSES = {"functional": functional, "in place": in_place, "into the dict": into_the_dict, "by torch": by_torch}


@dataclass
class MomentumAsADataclass:
    lr: float
    beta: float
    v: dict[str, Any] = field(default_factory=dict)

    def step(self, params: dict[str, Any], grads: dict[str, Any]) -> dict[str, Any]:
        for name, g in grads.items():
            self.v[name] = self.beta * self.v.get(name, 0.0) + (1 - self.beta) * g
        return {name: params[name] - self.lr * v for name, v in self.v.items()}


class AdamByPowers:
    """Keeps the powers of the betas, and changes its arrays in place."""

    def __init__(self, lr: Any, beta1: float, beta2: float, eps: float) -> None:
        self.lr, self.betas, self.eps = lr, np.array([beta1, beta2]), eps
        self.powers = np.ones(2)
        self.kept: Params = {}

    def step(self, params: Params, grads: Params) -> Params:
        self.powers = self.powers * self.betas
        for name, g in grads.items():
            if name not in self.kept:
                self.kept[name] = np.zeros((2, *g.shape))
            both, weights = self.kept[name], self.betas.reshape(2, *[1] * g.ndim)
            both *= weights
            both += (1 - weights) * np.stack([g, g**2])
            m, v = both / (1 - self.powers.reshape(weights.shape))
            params[name] = params[name] - self.lr * m / (np.sqrt(v) + self.eps)
        return params


# TorchAdam


class TorchAdamLerp(torch.optim.Optimizer):
    def __init__(self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in filter(lambda p: p.grad is not None, group["params"]):
                self.update(p, self.state[p], *group["betas"], group["lr"], group["eps"])
        return loss

    def update(self, p: Any, state: Any, beta1: float, beta2: float, lr: float, eps: float) -> None:
        if "t" not in state:
            state["t"] = torch.tensor(0.0)
            state["averages"] = torch.stack([torch.zeros_like(p)] * 2)
        state["t"] += 1
        t, (m, v) = float(state["t"]), state["averages"]
        m.lerp_(p.grad, 1 - beta1)
        v.lerp_(p.grad**2, 1 - beta2)
        p -= lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)


class TorchAdamOfTorch(torch.optim.Adam):
    def __init__(self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, foreach=True)


class TorchAdamByNewTensors(torch.optim.Optimizer):
    def __init__(self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def step(self, closure: Any = None) -> Any:
        loss = closure() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state, (b1, b2), g = self.state[p], group["betas"], p.grad.detach()
                state["t"] = state.get("t", 0) + 1
                state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
                state["v"] = b2 * state.get("v", 0) + (1 - b2) * g * g
                correction = math.sqrt(1 - b2 ** state["t"])
                rate = group["lr"] * correction / (1 - b1 ** state["t"])
                p.data = p.data - rate * state["m"] / (state["v"].sqrt() + group["eps"] * correction)
        return loss


class TorchAdamByForeach(TorchAdamByNewTensors):
    def step(self, closure: Any = None) -> Any:
        loss = None if closure is None else closure()
        with torch.no_grad():
            for group in self.param_groups:
                for p in [p for p in group["params"] if p.grad is not None]:
                    state = self.state[p]
                    if len(state) == 0:
                        state.update(count=[0], m=torch.zeros_like(p.data), v=torch.zeros_like(p.data))
                    state["count"][0] += 1
                    t, grads = state["count"][0], [p.grad]
                    torch._foreach_mul_([state["m"]], group["betas"][0])
                    torch._foreach_add_([state["m"]], grads, alpha=1 - group["betas"][0])
                    torch._foreach_mul_([state["v"]], group["betas"][1])
                    torch._foreach_addcmul_([state["v"]], grads, grads, 1 - group["betas"][1])
                    root = (state["v"] / (1 - group["betas"][1] ** t)).sqrt().add_(group["eps"])
                    p.addcdiv_(state["m"], root, value=-group["lr"] / (1 - group["betas"][0] ** t))
        return loss


VARIANTS: dict[str, Answers] = {
    **{
        name: {words: dress(rule, name != "AdaDelta") for words, dress in DRESSES.items()}
        for name, rule in RULES.items()
    },
    "equivalent_learning_rate": {
        "by the first step": lambda lr, beta: np.float64(lr) * 1.0 / (1.0 - beta),
        "by the series": lambda lr, beta: lr * math.fsum(beta**k for k in range(60_000 if beta > 0.9 else 300)),
        "as an array": lambda lr, beta: np.array([lr]) / (1 - beta),
        "by torch": lambda lr, beta: torch.tensor(lr, dtype=torch.float64) / (1 - beta),
    },
    "TorchAdam": {
        "lerp": TorchAdamLerp,
        "torch.optim.Adam": TorchAdamOfTorch,
        "new tensors": TorchAdamByNewTensors,
        "foreach": TorchAdamByForeach,
    },
}
VARIANTS["Momentum"]["a dataclass"] = MomentumAsADataclass
VARIANTS["Adam"]["powers"] = AdamByPowers


class Still:
    """Does nothing."""

    def __init__(self, *settings: Any) -> None:
        pass

    def step(self, params: Params, grads: Params) -> Any:
        return None


class Copies(Still):
    def step(self, params: Params, grads: Params) -> Any:
        return {name: value.copy() for name, value in params.items()}


class Gradients(Still):
    def step(self, params: Params, grads: Params) -> Any:
        return grads


class TorchStill(torch.optim.Optimizer):
    def __init__(self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def step(self, closure: Any = None) -> Any:
        return closure() if closure else None


TRIVIAL: dict[str, Answers] = {
    **{name: {"nothing": Still, "copies": Copies, "gradients": Gradients} for name in RULES},
    "TorchAdam": {"nothing": TorchStill},
    "equivalent_learning_rate": {"zero": lambda lr, beta: 0.0, "the share": lambda lr, beta: beta},
}


def _with(name: str, **methods: Any) -> type:
    """The functional answer with other methods, which are given it as ``super``."""
    base = functional(RULES[name], name != "AdaDelta")
    return type("Wrong", (base,), {key: make(base) for key, make in methods.items()})


def _knows_its_parameters(name: str) -> type:
    def step(base: Any) -> Any:
        def run(self: Any, params: Params, grads: Params) -> Any:
            self.known = getattr(self, "known", set(params))
            if not self.known >= params.keys():
                raise KeyError(sorted(params.keys() - self.known)[0])
            return base.step(self, params, grads)

        return run

    return _with(name, step=step)


def _insists_on_a_number(name: str) -> type:
    def init(base: Any) -> Any:
        return lambda self, lr, *others: base.__init__(self, float(lr), *others)

    return _with(name, __init__=init)


def _slightly_too_long(name: str) -> type:
    def step(base: Any) -> Any:
        def run(self: Any, params: Params, grads: Params) -> Any:
            return {key: value * (1 + 1e-7) for key, value in base.step(self, params, grads).items()}

        return run

    return _with(name, step=step)


def _with_a_floor(rule: Rule) -> type:
    def floored(memory: Memory, g: Any, t: int, *settings: Any) -> Any:
        return rule(memory, np.where(np.abs(g) < 1e-20, 0.0, g), t, *settings)

    return functional(floored, True)


class _CountsInOneState(TorchAdamByNewTensors):
    """The count of all parameters, saved with the first one."""

    def step(self, closure: Any = None) -> Any:
        first = self.state[self.param_groups[0]["params"][0]]
        count = first.get("steps", 0) + 1
        first["steps"] = count
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["t"] = count - 1
        return super().step(closure)


class _NeedsNoGraph(TorchAdamByNewTensors):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        return super().step(closure)


WRONG: dict[str, WrongAnswers] = {
    **{
        name: {
            "memory for the first parameters only": (_knows_its_parameters(name), {"late"}),
            "slightly too long": (_slightly_too_long(name), {"exact"}),
            **({} if name == "AdaDelta" else {"a number as rate": (_insists_on_a_number(name), {"rates"})}),
        }
        for name in RULES
    },
    "equivalent_learning_rate": {
        "nearly": (lambda lr, beta: lr / (1 - beta) * (1 + 1e-7), {"exact"}),
        "at most a hundred times": (lambda lr, beta: min(lr / (1 - beta), 100 * lr), {"long_memory"}),
    },
    "TorchAdam": {
        "one count, which is saved": (_CountsInOneState, {"no_gradient"}),
        "gradients switched off": (_NeedsNoGraph, {"closure"}),
    },
}
for _name in ("AdaGrad", "RMSProp", "Adam", "AMSGrad"):
    WRONG[_name]["tiny gradients taken for zero"] = (_with_a_floor(RULES[_name]), {"epsilon"})
