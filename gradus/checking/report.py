"""What a learner reads: one report for one exercise, as plain data, as text and as accessible HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np

from gradus.checking.arguments import Made
from gradus.checking.comparing import Finding, limit_of_magnitude
from gradus.checking.drawing import picture_html
from gradus.checking.exercises import Exercise
from gradus.checking.naming import KnownSlip, Named
from gradus.checking.pictures import Picture
from gradus.checking.running import Outcome

_SHOWN, _LINES, _WIDTH = 48, 40, 76
_NAMED = 3
_RIGHT, _WRONG, _NOTE = "#007a5a", "#b3261e", "#8a5a00"


@dataclass(frozen=True)
class Group:
    """How many cases of a group pass."""

    id: str
    title: str
    passed: int
    of: int


@dataclass(frozen=True)
class CaseResult:
    """How one case went."""

    group: str
    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Failure:
    """The first case that fails.

    Attributes
    ----------
    kind : str
        As in `Finding`.
    group : str
        Title of the group.
    case, message, line : str
    shown : tuple of (str, str)
        Label and text: what was expected, what came, the learner's own arguments.
    """

    kind: str
    group: str
    case: str
    message: str
    line: str
    shown: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Report:
    """Everything there is to say about one answer. Plain data, so that a ledger can hold it.

    Attributes
    ----------
    exercise : str
    cases : tuple of CaseResult
    groups : tuple of Group
    failure : Failure or None
    slips : tuple of Named
        Known slips that behave like this answer, with the groups in which they show.
    changed : tuple of str
        The caller's arrays that the answer overwrote.
    warnings : tuple of str
    leans_on : tuple of str
        Other exercises that this answer calls and whose own check fails.
    score : tuple of (float, float) or None
        Points and the most there are, where points are given.
    unanswered : str
        Why no case was judged, where none was.
    remarks : tuple of str
        What a learner needs to know first: that an older answer was judged, for instance.
    picture : Picture or None
    unrepaired : bool
        Whether this is still the broken answer that a repair starts from.
    """

    exercise: str
    cases: tuple[CaseResult, ...] = ()
    groups: tuple[Group, ...] = ()
    failure: Failure | None = None
    slips: tuple[Named, ...] = ()
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    leans_on: tuple[str, ...] = ()
    score: tuple[float, float] | None = None
    unanswered: str = ""
    picture: Picture | None = None
    remarks: tuple[str, ...] = ()
    unrepaired: bool = False

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return bool(self.cases) and all(case.passed for case in self.cases)

    @property
    def unwritten(self) -> bool:
        """Whether the stub is still in place."""
        return self.failure is not None and self.failure.kind == "unwritten"

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        total, right = len(self.cases), sum(case.passed for case in self.cases)
        if self.unanswered:
            verdict = self.unanswered
        elif self.passed:
            verdict = f"all {total} cases pass" if total > 1 else "the case passes"
        elif self.unwritten:
            verdict = "not written yet"
        else:
            verdict = f"{'not repaired yet, ' if self.unrepaired else ''}{right} of {total} cases pass"
        return f"{self.exercise}: {verdict}" + (f" ({points(self.score)})" if self.score else "")

    def scored(self, score: tuple[float, float]) -> Report:
        """The same report with its points."""
        return replace(self, score=score)

    def notes(self) -> list[str]:
        """Remarks that cost nothing."""
        said = []
        if self.leans_on:
            names = " and ".join(self.leans_on)
            said.append(f"{self.exercise} calls your {names}, which fails its own check: mend that first.")
        if self.changed:
            names = ", ".join(self.changed)
            said.append(
                f"It changes the caller's {names}. This costs no points, but the caller then finds other numbers in "
                f"{names}: work on a copy."
            )
        said += [f"Python warned: {warning}" for warning in self.warnings[:3]]
        return said

    def __str__(self) -> str:
        lines = [("[ok] " if self.passed else "[--] ") + self.headline, *(f"  {remark}" for remark in self.remarks)]
        failure = self.failure
        if failure and self.unwritten:
            lines.append("  " + failure.message)
        elif failure:
            lines += [
                f"  {'ok ' if one.passed == one.of else '-- '} {one.title} ({one.passed}/{one.of})"
                for one in self.groups
            ]
            lines.append(f"  First case that fails: {failure.group}, {failure.case}")
            lines.append(f"    {failure.message}")
            if failure.line:
                lines.append(f"    In your code, {failure.line}")
            for label, text in failure.shown:
                lines += [f"    {label}:", *("      " + row for row in text.splitlines())]
            if self.picture:
                lines += ["    " + row for row in self.picture.as_text().splitlines()]
        lines += [
            f"  Known mistake{self.where(named)} ({named.slip.title}): {named.slip.says} Read again: {named.slip.see}."
            for named in self.slips
        ]
        lines += [f"  Note: {note}" for note in self.notes()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        failure = self.failure
        colour, mark = (_RIGHT, "✓") if self.passed else (_WRONG, "✗")
        if self.unwritten or self.unrepaired:
            colour, mark = _NOTE, "…"
        parts = [_tag("p", f"<strong>{mark} {escape(self.headline)}</strong>", "margin:0 0 .4em;color:inherit")]
        parts += [_remark_html(remark) for remark in self.remarks]
        if failure and self.unwritten:
            parts.append(_tag("p", escape(failure.message), "margin:.2em 0"))
        elif failure:
            parts += [_groups_html(self.groups), _failure_html(failure)]
            parts += [picture_html(self.picture)] if self.picture else []
        parts += [_slip_html(named.slip, self.where(named)) for named in self.slips]
        parts += [_tag("p", "Note: " + escape(note), f"margin:.3em 0;color:{_NOTE}") for note in self.notes()]
        box = (
            f"border-left:5px solid {colour};padding:.5em .9em;margin:.3em 0;background:#fafafa;color:#1a1a1a;"
            "max-width:62em;line-height:1.45"
        )
        return f'<section aria-label="{escape("check of " + self.headline)}" style="{box}">{"".join(parts)}</section>'

    def where(self, named: Named) -> str:
        """In which groups a slip shows, "" where it is the whole story."""
        failing = {one.id for one in self.groups if one.passed < one.of}
        if failing <= set(named.groups):
            return ""
        if len(named.groups) > _NAMED:
            return f" in {len(named.groups)} groups"
        titles = {one.id: one.title for one in self.groups}
        return " in " + " and ".join(f"“{titles.get(group, group)}”" for group in named.groups)


def write(
    exercise: Exercise,
    findings: Sequence[Finding],
    titles: Mapping[str, str],
    outcomes: Sequence[Outcome],
    slips: Sequence[Named] = (),
    picture: Picture | None = None,
) -> Report:
    """The report on what was found.

    Parameters
    ----------
    exercise : Exercise
    findings : sequence of Finding
        One per case.
    titles : mapping of str to str
        Group id -> its words.
    outcomes : sequence of Outcome
        What the answer did.
    slips : sequence of Named
    picture : Picture, optional
    """
    first = next((finding for finding in findings if not finding.passed), None)
    members: dict[str, list[bool]] = {}
    for finding in findings:
        members.setdefault(finding.case.group, []).append(finding.passed)
    return Report(
        exercise.name,
        tuple(CaseResult(one.case.group, one.case.name, one.passed, one.message) for one in findings),
        tuple(Group(id, titles.get(id, id), sum(passed), len(passed)) for id, passed in members.items()),
        None if first is None else _failure(exercise, first, titles, limit_of_magnitude(findings)),
        tuple(slips),
        changed=tuple(dict.fromkeys(name for outcome in outcomes for name in outcome.changed)),
        warnings=_warnings(outcomes if first is None else [outcomes[findings.index(first)]]),
        picture=picture,
    )


def _warnings(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for outcome in outcomes for text in outcome.warnings))


def points(score: tuple[float, float]) -> str:
    """Points in words: ``"2.5 of 4 points"``."""
    return f"{score[0]:g} of {score[1]:g} points"


def _failure(exercise: Exercise, finding: Finding, titles: Mapping[str, str], limit: str) -> Failure:
    case, message = finding.case, finding.message
    if finding.kind == "finite" and limit:
        message = f"{message} {limit}"
    if finding.step is not None:
        message = f"At step {finding.step + 1}: {message}"
    return Failure(
        finding.kind,
        titles.get(case.group, case.group),
        case.name,
        message,
        finding.line,
        tuple(_side_by_side(exercise, finding)),
    )


def _side_by_side(exercise: Exercise, finding: Finding) -> list[tuple[str, str]]:
    inputs = [(f"input {name}", text) for name, value in _own_arguments(exercise, finding) if (text := _text(value))]
    if finding.kind in ("values", "finite", "shape", "type") and finding.expected is not None:
        expected, got = _pair(finding.expected, finding.got)
        return [(f"expected {finding.output}", expected), (f"got {finding.output}", got), *inputs]
    return inputs


def _own_arguments(exercise: Exercise, finding: Finding) -> list[tuple[str, Any]]:
    """What the learner's object was given in this case, as far as it concerns what is wrong."""
    found: list[tuple[str, Any]] = []
    part = finding.output.rpartition(".")[2]
    for name, value in finding.case.inputs.items():
        if name.startswith("_"):
            continue
        if exercise.by_steps and name == "steps" and isinstance(value, list):
            step = min(finding.step or 0, len(value) - 1)
            at = value[step] if value else {}
            named = at.items() if isinstance(at, dict) else [("step", at)]
            found += [(f"{key} at step {step + 1}", _concerned(item, part)) for key, item in named if key[0] != "_"]
        else:
            start = " at the start" if exercise.by_steps and name in exercise.may_change else ""
            found.append((name + start, _concerned(value, part)))
    return found


def _concerned(value: Any, part: str) -> Any:
    """Of a dict of arrays the one that an output of the same name comes from, where there is one."""
    return {part: value[part]} if isinstance(value, dict) and len(value) > 1 and part in value else value


def _pair(expected: Any, got: Any) -> tuple[str, str]:
    """Both values with as many digits as it takes to tell them apart."""
    for digits in (4, 7, 10, 15):
        pair = _text(expected, digits), _text(got, digits)
        if pair[0] != pair[1]:
            break
    return pair


def _text(value: Any, digits: int = 4) -> str:
    """A value to read. Long ones are cut between elements or lines, never inside a number."""
    lines = _rows(value, digits)
    return "\n".join(lines if len(lines) <= _LINES else [*lines[:_LINES], "…"])


def _rows(value: Any, digits: int) -> list[str]:
    if isinstance(value, dict):
        rows = []
        for key, item in value.items():
            inner = _rows(item, digits)
            rows += [f"{key}: {inner[0]}"] if len(inner) == 1 else [f"{key}:", *("  " + row for row in inner)]
        return rows or ["(empty)"]
    if isinstance(value, list | tuple) and any(isinstance(item, np.ndarray | dict | list | Made) for item in value):
        return [row for index, item in enumerate(value) for row in _rows({f"[{index}]": item}, digits)]
    if isinstance(value, str | bool | Made) or value is None:
        return str(value)[:600].splitlines() or [""]
    try:
        array = np.asarray(value)
    except ValueError:
        return [re.sub(r"\S*$", "…", str(value)[:600])]
    text = np.array2string(array, precision=digits, threshold=_SHOWN, max_line_width=_WIDTH, suppress_small=False)
    return [*text.splitlines(), *([] if array.size <= _SHOWN else [f"shape {array.shape}"])]


def _tag(name: str, content: str, style: str = "") -> str:
    return f'<{name} style="{style}">{content}</{name}>'


def _groups_html(groups: Sequence[Group]) -> str:
    items = []
    for one in groups:
        good = one.passed == one.of
        state = f'<span style="color:{_RIGHT if good else _WRONG}">{"✓" if good else "✗"}</span>'
        text = f"{state} {escape(one.title)} ({one.passed}/{one.of})"
        items.append(_tag("li", text, "display:inline-block;margin-right:1.2em"))
    return _tag("ul", "".join(items), "list-style:none;padding:0;margin:.2em 0 .5em")


def _failure_html(failure: Failure) -> str:
    case = f"First case that fails: <em>{escape(failure.group)}, {escape(failure.case)}</em>."
    parts = [_tag("p", f"{case} {escape(failure.message)}", "margin:.3em 0")]
    if failure.line:
        parts.append(_tag("p", f"In your code, <code>{escape(failure.line)}</code>", "margin:.3em 0"))
    columns = "".join(_column_html(label, text) for label, text in failure.shown)
    beside = _tag("dl", columns, "display:flex;flex-wrap:wrap;gap:.5em 1.8em;margin:.5em 0")
    return "".join(parts) + (beside if failure.shown else "")


def _column_html(label: str, text: str) -> str:
    """One of the values that stand side by side where there is room for it, else below each other."""
    style = "margin:0;padding:0;font-size:.92em;background:none;color:inherit;white-space:pre"
    plain = "margin:0;float:none;width:auto"  # JupyterLab sets names and values beside each other
    value = _tag("dd", _tag("pre", escape(text), style), plain)
    name = _tag("dt", escape(label), f"{plain};font-weight:bold")
    return _tag("div", name + value, "max-width:100%;overflow-x:auto")


def _remark_html(remark: str) -> str:
    """A sentence, and what was printed below it."""
    sentence, _, printed = remark.partition("\n")
    words = re.sub("`([^`]+)`", r"<code>\1</code>", escape(sentence))
    style = "margin:0 0 .5em;padding-left:1em;background:none;color:inherit;white-space:pre-wrap;font-size:.92em"
    return _tag("p", words, "margin:.3em 0") + (_tag("pre", escape(printed), style) if printed else "")


def _slip_html(slip: KnownSlip, where: str) -> str:
    link = f'<a href="#{escape(slip.see.anchor)}">{escape(str(slip.see))}</a>'
    text = f"<strong>This is a known mistake{escape(where)}: {escape(slip.title)}.</strong> {escape(slip.says)}"
    return _tag("p", f"{text} Read again: {link}.", "margin:.5em 0;padding:.4em .7em;background:#fff3d6;color:#1a1a1a")
