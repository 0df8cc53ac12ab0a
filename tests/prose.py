"""Numbers that a reader sees in words: where they stand, and what could stand behind them."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

# What has digits and is no number of the text: addresses, ids of headings, HTML.
_NOT_TEXT = re.compile(r"https?://\S+|\]\([^)]*\)|\{#[^}]*\}|<[^>]*>")
_PLAIN = r"\d{1,3}(?:(?:,|\{,\})\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_POWER = r"10\^(?:\{\s*[-−–]?\s*\d+\s*\}|[-−]?\d)"
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<plain>{_PLAIN})(?:e(?P<e>[-+]?\d+)|\s*(?:\\cdot|\\times|·|×)\s*(?P<ten>{_POWER}))?(?![\w^⁰¹²³⁴-⁹⁻])"
    rf"|(?<![\w.]){_POWER}"
)


@dataclass(frozen=True)
class Number:
    """A number as it is written.

    Attributes
    ----------
    text : str
        As a key of ``QUOTED``: without grouping, powers of ten as in ``"2.06e-9"``.
    sentence : str
        What stands around it.
    """

    text: str
    sentence: str

    @property
    def value(self) -> Decimal:
        return Decimal(self.text)

    @property
    def needs_proof(self) -> bool:
        """Whether it looks measured or computed: three digits or more, or a decimal point."""
        mantissa = self.text.partition("e")[0]
        return "." in mantissa or len(mantissa.lstrip("0")) >= 3

    def rounds(self, value: float | Decimal) -> bool:
        """Whether it is ``value`` or its absolute value, rounded to the digits that are written.

        Zeros at the end of a whole number may be digits or not: 200 is 203, rounded, and 200.
        """
        if not math.isfinite(value):
            return False
        unit = Decimal(1).scaleb(int(self.value.as_tuple().exponent))
        if unit == 1:
            unit = Decimal(1).scaleb(len(self.text) - len(self.text.rstrip("0")))
        # Half a unit of the last digit, and a little for what binary numbers cannot hold.
        return abs(abs(Decimal(value)) - self.value) <= unit * Decimal("0.500000001")

    def is_exactly(self, value: float | Decimal) -> bool:
        """Whether it is ``value`` or its absolute value; rounded, if it is written with a decimal point."""
        return abs(value) == float(self.value) or ("." in self.text and self.rounds(value))


def numbers(text: str) -> Iterator[Number]:
    """Numbers in a text, in order."""
    text = _NOT_TEXT.sub(lambda found: " " * len(found[0]), text)
    for found in _NUMBER.finditer(text):
        if found["plain"] is None:
            continue  # a bare power of ten is a size, not a result
        exponent = found["e"] or "".join(re.findall(r"[-−\d]", (found["ten"] or "")[2:])).replace("−", "-")
        plain = re.sub(r",|\{,\}", "", found["plain"])
        yield Number(plain + (f"e{int(exponent)}" if exponent else ""), _around(text, found.start()))


def strings(code: str) -> str:
    """The words in a code cell that a reader sees: strings and comments, without formats."""
    tree = ast.parse(code)
    formats = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and node.format_spec
        for part in ast.walk(node.format_spec)
    }
    words = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in formats
    ]
    return "\n".join(word for word in words if not re.fullmatch(r"\S*%\S*|#[0-9A-Fa-f]{6}", word))


def constants(code: str) -> list[float]:
    """The numbers in a code cell."""
    return [
        float(node.value)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ]


def _around(text: str, at: int) -> str:
    start = max(text.rfind(mark, 0, at) for mark in (". ", ".\n", "\n\n", "? ", "| "))
    ends = [end for mark in (". ", ".\n", "\n\n", "? ", " |") if (end := text.find(mark, at)) > 0]
    return " ".join(text[start + 1 : min(ends, default=len(text)) + 1].split()).strip(". |")
