"""One hidden layer, forwards and backwards: every formula of the gradients of a small network."""

from matplotlib.figure import Figure

from figures._diagram import arrow, box, sheet
from gradus import plots

TITLE = "A network with one hidden layer, forwards and backwards"
ALT = (
    "A diagram with five columns. The upper row is the forward pass, from left to right: the input x; z, which is x "
    "times W1 plus b1; a, which is tanh of z; the output ŷ (`output` in the notebook), which is a times W2 plus b2; "
    "the loss L, half the squared distance of ŷ from the target y, as a mean over the N examples. The parameters W1 "
    "and b1 enter above z, W2 and b2 above ŷ. The lower row is the backward pass, from right to left: dŷ is ŷ minus "
    "y, divided by N; da is dŷ times W2 transposed; dz is da times 1 minus a squared, entry by entry; dx is dz times "
    "W1 transposed. Below it the gradients of the parameters: dW2 is a transposed times dŷ, db2 the sum of dŷ over "
    "the examples; dW1 is x transposed times dz, db1 the sum of dz over the examples."
)

WIDTH, PITCH = 2.5, 3.14
FORWARDS = (
    ("input", "$x$"),
    ("hidden", "$z$\n$= x W_1 + b_1$"),
    ("activation", "$a$\n$= \\tanh(z)$"),
    ("output", "$\\hat{y}$ (output)\n$= a W_2 + b_2$"),
    ("loss", "$L$ = mean of\n$\\frac{1}{2}‖\\hat{y} - y‖^2$"),
)
BACKWARDS = (
    "$dx$\n$= dz\\ W_1^T$",
    "$dz$\n$= da ⊙ (1 - a^2)$",
    "$da$\n$= d\\hat{y}\\ W_2^T$",
    "$d\\hat{y}$\n$= (\\hat{y} - y) / N$",
)
PARAMETERS = (
    (1, "$W_1, b_1$", "$dW_1 = x^T dz$\n$db_1 = Σ\\ dz$"),
    (3, "$W_2, b_2$", "$dW_2 = a^T d\\hat{y}$\n$db_2 = Σ\\ d\\hat{y}$"),
)


def draw() -> Figure:
    figure, ax = sheet(TITLE)
    lefts = [0.47 + PITCH * column for column in range(5)]
    for left, (quantity, text) in zip(lefts, FORWARDS, strict=True):
        box(ax, left, 4.95, WIDTH, 1.35, text, quantity=quantity, fontsize=14)
    for left, text in zip(lefts, BACKWARDS, strict=False):
        box(ax, left, 2.65, WIDTH, 1.35, text, quantity="gradient", fontsize=14)
    for left in lefts[:-1]:
        arrow(ax, (left + WIDTH + 0.05, 5.62), (left + PITCH - 0.05, 5.62))
    back = {"color": plots.COLOURS["gradient"]}
    for left in lefts[:3]:
        arrow(ax, (left + PITCH - 0.05, 3.32), (left + WIDTH + 0.05, 3.32), **back)
    arrow(ax, (lefts[4] + WIDTH / 2, 4.9), (lefts[3] + WIDTH + 0.05, 3.5), connectionstyle="arc3,rad=-0.25", **back)
    for column, parameters, gradients in PARAMETERS:
        middle = lefts[column] + WIDTH / 2
        ax.text(middle, 7.35, parameters, ha="center", va="center", fontsize=16, weight="bold")
        arrow(ax, (middle, 7.0), (middle, 6.35))
        arrow(ax, (middle, 2.6), (middle, 1.95), **back)
        box(ax, middle - 1.45, 0.45, 2.9, 1.45, gradients, quantity="gradient", fontsize=15)
    ax.text(0.5, 6.75, "forwards →", va="center", weight="bold")
    ax.text(15.5, 2.35, "← backwards", ha="right", va="center", weight="bold", color=plots.ink("gradient"))
    ax.text(15.5, 0.75, "$⊙$ entry by entry\n$Σ$ over the batch", ha="right", va="center", fontsize=13, linespacing=1.4)
    return figure
