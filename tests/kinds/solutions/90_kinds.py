# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 90 · Kinds
#
# ## Tiny {#tiny}

# %% role="setup"
import numpy as np
import torch

# %% solution="center"
def center(x):
    """The centred numbers and their mean."""
    ### BEGIN SOLUTION
    return x - x.mean(), x.mean()
    ### END SOLUTION

# %% check="center" points=2
check(center)

# %% solution="repaired_center"
def repaired_center(x):
    """The centred numbers and their mean, with a bug or two."""
    ### BEGIN SOLUTION
    total = sum(float(number) for number in x)
    return [number - total / len(x) for number in x], total / len(x)
    ### END SOLUTION

# %% broken="repaired_center"
def repaired_center(x):
    """The centred numbers and their mean, with a bug or two."""
    total = sum(float(number) for number in x)
    return [number - total for number in x], total

# %% check="repaired_center" points=2
check(repaired_center)

# %% tags=["figure"]
# Figure: nothing at all.
print("a figure")

# %% solution="Descent"
class Descent:
    def __init__(self, lr, memory):
        ### BEGIN SOLUTION
        self.lr, self.memory = lr, memory
        self.v = {}
        ### END SOLUTION

    def step(self, params, grads):
        ### BEGIN SOLUTION
        for name, g in grads.items():
            v = self.v.get(name, np.zeros_like(g))
            self.v[name] = self.memory * v + g
            params[name] = params[name] - self.lr * self.v[name]
        return params
        ### END SOLUTION

# %% check="Descent" points=2
check(Descent)

# %% solution="coins"
def coins(shape, keep, rng):
    """A mask of independent flags."""
    ### BEGIN SOLUTION
    return rng.random(shape) < keep
    ### END SOLUTION

# %% check="coins" points=2
check(coins)

# %% solution="root"
def root(x):
    """The square root."""
    ### BEGIN SOLUTION
    if x < 0:
        raise ValueError(f"{x} has no root")
    return abs(x) ** 0.5
    ### END SOLUTION

# %% check="root" points=2
check(root)

# %% solution="slope"
def slope(f, x, h):
    """The central difference."""
    ### BEGIN SOLUTION
    return (f(x + h) - f(x - h)) / (2 * h)
    ### END SOLUTION

# %% check="slope" points=2
check(slope)

# %% solution="by_pieces"
def by_pieces(f, x, most):
    """The mean over all rows."""
    ### BEGIN SOLUTION
    total = 0.0
    for start in range(0, len(x), most):
        piece = x[start : start + most]
        total += len(piece) * f(piece)
    return total / len(x)
    ### END SOLUTION

# %% check="by_pieces" points=2
check(by_pieces)

# %% solution="weight_norm"
def weight_norm(layer):
    """The norm of the weights."""
    ### BEGIN SOLUTION
    return layer.weight.norm()
    ### END SOLUTION

# %% check="weight_norm" points=2
check(weight_norm)

# %% solution="Meter"
class Meter:
    def __init__(self):
        ### BEGIN SOLUTION
        self.total, self.count = 0.0, 0
        ### END SOLUTION

    def add(self, x):
        ### BEGIN SOLUTION
        if len(x) == 0:
            raise ValueError("an empty batch has no mean")
        self.total = self.total + x.sum()
        self.count += len(x)
        return self.total / self.count
        ### END SOLUTION

# %% check="Meter" points=2
check(Meter)

# %% solution="average"
def average(f, x, rng, samples):
    """The mean of several draws."""
    ### BEGIN SOLUTION
    return np.mean([f(x, rng) for _ in range(samples)], axis=0)
    ### END SOLUTION

# %% check="average" points=2
check(average)
