"""What a learner reads: one report for one exercise, as plain text and as accessible HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

import numpy as np

from gradus.checking.comparing import Finding

_SHOWN = 48
_RIGHT, _WRONG, _NOTE = "#007a5a", "#b3261e", "#8a5a00"


@dataclass(frozen=True)
class Misconception:
    """A known slip: its name, a sentence for the student, and where it is explained, as ``"02#Stable softmax"``."""

    name: str
    says: str
    see: str

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ")

    @property
    def anchor(self) -> str:
        """Slug of the heading, for a link inside the notebook."""
        return self.see.partition("#")[2].replace(" ", "-")

    @property
    def place(self) -> str:
        """Where to read on, in words."""
        notebook, _, heading = self.see.partition("#")
        return f"notebook {notebook}, “{heading}”"


@dataclass(frozen=True)
class Report:
    """Everything there is to say about one answer.

    Attributes
    ----------
    exercise : str
    findings : tuple of Finding
        One per case.
    misconceptions : tuple of Misconception
        Known slips that behave exactly like this answer.
    changed : tuple of str
        The caller's arrays that the answer overwrote.
    warnings : tuple of str
    leans_on : tuple of str
        Other exercises that this answer calls and whose own check fails.
    score : tuple of (float, float) or None
        Points and the most there are, where points are given.
    unanswered : str
        Why there are no findings, where there are none.
    """

    exercise: str
    findings: tuple[Finding, ...]
    misconceptions: tuple[Misconception, ...] = ()
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    leans_on: tuple[str, ...] = ()
    score: tuple[float, float] | None = None
    unanswered: str = ""

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return bool(self.findings) and all(finding.passed for finding in self.findings)

    @property
    def first_failure(self) -> Finding | None:
        """The first case that failed."""
        return next((finding for finding in self.findings if not finding.passed), None)

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        total, right = len(self.findings), sum(finding.passed for finding in self.findings)
        if self.unanswered:
            verdict = self.unanswered
        elif self.passed:
            verdict = f"all {total} cases pass" if total > 1 else "the case passes"
        elif all(finding.kind == "unwritten" for finding in self.findings):
            verdict = "not written yet"
        else:
            verdict = f"{right} of {total} cases pass"
        return f"{self.exercise}: {verdict}" + (f" ({points(self.score)})" if self.score else "")

    def groups(self) -> list[tuple[str, int, int]]:
        """Name, number of cases passed and number of cases of every group."""
        key: Callable[[Finding], str] = lambda finding: finding.case.group  # noqa: E731
        order = {name: index for index, name in reversed(list(enumerate(map(key, self.findings))))}
        found = []
        for name, members in groupby(sorted(self.findings, key=lambda finding: order[key(finding)]), key):
            passed = [finding.passed for finding in members]
            found.append((name, sum(passed), len(passed)))
        return found

    def notes(self) -> list[str]:
        """Remarks that cost nothing."""
        said = []
        if self.leans_on:
            names = " and ".join(self.leans_on)
            said.append(f"{self.exercise} calls your {names}, whose own check fails: mend that first.")
        if self.changed:
            names = ", ".join(self.changed)
            said.append(
                f"It changes the caller's {names}. The values are judged as they are, but whoever calls "
                f"{self.exercise} will find other numbers in {names} afterwards: work on a copy."
            )
        said += [f"On the way: {warning}" for warning in self.warnings[:3]]
        return said

    def __str__(self) -> str:
        lines = [("[ok] " if self.passed else "[--] ") + self.headline]
        failure = self.first_failure
        if failure and failure.kind == "unwritten":
            lines.append("  " + failure.message)
        elif failure:
            lines += [
                f"  {'ok ' if right == total else '-- '} {name} ({right}/{total})"
                for name, right, total in self.groups()
            ]
            lines.append(f"  First case that fails: {failure.case.group}, {failure.case.name}")
            lines.append(f"    {failure.message}")
            if failure.line:
                lines.append(f"    in {failure.line}")
            for label, text in _side_by_side(failure):
                lines += [f"    {label}:", *("      " + row for row in text.splitlines())]
        lines += [f"  Known slip ({slip.title}): {slip.says} See {slip.place}." for slip in self.misconceptions]
        lines += [f"  Note: {note}" for note in self.notes()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        failure = self.first_failure
        colour, mark = (_RIGHT, "✓") if self.passed else (_WRONG, "✗")
        if failure and failure.kind == "unwritten":
            colour, mark = _NOTE, "…"
        parts = [_tag("p", f"<strong>{mark} {escape(self.headline)}</strong>", "margin:0 0 .4em;color:inherit")]
        if failure and failure.kind == "unwritten":
            parts.append(_tag("p", escape(failure.message), "margin:.2em 0"))
        elif failure:
            parts += [_groups_html(self.groups()), _failure_html(failure)]
        parts += [_slip_html(slip) for slip in self.misconceptions]
        parts += [_tag("p", "Note: " + escape(note), f"margin:.3em 0;color:{_NOTE}") for note in self.notes()]
        box = (
            f"border-left:5px solid {colour};padding:.5em .9em;margin:.3em 0;background:#fafafa;color:#1a1a1a;"
            "max-width:62em;line-height:1.45"
        )
        return f'<section aria-label="{escape("check of " + self.headline)}" style="{box}">{"".join(parts)}</section>'


def points(score: tuple[float, float]) -> str:
    """Points in words: ``"2.5 of 4 points"``."""
    return f"{score[0]:g} of {score[1]:g} points"


def _side_by_side(finding: Finding) -> list[tuple[str, str]]:
    shown = [(f"input {name}", _text(value)) for name, value in finding.case.inputs.items()]
    if finding.kind in ("values", "finite", "shape", "type") and finding.expected is not None:
        expected, got = _pair(finding.expected, finding.got)
        shown += [(f"expected {finding.output}", expected), (f"got {finding.output}", got)]
    return shown


def _pair(expected: Any, got: Any) -> tuple[str, str]:
    """Both values with as many digits as it takes to tell them apart."""
    for digits in (4, 7, 10, 15):
        pair = _text(expected, digits), _text(got, digits)
        if pair[0] != pair[1]:
            break
    return pair


def _text(value: Any, digits: int = 4) -> str:
    if isinstance(value, np.ndarray | float | int) and not isinstance(value, bool):
        array = np.asarray(value)
        text = np.array2string(array, precision=digits, threshold=_SHOWN, max_line_width=76, suppress_small=False)
        return text if array.ndim == 0 or array.size <= _SHOWN else f"{text}\nshape {array.shape}"
    return str(value)[:600]


def _tag(name: str, content: str, style: str = "") -> str:
    return f'<{name} style="{style}">{content}</{name}>'


def _groups_html(groups: list[tuple[str, int, int]]) -> str:
    items = []
    for name, right, total in groups:
        good = right == total
        state = f'<span style="color:{_RIGHT if good else _WRONG}">{"✓" if good else "✗"}</span>'
        items.append(_tag("li", f"{state} {escape(name)} ({right}/{total})", "display:inline-block;margin-right:1.2em"))
    return _tag("ul", "".join(items), "list-style:none;padding:0;margin:.2em 0 .5em")


def _failure_html(finding: Finding) -> str:
    case = f"First case that fails: <em>{escape(finding.case.group)}, {escape(finding.case.name)}</em>."
    parts = [_tag("p", f"{case} {escape(finding.message)}", "margin:.3em 0")]
    if finding.line:
        parts.append(_tag("p", f"In your code, <code>{escape(finding.line)}</code>", "margin:.3em 0"))
    columns = _side_by_side(finding)
    head = "".join(
        f'<th scope="col" style="text-align:left;padding:.2em .8em .1em 0">{escape(label)}</th>' for label, _ in columns
    )
    body = "".join(
        '<td style="text-align:left;vertical-align:top;padding:0 .8em 0 0">'
        f'<pre style="margin:0;font-size:.92em;background:none;color:inherit">{escape(text)}</pre></td>'
        for _, text in columns
    )
    table = f'<table style="border-collapse:collapse;margin:.4em 0;color:inherit"><thead><tr>{head}</tr></thead>'
    scroll = f'<div style="overflow-x:auto">{table}<tbody><tr>{body}</tr></tbody></table></div>'
    return "".join(parts) + scroll


def _slip_html(slip: Misconception) -> str:
    link = f'<a href="#{escape(slip.anchor)}">{escape(slip.place)}</a>'
    text = f"<strong>This is a known slip: {escape(slip.title)}.</strong> {escape(slip.says)} Read again: {link}."
    return _tag("p", text, "margin:.5em 0;padding:.4em .7em;background:#fff3d6;color:#1a1a1a")
