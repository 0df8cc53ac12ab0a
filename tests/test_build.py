"""What is generated is fresh, stable and holds no secret; a build that fails changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from shared import ROOT, graded_exercises
from test_grading import copy_course

from autograder.course import Course, CourseError
from autograder.source import build, bundle

ALL = Course(ROOT).assignments()
SECRETS = {what: lines for assignment in ALL for what, lines in build.secrets_of(assignment).items()}


def test_what_is_committed_is_what_a_build_makes(course: Course) -> None:
    assert build.stale(course, ALL) == []


def test_two_builds_are_alike_to_the_byte(tmp_path: Path, course: Course) -> None:
    def made(folder: Path) -> dict[str, bytes]:
        folder.mkdir()
        build.make(course, ALL[0], folder)
        return {
            str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.suffix in (".ipynb", ".json")
        }

    assert made(tmp_path / "one") == made(tmp_path / "two")


def test_a_cell_put_in_elsewhere_leaves_ids_alone(course: Course) -> None:
    ids = [cell["id"] for cell in build.source_notebook(ALL[0]).cells]
    assert len(set(ids)) == len(ids)
    text = ALL[0].solution.read_text(encoding="utf-8")
    assert text.count('# %% solution="log_softmax"') == 1
    more = text.replace('# %% solution="log_softmax"', '# %%\nprint("more")\n\n# %% solution="log_softmax"')
    changed = course.root / "course" / ALL[0].solution.name
    changed.parent.mkdir(exist_ok=True)
    changed.write_text(more, encoding="utf-8")
    try:
        after = [cell["id"] for cell in build.source_notebook(type(ALL[0])(ALL[0].name, changed)).cells]
    finally:
        changed.unlink()
    assert len(set(ids) - set(after)) == 0


def test_a_stale_notebook_is_found(tmp_path: Path) -> None:
    copy = copy_course(tmp_path)
    assert build.stale(copy, copy.assignments()) == []
    notebook = next(copy.notebooks.rglob("*.ipynb"))
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("softmax", "softmix", 1), encoding="utf-8")
    cases = next(copy.public_cases.glob("*.json"))
    cases.write_text(cases.read_text(encoding="utf-8").replace("ordinary", "extraordinary", 1), encoding="utf-8")
    assert len(build.stale(copy, copy.assignments())) == 2


def test_public_cases_may_differ_in_the_last_bits_only() -> None:
    one = {"a": [1.0, {"b": float("nan")}]}
    assert build.alike(one, {"a": [1.0 + 1e-12, {"b": float("nan")}]})
    assert not build.alike(one, {"a": [1.0 + 1e-6, {"b": float("nan")}]})
    assert not build.alike(one, {"a": [1.0]})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('check="softmax" points=', 'check="sofmax" points='),
        ('check="softmax" points=5', 'check="softmax"'),
        ('solution="log_softmax"', 'solution="softmax"'),
        ("### END SOLUTION", "### THE END"),
    ],
)
def test_a_build_that_fails_changes_nothing(tmp_path: Path, old: str, new: str) -> None:
    copy = copy_course(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    solution = copy.assignments()[0].solution
    text = solution.read_text(encoding="utf-8")
    assert old in text
    solution.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CourseError):
        build.build(copy, copy.assignments())
    before.pop(solution)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != solution}
    assert after == before


# secrets


def student_texts() -> dict[str, str]:
    return dict(build._student_texts(Course(ROOT)))


def test_students_receive_no_secret() -> None:
    assert build.find_leaks(student_texts(), SECRETS) == []


def test_every_solution_and_misconception_has_lines_that_would_give_it_away() -> None:
    assert {f"the solution of {name} (0)" for name in graded_exercises()} <= SECRETS.keys()
    blank = [what for what, lines in SECRETS.items() if not lines and what.startswith("the solution")]
    assert blank == []


@pytest.mark.parametrize(
    "what", [what for what in SECRETS if what.startswith(("the solution", "the answer", "the mark"))]
)
def test_a_planted_secret_is_found(what: str) -> None:
    planted = {"gradus/notes.py": "def helper():\n    " + "\n    ".join(SECRETS[what])}
    assert any(what in leak for leak in build.find_leaks(planted, SECRETS))
    cell = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(SECRETS[what]))])
    assert build.find_leaks({"notebooks/a.ipynb": nbformat.writes(cell)}, SECRETS)


@pytest.mark.parametrize("text", ["### BEGIN SOLUTION", "=== BEGIN MARK SCHEME ===", "import autograder"])
def test_words_of_the_instructors_side_are_found(text: str) -> None:
    assert build.find_leaks({"gradus/x.py": text}, {})


def test_saved_outputs_are_found() -> None:
    output = nbformat.v4.new_output("stream", text="5")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("5", outputs=[output])])
    assert build.find_leaks({"notebooks/a.ipynb": nbformat.writes(notebook)}, {})


# the bundle


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(bundle.bundle(Course(ROOT), folder / "gradus.zip")) as archive:
        archive.extractall(folder)
    return folder / "gradus"


def test_the_bundle_is_reproducible(tmp_path: Path) -> None:
    one, two = (bundle.bundle(Course(ROOT), tmp_path / name).read_bytes() for name in ("one.zip", "two.zip"))
    assert one == two


def test_the_bundle_holds_what_a_student_needs_and_nothing_else(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir()}
    assert top == {
        *("gradus", "notebooks", "data", "README.md", "Makefile", "requirements.txt", "pyproject.toml"),
        *("LICENSE", "LICENSE-TEXT"),
    }
    pins = (unpacked / "requirements.txt").read_text(encoding="utf-8").split()
    assert "torch==2.13.0" in pins
    assert all("==" in pin for pin in pins)
    assert not any("nbgrader" in pin for pin in pins)


def test_the_bundle_runs_on_its_own(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f).lower()];"
        f"sys.path.insert(0, {str(unpacked)!r});"
        "import gradus, importlib.util as u; from gradus import check, data; print(gradus.__file__);"
        "print(u.find_spec('autograder')); print(data.digits().train.x.shape);"
        "softmax = lambda scores: scores; check(softmax)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    where, spec, shape, verdict = done.stdout.split("\n", 3)
    assert where == str(unpacked / "gradus" / "__init__.py")
    assert (spec, shape) == ("None", "(1197, 64)")
    assert "0 of" in verdict


def test_a_secret_in_the_package_stops_the_bundle(tmp_path: Path) -> None:
    files = {"gradus/x.py": "\n".join(SECRETS["the solution of softmax (0)"]).encode()}
    assert bundle.leaks(Course(ROOT), files)


def test_student_notebooks_are_what_jupyter_reads(course: Course) -> None:
    for path in course.notebooks.rglob("*.ipynb"):
        nbformat.validate(json.loads(path.read_text(encoding="utf-8")))
