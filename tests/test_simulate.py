"""The simulated class: reproducible, self-contained, and really what it says was planted."""

from __future__ import annotations

import builtins
import dis
import json
import shutil
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import Any

import nbformat
import numpy as np
import pytest
from shared import COURSE, exercise_called, graded_exercises, judge, reference, solution

from autograder.classroom import attempts
from autograder.classroom.simulate import CRASH, EMPTY, RIGHT, Simulated, names, simulate
from autograder.course import Assignment, Course, CourseError
from autograder.grading import collect
from autograder.judging import catalogue, diagnosis
from gradus.checking.exercises import GATE
from gradus.checking.naming import name_slips
from gradus.checking.running import Outcome, run

SEED = 6


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return COURSE.assignment("02")


@pytest.fixture(scope="module")
def class_of_30(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Simulated]]:
    out = tmp_path_factory.mktemp("submitted")
    return out, simulate(COURSE, assignment, 30, SEED, out)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def provided(assignment: Assignment) -> str:
    """The code that every notebook of an assignment starts with."""
    return assignment.source.provided


def by_id(path: Path) -> dict[str, str]:
    cells = nbformat.read(path, 4).cells
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in cells if "nbgrader" in cell.metadata}


def outcomes(name: str, code: str, namespace: dict[str, Any]) -> list[Outcome] | str:
    """What the answer in a cell does with the public cases; the name of the error if the cell itself fails."""
    room = dict(namespace)
    room.pop(name, None)
    try:
        exec(compile(code, f"<{name}>", "exec"), room)
        answer = room[name]
    except (SyntaxError, NameError, KeyError) as error:
        return type(error).__name__
    return [run(exercise_called(name), answer, case) for case in catalogue.public(name)]


@pytest.fixture(scope="module")
def namespace(assignment: Assignment) -> dict[str, Any]:
    given: dict[str, Any] = {}
    exec(provided(assignment), given)
    return given


def expected(name: str) -> list[Outcome]:
    exercise = exercise_called(name)
    return [run(exercise, reference(name), case) for case in catalogue.public(name)]


def test_the_same_seed_gives_the_same_bytes(assignment: Assignment, tmp_path: Path) -> None:
    simulate(COURSE, assignment, 6, 11, tmp_path / "one")
    simulate(COURSE, assignment, 6, 11, tmp_path / "two")
    simulate(COURSE, assignment, 6, 12, tmp_path / "three")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert files(tmp_path / "one") != files(tmp_path / "three")


def test_a_student_does_not_depend_on_the_size_of_the_class(assignment: Assignment, tmp_path: Path) -> None:
    small = simulate(COURSE, assignment, 3, 11, tmp_path / "small")
    large = simulate(COURSE, assignment, 8, 11, tmp_path / "large")
    assert [one.student for one in small] == [one.student for one in large[:3]]
    assert [one.path.read_bytes() for one in small] == [one.path.read_bytes() for one in large[:3]]


@pytest.mark.parametrize("seed", [0, 1, 2026])
def test_three_thousand_students_have_different_names(seed: int) -> None:
    assert len(set(names(3000, seed))) == 3000


def test_more_students_than_names_still_differ() -> None:
    assert len(set(names(30_000, 4))) == 30_000


def test_the_folder_is_the_one_that_nbgrader_collects(
    assignment: Assignment, class_of_30: tuple[Path, list[Simulated]]
) -> None:
    out, students = class_of_30
    assert {path.name for path in out.iterdir() if path.is_dir()} == {one.student for one in students}
    for one in students:
        assert one.path == out / one.student / assignment.name / f"{assignment.name}.ipynb"
        assert {path.name for path in one.path.parent.iterdir()} == {one.path.name}
        nbformat.validate(nbformat.read(one.path, 4))


def test_a_class_is_taken_in_without_a_remark(
    assignment: Assignment, class_of_30: tuple[Path, list[Simulated]], tmp_path: Path
) -> None:
    for folder in ("solutions", "notebooks"):
        shutil.copytree(COURSE.root / folder, tmp_path / folder)
    taken = collect.collect(Course(tmp_path), assignment, class_of_30[0])
    assert [(one.problem, one.remarks) for one in taken] == [("", [])] * 30


def test_the_record_of_what_was_planted_says_what_was_returned(
    assignment: Assignment, class_of_30: tuple[Path, list[Simulated]]
) -> None:
    out, students = class_of_30
    record = json.loads((out / f"{assignment.name}.planted.json").read_text(encoding="utf-8"))
    assert record["seed"] == SEED
    assert {one["student"]: one["planted"] for one in record["students"]} == {
        one.student: one.planted for one in students
    }


def test_what_is_planted_is_what_the_answer_does(
    class_of_30: tuple[Path, list[Simulated]], namespace: dict[str, Any]
) -> None:
    """Right answers pass, slips are diagnosed by their names, and nothing else comes near."""
    _, students = class_of_30
    right = {name: expected(name) for name in students[0].planted}
    slips = {name: diagnosis.candidates(COURSE, exercise_called(name), catalogue.public(name)) for name in right}
    for one in students:
        cells = by_id(one.path)
        for name, planted in one.planted.items():
            cases = catalogue.public(name)
            got = outcomes(name, cells[name], namespace)
            where = f"{one.student}, {name}, {planted}:\n{cells[name]}"
            if isinstance(got, str):
                assert planted.startswith(CRASH), where
                continue
            exercise = exercise_called(name)
            judged = judge(exercise, cases, right[name], got)
            findings = judged.findings
            if planted == RIGHT:
                assert all(finding.passed for finding in findings), where
            elif planted == EMPTY and exercise.repairs:
                assert not all(finding.passed for finding in findings if finding.case.group == GATE), where
            elif planted == EMPTY:
                assert {finding.kind for finding in findings} == {"unwritten"}, where
            elif planted.startswith(CRASH):
                assert not any(finding.passed for finding in findings), where
            else:
                assert [found.slip.id for found in name_slips(judged, slips[name])] == [planted], where


def test_everything_that_happens_in_a_class_happens_here(class_of_30: tuple[Path, list[Simulated]]) -> None:
    _, students = class_of_30
    planted = Counter(kind.partition(":")[0] for one in students for kind in one.planted.values())
    assert planted[RIGHT] > 0.35 * planted.total()
    assert planted[EMPTY] > 0
    assert planted["crash"] > 0
    assert len(planted.keys() - {RIGHT, EMPTY, "crash"}) > 10
    assert {quality for one in students for quality in one.written.values()} == {"good", "short", "vague", "untouched"}
    assert {edit for one in students for edit in one.edits} > {"added a cell", "deleted a cell", "edited a given cell"}
    assert any(one.copied_from for one in students)


def test_the_able_do_better(class_of_30: tuple[Path, list[Simulated]]) -> None:
    _, students = class_of_30
    own = [one for one in students if not one.copied_from]
    right = [sum(kind == RIGHT for kind in one.planted.values()) for one in own]
    assert np.corrcoef([one.ability for one in own], right)[0, 1] > 0.5


def test_whoever_copies_hands_in_the_same_answers(class_of_30: tuple[Path, list[Simulated]]) -> None:
    _, students = class_of_30
    known = {one.student: one for one in students}
    for one in students:
        if one.copied_from:
            source = known[one.copied_from]
            assert one.planted == source.planted
            assert {name: by_id(one.path)[name] for name in one.planted} == {
                name: by_id(source.path)[name] for name in one.planted
            }


def test_a_class_simulated_again_replaces_the_earlier_one_and_nothing_else(
    assignment: Assignment, tmp_path: Path
) -> None:
    foreign = tmp_path / "a_real_student" / assignment.name / f"{assignment.name}.ipynb"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("{}", encoding="utf-8")
    simulate(COURSE, assignment, 5, 1, tmp_path)
    second = simulate(COURSE, assignment, 2, 2, tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {
        "a_real_student",
        *(one.student for one in second),
    }


def test_endless_loops_only_on_request(assignment: Assignment, tmp_path: Path) -> None:
    def kinds(**options: bool) -> set[str]:
        made = simulate(COURSE, assignment, 40, 3, tmp_path / str(options), **options)
        return {kind for one in made for kind in one.planted.values()}

    assert f"{CRASH}endless loop" not in kinds()
    assert f"{CRASH}endless loop" in kinds(endless_loops=True)


def test_without_a_student_edition_it_says_what_to_do(assignment: Assignment, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="autograder build"):
        simulate(Course(tmp_path), assignment, 3, 1, tmp_path / "out")


@pytest.mark.parametrize(("students", "seed"), [(0, 1), (-4, 1), (3, -1)])
def test_senseless_numbers_are_refused(assignment: Assignment, tmp_path: Path, students: int, seed: int) -> None:
    with pytest.raises(CourseError, match="at least one student"):
        simulate(COURSE, assignment, students, seed, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", graded_exercises())
def test_every_slip_stands_on_its_own_in_a_cell(name: str) -> None:
    """Whatever it uses comes along, or is there already: no name is left over."""
    room: dict[str, Any] = {}
    exec(provided(COURSE.of_topic(exercise_called(name).topic)), room)
    for slip in catalogue.slips(name):
        code, local = slip.cell(solution(name)[0]), dict(room)
        exec(code, local)
        assert callable(local[name])
        missing = _names_outside(compile(code, "<cell>", "exec")) - local.keys() - vars(builtins).keys()
        assert not missing, f"{slip.id} leaves {missing}"
        assert "SOLUTION" not in code
        assert '"""' not in code


def _names_outside(code: CodeType) -> set[str]:
    """Global names that code reads, attributes left out."""
    reads = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    class_level = {"__name__", "__module__", "__qualname__"}
    return reads.union(*map(_names_outside, inner)) - class_level


CLASS = '''
class Layer:
    """Keeps its input."""
    def __init__(self, size):
        self.weights = np.ones(size)
    def forward(self, x):
        total = sum(value * weight for value, weight in zip(x, self.weights))
        def scaled(total, by=2):
            return f"{total * by}"
        self.kept = x
        return total, scaled(total + 1)
'''


def test_own_words_change_names_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    texts = set()
    for _ in range(20):
        code = attempts.in_own_words(CLASS, rng)
        room: dict[str, Any] = {"np": np}
        exec(code, room)
        assert room["Layer"](3).forward([1, 2, 4]) == (7.0, "16.0")
        texts.add(code)
    assert len(texts) > 3


@pytest.mark.parametrize("kind", attempts.ACCIDENTS)
def test_accidents_happen_to_classes_too(kind: str) -> None:
    room: dict[str, Any] = {"np": np}
    with pytest.raises((SyntaxError, KeyError, TypeError, NameError, RecursionError, ValueError, IndexError)):  # noqa: PT012
        exec(attempts.accident(kind, CLASS, "Layer"), room)
        room["Layer"](3).forward([1, 2, 4])


def test_a_written_answer_stands_in_the_place_of_the_model_answer() -> None:
    cell = "Why?\n\n### BEGIN SOLUTION\nBecause it is so. And more.\n### END SOLUTION"
    assert attempts.model_answer(cell) == "Because it is so. And more."
    assert attempts.written(cell, "No \\1 idea.") == "Why?\n\nNo \\1 idea."


def test_nothing_of_the_marks_is_handed_in(class_of_30: tuple[Path, list[Simulated]]) -> None:
    for one in class_of_30[1]:
        text = one.path.read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in text
        assert "MARK SCHEME" not in text
