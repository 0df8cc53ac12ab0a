"""What learners get wrong in initialization."""

from __future__ import annotations

from autograder.judging.slips import ALL, resolution, slips, way

# preactivation_variance

slip = slips("preactivation_variance", see="one-layer")
FORMULA = "fan_in * weight_variance * input_second_moment"

slip("deviation", title="the deviation in place of the variance",
     says="This is the standard deviation. The variance is its square.",
     replace=(FORMULA, f"np.sqrt({FORMULA})"))
slip("no_fan_in", title="fan-in missing",
     says="The sum over the inputs is missing: z is a sum of fan-in products, so fan-in is a factor.",
     replace=("fan_in * ", ""))
slip("divided_by_fan_in", title="divided by fan-in",
     says="It is divided by fan-in. The variances of fan-in products are added up, not averaged.",
     replace=(FORMULA, "weight_variance * input_second_moment / fan_in"))
slip("root_of_fan_in", title="the root of fan-in",
     says="Only the deviation grows with the root of fan-in. The variance grows with fan-in itself.",
     replace=("fan_in *", "np.sqrt(fan_in) *"))
slip("fan_in_squared", title="fan-in squared",
     says="The fan-in is squared. The mixed terms of the square are 0, so fan-in terms are left, not fan-in².",
     replace=("fan_in *", "fan_in**2 *"))
slip("variance_squared", title="the weights' variance squared",
     says="The weights' variance is squared, as if it were a deviation.",
     replace=("weight_variance", "weight_variance**2"))
slip("root_of_variance", title="the weights' deviation",
     says="The root of the weights' variance is taken. The formula has the variance itself.",
     replace=("weight_variance", "np.sqrt(weight_variance)"))
slip("moment_squared", title="the second moment squared",
     says="The second moment is squared. It is the mean of the squares already.",
     replace=("input_second_moment", "input_second_moment**2"))
slip("root_of_moment", title="the root of the second moment",
     says="The root of the second moment is taken. The formula has the second moment itself.",
     replace=("input_second_moment", "np.sqrt(input_second_moment)"))
slip("no_moment", title="the inputs not used",
     says="The second moment of the inputs is missing: larger inputs make a larger z.",
     replace=(" * input_second_moment", ""))
slip("no_variance", title="the weights not used",
     says="The variance of the weights is missing.",
     replace=(" * weight_variance", ""))
slip("added", title="added in place of multiplied",
     says="The variance of the weights and the second moment are added. For independent factors they are multiplied.",
     replace=("weight_variance * input_second_moment", "(weight_variance + input_second_moment)"))
slip("half", title="the half of a ReLU",
     says="There is a factor of 1/2. It belongs to a ReLU; z is the number before any activation.",
     replace=(FORMULA, f"{FORMULA} / 2"))
slip("doubled", title="twice too large",
     says="There is a factor of 2. It belongs to Kaiming's choice of the variance, which comes later.",
     replace=(FORMULA, f"2 * {FORMULA}"))
slip("moment_minus_1", title="one less for fan-in",
     says="There is fan_in - 1 in place of fan-in. That is for a variance that is estimated; here all terms count.",
     replace=("fan_in *", "(fan_in - 1) *"))

# activation_spread

slip = slips("activation_spread", see="many-layers")
PASS, APPEND = "x = activation(x @ W)", "spreads.append(float(x.std()))"

slip("before_the_activation", title="measured before the activation",
     says="These are the spreads of the pre-activations z. The activation comes first, and then the measurement.",
     replace=[(PASS, "z = x @ W\n        x = activation(z)"), ("x.std()", "z.std()")])
slip("mean_of_neurons", title="a deviation for each neuron, averaged",
     says="A deviation for each neuron over the batch, and then the mean of these. Asked for is one deviation of all "
     "numbers together: x.std() without an axis.",
     replace=("x.std()", "x.std(axis=0).mean()"))
slip("mean_of_examples", title="a deviation for each example, averaged",
     says="A deviation for each example over the neurons, and then the mean of these. Asked for is one deviation of "
     "all numbers together: x.std() without an axis.",
     replace=("x.std()", "x.std(axis=1).mean()"))
slip("variance", title="the variance in place of the deviation",
     says="This is the variance. The standard deviation is its root.",
     replace=("x.std()", "x.var()"))
slip("sample_deviation", title="the sample deviation",
     says="The deviation is that with one less in the denominator (ddof=1, or torch.std). The population deviation is "
     "what x.std() gives by itself.",
     replace=("x.std()", "x.std(ddof=1)"))
slip("mean_not_subtracted", title="the mean not subtracted",
     says="This is the root of the mean square. A standard deviation subtracts the mean first; it differs where the "
     "mean of the activations is not 0, as after a sigmoid or a ReLU.",
     replace=("x.std()", "np.sqrt((x**2).mean())"))
slip("mean_absolute", title="the mean distance from the mean",
     says="This is the mean absolute distance from the mean. The standard deviation squares, averages and takes the "
     "root.",
     replace=("x.std()", "np.abs(x - x.mean()).mean()"))
slip("means_of_neurons", title="the deviation of means",
     says="The mean of each neuron is taken before the deviation. The deviation is that of all numbers, over examples "
     "and neurons.",
     replace=("x.std()", "x.mean(axis=0).std()"))
slip("input_included", title="the input counted as a layer",
     says="There is one number too many: the first one belongs to the input, which is no layer.",
     replace=("spreads = []", "spreads = [float(x.std())]"))
slip("last_without_activation", title="no activation after the last layer",
     says="After the last layer the activation is missing. It follows every layer.",
     replace=(PASS, "x = x @ W if W is weights[-1] else activation(x @ W)"))
slip("no_activation", title="no activation at all",
     says="The activation is never applied: the network is linear.",
     replace=("activation(x @ W)", "x @ W"))
slip("not_passed_on", title="the activation measured and not passed on",
     says="The activation is measured, but the pre-activation goes into the next layer.",
     replace=[(PASS, "x = x @ W"), ("x.std()", "activation(x).std()")])
slip("activation_first", title="the activation before the weights",
     says="The activation is applied to what goes into a layer. It belongs after the product: activation(x @ W).",
     replace=("activation(x @ W)", "activation(x) @ W"))
slip("activation_twice", title="the activation applied twice",
     says="The activation is applied twice to each layer.",
     replace=("x.std()", "activation(x).std()"))
slip("always_tanh", title="always a tanh",
     says="The activation that is given is not used: there is a tanh in its place.",
     replace=("activation(x @ W)", "np.tanh(x @ W)"))
slip("transposed", title="the weights transposed",
     says="W is transposed. It has one row for each input already, so z = x @ W. In square layers no error shows it.",
     replace=("x @ W", "x @ W.T"))
slip("from_the_input", title="every layer fed with the input",
     says="Every layer gets the input of the network, in place of what the layer before it gives.",
     replace=[(PASS, "a = activation(x @ W)"), ("x.std()", "a.std()")])
slip("last_only", title="the last layer alone",
     says="Only the last layer is measured. Append one number in each round of the loop.",
     replace=(f"        {APPEND}", f"    {APPEND}"))
slip("reversed", title="the last layer first",
     says="The list begins with the last layer. The first layer comes first.",
     replace=("return spreads", "return spreads[::-1]"))
slip("first_forgotten", title="the first layer left out",
     says="The first layer is passed, but not measured.",
     replace=("return spreads", "return spreads[1:]"))

# gradient_spread

slip = slips("gradient_spread", see="way-back")
STEP, BACK = "gradient = (gradient * activation_derivative(z)) @ W.T", "spreads.append(float(gradient.std()))"
INDEXED = """
    def gradient_spread(x, weights, activation, activation_derivative, d_output):
        values = [x]
        for W in weights:
            values.append(activation(values[-1] @ W))
        spreads = [0.0] * len(weights)
        gradient = d_output
        for layer in range(len(weights) - 1, -1, -1):
            gradient = (gradient * activation_derivative(values[layer] @ weights[layer])) @ weights[layer].T
            spreads[layer] = gradient.std()
        return spreads
    """
way("gradient_spread", "by_index", code=INDEXED)
TO_THE_FIRST = ("-1, -1", "0, -1")
AT_THE_ACTIVATION = ("values[layer] @ weights[layer]", "values[layer + 1]")
SQUARED = ("gradient.std()", "gradient.var()")

slip("at_the_activation", title="the derivative at the activation",
     says="The derivative is taken at the activation a. It takes the pre-activation z, so keep z = x @ W. Only for a "
     "ReLU does it make no difference.",
     replace=[("kept.append(x @ W)\n        x = activation(kept[-1])",
               "x = activation(x @ W)\n        kept.append(x)")])
slip("at_the_input", title="the derivative at the layer's input",
     says="The derivative is taken at what goes into the layer. It takes the pre-activation z = x @ W.",
     base="by_index",
     replace=("values[layer] @ weights[layer]", "values[layer]"))
slip("first_forgotten", title="the first layer left out of the loop",
     says="The loop over the layers ends before layer 0, so the first number stays 0. The second argument of range is "
     "where it stops, and is not reached.",
     base="by_index",
     replace=TO_THE_FIRST)
slip("variance", title="the variance in place of the deviation",
     says="This is the variance. The standard deviation is its root.",
     replace=("gradient.std()", "gradient.var()"))
slip("three_bugs", title="the first layer left out of the loop, among others",
     says="The loop over the layers ends before layer 0, so the first number stays 0. Mend this first, and check "
     "again: the other numbers are wrong for other reasons.",
     base="by_index",
     replace=[TO_THE_FIRST, AT_THE_ACTIVATION, SQUARED])
slip("two_bugs_slope_and_square", title="the derivative at the activation, among others",
     says="The derivative is taken at the activation a. It takes the pre-activation z. Mend this first, and check "
     "again: something else is wrong with the size of the numbers.",
     base="by_index",
     replace=[AT_THE_ACTIVATION, SQUARED])
slip("two_bugs_first_and_square", title="the first layer left out of the loop, and the numbers too small or too large",
     says="The loop over the layers ends before layer 0, so the first number stays 0. Mend this first, and check "
     "again: the others are not standard deviations either.",
     base="by_index",
     replace=[TO_THE_FIRST, SQUARED])
slip("two_bugs_first_and_slope", title="the first layer left out of the loop, and a wrong derivative",
     says="The loop over the layers ends before layer 0, so the first number stays 0. Mend this first, and check "
     "again: the derivative is taken at a wrong place, too.",
     base="by_index",
     replace=[TO_THE_FIRST, AT_THE_ACTIVATION])
slip("order_not_reversed", title="the last layer first",
     says="The list begins with the last layer, in the order of the way back. The first layer comes first: reverse "
     "it.",
     replace=("spreads[::-1]", "spreads"))
slip("no_slope", title="the slope of the activation forgotten",
     says="The gradient goes through the weights alone. On its way it also meets the slope of each activation.",
     replace=("(gradient * activation_derivative(z))", "gradient"))
slip("last_slope_forgotten", title="the last activation forgotten",
     says="The argument d_output is taken for the gradient at the last z. It is the one at the last activation: "
     "multiply it by the slope first.",
     replace=("(gradient * activation_derivative(z))",
              "(gradient if z is kept[-1] else gradient * activation_derivative(z))"))
slip("before_the_weights", title="measured before the weights",
     says="These are the gradients at z. The gradient at the layer's input comes after the product with the "
     "transposed weights.",
     replace=[(STEP, "d_z = gradient * activation_derivative(z)\n        gradient = d_z @ W.T"),
              ("gradient.std()", "d_z.std()")])
slip("at_the_output", title="measured one layer too late",
     says="Each number belongs to the layer's output, and the last one is that of d_output. Asked for is the gradient "
     "at the layer's input: measure after the step back.",
     replace=[(STEP, "arrived = gradient\n        " + STEP), ("gradient.std()", "arrived.std()")])
slip("output_included", title="the gradient at the output counted, too",
     says="There is one number too many: the last one is that of d_output. There is one number for each layer, that "
     "of its input.",
     replace=("gradient, spreads = d_output, []", "gradient, spreads = d_output, [float(d_output.std())]"))
slip("weights_not_transposed", title="the weights not transposed",
     says="On the way back the weights are transposed: d_x = d_z @ W.T. In square layers no error shows it.",
     replace=("W.T", "W"))
slip("weights_forgotten", title="the weights forgotten",
     says="The gradient is multiplied by the slopes alone. It also goes back through the weights: d_x = d_z @ W.T.",
     replace=(STEP, "gradient = gradient * activation_derivative(z)"))
slip("one_slope_off", title="the slopes of another layer",
     says="The slopes are taken in the order of the way forwards. Layer by layer, W and z belong together, so reverse "
     "both.",
     replace=("reversed(kept)", "kept"))
slip("one_weight_off", title="the weights of another layer",
     says="The weights are taken in the order of the way forwards. Layer by layer, W and z belong together, so "
     "reverse both.",
     replace=("reversed(weights)", "weights"))
slip("gradients_of_weights", title="the gradients of the weights",
     says="These are the gradients with respect to the weights. Asked for is the one with respect to each layer's "
     "input: d_z @ W.T.",
     base="by_index",
     replace=[("gradient = (gradient * activation_derivative(values[layer] @ weights[layer])) @ weights[layer].T",
               "d_z = gradient * activation_derivative(values[layer] @ weights[layer])\n"
               "        gradient = d_z @ weights[layer].T"),
              ("gradient.std()", "(values[layer].T @ d_z).std()")])
slip("value_for_slope", title="the activation in place of its derivative",
     says="The gradient is multiplied by the value of the activation. It takes the derivative.",
     replace=("activation_derivative(z)", "activation(z)"))
slip("divided_by_slope", title="divided by the slope",
     says="The gradient is divided by the slope. The chain rule multiplies.",
     replace=("gradient * activation_derivative(z)", "gradient / activation_derivative(z)"))
slip("slope_of_tanh", title="always the slope of a tanh",
     says="The derivative that is given is not used: there is that of the tanh in its place.",
     replace=("activation_derivative(z)", "(1 - np.tanh(z) ** 2)"))
slip("linear_forwards", title="no activation on the way forwards",
     says="The forward pass leaves the activation out, so the slopes are taken at wrong numbers. They depend on the "
     "real pre-activations.",
     replace=("x = activation(kept[-1])", "x = kept[-1]"))
slip("activation_before_slope", title="the slope after the product",
     says="The gradient goes through the weights before it meets the slope of the same layer. Forwards, the "
     "activation comes last; so backwards it comes first.",
     replace=("(gradient * activation_derivative(z)) @ W.T", "(gradient @ W.T) * activation_derivative(z @ W.T)"))
slip("sample_deviation", title="the sample deviation",
     says="The deviation is that with one less in the denominator (ddof=1, or torch.std). The population deviation is "
     "what std() of NumPy gives by itself.",
     replace=("gradient.std()", "gradient.std(ddof=1)"))
slip("mean_of_inputs", title="a deviation for each input, averaged",
     says="A deviation for each input over the batch, and then the mean of these. Asked for is one deviation of all "
     "entries together: std() without an axis.",
     replace=("gradient.std()", "gradient.std(axis=0).mean()"))
slip("mean_of_examples", title="a deviation for each example, averaged",
     says="A deviation for each example, and then the mean of these. Asked for is one deviation of all entries "
     "together: std() without an axis.",
     replace=("gradient.std()", "gradient.std(axis=1).mean()"))
slip("mean_not_subtracted", title="the mean not subtracted",
     says="This is the root of the mean square. A standard deviation subtracts the mean first.",
     replace=("gradient.std()", "np.sqrt((gradient**2).mean())"))
slip("divided_by_batch", title="divided by the batch size",
     says="The gradient is divided by the batch size in every layer. If the loss is a mean, d_output holds that "
     "already.",
     replace=("@ W.T", "@ W.T / len(x)"))
slip("restarted", title="every layer starts from d_output",
     says="Every layer begins with d_output again. What arrives at a layer is what the layer behind it passed on.",
     replace=("(gradient * activation_derivative(z))", "(d_output * activation_derivative(z))"))
slip("added_up", title="gradients added up",
     says="The gradient of a layer is added to that of the layer behind it. It replaces it: each input has one "
     "gradient.",
     replace=("gradient = (", "gradient = gradient + ("))

# What is wrong with random weights of any kind

FRESH = "np.random.default_rng(0)"
SEED_INSIDE = ("the same numbers in every call",
               "Two calls give the same weights: a generator is made anew inside. Draw from rng, which goes on.")
TRANSPOSED = ("rows and columns exchanged",
              "The shape is (fan_out, fan_in), as PyTorch stores weights. In this course it is (fan_in, fan_out), so "
              "that z = x @ W.")
CONSTANT = ("all weights equal",
            "All weights are the same number. Neurons that start equal stay equal: draw each weight for itself.")
ONE_ROW = ("one row for all inputs",
           "One row is drawn and repeated: all inputs have the same weights. Draw fan_in times fan_out numbers.")
ONLY_POSITIVE = "From 0 up, all weights are positive, and their mean is not 0."
SMALL = ("a deviation of 0.01, whatever the size",
         "The deviation is 0.01, whatever the fans are. It has to fit the size of the layer.")

# xavier_uniform

slip = slips("xavier_uniform", see="xavier")
BOUND, DRAW = "np.sqrt(6 / (fan_in + fan_out))", "rng.uniform(-bound, bound, size=(fan_in, fan_out))"
resolution("xavier_uniform", says="a bound that is off by 4 %", replace=(BOUND, f"1.04 * {BOUND}"))

slip("bound_is_deviation", title="the deviation taken for the bound",
     says="The numbers end at √(2 / (fan_in + fan_out)), which is the deviation they should have. A uniform "
     "distribution on [-c, c] has the deviation c/√3, so c is √3 times as large.",
     replace=("6 /", "2 /"))
slip("bound_is_variance", title="the variance taken for the bound",
     says="The numbers end at 2 / (fan_in + fan_out), which is the variance they should have. The variance is c²/3.",
     replace=(BOUND, "2 / (fan_in + fan_out)"))
slip("no_root", title="the root forgotten",
     says="The bound is 6 / (fan_in + fan_out), without the root: c² is that, not c.",
     replace=(BOUND, "6 / (fan_in + fan_out)"))
slip("brackets", title="brackets missing",
     says="Brackets are missing: 6 / fan_in + fan_out means (6 / fan_in) + fan_out, and the weights are huge.",
     replace=("6 / (fan_in + fan_out)", "6 / fan_in + fan_out"))
slip("kaiming", title="variance of Kaiming",
     says="The variance is 2 / fan_in, which is Kaiming's, for a ReLU. Xavier's is 2 / (fan_in + fan_out).",
     replace=("(fan_in + fan_out)", "fan_in"))
slip("fan_in_alone", title="variance 1 / fan_in",
     says="The variance is 1 / fan_in, which keeps the size forwards and not backwards. Xavier's is a compromise of "
     "both fans, 2 / (fan_in + fan_out).",
     replace=("6 / (fan_in + fan_out)", "3 / fan_in"))
slip("fan_out_alone", title="variance 1 / fan_out",
     says="The variance is 1 / fan_out, which keeps the size backwards and not forwards. Xavier's is a compromise of "
     "both fans, 2 / (fan_in + fan_out).",
     replace=("6 / (fan_in + fan_out)", "3 / fan_out"))
slip("numerator_1", title="variance 1 / (fan_in + fan_out)",
     says="The variance is 1 / (fan_in + fan_out), half of what it should be: the mean of both fans is half their "
     "sum.",
     replace=("6 /", "3 /"))
slip("gain", title="weights too large by √2",
     says="The weights are √2 times too large: this is the gain of a ReLU, or the mean of the fans in place of their "
     "sum.",
     replace=("6 /", "12 /"))
slip("tanh_gain", title="the gain of a tanh",
     says="The weights are 5/3 times too large, the gain that PyTorch has for a tanh. Asked for is a gain of 1.",
     replace=(BOUND, f"5 / 3 * {BOUND}"))
slip("root_3_twice", title="the root of 3 twice",
     says="The bound is √3 times too large. For a variance v it is √(3v), and the 6 holds this 3 already.",
     replace=("6 /", "18 /"))
slip("numerator_1_bound", title="a bound of √(1 / (fan_in + fan_out))",
     says="The bound is √(1 / (fan_in + fan_out)). The variance is c²/3, so solve c²/3 = 2 / (fan_in + fan_out).",
     replace=("6 /", "1 /"))
slip("product", title="the product of the fans",
     says="The fans are multiplied. The variance has their sum.",
     replace=("fan_in + fan_out", "fan_in * fan_out", 1))
slip("normal", title="a normal distribution",
     says="The variance is right, but the numbers are from a normal distribution. Here they are uniform.",
     replace=(DRAW, "rng.normal(0, bound / np.sqrt(3), size=(fan_in, fan_out))"))
slip("normal_with_bound", title="a normal distribution with the bound as deviation",
     says="The numbers are from a normal distribution whose deviation is the bound. Use rng.uniform(-bound, bound, "
     "...).",
     replace=(DRAW, "rng.normal(0, bound, size=(fan_in, fan_out))"))
slip("from_zero", title="from 0 to the bound",
     says="The numbers lie between 0 and the bound. " + ONLY_POSITIVE + " The interval is [-c, c].",
     replace=("-bound, bound", "0, bound"))
slip("from_zero_to_one", title="from 0 to 1",
     says="The numbers lie between 0 and 1: rng.random() is not scaled. The interval is [-c, c].",
     replace=(DRAW, "rng.random((fan_in, fan_out))"))
slip("half_of_the_interval", title="half of the interval",
     says="The numbers lie between -c/2 and c/2: rng.random() - 0.5 goes from -0.5 to 0.5 and has to be doubled.",
     replace=(DRAW, "(rng.random((fan_in, fan_out)) - 0.5) * bound"))
slip("not_scaled", title="from -1 to 1",
     says="The numbers lie between -1 and 1: they are not scaled by the bound.",
     replace=("-bound, bound", "-1, 1"))
slip("small", *SMALL, replace=(DRAW, "0.01 * rng.normal(size=(fan_in, fan_out))"))
slip("seed_inside", *SEED_INSIDE, replace=("rng.uniform", f"{FRESH}.uniform"))
slip("transposed", *TRANSPOSED, replace=("size=(fan_in, fan_out)", "size=(fan_out, fan_in)"))
slip("constant", *CONSTANT, see="symmetry", replace=(DRAW, "np.full((fan_in, fan_out), bound)"))
slip("one_row", *ONE_ROW, replace=(DRAW, "np.tile(rng.uniform(-bound, bound, size=fan_out), (fan_in, 1))"))

# kaiming_normal

slip = slips("kaiming_normal", see="xavier")
DEVIATION, NORMAL = "np.sqrt(2 / fan_in)", "rng.normal(0, np.sqrt(2 / fan_in), size=(fan_in, fan_out))"
resolution("kaiming_normal", says="a deviation that is off by 12 %", replace=(DEVIATION, f"1.12 * {DEVIATION}"))

slip("variance", title="the variance in place of the deviation",
     says="The variance, 2 / fan_in, is given to rng.normal, which takes the standard deviation. Take the root.",
     replace=(DEVIATION, "2 / fan_in"))
slip("root_twice", title="the root taken twice",
     says="The root is taken twice, so the weights are far too large.",
     replace=(DEVIATION, f"np.sqrt({DEVIATION})"))
slip("fan_out", title="fan-out in place of fan-in",
     says="The variance is 2 / fan_out. Forwards, a neuron adds up fan-in numbers, so it is 2 / fan_in. In square "
     "layers nobody notices.",
     replace=("2 / fan_in", "2 / fan_out"))
slip("xavier", title="variance of Xavier",
     says="The variance is 2 / (fan_in + fan_out), which is Xavier's. Kaiming's is 2 / fan_in.",
     replace=("2 / fan_in", "2 / (fan_in + fan_out)"))
slip("no_gain", title="the gain of the ReLU missing",
     says="The variance is 1 / fan_in. A ReLU sets half of the numbers to 0, and the factor 2 makes up for that.",
     replace=("2 / fan_in", "1 / fan_in"))
slip("gain_squared", title="the gain squared",
     says="The deviation is 2 / √fan_in: the 2 stands outside the root. The gain is √2.",
     replace=(DEVIATION, "2 / np.sqrt(fan_in)"))
slip("gain_inverted", title="the gain turned around",
     says="The variance is 1 / (2 fan_in): divided by the gain, not multiplied. A ReLU makes numbers smaller, so the "
     "weights have to be larger.",
     replace=("2 / fan_in", "1 / (2 * fan_in)"))
slip("root_of_two_alone", title="the root of the 2 alone",
     says="The deviation is √2 / fan_in: the root ends before the division.",
     replace=(DEVIATION, "np.sqrt(2) / fan_in"))
slip("brackets", title="fan-in outside the root",
     says="The deviation is √2 · fan_in, which is huge: 2 / fan_in belongs into one root.",
     replace=(DEVIATION, "np.sqrt(2) * fan_in"))
slip("product", title="both fans",
     says="The variance is 2 / (fan_in · fan_out). Only fan-in counts.",
     replace=("2 / fan_in", "2 / (fan_in * fan_out)"))
slip("uniform", title="a uniform distribution",
     says="The variance is right, but the numbers are uniform. Here they are from a normal distribution.",
     replace=(NORMAL, "rng.uniform(-1, 1, size=(fan_in, fan_out)) * np.sqrt(6 / fan_in)"))
slip("uniform_with_deviation", title="a uniform distribution that ends at the deviation",
     says="The numbers are uniform, and end at the deviation that they should have. Use rng.normal(0, deviation, "
     "...).",
     replace=(NORMAL, f"rng.uniform(-1, 1, size=(fan_in, fan_out)) * {DEVIATION}"))
slip("rand", title="rand in place of randn",
     says="The numbers lie between 0 and the deviation: rng.random() is uniform. " + ONLY_POSITIVE,
     replace=(NORMAL, f"rng.random((fan_in, fan_out)) * {DEVIATION}"))
slip("truncated", title="cut off at two deviations, and not rescaled",
     says="Numbers beyond two deviations are drawn again. What is left has a deviation that is 12 % too small. Leave "
     "them.",
     code="""
     def kaiming_normal(fan_in, fan_out, rng):
         W = rng.normal(size=(fan_in, fan_out))
         while (np.abs(W) > 2).any():
             W = np.where(np.abs(W) > 2, rng.normal(size=W.shape), W)
         return W * np.sqrt(2 / fan_in)
     """)
slip("positive", title="only positive weights",
     says="The sign is lost. " + ONLY_POSITIVE,
     replace=(NORMAL, f"np.abs({NORMAL})"))
slip("deviation_as_mean", title="the deviation in the place of the mean",
     says="The first argument of rng.normal is the mean, which is 0 here. The deviation is the second one.",
     replace=("0, np.sqrt", "np.sqrt"))
slip("not_scaled", title="a deviation of 1",
     says="The deviation is 1: the numbers of the standard normal distribution are not scaled.",
     replace=(DEVIATION, "1"))
slip("small", *SMALL, replace=(DEVIATION, "0.01"))
slip("seed_inside", *SEED_INSIDE, replace=("rng.normal", f"{FRESH}.normal"))
slip("transposed", *TRANSPOSED, replace=("size=(fan_in, fan_out)", "size=(fan_out, fan_in)"))
slip("constant", *CONSTANT, see="symmetry", replace=(NORMAL, f"np.full((fan_in, fan_out), {DEVIATION})"))
slip("one_row", *ONE_ROW, replace=(NORMAL, f"np.tile(rng.normal(0, {DEVIATION}, size=fan_out), (fan_in, 1))"))

# kaiming_uniform

slip = slips("kaiming_uniform", see="pytorch")
W_BOUND, W_DRAW = "np.sqrt(6 / fan_in)", "rng.uniform(-1, 1, size=(fan_in, fan_out))"
B_DRAW, B_SCALED = "rng.uniform(-1, 1, size=fan_out)", "rng.uniform(-1, 1, size=fan_out) / np.sqrt(fan_in)"
resolution("kaiming_uniform", says="a bound of W that is off by 4 %", replace=(W_BOUND, f"1.04 * {W_BOUND}"))

slip("bound_is_deviation", title="the deviation taken for the bound of W",
     says="W ends at √(2 / fan_in), which is the deviation it should have. The bound is √3 times as large: √(6 / "
     "fan_in).",
     replace=("6 / fan_in", "2 / fan_in"))
slip("no_root", title="the root forgotten in W",
     says="The factor of W is 6 / fan_in, without the root.",
     replace=(W_BOUND, "6 / fan_in"))
slip("fan_out", title="fan-out in place of fan-in",
     says="W has fan_out where fan_in belongs.",
     replace=("6 / fan_in", "6 / fan_out"))
slip("xavier", title="variance of Xavier",
     says="W has the variance 2 / (fan_in + fan_out), which is Xavier's. Here it is 2 / fan_in.",
     replace=("6 / fan_in", "6 / (fan_in + fan_out)"))
slip("no_gain", title="the gain of the ReLU missing",
     says="W has the variance 1 / fan_in. For a ReLU it is twice as large.",
     replace=("6 / fan_in", "3 / fan_in"))
slip("tanh_gain", title="the gain of a tanh",
     says="The gain of W is 5/3, the one of a tanh. For a ReLU it is √2.",
     replace=("6 / fan_in", "25 / 3 / fan_in"))
slip("root_3_twice", title="the root of 3 twice",
     says="The bound of W is √3 times too large. For a variance v it is √(3v), and the 6 holds this 3 already.",
     replace=("6 / fan_in", "18 / fan_in"))
slip("default", title="the default of nn.Linear",
     says="W lies between ±1/√fan_in, as in the default of nn.Linear. Before a ReLU its bound is √(6 / fan_in).",
     replace=("6 / fan_in", "1 / fan_in"))
slip("normal", title="a normal distribution",
     says="The variance of W is right, but the numbers are from a normal distribution. Here they are uniform.",
     replace=(f"{W_BOUND} * {W_DRAW}", "rng.normal(0, np.sqrt(2 / fan_in), size=(fan_in, fan_out))"))
slip("normal_with_bound", title="a normal distribution with the bound as deviation",
     says="W is from a normal distribution whose deviation is the bound. Use rng.uniform(-1, 1, ...).",
     replace=(W_DRAW, "rng.normal(size=(fan_in, fan_out))"))
slip("from_zero", title="W from 0 up",
     says="W is drawn from [0, 1]. " + ONLY_POSITIVE + " Both W and b are drawn from [-1, 1].",
     replace=("-1, 1, size=(fan_in", "0, 1, size=(fan_in"))
slip("both_from_zero", title="W and b from 0 up",
     says="W and b are drawn from [0, 1]. Their means are not 0. Both are drawn from [-1, 1].",
     replace=("-1, 1", "0, 1", ALL))
slip("bias_from_zero", title="b from 0 up",
     says="Here b is drawn from [0, 1]. Its mean is not 0. It is drawn from [-1, 1].",
     replace=("-1, 1, size=fan_out", "0, 1, size=fan_out"))
slip("bias_like_weights", title="b as large as W",
     says="The bias has the bound of W. Its bound is 1/√fan_in, without the 6.",
     replace=(B_SCALED, f"{W_BOUND} * {B_DRAW}"))
slip("bias_zero", title="b is zero",
     says="The bias is 0. That is a good choice in general, but here b is drawn, too.",
     replace=(B_SCALED, "np.zeros(fan_out)"))
slip("bias_not_scaled", title="b not scaled",
     says="The bias lies between -1 and 1: it is not divided by √fan_in.",
     replace=(" / np.sqrt(fan_in)", ""))
slip("bias_without_root", title="the root forgotten in b",
     says="The bias is divided by fan_in. It takes the root.",
     replace=(" / np.sqrt(fan_in)", " / fan_in"))
slip("bias_fan_out", title="b by fan-out",
     says="The bias is divided by √fan_out. It takes fan-in, as W does.",
     replace=(" / np.sqrt(fan_in)", " / np.sqrt(fan_out)"))
slip("bias_normal", title="b from a normal distribution",
     says="The bias is from a normal distribution. Here it is uniform.",
     replace=(B_DRAW, "rng.normal(size=fan_out)"))
slip("bias_for_inputs", title="a bias for each input",
     says="The bias has one number for each input. A neuron has one bias: there are fan_out of them.",
     replace=("size=fan_out", "size=fan_in"))
slip("bias_from_weights", title="the numbers of W again in b",
     says="The bias holds numbers of W at another scale. Draw it for itself, after W, from the same generator.",
     replace=(B_SCALED, "W[0] / np.sqrt(6)"))
slip("wrong_order", title="W and b in the wrong order",
     says="The bias comes back before W. The order is W, b.",
     replace=("return W, b", "return b, W"))
slip("seed_inside", *SEED_INSIDE, replace=("rng.uniform", f"{FRESH}.uniform", ALL))
slip("bias_seed_inside", title="the same b in every call",
     says="Two calls give the same b: a generator is made anew for it. Draw b from rng, which goes on.",
     replace=(B_DRAW, f"{FRESH}.uniform(-1, 1, size=fan_out)"))
slip("transposed", *TRANSPOSED, replace=("size=(fan_in, fan_out)", "size=(fan_out, fan_in)"))
slip("constant", *CONSTANT, see="symmetry", replace=(W_DRAW, "np.ones((fan_in, fan_out))"))

# initialize

slip = slips("initialize", see="pytorch")
KAIMING = 'nn.init.kaiming_normal_(module.weight, nonlinearity="relu")'
KINDS = "isinstance(module, (nn.Linear, nn.Conv2d))"
resolution("initialize", says="weights that are off by 12 %",
           replace=(KAIMING, f"{KAIMING}\n            module.weight.data *= 1.12"))

slip("children_only", title="only the first level",
     says="Only the first level of the model is gone through: model.children() does not look inside what it finds. "
     "model.modules() does.",
     replace=("model.modules()", "model.children()"))
slip("without_itself", title="the model itself left out",
     says="Everything inside the model is initialized, but not the model itself, where it is a layer. model.modules() "
     "begins with it.",
     replace=("model.modules()", "list(model.modules())[1:]"))
slip("two_levels", title="two levels only",
     says="Only two levels are gone through. Layers may lie deeper: model.modules() goes to any depth.",
     replace=("model.modules()", "[model, *(one for part in model.children() for one in (part, *part.children()))]"))
slip("fan_out", title="fan-out in place of fan-in",
     says="With mode=\"fan_out\" the variance is 2 / fan-out. Leave mode out: fan-in is what it takes by itself.",
     replace=('nonlinearity="relu"', 'mode="fan_out", nonlinearity="relu"'))
slip("uniform", title="a uniform distribution",
     says="The variance of kaiming_uniform_ is right, but its numbers are uniform. Asked for is a normal distribution.",
     replace=("kaiming_normal_", "kaiming_uniform_"))
slip("xavier_normal", title="variance of Xavier",
     says="The variance is Xavier's, 2 / (fan-in + fan-out). Kaiming's is 2 / fan-in.",
     replace=(KAIMING, "nn.init.xavier_normal_(module.weight)"))
slip("default", title="the default again",
     says="The weights are as small as those of PyTorch's default: a=√5 is the slope of a leaky ReLU, not a gain.",
     replace=(KAIMING, "nn.init.kaiming_uniform_(module.weight, a=5**0.5)"))
slip("no_gain", title="the gain of the ReLU missing",
     says="The variance is 1 / fan-in. With nonlinearity=\"relu\" it is twice as large.",
     replace=('"relu"', '"linear"'))
slip("tanh_gain", title="the gain of a tanh",
     says="The gain is 5/3, the one of nonlinearity=\"tanh\". For a ReLU it is √2.",
     replace=('"relu"', '"tanh"'))
slip("variance", title="the variance in place of the deviation",
     says="The variance, 2 / fan-in, is given to normal_, which takes the standard deviation. Take the root.",
     replace=(KAIMING, "nn.init.normal_(module.weight, 0, 2 / module.weight[0].numel())"))
slip("standard_normal", title="a deviation of 1",
     says="The deviation is 1, whatever the size of the layer.",
     replace=(KAIMING, "nn.init.normal_(module.weight)"))
slip("small", *SMALL, replace=(KAIMING, "nn.init.normal_(module.weight, 0, 0.01)"))
slip("constant", *CONSTANT, see="symmetry", replace=(KAIMING, "nn.init.ones_(module.weight)"))
slip("no_convolutions", title="convolutions left out",
     says="Convolutions stay as they are. nn.Conv2d is another class than nn.Linear: name both.",
     replace=(KINDS, "isinstance(module, nn.Linear)"))
slip("no_linear", title="linear layers left out",
     says="Linear layers stay as they are. nn.Linear is another class than nn.Conv2d: name both.",
     replace=(KINDS, "isinstance(module, nn.Conv2d)"))
slip("kernel_forgotten", title="the kernel left out of fan-in",
     says="The fan-in is the number of input channels. In a convolution each neuron sees the whole kernel: multiply by "
     "its size.",
     replace=(KAIMING, "nn.init.normal_(module.weight, 0, (2 / module.weight.shape[1]) ** 0.5)"))
slip("groups_forgotten", title="the groups left out of fan-in",
     says="The fan-in is computed from in_channels. With groups, a neuron sees only the channels of its group.",
     replace=(KAIMING, "fan_in = module.in_features if isinstance(module, nn.Linear) else "
              "module.in_channels * module.weight[0, 0].numel()\n"
              "            nn.init.normal_(module.weight, 0, (2 / fan_in) ** 0.5)"))
slip("biases_left", title="biases left as they are",
     says="The biases keep what PyTorch drew. They are 0.",
     replace=("nn.init.zeros_(module.bias)", "pass"))
slip("biases_drawn", title="biases drawn",
     says="The biases are drawn from a normal distribution. They are 0.",
     replace=("nn.init.zeros_(module.bias)", "nn.init.normal_(module.bias)"))
slip("biases_small", title="biases of 0.01",
     says="The biases are 0.01. They are 0.",
     replace=("nn.init.zeros_(module.bias)", "nn.init.constant_(module.bias, 0.01)"))
slip("by_dimension", title="all parameters, by their dimension",
     says="Parameters are chosen by their dimension: those of embeddings and other layers are overwritten, and the "
     "weights of a normalization become 0. Ask for the class of the module.",
     code="""
     def initialize(model):
         for parameter in model.parameters():
             if parameter.dim() > 1:
                 nn.init.kaiming_normal_(parameter, nonlinearity="relu")
             else:
                 nn.init.zeros_(parameter)
     """)
slip("by_shape", title="every weight with two or more dimensions",
     says="Every module that has a weight of two or more dimensions is initialized, embeddings and nn.Conv1d too. Ask "
     "for the class of the module.",
     replace=[(KINDS, 'getattr(module, "weight", None) is not None and module.weight.dim() > 1'),
              ("module.bias is not None", 'getattr(module, "bias", None) is not None')])
slip("other_biases", title="the biases of other layers set to 0",
     says="Every module that has a bias gets a bias of 0. Only those of Linear and Conv2d do; everything else stays.",
     replace=[("            if module.bias is not None", "        if getattr(module, 'bias', None) is not None"),
              ("                nn.init.zeros_", "            nn.init.zeros_")])
slip("a_copy", title="the model left as it was",
     says="The model is unchanged: the numbers went into a copy. Functions of nn.init that end in _ change the tensor "
     "that they are given, so give them module.weight itself.",
     code="""
     def initialize(model):
         import copy
         for module in copy.deepcopy(model).modules():
             if isinstance(module, (nn.Linear, nn.Conv2d)):
                 nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                 if module.bias is not None:
                     nn.init.zeros_(module.bias)
     """)
slip("exact_class", title="classes derived from nn.Linear left out",
     says="The type of a module is compared, so that layers of a derived class stay as they are. Every object of it "
     "is an "
     "nn.Linear, too: ask with isinstance.",
     replace=(KINDS, "type(module) in (nn.Linear, nn.Conv2d)"))
slip("new_parameters", title="new parameters in place of new numbers",
     says="The layers get new parameters. An optimizer made before knows only the old ones: nn.init works in place.",
     replace=(KAIMING, "module.weight = nn.Parameter(torch.empty_like(module.weight))\n            " + KAIMING))
slip("seed_inside", title="the same weights for every model",
     says="A seed is set inside, so that all models start from the same weights. Set no seed in the function.",
     replace=("for module", "torch.manual_seed(0)\n    for module"))
slip("seed_in_the_loop", title="the same seed for every layer",
     says="A seed is set for each layer, so layers of the same size get the same weights. Set no seed in the "
     "function.",
     replace=(KAIMING, f"torch.manual_seed(0)\n            {KAIMING}"))
