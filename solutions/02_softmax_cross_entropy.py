# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% role="setup"
import numpy as np
from gradus import check, data, demos, plots

# %% role="given"
import torch
from torch.nn import functional

# %% solution="softmax"
def softmax(scores):
    """Turn scores into probabilities, over the last axis.

    Parameters
    ----------
    scores : array (..., C)
        Any number of leading dimensions, also none. Finite numbers of any size, ±1e4 included.

    Returns
    -------
    array (..., C)
        Positive or zero; sums to 1 over the last axis. `scores` itself is left as it was.
    """
    ### BEGIN SOLUTION
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
    ### END SOLUTION

# %% check="softmax" points=5
check(softmax)

# %% solution="log_softmax"
def log_softmax(scores):
    """Natural logarithm of the softmax over the last axis, exact where the softmax underflows to 0.

    Parameters
    ----------
    scores : array (..., C)
        Any number of leading dimensions. Finite numbers of any size, ±1e4 included.

    Returns
    -------
    array (..., C)
        Finite, never positive. For scores [0, 1000] it is [-1000, 0].
    """
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    ### END SOLUTION

# %% check="log_softmax" points=4
check(log_softmax)

# %% solution="cross_entropy"
def cross_entropy(scores, targets):
    """Mean over the batch of minus the log-probability of the true class.

    Parameters
    ----------
    scores : array (N, C)
        Raw scores, not probabilities, of any size.
    targets : integer array (N,)
        The true class of each example, 0 to C - 1.

    Returns
    -------
    float
        In nats, finite and exact even where the probability of the true class underflows.
    """
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_normaliser = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_normaliser - shifted[np.arange(len(targets)), targets]))
    ### END SOLUTION

# %% check="cross_entropy" points=5
check(cross_entropy)

# %% solution="cross_entropy_gradient"
def cross_entropy_gradient(scores, targets):
    """Gradient of the mean cross-entropy with respect to the scores.

    Parameters
    ----------
    scores : array (N, C)
    targets : integer array (N,)

    Returns
    -------
    array (N, C)
        (probabilities - one-hot targets) / N.
    """
    ### BEGIN SOLUTION
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    gradient = exponentials / exponentials.sum(axis=1, keepdims=True)
    gradient[np.arange(len(targets)), targets] -= 1
    return gradient / len(targets)
    ### END SOLUTION

# %% check="cross_entropy_gradient" points=5
check(cross_entropy_gradient)

# %% solution="binary_cross_entropy"
def binary_cross_entropy(score, target):
    """Mean cross-entropy of two classes, from one raw score per example.

    Parameters
    ----------
    score : array (N,)
        Score of class 1 (class 0 has score 0), of any size.
    target : array (N,)
        0 or 1, as integers or floats.

    Returns
    -------
    float
        Finite and exact for scores of ±1e4.
    """
    ### BEGIN SOLUTION
    return float(np.mean(np.logaddexp(0, np.where(target == 1, -score, score))))
    ### END SOLUTION

# %% check="binary_cross_entropy" points=4
check(binary_cross_entropy)

# %% solution="multitask_loss"
def multitask_loss(class_scores, box, class_targets, box_targets, box_weight):
    """Cross-entropy plus a weighted squared box error, and both gradients.

    Parameters
    ----------
    class_scores : array (N, C)
    box : array (N, D)
    class_targets : integer array (N,)
        Class 0 is the background, which has no box.
    box_targets : array (N, D)
        Rows of background examples may hold anything, NaN included.
    box_weight : float

    Returns
    -------
    loss : float
    d_class_scores : array (N, C)
    d_box : array (N, D)
        Zero in the rows of background examples.
    """
    ### BEGIN SOLUTION
    n = len(class_targets)
    shifted = class_scores - class_scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    one_hot = np.eye(class_scores.shape[1])[class_targets]
    has_box = class_targets != 0
    error = np.zeros(box.shape)
    error[has_box] = box[has_box] - box_targets[has_box]
    loss = (box_weight * np.sum(error**2) - np.sum(one_hot * log_p)) / n
    return float(loss), (np.exp(log_p) - one_hot) / n, 2 * box_weight * error / n
    ### END SOLUTION

# %% check="multitask_loss" points=4
check(multitask_loss)

# %% solution="torch_loss"
def torch_loss(model, x, y):
    """Mean cross-entropy of a PyTorch classifier on one batch.

    Parameters
    ----------
    model : torch.nn.Module
        Maps `x` to raw scores (N, C).
    x : tensor (N, ...)
    y : integer tensor (N,)

    Returns
    -------
    tensor
        A scalar through which `backward()` reaches the parameters of `model`.
    """
    ### BEGIN SOLUTION
    return functional.cross_entropy(model(x), y)
    ### END SOLUTION

# %% check="torch_loss" points=2
check(torch_loss)
