"""Which known slip an answer has: looked for in everything first, then in each group of cases that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gradus.checking.comparing import Finding, differs_by_value, same
from gradus.checking.estimators import estimate, fill
from gradus.checking.exercises import GATE, Case, Exercise
from gradus.checking.facts import Behaviour, Value

SECONDS = 10.0
"""How long names are looked for before the report goes without."""


@dataclass(frozen=True)
class Place:
    """A paragraph of the course: the id of its heading, the notebook's number, and the heading's words."""

    id: str
    notebook: str
    heading: str

    @property
    def anchor(self) -> str:
        """Slug of the heading, for a link inside the notebook."""
        return self.heading.replace(" ", "-")

    def __str__(self) -> str:
        return f"notebook {self.notebook}, “{self.heading}”"


@dataclass(frozen=True)
class KnownSlip:
    """A slip as a learner reads about it.

    Attributes
    ----------
    id : str
        Never changes, whatever the words become.
    title, says : str
        What it is called, and the sentence for whoever has it; placeholders stand for what an estimator finds.
    see : Place
        Where it is explained.
    estimate : dict or None
        How the constant of a slip with a parameter is found in an answer, see `gradus.checking.estimators`.
    """

    id: str
    title: str
    says: str
    see: Place
    estimate: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Named:
    """A slip that an answer has, and the groups of cases in which it shows."""

    slip: KnownSlip
    groups: tuple[str, ...]


@dataclass
class Candidate:
    """A slip that an answer may have; what it does in a case is worked out when it is first asked for.

    Parameters
    ----------
    slip : KnownSlip
    behave : callable
        ``behave(index) -> Behaviour`` in the case of that index.
    """

    slip: KnownSlip
    behave: Callable[[int], Behaviour]
    _known: dict[int, Behaviour] = field(default_factory=dict)

    def behaviour(self, index: int) -> Behaviour:
        """What the slip does in one case."""
        if index not in self._known:
            self._known[index] = self.behave(index)
        return self._known[index]


@dataclass(frozen=True)
class Judged:
    """An exercise's cases with what the reference and an answer did in them, and what was found."""

    exercise: Exercise
    cases: Sequence[Case]
    expected: Sequence[Behaviour]
    got: Sequence[Behaviour]
    findings: Sequence[Finding]

    @cached_property
    def failing(self) -> dict[str, list[int]]:
        """The groups that fail, with the indices of all their cases; the gate first."""
        failed = dict.fromkeys(finding.case.group for finding in self.findings if not finding.passed)
        groups = sorted(failed, key=lambda group: group != GATE)
        return {group: [i for i, case in enumerate(self.cases) if case.group == group] for group in groups}

    def agrees(self, candidate: Candidate, among: Sequence[int], *, loosely: bool = False) -> bool:
        """Whether the slip does in these cases what the answer does, and shows by a value in one of them."""
        first = sorted(among, key=lambda index: self.findings[index].passed)
        for index in first:
            case, got = self.cases[index], self.got[index]
            if not same(self.exercise, case, got, candidate.behaviour(index), loosely=loosely):
                return False
        return any(
            differs_by_value(self.exercise, self.cases[i], self.expected[i], candidate.behaviour(i)) for i in among
        )

    def is_possible(self, candidate: Candidate, groups: Sequence[str]) -> bool:
        """Whether a slip found in some groups goes with the rest: with what passes, and with the gate.

        Where the answer passes with other last digits than the reference's, the slip may have the digits of either.
        """
        for index, finding in enumerate(self.findings):
            likely = [self.expected[index], self.got[index]] if finding.passed else [self.expected[index]]
            asked = finding.passed or (finding.case.group == GATE and GATE not in groups)
            does, case = candidate.behaviour(index), self.cases[index]
            if asked and not any(same(self.exercise, case, does, one) for one in likely):
                return False
        return True


def name_slips(judged: Judged, candidates: Sequence[Candidate], seconds: float = SECONDS) -> tuple[Named, ...]:
    """The slips that behave like the answer.

    What behaves like it in every case is its name. Otherwise every group that fails is looked at by itself: two slips
    at once agree with neither everywhere, but often with one in each group, to the last digits or, where none does, as
    exactly as the cases ask. A group in which several slips cannot be told apart gets no name of its own. A slip that
    shows where the answer is right, or that does something else than the answer in ordinary cases, is not among them.
    And nothing is named where the first case that fails, which a learner looks at, would stay without a name.

    Parameters
    ----------
    judged : Judged
    candidates : sequence of Candidate
    seconds : float
        When to stop looking.
    """
    deadline = time.monotonic() + seconds
    if not judged.failing:
        return ()
    fixed = [candidate for candidate in candidates if candidate.slip.estimate is None]
    everything, failing = range(len(judged.cases)), tuple(judged.failing)
    whole: dict[str, Named] = {}
    for candidate in fixed:
        if time.monotonic() > deadline:
            return ()
        if candidate.slip.id not in whole and judged.agrees(candidate, everything):
            whole[candidate.slip.id] = Named(candidate.slip, failing)
    if whole:
        return tuple(whole.values())
    families = [candidate.slip for candidate in candidates if candidate.slip.estimate is not None]
    if (found := _estimated(judged, families, everything)) is not None:
        return (Named(found, failing),)
    named = []
    left = dict(judged.failing)
    for candidate, groups in _by_groups(judged, fixed, deadline):
        if judged.is_possible(candidate, groups):
            named.append(Named(candidate.slip, groups))
            left = {group: among for group, among in left.items() if group not in groups}
    elsewhere = {group for one in named for group in one.groups}
    among = [index for index in everything if judged.cases[index].group not in elsewhere]
    if named and left and (found := _estimated(judged, families, among)) is not None:
        named, left = [*named, Named(found, tuple(left))], {}
    first = next(finding.case.group for finding in judged.findings if not finding.passed)
    return () if first in left else tuple(named)


def _by_groups(
    judged: Judged, fixed: Sequence[Candidate], deadline: float
) -> Iterator[tuple[Candidate, tuple[str, ...]]]:
    """Slips, each with the groups in which it alone behaves like the answer."""
    found_in: dict[int, list[str]] = {}
    for group, among in judged.failing.items():
        for loosely in (False, True):
            alike = [
                number
                for number, one in enumerate(fixed)
                if time.monotonic() <= deadline and judged.agrees(one, among, loosely=loosely)
            ]
            if alike:
                break
        if len(alike) == 1:
            found_in.setdefault(alike[0], []).append(group)
    for number, groups in found_in.items():
        yield fixed[number], tuple(groups)


def constants(judged: Judged, spec: Mapping[str, Any], among: Sequence[int] | None = None) -> dict[str, float] | None:
    """What an estimator finds in an answer, see `gradus.checking.estimators.estimate`; in these cases or in all."""
    pairs = []
    for index in range(len(judged.cases)) if among is None else among:
        case, expected, got = judged.cases[index], judged.expected[index], judged.got[index]
        if expected.error or got.error or not expected.facts:
            return None
        of = spec.get("of", expected.facts[0].name)
        right, mine = (_values(one, of) for one in (expected, got))
        if not right or right.keys() != mine.keys():
            return None
        size = len(case.inputs[spec["mean_over"]]) if "mean_over" in spec else 1
        pairs += [(right[step], mine[step], size) for step in right]
    return estimate(spec, pairs)


def _estimated(judged: Judged, families: Sequence[KnownSlip], among: Sequence[int]) -> KnownSlip | None:
    """The first slip whose constant the answer shows in these cases, with the constant filled in."""
    for slip in families:
        if (found := constants(judged, slip.estimate or {}, among)) is not None:
            return KnownSlip(slip.id, fill(slip.title, found), fill(slip.says, found), slip.see)
    return None


def _values(one: Behaviour, name: str) -> dict[int, Any]:
    return {fact.step: fact.value for fact in one.facts if isinstance(fact, Value) and fact.name == name}
