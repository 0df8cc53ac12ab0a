"""How the exercises on optimizers are called. This ships to students and never says what is right."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradus.checking import STATE, TORCH, Facts, Law, Value, exercise, repair
from gradus.checking.comparing import OF_SCALE
from gradus.checking.pictures import Line, PathPicture
from gradus.checking.plain import leaves
from gradus.exercises.kit import number, updated
from gradus.learning.lending import lends

# The default tolerances hold: four steps of some ten operations each on parameters around 1 are right to 1e-14, and in
# float32 to 1e-6.

Case = dict[str, Any]
Outputs = dict[str, Any]
Params = dict[str, np.ndarray]
Drive = Callable[[Any, Case], Iterator[Outputs]]
LONGEST_FIRST_STEP = 4
"""A first step of Adam, in multiples of the learning rate, is shorter than this with any count and settings here."""


def _level(curvature: np.ndarray, through: np.ndarray) -> np.ndarray:
    """The contour line of the ravine through a point."""
    turn, value = np.linspace(0, 2 * np.pi, 61), np.sum(curvature * through**2)
    return np.sqrt(value / curvature) * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def draw_path(case: Any, expected: list[Outputs], got: list[Outputs]) -> PathPicture | None:
    """The way of w, where it has two entries, beside the way it should have gone."""
    start = case["params"]["w"]
    if start.shape != (2,):
        return None
    right, mine = (np.array([start, *(outputs["params.w"] for outputs in steps)]) for steps in (expected, got))
    apart = ~(np.abs(mine - right[: len(mine)]).max(axis=1) <= OF_SCALE * np.abs(right).max())
    through = [share * start for share in (0.25, 0.5, 0.75, 1)] if "curvature" in case else []
    lines = [
        *(Line.of("the same loss", "ground", _level(case["curvature"], point)) for point in through),
        Line.of("expected", "expected", right),
        Line.of("yours", "got", mine, int(apart.argmax()) if apart.any() else None),
    ]
    return PathPicture("The way of w", tuple(lines), "w[0]", "w[1]")


def _after(returned: Any, params: Params) -> Params:
    """The parameters after a step, see `updated`; none of them may be missing."""
    after = updated(returned, params)
    if missing := sorted(params.keys() - after.keys()):
        raise TypeError(
            f"step returns the dict of all parameters, but {', '.join(missing)} is missing in what came back. "
            "Does a return stand inside the loop?"
        )
    return after


def _takes_steps(*settings: str) -> Drive:
    """``Optimizer(*settings)``, then ``step(params, grads)`` several times.

    A step may bring a new ``lr``, and ``new`` parameters. A step without gradients takes that of the quadratic loss
    with the curvature of the case, at the parameters that the answer has reached.
    """

    def drive(optimizer: Any, case: Case) -> Iterator[Outputs]:
        made, params = optimizer(*(case[name] for name in settings)), case["params"]
        for step in case["steps"]:
            if "lr" in step:
                made.lr = step["lr"]
            params = {**step["new"], **params} if "new" in step else params
            grads = step["grads"] if "grads" in step else {"w": case["curvature"] * np.asarray(params["w"])}
            params = _after(made.step(params, grads), params)
            yield {"params": params}

    return drive


def measure_steps(case: Any, outputs: list[Outputs]) -> Facts:
    """The parameters after every step; of one that is new in a step, only where it went and how far.

    Whether steps are counted together or for each parameter is a matter of taste, and a new parameter shows it.
    """
    came = {name: (value, step["grads"][name]) for step in case["steps"] for name, value in step.get("new", {}).items()}
    for at, one in enumerate(outputs):
        for path, leaf in leaves(one):
            name = ".".join(path)
            if path[-1] not in came:
                yield Value(name, leaf, at)
                continue
            start, grad = came[path[-1]]
            steps = (start - leaf) * np.sign(grad) / case["lr"]
            right = bool(np.all((steps > 0) & (steps < LONGEST_FIRST_STEP)))
            says = f"{name} is new in this step. It should move against its gradient, by about the learning rate."
            yield Law(name, right, says, at)


_SETTINGS = {
    "Momentum": ("lr", "beta"),
    "HeavyBall": ("lr", "momentum"),
    "Nesterov": ("lr", "momentum"),
    "AdaGrad": ("lr", "eps"),
    "RMSProp": ("lr", "alpha", "eps"),
    "AdaDelta": ("rho", "eps"),
}
_COUNTS_STEPS = ("Adam", "AMSGrad")
_COMMON: dict[str, Any] = {"kinds": STATE, "may_change": ("params", "new"), "picture": draw_path}

for _name, _settings in _SETTINGS.items():
    exercise(_name, **_COMMON)(_takes_steps(*_settings))
for _name in _COUNTS_STEPS:
    exercise(_name, **_COMMON, measure=measure_steps)(_takes_steps("lr", "beta1", "beta2", "eps"))
repair("repaired_adam", of="Adam")


@exercise("equivalent_learning_rate")
def drive_equivalent_learning_rate(equivalent_learning_rate: Any, case: Case) -> Outputs:
    """``equivalent_learning_rate(lr, beta) -> learning rate``."""
    return {"rate": number(equivalent_learning_rate(case["lr"], case["beta"]))}


_TORCH_SETTINGS: tuple[str, ...] = ("lr", "betas", "eps")


def _torch_groups(case: Case, params: dict[str, Any]) -> list[Any]:
    """What an optimizer is given: a list of parameters, or groups of them with settings of their own."""
    if "groups" not in case:
        return list(params.values())
    return [{**_torch_settings(group), "params": [params[name] for name in group["names"]]} for group in case["groups"]]


def _torch_settings(given: Case) -> dict[str, Any]:
    return {name: tuple(given[name]) if name == "betas" else given[name] for name in _TORCH_SETTINGS if name in given}


def _parameters(values: Params) -> dict[str, Any]:
    import torch

    return {name: torch.nn.Parameter(torch.as_tensor(value)) for name, value in values.items()}


@exercise("TorchAdam", kinds=(TORCH, STATE), may_change=("params",), picture=draw_path)
def drive_torch_adam(torch_adam: Any, case: Case) -> Iterator[Outputs]:
    """``TorchAdam(params, lr, betas, eps)``, then ``step()`` or ``step(closure)`` several times.

    A step may bring another ``lr`` for the first group, or go on with a new optimizer, which loads the old one's state.
    """
    import torch

    params = _parameters(case["params"])
    made = torch_adam(_torch_groups(case, params), **_torch_settings(case))
    for step in case["steps"]:
        if "lr" in step:
            made.param_groups[0]["lr"] = step["lr"]
        if step.get("new_optimizer"):
            saved = copy.deepcopy(made.state_dict())
            params = _parameters({name: value.detach().numpy().copy() for name, value in params.items()})
            made = torch_adam(_torch_groups(case, params), lr=0.5)
            made.load_state_dict(saved)
        grads = {name: torch.as_tensor(grad) for name, grad in step.get("grads", {}).items()}
        for name, parameter in params.items():
            if "grads" in step:
                parameter.grad = grads.get(name)
            else:
                parameter.grad = torch.as_tensor(case["curvature"]) * parameter.detach()
        if step.get("closure"):
            closure = _Closure(params, grads)
            yield {"loss": number(made.step(closure)), "calls": closure.calls, "params": params}
        else:
            made.step()
            yield {"params": params}


class _Closure:
    """Computes a loss that has these gradients, and counts how often it is asked to."""

    def __init__(self, params: dict[str, Any], grads: dict[str, Any]) -> None:
        self.params, self.grads, self.calls = params, grads, 0

    def __call__(self) -> Any:
        import torch

        self.calls += 1
        if not torch.is_grad_enabled():
            raise RuntimeError(
                "The closure was called where gradients are switched off, and cannot compute any: "
                "call it inside of torch.enable_grad()."
            )
        for parameter in self.params.values():
            parameter.grad = None
        loss = sum((parameter * self.grads[name]).sum() for name, parameter in self.params.items())
        loss.backward()
        return loss


class _Lent:
    """An optimizer of PyTorch that takes steps as the course's do: arrays in, arrays out.

    PyTorch takes a step of rate 1 from zero; it is proportional to the rate, which may so be an array, or change.
    """

    def __init__(self, lr: Any, kind: str, **settings: Any) -> None:
        self.lr, self._kind, self._settings = lr, kind, settings
        self._optimizer: Any = None
        self._leaves: dict[str, Any] = {}

    def step(self, params: Params, grads: Params) -> Params:
        import torch

        for leaf in self._leaves.values():
            leaf.zero_()
            leaf.grad = None
        for name, grad in grads.items():
            if name not in self._leaves:
                self._add(name, torch.zeros(np.shape(grad), dtype=torch.as_tensor(grad).dtype))
            self._leaves[name].grad = torch.tensor(grad)
        self._optimizer.step()
        return {
            name: (params[name] + self.lr * self._leaves[name].numpy()).astype(params[name].dtype) for name in grads
        }

    def _add(self, name: str, leaf: Any) -> None:
        import torch

        self._leaves[name] = leaf
        if self._optimizer is None:
            self._optimizer = getattr(torch.optim, self._kind)([leaf], lr=1.0, **self._settings)
        else:
            self._optimizer.add_param_group({"params": [leaf]})


@lends("HeavyBall")
def _torch_heavy_ball(lr: Any, momentum: float) -> _Lent:
    return _Lent(lr, "SGD", momentum=momentum)


@lends("Nesterov")
def _torch_nesterov(lr: Any, momentum: float) -> _Lent:
    return _Lent(lr, "SGD", momentum=momentum, nesterov=momentum > 0)


@lends("AdaGrad")
def _torch_adagrad(lr: Any, eps: float) -> _Lent:
    return _Lent(lr, "Adagrad", eps=eps)


@lends("RMSProp")
def _torch_rmsprop(lr: Any, alpha: float, eps: float) -> _Lent:
    return _Lent(lr, "RMSprop", alpha=alpha, eps=eps)


@lends("Adam")
def _torch_adam(lr: Any, beta1: float, beta2: float, eps: float) -> _Lent:
    return _Lent(lr, "Adam", betas=(beta1, beta2), eps=eps)
