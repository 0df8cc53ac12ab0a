"""What a learner reads below a report: how far the notebook is, the hint that is due. Nothing of it is ever lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from rooms import NAME, lesson
from shared import COURSE, exercise_called, reference

from gradus.checking.public import judge_publicly
from gradus.checking.report import Report
from gradus.learning import outline, progress, state
from gradus.learning.outline import Exercise, Outline
from gradus.learning.progress import Checked, Progress, checked
from gradus.learning.sources import fingerprint, fingerprint_in

LESSON = "90_kinds"
SETUP = "import numpy as np\nfrom gradus import check, progress"
RIGHT = "def center(x):\n    return x - x.mean(), x.mean()"
ROUNDED = "def center(x):\n    return (x - x.mean()) * (1 + 1e-7), x.mean()"
BROKEN = lesson().assignment("90").source.broken["repaired_center"]


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notebooks, in which this process and those that it starts are at work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return tmp_path


def shown(folder: Path, *sources: str, **more: str) -> list[dict[str, str]]:
    """What cells show: of each its last output, by type; each call is a kernel of its own."""
    home = folder / LESSON
    home.mkdir(exist_ok=True)
    start = f"import sys; sys.path.insert(0, {str(lesson().root)!r})\n{SETUP}"
    notebook = new_notebook(cells=[new_code_cell(source) for source in (start, *sources)])
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(home)}}, allow_errors=True)
    client.execute(env=os.environ | more)
    return [_last(cell.outputs) for cell in notebook.cells[1:]]


def _last(outputs: Sequence[Any]) -> dict[str, str]:
    last = outputs[-1] if outputs else {}
    return dict(last.get("data") or {"text/plain": last.get("text", "")})


def attempts(name: str, *sources: str) -> list[str]:
    return [f"{source}\n\ncheck({name})" for source in sources]


def kept(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / ".gradus" / f"{LESSON}.json").read_text(encoding="utf-8"))
    return found


# below a report


def test_below_a_report_stands_how_far_the_notebook_is(tmp_path: Path) -> None:
    stub = "def center(x):\n    raise NotImplementedError"
    wrong = "def center(x):\n    return x, x.mean()"
    said = shown(tmp_path, *attempts("center", stub, wrong, ROUNDED, RIGHT))
    assert [one["text/plain"].splitlines()[-1] for one in said] == [
        "public checks: 0 of 6 points; next: `center`",
        "public checks: 0 of 6 points; next: `center`",
        "public checks: 1.5 of 6 points; next: `center`",
        "public checks: 2 of 6 points; next: `repaired_center`",
    ]
    assert all(one["text/plain"].startswith(("[--] center: ", "[ok] center: ")) for one in said)
    last = re.sub(r' style="[^"]*"', "", said[-1]["text/html"]).rpartition("<p>")[2]
    assert last == 'public checks: 2 of 6 points; next: <a href="#Tiny"><code>repaired_center</code></a></p>'
    assert kept(tmp_path)["checks"]["center"] == {
        "earned": 2.0,
        "of": 2.0,
        "passed": True,
        "unwritten": False,
        "failures": [fingerprint_in(wrong, "center"), fingerprint_in(ROUNDED, "center")],
    }


def test_progress_survives_a_restart_and_says_what_a_person_still_marks(tmp_path: Path) -> None:
    solutions = lesson().assignment("90").source.solutions
    first = shown(tmp_path, *attempts("center", "def center(x):\n    return 0, 0", ROUNDED, RIGHT), "progress()")[-1]
    table = first["text/plain"].splitlines()
    assert table == [
        "90 · Kinds",
        "  center           2 of 2 points     right             hints: 1 of 2",
        "  repaired_center  0 of 2 points     not checked yet   hints: 0 of 1",
        "  Descent          0 of 2 points     not checked yet   hints: none there",
        "public checks: 2 of 6 points; next: `repaired_center`",
    ]
    html = first["text/html"]
    assert '<section aria-label="progress: 90 · Kinds"' in html
    assert html.count('scope="row"') == 3
    assert html.count('scope="col"') == 4
    assert "<caption" in html
    again = shown(tmp_path, "progress()", *attempts("Descent", solutions["Descent"]), "progress()")
    assert again[0] == first
    assert again[1]["text/plain"].endswith("public checks: 4 of 6 points; next: `repaired_center`")
    end = shown(tmp_path, *attempts("repaired_center", solutions["repaired_center"]), "progress()")
    last = "public checks: 6 of 6 points, everything is right. A person still marks your written answers: 3 points."
    assert all(one["text/plain"].endswith(last) and last in one["text/html"] for one in end)


@pytest.mark.parametrize(
    ("right", "at", "says"),
    [
        ("", 0, "next: `a`"),
        ("a", 1, "next: `c`"),
        ("ab", 2, "next: `c`"),
        ("ab", 3, "next: `c`"),
        ("c", 3, "next: `d`"),
        ("cd", 4, "next: `a`"),
        ("acd", 4, "next (going further): `e`"),
        ("acde", 5, "next (going further): `b`"),
    ],
)
def test_the_core_comes_before_what_goes_further_and_what_lies_ahead_first(right: str, at: int, says: str) -> None:
    exercises = tuple(Exercise(name, 1, place, further=name in "be") for place, name in enumerate("abcde", 1))
    known = {"predictions": {}, "checks": {name: {"earned": 1.0, "passed": True} for name in right}}
    now = Progress(Outline("01_x", "x", 0, 5, (), exercises, ()), known, at)
    assert now.line.endswith(f"; {says}")
    assert says.replace("`", "") in re.sub("<[^>]*>", "", now.line_html)


@pytest.mark.usefixtures("at_home")
def test_a_check_knows_where_the_learner_is() -> None:
    after = checked(judge_publicly(exercise_called("cross_entropy"), reference("cross_entropy")), lambda: 0)
    assert isinstance(after, Checked)
    assert after.text.endswith("next: `cross_entropy_gradient`")


def test_a_check_is_quick(tmp_path: Path) -> None:
    timed = "from time import perf_counter\nstart = perf_counter()\ncheck(center)\nprint(perf_counter() - start)"
    sources = [f"def center(x):\n    return x + {n}, 0\n\n{timed}" for n in range(8)]
    assert min(float(one["text/plain"]) for one in shown(tmp_path, *sources)) < 0.3


# hints


def hints(said: list[dict[str, str]]) -> list[str]:
    """The title of the hint in every report, "" where there is none."""
    found = []
    for one in said:
        lines = [line.strip() for line in one["text/plain"].splitlines() if line.startswith("  Hint ")]
        titles = [line.partition(":")[0] for line in lines]
        assert one["text/html"].count("<details") == len(titles) <= 1
        assert all(f'<summary style="cursor:pointer">{title}</summary>' in one["text/html"] for title in titles)
        found.append("".join(titles))
    return found


def test_hints_come_one_by_one_after_answers_that_fail_in_other_ways(tmp_path: Path) -> None:
    one, two, three, four = (f"def center(x):\n    return x + {n}, {n}" for n in range(4))
    one_again = "def center(x):  # a comment\n    return (x +   0,\n        0)"
    stub = "def center(x):\n    raise NotImplementedError"
    said = shown(tmp_path, *attempts("center", one, one_again, one, stub, two, two, stub, three, four, one, RIGHT, two))
    first, second = "Hint 1 of 2", "Hint 2 of 2"
    assert hints(said) == ["", "", "", "", first, first, "", second, second, second, "", second]
    assert len(kept(tmp_path)["checks"]["center"]["failures"]) == 4


def test_a_class_has_a_source_and_what_has_none_is_known_by_what_it_does(tmp_path: Path) -> None:
    right = "def __init__(self, lr, memory):\n        pass\n    def step(self, params, grads):\n        return"
    classes = [f"class Descent:\n    {right} {what}" for what in ("{}", "{}", "params", "grads")]
    nameless = [f"center = lambda x: (x + {n}, {n})" for n in (1, 1, 2)]
    said = shown(tmp_path, *attempts("Descent", *classes), *attempts("center", *nameless))
    assert hints(said) == ["", "", "", "", "", "", "Hint 1 of 2"]
    assert len(kept(tmp_path)["checks"]["Descent"]["failures"]) == 3


def test_a_hint_is_closed_and_holds_its_markup_and_nothing_else(tmp_path: Path) -> None:
    said = shown(tmp_path, *attempts("center", RIGHT.replace("x.mean()", "0", 1), RIGHT.replace("- x", "+ x")))[-1]
    html = said["text/html"]
    assert "<details open" not in html
    assert "<code>x - x.mean()</code>" in html
    assert "<strong>smaller</strong>" in html
    assert r"\(10^{-9} x_{max}\)" in html
    assert "&lt;b&gt;whatever&lt;/b&gt; <code>a &lt; b</code>" in html
    assert "  Hint 1 of 2: What is the mean of `x - x.mean()`?" in said["text/plain"]


@pytest.mark.usefixtures("at_home")
def test_an_answer_that_fails_because_of_another_asks_for_no_hint() -> None:
    report = judge_publicly(exercise_called("softmax"), lambda scores: scores)
    leaning = Report("softmax", leans_on=("log_softmax",))
    for n in range(3):
        checked(leaning, partial(int, n))
    assert state.load(NAME)["checks"]["softmax"]["failures"] == []
    checked(report, partial(int))
    assert len(state.load(NAME)["checks"]["softmax"]["failures"]) == 1


# repairs


def test_an_unchanged_broken_answer_is_not_repaired_yet_and_its_mistake_has_no_name(tmp_path: Path) -> None:
    relaid = BROKEN.replace("total = ", "total  =  ") + "  # what is wrong?\n"
    named = BROKEN.replace("total", "whole")
    tried = [f"{named}\n# {n}".replace("whole = ", f"whole = {n} + ") for n in (0, 1)]
    code = attempts("repaired_center", BROKEN, relaid, named, *tried)
    *unchanged, changed, _, twice, table = shown(tmp_path, *code, "progress()")
    for one in unchanged:
        assert one["text/plain"].startswith("[--] repaired_center: not repaired yet, 0 of 3 cases pass\n")
        assert "First case that fails" in one["text/plain"]
        assert "Known mistake" not in one["text/plain"]
        assert "… repaired_center: not repaired yet" in one["text/html"]
    assert changed["text/plain"].startswith("[--] repaired_center: 0 of 3 cases pass\n")
    assert "Known mistake" in changed["text/plain"]
    assert hints([*unchanged, changed, twice]) == ["", "", "", "Hint 1 of 1"]
    assert "repaired_center  0 of 2 points     not right yet     hints: 1 of 1" in table["text/plain"]
    table = shown(tmp_path, *attempts("repaired_center", BROKEN), "progress()")[-1]
    assert "not repaired yet  hints: 1 of 1" in table["text/plain"]


def test_handing_in_finds_what_a_learner_sees(tmp_path: Path) -> None:
    listen = "from gradus.learning import fresh\nfresh.listen()"
    said = shown(tmp_path, listen, *attempts("repaired_center", BROKEN), *attempts("center", ROUNDED, RIGHT))
    found = [next(value for kind, value in one.items() if kind.endswith("found+json")) for one in said[1:]]
    assert found == [
        {"earned": 0, "passed": False, "unwritten": True, "says": "not repaired yet, 0 of 3 cases pass"},
        {"earned": 1.5, "passed": False, "unwritten": False, "says": "2 of 3 cases pass"},
        {"earned": 2, "passed": True, "unwritten": False, "says": "all 3 cases pass"},
    ]


# nothing is lost, nothing stops


def test_nothing_of_it_runs_while_grading_or_without_a_kernel(tmp_path: Path) -> None:
    *_, answer = shown(tmp_path, *attempts("center", RIGHT), "progress()", NBGRADER_EXECUTION="validate")
    assert answer == {"text/plain": ""}
    assert not (tmp_path / ".gradus").exists()
    code = f"{SETUP}\n{RIGHT}\ncheck(center)"
    environment = os.environ | {"PYTHONPATH": str(lesson().root)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[ok] center: all 3 cases pass\n"
    assert not any(tmp_path.rglob(".gradus"))


def test_where_nothing_can_be_written_the_kernel_remembers_and_writes_later(tmp_path: Path) -> None:
    (tmp_path / ".gradus").write_text("a file where the folder should be", encoding="utf-8")
    solution = lesson().assignment("90").source.solutions["Descent"]
    free = "from pathlib import Path\nPath('../.gradus').unlink()"
    said = shown(
        tmp_path, *attempts("center", RIGHT), *attempts("Descent", solution), "progress()", free, "check(center)"
    )
    lines = [said[n]["text/plain"].splitlines()[-1] for n in (0, 1, 2, 4)]
    assert [line.split("; ")[0] for line in lines] == [f"public checks: {n} of 6 points" for n in (2, 4, 4, 4)]
    assert kept(tmp_path)["checks"].keys() == {"center", "Descent"}


@pytest.mark.parametrize("broken", ["", "[]", "\x00", '{"checks": {"cent', "[" * 100_000])
def test_a_file_that_cannot_be_read_is_put_aside(at_home: Path, broken: str) -> None:
    (at_home / ".gradus").mkdir()
    path = at_home / ".gradus" / f"{NAME}.json"
    path.write_text(broken, encoding="utf-8")
    state.update(NAME, lambda now: now["checks"].update(softmax={}))
    assert json.loads(path.read_text(encoding="utf-8")) == {"predictions": {}, "checks": {"softmax": {}}}
    assert [one.read_text(encoding="utf-8") for one in path.parent.glob("*.broken")] == [broken]


def test_what_is_whole_in_a_broken_file_stays_and_so_does_what_is_not_known(at_home: Path) -> None:
    (at_home / ".gradus").mkdir()
    path = at_home / ".gradus" / f"{NAME}.json"
    whole = {"warmup": [1], "predictions": {"a": {}}, "checks": {}}
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert state.update(NAME, lambda now: now["checks"].update(x=1)) == whole | {"checks": {"x": 1}}
    assert not list(path.parent.glob("*.broken"))
    path.write_text(json.dumps(whole | {"checks": 3}), encoding="utf-8")
    assert state.update(NAME, lambda now: None) == whole
    assert len(list(path.parent.glob("*.broken"))) == 1


def test_two_kernels_that_write_at_once_lose_nothing(at_home: Path) -> None:
    code = (
        "import sys; from gradus.learning import state\n"
        f"for n in range(100): state.update({NAME!r}, lambda now, n=n: "
        "now['checks'].update({sys.argv[1] + str(n): n}))\n"
        f"state.update({NAME!r}, lambda now: None)"
    )
    environment = os.environ | {"PYTHONPATH": str(COURSE.root)}
    both = [subprocess.Popen([sys.executable, "-c", code, who], env=environment) for who in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    state.update(NAME, lambda now: None)
    assert state.load(NAME)["checks"] == {f"{who}{n}": n for who in "ab" for n in range(100)}
    assert not [one for one in (at_home / ".gradus").iterdir() if one.suffix not in (".json", ".lock")]


def test_a_turn_that_never_comes_stops_nobody(at_home: Path) -> None:
    from filelock import FileLock

    state.update(NAME, lambda now: None)
    with FileLock(at_home / ".gradus" / f".{NAME}.lock"):
        assert state.update(NAME, lambda now: now["checks"].update(x=1))["checks"] == {"x": 1}
    assert state.load(NAME, at_home / ".gradus")["checks"] == {"x": 1}, "this kernel remembers"
    state.update(NAME, lambda now: None)
    assert json.loads((at_home / ".gradus" / f"{NAME}.json").read_bytes())["checks"] == {"x": 1}
    state.update(NAME, lambda now: now["checks"].update(x=2))
    assert state.load(NAME)["checks"] == {"x": 2}, "what has been written is not written again"


@pytest.mark.parametrize(
    "entry",
    [3, None, [], {}, {"earned": "all"}, {"earned": -1, "passed": True}, {"earned": 1e9}, {"earned": float("nan")}],
)
def test_an_entry_that_makes_no_sense_counts_as_never_checked(at_home: Path, entry: object) -> None:
    state.update(NAME, lambda now: now["checks"].update(softmax=entry))
    here = Progress(outline.outlines()[NAME], state.load(NAME))
    assert {(row.earned, row.state) for row in here.rows} == {(0, "not checked yet")}
    after = checked(judge_publicly(exercise_called("softmax"), reference("softmax")), reference("softmax"))
    assert isinstance(after, Checked)
    assert after.text.startswith("public checks: 5 of ")


def test_whatever_goes_wrong_the_report_is_shown(monkeypatch: pytest.MonkeyPatch, at_home: Path) -> None:
    report = Report("softmax", unanswered="no case was judged")
    monkeypatch.setattr(state, "update", lambda *_: 1 / 0)
    assert checked(report, None) is report
    other = Report("no_such_exercise")
    assert checked(other, None) is other


def test_the_table_of_every_notebook_is_shown_where_none_is_open(
    monkeypatch: pytest.MonkeyPatch, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {name: Outline(name, name, 0, 0, (), (Exercise("a", 2, 1),), ()) for name in ("01_a", "02_b")}
    monkeypatch.setattr("gradus.learning.progress.outlines", lambda: two)
    for path, told in ((at_home / "02_b.ipynb", ["02_b"]), (at_home / "01_a" / "x.ipynb", ["01_a"]), ("", [*two])):
        monkeypatch.setenv("JPY_SESSION_NAME", str(path))
        progress.progress()
        assert [line for line in capsys.readouterr().out.splitlines() if line in two] == told


def test_a_source_is_known_whatever_its_layout() -> None:
    def center(x: float) -> float:  # of this file
        return x

    text = "import numpy as np\n@np.vectorize\ndef f(x):\n    # why\n    return (x)\n"
    assert fingerprint_in(text, "f") == fingerprint_in("@np.vectorize\ndef f(x): return x", "f") != ""
    assert fingerprint_in(text, "f") != fingerprint_in(text.replace("(x)\n", "(y)\n"), "f")
    assert fingerprint_in(text, "g") == fingerprint_in("def f(:", "f") == ""
    assert fingerprint(partial(center)) == fingerprint(3) == fingerprint(len) == ""
    assert fingerprint(Checked) == fingerprint_in(Path(progress.__file__).read_text(encoding="utf-8"), "Checked") != ""
