"""The demos without a browser: models obey their mathematics, and one demo answers any number of viewers."""

from __future__ import annotations

import base64
import gc
import inspect
import io
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.transforms import Bbox
from nbconvert.exporters import HTMLExporter, LatexExporter, MarkdownExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from shared import corners

from autograder.lecture import studied
from gradus import demos
from gradus.demos.backprop import EDGES as GRAPH_EDGES
from gradus.demos.backprop import LAST_STEP, NO_ERROR, STEPS, follow_tangent, walk_graph
from gradus.demos.demo import Choice, Demo, Slider, Studied, StudiedError
from gradus.demos.dropout import DRAWS, RATES, WIDTH
from gradus.demos.initialization import (
    ACTIVATIONS,
    EDGES,
    INPUTS,
    gradient_sizes,
    look_at_activation,
    run_through_layers,
    slopes,
)
from gradus.demos.optimizers import GROUNDS, RACERS, recent_average
from gradus.demos.optimizers import STEPS as RACE
from gradus.demos.schedules import FAR, noise_floor, squared_distances
from gradus.demos.schedules import STEPS as DESCENT
from gradus.demos.softmax_cross_entropy import ROOF, TEMPERATURES, fit_constant, score_one_example
from gradus.demos.stage import Actor, Stage, written
from gradus.demos.training_loop import EXAMPLES, LANDSCAPES, descend, problem, walk
from gradus.learning.lending import operation

NAMES = [name for chapter in demos.CHAPTERS.values() for name in chapter]


def naive_softmax(scores: np.ndarray) -> np.ndarray:
    """A learner's first try."""
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


IN_TORCH = {
    "HeavyBall": lambda w, lr, momentum: torch.optim.SGD([w], lr, momentum=momentum),
    "Nesterov": lambda w, lr, momentum: torch.optim.SGD([w], lr, momentum=momentum, nesterov=momentum > 0),
    "AdaGrad": lambda w, lr, eps: torch.optim.Adagrad([w], lr, eps=eps),
    "RMSProp": lambda w, lr, alpha, eps: torch.optim.RMSprop([w], lr, alpha=alpha, eps=eps),
    "Adam": lambda w, lr, beta1, beta2, eps: torch.optim.Adam([w], lr, betas=(beta1, beta2), eps=eps),
}


class Written:
    """A learner's optimizer that is right; it changes the parameters and returns nothing."""

    def __init__(self, *settings: float) -> None:
        self.settings, self.w = settings, None

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray]) -> None:
        if self.w is None:
            self.w = torch.zeros(params["w"].shape, dtype=torch.float64)
            self.optimizer = IN_TORCH[type(self).__name__](self.w, *self.settings)
        self.w[:], self.w.grad = torch.from_numpy(params["w"]), torch.from_numpy(grads["w"])
        self.optimizer.step()
        params["w"][:] = self.w


OWN = {name: type(name, (Written,), {}) for name in IN_TORCH}


def numbers(demo: Demo, **form: str) -> np.ndarray:
    """What the browser would paint."""
    return np.frombuffer(demo.respond({"form": demo.start() | form})[1], dtype=np.float32)


def stage_of(demo: Demo, **form: str) -> Stage:
    """The demo's stage, with the actors where they are for these values; the other controls stay as they start."""
    values = {control.name: control.read(demo.start() | form) for control in demo.controls}
    stage, show, _ = demo._scene(values)
    show(demo.model(**values))
    stage.frame()
    return stage


def actor_of(stage: Stage, kind: str, place: int = 0, **look: object) -> Actor:
    """The first actor of this kind and look in the axes with that number."""
    own = [actor for actor in stage.cast if actor.kind == kind and actor.axes is stage.figure.axes[place]]
    return next(actor for actor in own if all(getattr(actor, name) == value for name, value in look.items()))


def pairs(demo: Demo) -> Iterator[dict[str, str]]:
    """Every two controls at their ends, or at each of their options."""
    for two in combinations(demo.controls, 2):
        ends = [c.options if isinstance(c, Choice) else [c.write(c.low), c.write(c.high)] for c in two]
        for values in product(*ends):
            yield dict(zip([control.name for control in two], values, strict=True))


@lru_cache(maxsize=4)
def texts_of_the_set(stage: Stage) -> list[tuple[str, Bbox]]:
    """Every text that does not move, and its box."""
    with stage.styled():
        figure = stage.figure
        figure.draw_without_rendering()
        texts = [
            text for ax in figure.axes for text in (ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts)
        ]
        for axis in [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]:
            low, high = sorted(axis.get_view_interval())
            along = axis.axis_name == "y"
            texts += [text for text in axis.get_ticklabels() if low <= text.get_position()[along] <= high]
        texts += [text for ax in figure.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
        return [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text() and text.get_visible()]


def boxes(stage: Stage) -> tuple[Bbox, dict[str, Bbox]]:
    """The picture's box in pixels, and that of every text, of the set or moving, with a margin of 1."""
    found = [*texts_of_the_set(stage)]
    with stage.styled():
        for text in [artist for actor in stage.cast if actor.kind == "words" for artist in actor.artists()]:
            stage.figure.add_artist(text)
            found.append((text.get_text(), text.get_window_extent()))
            text.remove()
    return stage.figure.bbox, {f"{number}: {text}": box.padded(1) for number, (text, box) in enumerate(found)}


def test_nothing_heavy_loads_before_a_demo_is_opened() -> None:
    heavy = "{'torch', 'matplotlib', 'ipywidgets', 'anywidget', 'tornado'}"
    code = f"import sys; from gradus import demos; dir(demos); print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_an_unknown_demo_names_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="scores_to_loss"):
        demos.score_to_loss  # noqa: B018


def test_every_demo_of_a_chapter_is_exported_and_the_other_way_round() -> None:
    assert sorted(NAMES) == sorted(set(demos.__all__) - {"CHAPTERS"})


# Models


def test_a_higher_temperature_evens_out_the_probabilities_and_keeps_their_order() -> None:
    scores = np.array([1.0, 2.5, -0.5, 0.5])
    cold, warm = (score_one_example(naive_softmax, scores, t, 0).probabilities for t in (0.5, 5.0))
    assert warm.max() < cold.max()
    assert (np.argsort(warm) == np.argsort(scores)).all()


def test_the_loss_is_minus_the_logarithm_of_the_true_class_and_infinite_where_that_is_zero() -> None:
    now = score_one_example(naive_softmax, np.zeros(4), 1.0, 2)
    assert now.loss == pytest.approx(np.log(4))
    assert score_one_example(lambda x: np.eye(4)[[0] * len(x)], np.zeros(4), 1.0, 2).loss == np.inf


def test_the_curve_over_temperatures_is_what_moving_the_temperature_gives() -> None:
    scores = np.array([3.0, 1.6, 3.8, -2.0])
    curve = score_one_example(naive_softmax, scores, 1.0, 0).losses
    single = [score_one_example(naive_softmax, scores, t, 0).loss for t in TEMPERATURES]
    np.testing.assert_allclose(curve, single)


def test_the_mean_follows_one_outlier_and_the_median_stays() -> None:
    near, far = fit_constant(5.0, 1), fit_constant(20.0, 1)
    assert far.mean - near.mean == pytest.approx(15 / 9)
    assert far.median == near.median
    assert fit_constant(20.0, 5).median == 20.0


def test_the_curves_of_both_losses_are_lowest_at_mean_and_median() -> None:
    fit = fit_constant(12.0, 1)
    assert fit.constants[fit.squared.argmin()] == pytest.approx(fit.mean, abs=0.051)
    assert fit.constants[fit.absolute.argmin()] == pytest.approx(fit.median, abs=0.051)


@pytest.mark.parametrize("name", LANDSCAPES | GROUNDS)
def test_the_gradient_of_a_landscape_is_the_slope_of_its_loss(name: str) -> None:
    ground, at, h = (LANDSCAPES | GROUNDS)[name], np.array([0.7, -0.4]), 1e-6
    slope = [(ground.loss(at + step) - ground.loss(at - step)) / (2 * h) for step in h * np.eye(2)]
    np.testing.assert_allclose(ground.gradient(at), slope, rtol=1e-6)
    for minimum in ground.minima:
        assert np.linalg.norm(ground.gradient(np.array(minimum))) < 1e-12
        assert ground.loss(np.array(minimum)) == pytest.approx(0, abs=1e-12)


def test_descent_multiplies_each_direction_by_one_minus_rate_times_curvature() -> None:
    def step(params: dict[str, np.ndarray], grads: dict[str, np.ndarray], lr: float) -> dict[str, np.ndarray]:
        return {"w": params["w"] - lr * grads["w"]}

    path = descend(step, LANDSCAPES["ravine"], 0.1, 7)
    np.testing.assert_allclose(path[7], LANDSCAPES["ravine"].start * (1 - 0.1 * np.array([0.25, 5])) ** 7)
    assert np.isinf(descend(step, LANDSCAPES["ravine"], 2.5, 60)[-1]).all()


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_a_path_that_runs_away_does_not_warn_and_its_loss_is_said_to_be_large(landscape: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        demo = demos.descent()
        for t in range(5, 61, 5):
            stage = stage_of(demo, landscape=landscape, lr="0.4", t=str(t))
    assert actor_of(stage, "words", 1).words == ["loss > 10¹¹"]
    path = demo.model(landscape=landscape, lr=2.5, t=60).path
    finite = path[np.isfinite(path).all(axis=1)]
    assert len(finite) < len(path)
    assert LANDSCAPES[landscape].loss(finite[-1]) > 1e11


def deep(seed: int, layers: int, width: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of variance 1 / width, fifty examples, and a gradient that arrives for each."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(layers, width, width)) / np.sqrt(width)
    return weights, *rng.normal(size=(2, 50, width))


def test_spreads_and_histograms_agree_with_numpy() -> None:
    weights, x, arriving = deep(3, 4)
    now = run_through_layers(weights, x, arriving, 1.7, "none", 3)
    np.testing.assert_array_equal(now.gradients, gradient_sizes(weights[:3], x, arriving, 1.7, "none"))
    for layer in range(3):
        x = x @ (1.7 * weights[layer])
        assert now.spreads[layer] == pytest.approx(np.mean([x[:, unit].std() for unit in range(32)]))
        np.testing.assert_allclose(now.counts[layer], np.histogram(np.clip(x, *EDGES[[0, -1]]), EDGES)[0] / x.size)
    assert len(now.counts) == 3


def test_the_spread_is_gone_where_a_network_answers_every_example_alike() -> None:
    assert run_through_layers(*deep(3, 20), 1.0, "sigmoid", 20).spreads[-1] < 1e-10
    assert run_through_layers(*deep(3, 20), 1.4, "ReLU", 20).spreads[-1] > 0.1


def test_a_layer_that_explodes_lies_at_the_edges_and_one_that_vanishes_at_zero() -> None:
    exploded = run_through_layers(*deep(3, 20), 4.0, "ReLU", 20).counts[-1]
    vanished = run_through_layers(*deep(3, 20), 0.25, "ReLU", 20).counts[-1]
    assert exploded[-1] > 0.3
    assert vanished[20] == 1
    both = run_through_layers(*deep(3, 20), 4.0, "none", 20).counts
    np.testing.assert_allclose(both.sum(axis=1), 1)
    assert both[-1, [0, -1]].sum() > 0.99


def test_the_error_of_the_tangent_of_the_parabola_is_the_square_of_the_step() -> None:
    now = follow_tangent(-12.0, "x² + 2", -6.0, 2.0)
    assert (now.true, now.predicted, now.error) == (18, 14, 4)
    np.testing.assert_allclose(now.errors, STEPS**2, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "a", "factor"), [("x² + 2", -6.0, 4), ("sin x", 1.0, 4), ("sin x", 0.0, 8), ("|x|", 0.0, 2)]
)
def test_the_error_falls_by_this_factor_when_the_step_is_halved(function: str, a: float, factor: float) -> None:
    large, small = (demos.tangent().model(function=function, a=a, h=h).error for h in (0.02, 0.01))
    assert large / small == pytest.approx(factor, rel=0.01)


def test_only_rounding_is_left_where_the_function_is_straight() -> None:
    for a in np.round([*np.arange(-6, -4.05, 0.1), *np.arange(0.1, 3.05, 0.1)], 1):
        assert demos.tangent().model(function="|x|", a=a, h=4.0).errors.max() < NO_ERROR


@pytest.mark.parametrize("x", [-3.0, 2.0])
@pytest.mark.parametrize("w", [-1.0, 4.0])
def test_the_gradients_of_the_graph_are_torchs(x: float, w: float) -> None:
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in {"x": x, "w": w, "b": 5.0}.items()}
    loss = (torch.relu(leaves["w"] * leaves["x"]) + leaves["w"] + leaves["b"]) ** 2
    loss.backward()
    now = walk_graph({"x": x, "w": w, "b": 5}, LAST_STEP)
    assert now.values["L"] == loss.item()
    assert {name: now.gradients[name] for name in "xwb"} == {name: leaf.grad for name, leaf in leaves.items()}


def test_a_gradient_leaves_a_node_only_when_it_is_whole() -> None:
    for place, (node, _) in enumerate(GRAPH_EDGES):
        assert all(parent != node for _, parent in GRAPH_EDGES[place:])


def test_the_graph_is_filled_one_node_and_then_one_edge_at_a_time() -> None:
    steps = [walk_graph({"x": 3, "w": 2, "b": -5}, step) for step in range(LAST_STEP + 1)]
    assert [len(now.values) for now in steps] == [3, 4, 5, 6, 7, *[8] * 10]
    assert [len(now.flows) for now in steps] == [*[0] * 7, *range(1, 9)]
    assert [now.gradients.get("w") for now in steps[9:]] == [None, 6, 6, 6, 24, 24]


def test_nothing_arrives_before_a_relu_whose_input_is_negative_or_zero() -> None:
    for w in (-2, 0):
        now = walk_graph({"x": 3, "w": w, "b": 1}, LAST_STEP)
        assert (now.gradients["p"], now.gradients["x"]) == (0, 0)
        assert now.gradients["w"] == now.gradients["q"] != 0


SLOPES = {
    "tanh": lambda a: 1 - a**2,
    "ReLU": lambda a: a > 0,
    "sigmoid": lambda a: a * (1 - a),
    "none": np.ones_like,
}


@pytest.mark.parametrize("activation", SLOPES)
def test_sizes_of_the_gradient_follow_from_the_chain_rule(activation: str) -> None:
    weights, x, arriving = deep(3, 5)
    sizes = gradient_sizes(weights, x, arriving, 1.5, activation)
    outputs = [x]
    for matrix in 1.5 * weights:
        outputs.append(ACTIVATIONS[activation](outputs[-1] @ matrix))
    for layer in reversed(range(5)):
        gradient = arriving * SLOPES[activation](outputs[layer + 1])
        assert sizes[layer] == pytest.approx(gradient.std())
        arriving = gradient @ (1.5 * weights[layer].T)


@pytest.mark.parametrize("activation", SLOPES)
def test_slopes_are_those_of_the_functions(activation: str) -> None:
    smooth = np.abs(INPUTS) > 1e-3
    rise = (ACTIVATIONS[activation](INPUTS + 1e-6) - ACTIVATIONS[activation](INPUTS - 1e-6)) / 2e-6
    np.testing.assert_allclose(slopes(activation)[smooth], rise[smooth], atol=1e-8)
    now = look_at_activation(activation, -1.04)
    assert (now.z, now.value) == (pytest.approx(-1.05), pytest.approx(ACTIVATIONS[activation](-1.05)))
    assert now.slope == pytest.approx(slopes(activation)[79])


def plain_step(params: dict[str, np.ndarray], grads: dict[str, np.ndarray], lr: float) -> dict[str, np.ndarray]:
    return {"w": params["w"] - lr * grads["w"]}


def test_all_examples_lead_to_the_minimum_and_batches_wander_around_it() -> None:
    """How far they wander grows with the learning rate and falls with the size of the batch."""
    assert np.linalg.norm(walk(plain_step, EXAMPLES, 1.0)[-1] - problem().best) < 1e-6
    away = {
        (batch, lr): np.linalg.norm(walk(plain_step, batch, lr)[60:] - problem().best, axis=1).mean()
        for batch in (1, 16, 64)
        for lr in (0.25, 1.0)
    }
    assert away[1, 0.25] > 2 * away[16, 0.25] > 2 * away[64, 0.25] > 0
    assert away[16, 1.0] > 1.5 * away[16, 0.25]


@pytest.mark.parametrize(
    ("activation", "gain", "least", "most"),
    [
        ("none", 1, 0.8, 1.3),
        ("ReLU", 1.45, 0.8, 1.3),
        ("tanh", 1.26, 0.8, 1.3),
        ("sigmoid", 10, 0.8, 1.3),
        ("ReLU", 1, 5e-4, 2e-3),
        ("tanh", 1, 0.1, 0.3),
        ("sigmoid", 1, 5e-13, 2e-12),
        ("sigmoid", 4, 5e-5, 2e-4),
    ],
)
def test_first_and_last_gradient_of_twenty_layers(activation: str, gain: float, least: float, most: float) -> None:
    sizes = demos.gradient_by_depth().model(gain=gain, depth=20, activation=activation)
    assert least < sizes[0] / sizes[-1] < most


def test_an_average_of_recent_values_weighs_each_less_than_the_next() -> None:
    values = np.array([3.0, -1.0, 4.0, 1.0])
    found = [np.average(values[: t + 1], weights=0.8 ** np.arange(t, -1, -1)) for t in range(4)]
    np.testing.assert_allclose(recent_average(values, 0.8), found)
    np.testing.assert_array_equal(recent_average(values, 0.0), values)


def race(*own: type, **values: object) -> object:
    """The model of the race; controls that are not named stay as they start."""
    demo = demos.race(*own)
    return demo.model(**{control.name: control.start for control in demo.controls} | {"t": RACE} | values)


@pytest.mark.parametrize(("factor", "momentum"), [(1.0, 0.9), (0.5, 0.0), (2.0, 0.7)])
def test_in_the_ravine_plain_descent_and_the_heavy_ball_obey_their_recurrences(factor: float, momentum: float) -> None:
    paths, curvature = race(landscape="ravine", factor=factor, momentum=momentum).paths, np.array([0.25, 5])
    np.testing.assert_allclose(paths["SGD"][1:], (1 - factor * 0.1 * curvature) * paths["SGD"][:-1])
    ball = paths["HeavyBall"]
    ahead = (1 + momentum - factor * 0.05 * curvature) * ball[1:-1] - momentum * ball[:-2]
    np.testing.assert_allclose(ball[2:], ahead, atol=1e-12)


@pytest.mark.parametrize("landscape", GROUNDS)
def test_who_is_given_in_any_order_takes_the_same_way_as_what_is_lent(landscape: str) -> None:
    mine, lent = (race(*own, landscape=landscape, w1=-2.0, w2=0.7) for own in (reversed(OWN.values()), ()))
    assert mine.trouble == lent.trouble == ""
    for name in RACERS:
        np.testing.assert_allclose(mine.paths[name], lent.paths[name], rtol=1e-6, atol=1e-9)


def test_a_path_of_the_race_that_runs_away_ends_and_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        demo = demos.race()
        alt = demo.respond({"form": demo.start() | {"factor": "1", "t": "60", "landscape": "two minima"}})[0]["alt"]
    assert "HeavyBall has left the picture" in alt
    assert "SGD has left" not in alt


def test_all_weights_go_down_the_ravine_alike_where_gradients_are_divided_by_their_size() -> None:
    for start in (0.3, 1.0, 1.8):
        paths = race(landscape="ravine", w1=-start, w2=start).paths
        for name in ("AdaGrad", "RMSProp", "Adam"):
            np.testing.assert_allclose(paths[name][:, 0], -paths[name][:, 1], atol=1e-3)
        assert np.abs(paths["SGD"][10, 1]) < 0.01 * start
        assert np.abs(paths["SGD"][10, 0]) > 0.7 * start


def test_with_momentum_the_floor_of_the_ravine_is_overshot_and_without_it_is_not() -> None:
    for w1, w2 in product((-3.0, -1.8, -1.0), (0.2, 1.0, 1.8)):
        paths = race(landscape="ravine", w1=w1, w2=w2).paths
        assert min(paths[name][:, 0].max() for name in ("HeavyBall", "Nesterov")) > 0.1 * abs(w1)
        assert paths["HeavyBall"][:, 0].max() > paths["Nesterov"][:, 0].max()
        assert paths["SGD"][:, 0].max() < 0


@pytest.mark.parametrize("w1", [-3.0, -1.8, 0.0, 1.0])
def test_at_the_ridge_only_those_who_divide_by_the_size_leave_at_once(w1: float) -> None:
    ends = {name: path[12, 1] for name, path in race(landscape="saddle", w1=w1, w2=0.01).paths.items()}
    assert min(ends[name] for name in ("AdaGrad", "RMSProp", "Adam")) > 0.9
    assert max(ends[name] for name in ("SGD", "HeavyBall", "Nesterov")) < 0.1


def test_only_a_heavy_ball_gets_over_the_hill_and_nobody_is_the_best_everywhere() -> None:
    now = race(landscape="two minima")
    assert [name for name in RACERS if now.paths[name][-1, 0] > 0] == ["HeavyBall"]
    faster = race(landscape="two minima", momentum=0.95)
    assert [name for name in RACERS if faster.paths[name][-1, 0] > 0] == ["HeavyBall", "Nesterov"]
    best = {landscape: race(landscape=landscape) for landscape in GROUNDS}
    best = {landscape: min(RACERS, key=lambda name: now.losses(name)[-1]) for landscape, now in best.items()}
    assert (best["ravine"], best["valley"], best["two minima"]) == ("AdaGrad", "Nesterov", "HeavyBall")


def adam_steps(**values: float) -> object:
    demo = demos.adam_step_size()
    return demo.model(**{control.name: control.start for control in demo.controls} | values)


@pytest.mark.parametrize("beta1", [0.0, 0.9, 0.99])
@pytest.mark.parametrize("beta2", [0.9, 0.999])
def test_the_mean_step_of_adam_is_the_mean_gradient_over_the_typical_one(beta1: float, beta2: float) -> None:
    for noise in (0.0, 0.5, 1.0, 3.0, 10.0, 20.0):
        now = adam_steps(noise=noise, beta1=beta1, beta2=beta2)
        assert now.mean[50:].mean() == pytest.approx(1 / np.sqrt(1 + noise**2), rel=0.1)
    assert np.abs(now.steps).max() > 3 * np.abs(now.mean[50:]).max(), "single steps are longer"


def test_a_common_factor_of_mean_and_noise_leaves_the_steps_of_adam_alone() -> None:
    for noise in (0.0, 3.0):
        small, large = (adam_steps(noise=noise, factor=factor) for factor in (0.01, 100.0))
        np.testing.assert_allclose(small.steps, large.steps, atol=1e-5)
        np.testing.assert_allclose(small.gradients * 1e4, large.gradients)
    np.testing.assert_allclose(adam_steps(noise=0.0).steps, 1, atol=1e-6)


def dropped(x: np.ndarray, p_drop: float, rng: np.random.Generator, training: bool) -> tuple[np.ndarray, np.ndarray]:
    """A learner's dropout that is right."""
    mask = rng.random(x.shape) >= (p_drop if training else 0)
    return x * mask / (1 - p_drop if training else 1), mask


def blinks(own: object = dropped, **values: object) -> object:
    demo = demos.blinking_network(own)
    return demo.model(**{control.name: control.start for control in demo.controls} | {"draw": DRAWS} | values)


@pytest.mark.parametrize("own", [None, dropped])
@pytest.mark.parametrize("p_drop", [0.25, 0.5, 0.75])
def test_what_is_kept_grows_and_the_rest_blinks(own: object, p_drop: float) -> None:
    now = blinks(own, p_drop=p_drop)
    assert now.passes.factor == pytest.approx(1 / (1 - p_drop))
    assert now.passes.kept.shape == (DRAWS, 2, WIDTH)
    assert now.passes.kept.mean() == pytest.approx(1 - p_drop, abs=0.06)
    assert len({mask.tobytes() for mask in now.passes.kept}) == DRAWS
    one = blinks(own, p_drop=p_drop, draw=7)
    np.testing.assert_array_equal(one.passes.p, now.passes.p[:7])


@pytest.mark.parametrize("own", [None, dropped])
def test_in_use_and_with_p_zero_every_pass_is_the_plain_network(own: object) -> None:
    for values in ({"mode": "in use"}, {"p_drop": 0.0}):
        now = blinks(own, **values)
        assert now.passes.kept.all()
        np.testing.assert_allclose(now.passes.p, np.tile(now.plain, (DRAWS, 1)))


@pytest.mark.parametrize("own", [None, dropped])
def test_the_mean_of_the_passes_is_right_where_most_of_them_are_wrong(own: object) -> None:
    right = {}
    for p_drop in (0.25, 0.5, 0.75):
        every = [blinks(own, p_drop=p_drop, label=label).passes.p for label in range(9)]
        right[p_drop] = np.mean([(p.argmax(axis=1) == label).mean() for label, p in enumerate(every)])
        names = [int(p.mean(axis=0).argmax()) for p in every]
        assert sum(name == label for label, name in enumerate(names)) >= (9 if p_drop < 0.75 else 8)
    assert 1 / 4 < right[0.75] < 1 / 2
    wrong = [(blinks(own, label=label).passes.p.argmax(axis=1) != label).mean() for label in range(10)]
    assert np.mean(wrong) == pytest.approx(1 / 3, abs=0.07)
    three = {p_drop: blinks(own, p_drop=p_drop, label=3) for p_drop in (0.25, 0.5)}
    assert three[0.5].plain[3] > 0.995
    assert 0.5 < three[0.5].passes.p.mean(axis=0)[3] < 0.8 < three[0.25].passes.p.mean(axis=0)[3]
    nine = blinks(own, label=9)
    assert nine.plain[9] < 0.005
    assert nine.plain.argmax() == nine.passes.p.mean(axis=0).argmax()
    assert (nine.passes.p.argmax(axis=1) == nine.plain.argmax()).mean() > 0.5


def test_a_dropout_that_forgets_the_division_or_the_mode_is_seen() -> None:
    def forgetful(x: np.ndarray, p_drop: float, rng: np.random.Generator, training: bool) -> tuple:
        mask = rng.random(x.shape) >= p_drop
        return x * mask, mask

    now = blinks(forgetful, mode="in use")
    assert now.passes.factor == 1
    assert not now.passes.kept.all()


@pytest.mark.parametrize("result", [None, 1.0, np.zeros((1, WIDTH)), (np.zeros((1, WIDTH)), np.zeros(WIDTH))])
def test_a_dropout_without_out_and_mask_is_told(result: object) -> None:
    demo = demos.blinking_network(lambda x, p_drop, rng, training: result)
    assert "out and mask" in demo.respond({"form": demo.start()})[0]["error"]


def test_dropout_helps_the_large_network_where_labels_are_wrong_and_not_where_they_are_right() -> None:
    demo = demos.dropout_curves()
    found = {
        (random, width): demo.model(p_drop=0.0, random=random, width=width)
        for random, width in product(("none", "20 %", "40 %"), ("16", "64"))
    }
    new = {key: now.validation[-1].mean(axis=1) for key, now in found.items()}
    assert all((found[random, "64"].train[-1, 0] == 100).all() for random in ("none", "20 %", "40 %"))
    assert np.abs(new["none", "64"][:7] - new["none", "64"][0]).max() < 1
    for random, gain in (("20 %", 9), ("40 %", 12)):
        best = new[random, "64"]
        assert best.max() - best[0] == pytest.approx(gain, abs=0.8)
        assert RATES[best.argmax()] in (0.6, 0.7)
    for random in ("none", "20 %", "40 %"):
        small = new[random, "16"]
        assert small.max() - small[0] < 5.5
        assert small[6] < small[0] - 5
    assert [RATES[new[random, "16"].argmax()] for random in ("40 %", "20 %")] == [0.1, 0.2]
    early = found["40 %", "64"].validation.mean(axis=2)[:, 0]
    assert early.max() == pytest.approx(77, abs=0.6)
    assert early.argmax() < 5
    assert new["40 %", "64"].max() < early.max()
    early = found["20 %", "64"].validation.mean(axis=2)[:, 0]
    assert early.max() == pytest.approx(82, abs=0.6)
    assert new["20 %", "64"].max() == pytest.approx(83, abs=0.6)


def test_without_noise_every_schedule_shrinks_the_distance_by_its_rates() -> None:
    rates = np.random.default_rng(0).uniform(0.001, 0.02, (DESCENT, 2))
    found = squared_distances(rates, 0.0)
    np.testing.assert_allclose(found[1:], FAR**2 * np.cumprod((1 - rates) ** 2, axis=0))


@pytest.mark.parametrize("noise", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("lr", [0.05, 0.3, 1.0])
def test_constant_rates_end_on_their_floors_and_the_small_one_about_ten_times_lower(lr: float, noise: float) -> None:
    now = demos.noisy_quadratic().model(lr=lr, k=0.03, noise=noise)
    ends = [curve[-300:].mean() for curve in (now.constant, now.smaller)]
    np.testing.assert_allclose(ends, now.floors, rtol=0.15)
    assert now.floors == (noise_floor(lr, noise), noise_floor(lr / 10, noise))
    assert now.floors[0] / now.floors[1] == pytest.approx(10 * (2 - lr / 10) / (2 - lr))
    arrived = [np.flatnonzero(now.constant < 2 * now.floors[0])[0], np.flatnonzero(now.smaller < 2 * now.floors[1])[0]]
    assert arrived[1] >= 10 * arrived[0]


@pytest.mark.parametrize(("lr", "k"), [(1.0, 0.01), (1.0, 0.03), (0.3, 0.01), (0.3, 0.03), (0.6, 0.1)])
def test_the_decreasing_rate_gets_below_the_small_one_where_it_is_a_tenth_itself(lr: float, k: float) -> None:
    now = demos.noisy_quadratic().model(lr=lr, k=k, noise=1.0)
    assert now.lowest_from == pytest.approx(9 / k, rel=0.15)


@pytest.mark.parametrize(("lr", "k"), [(0.05, 0.3), (0.1, 0.3), (0.3, 1.0), (0.3, 0.003), (0.05, 0.001)])
def test_a_rate_that_decreases_too_early_or_too_late_is_not_below_both(lr: float, k: float) -> None:
    demo = demos.noisy_quadratic()
    assert demo.model(lr=lr, k=k, noise=1.0).lowest_from is None
    assert "not below both at the end" in demo.picture(lr=lr, k=k)[1]


def composed(schedule: str, **values: float) -> np.ndarray:
    demo = demos.schedule_composer()
    return demo.model(**{c.name: c.start for c in demo.controls} | {"schedule": schedule} | values).rates


def test_schedules_follow_their_formulas() -> None:
    t = np.arange(160)
    for schedule, rates in {
        "constant": 1,
        "step": 0.5 ** (t // 20),
        "exponential": 0.5 ** (t / 20),
        "cosine": 0.1 + 0.9 * (1 + np.cos(np.pi * t / 160)) / 2,
        "triangular": 0.1 + 0.9 * (1 - np.abs(t % 40 - 20) / 20),
    }.items():
        np.testing.assert_allclose(composed(schedule, warmup=0), np.broadcast_to(rates, 160), err_msg=schedule)
    restarts = composed("restarts", warmup=0)
    assert np.flatnonzero(restarts == 1).tolist() == [0, 20, 60, 140]
    assert restarts[40] == pytest.approx(0.55)


@pytest.mark.parametrize("schedule", ["constant", "triangular"])
def test_a_warm_up_rises_evenly_and_moves_the_schedule_to_the_right(schedule: str) -> None:
    with_it, without = composed(schedule, warmup=10), composed(schedule, warmup=0)
    np.testing.assert_allclose(with_it[10:], without[:-10])
    np.testing.assert_allclose(with_it[:10], without[0] * np.arange(1, 11) / 11)
    assert len(with_it) == len(without) == 160


def test_the_triangle_behind_the_longest_warm_up_has_its_largest_rate_latest() -> None:
    peaks = {
        (schedule, warmup): int(composed(schedule, warmup=warmup, piece=60, total=200).argmax())
        for schedule in ("constant", "step", "exponential", "cosine", "restarts", "triangular")
        for warmup in (0, 50)
    }
    assert peaks.pop(("triangular", 50)) == 110
    assert max(peaks.values()) == 60


def test_only_step_decay_and_restarts_jump() -> None:
    jumps = {
        schedule: np.abs(np.diff(composed(schedule, warmup=20))).max() > 0.25
        for schedule in ("constant", "step", "exponential", "cosine", "restarts", "triangular")
    }
    assert [schedule for schedule, jump in jumps.items() if jump] == ["step", "restarts"]


def marks(steps: int, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """Rates of the steepest and of the lowest place, for every seed."""
    tests = [demos.range_test().model(steps=steps, smoothing=smoothing, seed=seed) for seed in range(10)]
    return tuple(np.array([[one.rates[one.steepest], one.rates[one.lowest]] for one in tests]).T)


def test_the_marks_of_a_range_test_move_as_the_text_says() -> None:
    (short, _), (usual, low), (raw, _), (smooth, late) = (
        marks(30, 0.8),
        marks(120, 0.8),
        marks(120, 0),
        marks(120, 0.98),
    )
    assert np.median(short) > 1.4 * np.median(usual), "a short test moves the mark to the right"
    assert 2 < usual.max() / usual.min() < 4, "and so does another seed"
    assert raw.max() / raw.min() > 100, "without smoothing it is anywhere"
    assert np.median(late) > 1.5 * np.median(low), "much smoothing delays the lowest point"
    assert np.median(smooth) > 1.1 * np.median(usual)


def test_a_range_test_marks_the_steepest_place_before_the_lowest() -> None:
    now = demos.range_test().model(steps=300, smoothing=0.5, seed=3)
    falls = np.gradient(now.smoothed, np.log(now.rates))
    assert falls.argmin() > now.lowest == now.smoothed.argmin()
    assert now.steepest == falls[: now.lowest + 1].argmin()
    assert (now.rates[0], now.rates[-1]) == pytest.approx((1e-3, 10))


# The function being studied


def test_what_is_lent_for_numerical_gradient_takes_arrays_of_any_shape() -> None:
    for x in (np.array(3), np.arange(6.0).reshape(2, 3)):
        slopes = operation("numerical_gradient")(lambda x: (x**2).sum(), x)
        assert slopes.shape == x.shape
        np.testing.assert_allclose(slopes, 2 * x, atol=1e-8)


def test_the_learners_own_function_moves_the_picture() -> None:
    demo = demos.scores_to_loss(lambda scores: np.full_like(scores, 0.25))
    message, data = demo.respond({"form": demo.start()})
    assert message["note"].startswith("Your softmax")
    assert "loss is 1.386" in message["alt"]
    assert not np.array_equal(np.frombuffer(data, np.float32), numbers(demos.scores_to_loss()))


def test_torch_moves_the_picture_until_the_stub_is_written() -> None:
    def stub(scores: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    demo = demos.scores_to_loss(stub)
    message, _ = demo.respond({"form": demo.start()})
    assert message["note"].startswith("PyTorch moves this picture until you write softmax")
    np.testing.assert_array_equal(numbers(demo), numbers(demos.scores_to_loss()))


def test_what_is_lent_is_not_said_to_be_the_learners() -> None:
    demo = demos.scores_to_loss(operation("softmax"))
    note = demo.respond({"form": demo.start()})[0]["note"]
    assert note.startswith("PyTorch moves this picture until you write softmax")


def test_an_error_of_the_learner_is_shown_with_its_line_and_the_next_request_is_answered() -> None:
    def broken(scores: np.ndarray) -> np.ndarray:
        return scores / scores[99]

    demo = demos.scores_to_loss(broken)
    message, data = demo.respond({"form": demo.start()})
    assert message["error"].startswith("softmax raised IndexError in its line")
    assert data == b""
    assert "counts" not in message


def test_a_result_of_the_wrong_shape_is_said_to_be_one() -> None:
    demo = demos.scores_to_loss(lambda scores: scores.sum(axis=-1))
    assert demo.respond({"form": demo.start()})[0]["error"] == (
        "softmax returned shape (62,), here it is called for shape (62, 4)."
    )
    with pytest.raises(StudiedError, match="returned str; expected an array"):
        Studied("softmax", lambda scores: "soft").array((1, 4), np.zeros((1, 4)))


def test_a_learners_overflow_is_drawn_and_does_not_warn() -> None:
    demo = demos.scores_to_loss(lambda scores: naive_softmax(1000 * scores))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message, _ = demo.respond({"form": demo.start()})
    assert "nan" in message["alt"]


@pytest.mark.parametrize("size", [np.nan, np.inf, 1e100])
def test_weights_that_no_picture_can_show_are_said_to_be_so(size: float) -> None:
    demo = demos.activations(lambda fan_in, fan_out, rng: size * rng.normal(size=(fan_in, fan_out)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message, _ = demo.respond({"form": demo.start() | {"activation": "none"}})
    assert message["error"].startswith("The activations are not finite")


def test_several_functions_are_named_as_yours_or_as_pytorchs() -> None:
    def note(*own: type) -> str:
        demo = demos.race(*own)
        return demo.respond({"form": demo.start()})[0]["note"]

    assert note(*OWN.values()) == "Your HeavyBall, Nesterov, AdaGrad, RMSProp and Adam move this picture."
    assert note(OWN["Adam"], OWN["AdaGrad"], OWN["RMSProp"]) == (
        "Your AdaGrad, RMSProp and Adam move this picture. PyTorch moves the rest until you write HeavyBall and "
        "Nesterov and run the cell with them in the brackets."
    )
    assert note(operation("Adam")).startswith(
        "PyTorch moves this picture until you write HeavyBall, Nesterov, AdaGrad, "
    )


class Empty:
    def __init__(self, *settings: float) -> None:
        pass

    def step(self, params: dict, grads: dict) -> dict:
        raise NotImplementedError


class Untouched:
    def __init__(self, *settings: float) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("stub", [Empty, Untouched])
def test_torch_races_in_place_of_a_class_that_is_not_written(stub: type) -> None:
    demo = demos.race(type("Adam", (stub,), {}), OWN["AdaGrad"])
    message, _ = demo.respond({"form": demo.start()})
    assert message["error"] == ""
    assert message["note"].startswith("Your AdaGrad moves this picture. PyTorch moves the rest")
    np.testing.assert_allclose(numbers(demo), numbers(demos.race()), rtol=1e-5, atol=1e-3)


class Raises(Written):
    def step(self, params: dict, grads: dict) -> dict:
        return {"w": params["w"] - self.rate * grads["w"]}


class Shrinks(Written):
    def step(self, params: dict, grads: dict) -> dict:
        return {"w": params["w"][:1]}


class ReturnsArray(Written):
    def step(self, params: dict, grads: dict) -> np.ndarray:
        return params["w"] - grads["w"]


class LosesNumbers(Written):
    def step(self, params: dict, grads: dict) -> dict:
        return {"w": params["w"] * np.log(-1.0 - grads["w"] ** 2)}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Raises, "Adam raised AttributeError in its line "),
        (Shrinks, "Adam.step has to return a dict with the same keys and shapes as params."),
        (ReturnsArray, "Adam.step has to return a dict with the same keys and shapes as params."),
        (LosesNumbers, "Adam.step returns nan."),
    ],
)
def test_what_is_wrong_with_one_optimizer_is_told_and_the_others_race_on(wrong: type, says: str) -> None:
    demo, right = demos.race(type("Adam", (wrong,), {}), OWN["RMSProp"]), demos.race()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message, data = demo.respond({"form": demo.start()})
    assert message["error"].startswith(says)
    assert "Adam is missing" in message["alt"]
    assert len(data) == 4 * sum(message["counts"])
    for name, path in race(type("Adam", (wrong,), {})).paths.items():
        np.testing.assert_array_equal(path, race().paths[name])
    assert "Adam is missing" not in right.respond({"form": right.start()})[0]["alt"]
    alone = demos.adam_step_size(type("Adam", (wrong,), {}))
    assert alone.respond({"form": alone.start()})[0]["error"].startswith(says)


@pytest.mark.parametrize("name", ["Momentum", "SGD", "adam"])
def test_who_is_not_in_the_race_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is not in the race: HeavyBall, Nesterov, AdaGrad"):
        demos.race(type(name, (Written,), {}))


def test_the_lecture_hands_every_demo_the_answers_that_it_studies() -> None:
    found = studied(SimpleNamespace(answer=lambda exercise: exercise.name))
    assert found["scores_to_loss"] == ["softmax"]
    assert found["outlier"] == []
    assert found["descent"] == found["batch_size"] == ["sgd_step"]


# What the pictures say


@pytest.mark.parametrize(("name", "place"), [("descent", 1), ("scores_to_loss", 2), ("scores_to_loss", 3)])
def test_a_loss_beyond_the_picture_is_a_triangle_and_no_point(name: str, place: int) -> None:
    demo = getattr(demos, name)()
    inside = stage_of(demo)
    marked = {mark: actor_of(inside, "points", place, marker=mark) for mark in "o^"}
    assert np.isfinite(marked["o"].outline()).any()
    assert not np.isfinite(marked["^"].outline()).any()
    stage_of(demo, **({"lr": "0.4", "t": "60"} if name == "descent" else {"temperature": "-1"}))
    assert not np.isfinite(marked["o"].outline()).any()
    assert np.nanmean(marked["^"].outline()[:, 1]) == pytest.approx(inside.shape[1] - marked["^"].axes.bbox.y1, abs=2)


def test_a_loss_of_zero_is_marked_below_the_picture() -> None:
    stage = stage_of(demos.descent(), landscape="bowl", lr="0", t="60")
    mark = actor_of(stage, "points", 1, marker="v")
    assert np.nanmean(mark.outline()[:, 1]) == pytest.approx(stage.shape[1] - mark.axes.bbox.y0, abs=2)
    assert actor_of(stage, "words", 1).words == ["loss 0"]


def test_small_probabilities_and_large_losses_are_written_as_they_are() -> None:
    demo = demos.scores_to_loss()
    assert actor_of(stage_of(demo, target="owl"), "words", 1).words == ["0.29", "0.07", "0.64", "0.002"]
    assert actor_of(stage_of(demo, temperature="-1"), "words", 1).words == ["≈ 0", "≈ 0", "1.00", "≈ 0"]
    assert actor_of(stage_of(demo, temperature="-1"), "words", 3).words == ["loss 22.0"]


@pytest.mark.parametrize("true", range(4))
def test_the_true_class_is_named_where_it_stands(true: int) -> None:
    stage = stage_of(demos.scores_to_loss(), target=("cat", "dog", "fox", "owl")[true])
    (word,) = [actor for actor in stage.cast if actor.words == ["true"]]
    assert word.data[0, 0] == true


def test_temperature_divides_the_scores_that_are_drawn() -> None:
    stage = stage_of(demos.scores_to_loss(), temperature="0.3")
    pale, solid = ([a.data[:, 3] for a in stage.cast if a.kind == "bars" and a.alpha == alpha] for alpha in (0.3, 1))
    np.testing.assert_allclose(pale[0], [3, 3.8, -2])
    np.testing.assert_allclose(solid[0], np.array([3, 3.8, -2]) / 2)
    np.testing.assert_allclose(solid[1], [1.6 / 2])


@pytest.mark.parametrize(("temperature", "up", "down"), [("0", 0, 0), ("-0.4", 2, 0), ("-0.5", 2, 1), ("-1", 3, 1)])
def test_a_triangle_marks_every_bar_that_leaves_the_picture(temperature: str, up: int, down: int) -> None:
    stage = stage_of(demos.scores_to_loss(), temperature=temperature)
    left = next(actor.axes for actor in stage.cast if actor.kind == "bars")
    for marker, count, edge in (("^", up, ROOF), ("v", down, -ROOF)):
        (triangles,) = [actor for actor in stage.cast if actor.axes is left and actor.marker == marker]
        heights = triangles.data[:, 1]
        assert np.isfinite(heights).sum() == count
        np.testing.assert_allclose(heights[np.isfinite(heights)], edge, rtol=0.1)


def test_the_sizes_at_both_ends_are_told() -> None:
    demo = demos.activations()
    now = demo.model(activation="none", gain=0.6, depth=3)
    alt = demo.picture(activation="none", gain=0.6, depth=3)[1]
    for sizes in (now.spreads, now.gradients):
        assert f"is {written(sizes[0])} at layer 1 and {written(sizes[-1])} at layer 3" in alt


def test_words_for_one_step_and_for_more() -> None:
    demo = demos.descent()
    assert "After 1 step in" in demo.respond({"form": demo.start() | {"t": "1"}})[0]["alt"]
    assert "After 2 steps in" in demo.respond({"form": demo.start() | {"t": "2"}})[0]["alt"]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 2, "0"),
        (0.2, 2, "0.20"),
        (33_600, 2, "34 000"),
        (0.000123, 1, "0.0001"),
        (3.14e-8, 2, "3.1 · 10⁻⁸"),
        (2.71e11, 3, "2.71 · 10¹¹"),
        (999_999, 2, "1.0 · 10⁶"),
        (np.inf, 2, "∞"),
        (np.nan, 2, "nan"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: float, digits: int, text: str) -> None:
    assert written(value, digits) == text


def test_the_tangent_says_that_a_kink_has_none_and_shows_where_no_error_is_left() -> None:
    demo = demos.tangent()
    kink = stage_of(demo, function="|x|", a="0")
    assert actor_of(kink, "words").words == ["none at the kink"]
    assert np.isfinite(actor_of(kink, "points", 1, marker="o").outline()).any()
    straight = stage_of(demo, function="|x|", a="2")
    assert actor_of(straight, "words").words == ["slope 1"]
    assert actor_of(straight, "words", 1).words == ["< 10⁻⁹"]
    assert np.isfinite(actor_of(straight, "points", 1, marker="v").outline()).any()
    assert not np.isfinite(actor_of(straight, "points", 1, marker="o").outline()).any()


def test_a_wrong_slope_of_the_learner_moves_the_tangent() -> None:
    demo = demos.tangent(lambda f, x: np.array(10.0))
    message, _ = demo.respond({"form": demo.start()})
    assert message["note"].startswith("Your numerical_gradient")
    assert "the line has the slope 10." in message["alt"]
    nan = demos.tangent(lambda f, x: np.array(np.nan))
    assert "error is nan" in nan.respond({"form": nan.start()})[0]["alt"]


def test_the_node_used_twice_shows_its_sum_once_both_parts_are_there() -> None:
    demo = demos.computation_graph()
    (both,) = [actor for actor in stage_of(demo, step="14").cast if actor.words == ["6 + 18"]]
    assert np.isfinite(both.data).all()
    stage_of(demo, step="12")
    assert not np.isfinite(both.data).all()
    stage_of(demo, step="14", x="-5", w="-5", b="5")
    assert both.words == ["50 − 250"]


def test_gradients_outside_the_picture_are_triangles_at_its_edge() -> None:
    for form, mark in (({"gain": "-0.6"}, "v"), ({"gain": "1.08", "activation": "none"}, "^")):
        stage = stage_of(demos.gradient_by_depth(), depth="30", **form)
        shown = [actor_of(stage, "points", marker=m).outline()[:, 0].reshape(30, -1) for m in ("o", mark)]
        inside, outside = (np.isfinite(one[:, 0]) for one in shown)
        assert outside.any()
        assert (inside ^ outside).all()


# Every demo


@pytest.mark.parametrize("name", NAMES)
def test_every_position_of_a_logarithmic_slider_is_another_short_number(name: str) -> None:
    for slider in [control for control in getattr(demos, name)().controls if isinstance(control, Slider)]:
        if not slider.log:
            continue
        low, high = (float(slider.write(end)) for end in (slider.low, slider.high))
        exponents = np.linspace(low, high, round((high - low) / slider.step) + 1)
        values = [slider.read({slider.name: f"{exponent:.6g}"}) for exponent in exponents]
        assert len(set(values)) == len(values)
        np.testing.assert_allclose(values, 10**exponents, rtol=0.025)
        assert all(len(f"{value:e}".split("e")[0].replace(".", "").rstrip("0")) <= 3 for value in values)
        assert [values[0], values[-1]] == [slider.low, slider.high]


@pytest.mark.parametrize("name", NAMES)
def test_every_corner_of_every_control_has_a_frame_and_words(name: str) -> None:
    demo = getattr(demos, name)()
    for form in corners(demo):
        message, data = demo.respond({"form": form})
        assert message["error"] == ""
        assert message["alt"].endswith(".")
        assert len(data) == 4 * sum(message["counts"])
        assert len(message["looks"]) == len(message["counts"])
        json.dumps(message, allow_nan=False)


@pytest.mark.parametrize("size", ["notebook", "lecture"])
@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_cut_off_and_none_lies_on_another_or_under_a_line_or_a_point(name: str, size: str) -> None:
    demo = getattr(demos, name)(size=size)
    for form in pairs(demo):
        stage = stage_of(demo, **form)
        paper, found = boxes(stage)
        for text, box in found.items():
            assert Bbox.intersection(box, paper).bounds == pytest.approx(box.bounds), f"{text} is cut off: {form}"
        for (text, box), (other, there) in combinations(found.items(), 2):
            assert not box.overlaps(there), f"{text} lies on {other}: {form}"
        for actor in [actor for actor in stage.cast if actor.kind in ("line", "points", "arrows")]:
            shapes = [artist.get_transform().transform_path(artist.get_path()) for artist in actor.artists()]
            for text, box in found.items():
                seen = Bbox.intersection(box, actor.window())
                touches = seen and any(shape.intersects_bbox(seen, actor.filled) for shape in shapes)
                assert not touches, f"a {actor.kind} lies on {text}: {form}"


@pytest.mark.parametrize("name", NAMES)
def test_every_control_moves_an_actor(name: str) -> None:
    demo = getattr(demos, name)()

    def actors(**form: str) -> tuple[list[str], bytes]:
        message, data = demo.respond({"form": demo.start() | form})
        return message["words"], data

    before = actors()
    for control in demo.controls:
        other = next(o for o in control.options if o != control.start) if isinstance(control, Choice) else control.high
        if other == control.start:
            other = control.low
        assert actors(**{control.name: control.write(other)}) != before, control


@pytest.mark.parametrize("name", NAMES)
def test_answers_depend_on_the_request_alone(name: str) -> None:
    demo = getattr(demos, name)()
    first, data = demo.respond({"form": demo.start()})
    for control in demo.controls:
        far = control.options[-1] if isinstance(control, Choice) else control.write(control.low)
        demo.respond({"form": demo.start() | {control.name: far}})
    again, same = demo.respond({"form": demo.start()})
    assert again | {"gap": None} == first | {"gap": None}
    assert same == data


@pytest.mark.parametrize("name", NAMES)
def test_what_no_slider_and_no_choice_can_be_is_refused_before_the_model_runs(name: str) -> None:
    demo = getattr(demos, name)()
    start = demo.start()
    for control in demo.controls:
        texts = ["", "nan", "inf", "1e9", "-1e9", "rm -rf"] if isinstance(control, Slider) else ["", "1", "no"]
        for text in texts:
            with pytest.raises(ValueError, match=r"must be|could not convert"):
                demo.respond({"form": start | {control.name: text}})
        with pytest.raises(KeyError):
            demo.respond({"form": {key: value for key, value in start.items() if key != control.name}})


@pytest.mark.parametrize("name", NAMES)
def test_the_set_travels_only_when_the_browser_has_another(name: str) -> None:
    demo = getattr(demos, name)()
    message, _ = demo.respond({"form": demo.start()})
    assert message["svg"].startswith("<?xml")
    assert "svg" not in demo.respond({"form": demo.start(), "set": message["set"]})[0]


@pytest.mark.parametrize("size", ["notebook", "lecture"])
@pytest.mark.parametrize("name", NAMES)
def test_the_picture_without_a_browser_is_a_png_with_words(name: str, size: str) -> None:
    png, alt = getattr(demos, name)(size=size).picture()
    assert png.startswith(b"\x89PNG")
    assert len(alt) > 20


@pytest.mark.parametrize("name", NAMES)
def test_fifty_changes_leave_no_figure_behind(name: str) -> None:
    demo = getattr(demos, name)()
    slider = next(control for control in demo.controls if isinstance(control, Slider))
    key = demo.respond({"form": demo.start()})[0]["set"]
    figures = sum(type(thing) is Figure for thing in gc.get_objects())
    for value in np.linspace(slider.low, slider.high, 50):
        demo.respond({"form": demo.start() | {slider.name: slider.write(value)}, "set": key})
    gc.collect()
    assert sum(type(thing) is Figure for thing in gc.get_objects()) <= figures


def test_every_demo_takes_its_function_first_and_its_size_by_name() -> None:
    for name in NAMES:
        *functions, size = inspect.signature(getattr(demos, name)).parameters.values()
        assert size.kind is inspect.Parameter.KEYWORD_ONLY
        assert len(functions) <= 1
        assert all(one.default is None or one.kind is inspect.Parameter.VAR_POSITIONAL for one in functions)


@pytest.mark.parametrize("graded", ["GRADUS_JUDGE", "NBGRADER_EXECUTION"])
def test_a_graded_notebook_gets_the_picture_and_no_widget(monkeypatch: pytest.MonkeyPatch, graded: str) -> None:
    monkeypatch.setenv(graded, "some")
    bundle, metadata = demos.outlier()._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "median" in metadata["image/png"]["alt"]


def test_a_notebook_gets_the_widget_and_the_picture_for_those_without(monkeypatch: pytest.MonkeyPatch) -> None:
    for graded in ("GRADUS_JUDGE", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(graded, raising=False)
    bundle, _ = demos.outlier()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}


def test_a_saved_notebook_shows_the_picture_as_web_page_as_markdown_and_in_print() -> None:
    bundle, metadata = demos.outlier()._repr_mimebundle_()
    shown = new_output("execute_result", data=bundle, metadata=metadata, execution_count=1)
    notebook = new_notebook(cells=[new_code_cell("demos.outlier()", outputs=[shown], execution_count=1)])
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert f'src="data:image/png;base64,{bundle["image/png"][:100]}' in page
    png = base64.b64decode(bundle["image/png"])
    for exporter in (MarkdownExporter(), LatexExporter()):
        text, resources = exporter.from_notebook_node(notebook)
        ((name, data),) = resources["outputs"].items()
        assert name in text
        assert data == png


def test_running_a_cell_again_closes_the_view_it_opened_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradus.demos import widget

    monkeypatch.setattr(widget, "_cell", lambda: "cell-1")
    first, second = (widget.LiveDemo.of(demos.outlier()) for _ in range(2))
    assert first.comm is None
    assert second.comm is not None


def test_a_failing_demo_answers_and_then_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradus.demos import widget

    demo = demos.outlier()
    view, sent = widget.LiveDemo.of(demo), []
    monkeypatch.setattr(view, "send", lambda message, buffers=None: sent.append(message))
    with pytest.raises(KeyError):
        view._answer(demo, {"form": {}})
    assert sent[0]["error"].startswith("The demo itself failed: KeyError")


# The server extension


def test_the_extension_sets_nodelay_before_the_kernel_answers(tmp_path: Path) -> None:
    from gradus.server import _load_jupyter_server_extension

    done = []

    class Connection:
        class websocket_handler:  # noqa: N801
            @staticmethod
            def set_nodelay(on: bool) -> None:
                done.append(("nodelay", on))

        async def connect(self) -> None:
            done.append(("connected", True))

    settings = {"kernel_websocket_connection_class": Connection, "base_url": "/"}
    web = SimpleNamespace(settings=settings, add_handlers=lambda host, handlers: None)
    app = SimpleNamespace(web_app=web, root_dir=str(tmp_path))
    _load_jupyter_server_extension(app)
    # Stepped by hand: Playwright's loop may be running in this process.
    with pytest.raises(StopIteration):
        settings["kernel_websocket_connection_class"]().connect().send(None)
    assert done == [("nodelay", True), ("connected", True)]


# The stage


def test_actors_are_placed_by_matplotlibs_own_transform() -> None:
    stage = Stage()
    (ax,) = stage.panels("one")
    ax.set(xlim=(0, 2), ylim=(1, 100), yscale="log")
    stage.line(ax, "loss").place([0, 2, np.nan], [1, 100, 1])
    _, _, data = stage.frame()
    box, height = ax.bbox, stage.shape[1]
    corners = np.frombuffer(data, np.float32).reshape(-1, 2)
    np.testing.assert_allclose(corners[:2], [[box.x0, height - box.y0], [box.x1, height - box.y1]], atol=1e-3)
    assert np.isnan(corners[2, 0])


def test_an_image_travels_unchanged_behind_its_corners_and_shape() -> None:
    stage = Stage()
    (ax,) = stage.panels("one")
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    stage.image(ax).place(0, 1, 1, 0, pixels=pixels)
    (count,), _, data = stage.frame()
    assert count == 4 + 2 + 6
    assert list(np.frombuffer(data, np.float32)[4:6]) == [3, 2]
    assert data[24:] == pixels.tobytes()
    assert stage.picture().startswith(b"\x89PNG")


def test_a_frame_far_outside_stays_finite() -> None:
    stage = Stage()
    (ax,) = stage.panels("one")
    stage.line(ax, "loss").place([0, 1e30, -np.inf, 1e300, -1e300], [0, 1, 1, 0, 1])
    stage.bars(ax, "loss").place(0, 0, [1e30, np.inf], 1)
    assert 1e4 < np.nanmax(np.abs(np.frombuffer(stage.frame()[2], np.float32))) < 2e5


@pytest.mark.parametrize("seed", range(20))
def test_a_line_to_far_away_keeps_its_direction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stage = Stage()
    (ax,) = stage.panels("one")
    ax.set(xlim=(-1, 1), ylim=(-1, 1))
    near, along = rng.uniform(-0.5, 0.5, 2), rng.normal(size=2)
    ends = [near - 10 ** rng.uniform(0, 6) * along, near + 10 ** rng.uniform(5, 7) * along]
    line = stage.line(ax, "path")
    line.place(*np.array([ends[0], near, ends[1]]).T)
    stage.frame()
    drawn = line.outline() * (1, -1) + (0, stage.shape[1])
    drawn = ax.transData.inverted().transform(drawn[np.isfinite(drawn).all(axis=1)]) - near
    assert len(drawn) >= 3
    np.testing.assert_allclose(drawn[:, 0] * along[1], drawn[:, 1] * along[0], atol=1e-6)


def test_a_line_that_is_far_away_all_the_time_is_left_out() -> None:
    stage = Stage()
    (ax,) = stage.panels("one")
    line = stage.line(ax, "path")
    line.place([1e8, 2e8, 0, 1], [1e8, 3e8, 1e9, 1])
    stage.frame()
    pieces = line.outline()
    assert np.isnan(pieces[:6]).any(axis=1).all()
    assert np.isfinite(pieces[6:]).any()


def test_the_path_of_a_runaway_descent_goes_through_the_minimum_of_the_bowl() -> None:
    stage = stage_of(demos.descent(), landscape="bowl", lr="0.4", t="60")
    path = actor_of(stage, "line")
    drawn = path.outline() * (1, -1) + (0, stage.shape[1])
    drawn = path.axes.transData.inverted().transform(drawn[np.isfinite(drawn).all(axis=1)])
    np.testing.assert_allclose(drawn[:, 1], -0.625 * drawn[:, 0], atol=1e-6)


def test_dashes_are_as_long_as_the_style_says_in_widths_of_the_line() -> None:
    stage = Stage()
    (ax,) = stage.panels("one")
    for quantity in ("nesterov", "adam"):
        stage.line(ax, quantity)
    (dashed, solid) = stage.looks()
    assert dashed["dash"] == [length * dashed["size"] for length in (6, 1, 1, 1)]
    assert solid["dash"] == []


def test_every_kind_of_actor_is_painted_by_matplotlib_too() -> None:
    def ink(kind: str, *columns: float | list[float], **more: object) -> int:
        stage = Stage()
        (ax,) = stage.panels("one")
        ax.set(xlim=(0, 1), ylim=(0, 1))
        empty = stage.picture()
        getattr(stage, kind)(ax, *([] if kind == "image" else ["loss"])).place(*columns, **more)
        return int(stage.picture() != empty)

    assert ink("line", [0.1, 0.9], [0.1, 0.9])
    assert ink("area", [0.1, 0.9, 0.9], [0.1, 0.1, 0.9])
    assert ink("points", 0.5, 0.5)
    assert ink("bars", 0.1, 0, 0.3, 0.5)
    assert ink("arrows", 0.1, 0.1, 0.6, 0.6)
    assert ink("words", 0.5, 0.5, words=["here"])
    assert ink("image", 0, 1, 1, 0, pixels=np.full((2, 2, 4), 200, np.uint8))


def test_matplotlib_paints_actors_where_the_browser_does_and_cuts_them_off_at_the_axes() -> None:
    stage = Stage()
    left, right = stage.panels("one", "two")
    for ax in (left, right):
        ax.set(xlim=(0, 1), ylim=(0, 1))
    before = imread(io.BytesIO(stage.picture()))
    stage.bars(right, "loss").place(-1, -1, 2, 2)
    points = stage.points(left, "loss", width=3)
    points.place([1, 1.01], [0.5, 0.2])
    changed = np.abs(imread(io.BytesIO(stage.picture())) - before).max(axis=-1) > 0.2
    # The picture as the axes and the browser count it: from the top left corner.
    scale, (_, height) = changed.shape[1] / stage.shape[0], stage.shape
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) / scale for axis in (1, 0))
    radius = points.size / 2
    np.testing.assert_allclose([columns[0], columns[-1]], [left.bbox.x1 - radius, right.bbox.x1], atol=1.5)
    np.testing.assert_allclose([rows[0], rows[-1]], [height - right.bbox.y1, height - right.bbox.y0], atol=1.5)
    between = columns[(columns > left.bbox.x1) & (columns < right.bbox.x0 - 2)]
    assert between[-1] == pytest.approx(left.bbox.x1 + radius, abs=1.5)
    lower = changed[int(scale * (height - left.bbox.y0 - 0.3 * left.bbox.height)) :, : int(scale * right.bbox.x0 - 2)]
    assert not lower.any(), "a point outside the axes is painted"
    clips = [look["clip"] for look in stage.looks()]
    np.testing.assert_allclose(clips[0], [right.bbox.x0, height - right.bbox.y1, *right.bbox.size])
    np.testing.assert_allclose(clips[1], [0, 0, *stage.shape])


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'notebook' or 'lecture'"):
        demos.outlier(size="huge").picture()
