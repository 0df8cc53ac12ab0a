"""What learners get wrong about backpropagation."""

from __future__ import annotations

from autograder.judging.slips import ALL, slips, way

# numerical_gradient

slip = slips("numerical_gradient", see="numerical")
BOTH = "(f(x + moved) - f(x - moved)) / (2 * h)"
way(
    "numerical_gradient",
    "in_place",
    code="""
    def numerical_gradient(f, x, h=1e-5):
        x = np.array(x, dtype=np.float64)
        gradient = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            here = x[i]
            x[i] = here + h
            above = f(x)
            x[i] = here - h
            below = f(x)
            x[i] = here
            gradient[i] = (above - below) / (2 * h)
        return gradient
    """,
)

slip("forward", title="a forward difference",
     says="The difference is taken between f(x + h) and f(x). Its error shrinks with h, that of the central difference "
     "with h².",
     replace=(BOTH, "(f(x + moved) - f(x)) / h"))
slip("backward", title="a backward difference",
     says="The difference is taken between f(x) and f(x - h). Its error shrinks with h, that of the central difference "
     "with h².",
     replace=(BOTH, "(f(x) - f(x - moved)) / h"))
slip("two_forgotten", title="divided by h",
     says="The two points lie 2h apart, but the difference is divided by h: every entry is twice as large as it "
     "should be.",
     replace=("(2 * h)", "h"))
slip("brackets_forgotten", title="times h",
     says="Without brackets, / 2 * h divides by 2 and then multiplies by h. It has to be / (2 * h).",
     replace=("(2 * h)", "2 * h"))
slip("sign", title="the sign reversed",
     says="The difference is f(x - h) - f(x + h): every entry has the wrong sign.",
     replace=("f(x + moved) - f(x - moved)", "f(x - moved) - f(x + moved)"))
slip("all_at_once", title="all entries moved at once",
     says="All entries are moved at the same time: the result is the sum of all partial derivatives, in every place.",
     replace=("moved[i] = h", "moved[...] = h"))
slip("own_step", title="h ignored",
     says="The step is a constant of your own, whatever h is. Use the argument.",
     replace=("    x = np", "    h = {step}\n    x = np"),
     parameter="step",
     values=(1e-6, 1e-4, 1e-5, 1e-8))
slip("relative_step", title="a step relative to x",
     says="The step is multiplied by the size of the entry. Here h is the step itself.",
     replace=("    moved[i] = h\n        gradient[i] = (f(x + moved) - f(x - moved)) / (2 * h)",
              "    moved[i] = h * max(1, abs(x[i]))\n"
              "        gradient[i] = (f(x + moved) - f(x - moved)) / (2 * moved[i])"))
slip("half_step", title="half a step each way",
     says="Each entry is moved by h/2 up and down. It should be moved by h, so that the two points lie 2h apart.",
     replace=[("moved[i] = h", "moved[i] = h / 2"), ("(2 * h)", "h")])
slip("second_derivative", title="the second derivative",
     says="This is (f(x + h) - 2 f(x) + f(x - h)) / h², the second derivative.",
     replace=(BOTH, "(f(x + moved) - 2 * f(x) + f(x - moved)) / h**2"))
slip("not_put_back", title="entries not put back",
     says="An entry stays where it was moved while the others have their turn: their derivatives are taken at another "
     "point.",
     base="in_place",
     replace=("        x[i] = here\n", ""))
slip("callers_x_moved", title="the caller's x moved",
     says="The entries of the caller's own x are moved and not put back: x is another point afterwards, and already "
     "for the later entries.",
     base="in_place",
     replace=[("        x[i] = here\n", ""), ("np.array(x, dtype", "np.asarray(x, dtype")])
slip("names_for_one_array", title="nothing but zeros",
     says="Every difference is 0, as it is where x + h and x - h are two names for one array, which moves up and down "
     "again before f sees it. Each of the two points needs a copy of its own.",
     code="""
     def numerical_gradient(f, x, h=1e-5):
         x = np.array(x, dtype=np.float64)
         gradient = np.zeros_like(x)
         for i in np.ndindex(x.shape):
             above = below = x
             above[i] += h
             below[i] -= h
             gradient[i] = (f(above) - f(below)) / (2 * h)
         return gradient
     """)
slip("type_kept", title="the type of x kept",
     says="The step is added in the type of x: integers drop it, and float32 rounds it. At 100, a step of 1e-5 comes "
     "out a quarter too short. Make a float64 copy first.",
     replace=(", dtype=np.float64", ""))
slip("type_kept_in_place", title="entries moved in the type of x",
     says="The entries of x itself are moved: where they are integers, the step is cut off or becomes a whole one, and "
     "float32 rounds it. Make a float64 copy first.",
     base="in_place",
     replace=("    x = np.array(x, dtype=np.float64)\n", ""))
slip("single_precision", title="single precision kept",
     says="Integers become floats, but float32 stays: at 50, its neighbouring numbers lie 4e-6 apart, which is more "
     "than a third of the step. Make a float64 copy first.",
     replace=("np.array(x, dtype=np.float64)", "1.0 * np.array(x)"))
slip("whole_rows", title="whole rows moved",
     says="The loop runs over the first axis only: where x has two axes or more, whole rows are moved at once, and "
     "their entries all get the sum of their derivatives.",
     replace=("np.ndindex(x.shape)", "range(len(x))"))
slip("flat", title="a flat gradient",
     says="The gradient comes back as one long vector. It has the shape of x.",
     replace=("return gradient", "return gradient.ravel()"))

# linear_backward

slip = slips("linear_backward", see="linear")
DB = "dz.sum(axis=0)"

slip("bias_not_summed", title="the bias gradient not summed",
     says="The result db is dz itself. The same b is added to every example, so its gradient is the sum over the "
     "batch.",
     replace=(DB, "dz"))
slip("bias_wrong_axis", title="the bias gradient summed over the outputs",
     says="The sum for db runs over the outputs and leaves one number for each example. It has to run over the batch, "
     "axis 0.",
     replace=(DB, "dz.sum(axis=1)"))
slip("bias_summed_up", title="one number for the bias",
     says="The sum for db runs over everything. Each output has a bias of its own: sum over the batch only, axis 0.",
     replace=(DB, "np.full(dz.shape[1], dz.sum())"))
slip("bias_averaged", title="a mean in the bias gradient",
     says="The result db is a mean over the batch. The factor 1/N is in dz already, where the loss is a mean: what is "
     "left is a sum.",
     replace=(DB, "dz.mean(axis=0)"))
slip("averaged_again", title="the mean taken twice",
     says="Both dW and db are divided by N. The factor 1/N is in dz already, where the loss is a mean: they come "
     "out N times too small.",
     replace=[("x.T @ dz", "x.T @ dz / len(x)"), (DB, "dz.mean(axis=0)")])
slip("everything_averaged", title="everything divided by N",
     says="All three gradients are divided by N. The factor 1/N is in dz already, where the loss is a mean.",
     replace=("return dz @ W.T, x.T @ dz, dz.sum(axis=0)",
              "return dz @ W.T / len(x), x.T @ dz / len(x), dz.mean(axis=0)"))
slip("divided_by_inputs", title="divided by the number of inputs",
     says="Both dW and db are divided by x.shape[1], which is the number of inputs and not even the size of the batch. "
     "Nothing is to be divided here.",
     replace=[("x.T @ dz", "x.T @ dz / x.shape[1]"), (DB, "dz.sum(axis=0) / x.shape[1]")])
slip("weights_transposed", title="gradient of W transposed",
     says="The result dW comes out as (D_out, D_in), the transpose. It has the shape of W.",
     replace=("x.T @ dz", "dz.T @ x"))
slip("weights_without_transpose", title="without x transposed",
     says="In dW the batch has to be summed over, so x is transposed. Without it, this runs only where N equals D_in, "
     "and gives other numbers there.",
     replace=("x.T @ dz", "x @ dz"))
slip("input_without_transpose", title="without W transposed",
     says="In dx the outputs have to be summed over, so W is transposed. Without it, this runs only where D_in equals "
     "D_out, and gives other numbers there.",
     replace=("dz @ W.T", "dz @ W"))
slip("input_transposed", title="gradient of x transposed",
     says="The result dx comes out as (D_in, N), the transpose. It has the shape of x.",
     replace=("dz @ W.T", "W @ dz.T"))
slip("order", title="results in the wrong order",
     says="The results come back in the wrong order: dx first, then dW, then db.",
     replace=("dz @ W.T, x.T @ dz", "x.T @ dz, dz @ W.T"))
slip("upstream_dropped", title="what arrives is dropped",
     says="Ones stand in the place of dz: these are the gradients of the sum of all outputs, whatever the loss is.",
     replace=("    return", "    dz = np.ones_like(dz)\n    return"))
slip("sign", title="the sign reversed",
     says="All gradients have the wrong sign: the gradient points uphill, and the minus belongs to the step that is "
     "taken against it.",
     replace=("    return", "    dz = -dz\n    return"))

# relu_backward

slip = slips("relu_backward", see="activations")
slip("upstream_dropped", title="what arrives is dropped",
     says="This is the derivative alone, 1 or 0. The chain rule multiplies it by da.",
     replace=("da * (z > 0)", "1.0 * (z > 0)"))
slip("forward", title="the forward pass again",
     says="This is the ReLU itself, max(z, 0). Its derivative is 1 or 0, and is multiplied by da.",
     replace=("da * (z > 0)", "np.maximum(z, 0)"))
slip("times_the_output", title="multiplied by the output",
     says="What arrives is multiplied by max(z, 0), the output. It has to be multiplied by the derivative, 1 or 0.",
     replace=("(z > 0)", "np.maximum(z, 0)"))
slip("always_passes", title="everything passes",
     says="All of da passes. Either nothing is set to 0, or the derivative is taken where the negative numbers are "
     "gone already: after max(z, 0), every number is at least 0.",
     replace=("z > 0", "np.maximum(z, 0) >= 0"))
slip("wrong_side", title="the wrong side passes",
     says="What arrives passes where z is negative. It passes where z is positive.",
     replace=("z > 0", "z < 0"))
slip("arriving_rectified", title="the gradient rectified",
     says="The sign of da decides, and negative gradients are lost. It is the sign of z that decides.",
     replace=("z > 0", "da > 0"))
slip("sign_of_z", title="the sign of z as derivative",
     says="This multiplies by the sign of z, the derivative of |z|. That of the ReLU is 0 for negative z.",
     replace=("(z > 0)", "np.sign(z)"))
slip("leaky", title="a leak of {leak}",
     says="Where z is negative, {leak} times da passes: this is the gradient of a leaky ReLU.",
     replace=("(z > 0)", "np.where(z > 0, 1, {leak})"),
     parameter="leak",
     values=(0.01, 0.1))
slip("input_kept", title="negative numbers in the place of 0",
     says="Where z is negative, z itself comes back. No gradient arrives there: it is 0.",
     replace=("da * (z > 0)", "np.where(z > 0, da, z)"))

# tanh_backward

slip = slips("tanh_backward", see="activations")
slip("upstream_dropped", title="what arrives is dropped",
     says="This is the derivative alone. The chain rule multiplies it by da.",
     replace=("da * (1 - a**2)", "1 - a**2"))
slip("tanh_twice", title="tanh applied twice",
     says="The function is given a, which is tanh(z) already, and takes its tanh once more. The derivative is 1 - a².",
     replace=("a**2", "np.tanh(a)**2"))
slip("square_forgotten", title="the square forgotten",
     says="The derivative is 1 - a², not 1 - a.",
     replace=("a**2", "a"))
slip("square_of_difference", title="the square of 1 - a",
     says="This is (1 - a)². The derivative is 1 - a²: a alone is squared.",
     replace=("(1 - a**2)", "(1 - a) ** 2"))
slip("plus", title="a plus for the minus",
     says="The derivative is 1 - a², with a minus: it is 1 at most, and 0 where the unit is saturated.",
     replace=("1 - a**2", "1 + a**2"))
slip("sigmoid", title="the derivative of the sigmoid",
     says="This is a (1 - a), the derivative of a sigmoid. That of tanh is 1 - a².",
     replace=("(1 - a**2)", "a * (1 - a)"))
slip("sign", title="the sign reversed",
     says="The sign is wrong: tanh grows everywhere, so its derivative 1 - a² is never negative.",
     replace=("1 - a**2", "a**2 - 1"))
slip("brackets_forgotten", title="brackets forgotten",
     says="Without brackets, da * 1 - a**2 multiplies da by 1 and then takes a² away. It has to be da * (1 - a**2).",
     replace=("(1 - a**2)", "1 - a**2"))
slip("forward", title="multiplied by tanh",
     says="What arrives is multiplied by the activation. It has to be multiplied by the derivative, 1 - a².",
     replace=("(1 - a**2)", "a"))
slip("divided", title="divided by the derivative",
     says="What arrives is divided by 1 - a². The chain rule multiplies.",
     replace=("da *", "da /"))
slip("derivative_left_out", title="the derivative left out",
     says="What arrives comes back as it is: the derivative 1 - a² is missing.",
     replace=(" * (1 - a**2)", ""))
slip("arriving_squared", title="what arrives squared",
     says="The square is that of da. The derivative is taken from the activation: 1 - a².",
     replace=("a**2", "da**2"))

# mlp_gradients

slip = slips("mlp_gradients", see="mlp")
Z = '(x @ params["W1"] + params["b1"])'
HALF_SQUARES = "np.sum(error**2, axis=1) / 2"
D_OUTPUT = "d_output = error / len(x)"
RETURN = "    return loss, grads"

slip("weights_from_z", title="what the tanh was given, in the place of a",
     says="The gradient of W2 is made with z, from before the tanh. What W2 was multiplied by is a.",
     replace=("a.T @ d_output", f"{Z}.T @ d_output"))
slip("derivative_at_z", title="the derivative taken at z",
     says="The derivative of tanh is 1 - a², with the activation a. Here z stands in its place.",
     see="activations",
     replace=("1 - a**2", f"1 - {Z}**2"))
slip("tanh_twice", title="tanh applied twice",
     says="The derivative is 1 - a², and a is tanh(z) already. Here its tanh is taken once more.",
     see="activations",
     replace=("1 - a**2", "1 - np.tanh(a) ** 2"))
slip("derivative_left_out", title="the derivative of tanh left out",
     says="What arrives at the hidden units goes on to W1 and b1 unchanged. On its way through the tanh it is "
     "multiplied by 1 - a².",
     see="activations",
     replace=(" * (1 - a**2)", ""))
slip("relu_derivative", title="the derivative of a ReLU",
     says="What arrives at the hidden units passes where a is positive, as through a ReLU. The hidden layer is a tanh, "
     "with the derivative 1 - a².",
     see="activations",
     replace=("1 - a**2", "a > 0"))
slip("not_divided", title="gradients not divided by N",
     says="The loss is a mean over the batch, but its gradients are not divided by N: they belong to the sum.",
     replace=(D_OUTPUT, "d_output = error"))
slip("divided_twice", title="gradients divided by N twice",
     says="The gradient at the output holds the factor 1/N, and the gradients of the parameters are divided by N once "
     "more.",
     replace=(RETURN, f"    grads = {{name: grad / len(x) for name, grad in grads.items()}}\n{RETURN}"))
slip("biases_averaged", title="a mean in the bias gradients",
     says="The gradients of b1 and b2 are means over the batch, although the factor 1/N is in what arrives already: "
     "what is left is a sum.",
     replace=[("dz.sum(axis=0)", "dz.mean(axis=0)"), ("d_output.sum(axis=0)", "d_output.mean(axis=0)")])
slip("loss_summed", title="the loss summed over the batch",
     says="The loss is a sum over the batch, its gradients are those of the mean.",
     replace=("np.mean(", "np.sum("))
slip("all_summed", title="a sum over the batch",
     says="Loss and gradients are those of a sum over the batch, N times what is asked for.",
     replace=[("np.mean(", "np.sum("), (D_OUTPUT, "d_output = error")])
slip("mean_over_entries", title="a mean over all entries",
     says="Loss and gradients are averaged over the outputs, too. Sum the squares over the outputs of an example, and "
     "take the mean over the batch only.",
     replace=[(f"np.mean({HALF_SQUARES})", "np.mean(error**2) / 2"), (D_OUTPUT, "d_output = error / error.size")])
slip("half_forgotten", title="the half forgotten",
     says="Loss and gradients are twice what is asked for: the loss of an example is half of the squared norm.",
     replace=[(HALF_SQUARES, "np.sum(error**2, axis=1)"), (D_OUTPUT, "d_output = 2 * error / len(x)")])
slip("half_missing_in_loss", title="the half missing from the loss",
     says="The gradients belong to half of the squared norm, but the loss is the whole: it is twice too large.",
     replace=(HALF_SQUARES, "np.sum(error**2, axis=1)"))
slip("two_in_gradients", title="a factor 2 in the gradients",
     says="The gradients are twice too large: the 2 from the derivative of a square cancels the half in the loss.",
     replace=(D_OUTPUT, "d_output = 2 * error / len(x)"))
slip("divided_by_inputs", title="divided by the number of inputs",
     says="The gradients are divided by x.shape[1], the number of inputs. The size of the batch is x.shape[0].",
     replace=(D_OUTPUT, "d_output = error / x.shape[1]"))
slip("biases_not_summed", title="bias gradients not summed",
     says="The gradients of b1 and b2 still have a row for every example. Each bias is added to all of them, so its "
     "gradient is the sum over the batch.",
     see="linear",
     replace=[("dz.sum(axis=0)", "dz"), ("d_output.sum(axis=0)", "d_output")])
slip("biases_wrong_axis", title="bias gradients summed over the units",
     says="The sums for b1 and b2 run over the units and leave one number for each example. They run over the batch, "
     "axis 0.",
     see="linear",
     replace=("sum(axis=0)", "sum(axis=1)", ALL))
slip("updated_first", title="weights updated too early",
     says="The gradient is carried through a W2 that a step with a learning rate of {lr} has changed. It belongs to "
     "the weights of the forward pass.",
     replace=('params["W2"].T', '(params["W2"] - {lr} * a.T @ d_output).T'),
     parameter="lr",
     values=(1.0, 0.1))
slip("sign", title="the sign of all gradients reversed",
     says="The error is target minus output, so all gradients have the wrong sign.",
     replace=("d_output = error", "d_output = -error"))
slip("second_layer_not_transposed", title="without W2 transposed",
     says="On its way back the gradient is multiplied by W2 transposed. Without it, this runs only where there are as "
     "many hidden units as outputs, and gives other numbers there.",
     see="linear",
     replace=('params["W2"].T', 'params["W2"]'))
slip("first_bias_left_out", title="first bias left out of the forward pass",
     says="The hidden units are computed without b1.",
     replace=(' + params["b1"]', ""))
slip("tanh_at_the_output", title="a tanh at the output",
     says="The output goes through a tanh as well. The output layer is linear.",
     replace=('a @ params["W2"] + params["b2"]', 'np.tanh(a @ params["W2"] + params["b2"])'))
slip("no_activation", title="no activation",
     says="The hidden layer has no tanh: the whole network is linear.",
     replace=[("np.tanh(", "("), (" * (1 - a**2)", "")])

# add and multiply

TO_A = "a.grad = a.grad + unbroadcast({}, a.value.shape)"
TO_B = "b.grad = b.grad + unbroadcast({}, b.value.shape)"
OVERWRITTEN = "The gradient of an operand is overwritten. It is added to: a node that is used twice gets both parts."
NOT_SET = ("Nothing arrives at the operands. Either out.backward is never set, or the function reads out.grad too "
           "early, before it is called, or it does not assign to a.grad.")
NO_PARENTS = "The new node does not know its parents, so no gradient can find the way back to them."
VALUES = "The parents are the arrays of the operands. They are the nodes themselves, since a gradient goes to a node."
DROPPED = "What arrives at the node, out.grad, is not used: the chain rule multiplies by it."


def _shared_by_add_and_multiply(name: str, value: str, through: tuple[str, str]) -> None:
    """What is wrong in the same way in both: ``through`` is what goes to a, and to b, in the right answer."""
    to_a, to_b = TO_A.format(through[0]), TO_B.format(through[1])
    slip = slips(name, see="autograd")
    slip("overwrites", title="gradients overwritten", says=OVERWRITTEN,
         replace=[("a.grad = a.grad + ", "a.grad = "), ("b.grad = b.grad + ", "b.grad = ")])
    slip("not_reduced", title="broadcasting not undone",
         says="An operand gets a gradient of the shape of the result. Along the axes where it was repeated, the "
         "gradient is summed, so that it has the operand's own shape.",
         replace=[(to_a, f"a.grad = a.grad + {through[0]}"), (to_b, f"b.grad = b.grad + {through[1]}")])
    slip("first_axis_only", title="only the first axis summed",
         says="Where the shapes differ, the gradient is summed over axis 0, whichever axes were repeated.",
         replace=[
             ("    def backward", "    def reduced(grad, shape):\n"
              "        return grad if grad.shape == shape else grad.sum(axis=0)\n\n    def backward"),
             ("unbroadcast(", "reduced(", ALL),
         ])
    slip("backward_not_set", title="nothing arrives", says=NOT_SET,
         replace=("    out.backward = backward\n", ""))
    slip("no_parents", title="no parents", says=NO_PARENTS, replace=(f"{value}, (a, b))", f"{value})"))
    slip("values_for_parents", title="values in the place of parents", says=VALUES,
         replace=("(a, b))", "(a.value, b.value))"))
    slip("one_operand", title="one operand left out",
         says="Only the first operand gets a gradient. It goes to both.",
         replace=(f"        {to_b}\n", ""))
    slip("value_passed_on", title="the value passed on",
         says="The value of the node takes the place of its gradient, out.grad.",
         replace=("out.grad", "out.value", ALL))


_shared_by_add_and_multiply("add", "a.value + b.value", ("out.grad", "out.grad"))
_shared_by_add_and_multiply("multiply", "a.value * b.value", ("out.grad * b.value", "out.grad * a.value"))

slip = slips("add", see="autograd")
slip("upstream_dropped", title="what arrives is dropped", says=DROPPED,
     replace=("out.grad", "np.ones_like(out.value)", ALL))
slip("subtracted", title="a difference",
     says="This is the difference of the two nodes, forwards and backwards.",
     replace=[("a.value + b.value", "a.value - b.value"), ("b.grad + un", "b.grad - un")])

slip = slips("multiply", see="autograd")
slip("upstream_dropped", title="what arrives is dropped", says=DROPPED, replace=("out.grad * ", "", ALL))
slip("neighbours_gradient", title="the other operand's gradient",
     says="What arrives is multiplied by the gradient of the other operand. The product rule takes its value.",
     replace=[("out.grad * b.value", "out.grad * b.grad"), ("out.grad * a.value", "out.grad * a.grad")])
slip("own_value", title="an operand's own value",
     says="What arrives is multiplied by the operand's own value. The derivative of a b with respect to a is b.",
     replace=[("out.grad * b.value", "out.grad * a.value + 0 * b.value"),
              ("out.grad * a.value, b", "out.grad * b.value + 0 * a.value, b")])
slip("as_for_a_sum", title="the gradient of a sum",
     says="What arrives is passed on unchanged, as by a sum. Through a product it is multiplied by the other operand.",
     replace=[("out.grad * b.value", "out.grad"), ("out.grad * a.value", "out.grad")])
slip("times_the_result", title="multiplied by the result",
     says="What arrives is multiplied by the value of the product. It is multiplied by the other operand.",
     replace=[("out.grad * b.value", "out.grad * out.value"), ("out.grad * a.value", "out.grad * out.value")])

# matmul

slip = slips("matmul", see="autograd")
slip("overwrites", title="gradients overwritten", says=OVERWRITTEN,
     replace=[("a.grad = a.grad + ", "a.grad = "), ("b.grad = b.grad + ", "b.grad = ")])
slip("second_not_transposed", title="the second operand not transposed",
     says="What goes to a is multiplied by b transposed. Without it, this runs only where b is square.",
     replace=("b.value.T", "b.value"))
slip("first_not_transposed", title="the first operand not transposed",
     says="What goes to b is multiplied by a transposed. Without it, this runs only where a is square.",
     replace=("a.value.T", "a.value"))
slip("wrong_side", title="multiplied from the wrong side",
     says="Matrices are multiplied in the wrong order: b transposed belongs on the right of out.grad, a transposed on "
     "its left.",
     replace=[("out.grad @ b.value.T", "b.value.T @ out.grad"), ("a.value.T @ out.grad", "out.grad @ a.value.T")])
slip("backward_not_set", title="nothing arrives", says=NOT_SET, replace=("    out.backward = backward\n", ""))
slip("no_parents", title="no parents", says=NO_PARENTS, replace=("b.value, (a, b))", "b.value)"))
slip("values_for_parents", title="values in the place of parents", says=VALUES,
     replace=("(a, b))", "(a.value, b.value))"))
slip("one_operand", title="one operand left out",
     says="Only the first operand gets a gradient. It goes to both.",
     replace=("        b.grad = b.grad + a.value.T @ out.grad\n", ""))
slip("upstream_dropped", title="what arrives is dropped", says=DROPPED,
     replace=("out.grad", "np.ones_like(out.value)", ALL))
slip("neighbours_gradient", title="the other operand's gradient",
     says="What arrives is multiplied by the gradient of the other operand. The product rule takes its value.",
     replace=[("b.value.T", "b.grad.T"), ("a.value.T", "a.grad.T")])

# relu

slip = slips("relu", see="autograd")
slip("overwrites", title="gradients overwritten", says=OVERWRITTEN, replace=("a.grad = a.grad + ", "a.grad = "))
slip("upstream_dropped", title="what arrives is dropped", says=DROPPED, replace=("out.grad * ", "1.0 * "))
slip("backward_not_set", title="nothing arrives", says=NOT_SET, replace=("    out.backward = backward\n", ""))
slip("no_parents", title="no parents", says=NO_PARENTS,
     replace=("np.maximum(a.value, 0), (a,))", "np.maximum(a.value, 0))"))
slip("always_passes", title="everything passes",
     says="The gradient passes everywhere. After max(a, 0), every number is at least 0: ask where the operand itself "
     "is positive.",
     see="activations",
     replace=("a.value > 0", "out.value >= 0"))
slip("wrong_side", title="the wrong side passes",
     says="The gradient passes where the operand is negative. It passes where it is positive.",
     see="activations",
     replace=("a.value > 0", "a.value < 0"))
slip("arriving_rectified", title="the gradient rectified",
     says="The sign of the gradient decides, and negative ones are lost. It is the sign of the operand that decides.",
     see="activations",
     replace=("a.value > 0", "out.grad > 0"))
slip("times_the_output", title="multiplied by the output",
     says="What arrives is multiplied by the output. It has to be multiplied by the derivative, 1 or 0.",
     see="activations",
     replace=("(a.value > 0)", "out.value"))

# backward

slip = slips("backward", see="autograd")
WALK = "for node in reversed(order):\n        node.backward()"
RESET = "    for node in order:\n        if node.parents:\n            node.grad = np.zeros_like(node.value)\n"

slip("depth_first", title="no order, depth first",
     says="A node that is used twice runs twice here: first before all of its gradient has arrived, then with the "
     "first part counted again. It runs once, after all that use it.",
     replace=(WALK, "stack = [loss]\n    while stack:\n        node = stack.pop()\n        node.backward()\n"
              "        once = tuple(dict.fromkeys(node.parents))\n"
              "        stack += [node.parents, node.parents[::-1], once, once[::-1]][{way}]"),
     parameter="way",
     values=(0, 1, 2, 3))
slip("at_first_sight", title="nodes run when they are first met",
     says="Every node runs once, but as soon as it is met, depth first: what arrives at it later goes no further. A "
     "node runs after all that use it.",
     replace=(WALK, "stack, run = [loss], set()\n    while stack:\n        node = stack.pop()\n"
              "        if node not in run:\n            run.add(node)\n            node.backward()\n"
              "            stack += node.parents[::{way}]"),
     parameter="way",
     values=(1, -1))
slip("breadth_first", title="breadth first",
     says="Nodes run in the order of their distance from the loss. One that is used both near the loss and far from it "
     "runs too early. A node runs after all that use it.",
     replace=(WALK, "queue = [loss]\n    for node in queue:\n        node.backward()\n"
              "        queue += [parent for parent in dict.fromkeys(node.parents[::{way}]) if parent not in queue]"),
     parameter="way",
     values=(1, -1))
slip("direct_parents", title="only the parents of the loss",
     says="Only the parents of the loss get a gradient. Either nothing but its own backward() runs, or the order is "
     "not reversed, and all others run before anything has arrived.",
     replace=("reversed(order)", "order"))
slip("no_seed", title="nothing arrives",
     says="Nothing arrives at the leaves. The gradient of the loss with respect to itself is 1, and has to be set "
     "before anything runs: from 0, only zeros are passed on.",
     replace=("    loss.grad = np.ones_like(loss.value)\n", ""))
slip("seeded_anew", title="every node seeded",
     says="Every node's gradient is set to 1 on the way, and what has arrived there is lost. Only that of the loss "
     "starts at 1.",
     code="""
     def backward(loss):
         loss.grad = np.ones_like(loss.value)
         loss.backward()
         for parent in loss.parents:
             backward(parent)
     """)
slip("seed_is_value", title="the value of the loss for its gradient",
     says="The gradient of the loss starts as its value. With respect to itself it is 1.",
     replace=("np.ones_like(loss.value)", "loss.value"))
slip("leaves_reset", title="leaves reset",
     says="The gradients of the leaves are set to 0 as well: a second call forgets the first. Leaves keep what they "
     "hold, and add to it.",
     replace=("        if node.parents:\n            node.grad", "        node.grad"))
slip("not_reset", title="nodes not reset",
     says="Nodes with parents keep their gradient from the call before, and pass it on once more. They start at 0 in "
     "every call.",
     replace=(RESET, ""))
slip("reset_on_the_way", title="gradients reset on the way",
     says="Before a node runs, the gradients of its parents are set to 0: of a node that is used several times only "
     "the last part is left.",
     replace=(WALK, "for node in reversed(order):\n        for parent in node.parents:\n"
              "            parent.grad = np.zeros_like(parent.value)\n        node.backward()"))

# torch_gradients

slip = slips("torch_gradients", see="pytorch")
TORCH_LOSS = "(error**2).sum(dim=1).mean() / 2"
slip("gradient_of_the_sum", title="a sum over the batch",
     says="Loss and gradients are those of a sum over the batch, N times what is asked for.",
     replace=(".mean() / 2", ".sum() / 2"))
slip("mean_over_entries", title="a mean over all entries",
     says="The mean runs over the outputs as well, as that of nn.functional.mse_loss does by default. Sum the squares "
     "over the outputs of an example.",
     replace=(TORCH_LOSS, "(error**2).mean() / 2"))
slip("mse_loss", title="the function mse_loss as it is",
     says="This is nn.functional.mse_loss: a mean over all entries, without the half. Here the squares of an example "
     "are summed and halved, and the mean runs over the batch.",
     replace=(TORCH_LOSS, "(error**2).mean()"))
slip("half_forgotten", title="the half forgotten",
     says="Loss and gradients are twice what is asked for: the loss of an example is half of the squared norm.",
     replace=(".mean() / 2", ".mean()"))
slip("backward_twice", title="backward twice",
     says="The gradient is computed twice, and PyTorch adds: .grad holds the sum of all calls of backward().",
     replace=("loss.backward()", "loss.backward(retain_graph=True)\n    loss.backward()"))
slip("parameters_returned", title="parameters in the place of gradients",
     says="What comes back are the parameters themselves. Their gradients are in .grad.",
     replace=("leaf.grad.cpu()", "leaf.detach().cpu()"))
slip("one_example", title="one example only",
     says="Only the first example of the batch counts. The loss is the mean over all of them.",
     replace=(".sum(dim=1).mean()", ".sum(dim=1)[0]"))
slip("first_bias_left_out", title="first bias left out",
     says="The hidden units are computed without b1, but its gradient is asked for all the same.",
     replace=('+ leaves["b1"]', '+ 0 * leaves["b1"]'))
slip("no_activation", title="no activation",
     says="The hidden layer has no tanh: the whole network is linear.",
     replace=("torch.tanh(", "("))
slip("tanh_at_the_output", title="a tanh at the output",
     says="The output goes through a tanh as well. The output layer is linear.",
     replace=('hidden @ leaves["W2"] + leaves["b2"]', 'torch.tanh(hidden @ leaves["W2"] + leaves["b2"])'))
slip("hidden_detached", title="the hidden layer cut off",
     says="The hidden layer is detached: no gradient goes back through it, and W1 and b1 get zeros.",
     replace=[("hidden @", "hidden.detach() @"),
              ("leaf.grad.cpu()", "(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad).cpu()")])
