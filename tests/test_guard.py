"""What goes on around a learner's ``check``: limits, prints, leftovers of the stub, what is lent; and what it costs."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shared import COURSE, ROOT, exercise_called, reference

import gradus
from autograder.course import Assignment
from gradus import check
from gradus.checking import CheckFailedError, Report
from gradus.checking.public import judge_publicly, public_cases
from gradus.learning import guard, lending
from gradus.learning.guard import TimeUpError, judged, within
from gradus.learning.lending import is_lent, lend, lends, operation
from gradus.learning.stubs import is_stub, leftover, returns_nothing

SOFTMAX = exercise_called("softmax")
LENT = ["softmax", "log_softmax", "cross_entropy", "cross_entropy_gradient", "binary_cross_entropy"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADUS_JUDGE", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)


def report_on(answer: Callable[..., Any], seconds: float = 5.0) -> Report:
    return judged(replace(SOFTMAX, seconds=seconds), answer)


# time


def endless(scores: Any) -> Any:
    while True:
        scores = scores + 1


def stubborn(scores: Any) -> Any:
    with contextlib.suppress(BaseException):
        endless(scores)
    endless(scores)


@pytest.mark.parametrize("answer", [endless, stubborn])
def test_a_call_that_takes_too_long_is_stopped_and_its_line_named(answer: Callable[..., Any]) -> None:
    begun = time.monotonic()
    report = report_on(answer, seconds=0.2)
    assert time.monotonic() - begun < 10
    assert report.headline == "softmax: stopped after 0.2 seconds"
    assert not report.passed
    (where,) = report.remarks
    assert re.search(r"It was in line \d+ of endless: (scores = scores \+ 1|while True)", where)
    assert "Does a loop never end?" in str(report)
    assert "Does a loop never end?" in report._repr_html_()


def test_the_limit_is_that_of_all_cases_together_and_of_the_exercise() -> None:
    calls = []

    def slow(scores: Any) -> Any:
        calls.append(1)
        time.sleep(0.15)
        return reference("softmax")(scores)

    assert "stopped after 0.4 seconds" in report_on(slow, seconds=0.4).headline
    assert 2 <= len(calls) <= 3
    assert report_on(slow).passed


def test_nothing_is_stopped_before_its_time_or_after() -> None:
    before = threading.active_count()
    assert within(0.1, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        within(0.1, lambda: 1 / 0)
    assert threading.active_count() == before
    time.sleep(0.3)
    for _ in range(300):  # the end of the work and of its time fall together
        try:
            within(0.002, lambda: time.sleep(0.002))
        except TimeUpError:
            continue
    time.sleep(0.1)
    assert threading.active_count() == before


def test_an_interrupt_that_comes_at_the_very_end_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(threading.Event):
        def set(self) -> None:
            raise TimeUpError

    class Clock(guard._Clock):
        def __init__(self, seconds: float) -> None:
            super().__init__(seconds)
            self.wake = Late()

    monkeypatch.setattr(guard, "_Clock", Clock)
    assert within(0.1, lambda: "done") == "done"
    time.sleep(0.5)


def test_an_import_is_never_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_library.py").write_text("import time\nfor _ in range(60):\n    time.sleep(0.01)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def answer() -> bool:
        import slow_library  # type: ignore[import-not-found]

        return bool(slow_library.whole)

    assert within(0.1, answer)


def test_the_time_in_which_names_are_looked_for_is_not_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: Any) -> tuple[()]:
        time.sleep(0.5)
        return ()

    monkeypatch.setattr("gradus.checking.public.name_slips", search)
    assert "cases pass" in report_on(lambda scores: scores, seconds=0.3).headline


# prints


def test_prints_are_held_back_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def softmax(scores: Any) -> None:
        print("shape", scores.shape)

    report = report_on(softmax)
    assert capsys.readouterr().out == ""
    times = len(report.cases)
    (said,) = report.remarks
    assert said.startswith(f"It printed {times} lines and returned nothing: print shows a value, only return")
    assert said.count("\n    shape (") == 5
    assert said.endswith("…")
    html = report._repr_html_()
    assert html.count("shape (") == 5
    assert ">It printed" in html


def test_prints_of_a_right_answer_are_shown_and_cost_nothing() -> None:
    def softmax(scores: Any) -> Any:
        if scores.ndim == 1:
            print("one row")
        return reference("softmax")(scores)

    report = report_on(softmax)
    assert report.passed
    assert report.remarks[0].startswith("It printed 1 line. Held back, from the start:\n    one row")
    assert report_on(reference("softmax")).remarks == ()


# stubs


def stub(scores: Any) -> Any:
    """Say what."""
    raise NotImplementedError


def above(scores: Any) -> Any:
    """Say what."""
    raise NotImplementedError
    return scores


def below(scores: Any) -> Any:
    scores = scores - scores.max()
    raise NotImplementedError()


def inside(scores: Any) -> Any:
    if scores.ndim > 2:
        raise NotImplementedError
    return scores


def worded(scores: Any) -> Any:
    raise NotImplementedError("not for me")


class HalfWritten:
    def __init__(self, lr: float) -> None:
        self.lr = lr

    def step(self, params: Any) -> Any:
        raise NotImplementedError


class LeftAbove(HalfWritten):
    def step(self, params: Any) -> Any:
        raise NotImplementedError
        return params


def nested(scores: Any) -> None:
    def helper() -> int:
        return 1

    helper()


@pytest.mark.parametrize(
    ("answer", "unwritten", "left"),
    [
        *((stub, True, ""), (above, False, "above"), (below, False, "below"), (inside, False, "")),
        *((worded, False, ""), (HalfWritten, True, ""), (LeftAbove, False, "above"), (nested, False, "")),
        *((np.exp, False, ""), (3, False, ""), (lambda x: x, False, "")),
    ],
)
def test_a_stub_is_told_from_an_answer(answer: Any, unwritten: bool, left: str) -> None:
    assert is_stub(answer) is unwritten
    found = leftover(answer)
    assert (f"stands {left} your answer" in str(found)) if left else found is None


def test_without_source_the_code_decides() -> None:
    space: dict[str, Any] = {}
    exec("def stub(x):\n    raise NotImplementedError\ndef answer(x):\n    return abs(x)", space)
    assert is_stub(space["stub"])
    assert not is_stub(space["answer"])


def test_what_returns_nothing_is_known() -> None:
    assert returns_nothing(nested)
    assert not returns_nothing(inside)
    assert not returns_nothing(HalfWritten)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (above, "still stands above your answer (line {}): delete that line."),
        (below, "still stands below your answer (line {}): delete that line, and end your answer with a return."),
    ],
)
def test_what_is_left_of_the_stub_is_said(answer: Any, says: str) -> None:
    report = report_on(answer)
    assert report.unwritten
    line = next(
        n
        for n, text in enumerate(Path(__file__).read_text().splitlines(), 1)
        if text == f"def {answer.__name__}(scores: Any) -> Any:"
    )
    assert says.format(line + 2) in str(report)
    assert says.format(line + 2) in report._repr_html_()
    assert "still stands" not in str(report_on(stub))
    assert "still stands" not in str(report_on(inside))


# lending


@pytest.mark.parametrize("name", LENT)
def test_what_is_lent_passes_the_public_cases(name: str) -> None:
    assert judge_publicly(exercise_called(name), operation(name)).passed


def test_what_is_missing_or_a_stub_is_lent_and_ones_own_stays(capsys: pytest.CaptureFixture[str]) -> None:
    def lent(**space: Any) -> dict[str, Any]:
        space |= {"lend": lend}
        exec('lend("softmax", "log_softmax", "cross_entropy")', space)
        return space

    space = lent(softmax=above, log_softmax=stub)
    assert capsys.readouterr().out == "lent until yours are written: log_softmax, cross_entropy (PyTorch's)\n"
    assert space["softmax"] is above
    assert is_lent(space["log_softmax"])
    assert np.isclose(space["cross_entropy"](np.zeros((2, 4)), np.array([1, 3])), np.log(4))
    again = lent(**space)
    assert "lent until yours are written: log_softmax, cross_entropy" in capsys.readouterr().out
    assert again["cross_entropy"] is space["cross_entropy"]
    lent(**(space | {"softmax": stub, "log_softmax": inside, "cross_entropy": inside}))
    assert capsys.readouterr().out == "lent until yours is written: softmax (PyTorch's)\n"
    lent(softmax=inside, log_softmax=inside, cross_entropy=inside)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("variable", ["GRADUS_JUDGE", "NBGRADER_EXECUTION"])
def test_nothing_is_lent_while_grading(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "yes")
    space: dict[str, Any] = {"lend": lend}
    exec('lend("softmax")', space)
    assert "softmax" not in space


def test_what_cannot_be_lent_is_said_with_what_can() -> None:
    with pytest.raises(ValueError, match=r"nothing can be lent for 'multitask_loss', only for .*softmax"):
        lend("multitask_loss")


def test_what_is_lent_is_declared_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending, "_OPERATIONS", dict(lending._OPERATIONS))
    with pytest.raises(ValueError, match=r"already declared in gradus\.exercises.softmax_cross_entropy"):
        lends("softmax")(lambda scores: scores)


def test_what_is_lent_cannot_be_handed_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    softmax = operation("softmax")
    check(softmax)
    assert capsys.readouterr().out.startswith("This one is PyTorch's, lent to you")
    for variable in ("GRADUS_JUDGE", "NBGRADER_EXECUTION"):
        monkeypatch.setenv(variable, "nowhere")
        with pytest.raises(CheckFailedError, match="lent to you"):
            check(softmax)


def test_an_answer_that_leans_on_what_is_lent_is_told() -> None:
    space: dict[str, Any] = {"np": np, "softmax": operation("softmax")}
    exec("def log_softmax(scores):\n    return np.log(softmax(scores))", space)
    (said,) = judged(exercise_called("log_softmax"), space["log_softmax"]).remarks
    assert said.startswith("It calls softmax, which is lent to you.")


# what check is given


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "check needs to know what to check, for instance: check(cross_entropy)"),
        ('"softmax"', "check takes the function itself, without quotes: check(softmax)"),
        ('"my softmax"', "check takes the function itself, without quotes: check(cross_entropy)"),
        ("np.zeros(3)", "check takes the function itself and got a result (ndarray). Write its name without brackets"),
        ("None", "check takes the function itself and got None."),
        ("3, name='softmax'", "check takes the function itself and got a result (int)."),
        ("max, name='sofmax'", "There is no exercise called 'sofmax'."),
        ("max", "check cannot tell which exercise this builtin_function_or_method is meant for."),
    ],
)
def test_whatever_check_is_given_it_says_what_it_needs(
    capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    exec(f"check({arguments})", {"check": check, "np": np, "cross_entropy": stub})
    out = capsys.readouterr().out
    assert out.startswith(says)
    assert out.count("\n") == 1


# what it costs

FIRST = """
import time
begun = time.process_time()
import gradus
imported = time.process_time() - begun
import numpy as np, torch
def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
begun = time.process_time()
gradus.check(softmax)
print(imported, time.process_time() - begun)
"""


def test_the_import_and_the_first_check_are_quick() -> None:
    """The least of three, in seconds of processor time, so that it does not matter what else the machine does."""
    command = [sys.executable, "-c", FIRST]
    runs = [subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout for _ in range(3)]
    reports, costs = zip(*(run.splitlines() for run in runs), strict=True)
    assert all(report.startswith("[ok] softmax") for report in reports)
    imports, checks = zip(*(map(float, cost.split()) for cost in costs), strict=True)
    assert min(imports) < 0.3
    assert min(checks) < 0.3


@pytest.mark.parametrize("assignment", COURSE.assignments(), ids=lambda assignment: assignment.name)
def test_every_check_is_quick(assignment: Assignment, capsys: pytest.CaptureFixture[str]) -> None:
    """Also the first one in a notebook, which reads the public cases; again the least of three."""
    for name in assignment.source.exercises:
        answer, costs = reference(name), []
        for _ in range(3):
            public_cases.cache_clear()
            begun = time.process_time()
            check(answer)
            costs.append(time.process_time() - begun)
            assert "[ok]" in capsys.readouterr().out
        assert min(costs) < 0.3, name


def test_a_check_leaves_the_learners_random_numbers_alone() -> None:
    torch.manual_seed(0)
    first = torch.rand(1)
    torch.manual_seed(0)
    assert judged(exercise_called("torch_loss"), reference("torch_loss")).passed
    assert torch.rand(1) == first


def test_everything_a_notebook_imports_is_there() -> None:
    assert all(hasattr(gradus, name) for name in gradus.__all__)
    assert "lend" in gradus.__all__
