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
#     minutes: 86
#     builds_on: [01_backprop, 02_softmax_cross_entropy]
# ---

# %% [markdown]
# # 03 · The training loop
#
# You have a loss and its gradient. What is left is a loop: take some examples, compute the gradient, make a step, again.
# It is short, and a surprising number of things can go wrong in it without any error message. In this notebook you write
# the loop and everything around it: which data it may see, in which order, when it stops, and how you notice that it does
# not learn.
#
# **After this notebook you can**
#
# - split and normalize data without fooling yourself;
# - write a training loop with minibatches, and say what the batch size changes;
# - stop at the right moment, with the best parameters;
# - find a bug in a loop by looking at the right numbers;
# - read an experiment on learning rate and batch size critically.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters | | 6 | |
# | Three sets of data | `normalize` | 8 | 3 |
# | Minibatches | `minibatches` | 12 | 4 |
# | The loop | `sgd_step`, `train` | 15 | 7 |
# | When to stop | `EarlyStopping` | 9 | 4 |
# | Look at everything | | 3 | |
# | Repair (*going further*) | `repaired_train` | 5 | 2 |
# | Large batches in small pieces (*going further*) | `accumulated_gradient` | 8 | 3 |
# | Gradients that are too long (*going further*) | `clip_by_global_norm` | 7 | 3 |
# | In PyTorch | `train_epoch`, `evaluate` | 11 | 7 |
# | Learning rate and batch size | | 4 | |
# | Questions · Summary | three short texts | 18 | 10 |
#
# The core takes about 86 minutes and earns 35 points, *going further* another 20 minutes and 8 points. The exercises are
# checked one by one: you can skip one and come back.
#
# **Conventions.** A batch comes first, losses are means over the batch, chance comes from a generator `rng` that the
# function is given. Parameters are a dict of arrays. An **epoch** is one pass over all training examples.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, data, demos, number, outcome, plots, predict

# %% [markdown]
# ## Warm-up {#warm-up}
#
# Three questions on notebooks 01 and 02.

# %%
predict(
    "warm_up_03",
    choice("all gradients of a network come out N times too large: look for", "a transpose", "the mean over the batch", "the activation"),
    choice("before its first step, a classifier with 10 classes has a loss of about", "0", "1", "2.3", "10"),
    choice("two batches, each with a backward() of its own, and no zero_grad between: the second", "gives an error", "replaces the gradient", "adds to it"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_03", "the mean over the batch", "2.3", "adds to it",
    because="A sum in place of a mean is N times as large. A network that knows nothing gives each class 1/10, and -ln(1/10) = 2.3. "
    "Leaves of the graph add up their gradients.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# The next cell defines the network of this notebook: one hidden tanh layer, softmax, cross-entropy, as you wrote them in
# notebooks 01 and 02. Then it trains this network on 200 images of digits. There is one difference: before the training,
# the labels are *shuffled*. Each image keeps its pixels and gets the digit of another image. There is nothing to learn any
# more.
#
# **Predict.** Which share of these 200 shuffled labels does the network get right after training? And of 300 new images
# with their true labels?

# %%
predict(
    "shuffled_labels",
    choice("right on the 200 shuffled labels", "about 10 %", "about a third", "more than 95 %"),
    choice("right on 300 new images", "less than 20 %", "about half", "more than 80 %"),
)

# %% role="given"
def new_network(rng, n_in=64, n_hidden=32, n_out=10):
    """Random weights of a usual size, and zero biases."""
    return {
        "W1": rng.normal(size=(n_in, n_hidden)) / np.sqrt(n_in), "b1": np.zeros(n_hidden),
        "W2": rng.normal(size=(n_hidden, n_out)) / np.sqrt(n_hidden), "b2": np.zeros(n_out),
    }


def scores(params, x):
    """Scores of a network with one hidden tanh layer."""
    return np.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]


def loss_and_gradient(params, x, y):
    """Mean cross-entropy of the network on a batch, and its gradient for every parameter."""
    a = np.tanh(x @ params["W1"] + params["b1"])
    s = a @ params["W2"] + params["b2"]
    log_p = s - np.logaddexp.reduce(s, axis=1, keepdims=True)
    rows = np.arange(len(y))
    d_scores = np.exp(log_p)
    d_scores[rows, y] -= 1
    d_scores /= len(y)
    dz = (d_scores @ params["W2"].T) * (1 - a**2)
    grads = {"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": a.T @ d_scores, "b2": d_scores.sum(axis=0)}
    return float(-log_p[rows, y].mean()), grads


def accuracy(params, part):
    """Share of the examples whose class has the largest score."""
    return np.mean(scores(params, part.x).argmax(axis=1) == part.y)

# %%
digits = data.digits()
few = data.Split(digits.train.x[:200], digits.train.y[:200])
shuffled = data.Split(few.x, np.random.default_rng(0).permutation(few.y))
after = {}
for name, part in (("true labels", few), ("shuffled labels", shuffled)):
    params = new_network(np.random.default_rng(1), n_hidden=256)
    for _ in range(1000):
        loss, grads = loss_and_gradient(params, part.x, part.y)
        params = {key: params[key] - 0.5 * grads[key] for key in params}
    after[name] = accuracy(params, part), accuracy(params, digits.validation)
    print(f"{name:15}: {after[name][0]:.0%} of the training labels, {after[name][1]:.0%} of the new images")

# %% tags=["outcome"]
# What you predicted, and what happened.
learned, generalized = after["shuffled labels"]
outcome(
    "shuffled_labels",
    "more than 95 %" if learned > 0.95 else "about a third",
    "less than 20 %" if generalized < 0.2 else "about half",
    because="The network has more parameters than there are labels, and learns every one of them by heart, right or wrong. "
    "On new images, only chance is left: 5 to 11 % with other seeds.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# A good result on the training data proves nothing about new data. (Much larger networks do nearly the same with a
# million images: Zhang et al., 2017.)
#
# </details>
#
# This is the reason for the first rule of training: *judge on data that the network has not seen*.

# %% [markdown]
# ## Three sets of data {#sets}
#
# - The **training set**: the parameters are fitted to it.
# - The **validation set**: you look at it while you make choices, such as the learning rate, the size of the network, the
#   moment to stop.
# - The **test set**: you look at it once, at the end.
#
# Why not two sets? Because choices are fitting, too. If you try 100 settings and keep the one that does best on the
# validation set, part of its success is luck. Its result there is too good, and only fresh data can say by how much.
#
# Here is an example of what can happen on the way. There are 100 patients, each with 5,000
# measured values, and a label, ill or healthy. Everything is *pure noise*: nothing can be predicted. A colleague first
# picks the 20 values that are most strongly correlated with the label. Then he splits the patients into 50 for training
# and 50 for validation, and fits a linear model with these 20 values.
#
# **Predict.** What is the accuracy on the 50 validation patients?

# %%
predict("patients", choice("accuracy on the validation patients, on average", "about 50 %", "about 60 %", "more than 70 %"))

# %%
def validation_accuracy(pick_from_all, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(100, 5000)), rng.choice([-1.0, 1.0], size=100)
    looked_at = slice(None) if pick_from_all else slice(50)
    picked = np.abs(x[looked_at].T @ y[looked_at]).argsort()[-20:]
    w = np.linalg.lstsq(x[:50, picked], y[:50])[0]
    return np.mean(np.sign(x[50:, picked] @ w) == y[50:])


picked_before, picked_after = (np.mean([validation_accuracy(when, seed) for seed in range(20)]) for when in (True, False))
print(f"values picked on all patients, then split: {picked_before:.0%} right, on average over 20 repetitions")
print(f"first split, then picked on the training patients: {picked_after:.0%} right")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "patients",
    "more than 70 %" if picked_before > 0.7 else "about 60 %" if picked_before > 0.55 else "about 50 %",
    because="The values were picked with the labels of the validation patients in view: among 5,000, some fit by chance, "
    "in both halves.",
)

# %% [markdown]
# If information gets from one set to the other, one says that it *leaks*. It is easy not to notice. So *split first*.
# Whatever is computed from data (which columns to use, means, deviations) is computed from the training set alone, and
# then applied to the others as it is.
#
# The most common case is to **normalize** the inputs: subtract the mean of each column and divide by its standard
# deviation, so that all columns have about the same size. You did this in notebook 00 for one array. Now there are two,
# and only one of them may be looked at.
#
# ### Exercise 1: normalize {#exercise-normalize}
#
# *Core* · 4 minutes · 3 points.

# %% solution="normalize"
def normalize(train, other):
    """Shift and scale the columns of two arrays by what the first one says.

    Parameters
    ----------
    train : array (N, D)
        Training inputs, N of at least 1.
    other : array (M, D)
        Validation or test inputs.

    Returns
    -------
    train, other : array (N, D), array (M, D)
        Each column minus its mean in `train`, divided by its population standard deviation in `train`. A column that
        is constant in `train` (largest and smallest number are equal) is only centred, in both arrays.
    """
    ### BEGIN SOLUTION
    mean = train.mean(axis=0)
    deviation = np.where(train.max(axis=0) == train.min(axis=0), 1, train.std(axis=0))
    return (train - mean) / deviation, (other - mean) / deviation
    ### END SOLUTION

# %% check="normalize" points=3
check(normalize)

# %% [markdown] hint="normalize"
# Which four numbers (or rows of numbers) do you need for the result? From which of the two arrays does each come?

# %% [markdown] hint="normalize"
# Compute the mean and the deviation of `train` along axis 0. Where a column of `train` is constant, use 1 as the
# deviation: then it is only centred.

# %% [markdown] hint="normalize"
# `return (train - mean) / deviation, (other - ...) / ...`, with the same mean and the same deviation for both.

# %% [markdown]
# **What goes wrong**
#
# - *Each set by its own mean and deviation.* Then the same pixel value means something else in each set, and a single new
#   example cannot be normalized at all.
# - *Everything together, then split.* A leak, usually a small one.
# - *Pixels at the edge that are always white.* They are constant in training: dividing by 0 gives `nan`.

# %% [markdown]
# ## Minibatches {#minibatches}
#
# The gradient of the loss is a mean over all $N$ training examples. You can estimate a mean from a sample. A **minibatch**
# of $B$ examples costs $B/N$ of the time, and its gradient points in about the right direction. **Stochastic gradient
# descent** (SGD) makes a step after each minibatch, so it makes $N/B$ steps in the time of one full gradient.
#
# How wrong is such an estimate? Let $\mathbf g_n$ be the gradient of example $n$, $\mathbf g$ their mean, and
# $\sigma^2 = \frac1N\sum_n \|\mathbf g_n - \mathbf g\|^2$ their variance. If $B$ examples are drawn one by one, each time
# from all $N$ (*with replacement*), the mean squared error of the estimate is
#
# $$\mathbb E\,\|\mathbf g_B - \mathbf g\|^2 = \frac{\sigma^2}{B}.$$
#
# If no example is drawn twice (*without replacement*), there is a further factor $\frac{N - B}{N - 1}$. It is 0 for
# $B = N$: then nothing is left to chance.
#
# **Predict.** With 16 times as many examples in a batch, by which factor does the *typical distance* between the estimate
# and the true gradient fall? (It is the root of the mean squared distance.)

# %%
predict("batch_noise", choice("the typical distance falls by a factor of about", "2", "4", "16", "256"))

# %%
rng = np.random.default_rng(0)
params = new_network(rng)


def flat(grads):
    return np.concatenate([grad.ravel() for grad in grads.values()])


x, y = digits.train.x, digits.train.y
per_example = np.stack([flat(loss_and_gradient(params, x[n : n + 1], y[n : n + 1])[1]) for n in range(len(x))])
gradient = per_example.mean(axis=0)
variance = np.sum((per_example - gradient) ** 2, axis=1).mean()
sizes = np.array([1, 4, 16, 64, 256, 1024])
errors = {"with": [], "without": []}
for size in sizes:
    for way, again in (("with", True), ("without", False)):
        draws = [rng.choice(len(x), size=size, replace=again) for _ in range(200)]
        errors[way].append(np.mean([np.sum((per_example[rows].mean(axis=0) - gradient) ** 2) for rows in draws]))
print("length of the gradient:", np.linalg.norm(gradient).round(2))
for size, error in zip(sizes, errors["without"]):
    print(f"batch of {size:4}: typical distance {np.sqrt(error):.2f}")

# %% tags=["figure"]
# Figure: the error of a minibatch gradient against its size.
figure, ax = plots.axes("The noise of a minibatch", "1 / batch size", "mean squared distance to the gradient")
line = 1 / np.geomspace(1, 1197, 200)
ax.loglog(line, variance * line, color=plots.BLUE, label="σ² / B")
ax.loglog(line, variance * line * (1197 - 1 / line) / 1196, "--", color=plots.VERMILLION, label="σ² / B · (N − B) / (N − 1)")
ax.loglog(1 / sizes, errors["with"], "o", ms=11, mfc="none", color=plots.BLUE, label="measured, with replacement")
ax.loglog(1 / sizes, errors["without"], "s", color=plots.VERMILLION, label="measured, without")
ax.set_ylim(errors["without"][-1] / 3, 3 * variance)
ax.legend()
fits = [np.max(np.abs(np.array(errors[way]) / expected - 1)) for way, expected in
        (("with", variance / sizes), ("without", variance / sizes * (1197 - sizes) / 1196))]
plots.describe(figure, "Measured noise against the inverse batch size, on two logarithmic axes, with and without replacement; both lie "
               f"on the lines of theory, at most {fits[0]:.0%} and {fits[1]:.0%} away.")

# %% tags=["outcome"]
# What you predicted, and what happened.
falls = np.sqrt(errors["with"][0] / errors["with"][2])
outcome(
    "batch_noise", str(min((2, 4, 16, 256), key=lambda factor: abs(np.log(falls / factor)))),
    because="The distance falls with 1/√B: sixteen times the work buys a factor of four.",
)

# %% [markdown]
# (It falls a little further if the batch is a large part of all examples, and none is drawn twice.) Here the estimate
# from a batch of 16 is still off by about twice the length of the gradient; and yet on average it points the right way.
# Many rough steps beat few exact ones, as long as the steps are small enough for the errors to average out. (Noise need
# not be bad. It can also push the path out of places where exact steps would stay; how much this helps is still
# studied.)
#
# **Play.** The path of gradient descent on all examples, and that of SGD. Make the batch small: what happens to the path
# close to the minimum? Which setting makes the wandering smaller: batch size, learning rate, or both?

# %% tags=["demo"]
demos.batch_size()

# %% [markdown]
# <details><summary>Answer</summary>
#
# With all examples, the gradient goes to 0 at the minimum, and the path ends there. The gradient of a small batch does
# not: its noise stays, so the path wanders around the minimum, and never arrives. It wanders less far with a larger batch
# (which costs more per step), and less far with a smaller learning rate (which makes the way there
# longer: turn it down from 0.63 to 0.3, and the number falls for every batch size; below about 0.25 the 100 steps are not
# enough to arrive, and the number rises again). So both help. Notebook 06 begins with a
# large learning rate and lets it fall.
#
# </details>
#
# In practice one draws *without* replacement: shuffle once per epoch, then take one piece after the other. Every example is
# seen once per epoch. Shuffle *anew* for each epoch: otherwise the same examples always meet, in the same order.
#
# ### Exercise 2: minibatches {#exercise-minibatches}
#
# *Core* · 5 minutes · 4 points.

# %% solution="minibatches"
def minibatches(n, batch_size, rng):
    """Split the numbers 0 to n - 1 into batches, in a random order.

    Parameters
    ----------
    n : int
        How many examples there are, at least 1.
    batch_size : int
        How many of them a batch holds; it may be larger than n.
    rng : numpy.random.Generator
        Where the order comes from. Another call with the same generator gives another order.

    Returns
    -------
    iterator of integer arrays
        Every number from 0 to n - 1 occurs exactly once. All batches have exactly `batch_size` numbers but the last,
        which holds what is left and is never empty.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    return iter([order[start : start + batch_size] for start in range(0, n, batch_size)])
    ### END SOLUTION

# %% check="minibatches" points=4
check(minibatches)

# %% [markdown] hint="minibatches"
# What are the batches of 7 examples and a batch size of 3, if nothing is shuffled? How long is the last one?

# %% [markdown] hint="minibatches"
# `rng.permutation(n)` gives the numbers 0 to n - 1 in a random order. `range(0, n, batch_size)` gives the places where the
# pieces start.

# %% [markdown] hint="minibatches"
# `order[start : start + batch_size]` is a piece; a slice that goes beyond the end just stops there. Either `yield` each
# piece, or return `iter(...)` of a list.

# %% [markdown]
# **What goes wrong**
#
# - *The last batch is dropped.* With 1,197 images and a batch size of 256, the 173 last ones of each order are left out. (It
#   is sometimes done on purpose, so that all batches have the same size.)
# - *`x` and `y` are shuffled separately.* Then every image has another random label in each epoch, and the loss stays near
#   $\ln 10$. An array of indices, used for both, makes this impossible.
# - *The generator is made anew in each epoch:* the same order every time.

# %% [markdown]
# ## The loop {#loop}
#
# For each epoch, for each minibatch: loss and gradient, then a step
#
# $$\theta \leftarrow \theta - \eta\, \mathbf g_B.$$
#
# $\eta$ is the **learning rate**. It decides more than anything else. Look at what it does in two dimensions, with exact
# gradients:
#
# **Play.** Three landscapes. From which learning rate on does the path zigzag? From which does it leave the picture? Which
# direction decides?

# %% tags=["demo"]
demos.descent()

# %% [markdown]
# <details><summary>Answer</summary>
#
# Let $\lambda$ be the **curvature** of the loss in one direction: its second derivative. Each step multiplies the
# distance to the minimum in this direction by $1 - \eta\lambda$. Above $\eta = 1/\lambda$ this factor is negative: the
# path jumps from side to side. Above $2/\lambda$ it is below $-1$: the path moves away. So the *largest* curvature
# decides. It is 1 in the bowl (zigzag above 1, lost above 2) and 5 in the ravine (zigzag above 0.2, lost above 0.4). And
# then the flat direction is slow: at a rate of 0.4 the ravine's other direction, of curvature 1/4, shrinks by a factor of
# 0.9 per step. In the valley the curvature changes from place to place: it is largest at the start, and smaller at the
# minimum. From about 0.36 on the path leaves the picture, at first to come back
# later; from 0.41 on it is lost (only at 0.48 it happens to come back).
#
# </details>
#
# ### Exercise 3: sgd_step {#exercise-sgd-step}
#
# *Core* · 2 minutes · 1 point.

# %% solution="sgd_step"
def sgd_step(params, grads, lr):
    """One step of gradient descent.

    Parameters
    ----------
    params, grads : dict of array
        Parameters and their gradients, under the same keys and with the same shapes.
    lr : float
        The learning rate.

    Returns
    -------
    dict of array
        The parameters after the step, under the same keys.
    """
    ### BEGIN SOLUTION
    return {name: params[name] - lr * grads[name] for name in params}
    ### END SOLUTION

# %% check="sgd_step" points=1
check(sgd_step)

# %% [markdown] hint="sgd_step"
# For each key: the old array minus the learning rate times the gradient. A dict comprehension does it in one line.

# %% [markdown]
# Now the loop. It also reports the training loss of each epoch. The batches of an epoch may differ in size, so the mean
# over the *examples* is not the mean of the batches' losses: each batch counts as often as it has examples.
#
# **Predict.** Ten examples in batches of 4, 4 and 2, with losses 1, 1 and 2. What is the mean over the examples?
#
# <details><summary>Answer</summary>
#
# $(4 \cdot 1 + 4 \cdot 1 + 2 \cdot 2) / 10 = 1.2$. The mean of the three batches would be 4/3.
#
# </details>
#
# ### Exercise 4: train {#exercise-train}
#
# *Core* · 8 minutes · 6 points.

# %% solution="train"
def train(params, loss_and_gradient, x, y, lr, batch_size, epochs, rng):
    """Stochastic gradient descent on minibatches without replacement.

    Parameters
    ----------
    params : dict of array
        Where to start. The dict and its arrays stay as they are.
    loss_and_gradient : function
        `loss_and_gradient(params, x, y)` returns the mean loss of a batch and a dict of gradients.
    x, y : array (N, ...), array (N, ...)
        Training examples.
    lr : float
        The learning rate.
    batch_size : int
        Examples per step; the last batch of an epoch may be smaller.
    epochs : int
        Passes over all examples, each in a new random order.
    rng : numpy.random.Generator
        Where the orders come from.

    Returns
    -------
    params : dict of array
        The parameters after the last step.
    losses : list of float
        One per epoch: the mean over all examples of the loss that `loss_and_gradient` returned for their batch, which
        is computed before the step.
    """
    ### BEGIN SOLUTION
    losses = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            loss, grads = loss_and_gradient(params, x[rows], y[rows])
            total += loss * len(rows)
            params = {name: params[name] - lr * grads[name] for name in params}
        losses.append(total / len(x))
    return params, losses
    ### END SOLUTION

# %% check="train" points=6
check(train)

# %% [markdown] hint="train"
# Two loops, one inside the other: epochs, and batches. What has to be done once per epoch, before the inner loop? What
# after it?

# %% [markdown] hint="train"
# In the inner loop: pick the rows of `x` *and* `y`, call `loss_and_gradient`, add to the total of the epoch, make a step.
# A step makes *new* arrays: `params[name] -= ...` would change the caller's.

# %% [markdown] hint="train"
# `total += loss * len(rows)` in the inner loop, `losses.append(total / ...)` after it. Use the same `rng` in all epochs.

# %% tags=["experiment"]
start = new_network(np.random.default_rng(0))
for lr in (0.02, 0.5, 10):
    with np.errstate(all="ignore"):
        trained, losses = train(start, loss_and_gradient, digits.train.x, digits.train.y, lr, 32, 10, np.random.default_rng(1))
    shown = ", ".join(f"{loss:.2f}" for loss in losses[::3])
    print(f"learning rate {lr:4}: loss of epochs 1, 4, 7, 10: {shown};  validation accuracy {accuracy(trained, digits.validation):.0%}")

# %% [markdown]
# Too small: the loss falls, but slowly. Too large: it does not fall, or becomes `nan`. Good rates lie between, often within
# a factor of ten below the one at which training breaks. So the usual search goes in factors of about three, from large to
# small.

# %% [markdown]
# ## When to stop {#stopping}
#
# The training loss goes on falling for a long time. The validation loss falls at first, and then often rises: the network
# begins to learn the training examples by heart, which is called **overfitting**. **Early stopping** keeps the parameters
# of the epoch with the lowest validation loss, and stops when it has not improved for some epochs: the **patience**.
#
# **Predict.** Patience 2, and the validation losses 1.0, 0.8, 0.9, 0.7, 0.75, 0.71, 0.6. After which of them does training
# stop, and which parameters does it keep?

# %%
predict(
    "patience",
    choice("it stops after the loss", "0.9", "0.75", "0.71", "0.6"),
    choice("and keeps the parameters with the loss", "0.71", "0.7", "0.6", "0.8"),
)

# %% [markdown]
# ### Exercise 5: EarlyStopping {#exercise-early-stopping}
#
# *Core* · 6 minutes · 4 points.

# %% solution="EarlyStopping"
class EarlyStopping:
    """Says when to stop, and keeps the best parameters.

    Parameters
    ----------
    patience : int
        Stop after this many epochs in a row (at least 1) without a strictly lower loss.

    Attributes
    ----------
    best_loss : float
        The lowest loss so far; infinity at first.
    best_params : dict of array
        A copy of the parameters with this loss, which does not change when the caller changes theirs.
    """

    def __init__(self, patience):
        ### BEGIN SOLUTION
        self.patience, self.waited = patience, 0
        self.best_loss, self.best_params = float("inf"), None
        ### END SOLUTION

    def update(self, loss, params):
        """Take note of one epoch.

        Parameters
        ----------
        loss : float
            Its validation loss. NaN is no improvement.
        params : dict of array
            Its parameters.

        Returns
        -------
        bool
            True: stop now. (If the caller goes on all the same, the same rule goes on.)
        """
        ### BEGIN SOLUTION
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best_params = {name: array.copy() for name, array in params.items()}
        else:
            self.waited += 1
        return self.waited >= self.patience
        ### END SOLUTION

# %% check="EarlyStopping" points=4
check(EarlyStopping)

# %% [markdown] hint="EarlyStopping"
# What does the object have to remember from one call to the next? Three or four things. Write them into `__init__`.

# %% [markdown] hint="EarlyStopping"
# If the loss is lower than the best one: keep it, keep *copies* of the arrays, and set the number of epochs waited to 0.
# Else: one more. `nan < 1.0` is False, which is just right.

# %% [markdown] hint="EarlyStopping"
# `self.best_params = {name: array.copy() for name, array in params.items()}`; at the end,
# `return self.waited >= ...`

# %%
stopper, answered = EarlyStopping(patience=2), []
for loss in (1.0, 0.8, 0.9, 0.7, 0.75, 0.71, 0.6):
    answered.append(stopper.update(loss, {"w": np.array(loss)}))
    print(f"loss {loss:4}: {'stop' if answered[-1] else 'go on'}, best so far {stopper.best_loss}")
    if answered[-1]:
        break

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "patience", str(loss), str(stopper.best_loss),
    because="Training stops although the next loss would have been lower: patience is a bet. "
    "And it keeps the parameters of the best epoch, not of the last one.",
)

# %% [markdown]
# Now the same with a network that learns from the few images of the first experiment.

# %% tags=["experiment", "figure"]
# Figure: early stopping on 200 images.
params, rng, stopper = new_network(np.random.default_rng(0), n_hidden=256), np.random.default_rng(1), EarlyStopping(patience=20)
curves, stop = {"train": [], "validation": []}, None
for epoch in range(150):
    params, (loss,) = train(params, loss_and_gradient, few.x, few.y, 0.5, 20, 1, rng)
    curves["train"].append(loss)
    curves["validation"].append(loss_and_gradient(params, digits.validation.x, digits.validation.y)[0])
    if stopper.update(curves["validation"][-1], params) and stop is None:
        stop = epoch
best = int(np.argmin(curves["validation"]))
figure, ax = plots.axes("Early stopping, patience 20", "epoch, from 0", "loss (nats)")
for name, values in curves.items():
    ax.semilogy(values, label=name, **plots.line(name))
ax.axvline(best, color=plots.GREY, linewidth=1)
ax.annotate(f"best: {stopper.best_loss:.3f}", (best, stopper.best_loss), (6, -14), textcoords="offset points", bbox={"color": "white", "pad": 1})
if stop is not None:
    ax.axvline(stop, color=plots.GREY, linewidth=1, linestyle=":")
    ax.annotate("stop", (stop, curves["train"][0]), (6, 0), textcoords="offset points")
ax.legend()
stopped = "it does not stop" if stop is None else f"training would stop at epoch {stop}"
plots.describe(figure, f"Training loss down to {curves['train'][-1]:.2g}; validation loss lowest, {stopper.best_loss:.3f}, at epoch "
               f"{best}, and {curves['validation'][-1]:.3f} at the end; {stopped}.")

# %% [markdown]
# The training loss falls and falls. The validation loss is lowest early, and then rises slowly: the network becomes too
# sure of its answers. (Its accuracy falls by at most one point here.)
#
# **What goes wrong**
#
# - *`best_params = params`* keeps the same arrays, not a copy. If the caller updates them in place, the "best" parameters
#   change with them, and nobody notices.
# - *Stopping on the training loss*: it stops far too late, or at a chance fluctuation.
# - *The lowest validation loss is reported as the result.* It was chosen because it is low. Report the test set.

# %% [markdown]
# ## Look at everything {#look}
#
# A loop with a bug usually runs, and the loss usually falls, only less than it could. So look:
#
# 1. *The inputs*, as they enter the network, after all transformations. As images, with their labels.
# 2. *The first loss.* With $C$ classes it should be about $\ln C$.
# 3. *One minibatch, again and again.* A network that is large enough must be able to learn 10 examples by heart. If it
#    cannot, there is a bug, or a wrong learning rate. This test takes seconds.
# 4. *The gradients*: is one of them 0, or huge, or `nan`? *The weights*: do all of them move?
# 5. *The learning rate*, as the optimizer really uses it.
# 6. *The curves* of training and validation, next to each other.
#
# **Predict.** Ten images, 200 steps. Then the same, but each image is replaced by the first one, and the labels stay. Where
# does the loss of the second run stop?

# %% tags=["experiment"]
ten_x, ten_y = digits.train.x[:10], digits.train.y[:10]
for name, images in (("as they are", ten_x), ("a bug: all images are the same", np.repeat(ten_x[:1], 10, axis=0))):
    _, losses = train(new_network(np.random.default_rng(0)), loss_and_gradient, images, ten_y, 0.5, 10, 200, np.random.default_rng(1))
    print(f"{name:31} first loss {losses[0]:.2f}, last loss {losses[-1]:.3f}")
counts = np.bincount(ten_y) / 10
print(f"entropy of these ten labels: {-np.sum(counts[counts > 0] * np.log(counts[counts > 0])):.3f} nats")

# %% [markdown]
# <details><summary>Answer</summary>
#
# If all inputs are the same, the best that the network can do is to predict how often each label occurs, and its loss is
# the **entropy** of the labels. So a loss that stops at such a number says: the inputs do not arrive, or each label meets
# another input in every step. (Labels that are wrong, but always the same, are not found in this way. They are learned by
# heart, as at the start of this notebook.)
#
# </details>
#
# **Think.** Ten images, five ones and five sevens, and the loss stops at 0.69 = ln 2. What is a likely cause?
#
# <details><summary>Answer</summary>
#
# The inputs do not arrive. The network gives ½ to both labels, and pays $\ln 2$ for every image.
#
# </details>

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "In PyTorch".* A colleague's loop runs without an error, and its loss even
# falls. It has three bugs. Find them one at a time. Look at everything: the orders, the rows
# of a batch, the losses.
#
# ### Exercise 6: repaired_train {#exercise-repaired-train}
#
# *Going further* · 5 minutes · 2 points.

# %% solution="repaired_train"
def repaired_train(params, loss_and_gradient, x, y, lr, batch_size, epochs, rng):
    """The same as `train`."""
    ### BEGIN SOLUTION
    weights = {key: np.array(value, dtype=float) for key, value in params.items()}
    history = []
    for epoch in range(epochs):
        indices = np.arange(len(x))
        rng.shuffle(indices)
        summed, batch = 0.0, 0
        while batch * batch_size < len(x):
            picked = indices[batch * batch_size : (batch + 1) * batch_size]
            value, slopes = loss_and_gradient(weights, x[picked], y[picked])
            summed += value * len(picked)
            for key in weights:
                weights[key] = weights[key] - lr * slopes[key]
            batch += 1
        history.append(summed / len(x))
    return weights, history
    ### END SOLUTION

# %% broken="repaired_train"
def repaired_train(params, loss_and_gradient, x, y, lr, batch_size, epochs, rng):
    """The same as `train`."""
    weights = {key: value for key, value in params.items()}
    history = []
    for epoch in range(epochs):
        indices = np.arange(len(x))
        rng.shuffle(indices)
        summed, batch = 0.0, 0
        while (batch + 1) * batch_size <= len(x):
            picked = indices[batch * batch_size : (batch + 1) * batch_size]
            value, slopes = loss_and_gradient(weights, x[picked], y[np.sort(picked)])
            summed += value
            for key in weights:
                weights[key] = weights[key] - lr * slopes[key]
            batch += 1
        history.append(summed / batch_size)
    return weights, history

# %% check="repaired_train" points=2
check(repaired_train)

# %% [markdown] hint="repaired_train"
# Run it on 7 examples with a batch size of 3, and print `picked` in every step. Does every example have its turn?

# %% [markdown] hint="repaired_train"
# The other two bugs: do `x` and `y` of a batch belong together? And is `history` the mean over the examples?

# %% [markdown]
# ## Large batches in small pieces {#accumulate}
#
# *Going further. Short of time? Go on with "In PyTorch".* The memory of a GPU limits how many examples fit into one pass.
# But a gradient is a mean, and a mean can be computed in pieces: the gradient of the whole batch is the mean of the pieces'
# gradients, each weighted by how many examples it has.
#
# ### Exercise 7: accumulated_gradient {#exercise-accumulated-gradient}
#
# *Going further* · 6 minutes · 3 points.

# %% solution="accumulated_gradient"
def accumulated_gradient(gradient, params, x, y, micro_batch):
    """The gradient of a whole batch, computed in pieces that fit into memory.

    Parameters
    ----------
    gradient : function
        `gradient(params, x, y)` returns the gradient of the mean loss of the examples that it is given, a dict like
        `params`. It refuses more than `micro_batch` examples.
    params : dict of array
        Parameters.
    x, y : array (N, ...), array (N, ...)
        The whole batch.
    micro_batch : int
        The most examples per call. The last piece may be smaller. Each example is given to `gradient` once.

    Returns
    -------
    dict of array
        What `gradient(params, x, y)` would return for the whole batch.
    """
    ### BEGIN SOLUTION
    total = {}
    for start in range(0, len(x), micro_batch):
        piece = slice(start, start + micro_batch)
        for name, grad in gradient(params, x[piece], y[piece]).items():
            total[name] = total.get(name, 0) + grad * len(x[piece]) / len(x)
    return total
    ### END SOLUTION

# %% check="accumulated_gradient" points=3
check(accumulated_gradient)

# %% [markdown] hint="accumulated_gradient"
# Take 5 examples in pieces of 2, 2 and 1. How much does each piece's mean count in the mean of all five?

# %% [markdown] hint="accumulated_gradient"
# Add up `grad * len(piece) / len(x)` over the pieces, for each key. The last piece may be shorter than the others: count
# its rows.

# %% [markdown]
# **In PyTorch:** call `(loss * len(piece) / len(batch)).backward()` for each piece; the leaves add up. Then
# one `optimizer.step()`, then `zero_grad()`.

# %% [markdown]
# ## Gradients that are too long {#clipping}
#
# *Going further.* Sometimes a single batch gives a gradient that is a thousand times as long as usual, and one step with
# it destroys what was learned. **Clipping** limits the length of the step: if the norm of the whole gradient (all
# parameters together, as one long vector) is above a limit, the gradient is scaled down to this limit. Its direction stays.
#
# ### Exercise 8: clip_by_global_norm {#exercise-clip-by-global-norm}
#
# *Going further* · 5 minutes · 3 points.

# %% solution="clip_by_global_norm"
def clip_by_global_norm(grads, max_norm):
    """Scale a gradient down to a largest length; a short one is left alone.

    Parameters
    ----------
    grads : dict of array
        The gradient of each parameter, finite.
    max_norm : float
        The largest norm of all arrays together, above 0.

    Returns
    -------
    dict of array
        The same direction. If the global norm is at most `max_norm`, the same numbers; else all arrays times the same
        factor, so that the global norm is exactly `max_norm`. Right also for norms of 0, 1e100 and 1e-100.
    """
    ### BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads.values()))
    factor = max_norm / norm if norm > max_norm else 1.0
    return {name: factor * grad for name, grad in grads.items()}
    ### END SOLUTION

# %% check="clip_by_global_norm" points=3
check(clip_by_global_norm)

# %% [markdown] hint="clip_by_global_norm"
# The global norm is the square root of the sum of *all* squared entries, of all arrays. One factor for all of them keeps
# the direction. A factor per array changes it.

# %% [markdown] hint="clip_by_global_norm"
# `norm = np.sqrt(sum(np.sum(grad**2) for grad in grads.values()))`, then multiply by `max_norm / norm` if the norm is too
# large. What happens for a norm of 0?

# %% [markdown] hint="clip_by_global_norm"
# `factor = max_norm / norm if norm > ... else 1.0`, then `{name: factor * grad for name, grad in grads.items()}`. Add no
# small constant to the norm: if all entries are around 1e-100, it would decide alone.

# %% [markdown]
# **In PyTorch:** `nn.utils.clip_grad_norm_(model.parameters(), max_norm)`, between `backward()` and `step()`. It divides by
# the norm plus $10^{-6}$, so the result is a little shorter than `max_norm`.

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# A training loop in PyTorch has five lines: forward, loss, `zero_grad`, `backward`, `step`. Data come
# from a `DataLoader`, which shuffles and makes batches. Two things are new.
#
# - *Mode.* A model has a switch: `model.train()` and `model.eval()`. Some layers behave differently in the two modes. In
#   training, dropout (notebook 07) sets random activations to 0, and batch normalization (notebook 08) scales by the mean
#   and deviation of the *batch* and updates a stored average of them. In evaluation, dropout does nothing, and batch
#   normalization uses the stored averages. (Such stored arrays are called **buffers**.) Switch to training before you
#   train, and to evaluation before you evaluate.
# - *No graph.* During evaluation nobody calls `backward()`, so the graph is a waste of memory: `with torch.no_grad():`.
#
# The two have nothing to do with each other. You need both.
#
# ### Exercise 9: train_epoch {#exercise-train-epoch}
#
# *Core* · 5 minutes · 4 points.

# %% role="given"
import torch
from torch import nn

torch.set_num_threads(1)  # for arrays as small as these, sharing the work takes longer than the work

# %% solution="train_epoch"
def train_epoch(model, loader, optimizer, device):
    """Train a classifier for one epoch.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to raw scores (N, C); its parameters are on `device`. It is trained in training mode.
    loader : iterable of (x, y)
        Batches: inputs and integer classes (N,), on any device. The last one may be smaller.
    optimizer : torch.optim.Optimizer
        Holds the parameters of the model.
    device : str or torch.device
        Where to compute.

    Returns
    -------
    float
        Mean cross-entropy over the examples, each measured in its batch before the step.
    """
    ### BEGIN SOLUTION
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count
    ### END SOLUTION

# %% check="train_epoch" points=4
check(train_epoch)

# %% [markdown] hint="train_epoch"
# Which mode does the model have to be in? Say so before the loop. Which five lines come for each batch?

# %% [markdown] hint="train_epoch"
# `x.to(device)` returns a tensor on that device, and leaves `x` where it is. `optimizer.zero_grad()` anywhere before
# `backward()`, in *every* batch. For the mean, add up `loss.item() * len(y)` and count the examples: a loader need not
# know its length.

# %% [markdown]
# ### Exercise 10: evaluate {#exercise-evaluate}
#
# *Core* · 3 minutes · 3 points.

# %% solution="evaluate"
def evaluate(model, loader, device):
    """Accuracy of a classifier.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to raw scores (N, C); its parameters are on `device`. It is evaluated in evaluation mode. No
        parameter, no buffer and no gradient of it changes, and afterwards gradients are recorded as before.
    loader : iterable of (x, y)
        Batches: inputs and integer classes (N,), on any device. The last one may be smaller.
    device : str or torch.device
        Where to compute.

    Returns
    -------
    float
        Share of the examples, 0 to 1, whose class has the largest score.
    """
    ### BEGIN SOLUTION
    model.eval()
    right, count = 0, 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x.to(device)).argmax(dim=1) == y.to(device)).sum().item()
            count += len(y)
    return right / count
    ### END SOLUTION

# %% check="evaluate" points=3
check(evaluate)

# %% [markdown] hint="evaluate"
# Mode first, then `with torch.no_grad():` around the loop. The class with the largest score is `argmax(dim=1)`; no softmax
# is needed.

# %% [markdown] hint="evaluate"
# Count the right answers and the examples; divide at the end. The mean of the batches' accuracies is wrong if the last
# batch is smaller.

# %% tags=["gpu", "experiment"]
device = "cuda" if torch.cuda.is_available() else "cpu"
loaders = {}
for name, part in (("train", digits.train), ("validation", digits.validation)):
    tensors = torch.utils.data.TensorDataset(torch.tensor(part.x).float(), torch.tensor(part.y))
    loaders[name] = torch.utils.data.DataLoader(tensors, batch_size=64, shuffle=name == "train")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
print("device:", device)
for epoch in range(1, 16):
    loss = train_epoch(model, loaders["train"], optimizer, device)
    if epoch % 5 == 0:
        print(f"epoch {epoch:2}: training loss {loss:.3f}   validation accuracy {evaluate(model, loaders['validation'], device):.1%}")

# %% [markdown]
# **What goes wrong**
#
# - *`zero_grad` is forgotten.* Every step follows the sum of all gradients so far.
# - *`model.eval()` stays on.* After the first evaluation, training goes on in the wrong mode, and no message says so. Set the
#   mode at the start of each function, as you did.
# - *Loss or accuracy are collected as tensors* with their graphs. Use `.item()`.
# - *On a GPU a small network is no faster*, or even slower: most of the time goes into starting the many small operations.
#   A GPU pays for large batches and large layers.

# %% [markdown]
# ## Learning rate and batch size {#grid}
#
# In a lab report, students trained a network on images with learning rates from 0.1 to 2 and batch sizes of 128 and 512,
# each once, for the same number of epochs. They found that large batches learn more slowly, and that small ones are noisy.
# They looked at the curves of single runs. What can be concluded?
#
# Do it again, on the digits: four learning rates, four batch sizes, three seeds each, 30 epochs. The learning rates go up in
# factors of four, and so do the batch sizes (the last one is the whole training set).
#
# **Predict.** Batch size 64 with learning rate 0.05, or batch size 256 with learning rate 0.2: which reaches the higher
# validation accuracy after 30 epochs?

# %%
predict("same_ratio", choice("the better one is", "batch 64, rate 0.05", "batch 256, rate 0.2", "neither: they differ by less than 2 points"))

# %% tags=["experiment"]
rates, batch_sizes, seeds = (0.05, 0.2, 0.8, 3.2), (16, 64, 256, 1197), (0, 1, 2)
shape, found = (len(rates), len(batch_sizes), len(seeds)), []
for i, j, k in np.ndindex(shape):
    rng = np.random.default_rng(seeds[k])
    with np.errstate(all="ignore"):
        trained, _ = train(new_network(rng), loss_and_gradient, digits.train.x, digits.train.y, rates[i], batch_sizes[j], 30, rng)
    found.append(accuracy(trained, digits.validation))
grid = np.reshape(found, shape)

# %% tags=["experiment", "figure"]
# Figure: validation accuracy for each learning rate and batch size.
figure, ax = plots.axes("Validation accuracy after 30 epochs, three seeds each", "batch size", "learning rate", figsize=(7.2, 4.4))
mean = grid.mean(axis=2)
ax.imshow(mean, cmap=plots.SEQUENTIAL, vmin=0, vmax=2, aspect="auto", origin="lower")
for i, j in np.ndindex(mean.shape):
    low, high = 100 * grid[i, j].min(), 100 * grid[i, j].max()
    ax.text(j, i, f"{100 * mean[i, j]:.0f} %\n{low:.0f} to {high:.0f}", ha="center", va="center")
ax.set_xticks(range(4), batch_sizes)
ax.set_yticks(range(4), rates)
ax.grid(False)
words = [f"rate {rates[i]}: " + ", ".join(f"{100 * mean[i, j]:.0f} %" for j in range(4)) for i in range(4)]
plots.describe(figure, f"A table of mean accuracies; for batch sizes {', '.join(map(str, batch_sizes))}, {'; '.join(words)}.")

# %% tags=["outcome"]
# What you predicted, and what happened.
gap = 100 * (mean[0, 1] - mean[1, 2])
outcome(
    "same_ratio",
    "neither: they differ by less than 2 points" if abs(gap) < 2 else
    "batch 64, rate 0.05" if gap > 0 else "batch 256, rate 0.2",
    because="In 30 epochs, batches four times as large make four times fewer steps. If each step is four times as long, "
    "the sum of all steps is about the same.",
)

# %% [markdown]
# Read the table along its *diagonals*. From one cell to the next, batch size and learning rate both grow by a factor of
# four (almost five to the last column).
#
# <details><summary>Answer</summary>
#
# Along a diagonal the accuracy hardly changes. (Where it is 96 or 97 % already, this proves nothing: nothing better can
# be reached. Look at the other diagonals.) As long as the runs are not finished, it is mostly the *ratio* of learning
# rate and batch size that counts, as long as the gradient does not change much in between. (Goyal et al., 2017, call this
# the linear scaling rule. It ends where the learning rate becomes too large for any batch size, as in the top row.)
#
# </details>
#
# So "large batches learn more slowly" is mostly the effect of a fixed learning rate and a fixed number of *epochs*: fewer
# steps. To compare fairly, each batch size needs its own best learning rate. Even then the whole training set as one
# batch stays behind here, at 91 %: its rate cannot grow any further. With five times as many epochs it catches up.
#
# And what about noise? Where training is finished, the three seeds differ by about one point, and 300 validation images
# alone have a standard error of as much. Where it is not finished, seeds differ by several points, and at the edge of
# what the learning rate allows, by more than fifty. The students of the report had one run for each curve. (At the end,
# small batches are no noisier here: 96 to 97 % for 16 as for 256. It is their curves that are noisy, from step to step.)

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: which result is it? {#question-result}
#
# *Core* · 4 minutes · 3 points. A team tries 200 settings of a classifier and keeps the one with the highest accuracy on
# a validation set of 400 examples: 91.5 %. On a test set of 4,000 examples it has 88.0 %. The team leader says: "We
# overfitted in training; stop earlier." Give a simpler explanation, with numbers. (An accuracy is a mean of 400 numbers
# that are 0 or 1, each with variance $p(1-p)$. How much does such a mean vary?) Which of the two accuracies do you
# report, and why?

# %% [markdown] answer="result" points=3
# ### BEGIN SOLUTION
# With 400 examples, an accuracy of about 88 % has a standard error of $\sqrt{0.88 \cdot 0.12 / 400} = 1.6$ percentage
# points. The best of 200 settings is the luckiest one: if all of them were truly at 88 %, and their errors independent, the
# best would be expected about 2.7 standard errors above, at 92 %. So the choice itself can explain the difference, with no
# overfitting of the parameters. I report 88.0 %: the test set took no part in any choice, and with 4,000 examples its
# standard error is 0.5 points.
# ### END SOLUTION

# %% [markdown] mark_scheme="result"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: the validation accuracy is the largest of 200, so it is too good by selection. "Overfitting on the validation
#   set" with this reason is right; without it: half a point.
# - 1 point: a number for the noise: a standard error of about 1.6 points (1.4 to 1.7; a bound such as $0.5/\sqrt{400}$ =
#   2.5 points, a count of answers or a simulation is as good), so that 3.5 points are about two of them, which the best
#   of 200 easily reaches.
# - 1 point: 88.0 % is reported, since the test set was not used for any choice (its size alone: half a point).
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: what does this loop do? {#question-curve}
#
# *Core* · 4 minutes · 3 points. A colleague trains with batches of 32 and gets a smooth curve. To save time, she changes the
# batch size to 1,024 and nothing else, and after the same 20 epochs the validation accuracy is 9 points lower. She concludes
# that large batches find worse minima. What has changed besides the batch size? Propose two experiments that decide whether
# she is right. How do you make sure that the result is not chance?

# %% [markdown] answer="curve" points=3
# ### BEGIN SOLUTION
# The number of steps: with batches 32 times as large, 20 epochs have 32 times fewer steps, each of the same length. The run
# may simply not be finished. First experiment: raise the learning rate with the batch size (by up to a factor of 32, best
# found by a search), with the same 20 epochs. Second: the same number of *steps* as before, so 640 epochs, or train until the
# validation loss stops falling. With several seeds for both. Only if the best result for large batches stays below the
# other one is there something to explain.
# ### END SOLUTION

# %% [markdown] mark_scheme="curve"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: 32 times fewer steps (or: the learning rate no longer fits). "Less noise" alone earns nothing.
# - 1 point: one experiment that makes up for it: a learning rate that is adapted or searched anew; or as many steps; or
#   training to the end; or small batches stopped after as many steps; or a comparison of the *training* losses (an
#   unfinished run has a higher one).
# - 1 point: a second one of these, and several seeds for at least one of the two. Without seeds: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 7 minutes · 4 points. In a lab report on PyTorch you may read:
#
# > For the test loss we call `model.eval()`. This switches off the recording of gradients, so that the gradients of this
# > step are not used in later backpropagations.
#
# (a) What does `model.eval()` do, and what does it not do? (b) What switches off the recording? (c) If neither were called
# during evaluation, would gradients of the test data get into later training steps? Say when they would and when not.
# (d) What *would* go wrong then, in a network with dropout or batch normalization? A cell to try things out:

# %%
layer = nn.Linear(3, 2).eval()
print("records gradients in evaluation mode:", layer(torch.ones(1, 3)).requires_grad)

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) It sets a flag, `training = False`, in every module. Layers that look at this flag, such as dropout and batch
# normalization, then behave as in use. Gradients are recorded as before.
#
# (b) `torch.no_grad()` (or `torch.inference_mode()`).
#
# (c) No: a forward pass alone changes no gradient. Only `backward()` writes into `.grad`. The test data would have to
# be followed by `loss.backward()`, and then by a `step()` without `zero_grad()` in between.
#
# (d) Dropout would still drop neurons, so the result would be noisy and usually too low. Batch normalization would use the
# statistics of the test batch, and also change its running averages: information leaks from the test data into the model.
# And without `no_grad`, memory is wasted on the graph.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) It changes the mode of layers such as dropout and batch normalization, *and* it does not stop recording. One half
#   of this: half a point.
# - (b) `torch.no_grad()`, `torch.inference_mode()` or `torch.set_grad_enabled(False)`. (`requires_grad_(False)` on all
#   parameters does it, too, but has to be undone: half a point.)
# - (c) No, since only `backward()` writes gradients; "yes, if backward() is called and zero_grad() is not" is needed for the
#   full point. Only "no": half a point.
# - (d) One true consequence: dropout goes on dropping; batch normalization uses the batch's statistics; its running
#   statistics change. Memory alone: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Three sets | fit, choose, report | split first | `random_split` |
# | Normalize | with the training set's mean and deviation | `(x - mean) / deviation` | `transforms.Normalize` |
# | Minibatch | error of the gradient falls with $1/\sqrt B$ | `rng.permutation(n)` | `DataLoader(shuffle=True)` |
# | The loop | forward, loss, backward, step | `params - lr * grads` | `zero_grad`, `backward`, `step` |
# | Early stopping | keep a copy of the best | `array.copy()` | `copy.deepcopy(model.state_dict())` |
# | Accumulation | mean of means, weighted by size | | `backward()` several times |
# | Clipping | one factor for all | `max_norm / norm` | `clip_grad_norm_` |
# | Modes | layers behave differently in training | | `train()`, `eval()`; `no_grad()` is something else |
# | Learning rate and batch size | at a fixed number of epochs, their ratio counts | | |
#
# | Symptom | Suspect |
# |---|---|
# | loss `nan` after some steps | learning rate too large |
# | loss stays at $\ln C$ | inputs do not arrive; learning rate far too small; labels shuffled anew in each epoch |
# | cannot learn ten examples by heart | a bug in the loop |
# | training good, validation bad | learned by heart: stop earlier, more data |
# | validation suspiciously good | a leak |
# | result changes when a cell is run again | state: parameters changed in place, mode, generator |
#
# ## Read on {#read-on}
#
# - C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals (2017). Understanding deep learning requires rethinking
#   generalization. *ICLR*. Networks that learn random labels by heart.
# - T. Hastie, R. Tibshirani, J. Friedman (2009). *The Elements of Statistical Learning*, 2nd edition, section 7.10.2.
#   Springer. The wrong and the right way to validate.
# - L. Prechelt (1998). Early stopping, but when? In *Neural Networks: Tricks of the Trade*, Springer, 55–69. What patience
#   costs and buys.
# - P. Goyal et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour. arXiv:1706.02677. Learning rate in
#   proportion to the batch size, and where this ends.
# - C. J. Shallue et al. (2019). Measuring the effects of data parallelism on neural network training. *Journal of Machine
#   Learning Research* 20(112), 1–49. What batch size does when everything else is tuned.
