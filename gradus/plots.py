"""The house style: one palette, one set of sizes and a few ready pictures for notebooks, demos, figures and reports.

A quantity has the same colour and line style wherever it appears: ``ax.plot(epochs, losses, **plots.line("train"))``.
Matplotlib is imported when the first picture is drawn, not before.
"""

from __future__ import annotations

import base64
import html
import io
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette ("Color universal design", 2008): told apart with every common kind of colour vision.
BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, YELLOW, BLACK = "#CC79A7", "#56B4E9", "#F0E442", "#222222"
GREY, PALE, WHITE = "#8C8C8C", "#E4E4E4", "#FFFFFF"

COLOURS: dict[str, str] = {
    # data and learning curves
    "train": BLUE,
    "validation": VERMILLION,
    "test": GREEN,
    "example": BLACK,
    "outlier": VERMILLION,
    "other": GREY,
    # from scores to a loss
    "score": SKY,
    "exponential": PURPLE,
    "probability": BLUE,
    "true class": GREEN,
    "loss": VERMILLION,
    "gradient": PURPLE,
    "squared": BLUE,
    "absolute": ORANGE,
    "box": ORANGE,
    # derivatives
    "function": BLUE,
    "tangent": ORANGE,
    "error": VERMILLION,
    "value": BLUE,
    # optimization
    "path": VERMILLION,
    "start": BLACK,
    "minimum": GREEN,
    "learning rate": PURPLE,
    "sgd": BLACK,
    "momentum": BLUE,
    "nesterov": PURPLE,
    "adagrad": ORANGE,
    "rmsprop": GREEN,
    "adam": VERMILLION,
    # inside the network
    "input": SKY,
    "hidden": BLUE,
    "output": VERMILLION,
    "weight": BLACK,
    "activation": BLUE,
}

# A name, or an offset and the lengths of strokes and gaps in widths of the line.
Dashes = str | tuple[float, tuple[float, ...]]
# A second sign beside colour, for quantities that share an axis; solid where none is named.
LINES: dict[str, Dashes] = {
    "validation": "--",
    "test": "-.",
    "absolute": "--",
    "gradient": "--",
    "tangent": "--",
    "exponential": ":",
    "momentum": "--",
    "nesterov": (0, (6, 1, 1, 1)),
    "adagrad": "-.",
    "rmsprop": ":",
    "adam": "-",
    "output": "--",
}

# Colour maps: magnitudes, values around zero, the surface under a path, grey scans.
SEQUENTIAL, DIVERGING, SURFACE, SCAN = "Blues", "PuOr_r", "Greys", "gray_r"

# size: (width and height in inches, pixels per inch, points of the text, points of a line)
_SIZES: dict[str, tuple[tuple[float, float], int, float, float]] = {
    "notebook": ((7.2, 4.0), 100, 11, 2.0),
    "lecture": ((12.8, 7.2), 100, 22, 4.0),
    "figure": ((9.6, 5.4), 100, 16, 3.0),
    "report": ((6.4, 3.2), 100, 10, 1.8),
}

_size_on: str | None = None


def line(quantity: str) -> dict[str, Any]:
    """Colour and line style of a quantity, as keyword arguments for ``ax.plot``.

    Parameters
    ----------
    quantity : str
        A key of ``COLOURS``, e.g. ``"train"`` or ``"gradient"``.

    Returns
    -------
    dict
        ``{"color": ..., "linestyle": ...}``.

    Raises
    ------
    ValueError
        If the house style does not know the quantity.
    """
    return {"color": _colour(quantity), "linestyle": LINES.get(quantity, "-")}


def ink(quantity: str) -> str:
    """Colour of a quantity, darkened until text in it can be read on white (WCAG 2 contrast of at least 4.5).

    Parameters
    ----------
    quantity : str
        A key of ``COLOURS``.

    Returns
    -------
    str
        Hexadecimal colour, e.g. ``"#0072B2"``.
    """
    rgb = np.array([int(_colour(quantity)[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.97
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in rgb)


def style(size: str | None = None) -> dict[str, Any]:
    """Matplotlib's rcParams for one size of picture.

    Parameters
    ----------
    size : {"notebook", "lecture", "figure", "report"}, optional
        Where the picture will be seen: in a cell, on the wall of a lecture hall, on a slide, on a page of a report.
        The size that is on now when not given, else ``"notebook"``.

    Returns
    -------
    dict
        Names and values for ``matplotlib.rcParams``.

    Raises
    ------
    ValueError
        If there is no such size.
    """
    size = size or _size_on or "notebook"
    if size not in _SIZES:
        raise ValueError(f"size must be one of {', '.join(map(repr, _SIZES))}; got {size!r}.")
    figsize, dpi, text, stroke = _SIZES[size]
    cycle = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK]
    dashes = ["-", "--", "-.", ":", "-", "--", "-."]
    return {
        "figure.figsize": figsize,
        "figure.dpi": dpi,
        "figure.facecolor": WHITE,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.h_pad": 0.6 * text / 72,
        "figure.constrained_layout.w_pad": 0.6 * text / 72,
        "figure.titlesize": 1.15 * text,
        "figure.titleweight": "bold",
        "font.family": ["DejaVu Sans"],
        "font.size": text,
        "mathtext.fontset": "dejavusans",
        "text.color": BLACK,
        "axes.facecolor": WHITE,
        "axes.edgecolor": GREY,
        "axes.linewidth": 0.4 * stroke,
        "axes.labelcolor": BLACK,
        "axes.labelsize": text,
        "axes.titlesize": 1.1 * text,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 0.8 * text,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        # On logarithmic axes 0.2, 3 and 1000, not 2 × 10⁻¹, 3 × 10⁰ and 10³.
        "axes.formatter.min_exponent": 4,
        "axes.prop_cycle": f"cycler('color', {cycle}) + cycler('linestyle', {dashes})",
        "grid.color": PALE,
        "grid.linewidth": 0.35 * stroke,
        "xtick.color": GREY,
        "xtick.labelcolor": BLACK,
        "xtick.labelsize": 0.9 * text,
        "xtick.major.width": 0.35 * stroke,
        "xtick.major.size": 0.3 * text,
        "xtick.major.pad": 0.4 * text,
        "ytick.color": GREY,
        "ytick.labelcolor": BLACK,
        "ytick.labelsize": 0.9 * text,
        "ytick.major.width": 0.35 * stroke,
        "ytick.major.size": 0.3 * text,
        "ytick.major.pad": 0.4 * text,
        "lines.linewidth": stroke,
        "lines.markersize": 3 * stroke,
        "lines.dash_capstyle": "round",
        "lines.solid_capstyle": "round",
        "patch.linewidth": 0.5 * stroke,
        "legend.frameon": False,
        "legend.fontsize": 0.9 * text,
        "image.cmap": SEQUENTIAL,
        "savefig.facecolor": WHITE,
    }


def use_style(size: str | None = None) -> ExitStack:
    """Turn the house style on: for good when called, until the end of the block in a ``with`` statement.

    Parameters
    ----------
    size : {"notebook", "lecture", "figure", "report"}, optional
        As in `style`; the size that is on now when not given, else ``"notebook"``.

    Returns
    -------
    contextlib.ExitStack
        Leaving it puts the earlier settings back.
    """
    global _size_on
    import matplotlib

    rcparams: Any = matplotlib.rcParams
    size = size or _size_on or "notebook"
    chosen = style(size)
    restore = ExitStack()
    restore.callback(_restore, {name: rcparams[name] for name in chosen}, _size_on)
    rcparams.update(chosen)
    _size_on = size
    return restore


def axes(
    title: str, xlabel: str = "", ylabel: str = "", size: str | None = None, **subplots: Any
) -> tuple[Figure, Any]:
    """Open an empty picture in the house style, and leave the style on for what is drawn into it.

    The figure is not registered with pyplot: a cell shows it when it is its last value, and nothing keeps it alive.

    Parameters
    ----------
    title : str
        Says what the picture shows.
    xlabel, ylabel : str
        Axis labels with units, set on every axes.
    size : {"notebook", "lecture", "figure", "report"}, optional
        As in `use_style`.
    **subplots
        Arguments of ``Figure.subplots`` (``nrows``, ``ncols``, ``sharex``, ...) and ``figsize`` in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes or ndarray of Axes
    """
    from matplotlib.figure import Figure

    use_style(size)
    figure = Figure(figsize=subplots.pop("figsize", None))
    panels = figure.subplots(**subplots)
    for panel in np.atleast_1d(panels).flat:
        panel.set(xlabel=xlabel, ylabel=ylabel)
    if np.size(panels) == 1:
        np.atleast_1d(panels).flat[0].set_title(title)
    else:
        figure.suptitle(title, x=0.01, ha="left")
    return describe(figure, title), panels


def describe(figure: Figure, text: str) -> Figure:
    """Give a figure its alternative text, and make notebooks show it with that text.

    JupyterLab drops the ``alt`` of a PNG output, so the picture is shown as an HTML image, with the PNG and the text
    beside it for readers of the notebook file that want those. A pyplot figure is taken out of pyplot's list, or it
    would be shown a second time at the end of the cell: let the call be the last line of the cell.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure.
    text : str
        What the picture shows, in words, for those who cannot see it.

    Returns
    -------
    matplotlib.figure.Figure
        The same figure.

    Raises
    ------
    ValueError
        If the text is empty.
    """
    if not text.strip():
        raise ValueError("The alternative text is empty: say in words what the picture shows.")
    if figure.canvas.manager is not None:
        import matplotlib.pyplot as plt

        plt.close(figure)
    figure.alt_text = text  # type: ignore[attr-defined]
    figure._repr_mimebundle_ = partial(_mimebundle, figure)  # type: ignore[attr-defined]
    return figure


def images(
    x: ArrayLike,
    image_shape: tuple[int, ...] = (8, 8),
    titles: Sequence[object] | None = None,
    columns: int = 8,
    title: str = "Images",
    size: str | None = None,
    alt: str | None = None,
) -> Figure:
    """Show a batch of images in rows.

    Parameters
    ----------
    x : array_like, shape (N, D) or (N, *image_shape)
        One image per row; all are drawn on one grey scale, the smallest value white, the largest black.
        Colour images (last size 3) hold values from 0 to 1.
    image_shape : tuple of int
        Height, width and, for colour images, 3.
    titles : sequence of length N, optional
        What to write above each image.
    columns : int
        Images per row.
    title : str
        Title of the whole picture.
    size, alt
        As in `use_style` and `describe`; the alternative text is made from the titles when none is given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``x`` does not hold images of that shape or there is not one title per image.
    """
    x = np.asarray(x)
    if x.ndim < 2 or not len(x) or x[0].size != np.prod(image_shape):
        raise ValueError(f"Expected x of shape (N, {np.prod(image_shape)}) for images {image_shape}; got {x.shape}.")
    if titles is not None and len(titles) != len(x):
        raise ValueError(f"Expected one title per image: {len(x)} images, {len(titles)} titles.")
    pictures = x.reshape(len(x), *image_shape)
    columns = max(2, min(columns, len(x)))
    rows = -(-len(x) // columns)
    with use_style(size):
        width = style()["figure.figsize"][0]
        side = width / max(columns, 6)
        height = rows * side * (1.3 if titles is not None else 1.05) + 0.08 * width
        figure, panels = axes(title, nrows=rows, ncols=columns, figsize=(max(side * columns, width / 2), height))
        for panel in panels.flat:
            panel.set_axis_off()
        for i, (panel, picture) in enumerate(zip(panels.flat, pictures, strict=False)):
            panel.imshow(picture, cmap=SCAN, vmin=x.min(), vmax=x.max(), interpolation="nearest")
            if titles is not None:
                panel.set_title(str(titles[i]), loc="center", fontweight="normal", pad=3)
    named = "" if titles is None else ": " + ", ".join(map(str, titles))
    return describe(figure, alt or f"{title}: {len(x)} images{named}.")


def learning_curve(
    train: ArrayLike,
    validation: ArrayLike | None = None,
    ylabel: str = "loss (nats)",
    xlabel: str = "epoch",
    title: str = "Learning curve",
    size: str | None = None,
    alt: str | None = None,
) -> Figure:
    """Draw a loss (or an accuracy) against the epochs, each curve labelled at its end.

    Parameters
    ----------
    train : array_like, shape (T,)
        Value after each epoch, the first one after epoch 1.
    validation : array_like, shape (T,), optional
        The same on the validation set.
    ylabel, xlabel, title : str
        Labels, with units.
    size, alt
        As in `use_style` and `describe`; the alternative text is made from the numbers when none is given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a curve is empty or not one-dimensional.
    """
    curves = {"train": np.asarray(train, dtype=float)}
    if validation is not None:
        curves["validation"] = np.asarray(validation, dtype=float)
    for name, values in curves.items():
        if values.ndim != 1 or not len(values):
            raise ValueError(f"Expected {name} of shape (T,), one value per epoch; got shape {values.shape}.")
    words = []
    with use_style(size):
        figure, ax = axes(title, xlabel, ylabel)
        for name, values in curves.items():
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, label=name, marker="o" if len(values) == 1 else None, **line(name))
            words.append(f"{name} goes from {values[0]:.3g} to {values[-1]:.3g}")
        ax.xaxis.get_major_locator().set_params(integer=True)
        _label_ends(ax)
    return describe(figure, alt or f"{title}: {ylabel} against {xlabel}, 1 to {len(epochs)}; {'; '.join(words)}.")


def confusion(
    matrix: ArrayLike,
    labels: Sequence[object] | None = None,
    title: str = "Which classes are confused",
    size: str | None = None,
    alt: str | None = None,
) -> Figure:
    """Draw a confusion matrix; right answers stay grey so that the mistakes stand out.

    Parameters
    ----------
    matrix : array_like of int, shape (C, C)
        Examples counted by true class (row) and predicted class (column).
    labels : sequence of length C, optional
        Names of the classes, 0 to C − 1 when not given.
    title : str
        Title of the picture.
    size, alt
        As in `use_style` and `describe`; the alternative text names the commonest mistake when none is given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the matrix is not square or there is not one label per class.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError(f"Expected a square matrix (C, C); got shape {matrix.shape}.")
    classes = len(matrix)
    names = [str(label) for label in (range(classes) if labels is None else labels)]
    if len(names) != classes:
        raise ValueError(f"Expected one label per class: {classes} classes, {len(names)} labels.")
    right = np.eye(classes, dtype=bool)
    mistakes = np.where(right, 0, matrix)
    worst = max(mistakes.max(), 1)

    with use_style(size):
        width = style()["figure.figsize"][0]
        figure, ax = axes(title, "predicted class", "true class", figsize=(0.72 * width, 0.76 * width))
        ax.imshow(np.where(right, np.nan, mistakes), cmap=SEQUENTIAL, vmin=0, vmax=1.2 * worst)
        ax.imshow(np.where(right, 1.0, np.nan), cmap=SURFACE, vmin=0, vmax=8)
        for i, j in np.ndindex(matrix.shape):
            if matrix[i, j]:
                shade = WHITE if mistakes[i, j] > 0.6 * worst else BLACK
                weight = "normal" if right[i, j] else "bold"
                ax.text(j, i, f"{matrix[i, j]:g}", ha="center", va="center", color=shade, fontweight=weight)
        ax.set(xticks=range(classes), yticks=range(classes), xticklabels=names, yticklabels=names)
        ax.grid(False)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    i, j = np.unravel_index(mistakes.argmax(), matrix.shape)
    commonest = f"the commonest mistake is {names[j]} for a true {names[i]}, {matrix[i, j]:g} times"
    rate = f"{matrix[right].sum():g} of {matrix.sum():g} examples right"
    return describe(figure, alt or f"{title}: {rate}; {commonest if mistakes.any() else 'no mistakes'}.")


def _restore(settings: dict[str, Any], size: str | None) -> None:
    global _size_on
    import matplotlib

    rcparams: Any = matplotlib.rcParams
    rcparams.update(settings)
    _size_on = size


def _colour(quantity: str) -> str:
    if quantity not in COLOURS:
        raise ValueError(f"No colour is set for {quantity!r}; plots.COLOURS has {', '.join(COLOURS)}.")
    return COLOURS[quantity]


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _label_ends(ax: Axes) -> None:
    """Write each line's label beside its last point, moved apart where two would touch."""
    settings = style()
    low, high = ax.get_ylim()
    # A line of text as a share of the axes' height, in the unit of the y axis; the axes fill about 3/4 of the figure.
    gap = 1.5 * settings["font.size"] / 72 / (0.75 * settings["figure.figsize"][1]) * (high - low)
    above = -np.inf
    for one in sorted(ax.get_lines(), key=lambda one: float(np.asarray(one.get_xydata())[-1, 1])):
        x, y = np.asarray(one.get_xydata())[-1]
        above = max(float(y), above + gap)
        name = str(one.get_label())
        ax.annotate(name, (x, above), (8, 0), textcoords="offset points", va="center", color=ink(name), weight="bold")


def _mimebundle(
    figure: Figure, include: object = None, exclude: object = None
) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
    """Build what a notebook stores of a figure: HTML with alternative text, the PNG, and the text alone."""
    _keep_ipython_from_drawing(figure)
    png = io.BytesIO()
    # Twice the screen's resolution: sharp on a projector and on high-density displays.
    figure.savefig(png, format="png", dpi=2 * figure.dpi)
    data = base64.b64encode(png.getvalue()).decode("ascii")
    width = round(figure.get_figwidth() * figure.dpi)
    text = str(getattr(figure, "alt_text", ""))
    image = f'<img src="data:image/png;base64,{data}" width="{width}" alt="{html.escape(text)}">'
    metadata: dict[str, dict[str, object]] = {"image/png": {"alt": text, "width": width}}
    return {"text/html": image, "image/png": data, "text/plain": text}, metadata


def _keep_ipython_from_drawing(figure: Figure) -> None:
    """Leave the PNG to the bundle: once pyplot is loaded, IPython draws every figure anew and stores that instead."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return
    printers = shell.display_formatter.formatters["image/png"].singleton_printers
    if id(figure) not in printers:
        # A printer that returns nothing leaves what the bundle holds; another figure may get the id of a dead one.
        printers[id(figure)] = lambda figure: None
        weakref.finalize(figure, printers.pop, id(figure), None)
