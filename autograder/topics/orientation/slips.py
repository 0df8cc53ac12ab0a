"""What learners get wrong in their first exercises."""

from __future__ import annotations

from autograder.judging.slips import ALL, slips, way

# affine

slip = slips("affine", see="shapes")

slip("no_bias", title="the bias forgotten",
     says="The product is right, but the bias b is not added to it.",
     replace=(" + b", ""))
slip("bias_subtracted", title="the bias subtracted",
     says="The bias b is subtracted. It is added to every row.",
     replace=(" + b", " - b"))
slip("bias_down_the_rows", title="the bias added down the rows",
     says="The bias runs down the rows: one number of b for each example. It has one number for each column. Add b as "
     "it is, and broadcasting repeats it for every row.",
     replace=("+ b", "+ b[:, None]"))
slip("bias_before_the_product", title="the bias added before the product",
     says="The bias is added to x, and then multiplied by W. First comes the product, and b is added to the result.",
     replace=("x @ W + b", "(x + b) @ W"))
slip("bias_multiplied", title="the bias multiplied",
     says="The product is multiplied by b. The bias is added.",
     replace=(" + b", " * b"))
slip("one_bias", title="the same bias for all columns",
     says="The same number is added to all columns. Each column has a bias of its own.",
     replace=("+ b", "+ b.mean()"))
slip("weights_first", title="the weights on the left",
     says="W stands on the left of the product. The examples are the rows of x, so x comes first: x @ W.",
     replace=("x @ W", "W @ x"))
slip("weights_transposed", title="the weights transposed",
     says="W is transposed. It has one row for each input and one column for each output already, so the inner sizes "
     "of x @ W agree.",
     replace=("x @ W", "x @ W.T"))
slip("batch_last", title="the result transposed",
     says="The numbers are right, but every example is a column. In this course the batch comes first: one row for "
     "each example.",
     replace=("x @ W + b", "(x @ W + b).T"))
slip("elementwise", title="a product of elements",
     says="The operator * multiplies element by element. The product of matrices is @.",
     replace=("x @ W", "x * W"))
slip("first_example", title="the first example alone",
     says="Only the first example is used. No loop is needed: x @ W works on all rows at once.",
     replace=("x @", "x[0] @"))
slip("summed_over_batch", title="the examples added up",
     says="The rows of all examples are added up. Every example keeps a row of its own.",
     replace=("x @ W + b", "(x @ W + b).sum(axis=0)"))

# one_hot

slip = slips("one_hot", see="classes")
way(
    "one_hot",
    "by_a_loop",
    code="""
    def one_hot(y, n_classes):
        rows = np.zeros((len(y), n_classes))
        for n in range(len(y)):
            rows[n, y[n]] = 1
        return rows
    """,
)
way(
    "one_hot",
    "by_comparison",
    code="""
    def one_hot(y, n_classes):
        return y[:, None] == np.arange(n_classes)
    """,
)

slip("columns_counted_in_y", title="columns counted in y",
     says="The number of columns is taken from y. If the last class does not occur there, its column is missing. "
     "n_classes says how many there are.",
     replace=("n_classes", "y.max() + 1"))
slip("different_classes_counted", title="the different classes counted",
     says="There are as many columns as different classes in y. A class that does not occur needs its column, too. "
     "n_classes says how many there are.",
     replace=("n_classes", "len(np.unique(y))"))
slip("one_column_too_many", title="one column too many",
     says="There is one column too many. Classes are numbered from 0 to n_classes - 1, which makes n_classes columns.",
     replace=("n_classes", "n_classes + 1"))
slip("from_one", title="classes counted from 1",
     says="The 1 stands one column too far left, and for class 0 in the last column, since the index -1 means the "
     "last. Classes are counted from 0, as columns are.",
     replace=(", y]", ", y - 1]"))
slip("one_too_far", title="one column too far",
     says="The 1 stands one column too far right, and for the last class there is no such column. Classes are counted "
     "from 0, as columns are.",
     replace=(", y]", ", y + 1]"))
slip("whole_columns", title="whole columns set to 1",
     says="The index [:, y] means all rows, and the columns of all classes in y. An index of two arrays, with "
     "np.arange(len(y)) for the rows, sets one element in each row.",
     replace=("np.arange(len(y)), y", ":, y"))
slip("whole_rows", title="whole rows set to 1",
     says="The index [y] means whole rows. An index of two arrays, with np.arange(len(y)) for the rows and y for the "
     "columns, sets one element in each row.",
     replace=("np.arange(len(y)), y", "y"))
slip("transposed", title="rows and columns exchanged",
     says="The result is transposed: every example is a column. The batch comes first, so every example is a row.",
     replace=("return rows", "return rows.T"))
slip("indices_exchanged", title="the two indices exchanged",
     says="The first index says the row, the second one the column. Here y says the row.",
     replace=("np.arange(len(y)), y", "y, np.arange(len(y))"))
slip("class_for_one", title="the class in place of the 1",
     says="The number of the class stands where a 1 belongs. The place says which class it is.",
     replace=("= 1", "= y"))
slip("exchanged", title="zeros and ones exchanged",
     says="Zeros and ones are exchanged: each row has a single 1, at the place of its class.",
     replace=[("zeros", "ones"), ("= 1", "= 0")])
slip("diagonal", title="the classes not used",
     says="Row 0 has its 1 in column 0, row 1 in column 1, and so on: y does not decide. Choose rows by y.",
     code="""
     def one_hot(y, n_classes):
         return np.eye(len(y), n_classes)
     """)
slip("first_row_only", title="a return inside the loop",
     says="The return stands inside the loop, so the function ends after the first row. Move it to the left, below "
     "the loop.",
     base="by_a_loop",
     replace=("    return rows", "        return rows"))
slip("one_row", title="one row for the whole batch",
     says="There is a single row, with a 1 for every class in y. Each example needs a row of its own.",
     code="""
     def one_hot(y, n_classes):
         row = np.zeros(n_classes)
         row[y] = 1
         return row
     """)
slip("no_new_axis", title="a comparison without a column",
     says="Arrays of shape (N,) and (n_classes,) are compared element by element. To compare each class with each "
     "column, y has to be a column, of shape (N, 1).",
     base="by_comparison",
     replace=("y[:, None]", "y"))

# standardize

slip = slips("standardize", see="columns")
CENTRED = "x - x.mean(axis=0)"
DEVIATION = "x.std(axis=0)"
FUDGES = (1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
way(
    "standardize",
    "without_a_guard",
    code="""
    def standardize(x):
        return (x - x.mean(axis=0)) / x.std(axis=0)
    """,
)
way(
    "standardize",
    "by_columns",
    code="""
    def standardize(x):
        result = np.zeros(x.shape)
        for d in range(x.shape[1]):
            column = x[:, d]
            if column.max() > column.min():
                result[:, d] = (column - column.mean()) / column.std()
        return result
    """,
)

slip("whole_array", title="one mean and one deviation for all",
     says="Without an axis, mean and std run over the whole array. Every column needs its own: axis=0.",
     replace=[(CENTRED, "x - x.mean()"), (DEVIATION, "x.std()")])
slip("one_mean", title="one mean for all columns",
     says="Without an axis, mean runs over the whole array. Every column needs its own: axis=0.",
     replace=(CENTRED, "x - x.mean()"))
slip("one_deviation", title="one deviation for all columns",
     says="Without an axis, std runs over the whole array. Every column needs its own: axis=0.",
     replace=(DEVIATION, "x.std()"))
slip("rows_standardized", title="rows standardized",
     says="With axis=1 the functions run along each row, so the rows get mean 0. Columns are standardized with "
     "axis=0.",
     replace=("axis=0", "axis=1, keepdims=True", ALL))
slip("axis_1", title="axis 1 in place of axis 0",
     says="With axis=1 there is one number for each row. If there are as many rows as columns, it then acts on a "
     "column, without any message; in most other cases there is an error. One number for each column takes axis=0.",
     replace=("axis=0", "axis=1", ALL))
slip("sample_deviation", title="the sample deviation",
     says="The deviation is that with N - 1 (ddof=1). Here it is the one with N, which std computes by itself.",
     replace=(DEVIATION, "x.std(axis=0, ddof=1)"))
slip("variance", title="the variance in place of the deviation",
     says="The division is by the variance. The standard deviation is its root.",
     replace=(DEVIATION, "x.var(axis=0)"))
slip("sum_of_squares", title="squares added up, not averaged",
     says="The squares are added up, but not divided by N before the root.",
     replace=(DEVIATION, f"np.sqrt((({CENTRED}) ** 2).sum(axis=0))"))
slip("not_divided", title="not divided",
     says="The mean is subtracted, but the division by the standard deviation is missing.",
     replace=(" / deviation", ""))
slip("not_centred", title="the mean not subtracted",
     says="The division by the standard deviation is right, but the mean is not subtracted before.",
     replace=(CENTRED, "x"))
slip("mean_added", title="the mean added",
     says="The mean is added. To bring the mean of a column to 0, subtract it.",
     replace=("x - x.mean", "x + x.mean"))
slip("divides_first", title="divided before the mean is subtracted",
     says="Only x is divided, and then the mean is subtracted. Put brackets around the difference, (x - mean), and "
     "divide all of it.",
     replace=(f"np.where(constant, 0, {CENTRED}) / deviation", "np.where(constant, 0, x / deviation - x.mean(axis=0))"))
slip("between_0_and_1", title="stretched to lie between 0 and 1",
     says="Each column is stretched from its smallest number at 0 to its largest at 1. That is another way to scale, "
     "with the range. Here it takes the mean and the standard deviation.",
     replace=[(CENTRED, "x - x.min(axis=0)"), (DEVIATION, "x.max(axis=0) - x.min(axis=0)")])
slip("no_guard", title="nothing done about constant columns",
     says="Nothing is done about constant columns. Their deviation is 0, and 0/0 is nan, or it is off in the last "
     "digit and they become 1 or -1. Ask for each column whether its largest number equals its smallest.",
     base="without_a_guard")
slip("compared_with_0", title="the deviation compared with 0",
     says="You rely on a computed deviation that is exactly 0 (or on the nan that comes of it). For a column of 0.1 "
     "it is not quite 0, and the column becomes 1 or -1. Compare the largest number with the smallest.",
     replace=("x.max(axis=0) == x.min(axis=0)", f"{DEVIATION} == 0"))
slip("taken_for_0", title="small deviations taken for 0",
     says="A deviation below some limit is taken for 0. But a column of very small numbers has a small deviation, "
     "too, and is not constant. Compare the largest number with the smallest.",
     replace=("x.max(axis=0) == x.min(axis=0)", f"{DEVIATION} < {{limit}}"),
     parameter="limit",
     values=(1e-8, 1e-10))
slip("nearly_equal", title="nearly equal taken for equal",
     says="Columns are taken for constant if their numbers are close to each other (np.isclose, np.allclose). Numbers "
     "that are small, or large with small differences, are close, too. Ask whether they are equal, with ==.",
     replace=("x.max(axis=0) == x.min(axis=0)", "np.isclose(x.max(axis=0), x.min(axis=0))"))
slip("fudged", title="a constant of {added:.0e} added to the deviation",
     says="A constant of {added:.0e} is added to the deviation, against a division by 0. It makes every column a "
     "little wrong, and one of small numbers very wrong. Look for the constant columns instead.",
     base="without_a_guard",
     replace=(DEVIATION, f"({DEVIATION} + {{added}})"),
     parameter="added",
     values=FUDGES)
slip("fudged_variance", title="a constant of {added:.0e} added to the variance",
     says="A constant of {added:.0e} is added to the variance, against a division by 0. It makes every column a "
     "little wrong, and one of small numbers very wrong. Look for the constant columns instead.",
     base="without_a_guard",
     replace=(DEVIATION, "np.sqrt(x.var(axis=0) + {added})"),
     parameter="added",
     values=FUDGES)
slip("constant_left", title="constant columns left as they are",
     says="Constant columns keep their number. They carry no information: they become 0.",
     replace=("np.where(constant, 0,", "np.where(constant, x,"))
slip("constant_to_1", title="constant columns set to 1",
     says="Constant columns become 1. The 1 is good for the deviation, by which you divide; the column itself becomes "
     "0.",
     replace=("np.where(constant, 0,", "np.where(constant, 1,"))
slip("constant_nearly_0", title="a small remainder left in constant columns",
     says="A constant column minus its mean is not always exactly 0, since the mean is off in the last digit. Set "
     "these columns to 0.",
     replace=(f"np.where(constant, 0, {CENTRED})", f"({CENTRED})"))
slip("cut_off", title="digits cut off for integers",
     says="The result is written into an array of integers, which cuts off what stands after the decimal point. "
     "np.zeros_like(x) and x.copy() are integers where x is; np.zeros(x.shape) is not.",
     base="by_columns",
     replace=("np.zeros(x.shape)", "np.zeros_like(x)"))
