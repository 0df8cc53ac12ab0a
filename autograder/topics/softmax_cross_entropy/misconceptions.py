"""Wrong answers to the exercises on softmax and cross-entropy, each with the sentence for whoever wrote it."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from autograder.judging.catalogue import misconception

Array = np.ndarray
LossAndGradients = tuple[float, Array, Array]

PROBABILITIES = "02#Scores and probabilities"
STABLE = "02#Stable softmax"
LOGARITHM = "02#Log-softmax"
CROSS_ENTROPY = "02#Cross-entropy"
GRADIENT = "02#The gradient"
TWO_CLASSES = "02#Two classes"
SEVERAL = "02#Several losses at once"
PYTORCH = "02#In PyTorch"


def _softmax(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _one_hot(scores: Array, targets: Array) -> Array:
    return np.eye(scores.shape[1])[targets]


def _of_truth(values: Array, targets: Array) -> Array:
    return values[np.arange(len(targets)), targets]


def _losses(scores: Array, targets: Array) -> Array:
    return -_of_truth(_log_softmax(scores), targets)


def _binary_losses(score: Array, target: Array) -> Array:
    return np.logaddexp(0, np.where(target == 1, -score, score))


def _sigmoid(score: Array) -> Array:
    return np.exp(-np.logaddexp(0, -score))


def _class_part(class_scores: Array, class_targets: Array) -> tuple[float, Array]:
    gradient = (_softmax(class_scores) - _one_hot(class_scores, class_targets)) / len(class_targets)
    return _losses(class_scores, class_targets).mean(), gradient


def _box_error(box: Array, class_targets: Array, box_targets: Array) -> Array:
    return np.where(class_targets[:, None] != 0, box - box_targets, 0)


@misconception(
    of="softmax",
    says="No maximum is subtracted: exp overflows for scores above 709 and all of a row underflows below -745, "
    "so large scores of either sign end in NaN.",
    see=STABLE,
)
def no_maximum_subtracted(scores: Array) -> Array:
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="One maximum for the whole batch: a row far below it underflows to 0/0. Every row needs its own.",
    see=STABLE,
)
def one_maximum_for_the_batch(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The maximum is taken down each column, over the examples: different scores of one row are shifted by "
    "different amounts, which changes their ratios and so the probabilities.",
    see=STABLE,
)
def maximum_of_each_column(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The mean of the row is subtracted instead of its maximum: a score 710 above the mean still overflows.",
    see=STABLE,
)
def mean_subtracted_instead_of_the_maximum(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The minimum of the row is subtracted instead of its maximum: every exponent becomes positive, "
    "and a row whose scores span more than 709 overflows.",
    see=STABLE,
)
def minimum_subtracted_instead_of_the_maximum(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.min(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The largest absolute value is subtracted instead of the largest score: "
    "a row of very negative scores is pushed down twice and underflows to 0/0.",
    see=STABLE,
)
def largest_absolute_value_subtracted(scores: Array) -> Array:
    exponentials = np.exp(scores - np.abs(scores).max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The scores are divided by their maximum instead of being lowered by it: "
    "dividing changes the differences between scores, and with them every probability.",
    see=STABLE,
)
def divided_by_the_maximum(scores: Array) -> Array:
    exponentials = np.exp(scores / scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The maximum is subtracted in the numerator only: every probability is too small by the factor exp(-maximum), "
    "and the rows do not sum to 1.",
    see=STABLE,
)
def shift_in_the_numerator_only(scores: Array) -> Array:
    return np.exp(scores - scores.max(axis=-1, keepdims=True)) / np.exp(scores).sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The scores are cut off at ±500 to avoid overflow: larger scores become equal, "
    "so the probabilities of a row around 1000 are all the same.",
    see=STABLE,
)
def scores_cut_off(scores: Array) -> Array:
    exponentials = np.exp(np.clip(scores, -500, 500))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The NaN of an overflow is replaced by 0: the warning is gone, but the likeliest class gets probability 0.",
    see=STABLE,
)
def overflow_hidden_as_zero(scores: Array) -> Array:
    exponentials = np.exp(scores)
    return np.nan_to_num(exponentials / exponentials.sum(axis=-1, keepdims=True))


@misconception(
    of="softmax",
    says="A small number is added to the denominator instead of subtracting a maximum: a row of very negative scores "
    "gets probability 0 for every class, and large scores still overflow.",
    see=STABLE,
)
def denominator_padded_instead_of_a_shift(scores: Array) -> Array:
    exponentials = np.exp(scores)
    return exponentials / (exponentials.sum(axis=-1, keepdims=True) + 1e-8)


@misconception(
    of="softmax",
    says="1e-5 is added to the denominator: after the shift it is at least 1 and needs no protection, "
    "and the padding makes every row sum to less than 1.",
    see=STABLE,
)
def denominator_padded(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / (exponentials.sum(axis=-1, keepdims=True) + 1e-5)


@misconception(
    of="softmax",
    says="The sum runs down the batch: the columns sum to 1 instead of the rows, "
    "so examples compete with each other instead of classes.",
    see=PROBABILITIES,
)
def normalised_over_the_batch(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exponentials / exponentials.sum(axis=0, keepdims=True)


@misconception(
    of="softmax",
    says="The sum runs over the whole array: all the probabilities of the batch together sum to 1, "
    "instead of those of each row.",
    see=PROBABILITIES,
)
def normalised_over_everything(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


@misconception(
    of="softmax",
    says="The axis is fixed to 1, which is the last one only for a two-dimensional array: "
    "a single vector raises an error, and with more dimensions the wrong ones are summed.",
    see=PROBABILITIES,
)
def second_axis_instead_of_the_last(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@misconception(
    of="softmax",
    says="Everything behind the first axis is normalised together: right for two dimensions only, "
    "since with more of them each last axis has to sum to 1 by itself.",
    see=PROBABILITIES,
)
def one_distribution_per_entry_of_the_first_axis(scores: Array) -> Array:
    rows = scores.reshape(len(scores), -1)
    exponentials = np.exp(rows - rows.max(axis=1, keepdims=True))
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).reshape(scores.shape)


@misconception(
    of="softmax",
    says="keepdims is forgotten in the sum: dividing (N, C) by (N,) fails, and where N equals C it silently divides "
    "every column by the sum of another row.",
    see=PROBABILITIES,
)
def keepdims_forgotten_in_the_sum(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1)


@misconception(
    of="softmax",
    says="keepdims is forgotten in the maximum: subtracting (N,) from (N, C) fails, and where N equals C it silently "
    "shifts every column by the maximum of another row.",
    see=PROBABILITIES,
)
def keepdims_forgotten_in_the_maximum(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="keepdims is forgotten in the maximum and in the sum: both fail, and where N equals C both silently act on "
    "columns with the numbers of another row.",
    see=PROBABILITIES,
)
def keepdims_forgotten_twice(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1))
    return exponentials / exponentials.sum(axis=-1)


@misconception(
    of="softmax",
    says="The scores are divided by their sum without the exponential: scores may be negative and may sum to 0, "
    "so the result is no probability.",
    see=PROBABILITIES,
)
def exponential_forgotten(scores: Array) -> Array:
    return scores / scores.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The division by the sum is missing: the shifted exponentials are positive, but the rows do not sum to 1.",
    see=PROBABILITIES,
)
def normalisation_forgotten(scores: Array) -> Array:
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


@misconception(
    of="softmax",
    says="The exponentials are divided by their mean instead of their sum: the rows sum to the number of classes.",
    see=PROBABILITIES,
)
def divided_by_the_mean(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.mean(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The exponentials are divided by their Euclidean norm: the squares of a row sum to 1, not its probabilities.",
    see=PROBABILITIES,
)
def divided_by_the_norm(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / np.sqrt((exponentials**2).sum(axis=-1, keepdims=True))


@misconception(
    of="softmax",
    says="The sign of the exponent is reversed (maximum minus score): the smallest score gets the largest probability.",
    see=PROBABILITIES,
)
def smallest_score_wins(scores: Array) -> Array:
    exponentials = np.exp(scores.min(axis=-1, keepdims=True) - scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="The base is 2 instead of e: the order of the classes is right, "
    "but the probabilities are those of a higher temperature.",
    see=PROBABILITIES,
)
def base_two(scores: Array) -> Array:
    powers = np.exp2(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@misconception(
    of="softmax",
    says="This is a sigmoid of each score on its own: the classes do not compete, and the rows do not sum to 1.",
    see=PROBABILITIES,
)
def sigmoid_of_each_score(scores: Array) -> Array:
    return np.exp(-np.logaddexp(0, -scores))


@misconception(
    of="softmax",
    says="All of the probability goes to the largest score: that is the decision (argmax), without any doubt in it.",
    see=PROBABILITIES,
)
def all_to_the_largest_score(scores: Array) -> Array:
    return (np.arange(scores.shape[-1]) == scores.argmax(axis=-1)[..., None]).astype(float)


@misconception(
    of="softmax",
    says="These are the logarithms of the probabilities, none of which is positive: the last exponential is missing.",
    see=PROBABILITIES,
)
def logarithms_returned(scores: Array) -> Array:
    return _log_softmax(scores)


@misconception(
    of="softmax",
    says="The softmax is applied twice: its second input lies between 0 and 1, "
    "so the probabilities differ by a factor of at most e.",
    see=PROBABILITIES,
)
def softmax_of_the_softmax(scores: Array) -> Array:
    return _softmax(_softmax(scores))


@misconception(
    of="log_softmax",
    says="The logarithm is taken of finished probabilities: where one has underflowed to 0 the result is -inf, "
    "though the right value is an ordinary number such as -1000.",
    see=LOGARITHM,
)
def logarithm_of_the_softmax(scores: Array) -> Array:
    return np.log(_softmax(scores))


@misconception(
    of="log_softmax",
    says="The logarithm is taken of a softmax without a maximum subtracted: "
    "large scores end in NaN before the logarithm is reached.",
    see=LOGARITHM,
)
def logarithm_of_an_overflowing_softmax(scores: Array) -> Array:
    exponentials = np.exp(scores)
    return np.log(exponentials / exponentials.sum(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The right formula without the maximum subtracted: the sum of exponentials overflows to inf for scores above "
    "709 and vanishes below -745, and so the result is infinite.",
    see=LOGARITHM,
)
def overflowing_sum_of_exponentials(scores: Array) -> Array:
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The probabilities are kept above 1e-12 before the logarithm: "
    "no log-probability can fall below -27.6, however wrong the class.",
    see=LOGARITHM,
)
def floor_of_1e12(scores: Array) -> Array:
    return np.log(_softmax(scores) + 1e-12)


@misconception(
    of="log_softmax",
    says="The probabilities are kept above 1e-15 before the logarithm: "
    "no log-probability can fall below -34.5, however wrong the class.",
    see=LOGARITHM,
)
def floor_of_1e15(scores: Array) -> Array:
    return np.log(np.maximum(_softmax(scores), 1e-15))


@misconception(
    of="log_softmax",
    says="The probabilities are kept above 1e-10 before the logarithm: "
    "no log-probability can fall below -23.0, however wrong the class.",
    see=LOGARITHM,
)
def floor_of_1e10(scores: Array) -> Array:
    return np.log(_softmax(scores) + 1e-10)


@misconception(
    of="log_softmax",
    says="1e-8 is added to the probabilities before the logarithm: "
    "no log-probability can fall below -18.4, and all the others are slightly off.",
    see=LOGARITHM,
)
def floor_of_1e8(scores: Array) -> Array:
    return np.log(_softmax(scores) + 1e-8)


@misconception(
    of="log_softmax",
    says="-inf is replaced by the most negative number there is: the result is finite now, "
    "but -1.8e308 stands where an ordinary number such as -1000 belongs.",
    see=LOGARITHM,
)
def infinity_hidden(scores: Array) -> Array:
    return np.nan_to_num(np.log(_softmax(scores)))


@misconception(
    of="log_softmax",
    says="One maximum for the whole batch: in a row far below it the sum of exponentials underflows to 0, "
    "and its logarithm is infinite.",
    see=LOGARITHM,
)
def one_maximum_for_the_whole_batch(scores: Array) -> Array:
    shifted = scores - scores.max()
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The mean of the row is subtracted instead of its maximum: a score 710 above the mean still overflows.",
    see=LOGARITHM,
)
def shifted_by_the_mean(scores: Array) -> Array:
    shifted = scores - scores.mean(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The largest absolute value is subtracted instead of the largest score: in a row of very negative scores "
    "every exponential underflows, and the logarithm of their sum is infinite.",
    see=LOGARITHM,
)
def shifted_by_the_largest_absolute_value(scores: Array) -> Array:
    shifted = scores - np.abs(scores).max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The maximum is subtracted inside the sum of exponentials but not from the score itself: "
    "every row is too large by its maximum.",
    see=LOGARITHM,
)
def maximum_never_restored(scores: Array) -> Array:
    return scores - np.log(np.exp(scores - scores.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The maximum is subtracted twice, once from the score and once with the logarithm of the sum: "
    "every row is too small by its maximum.",
    see=LOGARITHM,
)
def maximum_subtracted_twice(scores: Array) -> Array:
    largest = scores.max(axis=-1, keepdims=True)
    shifted = scores - largest
    return shifted - (largest + np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


@misconception(
    of="log_softmax",
    says="Only the maximum is subtracted: that stands in for the logarithm of the sum when one score is far above "
    "the rest, and otherwise the probabilities sum to more than 1.",
    see=LOGARITHM,
)
def maximum_in_place_of_the_normaliser(scores: Array) -> Array:
    return scores - scores.max(axis=-1, keepdims=True)


@misconception(
    of="log_softmax",
    says="The sum of exponentials is subtracted without its logarithm: in logarithms, "
    "dividing by a sum means subtracting the logarithm of it.",
    see=LOGARITHM,
)
def logarithm_of_the_sum_forgotten(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.exp(shifted).sum(axis=-1, keepdims=True)


@misconception(
    of="log_softmax",
    says="The logarithm is taken inside the sum, of each exponential: that only sums the scores again. "
    "The normaliser is the logarithm of the sum, not the sum of the logarithms.",
    see=LOGARITHM,
)
def sum_of_logarithms(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - shifted.sum(axis=-1, keepdims=True)


@misconception(
    of="log_softmax",
    says="The mean of the exponentials is taken instead of their sum: "
    "every log-probability is too large by the logarithm of the number of classes.",
    see=LOGARITHM,
)
def mean_of_the_exponentials(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).mean(axis=-1, keepdims=True))


@misconception(
    of="log_softmax",
    says="The sum runs down the batch: the exponentials of every column sum to 1 instead of those of every row.",
    see=LOGARITHM,
)
def logarithm_normalised_over_the_batch(scores: Array) -> Array:
    shifted = scores - scores.max(axis=0, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))


@misconception(
    of="log_softmax",
    says="The sum runs over the whole array: the exponentials of the whole batch sum to 1, not those of each row.",
    see=LOGARITHM,
)
def logarithm_normalised_over_everything(scores: Array) -> Array:
    shifted = scores - scores.max()
    return shifted - np.log(np.exp(shifted).sum())


@misconception(
    of="log_softmax",
    says="The axis is fixed to 1, which is the last one only for a two-dimensional array: "
    "a single vector raises an error, and with more dimensions the wrong ones are summed.",
    see=LOGARITHM,
)
def logarithm_over_the_second_axis(scores: Array) -> Array:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@misconception(
    of="log_softmax",
    says="keepdims is forgotten in the sum: subtracting (N,) from (N, C) fails, and where N equals C it silently "
    "subtracts from every column the normaliser of another row.",
    see=LOGARITHM,
)
def normaliser_without_keepdims(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1))


@misconception(
    of="log_softmax",
    says="These are the probabilities themselves: the logarithm is missing, and no value may be positive.",
    see=LOGARITHM,
)
def probabilities_returned(scores: Array) -> Array:
    return _softmax(scores)


@misconception(
    of="log_softmax",
    says="The sign is reversed: these are the losses of the classes. A log-probability is never positive.",
    see=LOGARITHM,
)
def negative_log_probabilities(scores: Array) -> Array:
    return -_log_softmax(scores)


@misconception(
    of="log_softmax",
    says="The logarithm has base 2: every value is too large in size by the factor 1.4427. Losses here are in nats.",
    see=LOGARITHM,
)
def logarithm_to_base_two(scores: Array) -> Array:
    return _log_softmax(scores) / np.log(2)


@misconception(
    of="log_softmax",
    says="The logarithm of the sum has base 10 while the exponential has base e: they do not undo each other.",
    see=LOGARITHM,
)
def logarithm_to_base_ten(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log10(np.exp(shifted).sum(axis=-1, keepdims=True))


@misconception(
    of="cross_entropy",
    says="The logarithm is taken of a finished probability: when that of the true class has underflowed to 0, "
    "the loss is infinite instead of, say, 1000.",
    see=CROSS_ENTROPY,
)
def logarithm_of_zero(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets)).mean())


@misconception(
    of="cross_entropy",
    says="No maximum is subtracted in the softmax: scores of ±1000 overflow or underflow, and the loss is NaN.",
    see=CROSS_ENTROPY,
)
def overflowing_softmax(scores: Array, targets: Array) -> float:
    exponentials = np.exp(scores)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return float(-np.log(_of_truth(probabilities, targets)).mean())


@misconception(
    of="cross_entropy",
    says="The logarithm of the sum of exponentials is taken without subtracting the maximum: "
    "scores of ±1000 make the sum overflow or vanish, and the loss infinite.",
    see=CROSS_ENTROPY,
)
def overflowing_normaliser(scores: Array, targets: Array) -> float:
    normaliser = np.log(np.exp(scores).sum(axis=1))
    return float((normaliser - _of_truth(scores, targets)).mean())


@misconception(
    of="cross_entropy",
    says="One maximum for the whole batch: in a row far below it the sum of exponentials underflows, "
    "and the loss is infinite.",
    see=CROSS_ENTROPY,
)
def one_maximum_for_all_examples(scores: Array, targets: Array) -> float:
    shifted = scores - scores.max()
    normaliser = np.log(np.exp(shifted).sum(axis=1))
    return float((normaliser - _of_truth(shifted, targets)).mean())


@misconception(
    of="cross_entropy",
    says="The maximum is subtracted inside the sum of exponentials and never given back: "
    "the loss of every example is too small by its largest score.",
    see=CROSS_ENTROPY,
)
def maximum_not_given_back(scores: Array, targets: Array) -> float:
    normaliser = np.log(np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1))
    return float((normaliser - _of_truth(scores, targets)).mean())


@misconception(
    of="cross_entropy",
    says="The probability is kept above 1e-15: no example can cost more than 34.5, so sure mistakes count too little.",
    see=CROSS_ENTROPY,
)
def probability_floor_of_1e15(scores: Array, targets: Array) -> float:
    return float(-np.log(np.clip(_of_truth(_softmax(scores), targets), 1e-15, 1 - 1e-15)).mean())


@misconception(
    of="cross_entropy",
    says="The probability is kept above 1e-12: no example can cost more than 27.6, so sure mistakes count too little.",
    see=CROSS_ENTROPY,
)
def probability_floor_of_1e12(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets) + 1e-12).mean())


@misconception(
    of="cross_entropy",
    says="The probability is kept above 1e-10: no example can cost more than 23.0, so sure mistakes count too little.",
    see=CROSS_ENTROPY,
)
def probability_floor_of_1e10(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets) + 1e-10).mean())


@misconception(
    of="cross_entropy",
    says="The probability is kept above 1e-9: no example can cost more than 20.7, so sure mistakes count too little.",
    see=CROSS_ENTROPY,
)
def probability_floor_of_1e9(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets) + 1e-9).mean())


@misconception(
    of="cross_entropy",
    says="1e-8 is added to the probability: no example can cost more than 18.4, so sure mistakes count too little.",
    see=CROSS_ENTROPY,
)
def probability_floor_of_1e8(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets) + 1e-8).mean())


@misconception(
    of="cross_entropy",
    says="1e-7 is added to the probability: no example can cost more than 16.1, and every other loss is slightly off.",
    see=CROSS_ENTROPY,
)
def probability_raised_by_1e7(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets) + 1e-7).mean())


@misconception(
    of="cross_entropy",
    says="The probability is clipped at 1e-7: no example can cost more than 16.1, so sure mistakes count too little.",
    see=CROSS_ENTROPY,
)
def probability_clipped_at_1e7(scores: Array, targets: Array) -> float:
    return float(-np.log(np.maximum(_of_truth(_softmax(scores), targets), 1e-7)).mean())


@misconception(
    of="cross_entropy",
    says="1e-5 is added to the probability: no example can cost more than 11.5, and every other loss is off as well.",
    see=CROSS_ENTROPY,
)
def probability_raised_by_1e5(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets) + 1e-5).mean())


@misconception(
    of="cross_entropy",
    says="Examples whose probability underflows are given the loss 0: the worst mistakes count as perfect answers.",
    see=CROSS_ENTROPY,
)
def worst_mistakes_dropped(scores: Array, targets: Array) -> float:
    losses = -np.log(_of_truth(_softmax(scores), targets))
    return float(np.where(np.isfinite(losses), losses, 0.0).mean())


@misconception(
    of="cross_entropy",
    says="The losses are summed over the batch, not averaged: the result is N times too large "
    "and grows with the batch size.",
    see=CROSS_ENTROPY,
)
def summed_over_the_batch(scores: Array, targets: Array) -> float:
    return float(_losses(scores, targets).sum())


@misconception(
    of="cross_entropy",
    says="The mean runs over all N times C entries of the masked matrix: all but one of each row are zeros, "
    "so the loss is C times too small.",
    see=CROSS_ENTROPY,
)
def mean_over_examples_and_classes(scores: Array, targets: Array) -> float:
    log_probabilities = _log_softmax(scores)
    return float(-(_one_hot(scores, targets) * log_probabilities).mean())


@misconception(
    of="cross_entropy",
    says="The sum is divided by the number of classes instead of the number of examples.",
    see=CROSS_ENTROPY,
)
def divided_by_the_number_of_classes(scores: Array, targets: Array) -> float:
    return float(_losses(scores, targets).sum() / scores.shape[1])


@misconception(
    of="cross_entropy",
    says="The mean over the batch is missing: one loss per example comes back instead of one number.",
    see=CROSS_ENTROPY,
)
def one_loss_per_example(scores: Array, targets: Array) -> Array:
    return _losses(scores, targets)


@misconception(
    of="cross_entropy",
    says="The minus sign is missing: this is the mean log-probability, "
    "and minimising it would make the true classes unlikely.",
    see=CROSS_ENTROPY,
)
def minus_forgotten(scores: Array, targets: Array) -> float:
    return float(-_losses(scores, targets).mean())


@misconception(
    of="cross_entropy",
    says="The logarithm has base 2: the loss is in bits and 1.4427 times too large. Losses here are in nats.",
    see=CROSS_ENTROPY,
)
def loss_in_bits(scores: Array, targets: Array) -> float:
    return float(_losses(scores, targets).mean() / np.log(2))


@misconception(
    of="cross_entropy",
    says="The logarithm has base 10: the loss is 2.3026 times too small. Losses here are in nats.",
    see=CROSS_ENTROPY,
)
def loss_in_decimal_digits(scores: Array, targets: Array) -> float:
    return float(_losses(scores, targets).mean() / np.log(10))


@misconception(
    of="cross_entropy",
    says="The softmax is applied twice: the inner one squeezes all scores into [0, 1], so even a perfect prediction "
    "cannot bring the loss below log(1 + (C - 1)/e), and a sure mistake costs little more.",
    see=CROSS_ENTROPY,
)
def softmax_applied_twice(scores: Array, targets: Array) -> float:
    return float(_losses(_softmax(scores), targets).mean())


@misconception(
    of="cross_entropy",
    says="The probabilities go into the loss without a logarithm: it lies between -1 and 0, "
    "and a sure mistake costs no more than 1 extra.",
    see=CROSS_ENTROPY,
)
def logarithm_forgotten(scores: Array, targets: Array) -> float:
    return float(-_of_truth(_softmax(scores), targets).mean())


@misconception(
    of="cross_entropy",
    says="The raw scores are taken for probabilities: scores may be negative, and their logarithm is then NaN.",
    see=CROSS_ENTROPY,
)
def scores_taken_for_probabilities(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(scores, targets)).mean())


@misconception(
    of="cross_entropy",
    says="The raw scores are taken for log-probabilities: without the normaliser the loss ignores all other classes "
    "and has no lower bound.",
    see=CROSS_ENTROPY,
)
def normaliser_forgotten(scores: Array, targets: Array) -> float:
    return float(-_of_truth(scores, targets).mean())


@misconception(
    of="cross_entropy",
    says="The largest score stands in for the logarithm of the sum of exponentials: "
    "the loss is 0 for every right decision, however close it was.",
    see=CROSS_ENTROPY,
)
def maximum_instead_of_log_sum_exp(scores: Array, targets: Array) -> float:
    return float((scores.max(axis=1) - _of_truth(scores, targets)).mean())


@misconception(
    of="cross_entropy",
    says="p[:, targets] takes every target's column for every example, an N by N matrix: "
    "each example is charged for the classes of all the others.",
    see=CROSS_ENTROPY,
)
def every_target_for_every_example(scores: Array, targets: Array) -> float:
    log_probabilities = _log_softmax(scores)
    return float(-log_probabilities[:, targets].mean())


@misconception(
    of="cross_entropy",
    says="The result is formed outside the loop over examples: only the last example contributes, divided by N.",
    see=CROSS_ENTROPY,
)
def only_the_last_example_counts(scores: Array, targets: Array) -> float:
    loss = 0.0
    for row, target in zip(scores, targets, strict=True):
        shifted = row - row.max()
        loss = np.log(np.exp(shifted).sum()) - shifted[target]
    return float(loss / len(targets))


@misconception(
    of="cross_entropy",
    says="The loss returned is that of one example alone, the last of the loop: the others are computed and lost.",
    see=CROSS_ENTROPY,
)
def loss_of_the_last_example(scores: Array, targets: Array) -> float:
    loss = 0.0
    for row, target in zip(scores, targets, strict=True):
        shifted = row - row.max()
        loss = np.log(np.exp(shifted).sum()) - shifted[target]
    return float(loss)


@misconception(
    of="cross_entropy",
    says="The return stands inside the loop over examples: the function ends after the first one.",
    see=CROSS_ENTROPY,
)
def loss_of_the_first_example(scores: Array, targets: Array) -> float:
    for row, target in zip(scores, targets, strict=True):
        shifted = row - row.max()
        return float(np.log(np.exp(shifted).sum()) - shifted[target])
    return 0.0


@misconception(
    of="cross_entropy",
    says="The loss is taken at the likeliest class instead of the true one: it never looks at the targets "
    "and rewards any sure prediction, right or wrong.",
    see=CROSS_ENTROPY,
)
def predicted_class_instead_of_the_true_one(scores: Array, targets: Array) -> float:
    return float(_losses(scores, scores.argmax(axis=1)).mean())


@misconception(
    of="cross_entropy",
    says="The targets are taken to start at 1: each example is charged for the class before its own, "
    "and class 0 wraps around to the last.",
    see=CROSS_ENTROPY,
)
def classes_counted_from_one(scores: Array, targets: Array) -> float:
    return float(_losses(scores, targets - 1).mean())


@misconception(
    of="cross_entropy",
    says="The softmax inside runs down the batch instead of across the classes.",
    see=CROSS_ENTROPY,
)
def softmax_over_the_batch(scores: Array, targets: Array) -> float:
    shifted = scores - scores.max(axis=0, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    return float(-_of_truth(log_probabilities, targets).mean())


@misconception(
    of="cross_entropy",
    says="The softmax inside runs over the whole batch: all N times C probabilities together sum to 1.",
    see=CROSS_ENTROPY,
)
def softmax_over_everything(scores: Array, targets: Array) -> float:
    shifted = scores - scores.max()
    log_probabilities = shifted - np.log(np.exp(shifted).sum())
    return float(-_of_truth(log_probabilities, targets).mean())


@misconception(
    of="cross_entropy",
    says="keepdims is forgotten in the sum: an array (N, C) meets one of shape (N,), which fails, "
    "and where N equals C silently mixes up the examples.",
    see=CROSS_ENTROPY,
)
def rows_and_columns_mixed_up(scores: Array, targets: Array) -> float:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1))
    return float(-_of_truth(log_probabilities, targets).mean())


@misconception(
    of="cross_entropy",
    says="The logarithm is taken after the mean: the logarithm of a mean is not the mean of the logarithms, "
    "and one sure mistake hides behind the other examples.",
    see=CROSS_ENTROPY,
)
def logarithm_of_the_mean(scores: Array, targets: Array) -> float:
    return float(-np.log(_of_truth(_softmax(scores), targets).mean()))


@misconception(
    of="cross_entropy",
    says="The terms log(1 - p) of the other classes are added: that is a binary cross-entropy for each class. "
    "The softmax has charged for the other classes already.",
    see=CROSS_ENTROPY,
)
def other_classes_charged_too(scores: Array, targets: Array) -> float:
    probabilities = _softmax(scores)
    true = _one_hot(scores, targets) == 1
    return float(-np.log(np.where(true, probabilities, 1 - probabilities)).sum(axis=1).mean())


@misconception(
    of="cross_entropy",
    says="This is the squared error between probabilities and one-hot targets: "
    "a sure mistake costs 2 at most, and its gradient vanishes.",
    see=CROSS_ENTROPY,
)
def squared_error_of_the_probabilities(scores: Array, targets: Array) -> float:
    probabilities = _softmax(scores)
    return float(((probabilities - _one_hot(scores, targets)) ** 2).sum(axis=1).mean())


@misconception(
    of="cross_entropy",
    says="This counts wrong decisions: the error rate does not see how sure a prediction was and has no useful slope.",
    see=CROSS_ENTROPY,
)
def error_rate(scores: Array, targets: Array) -> float:
    return float((scores.argmax(axis=1) != targets).mean())


@misconception(
    of="cross_entropy_gradient",
    says="The loss is a mean, but its gradient is not divided by N: it is N times too large.",
    see=GRADIENT,
)
def not_divided_by_the_batch_size(scores: Array, targets: Array) -> Array:
    return _softmax(scores) - _one_hot(scores, targets)


@misconception(
    of="cross_entropy_gradient",
    says="The gradient is divided by N times C, as if the loss were a mean over classes too: it is C times too small.",
    see=GRADIENT,
)
def divided_by_examples_and_classes(scores: Array, targets: Array) -> Array:
    return (_softmax(scores) - _one_hot(scores, targets)) / scores.size


@misconception(
    of="cross_entropy_gradient",
    says="The gradient is divided by the number of classes instead of the number of examples.",
    see=GRADIENT,
)
def divided_by_the_classes(scores: Array, targets: Array) -> Array:
    return (_softmax(scores) - _one_hot(scores, targets)) / scores.shape[1]


@misconception(
    of="cross_entropy_gradient",
    says="The sign is reversed (targets minus probabilities): "
    "gradient descent would climb and make the true class less likely.",
    see=GRADIENT,
)
def sign_reversed(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return (_one_hot(scores, targets) - probabilities) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The targets are added to the probabilities instead of subtracted: "
    "the true class is pushed down with all the others.",
    see=GRADIENT,
)
def targets_added(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return (probabilities + _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The true class is not treated at all: these are the probabilities divided by N, "
    "which push every score down whatever the targets are.",
    see=GRADIENT,
)
def true_class_ignored(scores: Array, targets: Array) -> Array:
    return _softmax(scores) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="Only the true class gets a gradient: the other scores enter the loss through the normaliser, "
    "and the gradient of every row has to sum to 0.",
    see=GRADIENT,
)
def only_the_true_class(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return _one_hot(scores, targets) * (probabilities - 1) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The true class is handled twice, once with all the classes and once more on its own: "
    "its probability is counted double.",
    see=GRADIENT,
)
def true_class_handled_twice(scores: Array, targets: Array) -> Array:
    gradient = _softmax(scores)
    rows = np.arange(len(targets))
    gradient[rows, targets] += gradient[rows, targets] - 1
    return gradient / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The softmax is differentiated as if it acted on each score alone, with p(1 - p): the off-diagonal terms of "
    "its Jacobian are missing, so no gradient reaches the other classes.",
    see=GRADIENT,
)
def softmax_taken_for_element_wise(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    d_probabilities = -_one_hot(scores, targets) / probabilities
    return d_probabilities * probabilities * (1 - probabilities) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="p - y is multiplied by p(1 - p) once more: p - y already is the gradient with respect to the scores, "
    "and the extra factor makes it vanish where the network is surely wrong.",
    see=GRADIENT,
)
def derivative_of_the_softmax_applied_twice(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    error = probabilities - _one_hot(scores, targets)
    return error * probabilities * (1 - probabilities) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="p - y goes through the Jacobian of the softmax once more: p - y already contains it.",
    see=GRADIENT,
)
def jacobian_applied_twice(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    error = (probabilities - _one_hot(scores, targets)) / len(targets)
    return probabilities * (error - (error * probabilities).sum(axis=1, keepdims=True))


@misconception(
    of="cross_entropy_gradient",
    says="This is the gradient with respect to the probabilities, -1/p at the true class: "
    "it still has to pass through the softmax to reach the scores.",
    see=GRADIENT,
)
def gradient_of_the_probabilities(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return -_one_hot(scores, targets) / probabilities / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The chain rule is right, but it starts with -1/p: where the probability of the true class underflows, "
    "infinity times zero gives NaN. Simplify on paper before computing.",
    see=GRADIENT,
)
def chain_rule_through_a_division_by_zero(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    rows = np.arange(len(targets))
    slope = np.zeros_like(probabilities)
    slope[rows, targets] = -1 / probabilities[rows, targets] / len(targets)
    return probabilities * (slope - (slope * probabilities).sum(axis=1, keepdims=True))


@misconception(
    of="cross_entropy_gradient",
    says="The chain rule starts with -1/(p + 1e-12): where the probability of the true class underflows the gradient "
    "becomes 0, so the network learns nothing from its worst mistakes.",
    see=GRADIENT,
)
def no_gradient_from_the_worst_mistakes(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    slope = -_one_hot(scores, targets) / (probabilities + 1e-12) / len(targets)
    return probabilities * (slope - (slope * probabilities).sum(axis=1, keepdims=True))


@misconception(
    of="cross_entropy_gradient",
    says="No maximum is subtracted in the softmax: scores of ±1000 make the gradient NaN.",
    see=GRADIENT,
)
def gradient_of_an_overflowing_softmax(scores: Array, targets: Array) -> Array:
    exponentials = np.exp(scores)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return (probabilities - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="One maximum for the whole batch in the softmax: rows far below it underflow, and their gradient is NaN.",
    see=GRADIENT,
)
def gradient_with_one_maximum(scores: Array, targets: Array) -> Array:
    exponentials = np.exp(scores - scores.max())
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return (probabilities - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The softmax inside runs down the batch instead of across the classes.",
    see=GRADIENT,
)
def gradient_over_the_batch(scores: Array, targets: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=0, keepdims=True)
    return (probabilities - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The softmax inside runs over the whole batch: all N times C probabilities together sum to 1.",
    see=GRADIENT,
)
def gradient_over_everything(scores: Array, targets: Array) -> Array:
    exponentials = np.exp(scores - scores.max())
    probabilities = exponentials / exponentials.sum()
    return (probabilities - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="keepdims is forgotten in the sum of the softmax: it fails, and where N equals C it silently divides "
    "every column by the sum of another row.",
    see=GRADIENT,
)
def gradient_without_keepdims(scores: Array, targets: Array) -> Array:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1)
    return (probabilities - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The class numbers themselves are subtracted instead of their one-hot rows: "
    "class 5 is no larger than class 1, it only has another name.",
    see=GRADIENT,
)
def class_numbers_subtracted(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return (probabilities - targets[:, None]) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="p[:, targets] reaches the columns of all targets in every row: "
    "1 is subtracted from classes that are true for other examples only.",
    see=GRADIENT,
)
def every_target_in_every_row(scores: Array, targets: Array) -> Array:
    gradient = _softmax(scores)
    gradient[:, targets] -= 1
    return gradient / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The targets are taken to start at 1: "
    "each example raises the class before its own, and class 0 wraps around to the last.",
    see=GRADIENT,
)
def gradient_with_classes_counted_from_one(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return (probabilities - _one_hot(scores, targets - 1)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The likeliest class takes the place of the true one: "
    "the gradient never looks at the targets and makes every prediction surer.",
    see=GRADIENT,
)
def predicted_class_taken_for_the_true_one(scores: Array, targets: Array) -> Array:
    probabilities = _softmax(scores)
    return (probabilities - _one_hot(scores, scores.argmax(axis=1))) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The raw scores take the place of the probabilities: that is the gradient of a squared error.",
    see=GRADIENT,
)
def scores_instead_of_probabilities(scores: Array, targets: Array) -> Array:
    return (scores - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The softmax is applied twice: its outputs lie so close together "
    "that a perfect prediction still gets a gradient.",
    see=GRADIENT,
)
def gradient_with_softmax_twice(scores: Array, targets: Array) -> Array:
    return (_softmax(_softmax(scores)) - _one_hot(scores, targets)) / len(targets)


@misconception(
    of="cross_entropy_gradient",
    says="The rows are averaged into one: the gradient has one row for each example, "
    "since every example has scores of its own.",
    see=GRADIENT,
)
def averaged_over_the_examples(scores: Array, targets: Array) -> Array:
    return (_softmax(scores) - _one_hot(scores, targets)).mean(axis=0)


@misconception(
    of="cross_entropy_gradient",
    says="The array of results is made anew for each example of the loop: only the last row of the gradient survives.",
    see=GRADIENT,
)
def only_the_last_row(scores: Array, targets: Array) -> Array:
    gradient = np.zeros(scores.shape)
    for i, target in enumerate(targets):
        exponentials = np.exp(scores[i] - scores[i].max())
        gradient = np.zeros(scores.shape)
        gradient[i] = exponentials / exponentials.sum()
        gradient[i, target] -= 1
    return gradient / len(targets)


@misconception(
    of="binary_cross_entropy",
    says="A finished sigmoid goes into t log p + (1 - t) log(1 - p): at ±1000 it is exactly 0 or 1, and 0 times "
    "-inf gives NaN, for right answers too.",
    see=TWO_CLASSES,
)
def zero_times_infinity(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))


@misconception(
    of="binary_cross_entropy",
    says="The logarithm is taken of a finished sigmoid: at ±1000 it is exactly 0 or 1, so a sure mistake costs "
    "infinity instead of 1000.",
    see=TWO_CLASSES,
)
def logarithm_of_a_finished_sigmoid(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(np.log(np.where(target == 1, p, 1 - p))))


@misconception(
    of="binary_cross_entropy",
    says="The sigmoid is written exp(s) / (1 + exp(s)): for large positive scores that is inf / inf, which is NaN.",
    see=TWO_CLASSES,
)
def sigmoid_overflows(score: Array, target: Array) -> float:
    p = np.exp(score) / (1 + np.exp(score))
    return float(-np.mean(np.log(np.where(target == 1, p, 1 - p))))


@misconception(
    of="binary_cross_entropy",
    says="log(1 + exp(s)) overflows for s above 709: the loss is infinite, for right answers too.",
    see=TWO_CLASSES,
)
def exponential_of_a_large_score(score: Array, target: Array) -> float:
    return float(np.mean(np.log(1 + np.exp(score)) - target * score))


@misconception(
    of="binary_cross_entropy",
    says="log(1 + exp(-s)) overflows for s below -709: the loss is infinite, for right answers too.",
    see=TWO_CLASSES,
)
def exponential_of_minus_a_large_score(score: Array, target: Array) -> float:
    return float(np.mean(np.log(1 + np.exp(-score)) + (1 - target) * score))


@misconception(
    of="binary_cross_entropy",
    says="1e-15 is added inside the logarithms: no example can cost more than 34.5, so sure mistakes count too little.",
    see=TWO_CLASSES,
)
def sigmoid_raised_by_1e15(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p + 1e-15) + (1 - target) * np.log(1 - p + 1e-15)))


@misconception(
    of="binary_cross_entropy",
    says="1e-12 is added inside the logarithms: no example can cost more than 27.6, so sure mistakes count too little.",
    see=TWO_CLASSES,
)
def sigmoid_raised_by_1e12(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p + 1e-12) + (1 - target) * np.log(1 - p + 1e-12)))


@misconception(
    of="binary_cross_entropy",
    says="1e-10 is added inside the logarithms: no example can cost more than 23.0, so sure mistakes count too little.",
    see=TWO_CLASSES,
)
def sigmoid_raised_by_1e10(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p + 1e-10) + (1 - target) * np.log(1 - p + 1e-10)))


@misconception(
    of="binary_cross_entropy",
    says="1e-8 is added inside the logarithms: no example can cost more than 18.4, so sure mistakes count too little.",
    see=TWO_CLASSES,
)
def sigmoid_raised_by_1e8(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p + 1e-8) + (1 - target) * np.log(1 - p + 1e-8)))


@misconception(
    of="binary_cross_entropy",
    says="1e-7 is added inside the logarithms: no example can cost more than 16.1, so sure mistakes count too little.",
    see=TWO_CLASSES,
)
def sigmoid_raised_by_1e7(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p + 1e-7) + (1 - target) * np.log(1 - p + 1e-7)))


@misconception(
    of="binary_cross_entropy",
    says="1e-5 is added inside the logarithms: no example can cost more than 11.5, so sure mistakes count too little.",
    see=TWO_CLASSES,
)
def sigmoid_raised_by_1e5(score: Array, target: Array) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.mean(target * np.log(p + 1e-5) + (1 - target) * np.log(1 - p + 1e-5)))


@misconception(
    of="binary_cross_entropy",
    says="The probability is clipped to [1e-15, 1 - 1e-15]: no example can cost more than 34.5, so sure mistakes "
    "count too little.",
    see=TWO_CLASSES,
)
def sigmoid_clipped_at_1e15(score: Array, target: Array) -> float:
    p = np.clip(1 / (1 + np.exp(-score)), 1e-15, 1 - 1e-15)
    return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))


@misconception(
    of="binary_cross_entropy",
    says="The probability is clipped to [1e-12, 1 - 1e-12]: no example can cost more than 27.6, so sure mistakes "
    "count too little.",
    see=TWO_CLASSES,
)
def sigmoid_clipped_at_1e12(score: Array, target: Array) -> float:
    p = np.clip(1 / (1 + np.exp(-score)), 1e-12, 1 - 1e-12)
    return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))


@misconception(
    of="binary_cross_entropy",
    says="The probability is clipped to [1e-10, 1 - 1e-10]: no example can cost more than 23.0, so sure mistakes "
    "count too little.",
    see=TWO_CLASSES,
)
def sigmoid_clipped_at_1e10(score: Array, target: Array) -> float:
    p = np.clip(1 / (1 + np.exp(-score)), 1e-10, 1 - 1e-10)
    return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))


@misconception(
    of="binary_cross_entropy",
    says="The probability is clipped to [1e-7, 1 - 1e-7]: no example can cost more than 16.1, so sure mistakes "
    "count too little.",
    see=TWO_CLASSES,
)
def sigmoid_clipped_at_1e7(score: Array, target: Array) -> float:
    p = np.clip(1 / (1 + np.exp(-score)), 1e-7, 1 - 1e-7)
    return float(-np.mean(target * np.log(p) + (1 - target) * np.log(1 - p)))


@misconception(
    of="binary_cross_entropy",
    says="The score is cut off at ±500 to avoid overflow: a sure mistake then costs at most 500.",
    see=TWO_CLASSES,
)
def scores_limited_to_500(score: Array, target: Array) -> float:
    score = np.clip(score, -500, 500)
    return float(np.mean(np.log(1 + np.exp(score)) - target * score))


@misconception(
    of="binary_cross_entropy",
    says="The two classes are swapped, by the sign of the score or by the target: this is the loss of predicting "
    "class 0 where class 1 is meant, and a right answer costs what a wrong one should.",
    see=TWO_CLASSES,
)
def classes_swapped(score: Array, target: Array) -> float:
    return float(np.mean(_binary_losses(-score, target)))


@misconception(
    of="binary_cross_entropy",
    says="Only t log p is there: examples of class 0 cost nothing, whatever is predicted, so calling everything "
    "class 1 would be perfect.",
    see=TWO_CLASSES,
)
def only_the_positive_class(score: Array, target: Array) -> float:
    return float(np.mean(target * np.logaddexp(0, -score)))


@misconception(
    of="binary_cross_entropy",
    says="Only (1 - t) log(1 - p) is there: examples of class 1 cost nothing, whatever is predicted, so calling "
    "everything class 0 would be perfect.",
    see=TWO_CLASSES,
)
def only_the_negative_class(score: Array, target: Array) -> float:
    return float(np.mean((1 - target) * np.logaddexp(0, score)))


@misconception(
    of="binary_cross_entropy",
    says="The formula log(1 + exp(-t s)) is for targets -1 and 1: with target 0 it gives log 2 whatever the score is.",
    see=TWO_CLASSES,
)
def targets_taken_for_signs(score: Array, target: Array) -> float:
    return float(np.mean(np.logaddexp(0, -target * score)))


@misconception(
    of="binary_cross_entropy",
    says="The losses are summed over the batch, not averaged: the result is N times too large and grows with the "
    "batch size.",
    see=TWO_CLASSES,
)
def log_loss_summed(score: Array, target: Array) -> float:
    return float(np.sum(_binary_losses(score, target)))


@misconception(
    of="binary_cross_entropy",
    says="The mean over the batch is missing: one loss per example comes back instead of one number.",
    see=TWO_CLASSES,
)
def log_loss_per_example(score: Array, target: Array) -> Array:
    return _binary_losses(score, target)


@misconception(
    of="binary_cross_entropy",
    says="The mean runs over both terms of every example, 2N numbers of which half are zero: the loss is half of "
    "what it should be.",
    see=TWO_CLASSES,
)
def averaged_over_both_terms(score: Array, target: Array) -> float:
    terms = np.stack([target * np.logaddexp(0, -score), (1 - target) * np.logaddexp(0, score)])
    return float(terms.mean())


@misconception(
    of="binary_cross_entropy",
    says="The mean is taken within each class and then added up: the rarer class weighs more, and a batch without "
    "one of them gives NaN.",
    see=TWO_CLASSES,
)
def each_class_averaged_by_itself(score: Array, target: Array) -> float:
    positive, negative = score[target == 1], score[target == 0]
    return float(np.mean(np.logaddexp(0, -positive)) + np.mean(np.logaddexp(0, negative)))


@misconception(
    of="binary_cross_entropy",
    says="The minus sign is missing: this is the mean log-probability, and minimising it would make the true "
    "classes unlikely.",
    see=TWO_CLASSES,
)
def log_loss_without_the_minus(score: Array, target: Array) -> float:
    return float(-np.mean(_binary_losses(score, target)))


@misconception(
    of="binary_cross_entropy",
    says="The logarithm has base 2: the loss is in bits and 1.4427 times too large. Losses here are in nats.",
    see=TWO_CLASSES,
)
def log_loss_in_bits(score: Array, target: Array) -> float:
    return float(np.mean(_binary_losses(score, target)) / np.log(2))


@misconception(
    of="binary_cross_entropy",
    says="The correction is log(1 + exp(|s|)) with a plus in the exponent: it has to be a small remainder that "
    "vanishes for large scores, but it grows with them and counts the score again.",
    see=TWO_CLASSES,
)
def wrong_sign_in_the_correction(score: Array, target: Array) -> float:
    return float(np.mean(np.maximum(score, 0) - score * target + np.logaddexp(0, np.abs(score))))


@misconception(
    of="binary_cross_entropy",
    says="The correction is log(1 + exp(s)) without -|s| in the exponent: for positive scores it counts the score "
    "a second time, and at 1000 it overflows.",
    see=TWO_CLASSES,
)
def absolute_value_forgotten(score: Array, target: Array) -> float:
    return float(np.mean(np.maximum(score, 0) - score * target + np.log1p(np.exp(score))))


@misconception(
    of="binary_cross_entropy",
    says="s t is added instead of subtracted: a large score for class 1 costs more, not less.",
    see=TWO_CLASSES,
)
def target_term_added(score: Array, target: Array) -> float:
    return float(np.mean(np.maximum(score, 0) + score * target + np.log1p(np.exp(-np.abs(score)))))


@misconception(
    of="binary_cross_entropy",
    says="Only max(s, 0) - s t is there, without the logarithmic remainder: an undecided score of 0 costs nothing "
    "instead of log 2.",
    see=TWO_CLASSES,
)
def correction_left_out(score: Array, target: Array) -> float:
    return float(np.mean(np.maximum(score, 0) - score * target))


@misconception(
    of="binary_cross_entropy",
    says="The term s t is missing: the loss never looks at the targets and treats every example as class 0.",
    see=TWO_CLASSES,
)
def target_term_left_out(score: Array, target: Array) -> float:
    return float(np.mean(np.logaddexp(0, score)))


@misconception(
    of="binary_cross_entropy",
    says="The raw score is taken for a probability: a score may be negative or above 1, and the logarithm is then NaN.",
    see=TWO_CLASSES,
)
def score_taken_for_a_probability(score: Array, target: Array) -> float:
    return float(-np.mean(target * np.log(score) + (1 - target) * np.log(1 - score)))


@misconception(
    of="binary_cross_entropy",
    says="The sigmoid is applied before a loss that contains one: its second input lies between 0 and 1, so no "
    "example can cost less than 0.31 and a sure mistake costs at most 1.31.",
    see=TWO_CLASSES,
)
def sigmoid_applied_twice(score: Array, target: Array) -> float:
    p = _sigmoid(score)
    return float(np.mean(np.logaddexp(0, p) - target * p))


@misconception(
    of="binary_cross_entropy",
    says="A softmax over the batch stands in for the sigmoid: the examples compete for one unit of probability, "
    "though each has a score and a class of its own.",
    see=TWO_CLASSES,
)
def softmax_across_the_examples(score: Array, target: Array) -> float:
    exponentials = np.exp(score - score.max())
    p = exponentials / exponentials.sum()
    return float(-np.mean(np.log(np.where(target == 1, p, 1 - p))))


@misconception(
    of="binary_cross_entropy",
    says="An (N, 1) array meets one of shape (N,) and broadcasts to (N, N): every score is compared with the "
    "targets of all examples.",
    see=TWO_CLASSES,
)
def every_score_against_every_target(score: Array, target: Array) -> float:
    score = score.reshape(-1, 1)
    return float(np.mean(np.logaddexp(0, score) - score * target))


@misconception(
    of="binary_cross_entropy",
    says="The logarithm is taken after the mean: the logarithm of a mean probability is not the mean of the "
    "logarithms, and one sure mistake hides behind the other examples.",
    see=TWO_CLASSES,
)
def log_of_the_mean_probability(score: Array, target: Array) -> float:
    signed = np.where(target == 1, score, -score)
    return float(-np.log(np.mean(_sigmoid(signed))))


@misconception(
    of="binary_cross_entropy",
    says="The probability of the true class is averaged without a logarithm: a sure mistake costs little more than "
    "a doubtful one, and the loss is negative.",
    see=TWO_CLASSES,
)
def logarithm_left_out(score: Array, target: Array) -> float:
    signed = np.where(target == 1, score, -score)
    return float(-np.mean(_sigmoid(signed)))


@misconception(
    of="binary_cross_entropy",
    says="This is the squared error of the sigmoid: a sure mistake costs 1 at most, and its gradient vanishes.",
    see=TWO_CLASSES,
)
def squared_error_of_the_sigmoid(score: Array, target: Array) -> float:
    p = _sigmoid(score)
    return float(np.mean((p - target) ** 2))


@misconception(
    of="binary_cross_entropy",
    says="This counts wrong decisions: the error rate does not see how sure a prediction was and has no useful slope.",
    see=TWO_CLASSES,
)
def share_of_wrong_decisions(score: Array, target: Array) -> float:
    return float(np.mean((score > 0) != (target == 1)))


@misconception(
    of="multitask_loss",
    says="The box term is divided by the number of examples with a box instead of N: the weight of one box depends "
    "on how much background came with it, and a batch of background divides by 0.",
    see=SEVERAL,
)
def box_term_averaged_over_the_boxes(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    n_boxes = (class_targets != 0).sum()
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n_boxes
    return loss, d_class_scores, 2 * box_weight * error / n_boxes


@misconception(
    of="multitask_loss",
    says="The box term is divided by the number of examples with a box (at least 1) instead of N: the weight of "
    "one box depends on how much background came with it.",
    see=SEVERAL,
)
def box_term_averaged_over_the_boxes_or_one(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    n_boxes = max((class_targets != 0).sum(), 1)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n_boxes
    return loss, d_class_scores, 2 * box_weight * error / n_boxes


@misconception(
    of="multitask_loss",
    says="The box term is the mean over all coordinates of the selected boxes: it has to be the sum over the "
    "coordinates, divided by N.",
    see=SEVERAL,
)
def mean_over_the_coordinates_of_all_boxes(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    size = (class_targets != 0).sum() * box.shape[1]
    loss = class_loss + box_weight * (error**2).sum() / size
    return loss, d_class_scores, 2 * box_weight * error / size


@misconception(
    of="multitask_loss",
    says="The squared error is averaged over the coordinates of a box instead of summed: the box term and its "
    "gradient are too small by the number of coordinates.",
    see=SEVERAL,
)
def mean_over_the_coordinates(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).mean()
    return loss, d_class_scores, 2 * box_weight * error / error.size


@misconception(
    of="multitask_loss",
    says="The loss sums over the coordinates of a box, but the gradient is divided by their number.",
    see=SEVERAL,
)
def gradient_of_a_mean_over_coordinates(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / error.size


@misconception(
    of="multitask_loss",
    says="The boxes of background examples count as well: there is nothing at those places to find, and NaN "
    "targets make the whole loss NaN.",
    see=SEVERAL,
)
def background_not_masked(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = box - box_targets
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="Background is masked by multiplying with 0: NaN times 0 is still NaN, so a missing box poisons the loss "
    "of the whole batch. Select, do not multiply.",
    see=SEVERAL,
)
def background_masked_by_multiplication(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = (box - box_targets) * (class_targets != 0)[:, None]
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The loss leaves background out, but its gradient is masked by multiplying with 0: NaN times 0 is still NaN.",
    see=SEVERAL,
)
def box_gradient_masked_by_multiplication(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    mask = (class_targets != 0)[:, None]
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * (box - box_targets) * mask / n


@misconception(
    of="multitask_loss",
    says="Only NaN is left out: the box targets of background may hold any number, and it is the class target that "
    "tells which examples are background.",
    see=SEVERAL,
)
def only_nan_taken_for_background(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = np.nan_to_num(box - box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The box targets of background are set to 0 and counted: predicted boxes of background are pulled to 0 "
    "instead of left alone.",
    see=SEVERAL,
)
def background_pulled_to_zero(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = box - np.where(class_targets[:, None] != 0, box_targets, 0)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The loss leaves background out, but d_box does not: boxes that do not count in the loss have no gradient.",
    see=SEVERAL,
)
def background_rows_of_the_gradient_not_zero(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * (box - box_targets) / n


@misconception(
    of="multitask_loss",
    says="The mask is reversed: the boxes of background count, and those of the objects do not.",
    see=SEVERAL,
)
def background_and_objects_swapped(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = np.where(class_targets[:, None] == 0, box - box_targets, 0)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="Only class 1 is given a box: every class but 0 has one.",
    see=SEVERAL,
)
def only_class_one_has_a_box(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = np.where(class_targets[:, None] == 1, box - box_targets, 0)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The mask asks which class is predicted instead of which is true: a missed object never learns its box.",
    see=SEVERAL,
)
def mask_from_the_predictions(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_scores.argmax(axis=1), box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="Background is left out of the cross-entropy as well: it has no box, but it is a class that has to be "
    "learned.",
    see=SEVERAL,
)
def background_left_out_of_the_class_loss(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    has_box = class_targets != 0
    class_loss = (_losses(class_scores, class_targets) * has_box).sum() / n
    _, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores * has_box[:, None], 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The cross-entropy counts background, but its gradient does not: background is a class that has to be "
    "learned, so its rows of d_class_scores are not 0.",
    see=SEVERAL,
)
def class_gradient_of_background_zero(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores * (class_targets != 0)[:, None], 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The loss carries box_weight, but d_box does not: the gradient belongs to another loss.",
    see=SEVERAL,
)
def weight_missing_from_the_gradient(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * error / n


@misconception(
    of="multitask_loss",
    says="box_weight is used nowhere: the box term counts as if the weight were 1.",
    see=SEVERAL,
)
def weight_forgotten(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + (error**2).sum() / n
    return loss, d_class_scores, 2 * error / n


@misconception(
    of="multitask_loss",
    says="box_weight multiplies the cross-entropy instead of the box term.",
    see=SEVERAL,
)
def weight_on_the_class_loss(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = box_weight * class_loss + (error**2).sum() / n
    return loss, box_weight * d_class_scores, 2 * error / n


@misconception(
    of="multitask_loss",
    says="box_weight multiplies both losses: it no longer balances one against the other but scales the learning rate.",
    see=SEVERAL,
)
def weight_on_both_losses(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = box_weight * (class_loss + (error**2).sum() / n)
    return loss, box_weight * d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The loss is right, but d_class_scores is multiplied by box_weight as well: the cross-entropy carries no "
    "weight.",
    see=SEVERAL,
)
def weight_in_the_class_gradient(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, box_weight * d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The losses are mixed as 1 - box_weight and box_weight: the cross-entropy has the weight 1, whatever the "
    "box weight is.",
    see=SEVERAL,
)
def weights_that_share_one(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = (1 - box_weight) * class_loss + box_weight * (error**2).sum() / n
    return loss, (1 - box_weight) * d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="box_weight stands inside the square: it acts with its second power.",
    see=SEVERAL,
)
def weight_squared(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = box_weight * _box_error(box, class_targets, box_targets)
    loss = class_loss + (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The factor 2 is missing from d_box: the derivative of e² is 2e.",
    see=SEVERAL,
)
def factor_two_missing(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The box term has a factor ½ that is not asked for: it and its gradient are half of what they should be.",
    see=SEVERAL,
)
def half_squared_error(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / (2 * n)
    return loss, d_class_scores, box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The box term is the absolute error: the size of an error does not reach the gradient, only its sign.",
    see=SEVERAL,
)
def absolute_error(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * np.abs(error).sum() / n
    return loss, d_class_scores, box_weight * np.sign(error) / n


@misconception(
    of="multitask_loss",
    says="The box term is the distance, not its square: the root is too much, and its gradient is 0/0 where a box "
    "is exactly right.",
    see=SEVERAL,
)
def distance_instead_of_its_square(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    distance = np.sqrt((error**2).sum(axis=1, keepdims=True))
    direction = np.where(class_targets[:, None] != 0, error / distance, 0)
    loss = class_loss + box_weight * distance.sum() / n
    return loss, d_class_scores, box_weight * direction / n


@misconception(
    of="multitask_loss",
    says="The box term is summed over the batch and the cross-entropy is averaged: the larger the batch, the more "
    "the boxes count.",
    see=SEVERAL,
)
def box_term_summed_over_the_batch(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum()
    return loss, d_class_scores, 2 * box_weight * error


@misconception(
    of="multitask_loss",
    says="The cross-entropy is summed over the batch and the box term is averaged: the larger the batch, the less "
    "the boxes count.",
    see=SEVERAL,
)
def class_loss_summed_over_the_batch(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = n * class_loss + box_weight * (error**2).sum() / n
    return loss, n * d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="Both losses are summed over the batch instead of averaged: everything is N times too large.",
    see=SEVERAL,
)
def both_losses_summed_over_the_batch(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = n * class_loss + box_weight * (error**2).sum()
    return loss, n * d_class_scores, 2 * box_weight * error


@misconception(
    of="multitask_loss",
    says="The loss is a mean, but neither gradient is divided by N: both are N times too large.",
    see=SEVERAL,
)
def gradients_not_divided_by_the_batch_size(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, n * d_class_scores, 2 * box_weight * error


@misconception(
    of="multitask_loss",
    says="The loss is a mean, but d_box is not divided by N.",
    see=SEVERAL,
)
def box_gradient_not_divided_by_the_batch_size(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error


@misconception(
    of="multitask_loss",
    says="The loss is a mean, but d_class_scores is not divided by N.",
    see=SEVERAL,
)
def class_gradient_not_divided_by_the_batch_size(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, n * d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The loss divides the box term by N, but d_box divides it by the number of boxes.",
    see=SEVERAL,
)
def box_gradient_divided_by_the_boxes(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / max((class_targets != 0).sum(), 1)


@misconception(
    of="multitask_loss",
    says="The sign of d_box is reversed (target minus prediction): gradient descent would push the boxes away from "
    "their targets.",
    see=SEVERAL,
)
def box_gradient_reversed(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, -2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The sign of d_class_scores is reversed (targets minus probabilities): gradient descent would make the "
    "true class less likely.",
    see=SEVERAL,
)
def class_gradient_reversed(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, -d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The two gradients come back in the wrong order: d_class_scores belongs before d_box.",
    see=SEVERAL,
)
def gradients_in_the_wrong_order(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, 2 * box_weight * error / n, d_class_scores


@misconception(
    of="multitask_loss",
    says="d_box holds the rows of examples with a box only: it needs the shape of box, with zeros in the rows of "
    "background.",
    see=SEVERAL,
)
def only_rows_with_a_box_returned(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error[class_targets != 0] / n


@misconception(
    of="multitask_loss",
    says="The loss is the cross-entropy alone, though d_box is the gradient of a box term.",
    see=SEVERAL,
)
def box_term_missing_from_the_loss(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The loss is the box term alone, though d_class_scores is the gradient of a cross-entropy.",
    see=SEVERAL,
)
def class_loss_missing_from_the_loss(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    _, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="No maximum is subtracted in the softmax: scores of ±1000 make the loss and d_class_scores NaN.",
    see=STABLE,
)
def class_loss_of_an_overflowing_softmax(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    exponentials = np.exp(class_scores)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    class_loss = -np.log(_of_truth(probabilities, class_targets)).mean()
    d_class_scores = (probabilities - _one_hot(class_scores, class_targets)) / n
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="The logarithm is taken of a finished probability: where that of the true class underflows to 0, the loss "
    "is infinite.",
    see=CROSS_ENTROPY,
)
def class_loss_with_the_logarithm_of_zero(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    class_loss = -np.log(_of_truth(_softmax(class_scores), class_targets)).mean()
    _, d_class_scores = _class_part(class_scores, class_targets)
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="multitask_loss",
    says="One maximum for the whole batch: rows far below it underflow, and their loss is infinite or their "
    "gradient NaN.",
    see=STABLE,
)
def class_loss_with_one_maximum(
    class_scores: Array, box: Array, class_targets: Array, box_targets: Array, box_weight: float
) -> LossAndGradients:
    n = len(box)
    exponentials = np.exp(class_scores - class_scores.max())
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    class_loss = -np.log(_of_truth(probabilities, class_targets)).mean()
    d_class_scores = (probabilities - _one_hot(class_scores, class_targets)) / n
    error = _box_error(box, class_targets, box_targets)
    loss = class_loss + box_weight * (error**2).sum() / n
    return loss, d_class_scores, 2 * box_weight * error / n


@misconception(
    of="torch_loss",
    says="The softmax is applied before cross_entropy, which applies it itself: the loss cannot fall below log(1 + "
    "(C - 1)/e), and the gradients are tiny.",
    see=PYTORCH,
)
def softmax_before_cross_entropy(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(functional.softmax(model(x), dim=1), y)


@misconception(
    of="torch_loss",
    says="A sigmoid is applied before cross_entropy, which wants raw scores: squeezed into [0, 1], the scores "
    "cannot express a sure prediction.",
    see=PYTORCH,
)
def sigmoid_before_cross_entropy(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x).sigmoid(), y)


@misconception(
    of="torch_loss",
    says="A relu is applied to the scores: negative scores all become 0, and no gradient flows through them.",
    see=PYTORCH,
)
def relu_before_cross_entropy(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(functional.relu(model(x)), y)


@misconception(
    of="torch_loss",
    says="nll_loss is given probabilities, but it expects their logarithms: the loss lies between -1 and 0.",
    see=PYTORCH,
)
def probabilities_into_nll_loss(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.nll_loss(functional.softmax(model(x), dim=1), y)


@misconception(
    of="torch_loss",
    says="nll_loss is given raw scores, but it expects log-probabilities: without the normaliser the loss has no "
    "lower bound.",
    see=PYTORCH,
)
def raw_scores_into_nll_loss(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.nll_loss(model(x), y)


@misconception(
    of="torch_loss",
    says="The log_softmax runs over dim 0, the batch: the examples compete with each other instead of the classes.",
    see=PYTORCH,
)
def log_softmax_over_the_batch(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.nll_loss(functional.log_softmax(model(x), dim=0), y)


@misconception(
    of="torch_loss",
    says="The losses are summed over the batch instead of averaged: loss and gradients are N times too large.",
    see=PYTORCH,
)
def sum_instead_of_mean(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x), y, reduction="sum")


@misconception(
    of="torch_loss",
    says="cross_entropy averages over the batch already: divided by N once more, loss and gradients are N times "
    "too small.",
    see=PYTORCH,
)
def divided_by_the_batch_size_twice(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x), y) / len(x)


@misconception(
    of="torch_loss",
    says="The mean runs over all N times C entries, of which all but one per row are zero: the loss is C times too "
    "small.",
    see=PYTORCH,
)
def mean_over_classes_too(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    log_probabilities = functional.log_softmax(model(x), dim=1)
    return -(functional.one_hot(y, log_probabilities.shape[1]) * log_probabilities).mean()


@misconception(
    of="torch_loss",
    says="The sign is reversed: nll_loss and cross_entropy contain the minus already, and minimising this one "
    "would unlearn the classes.",
    see=PYTORCH,
)
def loss_negated(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -functional.cross_entropy(model(x), y)


@misconception(
    of="torch_loss",
    says="The logarithm is taken of finished probabilities: where that of the true class underflows, the loss is "
    "infinite and the gradients are NaN.",
    see=PYTORCH,
)
def logarithm_of_softmax_probabilities(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    probabilities = functional.softmax(model(x), dim=1)
    return -probabilities[range(len(y)), y].log().mean()


@misconception(
    of="torch_loss",
    says="1e-12 is added to the probabilities before the logarithm: no example can cost more than 27.6, and where "
    "the probability underflows no gradient is left.",
    see=PYTORCH,
)
def softmax_probabilities_with_a_floor(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    probabilities = functional.softmax(model(x), dim=1)
    return -(probabilities[range(len(y)), y] + 1e-12).log().mean()


@misconception(
    of="torch_loss",
    says="This is the squared error between scores and one-hot targets: the scores are pulled to 0 and 1, as if "
    "they were probabilities.",
    see=PYTORCH,
)
def squared_error_of_scores(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scores = model(x)
    return functional.mse_loss(scores, functional.one_hot(y, scores.shape[1]).to(scores.dtype))


@misconception(
    of="torch_loss",
    says="This is the squared error between probabilities and one-hot targets: the gradient of a sure mistake "
    "vanishes.",
    see=PYTORCH,
)
def squared_error_of_softmax(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    p = functional.softmax(model(x), dim=1)
    return functional.mse_loss(p, functional.one_hot(y, p.shape[1]).to(p.dtype))


@misconception(
    of="torch_loss",
    says="This is a binary cross-entropy for each class on its own: the classes of one example exclude each other, "
    "so they share one softmax.",
    see=PYTORCH,
)
def one_sigmoid_per_class(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scores = model(x)
    one_hot = functional.one_hot(y, scores.shape[1]).to(scores.dtype)
    return functional.binary_cross_entropy_with_logits(scores, one_hot)


@misconception(
    of="torch_loss",
    says="The model's own decisions (argmax) are the targets: the loss never looks at y and makes every prediction "
    "surer.",
    see=PYTORCH,
)
def own_predictions_as_targets(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scores = model(x)
    return functional.cross_entropy(scores, scores.argmax(dim=1))


@misconception(
    of="torch_loss",
    says="label_smoothing moves a part of the target to the other classes: the loss asked for takes the targets as "
    "they are.",
    see=PYTORCH,
)
def targets_smoothed(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x), y, label_smoothing=0.1)


@misconception(
    of="torch_loss",
    says="This is a margin loss: it is 0 once the true score is ahead by 1 and says nothing about probabilities.",
    see=PYTORCH,
)
def hinge_loss(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.multi_margin_loss(model(x), y)


@misconception(
    of="torch_loss",
    says="The function calls model.eval(): whoever is training gets the loss of the running statistics, and batch "
    "norm and dropout stay switched off afterwards.",
    see=PYTORCH,
)
def switches_to_evaluation(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    model.eval()
    return functional.cross_entropy(model(x), y)


@misconception(
    of="torch_loss",
    says="The function calls model.train(): whoever is evaluating gets a loss that depends on the rest of the "
    "batch, and running statistics that move.",
    see=PYTORCH,
)
def switches_to_training(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    model.train()
    return functional.cross_entropy(model(x), y)


@misconception(
    of="torch_loss",
    says="Only the first example of the batch is used.",
    see=PYTORCH,
)
def only_the_first_example(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(model(x)[:1], y[:1])
