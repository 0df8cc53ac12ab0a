"""Why the gradient is computed from the loss: a row stays a row, whatever it is multiplied with."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures._diagram import sheet
from gradus import plots

TITLE = "From the loss, every product is a row times a matrix"
ALT = (
    "The gradient of a loss as a product of three matrices of derivatives, drawn to scale: a row of shape 1 × 100 and "
    "two matrices of shape 100 × 100. Upper line, from the loss: the row times the first matrix is a row and takes "
    "10,000 multiplications, that row times the second matrix 10,000 more, together 20,000. Lower line, from the "
    "input: the product of the two matrices is a matrix and takes 1,000,000 multiplications, the row times that "
    "matrix 10,000, together 1,010,000. Both give the same row."
)

SIDE = 100
# Units of the sheet for one row or column of a matrix; a single row would be too thin to see.
SCALE, THIN = 0.0185, 0.09
GAP, EQUALS = 0.4, 0.8
ROW, SQUARE = (1, SIDE), (SIDE, SIDE)


def draw() -> Figure:
    figure, ax = sheet(TITLE)
    step, whole = SIDE**2, SIDE**3
    _line(ax, 5.3, "from the loss", "minimum", 0, (step, step))
    _line(ax, 1.3, "from the input", "loss", 1, (whole, step))
    return figure


def _line(ax: Axes, y: float, name: str, quantity: str, first: int, counts: tuple[int, int]) -> None:
    """One order of the products: which pair is multiplied first, and how many multiplications each product takes."""
    ink, end = plots.ink(quantity), 15.6
    ax.text(0.5, y + 2.3, name, weight="bold", va="center", fontsize=17)
    ax.text(end, y + 2.3, f"{sum(counts):,} multiplications", color=ink, weight="bold", ha="right", va="center")
    x = 0.5
    for pair, count, shapes in ((first, counts[0], (ROW, SQUARE, SQUARE)), (0, counts[1], (ROW, SQUARE))):
        left = x + pair * (SIDE * SCALE + GAP)
        right = left + 2 * SIDE * SCALE + GAP
        ax.plot([left, left, right, right], [y + up for up in (1, 1.15, 1.15, 1)], color=ink, lw=2.5, linestyle="-")
        ax.text((left + right) / 2, y + 1.5, f"{count:,}", color=ink, weight="bold", ha="center", va="center")
        x = _product(ax, x, y, shapes)
        ax.text(x + EQUALS / 2, y, "=", ha="center", va="center", fontsize=22, weight="bold")
        x += EQUALS
    _product(ax, x, y, (ROW,))


def _product(ax: Axes, x: float, y: float, shapes: tuple[tuple[int, int], ...]) -> float:
    """Draw matrices side by side, to scale; return where they end."""
    for place, shape in enumerate(shapes):
        if place:
            ax.text(x - GAP / 2, y, "·", ha="center", va="center", fontsize=20, weight="bold")
        width, height = shape[1] * SCALE, max(shape[0] * SCALE, THIN)
        single = shape == ROW
        colour = plots.COLOURS["gradient" if single else "hidden"]
        ax.add_patch(Rectangle((x, y - height / 2), width, height, facecolor=colour, alpha=1 if single else 0.35, lw=0))
        label = f"{shape[0]} × {shape[1]}"
        ax.text(x + width / 2, y - 0.35 * single, label, ha="center", va="center", fontsize=13)
        x += width + GAP
    return x - GAP
