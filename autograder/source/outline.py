"""The outline of a notebook: what it asks for, as students' copies of the course know it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from autograder.errors import CourseError
from autograder.source.notebook import Cell, Source
from autograder.source.points import exercises_further, further
from gradus.checking.naming import Place
from gradus.learning.outline import Exercise, Field, Outline, Prediction
from gradus.learning.sources import fingerprint_in

_FIELDS = ("number", "choice")
_EXAMPLE = 'predict("first_run", number("loss at step 0"), choice("and then it", "falls", "rises"))'


def outline(source: Source) -> Outline:
    """What a notebook asks for.

    Raises
    ------
    CourseError
        If a prediction is not written out, or two have one id.
    """
    exercises = tuple(_exercise(source, number, name) for number, name in enumerate(source.exercises, 1))
    predictions: dict[str, Prediction] = {}
    waiting: dict[str, str] = {}
    for cell, call in calls(source, "predict", "outcome"):
        where = f"{source.name}.py, {cell.label}"
        if _called(call) == "outcome":
            told = _told(where, call, predictions)
            waiting.pop(told.id, None)
            continue
        prediction = _prediction(where, call)
        if prediction.id in predictions:
            raise CourseError(f"{where}: a second prediction has the id {prediction.id!r}. Give it its own.")
        predictions[prediction.id] = prediction
        waiting[prediction.id] = where
    for id, where in waiting.items():
        raise CourseError(
            f'{where}: nothing tells what comes of it. Write outcome("{id}", ...) below, one value a field.'
        )
    points = sum(cell.points for cell in source.cells)
    return Outline(
        source.name,
        source.title,
        source.minutes,
        points,
        source.builds_on,
        exercises,
        tuple(predictions.values()),
        *further(source),
    )


def text(source: Source) -> str:
    """The outline of a notebook as JSON."""
    return json.dumps(asdict(outline(source)), ensure_ascii=False, indent=1) + "\n"


def _exercise(source: Source, number: int, name: str) -> Exercise:
    hints = tuple(cell.source for cell in source.cells if (cell.kind, cell.name) == ("hint", name))
    heading = source.heading_above(name)
    anchor = Place(heading.id, source.number, heading.title).anchor if heading else ""
    broken = fingerprint_in(source.broken[name], name) if name in source.broken else ""
    return Exercise(name, source.exercises[name], number, hints, anchor, broken, name in exercises_further(source))


def calls(source: Source, *names: str) -> Iterator[tuple[Cell, ast.Call]]:
    """Calls of some functions in the code of a notebook, in order, with their cells."""
    for cell in source.cells:
        if cell.cell_type == "code" and any(f"{name}(" in cell.source for name in names):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Call) and _called(node) in names:
                    yield cell, node


def _prediction(where: str, call: ast.Call) -> Prediction:
    try:
        id, *fields = call.args
        found = Prediction(_text(id), tuple(map(_field, fields)))
    except ValueError:
        found = Prediction("", ())
    if not (found.id.isidentifier() and found.fields) or call.keywords:
        raise CourseError(f"{where}: a prediction is written out in full, an id and its fields: {_EXAMPLE}")
    return found


def _told(where: str, call: ast.Call, predictions: Mapping[str, Prediction]) -> Prediction:
    """The prediction that an outcome tells about; what it tells may be computed."""
    first, *values = call.args or [ast.Constant("")]
    asked = predictions.get(str(getattr(first, "value", "")))
    if asked is None:
        raise CourseError(f"{where}: an outcome starts with the id of a prediction that stands above it.")
    if len(values) != len(asked.fields) or {keyword.arg for keyword in call.keywords} - {"because"}:
        raise CourseError(f"{where}: an outcome has one value for each field of its prediction, and because=.")
    for field, value in zip(asked.fields, values, strict=True):
        if isinstance(value, ast.Constant):
            try:
                field.read(value.value)
            except ValueError as problem:
                raise CourseError(f"{where}: this is no answer to its own prediction. {problem}") from None
    return asked


def _field(node: ast.expr) -> Field:
    if not isinstance(node, ast.Call) or _called(node) not in _FIELDS or len(node.args) < 1:
        raise ValueError
    label, *rest = map(_text, node.args)
    named = {keyword.arg: _text(keyword.value) for keyword in node.keywords}
    kind = _called(node)
    if kind == "number" and not rest and named.keys() <= {"unit"}:
        return Field(kind, label, named.get("unit", ""))
    if kind == "choice" and len(set(rest)) == len(rest) >= 2 and not named:
        return Field(kind, label, options=tuple(rest))
    raise ValueError


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError
