"""What each kind of exercise brings: how an answer is driven, judged over the socket, and reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from nbformat import NotebookNode
from pydantic import TypeAdapter
from shared import KINDS, exercise_called
from test_exercises import judged, judged_publicly

from autograder.course import Course
from autograder.judging import diagnosis
from autograder.judging.judge import Judge, Verdict
from autograder.nbgrader_hooks import release
from autograder.source.build import source_notebook
from gradus.checking import Case, Report, Statistic, repair, wire
from gradus.checking.arguments import Made, Server, find_family, make
from gradus.checking.client import answer_judge
from gradus.checking.comparing import Finding
from gradus.checking.report import write
from gradus.checking.running import run
from gradus.exercises import kit

NAMES = list(KINDS.assignment("90").source.exercises)


def by_socket(name: str, answer: Any) -> Verdict:
    """The verdict on an answer that is asked for over the judge's socket."""
    with Judge(KINDS, b"key") as judge:
        judge.open(name)
        assert answer_judge(judge.address, lambda _: answer)
        judge.close()
        return judge.verdict(name)


def released(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The student edition of a source notebook."""
    path = folder / "source" / "90_kinds" / "90_kinds.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    release.release(KINDS, folder, "90_kinds")
    return nbformat.read(folder / "notebooks" / "90_kinds" / "90_kinds.ipynb", 4)


def right(name: str) -> Any:
    return KINDS.answer(exercise_called(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes_over_the_socket(name: str) -> None:
    verdict = by_socket(name, right(name))
    assert verdict.share == 1.0, str(verdict.report)


NONSENSE: dict[str, Callable[..., Any]] = {
    "ragged": lambda *args: (np.zeros(3), [[1, 2], [3]]),
    "text": lambda *args: "text",
    "nothing": lambda *args: None,
    "nan": lambda *args: np.full(4, np.nan),
    "objects": lambda *args: np.array([None, "a"]),
    "huge": lambda *args: 10**400,
    "nested": lambda *args: [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]],
    "dict": lambda *args: {"a": {"b": np.ones(2)}},
    "many": lambda *args: np.zeros((300, 300, 10)),
    "raises": lambda *args: 1 / 0,
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("name", NAMES)
def test_whatever_comes_back_is_a_finding(name: str, nonsense: str) -> None:
    answer: Any = NONSENSE[nonsense]
    if name[0].isupper():
        count = 0 if nonsense == "raises" else answer()
        members = {"__init__": lambda self, *args: None, "step": answer, "add": answer, "lr": 0.1, "count": count}
        answer = type(name, (), members)
    for report in (judged_publicly(KINDS, name, answer), by_socket(name, answer).report):
        assert not report.passed
        assert report.failure is not None, str(report)
        assert report.failure.message
        report._repr_html_()


# state


class Forgets:
    """Right for two steps."""

    def __init__(self, lr: float, memory: float) -> None:
        self.inner, self.taken = right("Descent")(lr, memory), 0
        self.lr = lr

    def step(self, params: Any, grads: Any) -> Any:
        self.taken += 1
        if self.taken == 3:
            self.inner.v = {}
        self.inner.lr = self.lr
        return self.inner.step(params, grads)


def test_a_report_names_the_step_and_shows_what_was_given_in_it() -> None:
    report = judged(KINDS, "Descent", Forgets, 0)
    assert report.failure is not None
    assert report.failure.message.startswith("At step 3: params.a is wrong")
    labels = [label for label, _ in report.failure.shown]
    assert labels == [
        "expected params.a",
        "got params.a",
        "input lr",
        "input memory",
        "input params at the start",
        "input grads at step 3",
    ]
    assert report.failure.shown[5][1].startswith("a: [")
    assert "b:" not in report.failure.shown[5][1]


def test_a_report_carries_a_picture_that_survives_the_ledger() -> None:
    report = judged(KINDS, "Descent", Forgets, 0)
    assert report.picture is not None
    assert "first wrong step" in report.picture.alt
    adapter = TypeAdapter(Report)
    assert adapter.validate_json(adapter.dump_json(report), strict=True) == report
    assert "<img" in report._repr_html_()


def test_state_shared_by_two_objects_costs_one_group_and_is_said() -> None:
    shared = type(
        "Descent",
        (right("Descent"),),
        {"v": {}, "__init__": lambda self, lr, memory: vars(self).update(lr=lr, memory=memory)},
    )
    report = judged(KINDS, "Descent", shared, 0)
    assert [group.id for group in report.groups if group.passed < group.of] == ["two_objects"]
    assert report.failure is not None
    assert "of a second object, used in turn with the first," in report.failure.message


def test_a_mutable_default_is_shared_state_as_well() -> None:
    def begin(self: Any, lr: float, memory: float, v: dict[str, Any] = {}) -> None:  # noqa: B006
        self.lr, self.memory, self.v = lr, memory, v

    report = judged(KINDS, "Descent", type("Descent", (right("Descent"),), {"__init__": begin}), 0)
    assert [group.id for group in report.groups if group.passed < group.of] == ["two_objects"]


def test_an_error_in_a_later_step_says_when() -> None:
    class Stops(right("Descent")):  # type: ignore[misc]
        def step(self, params: Any, grads: Any) -> Any:
            if len(self.v):
                raise RuntimeError("enough")
            return super().step(params, grads)

    report = judged(KINDS, "Descent", Stops, 0)
    assert report.failure is not None
    assert report.failure.message == "At step 2: Your code raised RuntimeError: enough"


def test_parameters_may_be_updated_in_place_and_gradients_may_not() -> None:
    class Greedy(right("Descent")):  # type: ignore[misc]
        def step(self, params: Any, grads: Any) -> Any:
            changed = super().step(params, {name: g.copy() for name, g in grads.items()})
            for g in grads.values():
                g *= 0
            return changed

    report = judged(KINDS, "Descent", Greedy, 0)
    assert report.changed == ("grads",)


# random


def test_draws_come_from_the_generator_that_is_given() -> None:
    own = np.random.default_rng(1)
    answers = [
        lambda shape, keep, rng: own.random(shape) < keep,
        lambda shape, keep, rng: np.random.rand(*shape) < keep,
    ]
    for answer in answers:
        report = judged(KINDS, "coins", answer, 0)
        assert [group.id for group in report.groups if group.passed < group.of] == ["same_seed"]
        assert report.failure is not None
        assert report.failure.message.startswith("Two generators with the same seed gave different draws")


def test_a_report_shows_no_seed() -> None:
    report = judged(KINDS, "coins", lambda shape, keep, rng: rng.random(shape) >= keep, 0)
    assert report.failure is not None
    assert dict(report.failure.shown) == {
        "input shape": "[60 50]",
        "input keep": "0.75",
        "input rng": "a numpy.random.Generator",
    }
    assert report.failure.message.endswith("of the flags are True, 0.75 expected.")


@pytest.mark.parametrize(("n", "p"), [(40, 0.5), (400, 0.1), (3000, 0.95)])
@pytest.mark.parametrize("false_reject", [0.05, 1e-3])
def test_the_bound_on_a_share_keeps_its_promise(n: int, p: float, false_reject: float) -> None:
    rng = np.random.default_rng(n)
    broken = [not kit.share("s", rng.random(n) < p, p, false_reject).holds for _ in range(4000)]
    assert np.mean(broken) <= false_reject
    assert kit.share("s", rng.random(n) < p, p, 1e-9).within > kit.share("s", rng.random(n) < p, p, 1e-3).within


@pytest.mark.parametrize("n", [30, 1000])
def test_the_bounds_on_means_and_deviations_keep_their_promise(n: int) -> None:
    rng = np.random.default_rng(n)

    def broken(check: Callable[[np.ndarray], Statistic], draw: Callable[[], np.ndarray]) -> float:
        return float(np.mean([not check(draw()).holds for _ in range(4000)]))

    normal = lambda: rng.normal(scale=2.0, size=n)  # noqa: E731
    assert broken(lambda x: kit.normal_mean("m", x, 0.0, 2.0, 0.01), normal) <= 0.01
    assert broken(lambda x: kit.normal_deviation("d", x, 2.0, 0.01), normal) <= 0.01
    uniform = lambda: rng.uniform(-1, 1, size=n)  # noqa: E731
    assert broken(lambda x: kit.mean("m", x, 0.0, 3**-0.5, 1.0, 0.01), uniform) <= 0.01
    assert broken(lambda x: kit.uniform_deviation("d", x, 1.0, 0.01), uniform) <= 0.01
    assert broken(lambda x: kit.uniform_largest("l", x, 1.0, 0.01), uniform) <= 0.015
    wider = rng.uniform(-1.1, 1.1, size=100_000)
    assert not kit.uniform_deviation("d", wider, 1.0, 1e-9).holds
    assert not kit.uniform_largest("l", wider, 1.0, 1e-9).holds
    assert not kit.uniform_largest("l", 0.9 * wider, 1.0, 1e-9).holds
    wrong = rng.normal(0.5, 2.0, size=100_000)
    assert not kit.normal_mean("m", wrong, 0.0, 2.0, 1e-9).holds
    assert not kit.normal_deviation("d", 1.1 * wrong, 2.0, 1e-9).holds


# repair


def test_a_repair_starts_from_the_broken_answer_and_is_judged_like_the_exercise_it_repairs(tmp_path: Path) -> None:
    source = KINDS.assignment("90").source
    assert by_socket("repaired_center", source.broken_answer("repaired_center")).share == 0
    slip = by_socket("repaired_center", lambda x: (x - x.sum(), x.mean()))
    assert [found.slip.id for found in slip.report.slips] == ["sum_subtracted"]
    notebook = released(source_notebook(source), tmp_path)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    assert cells["repaired_center"].source == source.broken["repaired_center"]
    assert "broken" not in cells["repaired_center"].metadata.gradus
    assert "NotImplementedError" in cells["center"].source
    folded = [cell.source for cell in notebook.cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert folded == ['# Figure: nothing at all.\nprint("a figure")']


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[number - total for", "[number - total / len(x) for", "unchanged it earns"),
        ("[number - total / len(x) for", "[number + total for", "it is rejected"),
        ('# %% broken="repaired_center"', "# %%", "no cell is marked broken"),
    ],
)
def test_what_is_wrong_with_a_repair_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = KINDS.assignment("90").solution.read_text(encoding="utf-8")
    begin = text.index('# %% broken="repaired_center"') if old.startswith("[number - total for") else 0
    text = text[:begin] + text[begin:].replace(old, new, 1)
    text = text.replace("], total\n", "], total / len(x)\n") if says.startswith("unchanged") else text
    course = Course(tmp_path)
    course.solutions.mkdir()
    (course.solutions / "90_kinds.py").write_text(text, encoding="utf-8")
    (found,) = diagnosis.forgotten(diagnosis.Rehearsal(course, exercise_called("repaired_center")))
    assert says in found


def test_a_repair_needs_an_exercise_and_a_name_of_its_own() -> None:
    for name, of in (("repaired_nothing", "nothing"), ("root", "center"), ("center", "center")):
        with pytest.raises(ValueError, match="register that exercise first"):
            repair(name, of)


# refusal


@pytest.mark.parametrize("error", [KeyError, TypeError, ArithmeticError])
def test_another_kind_of_error_is_no_refusal(error: type[Exception]) -> None:
    def root(x: float) -> float:
        if x < 0:
            raise error("no")
        return x**0.5

    report = judged(KINDS, "root", root, 0)
    assert report.failure is not None
    assert report.failure.message.startswith(f"A ValueError is expected here, but your code raised {error.__name__}")


def test_a_refusal_in_a_step_changes_nothing_or_it_shows() -> None:
    class Counts(right("Meter")):  # type: ignore[misc]
        def add(self, x: Any) -> Any:
            if len(x) == 0:
                self.count += 1
                raise IndexError("empty")
            return super().add(x)

    report = judged(KINDS, "Meter", Counts, 0)
    assert report.failure is not None
    assert "A ValueError is expected for mean, but your code raised IndexError." in report.failure.message


# functions


def test_what_a_served_function_refuses_is_said_in_the_learners_code() -> None:
    verdict = by_socket("by_pieces", lambda f, x, most: f(x))
    assert verdict.report.failure is not None
    assert verdict.report.failure.message == "Your code raised ValueError: f was given 8 rows and takes at most 2"


def test_calls_are_counted_by_whoever_serves_them() -> None:
    def right_without_calls(f: Any, x: Any, most: int) -> Any:
        seen = []
        for start in range(0, len(x) - 1, most):
            seen += [f(x[start : start + most])] * len(x[start : start + most])
        return np.mean(seen)

    verdict = by_socket("by_pieces", right_without_calls)
    assert verdict.report.failure is not None
    assert verdict.report.failure.message == "f saw 6 rows; there are 7."


def test_a_served_function_is_rationed() -> None:
    def greedy(f: Any, x: Any, most: int) -> float:
        return float(np.mean([f(x[:1]) for _ in range(60)]))

    verdict = by_socket("by_pieces", greedy)
    assert "f was called more than 50 times" in str(verdict.report)


def test_giant_arguments_are_refused() -> None:
    case = Case(
        "ordinary", "a", {"f": Made("batch mean", {"weights": np.ones(3), "most_rows": 2}), "x": np.ones((4, 3))}
    )
    with pytest.raises(ValueError, match="far larger arguments"):
        Server(case.inputs)("f", [np.ones((2, 5000))])


def test_what_the_judge_remembers_of_a_call_is_out_of_the_learners_reach() -> None:
    def spoils(f: Any, x: Any, rng: Any, samples: int) -> Any:
        drawn = [f(x, rng) for _ in range(samples)]
        for one in drawn:
            one += 1
        return np.mean(drawn, axis=0)

    report = judged(KINDS, "average", spoils, 0)
    assert report.failure is not None
    assert report.failure.message == "The result is not the mean of what f returned."


def test_functions_and_models_are_shown_in_words() -> None:
    report = judged(KINDS, "slope", lambda f, x, h: f(x), 0)
    assert report.failure is not None
    assert "·x^3" in dict(report.failure.shown)["input f"]
    report = judged(KINDS, "weight_norm", lambda layer: layer.weight.sum(), 0)
    assert report.failure is not None
    assert dict(report.failure.shown)["input layer"] == "an nn.Linear"


def test_an_argument_of_an_unknown_family_is_an_error() -> None:
    with pytest.raises(ValueError, match="no family of arguments called 'sofa'"):
        find_family("sofa")


def test_a_served_function_takes_its_arguments_by_name_too() -> None:
    asked: list[Any] = []
    f = make("f", Made("batch mean", {"weights": np.ones(3), "most_rows": 2}), lambda *call: asked.append(call))
    f(x=7.0)
    assert asked == [("f", [7.0])]
    with pytest.raises(TypeError, match="unexpected keyword argument 'sofa'"):
        f(7.0, sofa=7.0)


def test_made_arguments_travel_to_students_and_never_back() -> None:
    made = {"f": Made("polynomial", {"coefficients": np.arange(3.0)})}
    assert str(wire.decode(wire.encode(made))["f"]) == str(made["f"])
    with pytest.raises(wire.WireError):
        wire.decode(wire.encode(made), wire.ANY.of_reply())


# torch


def test_torch_keeps_to_one_thread_and_gives_the_rest_back() -> None:
    before, seen = torch.get_num_threads(), []

    def weight_norm(layer: Any) -> Any:
        seen.append(torch.get_num_threads())
        return layer.weight.norm()

    case = judged_publicly(KINDS, "weight_norm", weight_norm)
    assert case.passed
    assert set(seen) == {1}
    assert torch.get_num_threads() == before


def test_an_answer_that_stops_recording_gradients_spoils_no_other_case() -> None:
    def weight_norm(layer: Any) -> Any:
        torch.set_grad_enabled(False)
        return layer.weight.norm()

    judged_publicly(KINDS, "weight_norm", weight_norm)
    assert torch.is_grad_enabled()


def test_numbers_are_never_cut() -> None:
    params = {name: np.linspace(0, 1, 40).reshape(8, 5) / 3 for name in "abcdefgh"}
    case = Case("ordinary", "a", {"params": params})
    exercise = exercise_called("center")
    report = write(exercise, [Finding(case, False, "law", "no")], {}, [run(exercise, len, case)])
    assert report.failure is not None
    text = dict(report.failure.shown)["input params"]
    assert len(text.splitlines()) <= 41
    whole = {f"{number:.4f}".rstrip("0") for number in np.linspace(0, 1, 40) / 3} | {"0.", "0"}
    digits = {
        word.strip("[]") for line in text.splitlines() for word in line.split() if word[0].isdigit() or word[0] == "["
    }
    assert {word for word in digits if word} <= whole
