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
#     minutes: 88
#     builds_on: [03_training_loop]
# ---

# %% [markdown]
# # 05 · Optimizers
#
# An **optimizer** is a rule that turns gradients into steps. Plain gradient descent uses the last gradient only. The
# optimizers of this notebook also have a memory. They remember where the gradients pointed before, or how large they
# were. You write them one by one, from momentum to Adam, which train most networks of today. Each repairs a weakness of
# the one before, and has one of its own.
#
# **After this notebook you can**
#
# - say what slows gradient descent down in a ravine, and what momentum does about it;
# - write momentum, AdaGrad, RMSProp and Adam, and convert a learning rate from one form of momentum to another;
# - derive the bias correction of Adam, and say how far one step can go;
# - judge whether a comparison of optimizers is fair.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Warm-up · Why this matters | | 5 | |
# | Momentum | `Momentum`, `HeavyBall`, `equivalent_learning_rate` | 18 | 8 |
# | Nesterov | `Nesterov` | 5 | 3 |
# | AdaGrad and RMSProp | `AdaGrad`, `RMSProp` | 10 | 6 |
# | Adam | `Adam` | 15 | 6 |
# | Repair (*going further*) | `repaired_adam` | 5 | 2 |
# | Two relatives (*going further*) | `AdaDelta`, `AMSGrad` | 12 | 6 |
# | In PyTorch | `TorchAdam` | 11 | 6 |
# | A fair comparison | | 5 | |
# | Questions · Summary | three short texts | 19 | 10 |
#
# The core takes about 88 minutes and earns 39 points, *going further* another 17 minutes and 8 points. The exercises are
# checked one by one: you can skip one and come back.
#
# **Conventions.** An optimizer is an object. Its method `step(params, grads)` takes two dicts of arrays with the same
# keys and shapes, and returns the dict of the new parameters. The arrays of `params` may be changed, those of `grads` may
# not. A parameter may appear for the first time at a later step: its memory starts there, from zero. The learning rate is
# the attribute `lr`. Its caller may change it between two steps. It is a number, or an array that broadcasts with the
# parameters (in the last experiment, one rate per network). Functions of arrays, such as the square, the root and the
# division, act on each entry.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, data, demos, lend, number, outcome, plots, predict

# %% [markdown]
# ## Warm-up {#warm-up}
#
# Three questions on the notebooks before.

# %%
predict(
    "warm_up_05",
    choice("in a direction of curvature 5, gradient descent is lost from a learning rate of", "0.2 on", "0.4 on", "2.5 on"),
    choice("with batches of 64 in place of 16, the noise of the gradient is", "the same", "half as large", "a quarter as large"),
    choice("with sigmoids, the smallest gradients are those of", "the first layers", "the last layers"),
)

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome(
    "warm_up_05", "0.4 on", "half as large", "the first layers",
    because="Each step multiplies the distance by 1 - lr · 5, and at 0.4 this is -1. "
    "The deviation of a mean of B examples falls with the square root of B. "
    "On the way back, each layer of sigmoids multiplies the gradient by a slope of at most 1/4.",
)

# %% [markdown]
# ## Why this matters {#why}
#
# Here is the ravine of notebook 03: a loss of two weights, with curvature $\tfrac14$ along the floor and 5 across it,
#
# $$L(\theta) = \tfrac12\left(\tfrac14\theta_1^2 + 5\,\theta_2^2\right).$$
#
# The steep walls allow no learning rate above 0.4. With such a rate, the way along the flat floor is long. The **condition
# number**, the largest curvature divided by the smallest one, is 20 here. In the losses of real networks it is often a
# thousand or more.

# %% role="given"
CURVATURE = np.array([0.25, 5.0])

def ravine_gradient(w):
    return CURVATURE * w

def descend(optimizer, gradient, start, steps):
    """The path of an optimizer, shape (steps + 1, 2), start included."""
    params = {"w": np.array(start, dtype=float)}
    path = [params["w"].copy()]
    for _ in range(steps):
        params = optimizer.step(params, {"w": gradient(params["w"])}) or params
        path.append(params["w"].copy())
    return np.array(path)

class GradientDescent:
    """Plain gradient descent: it remembers nothing."""

    def __init__(self, lr):
        self.lr = lr

    def step(self, params, grads):
        return {name: params[name] - self.lr * grads[name] for name in params}

# %% [markdown]
# **Predict.** From the point $(-2.6, 0.9)$, with the best learning rate you can choose: how many steps does gradient
# descent need to come within 0.01 of the minimum?

# %%
predict("ravine", choice("steps needed", "about 5", "about 15", "about 60", "about 500"))

# %%
def steps_needed(optimizer, start=(-2.6, 0.9), within=0.01, most=2000):
    """The first step from which on the path stays that close to the minimum."""
    far = np.linalg.norm(descend(optimizer, ravine_gradient, start, most), axis=1) > within
    return int(np.flatnonzero(far)[-1]) + 1

for lr in (0.1, 0.2, 0.3, 0.35, 0.38, 0.395):
    print(f"learning rate {lr:5}: {steps_needed(GradientDescent(lr)):4} steps")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("ravine", "about 60", because="At 0.38 both directions shrink by a factor of about 0.9 in each step.")

# %% [markdown]
# Below the best rate the floor is too slow; above it, the walls are. There is no good rate for both, because one number
# has to serve directions that differ by a factor of 20. This notebook has two answers. Momentum *averages* the gradients.
# AdaGrad, RMSProp and Adam give *each parameter a rate of its own*.

# %% [markdown]
# ## Momentum {#momentum}
#
# With a rate above 0.2, the gradient across the ravine changes its sign in every step. Along the floor, it always points the
# same way. So do not follow the last gradient alone. Follow an **exponential moving average** of all gradients so far:
#
# $$\mathbf v \leftarrow \beta\,\mathbf v + (1 - \beta)\,\mathbf g, \qquad \theta \leftarrow \theta - \eta\,\mathbf v,
# \qquad \mathbf v = \mathbf 0 \text{ at the start}.$$
#
# The average $\mathbf v$ is called the **velocity**. What has a changing sign cancels, what keeps its direction remains.
# A gradient of $k$ steps ago has the weight $(1-\beta)\beta^k$. So the average looks back about $\frac{1}{1-\beta}$
# steps: ten for $\beta = 0.9$.
#
# ### Exercise 1: Momentum {#exercise-momentum}
#
# *Core* · 6 minutes · 4 points.

# %% solution="Momentum"
class Momentum:
    """Gradient descent along an exponential moving average of the gradients.

    Parameters
    ----------
    lr : float or array
        The learning rate. It may be changed between two steps.
    beta : float
        Weight of the old average, 0 <= beta < 1; the new gradient has the weight 1 - beta.
    """

    def __init__(self, lr, beta):
        ### BEGIN SOLUTION
        self.lr, self.beta, self.v = lr, beta, {}
        ### END SOLUTION

    def step(self, params, grads):
        """One step: first the average, then the parameters.

        Parameters
        ----------
        params, grads : dict of array
            Parameters and their gradients. The average of each starts at zero.

        Returns
        -------
        dict of array
            The parameters after the step.
        """
        ### BEGIN SOLUTION
        new = {}
        for name, g in grads.items():
            self.v[name] = self.beta * self.v.get(name, 0.0) + (1 - self.beta) * g
            new[name] = params[name] - self.lr * self.v[name]
        return new
        ### END SOLUTION

# %% check="Momentum" points=4
check(Momentum)

# %% [markdown] hint="Momentum"
# What has to survive from one step to the next? Keep it in an attribute, which `__init__` creates: a dict with one array per
# parameter. No parameter is known yet in `__init__`.

# %% [markdown] hint="Momentum"
# Go through the names. `self.v.get(name, 0.0)` is the old average, or zero where there is none. Two objects must not share
# their dict: create it in `__init__`, not in the class.

# %% [markdown] hint="Momentum"
# `self.v[name] = ... * self.v.get(name, 0.0) + ... * grads[name]`, and the new parameter is the old one minus the learning
# rate times `self.v[name]`. Which of the two weights is `beta`?

# %% [markdown]
# Another form leaves out the factor $1-\beta$. It is older, and PyTorch uses it. Think of a **heavy ball** that rolls:
# the gradient pushes it, and a share $\mu$ of its velocity is kept from step to step (Polyak, 1964),
#
# $$\mathbf v \leftarrow \mu\,\mathbf v + \mathbf g, \qquad \theta \leftarrow \theta - \eta\,\mathbf v.$$
#
# ### Exercise 2: HeavyBall {#exercise-heavy-ball}
#
# *Core* · 3 minutes · 2 points.

# %% solution="HeavyBall"
class HeavyBall:
    """Gradient descent with momentum, as in `torch.optim.SGD(lr=lr, momentum=momentum)`.

    Parameters
    ----------
    lr : float or array
        The learning rate. It may be changed between two steps, and then multiplies the whole velocity.
    momentum : float
        Share of the velocity that is kept, 0 <= momentum < 1; the new gradient has the weight 1.
    """

    def __init__(self, lr, momentum):
        ### BEGIN SOLUTION
        self.lr, self.momentum, self.v = lr, momentum, {}
        ### END SOLUTION

    def step(self, params, grads):
        """One step: first the velocity, then the parameters; see `Momentum.step`."""
        ### BEGIN SOLUTION
        new = {}
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0.0) + g
            new[name] = params[name] - self.lr * self.v[name]
        return new
        ### END SOLUTION

# %% check="HeavyBall" points=2
check(HeavyBall)

# %% [markdown] hint="HeavyBall"
# Your `Momentum`, with one factor less.

# %% [markdown] hint="HeavyBall"
# Keep the learning rate out of the velocity: it comes in when the parameters change. Otherwise a new rate would act on the
# new gradients only.

# %% [markdown]
# **Predict.** The gradient is 1 in every step, and $\mu = 0.9$. How long are the heavy ball's steps after many of them, in
# multiples of the learning rate?

# %%
predict("steady", number("length of a step, divided by the learning rate"))

# %%
lend("HeavyBall")
ball, params = HeavyBall(lr=0.01, momentum=0.9), {"w": np.zeros(1)}
lengths = []
for _ in range(100):
    before = params["w"].copy()
    params = ball.step(params, {"w": np.ones(1)}) or params
    lengths.append(float(before[0] - params["w"][0]) / 0.01)
for step in (1, 2, 3, 10, 30, 100):
    print(f"step {step:3}: length {lengths[step - 1]:.2f} times the learning rate")

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome("steady", lengths[-1], because="The velocity is 1 + 0.9 + 0.81 + ..., a geometric series: it comes to 1 / (1 - 0.9).")

# %% [markdown]
# So a heavy ball with $\mu = 0.9$ takes steps that are up to ten times as long as those of plain gradient descent with
# the same rate. In your `Momentum` the weights $(1-\beta)\beta^k$ add up to 1, so its steps are of the usual length. The
# two forms make the same path if their rates are chosen well.
#
# ### Exercise 3: equivalent_learning_rate {#exercise-equivalent-learning-rate}
#
# *Core* · 4 minutes · 2 points.

# %% solution="equivalent_learning_rate"
def equivalent_learning_rate(lr, beta):
    """The learning rate with which `Momentum` makes the same steps as a heavy ball.

    Parameters
    ----------
    lr : float
        The learning rate of `HeavyBall(lr, momentum=beta)`.
    beta : float
        The share that both keep of the past, 0 <= beta < 1.

    Returns
    -------
    float
        The rate for `Momentum(rate, beta)`: the two then agree in every step, from the first one on.
    """
    ### BEGIN SOLUTION
    return lr / (1 - beta)
    ### END SOLUTION

# %% check="equivalent_learning_rate" points=2
check(equivalent_learning_rate)

# %% [markdown] hint="equivalent_learning_rate"
# Compare the two velocities after the first step, for the same gradient. By which factor is one of them smaller? Does the
# factor stay the same after the second step?

# %% [markdown]
# **Predict.** Back to the ravine, with a learning rate of 0.1. Plain descent needs 220 steps there, since this is far
# from its best rate. How many does the heavy ball need with $\mu = 0.7$? And is $\mu = 0.95$ faster or slower than 0.7?

# %%
predict(
    "ball",
    choice("with 0.7 it needs", "about as many", "about a third", "about a fifth"),
    choice("with 0.95 it is", "faster than with 0.7", "slower than with 0.7"),
)

# %% tags=["experiment"]
needed = {mu: steps_needed(HeavyBall(0.1, mu)) for mu in (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)}
for mu, steps in needed.items():
    print(f"momentum {mu:4}: {steps:3} steps")

# %% tags=["experiment", "figure"]
# Figure: three paths through the ravine.
figure, ax = plots.axes("Forty steps through the ravine, learning rate 0.1", "weight $w_1$ (along the floor)", "weight $w_2$")
told = []
for mu, look in ((0.0, "sgd"), (0.7, "momentum"), (0.95, "path")):
    path = descend(HeavyBall(0.1, mu), ravine_gradient, (-2.6, 0.9), 40)
    ax.plot(*path.T, "o", ms=3, **plots.line(look), label=f"momentum {mu}")
    told.append(f"with momentum {mu} the path ends at {path[-1][0]:.1f} along the floor, and its largest value there is {path[:, 0].max():.1f}")
ax.plot(0, 0, "*", ms=14, color=plots.COLOURS["minimum"], label="minimum")
ax.set_ylim(-1, 1.4)
ax.legend(loc="upper center", ncols=4)
plots.describe(figure, f"Three paths from the same start: {'; '.join(told)}. The minimum is where both weights are zero.")

# %% tags=["outcome"]
# What you predicted, and what happened.
share = needed[0.7] / needed[0.0]
outcome(
    "ball",
    "about as many" if share > 0.6 else "about a third" if share > 0.27 else "about a fifth",
    "faster than with 0.7" if needed[0.95] < needed[0.7] else "slower than with 0.7",
)

# %% [markdown]
# Why a fifth, and not 0.3, as $1-\mu$ says? The velocity also holds the gradients of the steps before, which were
# larger. And is the comparison fair? Plain descent needs only 57 steps with its best rate. With its own best values,
# about $\eta = 0.5$ and $\mu = 0.46$, the heavy ball needs 13.
#
# A heavy ball with much momentum does not stop at the minimum. It overshoots, rolls up the other side and comes back,
# several times. So there is a best value between too little and too much. For a quadratic loss with condition number
# $\kappa$ it is known: with the best $\eta$ and $\mu$, the distance shrinks by a factor of $\frac{\sqrt\kappa -
# 1}{\sqrt\kappa + 1}$ per step (in the long run), where plain descent has $\frac{\kappa - 1}{\kappa + 1}$. For $\kappa =
# 20$ these are 0.63 and 0.90. Most people begin with 0.9.
#
# **What goes wrong**
#
# - *The learning rate stays when momentum is switched on.* In PyTorch's form, $\mu = 0.9$ makes steady steps ten times
#   longer. What was a good rate may now be too large.
# - *The memory is lost:* a new optimizer object in each epoch starts again from zero.
# - *The memory is shared:* a dict created in the class, not in `__init__`, belongs to all objects together.

# %% [markdown]
# ## Nesterov {#nesterov}
#
# The ball knows where its velocity is about to carry it. Nesterov's idea (1983): take the gradient *there*, at
# the point ahead, $\theta - \eta\mu\mathbf v$. Where the slope is about to turn, the ball brakes one step earlier.
#
# An optimizer is given the gradient at the parameters, and cannot ask for another one. So PyTorch stores the *point
# ahead* as the parameters. In terms of that point, the rule is as follows. (With $\mathbf p = \theta - \eta\mu\mathbf v$
# and the new velocity $\mathbf v'$: $\mathbf p' = \theta - \eta\mathbf v' - \eta\mu\mathbf v' = \mathbf p +
# \eta\mu\mathbf v - \eta\mathbf v' - \eta\mu\mathbf v'$, and $\mathbf v' = \mu\mathbf v + \mathbf g$.)
#
# $$\mathbf v \leftarrow \mu\,\mathbf v + \mathbf g, \qquad \theta \leftarrow \theta - \eta\,(\mathbf g + \mu\,\mathbf v).$$
#
# The new velocity is used, so the last gradient counts twice: once with weight 1, once with weight $\mu$.
#
# ### Exercise 4: Nesterov {#exercise-nesterov}
#
# *Core* · 3 minutes · 3 points.

# %% solution="Nesterov"
class Nesterov:
    """Nesterov's momentum, as in `torch.optim.SGD(lr=lr, momentum=momentum, nesterov=True)`.

    Parameters
    ----------
    lr : float or array
        The learning rate. It may be changed between two steps.
    momentum : float
        Share of the velocity that is kept, 0 <= momentum < 1.
    """

    def __init__(self, lr, momentum):
        ### BEGIN SOLUTION
        self.lr, self.momentum, self.v = lr, momentum, {}
        ### END SOLUTION

    def step(self, params, grads):
        """One step: first the velocity, `momentum * v + g`, then the parameters; see `Momentum.step`.

        They change by `-lr * (g + momentum * v)`, with the new velocity.
        """
        ### BEGIN SOLUTION
        new = {}
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0.0) + g
            new[name] = params[name] - self.lr * (g + self.momentum * self.v[name])
        return new
        ### END SOLUTION

# %% check="Nesterov" points=3
check(Nesterov)

# %% [markdown] hint="Nesterov"
# The velocity is that of `HeavyBall`. Only the line that changes the parameters is another one.

# %%
lend("Nesterov")
for mu in (0.8, 0.9, 0.95):
    ball, ahead = (descend(kind(0.1, mu), ravine_gradient, (-2.6, 0.9), 100) for kind in (HeavyBall, Nesterov))
    print(f"momentum {mu}: the heavy ball overshoots to {ball[:, 0].max():5.2f}, Nesterov's to {ahead[:, 0].max():5.2f}")

# %% [markdown]
# Nesterov's form brakes earlier and overshoots less.

# %% [markdown]
# ## AdaGrad and RMSProp {#adaptive}
#
# Momentum still has one rate for all parameters. AdaGrad (Duchi et al., 2011) gives each entry of each parameter a rate of its
# own. It adds up the squares of all its gradients, and divides by the root of the sum:
#
# $$\mathbf s \leftarrow \mathbf s + \mathbf g^2, \qquad \theta \leftarrow \theta - \eta\,\frac{\mathbf g}{\sqrt{\mathbf s} + \varepsilon}.$$
#
# Where gradients are large, the steps become small, and the other way round. The $\varepsilon$, usually $10^{-8}$, avoids a
# division by 0. (Here it stands *outside* the root, as in PyTorch. Some libraries put it inside.)
#
# **Predict.** The gradient at the start is $(-0.001,\ 500)$. What is the first step of AdaGrad with a learning rate of 0.1?

# %%
predict(
    "first_adagrad",
    choice("the first step is about", "(0.0001, -50)", "(0.1, -0.1)", "(-0.1, 0.1)", "(100, -0.0002)"),
)

# %% [markdown]
# ### Exercise 5: AdaGrad {#exercise-adagrad}
#
# *Core* · 4 minutes · 3 points.

# %% solution="AdaGrad"
class AdaGrad:
    """AdaGrad: each entry has a rate of its own, divided by the root of the sum of its squared gradients.

    Parameters
    ----------
    lr : float or array
        The learning rate. It may be changed between two steps, and does not enter the sum.
    eps : float
        A small positive number, added to the root.
    """

    def __init__(self, lr, eps):
        ### BEGIN SOLUTION
        self.lr, self.eps, self.s = lr, eps, {}
        ### END SOLUTION

    def step(self, params, grads):
        """One step: first the sum, with the new gradient in it, then the parameters; see `Momentum.step`."""
        ### BEGIN SOLUTION
        new = {}
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0.0) + g**2
            new[name] = params[name] - self.lr * g / (np.sqrt(self.s[name]) + self.eps)
        return new
        ### END SOLUTION

# %% check="AdaGrad" points=3
check(AdaGrad)

# %% [markdown] hint="AdaGrad"
# What does the optimizer remember? One array per parameter, of the same shape, which starts at zero.

# %% [markdown] hint="AdaGrad"
# First add `g**2` to the sum, then divide by its root. Mind the brackets: `eps` belongs to the denominator.

# %%
lend("AdaGrad")
first = AdaGrad(0.1, 1e-8).step({"w": np.zeros(2)}, {"w": np.array([-0.001, 500.0])})["w"]
print("first step:", first)

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "first_adagrad", "(0.1, -0.1)" if np.allclose(first, [0.1, -0.1], rtol=1e-3) else "(-0.1, 0.1)",
    because="Each entry is divided by its own size: only the sign is left.",
)

# %% [markdown]
# A constant factor of the gradient does not matter any more. So a ravine becomes a bowl, if it lies along the axes. Look
# at ten steps on $x^2 + 3y^2$, from a start where the gradient along $x$ is large and from one where it is small.

# %% tags=["experiment", "figure"]
# Figure: ten steps of AdaGrad from two starts.
figure, ax = plots.axes("Ten steps of AdaGrad on $x^2 + 3y^2$, learning rate 0.5", "$x$", "$y$")
x, y = np.meshgrid(np.linspace(-3.2, 1, 120), np.linspace(-3.2, 1, 120))
ax.contour(x, y, x**2 + 3 * y**2, levels=np.geomspace(0.1, 40, 9), colors=plots.GREY, linewidths=0.8)
told = []
for start, look in (((-3.0, -1.0), "adagrad"), ((-1.0, -3.0), "momentum")):
    path = descend(AdaGrad(0.5, 1e-8), lambda w: np.array([2.0, 6.0]) * w, start, 10)
    ax.plot(*path.T, "o", ms=4, **plots.line(look), label=f"from ({start[0]:.0f}, {start[1]:.0f})")
    told.append(f"from ({start[0]:.0f}, {start[1]:.0f}) it comes to ({path[-1][0]:.2f}, {path[-1][1]:.2f})")
ax.plot(0, 0, "*", ms=14, color=plots.COLOURS["minimum"])
ax.legend()
plots.describe(figure, f"Two paths over the contour lines of a bowl that is steeper along y: {'; '.join(told)}.")

# %% [markdown]
# The two paths are mirror images of each other (swap $x$ and $y$), although the bowl is three times as steep along $y$: a
# constant factor of the gradient cancels. And the steps become shorter and shorter. The sum in the denominator
# never shrinks. If all gradients are about equally large, step $t$ is $\eta/\sqrt t$: a tenth of the first one after 100
# steps. For a loss such as a bowl this is what one wants. A network may need long steps late in its training, and AdaGrad has
# none left.
#
# **RMSProp** (Hinton, in a lecture of 2012) forgets. In place of the sum it keeps a moving average:
#
# $$\mathbf s \leftarrow \alpha\,\mathbf s + (1-\alpha)\,\mathbf g^2, \qquad
# \theta \leftarrow \theta - \eta\,\frac{\mathbf g}{\sqrt{\mathbf s} + \varepsilon}.$$
#
# ### Exercise 6: RMSProp {#exercise-rmsprop}
#
# *Core* · 3 minutes · 3 points.

# %% solution="RMSProp"
class RMSProp:
    """RMSProp: each entry is divided by the root of a moving average of its squared gradients.

    Parameters
    ----------
    lr : float or array
        The learning rate. It may be changed between two steps.
    alpha : float
        Weight of the old average, 0 < alpha < 1; the new square has the weight 1 - alpha.
    eps : float
        A small positive number, added to the root.
    """

    def __init__(self, lr, alpha, eps):
        ### BEGIN SOLUTION
        self.lr, self.alpha, self.eps, self.s = lr, alpha, eps, {}
        ### END SOLUTION

    def step(self, params, grads):
        """One step: first the average, which starts at zero, then the parameters; see `Momentum.step`."""
        ### BEGIN SOLUTION
        new = {}
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0.0) + (1 - self.alpha) * g**2
            new[name] = params[name] - self.lr * g / (np.sqrt(self.s[name]) + self.eps)
        return new
        ### END SOLUTION

# %% check="RMSProp" points=3
check(RMSProp)

# %% [markdown] hint="RMSProp"
# Your `AdaGrad`, with the sum replaced by an average, as in `Momentum`: of the squares, not of the gradients.

# %% tags=["experiment", "figure"]
# Figure: the length of the steps when the gradient is always 1.
lend("RMSProp")
figure, ax = plots.axes("Length of the steps for a steady gradient", "step", "length / learning rate")
told = []
for name, optimizer, look in (("AdaGrad", AdaGrad(0.1, 1e-8), "adagrad"), ("RMSProp, α = 0.9", RMSProp(0.1, 0.9, 1e-8), "rmsprop")):
    path = descend(optimizer, np.ones_like, (0.0, 0.0), 1000)
    sizes = -np.diff(path[:, 0]) / 0.1
    ax.loglog(range(1, 1001), sizes, **plots.line(look), label=name)
    told.append(f"{name}: {sizes[0]:.2f} at the first step, {sizes[99]:.2f} at step 100 and {sizes[-1]:.2f} at step 1,000")
ax.legend()
plots.describe(figure, f"Length of the steps in multiples of the learning rate: {'; '.join(told)}.")

# %% [markdown]
# RMSProp's steps settle at $\eta$. But look at the beginning: the first one is more than three times too long. With
# $\alpha = 0.99$ it is ten times too long. Why? The average starts at zero, so at first it is much too small. This is what
# Adam repairs.

# %% [markdown]
# ## Adam {#adam}
#
# Adam (Kingma and Ba, 2015) puts both ideas together: a moving average $\mathbf m$ of the gradients, as in momentum, and
# a moving average $\mathbf v$ of their squares, as in RMSProp. Then it corrects both for their start at zero.
#
# How large is the error? Write the average after $t$ steps as a sum:
#
# $$\mathbf m_t = (1-\beta_1)\sum_{i=1}^{t} \beta_1^{\,t-i}\,\mathbf g_i.$$
#
# The weights add up to $(1-\beta_1)\frac{1-\beta_1^{\,t}}{1-\beta_1} = 1 - \beta_1^{\,t}$, not to 1. If the gradients all
# have the same mean, the average is too small by this factor. So divide by it:
#
# $$\begin{aligned}
# \mathbf m_t &= \beta_1 \mathbf m_{t-1} + (1-\beta_1)\,\mathbf g_t, &
# \hat{\mathbf m}_t &= \frac{\mathbf m_t}{1-\beta_1^{\,t}},\\
# \mathbf v_t &= \beta_2 \mathbf v_{t-1} + (1-\beta_2)\,\mathbf g_t^2, &
# \hat{\mathbf v}_t &= \frac{\mathbf v_t}{1-\beta_2^{\,t}},
# \end{aligned} \qquad
# \theta_t = \theta_{t-1} - \eta\,\frac{\hat{\mathbf m}_t}{\sqrt{\hat{\mathbf v}_t} + \varepsilon}.$$
#
# The first step has $t = 1$. The corrected averages $\hat{\mathbf m}$ and $\hat{\mathbf v}$ are used once and thrown
# away: the next step starts from $\mathbf m$ and $\mathbf v$. Usual values are $\beta_1 = 0.9$, $\beta_2 = 0.999$,
# $\varepsilon = 10^{-8}$.
#
# **Predict.** Without the correction, both averages are too small at first, and one of them is divided by the root of the
# other. With the usual values: is the first step too long or too short?

# %%
predict("uncorrected", choice("without the correction, the first step is", "too short", "right", "too long"))

# %% [markdown]
# ### Exercise 7: Adam {#exercise-adam}
#
# *Core* · 8 minutes · 6 points.

# %% solution="Adam"
class Adam:
    """Adam: the average gradient, divided by the root of the average square, both corrected for their start at zero.

    Parameters
    ----------
    lr : float or array
        The learning rate. It may be changed between two steps.
    beta1, beta2 : float
        Weights of the old averages of the gradients and of their squares, 0 <= beta < 1.
    eps : float
        A small positive number, added to the root of the corrected average.
    """

    def __init__(self, lr, beta1, beta2, eps):
        ### BEGIN SOLUTION
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, 0
        ### END SOLUTION

    def step(self, params, grads):
        """One step, of all parameters; see `Momentum.step`. The first one has t = 1."""
        ### BEGIN SOLUTION
        self.t += 1
        new = {}
        for name, g in grads.items():
            self.m[name] = self.beta1 * self.m.get(name, 0.0) + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v.get(name, 0.0) + (1 - self.beta2) * g**2
            m_hat = self.m[name] / (1 - self.beta1**self.t)
            v_hat = self.v[name] / (1 - self.beta2**self.t)
            new[name] = params[name] - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
        return new
        ### END SOLUTION

# %% check="Adam" points=6
check(Adam)

# %% [markdown] hint="Adam"
# Three things survive from step to step. Two are dicts of arrays. What is the third, and where does it have to be increased,
# so that it counts steps and not parameters?

# %% [markdown] hint="Adam"
# Increase `self.t` once, before the loop over the names. In the loop, six lines: two averages, two corrections, the step, and
# nothing corrected is written back into `self.m` or `self.v`.

# %% [markdown] hint="Adam"
# `m_hat = self.m[name] / (1 - self.beta1**...)`, the same for `v_hat`, then `params[name] - self.lr * ... /
# (np.sqrt(...) + self.eps)`.

# %%
lend("Adam")
for t in (1, 2, 10, 100, 1000):
    ratio = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
    print(f"step {t:4}, steady gradient, no correction: {ratio:.2f} times the learning rate")
print("first step, with correction:", Adam(0.01, 0.9, 0.999, 1e-8).step({"w": np.zeros(2)}, {"w": np.array([-0.001, 500.0])})["w"])

# %% tags=["outcome"]
# What you predicted, and what is right.
outcome("uncorrected", "too long", because="The numerator is 10 times too small, the denominator √1000 = 32 times.")

# %% [markdown]
# With the correction, the first step has length $\eta$ in each entry. The uncorrected steps are more than six times too
# long after ten steps, and still a little too long after a thousand. So each of the first 100 steps would be more than
# three times too long.
#
# ### How far does one step go? {#bound}
#
# One often reads that a step of Adam is never longer than $\eta$, in any entry. It would be a good thing to know: the
# learning rate then says how far a parameter can move. Try a rare event. The gradient of a parameter is 0 for 10,000
# steps (it belongs to a rare word, say, which occurs in no batch). Then it is 1, once.
#
# **Predict.** With a learning rate of 0.01: how far does the parameter move in that step?

# %%
predict("rare", choice("the step is about", "0.001", "0.01", "0.03", "1"))

# %% tags=["experiment"]
for name, before in (("gradient 0 for 10,000 steps, then 1", 0.0), ("gradient 1 all the time", 1.0)):
    optimizer, params = Adam(0.01, 0.9, 0.999, 1e-8), {"w": np.zeros(1)}
    for _ in range(10_000):
        params = optimizer.step(params, {"w": np.full(1, before)}) or params
    start = params["w"].copy()
    params = optimizer.step(params, {"w": np.ones(1)}) or params
    length = float(np.abs(params["w"] - start)[0])
    print(f"{name}: a step of {length:.4f}")
    rare_step = length if before == 0 else rare_step

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "rare", "0.03" if rare_step > 0.02 else "0.01",
    because="The numerator has only 1 - 0.9 = 0.1 of the gradient, the denominator √(1 - 0.999) = 0.032 of it.",
)

# %% [markdown]
# The paper gives $\eta\,(1-\beta_1)/\sqrt{1-\beta_2} = 3.16\,\eta$ for this case: a single gradient after many zeros.
# (Its scale does not matter even here: a gradient of 500 would make the same step.) It is not the largest step. If the
# rare gradient comes several times in a row, the step grows to $6.6\,\eta$. No sequence of gradients gets above
# $\eta\,(1-\beta_1)/\sqrt{(1-\beta_2)(1-\beta_1^2/\beta_2)} = 7.3\,\eta$. As long as the gradients keep about the same
# size, the steps are at most about $\eta$; and they are much shorter when the gradients disagree.
#
# **Play.** The gradient has a mean of 1, and noise of a size that you choose. How long are Adam's steps when there is no
# noise? When the noise is ten times the mean? Does it matter if mean and noise are both multiplied by 100?

# %% tags=["demo"]
lend("Adam")
demos.adam_step_size(Adam)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Without noise each step is $\eta$ long. With noise of deviation $s$ the root in the denominator is about $\sqrt{1 +
# s^2}$, while the numerator is still 1 on average: the steps in the direction of the mean have a length of about
# $\eta/\sqrt{1+s^2}$, a tenth for $s = 10$. So Adam goes more slowly where it is less certain. (Single steps are longer:
# the average of about ten gradients is noisy itself.) A common factor cancels.
#
# </details>
#
# Now all of them, in one race. The factor of the learning rate multiplies all rates together.
#
# **Play.** In the ravine: who goes straight to the minimum, who along the floor, who overshoots? Then choose the saddle,
# a landscape with a point where the gradient is 0 although the loss falls to two sides. Put the start close to the line
# between these sides, at $w_2 = 0.01$. Who gets away, and who waits? Is there one optimizer that is the best on all four
# landscapes?

# %% tags=["demo"]
lend("HeavyBall", "Nesterov", "AdaGrad", "RMSProp", "Adam")
demos.race(HeavyBall, Nesterov, AdaGrad, RMSProp, Adam)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Gradient descent, the heavy ball and Nesterov's form first fall into the ravine and then follow its floor. Three
# overshoot: these two with momentum, and Adam, which averages gradients as well. AdaGrad, RMSProp and Adam divide by the
# size of the gradients, so both directions look alike to them: they set off equally fast in both. From a start with
# $|w_1| = |w_2|$, as at first here, they go nearly straight. At the saddle the gradient along $w_2$ is tiny. Dividing by
# its size makes a full step of it, so AdaGrad, RMSProp and Adam leave at once, while the others wait. With two minima and
# the settings at first, only the heavy ball gets over the hill. No optimizer is the best everywhere, and a different
# learning rate can turn the order around: so a picture like this one proves nothing about which is better. A fair
# comparison needs more, see below.
#
# </details>

# %% [markdown]
# ## Repair {#repair}
#
# *Going further. Short of time? Go on with "In PyTorch".* This Adam runs without an error. On some problems it even
# learns. There are three bugs in it. Repair them one by one.
#
# ### Exercise 8: repaired_adam {#exercise-repaired-adam}
#
# *Going further* · 5 minutes · 2 points.

# %% solution="repaired_adam"
class repaired_adam:
    """The same as `Adam`."""

    def __init__(self, lr, beta1, beta2, eps):
        ### BEGIN SOLUTION
        self.lr, self.eps = lr, eps
        self.betas = (beta1, beta2)
        self.memory = {}
        self.powers = [1.0, 1.0]
        ### END SOLUTION

    def step(self, params, grads):
        """One step; see `Adam.step`."""
        ### BEGIN SOLUTION
        b1, b2 = self.betas
        self.powers = [power * beta for power, beta in zip(self.powers, self.betas)]
        result = dict(params)
        for key in grads:
            slope = grads[key]
            if key not in self.memory:
                self.memory[key] = (np.zeros_like(slope, dtype=float), np.zeros_like(slope, dtype=float))
            first, second = self.memory[key]
            first = first + (1 - b1) * (slope - first)
            second = second + (1 - b2) * (slope * slope - second)
            self.memory[key] = (first, second)
            scale = np.sqrt(second / (1 - self.powers[1])) + self.eps
            result[key] = params[key] - self.lr * (first / (1 - self.powers[0])) / scale
        return result
        ### END SOLUTION

# %% broken="repaired_adam"
class repaired_adam:
    """The same as `Adam`."""

    memory = {}

    def __init__(self, lr, beta1, beta2, eps):
        self.lr, self.eps = lr, eps
        self.betas = (beta1, beta2)
        self.powers = [1.0, 1.0]

    def step(self, params, grads):
        """One step; see `Adam.step`."""
        b1, b2 = self.betas
        result = dict(params)
        for key in grads:
            self.powers = [power * beta for power, beta in zip(self.powers, self.betas)]
            slope = grads[key]
            if key not in self.memory:
                self.memory[key] = (np.zeros_like(slope, dtype=float), np.zeros_like(slope, dtype=float))
            first, second = self.memory[key]
            first = first + (1 - b1) * (slope - first)
            second = second + (1 - b2) * (slope * slope - second)
            first = first / (1 - self.powers[0])
            second = second / (1 - self.powers[1])
            self.memory[key] = (first, second)
            scale = np.sqrt(second) + self.eps
            result[key] = params[key] - self.lr * first / scale
        return result

# %% check="repaired_adam" points=2
check(repaired_adam)

# %% [markdown] hint="repaired_adam"
# Make one object and take two steps with two parameters. Print `self.powers` after each. How often does it change per step?

# %% [markdown] hint="repaired_adam"
# The other two bugs concern `memory`. Who owns it? And what is written into it: the averages, or the corrected averages?

# %% [markdown]
# ## Two relatives {#relatives}
#
# *Going further. Short of time? Go on with "In PyTorch".* **AdaDelta** (Zeiler, 2012) has no learning rate. It notes that
# gradients have the unit of loss per unit of the parameter, so RMSProp's step has no unit at all, where it should have
# that of the parameter. Its step is multiplied by the size of its own recent steps:
#
# $$\mathbf s \leftarrow \rho\,\mathbf s + (1-\rho)\,\mathbf g^2, \qquad
# \Delta = \frac{\sqrt{\mathbf u + \varepsilon}}{\sqrt{\mathbf s + \varepsilon}}\,\mathbf g, \qquad
# \mathbf u \leftarrow \rho\,\mathbf u + (1-\rho)\,\Delta^2, \qquad \theta \leftarrow \theta - \Delta.$$
#
# Both averages start at zero. Here $\varepsilon$ stands inside the roots. It decides how long the first steps are.
#
# ### Exercise 9: AdaDelta {#exercise-adadelta}
#
# *Going further* · 5 minutes · 3 points.

# %% solution="AdaDelta"
class AdaDelta:
    """AdaDelta: steps whose size follows the size of the steps before, without a learning rate.

    Parameters
    ----------
    rho : float
        Weight of the old averages, 0 <= rho < 1.
    eps : float
        A small positive number, added under both roots.
    """

    def __init__(self, rho, eps):
        ### BEGIN SOLUTION
        self.rho, self.eps, self.s, self.u = rho, eps, {}, {}
        ### END SOLUTION

    def step(self, params, grads):
        """One step: average of squared gradients, step, average of squared steps, parameters; see `Momentum.step`.

        The step is `sqrt(u + eps) / sqrt(s + eps) * g`, with the new `s` and the old `u`.
        """
        ### BEGIN SOLUTION
        new = {}
        for name, g in grads.items():
            self.s[name] = self.rho * self.s.get(name, 0.0) + (1 - self.rho) * g**2
            delta = np.sqrt(self.u.get(name, 0.0) + self.eps) / np.sqrt(self.s[name] + self.eps) * g
            self.u[name] = self.rho * self.u.get(name, 0.0) + (1 - self.rho) * delta**2
            new[name] = params[name] - delta
        return new
        ### END SOLUTION

# %% check="AdaDelta" points=3
check(AdaDelta)

# %% [markdown] hint="AdaDelta"
# Two dicts. One is updated before the step, with the gradient; the other one after it, with the step.

# %% [markdown]
# The second relative repairs a proof. There are simple problems on which Adam moves away from the best solution: a large
# gradient comes rarely, is the one that matters, and is forgotten too soon. **AMSGrad** (Reddi et al., 2018) never lets the
# denominator shrink: it divides by the largest average so far. In PyTorch's form the maximum is taken of the uncorrected
# averages and corrected afterwards:
#
# $$\bar{\mathbf v}_t = \max(\bar{\mathbf v}_{t-1}, \mathbf v_t), \qquad
# \theta_t = \theta_{t-1} - \eta\,\frac{\hat{\mathbf m}_t}{\sqrt{\bar{\mathbf v}_t / (1-\beta_2^{\,t})} + \varepsilon}.$$
#
# ### Exercise 10: AMSGrad {#exercise-amsgrad}
#
# *Going further* · 5 minutes · 3 points.

# %% solution="AMSGrad"
class AMSGrad:
    """Adam with a denominator that takes the largest average of the squares so far.

    The maximum is taken of the uncorrected averages, and divided by 1 - beta2**t afterwards.

    Parameters
    ----------
    lr, beta1, beta2, eps
        As in `Adam`.
    """

    def __init__(self, lr, beta1, beta2, eps):
        ### BEGIN SOLUTION
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.largest, self.t = {}, {}, {}, 0
        ### END SOLUTION

    def step(self, params, grads):
        """One step, of all parameters; see `Momentum.step`. The first one has t = 1."""
        ### BEGIN SOLUTION
        self.t += 1
        new = {}
        for name, g in grads.items():
            self.m[name] = self.beta1 * self.m.get(name, 0.0) + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v.get(name, 0.0) + (1 - self.beta2) * g**2
            self.largest[name] = np.maximum(self.largest.get(name, 0.0), self.v[name])
            m_hat = self.m[name] / (1 - self.beta1**self.t)
            v_hat = self.largest[name] / (1 - self.beta2**self.t)
            new[name] = params[name] - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
        return new
        ### END SOLUTION

# %% check="AMSGrad" points=3
check(AMSGrad)

# %% [markdown] hint="AMSGrad"
# The average itself goes on as in Adam. Only the denominator uses its maximum: a third dict.

# %% [markdown]
# ## In PyTorch {#pytorch}
#
# | yours | PyTorch |
# |---|---|
# | `HeavyBall(lr, mu)` | `torch.optim.SGD(params, lr, momentum=mu)` |
# | `Nesterov(lr, mu)` | `torch.optim.SGD(params, lr, momentum=mu, nesterov=True)` |
# | `AdaGrad`, `RMSProp`, `Adam` | `torch.optim.Adagrad`, `torch.optim.RMSprop`, `torch.optim.Adam` |
# | `AdaDelta(rho, eps)` | `torch.optim.Adadelta(params, lr=1, rho=rho, eps=eps)` |
# | `AMSGrad` | `torch.optim.Adam(..., amsgrad=True)` |
#
# An optimizer of your own inherits from `torch.optim.Optimizer`. The base class brings three things:
#
# - `self.param_groups`, a list of dicts. Each has `"params"`, a list of tensors, and the settings of this group, such as
#   `group["lr"]`. A scheduler changes them there, so read them anew in every step.
# - `self.state[p]`, an empty dict for each parameter tensor: put the memory there. Then `state_dict()` saves it and
#   `load_state_dict()` brings it back, so training can go on after an interruption.
# - `zero_grad()`. The gradient of a parameter is `p.grad`, or `None` if it has none: such a parameter is skipped.
#
# A parameter is changed in place (`p.sub_(...)`), inside `torch.no_grad()`: outside of it, PyTorch refuses to change a
# parameter in place.
#
# ### Exercise 11: TorchAdam {#exercise-torch-adam}
#
# *Core* · 8 minutes · 6 points.

# %% role="given"
import time

import torch
from torch import nn

torch.set_num_threads(1)  # for arrays as small as these, sharing the work takes longer than the work

# %% solution="TorchAdam"
class TorchAdam(torch.optim.Optimizer):
    """Adam, equal to `torch.optim.Adam(params, lr, betas, eps)`.

    Parameters
    ----------
    params : iterable of Tensor or of dict
        The parameters, or groups of them with settings of their own.
    lr : float
        The learning rate.
    betas : (float, float)
        beta1 and beta2.
    eps : float
        A small positive number, added to the root of the corrected average.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    def step(self, closure=None):
        """One step of every parameter that has a gradient.

        Parameters
        ----------
        closure : function, optional
            Called without arguments before the step. It computes the loss and its gradients, and returns the loss.

        Returns
        -------
        Tensor or None
            What the closure returned; None without one.

        Notes
        -----
        Each parameter counts its own steps: one that had no gradient before starts with t = 1. All that is remembered
        is in `self.state[p]`, so that `state_dict()` holds it.
        """
        ### BEGIN SOLUTION
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                beta1, beta2 = group["betas"]
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    state = self.state[p]
                    if not state:
                        state["step"], state["m"], state["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                    state["step"] += 1
                    state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                    state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                    m_hat = state["m"] / (1 - beta1 ** state["step"])
                    v_hat = state["v"] / (1 - beta2 ** state["step"])
                    p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))
        return loss
        ### END SOLUTION

# %% check="TorchAdam" points=6
check(TorchAdam)

# %% [markdown] hint="TorchAdam"
# Two loops: over `self.param_groups`, and over `group["params"]`. What is in `self.state[p]` at the first step of a parameter?

# %% [markdown] hint="TorchAdam"
# `if not self.state[p]:` fill it with a count of 0 and two tensors, `torch.zeros_like(p)`. The rest is your `Adam`, with
# `p.grad` for `g`. A closure needs gradients: call it outside of `torch.no_grad()`.

# %% [markdown] hint="TorchAdam"
# After the closure: `with torch.no_grad():`, the two loops, `if p.grad is None: continue`, the count, the two averages,
# the two corrections, and `p.sub_(...)` with your update. Return the loss.

# %% tags=["gpu", "experiment"]
def milliseconds(make, device, layers=24, repeat=30):
    """Time of one step of an optimizer, for a model of many small layers."""
    model = nn.Sequential(*[nn.Linear(64, 64) for _ in range(layers)]).to(device)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer = make(model.parameters())
    for n in range(repeat + 5):
        if n == 5:
            if device == "cuda":
                torch.cuda.synchronize()
            start = time.perf_counter()
        optimizer.step()
    if device == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start) / repeat

device = "cuda" if torch.cuda.is_available() else "cpu"
print("device:", device)
kinds = {
    "yours": TorchAdam,
    "torch, one by one": lambda params: torch.optim.Adam(params, foreach=False),
    "torch, foreach": lambda params: torch.optim.Adam(params, foreach=True),
    "torch, fused": lambda params: torch.optim.Adam(params, fused=True),
}
for name, make in kinds.items():
    print(f"{name:18}: {milliseconds(make, device):.2f} ms per step")

# %% [markdown]
# All four do the same arithmetic. What differs is how often Python and PyTorch start an operation. You start about ten
# small operations for each of the 48 tensors. `foreach` hands each operation a whole list of tensors. `fused` does all of
# Adam in one operation, and reads and writes each number only once. On a GPU, starting an operation often takes longer
# than the operation itself, so the difference is large there.

# %% [markdown]
# ## A fair comparison {#comparison}
#
# Papers on new optimizers show curves in which theirs wins. Schmidt et al. (2021) compared fifteen optimizers on eight
# problems, in more than 50,000 runs. No optimizer was best everywhere, and trying several with their default settings was
# about as good as tuning one. What does a fair comparison need? *The same effort of tuning for each; several seeds; and a
# test that the tuning has not seen.*
#
# Do it on the digits: six optimizers, seven learning rates each, every one about three times the one before, five seeds,
# 40 epochs. (A seed sets the first weights. All five see the same order of batches.) All 35 networks of an optimizer are
# trained at once, as arrays with one more dimension.
#
# **Predict.** The rate of each is tuned on the validation images. Then five new runs with other seeds are tested on the test
# images. How far apart are the best and the worst optimizer, in mean accuracy?

# %%
predict("comparison", choice("the best and the worst differ by", "less than 2 points", "2 to 5 points", "more than 5 points"))

# %% role="given"
digits = data.digits()

def many_networks(rates, seeds, width=32):
    """Parameters of one network per rate and seed, stacked along a first axis; the rates share their first weights."""
    def stack(*shape):
        drawn = [np.random.default_rng((seed, *shape)).normal(0, np.sqrt(2 / shape[0]), shape) for seed in seeds]
        return np.tile(np.array(drawn, dtype=np.float32), (len(rates), 1, 1))
    count = len(rates) * len(seeds)
    return {"W1": stack(64, width), "b1": np.zeros((count, 1, width), np.float32),
            "W2": stack(width, 10), "b2": np.zeros((count, 1, 10), np.float32)}

def scores_of(params, x):
    return np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]

def gradients(params, x, y):
    """Gradient of the mean cross-entropy of each network."""
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    scores = hidden @ params["W2"] + params["b2"]
    ds = np.exp(scores - scores.max(axis=2, keepdims=True))
    ds /= ds.sum(axis=2, keepdims=True)
    ds[:, np.arange(len(y)), y] -= 1
    ds /= len(y)
    dh = (ds @ params["W2"].swapaxes(1, 2)) * (hidden > 0)
    return {"W1": x.T @ dh, "b1": dh.sum(axis=1, keepdims=True), "W2": hidden.swapaxes(1, 2) @ ds, "b2": ds.sum(axis=1, keepdims=True)}

def train_many(kind, rates, seeds, part, epochs=40, batch_size=64):
    """Accuracies on a part of the data, shape (rates, seeds)."""
    params, rng = many_networks(rates, seeds), np.random.default_rng(seeds[0])
    optimizer = kind(np.repeat(rates, len(seeds)).astype(np.float32)[:, None, None])
    x, y = digits.train.x.astype(np.float32), digits.train.y
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for rows in np.split(order, range(batch_size, len(x), batch_size)):
                params = optimizer.step(params, gradients(params, x[rows], y[rows])) or params
        right = scores_of(params, part.x.astype(np.float32)).argmax(axis=2) == part.y
    return right.mean(axis=1).reshape(len(rates), len(seeds))

# %% tags=["experiment"]
lend("HeavyBall", "Nesterov", "AdaGrad", "RMSProp", "Adam")
kinds = {
    "SGD": (lambda lr: HeavyBall(lr, 0.0), 0.01, "sgd"),
    "HeavyBall": (lambda lr: HeavyBall(lr, 0.9), 0.001, "momentum"),
    "Nesterov": (lambda lr: Nesterov(lr, 0.9), 0.001, "nesterov"),
    "AdaGrad": (lambda lr: AdaGrad(lr, 1e-8), 0.001, "adagrad"),
    "RMSProp": (lambda lr: RMSProp(lr, 0.99, 1e-8), 0.0001, "rmsprop"),
    "Adam": (lambda lr: Adam(lr, 0.9, 0.999, 1e-8), 0.0001, "adam"),
}
tuned, tests = {}, {}
for name, (kind, smallest, _) in kinds.items():
    rates = smallest * 10 ** (np.arange(7) / 2)
    tuned[name] = (rates, train_many(kind, rates, range(5), digits.validation))
    best = rates[tuned[name][1].mean(axis=1).argmax()]
    tests[name] = 100 * train_many(kind, [best], range(100, 105), digits.test)[0]
    print(f"{name:9}: rate {best:.2g}, test accuracy {tests[name].mean():.1f} %, single runs {tests[name].min():.1f} to {tests[name].max():.1f} %")

# %% tags=["outcome"]
# What you predicted, and what happened.
means = [values.mean() for values in tests.values()]
apart = max(means) - min(means)
outcome("comparison", "less than 2 points" if apart < 2 else "2 to 5 points" if apart < 5 else "more than 5 points")

# %% tags=["experiment", "figure"]
# Figure: validation accuracy for each learning rate, with the spread of five seeds.
figure, panels = plots.axes("Validation accuracy against the learning rate", "learning rate", "accuracy (%)", ncols=2, sharey=True, figsize=(9.6, 4.2))
for name, (_, _, look) in kinds.items():
    rates, found = tuned[name]
    ax = panels[0 if name in ("SGD", "HeavyBall", "Nesterov") else 1]
    ax.semilogx(rates, 100 * found.mean(axis=1), "o", ms=4, **plots.line(look), label=name)
    ax.fill_between(rates, 100 * found.min(axis=1), 100 * found.max(axis=1), color=plots.COLOURS[look], alpha=0.2)
for ax in panels:
    ax.legend(loc="lower center")
words = [f"{name}: highest mean {100 * found.mean(axis=1).max():.1f} % at {rates[found.mean(axis=1).argmax()]:.2g}, lowest {100 * found.mean(axis=1).min():.0f} %"
         for name, (rates, found) in tuned.items()]
plots.describe(figure, f"One curve per optimizer, with a band from the lowest to the highest of five seeds. {'; '.join(words)}.")

# %% [markdown]
# What do the data support?
#
# - *Tuned, all six are about equally good here.* The best and the worst mean differ by 1.5 points, and single runs of one
#   optimizer by 0.7 to 1.7. One test image is a third of a point, and five runs share the same 300 images. The first
#   few of such a table name no winner: with other orders of the batches they change places. AdaGrad stays last. (And the
#   number of epochs is part of a comparison: after many more of them, RMSProp is ahead.)
# - *The learning rate matters far more than the optimizer*, within these factors of 1,000. Each of the six loses 25
#   points or more with a wrong rate. And the best rates lie between 0.003 and 1. A comparison at one common rate, or at
#   the defaults, compares the rates.
# - It does *not* follow that optimizers never matter. The digits are easy and the network is small. For
#   transformers, the networks behind language models, Adam and its relatives are ahead of SGD. For many image networks, SGD
#   with momentum is as good. Why is still studied.

# %% [markdown]
# ## Questions {#questions}
#
# Two to five sentences each, with the numbers that support them. A person reads and marks them.
#
# ### Question 1: another unit {#question-scale}
#
# *Core* · 4 minutes · 3 points. A colleague multiplies her loss by 100 (she changed a unit). With which of gradient
# descent, heavy ball, AdaGrad and Adam does she have to change the learning rate, and how? Is there anything else to
# change for the others?

# %% [markdown] answer="scale" points=3
# ### BEGIN SOLUTION
# All gradients are 100 times as large. Steps of gradient descent and of the heavy ball are proportional to the gradient:
# they need a learning rate 100 times smaller, and then make the same path as before. AdaGrad and Adam divide by the size
# of the gradients, so the factor cancels and the rate stays. Strictly, $\varepsilon$ would have to be 100 times larger as
# well; since it is tiny, this makes no difference unless gradients are of its size.
# ### END SOLUTION

# %% [markdown] mark_scheme="scale"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: gradient descent and heavy ball need 1/100 of the rate (both; the direction is needed).
# - 1 point: AdaGrad and Adam need no change, since the factor cancels in the quotient.
# - 1 point: epsilon does not scale along (or: only matters for tiny gradients). A remark on gradient clipping or weight decay,
#   which would have to change, is as good.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 2: a claim {#question-claim}
#
# *Core* · 5 minutes · 3 points. A blog says: "We trained one network with SGD and one with our new optimizer, both with a
# learning rate of 0.01. After 10 epochs ours had 94.1 % and SGD had 91.0 %. The rate was the same for both, so the
# comparison is fair. And 3.1 points are more than chance." Judge the last two sentences, with numbers from your own
# figure and output. Which experiment would you ask for, and what would have to come out?

# %% [markdown] answer="claim" points=3
# ### BEGIN SOLUTION
# The same rate is not fair: the best rates of my six lie between 0.003 and 1, and SGD with 0.01 in place of 1 loses 13
# points. Chance: with tuned rates my single runs differ by 0.7 to 1.7 points, so 3.1 would be much. At SGD's rate of 0.01
# they differ by several points, so there it would be little. One run each cannot tell. I would tune both with the same
# effort and then run five seeds each on test data: nearly all runs of the new one would have to lie above those of SGD.
# ### END SOLUTION

# %% [markdown] mark_scheme="claim"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
#
# - 1 point: equal rates are not fair, with a number. Without a number: half a point.
# - 1 point: one run each does not decide about chance, with a number for the spread (either conclusion, if it follows from the
#   number). Without a number: half a point.
# - 1 point: an experiment that closes one gap (tuning, seeds, test data, epochs, another problem), with the result that would
#   support the claim. Without the result: half a point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ### Question 3: spot the error {#spot-the-error}
#
# *Core* · 7 minutes · 4 points. Widely used notes write Adam like this, "with the bias correction built in":
#
# $$\mathbf m_t = \frac{\beta_1 \mathbf m_{t-1} + (1-\beta_1)\,\mathbf g_t}{1 - \beta_1^{\,t}}, \qquad
# \mathbf v_t = \frac{\beta_2 \mathbf v_{t-1} + (1-\beta_2)\,\mathbf g_t^2}{1-\beta_2^{\,t}}, \qquad
# \theta_t = \theta_{t-1} - \eta\,\frac{\mathbf m_t}{\sqrt{\mathbf v_t} + \varepsilon}.$$
#
# (a) What is the difference to Adam? (b) A steady gradient of 1, the usual settings: compute $\mathbf m_2$ and $\mathbf
# v_2$ by hand or in the cell below, and the second step in multiples of $\eta$. (c) What becomes of the steps later, and
# why? (d) How would you find such a mistake in your own code? A cell to try things out:

# %%
m, v, t = 1.0, 1.0, 1  # after the first step, with a gradient of 1
print(m, v)

# %% [markdown] answer="spot-the-error" points=4
# ### BEGIN SOLUTION
# (a) The corrected average is written back, and the next step starts from it. Adam uses the corrected values once, and
# keeps the uncorrected ones.
#
# (b) After the first step $m_1 = 0.1/0.1 = 1$ and $v_1 = 1$. Then $m_2 = (0.9 + 0.1)/(1 - 0.81) = 5.26$ and $v_2 =
# (0.999 + 0.001)/(1 - 0.998001) = 500.25$. The step is $5.26/\sqrt{500.25} = 0.235$ times $\eta$, where Adam would
# make a full one.
#
# (c) The correction is applied again and again to what is corrected already. $\mathbf v$ grows to $10^{140}$ within 100
# steps, and much more than $\mathbf m^2$, so the steps become tiny: training stops.
#
# (d) With a constant gradient, every step of Adam has to be $\eta$ long. Or compare several steps with
# `torch.optim.Adam`: the first step is right, so one step is not enough.
# ### END SOLUTION

# %% [markdown] mark_scheme="spot-the-error"
# Marks: 4, one for each of (a) to (d).
#
# === BEGIN MARK SCHEME ===
#
# - (a) The corrected value enters the recursion (is stored), in place of being used once.
# - (b) 5.26, 500 and 0.235 (rounded). One of the averages wrong, the rest consistent: half a point.
# - (c) Steps become tiny, training stops; because v is divided again and again (or: v grows faster than m²).
# - (d) Any test over at least two steps that tells the two apart. A test of the first step only: no point.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## Summary {#summary}
#
# | Idea | In one line | NumPy | PyTorch |
# |---|---|---|---|
# | Momentum | follow an average of the gradients | `v = beta * v + (1 - beta) * g` | |
# | Heavy ball | the same path with `lr` times 1 - β | `v = mu * v + g` | `SGD(momentum=mu)` |
# | Nesterov | the gradient at the point ahead | `w -= lr * (g + mu * v)` | `SGD(momentum=mu, nesterov=True)` |
# | AdaGrad | divide by the root of the sum of squares | `s += g**2` | `Adagrad` |
# | RMSProp | the same with a moving average | `s = a * s + (1 - a) * g**2` | `RMSprop` |
# | Adam | both averages, corrected | `m / (1 - b1**t)`, `v / (1 - b2**t)` | `Adam` |
# | Length of a step | about the learning rate; up to 7.3 times after rare or growing gradients | | |
#
# | Symptom | Suspect |
# |---|---|
# | the loss explodes after momentum was switched on | steady steps are 1 / (1 - μ) times longer: lower the rate |
# | first step right, later ones wrong | memory lost, shared, or corrected values written back |
# | first steps of Adam too long | no bias correction, or t starts wrong |
# | training slows down and stops | AdaGrad's sum; corrected averages written back |
# | right with one parameter, wrong with two | t counted inside the loop over parameters; one memory for all |
# | another optimizer is "better" | rates not tuned, one seed |
#
# ## Read on {#read-on}
#
# - D. P. Kingma, J. Ba (2015). Adam: a method for stochastic optimization. *ICLR*. Section 2.1 discusses the length of a
#   step, section 3 the bias correction.
# - J. Duchi, E. Hazan, Y. Singer (2011). Adaptive subgradient methods for online learning and stochastic
#   optimization. *JMLR* 12, 2121–2159.
# - G. Goh (2017). Why momentum really works. *Distill*. What momentum does in each direction of a quadratic, with
#   pictures to play with.
# - Y. Nesterov (1983). A method for solving the convex programming problem with convergence rate O(1/k²). *Soviet Mathematics
#   Doklady* 27, 372–376.
# - B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods. *USSR Computational Mathematics and
#   Mathematical Physics* 4 (5), 1–17.
# - S. J. Reddi, S. Kale, S. Kumar (2018). On the convergence of Adam and beyond. *ICLR*. Where Adam fails, and AMSGrad.
# - R. M. Schmidt, F. Schneider, P. Hennig (2021). Descending through a crowded valley: benchmarking deep learning
#   optimizers. *ICML*, PMLR 139, 9367–9376.
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013). On the importance of initialization and momentum in deep learning.
#   *ICML*, PMLR 28, 1139–1147.
# - M. D. Zeiler (2012). ADADELTA: an adaptive learning rate method. arXiv 1212.5701.
