"""How the exercises on softmax and cross-entropy are driven."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradus.checking import TORCH, Property, Tolerance, exercise, family, repair
from gradus.exercises.kit import backward, gradients, loss_objects_explained, number, results
from gradus.learning.lending import lends

# Scores go up to 2e4, where a float64 is off by 2e-12. A difference of scores, an exponent, is then off by some 1e-12,
# and so is a log-probability; a probability is off by 1e-12 of itself, and by 2e-11 if it comes out of a log-softmax
# whose normaliser was added to such a score and taken away again. In float32 a probability made of a sum over some ten
# classes is right to 2e-6, a log-probability to that plus 1e-6 where the sum is near 1. A
# log-probability of -1000 is no excuse for an error of 1 nat in those beside it.
PROBABILITIES = Tolerance(rtol=1e-9, atol=1e-10)
LOGARITHMIC = Tolerance(rtol=1e-9, atol=1e-10, single_rtol=4e-6, single_atol=4e-6, largest_scale=10)
# An answer may cast the scores of a float64 model to float32, as PyTorch users do. The gradients that come back are
# float64 again, with what the scores have lost in them.
CAST = Tolerance(rtol=4e-6, atol=4e-6, single_rtol=4e-6, single_atol=4e-6)
# A gradient is (p - 1) / N at the true class: what p is off by stays, while the number itself may be small. In float32
# p is off by 5e-7 at most, N is 2 at least where p is near 1.
DIFFERENCES = Tolerance(rtol=1e-9, atol=1e-10, single_rtol=4e-6, single_atol=3e-7)
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


@exercise(
    "softmax",
    tolerance=PROBABILITIES,
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
    tolerance=LOGARITHMIC,
    properties=(Property("the loss is never negative", _between(0, np.inf, "loss")),),
)
def drive_cross_entropy(cross_entropy: Any, case: Case) -> Outputs:
    """``cross_entropy(scores, targets) -> loss``."""
    return {"loss": number(cross_entropy(case["scores"], case["targets"]))}


repair("repaired_cross_entropy", of="cross_entropy")


@exercise(
    "cross_entropy_gradient",
    tolerance=DIFFERENCES,
    properties=(
        Property("every row of the gradient sums to 0", _rows_sum_to(0, "gradient")),
        Property(
            "in each row only the entry of the true class is negative: a step against the gradient then raises that "
            "score only",
            _only_the_true_class_is_raised,
        ),
    ),
)
def drive_cross_entropy_gradient(cross_entropy_gradient: Any, case: Case) -> Outputs:
    """``cross_entropy_gradient(scores, targets) -> gradient``, with the shape of ``scores``."""
    return {"gradient": cross_entropy_gradient(case["scores"], case["targets"])}


@exercise(
    "binary_cross_entropy",
    tolerance=LOGARITHMIC,
    properties=(Property("the loss is never negative", _between(0, np.inf, "loss")),),
)
def drive_binary_cross_entropy(binary_cross_entropy: Any, case: Case) -> Outputs:
    """``binary_cross_entropy(score, target) -> loss``."""
    return {"loss": number(binary_cross_entropy(case["score"], case["target"]))}


@exercise(
    "multitask_loss",
    tolerance=LOGARITHMIC,
    properties=(
        Property("the loss is never negative", _between(0, np.inf, "loss")),
        Property("every row of d_class_scores sums to 0", _rows_sum_to(0, "d_class_scores")),
        Property("d_box is 0 in the rows of background examples", _background_boxes_are_left_alone),
    ),
)
def drive_multitask_loss(multitask_loss: Any, case: Case) -> Outputs:
    """``multitask_loss(class_scores, box, class_targets, box_targets, box_weight)``: a loss and two gradients."""
    arguments = ("class_scores", "box", "class_targets", "box_targets", "box_weight")
    returned = multitask_loss(*(case[name] for name in arguments))
    found = results(returned, "loss", "d_class_scores", "d_box", of="multitask_loss")
    return {**found, "loss": number(found["loss"])}


@exercise("torch_loss", kinds=TORCH, tolerance=CAST)
def drive_torch_loss(torch_loss: Any, case: Case) -> Outputs:
    """``torch_loss(model, x, y) -> scalar tensor``, followed by ``backward()`` on it.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If what comes back is no scalar tensor that the gradient can flow back from, or if it has flowed already.
    """
    import torch

    model = case["model"]
    parameters = dict(model.named_parameters())
    if case["_mode"]:
        for parameter in parameters.values():
            parameter.grad = torch.zeros_like(parameter)
    with loss_objects_explained():
        loss = torch_loss(model, torch.as_tensor(case["x"]), torch.as_tensor(case["y"]))
    mode = _condition(model) if case["_mode"] else {}
    backward(loss, list(parameters.values()), of="torch_loss")
    return {"loss": number(loss), "gradients": gradients(parameters), **mode}


def _condition(model: Any) -> Outputs:
    """What a loss leaves as it was, gradients of 0 among it, and the buffers, which tell each call of the model."""
    parameters = list(model.parameters())
    before = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        if parameter.grad is not None and not parameter.grad.any():
            parameter.grad = None
    return {
        "model.training": model.training,
        "model.dtype": str(parameters[0].dtype),
        "model.gradients": "gone" if any(gradient is None for gradient in before) else "there",
        **{f"model.{name}": buffer for name, buffer in model.named_buffers()},
    }


def _tensor(array: Any) -> Any:
    """A tensor of its own, of floats that are as exact as the array's numbers."""
    import torch

    return torch.from_numpy(np.array(array, dtype=np.result_type(array, np.float32)))


@lends("softmax")
def _torch_softmax(scores: Any) -> np.ndarray:
    return _tensor(scores).softmax(dim=-1).numpy()


@lends("log_softmax")
def _torch_log_softmax(scores: Any) -> np.ndarray:
    return _tensor(scores).log_softmax(dim=-1).numpy()


@lends("cross_entropy")
def _torch_cross_entropy(scores: Any, targets: Any) -> float:
    import torch

    return torch.nn.functional.cross_entropy(_tensor(scores), torch.as_tensor(targets)).item()


@lends("cross_entropy_gradient")
def _torch_cross_entropy_gradient(scores: Any, targets: Any) -> np.ndarray:
    import torch

    leaf = _tensor(scores).requires_grad_()
    torch.nn.functional.cross_entropy(leaf, torch.as_tensor(targets)).backward()
    return leaf.grad.numpy()


@lends("binary_cross_entropy")
def _torch_binary_cross_entropy(score: Any, target: Any) -> float:
    import torch

    scores = _tensor(score)
    return torch.nn.functional.binary_cross_entropy_with_logits(scores, torch.as_tensor(target).to(scores)).item()


def _in_words(layers: str, state: dict[str, np.ndarray], training: bool) -> str:
    n_out, n_in = state["output.weight"].shape
    if "hidden.weight" in state:
        n_in = state["hidden.weight"].shape[1]
    sizes = f"{n_in} inputs, {n_out} classes"
    if layers == "linear, flattened":
        sizes = f"from each row of {n_in} inputs the scores of {n_out} classes"
    return f"{layers}: {sizes}, in {'training' if training else 'evaluation'} mode"


@family("classifier", words=_in_words)
def classifier(layers: str, state: dict[str, np.ndarray], training: bool) -> Any:
    """A classifier with the given state; its sizes and its precision are those of the arrays.

    ``layers`` is ``"linear"``, ``"tanh network"``, ``"linear with batch norm"`` or ``"linear, flattened"``, which takes
    several rows for each example.
    """
    import torch
    from torch import nn

    precision = torch.as_tensor(state["output.weight"]).dtype

    def linear(name: str) -> nn.Module:
        n_out, n_in = state[f"{name}.weight"].shape
        # The weights are replaced in a moment; drawing them must not move the learner's random numbers on.
        with torch.random.fork_rng(devices=[]):
            return nn.Linear(n_in, n_out, dtype=precision)

    made: dict[str, nn.Module] = {"output": linear("output")}
    if layers == "tanh network":
        made = {"hidden": linear("hidden"), "activation": nn.Tanh(), **made}
    if layers == "linear, flattened":
        made = {**made, "flatten": nn.Flatten()}
    if layers == "linear with batch norm":
        made = {"norm": nn.BatchNorm1d(len(state["norm.weight"]), dtype=precision), **made}
    model = nn.Sequential()
    for name, layer in made.items():
        model.add_module(name, layer)
    model.load_state_dict({name: torch.as_tensor(array) for name, array in state.items()}, strict=False)
    return model.train(training)
