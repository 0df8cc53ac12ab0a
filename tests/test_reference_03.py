"""The reference answers of notebook 03 agree with PyTorch, or with what can be worked out by hand, to 1e-12."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE
from torch import nn
from torch.nn import functional

from gradus.learning.lending import operation

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}
Params = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("03").source.reference


def network(answers: ModuleType, seed: int = 0) -> Params:
    return answers.new_network(np.random.default_rng(seed), n_in=5, n_hidden=7, n_out=3)


def batch(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.integers(3, size=n)


def torch_loss(params: dict[str, torch.Tensor], x: np.ndarray, y: np.ndarray) -> torch.Tensor:
    hidden = torch.tanh(torch.tensor(x) @ params["W1"] + params["b1"])
    return functional.cross_entropy(hidden @ params["W2"] + params["b2"], torch.tensor(y))


def leaves(params: Params) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}


def same(one: Params, other: Any) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, torch.as_tensor(other[name]).detach().numpy(), **CLOSE)


def test_the_given_loss_and_gradient_equal_autograd(answers: ModuleType) -> None:
    params, (x, y) = network(answers), batch(11)
    loss, grads = answers.loss_and_gradient(params, x, y)
    watched = leaves(params)
    expected = torch_loss(watched, x, y)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    same(grads, {name: leaf.grad for name, leaf in watched.items()})


def test_normalized_columns_equal_torch_with_the_first_sets_moments(answers: ModuleType) -> None:
    rng = np.random.default_rng(0)
    train, other = rng.normal(3, 2, size=(7, 4)), rng.normal(size=(5, 4))
    deviation, mean = torch.std_mean(torch.tensor(train), dim=0, correction=0)
    for found, x in zip(answers.normalize(train, other), (train, other), strict=True):
        np.testing.assert_allclose(found, (torch.tensor(x) - mean) / deviation, **CLOSE)
    assert np.std(answers.normalize(train, other)[0], axis=0) == pytest.approx(1)


def test_a_column_that_is_constant_in_training_is_only_centred(answers: ModuleType) -> None:
    train, other = answers.normalize(np.array([[0.1, 1], [0.1, 3], [0.1, 2]]), np.array([[0.6, 2]]))
    np.testing.assert_allclose(train[:, 0], 0, **CLOSE)
    np.testing.assert_allclose(other, [[0.5, 0]], **CLOSE)


@pytest.mark.parametrize(("n", "size", "sizes"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 5, [2]), (1, 1, [1])])
def test_minibatches_hold_every_number_once(answers: ModuleType, n: int, size: int, sizes: list[int]) -> None:
    batches = answers.minibatches(n, size, np.random.default_rng(0))
    assert next(batches).size == sizes[0], "an iterator"
    batches = list(answers.minibatches(n, size, np.random.default_rng(0)))
    assert [len(one) for one in batches] == sizes
    assert sorted(np.concatenate(batches)) == list(range(n))


def test_an_sgd_step_equals_torchs(answers: ModuleType) -> None:
    params, grads = network(answers), network(answers, 1)
    same(answers.sgd_step(params, grads, 0.3), operation("sgd_step")(params, grads, 0.3))


@pytest.mark.parametrize("name", ["train", "repaired_train"])
@pytest.mark.parametrize("size", [3, 4, 50])
def test_training_equals_torchs_optimizer_on_the_same_batches(answers: ModuleType, name: str, size: int) -> None:
    params, (x, y), seen = network(answers), batch(10), []

    def watched(now: Params, some_x: np.ndarray, some_y: np.ndarray) -> Any:
        seen.append((some_x, some_y))
        return answers.loss_and_gradient(now, some_x, some_y)

    start = {key: value.copy() for key, value in params.items()}
    trained, losses = getattr(answers, name)(params, watched, x, y, 0.4, size, 3, np.random.default_rng(2))
    same(params, start)
    weights, found = leaves(params), []
    optimizer = torch.optim.SGD(weights.values(), lr=0.4)
    for some_x, some_y in seen:
        optimizer.zero_grad()
        loss = torch_loss(weights, some_x, some_y)
        loss.backward()
        optimizer.step()
        found.append((loss.item(), len(some_x)))
    same(trained, weights)
    per_epoch = math.ceil(10 / size)
    for epoch, loss in enumerate(losses):
        parts = found[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert loss == pytest.approx(sum(value * count for value, count in parts) / 10, rel=1e-12)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_early_stopping_acts_when_torchs_plateau_does_one_reading_earlier(answers: ModuleType, patience: int) -> None:
    """PyTorch tolerates `patience` epochs and acts at the next one; it takes nan for no improvement too."""
    stopper = answers.EarlyStopping(patience)
    assert stopper.best_loss == math.inf
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=patience - 1, threshold=0)
    for loss in [math.nan, 3.0, 2.0, 2.0, 2.5, 1.0, math.nan, 1.5, 1.0, 4.0]:
        params = {"w": np.array([loss])}
        stopped = stopper.update(loss, params)
        params["w"] += 1
        plateau.step(loss)
        assert stopped == (optimizer.param_groups[0]["lr"] < 1)
        assert stopper.best_loss == plateau.best
        assert stopper.best_loss == math.inf or stopper.best_params["w"] == stopper.best_loss
        if stopped:
            break
    assert stopped


@pytest.mark.parametrize("most", [1, 3, 4, 11, 20])
def test_an_accumulated_gradient_equals_that_of_the_whole_batch(answers: ModuleType, most: int) -> None:
    params, (x, y) = network(answers), batch(11)

    def gradient(now: Params, some_x: np.ndarray, some_y: np.ndarray) -> Params:
        assert len(some_x) <= most
        return answers.loss_and_gradient(now, some_x, some_y)[1]

    found = answers.accumulated_gradient(gradient, params, x, y, most)
    same(found, answers.loss_and_gradient(params, x, y)[1])


def test_pieces_in_pytorch_add_up_as_the_text_says(answers: ModuleType) -> None:
    """`(loss * len(piece) / len(batch)).backward()` for each piece."""
    params, (x, y) = network(answers), batch(11)
    whole, pieces = leaves(params), leaves(params)
    torch_loss(whole, x, y).backward()
    for start in range(0, 11, 4):
        piece = slice(start, start + 4)
        (torch_loss(pieces, x[piece], y[piece]) * len(x[piece]) / len(x)).backward()
    same({name: leaf.grad.numpy() for name, leaf in pieces.items()}, {name: leaf.grad for name, leaf in whole.items()})


@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("most", [0.5, 20.0])
def test_clipping_equals_torchs_without_its_constant(answers: ModuleType, scale: float, most: float) -> None:
    grads = {name: scale * value for name, value in network(answers).items()}
    flat = torch.cat([torch.tensor(value).flatten() for value in grads.values()])
    norm = (flat / scale).norm().item() * scale
    clipped = answers.clip_by_global_norm(grads, most * scale)
    factor = min(1.0, most * scale / norm)
    for name, value in clipped.items():
        np.testing.assert_allclose(value, factor * grads[name], rtol=1e-12, atol=0)


def test_torchs_clipping_is_a_little_shorter(answers: ModuleType) -> None:
    grads = {"w": np.array([3.0, 4.0])}
    weight = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.tensor(grads["w"])
    nn.utils.clip_grad_norm_([weight], 2.0)
    length = weight.grad.norm().item()
    assert np.linalg.norm(answers.clip_by_global_norm(grads, 2.0)["w"]) == pytest.approx(2, rel=1e-12)
    assert length == pytest.approx(2 * 5 / (5 + 1e-6), rel=1e-12)
    assert length < 2
    zero = {"w": np.zeros(2)}
    assert not answers.clip_by_global_norm(zero, 1.0)["w"].any()


def classifier() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 3)).double()


def test_train_epoch_equals_the_five_lines(answers: ModuleType) -> None:
    x, y = (torch.tensor(array) for array in batch(11))
    one, other = classifier().eval(), classifier().train()
    batches = list(zip(x.split(4), y.split(4), strict=True))
    mean = answers.train_epoch(one, iter(batches), torch.optim.SGD(one.parameters(), lr=0.3), "cpu")
    optimizer, total = torch.optim.SGD(other.parameters(), lr=0.3), 0.0
    for some_x, some_y in batches:
        losses = functional.cross_entropy(other(some_x), some_y, reduction="none")
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        total += losses.sum().item()
    assert mean == pytest.approx(total / 11, rel=1e-12)
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_evaluate_counts_and_changes_nothing(answers: ModuleType) -> None:
    x, y = (torch.tensor(array) for array in batch(11))
    model = classifier().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    found = answers.evaluate(model, zip(x.split(4), y.split(4), strict=True), "cpu")
    assert found == pytest.approx((model.eval()(x).argmax(dim=1) == y).double().mean().item(), rel=1e-12)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in model.parameters() if p.grad is not None)
