"""What learners get wrong in dropout."""

from __future__ import annotations

from autograder.judging.slips import ALL, resolution, slips, way

# dropout_forward

slip = slips("dropout_forward", see="inverted")
DRAW, MASK = "rng.random(x.shape)", "rng.random(x.shape) >= p_drop"
OUT, IN_USE = "x * mask / (1 - p_drop)", "return x, np.ones"
resolution("dropout_forward", says="a probability that is off by 0.25", replace=(MASK, f"{MASK} + 0.25"))

slip("no_scaling", title="what is kept is not scaled",
     says="The mask is right, but what is kept stays as it is: divide it by 1 - p_drop. Otherwise the sums are smaller "
     "in training than in use.",
     replace=(OUT, "x * mask"))
slip("other_probability", title="keeping and dropping confused",
     says="This is dropout with p_drop for the probability of keeping. It is that of dropping. At 0.5 nobody sees it.",
     replace=[(MASK, f"{DRAW} < p_drop"), (OUT, "x * mask / max(p_drop, 1e-12)")])
slip("kept_with_p_drop", title="a mask that keeps with p_drop",
     says="The mask is True with probability p_drop. It is True where an entry is kept, so with 1 - p_drop. At 0.5 "
     "nobody sees it.",
     replace=(MASK, f"{DRAW} < p_drop"))
slip("divided_by_p_drop", title="divided by p_drop",
     says="The mask is right, but what is kept is divided by p_drop. Divide by the probability of keeping, 1 - p_drop. "
     "At 0.5 both are the same.",
     replace=(OUT, "x * mask / max(p_drop, 1e-12)"))
slip("multiplied", title="multiplied in place of divided",
     says="What is kept is multiplied by 1 - p_drop, so that sums become still smaller. Divide.",
     replace=(OUT, "x * mask * (1 - p_drop)"))
slip("classical", title="classical dropout", see="classical",
     says="This is classical dropout: nothing is scaled in training, and everything by 1 - p_drop in use. Here it is "
     "inverted dropout: divide in training, and leave the use as it is.",
     replace=[(OUT, "x * mask"), (IN_USE, "return x * (1 - p_drop), np.ones")])
slip("scaled_in_use_by_p_drop", title="in use, multiplied by p_drop", see="classical",
     says="Nothing is scaled in training, and in use everything is multiplied by p_drop. That is neither of the two "
     "forms: divide by 1 - p_drop in training, and leave the use as it is.",
     replace=[(OUT, "x * mask"), (IN_USE, "return x * p_drop, np.ones")])
slip("scaled_twice", title="scaled in training and in use", see="classical",
     says="Training is right. In use, everything is multiplied by 1 - p_drop once more. One of the two is enough: in "
     "use, return x.",
     replace=(IN_USE, "return x * (1 - p_drop), np.ones"))
slip("divided_in_use", title="divided in use, too",
     says="When the network is not trained, x is still divided by 1 - p_drop. Nothing is missing then: return x.",
     replace=(IN_USE, "return x / max(1 - p_drop, 1e-300), np.ones"))
slip("always_on", title="dropout in use, too",
     says="Entries are dropped when the network is not trained, too. With training=False, return x and a mask of True.",
     replace=("not training", "False"))
slip("mode_reversed", title="the two modes exchanged",
     says="Entries are dropped in use, and not in training. It is the other way around.",
     replace=("not training", "training"))
slip("no_mask_in_use", title="in use, a mask of False",
     says="When nothing is dropped, everything is kept: the mask is all True.",
     replace=("np.ones", "np.zeros"))
slip("normal_numbers", title="normal numbers in place of uniform ones",
     says="The mask compares normal numbers with p_drop. These are below p_drop with another probability; uniform ones "
     "between 0 and 1, from rng.random, are below it with probability p_drop.",
     replace=(DRAW, "rng.standard_normal(x.shape)"))
slip("nothing_dropped", title="nothing is dropped",
     says="Nothing is dropped in training either. In `rng.random(x.shape) < keep / keep`, for instance, the division "
     "comes first, and 1 is never reached.",
     replace=[(MASK, f"{DRAW} < 1"), (OUT, "x * mask")])
slip("mask_of_dropped", title="a mask that is True where an entry is dropped",
     says="The output is right, but the mask is True where an entry is dropped. It is True where one is kept.",
     replace=[(f"{OUT}, mask", f"{OUT}, ~mask"), ("np.zeros_like(x), mask", "np.zeros_like(x), ~mask")])
slip("per_column", title="one mask for all rows",
     says="All rows have the same mask: it is drawn once, for a row. Each example gets its own: draw for all of "
     "x.shape.",
     replace=(MASK, "np.broadcast_to(rng.random(x.shape[-1:]) >= p_drop, x.shape)"))
slip("per_batch", title="one mask for the whole batch",
     says="All examples have the same mask: it is drawn once, for an example. Each gets its own: draw for all of "
     "x.shape.",
     replace=(MASK, "np.broadcast_to(rng.random(x.shape[1:]) >= p_drop, x.shape)"))
slip("per_row", title="whole rows dropped",
     says="There is one draw for each row, so whole examples are dropped. Draw for each entry, for all of x.shape.",
     replace=(MASK, "np.broadcast_to(rng.random((len(x),) + (1,) * (x.ndim - 1)) >= p_drop, x.shape)"))
slip("one_draw", title="all or nothing",
     says="There is a single draw, so everything is dropped or everything is kept. Draw for each entry: "
     "rng.random(x.shape).",
     replace=(MASK, "np.full(x.shape, rng.random() >= p_drop)"))
slip("fixed_number", title="always as many dropped",
     says="Exactly the same number of entries is dropped each time. Each is dropped independently of the others, so "
     "their number is random, too.",
     replace=(MASK, "rng.permutation(x.size).reshape(x.shape) >= round(p_drop * x.size)"))
slip("same_mask", title="the same mask in every call",
     says="Every call drops the same entries: a generator is made or copied within the function, or a mask is kept. "
     "Draw from rng, anew in each call.",
     replace=(DRAW, "np.random.default_rng(0).random(x.shape)"))
slip("mask_from_output", title="the mask read off the output",
     says="The mask is False where x was 0 already: it is read off the output. After a ReLU many entries are 0. Return "
     "what was drawn.",
     replace=[(f"{OUT}, mask", f"{OUT}, x * mask != 0"), ("np.zeros_like(x), mask", "np.zeros_like(x), x * mask != 0")])
slip("mask_of_numbers", title="a mask of numbers",
     says="The mask holds the numbers 0 and 1. It holds booleans, True where an entry is kept.",
     replace=(MASK, f"({MASK}).astype(float)"))
slip("scaled_mask", title="the factor inside the mask",
     says="The mask holds the factors, 0 and 1 / (1 - p_drop). The output is right, but a mask is made of booleans; "
     "dropout_backward would divide once more.",
     replace=[(MASK, f"({MASK}) / max(1 - p_drop, 1e-12)"), (OUT, "x * mask")])
slip("x_changed", title="x is changed",
     says="The input x is overwritten, so its caller loses it: `x *= mask` works in place. Make a new array: `x * "
     "mask`.",
     replace=(f"return {OUT}, mask", "x *= mask\n    x /= 1 - p_drop\n    return x, mask"))
slip("zero_by_zero", title="zero by zero where everything is dropped",
     says="With p_drop = 1 the division is 0/0, which is not a number. Return zeros there.",
     replace=("p_drop == 1", "False"))

# dropout_backward

slip = slips("dropout_backward", see="inverted")
BACK = "dout * mask / (1 - p_drop)"

slip("no_mask", title="the mask not used everywhere",
     says="The gradient also flows through what was dropped. There the input does not count, so its gradient is 0.",
     replace=(BACK, "dout / (1 - p_drop)"))
slip("no_scaling", title="the factor forgotten",
     says="The mask is there, but not the factor. On the way forwards, what is kept was divided by 1 - p_drop; so is "
     "its gradient.",
     replace=(BACK, "dout * mask"))
slip("nothing", title="the gradient handed on unchanged",
     says="The gradient comes back as it was. It is multiplied by the mask and divided by 1 - p_drop.",
     replace=(BACK, "dout"))
slip("new_mask", title="a new mask",
     says="The gradient is 0 in other places than the output was: a new mask is drawn. Use the one that is given.",
     replace=(BACK, "dout * (np.random.default_rng(0).random(dout.shape) >= p_drop) / (1 - p_drop)"))
slip("multiplied", title="multiplied in place of divided",
     says="It is multiplied by 1 - p_drop. Forwards there was a division, so it is one backwards, too.",
     replace=(BACK, "dout * mask * (1 - p_drop)"))
slip("divided_by_p_drop", title="divided by p_drop",
     says="It is divided by p_drop. The probability of keeping is 1 - p_drop. At 0.5 both are the same.",
     replace=(BACK, "dout * mask / max(p_drop, 1e-12)"))
slip("divided_twice", title="divided twice",
     says="It is divided by 1 - p_drop twice. Once is right, as on the way forwards.",
     replace=(BACK, "dout * mask / (1 - p_drop) ** 2"))
slip("mask_reversed", title="the mask reversed",
     says="The gradient flows where an entry was dropped, and is 0 where one was kept. True means kept.",
     replace=("dout * mask", "dout * ~mask"))
slip("zero_by_zero", title="zero by zero where everything is dropped",
     says="With p_drop = 1 the division is 0/0, which is not a number. Return zeros there.",
     replace=("p_drop == 1", "False"))

# scale_weights

slip = slips("scale_weights", see="classical")
SCALED = "W * keep_prob"

slip("other_probability", title="keeping and dropping confused",
     says="The weights are multiplied by 1 - keep_prob, the probability of dropping. On average the share keep_prob of "
     "each sum was there.",
     replace=(SCALED, "W * (1 - keep_prob)"))
slip("divided", title="divided in place of multiplied",
     says="The weights become larger. In use all terms of a sum are there, more than in training, so that each has to "
     "count less: multiply.",
     replace=(SCALED, "W / keep_prob"))
slip("unchanged", title="the weights left as they are",
     says="The weights are the same as before. That is right after inverted dropout; the classical form scaled nothing "
     "in training.",
     replace=(SCALED, "W"))
slip("root", title="the root of the probability",
     says="The weights are multiplied by the root of keep_prob. That would keep variances; the mean of a sum is "
     "proportional to keep_prob itself.",
     replace=(SCALED, "W * np.sqrt(keep_prob)"))
slip("squared", title="scaled twice",
     says="The weights are multiplied by keep_prob twice.",
     replace=(SCALED, "W * keep_prob**2"))

# dropped_inputs_as_weights

slip = slips("dropped_inputs_as_weights", see="classical")
ROWS = "W * kept[:, None]"

slip("columns", title="columns in place of rows",
     says="Columns are set to 0: they belong to outputs. An input belongs to a row of W, since z = x @ W. Without "
     "`[:, None]`, NumPy lines kept up with the columns; where there are as many as rows, no error shows it.",
     replace=(ROWS, "W * kept"))
slip("reversed", title="the kept ones dropped",
     says="The rows of the inputs that are kept are 0, and the others are there. True means kept.",
     replace=(ROWS, "W * ~kept[:, None]"))
slip("removed", title="rows taken out",
     says="The rows of dropped inputs are missing. Then x does not fit any more: set them to 0.",
     replace=(ROWS, "W[kept]"))
slip("unchanged", title="the weights left as they are",
     says="The weights are the same as before: nothing is dropped.",
     replace=(ROWS, "W * 1"))
slip("scaled_up", title="divided by the share that is kept", see="inverted",
     says="The rows that stay are divided by the share of the inputs that is kept. The docstring asks for the same as "
     "(x * kept) @ W, and nothing is divided there.",
     replace=(ROWS, "W * kept[:, None] / max(kept.mean(), 1e-12)"))
slip("scaled_down", title="multiplied by the share that is kept",
     says="All rows are multiplied by the share of the inputs that is kept. Here it is known which are dropped: their "
     "rows are 0, the others stay.",
     replace=(ROWS, "W * kept.mean()"))
slip("only_the_mask", title="the mask alone",
     says="This is the mask, with one column for each output. It has to be multiplied by W.",
     replace=(ROWS, "np.ones_like(W) * kept[:, None]"))

# geometric_mean_prediction

slip = slips("geometric_mean_prediction", see="average")
WEIGHT = "keep_prob ** mask.sum() * (1 - keep_prob) ** (~mask).sum()"
ADDED, SCORES, MASKS = "* log_p", "(x * mask) @ W + b", "all_masks(x.shape[1])"
MEAN = "p = np.exp(total)\n    return p / p.sum(axis=1, keepdims=True)"
way("geometric_mean_prediction", "closed", code="""
    def geometric_mean_prediction(x, W, b, keep_prob):
        scores = x @ (keep_prob * W) + b
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)
    """)
CLOSED = "x @ (keep_prob * W) + b"

slip("unweighted", title="all masks count equally",
     says="Every mask counts equally. Each counts with its probability, which depends on how many inputs it keeps.",
     replace=(WEIGHT, "0.5 ** len(mask)"))
slip("other_probability", title="keeping and dropping confused",
     says="The probabilities of keeping and of dropping are exchanged: a mask that keeps k of D inputs has the "
     "probability keep_prob**k * (1 - keep_prob)**(D - k).",
     replace=(WEIGHT, "(1 - keep_prob) ** mask.sum() * keep_prob ** (~mask).sum()"))
slip("dropped_not_counted", title="only the kept inputs in a mask's probability",
     says="The weight of a mask is keep_prob**k. The inputs that it drops have a probability, too: times "
     "(1 - keep_prob)**(D - k).",
     replace=(WEIGHT, "keep_prob ** mask.sum()"))
slip("arithmetic", title="the arithmetic mean",
     says="This is the arithmetic mean: probabilities are added up. For the geometric mean, add up their logarithms, "
     "and take the exponential of the sum.",
     replace=[(ADDED, "* np.exp(log_p)"), (MEAN, "return total")])
slip("arithmetic_unweighted", title="the arithmetic mean, all masks alike",
     says="This is the arithmetic mean, and every mask counts equally. Take logarithms, and let each mask count with "
     "its probability.",
     replace=[(ADDED, "* np.exp(log_p)"), (MEAN, "return total"), (WEIGHT, "0.5 ** len(mask)")])
slip("not_renormalised", title="not divided by the sum",
     says="The rows do not add up to 1. Geometric means of probabilities add up to less: divide each row by its sum.",
     replace=(MEAN, "return np.exp(total)"))
slip("unweighted_not_renormalised", title="all masks count equally, and not divided by the sum",
     says="Every mask counts equally, and the rows do not add up to 1. Let each mask count with its probability, and "
     "divide each row by its sum.",
     replace=[(WEIGHT, "0.5 ** len(mask)"), (MEAN, "return np.exp(total)")])
slip("logarithms", title="the exponential forgotten",
     says="These are mean logarithms. Take the exponential, and divide each row by its sum.",
     replace=(MEAN, "return total"))
slip("rescaled", title="as if nothing were dropped", see="inverted",
     says="This is the prediction of the whole network. It comes out where kept inputs are divided by keep_prob, as "
     "inverted dropout does, or where nothing is dropped. Here kept ones are not rescaled.",
     replace=("x * mask", "x * mask / keep_prob"))
slip("no_bias", title="the bias left out",
     says="The bias is missing in the scores. It is there in each of the networks.",
     replace=(SCORES, "(x * mask) @ W"))
slip("bias_dropped", title="the bias dropped, too",
     says="The bias is scaled with keep_prob, as if it were dropped like an input. It is never dropped.",
     base="closed", replace=(CLOSED, "keep_prob * (x @ W + b)"))
slip("scaled_up", title="divided by keep_prob",
     says="The weights are divided by keep_prob. In the mean over the masks each input counts keep_prob times.",
     base="closed", replace=(CLOSED, "x @ (W / keep_prob) + b"))
slip("over_examples", title="normalised over the examples",
     says="The result is divided by the sum of each column. A row belongs to an example: divide each row by its sum.",
     replace=("p.sum(axis=1, keepdims=True)", "p.sum(axis=0, keepdims=True)"))
slip("softmax_over_examples", title="softmax over the examples",
     says="The softmax of each mask runs over the examples. It runs over the classes, axis 1.",
     replace=("reduce(scores, axis=1,", "reduce(scores, axis=0,"))
slip("without_none", title="the mask that drops everything left out",
     says="One mask is missing: that which drops all inputs. It is a network, too, with nothing but its bias.",
     replace=(MASKS, f"{MASKS}[1:]"))
slip("without_all", title="the mask that keeps everything left out",
     says="One mask is missing: that which keeps all inputs.",
     replace=(MASKS, f"{MASKS}[:-1]"))
slip("divided_by_masks", title="divided by the number of masks",
     says="The sum of the logarithms is divided by the number of masks. The probabilities of the masks add up to 1 "
     "already.",
     replace=("np.exp(total)", f"np.exp(total / len({MASKS}))"))

# monte_carlo_prediction

slip = slips("monte_carlo_prediction", see="doubt")
CALLS, STD = "forward(x, rng) for _ in range(samples)", "answers.std(axis=0)"

slip("sample_deviation", title="the sample deviation",
     says="The deviation has one less in the denominator (ddof=1, or torch.std). The population deviation is what "
     "answers.std(axis=0) gives by itself; with one sample it is 0.",
     replace=(STD, "answers.std(axis=0, ddof=1)"))
slip("variance", title="the variance in place of the deviation",
     says="This is the variance. The standard deviation is its root.",
     replace=(STD, "answers.var(axis=0)"))
slip("deviation_of_the_mean", title="divided by the root of the number of samples",
     says="The deviation is divided by the root of the number of samples: that is how sure the mean is. Asked for is "
     "how much the predictions scatter.",
     replace=(STD, "answers.std(axis=0) / np.sqrt(samples)"))
slip("mean_not_subtracted", title="the mean not subtracted",
     says="This is the root of the mean square. A deviation subtracts the mean first.",
     replace=(STD, "np.sqrt((answers**2).mean(axis=0))"))
slip("mean_absolute", title="the mean distance from the mean",
     says="This is the mean absolute distance from the mean. The standard deviation squares, averages and takes the "
     "root.",
     replace=(STD, "np.abs(answers - answers.mean(axis=0)).mean(axis=0)"))
slip("median", title="the median in place of the mean",
     says="This is the median of the predictions, not their mean.",
     replace=("answers.mean(axis=0)", "np.median(answers, axis=0)"))
slip("sum", title="the sum in place of the mean",
     says="The predictions are added up, but not divided by their number.",
     replace=("answers.mean(axis=0)", "answers.sum(axis=0)"))
slip("exchanged", title="the two results exchanged",
     says="The deviation comes first here. The mean is the first result.",
     replace=("return answers.mean(axis=0), answers.std(axis=0)", "return answers.std(axis=0), answers.mean(axis=0)"))
slip("one_number", title="one number for everything",
     says="Mean and deviation are taken over everything: samples, examples and classes. Take them over axis 0, that of "
     "the samples.",
     replace=("axis=0", "", ALL))
slip("one_too_few", title="one prediction too few",
     says="There is one call of forward too few.",
     replace=("range(samples)", "range(samples - 1)"))
slip("one_too_many", title="one prediction too many",
     says="There is one call of forward too many. A call just to learn the shape counts, too.",
     replace=("range(samples)", "range(samples + 1)"))
slip("two_loops", title="other predictions for the deviation",
     says="There are twice as many calls of forward as there should be, perhaps once for the mean and anew for the "
     "deviation. Keep the predictions in a list.",
     replace=(STD, "np.array([forward(x, rng) for _ in range(samples)]).std(axis=0)"))
slip("same_prediction", title="a single prediction",
     says="There is a single call of forward. Call it anew for each sample: each call draws another mask.",
     replace=(f"[{CALLS}]", "[forward(x, rng)] * samples"))
slip("begun_anew", title="the generator begun anew for each prediction",
     says="Every prediction draws the same numbers: a generator is made or copied within the loop. Hand on the same "
     "rng, which goes on with each draw.",
     replace=("forward(x, rng)", "forward(x, np.random.default_rng(0))"))

# Dropout

slip = slips("Dropout", see="pytorch")
LIBRARY = "nn.functional.dropout(x, self.p_drop, self.training)"
resolution("Dropout", says="a probability that is off by 0.25", replace=("self.p_drop = p_drop",
           "self.p_drop = min(p_drop + 0.25, 1.0) if 0 < p_drop < 1 else p_drop"))
way("Dropout", "by_hand", code="""
    class Dropout(nn.Module):
        def __init__(self, p_drop=0.5):
            super().__init__()
            self.p_drop = p_drop

        def forward(self, x):
            if not self.training:
                return x
            mask = torch.rand_like(x) >= self.p_drop
            if self.p_drop == 1:
                return x * 0
            return x * mask / (1 - self.p_drop)
    """)
KEPT = "x * mask / (1 - self.p_drop)"

slip("always_on", title="dropout in evaluation, too",
     says="After eval() entries are still dropped. The default of functional.dropout is training=True: hand "
     "self.training on, and look it up in forward. What __init__ keeps of it does not follow eval().",
     replace=(", self.training", ""))
slip("never", title="nothing is dropped",
     says="Nothing is dropped in training either.",
     replace=("self.training", "False"))
slip("mode_reversed", title="the two modes exchanged",
     says="Entries are dropped in evaluation, and not in training. It is the other way around.",
     replace=("self.training", "not self.training"))
slip("other_probability", title="keeping and dropping confused",
     says="Entries are kept with probability p_drop. It is the probability of dropping, here and in PyTorch.",
     replace=("x, self.p_drop", "x, 1 - self.p_drop"))
slip("default_probability", title="the probability not handed on",
     says="Half of the entries are dropped, whatever p_drop is: that is the default of functional.dropout. Hand p_drop "
     "on.",
     replace=("x, self.p_drop, self.training", "x, training=self.training"))
slip("one_for_all_layers", title="one p_drop for all layers",
     says="The probability is kept in the class, so that the layer made last changes all others. Keep it in self.",
     replace=("self.p_drop = p_drop", "type(self).p_drop = p_drop"))
slip("no_scaling", title="what is kept is not scaled", see="inverted",
     says="What is kept stays as it is. Divide it by 1 - p_drop.",
     base="by_hand", replace=(KEPT, "x * mask"))
slip("divided_by_p_drop", title="divided by p_drop", see="inverted",
     says="What is kept is divided by p_drop. Divide by the probability of keeping, 1 - p_drop.",
     base="by_hand", replace=(KEPT, "x * mask / max(self.p_drop, 1e-12)"))
slip("classical", title="classical dropout", see="classical",
     says="This is classical dropout: nothing is scaled in training, and everything in evaluation. Divide by "
     "1 - p_drop in training, and return x in evaluation.",
     base="by_hand", replace=[(KEPT, "x * mask"), ("return x\n", "return x * (1 - self.p_drop)\n")])
slip("scaled_twice", title="scaled in training and in evaluation", see="classical",
     says="Training is right. In evaluation, everything is multiplied by 1 - p_drop once more: return x there.",
     base="by_hand", replace=("return x\n", "return x * (1 - self.p_drop)\n"))
slip("normal_numbers", title="normal numbers in place of uniform ones",
     says="Normal numbers come from torch.randn_like. torch.rand_like draws uniform ones, which are below p_drop with "
     "probability p_drop.",
     base="by_hand", replace=("rand_like", "randn_like"))
slip("per_column", title="one mask for all rows", see="inverted",
     says="The mask is drawn once and used for all rows. Draw for all of x.shape.",
     base="by_hand", replace=("torch.rand_like(x)", "torch.rand(x.shape[-1])"))
slip("per_batch", title="one mask for the whole batch", see="inverted",
     says="The mask is drawn once and used for all examples. Draw for all of x.shape.",
     base="by_hand", replace=("torch.rand_like(x)", "torch.rand(x.shape[1:])"))
slip("per_row", title="whole examples dropped", see="inverted",
     says="There is one draw for each example. Draw for each entry, for all of x.shape.",
     base="by_hand", replace=("torch.rand_like(x)", "torch.rand(len(x), *[1] * (x.dim() - 1))"))
slip("same_mask", title="the same mask in every call", see="inverted",
     says="Every call drops the same entries: a seed is set in forward, or a mask is kept. Draw anew each time.",
     base="by_hand", replace=("        mask =", "        torch.manual_seed(0)\n        mask ="))
slip("no_gradient", title="no gradient",
     says="No gradient arrives at the input: detach, .data or no_grad cuts the graph.",
     replace=("(x, self.p_drop", "(x.detach(), self.p_drop"))
slip("gradient_unchanged", title="the gradient handed on unchanged",
     says="The gradient flows back as if nothing were dropped. It is multiplied by the same factors as x; let PyTorch "
     "see the product.",
     replace=(f"return {LIBRARY}", f"return x + ({LIBRARY} - x).detach()"))
slip("zero_by_zero", title="zero by zero where everything is dropped", see="inverted",
     says="With p_drop = 1 the division is 0/0, which is not a number. The result is all 0 there.",
     base="by_hand", replace=("self.p_drop == 1", "False"))
slip("double", title="another dtype",
     says="The result has another dtype than x. A mask of float64 makes float64 of float32; make it with rand_like(x).",
     replace=(LIBRARY, f"{LIBRARY}.double()"))
