"""The class report: it counts what is there, survives what is broken, and shows nothing unescaped."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from shared import ROOT
from sqlalchemy.exc import SAWarning

from autograder.classroom import remarks, results
from autograder.classroom.class_report import advice, class_report, tally
from autograder.classroom.results import Answer, Submission
from autograder.course import Assignment, Course, CourseError
from autograder.judging import ledger as ledgers
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger
from gradus.checking import Report
from gradus.checking.naming import KnownSlip, Named, Place
from gradus.checking.report import CaseResult, Failure, Group

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

# %% [markdown] mark_scheme="why"
# === BEGIN MARK SCHEME ===
# 3 for the reason.
# === END MARK SCHEME ===
'''
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


PLACE = Place("stable", "02", "Stable softmax")


def slip(
    id: str = "one-maximum", title: str = "one maximum for the batch", says: str = "", see: Place = PLACE
) -> Named:
    return Named(KnownSlip(id, title, says or "Rows <far> below underflow.", see), ("ordinary", "large"))


def failure(kind: str = "values", message: str = "wrong in 3 of 4 elements") -> Failure:
    return Failure(kind, "ordinary", "a case", message, "", (("input scores", "[1. 2.]"),))


def verdict(share: float = 1.0, exercise: str = "softmax", **fields: Any) -> Verdict:
    groups = (Group("ordinary", "ordinary", 3 if share else 1, 3), Group("large", "large scores", 2 * int(share), 2))
    cases = tuple(CaseResult(one.id, f"case {i}", i < one.passed, "") for one in groups for i in range(one.of))
    found = {"cases": cases, "groups": groups, "failure": None if share == 1 else failure(), **fields}
    return Verdict(exercise, share, Report(exercise, **found))


def silent(reason: str) -> Verdict:
    return Verdict("softmax", 0.0, Report("softmax", unanswered=reason))


EMPTY = verdict(0.0, failure=failure("unwritten", "Write it first."))
CRASHED = verdict(0.0, failure=failure("raised", "Your code raised NameError: name 'x' is not defined"))


@pytest.fixture
def hand_in(course: Course, assignment: Assignment) -> Callable[..., Path]:
    def write(
        student: str, verdicts: dict[str, Verdict] | str, code: dict[str, str] | None = None, **fields: Any
    ) -> Path:
        path = ledgers.path_of(course, assignment, student)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(verdicts, str):
            path.write_text(verdicts, encoding="utf-8")
        else:
            checks = {f"check_{name}": replace(one, exercise=name) for name, one in verdicts.items()}
            answers = {name: f"def {name}(): ..." for name in verdicts} | (code or {})
            known = {"assignment": NAME, "edition": "1", "submission": "2", "verdicts": checks, "answers": answers}
            path.write_bytes(Ledger(**(known | fields)).to_bytes())
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
        book.add_task_cell("mark_scheme_why", NAME, NAME, max_score=0, cell_type="markdown")
        for student, points in GRADED.items():
            book.add_student(student)
            submission = book.add_submission(NAME, student)
            for grade in submission.notebooks[0].grades:
                grade.needs_manual_grade = grade.name.endswith("_why")
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
    ("judged", "outcome"),
    [
        (verdict(1.0), "right"),
        (verdict(0.5), "partial"),
        (verdict(0.0), "wrong"),
        (EMPTY, "empty"),
        (verdict(0.0, unrepaired=True), "empty"),
        (CRASHED, "crashed"),
        (silent("no answer reached the judge"), "crashed"),
        (verdict(1.0, warnings=("RuntimeWarning: overflow",)), "right"),
    ],
)
def test_every_verdict_has_one_outcome(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], judged: Verdict, outcome: str
) -> None:
    hand_in("ada", {"softmax": judged})
    (submission,) = results.read(course, assignment)
    assert submission.answers["softmax"].outcome == outcome


def test_points_and_open_answers_come_from_the_gradebook(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], gradebook: None
) -> None:
    """What a person changed there counts more than what the judge said."""
    hand_in("ada", {"softmax": verdict(0.0), "torch_loss": verdict()})
    ada = results.read(course, assignment)[0]
    assert ada.answers["softmax"].points == 3.5
    assert (ada.total, ada.maximum, ada.penalty, ada.waiting) == (4.5, 9.0, 1.0, 1)


def test_without_a_gradebook_the_points_are_the_judges(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path]
) -> None:
    hand_in("ada", {"softmax": verdict(0.5), "torch_loss": verdict()})
    (ada,) = results.read(course, assignment)
    assert (ada.total, ada.maximum, ada.waiting) == (4.0, 6.0, 0)
    assert not (course.work / "gradebook.db").exists()


def test_a_penalty_never_makes_a_total_negative(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], gradebook: None
) -> None:
    hand_in("zoe", {"softmax": EMPTY, "torch_loss": EMPTY})
    zoe = results.read(course, assignment)[-1]
    assert (zoe.total, zoe.penalty) == (0.0, 5.0)


def broken(change: Callable[[dict[str, Any]], Any]) -> str:
    """A ledger in which something is not as it should be."""
    verdicts = {"check_softmax": verdict(0.5, slips=(slip(),)), "check_torch_loss": verdict(exercise="torch_loss")}
    whole = json.loads(Ledger(NAME, "1", "2", verdicts).to_bytes())
    change(whole)
    return json.dumps(whole)


def report_of(whole: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole["verdicts"]["check_softmax"]["report"]
    return found


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "3", '{"schema": 3}', '{"schema": "gradus ledger 1"}', "[" * 100_000),
        broken(lambda whole: whole.update(schema="gradus ledger 0")),
        broken(lambda whole: whole.update(verdicts=[])),
        broken(lambda whole: whole.update(remarks="died")),
        broken(lambda whole: whole.update(answers={"softmax": 3})),
        broken(lambda whole: whole.update(more=1)),
        broken(lambda whole: whole.pop("assignment")),
        broken(lambda whole: whole["verdicts"].update(check_softmax=None)),
        broken(lambda whole: whole["verdicts"]["check_softmax"].update(share=1.5)),
        broken(lambda whole: whole["verdicts"]["check_softmax"].update(share=10**400)),
        broken(lambda whole: whole["verdicts"]["check_softmax"].update(share=float("nan"))),
        broken(lambda whole: whole["verdicts"]["check_softmax"].update(share=True)),
        broken(lambda whole: whole["verdicts"]["check_softmax"].update(exercise=["softmax"])),
        broken(lambda whole: whole["verdicts"]["check_softmax"].update(report={})),
        broken(lambda whole: report_of(whole).update(groups=[{"id": "a", "title": "a", "passed": ATTACK, "of": 1}])),
        broken(lambda whole: report_of(whole).update(groups=[["a", "a", 1, 1]])),
        broken(lambda whole: report_of(whole).update(failure="raised")),
        broken(lambda whole: report_of(whole)["failure"].update(message=["a"])),
        broken(lambda whole: report_of(whole).update(slips=[None])),
        broken(lambda whole: report_of(whole)["slips"][0]["slip"].update(see="02#stable")),
        broken(lambda whole: report_of(whole).update(score=[ATTACK, 4])),
        broken(lambda whole: report_of(whole).update(changed="scores")),
        broken(lambda whole: report_of(whole).update(picture={"kind": "svg", "title": ATTACK})),
    ],
)
def test_a_broken_ledger_is_a_row_that_says_so(
    hand_in: Callable[..., Path], page: Callable[[], Page], text: str
) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()})
    hand_in("ben", text)
    shown = page()
    row = next(row for row in shown.rows if row[0] == "ben")
    assert "ben.json: not a ledger" in row[-1]
    assert "Grade the submission again" in row[-1]
    assert row[1:3] == ["?", "?"]
    assert "2submissions, 1 graded" in words(shown.text)


def test_the_ledger_that_is_broken_in_other_tests_is_whole(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    hand_in("ben", broken(lambda whole: None))
    assert page().rows[1] == ["ben", "2", "2", "", "4"]


def test_a_ledger_that_is_not_text_is_a_row_that_says_so(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    hand_in("ben", "").write_bytes(b"\xff\xfe\x00\x81")
    hand_in("cleo", "").unlink()
    ledgers_folder = hand_in("cleo", "").parent
    (ledgers_folder / "cleo.json").unlink()
    (ledgers_folder / "cleo.json").mkdir()
    said = {row[0]: row[-1] for row in page().rows[1:]}
    assert "not a ledger" in said["ben"]
    assert "cannot be read" in said["cleo"]


def test_a_ledger_of_another_assignment_is_not_counted(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()}, assignment="03_other")
    row = page().rows[1]
    assert row[1:3] == ["?", "?"]
    assert "another assignment, '03_other'. Grade it again: autograder grade 02_losses --students ada" in row[-1]


def test_an_exercise_without_a_verdict_is_said(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict()})
    row = page().rows[1]
    assert row[1:3] == ["4", "?"]
    assert "No verdict on torch_loss. Grade it again" in row[-1]


def test_what_happened_on_the_way_is_a_remark(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()}, remarks=("The kernel died.", "x" * 9999))
    remark = page().rows[1][-1]
    assert remark.startswith("The kernel died. · Xxx")
    assert len(remark) == 400


def test_whoever_is_not_graded_yet_is_a_row_that_says_so(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], page: Callable[[], Page], gradebook: None
) -> None:
    hand_in("ada", {"softmax": verdict(), "torch_loss": verdict()})
    waiting = course.work / "submitted" / "cleo" / assignment.name / f"{assignment.name}.ipynb"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("{}", encoding="utf-8")
    said = {row[0]: row[-1] for row in page().rows[1:]}
    assert said["ada"] == ""
    assert said["cleo"] == "Not graded yet. Grade it: autograder grade 02_losses --students cleo"
    assert said["dan"] == "Its ledger is missing. Grade it again: autograder grade 02_losses --students dan"


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


def test_the_lecture_hears_the_commonest_slips_first(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    other = slip("sum-over-all", "a sum over all", "Everything is summed.", Place("sums", "02", "Sums"))
    for index in range(5):
        hand_in(f"s{index}", {"softmax": verdict(0.0, slips=(other if index < 2 else slip(),)), "torch_loss": EMPTY})
    said = words(page().sections["lecture"])
    order = [said.index(text) for text in ("“Stable softmax” 3 of 5", "“Sums” 2 of 5", "torch_loss 5 of 5 students")]
    assert order == sorted(order)
    assert "Rows <far> below underflow. softmax, 3 students" in said
    assert "Left empty" in said


def test_slips_that_one_paragraph_clears_up_are_said_together(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    """Each student counts once, and it is the heading's id that makes it the same paragraph."""
    reworded = Place("stable", "02", "A stable softmax")
    slips = [slip(f"slip-{i}", f"slip {i}", f"Slip {i}.", reworded if i else PLACE) for i in range(4)]
    hand_in("ada", {"softmax": verdict(0.0, slips=tuple(slips))})
    hand_in("ben", {"softmax": verdict(0.0, slips=tuple(slips[2:3]))})
    shown = page()
    said = words(shown.sections["lecture"])
    assert "“A stable softmax” 2 of 2 students" in said
    assert said.index("Slip 2.") < said.index("Slip 0.")
    assert "and 1 rarer one, below" in said
    assert "see-02-stable" in shown.ids()
    assert [fields["href"] for tag, fields in shown.tags if tag == "a"].count("#see-02-stable") == 4


def test_slips_are_counted_by_id_whatever_their_constant(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    floors = ["a floor of 1e-05 under p"] + ["a floor of 1e-12 under p"] * 2
    for index, title in enumerate(floors):
        hand_in(f"s{index}", {"softmax": verdict(0.5, slips=(slip("floor", title, f"It is {title}."),))})
    shown = page()
    text = words(shown.sections["exercises"])
    assert shown.html.count('class="meter"') == 1
    assert "3 A floor of 1e-12 under p. It is a floor of 1e-12 under p." in text
    assert "Seen as “a floor of 1e-12 under p” (2), “a floor of 1e-05 under p” (1)." in text
    assert "Stable softmax” 3 of 3 students" in words(shown.sections["lecture"])


def test_a_slip_that_is_not_the_whole_story_says_where_it_shows(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    somewhere = replace(slip(), groups=("large",))
    for index, named in enumerate([slip(), somewhere, somewhere]):
        hand_in(f"s{index}", {"softmax": verdict(0.0, slips=(named,))})
    text = words(page().sections["exercises"])
    assert "2 answers have it only in “large scores”; they fail elsewhere for another reason." in text
    hand_in("s0", {"softmax": verdict(0.5, slips=(somewhere,))})
    assert "2 answers have it only in “large scores”" in words(page().sections["exercises"])


def test_exercises_are_sorted_by_what_was_misunderstood(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    """Left empty is not misunderstood."""
    for index in range(4):
        hand_in(f"s{index}", {"softmax": EMPTY, "torch_loss": verdict(0.5) if index else verdict()})
    text = page().sections["exercises"]
    assert text.index("torch_loss") < text.index("softmax")
    assert "3 answers are wrong in a way that no known slip explains" in words(text)


def test_the_outcomes_are_counted(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    for index, fields in enumerate([verdict(), verdict(), verdict(0.5), EMPTY, CRASHED, CRASHED]):
        hand_in(f"s{index}", {"softmax": fields})
    text = words(page().sections["exercises"])
    assert "2 of 6 right" in text
    for count in ("2 right", "1 some groups of cases", "2 crashed", "1 left empty"):
        assert count in text
    assert "large scores: 1 of the 5 who wrote an answer" in text
    assert "Why answers crashed NameError: name 'x' is not defined" in text


def test_one_student_is_as_long_everywhere(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    """The bars of all exercises have one scale."""
    for index in range(4):
        other = (slip("rare", "a rare one"),) if index == 0 else ()
        hand_in(
            f"s{index}",
            {
                "softmax": verdict(0.0, slips=(slip(),)),
                "torch_loss": verdict(0.0, "torch_loss", slips=other),
            },
        )
    widths = [float(width) for width in re.findall(r'<i style="width:([\d.]+)rem"></i><b>\d</b>', page().html)]
    assert widths == [5.5, 5.5 / 4]


def test_a_sentence_begins_with_a_capital_letter(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    named = slip("lower", "a lower case title", see=Place("low", "02", "low"))
    hand_in("ada", {"softmax": verdict(0.0, slips=(named,)), "torch_loss": silent("the check cell was not run")})
    hand_in("ben", {"softmax": verdict()}, remarks=("it took long",))
    shown = page()
    assert "A lower case title." in shown.sections["exercises"]
    assert "Why answers crashed The check cell was not run" in words(shown.sections["exercises"])
    assert "Notebook 02, “low”" in shown.sections["lecture"]
    assert shown.rows[1][-1] == ""
    assert shown.rows[2][-1].startswith("No verdict on torch_loss.")
    assert shown.rows[2][-1].endswith(" · It took long")


def test_outcomes_differ_by_a_sign_and_not_by_colour_alone(
    hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    students = {"ada": verdict(), "ben": verdict(0.5), "cleo": verdict(0.0), "dan": CRASHED, "eve": EMPTY}
    for student, judged in students.items():
        hand_in(student, {"softmax": judged, "torch_loss": verdict()})
    shown = page()
    assert [row[1] for row in shown.rows[1:]] == ["4", "2", "0✗", "0!", "–"]
    assert "✗ wrong ! crashed – left empty" in words(shown.sections["students"])
    assert "no verdict" not in shown.text
    spoken = [fields["aria-label"] for _, fields in shown.tags if fields.get("class") == "sign" and "role" in fields]
    assert spoken == ["wrong", "crashed", "left empty"]
    hand_in("fay", {"softmax": verdict()})
    shown = page()
    assert shown.rows[-1][1:3] == ["4", "?"]
    assert "? no verdict" in words(shown.sections["students"])


def test_points_that_a_person_gave_for_nothing_are_shown(
    hand_in: Callable[..., Path], page: Callable[[], Page], gradebook: None
) -> None:
    hand_in("ada", {"softmax": EMPTY, "torch_loss": verdict()})
    assert page().rows[1][1] == "3.5–"


@pytest.fixture
def opened(course: Course, assignment: Assignment, hand_in: Callable[..., Path], chromium: Any) -> Callable[[int], Any]:
    """The report on a class in which everybody has the same slip, in a browser of some width."""
    students = [f"{name}_{index:02}" for index, name in enumerate(["ada", "ben", "cleo", "dan", "eve", "fay"] * 2)]
    for student in students:
        hand_in(student, {"softmax": verdict(0.5, slips=(slip(),))}, remarks=(f"it is {student}'s",))
    path = class_report(course, assignment, course.work / "reports")

    def show(width: int) -> Any:
        tab = chromium.new_page(viewport={"width": width, "height": 800})
        tab.goto(path.as_uri())
        return tab

    return show


def names_in(tab: Any) -> list[str]:
    """What of the students' names can be read, copied, found or heard, or is in what is saved."""
    return re.findall(r"(?:ada|ben|cleo|dan|eve|fay)_\d+", tab.evaluate("document.documentElement.outerHTML"))


@pytest.mark.browser
def test_hidden_names_are_nowhere_in_the_page_and_come_back(opened: Callable[[int], Any]) -> None:
    tab = opened(1366)
    before = tab.inner_text("main")
    assert len(names_in(tab)) > 24
    tab.check("#anonymous")
    assert names_in(tab) == []
    people = [text.split(", ") for text in tab.locator(".people").all_text_contents()]
    in_table = tab.locator("tbody th").all_text_contents()
    assert in_table == [f"student {number}" for number in range(1, 13)]
    assert people[0] == in_table, "a list in the order of the names would give them away"
    with tab.expect_download() as saved:
        tab.click("#csv")
    lines = saved.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith('"student 1","2",')
    assert not re.search(r"(ada|ben)_\d", "".join(lines))
    tab.uncheck("#anonymous")
    assert tab.inner_text("main") == before


@pytest.mark.browser
def test_numbers_say_nothing_about_the_alphabet(opened: Callable[[int], Any]) -> None:
    orders = []
    for _ in range(2):
        tab = opened(1366)
        ranked = tab.evaluate(
            "() => { const th = [...document.querySelectorAll('tbody th')].map(one => [one, one.textContent]);"
            " document.getElementById('anonymous').click(); return th.map(([one, name]) => [name, one.textContent]); }"
        )
        orders.append(sorted(map(tuple, ranked)))
    assert orders[0] != orders[1]
    assert [number for _, number in orders[0]] != [f"student {number}" for number in range(1, 13)]


@pytest.mark.browser
def test_charts_keep_their_size_on_a_telephone(opened: Callable[[int], Any]) -> None:
    tab = opened(390)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    for figure in tab.locator("figure").all():
        assert figure.bounding_box()["width"] < 390
        assert figure.evaluate("one => one.scrollWidth > one.clientWidth")
        sizes = figure.evaluate(
            "one => [...one.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height)"
        )
        assert min(sizes) > 9


def test_nothing_that_students_write_is_markup(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], page: Callable[[], Page]
) -> None:
    half = "\ud800"
    bad = ATTACK + half
    fields = verdict(
        0.5,
        failure=Failure(bad, bad, bad, bad, bad, ((bad, bad),)),
        slips=(Named(KnownSlip(bad, bad, bad, Place(f'"><b id="{bad}', bad, bad)), (bad,)),),
        groups=(Group(bad, bad, 0, 1),),
        changed=(bad,),
        leans_on=(bad,),
        warnings=(bad,),
    )
    code = {"softmax": f"import torch\nx = '''{bad}'''", "torch_loss": bad}
    crashed = verdict(0.0, failure=failure("raised", bad), unanswered=bad)
    hand_in("<img src=x onerror=alert(1)>", {"softmax": fields, "torch_loss": crashed}, code, remarks=(bad,))
    hand_in('" onmouseover="alert(1)', {"softmax": fields, "torch_loss": crashed}, code)
    shown = page()
    assert ATTACK not in shown.html
    assert [tag for tag, _ in shown.tags].count("script") == 1
    assert not [tag for tag, _ in shown.tags if tag == "img"]
    assert not [name for _, fields in shown.tags for name in fields if name.startswith("on")]
    assert ATTACK in shown.text


def test_the_page_needs_nothing_beside_it(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(0.5)})
    shown = page()
    for _, fields in shown.tags:
        for name in ("src", "href", "xlink:href"):
            assert str(fields.get(name, "#")).startswith(("#", "data:"))
    assert not re.search(r"url\((?!#)", shown.html)


def test_the_page_can_be_walked_without_eyes(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    """Language, landmarks, headings in order, pictures with words, unique ids, links that lead somewhere."""
    for index in range(3):
        hand_in(f"s{index}", {"softmax": verdict(0.5, slips=(slip(),)), "torch_loss": CRASHED})
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
    assert remarks.uses_torch(code, {"F"}) is uses


def test_changed_arrays_are_a_question(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    hand_in("ada", {"softmax": verdict(changed=("scores",))})
    assert "softmax changes scores 1 student ada" in words(page().sections["questions"])


def test_long_answers_that_are_alike_are_a_question(hand_in: Callable[..., Path], page: Callable[[], Page]) -> None:
    short = "def softmax(s): return s"
    wrong = {"softmax": verdict(0.0)}
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
    monkeypatch.setattr(remarks, "LONG_ENOUGH", 10)
    source = assignment.source
    reference = "\n".join(line for line in source.solutions["softmax"].splitlines() if "###" not in line)

    def alike(code: str, share: float) -> list[Any]:
        answers = {"softmax": [(who, Answer(4, 4, verdict(share), code)) for who in ("ada", "ben")]}
        return remarks.same_code(source, answers)

    assert alike(reference, 0.5) == []
    assert alike(LONG, 0.5) == [(("ada", "ben"), ["softmax"])]


def test_one_right_answer_in_common_is_no_question_and_two_are(assignment: Assignment) -> None:
    source = assignment.source
    both = {name: [(who, Answer(4, 4, verdict(), LONG)) for who in ("ada", "ben")] for name in ("softmax", "other")}
    assert remarks.same_code(source, {"softmax": both["softmax"]}) == []
    assert remarks.same_code(source, both) == [(("ada", "ben"), ["softmax", "other"])]


def test_the_table_sorts_by_numbers_and_saves_plain_values(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path], page: Callable[[], Page], gradebook: None
) -> None:
    hand_in("ada", {"softmax": verdict(0.5), "torch_loss": verdict()})
    shown = page()
    assert shown.rows[1] == ["ada", "3.5", "2", "1", "−1", "4.5", ""]
    values = [fields["data-value"] for tag, fields in shown.tags if tag in ("td", "th") and "data-value" in fields]
    assert values[:7] == ["ada", "3.5", "2", "1", "1", "4.5", ""]


def test_advice_without_slips_falls_back_on_what_stopped_the_class() -> None:
    submissions = [Submission(f"s{i}", {"softmax": Answer(0, 4, EMPTY if i < 3 else verdict(0.0))}) for i in range(4)]
    said = advice([tally("softmax", 4, submissions)])
    assert [(point.count, point.slips) for point in said] == [(3, ()), (1, ())]
    named = Submission("t", {"softmax": Answer(0, 4, verdict(0.0, slips=(slip("a"),)))})
    said = advice([tally("softmax", 4, [*submissions, named])])
    assert said[0].slips[0][1].slip.id == "a"


def test_the_same_results_give_the_same_page(
    course: Course, assignment: Assignment, hand_in: Callable[..., Path]
) -> None:
    for index in range(3):
        hand_in(f"s{index}", {"softmax": verdict(0.5, slips=(slip(),)), "torch_loss": CRASHED})
    one = class_report(course, assignment, course.work / "one.html")
    two = class_report(course, assignment, course.work / "two.html")
    assert one.read_bytes() == two.read_bytes()


def test_the_course_in_this_repository_has_solutions_the_report_can_read() -> None:
    for assignment in Course(ROOT).assignments():
        assert assignment.source.exercises


def test_the_paragraph_that_most_students_need_comes_first() -> None:
    """Whichever exercise it belongs to, and though its slips are each rare."""

    def wrong(exercise: str, id: str, heading: str) -> Answer:
        return Answer(0, 4, verdict(0.0, exercise, slips=(slip(id, see=Place(heading.lower(), "02", heading)),)))

    submissions = [
        Submission("ada", {"one": wrong("one", "a", "Rare"), "two": wrong("two", "b", "Common")}),
        Submission("ben", {"one": wrong("one", "a", "Rare"), "two": wrong("two", "c", "Common")}),
        Submission("cleo", {"two": wrong("two", "d", "Common")}),
    ]
    said = advice([tally(name, 4, submissions) for name in ("one", "two")])
    assert [(str(point.about), point.count) for point in said] == [
        ("notebook 02, “Common”", 3),
        ("notebook 02, “Rare”", 2),
    ]
