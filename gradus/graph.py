"""The node of a computation graph, given in notebook 01: what it holds. What it does is for the learner to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Node:
    """One value in a computation graph, and how a gradient goes on from it.

    A *leaf* is a node without parents: an input or a parameter. Every other node is the result of an operation on its
    parents.

    Parameters
    ----------
    value : array_like
        Kept as an array of float64, of any shape; a number becomes an array of shape ``()``.
    parents : iterable of Node, default ()
        The operands that the value was computed from. The same node may stand there twice.
    backward : callable, optional
        Takes no argument. It reads this node's ``grad`` and *adds* to the ``grad`` of each parent what arrives there.
        By default it does nothing, as is right for a leaf. It may be set later: ``node.backward = ...``.

    Attributes
    ----------
    value, parents, backward
        As above; ``parents`` is a tuple.
    grad : ndarray of float64
        Gradient of the loss with respect to ``value``, of the same shape. It starts at zero.

    Examples
    --------
    >>> node = Node([1.0, 2.0])
    >>> node.parents, node.grad
    ((), array([0., 0.]))
    """

    def __init__(
        self, value: ArrayLike, parents: Iterable[Node] = (), backward: Callable[[], Any] | None = None
    ) -> None:
        self.value: NDArray[np.float64] = np.asarray(value, dtype=np.float64)
        self.parents = tuple(parents)
        self.backward = backward or _nothing
        self.grad: NDArray[np.float64] = np.zeros_like(self.value)

    def __repr__(self) -> str:
        kind = f"{len(self.parents)} parents" if len(self.parents) > 1 else "1 parent" if self.parents else "a leaf"
        return f"Node(value of shape {self.value.shape}, {kind})"


def _nothing() -> None:
    """What a leaf does in the backward pass."""
