"""Slips: the machinery that edits right answers, the estimators that find constants, and the slips of the course."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import exercise_called, finding, graded_exercises, judge, solution, variants

from autograder.course import CourseError
from autograder.judging import catalogue
from autograder.judging import slips as machinery
from autograder.judging.slips import ALL, Slip, slips_of, ways_of
from gradus.checking import Case, Exercise, exercises
from gradus.checking.estimators import estimate, fill, placeholders
from gradus.checking.naming import constants
from gradus.checking.running import Outcome, run

SOLUTION = '''
def double(x):
    """Twice x, and twice again if it is large."""
    limit = 10
    ### BEGIN SOLUTION
    result = x + x
    if result > limit:
        result = x + x + result
    ### END SOLUTION
    return result
'''
WORDS = {"title": "a title", "says": "A sentence."}


@pytest.fixture
def slip(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Slip]:
    """What registers slips of an exercise ``double``, in a catalogue of its own."""
    monkeypatch.setattr(machinery, "_slips", {})
    monkeypatch.setattr(machinery, "_ways", {})
    monkeypatch.setitem(exercises._EXERCISES, "double", exercise_called("softmax"))
    register = machinery.slips("double", see="doubling")
    return lambda id="wrong", **fields: register(id, **{**WORDS, **fields})


# the machinery


def test_an_edit_makes_a_cell_without_marks_and_docstring(slip: Callable[..., Slip]) -> None:
    made = slip(replace=("result > limit", "result < limit"))
    assert made.cell(SOLUTION) == (
        "def double(x):\n    limit = 10\n    result = x + x\n    if result < limit:\n        result = x + x + result\n"
        "    return result\n"
    )
    assert (made.see, made.id, made.exercise) == ("doubling", "wrong", "double")


def test_an_answer_acts_as_its_cell_and_leaves_the_namespace_alone(slip: Callable[..., Slip]) -> None:
    namespace = {"double": lambda x: 2 * x, "extra": 5}
    answer = slip(replace=("result = x + x\n    if", "result = x + extra\n    if")).answer(SOLUTION, namespace)
    assert answer(1) == 6
    assert namespace.keys() == {"double", "extra"}
    assert namespace["double"](1) == 2


def test_a_traceback_shows_the_line(slip: Callable[..., Slip]) -> None:
    answer = slip(replace=("> limit", "> limit / 0")).answer(SOLUTION, {})
    with pytest.raises(ZeroDivisionError) as caught:
        answer(1)
    shown = "".join(traceback.format_exception(caught.value))
    assert "if result > limit / 0" in shown
    assert "slip 'wrong' of double" in shown


def test_edits_follow_one_another(slip: Callable[..., Slip]) -> None:
    made = slip(replace=[("> limit", ">= limit"), (">= limit", ">= 2 * limit")])
    assert "if result >= 2 * limit:" in made.cell(SOLUTION)


def test_text_that_does_not_occur_is_refused_with_the_nearest(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match=r"'wrong' of double.*'result >= limits' does not occur.*if result > limit:"):
        slip(replace=("result >= limits", "")).cell(SOLUTION)


def test_what_stands_outside_the_solution_is_not_edited(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match="does not occur"):
        slip(replace=("limit = 10", "limit = 11")).cell(SOLUTION)


def test_text_that_occurs_twice_is_refused(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match=r"'x \+ x' occurs 2 times.*Say which"):
        slip(replace=("x + x", "x * x")).cell(SOLUTION)


@pytest.mark.parametrize(
    ("which", "lines"),
    [(1, ["x * x", "x + x + result"]), (2, ["x + x", "x * x + result"]), (ALL, ["x * x", "x * x + result"])],
)
def test_the_occurrence_can_be_named(slip: Callable[..., Slip], which: int | str, lines: list[str]) -> None:
    cell = slip(replace=("x + x", "x * x", which)).cell(SOLUTION)
    assert re.findall(r"result = (.*)", cell) == lines


@pytest.mark.parametrize("which", [0, 3, -1, "some"])
def test_an_occurrence_that_is_not_there_is_refused(slip: Callable[..., Slip], which: int | str) -> None:
    with pytest.raises(CourseError, match=f"occurs 2 times; there is no number {which}"):
        slip(replace=("x + x", "x * x", which)).cell(SOLUTION)


def test_all_of_nothing_is_refused(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match="does not occur"):
        slip(replace=("y", "z", ALL)).cell(SOLUTION)


def test_several_regions_are_edited_as_one_text(slip: Callable[..., Slip]) -> None:
    source = (
        "class A:\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n"
        "    def g(self):\n        ### BEGIN SOLUTION\n        return 2\n        ### END SOLUTION\n"
    )
    expected = "class A:\n    def f(self):\n        return 1\n    def g(self):\n        return 3\n"
    assert slip(replace=("return 2", "return 3")).cell(source) == expected


def test_a_solution_without_marks_is_refused(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match="no ### BEGIN SOLUTION"):
        slip(replace=("x", "y")).cell("def double(x): return 2 * x")


def test_docstrings_go_wherever_they_stand(slip: Callable[..., Slip]) -> None:
    code = 'class Double:\n    """One."""\n\n    def f(self):\n        """Two\n        lines."""\n'
    code += '        return "\\"\\"\\""\n    def g(self):\n        """Three."""\n'
    cell = slip(code=code).cell(SOLUTION)
    assert '"""' not in cell
    room: dict[str, Any] = {}
    exec(cell, room)
    assert room["Double"]().f() == '"' * 3
    assert room["Double"]().g() is None


def test_a_way_is_a_base_and_a_slip_by_itself(slip: Callable[..., Slip]) -> None:
    machinery.way("double", "by_factor", code="def double(x):\n    return 2 * x")
    assert slip("plain", base="by_factor").cell(SOLUTION) == "def double(x):\n    return 2 * x\n"
    assert slip("three", base="by_factor", replace=("2", "3")).answer(SOLUTION, {})(5) == 15
    assert [way.name for way in ways_of("double")] == ["by_factor"]
    with pytest.raises(CourseError, match="twice"):
        machinery.way("double", "by_factor", code="x")


def test_an_unknown_base_is_refused(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match=r"no way 'nowhere'.*write one with way"):
        slip(base="nowhere").cell(SOLUTION)


def test_an_id_is_given_once(slip: Callable[..., Slip]) -> None:
    slip("a", replace=("x", "y"))
    with pytest.raises(CourseError, match="slip 'a' of double is there twice"):
        slip("a", replace=("x", "z"))
    assert [one.id for one in slips_of("double")] == ["a"]


def test_an_edit_that_makes_no_program_is_refused(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match=r"slip 'wrong' of double makes no program: .*if result > limit\("):
        slip(replace=("limit:", "limit(:")).cell(SOLUTION)


def test_code_that_defines_something_else_is_refused(slip: Callable[..., Slip]) -> None:
    with pytest.raises(CourseError, match="defines no double"):
        slip(code="def triple(x):\n    return 3 * x").answer(SOLUTION, {"double": abs})


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "changes nothing"),
        ({"replace": ("a", "b"), "title": " "}, "has no title: students would read it"),
        ({"replace": ("a", "b"), "says": ""}, "has no says: students would read it"),
        ({"code": "x", "replace": ("a", "b")}, "whole answer already"),
        ({"code": "x", "base": "b"}, "whole answer already"),
        ({"replace": ("a", "b"), "parameter": "p"}, "both a parameter and some values"),
        ({"replace": ("a", "b"), "values": (1, 2)}, "both a parameter and some values"),
        ({"replace": ("a", "b"), "says": "It is {much}."}, "speaks of much, which nothing finds"),
        (
            {"replace": ("a", "b"), "says": "{floor} {cap}", "estimate": {"by": "cap", "side": "below"}},
            "speaks of floor.*Found are: cap",
        ),
    ],
)
def test_nonsense_is_refused_at_once(slip: Callable[..., Slip], fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CourseError, match=complaint):
        slip(**fields)


def test_a_parameter_stands_for_each_of_its_values(slip: Callable[..., Slip]) -> None:
    made = slip(
        replace=("x + x\n    if", "x + {more} + len({'a': 1})\n    if"),
        parameter="more",
        values=(1e-5, 3),
        title="{more:.0e} more",
    )
    assert "x + 1e-05 + len({'a': 1})" in made.cell(SOLUTION)
    assert made.answer(SOLUTION, {}, 3)(1) == 5
    assert made.words({"more": 1e-5}) == ("1e-5 more", "A sentence.")
    assert made.words()[0] == "… more"
    with pytest.raises(CourseError, match="has no parameter"):
        slip("other", replace=("result > limit", "False")).cell(SOLUTION, 3)


# the estimators

BELOW = {"by": "cap", "side": "below", "between": [-100, -2], "derive": {"floor": "exp(cap)"}}
ABOVE = {"by": "cap", "side": "above", "between": [2, 100], "derive": {"floor": "exp(-cap)"}}
Losses = list[list[float]]
heights = st.floats(4.0, 90.0)
moderate = st.lists(st.floats(0.0, 3.0), min_size=1, max_size=6)
mixed = st.lists(st.floats(0.0, 3.0) | st.floats(200.0, 1e4), min_size=1, max_size=6)
batches = st.lists(moderate | mixed, min_size=1, max_size=6).map(lambda some: [*some, [300.0], [700.0]])


def softly(losses: np.ndarray, cap: float) -> np.ndarray:
    return -np.logaddexp(-losses, -cap)


def means(batches: Losses, answer: Callable[[np.ndarray], np.ndarray]) -> list[tuple[float, float, int]]:
    arrays = [np.array(batch) for batch in batches]
    return [(float(array.mean()), float(answer(array).mean()), len(array)) for array in arrays]


def clipped(losses: np.ndarray, cap: float) -> np.ndarray:
    """With the probability kept between a floor and one minus that floor."""
    return -np.log(np.clip(np.exp(-losses), np.exp(-cap), 1 - np.exp(-cap)))


@given(batches, heights, st.sampled_from([softly, np.minimum, clipped]))
def test_a_cap_is_found_in_values_and_in_means(batches: Losses, cap: float, form: Callable[..., np.ndarray]) -> None:
    def answer(losses: np.ndarray) -> np.ndarray:
        return form(losses, cap)

    values = [(-np.array(batch), -answer(np.array(batch))) for batch in batches]
    below, above = estimate(BELOW, values), estimate(ABOVE, means(batches, answer))
    assert below is not None
    assert above is not None
    assert below["cap"] == pytest.approx(-cap, rel=1e-4)
    assert above["cap"] == pytest.approx(cap, rel=1e-4)
    assert below["floor"] == pytest.approx(np.exp(below["cap"]))
    assert above["floor"] == pytest.approx(np.exp(-above["cap"]))


@given(batches)
def test_right_answers_have_no_cap(batches: Losses) -> None:
    assert estimate(ABOVE, means(batches, lambda losses: losses)) is None
    assert estimate(BELOW, [(-np.array(batch), -np.array(batch)) for batch in batches]) is None


@given(batches, heights, st.integers(0, 2**32 - 1))
def test_noise_has_no_cap(batches: Losses, cap: float, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def noisy(losses: np.ndarray) -> np.ndarray:
        return np.minimum(losses, cap) + rng.choice([-1, 1], size=losses.shape) * rng.uniform(0.05, 0.5, losses.shape)

    ordinary = [[0.5, 2.0, 1.0], [3.0], *batches]  # noise shows where nothing is capped
    assert estimate(BELOW, [(-np.array(batch), -noisy(np.array(batch))) for batch in ordinary]) is None


OTHER_LOSSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "halved": lambda losses: losses / 2,
    "constant": lambda losses: np.full_like(losses, 11.5),
    "root": np.sqrt,
    "bounded squared error": lambda losses: (1 - np.exp(-losses)) ** 2,
    "capped and halved": lambda losses: np.minimum(losses, 30) / 2,
    "worst dropped": lambda losses: np.where(losses > 100, 0, losses),
    "two caps": lambda losses: np.minimum(losses, np.where(losses > 500, 20, 40)),
    "cut off at 500": lambda losses: np.minimum(losses, 500),
    "infinite": lambda losses: np.where(losses > 100, np.inf, losses),
    "not a number": lambda losses: losses * np.nan,
}


@pytest.mark.parametrize("answer", OTHER_LOSSES.values(), ids=OTHER_LOSSES.keys())
def test_other_wrong_losses_have_no_cap(answer: Callable[[np.ndarray], np.ndarray]) -> None:
    batches = [[0.5, 2.0, 1.0], [3.0], [300.0], [700.0], [1.0, 800.0]]
    assert estimate(ABOVE, means(batches, answer)) is None
    assert estimate(BELOW, [(-np.array(batch), -answer(np.array(batch))) for batch in batches]) is None


def test_one_value_beyond_is_not_enough_for_a_cap() -> None:
    pairs = means([[300.0], [0.5], [1.0]], lambda losses: np.minimum(losses, 30))
    assert estimate(ABOVE, pairs) is None
    assert estimate(ABOVE, [*pairs, *pairs]) is None


def test_a_mean_alone_does_not_tell_its_cap() -> None:
    batches = [[1.0, 800.0], [700.0, 0.3, 2.0], [0.5]]
    assert estimate(ABOVE, means(batches, lambda losses: np.minimum(losses, 30))) is None


def test_means_that_no_capped_batch_can_have_are_seen() -> None:
    right = means([[300.0], [700.0], [1.0, 3.0, 2.0]], lambda losses: np.minimum(losses, 30))
    assert estimate(ABOVE, right)
    expected, got, size = right[-1]
    assert estimate(ABOVE, [*right[:-1], (expected, got - 0.1, size)]) is None
    assert estimate(ABOVE, [*right[:-1], (expected, got + 0.1, size)]) is None
    assert estimate(ABOVE, [*right, (200.0, 5.0, 4)]) is None  # one example beyond the cap makes 7.5 at least


@given(
    st.floats(0.01, 100).filter(lambda factor: abs(factor - 1) > 0.01),
    st.sampled_from([-1.0, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_a_factor_is_found(size: float, sign: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = [rng.normal(size=shape) for shape in [(3, 4), (5,), (2, 3, 2)]]
    factor = sign * size
    found = estimate({"by": "factor"}, [(one, factor * one) for one in right])
    assert found == {"factor": pytest.approx(factor)}
    each = [(one, factor * (number + 1) * one) for number, one in enumerate(right)]
    assert estimate({"by": "factor"}, each) is None
    found = estimate({"by": "factor", "per": "case"}, each)
    assert found == {"factor": pytest.approx(factor * 6 ** (1 / 3))}
    assert estimate({"by": "factor"}, [(one, factor * one + 0.1) for one in right]) is None
    assert estimate({"by": "factor", "per": "case"}, [(one, factor * one + 0.1) for one in right]) is None
    assert estimate({"by": "factor"}, [(one, one) for one in right]) is None


def test_one_number_a_case_has_no_factor_of_its_own() -> None:
    assert estimate({"by": "factor", "per": "case"}, [(2.0, 3.0), (5.0, 1.0)]) is None
    assert estimate({"by": "factor"}, [(2.0, 3.0), (5.0, 7.5)]) == {"factor": pytest.approx(1.5)}
    assert estimate({"by": "factor"}, [(0.0, 1.0), (5.0, 7.5)]) is None


@given(st.floats(-50, 50).filter(lambda offset: abs(offset) > 0.01), st.integers(0, 2**32 - 1))
def test_an_offset_is_found(offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = [rng.normal(size=shape) for shape in [(3, 4), (5,)]]
    assert estimate({"by": "offset"}, [(one, one + offset) for one in right]) == {"offset": pytest.approx(offset)}
    assert estimate({"by": "offset"}, [(one, 1.1 * one + offset) for one in right]) is None
    assert estimate({"by": "offset"}, [(one, one) for one in right]) is None


@pytest.mark.parametrize(
    "got",
    [
        *(None, "text", [1.0, [2.0]], np.array([1.0, 2.0, 3.0]), np.array(["a", "b"]), 1.0, {"a": 1}, [None, 1.0]),
        *([np.inf, -np.inf], [np.nan, -1.0], [10**400, 1], [1e308, -1e308]),
    ],
    ids=lambda got: repr(got)[:30],
)
@pytest.mark.parametrize("by", ["cap", "factor", "offset"])
@pytest.mark.filterwarnings("error")
def test_whatever_comes_is_looked_at_in_peace(by: str, got: Any) -> None:
    assert estimate({"by": by, "side": "below"}, [(np.array([-1.0, -500.0]), got)]) is None


def test_no_cases_have_no_constant() -> None:
    assert estimate(ABOVE, []) is None


def test_a_constant_outside_its_bounds_is_none() -> None:
    pairs = means([[300.0], [700.0], [1.0]], lambda losses: np.minimum(losses, 30))
    assert estimate({**ABOVE, "between": [2, 29]}, pairs) is None
    assert estimate({**ABOVE, "between": [31, 99]}, pairs) is None


def test_an_answer_that_raised_or_lacks_the_output_has_no_constant() -> None:
    toy = Exercise("toy", "toy", lambda answer, case: {})
    cases = [Case("ordinary", "a", {"x": np.zeros(1)}), Case("ordinary", "b", {"x": np.zeros(1)})]
    right = [Outcome(({"loss": 300.0},)), Outcome(({"loss": 700.0},))]
    good = [Outcome(({"loss": 30.0},)), Outcome(({"loss": 30.0},))]
    spec = {**ABOVE, "mean_over": "x"}
    assert constants(judge(toy, cases, right, good), spec)
    assert constants(judge(toy, cases, right, good), {**spec, "of": "loss"})
    assert constants(judge(toy, cases, right, [good[0], Outcome(errors=("ValueError",))]), spec) is None
    assert constants(judge(toy, cases, right, [good[0], Outcome(({"other": 30.0},))]), spec) is None


def test_sentences_are_filled_as_people_write() -> None:
    values = {"floor": 1e-5, "cap": 11.5129}
    assert fill("{floor:.0e}: none above {cap:.4g}, {{sic}}", values) == "1e-5: none above 11.51, {sic}"
    assert fill("{floor:.1e} {cap:.2e} {other:.3g}", values) == "1.0e-5 1.15e1 …"
    assert placeholders("{floor:.0e} under {p}, {{not}}") == {"floor", "p"}


# the slips of the course

EXERCISES = graded_exercises()
SLIPS = [slip for name in EXERCISES for slip in catalogue.slips(name)]
FAMILIES = [slip for slip in SLIPS if slip.estimate]


def named(value: Any) -> str | None:
    return f"{value.exercise}.{value.id}" if isinstance(value, Slip) else None


def answer_of(slip: Slip, value: Any = None) -> Callable[..., Any]:
    return slip.answer(*solution(slip.exercise), value)


@cache
def sets(name: str) -> list[tuple[list[Case], list[Outcome]]]:
    """Public and hidden cases, with what is right."""
    right = solution(name)[1][name]
    drawn = [catalogue.public(name), *(catalogue.hidden(name, np.random.default_rng(seed)) for seed in (0, 1))]
    return [(cases, [run(exercise_called(name), right, case) for case in cases]) for cases in drawn]


def constants_of(slip: Slip, answer: Callable[..., Any]) -> list[dict[str, float] | None]:
    """What the slip's estimator finds in an answer, on public cases and on hidden ones."""
    exercise = exercise_called(slip.exercise)
    return [
        constants(judge(exercise, cases, right, [run(exercise, answer, case) for case in cases]), slip.estimate or {})
        for cases, right in sets(slip.exercise)
    ]


@pytest.mark.parametrize("slip", SLIPS, ids=named)
def test_a_slip_is_written_as_it_should_be(slip: Slip) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", slip.id)
    assert re.fullmatch(r"(\d\d:)?[a-z][a-z0-9-]*", slip.see)
    assert slip.title == slip.title.strip(". ")
    assert re.match(r"[A-Za-z-]+ ", slip.title), "it may begin a sentence, where a name of code would be misspelt"
    assert re.match(r"[A-Z][a-z']* ", slip.says)
    assert slip.says.endswith(".")
    json.dumps(slip.estimate)  # plain data, since it travels to the notebook
    right = machinery.REGION.sub(lambda region: region[1], solution(slip.exercise)[0] + "\n")
    for value in slip.values or (None,):
        cell = slip.cell(solution(slip.exercise)[0], value)
        assert "### " not in cell
        assert cell.strip() != machinery.without_docstrings(right).strip()


def test_no_two_slips_of_an_exercise_have_the_same_title_or_sentence() -> None:
    for name in EXERCISES:
        for field in ("title", "says"):
            texts = [getattr(slip, field) for slip in catalogue.slips(name)]
            assert len(set(texts)) == len(texts), name


@pytest.mark.parametrize("name", EXERCISES)
def test_ways_are_right_on_ordinary_cases_and_used(name: str) -> None:
    exercise = exercise_called(name)
    for way in ways_of(name):
        room = dict(solution(name)[1])
        exec(way.code, room)
        for cases, right in sets(name):
            for case, expected in zip(cases, right, strict=True):
                if case.group == "ordinary":
                    assert finding(exercise, case, expected, run(exercise, room[name], case)).passed, way.name
        assert any(slip.base == way.name for slip in catalogue.slips(name)), way.name


@settings(max_examples=12, deadline=None)
@given(floor=st.floats(5, 15.9).map(lambda digits: 10.0**-digits))
@pytest.mark.parametrize("slip", [slip for slip in FAMILIES if slip.parameter == "floor"], ids=named)
def test_any_floor_is_found(slip: Slip, floor: float) -> None:
    for found in constants_of(slip, answer_of(slip, floor)):
        assert found is not None
        assert found["floor"] == pytest.approx(floor, rel=0.2)  # 1 - 1e-15 is rounded
        assert "…" not in "".join(slip.words(found))


@pytest.mark.parametrize("family", FAMILIES, ids=named)
def test_a_family_takes_in_nobody_else(family: Slip) -> None:
    name = family.exercise
    strangers = [answer_of(slip) for slip in catalogue.slips(name) if slip is not family]
    strangers += [*variants(name).VARIANTS[name].values(), *variants(name).TRIVIAL[name].values()]
    strangers.append(solution(name)[1][name])
    for stranger in strangers:
        assert constants_of(family, stranger) == [None, None, None], stranger


@pytest.mark.parametrize("family", FAMILIES, ids=named)
def test_a_family_finds_its_members(family: Slip) -> None:
    for value in family.values:
        for found in constants_of(family, answer_of(family, value)):
            assert found is not None
            assert found[family.parameter] == pytest.approx(value, rel=1e-3)
