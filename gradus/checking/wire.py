"""The one codec between a student's process and whoever judges, and of the frozen public cases.

Strict JSON with tagged arrays, their numbers as base64. Nothing is ever unpickled, only plain numeric arrays are
rebuilt, and whatever is malformed or larger than its receiver allows raises ``WireError`` before it is taken apart.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import socket
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradus.checking.arguments import Made

MAX_DEPTH = 14
_LARGEST = 2**63 - 1
_STRANGE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"],
)
_LENGTH = struct.Struct(">Q")


class WireError(ValueError):
    """A message that breaks the rules of the wire: wrong type, wrong shape, too deep, too large."""


@dataclass(frozen=True)
class Limit:
    """How large a message may be.

    Attributes
    ----------
    size : int
        Bytes of text.
    parts : int
        Separators and brackets in it, which bound the objects that it can turn into.
    made : bool
        Whether it may hold arguments to be made.
    """

    size: int = 64 * 2**20
    parts: int = 4 * 10**6
    made: bool = True

    def of_reply(self) -> Limit:
        """The same, for what comes from somebody else's code: values only."""
        return Limit(self.size, self.parts, made=False)


ANY = Limit()


def encode(value: Any) -> str:
    """Turn a value (dict, list, str, number, bool, None, numeric array, `Made`) into text.

    Raises
    ------
    WireError
        If the value holds anything else, or is nested too deeply.
    """
    return json.dumps(_to_json(value, 0), separators=(",", ":"), allow_nan=False)


def decode(text: str | bytes, limit: Limit = ANY) -> Any:
    """The value that ``encode`` turned into ``text``.

    Raises
    ------
    WireError
        If ``text`` is not what ``encode`` can have produced, or is larger than ``limit``.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(data) > limit.size:
        raise WireError(f"a message of {len(data)} bytes; at most {limit.size} are accepted")
    parts = sum(data.count(separator) for separator in (b",", b"[", b"{"))
    if parts > limit.parts:
        raise WireError(f"a message of {parts} parts; at most {limit.parts} are accepted")
    try:
        tree = json.loads(data, parse_constant=_refuse, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a message: {error}") from None
    return _from_json(tree, 0, limit)


def send(connection: socket.socket, value: Any, limit: Limit = ANY) -> None:
    """Send one value as one length-prefixed message."""
    payload = encode(value).encode()
    if len(payload) > limit.size:
        raise WireError(f"a message of {len(payload)} bytes; at most {limit.size} are accepted")
    connection.sendall(_LENGTH.pack(len(payload)) + payload)


def receive(connection: socket.socket, limit: Limit = ANY) -> Any:
    """Receive one message.

    Raises
    ------
    WireError
        If the peer closes early or sends something malformed or too large.
    """
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > limit.size:
        raise WireError(f"a message of {length} bytes is announced; at most {limit.size} are accepted")
    return decode(_exactly(connection, length), limit)


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
        numbers = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
        return {"array": value.dtype.name, "shape": list(value.shape), "data": base64.b64encode(numbers).decode()}
    if isinstance(value, Made):
        return {"made": value.family, "given": _to_json(dict(value.given), depth + 1)}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise WireError("a dict with keys that are not strings")
        return {"dict": {key: _to_json(item, depth + 1) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_to_json(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(float(value))}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
        raise WireError("an integer of more than 63 bits")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise WireError(f"a value of type {type(value).__name__}")


def _from_json(tree: Any, depth: int, limit: Limit) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"a value nested more than {MAX_DEPTH} levels deep")
    if isinstance(tree, list):
        return [_from_json(item, depth + 1, limit) for item in tree]
    if isinstance(tree, str):
        return _text(tree)
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"dict"} and isinstance(tree["dict"], dict):
        return {_text(key): _from_json(item, depth + 1, limit) for key, item in tree["dict"].items()}
    if tree.keys() == {"array", "shape", "data"}:
        return _array(tree["array"], tree["shape"], tree["data"])
    if tree.keys() == {"float"} and isinstance(tree["float"], str) and tree["float"] in _STRANGE:
        return _STRANGE[tree["float"]]
    if limit.made and tree.keys() == {"made", "given"} and isinstance(tree["made"], str):
        return Made(tree["made"], _from_json(tree["given"], depth + 1, limit))
    raise WireError("an object that is neither a dict nor an array")


def _text(text: str) -> str:
    """``text`` without lone surrogates, which no file could hold later."""
    return text.encode("utf-8", "replace").decode()


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > _LARGEST:
        raise WireError("an integer of more than 63 bits")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise WireError(f"{constant} is no JSON")


def _array(name: Any, shape: Any, data: Any) -> np.ndarray:
    if not isinstance(name, str) or name not in _DTYPES or not isinstance(shape, list) or not isinstance(data, str):
        raise WireError("a malformed array")
    if len(shape) > 32 or not all(type(size) is int and 0 <= size <= _LARGEST for size in shape):
        raise WireError("an array whose shape does not fit its data")
    try:
        numbers = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"an array that cannot be read: {error}") from None
    dtype = np.dtype(name).newbyteorder("<")
    if len(numbers) != math.prod(shape) * dtype.itemsize:
        raise WireError("an array whose shape does not fit its data")
    if name == "bool" and numbers.strip(b"\x00\x01"):
        raise WireError("an array of booleans that are neither true nor false")
    try:
        return np.frombuffer(numbers, dtype).reshape(shape).astype(name)
    except ValueError as error:
        raise WireError(f"an array that cannot be built: {error}") from None
