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
#     minutes: 83
#     builds_on: [03_training_loop, 05_optimizers]
# ---

# %% [markdown]
# # 06 · Schedules
#
# At the start of training, long steps are good: there is far to go. At the end they do harm: the noise of each batch
# pushes the parameters away from the minimum, and a long step pushes them far. A **schedule** changes the learning rate
# while training goes on. In this notebook you find out why a rate has to fall and how fast, and you write the schedules
# that are in use, right to the first and the last step.
#
# **After this notebook you can**
#
# - predict where a constant learning rate stops making progress;
# - write the classical, cyclical and warm-up schedules, and test them at their edges;
# - tell a schedule per step from one per epoch;
# - find a good learning rate with a range test.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters · The noise floor | | 11 | |
# | Three classics | `time_decay`, `exponential_decay`, `step_decay` | 7 | 4 |
# | The half cosine | `cosine`, `warm_restarts` | 13 | 7 |
# | Up and down | `triangular` | 5 | 3 |
# | Warming up | `warmup` | 9 | 3 |
# | Repair (*going further*) | `repaired_warm_restarts` | 6 | 2 |
# | Waiting for a plateau | `ReduceOnPlateau` | 9 | 5 |
# | The range test (*going further*) | `learning_rate_ramp`, `steepest_learning_rate` | 13 | 5 |
# | In PyTorch | `make_scheduler` | 8 | 5 |
# | Does it help? | | 3 | |
# | Questions · Summary | three short texts | 18 | 10 |
#
# The core takes about 83 minutes and earns 37 points, *going further* another 19 minutes and 7 points. The exercises are
# checked one by one: you can skip one and come back.
#
# **Conventions.** A schedule is a function of the step `t`, which counts from 0: `t = 0` is the first step. It remembers
# nothing, so it may be called in any order, and twice for the same step. Numbers of steps, such as `every` or `total`,
# are integers of at least 1. A **factor** between 0 and 1 makes the rate smaller.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import math

import numpy as np
from gradus import check, choice, data, demos, lend, number, outcome, plots, predict

# %% [markdown]
# ## Warm-up {#warm-up}
#
# Three questions on the notebooks before.

# %%
predict(
    "warm_up_06",
    choice("the steps of AdaGrad become shorter because", "the gradients vanish", "a sum of squares grows", "it has a schedule"),
    choice("a steady gradient, momentum 0.9: compared with plain descent, a heavy ball's steps become", "as long", "ten times as long", "a tenth as long"),
    choice("early stopping with a patience of 3 stops at the", "third epoch without a better loss", "fourth epoch without a better loss"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_06", "a sum of squares grows", "ten times as long", "third epoch without a better loss",
    because="AdaGrad divides by the root of a sum that never shrinks. 1 + 0.9 + 0.81 + ... = 10. "
    "Patience counts the epochs without a better loss; the third one is the last.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# Here are ten networks with different first weights. All of them see the same batches in the same order. They learn the
# digits by plain SGD with a learning rate of 1, the best one for SGD in notebook 05, for 20 epochs. Look at their
# accuracy on new images after each epoch.

# %% role="given"
digits = data.digits()

def new_networks(seeds, width=32):
    """Parameters of one network per seed, stacked along a first axis."""
    def stack(*shape):
        return np.array([np.random.default_rng((seed, *shape)).normal(0, np.sqrt(2 / shape[0]), shape) for seed in seeds])
    return {"W1": stack(64, width), "b1": np.zeros((len(seeds), 1, width)), "W2": stack(width, 10), "b2": np.zeros((len(seeds), 1, 10))}

def scores_of(params, x):
    return np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]

def losses_and_gradients(params, x, y):
    """Mean cross-entropy of each network, and its gradient."""
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    scores = hidden @ params["W2"] + params["b2"]
    scores -= scores.max(axis=2, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    losses = -log_p[:, np.arange(len(y)), y].mean(axis=1)
    ds = np.exp(log_p)
    ds[:, np.arange(len(y)), y] -= 1
    ds /= len(y)
    dh = (ds @ params["W2"].swapaxes(1, 2)) * (hidden > 0)
    return losses, {"W1": x.T @ dh, "b1": dh.sum(axis=1, keepdims=True), "W2": hidden.swapaxes(1, 2) @ ds, "b2": ds.sum(axis=1, keepdims=True)}

class Sgd:
    """Plain gradient descent with the interface of notebook 05."""

    def __init__(self, lr):
        self.lr = lr

    def step(self, params, grads):
        return {name: params[name] - self.lr * grads[name] for name in params}

def train_with(schedule, optimizer, seeds, epochs=20, batch_size=64):
    """Validation accuracies after each epoch, shape (epochs, seeds); the schedule sets the rate of each step."""
    params, rng, t, accuracies = new_networks(seeds), np.random.default_rng(0), 0, []
    x, y = digits.train.x, digits.train.y
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for rows in np.split(order, range(batch_size, len(x), batch_size)):
            optimizer.lr = schedule(t)
            params = optimizer.step(params, losses_and_gradients(params, x[rows], y[rows])[1]) or params
            t += 1
        right = scores_of(params, digits.validation.x).argmax(axis=2) == digits.validation.y
        accuracies.append(right.mean(axis=1))
    return np.array(accuracies)

STEPS_PER_EPOCH = math.ceil(len(digits.train.x) / 64)
TOTAL = 20 * STEPS_PER_EPOCH

# %% tags=["experiment", "figure"]
# Figure: accuracy of ten networks after each epoch, constant learning rate.
constant = train_with(lambda t: 1.0, Sgd(1.0), range(10))
figure, ax = plots.axes("Ten networks, learning rate 1 all the time", "epoch", "validation accuracy (%)")
ax.plot(range(1, 21), 100 * constant, color=plots.COLOURS["other"], lw=1, alpha=0.6)
ax.plot(range(1, 21), 100 * constant.mean(axis=1), **plots.line("sgd"), lw=3, label="mean")
ax.legend()
last = 100 * constant[-6:].mean(axis=1)
plots.describe(figure, "Validation accuracy of ten networks and its mean. In the last six epochs the means are "
               + ", ".join(f"{value:.1f}" for value in last) + " per cent.")

# %% [markdown]
# The curves do not settle. In the last six epochs, the accuracy of one network covers a range of more than 3 points, on
# average over the ten. (They see the same batches, so they jump together, and their mean jumps, too.) It is a matter of
# luck at which moment you stop. The steps are too long for the last part of the way.
#
# ## The noise floor {#noise-floor}
#
# To understand it, take the simplest loss with noise. One parameter $\theta$, curvature $\lambda$, and a gradient with
# noise of deviation $\sigma$, new in every step:
#
# $$\mathbf g = \lambda\,\theta + \sigma\,\xi, \qquad \theta \leftarrow \theta - \eta\,\mathbf g = (1 - \eta\lambda)\,\theta - \eta\,\sigma\,\xi .$$
#
# The first term shrinks the distance to the minimum, the second one adds noise. After many steps, the two are in balance: the
# variance $V$ of $\theta$ does not change any more, $V = (1-\eta\lambda)^2\,V + \eta^2\sigma^2$. Solved for $V$,
#
# $$V = \frac{\eta\,\sigma^2}{\lambda\,(2 - \eta\lambda)} \approx \frac{\eta\,\sigma^2}{2\lambda} \quad\text{for small } \eta .$$
#
# This is the **noise floor**. With a constant learning rate no number of steps gets below it.
#
# **Predict.** You make the learning rate ten times smaller. What becomes of the noise floor, and what of the number of steps
# until you arrive there?

# %%
predict(
    "floor",
    choice("the typical distance from the minimum there becomes", "about 3 times smaller", "10 times smaller", "100 times smaller"),
    choice("the number of steps until there becomes", "about the same", "10 times larger", "100 times larger"),
)

# %% role="given"
def noisy_descent(schedule, steps, start=5.0, curvature=1.0, noise=1.0, runs=1000):
    """Mean squared distance from the minimum after each step, over many runs; shape (steps + 1,)."""
    rng, theta = np.random.default_rng(0), np.full(runs, start)
    distances = [np.mean(theta**2)]
    for t in range(steps):
        theta = theta - schedule(t) * (curvature * theta + noise * rng.normal(size=runs))
        distances.append(np.mean(theta**2))
    return np.array(distances)

def floor(lr, curvature=1.0, noise=1.0):
    """What is predicted for a constant learning rate."""
    return lr * noise**2 / (curvature * (2 - lr * curvature))

# %% tags=["experiment"]
for lr in (0.5, 0.05, 0.005):
    found = noisy_descent(lambda t: lr, 4000)
    arrived = int(np.flatnonzero(found < 2 * floor(lr))[0])
    print(f"learning rate {lr:5}: floor {found[-500:].mean():.5f} (predicted {floor(lr):.5f}), below twice the floor from step {arrived} on")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "floor", "about 3 times smaller", "10 times larger",
    because="The squared distance becomes 10 times smaller, its root about 3 times. To arrive there takes somewhat longer still: it is also further down.",
)

# %% [markdown]
# So there is a choice: fast and inaccurate, or slow and accurate. A decreasing rate has both. First the rate is large;
# whenever the floor is reached, it becomes smaller.
#
# But it must not decrease too fast. Robbins and Monro (1951) gave conditions under which the descent reaches the minimum
# of a loss like this one, in spite of the noise:
#
# $$\sum_t \eta_t = \infty, \qquad \sum_t \eta_t^2 < \infty .$$
#
# The first one says: all steps together can reach any place, however far it is. The
# second one says: the variance of all the noise together remains finite.
#
# **Predict.** Which of these schedules meets both conditions?

# %%
predict(
    "conditions",
    choice("both conditions hold for", "a constant rate", "1 / (1 + t)", "1 / √(1 + t)", "0.99 to the power of t"),
)

# %% tags=["experiment", "figure"]
# Figure: squared distance from the minimum for four schedules, and the predicted floor.
figure, ax = plots.axes("Squared distance from the minimum, mean of 1,000 runs", "step", "squared distance")
schedules = {
    "constant 0.1": (lambda t: 0.1, "sgd"),
    "1 / (1 + t)": (lambda t: 1 / (1 + t), "momentum"),
    "1 / √(1 + t)": (lambda t: 1 / math.sqrt(1 + t), "adagrad"),
    "0.5 · 0.9 to the power of t": (lambda t: 0.5 * 0.9**t, "adam"),
}
told = []
for name, (schedule, look) in schedules.items():
    found = noisy_descent(schedule, 10_000)
    ax.loglog(range(1, 10_002), found, **plots.line(look), label=name)
    told.append(f"{name}: {found[-1]:.1g}")
ax.axhline(floor(0.1), color=plots.GREY, lw=1.5, ls=":", label="predicted floor, rate 0.1")
ax.legend()
plots.describe(figure, f"Squared distance against the step, both on logarithmic axes. After {len(found) - 1:,} steps: {'; '.join(told)}. "
               f"The predicted floor of the constant rate is {floor(0.1):.2g}.")

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome("conditions", "1 / (1 + t)", because="1 + 1/2 + 1/3 + ... has no bound, the sum of the squares is 1.64. "
        "The sum of 0.99^t is 100: that is as far as one gets, with gradients of size 1.")

# %% [markdown]
# The rate $1/(1+t)$ gets below every floor. (It needs the right first rate: in a direction of curvature 0.1 it would take
# very long.) The exponential one stops: after about a hundred steps its rate is so small that nothing moves any more,
# wherever it is, here at 0.03. And $1/\sqrt{1+t}$ gets lower and lower too, though its squares have no finite sum: the
# conditions are sufficient, not necessary. (They speak about infinitely many steps. Training has a last one. So in
# practice, exponential decay is used as well, with a slow rate.)
#
# **Play.** Two constant rates, $\eta$ and $\eta/10$, and a decreasing one. Double the noise: what becomes of the two
# floors? Then change only the decrease $k$, at first with noise 1. For which values does the decreasing rate end below
# both?

# %% tags=["demo"]
demos.noisy_quadratic()

# %% [markdown]
# <details><summary>Answer</summary>
#
# Four times as high: the floor is proportional to $\sigma^2$. With $\eta = 0.3$ and noise 1, the decreasing rate ends
# below both for $k$ from about 0.005 to 0.6. With a smaller $k$, the rate is still too large at the end. With $k = 1$ it
# falls too fast, and the way to the minimum is never finished.
#
# </details>

# %% [markdown]
# ## Three classics {#classics}
#
# Three simple rules, with a first rate $\eta_0$:
#
# | | |
# |---|---|
# | time decay | $\eta_t = \dfrac{\eta_0}{1 + k\,t}$ |
# | exponential decay | $\eta_t = \eta_0\,e^{-k\,t}$ |
# | step decay | $\eta_t = \eta_0 \cdot \text{factor}^{\lfloor t/\text{every} \rfloor}$ |
#
# $\lfloor\cdot\rfloor$ rounds down. So step decay stays the same for `every` steps and then drops. Each of the three is
# computed from $\eta_0$ and $t$, not from the rate of the step before: it must not matter how often you ask.
#
# **Predict.** Step decay with $\eta_0 = 1$, factor 0.1, every 30 steps. What is the rate of the steps $t = 29$, $30$ and $60$?
#
# ### Exercise 1: time_decay {#exercise-time-decay}
#
# *Core* · 1 minute · 1 point.

# %% solution="time_decay"
def time_decay(t, lr0, k):
    """Learning rate lr0 / (1 + k t).

    Parameters
    ----------
    t : int
        The step, from 0.
    lr0 : float
        The rate of step 0.
    k : float
        How fast it decays, k >= 0.

    Returns
    -------
    float
        The rate of step `t`.
    """
    ### BEGIN SOLUTION
    return lr0 / (1 + k * t)
    ### END SOLUTION

# %% check="time_decay" points=1
check(time_decay)

# %% [markdown] hint="time_decay"
# The first row of the table, in Python. Which part belongs to the denominator?

# %% [markdown]
# ### Exercise 2: exponential_decay {#exercise-exponential-decay}
#
# *Core* · 1 minute · 1 point.

# %% solution="exponential_decay"
def exponential_decay(t, lr0, k):
    """Learning rate lr0 exp(-k t); parameters as in `time_decay`."""
    ### BEGIN SOLUTION
    return lr0 * np.exp(-k * t)
    ### END SOLUTION

# %% check="exponential_decay" points=1
check(exponential_decay)

# %% [markdown] hint="exponential_decay"
# `np.exp` or `math.exp`. The sign of the exponent decides whether it falls.

# %% [markdown]
# ### Exercise 3: step_decay {#exercise-step-decay}
#
# *Core* · 2 minutes · 2 points.

# %% solution="step_decay"
def step_decay(t, lr0, factor, every):
    """A learning rate that is multiplied by a factor every so many steps.

    Parameters
    ----------
    t : int
        The step, from 0.
    lr0 : float
        The rate of the first `every` steps.
    factor : float
        What the rate is multiplied with, 0 < factor <= 1.
    every : int
        After how many steps; the first smaller rate is that of step `every`.

    Returns
    -------
    float
        The rate of step `t`.
    """
    ### BEGIN SOLUTION
    return lr0 * factor ** (t // every)
    ### END SOLUTION

# %% check="step_decay" points=2
check(step_decay)

# %% [markdown] hint="step_decay"
# How many drops have there been before step `t`? Python's `//` divides and rounds down.

# %%
for t in (29, 30, 60):
    print(f"step {t}: rate {step_decay(t, 1.0, 0.1, 30):.2g}")

# %% tags=["figure"]
# Figure: constant, time, exponential and step decay.
figure, ax = plots.axes("Four schedules with the same first rate", "step", "learning rate")
steps = np.arange(0, 101)
shown = {
    "constant": (lambda t: 1.0, "sgd"),
    "time decay, k = 0.05": (lambda t: time_decay(t, 1.0, 0.05), "momentum"),
    "exponential decay, k = 0.05": (lambda t: exponential_decay(t, 1.0, 0.05), "adam"),
    "step decay, 0.5 every 20": (lambda t: step_decay(t, 1.0, 0.5, 20), "adagrad"),
}
told = []
for name, (schedule, look) in shown.items():
    values = [schedule(int(t)) for t in steps]
    ax.plot(steps, values, **plots.line(look), label=name)
    told.append(f"{name} ends at {values[-1]:.2g}")
ax.set_ylim(0, 1.1)
ax.legend()
plots.describe(figure, f"Learning rate against the step, from the same first rate: {'; '.join(told)}.")

# %% [markdown]
# **What goes wrong**
#
# - *Off by one:* the drop comes at step `every + 1`, or at `every - 1`. Test a schedule at its edges: the last step
#   before, the first step after.
# - *Compounding:* a function that multiplies the current rate by the factor whenever it is called. A second call for the
#   same step gives another answer.
# - *Steps and epochs:* a schedule that is meant per epoch, asked once per batch, decays too fast, by a factor of
#   the number of batches in an epoch.

# %% [markdown]
# ## The half cosine {#cosine}
#
# A usual schedule of today is one half of a cosine, from the largest rate down to the smallest:
#
# $$\eta_t = \eta_{\min} + (\eta_{\max} - \eta_{\min})\;\frac{1 + \cos(\pi\,t/T)}{2}, \qquad 0 \le t \le T .$$
#
# It is flat at the top, so the rate stays large for a while. It is flat at the bottom, so the last steps are small ones.
# And besides the two rates, it only needs the number of steps, which has to be fixed in advance.
#
# ### Exercise 4: cosine {#exercise-cosine}
#
# *Core* · 4 minutes · 3 points.

# %% solution="cosine"
def cosine(t, lr_max, lr_min, total):
    """A learning rate that falls along half a cosine and then stays.

    Parameters
    ----------
    t : int
        The step, from 0.
    lr_max, lr_min : float
        The rate of step 0, and that of step `total` and of all later steps.
    total : int
        Where the smallest rate is reached.

    Returns
    -------
    float
        The rate of step `t`.
    """
    ### BEGIN SOLUTION
    if t >= total:
        return lr_min
    return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * t / total)) / 2
    ### END SOLUTION

# %% check="cosine" points=3
check(cosine)

# %% [markdown] hint="cosine"
# Two cases: before `total`, and from there on. What would the formula do after `total`?

# %% [markdown] hint="cosine"
# Check by hand: the formula gives `lr_max` for `t = 0` and the mean of both rates for `t = total / 2`.

# %% [markdown]
# Loshchilov and Hutter (2017) go a step further: when the cosine has arrived at the bottom, the rate jumps back to the
# top, and the next, longer cycle begins. These are **warm restarts**: warm, because the weights are kept. At the end of
# each cycle the rate is small, so the network can be used as it is.
#
# Cycle $i = 0, 1, 2, \dots$ lasts $T_i = T_0 \cdot \text{growth}^i$ steps. With $T_0 = 3$ and growth 2, the cycles last
# 3, 6, 12, ... steps, so they begin at the steps 0, 3, 9, 21, ... Inside a cycle, the half cosine counts from its
# beginning.
#
# **Predict.** $T_0 = 3$, growth 2, rates between 0 and 1. What is the rate of step 2, the last one of the first cycle: 0,
# or more than 0?

# %%
predict("last_of_cycle", choice("the rate of step 2 is", "0", "0.25", "0.5", "1"))

# %% [markdown]
# ### Exercise 5: warm_restarts {#exercise-warm-restarts}
#
# *Core* · 6 minutes · 4 points.

# %% solution="warm_restarts"
def warm_restarts(t, lr_max, lr_min, first_cycle, growth):
    """Half a cosine, again and again, in cycles that become longer.

    Parameters
    ----------
    t : int
        The step, from 0.
    lr_max, lr_min : float
        The rate at the beginning of each cycle, and the one that each cycle approaches.
    first_cycle : int
        Steps of the first cycle.
    growth : int
        How many times as long as the one before each cycle is; 1 keeps the length.

    Returns
    -------
    float
        The rate of step `t`. The first step of a cycle has `lr_max`.
    """
    ### BEGIN SOLUTION
    length = first_cycle
    while t >= length:
        t -= length
        length *= growth
    return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * t / length)) / 2
    ### END SOLUTION

# %% check="warm_restarts" points=4
check(warm_restarts)

# %% [markdown] hint="warm_restarts"
# In which cycle is step `t`, and how many steps ago did this cycle begin? A loop finds both: take away one cycle after
# the other.

# %% [markdown] hint="warm_restarts"
# `length = first_cycle`, then: while `t` is at least `length`, subtract `length` from `t` and make `length` `growth`
# times as long. What is left over of `t` is counted from the beginning of its cycle.

# %%
print([round(warm_restarts(t, 1.0, 0.0, 3, 2), 3) for t in range(12)])

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome("last_of_cycle", "0.25", because="Two thirds of the way: (1 + cos 120°) / 2 = 1/4. The smallest rate would come at step 3, and there the next cycle begins.")

# %% [markdown]
# The smallest rate itself never occurs: in its place comes the restart. (There are variants that do reach it. When you
# compare two libraries, look at the last step of a cycle.)

# %% [markdown]
# ## Up and down {#triangular}
#
# Smith (2017) lets the rate also go *up* again, slowly: a **triangular** wave between two bounds. The thought: long steps
# from time to time help to leave places where small ones would stay. The wave starts at the lower bound, reaches the
# upper one after `half_cycle` steps, and is back after two of them.
#
# ### Exercise 6: triangular {#exercise-triangular}
#
# *Core* · 4 minutes · 3 points.

# %% solution="triangular"
def triangular(t, lr_min, lr_max, half_cycle):
    """A learning rate that goes up and down between two bounds, in straight lines.

    Parameters
    ----------
    t : int
        The step, from 0.
    lr_min, lr_max : float
        The lower bound, where it starts, and the upper bound.
    half_cycle : int
        Steps from one bound to the other.

    Returns
    -------
    float
        The rate of step `t`.
    """
    ### BEGIN SOLUTION
    position = t % (2 * half_cycle)
    share = 1 - abs(position - half_cycle) / half_cycle
    return lr_min + (lr_max - lr_min) * share
    ### END SOLUTION

# %% check="triangular" points=3
check(triangular)

# %% [markdown] hint="triangular"
# First find the position inside the cycle: the remainder of `t`, divided by the length of a whole cycle. Which Python
# operator gives a remainder?

# %% [markdown] hint="triangular"
# How far is the position from the peak, at `half_cycle`? At the peak the rate is `lr_max`, and at a distance of
# `half_cycle` it is `lr_min`.

# %% [markdown]
# ## Warming up {#warming-up}
#
# At the very beginning a large rate can do harm: the gradients of random weights change quickly, and Adam's averages hold
# only a few of them. A **warm-up** goes up in a straight line during the first steps, and then another schedule begins.
# It was needed for very large batches (Goyal et al., 2017). On our digits, SGD with a rate of 1 does not need it. Other
# optimizers bear larger rates with it: RMSProp with 0.032 and half a cosine reads 2 to 3 % more digits after a warm-up of
# one epoch.
#
# The edges are where mistakes happen. With a warm-up of $w$ steps, the first step should not have the rate 0: it would be
# wasted. And the last step of the warm-up should not have the full rate yet: the schedule that follows begins with it. So
#
# $$\eta_t = \eta(0) \cdot \frac{t+1}{w+1} \quad\text{for } t < w, \qquad \eta_t = \eta(t - w) \quad\text{from } w \text{ on},$$
#
# where $\eta(\cdot)$ is the schedule that follows.
#
# **Predict.** $w = 4$ and $\eta(0) = 1$. Which rates do the steps 0 to 4 have?
#
# ### Exercise 7: warmup {#exercise-warmup}
#
# *Core* · 4 minutes · 3 points.

# %% solution="warmup"
def warmup(t, schedule, steps):
    """A learning rate that goes up in a straight line and then follows a schedule.

    Parameters
    ----------
    t : int
        The step, from 0.
    schedule : function
        `schedule(t)` is the rate of step `t`, counted from the end of the warm-up.
    steps : int
        Steps of the warm-up; 0 for none.

    Returns
    -------
    float
        The rate of step `t`.
    """
    ### BEGIN SOLUTION
    if t < steps:
        return schedule(0) * (t + 1) / (steps + 1)
    return schedule(t - steps)
    ### END SOLUTION

# %% check="warmup" points=3
check(warmup)

# %% [markdown] hint="warmup"
# Two cases, as in the formula. At `t = steps` the schedule begins: with which argument?

# %%
print("steps 0 to 6:", [round(warmup(t, lambda t: cosine(t, 1.0, 0.0, 10), 4), 3) for t in range(7)])

# %% [markdown]
# **Play.** Compose a schedule. Which combination reaches the largest rate for the *first* time latest? Where does the
# curve jump, and where does it only bend? With warm restarts: at which rate does training end, and which total would be
# better?

# %% tags=["demo"]
demos.schedule_composer()

# %% [markdown]
# <details><summary>Answer</summary>
#
# The longest warm-up and the longest piece with the triangular wave (and a total of at least 110). Step decay and warm
# restarts jump. The end of the warm-up and the corners of the triangle are bends. With warm restarts and a total of 160,
# a new cycle has just begun, and training ends at 0.99 of the largest rate. A total that ends with a cycle is better: 150
# (10 steps of warm-up, then 20 + 40 + 80). The warm-up takes its steps from the rest, since the total is fixed.
#
# </details>

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "Waiting for a plateau".* A colleague wrote warm restarts without a loop over
# the cycles. There are two bugs in it.
#
# ### Exercise 8: repaired_warm_restarts {#exercise-repaired-warm-restarts}
#
# *Going further* · 5 minutes · 2 points.

# %% solution="repaired_warm_restarts"
def repaired_warm_restarts(t, lr_max, lr_min, first_cycle, growth):
    """The same as `warm_restarts`."""
    ### BEGIN SOLUTION
    starts = [0]
    lengths = [first_cycle]
    while starts[-1] + lengths[-1] <= t:
        starts.append(starts[-1] + lengths[-1])
        lengths.append(lengths[-1] * growth)
    angle = np.pi * (t - starts[-1]) / lengths[-1]
    middle, swing = (lr_max + lr_min) / 2, (lr_max - lr_min) / 2
    return middle + swing * np.cos(angle)
    ### END SOLUTION

# %% broken="repaired_warm_restarts"
def repaired_warm_restarts(t, lr_max, lr_min, first_cycle, growth):
    """The same as `warm_restarts`."""
    starts = [0]
    lengths = [first_cycle]
    while starts[-1] + lengths[-1] < t:
        starts.append(starts[-1] + lengths[-1])
        lengths.append(lengths[-1] * growth)
    angle = np.pi * t / lengths[-1]
    middle, swing = (lr_max + lr_min) / 2, (lr_max - lr_min) / 2
    return middle + swing * np.cos(angle)

# %% check="repaired_warm_restarts" points=2
check(repaired_warm_restarts)

# %% [markdown] hint="repaired_warm_restarts"
# Draw its rates for 12 steps with `first_cycle=3, growth=2`. Do they jump to the top, and at the right step?

# %% [markdown] hint="repaired_warm_restarts"
# One bug concerns the step at which a cycle begins: does the loop go on at `t = 3`? The other one: from where does the
# angle count?

# %% [markdown]
# ## Waiting for a plateau {#plateau}
#
# All schedules so far are fixed before training begins. Another idea waits for what happens. As long as the validation
# loss gets better, the rate stays. When it has not become better for a while, the rate is multiplied by a factor: either
# the noise floor is reached, and a smaller rate gets below it, or nothing can be gained any more.
#
# Precisely, as in PyTorch with `threshold=0` and `eps=0`: a reading of the loss is *bad* if it is not lower than the best
# one so far. The first bad reading after `patience` bad ones in a row (so the bad reading number `patience + 1`) reduces
# the rate, and the count starts again from 0. The best loss is kept.
#
# ### Exercise 9: ReduceOnPlateau {#exercise-reduce-on-plateau}
#
# *Core* · 7 minutes · 5 points.

# %% solution="ReduceOnPlateau"
class ReduceOnPlateau:
    """Reduce the learning rate when a loss no longer becomes better.

    Parameters
    ----------
    lr : float
        The first rate, at least `min_lr`.
    factor : float
        What the rate is multiplied with, 0 < factor < 1.
    patience : int
        How many bad readings in a row are tolerated, 0 or more; the next one reduces the rate.
    min_lr : float
        The rate never becomes smaller than this.

    Attributes
    ----------
    lr : float
        The rate now.
    """

    def __init__(self, lr, factor, patience, min_lr):
        ### BEGIN SOLUTION
        self.lr, self.factor, self.patience, self.min_lr = lr, factor, patience, min_lr
        self.best, self.bad = math.inf, 0
        ### END SOLUTION

    def step(self, loss):
        """Take a reading of the loss.

        Parameters
        ----------
        loss : float
            It is bad if it is not strictly lower than the best one so far. A NaN is bad.

        Returns
        -------
        float
            The rate from now on.
        """
        ### BEGIN SOLUTION
        if loss < self.best:
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.bad > self.patience:
            self.lr, self.bad = max(self.lr * self.factor, self.min_lr), 0
        return self.lr
        ### END SOLUTION

# %% check="ReduceOnPlateau" points=5
check(ReduceOnPlateau)

# %% [markdown] hint="ReduceOnPlateau"
# What has to be remembered between two readings, besides the four settings? Which value of the best loss makes any first
# loss better?

# %% [markdown] hint="ReduceOnPlateau"
# With a patience of 2 and a loss that never changes: the first reading is the best one. The readings 2 and 3 are bad and
# tolerated. The fourth reduces the rate.

# %% [markdown] hint="ReduceOnPlateau"
# `if loss < self.best:` new best, count 0; else one more bad reading. Then, if there are more bad ones than `patience`:
# the rate is `max(..., self.min_lr)`, count 0.

# %% [markdown]
# Compare with your `EarlyStopping` of notebook 03. A patience of 3 stops there at the third bad epoch. Here, the rate is
# reduced at the fourth bad reading. Both conventions are in use, and the documentation does not always say which: read
# the code, or test it with a constant loss.

# %% [markdown]
# ## The range test {#range-test}
#
# *Going further. Short of time? Go on with "In PyTorch".* Which learning rate to begin with? The **range test** (Smith,
# 2017; here in a later form) finds one in a single short run: increase the rate by a factor with every step, from far too
# small to far too large, and look at the loss.
#
# ### Exercise 10: learning_rate_ramp {#exercise-learning-rate-ramp}
#
# *Going further* · 3 minutes · 2 points.

# %% solution="learning_rate_ramp"
def learning_rate_ramp(t, lr_min, lr_max, steps):
    """A learning rate that grows by the same factor in every step.

    Parameters
    ----------
    t : int
        The step, 0 <= t < steps.
    lr_min, lr_max : float
        The rate of the first step, 0, and that of the last one, `steps - 1`; both are positive.
    steps : int
        How many steps there are, at least 2.

    Returns
    -------
    float
        The rate of step `t`.
    """
    ### BEGIN SOLUTION
    return lr_min * (lr_max / lr_min) ** (t / (steps - 1))
    ### END SOLUTION

# %% check="learning_rate_ramp" points=2
check(learning_rate_ramp)

# %% [markdown] hint="learning_rate_ramp"
# From the first to the last step the rate grows by `lr_max / lr_min`. There are `steps - 1` gaps between `steps` points.
# Which power of the whole factor belongs to `t` gaps?

# %% [markdown]
# A good rate is where the loss falls fastest. But single losses are noisy. So smooth them first with a moving average, in
# which `smoothing` is the weight of the old value and the first average is the first loss. Then take the slope with
# respect to the *logarithm* of the rate.
#
# ### Exercise 11: steepest_learning_rate {#exercise-steepest-learning-rate}
#
# *Going further* · 5 minutes · 3 points.

# %% solution="steepest_learning_rate"
def steepest_learning_rate(lrs, losses, smoothing):
    """The learning rate at which the smoothed loss falls fastest per unit of the logarithm of the rate.

    Parameters
    ----------
    lrs : array (T,)
        Rates, increasing, T >= 3.
    losses : array (T,)
        The loss at each rate; all are finite.
    smoothing : float
        Weight of the old average, 0 <= smoothing < 1; the new loss has the weight 1 - smoothing.

    Returns
    -------
    float
        One of `lrs`: the one with the smallest slope, by `np.gradient(smoothed, np.log(lrs))`.
    """
    ### BEGIN SOLUTION
    smoothed = [losses[0]]
    for loss in losses[1:]:
        smoothed.append(smoothing * smoothed[-1] + (1 - smoothing) * loss)
    slopes = np.gradient(np.array(smoothed), np.log(lrs))
    return lrs[int(np.argmin(slopes))]
    ### END SOLUTION

# %% check="steepest_learning_rate" points=3
check(steepest_learning_rate)

# %% [markdown] hint="steepest_learning_rate"
# Three steps: a loop for the average, `np.gradient` for the slopes, and the place of the most negative one. Return the
# rate, not its index.

# %% tags=["experiment", "figure"]
# Figure: a range test on the digits.
rates = np.array([learning_rate_ramp(t, 1e-3, 10.0, 120) for t in range(120)])
params, rng, losses = new_networks([0]), np.random.default_rng(0), []
with np.errstate(all="ignore"):
    for lr in rates:
        rows = rng.integers(len(digits.train.x), size=64)
        loss, grads = losses_and_gradients(params, digits.train.x[rows], digits.train.y[rows])
        params = Sgd(lr).step(params, grads)
        losses.append(float(loss[0]))
lowest = int(np.argmin(losses))
end = lowest - 2  # the lowest loss of all belongs to a lucky batch, and behind it the test breaks down
found = steepest_learning_rate(rates[:end], np.array(losses[:end]), 0.8)
figure, ax = plots.axes("A range test on the digits", "learning rate", "loss of the batch (nats)")
ax.semilogx(rates, losses, **plots.line("loss"))
ax.axvline(found, color=plots.COLOURS["learning rate"], ls="--", label=f"steepest at {found:.2g}")
ax.set_ylim(0, 6)
ax.legend()
plots.describe(figure, f"Loss against the learning rate: it starts at {losses[0]:.2f}, is lowest, {losses[lowest]:.2f}, at {rates[lowest]:.2g}, and rises steeply "
               f"towards the end. The steepest descent is at {found:.2g}.")

# %% [markdown]
# The test tells the order of magnitude, not more: another seed moves the mark, and so does the smoothing. The rate where
# the loss begins to rise is too large to train with. A common choice is the steepest point, or a tenth of the rate at
# which the loss is lowest. The two may differ by a factor of several.
#
# **Play.** Change the length of the test, the smoothing and the seed. How much does the mark move? When does the test mislead?

# %% tags=["demo"]
demos.range_test()

# %% [markdown]
# <details><summary>Answer</summary>
#
# A short test gives each rate too little time, so the mark moves to the right: typically from about 0.5 with 120 steps to
# 0.8 with 30. Much smoothing delays the average: the mark of the lowest loss moves to the right. The steepest one may go
# either way. Without smoothing it follows the noise of single batches, and can lie anywhere. Another seed moves it by a
# factor of two and more. (Only the part up to the lowest point counts.)
#
# </details>

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# A scheduler of PyTorch changes `group["lr"]` of an optimizer. In the loop, it comes after the optimizer:
# `optimizer.step()`, then `scheduler.step()`. Whether once per batch or once per epoch is up to you, and nobody warns you
# if it is the wrong one.
#
# | yours | PyTorch |
# |---|---|
# | `step_decay` | `StepLR(optimizer, step_size=every, gamma=factor)` |
# | `exponential_decay` | `ExponentialLR(optimizer, gamma=math.exp(-k))` |
# | `cosine` | `CosineAnnealingLR(optimizer, T_max=total, eta_min=lr_min)`; after `T_max` it goes *up* again |
# | `warm_restarts` | `CosineAnnealingWarmRestarts(optimizer, T_0, T_mult, eta_min)` |
# | `triangular` | `CyclicLR(optimizer, base_lr, max_lr, step_size_up=half_cycle, cycle_momentum=False)` |
# | `ReduceOnPlateau` | `ReduceLROnPlateau(optimizer, factor=..., patience=..., threshold=0, eps=0)`, and `scheduler.step(loss)` |
# | anything | `LambdaLR(optimizer, factor_of_step)` |
#
# `LambdaLR` takes a function of the step, and multiplies each group's first rate by what it returns.
#
# ### Exercise 12: make_scheduler {#exercise-make-scheduler}
#
# *Core* · 6 minutes · 5 points.

# %% role="given"
import torch

torch.set_num_threads(1)  # for arrays as small as these, sharing the work takes longer than the work

# %% solution="make_scheduler"
def make_scheduler(optimizer, warmup_steps, total_steps):
    """A scheduler with a warm-up and a half cosine down to 0.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its groups may have different rates: each is multiplied by the same factor.
    warmup_steps : int
        Steps of the warm-up, w; 0 for none, and less than `total_steps`.
    total_steps : int
        Where the factor reaches 0.

    Returns
    -------
    torch.optim.lr_scheduler.LambdaLR
        With the factor (t + 1) / (w + 1) at the steps t < w, then half a cosine from 1 at t = w down to 0 at
        t = total_steps, and 0 at all later steps.
    """
    ### BEGIN SOLUTION
    def factor(t):
        if t < warmup_steps:
            return (t + 1) / (warmup_steps + 1)
        if t >= total_steps:
            return 0.0
        return (1 + math.cos(math.pi * (t - warmup_steps) / (total_steps - warmup_steps))) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    ### END SOLUTION

# %% check="make_scheduler" points=5
check(make_scheduler)

# %% [markdown] hint="make_scheduler"
# Write the factor as a function of the step inside your function: you have all its parts already, `warmup` and `cosine`
# with rates from 1 to 0. How many steps does the cosine last?

# %% [markdown] hint="make_scheduler"
# The cosine lasts `total_steps - warmup_steps` steps, and counts from the end of the warm-up. `LambdaLR(optimizer,
# factor)` takes the function itself: no brackets behind `factor`.

# %% tags=["gpu", "experiment"]
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)).to(device)
x, y = torch.tensor(digits.train.x, device=device).float(), torch.tensor(digits.train.y, device=device)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
scheduler = make_scheduler(optimizer, 20, 200)
seen = []
for step in range(200):
    rows = torch.randint(len(x), (64,), device=device)
    loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    seen.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    scheduler.step()
print("device:", device)
print("rates of the steps 0, 19, 20, 110 and 199:", [round(seen[t], 6) for t in (0, 19, 20, 110, 199)])
print(f"loss of the last batch: {loss.item():.3f}")

# %% [markdown]
# ## Does it help? {#comparison}
#
# Back to the ten networks, with the same seeds and the same first rate of 1.
#
# **Predict.** With a half cosine from 1 down to 0, what is the mean accuracy after the last epoch, compared with the
# constant rate? And how much does it change in the last six epochs?

# %%
predict(
    "helps",
    choice("the last mean is, compared with the constant rate,", "higher", "the same within 1 point", "lower"),
    choice("in the last six epochs it changes by", "less than 1 point", "1 to 3 points", "more than 3 points"),
)

# %% tags=["experiment"]
lend("RMSProp", "Adam")
found_by = {}
for name, make, rate in (("SGD", Sgd, 1.0), ("RMSProp", lambda lr: RMSProp(lr, 0.99, 1e-8), 0.01), ("Adam", lambda lr: Adam(lr, 0.9, 0.999, 1e-8), 0.01)):
    for kind, schedule in (
        ("constant", lambda t: rate),
        ("cosine", lambda t: cosine(t, rate, 0.0, TOTAL)),
        ("step decay", lambda t: step_decay(t, rate, 0.1, math.ceil(TOTAL / 3))),
    ):
        found = 100 * train_with(schedule, make(rate), range(10))
        found_by[name, kind] = found
        last = found[-6:].mean(axis=1)
        jumps = np.ptp(found[-6:], axis=0).mean()
        print(f"{name:7} {kind:10}: last epoch {last[-1]:.1f} %, seeds {found[-1].min():.1f} to {found[-1].max():.1f} %; range of a network in the last six epochs {jumps:.1f}")
runs = found_by

# %% tags=["outcome"]
# What you predicted, and what happened.
gain = runs["SGD", "cosine"][-1].mean() - runs["SGD", "constant"][-1].mean()
change = np.ptp(runs["SGD", "cosine"][-6:].mean(axis=1))
outcome(
    "helps",
    "higher" if gain > 1 else "the same within 1 point" if gain > -1 else "lower",
    "less than 1 point" if change < 1 else "1 to 3 points" if change < 3 else "more than 3 points",
)

# %% tags=["experiment", "figure"]
# Figure: mean accuracy after each epoch, constant rate and half cosine.
figure, ax = plots.axes("SGD on the digits, mean of ten networks", "epoch", "validation accuracy (%)")
told = []
for kind, look in (("constant", "sgd"), ("cosine", "adam")):
    found = runs["SGD", kind]
    ax.plot(range(1, 21), found.mean(axis=1), **plots.line(look), label=kind)
    ax.fill_between(range(1, 21), found.min(axis=1), found.max(axis=1), color=plots.COLOURS[look], alpha=0.2)
    told.append(f"{kind}: {found[-1].mean():.1f} % after the last epoch, from {found[-1].min():.1f} to {found[-1].max():.1f} %")
ax.set_ylim(80, 100)
ax.legend(loc="lower right")
plots.describe(figure, f"Mean accuracy after each epoch with a band from the lowest to the highest network. {'; '.join(told)}.")

# %% [markdown]
# In accuracy the half cosine gains nothing here: after the last epoch the means are equal to within a third of a point.
# What you gain is *certainty*. In the last six epochs, one network covers a range of 3.4 points on average with the
# constant rate, with RMSProp of 4.3. Which accuracy you get depends on the batch after which you stop. With the half
# cosine it is 0.3 for both.
#
# (Each group of three shares a first rate, which was not tuned anew. With RMSProp and a first rate of 0.0032, its best
# one in notebook 05, the half cosine ends 1.6 points *lower*: a rate that falls often has to begin higher.) Adam hardly
# jumps without a schedule, at this rate and at its best one of notebook 05. And step decay is a little *worse* than the
# half cosine for all three: its first drop, after a third of the time, probably came before the networks had learned
# enough. A schedule has to fit the length of the training. (That larger problems gain accuracy, too, is often reported.
# It cannot be seen on digits that a small network reads almost perfectly. In practice one also keeps the smallest rate
# above 0, so that training can go on.)

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: the floor {#question-floor}
#
# *Core* · 4 minutes · 3 points. With a rate of 0.1 a training loss falls for 1,000 steps and then jumps around 0.30; with
# 0.05 it takes 2,000 steps and then jumps around 0.20. A colleague wants to train ten times as long with 0.1. What do you
# expect? Where does the loss end with 0.01, after about how many steps? Which value does no rate get below?

# %% [markdown] answer="floor" points=3
# ### BEGIN SOLUTION
# Still 0.30: the floor does not depend on the number of steps. The part above the minimum is proportional to the rate:
# 0.30 = L + 0.1 c and 0.20 = L + 0.05 c, so c = 2 and L = 0.10. With 0.01: 0.12, after about 10,000 steps. No rate gets
# below 0.10.
# ### END SOLUTION

# %% [markdown] mark_scheme="floor"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: about 0.30, since the floor depends on the rate and not on the number of steps.
# - 1 point: 0.12 (0.03, the whole loss taken as proportional: half a point), and more steps in proportion, or a large rate
#   first and a small one later.
# - 1 point: 0.10, or the doubt whether the proportion holds, with a test for it.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: the edges {#question-edges}
#
# *Core* · 4 minutes · 3 points. A library's warm-up uses $\eta_t = \eta \cdot t / w$ for $t < w$, and then the full rate.
# Compare its rates with yours, at $t = 0$, $t = w - 1$ and $t = w$, for $w = 4$ and $\eta = 1$. Which of the two wastes a
# step? How would you find out which one a library uses without reading its code?

# %% [markdown] answer="edges" points=3
# ### BEGIN SOLUTION
# The library: 0, 0.75 and 1. Mine: 0.2, 0.8 and 1. With a rate of 0 its first step changes nothing: the batch is wasted.
# To find out, I would print the rates of the first few steps, at least from 0 to $w + 1$, or train a single parameter
# with a constant gradient of 1 and look at the differences.
# ### END SOLUTION

# %% [markdown] mark_scheme="edges"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: 0, 0.75, 1 against 0.2, 0.8, 1. Four of the six right: half a point.
# - 1 point: the library's first step has rate 0, so nothing is learned from its batch. (That Adam's averages are filled
#   by it all the same is a good remark.)
# - 1 point: print or plot the rates around both edges, or measure the change of a parameter.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 6 minutes · 4 points. From a student's training script, with 100 batches per epoch:
#
# ```python
# optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
# scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)  # a tenth after 30 epochs
# for epoch in range(90):
#     for x, y in loader:
#         loss = nn.functional.cross_entropy(model(x), y)
#         optimizer.zero_grad()
#         loss.backward()
#         scheduler.step()
#         optimizer.step()
# ```
#
# "The loss falls a little in the first epoch and then never again." (a) What is the rate after the first epoch? (b) What
# are the two mistakes, and which of them explains the report? (c) What does the other one do? (d) The student replaces
# `StepLR` by `CosineAnnealingLR(optimizer, T_max=90)`, without any other change. What does the rate do now? A cell to try
# things out:

# %%
print([round(step_decay(t, 0.1, 0.1, 30), 8) for t in (0, 29, 30, 60, 90)])

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) The scheduler has been called 100 times, so there were $\lfloor 100/30 \rfloor = 3$ drops: $0.1 \cdot 10^{-3} = 10^{-4}$.
#
# (b) The scheduler is called per batch, but is meant per epoch; and it is called before the optimizer. The first mistake
# explains the report: after two epochs (200 calls, 6 drops) the rate is $10^{-7}$, and nothing moves any more.
#
# (c) The first rate of the schedule is skipped: every step uses the rate of the next one. With so many steps this hardly
# matters, and PyTorch prints a warning.
#
# (d) It reaches 0 after 90 *batches*, before the end of the first epoch, and then rises again, up to 0.1 after 180
# batches, and so on: 50 waves in 90 epochs.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) $10^{-4}$, with three drops.
# - (b) Both mistakes named (per batch in place of per epoch; before the optimizer), and the first one as the cause. One
#   mistake: half a point.
# - (c) The first value is skipped, everything comes one step early. "A warning" alone: half a point.
# - (d) It goes down to 0 within the first epoch *and up again*, as a wave. "Falls to 0 after 90 batches" alone: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Noise floor | proportional to the rate | | |
# | Time decay | meets both conditions of Robbins and Monro | `lr0 / (1 + k * t)` | `LambdaLR` |
# | Step decay | drops at `every`, not one later | `lr0 * factor ** (t // every)` | `StepLR` |
# | Half cosine | flat at both ends | `(1 + cos(pi * t / T)) / 2` | `CosineAnnealingLR` |
# | Warm restarts | the smallest rate never occurs | subtract cycles | `CosineAnnealingWarmRestarts` |
# | Triangular | starts low; a cycle has two halves | remainder | `CyclicLR` |
# | Warm-up | not 0 at first, not full at last | `(t + 1) / (w + 1)` | `LambdaLR` |
# | Plateau | acts at bad reading patience + 1 | count bad readings | `ReduceLROnPlateau` |
#
# | Symptom | Suspect |
# |---|---|
# | the loss stays at a level and jumps about | noise floor: reduce the rate |
# | training stops after an epoch or two | a schedule per epoch, called per batch |
# | the first step changes nothing | warm-up that starts at 0 |
# | the rate rises again near the end | `CosineAnnealingLR` beyond `T_max` |
# | the rate drops one step late | `>` in place of `>=` |
# | the final accuracy depends on the last batch | constant rate: let it fall |
#
# ## Read on {#read-on}
#
# - H. Robbins, S. Monro (1951). A stochastic approximation method. *Annals of Mathematical Statistics* 22 (3), 400–407.
# - L. N. Smith (2017). Cyclical learning rates for training neural networks. *WACV*, 464–472. The triangular wave and the
#   range test.
# - I. Loshchilov, F. Hutter (2017). SGDR: stochastic gradient descent with warm restarts. *ICLR*.
# - P. Goyal, P. Dollár, R. Girshick and others (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour. arXiv
#   1706.02677. Warm-up for large batches.
# - L. Bottou, F. E. Curtis, J. Nocedal (2018). Optimization methods for large-scale machine learning. *SIAM Review* 60
#   (2), 223–311. The theory of steps and noise.
