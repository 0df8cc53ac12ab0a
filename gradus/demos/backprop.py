"""Demos of derivatives, of the computation graph, and of what depth does to gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Rectangle

from gradus import plots
from gradus.demos.demo import Choice, Demo, Slider, Studied
from gradus.demos.initialization import ACTIVATIONS, gradient_sizes
from gradus.demos.stage import Actor, Stage, decades, written

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x² + 2": lambda x: x**2 + 2,
    "sin x": np.sin,
    "|x|": np.abs,
}
# What the picture of each function shows from bottom to top, where the legend lies above; and its ticks.
_VIEWS = {"x² + 2": (-14, 54, 20), "sin x": (-4.5, 4.5, 2), "|x|": (-4.5, 8, 4)}
STEPS = np.geomspace(0.001, 4, 73)
# Below this, the error of the slope itself and rounding are as large as that of the tangent.
NO_ERROR = 1e-9


@dataclass(frozen=True)
class Tangent:
    """A function and a line through one of its points, a step away from that point.

    Attributes
    ----------
    function : str
        A key of ``FUNCTIONS``.
    a, h : float
        The point, and the step from there.
    value, slope : float
        Of the function at ``a``; at a kink, where it has no slope, the central difference or what the learner returns.
    true, predicted : float
        The function and the line at ``a + h``.
    errors : ndarray, shape (73,)
        How far they are apart after each of ``STEPS``.
    """

    function: str
    a: float
    h: float
    value: float
    slope: float
    true: float
    predicted: float
    errors: np.ndarray

    @property
    def error(self) -> float:
        """How far function and line are apart at ``a + h``."""
        return abs(self.true - self.predicted)

    @property
    def kink(self) -> bool:
        """Whether there is no tangent at ``a``."""
        return self.function == "|x|" and self.a == 0


def follow_tangent(slope: float, function: str, a: float, h: float) -> Tangent:
    """Go a step along the line through a point of a function.

    Parameters
    ----------
    slope : float
        Slope of the line.
    function : str
        A key of ``FUNCTIONS``.
    a, h : float
        The point, and the step from there.
    """
    steps = np.array([0, h, *STEPS])
    true = FUNCTIONS[function](a + steps)
    predicted = true[0] + slope * steps
    errors = np.abs(true - predicted)[2:]
    return Tangent(function, a, h, float(true[0]), slope, float(true[1]), float(predicted[1]), errors)


def tangent(numerical_gradient: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show how fast a tangent leaves its function.

    Parameters
    ----------
    numerical_gradient : callable, optional
        The function that finds the slope, ``numerical_gradient(f, x)`` to an array of the shape of ``x``; PyTorch's
        while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("numerical_gradient", numerical_gradient)

    def model(function: str, a: float, h: float) -> Tangent:
        slope = studied.array((), lambda x: float(FUNCTIONS[function](x)), np.array(a))
        return follow_tangent(float(slope), function, a, h)

    return Demo(
        title="The tangent and its error",
        question=(
            "Halve h. By which factor does the error of the tangent fall? "
            "For which function and place is the factor different?"
        ),
        controls=(
            Slider("h", "step h", 0.001, 4, 4, 0.02, log=True),
            Slider("a", "tangent at a", -6, 3, -6, 0.1),
            Choice("function", "function", tuple(FUNCTIONS), "x² + 2"),
        ),
        model=model,
        scene=_tangent_scene,
        set_by=("function",),
        studied=(studied,),
        size=size,
    )


def _tangent_scene(stage: Stage, function: str) -> Callable[[Tangent], str]:
    left, right = stage.panels("Tangent", "Error", width_ratios=(1.3, 1))
    floor, roof, tick = _VIEWS[function]
    top = roof + 0.2 * (roof - floor)
    x = np.linspace(-7, 7, 281)
    left.set(xlim=(-7, 7.4), ylim=(floor, top), xlabel="$x$", xticks=range(-6, 7, 3))
    left.set(yticks=np.arange(tick * (floor // tick + 1), roof, tick))
    right.set(xlim=(4e-4, 5), ylim=(NO_ERROR, 1e5), xscale="log", yscale="log", xlabel="step $h$")
    right.set(xticks=[0.001, 0.1, 1], xticklabels=["0.001", "0.1", "1"], **decades(-9, -6, -3, 0))
    for power, dots, name in ((1, ":", "$h$"), (2, "--", "$h^2$")):
        right.plot(STEPS, STEPS**power, color=plots.GREY, ls=dots, lw=mpl.rcParams["lines.linewidth"] / 2, label=name)

    curve = stage.line(left, "function", label=function)
    straight = stage.line(left, "tangent", label="tangent")
    gap = stage.line(left, "error", label="error", width=1.5)
    touch = stage.points(left, "tangent", width=1.3)
    line = stage.line(right, "error", alpha=0.5)
    point = stage.points(right, "error", width=1.5)
    none = stage.points(right, "error", marker="v", width=1.5)
    said = stage.words(left, "tangent", align="right")
    number = stage.words(right, "error", align="right")
    stage.legend(left, loc="upper center", ncols=3, handlelength=1.3, columnspacing=1, borderaxespad=0.1)
    stage.legend(right, loc="upper center", ncols=2, handlelength=1.6, columnspacing=1, borderaxespad=0.1)

    def show(now: Tangent) -> str:
        heights, there = now.value + now.slope * (x - now.a), now.a + now.h
        curve.place(x, FUNCTIONS[function](x))
        # Cut off just below the axes: far outside, browsers and matplotlib begin the dashes at different places.
        near = (heights > floor - 0.05 * (roof - floor)) & (heights < roof)
        straight.place(x, np.where(near, heights, np.nan))
        gap.place([there, there], [now.predicted, now.true])
        touch.place(now.a, now.value)
        line.place(STEPS, np.where(now.errors >= NO_ERROR, now.errors, np.nan))
        seen = not now.error < NO_ERROR
        point.place(now.h, now.error if seen else np.nan)
        none.place(np.nan if seen else now.h, NO_ERROR)
        error = written(now.error) if seen else "< 10⁻⁹"
        number.place(5, 10**6.2, words=[error])
        slope = _signed(now.slope, 3)
        said.place(7.4, top + 0.08 * (top - floor), words=["none at the kink" if now.kink else f"slope {slope}"])
        if now.kink:
            line_is = f"has no tangent at 0, where its slope jumps from −1 to 1; the line drawn has the slope {slope}"
        else:
            line_is = f"is {_signed(now.value)} at {_signed(now.a)}, the line has the slope {slope}"
        pair = f"the function is {_signed(now.true)} and the line {_signed(now.predicted)}"
        return f"{function} {line_is}. A step of {written(now.h, 3)} further {pair}: the error is {error}."

    return show


def _signed(value: float, digits: int = 6) -> str:
    """Write a number of either sign as people do; what rounding leaves of 0 is 0."""
    return f"{round(value, 6) + 0:.{digits}g}".replace("-", "−")


OPERATIONS = {"p": ("w", "x"), "r": ("p",), "q": ("w", "b"), "s": ("r", "q"), "L": ("s",)}
"""Node -> what it is computed from, in the order of the forward pass: L = (relu(w x) + w + b)²."""
EDGES = tuple((node, parent) for node in reversed(OPERATIONS) for parent in OPERATIONS[node])
"""Edges in the order in which the gradient flows over them."""
LAST_STEP = len(OPERATIONS) + 1 + len(EDGES)


@dataclass(frozen=True)
class Graph:
    """A small graph somewhere in its forward or backward pass.

    Attributes
    ----------
    step : int
        0: nothing is computed; then one node after the other, the gradient 1 of the last node, one edge after the
        other.
    values : dict of float
        Values of the nodes computed so far.
    local : dict of float
        (node, parent) -> derivative of the node with respect to that parent, for nodes computed so far.
    flows : dict of float
        (node, parent) -> what has flowed over the edge, in the order of the backward pass.
    gradients : dict of float
        What has arrived at each node so far.
    """

    step: int
    values: dict[str, float]
    local: dict[tuple[str, str], float]
    flows: dict[tuple[str, str], float]
    gradients: dict[str, float]


def walk_graph(leaves: Mapping[str, float], step: int) -> Graph:
    """Go forwards and then backwards through the graph.

    Parameters
    ----------
    leaves : mapping of float
        Values of x, w and b.
    step : int
        How far to go, 0 to ``LAST_STEP``.
    """
    x, w, b = (leaves[name] for name in "xwb")
    p, q = w * x, w + b
    r = max(p, 0.0)
    s = r + q
    values = {"x": x, "w": w, "b": b, "p": p, "r": r, "q": q, "s": s, "L": s**2}
    local = {("p", "w"): x, ("p", "x"): w, ("r", "p"): float(p > 0), ("s", "r"): 1.0, ("s", "q"): 1.0}
    local |= {("q", "w"): 1.0, ("q", "b"): 1.0, ("L", "s"): 2 * s}

    gradients = {"L": 1.0} if step > len(OPERATIONS) else {}
    flows: dict[tuple[str, str], float] = {}
    for node, parent in EDGES[: max(step - len(OPERATIONS) - 1, 0)]:
        flows[node, parent] = gradients[node] * local[node, parent]
        gradients[parent] = gradients.get(parent, 0.0) + flows[node, parent]
    known = {*"xwb", *list(OPERATIONS)[:step]}
    return Graph(
        step,
        {name: value for name, value in values.items() if name in known},
        {edge: value for edge, value in local.items() if edge[0] in known},
        flows,
        gradients,
    )


def computation_graph(*, size: str = "notebook") -> Demo:
    """Show values that go forwards through a small graph, and the gradient that comes back.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    return Demo(
        title="Forwards and backwards through a graph",
        question="At which step does w have its whole gradient? What reaches p, x and w if w · x is negative?",
        controls=(
            Slider("step", "step", 0, LAST_STEP, len(OPERATIONS), 1, play=20),
            Slider("x", "x", -5, 5, 3, 1),
            Slider("w", "w", -5, 5, 2, 1),
            Slider("b", "b", -5, 5, -5, 1),
        ),
        model=lambda step, **leaves: walk_graph(leaves, int(step)),
        scene=_graph_scene,
        size=size,
    )


# Middle of each node on a sheet 16 across and 6.7 up, and half of a node's width and height.
PLACES = {"x": (1.1, 5.15), "w": (1.1, 3.0), "b": (1.1, 0.85), "p": (5.2, 5.15), "q": (5.2, 0.85)}
PLACES |= {"r": (8.9, 5.15), "s": (11.6, 3.0), "L": (14.9, 3.0)}
HALF = np.array([0.95, 0.62])
FORMULAS = {"p": "$p = w · x$", "r": "$r$ = ReLU($p$)", "q": "$q = w + b$", "s": "$s = r + q$", "L": "$L = s^2$"}
_NAMED = {name: f"{name} = " for name in "xwb"}
# Per edge: where its arrow starts and ends, then the middles of its local derivative and of what flows over it.
ROUTES = {
    ("p", "x"): ((2.05, 5.15), (4.25, 5.15), (3.15, 5.5), (3.15, 4.65)),
    ("p", "w"): ((2.05, 3.25), (4.25, 4.85), (2.6, 4.1), (4.15, 3.9)),
    ("q", "w"): ((2.05, 2.75), (4.25, 1.15), (2.75, 1.75), (4.05, 2.2)),
    ("q", "b"): ((2.05, 0.85), (4.25, 0.85), (3.15, 1.2), (3.15, 0.35)),
    ("r", "p"): ((6.15, 5.15), (7.95, 5.15), (7.05, 5.5), (7.05, 4.65)),
    ("s", "r"): ((9.85, 4.8), (11.3, 3.62), (11.15, 4.5), (9.72, 3.85)),
    ("s", "q"): ((6.15, 0.95), (10.65, 2.75), (7.9, 2.2), (9.15, 1.4)),
    ("L", "s"): ((12.55, 3.0), (13.95, 3.0), (13.25, 3.35), (13.25, 2.5)),
}


def way_back(edge: tuple[str, str]) -> np.ndarray:
    """Return where the gradient's arrow starts and ends, beside the edge, on the side where what flows is written.

    Parameters
    ----------
    edge : tuple of str
        A key of ``ROUTES``.

    Returns
    -------
    ndarray, shape (4,)
        x and y of its start, then of its end.
    """
    start, end, _, label = (np.array(point) for point in ROUTES[edge])
    across = np.array([start[1] - end[1], end[0] - start[0]]) / np.hypot(*(end - start))
    aside = 0.15 * across * np.sign(across @ (label - start))
    return np.concatenate([end + aside, start + aside])


def _graph_scene(stage: Stage) -> Callable[[Graph], str]:
    (ax,) = stage.panels("")
    ax.set(xlim=(0, 16), ylim=(0, 6.7), xticks=[], yticks=[])
    ax.set_axis_off()
    for name, (x, y) in PLACES.items():
        corner = (x - HALF[0], y - HALF[1])
        ax.add_patch(Rectangle(corner, *(2 * HALF), facecolor=plots.WHITE, edgecolor=plots.GREY, lw=2))
        if name in FORMULAS:
            # Over s lies an edge.
            ax.text(x, y + (0.92 if name != "s" else -0.92), FORMULAS[name], ha="center", va="center")
    for start, end, _, _ in ROUTES.values():
        ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": plots.GREY, "shrinkA": 0, "shrinkB": 0})
    signs = (("value", "value"), ("weight", "× local derivative"), ("gradient", "gradient of $L$"))
    for line, (quantity, text) in enumerate(signs):
        ax.text(15.85, 6.3 - 0.55 * line, text, ha="right", va="center", color=plots.ink(quantity), weight="bold")

    computed = stage.bars(ax, "value", alpha=0.25)
    reached = stage.bars(ax, "gradient", alpha=0.35)
    flowed = stage.arrows(ax, "gradient", width=0.8)
    flows_now = stage.arrows(ax, "gradient", width=1.6)
    values = stage.words(ax, "value")
    local = stage.words(ax, "weight", width=0.8)
    arrived = stage.words(ax, "gradient")
    flows = stage.words(ax, "gradient", width=0.8)
    summed = stage.words(ax, "gradient", width=0.8)
    said = stage.words(ax, "weight", align="right")

    def show(now: Graph) -> str:
        _put(values, now.values, {name: (x, y + 0.27) for name, (x, y) in PLACES.items()}, _NAMED)
        _put(arrived, now.gradients, {name: (x, y - 0.3) for name, (x, y) in PLACES.items()}, {})
        _put(local, now.local, {edge: place[2] for edge, place in ROUTES.items()}, dict.fromkeys(ROUTES, "× "))
        _put(flows, now.flows, {edge: place[3] for edge, place in ROUTES.items()}, {})
        parts = [_signed(flow) for (_, parent), flow in now.flows.items() if parent == "w"]
        both = " + ".join(parts).replace("+ −", "− ")
        summed.place(1.1 if len(parts) > 1 else np.nan, 2.1, words=[both])

        order, path = list(OPERATIONS), list(now.flows)
        forwards = 0 < now.step <= len(order)
        _frame(computed, order[now.step - 1] if forwards else None)
        _frame(reached, path[-1][1] if path else "L" if now.gradients else None)
        for actor, edges in ((flowed, path[:-1]), (flows_now, path[-1:])):
            actor.place(*np.array([way_back(edge) for edge in edges] or [np.full(4, np.nan)]).T)
        where, what = _said(now)
        said.place(15.85, [1.05, 0.45], words=[where, what])
        has = ", ".join(f"{name} {_signed(value)}" for name, value in now.values.items())
        got = ", ".join(f"{name} {_signed(value)}" for name, value in now.gradients.items())
        return f"Step {now.step} of {LAST_STEP}, {where}: {what}. Values: {has}. Gradients: {got or 'none yet'}."

    return show


def _put(
    actor: Actor, numbers: Mapping[Any, float], places: Mapping[Any, tuple[float, float]], before: Mapping[Any, str]
) -> None:
    """Write numbers where they belong, with what stands before them."""
    at = np.array([places[key] for key in numbers] or [(np.nan, np.nan)])
    actor.place(*at.T, words=[before.get(key, "") + _signed(value) for key, value in numbers.items()] or [""])


def _frame(actor: Actor, name: str | None) -> None:
    """Lay an actor over a node, or nowhere."""
    x, y = PLACES[name] if name else (np.nan, np.nan)
    actor.place(x - HALF[0], y - HALF[1], x + HALF[0], y + HALF[1])


def _said(now: Graph) -> tuple[str, str]:
    """Say what the step does: where, and with which numbers."""
    if not now.step:
        return "before the first step", "only the leaves have values"
    if now.step <= len(OPERATIONS):
        name = list(OPERATIONS)[now.step - 1]
        return "forwards", f"{name} = {_signed(now.values[name])}"
    if not now.flows:
        return "backwards, start", "L has the gradient 1"
    (node, parent), flow = list(now.flows.items())[-1]
    factors = f"{_signed(now.gradients[node])} × {_signed(now.local[node, parent])}"
    return f"backwards, {node} to {parent}", f"{factors} = {_signed(flow)}"


LAYERS, WIDTH, EXAMPLES = 30, 64, 64
SMALLEST, LARGEST = 1e-16, 1e4


def gradient_by_depth(*, size: str = "notebook") -> Demo:
    """Show how large the gradient is at every layer of a deep network.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    @lru_cache(maxsize=1)
    def network() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        weights = rng.normal(size=(LAYERS, WIDTH, WIDTH)) / np.sqrt(WIDTH)
        return weights, rng.normal(size=(EXAMPLES, WIDTH)), rng.normal(size=(EXAMPLES, WIDTH))

    def model(gain: float, depth: float, activation: str) -> np.ndarray:
        weights, x, arriving = network()
        return gradient_sizes(weights[: int(depth)], x, arriving, gain, activation)

    return Demo(
        title="The gradient on its way through the layers",
        question="For each activation: which gain keeps the gradient at layer 1 as large as at the last?",
        controls=(
            Slider("gain", "gain of the weights", 0.25, 12, 1, 0.02, log=True),
            Slider("depth", "layers", 1, LAYERS, 20, 1, play=6),
            Choice("activation", "activation", tuple(ACTIVATIONS), "sigmoid"),
        ),
        model=model,
        scene=_depth_scene,
        size=size,
    )


def _depth_scene(stage: Stage) -> Callable[[np.ndarray], str]:
    (ax,) = stage.panels("Size of the gradient")
    ax.set(xlim=(0.4, LAYERS + 0.6), ylim=(SMALLEST, LARGEST), yscale="log", xticks=[1, 5, 10, 15, 20, 25, 30])
    ax.set(xlabel="layer (the gradient comes from the right)", ylabel="std. dev.", **decades(-16, -12, -8, -4, 0, 4))

    last = stage.line(ax, "other", width=0.6, label="last layer")
    curve = stage.line(ax, "gradient", width=0.7, label="gradient")
    stops = stage.points(ax, "gradient")
    above = stage.points(ax, "gradient", marker="^")
    below = stage.points(ax, "gradient", marker="v")
    number = stage.words(ax, "gradient", align="right")
    stage.legend(ax, loc="lower right")

    def show(sizes: np.ndarray) -> str:
        layers = np.arange(1, len(sizes) + 1)
        last.place([0.4, LAYERS + 0.6], [sizes[-1], sizes[-1]])
        curve.place(layers, np.maximum(sizes, 1e-300))
        stops.place(layers, sizes)
        above.place(np.where(sizes > LARGEST, layers, np.nan), LARGEST)
        below.place(np.where(sizes < SMALLEST, layers, np.nan), SMALLEST)
        ratio = written(sizes[0] / sizes[-1])
        number.place(LAYERS + 0.6, 10**5.7, words=[f"first ÷ last: {ratio}"])
        ends = f"{written(sizes[0])} at layer 1 and {written(sizes[-1])} at layer {len(sizes)}"
        return f"The standard deviation of the gradient is {ends}; first divided by last is {ratio}."

    return show
