"""Slips of the tiny exercises."""

from __future__ import annotations

from autograder.judging.slips import resolution, slips

slip = slips("center", see="tiny")
slip(
    "sum_subtracted",
    title="the sum subtracted",
    says="The sum is not the mean.",
    replace=("x - x.mean()", "x - x.sum()"),
)
slip("zeros", title="nothing but zeros", says="Zeros.", code="def center(x):\n    return 0 * x, 0.0\n")

slip = slips("Descent", see="tiny")
slip("no_memory", title="nothing kept", says="Nothing is kept between steps.", replace=("self.memory * v", "0 * v"))
slip(
    "shared",
    title="state shared by all objects",
    says="The state belongs to the class: a second object continues the first one's.",
    replace=[("self.v = {}", "vars(Descent).get('v') or setattr(Descent, 'v', {})"), ("self.v", "Descent.v", "all")],
)
slip("ascent", title="uphill", says="The step goes up.", replace=("- self.lr", "+ self.lr"))

slip = slips("coins", see="tiny")
slip("inverted", title="kept with 1 - keep", says="Kept where it should be dropped.", replace=("< keep", ">= keep"))
slip(
    "same_draws",
    title="the same mask every time",
    says="The generator is made anew.",
    replace=("rng.random", "np.random.default_rng(0).random"),
)
slip("one_row", title="one row for all", says="One row.", replace=("rng.random(shape)", "rng.random(shape[1:])[None]"))
resolution("coins", says="a share kept that is off by 0.06", replace=("< keep", "< keep + 0.06"))

slip = slips("root", see="tiny")
slip("never_refuses", title="nothing refused", says="A negative number.", replace=("x < 0", "False"))

slip = slips("slope", see="tiny")
slip("forward", title="a forward difference", says="One-sided.", replace=[("f(x - h)", "f(x)"), ("2 * h", "h")])

slip = slips("by_pieces", see="tiny")
slip("rest_dropped", title="the rest dropped", says="The rest.", replace=("len(x), most", "len(x) - most + 1, most"))

slip = slips("weight_norm", see="tiny")
slip("with_bias", title="the bias too", says="The bias.", replace=("layer.weight.norm()", "layer.bias.norm()"))

slip = slips("Meter", see="tiny")
slip(
    "counts_refused",
    title="a refused batch counted",
    says="It counts.",
    replace=("if len(x) == 0:", "self.count += 1\n        if len(x) == 0:"),
)

slip = slips("average", see="tiny")
slip("one_call", title="one call", says="One.", replace=("range(samples)", "range(1)"))
resolution("average", says="one draw too few", replace=("range(samples)", "range(samples - 1)"))
slip(
    "reset",
    title="the generator reset",
    says="Made anew.",
    replace=("f(x, rng)", "f(x, np.random.default_rng(0))"),
)
