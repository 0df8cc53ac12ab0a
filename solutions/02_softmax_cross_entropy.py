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
#     builds_on: [00_orientation, 01_backprop]
# ---

# %% [markdown]
# # 02 · Softmax and cross-entropy
#
# The outputs of a network are numbers. A **loss** is one number that says how bad they are. The network learns from
# nothing else. In this notebook you watch a textbook loss at work, write your own, and train a model with it that reads
# handwritten digits.
#
# **After this notebook you can**
#
# - say what a network learns to predict under squared error, absolute error and cross-entropy;
# - turn even very large scores into correct probabilities, log-probabilities and losses;
# - derive the gradient of the cross-entropy and write it in four lines;
# - explain why the binary and the general cross-entropy are the same;
# - recognise the usual mistakes in PyTorch by their symptoms.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters · What a regression loss predicts | | 11 | |
# | Scores and probabilities · Stable softmax | `softmax` | 11 | 5 |
# | Log-softmax | `log_softmax` | 7 | 4 |
# | Cross-entropy | `cross_entropy` | 12 | 5 |
# | Repair (*going further*) | `repaired_cross_entropy` | 4 | 2 |
# | The gradient | `cross_entropy_gradient` | 10 | 5 |
# | Two classes | `binary_cross_entropy` | 8 | 4 |
# | Several losses at once (*going further*) | `multitask_loss` | 12 | 4 |
# | In PyTorch | `torch_loss` | 6 | 2 |
# | Reading digits | | 7 | |
# | Questions · Summary | three short texts | 18 | 10 |
#
# The core takes about 90 minutes and earns 35 points, *going further* another 16 minutes and 6 points. If all of this
# is new to you, or if you read slowly, plan two hours for the core. The exercises are checked one by one: you can skip
# one and come back. Where the text says **Predict**, answer before you run the next cell. A wrong prediction is where
# you learn most.
#
# **Conventions.** A batch of $N$ examples comes first: scores have shape `(N, C)` for $C$ classes, class targets are
# integers of shape `(N,)`. Losses are *means* over the batch. $\ln$ is the natural logarithm, and a loss computed with
# it is in **nats**. Other texts call the scores *logits*.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, data, demos, lend, number, outcome, plots, predict

# %% [markdown]
# ## Warm-up {#warm-up}
#
# Three questions on notebook 01.

# %%
predict(
    "warm_up_02",
    choice(
        "a weight is used in two places: its gradient is",
        "the larger of both parts", "the sum of both parts", "their product",
    ),
    choice(
        "z = x @ W, and dz is the gradient of z: the gradient of W is",
        "x @ dz", "dz @ x.T", "x.T @ dz",
    ),
    choice(
        "the gradients of all 10,000 weights cost, by going backwards, about as much as",
        "2 or 3 forward passes", "100 forward passes", "10,000 forward passes",
    ),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_02", "the sum of both parts", "x.T @ dz", "2 or 3 forward passes",
    because="Each way to the loss adds its part. W has the shape (D, C), and only x.T @ dz has it, too. "
    "One way back through the graph finds all gradients at once.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# The next cell is a complete *classifier*: a program that says which digit an image shows. Each row of `x` is one image
# of 8 × 8 = 64 pixels; each column of `W` holds the weights of one digit. The cell computes ten scores per image and
# turns them into probabilities with the textbook's softmax (explained below). The loss is the mean of $-\ln$ of the
# probability of the true digit, and gradient descent improves the weights. Every formula in it is right. The pixels run
# from 0 to 255, as bytes do in most image files.
#
# **Predict.** All weights start at zero, so all ten digits are equally likely at first. What is the loss at step 0?
# And what will it do in the four steps after that?

# %%
predict(
    "first_run",
    number("loss at step 0", unit="nats"),
    choice(
        "and then it",
        "falls", "rises, then falls", "becomes infinite, then nan", "stays where it is",
    ),
)

# %%
x = 255 * data.digits().train.x
targets = data.digits().train.y
rows = np.arange(len(targets))
W = np.zeros((64, 10))
first_losses = []
with np.errstate(all="ignore"):  # warnings would only repeat what the losses say
    for step in range(5):
        exponentials = np.exp(x @ W)
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
        first_losses.append(-np.log(probabilities[rows, targets]).mean())
        print(f"step {step}: loss {first_losses[step]:.3f}")
        gradient = probabilities.copy()
        gradient[rows, targets] -= 1
        W = W - 0.01 * x.T @ gradient / len(targets)

# %% tags=["outcome"]
# What you predicted, and what happened.
broken = np.isinf(first_losses).any() and np.isnan(first_losses[-1])
outcome(
    "first_run", first_losses[0], "becomes infinite, then nan" if broken else "falls",
    because="After two steps of descent the loss is infinite. One step later it is `nan`, and it stays `nan`.",
)

# %% [markdown]
# `nan` means *not a number*. The computer's numbers have limits, and this run meets two of them.
#
# <details><summary>Answer</summary>
#
# - *Step 2: too small.* For 88 of the 1,197 images, the probability of the true digit is so small that it becomes 0,
#   and $-\ln 0 = \infty$. The gradient is still finite.
# - *Step 3: too large.* More than a quarter of the scores are above 710, the largest above 1200. The exponential of
#   such a score becomes `inf`, and `inf / inf` is `nan`. After the next step of descent the weights are `nan`, too.
#
# </details>
#
# The section *Log-softmax* solves the first problem, *Stable softmax* the second. At the end of this notebook you
# repeat this **first run** with *your* functions. Will they be enough?
#
# Before that: where do losses come from?

# %% [markdown]
# ## What a regression loss predicts {#regression}
#
# In regression, the target $\mathbf y$ and the network's output $\mathbf s$ are vectors of real numbers. Two losses
# are common:
#
# $$\|\mathbf y - \mathbf s\|_2^2 = \sum_i (y_i - s_i)^2 \quad\text{(squared)}, \qquad
# \|\mathbf y - \mathbf s\|_1 = \sum_i |y_i - s_i| \quad\text{(absolute)}.$$
#
# Now let each target be a single number, and suppose that the inputs say nothing about it. Then the network can only
# predict one number $c$ for all targets $y_1, \dots, y_N$. Set the derivative of the summed loss to zero:
#
# - squared: $\sum_n 2(c - y_n) = 0$, so $c$ is the **mean** of the targets;
# - absolute: each target pulls with the same force 1, up or down, so the pulls cancel when as many targets lie above
#   $c$ as below: $c$ is a **median**. (Targets equal to $c$ hold it there: $c$ is a median when at most half of the
#   targets lie above it and at most half below.)
#
# With inputs, the same holds for each input: a network that is flexible enough, with enough data, learns the
# conditional mean or the conditional median of the target (the mean or median of the targets of all examples with this
# input).
#
# **Predict.** Five parcels took 20, 22, 25, 28 and 130 minutes. Which constant minimises each loss?

# %%
predict(
    "parcels",
    number("constant with the least squared error", unit="minutes"),
    number("constant with the least absolute error", unit="minutes"),
)

# %%
minutes = np.array([20, 22, 25, 28, 130])
constant = np.linspace(0, 140, 1401)
error = constant[:, None] - minutes
squared = constant[(error**2).mean(axis=1).argmin()].round(1)
absolute = constant[np.abs(error).mean(axis=1).argmin()].round(1)
print("constant with the least squared error: ", squared, "minutes")
print("constant with the least absolute error:", absolute, "minutes")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("parcels", squared, absolute)

# %% [markdown]
# **Play.** Nine measurements. One of them is wrong, and you decide how wrong. It is an **outlier**: it lies far from
# the others. Move it from 5 m to 14 m: how far does each fitted constant move? Then add more outliers: how many
# outliers push the median out of the range of the good measurements?

# %% tags=["demo"]
demos.outlier()

# %% [markdown]
# <details><summary>Answer</summary>
#
# One outlier that moves by 9 m moves the mean by $9/N = 1$ m, wherever it is; $k$ outliers move it by $k$ m. The median
# stays where it is as long as the outlier stays on one side of the good measurements. Each further measurement that
# becomes an outlier can push the median to a neighbour among those left (2.6, 2.8, 3.1, 3.1, 3.6 m for none to four
# outliers at 12 m), but up to four outliers cannot push it out of the range of the good ones. Five of nine are the
# majority: then the median lies at the outliers.
#
# Neither loss is the better one. For the parcels, promise a customer the median, but plan the drivers' hours with the
# mean: means add up to the total, medians do not.
#
# </details>

# %% [markdown]
# **In PyTorch** these are `nn.functional.mse_loss` and `l1_loss`; `huber_loss` is quadratic near zero and linear
# further out. All three average over *every entry*, components of a vector included, not only over the batch.
#
# **What goes wrong.** A model returns `(N, 1)`, and the targets have shape `(N,)`. Broadcasting makes an array of
# `(N, N)` differences: every prediction minus every target. The squared error is then smallest when every prediction is
# the mean of all the targets. (These three of PyTorch warn about the shapes, but go on.) Below, each prediction is
# *exactly right*, and its error is not 0:

# %% role="given"
import torch
from torch import nn

# %%
target = torch.tensor([1.0, 2.0, 3.0])
prediction = target.reshape(3, 1)
difference = prediction - target
print("shape of the difference:", tuple(difference.shape))
print(f"squared error: {(difference**2).mean():.3f}")

# %% [markdown]
# ## Scores and probabilities {#scores}
#
# In classification the network gives one score per class, $\mathbf s \in \mathbb R^C$: the higher, the more likely the
# class. To compare scores with what really happened, turn them into **probabilities**: numbers
# $p_0, \dots, p_{C-1} \ge 0$ that sum to 1. The **softmax** makes the scores positive with an exponential, then
# divides by the sum:
#
# $$p_i = \frac{e^{s_i}}{\sum_{c=0}^{C-1} e^{s_c}}.$$
#
# Everything about it follows from one line: $\dfrac{p_i}{p_j} = e^{s_i - s_j}$.
#
# - The order is kept: a higher score is a higher probability.
# - The *odds* of class $i$ against class $j$ are $p_i / p_j$. One more unit of score multiplies them by
#   $e \approx 2.72$; $\ln 2 \approx 0.69$ more doubles them.
# - Only *differences* count. Add the same number to all scores and the probabilities do not change.
#
# **Predict.** A network looks at a photo and gives cat, dog, fox and owl the scores $(3.0,\ 1.6,\ 3.8,\ {-2.0})$. By
# which factor is the fox more likely than the cat? Is the probability of the dog nearer to 0.25 or to 0.07?

# %% tags=["figure"]
# Figure: scores, their exponentials, and probabilities.
classes, scores = ["cat", "dog", "fox", "owl"], np.array([3.0, 1.6, 3.8, -2.0])
exponentials = np.exp(scores)
probabilities = exponentials / exponentials.sum()

figure, panels = plots.axes("From scores to probabilities", "class", ncols=3, figsize=(10, 3))
steps = {"score": scores, "exponential": exponentials, "probability": probabilities}
for panel, (name, values) in zip(panels, steps.items()):
    bars = panel.bar(classes, values, color=plots.COLOURS[name])
    panel.bar_label(bars, fmt="%.3g", padding=2)
    panel.set_ylabel(name)
    panel.margins(y=0.15)
words = (f"{name} of {', '.join(f'{c}: {v:.3g}' for c, v in zip(classes, values))}" for name, values in steps.items())
plots.describe(figure, f"Three panels of bars. {'; '.join(words)}.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Fox over cat: $e^{3.8 - 3.0} = 2.23$. The dog's score, 1.6, is exactly the mean of the four scores, but its
# probability is only 7 %, not 25 %: the exponential turns a gap of 2.2 to the fox into a factor of 9.
#
# </details>
#
# The probabilities sum to 1, so what one class gains, the others lose.
#
# ## Stable softmax {#stable}
#
# The largest float64 is about $1.8 \cdot 10^{308} = e^{709.78}$. So the exponential of 710 is too large for a float64:
# it **overflows** to `inf`. A score of 710 is not rare: the first run had such scores after three steps.
#
# **Predict.** What are the right probabilities for scores $(1000, 1001)$? And what does the formula give?

# %%
with np.errstate(all="ignore"):
    exponentials = np.exp(np.array([1000.0, 1001.0]))
    print("exponentials:", exponentials, "  probabilities:", exponentials / exponentials.sum())

# %% [markdown]
# <details><summary>Answer</summary>
#
# The right answer is $(0.269, 0.731)$, the same as for $(0, 1)$, since only differences count. The formula gives
# `inf / inf`, which is `nan`.
#
# </details>
#
# Only differences count, and this is the solution: subtract the largest score $m = \max_c s_c$ first,
#
# $$p_i = \frac{e^{s_i - m}}{\sum_c e^{s_c - m}}.$$
#
# Now no exponent is above 0, so nothing overflows. One of them *is* 0, so the sum is at least 1 and nothing is divided
# by 0. In float64, an exponential becomes 0 (it **underflows**) only where the probability is below $10^{-300}$. As a
# probability, 0 is then good enough.
#
# ### Exercise 1: softmax {#exercise-softmax}
#
# *Core* · 6 minutes · 5 points.

# %% solution="softmax"
def softmax(scores):
    """Turn scores into probabilities, over the last axis.

    Parameters
    ----------
    scores : array (..., C)
        Finite numbers, also large ones (±1e4 side by side in one batch), any number of leading
        dimensions, including none.

    Returns
    -------
    array (..., C)
        Probabilities: not negative, and each row along the last axis sums to 1.
    """
    ### BEGIN SOLUTION
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
    ### END SOLUTION

# %% [markdown] hint="softmax"
# What does `np.exp(scores)` look like for the scores $(1000, 1001)$? Which number may you subtract from all scores of a
# row without changing its probabilities?

# %% [markdown] hint="softmax"
# You need two numbers for each row, its maximum and a sum. Compute both along the *last* axis; both results have to fit
# beside the scores again: print their shapes for an array of shape `(2, 3, 4)`.

# %% [markdown] hint="softmax"
# Write it in two lines. `exponentials = np.exp(scores - ...)`, with each row's own maximum and `keepdims=True`, then
# divide the exponentials by ... along the same axis.

# %% check="softmax" points=5
check(softmax)

# %% [markdown]
# **In PyTorch:** `torch.softmax(scores, dim=-1)`, stable already.
#
# **What goes wrong**
#
# - *One maximum for the whole batch.* In a batch with rows $(0, 1)$ and $(900, 901)$, subtracting 901 everywhere
#   saves the second row and turns the first into $0/0$. Each row needs its own maximum.
# - *The maximum subtracted in the numerator only.* The rows then sum to $e^{-m}$.
# - *The wrong axis.* `sum(axis=0)` lets the examples of a batch compete with each other. Nothing crashes.
# - *`keepdims` forgotten.* Dividing `(N, C)` by `(N,)` is an error in most cases. With $N = C$ it is not: then the sum
#   of row $n$ divides *column* $n$, without any message.
# - *`scores -= m`* changes the caller's array. `scores - m` makes a new one.
#
# **Predict.** Here is the forgotten `keepdims` with $N = C = 3$. Which rows sum to 1?

# %%
square = np.exp(np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]]))
print("sums of the rows:", (square / square.sum(axis=1)).sum(axis=1).round(3))

# %% [markdown]
# <details><summary>Answer</summary>
#
# None of them, and there is no error.
#
# </details>
#
# ## Log-softmax {#log}
#
# The loss will be made of *logarithms* of probabilities. Is the logarithm of your softmax good enough?
#
# **Predict.** For scores $(0, 1000)$: what is $\ln p_0$, by hand? What does `np.log(softmax(scores))` give?

# %%
predict(
    "log_of_softmax",
    number("ln p₀, by hand"),
    choice("the code gives", "the same", "about −700", "−∞", "nan"),
)

# %%
with np.errstate(all="ignore"):
    detour = np.log(softmax(np.array([0.0, 1000.0])))
print("ln p:", detour)

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "log_of_softmax", 0 - 1000, "−∞" if np.isinf(detour[0]) else "the same",
    because="By hand it is an ordinary number. But the code computes p₀ = e^(-1000) first, which becomes 0: "
    "the smallest positive float64 is about 5e-324. For a logarithm, 0 is not good enough.",
)

# %% [markdown]
# The same happened at step 2 of the first run. The way through $p$ is a *detour*, and the logarithm does not need it:
#
# $$\ln p_i = s_i - \ln \sum_c e^{s_c} = (s_i - m) - \ln \sum_c e^{s_c - m}.$$
#
# The sum lies between 1 and $C$, its logarithm between 0 and $\ln C$: no overflow, and no $\ln 0$. The quantity
# $\operatorname{lse}(\mathbf s) = \ln \sum_c e^{s_c}$ is called **log-sum-exp**. From
# $m \le \operatorname{lse}(\mathbf s) \le m + \ln C$ you see that it is a smooth version of the maximum.
#
# ### Exercise 2: log_softmax {#exercise-log-softmax}
#
# *Core* · 4 minutes · 4 points.

# %% solution="log_softmax"
def log_softmax(scores):
    """Natural logarithm of the softmax over the last axis.

    Accurate also where the softmax itself underflows to 0.

    Parameters
    ----------
    scores : array (..., C)
        Finite numbers, also large ones (±1e4), any number of leading dimensions, including none.

    Returns
    -------
    array (..., C)
        Finite and at most 0. For scores [0, 1000] it is [-1000, 0].
    """
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    ### END SOLUTION

# %% [markdown] hint="log_softmax"
# Where would a 0 come from, and who takes its logarithm? Which form of $\ln p_i$ in the text above never makes a 0?

# %% [markdown] hint="log_softmax"
# Subtract the row's maximum first. What is the logarithm of $e^{s_i - m}$, without computing the exponential?

# %% [markdown] hint="log_softmax"
# `shifted = scores - ...`, as in the softmax. The answer is `shifted - ...`, and what is missing is the logarithm of a
# sum that lies between 1 and $C$.

# %% check="log_softmax" points=4
check(log_softmax)

# %% [markdown]
# **Predict.** Two classes; the score of the true one lies `gap` below the other. The next cell plots $-\ln p$ of the
# true class against the gap: with your function, and by the detour in float64 and in float32, which most networks use.
# Where does each curve end? (The smallest positive float32 is about $1.4 \cdot 10^{-45}$.)

# %% tags=["figure"]
# Figure: the loss against the gap, exact and by the detour.
gap, ends = np.linspace(0, 900, 901), {}
scores = np.stack([-gap, np.zeros_like(gap)], axis=1)
figure, ax = plots.axes("The loss of an ever worse prediction", "gap between the scores", "−ln p, true class (nats)")
ax.plot(gap, -log_softmax(scores)[:, 0], label="log_softmax", color=plots.COLOURS["loss"], alpha=0.4, linewidth=7)
for kind, colour in (("float64", plots.BLACK), ("float32", plots.BLUE)):
    with np.errstate(all="ignore"):
        detour = -np.log(softmax(scores.astype(kind)))[:, 0]
    ends[kind] = end = np.isfinite(detour).sum() - 1
    ax.plot(gap, detour, "-", color=colour, label=f"log of softmax, {kind}")
    ax.plot(gap[end], detour[end], "o", color=colour)
    ax.annotate(f"infinite beyond {end}", (gap[end], detour[end]), (10, -10), textcoords="offset points")
ax.legend()
words = " and ".join(f"at a gap of {end} in {kind}" for kind, end in ends.items())
plots.describe(figure, f"Loss against the gap, by log_softmax and by the log of the softmax, which ends {words}.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# `log_softmax` does not end. The detour ends where the smaller probability becomes 0: beyond a gap of 745 in float64. In
# float32, a gap of 104 is enough for an infinite loss, and from 89 on $1/p$ is infinite.
#
# </details>
#
# **In PyTorch:** `torch.log_softmax(scores, dim=-1)` and `torch.logsumexp`.
#
# **What goes wrong.** With autograd, the detour is even worse. $1/p$ becomes infinite at a smaller gap than $-\ln p$, and
# then the gradient holds `nan` while the loss is still finite. After the next step, the weights hold it, too. Some add
# a small constant inside the logarithm. That removes the `nan` and makes the loss and the gradient wrong: see
# *Question 3* below.

# %% [markdown]
# ## Cross-entropy {#cross-entropy}
#
# The model says: example $n$ is of class $c$ with probability $p_{n,c}$. The true class is $y_n$. If the examples are
# **independent** of each other, their probabilities multiply: the model gave all $N$ true classes together the
# probability $\prod_n p_{n, y_n}$ (the **likelihood**). Good scores make that large. Take the logarithm, which turns
# the product into a sum; divide by $N$, so that batches of different sizes can be compared; change the sign, so that
# lower is better:
#
# $$L = -\frac1N \sum_{n=1}^{N} \ln p_{n, y_n}.$$
#
# This is the **cross-entropy**. The name belongs to the general form $-\sum_c q_c \ln p_c$, for any target distribution
# $\mathbf q$. If $\mathbf q$ puts everything on the true class, one term remains. That term still depends on *all*
# scores, by way of the sum in the softmax.
#
# In the example with cat, dog, fox and owl, let the photo show the dog. Its probability is 0.0709 and the
# loss $-\ln 0.070884\ldots = 2.647$ nats. (From the rounded 0.071 you would get another last digit: $-\ln 0.071 = 2.645$.
# Round at the end, not on the way.)
#
# **Predict**, without a calculator: it is the dog; what is the loss of a nearly perfect prediction $(0, 20, 0, 0)$,
# of a terrible one $(20, 0, 0, 0)$, and of one that knows nothing, $(0, 0, 0, 0)$?
#
# ### Exercise 3: cross_entropy {#exercise-cross-entropy}
#
# *Core* · 5 minutes · 5 points.

# %% solution="cross_entropy"
def cross_entropy(scores, targets):
    """Mean over the batch of minus the log-probability of the true class.

    Parameters
    ----------
    scores : array (N, C)
        Raw scores, not probabilities; finite numbers, also large ones (±1e4).
    targets : integer array (N,)
        The true class of each example, from 0 to C - 1.

    Returns
    -------
    float
        The loss in nats; finite and accurate even where the probability of the true class
        underflows to 0.
    """
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_normaliser = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_normaliser - shifted[np.arange(len(targets)), targets]))
    ### END SOLUTION

# %% [markdown] hint="cross_entropy"
# You need one log-probability per example: that of its true class. How do you pick one element from each row of an
# array? (The first run at the start of this notebook does it.)

# %% [markdown] hint="cross_entropy"
# `array[rows, targets]` with `rows = np.arange(len(targets))` gives `N` numbers. `array[:, targets]` gives a whole
# matrix.

# %% [markdown] hint="cross_entropy"
# Compute the log-probabilities as in exercise 2, pick those of the true classes, and return minus their ... as a float.

# %% check="cross_entropy" points=5
check(cross_entropy)

# %% tags=["figure"]
# Figure: the price of a prediction.
predictions = {
    "perfect": [0.0, 20.0, 0.0, 0.0],
    "knows nothing": [0.0, 0.0, 0.0, 0.0],
    "the example": [3.0, 1.6, 3.8, -2.0],
    "terrible": [20.0, 0.0, 0.0, 0.0],
}
p = np.geomspace(1e-10, 1, 500)
words = []
figure, ax = plots.axes("The price of a prediction", "probability of the true class", "loss")
ax.plot(p, -np.log(p), label="cross-entropy, −ln p (nats)", **plots.line("loss"))
ax.plot(p, (1 - p) ** 2, linestyle="--", color=plots.COLOURS["squared"], label="squared error, (1 − p)²")
for name, scores in predictions.items():
    loss = cross_entropy(np.array([scores]), np.array([1]))
    print(f"{name:14} loss {loss:.3g} nats")
    words.append(f"{name}: {loss:.3g}")
    side = "right" if name == "perfect" else "left"
    ax.plot(np.exp(-loss), loss, "o", color=plots.BLACK)
    ax.annotate(name, (np.exp(-loss), loss), (-4 if side == "right" else 8, 6), textcoords="offset points", ha=side)
ax.legend()
plots.describe(figure, f"Loss against the probability of the true class, with dots for {', '.join(words)} (nats); "
               f"beside it the squared error, which ends at {((1 - p) ** 2).max():.3g}.")

# %% [markdown]
# Three prices to remember. A perfect prediction costs 0. Knowing nothing costs $\ln C$: a first loss far above
# $\ln C$, if it is a mean and nothing was added to it, means that your network is *sure* of something before it has
# learned anything. Being sure and wrong costs about as much as the gap between the scores, and there is no limit.
#
# **Predict.** The **temperature** $T$ divides all scores before the softmax. From $T = 1$: does a larger or smaller $T$ make the loss smaller if the true class is the dog? The fox? The cat?
#
# **Play.** Now find the best $T$ for each. The answers are of three kinds. Why?

# %% tags=["demo"]
demos.scores_to_loss(softmax)

# %% [markdown]
# <details><summary>Answer</summary>
#
# A temperature never changes which class has the largest score, only how sure the network is.
#
# - *Dog*: the larger $T$, the smaller the loss. $T \to \infty$ gives $\ln 4 = 1.386$, as if the network knew nothing.
# - *Fox*, the class with the largest score: the smaller $T$, the smaller the loss. $T \to 0$ gives 0.
# - *Cat*: also a wrong prediction, but here the best $T$ is near 2.1, with a loss of 1.122. The scores say something
#   about the cat: its score lies far above the mean score.
#
# For a whole data set, the best $T$ usually lies in between. Remember this at the end of the notebook.
#
# *Going further: why?* Let $\beta = 1/T$. Then $\frac{dL}{d\beta} = \sum_c p_c s_c - s_y$: the mean score, weighted by
# the probabilities, minus the score of the true class. When $T$ falls from $\infty$ to 0, the weighted mean climbs from
# the plain mean of the scores (1.6) to the largest score (3.8). The loss is smallest where the weighted mean passes
# $s_y$. If $s_y$ is at most the plain mean, as for the dog (1.6) and the owl, that is at $T \to \infty$. If it is the
# largest score, it is at $T \to 0$. In all other cases the best $T$ lies in between. (If all scores are equal, $T$
# changes nothing. If two classes share the largest score and one of them is the true one, $T \to 0$ gives $\ln 2$.) For
# a data set, average: there is a best $T$ in between if some predictions are wrong, and if the scores of the true
# classes lie above the plain mean scores on average.
#
# </details>

# %% [markdown]
# **In PyTorch:** `nn.functional.cross_entropy(scores, targets)`. It takes scores and does the log-softmax itself.
#
# - Classes lie on axis 1. For sequences of length $M$, scores are `(N, C, M)` and targets `(N, M)`. Scores `(N, M, C)`
#   are an error, but not if $M = C$: then the loss is silently wrong.
# - Targets are int64 classes, or float probabilities `(N, C)`; `label_smoothing` makes these.
# - Targets equal to `ignore_index` ($-100$) count neither in the sum nor in the $N$ of the mean. For targets that are
#   classes, `weight`, one number per class, makes the mean a weighted one.
#
# **What goes wrong**
#
# - *`log_p[:, targets]`* picks for each row the columns of *all* targets, an `(N, N)` array. Its negative mean looks
#   like a loss, and training can lower it. But at its minimum every example gets the same probabilities: the shares of
#   the classes in the batch. You want `log_p[np.arange(N), targets]`, one entry per row.
# - *A sum in place of the mean.* The gradient of a sum is $N$ times the gradient of the mean. With a mean, a learning
#   rate that is good for a small batch is also good for a larger one; often a higher one works, too. With a sum, divide
#   this rate by the batch size: each new size needs a new rate. (This holds for plain gradient descent.)

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "The gradient".* Much of the code that you will meet was written by somebody
# else, and has bugs. This cross-entropy has three, and one of them makes it fail in two ways, as the first run did.
# Find them one at a time: read, say what will go wrong, then run the check.
#
# ### Exercise 4: repaired_cross_entropy {#exercise-repaired-cross-entropy}
#
# *Going further* · 4 minutes · 2 points.

# %% solution="repaired_cross_entropy"
def repaired_cross_entropy(scores, targets):
    """The mean cross-entropy of a batch, as `cross_entropy`, one example after the other."""
    ### BEGIN SOLUTION
    total = 0.0
    for row, target in zip(scores, targets):
        log_probabilities = row - np.logaddexp.reduce(row)
        total += -log_probabilities[target]
    return total / len(targets)
    ### END SOLUTION

# %% broken="repaired_cross_entropy"
def repaired_cross_entropy(scores, targets):
    """The mean cross-entropy of a batch, as `cross_entropy`, one example after the other."""
    total = 0.0
    for row, target in zip(scores, targets):
        probabilities = np.exp(row) / np.exp(row).sum()
        total = -np.log(probabilities[target])
    return total / len(row)

# %% [markdown] hint="repaired_cross_entropy"
# Try a batch of two examples with different losses, then the same two in the other order. Should the loss change, and
# does it? Then compare a batch of one with your `cross_entropy`. If both agree, try scores such as $(1000, 0)$ and
# $(0, 1000)$.

# %% [markdown] hint="repaired_cross_entropy"
# Two bugs are about the mean: what happens to `total` from one example to the next, and what is it divided by? The
# third one shows only with scores that are large or far apart. Subtracting the maximum is half of its repair.

# %% check="repaired_cross_entropy" points=2
check(repaired_cross_entropy)

# %% [markdown]
# ## The gradient {#gradient}
#
# Take one example with scores $\mathbf s$, probabilities $\mathbf p$ and true class $y$, so $L = -\ln p_y$. First the
# softmax. Write $[i = c]$ for 1 if $i = c$ and 0 otherwise. The quotient rule gives its Jacobian:
#
# $$\frac{\partial p_i}{\partial s_c}
# = \frac{[i = c]\, e^{s_i} \sum_k e^{s_k} - e^{s_i} e^{s_c}}{\left(\sum_k e^{s_k}\right)^2}
# = p_i\,([i = c] - p_c).$$
#
# It is a full matrix: each score moves each probability. Then the chain rule with
# $\partial L / \partial p_y = -1 / p_y$:
#
# $$\frac{\partial L}{\partial s_c} = -\frac{1}{p_y} \cdot p_y\,([y = c] - p_c) = p_c - [y = c].$$
#
# The dangerous $1/p_y$ cancels. As a vector, $[y = c]$ is the **one-hot** target: 1 for the true class, 0 for all
# others. So what remains is *what you said minus what was true*. For a batch, $L$ is a mean, so every row is divided by
# $N$.
#
# **Predict.** What does each row of the gradient sum to? How large can an entry get? Which entry of a row is
# negative?
#
# ### Exercise 5: cross_entropy_gradient {#exercise-cross-entropy-gradient}
#
# *Core* · 5 minutes · 5 points.

# %% solution="cross_entropy_gradient"
def cross_entropy_gradient(scores, targets):
    """Gradient of the mean cross-entropy of a batch with respect to its scores.

    Parameters
    ----------
    scores : array (N, C)
        Raw scores; finite numbers, also large ones (±1e4).
    targets : integer array (N,)
        The true class of each example, from 0 to C - 1.

    Returns
    -------
    array (N, C)
        Entry (n, c) is the derivative of the loss, which is a mean over the batch, with respect
        to scores[n, c].
    """
    ### BEGIN SOLUTION
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    gradient = exponentials / exponentials.sum(axis=1, keepdims=True)
    gradient[np.arange(len(targets)), targets] -= 1
    return gradient / len(targets)
    ### END SOLUTION

# %% [markdown] hint="cross_entropy_gradient"
# What are the rows of $\mathbf p - \text{one-hot}$ for a batch of two? Which single entry of each row differs from
# $\mathbf p$?

# %% [markdown] hint="cross_entropy_gradient"
# The loss is a *mean* over the batch. What does that do to every row of its gradient?

# %% [markdown] hint="cross_entropy_gradient"
# Start from the probabilities (a new array). In each row subtract 1 at the place of the true class, with the same kind
# of index as in exercise 3. Then divide by ...

# %% check="cross_entropy_gradient" points=5
check(cross_entropy_gradient)

# %% [markdown]
# Each row sums to 0, since $\mathbf p$ and the one-hot target both sum to 1. Only the true class has a negative entry,
# so a step of descent on the scores raises its score and lowers all the others. No entry is larger than $1/N$ in size,
# however wrong the prediction.
#
# What does a network predict under cross-entropy? Suppose again that the inputs say nothing. Then all examples get the
# same $\mathbf p$. Summed over the batch, the gradient is 0 when $\mathbf p$ is how often each class occurs. With
# inputs, a network that is flexible enough, with enough data, learns the conditional **probabilities of the classes**.
# They are for cross-entropy what the mean is for squared error.
#
# You can check the gradient without a reference: move one score a little up and a little down, and see how the loss
# changes. This test works for every loss that is differentiable at the point where you try it.

# %%
scores, targets = np.array([[3.0, 1.6, 3.8, -2.0]]), np.array([1])
step = 1e-5
moved = step * np.eye(4)[:, None, :]
higher = np.array([cross_entropy(scores + d, targets) for d in moved])
lower = np.array([cross_entropy(scores - d, targets) for d in moved])
print("numerical:", ((higher - lower) / (2 * step)).round(6))
print("yours:    ", cross_entropy_gradient(scores, targets)[0].round(6))

# %% [markdown]
# Take two classes, and let $p$ be the probability of the true one. Instead of the cross-entropy, one could use the
# squared error of this probability, $(1-p)^2$.
#
# **Predict.** A network is sure and wrong: the score of the true class lies 6 below the other. Which of the two losses
# pulls harder, that is, has the larger derivative (in size) with respect to the score of the true class?

# %%
predict(
    "pull",
    choice("the loss that pulls harder", "cross-entropy", "squared error", "both about the same"),
)

# %% tags=["figure"]
# Figure: how hard each loss pulls.
margin = np.linspace(-8, 8, 321)
scores = np.stack([margin, np.zeros_like(margin)], axis=1)
targets = np.zeros(len(margin), dtype=int)
p = softmax(scores)[:, 0]
pull = -len(margin) * cross_entropy_gradient(scores, targets)[:, 0]
figure, ax = plots.axes("How hard the loss pulls", "score of the true class minus the other score",
                        "−dL/d(score of the true class)")
ax.plot(margin, pull, label="cross-entropy: 1 − p", **plots.line("loss"))
squared = 2 * p * (1 - p) ** 2
ax.plot(margin, squared, linestyle="--", color=plots.COLOURS["squared"], label="squared error: 2p(1 − p)²")
ax.axvline(0, color=plots.GREY, linewidth=1)
ax.text(-0.2, 0.02, "wrong", ha="right", color=plots.BLACK)
ax.text(0.2, 0.02, "right", color=plots.BLACK)
ax.legend()
words = (f"{name} from {v[0]:.2g} when surely wrong by way of at most {v.max():.2g} to {v[-1]:.2g} when surely right"
         for name, v in {"cross-entropy": pull, "squared error": squared}.items())
plots.describe(figure, f"Pull on the true class's score against the difference of the scores: {'; '.join(words)}.")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "pull", "cross-entropy" if pull[margin == -6] > 1.5 * squared[margin == -6] else "squared error",
    because="At -6 the squared error pulls with 0.005, cross-entropy with 0.998: about 200 times as hard.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The squared error has the derivative $-2p(1-p)^2$ with respect to the true class's score: here nothing cancels the
# factor $p$ from the softmax. So where the prediction is worst, it hardly pulls at all. (When the network is sure and
# right, both pull with almost 0, as they should.) This is one reason why classifiers are trained with cross-entropy.
#
# </details>
#
# **In PyTorch:** `loss.backward()`; autograd arrives at the same $(\mathbf p - \text{one-hot})/N$.
#
# **What goes wrong**
#
# - *The loss is averaged, the gradient is not.* Each loss value is right, but every step is $N$ times too long, as with
#   a learning rate $N$ times too large. (Divided by $N$ twice, every step is $N$ times too short.)
# - *The softmax treated as if each score only moved its own probability*, with derivative $p(1-p)$. The rows of the
#   gradient no longer sum to 0.
# - *The Jacobian applied once more* to $\mathbf p - \text{one-hot}$, which contains it already.

# %% [markdown]
# ## Two classes {#two-classes}
#
# Yes-or-no questions have two classes, and two scores say more than is needed: only $s = s_1 - s_0$ counts. Set
# $s_0 = 0$:
#
# $$p_1 = \frac{e^{s}}{e^{0} + e^{s}} = \frac{1}{1 + e^{-s}} = \sigma(s), \qquad p_0 = 1 - p_1 = \sigma(-s).$$
#
# So the **sigmoid** $\sigma$ is the softmax of the scores $(0, s)$. The cross-entropy becomes, for a target
# $t \in \{0, 1\}$,
#
# $$\ell(s, t) = -t \ln \sigma(s) - (1 - t) \ln \sigma(-s)
# = \begin{cases} \ln(1 + e^{-s}) & t = 1, \\ \ln(1 + e^{s}) & t = 0. \end{cases}$$
#
# This is called **binary cross-entropy**. It is not a new loss: it is the old one, with one score in place of two. It
# also has the old problem: $e^{1000}$. Note that $\ln(1 + e^{a}) = \ln(e^{0} + e^{a})$ is a log-sum-exp.
#
# **Predict.** What are $\ell(1000, 1)$ and $\ell(1000, 0)$?
#
# ### Exercise 6: binary_cross_entropy {#exercise-binary-cross-entropy}
#
# *Core* · 5 minutes · 4 points.

# %% solution="binary_cross_entropy"
def binary_cross_entropy(score, target):
    """Mean cross-entropy of a yes-or-no question, from one raw score per example.

    Parameters
    ----------
    score : array (N,)
        Score of "yes" (class 1), before any sigmoid; finite numbers, also large ones (±1e4).
    target : array (N,)
        1 for "yes", 0 for "no"; integers or floats.

    Returns
    -------
    float
        Mean over the batch in nats, finite and accurate for scores of ±1e4, too.
    """
    ### BEGIN SOLUTION
    return float(np.mean(np.logaddexp(0, np.where(target == 1, -score, score))))
    ### END SOLUTION

# %% [markdown] hint="binary_cross_entropy"
# The text gives one formula for target 1 and one for target 0. They differ in one sign only. Which expression is the
# same for both?

# %% [markdown] hint="binary_cross_entropy"
# $\ln(1 + e^a)$ is the log-sum-exp of $0$ and $a$. NumPy has a stable function for the log-sum-exp of two numbers.

# %% [markdown] hint="binary_cross_entropy"
# `np.logaddexp(0, ...)` for each example. The sign of the score in ... depends on the target: `np.where` can choose it.
# Then make one number of the `N` losses.

# %% check="binary_cross_entropy" points=4
check(binary_cross_entropy)

# %% tags=["figure"]
# Figure: two classes, two ways.
score, seen = np.linspace(-6, 6, 25), []
figure, ax = plots.axes("Two classes, two ways", "score s", "loss (nats)")
for t, style, words in ((1, "-", "yes"), (0, "--", "no")):
    target = np.array([t])
    binary = [binary_cross_entropy(np.array([s]), target) for s in score]
    pairs = [cross_entropy(np.array([[0.0, s]]), target) for s in score]
    ax.plot(score, binary, style, color=plots.COLOURS["loss"], label=f"binary cross-entropy of s, target {t} ({words})")
    ax.plot(score, pairs, ".", color=plots.BLACK, label=f"cross-entropy of (0, s), target {t}")
    apart = np.abs(np.subtract(binary, pairs)).max()
    seen.append(f"for target {t} from {binary[0]:.3g} to {binary[-1]:.3g}, {apart:.1g} at most from the pair's loss")
ax.legend()
plots.describe(figure, f"Loss against the score: {'; '.join(seen)}.")

# %% [markdown]
# So $\ell(1000, 1) = \ln(1 + e^{-1000})$, which is 0 in float64, and $\ell(1000, 0) = 1000$. Being sure and wrong
# costs about the score itself, as before.
#
# **In PyTorch:** `nn.functional.binary_cross_entropy_with_logits(score, target)`, with targets as floats. There is also
# `binary_cross_entropy` *without* logits, which expects $\sigma(s)$. To avoid $\ln 0$, it never lets the logarithm fall
# below $-100$.
#
# **Predict.** Score 17, target 0, in float32. What loss and what gradient does each of the two give?

# %%
target = torch.zeros(1)
for loss_function, prepare in (
    (nn.functional.binary_cross_entropy_with_logits, lambda score: score),
    (nn.functional.binary_cross_entropy, torch.sigmoid),
):
    score = torch.tensor([17.0], requires_grad=True)
    loss = loss_function(prepare(score), target)
    loss.backward()
    print(f"{loss_function.__name__:34} loss {loss.item():6.0f}   gradient {score.grad.item():.0f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The first gives loss 17 and gradient 1. In float32, $1 + e^{-17}$ rounds to 1, so $\sigma(17)$ comes out as 1, and the
# second loss jumps to 100. It gives gradient zero for one of the worst predictions: this example does nothing to correct
# itself.
#
# </details>
#
# **What goes wrong.** Another mistake is to confuse *exactly one of C classes* with *any number of C classes*. A digit
# is exactly one of ten: softmax. A photo can show a cat *and* a dog: one sigmoid and one binary cross-entropy for each
# class, no softmax.

# %% [markdown]
# ## Several losses at once {#several}
#
# *Going further. Short of time? Go on with "In PyTorch".*
#
# An object detector answers two questions about each region of an image: what is it (class scores), and where exactly
# (a box, $\mathbf b \in \mathbb R^4$)? It is trained on the sum of two losses, the second weighted by $\lambda$
# (`box_weight` in the code):
#
# $$L = \underbrace{-\frac1N \sum_n \ln p_{n, y_n}}_{\text{what}} \;+\;
# \lambda \cdot \underbrace{\frac1N \sum_{n:\, y_n \ne 0} \|\mathbf b_n - \mathbf b^*_n\|_2^2}_{\text{where}}.$$
#
# Class 0 is the **background**: nothing is there, so there is no true box $\mathbf b^*_n$, and the second sum leaves
# these examples out. It is still divided by $N$: each example then counts the same whatever else is in its batch, and a
# batch of only background does not give $0/0$. Since the losses add, so do their gradients. $\lambda$ also converts the
# units, from squared pixels to nats.
#
# The box targets of background rows hold anything, often `nan`.
#
# **Predict.** `has_box` is 0 for the background. Does `has_box * (box - box_targets) ** 2` switch these rows off?

# %%
print("0 * nan =", 0 * np.nan)

# %% [markdown]
# ### Exercise 7: multitask_loss {#exercise-multitask-loss}
#
# *Going further* · 9 minutes · 4 points. Leave the rows of the background out of the box term.

# %% solution="multitask_loss"
def multitask_loss(class_scores, box, class_targets, box_targets, box_weight):
    """Cross-entropy plus `box_weight` times a squared box error, and the gradients of the sum.

    `class_scores` (N, C) are raw scores, `box` (N, D) the predicted boxes, `class_targets` (N,)
    the true classes, of which 0 is the background, `box_targets` (N, D) the true boxes. Rows of
    `box_targets` that belong to the background hold anything, NaN included, and must not matter.
    The box error is summed over the D numbers of a box and over all examples that are not
    background, then divided by N, the size of the whole batch.

    Returns (loss, d_class_scores, d_box): a float and its gradients with respect to
    `class_scores` and `box`, with the same shapes; `d_box` is 0 in the rows of the background.
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

# %% [markdown] hint="multitask_loss"
# Which rows take part in the box term? Make a mask of them, and print what it selects from `box_targets`.

# %% [markdown] hint="multitask_loss"
# Begin with an array of zeros of the shape of `box`, and fill in the difference only in the rows of the mask. Loss and
# gradient can both be made from this array.

# %% [markdown] hint="multitask_loss"
# `error[has_box] = box[has_box] - ...`. The loss has `box_weight * np.sum(error**2) / n`, so its gradient is ...; the
# class part is what you wrote in exercises 3 and 5.

# %% check="multitask_loss" points=4
check(multitask_loss)

# %% [markdown]
# **In PyTorch** there are two ways to leave rows out: `torch.where` chooses between two results, an index chooses rows.
# Both give the right loss.
#
# **Predict.** Which of the two gradients below holds a `nan`?

# %%
predict(
    "nan_gradient",
    choice("the gradient holds a nan with", "torch.where", "the index", "both", "neither"),
)

# %%
box_targets, with_nan = torch.tensor([1.0, torch.nan]), []
has_box = torch.tensor([True, False])
for name in ("where", "index"):
    box = torch.zeros(2, requires_grad=True)
    if name == "where":
        loss = torch.where(has_box, (box - box_targets) ** 2, 0.0).sum()
    else:
        loss = ((box[has_box] - box_targets[has_box]) ** 2).sum()
    loss.backward()
    print(f"{name}: loss {loss.item()}, gradient {box.grad.tolist()}")
    with_nan += [name] if box.grad.isnan().any() else []

# %% tags=["outcome"]
# What you predicted, and what happened.
found = {"where": "torch.where", "index": "the index", "where index": "both", "": "neither"}
outcome(
    "nan_gradient", found[" ".join(with_nan)],
    because="`torch.where` chooses the right values. But the backward pass still runs through the branch that was not "
    "chosen, and multiplies its `nan` by zero.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Index *before* you subtract. Both losses together are then:
#
# ```python
# what = nn.functional.cross_entropy(class_scores, class_targets)
# where = ((box[has_box] - box_targets[has_box]) ** 2).sum() / len(box)
# loss = what + box_weight * where
# ```
#
# </details>
#
# **What goes wrong.** Besides `nan`: the mean over the box's $D$ numbers where the sum was meant (a factor $D$), and
# the weight $\lambda$ in the loss but not in the gradient. The box term divided by the number of *boxes* is a usual
# choice, too, but another loss: one example's gradient then depends on its neighbours, and a batch without boxes gives
# $0/0$.

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# One line does what you have written in this notebook. An easy mistake is to do too much.
# `nn.CrossEntropyLoss(scores, y)` makes an object; `nn.CrossEntropyLoss()(scores, y)` calls it.
#
# ### Exercise 8: torch_loss {#exercise-torch-loss}
#
# *Core* · 2 minutes · 2 points.

# %% solution="torch_loss"
def torch_loss(model, x, y):
    """Mean cross-entropy of a PyTorch classifier on one batch.

    Parameters
    ----------
    model : nn.Module
        Maps `x` to raw scores (N, C).
    x : tensor (N, ...)
        A batch of inputs, on the model's device.
    y : integer tensor (N,)
        The true classes, on the same device.

    Returns
    -------
    tensor
        A scalar whose `backward()` reaches the parameters of the model. The model stays in the
        mode (training or evaluation) that the caller chose.
    """
    ### BEGIN SOLUTION
    return nn.functional.cross_entropy(model(x), y)
    ### END SOLUTION

# %% [markdown] hint="torch_loss"
# What does `nn.functional.cross_entropy` expect: probabilities, log-probabilities or raw scores? What does the model
# return?

# %% [markdown] hint="torch_loss"
# One line: call the model on `x`, and give its result and `y` to one function of `nn.functional`. Which of the two
# comes first?

# %% check="torch_loss" points=2
check(torch_loss)

# %% [markdown]
# The next cell compares your functions with PyTorch's, whose gradient comes from autograd. Binary targets must be
# floats there, hence `.double()`.

# %%
rng = np.random.default_rng(0)
scores, targets = 50 * rng.normal(size=(7, 5)), rng.integers(5, size=7)
score, target = 50 * rng.normal(size=7), rng.integers(2, size=7)
s, y = torch.tensor(scores, requires_grad=True), torch.tensor(targets)
loss = nn.functional.cross_entropy(s, y)
loss.backward()
t = torch.tensor(target).double()
binary = nn.functional.binary_cross_entropy_with_logits(torch.tensor(score), t)
for name, yours, theirs in (
    ("softmax", softmax(scores), torch.softmax(s, dim=-1)),
    ("log_softmax", log_softmax(scores), torch.log_softmax(s, dim=-1)),
    ("cross_entropy", cross_entropy(scores, targets), loss),
    ("its gradient", cross_entropy_gradient(scores, targets), s.grad),
    ("binary_cross_entropy", binary_cross_entropy(score, target), binary),
):
    print(f"{name:21} largest difference {np.abs(yours - theirs.detach().numpy()).max():.1e}")

# %% [markdown]
# **What goes wrong.** A common bug: a softmax as the last layer of the model, *and* `cross_entropy`, which applies
# another one. Nothing crashes.
#
# **Predict.** A linear model (each score is a weighted sum of the pixels) learns the digits, with and without the extra
# softmax, for 1000 **epochs**. (An epoch is one pass over the training data, here one step. The extra softmax makes
# gradients small, so that model gets learning rate 10. The right one runs twice, with 1 and with 10.) What is the last
# loss of the model with two softmaxes? What share of the training digits does it read correctly (its **accuracy**)?

# %%
predict(
    "softmax_twice",
    number("last training loss of the model with two softmaxes", unit="nats"),
    choice(
        "of the training digits it reads correctly",
        "fewer than half", "about three quarters", "nearly all",
    ),
)

# %% tags=["gpu", "experiment"]
torch.set_num_threads(1)  # with arrays this small, sharing the work takes longer than the work
device = "cuda" if torch.cuda.is_available() else "cpu"
digits = data.digits()
x = torch.tensor(digits.train.x, device=device).float()
y = torch.tensor(digits.train.y, device=device)


def train_torch(add_softmax, lr, epochs=1000):
    torch.manual_seed(0)
    linear = nn.Linear(64, 10).to(device)
    model = nn.Sequential(linear, nn.Softmax(dim=1)) if add_softmax else linear
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = torch_loss(model, x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    accuracy = (model(x).argmax(dim=1) == y).float().mean().item()
    return losses, accuracy

# %% tags=["gpu", "experiment", "figure"]
# Figure: the training loss with one softmax and with two.
words = []
figure, ax = plots.axes("One softmax too many", "epoch", "training loss (nats)")
print("device:", device)
for add_softmax, lr, style in ((False, 1, "-"), (False, 10, "-."), (True, 10, "--")):
    name = f"{'softmax twice' if add_softmax else 'right'}, rate {lr}"
    losses, accuracy = train_torch(add_softmax, lr)
    print(f"{name:23} last loss {losses[-1]:.3f}   training accuracy {accuracy:.1%}")
    ax.semilogx(range(1, len(losses) + 1), losses, style, label=name)
    words.append(f"{name}: from {losses[0]:.3g} by way of at most {max(losses):.3g} to {losses[-1]:.3g}")
floor = np.log(1 + 9 / np.e)
ax.axhline(floor, color=plots.BLACK, linestyle=":", label=f"floor, {floor:.4f}")
ax.set_ylim(0, 3)
ax.legend()
plots.describe(figure, f"Training loss over {len(losses)} epochs, {'; '.join(words)}. A line marks {floor:.4f}.")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "softmax_twice", losses[-1], "nearly all" if accuracy > 0.9 else "about three quarters",
    because="The loss always shows the bug: it cannot go below ln(1 + 9/e) = 1.4612. At rate 10 the accuracy hides it.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The inner softmax turns the scores into numbers between 0 and 1. The best that the outer one can ever see is a 1 for
# the true class and $C - 1$ zeros, so the loss cannot go below
#
# $$-\ln \frac{e^1}{e^1 + (C-1)\,e^0} = \ln\left(1 + \frac{C-1}{e}\right),$$
#
# which is 1.4612 for ten classes. Remember the symptom: *on ten classes, a loss that never falls below 1.46*.
#
# At rate 10 the accuracy hides the bug: even with two softmaxes, the model reads nearly all training digits correctly.
# (At this rate the right model's loss first rises above the top of the figure, but in the end the model reads all of
# them. At rate 1 and after 300 epochs, the model with the bug reads fewer than 90 %, the right one more than 97 %.) The
# loss always shows the bug. After 1000 epochs the loss with two softmaxes is 1.480. More epochs bring it closer to
# 1.4612, never below.
#
# Here is why the accuracy hardly suffers: once the inner softmax is sure of its answers, a right answer costs 1.4612,
# and a wrong one 1 nat more. So the loss then comes near 1.46 plus the share of wrong answers: to lower it, the model
# must read more digits correctly. (Here this would be 1.467, and the loss is still 1.480: not every right answer is
# quite sure.) But the gradient for the last ones is so small that 1000 epochs are not enough.
#
# </details>
#
# Two similar mistakes. A *log*-softmax before `cross_entropy` is harmless, since the log-softmax of log-probabilities
# changes nothing. Probabilities given to `nn.functional.nll_loss`, which expects log-probabilities, make a loss between
# $-1$ and 0. With class targets, a negative cross-entropy is always a bug.

# %% [markdown]
# ## Reading digits {#digits}
#
# Now use what you wrote. Softmax regression has one score per digit, linear in the 64 pixels:
# $\mathbf s = \mathbf x W + \mathbf b$. It needs your loss, your gradient, and the chain rule of notebook 01 for $W$
# and $\mathbf b$. The images come in three sets: 1,197 to train, 300 for **validation** (to compare and choose) and 300
# to **test** at the end.

# %% tags=["experiment"]
lend("softmax", "log_softmax", "cross_entropy", "cross_entropy_gradient")
digits = data.digits()


def fit(scale, lr, epochs):
    """Gradient descent on the whole training set; `scale` multiplies the pixels, from 0 to 1."""
    x, y = scale * digits.train.x, digits.train.y
    new_x, new_y = scale * digits.validation.x, digits.validation.y
    W, b = np.zeros((64, 10)), np.zeros(10)
    losses, validation_losses = [], []
    for _ in range(epochs):
        d_scores = cross_entropy_gradient(x @ W + b, y)
        W = W - lr * x.T @ d_scores
        b = b - lr * d_scores.sum(axis=0)
        losses.append(cross_entropy(x @ W + b, y))
        validation_losses.append(cross_entropy(new_x @ W + b, new_y))
    return W, b, losses, validation_losses

# %% [markdown]
# **Predict.** The linear model has 650 parameters and sees 1,197 training images. Which accuracy do you expect on
# images that it has not seen?

# %%
predict(
    "unseen_digits",
    choice("accuracy on unseen images, about", "70 %", "85 %", "95 %", "99 %"),
)

# %% tags=["experiment"]
rescaled_W, rescaled_b, losses, validation_losses = fit(scale=1, lr=1.0, epochs=300)
scores_of_rescaled = digits.validation.x @ rescaled_W + rescaled_b
predicted = scores_of_rescaled.argmax(axis=1)
print(f"validation accuracy {np.mean(predicted == digits.validation.y):.1%}")
plots.learning_curve(losses, validation_losses, title="Softmax regression on the digits")

# %% tags=["outcome"]
# What you predicted, and what happened.
accuracy = 100 * np.mean(predicted == digits.validation.y)
outcome("unseen_digits", f"{min((70, 85, 95, 99), key=lambda guess: abs(guess - accuracy))} %")

# %% [markdown]
# With only 300 images, chance alone moves this accuracy by about 1.3 percentage points (its *standard error*). And the
# same 13 people wrote the digits of all three sets: on strangers' digits it would probably be lower.
#
# Which digits does it confuse? Your `log_softmax` gives the loss of every single image. Here are the eight images with
# the largest losses.

# %% tags=["experiment"]
image_losses = -log_softmax(scores_of_rescaled)[np.arange(len(predicted)), digits.validation.y]
worst = image_losses.argsort()[::-1][:8]
true = digits.validation.y
titles = [f"{true[i]} read as {predicted[i]}\n{image_losses[i]:.1f} nats" for i in worst]
plots.images(
    digits.validation.x[worst], digits.image_shape, titles, columns=4, title="The largest losses"
)

# %% tags=["experiment"]
counts = np.zeros((10, 10), dtype=int)
np.add.at(counts, (digits.validation.y, predicted), 1)
plots.confusion(counts, title="Validation images, by digit and answer")

# %% [markdown]
# Would you have read all eight? A linear model compares each image with one template per digit (a column of $W$). A
# digit that is slanted or narrow may fit its template badly.
#
# ### The first run again {#loop}
#
# Repeat the first run: pixels from 0 to 255, learning rate 0.01, weights that start at zero. The functions are now
# yours; the only other difference is the bias. Call this model *raw* (pixels 0 to 255), and the one above *rescaled*
# (pixels 0 to 1).
#
# **Predict.** Does the loss stay finite? What does it do in the first steps?

# %%
predict(
    "second_run",
    choice("the loss", "stays finite", "becomes infinite or nan again"),
    choice(
        "in the first ten steps it",
        "falls at once", "stays near its start", "climbs far above its start",
    ),
)

# %% tags=["experiment"]
raw_W, raw_b, losses, _ = fit(scale=255, lr=0.01, epochs=300)
steps = 1, 2, 3, 6, 10, 100, 300
print("loss", *(f"after step {step}: {losses[step - 1]:.1f}" for step in steps), sep="\n    ")
scores_of_raw = 255 * digits.validation.x @ raw_W + raw_b
right = np.mean(scores_of_raw.argmax(axis=1) == digits.validation.y)
loss = cross_entropy(scores_of_raw, digits.validation.y)
print(f"validation: accuracy {right:.1%}, loss {loss:.2f} nats")

# %% tags=["outcome"]
# What you predicted, and what happened.
climbs = "climbs far above its start" if max(losses[:10]) > 10 * np.log(10) else "stays near its start"
outcome(
    "second_run", "stays finite" if np.isfinite(losses).all() else "becomes infinite or nan again", climbs,
    because="The loss climbs above 1000 nats, and then falls to almost 0. Stable functions keep the run alive.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Your functions give a finite and right loss however bad it is, and no entry of $\mathbf p - \text{one-hot}$ is ever
# larger than 1 in size. The loss also falls again, but only because this problem is easy: a linear model can separate the
# training images. With 10 % wrong targets, the same run is still above 10 nats after 1000 steps.
#
# </details>
#
# (Such a run magnifies rounding errors: from about step 50 on, your numbers may differ a little from your neighbour's.)
# The real cure is a sensible scale and learning rate.
#
# Now look at the last line. Here the two models read about equally many digits correctly (with 300 images, a difference of four images says nothing). And yet the raw model's loss is far higher, even above the $\ln 10 = 2.3$ of a model that knows
# nothing! It is seldom wrong, but when it is wrong, it is mostly sure: more than half of its wrong answers have a
# probability above 0.999. Accuracy cannot see that, the loss can. The demo had a control for how sure a model is: the
# temperature.
#
# **Predict.** Divide all scores of a model by one temperature $T$. The answers stay the same. How far can the raw
# model's loss fall? Can the rescaled model gain, too?

# %% tags=["experiment", "figure"]
# Figure: the validation loss of both models against the temperature.
temperatures, best = np.geomspace(0.1, 1000, 400), {}
words = []
figure, ax = plots.axes("Validation loss against temperature", "temperature T", "validation loss (nats)")
models = ("raw", scores_of_raw, "--", plots.VERMILLION), ("rescaled", scores_of_rescaled, "-", plots.BLUE)
for name, scores, style, colour in models:
    curve = [cross_entropy(scores / T, digits.validation.y) for T in temperatures]
    best[name] = temperatures[np.argmin(curve)]
    ax.loglog(temperatures, curve, style, color=colour, label=f"{name} model, scores divided by T")
    ax.plot(best[name], min(curve), "o", color=colour, label=f"best T = {best[name]:.2g}: {min(curve):.2f}")
    best_loss = f"{min(curve):.2g} at T = {best[name]:.2g}"
    words.append(f"{name}: from {curve[0]:.2g} down to {best_loss}, then up to {curve[-1]:.2g}")
ax.axhline(np.log(10), color=plots.GREY, linestyle="-.", label="knows nothing: 2.30")
ax.legend()
plots.describe(figure, f"Validation loss of both models against temperature. {'; '.join(words)}.")

# %% [markdown]
# This is **temperature scaling**: one parameter, fitted on the validation set. It is a standard repair for networks
# that are too sure. The test set, not used until now, shows whether the improvement is real:

# %% tags=["experiment"]
x, y = digits.test.x, digits.test.y
scores_of = {"rescaled": x @ rescaled_W + rescaled_b, "raw": 255 * x @ raw_W + raw_b}
for name, s in scores_of.items():
    before, after = cross_entropy(s, y), cross_entropy(s / best[name], y)
    print(f"{name}: test accuracy {np.mean(s.argmax(axis=1) == y):.1%}")
    print(f"    loss {before:.3f} nats, with scores divided by its T {after:.3f} nats")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The improvement is real: on the test set, the raw model's loss falls from more than 6 nats to about 0.15, and not one
# answer has changed. The rescaled model gains, too. It was stopped early and is not sure enough: its best $T$ is about
# 0.65. It also ends at about 0.15.
#
# </details>
#
# So temperature repairs how sure a model is. It does not make a model better at telling digits apart.

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: the first loss {#question-first-loss}
#
# *Core* · 4 minutes · 3 points. Two colleagues start training classifiers of 1000 classes. Before the first step, A's
# loss is 6.91 and B's is 25.3. Where does A's number come from? What does B's number say about B's scores? Name one
# thing that you would look at in B's code.

# %% [markdown] answer="first-loss" points=3
# ### BEGIN SOLUTION
# A's network gives all classes about the same score, so each has probability 1/1000 and the loss is
# $\ln 1000 = 6.91$: what it should be before anything is learned. B's is far worse than knowing nothing: the true
# class gets a probability of about $e^{-25}$. The log-sum-exp lies at most 6.91 above the largest score, so on average
# the score of the true class lies at least $25.3 - 6.91 = 18.4$ below the largest one: B's scores are large, and sure
# of something, before anything is learned. I would look at the scale of the inputs (bytes that were not divided by
# 255) and at the size of the initial weights of the last layer.
# ### END SOLUTION

# %% [markdown] mark_scheme="first-loss"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: $\ln 1000$, from equal probabilities (equal scores).
# - 1 point: B is worse than guessing, which takes scores that differ by about 20 (exactly: the true score lies 18.4 to
#   25.3 below the largest on average; any size from 18 to 25, or a $p$ of about $e^{-25}$, is accepted): sure and
#   wrong. "Sure and wrong" without a size: half a point. "The loss is high" alone earns nothing.
# - 1 point: something that makes scores large before training: unscaled inputs, initial weights too large, a factor on
#   the scores. Also right: a pretrained layer whose classes are in another order; a further term in the printed loss,
#   such as weight decay. A sum in place of the mean earns nothing: $25.3 / 6.91 = 3.7$ is no number of examples.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: claims {#question-claims}
#
# *Core* · 4 minutes · 3 points. A *claim* is money that an insurer must pay to a customer. In a year, 80 % of the
# customers claim nothing; the others claim 5000 € on average. A network should predict how much each customer will
# claim. The prediction sets the premium, which is what the customer pays. Since a few claims are large, a colleague
# chooses the absolute error "because it is robust". The inputs turn out to say little about who claims. What does the
# network predict? What happens to the insurer? Which loss would you take?

# %% [markdown] answer="claims" points=3
# ### BEGIN SOLUTION
# The absolute error is smallest at the median. Wherever fewer than half of the customers claim something, the median
# is 0, so the network predicts about 0 for everybody. Premiums set by it cover nothing, while the mean claim is
# $0.2 \cdot 5000 = 1000$ € per customer. The insurer needs a mean, because means add up to the total: squared error
# predicts it. Large claims move the mean, and here they should: they have to be paid.
# ### END SOLUTION

# %% [markdown] mark_scheme="claims"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: absolute error predicts the median, which is 0 here (for everybody, or for every group in which fewer than
#   half claim). "0 for everybody" without the median: half a point.
# - 1 point: the consequence with the number: 1000 € per customer are needed, about 0 is collected.
# - 1 point: squared error (or another loss whose minimum is the mean, such as a Poisson or Tweedie likelihood), because
#   the mean is what adds up. Also right: a model of two parts, the probability of a claim (cross-entropy) times the
#   mean claim. A loss without "mean": half a point. Huber or a trimmed loss earns nothing: its minimum is not the mean.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 7 minutes · 4 points. You may meet a line like this one, with an explanation like this one:
#
# > `loss = -np.log(softmax(scores)[rows, targets] + 1e-5).mean()`
# >
# > The small constant prevents $\ln 0$. It makes the loss safe and changes nothing else.
#
# Show with numbers that it does change (a) the loss of the terrible prediction $(20, 0, 0, 0)$ with true class 1, and
# (b) the gradient that this example sends back. (c) Why is (b) the worse of the two? Write down (d) what to do
# instead. A cell to try things out:

# %%
p = softmax(np.array([20.0, 0.0, 0.0, 0.0]))
print("p of the true class:", p[1])

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) $p_1 = 2.06 \cdot 10^{-9}$, so the true loss is $20.0$, but $-\ln(p_1 + 10^{-5}) = 11.51$. However bad the
# prediction, the loss never exceeds $-\ln 10^{-5} = 11.51$. (It is off for ordinary predictions too, and $-10^{-5}$,
# negative, for a perfect one.)
#
# (b) The derivative of $-\ln(p_y + \varepsilon)$ with respect to the scores is
# $\frac{p_y}{p_y + \varepsilon}(\mathbf p - \text{one-hot})$. The $1/p_y$ no longer cancels: the factor is
# $2.06 \cdot 10^{-4}$ here, so the pull on the true class is 0.0002 where it should be 1.
#
# (c) Training follows the gradient. The worse the prediction, the smaller the factor: the examples that most need
# correction get almost none, and no message says so.
#
# (d) Compute the log-probability from the scores, $s_y - \operatorname{lse}(\mathbf s)$, by log-softmax: then there
# is no $\ln 0$ to prevent.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) 11.51 in place of 20.0; or the cap $-\ln 10^{-5} = 11.51$ with the remark that the true loss has none.
# - (b) The gradient is multiplied by $p_y / (p_y + \varepsilon) \approx 2 \cdot 10^{-4}$; a finite difference that
#   shows almost 0 where it should be about $-1$ is as good.
# - (c) The loss is only reported, the gradient is what is learned from: it vanishes just where the prediction is sure
#   and wrong. Either half is enough. An answer that notes that the cap also limits what mislabelled examples do keeps
#   its points.
# - (d) Log-softmax or log-sum-exp from the scores (or the library's cross-entropy of raw scores); the name of the
#   function, a formula or code. A smaller constant or clipping earns nothing.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy, stable | PyTorch |
# |---|---|---|---|
# | Squared, absolute error | predict the mean, the median | | `mse_loss`, `l1_loss` |
# | Softmax | $p_i / p_j = e^{s_i - s_j}$ | subtract each row's maximum | `torch.softmax(s, dim=-1)` |
# | Log-softmax | $s_i - \operatorname{lse}(\mathbf s)$ | never take the log of a softmax | `torch.log_softmax(s, dim=-1)` |
# | Cross-entropy | $-\frac1N\sum_n \ln p_{n,y_n}$; predicts the classes' probabilities; 0: perfect, $\ln C$: knows nothing | `log_p[np.arange(N), y]` | `cross_entropy(s, y)`, raw scores |
# | Its gradient | $(\mathbf p - \text{one-hot}) / N$ | rows sum to 0, entries at most $1/N$ in size | `backward()` |
# | Two classes | $\sigma(s)$ is the softmax of $(0, s)$ | `np.logaddexp(0, ±s)` | `binary_cross_entropy_with_logits` |
# | Several losses | weighted sum; gradients add | choose rows, never multiply by 0 | index before you subtract |
# | Temperature | changes how sure, not the answer | `scores / T` | the same |
#
# | Symptom | Suspect |
# |---|---|
# | `inf` or `nan` after a few steps | the log of a softmax; exponentials of raw scores |
# | loss never below 1.46 with ten classes | softmax twice |
# | negative cross-entropy | probabilities in `nll_loss`; a constant inside the log |
# | first mean loss far above $\ln C$ | inputs or initial weights too large; another term added |
# | larger batches are unstable at the same learning rate | sum in place of mean |
# | good accuracy, very large validation loss | too sure: too few data, or scores too large |
#
# ## Read on {#read-on}
#
# - J. S. Bridle (1990). Probabilistic interpretation of feedforward classification network outputs, with
#   relationships to statistical pattern recognition. In *Neurocomputing: Algorithms, Architectures and Applications*,
#   Springer, 227–236. Where the softmax got its name.
# - I. Goodfellow, Y. Bengio, A. Courville (2016). *Deep Learning*, chapter 6.2. MIT Press. Losses and output units
#   from maximum likelihood.
# - P. Blanchard, D. J. Higham, N. J. Higham (2021). Accurately computing the log-sum-exp and softmax functions. *IMA
#   Journal of Numerical Analysis* 41(4), 2311–2330. Rounding errors of what you wrote, with proofs.
# - C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017). On calibration of modern neural networks. *ICML*, PMLR 70,
#   1321–1330. Networks that are too sure, and temperature scaling as the repair.
# - R. Girshick (2015). Fast R-CNN. *ICCV*, 1440–1448. A class loss plus a box loss (smooth L1, not squared) in which
#   the background has no box.
