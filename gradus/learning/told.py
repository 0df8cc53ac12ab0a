"""What is told of a hand-in, as text and for a page or a notebook. Words in backticks are set as code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

Step = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A sentence of what is told, and what it lists."""

    says: str
    lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What is told of a hand-in.

    Attributes
    ----------
    title : str
        Of the notebook.
    file : str
        What is to be submitted.
    parts : tuple of Part
    """

    title: str
    file: str
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Told:
        """What JSON described."""
        parts = tuple(Part(one["says"], tuple(one["lists"])) for one in fields["parts"])
        return cls(fields["title"], fields["file"], parts)

    def __str__(self) -> str:
        lines = [f"{self.title}: this is the file to submit:", f"  {self.file}", ""]
        for part in self.parts:
            lines += [part.says, *(f"  - {line}" for line in part.lists)]
        return "\n".join(lines)

    def html(self) -> str:
        """The same for a page or a notebook."""
        rows = [f"<p><strong>{escape(self.title)}</strong>: this is the file to submit:<br>{_code(self.file)}</p>"]
        for part in self.parts:
            rows.append(f"<p>{coded(part.says)}</p>")
            if part.lists:
                rows.append(f"<ul>{''.join(f'<li>{coded(line)}</li>' for line in part.lists)}</ul>")
        return "".join(rows)


def words(step: Step) -> str:
    """What a step says."""
    if "told" in step:
        return str(Told.of(step["told"]))
    return step.get("problem") or f"Running it from a fresh kernel: cell {step['done']} of {step['of']}"


def html(step: Step) -> str:
    """What a step says, on a page or in a notebook."""
    if "told" in step:
        return Told.of(step["told"]).html()
    return f"<p>{coded(words(step))}</p>"


def coded(text: str) -> str:
    """Text as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _code(text: str) -> str:
    return f'<code style="overflow-wrap:anywhere">{escape(text)}</code>'
