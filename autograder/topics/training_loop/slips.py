"""What learners get wrong about the training loop."""

from __future__ import annotations

from autograder.judging.slips import ALL, resolution, slips, way

# normalize

slip = slips("normalize", see="sets")
MEAN, DEVIATION = "train.mean(axis=0)", "train.std(axis=0)"
OTHER = "(other - mean) / deviation"
FUDGES = (1e-6, 1e-8, 1e-12)
way(
    "normalize",
    "without_a_guard",
    code="""
    def normalize(train, other):
        mean, deviation = train.mean(axis=0), train.std(axis=0)
        return (train - mean) / deviation, (other - mean) / deviation
    """,
)

slip("own_statistics", title="each set by its own mean and deviation",
     says="The second set is shifted and scaled by its own mean and deviation. Take those of the training set: "
     "otherwise the same input means something else in each set.",
     code="""
     def normalize(train, other):
         def alone(x):
             return (x - x.mean(axis=0)) / np.where(x.max(axis=0) == x.min(axis=0), 1, x.std(axis=0))

         return alone(train), alone(other)
     """)
slip("own_mean", title="the second set centred by its own mean",
     says="The mean of the second set is its own. It has to be the mean of the training set.",
     replace=(OTHER, "(other - other.mean(axis=0)) / deviation"))
slip("own_deviation", title="the second set divided by its own deviation",
     says="The deviation of the second set is its own. It has to be the deviation of the training set.",
     replace=(OTHER, "(other - mean) / np.where(other.max(axis=0) == other.min(axis=0), 1, other.std(axis=0))"))
slip("together", title="statistics of both sets together",
     says="Mean and deviation come from both sets together: information leaks from the second set into the training.",
     code="""
     def normalize(train, other):
         both = np.concatenate([train, other])
         mean, constant = both.mean(axis=0), train.max(axis=0) == train.min(axis=0)
         deviation = np.where(constant, 1, both.std(axis=0))
         return (train - mean) / deviation, (other - mean) / deviation
     """)
slip("other_left", title="the second set left as it is",
     says="The second set comes back as it was. If you overwrite train first, its mean is 0 and its deviation 1 from "
     "then on.",
     replace=(OTHER, "other"))
slip("exchanged", title="the two sets exchanged",
     says="The result comes in the wrong order: first the training set, then the other one.",
     replace=(f"(train - mean) / deviation, {OTHER}", f"{OTHER}, (train - mean) / deviation"))
slip("statistics_of_other", title="the statistics of the second set",
     says="Mean and deviation come from the second set. They have to come from the training set.",
     replace=[("mean = train", "mean = other"), ("train.max(axis=0) == train.min(axis=0)",
              "other.max(axis=0) == other.min(axis=0)"), (DEVIATION, "other.std(axis=0)")])
slip("whole_array", title="one mean and one deviation for all",
     says="Without an axis, mean and std run over the whole array. Every column needs its own: axis=0.",
     replace=[(MEAN, "train.mean()"), (DEVIATION, "train.std()")])
slip("axis_1", title="axis 1 in place of axis 0",
     says="With axis=1 there is one number for each row, which acts on a column, without any message, if there are as "
     "many rows as columns. One number for each column takes axis=0.",
     replace=("axis=0", "axis=1", ALL))
slip("sample_deviation", title="the sample deviation",
     says="The deviation is that with N - 1 (ddof=1). Here it is the one with N, which std computes by itself.",
     replace=(DEVIATION, "np.std(train, axis=0, ddof=min(1, len(train) - 1))"))
slip("variance", title="the variance in place of the deviation",
     says="The division is by the variance. The standard deviation is its root.",
     replace=(DEVIATION, "train.var(axis=0)"))
slip("not_divided", title="not divided",
     says="The mean is subtracted, but the division by the standard deviation is missing.",
     replace=(" / deviation", "", ALL))
slip("not_centred", title="the mean not subtracted",
     says="The division by the standard deviation is right, but the mean is not subtracted before.",
     replace=(" - mean", "", ALL))
slip("between_0_and_1", title="stretched to lie between 0 and 1",
     says="Each column is stretched from its smallest number at 0 to its largest at 1. Here it takes the mean and the "
     "standard deviation.",
     replace=[(MEAN, "train.min(axis=0)"), (DEVIATION, "np.ptp(train, axis=0)")])
slip("no_guard", title="nothing done about constant columns",
     says="There is nothing done, or not the right thing, about columns that are constant in the training set. Their "
     "deviation is 0, and 0/0 is nan, "
     "or it is off in the last digit and the other set becomes huge. Ask whether the largest number equals the "
     "smallest.",
     base="without_a_guard")
slip("compared_with_0", title="the deviation compared with 0",
     says="You rely on a computed deviation that is exactly 0. For a column of 0.1 it is not quite 0, and the other "
     "set becomes huge there. Compare the largest number with the smallest.",
     replace=("train.max(axis=0) == train.min(axis=0)", f"{DEVIATION} == 0"))
slip("taken_for_0", title="small deviations taken for 0",
     says="A deviation below some limit is taken for 0. But a column of very small numbers has a small deviation, "
     "too, and is not constant. Compare the largest number with the smallest.",
     replace=("train.max(axis=0) == train.min(axis=0)", f"{DEVIATION} < 1e-6"))
slip("fudged", title="a constant of {added:.0e} added to the deviation",
     says="A constant of {added:.0e} is added to the deviation. It makes a column of small numbers very wrong, and a "
     "constant one huge in the other set.",
     base="without_a_guard",
     replace=(DEVIATION, f"{DEVIATION} + {{added}}"),
     parameter="added",
     values=FUDGES)
slip("constant_to_0", title="constant columns set to 0 in both sets",
     says="A column that is constant in the training set becomes 0 in the other set, too. There it need not be "
     "constant: it is only centred.",
     replace=("return (train - mean) / deviation, (other - mean) / deviation",
              "varies = train.max(axis=0) > train.min(axis=0)\n"
              "    return varies * (train - mean) / deviation, varies * (other - mean) / deviation"))
slip("constant_left", title="constant columns left as they are",
     says="A column that is constant in the training set keeps its numbers. It is centred: the mean is subtracted.",
     replace=(MEAN, "np.where(train.max(axis=0) == train.min(axis=0), 0, train.mean(axis=0))"))

# minibatches

slip = slips("minibatches", see="minibatches")
ORDER, STARTS = "rng.permutation(n)", "range(0, n, batch_size)"
PIECES = f"iter([order[start : start + batch_size] for start in {STARTS}])"
slip("last_dropped", title="the last batch dropped",
     says="A last batch that is not full is dropped. It is kept here: every example is seen once in an epoch.",
     replace=(STARTS, "range(0, n - batch_size + 1, batch_size)"))
slip("empty_batch", title="an empty batch at the end",
     says="If the batches come out even, one more follows that is empty. The mean over nothing is nan.",
     replace=(STARTS, "range(0, n + 1, batch_size)"))
slip("filled_up", title="the last batch filled up",
     says="The last batch is filled up with numbers that were there before. It is shorter than the others.",
     replace=(PIECES, f"iter([np.resize(order, n + batch_size)[start : start + batch_size] for start in {STARTS}])"))
slip("not_shuffled", title="not shuffled",
     says="The numbers come in their order. Shuffle them first.",
     replace=(ORDER, "np.arange(n)"))
slip("same_order", title="the generator made anew",
     says="The order does not come from the generator that is given: it is the same in every call. Use rng.",
     replace=(ORDER, "np.random.default_rng(0).permutation(n)"))
slip("shuffled_within", title="shuffled within the batches only",
     says="Each batch holds neighbouring numbers, shuffled among themselves. Shuffle all numbers first, then cut.",
     code="""
     def minibatches(n, batch_size, rng):
         return [rng.permutation(np.arange(start, min(start + batch_size, n))) for start in range(0, n, batch_size)]
     """)
slip("batches_shuffled", title="only the batches shuffled",
     says="The batches come in a random order, but each of them holds neighbouring numbers: the same examples always "
     "meet. Shuffle all numbers first, then cut.",
     code="""
     def minibatches(n, batch_size, rng):
         starts = rng.permutation(np.arange(0, n, batch_size))
         starts = np.append(starts[starts + batch_size <= n], starts[starts + batch_size > n])
         return [np.arange(start, min(start + batch_size, n)) for start in starts]
     """)
slip("with_replacement", title="drawn with replacement",
     says="Each batch is drawn from all numbers: some come twice in an epoch, others not at all. Shuffle once, then "
     "cut.",
     code="""
     def minibatches(n, batch_size, rng):
         return [rng.integers(n, size=min(batch_size, n - start)) for start in range(0, n, batch_size)]
     """)
slip("from_one", title="numbers from 1 on",
     says="The numbers go from 1 to n. An index goes from 0 to n - 1.",
     replace=(ORDER, f"{ORDER} + 1"))
slip("number_of_batches", title="the size of a batch taken for the number of batches",
     says="There are batch_size batches. It says how many numbers each of them holds.",
     replace=(PIECES, "np.array_split(order, batch_size)"))
slip("evened_out", title="batches evened out",
     says="The batches are made as equal as possible. All of them have exactly batch_size numbers but the last.",
     replace=(PIECES, "np.array_split(order, -(-n // batch_size))"))
slip("one_too_few", title="one number too few in each batch",
     says="Each batch lacks a number: a slice ends before its stop, so the stop is start + batch_size.",
     replace=("start + batch_size", "start + batch_size - 1"))
slip("stops_at_batch_size", title="a slice that stops at batch_size",
     says="The slice stops at the place batch_size, not start + batch_size: all batches but the first are empty.",
     replace=("start + batch_size", "batch_size"))
slip("overlapping", title="overlapping batches",
     says="A batch starts at every number, so that the batches overlap. Starts are batch_size apart.",
     replace=(STARTS, "range(n)"))
slip("first_only", title="a return inside the loop",
     says="Only the first batch comes, as if a return stood inside the loop.",
     replace=(PIECES, "iter([order[:batch_size]])"))
slip("not_cut", title="not cut into batches",
     says="The whole order comes as one batch. Cut it into pieces of batch_size.",
     replace=(PIECES, "iter([order])"))
slip("single_numbers", title="single numbers in place of batches",
     says="The numbers come one by one. Cut the order into arrays of batch_size.",
     replace=(PIECES, "iter(order)"))

resolution(
    "minibatches",
    says="four of ten numbers that stay in their places",
    replace=(ORDER, "np.concatenate([np.arange(2 * n // 5), 2 * n // 5 + rng.permutation(n - 2 * n // 5)])"),
)

# sgd_step

slip = slips("sgd_step", see="loop")
UPDATE = "params[name] - lr * grads[name]"

slip("ascent", title="a step uphill",
     says="The gradient is added: the loss grows. Subtract it.",
     replace=(UPDATE, "params[name] + lr * grads[name]"))
slip("no_rate", title="the learning rate forgotten",
     says="The whole gradient is subtracted. Multiply it by the learning rate.",
     replace=("lr * ", ""))
slip("step_alone", title="the step in place of the parameters",
     says="What comes back is the step, -lr times the gradient. The old parameters are missing.",
     replace=("params[name] - lr", "-lr"))
slip("rate_divides", title="divided by the learning rate",
     says="The gradient is divided by the learning rate. Multiply.",
     replace=("lr * grads[name]", "grads[name] / lr"))
slip("rate_written_in", title="a learning rate of {rate} written in",
     says="The learning rate is always {rate}. Use the argument lr.",
     replace=("lr", "{rate}"),
     parameter="rate",
     values=(0.1, 0.01))
slip("by_place", title="gradients taken by their place",
     says="Parameters and gradients are put together by their place in the dicts. Two dicts with the same keys may "
     "have them in different orders: look the gradient up by its key.",
     code="""
     def sgd_step(params, grads, lr):
         return {name: value - lr * grad for (name, value), grad in zip(params.items(), grads.values())}
     """)

# train

slip = slips("train", see="loop")
STEP = "params = {name: params[name] - lr * grads[name] for name in params}"
way(
    "train",
    "by_lines",
    code="""
    def train(params, loss_and_gradient, x, y, lr, batch_size, epochs, rng):
        losses = []
        for epoch in range(epochs):
            order = rng.permutation(len(x))
            total, count = 0.0, 0
            for start in range(0, len(x), batch_size):
                rows = order[start : start + batch_size]
                loss, grads = loss_and_gradient(params, x[rows], y[rows])
                total += loss * len(rows)
                count += len(rows)
                new = {}
                for name in params:
                    new[name] = params[name] - lr * grads[name]
                params = new
            losses.append(total / count)
        return params, losses
    """,
)
ORDERED = "order = rng.permutation(len(x))"

slip("last_dropped", title="the last batch dropped", see="minibatches",
     says="A last batch that is not full is left out. Every example is seen once in each epoch.",
     base="by_lines",
     replace=[("range(0, len(x), batch_size)", "range(0, len(x) - batch_size + 1, batch_size)"),
              ("total / count", "total / max(count, 1)")])
slip("last_dropped_from_mean", title="the last batch dropped, but counted", see="minibatches",
     says="A last batch that is not full is left out, and the mean divides by all examples nevertheless.",
     replace=("range(0, len(x), batch_size)", "range(0, len(x) - batch_size + 1, batch_size)"))
slip("not_shuffled", title="not shuffled", see="minibatches",
     says="The examples come in their order in every epoch. Draw a new order with rng at the start of each.",
     replace=("rng.permutation(len(x))", "np.arange(len(x))"))
slip("one_order", title="one order for all epochs", see="minibatches",
     says="The order is drawn once, before the loop: the same examples meet in every epoch. Draw a new order from rng "
     "at the start of each.",
     base="by_lines",
     replace=[("losses = []", f"losses, order = [], {ORDERED.removeprefix('order = ')}"),
              (f"{ORDERED}\n        total", "total")])
slip("own_generator", title="a generator of its own", see="minibatches",
     says="The orders come from a generator with a seed of its own: every run has the same orders. Draw them from rng.",
     replace=("losses = []", "losses, rng = [], np.random.default_rng(0)"))
slip("made_anew", title="a generator made anew in each epoch", see="minibatches",
     says="A generator is made anew in each epoch, so that all epochs have the same order. Draw them from rng.",
     replace=("rng.permutation", "np.random.default_rng(0).permutation"))
slip("empty_batch", title="an empty batch at the end", see="minibatches",
     says="If the batches come out even, one more follows that is empty. The mean over nothing is nan.",
     replace=("range(0, len(x), batch_size)", "range(0, len(x) + 1, batch_size)"))
slip("float_classes", title="classes as decimal numbers", see="minibatches",
     says="The classes y arrive as decimal numbers, as if joined with x in one array. No class is an index then. "
     "Keep two arrays.",
     replace=("y[rows])", "1.0 * y[rows])"))
slip("separately", title="x and y do not belong together", see="minibatches",
     says="The rows of x and y in a batch do not belong together: every image gets a wrong label. Use the same array "
     "of indices for both.",
     replace=("y[rows]", "y[rng.permutation(len(x))[: len(rows)]]"))
slip("with_replacement", title="drawn with replacement", see="minibatches",
     says="Batches are drawn from all examples: some come twice in an epoch, others not at all. Shuffle once in each "
     "epoch, then cut.",
     replace=("rng.permutation(len(x))", "rng.integers(len(x), size=len(x))"))
slip("whole_set", title="all examples in every step",
     says="Every step is given all examples. Pick the rows of the batch: x[rows] and y[rows].",
     replace=("x[rows], y[rows]", "x, y"))
slip("first_batch_only", title="one step in each epoch",
     says="There is only one step in each epoch: something stands inside the loop over batches that belongs after it.",
     base="by_lines",
     replace=("params = new\n", "params = new\n            break\n"))
slip("one_epoch", title="one epoch only",
     says="There is only one epoch, as if the return stood inside the loop.",
     base="by_lines",
     replace=("    return params", "        return params"))
slip("unweighted", title="the mean of the batches' losses",
     says="The losses of the batches are averaged as they are. A batch that is shorter counts less: multiply each loss "
     "by the number of its examples, and divide by all of them.",
     replace=[("loss * len(rows)", "loss"), ("total / len(x)", "total / len(range(0, len(x), batch_size))")])
slip("divided_by_batch_size", title="a sum of losses, divided by batch_size",
     says="The losses of the batches are added up and divided by batch_size. Multiply each by the number of its "
     "examples, and divide by all of them.",
     replace=[("loss * len(rows)", "loss"), ("total / len(x)", "total / batch_size")])
slip("divided_twice", title="divided by the examples twice",
     says="The losses are added up as they are, and divided by the number of examples. But each of them is a mean over "
     "its batch already: multiply by the number of examples in it first.",
     replace=("loss * len(rows)", "loss"))
slip("not_averaged", title="losses weighted, but not divided",
     says="Each loss is multiplied by the number of its examples, but the sum is not divided by all of them.",
     replace=("total / len(x)", "total"))
slip("last_loss", title="the loss of the last batch",
     says="What is kept is the loss of the last batch of each epoch. Keep the mean over all of its examples.",
     replace=("total / len(x)", "loss"))
slip("each_batch", title="a loss for each batch",
     says="There is a loss for each batch. Keep one number for each epoch, after the inner loop.",
     base="by_lines",
     replace=("    losses.append(total / count)", "        losses.append(loss)"))
slip("never_reset", title="the total never set back",
     says="The total goes on from one epoch to the next. Set it to 0 at the start of each.",
     base="by_lines",
     replace=[("losses = []", "losses, total = [], 0.0"), ("total, count = 0.0, 0", "count = 0")])
slip("loss_after_step", title="the loss measured after the step",
     says="The loss is computed once more, after the step. The one that comes with the gradient is wanted: it costs "
     "nothing.",
     replace=(STEP, f"{STEP}\n            after, _ = loss_and_gradient(params, x[rows], y[rows])\n"
              "            total += (after - loss) * len(rows)"))
slip("mean_twice", title="the gradient divided by the batch size again",
     says="The gradient is divided by the number of examples in the batch. It is a mean already.",
     replace=("lr * grads[name]", "lr * grads[name] / len(rows)"))
slip("step_after_epoch", title="one step after all batches",
     says="The parameters change only once in an epoch, after its last batch. A step follows every batch.",
     base="by_lines",
     replace=[("            new = {}", "        new = {}"),
              ("            for name in params:", "        for name in params:"),
              ("                new[name]", "            new[name]"),
              ("            params = new", "        params = new")])
slip("never_moved", title="parameters that never change",
     says="The parameters never change: the result of the step is not kept.",
     replace=(STEP, "{name: params[name] - lr * grads[name] for name in params}"))
slip("start_returned", title="the parameters before the training",
     says="What comes back are the parameters from which the training started. Return those after the last step.",
     base="by_lines",
     replace=[("losses = []", "losses, start_params = [], params"), ("return params,", "return start_params,")])
slip("in_place", title="the caller's parameters changed",
     says="The step changes the arrays of the caller (-= works in place), or puts new ones into the caller's dict. "
     "Make a new dict with new arrays.",
     replace=(STEP, "for name in params:\n                params[name] -= lr * grads[name]"))

resolution(
    "train",
    says="an order that only starts at another place",
    replace=("rng.permutation(len(x))", "np.roll(np.arange(len(x)), rng.integers(len(x)))"),
)

# EarlyStopping

slip = slips("EarlyStopping", see="stopping")
COPY = "{name: array.copy() for name, array in params.items()}"

slip("no_copy", title="no copy of the parameters",
     says="The best parameters are the caller's own arrays and dict, which change as training goes on. Keep copies.",
     replace=(COPY, "params"))
slip("shallow_copy", title="a copy of the dict, not of the arrays",
     says="The dict is copied, but the arrays in it are still the caller's, and change when they are updated in place. "
     "Copy each array.",
     replace=(COPY, "dict(params)"))
slip("arrays_not_kept", title="the last parameters kept",
     says="The best parameters are those of the last epoch. Keep them only when the loss is the lowest so far.",
     replace=("if loss <", f"self.best_params = {COPY}\n        if loss <"))
slip("equal_is_better", title="an equal loss taken for an improvement",
     says="A loss that equals the best one counts as an improvement. It has to be strictly lower.",
     replace=("loss < self", "loss <= self"))
slip("least_improvement", title="a least improvement",
     says="A loss counts only if it is lower by some margin, or rounded. Strictly lower, by the last digit, is enough.",
     replace=("loss < self.best_loss", "loss < self.best_loss - 1e-6"))
slip("none_at_first", title="no best loss at first",
     says="The attribute best_loss is None at first. Start at float('inf'): then every loss, and NaN, needs no case of "
     "its own.",
     replace=[("self.best_params = float(\"inf\"), None", "self.best_params = None, None"),
              ("if loss <", "if self.best_loss is None or loss <")])
slip("one_too_late", title="one epoch too late",
     says="It stops one epoch too late: with a patience of 2 it stops at the second epoch without an improvement.",
     replace=(">= self.patience", "> self.patience"))
slip("one_too_early", title="one epoch too early",
     says="It stops one epoch too early: with a patience of 2 it stops at the second epoch without an improvement.",
     replace=(">= self.patience", ">= self.patience - 1"))
slip("never_reset", title="the count never set back",
     says="The epochs without an improvement are counted over the whole training. Only those in a row count: set the "
     "number back to 0 when the loss improves.",
     replace=("self.best_loss, self.waited = loss, 0", "self.best_loss = loss"))
slip("against_the_last", title="compared with the last loss",
     says="Each loss is compared with the one before. Compare it with the lowest one so far.",
     replace=("return self.waited", "self.best_loss = loss\n        return self.waited"))
slip("best_loss_is_last", title="the last loss in place of the lowest",
     says="The attribute best_loss is the loss of the last epoch, though the comparison is right. Keep the lowest one.",
     replace=[("if loss < self.best_loss:", "if loss < self.lowest:"),
              ("self.best_loss, self.waited = loss, 0", "self.lowest, self.waited = loss, 0"),
              ("return self.waited", "self.best_loss = loss\n        return self.waited"),
              ("self.best_loss, self.best_params = float", "self.lowest, self.best_loss = 2 * [float('inf')]\n"
               "        self.worst, self.best_params = float")])
slip("nan_is_better", title="NaN taken for an improvement",
     says="A loss of NaN counts as an improvement: every comparison with NaN is False, so `not loss >= best` is True.",
     replace=("if loss < self.best_loss:", "if not loss >= self.best_loss:"))
slip("nan_not_counted", title="NaN not counted",
     says="An epoch with NaN is skipped. It is an epoch without an improvement, and counts as one.",
     replace=("else:", "elif loss == loss:"))
slip("nan_stops", title="stops at once at NaN",
     says="It stops at once when the loss is NaN. NaN is no improvement, and nothing more.",
     replace=("return self.waited >= self.patience", "return self.waited >= self.patience or loss != loss"))
slip("stays_stopped", title="once stopped, always stopped",
     says="After it has said stop, it goes on saying so. Here the same rule goes on: an improvement starts anew.",
     replace=[("self.patience, self.waited = patience, 0",
               "self.patience, self.waited, self.ended = patience, 0, False"),
              ("return self.waited >= self.patience",
               "self.ended = self.ended or self.waited >= self.patience\n        return self.ended")])
slip("starts_anew", title="the count set back after a stop",
     says="After it has said stop, it counts from 0 again. Here the same rule goes on: it says stop until the loss "
     "improves.",
     replace=("return self.waited >= self.patience",
              "ended = self.waited >= self.patience\n"
              "        self.waited = 0 if ended else self.waited\n"
              "        return ended"))
slip("stops_exactly_at", title="stops at one epoch only",
     says="It says stop at one epoch only: waited == patience. If the caller goes on, waited is larger: >= is right.",
     replace=(">= self.patience", "== self.patience"))
slip("forgets_after_stop", title="nothing kept after a stop",
     says="After it has said stop, nothing is kept any more. Here the same rule goes on.",
     replace=("if loss < self.best_loss:",
              "if self.waited >= self.patience:\n            return True\n        if loss < self.best_loss:"))
slip("finite_start", title="a start at {start:.0e} in place of infinity",
     says="The attribute best_loss starts at {start:.0e}. A loss may be larger: start at float('inf').",
     replace=('float("inf")', "{start}"),
     parameter="start",
     values=(1e9, 1e6))
slip("starts_at_0", title="a start at 0",
     says="The attribute best_loss starts at 0, and no loss is ever lower. Start at float('inf').",
     replace=('float("inf")', "0.0"))
slip("shared", title="state shared by all objects",
     says="The state belongs to the class: a second object continues the first one's. Set it on self, in __init__.",
     code="""
     class EarlyStopping:
         best_loss, best_params, waited = float("inf"), None, 0

         def __init__(self, patience):
             self.patience = patience

         def update(self, loss, params):
             if loss < EarlyStopping.best_loss:
                 EarlyStopping.best_loss, EarlyStopping.waited = loss, 0
                 EarlyStopping.best_params = {name: array.copy() for name, array in params.items()}
             else:
                 EarlyStopping.waited += 1
             return EarlyStopping.waited >= self.patience
     """)
slip("says_go_on", title="True for going on",
     says="The answer is the wrong way round: True means stop.",
     replace=(">= self.patience", "< self.patience"))

# accumulated_gradient

slip = slips("accumulated_gradient", see="accumulate")
WEIGHTED = "grad * len(x[piece]) / len(x)"

slip("unweighted", title="the mean of the pieces' gradients",
     says="All pieces count the same. A piece that is shorter counts less: weight each by how many examples it has.",
     replace=(WEIGHTED, "grad / len(range(0, len(x), micro_batch))"))
slip("weighted_by_most", title="every piece weighted by micro_batch",
     says="Every piece is weighted by micro_batch. The last one may be shorter: weight by how many examples it has.",
     replace=("len(x[piece]) / len(x)", "micro_batch / len(x)"))
slip("summed", title="gradients added up",
     says="The gradients of the pieces are added up as they are. Each is a mean already: weight it by its share of the "
     "examples.",
     replace=(WEIGHTED, "grad"))
slip("not_divided", title="the sum not divided",
     says="Each gradient is multiplied by the number of its examples, but the sum is not divided by all of them.",
     replace=(" / len(x)", ""))
slip("divided_twice", title="divided by the examples twice",
     says="The gradients are added up and divided by the number of examples. Each is a mean over its piece already: "
     "multiply by the number of examples in the piece.",
     replace=("* len(x[piece]) ", ""))
slip("last_piece", title="the last piece only",
     says="Only the last piece counts: each one replaces the sum of those before. Add up.",
     replace=("total.get(name, 0) + ", ""))
slip("rest_dropped", title="the rest dropped",
     says="A last piece that is not full is left out. It counts, too, with its own size.",
     replace=("range(0, len(x), micro_batch)", "range(0, max(len(x) - micro_batch + 1, 1), micro_batch)"))
slip("rest_dropped_twice", title="the rest dropped, also from the count",
     says="A last piece that is not full is left out, and not counted either. It belongs to the batch.",
     code="""
     def accumulated_gradient(gradient, params, x, y, micro_batch):
         full = max(len(x) - len(x) % micro_batch, min(len(x), micro_batch))
         total = {}
         for start in range(0, full, micro_batch):
             piece = slice(start, start + micro_batch)
             for name, grad in gradient(params, x[piece], y[piece]).items():
                 total[name] = total.get(name, 0) + grad * len(x[piece]) / full
         return total
     """)
slip("same_targets", title="the first targets for every piece",
     says="Every piece of x meets the first targets. Take the same rows of y.",
     replace=("y[piece]", "y[: len(x[piece])]"))
slip("steps_in_between", title="a step after each piece",
     says="The parameters change between the pieces. All pieces see the same parameters; the step comes afterwards.",
     code="""
     def accumulated_gradient(gradient, params, x, y, micro_batch):
         total, params = {}, dict(params)
         for start in range(0, len(x), micro_batch):
             piece = slice(start, start + micro_batch)
             for name, grad in gradient(params, x[piece], y[piece]).items():
                 total[name] = total.get(name, 0) + grad * len(x[piece]) / len(x)
             params = {name: params[name] - total[name] for name in params}
         return total
     """)
slip("empty_piece", title="an empty piece at the end",
     says="If the pieces come out even, one more follows that is empty, and the mean over nothing is nan.",
     replace=("range(0, len(x), micro_batch)", "range(0, len(x) + 1, micro_batch)"))

# clip_by_global_norm

slip = slips("clip_by_global_norm", see="clipping")
NORM = "np.sqrt(sum(np.sum(grad**2) for grad in grads.values()))"
FACTOR = "max_norm / norm if norm > max_norm else 1.0"
RESULT = "{name: factor * grad for name, grad in grads.items()}"

slip("each_array", title="each array clipped by itself",
     says="Each array is clipped by its own norm. That changes the direction of the whole gradient. One norm and one "
     "factor belong to all of them.",
     code="""
     def clip_by_global_norm(grads, max_norm):
         clipped = {}
         for name, grad in grads.items():
             norm = np.sqrt(np.sum(grad**2))
             clipped[name] = grad * (max_norm / norm) if norm > max_norm else grad
         return clipped
     """)
slip("values", title="entries clipped",
     says="Each entry is cut off at max_norm. That changes the direction. Scale the whole gradient by one factor.",
     replace=(RESULT, "{name: np.clip(grad, -max_norm, max_norm) for name, grad in grads.items()}"))
slip("added", title="a constant of {added:.0e} added to the norm",
     says="A constant of {added:.0e} is added to the norm (PyTorch adds 1e-6), so that the result is too short. No "
     "division by 0 can happen: a norm of 0 is not above max_norm.",
     replace=("max_norm / norm", "max_norm / (norm + {added})"),
     parameter="added",
     values=(1e-6, 1e-8))
slip("always", title="short gradients made longer",
     says="Every gradient is scaled to the length max_norm, a short one, too. If the norm is at most max_norm, leave "
     "it alone.",
     replace=(FACTOR, "max_norm / norm if norm > 0 else 1.0"))
slip("no_root", title="the square of the norm",
     says="The root is missing: the sum of the squares is the square of the norm.",
     replace=(NORM, NORM.removeprefix("np.sqrt(").removesuffix(")")))
slip("root_of_factor", title="compared without the root, scaled with it",
     says="The square of the norm is compared with max_norm. Take the root first.",
     replace=("norm > max_norm", "norm**2 > max_norm"))
slip("sum_of_norms", title="the norms added up",
     says="The norms of the arrays are added up. The square of the global norm is the sum of their squares.",
     replace=(NORM, "sum(np.sqrt(np.sum(grad**2)) for grad in grads.values())"))
slip("largest_norm", title="the largest norm of an array",
     says="The largest of the arrays' norms is used. The global norm belongs to all arrays together.",
     replace=(NORM, "max(np.sqrt(np.sum(grad**2)) for grad in grads.values())"))
slip("sum_of_sizes", title="sizes added up, not squares",
     says="The absolute values of the entries are added up. The norm is the root of the sum of their squares.",
     replace=(NORM, "sum(np.abs(grad).sum() for grad in grads.values())"))
slip("to_1", title="scaled to length 1",
     says="A long gradient is scaled to the length 1. It has to get the length max_norm.",
     replace=("max_norm / norm if", "1 / norm if"))
slip("factor_upside_down", title="the factor upside down",
     says="The factor is norm / max_norm, which makes a long gradient longer. Divide max_norm by the norm.",
     replace=("max_norm / norm if", "norm / max_norm if"))
slip("short_ones", title="the comparison the wrong way round",
     says="Short gradients are scaled, and long ones left alone. Scale if the norm is above max_norm.",
     replace=("norm > max_norm else", "0 < norm < max_norm else"))
slip("dropped", title="long gradients set to 0",
     says="A gradient that is too long becomes 0. Scale it to the length max_norm.",
     replace=("max_norm / norm if", "0.0 if"))

# train_epoch

slip = slips("train_epoch", see="pytorch")
LOSS = "nn.functional.cross_entropy(model(x), y)"
COUNTED = "total + loss.item() * len(y), count + len(y)"

MOVED = "x, y = x.to(device), y.to(device)"
slip("not_moved_to_device", title="batches not moved to device",
     says="The batches stay where they are. The method to() moves nothing in place: x, y = x.to(device), y.to(device).",
     replace=(MOVED, "pass"))
slip("x_moved_alone", title="y not moved to device",
     says="Only x is moved. The loss needs the scores and y on one device: y = y.to(device).",
     replace=(MOVED, "x = x.to(device)"))
slip("to_the_cpu", title="the CPU in place of device",
     says="The batches are moved to the CPU, and the model may be elsewhere. Move them to device.",
     replace=(MOVED, "x, y = x.cpu(), y.cpu()"))
slip("no_zero_grad", title="gradients never set to zero",
     says="Gradients are not set to zero in every batch: zero_grad is missing, or stands before the loop. Every step "
     "then follows the sum of all gradients so far.",
     replace=("optimizer.zero_grad()\n        ", ""))
slip("not_moved", title="parameters that do not move",
     says="The parameters do not change. Either backward() or step() is missing, or zero_grad() stands between them.",
     replace=("        optimizer.step()\n", ""))
slip("step_first", title="the step before the gradient",
     says="The step comes before backward(), so that each step uses the gradient of the batch before. First the "
     "gradient, then the step.",
     code="""
     def train_epoch(model, loader, optimizer, device):
         model.train()
         total, count = 0.0, 0
         for x, y in loader:
             x, y = x.to(device), y.to(device)
             loss = nn.functional.cross_entropy(model(x), y)
             optimizer.step()
             optimizer.zero_grad()
             loss.backward()
             total, count = total + loss.item() * len(y), count + len(y)
         return total / count
     """)
slip("one_step", title="one step after the last batch",
     says="The step comes once, after all batches. A step follows every batch.",
     code="""
     def train_epoch(model, loader, optimizer, device):
         model.train()
         total, count = 0.0, 0
         optimizer.zero_grad()
         for x, y in loader:
             x, y = x.to(device), y.to(device)
             loss = nn.functional.cross_entropy(model(x), y)
             loss.backward()
             total, count = total + loss.item() * len(y), count + len(y)
         optimizer.step()
         return total / count
     """)
slip("last_gradient_only", title="only the last batch's gradient used",
     says="Only the gradient of the last batch is followed: zero_grad is called for every batch, step after the loop.",
     code="""
     def train_epoch(model, loader, optimizer, device):
         model.train()
         total, count = 0.0, 0
         for x, y in loader:
             x, y = x.to(device), y.to(device)
             loss = nn.functional.cross_entropy(model(x), y)
             optimizer.zero_grad()
             loss.backward()
             total, count = total + loss.item() * len(y), count + len(y)
         optimizer.step()
         return total / count
     """)
slip("no_mode", title="training mode not switched on",
     says="The model stays in the mode that it had. After an evaluation it is in evaluation mode: call model.train() "
     "first.",
     replace=("model.train()\n    ", ""))
slip("mean_of_batches", title="the mean of the batches' losses",
     says="The losses of the batches are averaged as they are. A last batch that is shorter counts less: multiply each "
     "loss by the number of its examples.",
     replace=(COUNTED, "total + loss.item(), count + 1"))
slip("summed", title="losses added up",
     says="The losses of the batches are added up, and not divided by anything.",
     replace=[(COUNTED, "total + loss.item(), count + 1"), ("total / count", "total")])
slip("not_averaged", title="losses weighted, but not divided",
     says="Each loss is multiplied by the number of its examples, but the sum is not divided by all of them.",
     replace=("total / count", "total"))
slip("divided_twice", title="divided by the examples twice",
     says="The losses are added up as they are, and divided by the number of examples. But each is a mean over its "
     "batch already.",
     replace=("loss.item() * len(y)", "loss.item()"))
slip("last_loss", title="the loss of the last batch",
     says="What comes back is the loss of the last batch. It has to be the mean over all examples.",
     replace=("total / count", "loss.item()"))
slip("first_batch", title="a return inside the loop",
     says="Only the first batch is used. The return stands inside the loop: move it to the left.",
     replace=("\n    return", "\n        return"))
slip("summed_loss", title="the sum over the batch in place of the mean",
     says='The loss of a batch is a sum (reduction="sum"), so that gradients and steps are as many times too large as '
     "the batch has examples.",
     replace=[("(model(x), y)", '(model(x), y, reduction="sum")'), ("loss.item() * len(y)", "loss.item()")])
slip("softmax_first", title="softmax before cross_entropy", see="02:pytorch",
     says="The softmax is applied before cross_entropy, which applies it itself: the gradients are too small.",
     replace=("model(x)", "model(x).softmax(dim=1)"))
slip("loss_after_step", title="the loss measured after the step",
     says="The loss is computed once more, after the step. Use the one from which backward() started.",
     replace=("total, count = total + loss.item()", f"loss = {LOSS}\n        total, count = total + loss.item()"))

# evaluate

slip = slips("evaluate", see="pytorch")
RIGHT = "(model(x.to(device)).argmax(dim=1) == y.to(device))"

slip("over_the_batch", title="the largest score over the batch",
     says="With dim=0, argmax looks for the example with the largest score of each class. The class is along dim=1.",
     replace=("dim=1", "dim=0"))
slip("no_axis", title="argmax over the whole batch",
     says="Without an axis, argmax gives one number for the whole batch. One class for each example takes dim=1.",
     replace=("dim=1", ""))
slip("not_moved_to_device", title="batches not moved to device",
     says="The batches stay where they are. The method to() moves nothing in place: use x.to(device), y.to(device).",
     replace=(RIGHT, "(model(x).argmax(dim=1) == y)"))
slip("x_moved_alone", title="y not moved to device",
     says="Only x is moved. To compare needs the classes and y on one device: y.to(device).",
     replace=("y.to(device)", "y"))
slip("recording_left_off", title="recording of gradients left off",
     says="The switch torch.set_grad_enabled(False) holds on after the function: no later training gets a gradient. "
     "Use "
     "with torch.no_grad().",
     replace=("model.eval()", "model.eval()\n    torch.set_grad_enabled(False)"))
slip("frozen", title="parameters left frozen",
     says="The setting requires_grad_(False) stays on the parameters: no later training moves them. Use with "
     "torch.no_grad().",
     replace=("model.eval()", "model.eval().requires_grad_(False)"))
slip("mean_of_batches", title="the mean of the batches' accuracies",
     says="The accuracies of the batches are averaged. A last batch that is shorter counts less: count right answers "
     "and examples, and divide at the end.",
     replace=[(f"{RIGHT}.sum()", f"{RIGHT}.float().mean()"), ("count += len(y)", "count += 1")])
slip("no_mode", title="evaluation mode not switched on",
     says="The model stays in training mode: batch norm uses the statistics of the batch, and changes its running "
     "ones. torch.no_grad() does not change that. Call model.eval() first.",
     replace=("model.eval()\n    ", ""))
slip("training_mode", title="training mode switched on",
     says="The model is switched to training mode. Call model.eval().",
     replace=("model.eval()", "model.train()"))
slip("counted", title="the number of right answers",
     says="What comes back is how many answers are right. Divide by the number of examples.",
     replace=("right / count", "right"))
slip("percent", title="given in percent",
     says="The accuracy is 100 times too large: it lies between 0 and 1 here.",
     replace=("right / count", "100 * right / count"))
slip("errors", title="the share of wrong answers",
     says="What comes back is the share of wrong answers. Count where the class equals y.",
     replace=("== y", "!= y"))
slip("per_batch", title="divided by the number of batches",
     says="The right answers are divided by the number of batches. Divide by the number of examples.",
     replace=("count += len(y)", "count += 1"))
slip("smallest_score", title="the smallest score",
     says="The class with the smallest score is chosen. It has to be the largest.",
     replace=("argmax", "argmin"))
slip("last_batch", title="the last batch only",
     says="Only the last batch counts: each one replaces the numbers of the one before. Add up with +=.",
     replace=[("right +=", "right ="), ("count +=", "count =")])
slip("first_batch", title="a return inside the loop",
     says="Only the first batch is used. The return stands inside the loop: move it to the left.",
     replace=("\n    return", "\n            return"))
slip("gradients_cleared", title="the gradients cleared",
     says="The gradients of the model are set to zero or None. An evaluation changes nothing: no zero_grad.",
     replace=("model.eval()", "model.eval()\n    model.zero_grad()"))
slip("rounded", title="the accuracy rounded",
     says="The accuracy is rounded. Round only what you print.",
     replace=("right / count", "round(right / count, 2)"))
