"""A class, graded in every way there is: the same scores, nothing lost, nobody stopped by somebody else."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from rooms import (
    NAME,
    SKETCH,
    answers,
    copy_course,
    filled,
    job,
    ledger,
    own_code,
    own_text,
    put,
    released,
    sketch,
    submission,
)
from shared import COURSE, unfolded

from autograder.course import Course, CourseError
from autograder.grading import batch as grading
from autograder.grading.collect import collect, taken
from autograder.grading.execution import Limits, run_judged, running
from autograder.judging import edition
from autograder.judging.ledger import Ledger, path_of, read
from autograder.nbgrader_hooks import gradebook as recording
from autograder.nbgrader_hooks.execution import JudgedExecute, paint

WRONG = "def softmax(scores):\n    return np.exp(scores) / np.exp(scores).sum()"
HELPED = "import helper\nsoftmax = helper.softmax"
HELPER = b"import numpy as np\n\ndef softmax(scores):\n    return np.exp(scores)\n"


def recorded(course: Course) -> dict[str, dict[str, float | None]]:
    """Automatic scores in the gradebook, by student and cell."""
    with Gradebook(course.gradebook, "gradus") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(NAME)
        }


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who got everything right, one who did nothing, one with a wrong answer, one with a file beside it."""
    folder = tmp_path_factory.mktemp("class")
    put(folder, "all_right", submission(answers()))
    put(folder, "untouched", submission({}))
    wrong = own_code(
        submission({"softmax": WRONG, "answer_first-loss": "Since $p = 1/10$."}), "print('mine')", position=3
    )
    put(folder, "wrong", own_text(wrong, "My own words.", position=4))
    put(folder, "helped", submission({**answers(), "softmax": HELPED})).with_name("helper.py").write_bytes(HELPER)
    return folder


@pytest.fixture(scope="module")
def graded(submissions: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, list[grading.Result]]:
    """The class, graded by ``autograder grade``'s function."""
    course = copy_course(tmp_path_factory.mktemp("graded"))
    return course, grading.grade(course, course.assignment(NAME), submissions=submissions, workers=2)


@pytest.fixture
def by_nbgrader(submissions: Path, tmp_path: Path) -> Course:
    """A course that has collected the submissions and graded none."""
    course = copy_course(tmp_path)
    recording.register(course, course.assignment(NAME))
    collect(course, course.assignment(NAME), submissions)
    return course


def ledgers(course: Course) -> dict[str, bytes]:
    """The ledgers in a course, by student."""
    return {path.stem: path.read_bytes() for path in (course.work / "ledgers" / NAME).glob("*.json")}


def by_name(results: list[grading.Result], student: str) -> grading.Result:
    """The result of one student."""
    return next(result for result in results if result.student == student)


def test_all_right_is_everything_and_untouched_is_nothing(graded: tuple[Course, list[grading.Result]]) -> None:
    results = {result.student: result for result in graded[1]}
    assert not any(result.problem for result in results.values())
    assert results["all_right"].score == results["all_right"].max_score > 0
    assert results["untouched"].score == 0
    assert results["untouched"].manual == 0
    assert results["all_right"].manual == 0  # its written answer is the stub
    assert results["wrong"].manual == 1


def test_a_class_is_run_beforehand_and_never_twice(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = copy_course(tmp_path)
    put(tmp_path / "in", "ada", submission({}))
    put(tmp_path / "in", "bob", submission({}))
    seen: list[int] = []
    monkeypatch.setattr(
        "autograder.nbgrader_hooks.execution.grade_one", lambda *args: pytest.fail("a notebook was run a second time")
    )
    results = grading.grade(
        course,
        course.assignment(NAME),
        submissions=tmp_path / "in",
        feedback=False,
        progress=lambda stage, done, total: seen.append(total) if stage == "running" else None,
    )
    assert [result.problem for result in results] == ["", ""]
    assert seen == [1], "the same submission, handed in twice, runs once"
    assert ledgers(course).keys() == {"ada", "bob"}


def test_every_way_leaves_the_ledger_and_a_report_to_look_at(graded: tuple[Course, list[grading.Result]]) -> None:
    course, results = graded
    assert ledgers(course).keys() == {result.student for result in results}
    found = read(path_of(course, course.assignment(NAME), "wrong"))
    assert found.edition == edition.judging_edition(course, course.assignment(NAME))
    assert found.verdicts.keys() == {"check_" + name for name in SKETCH}
    assert found.answers["softmax"] == WRONG
    assert found.answers["answer_first-loss"] == "Since $p = 1/10$."
    shown = nbformat.read(course.work / "autograded" / "wrong" / NAME / f"{NAME}.ipynb", 4)
    texts = {cell.id: str(cell.outputs) for cell in shown.cells if cell.cell_type == "code"}
    assert "mine" in texts["own-3-0"]
    assert "softmax: " in texts["check_softmax"]


def test_nbgrader_autograde_gives_the_same_scores(
    graded: tuple[Course, list[grading.Result]], by_nbgrader: Course
) -> None:
    subprocess.run(["nbgrader", "autograde", NAME], cwd=by_nbgrader.root, check=True, capture_output=True)
    assert recorded(by_nbgrader) == recorded(graded[0])
    assert ledgers(by_nbgrader) == ledgers(graded[0])


@pytest.fixture
def formgrader(by_nbgrader: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that runs formgrader on the course."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    command = [
        "jupyter",
        "server",
        "--no-browser",
        f"--port={port}",
        "--IdentityProvider.token=t",
    ]
    command += ["--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}", "--allow-root"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=by_nbgrader.root,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home)},
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def ask(address: str, method: str, path: str) -> bytes:
    """One request to a server that may still be starting."""
    request = urllib.request.Request(address + path, method=method, headers={"Authorization": "token t"})
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=300) as reply:
                return reply.read()
        except ConnectionError:
            raise
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise


def test_formgrader_gives_the_same_scores(
    graded: tuple[Course, list[grading.Result]], by_nbgrader: Course, formgrader: str
) -> None:
    expected = recorded(graded[0])
    for student in ("helped", "wrong"):
        reply = json.loads(ask(formgrader, "POST", f"/formgrader/api/submission/{NAME}/{student}/autograde"))
        assert reply["success"], reply
        assert recorded(by_nbgrader)[student] == expected[student]
        assert ledgers(by_nbgrader)[student] == ledgers(graded[0])[student]


def test_grading_again_gives_the_same_scores_and_keeps_a_manual_one(
    graded: tuple[Course, list[grading.Result]],
) -> None:
    course, before = graded
    student = "all_right"
    with Gradebook(course.gradebook, "gradus") as gradebook:
        grade = gradebook.find_grade("check_softmax", NAME, NAME, student)
        grade.manual_score = 1.5
        gradebook.db.commit()
    (after,) = grading.grade(course, course.assignment(NAME), students=(student,), feedback=False)
    assert after.scores == {**by_name(before, student).scores, "softmax": 1.5}
    with Gradebook(course.gradebook, "gradus") as gradebook:
        grade = gradebook.find_grade("check_softmax", NAME, NAME, student)
        assert (grade.manual_score, grade.auto_score) == (1.5, 5.0)
        grade.manual_score = None
        gradebook.db.commit()


def test_there_is_a_feedback_page_for_everybody(graded: tuple[Course, list[grading.Result]]) -> None:
    course, results = graded
    for result in results:
        page = course.work / "feedback" / result.student / NAME / f"{NAME}.html"
        text = page.read_text(encoding="utf-8")
        assert "softmax" in text
        assert "MARK SCHEME" not in text
        assert "1 point:" not in text
        assert "No response" not in text
        for own in ("mine", "My own words."):
            assert (own in unfolded(text)) is (result.student == "wrong")
        assert "demonstrated" in text
        assert "demonstrated" not in unfolded(text)


NOTEBOOK_OF_ANOTHER = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
BROKEN = {
    "not_json": (b"{", "is not a notebook"),
    "empty_file": (b"", "is not a notebook"),
    "a_list": (b"[1, 2]", "is not a notebook"),
    "other_json": (b'{"cells": []}', "is not a notebook"),
    "no_cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "damaged notebook"),
    "odd_cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3, null]}', "damaged notebook"),
    "latin": ('{"nbformat": 4, "cells": ["é"]}'.encode("latin-1"), "not UTF-8"),
    "utf16": ('{"nbformat": 4}'.encode("utf-16"), "not UTF-8"),
    "another": (nbformat.writes(NOTEBOOK_OF_ANOTHER).encode(), "none of its exercises"),
    "deep": (b"[" * 100_000, "is not a notebook"),
}


def test_bad_submissions_are_named_and_stop_nobody(tmp_path: Path) -> None:
    course = copy_course(tmp_path / "course")
    folder = tmp_path / "in"
    for student, (content, _) in BROKEN.items():
        put(folder, student, content)
    (folder / "empty_folder" / NAME).mkdir(parents=True)
    put(folder, "two_unknown", submission({}), "a")
    put(folder, "two_unknown", submission({}), "b")
    good = submission({"softmax": answers()["softmax"]})
    put(folder, "renamed", good, "softmax (1)")
    put(folder, "a_second_one", good)
    put(folder, "a_second_one", good, "draft")
    put(folder, "with_a_bom", b"\xef\xbb\xbf" + nbformat.writes(good).encode())
    twice = nbformat.from_dict(good)
    for cell in twice.cells:
        cell["id"] = "same"
    put(folder, "same_ids", json.dumps(twice))
    listing = sorted(path for path in folder.rglob("*"))
    results = {
        result.student: result
        for result in grading.grade(course, course.assignment(NAME), submissions=folder, workers=2, feedback=False)
    }
    for student, (_, says) in BROKEN.items():
        assert says in results[student].problem, results[student]
    assert "holds no notebook" in results["empty_folder"].problem
    assert "none is called" in results["two_unknown"].problem
    for student in ("renamed", "a_second_one", "with_a_bom", "same_ids"):
        assert results[student].problem == ""
        assert results[student].score == 5.0
    assert "is called softmax (1).ipynb" in results["renamed"].remarks[0]
    assert "draft.ipynb, was left aside" in results["a_second_one"].remarks[0]
    assert sorted(path for path in folder.rglob("*")) == listing, "the folder of submissions was touched"


def test_a_new_submission_puts_the_old_one_aside(tmp_path: Path) -> None:
    course = copy_course(tmp_path / "course")
    put(tmp_path / "in", "ada", submission({}))
    collect(course, course.assignment(NAME), tmp_path / "in")
    put(tmp_path / "in", "ada", submission({"softmax": "softmax = 1"}))
    collect(course, course.assignment(NAME), tmp_path / "in")
    collect(course, course.assignment(NAME), tmp_path / "in")
    (kept,) = (course.work / "replaced").glob(f"*/ada/{NAME}/{NAME}.ipynb")
    assert "softmax = 1" not in kept.read_text(encoding="utf-8")
    now = course.work / "submitted" / "ada" / NAME / f"{NAME}.ipynb"
    assert "softmax = 1" in now.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "students", "says"),
    [("nowhere", (), "There is no folder"), ("hollow", (), "holds no submission of")],
)
def test_nothing_to_grade_is_said_plainly(tmp_path: Path, folder: str, students: tuple[str, ...], says: str) -> None:
    (tmp_path / "hollow").mkdir()
    with pytest.raises(CourseError, match=says):
        collect(sketch(), sketch().assignment(NAME), tmp_path / folder, students)


def test_a_changed_assignment_does_not_cost_the_gradebook(graded: tuple[Course, list[grading.Result]]) -> None:
    course, _ = graded
    source = course.source / NAME / f"{NAME}.ipynb"
    before, original = recorded(course), source.read_bytes()
    notebook = nbformat.read(source, 4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "softmax"]
    nbformat.write(notebook, source)
    with pytest.raises(CourseError, match="put the old gradebook aside"):
        recording.register(course, course.assignment(NAME))
    source.write_bytes(original)
    assert recorded(course) == before


def test_files_beside_a_notebook_are_taken_as_they_are(tmp_path: Path) -> None:
    course = copy_course(tmp_path / "course")
    place = put(tmp_path / "in", "ada", submission({})).parent
    (place / "lib").mkdir()
    (place / "lib" / "helper.py").write_text("x = 1")
    (place / ".hidden").write_text("")
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "helper.cpython-311.pyc").touch()
    (place / ".linked").symlink_to(course.work / "secret")
    collect(course, course.assignment(NAME), tmp_path / "in")
    there = course.work / "submitted" / "ada" / NAME
    names = {path.relative_to(there).as_posix() for path in there.rglob("*") if not path.is_dir()}
    assert names == {f"{NAME}.ipynb", "lib/helper.py"}
    assert taken(course, course.assignment(NAME), "ada")[1] == {"lib/helper.py": b"x = 1"}


def test_more_beside_a_notebook_than_can_be_graded_is_said(tmp_path: Path) -> None:
    place = put(tmp_path / "in", "ada", submission({})).parent
    for number in range(201):
        (place / f"{number}.txt").touch()
    (intake,) = collect(sketch(), sketch().assignment(NAME), tmp_path / "in")
    assert "at most 200 files" in intake.problem


def test_no_check_depends_on_a_cell_that_does_not_run() -> None:
    for assignment in COURSE.assignments():
        notebook = filled(edition.released(COURSE, assignment), answers(COURSE, assignment.name))
        found = run_judged(COURSE, notebook, b"key", {}, Limits())
        assert {verdict.share for verdict in found.verdicts.values()} == {1.0}, found.remarks
        assert found.outputs.keys() <= {cell.id for cell in running(notebook)}


def test_tex_in_a_report_makes_no_link_where_formgrader_shows_it() -> None:
    evil = "def softmax(scores):\n    raise ValueError('$\\\\href{javascript:alert(1)}{x}$')"
    found = ledger(submission({"softmax": evil}))
    assert "\\href" in str(found.verdicts["check_softmax"].report)
    shown = paint(released(), found)
    (check,) = (cell for cell in shown.cells if cell.id == "check_softmax")
    assert "href{" not in check.outputs[0].data["text/html"].replace("\\\u200bhref", "")


def test_a_ledger_in_wait_counts_for_its_own_submission_and_edition_only(tmp_path: Path) -> None:
    hook = JudgedExecute(ledgers=str(tmp_path))
    one, other = job(submission({})), job(submission({"softmax": WRONG}))
    document = Ledger(NAME, one.edition, one.submission).to_bytes()
    (tmp_path / f"{one.name}.json").write_bytes(document)
    assert hook._ready(one) == document
    assert hook._ready(other) is None
    assert hook._ready(dataclasses.replace(one, edition="another")) is None
    (tmp_path / f"{other.name}.json").write_bytes(b"{")
    assert hook._ready(other) is None
