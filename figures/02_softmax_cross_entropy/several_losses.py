"""One network, two losses: classification and a box at once."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from figures._diagram import arrow, box, sheet
from gradus import plots

TITLE = "Several losses at once: what is it, and where?"
ALT = (
    "A diagram read from left to right. An image with an object inside a box enters a shared network, which has two "
    "heads. The upper head gives class scores; softmax and cross-entropy with the true class make the class loss. The "
    "lower head gives four numbers of a box; the squared error to the true box makes the box loss, which counts only "
    "where there is an object. Both are added, the box loss times a weight lambda, to one loss. A dashed "
    "arrow leads back from the loss to the shared network, where the gradients of both losses are added."
)


def draw() -> Figure:
    figure, ax = sheet(TITLE)
    _image(ax)
    ax.text(1.75, 2.45, "image", ha="center")
    box(ax, 4.1, 3.2, 2.1, 2.6, "shared\nnetwork", quantity="hidden", weight="bold")
    box(ax, 7.3, 5.6, 2.3, 1.5, "class\nscores", quantity="score")
    box(ax, 7.3, 1.9, 2.3, 1.5, "box\n$(x, y, w, h)$", quantity="box")
    box(ax, 10.6, 5.6, 2.3, 1.5, "cross-\nentropy", quantity="loss")
    box(ax, 10.6, 1.9, 2.3, 1.5, "squared\nerror", quantity="squared")
    box(ax, 13.7, 3.6, 1.9, 1.8, "loss\n$L$", quantity="loss", weight="bold", fontsize=18)
    arrow(ax, (3.15, 4.5), (4.0, 4.5))
    for y, turn in ((6.35, 5.2), (2.65, 3.8)):
        arrow(ax, (6.3, turn), (7.2, y))
        arrow(ax, (9.7, y), (10.5, y))
    arrow(ax, (13.0, 6.1), (13.9, 5.5))
    arrow(ax, (13.0, 2.9), (13.9, 3.5))
    ax.text(13.75, 6.0, "× 1", ha="left", va="center")
    ax.text(13.75, 2.95, "× λ", ha="left", va="center")
    ax.text(11.75, 7.35, "true class", ha="center", color=plots.ink("true class"), weight="bold")
    ax.text(11.75, 1.2, "true box, if any", ha="center", color=plots.ink("true class"), weight="bold")
    ax.text(8.0, 0.45, "$L$ = cross-entropy + λ · squared box error (only where there is an object)", ha="center")
    arrow(ax, (13.6, 4.5), (6.3, 4.5), color=plots.COLOURS["gradient"], linestyle=(0, (4, 2.5)))
    ax.text(10.1, 4.65, "both gradients are added", color=plots.ink("gradient"), weight="bold", ha="center")
    return figure


def _image(ax: Axes) -> None:
    ax.add_patch(Rectangle((0.5, 3.0), 2.5, 3.0, facecolor="#F2F2F2", edgecolor=plots.GREY, lw=2))
    ax.add_patch(Circle((1.9, 4.3), 0.62, color=plots.GREY))
    ax.add_patch(Rectangle((1.15, 3.55), 1.5, 1.5, fill=False, edgecolor=plots.COLOURS["box"], lw=3.5))
