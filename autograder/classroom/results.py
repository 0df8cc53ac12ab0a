"""What grading found, read back: verdicts and answers from the ledgers, points from the gradebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.course import Assignment, Course, CourseError
from autograder.grading.gate import reason, sentence
from autograder.judging import ledger as ledgers
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger, Predictions
from autograder.nbgrader_hooks import marks as gradebook
from autograder.nbgrader_hooks.marks import Marks
from gradus.checking import Report

OUTCOMES = ("right", "partial", "wrong", "crashed", "empty")


@dataclass(frozen=True)
class Answer:
    """One student's answer to one exercise.

    Attributes
    ----------
    points, max_points : float
        As the gradebook has them; the judge's where it has none.
    verdict : Verdict
    code : str
        The solution cell.
    """

    points: float
    max_points: float
    verdict: Verdict
    code: str = ""

    @property
    def report(self) -> Report:
        """What the judge found."""
        return self.verdict.report

    @property
    def outcome(self) -> str:
        """One of ``OUTCOMES``."""
        if self.verdict.share >= 1:
            return "right"
        if self.verdict.share > 0:
            return "partial"
        if self.report.unwritten or self.report.unrepaired:
            return "empty"
        raised = self.report.failure is not None and self.report.failure.kind == "raised"
        return "crashed" if raised or self.report.unanswered else "wrong"


@dataclass(frozen=True)
class Submission:
    """Everything that is known about what one student handed in.

    Attributes
    ----------
    student : str
    answers : dict of str to Answer
        By exercise; an exercise without a verdict is missing.
    total, maximum : float
        Points so far, late penalty taken off, and the most there are.
    penalty : float
        Late penalty in points.
    waiting : int
        Answers that wait for a person.
    predictions : dict of str to tuple
        What was predicted, by id.
    remarks : tuple of str
        What else happened while it was graded.
    problem : str
        Why answers are missing and what to do, where some are.
    """

    student: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    total: float = 0.0
    maximum: float = 0.0
    penalty: float = 0.0
    waiting: int = 0
    predictions: Predictions = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    problem: str = ""

    @property
    def note(self) -> str:
        """The problem and the remarks, in one line."""
        return " · ".join(sentence(text) for text in (self.problem, *self.remarks) if text)


def read(course: Course, assignment: Assignment) -> list[Submission]:
    """The results of all students who handed in an assignment, in the order of their names.

    A ledger that is missing or broken becomes a submission with a ``problem``.

    Raises
    ------
    CourseError
        If nothing is graded yet, or the gradebook cannot be read.
    """
    folder = ledgers.folder_of(course, assignment)
    graded = {path.stem for path in folder.glob("*.json") if not path.name.startswith(".")}
    if not graded:
        raise CourseError(
            f"Nothing of {assignment.name} is graded yet: there is no ledger in {folder}. "
            f"Grade it first: autograder grade {assignment.name}"
        )
    book = gradebook.read(course, assignment.name)
    submitted = {path.parent.name for path in (course.work / "submitted").glob(f"*/{assignment.name}")}
    students = sorted(name for name in graded | book.marks.keys() | submitted if not name.startswith("."))
    return [
        _one(course, assignment, student, book.marks.get(student), student in graded, book.maximum)
        for student in students
    ]


def _one(
    course: Course, assignment: Assignment, student: str, marks: Marks | None, graded: bool, maximum: float
) -> Submission:
    try:
        return _submission(course, assignment, student, marks, graded, maximum)
    except Exception as error:  # one submission stops no report
        return Submission(student, problem=f"it cannot be read: {reason(error)}")


def _submission(
    course: Course, assignment: Assignment, student: str, marks: Marks | None, graded: bool, maximum: float
) -> Submission:
    again = f"autograder grade {assignment.name} --students {student}"
    kept: Ledger | None = None
    problem = f"its ledger is missing. Grade it again: {again}" if marks else f"not graded yet. Grade it: {again}"
    if graded:
        kept, problem = _ledger(course, assignment, student, again)
    exercises = assignment.source.exercises
    answers = _answers(kept, exercises, marks or Marks()) if kept else {}
    total = sum(marks.points.values()) if marks else sum(answer.points for answer in answers.values())
    penalty = marks.penalty if marks else 0.0
    return Submission(
        student,
        answers,
        total=max(0.0, total - penalty),
        maximum=maximum or sum(exercises.values()),
        penalty=penalty,
        waiting=len(marks.waiting) if marks else 0,
        predictions=kept.predictions if kept else {},
        remarks=kept.remarks if kept else (),
        problem=problem,
    )


def _ledger(course: Course, assignment: Assignment, student: str, again: str) -> tuple[Ledger | None, str]:
    """The ledger of a submission, and what is wrong with it."""
    try:
        found = ledgers.read(ledgers.path_of(course, assignment, student))
    except CourseError as error:
        return None, str(error).replace(f"{course.root}/", "")
    if found.assignment != assignment.name:
        return None, f"its ledger is of another assignment, {found.assignment[:80]!r}. Grade it again: {again}"
    judged = {verdict.exercise for verdict in found.verdicts.values()}
    missing = [name for name in assignment.source.exercises if name not in judged]
    return found, f"no verdict on {', '.join(missing)}. Grade it again: {again}" if missing else ""


def _answers(kept: Ledger, exercises: Mapping[str, float], marks: Marks) -> dict[str, Answer]:
    """The answers in the order of the notebook."""
    found = {verdict.exercise: (grade_id, verdict) for grade_id, verdict in kept.verdicts.items()}
    answers = {}
    for name, most in exercises.items():
        if name in found:
            grade_id, verdict = found[name]
            points = marks.points.get(grade_id, round(verdict.share * most, 2))
            answers[name] = Answer(points, most, verdict, kept.answers.get(name, ""))
    return answers
