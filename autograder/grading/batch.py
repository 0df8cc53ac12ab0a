"""Grade a whole class: notebooks run side by side, one process writes the gradebook.

nbgrader does the bookkeeping. What runs in parallel beforehand is only its slowest step, executing and judging, and the
ledgers it yields lie ready for the hook that would otherwise make them on the spot: whichever way a submission is
graded, the same code decides.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.grading import gate
from autograder.grading.collect import alone, collect, submitted, taken
from autograder.grading.execution import CHECK
from autograder.grading.job import Job, grade_in
from autograder.grading.pool import side_by_side
from autograder.judging import ledger
from autograder.nbgrader_hooks import gradebook, marks

_WORTH_A_PROCESS = 12
"""Pages that take about as long as starting one more process."""
Progress = Callable[[str, int, int], None]


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
    submitted(course, assignment, submissions)  # nothing is built where there is nothing to grade
    gradebook.register(course, assignment)
    found = collect(course, assignment, submissions, students)
    results = [Result(one.student, remarks=one.remarks, problem=one.problem) for one in found]
    with tempfile.TemporaryDirectory(prefix="gradus-ledgers-") as folder:
        _run_all(course, assignment, _ready(results), workers, Path(folder), progress)
        ready = _ready(results)
        for done, result in enumerate(ready, 1):
            with alone(result):
                gradebook.record(course, assignment, result.student, Path(folder))
            progress("recording", done, len(ready))
    ready = _ready(results)
    recorded = marks.read(course, assignment.name).marks
    for result in ready:
        with alone(result):
            _fill_in(result, course, assignment, recorded[result.student])
    if feedback:
        ready = _ready(results)
        page = partial(gradebook.write_feedback, course.root, assignment.name)
        names = [result.student for result in ready]
        pages = side_by_side(page, names, min(workers, len(ready) // _WORTH_A_PROCESS))
        for done, (number, trouble) in enumerate(pages, 1):
            if isinstance(trouble, Exception):
                ready[number].remarks.append(f"no feedback page: {gate.reason(trouble)}")
            progress("feedback", done, len(ready))
    return results


def _ready(results: list[Result]) -> list[Result]:
    """Those that nothing has stopped so far."""
    return [result for result in results if not result.problem]


def _run_all(
    course: Course, assignment: Assignment, results: list[Result], workers: int, folder: Path, progress: Progress
) -> None:
    """Lay the ledgers of some students down in a folder; the same submission, handed in twice, runs once."""
    limits = gradebook.limits(course)
    jobs: dict[str, bytes] = {}
    whose: dict[str, list[Result]] = {}
    for result in results:
        with alone(result):
            job = Job.of(course, assignment, *taken(course, assignment, result.student), limits)
            jobs.setdefault(job.name, job.to_bytes())
            whose.setdefault(job.name, []).append(result)
    names = list(jobs)
    outcomes = side_by_side(partial(grade_in, course.root), list(jobs.values()), workers)
    for done, (number, made) in enumerate(outcomes, 1):
        for result in whose[names[number]]:
            with alone(result):
                if isinstance(made, Exception):
                    raise made
                ledger.write(folder / f"{names[number]}.json", made)
        progress("running", done, len(jobs))


def _fill_in(result: Result, course: Course, assignment: Assignment, recorded: marks.Marks) -> None:
    """The points are the gradebook's, which a person may have changed; what happened is the ledger's."""
    found = ledger.read(ledger.path_of(course, assignment, result.student))
    for name, most in assignment.source.exercises.items():
        if CHECK + name in found.verdicts:
            result.scores[name] = recorded.points.get(CHECK + name, 0.0)
            result.max_score += most
    result.score = round(sum(result.scores.values()), 2)
    result.manual = len(recorded.waiting)
    result.remarks += found.remarks


def as_json(results: list[Result]) -> str:
    """The results as ``autograder grade --json`` writes them."""
    return json.dumps([vars(result) for result in results], indent=1) + "\n"
