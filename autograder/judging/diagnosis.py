"""From slips as code to the names that a report gives: live, as the judge compares them, and frozen, for students."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograder.course import Course, CourseError
from autograder.judging import catalogue
from autograder.judging.slips import Slip
from gradus.checking import Case, Exercise, find_exercise
from gradus.checking.comparing import behaviour, same_fact
from gradus.checking.facts import Behaviour
from gradus.checking.fingerprints import fingerprint, freeze
from gradus.checking.naming import Candidate, KnownSlip, Place
from gradus.checking.running import run


def known(course: Course, slip: Slip) -> KnownSlip:
    """A slip as a learner reads about it.

    Raises
    ------
    CourseError
        If it points to a paragraph that the course does not have.
    """
    exercise = find_exercise(slip.exercise)
    number, _, heading = slip.see.rpartition(":")
    source = course.assignment(number or (exercise.topic if exercise else "")).source
    if heading not in source.headings:
        raise CourseError(
            f"The slip {slip.id!r} of {slip.exercise} points to {slip.see!r}, but {source.path.name} has no heading "
            f"with the id {{#{heading}}}. There are: {', '.join(source.headings)}."
        )
    place = Place(heading, source.number, source.headings[heading].title)
    return KnownSlip(slip.id, slip.title, slip.says, place, slip.estimate)


def answer(course: Course, slip: Slip, value: Any = None) -> Any:
    """The function or class that has the slip; for one with a parameter, with that value, its first by default."""
    exercise = find_exercise(slip.exercise)
    source = course.assignment(exercise.topic if exercise else "").source
    chosen = value if value is not None or not slip.values else slip.values[0]
    return slip.answer(source.solutions[slip.exercise], vars(source.reference), chosen)


def candidates(course: Course, exercise: Exercise, cases: Sequence[Case]) -> list[Candidate]:
    """The slips of an exercise, to be compared with an answer on these cases; each runs when it is first asked for."""
    return [
        Candidate(known(course, slip), _live(course, slip, exercise, cases)) for slip in catalogue.slips(exercise.name)
    ]


def _live(course: Course, slip: Slip, exercise: Exercise, cases: Sequence[Case]) -> Callable[[int], Behaviour]:
    built: list[Any] = []

    def behave(index: int) -> Behaviour:
        if not built:
            built.append(answer(course, slip))
        return behaviour(exercise, cases[index], run(exercise, built[0], cases[index]))

    return behave


def frozen(course: Course, exercise: Exercise) -> dict[str, Any]:
    """The public cases of an exercise as students get them, see `gradus.checking.fingerprints`."""
    source = course.assignment(exercise.topic).source
    cases = catalogue.public(exercise.name)
    reference = source.answer(exercise.name)
    expected = [behaviour(exercise, case, run(exercise, reference, case)) for case in cases]
    return {
        "cases": [_case(case) for case in cases],
        "expected": [freeze(one) for one in expected],
        "slips": [_frozen_slip(course, slip, exercise, cases, expected) for slip in catalogue.slips(exercise.name)],
    }


def _case(case: Case) -> dict[str, Any]:
    fields: dict[str, Any] = {"group": case.group, "name": case.name, "inputs": dict(case.inputs)}
    return fields if case.instances == 1 else {**fields, "instances": case.instances}


def _frozen_slip(
    course: Course, slip: Slip, exercise: Exercise, cases: Sequence[Case], expected: Sequence[Behaviour]
) -> dict[str, Any]:
    fields = {"id": slip.id, "title": slip.title, "says": slip.says, "see": slip.see}
    if slip.estimate is not None:
        return {**fields, "estimate": dict(slip.estimate), "prints": []}
    behave = _live(course, slip, exercise, cases)
    prints = [
        fingerprint(behave(index), right, lambda one, other, case=case: same_fact(exercise, case, one, other))
        for index, (case, right) in enumerate(zip(cases, expected, strict=True))
    ]
    return {**fields, "prints": prints}


def places(course: Course, exercises: Iterable[str]) -> dict[str, dict[str, str]]:
    """Every paragraph that the slips of some exercises point to, by the reference they use."""
    return {slip.see: vars(known(course, slip).see) for exercise in exercises for slip in catalogue.slips(exercise)}
