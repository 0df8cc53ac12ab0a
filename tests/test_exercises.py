"""Laws that hold for every exercise, present and future, and for the tiny ones of every kind in ``tests/kinds``."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest
from shared import KINDS, courses, exercise_called, graded, judge, repairs, variants

from autograder.course import Course
from autograder.judging import catalogue, diagnosis
from autograder.judging.slips import Slip
from autograder.source import build
from gradus.checking import Case, Exercise, Report, public
from gradus.checking.comparing import behaviour, examine
from gradus.checking.exercises import GATE
from gradus.checking.facts import Behaviour
from gradus.checking.plain import is_refusal
from gradus.checking.running import Outcome, run
from gradus.checking.scoring import share

SEEDS = (0, 1, 2)
DRAWS = 4
REPEATS = 500
"""Draws of a random exercise that must accept the reference."""
BEYOND_FLOAT32 = {
    **{("clip_by_global_norm", slip): "1e100 and 1e-100" for slip in ("added", "always", "root_of_factor")},
    ("log_softmax", "infinity_hidden"): "-1.8e308 becomes infinite again",
    ("multitask_loss", "background_counts"): "box targets of 1e300 count",
    ("multitask_loss", "only_nan_masked"): "box targets of 1e300 count",
}
"""Slips whose values float32 cannot hold, and why."""
EXERCISES = graded()


def trivial(name: str) -> dict[str, Any]:
    """Answers that do nothing of use, where the topic's variants have some."""
    return getattr(variants(name), "TRIVIAL", {}).get(name, {})


SLIPS = [
    (course, name, slip, value)
    for course, name in EXERCISES
    for slip in catalogue.slips(name)
    for value in slip.values or (None,)
]
VARIANTS = [(course, name, variant) for course, name in EXERCISES for variant in variants(name).VARIANTS[name]]
TRIVIAL = [(course, name, answer) for course, name in EXERCISES for answer in trivial(name)]
WRONG = [
    (course, name, wrong) for course, name in EXERCISES for wrong in getattr(variants(name), "WRONG", {}).get(name, {})
]


def label(value: Any) -> str:
    return value.root.name if isinstance(value, Course) else getattr(value, "id", None) or str(value)


exercises = pytest.mark.parametrize(("course", "name"), EXERCISES, ids=label)
repaired = pytest.mark.parametrize(("course", "name"), repairs(), ids=label)
slips = pytest.mark.parametrize(("course", "name", "slip", "value"), SLIPS, ids=label)


@cache
def hidden(course: Course, name: str, seed: int) -> tuple[list[Case], list[Outcome], list[Behaviour]]:
    """Hidden cases, and what the reference does with them."""
    exercise = exercise_called(name)
    cases = catalogue.hidden(name, np.random.default_rng(seed))
    right = [run(exercise, course.answer(exercise), case) for case in cases]
    return cases, right, [behaviour(exercise, *pair) for pair in zip(cases, right, strict=True)]


@cache
def built(course: Course, topic: str) -> dict[str, public.Public]:
    """The public cases of a topic as a build makes them."""
    return public.read(build.public_cases(course, course.assignment(topic).source).encode())


def frozen(course: Course, name: str) -> public.Public:
    """The public cases of an exercise as a build makes them."""
    return built(course, exercise_called(name).topic)[exercise_called(name).judged_as]


@cache
def slipped(course: Course, slip: Slip, value: Any, seed: int) -> list[Outcome]:
    """What somebody who has a slip does with hidden cases."""
    wrong = diagnosis.answer(course, slip, value)
    return [run(exercise_called(slip.exercise), wrong, case) for case in hidden(course, slip.exercise, seed)[0]]


@cache
def candidates(course: Course, name: str, seed: int) -> list[Any]:
    return diagnosis.candidates(course, exercise_called(name), hidden(course, name, seed)[0])


def report(course: Course, name: str, outcomes: list[Outcome], seed: int) -> Report:
    """The report on what an answer did with hidden cases, as the judge makes it."""
    exercise = exercise_called(name)
    cases, _, expected = hidden(course, name, seed)
    titles = catalogue.titles(exercise.topic)
    return public.assemble(exercise, cases, expected, outcomes, candidates(course, name, seed), titles)


def judged(course: Course, name: str, answer: Any, seed: int) -> Report:
    cases = hidden(course, name, seed)[0]
    return report(course, name, [run(exercise_called(name), answer, case) for case in cases], seed)


def judged_publicly(course: Course, name: str, answer: Any) -> Report:
    exercise, ready = exercise_called(name), frozen(course, name)
    outcomes = [run(exercise, answer, case) for case in ready.cases]
    return public.assemble(exercise, ready.cases, ready.expected, outcomes, ready.candidates(), ready.titles)


def everywhere(course: Course, name: str, answer: Any) -> list[Report]:
    return [judged_publicly(course, name, answer), *(judged(course, name, answer, seed) for seed in SEEDS)]


def lacking(course: Course, name: str, slip: Slip, value: Any) -> str:
    """What a slip lacks, in the words of a build."""
    exercise = exercise_called(name)
    rehearsal = diagnosis.Rehearsal(course, exercise)
    found = {"public cases": diagnosis.nameless(slip, rehearsal.judged(slip, value), rehearsal.candidates())}
    for seed in SEEDS:
        cases, right, _ = hidden(course, name, seed)
        judged = judge(exercise, cases, right, slipped(course, slip, value, seed))
        found[f"hidden cases, seed {seed}"] = diagnosis.nameless(slip, judged, candidates(course, name, seed))
    return "\n".join(f"{where}: {lack}" for where, lack in found.items() if lack)


def filled(outputs: Any, make: Any) -> Any:
    """Outputs with every number replaced, and their shapes kept."""
    if is_refusal(outputs):
        return outputs
    if isinstance(outputs, dict):
        return {key: filled(item, make) for key, item in outputs.items()}
    if isinstance(outputs, list):
        return [filled(item, make) for item in outputs]
    if isinstance(outputs, np.ndarray):
        return make(outputs)
    number = isinstance(outputs, float | int) and not isinstance(outputs, bool)
    return make(np.asarray(outputs)).item() if number else outputs


def pretended(course: Course, name: str, seed: int, make: Any) -> float:
    """The share for an answer whose outputs are the reference's with every number replaced."""
    cases, right, _ = hidden(course, name, seed)
    fakes = [
        Outcome(tuple(filled(step, lambda leaf, case=case: make(case, leaf)) for step in one.steps), one.errors)
        for case, one in zip(cases, right, strict=True)
    ]
    return share(report(course, name, fakes, seed))


def arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, dict):
        return [array for item in value.values() for array in arrays(item)]
    if isinstance(value, list):
        return [array for item in value for array in arrays(item)]
    return [value] if isinstance(value, np.ndarray) else []


@exercises
def test_the_reference_passes_public_and_hidden_cases_without_a_remark(course: Course, name: str) -> None:
    for one in everywhere(course, name, course.answer(exercise_called(name))):
        assert one.passed, str(one)
        assert not one.notes(), str(one)


@pytest.mark.parametrize(("course", "name", "variant"), VARIANTS, ids=label)
def test_differently_written_right_answers_pass(course: Course, name: str, variant: str) -> None:
    for one in everywhere(course, name, variants(name).VARIANTS[name][variant]):
        assert one.passed, str(one)
        assert share(one) == 1.0


@exercises
def test_every_exercise_has_at_least_three_variants(course: Course, name: str) -> None:
    found = len(variants(name).VARIANTS[name])
    assert found >= 3 or course == KINDS, f"tests/variants: {name} has {found} right answers, write at least 3"


@slips
def test_every_slip_is_rejected_and_named(course: Course, name: str, slip: Slip, value: Any) -> None:
    publicly = judged_publicly(course, name, diagnosis.answer(course, slip, value))
    for one in [publicly, *(report(course, name, slipped(course, slip, value, seed), seed) for seed in SEEDS)]:
        named = [found.slip.id for found in one.slips]
        assert (one.passed, named) == (False, [slip.id]), f"{lacking(course, name, slip, value)}\n{one}"
        assert "{" not in one.slips[0].slip.title + one.slips[0].slip.says
        assert "Every number is 1 times" not in str(one)


@exercises
def test_a_wrong_answer_that_is_no_known_slip_is_given_no_name(course: Course, name: str) -> None:
    _, right, _ = hidden(course, name, 0)
    odd = [
        Outcome(tuple(filled(step, lambda leaf: leaf * 1.0123 + 0.0456) for step in one.steps), one.errors)
        for one in right
    ]
    one = report(course, name, odd, 0)
    assert not one.passed
    assert one.slips == ()


@pytest.mark.parametrize(("course", "name", "answer"), TRIVIAL, ids=label)
def test_answers_that_do_nothing_score_zero(course: Course, name: str, answer: str) -> None:
    for seed in SEEDS:
        assert share(judged(course, name, trivial(name)[answer], seed)) == 0.0


@pytest.mark.parametrize(("course", "name", "wrong"), WRONG, ids=label)
def test_nearly_right_answers_lose_the_same_groups_publicly_and_in_every_draw(
    course: Course, name: str, wrong: str
) -> None:
    answer, lost = variants(name).WRONG[name][wrong]
    for one in [judged_publicly(course, name, answer), *(judged(course, name, answer, seed) for seed in range(DRAWS))]:
        failing = {group.id for group in one.groups if group.passed < group.of}
        assert failing & {GATE} == lost if GATE in lost else failing == lost, str(one)


@exercises
@pytest.mark.parametrize("value", [0.0, 1.0, 0.5, float("nan")])
def test_constants_of_the_right_shape_score_zero(course: Course, name: str, value: float) -> None:
    assert pretended(course, name, 0, lambda case, leaf: np.full(leaf.shape, value)) == 0.0


@exercises
def test_an_input_returned_scores_zero(course: Course, name: str) -> None:
    def first_that_fits(case: Case, leaf: np.ndarray) -> np.ndarray:
        return next((array for array in arrays(dict(case.inputs)) if array.shape == leaf.shape), np.zeros(leaf.shape))

    def last_that_fits(case: Case, leaf: np.ndarray) -> np.ndarray:
        fitting = [array for array in arrays(dict(case.inputs)) if array.shape == leaf.shape]
        return fitting[-1] if fitting else np.zeros(leaf.shape)

    assert pretended(course, name, 0, first_that_fits) == 0.0
    assert pretended(course, name, 0, last_that_fits) == 0.0


@exercises
@pytest.mark.parametrize("error", ["ValueError", "TypeError", "NotImplementedError"])
def test_an_answer_that_always_raises_scores_zero(course: Course, name: str, error: str) -> None:
    cases = hidden(course, name, 0)[0]
    always = [Outcome((), (error, "Exception"), "no") for _ in cases]
    assert share(report(course, name, always, 0)) == 0.0


@repaired
def test_a_repair_is_judged_by_the_other_exercises_cases(course: Course, name: str) -> None:
    exercise, source = exercise_called(name), course.assignment(exercise_called(name).topic).source
    assert diagnosis.forgotten(diagnosis.Rehearsal(course, exercise)) == []
    for seed in range(DRAWS):
        cases, _, expected = hidden(course, exercise.repairs, seed)
        for answer, earns in ((source.answer(name), 1), (source.broken_answer(name), 0)):
            came = [run(exercise, answer, case) for case in cases]
            assert share(public.assemble(exercise, cases, expected, came, (), {})) == earns


@exercises
def test_the_cases_hold_what_the_kinds_ask_for(course: Course, name: str) -> None:
    assert diagnosis.forgotten(diagnosis.Rehearsal(course, exercise_called(name))) == []


@exercises
def test_every_hidden_group_exists_in_public(course: Course, name: str) -> None:
    assert {case.group for case in hidden(course, name, 0)[0]} == {case.group for case in frozen(course, name).cases}


@pytest.mark.parametrize("value", [1.8e-5, 1e-4])
@exercises
def test_a_result_that_is_slightly_wrong_everywhere_loses_points_in_any_dtype(
    course: Course, name: str, value: float
) -> None:
    if course == KINDS or exercise_called(name).measure is not None:
        return
    for cast in (np.float32, np.float64):
        earned = pretended(course, name, 0, lambda case, leaf, cast=cast: cast(leaf * (1 + value) + value * 1e-2))
        assert earned < 1, cast


@slips
def test_the_same_answer_scores_the_same_in_every_draw(course: Course, name: str, slip: Slip, value: Any) -> None:
    shares = set()
    for seed in range(DRAWS):
        cases, _, expected = hidden(course, name, seed)
        got = slipped(course, slip, value, seed)
        shares.add(share(public.assemble(exercise_called(name), cases, expected, got, (), {})))
    assert len(shares) == 1


@slips
def test_a_slip_keeps_its_name_when_its_result_is_cast_to_float32(
    course: Course, name: str, slip: Slip, value: Any
) -> None:
    if course == KINDS:
        return
    with np.errstate(over="ignore"):
        cast = [
            dataclasses.replace(
                one, steps=tuple(filled(step, lambda leaf: leaf.astype(np.float32)) for step in one.steps)
            )
            for one in slipped(course, slip, value, 0)
        ]
    found = [one.slip.id for one in report(course, name, cast, 0).slips]
    assert found == [slip.id] or (name, slip.id) in BEYOND_FLOAT32


@exercises
def test_public_cases_are_the_same_every_time_and_hidden_ones_are_not(course: Course, name: str) -> None:
    def texts(cases: list[Case]) -> list[str]:
        return [repr(dict(case.inputs)) for case in cases]

    assert texts(catalogue.public(name)) == texts(catalogue.public(name))
    one, other = (texts(catalogue.hidden(name, np.random.default_rng(seed))) for seed in (0, 1))
    assert one != other


@exercises
def test_ids_that_are_referred_to_exist(course: Course, name: str) -> None:
    titles = catalogue.titles(exercise_called(name).topic)
    for case in [*catalogue.public(name), *hidden(course, name, 0)[0]]:
        assert case.group in titles
    for slip in catalogue.slips(name):
        assert diagnosis.known(course, slip).see.heading


@exercises
def test_a_random_exercise_never_rejects_the_reference(course: Course, name: str) -> None:
    exercise = exercise_called(name)
    if exercise.false_reject == 0:
        return
    rejected = [seed for seed in range(REPEATS // _draws(exercise)) if not _passes(course, exercise, seed)]
    assert rejected == []


@exercises
def test_a_random_exercise_sees_the_error_that_it_promises_to_see(course: Course, name: str) -> None:
    exercise = exercise_called(name)
    if exercise.false_reject == 0:
        return
    promised = catalogue.resolution(name)
    assert promised is not None
    wrong = diagnosis.answer(course, promised)
    for seed in range(60):
        cases = catalogue.hidden(name, np.random.default_rng(20_000 + seed))
        right, got = ([run(exercise, one, case) for case in cases] for one in (course.answer(exercise), wrong))
        assert not all(one.passed for one in judge(exercise, cases, right, got).findings), seed


def _draws(exercise: Exercise) -> int:
    return len([case for case in catalogue.hidden(exercise.name, np.random.default_rng(0)) if case.group == GATE])


def _passes(course: Course, exercise: Exercise, seed: int) -> bool:
    for case in catalogue.hidden(exercise.name, np.random.default_rng(10_000 + seed)):
        outcome = run(exercise, course.answer(exercise), case)
        did = behaviour(exercise, case, outcome)
        if not examine(exercise, case, did, did, outcome).passed:
            return False
    return True


def test_both_courses_are_under_test() -> None:
    assert {course.root for course, _ in EXERCISES} == {course.root for course in courses()}
    kinds = {kind for _, name in EXERCISES for kind in exercise_called(name).kinds}
    assert len(kinds) == 6
