"""Boxes and arrows for the figures that are diagrams."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from gradus import plots


def blank(title: str) -> Figure:
    """Open a figure with a title whose axes are placed by hand."""
    figure = Figure()
    figure.set_layout_engine("none")
    figure.suptitle(title, x=0.02, y=0.96, ha="left")
    return figure


def sheet(title: str) -> tuple[Figure, Axes]:
    """Open an empty sheet with a title, 16 units across and 9 up."""
    figure = blank(title)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 16), ylim=(0, 9))
    ax.set_axis_off()
    return figure, ax


def box(ax: Axes, left: float, bottom: float, width: float, height: float, text: str, **look: Any) -> None:
    """Draw a rounded box with text in its middle; ``quantity`` colours it, ``fontsize`` and ``weight`` set the text."""
    colour = plots.COLOURS[look["quantity"]] if "quantity" in look else plots.GREY
    ink = plots.ink(look["quantity"]) if "quantity" in look else plots.BLACK
    shape = "round,pad=0,rounding_size=0.18"
    for face, alpha, edge in ((colour, 0.14, "none"), ("none", 1, colour)):
        ax.add_patch(
            FancyBboxPatch((left, bottom), width, height, shape, facecolor=face, edgecolor=edge, alpha=alpha, lw=2)
        )
    ax.text(left + width / 2, bottom + height / 2, text, ha="center", va="center", color=ink, linespacing=1.35,
            fontsize=look.get("fontsize", 15), weight=look.get("weight", "normal"))  # fmt: skip


def arrow(canvas: Figure | Axes, start: tuple[float, float], end: tuple[float, float], **look: Any) -> None:
    """Draw an arrow in data coordinates of an axes, or in fractions of a figure; ``look`` goes to FancyArrowPatch."""
    drawn: dict[str, Any] = {"color": plots.BLACK, "lw": 2.5, "arrowstyle": "-|>", "mutation_scale": 20}
    drawn |= {"shrinkA": 0, "shrinkB": 0} | look
    if isinstance(canvas, Axes):
        canvas.add_patch(FancyArrowPatch(start, end, **drawn))
    else:
        canvas.add_artist(FancyArrowPatch(start, end, transform=canvas.transFigure, **drawn))
