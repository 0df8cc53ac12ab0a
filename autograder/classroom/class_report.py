"""The class report: one page that tells a lecturer what the class understood, and what to say tomorrow."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograder.classroom import remarks, results
from autograder.classroom.predicted import predicted
from autograder.classroom.results import OUTCOMES, Answer, Submission
from autograder.classroom.svg import svg
from autograder.course import Assignment, Course
from autograder.grading import gate
from autograder.source.notebook import Source
from autograder.source.outcomes import outcomes
from gradus import plots
from gradus.checking import Report
from gradus.checking.exercises import GATE
from gradus.checking.naming import KnownSlip, Place
from gradus.checking.report import Group
from gradus.learning.outline import Answers

_LABELS = {
    "right": "right",
    "partial": "some groups of cases",
    "wrong": "wrong",
    "crashed": "crashed",
    "empty": "left empty",
}
_SIGNS = {"wrong": "✗", "crashed": "!", "empty": "–"}
_LONGEST = 160  # characters of anything that students can make up
# fill, and text on it
_COLOURS = {
    "right": (plots.BLUE, plots.WHITE),
    "partial": (plots.SKY, plots.BLACK),
    "wrong": (plots.VERMILLION, plots.BLACK),
    "crashed": (plots.ORANGE, plots.BLACK),
    "empty": (plots.PALE, plots.BLACK),
}


@dataclass(frozen=True)
class Counted:
    """Something that several students have in common."""

    what: str
    students: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of students."""
        return len(self.students)


@dataclass(frozen=True)
class CommonSlip:
    """A known slip, and the students who have it.

    Attributes
    ----------
    slip : KnownSlip
        As most of them read about it.
    titles : tuple of Counted
        What it was called, the commonest first: several where it has a constant that differs.
    parts : tuple of Counted
        Where it shows, if not in everything that fails, as ``"in “large scores”"``, and in whose answers.
    students : tuple of str
    """

    slip: KnownSlip
    titles: tuple[Counted, ...]
    parts: tuple[Counted, ...]
    students: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of students."""
        return len(self.students)


@dataclass(frozen=True)
class Tally:
    """What the class made of one exercise.

    Attributes
    ----------
    name : str
    max_points : float
    answers : tuple of (str, Answer)
        Students and their answers.
    outcomes : dict of str to int
        Number of students by outcome, all of ``OUTCOMES``.
    slips : tuple of CommonSlip
        The commonest first.
    groups : tuple of Counted
        Groups of cases by the students who tried and fail in them, the worst first.
    errors : tuple of Counted
        Why answers crashed.
    leaning : tuple of Counted
        Earlier exercises whose failure shows here again.
    """

    name: str
    max_points: float
    answers: tuple[tuple[str, Answer], ...]
    outcomes: dict[str, int]
    slips: tuple[CommonSlip, ...]
    groups: tuple[Counted, ...]
    errors: tuple[Counted, ...]
    leaning: tuple[Counted, ...]

    @property
    def total(self) -> int:
        """Number of students with a verdict."""
        return len(self.answers)

    @property
    def tried(self) -> int:
        """Number of students who wrote something."""
        return self.total - self.outcomes["empty"]

    @property
    def misunderstood(self) -> tuple[int, int, int]:
        """The larger, the earlier in the report: wrote something that is not right, share one slip, left it empty."""
        commonest = self.slips[0].count if self.slips else 0
        return self.tried - self.outcomes["right"], commonest, self.outcomes["empty"]

    @property
    def unnamed(self) -> int:
        """Number of wrong answers that are no known slip."""
        return sum(one.outcome in ("partial", "wrong") and not one.report.slips for _, one in self.answers)

    @property
    def mean(self) -> float:
        """Mean share of the points."""
        return float(np.mean([one.verdict.share for _, one in self.answers])) if self.answers else 0.0


def class_report(course: Course, assignment: Assignment, out: Path) -> Path:
    """Write the report on a graded assignment: one HTML file that needs nothing beside it.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    out : Path
        The file to write, or a folder to write ``<assignment>.html`` into.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    CourseError
        If nothing is graded yet.
    """
    submissions = results.read(course, assignment)
    path = out if out.suffix == ".html" else out / f"{assignment.name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    page = _page(assignment, assignment.source, submissions, outcomes(course, assignment))
    path.write_bytes(page.encode("utf-8", "replace"))  # half a surrogate pair in a name or a message is no UTF-8
    return path


def tally(exercise: str, max_points: float, submissions: Iterable[Submission]) -> Tally:
    """Count what the class made of an exercise."""
    answers = tuple((one.student, one.answers[exercise]) for one in submissions if exercise in one.answers)
    outcomes = Counter(answer.outcome for _, answer in answers)
    return Tally(
        exercise,
        max_points,
        answers,
        {outcome: outcomes[outcome] for outcome in OUTCOMES},
        slips=_common_slips([(student, answer.report) for student, answer in answers]),
        groups=_count((student, _failed_groups(answer)) for student, answer in answers),
        errors=_count((student, _errors(answer)) for student, answer in answers),
        leaning=_count((student, answer.report.leans_on) for student, answer in answers),
    )


def _count(found: Iterable[tuple[str, Iterable[str]]]) -> tuple[Counted, ...]:
    """What students have in common, the commonest first."""
    students: dict[str, list[str]] = defaultdict(list)
    for student, whats in found:
        for what in dict.fromkeys(map(_short, whats)):
            students[what].append(student)
    return tuple(sorted((Counted(what, tuple(who)) for what, who in students.items()), key=lambda one: -one.count))


def _common_slips(reports: Sequence[tuple[str, Report]]) -> tuple[CommonSlip, ...]:
    """The slips that were named, by their ids, which outlive their words."""
    found: dict[str, list[tuple[str, KnownSlip, str]]] = defaultdict(list)
    for student, report in reports:
        for named in {named.slip.id: named for named in report.slips}.values():
            found[named.slip.id].append((student, named.slip, report.where(named).strip()))
    slips = []
    for having in found.values():
        titles = _count((student, [slip.title]) for student, slip, _ in having)
        parts = _count((student, [where] if where else []) for student, _, where in having)
        usual = next(slip for _, slip, _ in having if _short(slip.title) == titles[0].what)
        slips.append(CommonSlip(usual, titles, parts, tuple(student for student, *_ in having)))
    return tuple(sorted(slips, key=lambda one: -one.count))


def _failed_groups(answer: Answer) -> list[str]:
    """The titles of the groups of cases that an answer fails in; only the gate's, where it fails in that."""
    tried = answer.outcome in ("partial", "wrong")
    failed = [group for group in answer.report.groups if group.passed < group.of] if tried else []
    return [group.title for group in failed if group.id == GATE] or [group.title for group in failed]


def _errors(answer: Answer) -> list[str]:
    """Why an answer crashed, if it did, in so few words that the same accident is counted once."""
    if answer.outcome != "crashed":
        return []
    report = answer.report
    return [report.unanswered or (report.failure.message.removeprefix("Your code raised ") if report.failure else "")]


def _short(text: object, longest: int = _LONGEST) -> str:
    """What a student may have made up, in one line of plain characters."""
    line = "".join(
        sign if sign.isprintable() else " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}" for sign in str(text)
    )
    line = re.sub(r" +", " ", line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


@dataclass(frozen=True)
class Advice:
    """One thing to say in the next lecture.

    Attributes
    ----------
    about : Place or str
        The paragraph of the course that explains it, or the exercise.
    students : tuple of str
        Whom it concerns.
    slips : tuple of (str, CommonSlip)
        The slips behind it with their exercises, the commonest first.
    text : str
        What happened, where no known slip explains it.
    """

    about: Place | str
    students: tuple[str, ...]
    slips: tuple[tuple[str, CommonSlip], ...] = ()
    text: str = ""

    @property
    def count(self) -> int:
        """Number of students."""
        return len(self.students)


def advice(tallies: Sequence[Tally], most: int = 3) -> list[Advice]:
    """What to say in the next lecture: the paragraphs that most slips point to, then what else went wrong."""
    by_place: dict[tuple[str, str], list[tuple[str, CommonSlip]]] = defaultdict(list)
    for one in tallies:
        for slip in one.slips:
            by_place[slip.slip.see.notebook, slip.slip.see.id].append((one.name, slip))
    explained = []
    for slips in by_place.values():
        students = dict.fromkeys(student for _, slip in slips for student in slip.students)
        slips.sort(key=lambda item: -item[1].count)
        explained.append(Advice(slips[0][1].slip.see, tuple(students), tuple(slips)))
    others = [obstacle for one in tallies for obstacle in _other_obstacles(one)]
    for found in (explained, others):
        found.sort(key=lambda item: -item.count)
    return (explained + others)[:most]


def _other_obstacles(one: Tally) -> Iterator[Advice]:
    empty = tuple(student for student, answer in one.answers if answer.outcome == "empty")
    if empty:
        yield Advice(one.name, empty, text="Left empty. Is it clear what is asked for, or did the time run out?")
    if one.groups and not one.slips:
        yield Advice(one.name, one.groups[0].students, text=f"Answers fail in the cases “{one.groups[0].what}”.")
    if one.errors:
        yield Advice(one.name, one.errors[0].students, text=f"Answers stop with: {one.errors[0].what}")


def _page(
    assignment: Assignment, source: Source, submissions: Sequence[Submission], came: Mapping[str, Answers]
) -> str:
    in_order = [tally(name, most, submissions) for name, most in source.exercises.items()]
    tallies = sorted(in_order, key=lambda one: one.misunderstood, reverse=True)
    answers = {one.name: one.answers for one in in_order}
    said = advice(tallies)
    graded = [one for one in submissions if one.answers]
    totals = np.array([one.total for one in graded])
    maximum = max((one.maximum for one in submissions), default=0.0)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"points": _points, "short": _short, "sentence": gate.sentence}
    return environment.get_template("class_report.html.j2").render(
        title=source.title,
        assignment=assignment.name,
        submissions=submissions,
        graded=graded,
        maximum=maximum,
        quartiles=np.percentile(totals, [25, 50, 75]) if len(totals) else None,
        everything_right=sum(all(answer.outcome == "right" for answer in one.answers.values()) for one in graded),
        open_students=sum(one.waiting > 0 for one in submissions),
        open_answers=sum(one.waiting for one in submissions),
        late=sum(one.penalty > 0 for one in submissions),
        tallies=tallies,
        in_order=in_order,
        labels=_LABELS,
        signs=_SIGNS,
        commonest=max((slip.count for one in tallies for slip in one.slips), default=1),
        unjudged=any(one.answers.keys() != source.exercises.keys() for one in submissions),
        colours=_COLOURS,
        advice=said,
        predicted=predicted(source, submissions, came),
        told={(one.about.notebook, one.about.id) for one in said if isinstance(one.about, Place)},
        gates={_short(group.title) for group in _groups(submissions) if group.id == GATE},
        distribution=_distribution(totals, maximum) if len(totals) else "",
        success=_success(in_order) if graded else "",
        torch_answers=remarks.torch_where_numpy_is_asked(source, answers),
        changed=[(name, found) for name, given in answers.items() if (found := _changed(given))],
        same=remarks.same_code(source, answers),
        written=bool(source.written),
    )


def _groups(submissions: Iterable[Submission]) -> Iterator[Group]:
    for one in submissions:
        for answer in one.answers.values():
            yield from answer.report.groups


def _changed(answers: Iterable[tuple[str, Answer]]) -> tuple[Counted, ...]:
    """The arguments that answers overwrite."""
    return _count((student, answer.report.changed) for student, answer in answers)


def _points(value: float) -> str:
    return f"{round(float(value), 2):g}"


def _distribution(totals: np.ndarray, maximum: float) -> Markup:
    top = max(maximum, float(totals.max()), 1.0)
    width = next(width for width in (0.5, 1, 2, 2.5, 5, 10, 20, 50, 100, 1e9) if top / width <= 14)
    edges = np.arange(0, top + width, width)
    median = float(np.median(totals))
    with plots.use_style("report"):
        figure = Figure(figsize=(8.6, 2.6))
        ax = figure.subplots()
        counts, _ = np.histogram(np.minimum(totals, edges[-1]), edges)
        bars = ax.bar(edges[:-1] + width / 2, counts, 0.94 * width, color=plots.BLUE)
        ax.bar_label(bars, labels=[str(count) if count else "" for count in counts], padding=2)
        ax.axvline(median, color=plots.VERMILLION, linestyle="--")
        near_the_end = median > 0.75 * edges[-1]
        ax.annotate(
            f"median {_points(median)}",
            (median, 1.0),
            (-5 if near_the_end else 5, -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if near_the_end else "left",
            va="top",
            color=plots.ink("loss"),
            weight="bold",
        )
        ax.set(xlim=(0, edges[-1]), ylim=(0, 1.35 * counts.max()))
        ax.set(xlabel=f"points so far, of {_points(maximum)}", ylabel="students")
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.grid(False, axis="x")
    spoken = [
        f"{count} from {_points(low)} to {_points(low + width)}"
        for low, count in zip(edges, counts, strict=False)
        if count
    ]
    return svg(figure, "points", f"Histogram of points. Median {_points(median)}. Students: {', '.join(spoken)}.")


def _success(tallies: Sequence[Tally]) -> Markup:
    names = [one.name for one in tallies]
    largest = max(one.total for one in tallies)
    with plots.use_style("report"):
        figure = Figure(figsize=(8.6, 0.5 + 0.34 * len(tallies)))
        ax = figure.subplots()
        left = np.zeros(len(tallies))
        for outcome in OUTCOMES:
            fill, ink = _COLOURS[outcome]
            counts = np.array([one.outcomes[outcome] for one in tallies])
            bars = ax.barh(names, counts, left=left, color=fill, edgecolor=plots.WHITE, label=_LABELS[outcome])
            shown = [str(count) if count >= 0.02 * largest else "" for count in counts]
            ax.bar_label(bars, labels=shown, label_type="center", color=ink)
            left = left + counts
        ax.invert_yaxis()
        ax.grid(False)
        ax.tick_params(axis="y", length=0)
        ax.spines[:].set_visible(False)
        ax.set(xlim=(0, largest), ylim=(len(tallies) - 0.5, -0.5), xticks=[])
        figure.legend(loc="outside upper left", ncols=len(OUTCOMES), handlelength=1.2, columnspacing=1.4)
    spoken = [
        f"{one.name}: " + ", ".join(f"{count} {_LABELS[outcome]}" for outcome, count in one.outcomes.items() if count)
        for one in tallies
    ]
    return svg(figure, "success", f"Stacked bars of the outcomes. {'; '.join(spoken)}.")
