"""What a learner has written so far, as the source says it: the compiler leaves out what stands below a ``raise``."""

from __future__ import annotations

import ast
import linecache
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

_Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = _Function | ast.ClassDef


@dataclass(frozen=True)
class Leftover:
    """A ``raise NotImplementedError`` of the stub that still stands beside an answer.

    Attributes
    ----------
    line : int
        In the cell.
    above : bool
        Whether the answer stands below it, where it is never reached.
    """

    line: int
    above: bool

    def __str__(self) -> str:
        where = "above" if self.above else "below"
        return f"raise NotImplementedError still stands {where} your answer (line {self.line})"


def is_stub(answer: Any) -> bool:
    """Whether a function, or a method of a class, only raises ``NotImplementedError``."""
    node = definition(answer)
    if node is not None:
        return any(len(body) == 1 and _raises(body[0]) for body in _bodies(node))
    code = code_of(answer)
    return code is not None and code.co_names == ("NotImplementedError",)


def leftover(answer: Any) -> Leftover | None:
    """What is left of the stub beside an answer; None where nothing is, or nothing else is there."""
    node = definition(answer)
    for body in _bodies(node) if node is not None else ():
        for place, statement in enumerate(body):
            if len(body) > 1 and _raises(statement):
                return Leftover(statement.lineno, above=place == 0)
    return None


def returns_nothing(answer: Any) -> bool:
    """Whether a function has no way to hand on a value."""
    node = definition(answer)
    return isinstance(node, _Function) and not any(
        isinstance(inner, ast.Yield | ast.YieldFrom) or (isinstance(inner, ast.Return) and inner.value is not None)
        for inner in _own(node)
    )


def code_of(answer: Any) -> CodeType | None:
    """The code of a function, or of the first method of a class; None for everything else."""
    members = vars(answer).values() if isinstance(answer, type) else [answer]
    codes = (getattr(member, "__code__", None) for member in members)
    return next((code for code in codes if isinstance(code, CodeType)), None)


def names_bound(source: str) -> set[str]:
    """Names that the code of a cell defines; none where it cannot be parsed."""
    try:
        symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def tree_of(code: CodeType) -> ast.Module:
    """The source of the cell or file that some code is from; empty where it is not at hand."""
    try:
        return ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def definition(answer: Any) -> Definition | None:
    """Where an answer is defined, in the source of its cell or file."""
    code = code_of(answer)
    if code is None:
        return None
    found = [
        node
        for node in ast.walk(tree_of(code))
        if isinstance(node, Definition) and node.name == getattr(answer, "__name__", "")
        if min([node.lineno, *(each.lineno for each in node.decorator_list)]) <= code.co_firstlineno
        if code.co_firstlineno <= (node.end_lineno or 0)
    ]
    return found[-1] if found else None


def _bodies(node: Definition) -> Iterator[list[ast.stmt]]:
    """What the function does, or every method of the class, docstrings aside."""
    for each in node.body if isinstance(node, ast.ClassDef) else [node]:
        if isinstance(each, _Function):
            yield each.body[1:] if ast.get_docstring(each) is not None else each.body


def _raises(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Raise):
        return False
    raised = statement.exc
    if isinstance(raised, ast.Call) and not raised.args:
        raised = raised.func
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What belongs to a function and not to one inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _Function | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own(child)
