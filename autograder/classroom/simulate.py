"""A simulated class: real submitted notebooks, answered by students who know more or less.

Each answer is drawn by a simple item-response model: students differ in ability, exercises in difficulty, and whoever
does not know the answer has a known slip, an accident, or nothing. What was planted where is known, so that what
grading finds can be compared with it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.classroom import attempts
from autograder.course import Assignment, Course, CourseError
from autograder.judging import catalogue
from autograder.source.outcomes import outcomes
from autograder.source.outline import outline
from gradus.learning.outline import Answers, Field
from gradus.learning.predictions import record

RIGHT, EMPTY, CRASH = "reference", "empty", "crash: "

_DISCRIMINATION = 1.7
_COPIES = 0.05
_SKIPS = 0.08  # share of predictions that are left out


@dataclass(frozen=True)
class Simulated:
    """One student of the simulated class.

    Attributes
    ----------
    student : str
        The id under which the notebook was submitted.
    path : Path
        The notebook.
    ability : float
        In standard deviations of the class.
    planted : dict of str to str
        For every exercise ``"reference"``, ``"empty"``, ``"crash: <kind>"`` or the id of a slip.
    written : dict of str to str
        For every written answer ``"good"``, ``"short"``, ``"vague"`` or ``"untouched"``.
    predicted : dict of str to tuple
        What the student predicted, by id; a prediction that was left out is missing.
    edits : tuple of str
        What else the student did to the notebook; none of it should change the score.
    copied_from : str
        The student whose answers were handed in again, "" for one's own work.
    """

    student: str
    path: Path
    ability: float
    planted: dict[str, str]
    written: dict[str, str]
    predicted: dict[str, Answers] = field(default_factory=dict)
    edits: tuple[str, ...] = ()
    copied_from: str = ""


def simulate(
    course: Course, assignment: Assignment, students: int, seed: int, out: Path, *, endless_loops: bool = False
) -> list[Simulated]:
    """Write the submissions of a simulated class.

    The notebooks are ``out/<student>/<assignment>/<assignment>.ipynb``, made from the student edition. What was planted
    is written to ``out/<assignment>.planted.json``. The same seed gives the same files, byte by byte, and student
    number i does not depend on how many there are. A class simulated earlier into the same folder for the same
    assignment is replaced.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    students : int
        How many.
    seed : int
    out : Path
        Folder of submissions.
    endless_loops : bool
        Whether a few answers may never return; each costs a whole time limit when graded.

    Returns
    -------
    list of Simulated

    Raises
    ------
    CourseError
        If there is no student edition yet, or a number makes no sense.
    """
    if students < 1 or seed < 0:
        raise CourseError(f"A class needs at least one student and a seed of 0 or more; got {students} and {seed}.")
    paper = _Paper(course, assignment, seed, endless_loops)
    record = out / f"{assignment.name}.planted.json"
    _remove_earlier(record, out, assignment)
    found: list[Simulated] = []
    handed_in: list[dict[str, str]] = []
    for index, student in enumerate(names(students, seed)):
        seeds = [seed, zlib.crc32(assignment.name.encode()), index]
        rng = np.random.default_rng(seeds)
        simulated, answers = paper.answer(student, out / student / assignment.name / f"{assignment.name}.ipynb", rng)
        # Draws of their own: a prediction more changes nobody's answers.
        simulated = replace(simulated, predicted=paper.predict(simulated.ability, np.random.default_rng([*seeds, 1])))
        if index and rng.random() < _COPIES:
            source = found[-1]
            answers = handed_in[-1]
            simulated = replace(
                simulated,
                planted=source.planted,
                written=source.written,
                copied_from=source.copied_from or source.student,
            )
        edits = paper.hand_in(simulated, answers, rng)
        found.append(replace(simulated, edits=edits))
        handed_in.append(answers)
    kept = [{**asdict(one), "path": str(one.path.relative_to(out))} for one in found]
    record.write_text(json.dumps({"seed": seed, "students": kept}, indent=1) + "\n", encoding="utf-8")
    return found


class _Paper:
    """One assignment as a class sits it: the empty notebook, what can go into it, how hard each exercise is."""

    def __init__(self, course: Course, assignment: Assignment, seed: int, endless_loops: bool) -> None:
        path = course.notebooks / assignment.name / f"{assignment.name}.ipynb"
        if not path.is_file():
            raise CourseError(f"There is no student edition {path}. Make it first: autograder build")
        self.notebook = nbformat.read(path, 4)
        self.source = assignment.source
        self.predictions = outline(self.source).predictions
        self.came = outcomes(course, assignment)
        self.accidents = attempts.ACCIDENTS + ("endless loop",) * endless_loops
        self._rng = np.random.default_rng([seed, zlib.crc32(assignment.name.encode())])
        self.exercises = list(self.source.solutions)
        self.questions = list(self.source.written)
        # Later exercises are harder, with exceptions; on average somewhat more than half of the class is right.
        self.difficulty = dict(
            zip(
                self.exercises,
                np.linspace(-0.8, 0.5, len(self.exercises)) + self._rng.normal(scale=0.35, size=len(self.exercises)),
                strict=True,
            )
        )
        # The slips of a repair are those of the exercise that it repairs, under another name.
        self.slips = {
            name: {slip.id: slip for slip in catalogue.slips(name) if slip.exercise == name} for name in self.exercises
        }
        # A few slips are common and most are rare; those listed first tend to be the common ones.
        self._common = {
            name: self._rng.lognormal(size=len(slips)) / np.arange(1, 1 + len(slips))
            for name, slips in self.slips.items()
        }

    def answer(self, student: str, path: Path, rng: np.random.Generator) -> tuple[Simulated, dict[str, str]]:
        """Decide what a student knows, and write the answers, by grade id."""
        ability = float(rng.normal())
        planted, written, answers = {}, {}, {}
        stops = rng.integers(1, len(self.exercises) + 1) if rng.random() < 0.12 else len(self.exercises)
        for number, name in enumerate(self.exercises):
            planted[name] = self._draw(name, ability, rng) if number < stops else EMPTY
            if (code := self._code(name, planted[name], rng)) is not None:
                answers[name] = code
        for name in self.questions:
            weights = np.exp([1.2 * ability, 0.8, -0.6 * ability, -0.9 - 0.8 * ability])
            written[name] = str(rng.choice(["good", "short", "vague", "untouched"], p=weights / weights.sum()))
            if written[name] != "untouched":
                text = _prose(attempts.model_answer(self.source.written[name]), written[name], rng)
                answers[f"answer_{name}"] = attempts.written(self.source.written[name], text)
        return Simulated(student, path, round(ability, 3), planted, written), answers

    def _draw(self, name: str, ability: float, rng: np.random.Generator) -> str:
        distance = _DISCRIMINATION * (ability - self.difficulty[name])
        if rng.random() < 1 / (1 + np.exp(-distance)):
            return RIGHT
        slips = list(self.slips[name])
        shares = np.array([0.72 if slips else 0.0, 0.12 + 0.1 * (ability < -1), 0.16])
        kind = rng.choice(["slip", "empty", "crash"], p=shares / shares.sum())
        if kind == "slip":
            return str(rng.choice(slips, p=self._common[name] / self._common[name].sum()))
        return EMPTY if kind == "empty" else CRASH + str(rng.choice(self.accidents))

    def _code(self, name: str, planted: str, rng: np.random.Generator) -> str | None:
        reference = attempts.right(self.source.solutions[name])
        if planted == EMPTY:
            return None
        if planted.startswith(CRASH):
            return attempts.accident(planted.removeprefix(CRASH), reference, name)
        code = reference
        if planted != RIGHT:
            slip = self.slips[name][planted]
            value = slip.values[rng.integers(len(slip.values))] if slip.values else None
            code = slip.cell(self.source.solutions[name], value)
        if planted != RIGHT or rng.random() < 0.8:
            code = attempts.in_own_words(code, rng)
        return f"{rng.choice(_COMMENTS)}\n{code}" if rng.random() < 0.3 else code

    def predict(self, ability: float, rng: np.random.Generator) -> dict[str, Answers]:
        """What a student predicts: what comes, if able or lucky, else what many would say."""
        found = {}
        for asked in self.predictions:
            came: Sequence[float | str | None] = self.came.get(asked.id, (None,) * len(asked.fields))
            answers = tuple(
                _expected(field, value, ability, rng) for field, value in zip(asked.fields, came, strict=True)
            )
            if rng.random() > _SKIPS:
                found[asked.id] = answers
        return found

    def hand_in(self, simulated: Simulated, answers: dict[str, str], rng: np.random.Generator) -> tuple[str, ...]:
        """Write the notebook; what the student changed in it besides the answers comes back."""
        notebook = NotebookNode(self.notebook)
        notebook.cells = [NotebookNode(cell) for cell in self.notebook.cells]
        for cell in notebook.cells:
            if (grade_id := _nbgrader(cell).get("grade_id")) in answers and _nbgrader(cell).get("solution"):
                cell.source = answers[grade_id]
            for asked in self.predictions:
                if asked.id in simulated.predicted and re.search(rf'\bpredict\(\s*"{asked.id}"', cell.source):
                    cell.outputs = [new_output("display_data", record(asked, simulated.predicted[asked.id]))]
        edits = tuple(_meddle(notebook, rng))
        simulated.path.parent.mkdir(parents=True, exist_ok=True)
        simulated.path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        return edits


def _expected(field: Field, came: float | str | None, ability: float, rng: np.random.Generator) -> float | str:
    knows = rng.random() < 1 / (1 + np.exp(-_DISCRIMINATION * (ability - 0.8)))
    if field.kind == "choice":
        return str(came) if knows and came is not None else str(rng.choice(field.options))
    size = came if isinstance(came, float) and np.isfinite(came) and came else 1.0
    off = float(rng.normal(scale=0.02 if knows else 1.0))
    wrong = [0.0, 1.0, 10.0 ** round(np.log10(abs(size)) + off)]
    return float(f"{size * np.exp(off):.2g}") if knows or rng.random() < 0.4 else float(rng.choice(wrong))


def names(students: int, seed: int) -> list[str]:
    """Ids of made-up students, all different, the same for the same seed."""
    pairs = [f"{first}_{last}" for first in _FIRST.split() for last in _LAST.split()]
    order = np.random.default_rng([seed, 1]).permutation(len(pairs))
    return [
        pairs[order[i % len(pairs)]] + (f"_{i // len(pairs) + 1}" if i >= len(pairs) else "") for i in range(students)
    ]


def _remove_earlier(record: Path, out: Path, assignment: Assignment) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if not record.is_file():
        return
    try:
        earlier = [str(one["student"]) for one in json.loads(record.read_text(encoding="utf-8"))["students"]]
    except (ValueError, KeyError, TypeError):
        raise CourseError(
            f"{record} is not what an earlier simulation wrote there. Remove it, or simulate elsewhere."
        ) from None
    for student in earlier:
        if not re.fullmatch(r"[a-z0-9_]+", student):
            continue
        folder = out / student / assignment.name
        (folder / f"{assignment.name}.ipynb").unlink(missing_ok=True)
        for emptied in (folder, folder.parent):
            if emptied.is_dir() and not any(emptied.iterdir()):
                emptied.rmdir()


def _nbgrader(cell: NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("nbgrader", {})


def _meddle(notebook: NotebookNode, rng: np.random.Generator) -> list[str]:
    """What students do to a notebook besides answering: cells of their own, given cells edited, cells deleted."""
    done = []
    cells = notebook.cells
    checks = [index for index, cell in enumerate(cells) if str(_nbgrader(cell).get("grade_id")).startswith("check_")]
    texts = [index for index, cell in enumerate(cells) if cell.cell_type == "markdown" and not _nbgrader(cell)]
    code = [index for index, cell in enumerate(cells) if cell.cell_type == "code" and not _nbgrader(cell)]
    if code and rng.random() < 0.12:
        cells[code[0]].source += "\nnp.set_printoptions(precision=3)"
        done.append("edited a given cell")
    if checks and rng.random() < 0.06:
        commented = cells[rng.choice(checks)]
        commented.source = "# " + commented.source
        done.append("edited a check cell")
    if rng.random() < 0.12 and (candidates := checks + texts):
        del cells[rng.choice(candidates)]
        done.append("deleted a cell")
    for number in range(rng.choice(4, p=[0.45, 0.3, 0.15, 0.1])):
        kind, source = _SCRATCH[int(rng.integers(len(_SCRATCH)))]
        make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        cells.insert(int(rng.integers(1, len(cells) + 1)), make(source, id=f"scratch-{number}"))
        done.append("added a cell")
    return done


def _prose(model: str, quality: str, rng: np.random.Generator) -> str:
    if quality == "vague":
        return str(rng.choice(_VAGUE))
    if quality == "short":
        return re.split(r"(?<=[.!?])\s", model, maxsplit=1)[0]
    return model


_COMMENTS: Sequence[str] = (
    "# second try",
    "# works on my machine",
    "# TODO: ask in the exercise class whether this is what is meant",
    "# see the lecture, slide with the formula",
    "# tested with the small example above",
    "# finally!",
)
_VAGUE: Sequence[str] = (
    "Because it is numerically more stable.",
    "I think it has to do with large numbers, but I am not sure why.",
    "The picture shows it: one curve goes up and the other one goes down.",
    "As we saw in the lecture, this is how it is usually done.",
    "It does not matter much in practice, both give nearly the same result.",
    "Otherwise the gradient would be wrong.",
)
_SCRATCH: Sequence[tuple[str, str]] = (
    ("code", "x = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])\nprint(x.shape, x.sum(axis=1, keepdims=True).shape)"),
    ("code", "# trying things out\nfor i in range(3):\n    print(i, np.exp(i))"),
    ("code", "import matplotlib.pyplot as plt\n\nt = np.linspace(0.01, 1, 50)\nplt.plot(t, -np.log(t))\nplt.show()"),
    ("code", "np.exp(1000.0)  # why inf?"),
    ("code", "help(np.max)"),
    ("code", "1 / 0"),
    ("markdown", "**Note to myself**: `keepdims=True` keeps the axis, so that broadcasting goes row by row."),
    ("markdown", "Ask on Thursday: is $\\log$ the natural logarithm here?"),
    ("markdown", "Worked on this together with my study group until here."),
)
_FIRST = """
    adaeze aiko alejandro alice amara amina andrei anjali arjun astrid ayse beatriz bilal bogdan camille carlos
    chiara chidi chloe daniel dilnoza diego dmytro ebba elif elena emeka emma enzo fatima felix freya gabriel
    giulia hana haruto hassan hugo ida ines ingrid isla ivan jakub jamal jana jin joao jonas julia kamal katya
    keanu kofi laila lars lea leila liam linh lucia maja malik mariam mateo mehmet mei mila minh mohammed naomi
    nia nikhil nina noah nour olivia omar oskar paula pedro petra priya rafael rania ravi rosa saoirse samir
    sanna santiago seda sofia stefan sunita tadeo tamar tariq theo thi tomas uma valentina viktor wanjiru wei
    yara yuki yusuf zanele zofia
"""
_LAST = """
    abebe acosta aguilar ahmed andersen aoki bakker banerjee bauer becker berg bianchi boateng bondarenko
    carvalho castro chen cohen costa dang demir diallo dubois eriksen farah fernandez fischer fonseca garcia
    gonzalez gupta haddad hansen hernandez horvat huang ibrahim ito ivanova jansen johansson kaya keller khalil
    kim kovacs kowalski kumar larsen laurent leroy lindqvist lopez mahlangu mensah meyer mishra moreau moreno
    mwangi nakamura ndiaye nguyen novak nowak obrien okafor okoye olsen osei ozturk patel pereira petrov phan
    popescu quispe rahman ramirez reyes ricci rossi saito salazar santos sato schmidt sharma silva singh
    smirnova suzuki tanaka tran traore usman vargas virtanen volkov wagner walker wang weber wolf yamamoto
    yilmaz zhang ziegler
"""
