"""Build everything that is generated from ``solutions/``: nbgrader's source, the student edition, the public cases.

All of it is made in a temporary folder, checked for leaks, and only then swapped in: a build that fails leaves what was
there before.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config, PyFileConfigLoader

from autograder.course import Assignment, Course, CourseError
from autograder.judging import catalogue
from autograder.source import notebook as authoring
from autograder.source import reference
from gradus.checking import Outcome, find_exercise, run, wire

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
STEPS = GenerateAssignment.preprocessors.default()
_TELLING_LINE = 25


def build(course: Course, assignments: Iterable[Assignment]) -> list[Path]:
    """Rebuild the generated files of some assignments.

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
    written: list[Path] = []
    with tempfile.TemporaryDirectory(dir=course.root, prefix=".build-") as name:
        fresh = Path(name)
        for assignment in chosen:
            make(course, assignment, fresh)
        problems = [leak for assignment in chosen for leak in leaks(course, assignment, fresh)]
        if problems:
            raise CourseError("Nothing was built, students would see secrets:\n  " + "\n  ".join(problems))
        for assignment in chosen:
            for there, target in products(course, assignment, fresh):
                _swap(there, target)
                written.append(target)
    return written


def products(course: Course, assignment: Assignment, fresh: Path) -> list[tuple[Path, Path]]:
    """What a build makes for one assignment: where it lies in ``fresh``, and where it belongs."""
    cases = f"{assignment.topic}.json"
    return [
        (fresh / "source" / assignment.name, course.source / assignment.name),
        (fresh / "notebooks" / assignment.name, course.notebooks / assignment.name),
        (fresh / "public_cases" / cases, course.public_cases / cases),
    ]


def make(course: Course, assignment: Assignment, fresh: Path) -> None:
    """Generate everything for one assignment into the folder ``fresh``."""
    source = fresh / "source" / assignment.name / f"{assignment.name}.ipynb"
    source.parent.mkdir(parents=True)
    notebook = source_notebook(assignment)
    nbformat.write(notebook, source)
    _release(course, assignment, fresh)
    cases = fresh / "public_cases" / f"{assignment.topic}.json"
    cases.parent.mkdir(exist_ok=True)
    cases.write_text(public_cases(authoring.exercises(authoring.read(assignment.solution))), encoding="utf-8")


def stale(course: Course, assignments: Iterable[Assignment]) -> list[str]:
    """Committed files that differ from what a build would make; arrays are compared within tolerance."""
    found = []
    with tempfile.TemporaryDirectory(prefix="gradus-build-") as name:
        fresh = Path(name)
        for assignment in assignments:
            make(course, assignment, fresh)
            _, notebook, cases = products(course, assignment, fresh)
            there, target = (folder / f"{assignment.name}.ipynb" for folder in notebook)
            if not target.is_file() or nbformat.read(there, 4) != nbformat.read(target, 4):
                found.append(str(target.relative_to(course.root)))
            there, target = cases
            if not target.is_file() or not alike(wire.decode(there.read_bytes()), wire.decode(target.read_bytes())):
                found.append(str(target.relative_to(course.root)))
    return found


def alike(one: Any, other: Any) -> bool:
    """Whether two decoded values are equal, numbers within 1e-9."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, np.ndarray | float) and isinstance(other, np.ndarray | float):
        return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)
    return bool(one == other)


def source_notebook(assignment: Assignment) -> NotebookNode:
    """nbgrader's source notebook of an assignment: the text notebook with nbgrader's metadata and stable cell ids.

    Raises
    ------
    CourseError
        If a mark is wrong: an unknown exercise, a check without points, the same name twice.
    """
    notebook = authoring.read(assignment.solution)
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(_KERNEL), language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: set[str] = set()
    anchor, since = "start", 0
    for cell in notebook.cells:
        kind, name = authoring.mark(cell)
        tags = cell.metadata.get("tags", [])
        fields = _nbgrader_fields(assignment, cell, kind, name)
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
        since += 1
        if fields:
            anchor, since = fields["grade_id"], 0
            if anchor in seen:
                raise CourseError(f"{assignment.solution.name}: there are two cells for {anchor}.")
            seen.add(anchor)
            cell.metadata["nbgrader"] = NotebookNode(fields)
        label = re.sub(r"[^A-Za-z0-9_-]", "-", anchor)[:58]
        cell["id"] = f"{label}-{since:02d}" if since else label
    nbformat.validate(notebook)
    return notebook


def _nbgrader_fields(assignment: Assignment, cell: NotebookNode, kind: str, name: str) -> dict[str, Any]:
    if kind in ("", "setup", "given"):
        return {}
    where = f"{assignment.solution.name}, cell {kind}={name!r}"
    if kind in ("solution", "check"):
        exercise = find_exercise(name)
        if exercise is None or exercise.topic != assignment.topic:
            raise CourseError(f"{where}: gradus/exercises/{assignment.topic}.py has no exercise of that name.")
    if kind in ("check", "answer") and not float(cell.metadata.get("points", 0)) > 0:
        raise CourseError(f"{where}: say how much it is worth, for instance points=4.")
    fields: dict[str, Any] = {
        "grade": kind in ("check", "answer"),
        "grade_id": name if kind == "solution" else f"{kind}_{name}",
        "locked": kind in ("check", "mark_scheme"),
        "schema_version": 3,
        "solution": kind in ("solution", "answer"),
        "task": kind == "mark_scheme",
    }
    if kind in ("check", "answer"):
        fields["points"] = float(cell.metadata["points"])
    if kind == "mark_scheme":
        fields["points"] = 0.0
    return fields


def configuration(course: Course) -> Config:
    """nbgrader's configuration of the course."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()


def _release(course: Course, assignment: Assignment, fresh: Path) -> None:
    """Let nbgrader make the student edition, without a database."""
    config = configuration(course)
    config.CourseDirectory.root = str(fresh)
    config.CourseDirectory.source_directory = "source"
    config.CourseDirectory.db_url = f"sqlite:///{fresh / 'unused.db'}"
    config.GenerateAssignment.no_database = True
    config.GenerateAssignment.preprocessors = [step for step in STEPS if step is not SaveCells]
    result = generate(config, assignment)
    if not result["success"]:
        raise CourseError(f"nbgrader could not make the student edition of {assignment.name}:\n{result['log']}")
    released = fresh / "notebooks" / assignment.name / f"{assignment.name}.ipynb"
    notebook = nbformat.read(released, 4)
    nbformat.write(notebook, released)


def generate(config: Config, assignment: Assignment) -> dict[str, Any]:
    """Run ``nbgrader generate_assignment`` with a configuration; ``success``, ``log`` and ``error`` come back."""
    directory = CourseDirectory(config=config)
    return NbGraderAPI(directory, config=config).generate_assignment(assignment.name, force=True, create=True)


def public_cases(exercises: Iterable[str]) -> str:
    """The frozen public cases: inputs, expected outcomes and the fingerprints of the slips, one line each."""
    lines = [f'"{name}": {wire.encode(_freeze(name))}' for name in exercises]
    return '{"dict": {\n' + ",\n".join(lines) + "\n}}\n"


def _freeze(name: str) -> dict[str, Any]:
    exercise = find_exercise(name)
    if exercise is None:
        raise CourseError(f"there is no exercise {name!r}")
    cases = catalogue.public(name)
    answer = reference.answer(exercise)
    return {
        "cases": [{"group": case.group, "name": case.name, "inputs": dict(case.inputs)} for case in cases],
        "expected": [_essence(run(exercise, answer, case)) for case in cases],
        "misconceptions": [
            {
                **vars(slip.described),
                "outcomes": [_rounded(_essence(run(exercise, slip.answer, case))) for case in cases],
            }
            for slip in catalogue.known(name)
        ],
    }


def _essence(outcome: Outcome) -> dict[str, Any]:
    """What identifies a behaviour: its values or its kind of error, and nothing of its code."""
    return {"error": outcome.error} if outcome.error else {"outputs": outcome.outputs}


def _rounded(value: Any) -> Any:
    """A fingerprint to twelve digits: more than any tolerance asks for, at half the size."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return np.array([float(f"{number:.12g}") for number in value.ravel()]).reshape(value.shape)
    return float(f"{value:.12g}") if isinstance(value, float) else value


def leaks(course: Course, assignment: Assignment, fresh: Path) -> list[str]:
    """What students would receive and must not: solutions, slips, mark schemes, outputs."""
    texts = dict(_student_texts(course))
    for there, target in products(course, assignment, fresh)[1:]:
        for path in [there] if there.is_file() else sorted(there.rglob("*")):
            relative = target.relative_to(course.root) / (path.relative_to(there) if there.is_dir() else "")
            texts[str(relative)] = path.read_text(encoding="utf-8")
    return find_leaks(texts, secrets_of(assignment))


def _student_texts(course: Course) -> Iterator[tuple[str, str]]:
    for folder in ("gradus", "notebooks"):
        for path in sorted((course.root / folder).rglob("*")):
            if path.suffix in (".py", ".ipynb", ".json", ".js", ".md", ".txt", ".toml"):
                yield str(path.relative_to(course.root)), path.read_text(encoding="utf-8")


def secrets_of(assignment: Assignment) -> dict[str, list[str]]:
    """Code that students must not receive: for each solution and slip, its telling lines."""
    found = {}
    for cell in authoring.read(assignment.solution).cells:
        kind, name = authoring.mark(cell)
        if kind in ("solution", "answer"):
            for number, region in enumerate(re.findall(r"BEGIN SOLUTION(.*?)### END SOLUTION", cell.source, re.S)):
                found[f"the {kind} of {name} ({number})"] = _telling(region)
        if kind == "mark_scheme":
            for region in re.findall(r"=== BEGIN MARK SCHEME ===(.*?)=== END MARK SCHEME", cell.source, re.S):
                found[f"the mark scheme of {name}"] = _telling(region)
    for name in authoring.exercises(authoring.read(assignment.solution)):
        for slip in catalogue.known(name):
            found[f"the slip {slip.described.name} of {name}"] = _telling(_body(slip.code))
    return found


def find_leaks(texts: dict[str, str], secrets: dict[str, list[str]]) -> list[str]:
    """Name every text that holds all telling lines of a secret, or a word that only the instructor's side uses."""
    problems = []
    squeezed = {path: _squeeze(_plain(path, text)) for path, text in texts.items()}
    for what, lines in secrets.items():
        for path, text in squeezed.items():
            if lines and all(_squeeze(line) in text for line in lines):
                problems.append(f"{path} holds {what}")
    for path, text in texts.items():
        for word in ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME", "autograder"):
            if word in text:
                problems.append(f"{path} holds the words {word!r}")
        if path.endswith(".ipynb") and '"output_type"' in text:
            problems.append(f"{path} holds saved outputs")
    return problems


def _plain(path: str, text: str) -> str:
    """The text as a reader sees it: of a notebook, its cells."""
    if not path.endswith(".ipynb"):
        return text
    return "\n".join(cell.source for cell in nbformat.reads(text, 4).cells)


def _telling(region: str) -> list[str]:
    """Lines long enough that they do not occur by chance."""
    lines = [line.strip() for line in region.splitlines()]
    return [line for line in lines if len(_squeeze(line)) >= _TELLING_LINE]


def _body(code: str) -> str:
    """The code without its signatures, which students are given."""
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("def ", "class ")))


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


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
