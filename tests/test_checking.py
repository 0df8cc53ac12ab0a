"""What a learner is told, and what reaches the machinery from an answer."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import TypeAdapter
from shared import ROOT, exercise_called, judge, reference
from shared import finding as examine

from gradus import check
from gradus.checking import Case, CheckFailedError, Exercise, Property, Report, Tolerance, find_exercise, wire
from gradus.checking.comparing import Finding, behaviour, limit_of_magnitude
from gradus.checking.naming import Candidate, KnownSlip, Place, name_slips
from gradus.checking.public import judge_publicly
from gradus.checking.report import Failure, write
from gradus.checking.running import Outcome, names_used, run
from gradus.exercises.kit import number

DOUBLED = Exercise(
    "doubled",
    "toy",
    lambda answer, case: {"result": answer(case["x"])},
    properties=(
        Property("the mean doubles", lambda case, out: np.isclose(out["result"].mean(), 2 * case["x"].mean())),
    ),
)
CASE = Case("exact", "two rows", {"x": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])})


def finding(answer: Callable[..., Any], case: Case = CASE) -> Finding:
    """What is found when ``answer`` should double its argument."""
    return examine(DOUBLED, case, run(DOUBLED, lambda x: 2 * x, case), run(DOUBLED, answer, case))


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: x + x,
        lambda x: x.__imul__(2),
        lambda x: (2 * x).astype(np.float32),
        lambda x: (2 * x).astype(np.float32).astype(np.float64),
        lambda x: (2 * x).tolist(),
        lambda x: 2 * torch.tensor(x),
        lambda x: (2 * x).astype(int),
        lambda x: np.asfortranarray(2 * x),
    ],
)
def test_any_way_of_giving_the_right_numbers_passes(answer: Callable[..., Any]) -> None:
    assert finding(answer).passed


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (lambda x: None, "missing", "return"),
        (lambda x: 2 * x[:1], "shape", r"shape \(1, 3\); expected \(2, 3\)"),
        (lambda x: 2 * x.ravel(), "shape", "expected"),
        (lambda x: [[2.0], [1.0, 2.0]], "raised|shape", ""),
        (lambda x: "six", "type", "numbers"),
        (lambda x: np.array([None, "a"]), "raised", "object"),
        (lambda x: 2 * x + 1j, "raised", "complex"),
        (lambda x: np.where(x > 2, np.nan, 2 * x), "finite", "NaN in 4 of 6 elements.*first at"),
        (lambda x: np.where(x > 6, np.inf, 2 * x), "finite", "infinite in 1 of 6"),
        (lambda x: np.full(x.shape, -np.inf), "finite", "infinite"),
        (lambda x: x, "values", r"6 of 6 elements; largest error 7 at \[1, 2\].*the mean doubles"),
        (lambda x: 2 * x + np.eye(2, 3) * 1e-3, "values", "2 of 6"),
        (lambda x: {"a": 1}, "type", "numbers"),
        (lambda x: (2 * x, x.sum(axis=1)), "shape", "result is one array, but 2 results came back"),
        (lambda x: (2 * x, x), "shape", "result is one array, but 2 results came back"),
        (lambda x: [row[:2] for row in x], "shape", r"shape \(2, 2\); expected"),
        (
            lambda x: 2 * x * (1 + 1e-8 * x),
            "values",
            "has a relative error of at most about 7e-08: is something computed in float32, is something small",
        ),
        (
            lambda x: 2 * x * (1 + 1e-6 * x),
            "values",
            "has a relative error of at most about 7e-06: is something small added or rounded, or is a step",
        ),
        (lambda x: object(), "raised", "object"),
        (lambda: 1, "raised", "positional argument"),
    ],
)
def test_what_is_wrong_is_said(answer: Callable[..., Any], kind: str, says: str) -> None:
    found = finding(answer)
    assert not found.passed
    assert re.fullmatch(kind, found.kind), found
    assert re.search(says, found.message), found.message


def test_an_integer_dtype_is_named_where_it_can_cut_something_off() -> None:
    halves = replace(CASE, inputs={"x": CASE.inputs["x"] / 4})
    assert "integer dtype" in finding(lambda x: (2 * x).astype(int), halves).message
    assert "integer dtype" not in finding(lambda x: (2.9 * x).astype(int)).message


@pytest.mark.parametrize(
    "error", [SystemExit(1), GeneratorExit(), RecursionError("deep"), MemoryError(), ValueError("no")]
)
def test_exceptions_of_every_kind_stay_inside(error: BaseException) -> None:
    def answer(x: Any) -> Any:
        raise error

    outcome = run(DOUBLED, answer, CASE)
    assert outcome.error == type(error).__name__
    assert "raise error" in outcome.line


def test_a_learner_can_still_interrupt() -> None:
    def answer(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(DOUBLED, answer, CASE)


def test_an_exception_that_cannot_be_read_stays_inside() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def answer(x: Any) -> Any:
        raise MuteError

    assert run(DOUBLED, answer, CASE).error == "MuteError"


def test_a_changed_argument_is_reported_and_the_case_stays_as_it_was() -> None:
    before = CASE.inputs["x"].copy()
    outcome = run(DOUBLED, lambda x: x.__imul__(2), CASE)
    assert outcome.changed == ("x",)
    assert np.array_equal(CASE.inputs["x"], before)


def test_warnings_are_kept_and_never_shown() -> None:
    def answer(x: Any) -> Any:
        np.log(np.zeros(1))
        return 2 * x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = run(DOUBLED, answer, CASE)
    assert outcome.warnings == ("RuntimeWarning: divide by zero encountered in log",)


def test_names_of_methods_and_attributes_are_not_taken_for_functions() -> None:
    def answer(x: Any) -> Any:
        return torch.nn.functional.cross_entropy(x.softmax(1), relu(x))  # type: ignore[name-defined]  # noqa: F821

    assert names_used(answer) == {"torch", "relu"}


def test_an_answer_that_leans_on_a_wrong_one_says_so() -> None:
    space: dict[str, Any] = {"np": np}
    code = "def softmax(s):\n    return s\ndef log_softmax(s):\n    return np.log(np.abs(softmax(s)) + 1)"
    exec(code, space)
    report = judge_publicly(exercise_called("log_softmax"), space["log_softmax"])
    assert report.leans_on == ("softmax",)
    assert "mend that first" in str(report)


def test_a_result_that_is_not_finite_says_from_which_size_of_the_inputs_on() -> None:
    def unstable(s: Any) -> Any:
        return np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)

    report = judge_publicly(exercise_called("softmax"), unstable)
    assert report.failure is not None
    above = "Inputs up to 706.5 give finite results, inputs from 1001 on do not."
    below = "Inputs down to -745 give finite results, inputs from -20001 down do not."
    assert report.failure.message.endswith(f"{above} {below}")
    everywhere = judge_publicly(exercise_called("softmax"), lambda s: unstable(s) * np.nan)
    assert everywhere.failure is not None
    assert "give finite results" not in everywhere.failure.message


@pytest.mark.parametrize(
    ("fine", "bad", "says"),
    [
        ([[5, -9]], [[20]], "Inputs up to 5 give finite results, inputs from 20 on do not."),
        ([[5, -9]], [[-20]], "Inputs down to -9 give finite results, inputs from -20 down do not."),
        ([[-745]], [[1001]], ""),
        ([[5, -9]], [[20, -20]], ""),
        ([[5, -9], [30]], [[20]], ""),
    ],
)
def test_large_inputs_are_judged_apart_from_those_far_below_zero(fine: Any, bad: Any, says: str) -> None:
    cases = [Case("a", "a", {"x": np.array(numbers, float)}) for numbers in (*fine, *bad)]
    findings = [Finding(case, n < len(fine), "" if n < len(fine) else "finite") for n, case in enumerate(cases)]
    assert limit_of_magnitude(findings) == says


def test_a_numpy_function_that_is_called_with_tensors_is_told_from_pytorchs_own() -> None:
    code = (
        "def cross_entropy(scores, y):\n    shifted = scores - scores.max(axis=-1, keepdims=True)\n"
        "    return -np.log(np.exp(shifted)).mean()\n"
        "def torch_loss(model, x, y):\n    return cross_entropy(model(x), y)"
    )
    space: dict[str, Any] = {"np": np}
    exec(code, space)
    report = judge_publicly(exercise_called("torch_loss"), space["torch_loss"])
    says = "This calls your NumPy `cross_entropy` with tensors; PyTorch's own is `nn.functional.cross_entropy`."
    assert report.failure is not None
    assert says in report.failure.message
    other = judge_publicly(exercise_called("torch_loss"), lambda model, x, y: model(x) - [None])
    assert other.failure is not None
    assert "NumPy `" not in other.failure.message


def test_two_slips_at_once_are_named_by_the_ordinary_cases() -> None:
    report = judge_publicly(exercise_called("softmax"), lambda s: np.exp(s) / np.exp(s).sum())
    assert report.slips


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("softmax", lambda s: np.exp(s - np.abs(s).max()) / np.exp(s - np.abs(s).max()).sum(-1, keepdims=True)),
        ("softmax", lambda s: reference("softmax")(s) * np.nan),
        ("softmax", lambda s: reference("softmax")(s).astype(int)),
        ("cross_entropy", lambda s, y: -reference("log_softmax")(s).mean()),
        ("cross_entropy_gradient", lambda s, y: (reference("softmax")(s) - 1) / len(y)),
    ],
)
def test_a_slip_that_does_not_explain_the_first_case_that_fails_is_not_named(name: str, answer: Any) -> None:
    assert judge_publicly(exercise_called(name), answer).slips == ()


def of_three_sizes(tiny: float, ordinary: float, big: float) -> Callable[..., Any]:
    """What adds something to the right result, by the size of the argument."""
    return lambda x: 2 * x + (tiny if x.max() < 1 else ordinary if x.max() < 10 else big)


@pytest.mark.parametrize(
    ("slip", "named"),
    [
        (of_three_sizes(0, 0, 5), {"gate": ("ordinary",), "slip": ("big",)}),
        (of_three_sizes(1, 0, 5), {"gate": ("ordinary",)}),
        (of_three_sizes(0, 5, 5), {"gate": ("ordinary",)}),
    ],
    ids=["it shows nowhere else", "it shows where the answer is right", "it is another one in the gate"],
)
def test_a_slip_of_some_groups_goes_with_the_rest(slip: Callable[..., Any], named: dict[str, tuple[str, ...]]) -> None:
    groups = {"tiny": 0.01, "ordinary": 1.0, "big": 100.0}
    cases = [Case(group, group, {"x": size * np.array([1.0, 2.0])}) for group, size in groups.items()]

    def ran(answer: Callable[..., Any]) -> list[Outcome]:
        return [run(DOUBLED, answer, case) for case in cases]

    judged = judge(DOUBLED, cases, ran(lambda x: 2 * x), ran(of_three_sizes(0, 3, 5)))
    place = Place("toy", "00", "Toy")
    candidates = [
        Candidate(KnownSlip(id, id, id, place), lambda i, answer=answer: behaviour(DOUBLED, cases[i], ran(answer)[i]))
        for id, answer in {"gate": of_three_sizes(0, 3, 0), "slip": slip}.items()
    ]
    assert {one.slip.id: one.groups for one in name_slips(judged, candidates)} == named


def test_a_constant_is_found_beside_another_slip() -> None:
    def answer(scores: Any, targets: Any) -> Any:
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(len(targets)), targets] + 1e-9).mean()

    report = judge_publicly(exercise_called("cross_entropy"), answer)
    assert {(named.slip.id, named.groups) for named in report.slips} == {
        ("overflowing_softmax", ("large_scores",)),
        ("floor", ("exact", "underflow")),
    }
    assert any("1e-9" in named.slip.title for named in report.slips)


def test_many_groups_are_counted() -> None:
    report = judge_publicly(exercise_called("softmax"), lambda s: np.exp(s) / np.exp(s).sum())
    assert any(re.fullmatch(r" in \d groups", report.where(named)) for named in report.slips), str(report)


@pytest.mark.parametrize("name", ["softmax", "multitask_loss", "torch_loss"])
def test_the_html_report_escapes_what_a_learner_wrote(name: str) -> None:
    def answer(*args: Any) -> Any:
        raise ValueError("<script>alert(1)</script>")

    html = judge_publicly(exercise_called(name), answer)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_unwritten_stub_is_no_error() -> None:
    def softmax(scores: Any) -> Any:
        raise NotImplementedError

    report = judge_publicly(exercise_called("softmax"), softmax)
    assert "not written yet" in report.headline
    assert "Traceback" not in str(report)


def test_only_the_stub_itself_is_not_written_yet() -> None:
    def doubled(x: Any) -> Any:
        raise NotImplementedError

    def leaning(x: Any) -> Any:
        return doubled(x)

    def swapped(x: Any) -> Any:
        return torch.nn.functional.cross_entropy(torch.tensor([1, 0]), torch.zeros(2, 3))

    def unfinished(x: Any) -> Any:
        raise NotImplementedError("later")

    assert finding(doubled).kind == "unwritten"
    assert "It calls your test_only_the_stub" in finding(leaning).message
    for answer in (leaning, swapped, unfinished):
        assert finding(answer).kind == "raised"
    assert "raised NotImplementedError" in finding(swapped).message
    assert "return torch.nn.functional.cross_entropy" in finding(swapped).line
    report = judge_publicly(exercise_called("softmax"), leaning)
    assert "not written yet" not in report.headline


def test_both_numbers_are_shown_with_digits_that_tell_them_apart() -> None:
    report = judge_publicly(exercise_called("softmax"), lambda s: reference("softmax")(s) + 3e-6)
    text = str(report)
    expected, got = text.split("expected probabilities:")[1].split("got probabilities:")
    assert expected.split() != got.split()[: len(expected.split())]
    assert text.index("got probabilities:") < text.index("input scores:")
    assert max(map(len, text.splitlines())) < 120


@pytest.mark.browser
@pytest.mark.parametrize(("width", "beside"), [(1366, True), (390, False)])
def test_expected_and_got_are_in_view_together(width: int, beside: bool, chromium: Any) -> None:
    """Side by side where there is room, below each other on a telephone; what is wider than the page scrolls alone."""
    wide = "\n".join("[" + " ".join(f"{i * j:+.4e}" for j in range(9)) + "]" for i in range(4))
    shown = (("expected p", "[0.1001 0.2002 0.3003 0.3994]"), ("got p", "[0.2 0.2 0.2 0.4]"), ("input scores", wide))
    report = Report("softmax", failure=Failure("values", "ordinary", "one row", "It is wrong.", "", shown))
    tab = chromium.new_page(viewport={"width": width, "height": 800})
    tab.set_content(report._repr_html_())
    expected, got, scores = (
        tab.locator("pre").nth(i).locator("xpath=ancestor::div[1]").bounding_box() for i in range(3)
    )
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert max(box["x"] + box["width"] for box in (expected, got, scores)) <= width
    assert (expected["y"] == got["y"]) is beside
    assert (expected["x"] == got["x"]) is not beside
    assert tab.evaluate("[...document.querySelectorAll('dl div')].at(-1).scrollWidth") > 600


# check


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADUS_JUDGE", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("quiet")
def test_check_knows_an_object_by_the_name_the_caller_gives_it(capsys: pytest.CaptureFixture[str]) -> None:
    from functools import partial

    softmax = partial(reference("softmax"))
    check(softmax)
    assert "softmax: all" in capsys.readouterr().out


@pytest.mark.usefixtures("quiet")
def test_check_says_when_it_cannot_tell_the_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    check(lambda scores: scores)
    check(3, name="sofmax")
    out = capsys.readouterr().out
    assert "cannot tell which exercise" in out
    assert "no exercise called 'sofmax'" in out


@pytest.mark.usefixtures("quiet")
def test_without_a_judge_nbgrader_sees_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    check(reference("softmax"), name="softmax")
    with pytest.raises(CheckFailedError, match="0 of"):
        check(lambda scores: scores, name="softmax")


def test_importing_gradus_loads_nothing_heavy() -> None:
    code = (
        "import sys, gradus; print([name for name in "
        "('torch', 'matplotlib', 'ipywidgets', 'anywidget', 'IPython', 'pooch', 'autograder') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


# the wire

ARRAYS = hnp.arrays(
    st.sampled_from([np.dtype(name) for name in ("float64", "float32", "int64", "int8", "uint8", "bool")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.text() | ARRAYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other or one != one)


@given(VALUES)
@settings(deadline=None, max_examples=200)
def test_what_is_encoded_comes_back(value: Any) -> None:
    assert same(value, wire.decode(wire.encode(value)))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(deadline=None, max_examples=300)
def test_garbage_on_the_wire_is_an_error_of_the_wire(data: bytes) -> None:
    try:
        wire.decode(data)
    except wire.WireError:
        return


@pytest.mark.parametrize(
    "message",
    [
        b"[" * 100_000,
        b'{"array": "object", "shape": [1], "data": "AAAAAAAAAAA="}',
        b'{"array": "float64", "shape": [-1], "data": ""}',
        b'{"array": "float64", "shape": [2], "data": "AAAAAAAAAAA="}',
        b'{"array": "float64", "shape": [1], "data": ["1"]}',
        b'{"array": "float64", "shape": [1], "data": "AAAAAAAAAA!="}',
        b'{"array": "float64", "shape": [1152921504606846976, 8], "data": "AAAAAAAAAAA="}',
        b'{"array": "bool", "shape": [1], "data": "Ag=="}',
        b'{"array": {}, "shape": [], "data": ""}',
        b'{"array": "float64", "shape": [true], "data": "AAAAAAAAAAA="}',
        b'{"float": "1"}',
        b"NaN",
        b"[Infinity]",
        b"9223372036854775808",
        b"-" + b"9" * 400,
        b'{"anything": 1}',
        b"1" * 10_000,
        b"1" * 60,
        b"\xff\xfe",
        b"",
    ],
)
def test_malformed_messages_are_refused(message: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(message)


def test_lone_surrogates_never_reach_a_file() -> None:
    wire.decode(b'{"dict": {"\\ud800": "\\udfff"}}')["?"].encode()


def test_objects_do_not_cross_the_wire() -> None:
    for value in (object(), np.array([object()]), {1: 2}, b"bytes", 1j, np.datetime64("2026-01-01")):
        with pytest.raises(wire.WireError):
            wire.encode(value)


@given(st.dictionaries(st.sampled_from(["result", "other"]), VALUES, max_size=2))
@settings(deadline=None, max_examples=300)
def test_no_output_whatever_upsets_the_comparison(outputs: dict[str, Any]) -> None:
    right = run(DOUBLED, lambda x: 2 * x, CASE)
    came = Outcome((outputs,))
    found = examine(DOUBLED, CASE, right, came)
    assert not found.passed
    report = write(DOUBLED, [found], {}, [came])
    report._repr_html_()
    adapter = TypeAdapter(Report)
    assert adapter.validate_json(adapter.dump_json(report), strict=True) == report


def test_tolerance_is_the_stated_one() -> None:
    strict = Exercise("doubled", "toy", DOUBLED.drive, tolerance=Tolerance(rtol=1e-6, atol=0.0))
    for factor, passes in ((1 + 0.9e-6, True), (1 + 1.1e-6, False)):
        got = run(strict, lambda x, factor=factor: 2 * x * factor, CASE)
        assert examine(strict, CASE, run(strict, lambda x: 2 * x, CASE), got).passed is passes


def test_only_one_group_asks_for_the_last_digits() -> None:
    gate = Case("ordinary", "two rows", CASE.inputs)
    for error, passes in ((1e-5, True), (0.9e-3 * 14, True), (1.1e-3 * 14, False), (np.nan, False)):
        assert finding(lambda x, error=error: 2 * x + error, gate).passed is passes
        assert not finding(lambda x, error=error: 2 * x + error, CASE).passed
    limited = replace(DOUBLED, tolerance=Tolerance(largest_scale=1.0))
    for case in (gate, Case("ordinary", "in float32", {"x": CASE.inputs["x"].astype(np.float32)})):
        right = run(limited, lambda x: 2 * x, case)
        for error, passes in ((0.9e-3, True), (1.1e-3, False)):
            assert examine(limited, case, right, run(limited, lambda x, e=error: 2 * x + e, case)).passed is passes
    whole = Case("ordinary", "whole numbers", {"x": np.array([1000, 2000])})
    assert not finding(lambda x: 2 * x + 1, whole).passed


@pytest.mark.parametrize("error", [1.8e-5, 1e-5, -1.8e-5])
def test_casting_a_wrong_result_to_float32_does_not_make_it_right(error: float) -> None:
    for cast in (np.float32, lambda x: x.astype(np.float32).astype(np.float64), lambda x: x):
        assert not finding(lambda x, cast=cast: cast(2 * x * (1 + error))).passed


def test_float32_arithmetic_is_right() -> None:
    assert finding(lambda x: np.float32(x) * np.float32(2) * np.float32(1.1) / np.float32(1.1)).passed


def test_pythons_own_help_survives() -> None:
    def answer(x: Any) -> Any:
        return 2 * xs  # type: ignore[name-defined]  # noqa: F821

    def other(x: Any) -> Any:
        return x.sume()

    assert "name 'xs' is not defined. Did you mean: 'x'?" in finding(answer).message
    assert "Did you mean: 'sum'?" in finding(other).message


def test_warnings_are_those_of_the_case_that_is_shown() -> None:
    def softmax(scores: Any) -> Any:
        np.log(np.zeros(1)) if scores.ndim == 1 else None
        return scores

    report = judge_publicly(exercise_called("softmax"), softmax)
    assert report.failure is not None
    assert report.warnings == ()


def test_there_is_no_exercise_by_another_name() -> None:
    assert find_exercise("sofmax") is None


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: np.full((1, 1), x), lambda x: torch.full((1,), x), float])
def test_one_number_is_a_number_in_any_shape(wrap: Callable[..., Any]) -> None:
    assert examine_mean(lambda x: wrap(x.mean())).passed


def test_numbers_for_one_number_are_said_to_be_numbers() -> None:
    for answer in (lambda x: x.mean(axis=1), lambda x: x.mean(axis=1).tolist(), lambda x: list(x.mean(axis=1))):
        said = examine_mean(answer).message
        assert said == "mean is 2 numbers, of shape (2,); one number is expected. Their mean is the right number."
    assert examine_mean(lambda x: (x.mean(), x)).message == (
        "mean is one number, but 2 results came back. Return it alone."
    )


def examine_mean(answer: Callable[..., Any]) -> Finding:
    exercise = Exercise("mean", "toy", lambda answer, case: {"mean": number(answer(case["x"]))})
    return examine(exercise, CASE, run(exercise, lambda x: x.mean(), CASE), run(exercise, answer, CASE))


def test_numbers_of_a_vector_are_no_rows() -> None:
    case = Case("ordinary", "three", {"x": np.array([1.0, 2.0, 4.0])})
    assert finding(lambda x: 6 * x, case).message.endswith("It is 3 times too large, and x has 3 numbers.")


def test_a_loss_that_reaches_no_parameter_is_said_to() -> None:
    def cut(model: Any, x: Any, y: Any) -> Any:
        return torch.nn.functional.cross_entropy(model(x).detach().requires_grad_(), y)

    report = judge_publicly(exercise_called("torch_loss"), cut)
    assert report.failure is not None
    assert "cut the graph" in report.failure.message


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda model, x, y: torch.nn.CrossEntropyLoss(), "A loss object came back from torch_loss: call it"),
        (lambda model, x, y: torch.nn.CrossEntropyLoss(model(x), y), "`nn.CrossEntropyLoss()(scores, y)` calls it."),
    ],
)
def test_a_loss_object_is_said_to_be_called(answer: Any, says: str) -> None:
    report = judge_publicly(exercise_called("torch_loss"), answer)
    assert report.failure is not None
    assert says in report.failure.message


def test_an_error_that_no_loss_object_raised_stays_as_it_is() -> None:
    report = judge_publicly(exercise_called("torch_loss"), lambda model, x, y: x.sum() if model(x) else x)
    assert report.failure is not None
    assert report.failure.message.endswith("is ambiguous")


def test_a_notebook_in_which_numpy_raises_gets_its_report() -> None:
    def softmax(scores: Any) -> Any:
        with np.errstate(all="ignore"):
            return reference("softmax")(scores)

    with np.errstate(all="raise"):
        assert judge_publicly(exercise_called("softmax"), softmax).passed
        assert not judge_publicly(exercise_called("softmax"), lambda scores: 1e300 * softmax(scores)).passed


def test_a_slip_is_named_where_the_right_cases_keep_its_last_digits() -> None:
    def last_example(scores: Any, targets: Any) -> Any:
        for row, target in zip(scores, targets, strict=True):
            exponentials = np.exp(row - row.max())
            loss = -np.log((exponentials / exponentials.sum())[target])
        return loss / len(targets)

    report = judge_publicly(exercise_called("cross_entropy"), last_example)
    assert [named.slip.id for named in report.slips] == ["last_example"]


@pytest.mark.parametrize(
    ("factor", "says"),
    [
        (2.0, "It is 2 times too large, and x has 2 rows."),
        (1 / 3, "It is 3 times too small, and x has 3 columns."),
        (-1.0, "The sign is reversed."),
        (1.4427, "Every number is 1.443 times what is expected."),
    ],
)
def test_what_all_wrong_numbers_have_in_common_is_said(factor: float, says: str) -> None:
    assert finding(lambda x: 2 * x * factor).message.endswith(says)
    for other in (lambda x: 2 * x + 1, lambda x: 2 * x * np.arange(1, 4), lambda x: 2 * x * np.inf):
        assert not re.search("times|reversed", finding(other).message)


def test_a_case_is_in_single_precision_where_an_input_is_wherever_that_lies() -> None:
    of = {dtype: Case("ordinary", "one", {"n": 3, "steps": [{"w": np.ones(2, dtype)}]}) for dtype in ("f4", "f8")}
    assert of["f4"].single
    assert not of["f8"].single
