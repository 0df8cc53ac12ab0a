"""What learners get wrong about softmax and cross-entropy."""

from __future__ import annotations

from autograder.judging.slips import ALL, slips, way

FLOORS = (1e-5, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15)
MAXIMUM = "scores.max(axis=-1, keepdims=True)"
NORMALISED = "exponentials / exponentials.sum(axis=-1, keepdims=True)"
MAXIMUM_OF_ROWS = "scores.max(axis=1, keepdims=True)"
LIKELY = {"between": [5, 100], "derive": {"floor": "exp(-cap)"}}


# softmax

slip = slips("softmax", see="stable")

slip("no_maximum", title="no maximum subtracted",
     says="No maximum is subtracted: exp overflows for scores above 709 and all of a row underflows below -745, "
     "so large scores of either sign end in NaN.",
     replace=(f" - {MAXIMUM}", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: a row far below it underflows to 0/0. Every row needs its own.",
     replace=(MAXIMUM, "scores.max()"))
slip("numerator_only", title="the shift in the numerator only",
     says="The maximum is subtracted in the numerator only: every probability is too small by the factor "
     "exp(-maximum), and the rows do not sum to 1.",
     replace=("exponentials.sum(", "np.exp(scores).sum("))
slip("scores_cut_off", title="scores cut off to avoid overflow",
     says="The scores are cut off (at ±500, say) to avoid overflow: larger scores become equal, so the probabilities "
     "of a row around 1000 are all the same.",
     replace=(f"scores - {MAXIMUM}", "np.clip(scores, -500, 500)"))
slip("overflow_hidden", title="overflow hidden as zero",
     says="The NaN of an overflow is replaced by 0: the warning is gone, but the likeliest class gets probability 0.",
     replace=[(f" - {MAXIMUM}", ""), (NORMALISED, f"np.nan_to_num({NORMALISED})")])
slip("over_batch", title="normalised over the batch",
     says="The sum runs down the batch: the columns sum to 1 instead of the rows, so examples compete with each other "
     "instead of classes.",
     see="scores",
     replace=("axis=-1", "axis=0", ALL))
slip("over_everything", title="normalised over everything",
     says="The sum runs over the whole array: all the probabilities of the batch together sum to 1, instead of those "
     "of each row.",
     see="scores",
     replace=("axis=-1, keepdims=True", "", ALL))
slip("second_axis", title="the second axis instead of the last",
     says="The axis is fixed to 1, which is the last one only for a two-dimensional array: a single vector raises an "
     "error, and with more dimensions the wrong ones are summed.",
     see="scores",
     replace=("axis=-1", "axis=1", ALL))
slip("keepdims_of_sum", title="keepdims forgotten in the sum",
     says="keepdims is forgotten in the sum: dividing (N, C) by (N,) fails, and where N equals C it silently divides "
     "every column by the sum of another row.",
     see="scores",
     replace=(", keepdims=True", "", 2))
slip("keepdims_twice", title="keepdims forgotten twice",
     says="keepdims is forgotten in the maximum and in the sum: both fail, and where N equals C both silently act on "
     "columns with the numbers of another row.",
     see="scores",
     replace=(", keepdims=True", "", ALL))
slip("no_exponential", title="exponential forgotten",
     says="The scores are divided by their sum without the exponential: scores may be negative and may sum to 0, so "
     "the result is no probability.",
     see="scores",
     replace=(f"np.exp(scores - {MAXIMUM})", "scores"))
slip("not_normalised", title="normalisation forgotten",
     says="The division by the sum is missing: the shifted exponentials are positive, but the rows do not sum to 1.",
     see="scores",
     replace=(" / exponentials.sum(axis=-1, keepdims=True)", ""))
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

slip("log_of_zero", title="logarithm of a finished softmax",
     says="The logarithm is taken of finished probabilities: where one has underflowed to 0 the result is -inf, "
     "though the right value is an ordinary number such as -1000.",
     base="by_probabilities")
slip("log_of_overflow", title="logarithm of an overflowing softmax",
     says="The logarithm is taken of a softmax without a maximum subtracted: large scores end in NaN before the "
     "logarithm is reached.",
     base="by_probabilities",
     replace=(f" - {MAXIMUM}", ""))
slip("no_maximum", title="no maximum subtracted",
     says="The right formula without the maximum subtracted: the sum of exponentials overflows to inf for scores "
     "above 709 and vanishes below -745, and so the result is infinite.",
     replace=(f" - {MAXIMUM}", ""))
slip("floor", title="a floor of {floor:.0e} under p",
     says="No log-probability falls below {cap:.4g}, however wrong the class: a floor of {floor:.0e} is kept under "
     "the probabilities before the logarithm. Take the logarithm of the sum and no floor is needed.",
     base="by_probabilities",
     replace=("np.log(p)", "np.log(p + {floor})"),
     parameter="floor",
     values=FLOORS,
     estimate={"by": "cap", "side": "below", "between": [-100, -5], "derive": {"floor": "exp(cap)"}})
slip("infinity_hidden", title="infinity hidden",
     says="-inf is replaced by the most negative number there is: the result is finite now, but -1.8e308 stands where "
     "an ordinary number such as -1000 belongs.",
     base="by_probabilities",
     replace=("np.log(p)", "np.nan_to_num(np.log(p))"))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: in a row far below it the sum of exponentials underflows to 0, and its "
     "logarithm is infinite.",
     replace=(MAXIMUM, "scores.max()"))
slip("maximum_not_given_back", title="the maximum never given back",
     says="The maximum is subtracted inside the sum of exponentials but not from the score itself: every row is too "
     "large by its maximum.",
     replace=("return shifted", "return scores"))
slip("over_batch", title="normalised over the batch",
     says="The sum runs down the batch: the exponentials of every column sum to 1 instead of those of every row.",
     replace=("axis=-1", "axis=0", ALL))
slip("probabilities", title="probabilities returned",
     says="These are the probabilities themselves: the logarithm is missing, and no value may be positive.",
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
     says="The logarithm is taken of a finished probability: when that of the true class has underflowed to 0, the "
     "loss is infinite instead of, say, 1000.",
     base="by_probabilities")
slip("overflowing_softmax", title="an overflowing softmax",
     says="No maximum is subtracted in the softmax: scores of ±1000 overflow or underflow, and the loss is NaN.",
     base="by_probabilities",
     replace=(f" - {MAXIMUM_OF_ROWS}", ""))
slip("no_maximum", title="no maximum subtracted",
     says="The logarithm of the sum of exponentials is taken without subtracting the maximum: scores of ±1000 make "
     "the sum overflow or vanish, and the loss infinite.",
     replace=(f" - {MAXIMUM_OF_ROWS}", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch: in a row far below it the sum of exponentials underflows, and the loss "
     "is infinite.",
     replace=(MAXIMUM_OF_ROWS, "scores.max()"))
slip("floor", title="a floor of {floor:.0e} under p",
     says="No example costs more than {cap:.4g}, so sure mistakes count too little: a floor of {floor:.0e} is kept "
     "under the probability. Take the logarithm of the sum of exponentials and no floor is needed.",
     base="by_probabilities",
     replace=("np.log(p)", "np.log(p + {floor})"),
     parameter="floor",
     values=(1e-9, *FLOORS),
     estimate={"by": "cap", "side": "above", "mean_over": "targets", **LIKELY})
slip("worst_mistakes_dropped", title="the worst mistakes dropped",
     says="Examples whose probability underflows are given the loss 0: the worst mistakes count as perfect answers.",
     base="by_probabilities",
     replace=("-np.log(p)", "np.where(p > 0, -np.log(p), 0)"))
slip("summed", title="summed over the batch",
     says="The losses are summed over the batch, not averaged: the result is N times too large and grows with the "
     "batch size.",
     replace=("np.mean", "np.sum"))
slip("mean_over_classes_too", title="a mean over examples and classes",
     says="The mean runs over all N times C entries of the masked matrix: all but one of each row are zeros, so the "
     "loss is C times too small.",
     base="by_log_probabilities",
     replace=(f"log_p{AT_THE_TARGETS}", "np.eye(scores.shape[1])[targets] * log_p"))
slip("softmax_twice", title="softmax applied twice",
     says="The softmax is applied twice: the inner one squeezes all scores into [0, 1], so even a perfect prediction "
     "cannot bring the loss below log(1 + (C - 1)/e), and a sure mistake costs little more.",
     base="by_probabilities",
     replace=(
         "    p =",
         "    probabilities = np.exp(probabilities) / np.exp(probabilities).sum(axis=1, keepdims=True)\n    p =",
     ))
slip("log_forgotten", title="logarithm forgotten",
     says="The probabilities go into the loss without a logarithm: it lies between -1 and 0, and a sure mistake costs "
     "no more than 1 extra.",
     base="by_probabilities",
     replace=("np.log(p)", "p"))
slip("normaliser_forgotten", title="normaliser forgotten",
     says="The raw scores are taken for log-probabilities: without the normaliser the loss ignores all other classes "
     "and has no lower bound.",
     replace=("log_normaliser - shifted", "-scores"))
slip("every_target", title="every target for every example",
     says="p[:, targets] takes every target's column for every example, an N by N matrix: each example is charged for "
     "the classes of all the others.",
     base="by_log_probabilities",
     replace=(AT_THE_TARGETS, "[:, targets]"))
slip("last_example", title="only the last example counts",
     says="The loss is set anew for each example of the loop instead of added up: only the last one contributes, "
     "divided by N.",
     base="by_a_loop",
     replace=("loss += ", "loss = "))
slip("predicted_class", title="the predicted class instead of the true one",
     says="The loss is taken at the likeliest class instead of the true one: it never looks at the targets and "
     "rewards any sure prediction, right or wrong.",
     replace=(", targets]", ", scores.argmax(axis=1)]"))
slip("counted_from_one", title="classes counted from one",
     says="The targets are taken to start at 1: each example is charged for the class before its own, and class 0 "
     "wraps around to the last.",
     replace=(", targets]", ", targets - 1]"))
slip("log_of_mean", title="logarithm of the mean",
     says="The logarithm is taken after the mean: the logarithm of a mean is not the mean of the logarithms, and one "
     "sure mistake hides behind the other examples.",
     base="by_probabilities",
     replace=("np.mean(-np.log(p))", "-np.log(np.mean(p))"))
slip("other_classes_too", title="the other classes charged too",
     says="The terms log(1 - p) of the other classes are added: that is a binary cross-entropy for each class. The "
     "softmax has charged for the other classes already.",
     base="by_probabilities",
     replace=[
         (f"p = probabilities{AT_THE_TARGETS}", f"probabilities{AT_THE_TARGETS} = 1 - probabilities{AT_THE_TARGETS}"),
         ("-np.log(p)", "-np.log(1 - probabilities).sum(axis=1)"),
     ])
slip("squared_error", title="squared error of the probabilities",
     says="This is the squared error between probabilities and one-hot targets: a sure mistake costs 2 at most, and "
     "its gradient vanishes.",
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
slip("element_wise", title="the softmax taken for element-wise",
     says="Only the true class gets a gradient, as if the softmax acted on each score alone with the slope p(1 - p): "
     "the other scores enter the loss through the sum, and every row of the gradient has to sum to 0.",
     base="with_one_hot",
     replace=("(p - y)", "y * (p - 1)"))
slip("softmax_derived_twice", title="the derivative of the softmax applied twice",
     says="p - y is multiplied by p(1 - p) once more: p - y already is the gradient with respect to the scores, and "
     "the extra factor makes it vanish where the network is surely wrong.",
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
     says="The chain rule starts with -1/(p + 1e-12): where the probability of the true class underflows the gradient "
     "becomes 0, so the network learns nothing from its worst mistakes.",
     base="by_the_chain_rule",
     replace=("-1 / p[rows, targets]", "-1 / (p[rows, targets] + 1e-12)"))
slip("no_maximum", title="no maximum subtracted",
     says="No maximum is subtracted in the softmax: scores of ±1000 make the gradient NaN.",
     replace=(f" - {MAXIMUM_OF_ROWS}", ""))
slip("one_maximum", title="one maximum for the batch",
     says="One maximum for the whole batch in the softmax: rows far below it underflow, and their gradient is NaN.",
     replace=(MAXIMUM_OF_ROWS, "scores.max()"))
slip("class_numbers", title="class numbers subtracted",
     says="The class numbers themselves are subtracted instead of their one-hot rows: class 5 is no larger than "
     "class 1, it only has another name.",
     base="with_one_hot",
     replace=("np.eye(scores.shape[1])[targets]", "targets[:, None]"))
slip("every_target", title="every target in every row",
     says="p[:, targets] reaches the columns of all targets in every row: 1 is subtracted from classes that are true "
     "for other examples only.",
     replace=("[np.arange(len(targets)), targets]", "[:, targets]"))
slip("softmax_twice", title="softmax applied twice",
     says="The softmax is applied twice: its outputs lie so close together that a perfect prediction still gets a "
     "gradient.",
     base="with_one_hot",
     replace=("    y =", "    p = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)\n    y ="))
slip("last_row", title="only the last row survives",
     says="The array of results is made anew for each example of the loop: only the last row of the gradient survives.",
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
     says="A finished sigmoid goes into t log p + (1 - t) log(1 - p): at ±1000 it is exactly 0 or 1, and 0 times -inf "
     "gives NaN, for right answers too.",
     base="by_the_formula")
slip("log_of_zero", title="logarithm of a finished sigmoid",
     says="The logarithm is taken of a finished sigmoid: at ±1000 it is exactly 0 or 1, so a sure mistake costs "
     "infinity instead of 1000.",
     base="by_p_of_the_true_class")
slip("exponential_overflows", title="the exponential of a large score",
     says="log(1 + exp(s)) overflows for s above 709: the loss is infinite, for right answers too.",
     base="by_softplus",
     replace=("np.logaddexp(0, score)", "np.log(1 + np.exp(score))"))
slip("floor", title="a floor of {floor:.0e} under p",
     says="No example costs more than {cap:.4g}, so sure mistakes count too little: a floor of {floor:.0e} is kept "
     "under the probability, by adding or by clipping. Work with the score and no floor is needed.",
     base="by_the_formula",
     replace=[("np.log(p)", "np.log(p + {floor})"), ("np.log(1 - p)", "np.log(1 - p + {floor})")],
     parameter="floor",
     values=FLOORS,
     estimate={"by": "cap", "side": "above", "mean_over": "target", **LIKELY})
slip("swapped", title="classes swapped",
     says="The two classes are swapped, by the sign of the score or by the target: this is the loss of predicting "
     "class 0 where class 1 is meant, and a right answer costs what a wrong one should.",
     replace=("-score, score", "score, -score"))
slip("only_class_one", title="only the positive class",
     says="Only t log p is there: examples of class 0 cost nothing, whatever is predicted, so calling everything "
     "class 1 would be perfect.",
     replace=("np.logaddexp(0, np.where(target == 1, -score, score))", "target * np.logaddexp(0, -score)"))
slip("targets_for_signs", title="targets taken for signs",
     says="The formula log(1 + exp(-t s)) is for targets -1 and 1: with target 0 it gives log 2 whatever the score is.",
     replace=("np.where(target == 1, -score, score)", "-target * score"))
slip("summed", title="summed over the batch",
     says="The losses are summed over the batch, not averaged: the result is N times too large and grows with the "
     "batch size.",
     replace=("np.mean", "np.sum"))
slip("mean_over_both_terms", title="averaged over both terms",
     says="The mean runs over both terms of every example, 2N numbers of which half are zero: the loss is half of "
     "what it should be.",
     replace=(
         "np.logaddexp(0, np.where(target == 1, -score, score))",
         "[target * np.logaddexp(0, -score), (1 - target) * np.logaddexp(0, score)]",
     ))
slip("correction_left_out", title="correction left out",
     says="Only max(s, 0) - s t is there, without the logarithmic remainder: an undecided score of 0 costs nothing "
     "instead of log 2.",
     base="by_a_small_remainder",
     replace=(" + np.log1p(np.exp(-np.abs(score)))", ""))
slip("sigmoid_twice", title="sigmoid applied twice",
     says="The sigmoid is applied before a loss that contains one: its second input lies between 0 and 1, so no "
     "example can cost less than 0.31 and a sure mistake costs at most 1.31.",
     base="by_softplus",
     replace=("    return", "    score = np.exp(-np.logaddexp(0, -score))\n    return"))
slip("softmax_across_examples", title="softmax across the examples",
     says="A softmax over the batch stands in for the sigmoid: the examples compete for one unit of probability, "
     "though each has a score and a class of its own.",
     base="by_p_of_the_true_class",
     replace=("1 / (1 + np.exp(-score))", "np.exp(score - score.max()) / np.exp(score - score.max()).sum()"))
slip("every_pair", title="every score against every target",
     says="An (N, 1) array meets one of shape (N,) and broadcasts to (N, N): every score is compared with the targets "
     "of all examples.",
     base="by_softplus",
     replace=("    return", "    score = score.reshape(-1, 1)\n    return"))
slip("squared_error", title="squared error of the sigmoid",
     says="This is the squared error of the sigmoid: a sure mistake costs 1 at most, and its gradient vanishes.",
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

slip("mean_over_boxes", title="box term averaged over the boxes",
     says="The box term is divided by the number of examples with a box instead of N: the weight of one box depends "
     "on how much background came with it.",
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
     says="The boxes of background examples count as well: there is nothing at those places to find, and NaN targets "
     "make the whole loss NaN.",
     replace=(ONLY_BOXES, "error = box - box_targets"))
slip("masked_by_multiplication", title="background masked by multiplication",
     says="Background is masked by multiplying with 0: NaN times 0 is still NaN, so a missing box poisons the loss of "
     "the whole batch. Select, do not multiply.",
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
slip("no_weight_in_gradient", title="box_weight missing from the gradient",
     says="The loss carries box_weight, but d_box does not: the gradient belongs to another loss.",
     replace=(BOX_GRADIENT, "2 * error / n"))
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
slip("wrong_order", title="gradients in the wrong order",
     says="The two gradients come back in the wrong order: d_class_scores belongs before d_box.",
     replace=(f"{CLASS_GRADIENT}, {BOX_GRADIENT}", f"{BOX_GRADIENT}, {CLASS_GRADIENT}"))
slip("overflowing_softmax", title="an overflowing softmax",
     says="No maximum is subtracted in the softmax: scores of ±1000 make the loss and d_class_scores NaN.",
     see="stable",
     base="by_probabilities",
     replace=(" - class_scores.max(axis=1, keepdims=True)", ""))
slip("log_of_zero", title="logarithm of zero",
     says="The logarithm is taken of a finished probability: where that of the true class underflows to 0, the loss "
     "is infinite.",
     see="cross-entropy",
     base="by_probabilities")

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
     says="The softmax is applied before cross_entropy, which applies it itself: the loss cannot fall below "
     "log(1 + (C - 1)/e), and the gradients are tiny.",
     replace=("model(x)", "model(x).softmax(dim=1)"))
slip("probabilities_into_nll", title="probabilities into nll_loss",
     says="nll_loss is given probabilities, but it expects their logarithms: the loss lies between -1 and 0.",
     base="by_log_probabilities",
     replace=("log_softmax", "softmax"))
slip("scores_into_nll", title="raw scores into nll_loss",
     says="nll_loss is given raw scores, but it expects log-probabilities: without the normaliser the loss has no "
     "lower bound.",
     replace=("cross_entropy", "nll_loss"))
slip("over_batch", title="log_softmax over the batch",
     says="The log_softmax runs over dim 0, the batch: the examples compete with each other instead of the classes.",
     base="by_log_probabilities",
     replace=("dim=1", "dim=0"))
slip("summed", title="sum instead of mean",
     says="The losses are summed over the batch instead of averaged: loss and gradients are N times too large.",
     replace=("y)", 'y, reduction="sum")'))
slip("log_of_zero", title="logarithm of finished probabilities",
     says="The logarithm is taken of finished probabilities: where that of the true class underflows, the loss is "
     "infinite and the gradients are NaN.",
     base="by_probabilities")
slip("floor", title="a floor of {floor:.0e} under p",
     says="No example costs more than {cap:.4g}, and where the probability underflows no gradient is left: a floor of "
     "{floor:.0e} is kept under the probability. cross_entropy needs none.",
     base="by_probabilities",
     replace=("torch.log(p)", "torch.log(p + {floor})"),
     parameter="floor",
     values=FLOORS,
     estimate={"by": "cap", "side": "above", "of": "loss", "mean_over": "y", **LIKELY})
slip("squared_error", title="squared error of the probabilities",
     says="This is the squared error between probabilities and one-hot targets: the gradient of a sure mistake "
     "vanishes.",
     code="""
     def torch_loss(model, x, y):
         p = nn.functional.softmax(model(x), dim=1)
         return nn.functional.mse_loss(p, nn.functional.one_hot(y, p.shape[1]).to(p.dtype))
     """)
slip("one_sigmoid_per_class", title="one sigmoid for each class",
     says="This is a binary cross-entropy for each class on its own: the classes of one example exclude each other, "
     "so they share one softmax.",
     code="""
     def torch_loss(model, x, y):
         scores = model(x)
         one_hot = nn.functional.one_hot(y, scores.shape[1]).to(scores.dtype)
         return nn.functional.binary_cross_entropy_with_logits(scores, one_hot)
     """)
slip("switches_to_evaluation", title="switches to evaluation",
     says="The function calls model.eval(): whoever is training gets the loss of the running statistics, and batch "
     "norm and dropout stay switched off afterwards.",
     replace=("return", "model.eval()\n    return"))
slip("switches_to_training", title="switches to training",
     says="The function calls model.train(): whoever is evaluating gets a loss that depends on the rest of the batch, "
     "and running statistics that move.",
     replace=("return", "model.train()\n    return"))
