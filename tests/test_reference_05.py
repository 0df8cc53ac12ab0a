"""The reference answers of notebook 05, and what is lent for them, agree with `torch.optim` step by step to 1e-12."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE

from gradus.learning.lending import operation

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}
STEPS = 12
Params = dict[str, Any]
# Name, settings after the rate, and the optimizer of PyTorch.
TWINS: dict[str, tuple[tuple[float, ...], Callable[[Any, Any], torch.optim.Optimizer]]] = {
    "HeavyBall": ((0.7,), lambda params, lr: torch.optim.SGD(params, lr, momentum=0.7)),
    "Nesterov": ((0.7,), lambda params, lr: torch.optim.SGD(params, lr, momentum=0.7, nesterov=True)),
    "AdaGrad": ((0.3,), lambda params, lr: torch.optim.Adagrad(params, lr, eps=0.3)),
    "RMSProp": ((0.8, 0.3), lambda params, lr: torch.optim.RMSprop(params, lr, alpha=0.8, eps=0.3)),
    "Adam": ((0.7, 0.9, 0.3), lambda params, lr: torch.optim.Adam(params, lr, betas=(0.7, 0.9), eps=0.3)),
    "repaired_adam": ((0.7, 0.9, 0.3), lambda params, lr: torch.optim.Adam(params, lr, betas=(0.7, 0.9), eps=0.3)),
    "AMSGrad": (
        (0.7, 0.9, 0.3),
        lambda params, lr: torch.optim.Adam(params, lr, betas=(0.7, 0.9), eps=0.3, amsgrad=True),
    ),
}
LENT = ("HeavyBall", "Nesterov", "AdaGrad", "RMSProp", "Adam")


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("05").source.reference


def drawn(rng: np.random.Generator) -> Params:
    return {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=4)}


def gradients(seed: int = 1) -> list[Params]:
    """Gradients of which some entries are zero, and all are at one step."""
    rng = np.random.default_rng(seed)
    found = [
        {name: np.where(rng.random(grad.shape) < 0.2, 0, grad) for name, grad in drawn(rng).items()}
        for _ in range(STEPS)
    ]
    found[4]["b"][:] = 0
    return found


def path(optimizer: Any, params: Params, change_at: int = 6) -> list[Params]:
    """The parameters after each step; the rate is halved at one of them."""
    kept = []
    for at, grads in enumerate(gradients()):
        if at == change_at:
            optimizer.lr = optimizer.lr / 2
        params = optimizer.step(params, copy.deepcopy(grads)) or params
        kept.append(copy.deepcopy(params))
    return kept


def torch_path(make: Callable[[Any, Any], torch.optim.Optimizer], params: Params, change_at: int = 6) -> list[Params]:
    tensors = {name: torch.tensor(value) for name, value in params.items()}
    optimizer, kept = make(list(tensors.values()), 0.3), []
    for at, grads in enumerate(gradients()):
        if at == change_at:
            optimizer.param_groups[0]["lr"] = 0.15
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(grads[name])
        optimizer.step()
        kept.append({name: tensor.numpy().copy() for name, tensor in tensors.items()})
    return kept


def same(one: list[Params], other: list[Params]) -> None:
    assert len(one) == len(other) == STEPS
    for mine, right in zip(one, other, strict=True):
        assert mine.keys() == right.keys()
        for name in mine:
            np.testing.assert_allclose(mine[name], right[name], **CLOSE)


@pytest.mark.parametrize("name", TWINS)
def test_an_optimizer_equals_torchs_step_by_step(answers: ModuleType, name: str) -> None:
    settings, make = TWINS[name]
    start = drawn(np.random.default_rng(0))
    same(path(getattr(answers, name)(0.3, *settings), copy.deepcopy(start)), torch_path(make, start))


@pytest.mark.parametrize("name", LENT)
def test_what_is_lent_equals_torchs_step_by_step(name: str) -> None:
    settings, make = TWINS[name]
    start = drawn(np.random.default_rng(0))
    same(path(operation(name)(0.3, *settings), copy.deepcopy(start)), torch_path(make, start))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", LENT)
def test_what_is_lent_takes_a_rate_for_each_network_and_keeps_the_precision(
    answers: ModuleType, name: str, kind: Any
) -> None:
    settings, rng = TWINS[name][0], np.random.default_rng(2)
    rates = np.array([0.3, 0.1, 0.7], dtype=kind)[:, None, None]
    lent, mine = operation(name)(rates, *settings), getattr(answers, name)(rates, *settings)
    one = {"w": rng.normal(size=(3, 2, 4)).astype(kind), "b": rng.normal(size=(3, 1, 4)).astype(kind)}
    other = copy.deepcopy(one)
    for _ in range(4):
        grads = {key: rng.normal(size=value.shape).astype(kind) for key, value in one.items()}
        one, other = lent.step(one, grads), mine.step(other, grads)
        for key in one:
            assert one[key].dtype == other[key].dtype == kind
            np.testing.assert_allclose(one[key], other[key], rtol=1e-12 if kind is np.float64 else 1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LENT)
def test_what_is_lent_takes_parameters_that_come_later(name: str) -> None:
    settings, grads = TWINS[name][0], gradients()
    lent, alone = operation(name)(0.3, *settings), operation(name)(0.3, *settings)
    start = drawn(np.random.default_rng(0))
    params = {"w": start["w"]}
    params = lent.step(params, {"w": grads[0]["w"]})
    both = lent.step({**params, "b": start["b"]}, grads[1])
    np.testing.assert_allclose(both["b"], alone.step({"b": start["b"]}, {"b": grads[1]["b"]})["b"], **CLOSE)


def test_adadelta_equals_torchs_with_a_rate_of_1(answers: ModuleType) -> None:
    start, grads = drawn(np.random.default_rng(0)), gradients()
    tensors = {name: torch.tensor(value) for name, value in start.items()}
    twin, mine, params = (
        torch.optim.Adadelta(tensors.values(), lr=1, rho=0.8, eps=0.1),
        answers.AdaDelta(0.8, 0.1),
        start,
    )
    for one in grads:
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(one[name])
        twin.step()
        params = mine.step(params, one)
        for name, tensor in tensors.items():
            np.testing.assert_allclose(params[name], tensor.numpy(), **CLOSE)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999])
def test_momentum_makes_the_heavy_balls_path_with_the_equivalent_rate(answers: ModuleType, beta: float) -> None:
    start = drawn(np.random.default_rng(0))
    average = answers.Momentum(answers.equivalent_learning_rate(0.3, beta), beta)
    same(path(average, start), path(answers.HeavyBall(0.3, beta), start))


def test_nesterovs_form_takes_the_gradient_at_the_point_ahead(answers: ModuleType) -> None:
    """With the gradient taken ahead, and the point ahead written down, the path is that of the textbook."""
    curvature, lr, mu = np.array([0.25, 5.0]), 0.1, 0.7
    theta, v = np.array([-2.6, 0.9]), np.zeros(2)
    ahead, mine = {"w": theta.copy()}, answers.Nesterov(lr, mu)
    for _ in range(STEPS):
        v = mu * v + curvature * (theta - lr * mu * v)
        theta = theta - lr * v
        ahead = mine.step(ahead, {"w": curvature * ahead["w"]})
        np.testing.assert_allclose(ahead["w"], theta - lr * mu * v, **CLOSE)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
)
def test_torch_adam_equals_torchs(answers: ModuleType, kind: torch.dtype, device: str) -> None:
    generator = torch.Generator().manual_seed(0)

    def tensors() -> list[Any]:
        shapes = ((3, 2), (4,), (1,))
        return [torch.randn(shape, generator=generator, dtype=kind).to(device) for shape in shapes]

    starts = tensors()
    mine, right = ([torch.nn.Parameter(start.clone()) for start in starts] for _ in range(2))

    def groups(params: Any) -> list[dict[str, Any]]:
        return [{"params": params[:2], "lr": 0.3}, {"params": params[2:], "betas": (0.5, 0.7), "eps": 0.1}]

    optimizers = answers.TorchAdam(groups(mine)), torch.optim.Adam(groups(right), foreach=False)
    for at in range(STEPS):
        for one, other, grad in zip(mine, right, tensors(), strict=True):
            one.grad, other.grad = (None, None) if at < 3 and one is mine[1] else (grad, grad.clone())
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 0.3 if at < 6 else 0.1
            optimizer.step()
        for one, other in zip(mine, right, strict=True):
            assert one.dtype == kind
            torch.testing.assert_close(
                one, other, rtol=1e-12 if kind == torch.float64 else 1e-5, atol=1e-6 if kind == torch.float32 else 1e-12
            )


def test_torch_adam_goes_on_exactly_after_it_was_saved(answers: ModuleType, tmp_path: Any) -> None:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    q = torch.nn.Parameter(p.detach().clone())
    one, other = answers.TorchAdam([p], lr=0.3, betas=(0.6, 0.8)), None
    for at in range(6):
        if at == 3:
            torch.save(one.state_dict(), tmp_path / "state.pt")
            q.data.copy_(p.data)
            other = answers.TorchAdam([q])
            other.load_state_dict(torch.load(tmp_path / "state.pt"))
        p.grad = q.grad = torch.tensor([0.5, at + 1.0], dtype=torch.float64)
        one.step()
        if other is not None:
            other.step()
            assert torch.equal(p, q)


def test_torch_adam_returns_what_the_closure_returned(answers: ModuleType) -> None:
    p, calls = torch.nn.Parameter(torch.tensor([1.0, -2.0])), []

    def closure() -> torch.Tensor:
        calls.append(torch.is_grad_enabled())
        loss = (p**2).sum()
        p.grad = None
        loss.backward()
        return loss

    assert answers.TorchAdam([p]).step(closure).item() == 5
    assert calls == [True]
    assert answers.TorchAdam([p]).step() is None
