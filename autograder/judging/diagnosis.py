"""From slips as code to the names that a report gives: live, as the judge compares them, and frozen, for students."""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from autograder.course import Course, CourseError
from autograder.errors import nearest
from autograder.judging import catalogue
from autograder.judging.slips import Slip
from autograder.source.notebook import EXECUTED, Source, defined
from gradus.checking import RANDOM, REFUSAL, STATE, Case, Exercise, wire
from gradus.checking.comparing import behaviour, differs_by_value, examine, same_fact
from gradus.checking.exercises import EXACT, GATE
from gradus.checking.facts import Behaviour, Value
from gradus.checking.fingerprints import fingerprint, freeze
from gradus.checking.naming import Candidate, Judged, KnownSlip, Place, name_slips
from gradus.checking.public import assemble
from gradus.checking.running import Outcome, run
from gradus.checking.scoring import share


def known(course: Course, slip: Slip, value: Any = None) -> KnownSlip:
    """A slip as a learner reads about it, with a value of its parameter, where nothing estimates that.

    Raises
    ------
    CourseError
        If it points to a paragraph that the course does not have.
    """
    exercise = catalogue.exercise_called(slip.exercise)
    number, _, heading = slip.see.rpartition(":")
    source = course.assignment(number or (exercise.topic if exercise else "")).source
    if heading not in source.headings:
        raise CourseError(
            f"The slip {slip.id!r} of {slip.exercise} points to {slip.see!r}, but {source.name}.py has no heading "
            f"with the id {{#{heading}}}. There are: {', '.join(source.headings)}."
        )
    place = Place(heading, source.number, source.headings[heading].title)
    title, says = (slip.title, slip.says) if value is None else slip.words({slip.parameter: value})
    return KnownSlip(slip.id, title, says, place, slip.estimate)


def answer(course: Course, slip: Slip, value: Any = None) -> Any:
    """The function or class that has the slip; for one with a parameter, with that value, its first by default.

    Raises
    ------
    CourseError
        If the slip does not fit the solution that it edits.
    """
    exercise = catalogue.exercise_called(slip.exercise)
    return _answer(course.assignment(exercise.topic if exercise else "").source, slip, value)


@cache
def _answer(source: Source, slip: Slip, value: Any) -> Any:
    return slip.answer(source.solutions[slip.exercise], vars(source.reference), value)


def candidates(course: Course, exercise: Exercise, cases: Sequence[Case]) -> list[Candidate]:
    """The slips of an exercise, to be compared with an answer on these cases; each runs when it is first asked for.

    Raises
    ------
    CourseError
        If a slip does not fit the solution that it edits.
    """
    return [
        Candidate(known(course, slip, value), partial(_behaviour, exercise, answer(course, slip, value), cases))
        for slip, value in _members(exercise)
    ]


def _members(exercise: Exercise) -> Iterator[tuple[Slip, Any]]:
    """Slips, those of which nothing estimates the constant with each of its values."""
    for slip in catalogue.slips(exercise.name):
        for value in slip.values if slip.values and slip.estimate is None else (None,):
            yield slip, value


def _behaviour(exercise: Exercise, wrong: Any, cases: Sequence[Case], index: int) -> Behaviour:
    return behaviour(exercise, cases[index], run(exercise, wrong, cases[index]))


@dataclass(frozen=True)
class _Done:
    """What an answer did in some cases."""

    outcomes: list[Outcome]
    behaviours: list[Behaviour]

    @classmethod
    def by(cls, answer: Any, exercise: Exercise, cases: Sequence[Case]) -> _Done:
        outcomes = [run(exercise, answer, case) for case in cases]
        return cls(outcomes, [behaviour(exercise, *pair) for pair in zip(cases, outcomes, strict=True)])


class Rehearsal:
    """What the reference and every slip do in the public cases of an exercise; each runs once, when first asked for."""

    def __init__(self, course: Course, exercise: Exercise) -> None:
        self.course = course
        self.exercise = exercise
        self._known: dict[tuple[Slip, Any], _Done] = {}

    @cached_property
    def source(self) -> Source:
        """The notebook that the exercise belongs to."""
        return self.course.assignment(self.exercise.topic).source

    @cached_property
    def cases(self) -> list[Case]:
        """The public cases."""
        return catalogue.public(self.exercise.name)

    @cached_property
    def right(self) -> _Done:
        """What the reference does."""
        return _Done.by(self.source.answer(self.exercise.name), self.exercise, self.cases)

    def wrong(self, slip: Slip, value: Any = None) -> _Done:
        """What a slip does; one with a parameter, with that value, its first by default."""
        if (slip, value) not in self._known:
            self._known[slip, value] = _Done.by(answer(self.course, slip, value), self.exercise, self.cases)
        return self._known[slip, value]

    def judged(self, slip: Slip, value: Any = None) -> Judged:
        """What is found about somebody who has a slip."""
        right, wrong = self.right, self.wrong(slip, value)
        pairs = zip(self.cases, right.behaviours, wrong.behaviours, wrong.outcomes, strict=True)
        findings = [examine(self.exercise, *each) for each in pairs]
        return Judged(self.exercise, self.cases, right.behaviours, wrong.behaviours, findings)

    def candidates(self) -> list[Candidate]:
        """The slips as they are looked for."""
        return [
            Candidate(known(self.course, slip, value), self.wrong(slip, value).behaviours.__getitem__)
            for slip, value in _members(self.exercise)
        ]


def forgotten(rehearsal: Rehearsal) -> list[str]:
    """What an author has forgotten or got wrong about an exercise: a sentence each, with the file and what to do."""
    course, exercise = rehearsal.course, rehearsal.exercise
    if exercise.repairs:
        return list(_wrong_with_repair(rehearsal.source, exercise))
    found = []
    drawn: dict[str, tuple[list[Case], _Done]] = {}
    try:
        drawn["public_cases"] = rehearsal.cases, rehearsal.right
    except CourseError as error:
        found.append(str(error))
    try:
        hidden = catalogue.hidden(exercise.name, np.random.default_rng(0))
        drawn["hidden_cases"] = hidden, _Done.by(rehearsal.source.answer(exercise.name), exercise, hidden)
    except CourseError as error:
        found.append(str(error))
    for part, (cases, done) in drawn.items():
        found += _wrong_with_cases(rehearsal.source, exercise, part, cases, done)
    if len(drawn) == 2:
        found += _unseen_groups(exercise, *(cases for cases, _ in drawn.values()))
    try:
        static = list(_wrong_with_slips(course, exercise))
        found += static if found or static else _nameless_slips(rehearsal)
    except CourseError as error:
        found.append(str(error))
    return list(dict.fromkeys(found))


def _wrong_with_repair(source: Source, exercise: Exercise) -> Iterator[str]:
    if exercise.name not in source.broken or exercise.repairs not in source.solutions:
        yield (
            f'{source.name}.py: no cell is marked broken="{exercise.name}". Write one with the broken answer to '
            f"{exercise.repairs} that learners are to repair."
        )
        return
    cases, reference = catalogue.public(exercise.name), source.answer(exercise.repairs)
    expected = [behaviour(exercise, case, run(exercise, reference, case)) for case in cases]
    for answer, what in ((source.answer(exercise.name), "solution"), (source.broken_answer(exercise.name), "broken")):
        came = [run(exercise, answer, case) for case in cases]
        reported = assemble(exercise, cases, expected, came, (), {})
        if what == "solution" and not reported.passed:
            yield f"{source.name}.py, solution={exercise.name!r}: it is rejected: {reported.failure}. Mend it."
        if what == "broken" and share(reported):
            yield (
                f"{source.name}.py, broken={exercise.name!r}: unchanged it earns {share(reported):.0%} of the points. "
                f"Break it so that a case of the group {GATE!r} fails."
            )


def left_over(source: Source) -> Iterator[str]:
    """Drives that nothing else belongs to, and groups of cases that no case is of.

    An exercise that a notebook leaves out may keep its drive, its cases and its slips.
    """
    used = {GATE, EXACT}
    for exercise in catalogue.exercises_of(source.topic):
        if catalogue.has_cases(exercise.name):
            used |= {case.group for case in catalogue.public(exercise.name)}
        elif exercise.name not in source.exercises:
            where = f"gradus/exercises/{source.topic}.py, line {inspect.getsourcelines(exercise.drive)[1]}"
            near = nearest(exercise.name, source.exercises)
            remedy = "Correct the name, or write its cells and cases."
            yield f"{where}: {source.name}.py has no exercise {exercise.name!r}.{near} {remedy}"
    for group in catalogue.titles(source.topic).keys() - used:
        yield (
            f"autograder/topics/{source.topic}/cases.py: no case is of the group {group!r} of GROUPS."
            f"{nearest(group, used)} Take it away, or add a case."
        )


def _wrong_with_cases(
    source: Source, exercise: Exercise, part: str, cases: Sequence[Case], done: _Done
) -> Iterator[str]:
    where = f"autograder/topics/{exercise.topic}/cases.py, {part} of {exercise.name}"
    driven = f"gradus/exercises/{exercise.topic}.py, {exercise.name}"
    lacks: dict[str, list[str]] = {}
    for case, one, outcome in zip(cases, done.behaviours, done.outcomes, strict=True):
        try:
            wire.encode(_case(case))
        except wire.WireError as error:
            lack = (
                f"this input cannot be sent: {error}. Inputs are arrays, numbers, strings, lists and dicts of them; "
                "what else an answer takes is made by a family"
            )
            lacks.setdefault(lack, []).append(case.name)
        if one.unusable:
            yield f"{driven}: measure fails on what the reference gives, {case.name!r}: {one.unusable}. Correct it."
        elif one.error and not outcome.line:
            has = f" (the case has {', '.join(case.inputs)})" if one.error == "KeyError" else ""
            yield (
                f"{driven}: the drive fails before or after the answer is called: {one.error}: {outcome.message}{has}. "
                "Correct how it reads the case, calls the answer and says what came back."
            )
        elif undefined := _undefined(outcome):
            yield f"{source.name}.py, {exercise.name}: {_where_defined(source, undefined)}"
        else:
            for lack in _wrong_case(exercise, case, one, outcome):
                lacks.setdefault(lack, []).append(case.name)
    for lack, names in lacks.items():
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        yield f"{where}, {', '.join(map(repr, names[:2]))}{more}: {lack}."
    if any(case.raises for case in cases) and REFUSAL not in exercise.kinds:
        yield f"{driven}: a case says which error is right in it: declare kinds=REFUSAL."
    if exercise.by_steps and STATE not in exercise.kinds:
        yield f"{driven}: {exercise.drive.__name__} yields after every step: say kinds=STATE, or return."
    for kind in exercise.kinds:
        yield from (f"{driven}: {lack}." for lack in kind.declares(exercise))
        yield from (f"{where}: {lack}." for lack in kind.asks(cases, done.behaviours))
    if any(map(_has_digits, done.behaviours)) and not any(case.group == EXACT for case in cases):
        yield f"{where}: no case asks for the last digits. Put one into the group {EXACT!r}."
    twice = [pair for pair, count in Counter((case.group, case.name) for case in cases).items() if count > 1]
    for group, name in twice:
        yield f"{where}: {group!r} has two cases called {name!r}. Give each a name of its own: learners read it."


def _undefined(outcome: Outcome) -> str:
    """The name that an answer uses and that is nowhere defined, "" if that is not what is wrong."""
    found = re.match(r"name '(\w+)' is not defined", outcome.message)
    return found[1] if outcome.error == "NameError" and found else ""


def _where_defined(source: Source, name: str) -> str:
    for cell in source.cells:
        if cell.cell_type == "code" and cell.kind not in EXECUTED and name in defined(cell.source):
            return (
                f"the answer uses {name!r}, defined in {cell.label}, which does not run when a notebook is graded: "
                'mark that cell role="given".'
            )
    return (
        f'the answer uses {name!r}, which no cell marked role="setup", role="given" or solution="..." defines. '
        "Correct the name, or define or import it in one of them."
    )


def _unseen_groups(exercise: Exercise, public: Sequence[Case], hidden: Sequence[Case]) -> Iterator[str]:
    """Groups that a learner is marked by and can never see."""
    for group in dict.fromkeys(case.group for case in hidden):
        if group not in {case.group for case in public}:
            yield (
                f"autograder/topics/{exercise.topic}/cases.py, public_cases of {exercise.name}: no case is of the "
                f"group {group!r}, by which hidden_cases judge. Add one, so that learners can see what is asked."
            )


def _wrong_with_slips(course: Course, exercise: Exercise) -> Iterator[str]:
    where = f"autograder/topics/{exercise.topic}/slips.py"
    chosen = catalogue.slips(exercise.name)
    if not chosen:
        yield f"{where}: no slip of {exercise.name} is known, so no wrong answer gets a name. Write at least one."
    for slip in chosen:
        try:
            known(course, slip)
            for value in slip.values or (None,):
                answer(course, slip, value)
        except CourseError as error:
            yield f"{where}: {error}"
    promised = catalogue.resolution(exercise.name)
    if RANDOM in exercise.kinds and promised is None:
        yield (
            f"{where}: say with resolution({exercise.name!r}, says=..., replace=...) which error the statistics of "
            "a random exercise promise to see."
        )
    elif promised is not None:
        try:
            answer(course, promised)
        except CourseError as error:
            yield f"{where}: {error}"


def _nameless_slips(rehearsal: Rehearsal) -> Iterator[str]:
    """Slips that are not what they are meant for: to be rejected, and recognised by what they do."""
    exercise = rehearsal.exercise
    for slip in catalogue.slips(exercise.name):
        for value in slip.values or (None,):
            if lack := nameless(slip, rehearsal.judged(slip, value), rehearsal.candidates()):
                which = f" with {slip.parameter} = {value}" if slip.parameter else ""
                yield (
                    f"autograder/topics/{exercise.topic}/slips.py: slip {slip.id!r} of {exercise.name}{which}, in the "
                    f"public cases: {lack}"
                )


def nameless(slip: Slip, judged: Judged, known: Sequence[Candidate]) -> str:
    """Why somebody who has a slip is not told its name, and no other, with what to do; "" where all is well.

    Parameters
    ----------
    slip : Slip
    judged : Judged
        What is found about an answer that has it.
    known : sequence of Candidate
        All slips of the exercise, this one too.
    """
    named = [each.slip.id for each in name_slips(judged, known, math.inf)]
    if named == [slip.id]:
        return ""
    failing = [finding for finding in judged.findings if not finding.passed]
    if not failing:
        return "no case rejects it. Add a case that does, or take it away."
    if others := [repr(name) for name in named if name != slip.id]:
        return f"it does what {' and '.join(others)} does. Add a case in which they differ, or take one away."
    pairs = zip(judged.cases, judged.expected, judged.got, strict=True)
    if slip.estimate is None and not any(differs_by_value(judged.exercise, *each) for each in pairs):
        does = "raises" if all(finding.kind == "raised" for finding in failing) else "breaks a law"
        found = failing[0].message.removeprefix("Your code raised ")
        return f"it only {does} ({found}), so it never gets a name. Correct it, or take it away."
    return "it is rejected, but not recognised. Correct its estimate, or take it away."


def _has_digits(one: Behaviour) -> bool:
    values = [fact.value for fact in one.facts if isinstance(fact, Value)]
    return any(np.asarray(value).dtype.kind == "f" for value in values if isinstance(value, np.ndarray | float))


def _wrong_case(exercise: Exercise, case: Case, one: Behaviour, outcome: Outcome) -> Iterator[str]:
    """What is wrong with a case, by what the reference does in it."""
    raised = {one.error} | {fact.refused for fact in one.facts if isinstance(fact, Value)}
    for error in sorted(raised - {"", case.raises}):
        said = f" ({outcome.message})" if outcome.message else ""
        yield f"the reference raises {error}{said}. Mend it, or say raises={error!r} in the case if that is right"
    if case.raises and case.raises not in raised:
        yield f"it says raises={case.raises!r}, but the reference raises nothing of the kind"
    if not (finding := examine(exercise, case, one, one, outcome)).passed:
        yield f"the reference itself is rejected: {finding.message} Mend the case"
    names = [(fact.step, fact.name) for fact in one.facts]
    for _, name in dict.fromkeys(pair for pair in names if names.count(pair) > 1):
        yield f"two facts are called {name!r}: measure has to give each a name of its own"


def frozen(rehearsal: Rehearsal) -> dict[str, Any]:
    """The public cases of an exercise as students get them; see `gradus.checking.fingerprints` for what they hold."""
    return {
        "cases": [_case(case) for case in rehearsal.cases],
        "expected": [freeze(one) for one in rehearsal.right.behaviours],
        "slips": [_frozen_slip(rehearsal, *member) for member in _members(rehearsal.exercise)],
    }


def _case(case: Case) -> list[Any]:
    special = [case.instances, case.raises] if case.instances > 1 or case.raises else []
    return [case.group, case.name, dict(case.inputs), *special]


def _frozen_slip(rehearsal: Rehearsal, slip: Slip, value: Any) -> list[Any]:
    words = known(rehearsal.course, slip, value)
    if slip.estimate is not None:
        return [slip.id, words.title, words.says, slip.see, [], dict(slip.estimate)]
    both = zip(rehearsal.wrong(slip, value).behaviours, rehearsal.right.behaviours, rehearsal.cases, strict=True)
    prints = [fingerprint(wrong, right, partial(same_fact, rehearsal.exercise, case)) for wrong, right, case in both]
    return [slip.id, words.title, words.says, slip.see, prints]


def places(course: Course, exercises: Iterable[str]) -> dict[str, dict[str, str]]:
    """Every paragraph that the slips of some exercises point to, by the reference they use."""
    return {slip.see: vars(known(course, slip).see) for exercise in exercises for slip in catalogue.slips(exercise)}
