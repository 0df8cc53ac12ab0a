"""A job and a ledger are plain documents: whoever has the same edition of the course makes the same of them."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rooms import NAME, answers, copy_course, job, own_code, sketch, submission
from shared import COURSE

from autograder.course import Course, CourseError
from autograder.grading.execution import Limits
from autograder.grading.job import Job, as_given, grade_one
from autograder.judging.edition import judging_edition
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger, read, write
from gradus.checking import Report

SLIP = "def softmax(scores):\n    return np.exp(scores) / np.exp(scores).sum()"
ELSEWHERE = """
import sys
from pathlib import Path
from autograder.course import Course
from autograder.grading.job import grade_one
sys.stdout.buffer.write(grade_one(sys.stdin.buffer.read(), Course(Path(sys.argv[1]))))
"""


def test_a_job_comes_back_as_it_went() -> None:
    one = job(submission(answers()), {"lib/helper.py": bytes(range(256))}, Limits(3, 20))
    assert Job.from_bytes(one.to_bytes()) == one
    json.loads(one.to_bytes())


def test_a_job_graded_in_another_process_and_place_gives_the_same_bytes(tmp_path: Path) -> None:
    loud = "import os, warnings\nwarnings.warn('careful')\nprint(os.path.abspath('x'))\nopen('nowhere')"
    notebook = own_code(submission({**answers(), "softmax": SLIP}), loud)
    asked = job(notebook, {"notes.txt": b"x"}).to_bytes()
    here = grade_one(asked, sketch())
    other = copy_course(tmp_path / "course")
    (other.work / "secret").unlink()
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, other.root], input=asked, cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == here
    assert not (other.work / "secret").exists(), "the key is all that a worker needs"


def test_another_edition_is_refused(tmp_path: Path) -> None:
    asked = job(submission({})).to_bytes()
    other = copy_course(tmp_path)
    solutions = other.assignment(NAME).solution
    solutions.write_text(solutions.read_text(encoding="utf-8").replace("keepdims=True", "keepdims=1"), encoding="utf-8")
    with pytest.raises(CourseError, match="bring both to the same state"):
        grade_one(asked, Course(tmp_path))


def test_the_edition_is_that_of_everything_that_decides(tmp_path: Path) -> None:
    course = copy_course(tmp_path)
    assignment = course.assignment(NAME)
    before = judging_edition(course, assignment)
    assert before == judging_edition(sketch(), sketch().assignment(NAME))
    beside = course.notebooks / NAME / "table.csv"
    beside.write_text("1,2")
    assert judging_edition(course, assignment) != before
    beside.unlink()
    released = course.notebooks / NAME / f"{NAME}.ipynb"
    released.write_text(released.read_text(encoding="utf-8").replace("check(softmax)", "check(softmax) "), "utf-8")
    assert judging_edition(course, assignment) != before


def test_the_key_of_a_submission_does_not_depend_on_what_does_not_run() -> None:
    one, other = submission({"softmax": SLIP}), submission({"softmax": SLIP, "answer_first-loss": "Words."})
    other.cells[0].metadata["tags"] = ["other"]
    other.cells.pop(7)
    assert job(one).key == job(other).key
    assert job(one).key != job(submission({"softmax": SLIP + " "})).key
    assert job(one).key == sketch().key(job(one).submission)


DAMAGE: dict[str, Any] = {
    "schema": "gradus job 0",
    "assignment": 3,
    "edition": None,
    "cells": [{"id": "a"}],
    "files": {"../secret": ""},
    "key": "xyz",
    "predictions": {"first_run": [float("nan")]},
    "limits": {"cell": -1.0, "notebook": 1},
}


@pytest.mark.parametrize("field", DAMAGE)
def test_a_damaged_job_is_refused(field: str) -> None:
    whole = json.loads(job(submission({})).to_bytes()) | {field: DAMAGE[field]}
    with pytest.raises(CourseError, match="not a job"):
        Job.from_bytes(json.dumps(whole).encode())


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "", "a\\b", "."])
def test_a_file_of_a_job_stays_in_its_room(name: str) -> None:
    broken = dataclasses.replace(job(submission({})), files={name: b""})
    with pytest.raises(CourseError, match="a file of the name"):
        Job.from_bytes(broken.to_bytes())


SLIPPED = Verdict("repaired_cross_entropy", 0.0, Report("repaired_cross_entropy", slips=(None,)))  # type: ignore[arg-type]
SOURCE = COURSE.assignment("02").source
GIVEN = SOURCE.broken["repaired_cross_entropy"]


@pytest.mark.parametrize("code", [GIVEN, "# mine\n" + GIVEN + "\n\n"])
def test_a_repair_as_it_was_given_is_not_repaired_yet_and_gives_its_mistake_no_name(code: str) -> None:
    report = as_given(SLIPPED, SOURCE, code).report
    assert (report.unrepaired, report.slips) == (True, ())


def test_a_repair_that_was_changed_or_earns_points_is_judged_like_any_answer() -> None:
    for code in (GIVEN.replace("return ", "return 1.0 * "), "", "def"):
        assert as_given(SLIPPED, SOURCE, code) is SLIPPED
    right = dataclasses.replace(SLIPPED, share=1.0)
    assert as_given(right, SOURCE, GIVEN) is right
    plain = dataclasses.replace(SLIPPED, exercise="softmax")
    assert as_given(plain, SOURCE, "") is plain


def some_ledger() -> Ledger:
    """A ledger with everything in it."""
    report = Report("softmax", warnings=("careful",), unanswered="no answer")
    return Ledger(
        NAME,
        "edition",
        "digest",
        {"check_softmax": Verdict("softmax", 0.25, report)},
        {"own-1-0": [{"output_type": "stream", "name": "stdout", "text": "é\n"}]},
        {"softmax": "def softmax"},
        {"first_run": (0.0, "falls")},
        ("the kernel died",),
        ("none",),
    )


def test_a_ledger_comes_back_as_it_went() -> None:
    assert Ledger.from_bytes(some_ledger().to_bytes()) == some_ledger()


VERDICTS = st.sampled_from(
    [{}, [], {"check_softmax": {}}, {"check_softmax": {"exercise": "x", "share": 2, "report": {}}}]
)
VALUES = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2) | VERDICTS


@given(st.sampled_from(sorted(json.loads(some_ledger().to_bytes()))), VALUES)
def test_a_ledger_with_garbage_in_it_is_refused_or_read(field: str, value: Any) -> None:
    whole = json.loads(some_ledger().to_bytes()) | {field: value}
    try:
        found = Ledger.from_bytes(json.dumps(whole).encode())
    except CourseError:
        return
    assert Ledger.from_bytes(found.to_bytes()) == found


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 10**5, b"3"])
def test_what_is_no_ledger_is_refused(document: bytes, tmp_path: Path) -> None:
    (tmp_path / "ada.json").write_bytes(document)
    with pytest.raises(CourseError, match=r"ada.json: not a ledger"):
        read(tmp_path / "ada.json")


def test_a_ledger_is_put_in_place_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "ledgers" / "ada.json"
    write(path, b"one")
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [found.name for found in path.parent.iterdir()] == ["ada.json"]
    with pytest.raises(TypeError):
        write(path, None)  # type: ignore[arg-type]
    assert path.read_bytes() == b"two"
    assert [found.name for found in path.parent.iterdir()] == ["ada.json"]


def test_half_characters_never_keep_a_ledger_from_being_written() -> None:
    odd = dataclasses.replace(some_ledger(), answers={"softmax": "a\ud800b"}, remarks=("\udfff",))
    found = Ledger.from_bytes(odd.to_bytes())
    assert (found.answers["softmax"], found.remarks) == ("a?b", ("?",))
