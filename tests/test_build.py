"""What is generated is fresh, stable and holds no secret; a build that fails changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from shared import COURSE, ROOT, exercise_called, graded_exercises
from test_grading import copy_course

from autograder.course import Course, CourseError
from autograder.judging.judge import Judge
from autograder.nbgrader_hooks import release
from autograder.source import build, bundle, leaks
from autograder.source.edition import edition
from autograder.source.notebook import Heading, Source, regions
from autograder.source.waiting import GOES_ON
from gradus.checking.client import answer_judge

ALL = COURSE.assignments()
SOFTMAX = COURSE.assignment("02")
SECRETS = leaks.secrets(assignment.source for assignment in ALL)
SOURCES = {name: assignment.source for assignment in ALL for name in assignment.source.exercises}


def test_what_is_committed_is_what_a_build_makes(course: Course) -> None:
    assert build.stale(course, ALL) == []


def test_two_builds_are_alike_to_the_byte(tmp_path: Path, course: Course) -> None:
    def made(folder: Path) -> dict[str, bytes]:
        folder.mkdir()
        build.make(course, SOFTMAX, folder)
        return {
            str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.suffix in (".ipynb", ".json")
        }

    assert made(tmp_path / "one") == made(tmp_path / "two")


def test_a_cell_put_in_elsewhere_leaves_ids_alone(tmp_path: Path) -> None:
    ids = [cell["id"] for cell in build.source_notebook(SOFTMAX.source).cells]
    assert len(set(ids)) == len(ids)
    text = SOFTMAX.solution.read_text(encoding="utf-8")
    assert text.count('# %% solution="log_softmax"') == 1
    more = text.replace('# %% solution="log_softmax"', '# %%\nprint("more")\n\n# %% solution="log_softmax"')
    after = [cell["id"] for cell in build.source_notebook(written(tmp_path, more, SOFTMAX.solution.name)).cells]
    assert len(after) == len(ids) + 1
    assert len(set(ids) - set(after)) == 0


def test_a_stale_notebook_is_found(tmp_path: Path) -> None:
    copy = copy_course(tmp_path)
    assert build.stale(copy, copy.assignments()) == []
    notebook = copy.notebooks / SOFTMAX.name / f"{SOFTMAX.name}.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("softmax", "softmix", 1), encoding="utf-8")
    cases = copy.public_cases / f"{SOFTMAX.topic}.json"
    cases.write_text(cases.read_text(encoding="utf-8").replace("ordinary", "extraordinary", 1), encoding="utf-8")
    (copy.notebooks / "Start.md").write_text("# Gradus\n", encoding="utf-8")
    assert len(build.stale(copy, copy.assignments())) == 3


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
    solution = copy.assignment("02").solution
    text = solution.read_text(encoding="utf-8")
    assert old in text
    solution.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CourseError):
        build.build(copy, copy.assignments())
    before.pop(solution)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != solution}
    assert after == before


# what a text notebook says

TEXT = """\
# %% [markdown]
# # 02 · Scores
#
# ## Why {#why}
#
# ```python
# ## no heading
# ```

# %% role="setup"
import numpy as np

# %% [markdown]
# ### Exercise 1: softmax {#exercise-softmax}

# %% solution="softmax"
def softmax(scores):
    \"\"\"Probabilities.\"\"\"
    ### BEGIN SOLUTION
    return np.exp(scores)
    ### END SOLUTION

# %% check="softmax" points=5
check(softmax)

# %% role="given"
limit = 3

# %% tags=["demo"]
demos.outlier()

# %% [markdown] answer="claims" points=2.5
# ### Question 1 {#claims}
#
# ### BEGIN SOLUTION
# ## An answer
# ### END SOLUTION

# %% [markdown] mark_scheme="claims"
# === BEGIN MARK SCHEME ===
# ## One point
# === END MARK SCHEME ===
"""


def written(folder: Path, text: str, name: str = "02_scores.py") -> Source:
    """The text notebook with a text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Source.read(path)


def test_a_source_says_what_its_cells_are_for(tmp_path: Path) -> None:
    source = written(tmp_path, TEXT)
    assert (source.name, source.number, source.topic, source.title) == ("02_scores", "02", "scores", "02 · Scores")
    assert list(source.headings.values()) == [
        Heading("why", "Why", 2),
        Heading("exercise-softmax", "Exercise 1: softmax", 3),
        Heading("claims", "Question 1", 3),
    ]
    assert (source.exercises, source.provided) == ({"softmax": 5.0}, "import numpy as np\nlimit = 3")
    assert source.solutions["softmax"].startswith("def softmax(scores):")
    assert source.solutions["softmax"].endswith("### END SOLUTION")
    assert "An answer" in source.written["claims"]
    assert "One point" in source.mark_schemes["claims"]
    assert [cell.points for cell in source.cells if cell.points] == [5.0, 2.5]
    assert [(cell.index, cell.line) for cell in source.cells if cell.tags == ("demo",)] == [(6, 29)]
    assert [regions(cell) for cell in source.cells if cell.kind == "answer"] == [["\n## An answer\n"]]


def test_a_check_may_name_its_exercise(tmp_path: Path) -> None:
    source = written(tmp_path, TEXT.replace("check(softmax)", 'check(mine, "softmax")'))
    assert list(source.exercises) == ["softmax"]


def test_the_same_text_is_read_once_and_a_changed_one_anew(tmp_path: Path) -> None:
    first = written(tmp_path, TEXT)
    assert written(tmp_path, TEXT) is first
    assert written(tmp_path, TEXT.replace("exp", "exp2")).answer("softmax")(3) == 8
    assert first.answer("softmax")(0) == 1
    assert COURSE.assignments()[0] is COURSE.assignment(COURSE.assignments()[0].name)


WRONG = {
    "an unknown mark": ('check="softmax" points', 'test="softmax" points', "cell 4 .*unknown mark 'test'"),
    "a mark without quotes": ('check="softmax" points', "check=softmax points", "cell 4 .*cannot be read.*in quotes"),
    "an unknown role": ('role="given"', 'role="helper"', "cell 5 .*unknown role 'helper'"),
    "two marks": ('solution="softmax"', 'solution="softmax" role="given"', "cell 3 .*one mark"),
    "no points": (" points=5", "", r'cell 4 \(check="softmax", line 23\): say how much'),
    "points that are no number": ("points=5", 'points="five"', "cell 4 .*points='five' is not a number"),
    "points of nothing": ("points=5", "points=0", "cell 4 .*points=0 is not a number above 0"),
    "points of a solution": ('solution="softmax"', 'solution="softmax" points=3', "cell 3 .*only cells marked"),
    "a name that is none": ('answer="claims"', 'answer="the claims"', "cell 7 .*is no name"),
    "the same solution twice": (
        '# %% role="given"',
        '# %% solution="softmax"\n### BEGIN SOLUTION\n### END SOLUTION\n# %% role="given"',
        r"cell 5 .*cell 3 \(solution=\"softmax\", line 16\) has the same mark",
    ),
    "a begin without an end": ("    ### END SOLUTION\n", "", "cell 3 .*have to follow each other in pairs"),
    "an end before its begin": (
        "    ### BEGIN SOLUTION\n",
        "    ### END SOLUTION\n    ### BEGIN SOLUTION\n",
        "cell 3 .*have to follow each other in pairs",
    ),
    "a solution without marks": (
        "    ### BEGIN SOLUTION\n    return np.exp(scores)\n    ### END SOLUTION\n",
        "    return np.exp(scores)\n",
        "cell 3 .*say what students must not receive",
    ),
    "a solution in a cell for everybody": (
        "limit = 3",
        "### BEGIN SOLUTION\nlimit = 3\n### END SOLUTION",
        "cell 5 .*students would read it",
    ),
    "a solution without a check": (
        '# %% check="softmax" points=5\ncheck(softmax)\n',
        "",
        'cell 3 .*no cell is marked check="softmax"',
    ),
    "a check without a solution": ('check="softmax"', 'check="sofmax"', 'no cell is marked (check|solution)="sof'),
    "a heading without an id": ("## Why {#why}", "## Why", "cell 0 .*'## Why' has no id"),
    "an id twice": ("{#exercise-softmax}", "{#why}", "cell 2 .*second heading has the id 'why'"),
    "an id with capitals": ("{#why}", "{#Why}", "cell 0 .*the id 'Why'"),
    "an answer without its mark scheme": (
        'mark_scheme="claims"',
        'mark_scheme="claim"',
        'cell 7 .*no cell is marked mark_scheme="claims". Nearest: claim. Add the cell that says how it is marked',
    ),
    "a mark scheme for nobody": (
        '# %% [markdown] mark_scheme="claims"',
        '# %% [markdown] mark_scheme="claims"\n# === BEGIN MARK SCHEME ===\n# === END MARK SCHEME ===\n\n'
        '# %% [markdown] mark_scheme="more"',
        "cell 9 .*There is no such question",
    ),
    "a check of nothing": ("check(softmax)", "pass", r"cell 4 .*does not call check\(softmax\)\. Write that line"),
    "a check that is no program": ("check(softmax)", "check(softmax", r"cell 4 .*does not call check\(softmax\)"),
    "a check of something else": ("check(softmax)", "check(limit)", r"cell 4 .*does not call check\(softmax\)"),
    "another number in the title": ("# # 02 ·", "# # 03 ·", "cell 0 .*the title says 03, the file 02"),
    "an answer in a cell of code": ("# %% [markdown] answer", "# %% answer", "cell 7 .*has to be a markdown cell"),
    "a mark that jupytext stumbles over": ('role="given"', "role=given c={ tags=[1]", "is no text notebook"),
    "a raw cell": ("# %% [markdown]\n# # 02", "# %% [raw]\n# # 02", "cell 0 .*raw cells have no place"),
    "a tag that is no list": ('tags=["demo"]', 'tags="demo"', "is no text notebook: 'demo' is not of type 'array'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_in_a_text_notebook_is_named_with_file_and_cell(tmp_path: Path, what: str) -> None:
    old, new, says = WRONG[what]
    assert TEXT.count(old) == 1
    with pytest.raises(CourseError, match=rf"^02_scores\.py.* {says}"):
        written(tmp_path, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("np.exp(scores)", "np.exp(scores", r'cell 3 \(solution="softmax", line 16\): .*SyntaxError in its line 4'),
        ("limit = 3", "limit = 3\nlimit / 0", r"cell 5 .*ZeroDivisionError in its line 2, 'limit / 0'"),
        ("def softmax", "def sofmax", "cell 3 .*it defines no softmax"),
    ],
)
def test_a_reference_that_does_not_run_is_named_with_cell_and_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    source = written(tmp_path, TEXT.replace(old, new))
    with pytest.raises(CourseError, match=says):
        source.answer("softmax")


@pytest.mark.parametrize("name", ["02_scores.py", "03_softmax_cross_entropy.py"])
def test_two_notebooks_do_not_share_a_number_or_a_topic(tmp_path: Path, name: str) -> None:
    for each in (SOFTMAX.solution.name, name):
        (tmp_path / "solutions").mkdir(exist_ok=True)
        (tmp_path / "solutions" / each).touch()
    with pytest.raises(CourseError, match=rf"(?=.*02_softmax_cross_entropy\.py)(?=.*{name}).*Rename one"):
        Course(tmp_path).assignments()


def test_an_exercise_that_a_notebook_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"02_scores\.py has no exercise 'sigmoid'"):
        written(tmp_path, TEXT).answer("sigmoid")


def test_every_course_is_judged_and_built_by_its_own_reference(tmp_path: Path) -> None:
    copied = copy_course(tmp_path)
    solution = copied.assignment("02").solution
    text = solution.read_text(encoding="utf-8")
    right = "return exponentials / exponentials.sum(axis=-1, keepdims=True)\n    ### END SOLUTION\n"
    assert text.count(right) == 1
    twice = "\n\nonce = softmax\n\n\ndef softmax(scores):\n    return 2 * once(scores)\n"
    solution.write_text(text.replace(right, right + twice), encoding="utf-8")
    doubled = Course(copied.root)
    answers = {course: course.answer(exercise_called("softmax")) for course in (COURSE, doubled)}
    assert answers[COURSE](np.zeros(2)).tolist() == [0.5, 0.5]
    assert answers[doubled](np.zeros(2)).tolist() == [1.0, 1.0]
    for course in (COURSE, doubled):
        for owner, answer in answers.items():
            with Judge(course, b"key") as judge:
                judge.open("softmax")
                assert answer_judge(judge.address, lambda name, answer=answer: answer)
                assert judge.verdict("softmax").passed == (owner is course)
    assert build.public_cases(doubled, doubled.assignment("02").source) != build.public_cases(COURSE, SOFTMAX.source)
    assert "gradus/public_cases/softmax_cross_entropy.json" in build.stale(doubled, doubled.assignments())


# what a released notebook says about itself


@pytest.fixture
def released() -> NotebookNode:
    return nbformat.read(COURSE.notebooks / SOFTMAX.name / f"{SOFTMAX.name}.ipynb", 4)


def test_roles_survive_the_release_and_ids_of_headings_do_not(released: NotebookNode) -> None:
    source = SOFTMAX.source
    for cell, said in zip(released.cells, [cell for cell in source.cells if cell.kind != "broken"], strict=True):
        role = said.kind if said.kind in ("setup", "given", "solution", "check") else None
        assert cell.metadata.get("gradus") == ({"role": role} if role else None)
        assert tuple(tag for tag in cell.metadata.get("tags", ()) if tag != GOES_ON) == said.tags
        assert "{#" not in cell.source
    lines = {line for cell in released.cells for line in cell.source.splitlines()}
    assert {f"{'#' * heading.level} {heading.title}" for heading in source.headings.values()} <= lines
    assert len(source.headings) > 20


def test_a_released_notebook_names_its_edition(released: NotebookNode) -> None:
    assert released.metadata["gradus"] == {"assignment": SOFTMAX.name, "edition": edition(released)}


def test_formgrader_releases_the_same_edition(tmp_path: Path) -> None:
    course = copy_course(tmp_path)
    build.build(course, course.assignments())
    path = course.notebooks / SOFTMAX.name / f"{SOFTMAX.name}.ipynb"
    released = nbformat.read(path, 4)
    shutil.rmtree(course.notebooks)
    assert release.generate(release.configuration(course), SOFTMAX.name)["success"]
    again = nbformat.read(path, 4)
    assert (again.cells, again.metadata["gradus"]) == (released.cells, released.metadata["gradus"])


@pytest.mark.parametrize("part", ["source", "id", "cell_type", "points", "grade_id", "order"])
def test_whatever_is_released_makes_the_edition(released: NotebookNode, part: str) -> None:
    before = edition(released)
    cell = next(cell for cell in released.cells if cell.metadata.get("gradus", {}).get("role") == "check")
    if part == "order":
        released.cells[:2] = released.cells[1::-1]
    elif part in ("points", "grade_id"):
        cell.metadata.nbgrader[part] *= 2
    else:
        cell[part] = {"source": "check(other)", "id": "another", "cell_type": "raw"}[part]
    assert edition(released) != before


def test_what_a_student_runs_and_saves_leaves_the_edition_alone(released: NotebookNode) -> None:
    before = edition(released)
    cell = next(cell for cell in released.cells if cell.cell_type == "code")
    cell.execution_count, cell.outputs = 3, [nbformat.v4.new_output("stream", text="5")]
    cell.metadata["tags"] = ["mine"]
    released.metadata["widgets"], released.metadata["gradus"] = {}, {"edition": "forged"}
    assert edition(released) == before


# secrets


def test_students_receive_no_secret() -> None:
    assert leaks.find(dict(leaks.student_texts(ROOT)), SECRETS) == []


@pytest.mark.parametrize("name", graded_exercises())
def test_every_solution_has_lines_that_would_give_it_away(name: str) -> None:
    cell = next(cell for cell in SOURCES[name].cells if (cell.kind, cell.name) == ("solution", name))
    parts = [lines for what, lines in SECRETS.items() if what.startswith(f"the solution of {name} (")]
    says = f"no part of the solution of {name} has {leaks.TELLING} characters: a leak of it would not be seen"
    assert any(parts) or len("".join("".join(regions(cell)).split())) < leaks.TELLING, says


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("a = b\nreturn probabilities.round(12)\n", ["returnprobabilities.round(12)"]),
        ("self.beta = beta\nself.v, self.t = 0.0, 0\n", ["self.beta=betaself.v,self.t=0.0,0"]),
        ("return x + 1\n", []),
    ],
)
def test_short_lines_give_a_solution_away_together(tmp_path: Path, text: str, telling: list[str]) -> None:
    old = "return np.exp(scores)"
    assert TEXT.count(old) == 1
    source = written(tmp_path, TEXT.replace(old, text))
    cell = next(cell for cell in source.cells if cell.kind == "solution")
    assert [leaks.telling(region) for region in regions(cell)] == [telling]


def test_every_planted_secret_is_found_in_a_module_and_in_a_notebook() -> None:
    planted, expected = {}, set()
    for number, (what, lines) in enumerate((what, lines) for what, lines in SECRETS.items() if lines):
        cell = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(lines))])
        for path, text in (
            (f"gradus/{number}.py", "def helper():\n    " + "\n    ".join(lines)),
            (f"notebooks/{number}.ipynb", nbformat.writes(cell)),
        ):
            planted[path] = text
            expected.add(f"{path} holds {what}")
    assert len(expected) > 1000
    assert expected <= set(leaks.find(planted, SECRETS))


SECRET = {"it": ["probabilities=exponentials/total", "returnprobabilities.round(12)"]}


@pytest.mark.parametrize("before", range(30))
def test_a_secret_is_found_wherever_it_stands_and_however_it_is_broken(before: int) -> None:
    one = "x" * before + "probabilities = (\n exponentials / total)".replace("(", "").replace(")", "")
    assert leaks.find({"a.py": one + "; return probabilities\n\t.round(12)  # so"}, SECRET) == ["a.py holds it"]
    assert leaks.find({"a.py": one}, SECRET) == []
    assert leaks.find({"a.py": one, "b.py": "return probabilities.round(12)"}, SECRET) == []


def test_looking_for_secrets_finds_what_looking_for_each_in_each_finds() -> None:
    rng = np.random.default_rng(0)
    texts = {f"{n}.py": "".join(rng.choice(list("ab \n"), size=4000)) for n in range(5)}
    squeezed = {path: "".join(text.split()) for path, text in texts.items()}
    lines = []
    for text in squeezed.values():
        starts = rng.integers(0, len(text) - 60, size=20)
        lines += [text[start : start + size] for start, size in zip(starts, rng.integers(25, 60, size=20), strict=True)]
    lines += ["".join(rng.choice(list("ab"), size=25)) for _ in range(100)]
    expected = {f"{path} holds {line}" for line in lines for path, text in squeezed.items() if line in text}
    assert set(leaks.find(texts, {line: [line] for line in lines})) == expected
    assert len(expected) >= 100


def test_a_broken_notebook_among_the_texts_is_named() -> None:
    with pytest.raises(CourseError, match=r"notebooks/a\.ipynb is not a notebook"):
        leaks.find({"notebooks/a.ipynb": "{"}, {})


def test_a_build_and_a_bundle_look_for_leaks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course, calls = copy_course(tmp_path), []
    (course.solutions / "97_reading.py").write_text("# %% [markdown]\n# # 97 · Reading\n", encoding="utf-8")
    course = Course(course.root)
    find = leaks.find
    monkeypatch.setattr(leaks, "find", lambda texts, secrets: calls.append(len(secrets)) or find(texts, secrets))
    assert len(build.build(course, course.assignments())) == 9
    assert len(calls) == 1
    bundle.leaks(course, dict(bundle.contents(Course(ROOT))))
    assert len(calls) == 2


@pytest.mark.parametrize("text", ["### BEGIN SOLUTION", "=== BEGIN MARK SCHEME ===", "import autograder"])
def test_words_of_the_instructors_side_are_found(text: str) -> None:
    assert leaks.find({"gradus/x.py": text}, {})


def test_saved_outputs_are_found() -> None:
    output = nbformat.v4.new_output("stream", text="5")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("5", outputs=[output])])
    assert leaks.find({"notebooks/a.ipynb": nbformat.writes(notebook)}, {})


# the bundle


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle.bundle(Course(ROOT), tmp_path_factory.mktemp("bundle") / "gradus.zip")


@pytest.fixture(scope="module")
def unpacked(zipped: Path) -> Path:
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(zipped.parent)
    return zipped.parent / "gradus"


def packed(target: Path) -> Path:
    return bundle.pack(Course(ROOT), dict(bundle.contents(Course(ROOT))), target)


def test_the_bundle_is_reproducible(zipped: Path, tmp_path: Path) -> None:
    assert packed(tmp_path / "again.zip").read_bytes() == zipped.read_bytes()


def dates(archive: Path) -> set[tuple[int, ...]]:
    with zipfile.ZipFile(archive) as opened:
        return {entry.date_time for entry in opened.infolist()}


def test_files_of_the_bundle_are_as_old_as_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    (date,) = dates(packed(tmp_path / "one.zip"))
    assert date > (2025,)
    monkeypatch.setenv("PATH", "")  # a course without git: as old as its newest file
    (date,) = dates(packed(tmp_path / "two.zip"))
    assert date > (2025,)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert dates(packed(tmp_path / "three.zip")) == {(2023, 11, 14, 22, 13, 20)}


def test_what_somebody_did_in_the_course_stays_out_of_the_bundle(tmp_path: Path) -> None:
    for name in (".gradus/02.json", "handin/02.ipynb", "02/.ipynb_checkpoints/02.ipynb", "02/02.ipynb"):
        (tmp_path / "notebooks" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "notebooks" / name).write_text("{}", encoding="utf-8")
    assert [name for name, _ in leaks.student_files(tmp_path)] == ["notebooks/02/02.ipynb"]


def test_the_bundle_holds_what_a_student_needs_and_nothing_else(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir()}
    assert top == {
        *("gradus", "notebooks", "data", "README.md", "Makefile", "requirements.txt", "pyproject.toml"),
        *("LICENSE", "LICENSE-TEXT", "course.py", "environment.yml"),
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
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True, env=env
    )
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
