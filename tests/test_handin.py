"""Handing in: what is missing is said, and the file to submit is worth what the notebook is worth."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from rooms import NAME, QUESTION, SKETCH, answers, ledger, own_code, put, released, scores, submission
from shared import ROOT

import gradus
from gradus.learning import fresh, fromcell, handin, state
from gradus.learning.kept import RECORD
from gradus.learning.outline import Field, Outline, Prediction, outlines
from gradus.learning.told import Told

POINTS = outlines()[NAME].public_points
RIGHT = answers()
WRONG = RIGHT["log_softmax"].replace("return ", "return 2 * ")
PREDICTED = {"text/plain": "0", RECORD: {"id": "first", "answers": [0]}}


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a course without notebooks, in which somebody works."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks" / NAME).mkdir(parents=True)
    return tmp_path


def saved(course: Path, notebook: NotebookNode | bytes) -> Path:
    """The notebook, where it belongs."""
    return put(course, "notebooks", notebook)


def told(path: Path) -> str:
    """What handing in says."""
    return str(handin.hand_in(path, lambda done, of: None))


def test_what_is_missing_is_said_and_the_file_is_the_notebook(course: Path) -> None:
    notebook = submission({"softmax": RIGHT["softmax"], "log_softmax": WRONG})
    own_code(notebook, "import gradus\ngradus.handin()\n1 / 0", len(notebook.cells))
    path = saved(course, notebook)
    before, steps = path.read_bytes(), []
    said = handin.hand_in(path, lambda done, of: steps.append((done, of)))
    lines = str(said).splitlines()
    assert steps[-1] == (len(notebook.cells), len(notebook.cells))
    assert lines[1] == f"  {course}/notebooks/handin/{NAME}.ipynb"
    assert Path(said.file).read_bytes() == before == path.read_bytes()
    assert [file.name for file in Path(said.file).parent.iterdir()] == [f"{NAME}.ipynb"]
    assert "  - `import gradus`: ZeroDivisionError: division by zero" in lines
    assert f"Public checks: 5 of {POINTS:g} points." in lines
    written = lines.index("Not done yet:")
    assert lines[written + 1 : written + 3] == ["  - `cross_entropy` (5 points)", "Fails its public check:"]
    assert re.match(r"  - `log_softmax`: 1 of \d+ cases pass", lines[written + 3])
    missing = next(line for line in lines if line.startswith("Not checked"))
    others = [f"  - `{one.name}`" for one in outlines()[NAME].exercises if one.name not in SKETCH]
    assert lines[lines.index(missing) + 1 :][: len(others)] == others
    question = lines.index("Written questions without an answer:")
    assert lines[question + 1].endswith("(3 points)")
    assert "softmax" in said.html()
    assert "<code>cross_entropy</code> (5 points)" in said.html()


def test_what_is_handed_in_is_graded_as_the_notebook_is(course: Path) -> None:
    given = {"softmax": RIGHT["softmax"], "log_softmax": WRONG, f"answer_{QUESTION}": "It is ln 10."}
    notebook = own_code(submission(given), "# 10 €\nimport gradus\ngradus.handin()\nprint('ä')")
    path = saved(course, notebook)
    told(path)
    handed = nbformat.read(handin.file_for(NAME, path), 4)
    assert ledger(handed) == ledger(nbformat.read(path, 4))
    assert scores(handed) == {"softmax": 1.0, "log_softmax": 0.0, "cross_entropy": 0.0}


def test_predictions_that_the_notebook_does_not_show_travel_with_it(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = outlines()[NAME]
    asked = tuple(Prediction(id, (Field("number", f"the {id} loss"),)) for id in ("first", "last"))
    fields = {**vars(one), "predictions": asked}
    monkeypatch.setitem(outlines(), NAME, Outline(**fields))
    notebook = own_code(released(), f"display({PREDICTED!r}, raw=True)", 0)
    path = saved(course, notebook)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    state.update(NAME, lambda now: now["predictions"].update(first={"answers": [0]}))
    lines = told(path).splitlines()
    assert lines[lines.index("Predictions that you did not make (they give no points):") + 1] == "  - the last loss"
    handed = nbformat.read(handin.file_for(NAME, path), 4)
    assert handed.cells[0].outputs[0].data[RECORD] == PREDICTED[RECORD]
    handed.cells[0].outputs = []
    assert handed == nbformat.read(path, 4)


def test_a_notebook_that_never_ends_or_dies_is_handed_in_too(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "CELL", 5.0)
    endless = own_code(submission({"softmax": RIGHT["softmax"]}), "while True:\n    pass", 1)
    dying = own_code(endless, "import os\nos._exit(3)", len(endless.cells))
    path = saved(course, dying)
    said = told(path)
    assert "it did not run to its end: the kernel died, in the cell that starts with: import os." in said
    assert f"Public checks: 5 of {POINTS:g} points." in said
    assert handin.file_for(NAME, path).read_bytes() == path.read_bytes()


def test_a_cell_without_end_is_stopped_and_named(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "CELL", 5.0)
    said = told(saved(course, own_code(released(), "while True:\n    pass", 1)))
    line = "  - `while True:`: KeyboardInterrupt: it took more than 5 seconds and was stopped"
    assert f"but a cell fails:\n{line}\n" in said


def broken(course: Path) -> list[tuple[Path, str]]:
    there = course / "notebooks" / NAME
    (there / f"{NAME}.ipynb").write_text('{"cells": [', encoding="utf-8")
    (there / ".ipynb_checkpoints").mkdir()
    (there / ".ipynb_checkpoints" / f"{NAME}-checkpoint.ipynb").touch()
    for name, text in (("list", "[]"), ("null", '{"cells": null, "nbformat": 4}'), ("old", '{"nbformat": 1}')):
        (there / f"{name}.ipynb").write_text(text, encoding="utf-8")
    other = nbformat.v4.new_notebook()
    nbformat.write(other, there / "other.ipynb")
    return [
        (
            there / f"{NAME}.ipynb",
            r"is broken.*Nothing was handed in\. An earlier version of it is kept in .*checkpoint",
        ),
        *((there / f"{name}.ipynb", "is broken") for name in ("list", "null", "old")),
        (there / "other.ipynb", "is no notebook of this course"),
        (there / "gone.ipynb", r"There is no file .*gone\.ipynb.*list\.ipynb.*give the right one its old name"),
    ]


def test_what_cannot_be_handed_in_gets_a_sentence(course: Path) -> None:
    for path, says in broken(course):
        with pytest.raises(handin.HandInError, match=says):
            told(path)
    assert not (course / "notebooks" / "handin").exists()


def test_a_folder_that_cannot_be_written_to_gets_a_sentence(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = fresh.Fresh({}, (), "", 0.0, ())
    monkeypatch.setattr(handin, "run", lambda *_: nothing)
    (course / "notebooks" / "handin").touch()
    with pytest.raises(handin.HandInError, match=r"could not be written: .*\. Nothing was handed in"):
        told(saved(course, released()))


def test_without_a_kernel_the_notebook_is_handed_in_as_it_is(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("No cell could be run (the kernel died).")

    monkeypatch.setattr(handin, "run", refuse)
    path = saved(course, released())
    assert "It could not be run. No cell could be run (the kernel died)." in told(path)
    assert handin.file_for(NAME, path).read_bytes() == path.read_bytes()


def test_a_notebook_that_was_worked_on_since_it_was_saved_is_noticed(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handin, "run", lambda *_: fresh.Fresh({}, (), "", 0.0, ()))
    path = saved(course, released())
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    state.update(NAME, lambda now: None)
    kept = course / "notebooks" / state.FOLDER / f"{NAME}.json"
    for saved_at, checked_at, says in ((100, 200, True), (200, 100, False)):
        os.utime(path, (saved_at, saved_at))
        os.utime(kept, (checked_at, checked_at))
        handin.file_for(NAME, path).unlink(missing_ok=True)
        assert ("Is it saved? You ran a check or made a prediction at" in told(path)) == says
    os.utime(kept, (300, 300))  # by the run itself, before the file was written
    assert "Is it saved?" not in told(path)


@pytest.mark.parametrize("name", [None, "02", NAME, f"{NAME}.ipynb"])
@pytest.mark.parametrize("where", [".", "notebooks", f"notebooks/{NAME}"])
def test_a_notebook_is_found_from_wherever_one_is(
    course: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, where: str
) -> None:
    path = saved(course, released())
    monkeypatch.setattr(handin, "outlines", lambda: {NAME: outlines()[NAME]})  # the only one there is
    monkeypatch.chdir(course / where)
    if name and name.endswith(".ipynb"):
        monkeypatch.chdir(path.parent)
    assert handin.find(name) == path


def test_a_name_that_is_none_gets_the_names_there_are(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(handin.HandInError, match=f"There is no notebook '77'. Name one of these: .*{NAME}"):
        handin.find("77")
    monkeypatch.setitem(outlines(), "99_more", outlines()[NAME])
    with pytest.raises(handin.HandInError, match=f"Say which of these: .*{NAME}, (.*, )?99_more"):
        handin.find(None)


def test_the_command_line_says_what_it_did_in_text_and_in_steps(course: Path) -> None:
    path = saved(course, submission({"softmax": RIGHT["softmax"]}))
    *steps, last = handin.steps(path)
    assert steps == [{"done": n, "of": steps[0]["of"]} for n in [step["done"] for step in steps]]
    assert len(steps) > 5
    assert Told.of(last["told"]).file == str(handin.file_for(NAME, path))
    path.write_text("{", encoding="utf-8")
    (problem,) = handin.steps(path)
    assert "is broken" in problem["problem"]
    command = [sys.executable, "-m", "gradus.learning.handin", "02"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "is broken" in done.stdout


def test_a_process_that_ends_too_early_is_said(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    (problem,) = handin.steps(saved(course, released()))
    assert "It ended before it was done" in problem["problem"]


# from a cell


class _Shell:
    """As much of IPython's shell as is looked at."""

    def __init__(self, ran: list[str]) -> None:
        self.history_manager = self
        self.input_hist_raw = ran


@pytest.fixture
def shown(course: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[NotebookNode, list[str]], str]:
    """Run ``handin()`` in a kernel that has run some cells; what it says comes back."""
    monkeypatch.setattr(handin, "steps", lambda path: iter([{"told": {"title": "t", "file": str(path), "parts": []}}]))
    monkeypatch.setattr(fromcell, "_wait_for_saving", lambda path: None)
    said: list[str] = []
    monkeypatch.setattr(fromcell._Shown, "__call__", lambda self, bundle: said.append(bundle["text/plain"]))

    def call(notebook: NotebookNode, ran: list[str]) -> str:
        monkeypatch.setenv("JPY_SESSION_NAME", str(saved(course, notebook)))
        monkeypatch.setattr(fromcell, "_shell", lambda: _Shell(["", *ran]))
        gradus.handin()
        return said[-1]

    return call


def test_a_cell_that_is_not_saved_as_it_was_run_is_named(shown: Callable[[NotebookNode, list[str]], str]) -> None:
    notebook = submission({"softmax": RIGHT["softmax"]})
    says = shown(notebook, [RIGHT["softmax"], RIGHT["softmax"] + "\n# faster", "y = softmax(x)"])
    assert says.startswith("Save the notebook first (Ctrl+S")
    assert "the file does not hold `softmax` as you ran it last" in says
    assert "file to submit" in shown(notebook, [WRONG.replace("log_softmax", "softmax"), RIGHT["softmax"], "1 / 0"])


@pytest.mark.parametrize("variable", ["GRADUS_FRESH_KERNEL", "GRADUS_JUDGE", "NBGRADER_EXECUTION"])
def test_nobody_hands_in_while_a_notebook_is_run_as_a_whole(
    shown: Callable[[NotebookNode, list[str]], str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(IndexError):
        shown(released(), [])


def test_where_it_is_not_clear_which_notebook_it_is_one_asks(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    gradus.handin()
    assert 'Name it, for instance: gradus.handin("02")' in capsys.readouterr().out


def test_the_words_of_an_open_question_are_those_of_a_released_one() -> None:
    notebook = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    texts = {
        cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "markdown"
    }
    assert texts == {handin.UNANSWERED}
    assert json.dumps(handin.UNANSWERED) in (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
