"""Every solution notebook runs from its first cell to its last, and what its words say is what its code gives.

A number in the prose has to come from somewhere. "Prose" is every markdown cell, with answers, mark schemes and tables,
and every string in code that a reader sees: titles, labels, alternative texts. A number that has three digits or a
decimal point must be

- in the code, or in an output, of the same section (from one heading of level 2 to the next),
- in ``QUOTED`` in ``tests/test_notebook_NN.py``, under the id of that heading, with a function that computes it from
  the reference: ``QUOTED = {"cross-entropy": {"2.647": lambda answers: answers.cross_entropy(EXAMPLE, DOG)}}``, or
- in ``GIVEN`` there, ``{"questions": {"5000"}}``: what the text only assumes, such as the sums of money in a question.

The title and the alternative text of a figure of the lectures are held to the same rule; their "heading" is
``figures``, and what is proved for any section is proved for them.

Outputs and computed values are rounded to the digits that are written; signs are not compared. The section ``read-on``
holds years and pages, and is left out.

What a prediction asks for must not be said before: see ``spoilers.py``. Words of an option that the text uses earlier
in another sense stand in ``SAID`` of ``tests/test_notebook_NN.py``, by id: ``{"first_run": {"falls"}}``.

The minutes in the table of the parts are counted, see ``mistimed``. What the text asks for outside of exercises, such
as a mistake made on purpose, stands in ``DOING``, in minutes, by section: ``{"shapes": 2}``.
"""

from __future__ import annotations

import ast
import importlib
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import marks
import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from prose import Number, constants, numbers, strings
from shared import COURSE, KINDS, ROOT, exercise_called, graded_exercises
from spoilers import spoilers

from autograder.course import Assignment
from autograder.source import executing, outcomes, points
from autograder.source.notebook import FOLDED, Cell, Source
from autograder.source.outline import outline

NOT_QUOTED = ("read-on",)
# Cells that take other time than reading does.
UNREAD = ("solution", "broken", "check", "hint", "setup", "answer", "mark_scheme")
PER_EXERCISE = (
    "test_the_reference_passes_public_and_hidden_cases_without_a_remark",
    "test_every_slip_is_rejected_and_named",
    "test_mutants_of_the_reference_are_rejected",
)

notebooks = pytest.mark.parametrize("assignment", COURSE.assignments(), ids=lambda assignment: assignment.name)


@cache
def executed(assignment: Assignment) -> NotebookNode:
    """The solution notebook after all of its cells have run in one kernel; up to the first one that fails."""
    return executing.executed(assignment.source, ROOT)


@cache
def untouched(assignment: Assignment) -> NotebookNode:
    """The student edition, with nothing written into it, after "Run All"."""
    path = ROOT / "notebooks" / assignment.name / f"{assignment.name}.ipynb"
    notebook = nbformat.read(path, 4)
    executing.run_all(notebook, path.parent, ROOT)
    return notebook


def cells(assignment: Assignment) -> Iterator[tuple[Cell, list[NotebookNode]]]:
    """Every cell with its outputs."""
    done = executed(assignment)
    yield from zip(assignment.source.cells, (cell.get("outputs", []) for cell in done.cells), strict=True)


def runs(assignment: Assignment) -> bool:
    return executing.DIED not in executed(assignment).metadata and not any(
        output.output_type == "error" for _, outputs in cells(assignment) for output in outputs
    )


@notebooks
def test_every_cell_runs(assignment: Assignment) -> None:
    assert executed(assignment).metadata.get(executing.DIED) is None
    failed = [
        f"{cell.label}: {output.ename}: {output.evalue}"
        for cell, outputs in cells(assignment)
        for output in outputs
        if output.output_type == "error"
    ]
    assert failed == []


@notebooks
def test_run_all_on_the_untouched_student_edition_reaches_its_end(assignment: Assignment) -> None:
    """As it is handed out and as JupyterLab runs it: where an answer is missing, one line says so."""
    code = [cell for cell in untouched(assignment).cells if cell.cell_type == "code" and cell.source]
    assert all(cell.execution_count for cell in code)
    errors = [output for cell in code for output in cell.outputs if output.output_type == "error"]
    for error in errors:
        assert re.fullmatch(r"This cell needs [^\n]*`(\w+)`: exercise \d+, not written yet\.", *error.traceback), error


@notebooks
def test_where_answers_are_missing_an_outcome_is_right_or_silent(assignment: Assignment) -> None:
    """A learner who has left an exercise out must not read that a right prediction was wrong."""
    true, found = outcomes.told(executed(assignment)), outcomes.told(untouched(assignment))
    wrong = {id: found[id] for id in found if found[id] != pytest.approx(true[id])}
    assert wrong == {}, "tell it from what the cell binds only after the answer was called"


@notebooks
def test_only_cells_that_wait_for_an_answer_may_fail(assignment: Assignment) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / assignment.name / f"{assignment.name}.ipynb", 4)
    next(cell for cell in notebook.cells if cell.cell_type == "code").source += "\nraise OSError('no such data')"
    with pytest.raises(CellExecutionError, match="no such data"):
        executing.run_all(notebook, ROOT, ROOT)


@notebooks
def test_no_cell_writes_to_stderr(assignment: Assignment) -> None:
    warned = [
        f"{cell.label}: {output.text}"
        for cell, outputs in cells(assignment)
        for output in outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert warned == [], "switch the warning off in the cell, or say in it what it means"


@notebooks
def test_alternative_texts_come_from_the_data(assignment: Assignment) -> None:
    """A number that is written into one is wrong as soon as the learner's function is, and tells what will be seen."""
    for cell in assignment.source.cells:
        if cell.cell_type == "code" and "describe(" in cell.source:
            for call in ast.walk(ast.parse(cell.source)):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "plots.describe":
                    assert not re.search(r"\d", "".join(_literal(call.args[1]))), cell.label


def _literal(node: ast.expr) -> Iterator[str]:
    """The parts of a text that are written out, and none of what is computed."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from _literal(part)


@notebooks
def test_every_check_passes(assignment: Assignment) -> None:
    for cell, outputs in cells(assignment):
        if cell.kind == "check":
            assert re.match(rf"\[ok\] {cell.name}: ", shown(cell, outputs)), cell.label


@notebooks
def test_every_number_of_the_prose_is_proved(assignment: Assignment) -> None:
    if not runs(assignment):
        pytest.fail("the notebook does not run to its end; see test_every_cell_runs")
    unproved = [
        f"{assignment.name}.py, {cell.label}, section {section}: {number.text} in {number.sentence!r}"
        for section, cell, number in unfounded(assignment)
        if number.text not in proved(assignment, section)
    ]
    assert not unproved, "\n".join(["", *unproved, advice(assignment)])


@notebooks
def test_every_figure_of_the_lectures_quotes_proved_numbers(assignment: Assignment) -> None:
    known = set().union(*(proved(assignment, section) for section in [*own_tests(assignment).QUOTED, "figures"]))
    unproved = [
        f"{script.name}: {number.text} in {number.sentence!r}"
        for script in figures(assignment)
        for told, code in [words_of(script)]
        for number in numbers(told)
        if number.needs_proof and number.text not in known and not any(map(number.is_exactly, code))
    ]
    assert not unproved, "\n".join(["", *unproved, advice(assignment)])


@notebooks
def test_quoted_numbers_are_what_the_reference_gives(assignment: Assignment) -> None:
    for section, computed in own_tests(assignment).QUOTED.items():
        for text, compute in computed.items():
            value = float(compute(assignment.source.reference))
            assert Number(text, "").rounds(value), f"section {section} quotes {text}, and {value!r} is computed"


@notebooks
def test_quoted_numbers_are_still_quoted(assignment: Assignment) -> None:
    words = [(section, text) for section, _, text in passages(assignment)]
    words += [("figures", words_of(script)[0]) for script in figures(assignment)]
    said = {(section, number.text) for section, text in words for number in numbers(text)}
    own = own_tests(assignment)
    listed = {(section, text) for group in (own.QUOTED, own.GIVEN) for section in group for text in group[section]}
    gone = [f"{section} does not say {text} any more" for section, text in sorted(listed - said)]
    assert not gone, "\n".join([f"QUOTED or GIVEN of tests/test_notebook_{assignment.number}.py:", *gone])


@notebooks
def test_every_outcome_answers_its_prediction(assignment: Assignment) -> None:
    told = outcomes.told(executed(assignment))
    for asked in outline(assignment.source).predictions:
        for field, value in zip(asked.fields, told[asked.id], strict=True):
            assert float(value) is not None if field.kind == "number" else value in field.options, asked.id


@notebooks
def test_no_outcome_is_given_away(assignment: Assignment) -> None:
    found = spoilers(assignment.source, executed(assignment), own_tests(assignment).SAID)
    assert not found, "\n".join(found)


@notebooks
def test_the_table_of_parts_adds_up_to_90_minutes_of_core_at_most(assignment: Assignment) -> None:
    found = mistimed(assignment.source, own_tests(assignment).DOING)
    assert not found, "\n".join(found)


def test_parts_that_take_more_or_less_time_than_the_table_says_are_named(tmp_path: Path) -> None:
    def found(old: str = "", new: str = "", **doing: float) -> list[str]:
        assert old in TIMED
        path = tmp_path / "95_timed.py"
        path.write_text(TIMED.replace(old, new, 1), encoding="utf-8")
        return mistimed(Source.read(path), doing)

    assert found() == []
    assert found("| Why · What, exactly | | 3 | |", "| Why · What, exactly | | 5 | |")[0].startswith(
        "Why · What, exactly"
    )
    assert len(found("| Why · What, exactly | | 3 | |", "| Why · What, exactly | | 2 | |")) == 2
    assert found("word " * 300, "word " * 450) == found(why=1) != []
    assert found("| Why · What, exactly | | 3 | |", "| Why · What, exactly | | 5 | |", why=2)[0].startswith("the core")
    assert found("# **Predict**, and **Predict**.", "# **Predict**." * 6)
    assert found("demos.one()", "one()")
    assert found("· 4 minutes ·", "· 8 minutes ·")
    assert found("unread " * 300) == found("## Unnamed {#unnamed}", "## Unnamed {#other}") == []
    assert found("## Unnamed {#unnamed}\n#\n# Words", "## Unnamed {#unnamed}\n#\n# " + "word " * 300)
    assert found("## More", "## Less") == ["no heading says More"]
    assert found("another 1 ", "another 2 ") == [
        "the table has 1 minutes that go further, the sentence below it others"
    ]
    assert found("minutes: 9", "minutes: 8") == found("about 9 min", "about 8 min") != []


TIMED = f"""\
# ---
# jupyter:
#   gradus: {{minutes: 9}}
# ---

# %% [markdown]
# # 95 · Timed
#
# | Part | You write | Minutes | Points |
# |---|---|---|---|
# | Why · What, exactly | | 3 | |
# | More | `one` | 6 | 2.5 |
# | Further (*going further*) | | 1 | |
#
# The core takes about 9 minutes and earns 2.5 points, *going further* another 1 minutes and 0 points.
#
# ## Why {{#why}}
#
# {"word " * 300}
#
# ## What, exactly {{#what}}
#
# **Predict**, and **Predict**.

# %% tags=["figure"]
# {"unread " * 300}

# %% [markdown]
# ## More {{#more}}
#
# *Core* · 4 minutes · 2.5 points.

# %% tags=["demo"]
demos.one()

# %% [markdown]
# ## Unnamed {{#unnamed}}
#
# Words.
#
# <details>*Going further: why?* {"unread " * 300}</details>
#
# ## Further {{#further}}
#
# {"word " * 150}
#
# ## Read on {{#read-on}}
#
# {"unread " * 300}
"""

TELLTALE = """# %% [markdown]
# # 95 · Tiny
#
# {text}

# %%
{code}
from gradus import choice, number, outcome, predict

# %%
predict("first", choice("it", "becomes nan", "falls"))

# %%
predict("run", number("loss"), choice("it", "falls", "becomes nan"))

# %%
print("loss", 2.302585)  # {comment}

# %% [markdown]
# {between}

# %%
outcome("run", 2.302585, "becomes nan", because="2.303 is the loss.")

# %%
outcome("first", "falls")
"""
QUIET = {"text": "Words.", "code": "x = 1", "comment": "a run", "between": "More."}
SHOWN = {"printed": "1", "alt": "A line."}


@pytest.mark.parametrize(
    ("part", "words", "found"),
    [
        ("text", "Words.", []),
        ("text", "A loss of 2.3, and not 2.31.", []),
        ("text", "It becomesnan, or 12.303.", []),
        ("text", "A loss of 2.303.", ["2.303"]),
        ("text", "The loss\n# Becomes  nan then.", ["becomes nan"]),
        ("code", "print('2.30')", ["2.30"]),
        ("code", "x = 2.303", []),
        ("code", "label = 'loss 2.303'", ["2.303"]),
        ("printed", "Loss: 2.3026", ["2.3026"]),
        ("printed", "it Becomes nan", ["becomes nan"]),
        ("alt", "A line at 2.303.", ["2.303"]),
        ("comment", "it becomes nan", ["becomes nan"]),
        ("between", "<details><summary>Answer</summary>\n#\n# 2.303\n# </details>", []),
        ("between", "It is 2.303.", ["2.303"]),
        ("text", "<details>2.303</details>", ["2.303"]),
    ],
)
def test_what_gives_an_outcome_away_is_found(tmp_path: Path, part: str, words: str, found: list[str]) -> None:
    path = tmp_path / "95_tiny.py"
    path.write_text(TELLTALE.format(**QUIET | ({} if part in SHOWN else {part: words})), encoding="utf-8")
    source = Source.read(path)
    done = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell() for _ in source.cells])
    shown = SHOWN | ({part: words} if part in SHOWN else {})
    done.cells[1].outputs = [nbformat.v4.new_output("stream", text=shown["printed"])]
    data, described = {"text/plain": "a figure"}, {"image/png": {"alt": shown["alt"]}}
    done.cells[1].outputs += [nbformat.v4.new_output("display_data", data=data, metadata=described)]
    done.cells[2].outputs = [nbformat.v4.new_output("stream", text="becomes nan / falls")]
    done.cells[4].outputs = [nbformat.v4.new_output("stream", text="loss 2.303, becomes nan")]
    record = {outcomes.OUTCOME: {"id": "run", "values": [2.302585, "becomes nan"]}}
    done.cells[6].outputs = [nbformat.v4.new_output("display_data", data=record)]
    given = [re.sub(r".*: '(.*)' gives away the outcome of run", r"\1", one) for one in spoilers(source, done, {})]
    assert given == found
    assert spoilers(source, done, {"run": found}) == []


@cache
def collected() -> list[tuple[str, list[str]]]:
    """Every test that may belong to a notebook, with its marks, as a pytest of its own collects them."""
    kinds = ("exercises", "slips", "mutants", "figures", "notebook_[0-9][0-9]")
    files = [path for kind in kinds for path in sorted((ROOT / "tests").glob(f"test_{kind}.py"))]
    code = "import sys, pytest, marks; sys.exit(pytest.main(sys.argv[1:], plugins=[marks]))"
    options = ["-q", "--collect-only", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *options, *map(str, files)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    tests = [line.removeprefix(marks.LINE) for line in done.stdout.splitlines() if line.startswith(marks.LINE)]
    return [json.loads(test) for test in tests]


@notebooks
def test_the_tests_of_a_notebook_carry_its_mark(assignment: Assignment, request: pytest.FixtureRequest) -> None:
    mark = f"nb{assignment.number}"
    assert request.node.get_closest_marker(mark)
    kinds = ["exercises", "slips", "mutants", f"notebook_{mark[2:]}", *["figures"] * bool(figures(assignment))]
    files = [file for file in (f"tests/test_{kind}.py" for kind in kinds) if (ROOT / file).exists()]
    found = "\n".join(test for test, marks in collected() if mark in marks)
    own = [name for name in assignment.source.exercises if not exercise_called(name).repairs]
    for test, exercise in product(PER_EXERCISE, own):
        assert re.search(rf"::{test}\[(.*-)?{exercise}\b.*\]$", found, re.M), (test, exercise)
    others = {name for name in graded_exercises() if name not in assignment.source.exercises}
    assert not re.search(rf"\[(.*-)?({'|'.join(others) or 'none'})(-.*)?\]$", found, re.M)
    assert f"[{KINDS.root.name}-" not in found
    assert [script.name for script in figures(assignment) if f"[{script.stem}]" not in found] == []
    assert [file for file in files if f"{file}::" not in found] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 0 to 255, about 0.07 or 2.647.", ["0", "255", "0.07", "2.647"]),
        ("1,197 images, $1{,}197$ images", ["1197", "1197"]),
        (r"$1.8 \cdot 10^{308} = e^{709.78}$, $2.06 \cdot 10^{-9}$", ["1.8e308", "709.78", "2.06e-9"]),
        ("$-10^{-5}$ and 10⁻³ in float64, $W_1$, `x1`, #0072B2", []),
        ("see [here](https://a.b/2017) {#part-300} <img width=300>, 2.06e-09", ["2.06e-9"]),
    ],
)
def test_numbers_are_found_in_words(text: str, found: list[str]) -> None:
    assert [number.text for number in numbers(text)] == found


@pytest.mark.parametrize(
    ("text", "value", "same"),
    [
        *(("2.647", 2.6467, True), ("2.647", 2.6477, False), ("0.0709", -0.0709, True), ("3.0", math.nan, False)),
        *(("200", 203, True), ("200", 251, False), ("203", 203.6, False), ("1197", 1197, True)),
        *(("2.06e-4", 2.0607e-4, True), ("2.06e-4", 2.07e-4, False), ("1.8e308", 1.79e308, True)),
    ],
)
def test_a_number_stands_for_values_that_round_to_it(text: str, value: float, same: bool) -> None:
    assert Number(text, "").rounds(value) == same


def mistimed(source: Source, doing: Mapping[str, float]) -> list[str]:
    """Where the table of the parts, at the start of a notebook, says other minutes than it takes.

    A part takes what it takes to read it at 150 words a minute, with 2 minutes for a demo and half a one to predict.
    Words are those of the text and of code that neither draws nor is to be written; an exercise says its own minutes.
    A section that the table does not name belongs to the part before it. ``doing`` has the minutes, by section, of
    what the text asks for beside that.
    """
    ids = {heading.title: name for name, heading in source.headings.items()}
    table = re.findall(r"^\| (.*) \| .*\| (\d+) \| [\d.]* ?\|$", source.cells[0].source, flags=re.M)
    parts = [[name.removesuffix(" (*going further*)") for name in names.split(" · ")] for names, _ in table]
    if unknown := [name for names in parts for name in names if name not in ids]:
        return [f"no heading says {' or '.join(unknown)}"]
    row_of = {ids[name]: row for row, names in enumerate(parts) for name in names}
    needed, row = [0.0] * len(table), 0
    for section, extra in doing.items():
        needed[row_of[section]] += extra
    for section, cell, text in sections(source):
        row = row_of.get(section, row)
        needed[row] += 0 if section in NOT_QUOTED else minutes(cell, text)
    found = [
        f"{names}: the table says {stated} minutes, {takes:.1f} are needed"
        for (names, stated), takes in zip(table, needed, strict=True)
        if not -0.5 < int(stated) - takes < 1.5
    ]
    core = sum(int(stated) for names, stated in table if "going further" not in names)
    rest = sum(int(stated) for _, stated in table) - core
    if rest != points.further(source)[0]:
        found.append(f"the table has {rest} minutes that go further, the sentence below it others")
    if not core == source.minutes <= 90 or f"The core takes about {core} minutes" not in source.cells[0].source:
        found.append(f"the core of the table takes {core} minutes; the notebook says others, or they are more than 90")
    return found


def minutes(cell: Cell, text: str) -> float:
    """What a piece of a cell takes."""
    if cell.kind in UNREAD or FOLDED.intersection(cell.tags) or cell.source.startswith("predict("):
        return 0
    core = re.sub(r"\*Going further: .*?(?=</details>)", "", text, flags=re.S)
    words = sum(any(map(str.isalnum, word)) for word in core.split())
    tasks = sum(map(int, re.findall(r"· (\d+) minutes? ·", text)))
    return words / 150 + tasks + text.count("**Predict") / 2 + 2 * text.startswith("demos.")


def own_tests(assignment: Assignment) -> Any:
    """``tests/test_notebook_NN.py``, or something without numbers where there is none."""
    name = f"test_notebook_{assignment.number}"
    module = importlib.import_module(name) if find_spec(name) else None
    return SimpleNamespace(
        QUOTED=getattr(module, "QUOTED", {}),
        GIVEN=getattr(module, "GIVEN", {}),
        SAID=getattr(module, "SAID", {}),
        DOING=getattr(module, "DOING", {}),
    )


def proved(assignment: Assignment, section: str) -> set[str]:
    """Numbers of a section that its tests compute, or that it only assumes."""
    own = own_tests(assignment)
    return {*own.QUOTED.get(section, ()), *own.GIVEN.get(section, ())}


def figures(assignment: Assignment) -> list[Path]:
    return sorted((ROOT / "figures" / assignment.name).glob("*.py"))


def unfounded(assignment: Assignment) -> Iterator[tuple[str, Cell, Number]]:
    """Numbers of the prose that neither code nor outputs of their section hold."""
    outputs = {cell.index: found for cell, found in cells(assignment)}
    near: dict[str, list[float | Decimal]] = {}
    for section, cell, _ in passages(assignment):
        if cell.cell_type == "code":
            computed = [number.value for number in numbers(shown(cell, outputs[cell.index]))]
            near.setdefault(section, []).extend([*constants(cell.source), *computed])
    for section, cell, text in passages(assignment):
        for number in numbers(text):
            if number.needs_proof and not any(map(number.is_exactly, near.get(section, []))):
                yield section, cell, number


def passages(assignment: Assignment) -> Iterator[tuple[str, Cell, str]]:
    """What a reader reads: the id of its section's heading, the cell, the text. A check says nothing."""
    for section, cell, text in sections(assignment.source):
        if cell.cell_type == "code":
            yield section, cell, "" if cell.kind == "check" else strings(cell.source)
        elif section not in NOT_QUOTED:
            yield section, cell, text


def sections(source: Source) -> Iterator[tuple[str, Cell, str]]:
    """Every cell, cut at headings of level 2: the id of the last one, the cell, the piece of its source."""
    section = ""
    for cell in source.cells:
        for text in re.split(r"^(?=## )", cell.source, flags=re.M):
            heading = re.match(r"## .*\{#([^}]*)\}", text)
            section = heading[1] if heading else section
            yield section, cell, text


def shown(cell: Cell, outputs: list[NotebookNode]) -> str:
    """What a cell has computed and put on the screen; not an alternative text, which an author wrote."""
    found = []
    for output in outputs:
        if output.output_type == "stream":
            found.append(output.text)
        elif output.output_type in ("execute_result", "display_data") and "plots.describe" not in cell.source:
            found.append(output.data.get("text/plain", ""))
    return "\n".join(found)


def words_of(script: Path) -> tuple[str, list[float]]:
    """What is written out of the title and the alternative text of a figure's script, and the numbers in its code."""
    source, told = script.read_text(encoding="utf-8"), []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("TITLE", "ALT"):
            assert isinstance(node.value, ast.Constant | ast.JoinedStr), f"{script}: a text is one string"
            told.append("".join(_literal(node.value)))
    return " ".join(told), constants(source)


def advice(assignment: Assignment) -> str:
    return (
        "Nothing proves these numbers. Correct them, let a cell of their section print them, or compute them in QUOTED "
        f"(GIVEN, if the text only assumes them) in tests/test_notebook_{assignment.number}.py, under the section's id."
    )
