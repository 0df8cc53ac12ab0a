"""The judge: hands out hidden cases, serves functions, keeps what came back, and decides.

It runs in its own process, outside the one that runs the student's code. What leaves it are inputs; what comes back are
plain values, no larger than a right answer makes plausible. The first complete answer given while an exercise is open
is the one that counts.
"""

from __future__ import annotations

import hmac
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from autograder.course import Course
from autograder.judging import catalogue, diagnosis
from gradus.checking import Case, Exercise, Report, find_exercise, wire
from gradus.checking.arguments import Server
from gradus.checking.client import JUDGE
from gradus.checking.comparing import behaviour
from gradus.checking.exercises import all_exercises
from gradus.checking.facts import Behaviour
from gradus.checking.naming import Candidate
from gradus.checking.plain import size
from gradus.checking.public import assemble
from gradus.checking.running import Outcome, run
from gradus.checking.scoring import share
from gradus.learning.startup import THREADS

SECONDS_PER_MESSAGE = 300.0
_ROOM, _PER_CASE, _TIMES = 2**20, 2**13, 8
_CALLS_TOO_MANY = 200
_HELLO = wire.Limit(2**16, 2**12, made=False)


@dataclass(frozen=True)
class Verdict:
    """What the judge decided about one exercise.

    Attributes
    ----------
    exercise : str
    share : float
        Share of the points, 0 to 1.
    report : Report
    """

    exercise: str
    share: float
    report: Report

    @property
    def passed(self) -> bool:
        """Whether everything was right."""
        return self.report.passed


@dataclass
class _Task:
    exercise: Exercise
    cases: list[Case]
    right: list[Outcome]
    expected: list[Behaviour]
    slips: list[Candidate]
    limit: wire.Limit
    answers: list[Outcome] | None = None
    uses: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Judge:
    """The judge of one submission.

    Use it as a context manager: inside, ``address`` is a Unix socket that a student's process can be told of.

    Parameters
    ----------
    course : Course
        Whose reference decides.
    key : bytes
        The submission's own, derived from the course's secret. It seeds the hidden cases, so that the same submission
        always gets the same cases, whoever grades it and however often.
    """

    course: Course
    key: bytes
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
                self._tasks[name] = self._task(exercise)
            self._open = self._tasks[name]

    def close(self) -> None:
        """From now on, no answer is accepted."""
        with self._lock:
            self._open = None

    def fail(self, name: str, reason: str) -> None:
        """Note why there is no answer to an exercise."""
        self._tasks[name].reason = reason

    def verdict(self, name: str) -> Verdict:
        """Decide about an exercise by what came back. Nothing that a student sent makes this raise."""
        task = self._tasks.get(name)
        if task is None or task.answers is None:
            reason = task.reason if task else ""
            silent = "no answer reached the judge: the cell did not run to its end"
            return Verdict(name, 0.0, Report(name, unanswered=reason or silent))
        try:
            report = self._report(task, task.answers)
        except Exception as error:  # whatever it is, it comes of the student's values: the reference was judged before
            reason = f"the answer could not be judged ({type(error).__name__}: {error})"[:300]
            return Verdict(name, 0.0, Report(name, unanswered=reason))
        return Verdict(name, share(report), report)

    def _task(self, exercise: Exercise) -> _Task:
        cases = catalogue.hidden(exercise.name, self._rng(exercise.name))
        answer = self.course.assignment(exercise.topic).source.answer(exercise.name)
        right = [run(exercise, answer, case) for case in cases]
        expected = [behaviour(exercise, *pair) for pair in zip(cases, right, strict=True)]
        for case, one in zip(cases, expected, strict=True):
            if one.unusable:
                raise ValueError(f"{exercise.name}, {case.name}: the reference cannot be measured: {one.unusable}")
        slips = diagnosis.candidates(self.course, exercise, cases)
        return _Task(exercise, cases, right, expected, slips, _limit(right))

    def _report(self, task: _Task, got: list[Outcome]) -> Report:
        exercise, titles = task.exercise, catalogue.titles(task.exercise.topic)
        report = assemble(exercise, task.cases, task.expected, got, task.slips, titles)
        if report.passed:
            return report
        failing = tuple(
            name
            for name in task.uses
            if name != exercise.name and name in self._tasks and not self._passes(self._tasks[name])
        )
        return replace(report, leans_on=failing)

    def _passes(self, task: _Task) -> bool:
        if task.answers is None:
            return False
        return assemble(task.exercise, task.cases, task.expected, task.answers, [], {}).passed

    def _rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng(int.from_bytes(hmac.new(self.key, name.encode(), "sha256").digest()))

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
                self._asked(wire.receive(connection, _HELLO))
                with self._lock:
                    task = self._open
                wire.send(connection, _assignment(task))
                if task is None:
                    return
                servers = [Server(case.inputs) for case in task.cases]
                message = wire.receive(connection, task.limit)
                left = _CALLS_TOO_MANY + sum(server.most_calls for server in servers)
                while isinstance(message, dict) and "call" in message:
                    left -= 1
                    if left < 0:
                        raise wire.WireError("far more calls of a function than any answer needs")
                    wire.send(connection, _served(servers, message))
                    message = wire.receive(connection, task.limit)
                self._take(task, message, servers)
                wire.send(connection, {"received": True})
            except wire.WireError as error:
                if task is not None and not task.reason:
                    task.reason = f"the answer could not be read ({error})"
            except OSError:
                return  # the student's process hung up or died; what it had given before still counts

    def _asked(self, message: Any) -> None:
        """Hook: a student's process asks for cases."""

    def _take(self, task: _Task, message: Any, servers: Sequence[Server]) -> None:
        """Take an answer down if it is complete and the first."""
        try:
            answers = [Outcome.from_dict(fields) for fields in message["answers"]]
            uses = all_exercises().keys() & set(message["uses"])
        except (TypeError, KeyError, ValueError) as error:
            raise wire.WireError(str(error)) from None
        if len(answers) != len(task.cases):
            raise wire.WireError(f"{len(answers)} results for {len(task.cases)} cases")
        answers = [replace(one, calls=server.calls) for one, server in zip(answers, servers, strict=True)]
        with self._lock:
            if self._open is task and task.answers is None:
                task.answers, task.uses = answers, tuple(sorted(uses))


def _limit(right: Sequence[Outcome]) -> wire.Limit:
    """How large an answer may be: a few times what the reference returned, and room for errors and warnings."""
    text = wire.encode([outcome.as_dict() for outcome in right])
    parts = sum(text.count(separator) for separator in ",[{")
    return wire.Limit(_ROOM + _PER_CASE * len(right) + _TIMES * len(text), 10_000 + _TIMES * parts, made=False)


def _assignment(task: _Task | None) -> dict[str, Any]:
    if task is None:
        return {"exercise": "", "cases": []}
    cases = [
        {"group": case.group, "name": case.name, "inputs": dict(case.inputs), "instances": case.instances}
        for case in task.cases
    ]
    at_most = [1000 + _TIMES * size(list(outcome.steps)) for outcome in task.right]
    return {"exercise": task.exercise.name, "cases": cases, "at_most": at_most, "room": task.limit.size - _ROOM // 2}


def _served(servers: Sequence[Server], message: Any) -> dict[str, Any]:
    """The reply to a call of a served function."""
    try:
        server = servers[message["case"]]
        return {"value": server(message["call"], message["arguments"])}
    except ValueError as error:
        return {"refused": str(error)[:1000]}
    except (KeyError, TypeError, IndexError) as error:
        raise wire.WireError(f"a call that nobody can answer: {type(error).__name__}") from None


def process_environment(judge: Judge) -> dict[str, str]:
    """Environment of a student's process that answers to ``judge``."""
    return {**os.environ, **dict.fromkeys(THREADS, "1"), JUDGE: judge.address}
