"""Squared and absolute error: what an error costs, and what the best constant prediction is."""

import numpy as np
from matplotlib.figure import Figure

from gradus import plots

TITLE = "Squared error predicts the mean, absolute error the median"
ALT = (
    "Left, what one error costs: the squared error is a parabola, the absolute error a V; they meet at errors of −1, 0 "
    "and 1, and beyond that the parabola is above, by more and more. Right, the loss of one constant prediction for "
    "five targets: 1, 2, 3 and 4, marked as black dots above the axis, and an outlier at 15, marked as a red square. "
    "The root of the mean squared error is lowest at the mean, 5, pulled away from four of the five targets by the "
    "outlier; the mean absolute error is lowest at the median, 3."
)

TARGETS = np.array([1.0, 2.0, 3.0, 4.0, 15.0])


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    cost, best = figure.subplots(1, 2, width_ratios=[1, 1.45])

    error = np.linspace(-3, 3, 241)
    cost.plot(error, error**2, **plots.line("squared"))
    cost.plot(error, abs(error), **plots.line("absolute"))
    cost.set(xlabel="error (units of the target)", ylabel="loss of one example", ylim=(0, 9), xticks=range(-3, 4))
    cost.set_title("what an error costs", fontsize=15)
    cost.text(-2.35, 7.6, "squared", color=plots.ink("squared"), weight="bold")
    cost.text(3.25, 0.3, "absolute", color=plots.ink("absolute"), weight="bold", ha="right")

    prediction = np.linspace(0, 16, 641)
    errors = prediction[:, None] - TARGETS
    curves = {"squared": np.sqrt((errors**2).mean(axis=1)), "absolute": abs(errors).mean(axis=1)}
    places = {"squared": (5, "mean 5"), "absolute": (3, "median 3")}
    for name, values in curves.items():
        best.plot(prediction, values, **plots.line(name))
        lowest, text = prediction[values.argmin()], places[name][1]
        best.plot(lowest, values.min(), "o", color=plots.COLOURS[name], markersize=12)
        offset = (0, 14) if name == "squared" else (0, -28)
        best.annotate(text, (lowest, values.min()), offset, textcoords="offset points", ha="center",
                      color=plots.ink(name), weight="bold")  # fmt: skip
    best.plot(TARGETS[:4], np.full(4, 0.6), "o", color=plots.COLOURS["example"], markersize=9)
    best.plot(TARGETS[4], 0.6, "s", color=plots.COLOURS["outlier"], markersize=10)
    best.text(15, 1.1, "outlier", ha="center", color=plots.ink("outlier"), weight="bold")
    best.set(
        xlabel="constant prediction (marks: the five targets)", ylabel="loss (units of the target)", ylim=(0, 11.5)
    )
    best.set_title("what it predicts", fontsize=15)
    best.text(0.6, 8.2, "root of the mean\nsquared error", color=plots.ink("squared"), weight="bold")
    best.text(7.3, 3.8, "mean absolute error", color=plots.ink("absolute"), weight="bold")
    return figure
