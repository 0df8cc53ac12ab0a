"""Add code to a Python file that somebody else writes: imports are merged, everything else goes to the end."""

from __future__ import annotations

import ast
import sys

_LONGEST = 120
_FIRST_PARTY = ("autograder", "gradus")


def extended(text: str, addition: str) -> str:
    """The text of a module with the code of another one at its end.

    Parameters
    ----------
    text : str
        The module; what it says stays where it is, but for an import that has to bring more names.
    addition : str
        A module of its own: imports first, then the code.

    Raises
    ------
    SyntaxError
        If either is no Python.
    """
    body = ast.parse(addition).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports:
        text = _importing(text, node)
    last = imports[-1].end_lineno or 0 if imports else 0
    code = "\n".join(addition.splitlines()[last:]).strip("\n")
    at_imports = isinstance(ast.parse(text).body[-1], ast.Import | ast.ImportFrom)
    gap = 1 if at_imports and not code.startswith(("def ", "class ", "@")) else 2
    return text.rstrip() + (gap + 1) * "\n" + code + "\n"


def _importing(text: str, wanted: ast.Import | ast.ImportFrom) -> str:
    """The text with an import, in the place where sorted imports have it."""
    found = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    lines = text.splitlines()
    for node in found:
        if not _mergeable(node, wanted):
            continue
        missing = [alias for alias in wanted.names if ast.dump(alias) not in map(ast.dump, node.names)]
        if not missing:
            return text
        span = slice(node.lineno - 1, node.end_lineno)
        if "#" not in "\n".join(lines[span]):  # a comment inside would be lost
            lines[span] = _statement(wanted, [*node.names, *missing])
            return "\n".join(lines) + "\n"
    before = [node for node in found if _place(node) <= _place(wanted)]
    after = [node for node in found if _place(node) > _place(wanted)]
    statement, section = _statement(wanted, wanted.names), _place(wanted)[0]
    if after and _place(after[0])[0] == section:
        at = after[0].lineno - 1
    elif before:
        at = before[-1].end_lineno or 0
        statement = statement if _place(before[-1])[0] == section else ["", *statement]
    else:
        at = after[0].lineno - 1 if after else _end_of_docstring(text)
        statement = [*statement, ""] if after else ["", *statement]
    lines[at:at] = statement
    return "\n".join(lines) + "\n"


def _mergeable(node: ast.Import | ast.ImportFrom, wanted: ast.Import | ast.ImportFrom) -> bool:
    """Whether one statement can say both; what is renamed on import stands by itself."""
    if isinstance(node, ast.Import) or isinstance(wanted, ast.Import):
        return ast.dump(node) == ast.dump(wanted)
    renamed = any(alias.asname for alias in [*node.names, *wanted.names])
    return ast.dump(node) == ast.dump(wanted) if renamed else (node.module, node.level) == (wanted.module, wanted.level)


def _place(node: ast.Import | ast.ImportFrom) -> tuple[int, bool, str]:
    """What imports are sorted by: section, form, name."""
    name = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
    top = name.partition(".")[0]
    section = 0 if top == "__future__" else 1 if top in sys.stdlib_module_names else 3 if top in _FIRST_PARTY else 2
    return section, isinstance(node, ast.ImportFrom), name


def _statement(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> list[str]:
    if isinstance(node, ast.Import):
        return [ast.unparse(node)]
    ordered = sorted(names, key=lambda alias: (*_rank(alias.name), alias.name))
    words = [ast.unparse(alias) for alias in ordered]
    start = f"from {'.' * node.level}{node.module or ''} import "
    line = start + ", ".join(words)
    return [line] if len(line) <= _LONGEST else [f"{start}(", *(f"    {word}," for word in words), ")"]


def _rank(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name.lower()


def _end_of_docstring(text: str) -> int:
    body = ast.parse(text).body
    return (body[0].end_lineno or 0) if body and ast.get_docstring(ast.parse(text)) is not None else 0
