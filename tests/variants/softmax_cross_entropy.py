"""Other ways to write the exercises on softmax and cross-entropy: right ones, which must pass, and empty ones.

``VARIANTS[exercise][name]`` is right, ``TRIVIAL[exercise][name]`` does nothing of use and must score 0.
``WRONG[exercise][name]`` is nearly right, with the groups that it has to lose: these, publicly and in every draw, or
just the ordinary one, after which nothing is left to lose.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

Array = np.ndarray
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]


def _log_normaliser(scores: Array) -> Array:
    return np.logaddexp.reduce(scores, axis=-1)


# softmax


def softmax_in_place_on_a_copy(scores: Array) -> Array:
    result = scores.copy()
    result -= result.max(axis=-1, keepdims=True)
    np.exp(result, out=result)
    result /= result.sum(axis=-1, keepdims=True)
    return result


def softmax_in_place_on_the_argument(scores: Array) -> Array:
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def softmax_by_loops(scores: Array) -> Array:
    result = np.empty(scores.shape)
    for index in np.ndindex(scores.shape[:-1]):
        row = scores[index]
        largest = max(row)
        exponentials = [math.exp(score - largest) for score in row]
        result[index] = [exponential / sum(exponentials) for exponential in exponentials]
    return result


def softmax_in_float32(scores: Array) -> Array:
    scores = scores.astype(np.float32)
    exponentials = np.exp(scores - scores.max(-1)[..., np.newaxis])
    return exponentials / exponentials.sum(-1)[..., np.newaxis]


def softmax_classes_first(scores: Array) -> Array:
    scores = np.moveaxis(scores, -1, 0)
    exponentials = np.exp(scores - scores.max(axis=0))
    return np.moveaxis(exponentials / exponentials.sum(axis=0), 0, -1)


def softmax_flattened(scores: Array) -> Array:
    rows = scores.reshape(-1, scores.shape[-1])
    exponentials = np.exp((rows.T - rows.max(axis=1)).T)
    return (exponentials / (exponentials @ np.ones((rows.shape[1], 1)))).reshape(scores.shape)


def softmax_from_logarithms(scores: Array) -> Array:
    return np.exp(scores - _log_normaliser(scores)[..., None])


def softmax_from_differences(scores: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / np.exp(scores[..., None, :] - scores[..., :, None]).sum(axis=-1)


def softmax_by_torch(scores: Array) -> Array:
    return torch.softmax(torch.from_numpy(scores), dim=-1).numpy()


def softmax_as_nested_lists(scores: Array) -> list[Any]:
    return softmax_by_loops(scores).tolist()


# log_softmax


def log_softmax_in_place(scores: Array) -> Array:
    scores -= scores.max(axis=-1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return scores


def log_softmax_by_logaddexp(scores: Array) -> Array:
    return scores - _log_normaliser(scores)[..., None]


def log_softmax_by_loops(scores: Array) -> Array:
    result = np.zeros_like(scores)
    for index in np.ndindex(scores.shape[:-1]):
        largest = max(scores[index])
        normaliser = largest + math.log(sum(math.exp(score - largest) for score in scores[index]))
        for c, score in enumerate(scores[index]):
            result[index][c] = score - normaliser
    return result


def log_softmax_in_float32(scores: Array) -> Array:
    shifted = (scores - scores.max(axis=-1, keepdims=True)).astype(np.float32)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def log_softmax_classes_first(scores: Array) -> Array:
    shifted = np.moveaxis(scores, -1, 0) - scores.max(axis=-1)
    return np.moveaxis(shifted - np.log(np.exp(shifted).sum(axis=0)), 0, -1)


def log_softmax_with_a_common_shift_of_each_row(scores: Array) -> Array:
    largest = np.max(scores, -1, keepdims=True)
    return scores - (largest + np.log(np.exp(scores - largest).sum(-1, keepdims=True)))


def log_softmax_twice(scores: Array) -> Array:
    return log_softmax_by_logaddexp(log_softmax_by_logaddexp(scores))


def log_softmax_by_torch(scores: Array) -> torch.Tensor:
    return torch.log_softmax(torch.tensor(scores), dim=-1)


# cross_entropy


def cross_entropy_by_logaddexp(scores: Array, targets: Array) -> Any:
    return np.mean(_log_normaliser(scores) - np.take_along_axis(scores, targets[:, None], axis=1)[:, 0])


def cross_entropy_by_loops(scores: Array, targets: Array) -> float:
    total = 0.0
    for row, target in zip(scores, targets, strict=True):
        differences = [score - row[target] for score in row]
        largest = max(differences)
        total += largest + math.log(sum(math.exp(difference - largest) for difference in differences))
    return total / len(targets)


def cross_entropy_with_one_hot_rows(scores: Array, targets: Array) -> Any:
    one_hot = np.zeros_like(scores)
    one_hot[np.arange(targets.size), targets] = 1
    return -np.sum(one_hot * log_softmax_by_logaddexp(scores)) / scores.shape[0]


def cross_entropy_with_a_mask(scores: Array, targets: Array) -> Any:
    mask = np.arange(scores.shape[1]) == targets[:, None]
    return -log_softmax_by_logaddexp(scores)[mask].mean()


def cross_entropy_in_place(scores: Array, targets: Array) -> Any:
    scores -= scores.max(1, keepdims=True)
    return np.array(np.log(np.exp(scores).sum(1)).mean() - scores[range(len(targets)), targets].mean())


def cross_entropy_in_float32(scores: Array, targets: Array) -> float:
    shifted = (scores - scores.max(axis=1, keepdims=True)).astype(np.float32)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
    return float(losses.mean())


def cross_entropy_as_an_array_of_one(scores: Array, targets: Array) -> Array:
    return np.mean([-log_softmax_by_logaddexp(scores)[np.arange(len(targets)), targets]], axis=1)


def cross_entropy_by_torch(scores: Array, targets: Array) -> torch.Tensor:
    return functional.cross_entropy(torch.tensor(scores), torch.tensor(targets))


# cross_entropy_gradient


def gradient_with_one_hot_rows(scores: Array, targets: Array) -> Array:
    return (softmax_in_place_on_a_copy(scores) - np.eye(scores.shape[1])[targets]) / len(scores)


def gradient_in_place(scores: Array, targets: Array) -> Array:
    gradient = softmax_in_place_on_the_argument(scores)
    gradient[np.arange(len(targets)), targets] -= 1
    gradient /= len(targets)
    return gradient


def gradient_by_loops(scores: Array, targets: Array) -> Array:
    gradient = np.zeros(scores.shape)
    for i, row in enumerate(scores):
        exponentials = np.exp(row - row.max())
        for c in range(len(row)):
            gradient[i, c] = (exponentials[c] / exponentials.sum() - (c == targets[i])) / len(scores)
    return gradient


def gradient_by_the_chain_rule(scores: Array, targets: Array) -> Array:
    d_log_probabilities = np.where(np.arange(scores.shape[1]) == targets[:, None], -1 / len(targets), 0)
    return d_log_probabilities - softmax_from_logarithms(scores) * d_log_probabilities.sum(axis=1, keepdims=True)


def gradient_classes_first(scores: Array, targets: Array) -> Array:
    exponentials = np.exp(scores.T - scores.max(axis=1))
    gradient = exponentials / exponentials.sum(axis=0)
    gradient[targets, np.arange(len(targets))] -= 1
    return gradient.T / len(targets)


def gradient_in_float32(scores: Array, targets: Array) -> Array:
    return gradient_with_one_hot_rows(scores.astype(np.float32), targets).astype(np.float32)


def gradient_by_autograd(scores: Array, targets: Array) -> Array:
    leaf = torch.tensor(scores, requires_grad=True)
    functional.cross_entropy(leaf, torch.tensor(targets)).backward()
    assert leaf.grad is not None
    return leaf.grad.numpy()


# binary_cross_entropy


def binary_by_logaddexp(score: Array, target: Array) -> Any:
    return np.mean(np.logaddexp(0, score) - target * score)


def binary_with_signs(score: Array, target: Array) -> Any:
    return np.logaddexp(0, (1 - 2 * target) * score).mean()


def binary_with_absolute_values(score: Array, target: Array) -> float:
    return float(np.mean(np.maximum(score, 0) - score * target + np.log1p(np.exp(-np.abs(score)))))


def binary_by_loops(score: Array, target: Array) -> float:
    total = 0.0
    for s, t in zip(score.tolist(), target.tolist(), strict=True):
        total += max(s, 0) - s * t + math.log(1 + math.exp(-abs(s)))
    return total / len(score)


def binary_as_two_classes(score: Array, target: Array) -> Any:
    scores = np.stack([np.zeros_like(score), score], axis=1)
    return cross_entropy_by_logaddexp(scores, target.astype(int))


def binary_class_by_class(score: Array, target: Array) -> Array:
    positive, negative = score[target == 1], score[target == 0]
    return np.array((np.logaddexp(0, -positive).sum() + np.logaddexp(0, negative).sum()) / score.size)


def binary_in_place(score: Array, target: Array) -> Any:
    score[target == 1] *= -1
    return np.logaddexp(0, score).mean()


def binary_in_float32(score: Array, target: Array) -> float:
    score, target = score.astype(np.float32), target.astype(np.float32)
    return float(np.mean(np.maximum(score, 0) - score * target + np.log1p(np.exp(-np.abs(score)))))


def binary_by_torch(score: Array, target: Array) -> torch.Tensor:
    scores = torch.tensor(score)
    return functional.binary_cross_entropy_with_logits(scores, torch.tensor(target, dtype=scores.dtype))


# multitask_loss


def multitask_by_selection(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> tuple[Any, Array, Array]:
    n, objects = len(box), np.flatnonzero(class_targets)
    difference = box[objects] - box_targets[objects]
    d_box = np.zeros_like(box)
    d_box[objects] = 2 * box_weight / n * difference
    loss = cross_entropy_by_logaddexp(class_scores, class_targets) + box_weight * np.sum(difference**2) / n
    return loss, gradient_with_one_hot_rows(class_scores, class_targets), d_box


def multitask_by_loops(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> list[Any]:
    n = len(class_targets)
    loss = cross_entropy_by_loops(class_scores, class_targets)
    d_box = np.zeros(box.shape)
    for i in range(n):
        if class_targets[i] == 0:
            continue
        for j in range(box.shape[1]):
            difference = box[i, j] - box_targets[i, j]
            loss += box_weight * difference * difference / n
            d_box[i, j] = 2 * box_weight * difference / n
    return [loss, gradient_by_loops(class_scores, class_targets), d_box]


def multitask_in_place(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> tuple[Any, Array, Array]:
    background = class_targets == 0
    box_targets[background] = box[background]
    box -= box_targets
    loss = cross_entropy_by_logaddexp(class_scores, class_targets) + box_weight * np.mean(np.sum(box**2, axis=1))
    box *= 2 * box_weight / len(box)
    return loss, gradient_in_place(class_scores, class_targets), box


def multitask_with_where(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> tuple[Array, Array, Array]:
    difference = box - np.where(class_targets[:, None] > 0, box_targets, box)
    d_box = 2 * box_weight * difference / len(box)
    box_term = np.einsum("nd,nd->", difference, d_box) / 2
    loss = np.array([cross_entropy_with_a_mask(class_scores, class_targets) + box_term])
    return loss, gradient_classes_first(class_scores, class_targets), d_box


def multitask_in_float32(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> tuple[float, Array, Array]:
    scores, mask = class_scores.astype(np.float32), class_targets != 0
    difference = np.zeros(box.shape, np.float32)
    difference[mask] = box[mask] - box_targets[mask]
    loss = np.float32(cross_entropy_in_float32(scores, class_targets)) + np.float32(box_weight) * np.float32(
        (difference**2).sum() / len(box)
    )
    return float(loss), gradient_in_float32(scores, class_targets), np.float32(2 * box_weight / len(box)) * difference


def multitask_by_autograd(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> tuple[float, Array, Array]:
    scores, boxes = torch.tensor(class_scores, requires_grad=True), torch.tensor(box, requires_grad=True)
    classes = torch.tensor(class_targets)
    error = boxes[classes != 0] - torch.tensor(box_targets)[classes != 0]
    loss = functional.cross_entropy(scores, classes) + box_weight * error.square().sum() / len(box)
    loss.backward()
    assert scores.grad is not None
    assert boxes.grad is not None
    return loss.item(), scores.grad.numpy(), boxes.grad.numpy()


# torch_loss


def torch_criterion_object(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return nn.CrossEntropyLoss()(model(x), y)


def torch_nll_of_log_softmax(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.nll_loss(functional.log_softmax(model(x), dim=1), y)


def torch_log_softmax_first(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x).log_softmax(-1), y)


def torch_by_gathering(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scores = model(x)
    return (scores.logsumexp(dim=1) - scores.gather(1, y.unsqueeze(1)).squeeze(1)).mean()


def torch_one_hot_targets(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scores = model(x)
    return functional.cross_entropy(scores, functional.one_hot(y, scores.shape[1]).to(scores.dtype))


def torch_sum_over_the_batch_size(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x), y, reduction="sum") / len(y)


def torch_one_by_one(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    losses = [functional.cross_entropy(row, target) for row, target in zip(model(x), y, strict=True)]
    return torch.stack(losses).mean()


def torch_in_single_precision(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x).float(), y)


def _nothing(*_: Any) -> None:
    return None


VARIANTS: dict[str, Answers] = {
    "softmax": {
        "in place on a copy": softmax_in_place_on_a_copy,
        "in place on the argument": softmax_in_place_on_the_argument,
        "Python loops": softmax_by_loops,
        "float32 inside": softmax_in_float32,
        "classes moved to the front": softmax_classes_first,
        "flattened to rows": softmax_flattened,
        "exponential of the log-softmax": softmax_from_logarithms,
        "differences of scores": softmax_from_differences,
        "torch": softmax_by_torch,
        "nested lists": softmax_as_nested_lists,
    },
    "log_softmax": {
        "in place on the argument": log_softmax_in_place,
        "logaddexp": log_softmax_by_logaddexp,
        "Python loops": log_softmax_by_loops,
        "float32 inside": log_softmax_in_float32,
        "classes moved to the front": log_softmax_classes_first,
        "maximum put back": log_softmax_with_a_common_shift_of_each_row,
        "applied twice, which changes nothing": log_softmax_twice,
        "torch tensor": log_softmax_by_torch,
    },
    "cross_entropy": {
        "logaddexp": cross_entropy_by_logaddexp,
        "Python loops": cross_entropy_by_loops,
        "one-hot rows": cross_entropy_with_one_hot_rows,
        "mask": cross_entropy_with_a_mask,
        "in place on the argument, 0-d array": cross_entropy_in_place,
        "float32 inside, Python float": cross_entropy_in_float32,
        "array of one element": cross_entropy_as_an_array_of_one,
        "torch tensor": cross_entropy_by_torch,
    },
    "cross_entropy_gradient": {
        "one-hot rows": gradient_with_one_hot_rows,
        "in place on the argument": gradient_in_place,
        "Python loops": gradient_by_loops,
        "chain rule through the log-softmax": gradient_by_the_chain_rule,
        "classes moved to the front": gradient_classes_first,
        "float32 inside": gradient_in_float32,
        "autograd": gradient_by_autograd,
    },
    "binary_cross_entropy": {
        "logaddexp": binary_by_logaddexp,
        "targets as signs": binary_with_signs,
        "absolute values": binary_with_absolute_values,
        "Python loops": binary_by_loops,
        "cross-entropy of two classes": binary_as_two_classes,
        "class by class, 0-d array": binary_class_by_class,
        "in place on the argument": binary_in_place,
        "float32 inside, Python float": binary_in_float32,
        "torch tensor": binary_by_torch,
    },
    "multitask_loss": {
        "selection": multitask_by_selection,
        "Python loops, results in a list": multitask_by_loops,
        "in place on the arguments": multitask_in_place,
        "where, array of one element": multitask_with_where,
        "float32 inside, Python float": multitask_in_float32,
        "autograd": multitask_by_autograd,
    },
    "torch_loss": {
        "criterion object": torch_criterion_object,
        "nll_loss of the log-softmax": torch_nll_of_log_softmax,
        "log-softmax before cross_entropy, which changes nothing": torch_log_softmax_first,
        "gather and logsumexp": torch_by_gathering,
        "one-hot targets": torch_one_hot_targets,
        "sum over the batch size": torch_sum_over_the_batch_size,
        "one example at a time": torch_one_by_one,
        "float32 inside": torch_in_single_precision,
    },
}

TRIVIAL: dict[str, Answers] = {
    "softmax": {
        "nothing": _nothing,
        "input returned": lambda scores: scores,
        "zeros": np.zeros_like,
        "ones": np.ones_like,
        "uniform": lambda scores: np.full(scores.shape, 1 / scores.shape[-1]),
        "a constant": lambda scores: 0.5,
    },
    "log_softmax": {
        "nothing": _nothing,
        "input returned": lambda scores: scores,
        "zeros": np.zeros_like,
        "uniform": lambda scores: np.full(scores.shape, -np.log(scores.shape[-1])),
        "a constant": lambda scores: -1.0,
    },
    "cross_entropy": {
        "nothing": _nothing,
        "scores returned": lambda scores, targets: scores,
        "targets returned": lambda scores, targets: targets,
        "zero": lambda scores, targets: 0.0,
        "a constant": lambda scores, targets: 1.0,
        "loss of equal scores": lambda scores, targets: np.log(scores.shape[1]),
        "NaN": lambda scores, targets: np.nan,
    },
    "cross_entropy_gradient": {
        "nothing": _nothing,
        "scores returned": lambda scores, targets: scores,
        "zeros": lambda scores, targets: np.zeros_like(scores),
        "ones": lambda scores, targets: np.ones_like(scores),
        "a constant": lambda scores, targets: 0.1,
    },
    "binary_cross_entropy": {
        "nothing": _nothing,
        "score returned": lambda score, target: score,
        "target returned": lambda score, target: target,
        "zero": lambda score, target: 0.0,
        "loss of equal scores": lambda score, target: np.log(2),
    },
    "multitask_loss": {
        "nothing": _nothing,
        "inputs returned": lambda class_scores, box, *_: (0.0, class_scores, box),
        "zeros": lambda class_scores, box, *_: (0.0, np.zeros_like(class_scores), np.zeros_like(box)),
        "constants": lambda class_scores, box, *_: (1.0, np.ones_like(class_scores), np.ones_like(box)),
        "a single number": lambda *_: 1.0,
    },
    "torch_loss": {
        "nothing": _nothing,
        "input returned": lambda model, x, y: x,
        "zero": lambda model, x, y: torch.zeros(()),
        "a number": lambda model, x, y: 1.0,
        "zero with gradients": lambda model, x, y: 0 * model(x).sum(),
        "mean score": lambda model, x, y: model(x).mean(),
        "scores": lambda model, x, y: model(x),
    },
}


def _by_shift(shift: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def log_softmax(scores: Array) -> Array:
        shifted = scores - shift(scores)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    return log_softmax


def _median(scores: Array) -> Array:
    return np.median(scores, axis=-1, keepdims=True)


def _middle(scores: Array) -> Array:
    return (scores.max(axis=-1, keepdims=True) + scores.min(axis=-1, keepdims=True)) / 2


def _at(values: Array, targets: Array) -> Array:
    return values[np.arange(len(targets)), targets]


def _rounded_where_unlikely(scores: Array) -> Array:
    result = log_softmax_by_logaddexp(scores)
    return np.where(result < -9, result.round(), result)


def _with_floor(floor: float) -> Callable[[Array, Array], Any]:
    return lambda scores, targets: -np.log(_at(softmax_from_logarithms(scores), targets) + floor).mean()


def _gradient_clipped_at(floor: float) -> Callable[[Array, Array], Array]:
    def gradient(scores: Array, targets: Array) -> Array:
        p = np.clip(softmax_from_logarithms(scores), floor, 1 - floor)
        return (p - np.eye(scores.shape[1])[targets]) / len(targets)

    return gradient


def _softplus_too_straight(score: Array, target: Array) -> Any:
    wrong = np.where(target == 1, -score, score)
    return np.where(wrong > 8.5, wrong, np.logaddexp(0, wrong)).mean()


def _multitask_with_floor(class_scores: Array, box: Array, *others: Any) -> tuple[Any, Array, Array]:
    loss, d_class_scores, d_box = multitask_by_selection(class_scores, box, *others)
    wrong = _with_floor(1e-9)(class_scores, others[0]) - cross_entropy_by_logaddexp(class_scores, others[0])
    return loss + wrong, d_class_scores, d_box


def _softmax(scores: Array) -> Array:
    return np.exp(log_softmax_by_logaddexp(scores))


def _naive(scores: Array) -> Array:
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _naive_logarithm(scores: Array) -> Array:
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def _rescued(naive: Callable[..., Any], right: Callable[..., Any]) -> Callable[..., Any]:
    """A formula that is taken for right wherever it is finite."""

    def rescued(*inputs: Array) -> Any:
        with np.errstate(all="ignore"):
            result = naive(*inputs)
        return result if np.all(np.isfinite(result)) else right(*inputs)

    return rescued


def _one_hot_by_the_targets(targets: Array) -> Array:
    return np.eye(targets.max() + 1)[targets]


def _loss_by_the_targets(scores: Array, targets: Array) -> Any:
    return -(_one_hot_by_the_targets(targets) * log_softmax_by_logaddexp(scores)).sum() / len(targets)


def _longer(scores: Array) -> Array:
    return _naive(scores.astype(np.longdouble))


def _binary_by_the_formula(score: Array, target: Array) -> Any:
    p = 1 / (1 + np.exp(-score))
    return -np.mean(np.log(np.where(target == 1, p, 1 - p)))


def _multitask(log_softmax: Callable[[Array], Array], one_hot: Any = None) -> Callable[..., Any]:
    """The loss with another log-softmax, or with one-hot rows of its own."""

    def loss(class_scores: Array, box: Array, class_targets: Array, *others: Any) -> tuple[Any, Array, Array]:
        total, d_class_scores, d_box = multitask_by_selection(class_scores, box, class_targets, *others)
        right = cross_entropy_by_logaddexp(class_scores, class_targets)
        rows = np.eye(class_scores.shape[1])[class_targets] if one_hot is None else one_hot(class_targets)
        with np.errstate(all="ignore"):
            return total - right - _at(log_softmax(class_scores) * rows, class_targets).mean(), d_class_scores, d_box

    return loss


def _loss_of(
    before: Callable[..., Any], after: Callable[..., Any] = lambda model: None
) -> Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss of what ``before(model, x)`` gives, and something done to the model afterwards."""

    def loss(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        found = functional.cross_entropy(before(model, x), y)
        after(model)
        return found

    return loss


def _squeezed(answer: Callable[..., Array]) -> Callable[..., Array]:
    return lambda *inputs: np.squeeze(answer(*inputs))


WRONG: dict[str, WrongAnswers] = {
    "softmax": {
        "median for the maximum": (lambda scores: np.exp(_by_shift(_median)(scores)), {"underflow"}),
        "middle for the maximum": (lambda scores: np.exp(_by_shift(_middle)(scores)), {"underflow"}),
        "kept above 1e-4": (lambda scores: np.maximum(softmax_by_torch(scores), 1e-4), {"exact"}),
        "kept above 1e-9": (lambda scores: np.maximum(softmax_by_torch(scores), 1e-9), {"exact"}),
        "small ones dropped": (lambda scores: np.round(softmax_by_torch(scores), 6), {"exact"}),
        "naive, rescued": (_rescued(_naive, _softmax), {"large_scores"}),
        "naive, in more digits": (_longer, {"large_scores"}),
        "squeezed": (_squeezed(_softmax), {"shapes", "large_scores"}),
        "scores in float16": (
            lambda scores: _softmax(scores.astype(np.float16).astype(float)),
            {"exact", "large_scores", "row_sizes", "underflow"},
        ),
    },
    "log_softmax": {
        "median for the maximum": (_by_shift(_median), {"underflow"}),
        "middle for the maximum": (_by_shift(_middle), {"underflow"}),
        "rounded where unlikely": (_rounded_where_unlikely, {"underflow"}),
        "naive, rescued": (_rescued(_naive_logarithm, log_softmax_by_logaddexp), {"large_scores"}),
        "naive, in more digits": (lambda scores: np.log(_longer(scores)), {"large_scores"}),
        "squeezed": (_squeezed(log_softmax_by_logaddexp), {"shapes", "large_scores"}),
    },
    "cross_entropy": {
        "middle for the maximum": (
            lambda scores, targets: -_at(_by_shift(_middle)(scores), targets).mean(),
            {"underflow"},
        ),
        "as many classes as the targets say": (_loss_by_the_targets, {"ordinary"}),
        "naive, rescued": (
            _rescued(
                lambda scores, targets: -_at(_naive_logarithm(scores), targets).mean(), cross_entropy_by_logaddexp
            ),
            {"large_scores"},
        ),
        "naive, in more digits": (
            lambda scores, targets: -np.log(_at(_longer(scores), targets)).mean(),
            {"large_scores"},
        ),
        "1e-4 added": (_with_floor(1e-4), {"ordinary"}),
        "1e-5 added": (_with_floor(1e-5), {"exact", "underflow"}),
        "1e-9 added": (_with_floor(1e-9), {"exact", "underflow"}),
    },
    "cross_entropy_gradient": {
        "clipped at 1e-4": (_gradient_clipped_at(1e-4), {"exact", "underflow"}),
        "clipped at 1e-6": (_gradient_clipped_at(1e-6), {"exact"}),
        "as many classes as the targets say": (
            lambda scores, targets: (_softmax(scores) - _one_hot_by_the_targets(targets)) / len(targets),
            {"ordinary"},
        ),
        "naive, rescued": (
            _rescued(
                lambda scores, targets: (_naive(scores) - np.eye(scores.shape[1])[targets]) / len(targets),
                gradient_with_one_hot_rows,
            ),
            {"large_scores"},
        ),
        "naive, in more digits": (
            lambda scores, targets: (_longer(scores) - np.eye(scores.shape[1])[targets]) / len(targets),
            {"large_scores"},
        ),
        "squeezed": (_squeezed(gradient_with_one_hot_rows), {"shapes", "large_scores", "underflow"}),
    },
    "binary_cross_entropy": {
        "straight from 8.5 on": (_softplus_too_straight, {"exact"}),
        "clipped at 9000": (
            lambda score, target: binary_by_logaddexp(np.clip(score, -9000, 9000), target),
            {"large_scores"},
        ),
        "naive, rescued": (_rescued(_binary_by_the_formula, binary_by_logaddexp), {"large_scores"}),
        "naive, in more digits": (
            lambda score, target: np.log(1 + np.exp(np.where(target == 1, -score, score).astype(np.longdouble))).mean(),
            {"large_scores"},
        ),
    },
    "multitask_loss": {
        "1e-9 added": (_multitask_with_floor, {"exact", "large_scores"}),
        "as many classes as the targets say": (
            _multitask(log_softmax_by_logaddexp, _one_hot_by_the_targets),
            {"ordinary"},
        ),
        "clipped at 9000": (
            lambda class_scores, *others: multitask_by_selection(np.clip(class_scores, -9000, 9000), *others),
            {"large_scores"},
        ),
        "naive, rescued": (_multitask(_rescued(_naive_logarithm, log_softmax_by_logaddexp)), {"large_scores"}),
        "naive, in more digits": (_multitask(lambda scores: np.log(_longer(scores))), {"large_scores"}),
    },
    "torch_loss": {
        "scores in float16": (lambda model, x, y: functional.cross_entropy(model(x).half(), y), {"ordinary"}),
        "scores cut off at 5000": (_loss_of(lambda model, x: model(x).clamp(-5000, 5000)), {"large_scores"}),
        "classes and examples mixed up": (
            lambda model, x, y: functional.cross_entropy(model(x).T if len(y) == model(x).shape[1] else model(x), y),
            {"square", "mode"},
        ),
        "called twice": (_loss_of(lambda model, x: model(x) if model(x) is not None else x), {"mode"}),
        "model turned to float32": (_loss_of(lambda model, x: model.float()(x.float())), {"mode"}),
        "model turned to float64": (_loss_of(lambda model, x: model.double()(x.double())), {"mode"}),
        "gradients dropped": (_loss_of(lambda model, x: model(x), nn.Module.zero_grad), {"mode"}),
        "examples flattened": (_loss_of(lambda model, x: model(x.flatten(1))), {"one_example"}),
    },
}
