"""The two judges an answer can meet: the frozen public cases, here; and the one behind a socket, when grading."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from gradus.checking import wire
from gradus.checking.comparing import diagnose, examine
from gradus.checking.exercises import GATE, Case, Exercise, all_exercises, find_exercise
from gradus.checking.report import Misconception, Report
from gradus.checking.running import Outcome, names_used, run


def judge_publicly(exercise: Exercise, answer: Any, *, look_further: bool = True) -> Report:
    """Judge an answer by the public cases that ship with the course.

    Parameters
    ----------
    exercise : Exercise
    answer : callable
        The learner's function or class.
    look_further : bool
        Whether to check, when the answer fails, the other exercises that it calls.

    Raises
    ------
    LookupError
        If the exercise has no public cases, which means that the installation is incomplete.
    """
    frozen = _public(exercise.topic).get(exercise.name)
    if frozen is None:
        raise LookupError(
            f"{exercise.name} has no public cases in this copy of the course. "
            "Download the course again, or rebuild it with: make build"
        )
    cases, expected, slips = frozen
    got = [run(exercise, answer, case) for case in cases]
    report = assemble(exercise, cases, expected, got, slips)
    if report.passed or not look_further:
        return report
    return Report(**{**vars(report), "leans_on": _failing_helpers(exercise, answer)})


def assemble(
    exercise: Exercise,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    got: Sequence[Outcome],
    slips: Sequence[tuple[Misconception, Sequence[Outcome]]],
) -> Report:
    """The report on an answer whose outcomes are known, beside the reference's and the known slips'."""
    findings = tuple(examine(exercise, *trio) for trio in zip(cases, expected, got, strict=True))
    named: tuple[Misconception, ...] = ()
    if not all(finding.passed for finding in findings):
        everything = list(range(len(cases)))
        ordinary = [index for index in everything if cases[index].group == GATE]
        # An answer with two slips at once agrees with neither everywhere, but often with one on the ordinary cases.
        named = _named(exercise, cases, expected, got, slips, everything) or _named(
            exercise, cases, expected, got, slips, ordinary
        )
    return Report(
        exercise.name,
        findings,
        misconceptions=named,
        changed=tuple(dict.fromkeys(name for outcome in got for name in outcome.changed)),
        warnings=tuple(dict.fromkeys(text for outcome in got for text in outcome.warnings)),
    )


def _named(
    exercise: Exercise,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    got: Sequence[Outcome],
    slips: Sequence[tuple[Misconception, Sequence[Outcome]]],
    among: list[int],
) -> tuple[Misconception, ...]:
    def part(whole: Sequence[Any]) -> list[Any]:
        return [whole[index] for index in among]

    return tuple(
        slip for slip, wrong in slips if diagnose(exercise, part(cases), part(expected), part(got), part(wrong))
    )


def answer_judge(address: str, find: Callable[[str], Any], names: Sequence[str] = ()) -> bool:
    """Answer the judge at ``address`` once: take the cases of the exercise that is open, send what an answer does.

    Neither an expected value nor a verdict ever comes back.

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
        cases = [Case(case["group"], case["name"], case["inputs"]) for case in task["cases"]]
        answers = [run(exercise, answer, case).as_dict() for case in cases]
        uses = sorted(names_used(answer) & all_exercises().keys())
        wire.send(connection, {"answers": answers, "uses": uses})
        wire.receive(connection)
    return True


def _failing_helpers(exercise: Exercise, answer: Any) -> tuple[str, ...]:
    known = {name: other for name, other in all_exercises().items() if other.topic == exercise.topic}
    known.pop(exercise.name, None)
    methods = vars(answer).values() if isinstance(answer, type) else [answer]
    names: dict[str, Any] = {}
    for method in methods:
        names |= getattr(method, "__globals__", {})
    return tuple(
        name
        for name in sorted(names_used(answer) & known.keys() & names.keys())
        if not judge_publicly(known[name], names[name], look_further=False).passed
    )


Frozen = tuple[list[Case], list[Outcome], list[tuple[Misconception, list[Outcome]]]]


@cache
def _public(topic: str) -> dict[str, Frozen]:
    file = resources.files("gradus").joinpath("public_cases", f"{topic}.json")
    if not file.is_file():
        return {}
    return {name: thaw(frozen) for name, frozen in wire.decode(file.read_bytes()).items()}


def thaw(frozen: dict[str, Any]) -> Frozen:
    """Cases, expected outcomes and fingerprints from the form in which they are stored."""
    cases = [Case(case["group"], case["name"], case["inputs"]) for case in frozen["cases"]]
    expected = [_outcome(fields) for fields in frozen["expected"]]
    slips = [
        (Misconception(slip["name"], slip["says"], slip["see"]), [_outcome(fields) for fields in slip["outcomes"]])
        for slip in frozen["misconceptions"]
    ]
    return cases, expected, slips


def _outcome(fields: dict[str, Any]) -> Outcome:
    return Outcome(fields.get("outputs"), error=fields.get("error", ""))
