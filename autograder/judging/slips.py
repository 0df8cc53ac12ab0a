"""Slips: what learners get wrong, each an edit of a right answer, with a title and the sentence for whoever wrote it.

    slip = slips("softmax", see="stable")
    slip("one_maximum", title="one maximum for the batch", says="...",
         replace=("scores.max(axis=-1, keepdims=True)", "scores.max()"))

What is edited is the solution cell of the notebook, between the marks of its solution, or a second way to write the
answer (``way``). Where an edit would be unnatural, ``code`` is the whole answer.
"""

from __future__ import annotations

import ast
import difflib
import linecache
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.course import CourseError
from autograder.errors import nearest
from gradus.checking.estimators import fill, placeholders, values_of
from gradus.checking.exercises import all_exercises

ALL = "all"
"""In place of the number of an occurrence: replace every one."""

REGION = re.compile(r"^[^\n]*### BEGIN SOLUTION[^\n]*\n(.*?)^[^\n]*### END SOLUTION[^\n]*\n?", re.M | re.S)

Replacement = tuple[str, str] | tuple[str, str, int | str]
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Edit:
    """One replacement. Without ``occurrence`` (from 1 on, or ``ALL``) the old text must occur exactly once."""

    old: str
    new: str
    occurrence: int | str | None = None


@dataclass(frozen=True)
class Way:
    """A second way to write an answer, right at least on ordinary cases: a base for edits."""

    exercise: str
    name: str
    code: str


@dataclass(frozen=True)
class Slip:
    """One idea that is wrong.

    Attributes
    ----------
    exercise, id : str
        Together they never change, whatever becomes of the words.
    title : str
        What it is called, in words.
    says : str
        What to tell somebody who has it. Both texts may hold placeholders, ``{floor:.0e}``, of the parameter and of
        what the estimator finds.
    see : str
        Id of the heading that explains it, ``"02:stable"`` for one of another notebook.
    edits : tuple of Edit
    base : str
        The way that is edited; "" for the solution of the notebook.
    code : str
        The whole answer, where there is nothing to edit.
    parameter : str
        Name of the constant in which the members of a family differ; ``{name}`` stands for it in new text.
    values : tuple
        Some of its values: members of the family to test with and to plant; without ``estimate`` all that are known.
    estimate : mapping or None
        How to find the constant in an answer: plain data for ``gradus.checking.estimators.estimate``.
    """

    exercise: str
    id: str
    title: str
    says: str
    see: str
    edits: tuple[Edit, ...] = ()
    base: str = ""
    code: str = ""
    parameter: str = ""
    values: tuple[Any, ...] = ()
    estimate: Mapping[str, Any] | None = field(default=None, hash=False)

    def words(self, found: Mapping[str, float] | None = None) -> tuple[str, str]:
        """Title and sentence, with what an estimator found in the places of the placeholders."""
        return fill(self.title, found or {}), fill(self.says, found or {})

    def cell(self, solution: str, value: Any = None) -> str:
        """What somebody who has the slip hands in.

        Parameters
        ----------
        solution : str
            The solution cell of the text notebook, with the marks around its solution.
        value : optional
            Value of the parameter; by default the first of ``values``.

        Raises
        ------
        CourseError
            If an edit does not fit what it edits, or what comes out is no program.
        """
        if value is not None and not self.parameter:
            raise CourseError(f"{self._where} has no parameter; got the value {value!r}.")
        if self.parameter and value is None:
            value = self.values[0]
        if self.code or self.base:
            text = self._filled(self.code, value) if self.code else self._edited(self._way().code, value)
        else:
            text = self._edited_regions(solution, value)
        try:
            return without_docstrings(text).strip("\n") + "\n"
        except SyntaxError as error:
            wrong = text.splitlines()[(error.lineno or 1) - 1 : error.lineno or 1]
            raise CourseError(f"{self._where} makes no program: {error.msg}, in {''.join(wrong).strip()!r}.") from None

    def answer(self, solution: str, namespace: Mapping[str, Any], value: Any = None) -> Any:
        """The wrong answer as an object.

        Parameters
        ----------
        solution : str
            As for ``cell``.
        namespace : mapping
            What the notebook has defined by then: imports, given cells, other answers. It stays as it is.
        value : optional
            As for ``cell``.
        """
        code = self.cell(solution, value)
        label = f"<{self._where}{'' if value is None else f', {self.parameter} = {value}'}>"
        linecache.cache[label] = (len(code), None, code.splitlines(keepends=True), label)
        room = {name: object_ for name, object_ in namespace.items() if name != self.exercise}
        try:
            exec(compile(code, label, "exec"), room)
        except Exception as error:
            raise CourseError(f"{self._where} does not run: {type(error).__name__}: {error}. Correct it.") from error
        if self.exercise not in room:
            raise CourseError(f"{self._where} defines no {self.exercise}. Give the function or class that name.")
        return room[self.exercise]

    @property
    def _where(self) -> str:
        return f"slip {self.id!r} of {self.exercise}"

    def _way(self) -> Way:
        known = _ways.get(self.exercise, {})
        if self.base not in known:
            raise CourseError(
                f"{self._where}: there is no way {self.base!r} to edit. "
                f"The ways of {self.exercise} are: {', '.join(known) or 'none, write one with way(...)'}."
            )
        return known[self.base]

    def _filled(self, text: str, value: Any) -> str:
        return text.replace("{" + self.parameter + "}", repr(value)) if self.parameter else text

    def _edited_regions(self, solution: str, value: Any) -> str:
        """The solution without its marks, edited between them: their contents count as one text."""
        source = solution + "\n"
        regions = [region[1] for region in REGION.finditer(source)]
        if not regions:
            raise CourseError(f"{self._where}: the solution cell has no ### BEGIN SOLUTION and ### END SOLUTION.")
        border = "\0"
        edited = iter(self._edited(border.join(regions), value).split(border))
        return REGION.sub(lambda _: next(edited), source)

    def _edited(self, text: str, value: Any) -> str:
        for edit in self.edits:
            text = self._apply(edit, text, self._filled(edit.new, value))
        return text

    def _apply(self, edit: Edit, text: str, new: str) -> str:
        starts = [match.start() for match in re.finditer(re.escape(edit.old), text)]
        if not starts:
            raise CourseError(f"{self._where}: {edit.old!r} does not occur.{_nearest(edit.old, text)}")
        if edit.occurrence is None and len(starts) > 1:
            raise CourseError(
                f"{self._where}: {edit.old!r} occurs {len(starts)} times. Say which is meant, (old, new, 2) or "
                f"(old, new, ALL), or make it longer.{_nearest(edit.old, text)}"
            )
        if edit.occurrence == ALL:
            return text.replace(edit.old, new)
        number = 1 if edit.occurrence is None else edit.occurrence
        if not isinstance(number, int) or not 1 <= number <= len(starts):
            raise CourseError(f"{self._where}: {edit.old!r} occurs {len(starts)} times; there is no number {number}.")
        start = starts[number - 1]
        return text[:start] + new + text[start + len(edit.old) :]


_slips: dict[str, dict[str, Slip]] = {}
_ways: dict[str, dict[str, Way]] = {}
_resolutions: dict[str, Slip] = {}


def slips(exercise: str, *, see: str) -> Callable[..., Slip]:
    """What registers the slips of an exercise.

    Parameters
    ----------
    exercise : str
    see : str
        Id of the heading that explains them, where a slip names no other.

    Returns
    -------
    callable
        ``slip(id, title, says, replace, base=..., code=..., see=..., parameter=..., values=...,
        estimate=...)``; ``replace`` is one replacement, ``(old, new)`` or ``(old, new, which)``, or a list of them.
    """
    refuse_unknown(exercise)

    def slip(
        id: str,
        title: str,
        says: str,
        replace: Replacement | Iterable[Replacement] = (),
        *,
        base: str = "",
        code: str = "",
        see: str = see,
        parameter: str = "",
        values: Iterable[Any] = (),
        estimate: Mapping[str, Any] | None = None,
    ) -> Slip:
        pairs = [replace] if isinstance(replace, tuple) and replace and isinstance(replace[0], str) else replace
        edits = tuple(Edit(*pair) for pair in pairs)  # type: ignore[misc]
        code = textwrap.dedent(code).strip("\n") + "\n" if code else ""
        made = Slip(exercise, id, title, says, see, edits, base, code, parameter, tuple(values), estimate)
        _refuse_nonsense(made)
        if id in _slips.setdefault(exercise, {}):
            raise CourseError(f"{made._where} is there twice: give one of them another id.")
        _slips[exercise][id] = made
        return made

    return slip


def way(exercise: str, name: str, *, code: str) -> Way:
    """Register a second way to write the answer to an exercise."""
    refuse_unknown(exercise)
    if name in _ways.setdefault(exercise, {}):
        raise CourseError(f"The way {name!r} of {exercise} is there twice: give one of them another name.")
    _ways[exercise][name] = Way(exercise, name, textwrap.dedent(code).strip("\n") + "\n")
    return _ways[exercise][name]


def resolution(exercise: str, *, says: str, replace: Replacement | Iterable[Replacement]) -> Slip:
    """Declare the smallest error that the checks of a random exercise promise to see, as an edit that makes it.

    Parameters
    ----------
    exercise : str
    says : str
        The promise: ``"a share kept that is off by 0.05"``.
    replace
        As for a slip.
    """
    refuse_unknown(exercise)
    pairs = [replace] if isinstance(replace, tuple) and replace and isinstance(replace[0], str) else replace
    edits = tuple(Edit(*pair) for pair in pairs)  # type: ignore[misc]
    _resolutions[exercise] = Slip(exercise, "resolution", "the smallest error that is seen", says, "", edits)
    return _resolutions[exercise]


def resolution_of(exercise: str) -> Slip | None:
    """The resolution that a random exercise declares."""
    return _resolutions.get(exercise)


def slips_of(exercise: str) -> tuple[Slip, ...]:
    """The slips registered for an exercise, in their order."""
    return tuple(_slips.get(exercise, {}).values())


def ways_of(exercise: str) -> tuple[Way, ...]:
    """The ways registered for an exercise, in their order."""
    return tuple(_ways.get(exercise, {}).values())


def refuse_unknown(exercise: str) -> None:
    """Say at once that what is being registered would never be found.

    Raises
    ------
    CourseError
        If there is no exercise of that name.
    """
    known = all_exercises()
    if exercise not in known:
        near = nearest(exercise, known)
        raise CourseError(f"there is no exercise {exercise!r}.{near} Correct the name, or write its drive first.")


def without_docstrings(code: str) -> str:
    """The program without the docstrings of its functions and classes, which no student writes.

    Raises
    ------
    SyntaxError
        If it is no program.
    """
    lines = code.splitlines(keepends=True)
    definitions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, _Definition)]
    found = [node.body[0] for node in definitions if ast.get_docstring(node) and node.body[0].lineno > node.lineno]
    for statement in sorted(found, key=lambda statement: statement.lineno, reverse=True):
        indent = " " * statement.col_offset
        alone = any(len(node.body) == 1 and node.body[0] is statement for node in definitions)
        lines[statement.lineno - 1 : statement.end_lineno] = [f"{indent}pass\n"] if alone else []
    return "".join(lines)


def _refuse_nonsense(slip: Slip) -> None:
    """Say at once what could otherwise only be seen when the slip is used."""
    if slip.code and (slip.edits or slip.base):
        raise CourseError(f"{slip._where} has code and something to edit: the code is the whole answer already.")
    if not (slip.code or slip.edits or slip.base):
        raise CourseError(f"{slip._where} changes nothing: say what to replace, or give the code.")
    if not (slip.title.strip() and slip.says.strip()):
        raise CourseError(f"{slip._where} has no {'says' if slip.title.strip() else 'title'}: students would read it.")
    if bool(slip.parameter) != bool(slip.values):
        raise CourseError(f"{slip._where} needs both a parameter and some values of it, or neither.")
    known = {slip.parameter, *values_of(slip.estimate or {})} - {""}
    unknown = (placeholders(slip.title) | placeholders(slip.says)) - known
    if unknown:
        raise CourseError(
            f"{slip._where} speaks of {', '.join(sorted(unknown))}, which nothing finds. "
            f"Found are: {', '.join(sorted(known)) or 'no values, since there is no estimate'}."
        )


def _nearest(old: str, text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = old.strip().partition("\n")[0]
    inside = [line for line in lines if first in line]
    near = inside[:2] or difflib.get_close_matches(first, lines, n=1, cutoff=0.0)
    return f" The nearest text is {' and '.join(map(repr, near))}." if near else ""
