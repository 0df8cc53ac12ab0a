"""The form of a prediction in a notebook: one widget that hands on what was answered."""

from __future__ import annotations

from html import escape
from pathlib import Path

import anywidget
import traitlets

from gradus.learning.outline import Field, Prediction

_HERE = Path(__file__).parent


class Form(anywidget.AnyWidget):
    """The form, and once there is an answer, what takes its place."""

    _esm = (_HERE / "prediction.js").read_text(encoding="utf-8")
    _css = (_HERE / "prediction.css").read_text(encoding="utf-8")
    html = traitlets.Unicode().tag(sync=True)


def html(asked: Prediction) -> str:
    """The form that asks for a prediction."""
    fields = "".join(_field(str(place), field) for place, field in enumerate(asked.fields))
    return (
        '<form class="gradus-prediction" autocomplete="off" novalidate aria-label="Your prediction">'
        f'<fieldset class="gradus-all"><legend>Your prediction</legend>{fields}<button>Lock in</button></fieldset>'
        '<p class="gradus-problem" role="alert"></p><p class="gradus-note" role="status"></p></form>'
    )


def _field(name: str, field: Field) -> str:
    if field.kind == "number":
        unit = f" {escape(field.unit)}" if field.unit else ""
        entry = f'<span><input name="{name}" inputmode="decimal" size="8">{unit}</span>'
        return f"<label>{escape(field.label)} {entry}</label>"
    options = "".join(
        f'<label><input type="radio" name="{name}" value="{escape(option)}"> {escape(option)}</label>'
        for option in field.options
    )
    return f'<fieldset class="gradus-choice"><legend>{escape(field.label)}</legend>{options}</fieldset>'
