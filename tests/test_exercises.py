"""Laws that hold for every exercise of the course, present and future."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from shared import exercise_called, graded_exercises, variants

from autograder.judging import catalogue
from autograder.judging.judge import share
from autograder.source import reference
from gradus.checking import Report, run
from gradus.checking.public import Frozen, assemble, judge_publicly

SEEDS = (0, 1, 2)
EXERCISES = graded_exercises()
SLIPS = [(name, slip) for name in EXERCISES for slip in catalogue.known(name)]
VARIANTS = [(name, variant) for name in EXERCISES for variant in variants(name).VARIANTS[name]]
TRIVIAL = [(name, answer) for name in EXERCISES for answer in variants(name).TRIVIAL[name]]


@cache
def hidden(name: str, seed: int) -> Frozen:
    """Hidden cases, what the reference does with them, and what each misconception does."""
    exercise = exercise_called(name)
    cases = catalogue.hidden(name, np.random.default_rng(seed))
    slips = catalogue.known(name)
    return (
        cases,
        [run(exercise, reference.answer(exercise), case) for case in cases],
        [(slip.described, [run(exercise, slip.answer, case) for case in cases]) for slip in slips],
    )


def judged(name: str, answer: Callable[..., Any], seed: int) -> Report:
    """The report on an answer by hidden cases, as the judge makes it."""
    exercise = exercise_called(name)
    cases, expected, slips = hidden(name, seed)
    return assemble(exercise, cases, expected, [run(exercise, answer, case) for case in cases], slips)


def filled(answer: Callable[..., Any], value: float) -> Callable[..., Any]:
    """An answer with the right shapes and ``value`` everywhere."""

    def fill(result: Any) -> Any:
        if isinstance(result, tuple | list):
            return type(result)(map(fill, result))
        if isinstance(result, dict):
            return {key: fill(item) for key, item in result.items()}
        if isinstance(result, torch.Tensor):
            return result * 0 + value
        return np.full_like(result, value) if isinstance(result, np.ndarray) else type(result)(value)

    return lambda *args, **kwargs: fill(answer(*args, **kwargs))


def named(report: Report) -> list[str]:
    return [slip.name for slip in report.misconceptions]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_passes_public_and_hidden_cases_without_a_remark(name: str) -> None:
    right = reference.answer(exercise_called(name))
    for report in [judge_publicly(exercise_called(name), right), *(judged(name, right, seed) for seed in SEEDS)]:
        assert report.passed, str(report)
        assert not report.notes(), str(report)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_differently_written_right_answers_pass(name: str, variant: str) -> None:
    answer = variants(name).VARIANTS[name][variant]
    for report in [judge_publicly(exercise_called(name), answer), *(judged(name, answer, seed) for seed in SEEDS)]:
        assert report.passed, str(report)
        assert share(report) == 1.0


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_at_least_three_variants(name: str) -> None:
    assert len(variants(name).VARIANTS[name]) >= 3


@pytest.mark.parametrize(
    ("name", "slip"), SLIPS, ids=lambda value: getattr(value, "described", None) and value.described.name
)
def test_every_misconception_is_rejected_and_named(name: str, slip: catalogue.Known) -> None:
    reports = [judge_publicly(exercise_called(name), slip.answer)]
    reports += [judged(name, slip.answer, seed) for seed in SEEDS]
    for report in reports:
        assert not report.passed
        assert named(report) == [slip.described.name], str(report)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_that_is_no_known_slip_is_given_no_name(name: str) -> None:
    def noisy(*args: Any) -> Any:
        return _scaled(reference.answer(exercise_called(name))(*args))

    def _scaled(result: Any) -> Any:
        return tuple(map(_scaled, result)) if isinstance(result, tuple) else result * 1.0123 + 0.0456

    report = judged(name, noisy, 0)
    assert not report.passed
    assert named(report) == []


@pytest.mark.parametrize(("name", "trivial"), TRIVIAL)
def test_answers_that_do_nothing_score_zero(name: str, trivial: str) -> None:
    for seed in SEEDS:
        assert share(judged(name, variants(name).TRIVIAL[name][trivial], seed)) == 0.0


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("value", [0.0, 1.0, 0.5, float("nan")])
def test_constants_of_the_right_shape_score_zero(name: str, value: float) -> None:
    answer = filled(reference.answer(exercise_called(name)), value)
    assert share(judged(name, answer, 0)) == 0.0


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("position", [0, 1])
def test_an_argument_returned_scores_zero(name: str, position: int) -> None:
    assert share(judged(name, lambda *args: args[min(position, len(args) - 1)], 0)) == 0.0


@pytest.mark.parametrize("name", EXERCISES)
def test_public_cases_are_the_same_every_time_and_hidden_ones_are_not(name: str) -> None:
    def texts(cases: list[catalogue.Case]) -> list[str]:
        return [repr(dict(case.inputs)) for case in cases]

    assert texts(catalogue.public(name)) == texts(catalogue.public(name))
    one, other = (texts(catalogue.hidden(name, np.random.default_rng(seed))) for seed in (0, 1))
    assert one != other


@pytest.mark.parametrize(
    ("name", "slip"), SLIPS, ids=lambda value: getattr(value, "described", None) and value.described.name
)
def test_every_misconception_points_to_a_heading_that_exists(name: str, slip: catalogue.Known) -> None:
    from autograder.course import Course
    from autograder.source import notebook as authoring

    number, _, heading = slip.described.see.partition("#")
    notebook = authoring.read(Course.find().assignment(number).solution)
    headings = {
        line.lstrip("#").strip()
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    }
    assert heading in headings
