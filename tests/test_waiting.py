"""Cells that wait for an answer let Run All go on, and hide no failure from anybody who looks for one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from shared import COURSE, ROOT

from autograder.source.build import source_notebook
from autograder.source.notebook import Source
from autograder.source.waiting import GOES_ON, waiting

TEXT = """\
# %% role="setup"
import numpy as np

# %% tags=["demo"]
scores = np.zeros(3)  # independent

# %% solution="softmax"
def softmax(scores):
    ### BEGIN SOLUTION
    return np.exp(scores)
    ### END SOLUTION

# %% check="softmax" points=5
check(softmax)

# %% tags=["experiment"]
p, scores = softmax(scores), 1  # uses the answer

# %%
for n in range(3):
    print(p)  # uses what such a cell defines

# %%
def later():
    return [softmax(n) for n in range(3)]  # within a function

# %%
later()  # calls that function

# %%
print(np.ones(3))  # independent, too

# %%
%timeit scores  # a magic, with a name that was defined anew above

# %%
%timeit np.ones(3)  # independent magic
"""


def test_cells_that_may_fail_for_want_of_an_answer_are_found(tmp_path: Path) -> None:
    path = tmp_path / "95_tiny.py"
    path.write_text(TEXT, encoding="utf-8")
    source = Source.read(path)
    said = [cell.source.splitlines()[0] for cell in source.cells if cell.index not in waiting(source)]
    assert said == [
        "import numpy as np",
        "scores = np.zeros(3)  # independent",
        "print(np.ones(3))  # independent, too",
        "%timeit np.ones(3)  # independent magic",
    ]


def test_they_carry_the_tag_beside_their_own_in_the_student_edition() -> None:
    for assignment in COURSE.assignments():
        path = COURSE.notebooks / assignment.name / f"{assignment.name}.ipynb"
        built = {cell["id"]: cell for cell in nbformat.read(path, 4).cells}
        made = source_notebook(assignment.source).cells
        cells = [cell for cell in assignment.source.cells if cell.kind != "broken"]
        for cell, fresh in zip(cells, made, strict=True):
            if fresh["id"] in built:
                tags = built[fresh["id"]].metadata.get("tags", [])
                assert tags == [*cell.tags, *([GOES_ON] if cell.index in waiting(assignment.source) else [])]
        assert assignment.number != "02" or GOES_ON in built["softmax"].metadata.tags


def test_validate_still_sees_what_fails(tmp_path: Path) -> None:
    """nbgrader's Validate button and its command do the same."""
    assignment = COURSE.assignment("02")
    notebook = nbformat.read(COURSE.notebooks / assignment.name / f"{assignment.name}.ipynb", 4)
    answers = {"softmax": assignment.source.solutions["softmax"], "cross_entropy": "def cross_entropy(scores:"}
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader") or cell["id"] == "start-02"]
    for cell in notebook.cells:
        cell.source = answers.get(cell["id"], cell.source)
    nbformat.write(notebook, tmp_path / "handed_in.ipynb")
    command = [sys.executable, "-m", "nbgrader", "validate", "handed_in.ipynb"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    said = done.stdout + done.stderr
    assert "VALIDATION FAILED" in said.upper()
    failed = {name for name in assignment.source.exercises if f"check({name})" in said}
    assert failed == assignment.source.exercises.keys() - {"softmax"}
