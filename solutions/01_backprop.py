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
#   gradus:
#     minutes: 90
#     builds_on: [00_orientation]
# ---

# %% [markdown]
# # 01 · Backpropagation

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, data, demos, lend, number, outcome, plots, predict

# %% [markdown]
# ## Why this matters {#why}
#
# ## Derivatives {#derivative}
#
# ## Numerical gradients {#numerical}
#
# ### Exercise 1: numerical_gradient {#exercise-numerical-gradient}
#
# *Core* · 6 minutes · 5 points.

# %% solution="numerical_gradient"
def numerical_gradient(f, x, h=1e-5):
    """Gradient of `f` at `x`, by central differences of step `h`, one entry of `x` at a time.

    Parameters
    ----------
    f : function
        Takes a float64 array of the shape of `x` and returns a float. It never changes its argument.
    x : array
        Where to compute the gradient: any shape, also `()`, which is one number, and also integers or float32.
    h : float
        How far each entry is moved, up and down.

    Returns
    -------
    array
        Float64, of the shape of `x`: entry i is (f(x + h e_i) - f(x - h e_i)) / 2h, where e_i is 1 at entry i and 0
        elsewhere. The differences are taken in float64, whatever the type of `x`. Afterwards `x` is as it was.
    """
    ### BEGIN SOLUTION
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[i] = h
        gradient[i] = (f(x + moved) - f(x - moved)) / (2 * h)
    return gradient
    ### END SOLUTION

# %% check="numerical_gradient" points=5
check(numerical_gradient)

# %% [markdown]
# ## The chain rule {#chain}
#
# ## A linear layer {#linear}
#
# ### Exercise 2: linear_backward {#exercise-linear-backward}
#
# *Core* · 6 minutes · 6 points.

# %% solution="linear_backward"
def linear_backward(dz, x, W):
    """Gradients of a linear layer `z = x @ W + b`, from the gradient that arrives at its output.

    Parameters
    ----------
    dz : array (N, D_out)
        Gradient of the loss with respect to `z`.
    x : array (N, D_in)
        The layer's input.
    W : array (D_in, D_out)
        Its weights.

    Returns
    -------
    dx : array (N, D_in)
    dW : array (D_in, D_out)
    db : array (D_out,)
        Gradients of the same loss with respect to `x`, `W` and `b`. Where the loss is a mean over the batch, `dz`
        holds the factor 1/N already.
    """
    ### BEGIN SOLUTION
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)
    ### END SOLUTION

# %% check="linear_backward" points=6
check(linear_backward)

# %% [markdown]
# ## Activations {#activations}
#
# ### Exercise 3: relu_backward {#exercise-relu-backward}
#
# *Core* · 2 minutes · 2 points.

# %% solution="relu_backward"
def relu_backward(da, z):
    """Gradient of a ReLU, `a = np.maximum(z, 0)`.

    Parameters
    ----------
    da : array
        Gradient of the loss with respect to `a`, of any shape.
    z : array
        What went into the ReLU, of the same shape. No entry is exactly 0 when your answer is checked.

    Returns
    -------
    array
        `dz`, the gradient with respect to `z`, of the same shape. `da` and `z` stay as they are.
    """
    ### BEGIN SOLUTION
    return da * (z > 0)
    ### END SOLUTION

# %% check="relu_backward" points=2
check(relu_backward)

# %% [markdown]
# ### Exercise 4: tanh_backward {#exercise-tanh-backward}
#
# *Core* · 2 minutes · 2 points.

# %% solution="tanh_backward"
def tanh_backward(da, a):
    """Gradient of `a = np.tanh(z)`, from the activation `a`: the derivative of tanh is 1 - tanh².

    Parameters
    ----------
    da : array
        Gradient of the loss with respect to `a`, of any shape.
    a : array
        The *activation*, that is, tanh(z) and not z, of the same shape.

    Returns
    -------
    array
        `dz`, the gradient with respect to `z`, of the same shape.
    """
    ### BEGIN SOLUTION
    return da * (1 - a**2)
    ### END SOLUTION

# %% check="tanh_backward" points=2
check(tanh_backward)

# %% [markdown]
# ## A whole network {#mlp}
#
# ### Exercise 5: mlp_gradients {#exercise-mlp-gradients}
#
# *Core* · 9 minutes · 7 points.

# %% solution="mlp_gradients"
def mlp_gradients(params, x, y):
    """Loss of a network with one hidden tanh layer on one batch, and its gradient for every parameter.

    The network computes `tanh(x @ W1 + b1) @ W2 + b2`. The loss of an example is half the sum of the squared
    differences from its target; the loss of the batch is the mean of these.

    Parameters
    ----------
    params : dict of array
        "W1" (D_in, D_hidden), "b1" (D_hidden,), "W2" (D_hidden, D_out), "b2" (D_out,). It stays as it is.
    x : array (N, D_in)
        Inputs.
    y : array (N, D_out)
        Targets.

    Returns
    -------
    loss : float
    grads : dict of array
        The gradient of the loss under the key of each parameter, with its shape.
    """
    ### BEGIN SOLUTION
    a = np.tanh(x @ params["W1"] + params["b1"])
    error = a @ params["W2"] + params["b2"] - y
    loss = float(np.mean(np.sum(error**2, axis=1) / 2))
    d_output = error / len(x)
    dz = (d_output @ params["W2"].T) * (1 - a**2)
    grads = {"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": a.T @ d_output, "b2": d_output.sum(axis=0)}
    return loss, grads
    ### END SOLUTION

# %% check="mlp_gradients" points=7
check(mlp_gradients)

# %% [markdown]
# ## Repair {#repair}
#
# ### Exercise 6: repaired_mlp_gradients {#exercise-repaired-mlp-gradients}
#
# *Going further* · 5 minutes · 2 points.

# %% solution="repaired_mlp_gradients"
def repaired_mlp_gradients(params, x, y):
    """The same as `mlp_gradients`, one example after the other."""
    ### BEGIN SOLUTION
    loss, grads = 0.0, {name: np.zeros_like(value) for name, value in params.items()}
    for input, target in zip(x, y):
        z = input @ params["W1"] + params["b1"]
        hidden = np.tanh(z)
        error = hidden @ params["W2"] + params["b2"] - target
        loss += 0.5 * error @ error / len(x)
        d_z = (params["W2"] @ error) * (1 - hidden**2) / len(x)
        grads["W2"] += np.outer(hidden, error) / len(x)
        grads["b2"] += error / len(x)
        grads["W1"] += np.outer(input, d_z)
        grads["b1"] += d_z
    return loss, grads
    ### END SOLUTION

# %% broken="repaired_mlp_gradients"
def repaired_mlp_gradients(params, x, y):
    """The same as `mlp_gradients`, one example after the other."""
    loss, grads = 0.0, {name: np.zeros_like(value) for name, value in params.items()}
    for input, target in zip(x, y):
        z = input @ params["W1"] + params["b1"]
        hidden = np.tanh(z)
        error = hidden @ params["W2"] + params["b2"] - target
        loss += 0.5 * error @ error / len(x)
        d_z = (params["W2"] @ error) * (1 - z**2)
        grads["W2"] += np.outer(hidden, error)
        grads["b2"] = error
        grads["W1"] += np.outer(input, d_z)
        grads["b1"] += d_z
    return loss, grads

# %% check="repaired_mlp_gradients" points=2
check(repaired_mlp_gradients)

# %% [markdown]
# ## A batch {#batch}
#
# ## The computation graph {#graph}
#
# ## Your own autograd {#autograd}
#
# ### Exercise 7: add {#exercise-add}
#
# *Going further* · 5 minutes · 2 points.

# %% role="given"
from gradus.graph import Node


def unbroadcast(grad, shape):
    """Sum a gradient over the axes along which an operand of this shape was repeated by broadcasting."""
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return grad.sum(axis=repeated, keepdims=True)

# %% solution="add"
def add(a, b):
    """Sum of two nodes, with the broadcasting of NumPy.

    Parameters
    ----------
    a, b : Node
        Of shapes that broadcast together; they may be the same node.

    Returns
    -------
    Node
        Its value is the sum, its parents are `a` and `b`. Its `backward()` adds to `a.grad` and to `b.grad` what
        arrives there, in the shapes of `a` and `b`.
    """
    ### BEGIN SOLUTION
    out = Node(a.value + b.value, (a, b))

    def backward():
        a.grad = a.grad + unbroadcast(out.grad, a.value.shape)
        b.grad = b.grad + unbroadcast(out.grad, b.value.shape)

    out.backward = backward
    return out
    ### END SOLUTION

# %% check="add" points=2
check(add)

# %% [markdown]
# ### Exercise 8: multiply {#exercise-multiply}
#
# *Going further* · 4 minutes · 2 points.

# %% solution="multiply"
def multiply(a, b):
    """Product of two nodes, entry by entry, with the broadcasting of NumPy.

    Parameters
    ----------
    a, b : Node
        Of shapes that broadcast together; they may be the same node.

    Returns
    -------
    Node
        Its value is the product, its parents are `a` and `b`. Its `backward()` adds to `a.grad` and to `b.grad` what
        arrives there, in the shapes of `a` and `b`.
    """
    ### BEGIN SOLUTION
    out = Node(a.value * b.value, (a, b))

    def backward():
        a.grad = a.grad + unbroadcast(out.grad * b.value, a.value.shape)
        b.grad = b.grad + unbroadcast(out.grad * a.value, b.value.shape)

    out.backward = backward
    return out
    ### END SOLUTION

# %% check="multiply" points=2
check(multiply)

# %% [markdown]
# ### Exercise 9: matmul {#exercise-matmul}
#
# *Going further* · 4 minutes · 1 point.

# %% solution="matmul"
def matmul(a, b):
    """Matrix product of two nodes.

    Parameters
    ----------
    a : Node
        Of shape (N, K).
    b : Node
        Of shape (K, M). It may be the same node as `a`.

    Returns
    -------
    Node
        Its value is `a.value @ b.value`, its parents are `a` and `b`. Its `backward()` adds to `a.grad` and to
        `b.grad` what arrives there.
    """
    ### BEGIN SOLUTION
    out = Node(a.value @ b.value, (a, b))

    def backward():
        a.grad = a.grad + out.grad @ b.value.T
        b.grad = b.grad + a.value.T @ out.grad

    out.backward = backward
    return out
    ### END SOLUTION

# %% check="matmul" points=1
check(matmul)

# %% [markdown]
# ### Exercise 10: relu {#exercise-relu}
#
# *Going further* · 2 minutes · 1 point.

# %% solution="relu"
def relu(a):
    """The larger of each entry of a node and 0.

    Parameters
    ----------
    a : Node
        Of any shape. No entry is exactly 0 when your answer is checked.

    Returns
    -------
    Node
        Its parent is `a`. Its `backward()` adds to `a.grad` what arrives there.
    """
    ### BEGIN SOLUTION
    out = Node(np.maximum(a.value, 0), (a,))

    def backward():
        a.grad = a.grad + out.grad * (a.value > 0)

    out.backward = backward
    return out
    ### END SOLUTION

# %% check="relu" points=1
check(relu)

# %% [markdown]
# ### Exercise 11: backward {#exercise-backward}
#
# *Going further* · 10 minutes · 4 points.

# %% solution="backward"
def backward(loss):
    """Carry the gradient of a loss back to every leaf that it was computed from.

    Every node's own `backward()` runs once, and only after all nodes that were computed from it have run theirs. The
    gradient of `loss` is 1. Nodes with parents start at a gradient of 0 in every call; leaves keep what they hold, so
    that a second call adds to it, as in PyTorch.

    Parameters
    ----------
    loss : Node
        Of shape `()`, computed from other nodes in any way: a node may be used several times.

    Returns
    -------
    None
        The gradients are in the leaves: `leaf.grad`.
    """
    ### BEGIN SOLUTION
    order, seen, stack = [], set(), [(loss, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack += [(node, True), *((parent, False) for parent in node.parents)]
    for node in order:
        if node.parents:
            node.grad = np.zeros_like(node.value)
    loss.grad = np.ones_like(loss.value)
    for node in reversed(order):
        node.backward()
    ### END SOLUTION

# %% check="backward" points=4
check(backward)

# %% [markdown]
# ## Depth {#depth}
#
# ## In PyTorch {#pytorch}
#
# ### Exercise 12: torch_gradients {#exercise-torch-gradients}
#
# *Core* · 5 minutes · 3 points.

# %% role="given"
import torch

# %% solution="torch_gradients"
def torch_gradients(params, x, y):
    """The same as `mlp_gradients`, but PyTorch's autograd computes the gradients.

    Parameters
    ----------
    params : dict of array
        "W1" (D_in, D_hidden), "b1" (D_hidden,), "W2" (D_hidden, D_out), "b2" (D_out,): NumPy arrays.
    x : array (N, D_in)
        Inputs.
    y : array (N, D_out)
        Targets.

    Returns
    -------
    loss : float
    grads : dict of array
        NumPy arrays under the keys of `params`. The work is done on the GPU where there is one.
    """
    ### BEGIN SOLUTION
    device = "cuda" if torch.cuda.is_available() else "cpu"
    leaves = {name: torch.tensor(value, device=device, requires_grad=True) for name, value in params.items()}
    x, y = torch.tensor(x, device=device), torch.tensor(y, device=device)
    hidden = torch.tanh(x @ leaves["W1"] + leaves["b1"])
    error = hidden @ leaves["W2"] + leaves["b2"] - y
    loss = (error**2).sum(dim=1).mean() / 2
    loss.backward()
    return loss.item(), {name: leaf.grad.cpu().numpy() for name, leaf in leaves.items()}
    ### END SOLUTION

# %% check="torch_gradients" points=3
check(torch_gradients)

# %% [markdown]
# ## Reading digits {#digits}
#
# ## Questions {#questions}
#
# ## Summary {#summary}
