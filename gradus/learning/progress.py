"""How far one is: recorded after every ``check``, said below its report with the hint that is due, shown by `progress`.

Nothing of it runs while a notebook is graded, and nothing of it is graded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from gradus.checking import scoring
from gradus.checking.client import is_graded
from gradus.checking.report import Report, points
from gradus.learning import state
from gradus.learning.outline import Exercise, Outline, of_exercise, outlines
from gradus.learning.sources import digest, fingerprint
from gradus.learning.state import State

_CELL = "text-align:left;padding:.15em 1em .15em 0;white-space:nowrap"
_BOX = "border-left:5px solid #767676;padding:.2em .9em;margin:.3em 0;max-width:62em;line-height:1.45"


@dataclass(frozen=True)
class Row:
    """How far one exercise is.

    Attributes
    ----------
    exercise : Exercise
    earned : float
        Points by its last check.
    state : str
        In words.
    hints : int
        How many have been offered.
    """

    exercise: Exercise
    earned: float
    state: str
    hints: int

    @property
    def right(self) -> bool:
        """Whether all public cases pass."""
        return self.state == "right"

    @property
    def link(self) -> str:
        """Its name, which leads to the heading above it."""
        name = f'<code style="background:none;color:inherit;padding:0">{escape(self.exercise.name)}</code>'
        anchor = escape(self.exercise.anchor)
        return f'<a href="#{anchor}" style="text-decoration:underline">{name}</a>' if anchor else name


@dataclass(frozen=True)
class Progress:
    """How far a notebook is: as text and as an accessible table.

    Attributes
    ----------
    notebook : Outline
    state : State
    at : int
        Number of the exercise that has just been checked, 0 where none has.
    """

    notebook: Outline
    state: State
    at: int = 0

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every exercise, in order."""
        return tuple(_row(exercise, self.state["checks"].get(exercise.name)) for exercise in self.notebook.exercises)

    @property
    def line(self) -> str:
        """All of it in one line."""
        row = self._following
        return f"{self._total}; {_next(row)}: `{row.exercise.name}`" if row else self._all_right

    @property
    def line_html(self) -> str:
        """The same with a link to what comes next."""
        row = self._following
        text = f"{escape(self._total)}; {_next(row)}: {row.link}" if row else escape(self._all_right)
        return f'<p style="margin:.3em 0">{text}</p>'

    def __str__(self) -> str:
        width = max((len(row.exercise.name) for row in self.rows), default=0)
        lines = [
            f"  {row.exercise.name:{width}}  {points((row.earned, row.exercise.points)):17} {row.state:17} "
            f"hints: {_used(row)}"
            for row in self.rows
        ]
        return "\n".join([self.notebook.title, *lines, self.line])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        columns = ("exercise", "points", "state", "hints offered")
        head = "".join(f'<th scope="col" style="{_CELL}">{column}</th>' for column in columns)
        body = "".join(
            f'<tr><th scope="row" style="{_CELL};font-weight:normal">{row.link}</th>'
            + "".join(
                f'<td style="{_CELL}">{escape(text)}</td>'
                for text in (f"{row.earned:g} of {row.exercise.points:g}", row.state, _used(row))
            )
            + "</tr>"
            for row in self.rows
        )
        title = escape(self.notebook.title)
        caption = f'<caption style="text-align:left;font-weight:bold">{title}</caption>'
        table = f'<table style="border-collapse:collapse;margin:.3em 0">{caption}<thead><tr>{head}</tr>'
        return (
            f'<section aria-label="progress: {title}" style="{_BOX}"><div style="overflow-x:auto">'
            f"{table}</thead><tbody>{body}</tbody></table></div>{self.line_html}</section>"
        )

    @property
    def _following(self) -> Row | None:
        """What is not right yet: the core before the rest, from the exercise just checked on before what is above."""
        waiting = (row for row in self.rows if not row.right)
        return min(waiting, key=lambda row: (row.exercise.further, row.exercise.number < self.at), default=None)

    @property
    def _total(self) -> str:
        total = sum(row.earned for row in self.rows), self.notebook.public_points
        return f"public checks: {points(total)}"

    @property
    def _all_right(self) -> str:
        rest = self.notebook.points - self.notebook.public_points
        by_hand = f". A person still marks your written answers: {rest:g} points" if rest else ""
        return f"{self._total}, everything is right{by_hand}."


@dataclass(frozen=True)
class Checked:
    """What a learner sees after a check: the report, and what stands below it, as text and as HTML."""

    report: Report
    text: str
    html: str

    def __str__(self) -> str:
        return f"{self.report}\n{self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.report._repr_html_() + self.html


def checked(report: Report, answer: Any) -> Report | Checked:
    """Record a check in a learner's kernel; whatever goes wrong in here, the report is shown.

    Parameters
    ----------
    report : Report
    answer : object
        What was checked.
    """
    try:
        found = of_exercise(report.exercise)
        if found is None:
            return report
        notebook, exercise = found
        source = fingerprint(answer)
        if exercise.broken == source != "":
            # The name of its mistake would be the answer.
            report = replace(report, unrepaired=True, slips=())
        entry = _entry(exercise, report, source or digest(str(report)))
        now = state.update(notebook.name, lambda known: _record(known, exercise.name, entry))
        here = Progress(notebook, now, exercise.number)
        text, html = _hint(exercise, report, now)
        return Checked(report, text + here.line, html + here.line_html)
    except Exception:
        return report


def progress() -> None:
    """Show how far you are: every exercise of this notebook, its points, its state, the hints you used.

    The points are those of the public checks. Your teachers grade with other numbers of the same kinds.
    """
    if is_graded():
        return
    from IPython.display import display

    for notebook in _open_notebooks():
        display(Progress(notebook, state.load(notebook.name)))


def _open_notebooks() -> list[Outline]:
    """The notebook that this kernel belongs to; every one of the course where that cannot be told."""
    path, here = Path(os.environ.get("JPY_SESSION_NAME", "")), Path.cwd()
    named = [outlines()[name] for name in (path.stem, path.parent.name, here.name) if name in outlines()]
    return named[:1] or list(outlines().values())


def _entry(exercise: Exercise, report: Report, source: str) -> dict[str, Any]:
    """What is kept of one check."""
    unwritten = report.unwritten or report.unrepaired
    failed = not (report.passed or unwritten or report.leans_on)
    return {
        "earned": scoring.earned(scoring.share(report), exercise.points),
        "of": exercise.points,
        "passed": report.passed,
        "unwritten": unwritten,
        "failures": [source] if failed else [],
    }


def _record(known: State, name: str, entry: dict[str, Any]) -> None:
    """Put a check in the place of the one before; an answer that failed already counts once."""
    failures = dict.fromkeys([*_failures(known["checks"].get(name)), *entry["failures"]])
    known["checks"][name] = entry | {"failures": list(failures)}


def _failures(entry: object) -> list[str]:
    found = entry.get("failures") if isinstance(entry, dict) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _offered(exercise: Exercise, entry: object) -> int:
    """How many hints have been offered: the first after two answers that failed, then one after each."""
    return min(max(len(_failures(entry)) - 1, 0), len(exercise.hints))


def _hint(exercise: Exercise, report: Report, now: State) -> tuple[str, str]:
    """The hint that is due, as text and closed in HTML.

    None is beside a right answer, an unwritten one, or one that fails because of another.
    """
    entry = now["checks"][exercise.name]
    place = _offered(exercise, entry)
    if not place or entry["passed"] or entry["unwritten"] or report.leans_on:
        return "", ""
    import mistune

    words, title = exercise.hints[place - 1], f"Hint {place} of {len(exercise.hints)}"
    marked_up = mistune.create_markdown(escape=True, plugins=["math"])(words)
    text = "\n  ".join(words.splitlines())
    summary = f'<summary style="cursor:pointer">{title}</summary>'
    return f"  {title}: {text}\n", f'<details style="{_BOX}">{summary}{marked_up}</details>'


def _row(exercise: Exercise, entry: object) -> Row:
    """An exercise as it is known; what is not as `_entry` writes it counts as never checked."""
    known = entry if isinstance(entry, dict) else {}
    earned = known.get("earned")
    if not isinstance(earned, int | float) or not 0 <= earned <= exercise.points:
        return Row(exercise, 0.0, "not checked yet", 0)
    if known.get("unwritten"):
        words = "not repaired yet" if exercise.broken else "not written yet"
    elif known.get("passed"):
        words = "right"
    else:
        words = "partly right" if earned else "not right yet"
    return Row(exercise, float(earned), words, _offered(exercise, known))


def _used(row: Row) -> str:
    return f"{row.hints} of {len(row.exercise.hints)}" if row.exercise.hints else "none there"


def _next(row: Row) -> str:
    return "next (going further)" if row.exercise.further else "next"
