"""Three shifts between training data and new data."""

from matplotlib.figure import Figure

from gradus import plots
from gradus.demos.batch_normalization import population, shifted, true_class

TITLE = "Three ways in which new data can differ from the training data"
SHOWN = 120
PANELS = {
    "training data": (population()[0], true_class(population()[0])),
    "covariate shift: other inputs": shifted("covariate", 0.8),
    "prior shift: other frequencies": shifted("prior", 1.0),
    "concept shift: other labels": shifted("concept", 1.0),
}
SHARES = {name: float(y.mean()) for name, (_, y) in PANELS.items()}
BEFORE, _, PRIOR, CONCEPT = SHARES.values()
ALT = (
    f"Four scatter plots of two inputs with two classes, whose border is a parabola. Training data: the points lie "
    f"around zero, {BEFORE:.0%} of them are squares, above the parabola. Covariate shift: the points lie further "
    f"right, and the parabola stays. Prior shift: nearly all points are squares, {PRIOR:.0%}; each class lies where it "
    f"lay. Concept shift: the points stay, but the parabola is higher, and only {CONCEPT:.0%} are squares."
)


def draw() -> Figure:
    figure = Figure()
    figure.suptitle(TITLE, x=0.02, ha="left")
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for ax, (name, (x, y)) in zip(panels.flat, PANELS.items(), strict=True):
        for kind, quantity, marker in ((0, "function", "o"), (1, "error", "s")):
            own = x[:SHOWN][y[:SHOWN] == kind]
            ax.plot(*own.T, marker, color=plots.COLOURS[quantity], ms=5, linestyle="")
        ax.set_title(name, fontsize=15)
        ax.set(xlim=(-3, 4.5), ylim=(-3, 3.4))
        ax.set_xticks([-2, 0, 2, 4])
        ax.set_yticks([-2, 0, 2])
        ax.label_outer()
        ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return figure
