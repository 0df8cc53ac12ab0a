"""Answering a judge behind a socket, which is what ``check`` does while a notebook is graded.

Neither an expected value nor a verdict ever comes back.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gradus.checking import wire
from gradus.checking.exercises import Case, all_exercises, find_exercise
from gradus.checking.running import Outcome, names_used, run

JUDGE = "GRADUS_JUDGE"
"""Environment variable that holds the address of the judge."""
NBGRADER = "NBGRADER_EXECUTION"
"""Environment variable that says why nbgrader executes a notebook."""


def is_graded() -> bool:
    """Whether code runs to be graded or validated, with no learner in front of it."""
    return any(os.environ.get(name) for name in (JUDGE, NBGRADER))


def answer_judge(address: str, find: Callable[[str], Any], names: Sequence[str] = ()) -> bool:
    """Answer the judge at ``address`` once: take the cases of the exercise that is open, send what an answer does.

    Parameters
    ----------
    address : str
        Path of the judge's socket.
    find : callable
        ``find(name) -> answer`` for the exercise that the judge names.
    names : sequence of str
        The exercises that can be answered here, for a judge that asks for one after another.

    Returns
    -------
    bool
        Whether an exercise was open.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(address)
        wire.send(connection, {"names": list(names)})
        task = wire.receive(connection)
        exercise = find_exercise(task["exercise"])
        if exercise is None:
            return False
        answer = find(exercise.name)
        answers, room = [], task["room"]
        for index, fields in enumerate(task["cases"]):
            case = Case(fields["group"], fields["name"], fields["inputs"], fields["instances"])
            outcome = run(exercise, answer, case, _Remote(connection, index), task["at_most"][index])
            encoded = len(wire.encode(outcome.as_dict()))
            if encoded > room:
                outcome = _too_much(outcome)
            room -= min(encoded, room)
            answers.append(outcome.as_dict())
        uses = sorted(names_used(answer) & all_exercises().keys())
        wire.send(connection, {"answers": answers, "uses": uses})
        wire.receive(connection)
    return True


class _Remote:
    """Passes the calls of served functions on to the judge."""

    def __init__(self, connection: socket.socket, case: int) -> None:
        self._connection, self._case = connection, case

    def __call__(self, argument: str, arguments: Sequence[Any]) -> Any:
        wire.send(self._connection, {"call": argument, "case": self._case, "arguments": list(arguments)})
        reply = wire.receive(self._connection)
        if "refused" in reply:
            raise ValueError(reply["refused"])
        return reply["value"]


def _too_much(outcome: Outcome) -> Outcome:
    said = "your answer returned far more data, over all cases, than a right answer does"
    return replace(outcome, steps=(), errors=("UnusableOutputError", "TypeError"), message=said)
