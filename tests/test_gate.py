"""The gate: whatever is handed in, honest ones beside it keep their scores, and a sentence says what is wrong."""

from __future__ import annotations

import atexit
import gc
import json
import logging
import operator
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import determine_grade
from rooms import NAME, SKETCH, answers, copy_course, ledger, own_code, put, sketch, submission

import autograder
from autograder.classroom import results
from autograder.classroom.class_report import class_report
from autograder.classroom.remarks import _canonical, uses_torch
from autograder.cli import main
from autograder.course import Course, CourseError
from autograder.grading import batch, gate
from autograder.grading.collect import collect, parse, take, taken
from autograder.grading.execution import Limits, _Client, check_of, is_test, run_judged
from autograder.grading.pool import side_by_side
from autograder.judging.edition import released
from autograder.judging.judge import Judge, Verdict
from autograder.nbgrader_hooks import gradebook as recording
from autograder.nbgrader_hooks import release
from gradus.checking import Report

RIGHT = {"softmax": answers()["softmax"]}


@dataclass(frozen=True)
class Hostile:
    """Something that was handed in: how it is laid down, and what is said about it.

    ``lay`` gets the folder of submissions and the student's id. A submission that can be graded all the same is
    ``graded``, with a remark.
    """

    lay: Callable[[Path, str], Any]
    says: str
    graded: bool = False
    student: str = ""


def right() -> dict[str, Any]:
    """A submission with one right answer, as a tree."""
    return json.loads(nbformat.writes(submission(RIGHT)))


def changed(**fields: Any) -> Callable[[Path, str], Path]:
    """A submission whose notebook has other fields."""
    return lambda folder, student: put(folder, student, json.dumps({**right(), **fields}))


def with_cell(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path, str], Path]:
    """A submission with a change in the cell of the answer."""

    def lay(folder: Path, student: str) -> Path:
        tree = right()
        change(
            next(cell for cell in tree["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "softmax")
        )
        return put(folder, student, json.dumps(tree))

    return lay


def beside(make: Callable[[Path], Any], name: str = "helper.py") -> Callable[[Path, str], Any]:
    """A submission with something beside its notebook."""
    return lambda folder, student: make(put(folder, student, submission(RIGHT)).with_name(name))


def instead(make: Callable[[Path], Any]) -> Callable[[Path, str], Any]:
    """A submission with something in the place of its notebook."""

    def lay(folder: Path, student: str) -> None:
        path = folder / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        make(path)

    return lay


def link(*way: str) -> Callable[[Path], None]:
    """A link to what lies beside the folder of submissions."""
    return lambda path: path.symlink_to(next(parent for parent in path.parents if parent.name == "in").joinpath(*way))


def bind(path: Path) -> None:
    """A socket; its address may be no longer than 107 bytes."""
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


def sparse(path: Path) -> None:
    """A file of 1 GiB that takes no place."""
    path.touch()
    os.truncate(path, 2**30)


def folder_link(folder: Path, student: str) -> None:
    """The student's folder is somebody else's."""
    (folder / student).symlink_to(folder / "ada")


def assignment_link(folder: Path, student: str) -> None:
    """The assignment's folder is somebody else's."""
    (folder / student).mkdir()
    (folder / student / NAME).symlink_to(folder / "ada" / NAME)


def deep(levels: int) -> Any:
    """Lists in lists."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def list_as_id(cell: dict[str, Any]) -> None:
    """Make the grade id a list."""
    cell["metadata"]["nbgrader"]["grade_id"] = ["softmax"]


DIES = own_code(submission(RIGHT), "'[/x] \x1b[31m'\nimport os\nos._exit(0)", position=3)
TERMS = f"{RIGHT['softmax']}\ntotal = {' + '.join(['1.0'] * 900)}\n"
HOSTILE = {
    "linked_notebook": Hostile(instead(link("ada", NAME, f"{NAME}.ipynb")), "is a link, and links are not followed"),
    "linked_folder": Hostile(folder_link, "is a link, and links are not followed"),
    "linked_assignment": Hostile(assignment_link, "is a link, and links are not followed"),
    "link_to_solutions": Hostile(beside(link("..", "course", "solutions", f"{NAME}.py")), "helper.py is a link"),
    "link_to_the_secret": Hostile(beside(link("..", "course", "course", "secret")), "helper.py is a link"),
    "linked_library": Hostile(beside(link("..", "course", "solutions"), "lib"), "lib is a link"),
    "linked_time": Hostile(beside(link("ada", NAME, "time"), "timestamp.txt"), "timestamp.txt is a link"),
    "dangling_notebook": Hostile(instead(link("nowhere")), "is a link"),
    "dangling_beside": Hostile(beside(link("nowhere")), "is a link"),
    "dangling_folder": Hostile(lambda folder, student: (folder / student).symlink_to("nowhere"), "is a link"),
    "loop_beside": Hostile(beside(lambda path: path.symlink_to(path.name)), "is a link"),
    "loop_of_folders": Hostile(beside(lambda path: path.symlink_to("."), "again"), "is a link"),
    "loop_notebook": Hostile(instead(lambda path: path.symlink_to(path.name)), "is a link"),
    "pipe": Hostile(instead(os.mkfifo), "is a named pipe"),
    "pipe_beside": Hostile(beside(os.mkfifo), "is a named pipe"),
    "pipe_as_time": Hostile(beside(os.mkfifo, "timestamp.txt"), "is a named pipe"),
    "socket": Hostile(instead(bind), "is a socket"),
    "socket_beside": Hostile(beside(bind), "is a socket"),
    "folder_notebook": Hostile(instead(Path.mkdir), "is a folder, not a notebook"),
    "other_folder_notebook": Hostile(beside(Path.mkdir, "x.ipynb"), "x.ipynb is a folder, not a notebook"),
    "file_as_assignment": Hostile(
        lambda folder, student: ((folder / student).mkdir(), (folder / student / NAME).touch()),
        "is a file, not a folder",
    ),
    "sparse": Hostile(instead(sparse), "is too large to be read (1,073,741,824 bytes; at most 50 MiB)"),
    "sparse_beside": Hostile(beside(sparse), "at most 200 files and 50 MiB"),
    "sparse_draft": Hostile(beside(sparse, "draft.ipynb"), "draft.ipynb, was left aside", graded=True),
    "many_folders": Hostile(
        beside(lambda path: [path.with_name(f"{n}").mkdir() for n in range(1001)]), "at most 200 files and 50 MiB"
    ),
    "deep_folders": Hostile(
        beside(lambda path: path.parent.joinpath(*"d" * 25).mkdir(parents=True)), "more than 20 deep in each other"
    ),
    "odd_file": Hostile(beside(Path.touch, "a\x1b[2Jb.txt"), "'a\\x1b[2Jb.txt'"),
    "two_lines": Hostile(beside(Path.touch, "a\u2028b.txt"), "'a\\u2028b.txt', which cannot be used"),
    "backslash": Hostile(beside(Path.touch, "a\\b.txt"), "which cannot be used"),
    "no_text_as_name": Hostile(beside(Path.touch, os.fsdecode(b"a\xffb.txt")), "which cannot be used"),
    "surrogate": Hostile(
        with_cell(lambda cell: cell["source"].append("\n# half \ud800")), "were replaced by question marks", graded=True
    ),
    "surrogate_as_id": Hostile(with_cell(lambda cell: cell.update(id="a\udfff")), "question marks", graded=True),
    "grade_id_list": Hostile(with_cell(list_as_id), "the grade_id of its cell 2 is no text"),
    "deep_metadata": Hostile(changed(metadata={"x": deep(550)}), "lie more than 64 deep in each other"),
    "deep_cell": Hostile(with_cell(lambda cell: cell["metadata"].update(x=deep(550))), "more than 64 deep"),
    "very_deep": Hostile(lambda folder, student: put(folder, student, "[" * 10**5), "is not a notebook"),
    "format_1": Hostile(changed(nbformat=1), "has the notebook format 1; 3 and 4 can be read"),
    "format_true": Hostile(changed(nbformat=True), "has the notebook format true"),
    "format_4.0": Hostile(changed(nbformat=4.0), "has the notebook format 4.0"),
    "format_huge": Hostile(changed(nbformat=10**400), "has the notebook format 1000"),
    "format_too_huge": Hostile(
        lambda folder, student: put(folder, student, '{"nbformat": ' + "1" * 5000 + "}"), "is not a notebook"
    ),
    "many_values": Hostile(
        lambda folder, student: put(folder, student, "[" + "1," * 500_001 + "1]"), "holds more values than any"
    ),
    "many_cells": Hostile(changed(cells=[{}] * 5001), "holds more cells than any notebook (at most 5,000)"),
    "many_outputs": Hostile(
        with_cell(lambda cell: cell.update(outputs=[{}] * 10_001)), "holds more outputs than any notebook"
    ),
    "many_old_cells": Hostile(
        changed(nbformat=3, worksheets=[{"cells": [{}] * 3000}] * 2), "holds more cells than any notebook"
    ),
    "odd_tags": Hostile(
        with_cell(lambda cell: cell["metadata"].update(tags=[*range(10**5), *map(str, range(10**5)), []])),
        "is a damaged notebook",
    ),
    "many_terms": Hostile(
        lambda folder, student: put(folder, student, submission({"softmax": TERMS})), "", graded=True
    ),
    "old_time": Hostile(
        beside(lambda path: path.write_text("1999-01-01 00:00:00 UTC"), "timestamp.txt"),
        "a timestamp.txt that says 1999-01-01 00:00:00 UTC was left aside",
        graded=True,
    ),
    "no_time": Hostile(beside(lambda path: path.write_text("soon"), "timestamp.txt"), "holds no time", graded=True),
    "binary_time": Hostile(
        beside(lambda path: path.write_bytes(b"\xff\0"), "timestamp.txt"), "holds no time", graded=True
    ),
    "sparse_time": Hostile(beside(sparse, "timestamp.txt"), "holds no time", graded=True),
    "markup": Hostile(lambda *where: put(*where, submission(RIGHT)), "'a[x]' is no student id", student="a[x]"),
    "markup_in_a_remark": Hostile(lambda *where: put(*where, DIES), "", graded=True),
    "bold": Hostile(lambda *where: put(*where, submission(RIGHT)), "'[bold]a' is no student id", student="[bold]a"),
    "brace": Hostile(lambda *where: put(*where, submission(RIGHT)), "'a{' is no student id", student="a{"),
    "newline": Hostile(lambda *where: put(*where, submission(RIGHT)), "'a\\nb' is no student id", student="a\nb"),
    "colours": Hostile(lambda *where: put(*where, submission(RIGHT)), "'\\x1b[31ma'", student="\x1b[31ma"),
    "backwards": Hostile(lambda *where: put(*where, submission(RIGHT)), "'a\\u202eb'", student="a\u202eb"),
    "star": Hostile(lambda *where: put(*where, submission(RIGHT)), "'*' is no student id", student="*"),
    "hidden": Hostile(lambda *where: put(*where, submission(RIGHT)), "'.a' is no student id", student=".a"),
    "no_text": Hostile(
        lambda *where: put(*where, submission(RIGHT)), "'a\\udcff' is no student id", student=os.fsdecode(b"a\xff")
    ),
    "long": Hostile(lambda *where: put(*where, submission(RIGHT)), "at most 100 characters", student="a" * 101),
}
HONEST = ("ada", "Zoë Müller-O'Neil 2")
# Some file systems hold no names that are no text.
try:
    os.fsencode(os.fsdecode(b"\xff"))
except UnicodeError:
    del HOSTILE["no_text"], HOSTILE["no_text_as_name"]


def id_of(name: str) -> str:
    """The student who hands in a hostile submission."""
    return HOSTILE[name].student or name


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course whose gradebook knows the assignment, which takes a while."""
    made = copy_course(tmp_path_factory.mktemp("ready"))
    recording.register(made, made.assignment(NAME))
    return made


@pytest.fixture
def course(ready: Course, tmp_path: Path) -> Course:
    """A course of its own, with a class of one in the folder ``in`` beside it."""
    put(tmp_path / "in", "ada", submission(answers()))
    return Course(Path(shutil.copytree(ready.root, tmp_path / "course")))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_handed_in_is_refused_or_taken_with_a_sentence(name: str, course: Course) -> None:
    hostile, folder = HOSTILE[name], course.root.parent / "in"
    hostile.lay(folder, id_of(name))
    intakes = {one.student: one for one in collect(course, course.assignment(NAME), folder)}
    assert intakes["ada"].problem == ""
    intake = intakes[id_of(name)]
    assert bool(intake.problem) != hostile.graded, intake
    said = " ".join([intake.problem, *intake.remarks])
    assert hostile.says in said
    assert said.isprintable()
    inside = course.work / "submitted" / id_of(name) / NAME
    if hostile.graded:
        assert {path.name for path in inside.rglob("*")} == {f"{NAME}.ipynb"}
    else:
        assert not inside.exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_others_lay_into_the_course_passes_the_same_gate(name: str, course: Course) -> None:
    hostile, own = HOSTILE[name], course.work / "submitted"
    hostile.lay(course.root.parent / "in", id_of(name))
    (course.root.parent / "in").rename(own)
    if hostile.graded:
        for _ in range(2):
            take(course, course.assignment(NAME), id_of(name), own, [])
        files = {path.name for path in (own / id_of(name) / NAME).rglob("*")}
        assert files == {f"{NAME}.ipynb"} | ({"timestamp.txt"} if name == "old_time" else set())
        assert len(list(course.work.glob(f"replaced/*/{id_of(name)}"))) == 1
    else:
        with pytest.raises(CourseError) as refused:
            take(course, course.assignment(NAME), id_of(name), own, [])
        assert hostile.says in str(refused.value)
        assert os.path.lexists(own / id_of(name)), "what was refused stays for the instructor to look at"


@pytest.fixture(scope="module")
def everything(ready: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two honest submissions and every hostile one, beside a course."""
    root = tmp_path_factory.mktemp("all")
    for name in HONEST:
        put(root / "in", name, submission(answers() if name == "ada" else RIGHT))
    for name, hostile in HOSTILE.items():
        hostile.lay(root / "in", id_of(name))
    shutil.copytree(ready.root, root / "course")
    return root


def recorded(course: Course) -> dict[str, float]:
    """Points in the gradebook."""
    with Gradebook(course.gradebook, "gradus") as gradebook:
        return {one.student.id: one.score for one in gradebook.assignment_submissions(NAME)}


def copies_of(secret: bytes, folder: Path) -> list[Path]:
    """Files of a folder that hold a secret."""
    found = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return [path for path in found if not path.is_symlink() and path.is_file() and secret in small(path)]


def small(path: Path) -> bytes:
    """The content of a file that is not huge."""
    return path.read_bytes() if path.stat().st_size < 2**27 else b""


def test_a_batch_with_all_of_them_ends_and_names_each(everything: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course(everything / "course")
    monkeypatch.chdir(course.root)
    words = ["grade", NAME, "--submissions", str(everything / "in"), "--json", str(everything / "out.json")]
    done = CliRunner().invoke(main, [*words, "--workers", "2"])
    assert done.exit_code == 1, done.output
    results = {result["student"]: result for result in json.loads((everything / "out.json").read_text())}
    assert results.keys() == {*HONEST, *map(id_of, HOSTILE)}
    assert results["ada"]["score"] == results["ada"]["max_score"] > 5.0
    for name in HONEST:
        assert (results[name]["problem"], results[name]["remarks"]) == ("", [])
        assert (course.work / "feedback" / name / NAME / f"{NAME}.html").is_file()
    assert results[HONEST[1]]["score"] == 5.0
    for name, hostile in HOSTILE.items():
        result = results[id_of(name)]
        assert bool(result["problem"]) != hostile.graded, result
        assert result["score"] == (5.0 if hostile.graded else 0.0)
        if hostile.says:
            assert hostile.says in done.stderr
            assert f"{gate.plain(id_of(name))}{'' if hostile.graded else ' was not graded'}: " in done.stderr
    assert recorded(course) == {name: result["score"] for name, result in results.items() if not result["problem"]}
    says = "markup_in_a_remark: the kernel died, in the cell that starts with: '[/x] \\x1b[31m'"
    assert says in done.stderr
    for line in done.output.splitlines():
        assert line.isprintable(), line
    secret = (course.work / "secret").read_bytes().strip()
    assert copies_of(secret, course.work) == [course.work / "secret"]
    assert not list((course.work / "submitted").rglob("helper.py"))
    assert class_report(course, course.assignment(NAME), everything / "report.html").is_file()


def test_nbgrader_itself_ends_and_grades_the_honest(course: Course, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    put(folder, "ada", submission(RIGHT)).with_name(".hidden").symlink_to(course.work / "secret")
    names = ("link_to_the_secret", "linked_folder", "pipe", "pipe_as_time", "folder_notebook", "no_time", "old_time")
    strange = ("newline", "colours", "markup", "star", "dangling_folder", "file_as_assignment")
    for name in (*names, *strange):
        HOSTILE[name].lay(folder, id_of(name))
    folder.rename(course.work / "submitted")
    done = subprocess.run(
        ["nbgrader", "autograde", NAME], cwd=course.root, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1
    assert "helper.py is a link, and links are not followed" in done.stderr
    for name in strange:
        assert f"{gate.plain(id_of(name))} was not graded: " in done.stderr
        assert HOSTILE[name].says in done.stderr
    assert "\x1b" not in done.stderr
    assert recorded(course) == {"ada": 5.0, "no_time": 5.0, "old_time": 5.0}
    secret = (course.work / "secret").read_bytes().strip()
    assert copies_of(secret, course.work) == [course.work / "secret"]
    api = NbGraderAPI(CourseDirectory(config=release.configuration(course)), config=release.configuration(course))
    assert str(api.get_submitted_timestamp(NAME, "old_time")) == "1999-01-01 00:00:00"
    assert api.get_submitted_timestamp(NAME, "pipe_as_time") is None


@pytest.fixture(scope="module")
def document() -> bytes:
    """The ledger of a submission with one right answer."""
    return ledger(submission(RIGHT)).to_bytes()


ONLY_ADAS = answers()["log_softmax"].splitlines()[-1].strip()
STAGES = {
    "taken in": "autograder.grading.collect.take",
    "made a job": "autograder.grading.batch.taken",
    "run": "autograder.grading.batch.grade_in",
    "recorded": "autograder.nbgrader_hooks.gradebook.record",
    "read back": "autograder.grading.batch._fill_in",
}


@pytest.mark.parametrize("stage", STAGES)
def test_what_nobody_thought_of_stops_one_submission_only(
    stage: str, course: Course, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(course.root.parent / "in", "bob", submission(RIGHT))
    monkeypatch.setattr("autograder.grading.batch.grade_in", lambda root, job: document)
    real = operator.attrgetter(STAGES[stage].removeprefix("autograder."))(autograder)

    def breaks(*given: Any) -> Any:
        if any("ada" in str(getattr(one, "student", one))[:9] or ONLY_ADAS in str(one) for one in given):
            raise ZeroDivisionError("nobody thought of\n\x1b[31m this")
        return real(*given)

    monkeypatch.setattr(STAGES[stage], breaks)
    assignment, folder = course.assignment(NAME), course.root.parent / "in"
    ada, bob = batch.grade(course, assignment, submissions=folder, workers=1, feedback=False)
    assert ada.problem == "it could not be graded (ZeroDivisionError: nobody thought of \\x1b[31m this)"
    assert (bob.problem, bob.score) == ("", 5.0)


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_ends_the_batch(
    stage: str, course: Course, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("autograder.grading.batch.grade_in", lambda root, job: document)
    monkeypatch.setattr(STAGES[stage], interrupted)
    with pytest.raises(KeyboardInterrupt):
        batch.grade(course, course.assignment(NAME), submissions=course.root.parent / "in", workers=1)


def test_an_interrupt_within_nbgrader_ends_the_batch(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    collect(course, course.assignment(NAME), course.root.parent / "in")
    monkeypatch.setattr("autograder.nbgrader_hooks.execution.JudgedExecute.preprocess", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recording.record(course, course.assignment(NAME), "ada", course.root)


def test_nbgraders_reason_is_the_one_that_is_said(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*given: Any) -> None:
        raise CourseError("the reason")

    collect(course, course.assignment(NAME), course.root.parent / "in")
    monkeypatch.setattr("autograder.nbgrader_hooks.execution.JudgedExecute.preprocess", refuses)
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # as the command line has it
    with pytest.raises(CourseError, match=r"^the reason$"):
        recording.record(course, course.assignment(NAME), "ada", course.root)


def meeting(folder: Path, own: str, other: str) -> str:
    """An expression that is True as soon as another one of its kind is worked on at the same time."""
    waits = f"next((True for _ in range(3000) if (place / {other!r}).exists() or time.sleep(0.01)), False)"
    arguments = f"__import__('pathlib').Path({str(folder)!r}), __import__('time')"
    return f"(lambda place, time: ((place / {own!r}).touch(), {waits})[1])({arguments})"


def test_a_process_that_dies_costs_its_own_call_alone_and_the_others_go_on_side_by_side(tmp_path: Path) -> None:
    dies = f"[open({str(tmp_path / 'died')!r}, 'ab', 0).write(b'x'), __import__('os')._exit(1)]"
    meets = [meeting(tmp_path, "one", "two"), meeting(tmp_path, "two", "one")]
    made = list(side_by_side(eval, ["0", dies, *meets, "4"], 2))
    assert dict(made[:-1]) == {0: 0, 2: True, 3: True, 4: 4}
    assert made[-1][0] == 1, "it is tried again, after all others"
    assert isinstance(made[-1][1], ChildProcessError)
    assert (tmp_path / "died").read_bytes() == b"xx"


def test_a_call_whose_process_was_taken_down_by_chance_is_made_again(tmp_path: Path) -> None:
    once = f"__import__('pathlib').Path({str(tmp_path / 'x')!r})"
    dies = f"{once}.exists() or ({once}.touch(), __import__('os')._exit(1))"
    assert dict(side_by_side(eval, [dies, "1"], 2)) == {0: True, 1: 1}


def test_what_kills_its_parent_kills_nobody_who_grades_and_leaves_nothing_behind() -> None:
    kills = f"""
import os, subprocess, sys
sleeps = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
with open({{place!r}}, "w") as file:
    file.write(str(sleeps.pid))
if os.getppid() == {os.getpid()}:
    raise RuntimeError
os.kill({{whom}}, 9)
__import__("time").sleep(30)
"""
    with tempfile.TemporaryDirectory() as folder:
        for whom in ("os.getppid()", "os.getpid()"):
            found = ledger(own_code(submission(RIGHT), kills.format(place=f"{folder}/pid", whom=whom), position=3))
            assert found.remarks[0].startswith("the kernel died"), found
            assert found.verdicts["check_softmax"].share == 1.0
        pid = int(Path(folder, "pid").read_text())
    for _ in range(500):
        if not running(pid):
            return
        time.sleep(0.01)
    pytest.fail("a process of the student's goes on")


def running(pid: int) -> bool:
    """Whether a process exists."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(found.strip()) and not found.startswith("Z")


def test_a_kernel_that_cannot_be_shut_down_is_not_tried_again_at_the_very_end(monkeypatch: pytest.MonkeyPatch) -> None:
    cleanup = _Client._async_cleanup_kernel

    async def fails(client: _Client) -> None:
        await cleanup(client)
        raise RuntimeError("it could not be shut down")

    monkeypatch.setattr(_Client, "_async_cleanup_kernel", fails)
    left, register, unregister = list[Any](), atexit.register, atexit.unregister
    monkeypatch.setattr(atexit, "register", lambda call, *a, **k: (left.append(call), register(call, *a, **k))[1])
    monkeypatch.setattr(atexit, "unregister", lambda call: (left.remove(call), unregister(call))[1])
    ledger(submission({}))
    assert [call for call in left if isinstance(getattr(call, "__self__", None), _Client)] == []


def test_nothing_of_a_kernel_that_broke_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    breaks = own_code(submission(RIGHT), "get_ipython().kernel.session.pack = lambda value: b'{'", position=3)
    assert "could not be run further" in ledger(breaks).remarks[0]
    ledger(own_code(submission(RIGHT), "import time\ntime.sleep(1.5)"))  # what was left behind goes on meanwhile
    gc.collect()
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_what_lies_beside_a_notebook_can_be_imported() -> None:
    helper = "import numpy as np\n\n" + RIGHT["softmax"]
    imports = submission({"softmax": "import helper\n\nsoftmax = helper.softmax"})
    for files, earned in (({"helper.py": helper.encode()}, 1), ({}, 0)):
        assert max(verdict.share for verdict in ledger(imports, files).verdicts.values()) == earned


def test_a_kernel_that_does_not_start_has_a_second_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    start, tries = _Client.async_start_new_kernel_client, list[int]()

    async def fails_at_first(client: _Client, **how: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("Kernel didn't respond in 60 seconds")
        return await start(client, **how)

    monkeypatch.setattr(_Client, "async_start_new_kernel_client", fails_at_first)
    assert 1 in [verdict.share for verdict in ledger(submission(RIGHT)).verdicts.values()]
    assert len(tries) == 2


def test_a_fault_of_the_course_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(client: Any, **how: Any) -> None:
        client.started.append(client.nb.cells[0].id)
        raise CourseError("a fault of the course")

    monkeypatch.setattr("autograder.grading.execution._Client.async_execute", broken)
    with pytest.raises(CourseError, match=r"^a fault of the course$"):
        run_judged(sketch(), submission({}), b"key", {}, Limits())


def test_after_a_run_no_answer_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(client: Any, room: str) -> str:
        client._judge.open("softmax")  # as a check cell leaves it in which the kernel died
        return ""

    def verdict(judge: Judge, name: str) -> Verdict:
        assert judge._open is None
        return Verdict(name, 0.0, Report(name))

    monkeypatch.setattr("autograder.grading.execution._Client.run", run)
    monkeypatch.setattr(Judge, "verdict", verdict)
    monkeypatch.setattr("autograder.grading.execution._verdict", lambda judge, client, cell: judge.verdict("softmax"))
    assert run_judged(sketch(), submission({}), b"key", {}, Limits()).verdicts.keys() == {
        f"check_{name}" for name in SKETCH
    }


def test_a_check_cell_is_called_one_and_anything_else_that_is_graded_is_a_test() -> None:
    fields = {"grade": True, "solution": False, "points": 1}
    called, other = (
        new_code_cell(metadata={"gradus": {"role": "check"}, "nbgrader": {**fields, "grade_id": name}})
        for name in ("check_softmax", "softmax_check")
    )
    assert (check_of(called), is_test(called)) == ("check_softmax", False)
    assert (check_of(other), is_test(other)) == ("", True)


HIDING = {
    "numpy.py": "`numpy.py`, handed in beside the notebook, hides the package numpy: rename it.",
    "torch/__init__.py": "`torch/__init__.py`, handed in beside the notebook, hides the package torch: rename it.",
    "gradus.so": "`gradus.so`, handed in beside the notebook, hides the package gradus: rename it.",
    "lib/numpy.py": "",
    "numpy/notes.txt": "",
    "numpy.txt": "",
}


@pytest.mark.parametrize("name", HIDING)
def test_a_file_that_hides_a_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.execution._Client.run", lambda client, room: "it stopped")
    found = run_judged(sketch(), submission({}), b"key", {name: b""}, Limits())
    assert found.remarks == (*filter(None, [HIDING[name]]), "it stopped")


def open_files() -> int:
    """How many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def test_no_way_to_look_or_read_leaves_a_file_open(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").write_text("x")
    (tmp_path / "a" / "linked").symlink_to("b")
    before = open_files()
    gate.look(tmp_path, "a", "b")
    gate.read(tmp_path, "a", "b", "x", most=1)
    for way in (("a",), ("a", "linked"), ("a", "nowhere"), ("a", "b", "x")):
        with pytest.raises(CourseError):
            gate.look(tmp_path, *way)
    for way in (("a", "linked"), ("a", "b"), ("a", "b", "nowhere")):
        with pytest.raises(CourseError):
            gate.read(tmp_path, *way, most=1)
    with pytest.raises(CourseError):
        gate.read(tmp_path, "a", "b", "x", most=0)
    assert open_files() == before


def test_results_are_written_before_they_are_printed(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "in", "\u0142\u0142", "")
    command = [sys.executable, "-m", "autograder", "grade", NAME, "--submissions", tmp_path / "in"]
    command += ["--students", "\u0142\u0142", "--json", tmp_path / "out.json"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command,
        cwd=course.root,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        stdout=writer,
        stderr=writer,
        check=False,
    )
    os.close(writer)
    (result,) = json.loads((tmp_path / "out.json").read_text())
    assert (result["student"], result["problem"][:10]) == ("\u0142\u0142", f"{NAME}.ipynb is not a notebook"[:10])
    assert done.returncode == 1
    seen = subprocess.run(
        command,
        cwd=course.root,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.returncode == 1
    assert "\\u0142\\u0142 was not graded: " in seen.stderr
    assert "Traceback" not in seen.stderr


def test_results_that_cannot_be_written_are_said_before_anything_runs(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    done = CliRunner().invoke(main, ["grade", NAME, "--json", "no[/x]where/out.json"])
    assert done.exit_code == 2
    assert "There is no folder" in done.stderr
    assert "no[/x]where" in done.stderr


def test_a_class_without_problems_exits_with_0(
    course: Course, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("autograder.grading.batch.grade_in", lambda root, job: document)
    words = ["grade", NAME, "--submissions", str(course.root.parent / "in"), "--no-feedback", "--workers", "1"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "student",
    [
        "ada",
        "0815",
        "ada@uni.edu",
        "Zoe\u0308",
        "M\u00fcller A",
        "\u5f20\u4f1f",
        "a_b-c+d.e'f",
        "a" * 100,
    ],
)
def test_what_people_are_called_is_a_student_id(student: str) -> None:
    gate.check_student(student)


@pytest.mark.parametrize(
    "student", ["", ".", "..", "../a", "a/b", "a,b", "a ", "a.", "-a", " a", "a?", "a\0", "\u5f20" * 80]
)
def test_what_could_be_read_as_something_else_is_no_student_id(student: str) -> None:
    with pytest.raises(CourseError, match="is no student id: it may hold"):
        gate.check_student(student)


def test_somebody_who_handed_nothing_in_is_named(course: Course) -> None:
    (intake,) = collect(course, course.assignment(NAME), course.root.parent / "in", ("nobody",))
    assert intake.problem == f"no submission of {NAME} in {course.root.parent / 'in'}"


def test_nothing_outside_the_course_is_taken_for_a_submission() -> None:
    with pytest.raises(CourseError, match=r"'\.\./ada' is no student id"):
        taken(sketch(), sketch().assignment(NAME), "../ada")


def test_what_is_hidden_does_not_stay_in_the_course(course: Course) -> None:
    collect(course, course.assignment(NAME), course.root.parent / "in")
    own = course.work / "submitted"
    (own / "ada" / NAME / ".hidden").touch()
    take(course, course.assignment(NAME), "ada", own, [])
    assert [path.name for path in (own / "ada" / NAME).iterdir()] == [f"{NAME}.ipynb"]


def test_what_is_said_has_an_end() -> None:
    assert gate.plain("x" * 1000) == "x" * 299 + "…"
    assert gate.plain("x" * 300) == "x" * 300


def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(tmp_path: Path) -> None:
    def forbidden(*given: Any) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "ada").mkdir()
    assert gate.present(tmp_path, NAME) == []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "lstat", forbidden)
        assert gate.present(tmp_path, NAME) == ["ada"]


@pytest.mark.parametrize("grown", [1, 10**6])
def test_a_file_that_grows_while_it_is_read_is_refused_and_not_read_whole(
    grown: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_bytes(b"x" * (100 + grown))
    real = os.fstat

    def before(handle: int) -> Any:
        found = list(real(handle))
        found[6] = 100
        return os.stat_result(found)

    monkeypatch.setattr(gate.os, "fstat", before)
    with pytest.raises(CourseError, match=r"notes.txt is too large to be read \(101 bytes; at most 100 bytes\)"):
        gate.read(tmp_path, "notes.txt", most=100)


@pytest.mark.parametrize("becomes", ["link", "pipe"])
def test_what_becomes_another_thing_after_it_was_looked_at_is_not_read(
    becomes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("secret")
    path = tmp_path / "notes.txt"
    path.write_text("x")
    looked = gate._demand

    def swapped(*given: Any) -> None:
        looked(*given)
        monkeypatch.setattr(gate, "_demand", looked)
        path.unlink()
        path.symlink_to("secret") if becomes == "link" else os.mkfifo(path)

    monkeypatch.setattr(gate, "_demand", swapped)
    before = open_files()
    with pytest.raises(CourseError, match=r"cannot be read|is a named pipe"):
        gate.read(tmp_path, "notes.txt", most=100)
    assert open_files() == before


def test_a_link_that_stands_in_the_course_is_not_written_through(course: Course) -> None:
    own = course.work / "submitted"
    collect(course, course.assignment(NAME), course.root.parent / "in")
    (own / "bob").symlink_to("ada")
    put(course.root.parent / "in", "bob", submission({}))
    before = (own / "ada" / NAME / f"{NAME}.ipynb").read_bytes()
    _, bob = collect(course, course.assignment(NAME), course.root.parent / "in")
    assert "course/submitted/bob is a link" in bob.problem
    assert (own / "ada" / NAME / f"{NAME}.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    "code", [TERMS, "x = " + "-" * 7000 + "1", "x = " + "(" * 300, "x = " + "1+" * 20_000 + "1", "\0"]
)
def test_code_that_no_parser_takes_stops_no_report(code: str) -> None:
    torch = f"{code}\nimport torch"
    assert uses_torch(torch)
    assert _canonical(code) == _canonical(f"{code}\n")


def test_a_ledger_that_nobody_thought_of_stops_no_report(
    course: Course, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(course.root.parent / "in", "bob", submission(RIGHT))
    monkeypatch.setattr("autograder.grading.batch.grade_in", lambda root, job: document)
    assignment = course.assignment(NAME)
    batch.grade(course, assignment, submissions=course.root.parent / "in", workers=1, feedback=False)
    real = results._answers

    def breaks(*given: Any) -> Any:
        monkeypatch.setattr(results, "_answers", real)
        raise RecursionError("too deep")

    monkeypatch.setattr(results, "_answers", breaks)
    page = class_report(course, assignment, course.root / "report.html").read_text()
    assert "RecursionError: too deep" in page


TEST = {"grade": True, "solution": False, "locked": True, "points": 4.0, "schema_version": 3, "task": False}
TESTS = {"test_right": "assert True", "test_wrong": "assert False", "test_half": "3.0"}


def with_tests(notebook: nbformat.NotebookNode, tests: dict[str, str], position: int) -> nbformat.NotebookNode:
    """A notebook with ordinary tests of nbgrader's."""
    for name, source in reversed(tests.items()):
        fields = {"nbgrader": {**TEST, "grade_id": name}}
        notebook.cells.insert(position, new_code_cell(source, metadata=fields, id=name))
    return notebook


def test_an_ordinary_test_is_graded_by_nbgraders_rule_if_it_ran_and_earns_nothing_if_not(tmp_path: Path) -> None:
    course = copy_course(tmp_path / "course")
    for place in (course.source, course.notebooks):
        path = place / NAME / f"{NAME}.ipynb"
        notebook = nbformat.read(path, 4)
        with_tests(notebook, {"test_last": "assert True"}, len(notebook.cells))
        nbformat.write(with_tests(notebook, TESTS, 1), path)
    handed = nbformat.read(course.notebooks / NAME / f"{NAME}.ipynb", 4)
    put(tmp_path / "in", "ada", handed)
    handed.cells.insert(-1, new_code_cell("import os\nos._exit(0)"))
    put(tmp_path / "in", "bob", handed)
    found = batch.grade(course, course.assignment(NAME), submissions=tmp_path / "in", workers=1, feedback=False)
    assert [result.problem for result in found] == ["", ""]
    with Gradebook(course.gradebook, "gradus") as gradebook:
        for student, last in (("ada", 4.0), ("bob", 0.0)):
            grades = {
                grade.name: grade.auto_score for grade in gradebook.find_submission_notebook(NAME, NAME, student).grades
            }
            assert {name: grades[name] for name in (*TESTS, "test_last")} == {
                "test_right": 4.0,
                "test_wrong": 0.0,
                "test_half": 3.0,
                "test_last": last,
            }


def test_what_is_wrong_with_many_values_is_found_or_left_out_at_once() -> None:
    tree, pictures = right(), {f"{number}.png": 3 for number in range(10**4)}
    text, code = (next(cell for cell in tree["cells"] if cell["cell_type"] == kind) for kind in ("markdown", "code"))
    text["attachments"], code["outputs"] = pictures, [{"output_type": "none"}] * 2000
    before = time.process_time()
    found = parse(json.dumps(tree).encode(), "x.ipynb", [])
    assert time.process_time() - before < 5  # half a second; many minutes where nbformat lists it all
    assert [cell.get("outputs", []) for cell in found.cells if cell.id == code["id"]] == [[]]
    assert not any("attachments" in cell for cell in found.cells)


def test_ids_that_are_made_up_are_no_others_and_the_same_every_time() -> None:
    tree = right()
    tree["cells"].insert(1, {**tree["cells"][0], "id": "submitted-2"})
    tree["cells"].insert(2, {**tree["cells"][0], "id": "submitted-2"})
    one, other = (parse(json.dumps(tree).encode(), "x.ipynb", []) for _ in range(2))
    assert [cell.id for cell in one.cells][:4] == [tree["cells"][0]["id"], "submitted-2", "submitted-2-", "softmax"]
    assert one == other


def test_the_time_that_many_cells_take_grows_with_their_number_and_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.execution._Client.run", lambda client, room: "")
    notebook = released(sketch(), sketch().assignment(NAME))
    notebook.cells += [new_code_cell("1", metadata={"gradus": {"role": "own"}}, id=f"n{n}") for n in range(5000)]
    before = time.process_time()
    run_judged(sketch(), notebook, b"key", {}, Limits())
    assert time.process_time() - before < 5  # a tenth of a second; 15 when every cell looks at every other one


ENDS = {
    "dies": ("display(4.0)\nimport os\nos._exit(0)", "did not run to its end: the kernel died"),
    "floods": ("for _ in range(50):\n    display('x' * 1000)\nimport sys\nprint('no', file=sys.stderr)", "was lost"),
    "hides": ("print('x' * 200_000)\nimport sys\nprint('no', file=sys.stderr)", ""),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_ordinary_test_that_did_not_end_or_was_not_heard_earns_nothing(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "floods":
        monkeypatch.setattr("autograder.grading.execution._MOST_OUTPUT", 5000)
    notebook = with_tests(released(sketch(), sketch().assignment(NAME)), {"test_x": ENDS[how][0]}, 1)
    run = run_judged(sketch(), notebook, b"key", {}, Limits())
    (cell,) = (cell for cell in notebook.cells if cell.id == "test_x")
    cell.outputs = run.outputs["test_x"]
    assert determine_grade(cell) == (0, 4.0)
    assert ENDS[how][1] in str(cell.outputs)
