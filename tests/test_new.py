"""What ``autograder new`` writes works once it is filled in, and whatever an author forgets is named with a remedy."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from shared import ROOT, exercise_called
from test_exercises import everywhere

import autograder.topics
import gradus.exercises
from autograder.cli import main
from autograder.course import Course
from autograder.judging import catalogue, diagnosis
from autograder.judging import slips as known_slips
from autograder.source import new
from autograder.source.writing import extended
from gradus.checking import arguments, exercises
from gradus.checking.scoring import share

HOMES = {package: list(package.__path__) for package in (gradus.exercises, autograder.topics)}
OURS = ("gradus.exercises.", "autograder.topics.")
TABLES = [
    *((exercises, "_EXERCISES"), (catalogue, "_public"), (catalogue, "_hidden")),
    *((known_slips, name) for name in ("_slips", "_ways", "_resolutions")),
]


@contextmanager
def packages_in(root: Path) -> Iterator[Course]:
    """An empty course, whose exercises and topics are the only ones for as long as the block lasts."""
    for folder in ("solutions", "gradus/exercises", "autograder/topics", "tests/variants"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    before = set(sys.modules)
    exercises.all_exercises()  # whatever the course has is loaded, and put aside
    with pytest.MonkeyPatch.context() as patch:
        for package in HOMES:
            patch.setattr(package, "__path__", [str(root / package.__name__.replace(".", "/"))])
        for module, name in TABLES:
            patch.setattr(module, name, {})
        patch.setattr(arguments, "_FAMILIES", {"rng": arguments.find_family("rng")})
        patch.chdir(root)
        yield Course(root)
    for name in [name for name in sys.modules if name.startswith(OURS) and name not in before]:
        del sys.modules[name]
    catalogue._failure.cache_clear()


@pytest.fixture
def course(tmp_path: Path) -> Iterator[Course]:
    with packages_in(tmp_path / "course") as made:
        yield made


def call(*words: str) -> Result:
    """A command, which may fail with a sentence and never with a traceback."""
    done = CliRunner().invoke(main, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def said(done: Result) -> str:
    """What a command that was refused said, in one line."""
    assert done.exit_code == 2, done.output
    return " ".join(done.stderr.split())


def begun(course: Course, exercises: dict[str, tuple[str, ...]], name: str = "95_of_test_new") -> dict[str, Path]:
    """A notebook with exercises of these kinds, nothing filled in; its files by what they are for."""
    assert call("new", name, "Optimizers").exit_code == 0
    for exercise, kinds in exercises.items():
        options = [word for kind in kinds for word in ("--kind", kind)]
        assert call("new-exercise", exercise, "--in", name, *options).exit_code == 0
    return new.files(course, name)


def fill(files: dict[str, Path]) -> None:
    """What is least to be done: take the marks away, and write two more variants."""
    for path in files.values():
        text = re.sub(
            r'    "by hand": (\w+),\n.*\n', r'    "by hand": \1,\n    "b": \1,\n    "c": \1,\n', path.read_text()
        )
        path.write_text(re.sub(rf"{re.escape(new.TODO)} ?", "", text), encoding="utf-8")


# what is written works

KINDS = {
    "pure_one": ("pure",),
    "StateOne": ("state",),
    "random_one": ("random",),
    "refusal_one": ("refusal",),
    "function_one": ("function",),
    "served_one": ("served",),
    "torch_one": ("torch",),
    "StateRefusalFunction": ("state", "refusal", "function"),
    "StateRandomServed": ("state", "random", "served"),
    "random_refusal_torch": ("random", "refusal", "torch"),
    "Everything": ("state", "random", "refusal", "served", "torch"),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A notebook with an exercise of every kind, filled in."""
    with packages_in(tmp_path_factory.mktemp("finished") / "course") as course:
        files = begun(course, KINDS, "96_of_test_new_kinds")
        fill(files)
        done = call("build", "96")
        assert done.exit_code == 0, done.output
        yield Course(course.root)


def test_a_build_names_every_place_that_is_not_filled_in(course: Course) -> None:
    files = begun(course, {"centred": ("pure",), "Flip": ("state", "random")})
    says = said(call("build", "95"))
    places = new.unfilled(course, Course(course.root).assignment("95"))
    assert f"{len(places)} in all" in says
    assert {place.path for place in places} == set(files.values()) - {files["topic"]}
    for place in places:
        assert f"{place.path.relative_to(course.root)}:{place.line}: {' '.join(place.says.split())}" in says
    assert not (course.root / "notebooks").exists()
    assert call("build", "95", "--draft").exit_code == 0


@pytest.mark.parametrize("name", KINDS)
def test_an_exercise_of_each_kind_works_as_it_is_written(finished: Course, name: str) -> None:
    exercise = exercise_called(name)
    for report in everywhere(finished, name, finished.answer(exercise)):
        assert report.passed, str(report)
    for slip in catalogue.slips(name):
        for report in everywhere(finished, name, diagnosis.answer(finished, slip)):
            assert [found.slip.id for found in report.slips] == [slip.id], str(report)
    room: dict[str, object] = {}
    exec((finished.root / "tests" / "variants" / "of_test_new_kinds.py").read_text(), room)
    for report in everywhere(finished, name, room["VARIANTS"][name]["by hand"]):  # type: ignore[index]
        assert share(report) == 1.0, str(report)


def test_what_is_written_keeps_to_the_style_of_the_house(finished: Course) -> None:
    shutil.copy(ROOT / "pyproject.toml", finished.root)
    (finished.root / ".gitignore").write_text("course\nnotebooks\n")
    for words in (["check"], ["format", "--check"]):
        ours = "lint.isort.known-first-party = ['gradus', 'autograder']"
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--config", ours, "gradus", "autograder", "tests"],
            cwd=finished.root,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_an_exercise_goes_to_the_end_of_the_section_that_is_named(course: Course) -> None:
    begun(course, {"centred": ("pure",), "other": ("pure",)})
    words = ("--in", "95", "--section", "centred", "--points", "4", "--minutes", "15")
    assert call("new-exercise", "scaled", *words).exit_code == 0
    files = new.files(course, "95_of_test_new")
    text = files["solutions"].read_text()
    assert "*Core* · 15 minutes · 4 points." in text
    assert "| Scaled | `scaled` | 15 | 4 |\n# | Questions |" in text
    source = Course(course.root).assignment("95").source
    headings = list(source.headings)
    assert headings[1:6] == ["centred", "exercise-centred", "exercise-scaled", "other", "exercise-other"]
    assert source.exercises == {"centred": 3, "scaled": 4, "other": 3}
    fill(files)
    done = call("build", "95")
    assert done.exit_code == 0, done.output
    assert {slip.see for slip in catalogue.slips("scaled")} == {"centred"}


def test_a_notebook_has_its_ids_and_its_exercises_before_the_experiment(finished: Course) -> None:
    source = finished.assignment("96").source
    headings = list(source.headings)
    assert headings[0] == "why"
    assert headings[-7:] == [
        *("exercise-everything", "experiment", "questions", "question-1", "spot-the-error", "summary", "read-on")
    ]
    assert list(source.exercises) == list(KINDS)


def test_nothing_that_an_author_wrote_is_moved_or_changed(course: Course) -> None:
    files = begun(course, {"centred": ("pure",)})
    fill(files)
    for part in ("solutions", "exercises", "cases", "slips", "variants"):
        files[part].write_text(files[part].read_text() + "\n# an author's last word\n", encoding="utf-8")
    before = {part: path.read_text().splitlines() for part, path in files.items()}
    assert call("new-exercise", "Flip", "--in", "95", "--kind", "random", "--kind", "state").exit_code == 0
    for part, path in files.items():
        after = iter(path.read_text().splitlines())
        lines = [line for line in before[part] if not line.startswith(("from ", "import "))]
        assert all(line in after for line in lines), part


# what is refused


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("new", "optimizers", "A"), "Write two digits and a topic in lower case"),
        (("new", "07_Opti", "A"), "Write two digits and a topic in lower case"),
        (("new", "07_class", "A"), "Write two digits and a topic in lower case"),
        (("new", "95_other", "A"), "solutions/95_of_test_new.py has that number, 95. Choose another."),
        (("new", "96_of_test_new", "A"), "solutions/95_of_test_new.py has that topic, of_test_new. Choose another."),
        (("new", "96_other", " "), "A notebook needs a title"),
        (("new", "96_half", "A"), "There is gradus/exercises/half.py already, and nothing was written."),
        (("new-exercise", "centred", "--in", "95"), "solutions/95_of_test_new.py has an exercise centred already"),
        (("new-exercise", "two words", "--in", "95"), "'two words' cannot be the name of a function"),
        (("new-exercise", "lambda", "--in", "95"), "cannot be the name of a function"),
        (("new-exercise", "np", "--in", "95"), "cannot be the name of a function"),
        (("new-exercise", "other", "--in", "95", "--section", "centre"), "no section 'centre' that an exercise can go"),
        (("new-exercise", "other", "--in", "95", "--section", "read-on"), "no section 'read-on' that an exercise can"),
        (("new-exercise", "other", "--in", "99"), "There is no assignment '99'. The assignments are: 95_of_test_new."),
        (("new-exercise", "loose", "--in", "95"), "gradus/exercises/of_test_new.py, line 18: loose is there already"),
        (("new-exercise", "taken", "--in", "95"), "gradus/exercises/other.py has an exercise taken already"),
        (("new-exercise", "f", "--in", "95", "--kind", "served", "--kind", "function"), "made beside the answer"),
    ],
)
def test_a_command_that_cannot_be_followed_says_why_and_writes_nothing(
    course: Course, words: tuple[str, ...], says: str
) -> None:
    files = begun(course, {"centred": ("pure",)})
    (course.root / "gradus" / "exercises" / "half.py").write_text("")
    files["exercises"].write_text(files["exercises"].read_text() + '\n\n@exercise("loose")\ndef a():\n    ...\n')
    (course.root / "gradus" / "exercises" / "other.py").write_text('@exercise("taken")\ndef a():\n    ...\n')
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}
    assert says in said(call(*words))
    assert {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("part", "old", "new_text", "says"),
    [
        ("solutions", "## Questions {#questions}", "## Questions {#asked}", "no heading with the id {#questions}"),
        ("solutions", "### END SOLUTION", "### THE END", "have to follow each other in pairs"),
        (
            "solutions",
            "# ## Questions",
            "# And now:\n#\n# ## Questions",
            "does not begin its cell. Put the line # %% [markdown]",
        ),
        ("cases", "yield Case(", "yield Case((", "autograder/topics/of_test_new/cases.py, line"),
        ("slips", None, None, "autograder/topics/of_test_new/slips.py is missing: the slips belong there."),
        ("variants", None, None, "tests/variants/of_test_new.py is missing"),
        ("exercises", "def ", "def", "Finish that first."),
    ],
)
def test_nothing_is_added_to_a_file_that_is_half_written(
    course: Course, part: str, old: str | None, new_text: str, says: str
) -> None:
    files = begun(course, {"centred": ("pure",)})
    solutions = files["solutions"].read_text()
    start, end = (solutions.index(f"# %% [markdown]\n# ## {word}") for word in ("Experiment", "Questions"))
    files["solutions"].write_text(solutions[:start] + solutions[end:])
    if old is None:
        files[part].unlink()
    else:
        text = files[part].read_text()
        assert old in text
        files[part].write_text(text.replace(old, new_text, 1))
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}
    assert says in said(call("new-exercise", "other", "--in", "95"))
    assert {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()} == before


def test_elsewhere_nothing_is_written(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradus.exercises, "__path__", HOMES[gradus.exercises])
    says = said(call("new", "95_of_test_new", "Optimizers"))
    assert f"{ROOT}, and this course is {course.root}. Go there first." in says


# every step forgotten once


@dataclass(frozen=True)
class Forgotten:
    """A step that an author forgets: the text that is taken away, and what a build says about it."""

    step: str
    part: str
    old: str
    new: str
    says: tuple[str, ...]


NOTEBOOK, CASES, DRIVES, SLIPS = (
    "95_of_test_new.py",
    "autograder/topics/of_test_new/cases.py",
    "gradus/exercises/of_test_new.py",
    "autograder/topics/of_test_new/slips.py",
)
STEPS = [
    Forgotten("drive", "exercises", '@exercise("centred")\n', "", (DRIVES, 'under @exercise("centred")')),
    Forgotten(
        "drive's name", "exercises", '@exercise("centred")', '@exercise("centered")', (DRIVES, "Correct the name")
    ),
    Forgotten("public cases", "cases", '@public_cases("centred")\n', "", (CASES, '@public_cases("centred")')),
    Forgotten("hidden cases", "cases", '@hidden_cases("centred")\n', "", (CASES, '@hidden_cases("centred")')),
    Forgotten(
        "name of the cases",
        "cases",
        '@hidden_cases("centred")',
        '@hidden_cases("centre")',
        (f"{CASES}, line", "there is no exercise 'centre'. Nearest: centred. Correct the name"),
    ),
    Forgotten("cases", "cases", "", "", (f"{CASES} is missing. Bring it back",)),
    Forgotten("slips", "slips", "", "", (f"{SLIPS} is missing. Bring it back",)),
    Forgotten("__init__.py", "topic", "", "", ("topics/of_test_new/__init__.py is missing", "Write one line into it")),
    Forgotten("drives", "exercises", "", "", (DRIVES, "write the drive there")),
    Forgotten(
        "group's words", "cases", '    "one_row": "one row",\n', "", (CASES, "say what 'one_row' means in GROUPS")
    ),
    Forgotten(
        "ordinary case",
        "cases",
        'Case("ordinary", "5 rows"',
        'Case("one_row", "5 rows"',
        (CASES, "'ordinary'", "Add one"),
    ),
    Forgotten(
        "check",
        "solutions",
        '# %% check="centred" points=3\ncheck(centred)\n',
        "",
        ("95_of_test_new.py, cell", "Add the cell that checks it, with its points"),
    ),
    Forgotten(
        "solution",
        "solutions",
        '# %% solution="centred"',
        "# %%",
        ("95_of_test_new.py, cell", "has no meaning here. Mark the cell"),
    ),
    Forgotten(
        "notebook before",
        "solutions",
        "builds_on: []",
        "builds_on: [95_other]",
        ("95_of_test_new.py builds on '95_other'. Its name is '95_of_test_new'",),
    ),
    Forgotten(
        "solution marks",
        "solutions",
        "    ### BEGIN SOLUTION\n    deviations = x - x.mean(axis=0)\n    return deviations\n    ### END SOLUTION\n",
        "    return x - x.mean(axis=0)\n",
        ("95_of_test_new.py, cell", "put '### BEGIN SOLUTION' before it"),
    ),
    Forgotten(
        "end of the solution",
        "solutions",
        "    ### END SOLUTION\n",
        "",
        ("95_of_test_new.py, cell", "have to follow each other in pairs"),
    ),
    Forgotten(
        "points",
        "solutions",
        '# %% check="centred" points=3',
        '# %% check="centred"',
        ("95_of_test_new.py, cell", "points=4"),
    ),
    Forgotten(
        "id of a heading", "solutions", " {#centred}", "", ("95_of_test_new.py, cell", "Add one that never changes")
    ),
    Forgotten(
        "name in the answer",
        "solutions",
        "def centred(",
        "def centered(",
        ("95_of_test_new.py, cell", "Give the function or class that name"),
    ),
    Forgotten(
        "paragraph of a slip",
        "slips",
        'slips("centred", see="centred")',
        'slips("centred", see="centres")',
        (SLIPS, "no heading with the id {#centres}", "There are: why, centred"),
    ),
    Forgotten(
        "every slip",
        "slips",
        'slip = slips("centred", see="centred")',
        'slip = slips("Running", see="running")\nslip = lambda *_, **__: None',
        (SLIPS, "no slip of centred is known", "Write at least one"),
    ),
    Forgotten(
        "old text of a slip",
        "slips",
        '("x.mean(axis=0)", "x.mean()")',
        '("x.mean(axis=1)", "x.mean()")',
        (SLIPS, "does not occur. The nearest text is 'deviations = x - x.mean(axis=0)'"),
    ),
    Forgotten(
        "edit of a slip",
        "slips",
        '    replace=("x.mean(axis=0)", "x.mean()"),\n',
        "",
        (f"{SLIPS}, line", "say what to replace, or give the code"),
    ),
    Forgotten("syntax of a slip", "slips", '"x.mean()"', '"x.mean("', (SLIPS, "makes no program")),
    Forgotten(
        "slip that runs",
        "slips",
        'replace=("x.mean(axis=0)", "x.mean()")',
        'code="def centred(x=nothing): return x"',
        (SLIPS, "does not run: NameError", "Correct it"),
    ),
    Forgotten(
        "resolution",
        "slips",
        'resolution("flip",',
        'str(("flip",), *[""][:0]) and dict(',
        (SLIPS, "say with resolution('flip', says=..., replace=...)"),
    ),
    Forgotten(
        "old text of the resolution",
        "slips",
        '("< keep", "< keep + 0.1")',
        '("<keep", "<keep + 0.1")',
        (SLIPS, "slip 'resolution' of flip", "does not occur"),
    ),
    Forgotten(
        "false_reject",
        "exercises",
        ", false_reject=FLIP_FALSE_REJECT)\ndef drive_flip",
        ")\ndef drive_flip",
        (DRIVES, "flip", "false_reject=1e-06 or less"),
    ),
    Forgotten("measure", "exercises", ", measure=measure_flip, ", ", ", (DRIVES, "flip", "needs measure=...")),
    Forgotten(
        "generator",
        "cases",
        '"rng": generator(rng)',
        '"rng": 0',
        (CASES, "flip", "has no generator: give it one, rng(seed)"),
    ),
    Forgotten(
        "second call",
        "cases",
        'Case("same_seed", "60 rows each", inputs(60, 50), instances=2)',
        'Case("same_seed", "60 rows each", inputs(60, 50))',
        (CASES, "flip", "no case has instances=2, so that draws"),
    ),
    Forgotten("second object", "cases", ", instances=2", "", (CASES, "Running", "no case has instances=2")),
    Forgotten(
        "yield",
        "exercises",
        '        yield {"y": made.step(x)}',
        '        return {"y": made.step(x)}',
        (DRIVES, "Running", "the drive of a class with state is a generator that yields"),
    ),
    Forgotten(
        "dict of outputs",
        "exercises",
        'return {"y": answer(x)}',
        "return answer(x)",
        (DRIVES, "centred", "gives a dict of outputs, not a ndarray", "Correct how it reads the case"),
    ),
    Forgotten(
        "outputs",
        "exercises",
        'return {"y": answer(x)}',
        "answer(x)",
        (DRIVES, "centred", "gives a dict of outputs, not a NoneType"),
    ),
    Forgotten(
        "input of a case",
        "cases",
        '            "x": rng.normal(1, 2, size=shape),\n        }\n\n    yield Case("ordinary", "5 rows"',
        '            "z": rng.normal(1, 2, size=shape),\n        }\n\n    yield Case("ordinary", "5 rows"',
        (DRIVES, "centred", "KeyError: 'x' (the case has z)", "Correct how it reads the case"),
    ),
    Forgotten(
        "argument",
        "exercises",
        '{"y": answer(x)}',
        '{"y": answer(x, x)}',
        (DRIVES, "takes 1 positional argument but 2 were given", "Correct how it reads"),
    ),
    Forgotten(
        "output that measure reads",
        "exercises",
        'outputs["kept"]',
        'outputs["keep"]',
        (DRIVES, "flip: measure fails", "KeyError: 'keep'", "Correct it"),
    ),
    Forgotten(
        "refusal",
        "solutions",
        "    if x.ndim != 2:\n",
        "    if x.ndim > 5:\n",
        (CASES, "strict", "but the reference raises nothing of the kind"),
    ),
    Forgotten(
        "kind of a refusal",
        "exercises",
        '@exercise("strict", kinds=REFUSAL)',
        '@exercise("strict")',
        (DRIVES, "strict", "declare kinds=REFUSAL"),
    ),
    Forgotten(
        "group among the public cases",
        "cases",
        '@public_cases("centred")\n@hidden_cases("centred")\n',
        '@hidden_cases("centred")\ndef hidden(rng):\n    yield from centred_cases(rng)\n'
        '    yield Case("refused", "more", {"x": rng.normal(size=(2, 3))})\n\n\n@public_cases("centred")\n',
        (CASES, "public_cases of centred: no case is of the group 'refused'", "Add one"),
    ),
    Forgotten(
        "syntax of the cases",
        "cases",
        "yield Case(",
        "yield Case((",
        (f"{CASES}, line", "SyntaxError", "Correct it there"),
    ),
    Forgotten(
        "syntax of the drives",
        "exercises",
        "def drive_centred(",
        "def drive_centred((",
        (f"{DRIVES}, line", "SyntaxError", "Correct it there"),
    ),
    Forgotten(
        "import of the drives",
        "exercises",
        "from gradus.exercises.kit import",
        "from gradus.exercises.kitt import",
        (f"{DRIVES}, line", "ModuleNotFoundError", "Correct it there"),
    ),
    Forgotten(
        "import of the cases",
        "cases",
        "import numpy as np",
        "import numpie as np",
        (f"{CASES}, line", "No module named 'numpie'", "Correct it there"),
    ),
    Forgotten(
        "import of a topic",
        "cases",
        "import numpy as np",
        "import numpy as np\nfrom autograder.topics.nowhere import x",
        (f"{CASES}, line", "No module named 'autograder.topics.nowhere'", "Correct it there"),
    ),
    Forgotten(
        "cases that run", "cases", "size=shape", "size=nothing", (f"{CASES}, line", "NameError", "Correct it there")
    ),
    Forgotten(
        "case",
        "cases",
        'yield Case("ordinary", "5 rows", inputs(5, 3))',
        'yield "ordinary", "5 rows", inputs(5, 3)',
        (CASES, "yield nothing but Case("),
    ),
    Forgotten(
        "plain inputs",
        "cases",
        '"x": rng.normal(1, 2, size=shape)',
        '"u": {1, 2}, "x": rng.normal(1, 2, size=shape)',
        (CASES, "this input cannot be sent", "made by a family"),
    ),
    Forgotten(
        "setup of the reference",
        "solutions",
        "import numpy as np",
        "import numpie as np",
        ("95_of_test_new.py, cell", "it does not run. ModuleNotFoundError"),
    ),
    Forgotten(
        "call of the check",
        "solutions",
        "\ncheck(centred)\n",
        "\npass\n",
        (NOTEBOOK, 'check="centred"', "it does not call check(centred). Write that line."),
    ),
    Forgotten(
        "check of this exercise",
        "solutions",
        "\ncheck(centred)\n",
        "\ncheck(strict)\n",
        (NOTEBOOK, "it does not call check(centred). Write that line."),
    ),
    Forgotten(
        "name of the check",
        "solutions",
        '# %% check="centred"',
        '# %% check="centrd"',
        (NOTEBOOK, 'no cell is marked check="centred". Nearest: centrd.'),
    ),
    Forgotten(
        "name of a mark scheme",
        "solutions",
        'mark_scheme="question-1"',
        'mark_scheme="question-l"',
        (NOTEBOOK, 'no cell is marked mark_scheme="question-1". Nearest: question-l.', "Add the cell"),
    ),
    Forgotten(
        "a line of the mark scheme",
        "solutions",
        "# - 1 point: the second.\n",
        "",
        (NOTEBOOK, 'answer="question-1" has points=3, and the points of the scheme sum to 2.'),
    ),
    Forgotten(
        "row of the table",
        "solutions",
        "# | Centred | `centred` | 5 | 3 |\n",
        "",
        (NOTEBOOK, "the points of the table sum to 15, those of the marks to 18."),
    ),
    Forgotten("number of the title", "solutions", "# # 95 ·", "# # 96 ·", (NOTEBOOK, "the title says 96, the file 95")),
    Forgotten(
        "role of a helper",
        "solutions",
        "    deviations = x - x.mean(axis=0)\n    return deviations\n    ### END SOLUTION\n",
        "    return helper(x)\n    ### END SOLUTION\n\n# %%\ndef helper(x):\n    return x - x.mean(axis=0)\n",
        (NOTEBOOK, "centred: the answer uses 'helper', defined in cell", 'mark that cell role="given"'),
    ),
    Forgotten(
        "import of the answer",
        "solutions",
        "    deviations = x - x.mean(axis=0)\n    return deviations\n",
        "    return x - math.fsum(x) / len(x)\n",
        (NOTEBOOK, "the answer uses 'math', which no cell marked", "define or import it in one of them"),
    ),
    Forgotten(
        "error that is right",
        "solutions",
        "    deviations = x - x.mean(axis=0)\n    return deviations\n",
        "    raise ValueError('never')\n",
        (CASES, "centred, '5 rows', '5 other rows' and 1 more: the reference raises ValueError (never)."),
    ),
    Forgotten(
        "kind of a class with state",
        "exercises",
        '@exercise("Running", kinds=STATE)',
        '@exercise("Running")',
        (DRIVES, "Running: drive_running yields after every step: say kinds=STATE, or return."),
    ),
    Forgotten(
        "exercise of a drive",
        "exercises",
        '@exercise("centred")\n',
        '@exercise("centrd")\ndef drive_nothing(answer, case): ...\n\n\n@exercise("centred")\n',
        (f"{DRIVES}, line", f"{NOTEBOOK} has no exercise 'centrd'. Nearest: centred. Correct the name"),
    ),
    Forgotten(
        "exercise of a slip",
        "slips",
        'slip = slips("centred", see="centred")',
        'slips("centrd", see="centred")\nslip = slips("centred", see="centred")',
        (f"{SLIPS}, line", "there is no exercise 'centrd'. Nearest: centred. Correct the name"),
    ),
    Forgotten(
        "exercise of a way",
        "slips",
        'slip = slips("centred", see="centred")',
        'from autograder.judging.slips import way\nway("centrd", "loops", code="")\n'
        'slip = slips("centred", see="centred")',
        (f"{SLIPS}, line", "there is no exercise 'centrd'. Nearest: centred."),
    ),
    Forgotten(
        "exercise of the resolution",
        "slips",
        'resolution("flip"',
        'resolution("flap"',
        (f"{SLIPS}, line", "there is no exercise 'flap'. Nearest: flip."),
    ),
    Forgotten(
        "exercise of the cases",
        "cases",
        '@public_cases("centred")\n',
        '@public_cases("centred")\n@public_cases("centrd")\n',
        (f"{CASES}, line", "there is no exercise 'centrd'. Nearest: centred."),
    ),
    Forgotten(
        "words of a slip",
        "slips",
        '    title="one mean for all columns",\n',
        '    title="",\n',
        (f"{SLIPS}, line", "slip 'mean_of_all' of centred has no title: students would read it"),
    ),
    Forgotten(
        "sentence of a slip",
        "slips",
        '    says="One mean is subtracted from all columns. Each column needs its own.",\n',
        "",
        (f"{SLIPS}, line", "slip(...) lacks 'says'. Add it there."),
    ),
    Forgotten(
        "paragraph of all slips",
        "slips",
        'slips("centred", see="centred")',
        'slips("centred")',
        (f"{SLIPS}, line", "slips(...) lacks 'see'. Add it there."),
    ),
    Forgotten(
        "case for a slip",
        "slips",
        '("x.mean(axis=0)", "x.mean()")',
        '("x.mean(axis=0)", "x.mean(0)")',
        (SLIPS, "slip 'mean_of_all' of centred, in the public cases: no case rejects it. Add a case that does"),
    ),
    Forgotten(
        "name that a slip uses",
        "slips",
        '("x.mean(axis=0)", "x.mean()")',
        '("x.mean(axis=0)", "mean(x)")',
        (SLIPS, "'mean_of_all'", "it only raises (NameError: name 'mean' is not defined", "so it never gets a name"),
    ),
    Forgotten(
        "what tells two slips apart",
        "slips",
        'slip = slips("centred", see="centred")\n',
        'slip = slips("centred", see="centred")\n'
        'slip("again", "another title", "Another sentence.", ("x.mean(axis=0)", "np.mean(x)"))\n',
        (SLIPS, "slip 'again' of centred", "it does what 'mean_of_all' does. Add a case in which they differ"),
    ),
    Forgotten(
        "what a law has found",
        "slips",
        'slip = slips("flip", see="flip")\n',
        'slip = slips("flip", see="flip")\n'
        'slip("halves", "halves", "Halves.", ("rng.random(deviations.shape) < keep", '
        '"np.where(rng.random(deviations.shape) < keep, 1, 0.5)"))\n',
        (SLIPS, "slip 'halves' of flip", "it only breaks a law (The flags hold something besides True and False.)"),
    ),
    Forgotten(
        "what an estimate finds",
        "slips",
        'slip = slips("centred", see="centred")\n',
        'slip = slips("centred", see="centred")\n'
        'slip("scaled", "{factor} times", "Scaled.", ("return deviations", "return {factor} * deviations + 1"),\n'
        '     parameter="factor", values=(2.0,), estimate={"by": "factor"})\n',
        (SLIPS, "slip 'scaled' of centred with factor = 2.0", "not recognised. Correct its estimate"),
    ),
    Forgotten(
        "case of a group",
        "cases",
        '    "one_row": "one row",\n',
        '    "one_row": "one row",\n    "one_raw": "uncooked",\n',
        (CASES, "no case is of the group 'one_raw' of GROUPS. Nearest: one_row. Take it away"),
    ),
    Forgotten(
        "name of a case",
        "cases",
        'yield Case("exact", "5 other rows"',
        'yield Case("ordinary", "5 rows", inputs(5, 3))\n    yield Case("exact", "5 other rows"',
        (CASES, "'ordinary' has two cases called '5 rows'. Give each a name of its own"),
    ),
]
FOUR = {"centred": ("pure",), "strict": ("refusal",), "Running": ("state",), "flip": ("random",)}


@pytest.mark.parametrize("forgotten", STEPS, ids=lambda one: one.step)
def test_a_forgotten_step_is_named_with_file_and_remedy(course: Course, forgotten: Forgotten) -> None:
    files = begun(course, FOUR)
    fill(files)
    path = files[forgotten.part]
    text = path.read_text()
    assert forgotten.old in text
    if forgotten.old:
        path.write_text(text.replace(forgotten.old, forgotten.new, 1), encoding="utf-8")
    else:
        path.unlink()
    says = said(call("build", "95"))
    assert all(part in says for part in forgotten.says), says
    assert not (course.root / "notebooks").exists()


def test_what_stood_before_an_error_is_not_said_to_be_there_twice(course: Course) -> None:
    files = begun(course, FOUR)
    fill(files)
    text = files["slips"].read_text()
    files["slips"].write_text(
        text + 'slip = slips("strict", see="strict")\nslip("short", "a title")\n', encoding="utf-8"
    )
    says = said(call("build", "95"))
    assert "lacks 'says'" in says
    assert "twice" not in says


def test_several_steps_are_named_at_once(course: Course) -> None:
    files = begun(course, FOUR)
    fill(files)
    for part, old in (("cases", ", instances=2"), ("cases", '@hidden_cases("centred")\n'), ("slips", "axis=0")):
        files[part].write_text(files[part].read_text().replace(old, "", 1), encoding="utf-8")
    says = said(call("build", "95"))
    assert "instances=2" in says
    assert "hidden_cases" in says
    assert "does not occur" in says


def test_a_name_that_is_not_defined_is_said_once_and_never_called_right(course: Course) -> None:
    files = begun(course, {"centred": ("pure",)})
    fill(files)
    files["solutions"].write_text(files["solutions"].read_text().replace("x.mean(axis=0)", "helper(x)"))
    files["slips"].write_text(files["slips"].read_text().replace("x.mean(axis=0)", "helper(x)"))
    says = said(call("build", "95"))
    assert says.count("helper") == 1
    assert "raises=" not in says


# imports


@pytest.mark.parametrize(
    ("text", "addition", "result"),
    [
        ('"""A."""\n', "import numpy\n\nx = 1", '"""A."""\n\nimport numpy\n\nx = 1\n'),
        ("import os\n", "import re\nimport os\n\nx = 1", "import os\nimport re\n\nx = 1\n"),
        ("from a import c\n\nx = 1\n", "from a import B, A\n\ny = 1", "from a import A, B, c\n\nx = 1\n\n\ny = 1\n"),
        (
            "from a import (\n    c,  # why\n)\n",
            "from a import b\n\ny = 1",
            "from a import (\n    c,  # why\n)\nfrom a import b\n\ny = 1\n",
        ),
        ("from a import b\n", "from a import b as c\n\ny = 1", "from a import b\nfrom a import b as c\n\ny = 1\n"),
        (
            "import re\n\nimport numpy\n",
            "from typing import Any\n\ny = 1",
            "import re\nfrom typing import Any\n\nimport numpy\n\ny = 1\n",
        ),
        ("import numpy\n", "import re\n\ny = 1", "import re\n\nimport numpy\n\ny = 1\n"),
    ],
)
def test_imports_are_merged(text: str, addition: str, result: str) -> None:
    assert extended(text, addition) == result
    ast.parse(result)


def test_the_examples_hold_no_numbers_that_could_be_seen(finished: Course) -> None:
    for name in KINDS:
        one, other = (catalogue.hidden(name, np.random.default_rng(seed)) for seed in (0, 1))
        assert repr(one) != repr(other)
