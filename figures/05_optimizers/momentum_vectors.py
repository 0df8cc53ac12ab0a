"""What a step with momentum is made of."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures._diagram import arrow, sheet
from gradus import plots

TITLE = "Momentum: the old velocity plus the new gradient"
ALT = (
    "Two drawings of vectors that start in one point. In both, a solid blue arrow to the right is what is kept of the "
    "old velocity, a dashed purple arrow is the step that the new gradient alone would make, and a thick black arrow, "
    "the diagonal of the parallelogram of both, is the step that is made. Left, the gradient points nearly the same "
    "way as the velocity: the new step is longer than either. Right, the gradient points sideways and back: the new "
    "step is turned and shortened a little, and still goes forward."
)

Vector = tuple[float, float]


def draw() -> Figure:
    figure, ax = sheet(TITLE)
    _sum(ax, (0.8, 2.6), (3.2, 0.5), (2.2, 1.9))
    _sum(ax, (9.0, 4.2), (5.2, 0.9), (-1.0, -2.3))
    ax.text(0.8, 7.1, "the same direction:\nlonger steps", weight="bold", va="center")
    ax.text(9.0, 7.1, "another direction:\nit turns slowly", weight="bold", va="center")
    velocity, gradient = plots.ink("momentum"), plots.ink("gradient")
    ax.text(3.1, 2.2, "velocity kept\n$-\\eta\\,\\mu\\,v$", color=velocity, va="center", weight="bold")
    ax.text(0.5, 4.9, "gradient step\n$-\\eta\\,g$", color=gradient, va="center", weight="bold")
    ax.text(6.4, 5.4, "new step", va="center", weight="bold")
    ax.text(10.4, 5.6, "velocity kept", color=velocity, va="center", weight="bold")
    ax.text(7.8, 2.9, "gradient\nstep", color=gradient, va="center", ha="right", weight="bold")
    ax.text(13.6, 2.7, "new step", va="center", weight="bold")
    ax.text(0.8, 0.6, "$v \\leftarrow \\mu\\,v + g$          step = $-\\eta\\,v$", va="center", fontsize=20)
    return figure


def _sum(ax: Axes, start: Vector, velocity: Vector, gradient: Vector) -> None:
    """Two vectors from one point, the parallelogram, and its diagonal."""
    first, second, end = _after(start, velocity), _after(start, gradient), _after(start, velocity, gradient)
    for corner in (first, second):
        ax.plot(*zip(corner, end, strict=True), color=plots.GREY, lw=1.8, linestyle=":")
    look = {"lw": 4, "mutation_scale": 28}
    arrow(ax, start, end, color=plots.BLACK, **look | {"lw": 6, "mutation_scale": 36})
    arrow(ax, start, first, color=plots.COLOURS["momentum"], **look)
    arrow(ax, start, second, color=plots.COLOURS["gradient"], linestyle=(0, (3, 1.5)), **look)
    ax.plot(*start, "o", color=plots.COLOURS["start"], markersize=14)


def _after(start: Vector, *vectors: Vector) -> Vector:
    return start[0] + sum(x for x, _ in vectors), start[1] + sum(y for _, y in vectors)
