"""What a class predicted, counted: before the outcome is known, and against it."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograder.classroom.results import Submission
from autograder.classroom.svg import svg
from autograder.source.notebook import Source
from autograder.source.outline import calls, outline
from gradus import plots
from gradus.learning.outline import Answers, Field, Prediction
from gradus.learning.telling import is_near, is_right, said

_BARE = Field("number", "")
_COLUMNS = 45
_WIDE = 50  # from this factor between the largest and the smallest number on, the scale is one of factors
_DECADES = 12
_BEYOND = 1e6  # times larger than what came and than what is usual: no picture shows both


@dataclass(frozen=True)
class Option:
    """One option of a choice, and who chose it."""

    text: str
    students: tuple[str, ...]
    right: bool

    @property
    def count(self) -> int:
        """Number of students."""
        return len(self.students)


@dataclass(frozen=True)
class Guess:
    """What the class answered to one field of a prediction.

    Attributes
    ----------
    field : Field
    answers : tuple of (str, float or str)
        Students and their answers.
    outcome : float, str or None
        What came, None if that is not known.
    key : str
        An id for its picture.
    """

    field: Field
    answers: tuple[tuple[str, float | str], ...]
    outcome: float | str | None
    key: str

    @property
    def options(self) -> list[Option]:
        """The options of a choice, as they stand in the notebook."""
        who = defaultdict(list)
        for student, answer in self.answers:
            who[answer].append(student)
        return [Option(text, tuple(who[text]), text == self.outcome) for text in self.field.options]

    @property
    def right(self) -> tuple[str, ...]:
        """Students who said what came; a number may be a hundredth off."""
        return tuple(student for student, answer in self.answers if is_right(self._came, answer))

    @property
    def before(self) -> str:
        """What the class expects, in a sentence."""
        if self.field.kind == "number":
            low, middle, high = (
                said(_BARE, float(f"{quarter:.3g}")) for quarter in np.percentile(self._numbers, [25, 50, 75])
            )
            beyond = len(self.answers) - len(self.shown)
            far = f" {beyond} said far more than the picture shows." if beyond else ""
            return f"The median is {middle}; the middle half of the class lies between {low} and {high}.{far}"
        most = max(self.options, key=lambda one: one.count)
        return f"{most.count} of {len(self.answers)} say “{most.text}”."

    @property
    def after(self) -> str:
        """How that compares with what came, in a sentence or two."""
        if self.outcome is None:
            return "What comes of it could not be read from the solution."
        came, total = self.outcome, len(self.answers)
        first = (
            f"It is {said(self.field, came)}. "
            if self.field.kind == "number"
            else f"What happens: {said(self.field, came)}. "
        )
        first += f"{len(self.right)} of {total} said so."
        if isinstance(came, str) or not math.isfinite(came):
            return first
        wrong = [answer for answer in self._numbers if not is_right(came, answer)]
        near = sum(is_near(came, answer) for answer in wrong)
        below = sum(answer < came for answer in wrong)
        return (
            f"{first} {near} came within a quarter; {below} said less, {len(wrong) - below} more." if wrong else first
        )

    @property
    def picture(self) -> Markup:
        """Every number as a dot, and what came as a line, which the page can hide."""
        return _strip(self)

    @property
    def shown(self) -> list[float]:
        """The numbers that one picture can show: not those a million times larger than others."""
        came = abs(self.outcome) if isinstance(self.outcome, float) and math.isfinite(self.outcome) else 0.0
        usual = max(came, float(np.median(np.abs(self._numbers)))) or 1.0
        return [value for value in self._numbers if abs(value) <= _BEYOND * usual]

    @property
    def _came(self) -> float | str:
        return math.nan if self.outcome is None else self.outcome

    @property
    def _numbers(self) -> list[float]:
        return [float(answer) for _, answer in self.answers]


@dataclass(frozen=True)
class Predicted:
    """A prediction as the class made it.

    Attributes
    ----------
    id : str
    title : str
        The section of the notebook in which it is asked.
    question : Markup
        What stands before it.
    total : int
        Number of students who answered.
    guesses : tuple of Guess
        One for each field.
    """

    id: str
    title: str
    question: Markup
    total: int
    guesses: tuple[Guess, ...]


def predicted(source: Source, submissions: Iterable[Submission], came: Mapping[str, Answers]) -> list[Predicted]:
    """The predictions of a notebook that at least one student answered, in order.

    Parameters
    ----------
    source : Source
    submissions : iterable of Submission
    came : mapping of str to tuple
        What came of them, by id.
    """
    given = [(one.student, one.predictions) for one in submissions]
    places = {str(getattr(call.args[0], "value", "")): cell.index for cell, call in calls(source, "predict")}
    found = []
    for asked in outline(source).predictions:
        answers = [(student, fit) for student, made in given if (fit := _fitting(asked, made.get(asked.id)))]
        if answers:
            title, question = _context(source, places[asked.id])
            values = came.get(asked.id, (None,) * len(asked.fields))
            guesses = tuple(
                Guess(
                    field,
                    tuple((student, fit[place]) for student, fit in answers),
                    values[place],
                    f"{asked.id}-{place}",
                )
                for place, field in enumerate(asked.fields)
            )
            found.append(Predicted(asked.id, title, question, len(answers), guesses))
    return found


def _fitting(asked: Prediction, answers: object) -> Answers | None:
    """Answers that still fit what is asked: the notebook may have been corrected since."""
    try:
        return asked.read(answers)
    except ValueError:
        return None


def _context(source: Source, index: int) -> tuple[str, Markup]:
    """The section in which a cell stands, and the question before it."""
    above = [cell for cell in source.cells[:index] if cell.cell_type == "markdown"]
    headings = [
        heading.title
        for heading in source.headings.values()
        if any(f"{{#{heading.id}}}" in cell.source for cell in above)
    ]
    asked = re.search(r"\*\*Predict\.?\*\*\.?\s*(.+?)\s*\Z", above[-1].source if above else "", re.S)
    text = re.sub(r"\s+", " ", asked[1]).replace("**", "") if asked else ""
    text = re.sub(r"\$|\\(?=[a-z])", "", text)  # short formulas can be read without their marks
    return (headings or [source.title])[-1], Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _strip(guess: Guess) -> Markup:
    came = guess.outcome if isinstance(guess.outcome, float) and math.isfinite(guess.outcome) else None
    scale = _Scale.of([*guess.shown, *([] if came is None else [came])])
    at = sorted(map(scale.place, guess.shown))
    line = [] if came is None else [scale.place(came)]
    low, high = min([*at, *line]), max([*at, *line])
    edge = 0.04 * (high - low) or 1.0
    dots = list(_stacked(at, low - edge, (high - low + 2 * edge) / _COLUMNS))
    top = max(height for _, height in dots)
    with plots.use_style("report"):
        figure = Figure(figsize=(6.4, 2.1))
        ax = figure.subplots()
        ax.plot(*zip(*dots, strict=True), "o", markersize=min(9.0, 100 / (top + 1)), color=plots.BLUE)
        for place in line:
            ax.axvline(place, color=plots.GREEN, linewidth=3, gid="came-line")
            near_the_end = place > low + 0.7 * (high - low)
            ax.annotate(
                said(guess.field, float(came or 0)),
                (place, 1.0),
                (-6 if near_the_end else 6, -2),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="right" if near_the_end else "left",
                va="top",
                color=plots.ink("test"),
                weight="bold",
                gid="came-words",
            )
        ax.set(xlim=(low - edge, high + edge), ylim=(0, 1.2 * max(top, 8)), yticks=[])
        ax.set_xticks(*scale.ticks(low, high))
        ax.set_xlabel(f"{guess.field.label} ({guess.field.unit})" if guess.field.unit else guess.field.label)
        ax.grid(False)
        ax.spines[["left"]].set_visible(False)
    counted = Counter(said(guess.field, value) for value in sorted(guess.shown)).most_common(12)
    spoken = ", ".join(f"{count} at {text}" for text, count in counted)
    return svg(figure, guess.key, f"Dots on a line, one for each student: {spoken}.")


def _stacked(at: Iterable[float], left: float, width: float) -> Iterator[tuple[float, float]]:
    """Dots in columns, one upon the other."""
    heights: Counter[int] = Counter()
    for position in at:
        column = int((position - left) / width)
        heights[column] += 1
        yield left + (column + 0.5) * width, heights[column] - 0.5


@dataclass(frozen=True)
class _Scale:
    """Where numbers stand on a line: as they are, or, where they differ much, by factors of ten with 0 in between.

    Attributes
    ----------
    decade : int or None
        The power of ten at 1, from which on a step to the right is a factor of 10; None on a plain scale.
    """

    decade: int | None

    @staticmethod
    def of(values: list[float]) -> _Scale:
        sizes = [abs(value) for value in values if value]
        if not sizes or max(sizes) <= _WIDE * min(sizes):
            return _Scale(None)
        smallest, largest = (math.floor(math.log10(size)) for size in (min(sizes), max(sizes)))
        return _Scale(max(smallest, largest - _DECADES))

    def place(self, value: float) -> float:
        if self.decade is None or not value:
            return value
        return math.copysign(max(0.0, 1 + math.log10(abs(value)) - self.decade), value)

    def ticks(self, low: float, high: float) -> tuple[list[float], list[str]]:
        if self.decade is None:
            found = [float(tick) for tick in MaxNLocator(7).tick_values(low, high) if low <= tick <= high]
            return found, [f"{tick:.4g}".replace("-", "−") for tick in found]
        whole = range(math.ceil(low), math.floor(high) + 1)
        found = [float(tick) for tick in whole[:: 1 + len(whole) // 9]]
        sizes = [math.copysign(10 ** (abs(tick) - 1 + self.decade), tick) if tick else 0.0 for tick in found]
        return found, [f"{size:g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−") for size in sizes]
