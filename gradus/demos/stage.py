"""The stage: matplotlib draws the set once, actors move on it.

The set (axes, ticks, labels, contours, legend) becomes one SVG. Actors (lines, points, bars, arrows, images, words) are
placed with data coordinates, turned into pixels by matplotlib's own transforms, and drawn by the browser over the set;
where no browser follows the slider, matplotlib draws the same actors into the same figure.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import BboxImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, Transform, TransformedBbox
from numpy.typing import ArrayLike

from gradus import plots

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

# Browsers refuse coordinates far outside the canvas; a path that diverges has to leave the picture, not break it.
_FAR = 1e5


@dataclass
class Actor:
    """Something that moves: what it looks like never changes, `place` says where it is now.

    Made by the methods of `Stage`, not directly. Every kind but images and words is a set of outlines in pixels: the
    browser and matplotlib paint the same thing and cannot disagree.

    Attributes
    ----------
    kind : {"line", "area", "points", "bars", "arrows", "image", "words"}
        What is drawn.
    axes : matplotlib.axes.Axes
        The axes whose data coordinates it is placed in.
    colours : list of str
        Colour of the first, second, ... element, from the start again when there are more elements.
    size : float
        Width of a stroke, diameter of a point or height of words, in pixels.
    """

    kind: str
    axes: Axes
    colours: list[str]
    size: float
    dash: plots.Dashes = "-"
    alpha: float = 1.0
    filled: bool = True
    marker: str = "o"
    align: str = "center"
    label: str = ""
    data: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    pixels: np.ndarray = field(default_factory=lambda: np.empty((0, 0), dtype=np.uint32))
    words: list[str] = field(default_factory=list)

    def place(self, *columns: ArrayLike, words: Sequence[str] = (), pixels: np.ndarray | None = None) -> None:
        """Put the actor where the model says.

        Parameters
        ----------
        *columns : array_like, shape (M,)
            Data coordinates. Lines, areas, points and words: x, y. Bars, arrows and images: x0, y0, x1, y1.
            A NaN lifts the pen of a line and leaves out anything else; a point outside the axes is left out.
        words : sequence of str
            One text per element of a ``words`` actor.
        pixels : ndarray of uint8, shape (H, W, 4), optional
            Colours of an image, first row on top.
        """
        self.data = np.stack(np.broadcast_arrays(*(np.atleast_1d(np.asarray(c, dtype=float)) for c in columns)), axis=1)
        self.words = list(words)
        if pixels is not None:
            self.pixels = np.ascontiguousarray(pixels, dtype=np.uint8).view(np.uint32)[..., 0]

    def outline(self) -> np.ndarray:
        """Return what to paint as pixels from the top left corner of the picture, shape (M, 2), NaN between pieces."""
        points = self.axes.transData.transform(self.data.reshape(-1, 2))
        if self.kind == "points":
            # Whole or not at all: half a point on the edge looks like a mistake.
            low, high = self.axes.bbox.padded(0.01).get_points()
            points[~((low <= points) & (points <= high)).all(axis=1)] = np.nan
        points[:, 1] = self.axes.figure.bbox.height - points[:, 1]
        if self.kind == "points":
            return _pieces(points[:, None] + self.size / 2 * _MARKERS[self.marker])
        if self.kind == "line":
            return _within_reach(points)
        points = np.clip(points, -_FAR, _FAR)
        corners = points.reshape(len(self.data), -1)
        if self.kind == "bars":
            return _pieces(corners[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2))
        if self.kind == "arrows":
            return _pieces(_arrows(corners[:, :2], corners[:, 2:], self.size))
        return points

    def paper(self) -> Transform:
        """Return the transform from pixels to the figure, whose resolution is another one when it is printed."""
        return Affine2D().scale(1 / self.axes.figure.dpi) + self.axes.figure.dpi_scale_trans

    def window(self) -> Bbox:
        """Return where it can be seen, in pixels: inside the axes; words and the points on their edge beyond."""
        beyond = self.kind in ("words", "points")
        return (self.axes.figure.bbox if beyond else self.axes.bbox).frozen()

    def numbers(self) -> np.ndarray:
        """Return what the browser paints from, float32; an image's colours follow its corners and its shape."""
        flat = self.outline().astype(np.float32).ravel()
        if self.kind != "image":
            return flat
        shape = np.array(self.pixels.shape[::-1], dtype=np.float32)
        return np.concatenate([flat, shape, self.pixels.ravel().view(np.float32)])

    def artists(self) -> list[Artist]:
        """Return the same thing for matplotlib to paint."""
        figure = self.axes.figure
        outline, paper = self.outline() * (1, -1) + (0, figure.bbox.height), self.paper()
        if self.kind == "image":
            (x0, y0), (x1, y1) = outline
            image = BboxImage(
                TransformedBbox(Bbox([[x0, y1], [x1, y0]]), paper), interpolation="nearest", origin="upper"
            )
            image.set_data(self.pixels.view(np.uint8).reshape(*self.pixels.shape, 4))
            return [image]
        if self.kind == "words":
            size = self.size * 72 / figure.dpi
            style: Any = {"ha": self.align, "va": "center", "fontsize": size, "fontweight": "bold"}
            halo = [withStroke(linewidth=_HALO * size, foreground=plots.WHITE)]
            return [
                Text(x, y, word, color=colour, path_effects=halo, transform=paper, **style)
                for (x, y), word, colour in zip(outline, self.words, cycle(self.colours), strict=False)
                if np.isfinite([x, y]).all()
            ]
        stroke = 0 if self.filled else self.size / (6 if self.kind == "points" else 1) * 72 / figure.dpi
        look = {"fill": self.filled, "lw": stroke, "ls": self.dash, "alpha": self.alpha, "transform": paper}
        lifted = np.flatnonzero(np.isnan(outline).any(axis=1))
        pieces = [piece[~np.isnan(piece).any(axis=1)] for piece in np.split(outline, lifted)]
        return [
            PathPatch(Path(piece), color=colour, capstyle="butt", joinstyle="round", **look)
            for piece, colour in zip(pieces, cycle(self.colours), strict=False)
            if len(piece)
        ]


class Stage:
    """One figure in the house style and the actors on it.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen; sets the text size, the strokes and the width of the picture.
    height : float
        Height of the picture as a fraction of its width.
    """

    def __init__(self, size: str = "notebook", height: float = 0.42) -> None:
        width = {"notebook": 8.8, "lecture": 12.8}
        if size not in width:
            raise ValueError(f"size must be 'notebook' or 'lecture'; got {size!r}.")
        self.size = size
        self._style = plots.style(size)
        with self.styled():
            self.figure = Figure(figsize=(width[size], width[size] * height), dpi=100)
        self.cast: list[Actor] = []
        self._frozen = False

    @property
    def shape(self) -> tuple[float, float]:
        """Width and height of the picture in pixels."""
        return self.figure.bbox.width, self.figure.bbox.height

    def panels(self, *titles: str, **subplots: Any) -> list[Axes]:
        """Add axes, one for each title; ``subplots`` goes to ``Figure.subplots`` (one row unless it says otherwise)."""
        with self.styled():
            subplots = {"ncols": len(titles), "squeeze": False} | subplots
            grid: Any = self.figure.subplots(**subplots)
            axes = list(grid.flat)
            for ax, title in zip(axes, titles, strict=True):
                ax.set_title(title)
        return axes

    def line(self, ax: Axes, quantity: str, alpha: float = 1.0, label: str = "", width: float = 1.0) -> Actor:
        """Add a line through points (x, y) in the colour and dashes of a quantity (`gradus.plots.COLOURS`)."""
        look = plots.line(quantity)
        stroke = self._pixels("lines.linewidth", width)
        return self._enter(
            "line", ax, [look["color"]], stroke, dash=look["linestyle"], alpha=alpha, filled=False, label=label
        )

    def area(self, ax: Axes, *quantities: str, alpha: float = 0.6, label: str = "") -> Actor:
        """Add filled outlines (x, y), NaN between one and the next."""
        return self._enter("area", ax, _colours(quantities), 0, alpha=alpha, label=label)

    def points(
        self, ax: Axes, *quantities: str, marker: str = "o", filled: bool = True, label: str = "", width: float = 1.0
    ) -> Actor:
        """Add points (x, y); ``marker`` is ``"o"``, ``"s"``, ``"^"``, ``"v"`` or ``"x"`` (not filled)."""
        size = self._pixels("lines.markersize", width)
        return self._enter("points", ax, _colours(quantities), size, marker=marker, filled=filled, label=label)

    def bars(self, ax: Axes, *quantities: str, alpha: float = 1.0, label: str = "") -> Actor:
        """Add rectangles (x0, y0, x1, y1)."""
        return self._enter("bars", ax, _colours(quantities), 0, alpha=alpha, label=label)

    def arrows(self, ax: Axes, *quantities: str, label: str = "", width: float = 1.0) -> Actor:
        """Add arrows from (x0, y0) to (x1, y1)."""
        return self._enter("arrows", ax, _colours(quantities), self._pixels("lines.linewidth", width), label=label)

    def image(self, ax: Axes) -> Actor:
        """Add an image between the corners (x0, y0), top left, and (x1, y1), bottom right."""
        return self._enter("image", ax, [plots.BLACK], 0)

    def words(self, ax: Axes, *quantities: str, align: str = "center", width: float = 0.9) -> Actor:
        """Add short bold texts at (x, y), which may leave the axes; ``align`` as in matplotlib's ``ha``."""
        colours = [plots.ink(quantity) for quantity in quantities]
        return self._enter("words", ax, colours, self._pixels("font.size", width), align=align)

    def legend(self, ax: Axes, **options: Any) -> None:
        """Explain the labelled artists and actors of these axes."""
        with self.styled():
            handles = [*ax.get_legend_handles_labels()[0]]
            handles += [_proxy(actor) for actor in self.cast if actor.axes is ax and actor.label]
            ax.legend(handles=handles, **options)

    def set(self) -> str:
        """Return the set, without actors, as SVG; the layout stays as it is from here on."""
        self._freeze()
        with self.styled(), mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "gradus"}):
            svg = io.StringIO()
            self.figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        return svg.getvalue()

    def picture(self) -> bytes:
        """Return set and actors as PNG, drawn by matplotlib alone."""
        self._freeze()
        added = []
        with self.styled():
            for order, actor in enumerate(self.cast):
                window = TransformedBbox(actor.window(), actor.paper())
                for artist in actor.artists():
                    artist.set_zorder(10 + order)
                    actor.axes.figure.add_artist(artist)
                    artist.set_clip_box(window)
                    added.append(artist)
            png = io.BytesIO()
            self.figure.savefig(png, format="png", dpi=150)
            for artist in added:
                artist.remove()
        return png.getvalue()

    def looks(self) -> list[dict[str, Any]]:
        """Return what the browser has to know about each actor once; lengths in pixels."""
        self._freeze()
        height = self.shape[1]
        settings: Any = mpl.rcParams
        looks = []
        for actor in self.cast:
            box = actor.window()
            stroke = actor.size / 6 if actor.kind == "points" else actor.size
            if isinstance(actor.dash, str):
                dash = [] if actor.dash == "-" else settings[f"lines.{_DASHES[actor.dash]}_pattern"]
            else:
                dash = actor.dash[1]
            looks.append(
                {
                    "kind": actor.kind if actor.kind in ("image", "words") else "outline",
                    "colours": actor.colours,
                    "size": stroke,
                    "dash": [step * stroke for step in dash],
                    "alpha": actor.alpha,
                    "filled": actor.filled,
                    "align": actor.align,
                    "halo": _HALO * actor.size,
                    "clip": [box.x0, height - box.y1, *box.size],
                }
            )
        return looks

    def frame(self) -> tuple[list[int], list[str], bytes]:
        """Return how many numbers each actor has, all words, and all numbers as float32 bytes."""
        self._freeze()
        parts = [actor.numbers() for actor in self.cast]
        words = [word for actor in self.cast for word in actor.words]
        return [len(part) for part in parts], words, b"".join(part.tobytes() for part in parts)

    def styled(self) -> AbstractContextManager[Any]:
        """Turn the house style on for a block."""
        return plots.use_style(self.size)

    def _enter(self, kind: str, ax: Axes, colours: list[str], size: float, **look: Any) -> Actor:
        self.cast.append(Actor(kind, ax, colours or [plots.BLACK], size, **look))
        return self.cast[-1]

    def _pixels(self, setting: str, factor: float) -> float:
        return float(factor * self._style[setting] * self.figure.dpi / 72)

    def _freeze(self) -> None:
        if not self._frozen:
            self._frozen = True
            with self.styled():
                self.figure.draw_without_rendering()
                self.figure.set_layout_engine("none")


def decades(*exponents: int) -> dict[str, Any]:
    """Return ticks of a logarithmic y axis, for ``Axes.set``: powers of ten, all written as powers."""
    return {"yticks": [10.0**n for n in exponents], "yticklabels": [f"$10^{{{n}}}$" for n in exponents]}


def written(value: float, digits: int = 2) -> str:
    """Return a number as people write it: 0.20, 34 000, 3.1 · 10⁻⁸, ∞."""
    if value == 0 or not np.isfinite(value):
        return f"{value:.0f}".replace("inf", "∞")
    text = f"{value:.{digits - 1}e}"
    mantissa, exponent = text.split("e")
    if -5 < int(exponent) < 6:
        return f"{Decimal(text):,f}".replace(",", " ")
    return f"{mantissa} · 10{str(int(exponent)).translate(_RAISED)}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DASHES = {"--": "dashed", "-.": "dashdot", ":": "dotted"}
# White around words, as a fraction of their height: they stay legible on a curve.
_HALO = 0.25
_TURN = np.linspace(0, 2 * np.pi, 25)
_MARKERS = {
    "o": np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1),
    "s": np.array([(-1.0, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * 0.9,
    "^": np.array([(0.0, -1), (1, 0.8), (-1, 0.8), (0, -1)]),
    "v": np.array([(0.0, 1), (1, -0.8), (-1, -0.8), (0, 1)]),
    "x": np.array([(-1.0, -1), (1, 1), (np.nan, np.nan), (-1, 1), (1, -1)]) * 0.8,
}


def _colours(quantities: Sequence[str]) -> list[str]:
    return [plots.COLOURS[quantity] for quantity in quantities]


def _pieces(outlines: np.ndarray) -> np.ndarray:
    """Join outlines (M, K, 2) into one, with NaN between."""
    ends = np.full((len(outlines), 1, 2), np.nan)
    return np.concatenate([outlines, ends], axis=1).reshape(-1, 2)


def _within_reach(points: np.ndarray) -> np.ndarray:
    """Cut a line where it goes too far for browsers, and lift the pen there; what is left keeps its direction."""
    if not (np.abs(points) > _FAR).any():
        return points
    begins, ends = points[:-1], points[1:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        along = ends - begins
        crossings = np.sort(np.stack([(-_FAR - begins) / along, (_FAR - begins) / along]), axis=0)
        enter = np.maximum(0, crossings[0].max(axis=1, keepdims=True))
        leave = np.minimum(1, crossings[1].min(axis=1, keepdims=True))
        lasts = np.where(leave < 1, begins + leave * along, ends)
        lifts = np.where(leave < 1, np.nan, ends)
        pieces = np.stack([begins + enter * along, lasts, lifts], axis=1)
    pieces[~(enter <= leave)[:, 0]] = np.nan
    return np.clip(pieces.reshape(-1, 2), -_FAR, _FAR)


def _arrows(tails: np.ndarray, tips: np.ndarray, width: float) -> np.ndarray:
    """Return the outlines (M, 7, 2) of arrows; a short arrow is all head."""
    along = tips - tails
    length = np.linalg.norm(along, axis=1, keepdims=True)
    along = along / np.maximum(length, 1e-9)
    across = along[:, ::-1] * (-1, 1)
    head = np.minimum(4 * width, length)
    neck, half = tips - head * along, head / 2
    thin = np.minimum(width / 2, half)
    corners = [tails + thin * across, neck + thin * across, neck + half * across, tips]
    corners += [neck - half * across, neck - thin * across, tails - thin * across]
    return np.stack(corners, axis=1)


def _proxy(actor: Actor) -> Artist:
    points = 72 / actor.axes.figure.dpi * actor.size
    if actor.kind == "points":
        face = actor.colours[0] if actor.filled else "none"
        return Line2D(
            [], [], color=actor.colours[0], ls="", marker=actor.marker, ms=points, mfc=face, label=actor.label
        )
    if actor.kind == "line":
        return Line2D([], [], color=actor.colours[0], lw=points, ls=actor.dash, label=actor.label)
    return Patch(color=actor.colours[0], alpha=actor.alpha, label=actor.label)
