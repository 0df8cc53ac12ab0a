"""What a report asks the instructor to look at: things a program can point to and only a person can judge."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from autograder.classroom import attempts
from autograder.classroom.results import Answer
from autograder.source.notebook import Source

Answers = Mapping[str, Sequence[tuple[str, Answer]]]

_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What a parser makes of code that is none, or that is too deep for it."""
LONG_ENOUGH = 160  # characters of code, comments and layout aside; shorter answers are alike by chance


def torch_where_numpy_is_asked(source: Source, answers: Answers) -> list[tuple[str, tuple[str, ...]]]:
    """The exercises that some students answered with PyTorch although the reference does not, and those students.

    Parameters
    ----------
    source : Source
        What the text notebook says.
    answers : mapping of str to sequence of (str, Answer)
        For every exercise the students and their answers.
    """
    names = _torch_names(source)
    solutions = source.solutions
    found = []
    for exercise, given in answers.items():
        if not uses_torch(solutions.get(exercise, ""), names):
            who = [student for student, one in given if one.outcome != "empty" and uses_torch(one.code, names)]
            found.append((exercise, tuple(who)))
    return [(exercise, who) for exercise, who in found if who]


def uses_torch(code: str, names: Iterable[str] = ()) -> bool:
    """Whether code uses PyTorch: by itself, or by ``names`` that the notebook imported from it."""
    known = {"torch", *names}
    if not any(name in code for name in known):
        return False
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except _UNREADABLE:
        return bool(re.search(r"^\s*(import|from)\s+torch\b|\btorch\.", code, re.M))
    return any(isinstance(node, ast.Name) and node.id in known for node in nodes) or any(map(_from_torch, nodes))


def same_code(source: Source, answers: Answers) -> list[tuple[tuple[str, ...], list[str]]]:
    """Students with the same long answer that is not the reference's, and the exercises in which they have it.

    Comments, docstrings and layout do not count; names do. One right answer in common is no question: there are not
    many ways to be right.
    """
    solutions = source.solutions
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    mistaken = set()
    for exercise, given in answers.items():
        reference = _canonical(attempts.right(solutions.get(exercise, "")))
        alike: dict[str, list[str]] = defaultdict(list)
        for student, one in given:
            code = _canonical(one.code)
            if len(code) >= LONG_ENOUGH and code != reference and one.outcome != "empty":
                alike[code].append(student)
                mistaken |= {(student, exercise)} if one.outcome != "right" else set()
        for students in alike.values():
            if len(students) > 1:
                groups[tuple(students)].append(exercise)
    telling = [
        (students, exercises)
        for students, exercises in groups.items()
        if len(exercises) > 1 or (students[0], exercises[0]) in mistaken
    ]
    return sorted(telling, key=lambda item: (-len(item[1]), item[0]))


def _torch_names(source: Source) -> set[str]:
    """Names that the notebook's own cells import from torch."""
    nodes = ast.walk(ast.parse(source.provided))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) and _from_torch(node)]
    return {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}


def _from_torch(node: ast.AST) -> bool:
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    return any(module.partition(".")[0] == "torch" for module in modules)


def _canonical(code: str) -> str:
    try:
        tree = ast.parse(code)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        return ast.unparse(tree)
    except _UNREADABLE:
        lines = [line.strip() for line in code.splitlines()]
        return "\n".join(line for line in lines if line and not line.startswith("#"))
