"""Taking submissions in: each is looked at, put right where other tools left it odd, and brought into the course."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import nbformat
from nbformat import NotebookNode
from nbformat.v4.convert import upgrade_cell
from nbformat.validator import get_validator

from autograder.course import Assignment, Course, CourseError
from autograder.grading import gate
from autograder.judging.edition import released

TIMESTAMP = "timestamp.txt"
"""nbgrader's own note beside a submission; no part of it."""
_LONGEST_TIMESTAMP = 100
_MOST_VALUES, _DEEPEST = 500_000, 64
_MOST_CELLS, _MOST_OUTPUTS = 5_000, 10_000  # each is looked at, alone where something is wrong with some
_FORMATS = (3, 4)


class Outcome(Protocol):
    """What says how a submission fared."""

    problem: str


@dataclass
class Intake:
    """What taking one student's submission in came to.

    Attributes
    ----------
    student : str
    remarks : list of str
        Things the instructor should know; the submission can be graded.
    problem : str
        Why it cannot be graded, "" if it can.
    """

    student: str
    remarks: list[str] = field(default_factory=list)
    problem: str = ""


@contextmanager
def alone(outcome: Outcome) -> Iterator[None]:
    """Around everything that is done for one submission: whatever goes wrong stops this one only, and is said."""
    try:
        yield
    except Exception as error:
        outcome.problem = gate.reason(error)


def submitted(course: Course, assignment: Assignment, submissions: Path | None = None) -> tuple[Path, list[str]]:
    """The folder that holds the submissions of an assignment, the course's own by default, and whose they are.

    Raises
    ------
    CourseError
        If there are none.
    """
    folder = submissions.resolve() if submissions else own_folder(course)
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}. {_layout(folder, assignment)}")
    present = gate.present(folder, assignment.name)
    if not present:
        raise CourseError(f"{folder} holds no submission of {assignment.name}. {_layout(folder, assignment)}")
    return folder, present


def own_folder(course: Course) -> Path:
    """The course's folder of submissions, in which nothing lies that has not passed the gate."""
    return course.work / "submitted"


def collect(
    course: Course, assignment: Assignment, submissions: Path | None, students: tuple[str, ...] = ()
) -> list[Intake]:
    """Bring submissions into the course and look whether each can be graded.

    A submission that replaces an earlier one of the same student puts that aside, into ``course/replaced``.
    """
    folder, present = submitted(course, assignment, submissions)
    results = []
    for student in sorted(students) or present:
        result = Intake(student)
        results.append(result)
        with alone(result):
            gate.check_student(student)
            if student not in present:
                raise CourseError(f"no submission of {assignment.name} in {folder}")
            take(course, assignment, student, folder, result.remarks)
    return results


def take(course: Course, assignment: Assignment, student: str, folder: Path, remarks: list[str]) -> None:
    """Bring a student's submission from a folder of submissions into the course's own: what passed the gate, no more.

    Parameters
    ----------
    course, assignment
    student : str
    folder : Path
        May be the course's own: what was laid there by others passes the same gate.
    remarks : list of str
        Takes what the instructor should know.

    Raises
    ------
    CourseError
        If it cannot be graded; the message says why. What lies in the course stays as it is.
    """
    gate.check_student(student)
    notebook, files = _read(folder, student, assignment, remarks)
    fields = [cell.metadata.get("nbgrader", {}) for cell in released(course, assignment).cells]
    if not {field["grade_id"] for field in fields if field} & _grade_ids(notebook):
        raise CourseError(f"it is not a notebook of {assignment.name}: none of its exercises is in it")
    stamp = _timestamp(folder, student, assignment, folder.resolve() == own_folder(course).resolve(), remarks)
    content = {**files, f"{assignment.name}.ipynb": (nbformat.writes(notebook) + "\n").encode()}
    _put(course, student, assignment, content | ({TIMESTAMP: stamp} if stamp else {}))


def taken(course: Course, assignment: Assignment, student: str) -> tuple[NotebookNode, dict[str, bytes]]:
    """The notebook of a submission in the course, and by relative path what was handed in beside it.

    Raises
    ------
    CourseError
        If it cannot be graded; the message says why.
    """
    gate.check_student(student)
    return _read(own_folder(course), student, assignment, [])


def timestamp(folder: Path, student: str, assignment: str) -> str:
    """What nbgrader noted as the time of a submission, "" if nothing that could be a time.

    Raises
    ------
    CourseError
        If it cannot be read.
    """
    content = gate.read(folder, student, assignment, TIMESTAMP, most=_LONGEST_TIMESTAMP).decode("ascii", "replace")
    day, clock = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d(?:\.\d{1,6})?"
    # A time zone is looked up as a file: none outside the folder where they lie.
    shaped = re.fullmatch(rf"({day} {clock})( [A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*)?", content.strip())
    try:
        datetime.fromisoformat(shaped[1] if shaped else "")
    except ValueError:
        return ""
    return content.strip()


def parse(content: bytes, name: str, remarks: list[str]) -> NotebookNode:
    """The notebook in the content of a file, put right where other tools left it odd.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the file, to speak of it.
    remarks : list of str
        Takes what the instructor should know.

    Raises
    ------
    CourseError
        If there is none; the message says why.
    """
    name = gate.plain(name, 80)
    if sum(content.count(sign) for sign in (b",", b"[", b"{")) > _MOST_VALUES:
        raise CourseError(f"{name} holds more values than any notebook (at most {_MOST_VALUES:,}): clear its outputs")
    try:
        tree = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CourseError(f"{name} is not UTF-8 text: open it in JupyterLab and save it again") from None
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{name} is not a notebook: {gate.plain(error, 120)}") from None
    if _deeper_than(tree, _DEEPEST):
        raise CourseError(f"{name} is a damaged notebook: values lie more than {_DEEPEST} deep in each other")
    if not isinstance(tree, dict) or "nbformat" not in tree:
        raise CourseError(f"{name} is not a notebook: it does not say which notebook format it has")
    if type(tree["nbformat"]) is not int or tree["nbformat"] not in _FORMATS:
        raise CourseError(
            f"{name} has the notebook format {gate.plain(json.dumps(tree['nbformat']), 20)}; 3 and 4 can be read. "
            "Open it in JupyterLab and save it again"
        )
    sheets = [tree, *_list(tree, "worksheets")]
    cells = [cell for sheet in sheets for cell in _list(sheet, "cells")]
    if len(cells) > _MOST_CELLS:
        raise CourseError(f"{name} holds more cells than any notebook (at most {_MOST_CELLS:,}): take some away")
    if sum(len(_list(cell, "outputs")) for cell in cells) > _MOST_OUTPUTS:
        raise CourseError(f"{name} holds more outputs than any notebook (at most {_MOST_OUTPUTS:,}): clear them")
    try:
        text = json.dumps(tree, ensure_ascii=False)
        whole = text.encode("utf-8", "replace")
        if whole.decode() != text:
            tree = json.loads(whole)
            remarks.append("half characters, which no file can hold, were replaced by question marks")
        return _repaired(nbformat.from_dict(tree))
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise CourseError(f"{name} is a damaged notebook: {type(error).__name__}: {gate.plain(error, 200)}") from None


def _read(
    folder: Path, student: str, assignment: Assignment, remarks: list[str]
) -> tuple[NotebookNode, dict[str, bytes]]:
    """A submission that can be graded: its notebook, and what lies beside it but notebooks and what is hidden."""
    place = (student, assignment.name)
    sizes = gate.look(folder, *place)
    beside = [name for name in sizes if not name.endswith(".ipynb") and name != TIMESTAMP]
    if len(beside) > gate.MOST_FILES or sum(sizes[name] for name in beside) > gate.LARGEST:
        raise CourseError(gate.TOO_MUCH)
    name = _notebook_among([name for name in sizes if name.endswith(".ipynb") and "/" not in name], assignment, remarks)
    notebook = parse(gate.read(folder, *place, name, most=gate.LARGEST), name, remarks)
    return notebook, {name: gate.read(folder, *place, *name.split("/"), most=sizes[name]) for name in beside}


def _notebook_among(found: list[str], assignment: Assignment, remarks: list[str]) -> str:
    expected = f"{assignment.name}.ipynb"
    shown = [gate.plain(name, 80) for name in found]
    if not found:
        raise CourseError("its folder holds no notebook")
    if expected not in found and len(found) > 1:
        raise CourseError(f"{len(found)} notebooks and none is called {expected}: {gate.plain(', '.join(shown))}")
    if expected not in found:
        remarks.append(f"the notebook is called {shown[0]}; it was graded all the same")
        return found[0]
    others = [name for name in shown if name != expected]
    if len(others) == 1:
        remarks.append(f"a second notebook, {others[0]}, was left aside")
    elif others:
        remarks.append(f"{len(others)} other notebooks were left aside: {gate.plain(', '.join(others))}")
    return expected


def _grade_ids(notebook: NotebookNode) -> set[str]:
    found = set()
    for number, cell in enumerate(notebook.cells, 1):
        fields = cell.metadata.get("nbgrader")
        grade_id = fields.get("grade_id", "") if isinstance(fields, dict) else ""
        if not isinstance(grade_id, str):
            raise CourseError(f"it is a damaged notebook: the grade_id of its cell {number} is no text")
        found.add(grade_id)
    return found


def _timestamp(folder: Path, student: str, assignment: Assignment, nbgraders: bool, remarks: list[str]) -> bytes:
    """nbgrader's note of the time. One that was handed in could say anything and counts for nothing."""
    if TIMESTAMP not in gate.look(folder, student, assignment.name):
        return b""
    try:
        said = timestamp(folder, student, assignment.name)
    except CourseError:
        said = ""
    if said and nbgraders:
        return said.encode()
    says = f"says {said}" if said else "holds no time"
    remarks.append(f"a {TIMESTAMP} that {says} was left aside: only nbgrader's own, in course/submitted, counts")
    return b""


def _list(tree: Any, key: str) -> list[Any]:
    found = tree.get(key) if isinstance(tree, dict) else None
    return found if isinstance(found, list) else []


def _deeper_than(tree: Any, most: int) -> bool:
    level = [tree]
    for _ in range(most):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def _repaired(notebook: NotebookNode) -> NotebookNode:
    """A valid notebook with the same cells: what other tools leave behind (no ids, the same id twice) is put right."""
    fresh = _notebook(notebook.metadata)
    seen: set[str] = set()
    for index, cell in enumerate(_cells(notebook)):
        source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
        kind = cell.cell_type if cell.cell_type in ("code", "raw") else "markdown"
        name = cell.get("id")
        if not isinstance(name, str) or name in seen or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            name = f"submitted-{index}"
            while name in seen:
                name += "-"
        seen.add(name)
        copied = NotebookNode(cell_type=kind, id=name, metadata=cell.metadata, source=source)
        if kind == "code":
            copied |= {"outputs": cell.get("outputs", []), "execution_count": cell.get("execution_count")}
        if "attachments" in cell:
            copied.attachments = cell.attachments
        fresh.cells.append(copied)
    try:
        _validate(fresh)
    except nbformat.ValidationError:
        for cell in fresh.cells:
            cell.pop("attachments", None)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = list(filter(_is_output, _list(cell, "outputs"))), None
        _validate(fresh)
    return fresh


def _cells(notebook: NotebookNode) -> list[NotebookNode]:
    if notebook.nbformat == 4:
        return list(notebook.cells)
    return [upgrade_cell(cell) for sheet in notebook.worksheets for cell in sheet.cells]


def _is_output(value: Any) -> bool:
    fields: dict[str, Any] = {"id": "x", "metadata": {}, "source": "", "execution_count": None}
    try:
        _validate(_notebook({}, {"cell_type": "code", "outputs": [value], **fields}))
    except nbformat.ValidationError:
        return False
    return True


def _notebook(metadata: Mapping[str, Any], *cells: Mapping[str, Any]) -> NotebookNode:
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata, cells=list(cells))


def _validate(notebook: NotebookNode) -> None:
    """As nbformat does it, but for the list of everything that is wrong, which may take hours."""
    get_validator(4, 5, name="fastjsonschema").validate(notebook)


def _put(course: Course, student: str, assignment: Assignment, content: dict[str, bytes]) -> None:
    """Make a submission in the course hold this and nothing else; what was another is put aside."""
    place = own_folder(course)
    if _holds(place, student, assignment, content):
        return
    target = place / student / assignment.name
    if target.parent.is_symlink():
        raise CourseError(f"course/submitted/{student} is a link, and links are not followed: take it away")
    fresh = target.with_name(f".{assignment.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, part in content.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part)
    if target.is_symlink() or target.exists():
        aside = course.work / "replaced" / f"{datetime.now():%Y-%m-%dT%H-%M-%S.%f}" / student
        aside.mkdir(parents=True)
        target.rename(aside / assignment.name)
    fresh.rename(target)


def _holds(folder: Path, student: str, assignment: Assignment, content: dict[str, bytes]) -> bool:
    place = (student, assignment.name)
    try:
        sizes = gate.look(folder, *place, hidden=True)
        return sizes == {name: len(part) for name, part in content.items()} and all(
            gate.read(folder, *place, *name.split("/"), most=len(part)) == part for name, part in content.items()
        )
    except CourseError:
        return False


def _layout(folder: Path, assignment: Assignment) -> str:
    return f"Submissions are expected as {folder}/<student>/{assignment.name}/{assignment.name}.ipynb"
