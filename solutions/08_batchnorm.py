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
#     minutes: 81
#     builds_on: [01_backprop, 03_training_loop, 04_initialization]
# ---

# %% [markdown]
# # 08 · Batch normalization
#
# Notebook 04 chose the first weights so that every layer gets inputs of a good size. After the first step nobody looks
# any more. Batch normalization looks in every step: it scales what enters a layer by the mean and the deviation of the
# batch. It made deep networks easy to train. And it has a price: while the network is trained, what it says about an
# image depends on the other images.
#
# **After this notebook you can**
#
# - tell three kinds of shift between training data and new data apart;
# - derive the gradient through batch normalization, and write it in three lines;
# - keep running statistics, and say what changes between training and use;
# - fold batch normalization into a layer, and say what the size of a batch means for it.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters | | 6 | |
# | When the data shift | | 6 | |
# | Centring | `centering_backward` | 4 | 3 |
# | Normalizing a batch | `batchnorm_forward`, `batchnorm_backward` | 16 | 9 |
# | Repair (*going further*) | `repaired_batchnorm_backward` | 6 | 2 |
# | In training and in use | `BatchNorm`, `fold_batchnorm` | 16 | 8 |
# | How noisy is a batch? | `batch_statistics_noise` | 5 | 2 |
# | In PyTorch | `TorchBatchNorm` | 7 | 5 |
# | Why does it work? | | 4 | |
# | Questions · Summary | three short texts | 17 | 10 |
#
# The core takes about 81 minutes and earns 37 points, *going further* another 6 minutes and 2 points. The exercises are
# checked one by one: you can skip one and come back.
#
# **Conventions.** A batch `x` has the shape `(N, D)`: N examples, D **features**. Mean and variance of a feature are
# taken over the N examples of the batch. The **biased** variance divides by N, the **unbiased** one by N − 1. A small
# `eps` is added to a variance before the root is taken.

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
    "warm_up_08",
    choice("new images are normalized by mean and deviation of", "the training images", "the new images", "both together"),
    choice("a bias was added to each row of a batch: its gradient is", "the sum over the rows", "the mean over the rows", "a row of ones"),
    choice("in a deep ReLU network with weights that are too small, the activations", "vanish", "explode", "stay"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_08", "the training images", "the sum over the rows", "vanish",
    because="In use there may be a single image, which has no deviation. What is used N times collects N gradients. "
    "Each layer multiplies the size by the same factor below 1.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# Six hidden layers of 30 ReLUs read the digits, trained by plain SGD for 10 epochs. The weights are PyTorch's default or
# Kaiming's, as in notebook 04; with and without batch normalization after each linear layer; with two learning rates, and
# three seeds each.
#
# **Predict.** Six layers with PyTorch's default weights and a learning rate of 0.1: how many digits are read correctly
# without batch normalization, and how many with it?

# %%
predict(
    "six_layers",
    choice("without batch normalization", "about 10 %", "about 50 %", "more than 90 %"),
    choice("with batch normalization", "about 10 %", "about 50 %", "more than 90 %"),
)

# %% role="given"
digits = data.digits()
train_x, train_y = torch.tensor(digits.train.x).float(), torch.tensor(digits.train.y)
new_x, new_y = torch.tensor(digits.validation.x).float(), torch.tensor(digits.validation.y)

def make_network(depth, normalized, kaiming=False, width=30):
    """Hidden ReLU layers, with batch normalization before each ReLU or without."""
    layers, inputs = [], 64
    for _ in range(depth):
        layers.append(nn.Linear(inputs, width))
        if kaiming:
            nn.init.kaiming_normal_(layers[-1].weight, nonlinearity="relu")
            nn.init.zeros_(layers[-1].bias)
        layers += [nn.BatchNorm1d(width), nn.ReLU()] if normalized else [nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(width, 10))

def train_network(model, lr, epochs=10, batch_size=64):
    """Train by plain SGD; the last batch of an epoch is left out if it has a single image. Returns the accuracy on new images."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for rows in torch.randperm(len(train_x)).split(batch_size):
            if len(rows) == 1:
                continue
            loss = nn.functional.cross_entropy(model(train_x[rows]), train_y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return (model(new_x).argmax(dim=1) == new_y).float().mean().item()

def accuracies(depth, normalized, lr, seeds=3, **options):
    found = []
    kaiming = options.pop("kaiming", False)
    for seed in range(seeds):
        torch.manual_seed(seed)
        found.append(100 * train_network(make_network(depth, normalized, kaiming), lr, **options))
    return np.array(found)

# %% tags=["experiment"]
rates = (0.1, 1.0)
table = {}
for weights, kaiming in (("default", False), ("Kaiming", True)):
    for normalized in (False, True):
        found = [accuracies(6, normalized, lr, kaiming=kaiming) for lr in rates]
        table[weights, normalized] = np.array(found)
        shown = "   ".join(f"rate {lr}: {values.mean():3.0f} % ({values.min():.0f} to {values.max():.0f})" for lr, values in zip(rates, found))
        print(f"{weights:7} weights, {'with' if normalized else 'without':7} batch normalization:   {shown}")

# %% tags=["outcome"]
# What you predicted, and what happened.
words = lambda percent: "about 10 %" if percent < 25 else "about 50 %" if percent < 80 else "more than 90 %"
outcome(
    "six_layers", words(table["default", False][0].mean()), words(table["default", True][0].mean()),
    because="With PyTorch's default weights and plain SGD, six layers learn nothing in these 10 epochs.",
)

# %% [markdown]
# Look at the other rows, too. With batch normalization it hardly matters which weights one begins with, and a learning
# rate works that is ten times larger. (All of this is plain SGD for 10 epochs. With Adam, or with three times as many
# epochs, Kaiming's network reads about 95 % without batch normalization, too.) What does it do?

# %% [markdown]
# ## When the data shift {#shift}
#
# First a word that belongs to the story. A model that was fitted to one **distribution** of data is used on another one:
# a **data set shift**. Inputs $x$, labels $y$. There are three kinds:
#
# | | what changes | what stays |
# |---|---|---|
# | **covariate shift** | which inputs occur, $p(x)$ | the label of each input, $p(y \mid x)$ |
# | **prior shift** | how often each class occurs, $p(y)$ | what a class looks like, $p(x \mid y)$ |
# | **concept shift** | the label of an input, $p(y \mid x)$ | which inputs occur, $p(x)$ |
#
# A softmax classifier has learned the digits. It meets: images that are moved by one pixel to the right; a postbox with
# nine times as many eights as everything else together; a country where 1 and 7 have changed their names.
#
# **Predict.** Which of the three costs the most accuracy? For which one is the accuracy of *each single digit* the same
# as before?

# %%
predict(
    "shifts",
    choice("the largest loss of accuracy: ", "moved images", "many eights", "1 and 7 swapped"),
    choice("each digit for itself is read as well as before with", "moved images", "many eights", "1 and 7 swapped"),
)

# %%
W, b = np.zeros((64, 10)), np.zeros(10)
x, y = digits.train.x, digits.train.y
for _ in range(500):
    p = np.exp(scores := x @ W + b)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    W, b = W - 2 * x.T @ p / len(y), b - 2 * p.mean(axis=0)

def read(images):
    return (images @ W + b).argmax(axis=1)

x, y = digits.validation.x, digits.validation.y
moved = np.roll(x.reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)
rng = np.random.default_rng(0)
eights = np.where(rng.random(3000) < 0.9, rng.choice(np.flatnonzero(y == 8), 3000), rng.choice(np.flatnonzero(y != 8), 3000))
swapped = np.where(y == 1, 7, np.where(y == 7, 1, y))
shift_accuracy = {
    "as trained": np.mean(read(x) == y),
    "moved images": np.mean(read(moved) == y),
    "many eights": np.mean(read(x[eights]) == y[eights]),
    "1 and 7 swapped": np.mean(read(x) == swapped),
}
for name, share in shift_accuracy.items():
    print(f"{name:16}: {share:.0%} right")
print(f"eights: {np.mean(read(x[y == 8]) == 8):.0%} right as trained, {np.mean(read(x[eights][y[eights] == 8]) == 8):.0%} among many")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("shifts", min(shift_accuracy, key=shift_accuracy.get), "many eights", because="Prior shift changes how often a digit comes, not what it looks like.")

# %% [markdown]
# The remedy differs, too. Covariate shift: train with such images. Prior shift: correct the probabilities by the new
# frequencies. Concept shift: new labels are needed.
#
# **Play.** The three shifts in two dimensions. Which of them can be seen if the colours (the labels) are hidden? Which
# one leaves the cloud of each class where it is?

# %% tags=["demo"]
demos.data_shifts()

# %% [markdown]
# <details><summary>Answer</summary>
#
# Without labels, covariate shift is seen at once: the points lie elsewhere. Prior shift is seen as far as one cloud
# becomes dense and the other thin. Concept shift cannot be seen: the points stay where they are, and only their labels
# change. Prior shift leaves the cloud of each class where it is. At full strength, covariate shift and concept shift
# both take the classifier from 89 % to 61 %. (The true border is curved. The straight line fits it where the training
# data are, and not to the right of them.) Prior shift costs nothing here.
#
# </details>
#
# Inside a network each layer sees the outputs of the layer before, and these change in every step, as the weights change.
# The inventors of batch normalization called this **internal covariate shift**, and wanted to reduce it. Whether this is
# why it works, see the end.

# %% [markdown]
# ## Centring {#centering}
#
# The first stage of normalization is a small one: subtract the mean of each feature, $c_n = x_n - \frac1N \sum_k x_k$.
# What does the gradient do? Each $x_k$ acts on $c_k$ directly, and on *all* $c_n$ through the mean:
#
# $$\frac{\partial L}{\partial x_k} = \sum_n \frac{\partial L}{\partial c_n}\,\frac{\partial c_n}{\partial x_k}, \qquad \frac{\partial c_n}{\partial x_k} = \begin{cases} 1 - \frac1N & n = k\\ -\frac1N & n \ne k. \end{cases}$$
#
# **Predict.** The gradient that arrives is the same for all examples of the batch, say 1. What comes out?

# %%
predict("constant_gradient", choice("the gradient with respect to the inputs is", "1 for all", "1/N for all", "0 for all"))

# %% [markdown]
# ### Exercise 1: centering_backward {#exercise-centering-backward}
#
# *Core* · 3 minutes · 3 points.

# %% solution="centering_backward"
def centering_backward(dout):
    """Gradient through `x - x.mean(axis=0)`.

    Parameters
    ----------
    dout : array (N, D)
        Gradient of the loss with respect to the centred batch.

    Returns
    -------
    array (N, D)
        Gradient with respect to the batch.
    """
    ### BEGIN SOLUTION
    return dout - dout.mean(axis=0)
    ### END SOLUTION

# %% check="centering_backward" points=3
check(centering_backward)

# %% [markdown] hint="centering_backward"
# Put the two cases of the formula into the sum. The 1 gives one term, $-\frac1N$ gives a sum over all examples. What is
# $\frac1N$ of a sum?

# %%
print(centering_backward(np.ones((4, 2))))

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome("constant_gradient", "0 for all", because="To add the same number to all examples changes nothing after the centring. So its gradient is 0.")

# %% [markdown]
# Centring forwards, centring backwards: what the layer takes away on the way forwards, it also takes away from the
# gradient. (This is why a gradient check with a gradient of ones proves nothing here: every wrong formula that gives 0
# passes.)

# %% [markdown]
# ## Normalizing a batch {#normalize}
#
# For each feature, with the mean $\mu$ and the *biased* variance $\sigma^2$ of the batch:
#
# $$\hat x_n = \frac{x_n - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad \text{out}_n = \gamma\,\hat x_n + \beta.$$
#
# The paper (Ioffe and Szegedy, 2015) makes two simplifications. It treats each feature for itself, where one could also
# remove the dependences between features. And it takes mean and variance of the *batch*, where one would like those of
# all data. Then it gives back what normalization took away: $\gamma$ and $\beta$ are learned, one number each per
# feature. With the right values they would undo the normalization.
#
# ### Exercise 2: batchnorm_forward {#exercise-batchnorm-forward}
#
# *Core* · 5 minutes · 4 points.

# %% solution="batchnorm_forward"
def batchnorm_forward(x, gamma, beta, eps):
    """Batch normalization of a training batch.

    Parameters
    ----------
    x : array (N, D)
        The batch, N >= 2.
    gamma, beta : array (D,)
        Factor and shift of each feature.
    eps : float
        Added to the variance, under the root.

    Returns
    -------
    out : array (N, D)
        gamma * x_hat + beta.
    x_hat : array (N, D)
        The normalized batch.
    std : array (D,)
        The root of the biased variance plus eps.
    """
    ### BEGIN SOLUTION
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    return gamma * x_hat + beta, x_hat, std
    ### END SOLUTION

# %% check="batchnorm_forward" points=4
check(batchnorm_forward)

# %% [markdown] hint="batchnorm_forward"
# Over which axis do you take the mean, if each of the D features gets a mean of its own? `x.var` divides by N.

# %% [markdown] hint="batchnorm_forward"
# Three lines: `std` from the variance plus `eps`, `x_hat` with brackets around the difference, and the result.

# %% [markdown]
# *Backwards.* For $\gamma$ and $\beta$ it is as for weights and biases. For $x$ there are three ways to the loss:
# directly, through the mean, and through the deviation. Write $g_n = \gamma\,\frac{\partial L}{\partial \text{out}_n}$
# for the gradient that arrives at $\hat x_n$. The way through the mean you have done. For the deviation, $\frac{\partial
# \hat x_n}{\partial \sigma'} = -\frac{\hat x_n}{\sigma'}$ with $\sigma' = \sqrt{\sigma^2 + \varepsilon}$, and
# $\frac{\partial \sigma'}{\partial x_k} = \frac{1}{N}\,\hat x_k$. All together:
#
# $$\frac{\partial L}{\partial x_k} = \frac{1}{\sigma'}\Big( g_k - \frac1N\sum_n g_n - \hat x_k\,\frac1N\sum_n g_n\,\hat x_n \Big).$$
#
# Two parts are taken away from the gradient: what would move all examples together, and what would only stretch them.
# Neither has an effect behind the normalization. (Does the variance not also depend on the mean? Its derivative with
# respect to the mean is $-\frac2N\sum_n (x_n - \mu) = 0$.)
#
# ### Exercise 3: batchnorm_backward {#exercise-batchnorm-backward}
#
# *Core* · 8 minutes · 5 points.

# %% solution="batchnorm_backward"
def batchnorm_backward(dout, x_hat, gamma, std):
    """Gradients through `batchnorm_forward`.

    Parameters
    ----------
    dout : array (N, D)
        Gradient of the loss with respect to `out`.
    x_hat : array (N, D)
        The normalized batch of the forward pass.
    gamma : array (D,)
        The factors.
    std : array (D,)
        The roots of variance plus eps of the forward pass.

    Returns
    -------
    dx : array (N, D)
    dgamma, dbeta : array (D,)
    """
    ### BEGIN SOLUTION
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    g = dout * gamma
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / std
    return dx, dgamma, dbeta
    ### END SOLUTION

# %% check="batchnorm_backward" points=5
check(batchnorm_backward)

# %% [markdown] hint="batchnorm_backward"
# First the easy ones. $\beta$ is added to every row, and $\gamma$ is multiplied with every row of $\hat x$. What is the
# gradient of something that is used N times?

# %% [markdown] hint="batchnorm_backward"
# For `dx`, start with `g = dout * gamma`. The formula has two means over the batch: that of `g`, and that of `g * x_hat`.

# %% [markdown] hint="batchnorm_backward"
# `dx = (g - ... - x_hat * ...) / std`, in which both gaps are means over axis 0.

# %%
rng = np.random.default_rng(0)
x, dout, gamma = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=3)
_, x_hat, std = batchnorm_forward(x, gamma, np.zeros(3), 1e-5)
dx, _, _ = batchnorm_backward(dout, x_hat, gamma, std)
print("sum of dx over the batch:", dx.sum(axis=0).round(15))
print("sum of dx * x_hat over the batch:", (dx * x_hat).sum(axis=0).round(6))

# %% [markdown]
# Both sums are 0 (the second one nearly, because of $\varepsilon$): a quick test of any implementation.
#
# **What goes wrong**
#
# - *Mean and deviation are treated as constants.* Then the backward pass has one term in place of three, and the gradient
#   wants to move the whole batch.
# - *The axis.* Over axis 1 each example is normalized by its own features. This exists, too: it is called *layer
#   normalization*.
# - *Square matrices in tests.* With N = D, a wrong axis gives no error message.

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "In training and in use".* This version goes back step by step, node by
# node, as one finds it in many blogs. It has three bugs.
#
# ### Exercise 4: repaired_batchnorm_backward {#exercise-repaired-batchnorm-backward}
#
# *Going further* · 6 minutes · 2 points.

# %% solution="repaired_batchnorm_backward"
def repaired_batchnorm_backward(dout, x_hat, gamma, std):
    """The same as `batchnorm_backward`."""
    ### BEGIN SOLUTION
    n = dout.shape[0]
    ones = np.ones(n)
    dbeta = ones @ dout
    dgamma = np.einsum("nd,nd->d", dout, x_hat)
    d_hat = dout * gamma
    centred = x_hat * std
    d_std = -np.einsum("nd,nd->d", d_hat, centred) / std**2
    d_variance = 0.5 * d_std / std
    d_centred = d_hat / std + 2.0 * centred * d_variance / n
    dx = d_centred - (ones @ d_centred) / n
    return dx, dgamma, dbeta
    ### END SOLUTION

# %% broken="repaired_batchnorm_backward"
def repaired_batchnorm_backward(dout, x_hat, gamma, std):
    """The same as `batchnorm_backward`."""
    n = dout.shape[0]
    ones = np.ones(n)
    dbeta = ones @ dout / n
    dgamma = np.einsum("nd,nd->d", dout, x_hat)
    d_hat = dout * gamma
    centred = x_hat * std
    d_std = np.einsum("nd,nd->d", d_hat, centred) / std**2
    d_variance = 0.5 * d_std / std
    d_centred = d_hat / std + 2.0 * centred * d_variance / n
    dx = d_centred - (ones @ d_centred)
    return dx, dgamma, dbeta

# %% check="repaired_batchnorm_backward" points=2
check(repaired_batchnorm_backward)

# %% [markdown] hint="repaired_batchnorm_backward"
# One result is a mean where it should be a sum; in another place it is the other way round. Use the two sums of the cell
# above the exercise.

# %% [markdown] hint="repaired_batchnorm_backward"
# What is the derivative of 1/s with respect to s? Look at its sign.

# %% [markdown]
# ## In training and in use {#modes}
#
# In use there may be a single image. It has no mean and no deviation, and its answer should not depend on other people's
# images. So during training the layer keeps **running statistics**, and in use it takes those:
#
# $$\text{running} \leftarrow (1 - w)\,\text{running} + w\,\text{batch}, \qquad w = \text{the weight of the new value.}$$
#
# PyTorch calls $w$ `momentum`, with 0.1 as its default. Elsewhere the same word means the weight of the *old* value, with
# 0.9 or 0.99. (That is why it is called `new_weight` here.)
#
# There is one more trap. The running variance stands for that of *all* data, so PyTorch puts the *unbiased* variance of
# the batch into it, although the batch itself is normalized by the biased one.
#
# **Predict.** By which factor is the unbiased variance larger than the biased one, in a batch of 2 and in one of 64?

# %%
predict("unbiased_factor", number("unbiased / biased, batch of 2"), number("unbiased / biased, batch of 64"))

# %%
batches = {n: np.random.default_rng(0).normal(size=n) for n in (2, 64)}
factors = {n: batch.var(ddof=1) / batch.var() for n, batch in batches.items()}

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome("unbiased_factor", factors[2], factors[64], because="The factor is N / (N - 1), whatever the numbers are.")

# %% [markdown]
# ### Exercise 5: BatchNorm {#exercise-batch-norm}
#
# *Core* · 9 minutes · 5 points.

# %% solution="BatchNorm"
class BatchNorm:
    """Batch normalization with running statistics.

    Parameters
    ----------
    features : int
        D, how many features there are.
    new_weight : float
        Weight of the new batch in the running statistics; the old value has the weight 1 - new_weight.
    eps : float
        Added to every variance, under the root.

    Attributes
    ----------
    gamma, beta : array (D,)
        Factor and shift; 1 and 0 at first.
    running_mean, running_var : array (D,)
        Running statistics; 0 and 1 at first.
    """

    def __init__(self, features, new_weight=0.1, eps=1e-5):
        ### BEGIN SOLUTION
        self.new_weight, self.eps = new_weight, eps
        self.gamma, self.beta = np.ones(features), np.zeros(features)
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        ### END SOLUTION

    def forward(self, x, training):
        """Normalize a batch, `gamma * x_hat + beta`.

        Parameters
        ----------
        x : array (N, D)
        training : bool
            If so, x is normalized by its own mean and biased variance, and the running statistics take in its mean and
            its unbiased variance. If not, x is normalized by the running statistics, and nothing changes.

        Returns
        -------
        array (N, D)

        Raises
        ------
        ValueError
            For a training batch of one example, which has no deviation. Then nothing has changed.
        """
        ### BEGIN SOLUTION
        if not training:
            x_hat = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
            return self.gamma * x_hat + self.beta
        if len(x) == 1:
            raise ValueError("a training batch needs at least two examples")
        mean, var = x.mean(axis=0), x.var(axis=0)
        w, unbiased = self.new_weight, x.var(axis=0, ddof=1)
        self.running_mean = (1 - w) * self.running_mean + w * mean
        self.running_var = (1 - w) * self.running_var + w * unbiased
        return self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta
        ### END SOLUTION

# %% check="BatchNorm" points=5
check(BatchNorm)

# %% [markdown] hint="BatchNorm"
# Two cases, `training` and not. In which of them do the running statistics change, and in which are they used?

# %% [markdown] hint="BatchNorm"
# `x.var(axis=0)` for the batch, `x.var(axis=0, ddof=1)` for the running variance. Raise the `ValueError` before anything
# changes.

# %% [markdown] hint="BatchNorm"
# `self.running_mean = (1 - self.new_weight) * self.running_mean + self.new_weight * ...`, and the same for the variance.

# %% [markdown]
# In use, the running statistics are constants. Then batch normalization is a factor and a shift per feature. So is the
# linear layer before it, and two such things in a row are one: batch normalization can be *folded* into the weights, and
# costs nothing any more.
#
# $$z = x\,W + b, \qquad \gamma\,\frac{z - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta = x\,W' + b'.$$
#
# ### Exercise 6: fold_batchnorm {#exercise-fold-batchnorm}
#
# *Core* · 5 minutes · 3 points.

# %% solution="fold_batchnorm"
def fold_batchnorm(W, b, gamma, beta, mean, var, eps):
    """The one linear layer that equals a linear layer with batch normalization behind it, in use.

    Parameters
    ----------
    W : array (D, C)
    b : array (C,)
        Weights and biases of the linear layer, `z = x @ W + b`.
    gamma, beta, mean, var : array (C,)
        Factor, shift and running statistics of the normalization of `z`.
    eps : float
        Added to the variance, under the root.

    Returns
    -------
    W_new : array (D, C)
    b_new : array (C,)
    """
    ### BEGIN SOLUTION
    factor = gamma / np.sqrt(var + eps)
    return W * factor, (b - mean) * factor + beta
    ### END SOLUTION

# %% check="fold_batchnorm" points=3
check(fold_batchnorm)

# %% [markdown] hint="fold_batchnorm"
# Write the formula as (factor) · z + (rest). Put `x @ W + b` in for z. What is multiplied with `x`, and what stands alone?

# %% [markdown]
# ## How noisy is a batch? {#noise}
#
# The mean of a batch is an estimate. Its variance is that of a mean of N independent numbers.
#
# ### Exercise 7: batch_statistics_noise {#exercise-batch-statistics-noise}
#
# *Core* · 2 minutes · 2 points.

# %% solution="batch_statistics_noise"
def batch_statistics_noise(population_variance, batch_size):
    """Variance of the mean of a batch of independent examples.

    Parameters
    ----------
    population_variance : float
        Variance of a feature.
    batch_size : int
        Examples in a batch.

    Returns
    -------
    float
    """
    ### BEGIN SOLUTION
    return population_variance / batch_size
    ### END SOLUTION

# %% check="batch_statistics_noise" points=2
check(batch_statistics_noise)

# %% [markdown] hint="batch_statistics_noise"
# You met this in notebook 03, for gradients: how does the squared error of an estimate fall with the batch size?

# %% [markdown]
# **Predict.** Two hidden layers learn the digits for 2 epochs with a learning rate of 0.1. In batches of 2: is batch
# normalization a help or a hindrance?

# %%
predict("batches_of_two", choice("in batches of 2, with batch normalization the accuracy is", "much higher", "about the same", "much lower"))

# %% tags=["experiment"]
small = {}
for batch_size in (2, 4, 64):
    for normalized in (False, True):
        small[batch_size, normalized] = accuracies(2, normalized, 0.1, seeds=2, epochs=2, batch_size=batch_size)
    plain, with_it = small[batch_size, False], small[batch_size, True]
    print(f"batches of {batch_size:2}: without {plain.mean():.0f} % ({plain.min():.0f} to {plain.max():.0f}), with {with_it.mean():.0f} % ({with_it.min():.0f} to {with_it.max():.0f})")

# %% tags=["outcome"]
# What you predicted, and what happened.
apart = small[2, True].mean() - small[2, False].mean()
outcome(
    "batches_of_two", "much higher" if apart > 10 else "much lower" if apart < -10 else "about the same",
    because="In a batch of 2 every feature becomes nearly +1 and -1. Only which of the two is larger remains.",
)

# %% [markdown]
# It is not the fault of the running statistics: taken anew from all training images, they hardly change the accuracy. The
# batches of 2 themselves teach little. (The number of epochs is the same in all rows, so batches of 64 make 32 times
# fewer steps: this is why the plain network has not come far there. And with 1,197 images in batches of 2, the last batch
# has a single image. PyTorch refuses it with an error; the loop above leaves it out.)
#
# **Play.** Draw batch after batch. How much do mean and deviation of a batch scatter, for 2, 8 and 64 examples? Where
# does one and the same example lie after normalization?

# %% tags=["demo"]
lend("batchnorm_forward")
demos.batch_statistics(batchnorm_forward)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The means of 40 batches of 2 lie between −0.7 and 1.4, those of 64 between −0.2 and 0.3. (The example is in every batch,
# so only the others scatter.) Normalized, the example in a batch of 2 becomes $+1$ or $-1$. All that is left of it is
# whether it was the larger one. (Where the two are nearly equal, $\varepsilon$ lets it come closer to 0.) With 4 it lies
# between about 0 and 1.7, and with 64 between about 0.7 and 1.4. In use, with the mean 0 and the deviation 1 of all data,
# it would always be 1.
#
# </details>

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# A module has two kinds of arrays. **Parameters** (`nn.Parameter`) are trained. **Buffers** (`self.register_buffer(name,
# tensor)`) are not, but they belong to the state: they move to the GPU with the module and are saved with it. Running
# statistics are buffers.
#
# ### Exercise 8: TorchBatchNorm {#exercise-torch-batch-norm}
#
# *Core* · 6 minutes · 5 points.

# %% solution="TorchBatchNorm"
class TorchBatchNorm(nn.Module):
    """Batch normalization of (N, D), equal to `nn.BatchNorm1d(features, momentum=new_weight, eps=eps)`.

    Parameters
    ----------
    features : int
    new_weight : float
        Weight of the new batch in the running statistics.
    eps : float
        Added to every variance, under the root.

    Notes
    -----
    `gamma` (ones) and `beta` (zeros) are parameters, `running_mean` (zeros) and `running_var` (ones) are buffers, all
    of shape (D,). `state_dict` holds these four and nothing else.
    """

    def __init__(self, features, new_weight=0.1, eps=1e-5):
        ### BEGIN SOLUTION
        super().__init__()
        self.new_weight, self.eps = new_weight, eps
        self.gamma = nn.Parameter(torch.ones(features))
        self.beta = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        ### END SOLUTION

    def forward(self, x):
        """Normalize a batch: by its own statistics while `self.training`, else by the running ones.

        Parameters
        ----------
        x : Tensor (N, D)

        Returns
        -------
        Tensor (N, D)

        Raises
        ------
        ValueError
            For a batch of one example in training. Then nothing has changed.
        """
        ### BEGIN SOLUTION
        mean, var = self.running_mean, self.running_var
        if self.training:
            if len(x) == 1:
                raise ValueError("a training batch needs at least two examples")
            mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.new_weight)
                self.running_var.lerp_(x.var(dim=0), self.new_weight)
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta
        ### END SOLUTION

# %% check="TorchBatchNorm" points=5
check(TorchBatchNorm)

# %% [markdown] hint="TorchBatchNorm"
# Your `BatchNorm` in PyTorch. `x.var(dim=0)` is *unbiased* here, unlike in NumPy; the biased one is `x.var(dim=0,
# correction=0)`. The mode is `self.training`.

# %% [markdown] hint="TorchBatchNorm"
# Change the buffers inside `torch.no_grad()`: otherwise they keep the graph of every batch in memory. The gradient *does*
# have to flow through mean and variance of the batch.

# %% tags=["gpu", "experiment"]
import time

device = "cuda" if torch.cuda.is_available() else "cpu"
x = torch.randn(4096, 256, device=device)
print("device:", device)
for name, layer in (("yours", TorchBatchNorm(256)), ("nn.BatchNorm1d", nn.BatchNorm1d(256))):
    layer = layer.to(device)
    for repeat in range(12):
        if repeat == 2:
            if device == "cuda":
                torch.cuda.synchronize()
            start = time.perf_counter()
        layer(x).sum().backward()
    if device == "cuda":
        torch.cuda.synchronize()
    print(f"{name:14}: {100 * (time.perf_counter() - start):.1f} ms, forwards and back")

# %% [markdown]
# *Where to put it.* The paper puts it right before the activation, between the linear layer and the ReLU. Behind the
# activation is also in use, and which one is better differs from network to network. With batch normalization one takes
# larger learning rates, and less dropout.

# %% [markdown]
# ## Why does it work? {#reasons}
#
# The paper's title says: "by reducing internal covariate shift". Look at it. In the network with six layers, follow mean
# and deviation of what enters one ReLU in the fourth layer, over the steps of the training, with and without batch
# normalization.

# %% tags=["experiment", "figure"]
# Figure: what enters one neuron of the fourth layer, during training.
figure, panels = plots.axes("What enters one neuron of layer 4, during training", "step", "value", ncols=2, sharey=True, figsize=(9.6, 4.0))
levels, told = torch.tensor([0.15, 0.5, 0.85]), []

def watch(seen):
    """A hook that notes quantiles of the first neuron's inputs, in training."""
    def note(layer, inputs, output):
        if layer.training:
            seen.append(inputs[0][:, 0].detach().quantile(levels).numpy())
    return note

for ax, normalized in zip(panels, (False, True)):
    torch.manual_seed(0)
    model, seen = make_network(6, normalized, kaiming=True), []
    relus = [layer for layer in model if isinstance(layer, nn.ReLU)]
    relus[3].register_forward_hook(watch(seen))
    train_network(model, 0.1, epochs=8)
    low, middle, high = np.array(seen).T
    ax.plot(middle, **plots.line("hidden"))
    ax.fill_between(range(len(middle)), low, high, color=plots.COLOURS["hidden"], alpha=0.3)
    ax.set_title("with batch normalization" if normalized else "without", fontsize=11)
    told.append(f"{'with' if normalized else 'without'} batch normalization the median goes from {middle[0]:.1f} to "
                f"{middle[-1]:.1f}, and the band is {high[-1] - low[-1]:.1f} wide at the end")
plots.describe(figure, f"Median of the inputs of one neuron, with the band of the middle {100 * (levels[-1] - levels[0]):.0f} %; {'; '.join(told)}.")

# %% [markdown]
# With batch normalization the inputs of this neuron stay where they are; without it they drift and widen. (It is one
# neuron of one run. But the median moves less in all 30 neurons of this layer.) So the name seems to be right. But is
# this *why* training is easier? Santurkar and others (2018) added noise behind the normalization, so that the inputs of
# the layers moved *more* than in a plain network: it trained as well as before. What they found instead is that loss and
# gradients change more smoothly along a step. Bjorck and others (2018) explain most of the gain by the larger learning
# rates that become possible. So: that it works is certain, and reducing internal covariate shift is at best a part of the
# reason.
#
# **Play.** The inputs of each layer during training. Where do they move most, with and without batch normalization?

# %% tags=["demo"]
demos.layer_inputs()

# %% [markdown]
# <details><summary>Answer</summary>
#
# Without batch normalization, the range of the values grows in every layer, and the more the later the layer: in layer 4
# from 1.1 to 4.5, in layer 6 from 0.7 to 5.7. With it, the range is 3.3 in nearly all layers and steps; only the last
# layer moves. With the learning rate 1, the values explode within twenty steps and become `nan`: nothing is drawn any
# more, and 10 % is the accuracy of a guess. With batch normalization, nothing of the kind happens. But look twice: that
# the inputs stay is built in, since the layer before the ReLU normalizes them. It does not show that this is *why* the
# network learns faster.
#
# </details>

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: two at a time {#question-company}
#
# *Core* · 4 minutes · 3 points. A network with six hidden layers and batch normalization reads 96 % of the images
# correctly. In production it gets two images at a time, and reads about 20 %. (a) What was forgotten? (b) Why is there no
# error message, only bad answers? (c) Name a second situation in which the answer to an image depends on the other images.

# %% [markdown] answer="company" points=3
# ### BEGIN SOLUTION
# (a) The evaluation mode: without `model.eval()` each image is normalized by the statistics of its own batch. (b) Two
# images have a mean and a deviation, so everything can be computed. But each normalized feature is about +1 or −1,
# whatever the image: what the network has learned to look at is lost. (Only a single image is refused.) (c) Any evaluation
# in training mode: a test batch sorted by class, or one with a few unusual images, changes the statistics for all the
# others.
# ### END SOLUTION

# %% [markdown] mark_scheme="company"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: (a) evaluation mode forgotten, so the statistics are those of the two images.
# - 1 point: (b) the computation is possible; the normalized values (about ±1) lose what distinguishes the images.
# - 1 point: (c) one true situation: test batches sorted by class, small or unusual batches in training mode, or training
#   itself.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: what is left to learn? {#question-bias}
#
# *Core* · 4 minutes · 3 points. `nn.Sequential(nn.Linear(100, 50), nn.BatchNorm1d(50), nn.ReLU())`: how many trainable
# numbers has it? How many of them have no effect at all, and why? Somebody multiplies all weights of the linear layer
# by 10. What becomes of the output in training?

# %% [markdown] answer="bias" points=3
# ### BEGIN SOLUTION
# 5,000 weights, 50 biases, 50 factors and 50 shifts: 5,150. The 50 biases of the linear layer have no effect: they are
# added to all examples, and the mean of the batch takes them away again. With ten times the weights, means and deviations
# are ten times as large, too; after the division the output is the same as before (up to $\varepsilon$).
# ### END SOLUTION

# %% [markdown] mark_scheme="bias"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: 5,150.
# - 1 point: the 50 biases, because the mean removes what is added to all examples.
# - 1 point: the output stays (nearly) the same, since mean and deviation scale along.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 6 minutes · 4 points. From a lecture:
#
# > The original paper applies batch normalization after the activation function. At test time it uses the mean and variance of the test batch. Since $\gamma$ and $\beta$ can undo the normalization, the layer is just a different way to write the same network, and its gradient is `dout * gamma / std`.
#
# There are four errors. Correct each in one or two sentences. A cell to try things out:

# %%
x = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
layer = nn.BatchNorm1d(2).double()
(layer(x) * torch.arange(8.0).reshape(4, 2)).sum().backward()
print(x.grad)

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# 1. The paper puts it *before* the activation, on $xW + b$, whose distribution is closer to a normal one. (Both orders
#    are used today.)
#
# 2. At test time the statistics collected during training are used, so that an answer does not depend on other test examples.
#
# 3. In training, the normalization uses statistics that change from batch to batch. $\gamma$ and $\beta$ are constants
#    and cannot undo them for every batch. What the network can represent is about the same, but the way it is trained
#    (its gradients) is another one.
#
# 4. Mean and deviation depend on $x$ as well. The gradient has two more terms: `(g - g.mean(0) - x_hat * (g *
#    x_hat).mean(0)) / std` with `g = dout * gamma`.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each error.
#
# === BEGIN MARK SCHEME ===
#
# - Before the activation (Ioffe and Szegedy, section 3.2). "Both are possible" alone: half a point.
# - Running (population) statistics at test time.
# - Not the same network in training: batch statistics vary, gradients differ; or: it is the same only in use, where it
#   can be folded.
# - Two terms are missing, through mean and deviation. Naming one of them: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Normalize | mean and biased variance of the batch | `(x - mean) / np.sqrt(var + eps)` | `nn.BatchNorm1d` |
# | Backwards | subtract two means | `(g - g.mean(0) - x_hat * (g * x_hat).mean(0)) / std` | |
# | In use | running statistics | `running = (1 - w) * running + w * batch` | `model.eval()` |
# | Folding | one linear layer | `W * gamma / std` | `torch.nn.utils.fusion` |
# | Noise of the mean | variance / N | | |
#
# | Symptom | Suspect |
# |---|---|
# | good in training, bad in use | evaluation mode forgotten; running statistics wrong |
# | an answer that depends on the other images | training mode in use |
# | an error with the last batch of an epoch | a batch of one |
# | running variance slightly off | biased for unbiased |
# | gradient check passes, training does not | checked with a gradient of ones |
# | small batches do not learn | too noisy: larger batches, or layer normalization |
#
# ## Read on {#read-on}
#
# - S. Ioffe, C. Szegedy (2015). Batch normalization: accelerating deep network training by reducing internal covariate
#   shift. *ICML*, PMLR 37, 448–456.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry (2018). How does batch normalization help optimization? *NeurIPS*.
# - J. Bjorck, C. Gomes, B. Selman, K. Q. Weinberger (2018). Understanding batch normalization. *NeurIPS*.
# - J. G. Moreno-Torres, T. Raeder, R. Alaiz-Rodríguez, N. V. Chawla, F. Herrera (2012). A unifying view on dataset shift in
#   classification. *Pattern Recognition* 45(1), 521–530. The three kinds of shift.
# - J. L. Ba, J. R. Kiros, G. E. Hinton (2016). Layer normalization. arXiv 1607.06450.
