"""A text notebook of ``solutions/`` as one object, read once: what its cells are for, and the reference it holds.

Cells carry one of these marks: ``role="setup"`` or ``role="given"``, ``solution="<exercise>"``,
``check="<exercise>" points=<n>``, ``hint="<exercise>"``, ``broken="<exercise>"`` (the broken answer that students get
in place of a stub), ``answer="<question>" points=<n>`` and ``mark_scheme="<question>"``. Cells tagged ``figure`` or
``outcome`` are folded. Headings of level 2 and 3 end in an id that outlives every rewording: ``## Stable softmax
{#stable}``. Between the lines ``# ---`` at the top, ``gradus: {minutes: 90, builds_on: [01_backprop]}`` says what the
start page shows.
"""

from __future__ import annotations

import ast
import dis
import linecache
import math
import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
from nbformat import NotebookNode

from autograder.errors import CourseError, nearest

FOLDED = frozenset(("figure", "outcome"))
"""Tags of cells that are folded to their first line, so that what they show comes first."""
EXECUTED = ("setup", "given", "solution", "check")
"""Kinds of cells that play a part when a notebook is graded."""
GRADED = ("solution", "check", "answer", "mark_scheme")
"""Kinds of cells that nbgrader knows by name."""
_REFERENCE = EXECUTED[:3]
_NAMED = (*GRADED, "hint", "broken")
_TEXT = ("hint", "answer", "mark_scheme")
_WORTH = ("check", "answer")
_OF_JUPYTEXT = {"lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<title>.*?)(?:[ \t]*\{#(?P<id>[^}]*)\})?[ \t]*")
_ID = re.compile(r"[a-z][a-z0-9-]*")
_BOUNDS = {
    "solution": ("### BEGIN SOLUTION", "### END SOLUTION"),
    "mark_scheme": ("=== BEGIN MARK SCHEME ===", "=== END MARK SCHEME ==="),
}
_BOUNDS["answer"] = _BOUNDS["solution"]


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    kind : str
        ``"setup"``, ``"given"``, ``"solution"``, ``"check"``, ``"hint"``, ``"broken"``, ``"answer"`` or
        ``"mark_scheme"``; "" for all others.
    name : str
        The exercise or question it belongs to, "" if to none.
    cell_type : str
        ``"code"`` or ``"markdown"``.
    source : str
    points : float
        What a check or an answer is worth; 0 for all others.
    tags : tuple of str
    index : int
        Position in the notebook, from 0.
    line : int
        Line of the file that opens it, 0 where that is not known.
    """

    kind: str
    name: str
    cell_type: str
    source: str
    points: float
    tags: tuple[str, ...]
    index: int
    line: int = 0

    @property
    def label(self) -> str:
        """How an author finds the cell: its mark, its number and its line."""
        mark = f'{self.kind}="{self.name}"' if self.name else f'role="{self.kind}"' if self.kind else "no mark"
        return f"cell {self.index} ({mark}{f', line {self.line}' if self.line else ''})"


@dataclass(frozen=True)
class Heading:
    """A heading: its lasting id, its words and its level, 2 or 3."""

    id: str
    title: str
    level: int


@dataclass(frozen=True, eq=False)
class Source:
    """Everything that one text notebook says.

    Attributes
    ----------
    name : str
        Name of the assignment: ``"02_softmax_cross_entropy"``.
    cells : tuple of Cell
    minutes : int
        What its core takes.
    builds_on : tuple of str
        Names of the notebooks that it builds on.
    title : str
        The notebook's own heading, with its number; the topic in words where it has none.
    headings : dict of str to Heading
        By id, in order.
    """

    name: str
    cells: tuple[Cell, ...]
    minutes: int = 0
    builds_on: tuple[str, ...] = ()
    title: str = field(init=False)
    headings: dict[str, Heading] = field(init=False)

    def __post_init__(self) -> None:
        title, headings = self._outline()
        object.__setattr__(self, "title", title or self.topic.replace("_", " ").capitalize())
        object.__setattr__(self, "headings", headings)
        self._check_names()

    @staticmethod
    def read(path: Path) -> Source:
        """The text notebook at ``path``.

        The same text gives the same object, so that nothing is parsed, and no reference run, more than once.

        Raises
        ------
        CourseError
            If the notebook breaks a rule; the message names file and cell and says what to do.
        """
        try:
            return _parsed(path.stem, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CourseError(f"{path} cannot be read: {error}") from None

    @property
    def number(self) -> str:
        """Number of the notebook: ``"02"``."""
        return self.name.partition("_")[0]

    @property
    def topic(self) -> str:
        """Name of the notebook without its number."""
        return self.name.partition("_")[2]

    @cached_property
    def exercises(self) -> dict[str, float]:
        """Exercise -> its points, in the order in which they are checked."""
        return {cell.name: cell.points for cell in self.cells if cell.kind == "check"}

    @cached_property
    def solutions(self) -> dict[str, str]:
        """Exercise -> its solution cell, with the marks around the solution."""
        return self._by_name("solution")

    @cached_property
    def broken(self) -> dict[str, str]:
        """Exercise -> the broken answer that students get in place of a stub."""
        return self._by_name("broken")

    @cached_property
    def written(self) -> dict[str, str]:
        """Question -> its answer cell, with the marks around the model answer."""
        return self._by_name("answer")

    @cached_property
    def mark_schemes(self) -> dict[str, str]:
        """Question -> the cell that says how it is marked."""
        return self._by_name("mark_scheme")

    @cached_property
    def provided(self) -> str:
        """The code that every student's notebook starts with: setup and given cells."""
        return "\n".join(cell.source for cell in self.cells if cell.kind in ("setup", "given"))

    @cached_property
    def reference(self) -> ModuleType:
        """The reference: the setup, given and solution cells as a module. There is no second copy of an answer.

        Raises
        ------
        CourseError
            If a cell does not run.
        """
        module = ModuleType(f"reference_{self.topic}")
        for cell in self.cells:
            if cell.kind not in _REFERENCE:
                continue
            label = f"<{self.name}.py, {cell.label}>"
            linecache.cache[label] = (len(cell.source), None, cell.source.splitlines(keepends=True), label)
            try:
                exec(compile(cell.source, label, "exec"), vars(module))
            except Exception as error:
                raise self._wrong(cell, f"it does not run. {_last_words(error, label)}") from error
            if cell.kind == "solution" and cell.name not in vars(module):
                raise self._wrong(cell, f"it defines no {cell.name}. Give the function or class that name.")
        return module

    def answer(self, exercise: str) -> Any:
        """The reference's answer to an exercise: a function or a class.

        Raises
        ------
        CourseError
            If the notebook has no such exercise, or the reference does not run.
        """
        if exercise not in self.solutions:
            raise CourseError(
                f'{self.name}.py has no exercise {exercise!r}. Write its answer in a cell marked solution="{exercise}".'
            )
        return getattr(self.reference, exercise)

    def broken_answer(self, exercise: str) -> Any:
        """The broken answer from which an exercise starts: a function or a class.

        Raises
        ------
        CourseError
            If its cell does not run.
        """
        cell = next(cell for cell in self.cells if (cell.kind, cell.name) == ("broken", exercise))
        room = dict(vars(self.reference))
        try:
            exec(compile(cell.source, f"<{self.name}.py, {cell.label}>", "exec"), room)
        except Exception as error:
            raise self._wrong(cell, f"it does not run. {type(error).__name__}: {error}") from error
        return room[exercise]

    def heading_above(self, exercise: str) -> Heading | None:
        """The heading under which an exercise is written, None where there is none."""
        place = next(cell.index for cell in self.cells if (cell.kind, cell.name) == ("solution", exercise))
        ids = [match["id"] for _, _, match in _headings(self.cells[:place]) if match["id"] in self.headings]
        return self.headings[ids[-1]] if ids else None

    def _by_name(self, kind: str) -> dict[str, str]:
        return {cell.name: cell.source for cell in self.cells if cell.kind == kind}

    def _wrong(self, cell: Cell, problem: str) -> CourseError:
        return CourseError(f"{self.name}.py, {cell.label}: {problem}")

    def _outline(self) -> tuple[str, dict[str, Heading]]:
        title, found = "", dict[str, Heading]()
        for cell, line, match in _headings(self.cells):
            level, name = len(match["level"]), match["id"] or ""
            if level == 1:
                title = title or match["title"]
                number = re.match(r"\d\d(?= ·)", title)
                if number and number[0] != self.number:
                    raise self._wrong(cell, f"the title says {number[0]}, the file {self.number}. Correct one of them.")
            elif level <= 3 and not name:
                raise self._wrong(
                    cell, f"the heading {line!r} has no id. Add one that never changes, such as {{#why}}."
                )
            elif name and not _ID.fullmatch(name):
                raise self._wrong(cell, f"the id {name!r} of a heading may hold lower-case letters, digits and - only.")
            elif name in found:
                raise self._wrong(cell, f"a second heading has the id {name!r}. Give this one an id of its own.")
            elif name:
                found[name] = Heading(name, match["title"], level)
        return title, found

    def _check_names(self) -> None:
        seen: dict[tuple[str, str], Cell] = {}
        for cell in self.cells:
            if (
                cell.name
                and cell.kind != "hint"
                and (first := seen.setdefault((cell.kind, cell.name), cell)) is not cell
            ):
                raise self._wrong(cell, f"{first.label} has the same mark already. Each name stands once.")
        needed = {
            "solution": ("check", "Add the cell that checks it, with its points."),
            "check": ("solution", "Add the cell that holds the answer."),
            "broken": ("solution", "Add the cell that holds the repaired answer."),
            "hint": ("check", "There is no such exercise: correct the name."),
            "mark_scheme": ("answer", "There is no such question: correct the name, or add the answer cell."),
            "answer": ("mark_scheme", "Add the cell that says how it is marked."),
        }
        hints = {("hint", cell.name): cell for cell in self.cells if cell.kind == "hint"}
        for (kind, name), cell in (seen | hints).items():
            partner, advice = needed[kind]
            if (partner, name) not in seen:
                near = nearest(name, [other for mark, other in seen if mark == partner])
                raise self._wrong(cell, f'no cell is marked {partner}="{name}".{near} {advice}')
        for cell in self.cells:
            if cell.kind == "check" and not _calls_check(cell):
                raise self._wrong(cell, f"it does not call check({cell.name}). Write that line.")


def without_ids(text: str) -> str:
    """Text of a cell as students get it: headings without their ids."""
    lines = []
    for line, heading in _lines(text):
        match = _HEADING.fullmatch(line) if heading else None
        lines.append(f"{match['level']} {match['title']}" if match and match["id"] else line)
    return "\n".join(lines)


def regions(cell: Cell) -> list[str]:
    """What stands between the marks of a solution, an answer or a mark scheme: students must not receive it."""
    begin, end = _BOUNDS[cell.kind]
    return re.findall(re.escape(begin) + r"(.*?)" + re.escape(end), cell.source, re.S)


def defined(code: str) -> set[str]:
    """The names that a cell defines for the cells after it; none where it is no Python."""
    try:
        instructions = dis.get_instructions(compile(code, "<cell>", "exec"))
    except SyntaxError:
        return set()
    return {one.argval for one in instructions if one.opname == "STORE_NAME"}


# One text gives one object: a course that is opened anew for every submission parses nothing twice.
@lru_cache(maxsize=64)
def _parsed(name: str, text: str) -> Source:
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # jupytext lets through whatever its parsers stumble over
        reason = str(error).partition("\n")[0]
        raise CourseError(
            f"{name}.py is no text notebook: {reason}. Correct the marks on the lines that start with # %%."
        ) from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"# ?%%(?!%)", line)]
    if len(lines) != len(notebook.cells):  # text before the first mark, or a mark inside a string
        lines = [0] * len(notebook.cells)
    cells = (_cell(name, *found) for found in zip(notebook.cells, range(len(lines)), lines, strict=True))
    return Source(name, tuple(cells), *_for_the_start_page(name, notebook.metadata.get("gradus", {})))


def _for_the_start_page(file: str, said: Any) -> tuple[int, tuple[str, ...]]:
    known = {"minutes": 0, "builds_on": []} | (said if isinstance(said, dict) else {"": said})
    minutes, builds_on = known["minutes"], known["builds_on"]
    fits = isinstance(minutes, int) and isinstance(builds_on, list) and all(isinstance(one, str) for one in builds_on)
    if not fits or len(known) > 2:
        raise CourseError(
            f"{file}.py: the line gradus: between the two lines # --- cannot be read. Write it as in "
            "gradus: {minutes: 90, builds_on: [01_backprop]}"
        )
    return minutes, tuple(builds_on)


def _cell(file: str, raw: NotebookNode, index: int, line: int) -> Cell:
    """One cell of jupytext's, with its marks checked."""
    where = f"{file}.py, cell {index}{f' (line {line})' if line else ''}"
    metadata = {key: value for key, value in raw.metadata.items() if key not in _OF_JUPYTEXT}
    if "incorrectly_encoded_metadata" in metadata:
        raise CourseError(
            f"{where}: the mark {metadata['incorrectly_encoded_metadata']!r} cannot be read. Write names in quotes "
            'and points as a number, for instance check="softmax" points=5.'
        )
    tags = tuple(metadata.pop("tags", ()))
    points = metadata.pop("points", None)
    if len(metadata) > 1:
        raise CourseError(f"{where}: a cell has one mark, this one has {', '.join(metadata)}. Keep the one it is for.")
    mark, value = next(iter(metadata.items()), ("", ""))
    if mark and mark not in ("role", *_NAMED):
        raise CourseError(f"{where}: unknown mark {mark!r}. Marks are role, {', '.join(_NAMED)}, points and tags.")
    if mark == "role" and value not in ("setup", "given"):
        raise CourseError(f'{where}: unknown role {value!r}. Write role="setup" or role="given".')
    if mark in _NAMED and not (isinstance(value, str) and _NAME.fullmatch(value)):
        raise CourseError(f"{where}: {mark}={value!r} is no name. Write letters, digits, - and _, in quotes.")
    kind, name = (value, "") if mark == "role" else (mark, value)
    cell = Cell(kind, name, raw.cell_type, raw.source, 0.0, tags, index, line)
    for problem in _problems(cell, points):
        raise CourseError(f"{file}.py, {cell.label}: {problem}")
    return Cell(kind, name, raw.cell_type, raw.source, float(points or 0), tags, index, line)


def _problems(cell: Cell, points: Any) -> Iterator[str]:
    number = isinstance(points, int | float) and not isinstance(points, bool) and math.isfinite(points)
    if cell.kind in _WORTH and points is None:
        yield "say how much it is worth, for instance points=4."
    elif cell.kind in _WORTH and not (number and points > 0):
        yield f"points={points!r} is not a number above 0. Write it without quotes, for instance points=4."
    elif cell.kind not in _WORTH and points is not None:
        yield "only cells marked check or answer have points. Take them away."
    if FOLDED.intersection(cell.tags) and not cell.source.startswith("# "):
        yield "it is folded to its first line: begin with a comment that says what it shows."
    if cell.cell_type == "raw":
        yield "raw cells have no place here. Write [markdown], or correct the header between the two lines # ---."
    wanted = "markdown" if cell.kind in _TEXT else "code"
    if cell.kind and cell.cell_type != wanted:
        yield f"it has to be a {wanted} cell and is a {cell.cell_type} cell."
    for begin, end in (_BOUNDS["solution"], _BOUNDS["mark_scheme"]):
        found = re.findall(f"{re.escape(begin)}|{re.escape(end)}", cell.source)
        own = _BOUNDS.get(cell.kind, ()) == (begin, end)
        if found and not own:
            yield f"{found[0]!r} has no meaning here. Mark the cell, or take the line away: students would read it."
        elif found != [begin, end] * (len(found) // 2):
            yield f"{begin!r} and {end!r} have to follow each other in pairs."
        elif own and cell.kind == "solution" and _stub_fails(cell):
            yield "put the marks inside each method: the stub of a whole class body raises when students run the cell."
        elif own and not found:
            yield f"say what students must not receive: put {begin!r} before it and {end!r} after it."


def _stub_fails(cell: Cell) -> bool:
    """Whether the stub that students get would raise when its cell is run, before anybody has called anything."""
    stub = re.sub(
        r"^( *)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*",
        r"\1raise NotImplementedError",
        cell.source,
        flags=re.M | re.S,
    )
    try:
        body: list[ast.stmt] = list(ast.parse(stub).body)
    except SyntaxError:
        return False  # what is wrong with the solution is said where the reference is run
    classes = [statement for statement in body if isinstance(statement, ast.ClassDef)]
    return any(isinstance(inner, ast.Raise) for one in classes for inner in one.body)


def _calls_check(cell: Cell) -> bool:
    """Whether a cell checks what it says: ``check(softmax)``, or ``check(mine, "softmax")``."""
    try:
        nodes = list(ast.walk(ast.parse(cell.source)))
    except SyntaxError:
        return False
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "check"]
    return any(
        cell.name in (getattr(each, "id", ""), getattr(each, "value", "")) for call in calls for each in call.args
    )


def _headings(cells: Iterable[Cell]) -> Iterator[tuple[Cell, str, re.Match[str]]]:
    """Lines that are headings for students to read: their cell, the line, and what it says."""
    for cell in cells:
        inside = cell.cell_type != "markdown" or cell.kind == "mark_scheme"
        for line, heading in _lines(cell.source):
            if cell.kind == "answer" and line.startswith(_BOUNDS["answer"]):
                inside = line.startswith(_BOUNDS["answer"][0])
            elif heading and not inside and (match := _HEADING.fullmatch(line)):
                yield cell, line, match


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Lines of a text, and whether each can be a heading: within a block of code, none can."""
    fence = ""
    for line in text.split("\n"):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        yield line, not fence and not mark


def _last_words(error: Exception, label: str) -> str:
    """Where in a cell an error came up, and the error itself."""
    if isinstance(error, SyntaxError):
        number, line = error.lineno or 0, error.text or ""
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == label]
        number, line = (frames[-1].lineno or 0, frames[-1].line or "") if frames else (0, "")
    return f"{type(error).__name__} in its line {number}, {line.strip()!r}: {error}"
