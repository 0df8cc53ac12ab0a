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
#     minutes: 30
# ---

# %% [markdown]
# # 00 · Orientation
#
# Welcome. In this course you train neural networks, and you write every part of them yourself. This first notebook is
# short, with three small exercises. It shows how the course works: you meet stubs, checks, reports, hints and
# predictions, and each is explained where it first appears. On the way you practise what every later notebook uses:
# arrays, their shapes, and random numbers.
#
# **After this notebook you can**
#
# - fill in a stub, check it, and read the report;
# - make a prediction and learn from it when it was wrong;
# - say which shape a result has before you compute it;
# - see how far you are, and hand in.
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Cells · Predictions | | 3 | |
# | Batches and shapes | `affine` | 9 | 3 |
# | Classes as numbers | `one_hot` | 6 | 3 |
# | Columns | `standardize` | 8 | 4 |
# | Random numbers · Is there a GPU? · See how far you are | | 4 | |
#
# The core takes about 30 minutes and earns 10 points. If arrays are new to you, plan 40 minutes.

# %% [markdown]
# ## Cells {#cells}
#
# A notebook is a list of cells. Some hold text, like this one. Others hold Python code. Click on the cell below and
# press *Shift+Enter*: it runs, and the next cell is selected. Go on like this through the whole notebook.

# %% role="setup"
# After a restart of the kernel, run this cell first.
import numpy as np
from gradus import check, choice, handin, number, outcome, plots, predict, progress

# %% [markdown]
# The code runs in a process called the **kernel**. It remembers what the cells have defined, in the order in which you
# ran them. If something strange happens, restart it: menu *Kernel*, *Restart Kernel*. Then everything is forgotten, and
# you run the cells again, the one above first. Your text and your code stay.

# %% [markdown]
# ## Predictions {#predictions}
#
# Before something is computed, you are often asked what will come out. Some of these predictions have a form: answer,
# then press *Lock in*. For the others, say your answer to yourself or write it down. Do not skip them, and do not worry
# about being wrong: nobody grades them. If you guess first, you learn more from the result, above all when the guess was
# wrong. Your first answer stays.
#
# **Predict.** The code cell below the form makes two arrays of different shapes, `u` and `v`, and adds them. Read it, but do not run
# it yet. What are the shape and the sum of all numbers of the result?

# %%
predict(
    "first_sum",
    choice("the shape of the result", "(3,)", "(2, 1)", "(2, 3)", "an error"),
    number("the sum of all its numbers (0 if it is an error)"),
)

# %%
u = np.array([1, 2, 3])
v = np.array([[10], [20]])
result = u + v
print("shapes:", u.shape, "and", v.shape)
print(result)

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "first_sum", str(result.shape), result.sum(),
    because="`u` is repeated for each of the 2 rows, and `v` for each of the 3 columns.",
)

# %% [markdown]
# This is called **broadcasting**. NumPy writes the two shapes below each other, aligned on the right. Where one of them
# has a 1, or nothing at all, the array is repeated. Where both have different numbers, and none is 1, there is an error.
#
# | | | |
# |---|---|---|
# | `u` | | 3 |
# | `v` | 2 | 1 |
# | `u + v` | 2 | 3 |

# %% [markdown]
# ## Batches and shapes {#shapes}
#
# A **neural network** is a function with many adjustable numbers, its **parameters**. To *train* it means to change them
# step by step until its outputs are good. It works on many examples at once: a **batch**. In this course, the batch
# always comes first. An array `x` of shape `(N, D)` holds $N$ examples, one per row, and $D$ numbers for each of them.
#
# The most common operation in a network takes each row $\mathbf x$ and computes
#
# $$\mathbf z = \mathbf x W + \mathbf b.$$
#
# $W$ is a matrix of **weights** with $D_{in}$ rows and $D_{out}$ columns: $D_{in}$ is the $D$ above, $D_{out}$ the number
# of entries of $\mathbf z$. The vector $\mathbf b$, with $D_{out}$ numbers, is called the **bias**. Such a function is
# called *affine*; in networks one also says *linear layer*. (Other books write $W\mathbf x + \mathbf b$, with $\mathbf x$
# as a column, and PyTorch keeps $W$ in the shape `(D_out, D_in)`. It is the same thing, transposed.)
#
# In NumPy, `@` is the product of matrices. The product of a `(N, D_in)` array and a `(D_in, D_out)` array has the shape
# `(N, D_out)`: the inner sizes must agree, and disappear.
#
# ### Exercise 1: affine {#exercise-affine}
#
# *Core* · 4 minutes · 3 points.
#
# Below is a **stub**: a function without its body. Its **docstring** (the text in quotes) says what it takes and what it
# returns. First, run the stub and the check below it as they are.
#
# Each exercise has closed **hints**, here below the check, in later notebooks above or below it. The first asks a question, the last leaves little to find. Open one at a time.

# %% solution="affine"
def affine(x, W, b):
    """Apply one linear layer to a batch.

    Parameters
    ----------
    x : array (N, D_in)
        A batch of N examples, one per row.
    W : array (D_in, D_out)
        Weights.
    b : array (D_out,)
        Bias.

    Returns
    -------
    array (N, D_out)
        Row n is `x[n] @ W + b`.
    """
    ### BEGIN SOLUTION
    return x @ W + b
    ### END SOLUTION

# %% check="affine" points=3
check(affine)

# %% [markdown] hint="affine"
# Which operator is the product of matrices?

# %% [markdown] hint="affine"
# One line is enough. `b` has as many numbers as the product has columns, so broadcasting adds it to every row:
# `return x @ W + ...`

# %% [markdown]
# The check says that nothing is written yet. Now make a mistake *on purpose*, to see a report. Replace the line
# `raise NotImplementedError` by `return x @ W`, without the bias. Run the stub's cell again (Shift+Enter), then the check.
#
# The **report** says which kinds of cases pass and which fail. It shows the first case that fails, with the numbers that
# were expected beside yours. If your mistake is a known one, the report names it. Now write the right answer.
#
# The cases that you see here are public. When your notebook is graded, your function meets other numbers, of the same
# kinds. An answer that only knows the public cases earns nothing. An answer that is right for all inputs earns all
# points.

# %% [markdown]
# ## Classes as numbers {#classes}
#
# A network that recognises digits has to say which of ten **classes** it sees. Classes are numbered from 0, so the true
# classes of a batch are an array of integers `y` of shape `(N,)`. Sometimes another form is handy: a row of zeros with a
# single 1 at the place of the true class. It is called **one-hot**. With four classes,
#
# $$2 \;\to\; (0, 0, 1, 0).$$
#
# You often need to pick one element from each row of an array. An *index of two arrays* does this:

# %%
table = np.array([[11, 12, 13], [21, 22, 23]])
print("table[[0, 1], [2, 0]] =", table[[0, 1], [2, 0]])

# %% [markdown]
# The first list says the rows, the second one the columns: row 0, column 2, and row 1, column 0. You can also *assign* to
# such elements: `table[[0, 1], [2, 0]] = 5`. The array `np.arange(N)`, which is 0, 1, ..., N − 1, stands for "each row in
# turn".
#
# **Predict.** What is the shape of `table[:, [2, 0]]`? (Think, then try it in a cell of your own: the button *+* above
# makes one.)
#
# <details><summary>Answer</summary>
#
# `(2, 2)`: both columns of every row.
#
# </details>
#
# ### Exercise 2: one_hot {#exercise-one-hot}
#
# *Core* · 4 minutes · 3 points.

# %% solution="one_hot"
def one_hot(y, n_classes):
    """Write each class as a row of zeros with a single 1.

    Parameters
    ----------
    y : integer array (N,)
        Classes, from 0 to n_classes - 1.
    n_classes : int
        How many classes there are. Not all of them need to occur in `y`.

    Returns
    -------
    array (N, n_classes)
        Numbers: 1 in row n at column y[n], 0 elsewhere.
    """
    ### BEGIN SOLUTION
    rows = np.zeros((len(y), n_classes))
    rows[np.arange(len(y)), y] = 1
    return rows
    ### END SOLUTION

# %% check="one_hot" points=3
check(one_hot)

# %% [markdown] hint="one_hot"
# Begin with `np.zeros((..., ...))`. How many rows, and how many columns?

# %% [markdown] hint="one_hot"
# Then set one element of each row to 1, with an index of two arrays. Which array says the rows, and which the columns?

# %% [markdown] hint="one_hot"
# `rows = np.zeros((len(y), ...))`, then `rows[np.arange(len(y)), ...] = 1`, then return it.

# %% [markdown]
# ## Columns {#columns}
#
# Data come in columns of very different size: age in years, income in euros, height in metres. Networks learn better if
# all columns have about the same size. The usual way is to **standardize** them: subtract from each column its mean $\mu$,
# and divide by its standard deviation $\sigma$,
#
# $$\mu = \frac1N \sum_n x_n, \qquad \sigma = \sqrt{\frac1N \sum_n (x_n - \mu)^2}.$$
#
# Then every column has mean 0 and standard deviation 1. (With $\frac1N$ this is the *population* standard deviation, and
# what `x.std()` computes. Statistics also has a version with $\frac1{N-1}$.)
#
# Functions such as `mean`, `std`, `min`, `max` and `sum` take an **axis**: the one along which they run, and which then
# disappears. For an array of shape `(N, D)`, `x.mean(axis=0)` runs down the rows, and gives one number per column.
#
# What about a column that holds the same number in every row? Its deviation is 0, and 0/0 is `nan` (*not a number*). Such
# a column carries no information: it becomes 0.
#
# **Predict.** A column holds 0.1, three times. Does NumPy say that its standard deviation is 0?

# %%
predict("same_number", choice("np.std of three times 0.1 is", "0", "a little more than 0", "nan"))

# %%
column = np.full(3, 0.1)
print("standard deviation:", column.std(), "  maximum minus minimum:", column.max() - column.min())

# %% tags=["outcome"]
# What you predicted, and what happened.
outcome(
    "same_number", "0" if column.std() == 0 else "a little more than 0",
    because="0.1 cannot be written exactly in binary numbers: the mean is off in the last digit.",
)

# %% [markdown]
# A float64 carries about 16 digits, so results are seldom exact in the last one. Do not ask whether a computed number
# *is* 0. Here there is a better question: is the largest number of the column equal to the smallest? Adding a small
# number to $\sigma$ does not help either: it makes every other column a little wrong.
#
# ### Exercise 3: standardize {#exercise-standardize}
#
# *Core* · 5 minutes · 4 points.

# %% solution="standardize"
def standardize(x):
    """Shift and scale every column to mean 0 and standard deviation 1.

    Parameters
    ----------
    x : array (N, D)
        Floats or integers, N of at least 1. It stays as it is.

    Returns
    -------
    array (N, D)
        Each column minus its mean, divided by its population standard deviation. A column whose largest and smallest
        number are equal becomes exactly 0.
    """
    ### BEGIN SOLUTION
    constant = x.max(axis=0) == x.min(axis=0)
    deviation = np.where(constant, 1.0, x.std(axis=0))
    return np.where(constant, 0, x - x.mean(axis=0)) / deviation
    ### END SOLUTION

# %% check="standardize" points=4
check(standardize)

# %% [markdown] hint="standardize"
# First write it for columns that are not constant: one line. Which axis do the mean and the deviation run along?

# %% [markdown] hint="standardize"
# `constant = x.max(axis=0) == x.min(axis=0)` says for each column whether it is constant. `np.where(constant, p, q)` takes
# `p` for these columns and `q` for the others.

# %% [markdown] hint="standardize"
# Replace the deviation of constant columns by 1 *before* you divide, so that nothing is divided by 0. In the end these
# columns are set to ...

# %% tags=["figure"]
# Figure: two columns, before and after.
people = np.random.default_rng(0).normal([40, 1.7], [12, 0.1], size=(60, 2))
figure, panels = plots.axes("Two columns, before and after", ncols=2, figsize=(9, 3.6))
words = []
for panel, name, values in zip(panels, ("before", "after"), (people, standardize(people))):
    panel.plot(*values.T, "o", color=plots.BLUE, markersize=4)
    units = " (years)", " (m)"
    panel.set(title=name, xlabel="age" + (units[0] if name == "before" else ""),
              ylabel="height" + (units[1] if name == "before" else ""))
    (age, height), deviations = values.mean(axis=0).round(1) + 0.0, values.std(axis=0)
    words.append(f"{name}: means {age:.1f} and {height:.1f}, deviations {deviations[0]:.1f} and {deviations[1]:.1f}")
plots.describe(figure, f"Age and height of people as dots, in two panels. {'; '.join(words)}.")

# %% [markdown]
# The cloud of dots keeps its form. Only the axes have changed.

# %% [markdown]
# ## Random numbers {#random}
#
# Networks start from random weights and see their data in random order. In this course every function that needs
# random numbers is *given* a generator, always called `rng`, and draws from nothing else. It is made once, from a number
# called the **seed**.
#
# **Predict.** The next cell prints three lines of numbers. Which of them are equal?

# %%
rng = np.random.default_rng(seed=7)
print("rng, seed 7:  ", rng.normal(size=3).round(2))
print("again, seed 7:", np.random.default_rng(seed=7).normal(size=3).round(2))
print("rng once more:", rng.normal(size=3).round(2))

# %% [markdown]
# A new generator with the same seed begins again and gives the same numbers, so a run can be repeated exactly. The old
# one goes on, with new numbers. Inside a function, never make a generator of your own: with a fixed seed it gives the
# same numbers in every call, without a seed other numbers in every run.

# %% [markdown]
# ## Is there a GPU? {#gpu}
#
# Besides NumPy, the notebooks use PyTorch, in which networks are trained in practice. It can compute on a graphics
# processor (GPU). You do not need one: every cell of the course runs without. This cell says what you have.

# %% tags=["gpu"]
import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
print("PyTorch", torch.__version__, "computes on:", torch.cuda.get_device_name() if device == "cuda" else "the CPU")

# %% [markdown]
# ## See how far you are {#progress}
#
# Below every report stands how many points your answers earn so far. `progress()` shows the whole notebook:

# %%
progress()

# %% [markdown]
# You can leave out what you like, and come back later: *Run All* (menu *Run*) reaches the end all the same. Where a cell
# needs an answer that is missing, one line says so.
#
# **Hand in.** Save the notebook (Ctrl+S, on a Mac Cmd+S) and run the next cell. It runs your notebook once more from a
# fresh kernel, says what is missing, and writes the one file that you submit. The button on the start page (menu
# *Gradus*) does the same. You may hand in again as often as your instructor allows.

# %%
handin()

# %% [markdown]
# ## Summary {#summary}
#
# | To do | How |
# |---|---|
# | run a cell | Shift+Enter |
# | fill in a stub | replace `raise NotImplementedError`, run the cell, run the check |
# | get help | read the report; open the hints, one at a time |
# | after a restart | run the first code cell, then the ones you need |
# | hand in | `handin()`, or the start page |
#
# | Convention | In this course |
# |---|---|
# | batch | comes first: `x` is `(N, D_in)` |
# | layer | `z = x @ W + b`, with `W` of shape `(D_in, D_out)` and `b` of shape `(D_out,)` |
# | classes | integers of shape `(N,)`, from 0 |
# | losses (from notebook 01 on) | averaged over the batch |
# | gradients (from notebook 01 on) | `dz` is the gradient of the loss with respect to `z`, in the shape of `z` |
# | numbers | float64 in NumPy |
# | random numbers | a generator `rng`, given to the function |
#
# Go on with notebook 01: how a network finds out in which direction to improve.
