"""Small notebooks, executed under a judge: what the tests of grading share."""

from __future__ import annotations

import copy
from functools import cache

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from shared import ROOT

from autograder.classroom.attempts import right
from autograder.course import Course
from autograder.judging.judge import Verdict
from autograder.nbgrader_hooks import release
from autograder.nbgrader_hooks.execution import CHECK, JudgedExecute
from autograder.nbgrader_hooks.sanitizing import carry_answers

ASSIGNMENT = Course(ROOT).assignment("02")
SKETCH = ("softmax", "log_softmax", "cross_entropy")


@cache
def _student_edition() -> NotebookNode:
    return nbformat.read(Course(ROOT).notebooks / ASSIGNMENT.name / f"{ASSIGNMENT.name}.ipynb", 4)


def released(*exercises: str) -> NotebookNode:
    """The student edition, reduced to its first cell of code and some exercises."""
    chosen = exercises or SKETCH
    notebook = copy.deepcopy(_student_edition())
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    wanted = {*chosen, *(CHECK + name for name in chosen)}
    notebook.cells = [setup] + [
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in wanted
    ]
    return notebook


def answers() -> dict[str, str]:
    """The reference's source of every exercise."""
    return {name: right(cell) for name, cell in ASSIGNMENT.source.solutions.items()}


def submission(given: dict[str, str], *exercises: str) -> NotebookNode:
    """A submitted notebook in which some answers are filled in."""
    notebook = released(*exercises)
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


def grade(submitted: NotebookNode, *exercises: str, **options: object) -> dict[str, Verdict]:
    """Sanitize, execute and judge a submission; the verdicts by exercise."""
    config = release.configuration(Course(ROOT))
    config.JudgedExecute.update(options)
    executor = JudgedExecute(config=config)
    graded = executor.grade(carry_answers(released(*exercises), submitted), {"metadata": {"path": ""}})
    return {name.removeprefix(CHECK): verdict for name, verdict in graded.verdicts.items()}


def scores(submitted: NotebookNode, *exercises: str, **options: object) -> dict[str, float]:
    """The shares that a submission earns, by exercise."""
    return {name: verdict.score for name, verdict in grade(submitted, *exercises, **options).items()}
