"""Small pictures in a report: plain data that is kept as JSON and told in words; ``drawing`` makes SVG of it.

A ``PathPicture`` shows a path beside the right one, a ``GraphPicture`` a small graph whose wrong edges are marked. What
is drawn may come from an answer, so every value is checked where a picture is made, and every word is cleaned.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Point: TypeAlias = tuple[float, float] | None

MAX_LINES, MAX_POINTS, MAX_NODES, MAX_EDGES = 40, 2000, 200, 400
_MOST_NODES, _MOST_EDGES, _STEPS = 20, 40, 2
_LARGEST = 1e100


@dataclass(frozen=True)
class Line:
    """One polyline of a ``PathPicture``.

    Attributes
    ----------
    name : str
    role : {"expected", "got", "ground"}
        What is right, what the learner's code made, or a contour line behind both.
    points : tuple of (float, float) or None
        ``None`` stands for a point that is not finite, which only a got line may hold. The first is step 0.
    differs_at : int, optional
        First step of a got line that is wrong.
    """

    name: str
    role: Literal["expected", "got", "ground"]
    points: tuple[Point, ...]
    differs_at: int | None = None

    def __post_init__(self) -> None:
        _require_words("the name of a line", 60, self.name)
        _require(self.role in ("expected", "got", "ground"), f"a line is expected, got or ground, not {self.role!r}")
        countable = isinstance(self.points, tuple) and 1 <= len(self.points) <= MAX_POINTS
        _require(countable, f"a line is a tuple of 1 to {MAX_POINTS} points")
        for point in self.points:
            if point is None and self.role == "got":
                continue
            pair = isinstance(point, tuple) and len(point) == 2
            finite = pair and all(type(value) is float and math.isfinite(value) for value in point or ())
            _require(finite, f"a point is two finite floats, or None in a got line, not {point!r:.80}")
            largest = max(map(abs, point or ()))
            _require(self.role == "got" or largest <= _LARGEST, f"too large to draw: {largest}")
        if self.differs_at is not None:
            known = type(self.differs_at) is int and 0 <= self.differs_at < len(self.points)
            _require(self.role == "got", "only a got line can differ")
            _require(known, f"there is no step {self.differs_at!r:.80}")

    @classmethod
    def of(cls, name: str, role: str, points: ArrayLike, differs_at: int | None = None) -> Line:
        """A line through the rows of an array of shape (n, 2)."""
        rows = np.asarray(points, dtype=np.float64)
        _require(rows.ndim == 2 and rows.shape[1] == 2, f"points have shape (n, 2), not {rows.shape}")
        kept = tuple((x, y) if math.isfinite(x) and math.isfinite(y) else None for x, y in rows.tolist())
        return cls(name, role, kept, differs_at)  # type: ignore[arg-type]  # checked when made

    @property
    def drawn(self) -> list[tuple[float, float]]:
        """The points before the first that is not finite."""
        end = (*self.points, None).index(None)
        return [point for point in self.points[:end] if point is not None]


@dataclass(frozen=True)
class PathPicture:
    """A path beside the right one.

    Attributes
    ----------
    title : str
    lines : tuple of Line
        At least one expected and one got line, at most three of each; any number of contour lines.
    x_label, y_label : str
    """

    title: str
    lines: tuple[Line, ...]
    x_label: str = ""
    y_label: str = ""

    def __post_init__(self) -> None:
        _require_words("a title or a label", 120, self.title, self.x_label, self.y_label)
        _require_all(Line, "lines", self.lines)
        _require(len(self.lines) <= MAX_LINES, f"{len(self.lines)} lines; at most {MAX_LINES} can be drawn")
        total = sum(len(line.points) for line in self.lines)
        _require(total <= MAX_POINTS, f"{total} points; at most {MAX_POINTS} can be drawn")
        for role in ("expected", "got"):
            count = len(self.lines_of(role))
            _require(1 <= count <= 3, f"one to three lines must be {role}, not {count}")

    @property
    def alt(self) -> str:
        """The picture in words."""
        words = [self.title, f"Drawn over {self.x_label or 'x'} and {self.y_label or 'y'}"]
        for line in self.lines_of("expected"):
            end = f" to {_point(line.points[-1])}" if len(line.points) > 1 else ""
            words.append(f"Expected, {line.name}: {len(line.points)} points from {_point(line.points[0])}{end}")
        for line, right in self.pairs():
            words += [f"Got, {line.name}: {len(line.points)} points", _difference(line, right), *self.remarks(line)]
        return _sentences(*words)

    def as_text(self) -> str:
        """The picture as a few lines: what differs, and the steps around it."""
        rows = [self.title]
        for line, right in self.pairs():
            step = line.differs_at
            rows.append(f"  {_difference(line, right)}")
            for index in () if step is None else range(max(step - 1, 0), min(step + 2, len(line.points))):
                expected = _point(right.points[index]) if index < len(right.points) else "(none)"
                mark = "✗" if index == step else " "
                rows.append(f"  {mark} step {index}: expected {expected}, got {_point(line.points[index])}")
            rows += [f"  {remark}" for remark in self.remarks(line)]
        return "\n".join(map(clean, rows))

    def lines_of(self, role: str) -> list[Line]:
        """The lines that play a role."""
        return [line for line in self.lines if line.role == role]

    def pairs(self) -> list[tuple[Line, Line]]:
        """Every got line with the expected line beside it."""
        expected = self.lines_of("expected")
        return [(line, expected[min(at, len(expected) - 1)]) for at, line in enumerate(self.lines_of("got"))]

    def window(self) -> list[tuple[float, float]]:
        """Lower end and length of each axis: all of the expected lines, and of the got lines what lies nearby."""
        axes = []
        for axis in (0, 1):
            right, got = (
                [point[axis] for line in self.lines_of(role) for point in line.drawn] for role in ("expected", "got")
            )
            low, high = min(right), max(right)
            scale = max(abs(low), abs(high))
            room = max(high - low if high - low > 1e-6 * scale else 1e-2 * scale or 1.0, 1e-100)
            low, high = max(min(right + got), low - 0.6 * room), min(max(right + got), high + 0.6 * room)
            span = 1.14 * max(high - low, room)
            axes.append(((low + high) / 2 - span / 2, span))
        return axes

    def remarks(self, line: Line) -> list[str]:
        """How a got line leaves the picture, in words."""
        window, said = self.window(), []
        for step, point in enumerate(line.drawn):
            if not all(0 <= (value - low) / span <= 1 for value, (low, span) in zip(point, window, strict=True)):
                said.append(f"{line.name} leaves the picture at step {step}: {_point(point)}")
                break
        if None in line.points:
            said.append(f"{line.name} leaves the picture at step {line.points.index(None)}: not finite")
        return said


@dataclass(frozen=True)
class Node:
    """A node of a ``GraphPicture``: what it does (such as ``"multiply"``), and its value and gradient in words."""

    id: str
    label: str = ""
    value: str = ""
    gradient: str = ""
    wrong: bool = False

    def __post_init__(self) -> None:
        _require_words("the id of a node", 60, self.id)
        _require_words("the text of a node", 120, self.label, self.value, self.gradient)
        _require(type(self.wrong) is bool, f"wrong is True or False, not {self.wrong!r:.80}")


@dataclass(frozen=True)
class Edge:
    """A directed edge between two nodes, named by their ids. Two of them may join the same nodes."""

    source: str
    target: str
    label: str = ""
    wrong: bool = False

    def __post_init__(self) -> None:
        _require_words("the text of an edge", 120, self.source, self.target, self.label)
        _require(type(self.wrong) is bool, f"wrong is True or False, not {self.wrong!r:.80}")


@dataclass(frozen=True)
class GraphPicture:
    """A small graph without cycles, with what is wrong in it marked.

    Attributes
    ----------
    title : str
    nodes : tuple of Node
        With ids that differ.
    edges : tuple of Edge
        Between these nodes. Where more than 20 nodes are given, those next to what is wrong are drawn.
    """

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        _require_words("a title", 120, self.title)
        _require_all(Node, "nodes", self.nodes)
        _require_all(Edge, "edges", self.edges)
        _require(1 <= len(self.nodes) <= MAX_NODES, f"{len(self.nodes)} nodes; a graph has 1 to {MAX_NODES}")
        _require(len(self.edges) <= MAX_EDGES, f"{len(self.edges)} edges; a graph has at most {MAX_EDGES}")
        before: dict[str, set[str]] = {node.id: set() for node in self.nodes}
        _require(len(before) == len(self.nodes), "two nodes have the same id")
        for edge in self.edges:
            _require({edge.source, edge.target} <= before.keys(), f"an edge between unknown nodes: {edge.source!r:.80}")
            before[edge.target].add(edge.source)
        try:
            TopologicalSorter(before).prepare()
        except CycleError as error:
            raise ValueError(f"the edges form a cycle: {error.args[1]!r:.200}") from None

    @property
    def alt(self) -> str:
        """The picture in words."""
        names = self._names()
        words = [self.title, f"A graph of {_count(len(self.nodes), 'node')} and {_count(len(self.edges), 'edge')}"]
        if not self.marked:
            words.append("Nothing is marked as wrong")
        edges = [_joined(edge, names) for edge in self.edges if edge.wrong]
        nodes = [names[node.id] for node in self.nodes if node.wrong]
        for kind, wrong in (("edge", edges), ("node", nodes)):
            more = f" and {len(wrong) - 6} more" if len(wrong) > 6 else ""
            if wrong:
                words.append(f"Wrong {kind}{'s' if len(wrong) > 1 else ''}: {'; '.join(wrong[:6])}{more}")
        return _sentences(*words, self.left_out())

    def as_text(self) -> str:
        """The picture as a few lines: the edges that are drawn, the wrong ones marked."""
        names, (nodes, edges) = self._names(), self.shown()
        rows = [self.title, *(f"  {'✗' if edge.wrong else ' '} {_joined(edge, names)}" for edge in edges[:_MOST_NODES])]
        if len(edges) > _MOST_NODES:
            rows.append(f"    and {len(edges) - _MOST_NODES} more edges")
        for node in nodes:
            if node.wrong:
                facts = names[node.id], node.value, node.gradient and f"grad {node.gradient}"
                rows.append("  ✗ " + ", ".join(filter(None, facts)))
        rows += [] if self.marked else ["  nothing is marked as wrong"]
        rows += [f"  {self.left_out()}"] if self.left_out() else []
        return "\n".join(map(clean, rows))

    @property
    def marked(self) -> bool:
        """Whether anything is marked as wrong."""
        return any(node.wrong for node in self.nodes) or any(edge.wrong for edge in self.edges)

    def shown(self) -> tuple[list[Node], list[Edge]]:
        """What is drawn: everything, or the nodes at most two steps from what is wrong and the edges between them."""
        near = [end for edge in self.edges if edge.wrong for end in (edge.source, edge.target)]
        near += [node.id for node in self.nodes if node.wrong]
        near = near or [self.nodes[-1].id]
        if len(self.nodes) <= _MOST_NODES:
            near = [node.id for node in self.nodes]
        reached = dict.fromkeys(near)
        for _ in range(_STEPS):
            met = [(edge.source, edge.target) for edge in self.edges if reached.keys() & {edge.source, edge.target}]
            reached |= dict.fromkeys(end for ends in met for end in ends)
        kept = set(list(reached)[:_MOST_NODES])
        between = [edge for edge in self.edges if {edge.source, edge.target} <= kept]
        between.sort(key=lambda edge: not edge.wrong)
        return [node for node in self.nodes if node.id in kept], between[:_MOST_EDGES]

    def left_out(self) -> str:
        """What of the graph is not drawn, in words."""
        nodes, edges = self.shown()
        if len(nodes) == len(self.nodes) and len(edges) == len(self.edges):
            return ""
        all_nodes = _count(len(self.nodes), "node")
        said = f"Drawn are {len(nodes)} of {all_nodes} and {len(edges)} of {len(self.edges)} edges"
        if len(nodes) < len(self.nodes):
            said += f", those nearest to {'what is wrong' if self.marked else self._names()[self.nodes[-1].id]}"
        missing = sum(edge.wrong for edge in self.edges) - sum(edge.wrong for edge in edges)
        return said + (f"; {_count(missing, 'wrong edge')} not among them." if missing else ".")

    def _names(self) -> dict[str, str]:
        """What each node is called: its label, with its id where others have the same label; else its id."""
        often = Counter(node.label for node in self.nodes if node.label)
        return {
            node.id: node.label if often[node.label] == 1 else f"{node.label} {node.id}" if node.label else node.id
            for node in self.nodes
        }


Picture: TypeAlias = PathPicture | GraphPicture


def clean(words: str) -> str:
    """A text without the characters that XML forbids, that break lines or that turn the direction of writing."""
    return "".join(
        sign if sign.isprintable() else " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}" for sign in words
    )


def _require(holds: bool, says: str) -> None:
    if not holds:
        raise ValueError(says)


def _require_words(name: str, most: int, *texts: Any) -> None:
    for words in texts:
        _require(isinstance(words, str) and len(words) <= most, f"{name} is text of at most {most} characters")


def _require_all(kind: type, name: str, parts: Any) -> None:
    fits = isinstance(parts, tuple) and all(isinstance(part, kind) for part in parts)
    _require(fits, f"{name} is a tuple of {kind.__name__}")


def _difference(line: Line, right: Line) -> str:
    if line.differs_at is None:
        return f"no step of {line.name} is marked as wrong"
    expected, step = right.points, line.differs_at
    known = f"expected {_point(expected[step])}" if step < len(expected) else "the expected path has ended"
    return f"the first wrong step of {line.name} is {step}: {known}, got {_point(line.points[step])}"


def _joined(edge: Edge, names: Mapping[str, str]) -> str:
    return f"{names[edge.source]} → {names[edge.target]}" + (f" ({edge.label})" if edge.label else "")


def _sentences(*texts: str) -> str:
    cleaned = [words for words in (clean(text).strip() for text in texts) if words]
    return " ".join(words[0].upper() + words[1:] + ("" if words[-1] in ".!?" else ".") for words in cleaned)


def _point(point: Point) -> str:
    return "(not finite)" if point is None else f"({point[0]:.4g}, {point[1]:.4g})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
