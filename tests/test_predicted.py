"""Predictions on their way from a submission to the ledger and the class report, and what comes of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from rooms import NAME, asking, own_text, put

from autograder.classroom.class_report import class_report
from autograder.classroom.predicted import Guess, predicted
from autograder.classroom.results import Submission
from autograder.classroom.simulate import simulate
from autograder.course import Course, CourseError
from autograder.grading import batch, job
from autograder.grading.collect import parse, take
from autograder.grading.job import Job
from autograder.judging import edition, ledger
from autograder.nbgrader_hooks import gradebook, release
from autograder.source import outcomes as telling
from autograder.source.leaks import student_texts
from gradus.learning.kept import RECORD
from gradus.learning.outline import Field, Outline, Prediction
from gradus.learning.predictions import record

HONEST = (0.0, "falls")


@pytest.fixture(scope="module")
def outline() -> Outline:
    return edition.released_outline(asking(), asking().assignment(NAME))


def asked(id: str = "first_run") -> Prediction:
    return next(
        one for one in edition.released_outline(asking(), asking().assignment(NAME)).predictions if one.id == id
    )


def tree(*records: Any) -> dict[str, Any]:
    """A submission as JSON, in which the cell of the first prediction holds some records."""
    whole: dict[str, Any] = json.loads(nbformat.writes(edition.released(asking(), asking().assignment(NAME))))
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {RECORD: one}} for one in records]
    predicting(whole)["outputs"] = outputs
    return whole


def predicting(whole: dict[str, Any]) -> dict[str, Any]:
    """The cell of the first prediction."""
    return next(
        cell for cell in whole["cells"] if '"first_run", number' in re.sub(r"\s+", " ", "".join(cell["source"]))
    )


def kept(*answers: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "first_run", "answers": list(answers)} | fields


def handed_in(whole: Any) -> dict[str, Any]:
    """What a job holds of the predictions of a notebook that went through the gate."""
    notebook = parse(json.dumps(whole).encode(), "x.ipynb", [])
    return dict(Job.of(asking(), asking().assignment(NAME), notebook).predictions)


def test_an_honest_prediction_comes_through() -> None:
    assert handed_in(tree(kept(*HONEST))) == {"first_run": HONEST}
    assert handed_in(tree(kept(0, "falls"))) == {"first_run": HONEST}


FORGED: dict[str, Any] = {
    "no answers": {"id": "first_run"},
    "answers that are no list": kept() | {"answers": {"0": 1, "1": "falls"}},
    "answers that are text": kept() | {"answers": "ab"},
    "too few": kept(1.0),
    "too many": kept(1.0, "falls", "falls"),
    "an option nobody offered": kept(1.0, "<script>alert(1)</script>"),
    "an option of another spelling": kept(1.0, "Falls"),
    "text as a number": kept("2.3", "falls"),
    "a flag as a number": kept(True, "falls"),
    "no number at all": kept(None, "falls"),
    "not a number": kept(float("nan"), "falls"),
    "infinity": kept(float("inf"), "falls"),
    "a number that no float holds": kept(10**400, "falls"),
    "a list as a number": kept([2.3], "falls"),
    "a number as an option": kept(1.0, 1),
    "a list as an option": kept(1.0, ["falls"]),
    "another id": kept(*HONEST, id="no_such_prediction"),
    "a list as id": kept(*HONEST, id=["first_run"]),
    "a long text": kept("9" * 1_000_000, "falls"),
    "a record that is text": json.dumps(kept(*HONEST)),
    "a record that is a list": [kept(*HONEST)],
    "nothing": None,
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_prediction_is_none(how: str) -> None:
    assert handed_in(tree(FORGED[how])) == {}
    assert handed_in(tree(FORGED[how], kept(*HONEST))) == {"first_run": HONEST}, "an honest one beside it counts"


def test_the_first_that_fits_counts_and_more_fields_say_nothing() -> None:
    assert handed_in(tree(kept(*HONEST), kept(9.0, "becomes nan"))) == {"first_run": HONEST}
    assert handed_in(tree(kept(*HONEST, score=100, students=["ada"]))) == {"first_run": HONEST}


def test_no_more_predictions_than_were_asked_for_and_none_too_long() -> None:
    many = [kept(*HONEST, id=f"first_run{number}") for number in range(2000)]
    assert handed_in(tree(*many, kept(*HONEST))) == {"first_run": HONEST}


ODD: dict[str, Any] = {
    "null": None,
    "a list": [],
    "text": "cells",
    "a number": 3,
    "no cells": {},
    "cells null": {"cells": None},
    "cells a dict": {"cells": {"outputs": []}},
    "cells of numbers": {"cells": [3, None, "x", []]},
    "outputs null": {"cells": [{"outputs": None}]},
    "outputs of numbers": {"cells": [{"outputs": [3, None, "x", []]}]},
    "no data": {"cells": [{"outputs": [{}]}]},
    "data null": {"cells": [{"outputs": [{"data": None}]}]},
    "data a list": {"cells": [{"outputs": [{"data": [RECORD]}]}]},
}


@pytest.mark.parametrize("how", ODD)
def test_a_notebook_of_any_shape_is_read(how: str, outline: Outline) -> None:
    assert job.predicted(outline, ODD[how]) == {}


@pytest.mark.parametrize("cells", [None, 3, "x", [None], [3]])
def test_a_notebook_without_cells_is_refused_at_the_gate(cells: Any) -> None:
    with pytest.raises(CourseError, match="damaged notebook"):
        handed_in({**tree(kept(*HONEST)), "cells": cells})


@pytest.mark.parametrize("odd", [{"output_type": "strange"}, 3, None, {"output_type": "stream", "name": 3, "text": []}])
def test_an_output_that_is_none_costs_no_prediction(odd: Any) -> None:
    whole = tree(kept(*HONEST))
    whole["cells"][-3]["outputs"] = [odd]
    whole["cells"][-3]["attachments"] = 3
    assert handed_in(whole) == {"first_run": HONEST}


def test_outputs_that_are_no_list_are_no_predictions() -> None:
    whole = tree()
    predicting(whole)["outputs"] = None
    assert handed_in(whole) == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [2], None])
def test_a_ledger_and_a_job_hold_no_prediction_that_is_no_number(value: Any) -> None:
    for one in (Job.of(asking(), asking().assignment(NAME), nbformat.from_dict(tree())), ledger.Ledger(NAME, "1", "2")):
        whole = json.loads(one.to_bytes()) | {"predictions": {"first_run": [value, "falls"]}}
        with pytest.raises(CourseError, match="predictions"):
            type(one).from_bytes(json.dumps(whole).encode())


def test_predictions_change_no_key_and_no_score() -> None:
    one, other = (
        Job.of(asking(), asking().assignment(NAME), nbformat.from_dict(tree(*records)))
        for records in ([], [kept(*HONEST)])
    )
    assert (one.submission, one.key) == (other.submission, other.key)
    assert one.name != other.name, "each has a ledger of its own"
    assert Job.from_bytes(other.to_bytes()) == other


def own_course(folder: Path) -> Course:
    shutil.copytree(asking().root, folder, dirs_exist_ok=True)
    course = Course(folder)
    gradebook.register(course, course.assignment(NAME))
    return course


def hand_in(folder: Path) -> None:
    """Two students with the same code and different predictions and words, and one who predicted nothing."""
    for student, answers in (("ada", HONEST), ("ben", (2.5, "becomes nan"))):
        notebook = nbformat.from_dict(tree(record(asked(), answers)[RECORD]))
        put(folder, student, own_text(notebook, f"I am {student}."))
    put(folder, "cleo", nbformat.from_dict(tree()))


def predictions_of(course: Course) -> dict[str, dict[str, Any]]:
    """What the ledgers hold, by student."""
    folder = ledger.folder_of(course, course.assignment(NAME))
    return {path.stem: dict(ledger.read(path).predictions) for path in sorted(folder.glob("*.json"))}


EXPECTED = {"ada": {"first_run": HONEST}, "ben": {"first_run": (2.5, "becomes nan")}, "cleo": {}}


def test_every_way_of_grading_keeps_each_students_predictions(tmp_path: Path) -> None:
    hand_in(tmp_path / "in")
    one = own_course(tmp_path / "one")
    results = batch.grade(one, one.assignment(NAME), submissions=tmp_path / "in", feedback=False)
    assert [result.problem for result in results] == ["", "", ""]
    assert predictions_of(one) == EXPECTED
    other = own_course(tmp_path / "other")
    shutil.copytree(tmp_path / "in", other.work / "submitted")
    subprocess.run(["nbgrader", "autograde", NAME], cwd=other.root, check=True, capture_output=True)
    assert predictions_of(other) == EXPECTED
    shutil.rmtree(ledger.folder_of(other, other.assignment(NAME)))
    config = release.configuration(other)
    done = NbGraderAPI(CourseDirectory(config=config), config=config).autograde(NAME, "ada")  # formgrader's button
    assert done["success"], done["log"]
    assert predictions_of(other) == {"ada": EXPECTED["ada"]}


def test_taking_in_leaves_the_predictions_where_they_are(tmp_path: Path) -> None:
    hand_in(tmp_path / "in")
    course = own_course(tmp_path / "course")
    for _ in range(2):
        take(course, course.assignment(NAME), "ada", tmp_path / "in", [])
    put(tmp_path / "in", "ada", json.dumps(tree(kept(*HONEST), 3)))
    take(course, course.assignment(NAME), "ada", tmp_path / "in", [])
    taken = nbformat.read(course.work / "submitted" / "ada" / NAME / f"{NAME}.ipynb", 4)
    assert job.predicted(edition.released_outline(course, course.assignment(NAME)), taken) == EXPECTED["ada"]


def test_outcomes_are_read_from_the_solution_once_and_reach_no_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(asking().root, tmp_path, dirs_exist_ok=True)
    course = Course(tmp_path)
    found = telling.outcomes(course, course.assignment(NAME))
    assert found == {"first_run": (pytest.approx(np.log(10)), "becomes nan"), "largest_score": (np.inf,)}
    assert (course.work / "outcomes" / f"{NAME}.json").is_file()
    assert not any("2.302585" in text for _, text in student_texts(course.root))
    monkeypatch.setattr(telling, "executed", lambda *_: pytest.fail("run a second time"))
    assert telling.outcomes(course, course.assignment(NAME)) == found
    solution = course.assignment(NAME).solution
    solution.write_text(solution.read_text(encoding="utf-8").replace("np.log(10)", "np.log(20)"), encoding="utf-8")
    monkeypatch.undo()
    changed = telling.outcomes(Course(tmp_path), Course(tmp_path).assignment(NAME))
    assert changed["first_run"][0] == pytest.approx(np.log(20))


def test_a_solution_that_stops_tells_what_it_reached(tmp_path: Path) -> None:
    shutil.copytree(asking().root, tmp_path, dirs_exist_ok=True)
    (tmp_path / "course" / "outcomes" / f"{NAME}.json").unlink(missing_ok=True)
    solution = Course(tmp_path).assignment(NAME).solution
    text = solution.read_text(encoding="utf-8").replace('predict("largest_score"', '1 / 0\npredict("largest_score"')
    solution.write_text(text, encoding="utf-8")
    course = Course(tmp_path)
    assert telling.outcomes(course, course.assignment(NAME)).keys() == {"first_run"}
    assert not (course.work / "outcomes" / f"{NAME}.json").exists(), "what is not whole is read again"


def guess(*answers: float | str, came: float | str | None = None, unit: str = "") -> Guess:
    field = (
        Field("number", "loss", unit) if isinstance(answers[0], float) else Field("choice", "it", options=("a", "b"))
    )
    return Guess(field, tuple((f"s{place}", answer) for place, answer in enumerate(answers)), came, "key")


def test_a_class_is_counted_before_and_against_the_outcome() -> None:
    one = guess(0.0, 2.3, 2.5, 10.0, came=2.303, unit="nats")
    assert one.before == "The median is 2.4; the middle half of the class lies between 1.72 and 4.38."
    assert one.after == "It is 2.303 nats. 1 of 4 said so. 1 came within a quarter; 1 said less, 2 more."
    assert one.right == ("s1",)
    assert "median is −1000; the middle half of the class lies between −1230 and" in guess(-1456.0, -1001.0, 2.0).before
    other = guess("a", "b", "a", came="b")
    assert [(option.text, option.count, option.right) for option in other.options] == [("a", 2, False), ("b", 1, True)]
    assert (other.before, other.after) == ("2 of 3 say “a”.", "What happens: “b”. 1 of 3 said so.")
    assert "could not be read" in guess("a").after
    assert guess(1.0, came=np.inf).after == "It is infinite. 0 of 1 said so."


@pytest.mark.parametrize(
    "answers",
    [
        [0.0],
        [2.0, 2.0, 2.0],
        [-5.0, 5.0],
        [0.0, 1e-300, 1e300],
        [1.7e308, -1.7e308, 5e-324],
        [float(value) for value in range(200)],
        [2.0] * 300,
        [-1000.0, -1.0, 0.0, 0.1, 1e4],
    ],
)
@pytest.mark.parametrize("came", [None, 2.303, -7.0, 0.0, np.inf, np.nan, 1e-12])
def test_every_number_can_be_drawn(answers: list[float], came: float | None) -> None:
    picture = str(guess(*answers, came=came).picture)
    assert ('id="key-came-line"' in picture) == (came is not None and np.isfinite(came))
    assert 'role="img" aria-label="Dots on a line, one for each student: ' in picture
    assert "nan" not in re.sub(r'aria-label="[^"]*"', "", picture)


def test_a_number_that_is_far_beyond_is_counted_and_not_drawn() -> None:
    one = guess(1.0, 2.0, 1e12, came=2.0)
    assert one.before.endswith("1 said far more than the picture shows.")
    assert one.shown == [1.0, 2.0]


def made(**answers: Any) -> list[Submission]:
    return [Submission(student, predictions={"first_run": given}) for student, given in answers.items()]


def test_what_no_longer_fits_the_notebook_is_not_counted() -> None:
    source = asking().assignment(NAME).source
    (one,) = predicted(source, made(ada=HONEST, ben=(1.0, "explodes"), cleo=("falls",)), {"first_run": (2.3, "falls")})
    assert (one.id, one.title, one.total) == ("first_run", "A first run", 1)
    assert one.question == "What is the loss at step 0? And what will it do after that?"
    assert predicted(source, [], {}) == []


def test_the_report_shows_what_the_class_predicted(tmp_path: Path) -> None:
    course = own_course(tmp_path / "course")
    hand_in(tmp_path / "in")
    batch.grade(course, course.assignment(NAME), submissions=tmp_path / "in", feedback=False)
    page = class_report(course, course.assignment(NAME), tmp_path / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="predictions"') : page.index('id="lecture"')]
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section))
    assert "A first run 2 of 3 answered" in words
    assert "becomes nan ✓" in words
    assert "It is 2.303 nats. 0 of 2 said so. 1 came within a quarter; 1 said less, 1 more." in words
    names = re.findall(r'<span class="student">(\w+)</span>', section)
    assert set(names) == {"ada", "ben"}, "every name can be hidden"
    assert re.sub(r'<span class="student"[^>]*>\w+</span>', "", section).count("ada") == 0


def test_a_class_that_predicted_nothing_has_no_such_section(tmp_path: Path) -> None:
    course = own_course(tmp_path / "course")
    put(tmp_path / "in", "cleo", nbformat.from_dict(tree()))
    batch.grade(course, course.assignment(NAME), submissions=tmp_path / "in", feedback=False)
    page = class_report(course, course.assignment(NAME), tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="predictions"' not in page
    assert 'href="#predictions"' not in page


def test_the_simulated_class_predicts_and_the_gate_reads_it(tmp_path: Path) -> None:
    course = asking()
    students = simulate(course, course.assignment(NAME), 30, 5, tmp_path)
    outline = edition.released_outline(course, course.assignment(NAME))
    for one in students:
        assert job.predicted(outline, nbformat.read(one.path, 4)) == one.predicted
    answers = [one.predicted["first_run"] for one in students if "first_run" in one.predicted]
    assert 20 < len(answers) < 30
    assert {answer for _, answer in answers} == {"falls", "rises, then falls", "becomes nan"}
    assert len({value for value, _ in answers}) > 5


def test_predictions_change_nothing_else_of_a_simulated_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = asking()
    with_them = simulate(course, course.assignment(NAME), 6, 5, tmp_path / "with")
    monkeypatch.setattr("autograder.classroom.simulate._Paper.predict", lambda *_: {})
    without = simulate(course, course.assignment(NAME), 6, 5, tmp_path / "without")
    assert [replace(one, predicted={}, path=Path()) for one in with_them] == [
        replace(one, path=Path()) for one in without
    ]
