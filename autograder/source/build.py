"""Build everything that is generated from ``solutions/``: nbgrader's source, the student edition, the public cases.

All of it is made in a temporary folder, checked for leaks, and only then swapped in: a build that fails leaves what was
there before.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from autograder.course import Assignment, Course, CourseError
from autograder.judging import catalogue, diagnosis
from autograder.nbgrader_hooks import release
from autograder.source import leaks, outline, points
from autograder.source.new import TODO, unfilled
from autograder.source.notebook import EXECUTED, FOLDED, GRADED, Cell, Source, without_ids
from autograder.source.waiting import GOES_ON, waiting
from gradus.checking import Made, wire
from gradus.learning import start
from gradus.learning.outline import Outline

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_NEW = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}


def build(course: Course, assignments: Iterable[Assignment], *, draft: bool = False) -> list[Path]:
    """Rebuild the generated files of some assignments; a draft may have places that are still to be filled in.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    CourseError
        If a notebook cannot be built or something secret would reach students; nothing has changed then.
    """
    chosen = list(assignments)
    _refuse_unknown(course, chosen)
    written: list[Path] = []
    page = course.notebooks / "Start.md"
    with tempfile.TemporaryDirectory(dir=course.root, prefix=".build-") as name:
        fresh = Path(name)
        for assignment in chosen:
            make(course, assignment, fresh, draft=draft)
        (fresh / page.name).write_text(start_page(course, fresh), encoding="utf-8")
        texts = dict(leaks.student_texts(course.root))
        for assignment in chosen:
            texts |= dict(_fresh_texts(course, assignment, fresh))
        problems = leaks.find(texts, leaks.secrets(assignment.source for assignment in chosen))
        if problems:
            raise CourseError("Nothing was built, students would see secrets:\n  " + "\n  ".join(problems))
        for assignment in chosen:
            for there, target in products(course, assignment, fresh):
                _swap(there, target)
                written.append(target)
        _swap(fresh / page.name, page)
    return [*written, page]


def _refuse_unknown(course: Course, chosen: list[Assignment]) -> None:
    """Raise an error if a notebook builds on one that has another name; a course need not hold those before."""
    named = {one.number: one.name for one in course.assignments()}
    for assignment in chosen:
        for name in assignment.source.builds_on:
            there = named.get(name.partition("_")[0], name)
            if there != name:
                raise CourseError(
                    f"{assignment.solution.name} builds on {name!r}. Its name is {there!r}: correct it there."
                )


def products(course: Course, assignment: Assignment, fresh: Path) -> list[tuple[Path, Path]]:
    """What a build makes for one assignment: where it lies in ``fresh``, and where it belongs."""
    cases = f"{assignment.topic}.json"
    return [
        (fresh / "source" / assignment.name, course.source / assignment.name),
        (fresh / "notebooks" / assignment.name, course.notebooks / assignment.name),
        (fresh / "public_cases" / cases, course.public_cases / cases),
        (fresh / "outlines" / f"{assignment.name}.json", course.outlines / f"{assignment.name}.json"),
    ]


def make(course: Course, assignment: Assignment, fresh: Path, *, draft: bool = False) -> None:
    """Generate everything for one assignment into the folder ``fresh``.

    Raises
    ------
    CourseError
        If something is still to be filled in, unless it is a draft, or something is wrong or forgotten.
    """
    places = [] if draft else unfilled(course, assignment)
    if places:
        lines = [f"{each.path.relative_to(course.root)}:{each.line}: {each.says}" for each in places]
        raise CourseError(
            f"{assignment.name} is not finished. To be filled in (then take {TODO} away), {len(places)} in all:\n  "
            + "\n  ".join(lines)
        )
    notebook = fresh / "source" / assignment.name / f"{assignment.name}.ipynb"
    notebook.parent.mkdir(parents=True)
    nbformat.write(source_notebook(assignment.source), notebook)
    release.release(course, fresh, assignment.name)
    cases = fresh / "public_cases" / f"{assignment.topic}.json"
    cases.parent.mkdir(exist_ok=True)
    cases.write_text(public_cases(course, assignment.source), encoding="utf-8")
    said = [] if draft else list(points.differences(assignment.source))
    if said:
        raise CourseError("The text and the marks do not agree. Correct one of them:\n  " + "\n  ".join(said))
    outlined = fresh / "outlines" / f"{assignment.name}.json"
    outlined.parent.mkdir(exist_ok=True)
    outlined.write_text(outline.text(assignment.source), encoding="utf-8")


def start_page(course: Course, fresh: Path) -> str:
    """``Start.md`` for every notebook that has been built, those in ``fresh`` as they are there."""
    known = {}
    for assignment in course.assignments():
        places = [folder / f"{assignment.name}.json" for folder in (fresh / "outlines", course.outlines)]
        if file := next(filter(Path.is_file, places), None):
            known[assignment.name] = Outline.of(json.loads(file.read_text(encoding="utf-8")))
    return start.markdown(known)


def stale(course: Course, assignments: Iterable[Assignment]) -> list[str]:
    """Committed files that differ from what a build would make; arrays are compared within tolerance."""
    found = []
    with tempfile.TemporaryDirectory(prefix="gradus-build-") as name:
        fresh = Path(name)
        for assignment in assignments:
            make(course, assignment, fresh)
            _, notebook, cases, outlined = products(course, assignment, fresh)
            there, target = (folder / f"{assignment.name}.ipynb" for folder in notebook)
            if not target.is_file() or nbformat.read(there, 4) != nbformat.read(target, 4):
                found.append(str(target.relative_to(course.root)))
            there, target = cases
            if not target.is_file() or not alike(wire.decode(there.read_bytes()), wire.decode(target.read_bytes())):
                found.append(str(target.relative_to(course.root)))
            there, target = outlined
            if not target.is_file() or there.read_bytes() != target.read_bytes():
                found.append(str(target.relative_to(course.root)))
        page = course.notebooks / "Start.md"
        if not page.is_file() or page.read_text(encoding="utf-8") != start_page(course, fresh):
            found.append(str(page.relative_to(course.root)))
    return found


def alike(one: Any, other: Any) -> bool:
    """Whether two decoded values are equal, numbers within 1e-9."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, Made) and isinstance(other, Made):
        return one.family == other.family and alike(dict(one.given), dict(other.given))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, np.ndarray | float) and isinstance(other, np.ndarray | float):
        return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)
    return bool(one == other)


def source_notebook(source: Source) -> NotebookNode:
    """nbgrader's source notebook: the text notebook with nbgrader's metadata, roles and stable cell ids.

    Raises
    ------
    CourseError
        If a cell names an exercise that ``gradus/exercises`` does not have.
    """
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    anchor, since, hints, may_fail = "start", 0, Counter[str](), waiting(source)
    for cell in source.cells:
        if cell.kind == "broken":
            continue  # it is what students get in place of the solution of that name
        tags = [*cell.tags, *([GOES_ON] if cell.index in may_fail else [])]
        metadata: dict[str, Any] = {"tags": tags} if tags else {}
        if cell.kind in EXECUTED:
            metadata["gradus"] = {"role": cell.kind}
        if cell.kind == "solution" and cell.name in source.broken:
            metadata["gradus"]["broken"] = source.broken[cell.name]
        if FOLDED.intersection(cell.tags):
            metadata["jupyter"] = {"source_hidden": True}
        since += 1
        if cell.kind in GRADED:
            metadata["nbgrader"] = _nbgrader_fields(source, cell)
            anchor, since = metadata["nbgrader"]["grade_id"], 0
        label = re.sub(r"[^A-Za-z0-9_-]", "-", anchor)[:58]
        text = without_ids(cell.source) if cell.cell_type == "markdown" else cell.source
        if cell.kind == "hint":
            hints[cell.name] += 1
            text = f"<details><summary>Hint {hints[cell.name]} for {cell.name}</summary>\n\n{text}\n\n</details>"
        made = _NEW[cell.cell_type](text, metadata=metadata, id=f"{label}-{since:02d}" if since else label)
        notebook.cells.append(made)
    nbformat.validate(notebook)
    return notebook


def _nbgrader_fields(source: Source, cell: Cell) -> dict[str, Any]:
    exercise = catalogue.exercise_called(cell.name)
    if cell.kind in ("solution", "check") and (exercise is None or exercise.topic != source.topic):
        raise CourseError(
            f"{source.name}.py, {cell.label}: gradus/exercises/{source.topic}.py has no exercise of that name. "
            f'Correct the name, or write the drive there, under @exercise("{cell.name}").'
        )
    fields = {
        "grade": cell.kind in ("check", "answer"),
        "grade_id": cell.name if cell.kind == "solution" else f"{cell.kind}_{cell.name}",
        "locked": cell.kind in ("check", "mark_scheme"),
        "schema_version": 3,
        "solution": cell.kind in ("solution", "answer"),
        "task": cell.kind == "mark_scheme",
    }
    return fields if cell.kind == "solution" else fields | {"points": cell.points}


def public_cases(course: Course, source: Source) -> str:
    """The frozen public cases: inputs, what the reference does, fingerprints of the slips; one line an exercise."""
    rehearsals = []
    for name in source.exercises:
        exercise = catalogue.exercise_called(name)
        if exercise is None:
            raise CourseError(f"There is no exercise {name!r}: write its drive in gradus/exercises/{source.topic}.py.")
        rehearsals.append(diagnosis.Rehearsal(course, exercise))
    missing = list(dict.fromkeys(each for rehearsal in rehearsals for each in diagnosis.forgotten(rehearsal)))
    if rehearsals and not missing:
        missing = list(diagnosis.left_over(source))
    if missing:
        raise CourseError("Something is missing or wrong:\n  " + "\n  ".join(missing))
    lines = [
        f"{json.dumps(each.exercise.name)}: {wire.encode(diagnosis.frozen(each))}"
        for each in rehearsals
        if not each.exercise.repairs
    ]
    parts = {
        "groups": wire.encode(catalogue.titles(source.topic) if source.exercises else {}),
        "places": wire.encode(diagnosis.places(course, source.exercises)),
        "exercises": '{"dict": {\n' + ",\n".join(lines) + "\n}}",
    }
    return '{"dict": {' + ",\n".join(f"{json.dumps(name)}: {text}" for name, text in parts.items()) + "}}\n"


def _fresh_texts(course: Course, assignment: Assignment, fresh: Path) -> Iterator[tuple[str, str]]:
    """What students would receive of a build, under the names it is going to have."""
    for there, target in products(course, assignment, fresh)[1:]:
        for path in [there] if there.is_file() else sorted(there.rglob("*")):
            relative = target.relative_to(course.root) / (path.relative_to(there) if there.is_dir() else "")
            yield str(relative), path.read_text(encoding="utf-8")


def _swap(fresh: Path, target: Path) -> None:
    """Put ``fresh`` in the place of ``target`` in such a way that there is never nothing there for long."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if fresh.is_file():
        fresh.replace(target)
        return
    old = fresh.with_name(fresh.name + ".old")
    if target.exists():
        target.replace(old)
    fresh.replace(target)
    shutil.rmtree(old, ignore_errors=True)
