"""Plain values: arrays, numbers, strings, lists and dicts. Nothing else leaves the process of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

MOST_NUMBERS = 10**7
_LARGEST = 2**63 - 1


class UnusableOutputError(TypeError):
    """An answer returned something that is not made of numbers, or far too much."""


def plain(value: Any, name: str = "the result", at_most: int = MOST_NUMBERS) -> Any:
    """A copy of ``value`` made of arrays, numbers, strings, lists and dicts only.

    Parameters
    ----------
    value : object
    name : str
        What to call it in the error.
    at_most : int
        How many numbers and other leaves it may hold.

    Raises
    ------
    UnusableOutputError
        If that cannot be done; the message says what came instead.
    """
    left = [at_most]

    def count(number: int) -> None:
        left[0] -= number
        if left[0] < 0:
            raise UnusableOutputError(f"{name} holds far more numbers than is expected")

    return _plain(value, name, count, 0)


def _plain(value: Any, name: str, count: Any, depth: int) -> Any:
    count(1)
    if depth > 10:
        raise UnusableOutputError(f"{name} is nested too deeply")
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        count(value.numel())
        value = value.detach().cpu().numpy()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)[:1000]
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        if isinstance(value, int) and abs(value) <= _LARGEST:
            return int(value)
        return _float(value)
    if isinstance(value, dict):
        return {str(key)[:200]: _plain(item, f"{name}[{key!r}]", count, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{name}[{index}]", count, depth + 1) for index, item in enumerate(value)]
    if isinstance(value, BaseException):
        return {"raised": [base.__name__ for base in type(value).__mro__ if issubclass(base, Exception)]}
    if isinstance(value, np.ndarray | np.generic):
        count(np.size(value))
        array = np.array(value)
        if array.dtype.kind in "biuf":
            return array.astype(np.float64) if array.dtype.itemsize > 8 else array
        raise UnusableOutputError(f"{name} is an array of dtype {array.dtype}; an array of numbers is expected")
    raise UnusableOutputError(f"{name} is a {type(value).__name__}; an array or a number is expected")


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf of nested dicts and lists with the path to it; a list of numbers, however nested, is one leaf."""
    if isinstance(tree, dict) and not is_refusal(tree):
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(tree, list | tuple) and not _numbers(tree):
        for index, value in enumerate(tree):
            yield from leaves(value, (*path, str(index)))
    else:
        yield path, tree


def follow(tree: Any, path: tuple[str, ...]) -> Any:
    """What lies at the end of a path.

    Raises
    ------
    LookupError
        If nothing does.
    """
    for key in path:
        if isinstance(tree, dict):
            tree = tree[key]
        elif isinstance(tree, list | tuple | np.ndarray) and key.isdecimal():
            tree = tree[int(key)]
        else:
            raise LookupError(key)
    return tree


def _numbers(tree: Any) -> bool:
    return all(_numbers(item) if isinstance(item, list | tuple) else _is_number(item) for item in tree)


def _is_number(item: Any) -> bool:
    return item is None or isinstance(item, bool | int | float)


def is_refusal(value: Any) -> bool:
    """Whether a plain value stands for an error that was raised where one may be right."""
    return isinstance(value, dict) and value.keys() == {"raised"}


def size(value: Any) -> int:
    """How many leaves and numbers a plain value holds."""
    if isinstance(value, dict):
        return 1 + sum(map(size, value.values()))
    if isinstance(value, list | tuple):
        return 1 + sum(map(size, value))
    return 1 + (value.size if isinstance(value, np.ndarray) else 0)
