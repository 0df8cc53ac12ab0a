"""Other ways to write the exercises on backpropagation: right ones, which must pass, empty and nearly right ones.

``VARIANTS[exercise][name]`` is right, ``TRIVIAL[exercise][name]`` does nothing of use and must score 0.
``WRONG[exercise][name]`` is nearly right, with the groups that it has to lose: these, publicly and in every draw, or
just the ordinary one, after which nothing is left to lose.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import torch
from torch import nn

from gradus.graph import Node

Array = np.ndarray
Answers = dict[str, Callable[..., Any]]
WrongAnswers = dict[str, tuple[Callable[..., Any], set[str]]]
Params = dict[str, Array]
Function = Callable[[Any], float]


# numerical_gradient


def numerical_in_place_and_put_back(f: Function, x: Array, h: float = 1e-5) -> Array:
    x = x.astype(float)
    gradient = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + h
        above = f(x)
        x[i] = here - h
        gradient[i] = (above - f(x)) / (2 * h)
        x[i] = here
    return gradient


def numerical_on_the_callers_array(f: Function, x: Array, h: float = 1e-5) -> Array:
    point = x if x.dtype == np.float64 else x.astype(np.float64)
    gradient = np.zeros(x.shape)
    places = np.nditer(point, flags=["multi_index"])
    for _ in places:
        i = places.multi_index
        point[i] += h
        above = f(point)
        point[i] -= 2 * h
        below = f(point)
        point[i] += h
        gradient[i] = (above - below) / h / 2
    return gradient


def numerical_flattened(f: Function, x: Array, h: float = 1e-5) -> Array:
    flat = np.array(x, float).ravel()
    steps = h * np.eye(flat.size)
    return np.array(
        [(f((flat + e).reshape(x.shape)) - f((flat - e).reshape(x.shape))) / (2 * h) for e in steps]
    ).reshape(x.shape)


def numerical_by_halves(f: Function, x: Array, h: float = 1e-5) -> Any:
    x = np.asarray(x).astype("f8")
    gradient = np.zeros(x.shape)
    for i in range(x.size):
        point = x.copy()
        point.flat[i] = x.flat[i] + h
        forward = (f(point) - f(x)) / h
        point.flat[i] = x.flat[i] - h
        gradient.flat[i] = (forward + (f(x) - f(point)) / h) / 2
    return gradient.tolist()


def numerical_cast_to_float32(f: Function, x: Array, h: float = 1e-5) -> Array:
    return numerical_flattened(f, x, h).astype(np.float32)


def numerical_over_what_was_moved(f: Function, x: Array, h: float = 1e-5) -> Array:
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        above, below = x.copy(), x.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (above[i] - below[i])
    return gradient


def numerical_with_five_points(f: Function, x: Array, h: float = 1e-5) -> Array:
    return (4 * numerical_flattened(f, x, h / 2) - numerical_flattened(f, x, h)) / 3


def numerical_with_a_step_of_0_at_0(f: Function, x: Array, h: float = 1e-5) -> Array:
    gradient = numerical_flattened(f, x, h)
    return np.where(x == 0, 0, gradient)


def numerical_with_x_shifted(f: Function, x: Array, h: float = 1e-5) -> Array:
    gradient = numerical_flattened(f, x, h)
    if x.dtype == np.float64:
        x += 0.1
    return gradient


def transposed_if_square(array: Array) -> Array:
    return array.T if array.ndim == 2 and len(array) == array.shape[1] else array


# linear_backward


def linear_by_einsum(dz: Array, x: Array, W: Array) -> list[Array]:
    return [np.einsum("no,io->ni", dz, W), np.einsum("ni,no->io", x, dz), np.einsum("no->o", dz)]


def linear_by_loops(dz: Array, x: Array, W: Array) -> tuple[Array, Array, Array]:
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros((1, W.shape[1]))
    for n in range(len(x)):
        for o in range(W.shape[1]):
            db[0, o] += dz[n, o]
            for i in range(W.shape[0]):
                dx[n, i] += dz[n, o] * W[i, o]
                dW[i, o] += dz[n, o] * x[n, i]
    return dx, dW, db


def linear_with_a_row_for_the_bias(dz: Array, x: Array, W: Array) -> tuple[Array, ...]:
    return (W @ dz.T).T, (dz.T @ x).T, np.ones((1, len(dz))) @ dz


def linear_by_outer_products(dz: Array, x: Array, W: Array) -> tuple[Array, ...]:
    return np.inner(dz, W), sum(np.outer(*pair) for pair in zip(x, dz, strict=True)), np.sum(dz, 0)


def linear_as_lists(dz: Array, x: Array, W: Array) -> list[Any]:
    return [(dz @ W.T).tolist(), (x.T @ dz).tolist(), dz.sum(axis=0, keepdims=True).tolist()]


def linear_in_float32(dz: Array, x: Array, W: Array) -> tuple[Array, ...]:
    dz, x, W = (array.astype(np.float32) for array in (dz, x, W))
    return dz @ W.T, x.T @ dz, dz.sum(axis=0, keepdims=True)


def linear_by_autograd(dz: Array, x: Array, W: Array) -> tuple[Any, ...]:
    leaves = [torch.tensor(array, requires_grad=True) for array in (x, W, np.zeros_like(dz[0]))]
    (leaves[0] @ leaves[1] + leaves[2]).backward(torch.tensor(dz))
    return tuple(leaf.grad for leaf in leaves)


def linear_transposed_where_it_must_be(dz: Array, x: Array, W: Array) -> tuple[Array, ...]:
    dx = dz @ W if dz.shape[1] == len(W) else dz @ W.T
    return dx, x.T @ dz, dz.sum(axis=0)


def linear_with_squeezed_bias(dz: Array, x: Array, W: Array) -> tuple[Array, ...]:
    return dz @ W.T, x.T @ dz, dz.sum(axis=0).squeeze()


# relu_backward and tanh_backward


def relu_by_where(da: Array, z: Array) -> Array:
    return np.where(z > 0, da, 0)


def relu_in_place(da: Array, z: Array) -> Array:
    da[z <= 0] = 0
    return da


def relu_on_a_copy(da: Array, z: Array) -> Array:
    dz = np.array(da, copy=True)
    dz[z < 0] = 0
    return dz


def relu_by_heaviside(da: Array, z: Array) -> Array:
    return da * np.heaviside(z, 0.5)


def relu_by_half_a_sign(da: Array, z: Array) -> Array:
    return (1 + np.sign(z)) / 2 * da


def relu_in_float32(da: Array, z: Array) -> Array:
    return da.astype(np.float32) * (z.astype(np.float32) >= 0)


def relu_by_autograd(da: Array, z: Array) -> Any:
    leaf = torch.tensor(z, requires_grad=True)
    torch.relu(leaf).backward(torch.tensor(da))
    return leaf.grad


def tanh_by_factors(da: Array, a: Array) -> Array:
    return (1 - a) * (1 + a) * da


def tanh_by_a_difference(da: Array, a: Array) -> Array:
    return da - da * a * a


def tanh_in_place(da: Array, a: Array) -> Array:
    da *= 1 - np.square(a)
    return da


def tanh_from_z(da: Array, a: Array) -> Array:
    return da / np.cosh(np.arctanh(a)) ** 2


def tanh_as_lists(da: Array, a: Array) -> Any:
    return np.vectorize(lambda arrived, activation: arrived * (1 - activation**2))(da, a).tolist()


def tanh_in_float32(da: Array, a: Array) -> Array:
    return np.float32(da) * (1 - np.float32(a) ** 2)


# mlp_gradients


def mlp_step_by_step(params: Params, x: Array, y: Array) -> tuple[Any, Params]:
    N = x.shape[0]
    z1 = x.dot(params["W1"]) + params["b1"]
    a1 = np.tanh(z1)
    output = a1.dot(params["W2"]) + params["b2"]
    loss = 0.5 * np.sum((output - y) ** 2) / N
    d_output = (output - y) / N
    d_a1 = d_output.dot(params["W2"].T)
    d_z1 = d_a1 / np.cosh(np.clip(z1, -300, 300)) ** 2
    return loss, {
        "W1": x.T.dot(d_z1),
        "b1": d_z1.sum(axis=0, keepdims=True),
        "W2": a1.T.dot(d_output),
        "b2": d_output.sum(axis=0, keepdims=True),
    }


def mlp_one_by_one(params: Params, x: Array, y: Array) -> list[Any]:
    loss, grads = 0.0, {name: np.zeros(value.shape) for name, value in params.items()}
    for one, target in zip(x, y, strict=True):
        a = np.tanh(one @ params["W1"] + params["b1"])
        error = a @ params["W2"] + params["b2"] - target
        d_z = (params["W2"] @ error) * (1 - a**2)
        loss += error @ error / 2
        for name, grad in (("W1", np.outer(one, d_z)), ("b1", d_z), ("W2", np.outer(a, error)), ("b2", error)):
            grads[name] += grad / len(x)
    return [np.array([loss / len(x)]), grads]


def mlp_with_the_mean_at_the_end(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    a = np.tanh(x @ W1 + b1)
    d2 = a @ W2 + b2 - y
    d1 = (d2 @ W2.T) * (1 - a * a)
    grads = {"b2": d2.mean(axis=0), "W2": a.T @ d2 / len(x), "b1": d1.mean(axis=0), "W1": x.T @ d1 / len(x)}
    return float((d2**2).sum(axis=1).mean() / 2), grads


def mlp_with_a_column_of_ones(params: Params, x: Array, y: Array) -> tuple[Any, Params]:
    ones = np.ones((len(x), 1))
    x = np.hstack([x, ones])
    a = np.hstack([np.tanh(x @ np.vstack([params["W1"], params["b1"]])), ones])
    error = a @ np.vstack([params["W2"], params["b2"]]) - y
    d_z = (error @ params["W2"].T) * (1 - a[:, :-1] ** 2) / len(x)
    first, second = x.T @ d_z, a.T @ error / len(x)
    return np.mean(error**2) * y.shape[1] / 2, {"W1": first[:-1], "b1": first[-1], "W2": second[:-1], "b2": second[-1]}


def mlp_in_float32(params: Params, x: Array, y: Array) -> tuple[Any, Params]:
    narrow = {name: value.astype(np.float32) for name, value in params.items()}
    return mlp_step_by_step(narrow, x.astype(np.float32), y.astype(np.float32))


def mlp_in_place(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    loss, grads = mlp_with_the_mean_at_the_end(params, x, y)
    for name, grad in grads.items():
        params[name][...] = grad
    return loss, params


def mlp_by_autograd(params: Params, x: Array, y: Array) -> tuple[Any, Any]:
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    error = torch.tanh(torch.tensor(x) @ leaves["W1"] + leaves["b1"]) @ leaves["W2"] + leaves["b2"] - torch.tensor(y)
    loss = error.square().sum() / (2 * len(x))
    loss.backward()
    return loss, {name: leaf.grad for name, leaf in leaves.items()}


def mlp_with_exponentials(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    z = x @ params["W1"] + params["b1"]
    a = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    error = a @ params["W2"] + params["b2"] - y
    d_z = (error @ params["W2"].T) * (1 - a**2) / len(x)
    grads = {"W1": x.T @ d_z, "b1": d_z.sum(0), "W2": a.T @ error / len(x), "b2": error.mean(0)}
    return float((error**2).sum() / (2 * len(x))), grads


def mlp_by_central_differences(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    params = {name: value.astype(np.float64) for name, value in params.items()}

    def loss_with(name: str, value: Array) -> float:
        return mlp_with_the_mean_at_the_end({**params, name: value}, x, y)[0]

    grads = {name: numerical_flattened(partial(loss_with, name), value) for name, value in params.items()}
    return mlp_with_the_mean_at_the_end(params, x, y)[0], grads


def mlp_off_by_1e_10(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    loss, grads = mlp_with_the_mean_at_the_end(params, x, y)
    return loss, {name: grad * (1 + 1e-10) for name, grad in grads.items()}


def mlp_with_squeezed_outputs(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    loss, grads = mlp_with_the_mean_at_the_end(params, x, y)
    return loss, {**grads, "W2": grads["W2"].squeeze()}


def mlp_transposed_where_it_must_be(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    if params["W2"].shape[0] == params["W2"].shape[1]:
        loss, _ = mlp_with_the_mean_at_the_end(params, x, y)
        return loss, mlp_with_the_mean_at_the_end({**params, "W2": params["W2"].T}, x, y)[1]
    return mlp_with_the_mean_at_the_end(params, x, y)


# torch_gradients


def torch_by_grad(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    leaves = {name: torch.from_numpy(value).requires_grad_() for name, value in params.items()}
    hidden = (torch.from_numpy(x) @ leaves["W1"] + leaves["b1"]).tanh()
    output = hidden @ leaves["W2"] + leaves["b2"]
    loss = nn.functional.mse_loss(output, torch.from_numpy(y), reduction="sum") / 2 / len(x)
    grads = torch.autograd.grad(loss, list(leaves.values()))
    return float(loss), {name: grad.numpy() for name, grad in zip(leaves, grads, strict=True)}


def torch_by_modules(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    precision = torch.tensor(x).dtype
    first, second = (nn.Linear(*params[name].shape, dtype=precision) for name in ("W1", "W2"))
    with torch.no_grad():
        for layer, number in ((first, 1), (second, 2)):
            layer.weight.copy_(torch.tensor(params[f"W{number}"]).T)
            layer.bias.copy_(torch.tensor(params[f"b{number}"]))
    error = second(torch.tanh(first(torch.tensor(x)))) - torch.tensor(y)
    loss = 0.5 * (error**2).mean(dim=0).sum()
    loss.backward()
    grads = {f"b{number}": layer.bias.grad.numpy() for number, layer in ((1, first), (2, second))}
    return loss.item(), {**grads, "W1": first.weight.grad.T.numpy(), "W2": second.weight.grad.T.numpy()}


def torch_by_func(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    def loss(params: dict[str, torch.Tensor]) -> torch.Tensor:
        hidden = torch.tanh(torch.tensor(x) @ params["W1"] + params["b1"])
        return ((hidden @ params["W2"] + params["b2"] - torch.tensor(y)) ** 2).sum(-1).mean() * 0.5

    tensors = {name: torch.tensor(value) for name, value in params.items()}
    grads, value = torch.func.grad_and_value(loss)(tensors)
    return value.item(), {name: grad.detach().numpy() for name, grad in grads.items()}


def torch_in_float32(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    leaves = {name: torch.tensor(value, dtype=torch.float32, requires_grad=True) for name, value in params.items()}
    hidden = torch.tanh(torch.tensor(x, dtype=torch.float32) @ leaves["W1"] + leaves["b1"])
    error = hidden @ leaves["W2"] + leaves["b2"] - torch.tensor(y, dtype=torch.float32)
    loss = torch.mean(torch.sum(error**2, dim=1)) / 2
    loss.backward()
    return loss.item(), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def torch_example_by_example(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    total = 0.0
    for one, target in zip(torch.tensor(x), torch.tensor(y), strict=True):
        error = torch.tanh(one @ leaves["W1"] + leaves["b1"]) @ leaves["W2"] + leaves["b2"] - target
        loss = error @ error / 2 / len(x)
        loss.backward()
        total += loss.item()
    return total, {name: leaf.grad.numpy() for name, leaf in leaves.items()}


# add, multiply, matmul and relu


def _reduced(grad: Array, like: Array) -> Array:
    """By loops over axes, and not in one sum."""
    while grad.ndim > like.ndim:
        grad = grad.sum(axis=0)
    for axis in range(like.ndim):
        if like.shape[axis] == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


def _in_place(value: Callable[..., Array], *pulls: Callable[..., Array]) -> Callable[..., Node]:
    """An operation that adds to gradients in place; ``pulls`` give what goes to each operand."""

    def operation(*operands: Node) -> Node:
        out = Node(value(*(node.value for node in operands)), list(operands))

        def backward() -> None:
            for node, pull in zip(operands, pulls, strict=True):
                node.grad += _reduced(pull(out.grad, *(each.value for each in operands)), node.value)

        out.backward = backward
        return out

    return operation


def _set_by_lambda(value: Callable[..., Array], *pulls: Callable[..., Array]) -> Callable[..., Node]:
    """An operation whose node is made first and told its parents and its backward later."""

    def operation(*operands: Node) -> Node:
        values = [node.value for node in operands]
        out = Node(value(*values))
        out.parents = operands
        out.backward = lambda: [
            setattr(node, "grad", node.grad + _reduced(pull(out.grad, *values), node.value))
            for node, pull in zip(operands, pulls, strict=True)
        ]
        return out

    return operation


def _own_class(value: Callable[..., Array], *pulls: Callable[..., Array]) -> Callable[..., Node]:
    """An operation with a class of its own, whose backward is a method."""

    class Operation(Node):
        def __init__(self, *operands: Node) -> None:
            super().__init__(value(*(node.value for node in operands)), operands, self.pass_on)

        def pass_on(self) -> None:
            values = [node.value for node in self.parents]
            for node, pull in zip(self.parents, pulls, strict=True):
                node.grad = np.add(node.grad, _reduced(pull(self.grad, *values), node.value))

    return Operation


def _by_torch(value: Callable[..., Any], *_: Any) -> Callable[..., Node]:
    def operation(*operands: Node) -> Node:
        leaves = [torch.tensor(node.value, requires_grad=True) for node in operands]
        result = value(*leaves)
        out = Node(result.detach().numpy(), operands)

        def backward() -> None:
            for node, grad in zip(
                operands, torch.autograd.grad(result, leaves, torch.tensor(out.grad), retain_graph=True), strict=True
            ):
                node.grad = node.grad + grad.numpy()

        out.backward = backward
        return out

    return operation


def _into_the_same_array(value: Callable[..., Array], *pulls: Callable[..., Array]) -> Callable[..., Node]:
    """An operation that writes into the arrays that the operands' gradients are."""

    def operation(*operands: Node) -> Node:
        out = Node(value(*(node.value for node in operands)), operands)

        def backward() -> None:
            for node, pull in zip(operands, pulls, strict=True):
                node.grad[...] += _reduced(pull(out.grad, *(each.value for each in operands)), node.value)

        out.backward = backward
        return out

    return operation


SUM = (lambda a, b: a + b, lambda g, a, b: g * np.ones_like(b), lambda g, a, b: g * np.ones_like(a))
PRODUCT = (lambda a, b: a * b, lambda g, a, b: b * g, lambda g, a, b: a * g)
MATRIX_PRODUCT = (lambda a, b: a @ b, lambda g, a, b: np.einsum("nm,km->nk", g, b), lambda g, a, b: (g.T @ a).T)
RECTIFIED = (lambda a: a * (a > 0), lambda g, a: np.where(a > 0, g, 0.0))
DRESSES = {
    "in place": _in_place,
    "into the same array": _into_the_same_array,
    "parents and backward set later": _set_by_lambda,
    "a class of its own": _own_class,
}


def _masked_in_place(a: Node) -> Node:
    out, on = Node(np.maximum(a.value, 0), (a,)), a.value > 0

    def backward() -> None:
        a.grad[on] += out.grad[on]

    out.backward = backward
    return out


def _dressed(operation: tuple[Callable[..., Any], ...], by_torch: Callable[..., Any]) -> Answers:
    return {**{name: dress(*operation) for name, dress in DRESSES.items()}, "torch": _by_torch(by_torch)}


def add_unless_the_same(a: Node, b: Node) -> Node:
    if a is b:
        out = Node(a.value + b.value, (a, b))
        out.backward = lambda: setattr(a, "grad", a.grad + out.grad)
        return out
    return _in_place(*SUM)(a, b)


def _leading_axes_only(value: Callable[..., Array], *pulls: Callable[..., Array]) -> Callable[..., Node]:
    def operation(*operands: Node) -> Node:
        out = Node(value(*(node.value for node in operands)), operands)

        def backward() -> None:
            for node, pull in zip(operands, pulls, strict=True):
                grad = pull(out.grad, *(each.value for each in operands))
                node.grad = node.grad + grad.sum(axis=tuple(range(grad.ndim - node.value.ndim)))

        out.backward = backward
        return out

    return operation


# backward


def _interior_reset(nodes: Any) -> None:
    for node in nodes:
        if node.parents:
            node.grad = np.zeros_like(node.value)


def backward_by_recursion(loss: Node) -> None:
    order: list[Node] = []

    def visit(node: Node) -> None:
        if node not in order:
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(loss)
    _interior_reset(order)
    loss.grad = np.ones_like(loss.value)
    for node in order[::-1]:
        node.backward()


def backward_by_counting_users(loss: Node) -> None:
    users: Counter[Node] = Counter()
    met, stack = {loss}, [loss]
    while stack:
        for parent in stack.pop().parents:
            users[parent] += 1
            if parent not in met:
                met.add(parent)
                stack.append(parent)
    _interior_reset(met)
    loss.grad = np.ones_like(loss.value)
    ready = deque([loss])
    while ready:
        node = ready.popleft()
        node.backward()
        for parent in node.parents:
            users[parent] -= 1
            if users[parent] == 0:
                ready.append(parent)


def backward_by_graphlib(loss: Node) -> None:
    uses: dict[Node, set[Node]] = {loss: set()}
    stack = [loss]
    while stack:
        node = stack.pop()
        for parent in node.parents:
            if parent not in uses:
                stack.append(parent)
            uses.setdefault(parent, set()).add(node)
    order = list(TopologicalSorter(uses).static_order())
    _interior_reset(order)
    loss.grad = np.ones_like(loss.value)
    for node in order:
        node.backward()


def backward_by_longest_way(loss: Node) -> None:
    depth: dict[int, int] = {}
    known: dict[int, Node] = {}

    def longest(node: Node) -> int:
        known[id(node)] = node
        if id(node) not in depth:
            depth[id(node)] = 1 + max((longest(parent) for parent in node.parents), default=0)
        return depth[id(node)]

    longest(loss)
    _interior_reset(known.values())
    loss.grad = loss.grad * 0 + 1
    for key in sorted(known, key=lambda key: -depth[key]):
        known[key].backward()


def backward_by_search(loss: Node) -> None:
    """Again and again the first node whose users have all run."""
    nodes = [loss]
    for node in nodes:
        nodes += [parent for parent in dict.fromkeys(node.parents) if parent not in nodes]
    parents = {node: node.parents for node in nodes}
    _interior_reset(nodes)
    loss.grad += 1
    while nodes:
        node = next(node for node in nodes if not any(node in parents[other] for other in nodes))
        node.backward()
        nodes.remove(node)


def backward_and_clean_up(loss: Node) -> Node:
    """Resets nodes after the call instead of before it, which is all the same where they start at zero."""
    backward_by_recursion(loss)
    met = [loss]
    for node in met:
        met += [parent for parent in dict.fromkeys(node.parents) if parent not in met]
    _interior_reset(met)
    return loss


def backward_by_distinct_users(loss: Node, *, last: bool) -> None:
    """Counts every user once, and down once for each time that it uses the node."""
    users: dict[Node, set[Node]] = {}
    met = [loss]
    for node in met:
        for parent in node.parents:
            users.setdefault(parent, set()).add(node)
        met += [parent for parent in dict.fromkeys(node.parents) if parent not in met]
    _interior_reset(met)
    loss.grad = np.ones_like(loss.value)
    left = {node: len(used_by) for node, used_by in users.items()}
    ready = [loss]
    while ready:
        node = ready.pop(-1 if last else 0)
        node.backward()
        for parent in node.parents:
            left[parent] -= 1
            if left[parent] == 0:
                ready.append(parent)


def backward_seen_by_value(loss: Node) -> None:
    order, seen = [], set()

    def visit(node: Node) -> None:
        if node.value.tobytes() not in seen:
            seen.add(node.value.tobytes())
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(loss)
    _interior_reset(order)
    loss.grad = np.ones_like(loss.value)
    for node in reversed(order):
        node.backward()


def backward_from_one_number(loss: Node) -> None:
    nodes = [loss]
    for node in nodes:
        nodes += [parent for parent in dict.fromkeys(node.parents) if parent not in nodes]
    _interior_reset(nodes)
    loss.grad = np.array(1.0)
    for node in reversed(list(TopologicalSorter({node: node.parents for node in nodes}).static_order())):
        node.backward()


def backward_into_the_same_arrays(loss: Node) -> None:
    order: list[Node] = []

    def visit(node: Node) -> None:
        if node not in order:
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(loss)
    for node in order:
        if node.parents:
            node.grad[...] = 0
    loss.grad[...] = 1
    for node in order[::-1]:
        node.backward()


def backward_counting_nodes_once(loss: Node) -> None:
    users: Counter[Node] = Counter()
    met, stack = {loss}, [loss]
    while stack:
        for parent in stack.pop().parents:
            users[parent] += 1
            if parent not in met:
                met.add(parent)
                stack.append(parent)
    _interior_reset(met)
    loss.grad = np.ones_like(loss.value)
    ready = [loss]
    for node in ready:
        node.backward()
        for parent in set(node.parents):
            users[parent] -= 1
            if users[parent] == 0:
                ready.append(parent)


def backward_with_the_loss_not_reset(loss: Node) -> None:
    order: list[Node] = []

    def visit(node: Node) -> None:
        if node not in order:
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(loss)
    _interior_reset(order[:-1])
    loss.grad += 1
    for node in order[::-1]:
        node.backward()


def _nothing(*_: Any) -> None:
    return None


def _zero_gradients(params: Params, x: Array, y: Array) -> tuple[float, Params]:
    return 0.0, {name: np.zeros_like(value) for name, value in params.items()}


VARIANTS: dict[str, Answers] = {
    "numerical_gradient": {
        "in place on a copy": numerical_in_place_and_put_back,
        "in place on the argument, put back": numerical_on_the_callers_array,
        "flattened": numerical_flattened,
        "mean of both sides, as lists": numerical_by_halves,
        "cast to float32 in the end": numerical_cast_to_float32,
        "over what was really moved": numerical_over_what_was_moved,
    },
    "linear_backward": {
        "einsum, in a list": linear_by_einsum,
        "nested lists, db of one row": linear_as_lists,
        "Python loops, db of shape (1, D_out)": linear_by_loops,
        "transposed products": linear_with_a_row_for_the_bias,
        "outer products": linear_by_outer_products,
        "float32 inside": linear_in_float32,
        "autograd": linear_by_autograd,
    },
    "relu_backward": {
        "where": relu_by_where,
        "in place on the argument": relu_in_place,
        "a mask on a copy": relu_on_a_copy,
        "heaviside": relu_by_heaviside,
        "half of one plus the sign": relu_by_half_a_sign,
        "float32 inside, >=": relu_in_float32,
        "autograd": relu_by_autograd,
    },
    "tanh_backward": {
        "two factors": tanh_by_factors,
        "a difference": tanh_by_a_difference,
        "in place on the argument": tanh_in_place,
        "from z": tanh_from_z,
        "nested lists": tanh_as_lists,
        "float32 inside": tanh_in_float32,
    },
    "mlp_gradients": {
        "step by step, biases of shape (1, D)": mlp_step_by_step,
        "one by one, in a list": mlp_one_by_one,
        "the mean at the end": mlp_with_the_mean_at_the_end,
        "a column of ones": mlp_with_a_column_of_ones,
        "float32 inside": mlp_in_float32,
        "in place on the parameters": mlp_in_place,
        "autograd": mlp_by_autograd,
    },
    "add": _dressed(SUM, torch.add),
    "multiply": _dressed(PRODUCT, torch.mul),
    "matmul": _dressed(MATRIX_PRODUCT, torch.matmul),
    "relu": {**_dressed(RECTIFIED, torch.relu), "a mask in place": _masked_in_place},
    "backward": {
        "recursion": backward_by_recursion,
        "into the same arrays": backward_into_the_same_arrays,
        "users counted": backward_by_counting_users,
        "graphlib": backward_by_graphlib,
        "longest way": backward_by_longest_way,
        "search for a node that is ready": backward_by_search,
        "reset afterwards, something returned": backward_and_clean_up,
    },
    "torch_gradients": {
        "autograd.grad and mse_loss": torch_by_grad,
        "modules": torch_by_modules,
        "torch.func": torch_by_func,
        "float32 inside": torch_in_float32,
        "example by example": torch_example_by_example,
    },
}

_OPERATIONS: Answers = {
    "nothing": _nothing,
    "the first operand returned": lambda a, *b: a,
    "a node of zeros": lambda a, *b: Node(np.zeros_like(a.value), (a, *b)),
    "an array": lambda a, *b: a.value,
}
_NETWORKS: Answers = {
    "nothing": _nothing,
    "zeros": _zero_gradients,
    "parameters returned": lambda params, x, y: (1.0, params),
    "a single number": lambda params, x, y: 1.0,
}

TRIVIAL: dict[str, Answers] = {
    "numerical_gradient": {
        "nothing": _nothing,
        "zeros": lambda f, x, h=0: np.zeros(x.shape),
        "ones": lambda f, x, h=0: np.ones(x.shape),
        "input returned": lambda f, x, h=0: x,
        "value of f": lambda f, x, h=0: f(x),
    },
    "linear_backward": {
        "nothing": _nothing,
        "inputs returned": lambda dz, x, W: (x, W, dz.sum(axis=0)),
        "zeros": lambda dz, x, W: (np.zeros_like(x), np.zeros_like(W), np.zeros(dz.shape[1])),
    },
    "relu_backward": {
        "nothing": _nothing,
        "da returned": lambda da, z: da,
        "z returned": lambda da, z: z,
        "zeros": lambda da, z: np.zeros_like(z),
    },
    "tanh_backward": {
        "nothing": _nothing,
        "da returned": lambda da, a: da,
        "a returned": lambda da, a: a,
        "zeros": lambda da, a: np.zeros_like(a),
    },
    "mlp_gradients": _NETWORKS,
    "torch_gradients": _NETWORKS,
    "add": _OPERATIONS,
    "multiply": _OPERATIONS,
    "matmul": _OPERATIONS,
    "relu": _OPERATIONS,
    "backward": {
        "nothing": _nothing,
        "the loss alone": lambda loss: setattr(loss, "grad", np.ones(())),
        "its own backward alone": lambda loss: loss.backward(),
    },
}

WRONG: dict[str, WrongAnswers] = {
    "numerical_gradient": {
        "five points": (numerical_with_five_points, {"exact"}),
        "a step of 0 at 0": (numerical_with_a_step_of_0_at_0, {"types"}),
        "transposed where that can be": (
            lambda f, x, h=1e-5: transposed_if_square(numerical_flattened(f, x, h)),
            {"shapes"},
        ),
        "x moved afterwards": (numerical_with_x_shifted, {"unchanged"}),
    },
    "linear_backward": {
        "transposed only where it must be": (linear_transposed_where_it_must_be, {"square"}),
        "squeezed": (linear_with_squeezed_bias, {"one_output"}),
    },
    "relu_backward": {
        "a threshold of 1e-6": (lambda da, z: da * (z > 1e-6), {"sizes"}),
        "a leak of 2e-6": (lambda da, z: np.where(z > 0, da, 2e-6 * da), {"exact"}),
    },
    "tanh_backward": {
        "derivative kept above 0.01": (lambda da, a: da * np.maximum(1 - a**2, 0.01), {"saturated"}),
        "transposed where that can be": (lambda da, a: da * (1 - transposed_if_square(a) ** 2), {"shapes"}),
        "1e-5 added": (lambda da, a: da * (1 - a**2 + 1e-5), {"exact", "saturated"}),
    },
    "mlp_gradients": {
        "1e-10 too large": (mlp_off_by_1e_10, {"exact"}),
        "central differences": (mlp_by_central_differences, {"exact"}),
        "tanh by exponentials": (mlp_with_exponentials, {"saturated"}),
        "squeezed": (mlp_with_squeezed_outputs, {"one_output"}),
        "transposed only where it must be": (mlp_transposed_where_it_must_be, {"square"}),
    },
    "add": {
        "the same node once": (add_unless_the_same, {"accumulated"}),
        "only leading axes summed": (_leading_axes_only(*SUM), {"broadcast"}),
    },
    "matmul": {
        "axes of one left out": (
            _in_place(lambda a, b: np.squeeze(a @ b), *MATRIX_PRODUCT[1:]),
            {"ordinary"},
        ),
    },
    "relu": {
        "a threshold of 0.2": (_in_place(RECTIFIED[0], lambda g, a: g * (a > 0.2)), {"ordinary"}),
    },
    "multiply": {"only leading axes summed": (_leading_axes_only(*PRODUCT), {"broadcast"})},
    "backward": {
        "a node counted once for each user": (backward_counting_nodes_once, {"shared"}),
        "users counted once, a queue": (partial(backward_by_distinct_users, last=False), {"shared"}),
        "users counted once, a stack": (partial(backward_by_distinct_users, last=True), {"shared"}),
        "seen by value": (backward_seen_by_value, {"shared"}),
        "from one number": (backward_from_one_number, {"ordinary"}),
        "the loss not reset": (backward_with_the_loss_not_reset, {"again"}),
    },
}
