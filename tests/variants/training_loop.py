"""Other ways to write the exercises on the training loop: right ones, nearly right ones, and empty ones.

See ``softmax_cross_entropy.py`` for what ``VARIANTS``, ``TRIVIAL`` and ``WRONG`` hold.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional

Array = np.ndarray
Params = dict[str, Array]
Rng = np.random.Generator
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]


# normalize


def normalize_by_columns(train: Array, other: Array) -> list[Array]:
    results = [np.zeros(train.shape), np.zeros(other.shape)]
    for d in range(train.shape[1]):
        column = train[:, d]
        constant = column.max() == column.min()
        for result, x in zip(results, (train, other), strict=True):
            result[:, d] = (x[:, d] - column.mean()) / (1.0 if constant else column.std())
    return results


def normalize_in_place(train: Array, other: Array) -> tuple[Array, Array]:
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[np.ptp(train, axis=0) == 0] = 1
    train -= mean
    other -= mean
    train /= deviation
    other /= deviation
    return train, other


def normalize_by_moments(train: Array, other: Array) -> tuple[Array, Array]:
    mean = train.sum(axis=0, keepdims=True) / len(train)
    squares = ((train - mean) ** 2).sum(axis=0, keepdims=True) / len(train)
    varies = (train != train[:1]).any(axis=0)
    deviation = np.sqrt(np.where(varies, squares, 1))
    return (train - mean) / deviation, (other - mean) / deviation


def normalize_in_float32(train: Array, other: Array) -> tuple[Array, Array]:
    return normalize_by_moments(train.astype(np.float32), other.astype(np.float32))


def normalize_by_torch(train: Array, other: Array) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = torch.tensor(train), torch.tensor(other)
    deviation, mean = torch.std_mean(first, dim=0, correction=0)
    deviation[first.amax(dim=0) == first.amin(dim=0)] = 1
    return (first - mean) / deviation, (second - mean) / deviation


# minibatches


def minibatches_by_yield(n: int, batch_size: int, rng: Rng) -> Iterator[Array]:
    order = np.arange(n)
    rng.shuffle(order)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def minibatches_in_lists(n: int, batch_size: int, rng: Rng) -> list[list[int]]:
    order = sorted(range(n), key=dict(enumerate(rng.random(n))).__getitem__)
    return [order[start : min(start + batch_size, n)] for start in range(0, n, batch_size)]


def minibatches_by_splitting(n: int, batch_size: int, rng: Rng) -> list[Array]:
    return np.split(rng.choice(n, size=n, replace=False), range(batch_size, n, batch_size))


def minibatches_while_some_are_left(n: int, batch_size: int, rng: Rng) -> Iterator[Array]:
    left = rng.random(n).argsort().astype(np.int32)
    while len(left):
        yield left[:batch_size]
        left = left[batch_size:]


def minibatches_by_torch(n: int, batch_size: int, rng: Rng) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    return torch.randperm(n, generator=generator).split(batch_size)


def minibatches_one_by_one(n: int, batch_size: int, rng: Rng) -> Iterator[list[Any]]:
    left, batch = np.arange(n), []
    while len(left):
        place = rng.integers(len(left))
        batch.append(left[place])
        left = np.delete(left, place)
        if len(batch) == batch_size or not len(left):
            yield batch
            batch = []


# sgd_step


def step_in_place(params: Params, grads: Params, lr: float) -> None:
    for name in params:
        params[name] -= lr * grads[name]


def step_into_the_same_dict(params: Params, grads: Params, lr: float) -> Params:
    for name, grad in grads.items():
        params[name] = params[name] - lr * grad
    return params


def step_by_entries(params: Params, grads: Params, lr: float) -> Params:
    new = {name: np.zeros(value.shape) for name, value in params.items()}
    for name, value in params.items():
        for index in np.ndindex(value.shape):
            new[name][index] = value[index] - grads[name][index] * lr
    return new


def step_by_torch(params: Params, grads: Params, lr: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(params[name]).sub(torch.tensor(grads[name]), alpha=lr) for name in params}


# train


def train_with_minibatches(
    params: Params, loss_and_gradient: Any, x: Array, y: Array, lr: float, batch_size: int, epochs: int, rng: Rng
) -> tuple[Params, list[float]]:
    losses = []
    for _ in range(epochs):
        seen = []
        for rows in minibatches_by_yield(len(x), batch_size, rng):
            loss, grads = loss_and_gradient(params, x=x[rows], y=y[rows])
            seen += [loss] * len(rows)
            params = {name: value - lr * grads[name] for name, value in params.items()}
        losses.append(np.mean(seen))
    return params, losses


def train_on_copies_in_place(
    params: Params, loss_and_gradient: Any, x: Array, y: Array, lr: float, batch_size: int, epochs: int, rng: Rng
) -> list[Any]:
    params, losses = copy.deepcopy(params), np.zeros(epochs)
    for epoch in range(epochs):
        for rows in minibatches_by_splitting(len(x), batch_size, rng):
            loss, grads = loss_and_gradient(params, x[rows], y[rows])
            losses[epoch] += loss * len(rows) / len(x)
            step_in_place(params, grads, lr)
    return [params, losses]


def train_on_shuffled_arrays(
    params: Params, loss_and_gradient: Any, x: Array, y: Array, lr: float, batch_size: int, epochs: int, rng: Rng
) -> tuple[Params, tuple[float, ...]]:
    losses = []
    for _ in range(epochs):
        order = rng.random(len(y)).argsort()
        x, y = x[order], y[order]
        found = []
        for start in range(0, len(y), batch_size):
            loss, grads = loss_and_gradient(params, x[start : start + batch_size], y[start : start + batch_size])
            found.append((loss, len(y[start : start + batch_size])))
            params = step_by_entries(params, grads, lr)
        losses.append(float(np.average([loss for loss, _ in found], weights=[size for _, size in found])))
    return params, tuple(losses)


def train_step_by_step(
    params: Params, loss_and_gradient: Any, x: Array, y: Array, lr: float, batch_size: int, epochs: int, rng: Rng
) -> tuple[Params, list[float]]:
    weights, losses, order = dict(params), [0.0] * epochs, np.arange(len(x))
    per_epoch = math.ceil(len(x) / batch_size)
    for t in range(epochs * per_epoch):
        epoch, batch = divmod(t, per_epoch)
        if batch == 0:
            order = rng.permutation(order)
        rows = order[batch * batch_size : (batch + 1) * batch_size]
        loss, grads = loss_and_gradient(weights, x[rows].astype(np.float32), y[rows].tolist())
        losses[epoch] += float(loss) * len(rows)
        for name in weights:
            weights[name] = weights[name] - lr * grads[name]
    return weights, [loss / len(x) for loss in losses]


# EarlyStopping


class StoppingByDeepcopy:
    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_loss = np.inf
        self.best_params: Params = {}
        self.bad = 0

    def update(self, loss: float, params: Params) -> bool:
        if not loss < self.best_loss:
            self.bad += 1
            return self.bad >= self.patience
        self.bad = 0
        self.best_loss = loss
        self.best_params = copy.deepcopy(params)
        return False


class StoppingByHistory:
    def __init__(self, patience: int) -> None:
        self.patience, self.history = patience, [np.inf]

    @property
    def best_loss(self) -> Any:
        return np.array(np.nanmin(self.history))

    def update(self, loss: float, params: Params) -> Any:
        if np.array(loss) < self.best_loss:
            self.best_params = {name: np.array(value) for name, value in params.items()}
        self.history.append(loss)
        return np.bool_(len(self.history) - 1 - int(np.nanargmin(self.history)) >= self.patience)


class StoppingByEpochs:
    best_loss, best_epoch, epoch = float("inf"), 0, 0

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def update(self, loss: float, params: Params) -> int:
        self.epoch += 1
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, self.epoch
            self.best_params = {name: 1.0 * value for name, value in params.items()}
        return int(self.epoch - self.best_epoch >= self.patience)


class StoppingByCountingDown:
    def __init__(self, patience: int) -> None:
        self.patience = self.left = patience
        self.best_loss, self.best_params = math.inf, None

    def update(self, loss: float, params: Params) -> bool:
        better = loss < self.best_loss
        self.left = self.patience if better else self.left - 1
        if better:
            self.best_loss = float(loss)
            self.best_params = {name: torch.tensor(value) for name, value in params.items()}
        return self.left <= 0


@dataclass
class StoppingAsADataclass:
    patience: int
    best_loss: float = math.inf
    best_params: Params = field(default_factory=dict)
    waited: int = 0

    def update(self, loss: float, params: Params) -> bool:
        self.waited += 1
        if loss < self.best_loss:
            self.best_loss, self.best_params, self.waited = loss, copy.deepcopy(params), 0
        return self.waited >= self.patience


# accumulated_gradient


def accumulated_by_sums(gradient: Any, params: Params, x: Array, y: Array, micro_batch: int) -> Params:
    total = {name: np.zeros(np.shape(value)) for name, value in params.items()}
    for start in range(0, len(x), micro_batch):
        grads = gradient(params=params, y=y[start : start + micro_batch], x=x[start : start + micro_batch])
        for name in total:
            total[name] += grads[name] * len(x[start : start + micro_batch])
    return {name: value / len(x) for name, value in total.items()}


def accumulated_by_splitting(gradient: Any, params: Params, x: Array, y: Array, micro_batch: int) -> Params:
    parts = np.array_split(np.arange(len(x)), -(-len(x) // micro_batch))
    grads = [gradient(params, x[part], y[part]) for part in parts]
    return {name: np.average([g[name] for g in grads], axis=0, weights=list(map(len, parts))) for name in params}


def accumulated_one_by_one(gradient: Any, params: Params, x: Array, y: Array, micro_batch: int) -> Params:
    grads = [gradient(params, x[n : n + 1], y[n : n + 1]) for n in reversed(range(len(x)))]
    return {name: sum(g[name] for g in grads) / len(grads) for name in params}


def accumulated_running_mean(gradient: Any, params: Params, x: Array, y: Array, micro_batch: int) -> Params:
    mean, seen = gradient(params, x[:micro_batch], y[:micro_batch]), len(x[:micro_batch])
    while seen < len(x):
        rows = slice(seen, seen + micro_batch)
        new, size = gradient(params, x[rows], y[rows]), len(x[rows])
        seen += size
        mean = {name: mean[name] + (new[name] - mean[name]) * size / seen for name in mean}
    return mean


# clip_by_global_norm


def clip_without_overflow(grads: Params, max_norm: float) -> Params:
    largest = max(np.abs(grad).max() for grad in grads.values())
    if largest == 0:
        return grads
    norm = largest * np.sqrt(sum(np.sum((grad / largest) ** 2) for grad in grads.values()))
    return {name: grad * min(1.0, max_norm / norm) for name, grad in grads.items()}


def clip_flat(grads: Params, max_norm: float) -> Params:
    norm = np.linalg.norm(np.concatenate([grad.ravel() for grad in grads.values()]))
    return grads if norm <= max_norm else {name: max_norm * (grad / norm) for name, grad in grads.items()}


def clip_in_place(grads: Params, max_norm: float) -> Params:
    norm = math.hypot(*(float(entry) for grad in grads.values() for entry in grad.ravel()))
    if norm > max_norm:
        for grad in grads.values():
            grad *= max_norm / norm
    return grads


def clip_norm_of_norms(grads: Params, max_norm: float) -> Params:
    norm = np.linalg.norm([np.linalg.norm(grad) for grad in grads.values()])
    with np.errstate(divide="ignore"):
        factor = np.minimum(1, max_norm / norm)
    return {name: grad * factor for name, grad in grads.items()}


def clip_by_torch(grads: Params, max_norm: float) -> dict[str, torch.Tensor]:
    tensors = {name: torch.tensor(grad) for name, grad in grads.items()}
    norm = torch.cat([tensor.flatten() for tensor in tensors.values()]).norm()
    return {name: tensor * (max_norm / norm) if norm > max_norm else tensor for name, tensor in tensors.items()}


# train_epoch


def epoch_with_criterion(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
    criterion, losses = torch.nn.CrossEntropyLoss(), []
    model.train(True)
    for batch in loader:
        inputs, targets = (tensor.to(device) for tensor in batch)
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses += [loss.item()] * len(targets)
    return float(np.mean(losses))


def epoch_zeroed_at_the_end(model: Any, loader: Any, optimizer: Any, device: Any) -> torch.Tensor:
    total, count = torch.zeros((), dtype=torch.float64), 0
    for x, y in loader:
        model.train()
        x, y = x.to(device, non_blocking=True).float(), y.to(device=device).long()
        losses = functional.cross_entropy(model(x), y, reduction="none")
        losses.mean().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        total += losses.sum().detach()
        count += y.numel()
    return total / count


def epoch_with_a_running_mean(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
    mean, seen = 0.0, 0
    model.train()
    for x, y in list(loader):
        log_p = model(x.to(device)).log_softmax(dim=1)
        loss = functional.nll_loss(log_p, y.to(device))
        model.zero_grad()
        loss.backward()
        optimizer.step()
        seen += x.shape[0]
        mean += (float(loss) - mean) * x.shape[0] / seen
    return mean


def epoch_with_closure(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
    model.train()
    total = count = 0
    for x, y in ([part.to(torch.device(device)) for part in batch] for batch in loader):

        def closure(x: torch.Tensor = x, y: torch.Tensor = y) -> torch.Tensor:
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), y)
            loss.backward()
            return loss

        total += optimizer.step(closure).item() * len(x)
        count += len(x)
    model.eval()
    return total / count


# evaluate


def evaluate_by_predictions(model: Any, loader: Any, device: Any) -> float:
    model.eval()
    right: list[bool] = []
    with torch.inference_mode():
        for x, y in loader:
            guesses = model(x.flatten(1).to(device)).max(dim=1).indices
            right += [guess == number for guess, number in zip(guesses.tolist(), y.tolist(), strict=True)]
    return sum(right) / len(right)


@torch.no_grad()
def evaluate_and_back_to_training(model: Any, loader: Any, device: Any) -> torch.Tensor:
    model.train(False)
    parts = [(model(x.to(device)).softmax(dim=-1).argmax(dim=-1).cpu(), y.cpu()) for x, y in loader]
    model.train()
    guesses, targets = (torch.cat(part) for part in zip(*parts, strict=True))
    return (guesses == targets).double().mean()


def evaluate_with_a_graph(model: Any, loader: Any, device: Any) -> Any:
    guesses, targets = [], []
    for x, y in loader:
        guesses.append(model.eval()(x.to(next(model.parameters()).device)).detach().numpy().argmax(axis=1))
        targets.append(y.to(device).numpy())
    return np.mean(np.concatenate(guesses) == np.concatenate(targets))


def evaluate_weighted(model: Any, loader: Any, device: Any) -> float:
    was, total, count = model.training, 0.0, 0
    model.eval()
    for x, y in loader:
        with torch.no_grad():
            x, y = x.to(device).float(), y.to(device)
            total += torch.eq(model(x).topk(1).indices[:, 0], y).float().mean().item() * len(y)
        count += len(y)
    model.train(was)
    return total / count


def _nothing(*_: Any) -> None:
    return None


VARIANTS: dict[str, Answers] = {
    "normalize": {
        "column by column, in a list": normalize_by_columns,
        "in place": normalize_in_place,
        "from sums, shape (1, D)": normalize_by_moments,
        "torch tensors": normalize_by_torch,
        "float32 inside": normalize_in_float32,
    },
    "minibatches": {
        "a generator": minibatches_by_yield,
        "lists": minibatches_in_lists,
        "split, by choice": minibatches_by_splitting,
        "while some are left, int32": minibatches_while_some_are_left,
        "torch tensors": minibatches_by_torch,
        "drawn one by one": minibatches_one_by_one,
    },
    "sgd_step": {
        "in place, nothing returned": step_in_place,
        "into the same dict": step_into_the_same_dict,
        "entry by entry": step_by_entries,
        "torch tensors": step_by_torch,
    },
    "train": {
        "with minibatches, mean over examples": train_with_minibatches,
        "copies updated in place, an array of losses": train_on_copies_in_place,
        "shuffled arrays": train_on_shuffled_arrays,
        "one loop, examples in float32": train_step_by_step,
    },
    "EarlyStopping": {
        "deep copies": StoppingByDeepcopy,
        "by its history": StoppingByHistory,
        "by epochs, 0 and 1": StoppingByEpochs,
        "counting down, tensors kept": StoppingByCountingDown,
        "a dataclass": StoppingAsADataclass,
    },
    "accumulated_gradient": {
        "sums divided at the end": accumulated_by_sums,
        "pieces of equal sizes": accumulated_by_splitting,
        "one by one, backwards": accumulated_one_by_one,
        "a running mean": accumulated_running_mean,
    },
    "clip_by_global_norm": {
        "divided by the largest entry first": clip_without_overflow,
        "one long vector": clip_flat,
        "in place": clip_in_place,
        "norm of norms": clip_norm_of_norms,
    },
    "train_epoch": {
        "criterion object, mean of many": epoch_with_criterion,
        "set to zero after the step, tensor returned": epoch_zeroed_at_the_end,
        "a running mean": epoch_with_a_running_mean,
        "a closure, evaluation mode afterwards": epoch_with_closure,
    },
    "evaluate": {
        "list of right answers, inference mode": evaluate_by_predictions,
        "all guesses, training mode afterwards": evaluate_and_back_to_training,
        "with a graph": evaluate_with_a_graph,
        "weighted accuracies, mode restored": evaluate_weighted,
    },
}


class _NeverStops:
    def __init__(self, patience: int) -> None:
        self.best_loss, self.best_params = float("inf"), None

    def update(self, loss: float, params: Params) -> bool:
        return False


class _AlwaysStops(_NeverStops):
    def update(self, loss: float, params: Params) -> bool:
        self.best_loss, self.best_params = loss, params
        return True


TRIVIAL: dict[str, Answers] = {
    "normalize": {
        "nothing": _nothing,
        "inputs returned": lambda train, other: (train, other),
        "zeros": lambda train, other: (0 * train, 0 * other),
        "one array": lambda train, other: train,
    },
    "minibatches": {
        "nothing": _nothing,
        "no batch": lambda n, batch_size, rng: [],
        "one number": lambda n, batch_size, rng: [[0]],
        "everything": lambda n, batch_size, rng: [np.arange(n)],
    },
    "sgd_step": {
        "nothing": _nothing,
        "params returned": lambda params, grads, lr: params,
        "grads returned": lambda params, grads, lr: grads,
        "empty": lambda params, grads, lr: {},
    },
    "train": {
        "nothing": _nothing,
        "params returned": lambda params, *_: (params, []),
        "zero losses": lambda params, f, x, y, lr, size, epochs, rng: (params, [0.0] * epochs),
        "params alone": lambda params, *_: params,
    },
    "EarlyStopping": {"never stops": _NeverStops, "always stops": _AlwaysStops, "nothing": lambda patience: None},
    "accumulated_gradient": {
        "nothing": _nothing,
        "params returned": lambda gradient, params, *_: params,
        "whole batch": lambda gradient, params, x, y, most: gradient(params, x, y),
        "first piece": lambda gradient, params, x, y, most: gradient(params, x[:most], y[:most]),
    },
    "clip_by_global_norm": {
        "nothing": _nothing,
        "grads returned": lambda grads, max_norm: grads,
        "zeros": lambda grads, max_norm: {name: 0 * grad for name, grad in grads.items()},
    },
    "train_epoch": {
        "nothing": _nothing,
        "zero": lambda model, loader, optimizer, device: 0.0,
        "a constant": lambda model, loader, optimizer, device: math.log(3),
    },
    "evaluate": {
        "nothing": _nothing,
        "zero": lambda model, loader, device: 0.0,
        "one": lambda model, loader, device: 1.0,
        "half": lambda model, loader, device: 0.5,
    },
}


def _normalize_unless(is_constant: Callable[[Array], Array]) -> Callable[..., Any]:
    """Columns that seem constant are only centred."""

    def normalize(train: Array, other: Array) -> tuple[Array, Array]:
        mean, deviation = train.mean(axis=0), np.where(is_constant(train), 1, train.std(axis=0))
        return (train - mean) / deviation, (other - mean) / deviation

    return normalize


def _in_one_row(n: int, batch_size: int, rng: Rng) -> list[Array]:
    return [batch[None] for batch in minibatches_by_splitting(n, batch_size, rng)]


def _in_one_buffer(n: int, batch_size: int, rng: Rng) -> Iterator[Array]:
    buffer = np.empty(batch_size, dtype=int)
    for batch in minibatches_by_splitting(n, batch_size, rng):
        buffer[: len(batch)] = batch
        yield buffer[: len(batch)]


def _draws_from_numpy(n: int, batch_size: int, rng: Rng) -> list[Array]:
    return np.split(np.random.permutation(n), range(batch_size, n, batch_size))


def _never_ends(n: int, batch_size: int, rng: Rng) -> Iterator[Array]:
    while True:
        yield from minibatches_by_splitting(n, batch_size, rng)


def _train_with_own_generator(*arguments: Any) -> Any:
    return train_with_minibatches(*arguments[:-1], np.random.default_rng())


def _train_with_a_seed_for_each_epoch(*arguments: Any) -> Any:
    class ByEpoch:
        epoch = 0

        def shuffle(self, array: Array) -> None:
            self.epoch += 1
            np.random.default_rng(self.epoch).shuffle(array)

    return train_with_minibatches(*arguments[:-1], ByEpoch())  # type: ignore[arg-type]


def _train_with_one_order_moved_along(*arguments: Any) -> Any:
    class Moved:
        order: Any = None

        def shuffle(self, array: Array) -> None:
            drawn = arguments[-1].permutation(len(array)) if self.order is None else self.order
            self.order = array[:] = np.roll(drawn, arguments[-3] // 2)

    return train_with_minibatches(*arguments[:-1], Moved())  # type: ignore[arg-type]


def _train_on_one_array(params: Params, loss: Any, x: Array, y: Array, *others: Any) -> Any:
    data = np.concatenate([x.reshape(len(x), -1), y[:, None]], axis=1)

    shape = x.shape[1:]

    def on_parts(params: Params, x: Array, y: Array) -> Any:
        return loss(params, x[:, :-1].reshape(-1, *shape), x[:, -1])

    return train_with_minibatches(params, on_parts, data, y, *others)


def _train_on_rows(params: Params, loss: Any, x: Array, *others: Any) -> Any:
    return train_with_minibatches(params, loss, x.reshape(len(x), -1), *others)


def _train_weights_and_bias(params: Params, loss: Any, *others: Any) -> Any:
    def of_both(params: Params, x: Array, y: Array) -> Any:
        value, grads = loss(params, x, y)
        return value, {"W": grads["W"], "b": grads["b"]}

    return train_with_minibatches(params, of_both, *others)


def _train_in_place(params: Params, *others: Any) -> Any:
    for_all, losses = train_with_minibatches(params, *others)
    params.update(for_all)
    return params, losses


def _train_new_epochs_reversed(
    params: Params, loss_and_gradient: Any, x: Array, y: Array, lr: float, batch_size: int, epochs: int, rng: Rng
) -> Any:
    class Reversed:
        order = rng.permutation(len(x))

        def shuffle(self, array: Array) -> None:
            array[:] = self.order
            self.order = self.order.reshape(-1, batch_size)[::-1].ravel() if len(x) % batch_size == 0 else self.order

    return train_with_minibatches(params, loss_and_gradient, x, y, lr, batch_size, epochs, Reversed())  # type: ignore


class _RoundsItsLoss(StoppingByDeepcopy):
    def update(self, loss: float, params: Params) -> bool:
        return super().update(round(loss, 5), params)


class _WithALeastImprovement(StoppingByDeepcopy):
    @staticmethod
    def enough(loss: float, best: float) -> bool:
        return loss < best - 1e-12

    def update(self, loss: float, params: Params) -> bool:
        better = self.enough(loss, self.best_loss)
        return super().update(loss if better else math.inf, params)


class _UnlessItIsClose(_WithALeastImprovement):
    @staticmethod
    def enough(loss: float, best: float) -> bool:
        return loss < best and not np.isclose(loss, best)


class _OnlyFrom0(_WithALeastImprovement):
    @staticmethod
    def enough(loss: float, best: float) -> bool:
        return 0 <= loss < best


class _KeepsOneName(StoppingByDeepcopy):
    def update(self, loss: float, params: Params) -> bool:
        return super().update(loss, {"w": params["w"]})


class _KeepsWhatItWasGivenFirst(StoppingByDeepcopy):
    def update(self, loss: float, params: Params) -> bool:
        before = self.best_loss
        stop = super().update(loss, params)
        if self.best_loss != before:
            self.best_params = params
        return stop


def _epoch_rounded(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
    return round(epoch_with_criterion(model, loader, optimizer, device), 3)


def _evaluate_with_gradients(model: Any, loader: Any, device: Any) -> float:
    batches = list(loader)
    x, y = (part.to(device) for part in batches[0])
    model.eval()
    functional.cross_entropy(model(x), y).backward()
    return evaluate_by_predictions(model, batches, device)


def _evaluate_needs_a_length(model: Any, loader: Any, device: Any) -> float:
    assert len(loader)
    return evaluate_by_predictions(model, loader, device)


def _epoch_needs_a_length(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
    assert len(loader)
    return epoch_with_criterion(model, loader, optimizer, device)


def _epoch_clipped(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
    step = optimizer.step

    def clip_and_step() -> None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        step()

    optimizer.step = clip_and_step
    return epoch_with_criterion(model, loader, optimizer, device)


def _moved_in_vain(tensor: torch.Tensor, device: Any) -> torch.Tensor:
    tensor.to(device)
    return tensor


def _epoch_after(move: Callable[[torch.Tensor, Any], torch.Tensor]) -> Callable[..., float]:
    """An epoch whose batches are moved in a way of its own."""

    def epoch(model: Any, loader: Any, optimizer: Any, device: Any) -> float:
        total, count = 0.0, 0
        model.train()
        for x, y in loader:
            loss = functional.cross_entropy(model(move(x, device)), move(y, device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, count = total + loss.item() * len(y), count + len(y)
        return total / count

    return epoch


def _accumulated_weights_and_bias(*given: Any) -> Params:
    found = accumulated_running_mean(*given)
    return {"W": found["W"], "b": found["b"]}


def _clip_unless(is_short: Callable[[float, float], bool]) -> Callable[..., Params]:
    def clip(grads: Params, max_norm: float) -> Params:
        norm = math.hypot(*(float(entry) for grad in grads.values() for entry in grad.ravel()))
        return grads if is_short(norm, max_norm) else {name: max_norm * (grad / norm) for name, grad in grads.items()}

    return clip


def _clip_rounded(grads: Params, max_norm: float) -> Params:
    return {name: grad * (1 + 1e-7) for name, grad in clip_flat(grads, max_norm).items()}


WRONG: dict[str, WrongAnswers] = {
    "normalize": {
        "nearly constant taken for constant": (
            lambda train, other: normalize_by_moments(np.where(np.ptp(train, axis=0) < 1e-5, train[:1], train), other),
            {"scales"},
        ),
        "a deviation below 1e-12": (_normalize_unless(lambda train: train.std(axis=0) < 1e-12), {"scales"}),
        "a deviation close to 0": (_normalize_unless(lambda train: np.isclose(train.std(axis=0), 0)), {"scales"}),
        "slightly too large": (
            lambda train, other: tuple(part * (1 + 1e-6) for part in normalize_by_moments(train, other)),
            {"exact"},
        ),
    },
    "minibatches": {
        "another generator": (_draws_from_numpy, {"same_seed"}),
        "batches of one row": (_in_one_row, {"ordinary"}),
        "one array for all batches": (_in_one_buffer, {"ordinary"}),
        "batches without end": (_never_ends, {"ordinary"}),
        "the second call as the first": (
            lambda n, size, rng: minibatches_by_splitting(n, size, copy.deepcopy(rng)),
            {"new_order"},
        ),
    },
    "sgd_step": {
        "slightly too long": (lambda params, grads, lr: step_by_entries(params, grads, 1.00001 * lr), {"exact"}),
    },
    "train": {
        "another generator": (_train_with_own_generator, {"new_order", "same_seed"}),
        "a seed for each epoch": (_train_with_a_seed_for_each_epoch, {"new_order"}),
        "one order, moved along": (_train_with_one_order_moved_along, {"new_order"}),
        "x and y in one array": (_train_on_one_array, {"others"}),
        "x in rows": (_train_on_rows, {"others"}),
        "W and b alone": (_train_weights_and_bias, {"others"}),
        "the caller's dict updated": (_train_in_place, {"caller"}),
        "the same batches backwards": (_train_new_epochs_reversed, {"new_order"}),
    },
    "EarlyStopping": {
        "rounded losses": (_RoundsItsLoss, {"equal", "exact"}),
        "a least improvement": (_WithALeastImprovement, {"equal"}),
        "close losses taken for equal": (_UnlessItIsClose, {"equal"}),
        "losses below 0 left out": (_OnlyFrom0, {"start"}),
        "w alone": (_KeepsOneName, {"caller"}),
        "the caller's dict kept": (_KeepsWhatItWasGivenFirst, {"caller"}),
    },
    "accumulated_gradient": {
        "one batch refused": (
            lambda gradient, params, x, y, most: accumulated_by_sums(gradient, params, x, y, min(most, len(x) - 1)),
            {"rest"},
        ),
        "W and b alone": (_accumulated_weights_and_bias, {"names"}),
    },
    "clip_by_global_norm": {
        "slightly too long": (_clip_rounded, {"exact"}),
        "a millionth above": (_clip_unless(lambda norm, most: norm <= most + 1e-6), {"scales"}),
        "a hundredth above": (_clip_unless(lambda norm, most: norm <= 1.01 * most), {"short"}),
    },
    "train_epoch": {
        "a loss of three decimals": (_epoch_rounded, {"exact"}),
        "the length of the loader": (_epoch_needs_a_length, {"any_loader"}),
        "long gradients clipped": (_epoch_clipped, {"scales"}),
        "moved, and not kept": (_epoch_after(_moved_in_vain), {"device"}),
        "moved to a device written in": (_epoch_after(lambda tensor, device: tensor.to("cpu")), {"device"}),
    },
    "evaluate": {
        "a gradient computed": (_evaluate_with_gradients, {"untouched"}),
        "the length of the loader": (_evaluate_needs_a_length, {"any_loader"}),
    },
}
