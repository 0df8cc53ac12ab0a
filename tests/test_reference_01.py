"""The answers of notebook 01 agree with autograd and finite differences to 1e-12, and so does what is lent for them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, exercise_called, finding, graded_exercises

from autograder.judging import catalogue
from gradus.checking.arguments import find_family
from gradus.checking.comparing import behaviour
from gradus.checking.pictures import GraphPicture
from gradus.checking.public import _picture
from gradus.checking.running import Outcome, run
from gradus.exercises.backprop import cubic, waves
from gradus.graph import Node
from gradus.learning.lending import operation

CLOSE: dict[str, float] = {"rtol": 1e-12, "atol": 1e-12}
OPERATIONS: dict[str, Callable[..., torch.Tensor]] = {
    "add": torch.add,
    "multiply": torch.mul,
    "matmul": torch.matmul,
    "relu": torch.relu,
}
SHAPES = {
    "add": [((3, 5), (5,)), ((3, 1), (1, 5)), ((), (2, 3)), ((2, 3, 5), (3, 1)), ((4,), (4,))],
    "multiply": [((3, 5), (5,)), ((3, 1), (1, 5)), ((), (2, 3)), ((2, 3, 5), (3, 1)), ((4,), (4,))],
    "matmul": [((3, 5), (5, 7)), ((1, 5), (5, 1)), ((3, 3), (3, 3))],
    "relu": [((3, 5),), ((),), ((2, 3, 4),)],
}
LENT = ["linear_backward", "relu_backward", "tanh_backward", *OPERATIONS, "backward"]


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("01").source.reference


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def watched(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)


def network(n: int = 7, n_in: int = 3, n_hidden: int = 9, n_out: int = 5) -> tuple[dict[str, np.ndarray], Any, Any]:
    shapes = {"W1": (n_in, n_hidden), "b1": (n_hidden,), "W2": (n_hidden, n_out), "b2": (n_out,)}
    params = {name: draw(*shape, seed=1) / 2 for name, shape in shapes.items()}
    return params, draw(n, n_in, seed=2), draw(n, n_out, seed=3)


def torch_network(params: dict[str, np.ndarray], x: Any, y: Any) -> tuple[float, dict[str, Any]]:
    leaves = {name: watched(value) for name, value in params.items()}
    error = torch.tanh(torch.tensor(x) @ leaves["W1"] + leaves["b1"]) @ leaves["W2"] + leaves["b2"] - torch.tensor(y)
    loss = (error**2).sum() / (2 * len(x))
    loss.backward()
    return loss.item(), {name: leaf.grad for name, leaf in leaves.items()}


@pytest.mark.parametrize("h", [1e-2, 0.1, 0.5])
def test_numerical_gradient_of_a_cubic_is_off_by_h_squared_times_its_cubes(answers: ModuleType, h: float) -> None:
    linear, crossed, cubes, x = draw(3, seed=1), draw(3, 3), draw(3, seed=2), draw(3, seed=3)
    f = find_family("cubic").make(**cubic(shape=[3], linear=linear, crossed=crossed, cubes=cubes).given)
    derivative = linear + (crossed + crossed.T) @ x + 3 * cubes * x**2
    np.testing.assert_allclose(answers.numerical_gradient(f, x, h), derivative + cubes * h**2, **CLOSE)


def test_numerical_gradient_of_waves_is_the_central_difference_in_closed_form(answers: ModuleType) -> None:
    heights, frequencies, growth, x, h = draw(4, seed=1), draw(4, 3), draw(3, seed=2) / 4, draw(3, seed=3), 0.1
    f = find_family("waves").make(**waves(shape=[3], heights=heights, waves=frequencies, growth=growth).given)
    swings = heights * np.cos(frequencies @ x) @ np.sin(frequencies * h) / h
    expected = swings + np.exp(growth @ x) * np.sinh(growth * h) / h
    np.testing.assert_allclose(answers.numerical_gradient(f, x, h), expected, **CLOSE)


@pytest.mark.parametrize("x", [np.array(3), np.array(2.5, np.float32), np.array([[1, 2], [3, 4]]), np.zeros((2, 1, 3))])
def test_numerical_gradient_takes_any_shape_and_type_and_leaves_x_alone(answers: ModuleType, x: np.ndarray) -> None:
    before = x.copy()
    gradient = answers.numerical_gradient(lambda x: float(np.sum(x**2)), x)
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 2.0 * before, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(("n", "n_in", "n_out"), [(7, 5, 3), (3, 3, 3), (1, 5, 3), (7, 3, 1)])
def test_linear_backward_equals_autograd(answers: ModuleType, n: int, n_in: int, n_out: int) -> None:
    dz, x, W, b = draw(n, n_out), draw(n, n_in), draw(n_in, n_out), draw(n_out)
    leaves = [watched(array) for array in (x, W, b)]
    (leaves[0] @ leaves[1] + leaves[2]).backward(torch.tensor(dz))
    for mine, leaf in zip(answers.linear_backward(dz, x, W), leaves, strict=True):
        np.testing.assert_allclose(mine, leaf.grad, **CLOSE)


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4)])
def test_activations_go_back_as_autograd_does(answers: ModuleType, shape: tuple[int, ...]) -> None:
    z, arrived = np.asarray(2 * draw(*shape)), np.asarray(draw(*shape, seed=1))
    for name, forward, given in (("relu", torch.relu, z), ("tanh", torch.tanh, np.tanh(z))):
        leaf = watched(z)
        forward(leaf).backward(torch.tensor(arrived))
        np.testing.assert_allclose(getattr(answers, f"{name}_backward")(arrived, given), leaf.grad, **CLOSE)


@pytest.mark.parametrize("name", ["mlp_gradients", "repaired_mlp_gradients", "torch_gradients"])
@pytest.mark.parametrize("sizes", [(7, 3, 9, 5), (1, 3, 5, 2), (5, 3, 7, 1), (3, 3, 3, 3)])
def test_gradients_of_the_network_equal_autograd(answers: ModuleType, name: str, sizes: tuple[int, ...]) -> None:
    task = network(*sizes)
    loss, grads = getattr(answers, name)(*task)
    expected, theirs = torch_network(*task)
    np.testing.assert_allclose(loss, expected, **CLOSE)
    assert grads.keys() == theirs.keys()
    for key, grad in grads.items():
        np.testing.assert_allclose(grad, theirs[key], **CLOSE)


def test_gradients_of_the_network_are_the_slopes_of_its_loss(answers: ModuleType) -> None:
    params, x, y = network(5, 3, 4, 2)
    grads = answers.mlp_gradients(params, x, y)[1]
    for key, grad in grads.items():

        def loss(value: np.ndarray, key: str = key) -> float:
            return answers.mlp_gradients({**params, key: value}, x, y)[0]

        np.testing.assert_allclose(slope(loss, params[key]), grad, rtol=1e-10, atol=1e-11)


def slope(f: Any, x: np.ndarray, h: float = 2e-3) -> np.ndarray:
    """Central differences, extrapolated three times (Richardson): errors of h**8 and of rounding stay below 1e-11."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[i] = 1
        table = [(f(x + s * unit) - f(x - s * unit)) / (2 * s) for s in h * 2.0 ** np.arange(4, 0, -1)]
        for order in (4, 16, 64):
            table = [(order * fine - coarse) / (order - 1) for coarse, fine in pairwise(table)]
        gradient[i] = table[0]
    return gradient


@pytest.mark.parametrize(("name", "shapes"), [(name, shapes) for name in OPERATIONS for shapes in SHAPES[name]])
@pytest.mark.parametrize("lent", [False, True])
def test_operations_and_what_is_lent_in_their_place_equal_autograd(
    answers: ModuleType, name: str, shapes: tuple[tuple[int, ...], ...], lent: bool
) -> None:
    nodes = [Node(draw(*shape, seed=k)) for k, shape in enumerate(shapes)]
    leaves = [watched(node.value) for node in nodes]
    out = (operation(name) if lent else getattr(answers, name))(*nodes)
    theirs = OPERATIONS[name](*leaves)
    np.testing.assert_allclose(out.value, theirs.detach(), **CLOSE)
    assert out.parents == tuple(nodes)
    out.grad = np.asarray(draw(*out.value.shape, seed=9))
    theirs.backward(torch.tensor(out.grad))
    for times in (1, 2):
        out.backward()
        for node, leaf in zip(nodes, leaves, strict=True):
            np.testing.assert_allclose(node.grad, times * leaf.grad.numpy(), **CLOSE)


@pytest.mark.parametrize("lent", [False, True])
def test_a_network_trained_with_the_engine_has_the_gradients_of_autograd(answers: ModuleType, lent: bool) -> None:
    add, multiply, matmul, relu, backward = (
        operation(name) if lent else getattr(answers, name) for name in (*OPERATIONS, "backward")
    )
    values = [draw(7, 3), draw(3, 5), draw(5), draw(5, 1)]
    x, W, b, v = map(Node, values)
    hidden = relu(add(matmul(x, W), b))
    output = matmul(hidden, v)
    loss = matmul(Node(np.ones((1, 7))), multiply(output, output))
    loss = multiply(loss, loss)  # of shape (1, 1): a product of matrices has no smaller one
    for _ in range(2):
        backward(loss)
    leaves = [watched(value) for value in values]
    theirs = ((torch.relu(leaves[0] @ leaves[1] + leaves[2]) @ leaves[3]) ** 2).sum() ** 2
    theirs.backward()
    for node, leaf in zip((x, W, b, v), leaves, strict=True):
        np.testing.assert_allclose(node.grad, 2 * leaf.grad.numpy(), rtol=1e-11)


@pytest.mark.parametrize("lent", [False, True])
def test_the_node_that_is_used_twice_gets_both_parts(answers: ModuleType, lent: bool) -> None:
    add, multiply, backward = (
        operation(name) if lent else getattr(answers, name) for name in ("add", "multiply", "backward")
    )
    x = Node(3.0)
    y = multiply(Node(2.0), x)
    backward(add(y, multiply(y, y)))
    assert x.grad == 26


def outcomes(name: str, answer: Any, seed: int = 0) -> list[tuple[Any, Outcome, Outcome]]:
    """Hidden cases with what the reference and an answer do in them."""
    exercise = exercise_called(name)
    cases = catalogue.hidden(name, np.random.default_rng(seed))
    return [(case, run(exercise, COURSE.answer(exercise), case), run(exercise, answer, case)) for case in cases]


@pytest.mark.parametrize("name", LENT)
def test_what_is_lent_passes_the_hidden_cases(name: str) -> None:
    for case, right, lent in outcomes(name, operation(name)):
        assert finding(exercise_called(name), case, right, lent).passed, (case.name, lent)


DRAWN = [
    name for name in graded_exercises() if exercise_called(name).topic == "backprop" and exercise_called(name).picture
]


@pytest.mark.parametrize(("name", "slip"), [(name, slip) for name in DRAWN for slip in catalogue.slips(name)], ids=str)
def test_every_wrong_answer_has_a_picture_in_which_something_is_marked(name: str, slip: Any) -> None:
    exercise = exercise_called(name)
    source = COURSE.assignment("01").source
    wrong = slip.answer(source.solutions[name], vars(source.reference))
    drawn = 0
    for case, right, got in outcomes(name, wrong):
        picture = _picture(exercise, case, behaviour(exercise, case, right), got)
        if not got.steps:
            continue
        assert isinstance(picture, GraphPicture), (case.name, got)
        assert picture.marked == (not finding(exercise, case, right, got).passed), picture.as_text()
        drawn += picture.marked
    assert drawn


def test_a_wrong_slope_is_marked_where_it_acts(answers: ModuleType) -> None:
    """Where only the first layer is wrong, the edge by which its gradient came is marked, too."""
    for doubled, marked in ((("W1", "b1"), True), (("W1",), False), (("W1", "b1", "b2"), False)):

        def answer(params: Any, x: Any, y: Any, doubled: tuple[str, ...] = doubled) -> Any:
            loss, grads = answers.mlp_gradients(params, x, y)
            return loss, {key: grads[key] * (2 if key in doubled else 1) for key in grads}

        case, right, got = outcomes("mlp_gradients", answer)[0]
        exercise = exercise_called("mlp_gradients")
        picture = _picture(exercise, case, behaviour(exercise, case, right), got)
        assert isinstance(picture, GraphPicture)
        assert [(edge.source, edge.target, edge.wrong) for edge in picture.edges if edge.source == "z"] == [
            ("z", "a", marked)
        ]


def forgetful(params: Any, x: Any, y: Any) -> Any:
    """`torch_gradients` without its call of `backward()`."""
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    error = torch.tanh(torch.tensor(x) @ leaves["W1"] + leaves["b1"]) @ leaves["W2"] + leaves["b2"] - torch.tensor(y)
    return ((error**2).sum(dim=1).mean() / 2).item(), {name: leaf.grad for name, leaf in leaves.items()}


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("add", lambda a, b: a.value + b.value, "add returns a Node, but one ndarray came back"),
        ("relu", lambda a: None, "relu returns a Node, but None came back"),
        ("linear_backward", lambda dz, x, W: dz, "linear_backward returns 3 results, (dx, dW, db)"),
        ("mlp_gradients", lambda params, x, y: (1.0, [x]), "returns the gradients as a dict, but one list came back"),
        ("torch_gradients", lambda params, x, y: (torch.ones(()), {}), "end with loss.item()"),
        ("torch_gradients", lambda params, x, y: (1.0, {"W1": torch.ones(2)}), "but tensors came back for W1"),
        ("torch_gradients", forgetful, "grads.W1 is None. In PyTorch, a leaf has no .grad before backward()"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(name: str, answer: Any, says: str) -> None:
    case, right, got = outcomes(name, answer)[0]
    assert says in finding(exercise_called(name), case, right, got).message


def test_a_backward_that_was_called_and_not_set_is_said_in_words() -> None:
    def add(a: Node, b: Node) -> Node:
        out = Node(a.value + b.value, (a, b))
        out.backward = None  # type: ignore[assignment]  # what calling a function without a return leaves there
        return out

    assert "set it to the function itself, without brackets" in outcomes("add", add)[0][2].message


@pytest.mark.parametrize("name", [name for name in graded_exercises() if exercise_called(name).topic == "backprop"])
def test_every_group_is_worth_half_points(name: str) -> None:
    cell = next(cell for cell in COURSE.assignment("01").source.cells if (cell.kind, cell.name) == ("check", name))
    assert 2 * cell.points % len({case.group for case in catalogue.public(name)}) == 0


def test_an_order_with_all_ways_is_stopped_before_it_fills_the_memory() -> None:
    def backward(loss: Node) -> None:
        order = [loss]
        for node in order:
            order += node.parents

    got = {case.name: one.message for case, _, one in outcomes("backward", backward)}
    assert "visit every node once" in got["25 diamonds in a row"]
