"""Judge a Python file on hidden cases: functions and classes that go by the exercises' names."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course import Course, CourseError
from autograder.judging import catalogue
from autograder.judging.judge import Judge, Verdict, process_environment

SECONDS_PER_EXERCISE = 60.0


@dataclass
class _QueueJudge(Judge):
    """A judge that opens one exercise after another, each time it is asked."""

    wanted: tuple[str, ...] = ()
    found: list[str] | None = None
    current: str = ""
    since: float = field(default_factory=time.monotonic)
    finished: list[str] = field(default_factory=list)

    def _asked(self, message: Any) -> None:
        if self.found is None:
            names = message.get("names") if isinstance(message, dict) else None
            self.found = [name for name in names or [] if isinstance(name, str) and catalogue.exercise_called(name)]
        if self.current:
            self.finished.append(self.current)
        self.next()

    @property
    def waiting(self) -> list[str]:
        """Exercises whose turn has not come."""
        found = self.found or []
        chosen = [name for name in self.wanted if name in found] if self.wanted else found
        return [name for name in chosen if name not in self.finished]

    def next(self) -> None:
        """Open the next exercise, or none."""
        self.current = next(iter(self.waiting), "")
        self.since = time.monotonic()
        if self.current:
            self.open(self.current)
        else:
            self.close()


def evaluate(
    course: Course, path: Path, exercises: tuple[str, ...] = (), seconds: float = SECONDS_PER_EXERCISE
) -> list[Verdict]:
    """Judge the answers in a file, each exercise on its hidden cases, in a process of its own.

    Parameters
    ----------
    course : Course
    path : Path
        A Python file.
    exercises : tuple of str
        Names of the exercises to judge; all that the file defines by default.
    seconds : float
        Wall time that one exercise may take.

    Raises
    ------
    CourseError
        If the file cannot be used: it is missing, does not run, or defines no such exercise.
    """
    for name in exercises:
        if catalogue.exercise_called(name) is None:
            raise CourseError(f"There is no exercise {name!r}.")
    try:
        content = path.read_bytes()
        compile(content, str(path), "exec")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    except (SyntaxError, ValueError) as error:
        raise CourseError(f"{path} is not a Python file that runs: {error}") from None
    with _QueueJudge(course, course.key(hashlib.sha256(content).hexdigest()), wanted=exercises) as judge:
        _answer_all(judge, path.resolve(), seconds)
        missing = [name for name in exercises if name not in (judge.found or [])]
        if missing or not judge.found:
            raise CourseError(f"{path} defines no {' and no '.join(missing) or 'exercise of this course'}.")
        return [judge.verdict(name) for name in judge.finished]


def _answer_all(judge: _QueueJudge, path: Path, seconds: float) -> None:
    """Run the file until every exercise had its turn, again where one of them ended the process."""
    while judge.found is None or judge.waiting:
        with tempfile.TemporaryDirectory(prefix="gradus-room-") as folder:
            before = len(judge.finished)
            trouble = _run_once(judge, path, seconds, folder)
        if judge.found is None:
            raise CourseError(f"{path} cannot be used: {trouble}")
        if judge.current:
            judge.fail(judge.current, trouble)
            judge.finished.append(judge.current)
            judge.current = ""
        elif len(judge.finished) == before:
            return


def _run_once(judge: _QueueJudge, path: Path, seconds: float, folder: str) -> str:
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gradus.checking.answers", str(path)],
            cwd=folder,
            env={**process_environment(judge), "MPLBACKEND": "agg"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        judge.since = time.monotonic()
        while process.poll() is None:
            if time.monotonic() - judge.since > seconds:
                process.kill()
                process.wait()
                return f"it took longer than {seconds:g} s"
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        said.seek(0)
        last = said.read()[-4000:].strip().splitlines()
    return last[-1] if last else f"the process ended by itself (exit code {process.returncode})"


def as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as ``autograder evaluate --json`` prints it."""
    report = verdict.report
    words = {group.id: group.title for group in report.groups}
    cases = [
        {"group": words[case.group], "name": case.name, "passed": case.passed, "message": case.message}
        for case in report.cases
    ]
    return {
        "exercise": verdict.exercise,
        "score": verdict.share,
        "passed": verdict.passed,
        "cases": cases,
        "misconception": report.slips[0].slip.id if report.slips else None,
        "warnings": report.notes() + ([report.unanswered] if report.unanswered else []),
    }
