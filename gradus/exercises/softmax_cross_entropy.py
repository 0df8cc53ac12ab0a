"""How the exercises on softmax and cross-entropy are driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradus.checking import Property, Tolerance, exercise

TOPIC = "softmax_cross_entropy"
# Log-probabilities of scores around 1e4 carry a rounding error of 1e-12 in float64, whichever way they are computed.
LOGARITHMIC = Tolerance(rtol=1e-7, atol=1e-10)
# An answer may cast the scores of a float64 model to float32, as PyTorch users do.
SINGLE_PRECISION = Tolerance(rtol=2e-5, atol=1e-6)
# Loose enough for sums of a few dozen float32 terms and tight enough for every law below to mean something.
SLACK = 1e-5

Case = dict[str, Any]
Outputs = dict[str, Any]
Law = Callable[[Any, Outputs], bool]


def _rows_sum_to(total: float, output: str) -> Law:
    def holds(_case: Any, outputs: Outputs) -> bool:
        return bool(np.allclose(np.asarray(outputs[output], float).sum(axis=-1), total, atol=SLACK))

    return holds


def _exponentials_sum_to_one(_case: Any, outputs: Outputs) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.allclose(np.exp(np.asarray(outputs["log_probabilities"], float)).sum(axis=-1), 1, atol=SLACK))


def _between(low: float, high: float, output: str) -> Law:
    def holds(_case: Any, outputs: Outputs) -> bool:
        values = np.asarray(outputs[output], float)
        return bool(np.all((values >= low - SLACK) & (values <= high + SLACK)))

    return holds


def _order_of_scores_is_kept(case: Any, outputs: Outputs) -> bool:
    by_score = np.argsort(case["scores"], axis=-1, kind="stable")
    return bool(np.all(np.diff(np.take_along_axis(np.asarray(outputs["probabilities"]), by_score, axis=-1)) >= -SLACK))


def _only_the_true_class_is_raised(case: Any, outputs: Outputs) -> bool:
    gradient = np.asarray(outputs["gradient"], float)
    signs = np.ones_like(case["scores"])
    signs[np.arange(len(case["targets"])), case["targets"]] = -1
    return bool(np.all(signs * gradient >= -SLACK))


def _background_boxes_are_left_alone(case: Any, outputs: Outputs) -> bool:
    return bool(np.all(np.asarray(outputs["d_box"])[case["class_targets"] == 0] == 0))


def _number(value: Any) -> Any:
    """A result of one element as a number: the shape of a mean is a matter of taste."""
    return value.reshape(()) if isinstance(value, np.ndarray) and value.size == 1 else value


@exercise(
    "softmax",
    topic=TOPIC,
    properties=(
        Property("every row sums to 1", _rows_sum_to(1, "probabilities")),
        Property("every probability lies between 0 and 1", _between(0, 1, "probabilities")),
        Property("a larger score never gets a smaller probability", _order_of_scores_is_kept),
    ),
)
def drive_softmax(softmax: Any, case: Case) -> Outputs:
    """``softmax(scores) -> probabilities``, over the last axis."""
    return {"probabilities": softmax(case["scores"])}


@exercise(
    "log_softmax",
    topic=TOPIC,
    tolerance=LOGARITHMIC,
    properties=(
        Property("no log-probability is above 0", _between(-np.inf, 0, "log_probabilities")),
        Property("the exponentials of every row sum to 1", _exponentials_sum_to_one),
    ),
)
def drive_log_softmax(log_softmax: Any, case: Case) -> Outputs:
    """``log_softmax(scores) -> log_probabilities``, over the last axis."""
    return {"log_probabilities": log_softmax(case["scores"])}


@exercise(
    "cross_entropy",
    topic=TOPIC,
    tolerance=LOGARITHMIC,
    properties=(Property("the loss is never negative", _between(0, np.inf, "loss")),),
)
def drive_cross_entropy(cross_entropy: Any, case: Case) -> Outputs:
    """``cross_entropy(scores, targets) -> loss``."""
    return {"loss": _number(cross_entropy(case["scores"], case["targets"]))}


@exercise(
    "cross_entropy_gradient",
    topic=TOPIC,
    properties=(
        Property("every row of the gradient sums to 0", _rows_sum_to(0, "gradient")),
        Property(
            "the gradient is negative for the true class and for no other, since the step is taken against it",
            _only_the_true_class_is_raised,
        ),
    ),
)
def drive_cross_entropy_gradient(cross_entropy_gradient: Any, case: Case) -> Outputs:
    """``cross_entropy_gradient(scores, targets) -> gradient``, with the shape of ``scores``."""
    return {"gradient": cross_entropy_gradient(case["scores"], case["targets"])}


@exercise(
    "binary_cross_entropy",
    topic=TOPIC,
    tolerance=LOGARITHMIC,
    properties=(Property("the loss is never negative", _between(0, np.inf, "loss")),),
)
def drive_binary_cross_entropy(binary_cross_entropy: Any, case: Case) -> Outputs:
    """``binary_cross_entropy(score, target) -> loss``."""
    return {"loss": _number(binary_cross_entropy(case["score"], case["target"]))}


@exercise(
    "multitask_loss",
    topic=TOPIC,
    tolerance=LOGARITHMIC,
    properties=(
        Property("the loss is never negative", _between(0, np.inf, "loss")),
        Property("every row of d_class_scores sums to 0", _rows_sum_to(0, "d_class_scores")),
        Property("d_box is 0 in the rows of background examples", _background_boxes_are_left_alone),
    ),
)
def drive_multitask_loss(multitask_loss: Any, case: Case) -> Outputs:
    """``multitask_loss(class_scores, box, class_targets, box_targets, box_weight) -> (loss, d_class_scores, d_box)``.

    Raises
    ------
    TypeError
        If anything but three results comes back.
    """
    arguments = ("class_scores", "box", "class_targets", "box_targets", "box_weight")
    results = multitask_loss(*(case[name] for name in arguments))
    if not isinstance(results, tuple | list) or len(results) != 3:
        came = f"{len(results)} of them" if isinstance(results, tuple | list) else _kind(results)
        raise TypeError(
            f"multitask_loss returns three results, (loss, d_class_scores, d_box), but {came} came back. "
            "End it with: return loss, d_class_scores, d_box"
        )
    loss, d_class_scores, d_box = results
    return {"loss": _number(loss), "d_class_scores": d_class_scores, "d_box": d_box}


@exercise("torch_loss", topic=TOPIC, tolerance=SINGLE_PRECISION)
def drive_torch_loss(torch_loss: Any, case: Case) -> Outputs:
    """``torch_loss(model, x, y) -> scalar tensor``, followed by ``backward()`` on it.

    The case names a classifier and holds its state; the outputs are the loss and the gradient of every parameter.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If what comes back is no scalar tensor that the gradient can flow back from, or if it has flowed already.
    """
    import torch

    model = _classifier(case["model"], case["state"])
    model.train(case["training"])
    with _one_thread():
        loss = torch_loss(model, torch.as_tensor(case["x"]), torch.as_tensor(case["y"]))
        _backward(loss, model)
    gradients = {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for name, parameter in model.named_parameters()
    }
    return {"loss": loss.detach().reshape(()), "gradients": gradients}


def _backward(loss: Any, model: Any) -> None:
    """``loss.backward()``, after saying what is wrong where that would fail or mislead."""
    import torch

    if not isinstance(loss, torch.Tensor):
        raise TypeError(
            f"torch_loss returns a scalar tensor, but {_kind(loss)} came back, from which backward() cannot start. "
            "Return the loss as PyTorch gives it to you."
        )
    if loss.numel() != 1:
        raise ValueError(
            f"torch_loss returns one number, the mean over the batch, but a tensor of shape {tuple(loss.shape)} "
            "came back."
        )
    if any(parameter.grad is not None for parameter in model.parameters()):
        raise RuntimeError(
            "torch_loss computes the loss and leaves backward() to its caller, but the parameters have a gradient "
            "already."
        )
    if not loss.requires_grad:
        raise RuntimeError(
            "The tensor that came back does not know how it was computed from the parameters: something on the way "
            "(no_grad, detach, item, argmax, a detour through NumPy) cut the graph, so backward() cannot reach them."
        )
    loss.backward()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch from sharing these tiny tensors out: on a busy machine that takes thirty times as long."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _classifier(kind: str, state: dict[str, np.ndarray]) -> Any:
    """The classifier ``kind`` with the given state; its sizes and its precision are those of the arrays."""
    import torch
    from torch import nn

    precision = torch.as_tensor(state["output.weight"]).dtype

    def linear(name: str) -> nn.Module:
        n_out, n_in = state[f"{name}.weight"].shape
        # Random weights would be replaced in a moment, and drawing them would move the learner's random numbers on.
        return nn.utils.skip_init(nn.Linear, n_in, n_out, dtype=precision)

    layers: dict[str, nn.Module] = {"output": linear("output")}
    if kind in ("tanh network", "network with batch norm"):
        layers = {"hidden": linear("hidden"), "activation": nn.Tanh(), **layers}
    if kind == "network with batch norm":
        layers = {"norm": nn.BatchNorm1d(len(state["norm.weight"]), dtype=precision), **layers}
    model = nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    model.load_state_dict({name: torch.as_tensor(array) for name, array in state.items()}, strict=False)
    return model


def _kind(value: Any) -> str:
    return "None" if value is None else f"one {type(value).__name__}"
