"""What learners get wrong about softmax and cross-entropy."""

from __future__ import annotations

from autograder.judging.slips import ALL, slips, way

FLOORS = (1e-5, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15)
MAXIMUM = "scores.max(axis=-1, keepdims=True)"
NORMALISED = "exponentials / exponentials.sum(axis=-1, keepdims=True)"
MAXIMUM_OF_ROWS = "scores.max(axis=1, keepdims=True)"
NOT_THE_MAXIMUM = "something else than the maximum subtracted"
LIKELY = {"between": [5, 100], "derive": {"floor": "exp(-cap)"}}


# softmax

slip = slips("softmax", see="stable")

slip("no_maximum", title="no maximum subtracted",
     says="No maximum is subtracted. exp overflows for scores above 709. If all scores of a row are below -745, all "
     "its exponentials become 0. Both give NaN.",
     replace=(f" - {MAXIMUM}", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: a row far below it underflows to 0/0. Every row needs its own.",
     replace=(MAXIMUM, "scores.max()"))
slip("mean_for_maximum", title=NOT_THE_MAXIMUM,
     says="Something else than the maximum is subtracted from each row, its mean, say. A score that lies more than 709 "
     "above it still overflows. With the row's maximum, no exponent is above 0.",
     replace=(MAXIMUM, MAXIMUM.replace("max(", "mean(")))
slip("numerator_only", title="the shift in the numerator only",
     says="The maximum is subtracted in the numerator only. So every probability is multiplied by exp(-maximum), and "
     "the rows do not sum to 1 (unless the maximum is 0).",
     replace=("exponentials.sum(", "np.exp(scores).sum("))
slip("scores_cut_off", title="scores cut off to avoid overflow",
     says="The scores are cut off (at ±500, say) to avoid overflow: larger scores become equal, so the probabilities "
     "of a row around 1000 are all the same.",
     replace=(f"scores - {MAXIMUM}", "np.clip(scores, -500, 500)"))
slip("overflow_hidden", title="overflow hidden as zero",
     says="The NaN of an overflow is replaced by 0: the result looks finite, but the likeliest class gets probability "
     "0 and the row does not sum to 1.",
     replace=[(f" - {MAXIMUM}", ""), (NORMALISED, f"np.nan_to_num({NORMALISED})")])
slip("floor", title="probabilities kept above {floor:.0e}",
     says="No probability falls below {floor:.0e}, so the rows sum to more than 1. A softmax needs no limit: nothing "
     "is divided by a probability.",
     replace=(NORMALISED, f"np.clip({NORMALISED}, {{floor}}, 1)"),
     parameter="floor",
     values=(1e-7, 1e-8, 1e-5))
slip("constant_in_denominator", title="a constant of {constant:.0e} added to the probabilities",
     says="A constant of {constant:.0e} is added to every probability (without brackets, a / b + c adds c after the "
     "division), so the rows sum to more than 1.",
     replace=("keepdims=True)", "keepdims=True) + {constant}", 2),
     parameter="constant",
     values=(1e-8, 1e-7, 1e-6))
slip("over_batch", title="normalised over the batch",
     says="The sum runs down the batch: the columns sum to 1 instead of the rows, so examples compete with each other "
     "instead of classes.",
     replace=("axis=-1", "axis=0", ALL))
slip("over_everything", title="normalised over everything",
     says="The sum runs over the whole array: all the probabilities of the batch together sum to 1, instead of those "
     "of each row.",
     replace=("axis=-1, keepdims=True", "", ALL))
slip("second_axis", title="the second axis instead of the last",
     says="The axis is fixed to 1, which is the last one only for a two-dimensional array: a single vector raises an "
     "error, and with more dimensions the wrong ones are summed.",
     replace=("axis=-1", "axis=1", ALL))
slip("keepdims_of_sum", title="no keepdims in the sum",
     says="The sum has no keepdims: dividing (N, C) by (N,) mostly fails, and if N equals C, it divides column n by "
     "the sum of row n, without any message.",
     replace=(", keepdims=True", "", 2))
slip("keepdims_twice", title="no keepdims at all",
     says="The maximum and the sum have no keepdims. If N equals C there is no error: the maximum and the "
     "sum of row n then act on column n.",
     replace=(", keepdims=True", "", ALL))
slip("keepdims_of_maximum", title="no keepdims in the maximum",
     says="The maximum has no keepdims: subtracting (N,) from (N, C) mostly fails, and if N equals C, the maximum of "
     "row n is subtracted from column n, without any message.",
     replace=(", keepdims=True", "", 1))
slip("no_exponential", title="exponential forgotten",
     says="The scores are divided by their sum without the exponential: scores may be negative and may sum to 0, so "
     "the result is no probability.",
     see="scores",
     replace=(f"np.exp(scores - {MAXIMUM})", "scores"))
slip("not_normalised", title="normalisation forgotten",
     says="The division by the sum is missing: the shifted exponentials are positive, but the rows do not sum to 1.",
     see="scores",
     replace=(" / exponentials.sum(axis=-1, keepdims=True)", ""))
slip("exponentials", title="exponentials returned",
     says="These are the exponentials alone: nothing is subtracted before, and the division by their sum is missing.",
     see="scores",
     code="""
     def softmax(scores):
         return np.exp(scores)
     """)
slip("sigmoid", title="a sigmoid of each score",
     says="This is a sigmoid of each score on its own: the classes do not compete, and the rows do not sum to 1.",
     see="scores",
     code="""
     def softmax(scores):
         return np.exp(-np.logaddexp(0, -scores))
     """)
slip("twice", title="softmax of the softmax",
     says="The softmax is applied twice: its second input lies between 0 and 1, so the probabilities differ by a "
     "factor of at most e.",
     see="scores",
     replace=(f"return {NORMALISED}", f"exponentials = np.exp({NORMALISED})\n    return {NORMALISED}"))

# log_softmax

slip = slips("log_softmax", see="log")
way(
    "log_softmax",
    "by_probabilities",
    code="""
    def log_softmax(scores):
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        p = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return np.log(p)
    """,
)

slip("log_of_zero", title="logarithm of the softmax",
     says="This takes the logarithm of a softmax that is already computed: where a probability has underflowed to 0 "
     "the result is -inf, though the right value is an ordinary number such as -1000.",
     base="by_probabilities")
slip("log_of_overflow", title="logarithm of an overflowing softmax",
     says="This takes the logarithm of a softmax without a maximum subtracted: large scores end in NaN before the "
     "logarithm is reached.",
     base="by_probabilities",
     replace=(f" - {MAXIMUM}", ""))
slip("no_maximum", title="no maximum subtracted",
     says="The right formula without the maximum subtracted: the sum of exponentials overflows to inf for scores "
     "above 709 and vanishes below -745, and so the result is infinite.",
     replace=(f" - {MAXIMUM}", ""))
slip("floor", title="a lower limit of {floor:.0e} for p",
     says="No log-probability falls below {cap:.4g}, however wrong the class, as if p were kept above {floor:.0e} "
     "before the logarithm. Take the logarithm of the sum, and no limit is needed.",
     base="by_probabilities",
     replace=("np.log(p)", "np.log(p + {floor})"),
     parameter="floor",
     values=FLOORS,
     estimate={"by": "cap", "side": "below", "between": [-100, -5], "derive": {"floor": "exp(cap)"}})
slip("infinity_hidden", title="infinity hidden",
     says="Minus infinity is replaced by the most negative number there is: the result is finite now, but -1.8e308 "
     "stands where an ordinary number such as -1000 belongs.",
     base="by_probabilities",
     replace=("np.log(p)", "np.nan_to_num(np.log(p))"))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: in a row far below it the sum of exponentials underflows to 0, and its "
     "logarithm is infinite.",
     see="stable",
     replace=(MAXIMUM, "scores.max()"))
slip("mean_for_maximum", title=NOT_THE_MAXIMUM,
     says="Something else than the maximum is subtracted from each row, its mean, say. A score that lies more than 709 "
     "above it still overflows, and the logarithm is infinite. With the row's maximum, no exponent is above 0.",
     see="stable",
     replace=(MAXIMUM, MAXIMUM.replace("max(", "mean(")))
slip("maximum_not_given_back", title="the maximum not subtracted from the score",
     says="The maximum is subtracted inside the sum of exponentials but not from the score itself: every row is too "
     "large by its maximum.",
     replace=("return shifted", "return scores"))
slip("sign_of_sum", title="log-sum-exp added",
     says="The logarithm of the sum is added, where it has to be subtracted: the largest log-probability of each row "
     "comes out above 0.",
     replace=("shifted - np.log", "shifted + np.log"))
slip("base", title="logarithm to base {base:g}",
     says="The logarithm of the sum is taken to base {base:g}, so the exponentials of a row do not sum to 1. The "
     "softmax is made of powers of e and needs the natural logarithm.",
     replace=("np.log(", "np.log{base}("),
     parameter="base",
     values=(2, 10))
slip("over_batch", title="normalised over the batch",
     says="The sum runs down the batch: the exponentials of every column sum to 1 instead of those of every row.",
     see="stable",
     replace=("axis=-1", "axis=0", ALL))
slip("second_axis", title="the second axis instead of the last",
     says="The axis is fixed to 1, which is the last one only for a two-dimensional array: a single vector raises an "
     "error, and with more dimensions the wrong ones are summed.",
     see="stable",
     replace=("axis=-1", "axis=1", ALL))
slip("keepdims_of_sum", title="no keepdims in the sum",
     says="The sum has no keepdims: subtracting (N,) from (N, C) mostly fails, and if N equals C, the logarithm of "
     "row n is subtracted from column n, without any message.",
     see="stable",
     replace=(", keepdims=True", "", 2))
slip("probabilities", title="probabilities returned",
     says="These are the probabilities themselves: the logarithm is missing, and a log-probability is never positive.",
     base="by_probabilities",
     replace=("np.log(p)", "p"))

# cross_entropy

slip = slips("cross_entropy", see="cross-entropy")
way(
    "cross_entropy",
    "by_probabilities",
    code="""
    def cross_entropy(scores, targets):
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
        p = probabilities[np.arange(len(targets)), targets]
        return float(np.mean(-np.log(p)))
    """,
)
way(
    "cross_entropy",
    "by_log_probabilities",
    code="""
    def cross_entropy(scores, targets):
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return float(-np.mean(log_p[np.arange(len(targets)), targets]))
    """,
)
way(
    "cross_entropy",
    "by_a_loop",
    code="""
    def cross_entropy(scores, targets):
        loss = 0.0
        for row, target in zip(scores, targets):
            shifted = row - row.max()
            loss += np.log(np.exp(shifted).sum()) - shifted[target]
        return float(loss / len(targets))
    """,
)
AT_THE_TARGETS = "[np.arange(len(targets)), targets]"

slip("log_of_zero", title="logarithm of zero",
     says="This takes the logarithm of a probability that is already computed: where that of the true class has "
     "underflowed to 0, the loss is infinite instead of, say, 1000.",
     see="log",
     base="by_probabilities")
slip("difference_overflows", title="the exponential of a large difference",
     says="The formula log(sum(exp(s - s_y))) is right, but where the true class lies more than 709 below another, the "
     "exponential overflows and the loss is infinite. Subtract the maximum of the row.",
     see="log",
     code="""
     def cross_entropy(scores, targets):
         of_true_class = scores[np.arange(len(targets)), targets]
         return float(np.mean(np.log(np.exp(scores - of_true_class[:, None]).sum(axis=1))))
     """)
slip("logarithm_of_product", title="logarithm of a product",
     says="The probabilities are multiplied before the logarithm: the product of a batch underflows to 0 much earlier "
     "than each of them, and the loss is infinite. Add the logarithms.",
     base="by_probabilities",
     replace=("np.mean(-np.log(p))", "-np.log(np.prod(p)) / len(p)"))
slip("overflowing_softmax", title="an overflowing softmax",
     says="No maximum is subtracted in the softmax: scores of ±1000 overflow or underflow, and the loss is NaN or "
     "infinite.",
     see="stable",
     base="by_probabilities",
     replace=(f" - {MAXIMUM_OF_ROWS}", ""))
slip("no_maximum", title="no maximum subtracted",
     says="The logarithm of the sum of exponentials is taken without subtracting the maximum: scores of ±1000 make "
     "the sum overflow or vanish, and the loss infinite, or NaN where both happen in one batch.",
     see="log",
     replace=(f" - {MAXIMUM_OF_ROWS}", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: in a row far below it the sum of exponentials underflows, and the loss "
     "is infinite.",
     see="stable",
     replace=(MAXIMUM_OF_ROWS, "scores.max()"))
slip("one_maximum_in_softmax", title="one maximum for the batch, in the softmax",
     says="One maximum for the whole batch in the softmax: a row far below it underflows to 0/0, and the loss is NaN.",
     see="stable",
     base="by_probabilities",
     replace=(MAXIMUM_OF_ROWS, "scores.max()"))
slip("mean_for_maximum", title=NOT_THE_MAXIMUM,
     says="Something else than the maximum is subtracted from each row, its mean, say. A score that lies more than 709 "
     "above it still overflows, and the loss is infinite. With the row's maximum, no exponent is above 0.",
     see="stable",
     replace=(MAXIMUM_OF_ROWS, MAXIMUM_OF_ROWS.replace("max(", "mean(")))
slip("floor", title="a lower limit of {floor:.0e} for p",
     says="No example costs more than {cap:.4g}, so being sure and wrong costs too little, as if p were kept above "
     "{floor:.0e} before the logarithm. Take the logarithm of the sum of exponentials, and no limit is needed.",
     see="log",
     base="by_probabilities",
     replace=("np.log(p)", "np.log(p + {floor})"),
     parameter="floor",
     values=(1e-9, *FLOORS),
     estimate={"by": "cap", "side": "above", "mean_over": "targets", **LIKELY})
slip("worst_mistakes_dropped", title="the worst mistakes dropped",
     says="Examples whose probability underflows are given the loss 0: the worst mistakes count as perfect answers.",
     see="log",
     base="by_probabilities",
     replace=("-np.log(p)", "np.where(p > 0, -np.log(p), 0)"))
slip("summed", title="summed over the batch",
     says="The losses are summed over the batch, not averaged: the result is N times too large and grows with the "
     "batch size.",
     replace=("np.mean", "np.sum"))
slip("not_averaged", title="one loss for each example",
     says="The loss of each example is returned: the mean over the batch is missing.",
     replace=("float(np.mean(log_normaliser - shifted[np.arange(len(targets)), targets]))",
              "log_normaliser - shifted[np.arange(len(targets)), targets]"))
slip("divided_by_classes", title="divided by the number of classes",
     says="The sum of the losses is divided by C, not by N: a mean over the batch divides by the number of examples.",
     base="by_a_loop",
     replace=("len(targets)", "scores.shape[1]"))
slip("mean_over_classes_too", title="a mean over examples and classes",
     says="The mean runs over all N times C entries. In each row all but one are zero, so the loss is C times too "
     "small.",
     base="by_log_probabilities",
     replace=(f"log_p{AT_THE_TARGETS}", "np.eye(scores.shape[1])[targets] * log_p"))
slip("softmax_twice", title="softmax applied twice",
     says="The softmax is applied twice: the inner one squeezes all scores into [0, 1], so even a perfect prediction "
     "costs something, and being sure and wrong costs only 1 nat more.",
     base="by_probabilities",
     replace=(
         "    p =",
         "    probabilities = np.exp(probabilities) / np.exp(probabilities).sum(axis=1, keepdims=True)\n    p =",
     ))
slip("log_forgotten", title="logarithm forgotten",
     says="The probabilities go into the loss without a logarithm: it lies between -1 and 0, and being sure and wrong "
     "costs no more than 1 extra.",
     base="by_probabilities",
     replace=("np.log(p)", "p"))
slip("base_10", title="logarithm to base 10",
     says="This is the logarithm to base 10: every loss is 0.4343 times what it should be. Nats need the natural one.",
     base="by_probabilities",
     replace=("np.log(p)", "np.log10(np.maximum(p, 1e-300))"))
slip("normaliser_forgotten", title="no log-sum-exp",
     says="The raw scores are used as log-probabilities. Without the log-sum-exp the loss ignores all other classes "
     "and has no lower bound.",
     replace=("log_normaliser - shifted", "-scores"))
slip("every_target", title="every target for every example",
     says="With p[:, targets] you take every target's column for every example, an N by N matrix: each example is also "
     "compared with the targets of all the others.",
     base="by_log_probabilities",
     replace=(AT_THE_TARGETS, "[:, targets]"))
slip("last_example", title="only the last example counts",
     says="The loop replaces the loss at each example instead of adding to it: only the last example counts, divided "
     "by N.",
     base="by_a_loop",
     replace=("loss += ", "loss = "))
slip("first_example", title="only the first example counts",
     says="The return stands inside the loop, so it ends after the first example. Indent it less.",
     base="by_a_loop",
     replace=("    return", "        return"))
slip("predicted_class", title="the predicted class instead of the true one",
     says="The loss is taken at the likeliest class instead of the true one: it never looks at the targets and "
     "rewards any sure prediction, right or wrong.",
     replace=(", targets]", ", scores.argmax(axis=1)]"))
slip("counted_from_one", title="classes counted from one",
     says="The classes are counted from 1: each example gets the column before its own, and class 0 gets the last "
     "column.",
     replace=(", targets]", ", targets - 1]"))
slip("log_of_mean", title="logarithm of the mean",
     says="The logarithm is taken after the mean: the logarithm of a mean is not the mean of the logarithms, and one "
     "very wrong example hardly changes the loss.",
     base="by_probabilities",
     replace=("np.mean(-np.log(p))", "-np.log(np.mean(p))"))
slip("other_classes_too", title="the other classes charged too",
     says="The terms log(1 - p) of the other classes are added: that is a binary cross-entropy for each class. The "
     "other classes are already in the loss, through the sum in the softmax.",
     base="by_probabilities",
     replace=[
         (f"p = probabilities{AT_THE_TARGETS}", f"probabilities{AT_THE_TARGETS} = 1 - probabilities{AT_THE_TARGETS}"),
         ("-np.log(p)", "-np.log(1 - probabilities).sum(axis=1)"),
     ])
slip("squared_error", title="squared error of the probabilities",
     says="This is the squared error between probabilities and one-hot targets: being sure and wrong costs 2 at most, "
     "and its gradient vanishes.",
     see="gradient",
     base="by_probabilities",
     replace=[
         (f"p = probabilities{AT_THE_TARGETS}", f"probabilities{AT_THE_TARGETS} -= 1"),
         ("-np.log(p)", "(probabilities**2).sum(axis=1)"),
     ])

# cross_entropy_gradient

slip = slips("cross_entropy_gradient", see="gradient")
way(
    "cross_entropy_gradient",
    "with_one_hot",
    code="""
    def cross_entropy_gradient(scores, targets):
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = exponentials / exponentials.sum(axis=1, keepdims=True)
        y = np.eye(scores.shape[1])[targets]
        return (p - y) / len(targets)
    """,
)
way(
    "cross_entropy_gradient",
    "by_the_chain_rule",
    code="""
    def cross_entropy_gradient(scores, targets):
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = exponentials / exponentials.sum(axis=1, keepdims=True)
        rows = np.arange(len(targets))
        d_p = np.zeros(p.shape)
        d_p[rows, targets] = -1 / p[rows, targets] / len(targets)
        return p * (d_p - (d_p * p).sum(axis=1, keepdims=True))
    """,
)

slip("not_divided", title="not divided by the batch size",
     says="The loss is a mean, but its gradient is not divided by N: it is N times too large.",
     replace=(" / len(targets)", ""))
slip("divided_by_classes", title="divided by the number of classes",
     says="The gradient is divided by C, not by N: the loss is a mean over the examples.",
     replace=("/ len(targets)", "/ scores.shape[1]"))
slip("reversed", title="sign reversed",
     says="The sign is reversed (targets minus probabilities): gradient descent would climb and make the true class "
     "less likely.",
     base="with_one_hot",
     replace=("p - y", "y - p"))
slip("true_class_ignored", title="the true class not treated",
     says="The true class is not treated at all: these are the probabilities divided by N, which push every score "
     "down whatever the targets are.",
     base="with_one_hot",
     replace=("(p - y)", "p"))
slip("true_class_twice", title="the true class handled twice",
     says="The true class is handled twice, once with all the classes and once more on its own: its probability is "
     "counted double.",
     base="with_one_hot",
     replace=("(p - y)", "(p + y * (p - 1))"))
slip("element_wise", title="the softmax treated as element-wise",
     says="Only the true class gets a gradient, as if the softmax acted on each score alone with the slope p(1 - p): "
     "the other scores enter the loss through the sum, and every row of the gradient has to sum to 0.",
     base="with_one_hot",
     replace=("(p - y)", "y * (p - 1)"))
slip("softmax_derived_twice", title="the derivative of the softmax applied twice",
     says="The gradient p - y is multiplied by p(1 - p) once more: p - y already is the gradient with respect to the "
     "scores, and the extra factor makes it vanish where the network is sure and wrong.",
     base="with_one_hot",
     replace=("(p - y)", "(p - y) * p * (1 - p)"))
slip("gradient_of_probabilities", title="the gradient of the probabilities",
     says="This is the gradient with respect to the probabilities, -1/p at the true class: it still has to pass "
     "through the softmax to reach the scores.",
     base="with_one_hot",
     replace=("(p - y)", "-y / p"))
slip("through_infinity", title="the chain rule through a division by zero",
     says="The chain rule is right, but it starts with -1/p: where the probability of the true class underflows, "
     "infinity times zero gives NaN. Simplify on paper before computing.",
     base="by_the_chain_rule")
slip("nothing_from_the_worst", title="no gradient from the worst mistakes",
     says="The chain rule starts with -1/(p + {constant:.0e}): where the probability of the true class is far smaller, "
     "the gradient becomes 0, so the network learns nothing from its worst mistakes.",
     base="by_the_chain_rule",
     replace=("-1 / p[rows, targets]", "-1 / (p[rows, targets] + {constant})"),
     parameter="constant",
     values=(1e-12, 1e-10, 1e-8, 1e-7))
slip("no_maximum", title="no maximum subtracted",
     says="No maximum is subtracted in the softmax: scores of ±1000 make the gradient NaN.",
     see="stable",
     replace=(f" - {MAXIMUM_OF_ROWS}", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch in the softmax: rows far below it underflow, and their gradient is NaN.",
     see="stable",
     replace=(MAXIMUM_OF_ROWS, "scores.max()"))
slip("mean_for_maximum", title=NOT_THE_MAXIMUM,
     says="Something else than the maximum is subtracted from each row, its mean, say. A score that lies more than 709 "
     "above it still overflows, and the gradient is NaN. With the row's maximum, no exponent is above 0.",
     see="stable",
     replace=(MAXIMUM_OF_ROWS, MAXIMUM_OF_ROWS.replace("max(", "mean(")))
slip("class_numbers", title="class numbers subtracted",
     says="The class numbers themselves are subtracted instead of their one-hot rows: class 5 is no larger than "
     "class 1, it only has another name.",
     base="with_one_hot",
     replace=("np.eye(scores.shape[1])[targets]", "targets[:, None]"))
slip("every_target", title="every target in every row",
     says="With p[:, targets] you reach the columns of all targets in every row: 1 is subtracted from classes that "
     "are true for other examples only.",
     replace=("[np.arange(len(targets)), targets]", "[:, targets]"))
slip("softmax_twice", title="softmax applied twice",
     says="The softmax is applied twice: its outputs lie so close together that a perfect prediction still gets a "
     "gradient.",
     base="with_one_hot",
     replace=("    y =", "    p = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)\n    y ="))
slip("last_row", title="only the last row survives",
     says="The loop makes a new array for each example: only the last row of the gradient is kept.",
     code="""
     def cross_entropy_gradient(scores, targets):
         for i, target in enumerate(targets):
             exponentials = np.exp(scores[i] - scores[i].max())
             gradient = np.zeros(scores.shape)
             gradient[i] = exponentials / exponentials.sum()
             gradient[i, target] -= 1
         return gradient / len(targets)
     """)

# binary_cross_entropy

slip = slips("binary_cross_entropy", see="two-classes")
way(
    "binary_cross_entropy",
    "by_the_formula",
    code="""
    def binary_cross_entropy(score, target):
        p = 1 / (1 + np.exp(-score))
        return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))
    """,
)
way(
    "binary_cross_entropy",
    "by_p_of_the_true_class",
    code="""
    def binary_cross_entropy(score, target):
        p = 1 / (1 + np.exp(-score))
        return float(-np.mean(np.log(np.where(target == 1, p, 1 - p))))
    """,
)
way(
    "binary_cross_entropy",
    "by_softplus",
    code="""
    def binary_cross_entropy(score, target):
        return float(np.mean(np.logaddexp(0, score) - target * score))
    """,
)
way(
    "binary_cross_entropy",
    "by_a_small_remainder",
    code="""
    def binary_cross_entropy(score, target):
        return float(np.mean(np.maximum(score, 0) - score * target + np.log1p(np.exp(-np.abs(score)))))
    """,
)

slip("zero_times_infinity", title="zero times infinity",
     says="The sigmoid goes into t log p + (1 - t) log(1 - p): above 37 it is exactly 1, below -709 exactly 0. A wrong "
     "answer then costs infinity, and 0 times -inf gives NaN for right ones.",
     base="by_the_formula")
slip("zero_times_overflow", title="zero times an overflow",
     says="The formula t log(1 + exp(-s)) + (1 - t) log(1 + exp(s)) computes both terms: beyond 709 one of them is "
     "infinite, and 0 times infinity gives NaN for right answers. Choose one term, and use logaddexp.",
     replace=("np.logaddexp(0, np.where(target == 1, -score, score))",
              "target * np.log(1 + np.exp(-score)) + (1 - target) * np.log(1 + np.exp(score))"))
slip("log_of_zero", title="logarithm of the sigmoid",
     says="This takes the logarithm of a sigmoid that is already computed: above 37 it is exactly 1, so being sure and "
     "wrong costs infinity instead of its score.",
     base="by_p_of_the_true_class")
slip("logarithm_cut_off", title="the logarithm cut off at -100",
     says="The logarithm of the sigmoid is cut off at -100, as in torch's binary_cross_entropy: above 37 the sigmoid "
     "is exactly 1, and being sure and wrong costs 100, whatever the score is.",
     base="by_p_of_the_true_class",
     replace=("np.log(np.where(target == 1, p, 1 - p))", "np.maximum(np.log(np.where(target == 1, p, 1 - p)), -100)"))
slip("wrong_exponential_overflows", title="the exponential of a sure, wrong score",
     says="The formula, log(1 + exp(-s)) for class 1 and log(1 + exp(s)) for class 0, is right, but beyond 709 the "
     "exponential overflows: being sure and wrong costs infinity. np.logaddexp(0, ...) does not overflow.",
     replace=("np.logaddexp(0, np.where(target == 1, -score, score))",
              "np.log(1 + np.exp(np.where(target == 1, -score, score)))"))
slip("exponential_overflows", title="the exponential of a large score",
     says="The exponential in log(1 + exp(s)) overflows for s above 709: the loss is infinite, for right answers too.",
     base="by_softplus",
     replace=("np.logaddexp(0, score)", "np.log(1 + np.exp(score))"))
slip("floor", title="a lower limit of {floor:.0e} for p",
     says="No example costs more than {cap:.4g}, so being sure and wrong costs too little, as if p were kept above "
     "{floor:.0e}, by adding to it, or by clipping it or the score. Work with the score, and no limit is needed.",
     base="by_the_formula",
     replace=[("np.log(p)", "np.log(p + {floor})"), ("np.log(1 - p)", "np.log(1 - p + {floor})")],
     parameter="floor",
     values=FLOORS,
     estimate={"by": "cap", "side": "above", "mean_over": "target", **LIKELY, "between": [5, 740]})
slip("swapped", title="classes swapped",
     says="The two classes are swapped, by the sign of the score or by the target: this is the loss of predicting "
     "class 0 where class 1 is meant, and a right answer costs what a wrong one should.",
     replace=("-score, score", "score, -score"))
slip("only_class_one", title="only the positive class",
     says="Only t log p is there: examples of class 0 cost nothing, whatever is predicted, so calling everything "
     "class 1 would be perfect.",
     replace=("np.logaddexp(0, np.where(target == 1, -score, score))", "target * np.logaddexp(0, -score)"))
slip("target_ignored", title="target ignored",
     says="The targets are not used: every example is treated as a yes.",
     replace=("np.where(target == 1, -score, score)", "-score"))
slip("targets_for_signs", title="targets taken for signs",
     says="The formula log(1 + exp(-t s)) is for targets -1 and 1: with target 0 it gives log 2 whatever the score is.",
     replace=("np.where(target == 1, -score, score)", "-target * score"))
slip("summed", title="summed over the batch",
     says="The losses are summed over the batch, not averaged: the result is N times too large and grows with the "
     "batch size.",
     see="cross-entropy",
     replace=("np.mean", "np.sum"))
slip("mean_over_both_terms", title="averaged over both terms",
     says="The mean runs over both terms of every example, 2N numbers of which half are zero: the loss is half of "
     "what it should be.",
     replace=(
         "np.logaddexp(0, np.where(target == 1, -score, score))",
         "[target * np.logaddexp(0, -score), (1 - target) * np.logaddexp(0, score)]",
     ))
slip("correction_left_out", title="correction left out",
     says="Only max(s, 0) - s t is there, without the term log(1 + exp(-|s|)): an undecided score of 0 costs nothing "
     "instead of log 2.",
     base="by_a_small_remainder",
     replace=(" + np.log1p(np.exp(-np.abs(score)))", ""))
slip("sigmoid_twice", title="sigmoid applied twice",
     says="The sigmoid is applied before a loss that contains one: its second input lies between 0 and 1, so no "
     "example can cost less than 0.31, and being sure and wrong costs at most 1.31.",
     base="by_softplus",
     replace=("    return", "    score = np.exp(-np.logaddexp(0, -score))\n    return"))
slip("softmax_across_examples", title="softmax across the examples",
     says="A softmax over the batch stands in for the sigmoid: the examples share probabilities that sum to 1, though "
     "each has a score and a class of its own.",
     base="by_p_of_the_true_class",
     replace=("1 / (1 + np.exp(-score))", "np.exp(score - score.max()) / np.exp(score - score.max()).sum()"))
slip("every_pair", title="every score against every target",
     says="An (N, 1) array meets one of shape (N,) and broadcasts to (N, N): every score is compared with the targets "
     "of all examples.",
     see="regression",
     base="by_softplus",
     replace=("    return", "    score = score.reshape(-1, 1)\n    return"))
slip("squared_error", title="squared error of the sigmoid",
     says="This is the squared error of the sigmoid: being sure and wrong costs 1 at most, and its gradient vanishes.",
     see="gradient",
     code="""
     def binary_cross_entropy(score, target):
         p = np.exp(-np.logaddexp(0, -score))
         return float(np.mean((p - target) ** 2))
     """)

# multitask_loss

slip = slips("multitask_loss", see="several")
BOX_TERM = "box_weight * np.sum(error**2)"
BOX_GRADIENT = "2 * box_weight * error / n"
CLASS_GRADIENT = "(np.exp(log_p) - one_hot) / n"
ONLY_BOXES = "error = np.zeros(box.shape)\n    error[has_box] = box[has_box] - box_targets[has_box]"
way(
    "multitask_loss",
    "by_probabilities",
    code="""
    def multitask_loss(class_scores, box, class_targets, box_targets, box_weight):
        n = len(class_targets)
        exponentials = np.exp(class_scores - class_scores.max(axis=1, keepdims=True))
        p = exponentials / exponentials.sum(axis=1, keepdims=True)
        class_loss = -np.mean(np.log(p[np.arange(n), class_targets]))
        d_class_scores = (p - np.eye(class_scores.shape[1])[class_targets]) / n
        error = np.where(class_targets[:, None] != 0, box - box_targets, 0)
        return float(class_loss + box_weight * np.sum(error**2) / n), d_class_scores, 2 * box_weight * error / n
    """,
)

slip("mean_over_boxes", title="box term divided by the number of boxes",
     says="The box term is divided by the number of boxes. That is a usual choice, too, but another loss than the one "
     "asked for, which divides by N: here the weight of one box depends on how many others are in the batch, and a "
     "batch without boxes gives 0/0 unless that is caught.",
     replace=[
         (f"({BOX_TERM} - np.sum(one_hot * log_p)) / n", f"{BOX_TERM} / n_boxes - np.sum(one_hot * log_p) / n"),
         (BOX_GRADIENT, "2 * box_weight * error / n_boxes"),
         ("    error = ", "    n_boxes = max(has_box.sum(), 1)\n    error = "),
     ])
slip("mean_over_coordinates", title="a mean over the coordinates",
     says="The squared error is averaged over the coordinates of a box instead of summed: the box term and its "
     "gradient are too small by the number of coordinates.",
     replace=[(BOX_TERM, f"{BOX_TERM} / box.shape[1]"), (BOX_GRADIENT, f"{BOX_GRADIENT} / box.shape[1]")])
slip("background_counts", title="background not masked",
     says="The boxes of background examples count as well: there is no object there, and NaN targets make the whole "
     "loss NaN.",
     replace=(ONLY_BOXES, "error = box - box_targets"))
slip("masked_by_multiplication", title="background masked by multiplication",
     says="Background is masked by multiplying with 0: NaN times 0 is still NaN, so a missing box makes the loss of "
     "the whole batch NaN. Choose rows, do not multiply.",
     replace=(ONLY_BOXES, "error = (box - box_targets) * has_box[:, None]"))
slip("only_nan_masked", title="only NaN taken for background",
     says="Only NaN is left out: the box targets of background may hold any number, and it is the class target that "
     "tells which examples are background.",
     replace=(ONLY_BOXES, "error = np.nan_to_num(box - box_targets)"))
slip("gradient_of_background", title="box gradient of background not zero",
     says="The loss leaves background out, but d_box does not: boxes that do not count in the loss have no gradient.",
     replace=(BOX_GRADIENT, "2 * box_weight * (box - box_targets) / n"))
slip("background_not_classified", title="background left out of the class loss",
     says="Background is left out of the cross-entropy as well: it has no box, but it is a class that has to be "
     "learned.",
     replace=[
         ("one_hot * log_p", "one_hot[has_box] * log_p[has_box]"),
         (CLASS_GRADIENT, f"{CLASS_GRADIENT} * has_box[:, None]"),
     ])
slip("no_weight_in_gradient", title="the weight missing from the gradient",
     says="The loss carries box_weight, but d_box does not: the gradient belongs to another loss.",
     replace=(BOX_GRADIENT, "2 * error / n"))
slip("no_weight_in_loss", title="the weight missing from the loss",
     says="The gradient d_box carries box_weight, but the loss does not: the gradient belongs to another loss.",
     replace=(BOX_TERM, "np.sum(error**2)"))
slip("no_weight", title="the weight not used",
     says="The weight box_weight is not used, neither in the loss nor in d_box.",
     replace=[(BOX_TERM, "np.sum(error**2)"), (BOX_GRADIENT, "2 * error / n")])
slip("two_forgotten", title="the factor 2 missing",
     says="The factor 2 is missing from d_box: the derivative of e² is 2e.",
     replace=("2 * box_weight", "box_weight"))
slip("boxes_summed", title="box term summed over the batch",
     says="The box term is summed over the batch and the cross-entropy is averaged: the larger the batch, the more "
     "the boxes count.",
     replace=[(f"{BOX_TERM} -", f"n * {BOX_TERM} -"), (BOX_GRADIENT, "2 * box_weight * error")])
slip("not_divided", title="gradients not divided by the batch size",
     says="The loss is a mean, but neither gradient is divided by N: both are N times too large.",
     replace=[(CLASS_GRADIENT, "np.exp(log_p) - one_hot"), (BOX_GRADIENT, "2 * box_weight * error")])
slip("box_gradient_not_divided", title="the box gradient not divided by the batch size",
     says="The box term of the loss is divided by N, but d_box is not: it is N times too large.",
     replace=(BOX_GRADIENT, "2 * box_weight * error"))
slip("class_gradient_not_divided", title="the class gradient not divided by the batch size",
     says="The class term of the loss is a mean, but d_class_scores is not divided by N: it is N times too large.",
     replace=(CLASS_GRADIENT, "np.exp(log_p) - one_hot"))
slip("mean_in_the_loss_only", title="a mean over the coordinates, in the loss only",
     says="The loss averages the squared error over the coordinates of a box, d_box belongs to their sum: the gradient "
     "belongs to another loss.",
     replace=(BOX_TERM, f"{BOX_TERM} / box.shape[1]"))
slip("wrong_order", title="gradients in the wrong order",
     says="The two gradients come back in the wrong order: d_class_scores belongs before d_box.",
     replace=(f"{CLASS_GRADIENT}, {BOX_GRADIENT}", f"{BOX_GRADIENT}, {CLASS_GRADIENT}"))
slip("overflowing_softmax", title="an overflowing softmax",
     says="No maximum is subtracted in the softmax: scores of ±1000 make the loss NaN or infinite, and d_class_scores "
     "NaN.",
     see="stable",
     base="by_probabilities",
     replace=(" - class_scores.max(axis=1, keepdims=True)", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: a row far below it underflows, and loss and d_class_scores are not finite.",
     see="stable",
     replace=("class_scores.max(axis=1, keepdims=True)", "class_scores.max()"))
slip("log_of_zero", title="logarithm of zero",
     says="This takes the logarithm of a probability that is already computed: where that of the true class underflows "
     "to 0, the loss is infinite.",
     see="log",
     base="by_probabilities")
slip("floor", title="a constant of {floor:.0e} added to p",
     says="A constant of {floor:.0e} is added to p before the logarithm, so being sure and wrong costs too little, "
     "and the gradient belongs to another loss. With log-softmax nothing has to be added.",
     see="log",
     base="by_probabilities",
     replace=("np.log(p[np.arange(n), class_targets])", "np.log(p[np.arange(n), class_targets] + {floor})"),
     parameter="floor",
     values=(1e-9, 1e-12, 1e-10, 1e-8, 1e-7))

# torch_loss

slip = slips("torch_loss", see="pytorch")
FUNCTION = "nn.functional.cross_entropy(model(x), y)"
way(
    "torch_loss",
    "by_probabilities",
    code="""
    def torch_loss(model, x, y):
        p = nn.functional.softmax(model(x), dim=1)[torch.arange(len(y)), y]
        return -torch.log(p).mean()
    """,
)
way(
    "torch_loss",
    "by_log_probabilities",
    code="""
    def torch_loss(model, x, y):
        log_p = nn.functional.log_softmax(model(x), dim=1)
        return nn.functional.nll_loss(log_p, y)
    """,
)

slip("softmax_first", title="softmax before cross_entropy",
     says="The softmax is applied before cross_entropy, which applies it itself: a softmax of a softmax. Below you see "
     "what that does to training.",
     replace=("model(x)", "model(x).softmax(dim=1)"))
slip("probabilities_into_nll", title="probabilities into nll_loss",
     says="The function nll_loss is given probabilities, but it expects their logarithms: the loss lies between -1 "
     "and 0.",
     base="by_log_probabilities",
     replace=("log_softmax", "softmax"))
slip("scores_into_nll", title="raw scores into nll_loss",
     says="The function nll_loss is given raw scores, but it expects log-probabilities: without the log-sum-exp the "
     "loss ignores all other classes and has no lower bound.",
     replace=("cross_entropy", "nll_loss"))
slip("over_batch", title="a log-softmax over the batch",
     says="The log-softmax runs over dim 0, the batch: the examples compete with each other instead of the classes.",
     see="stable",
     base="by_log_probabilities",
     replace=("dim=1", "dim=0"))
slip("summed", title="sum instead of mean",
     says="The losses are summed over the batch instead of averaged: loss and gradients are N times too large.",
     see="cross-entropy",
     replace=("y)", 'y, reduction="sum")'))
slip("log_of_zero", title="logarithm of probabilities",
     says="This takes the logarithm of a softmax that is already computed: where the probability of the true class "
     "underflows, the loss is infinite and the gradients are NaN.",
     see="log",
     base="by_probabilities")
slip("no_maximum", title="log-sum-exp without a maximum",
     says="The log-sum-exp is computed by exp, sum and log, without the maximum subtracted: large scores overflow. "
     "torch.logsumexp subtracts it, and cross_entropy does, too.",
     see="stable",
     code="""
     def torch_loss(model, x, y):
         scores = model(x)
         return (scores.exp().sum(dim=1).log() - scores[torch.arange(len(y)), y]).mean()
     """)
slip("every_target", title="every target for every example",
     says="With log_p[:, y] you take every target's column for every example, an N by N matrix: each example is also "
     "compared with the targets of all the others.",
     see="cross-entropy",
     code="""
     def torch_loss(model, x, y):
         return -nn.functional.log_softmax(model(x), dim=1)[:, y].mean()
     """)
slip("floor", title="a lower limit of {floor:.0e} for p",
     says="No example costs more than {cap:.4g}, as if p were kept above {floor:.0e}, and the gradient of an example "
     "fades as its p falls below that. cross_entropy needs no limit.",
     see="log",
     base="by_probabilities",
     replace=("torch.log(p)", "torch.log(p + {floor})"),
     parameter="floor",
     values=FLOORS,
     estimate={"by": "cap", "side": "above", "of": "loss", "mean_over": "y", **LIKELY})
slip("squared_error", title="squared error of the probabilities",
     says="This is the squared error between probabilities and one-hot targets: where the network is sure and wrong, "
     "the gradient vanishes.",
     see="gradient",
     code="""
     def torch_loss(model, x, y):
         p = nn.functional.softmax(model(x), dim=1)
         return nn.functional.mse_loss(p, nn.functional.one_hot(y, p.shape[1]).to(p.dtype))
     """)
slip("one_sigmoid_per_class", title="one sigmoid for each class",
     says="This is a binary cross-entropy for each class on its own: the classes of one example exclude each other, "
     "so they share one softmax.",
     see="two-classes",
     code="""
     def torch_loss(model, x, y):
         scores = model(x)
         one_hot = nn.functional.one_hot(y, scores.shape[1]).to(scores.dtype)
         return nn.functional.binary_cross_entropy_with_logits(scores, one_hot)
     """)
slip("switches_to_evaluation", title="switches to evaluation",
     says="The function calls model.eval(): during training, the loss is then computed with the running statistics, "
     "and batch norm and dropout stay in evaluation mode afterwards.",
     replace=("return", "model.eval()\n    return"))
slip("evaluation_in_between", title="evaluation mode in between",
     says="The function switches to evaluation mode and back: during training, the loss is then computed with the "
     "running statistics, and not with those of the batch.",
     code="""
     def torch_loss(model, x, y):
         training = model.training
         scores = model.eval()(x)
         model.train(training)
         return nn.functional.cross_entropy(scores, y)
     """)
slip("switches_to_training", title="switches to training",
     says="The function calls model.train(): during evaluation, the loss then depends on the rest of the batch, and "
     "the running statistics change.",
     replace=("return", "model.train()\n    return"))
