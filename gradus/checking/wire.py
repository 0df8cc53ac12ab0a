"""The one codec between a student's process and whoever judges, and of the frozen public cases.

JSON with tagged arrays. Nothing is ever unpickled, only plain numeric arrays are rebuilt, and whatever is malformed or
too large raises ``WireError``.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

import numpy as np

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 12
_DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"],
)
_LENGTH = struct.Struct(">Q")


class WireError(ValueError):
    """A message that breaks the rules of the wire: wrong type, wrong shape, too deep, too large."""


def encode(value: Any) -> str:
    """Turn a value (dict, list, str, number, bool, None, numeric array) into text.

    Raises
    ------
    WireError
        If the value holds anything else, or is nested too deeply.
    """
    return json.dumps(_to_json(value, 0), separators=(",", ":"))


def decode(text: str | bytes) -> Any:
    """The value that ``encode`` turned into ``text``.

    Raises
    ------
    WireError
        If ``text`` is not what ``encode`` can have produced.
    """
    if len(text) > MAX_BYTES:
        raise WireError(f"a message of {len(text)} bytes; at most {MAX_BYTES} are accepted")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a message: {error}") from None
    return _from_json(tree, 0)


def send(connection: socket.socket, value: Any) -> None:
    """Send one value as one length-prefixed message."""
    payload = encode(value).encode()
    if len(payload) > MAX_BYTES:
        raise WireError(f"a message of {len(payload)} bytes; at most {MAX_BYTES} are accepted")
    connection.sendall(_LENGTH.pack(len(payload)) + payload)


def receive(connection: socket.socket) -> Any:
    """Receive one message.

    Raises
    ------
    WireError
        If the peer closes early or sends something malformed.
    """
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > MAX_BYTES:
        raise WireError(f"a message of {length} bytes is announced; at most {MAX_BYTES} are accepted")
    return decode(_exactly(connection, length))


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = connection.recv(min(size, 2**20))
        if not part:
            raise WireError("the connection was closed in the middle of a message")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _to_json(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"a value nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        if value.dtype.name not in _DTYPES:
            raise WireError(f"an array of dtype {value.dtype}; only numbers and booleans can be sent")
        return {"array": value.dtype.name, "shape": list(value.shape), "data": value.ravel().tolist()}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise WireError("a dict with keys that are not strings")
        return {"dict": {key: _to_json(item, depth + 1) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_to_json(item, depth + 1) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise WireError(f"a value of type {type(value).__name__}")


def _from_json(tree: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"a value nested more than {MAX_DEPTH} levels deep")
    if isinstance(tree, list):
        return [_from_json(item, depth + 1) for item in tree]
    if isinstance(tree, str):
        return _text(tree)
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"dict"} and isinstance(tree["dict"], dict):
        return {_text(key): _from_json(item, depth + 1) for key, item in tree["dict"].items()}
    if tree.keys() == {"array", "shape", "data"}:
        return _array(tree["array"], tree["shape"], tree["data"])
    raise WireError("an object that is neither a dict nor an array")


def _text(text: str) -> str:
    """``text`` without lone surrogates, which no file could hold later."""
    return text.encode("utf-8", "replace").decode()


def _array(name: Any, shape: Any, data: Any) -> np.ndarray:
    if not isinstance(name, str) or name not in _DTYPES or not isinstance(shape, list) or not isinstance(data, list):
        raise WireError("a malformed array")
    if not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
        raise WireError("an array whose shape does not fit its data")
    if not all(type(item) in (int, float, bool) for item in data):
        raise WireError("an array that holds something other than numbers")
    try:
        return np.array(data, dtype=name).reshape(shape)
    except (ValueError, OverflowError, TypeError) as error:
        raise WireError(f"an array that cannot be built: {error}") from None
