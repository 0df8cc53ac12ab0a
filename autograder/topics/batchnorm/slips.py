"""What learners get wrong in batch normalization."""

from __future__ import annotations

from autograder.judging.slips import ALL, slips, way

# centering_backward

slip = slips("centering_backward", see="centering")
CENTRED = "dout - dout.mean(axis=0)"

slip("identity", title="the mean as a constant",
     says="The gradient comes out as it came in. But every x acts on all results, through the mean: subtract the mean "
     "of the gradient over the batch.",
     replace=(CENTRED, "dout + 0"))
slip("sum", title="a sum in place of a mean",
     says="The sum over the batch is subtracted. Each of the N terms has the factor 1/N: subtract the mean.",
     replace=(CENTRED, "dout - dout.sum(axis=0)"))
slip("other_axis", title="the mean over the features",
     says="The mean over the features of each example is subtracted. The forward pass took the mean over the examples: "
     "axis 0.",
     replace=(CENTRED, "dout - dout.mean(axis=1, keepdims=True)"))
slip("one_mean", title="one mean for everything",
     says="One mean over the whole array is subtracted. Each feature has a mean of its own: axis=0.",
     replace=(CENTRED, "dout - dout.mean()"))
slip("own_term_only", title="only the effect on its own result",
     says="The gradient is multiplied by 1 - 1/N. That is how an x acts on its own result; the effect on those of the "
     "others is missing.",
     replace=(CENTRED, "dout * (1 - 1 / len(dout))"))
slip("only_the_mean", title="only the way through the mean",
     says="This is the way through the mean alone, without the direct one: the gradient itself comes first.",
     replace=(CENTRED, "0 * dout - dout.mean(axis=0)"))
slip("mean_added", title="the mean added",
     says="The mean of the gradient is added. The forward pass subtracts the mean, so the gradient does, too.",
     replace=(CENTRED, "dout + dout.mean(axis=0)"))

# batchnorm_forward

slip = slips("batchnorm_forward", see="normalize")
STD, HAT, OUT = "np.sqrt(x.var(axis=0) + eps)", "(x - x.mean(axis=0)) / std", "gamma * x_hat + beta, x_hat, std"

slip("other_axis", title="statistics over the features",
     says="Mean and variance are those of the features of each example. That is layer normalization. Here they are "
     "taken over the examples of the batch: axis 0.",
     replace=[(STD, "np.sqrt(x.var(axis=1, keepdims=True) + eps)"), (HAT, "(x - x.mean(axis=1, keepdims=True)) / std")])
slip("one_for_all", title="one mean and one variance for all features",
     says="Mean and variance are taken over the whole array. Each feature has its own: axis=0.",
     replace=[(STD, "np.sqrt(x.var() + eps) * np.ones(x.shape[1])"), (HAT, "(x - x.mean()) / std")])
slip("unbiased", title="the unbiased variance",
     says="The variance divides by N - 1. A batch is normalized by the biased one, which divides by N.",
     replace=("x.var(axis=0)", "x.var(axis=0, ddof=1)"))
slip("no_root", title="divided by the variance",
     says="The batch is divided by the variance, without its root, and std holds the variance.",
     replace=(STD, "x.var(axis=0) + eps"))
slip("eps_outside", title="eps outside the root",
     says="The eps is added to the deviation. It belongs to the variance, under the root.",
     replace=(STD, "np.sqrt(x.var(axis=0)) + eps"))
slip("no_eps", title="no eps",
     says="The eps is missing under the root. A feature that never changes in the batch becomes 0/0.",
     replace=(STD, "np.sqrt(x.var(axis=0))"))
slip("eps_as_floor", title="eps as a lower limit",
     says="The variance is replaced by eps where it is smaller. Add eps to every variance, under the root.",
     replace=(STD, "np.sqrt(np.maximum(x.var(axis=0), eps))"))
slip("eps_twice", title="eps inside and outside of the root",
     says="The eps is added twice: to the variance, and again where x_hat is divided. Once is enough, under the root.",
     replace=(HAT, "(x - x.mean(axis=0)) / (std + eps)"))
slip("not_centred", title="the mean not subtracted",
     says="Your x is divided by its deviation, but its mean is not subtracted before.",
     replace=(HAT, "x / std"))
slip("no_brackets", title="brackets forgotten",
     says="Only the mean is divided by std: x - mean / std. Put brackets around the difference.",
     replace=(HAT, "x - x.mean(axis=0) / std"))
slip("no_factor", title="gamma and beta forgotten",
     says="Your out is x_hat. The learned factor and shift come last: gamma * x_hat + beta.",
     replace=(OUT, "x_hat + 0, x_hat, std"))
slip("no_shift", title="beta forgotten",
     says="Your out is gamma * x_hat. The shift beta is missing.",
     replace=(OUT, "gamma * x_hat, x_hat, std"))
slip("exchanged", title="gamma and beta exchanged",
     says="Your out is beta * x_hat + gamma: gamma is the factor, beta the shift.",
     replace=(OUT, "beta * x_hat + gamma, x_hat, std"))
slip("shift_scaled", title="shifted before it is scaled",
     says="Your out is gamma * (x_hat + beta). The shift comes after the factor.",
     replace=(OUT, "gamma * (x_hat + beta), x_hat, std"))
slip("variance_returned", title="the variance returned as std",
     says="Your out is right, but the third result is the variance. Return its root, std.",
     replace=(OUT, "gamma * x_hat + beta, x_hat, std**2"))
slip("centred_returned", title="the centred batch returned as x_hat",
     says="Your out is right, but the second result is only centred. x_hat is divided by std, too.",
     replace=(OUT, "gamma * x_hat + beta, x_hat * std, std"))
slip("one_pass", title="variance as a difference of two large numbers",
     says="The variance is computed as mean(x**2) - mean(x)**2. Far from zero this is a difference of two large "
     "numbers, and few of its digits are right. Subtract the mean first, or use x.var.",
     replace=(STD, "np.sqrt(np.abs((x**2).mean(axis=0) - x.mean(axis=0) ** 2) + eps)"))

# batchnorm_backward

slip = slips("batchnorm_backward", see="normalize")
DX, SCALED = "(g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / std", "g = dout * gamma"
FACTOR, SHIFT = "(dout * x_hat).sum(axis=0)", "dout.sum(axis=0)"

slip("constants", title="mean and deviation as constants",
     says="Your dx is g / std. That would be right if mean and deviation were constants. They depend on x: two more "
     "terms are missing.",
     replace=(DX, "g / std"))
slip("no_mean_term", title="the way through the mean is missing",
     says="In dx, the mean of g over the batch is not subtracted: x acts on all results through the mean.",
     replace=(DX, "(g - x_hat * (g * x_hat).mean(axis=0)) / std"))
slip("no_deviation_term", title="the way through the deviation is missing",
     says="In dx, x_hat * mean(g * x_hat) is not subtracted: x acts on all results through the deviation.",
     replace=(DX, "(g - g.mean(axis=0)) / std"))
slip("sums_in_dx", title="sums in place of means in dx",
     says="In dx, sums over the batch are subtracted. Both terms have the factor 1/N: they are means.",
     replace=(DX, "(g - g.sum(axis=0) - x_hat * (g * x_hat).sum(axis=0)) / std"))
slip("deviation_added", title="the last term with the wrong sign",
     says="In dx, x_hat * mean(g * x_hat) is added. It is subtracted: the derivative of 1/std is negative.",
     replace=(DX, "(g - g.mean(axis=0) + x_hat * (g * x_hat).mean(axis=0)) / std"))
slip("not_divided", title="dx not divided by std",
     says="The gradient dx is not divided by std: x_hat is x divided by it, so is the gradient.",
     replace=(DX, "g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)"))
slip("divided_twice", title="dx divided by the variance",
     says="Your dx is divided by std twice. Once is right.",
     replace=(DX, "(g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / std**2"))
slip("no_gamma", title="gamma missing in dx",
     says="In dx the gradient is not multiplied by gamma. On its way from out to x_hat it is.",
     replace=(SCALED, "g = dout"))
slip("gamma_in_dgamma", title="gamma in its own gradient",
     says="Your dgamma is multiplied by gamma. The gradient of gamma * x_hat with respect to gamma is x_hat.",
     replace=(FACTOR, "(dout * gamma * x_hat).sum(axis=0)"))
slip("mean_of_dgamma", title="dgamma as a mean",
     says="Your dgamma is a mean over the batch. gamma is used N times: its gradient is the sum.",
     replace=(FACTOR, "(dout * x_hat).mean(axis=0)"))
slip("mean_of_dbeta", title="dbeta as a mean",
     says="Your dbeta is a mean over the batch. beta is added N times: its gradient is the sum.",
     replace=(SHIFT, "dout.mean(axis=0)"))
slip("both_means", title="dgamma and dbeta as means",
     says="Both dgamma and dbeta are means over the batch. Both are used N times: their gradients are sums.",
     replace=[(FACTOR, "(dout * x_hat).mean(axis=0)"), (SHIFT, "dout.mean(axis=0)")])
slip("exchanged", title="dgamma and dbeta exchanged",
     says="The second and the third result are exchanged: first dgamma, then dbeta.",
     replace=("return dx, dgamma, dbeta", "return dx, dbeta, dgamma"))
slip("other_axis", title="means over the features in dx",
     says="In dx, the means are taken over the features of an example. They are taken over the batch: axis 0.",
     replace=(DX, "(g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)) / std"))

# BatchNorm

slip = slips("BatchNorm", see="modes")
TRAINED = "self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta"
USED = "x_hat = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)"
MEAN_STEP, VAR_STEP = "(1 - w) * self.running_mean + w * mean", "(1 - w) * self.running_var + w * unbiased"
UNBIASED, REFUSE = "x.var(axis=0, ddof=1)", 'raise ValueError("a training batch needs at least two examples")'

slip("biased_running", title="the biased variance in the running one",
     says="The running variance takes in the biased variance of the batch. It stands for all data, so it takes in the "
     "unbiased one: ddof=1.",
     replace=(UNBIASED, "var"))
slip("unbiased_batch", title="a batch normalized by the unbiased variance",
     says="In training, the batch is divided by the root of its unbiased variance. For the batch itself it is the "
     "biased one; only the running variance takes in the other.",
     replace=("x.mean(axis=0), x.var(axis=0)", "x.mean(axis=0), x.var(axis=0, ddof=1)"))
slip("weights_exchanged", title="old and new exchanged",
     says="The setting new_weight multiplies the old value. It is the weight of the new batch; the old value has 1 - "
     "new_weight.",
     replace=[(MEAN_STEP, "w * self.running_mean + (1 - w) * mean"),
              (VAR_STEP, "w * self.running_var + (1 - w) * unbiased")])
slip("batch_in_use", title="in use, the statistics of the batch",
     says="In use, the batch is normalized by its own mean and variance, so an answer depends on the others. Take the "
     "running statistics.",
     replace=(USED, "x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + self.eps)"))
slip("running_in_training", title="in training, the running statistics",
     says="In training, the batch is normalized by the running statistics. It is normalized by its own; the running "
     "ones are for use.",
     replace=(TRAINED, "self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + self.eps) + self.beta"))
slip("learns_in_use", title="statistics that change in use",
     says="The running statistics change in use, too. Only training batches are taken in.",
     replace=(USED, f"""{USED}
            if len(x) > 1:
                w = self.new_weight
                self.running_mean = (1 - w) * self.running_mean + w * x.mean(axis=0)
                self.running_var = (1 - w) * self.running_var + w * x.var(axis=0, ddof=1)"""))
slip("never_learns", title="statistics that never change",
     says="The running statistics stay as they were made. A training batch is taken in by its weight, new_weight.",
     replace=[(MEAN_STEP, "self.running_mean"), (VAR_STEP, "self.running_var")])
slip("last_batch", title="only the last batch",
     says="The running statistics are those of the last batch. Keep 1 - new_weight of the old value.",
     replace=[(MEAN_STEP, "mean"), (VAR_STEP, "unbiased")])
slip("deviation_kept", title="the running deviation in place of the variance",
     says="Your running_var takes in the deviation of the batch. It takes in the variance.",
     replace=(UNBIASED, "x.std(axis=0, ddof=1)"))
slip("starts_at_zero", title="the running variance starts at 0",
     says="The running variance starts at 0. It starts at 1, so that a layer that was never trained changes nothing.",
     replace=("np.zeros(features), np.ones(features)\n", "np.zeros(features), np.zeros(features)\n"))
slip("no_refusal", title="a batch of one is taken in training",
     says="A training batch of one example raises no ValueError. It has no deviation: everything becomes 0, or nan.",
     replace=(REFUSE, "pass"))
slip("refused_in_use", title="a single example refused in use",
     says="A single example is refused in use, too. There the running statistics are at hand: only training refuses "
     "it.",
     replace=("if not training:", 'if len(x) == 1:\n            raise ValueError("too few")\n        if not training:'))
slip("refused_too_late", title="refused after the statistics have changed",
     says="A training batch of one is refused, but the running statistics have changed before. Raise the error first.",
     replace=(REFUSE, "self.running_mean = (1 - self.new_weight) * self.running_mean + self.new_weight * x[0]\n"
              f"            {REFUSE}"))
slip("no_eps_in_use", title="eps forgotten in use",
     says="Training is right, but in use eps is missing under the root.",
     replace=(USED, "x_hat = (x - self.running_mean) / np.sqrt(self.running_var)"))
slip("no_eps", title="eps forgotten",
     says="The eps is missing under the root, in both modes.",
     replace=("self.new_weight, self.eps = new_weight, eps", "self.new_weight, self.eps = new_weight, 0.0"))
slip("shared", title="one pair of statistics for all objects",
     says="Two objects change the same running statistics: they belong to the class. Make them in __init__, with self.",
     replace=[("self.running_mean, self.running_var = np", "BatchNorm.running_mean, BatchNorm.running_var = np"),
              ("self.running_mean = (1 - w)", "BatchNorm.running_mean = (1 - w)"),
              ("self.running_var = (1 - w)", "BatchNorm.running_var = (1 - w)")])
slip("no_factor_in_use", title="gamma and beta forgotten in use",
     says="Training is right. In use, the normalized batch comes back without gamma and beta.",
     replace=("return self.gamma * x_hat + self.beta", "return x_hat"))

# fold_batchnorm

slip = slips("fold_batchnorm", see="modes")
TIMES, SHIFTED = "factor = gamma / np.sqrt(var + eps)", "W * factor, (b - mean) * factor + beta"

slip("no_root", title="divided by the variance",
     says="The factor gamma is divided by the variance. It is divided by its root, the deviation.",
     replace=(TIMES, "factor = gamma / (var + eps)"))
slip("no_eps", title="eps forgotten",
     says="The eps is missing under the root.",
     replace=(TIMES, "factor = gamma / np.sqrt(var)"))
slip("eps_outside", title="eps outside the root",
     says="The eps is added to the deviation. It belongs to the variance, under the root.",
     replace=(TIMES, "factor = gamma / (np.sqrt(var) + eps)"))
slip("no_gamma", title="gamma forgotten",
     says="The factor lacks gamma: it is gamma divided by the deviation.",
     replace=(TIMES, "factor = 1 / np.sqrt(var + eps)"))
slip("bias_not_scaled", title="the bias not scaled",
     says="W is right. The bias b enters without the factor, but it belongs to z, which is scaled as a whole.",
     replace=(SHIFTED, "W * factor, b - mean * factor + beta"))
slip("mean_not_scaled", title="the mean not scaled",
     says="W is right. In b the mean is subtracted without the factor.",
     replace=(SHIFTED, "W * factor, b * factor - mean + beta"))
slip("no_mean", title="the mean forgotten",
     says="W is right. In b the mean is not subtracted.",
     replace=(SHIFTED, "W * factor, b * factor + beta"))
slip("mean_added", title="the mean added",
     says="W is right. In b the mean is added. It is subtracted.",
     replace=(SHIFTED, "W * factor, (b + mean) * factor + beta"))
slip("no_beta", title="beta forgotten",
     says="W is right. In b the shift beta is missing.",
     replace=(SHIFTED, "W * factor, (b - mean) * factor"))
slip("no_bias", title="the bias of the layer lost",
     says="W is right. In b the bias of the linear layer is missing.",
     replace=(SHIFTED, "W * factor, beta - mean * factor"))
slip("beta_scaled", title="beta scaled, too",
     says="W is right. In b the shift beta is multiplied by the factor. It comes after it.",
     replace=(SHIFTED, "W * factor, (b - mean + beta) * factor"))
slip("weights_unchanged", title="the weights as they were",
     says="The weights come back unchanged. What is multiplied by x in the end is W times the factor of each column.",
     replace=(SHIFTED, "W + 0, (b - mean) * factor + beta"))
slip("bias_unchanged", title="the bias as it was",
     says="W is right, but b comes back unchanged.",
     replace=(SHIFTED, "W * factor, b + 0"))

# batch_statistics_noise

slip = slips("batch_statistics_noise", see="noise")
NOISE = "population_variance / batch_size"

slip("not_divided", title="the variance of one example",
     says="This is the variance of a single example. A mean of N independent ones has 1/N of it.",
     replace=(NOISE, "population_variance + 0 * batch_size"))
slip("deviation", title="the standard deviation",
     says="This is the standard deviation of the mean. Asked for is its variance, without the root.",
     replace=(NOISE, "(population_variance / batch_size) ** 0.5"))
slip("root_of_the_size", title="divided by the root of the batch size",
     says="The variance is divided by the root of the batch size. The deviation is; the variance is divided by the "
     "batch size itself.",
     replace=(NOISE, "population_variance / batch_size**0.5"))
slip("one_less", title="divided by N - 1",
     says="The variance is divided by N - 1. That is how a variance is estimated from a sample; that of a mean is 1/N.",
     replace=(NOISE, "population_variance / max(batch_size - 1, 1e-9)"))
slip("squared", title="divided by the square of the batch size",
     says="The variance is divided by the square of N. The variances of N examples add up before, so one N is left.",
     replace=(NOISE, "population_variance / batch_size**2"))
slip("multiplied", title="multiplied by the batch size",
     says="The variance grows with the batch size. That is so for a sum; a mean has less of it the larger the batch "
     "is.",
     replace=(NOISE, "population_variance * batch_size"))

# TorchBatchNorm

slip = slips("TorchBatchNorm", see="pytorch")
FORWARD = "self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta"
T_MEAN = "self.running_mean.lerp_(mean, self.new_weight)"
T_VAR = "self.running_var.lerp_(x.var(dim=0), self.new_weight)"
BEFORE = "mean, var = self.running_mean, self.running_var"
OWN = "mean, var = x.mean(dim=0), x.var(dim=0, correction=0)"
BUFFERS = ('self.register_buffer("running_mean", torch.zeros(features))',
           'self.register_buffer("running_var", torch.ones(features))')
way("TorchBatchNorm", "by_hand", code="""
    class TorchBatchNorm(nn.Module):
        def __init__(self, features, new_weight=0.1, eps=1e-5):
            super().__init__()
            self.new_weight, self.eps = new_weight, eps
            self.gamma = nn.Parameter(torch.ones(features))
            self.beta = nn.Parameter(torch.zeros(features))
            self.register_buffer("running_mean", torch.zeros(features))
            self.register_buffer("running_var", torch.ones(features))

        def forward(self, x):
            mean, var = self.running_mean, self.running_var
            if self.training:
                if x.shape[0] < 2:
                    raise ValueError("too few")
                mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
                w, unbiased = self.new_weight, x.var(dim=0)
                self.running_mean = ((1 - w) * self.running_mean + w * mean).detach()
                self.running_var = ((1 - w) * self.running_var + w * unbiased).detach()
            return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta
""")

slip("biased_running", title="the biased variance in the running one",
     says="The running variance takes in the biased variance of the batch. It takes in the unbiased one, x.var(dim=0).",
     replace=(T_VAR, "self.running_var.lerp_(var, self.new_weight)"))
slip("unbiased_batch", title="a batch normalized by the unbiased variance",
     says="In training, the batch is divided by the root of its unbiased variance, PyTorch's default. For the batch "
     "itself it is the biased one: correction=0.",
     replace=("x.var(dim=0, correction=0)", "x.var(dim=0)"))
slip("weights_exchanged", title="old and new exchanged",
     says="The setting new_weight multiplies the old value. It is the weight of the new batch, as `momentum` is in "
     "PyTorch.",
     replace=[(T_MEAN, "self.running_mean.lerp_(mean, 1 - self.new_weight)"),
              (T_VAR, "self.running_var.lerp_(x.var(dim=0), 1 - self.new_weight)")])
slip("batch_in_use", title="in use, the statistics of the batch",
     says="In evaluation mode, the batch is normalized by its own mean and variance. Take the running statistics.",
     replace=(BEFORE, OWN))
slip("always_training", title="the mode ignored",
     says="The layer works as in training when it is in evaluation mode, too. Ask self.training.",
     replace=("if self.training:", "if True:"))
slip("never_learns", title="statistics that never change",
     says="The running statistics stay as they were made. A training batch is taken in by its weight, new_weight.",
     replace=[(T_MEAN, "pass"), (T_VAR, "pass")])
slip("no_refusal", title="a batch of one is taken in training",
     says="A training batch of one example raises no ValueError. It has no deviation: everything becomes 0, or nan.",
     replace=("if len(x) == 1:", "if False:"))
slip("refused_in_use", title="a single example refused in use",
     says="A single example is refused in evaluation mode, too. Only training refuses it.",
     replace=(BEFORE, f'if len(x) == 1:\n            raise ValueError("too few")\n        {BEFORE}'))
slip("constants", title="statistics of the batch without their gradient",
     says="The results are right, but mean and variance of the batch count as constants on the way back: they are "
     "detached, or computed without gradients. In training the gradient flows through both.",
     replace=(OWN, "mean, var = x.detach().mean(dim=0), x.detach().var(dim=0, correction=0)"))
slip("graph_kept", title="statistics that keep the graph",
     says="The running statistics keep the graph of every batch: they require gradients, and memory grows with each "
     "step. Change them inside torch.no_grad(), or detach what goes in.",
     base="by_hand", replace=(".detach()", "", ALL))
slip("no_buffers", title="statistics that are no buffers",
     says="The running statistics are plain attributes: they are not saved, and stay behind when the model moves to a "
     "GPU. Use self.register_buffer.",
     base="by_hand", replace=[(BUFFERS[0], "self.running_mean = torch.zeros(features)"),
                              (BUFFERS[1], "self.running_var = torch.ones(features)")])
slip("statistics_trained", title="statistics as parameters",
     says="The running statistics are parameters, so an optimizer would change them. They are buffers.",
     replace=[(BUFFERS[0], "self.running_mean = nn.Parameter(torch.zeros(features))"),
              (BUFFERS[1], "self.running_var = nn.Parameter(torch.ones(features))")])
slip("not_trained", title="gamma and beta as buffers",
     says="Both gamma and beta are buffers, so no optimizer would train them. They are parameters.",
     replace=[("self.gamma = nn.Parameter(", 'self.register_buffer("gamma", '),
              ("self.beta = nn.Parameter(", 'self.register_buffer("beta", ')])
slip("counter", title="a further entry in state_dict",
     says="There are more than four entries in state_dict. A counter of batches, as PyTorch's layer has one, is not "
     "asked for here.",
     replace=(BUFFERS[1], f'{BUFFERS[1]}\n        self.register_buffer("batches", torch.tensor(0))'))
slip("no_eps", title="eps forgotten",
     says="The eps is missing under the root.",
     replace=("torch.sqrt(var + self.eps)", "torch.sqrt(var)"))
slip("eps_outside", title="eps outside the root",
     says="The eps is added to the deviation. It belongs to the variance, under the root.",
     replace=("torch.sqrt(var + self.eps)", "(torch.sqrt(var) + self.eps)"))
