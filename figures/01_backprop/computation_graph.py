"""A small computation graph with its values and its gradients; one node is used twice."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures._diagram import arrow, box, sheet
from gradus import plots
from gradus.demos.backprop import FORMULAS, HALF, LAST_STEP, PLACES, ROUTES, walk_graph, way_back

TITLE = "Values go forwards, the gradient comes back"
ALT = (
    "A computation graph of L = (ReLU(w x) + w + b)² with leaves x = 3, w = 2 and b = −5. Forwards: p = w x = 6, "
    "r = ReLU(p) = 6, q = w + b = −3, s = r + q = 3 and L = s² = 9. Backwards, from the gradient 1 at L: each edge "
    "multiplies by its local derivative. The edge from L to s multiplies by 6, so s has the gradient 6; r, q, b and p "
    "get 6 as well, over edges with derivative 1. x gets 6 times 2, which is 12. w is used twice: 6 arrives from q and "
    "6 times 3, which is 18, from p, and its gradient is the sum, 24."
)

# The graph of the demo lies in the lower part of the sheet.
UP = np.array([0, 0.75])


def draw() -> Figure:
    graph = walk_graph({"x": 3, "w": 2, "b": -5}, LAST_STEP)
    figure, ax = sheet(TITLE)
    for name, place in PLACES.items():
        x, y = place + UP
        box(ax, x - HALF[0], y - HALF[1], *(2 * HALF), "", quantity="hidden")
        value = f"{graph.values[name]:g}" if name in FORMULAS else f"{name} = {graph.values[name]:g}"
        _number(ax, x, y + 0.27, value, "value")
        _number(ax, x, y - 0.3, f"{graph.gradients[name]:g}", "gradient")
        if name in FORMULAS:
            ax.text(x, y + (0.95 if name != "s" else -0.95), FORMULAS[name], ha="center", va="center", fontsize=15)
    for edge, (start, end, local, flow) in ROUTES.items():
        arrow(ax, start + UP, end + UP, color=plots.GREY, lw=2, mutation_scale=14)
        back = way_back(edge)
        arrow(ax, back[:2] + UP, back[2:] + UP, color=plots.COLOURS["gradient"], lw=2.5, mutation_scale=16)
        _number(ax, *(local + UP), f"× {graph.local[edge]:g}", "weight")
        _number(ax, *(flow + UP), f"{graph.flows[edge]:g}", "gradient")
    parts = " + ".join(f"{flow:g}" for (_, parent), flow in graph.flows.items() if parent == "w")
    _number(ax, 1.1, 2.1 + UP[1], parts, "gradient")
    signs = (("value", "value"), ("weight", "× local derivative"), ("gradient", "gradient of $L$"))
    for line, (quantity, text) in enumerate(signs):
        ax.text(15.85, 7.2 - 0.6 * line, text, color=plots.ink(quantity), weight="bold", ha="right", va="center")
    ax.text(15.85, 0.75, "$w$ is used twice:\nboth parts add up", ha="right", va="center", linespacing=1.4)
    return figure


def _number(ax: Axes, x: float, y: float, text: str, quantity: str) -> None:
    text = text.replace("-", "−")
    ax.text(x, y, text, color=plots.ink(quantity), weight="bold", ha="center", va="center", fontsize=14)
