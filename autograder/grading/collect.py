"""Taking submissions in: each is looked at, put right where other tools left it odd, and brought into the course."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course import Assignment, Course, CourseError
from autograder.judging.edition import released

_MOST_FILES, _MOST_BYTES = 200, 50 * 2**20
_TIMESTAMP = "timestamp.txt"
"""nbgrader's own note beside a submission; no part of it."""


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


def submitted(course: Course, assignment: Assignment, submissions: Path | None = None) -> tuple[Path, list[str]]:
    """The folder that holds the submissions of an assignment, the course's own by default, and whose they are.

    Raises
    ------
    CourseError
        If there are none.
    """
    folder = submissions.resolve() if submissions else course.work / "submitted"
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}. {_layout(folder, assignment)}")
    present = sorted(path.parent.name for path in folder.glob(f"*/{assignment.name}") if path.is_dir())
    if not present:
        raise CourseError(f"{folder} holds no submission of {assignment.name}. {_layout(folder, assignment)}")
    return folder, present


def collect(
    course: Course, assignment: Assignment, submissions: Path | None, students: tuple[str, ...] = ()
) -> list[Intake]:
    """Bring submissions into the course and look whether each can be graded.

    A submission that replaces an earlier one of the same student puts that aside, into ``course/replaced``.
    """
    folder, present = submitted(course, assignment, submissions)
    results = []
    fields = [cell.metadata.get("nbgrader", {}) for cell in released(course, assignment).cells]
    known = frozenset(field["grade_id"] for field in fields if field)
    for student in sorted(students) or present:
        result = Intake(student)
        results.append(result)
        try:
            if student not in present:
                raise CourseError(f"no submission of {assignment.name} in {folder}")
            notebook = read_submission(folder / student / assignment.name, assignment, known, result.remarks)
            files_beside(folder / student / assignment.name)
            _take_in(course, assignment, folder, student, notebook)
        except CourseError as error:
            result.problem = str(error)
    return results


def read_submission(folder: Path, assignment: Assignment, known: frozenset[str], remarks: list[str]) -> NotebookNode:
    """The notebook that a student handed in.

    Raises
    ------
    CourseError
        If there is none that can be graded; the message says why.
    """
    found = sorted(folder.glob("*.ipynb"))
    expected = folder / f"{assignment.name}.ipynb"
    if not found:
        raise CourseError(f"the folder {folder} holds no notebook")
    if expected not in found and len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CourseError(f"{len(found)} notebooks and none is called {expected.name}: {names}")
    path = expected if expected in found else found[0]
    notebook = parse(path)
    fields = [cell.metadata.get("nbgrader") for cell in notebook.cells]
    ids = {field.get("grade_id") for field in fields if isinstance(field, dict)}
    if not ids & known:
        raise CourseError(f"{path.name} is not a notebook of {assignment.name}: none of its exercises is in it")
    if path != expected:
        remarks.append(f"the notebook is called {path.name}; it was graded all the same")
    for other in found:
        if other != path:
            remarks.append(f"a second notebook, {other.name}, was left aside")
    return notebook


def parse(path: Path) -> NotebookNode:
    """The notebook in a file, put right where other tools left it odd.

    Raises
    ------
    CourseError
        If there is none; the message says why.
    """
    try:
        tree = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path.name} is not UTF-8 text: open it in JupyterLab and save it again") from None
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{path.name} is not a notebook: {error}") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("nbformat"), int):
        raise CourseError(f"{path.name} is not a notebook: it does not say which notebook format it has")
    try:
        notebook = nbformat.convert(nbformat.from_dict(tree), 4)
        return _repaired(notebook)
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise CourseError(f"{path.name} is a damaged notebook: {type(error).__name__}: {error}"[:300]) from None


def files_beside(folder: Path) -> dict[str, bytes]:
    """What was handed in beside a notebook, by relative path: no notebooks, nothing hidden, and no links, which could
    lead anywhere.

    Raises
    ------
    CourseError
        If it is too much.
    """
    found: dict[str, bytes] = {}
    left = _MOST_BYTES
    for path in _files(folder):
        relative = path.relative_to(folder)
        if path.suffix == ".ipynb" or str(relative) == _TIMESTAMP:
            continue
        left -= path.stat().st_size
        if left < 0 or len(found) == _MOST_FILES:
            raise CourseError(
                f"more lies beside the notebook than can be graded: at most {_MOST_FILES} files and "
                f"{_MOST_BYTES // 2**20} MiB. Take away what the notebook does not need"
            )
        found[relative.as_posix()] = path.read_bytes()
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Files of a submission, its notebooks included, in order."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _repaired(notebook: NotebookNode) -> NotebookNode:
    """A valid notebook with the same cells: what other tools leave behind (no ids, the same id twice) is put right."""
    fresh = nbformat.v4.new_notebook(metadata=notebook.metadata)
    seen: set[str] = set()
    for index, cell in enumerate(notebook.cells):
        source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
        make = {"code": nbformat.v4.new_code_cell, "raw": nbformat.v4.new_raw_cell}.get(
            cell.cell_type, nbformat.v4.new_markdown_cell
        )
        name = cell.get("id")
        if not isinstance(name, str) or name in seen or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            name = f"submitted-{index}"
        seen.add(name)
        copied = make(source=source, metadata=cell.metadata, id=name)
        for part in ("attachments", "outputs", "execution_count"):
            if part in cell and (part == "attachments" or cell.cell_type == "code"):
                copied[part] = cell[part]
        fresh.cells.append(copied)
    try:
        nbformat.validate(fresh)
    except nbformat.ValidationError:
        for cell in fresh.cells:
            cell.pop("attachments", None)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.validate(fresh)
    return fresh


def _take_in(course: Course, assignment: Assignment, folder: Path, student: str, notebook: NotebookNode) -> None:
    target = course.work / "submitted" / student / assignment.name
    origin = folder / student / assignment.name
    if origin == target and (target / f"{assignment.name}.ipynb").is_file():
        return
    fresh = target.with_name(f".{assignment.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for path in _files(origin):
        if path.suffix != ".ipynb":
            copy = fresh / path.relative_to(origin)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
    nbformat.write(notebook, fresh / f"{assignment.name}.ipynb")
    if target.exists():
        if _same_files(target, fresh):
            shutil.rmtree(fresh)
            return
        aside = course.work / "replaced" / f"{datetime.now():%Y-%m-%dT%H-%M-%S}" / student
        aside.mkdir(parents=True, exist_ok=True)
        shutil.move(target, aside / assignment.name)
    fresh.rename(target)


def _same_files(one: Path, other: Path) -> bool:
    def content(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    return content(one) == content(other)


def _layout(folder: Path, assignment: Assignment) -> str:
    return f"Submissions are expected as {folder}/<student>/{assignment.name}/{assignment.name}.ipynb"
