"""How the exercises on batch normalization are called. This ships to students and never says what is right."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from gradus.checking import REFUSAL, STATE, TORCH, Tolerance, exercise, repair
from gradus.exercises.kit import attempt, number, results, row
from gradus.learning.lending import lends

# Features lie up to a million deviations away from zero. Their rounding, 1e-10, is that of a normalized value; one that
# is 0 has no digits of its own. In float32, features lie within a few deviations, and a dozen roundings of 6e-8 make
# 1e-6.
NORMALIZED = Tolerance(rtol=1e-8, atol=1e-9, single_rtol=5e-6, single_atol=5e-6)
# Differences of sums of a dozen products; what remains may be small beside them.
DIFFERENCES = Tolerance(rtol=1e-8, atol=1e-11, single_rtol=5e-6, single_atol=5e-6)

Case = dict[str, Any]
Outputs = dict[str, Any]


# Centring and normalizing


@exercise("centering_backward", tolerance=DIFFERENCES)
def drive_centering_backward(centering_backward: Any, case: Case) -> Outputs:
    """``centering_backward(dout) -> gradient of the batch``."""
    return {"dx": centering_backward(case["dout"])}


@exercise("batchnorm_forward", tolerance=NORMALIZED)
def drive_batchnorm_forward(batchnorm_forward: Any, case: Case) -> Outputs:
    """``batchnorm_forward(x, gamma, beta, eps) -> (out, x_hat, std)``."""
    came = batchnorm_forward(case["x"], case["gamma"], case["beta"], case["eps"])
    found = results(came, "out", "x_hat", "std", of="batchnorm_forward")
    return {**found, "std": row(found["std"])}


@exercise("batchnorm_backward", tolerance=DIFFERENCES)
def drive_batchnorm_backward(batchnorm_backward: Any, case: Case) -> Outputs:
    """``batchnorm_backward(dout, x_hat, gamma, std) -> (dx, dgamma, dbeta)``."""
    came = batchnorm_backward(case["dout"], case["x_hat"], case["gamma"], case["std"])
    found = results(came, "dx", "dgamma", "dbeta", of="batchnorm_backward")
    return {"dx": found["dx"], "dgamma": row(found["dgamma"]), "dbeta": row(found["dbeta"])}


repair("repaired_batchnorm_backward", of="batchnorm_backward")


# Training and use

_STATISTICS = ("running_mean", "running_var")


_SET = ("gamma", "beta", *_STATISTICS)


def _settings(case: Case) -> dict[str, Any]:
    """Settings that a case gives; the others have defaults."""
    return {name: case[name] for name in ("new_weight", "eps") if name in case}


@exercise("BatchNorm", kinds=(STATE, REFUSAL), tolerance=NORMALIZED)
def drive_batch_norm(batch_norm: Any, case: Case) -> Iterator[Outputs]:
    """``BatchNorm(features, new_weight, eps)``, then ``forward(x, training)`` several times.

    A case may set factor, shift and running statistics first. It says what is looked at: the result, or statistics.
    """
    made = batch_norm(case["features"], **_settings(case))
    for name in (name for name in _SET if name in case):
        # In the shape that the answer has chosen, (D,) or (1, D).
        own = np.shape(getattr(made, name))
        setattr(made, name, case[name].reshape(own) if np.prod(own) == case[name].size else case[name].copy())
    if not case["steps"]:
        yield from ({name: row(np.array(getattr(made, name)))} for name in _SET)
    for step in case["steps"]:
        out = attempt(partial(made.forward, step["x"], step["training"]))
        seen = {"out": out, **{name: row(np.array(getattr(made, name))) for name in _STATISTICS}}
        yield {name: seen[name] for name in case["_shows"]}


@exercise("fold_batchnorm", tolerance=NORMALIZED)
def drive_fold_batchnorm(fold_batchnorm: Any, case: Case) -> Outputs:
    """``fold_batchnorm(W, b, gamma, beta, mean, var, eps) -> (W_new, b_new)``."""
    came = fold_batchnorm(*(case[name] for name in ("W", "b", "gamma", "beta", "mean", "var", "eps")))
    found = results(came, "W_new", "b_new", of="fold_batchnorm")
    return {"W_new": found["W_new"], "b_new": row(found["b_new"])}


@exercise("batch_statistics_noise")
def drive_batch_statistics_noise(batch_statistics_noise: Any, case: Case) -> Outputs:
    """``batch_statistics_noise(population_variance, batch_size) -> variance``."""
    return {"variance": number(batch_statistics_noise(case["population_variance"], case["batch_size"]))}


# In PyTorch


@exercise("TorchBatchNorm", kinds=(TORCH, STATE, REFUSAL), tolerance=DIFFERENCES)
def drive_torch_batch_norm(torch_batch_norm: Any, case: Case) -> Iterator[Outputs]:
    """``TorchBatchNorm(features, new_weight, eps)``, then forwards and backwards several times in either mode.

    A case says what is looked at. Without steps, it is what the module consists of.
    """
    import torch

    made = torch_batch_norm(case["features"], **_settings(case))
    if not case["steps"]:
        state, trained = made.state_dict(), dict(made.named_parameters())
        yield from ({"saved": name in state, "trained": name in trained, "value": getattr(made, name)} for name in _SET)
        yield {"saved in all": len(state), "trained in all": len(trained)}
    for name in (name for name in _SET if name in case):
        with torch.no_grad():
            getattr(made, name).copy_(torch.tensor(case[name]))
    if case["steps"] and case["steps"][0]["x"].dtype == np.float64:
        made = made.double()
    for step in case["steps"]:
        made.train(step["training"])
        made.zero_grad()
        x = torch.tensor(step["x"], requires_grad=True)
        out = attempt(partial(made, x))
        seen = {"out": out.detach() if isinstance(out, torch.Tensor) else out}
        if "upstream" in step and isinstance(out, torch.Tensor) and out.requires_grad:
            out.backward(torch.tensor(step["upstream"]))
        for name, leaf in (("dx", x), ("dgamma", made.gamma), ("dbeta", made.beta)):
            seen[name] = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone()
        seen |= {name: getattr(made, name).detach().clone() for name in _STATISTICS}
        seen["graph kept"] = any(getattr(made, name).requires_grad for name in _STATISTICS)
        yield {name: seen[name] for name in case["_shows"]}


@lends("batchnorm_forward")
def _torch_batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import torch

    native: Any = torch.native_batch_norm

    def normalized(*factors: Any) -> Any:
        return native(torch.from_numpy(x), *factors, None, None, True, 0.0, eps)

    out, _, reciprocal = normalized(torch.from_numpy(gamma), torch.from_numpy(beta))
    return out.numpy(), normalized(None, None)[0].numpy(), reciprocal.reciprocal().numpy()
