"""What ``predict`` and ``outcome`` do in a kernel or a plain Python: kept, locked, told beside what came."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pytest
import torch
from shared import ROOT

from gradus import choice, number, outcome, predict
from gradus.learning import kept, predictions
from gradus.learning.kept import answers_in
from gradus.learning.outline import Answers, Field, Prediction
from gradus.learning.predictions import OUTCOME, record
from gradus.learning.telling import against, said

# An id that no notebook of the course has: what is kept of it depends on the folder alone.
FIELDS = (number("loss at step 0", unit="nats"), choice("and then it", "falls", "becomes nan"))
ASKED = Prediction("tiny_run", FIELDS)
CALL = 'predict("tiny_run", number("loss at step 0", unit="nats"), choice("and then it", "falls", "becomes nan"){})'
TELL = 'outcome("tiny_run", 2.303, "becomes nan", because="It is `ln` 10.")'


@pytest.fixture(autouse=True)
def forgetful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A kernel in which nothing was asked, in a folder of its own; calling it is a restart."""
    monkeypatch.chdir(tmp_path)
    for name in ("JPY_SESSION_NAME", "GRADUS_JUDGE", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)

    def restart() -> None:
        for memory in (kept._answered, predictions._asked, predictions._told, predictions._forms):
            memory.clear()

    restart()
    yield restart
    restart()


def executed(*cells: str, folder: Path) -> nbformat.NotebookNode:
    """A notebook whose cells have been run by a program, before which nobody sits."""
    imports = "from gradus import choice, number, outcome, predict"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (imports, *cells)])
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    client = nbclient.NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | {"PYTHONPATH": paths})
    return notebook


def test_the_first_answer_is_kept_and_told_beside_what_came(
    capsys: pytest.CaptureFixture[str], forgetful: Callable[[], None], tmp_path: Path
) -> None:
    predict("tiny_run", *FIELDS, answers=[0, "falls"])
    outcome("tiny_run", np.float32(2.303), "becomes nan", because="It is `ln` 10.")
    forgetful()
    predict("tiny_run", *FIELDS)
    predict("tiny_run", *FIELDS, answers=[2.3, "becomes nan"])
    outcome("tiny_run", torch.tensor(2.303), "becomes nan")
    told = capsys.readouterr().out
    assert "Your prediction, locked:\n  loss at step 0: 0 nats\n  and then it: “falls”\n" in told
    assert "you said 0 nats; it is 2.303 nats. The outcome is 2.303 nats more.\n" in told
    assert "you said “falls”. What happens: “becomes nan”.\nIt is `ln` 10." in told
    assert "Your first answer stays." in told
    assert told.count("you said 0 nats; it is 2.303 nats") == 2
    assert "you said 2.3" not in told
    state = json.loads((tmp_path / ".gradus" / "own.json").read_text(encoding="utf-8"))
    assert state["predictions"] == {"tiny_run": {"answers": [0.0, "falls"]}}


def test_an_answer_comes_back_from_the_notebook_on_the_disk(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = nbformat.v4.new_code_cell(
        CALL.format(""), outputs=[nbformat.v4.new_output("display_data", record(ASKED, (7.0, "falls")))]
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[saved]), tmp_path / "mine.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "mine.ipynb"))
    predict("tiny_run", *FIELDS)
    assert "loss at step 0: 7 nats" in capsys.readouterr().out
    assert (tmp_path / ".gradus" / "mine.json").is_file(), "what was found is kept again"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"cells": null}', '{"cells": [{"outputs": [3]}]}', "[" * 100_000])
def test_an_odd_notebook_takes_nothing_from_the_lesson(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.ipynb").write_text(content, encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "mine.ipynb"))
    predict("tiny_run", *FIELDS)
    assert capsys.readouterr().out.startswith("Predict:\n  loss at step 0: a number (nats)\n")


@pytest.mark.parametrize("kept", [3, [], {"answers": [1]}, {"answers": ["nan", "falls"]}, {"answers": [1, "explodes"]}])
def test_a_state_that_does_not_fit_is_no_answer(
    kept: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gradus").mkdir()
    (tmp_path / ".gradus" / "own.json").write_text(json.dumps({"predictions": {"tiny_run": kept}}), encoding="utf-8")
    predict("tiny_run", *FIELDS)
    assert capsys.readouterr().out.startswith("Predict:")


def test_where_nothing_can_be_written_an_answer_lasts_as_long_as_the_kernel(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / ".gradus").write_text("a file where the folder should be", encoding="utf-8")
    predict("tiny_run", *FIELDS, answers=[1, "falls"])
    outcome("tiny_run", 1, "falls")
    assert capsys.readouterr().out.count("That is right.") == 2


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["two", "falls"], "loss at step 0: write a number"),
        ([True, "falls"], "loss at step 0: write a number"),
        ([float("inf"), "falls"], "loss at step 0: write a number"),
        ([10**400, "falls"], "loss at step 0: write a number"),
        ([1, "explodes"], "and then it: choose one of “falls”, “becomes nan”."),
        ([1], "Answer with a list of 2: loss at step 0, and then it."),
        (1, "Answer with a list of 2"),
    ],
)
def test_what_is_no_answer_is_said_kindly_and_not_kept(
    answers: object, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    predict("tiny_run", *FIELDS, answers=answers)
    assert says in capsys.readouterr().out
    assert not (tmp_path / ".gradus").exists()


@pytest.mark.parametrize("fields", [(), ("falls",)])
def test_a_call_that_asks_for_nothing_says_what_a_prediction_is(
    fields: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("tiny_run", *fields)
    assert 'predict("first_run", number(' in capsys.readouterr().out


def test_an_outcome_needs_a_value_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    predict("tiny_run", *FIELDS, answers=[1, "falls"])
    outcome("tiny_run", 2.303)
    assert "needs one value for each" in capsys.readouterr().out


def test_an_outcome_of_which_nobody_was_asked_is_told_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    outcome("never_asked", 3, "falls")
    assert "outcome: 3\n  outcome: “falls”" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5),
        (" −1e-3 ", -1e-3),
        ("2,5", 2.5),
        ("0,125", 0.125),
        ("1 200", 1200.0),
        ("45 minutes", 45.0),
        ("4,5Minutes", 4.5),
        ("45 hours", "45 hours"),
        ("minutes", "minutes"),
        ("two", "two"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float | str) -> None:
    assert predictions._number(number("waiting", unit="minutes"), text) == value


def test_a_percentage_is_read_only_where_one_is_asked_for() -> None:
    assert predictions._number(number("share", unit="%"), "7 %") == 7
    with pytest.raises(ValueError, match=r"^loss: write a number in nats, without %\.$"):
        predictions._number(number("loss", unit="nats"), "10%")
    with pytest.raises(ValueError, match=r"^share: write a number without %, such as 0\.5 for 50 %\.$"):
        predictions._number(number("share"), "10 %")


def test_a_comma_that_could_be_either_is_asked_about() -> None:
    with pytest.raises(ValueError, match=r"“1,200” can be read in two ways: write 1200 or 1\.200\."):
        predictions._number(number("x"), "1,200")


def test_what_a_warm_up_asks_for_is_right_and_does_not_happen(capsys: pytest.CaptureFixture[str]) -> None:
    predict("warm_up_97", choice("dL/dW", "x @ dz", "x.T @ dz"), answers=["x @ dz"])
    outcome("warm_up_97", "x.T @ dz")
    assert "you said “x @ dz”. Right is: “x.T @ dz”.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "answer", "says"),
    [
        (2.303, 2.303, "That is right."),
        (2.303, 2.3, "That is right."),
        (2.303, 2.0, "Near: the outcome is 15 % larger."),
        (-2.0, -2.303, "Near: the outcome is 13 % smaller."),
        (2.303, 0.5, "The outcome is 4.6 times as large."),
        (2.303, 1000, "You said 430 times as much."),
        (1e-9, 1.0, "You said 10^9 times as much."),
        (2.303, 0.0, "The outcome is 2.303 nats more."),
        (0.0, 5.0, "The outcome is 5 nats less."),
        (2.0, -1.0, "It has the other sign: the outcome is 3 nats more."),
        (float("inf"), 1.0, "it is infinite."),
        (float("nan"), 1.0, "it is nan (not a number)."),
    ],
)
def test_near_and_far_are_said_in_words(value: float, answer: float, says: str) -> None:
    assert against(FIELDS[0], value, answer).endswith(says)


def test_a_minus_is_a_minus_and_a_number_is_short() -> None:
    assert said(Field("number", "x"), -1234.5678) == "−1235"
    assert said(Field("number", "x"), 0.000123456) == "0.0001235"


def test_what_a_learner_reads_is_no_markup() -> None:
    asked = Prediction("x", (choice("<b>?", "<script>", "b"),))
    assert "<script>" not in record(asked, ("<script>",))["text/html"]
    assert "<b>" not in record(asked, ("<script>",))["text/html"]


def test_a_program_that_runs_a_notebook_reads_text_and_the_outcome(tmp_path: Path) -> None:
    asking, telling = executed(CALL.format(""), TELL, folder=tmp_path).cells[1:]
    (question,) = asking.outputs
    assert question.output_type == "stream"
    assert "falls / becomes nan" in question.text
    (told,) = telling.outputs
    assert told.data[OUTCOME] == {"id": "tiny_run", "values": [2.303, "becomes nan"]}
    assert told.data["text/html"].startswith("<details><summary>Predict first.")
    assert "<code>ln</code>" in told.data["text/html"]
    assert "loss at step 0: 2.303 nats" in told.data["text/plain"]


def test_a_kept_answer_travels_with_a_notebook_that_a_program_runs(tmp_path: Path) -> None:
    first = executed(CALL.format(', answers=[0, "falls"]'), folder=tmp_path)
    again = executed(CALL.format(""), TELL, folder=tmp_path)
    for notebook in (first, again):
        assert answers_in(notebook, ASKED) == (0.0, "falls")
        nbformat.validate(notebook)
    assert "you said 0 nats" in again.cells[2].outputs[0].data["text/html"]
    assert "<details>" not in again.cells[2].outputs[0].data["text/html"]


@pytest.mark.parametrize("name", ["GRADUS_JUDGE", "NBGRADER_EXECUTION"])
def test_while_grading_nothing_is_looked_up_and_nothing_kept(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    predict("tiny_run", *FIELDS, answers=[1, "falls"])
    before = (tmp_path / ".gradus" / "own.json").read_text(encoding="utf-8")
    monkeypatch.setenv(name, "x")
    capsys.readouterr()
    predict("tiny_run", *FIELDS)
    predict("other", *FIELDS, answers=[1, "falls"])
    assert capsys.readouterr().out.startswith("Predict:")
    assert (tmp_path / ".gradus" / "own.json").read_text(encoding="utf-8") == before


def test_an_edited_question_is_asked_anew(capsys: pytest.CaptureFixture[str]) -> None:
    predict("tiny_run", *FIELDS, answers=[1, "falls"])
    outcome("tiny_run", 1, "falls")
    capsys.readouterr()
    predict("tiny_run", choice("it", "rises", "stays"))
    assert capsys.readouterr().out.startswith("Predict:")


class FakeForm:
    """A form without a browser: what it shows, and what it was told."""

    def __init__(self) -> None:
        self.html, self.told = "the form", list[dict[str, Any]]()

    def send(self, message: dict[str, Any]) -> None:
        self.told.append(message)


def click(form: Any, *texts: str) -> Answers | None:
    predictions._receive(ASKED, form, list(texts))
    return kept.recalled(ASKED)


def test_of_several_forms_the_first_one_counts() -> None:
    predictions._asked["tiny_run"] = ASKED
    one, other, late = FakeForm(), FakeForm(), FakeForm()
    predictions._forms["tiny_run"] = [one, other]  # type: ignore[list-item]
    assert click(one, "about two", "falls") is None
    assert one.told == [
        {"problem": "loss at step 0: write a number, such as 2.5 or 1e-3. A guess will do.", "field": 0}
    ]
    assert click(one, "2", "") is None
    assert one.told[-1]["field"] == 1
    assert click(one, "2,5", "falls") == (2.5, "falls")
    assert one.html == other.html
    assert "2.5 nats" in other.html
    assert click(late, "9", "becomes nan") == (2.5, "falls")
    assert "2.5 nats" in late.html
