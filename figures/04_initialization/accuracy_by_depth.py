"""Whether deep networks learn depends on the size of their first weights."""

from matplotlib.figure import Figure

from figures._depth import DEPTHS, LOOKS, trained
from gradus import plots

TITLE = "Four layers learn, if their first weights have the right size"
FOUND = trained()
WORDS = [f"{rule}: {', '.join(f'{mean:.0f}' for mean in found.mean(axis=1))}" for rule, found in FOUND.items()]
ALT = (
    "Validation accuracy on the digits in per cent against the number of hidden layers, one to four, for two "
    "activations and two sizes of the first weights each; a curve is the mean of five seeds, in a band from the "
    f"lowest to the highest. {'; '.join(WORDS)}. With filled marks and solid lines, the good sizes: depth costs hardly "
    "anything. With open marks and dotted lines, weights that are too small: both curves fall to chance, one in ten."
)
# Where the names stand: the number of layers, the height, the side of that place.
PLACES = {
    "sigmoid, 1/√fan-in": (2.45, 48, "right"),
    "sigmoid, 4/√fan-in": (4, 84, "right"),
    "tanh, 0.1/√fan-in": (2.62, 22, "right"),
    "tanh, Xavier": (4, 105, "right"),
}


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    ax = figure.subplots()
    for rule, found in FOUND.items():
        look = LOOKS[rule]
        ax.fill_between(DEPTHS, found.min(axis=1), found.max(axis=1), color=look["color"], alpha=0.18, lw=0)
        ax.plot(DEPTHS, found.mean(axis=1), markersize=10, **look)
        x, y, side = PLACES[rule]
        ax.text(x, y, rule, color=look["color"], weight="bold", ha=side, va="center")
    ax.axhline(10, color=plots.GREY, lw=1.5, zorder=1)
    ax.text(0.92, 14.5, "chance", va="center")
    ax.set(xlim=(0.9, 4.1), ylim=(0, 111), xticks=list(DEPTHS), xlabel="hidden layers")
    ax.set(ylabel="validation accuracy (%)", yticks=range(0, 101, 20))
    return figure
