"""Judging by the public cases: what a learner's own ``check`` does, with no reference in reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from gradus.checking import report, wire
from gradus.checking.comparing import behaviour, examine
from gradus.checking.exercises import Case, Exercise, all_exercises
from gradus.checking.facts import Behaviour, Value
from gradus.checking.fingerprints import recognised, thaw
from gradus.checking.naming import Candidate, Judged, KnownSlip, Place, name_slips
from gradus.checking.pictures import Picture
from gradus.checking.plain import leaves
from gradus.checking.report import Report
from gradus.checking.running import Outcome, names_used, run

Around = Callable[[Callable[[], list[Outcome]]], list[Outcome]]


@dataclass(frozen=True)
class Public:
    """The frozen public cases of one exercise.

    Attributes
    ----------
    cases : tuple of Case
    expected : tuple of Behaviour
        The reference's.
    slips : tuple of (KnownSlip, tuple of Behaviour)
    titles : mapping of str to str
        Group id -> its words.
    """

    cases: tuple[Case, ...]
    expected: tuple[Behaviour, ...]
    slips: tuple[tuple[KnownSlip, tuple[Behaviour, ...]], ...]
    titles: Mapping[str, str]

    def candidates(self) -> list[Candidate]:
        """The slips, to be compared with an answer."""
        return [Candidate(slip, prints.__getitem__) for slip, prints in self.slips]


def judge_publicly(
    exercise: Exercise, answer: Any, *, look_further: bool = True, around: Around = lambda work: work()
) -> Report:
    """Judge an answer by the public cases that ship with the course.

    Parameters
    ----------
    exercise : Exercise
    answer : callable
        The learner's function or class.
    look_further : bool
        Whether to check, when the answer fails, the other exercises that it calls.
    around : callable
        ``around(work)`` returns ``work()``, in which answers are called.

    Raises
    ------
    LookupError
        If the exercise has no public cases, which means that the installation is incomplete.
    """
    frozen = public_cases(exercise.topic).get(exercise.judged_as)
    if frozen is None:
        raise LookupError(
            f"{exercise.name} has no public cases in this copy of the course. "
            "Download the course again, or rebuild it with: make build"
        )
    outcomes = around(lambda: [run(exercise, answer, case) for case in frozen.cases])
    found = assemble(exercise, frozen.cases, frozen.expected, outcomes, frozen.candidates(), frozen.titles)
    if found.passed or not look_further:
        return found
    return replace(found, leans_on=_failing_helpers(exercise, answer, around))


@np.errstate(all="ignore")
def assemble(
    exercise: Exercise,
    cases: Sequence[Case],
    expected: Sequence[Behaviour],
    outcomes: Sequence[Outcome],
    candidates: Sequence[Candidate],
    titles: Mapping[str, str],
) -> Report:
    """The report on an answer whose outcomes are known, beside the reference's behaviours and the known slips'."""
    got = [behaviour(exercise, *pair) for pair in zip(cases, outcomes, strict=True)]
    findings = [examine(exercise, *each) for each in zip(cases, expected, got, outcomes, strict=True)]
    if all(finding.passed for finding in findings):
        return report.write(exercise, findings, titles, outcomes)
    named = name_slips(Judged(exercise, cases, expected, got, findings), candidates)
    first = next(index for index, finding in enumerate(findings) if not finding.passed)
    picture = _picture(exercise, cases[first], expected[first], outcomes[first])
    return report.write(exercise, findings, titles, outcomes, named, picture)


def _picture(exercise: Exercise, case: Case, expected: Behaviour, got: Outcome) -> Picture | None:
    """What the exercise draws of a wrong answer; nothing where the values of the answer do not allow it."""
    if exercise.picture is None or expected.error or not got.steps:
        return None
    right: list[dict[str, Any]] = []
    for fact in expected.facts:
        if isinstance(fact, Value):
            right += [{} for _ in range(fact.step + 1 - len(right))]
            right[fact.step][fact.name] = fact.value
    mine = [dict(_flat(outputs)) for outputs in got.steps]
    try:
        with np.errstate(all="ignore"):
            return exercise.picture(case.inputs, *((right, mine) if exercise.by_steps else (right[0], mine[0])))
    except Exception:  # a picture helps; what cannot be drawn is still said in words
        return None


def _flat(outputs: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(".".join(path), leaf) for path, leaf in leaves(outputs)]


def _failing_helpers(exercise: Exercise, answer: Any, around: Around) -> tuple[str, ...]:
    known = {name: other for name, other in all_exercises().items() if other.topic == exercise.topic}
    known.pop(exercise.name, None)
    methods = vars(answer).values() if isinstance(answer, type) else [answer]
    names: dict[str, Any] = {}
    for method in methods:
        names |= getattr(method, "__globals__", {})
    return tuple(
        name
        for name in sorted(names_used(answer) & known.keys() & names.keys())
        if not judge_publicly(known[name], names[name], look_further=False, around=around).passed
    )


@cache
def public_cases(topic: str) -> dict[str, Public]:
    """The public cases of a topic's exercises by name, as they ship with the course; empty where there are none."""
    file = resources.files("gradus").joinpath("public_cases", f"{topic}.json")
    if not file.is_file():
        return {}
    return read(file.read_bytes())


def read(text: bytes) -> dict[str, Public]:
    """The public cases of a topic's exercises from the file that a build makes."""
    frozen = wire.decode(text)
    places = {id: Place(**fields) for id, fields in frozen["places"].items()}
    return {name: _thawed(one, frozen["groups"], places) for name, one in frozen["exercises"].items()}


def _thawed(frozen: Mapping[str, Any], titles: Mapping[str, str], places: Mapping[str, Place]) -> Public:
    cases = tuple(Case(*one) for one in frozen["cases"])
    expected = tuple(map(thaw, frozen["expected"]))
    slips = tuple(
        (
            KnownSlip(id, title, says, places[see], *estimate),
            tuple(recognised(*pair) for pair in zip(prints, expected, strict=True)) if prints else (),
        )
        for id, title, says, see, prints, *estimate in frozen["slips"]
    )
    return Public(cases, expected, slips, titles)
