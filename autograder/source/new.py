"""``autograder new`` and ``autograder new-exercise``: write what an author then fills in, and find what is unfilled.

What is written is a small example that works. Every place to be filled in says so in a line with ``TODO(author):``,
and `unfilled` finds these lines. The texts are the templates beside this module.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2

import autograder.topics
import gradus.exercises
from autograder.course import Assignment, Course
from autograder.errors import CourseError, nearest
from autograder.source.notebook import Source
from autograder.source.writing import extended

KINDS = ("pure", "state", "random", "refusal", "function", "served", "torch")
"""What an exercise can be; they combine, see the README."""
TODO = "TODO(author):"
"""What every line that is still to be filled in contains."""

_PARTS = {
    "exercises": "the drives",
    "cases": "the cases",
    "slips": "the slips",
    "variants": "other right answers",
}
_NAME = re.compile(r"[0-9]{2}_[a-z][a-z0-9_]*")
_TAKEN = ("np", "torch", "nn", "check", "data", "demos", "plots")
_BEFORE = ("experiment", "questions")
_GROUPS = {
    "state": ("two_objects", "two objects at once"),
    "random": ("same_seed", "the same seed twice"),
    "refusal": ("refused", "what is refused"),
}
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("autograder.source"),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
    comment_start_string="{##",  # {# begins the id of a heading
    comment_end_string="##}",
)
_TEMPLATES.filters["concat"] = lambda one, other: [*one, *other]


@dataclass(frozen=True)
class Unfilled:
    """A line that is still to be filled in."""

    path: Path
    line: int
    says: str


def files(course: Course, name: str) -> dict[str, Path]:
    """Every file that belongs to an assignment, by what it is for."""
    number, _, topic = name.partition("_")
    package = course.root / "autograder" / "topics" / topic
    return {
        "solutions": course.solutions / f"{name}.py",
        "exercises": course.root / "gradus" / "exercises" / f"{topic}.py",
        "topic": package / "__init__.py",
        "cases": package / "cases.py",
        "slips": package / "slips.py",
        "variants": course.root / "tests" / "variants" / f"{topic}.py",
        "test_notebook": course.root / "tests" / f"test_notebook_{number}.py",
    }


def unfilled(course: Course, assignment: Assignment) -> list[Unfilled]:
    """The lines of an assignment's files that an author has still to fill in."""
    return [
        Unfilled(path, number, line.partition(TODO)[2].strip().strip('"'))
        for path in files(course, assignment.name).values()
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if TODO in line
    ]


def new(course: Course, name: str, title: str) -> list[Path]:
    """Write the files of a new assignment.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    CourseError
        If the name does not fit or is taken; nothing is written then.
    """
    _refuse_elsewhere(course)
    if not _NAME.fullmatch(name) or keyword.iskeyword(name[3:]):
        raise CourseError(
            f"{name!r} is no name for a notebook. Write two digits and a topic in lower case, such as 05_optimizers."
        )
    if not title.strip() or "\n" in title:
        raise CourseError('A notebook needs a title of one line: autograder new 05_optimizers "Optimizers".')
    number, _, topic = name.partition("_")
    for other in course.assignments():
        if number == other.number or topic == other.topic:
            raise CourseError(f"solutions/{other.solution.name} has that {_shared(other, number)}. Choose another.")
    targets = files(course, name)
    there = [str(path.relative_to(course.root)) for path in targets.values() if path.exists()]
    if there:
        raise CourseError(f"There is {' and '.join(there)} already, and nothing was written. Move that away first.")
    words = {"number": number, "title": title.strip(), "words": topic.replace("_", " "), "todo": TODO}
    _write({path: _TEMPLATES.get_template(f"{part}.py.j2").render(words) for part, path in targets.items()})
    return list(targets.values())


@dataclass(frozen=True)
class Place:
    """Where an exercise goes and what it is worth.

    Attributes
    ----------
    points : int
    minutes : int
    section : str
        Id of the heading of level 2 to whose end it goes; "" for a section of its own before the experiment, or else
        before the questions.
    """

    points: int = 3
    minutes: int = 5
    section: str = ""


def new_exercise(
    course: Course, assignment: Assignment, name: str, kinds: Iterable[str], place: Place | None = None
) -> list[Path]:
    """Add an exercise to the files of an assignment.

    Its cells go where ``place`` says, with a line in the notebook's first table; all the rest goes to the ends of the
    files.

    Returns
    -------
    list of Path
        What was changed.

    Raises
    ------
    CourseError
        If the name does not fit or is taken, or a file is missing or half written; nothing is written then.
    """
    _refuse_elsewhere(course)
    chosen = set(kinds) or {"pure"}
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name) or name in _TAKEN:
        raise CourseError(f"{name!r} cannot be the name of a function or class that a learner writes. Choose another.")
    if {"function", "served"} <= chosen:
        raise CourseError("A function is made beside the answer (function) or answered by the judge (served): choose.")
    targets = {part: path for part, path in files(course, assignment.name).items() if part in ("solutions", *_PARTS)}
    texts = {part: _half_written(course, part, path) for part, path in targets.items()}
    _refuse_taken(course, name, texts, {part: str(path.relative_to(course.root)) for part, path in targets.items()})
    place = place or Place()
    before = _before(assignment.source, place.section)
    values = _values(assignment.source, name, chosen, texts, place)
    row = f"# | {values['words']} | `{name}` | {place.minutes} | {place.points} |"
    cells = _with_cells(assignment.source, texts["solutions"], _render("cells.py", values), before)
    made = {"solutions": _with_row(cells, row)}
    for part, snippet in zip(_PARTS, ("drive", "cases", "slips", "variants"), strict=True):
        made[part] = extended(texts[part], _render(f"{snippet}.py", values))
    _write({targets[part]: text for part, text in made.items()})
    return list(targets.values())


def _shared(other: Assignment, number: str) -> str:
    return f"number, {number}" if other.number == number else f"topic, {other.topic}"


def _refuse_elsewhere(course: Course) -> None:
    """What lies anywhere else would never be found: exercises and topics are looked for in the packages."""
    for package, place in ((gradus.exercises, "gradus/exercises"), (autograder.topics, "autograder/topics")):
        if (course.root / place).resolve() not in {Path(path).resolve() for path in package.__path__}:
            home = Path(next(iter(package.__path__))).parents[1]
            raise CourseError(
                f"New notebooks and exercises are written in the repository that {package.__name__.partition('.')[0]} "
                f"is installed from, {home}, and this course is {course.root}. Go there first."
            )


def _half_written(course: Course, part: str, path: Path) -> str:
    """The text of a file, which has to be there and to be Python."""
    where = path.relative_to(course.root)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        says = f"{where} is missing: {_PARTS.get(part, 'the notebook')} belong there"
        raise CourseError(f"{says}. Bring it back, or begin it as `autograder new` would.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{where} cannot be read: {error}") from None
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise CourseError(f"{where}, line {error.lineno}: {error.msg}. Finish that first.") from None
    return text


def _refuse_taken(course: Course, name: str, texts: dict[str, str], paths: dict[str, str]) -> None:
    for other in course.assignments():
        if name in other.source.solutions:
            raise CourseError(f"solutions/{other.solution.name} has an exercise {name} already. Choose another name.")
    marks = {
        "exercises": rf"""@exercise\(\s*["']{name}["']""",
        "cases": rf"""_cases\(\s*["']{name}["']""",
        "slips": rf"""slips\(\s*["']{name}["']""",
        "variants": rf"""["']{name}["']\s*[\]:]""",
    }
    for part, mark in marks.items():
        if found := re.search(mark, texts[part]):
            line = texts[part].count("\n", 0, found.start()) + 1
            raise CourseError(
                f"{paths[part]}, line {line}: {name} is there already, though the notebook has no cell for it. "
                "Take it out there, or write the rest by hand."
            )
    for path in sorted([*course.root.glob("gradus/exercises/*.py"), *course.root.glob("tests/kinds/exercises/*.py")]):
        if re.search(marks["exercises"], path.read_text(encoding="utf-8", errors="replace")):
            raise CourseError(f"{path.relative_to(course.root)} has an exercise {name} already. Choose another name.")


def _values(source: Source, name: str, kinds: set[str], texts: dict[str, str], place: Place) -> dict[str, object]:
    """What the templates of an exercise need to know."""
    flags = {kind: kind in kinds for kind in KINDS}
    flags["function"] = bool(kinds & {"function", "served"})
    random, served, state = flags["random"], flags["served"], flags["state"]
    measured = random or served
    var = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    slug = var.replace("_", "-").strip("-")
    registered = [kind.upper() for kind in ("torch", "state", "random", "refusal", "function") if flags[kind]]
    constant = f"{var.upper()}_FALSE_REJECT"
    options = [f'"{name}"']
    if registered:
        options.append(f"kinds={registered[0] if len(registered) == 1 else '(' + ', '.join(registered) + ')'}")
    options += [f"measure=measure_{var}"] if measured else []
    options += [f"false_reject={constant}"] if random else []
    checking = [*registered, "exercise"]
    checking += ["Facts", "Value"] if measured else []
    checking += ["Law"] if measured else []
    checking += ["family"] if flags["torch"] or (flags["function"] and not served) else []
    checking += ["serves"] if served else []
    kit = ["attempt"] * (state and flags["refusal"]) + ["results", "share"] * random
    made = [f"{var}_model"] * flags["torch"] + [f"{var}_f"] * flags["function"]
    known = _group_ids(texts["cases"])
    difficulties = {"state": state, "random": random and not state, "refusal": flags["refusal"]}
    groups = dict([("one_row", "one row"), *(_GROUPS[kind] for kind, has in difficulties.items() if has)])
    return flags | {
        "name": name,
        "var": var,
        "words": var.replace("_", " ").capitalize(),
        "section": place.section,
        "points": place.points,
        "minutes": place.minutes,
        "part": place.section or next(id for id in _ids(slug) if id not in source.headings),
        "heading": next(id for id in _ids(f"exercise-{slug}") if id not in source.headings),
        "count": len(source.solutions) + 1,
        "topic": source.topic,
        "todo": TODO,
        "constant": constant,
        "measured": measured,
        "registered": _call("@exercise", options),
        "checking": checking,
        "kit": kit,
        "made": made,
        "names": ["model"] * flags["torch"] + ["f"] * flags["function"] + ["keep", "rng"] * random,
        "groups": {id: title for id, title in groups.items() if id not in known},
        "has_torch": re.search(r"^import torch$", texts["solutions"], re.M) is not None,
    }


def _call(function: str, arguments: list[str]) -> str:
    """A call as the formatter writes it."""
    line = f"{function}({', '.join(arguments)})"
    return line if len(line) <= 120 else "\n".join([f"{function}(", *(f"    {each}," for each in arguments), ")"])


def _ids(slug: str) -> Iterator[str]:
    yield slug
    yield from (f"{slug}-{number}" for number in range(2, 100))


def _group_ids(text: str) -> set[str]:
    """Ids that the module gives words for in ``GROUPS``."""
    found = set()
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if any(isinstance(one, ast.Name) and one.id == "GROUPS" for one in targets) and isinstance(value, ast.Dict):
            found |= {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}
    return found


def _before(source: Source, section: str) -> str:
    """Id of the heading before which an exercise goes."""
    if not section:
        found = [id for id in _BEFORE if id in source.headings]
        if not found:
            raise CourseError(
                f"{source.name}.py has no heading with the id {{#questions}}, before which the exercise goes. "
                "Write one: ## Questions {#questions}"
            )
        return found[0]
    parts = [heading.id for heading in source.headings.values() if heading.level == 2]
    if section not in parts[:-1]:
        raise CourseError(
            f"{source.name}.py has no section {section!r} that an exercise can go to.{nearest(section, parts[:-1])} "
            f"There are: {', '.join(parts[:-1])}."
        )
    return parts[parts.index(section) + 1]


def _with_cells(source: Source, text: str, cells: str, before: str) -> str:
    """The notebook with more cells, before the heading with an id."""
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("# ##") and f"{{#{before}}}" in line)
    if at == 0 or not re.match(r"# ?%%", lines[at - 1]):
        raise CourseError(
            f"{source.name}.py, line {at + 1}: the heading with the id {{#{before}}}, before which the exercise goes, "
            "does not begin its cell. Put the line # %% [markdown] above it."
        )
    return "\n".join([*lines[: at - 1], *cells.strip("\n").splitlines(), "", *lines[at - 1 :]]) + "\n"


def _with_row(text: str, row: str) -> str:
    """The notebook with a row in the table of its parts, before the questions; as it is where it has no such table."""
    return re.sub(r"^# \| Questions \|", lambda questions: f"{row}\n{questions[0]}", text, count=1, flags=re.M)


def _render(name: str, values: dict[str, object]) -> str:
    return _TEMPLATES.get_template(f"exercise/{name}.j2").render(values)


def _write(texts: dict[Path, str]) -> None:
    """Write all files, each only when all of its text is there."""
    drafts = []
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(text, encoding="utf-8")
        drafts.append((draft, path))
    for draft, path in drafts:
        draft.replace(path)
