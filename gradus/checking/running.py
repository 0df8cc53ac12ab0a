"""Run an answer on one case, whatever it does, and bring home plain values only."""

from __future__ import annotations

import builtins
import copy
import difflib
import dis
import linecache
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from gradus.checking.arguments import Call, Made, Serve, Server, make
from gradus.checking.exercises import Case, Exercise, Outputs, find_exercise
from gradus.checking.plain import MOST_NUMBERS, UnusableOutputError, plain

_LONGEST, _MOST = 1000, 5
_LIBRARY = ("<frozen", sysconfig.get_path("stdlib"))
UNWRITTEN = "unwritten"
"""Stands before the classes of the exception where a stub raised it that is still in place."""


@dataclass(frozen=True)
class Outcome:
    """What an answer did with one case.

    Attributes
    ----------
    steps : tuple of dict
        Plain outputs by name, one dict per step; exactly one where the exercise has no steps.
    errors : tuple of str
        Names of the class of the exception that ended it and of that class's bases, empty if there was none; before
        them `UNWRITTEN`, if a stub raised it.
    message : str
        What the exception said; of a stub that the answer calls, its name.
    line : str
        The learner's own line that raised, with its number, "" if there is none.
    changed : tuple of str
        Inputs whose arrays the answer changed and had no right to.
    warnings : tuple of str
        Warnings given on the way.
    calls : dict of str to list of Call
        Calls of served functions, as whoever served them remembers them; never sent.
    """

    steps: tuple[Outputs, ...] = ()
    errors: tuple[str, ...] = ()
    message: str = ""
    line: str = ""
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    calls: Mapping[str, Sequence[Call]] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Name of the exception's class, "" if there was none."""
        return self.errors[0] if self.errors else ""

    def as_dict(self) -> dict[str, Any]:
        """The outcome as plain values, for the wire."""
        return {
            "steps": list(self.steps),
            "errors": list(self.errors),
            "message": self.message,
            "line": self.line,
            "changed": list(self.changed),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, fields: Any) -> Outcome:
        """The outcome that ``as_dict`` described.

        Raises
        ------
        ValueError
            If ``fields`` does not have exactly the fields of an outcome, each of its type.
        """
        names = cls.__dataclass_fields__.keys() - {"calls"}
        if not isinstance(fields, dict) or fields.keys() != names:
            raise ValueError("an outcome needs exactly the fields " + ", ".join(sorted(names)))
        lists = [fields[name] for name in ("steps", "errors", "changed", "warnings")]
        if not all(isinstance(one, list) for one in lists) or not all(isinstance(one, dict) for one in lists[0]):
            raise ValueError("an outcome with fields of the wrong type")
        texts = [fields["message"], fields["line"], *lists[1], *lists[2], *lists[3]]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("an outcome with fields of the wrong type")
        return cls(
            tuple(lists[0]),
            *(tuple(text[:_LONGEST] for text in lists[1][:20]), fields["message"][:_LONGEST]),
            fields["line"][:_LONGEST],
            tuple(name[:_LONGEST] for name in lists[2][:20]),
            tuple(text[:_LONGEST] for text in lists[3][:_MOST]),
        )


def run(
    exercise: Exercise, answer: Any, case: Case, serve: Serve | None = None, at_most: int = MOST_NUMBERS
) -> Outcome:
    """Call ``answer`` on fresh copies of the case's inputs.

    Exceptions, ``SystemExit`` included, become part of the outcome; only ``KeyboardInterrupt`` passes, so that a
    learner can stop an endless loop.

    Parameters
    ----------
    exercise : Exercise
    answer : function or class
    case : Case
    serve : callable, optional
        Answers the calls of served functions; they are answered here by default.
    at_most : int
        How many numbers the outputs may hold.
    """
    inputs = copy.deepcopy(dict(case.inputs))
    server = Server(case.inputs) if serve is None else None
    steps: list[Outputs] = []
    failure: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with ExitStack() as stack:
                stack.enter_context(_restored(answer))
                for kind in exercise.kinds:
                    stack.enter_context(kind.around())
                for outputs in _steps(exercise, answer, case, inputs, serve or server):  # type: ignore[arg-type]
                    steps.append({name: plain(value, name, at_most) for name, value in outputs.items()})
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failure = error
    changed = tuple(name for name in _changed(case.inputs, inputs) if name not in exercise.may_change)
    spoken = tuple(dict.fromkeys(f"{w.category.__name__}: {w.message}"[:_LONGEST] for w in caught))[:_MOST]
    calls = server.calls if server else {}
    if failure is None:
        return Outcome(tuple(steps), changed=changed, warnings=spoken, calls=calls)
    stub = _stub(failure, answer)
    classes = tuple(base.__name__ for base in type(failure).__mro__ if issubclass(base, BaseException))
    return Outcome(
        tuple(steps),
        errors=classes if stub is None else (UNWRITTEN, *classes),
        message=_words(failure) + _given_tensors(failure, answer) if stub is None else stub,
        line=own_line(failure),
        changed=changed,
        warnings=spoken,
        calls=calls,
    )


def _steps(exercise: Exercise, answer: Any, case: Case, inputs: dict[str, Any], serve: Serve) -> Iterator[Outputs]:
    """The outputs of every step; those of a second object or call, taken in turn with the first's, as ``another``."""
    drives = []
    for number in range(case.instances):
        given = inputs if number == 0 else copy.deepcopy(dict(case.inputs))
        made = {name: make(name, value, serve) for name, value in given.items()}
        drives.append(exercise.drive(answer, made))
    for together in zip(*drives, strict=True) if exercise.by_steps else [tuple(drives)]:
        if len(together) == 1:
            yield _named(together[0])
            continue
        first, *others = [{name: plain(value, name) for name, value in _named(one).items()} for one in together]
        yield {**first, **({"another": others[0]} if others else {})}


def _named(outputs: Any) -> Outputs:
    if not isinstance(outputs, dict):
        raise TypeError(f"the drive of an exercise gives a dict of outputs, not a {type(outputs).__name__}")
    return outputs


@contextmanager
def _restored(answer: Any) -> Iterator[None]:
    """Give a class back what it keeps for all of its objects, so that no case sees what an earlier one left there."""
    if not isinstance(answer, type):
        yield
        return
    # What Python and its decorators keep in a class (of a dataclass: its fields) is no state, and not always copied.
    own = {name: value for name, value in vars(answer).items() if not name.startswith("__")}
    kept = {name: value for name, value in own.items() if isinstance(value, dict | list | set | np.ndarray)}
    functions = [value for value in vars(answer).values() if isinstance(value, FunctionType)]
    plain_ones = {name: value for name, value in own.items() if isinstance(value, int | float | None)}
    attributes = {**plain_ones, **copy.deepcopy(kept)}
    defaults = [
        (
            function,
            tuple(copy.deepcopy(one) if isinstance(one, dict | list | set | np.ndarray) else one for one in given),
        )
        for function in functions
        if (given := function.__defaults__)
    ]
    before = set(vars(answer))
    try:
        yield
    finally:
        for name in set(vars(answer)) - before:
            delattr(answer, name)
        for name, value in attributes.items():
            setattr(answer, name, value)
        for function, given in defaults:
            function.__defaults__ = given


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


def _stub(error: BaseException, answer: Any) -> str | None:
    """The name of the stub that raised, "" if it is the answer's own; None where it was no stub of the learner's."""
    if type(error) is not NotImplementedError or error.args:
        return None
    frame = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    if _is_machinery(frame):
        return None
    return "" if frame.f_code in _codes(answer) else frame.f_code.co_qualname.partition(".")[0]


def _words(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception as broken:
        return f"(an exception whose text cannot be read: {type(broken).__name__})"
    return f"{said}{_suggestion(error)}"[:_LONGEST]


def _given_tensors(error: BaseException, answer: Any) -> str:
    """What to say where another exercise's NumPy function was called with tensors, and PyTorch has its own."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name, own = frame.f_code.co_name, frame.f_globals.get(frame.f_code.co_name)
        if getattr(own, "__code__", None) is not frame.f_code or own is answer or find_exercise(name) is None:
            continue
        given = [frame.f_locals.get(one) for one in frame.f_code.co_varnames[: frame.f_code.co_argcount]]
        torch = sys.modules.get("torch")
        if torch and any(isinstance(one, torch.Tensor) for one in given) and "np" in names_used(own):
            instead = f"; PyTorch's own is `nn.functional.{name}`" if hasattr(torch.nn.functional, name) else ""
            return f". This calls your NumPy `{name}` with tensors{instead}."
    return ""


def _suggestion(error: BaseException) -> str:
    """What Python adds when it shows an error: the name that was probably meant."""
    name = getattr(error, "name", None)
    if not isinstance(error, NameError | AttributeError) or not isinstance(name, str):
        return ""
    if isinstance(error, AttributeError):
        known = dir(type(error.obj))
    else:
        frame = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
        known = [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f". Did you mean: {near[0]!r}?" if near else ""


def own_line(error: BaseException) -> str:
    """The learner's own line that raised, with its number, "" if there is none."""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        text = linecache.getline(frame.f_code.co_filename, number).strip()
        if text and not _is_machinery(frame):
            return f"line {number} of {frame.f_code.co_name}: {text}"[:500]
    return ""


def _is_machinery(frame: FrameType) -> bool:
    path, module = frame.f_code.co_filename, str(frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] == "gradus" or "site-packages" in path or path.startswith(_LIBRARY)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Names of the learner's arguments that are no longer what they were; those of a step go by their own names."""
    for name, value in before.items():
        now = after.get(name)
        if name == "steps" and isinstance(value, list) and isinstance(now, list) and len(value) == len(now):
            pairs = [(one, other) for one, other in zip(value, now, strict=True) if isinstance(one, dict)]
            yield from dict.fromkeys(found for one, other in pairs for found in _changed(one, other))
        elif not _same(value, now):
            yield name


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        if not isinstance(after, np.ndarray) or before.shape != after.shape or before.dtype != after.dtype:
            return False
        return bool(np.array_equal(before, after, equal_nan=before.dtype.kind == "f"))
    if isinstance(before, Made):
        return True
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(_same(before[key], after[key]) for key in before)
        )
    if isinstance(before, list | tuple):
        return isinstance(after, list | tuple) and len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after or before != before)


__all__ = ["UNWRITTEN", "Outcome", "UnusableOutputError", "names_used", "own_line", "run"]
