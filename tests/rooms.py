"""Small notebooks, executed under a judge: what the tests of grading share."""

from __future__ import annotations

import atexit
import copy
import shutil
import tempfile
from functools import cache
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from shared import KINDS, ROOT

from autograder.classroom.attempts import right
from autograder.course import Course
from autograder.grading.execution import CHECK, Limits
from autograder.grading.job import Job, grade_one
from autograder.judging import edition
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger
from autograder.source import build

NAME = Course(ROOT).assignment("02").name
SKETCH = ("softmax", "log_softmax", "cross_entropy")
QUESTION = "first-loss"
DEMO = "from pathlib import Path\nPath('demonstrated').touch()\nrows = 3"
SECRET = "ab" * 32
_MARKS = {"answer", "mark_scheme"}


@cache
def sketch() -> Course:
    """A course of its own: notebook 02, reduced to three exercises, a demonstration and a question."""
    folder = tempfile.mkdtemp(prefix="gradus-sketch-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return reduced_course(Path(folder))


def reduced_course(folder: Path, exercises: tuple[str, ...] = SKETCH) -> Course:
    """Notebook 02 with some of its exercises, built in a folder."""
    # A folder called gradus that is no package would hide the package from whoever works in the course.
    shutil.copytree(ROOT / "gradus", folder / "gradus", ignore=shutil.ignore_patterns("__pycache__"))
    full = jupytext.read(ROOT / "solutions" / f"{NAME}.py", fmt="py:percent")
    pairs = [
        next(cell for cell in full.cells if cell.metadata.get(kind) == name)
        for kind, names in (("solution", exercises), ("check", exercises), ("answer", [QUESTION]))
        for name in names
    ]
    pairs.sort(key=full.cells.index)
    scheme = next(cell for cell in full.cells if cell.metadata.get("mark_scheme") == QUESTION)
    setup = [cell for cell in full.cells if cell.metadata.get("role") == "setup"]
    words = [
        cell
        for cell in full.cells
        if cell.cell_type == "markdown" and not cell.metadata.keys() & {"answer", "mark_scheme", "hint"}
    ]
    words[0].source = words[0].source.partition("\n| Part |")[0]  # the points of the whole notebook
    full.cells = [*setup, *pairs[:-1], new_code_cell(DEMO), pairs[-1], scheme, *words]
    (folder / "solutions").mkdir(parents=True)
    jupytext.write(full, folder / "solutions" / f"{NAME}.py", fmt="py:percent")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    course = Course(folder)
    build.build(course, course.assignments())
    (course.work / "secret").write_text(SECRET + "\n", encoding="ascii")
    return course


PREDICTIONS = """
# %% [markdown]
# ## A first run {#first-run}
#
# All weights start at zero, so all ten digits are equally likely, and `softmax` says 1/10 for each.
#
# **Predict.** What is the loss at step 0? And what will it do after that?

# %%
from gradus import choice, number, outcome, predict

predict(
    "first_run",
    number("loss at step 0", unit="nats"),
    choice("and then it", "falls", "rises, then falls", "becomes nan"),
)

# %%
outcome("first_run", float(np.log(10)), "becomes nan", because="The loss is `log(10)`.")

# %% [markdown]
# **Predict.** What is the largest score?

# %%
predict("largest_score", number("largest score"))

# %%
outcome("largest_score", np.inf)
"""


@cache
def asking() -> Course:
    """A course of its own: one exercise of notebook 02, and two predictions."""
    folder = Path(tempfile.mkdtemp(prefix="gradus-asking-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    course = reduced_course(folder, ("softmax",))
    with course.assignment(NAME).solution.open("a", encoding="utf-8") as solution:
        solution.write(PREDICTIONS)
    course = Course(folder)
    build.build(course, course.assignments())
    return course


def copy_course(folder: Path) -> Course:
    """Another course with the same notebooks and the same secret, in which nothing is graded."""
    shutil.copytree(sketch().root, folder, dirs_exist_ok=True)
    return Course(folder)


HINTS = """
# %% [markdown] hint="center"
# What is the mean of `x - x.mean()`? Is it **smaller** than $10^{-9} x_{max}$, <b>whatever</b> `a < b` says?

# %% [markdown] hint="center"
# Subtract `...` from `x`.

# %% [markdown] hint="repaired_center"
# What is a mean?
"""
WRITTEN = """
# %% [markdown] answer="why" points=3
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %% [markdown] mark_scheme="why"
# === BEGIN MARK SCHEME ===
# A reason: 3 points.
# === END MARK SCHEME ===
"""


@cache
def lesson() -> Course:
    """A course of its own: tiny exercises with hints, one of which repairs another, and a question."""
    folder = Path(tempfile.mkdtemp(prefix="gradus-lesson-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "gradus", folder / "gradus", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(KINDS.root / "exercises" / "kinds.py", folder / "gradus" / "exercises")
    shutil.copy(KINDS.root / "nbgrader_config.py", folder)
    tiny, _, _ = KINDS.assignment("90").solution.read_text(encoding="utf-8").partition('# %% solution="coins"')
    named = tiny.replace(
        "[number - total for number in x], total\n", "x - total, total / len(x)\n"
    )  # a slip that has a name
    (folder / "solutions").mkdir()
    (folder / "solutions" / "90_kinds.py").write_text(named + HINTS + WRITTEN, encoding="utf-8")
    course = Course(folder)
    build.build(course, course.assignments())
    return course


def released() -> NotebookNode:
    """The student edition of the sketch: its setup, its exercises, a demonstration, a question, and its text."""
    return copy.deepcopy(_released())


@cache
def _released() -> NotebookNode:
    return edition.released(sketch(), sketch().assignment(NAME))


def answers(course: Course | None = None, name: str = NAME) -> dict[str, str]:
    """The reference's source of every exercise of a notebook."""
    return {one: right(cell) for one, cell in (course or Course(ROOT)).assignment(name).source.solutions.items()}


def submission(given: dict[str, str]) -> NotebookNode:
    """A submitted notebook in which some answers are filled in."""
    return filled(released(), given)


def filled(notebook: NotebookNode, given: dict[str, str]) -> NotebookNode:
    """A notebook in which some answers are filled in."""
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in given:
            cell.source = given[name]
    return notebook


def check_cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """The check cell of an exercise."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == CHECK + name)


def own_code(notebook: NotebookNode, source: str, position: int = 1) -> NotebookNode:
    """Put a cell of the student's own into a notebook."""
    notebook.cells.insert(position, new_code_cell(source))
    return notebook


def own_text(notebook: NotebookNode, source: str, position: int = 1) -> NotebookNode:
    """Put a text cell of the student's own into a notebook."""
    notebook.cells.insert(position, new_markdown_cell(source))
    return notebook


def job(submitted: NotebookNode, files: dict[str, bytes] | None = None, limits: Limits | None = None) -> Job:
    """The job for a submission of the sketch."""
    return Job.of(sketch(), sketch().assignment(NAME), submitted, files, limits)


def ledger(submitted: NotebookNode, files: dict[str, bytes] | None = None, limits: Limits | None = None) -> Ledger:
    """What grading a submission of the sketch finds."""
    return Ledger.from_bytes(grade_one(job(submitted, files, limits).to_bytes(), sketch()))


def grade(submitted: NotebookNode, limits: Limits | None = None) -> dict[str, Verdict]:
    """The verdicts on a submission of the sketch, by exercise."""
    return {verdict.exercise: verdict for verdict in ledger(submitted, limits=limits).verdicts.values()}


def scores(submitted: NotebookNode, limits: Limits | None = None) -> dict[str, float]:
    """The shares that a submission earns, by exercise."""
    return {name: verdict.share for name, verdict in grade(submitted, limits).items()}


def put(folder: Path, student: str, notebook: NotebookNode | bytes | str, name: str = NAME) -> Path:
    """Lay a submission down in nbgrader's layout."""
    path = folder / student / NAME / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook), encoding="utf-8")
    return path
