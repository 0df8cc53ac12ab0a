"""How the exercises of the first notebook are driven."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradus.checking import Property, Tolerance, exercise

# In float32, a sum of up to eight products of numbers up to 4.5 is off by 4e-6 at most, however small it is itself.
SUMS = Tolerance(single_atol=4e-6)
SLACK = 1e-5

Case = dict[str, Any]
Outputs = dict[str, Any]


def _one_1_in_every_row(_case: Any, outputs: Outputs) -> bool:
    rows = np.asarray(outputs["rows"], float)
    return bool(np.all((rows == 0) | (rows == 1)) and np.all(rows.sum(axis=-1) == 1))


def _columns_have_mean_0(_case: Any, outputs: Outputs) -> bool:
    return bool(np.allclose(np.asarray(outputs["columns"], float).mean(axis=0), 0, atol=SLACK))


def _columns_have_deviation_1_or_0(_case: Any, outputs: Outputs) -> bool:
    deviations = np.asarray(outputs["columns"], float).std(axis=0)
    return bool(np.all(np.isclose(deviations, 1, atol=SLACK) | np.isclose(deviations, 0, atol=SLACK)))


@exercise("affine", tolerance=SUMS)
def drive_affine(affine: Any, case: Case) -> Outputs:
    """``affine(x, W, b) -> z``, one row for each row of ``x``."""
    return {"z": affine(case["x"], case["W"], case["b"])}


@exercise(
    "one_hot",
    properties=(Property("every row holds a single 1, and 0 elsewhere", _one_1_in_every_row),),
)
def drive_one_hot(one_hot: Any, case: Case) -> Outputs:
    """``one_hot(y, n_classes) -> rows``, numbers or bool."""
    return {"rows": one_hot(case["y"], case["n_classes"])}


@exercise(
    "standardize",
    properties=(
        Property("every column has the mean 0", _columns_have_mean_0),
        Property("every column has the deviation 1, or 0 if it is constant", _columns_have_deviation_1_or_0),
    ),
)
def drive_standardize(standardize: Any, case: Case) -> Outputs:
    """``standardize(x) -> columns``, in the shape of ``x``."""
    return {"columns": standardize(case["x"])}
