"""Documents: dataclasses as JSON, and back again with every field checked against its type."""

from __future__ import annotations

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def to_bytes(value: Any) -> bytes:
    """The document that holds a dataclass; the same value gives the same bytes. Half characters become "?"."""
    kind: Any = type(value)
    tree = _adapter(kind).dump_python(value, mode="json")
    return (json.dumps(tree, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def from_bytes(kind: type[T], document: bytes) -> T:
    """The dataclass of type ``kind`` that a document holds.

    Raises
    ------
    ValueError
        If it holds none; the message says where it is wrong.
    """
    wanted: Any = kind
    try:
        found: T = _adapter(wanted).validate_json(document, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}"[:300] if where else first["msg"][:300]) from None
    return found


@lru_cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    wanted: Any = kind
    return TypeAdapter(wanted)
