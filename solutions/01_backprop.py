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
#
# A **loss** is one number that says how bad a network's outputs are. To train the network, you need to know how the loss
# changes when each parameter changes a little. There may be thousands of parameters, or billions. **Backpropagation**
# finds all these numbers at once. What that costs, you will guess first and then measure. In this notebook you write it
# yourself, piece by piece, and train a network with it that reads handwritten digits.
#
# **After this notebook you can**
#
# - say what a derivative promises about a small step, and measure it with two evaluations of a function;
# - carry a gradient backwards through a linear layer, an activation and a whole network;
# - find a wrong gradient with a test that needs no reference;
# - explain why the gradient is computed from the loss backwards, and what that costs in time and in memory;
# - read a computation graph, and say what PyTorch's `backward()` does with it.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters | | 7 | |
# | Derivatives | | 4 | |
# | Numerical gradients | `numerical_gradient` | 9 | 5 |
# | The chain rule, backwards | | 3 | |
# | A linear layer | `linear_backward` | 9 | 6 |
# | Activations | `relu_backward`, `tanh_backward` | 6 | 4 |
# | A whole network | `mlp_gradients` | 13 | 7 |
# | Repair (*going further*) | `repaired_mlp_gradients` | 5 | 2 |
# | A whole batch at once | | 2 | |
# | The computation graph | | 4 | |
# | Your own autograd (*going further*) | `add`, `multiply`, `matmul`, `relu`, `backward` | 30 | 10 |
# | Depth | | 5 | |
# | In PyTorch | `torch_gradients` | 8 | 3 |
# | Reading digits | | 2 | |
# | Questions · Summary | three short texts | 18 | 10 |
#
# The core takes about 90 minutes and earns 35 points, *going further* another 35 minutes and 12 points. The 90 minutes
# are for readers who have met gradients of vectors before; if all of this is new to you, plan two hours. The exercises
# are checked one by one: you can skip one and come back. Where the text says **Predict**, answer before you run the next
# cell.
#
# **Conventions.** A batch of $N$ examples comes first: `x` has shape `(N, D_in)`. A layer computes `z = x @ W + b`. For
# any array `z`, `dz` is the gradient of the loss with respect to `z`: it has the same shape as `z`, and each entry says
# how fast the loss changes with that entry.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, data, demos, lend, number, outcome, plots, predict

# %% role="given"
import timeit

import torch

torch.set_num_threads(1)  # for arrays as small as these, sharing the work takes longer than the work

# %% [markdown]
# ## Warm-up {#warm-up}
#
# Three questions on notebook 00. To recall something is better practice than to read it again.

# %%
predict(
    "warm_up_01",
    choice("x is (5, 3), W is (3, 2), b is (2,): the shape of x @ W + b", "(5, 2)", "(2, 5)", "(5, 3)", "an error"),
    choice("u is (4, 1), v is (4,): the shape of u - v", "(4, 1)", "(4,)", "(4, 4)", "an error"),
    choice("a column of x holds one number, five times: standardize makes it", "nan", "all 0", "all 1"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_01", "(5, 2)", "(4, 4)", "all 0",
    because="`b` is added to each of the 5 rows. `v` counts as (1, 4), so `u - v` holds every difference. "
    "A constant column is only centred: there is no deviation to divide by.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# The next cell makes a small network: 64 inputs (the pixels of a digit), 32 numbers in between, one for each **hidden
# unit** (also called *neuron*), and 10 outputs. The **targets** are the right outputs; the loss says how far the outputs
# are from them, on 100 images. The network has 2,410 parameters.
#
# To improve it, you need the **gradient**: for each parameter, how fast the loss changes when only that parameter
# changes. Here are two ways to get it.
#
# 1. *One parameter after the other.* Move it a little up and compute the loss; move it a little down and compute the
#    loss again. The difference, divided by the distance, is the answer for this parameter.
# 2. *All at once.* With PyTorch, you compute the loss once and call `backward()`. Its **autograd** (automatic
#    differentiation) does the rest.
#
# Both give the same gradient. How long do they take? The unit of time is one computation of the loss.
#
# **Predict.** The first way computes the loss 4,820 times. The second way takes as long as how many computations of the
# loss?

# %%
predict(
    "autograd_cost",
    choice("autograd takes", "less than 50 times as long", "50 to 1,000 times as long", "more than 1,000 times as long"),
)

# %%
def network_loss(params, x, y):
    """Half the squared distance between output and target, averaged over the batch."""
    output = np.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]
    return np.mean(np.sum((output - y) ** 2, axis=1) / 2)


def new_network(rng, n_in=64, n_hidden=32, n_out=10):
    return {
        "W1": rng.normal(size=(n_in, n_hidden)) / np.sqrt(n_in), "b1": np.zeros(n_hidden),
        "W2": rng.normal(size=(n_hidden, n_out)) / np.sqrt(n_hidden), "b2": np.zeros(n_out),
    }


digits = data.digits()
x, y = digits.train.x[:100], np.eye(10)[digits.train.y[:100]]  # the target of a 3 is 1 at place 3 and 0 elsewhere
params = new_network(np.random.default_rng(0))
print("parameters:", sum(p.size for p in params.values()), "  loss:", network_loss(params, x, y).round(3))

# %%
def one_after_the_other(h=1e-4):
    grads = {}
    for name, values in params.items():
        slopes = []
        for i in np.ndindex(values.shape):
            old = values[i]
            values[i] = old + h
            up = network_loss(params, x, y)
            values[i] = old - h
            slopes.append((up - network_loss(params, x, y)) / (2 * h))
            values[i] = old
        grads[name] = np.reshape(slopes, values.shape)
    return grads


def by_autograd():
    leaves = {name: torch.tensor(values, requires_grad=True) for name, values in params.items()}
    output = torch.tanh(torch.tensor(x) @ leaves["W1"] + leaves["b1"]) @ leaves["W2"] + leaves["b2"]
    (((output - torch.tensor(y)) ** 2).sum(dim=1) / 2).mean().backward()
    return {name: leaf.grad.numpy() for name, leaf in leaves.items()}

# %%
apart = max(np.abs(one_after_the_other()[name] - grad).max() for name, grad in by_autograd().items())
print(f"the largest difference between the two gradients: {apart:.0e}")
unit = min(timeit.repeat(lambda: network_loss(params, x, y), number=20, repeat=10)) / 20
autograd_units = min(timeit.repeat(by_autograd, number=5, repeat=20)) / 5 / unit
slow_units = min(timeit.repeat(one_after_the_other, number=1, repeat=3)) / unit
print(f"one after the other: about {slow_units:.0f} times as long as the loss;   autograd: {autograd_units:.0f} times")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("autograd_cost", f"{'less than 50' if autograd_units < 50 else '50 to 1,000'} times as long")

# %% [markdown]
# The exact ratios depend on your machine. (The first one is more than 4,820, since the loop takes time, too.) What does
# not depend on it: the first way costs two losses *per parameter*, the second way costs a few losses *in all*, however
# many parameters there are. (For a network as small as this one, most of that time is PyTorch's bookkeeping.) With a
# million parameters, one gradient by the first way costs two million losses, and training needs thousands of gradients.
#
# How can one call of `backward()` find 2,410 numbers? This notebook builds the answer. We begin with a single number.

# %% [markdown]
# ## Derivatives {#derivative}
#
# A function of one number has a derivative $f'(a)$ at $a$ if a straight line describes it well nearby:
#
# $$f(a + h) = f(a) + f'(a)\,h + \text{error}, \qquad \frac{\text{error}}{h} \to 0 \text{ as } h \to 0.$$
#
# The line $f(a) + f'(a)\,h$ is the **tangent**. It is the *best linear approximation*: for any other slope, the error is about proportional to $h$ itself when $h$ is small. For $f(x) = x^2 + 2$ you can see the error in full:
#
# $$(a + h)^2 + 2 = \underbrace{a^2 + 2 + 2a\,h}_{\text{tangent}} + \underbrace{h^2}_{\text{error}}.$$
#
# **Play.** Choose a place $a$ and a step $h$. Halve $h$: by which factor does the error of the tangent fall? Do this for
# each function. Find a place where the factor is different.

# %% tags=["demo"]
demos.tangent()

# %% [markdown]
# <details><summary>Answer</summary>
#
# - $x^2 + 2$: the error is exactly $h^2$ at every place. Halve $h$ and it falls by a factor of 4.
# - $\sin x$: for small $h$ the error is about $\frac12 |f''(a)|\,h^2$, so the factor is 4 again. At $a = 0$ (and near
#   $\pm\pi$, until $h$ is very small) $f''$ is 0 and the next term counts: the error falls with $h^3$, by a factor of 8.
# - $|x|$: away from 0 there is no error, until the step crosses the kink. At $a = 0$ there is no tangent: whatever slope you
#   choose, on one side at least the error is proportional to $h$, and falls only by a factor of 2.
#
# </details>
#
# For a function of many numbers, $f(\mathbf x)$ with $\mathbf x \in \mathbb R^D$, move one entry at a time and keep the
# others: the **partial derivative** $\partial f / \partial x_i$ is the slope in direction $i$. The **gradient**
# $\nabla f$ is the vector of all $D$ partial derivatives, and the best linear approximation becomes
#
# $$f(\mathbf x + \mathbf h) \approx f(\mathbf x) + \sum_i \frac{\partial f}{\partial x_i}\,h_i
# = f(\mathbf x) + \nabla f \cdot \mathbf h.$$
#
# Everything that follows rests on this line. For small steps, a network *is* linear: the change of the loss is a weighted
# sum of the changes of the parameters, and the weights of this sum are the gradient. A step $\mathbf h = -\eta\,\nabla f$
# with a small $\eta > 0$ changes $f$ by about $-\eta\,\|\nabla f\|^2$, so it goes down. This is gradient descent, and
# $\eta$ is the **learning rate**.

# %% [markdown]
# ## Numerical gradients {#numerical}
#
# You can measure a derivative without any calculus. Two ways:
#
# $$\frac{f(x + h) - f(x)}{h} \quad\text{(forward difference)}, \qquad
# \frac{f(x + h) - f(x - h)}{2h} \quad\text{(central difference)}.$$
#
# Which one is better? Use more terms of the Taylor expansion, $f(x \pm h) = f(x) \pm f'(x)\,h + \frac12 f''(x)\,h^2 \pm
# \frac16 f'''(x)\,h^3 + \dots$ The forward difference is off by about $\frac12 f''(x)\,h$. In the central difference,
# the terms with $h^2$ cancel: it is off by about $\frac16 f'''(x)\,h^2$. So a smaller $h$ is better, it seems.
#
# **Predict.** $f(x) = e^x$ at $x = 1$, with the central difference, in float64. Which of these four steps gives the
# smallest error?

# %%
predict("best_step", choice("the best step is", "h = 1/100", "h = 1/100,000", "h = 10⁻¹⁰", "h = 10⁻¹⁴"))

# %% tags=["figure"]
# Figure: the error of both differences against the step.
steps = 10.0 ** np.arange(-15, 0.01, 0.25)
forward = np.abs((np.exp(1 + steps) - np.exp(1)) / steps / np.e - 1)
central = np.abs((np.exp(1 + steps) - np.exp(1 - steps)) / (2 * steps) / np.e - 1)
figure, ax = plots.axes("How wrong a difference is", "step h", "relative error")
ax.loglog(steps, forward, ".-", color=plots.ORANGE, label="forward difference")
ax.loglog(steps, central, ".-", color=plots.BLUE, label="central difference")
ax.legend()
words = [f"{name}: from {e[0]:.0e} at the smallest step down to {e.min():.0e} at {steps[e.argmin()]:.0e} and up to {e[-1]:.0e}"
         for name, e in (("forward", forward), ("central", central))]
plots.describe(figure, f"Relative error against the step, on two logarithmic axes. {'; '.join(words)}.")

# %% tags=["outcome"]
# What you predicted, and what happened.
tried = {"h = 1/100": 1e-2, "h = 1/100,000": 1e-5, "h = 10⁻¹⁰": 1e-10, "h = 10⁻¹⁴": 1e-14}
errors = {words: abs((np.exp(1 + h) - np.exp(1 - h)) / (2 * h) / np.e - 1) for words, h in tried.items()}
outcome("best_step", min(errors, key=errors.get))

# %% [markdown]
# On the right, the errors fall as predicted: the central difference falls by a factor of 100 when $h$ falls by a factor
# of 10. On the left, they rise again, and look random. There, $f(x + h)$ and $f(x - h)$ agree in almost all digits, and
# the subtraction leaves only what rounding did to the last ones: about $10^{-16}$, divided by $h$. The best step is in
# between. For the central difference it is near $10^{-5}$, with an error near $10^{-11}$.
#
# For a function of an array, do this for each entry. What you write now is your measuring instrument for the rest of the
# course: every gradient that you derive can be checked with it.
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

# %% [markdown] hint="numerical_gradient"
# For an array of three numbers, which six arrays does `f` have to be called with? Write them down for `x = [5, 6, 7]`
# and `h = 0.1`.

# %% [markdown] hint="numerical_gradient"
# `np.ndindex(x.shape)` goes through the indices of an array of any shape, `()` included. What happens to a step of
# 0.00001 if you write it into an array of integers?

# %% [markdown] hint="numerical_gradient"
# Start with a float64 *copy* of `x` and an array of zeros for the answer. For each index: move this entry of the copy
# up, call `f`; move it down, call `f`; put it back. The answer at this index is ...

# %% check="numerical_gradient" points=5
check(numerical_gradient)

# %% [markdown]
# **What goes wrong**
#
# - *Absolute differences.* Is a difference of $10^{-6}$ between two gradients much? Not for entries around 1000, and
#   very much for entries around $10^{-6}$. Compare relative to the size of the numbers, as the next cell does. About
#   $10^{-7}$ or less is fine for a central difference in float64. $10^{-2}$ is a bug.
# - *float32.* It carries about 7 digits. With $h = 10^{-5}$ only about two of them survive the subtraction.
# - *Kinks.* $|x|$ has no derivative at 0. A step across a kink measures a mixture of both sides.

# %% role="given"
def relative_difference(one, other):
    """The largest difference between two arrays, relative to the largest number in them."""
    return np.abs(one - other).max() / max(np.abs(one).max(), np.abs(other).max(), 1e-300)

# %% [markdown]
# ## The chain rule, backwards {#chain}
#
# A network is a chain of simple functions. How do the derivatives of the links make the derivative of the chain?
#
# *Numbers.* If $z = f(x)$ and $u = g(z)$, a small step $h$ in $x$ moves $z$ by $f'(x)\,h$, and this moves $u$ by
# $g'(z)\,f'(x)\,h$. The slopes multiply. For $u = (2x + 1)^2$: $z = 2x + 1$ has slope 2, $u = z^2$ has slope $2z$,
# together $4z = 8x + 4$.
#
# *Vectors.* If $\mathbf z = f(\mathbf x)$ has $m$ entries and $\mathbf x$ has $n$, there is one slope for each pair: the
# **Jacobian** $J$, an $m \times n$ matrix with $J_{ji} = \partial z_j / \partial x_i$. A small step $\mathbf h$ moves
# $\mathbf z$ by $J\mathbf h$. So in a chain the Jacobians multiply, as matrices. For a chain
# $\mathbf x \to \mathbf z_1 \to \mathbf z_2 \to \mathbf z_3 \to L$ with the Jacobians $J_1, J_2, J_3$, gradients as rows:
#
# $$\frac{\partial L}{\partial \mathbf x} = \underbrace{\frac{\partial L}{\partial \mathbf z_3}}_{1 \times m}\;
# J_3\; J_2\; J_1.$$
#
# A product of matrices may be computed from either end; the result is the same. But the cost is not. The loss is *one*
# number, so the matrix on the left has only one row.
#
# **Predict.** Twenty Jacobians of $300 \times 300$, and a row of 300 in front. The product from the loss is cheaper. By
# which factor?

# %%
rng = np.random.default_rng(0)
row = rng.normal(size=300)
jacobians = [rng.normal(size=(300, 300)) / np.sqrt(300) for _ in range(20)]


def from_the_loss():
    result = row
    for jacobian in jacobians:
        result = result @ jacobian
    return result


def from_the_input():
    result = jacobians[-1]
    for jacobian in reversed(jacobians[:-1]):
        result = jacobian @ result
    return row @ result


print("largest difference:", f"{np.abs(from_the_loss() - from_the_input()).max():.0e}")
for way in (from_the_loss, from_the_input):
    print(f"{way.__name__:15} {1000 * min(timeit.repeat(way, number=1, repeat=5)):8.2f} ms")

# %% [markdown]
# From the loss: 20 products of a row with a matrix, $20 \cdot 300^2 = 1.8$ million multiplications. From the input: 19
# products of two matrices and one with the row, 513 million. That is a factor of 285. (In time the factor is usually
# smaller, since computers are better at products of matrices.)
#
# Going from the loss backwards is called **reverse mode**; backpropagation is reverse mode for networks. Going from the
# input is **forward mode**: it wins when there are few inputs and many outputs.
#
# Now the most important idea of this notebook. In reverse mode, no Jacobian is ever needed as a matrix. Each function
# only has to answer one question: *given the gradient at my output, what is the gradient at my input?* This is the
# **vector-Jacobian product**, $\mathbf g \mapsto \mathbf g J$. For most functions it is much simpler than $J$ itself. You
# now write it for the two kinds of layers that a network has.

# %% [markdown]
# ## A linear layer {#linear}
#
# The layer computes $\mathbf z = \mathbf x W + \mathbf b$ for each of $N$ examples; entry by entry
#
# $$z_{nj} = \sum_i x_{ni}\,W_{ij} + b_j.$$
#
# From the loss, `dz` arrives: how fast the loss changes with each $z_{nj}$. How fast does it change with one weight,
# $W_{ij}$? This weight acts on $z_{nj}$ for every example $n$, each time with slope $x_{ni}$. All of these changes reach
# the loss, so they add up:
#
# $$\frac{\partial L}{\partial W_{ij}} = \sum_n \frac{\partial L}{\partial z_{nj}}\,x_{ni}.$$
#
# This is the chain rule as a sum over *all paths* from $W_{ij}$ to the loss. In the same way, ask for $x_{ni}$: which
# entries of $\mathbf z$ does it act on, with which slope? And for $b_j$? Then write each of the three sums as one matrix
# product or one sum over an axis. (Other lectures often write $W\mathbf x + \mathbf b$, and PyTorch stores $W$ as
# `(D_out, D_in)`: then the same products appear transposed.)
#
# **Predict**, before you write: which products of `dz`, `x` and `W` have the shapes of `dx`, `dW` and `db`?
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

# %% [markdown] hint="linear_backward"
# With `N = 7`, `D_in = 3`, `D_out = 5`: write the shapes of `dz`, `x` and `W` beside each other. Which product of two of
# them, one perhaps transposed, has the shape of `W`?

# %% [markdown] hint="linear_backward"
# $b_j$ is added to $z_{nj}$ for every $n$, with slope 1. So over which index do you sum `dz` to get `db`?

# %% [markdown] hint="linear_backward"
# The formula for $W_{ij}$ sums over $n$: the first index of `x` and the first index of `dz`. As a matrix product that is
# `x.T @ ...`. For `dx` the sum runs over $j$, the last index of `dz` and of `W`.

# %% check="linear_backward" points=6
check(linear_backward)

# %% [markdown]
# Do not believe it because a check says so: measure. Let the loss be $\sum_{nj} g_{nj} z_{nj}$ with any fixed numbers $g$.
# Then `dz` is exactly $g$, and your `numerical_gradient` can be compared with your `linear_backward`.

# %%
rng = np.random.default_rng(1)
x_small, W, b, g = (rng.normal(size=shape) for shape in ((7, 3), (3, 5), (5,), (7, 5)))
numerical = (
    numerical_gradient(lambda x: np.sum(g * (x @ W + b)), x_small),
    numerical_gradient(lambda W: np.sum(g * (x_small @ W + b)), W),
    numerical_gradient(lambda b: np.sum(g * (x_small @ W + b)), b),
)
for name, yours, measured in zip(("dx", "dW", "db"), linear_backward(g, x_small, W), numerical):
    print(f"{name}: relative difference {relative_difference(yours, measured):.0e}")

# %% [markdown]
# **In PyTorch**, `nn.Linear` does this in its backward pass: two matrix products and a sum, about twice the work of the
# forward pass.
#
# **What goes wrong**
#
# - *A transpose is missing.* If all sizes differ, you get an error about shapes. If `N`, `D_in` and `D_out` are equal,
#   you get a wrong answer and no message. So test with sizes that are all different.
# - *`db` is not summed.* Then it has shape `(N, D_out)`. Subtracted from `b`, it makes `b` a matrix, and broadcasting
#   hides that for a while.
# - *Another factor of 1/N.* If the loss is a mean, `dz` holds the $1/N$ already.

# %% [markdown]
# ## Activations {#activations}
#
# Linear layers alone, however many, are one linear function. Between them stands an **activation**: a function of one
# number, applied to each entry. Two examples are the ReLU, $\max(z, 0)$, and the hyperbolic tangent, $\tanh z$.
#
# If each output entry depends on one input entry only, the Jacobian is diagonal. So the vector-Jacobian product is a
# product entry by entry: *the gradient that arrives, times the local slope*. For $a = \operatorname{relu}(z)$ the slope is
# 1 where $z > 0$ and 0 where $z < 0$. (At exactly 0 there is a kink. PyTorch takes the slope 0 there. It hardly ever
# matters.) For $a = \tanh z$ the slope is $1 - \tanh^2 z = 1 - a^2$: it can be computed from the activation alone, so $z$
# need not be kept.
#
# **Predict.** How large can the slope of the tanh be, and where? A gradient of 1 arrives at a tanh with $z = 5$: how much
# of it goes on to $z$?
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
        `dz`, the gradient with respect to `z`, of the same shape.
    """
    ### BEGIN SOLUTION
    return da * (z > 0)
    ### END SOLUTION

# %% [markdown] hint="relu_backward"
# Where $z$ was negative, the ReLU gave 0 whatever $z$ was exactly. How much does the loss change there if $z$ moves a
# little?

# %% [markdown] hint="relu_backward"
# The result is `da` in some places and 0 in the others. `z > 0` is an array of True and False, which count as 1 and 0 in
# a product. Make a new array; the caller still needs `da`.

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

# %% [markdown] hint="tanh_backward"
# The argument is `a`, the result of the tanh, not `z`. Which formula for the slope uses only `a`?

# %% [markdown] hint="tanh_backward"
# What arrives, times the slope, entry by entry: `da * (...)`.

# %% check="tanh_backward" points=2
check(tanh_backward)

# %% [markdown]
# The slope of the tanh is largest at 0, where it is 1. At $z = 5$ it is 0.0002: almost nothing comes through. Such a
# unit is called **saturated**.
#
# **In PyTorch:** `torch.relu` and `torch.tanh`. For the tanh, autograd keeps $a$, as you did.
#
# **What goes wrong**
#
# - *$1 - \tanh^2 a$*, the tanh applied once more, or $1 - z^2$: the activation and what goes into it are confused.
# - *`da[z <= 0] = 0`* gives the right numbers but changes the caller's array. If the same gradient also flows along
#   another path, it is now wrong there.
# - *The arriving gradient is forgotten*: the local slope alone is returned.

# %% [markdown]
# ## A whole network {#mlp}
#
# Now put the pieces together. A network with one hidden layer (a **multilayer perceptron**, MLP) on a batch:
#
# | Forward, downwards | Backward, upwards |
# |---|---|
# | `z = x @ W1 + b1` | `dW1`, `db1` (and `dx`, which nobody needs here) from `dz` |
# | `a = np.tanh(z)` | `dz` from `da` |
# | `output = a @ W2 + b2` | `da`, `dW2`, `db2` from `d_output` |
# | $L = \frac1N \sum_n \frac12 \lVert \text{output}_n - y_n \rVert^2$ | `d_output` |
#
# The forward pass computes each line from the one above, and keeps what the backward pass will need. The backward pass
# starts at the bottom: the derivative of $\frac12 e^2$ is $e$, and the mean brings $\frac1N$, so
#
# $$\frac{\partial L}{\partial\, \text{output}_{nj}} = \frac1N\,(\text{output}_{nj} - y_{nj}).$$
#
# Then it goes up, one line at a time. Each line needs only the gradient from the line below and what the forward pass
# has kept. You have written each of these steps already.
#
# ### Exercise 5: mlp_gradients {#exercise-mlp-gradients}
#
# *Core* · 9 minutes · 7 points. Write it so that it does not need your earlier answers: a few lines are enough.

# %% solution="mlp_gradients"
def mlp_gradients(params, x, y):
    """Loss of a network with one hidden tanh layer on one batch, and its gradient for every parameter.

    The network computes `tanh(x @ W1 + b1) @ W2 + b2`. The loss of an example is half the sum of the squared
    differences from its target; the loss of the batch is the mean of these.

    Parameters
    ----------
    params : dict of array
        "W1" (D_in, D_hidden), "b1" (D_hidden,), "W2" (D_hidden, D_out), "b2" (D_out,).
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

# %% [markdown] hint="mlp_gradients"
# Write the forward pass first, in the four lines of the table, and give each intermediate result a name. Does your loss
# agree with `network_loss`?

# %% [markdown] hint="mlp_gradients"
# Go through the lines from the bottom. For each: what arrives (`d_output`, then `da`, then `dz`), and what do you need to
# pass it on? The input of the second linear layer is `a`, not `x`.

# %% [markdown] hint="mlp_gradients"
# `d_output = (output - y) / len(x)`. The second layer is computed as in `linear_backward`, with `dz = d_output`, `x = a`,
# `W = W2`. Its `dx` is your `da`. Multiply by the slope of the tanh, then the first layer: `W1` gets `x.T @ ...`.

# %% check="mlp_gradients" points=7
check(mlp_gradients)

# %% [markdown]
# Measure again: all 2,410 entries, against your numerical gradient.

# %%
loss, grads = mlp_gradients(params, x, y)
for name, grad in grads.items():
    measured = numerical_gradient(lambda moved: network_loss({**params, name: moved}, x, y), params[name])
    print(f"{name}: relative difference {relative_difference(grad, measured):.0e}")

# %% [markdown]
# Such a **gradient check** also tells you *where* a bug is. A bug spoils what is computed after it, on the way from the
# loss to the input, and nothing before it. If `W2` and `b2` agree and `W1` and `b1` do not, the bug lies between them.
#
# Where should the parameters start? The simplest idea is to set all of them to zero.
#
# **Predict.** All of `W1`, `b1`, `W2` and `b2` start at zero, and you follow the gradient for 100 steps. Which of them
# change? Go through the backward pass line by line.

# %%
predict("zero_start", choice("these change", "all four", "W2 and b2", "b1 and b2", "only b2", "none"))

# %%
moved, zero_losses = {name: np.zeros_like(values) for name, values in params.items()}, []
for _ in range(100):
    loss, grads = mlp_gradients(moved, x, y)
    zero_losses.append(loss)
    moved = {name: values - 0.1 * grads[name] for name, values in moved.items()}
zeros = moved
for name, values in zeros.items():
    print(f"{name}: largest entry {np.abs(values).max():.3f}")
print(f"loss: {zero_losses[0]:.3f} at first, {zero_losses[-1]:.3f} at last")

# %% tags=["outcome"]
# What you predicted, and what happened.
changed = [name for name, values in zeros.items() if np.any(values != 0)]
outcome("zero_start", {4: "all four", 1: "only b2", 0: "none"}.get(len(changed), " and ".join(changed)))

# %% [markdown]
# `a = tanh(0) = 0`, so the gradient of `W2`, which is `a.T @ d_output`, is 0. `W2 = 0`, so `da` is 0, and nothing reaches
# `W1` and `b1`. Only `b2` learns: the network gives every image the same output, the share of each digit. And this stays
# so forever, since `a` and `W2` stay 0. Other equal values are not much better: all hidden units then get the same
# gradient, and stay copies of each other. Weights must start *different*; random numbers do that. Notebook 04 says how
# large they should be.
#
# **What goes wrong**
#
# - *The order.* `W2` is updated before `da = d_output @ W2.T` is computed: the gradient then belongs to no network at all.
#   First all gradients, then all updates.
# - *$1/N$ forgotten, or used twice.* Every entry is wrong by the same factor, $N$ or $1/N$. If a ratio of two gradients
#   is the same everywhere, look for a missing mean.
# - *The wrong thing kept.* `x` in place of `a` for `W2`, or `z` in place of `a` in the slope.

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "A whole batch at once".* This version goes through the batch one example
# after the other. It has three bugs. Find them one at a time: read, say what will go wrong, then run the check.
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

# %% [markdown] hint="repaired_mlp_gradients"
# Try a batch of one example, then a batch of two equal examples. Which gradients should be the same for both, and which
# are?

# %% [markdown] hint="repaired_mlp_gradients"
# One bug is about the slope of the tanh. One is about what happens to a gradient from one example to the next. One is
# about the mean: the loss has it, and each gradient needs it, too.

# %% check="repaired_mlp_gradients" points=2
check(repaired_mlp_gradients)

# %% [markdown]
# ## A whole batch at once {#batch}
#
# The loss is a mean over examples, so its gradient is the mean of the gradients of the examples. You can compute these
# one after the other and add them up, or all at once, with matrices that have $N$ rows.
#
# **Predict.** All 1,197 training images, one after the other or all at once. What is the difference in time, and what
# in memory?

# %%
predict(
    "all_at_once",
    choice("all at once is", "slower", "about as fast", "several times as fast"),
    choice("and it needs", "less memory", "about the same memory", "much more memory"),
)

# %%
import tracemalloc

many_x, many_y = digits.train.x, np.eye(10)[digits.train.y]


def one_by_one():
    total = {name: np.zeros_like(values) for name, values in params.items()}
    for n in range(len(many_x)):
        _, grads = mlp_gradients(params, many_x[n : n + 1], many_y[n : n + 1])
        total = {name: total[name] + grads[name] / len(many_x) for name in total}
    return total


def all_at_once():
    return mlp_gradients(params, many_x, many_y)[1]


apart = max(relative_difference(one_by_one()[name], grad) for name, grad in all_at_once().items())
print(f"relative difference of the two gradients: {apart:.0e}")
took, peak = {}, {}
for way in (one_by_one, all_at_once):
    took[way] = min(timeit.repeat(way, number=1, repeat=10))
    tracemalloc.start()
    way()
    peak[way] = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{way.__name__:12} {1000 * took[way]:7.2f} ms   {peak[way] / 1000:6.0f} kB at most")

# %% tags=["outcome"]
# What you predicted, and what happened.
ratio = took[one_by_one] / took[all_at_once]
outcome(
    "all_at_once",
    "several times as fast" if ratio > 2 else "about as fast" if ratio > 0.7 else "slower",
    "much more memory" if peak[all_at_once] > 3 * peak[one_by_one] else "about the same memory",
)

# %% [markdown]
# All at once, the work is done in a few large operations. A processor does these far faster than many small ones; for a
# GPU the difference is even larger. The price is memory: the backward pass needs `x`, `a` and the output of *every*
# example, so they are all kept. For large networks this is what limits the size of a batch. In between lies what
# everybody does: batches of some dozens to some thousands (notebook 03).

# %% [markdown]
# ## The computation graph {#graph}
#
# For the MLP, you found the order of the backward pass by hand. A library has to do it for any program. So while it
# computes values, it records how: every result is a **node** that remembers its **parents**, the operands it was computed
# from. The nodes form the **computation graph**. Each node holds
#
# - its *value*;
# - its *gradient*, which starts at 0;
# - its *parents*: none for inputs and parameters, which are called **leaves**;
# - its *backward function*, which takes the node's gradient and gives each parent its part.
#
# The backward pass sets the gradient of the loss to 1. Then it visits the nodes, each one only after all nodes that were
# computed from it, and calls their backward functions.
#
# One rule is easy to forget. A node may be used *twice*, as `x` in $y = x \cdot x + x$. Then the loss feels it along
# several paths, and the parts **add up**. You have seen this already: the weights of a layer are used once per example,
# and you summed over the batch.
#
# **Play.** Step through the graph, forwards and then backwards. At which step does `w` have its whole gradient? What
# reaches `p`, `x` and `w` if $w \cdot x$ is negative?

# %% tags=["demo"]
demos.computation_graph()

# %% [markdown]
# <details><summary>Answer</summary>
#
# `w` is used twice: in `p`, and in `q`. At step 10 it holds 6, which came by way of `q`. At step 13 another 18 arrive by way of
# `p`: only now its gradient is whole, 24. If the product $w \cdot x$ is negative, the ReLU gives 0, and its slope is 0: `p` and
# `x` get a gradient of exactly 0, and `w` keeps only the part that came by way of `q`.
#
# </details>
#
# **What goes wrong.** *Overwriting in place of adding*: `x.grad = ...` keeps only the last path. For $y = x \cdot x$ that
# gives half the gradient. It is the classic first bug of whoever writes an autograd.

# %% [markdown]
# ## Your own autograd {#autograd}
#
# *Going further. Short of time? Go on with "Depth": the engine of this section is then lent to you.*
#
# In five short functions you now write a small PyTorch. The class `Node` is given: after the next cell, run `Node??` in a
# cell of your own to read it. `scale` is an example of an operation: it computes the value, makes the node, and then says
# how a gradient goes back. Note that the inner function *adds* to `a.grad`, and that it reads `out.grad` only when it is
# called, which is later.

# %% role="given"
from gradus.graph import Node


def scale(a, factor):
    """A node times a fixed number."""
    out = Node(factor * a.value, (a,))

    def backward():
        a.grad = a.grad + factor * out.grad

    out.backward = backward
    return out

# %%
x_node = Node([1.0, 2.0])
tripled = scale(x_node, 3)
tripled.grad = np.array([1.0, 10.0])  # suppose that this gradient arrives
tripled.backward()
print("value:", tripled.value, "  gradient of x:", x_node.grad)

# %% [markdown]
# *Broadcasting.* For `add` and `multiply` the operands may have different shapes, as in `x @ W + b`. NumPy then repeats
# the smaller one. To repeat is to use several times, so the gradient of the smaller one is the *sum* over all its copies.
# This is `db = dz.sum(axis=0)` again. The next function does it for any shapes:

# %% role="given"
def unbroadcast(grad, shape):
    """Sum a gradient over the axes along which an array of this shape was repeated."""
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))  # axes that broadcasting put in front
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return grad.sum(axis=repeated, keepdims=True)

# %%
print(unbroadcast(np.ones((7, 5)), (5,)), unbroadcast(np.ones((7, 5)), (7, 1)).shape, unbroadcast(np.ones(4), ()))

# %% [markdown]
# ### Exercise 7: add {#exercise-add}
#
# *Going further* · 5 minutes · 2 points.

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

# %% [markdown] hint="add"
# Follow the pattern of `scale`, with two parents. If $z = a + b$, how fast does $z$ change with $a$?

# %% [markdown] hint="add"
# `out.grad` has the shape of the sum. Each parent needs it in its own shape: `unbroadcast(out.grad, ...)`.

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

# %% [markdown] hint="multiply"
# If $z = a \cdot b$ and only $a$ moves, how fast does $z$ change?

# %% [markdown] hint="multiply"
# What arrives times the *other* factor's value, entry by entry, and then back to the parent's own shape.

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

# %% [markdown] hint="matmul"
# You have written this in exercise 2: there, `a` was called `x` and `b` was called `W`.

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

# %% [markdown] hint="relu"
# One parent: `(a,)`. The value is `np.maximum(a.value, 0)`, and the way back is your exercise 3.

# %% check="relu" points=1
check(relu)

# %% [markdown]
# *The order of visits.* Take $y = 2x$, $z = y \cdot y$ and $w = y + z$. Two nodes are computed from $y$, its **users**:
# $z$ and $w$. If $y$ passes its gradient on as soon as the part from $w$ has arrived, the part from $z$ comes too late.
# If it passes on twice, the first part is counted twice. So $y$ has to wait until both have arrived.
#
# An order in which every node comes after all its parents is called a **topological order**; the backward pass walks
# through it from the end. To make one: visit a node's parents first (and theirs before them), then append the node
# itself, and visit no node twice.
#
# ### Exercise 11: backward {#exercise-backward}
#
# *Going further* · 10 minutes · 4 points.

# %% solution="backward"
def backward(loss):
    """Carry the gradient of a loss back to every leaf that it was computed from.

    Every node's own `backward()` runs once, and only after all nodes that were computed from it have run theirs. The
    gradient of `loss` is 1. Nodes with parents start at a gradient of 0 in every call; leaves keep what they hold: a
    second call adds to it.

    Parameters
    ----------
    loss : Node
        One number, of shape `()` or `(1, 1)`, computed from other nodes in any way: a node may be used several times.

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

# %% [markdown] hint="backward"
# Draw the graph of $w = y + y \cdot y$ with $y = 2x$ on paper. In which orders may the four nodes be visited?

# %% [markdown] hint="backward"
# Write an inner function `visit(node)`: if the node was seen before, return; else remember it, visit all its parents, and
# then append the node to a list. At the end of the list is the loss.

# %% [markdown] hint="backward"
# Before the walk: set the gradient of every node *with parents* to zeros, then that of the loss to 1. Then go through the
# list from its end and call each node's ... Leaves are left alone: they only collect.

# %% check="backward" points=4
check(backward)

# %% [markdown]
# ### Two moons {#moons}
#
# Your engine can train a network. Below, the left column is yours and the right column is PyTorch, line by line: a hidden
# layer of 16 ReLUs, squared error, targets $+1$ and $-1$, the same starting weights. (If you skipped the exercises,
# an engine is lent to you.)
#
# **Predict.** How far will the two losses be apart after 300 steps?

# %% tags=["experiment"]
lend("add", "multiply", "matmul", "relu", "backward")
rng = np.random.default_rng(0)
points, moon = data.moons(200, rng)
targets = np.where(moon == 1, 1.0, -1.0)[:, None]
start = new_network(rng, n_in=2, n_hidden=16, n_out=1)
yours = {name: Node(values) for name, values in start.items()}
theirs = {name: torch.tensor(values, requires_grad=True) for name, values in start.items()}
inputs, minus_targets, average = Node(points), Node(-targets), Node(np.full((1, 200), 1 / 200))
torch_inputs, torch_targets = torch.tensor(points), torch.tensor(targets)
your_losses, their_losses = [], []

# %% tags=["experiment"]
for step in range(300):
    hidden = relu(add(matmul(inputs, yours["W1"]), yours["b1"]))
    error = add(add(matmul(hidden, yours["W2"]), yours["b2"]), minus_targets)
    loss = matmul(average, multiply(error, error))
    backward(loss)
    for node in yours.values():
        node.value = node.value - 0.1 * node.grad
        node.grad = np.zeros_like(node.grad)
    your_losses.append(loss.value.item())

    t_hidden = torch.relu(torch_inputs @ theirs["W1"] + theirs["b1"])
    t_error = t_hidden @ theirs["W2"] + theirs["b2"] - torch_targets
    t_loss = (t_error * t_error).mean()
    t_loss.backward()
    with torch.no_grad():
        for leaf in theirs.values():
            leaf -= 0.1 * leaf.grad
            leaf.grad = None
    their_losses.append(t_loss.item())
apart = np.abs(np.subtract(your_losses, their_losses)).max()
print(f"loss {your_losses[0]:.3f} at first, {your_losses[-1]:.3f} at last; never further apart than {apart:.0e}")

# %% tags=["experiment", "figure"]
# Figure: what the network has learned.
side = np.linspace(-2.2, 2.2, 111)
grid = np.stack(np.meshgrid(side, side * 0.75), axis=-1).reshape(-1, 2)
hidden = relu(add(matmul(Node(grid), yours["W1"]), yours["b1"]))
height = add(matmul(hidden, yours["W2"]), yours["b2"]).value.reshape(111, 111)
figure, ax = plots.axes("Two moons, your engine", "$x_1$", "$x_2$")
ax.contourf(side, side * 0.75, height, levels=[-9, 0, 9], colors=[plots.SKY, plots.ORANGE], alpha=0.25)
ax.contour(side, side * 0.75, height, levels=[0], colors=plots.BLACK)
for k, (marker, colour) in enumerate((("o", plots.BLUE), ("s", plots.VERMILLION))):
    ax.plot(*points[moon == k].T, marker, color=colour, markersize=4, label=f"moon {k}")
ax.legend()
hidden = np.maximum(points @ yours["W1"].value + yours["b1"].value, 0)
right = np.mean((hidden @ yours["W2"].value + yours["b2"].value > 0) == (targets > 0))
plots.describe(figure, f"Two interlocking half circles of points; a curved line between them leaves {right:.0%} on their side.")

# %% [markdown]
# The two losses agree in every step, to the last digits. This engine is the idea at the core of PyTorch's autograd. The
# rest of a library is more operations, speed, and the GPU.

# %% [markdown]
# ## Depth {#depth}
#
# In a deep network, the gradient of the first layer is a product with one factor per layer: weights and slopes. Such a
# product can shrink or grow very fast. The sigmoid, $\sigma(z) = 1/(1 + e^{-z})$, was for a long time one of the two
# usual activations, beside the tanh. Its slope is $\sigma(z)\,(1 - \sigma(z))$, at most $1/4$.
#
# **Predict.** Twenty layers of 50 sigmoids, with random weights of standard deviation $1/\sqrt{50}$. How large is the
# gradient at the first layer, compared with that at the last?

# %%
predict("deep_gradient", choice("it is about", "a twentieth", "a thousandth", "a millionth", "less than a billionth"))

# %%
def gradient_sizes(slope, activation, depth=20, width=50):
    """Standard deviation of the gradient at the input of every layer, first layer first."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(100, width))
    weights, kept = [rng.normal(size=(width, width)) / np.sqrt(width) for _ in range(depth)], []
    for W in weights:
        kept.append(a @ W)
        a = activation(kept[-1])
    gradient, sizes = rng.normal(size=a.shape), []
    for W, z in zip(reversed(weights), reversed(kept)):
        gradient = (gradient * slope(z)) @ W.T
        sizes.append(gradient.std())
    return sizes[::-1]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


sigmoid_sizes = gradient_sizes(lambda z: sigmoid(z) * (1 - sigmoid(z)), sigmoid)
for layer in (1, 5, 10, 15, 20):
    print(f"layer {layer:2}: {sigmoid_sizes[layer - 1]:.0e}")

# %% tags=["outcome"]
# What you predicted, and what happened.
share = sigmoid_sizes[0] / sigmoid_sizes[-1]
outcome("deep_gradient", "less than a billionth" if share < 1e-9 else "a millionth")

# %% [markdown]
# Each layer multiplies the gradient by about $1/4$ or less, and $4^{-19}$ is about $4 \cdot 10^{-12}$. With a learning rate
# that suits the last layer, the first one does not move. This is the **vanishing gradient**.
#
# **Play.** The slider *gain* multiplies all weights. For each activation: which gain keeps the gradient at layer 1 as
# large as at the last? For the sigmoid, what becomes of the outputs then?

# %% tags=["demo"]
demos.gradient_by_depth()

# %% [markdown]
# <details><summary>Answer</summary>
#
# In this network of 20 layers: for the tanh a gain of about 1.25, for the ReLU about 1.44 (the theory of notebook 04 says
# $\sqrt 2$), without an activation 1. For the sigmoid it takes a gain of about 10. But then two thirds of the last
# layer's outputs are close to 0 or 1, and most of them stay there whatever the input is: over the examples, an output has
# a standard deviation of 0.06, with the tanh 0.42. The gradient arrives, but the last layer hardly knows which example it
# saw.
#
# </details>
#
# Notebook 04 is about choosing the first weights so that this product stays near 1.

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# A **tensor** is PyTorch's array. With `requires_grad=True` it is a leaf. Every operation on it records a node.
# `loss.backward()` walks through the graph and leaves the gradients in `leaf.grad`; a result is fetched with `.item()`
# (one number) or `.detach()`.
#
# ### Exercise 12: torch_gradients {#exercise-torch-gradients}
#
# *Core* · 5 minutes · 3 points.

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

# %% [markdown] hint="torch_gradients"
# Which of the arrays are leaves, whose gradient you want? Only these need `requires_grad=True`.

# %% [markdown] hint="torch_gradients"
# The forward pass looks as it does in NumPy, with `torch.tanh`. The loss sums over the outputs and averages over the
# batch; the mean over *everything* is another loss.

# %% [markdown] hint="torch_gradients"
# After `loss.backward()`, each gradient is in `leaf.grad`: bring it to the CPU, then to NumPy. What is missing is one line
# for the loss: `((output - y) ** 2).sum(dim=1)...`

# %% check="torch_gradients" points=3
check(torch_gradients)

# %% [markdown]
# **Predict.** Below, $L = w^2$ with $w = 3$. The derivative is 6. What is in `w.grad` after the second `backward()`?

# %%
predict("backward_twice", number("w.grad after the second backward()"))

# %%
w = torch.tensor(3.0, requires_grad=True)
for call in ("first", "second"):
    loss = w * w
    loss.backward()
    print(f"after the {call} call: {w.grad.item():g}")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("backward_twice", w.grad.item(), because="Leaves add up: the second gradient is added to the first.")

# %% [markdown]
# `backward()` *adds* to the gradient of the leaves. This is the rule of a node that is used several times, kept up from
# call to call. It is useful: two small batches can be added up like one large one. And it is the cause of a common bug: a
# training loop without `optimizer.zero_grad()` follows the sum of all gradients so far.
#
# How much faster is a GPU than one core of the CPU? The next cell multiplies a batch of matrices and computes the
# gradient. A GPU works in the background: the call returns before the work is done, so the clock must wait for it
# (`synchronize`). Without a GPU the cell shows the CPU's time alone.

# %% tags=["gpu", "experiment"]
def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def forward_and_backward(device, batch=64, size=128):
    left = torch.randn(batch, size, size, device=device, requires_grad=True)
    right = torch.randn(batch, size, size, device=device)

    def work():
        left.grad = None
        (left @ right).square().mean().backward()
        synchronize(device)

    work()  # the first call also prepares the device
    return min(timeit.repeat(work, number=1, repeat=10))


for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
    name = "cpu, one core" if device == "cpu" else device
    print(f"{name}: {1000 * forward_and_backward(device):.2f} ms")

# %% [markdown]
# **What goes wrong**
#
# - *`.detach()`, `.item()` or `torch.tensor(...)` in the middle* cut the graph: everything nearer to the input gets no
#   gradient. (`.numpy()` refuses, with an error.)
# - *In-place operations* on a value that the backward pass needs: PyTorch refuses with an error about a variable that
#   "has been modified by an inplace operation". Believe it.
# - *`total = total + loss`* to report a mean keeps the graph of every step alive. The memory fills up: slowly after `backward()`, which frees the kept arrays, and fast
#   without it, as in a validation loop. Add
#   `loss.item()`.

# %% [markdown]
# ## Reading digits {#digits}
#
# Take the network of the beginning and all 1,197 training images, and make 500 steps down the gradient that *you*
# compute. The digit that it reads is the place of its largest output. The 300 **validation** images are not trained on:
# they show how well it reads images that it has not seen. (Squared error is not the best loss for classes; notebook 02
# has a better one.)

# %% tags=["experiment"]
network = untrained = new_network(np.random.default_rng(0))
losses, validation_losses = [], []
validation_y = np.eye(10)[digits.validation.y]
for _ in range(500):
    loss, grads = mlp_gradients(network, many_x, many_y)
    losses.append(loss)
    validation_losses.append(network_loss(network, digits.validation.x, validation_y))
    network = {name: values - 0.1 * grads[name] for name, values in network.items()}


def answers(images):
    hidden = np.tanh(images @ network["W1"] + network["b1"])
    return (hidden @ network["W2"] + network["b2"]).argmax(axis=1)


for part in (digits.train, digits.validation):
    print(f"{len(part)} images: {np.mean(answers(part.x) == part.y):.1%} read correctly")
plots.learning_curve(losses, validation_losses, ylabel="loss (half the squared distance)", xlabel="step",
                     title="A network of your own, on the digits")

# %% [markdown]
# More than nine of ten digits are read correctly, with a few lines of NumPy. What did the hidden units learn? Each one
# computes a weighted sum of the 64 pixels, so what training has added to its weights can be shown as an image: dark where
# ink now raises the sum more than at the start, bright where it raises it less.

# %% tags=["experiment"]
strongest = np.abs(network["W2"]).sum(axis=1).argsort()[::-1][:8]
added = (network["W1"] - untrained["W1"]).T[strongest]
plots.images(added, digits.image_shape, [f"unit {k}" for k in strongest], columns=4,
             title="What training has added to eight units")

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: where is the bug? {#question-where}
#
# *Core* · 4 minutes · 3 points. A colleague wrote a network with three linear layers and tanh between them. The gradient
# check says: `W3`, `b3`, `b2`, `W1` and `b1` agree to 9 digits. `W2` is wrong in every entry. With $a = z$ for all
# activations, everything agrees. `dW2` is computed as a product; its second factor, `dz2`, is the array that `db2` sums.
# What is probably wrong in this product? How do the entries that *agree* help you to find it?

# %% [markdown] answer="where" points=3
# ### BEGIN SOLUTION
# `W1` and `b1` are computed after layer 2, on the way from the loss to the input. They are right, so everything on this
# way is right, in particular `dz2` and what is passed on through `W2`. `b2`, the sum of `dz2`, agrees, too. So only the
# product for `dW2` is wrong, and in it the first factor: the input of layer 2, which must be the activation `a1`. Since
# everything agrees when $a = z$, the code probably uses `z1`, what went into the tanh, in place of `a1`.
# ### END SOLUTION

# %% [markdown] mark_scheme="where"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: what the agreement shows: `dz2` and what is passed on are right, since `b2` agrees (or: since `W1` and `b1`
#   agree, which are computed after it). Without a reason: half a point.
# - 1 point: so the first factor of the product is wrong: `z1`, what went into the tanh, in place of `a1`. The tanh applied twice, `np.tanh(a1)`, or `a1` times the slope of the tanh, fits as well.
# - 1 point: how that follows from the test with $a = z$: only there the wrong factor and `a1` are the same. "Something with the
#   activation" without saying what: half a point. A wrong slope in what is passed on earns nothing: it would spoil `W1`
#   and `b1`.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: memory {#question-memory}
#
# *Core* · 4 minutes · 3 points. A network has 50 layers of 1,000 units each, and works with float32 (4 bytes a number).
# You train it with batches of 10,000 examples. How much memory do the activations need that are kept for the backward
# pass? Compare with the weights. The GPU has room for only a third of these activations: name one way to compute the same
# gradient nevertheless, and its price.

# %% [markdown] answer="memory" points=3
# ### BEGIN SOLUTION
# One activation per unit and example: $50 \cdot 1000 \cdot 10000 = 5 \cdot 10^8$ numbers, 2 GB. The weights are
# $50 \cdot 1000^2 = 5 \cdot 10^7$ numbers, 0.2 GB: ten times less. I would split the batch into four pieces of 2,500
# examples, compute the gradient of each, and add them up with the right weight: the gradient is a mean over examples, so the result
# is the same. The price is time: four smaller passes use the GPU less well.
# ### END SOLUTION

# %% [markdown] mark_scheme="memory"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: 2 GB, with the count of numbers (twice that is also right, if pre-activations or gradients are said to be
#   kept as well). The right count, but bytes wrong or missing: half a point.
# - 1 point: weights 0.2 GB, or "ten times less", so that here the activations are what fills the memory. Without the
#   conclusion, that is, without any comparison: half a point.
# - 1 point: pieces of the batch, one after the other, whose gradients are added (averaged), at the price of time; or
#   keeping only some layers' activations and computing the others again (checkpointing), at the price of about one more
#   forward pass; or moving activations to the main memory or to other GPUs, at the price of the time that takes. A method
#   without its price: half a point. A smaller batch alone is another gradient: half a point. Half precision changes the
#   numbers: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 7 minutes · 4 points. In a lab report you may read:
#
# > The cost of backpropagation grows with the number of layers times the number of inputs times the number of units. So
# > it is much more expensive than the naive approach, which just changes each weight a little and looks at the loss.
#
# Take a network with $P$ weights and a batch of one example; almost all of the forward pass is one multiplication per
# weight. (a) How many multiplications does the naive approach need for the whole gradient? (b) How many does
# backpropagation need? (c) Compare both for $P = 10^6$. (d) Apart from time, in which respect *is* backpropagation more
# expensive than computing the loss?

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) Each weight needs two losses (one, for a forward difference, if the loss itself is computed once), so
# $2P$ losses of $P$ multiplications: $2P^2$.
#
# (b) The forward pass takes $P$. In the backward pass each layer makes two products of the same size, one for the
# gradient of its weights and one for the gradient of its input: $2P$. Together $3P$.
#
# (c) $2 \cdot 10^{12}$ against $3 \cdot 10^6$: the naive approach needs about 670,000 times as many. The report has it the
# wrong way round: what it quotes is the cost of *one* pass, and the naive approach needs such a pass for every weight.
#
# (d) Memory: the activations of all layers have to be kept until the backward pass has used them.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) Proportional to $P^2$, with the reason: one or two losses per weight. $P^2$ and $2P^2$ are both right. Without the
#   reason: half a point.
# - (b) A small multiple of $P$ ($2P$ to $4P$), with the reason: each layer's backward pass is two products like the
#   forward one. Without the reason, or "about as much as the loss" without a count: half a point.
# - (c) A ratio of some $10^5$ to $10^6$ in favour of backpropagation, and that the statement is therefore the wrong way
#   round. Only "backpropagation is cheaper": half a point.
# - (d) Memory for what the forward pass has to keep. Only "memory", without saying for what: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Derivative | best linear approximation; error of the tangent about $h^2$ | central difference, $h \approx 10^{-5}$ | `torch.autograd.gradcheck` |
# | Chain rule | Jacobians multiply; begin at the loss, where there is one row | | `backward()` |
# | Linear layer | sum over all paths | `dz @ W.T`, `x.T @ dz`, `dz.sum(axis=0)` | `nn.Linear` |
# | Activation | what arrives, times the local slope | `da * (z > 0)`, `da * (1 - a**2)` | `relu`, `tanh` |
# | Batch | gradient of a mean is the mean of the gradients | $1/N$ once, at the loss | |
# | Graph | users before parents; parts add up | `x.grad = x.grad + ...` | adds up in the leaves, from call to call |
# | Cost | about three losses in time; all activations in memory | | |
# | Depth | a product with one factor per layer | slope of the sigmoid at most 1/4 | |
#
# | Symptom | Suspect |
# |---|---|
# | all gradients wrong by the same factor $N$ | the mean over the batch: missing, or twice |
# | right down to one layer, wrong from there to the input | the line between these two |
# | right for square sizes only | a transpose |
# | half the gradient where something is used twice | overwritten, not added |
# | gradients grow from step to step in PyTorch | `zero_grad` is missing |
# | first layers do not learn | vanishing gradient; zero weights |
#
# ## Read on {#read-on}
#
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986). Learning representations by back-propagating errors. *Nature*
#   323, 533–536. The paper that made it known.
# - A. Griewank, A. Walther (2008). *Evaluating Derivatives: Principles and Techniques of Algorithmic Differentiation*,
#   2nd edition. SIAM. Forward and reverse mode, with bounds on their cost.
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind (2018). Automatic differentiation in machine learning: a
#   survey. *Journal of Machine Learning Research* 18(153), 1–43. History and methods, in one place.
# - Y. Bengio, P. Simard, P. Frasconi (1994). Learning long-term dependencies with gradient descent is difficult. *IEEE
#   Transactions on Neural Networks* 5(2), 157–166. Why long products of derivatives vanish or explode.
# - A. Paszke et al. (2019). PyTorch: an imperative style, high-performance deep learning library. *NeurIPS* 32. How a
#   library records the graph while a program runs.
