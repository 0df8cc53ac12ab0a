"""The class report: it counts what is there, survives what is broken, and shows nothing unescaped."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from shared import ROOT
from sqlalchemy.exc import SAWarning

from autograder.classroom import remarks as questions
from autograder.classroom import results
from autograder.classroom.class_report import advice, class_report, tally
from autograder.classroom.results import VERDICT, Result, Submission
from autograder.course import Assignment, Course, CourseError
from gradus.checking import Misconception

SOURCE = '''# %% [markdown]
# # Scores & losses

# %% role="setup"
import numpy as np
import torch
from torch.nn import functional as F

# %% solution="softmax"
def softmax(scores):
    """Probabilities."""
    ### BEGIN SOLUTION
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    ### END SOLUTION

# %% check="softmax" points=4
check(softmax)

# %% solution="torch_loss"
def torch_loss(model, x, y):
    ### BEGIN SOLUTION
    return F.cross_entropy(model(x), y)
    ### END SOLUTION

# %% check="torch_loss" points=2
check(torch_loss)

# %% [markdown] answer="why" points=3
# Why?
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
'''
SLIP = {"name": "one_maximum_for_the_batch", "says": "Rows <far> below underflow.", "see": "02#Stable softmax"}
NAME = "02_losses"
ATTACK = "<script>alert(1)</script>"
LONG = (
    "def softmax(scores):\n"
    + "".join(f"    step_{i} = scores * {i} + {i} ** 2\n" for i in range(8))
    + "    return step_1"
)


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return course.assignment("02")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "02_losses.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "nbgrader_config.py").touch()
    return Course(tmp_path)


def verdict(share: float = 1.0, **fields: Any) -> dict[str, Any]:
    groups = [["ordinary", 3 if share else 1, 3], ["large scores", 2 if share == 1 else 0, 2]]
    return {"share": share, "passed": share == 1, "groups": groups, "misconceptions": [], "failure": "", **fields}


WRONG = {"failure": "values", "message": "wrong in 3 of 4 elements"}
EMPTY = verdict(0.0, failure="unwritten")
CRASHED = verdict(0.0, failure="raised", message="It raised NameError: name 'x' is not defined")


def notebook(verdicts: dict[str, Any], code: dict[str, str] | None = None) -> NotebookNode:
    cells = []
    for name, fields in verdicts.items():
        solution = nbformat.v4.new_code_cell((code or {}).get(name, f"def {name}(): ..."))
        solution.metadata["nbgrader"] = {"grade_id": name, "solution": True, "grade": False}
        check = nbformat.v4.new_code_cell(f"check({name})")
        check.metadata["nbgrader"] = {"grade_id": f"check_{name}", "solution": False, "grade": True}
        check.outputs = [nbformat.v4.new_output("display_data", data={VERDICT: fields, "text/plain": ""})]
        cells += [solution, check]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def hand_in(course: Course, assignment: Assignment) -> Callable[..., Path]:
    def write(student: str, verdicts: dict[str, Any] | str, code: dict[str, str] | None = None) -> Path:
        path = course.work / "autograded" / student / assignment.name / f"{assignment.name}.ipynb"
        path.parent.mkdir(parents=True)
        text = verdicts if isinstance(verdicts, str) else nbformat.writes(notebook(verdicts, code))
        path.write_text(text, encoding="utf-8")
        return path

    return write


GRADED = {
    "ada": {"check_softmax": 3.5, "check_torch_loss": 2.0, "penalty": 1.0},
    "dan": {"check_softmax": 4.0},
    "zoe": {"penalty": 5.0},
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook with the points of ``GRADED``, in which every written answer waits for a person."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    points_of = {"check_softmax": (4, "code"), "check_torch_loss": (2, "code"), "answer_why": (3, "markdown")}
    with Gradebook(f"sqlite:///{path}") as book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own models
        book.add_assignment(NAME)
        book.add_notebook(NAME, NAME)
        for cell, (most, kind) in points_of.items():
            book.add_grade_cell(cell, NAME, NAME, max_score=most, cell_type=kind)
        for student, points in GRADED.items():
            book.add_student(student)
            submission = book.add_submission(NAME, student)
            for grade in submission.notebooks[0].grades:
                grade.needs_manual_grade = grade.name == "answer_why"
                grade.auto_score = points.get(grade.name)
            submission.notebooks[0].late_submission_penalty = points.get("penalty")
        book.db.commit()
    return path


@pytest.fixture
def gradebook(course: Course, database: Path) -> None:
    course.work.mkdir(exist_ok=True)
    shutil.copy(database, course.work / "gradebook.db")


class Page(HTMLParser):
    """What a reader sees: text by id of the enclosing section, the table, and the structure."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.sections: dict[str, str] = {}
        self.rows: list[list[str]] = []
        self._section, self._open = "", []
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.tags.append((tag, fields))
        self._open.append(tag)
        if tag == "section":
            self._section = str(fields["id"])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("summary", "p", "li", "dd", "dt"):
            self.handle_data(" ")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if {"script", "style", "svg"} & set(self._open):
            return
        self.text += data
        self.sections[self._section] = self.sections.get(self._section, "") + data
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data.strip()

    def ids(self) -> list[str]:
        return [str(fields["id"]) for _, fields in self.tags if "id" in fields]


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def page(course: Course, assignment: Assignment) -> Callable[[], Page]:
    return lambda: Page(class_report(course, assignment, course.work / "reports"))


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        (verdict(1.0), "right"),
        (verdict(0.5, **WRONG), "partial"),
        (verdict(0.0, **WRONG), "wrong"),
        (EMPTY, "empty"),
        (CRASHED, "crashed"),
        (verdict(0.0, unanswered="no answer reached the judge"), "crashed"),
        (verdict(1.0, warnings=["RuntimeWarning: overflow"]), "right"),
    ],
)
def test_every_verdict_has_one_outcome(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], fields: dict[str, Any], outcome: str
) -> None:
    hand_in("ada", {"softmax": fields})
    (submission,) = results.read(course, assignment)
    assert submission.results["softmax"].outcome == outcome


def test_points_and_open_answers_come_from_the_gradebook(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], gradebook: None
) -> None:
    """What a person changed there counts more than what the judge said."""
    hand_in("ada", {"softmax": verdict(0.0, **WRONG), "torch_loss": verdict()})
    ada = results.read(course, assignment)[0]
    assert ada.results["softmax"].points == 3.5
    assert (ada.total, ada.maximum, ada.penalty, ada.open) == (4.5, 9.0, 1.0, 1)


def test_without_a_gradebook_the_points_are_the_judges(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path]
) -> None:
    hand_in("ada", {"softmax": verdict(0.5, **WRONG), "torch_loss": verdict()})
    (ada,) = results.read(course, assignment)
    assert (ada.total, ada.maximum, ada.open) == (4.0, 6.0, 0)
    assert not (course.work / "gradebook.db").exists()


def test_a_penalty_never_makes_a_total_negative(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], gradebook: None
) -> None:
    hand_in("zoe", {"softmax": EMPTY, "torch_loss": EMPTY})
    zoe = results.read(course, assignment)[-1]
    assert (zoe.total, zoe.penalty) == (0.0, 5.0)


def test_only_the_first_output_is_the_judges(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path]
) -> None:
    path = hand_in("eve", {"softmax": verdict(0.0, **WRONG)})
    forged = nbformat.read(path, 4)
    forged.cells[1].outputs.append(nbformat.v4.new_output("display_data", data={VERDICT: verdict(1.0)}))
    nbformat.write(forged, path)
    assert results.read(course, assignment)[0].results["softmax"].share == 0
    forged.cells[1].outputs[:1] = [nbformat.v4.new_output("stream", text="passed!")]
    nbformat.write(forged, path)
    assert results.read(course, assignment)[0].results == {}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"share": "all"},
        {"share": float("nan")},
        {"share": 1e9, "groups": "none", "misconceptions": {"a": 1}},
        {"share": -3, "groups": [["a", 1], [None, None, None], 7], "misconceptions": [None, {}, "x"]},
        {"share": None, "changed": 3, "leans_on": None, "message": ["a"], "failure": {"b": 1}},
    ],
)
def test_a_strange_verdict_is_read_without_complaint(
    hand_in: Callable[..., Path], page: Callable[[], Page], fields: dict[str, Any]
) -> None:
    hand_in("ada", {"softmax": fields})
    assert "ada" in page().sections["students"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"cells": 3}', '{"cells": [1, {"metadata": []}]}', "[" * 100_000]
)
def test_a_broken_notebook_is_a_row_that_says_so(
    hand_in: Callable[..., Path], page: Callable[[], Page], text: str
) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()})
    hand_in("ben", text)
    shown = page()
    row = next(row for row in shown.rows if row[0] == "ben")
    assert "grade it again" in row[-1]
    assert row[1:3] == ["–", "–"]
    assert "2submissions, 1 graded" in words(shown.text)


def test_a_notebook_that_is_not_text_is_a_row_that_says_so(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    hand_in("ben", "").write_bytes(b"\xff\xfe\x00\x81")
    assert "cannot be read" in page().sections["students"]


def test_whoever_is_not_graded_yet_is_a_row_that_says_so(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], page: Callable[[], Page], gradebook: None
) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()})
    waiting = course.work / "submitted" / "cleo" / assignment.name / f"{assignment.name}.ipynb"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("{}", encoding="utf-8")
    remarks = {row[0]: row[-1] for row in page().rows[1:]}
    assert remarks["ada"] == ""
    assert "not graded yet" in remarks["cleo"]
    assert "is gone" in remarks["dan"]


def test_nothing_graded_says_what_to_do(course: Course, assignment: Assignment) -> None:
    with pytest.raises(CourseError, match="autograder grade 02_losses"):
        class_report(course, assignment, course.work)


def test_a_gradebook_that_is_none_says_so(course: Course, assignment: Assignment, hand_in: Callable[..., Path]) -> None:
    hand_in("ada", {"softmax": verdict()})
    (course.work / "gradebook.db").write_text("no database at all, but long enough to look like one" * 50)
    with pytest.raises(CourseError, match="cannot be read"):
        class_report(course, assignment, course.work)


def test_one_student_is_a_class(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()})
    shown = page()
    assert "Nothing stands out" in shown.sections["lecture"]
    assert "None this time" in shown.sections["questions"]
    assert "Scores & losses" in shown.text


def test_the_lecture_hears_the_commonest_misconceptions_first(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    other = {"name": "sum_over_all", "says": "Everything is summed.", "see": "02#Sums"}
    for index in range(5):
        slips = [other] if index < 2 else [SLIP]
        hand_in(f"s{index}", {"softmax": verdict(0.0, misconceptions=slips, **WRONG), "torch_loss": EMPTY})
    said = words(page().sections["lecture"])
    order = [said.index(text) for text in ("“Stable softmax” 3 of 5", "“Sums” 2 of 5", "torch_loss 5 of 5 students")]
    assert order == sorted(order)
    assert "Rows <far> below underflow. softmax, 3 students" in said
    assert "Left empty" in said


def test_misconceptions_that_one_paragraph_clears_up_are_said_together(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    """Each student counts once."""
    slips = [{**SLIP, "name": f"slip_{index}", "says": f"Slip {index}."} for index in range(4)]
    hand_in("ada", {"softmax": verdict(0.0, misconceptions=slips, **WRONG)})
    hand_in("ben", {"softmax": verdict(0.0, misconceptions=slips[2:3], **WRONG)})
    said = words(page().sections["lecture"])
    assert "“Stable softmax” 2 of 2 students" in said
    assert said.index("Slip 2.") < said.index("Slip 0.")
    assert "and 1 rarer one, below" in said


def test_exercises_are_sorted_by_what_was_misunderstood(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    """Left empty is not misunderstood."""
    for index in range(4):
        hand_in(f"s{index}", {"softmax": EMPTY, "torch_loss": verdict(0.5, **WRONG) if index else verdict()})
    text = page().sections["exercises"]
    assert text.index("torch_loss") < text.index("softmax")
    assert "3 answers are wrong in a way that no known misconception explains" in words(text)


def test_the_outcomes_are_counted(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    for index, fields in enumerate([verdict(), verdict(), verdict(0.5, **WRONG), EMPTY, CRASHED, CRASHED]):
        hand_in(f"s{index}", {"softmax": fields})
    text = words(page().sections["exercises"])
    assert "2 of 6 right" in text
    for count in ("2 right", "1 some groups of cases", "2 crashed", "1 left empty"):
        assert count in text
    assert "large scores: 1 of the 5 who wrote an answer" in text
    assert "NameError: name 'x' is not defined" in text


def test_nothing_that_students_write_is_markup(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    fields = verdict(
        0.5,
        message=ATTACK,
        failure="values",
        misconceptions=[{"name": ATTACK, "says": ATTACK, "see": ATTACK}],
        groups=[[ATTACK, 0, 1]],
        changed=[ATTACK],
        leans_on=[ATTACK],
    )
    code = {"softmax": f"import torch\nx = '''{ATTACK}'''", "torch_loss": ATTACK}
    crashed = verdict(0.0, failure="raised", message=ATTACK, unanswered=ATTACK)
    hand_in("<img src=x onerror=alert(1)>", {"softmax": fields, "torch_loss": crashed}, code)
    hand_in('" onmouseover="alert(1)', {"softmax": fields, "torch_loss": crashed}, code)
    shown = page()
    assert ATTACK not in shown.html
    assert [tag for tag, _ in shown.tags].count("script") == 1
    assert not [tag for tag, _ in shown.tags if tag == "img"]
    assert not [name for _, fields in shown.tags for name in fields if name.startswith("on")]
    assert ATTACK in shown.text


def test_the_page_needs_nothing_beside_it(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(0.5, **WRONG)})
    shown = page()
    for _, fields in shown.tags:
        for name in ("src", "href", "xlink:href"):
            assert str(fields.get(name, "#")).startswith(("#", "data:"))
    assert not re.search(r"url\((?!#)", shown.html)


def test_the_page_can_be_walked_without_eyes(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    """Language, landmarks, headings in order, pictures with words, unique ids, links that lead somewhere."""
    for index in range(3):
        hand_in(f"s{index}", {"softmax": verdict(0.5, misconceptions=[SLIP], **WRONG), "torch_loss": CRASHED})
    shown = page()
    tags = [tag for tag, _ in shown.tags]
    assert shown.tags[0] == ("html", {"lang": "en"})
    assert {"header", "nav", "main", "footer", "title"} <= set(tags)
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    pictures = [fields for tag, fields in shown.tags if tag == "svg"]
    assert len(pictures) == 2
    assert all(fields["role"] == "img" and len(str(fields["aria-label"])) > 20 for fields in pictures)
    assert len(shown.ids()) == len(set(shown.ids()))
    targets = {str(fields["href"])[1:] for tag, fields in shown.tags if tag == "a"}
    assert targets <= set(shown.ids())


def test_torch_where_numpy_is_asked_is_a_question(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    torch_code = {"torch_loss": "def torch_loss(m, x, y): return F.cross_entropy(m(x), y)"}
    both = {"softmax": verdict(), "torch_loss": verdict()}
    hand_in("ada", both, {"softmax": "def softmax(s): return F.softmax(torch.tensor(s), -1)", **torch_code})
    hand_in("ben", both, {"softmax": "def softmax(s): return np.exp(s)  # not torch.softmax", **torch_code})
    text = words(page().sections["questions"])
    assert "softmax 1 student ada" in text
    assert "torch_loss" not in text
    assert "ben" not in text


@pytest.mark.parametrize(
    ("code", "uses"),
    [
        ("import torch", True),
        ("from torch.nn import functional", True),
        ("x = torch.ones(3)", True),
        ("x = F.relu(x)", True),
        ("x = torchvision_like(3)", False),
        ("# torch\nx = 'torch'", False),
        ("import torch\ndef f(:", True),
        ("def f(:", False),
    ],
)
def test_use_of_torch_is_seen(code: str, uses: bool) -> None:
    assert questions.uses_torch(code, {"F"}) is uses


def test_changed_arrays_are_a_question(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(changed=["scores"])})
    assert "softmax changes scores 1 student ada" in words(page().sections["questions"])


def test_long_answers_that_are_alike_are_a_question(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    short = "def softmax(s): return s"
    wrong = {"softmax": verdict(0.0, **WRONG)}
    for student, code in {
        "ada": LONG,
        "ben": LONG.replace("    return", "\n    # mine\n    return"),
        "cleo": LONG.replace("step_3", "other"),
        "dan": short,
        "eve": short,
    }.items():
        hand_in(student, wrong, {"softmax": code})
    text = words(page().sections["questions"])
    assert "softmax 2 students ada, ben" in text
    for student in ("cleo", "dan", "eve"):
        assert student not in text


def test_the_reference_written_twice_is_no_question(assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "LONG_ENOUGH", 10)
    source = assignment.source
    reference = "\n".join(line for line in source.solutions["softmax"].splitlines() if "###" not in line)

    def alike(code: str, share: float) -> list[Any]:
        answers = {"softmax": [(who, Result("softmax", 4, 4, share, code=code)) for who in ("ada", "ben")]}
        return questions.same_code(source, answers)

    assert alike(reference, 0.5) == []
    assert alike(LONG, 0.5) == [(("ada", "ben"), ["softmax"])]


def test_one_right_answer_in_common_is_no_question_and_two_are(assignment: Assignment) -> None:
    source = assignment.source
    both = {
        name: [(who, Result(name, 4, 4, 1.0, code=LONG)) for who in ("ada", "ben")] for name in ("softmax", "other")
    }
    assert questions.same_code(source, {"softmax": both["softmax"]}) == []
    assert questions.same_code(source, both) == [(("ada", "ben"), ["softmax", "other"])]


def test_the_table_sorts_by_numbers_and_saves_plain_values(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], page: Callable[[], Page], gradebook: None
) -> None:
    hand_in("ada", {"softmax": verdict(0.5, **WRONG), "torch_loss": verdict()})
    shown = page()
    assert shown.rows[1] == ["ada", "3.5", "2", "1", "−1", "4.5", ""]
    values = [fields["data-value"] for tag, fields in shown.tags if tag in ("td", "th") and "data-value" in fields]
    assert values[:7] == ["ada", "3.5", "2", "1", "1", "4.5", ""]


def test_advice_without_misconceptions_falls_back_on_what_stopped_the_class() -> None:
    empty = Result("softmax", 0, 4, 0.0, failure="unwritten")
    wrong = Result("softmax", 0, 4, 0.0, (("ordinary", 0, 3),), failure="values")
    submissions = [Submission(f"s{i}", {"softmax": empty if i < 3 else wrong}) for i in range(4)]
    said = advice([tally("softmax", 4, submissions)])
    assert [(point.count, point.slips) for point in said] == [(3, ()), (1, ())]
    slip = Result("softmax", 0, 4, 0.0, failure="values", misconceptions=(Misconception("a", "b", "02#c"),))
    said = advice([tally("softmax", 4, [*submissions, Submission("t", {"softmax": slip})])])
    assert said[0].slips[0][1].described.name == "a"


def test_the_same_results_give_the_same_page(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path]
) -> None:
    for index in range(3):
        hand_in(f"s{index}", {"softmax": verdict(0.5, misconceptions=[SLIP], **WRONG), "torch_loss": CRASHED})
    one = class_report(course, assignment, course.work / "one.html")
    two = class_report(course, assignment, course.work / "two.html")
    assert one.read_bytes() == two.read_bytes()


def test_the_verdict_is_where_grading_puts_it() -> None:
    from autograder.judging.judge import Verdict
    from autograder.nbgrader_hooks.execution import write_verdicts
    from gradus.checking import Report

    graded = notebook({"softmax": {}})
    graded.cells[1].metadata["nbgrader"]["points"] = 4.0
    write_verdicts(graded, {"check_softmax": Verdict("softmax", 0.0, Report("softmax", (), unanswered="silence"))})
    cells = json.loads(nbformat.writes(graded))["cells"]
    assert results._verdict(cells[1])["unanswered"] == "silence"


def test_the_course_in_this_repository_has_solutions_the_report_can_read() -> None:
    for assignment in Course(ROOT).assignments():
        assert assignment.source.exercises


def test_the_paragraph_that_most_students_need_comes_first() -> None:
    """Whichever exercise it belongs to, and though its slips are each rare."""

    def wrong(exercise: str, slip: str, see: str) -> Result:
        return Result(exercise, 0, 4, 0.0, failure="values", misconceptions=(Misconception(slip, "says", see),))

    submissions = [
        Submission("ada", {"one": wrong("one", "a", "02#Rare"), "two": wrong("two", "b", "02#Common")}),
        Submission("ben", {"one": wrong("one", "a", "02#Rare"), "two": wrong("two", "c", "02#Common")}),
        Submission("cleo", {"two": wrong("two", "d", "02#Common")}),
    ]
    said = advice([tally(name, 4, submissions) for name in ("one", "two")])
    assert [(point.about, point.count) for point in said] == [("notebook 02, “Common”", 3), ("notebook 02, “Rare”", 2)]
