"""The start page: what it says of every notebook, and how JupyterLab is opened on it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jupyterlab.labapp
import pytest
from shared import ROOT

from gradus.learning import lab, place, start, state
from gradus.learning.outline import Exercise, Field, Outline, Prediction, outlines

ONE = Outline(
    "95_tiny",
    "95 · Tiny <b>",
    30,
    9.0,
    ("00_orientation", "94_before"),
    (Exercise("centred", 3.0, 1), Exercise("scaled", 2.5, 2)),
    (Prediction("slope", (Field("number", "slope"),)), Prediction("sign", (Field("number", "sign"),))),
)
BEFORE = replace(ONE, name="94_before", title="94 · Before", builds_on=(), predictions=())


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The page of a course with two notebooks, as it is at the time."""
    known = outlines()
    for name in list(known):
        monkeypatch.delitem(known, name)
    for one in (BEFORE, ONE):
        monkeypatch.setitem(known, one.name, one)
        (tmp_path / one.name).mkdir()
        (tmp_path / one.name / f"{one.name}.ipynb").touch()
    return lambda: start.page(start.rows(tmp_path, tmp_path), lambda *parts: "/base/" + "/".join(parts), "<input>")


def test_every_notebook_has_a_row(served: Callable[[], str]) -> None:
    page = served()
    assert page.index("94 · Before") < page.index("95 · Tiny &lt;b&gt;")
    assert "<p>30 minutes, 9 points, builds on 94</p>" in page
    assert "<p>30 minutes, 9 points</p>" in page
    assert "orientation" not in page
    assert 'class="wide" href="/base/lab/tree/95_tiny/95_tiny.ipynb"' in page
    assert 'class="narrow" href="/base/doc/tree/95_tiny/95_tiny.ipynb"' in page
    assert '<form method="post" action="/base/gradus/handin/95_tiny"><input><button>Hand in 95</button>' in page
    assert page.count("<p class=done>not begun</p>") == 2
    assert "The file to submit" not in page


def test_a_row_says_what_goes_further_beside_the_core() -> None:
    further = replace(BEFORE, further_minutes=16, further_points=2.5)
    assert start.takes(further, {}) == "30 minutes, 6.5 points; going further 16 minutes, 2.5 points"
    assert start.takes(replace(ONE, further_minutes=5, further_points=1), {BEFORE.name: BEFORE}) == (
        "30 minutes, 8 points, builds on 94; going further 5 minutes, 1 points"
    )


def test_a_row_says_how_far_the_learner_is(
    served: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    checks = {"centred": {"earned": 1.5, "of": 3.0}, "scaled": {"earned": 2.5}, "of_old": {"earned": 7}}
    state.update("95_tiny", lambda now: now["checks"].update(checks))
    assert "4 of 5.5 points in public checks, 0 of 2 predictions" in served()
    state.update("95_tiny", lambda now: now["predictions"].update(slope={"answers": [1]}, of_old={}))
    assert "4 of 5.5 points in public checks, 1 of 2 predictions" in served()
    state.update("94_before", lambda now: now["checks"].update(centred={"earned": 0, "of": 3.0}))
    assert "<p class=done>0 of 5.5 points in public checks</p>" in served()
    state.update("94_before", lambda now: now["checks"].update(centred=["odd"], scaled=None))
    assert "<p class=done>0 of 5.5 points in public checks</p>" in served()


def test_a_row_says_what_there_is_to_submit(served: Callable[[], str], tmp_path: Path) -> None:
    file, notebook = tmp_path / "handin" / "95_tiny.ipynb", tmp_path / "95_tiny" / "95_tiny.ipynb"
    file.parent.mkdir()
    file.touch()
    os.utime(notebook, (1e9, 1e9))
    link = '<a href="/base/files/handin/95_tiny.ipynb?download=1">The file to submit</a> was written on '
    assert link in served()
    assert "saved the notebook since" not in served()
    os.utime(file, (9e8, 9e8))
    assert "and you have saved the notebook since." in served()


def test_a_notebook_that_is_missing_is_said(served: Callable[[], str], tmp_path: Path) -> None:
    (tmp_path / "95_tiny" / "95_tiny.ipynb").unlink()
    assert "The file 95_tiny/95_tiny.ipynb is missing. Unpack the course again to get it back." in served()
    assert "Hand in 95" not in served()


def test_the_page_for_places_without_a_server_leads_to_every_notebook() -> None:
    text = (ROOT / "notebooks" / "Start.md").read_text(encoding="utf-8")
    for name, one in outlines().items():
        assert f"- [{one.title}]({name}/{name}.ipynb): {start.takes(one, outlines())}\n" in text
        assert (ROOT / "notebooks" / name / f"{name}.ipynb").is_file()
    assert "builds on 94" in start.markdown({one.name: one for one in (BEFORE, ONE)})
    for step in (*start.WORKING, *start.HANDING_IN):
        assert f". {step}\n" in text


def test_jupyterlab_gets_the_settings_of_the_course_and_leaves_the_home_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(jupyterlab.labapp, "main", called.append)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    (tmp_path / "notebooks" / next(iter(outlines()))).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    lab.main(["--no-browser"])
    folder = tmp_path / "notebooks"
    assert called == [[str(folder), f"--LabApp.workspaces_dir={folder}/.gradus/workspaces", "--no-browser"]]
    assert os.environ["JUPYTER_CONFIG_PATH"] == os.pathsep.join([str(lab.SETTINGS), "/mine"])
    files = [path for path in lab.SETTINGS.rglob("*") if path.is_file()]
    assert len(files) == 3
    settings: dict[str, Any] = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}
    notification = settings["default_setting_overrides.json"]["@jupyterlab/apputils-extension:notification"]
    assert notification["fetchNews"] == "false", "JupyterLab asks, unless it is this string"


def test_without_notebooks_it_is_said_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(SystemExit, match="Go to the folder of the course first"):
        lab.main([])
