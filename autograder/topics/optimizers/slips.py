"""What learners get wrong about optimizers. Where the same edit fits several answers, they share its words."""

from __future__ import annotations

from collections.abc import Callable

from autograder.judging.slips import ALL, Replacement, Slip, slips

MINUS = "new[name] = params[name] - "


def common(name: str, see: str, made: str, memories: dict[str, str], step: str) -> Callable[..., Slip]:
    """Register what goes wrong in every optimizer alike.

    Parameters
    ----------
    name, see : str
    made : str
        How `__init__` creates what is remembered, from the first dict on.
    memories : dict of str to str
        Name of each dict in the answer, and what it holds in words.
    step : str
        What is subtracted from the parameters.
    """
    slip = slips(name, see=see)
    words = " and ".join(memories.values())
    gets = [f"self.{memory}.get(name, 0.0)" for memory in memories]
    slip("ascent", title="a step uphill",
         says="The step is added to the parameters: the loss grows. Subtract it.",
         replace=(MINUS, "new[name] = params[name] + "))
    slip("forgets", title="the memory is lost",
         says=f"Every step begins from zero, as if it were the first one. Keep {words} in an attribute.",
         replace=[(get, "0.0", ALL) for get in gets])
    slip("shared_by_objects", title="one memory for all objects",
         says="Two objects share their memory: a dict that is created in the class, or as the default of an "
         "argument, belongs to all of them. Create it in __init__.",
         see="momentum",
         replace=(made, _kept_in_class(made)))
    slip("shared_by_parameters", title="one memory for all parameters",
         says="All parameters share one memory. Each needs its own, of its shape: a dict with one entry for each "
         "name.",
         replace=[(f"self.{memory}[name]", f'self.{memory}["all"]', ALL) for memory in memories]
         + [(get, get.replace("name", '"all"'), ALL) for get in gets])
    if "self.lr" in step:
        slip("first_rate_kept", title="the first learning rate kept",
             says="The learning rate of the beginning is used in every step. It may change: read self.lr anew in "
             "every step.",
             replace=[(made, f"{made}\n        self.rate = lr"),
                      (f"{MINUS}{step}", f"{MINUS}{step}".replace("self.lr", "self.rate"))])
    return slip


def _kept_in_class(made: str) -> str:
    """The same dicts, kept in the class from the second object on."""
    names, _, values = made.rpartition(" = ")
    dicts = [part.strip().removeprefix("self.") for part, value in zip(names.split(","), values.split(","), strict=True)
             if value.strip() == "{}"]
    kept = (f"self.{one} = type(self).{one} = getattr(type(self), {one!r}, {{}})" for one in dicts)
    return "\n        ".join([made, *kept])


# Momentum, HeavyBall, Nesterov

MOMENTUM_V = "self.beta * self.v.get(name, 0.0) + (1 - self.beta) * g"
BALL_V = "self.momentum * self.v.get(name, 0.0) + g"
VELOCITY = "self.v[name]"
AHEAD = "(g + self.momentum * self.v[name])"


def velocity(name: str, see: str, share: str, v: str, step: str) -> Callable[..., Slip]:
    """Register what goes wrong in every optimizer with a velocity."""
    slip = common(name, see, f"self.lr, self.{share}, self.v = lr, {share}, {{}}", {"v": "the velocity"}, step)
    slip("rate_inside", title="the learning rate inside the velocity",
         says="The learning rate is multiplied into the velocity. As long as it stays the same, this is no "
         "difference. When it changes, the velocity still holds the old rate. Here the rate multiplies the whole "
         "velocity.",
         replace=[(f"self.v[name] = {v}", f"self.v[name] = {v[:-1]}self.lr * g"), *_without_rate(step)])
    slip("never_fades", title="a velocity that never fades",
         says=f"The old velocity is kept entirely. It is multiplied by {share} in every step, so that old gradients "
         "fade.",
         replace=(v, v.replace(f"self.{share} * self.v", "self.v")))
    if step.endswith(f"* {VELOCITY}"):
        slip("old_velocity", title="the velocity of the step before",
             says="The parameters move with the velocity of the step before. First the new velocity, then the "
             "parameters.",
             replace=[(f"self.v[name] = {v}", f"old, self.v[name] = self.v.get(name, 0.0), {v}"),
                      (step, step.replace(VELOCITY, "old"))])
    slip("written_in", title="a share of 0.9 written in",
         says=f"The share of the past is always 0.9. Use {share}.",
         replace=[(one, one.replace(f"self.{share}", "0.9")) for one in (v, f"{MINUS}{step}")])
    if name != "HeavyBall":  # there it is the memory that is lost
        slip("no_memory", title="plain gradient descent",
             says="The step follows the last gradient alone. It follows the velocity.",
             replace=(f"{MINUS}{step}", f"{MINUS}self.lr * g"))
    return slip


def _without_rate(step: str) -> list[Replacement]:
    bare = step.replace("self.lr * ", "").replace("(g +", "(self.lr * g +")
    return [(f"{MINUS}{step}", f"{MINUS}{bare}")]


slip = velocity("Momentum", "momentum", "beta", MOMENTUM_V, f"self.lr * {VELOCITY}")
slip("exchanged", title="the two weights exchanged",
     says="The old average has the weight 1 - beta and the new gradient beta. It is the other way round.",
     replace=(MOMENTUM_V, "(1 - self.beta) * self.v.get(name, 0.0) + self.beta * g"))
slip("not_weighed", title="the form of the heavy ball",
     says="The gradient enters with the weight 1: this is the heavy ball. In an average, it has the weight 1 - beta.",
     replace=("(1 - self.beta) * g", "g"))
slip("starts_at_gradient", title="the average starts at the first gradient",
     says="The average starts at the first gradient. Here it starts at zero, so the first step is (1 - beta) times "
     "the gradient.",
     replace=("self.v.get(name, 0.0)", "self.v.get(name, g)"))
slip("corrected", title="corrected for its start at zero",
     says="The average is divided by 1 - beta^t, as in Adam. Here it stays as it is.",
     see="adam",
     replace=[("self.v = lr, beta, {}", "self.v = lr, beta, {}\n        self.t = 0"),
              ("new = {}", "self.t += 1\n        new = {}"),
              (f"self.lr * {VELOCITY}", f"self.lr * {VELOCITY} / (1 - self.beta**self.t)")])

slip = velocity("HeavyBall", "momentum", "momentum", BALL_V, f"self.lr * {VELOCITY}")
slip("average", title="an average in place of a sum",
     says="The gradient enters with the weight 1 - momentum, as in Momentum. A heavy ball takes it with the weight "
     "1.",
     replace=(BALL_V, "self.momentum * self.v.get(name, 0.0) + (1 - self.momentum) * g"))
slip("nesterov", title="the form of Nesterov",
     says="The gradient is used once more when the parameters change. This is Nesterov's form; a heavy ball moves "
     "by lr times its velocity.",
     see="nesterov",
     replace=(f"self.lr * {VELOCITY}", f"self.lr * {AHEAD}"))
slip("gradient_kept", title="momentum times the new gradient, too",
     says="The new gradient is multiplied by momentum, too. It multiplies the old velocity only, and comes in once.",
     replace=(BALL_V, "self.momentum * (self.v.get(name, 0.0) + g)"))

slip = velocity("Nesterov", "nesterov", "momentum", BALL_V, f"self.lr * {AHEAD}")
slip("heavy_ball", title="the heavy ball",
     says="This is the heavy ball: g + momentum times the old velocity is the new velocity. Nesterov's step is lr "
     "times (g + momentum times the new one).",
     replace=(AHEAD, VELOCITY))
slip("average", title="an average in place of a sum",
     says="The gradient enters the velocity with the weight 1 - momentum. Here it has the weight 1.",
     replace=(BALL_V, "self.momentum * self.v.get(name, 0.0) + (1 - self.momentum) * g"))
slip("velocity_not_kept", title="the velocity not multiplied by momentum",
     says="Gradient and velocity are added as they are. The velocity is multiplied by momentum there.",
     replace=(AHEAD, "(g + self.v[name])"))
slip("last_gradient", title="the gradient of the step before",
     says="To momentum times the velocity, the gradient of the step before is added. It is the new gradient. Old "
     "pages of PyTorch's documentation had this misprint.",
     replace=[("self.v = lr, momentum, {}", "self.v = lr, momentum, {}\n        self.last = {}"),
              ("        return new", "            self.last[name] = g\n        return new"),
              (AHEAD, "(self.last.get(name, 0 * g) + self.momentum * self.v[name])")])

# AdaGrad, RMSProp, Adam, AMSGrad


def adaptive(slip: Callable[..., Slip], top: str, memory: str, see: str) -> None:
    """Register what goes wrong with the denominator of every optimizer that has one.

    ``top`` is what stands above it, ``memory`` what stands under the root.
    """
    root = f"np.sqrt({memory})"
    whole = f"{top} / ({root} + self.eps)"
    slip("inside", title="the epsilon inside the root",
         says="The epsilon is added before the root is taken. Here it is added to the root.",
         see="adaptive",
         replace=(f"{root} + self.eps", f"np.sqrt({memory} + self.eps)"))
    slip("precedence", title="the epsilon added to the quotient",
         says="Without brackets, the division comes before the addition: the epsilon is added to the quotient, and "
         "even a parameter whose gradient is zero moves. It belongs to the denominator.",
         see="adaptive",
         replace=(whole, f"({top.removeprefix('self.lr * ')} / {root} + self.eps) * self.lr"))
    slip("epsilon_written_in", title="an epsilon of 1e-8 written in",
         says="The epsilon is always 1e-8. Use eps.",
         replace=(f"{root} + self.eps", f"{root} + 1e-8"))
    slip("no_epsilon", title="no epsilon",
         says="The epsilon is missing: where all gradients have been 0, the quotient is 0/0.",
         see="adaptive",
         replace=(f"({root} + self.eps)", root))
    slip("no_root", title="no root",
         says="The root is missing: the division is by the squares. Then the step does not have the size of the "
         "learning rate.",
         see=see,
         replace=(f"{root} + self.eps", f"{memory} + self.eps"))


S, G = "self.s[name]", "self.lr * g"
STEP = f"{G} / (np.sqrt({S}) + self.eps)"
SUM, MOVING = "self.s.get(name, 0.0) + g**2", "self.alpha * self.s.get(name, 0.0) + (1 - self.alpha) * g**2"

slip = common("AdaGrad", "adaptive", "self.lr, self.eps, self.s = lr, eps, {}", {"s": "the sum"}, STEP)
adaptive(slip, G, S, "adaptive")
slip("old_sum", title="the sum before the new gradient",
     says="The division is by the sum of the steps before. First add the new square, then divide.",
     replace=[(f"{S} = {SUM}", f"old, {S} = self.s.get(name, 0.0) + 0 * g, {SUM}"), (f"np.sqrt({S})", "np.sqrt(old)")])
slip("rate_in_sum", title="the learning rate inside the sum",
     says="The sum holds the squares of lr times the gradient. Then the rate cancels in the quotient. It does not "
     "enter the sum.",
     replace=(SUM, "self.s.get(name, 0.0) + (self.lr * g)**2"))
slip("square_of_sum", title="the sum of the gradients, squared",
     says="The gradients are added up, and their sum is squared. First square, then add up.",
     replace=[(SUM, "self.s.get(name, 0.0) + g"), (f"np.sqrt({S})", f"np.abs({S})")])
slip("sizes", title="the sum of the sizes",
     says="The sizes of the gradients are added up. Add their squares, and take the root of the sum.",
     replace=[(SUM, "self.s.get(name, 0.0) + np.abs(g)"), (f"np.sqrt({S})", S)])
slip("for_all_entries", title="one rate for the whole array",
     says="The squares of all entries of a parameter are added up. Each entry has a sum, and so a rate, of its own.",
     replace=(SUM, "self.s.get(name, 0.0) + np.sum(g**2)"))

slip = common("RMSProp", "adaptive", "self.lr, self.alpha, self.eps, self.s = lr, alpha, eps, {}",
              {"s": "the average of the squares"}, STEP)
adaptive(slip, G, S, "adaptive")
slip("exchanged", title="the two weights exchanged",
     says="The old average has the weight 1 - alpha and the new square alpha. It is the other way round.",
     replace=(MOVING, "(1 - self.alpha) * self.s.get(name, 0.0) + self.alpha * g**2"))
slip("not_weighed", title="the new square not weighed",
     says="The new square enters with the weight 1. In an average, it has the weight 1 - alpha.",
     replace=("(1 - self.alpha) * g**2", "g**2"))
slip("adagrad", title="the sum of AdaGrad",
     says="The squares are added up and never forgotten: this is AdaGrad. RMSProp keeps a moving average.",
     replace=(MOVING, SUM))
slip("old_average", title="the average before the new gradient",
     says="The division is by the average of the steps before. First the new average, then the division.",
     replace=[(f"{S} = {MOVING}", f"old, {S} = self.s.get(name, 0.0) + 0 * g, {MOVING}"),
              (f"np.sqrt({S})", "np.sqrt(old)")])
slip("corrected", title="corrected for its start at zero",
     says="The average is divided by 1 - alpha^t, as in Adam. RMSProp has no such correction.",
     see="adam",
     replace=[("self.s = lr, alpha, eps, {}", "self.s = lr, alpha, eps, {}\n        self.t = 0"),
              ("new = {}", "self.t += 1\n        new = {}"),
              (f"np.sqrt({S})", f"np.sqrt({S} / (1 - self.alpha**self.t))")])
slip("written_in", title="a weight of {alpha} written in",
     says="The weight of the old average is always {alpha}. Use alpha.",
     replace=(MOVING, MOVING.replace("self.alpha", "{alpha}")),
     parameter="alpha",
     values=(0.9,))

M = "self.beta1 * self.m.get(name, 0.0) + (1 - self.beta1) * g"
V = "self.beta2 * self.v.get(name, 0.0) + (1 - self.beta2) * g**2"
M_HAT, M_BIAS = "self.m[name] / (1 - self.beta1**self.t)", "1 - self.beta1**self.t"
V_BIAS = "1 - self.beta2**self.t"
COUNT = "self.t += 1\n        new = {}"
ADAM_STEP = "self.lr * m_hat / (np.sqrt(v_hat) + self.eps)"


def with_two_averages(name: str, made: str, memories: dict[str, str], under: str) -> Callable[..., Slip]:
    """Register what goes wrong in Adam and in what is made of it; ``under`` is what v_hat is computed from."""
    slip = common(name, "adam", made, memories, ADAM_STEP)
    v_hat = f"{under} / ({V_BIAS})"
    slip("not_corrected", title="no bias correction",
         says="The averages are not corrected for their start at zero: the first step is (1 - beta1) / sqrt(1 - "
         "beta2) times as long as it should be, which is 3.16 times with the usual values. A corrected value that is "
         "computed has to be used, too.",
         replace=[(M_HAT, "self.m[name]"), (v_hat, under)])
    slip("counted_by_parameter", title="the steps counted in the loop over the parameters",
         says="The count t grows once for each parameter: with two of them, the second one sees t = 2 in the first "
         "step. Count a step once, before the loop, or keep a count for each name.",
         replace=[(COUNT, "new = {}"), ("in grads.items():", "in grads.items():\n            self.t += 1")])
    slip("t_stays", title="a count that stays at 1",
         says="The count t is 1 in every step: the power is missing in 1 - beta^t, or the count is not written "
         "back. Only the first step is then right.",
         replace=(COUNT, "self.t = 1\n        new = {}"))
    return slip


slip = with_two_averages("Adam", "self.m, self.v, self.t = {}, {}, 0",
                         {"m": "the average of the gradients", "v": "that of their squares"}, "self.v[name]")
adaptive(slip, "self.lr * m_hat", "v_hat", "adam")
V_HAT = f"self.v[name] / ({V_BIAS})"
slip("m_not_corrected", title="only the average of the squares corrected",
     says="The average of the gradients is not corrected for its start at zero.",
     replace=(M_HAT, "self.m[name]"))
slip("v_not_corrected", title="only the average of the gradients corrected",
     says="The average of the squares is not corrected for its start at zero: the first steps are far too long.",
     replace=(V_HAT, "self.v[name]"))
slip("t_starts_at_2", title="a count that is 2 in the first step",
     says="The count t is 2 in the first step. It starts at 0, and becomes 1 when the first step begins.",
     replace=("{}, 0", "{}, 1"))
slip("folded", title="corrected values written back",
     says="The corrected averages are stored, and the next step starts from them: they are corrected again and "
     "again. Only the first step is right; later ones become tiny. Use the corrected values once, and keep the "
     "others.",
     replace=[("        return new", "            self.m[name], self.v[name] = m_hat, v_hat\n        return new")])
slip("correction_multiplied", title="multiplied by the correction",
     says="The averages are multiplied by 1 - beta^t. They are too small, so divide by it.",
     replace=[(M_HAT, f"self.m[name] * ({M_BIAS})"), (V_HAT, f"self.v[name] * ({V_BIAS})")])
slip("epsilon_hat", title="the epsilon in another place",
     says="Both corrections are put into the learning rate, and the epsilon is added to the uncorrected root. Many "
     "libraries do so; with a tiny epsilon it is the same. Here it is added to the corrected root.",
     replace=("(np.sqrt(v_hat) + self.eps)", f"(np.sqrt(v_hat) + self.eps / np.sqrt({V_BIAS}))"))
slip("betas_exchanged", title="the two betas exchanged",
     says="The first beta belongs to the average of the gradients, the second one to that of their squares. They "
     "are exchanged.",
     replace=("= lr, beta1, beta2, eps", "= lr, beta2, beta1, eps"))
slip("betas_written_in", title="betas of 0.9 and 0.999 written in",
     says="The weights are always 0.9 and 0.999. Use beta1 and beta2.",
     replace=("= lr, beta1, beta2, eps", "= lr, 0.9, 0.999, eps"))
slip("square_of_average", title="the square of the average gradient",
     says="The second average is made of the squares of the first one. It averages the squares of the gradients.",
     replace=(V, V.replace("g**2", "self.m[name]**2")))
slip("one_array", title="one memory for both averages",
     says="Both averages are kept in one place, so that each overwrites the other. m = v = np.zeros(...) makes one "
     "array with two names.",
     replace=("self.m, self.v", "self.v = self.m = {}\n        _, _"))


LARGEST = "np.maximum(self.largest.get(name, 0.0), self.v[name])"
slip = with_two_averages("AMSGrad", "self.m, self.v, self.largest, self.t = {}, {}, {}, 0",
                         {"m": "the average of the gradients", "v": "that of their squares", "largest": "its maximum"},
                         "self.largest[name]")
slip("adam", title="the denominator of Adam",
     says="The denominator follows the average of the squares, as in Adam. AMSGrad divides by the largest average "
     "of the squares so far.",
     see="relatives",
     replace=("v_hat = self.largest[name]", "v_hat = self.v[name]"))
slip("maximum_corrected", title="the maximum of the corrected averages",
     says="The maximum is taken of the corrected averages. In PyTorch's form it is taken of the uncorrected ones, "
     "and corrected afterwards.",
     see="relatives",
     replace=[(LARGEST, f"np.maximum(self.largest.get(name, 0.0), self.v[name] / ({V_BIAS}))"),
              (f"self.largest[name] / ({V_BIAS})", "self.largest[name]")])
slip("average_goes_on_from_maximum", title="the maximum written into the average",
     says="The average goes on from the maximum. Keep both: the average itself is that of Adam.",
     see="relatives",
     replace=("        return new", "            self.v[name] = self.largest[name]\n        return new"))

# AdaDelta

DELTA = "np.sqrt(self.u.get(name, 0.0) + self.eps) / np.sqrt(self.s[name] + self.eps) * g"
ADADELTA_S = "self.rho * self.s.get(name, 0.0) + (1 - self.rho) * g**2"
ADADELTA_U = "self.rho * self.u.get(name, 0.0) + (1 - self.rho) * delta**2"
slip = common("AdaDelta", "relatives", "self.rho, self.eps, self.s, self.u = rho, eps, {}, {}",
              {"s": "the average of the squared gradients", "u": "that of the squared steps"}, "delta")
slip("outside", title="the epsilon outside of the roots",
     says="The epsilon is added to the roots. Here it stands inside of them.",
     replace=(DELTA, "(np.sqrt(self.u.get(name, 0.0)) + self.eps) / (np.sqrt(self.s[name]) + self.eps) * g"))
slip("epsilon_above_only", title="no epsilon below",
     says="The epsilon is missing in the denominator. It is added under both roots.",
     replace=("np.sqrt(self.s[name] + self.eps)", "np.sqrt(self.s[name] + 1e-300)"))
slip("no_root_above", title="no root above",
     says="The root of the numerator is missing.",
     replace=("np.sqrt(self.u.get(name, 0.0) + self.eps)", "(self.u.get(name, 0.0) + self.eps)"))
slip("inverted", title="the quotient upside down",
     says="The quotient is upside down: the size of the steps stands above, that of the gradients below.",
     replace=(DELTA, "np.sqrt(self.s[name] + self.eps) / np.sqrt(self.u.get(name, 0.0) + self.eps) * g"))
slip("old_gradients", title="the gradients of the step before",
     says="The average of the squared gradients is updated after it was used. It is updated before.",
     replace=[(f"self.s[name] = {ADADELTA_S}", f"old = self.s.get(name, 0.0)\n            self.s[name] = {ADADELTA_S}"),
              ("np.sqrt(self.s[name] + self.eps)", "np.sqrt(old + self.eps)")])
slip("average_of_gradients", title="the average of the gradients in place of the steps",
     says="The second average is made of the squared gradients. It is made of the squared steps.",
     replace=("delta**2", "g**2"))
slip("exchanged", title="the two weights exchanged",
     says="The old averages have the weight 1 - rho and the new squares rho. It is the other way round.",
     replace=[(ADADELTA_S, "(1 - self.rho) * self.s.get(name, 0.0) + self.rho * g**2"),
              (ADADELTA_U, "(1 - self.rho) * self.u.get(name, 0.0) + self.rho * delta**2")])
slip("steps_forgotten", title="the size of the steps never changes",
     says="The average of the squared steps stays at zero, so that this is RMSProp with the root of the epsilon as "
     "its rate. Update it in every step, after the step is known.",
     replace=(f"self.u[name] = {ADADELTA_U}", "self.u[name] = 0 * delta"))

# equivalent_learning_rate

slip = slips("equivalent_learning_rate", see="momentum")
RATE = "lr / (1 - beta)"
slip("multiplied", title="multiplied by 1 - beta",
     says="The rate is multiplied by 1 - beta: this is the rate of a heavy ball that makes the steps of "
     "Momentum(lr, beta). Here it is the other way round.",
     replace=(RATE, "lr * (1 - beta)"))
slip("the_same", title="the same rate",
     says="The rate stays as it is. But the average takes only the share 1 - beta of each gradient, so its velocity "
     "is smaller.",
     replace=(RATE, "lr"))
slip("divided_by_beta", title="a division by beta",
     says="The rate is divided by beta. Look at the first step: compare the factors of the gradient in the two.",
     replace=(RATE, "lr / max(beta, 1e-9)"))
slip("times_beta", title="a product with beta",
     says="The rate is multiplied by beta. Look at the first step: compare the factors of the gradient in the two.",
     replace=(RATE, "lr * beta"))
slip("times_plus", title="multiplied by 1 + beta",
     says="The rate is multiplied by 1 + beta. These are the first two terms of 1 + beta + beta^2 + ... = 1 / (1 - "
     "beta).",
     replace=(RATE, "lr * (1 + beta)"))
slip("rate_left_out", title="the rate left out",
     says="The factor 1 / (1 - beta) comes alone. Multiply the rate by it.",
     replace=(RATE, "1 / (1 - beta)"))

# TorchAdam

slip = slips("TorchAdam", see="pytorch")
TORCH_M, TORCH_V = 'state["m"] / (1 - beta1 ** state["step"])', 'state["v"] / (1 - beta2 ** state["step"])'
TORCH_STEP, STATE_OF = 'p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))', "state = self.state[p]"
slip("not_corrected", title="no bias correction",
     says="The averages are not corrected for their start at zero.",
     see="adam",
     replace=[(TORCH_M, 'state["m"]'), (TORCH_V, 'state["v"]')])
slip("t_stays", title="the count stays at 1",
     says="The count of the steps is 1 in every step. Increase the one in self.state[p].",
     replace=('state["step"] += 1', 'state["step"] = 1'))
slip("counted_in_the_object", title="one count for all parameters, in the object",
     says="The steps are counted in an attribute, once for all parameters. A parameter whose gradient comes later "
     "then starts with a large count, and state_dict() does not hold it. Count in self.state[p].",
     replace=[('beta1 ** state["step"]', "beta1 ** self.t"), ('beta2 ** state["step"]', "beta2 ** self.t"),
              ("loss = None", 'loss = None\n        self.t = getattr(self, "t", 0) + 1')])
slip("memory_in_attributes", title="the memory outside of self.state",
     says="What is remembered is kept outside of self.state: state_dict() does not hold it, and after "
     "load_state_dict() the training starts from zero. Put it into self.state[p].",
     replace=(STATE_OF, 'state = self.__dict__.setdefault("kept", {}).setdefault(id(p), {})'))
slip("defaults_for_all", title="the settings of the object for all groups",
     says="Learning rate, betas and eps come from the defaults. A group may have its own, and they may change: read "
     "them from group in every step.",
     replace=[('group["betas"]', 'self.defaults["betas"]'), ('group["lr"]', 'self.defaults["lr"]'),
              ('group["eps"]', 'self.defaults["eps"]')])
slip("rate_of_defaults", title="the learning rate of the beginning",
     says="The learning rate is that of the beginning. A group has its own, and a scheduler changes it there: read "
     'group["lr"] in every step.',
     replace=('group["lr"]', 'self.defaults["lr"]'))
slip("first_group_only", title="only the first group moves",
     says="Only the parameters of the first group move. Go through all groups.",
     replace=("for group in self.param_groups:", "for group in self.param_groups[:1]:"))
slip("zero_gradient", title="a missing gradient taken for zero",
     says="A parameter without a gradient is treated as if it were zero: its averages fade, it is counted, and it "
     "still moves. It is skipped.",
     replace=[("continue", "p.grad = torch.zeros_like(p)")])
slip("stops_at_none", title="the loop ends at a missing gradient",
     says="The loop ends at the first parameter without a gradient. Go on with the next one.",
     replace=("continue", "break"))
slip("loss_not_returned", title="the loss not returned",
     says="The result of step(closure) is None. It is what the closure returned.",
     replace=("return loss", "return loss and None"))
slip("closure_twice", title="the closure called twice",
     says="The closure is called twice. It may be expensive, and may change something: call it once.",
     replace=("loss = closure()", "loss = closure() and closure()"))
slip("closure_after", title="the closure called after the step",
     says="The closure is called after the step. It computes the gradients, so it comes first.",
     replace=[("loss = closure()", "pass"), ("return loss", "return loss if closure is None else closure()")])
slip("inside", title="the epsilon inside the root",
     says="The epsilon is added before the root is taken. Here it is added to the root.",
     see="adaptive",
     replace=('(v_hat.sqrt() + group["eps"])', '(v_hat + group["eps"]).sqrt()'))
slip("epsilon_written_in", title="an epsilon of 1e-8 written in",
     says='The epsilon is always 1e-8. Use group["eps"].',
     replace=('group["eps"]', "1e-8"))
slip("precedence", title="the epsilon added to the quotient",
     says="Without brackets, the division comes before the addition. The epsilon belongs to the denominator.",
     see="adaptive",
     replace=('m_hat / (v_hat.sqrt() + group["eps"])', '(m_hat / v_hat.sqrt() + group["eps"])'))
slip("epsilon_hat", title="the epsilon in another place",
     says="The epsilon is added to the uncorrected root. With a tiny epsilon it is the same. PyTorch adds it to the "
     "corrected root.",
     see="adam",
     replace=('group["eps"]', 'group["eps"] / (1 - beta2 ** state["step"]) ** 0.5'))
slip("folded", title="corrected values written back",
     says="The corrected averages are stored, and corrected again in the next step: later steps become tiny. Take "
     "care with functions whose names end in _: they change the tensor in place.",
     see="adam",
     replace=(TORCH_STEP, f'{TORCH_STEP}\n                    state["m"], state["v"] = m_hat, v_hat'))
slip("ascent", title="a step uphill",
     says="The step is added to the parameter: the loss grows. Subtract it.",
     replace=("p.sub_(", "p.add_("))
