"""From slips as code to the names that a report gives: live, as the judge compares them, and frozen, for students."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from autograder.course import Course, CourseError
from autograder.judging import catalogue
from autograder.judging.slips import Slip
from autograder.source.notebook import Source
from gradus.checking import RANDOM, REFUSAL, Case, Exercise, wire
from gradus.checking.comparing import behaviour, examine, same_fact
from gradus.checking.exercises import EXACT, GATE
from gradus.checking.facts import Behaviour, Value
from gradus.checking.fingerprints import fingerprint, freeze
from gradus.checking.naming import Candidate, KnownSlip, Place
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


def forgotten(course: Course, exercise: Exercise) -> list[str]:
    """What an author has forgotten or got wrong about an exercise: a sentence each, with the file and what to do."""
    if exercise.repairs:
        return list(_wrong_with_repair(course, exercise))
    drawn: dict[str, list[Case]] = {}
    found = []
    for part in ("public_cases", "hidden_cases"):
        try:
            drawn[part] = (
                catalogue.public(exercise.name)
                if part == "public_cases"
                else catalogue.hidden(exercise.name, np.random.default_rng(0))
            )
        except CourseError as error:
            found.append(str(error))
    for part, cases in drawn.items():
        found += _wrong_with_cases(course, exercise, part, cases)
    if len(drawn) == 2:
        found += _unseen_groups(exercise, *drawn.values())
    try:
        found += _wrong_with_slips(course, exercise)
    except CourseError as error:
        found.append(str(error))
    return list(dict.fromkeys(found))


def _wrong_with_repair(course: Course, exercise: Exercise) -> Iterator[str]:
    source = course.assignment(exercise.topic).source
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


def _wrong_with_cases(course: Course, exercise: Exercise, part: str, cases: Sequence[Case]) -> Iterator[str]:
    where = f"autograder/topics/{exercise.topic}/cases.py, {part} of {exercise.name}"
    driven = f"gradus/exercises/{exercise.topic}.py, {exercise.name}"
    reference = course.answer(exercise)
    outcomes = [run(exercise, reference, case) for case in cases]
    expected = [behaviour(exercise, *pair) for pair in zip(cases, outcomes, strict=True)]
    for case, one, outcome in zip(cases, expected, outcomes, strict=True):
        try:
            wire.encode(_case(case))
        except wire.WireError as error:
            yield (
                f"{where}, {case.name!r}: this input cannot be sent: {error}. Inputs are arrays, numbers, strings, "
                "lists and dicts of them; what else an answer takes is made by a family."
            )
        if one.unusable:
            yield f"{driven}: measure fails on what the reference gives, {case.name!r}: {one.unusable}. Correct it."
        elif one.error and not outcome.line:
            yield (
                f"{driven}: the drive fails before or after the answer is called: {one.error}: {outcome.message}. "
                "Correct how it reads the case, calls the answer and says what came back."
            )
        else:
            yield from (f"{where}, {case.name!r}: {lack}." for lack in _wrong_case(exercise, case, one, outcome))
    if any(case.raises for case in cases) and REFUSAL not in exercise.kinds:
        yield f"{driven}: a case says which error is right in it: declare kinds=REFUSAL."
    for kind in exercise.kinds:
        yield from (f"{driven}: {lack}." for lack in kind.declares(exercise))
        yield from (f"{where}: {lack}." for lack in kind.asks(cases, expected))
    if any(map(_has_digits, expected)) and not any(case.group == EXACT for case in cases):
        yield f"{where}: no case asks for the last digits. Put one into the group {EXACT!r}."


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


def frozen(course: Course, exercise: Exercise) -> dict[str, Any]:
    """The public cases of an exercise as students get them; see `gradus.checking.fingerprints` for what they hold."""
    source = course.assignment(exercise.topic).source
    cases = catalogue.public(exercise.name)
    reference = source.answer(exercise.name)
    expected = [behaviour(exercise, case, run(exercise, reference, case)) for case in cases]
    return {
        "cases": [_case(case) for case in cases],
        "expected": [freeze(one) for one in expected],
        "slips": [_frozen_slip(course, *member, exercise, cases, expected) for member in _members(exercise)],
    }


def _case(case: Case) -> list[Any]:
    special = [case.instances, case.raises] if case.instances > 1 or case.raises else []
    return [case.group, case.name, dict(case.inputs), *special]


def _frozen_slip(
    course: Course, slip: Slip, value: Any, exercise: Exercise, cases: Sequence[Case], expected: Sequence[Behaviour]
) -> list[Any]:
    words = known(course, slip, value)
    if slip.estimate is not None:
        return [slip.id, words.title, words.says, slip.see, [], dict(slip.estimate)]
    wrong = answer(course, slip, value)
    prints = [
        fingerprint(_behaviour(exercise, wrong, cases, index), right, partial(same_fact, exercise, case))
        for index, (case, right) in enumerate(zip(cases, expected, strict=True))
    ]
    return [slip.id, words.title, words.says, slip.see, prints]


def places(course: Course, exercises: Iterable[str]) -> dict[str, dict[str, str]]:
    """Every paragraph that the slips of some exercises point to, by the reference they use."""
    return {slip.see: vars(known(course, slip).see) for exercise in exercises for slip in catalogue.slips(exercise)}
