"""The judge: hands out hidden cases, keeps the ledger of what came back, and decides.

It runs in its own process, outside the one that runs the student's code. What leaves it are inputs; what comes back are
plain arrays. The first complete answer given while an exercise is open is the one that counts.
"""

from __future__ import annotations

import hmac
import os
import shutil
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from autograder.judging import catalogue
from autograder.source import reference
from gradus.checking import Case, Exercise, Misconception, Report, find_exercise, run, wire
from gradus.checking.checker import JUDGE
from gradus.checking.exercises import GATE
from gradus.checking.public import assemble
from gradus.checking.running import Outcome

SECONDS_PER_MESSAGE = 300.0


@dataclass(frozen=True)
class Verdict:
    """What the judge decided about one exercise.

    Attributes
    ----------
    exercise : str
    score : float
        Share of the points, 0 to 1.
    report : Report
    """

    exercise: str
    score: float
    report: Report

    @property
    def passed(self) -> bool:
        """Whether everything was right."""
        return self.report.passed


@dataclass
class _Task:
    exercise: Exercise
    cases: list[Case]
    answers: list[Outcome] | None = None
    uses: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Judge:
    """The judge of one submission.

    Use it as a context manager: inside, ``address`` is a Unix socket that a student's process can be told of.

    Parameters
    ----------
    secret : bytes
        The course secret.
    digest : str
        Hash of the submission. With the secret it seeds the hidden cases, so that the same submission always gets the
        same cases, whoever grades it and however often.
    """

    secret: bytes
    digest: str
    _tasks: dict[str, _Task] = field(default_factory=dict)
    _open: _Task | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _folder: str = ""
    _listener: socket.socket | None = None

    @property
    def address(self) -> str:
        """Path of the socket."""
        return str(Path(self._folder) / "judge")

    def __enter__(self) -> Self:
        self._folder = tempfile.mkdtemp(prefix="gradus-")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.address)
        self._listener.listen(8)
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, name: str) -> None:
        """From now on, answers are for the exercise ``name``."""
        exercise = find_exercise(name)
        if exercise is None:
            raise KeyError(f"there is no exercise {name!r}")
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = _Task(exercise, catalogue.hidden(name, self._rng(name)))
            self._open = self._tasks[name]

    def close(self) -> None:
        """From now on, no answer is accepted."""
        with self._lock:
            self._open = None

    def fail(self, name: str, reason: str) -> None:
        """Note why there is no answer to an exercise."""
        self._tasks[name].reason = reason

    def verdict(self, name: str) -> Verdict:
        """Decide about an exercise by what is in the ledger."""
        task = self._tasks.get(name)
        if task is None or task.answers is None:
            reason = task.reason if task else ""
            silent = "no answer reached the judge: the cell did not run to its end"
            return Verdict(name, 0.0, Report(name, (), unanswered=reason or silent))
        report = self._report(task, task.answers)
        return Verdict(name, share(report), report)

    def _report(self, task: _Task, got: list[Outcome]) -> Report:
        exercise = task.exercise
        expected = _expected(task)
        report = assemble(exercise, task.cases, expected, got, [])
        if report.passed:
            return report
        slips: list[tuple[Misconception, list[Outcome]]] = [
            (slip.described, [run(exercise, slip.answer, case) for case in task.cases])
            for slip in catalogue.known(exercise.name)
        ]
        report = assemble(exercise, task.cases, expected, got, slips)
        failing = tuple(
            name
            for name in task.uses
            if name != exercise.name and name in self._tasks and not self._passes(self._tasks[name])
        )
        return Report(**{**vars(report), "leans_on": failing})

    def _passes(self, task: _Task) -> bool:
        if task.answers is None:
            return False
        return assemble(task.exercise, task.cases, _expected(task), task.answers, []).passed

    def _rng(self, name: str) -> np.random.Generator:
        seed = hmac.new(self.secret, f"{name}\0{self.digest}".encode(), "sha256").digest()
        return np.random.default_rng(int.from_bytes(seed))

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._talk(connection)  # one after another: nobody but this submission waits

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(SECONDS_PER_MESSAGE)
            task = None
            try:
                self._asked(wire.receive(connection))
                with self._lock:
                    task = self._open
                wire.send(connection, _assignment(task))
                if task is None:
                    return
                self._take(task, wire.receive(connection))
                wire.send(connection, {"received": True})
            except wire.WireError as error:
                if task is not None and not task.reason:
                    task.reason = f"the answer could not be read ({error})"
            except OSError:
                return  # the student's process hung up or died; what it had given before still counts

    def _asked(self, message: Any) -> None:
        """Hook: a student's process asks for cases."""

    def _take(self, task: _Task, message: Any) -> None:
        """Enter an answer into the ledger if it is complete and the first."""
        try:
            answers = [Outcome.from_dict(fields) for fields in message["answers"]]
            uses = tuple(name for name in message["uses"] if isinstance(name, str) and find_exercise(name))
        except (TypeError, KeyError, ValueError) as error:
            raise wire.WireError(str(error)) from None
        if len(answers) != len(task.cases):
            raise wire.WireError(f"{len(answers)} results for {len(task.cases)} cases")
        with self._lock:
            if self._open is task and task.answers is None:
                task.answers, task.uses = answers, uses


def _expected(task: _Task) -> list[Outcome]:
    answer = reference.answer(task.exercise)
    return [run(task.exercise, answer, case) for case in task.cases]


def share(report: Report) -> float:
    """Share of the points: every group of cases earns the same, and the ordinary group gates all the others."""
    groups = report.groups()
    passed = {name for name, right, total in groups if right == total}
    if GATE not in passed:
        return 0.0
    return len(passed) / len(groups)


def _assignment(task: _Task | None) -> dict[str, Any]:
    if task is None:
        return {"exercise": "", "cases": []}
    cases = [{"group": case.group, "name": case.name, "inputs": dict(case.inputs)} for case in task.cases]
    return {"exercise": task.exercise.name, "cases": cases}


def process_environment(judge: Judge) -> dict[str, str]:
    """Environment of a student's process that answers to ``judge``."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one_thread, JUDGE: judge.address}
