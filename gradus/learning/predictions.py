"""Predictions: a learner commits to an answer before a cell is run, and reads it again beside the outcome.

``predict`` asks. Its first answer is locked and kept twice, beside the notebooks and as an output of its cell, which
travels with whatever is handed in. ``outcome`` tells; until there is an answer, what it tells stays folded. Where
nobody can click, both are plain text, and the answers may stand in the call: ``predict(..., answers=[0, "falls"])``.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from gradus.learning.kept import RECORD, keep, recalled
from gradus.learning.outline import Answers, Field, Prediction, of_prediction
from gradus.learning.telling import against, said

if TYPE_CHECKING:
    from gradus.learning.form import Form

OUTCOME = "application/vnd.gradus.outcome+json"
"""Type of the output that holds what came of it: ``{"id": ..., "values": [...]}``."""
_WIDGET = "application/vnd.jupyter.widget-view+json"
_EXAMPLE = 'predict("first_run", number("loss at step 0"), choice("and then it", "falls", "rises"))'
_LOOK = "border-left:5px solid {};padding:.5em .9em;margin:.3em 0;background:#fafafa;color:#1a1a1a;max-width:62em"
_FOLDED = "Predict first. Your answer and the outcome then stand here, side by side."
_BEFORE, _AFTER = "#0072B2", "#007a5a"

Bundle = dict[str, Any]


@dataclass(frozen=True)
class _Told:
    """What an outcome says."""

    values: Answers
    because: str


_asked: dict[str, Prediction] = {}
_told: dict[str, _Told] = {}
_forms: dict[str, list[Form]] = {}


def number(label: str, unit: str = "") -> Field:
    """Ask for a number.

    Parameters
    ----------
    label : str
        What it is the number of.
    unit : str
    """
    return Field("number", label, unit)


def choice(label: str, *options: str) -> Field:
    """Ask for one of several options.

    Parameters
    ----------
    label : str
    *options : str
        Two or more.
    """
    return Field("choice", label, options=options)


def predict(id: str, *fields: Field, answers: object = None) -> None:
    """Ask for a prediction; the first answer stays.

    Parameters
    ----------
    id : str
        Name of the prediction.
    *fields : Field
        What it asks for: each a `number` or a `choice`.
    answers : list, optional
        Your answers, where there is no form to click: one for each field.
    """
    if not fields or not all(isinstance(field, Field) for field in fields):
        print(f"A prediction has a name and says what it asks for: {_EXAMPLE}")
        return
    asked = _asked[id] = Prediction(id, fields)
    kept = recalled(asked)
    if answers is not None:
        try:
            given = asked.read(answers)
        except ValueError as problem:
            print(problem)
            return
        if kept and kept != given:
            print("Your first answer stays.")
        kept = kept or keep(asked, given)
    if kept:
        _show(record(asked, kept), "prediction", id)
        _tell(id)
    elif not _somebody_is_there():
        print(_in_words(asked))
    else:
        _show(_form(asked), "prediction", id)


def outcome(id: str, *values: object, because: str = "") -> None:
    """Tell what came of a prediction, beside what was predicted; folded as long as nothing was.

    Parameters
    ----------
    id : str
        Name of the prediction.
    *values : object
        One for each thing it asked for: a number or the words of an option.
    because : str
        The reason. Words in backticks are set as code.
    """
    told = _Told(tuple(map(_plain, values)), because)
    if len(told.values) != len(_prediction(id, told).fields):
        print(f"The outcome of {id} needs one value for each thing that was predicted.")
        return
    _told[id] = told
    _show(_comparison(id), "outcome", id)


def record(asked: Prediction, answers: Answers) -> Bundle:
    """The output that keeps a prediction, to be read by people and by programs."""
    lines = [f"{field.label}: {said(field, answer)}" for field, answer in zip(asked.fields, answers, strict=True)]
    return {
        "text/plain": "\n".join(["Your prediction, locked:", *(f"  {line}" for line in lines)]),
        "text/html": _box("Your prediction, locked", _BEFORE, lines),
        RECORD: {"id": asked.id, "answers": list(answers)},
    }


def _receive(asked: Prediction, form: Form, texts: list[str]) -> None:
    """Take what was written into a form. Of several that are open, the first one counts."""
    kept = recalled(asked)
    if kept is None:
        answers: list[float | str] = []
        for field, text in zip(asked.fields, texts, strict=True):
            try:
                answers.append(field.read(_number(field, text) if field.kind == "number" else text))
            except ValueError as problem:
                form.send({"problem": str(problem), "field": len(answers)})
                return
        kept = keep(asked, tuple(answers))
    bundle = record(asked, kept)
    for one in {form, *_forms.pop(asked.id, [])}:
        one.html = bundle["text/html"]
    _show(bundle, "prediction", asked.id, update=True)
    _tell(asked.id)


def _tell(id: str) -> None:
    """Unfold an outcome that was run before its prediction was made."""
    if id in _told and len(_told[id].values) == len(_asked[id].fields):
        _show(_comparison(id), "outcome", id, update=True)


def _number(field: Field, text: str) -> float | str:
    """The number that people mean who write 2.5, 2,5, −1e-3 or 2.5 nats; the text itself if there is none."""
    plain, unit = (re.sub(r"\s", "", each).replace("−", "-") for each in (text, field.unit))
    if unit and plain.casefold().endswith(unit.casefold()):
        plain = plain[: -len(unit)]
    if plain.endswith("%"):
        plainly = f"in {field.unit}, without %" if field.unit else "without %, such as 0.5 for 50 %"
        raise ValueError(f"{field.label}: write a number {plainly}.")
    if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", plain):
        raise ValueError(
            f"“{text.strip()}” can be read in two ways: write {plain.replace(',', '')} or {plain.replace(',', '.')}."
        )
    try:
        return float(plain.replace(",", "."))
    except ValueError:
        return text


def _plain(value: Any) -> float | str:
    if isinstance(value, str):
        return value
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):  # the last one is torch's
        return str(value)


def _prediction(id: str, told: _Told) -> Prediction:
    """What was asked: by this kernel, by the course, or else made up to fit."""
    if id in _asked:
        return _asked[id]
    if known := of_prediction(id):
        return known[1]
    made = [number("outcome") if isinstance(value, float) else choice("outcome", value) for value in told.values]
    return Prediction(id, tuple(made))


def _comparison(id: str) -> Bundle:
    """What an outcome shows: beside the answer if there is one, else behind a fold."""
    told = _told[id]
    asked = _prediction(id, told)
    kept = recalled(asked)
    pairs = list(zip(asked.fields, told.values, strict=True))
    if kept:
        title = "Your prediction and the outcome"
        lines = [against(*pair, answer, recalled=asked.recalls) for pair, answer in zip(pairs, kept, strict=True)]
    else:
        title = "The outcome"
        lines = [f"{field.label}: {said(field, value)}" for field, value in pairs]
    text = "\n".join([f"{title}:", *(f"  {line}" for line in lines), *filter(None, [told.because])])
    html = _box(title, _AFTER, lines, told.because)
    if not kept:
        html = f"<details><summary>{_FOLDED}</summary>{html}</details>"
        text = _FOLDED if _somebody_is_there() else text
    values = [value if isinstance(value, str) or math.isfinite(value) else str(value) for value in told.values]
    return {"text/plain": text, "text/html": html, OUTCOME: {"id": id, "values": values}}


def _box(title: str, colour: str, lines: list[str], because: str = "") -> str:
    rows = "".join(f"<li>{escape(line)}</li>" for line in lines)
    paragraphs = (re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(part)) for part in because.split("\n\n") if part)
    reasons = "".join(f'<p style="margin:.4em 0 0">{part}</p>' for part in paragraphs)
    return (
        f'<section aria-label="{title}" style="{_LOOK.format(colour)}"><p style="margin:0"><strong>{title}</strong></p>'
        f'<ul style="margin:.2em 0;padding-left:1.2em">{rows}</ul>{reasons}</section>'
    )


def _in_words(asked: Prediction) -> str:
    """The question, where there is no form."""
    rows = [
        f"  {field.label}: {' / '.join(field.options) or 'a number' + (f' ({field.unit})' if field.unit else '')}"
        for field in asked.fields
    ]
    return "\n".join(["Predict:", *rows, "Write your answers into the call, at its end: answers=[...]"])


def _form(asked: Prediction) -> Bundle:
    from gradus.learning.form import Form, html

    form = Form(html=html(asked))
    form.on_msg(lambda form, message, _: _receive(asked, form, message["answers"]))
    _forms.setdefault(asked.id, []).append(form)
    return {
        "text/plain": _in_words(asked),
        _WIDGET: {"version_major": 2, "version_minor": 0, "model_id": form.model_id},
    }


def _show(bundle: Bundle, part: str, id: str, update: bool = False) -> None:
    if _shell() is None:
        print(bundle["text/plain"])
        return
    from IPython.display import display

    display(bundle, raw=True, display_id=f"gradus-{part}-{id}", update=update)


def _shell() -> Any:
    """The IPython that runs this, None outside of one."""
    shell = sys.modules.get("IPython")
    return shell.get_ipython() if shell else None


def _somebody_is_there() -> bool:
    """Whether somebody sits before the notebook: whoever runs it as a whole lets it ask for no input."""
    kernel = getattr(_shell(), "kernel", None)
    request: dict[str, Any] = getattr(kernel, "get_parent", dict)()
    return bool(request.get("content", {}).get("allow_stdin"))
