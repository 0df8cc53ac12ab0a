"""What a student might write into a solution cell: the right answer, a known slip, an accident.

Everything here is text in, text out, by way of the syntax tree.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import ModuleType

import numpy as np

from autograder.course import CourseError
from autograder.judging.catalogue import Slip

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_REGION = re.compile(r"^[^\n]*### BEGIN SOLUTION[^\n]*\n(.*?)^[^\n]*### END SOLUTION[^\n]*\n?", re.M | re.S)


def right(source: str) -> str:
    """The reference answer: a solution cell of a text notebook without the marks around its solution."""
    return _REGION.sub(lambda region: region[1], source + "\n").rstrip("\n")


def model_answer(source: str) -> str:
    """What stands between the marks of a written answer; the whole text where there are none."""
    region = _REGION.search(source + "\n")
    return (region[1] if region else source).strip()


def written(source: str, text: str) -> str:
    """The cell of a written answer with ``text`` in the place of the model answer."""
    return _REGION.sub(lambda _: text + "\n", source + "\n").rstrip("\n") if _REGION.search(source + "\n") else text


def slipped(exercise: str, slip: Slip, provided: str = "") -> str:
    """A misconception as a cell that stands on its own.

    Parameters
    ----------
    exercise : str
        The name that the cell has to define.
    slip : Slip
    provided : str
        Code that runs earlier in the notebook; its imports are not repeated.

    Returns
    -------
    str
        The definition under the exercise's name, after the helpers, constants and imports of its module that it uses.

    Raises
    ------
    CourseError
        If the misconception cannot be moved into a notebook.
    """
    name = slip.described.name
    module = sys.modules[slip.answer.__module__]
    tree = _tree(module)
    chosen = _definition(tree, name, exercise)
    if chosen is None:
        raise CourseError(
            f"The misconception {name!r} of {exercise} cannot be moved into a notebook cell: "
            f"write it as a plain function or class at the top level of {module.__name__}."
        )
    answer: ast.stmt = _bare(chosen)
    helpers = [_bare(statement) for statement in _needed(answer, name, tree)]
    given = {ast.unparse(statement) for statement in ast.parse(provided).body}
    if any(exercise in _bound(helper) for helper in helpers):
        answer = _rename(answer, {exercise: f"plain_{exercise}"})
    parts: list[ast.stmt] = []
    for helper in helpers:
        if isinstance(helper, ast.ImportFrom) and (helper.level or str(helper.module).startswith("autograder")):
            raise CourseError(
                f"The misconception {name!r} of {exercise} uses {ast.unparse(helper)!r}, which no notebook may import: "
                f"write what it needs into {module.__name__}."
            )
        if ast.unparse(helper) not in given:
            parts.append(_rename(helper, {exercise: f"plain_{exercise}"}))
    parts.append(_rename(answer, {name: exercise}))
    return "\n\n".join(map(ast.unparse, parts))


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


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _definition(tree: ast.Module, name: str, exercise: str) -> Definition | None:
    found = [node for node in tree.body if isinstance(node, Definition) and node.name == name]
    meant = [node for node in found if any(_is_of(decorator, exercise) for decorator in node.decorator_list)]
    return next(reversed(meant or found), None)


def _is_of(decorator: ast.expr, exercise: str) -> bool:
    """Whether a decorator is ``misconception(of="<exercise>", ...)``: one name may be a slip in several exercises."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return any(
        item.arg == "of" and isinstance(item.value, ast.Constant) and item.value.value == exercise for item in keywords
    )


def _needed(answer: ast.stmt, own: str, tree: ast.Module) -> list[ast.stmt]:
    """Statements of the module that an answer depends on, however indirectly, in their order."""
    binds = {name: index for index, statement in enumerate(tree.body) for name in _bound(statement)}
    needed: set[int] = set()
    pending = [answer]
    while pending:
        for name in _used(pending.pop()) & binds.keys():
            index = binds[name]
            if index not in needed and name != own:
                needed.add(index)
                pending.append(_bare(tree.body[index]))
    return [tree.body[index] for index in sorted(needed)]


def _used(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, Definition):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    targets: Iterable[ast.AST] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


class _Bare(ast.NodeTransformer):
    """Takes away what a student would not write: annotations, docstrings, the decorator that registers a slip."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        return ast.Assign([node.target], node.value) if node.value is not None else None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._definition(node)

    def _definition(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.decorator_list = [one for one in node.decorator_list if "misconception" not in ast.unparse(one)]
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)


def _bare(statement: ast.stmt) -> ast.stmt:
    copied = ast.parse(ast.unparse(statement)).body[0]
    return ast.fix_missing_locations(_Bare().visit(copied))


class _Names(ast.NodeTransformer):
    def __init__(self, renaming: dict[str, str]) -> None:
        self.renaming = renaming

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self.renaming.get(node.id, node.id), node.ctx), node)


def _rename(statement: ast.stmt, renaming: dict[str, str]) -> ast.stmt:
    """The statement with names renamed, the one that it defines included."""
    renamed = _Names(renaming).visit(statement)
    if isinstance(renamed, Definition):
        renamed.name = renaming.get(renamed.name, renamed.name)
    return renamed
