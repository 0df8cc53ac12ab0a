"""What Gradus is, in one picture: write a piece, check it, have it judged."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from figures._diagram import arrow
from gradus import plots

TITLE = "Write each piece yourself, know at once what is wrong with it"
ALT = (
    "Three cards from left to right, joined by arrows. Write: a notebook in which a learner fills in the function "
    "softmax, without subtracting the maximum, and calls check(softmax). Check: the report in the notebook says that "
    "the shape and ordinary scores are right, that large scores are not, with 0.269 and 0.731 expected and nan got, "
    "and names the misconception: no maximum is subtracted, exp(1000) overflows. Judge: the learner's code sits in a "
    "room of its own; inputs go in and arrays come out, while the reference, the hidden cases and the ledger stay "
    "outside; below, a gradebook with a bar for each of four learners, 100 %, 55 %, 85 % and 100 % of the points."
)

MONO = "DejaVu Sans Mono"
GOOD, BAD = plots.ink("true class"), plots.ink("loss")
BOTTOM, HEIGHT = 0.5, 6.5


def draw() -> Figure:
    figure = Figure(figsize=(12.8, 6.4))
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 16), ylim=(0, 8))
    ax.set_axis_off()
    figure.suptitle(TITLE, x=0.025, y=0.965, ha="left", fontsize=22)
    _write(ax, 0.4)
    _check(ax, 5.75)
    _judge(ax, 11.1)
    for x in (5.05, 10.4):
        arrow(ax, (x - 0.05, 3.75), (x + 0.6, 3.75), lw=4, mutation_scale=28)
    return figure


def _card(ax: Axes, left: float, title: str) -> None:
    shape = "round,pad=0,rounding_size=0.16"
    ax.add_patch(FancyBboxPatch((left, BOTTOM), 4.5, HEIGHT, shape, facecolor="white", edgecolor=plots.GREY, lw=2))
    ax.text(left + 0.3, 6.55, title, fontsize=19, weight="bold", va="center")


def _cell(ax: Axes, left: float, bottom: float, height: float, lines: list[tuple[str, str]]) -> None:
    ax.add_patch(Rectangle((left + 0.3, bottom), 3.9, height, facecolor="#F4F6F8", edgecolor=plots.PALE, lw=1.5))
    ax.add_patch(Rectangle((left + 0.3, bottom), 0.07, height, color=plots.BLUE, lw=0))
    for i, (text, colour) in enumerate(lines):
        ax.text(
            left + 0.55,
            bottom + height - 0.33 - 0.42 * i,
            text,
            fontsize=14.5,
            color=colour,
            va="center",
            fontfamily=MONO,
        )


def _write(ax: Axes, left: float) -> None:
    _card(ax, left, "1  Write")
    for y, width in ((5.95, 3.7), (5.65, 3.2), (5.35, 2.2)):
        ax.add_patch(Rectangle((left + 0.3, y - 0.06), width, 0.12, color=plots.PALE, lw=0))
    code = [
        ("def softmax(scores):", plots.BLACK),
        ("    e = np.exp(scores)", plots.BLACK),
        ("    return e / e.sum(", plots.BLACK),
        ("        axis=-1,", plots.BLACK),
        ("        keepdims=True)", plots.BLACK),
    ]
    _cell(ax, left, 2.55, 2.35, code)
    _cell(ax, left, 1.5, 0.66, [("check(softmax)", plots.BLUE)])
    ax.text(left + 0.3, 0.93, "a notebook that explains", fontsize=14.5, va="center")


def _check(ax: Axes, left: float) -> None:
    _card(ax, left, "2  Check")
    rows = (
        ("✓", GOOD, "shape (3, 4)"),
        ("✓", GOOD, "ordinary scores"),
        ("✗", BAD, "large scores"),
    )
    for i, (sign, colour, text) in enumerate(rows):
        y = 5.85 - 0.5 * i
        ax.text(left + 0.3, y, sign, fontsize=18, color=colour, weight="bold", va="center")
        ax.text(left + 0.8, y, text, fontsize=15, va="center")
    for i, (word, value, colour) in enumerate((("expected", "0.269  0.731", plots.BLACK), ("got", "nan    nan", BAD))):
        ax.text(left + 0.8, 4.28 - 0.42 * i, word, fontsize=14.5, va="center")
        ax.text(left + 2.2, 4.28 - 0.42 * i, value, fontsize=14.5, va="center", color=colour, fontfamily=MONO)
    ax.add_patch(Rectangle((left + 0.3, 1.5), 3.9, 1.85, facecolor=plots.COLOURS["loss"], alpha=0.12, lw=0))
    ax.add_patch(Rectangle((left + 0.3, 1.5), 0.07, 1.85, color=plots.COLOURS["loss"], lw=0))
    ax.text(left + 0.55, 2.42, "No maximum is sub-\ntracted: exp(1000)\noverflows.", fontsize=15,
            va="center", linespacing=1.4)  # fmt: skip
    ax.text(left + 0.3, 0.93, "the misconception by name", fontsize=14.5, va="center")


def _judge(ax: Axes, left: float) -> None:
    _card(ax, left, "3  Judge")
    ax.add_patch(Rectangle((left + 0.25, 4.2), 1.45, 1.9, facecolor="#F4F6F8", edgecolor=plots.BLACK, lw=2.5))
    ax.text(left + 0.97, 5.15, "learner's\ncode", fontsize=14.5, ha="center", va="center", linespacing=1.5)
    ax.add_patch(Rectangle((left + 2.75, 4.2), 1.55, 1.9, facecolor="#E3F3EE", edgecolor=GOOD, lw=1.5))
    ax.text(left + 3.52, 5.15, "reference\ncases\nledger", fontsize=14.5, ha="center",
            va="center", color=GOOD, linespacing=1.5)  # fmt: skip
    arrow(ax, (left + 2.7, 5.4), (left + 1.76, 5.4), lw=2)
    arrow(ax, (left + 1.76, 4.6), (left + 2.7, 4.6), lw=2)
    ax.text(left + 2.23, 5.58, "inputs", fontsize=14.5, ha="center")
    ax.text(left + 2.23, 4.78, "arrays", fontsize=14.5, ha="center")
    for i, (name, percent) in enumerate((("Ada", 100), ("Carl", 55), ("Emmy", 85), ("Sofia", 100))):
        y = 3.45 - 0.52 * i
        ax.text(left + 0.3, y, name, fontsize=14.5, va="center")
        ax.add_patch(Rectangle((left + 1.35, y - 0.15), 1.7, 0.3, color=plots.PALE, lw=0))
        ax.add_patch(Rectangle((left + 1.35, y - 0.15), 1.7 * percent / 100, 0.3, color=plots.BLUE, lw=0))
        ax.text(left + 4.2, y, f"{percent} %", fontsize=14.5, va="center", ha="right")
    ax.text(left + 0.3, 0.93, "hidden cases, a fair gradebook", fontsize=14.5, va="center")
