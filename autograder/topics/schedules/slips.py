"""What learners get wrong about schedules."""

from __future__ import annotations

from collections.abc import Callable

from autograder.judging.slips import Slip, slips

# time_decay

slip = slips("time_decay", see="classics")
slip("grows", title="a rate that grows",
     says="The rate is multiplied by 1 + k t, so it grows. Divide by it.",
     replace=("lr0 / (1 + k * t)", "lr0 * (1 + k * t)"))
slip("linear", title="a straight line down",
     says="The rate falls along a straight line and becomes negative. Divide by 1 + k t.",
     replace=("lr0 / (1 + k * t)", "lr0 * (1 - k * t)"))
slip("no_one", title="the 1 in the denominator missing",
     says="The denominator is k t, without the 1: at t = 0 you divide by 0.",
     replace=("lr0 / (1 + k * t)", "lr0 / (k * t) if k * t else lr0"))
slip("brackets", title="no brackets around the denominator",
     says="Without brackets, Python divides by 1 only and adds k t: lr0 / 1 + k * t.",
     replace=("(1 + k * t)", "1 + k * t"))
slip("k_outside", title="one plus t multiplied by k",
     says="The denominator is k (1 + t). It has to be 1 + k t, so that the rate of step 0 is lr0.",
     replace=("(1 + k * t)", "(k * (1 + t)) if k else lr0"))
slip("from_one", title="steps counted from 1",
     says="Step 0 gets the rate that belongs to step 1. Steps count from 0 here: use t itself.",
     replace=("k * t", "k * (t + 1)"))
slip("root", title="a root in the denominator",
     says="The denominator is the root of 1 + k t. It is 1 + k t itself.",
     replace=("(1 + k * t)", "(1 + k * t) ** 0.5"))
slip("squared", title="t squared",
     says="The rate falls with the square of t. The denominator is 1 + k t.",
     replace=("k * t", "k * t**2"))
slip("exponential", title="exponential decay in place of time decay",
     says="This is exponential decay. Time decay divides by 1 + k t, so it falls more and more slowly.",
     replace=("lr0 / (1 + k * t)", "lr0 * np.exp(-k * t)"))
slip("compounded", title="each rate divided again",
     says="Each step divides the rate of the step before, so all divisions add up. Compute it from lr0 and t alone.",
     code="""
     def time_decay(t, lr0, k):
         lr = lr0
         for step in range(int(t) + 1):
             lr = lr / (1 + k * step)
         return lr
     """)
slip("remembers", title="a rate that remembers the last call",
     says="The result depends on the calls before: it continues from the last one. A schedule remembers nothing: "
     "compute the rate from lr0 and t, in any order and as often as asked.",
     code="""
     calls = [0]

     def time_decay(t, lr0, k):
         calls[0] = 0 if t == 0 else calls[0] + 1
         return lr0 / (1 + k * calls[0])
     """)

# exponential_decay

slip = slips("exponential_decay", see="classics")
slip("grows", title="a rate that grows",
     says="The exponent is positive, so the rate grows. It needs a minus.",
     replace=("-k * t", "k * t"))
slip("power", title="k to the power of t",
     says="This is k to the power of t. The factor of one step is exp(-k), not k.",
     replace=("np.exp(-k * t)", "k**t"))
slip("one_minus_k", title="the factor 1 - k in place of exp(-k)",
     says="Each step multiplies by 1 - k. That is close to exp(-k) for a small k only.",
     replace=("np.exp(-k * t)", "(1 - k) ** t"))
slip("from_one", title="steps counted from 1",
     says="Step 0 gets the rate that belongs to step 1. Steps count from 0 here: use t itself.",
     replace=("-k * t", "-k * (t + 1)"))
slip("lr_inside", title="the first rate inside the exponent",
     says="The first rate stands in the exponent. It multiplies the exponential.",
     replace=("lr0 * np.exp(-k * t)", "np.exp(-lr0 * k * t)"))
slip("no_lr", title="the first rate left out",
     says="The result is the factor alone. Multiply it by lr0.",
     replace=("lr0 * ", ""))
slip("base_2", title="powers of 2",
     says="The base is 2 (or 10). It is e: np.exp.",
     replace=("np.exp(-k * t)", "2.0 ** (-k * t)"))
slip("base_10", title="powers of 10",
     says="The base is 10. It is e: np.exp.",
     replace=("np.exp(-k * t)", "10.0 ** (-k * t)"))
slip("divided", title="t divided by k",
     says="The exponent is t / k. Here k says how fast the rate decays: it is multiplied by t.",
     replace=("-k * t", "-t / k if k else 0"))
slip("squared", title="t squared",
     says="The exponent has the square of t. It is -k t.",
     replace=("-k * t", "-k * t**2"))
slip("time_decay", title="time decay in place of exponential decay",
     says="This is time decay. Exponential decay is lr0 exp(-k t).",
     replace=("lr0 * np.exp(-k * t)", "lr0 / (1 + k * t)"))
slip("remembers", title="a rate that remembers the last call",
     says="Each call multiplies the rate of the call before. A schedule remembers nothing: compute the rate from lr0 "
     "and t, in any order and as often as asked.",
     code="""
     last = [0.0]

     def exponential_decay(t, lr0, k):
         last[0] = lr0 if t == 0 else last[0] * np.exp(-k)
         return last[0]
     """)

# step_decay

slip = slips("step_decay", see="classics")
slip("one_late", title="the drop one step late",
     says="The drop comes at step every + 1. The first smaller rate is that of step every: t // every.",
     replace=("t // every", "max(t - 1, 0) // every"))
slip("one_early", title="the drop one step early",
     says="The drop comes at step every - 1. The first smaller rate is that of step every: t // every.",
     replace=("t // every", "(t + 1) // every"))
slip("not_rounded", title="not rounded down",
     says="The quotient t / every is not rounded down, so the rate falls in every step a little. Use //.",
     replace=("t // every", "t / every"))
slip("rounded", title="rounded to the nearest integer",
     says="The quotient t / every is rounded to the nearest integer, so each drop comes half an interval early. "
     "Round down: //.",
     replace=("t // every", "round(t / every)"))
slip("rounded_up", title="rounded up",
     says="The quotient t / every is rounded up, so the first drop comes at step 1. Round down: //.",
     replace=("t // every", "-(-t // every)"))
slip("once", title="one drop only",
     says="There is one drop, and then the rate stays. It drops again every so many steps.",
     replace=("t // every", "min(t // every, 1)"))
slip("remainder", title="the remainder in place of the quotient",
     says="What t % every gives is the remainder: the rate starts again from lr0. The number of drops is t // every.",
     replace=("t // every", "t % every"))
slip("product", title="multiplied by the number of drops",
     says="The factor is multiplied by the number of drops. Each drop multiplies again: take a power, **.",
     replace=("factor ** (t // every)", "(factor * (t // every) if t >= every else 1)"))
slip("divided", title="divided by the factor",
     says="The rate is divided by the factor, so it grows.",
     replace=("lr0 * factor", "lr0 / factor"))
slip("one_minus", title="one minus the factor",
     says="The rate is multiplied by 1 - factor. The factor itself is what remains.",
     replace=("lr0 * factor", "lr0 * (1 - factor)"))
slip("every_step", title="a drop in every step",
     says="The rate drops in every step: the exponent is t. It is the number of drops, t // every.",
     replace=("(t // every)", "t"))
slip("at_once", title="a drop at the start",
     says="The first interval has a drop already. It has the rate lr0.",
     replace=("(t // every)", "(t // every + 1)"))
slip("compounded", title="all drops of the past again and again",
     says="Each drop applies all drops before once more. Compute the rate from lr0 and t alone.",
     code="""
     def step_decay(t, lr0, factor, every):
         drops = t // every
         return lr0 * factor ** (drops * (drops + 1) // 2)
     """)
slip("remembers", title="a rate that remembers the last call",
     says="Each call at a multiple of every multiplies the rate of the call before. A schedule remembers nothing: "
     "compute the rate from lr0 and t, in any order and as often as asked.",
     code="""
     last = [0.0]

     def step_decay(t, lr0, factor, every):
         if t == 0:
             last[0] = lr0
         elif t % every == 0:
             last[0] *= factor
         return last[0]
     """)

# cosine and warm_restarts

HALF = "(1 + math.cos(math.pi * t / {total})) / 2"


def cosines(slip: Callable[..., Slip], total: str) -> None:
    """Slips of every formula with half a cosine."""
    half = HALF.format(total=total)
    formula = f"lr_min + (lr_max - lr_min) * {half}"
    slip("not_halved", title="not divided by 2",
         says="The sum 1 + cos lies between 0 and 2, so the rate starts too high. Divide by 2.",
         replace=(half, half.removesuffix(" / 2")))
    slip("no_one", title="the 1 missing",
         says="The cosine alone goes down to -1, so the rate becomes too small, even negative. Add 1 before you halve.",
         replace=(half, f"math.cos(math.pi * t / {total})"))
    slip("no_pi", title="pi missing",
         says=f"The angle goes from 0 to 1 only. At the end of the cosine it is pi: pi t / {total}.",
         replace=(half, half.replace("math.pi * ", "")))
    slip("degrees", title="an angle in degrees",
         says="The angle is given in degrees, from 0 to 180. math.cos and np.cos take radians, from 0 to pi.",
         replace=(half, half.replace("math.pi", "180")))
    slip("whole_wave", title="a whole wave of the cosine",
         says="The angle goes up to 2 pi, so the rate is back at the top at the end. Half a wave ends at pi.",
         replace=(half, half.replace("math.pi", "2 * math.pi")))
    slip("quarter", title="a quarter of the wave",
         says="The angle goes up to pi / 2 only, and cos alone falls from 1 to 0 there: it is steep at the end. Half a "
         "wave, (1 + cos) / 2, is flat at both ends.",
         replace=(half, f"math.cos(math.pi / 2 * t / {total})"))
    slip("upside_down", title="upside down",
         says="The difference 1 - cos goes up. The rate starts at lr_max: 1 + cos.",
         replace=(half, half.replace("1 + ", "1 - ")))
    slip("straight", title="a straight line",
         says="The rate falls along a straight line. It has to follow half a cosine.",
         replace=(half, f"(1 - t / {total})"))
    slip("no_floor", title="the smallest rate not added",
         says="The cosine goes down to 0: lr_min is not added at the end.",
         replace=(formula, formula.removeprefix("lr_min + ")))
    slip("whole_swing", title="the largest rate in place of the difference",
         says="The cosine is multiplied by lr_max, so the rate starts at lr_min + lr_max. Multiply by lr_max - lr_min.",
         replace=(formula, f"lr_min + lr_max * {half}"))
    slip("cut_off", title="cut off at lr_min",
         says="The cosine goes from lr_max to 0 and is cut off at lr_min. It has to end at lr_min by itself.",
         replace=(formula, f"max(lr_min, lr_max * {half})"))
    slip("from_one", title="steps counted from 1",
         says="Step 0 gets the rate that belongs to step 1. Steps count from 0 here: use t itself.",
         replace=(half, half.replace(" t /", " (t + 1) /")))
    slip("one_short", title="divided by one step less",
         says=f"The angle is divided by {total} - 1, so lr_min comes one step early. Divide by {total}.",
         replace=(half, half.replace(f"/ {total}", f"/ max({total} - 1, 1)")))
    slip("whole_numbers", title="whole numbers only",
         says="Division by // rounds down, so the angle stays 0. Use /.",
         replace=(half, half.replace(f"math.pi * t / {total}", f"math.pi * (t // {total})")))


cosine = slips("cosine", see="cosine")
END = "    if t >= total:\n        return lr_min\n"
cosines(cosine, "total")
cosine("rises_again", title="a rate that rises again",
       says="After total the cosine goes up again. From total on, the rate stays at lr_min.",
       replace=(END, ""))
cosine("starts_again", title="a jump back to the top",
       says="After total it starts again from lr_max. It stays at lr_min.",
       replace=(END, "    t = t % total\n"))
cosine("to_zero", title="zero at the end",
       says="From total on, the rate is 0. It stays at lr_min.",
       replace=("return lr_min\n", "return 0.0\n"))
cosine("back_to_top", title="the largest rate at the end",
       says="From total on, the rate is lr_max. It stays at lr_min.",
       replace=("return lr_min\n", "return lr_max\n"))
cosine("ends_early", title="the end one step early",
       says="The step total - 1 has lr_min already. The last step before the end is still above it.",
       replace=("t >= total", "t >= total - 1"))

restarts = slips("warm_restarts", see="cosine")
cosines(restarts, "length")
restarts("one_late", title="the restart one step late",
         says="A step too late: the first step of a cycle still belongs to the cycle before, and gets lr_min there. At "
         "t = T_0 the next cycle begins: >=.",
         replace=("t >= length", "t > length"))
restarts("one_early", title="the restart one step early",
         says="The last step of a cycle is left out: the next cycle begins one step early. Compare t with length.",
         replace=("while t >= length:", "while t >= max(length - 1, 1):"))
restarts("global_step", title="counted from the first step",
         says="The angle counts from step 0, not from the beginning of the cycle. After a restart it has to be "
         "0 again: subtract the cycles before.",
         code="""
         def warm_restarts(t, lr_max, lr_min, first_cycle, growth):
             length, start = first_cycle, 0
             while t >= start + length:
                 start += length
                 length *= growth
             return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * t / length)) / 2
         """)
restarts("not_subtracted", title="cycles not subtracted",
         says="The cycles before are not subtracted, only the length grows. Inside a cycle, t counts from its "
         "beginning.",
         replace=("        t -= length\n        length *= growth", "        length *= max(growth, 2)"))
restarts("no_growth", title="cycles that do not grow",
         says="All cycles are as long as the first one. Each is growth times as long as the one before.",
         replace=("        length *= growth\n", ""))
restarts("growth_added", title="the growth added",
         says="The growth is added to the length of a cycle. The length is multiplied by it.",
         replace=("length *= growth", "length += growth"))
restarts("first_added", title="cycles of T, 2T, 3T",
         says="Each cycle is longer by first_cycle: 1, 2, 3 times the first. The length is multiplied by growth "
         "each time.",
         replace=("length *= growth", "length += first_cycle * (growth - 1)"))
restarts("grows_first", title="the length changed too early",
         says="The longer length is subtracted. First subtract the cycle that has passed, then make the next "
         "one longer.",
         replace=("        t -= length\n        length *= growth",
                  "        length *= growth\n        t = max(t - length, 0)"))
restarts("twice_the_growth", title="the growth counted once too often",
         says="The first cycle is growth times too long. Its length is first_cycle itself.",
         replace=("length = first_cycle", "length = first_cycle * growth"))
restarts("no_restart", title="no restart",
         says="There is one cycle, and then the rate stays low. When a cycle is over, the next one begins at lr_max.",
         replace=("    while t >= length:\n        t -= length\n        length *= growth\n",
                  "    t = min(t, length)\n"))
restarts("top_falls", title="tops that fall",
         says="The top is halved with every cycle. Each cycle begins at lr_max.",
         replace=("length *= growth", "length *= growth\n        lr_max = lr_min + (lr_max - lr_min) / 2"))
restarts("remembers", title="a schedule that remembers the last call",
         says="It counts its calls: asked in another order, or twice for a step, it gives another answer. A schedule "
         "remembers nothing: find the cycle from t.",
         code="""
         inside = [0, 1]

         def warm_restarts(t, lr_max, lr_min, first_cycle, growth):
             if t == 0:
                 inside[:] = 0, first_cycle
             else:
                 inside[0] += 1
                 if inside[0] == inside[1]:
                     inside[:] = 0, inside[1] * growth
             return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * inside[0] / inside[1])) / 2
         """)

# triangular

slip = slips("triangular", see="triangular")
SHARE = "1 - abs(position - half_cycle) / half_cycle"
slip("half_as_long", title="half a cycle taken for the whole cycle",
     says="A whole cycle takes half_cycle steps. That is the way from one bound to the other; a cycle has two of them.",
     replace=[("t % (2 * half_cycle)", "t % half_cycle"), (SHARE, "1 - abs(2 * position - half_cycle) / half_cycle")])
slip("starts_at_top", title="a start at the top",
     says="The wave starts at lr_max. It starts at lr_min.",
     replace=(SHARE, SHARE.removeprefix("1 - ")))
slip("not_repeated", title="one cycle only",
     says="After the first cycle the line goes on, below lr_min. Take the remainder of t, divided by the length of a "
     "cycle.",
     replace=("t % (2 * half_cycle)", "t"))
slip("stays_low", title="the smallest rate after the first cycle",
     says="After the first cycle the rate stays at lr_min. The wave repeats: take the remainder of t.",
     replace=("t % (2 * half_cycle)", "min(t, 2 * half_cycle)"))
slip("stays_high", title="no way down",
     says="The rate goes up and stays there. After half_cycle steps it comes down again.",
     replace=(SHARE, "min(t / half_cycle, 1)"))
slip("saw", title="a saw",
     says="The rate goes up and jumps back to lr_min. It comes down in half_cycle steps.",
     replace=[("t % (2 * half_cycle)", "t % half_cycle"), (SHARE, "position / half_cycle")])
slip("long_saw", title="a saw, up for a whole cycle",
     says="The rate goes up for two half cycles and jumps back. It reaches lr_max after one, and then comes down.",
     replace=(SHARE, "position / (2 * half_cycle)"))
slip("one_longer", title="a cycle one step too long",
     says="A cycle has 2 half_cycle + 1 steps, so that lr_min comes twice in a row. Its last step is the first one of "
     "the next cycle.",
     replace=("(2 * half_cycle)", "(2 * half_cycle + 1)"))
slip("one_shorter", title="a cycle one step too short",
     says="A cycle has 2 half_cycle - 1 steps: one step on the way down is left out.",
     replace=("(2 * half_cycle)", "(2 * half_cycle - 1)"))
slip("top_falls", title="tops that fall",
     says="The top is halved with every cycle (triangular2). Here all tops are lr_max.",
     replace=("* share", "* share / 2 ** (t // (2 * half_cycle))"))
slip("no_floor", title="the smallest rate not added",
     says="The wave goes down to 0: lr_min is not added at the end.",
     replace=("lr_min + (", "("))
slip("whole_swing", title="the largest rate in place of the difference",
     says="The share is multiplied by lr_max, so the top is lr_min + lr_max. Multiply by lr_max - lr_min.",
     replace=("(lr_max - lr_min)", "lr_max"))
slip("cosine", title="a cosine in place of straight lines",
     says="The wave is a cosine. It goes up and down in straight lines.",
     replace=(SHARE, "(1 - math.cos(math.pi * position / half_cycle)) / 2"))
slip("from_one", title="steps counted from 1",
     says="Step 0 gets the rate that belongs to step 1. Steps count from 0 here: use t itself.",
     replace=("t % (", "(t + 1) % ("))
slip("whole_numbers", title="whole numbers only",
     says="Division by // rounds down, so there is nothing between the two bounds. Use /.",
     replace=(SHARE, SHARE.replace("/ half", "// half")))
slip("remembers", title="a wave that remembers the last call",
     says="It counts its calls: asked in another order, or twice for a step, it gives another answer. A schedule "
     "remembers nothing: find the place in the cycle from t.",
     code="""
     calls = [0]

     def triangular(t, lr_min, lr_max, half_cycle):
         calls[0] = 0 if t == 0 else calls[0] + 1
         position = calls[0] % (2 * half_cycle)
         return lr_min + (lr_max - lr_min) * (1 - abs(position - half_cycle) / half_cycle)
     """)

# warmup

slip = slips("warmup", see="warming-up")
LINE = "schedule(0) * (t + 1) / (steps + 1)"
slip("from_zero", title="a warm-up that starts at 0",
     says="The first step has the rate 0, so it changes nothing: its batch is wasted. The share is (t + 1) / (w + 1).",
     replace=(LINE, "schedule(0) * t / steps"))
slip("full_too_early", title="the full rate one step early",
     says="The last step of the warm-up has the full rate already, and the schedule begins with the same one: it comes "
     "twice. Divide by w + 1.",
     replace=(LINE, "schedule(0) * (t + 1) / steps"))
slip("too_low", title="a warm-up that starts at 0 and ends low",
     says="The share is t / (w + 1): the first step has the rate 0. It is (t + 1) / (w + 1).",
     replace=(LINE, "schedule(0) * t / (steps + 1)"))
slip("share_alone", title="the share alone",
     says="During the warm-up the share comes back, from 0 to 1, whatever the schedule is. Multiply it by schedule(0).",
     replace=(LINE, "(t + 1) / (steps + 1)"))
slip("whole_numbers", title="whole numbers only",
     says="Division by // rounds the share down to 0, so nothing is learned during the warm-up. Use /.",
     replace=(LINE, "schedule(0) * ((t + 1) // (steps + 1))"))
slip("no_line", title="no line up",
     says="During the warm-up the rate is schedule(0) all the time. It has to go up in a straight line.",
     replace=(LINE, "schedule(0)"))
slip("downwards", title="a line down",
     says="During the warm-up the rate falls. It has to go up.",
     replace=(LINE, "schedule(0) * (steps - t) / (steps + 1)"))
slip("running_schedule", title="a schedule that runs during the warm-up",
     says="The warm-up is multiplied by schedule(t). The schedule begins after it: multiply by schedule(0).",
     replace=("schedule(0)", "schedule(t)"))
slip("towards_later", title="the rate after as many steps",
     says="The warm-up goes up to schedule(w). The schedule counts from the end of the warm-up: go up to schedule(0).",
     replace=("schedule(0)", "schedule(steps)"))
slip("not_shifted", title="the schedule not shifted",
     says="After the warm-up it goes on with schedule(t): the first steps of the schedule are left out. It begins with "
     "schedule(t - w).",
     replace=("schedule(t - steps)", "schedule(t)"))
slip("one_skipped", title="the first rate of the schedule skipped",
     says="At t = w comes schedule(1), one step early. It has to be schedule(0).",
     replace=("schedule(t - steps)", "schedule(t - steps + 1)"))
slip("first_twice", title="the first rate of the schedule twice",
     says="The rate schedule(0) comes at t = w and once more at w + 1: everything is one step late. It is schedule(t "
     "- w).",
     replace=("schedule(t - steps)", "schedule(max(t - steps - 1, 0))"))
slip("multiplied", title="the schedule multiplied by the warm-up",
     says="The schedule runs from step 0 on, and the warm-up only multiplies it. It has to wait: schedule(t - w).",
     code="""
     def warmup(t, schedule, steps):
         return schedule(t) * min(1, (t + 1) / (steps + 1))
     """)
slip("constant_after", title="constant after the warm-up",
     says="After the warm-up the rate stays at schedule(0). It follows the schedule from there.",
     replace=("schedule(t - steps)", "schedule(0)"))

# ReduceOnPlateau

slip = slips("ReduceOnPlateau", see="plateau")
REDUCED = "self.lr, self.bad = max(self.lr * self.factor, self.min_lr), 0"
BETTER = "if loss < self.best:"
slip("one_early", title="reduced one reading early",
     says="With a patience of 2, the second bad reading reduces the rate. It is tolerated; the third one "
     "reduces. Early stopping in notebook 03 counted the other way.",
     replace=("self.bad > self.patience", "self.bad >= self.patience"))
slip("one_late", title="reduced one reading late",
     says="With a patience of 2, only the fourth bad reading reduces the rate. The third one has to.",
     replace=("self.bad > self.patience", "self.bad > self.patience + 1"))
slip("equal_is_better", title="an equal loss counts as better",
     says="A loss that equals the best one counts as better, so a constant loss never reduces the rate. Only a "
     "lower one is better: <.",
     replace=("loss < self.best", "loss <= self.best"))
slip("nan_not_bad", title="NaN not counted as bad",
     says="A NaN does not count as a bad reading. It does: no comparison with NaN is true, so ask whether the loss is "
     "lower than the best, and count everything else.",
     replace=(BETTER, "if loss != loss:\n            return self.lr\n        if loss < self.best:"))
slip("count_goes_on", title="the count not set back after a reduction",
     says="After a reduction the count goes on, so every further bad reading reduces again. It starts again from 0.",
     replace=(REDUCED, "self.lr = max(self.lr * self.factor, self.min_lr)"))
slip("best_forgotten", title="the best loss forgotten after a reduction",
     says="After a reduction the best loss is forgotten, and the next reading counts as better whatever it is. "
     "Keep it.",
     replace=(REDUCED, f"{REDUCED}\n            self.best = math.inf"))
slip("not_in_a_row", title="bad readings not in a row",
     says="All bad readings are counted, also those before a better one. A better reading sets the count back to 0.",
     replace=("self.best, self.bad = loss, 0", "self.best = loss"))
slip("last_loss", title="compared with the last loss",
     says="Each loss is compared with the one before. Compare it with the best so far.",
     replace=("            self.bad += 1", "            self.best, self.bad = loss, self.bad + 1"))
slip("below_minimum", title="smaller than min_lr",
     says="The rate becomes smaller than min_lr. Take the larger one of both.",
     replace=("max(self.lr * self.factor, self.min_lr)", "self.lr * self.factor"))
slip("stops_above_minimum", title="the minimum never reached",
     says="A reduction that would lead below min_lr is left out. The rate becomes min_lr then.",
     replace=("max(self.lr * self.factor, self.min_lr)",
              "self.lr * (self.factor if self.lr * self.factor >= self.min_lr else 1)"))
slip("straight_to_minimum", title="the smaller one of both",
     says="What min takes is the smaller one, so the rate is min_lr at the latest after the first reduction. It is "
     "max.",
     replace=("max(self.lr", "min(self.lr"))
slip("returned_before", title="the rate before the reduction returned",
     says="What comes back is the rate before the reduction. Return the one from now on.",
     replace=[(BETTER, f"before = self.lr\n        {BETTER}"), ("return self.lr", "return before")])
slip("attribute_left", title="the attribute lr not updated",
     says="The right rate comes back, but the attribute lr keeps the first one. An optimizer reads it there.",
     code="""
     class ReduceOnPlateau:
         def __init__(self, lr, factor, patience, min_lr):
             self.lr = self.now = lr
             self.factor, self.patience, self.min_lr = factor, patience, min_lr
             self.best, self.bad = math.inf, 0

         def step(self, loss):
             if loss < self.best:
                 self.best, self.bad = loss, 0
             else:
                 self.bad += 1
             if self.bad > self.patience:
                 self.now, self.bad = max(self.now * self.factor, self.min_lr), 0
             return self.now
     """)
slip("relative_threshold", title="a better loss has to be lower by a share",
     says="A loss counts as better only if it is lower by a ten thousandth of the best one, as by default in "
     "PyTorch. Here any lower loss is better. For a negative loss, that limit would even lie above the best.",
     replace=(BETTER, "if loss < self.best * (1 - 1e-4):"))
slip("absolute_threshold", title="a better loss has to be lower by a constant",
     says="A loss counts as better only if it is lower by some small constant. Here any lower loss is better.",
     replace=(BETTER, "if loss < self.best - 1e-4:"))
slip("positive_only", title="the best loss starts too low",
     says="The best loss starts at 0, so no positive loss is ever better. Start with infinity.",
     replace=("math.inf, 0", "0.0, 0"))
slip("higher_is_better", title="a higher loss counts as better",
     says="A reading that is higher than the best counts as better. A loss has to fall.",
     replace=[("math.inf, 0", "-math.inf, 0"), ("loss < self.best", "loss > self.best")])
slip("patience_ignored", title="patience ignored",
     says="Every bad reading reduces the rate. As many as patience says are tolerated first.",
     replace=("self.bad > self.patience", "self.bad > 0"))
slip("divided", title="divided by the factor",
     says="The rate is divided by the factor, so it grows.",
     replace=("self.lr * self.factor", "self.lr / self.factor"))
slip("factor_subtracted", title="the factor subtracted",
     says="The factor is subtracted from the rate. Multiply by it.",
     replace=("self.lr * self.factor", "self.lr - self.factor"))
slip("shared", title="one state for all objects",
     says="The best loss and the count belong to the class, so all objects share them. Keep them in self.",
     code="""
     class ReduceOnPlateau:
         seen = {}

         def __init__(self, lr, factor, patience, min_lr):
             self.lr, self.factor, self.patience, self.min_lr = lr, factor, patience, min_lr
             self.seen.update(best=math.inf, bad=0)

         def step(self, loss):
             if loss < self.seen["best"]:
                 self.seen.update(best=loss, bad=0)
             else:
                 self.seen["bad"] += 1
             if self.seen["bad"] > self.patience:
                 self.lr = max(self.lr * self.factor, self.min_lr)
                 self.seen["bad"] = 0
             return self.lr
     """)

# learning_rate_ramp

slip = slips("learning_rate_ramp", see="range-test")
RAMP = "lr_min * (lr_max / lr_min) ** (t / (steps - 1))"
slip("one_gap_more", title="divided by steps",
     says="The exponent is t / steps, so lr_max is never reached. There are steps - 1 gaps between steps points.",
     replace=("t / (steps - 1)", "t / steps"))
slip("from_one", title="steps counted from 1",
     says="The exponent is (t + 1) / steps: the first step is above lr_min already. It has lr_min, at t = 0.",
     replace=("t / (steps - 1)", "(t + 1) / steps"))
slip("linear", title="a straight line",
     says="The rate grows by the same amount in every step, so that small rates are passed in no time. It grows by the "
     "same factor: take a power.",
     replace=(RAMP, "lr_min + (lr_max - lr_min) * t / (steps - 1)"))
slip("downwards", title="the wrong way round",
     says="The rate goes down from lr_max to lr_min. Exchange the two.",
     replace=(RAMP, "lr_max * (lr_min / lr_max) ** (t / (steps - 1))"))
slip("no_ratio", title="a power of lr_max alone",
     says="The largest rate is the base of the power. It is lr_max / lr_min, the factor over all steps.",
     replace=("(lr_max / lr_min)", "lr_max"))
slip("no_start", title="the smallest rate left out",
     says="The result is the factor alone, from 1 on. Multiply it by lr_min.",
     replace=("lr_min * (", "("))
slip("difference", title="the difference in place of the ratio",
     says="The base is lr_max - lr_min. The factor over all steps is lr_max / lr_min.",
     replace=("(lr_max / lr_min)", "(lr_max - lr_min)"))
slip("whole_numbers", title="whole numbers only",
     says="Division by // rounds the exponent down to 0, so the rate stays at lr_min. Use /.",
     replace=("t / (steps - 1)", "t // (steps - 1)"))
slip("each_step", title="the whole factor in every step",
     says="Each step multiplies by the whole factor lr_max / lr_min. Divide the exponent by the number of gaps.",
     replace=("(t / (steps - 1))", "(t / 1000)"))

# steepest_learning_rate

slip = slips("steepest_learning_rate", see="range-test")
AVERAGE = "smoothing * smoothed[-1] + (1 - smoothing) * loss"
CHOSEN = "lrs[int(np.argmin(slopes))]"
slip("not_logarithmic", title="the slope with respect to the rate itself",
     says="The slope is taken with respect to the rate. Small rates lie close together, so they always win. "
     "Take it with respect to np.log(lrs).",
     replace=("np.log(lrs)", "lrs"))
slip("per_place", title="the slope from place to place",
     says="The slope is taken from one place to the next, as if all gaps were equal. Give np.gradient the positions, "
     "np.log(lrs).",
     replace=("np.gradient(np.array(smoothed), np.log(lrs))", "np.gradient(np.array(smoothed))"))
slip("not_smoothed", title="not smoothed",
     says="The losses are not smoothed, so one loss that happens to be low decides. Average them first.",
     replace=(AVERAGE, "loss"))
slip("weights_exchanged", title="the weights of old and new exchanged",
     says="The new loss is weighed by smoothing. It is the weight of the old average.",
     replace=(AVERAGE, "(1 - smoothing) * smoothed[-1] + smoothing * loss"))
slip("from_zero", title="an average that starts at 0",
     says="The average starts at 0 and has to come up first. The first average is the first loss.",
     code="""
     def steepest_learning_rate(lrs, losses, smoothing):
         average, smoothed = 0.0, []
         for loss in losses:
             average = smoothing * average + (1 - smoothing) * loss
             smoothed.append(average)
         slopes = np.gradient(np.array(smoothed), np.log(lrs))
         return lrs[int(np.argmin(slopes))]
     """)
slip("steepest_rise", title="the steepest rise",
     says="The place with the largest slope is chosen: the loss rises there. It falls where the slope is most "
     "negative.",
     replace=("np.argmin(slopes)", "np.argmax(slopes)"))
slip("steepest_either", title="the steepest place, up or down",
     says="The sign of the slope is dropped, so the steep rise at the end wins. The loss has to fall: take the "
     "smallest slope.",
     replace=("np.argmin(slopes)", "np.argmax(np.abs(slopes))"))
slip("flattest", title="the flattest place",
     says="The place with the slope nearest to 0 is chosen. Take the most negative one.",
     replace=("np.argmin(slopes)", "np.argmin(np.abs(slopes))"))
slip("lowest", title="the rate of the lowest loss",
     says="The rate with the lowest loss is chosen. At that rate the loss has stopped to fall: take the place where it "
     "falls fastest.",
     replace=("np.argmin(slopes)", "np.argmin(smoothed)"))
slip("index", title="the index in place of the rate",
     says="The index comes back. Return the rate at that place, lrs[index].",
     replace=(CHOSEN, "int(np.argmin(slopes))"))
slip("slope", title="the slope in place of the rate",
     says="The slope comes back. Return the rate at that place: argmin, not min.",
     replace=(CHOSEN, "slopes.min()"))
slip("logarithm", title="the logarithm of the rate",
     says="The logarithm of the rate comes back. Return the rate itself.",
     replace=(CHOSEN, f"np.log({CHOSEN})"))

# make_scheduler

slip = slips("make_scheduler", see="pytorch")
UP = "return (t + 1) / (warmup_steps + 1)"
DOWN = "(1 + math.cos(math.pi * (t - warmup_steps) / (total_steps - warmup_steps))) / 2"
STOP = "        if t >= total_steps:\n            return 0.0\n"
MADE = "torch.optim.lr_scheduler.LambdaLR(optimizer, factor)"
slip("from_zero", title="a warm-up that starts at 0",
     says="The first step has the rate 0, so it changes nothing. The factor is (t + 1) / (w + 1).", see="warming-up",
     replace=(UP, "return t / warmup_steps"))
slip("full_too_early", title="the full rate one step early",
     says="The last step of the warm-up has the full rate already. Divide by w + 1.", see="warming-up",
     replace=(UP, "return (t + 1) / warmup_steps"))
slip("too_low", title="a warm-up that starts at 0 and ends low",
     says="The factor is t / (w + 1): the first step has the rate 0. It is (t + 1) / (w + 1).", see="warming-up",
     replace=(UP, "return t / (warmup_steps + 1)"))
slip("no_line", title="no line up",
     says="During the warm-up the factor is 1. It has to go up in a straight line.", see="warming-up",
     replace=(UP, "return 1.0"))
slip("from_the_start", title="a cosine that counts from step 0",
     says="The cosine counts from step 0, so the rate jumps down at the end of the warm-up. It begins there: t - w.",
     replace=(DOWN, "(1 + math.cos(math.pi * t / total_steps)) / 2"))
slip("too_long", title="a cosine that is too long",
     says="The cosine lasts total_steps, so it is not at 0 at the end. It has total_steps - w steps left.",
     replace=("/ (total_steps - warmup_steps)", "/ total_steps"))
slip("rises_again", title="a rate that rises again",
     says="After total_steps the cosine goes up again. The factor stays 0.", see="cosine",
     replace=(STOP, ""))
slip("upside_down", title="upside down",
     says="The difference 1 - cos goes up. The factor starts at 1: 1 + cos.", see="cosine",
     replace=("(1 + math.cos", "(1 - math.cos"))
slip("not_halved", title="not divided by 2",
     says="The sum 1 + cos lies between 0 and 2. Divide by 2.", see="cosine",
     replace=(DOWN, DOWN.removesuffix(" / 2")))
slip("no_pi", title="pi missing",
     says="The angle goes from 0 to 1 only. At the end it is pi.", see="cosine",
     replace=("math.pi * ", ""))
slip("straight", title="a straight line down",
     says="After the warm-up the factor falls along a straight line. It has to follow half a cosine.", see="cosine",
     replace=(DOWN, "1 - (t - warmup_steps) / (total_steps - warmup_steps)"))
slip("rate_in_place_of_factor", title="a rate in place of a factor",
     says="The function returns a rate. LambdaLR multiplies the first rate of each group by it, so the rate comes in "
     "twice. Return the factor alone.",
     replace=(DOWN, f'optimizer.defaults["lr"] * {DOWN}'))
slip("all_alike", title="the rate of the first group for all",
     says="All groups get the rate of the first one. Each group keeps its own, multiplied by the factor.",
     replace=(f"return {MADE}", 'for group in optimizer.param_groups:\n        group["lr"] = '
              f'optimizer.param_groups[0]["lr"]\n    return {MADE}'))
slip("compounded", title="factors that multiply up",
     says="Each step multiplies the rate of the step before (MultiplicativeLR). LambdaLR multiplies the first rate.",
     replace=("LambdaLR", "MultiplicativeLR"))
slip("one_step_ahead", title="one step ahead",
     says="The scheduler is called once in your function, so everything comes one step early. The loop calls it.",
     replace=(f"return {MADE}", f"made = {MADE}\n    optimizer.step()\n    made.step()\n    return made"))
slip("no_warmup", title="no warm-up",
     says="The cosine runs from step 0 to total_steps, without a warm-up.",
     code="""
     def make_scheduler(optimizer, warmup_steps, total_steps):
         def factor(t):
             return (1 + math.cos(math.pi * min(t, total_steps) / total_steps)) / 2

         return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
     """)
slip("other_kind", title="another kind of scheduler",
     says="The rates are right, but what comes back is no LambdaLR. One function of the step does it all.",
     replace=(MADE, f"torch.optim.lr_scheduler.ChainedScheduler([{MADE}])"))
