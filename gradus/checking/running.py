"""Run an answer on one case, whatever it does, and bring home plain values only."""

from __future__ import annotations

import copy
import dis
import linecache
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from gradus.checking.exercises import Case, Exercise

_LONGEST, _MOST = 2000, 20
_MACHINERY = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True)
class Outcome:
    """What an answer did with one case.

    Attributes
    ----------
    outputs : dict or None
        Plain arrays and numbers by name; None if the answer raised.
    error : str
        Name of the exception's class, "" if there was none.
    message : str
        What the exception said.
    line : str
        The learner's own line that raised, with its number, "" if there is none.
    changed : tuple of str
        Inputs whose arrays the answer changed.
    warnings : tuple of str
        Warnings given on the way.
    """

    outputs: dict[str, Any] | None
    error: str = ""
    message: str = ""
    line: str = ""
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The outcome as plain values, for the wire."""
        return {**vars(self), "changed": list(self.changed), "warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, fields: Any) -> Outcome:
        """The outcome that ``as_dict`` described.

        Raises
        ------
        ValueError
            If ``fields`` does not have exactly the fields of an outcome, each of its type.
        """
        if not isinstance(fields, dict) or fields.keys() != cls.__dataclass_fields__.keys():
            raise ValueError("an outcome needs exactly the fields " + ", ".join(cls.__dataclass_fields__))
        texts = [fields["error"], fields["message"], fields["line"], *_strings(fields["changed"])]
        texts += _strings(fields["warnings"])
        if not all(isinstance(text, str) for text in texts) or not isinstance(fields["outputs"], dict | None):
            raise ValueError("an outcome with fields of the wrong type")
        return cls(
            fields["outputs"],
            fields["error"][:_LONGEST],
            fields["message"][:_LONGEST],
            fields["line"][:_LONGEST],
            tuple(name[:_LONGEST] for name in fields["changed"][:_MOST]),
            tuple(text[:_LONGEST] for text in fields["warnings"][:_MOST]),
        )


def _strings(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


class UnusableOutputError(TypeError):
    """An answer returned something that is not made of numbers."""


def run(exercise: Exercise, answer: Any, case: Case) -> Outcome:
    """Call ``answer`` on fresh copies of the case's inputs.

    Exceptions, ``SystemExit`` included, become part of the outcome; only ``KeyboardInterrupt`` passes, so that a
    learner can stop an endless loop.
    """
    inputs = copy.deepcopy(dict(case.inputs))
    outputs: dict[str, Any] | None = None
    failure: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outputs = {name: plain(value, name) for name, value in exercise.drive(answer, inputs).items()}
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failure = error
    changed = tuple(name for name, value in case.inputs.items() if not _same(value, inputs.get(name)))
    spoken = tuple(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught))
    if failure is None:
        return Outcome(outputs, changed=changed, warnings=spoken)
    return Outcome(
        None,
        error=type(failure).__name__,
        message=_words(failure),
        line=_own_line(failure),
        changed=changed,
        warnings=spoken,
    )


def plain(value: Any, name: str = "the result") -> Any:
    """A copy of ``value`` made of arrays, numbers, strings, lists and dicts only.

    Raises
    ------
    UnusableOutputError
        If that cannot be done; the message says what came instead.
    """
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, dict):
        return {str(key): plain(item, f"{name}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{name}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic):
        array = np.array(value)
        if array.dtype.kind in "biuf":
            return array.astype(np.float64) if array.dtype.itemsize > 8 else array
        raise UnusableOutputError(f"{name} is an array of dtype {array.dtype}; an array of numbers is expected")
    raise UnusableOutputError(f"{name} is a {type(value).__name__}; an array or a number is expected")


def names_used(answer: Any) -> frozenset[str]:
    """Global names that the answer's own code refers to: functions it may be leaning on."""
    return frozenset(
        instruction.argval
        for code in _codes(answer)
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    )


def _codes(answer: Any) -> Iterator[CodeType]:
    members = vars(answer).values() if isinstance(answer, type) else [answer]
    pending = [code for member in members if isinstance(code := getattr(member, "__code__", None), CodeType)]
    while pending:
        code = pending.pop()
        yield code
        pending += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _words(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST]
    except Exception as broken:
        return f"(an exception whose text cannot be read: {type(broken).__name__})"


def _own_line(error: BaseException) -> str:
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = frame.f_code.co_filename
        own = not path.startswith(_MACHINERY) and "site-packages" not in path and not path.startswith("<frozen")
        if own and (text := linecache.getline(path, number).strip()):
            return f"line {number} of {frame.f_code.co_name}: {text}"[:500]
    return ""


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        if not isinstance(after, np.ndarray) or before.shape != after.shape or before.dtype != after.dtype:
            return False
        return bool(np.array_equal(before, after, equal_nan=before.dtype.kind == "f"))
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(_same(before[key], after[key]) for key in before)
        )
    if isinstance(before, list | tuple):
        return isinstance(after, list | tuple) and len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after or before != before)
