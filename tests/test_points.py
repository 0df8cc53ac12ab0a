"""The text of a notebook says the points and minutes that its marks say."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import COURSE

from autograder.course import Assignment
from autograder.source import points
from autograder.source.notebook import Source

TEXT = """\
# ---
# jupyter:
#   gradus: {minutes: 20}
# ---

# %% [markdown]
# # 95 · Points
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Why | | 5 | |
# | Both | `one`, `two` | 10 | 4 |
# | More (*going further*) | `three` | 5 | 2.5 |
# | Questions | two short texts | 5 | 5 |
#
# The core takes about 20 minutes and earns 9 points, *going
# further* another 5 minutes and 2.5 points.
#
# *Core* · 5 minutes · 3 points. Write `one`.

# %% solution="one"
### BEGIN SOLUTION
one = 1
### END SOLUTION

# %% check="one" points=3
check(one)

# %% [markdown]
# *Core* · 5 minutes · 1 point. Write `two`.

# %% solution="two"
### BEGIN SOLUTION
two = 2
### END SOLUTION

# %% check="two" points=1
check(two)

# %% [markdown]
# *Going further* · 5 minutes · 2.5 points. Write `three`.

# %% solution="three"
### BEGIN SOLUTION
three = 3
### END SOLUTION

# %% check="three" points=2.5
check(three)

# %% [markdown]
# Question 1 · *core* · 3 minutes · 3 points. Why?

# %% [markdown] answer="why" points=3
# ### BEGIN SOLUTION
# ### END SOLUTION

# %% [markdown] mark_scheme="why"
# Marks: 3.
#
# === BEGIN MARK SCHEME ===
# - 1 point: so.
# - 2 points: 2 points at once.
# === END MARK SCHEME ===

# %% [markdown]
# *Core* · 2 minutes · 2 points. How?

# %% [markdown] answer="how" points=2
# ### BEGIN SOLUTION
# ### END SOLUTION

# %% [markdown] mark_scheme="how"
# Marks: 2, one for each.
#
# === BEGIN MARK SCHEME ===
# - (a) So.
# - (b) And so.
# === END MARK SCHEME ===
"""


def said(folder: Path, text: str) -> list[str]:
    path = folder / "95_points.py"
    path.write_text(text, encoding="utf-8")
    return list(points.differences(Source.read(path)))


def test_what_goes_further_is_read_from_the_text(tmp_path: Path) -> None:
    path = tmp_path / "95_points.py"
    path.write_text(TEXT, encoding="utf-8")
    assert points.further(Source.read(path)) == (5, 2.5)
    assert points.exercises_further(Source.read(path)) == {"three"}
    path.write_text(TEXT.replace("another", "some"), encoding="utf-8")
    assert points.further(Source.read(path)) == (0, 0)


def test_what_agrees_is_left_alone(tmp_path: Path) -> None:
    assert said(tmp_path, TEXT) == []
    assert said(tmp_path, TEXT.replace("minutes: 20", "minutes: 0")) == []


@pytest.mark.parametrize("assignment", COURSE.assignments(), ids=lambda assignment: assignment.name)
def test_the_text_of_a_notebook_says_what_its_marks_say(assignment: Assignment) -> None:
    assert list(points.differences(assignment.source)) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "minutes · 3 points. Write",
            "minutes · 4 points. Write",
            'check="one", line 26): it has points=3, and the',
        ),
        ("· 1 point.", "· 2 points.", 'check="two", line 37): it has points=1, and the text above says 2.'),
        ("3 minutes · 3 points", "3 minutes · 4 points", 'answer="why", line 54): it has points=3, and the text'),
        ("`one`, `two` | 10 | 4", "`one`, `two` | 10 | 3", "the table gives one and two 3 points, and points=4 is"),
        ("| 5 | 5 |", "| 5 | 6 |", "the points of the table sum to 12.5, those of the marks to 11.5."),
        ("Marks: 3.", "Marks: 4.", 'answer="why" has points=3, and the scheme says Marks: 4.'),
        ("Marks: 2,", "Marks: 2.5,", 'answer="how" has points=2, and the scheme says Marks: 2.5.'),
        ("- 2 points: ", "- 1 point: ", 'answer="why" has points=3, and the points of the scheme sum to 2.'),
        ("earns 9 points", "earns 10 points", "the core earns 10 points, and its marks sum to 9."),
        ("and 2.5 points", "and 2 points", "what goes further earns 2 points, and its marks sum to 2.5."),
        (
            "about 20 minutes",
            "about 25 minutes",
            "the core takes 25 minutes, and between the lines # --- it says",
        ),
    ],
)
def test_what_differs_is_named_with_both_numbers(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert TEXT.count(old) == 1
    found = said(tmp_path, TEXT.replace(old, new))
    assert len(found) == 1 or "table" in says
    assert "95_points.py, cell " in found[0]
    assert says in found[0]
