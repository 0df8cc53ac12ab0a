"""Mechanical mutants of every reference answer are rejected by hidden cases; none of them needs a name."""

from __future__ import annotations

import ast
import copy
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from shared import exercise_called, finding, graded_exercises, solution

from autograder.classroom import attempts
from autograder.judging import catalogue
from autograder.judging.slips import without_docstrings
from gradus.checking import Case
from gradus.checking.running import Outcome, run

# Mutants that compute the same: before, after, why.
SAME = {
    ("axis=1", "axis=-1"): "of two axes, the second is the last",
    ("dim=1", "dim=-1"): "of two axes, the second is the last",
    (
        "max(self.lr * self.factor, self.min_lr)",
        "max(self.min_lr, self.lr * self.factor)",
    ): "the larger of two numbers is the same in any order",
    ("np.maximum(a.value, 0)", "np.maximum(0, a.value)"): "the larger of two numbers is the same in any order",
    ("(nn.Linear, nn.Conv2d)", "(nn.Conv2d, nn.Linear)"): "isinstance does not look at their order",
    (
        "np.maximum(self.largest.get(name, 0.0), self.v[name])",
        "np.maximum(self.v[name], self.largest.get(name, 0.0))",
    ): "the larger of two numbers is the same in any order",
    (
        "np.logaddexp(0, np.where(target == 1, -score, score))",
        "np.logaddexp(np.where(target == 1, -score, score), 0)",
    ): ("the sum of two exponentials is symmetric"),
    (
        "scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)",
        "scores + np.logaddexp.reduce(scores, axis=1, keepdims=True)",
    ): "what is added to all classes of an example is divided out with the sum",
}

LONGEST = 2.0
"""Seconds that a mutant may take in one case."""

Change = tuple[str, str]
SWAPPED_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
SWAPPED_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
SWAPPED_NAMES = {
    "mean": "sum",
    "sum": "mean",
    "std": "var",
    "var": "std",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
}


def mutations(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    """What can be done to a node of a syntax tree, each to be applied to a copy of it."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SWAPPED_OPERATORS:
        yield lambda it: setattr(it, "op", SWAPPED_OPERATORS[type(it.op)]())  # type: ignore[attr-defined]
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED_COMPARISONS:
        yield lambda it: setattr(it, "ops", [SWAPPED_COMPARISONS[type(it.ops[0])]()])  # type: ignore[attr-defined]
    if isinstance(node, ast.Attribute) and node.attr in SWAPPED_NAMES:
        yield lambda it: setattr(it, "attr", SWAPPED_NAMES[it.attr])  # type: ignore[attr-defined]
    if isinstance(node, ast.keyword) and node.arg in ("axis", "dim"):
        for axis in {0, 1, -1} - {ast.literal_eval(node.value)}:
            yield lambda it, axis=axis: setattr(it, "value", ast.Constant(axis))  # type: ignore[misc]
    if isinstance(node, ast.keyword) and node.arg == "keepdims":
        yield lambda it: setattr(it, "value", ast.Constant(not it.value.value))  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant) and type(node.value) is int:
        for step in (1, -1):
            yield lambda it, step=step: setattr(it, "value", it.value + step)  # type: ignore[misc]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda it: setattr(it, "op", ast.UAdd())
    if isinstance(node, ast.Call) and len(node.args) >= 2 and _differ(*node.args[-2:]):
        yield lambda it: it.args.append(it.args.pop(-2))  # type: ignore[attr-defined]
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and _differ(*node.elts[-2:]):
        yield lambda it: it.elts.append(it.elts.pop(-2))  # type: ignore[attr-defined]


def _differ(*two: ast.expr) -> bool:
    """Whether it matters which of two expressions comes first: of two equal constants, or of one, it does not."""
    known = {repr(float(node.value)) if _is_number(node) else ast.dump(node) for node in two}
    return len(known) == 2


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def mutants(code: str) -> Iterator[tuple[Change, str]]:
    """What was changed into what, and the program that has it."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    # The numbers of an axis are mutated with their keyword.
    axes = {id(inner) for node in nodes if isinstance(node, ast.keyword) for inner in ast.walk(node.value)}
    for index, node in enumerate(nodes):
        if id(node) in axes and isinstance(node, ast.Constant | ast.UnaryOp):
            continue
        for mutate in mutations(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[index]
            mutate(target)
            ast.fix_missing_locations(changed)
            yield (ast.unparse(node), ast.unparse(target)), ast.unparse(changed)


@contextmanager
def _stopped() -> Iterator[None]:
    """End a loop that a mutation has made endless, with an error where it runs."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def survivors(name: str) -> list[Change]:
    """Mutants that the hidden cases accept."""
    exercise = exercise_called(name)
    cases = catalogue.hidden(name, np.random.default_rng(0))
    source, namespace = solution(name)
    expected = [run(exercise, namespace[name], case) for case in cases]

    def passes(answer: Any, case: Case, right: Outcome) -> bool:
        with _stopped():
            came = run(exercise, answer, case)
        return finding(exercise, case, right, came).passed

    def accepted(code: str) -> bool:
        room = dict(namespace)
        exec(compile(code, f"<mutant of {name}>", "exec"), room)
        return all(passes(room[name], case, right) for case, right in zip(cases, expected, strict=True))

    return [change for change, code in mutants(without_docstrings(attempts.right(source))) if accepted(code)]


@pytest.mark.parametrize("name", graded_exercises())
def test_mutants_of_the_reference_are_rejected(name: str) -> None:
    accepted = [change for change in survivors(name) if change not in SAME]
    assert accepted == [], "add a case that rejects them; one that computes the same goes into SAME, with the reason"


@pytest.mark.parametrize("name", graded_exercises())
def test_every_reference_has_mutants(name: str) -> None:
    assert list(mutants(attempts.right(solution(name)[0])))


def test_every_reason_is_still_needed() -> None:
    changes = {
        change
        for name in graded_exercises()
        for change, _ in mutants(without_docstrings(attempts.right(solution(name)[0])))
    }
    assert SAME.keys() <= changes


def test_mutants_change_one_thing_each() -> None:
    code = "def f(x):\n    return -x.mean(axis=1, keepdims=True) + g(x, 2)"
    found = {after for (_, after), _ in mutants(code)}
    assert {"axis=0", "axis=-1", "keepdims=False", "x.sum", "g(2, x)", "1", "3"} <= found
    assert len({program for _, program in mutants(code)}) == len(list(mutants(code)))


def test_equal_constants_are_not_swapped() -> None:
    code = "self.beta, self.average, self.t = beta, 0.0, 0"
    assert not any(after.startswith(("(beta", "(0")) for (_, after), _ in mutants(code))
    assert any(after == "(0.0, beta)" for (_, after), _ in mutants("a, b = beta, 0.0"))
