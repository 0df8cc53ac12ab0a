"""How the exercises on backpropagation are driven."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from gradus.checking import FUNCTION, TORCH, Property, Tolerance, exercise, family, repair
from gradus.checking.pictures import Edge, GraphPicture
from gradus.checking.pictures import Node as Drawn
from gradus.exercises.kit import number, results, row, what
from gradus.graph import Node
from gradus.learning.lending import lends

Array = np.ndarray
Case = dict[str, Any]
Inputs = Mapping[str, Any]
Outputs = dict[str, Any]

# Where the last digits count, f stays below 50 and x below 1100, h is 1e-2 or more. Some dozen roundings of f make
# 1e-13, and those of x + h move f by 1e-13 times its slope: over h, both stay below 1e-10.
CENTRAL = Tolerance(rtol=1e-9, atol=1e-9)
# Sums of some dozen products of numbers around 1, which may cancel: in float64 they are right to 1e-14, in float32
# to 2e-6, whatever is left of them.
GRADIENTS = Tolerance(rtol=1e-9, atol=1e-12, single_rtol=4e-6, single_atol=4e-6)
# Tighter, because central differences may come to 1e-9 of the gradient by chance.
NETWORK = replace(GRADIENTS, rtol=1e-12)
# As in notebook 02, an answer in PyTorch may cast what it is given to float32.
CAST = Tolerance(rtol=4e-6, atol=4e-6, single_rtol=4e-6, single_atol=4e-6)
# Loose enough for float32 and tight enough for every law below to mean something.
SLACK = 1e-5

MOST_RUNS, MOST_READINGS = 2_000, 200_000
"""How often all nodes of a graph together may run, and be asked for their parents: far more often than it takes."""


# functions to differentiate


def _checked(x: Any, shape: Sequence[int]) -> Array:
    """The argument of a function, as one row of numbers."""
    if np.shape(x) != tuple(shape):
        raise ValueError(f"f takes an array of shape {tuple(shape)}, like x, but got one of shape {np.shape(x)}")
    return np.ravel(x)


def _numbers_in(shape: Sequence[int]) -> str:
    return f"an array of shape {tuple(shape)}" if len(shape) else "one number"


@family("cubic", words=lambda shape, **_: f"a polynomial of degree 3 of {_numbers_in(shape)}, with mixed terms")
def cubic(shape: Sequence[int], linear: Array, crossed: Array, cubes: Array) -> Any:
    """``linear @ x + x @ crossed @ x + cubes @ x**3``."""

    def f(x: Any) -> float:
        flat = _checked(x, shape)
        return float(linear @ flat + flat @ crossed @ flat + cubes @ flat**3)

    return f


@family("waves", words=lambda shape, **_: f"a sum of sines and an exponential of {_numbers_in(shape)}")
def waves(shape: Sequence[int], heights: Array, waves: Array, growth: Array) -> Any:
    """``heights @ sin(waves @ x) + exp(growth @ x)``."""

    def f(x: Any) -> float:
        flat = _checked(x, shape)
        return float(heights @ np.sin(waves @ flat) + np.exp(growth @ flat))

    return f


# pictures


def _value(value: Any) -> str:
    return f"{float(value):.4g}" if np.ndim(value) == 0 else f"shape {np.shape(value)}"


def _amount(value: Any) -> str:
    """A number, or the norm of an array."""
    return f"{float(np.linalg.norm(value) if np.ndim(value) else value):.3g}"


def _arrived(expected: Any, got: Any) -> tuple[str, bool]:
    """What arrived in words, and whether it is wrong."""
    if got is None:
        return "missing", True
    if np.shape(got) != np.shape(expected):
        return f"shape {np.shape(got)}", True
    right, mine = np.asarray(expected, float), np.asarray(got, float)
    if np.allclose(mine, right, rtol=0, atol=SLACK * max(np.abs(right).max(initial=0.0), SLACK)):
        return _amount(mine), False
    came, wanted = _amount(mine), _amount(right)
    return (f"{came}, not {wanted}" if came != wanted else f"{came}, but wrong"), True


def draw_network(_: Inputs, expected: Outputs, got: Outputs) -> GraphPicture:
    """The network's graph; marked are the parameters whose gradient is wrong, and the loss.

    Where only the first layer's gradients are wrong, both of them, the edge that the gradient comes by is marked, too.
    """
    arrived = {name: _arrived(expected[f"grads.{name}"], got.get(f"grads.{name}")) for name in ("W1", "b1", "W2", "b2")}
    loss, loss_wrong = _arrived(expected["loss"], got.get("loss"))
    nodes = [Drawn(id=name, label=name) for name in ("x", "z", "a", "output", "y")]
    nodes += [Drawn(id=name, label=name, gradient=words, wrong=wrong) for name, (words, wrong) in arrived.items()]
    nodes.append(Drawn(id="loss", label="loss", value=loss, wrong=loss_wrong))
    first_layer = {name for name, (_, wrong) in arrived.items() if wrong} == {"W1", "b1"}
    plain = (("x", "z"), ("a", "output"), ("output", "loss"), ("y", "loss"))
    edges = [*(Edge(*ends) for ends in plain), Edge("z", "a", wrong=first_layer)]
    into = {"W1": "z", "b1": "z", "W2": "output", "b2": "output"}
    edges += [Edge(name, into[name], wrong=wrong) for name, (_, wrong) in arrived.items()]
    return GraphPicture("Which gradients are wrong, by their norms", tuple(nodes), tuple(edges))


def _draw_operation(label: str, operands: Sequence[str]) -> Callable[[Inputs, Outputs, Outputs], GraphPicture]:
    """What draws an operation and its operands, with the gradients that arrive there."""

    def draw(inputs: Inputs, expected: Outputs, got: Outputs) -> GraphPicture:
        names = [name if name in inputs else "a" for name in operands]
        arrived = {name: _arrived(expected[f"{name}.grad"], got.get(f"{name}.grad")) for name in names}
        nodes = [Drawn(name, name, _value(inputs[name]), words, wrong) for name, (words, wrong) in arrived.items()]
        wrong_out = _arrived(expected["value"], got.get("value"))[1] or expected["parents"] != got.get("parents")
        nodes.append(Drawn("out", label, _value(got["value"]), _amount(inputs["out_grad"]), wrong_out))
        edges = tuple(Edge(name, "out", wrong=arrived[name][1]) for name in names)
        return GraphPicture(f"Gradients at the operands of {label}, by their norms", tuple(nodes), edges)

    return draw


def draw_flows(inputs: Inputs, expected: Outputs, got: Outputs) -> GraphPicture:
    """The graph of a case; marked are the edges over which a wrong amount came back, and the leaves it reached."""
    names, edges, flows = inputs["_values"], inputs["_edges"], got["flow"]
    nodes = []
    for name, value in names.items():
        key = f"{name}.grad"
        words, wrong = _arrived(expected[key], got.get(key)) if key in expected else ("", False)
        nodes.append(Drawn(name, name, _value(value), words, wrong))
    drawn = []
    for (parent, child, _), right, mine in zip(edges, expected["flow"], flows, strict=True):
        words, wrong = _arrived(right, mine)
        drawn.append(Edge(parent, child, words, wrong))
    return GraphPicture("What came back over every edge", tuple(nodes), tuple(drawn))


# the exercises


@exercise("numerical_gradient", kinds=FUNCTION, tolerance=CENTRAL)
def drive_numerical_gradient(numerical_gradient: Any, case: Case) -> Outputs:
    """``numerical_gradient(f, x, h) -> gradient``, with the shape of ``x``; in some cases ``x`` afterwards counts."""
    x = case["x"].copy()
    gradient = numerical_gradient(case["f"], x, *([case["h"]] if "h" in case else []))
    return {"x afterwards": x} if "_after" in case else {"gradient": gradient}


@exercise("linear_backward", tolerance=GRADIENTS)
def drive_linear_backward(linear_backward: Any, case: Case) -> Outputs:
    """``linear_backward(dz, x, W) -> (dx, dW, db)``."""
    found = results(linear_backward(case["dz"], case["x"], case["W"]), "dx", "dW", "db", of="linear_backward")
    return {**found, "db": row(found["db"])}


def _nothing_where_the_unit_is_off(case: Any, outputs: Outputs) -> bool:
    return bool(np.all(np.asarray(outputs["dz"])[case["z"] < 0] == 0))


@exercise(
    "relu_backward",
    tolerance=GRADIENTS,
    properties=(Property("dz is 0 where z is negative", _nothing_where_the_unit_is_off),),
)
def drive_relu_backward(relu_backward: Any, case: Case) -> Outputs:
    """``relu_backward(da, z) -> dz``."""
    return {"dz": relu_backward(case["da"], case["z"])}


def _no_larger_than_what_arrives(case: Any, outputs: Outputs) -> bool:
    return bool(np.all(np.abs(np.asarray(outputs["dz"])) <= np.abs(case["da"]) * (1 + SLACK)))


def _sign_of_what_arrives(case: Any, outputs: Outputs) -> bool:
    return bool(np.all(np.asarray(outputs["dz"]) * case["da"] >= 0))


@exercise(
    "tanh_backward",
    tolerance=GRADIENTS,
    properties=(
        Property("dz has the sign of da, since tanh grows everywhere", _sign_of_what_arrives),
        Property("dz is never larger than da, since tanh is nowhere steeper than 1", _no_larger_than_what_arrives),
    ),
)
def drive_tanh_backward(tanh_backward: Any, case: Case) -> Outputs:
    """``tanh_backward(da, a) -> dz``."""
    return {"dz": tanh_backward(case["da"], case["a"])}


def _loss_and_gradients(returned: Any, of: str) -> Outputs:
    """The loss and the dict of gradients, of which a bias may have the shape ``(1, D)``."""
    found = results(returned, "loss", "grads", of=of)
    if not isinstance(found["grads"], dict):
        raise TypeError(f"{of} returns the gradients as a dict, but {what(found['grads'])} came back.")
    rows = {name: row(value) if name in ("b1", "b2") else value for name, value in found["grads"].items()}
    return {"loss": found["loss"], "grads": rows}


_LOSS = Property("the loss is never negative", lambda case, outputs: float(outputs["loss"]) >= 0)


@exercise("mlp_gradients", tolerance=NETWORK, properties=(_LOSS,), picture=draw_network)
def drive_mlp_gradients(mlp_gradients: Any, case: Case) -> Outputs:
    """``mlp_gradients(params, x, y) -> (loss, grads)``."""
    found = _loss_and_gradients(mlp_gradients(case["params"], case["x"], case["y"]), "mlp_gradients")
    return {**found, "loss": number(found["loss"])}


repair("repaired_mlp_gradients", of="mlp_gradients")


@exercise("torch_gradients", kinds=TORCH, tolerance=CAST, properties=(_LOSS,), picture=draw_network)
def drive_torch_gradients(torch_gradients: Any, case: Case) -> Outputs:
    """``torch_gradients(params, x, y) -> (float, dict of NumPy arrays)``.

    Raises
    ------
    TypeError
        If tensors come back.
    """
    import torch

    found = _loss_and_gradients(torch_gradients(case["params"], case["x"], case["y"]), "torch_gradients")
    if isinstance(found["loss"], torch.Tensor):
        raise TypeError("torch_gradients returns the loss as a float, but a tensor came back: end with loss.item().")
    tensors = [name for name, value in found["grads"].items() if isinstance(value, torch.Tensor)]
    if tensors:
        raise TypeError(
            f"torch_gradients returns NumPy arrays, but tensors came back for {', '.join(tensors)}: "
            "tensor.detach().cpu().numpy() makes an array of a tensor."
        )
    return {**found, "loss": number(found["loss"])}


def _operate(operation: Any, case: Case, of: str, operands: Sequence[str] = ("a", "b")) -> Outputs:
    """Value and parents of a new node, and the gradients of its operands after it ran.

    Where the case has no ``b``, the same node is both operands. ``a_grad`` and ``b_grad`` are gradients from before.
    """
    nodes = {name: Node(case[name]) for name in operands if name in case}
    for name, node in nodes.items():
        # Sums of arrays of shape () are numbers, in which nothing can be changed in place.
        node.grad = np.asarray(node.grad + case.get(f"{name}_grad", 0.0))
    out = operation(*(nodes.get(name, nodes["a"]) for name in operands))
    if not isinstance(out, Node):
        raise TypeError(f"{of} returns a Node, but {what(out)} came back. End it with: return, and the new node.")
    if not callable(out.backward):
        raise TypeError(
            f"The backward of the node that {of} returns is {what(out.backward)}, and should be a function: "
            "set it to the function itself, without brackets behind its name."
        )
    if np.shape(out.value) == case["out_grad"].shape:
        out.grad = case["out_grad"].copy()
        out.backward()
    named = {id(node): name for name, node in nodes.items()}
    parents = ", ".join(named.get(id(parent), type(parent).__name__) for parent in out.parents)
    return {
        "value": out.value,
        "parents": parents or "none",
        **{name: {"grad": node.grad} for name, node in nodes.items()},
    }


@exercise("add", tolerance=GRADIENTS, picture=_draw_operation("add", ("a", "b")))
def drive_add(add: Any, case: Case) -> Outputs:
    """``add(a, b) -> node``, then its ``backward()``."""
    return _operate(add, case, "add")


@exercise("multiply", tolerance=GRADIENTS, picture=_draw_operation("multiply", ("a", "b")))
def drive_multiply(multiply: Any, case: Case) -> Outputs:
    """``multiply(a, b) -> node``, then its ``backward()``."""
    return _operate(multiply, case, "multiply")


@exercise("matmul", tolerance=GRADIENTS, picture=_draw_operation("matmul", ("a", "b")))
def drive_matmul(matmul: Any, case: Case) -> Outputs:
    """``matmul(a, b) -> node``, then its ``backward()``."""
    return _operate(matmul, case, "matmul")


@exercise("relu", tolerance=GRADIENTS, picture=_draw_operation("relu", ("a",)))
def drive_relu(relu: Any, case: Case) -> Outputs:
    """``relu(a) -> node``, then its ``backward()``."""
    return _operate(relu, case, "relu", ("a",))


class _Watched(Node):
    """A node that says so when its parents are asked for without end."""

    readings: Any = iter(())

    @property
    def parents(self) -> tuple[Node, ...]:
        """The operands that the value was computed from."""
        if next(self.readings, 0) > MOST_READINGS:
            raise RuntimeError(
                f"the nodes of a small graph were asked for their parents more than {MOST_READINGS} times: a node that "
                "is used often is reached on very many ways; visit every node once"
            )
        return self._parents

    @parents.setter
    def parents(self, parents: tuple[Node, ...]) -> None:
        self._parents = parents


class _Graph:
    """Nodes that a case describes: their values, and for every edge what the gradient is multiplied by on its way.

    ``edges`` holds a parent, a child and a factor for each; ``flow`` is what came back over each of them.
    """

    def __init__(self, values: Mapping[str, Any], edges: Sequence[tuple[str, str, Any]]) -> None:
        self.edges = edges
        self.flow = np.zeros(len(edges))
        self.nodes: dict[str, _Watched] = {}
        self._runs, readings = count(), count()
        for name, value in values.items():
            into = [index for index, (_, child, _) in enumerate(edges) if child == name]
            node = _Watched(value, [self.nodes[edges[index][0]] for index in into], self._runner(name, into))
            node.readings = readings
            self.nodes[name] = node

    def _runner(self, name: str, into: Sequence[int]) -> Callable[[], None]:
        def run() -> None:
            if next(self._runs) > MOST_RUNS:
                raise RuntimeError(f"the nodes of a small graph ran more than {MOST_RUNS} times: each has to run once")
            value, grad = self.nodes[name].value, self.nodes[name].grad
            if np.shape(grad) != value.shape:
                raise ValueError(
                    f"the gradient of {name} has the shape {np.shape(grad)} when it runs, its value {value.shape}: "
                    "np.ones_like and np.zeros_like make arrays of the shape of another"
                )
            for index in into:
                parent, _, factor = self.edges[index]
                carried = np.asarray(factor) * grad
                self.nodes[parent].grad = np.asarray(self.nodes[parent].grad + carried)
                self.flow[index] += carried.sum()

        return run


@exercise("backward", tolerance=GRADIENTS, picture=draw_flows)
def drive_backward(backward: Any, case: Case) -> Outputs:
    """``backward(loss)``, once or more often, on a graph of nodes; the loss is the node called so.

    The nodes are made here, and it is here that they pass a gradient on, whatever became of ``add`` and ``multiply``.
    """
    graph = _Graph(case["_values"], case["_edges"])
    for name, grad in case.get("before", {}).items():
        graph.nodes[name].grad = np.array(grad, dtype=np.float64)
    for _ in range(case.get("calls", 1)):
        graph.flow[:] = 0
        backward(graph.nodes["loss"])
    children = {child for _, child, _ in case["_edges"]}
    leaves = {name: {"grad": node.grad} for name, node in graph.nodes.items() if name not in children}
    return {**leaves, "flow": graph.flow}


# what PyTorch does in their place


def _tensor(array: Any) -> Any:
    """A tensor of its own, of floats that are as exact as the array's numbers."""
    import torch

    return torch.from_numpy(np.array(array, dtype=np.result_type(array, np.float32)))


def _pulled_back(operate: Callable[..., Any], arrived: Any, *inputs: Any) -> tuple[Array, ...]:
    """What PyTorch makes arrive at the inputs of an operation."""
    import torch

    _, found = torch.autograd.functional.vjp(operate, tuple(map(_tensor, inputs)), _tensor(arrived))
    return tuple(one.numpy() for one in found)


@lends("numerical_gradient")
def _torch_gradient(f: Callable[[Array], float], x: Any, h: float = 1e-5) -> Array:
    import torch

    at = torch.tensor(np.asarray(x, dtype=np.float64))
    moves = h * torch.eye(at.numel(), dtype=torch.float64).reshape(-1, *at.shape)
    values = [[float(f((at + side * move).numpy())) for move in moves] for side in (-1, 0, 1)]
    return torch.gradient(torch.tensor(values, dtype=torch.float64), spacing=h, dim=0)[0][1].reshape(at.shape).numpy()


@lends("linear_backward")
def _torch_linear_backward(dz: Any, x: Any, W: Any) -> tuple[Array, ...]:
    return _pulled_back(lambda x, W, b: x @ W + b, dz, x, W, np.zeros_like(dz[0]))


@lends("relu_backward")
def _torch_relu_backward(da: Any, z: Any) -> Array:
    import torch

    return _pulled_back(torch.relu, da, z)[0]


@lends("tanh_backward")
def _torch_tanh_backward(da: Any, a: Any) -> Array:
    import torch

    return torch.ops.aten.tanh_backward(_tensor(da), _tensor(a)).numpy()


def _lent_node(operate: Callable[..., Any], *operands: Node) -> Node:
    """A node whose value and whose gradients are PyTorch's."""
    values = [node.value for node in operands]
    out = Node(operate(*map(_tensor, values)).numpy(), operands)

    def pull_back() -> None:
        for node, found in zip(operands, _pulled_back(operate, out.grad, *values), strict=True):
            node.grad = node.grad + found

    out.backward = pull_back
    return out


@lends("add")
def _torch_add(a: Node, b: Node) -> Node:
    import torch

    return _lent_node(torch.add, a, b)


@lends("multiply")
def _torch_multiply(a: Node, b: Node) -> Node:
    import torch

    return _lent_node(torch.mul, a, b)


@lends("matmul")
def _torch_matmul(a: Node, b: Node) -> Node:
    import torch

    return _lent_node(torch.matmul, a, b)


@lends("relu")
def _torch_relu(a: Node) -> Node:
    import torch

    return _lent_node(torch.relu, a)


@lends("backward")
def _torch_backward(loss: Node) -> None:
    """Every node becomes an operation of PyTorch, whose engine then decides which of them runs when."""
    import torch

    class Operation(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, node: Node, *_: Any) -> Any:
            context.node = node
            return _tensor(node.value)

        @staticmethod
        def backward(context: Any, *arrived: Any) -> Any:
            node = context.node
            before = {parent: parent.grad for parent in node.parents}
            for parent in before:
                parent.grad = np.zeros_like(parent.value)
            node.grad = arrived[0].numpy()
            node.backward()
            sent = {parent: _tensor(parent.grad) for parent in before}
            for parent, grad in before.items():
                parent.grad = grad
            return None, *(sent.pop(parent, None) for parent in node.parents)

    tensors: dict[Node, Any] = {}

    def tensor(node: Node) -> Any:
        if node not in tensors:
            leaf = _tensor(node.value).requires_grad_()
            tensors[node] = Operation.apply(node, *map(tensor, node.parents)) if node.parents else leaf
        return tensors[node]

    whole = tensor(loss)
    whole.backward(torch.ones_like(whole))
    for node, made in tensors.items():
        if made.is_leaf:
            node.grad = node.grad + made.grad.numpy()
