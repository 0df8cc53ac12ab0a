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
#     minutes: 77
#     builds_on: [01_backprop, 03_training_loop]
# ---

# %% [markdown]
# # 04 · Initialization
#
# Before the first step, every weight needs a value. It sounds like a detail. But the first values decide whether a deep
# network learns at all: if they are a little too small, nothing arrives at the other end, and if they are too large,
# training breaks as well. In this notebook you find the right size with half a page of algebra, and test it.
#
# **After this notebook you can**
#
# - follow the size of the activations through a network, and that of the gradients back;
# - derive the initializations of Xavier and Kaiming, and say what each is for;
# - check random code by its statistics;
# - say what PyTorch does by default, and what it does not.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters | | 5 | |
# | Size through one layer | `preactivation_variance` | 4 | 2 |
# | Size through many layers | `activation_spread` | 9 | 4 |
# | Xavier and Kaiming | `xavier_uniform`, `kaiming_normal` | 11 | 8 |
# | The way back | `gradient_spread` | 12 | 5 |
# | Repair (*going further*) | `repaired_gradient_spread` | 5 | 2 |
# | Symmetry and dead neurons | | 4 | |
# | In PyTorch | `kaiming_uniform`, `initialize` | 11 | 6 |
# | Back to the digits | | 3 | |
# | Questions · Summary | three short texts | 18 | 10 |
#
# The core takes about 77 minutes and earns 35 points, *going further* another 5 minutes and 2 points. The exercises are
# checked one by one: you can skip one and come back.
#
# **Conventions.** A layer computes `z = x @ W + b`, with `W` of shape `(fan_in, fan_out)`: **fan-in** is how many inputs a
# neuron has, **fan-out** how many neurons use an input. The **second moment** of a random number $u$ is $\mathbb E[u^2]$;
# its variance is $\mathbb E[u^2] - (\mathbb E[u])^2$. The **standard deviation** (here also: *spread*) is the square root of
# the variance.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, data, demos, lend, number, outcome, plots, predict

# %% role="given"
import torch
from torch import nn

torch.set_num_threads(1)  # for arrays as small as these, sharing the work takes longer than the work

# %% [markdown]
# ## Warm-up {#warm-up}
#
# Three questions on the notebooks before.

# %%
predict(
    "warm_up_04",
    choice("the slope of the sigmoid is at most", "1/4", "1/2", "1"),
    choice("all weights and biases of a tanh network start at zero: what learns is", "everything", "the last bias only", "nothing at all"),
    choice("a network cannot learn 10 examples by heart: this points to", "too little data", "a bug or a wrong learning rate", "too large a network"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_04", "1/4", "the last bias only", "a bug or a wrong learning rate",
    because="The slope is p (1 - p), largest for p = 1/2. With zero weights, no gradient gets past the last layer, "
    "and its own weights get none either: what they multiply is tanh(0) = 0. "
    "Ten examples are easy for any network that works.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# More layers should make a network more powerful. Here are networks with 0, 1, 2, 3 and 4 hidden layers of 30 sigmoids
# each, with weights from a normal distribution of standard deviation $1/\sqrt{\text{fan-in}}$, which sounds reasonable.
# All of them learn the digits for 30 epochs with the same learning rate, five times with different seeds.
#
# **Predict.** Which of them reads the most new digits correctly, and which the fewest?

# %%
predict(
    "sigmoid_depth",
    choice("the most digits, on average", "0 hidden layers", "1 or 2 hidden layers", "3 or 4 hidden layers"),
    choice("the fewest digits, on average", "0 hidden layers", "1 or 2 hidden layers", "3 or 4 hidden layers"),
)

# %% role="given"
def make_networks(depth, spread, seeds, width=30, n_in=64, n_out=10):
    """Weights and biases of several networks at once; `spread(fan_in, fan_out)` is their standard deviation."""
    generator = torch.Generator().manual_seed(0)
    sizes = [n_in, *[width] * depth, n_out]
    weights, biases = [], []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        W = torch.randn(seeds, fan_in, fan_out, generator=generator) * spread(fan_in, fan_out)
        weights.append(W.requires_grad_())
        biases.append(torch.zeros(seeds, 1, fan_out, requires_grad=True))
    return weights, biases

# %% role="given"
def class_scores(network, activation, x):
    """Scores (seeds, N, C) of all these networks for the same inputs."""
    *hidden, last = zip(*network)
    for W, b in hidden:
        x = activation(x @ W + b)
    return x @ last[0] + last[1]

# %% role="given"
def train_networks(network, activation, lr=0.4, epochs=30, batch_size=64):
    """Train them on the digits; return their validation accuracies and the first gradient of each layer's biases."""
    digits, generator, first = data.digits(), torch.Generator().manual_seed(1), None
    x, y = torch.tensor(digits.train.x).float(), torch.tensor(digits.train.y)
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for rows in order.split(batch_size):
            found = class_scores(network, activation, x[rows])
            loss = nn.functional.cross_entropy(found.flatten(0, 1), y[rows].repeat(len(found))) * len(found)
            loss.backward()
            sizes = [b.grad.norm(dim=2).mean().item() for b in network[1]]
            first = first or sizes
            with torch.no_grad():
                for parameter in (*network[0], *network[1]):
                    parameter -= lr * parameter.grad
                    parameter.grad = None
    answers = class_scores(network, activation, torch.tensor(digits.validation.x).float()).argmax(dim=2)
    return (answers == torch.tensor(digits.validation.y)).float().mean(dim=1).numpy(), first

# %% tags=["experiment"]
sigmoid_accuracy, sigmoid_gradients = [], []
for depth in range(5):
    networks = make_networks(depth, lambda fan_in, fan_out: fan_in**-0.5, seeds=5)
    found, first = train_networks(networks, torch.sigmoid)
    sigmoid_accuracy.append(found)
    sigmoid_gradients.append(first)
    print(f"hidden layers: {depth}   accuracy: {found.mean():.1%} on average, from {found.min():.1%} to {found.max():.1%}")

# %% tags=["outcome"]
# What you predicted, and what happened.
words = ["0 hidden layers", "1 or 2 hidden layers", "1 or 2 hidden layers", "3 or 4 hidden layers", "3 or 4 hidden layers"]
means = [found.mean() for found in sigmoid_accuracy]
outcome(
    "sigmoid_depth", words[int(np.argmax(means))], words[int(np.argmin(means))],
    because="Deeper is not better here. The first layers hardly move, as the next figure shows.",
)

# %% tags=["experiment", "figure"]
# Figure: the first gradient of each layer.
figure, ax = plots.axes("The first gradient, layer by layer", "layer, counted from the input", "size of the gradient of the biases")
for depth in range(1, 5):
    ax.semilogy(range(1, depth + 2), sigmoid_gradients[depth], "o-", label=f"{depth} hidden layer{'s' * (depth > 1)}")
ax.set_xticks(range(1, 6))
ax.legend()
deepest = sigmoid_gradients[4]
plots.describe(figure, f"Size of the gradient of the biases for each layer; in the deepest network from {deepest[-1]:.2g} at the "
               f"output down to {deepest[0]:.2g} at the first layer.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# (Nielsen, 2015, did this with handwritten digits of another collection and many more steps: a second layer helped a
# little, a third and a fourth one did not.) The figure shows why deeper is not better. Each sigmoid layer divides the
# gradient by about four. The first layer of the deepest network gets a gradient about 300 times smaller than the last
# one, and hardly moves. Forwards it is the same: after four layers of random sigmoids, all images look nearly alike, and
# 30 epochs are not enough to tell them apart.
#
# </details>
#
# What would help: layers that neither shrink nor enlarge what passes through them, forwards and backwards.

# %% [markdown]
# ## Size through one layer {#one-layer}
#
# Take one neuron, $z = \sum_{i=1}^{n} x_i w_i$, with $n$ = fan-in. The weights are drawn independently of each other and of
# the inputs, with mean 0 and variance $\operatorname{Var}(w)$. Then the mean of $z$ is 0, and
#
# $$\operatorname{Var}(z) = \mathbb E\Big[\Big(\sum_i x_i w_i\Big)^2\Big]
# = \sum_i \mathbb E[x_i^2]\,\mathbb E[w_i^2] = n \cdot \operatorname{Var}(w) \cdot \mathbb E[x^2].$$
#
# The mixed terms $\mathbb E[x_i x_j]\,\mathbb E[w_i]\,\mathbb E[w_j]$ with $i \ne j$ are 0 because the weights have mean 0:
# the *inputs* may depend on each other.
#
# **Predict.** All 64 pixels of an image are 1. The weights have variance 1/64. The pixels do not vary at all. What is the
# variance of $z$ over many draws of the weights?

# %%
predict(
    "constant_input",
    choice("the variance of z is", "zero", "that of a weight", "64 times that of a weight", "64² times that of a weight"),
)

# %%
rng = np.random.default_rng(0)
z = np.ones(64) @ rng.normal(0, 1 / 8, size=(64, 100_000))
print("variance of z over 100,000 neurons:", z.var().round(3))

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "constant_input", "64 times that of a weight" if 0.5 < z.var() < 2 else "zero",
    because="It is 64 · 1/64 · 1. The mean of the squared inputs counts, not their variance.",
)

# %% [markdown]
# ### Exercise 1: preactivation_variance {#exercise-preactivation-variance}
#
# *Core* · 2 minutes · 2 points.

# %% solution="preactivation_variance"
def preactivation_variance(fan_in, weight_variance, input_second_moment):
    """Variance of z = x @ W, entry by entry, for independent weights of mean 0.

    Parameters
    ----------
    fan_in : int
        How many inputs a neuron has.
    weight_variance : float
        Variance of a weight.
    input_second_moment : float
        Mean of the squared inputs.

    Returns
    -------
    float
        The variance of an entry of `z`.
    """
    ### BEGIN SOLUTION
    return fan_in * weight_variance * input_second_moment
    ### END SOLUTION

# %% check="preactivation_variance" points=2
check(preactivation_variance)

# %% [markdown] hint="preactivation_variance"
# The formula of the text, with the three arguments in place of $n$, $\operatorname{Var}(w)$ and $\mathbb E[x^2]$.

# %% [markdown]
# So a layer keeps the size of what passes through it if $n \cdot \operatorname{Var}(w) = 1$, and if the activation function
# does not change it. Weights of standard deviation 1 make it $\sqrt n$ times larger *in each layer*; weights of standard
# deviation 0.01 shrink it, for every $n$ below 10,000.

# %% [markdown]
# ## Size through many layers {#many-layers}
#
# What does an activation do to the size? Look at the three usual ones, and at their slopes.
#
# **Play.** For which inputs is each slope close to 0? Which function keeps numbers around 0 as they are? Which has outputs
# that are never negative?

# %% tags=["demo"]
demos.activation_functions()

# %% [markdown]
# <details><summary>Answer</summary>
#
# The slope of the sigmoid is at most 1/4. At 5 and at $-5$ it is less than 0.01; the tanh gets there at 3 and $-3$
# already. The slope of the ReLU is exactly 0 for negative inputs. Around 0 the tanh keeps numbers nearly as they are,
# since its slope is 1 there; the ReLU does so for positive numbers only. The outputs of the sigmoid and of the ReLU are
# never negative, so their mean is not 0. For the next layer, its second moment counts, and the mean is part of it.
#
# </details>
#
# In a deep network these effects multiply. To see them, measure the spread after each layer.
#
# ### Exercise 2: activation_spread {#exercise-activation-spread}
#
# *Core* · 4 minutes · 4 points.

# %% solution="activation_spread"
def activation_spread(x, weights, activation):
    """Standard deviation of the activations after each layer of a network without biases.

    Parameters
    ----------
    x : array (N, D)
        A batch of inputs.
    weights : list of array
        The weights of each layer, first layer first: `(D, n_1)`, `(n_1, n_2)`, ...
    activation : function
        Takes an array and returns an array of the same shape.

    Returns
    -------
    list of float
        One per layer: the population standard deviation of all its activations together, over examples and neurons.
        The input is not a layer.
    """
    ### BEGIN SOLUTION
    spreads = []
    for W in weights:
        x = activation(x @ W)
        spreads.append(float(x.std()))
    return spreads
    ### END SOLUTION

# %% check="activation_spread" points=4
check(activation_spread)

# %% [markdown] hint="activation_spread"
# One loop over the weights. What goes into the next layer: the result before or after the activation?

# %% [markdown] hint="activation_spread"
# In the loop: `x = activation(x @ W)`, then append `x.std()`, the deviation of *all* numbers in the array.

# %% [markdown]
# **Predict.** Twenty tanh layers of 100 neurons. With weights of standard deviation 0.01, 0.1 and 1: what is the spread
# after the last layer?

# %%
predict(
    "tanh_spread",
    choice("with standard deviation 0.01 it is", "about 0.5", "about 0.01", "less than a millionth"),
    choice("with standard deviation 1 it is", "about 0.1", "about 1", "more than 1,000"),
)

# %% tags=["experiment"]
lend("activation_spread")
rng = np.random.default_rng(0)
inputs = rng.normal(size=(200, 100))
tanh_spreads = {}
for spread in (0.01, 0.1, 1.0):
    layers = [rng.normal(0, spread, size=(100, 100)) for _ in range(20)]
    tanh_spreads[spread] = activation_spread(inputs, layers, np.tanh)
    shown = ", ".join(f"{tanh_spreads[spread][layer - 1]:.2g}" for layer in (1, 5, 10, 20))
    print(f"weights of deviation {spread:4}: after layers 1, 5, 10, 20: {shown}")

# %% tags=["outcome"]
# What you predicted, and what happened.
small, large = tanh_spreads[0.01][-1], tanh_spreads[1.0][-1]
outcome(
    "tanh_spread",
    "less than a millionth" if small < 1e-6 else "about 0.01",
    "about 1" if 0.5 < large < 2 else "about 0.1",
    because="With deviation 0.01, each layer multiplies the size by about √100 · 0.01 = 0.1: after 20 layers, almost nothing "
    "is left. With deviation 1, most neurons are saturated: nearly nine outputs in ten are beyond ±0.9.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# With deviation 1, the activations look large and healthy, but most of them lie where the slope of the tanh is nearly 0.
# With deviation $0.1 = 1/\sqrt{100}$, the size falls slowly.
#
# </details>
#
# What the size of the weights does to the gradients, you measure below.

# %% [markdown]
# ## Xavier and Kaiming {#xavier}
#
# *Forwards.* If the activation keeps the size, as the tanh does for small numbers, the size stays the same from layer to
# layer with $\operatorname{Var}(w) = 1/\text{fan-in}$.
#
# *Backwards.* The gradient goes through the same matrix, transposed: $\mathrm dx_i = \sum_j \mathrm dz_j\,w_{ij}$, a sum over
# fan-out neurons. So its size stays the same with $\operatorname{Var}(w) = 1/\text{fan-out}$.
#
# Both at once is possible only if all layers have the same size. Glorot and Bengio (2010) took a compromise,
#
# $$\operatorname{Var}(w) = \frac{2}{\text{fan-in} + \text{fan-out}},$$
#
# now known by Xavier Glorot's first name. They drew from a *uniform* distribution on $[-c, c]$. Its variance is $c^2/3$, so
# which $c$ do you need?
#
# ### Exercise 3: xavier_uniform {#exercise-xavier-uniform}
#
# *Core* · 4 minutes · 4 points.

# %% solution="xavier_uniform"
def xavier_uniform(fan_in, fan_out, rng):
    """Weights of a uniform distribution around 0 with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010).

    Parameters
    ----------
    fan_in, fan_out : int
        How many inputs and outputs the layer has.
    rng : numpy.random.Generator
        Where the numbers come from. Another call with the same generator gives other weights.

    Returns
    -------
    array (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    bound = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, size=(fan_in, fan_out))
    ### END SOLUTION

# %% check="xavier_uniform" points=4
check(xavier_uniform)

# %% [markdown] hint="xavier_uniform"
# Set $c^2/3$ equal to the variance you want, and solve for $c$.

# %% [markdown] hint="xavier_uniform"
# `rng.uniform(low, high, size=...)` takes the two ends of the interval, not its deviation.

# %% [markdown] hint="xavier_uniform"
# The bound is the square root of $3 \cdot 2 / (\ldots)$. Mind the brackets.

# %% [markdown]
# *ReLU.* It sets half of the numbers to 0, those with $z < 0$. If $z$ has a symmetric distribution around 0, the second
# moment that is left is half of the variance: $\mathbb E[a^2] = \frac12 \operatorname{Var}(z)$. The next layer's variance is
# then $\text{fan-in} \cdot \operatorname{Var}(w) \cdot \frac12 \operatorname{Var}(z)$, and stays the same with
#
# $$\operatorname{Var}(w) = \frac{2}{\text{fan-in}}.$$
#
# This is **Kaiming** initialization, after Kaiming He (He et al., 2015). The $\sqrt 2$ in the deviation is called the
# *gain* of the ReLU. They used a normal distribution.
#
# **Predict.** Thirty ReLU layers with $1/\text{fan-in}$ in place of $2/\text{fan-in}$: by which factor is the last
# activation too small?
#
# ### Exercise 4: kaiming_normal {#exercise-kaiming-normal}
#
# *Core* · 3 minutes · 4 points.

# %% solution="kaiming_normal"
def kaiming_normal(fan_in, fan_out, rng):
    """Weights of a normal distribution around 0 with variance 2 / fan_in, for ReLU networks (He et al., 2015).

    Parameters
    ----------
    fan_in, fan_out : int
        How many inputs and outputs the layer has.
    rng : numpy.random.Generator
        Where the numbers come from. Another call with the same generator gives other weights.

    Returns
    -------
    array (fan_in, fan_out)
    """
    ### BEGIN SOLUTION
    return rng.normal(0, np.sqrt(2 / fan_in), size=(fan_in, fan_out))
    ### END SOLUTION

# %% check="kaiming_normal" points=4
check(kaiming_normal)

# %% [markdown] hint="kaiming_normal"
# `rng.normal(mean, deviation, size=...)` wants the standard *deviation*. The formula gives the variance.

# %% [markdown]
# The check of a random function cannot compare numbers. It compares *statistics* with what they should be: the mean, the
# deviation, the largest value, the share of numbers near the middle, and whether two draws differ. Chance moves these, too;
# the limits are so wide that a right answer fails less than once in a million checks.
#
# <details><summary>Answer to the question about thirty layers</summary>
#
# A factor of $\left(\tfrac12\right)^{30/2} = 2^{-15}$, about 1/33,000.
#
# </details>
#
# Measured with the same random numbers:

# %% tags=["experiment"]
lend("kaiming_normal", "activation_spread")
rng = np.random.default_rng(0)
inputs, drawn = rng.normal(size=(200, 100)), [kaiming_normal(100, 100, rng) for _ in range(30)]
for name, layers in (("2 / fan-in", drawn), ("1 / fan-in", [W / np.sqrt(2) for W in drawn])):
    spreads = activation_spread(inputs, layers, lambda z: np.maximum(z, 0))
    print(f"variance {name}: after layers 1, 10, 20, 30: " + ", ".join(f"{spreads[k - 1]:.1e}" for k in (1, 10, 20, 30)))

# %% [markdown]
# **What goes wrong**
#
# - *Variance and deviation are confused*: `rng.normal(0, 2 / fan_in)`. For a fan-in of 100 the weights are seven times too
#   small.
# - *Fan-in and fan-out are swapped.* PyTorch stores weights as `(fan_out, fan_in)`, so code that was written for one
#   convention is wrong in the other, and for square layers nobody notices.
# - *`rng.random`* gives numbers from 0 to 1: all weights are positive, and have the wrong mean.

# %% [markdown]
# ## The way back {#way-back}
#
# Gradients pass through the same layers in the other direction, and meet one thing more: the slopes of the activations, at
# the numbers that the *forward* pass has produced. So you need a forward pass first, which keeps each $\mathbf z$.
#
# ### Exercise 5: gradient_spread {#exercise-gradient-spread}
#
# *Core* · 7 minutes · 5 points.

# %% solution="gradient_spread"
def gradient_spread(x, weights, activation, activation_derivative, d_output):
    """Standard deviation of the gradient at the input of each layer of a network without biases.

    Parameters
    ----------
    x : array (N, D)
        A batch of inputs.
    weights : list of array
        The weights of each layer, first layer first: `(D, n_1)`, `(n_1, n_2)`, ...
    activation, activation_derivative : function
        Both take the pre-activation `z`, an array, and return an array of its shape. The activation follows every
        layer, the last one too.
    d_output : array (N, n_last)
        Gradient of the loss with respect to the last activation.

    Returns
    -------
    list of float
        One per layer, first layer first: the population standard deviation of all entries of the gradient with respect
        to the layer's input. The first one belongs to `x`.
    """
    ### BEGIN SOLUTION
    kept = []
    for W in weights:
        kept.append(x @ W)
        x = activation(kept[-1])
    gradient, spreads = d_output, []
    for W, z in zip(reversed(weights), reversed(kept)):
        gradient = (gradient * activation_derivative(z)) @ W.T
        spreads.append(float(gradient.std()))
    return spreads[::-1]
    ### END SOLUTION

# %% check="gradient_spread" points=5
check(gradient_spread)

# %% [markdown] hint="gradient_spread"
# Two loops: one forwards, which keeps every `z` in a list, and one backwards. In which order does the backward loop go
# through the weights? And in which order do you have to return the results?

# %% [markdown] hint="gradient_spread"
# One layer back: the gradient that arrives belongs to the activation. First through the activation (times the slope at this
# layer's `z`), then through the weights.

# %% [markdown] hint="gradient_spread"
# `gradient = (gradient * activation_derivative(z)) @ ...`, append its deviation, and reverse the list at the end.

# %% [markdown]
# First, the twenty tanh layers with weights of deviation 1, whose activations looked so healthy.
#
# **Predict.** A gradient of size 1 arrives at the end. Most slopes are nearly 0. How large is it at the first layer?

# %%
predict("way_back", choice("at the first layer the gradient is", "less than a millionth", "about 1", "more than a million"))

# %% tags=["experiment"]
rng = np.random.default_rng(0)
inputs, layers = rng.normal(size=(200, 100)), [rng.normal(0, 1, size=(100, 100)) for _ in range(20)]
backwards = gradient_spread(inputs, layers, np.tanh, lambda z: 1 - np.tanh(z) ** 2, rng.normal(size=(200, 100)))
print("gradients at the inputs of layers 20, 15, 10, 5, 1: " + ", ".join(f"{backwards[k - 1]:.1e}" for k in (20, 15, 10, 5, 1)))
print("mean slope of the first layer:", (1 - np.tanh(inputs @ layers[0]) ** 2).mean().round(2))

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "way_back",
    "more than a million" if backwards[0] > 1e6 else "about 1" if backwards[0] > 1e-6 else "less than a millionth",
    because="The gradient explodes. Most slopes are nearly 0, but some neurons have a slope near 1, "
    "and from there the gradient goes back through large weights.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# What counts is not the mean slope, but the mean *squared* slope, about 0.055: it makes
# $100 \cdot 1 \cdot 0.055 = 5.5$ for the squares, so a factor of 2.3 per layer. So a tiny change of the input changes the
# output completely: the gradient *explodes*.
#
# </details>
#
# A healthy spread of the activations says nothing about the gradients. Look at both.
#
# **Play.** Twenty layers with Xavier's weights, times a gain. The picture shows how much the activations of a neuron
# differ *between examples*, forwards, and the size of the gradients, backwards. Find the gain that keeps *both* the same
# from layer to layer: for the tanh, the ReLU and the sigmoid. Does a gain exist for each?

# %% tags=["demo"]
demos.activations()

# %% [markdown]
# <details><summary>Answer</summary>
#
# - *No activation*: about 1, for both.
# - *ReLU*: about $\sqrt 2$, Kaiming's gain, for the gradients. The differences between examples fall even then, to
#   between a half and a seventh: the examples become more alike from layer to layer. (`activation_spread` takes all
#   activations of a layer together, and stays the same.)
# - *tanh*: about 1.3 for the gradients; the activations then lose a third of their size in 20 layers. With a larger gain they
#   stay larger, but the gradients explode.
# - *Sigmoid*: none on this slider. Every layer makes all examples more alike and the gradient smaller.
#
# </details>

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "Symmetry and dead neurons".* This version keeps the activations in place of the
# pre-activations, and goes back by index. It has three bugs. Find them one at a time.
#
# ### Exercise 6: repaired_gradient_spread {#exercise-repaired-gradient-spread}
#
# *Going further* · 5 minutes · 2 points.

# %% solution="repaired_gradient_spread"
def repaired_gradient_spread(x, weights, activation, activation_derivative, d_output):
    """The same as `gradient_spread`."""
    ### BEGIN SOLUTION
    values = [x]
    for matrix in weights:
        values.append(activation(values[-1] @ matrix))
    result = [0.0] * len(weights)
    delta = d_output
    for layer in range(len(weights) - 1, -1, -1):
        slope = activation_derivative(values[layer] @ weights[layer])
        delta = np.einsum("nj,ij->ni", delta * slope, weights[layer])
        result[layer] = float(np.sqrt(np.mean((delta - np.mean(delta)) ** 2)))
    return result
    ### END SOLUTION

# %% broken="repaired_gradient_spread"
def repaired_gradient_spread(x, weights, activation, activation_derivative, d_output):
    """The same as `gradient_spread`."""
    values = [x]
    for matrix in weights:
        values.append(activation(values[-1] @ matrix))
    result = [0.0] * len(weights)
    delta = d_output
    for layer in range(len(weights) - 1, 0, -1):
        slope = activation_derivative(values[layer + 1])
        delta = np.einsum("nj,ij->ni", delta * slope, weights[layer])
        result[layer] = float(np.mean((delta - np.mean(delta)) ** 2))
    return result

# %% check="repaired_gradient_spread" points=2
check(repaired_gradient_spread)

# %% [markdown] hint="repaired_gradient_spread"
# Run it with two layers. Which entry of the result is missing?

# %% [markdown] hint="repaired_gradient_spread"
# The derivative takes the pre-activation. And what is the result of the last line in the loop: a deviation, or its square?

# %% [markdown]
# ## Symmetry and dead neurons {#symmetry}
#
# Size is not everything. In notebook 01 you saw that weights which are all zero do not learn. Now the hidden neurons start
# *equal*, but not at zero: each of the 20 neurons has the same incoming weights as the others.
#
# **Predict.** How many *different* neurons are there after training? First if all outgoing weights are equal, too; then if
# only the outgoing ones are random.

# %%
predict("equal_start", number("different, if all start equal"), number("different, if the outgoing weights are random"))

# %%
digits = data.digits()
x, y = torch.tensor(digits.train.x), torch.tensor(digits.train.y)


def train_equal(outgoing):
    """Train a layer of 20 neurons with equal incoming weights; return how many differ at the end."""
    generator = torch.Generator().manual_seed(0)
    W1 = (0.1 * torch.randn(64, 1, generator=generator).double()).repeat(1, 20).requires_grad_()
    W2 = (0.1 * torch.randn(outgoing, 10, generator=generator).double()).repeat(20 // outgoing, 1).requires_grad_()
    start = W1.detach().clone()
    for _ in range(200):
        loss = nn.functional.cross_entropy(torch.tanh(x @ W1) @ W2, y)
        loss.backward()
        with torch.no_grad():
            for W in (W1, W2):
                W -= 0.1 * W.grad
                W.grad = None
    moved = (W1 - start).abs().max().item()
    print(f"loss {loss.item():.2f}; the incoming weights moved by up to {moved:.2f}")
    return len(np.unique(W1.detach().numpy().round(6), axis=1).T)


all_equal, only_incoming = train_equal(outgoing=1), train_equal(outgoing=20)
print("different neurons:", all_equal, "and", only_incoming)

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "equal_start", all_equal, only_incoming,
    because="Equal neurons with equal outgoing weights get equal gradients. "
    "Different outgoing weights send back different gradients.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# If everything starts equal, the whole layer learns, but like a single neuron. (In exact arithmetic this lasts for ever;
# after a very long training, rounding errors may separate the copies.)
#
# </details>
#
# Something random has to *break the symmetry*, and that is done by the weights. The biases may start at zero.
#
# *Dead neurons.* A ReLU whose $z$ is negative for every example gives 0 everywhere, and its slope is 0 everywhere. It
# gets no gradient, so it cannot come back by itself: it is **dead**. (Only if the layers before it change what goes into
# it, it may wake up.) This happens if biases start far below 0, or if one step with a large learning rate throws the
# weights too far.
#
# **Predict.** A ReLU layer with Kaiming weights and biases of 0, $-2$ or $-6$. Inputs have mean 0 and deviation 1. Which
# share of the neurons is dead on 1,000 examples?

# %% tags=["experiment"]
lend("kaiming_normal")
rng = np.random.default_rng(0)
inputs, W = rng.normal(size=(1000, 100)), kaiming_normal(100, 500, rng)
for bias in (0, -2, -6):
    active = inputs @ W + bias > 0
    print(f"bias {bias:2}: {np.mean(~active.any(axis=0)):.0%} of the neurons dead; an example activates {active.mean():.1%} of them")

# %% [markdown]
# <details><summary>Answer</summary>
#
# A neuron's $z$ has a deviation of about $\sqrt 2$ here, so a bias of $-6$ is more than four deviations down: for most
# neurons no example gets there.
#
# </details>
#
# Leaky variants of the ReLU keep a small slope below 0, and cannot die.

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# Every layer comes with an initialization of its own. For `nn.Linear` it is called `kaiming_uniform_` with `a=√5`, which is
# easily misread. Here `a` is *not* a gain. It is the slope of a leaky ReLU below 0, for which the gain would be
# $\sqrt{2 / (1 + a^2)} = \sqrt{1/3}$. So the weights are uniform on $[-c, c]$ with
#
# $$c = \sqrt{\tfrac13} \cdot \sqrt{\frac{3}{\text{fan-in}}} = \frac{1}{\sqrt{\text{fan-in}}}, \qquad
# \operatorname{Var}(w) = \frac{1}{3\,\text{fan-in}}.$$
#
# The variance is six times smaller than Kaiming's for a ReLU. Biases are drawn from the same interval.
#
# One also meets a mixture of the two: weights for a ReLU, and small random biases,
#
# $$W \sim \sqrt{\frac{6}{\text{fan-in}}} \cdot U[-1, 1], \qquad b \sim \frac{1}{\sqrt{\text{fan-in}}} \cdot U[-1, 1].$$
#
# ### Exercise 7: kaiming_uniform {#exercise-kaiming-uniform}
#
# *Core* · 3 minutes · 2 points.

# %% solution="kaiming_uniform"
def kaiming_uniform(fan_in, fan_out, rng):
    """Weights and biases of a layer before a ReLU, from uniform distributions around 0.

    Parameters
    ----------
    fan_in, fan_out : int
        How many inputs and outputs the layer has.
    rng : numpy.random.Generator
        Where the numbers come from. Another call with the same generator gives other numbers.

    Returns
    -------
    W : array (fan_in, fan_out)
        Of variance 2 / fan_in, so between -sqrt(6 / fan_in) and sqrt(6 / fan_in).
    b : array (fan_out,)
        Between -1 / sqrt(fan_in) and 1 / sqrt(fan_in).
    """
    ### BEGIN SOLUTION
    W = np.sqrt(6 / fan_in) * rng.uniform(-1, 1, size=(fan_in, fan_out))
    b = rng.uniform(-1, 1, size=fan_out) / np.sqrt(fan_in)
    return W, b
    ### END SOLUTION

# %% check="kaiming_uniform" points=2
check(kaiming_uniform)

# %% [markdown] hint="kaiming_uniform"
# Two calls of `rng.uniform(-1, 1, size=...)`, with two shapes and two factors. Draw them one after the other, from the same
# generator.

# %% [markdown]
# To change the weights of a finished model, `nn.init` has a function for each rule. Its name ends in `_`, since it fills
# a tensor in place: `nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")`. And a model can list all the modules
# inside it, at any depth.
#
# ### Exercise 8: initialize {#exercise-initialize}
#
# *Core* · 5 minutes · 4 points.

# %% solution="initialize"
def initialize(model):
    """Give every linear and convolutional layer of a model Kaiming weights and zero biases, in place.

    Parameters
    ----------
    model : nn.Module
        Layers may be nested in other modules, to any depth, and the model itself may be one. Each `nn.Linear` and
        `nn.Conv2d` gets weights of a normal distribution with variance 2 / fan-in, and biases of 0 where it has any.
        In a convolution, fan-in counts the numbers that a neuron sees: the channels of its group times the kernel's
        size. Everything else stays as it is.
    """
    ### BEGIN SOLUTION
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    ### END SOLUTION

# %% check="initialize" points=4
check(initialize)

# %% [markdown] hint="initialize"
# `model.modules()` goes through the model itself and everything inside it, to any depth. `model.children()` stops after the
# first level.

# %% [markdown] hint="initialize"
# `isinstance(module, (nn.Linear, nn.Conv2d))`, then `nn.init.kaiming_normal_(..., nonlinearity="relu")`. A layer may have no
# bias: then `module.bias` is None.

# %% [markdown]
# How much do the default and your `initialize` differ in a deep ReLU network? (The third line, `normal_(0, 1)`, is a
# guess that one meets in code.) The second number is the spread *between examples*, for a single neuron: what is left of
# the input.

# %% tags=["gpu", "experiment"]
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
x = torch.randn(256, 512, device=device)


def spread_after(prepare, depth=20):
    model = nn.Sequential(*[layer for _ in range(depth) for layer in (nn.Linear(512, 512), nn.ReLU())])
    prepare(model)
    with torch.no_grad():
        out = model.to(device)(x)
    return out.std().item(), out.std(dim=0).mean().item()


def standard_normal(model):
    for parameter in model.parameters():
        nn.init.normal_(parameter)


print("device:", device)
for name, prepare in (("default", lambda model: None), ("initialize", initialize), ("normal_(0, 1)", standard_normal)):
    spread, between_examples = spread_after(prepare)
    print(f"{name:13}: spread after 20 layers {spread:.1e}, between examples {between_examples:.1e}")

# %% [markdown]
# By default hardly anything of the input arrives at the end. What remains are the random biases of the last layers, the
# same for every example. For a deep plain network the default is too small. By how much, and why many networks learn in
# spite of it, is the subject of question 3.

# %% [markdown]
# ## Back to the digits {#digits}
#
# The same digits, the same networks, the same learning rate and number of epochs as at the beginning. *Only the standard
# deviation of the first weights differs* between the curves of one activation: for the sigmoid $1/\sqrt{\text{fan-in}}$
# as before, and four times as much; for the tanh Xavier's rule, and a tenth of $1/\sqrt{\text{fan-in}}$.
#
# **Predict.** Four hidden layers of sigmoids learned nothing. Which share of the new digits do they read with weights
# four times as large? And which share do four layers of tanh read with weights that are too small?

# %%
predict(
    "second_try",
    choice("sigmoids with weights four times as large", "no better than chance", "about 50 %", "more than 90 %"),
    choice("tanh with weights ten times too small", "no better than chance", "about 50 %", "more than 90 %"),
)

# %% role="given"
RULES = {
    "sigmoid, 1/√fan-in": (torch.sigmoid, lambda fan_in, fan_out: fan_in**-0.5),
    "sigmoid, 4/√fan-in": (torch.sigmoid, lambda fan_in, fan_out: 4 * fan_in**-0.5),
    "tanh, 0.1/√fan-in": (torch.tanh, lambda fan_in, fan_out: 0.1 * fan_in**-0.5),
    "tanh, Xavier": (torch.tanh, lambda fan_in, fan_out: (2 / (fan_in + fan_out)) ** 0.5),
}

# %% tags=["experiment"]
by_rule = {"sigmoid, 1/√fan-in": sigmoid_accuracy[1:]}
for rule, (activation, spread) in list(RULES.items())[1:]:
    by_rule[rule] = [train_networks(make_networks(depth, spread, seeds=5), activation)[0] for depth in range(1, 5)]
for rule, found in by_rule.items():
    print(f"{rule:19}: " + "   ".join(f"depth {depth}: {values.mean():5.1%}" for depth, values in enumerate(found, 1)))

# %% tags=["experiment", "figure"]
# Figure: accuracy against depth, for two activations and two sizes of the first weights each.
figure, ax = plots.axes("Same activation, other first weights", "hidden layers", "validation accuracy (%)")
words = []
for (rule, found), look in zip(by_rule.items(), (("o:", plots.VERMILLION), ("o-", plots.VERMILLION), ("s:", plots.BLUE), ("s-", plots.BLUE))):
    values = 100 * np.array(found)
    ax.plot(range(1, 5), values.mean(axis=1), look[0], color=look[1], ms=5, label=rule)
    ax.fill_between(range(1, 5), values.min(axis=1), values.max(axis=1), color=look[1], alpha=0.15)
    words.append(f"{rule}: " + ", ".join(f"{v:.0f}" for v in values.mean(axis=1)))
ax.set_xticks(range(1, 5))
ax.legend(loc="lower left")
plots.describe(figure, f"Mean validation accuracy in per cent for {len(values)} numbers of hidden layers, from one on, with a band from the lowest to the highest seed. {'; '.join(words)}.")

# %% tags=["outcome"]
# What you predicted, and what happened.
words = lambda share: "more than 90 %" if share > 0.9 else "about 50 %" if share > 0.3 else "no better than chance"
outcome(
    "second_try", words(by_rule["sigmoid, 4/√fan-in"][3].mean()), words(by_rule["tanh, 0.1/√fan-in"][3].mean()),
    because="The first weights alone decide whether four layers learn, with either activation.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# In these 30 epochs, only the first weights made the difference. (With 150 epochs, the small sigmoids reach 70 to 85 %.
# The small tanh weights still learn nothing.) With weights four times as large, each sigmoid layer keeps about two thirds
# of the gradient, in place of a quarter. For four layers this is enough. For twenty it is not, as the demo has shown.
#
# </details>
#
# With Xavier's rule, depth no longer does harm. More layers still hardly help *on these digits*: one hidden layer is
# nearly as good. On harder problems depth can pay, but it must first stop doing harm.

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: the wrong fan {#question-fan}
#
# *Core* · 4 minutes · 3 points. A layer maps 784 inputs to 100 neurons with ReLU. A colleague uses variance 2/fan-out in place
# of 2/fan-in. By which factor is the standard deviation of the pre-activations too large or too small? The next layer, from
# 100 to 10, is initialized in the same wrong way. What is the factor after both? When would nobody notice?

# %% [markdown] answer="fan" points=3
# ### BEGIN SOLUTION
# Variance 2/100 in place of 2/784: the variance is 7.84 times too large, so the deviation of the pre-activations is
# $\sqrt{7.84} = 2.8$ times too large. In the next layer 2/10 in place of 2/100 gives a factor of $\sqrt{10} = 3.2$; together
# $\sqrt{78.4} = 8.9$. With layers of equal size nobody notices, since fan-in and fan-out are the same; or with batch
# normalization, which divides by the deviation.
# ### END SOLUTION

# %% [markdown] mark_scheme="fan"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: 2.8 times too large (the direction is needed; 7.84, the factor of the variance, named as deviation: half a point).
# - 1 point: the factors multiply: 8.9 (9 with rounded factors; with 7.84 and 10 as "deviations", 78: half a point).
# - 1 point: square layers; or normalization layers behind them; or, at the output of a deep network, as many outputs as
#   inputs (the factors then cancel).
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: a look at the start {#question-look}
#
# *Core* · 4 minutes · 3 points. You print the spread of the activations of a new network of ten tanh layers before training:
# 0.63, 0.95, 0.97, 0.97, ..., 0.97. A colleague says: "Good, it stays the same from layer to layer." Why is this network in
# trouble all the same? What would you print as a second quantity, and what do you expect to see?

# %% [markdown] answer="look" points=3
# ### BEGIN SOLUTION
# The outputs of a tanh lie between $-1$ and $1$. A spread of 0.97 is only possible if nearly all of them are close to
# $-1$ or $+1$: the neurons are saturated, because the weights are too large. There the slope, $1 - a^2$, is small on
# average: $1 - 0.97^2 = 0.06$. I would print the spread of the gradients layer by layer. It grows towards the input: from
# the neurons that are not saturated it goes back through large weights. So the first layers get far too large gradients,
# and a tiny change of the input changes the output completely.
# ### END SOLUTION

# %% [markdown] mark_scheme="look"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: saturation: a tanh with spread 0.97 is nearly always at $\pm 1$. "Weights too large" without this: half a point.
# - 1 point: a second quantity that shows it: gradients per layer, mean slope, share of saturated neurons, a histogram.
# - 1 point: what is expected there: a mean slope of about 0.06, a share near 1 of saturated neurons, or gradients that
#   grow towards the input. "The gradients vanish": half a point (small slopes are right, the large weights are
#   forgotten).
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 7 minutes · 4 points. You may meet this advice:
#
# > You need not think about initialization in PyTorch. `nn.Linear` uses Kaiming initialization by default, with a gain of √5,
# > which is made for ReLU networks.
#
# (a) What does the √5 mean? (b) Which standard deviation do the default weights have, for a fan-in of 300? Which one has
# Kaiming's for a ReLU? (c) By which factor does the second moment change from one ReLU layer to the next by default (leave the
# biases out), and after ten layers? (d) Why do many networks learn nevertheless? A cell to try things out:

# %%
print("deviation of the default weights:", nn.Linear(300, 300).weight.std().item())

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) It is the slope of a leaky ReLU below 0, an argument of `kaiming_uniform_`. The gain that follows from it is
# $\sqrt{2/(1 + 5)} = 0.577$, where a ReLU needs $\sqrt 2$.
#
# (b) Default: uniform on $\pm 1/\sqrt{300}$, so the deviation is $1/\sqrt{3 \cdot 300} = 0.0333$. Kaiming:
# $\sqrt{2/300} = 0.0816$.
#
# (c) $300 \cdot \frac{1}{3 \cdot 300} \cdot \frac12 = \frac16$ per layer; after ten layers $6^{-10} = 1.7 \cdot 10^{-8}$.
#
# (d) Most have few layers. Others have batch normalization, which scales every layer again, or connections that skip
# layers, or an optimizer such as Adam, whose steps do not depend on the size of the gradient.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) The negative slope of a leaky ReLU (the gain is $\sqrt{1/3}$). "Not a gain" alone: half a point.
# - (b) 0.033 and 0.082 (variances 0.0011 and 0.0067 are as good). One of the two: half a point.
# - (c) 1/6 per layer, about $10^{-8}$ after ten. With the deviation, $6^{-5} = 1.3 \cdot 10^{-4}$, if it is called so:
#   full point.
# - (d) One true reason. The random biases are none: they say nothing about the input.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Size through a layer | $\operatorname{Var}(z) = n \operatorname{Var}(w)\,\mathbb E[x^2]$ | `x.std()` after each layer | forward hooks |
# | Xavier | variance 2 / (fan-in + fan-out); for tanh | `rng.uniform(-c, c)`, $c = \sqrt{6/(n + m)}$ | `nn.init.xavier_uniform_` |
# | Kaiming | variance 2 / fan-in; for ReLU | `rng.normal(0, np.sqrt(2 / n))` | `nn.init.kaiming_normal_(w, nonlinearity="relu")` |
# | Default of `nn.Linear` | variance 1 / (3 fan-in) | | `kaiming_uniform_(w, a=5**0.5)` |
# | Symmetry | equal neurons stay equal | random weights | |
# | Biases | zero is fine | `np.zeros` | `nn.init.zeros_` |
#
# | Symptom | Suspect |
# |---|---|
# | activations shrink from layer to layer | weights too small; gain of the ReLU forgotten |
# | a tanh network with spreads near 1 | saturated: weights too large |
# | first layers do not learn | slopes of the sigmoid, weights too small: gradients vanish |
# | tanh layers look healthy, the loss jumps or is `nan` | weights too large: gradients explode |
# | all neurons of a layer are the same | equal first weights |
# | neurons that are always 0 | dead ReLUs: biases too low, learning rate too large |
# | right for square layers only | fan-in and fan-out swapped |
#
# ## Read on {#read-on}
#
# - X. Glorot, Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural networks. *AISTATS*, PMLR 9,
#   249–256. Activations and gradients, followed through the layers.
# - K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers: surpassing human-level performance on ImageNet
#   classification. *ICCV*, 1026–1034. The factor 2 for the ReLU.
# - M. A. Nielsen (2015). *Neural Networks and Deep Learning*, chapter 5. Determination Press. The experiment with sigmoids.
# - A. M. Saxe, J. L. McClelland, S. Ganguli (2014). Exact solutions to the nonlinear dynamics of learning in deep linear
#   neural networks. *ICLR*. What orthogonal first weights do.
# - S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein (2017). Deep information propagation. *ICLR*. How far a signal
#   reaches, depending on the first weights.
