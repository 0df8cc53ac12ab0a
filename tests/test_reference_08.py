"""The reference answers of notebook 08 agree with PyTorch and with what is worked out by hand."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE
from torch import nn

from gradus.learning.lending import operation

CLOSE: dict[str, float] = {"rtol": 1e-11, "atol": 1e-12}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("08").source.reference


def batch(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * rng.uniform(0.5, 3, size=d) + rng.uniform(-2, 2, size=d)


def test_the_gradient_through_centring_is_autograds(answers: ModuleType) -> None:
    x, dout = torch.tensor(batch(5, 3), requires_grad=True), batch(5, 3, 1)
    (x - x.mean(dim=0)).backward(torch.tensor(dout))
    gradient: Any = x.grad
    np.testing.assert_allclose(answers.centering_backward(dout), gradient.numpy(), **CLOSE)


@pytest.mark.parametrize("eps", [1e-5, 0.7])
@pytest.mark.parametrize("shape", [(2, 3), (5, 5), (8, 3)])
@pytest.mark.parametrize("backward", ["batchnorm_backward", "repaired_batchnorm_backward"])
def test_forwards_and_backwards_are_torchs(
    answers: ModuleType, shape: tuple[int, int], eps: float, backward: str
) -> None:
    x, dout = batch(*shape), batch(*shape, 1)
    gamma, beta = batch(1, shape[1], 2)[0], batch(1, shape[1], 3)[0]
    out, x_hat, std = answers.batchnorm_forward(x, gamma, beta, eps)
    leaves = [torch.tensor(one, requires_grad=True) for one in (x, gamma, beta)]
    expected = nn.functional.batch_norm(leaves[0], None, None, leaves[1], leaves[2], training=True, eps=eps)
    np.testing.assert_allclose(out, expected.detach().numpy(), **CLOSE)
    np.testing.assert_allclose(out, gamma * x_hat + beta, **CLOSE)
    np.testing.assert_allclose(std, np.sqrt(x.var(axis=0) + eps), **CLOSE)
    expected.backward(torch.tensor(dout))
    for got, leaf in zip(getattr(answers, backward)(dout, x_hat, gamma, std), leaves, strict=True):
        gradient: Any = leaf.grad
        np.testing.assert_allclose(got, gradient.numpy(), rtol=1e-9, atol=1e-11)


def test_what_is_lent_is_what_the_reference_does(answers: ModuleType) -> None:
    given = batch(6, 4), batch(1, 4, 1)[0], batch(1, 4, 2)[0], 1e-3
    for lent, own in zip(operation("batchnorm_forward")(*given), answers.batchnorm_forward(*given), strict=True):
        np.testing.assert_allclose(lent, own, **CLOSE)


def test_the_class_is_torchs_layer_over_a_whole_training(answers: ModuleType) -> None:
    made, module = answers.BatchNorm(3, 0.2, 1e-3), answers.TorchBatchNorm(3, 0.2, 1e-3).double()
    layer = nn.BatchNorm1d(3, momentum=0.2, eps=1e-3).double()
    made.gamma, made.beta = np.array([2.0, -1.0, 0.5]), np.array([0.1, 0.2, -3.0])
    with torch.no_grad():
        for gamma, beta in ((layer.weight, layer.bias), (module.gamma, module.beta)):
            gamma.copy_(torch.tensor(made.gamma))
            beta.copy_(torch.tensor(made.beta))
    for seed, (n, training) in enumerate([(5, True), (2, True), (1, False), (7, True), (4, False)]):
        x, upstream = batch(n, 3, seed), batch(n, 3, seed + 50)
        found = []
        for one in (layer, module):
            leaf = torch.tensor(x, requires_grad=True)
            one.train(training)
            one.zero_grad()
            out = one(leaf)
            out.backward(torch.tensor(upstream))
            found.append([out.detach(), leaf.grad, *[p.grad for p in one.parameters()]])
        for right, own in zip(*found, strict=True):
            np.testing.assert_allclose(own, right, **CLOSE)
        np.testing.assert_allclose(made.forward(x, training), found[0][0], **CLOSE)
        for one in (made, module):
            np.testing.assert_allclose(np.asarray(one.running_mean), layer.running_mean, **CLOSE)
            np.testing.assert_allclose(np.asarray(one.running_var), layer.running_var, **CLOSE)


def test_a_training_batch_of_one_is_refused_and_changes_nothing(answers: ModuleType) -> None:
    made, module = answers.BatchNorm(3), answers.TorchBatchNorm(3)
    with pytest.raises(ValueError, match="two examples"):
        made.forward(np.ones((1, 3)), True)
    with pytest.raises(ValueError, match="two examples"):
        module.train()(torch.ones(1, 3))
    for one in (made, module):
        np.testing.assert_array_equal(np.asarray(one.running_mean), 0)
        np.testing.assert_array_equal(np.asarray(one.running_var), 1)
    assert made.forward(np.ones((1, 3)), False).shape == (1, 3)
    assert set(module.state_dict()) == {"gamma", "beta", "running_mean", "running_var"}


def test_a_folded_layer_is_the_two_layers_in_use(answers: ModuleType) -> None:
    linear, norm = nn.Linear(4, 3).double(), nn.BatchNorm1d(3).double()
    norm(linear(torch.tensor(batch(20, 4))))
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, -0.5, 1.5]))
        norm.bias.copy_(torch.tensor([0.3, 0.0, -1.0]))
    state = [one.detach().numpy() for one in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
    W, b = answers.fold_batchnorm(linear.weight.detach().numpy().T, linear.bias.detach().numpy(), *state, norm.eps)
    x = batch(6, 4, 9)
    expected = norm.eval()(linear(torch.tensor(x))).detach().numpy()
    np.testing.assert_allclose(x @ W + b, expected, **CLOSE)


def test_the_variance_of_a_mean(answers: ModuleType) -> None:
    means = np.random.default_rng(0).normal(0, 3, size=(200_000, 8)).mean(axis=1)
    assert answers.batch_statistics_noise(9.0, 8) == 9 / 8
    assert means.var() == pytest.approx(9 / 8, rel=0.02)
