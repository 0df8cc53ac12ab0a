"""Plain JSON back into dataclasses: every field is looked at, and must be what its type says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Reader = Callable[[Any], Any]


def read_as(kind: type[T], plain: Any) -> T:
    """A value of a type, from plain JSON.

    Parameters
    ----------
    kind : type
        A dataclass, str, bool, int, float (finite), Any, a tuple, sequence or mapping of such, or such a thing or None.
        A field of a dataclass may bring its own function, as ``metadata={"read": function}``.
    plain : object

    Raises
    ------
    ValueError
        If it is something else.
    """
    wanted: Any = kind
    return cast(T, _reader(wanted)(plain))


@cache
def _reader(kind: Any) -> _Reader:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda plain: plain
    if origin in (UnionType, Union):
        return _optional(inner)
    if origin is tuple:
        return _tuple([_reader(one) for one in inner if one is not ...], endless=inner[-1] is ...)
    if origin in (list, Sequence):
        return _list(_reader(inner[0]))
    if origin in (Mapping, dict):
        return _mapping(_reader(inner[1]))
    if is_dataclass(kind):
        return _dataclass(kind)
    if kind is float:
        return _number
    if kind in (str, bool, int):
        return _leaf(kind, f"a {kind.__name__}")
    raise TypeError(f"no way is known to read {kind!r}")


def _leaf(kind: type[Any], name: str) -> _Reader:
    def read(plain: Any) -> Any:
        if type(plain) is not kind:
            raise ValueError(f"{plain!r:.60} is not {name}")
        return plain

    return read


def _number(plain: Any) -> float:
    if type(plain) not in (int, float) or not abs(plain) <= sys.float_info.max:
        raise ValueError(f"{plain!r:.60} is not a finite number")
    return float(plain)


def _optional(kinds: tuple[Any, ...]) -> _Reader:
    (kind,) = (one for one in kinds if one is not type(None))
    read = _reader(kind)
    return lambda plain: None if plain is None else read(plain)


def _tuple(readers: list[_Reader], endless: bool) -> _Reader:
    def read(plain: Any) -> tuple[Any, ...]:
        if not isinstance(plain, list | tuple):
            raise ValueError(f"{plain!r:.60} is not a list")
        if endless:
            return tuple(map(readers[0], plain))
        if len(plain) != len(readers):
            raise ValueError(f"{plain!r:.60} does not have {len(readers)} items")
        return tuple(one(item) for one, item in zip(readers, plain, strict=True))

    return read


def _list(item: _Reader) -> _Reader:
    items = _tuple([item], endless=True)
    return lambda plain: list(items(plain))


def _mapping(item: _Reader) -> _Reader:
    def read(plain: Any) -> dict[str, Any]:
        if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
            raise ValueError(f"{plain!r:.60} is not an object")
        return {key: item(value) for key, value in plain.items()}

    return read


def _dataclass(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {field.name: field.metadata.get("read") or _reader(hints[field.name]) for field in fields(kind)}

    def read(plain: Any) -> Any:
        if not isinstance(plain, dict) or plain.keys() != readers.keys():
            raise ValueError(f"a {kind.__name__} needs exactly the fields {', '.join(readers)}")
        return kind(**{name: readers[name](value) for name, value in plain.items()})

    return read
