"""Demos of dropout: a network whose neurons blink, and accuracy against the probability of dropping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradus import data
from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.stage import Stage
from gradus.demos.threads import one_thread

WIDTH, DRAWS = 12, 40
LAYERS = 1.65, 2.65
"""Where the hidden layers stand in the picture."""


@lru_cache(maxsize=1)
def trained() -> list[np.ndarray]:
    """Weights and biases of three layers, trained on the digits with dropout of 0.2."""
    with one_thread() as torch, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        digits, rng = data.digits().train, np.random.default_rng(0)
        shapes = (64, WIDTH), (WIDTH, WIDTH), (WIDTH, 10)
        params = []
        for shape in shapes:
            params.append(torch.tensor(rng.normal(0, np.sqrt(1 / shape[0]), shape), requires_grad=True))
            params.append(torch.zeros(shape[1], dtype=torch.float64, requires_grad=True))
        optimizer = torch.optim.Adam(params, lr=0.02)
        for rows in rng.integers(len(digits.x), size=(500, 64)):
            a = torch.from_numpy(digits.x[rows])
            for layer in range(3):
                z = a @ params[2 * layer] + params[2 * layer + 1]
                a = torch.nn.functional.dropout(torch.tanh(z), 0.2)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(z, torch.from_numpy(digits.y[rows])).backward()
            optimizer.step()
    return [param.detach().numpy() for param in params]


@dataclass(frozen=True)
class Passes:
    """Forward passes of one image, each with a mask of its own.

    Attributes
    ----------
    kept : ndarray of bool, shape (K, 2, WIDTH)
        Masks of the hidden layers.
    factor : float
        What the largest number of those kept was multiplied by; NaN if none is kept.
    p : ndarray, shape (K, 10)
        Predicted probabilities.
    """

    kept: np.ndarray
    factor: float
    p: np.ndarray


Drop = Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def passes(x: np.ndarray, drop: Drop, count: int) -> Passes:
    """Send an image through the network several times.

    Parameters
    ----------
    x : ndarray, shape (64,)
        The image.
    drop : callable
        ``drop(a, rng)`` returns what is left of activations (1, WIDTH), and the mask.
    count : int
        How many passes; the n-th draws from the same numbers each time.
    """
    params = trained()
    kept, scores, factor = np.zeros((count, 2, WIDTH), dtype=bool), np.zeros((count, 10)), np.nan
    for draw in range(count):
        rng, a = np.random.default_rng(draw), x[None]
        for layer in range(2):
            full = np.tanh(a @ params[2 * layer] + params[2 * layer + 1])
            a, mask = drop(full, rng)
            kept[draw, layer] = mask
            largest = int(np.where(mask, np.abs(full), -1).argmax())
            if np.isnan(factor) and mask[0, largest] and full[0, largest] != 0:
                factor = float(a[0, largest] / full[0, largest])
        scores[draw] = (a @ params[4] + params[5])[0]
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return Passes(kept, factor, p / p.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Blink:
    """One pass of an image, and what all passes up to it say.

    Attributes
    ----------
    image : ndarray, shape (8, 8)
        Ink, 0 to 1.
    label : int
    passes : Passes
        All up to this one.
    plain : ndarray, shape (10,)
        Probabilities of the network without dropout.
    """

    image: np.ndarray
    label: int
    passes: Passes
    plain: np.ndarray


def blinking_network(dropout_forward: Callable[..., Any] | None = None, *, size: str = "notebook") -> Demo:
    """Show which neurons dropout leaves in each forward pass, and what becomes of the answer.

    Parameters
    ----------
    dropout_forward : callable, optional
        The function that drops, ``(x, p_drop, rng, training)`` to ``(out, mask)``; PyTorch's while there is none.
    size : {"notebook", "lecture"}
        Where it is seen.
    """
    studied = Studied("dropout_forward", dropout_forward)

    def drop(a: np.ndarray, rng: np.random.Generator, p_drop: float, training: bool) -> tuple[np.ndarray, np.ndarray]:
        result = studied(a.copy(), p_drop, rng, training)
        if not isinstance(result, tuple | list) or [np.shape(one) for one in result] != [a.shape, a.shape]:
            raise StudiedError("dropout_forward has to return out and mask, both of the shape of x.")
        return np.asarray(result[0], dtype=float), np.asarray(result[1], dtype=bool)

    @lru_cache(maxsize=16)
    def all_passes(p_drop: float, training: bool, label: int) -> Passes:
        return passes(_example(label), lambda a, rng: drop(a, rng, p_drop, training), DRAWS)

    def model(p_drop: float, draw: float, label: float, mode: str) -> Blink:
        every, n, image = all_passes(p_drop, mode == "training", int(label)), int(draw), _example(int(label))
        plain = passes(image, lambda a, rng: (a, np.ones(a.shape, dtype=bool)), 1).p[0]
        until = Passes(every.kept[:n], every.factor, every.p[:n])
        return Blink(image.reshape(8, 8), int(label), until, plain)

    return Demo(
        title="A network whose neurons blink",
        question=(
            "How much does the answer change from one pass to the next, and how much the mean of all passes so far? "
            "Is the mean the answer without dropout (plain)?"
        ),
        controls=(
            Slider("p_drop", "probability of dropping p", 0, 0.95, 0.5, 0.05),
            Slider("draw", "pass", 1, DRAWS, 1, 1, play=12),
            Slider("label", "image of a", 0, 9, 3, 1),
            Choice("mode", "mode", ("training", "in use"), "training"),
        ),
        model=model,
        scene=_blinking_scene,
        studied=(studied,),
        size=size,
    )


@lru_cache(maxsize=10)
def _example(label: int) -> np.ndarray:
    """The first validation image of a class."""
    images = data.digits().validation
    return np.asarray(images.x[int(np.flatnonzero(images.y == label)[0])], dtype=float)


def _blinking_scene(stage: Stage) -> Callable[[Blink], str]:
    left, right = stage.panels("The network in this pass", "", width_ratios=(1.25, 1))
    left.set(xlim=(0, 4), ylim=(0, 1), xticks=[2.1, 3.7], yticks=[])
    left.set_xticklabels(["hidden layers", "scores"])
    left.grid(False)
    left.spines[:].set_visible(False)
    left.tick_params(length=0)
    right.set(xlim=(-0.6, 9.6), ylim=(0, 1), xlabel="class", ylabel="probability", xticks=range(10))
    heights = (np.arange(WIDTH)[::-1] + 0.5) / WIDTH
    ends = (np.arange(10)[::-1] + 0.5) / 10

    picture = stage.image(left)
    wires = stage.line(left, "hidden", alpha=0.3, width=0.35)
    present = stage.points(left, "activation", width=1.6)
    gone = stage.points(left, "other", filled=False, width=1.6)
    classes = stage.words(left, "output")
    scale = stage.words(left, "activation", align="left", width=0.75)
    bars = stage.bars(right, "probability", alpha=0.6, label="this pass")
    mean = stage.points(right, "output", label="mean")
    plain = stage.points(right, "example", marker="s", filled=False, label="plain")
    stage.legend(right, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2, columnspacing=1)

    def show(now: Blink) -> str:
        kept, p, average = now.passes.kept[-1], now.passes.p[-1], now.passes.p.mean(axis=0)
        shade = (255 * (1 - now.image)).round().astype(np.uint8)
        pixels = np.dstack([shade] * 3 + [np.full_like(shade, 255)])
        picture.place(0, 0.68, 0.95, 0.32, pixels=pixels)
        x, y = np.repeat(LAYERS, WIDTH), np.tile(heights, 2)
        present.place(np.where(kept.ravel(), x, np.nan), y)
        gone.place(np.where(kept.ravel(), np.nan, x), y)
        wires.place(*_wires(kept, heights, ends))
        classes.place(np.full(10, 3.7), ends, words=[str(n) for n in range(10)])
        factor = now.passes.factor
        said = "nothing is kept" if np.isnan(factor) or not kept.any() else f"kept × {factor:.2f}"
        scale.place(0, 0.12, words=[said])
        at = np.arange(10)
        bars.place(at - 0.4, 0, at + 0.4, p)
        mean.place(at, average)
        plain.place(at, now.plain)
        dropped = int((~kept).sum())
        n = len(now.passes.p)
        passed = "the one pass" if n == 1 else f"{n} passes"
        return (
            f"In pass {n}, {dropped} of {2 * WIDTH} hidden neurons are dropped; {said}. The probability of the "
            f"{now.label} is {p[now.label]:.2f}, on average over {passed} {average[now.label]:.2f}, and without "
            f"dropout {now.plain[now.label]:.2f}."
        )

    return show


def _wires(kept: np.ndarray, heights: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines between every two neurons of neighbouring layers that are there."""
    first, second = heights[kept[0]], heights[kept[1]]
    pieces = [
        (start, end, left, right)
        for (start, end), lefts, rights in (((*LAYERS,), first, second), ((LAYERS[1], 3.58), second, ends))
        for left in lefts
        for right in rights
    ]
    start, end, left, right = np.array(pieces).reshape(-1, 4).T
    lifted = np.full(len(start), np.nan)
    return np.stack([start, end, lifted], axis=1).ravel(), np.stack([left, right, lifted], axis=1).ravel()


RATES = np.arange(10) / 10
IMAGES, SEEDS, EPOCHS, LOOKS = 100, 4, 60, 5
RANDOM = {"none": 0.0, "20 %": 0.2, "40 %": 0.4}


@dataclass(frozen=True)
class Curves:
    """Accuracies of networks that were trained with dropout, in per cent.

    Attributes
    ----------
    train, validation : ndarray, shape (T, R, S)
        After every ``LOOKS`` epochs, for each of ``RATES``, for each of ``SEEDS`` networks; those of training with the
        labels that were learned.
    rate : int
        Which of ``RATES`` is looked at.
    """

    train: np.ndarray
    validation: np.ndarray
    rate: int


@lru_cache(maxsize=8)
def curves(share: float, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Train networks with one hidden layer on a few digits, with every probability of dropping.

    Parameters
    ----------
    share : float
        Share of the labels that are replaced by random ones.
    width : int
        Hidden neurons.

    Returns
    -------
    train, validation : ndarray, shape (EPOCHS / LOOKS, R, SEEDS)
        As in `Curves`. The networks with one seed share first weights and batches.
    """
    digits, rng = data.digits(), np.random.default_rng(0)
    labels = digits.train.y[:IMAGES].copy()
    # The same images are wrong for a small share and for a larger one.
    replaced = rng.random(IMAGES) < share
    labels = np.where(replaced, rng.integers(10, size=IMAGES), labels)
    with one_thread() as torch, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        copies, found = len(RATES), []
        sets = [
            (torch.tensor(x, dtype=torch.float32), torch.from_numpy(y))
            for x, y in ((digits.train.x[:IMAGES], labels), (digits.validation.x, digits.validation.y))
        ]

        def matrix(rows: int, columns: int) -> Any:
            drawn = torch.randn(SEEDS, rows, columns) * (2 / rows) ** 0.5
            return drawn.repeat(copies, 1, 1).requires_grad_()

        many = copies * SEEDS
        params = [matrix(64, width), torch.zeros(many, 1, width, requires_grad=True)]
        params += [matrix(width, 10), torch.zeros(many, 1, 10, requires_grad=True)]
        optimizer = torch.optim.SGD(params, lr=0.05, momentum=0.9)

        def scores(x: Any, factors: Any = 1.0) -> Any:
            hidden = torch.relu(torch.baddbmm(params[1], x.expand(many, *x.shape), params[0]))
            return torch.baddbmm(params[3], hidden * factors, params[2])

        x, y = sets[0]
        for epoch in range(1, EPOCHS + 1):
            for rows in torch.randperm(IMAGES).split(20):
                ones = torch.ones(SEEDS, len(rows), width)
                said = scores(x[rows], torch.cat([torch.nn.functional.dropout(ones, rate) for rate in RATES]))
                optimizer.zero_grad()
                (many * torch.nn.functional.cross_entropy(said.reshape(-1, 10), y[rows].repeat(many))).backward()
                optimizer.step()
            if epoch % LOOKS == 0:
                with torch.no_grad():
                    right = [(scores(x_).argmax(2) == y_).float().mean(1).reshape(copies, SEEDS) for x_, y_ in sets]
                found.append([100 * one.numpy() for one in right])
    train, validation = np.array(found).swapaxes(0, 1)
    return train, validation


def dropout_curves(*, size: str = "notebook") -> Demo:
    """Show accuracies in training and on new images, against the epochs and against the probability of dropping.

    Parameters
    ----------
    size : {"notebook", "lecture"}
        Where it is seen.
    """

    def model(p_drop: float, random: str, width: str) -> Curves:
        train, validation = curves(RANDOM[random], int(width))
        return Curves(train, validation, round(10 * p_drop))

    return Demo(
        title="Dropout, little data and wrong labels",
        question=(
            f"The network learns {IMAGES} images. For which labels does dropout help on new ones? "
            "Which p is best for the large network, which for the small one?"
        ),
        controls=(
            Slider("p_drop", "probability of dropping p", 0, 0.9, 0, 0.1, play=5),
            Choice("random", "random labels", tuple(RANDOM), "20 %"),
            Choice("width", "hidden neurons", ("64", "16"), "64"),
        ),
        model=model,
        scene=_curves_scene,
        size=size,
    )


def _curves_scene(stage: Stage) -> Callable[[Curves], str]:
    left, right = stage.panels("During training with this p", "At the end, by p", sharey=True)
    left.set(xlim=(0, EPOCHS), ylim=(0, 103), xlabel="epoch", ylabel="accuracy (%)", yticks=range(0, 101, 20))
    right.set(xlim=(-0.03, 0.93), xlabel="probability of dropping p", xticks=[0, 0.2, 0.4, 0.6, 0.8])
    epochs = np.arange(LOOKS, EPOCHS + 1, LOOKS)
    band, ends_band = (stage.area(ax, "validation", alpha=0.2) for ax in (left, right))
    during = {name: stage.line(left, name) for name in ("train", "validation")}
    after = {
        name: stage.line(right, name, label=label)
        for name, label in (("train", "training images"), ("validation", "new images"))
    }
    here = {name: stage.points(right, name, width=1.5) for name in ("train", "validation")}
    number = stage.words(right, "validation", align="right")
    stage.legend(right, loc="lower left", borderaxespad=0.4)

    def show(now: Curves) -> str:
        means = {"train": now.train.mean(axis=2), "validation": now.validation.mean(axis=2)}
        low, high = now.validation.min(axis=2), now.validation.max(axis=2)
        for ax, x, below, above in (
            (band, epochs, low[:, now.rate], high[:, now.rate]),
            (ends_band, RATES, low[-1], high[-1]),
        ):
            ax.place(np.concatenate([x, x[::-1]]), np.concatenate([below, above[::-1]]))
        for name, mean in means.items():
            during[name].place(epochs, mean[:, now.rate])
            after[name].place(RATES, mean[-1])
            here[name].place(RATES[now.rate], mean[-1, now.rate])
        learned, new = (mean[-1, now.rate] for mean in means.values())
        number.place(0.93, 106, words=[f"{new:.0f} %"])
        best = RATES[int(means["validation"][-1].argmax())]
        return (
            f"With p = {RATES[now.rate]:.1f}, {learned:.0f} % of the training labels are learned and {new:.0f} % of "
            f"the new images are read correctly. Among ten values of p, {best:.1f} is best for new images."
        )

    return show
