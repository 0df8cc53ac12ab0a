"""Grade a whole class: notebooks run side by side, one process writes the gradebook.

nbgrader does the bookkeeping. What runs in parallel beforehand is only its slowest step, executing and judging, and
its results are handed to the hook that would otherwise do it on the spot: whichever way a submission is graded, the
same code decides.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.course import Assignment, Course, CourseError
from autograder.nbgrader_hooks import release
from autograder.nbgrader_hooks.execution import CHECK, Graded, JudgedExecute, digest
from autograder.nbgrader_hooks.sanitizing import carry_answers
from autograder.source import build

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Job:
    """One submission on its way to a worker: all that executing and judging it takes."""

    course: Path
    released: str
    submitted: str
    beside: Path


@dataclass
class Result:
    """What came of one student's submission.

    Attributes
    ----------
    student : str
    scores : dict
        Points by exercise.
    score, max_score : float
        Sum of the automatic points; the written answers are not in it.
    manual : int
        Written answers that wait for a person.
    remarks : list of str
        Things the instructor should know; the submission was graded.
    problem : str
        Why it could not be graded, "" if it was.
    """

    student: str
    scores: dict[str, float] = field(default_factory=dict)
    score: float = 0.0
    max_score: float = 0.0
    manual: int = 0
    remarks: list[str] = field(default_factory=list)
    problem: str = ""


def grade(
    course: Course,
    assignment: Assignment,
    *,
    submissions: Path | None = None,
    students: tuple[str, ...] = (),
    workers: int = 2,
    feedback: bool = True,
    progress: Progress = lambda stage, done, total: None,
) -> list[Result]:
    """Grade every submission of an assignment, or those of some students.

    Parameters
    ----------
    course, assignment
    submissions : Path, optional
        A folder laid out as ``<student>/<assignment>/<assignment>.ipynb``; it is left as it is. The submissions already
        collected in the course are graded by default.
    students : tuple of str
        Whom to grade; everybody by default.
    workers : int
        Notebooks that run at the same time.
    feedback : bool
        Whether to write the feedback pages, too.
    progress : callable
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    list of Result
        One per student, in alphabetical order, those that could not be graded included.

    Raises
    ------
    CourseError
        If there is nothing to grade, or the gradebook cannot take the assignment.
    """
    register(course, assignment)
    results = collect(course, assignment, submissions, students)
    ready = [result.student for result in results if not result.problem]
    config = release.configuration(course)
    JudgedExecute.known = dict(_run_all(course, assignment, ready, workers, progress))
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own models, at every submission
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    try:
        for done, student in enumerate(ready, 1):
            outcome = api.autograde(assignment.name, student, force=True, create=True)
            if not outcome["success"]:
                by_name(results, student).problem = _last_line(outcome)
            progress("recording", done, len(ready))
    finally:
        JudgedExecute.known = {}
    _fill_in(course, assignment, results)
    if feedback:
        graded = [result for result in results if not result.problem]
        for done, (student, trouble) in enumerate(_feedback_all(course, assignment, graded, workers), 1):
            if trouble:
                by_name(results, student).remarks.append(f"no feedback page: {trouble}")
            progress("feedback", done, len(graded))
    return results


def by_name(results: list[Result], student: str) -> Result:
    """The result of one student."""
    return next(result for result in results if result.student == student)


def register(course: Course, assignment: Assignment) -> None:
    """Make sure that the gradebook knows the assignment as it was released.

    Raises
    ------
    CourseError
        If cells were added or removed although submissions have been graded already.
    """
    source = course.source / assignment.name / f"{assignment.name}.ipynb"
    released = course.notebooks / assignment.name / f"{assignment.name}.ipynb"
    if not source.is_file() or not released.is_file():
        build.build(course, [assignment])
    if _registered(course, assignment, nbformat.read(source, 4)):
        return
    config = release.configuration(course)
    with tempfile.TemporaryDirectory(prefix="gradus-release-") as folder:
        config.CourseDirectory.release_directory = folder
        outcome = release.generate(config, assignment.name)
    if not outcome["success"]:
        raise CourseError(
            f"The gradebook cannot take {assignment.name}: {_last_line(outcome)}\n"
            "If cells were added or removed after submissions had been graded, put the old gradebook aside and grade "
            f"again; nothing in it is lost:\n  mv {course.work}/gradebook.db {course.work}/gradebook-before.db"
        )


def _registered(course: Course, assignment: Assignment, source: NotebookNode) -> bool:
    with Gradebook(course.gradebook, "gradus") as gradebook:
        try:
            known = gradebook.find_notebook(assignment.name, assignment.name)
        except MissingEntry:
            return False
        recorded = {cell.name: float(cell.max_score) for cell in [*known.grade_cells, *known.task_cells]}
        recorded |= {cell.name: -1.0 for cell in known.solution_cells if cell.name not in recorded}
    wanted = {}
    for cell in source.cells:
        if fields := cell.metadata.get("nbgrader"):
            wanted[fields["grade_id"]] = float(fields["points"]) if fields["grade"] or fields["task"] else -1.0
    return recorded == wanted


def collect(
    course: Course, assignment: Assignment, submissions: Path | None, students: tuple[str, ...] = ()
) -> list[Result]:
    """Bring submissions into the course and look whether each can be graded.

    A submission that replaces an earlier one of the same student puts that aside, into ``course/replaced``.
    """
    home = course.work / "submitted"
    folder = submissions.resolve() if submissions else home
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}. {_layout(folder, assignment)}")
    present = sorted(path.parent.name for path in folder.glob(f"*/{assignment.name}") if path.is_dir())
    if not present:
        raise CourseError(f"{folder} holds no submission of {assignment.name}. {_layout(folder, assignment)}")
    results = []
    known = frozenset(_grade_ids(assignment))
    for student in sorted(students) or present:
        result = Result(student)
        results.append(result)
        try:
            if student not in present:
                raise CourseError(f"no submission of {assignment.name} in {folder}")
            notebook = read_submission(folder / student / assignment.name, assignment, known, result.remarks)
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
    notebook = _parse(path)
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


def _parse(path: Path) -> NotebookNode:
    try:
        tree = json.loads(path.read_bytes().decode("utf-8-sig"))
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


def _grade_ids(assignment: Assignment) -> list[str]:
    cells = build.source_notebook(assignment.source).cells
    return [cell.metadata.nbgrader.grade_id for cell in cells if "nbgrader" in cell.metadata]


def _take_in(course: Course, assignment: Assignment, folder: Path, student: str, notebook: NotebookNode) -> None:
    target = course.work / "submitted" / student / assignment.name
    origin = folder / student / assignment.name
    if origin == target and (target / f"{assignment.name}.ipynb").is_file():
        return
    fresh = target.with_name(f".{assignment.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(origin, fresh, ignore=shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints"))
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


def grade_one(job: Job) -> tuple[str, Graded]:
    """Execute and judge one submission; touches neither the gradebook nor any other submission."""
    released = nbformat.reads(job.released, 4)
    notebook = carry_answers(released, nbformat.reads(job.submitted, 4))
    name = digest(notebook)
    executor = JudgedExecute(config=release.configuration(Course(job.course)))
    resources = ResourcesDict()
    resources["metadata"] = {"path": str(job.beside)}
    return name, executor.grade(notebook, resources)


def _run_all(
    course: Course, assignment: Assignment, students: list[str], workers: int, progress: Progress
) -> Iterator[tuple[str, Graded]]:
    released = (course.notebooks / assignment.name / f"{assignment.name}.ipynb").read_text(encoding="utf-8")
    jobs = []
    for student in students:
        beside = course.work / "submitted" / student / assignment.name
        submitted = (beside / f"{assignment.name}.ipynb").read_text(encoding="utf-8")
        jobs.append(Job(course.root, released, submitted, beside))
    for done, future in enumerate(_side_by_side(grade_one, jobs, workers), 1):
        progress("running", done, len(jobs))
        if future.exception() is None:  # otherwise it runs again on its own, and what is wrong shows there
            yield future.result()


def _feedback_all(
    course: Course, assignment: Assignment, results: list[Result], workers: int
) -> Iterator[tuple[str, str]]:
    jobs = [(course.root, assignment.name, result.student) for result in results]
    for future in _side_by_side(_feedback_one, jobs, workers):
        if future.exception() is None:
            yield future.result()


def _feedback_one(job: tuple[Path, str, str]) -> tuple[str, str]:
    root, assignment, student = job
    config: Config = release.configuration(Course(root))
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    outcome = api.generate_feedback(assignment, student, force=True)
    return student, "" if outcome["success"] else _last_line(outcome)


def _side_by_side(function: Callable[[Any], Any], jobs: list[Any], workers: int) -> Iterator[Future[Any]]:
    """Futures of the calls as they end; when a worker process dies, the rest are left to whoever needs them."""
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(workers, len(jobs)), mp_context=context) as pool:
        try:
            pending = {pool.submit(function, job) for job in jobs}
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from finished
        except BrokenProcessPool:
            return


def _fill_in(course: Course, assignment: Assignment, results: list[Result]) -> None:
    with Gradebook(course.gradebook, "gradus") as gradebook:
        order = _grade_ids(assignment)
        for result in results:
            if result.problem:
                continue
            submission = gradebook.find_submission_notebook(assignment.name, assignment.name, result.student)
            for each in submission.grades:
                if each.name.startswith(CHECK):
                    result.scores[each.name.removeprefix(CHECK)] = float(each.score or 0.0)
                    result.max_score += float(each.max_score)
                elif each.needs_manual_grade and each.max_score:
                    result.manual += 1
            result.score = round(sum(result.scores.values()), 2)
            result.scores = dict(sorted(result.scores.items(), key=lambda item: order.index(CHECK + item[0])))


def _last_line(outcome: dict[str, Any]) -> str:
    """The line of nbgrader's log that says what went wrong."""
    lines = [line.strip() for line in (outcome.get("log") or outcome.get("error") or "").splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit|Interrupt|Entry|Timeout)\b", line)]
    return (raised or lines or ["nbgrader gave no reason"])[-1][:500]


def as_json(results: list[Result]) -> str:
    """The results as ``autograder grade --json`` writes them."""
    return json.dumps([vars(result) for result in results], indent=1) + "\n"
