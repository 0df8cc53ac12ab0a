"""What a student might write into a cell: the right answer in words of one's own, an accident, a written answer.

Everything here is text in, text out.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Iterator

import numpy as np

from autograder.course import CourseError
from autograder.judging.slips import REGION

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def right(source: str) -> str:
    """The reference answer: a solution cell of a text notebook without the marks around its solution."""
    return REGION.sub(lambda region: region[1], source + "\n").rstrip("\n")


def model_answer(source: str) -> str:
    """What stands between the marks of a written answer; the whole text where there are none."""
    region = REGION.search(source + "\n")
    return (region[1] if region else source).strip()


def written(source: str, text: str) -> str:
    """The cell of a written answer with ``text`` in the place of the model answer."""
    return REGION.sub(lambda _: text + "\n", source + "\n").rstrip("\n") if REGION.search(source + "\n") else text


def in_own_words(source: str, rng: np.random.Generator) -> str:
    """The same program with local variables renamed, as another person would have written it."""
    tree = ast.parse(source)
    taken = (
        {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | set(keyword.kwlist) | set(dir(builtins))
    )
    for function in _outer_functions(tree):
        renaming = {}
        for name in sorted(_locals(function)):
            new = str(rng.choice([name, name, name[:1], name[:3], name[:4], f"{name}_", f"my_{name}", f"{name}2"]))
            if new not in taken and not new.startswith("_"):
                taken.add(new)
                renaming[name] = new
        _Names(renaming).visit(function)
    return ast.unparse(tree)


def accident(kind: str, source: str, exercise: str) -> str:
    """An answer that cannot work, made from the right one.

    Parameters
    ----------
    kind : str
        A key of ``ACCIDENTS``, or ``"endless loop"``.
    source : str
        The right answer.
    exercise : str
        The name of the function or class that it defines.
    """
    if kind == "syntax error":
        return _without_last_bracket(source)
    tree = ast.parse(source)
    definition = next((node for node in tree.body if isinstance(node, Definition) and node.name == exercise), None)
    if definition is None:
        raise CourseError(f"The solution cell of {exercise} defines no function or class of that name.")
    if kind == "defined under another name":
        definition.name = f"{exercise}_v2"
    for function in _functions(definition):
        if kind == "wrong signature":
            function.args = ast.parse("def f(): 0").body[0].args  # type: ignore[attr-defined]
        else:
            _insert(function, _ACCIDENTS[kind](function, isinstance(definition, ast.ClassDef)))
    return ast.unparse(ast.fix_missing_locations(tree))


def _call_itself(function: Function, method: bool) -> str:
    arguments = [argument.arg for argument in function.args.posonlyargs + function.args.args]
    called = f"self.{function.name}" if method else function.name
    return f"return {called}({', '.join(arguments[method:])})"


def _nothing(function: Function, method: bool) -> str:
    return ""


_ACCIDENTS: dict[str, Callable[[Function, bool], str]] = {
    "syntax error": _nothing,
    "wrong signature": _nothing,
    "defined under another name": _nothing,
    "misspelt variable": lambda function, method: "result = np.zeros(number_of_rows)",
    "endless recursion": _call_itself,
    "raises on purpose": lambda function, method: "raise ValueError('I did not get further than this')",
    "prints and fails": lambda function, method: (
        "seen = [1, 2, 3]\nfor step in range(400):\n    print('step', step)\nprint(seen[step])"
    ),
    "endless loop": lambda function, method: "while True:\n    pass",
}
ACCIDENTS = tuple(kind for kind in _ACCIDENTS if kind != "endless loop")


def _without_last_bracket(source: str) -> str:
    for match in reversed(list(re.finditer(r"[)\]:]", source))):
        broken = source[: match.start()] + source[match.end() :]
        try:
            ast.parse(broken)
        except SyntaxError:
            return broken
    return source + "\n("


def _insert(function: Function, code: str) -> None:
    documented = ast.get_docstring(function) is not None
    function.body[documented:documented] = ast.parse(f"def f():\n    return\n{code}").body[1:]


def _functions(definition: Definition) -> list[Function]:
    members = definition.body if isinstance(definition, ast.ClassDef) else [definition]
    return [member for member in members if isinstance(member, Function)]


def _outer_functions(tree: ast.Module) -> Iterator[Function]:
    for node in tree.body:
        if isinstance(node, Definition):
            yield from _functions(node)


def _locals(function: Function) -> set[str]:
    """Variables that can be renamed everywhere in the function without changing what it does."""
    nodes = list(ast.walk(function))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    fixed = {node.arg for node in nodes if isinstance(node, ast.arg)}
    fixed |= {name for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    fixed |= {node.name for node in nodes if isinstance(node, Definition)}
    return stored - fixed


class _Names(ast.NodeTransformer):
    def __init__(self, renaming: dict[str, str]) -> None:
        self.renaming = renaming

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self.renaming.get(node.id, node.id), node.ctx), node)
