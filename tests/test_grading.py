"""A class, graded in every way there is: the same scores, nothing lost, nobody stopped by somebody else."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from rooms import ASSIGNMENT, answers
from shared import ROOT

from autograder.classroom.simulate import simulate
from autograder.course import Course, CourseError
from autograder.grading import batch as grading

NAME = ASSIGNMENT.name


def copy_course(folder: Path) -> Course:
    """A course of its own, with the same notebooks and the same secret."""
    for part in ("solutions", "notebooks", "gradus", "data"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    made = Course(folder)
    made.work.mkdir()
    (made.work / "secret").write_text("ab" * 32 + "\n", encoding="ascii")
    return made


def put(folder: Path, student: str, notebook: nbformat.NotebookNode | bytes | str, name: str = NAME) -> Path:
    """Lay a submission down in nbgrader's layout."""
    path = folder / student / NAME / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook), encoding="utf-8")
    return path


def edition(given: dict[str, str]) -> nbformat.NotebookNode:
    """The whole student edition with some answers filled in."""
    notebook = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in given:
            cell.source = given[name]
    return notebook


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
    """Three students of a simulated class, one who got everything right and one who did nothing."""
    folder = tmp_path_factory.mktemp("class")
    simulate(Course(ROOT), ASSIGNMENT, 3, 7, folder)
    put(folder, "all_right", edition(answers()))
    put(folder, "untouched", edition({}))
    return folder


@pytest.fixture(scope="module")
def graded(submissions: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, list[grading.Result]]:
    """The class, graded by ``autograder grade``'s function."""
    course = copy_course(tmp_path_factory.mktemp("graded"))
    return course, grading.grade(course, ASSIGNMENT, submissions=submissions, workers=2)


@pytest.fixture
def by_nbgrader(submissions: Path, tmp_path: Path) -> Course:
    """A course that has collected the submissions and graded none."""
    course = copy_course(tmp_path)
    grading.register(course, ASSIGNMENT)
    grading.collect(course, ASSIGNMENT, submissions)
    return course


def test_all_right_is_everything_and_untouched_is_nothing(graded: tuple[Course, list[grading.Result]]) -> None:
    results = {result.student: result for result in graded[1]}
    assert not any(result.problem for result in results.values())
    assert results["all_right"].score == results["all_right"].max_score > 0
    assert results["untouched"].score == 0
    assert results["untouched"].manual == 0
    assert results["all_right"].manual == 0  # its written answers are the stubs


def test_a_class_is_run_beforehand_and_never_twice(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = copy_course(tmp_path)
    ran = grading.JudgedExecute.grade
    monkeypatch.setattr(grading.JudgedExecute, "grade", lambda *args: pytest.fail("a notebook was run a second time"))
    results = grading.grade(course, ASSIGNMENT, submissions=submissions, students=("untouched",), feedback=False)
    assert [result.problem for result in results] == [""]
    assert ran is not grading.JudgedExecute.grade


def test_nbgrader_autograde_gives_the_same_scores(
    graded: tuple[Course, list[grading.Result]], by_nbgrader: Course
) -> None:
    subprocess.run(["nbgrader", "autograde", NAME], cwd=by_nbgrader.root, check=True, capture_output=True)
    assert recorded(by_nbgrader) == recorded(graded[0])


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
    for student in ("all_right", sorted(expected)[0]):
        reply = json.loads(ask(formgrader, "POST", f"/formgrader/api/submission/{NAME}/{student}/autograde"))
        assert reply["success"], reply
        assert recorded(by_nbgrader)[student] == expected[student]


def test_grading_again_gives_the_same_scores_and_keeps_a_manual_one(
    graded: tuple[Course, list[grading.Result]],
) -> None:
    course, before = graded
    student = "all_right"
    with Gradebook(course.gradebook, "gradus") as gradebook:
        grade = gradebook.find_grade("check_softmax", NAME, NAME, student)
        grade.manual_score = 1.5
        gradebook.db.commit()
    (after,) = grading.grade(course, ASSIGNMENT, students=(student,), feedback=False)
    assert after.scores == {**grading.by_name(before, student).scores, "softmax": 1.5}
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
    put(folder, "two_unknown", edition({}), "a")
    put(folder, "two_unknown", edition({}), "b")
    good = edition({"softmax": answers()["softmax"]})
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
        for result in grading.grade(course, ASSIGNMENT, submissions=folder, workers=2, feedback=False)
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
    put(tmp_path / "in", "ada", edition({}))
    grading.collect(course, ASSIGNMENT, tmp_path / "in")
    put(tmp_path / "in", "ada", edition({"softmax": "softmax = 1"}))
    grading.collect(course, ASSIGNMENT, tmp_path / "in")
    grading.collect(course, ASSIGNMENT, tmp_path / "in")
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
        grading.collect(Course(ROOT), ASSIGNMENT, tmp_path / folder, students)


def test_a_changed_assignment_does_not_cost_the_gradebook(graded: tuple[Course, list[grading.Result]]) -> None:
    course, _ = graded
    source = course.source / NAME / f"{NAME}.ipynb"
    before, original = recorded(course), source.read_bytes()
    notebook = nbformat.read(source, 4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "softmax"]
    nbformat.write(notebook, source)
    with pytest.raises(CourseError, match="put the old gradebook aside"):
        grading.register(course, ASSIGNMENT)
    source.write_bytes(original)
    assert recorded(course) == before
