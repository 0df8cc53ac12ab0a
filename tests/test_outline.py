"""What a notebook says that it asks for, and what is kept of a learner's way through it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared import COURSE

from autograder.errors import CourseError
from autograder.source.build import source_notebook
from autograder.source.notebook import Source
from autograder.source.outline import outline, text
from gradus.learning import state
from gradus.learning.outline import Field, Outline, of_exercise, outlines
from gradus.learning.sources import fingerprint_in

HEADER = "# ---\n# jupyter:\n#   gradus: {minutes: 30, builds_on: [00_orientation]}\n# ---\n\n"
CELLS = """# %% [markdown]
# # 95 · Tiny

# %%
predict("slope_sign", number("slope", unit="1/m"), choice("its sign", "plus", "minus"))

# %%
outcome("slope_sign", 1 / 4, "plus", because="It rises.")

# %% solution="centred"
def centred(x):
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION

# %% [markdown] hint="centred"
# What is the mean afterwards?

# %% [markdown] hint="centred"
# Subtract `...` from `x`.

# %% check="centred" points=3
check(centred)
"""


def source(tmp_path: Path, words: str = HEADER + CELLS) -> Source:
    path = tmp_path / "95_tiny.py"
    path.write_text(words, encoding="utf-8")
    return Source.read(path)


def test_an_outline_says_what_a_notebook_asks_for(tmp_path: Path) -> None:
    found = outline(source(tmp_path))
    assert (found.minutes, found.builds_on, found.points, found.number) == (30, ("00_orientation",), 3, "95")
    (exercise,) = found.exercises
    assert exercise.hints == ("What is the mean afterwards?", "Subtract `...` from `x`.")
    assert (exercise.anchor, exercise.broken) == ("", "")
    (prediction,) = found.predictions
    assert prediction.fields == (
        Field("number", "slope", "1/m"),
        Field("choice", "its sign", options=("plus", "minus")),
    )
    assert Outline.of(json.loads(text(source(tmp_path)))) == found


def test_an_outline_leads_to_the_heading_above_an_exercise_and_knows_what_is_to_be_repaired(tmp_path: Path) -> None:
    headings = "# ## Two words {#two}\n#\n# ### A part of it {#part}\n"
    words = CELLS.replace("# # 95 · Tiny\n", f"# # 95 · Tiny\n#\n{headings}")
    words += "\n# %% [markdown]\n# ## After it {#after}\n"
    words += '\n# %% broken="centred"\ndef centred(x):\n    return -x  # why?\n'
    (exercise,) = outline(source(tmp_path, HEADER + words)).exercises
    assert exercise.anchor == "A-part-of-it"
    assert exercise.broken == fingerprint_in("def centred(x): return -x", "centred") != ""


def test_every_notebook_of_the_course_has_its_outline() -> None:
    for assignment in COURSE.assignments():
        found = outlines()[assignment.name]
        assert found == outline(assignment.source)
        assert found.minutes > 0, "say gradus: {minutes: ...} between the lines # --- at the top"
        assert [one.name for one in found.exercises] == list(assignment.source.exercises)
    ids = [prediction.id for one in outlines().values() for prediction in one.predictions]
    assert len(ids) == len(set(ids)), "two notebooks use one id"
    name = next(iter(COURSE.assignments()[0].source.exercises))
    assert of_exercise(name) == (
        outlines()[COURSE.assignments()[0].name],
        outlines()[COURSE.assignments()[0].name].exercises[0],
    )
    assert of_exercise("no_such_exercise") is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('number("slope", unit="1/m")', "", "written out in full"),
        ('choice("its sign", "plus", "minus")', 'choice("its sign", "plus")', "written out in full"),
        ('choice("its sign", "plus", "minus")', 'choice("its sign", "plus", "plus")', "written out in full"),
        ('"slope_sign"', '"slope sign"', "written out in full"),
        ('"slope_sign"', "name", "written out in full"),
        ("predict(", 'predict("slope_sign", number("x"))\npredict(', "a second prediction has the id"),
        ('outcome("slope_sign"', 'outcome("slope"', "an outcome starts with the id"),
        ('outcome("slope_sign"', "outcome(name", "an outcome starts with the id"),
        ('outcome("slope_sign", 1 / 4, "plus", because="It rises.")', "outcome()", "an outcome starts with the id"),
        ('outcome("slope_sign", 1 / 4, "plus", because="It rises.")', "", "nothing tells what comes of it"),
        ('1 / 4, "plus"', '"plus"', "one value for each field"),
        ("because=", "reason=", "one value for each field"),
        ('1 / 4, "plus"', '1 / 4, "up"', "no answer to its own prediction. its sign: choose one of “plus”, “minus”"),
        ('1 / 4, "plus"', '"a quarter", "plus"', "no answer to its own prediction. slope: write a number"),
        ('hint="centred"', 'hint="centered"', "There is no such exercise"),
        ("{minutes: 30, builds_on: [00_orientation]}", "{minutes: long}", "the line gradus:"),
        ("{minutes: 30, builds_on: [00_orientation]}", "{hours: 1}", "the line gradus:"),
        ("{minutes: 30, builds_on: [00_orientation]}", "30", "the line gradus:"),
    ],
)
def test_what_is_wrong_with_an_outline_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    words = (HEADER + CELLS).replace(old, new, 1)
    if old.startswith("number"):
        words = words.replace(', , choice("its sign", "plus", "minus")', "")
    with pytest.raises(CourseError, match=says):
        outline(source(tmp_path, words))


def test_hints_reach_students_closed_and_in_order(tmp_path: Path) -> None:
    whole = COURSE.assignment("02").solution.read_text(encoding="utf-8")
    more = "".join(f'\n# %% [markdown] hint="softmax"\n# Ask {word}.\n' for word in ("first", "then"))
    path = tmp_path / "02_softmax_cross_entropy.py"
    path.write_text(whole + more, encoding="utf-8")
    hints = [cell for cell in source_notebook(Source.read(path)).cells if "<details><summary>Hint" in cell.source]
    assert [cell.source.split("\n\n")[1] for cell in hints[-2:]] == ["Ask first.", "Ask then."]
    assert all(cell.source.endswith("</details>") and "nbgrader" not in cell.metadata for cell in hints)


def test_a_state_survives_and_nothing_that_is_broken_stops_a_lesson(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = COURSE.assignments()[0].name
    notebook = tmp_path / name / f"{name}.ipynb"
    notebook.parent.mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    assert state.load(name) == {"predictions": {}, "checks": {}}
    state.update(name, lambda now: now["predictions"].update(first=[1, "falls"]))
    assert state.load(name)["predictions"] == {"first": [1, "falls"]}
    assert [path.name for path in (tmp_path / ".gradus").glob("*.json")] == [f"{name}.json"]
    for broken in ("", "[]", '{"predictions": 3}', "\x00"):
        (tmp_path / ".gradus" / f"{name}.json").write_text(broken, encoding="utf-8")
        assert state.load(name) == {"predictions": {}, "checks": {}}
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "moved.ipynb"))
    assert state.folder() == tmp_path / ".gradus"


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gradus").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert state.update("x", lambda now: now["checks"].update(a=1))["checks"] == {"a": 1}
