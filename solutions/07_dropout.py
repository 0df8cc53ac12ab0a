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
#     minutes: 73
#     builds_on: [02_softmax_cross_entropy, 03_training_loop]
# ---

# %% [markdown]
# # 07 · Dropout
#
# Switch off half of the neurons at random, in every step of the training: can that be of any use? In this notebook you
# write this trick in both of its forms, prove what it computes in the one case where a proof is possible, and measure
# what it does to a network.
#
# **After this notebook you can**
#
# - write dropout forwards and backwards, and say what happens in training and in use;
# - tell the probability of dropping from that of keeping, in any text or library;
# - say in which sense a network with dropout is an average of many networks, and where this is only approximately true;
# - use dropout to see how sure a network is.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters | | 6 | |
# | Inverted dropout | `dropout_forward`, `dropout_backward` | 14 | 8 |
# | The other form | `scale_weights`, `dropped_inputs_as_weights` | 7 | 4 |
# | Repair (*going further*) | `repaired_dropout_forward` | 5 | 2 |
# | An average of many networks | `geometric_mean_prediction` | 12 | 4 |
# | How sure is it? | `monte_carlo_prediction` | 6 | 3 |
# | In PyTorch | `Dropout` | 6 | 4 |
# | When does it help? | | 5 | |
# | Questions · Summary | three short texts | 17 | 10 |
#
# The core takes about 73 minutes and earns 33 points, *going further* another 5 minutes and 2 points. The exercises are
# checked one by one: you can skip one and come back.
#
# **Conventions.** `p_drop` is the probability that a number is *dropped*, set to 0. `keep_prob` is the probability that
# it is *kept*; it is `1 - p_drop`. A **mask** is an array of booleans, `True` where a number is kept. Chance comes from
# a generator `rng`.

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
    "warm_up_07",
    choice("`model.eval()` in PyTorch switches off", "the recording of gradients", "the training mode of the layers", "both"),
    choice("the gradient of y = 3 · x with respect to x is", "x", "3", "1/3"),
    choice("softmax(s) and softmax(s + 5) are", "the same", "different"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_07", "the training mode of the layers", "3", "the same",
    because="Recording is switched off by torch.no_grad(). A factor on the way forwards is a factor on the way back. "
    "Softmax does not see what is added to all scores.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# A large network can learn small training sets by heart, mistakes included. Here are 400 images of digits. A fifth of
# them got a random label. A network with 256 hidden neurons learns them for 100 epochs, ten times from other first
# weights.
# **Dropout** sets each hidden activation to 0 with some probability, drawn anew for each image and each step. In use,
# all neurons are there.
#
# **Predict.** Without dropout the network learns *all* labels by heart, wrong ones included. How many new images does
# it read correctly? And what does it change when half of the neurons are dropped in every step?

# %%
predict(
    "half_dropped",
    choice("of the new images, without dropout, it reads about", "20 %", "50 %", "80 %", "95 %"),
    choice("with half of the neurons dropped in training it is", "worse", "equally good", "better"),
)

# %% role="given"
digits = data.digits()

def noisy_labels(y, share, seed=5):
    """The labels, of which each is replaced by a random one with this probability."""
    rng, y = np.random.default_rng(seed), y.copy()
    replaced = rng.random(len(y)) < share
    y[replaced] = rng.integers(10, size=replaced.sum())
    return y

def scores_of(params, x):
    return np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]

LOOKS = [*range(1, 11), *range(20, 101, 10)]  # epochs after which it is measured: early ones count, too

def train_with_dropout(p_drop, x, y, seeds=10, width=256, epochs=100, lr=0.03, batch_size=20):
    """Train one network per seed; return them, and their validation accuracies after each of LOOKS."""
    def stack(*shape):
        drawn = [np.random.default_rng((seed, *shape)).normal(0, np.sqrt(2 / shape[0]), shape) for seed in range(seeds)]
        return np.array(drawn, dtype=np.float32)
    params = {"W1": stack(64, width), "b1": np.zeros((seeds, 1, width), np.float32),
              "W2": stack(width, 10), "b2": np.zeros((seeds, 1, 10), np.float32)}
    torch.manual_seed(0)
    velocity, rng, history = {name: 0 for name in params}, np.random.default_rng(0), []
    x = x.astype(np.float32)
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(x))
        for rows in np.split(order, range(batch_size, len(x), batch_size)):
            hidden = np.maximum(x[rows] @ params["W1"] + params["b1"], 0)
            factor = nn.functional.dropout(torch.ones(hidden.shape), p_drop).numpy()  # PyTorch's, until you write yours
            dropped = hidden * factor
            ds = np.exp(scores := dropped @ params["W2"] + params["b2"])
            ds /= ds.sum(axis=2, keepdims=True)
            ds[:, np.arange(len(rows)), y[rows]] -= 1
            ds /= len(rows)
            dh = (ds @ params["W2"].swapaxes(1, 2)) * factor * (hidden > 0)
            grads = {"W1": x[rows].T @ dh, "b1": dh.sum(axis=1, keepdims=True),
                     "W2": dropped.swapaxes(1, 2) @ ds, "b2": ds.sum(axis=1, keepdims=True)}
            for name in params:
                velocity[name] = 0.9 * velocity[name] + grads[name]
                params[name] = params[name] - np.float32(lr) * velocity[name]
        if epoch in LOOKS:
            history.append(accuracies(params, digits.validation.x, digits.validation.y))
    return params, np.array(history)

def accuracies(params, x, y):
    """Of each network: the share of the images that it reads correctly, in per cent."""
    return 100 * (scores_of(params, x.astype(np.float32)).argmax(axis=2) == y).mean(axis=1)

# %% tags=["experiment"]
few_x, few_y = digits.train.x[:400], noisy_labels(digits.train.y[:400], 0.2)
by_rate = {}
for p_drop in (0.0, 0.25, 0.5, 0.75):
    params, history = train_with_dropout(p_drop, few_x, few_y)
    by_rate[p_drop] = history
    learned = accuracies(params, few_x, few_y).mean()
    last = history[-1]
    print(f"p_drop {p_drop:4}: {learned:5.1f} % of the training labels learned, {last.mean():.1f} % of new images right, "
          f"single networks {last.min():.1f} to {last.max():.1f} %")

# %% tags=["outcome"]
# What you predicted, and what happened.
without, half = by_rate[0.0][-1].mean(), by_rate[0.5][-1].mean()
outcome(
    "half_dropped", min(("20 %", "50 %", "80 %", "95 %"), key=lambda words: abs(float(words[:2]) - without)),
    "better" if half > without + 1 else "worse" if half < without - 1 else "equally good",
)

# %% [markdown]
# Why does it help? Hinton and others, who invented it in 2012, explain it so: a neuron cannot rely on certain other
# neurons, since they may be missing in this very step. So it has to learn something that is useful whichever neurons are
# there. (They call the opposite *co-adaptation*: neurons that are of use only together.) And learning single examples by
# heart becomes slower, as the last line above shows.

# %% [markdown]
# ## Inverted dropout {#inverted}
#
# Each number is set to 0 with probability $p$ = `p_drop`. The others are divided by $1 - p$:
#
# $$\text{out} = \frac{m \cdot x}{1 - p}, \qquad
# m = \begin{cases} 1 & \text{with probability } 1-p\\ 0 & \text{with probability } p.\end{cases}$$
#
# Why divide? The next layer expects sums of a certain size. Without the division, a quarter of the terms of each sum would
# be missing in training with $p = 1/4$, but not in use. With it, the mean over the masks is
# $\mathbb E[\text{out}] = (1-p) \cdot \frac{x}{1-p} + p \cdot 0 = x$. So in use, when nothing is dropped, nothing has
# to be changed either. This form is called **inverted** dropout. PyTorch, TensorFlow and most others use it.
#
# **Predict.** With $p = 0.25$, by how much is a number multiplied that is kept?

# %%
predict("factor", choice("a kept number is multiplied by", "0.75", "1", "1.33", "4"))

# %% [markdown]
# ### Exercise 1: dropout_forward {#exercise-dropout-forward}
#
# *Core* · 7 minutes · 5 points.

# %% solution="dropout_forward"
def dropout_forward(x, p_drop, rng, training):
    """Inverted dropout.

    Parameters
    ----------
    x : array
        Activations, of any shape. They stay unchanged.
    p_drop : float
        Probability that an entry is dropped, 0 <= p_drop <= 1, independently of all others. With 1, `out` is all 0.
    rng : numpy.random.Generator
        Where the numbers come from. Another call with the same generator gives another mask.
    training : bool
        Whether the network is being trained. If not, nothing is dropped.

    Returns
    -------
    out : array
        Like `x`: in training, kept entries are divided by 1 - p_drop and the others are 0; else equal to `x`.
    mask : array of bool
        Of the shape of `x`: True where an entry is kept. All True when not training.
    """
    ### BEGIN SOLUTION
    if not training:
        return x, np.ones(x.shape, dtype=bool)
    mask = rng.random(x.shape) >= p_drop
    if p_drop == 1:
        return np.zeros_like(x), mask
    return x * mask / (1 - p_drop), mask
    ### END SOLUTION

# %% check="dropout_forward" points=5
check(dropout_forward)

# %% [markdown] hint="dropout_forward"
# First the simple case: what comes back when the network is not trained? Then draw one uniform number between 0 and 1
# for each entry. Which of them mean "keep"?

# %% [markdown] hint="dropout_forward"
# `rng.random(x.shape)` is below `p_drop` with probability `p_drop`. So `mask = rng.random(x.shape) >= p_drop` is True
# with probability `1 - p_drop`.

# %% [markdown] hint="dropout_forward"
# `out = x * mask / ...`. For `p_drop = 1` the division would be 0/0: return zeros instead.

# %%
out, mask = dropout_forward(np.ones(10), 0.25, np.random.default_rng(0), training=True)
print("a row of ones, after dropout:", out.round(2))
many, _ = dropout_forward(np.ones(100_000), 0.25, np.random.default_rng(0), training=True)
print("mean of 100,000 of them:", many.mean().round(3))

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "factor", min(("0.75", "1", "1.33", "4"), key=lambda words: abs(float(words) - out.max())),
    because="It is divided by the probability of being kept, 3/4.",
)

# %% [markdown]
# The *mean* of what arrives at the next layer stays, whatever $p$ is: the division takes care of that. Its *spread* grows
# with $p$, in proportion to $\sqrt{p/(1-p)}$: from 1 at 0.5 to 3 at 0.9. Dropout is noise, and the noise becomes large when
# few neurons are left.
#
# *Backwards.* Dropout multiplies each entry by a number, 0 or $1/(1-p)$. So the gradient is multiplied by the same
# number: by that of the *same mask*, which has to be kept from the forward pass.
#
# ### Exercise 2: dropout_backward {#exercise-dropout-backward}
#
# *Core* · 3 minutes · 3 points.

# %% solution="dropout_backward"
def dropout_backward(dout, mask, p_drop):
    """Gradient through dropout, for a forward pass in training.

    Parameters
    ----------
    dout : array
        Gradient of the loss with respect to the result of `dropout_forward`.
    mask : array of bool
        The mask of that forward pass, of the same shape.
    p_drop : float
        Its probability of dropping. With 1, the gradient is 0.

    Returns
    -------
    array
        Gradient with respect to the input, of the same shape.
    """
    ### BEGIN SOLUTION
    if p_drop == 1:
        return np.zeros_like(dout)
    return dout * mask / (1 - p_drop)
    ### END SOLUTION

# %% check="dropout_backward" points=3
check(dropout_backward)

# %% [markdown] hint="dropout_backward"
# Nothing random happens here. Which number was each entry multiplied with on the way forwards?

# %% [markdown]
# **What goes wrong**
#
# - *The two probabilities are confused.* For which $p$ does nobody notice?
# - *Dropout stays on in use.* Then the same image gets another answer each time.
# - *A new mask is drawn on the way back.* Then the gradient belongs to another network.
# - *One mask for the whole batch.* Each image has to get its own.

# %% [markdown]
# ## The other form {#classical}
#
# In the paper that made dropout known (Srivastava et al., 2014) the main form divides nothing in training. Instead, all
# outgoing weights are *multiplied* by the probability of keeping when training is over. And the paper calls that
# probability $p$: so its $p$ is the probability of **keeping** a neuron, where that of today's libraries is the
# probability of dropping it. Always look which one is meant.
#
# ### Exercise 3: scale_weights {#exercise-scale-weights}
#
# *Core* · 2 minutes · 2 points.

# %% solution="scale_weights"
def scale_weights(W, keep_prob):
    """The weights to be used after a training with classical dropout, which scaled nothing.

    Parameters
    ----------
    W : array (D, C)
        The weights that the dropped activations were multiplied with.
    keep_prob : float
        Probability with which each activation was *kept*, 0 < keep_prob <= 1.

    Returns
    -------
    array (D, C)
        Weights with which the sums are as large as they were on average in training.
    """
    ### BEGIN SOLUTION
    return W * keep_prob
    ### END SOLUTION

# %% check="scale_weights" points=2
check(scale_weights)

# %% [markdown] hint="scale_weights"
# In training, some of the terms of each sum were missing. In use all of them are there, so the sums are too large. By
# which factor?

# %% [markdown]
# To drop an *input* of a layer is the same as to take away what belongs to it in the weights. With our convention,
# `z = x @ W + b`, what belongs to an input?
#
# ### Exercise 4: dropped_inputs_as_weights {#exercise-dropped-inputs-as-weights}
#
# *Core* · 3 minutes · 2 points.

# %% solution="dropped_inputs_as_weights"
def dropped_inputs_as_weights(W, kept):
    """Weights that do what dropping inputs does: `x @ W_new` equals `(x * kept) @ W` for every x.

    Parameters
    ----------
    W : array (D, C)
        Weights.
    kept : array of bool (D,)
        Which inputs are kept.

    Returns
    -------
    array (D, C)
    """
    ### BEGIN SOLUTION
    return W * kept[:, None]
    ### END SOLUTION

# %% check="dropped_inputs_as_weights" points=2
check(dropped_inputs_as_weights)

# %% [markdown] hint="dropped_inputs_as_weights"
# The result of `x @ W` is a sum over the *rows* of `W`, each times one input. What has to happen to the row of an input
# that is dropped?

# %% [markdown]
# So a network with $n$ units that may be dropped contains $2^n$ networks, all of which share their weights. In each step
# of the training, each image of the batch trains one of them.
#
# **Play.** Here is such a network, trained on the digits with dropout ($p = 0.2$): two hidden layers of twelve neurons. Your
# `dropout_forward` decides which of them are there. Let the passes play with $p = 0.5$. How much does the answer change
# from one pass to the next, and how much the mean of all passes so far? Is that mean the answer of the network without
# dropout (*plain*)? Then try other images, $p = 0.25$ and $0.75$, and the other mode.

# %% tags=["demo"]
lend("dropout_forward")
demos.blinking_network(dropout_forward)

# %% [markdown]
# <details><summary>Answer</summary>
#
# With $p = 0.5$, about a third of the passes read a wrong digit, all images together. The mean of forty passes hardly
# moves any more, and it names the right digit for every image but the 9. Even with $p = 0.75$, where about two thirds of
# the passes are *wrong*, it does so for nearly all of them. It is not the plain answer: the network without dropout is
# much surer of the 3 (1.00, where the mean is below 0.8). With a smaller $p$ the two are closer. And the 9? The plain
# network is sure of a wrong digit, and most passes say the same: averaging is no help against a mistake that most of
# them make. In use nothing is dropped, and all passes are the same.
#
# </details>

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "An average of many networks".* This version draws the mask with
# `rng.binomial`. Its author tested it with `p_drop = 0.5` and was content. There are three bugs in it.
#
# ### Exercise 5: repaired_dropout_forward {#exercise-repaired-dropout-forward}
#
# *Going further* · 5 minutes · 2 points.

# %% solution="repaired_dropout_forward"
def repaired_dropout_forward(x, p_drop, rng, training):
    """The same as `dropout_forward`."""
    ### BEGIN SOLUTION
    keep = 1.0 - p_drop
    if training:
        mask = rng.binomial(1, keep, size=x.shape).astype(bool)
    else:
        mask, keep = np.full(x.shape, True), 1.0
    out = np.where(mask, x / max(keep, 1e-300), 0.0)
    return out, mask
    ### END SOLUTION

# %% broken="repaired_dropout_forward"
def repaired_dropout_forward(x, p_drop, rng, training):
    """The same as `dropout_forward`."""
    keep = 1.0 - p_drop
    if training:
        mask = rng.binomial(1, p_drop, size=x.shape[-1:]).astype(bool)
    else:
        mask = np.full(x.shape, True)
    out = np.where(mask, x / max(keep, 1e-300), 0.0)
    return out, np.broadcast_to(mask, x.shape)

# %% check="repaired_dropout_forward" points=2
check(repaired_dropout_forward)

# %% [markdown] hint="repaired_dropout_forward"
# Run it on an array of ones, shape (4, 6), with `p_drop=0.1`. How many entries are kept? Do the rows differ?

# %% [markdown] hint="repaired_dropout_forward"
# The third bug shows when the network is not trained. What is `x` divided by then?

# %% [markdown]
# ## An average of many networks {#average}
#
# To predict with all $2^n$ networks one would take the mean of their answers. Nobody can run so many. The scaled
# weights are one single network, and are said to be a good approximation. To what?
#
# Take the smallest network with softmax: scores $(x \cdot m)\,W + b$ with a mask $m$ on the inputs. For ten inputs
# there are 1,024 masks. Run them all. For each class, take the *geometric* mean of the probabilities, in which each
# mask counts with its probability, and divide by the sum, so that the result adds up to 1 again:
#
# $$\bar p_c = \frac{\tilde p_c}{\sum_k \tilde p_k}, \qquad \ln \tilde p_c = \sum_m P(m)\,\ln p_c(m) .$$
#
# A mask that keeps $k$ of $D$ inputs has the probability $P(m) = q^k (1-q)^{D-k}$, with $q$ = `keep_prob`.
#
# ### Exercise 6: geometric_mean_prediction {#exercise-geometric-mean-prediction}
#
# *Core* · 8 minutes · 4 points.

# %% role="given"
from itertools import product

def all_masks(D):
    """All 2^D masks of D inputs, shape (2^D, D)."""
    return np.array(list(product([False, True], repeat=D)))

# %% solution="geometric_mean_prediction"
def geometric_mean_prediction(x, W, b, keep_prob):
    """Geometric mean of the predictions of all networks that dropout makes of a layer with softmax.

    Parameters
    ----------
    x : array (N, D)
        Inputs, D <= 10. Each of them may be dropped. Kept ones are *not* rescaled.
    W : array (D, C)
        Weights.
    b : array (C,)
        Biases, which are never dropped.
    keep_prob : float
        Probability of keeping an input, 0 < keep_prob < 1.

    Returns
    -------
    array (N, C)
        Probabilities. Each mask counts with its probability, and each row adds up to 1.
    """
    ### BEGIN SOLUTION
    total = 0.0
    for mask in all_masks(x.shape[1]):
        scores = (x * mask) @ W + b
        log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        total = total + keep_prob ** mask.sum() * (1 - keep_prob) ** (~mask).sum() * log_p
    p = np.exp(total)
    return p / p.sum(axis=1, keepdims=True)
    ### END SOLUTION

# %% check="geometric_mean_prediction" points=4
check(geometric_mean_prediction)

# %% [markdown] hint="geometric_mean_prediction"
# One loop over `all_masks(D)`. For each mask: its scores, the logarithms of its softmax (notebook 02), its probability.
# Add up probability times logarithm.

# %% [markdown] hint="geometric_mean_prediction"
# The probability of a mask: `keep_prob ** mask.sum() * (1 - keep_prob) ** (~mask).sum()`. After the loop: the
# exponential, and divide each row by its sum.

# %% [markdown]
# **Predict.** One network with scaled weights, `softmax(x @ (keep_prob * W) + b)`, against the mean of all 1,024
# networks. How far are the two apart?

# %%
predict("scaled_against_mean", choice("the largest difference of a probability is about", "nothing at all", "0.01", "0.1"))

# %%
rng = np.random.default_rng(0)
x, W, b = rng.normal(size=(5, 10)), rng.normal(size=(10, 3)), rng.normal(size=3)
scores = x @ scale_weights(W, 0.7) + b
scaled = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
apart = np.abs(scaled - geometric_mean_prediction(x, W, b, 0.7)).max()
print(f"largest difference: {apart:.1e}")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("scaled_against_mean", "nothing at all" if apart < 1e-9 else "0.01" if apart < 0.03 else "0.1")

# %% [markdown]
# They are *equal*, up to rounding. The proof takes three lines. The logarithm of a softmax is a score minus something
# that is the same for all classes. So the mean of the logarithms is
#
# $$\ln \tilde p_c = \mathbb E_m\big[(x \cdot m)\,W_c + b_c\big] - \text{const} = (x \cdot q)\,W_c + b_c - \text{const},$$
#
# because the scores depend *linearly* on the mask, and the mean of $m$ is $q$. Dividing by the sum takes away the
# constant. What remains is the softmax of the scaled scores.
#
# With a hidden layer the scores are no longer linear in the mask. Measure what is left of the theorem, in a network
# whose ten inputs are dropped *before* a hidden layer:

# %% tags=["experiment"]
rng = np.random.default_rng(0)
x, W1, W2 = rng.normal(size=(200, 10)), rng.normal(size=(10, 20)) * 0.6, rng.normal(size=(20, 3)) * 0.5

def log_softmax_of(x):
    scores = np.maximum(x @ W1, 0) @ W2
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

masks = all_masks(10)
weights = 0.7 ** masks.sum(axis=1) * 0.3 ** (~masks).sum(axis=1)
logs = np.array([log_softmax_of(x * mask) for mask in masks])
geometric = np.exp(np.einsum("m,mnc->nc", weights, logs))
geometric /= geometric.sum(axis=1, keepdims=True)
arithmetic = np.einsum("m,mnc->nc", weights, np.exp(logs))
scaled = np.exp(log_softmax_of(x * 0.7))
for name, mean in (("geometric", geometric), ("arithmetic", arithmetic)):
    difference = np.abs(scaled - mean)
    print(f"scaled weights against the {name:10} mean: {difference.mean():.3f} on average, {difference.max():.2f} at most; "
          f"same class for {np.mean(scaled.argmax(1) == mean.argmax(1)):.0%}")

# %% [markdown]
# With a hidden layer, scaled weights are an *approximation*, as you see, and sometimes a bad one. (Random weights are a
# hard test. How a trained network does, you will see in the next section.) It is one pass in place of a thousand.

# %% [markdown]
# ## How sure is it? {#doubt}
#
# Leave dropout *on* in use and ask several times: each time another mask gives another answer. If all answers agree,
# the network is sure. If they scatter, it is in doubt (Gal and Ghahramani, 2016).
#
# ### Exercise 7: monte_carlo_prediction {#exercise-monte-carlo-prediction}
#
# *Core* · 4 minutes · 3 points.

# %% solution="monte_carlo_prediction"
def monte_carlo_prediction(forward, x, rng, samples):
    """Mean and standard deviation of several random predictions.

    Parameters
    ----------
    forward : function
        `forward(x, rng)` returns predictions, an array of any shape, and draws a new mask from `rng` in each call.
    x : array
        The inputs.
    rng : numpy.random.Generator
        Handed on to every call, so that each one draws other numbers.
    samples : int
        How many predictions to make, at least 1.

    Returns
    -------
    mean, deviation : array
        Of the shape of a prediction: mean and population standard deviation over the predictions.
    """
    ### BEGIN SOLUTION
    answers = np.array([forward(x, rng) for _ in range(samples)])
    return answers.mean(axis=0), answers.std(axis=0)
    ### END SOLUTION

# %% check="monte_carlo_prediction" points=3
check(monte_carlo_prediction)

# %% [markdown] hint="monte_carlo_prediction"
# Call `forward` so many times with the same `rng`, collect the results in a list, and make one array of it. Over which
# axis are mean and deviation taken?

# %% tags=["experiment"]
lend("dropout_forward")
params, _ = train_with_dropout(0.5, digits.train.x, digits.train.y, seeds=1, epochs=20)
network = {name: value[0] for name, value in params.items()}

def predict_once(x, rng, training=True):
    """Probabilities, with dropout switched on or not."""
    hidden = np.maximum(x @ network["W1"] + network["b1"], 0)
    hidden, _ = dropout_forward(hidden, 0.5, rng, training)
    p = np.exp(hidden @ network["W2"] + network["b2"])
    return p / p.sum(axis=1, keepdims=True)

shown = digits.validation
mirrored = shown.x.reshape(-1, 8, 8)[:, ::-1].reshape(len(shown.x), 64)  # top to bottom
no_digit = np.isin(shown.y, [2, 5, 6, 7, 9])  # in a mirror; the others look nearly the same
for name, images, y in (("as they are", shown.x, shown.y), ("2, 5, 6, 7, 9 mirrored", mirrored[no_digit], shown.y[no_digit])):
    mean, deviation = monte_carlo_prediction(predict_once, images, np.random.default_rng(0), 50)
    answer = mean.argmax(axis=1)
    doubt = deviation[np.arange(len(answer)), answer]  # the deviation of the answer's probability
    right = answer == y
    plain = predict_once(images, None, training=False)
    sure = plain.argmax(axis=1) == y
    print(f"{name}: {right.mean():.0%} right, {sum(~right)} wrong; doubt where right {doubt[right].mean():.2f}, where wrong "
          f"{doubt[~right].mean():.2f}; {sum(doubt[~right] < 0.1)} wrong with a doubt below 0.1")
    print(f"    in one plain pass {sure.mean():.0%} right; 1 - largest probability: {1 - plain.max(axis=1)[sure].mean():.2f} "
          f"where right, {1 - plain.max(axis=1)[~sure].mean():.2f} where wrong")

# %% [markdown]
# Where the network is wrong, its answers scatter more. But was it worth fifty passes? A single plain pass has a measure of
# doubt, too: 1 minus its largest probability. It is ten times as large where the network is wrong, and both ways read
# nearly equally many images correctly. With only 8 wrong images, this settles nothing. And low doubt is no proof in
# either case: mirrored from top to bottom, a 2, 5, 6, 7 or 9 is no digit any more. Nearly all are read wrongly, and more
# than one in ten of them with a doubt as low as that of right answers.

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# `nn.Dropout(p)` takes the probability of dropping. `model.train()` and `model.eval()` switch it on and off, by the
# attribute `training` that every module has. The function `nn.functional.dropout` belongs to no module. Its argument
# `training` is `True`, always, unless you hand over something else.
#
# ### Exercise 8: Dropout {#exercise-dropout}
#
# *Core* · 4 minutes · 4 points.

# %% solution="Dropout"
class Dropout(nn.Module):
    """Inverted dropout as a module, like `nn.Dropout`.

    Parameters
    ----------
    p_drop : float
        Probability that an entry is dropped, 0 <= p_drop <= 1.
    """

    def __init__(self, p_drop=0.5):
        ### BEGIN SOLUTION
        super().__init__()
        self.p_drop = p_drop
        ### END SOLUTION

    def forward(self, x):
        """Drop entries of a tensor of any shape while `self.training`; else return it as it is.

        Parameters
        ----------
        x : Tensor

        Returns
        -------
        Tensor
            Of the same shape and dtype. Random numbers come from PyTorch's global generator.
        """
        ### BEGIN SOLUTION
        return nn.functional.dropout(x, self.p_drop, self.training)
        ### END SOLUTION

# %% check="Dropout" points=4
check(Dropout)

# %% [markdown] hint="Dropout"
# A module keeps its settings in attributes, written in `__init__` below `super().__init__()`. Which attribute says
# whether it is being trained? `nn.functional.dropout` is allowed.

# %% tags=["gpu", "experiment"]
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
layer, x = Dropout(0.25), torch.ones(1000, 1000, device=device)
print("device:", device)
for training in (True, False):
    out = layer.train(training)(x)
    print(f"training {training}: share of zeros {(out == 0).float().mean().item():.3f}, mean {out.mean().item():.3f}, "
          f"largest {out.max().item():.3f}")

# %% [markdown]
# *Where to put it.* After the activation of a hidden layer, with $p$ between 0.2 and 0.5; after the inputs with less;
# never behind the last layer: the scores have to be complete. In convolutional layers it does little: what is dropped can
# be read off the neighbouring pixels. Together with batch normalization (notebook 08) one uses less of it or none.

# %% [markdown]
# ## When does it help? {#when}
#
# The example at the beginning was chosen to show a large effect: a large network, few images, and wrong labels. Two
# questions an honest report has to answer: does it also help without the wrong labels? And does early stopping do the
# same?
#
# **Predict.** The same network and 400 images, now with their *true* labels. How many points does dropout with 0.5 gain?

# %%
predict("clean", choice("with true labels dropout gains", "nothing, or loses", "0 to 3 points", "more than 3 points"))

# %% tags=["experiment"]
clean = {p_drop: train_with_dropout(p_drop, few_x, digits.train.y[:400])[1] for p_drop in (0.0, 0.5)}
for name, runs in (("a fifth of the labels random", by_rate), ("true labels", clean)):
    for p_drop in (0.0, 0.5):
        found = runs[p_drop]
        print(f"{name:28} p_drop {p_drop}: {found[-1].mean():.1f} % after the last epoch, "
              f"{found.mean(axis=1).max():.1f} % in the best of the epochs looked at")

# %% tags=["outcome"]
# What you predicted, and what happened.
gain = clean[0.5][-1].mean() - clean[0.0][-1].mean()
outcome("clean", "nothing, or loses" if gain <= 0 else "0 to 3 points" if gain < 3 else "more than 3 points")

# %% tags=["experiment", "figure"]
# Figure: validation accuracy during training with wrong labels, for four probabilities.
figure, ax = plots.axes("A fifth of the labels is random", "epoch", "accuracy on new images (%)")
told = []
looks = zip((plots.BLACK, plots.BLUE, plots.ORANGE, plots.VERMILLION), ("-", "--", "-.", ":"))
for (p_drop, found), (colour, style) in zip(by_rate.items(), looks):
    ax.plot(LOOKS, found.mean(axis=1), color=colour, ls=style, label=f"p_drop = {p_drop}")
    ax.fill_between(LOOKS, found.min(axis=1), found.max(axis=1), color=colour, alpha=0.12)
    ends = f"from {found[0].mean():.0f} % after {LOOKS[0]} epoch to {found[-1].mean():.0f} % after {LOOKS[-1]}"
    told.append(f"with {p_drop} {ends}")
ax.legend(loc="lower left")
plots.describe(figure, f"Mean accuracy of ten networks, with bands from the lowest to the highest: {'; '.join(told)}.")

# %% [markdown]
# After the last epoch, and with these wrong labels, dropout gains a lot: 5 points with 0.5 and more than 9 with 0.75. With
# true labels it gains about one. And early stopping gets as far without any dropout: after 6 epochs the plain network
# reads 91 % in spite of the wrong labels. (That epoch was chosen on these same images, so this number is a little too
# good. And the labels matter: with six other draws of wrong ones, the plain network read 90 to 92 % in its best epoch,
# and dropout with 0.75 ended between 89 and 93 %.) So dropout is one of several ways against learning by heart. With a
# large $p$ it matters less when one stops. But it does matter: with 0.5, 6 points are lost between epoch 20 and the end.
#
# **Play.** Now 100 images only. For which labels does dropout help on new images? Which $p$ is best for the large
# network, and which for the small one? And what would early stopping have reached without dropout?

# %% tags=["demo"]
demos.dropout_curves()

# %% [markdown]
# <details><summary>Answer</summary>
#
# With true labels the large network gains nothing and, up to $p = 0.6$, loses nothing. With 20 % of random labels it
# gains about 9 points, with 40 % about 12, at $p$ = 0.6 or 0.7: more than the usual 0.5. The small network needs all its
# neurons. It gains at most about 5 points, at 0.1 or 0.2, and with 0.6 it reads fewer new images than without dropout.
# Early stopping without dropout: with 40 % of random labels the large network is at its best after few epochs, with 77 %
# on average, and no $p$ ends above that. With 20 % both get about as far: 82 % at best without dropout, and 83 % at the
# end with $p = 0.6$. (All of this is one draw of images and labels. Others give other gains.)
#
# </details>

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: two answers {#question-modes}
#
# *Core* · 4 minutes · 3 points. A service reads digits. The same image sent twice gets different probabilities: 0.81
# and 0.64 for a 3. And during training, the loss on the training data was *higher* than that on the validation data.
# Explain both. Which of the two is a bug, and how is it mended?

# %% [markdown] answer="modes" points=3
# ### BEGIN SOLUTION
# The network has dropout, and it is still switched on in the service: each request draws another mask. This is a bug;
# `model.eval()` before the service starts (or `training=self.training`) mends it. The training loss is measured with
# dropout on, with a part of the network missing, and the validation loss without. So the training loss can be the
# higher one, and this is no bug. To compare, measure both in evaluation mode.
# ### END SOLUTION

# %% [markdown] mark_scheme="modes"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: different answers: dropout is on in use (a new mask each time).
# - 1 point: mended by evaluation mode: `model.eval()`, or handing over `training`. (Averaging many answers on purpose,
#   as in this notebook, is accepted if it is said that this costs many passes.)
# - 1 point: the losses: training is measured with dropout, validation without, so this is no bug. "The training loss is
#   a mean over the epoch, in which the network improves" is a second true reason: half a point if it stands alone.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: a calculation {#question-size}
#
# *Core* · 4 minutes · 3 points. A layer has 100 inputs, all equal to 1, and all weights are 0.1. Inverted dropout with
# $p = 0.2$ is applied to the inputs. What are mean and standard deviation of the sum that arrives at a neuron? (A kept
# input contributes $0.1/(1-p)$; the number of kept inputs has the variance $n\,p\,(1-p)$.) What would both be if
# somebody forgot the division? And what does the network see in use?

# %% [markdown] answer="size" points=3
# ### BEGIN SOLUTION
# 80 inputs are kept on average, each contributes $0.1/0.8 = 0.125$: the mean is $80 \cdot 0.125 = 10$. The number of
# kept ones has the variance $100 \cdot 0.2 \cdot 0.8 = 16$, so the deviation of the sum is $4 \cdot 0.125 = 0.5$.
# Without the division: mean 8, deviation 0.4. In use all inputs are there, and the sum is 10. With the division this is
# the mean of the training; without it, it is a quarter larger than what the next layer has learned to expect.
# ### END SOLUTION

# %% [markdown] mark_scheme="size"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: mean 10, deviation 0.5. One of the two: half a point.
# - 1 point: without the division 8 and 0.4. One of the two: half a point.
# - 1 point: in use 10: equal to the mean with the division, 25 % too large without.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 6 minutes · 4 points. In a widely read course text you might find:
#
# > We drop each neuron with probability $p$ during training. At test time all neurons are used, and their outputs are
# > multiplied by $p$, so that the expected values agree.
# > (In the code: `mask = np.random.rand(*h.shape) < p`.)
#
# (a) With $p = 0.25$ as the text says it: what are the mean of a neuron's output of size 1 in training, and its output
# at test time? (b) What does the line of code drop, and how often? (c) The text and its code contradict each other.
# Which of them goes together with "multiplied by $p$"? (d) For which $p$ does nobody notice, and how would you test
# instead?

# %%
print("share of True:", np.mean(np.random.default_rng(0).random(100_000) < 0.25))

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) In training, a quarter is dropped and nothing is scaled: the mean is 0.75. At test time it is 0.25, three times too
# small.
#
# (b) The mask is True, so kept, with probability $p$: three quarters are dropped for $p = 0.25$.
#
# (c) The code: there $p$ is the probability of keeping, the mean in training is $p$, and multiplying by $p$ is right.
# The sentence "drop with probability $p$" is wrong.
#
# (d) For $p = 0.5$, where both probabilities are equal. Test with 0.25: the share of zeros in training, and whether the
# mean over many masks equals the output at test time.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) 0.75 and 0.25. One of them: half a point.
# - (b) It drops with probability $1 - p$ (three quarters here).
# - (c) The code, since $p$ is then the probability of keeping.
# - (d) 0.5, and a test with another value that looks at the share of zeros or at the mean. One of the two: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Inverted dropout | divide what is kept by 1 - p | `x * mask / (1 - p_drop)` | `nn.Dropout(p)` |
# | Backwards | the same mask, the same factor | `dout * mask / (1 - p_drop)` | |
# | Classical dropout | scale the weights afterwards | `W * keep_prob` | |
# | An average | exact for one softmax layer, else approximate | | |
# | Doubt | leave it on and ask often | mean and deviation | `model.train()` for these layers |
#
# | Symptom | Suspect |
# |---|---|
# | the same input, different answers | dropout on in use |
# | results much worse in use than in training | scaling forgotten, or done twice |
# | training loss above validation loss | dropout: measured in two modes |
# | right at p = 0.5 only | dropping and keeping confused |
# | gradient does not fit | a second mask on the way back |
# | the network no longer learns | p too large |
#
# ## Read on {#read-on}
#
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov (2014). Dropout: a simple way to prevent
#   neural networks from overfitting. *JMLR* 15, 1929–1958.
# - P. Baldi, P. Sadowski (2013). Understanding dropout. *NeurIPS*. The geometric mean, and how good the approximation is.
# - Y. Gal, Z. Ghahramani (2016). Dropout as a Bayesian approximation: representing model uncertainty in deep learning.
#   *ICML*, PMLR 48, 1050–1059.
# - I. Goodfellow, Y. Bengio, A. Courville (2016). *Deep Learning*, section 7.12. MIT Press.
