"""Answers to predictions that a notebook gives away before it asks, or before it tells."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping

from nbformat import NotebookNode
from prose import Number, numbers, strings

from autograder.source.notebook import Cell, Source
from autograder.source.outcomes import told
from autograder.source.outline import calls, outline

_FOLDED = re.compile(r"<details>.*?</details>", re.S)
_SOLUTION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.S)


def spoilers(source: Source, done: NotebookNode, said: Mapping[str, Collection[str]]) -> list[str]:
    """The places that give an outcome away.

    These are the words of an option that comes true, and its numbers of three digits or more: in an output before the
    prediction is asked for, or in what can be read without running anything (text, comments, strings, alternative
    texts) before the outcome is told. The options of predictions do not count, nor does what is folded after the
    prediction.

    Parameters
    ----------
    source : Source
    done : NotebookNode
        The same notebook, executed.
    said : mapping of str to collection of str
        By id, words of options that earlier text uses in another sense.
    """
    found, values = [], told(done)
    asked = {_id(call): cell.index for cell, call in calls(source, "predict")}
    tells = {_id(call): cell.index for cell, call in calls(source, "outcome")}
    for prediction in outline(source).predictions:
        here, there = asked[prediction.id], tells[prediction.id]
        for value in values.get(prediction.id, ()):
            for cell, text in _readable(source, done, here, there, set(asked.values())):
                if (given := _gives_away(value, text)) and given not in said.get(prediction.id, ()):
                    found.append(f"{source.name}.py, {cell.label}: {given!r} gives away the outcome of {prediction.id}")
    return found


def _id(call: ast.Call) -> str:
    return str(getattr(call.args[0], "value", ""))


def _readable(
    source: Source, done: NotebookNode, here: int, there: int, asking: set[int]
) -> Iterator[tuple[Cell, str]]:
    """Text before the outcome in cell ``there``, and outputs before the prediction in cell ``here``."""
    for cell, made in zip(source.cells[:there], done.cells, strict=False):
        if cell.kind == "mark_scheme":
            continue
        text = _SOLUTION.sub("pass", cell.source)
        if cell.cell_type == "markdown":
            yield cell, _FOLDED.sub("", text) if cell.index > here else text
        else:
            yield cell, _words(text)
            if cell.index < here and cell.index not in asking:
                yield from ((cell, shown) for output in made.get("outputs", []) for shown in _shown(output))


def _words(code: str) -> str:
    """Strings and comments of a cell, without what its predictions offer."""
    tree = ast.parse(code if code.strip() else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "predict":
            node.args.clear()
    comments = (
        token.string for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type == tokenize.COMMENT
    )
    return "\n".join([strings(ast.unparse(tree)), *comments])


def _shown(output: NotebookNode) -> Iterator[str]:
    yield "".join(output.get("text", ""))
    yield "".join(output.get("data", {}).get("text/plain", ""))
    for described in output.get("metadata", {}).values():
        yield str(described.get("alt", "")) if isinstance(described, dict) else ""


def _gives_away(value: float | str, text: str) -> str:
    """The words or the number in a text that are a value, "" if none are."""
    if isinstance(value, str):
        words = re.sub(r"\s+", " ", text)
        match = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", words, re.I)
        return value if match else ""
    return next((number.text for number in numbers(text) if _telling(number) and number.is_exactly(value)), "")


def _telling(number: Number) -> bool:
    return len(number.text.partition("e")[0].replace(".", "").lstrip("0")) >= 3
