"""The command line of the instructor's side: ``autograder --help`` lists its commands."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from autograder.course import Course, CourseError
from autograder.grading.gate import plain
from autograder.source.new import KINDS

console = Console(stderr=True)
out = Console()


class _Commands(click.Group):
    """A group whose commands turn a ``CourseError`` into a message and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            _say(console, "error:", "bold red", "\n".join(plain(line, 1000) for line in str(error).splitlines()))
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Build, grade and understand a Gradus course."""
    # nbgrader starts alembic from PATH: without the environment's bin it leaves a half-made gradebook behind.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no name is worth a run that ends in a traceback


@main.command()
@click.argument("name")
@click.argument("title")
def new(name: str, title: str) -> None:
    """Begin a notebook, such as 05_optimizers "Optimizers": write all of its files, to be filled in."""
    from autograder.source import new as writing

    course = Course.find()
    for path in writing.new(course, name, title):
        console.print(f"wrote {path.relative_to(course.root)}", highlight=False)
    console.print(f"Next: autograder new-exercise NAME --in {name} --kind pure", highlight=False, soft_wrap=True)


@main.command("new-exercise")
@click.argument("name")
@click.option("--in", "assignment", required=True, help="The notebook: its name, number or topic.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="What it is; may be repeated (default: pure)."
)
@click.option("--points", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--minutes", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--section", default="", help="Id of the section to whose end it goes (default: one of its own).")
def new_exercise(name: str, assignment: str, kinds: tuple[str, ...], points: int, minutes: int, section: str) -> None:
    """Add an exercise to a notebook: cells, drive, cases, slips and variants, an example to be changed."""
    from autograder.source import new as writing

    course = Course.find()
    chosen = course.assignment(assignment)
    for path in writing.new_exercise(course, chosen, name, kinds, writing.Place(points, minutes, section)):
        console.print(f"added {name} to {path.relative_to(course.root)}", highlight=False, soft_wrap=True)
    console.print(
        f"Next: autograder build {chosen.name}, which names every place to be filled in.",
        highlight=False,
        soft_wrap=True,
    )


@main.command()
@click.argument("assignments", nargs=-1)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if a generated file is stale.")
@click.option("--draft", is_flag=True, help="Build although there are places to be filled in.")
def build(assignments: tuple[str, ...], only_check: bool, draft: bool) -> None:
    """Make student notebooks and public cases from solutions/ (of all assignments by default)."""
    from autograder.source import build as building

    course = Course.find()
    chosen = [course.assignment(name) for name in assignments] or course.assignments()
    if only_check:
        stale = building.stale(course, chosen)
        for name in stale:
            console.print(f"stale: {name}")
        sys.exit(bool(stale))
    for path in building.build(course, chosen, draft=draft):
        console.print(f"built {path.relative_to(course.root)}", highlight=False)


@main.command()
@click.argument("assignment")
@click.option(
    "--submissions",
    type=click.Path(path_type=Path),
    help="Folder laid out as <student>/<assignment>/<assignment>.ipynb (default: course/submitted).",
)
@click.option("--students", multiple=True, help="Whom to grade, repeated or separated by commas (default: everybody).")
@click.option("--workers", type=click.IntRange(min=1), default=os.cpu_count() or 2, show_default=True)
@click.option("--feedback/--no-feedback", default=True, show_default=True, help="Write the feedback pages.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results to this file, too.")
def grade(
    assignment: str,
    submissions: Path | None,
    students: tuple[str, ...],
    workers: int,
    feedback: bool,
    json_file: Path | None,
) -> None:
    """Grade the class: scores into the gradebook, a feedback page for everybody.

    Exit code 1 means that a submission was not graded; which one, and why, is said.
    """
    from autograder.grading import batch as grading

    course = Course.find()
    chosen = course.assignment(assignment)
    if json_file and not json_file.resolve().parent.is_dir():
        raise CourseError(f"There is no folder {json_file.resolve().parent} to write {json_file.name} into.")
    names = tuple(name.strip() for group in students for name in group.split(",") if name.strip())
    with _progress() as advance:
        results = grading.grade(
            course,
            chosen,
            submissions=submissions,
            students=names,
            workers=workers,
            feedback=feedback,
            progress=advance,
        )
        if json_file:  # before anything is printed: whoever reads along may have gone
            json_file.write_text(grading.as_json(results), encoding="utf-8")
    out.print(_table(chosen.name, results))
    for result in results:
        if result.problem:
            _say(console, f"{plain(result.student)} was not graded:", "bold red", plain(result.problem, 1000))
        for remark in result.remarks:
            _say(console, f"{plain(result.student)}:", "yellow", plain(remark, 1000))
    _say(out, "gradebook:", "", str(course.work / "gradebook.db"))
    if feedback:
        _say(out, "feedback: ", "", str(course.work / "feedback"))
    if any(result.problem for result in results):
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--exercise", "exercises", multiple=True, help="Judge only this exercise (may be repeated).")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of reports.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Wall time one exercise may take.")
def evaluate(file: Path, exercises: tuple[str, ...], as_json: bool, seconds: float) -> None:
    """Judge a Python file whose functions and classes are named after exercises."""
    from autograder.judging import evaluate as evaluating

    verdicts = evaluating.evaluate(Course.find(), file, exercises, seconds)
    if as_json:
        print(json.dumps([evaluating.as_json(verdict) for verdict in verdicts], indent=1))
    else:
        for verdict in verdicts:
            print(f"{verdict.report}\n  score {verdict.share:.0%}\n")


@main.command()
@click.argument("assignment")
@click.option("--students", type=click.IntRange(min=1), default=24, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Where to (default: course/simulated).")
def simulate(assignment: str, students: int, seed: int, folder: Path | None) -> None:
    """Make up a class: answers drawn from the reference, from slips and from accidents."""
    from autograder.classroom import simulate as simulating

    course = Course.find()
    target = folder or course.work / "simulated"
    made = simulating.simulate(course, course.assignment(assignment), students, seed, target)
    _say(out, f"{len(made)} submissions in", "", str(target))


@main.command()
@click.argument("assignment")
@click.option("--out", "file", type=click.Path(path_type=Path), help="The page to write (default: course/reports/).")
def report(assignment: str, file: Path | None) -> None:
    """Write the class report: scores, success per exercise, known slips counted."""
    from autograder.classroom import class_report as reporting

    course = Course.find()
    chosen = course.assignment(assignment)
    target = file or course.work / "reports" / f"{chosen.name}.html"
    _say(out, "report:", "", str(reporting.class_report(course, chosen, target)))


@main.command()
@click.option("--out", "file", type=click.Path(path_type=Path), help="The zip to write (default: course/gradus.zip).")
def bundle(file: Path | None) -> None:
    """Pack what students get: notebooks, gradus, data; checked for leaks."""
    from autograder.source import bundle as bundling

    course = Course.find()
    target = bundling.bundle(course, file or course.work / "gradus.zip")
    _say(out, "bundle:", "", str(target))


def _say(where: Console, head: str, style: str, text: str) -> None:
    """A line as it stands: what looks like markup in it is none."""
    where.print(Text.assemble((head, style), " ", text), highlight=False, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        known: dict[str, Any] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in known:
                known[stage] = bars.add_task(stage, total=total)
            bars.update(known[stage], completed=done)

        yield advance


def _table(name: str, results: list[Any]) -> Table:
    exercises = list(dict.fromkeys(exercise for result in results for exercise in result.scores))
    legend = ", ".join(f"{number} {exercise}" for number, exercise in enumerate(exercises, 1))
    most = max((result.max_score for result in results), default=0.0)
    table = Table(
        title=name, caption=legend, header_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("student", no_wrap=True, overflow="ellipsis")
    for number in range(1, len(exercises) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column(f"of {most:g}", justify="right", style="bold", no_wrap=True)
    table.add_column("to mark", justify="right", no_wrap=True)
    for result in results:
        student = Text(plain(result.student, 40))
        if result.problem:
            table.add_row(student, *["-"] * len(exercises), "-", "-", style="red")
            continue
        points = [f"{result.scores[exercise]:g}" for exercise in exercises]
        table.add_row(student, *points, f"{result.score:g}", str(result.manual))
    return table
