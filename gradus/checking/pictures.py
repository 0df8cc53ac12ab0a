"""Small pictures in a report: plain data that is kept as JSON and drawn as SVG, or written as a few lines.

A ``PathPicture`` shows a path beside the right one, a ``GraphPicture`` a small graph whose wrong edges are marked. What
is drawn may come from an answer, so every value is checked where a picture is made, and every word is escaped.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from html import escape
from itertools import pairwise
from typing import Any, Literal, TypeAlias
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import ArrayLike

from gradus.plots import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILLION, WHITE, ink

Point: TypeAlias = tuple[float, float] | None
Slot: TypeAlias = str | tuple[int, int]

MAX_LINES, MAX_POINTS, MAX_NODES, MAX_EDGES = 40, 2000, 200, 400
_MOST_NODES, _MOST_EDGES, _STEPS = 20, 40, 2
_LARGEST = 1e100
_WIDTH, _BAND = 500, 560
_WRONG_INK = ink("path")
_EXPECTED, _GOT = (BLUE, GREEN, SKY), (VERMILLION, PURPLE, ORANGE)
_DASHES = ("7 4", "2 4", "10 3 2 3")


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
        _require_words(self.name, "the name of a line", 60)
        _require(self.role in ("expected", "got", "ground"), f"a line is expected, got or ground, not {self.role!r}")
        _require(isinstance(self.points, tuple) and len(self.points) > 0, "a line is a tuple of at least one point")
        _require(len(self.points) <= MAX_POINTS, f"{len(self.points)} points; at most {MAX_POINTS} can be drawn")
        for point in self.points:
            if point is None:
                _require(self.role == "got", "only a got line may hold points that are not finite")
                continue
            _require(isinstance(point, tuple) and len(point) == 2, f"a point is (x, y) or None, not {point!r:.80}")
            for value in point:
                _require(type(value) is float and math.isfinite(value), f"not a finite float: {value!r:.80}")
                _require(self.role == "got" or abs(value) <= _LARGEST, f"too large to draw: {value}")
        if self.differs_at is not None:
            step = self.differs_at
            _require(type(step) is int and 0 <= step < len(self.points), f"there is no step {step!r:.80}")
            _require(self.role == "got", "only a got line can differ")

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
        end = self.points.index(None) if None in self.points else len(self.points)
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
        for words, name in ((self.title, "title"), (self.x_label, "x_label"), (self.y_label, "y_label")):
            _require_words(words, name, 120)
        _require(
            isinstance(self.lines, tuple) and all(isinstance(line, Line) for line in self.lines), "lines are Lines"
        )
        _require(len(self.lines) <= MAX_LINES, f"{len(self.lines)} lines; at most {MAX_LINES} can be drawn")
        total = sum(len(line.points) for line in self.lines)
        _require(total <= MAX_POINTS, f"{total} points; at most {MAX_POINTS} can be drawn")
        for role in ("expected", "got"):
            _require(1 <= len(self._of(role)) <= 3, f"one to three lines must be {role}, not {len(self._of(role))}")

    @property
    def alt(self) -> str:
        """The picture in words."""
        words = [_sentence(self.title), f"Drawn over {self._axes()}."]
        for line in self._of("expected"):
            end = f" to {_point(line.points[-1])}" if len(line.points) > 1 else ""
            words.append(
                f"Expected, {_clean(line.name)}: {len(line.points)} points from {_point(line.points[0])}{end}."
            )
        for number, line in enumerate(self._of("got")):
            words.append(f"Got, {_clean(line.name)}: {len(line.points)} points.")
            words += [_sentence(remark) for remark in (self._difference(number), *self._remarks(line)) if remark]
        return " ".join(filter(None, words))

    def as_text(self) -> str:
        """The picture as a few lines: what differs, and the steps around it."""
        rows = [_clean(self.title)]
        for number, line in enumerate(self._of("got")):
            right, step = self._partner(number), line.differs_at
            rows.append(f"  {self._difference(number)}")
            around = range(max((step or 0) - 1, 0), min((step or 0) + 2, len(line.points)))
            for index in around if step is not None else ():
                expected = _point(right.points[index]) if index < len(right.points) else "(none)"
                mark = "✗" if index == step else " "
                rows.append(f"  {mark} step {index}: expected {expected}, got {_point(line.points[index])}")
            rows += [f"  {remark}" for remark in self._remarks(line)]
        return "\n".join(rows)

    def as_svg(self) -> str:
        """One ``<svg>`` element that needs nothing else."""
        frame = _Frame.around(self._of("expected"), self._of("got"), named=bool(self.y_label))
        parts = [frame.grid(), *(frame.path(line, f'stroke="{GREY}" opacity="0.55"') for line in self._of("ground"))]
        keys = []
        for line, colour, dash in zip(self._of("expected"), _EXPECTED, ("", *_DASHES), strict=False):
            stroke = f'stroke="{colour}" stroke-width="4" stroke-dasharray="{dash or "none"}" opacity="0.75"'
            parts += [frame.path(line, stroke), frame.dots(line, colour, 4)]
            keys.append((stroke, "expected: " + line.name))
        for line, colour, dash in zip(self._of("got"), _GOT, _DASHES, strict=False):
            stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
            parts += [frame.path(line, stroke), frame.squares(line, colour)]
            keys.append((stroke, "got: " + line.name))
        start = frame.place(self._of("expected")[0].drawn[0])
        parts.append(f'<circle cx="{start[0]:.1f}" cy="{start[1]:.1f}" r="5" fill="{BLACK}"/>')
        for number, line in enumerate(self._of("got")):
            parts.append(frame.marks(line, self._partner(number), self._of("expected") + self._of("got")))
        middle_x, middle_y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
        parts.append(_text(middle_x, frame.bottom + 36, _fit(self.x_label, 400, 13), 13))
        turn = f'transform="rotate(-90 16 {middle_y:.0f})"'
        parts.append(_text(16, middle_y, _fit(self.y_label, 240, 13), 13, extra=turn))
        y = frame.bottom + (58 if self.x_label else 42)
        for index, (stroke, name) in enumerate(keys):
            x, y_key = frame.left + 218 * (index % 2), y + 20 * (index // 2)
            parts.append(f'<path d="M{x:.0f} {y_key - 4:.0f}h34" fill="none" {stroke}/>')
            parts.append(_text(x + 42, y_key, _fit(name, 168, 12.5), 12.5, "start"))
        y += 20 * ((len(keys) + 1) // 2)
        for remark in [remark for line in self._of("got") for remark in self._remarks(line)]:
            parts.append(_text(frame.left, y + 2, _fit(remark, 430, 12.5), 12.5, "start", _WRONG_INK))
            y += 19
        return _svg(_WIDTH, y, parts, self.title, self.alt)

    def _of(self, role: str) -> list[Line]:
        return [line for line in self.lines if line.role == role]

    def _partner(self, number: int) -> Line:
        """The expected line beside a got line."""
        expected = self._of("expected")
        return expected[min(number, len(expected) - 1)]

    def _axes(self) -> str:
        return f"{_clean(self.x_label) or 'x'} and {_clean(self.y_label) or 'y'}"

    def _difference(self, number: int) -> str:
        line = self._of("got")[number]
        if line.differs_at is None:
            return f"no step of {_clean(line.name)} is marked as wrong"
        expected, step = self._partner(number).points, line.differs_at
        right = f"expected {_point(expected[step])}" if step < len(expected) else "the expected path has ended"
        return f"the first wrong step of {_clean(line.name)} is {step}: {right}, got {_point(line.points[step])}"

    def _remarks(self, line: Line) -> list[str]:
        """How a got line leaves the picture."""
        frame = _Frame.around(self._of("expected"), self._of("got"))
        said, name = [], _clean(_fit(line.name, 150, 12.5))
        outside = next((step for step, point in enumerate(line.drawn) if not frame.holds(frame.place(point))), None)
        if outside is not None:
            said.append(f"{name} leaves the picture at step {outside}: {_point(line.points[outside])}")
        if None in line.points:
            said.append(f"{name} leaves the picture at step {line.points.index(None)}: not finite")
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
        _require_words(self.id, "the id of a node", 60)
        for words in (self.label, self.value, self.gradient):
            _require_words(words, "the text of a node", 120)
        _require(type(self.wrong) is bool, f"wrong is True or False, not {self.wrong!r:.80}")


@dataclass(frozen=True)
class Edge:
    """A directed edge between two nodes, named by their ids. Two of them may join the same nodes."""

    source: str
    target: str
    label: str = ""
    wrong: bool = False

    def __post_init__(self) -> None:
        for words in (self.source, self.target, self.label):
            _require_words(words, "the text of an edge", 120)
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
        _require_words(self.title, "title", 120)
        _require(isinstance(self.nodes, tuple) and all(isinstance(node, Node) for node in self.nodes), "nodes: Nodes")
        _require(isinstance(self.edges, tuple) and all(isinstance(edge, Edge) for edge in self.edges), "edges: Edges")
        _require(1 <= len(self.nodes) <= MAX_NODES, f"{len(self.nodes)} nodes; a graph has 1 to {MAX_NODES}")
        _require(len(self.edges) <= MAX_EDGES, f"{len(self.edges)} edges; a graph has at most {MAX_EDGES}")
        known = {node.id for node in self.nodes}
        _require(len(known) == len(self.nodes), "two nodes have the same id")
        for edge in self.edges:
            _require({edge.source, edge.target} <= known, f"an edge between unknown nodes: {edge.source!r:.80}")
        try:
            _sorted(self.nodes, self.edges)
        except CycleError as error:
            raise ValueError(f"the edges form a cycle: {error.args[1]!r:.200}") from None

    @property
    def alt(self) -> str:
        """The picture in words."""
        count = f"A graph of {_count(len(self.nodes), 'node')} and {_count(len(self.edges), 'edge')}."
        edges = [self._name(edge) for edge in self.edges if edge.wrong]
        nodes = [self._names()[node.id] for node in self.nodes if node.wrong]
        wrong = [
            f"Wrong {kind if len(names) == 1 else kind + 's'}: {_listed(names)}."
            for kind, names in (("edge", edges), ("node", nodes))
            if names
        ]
        return " ".join(
            filter(None, [_sentence(self.title), count, *(wrong or ["Nothing is marked as wrong."]), self._left_out()])
        )

    def as_text(self) -> str:
        """The picture as a few lines: the edges that are drawn, the wrong ones marked."""
        nodes, edges = self._shown()
        rows = [_clean(self.title)]
        rows += [f"  {'✗' if edge.wrong else ' '} {self._name(edge)}" for edge in edges[:_MOST_NODES]]
        rows += [f"    and {len(edges) - _MOST_NODES} more edges"] if len(edges) > _MOST_NODES else []
        for node in nodes:
            if node.wrong:
                rows.append("  ✗ " + ", ".join(filter(None, [self._names()[node.id], *_facts(node)])))
        if not any(edge.wrong for edge in self.edges) and not any(node.wrong for node in self.nodes):
            rows.append("  nothing is marked as wrong")
        return "\n".join([*rows, *(["  " + self._left_out()] if self._left_out() else [])])

    def as_svg(self) -> str:
        """One ``<svg>`` element that needs nothing else."""
        nodes, edges = self._shown()
        width, bottom, parts = _Layout(nodes, edges).draw()
        width, y = max(width, 320), bottom + 10
        if any(node.wrong for node in nodes) or any(edge.wrong for edge in edges):
            parts += [_stroke(f"M16 {y - 4:.0f}h16M44 {y - 4:.0f}h16", wrong=True), _cross(38, y - 4)]
            parts.append(_text(68, y, "wrong", 12.5, "start", _WRONG_INK))
            y += 20
        for row in _wrapped(self._left_out(), width - 28, 12.5):
            parts.append(_text(14, y, row, 12.5, "start"))
            y += 18
        return _svg(width, y, parts, self.title, self.alt)

    def _names(self) -> dict[str, str]:
        """What each node is called in words: its label, and its id too where others have the same label."""
        often = Counter(node.label for node in self.nodes)
        return {
            node.id: _clean(node.label if often[node.label] == 1 else f"{node.label} {node.id}")
            for node in self.nodes
            if node.label
        } | {node.id: _clean(node.id) for node in self.nodes if not node.label}

    def _name(self, edge: Edge) -> str:
        names = self._names()
        return f"{names[edge.source]} → {names[edge.target]}" + (f" ({_clean(edge.label)})" if edge.label else "")

    def _shown(self) -> tuple[list[Node], list[Edge]]:
        """What is drawn: everything, or the nodes at most two steps from what is wrong and the edges between them."""
        near = [end for edge in self.edges if edge.wrong for end in (edge.source, edge.target)]
        near += [node.id for node in self.nodes if node.wrong]
        near = list(dict.fromkeys(near)) or [self.nodes[-1].id]
        if len(self.nodes) <= _MOST_NODES:
            near = [node.id for node in self.nodes]
        for _ in range(_STEPS):
            met = [end for edge in self.edges for end in (edge.source, edge.target)
                   if (edge.source in near or edge.target in near)]  # fmt: skip
            near = list(dict.fromkeys([*near, *met]))
        kept = set(near[:_MOST_NODES])
        between = [edge for edge in self.edges if {edge.source, edge.target} <= kept]
        between.sort(key=lambda edge: not edge.wrong)
        return [node for node in self.nodes if node.id in kept], between[:_MOST_EDGES]

    def _left_out(self) -> str:
        nodes, edges = self._shown()
        if len(nodes) == len(self.nodes) and len(edges) == len(self.edges):
            return ""
        said = (
            f"Drawn are {len(nodes)} of {_count(len(self.nodes), 'node')} and {len(edges)} of {len(self.edges)} edges"
        )
        if len(nodes) < len(self.nodes):
            marked = any(edge.wrong for edge in self.edges) or any(node.wrong for node in self.nodes)
            said += ", those nearest to " + ("what is wrong" if marked else self._names()[self.nodes[-1].id])
        missing = sum(edge.wrong for edge in self.edges) - sum(edge.wrong for edge in edges)
        hidden = f"; {_count(missing, 'wrong edge')} not among them" if missing else ""
        return f"{said}{hidden}."


Picture: TypeAlias = PathPicture | GraphPicture


def picture_html(picture: Picture) -> str:
    """A picture as an ``<img>``: it passes where SVG elements are stripped, and can neither run nor load anything."""
    source = b64encode(picture.as_svg().encode()).decode()
    address = f"data:image/svg+xml;base64,{source}"
    return f'<img src="{address}" alt="{escape(picture.alt)}" style="max-width:100%;padding:4px 0">'


def _require(holds: bool, says: str) -> None:
    if not holds:
        raise ValueError(says)


def _require_words(words: Any, name: str, most: int) -> None:
    _require(isinstance(words, str) and len(words) <= most, f"{name} is text of at most {most} characters")


@dataclass(frozen=True)
class _Frame:
    """The window of a ``PathPicture``: what of the plane it shows, and where on the page."""

    low: tuple[float, float]
    span: tuple[float, float]
    left: float
    top: float = 6
    right: float = _WIDTH - 16
    bottom: float = 260

    @classmethod
    def around(cls, expected: Sequence[Line], got: Sequence[Line], named: bool = True) -> _Frame:
        """All of the expected lines, and of the got lines what lies nearby."""
        lows, spans = [], []
        for axis in (0, 1):
            right = [point[axis] for line in expected for point in line.drawn]
            low, high = min(right), max(right)
            scale = max(abs(low), abs(high))
            room = high - low if high - low > 1e-6 * scale else 1e-2 * scale or 1.0
            room = max(room, 1e-100)
            beside = [point[axis] for line in got for point in line.drawn]
            low, high = (
                max(min([low, *beside]), low - 0.6 * room),
                min(max([high, *beside]), high + 0.6 * room),
            )
            lows.append((low + high) / 2 - 0.57 * max(high - low, room))
            spans.append(1.14 * max(high - low, room))
        frame = cls((lows[0], lows[1]), (spans[0], spans[1]), 0)
        widest = max(_width(words, 12) for _, words in frame._ticks(1))
        return cls(frame.low, frame.span, left=widest + (36 if named else 16))

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where a point lies on the page, in pixels."""
        x, y = (
            min(max((value - low) / span, -1e4), 1e4)
            for value, low, span in zip(point, self.low, self.span, strict=True)
        )
        return self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)

    def holds(self, at: tuple[float, float]) -> bool:
        """Whether a place on the page lies inside."""
        return self.left <= at[0] <= self.right and self.top <= at[1] <= self.bottom

    def grid(self) -> str:
        """The window, its grid and its numbers."""
        parts = []
        for value, words in self._ticks(0):
            x = self.place((value, self.low[1]))[0]
            parts.append(f'<path d="M{x:.1f} {self.top}V{self.bottom}" stroke="{PALE}"/>')
            parts.append(_text(x, self.bottom + 17, words, 12))
        for value, words in self._ticks(1):
            y = self.place((self.low[0], value))[1]
            parts.append(f'<path d="M{self.left:.1f} {y:.1f}H{self.right}" stroke="{PALE}"/>')
            parts.append(_text(self.left - 6, y + 4, words, 12, "end"))
        box = f"M{self.left:.1f} {self.top}H{self.right}V{self.bottom}H{self.left:.1f}z"
        return "".join([*parts, f'<path d="{box}" fill="none" stroke="{GREY}"/>'])

    def path(self, line: Line, stroke: str) -> str:
        """What of a line lies inside."""
        d = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in self._runs(line))
        return f'<path d="{d}" fill="none" stroke-linejoin="round" {stroke}/>' if d else ""

    def dots(self, line: Line, colour: str, radius: float) -> str:
        """The steps of an expected line."""
        return "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>' for x, y in self._steps(line)
        )

    def squares(self, line: Line, colour: str) -> str:
        """The steps of a got line."""
        d = "".join(f"M{x - 3:.1f} {y - 3:.1f}h6v6h-6z" for x, y in self._steps(line))
        return f'<path d="{d}" fill="{WHITE}" stroke="{colour}" stroke-width="1.5"/>' if d else ""

    def marks(self, line: Line, right: Line, drawn: Iterable[Line]) -> str:
        """Where a got line first differs from the right one, where it leaves the window and where it ends."""
        parts, places = [], [self.place(point) for point in line.drawn]
        runs = self._runs(line)
        if runs and None in line.points and self.holds(places[-1]):
            parts.append(_cross(*places[-1]))
        outside = next((index for index, at in enumerate(places) if not self.holds(at)), None)
        if outside:
            # A line that starts inside first leaves at the end of its first run.
            (x0, y0), (x, y) = places[outside - 1], runs[0][-1]
            parts.append(_arrow(x, y, math.atan2(places[outside][1] - y0, places[outside][0] - x0)))
        step = line.differs_at
        if step is None or not runs:
            return "".join(parts)
        if step < len(places) and self.holds(places[step]):
            x, y = places[step]
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{BLACK}" stroke-width="2"/>')
        elif step < len(places):
            beyond = places[step]
            x, y = min(max(beyond[0], self.left), self.right), min(max(beyond[1], self.top), self.bottom)
            if outside and step == outside:
                x, y = runs[0][-1]
        else:
            x, y = runs[-1][-1]
        if step < len(right.points):
            beside = self.place(right.drawn[step])
            gap = f"M{x:.1f} {y:.1f}L{beside[0]:.1f} {beside[1]:.1f}"
            parts.insert(0, f'<path d="{gap}" stroke="{BLACK}" stroke-width="1.5" stroke-dasharray="1 3"/>')
        words = f"first wrong step: {step}"
        x, y = self._free(x, y, _width(words, 13), drawn)
        parts.append(_text(x, y, words, 12.5, fill=_WRONG_INK, weight="bold", halo=True))
        return "".join(parts)

    def _free(self, x: float, y: float, width: float, drawn: Iterable[Line]) -> tuple[float, float]:
        """A place for words near (x, y) where they cover as little as can be of what is drawn."""
        ends = [pair for line in drawn for run in self._runs(line) for pair in pairwise(run)]
        share = np.linspace(0, 1, 9)[:, None]
        dots = np.concatenate([np.zeros((0, 2)), *(np.array(a) + share * (np.array(b) - a) for a, b in ends)])
        places = [
            (
                far,
                min(max(x + side * (width / 2 + far), self.left + width / 2 + 4), self.right - width / 2 - 4),
                y + down,
            )
            for far in (14, 24, 36)
            for side in (1, -1, 0)
            for down in (4, -far, far + 9)
        ]

        def cost(place: tuple[float, float, float]) -> float:
            far, middle, base = place
            covered = (abs(dots[:, 0] - middle) < width / 2 + 5) & (abs(dots[:, 1] - base + 5) < 13)
            itself = abs(x - middle) < width / 2 + 9 and abs(y - base + 5) < 16
            outside = not self.top + 14 < base < self.bottom - 5
            return covered.sum() + far / 30 + 20 * itself + 100 * outside

        return min(places, key=cost)[1:]

    def _steps(self, line: Line) -> list[tuple[float, float]]:
        """Steps inside, where they are few enough to be told apart."""
        return [at for at in map(self.place, line.drawn) if self.holds(at)] if len(line.points) <= 60 else []

    def _runs(self, line: Line) -> list[list[tuple[float, float]]]:
        """The pieces of a line that lie inside."""
        places = [self.place(point) for point in line.drawn]
        runs = [[at] for at in places[:1] if self.holds(at)]
        for start, end in pairwise(places):
            inside = self._clip(start, end)
            if inside and runs and runs[-1][-1] == inside[0]:
                runs[-1].append(inside[1])
            elif inside:
                runs.append(list(inside))
        return runs

    def _clip(
        self, start: tuple[float, float], end: tuple[float, float]
    ) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The part of a segment that lies inside (Liang and Barsky, 1984)."""
        enters, leaves = 0.0, 1.0
        step = end[0] - start[0], end[1] - start[1]
        walls = ((0, self.left, 1), (0, self.right, -1), (1, self.top, 1), (1, self.bottom, -1))
        for axis, wall, inwards in walls:
            speed, room = inwards * step[axis], inwards * (wall - start[axis])
            if speed > 0:
                enters = max(enters, room / speed)
            elif speed < 0:
                leaves = min(leaves, room / speed)
            elif room > 0:
                return None
        if enters > leaves:
            return None
        first = start if enters == 0 else (start[0] + enters * step[0], start[1] + enters * step[1])
        last = end if leaves == 1 else (start[0] + leaves * step[0], start[1] + leaves * step[1])
        return first, last

    def _ticks(self, axis: int) -> list[tuple[float, str]]:
        """About four round numbers along an axis."""
        low, span = self.low[axis], self.span[axis]
        power = 10.0 ** math.floor(math.log10(span / 4))
        step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= span / 5)
        values = [step * index for index in range(math.ceil(low / step), math.floor((low + span) / step) + 1)]
        digits = min(max(math.ceil(math.log10(max(abs(low), abs(low + span)) / step)) + 1, 2), 9)
        return [(value, f"{value:.{digits}g}".replace("-", "−")) for value in values]


class _Layout:
    """Where the nodes of a small graph lie: layers by longest path, left to right, folded into bands that fit."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.edges = edges
        self.layer = _layers(nodes, edges)
        # An edge over several layers keeps a lane of its own in each of them, so that it crosses no box.
        self.chains: list[list[Slot]] = []
        for index, edge in enumerate(edges):
            lanes = [(index, at) for at in range(self.layer[edge.source] + 1, self.layer[edge.target])]
            self.chains.append([edge.source, *lanes, edge.target])
        self.beside: dict[Slot, list[Slot]] = defaultdict(list)
        self.columns: list[list[Slot]] = [[] for _ in range(max(self.layer.values()) + 1)]
        for slot in (*self.nodes, *(slot for chain in self.chains for slot in chain[1:-1])):
            self.columns[self.level(slot)].append(slot)
        for chain in self.chains:
            for one, other in pairwise(chain):
                self.beside[one].append(other)
                self.beside[other].append(one)
        self._order()
        self._fold()
        self._stack()

    def level(self, slot: Slot) -> int:
        """Layer of a node or a lane."""
        return self.layer[slot] if isinstance(slot, str) else slot[1]

    def size(self, slot: Slot) -> tuple[float, float]:
        """Width and height of a box; of a lane, its height alone."""
        if not isinstance(slot, str):
            return 0, 12
        node = self.nodes[slot]
        words = [_width(_title(node), 13) * 1.08, *(_width(fact, 12) for fact in _facts(node))]
        return max(44, max(words) + 14), 12 + 17 * len(words)

    def boxes(self) -> dict[str, tuple[float, float, float, float]]:
        """Left, top, right and bottom of every node."""
        found = {}
        for slot in self.nodes:
            (width, height), (left, right) = self.size(slot), self.x[self.level(slot)]
            middle, y = (left + right) / 2, self.y[slot]
            found[slot] = (middle - width / 2, y - height / 2, middle + width / 2, y + height / 2)
        return found

    def _order(self) -> None:
        """Put what is joined at about the same height, so that few edges cross (barycentres, Sugiyama 1981)."""
        for sweep in range(8):
            rank = {slot: index - len(column) / 2 for column in self.columns for index, slot in enumerate(column)}
            for number in range(len(self.columns))[:: 1 if sweep % 2 == 0 else -1]:
                before = number + (-1 if sweep % 2 == 0 else 1)

                def height(slot: Slot, before: int = before, rank: dict[Slot, float] = rank) -> float:
                    near = [rank[other] for other in self.beside[slot] if self.level(other) == before]
                    return sum(near) / len(near) if near else rank[slot]

                self.columns[number].sort(key=height)
                column = self.columns[number]
                rank.update({slot: index - len(column) / 2 for index, slot in enumerate(column)})

    def _fold(self) -> None:
        """Give every layer its place from left to right; after the last that fits, go on in a new band below."""
        widths = [max(self.size(slot)[0] for slot in column) for column in self.columns]
        gaps = [36.0] * len(widths)
        crossing = [2.0] * len(widths)
        for edge, chain in zip(self.edges, self.chains, strict=True):
            at = self.level(chain[-2])
            words = _width(_short(edge.label), 12)
            gaps[at] = max(gaps[at], words + 40 if words else 0, 48 if edge.wrong else 0)
            for slot in chain[:-1]:
                crossing[self.level(slot)] += 3 if edge.wrong else 1
        # The cheapest way to cut the row of layers into bands: few bands, well filled, few edges from one to the next.
        best: list[tuple[float, list[int]]] = [(0.0, [])]
        for end in range(1, len(widths) + 1):
            ways = []
            for start in range(end):
                used = sum(widths[start:end]) + sum(gaps[start : end - 1])
                if used <= _BAND or start == end - 1:
                    cost, bands = best[start]
                    cost += (crossing[start - 1] if start else 0) + (1 - min(used / _BAND, 1)) ** 2
                    ways.append((cost, [*bands, *[bands[-1] + 1 if bands else 0] * (end - start)]))
            best.append(min(ways))
        self.band = best[-1][1]
        self.lanes: dict[int, list[tuple[int, Slot, Slot]]] = defaultdict(list)
        for index, chain in enumerate(self.chains):
            for one, other in pairwise(chain):
                if self._folds(one, other):
                    self.lanes[self.band[self.level(one)]].append((index, one, other))
        self.margin = 16.0 + 8 * max(map(len, self.lanes.values()), default=0)
        self.x, x = list[tuple[float, float]](), 0.0
        for index, (width, gap) in enumerate(zip(widths, gaps, strict=True)):
            x = self.margin if not index or self.band[index] != self.band[index - 1] else x
            self.x.append((x, x + width))
            x += width + gap
        self.width = max(right for _, right in self.x) + self.margin

    def _folds(self, one: Slot, other: Slot) -> bool:
        return self.band[self.level(one)] != self.band[self.level(other)]

    def _stack(self) -> None:
        """Heights: each slot as near to its neighbours as the others of its column let it."""
        self.y: dict[Slot, float] = dict.fromkeys((slot for column in self.columns for slot in column), 0.0)
        for sweep in range(12):
            for column in self.columns[:: 1 if sweep % 2 == 0 else -1]:
                placed: list[float] = []
                moved = []
                for slot in column:
                    near = [self.y[other] for other in self.beside[slot] if not self._folds(slot, other)]
                    above = self.size(column[len(placed) - 1])[1] if placed else 0
                    least = placed[-1] + (above + self.size(slot)[1]) / 2 + 18 if placed else -math.inf
                    want = sum(near) / len(near) if near else least if placed else self.y[slot]
                    placed.append(max(want, least))
                    moved.append(want - placed[-1])
                shift = sum(moved) / len(column)
                self.y.update({slot: y + shift for slot, y in zip(column, placed, strict=True)})
        top, self.floor = 12.0, list[float]()
        for band in range(self.band[-1] + 1):
            slots = [slot for column in self.columns for slot in column if self.band[self.level(slot)] == band]
            shift = top - min(self.y[slot] - self.size(slot)[1] / 2 for slot in slots)
            self.y.update({slot: self.y[slot] + shift for slot in slots})
            labelled = any(self.edges[index].label for index, *_ in self.lanes[band])
            bottom = max(self.y[slot] + self.size(slot)[1] / 2 for slot in slots)
            self.floor.append(bottom + (34 if labelled else 20))
            top = self.floor[-1] + 8 * len(self.lanes[band]) + 16
            self.lanes[band].sort(key=lambda lane: -self.y[lane[1]])

    def draw(self) -> tuple[float, float, list[str]]:
        """Width, bottom edge and parts of the drawing."""
        ports = self._ports()
        lines, signs, taken = list[str](), list[str](), list[tuple[float, float]]()
        for index, (edge, chain) in enumerate(zip(self.edges, self.chains, strict=True)):
            colour, bow = _WRONG_INK if edge.wrong else BLACK, ports[index, edge.source, "bow"][1]
            start, d = ports[index, edge.source, "out"], ""
            for one, other in pairwise(chain):
                (x1, y1), (x2, y2) = ports[index, one, "out"], ports[index, other, "in"]
                x2 -= 7 if isinstance(other, str) else 0
                if self._folds(one, other):
                    lanes = self.lanes[self.band[self.level(one)]]
                    lane = lanes.index((index, one, other))
                    y = self.floor[self.band[self.level(one)]] + 8 * lane
                    # Lanes are nested, the highest outermost on the right, so that they do not cross.
                    out, back = self.width - 8 * (len(lanes) - lane), 8 * (lane + 1)
                    d += f"H{out:.1f}V{y:.1f}H{back:.1f}V{y2:.1f}H{x2:.1f}"
                    cross, words = (self.width * 0.4, y), (self.width * 0.6, y)
                else:
                    half = (x1 + x2) / 2
                    d += f"C{half:.1f} {y1 + bow:.1f} {half:.1f} {y2 + bow:.1f} {x2:.1f} {y2:.1f}"
                    late = 0.68 if _width(edge.label, 12) < 30 else 0.5
                    cross, words = (_between((x1, y1), (x2, y2), bow, share) for share in (0.27, late))
                d += "" if isinstance(other, str) else f"H{ports[index, other, 'out'][0]:.1f}"
            lines += [_stroke(f"M{start[0]:.1f} {start[1]:.1f}{d}", edge.wrong), _arrow(x2 + 7, y2, 0, colour)]
            if edge.wrong:
                signs.append(_cross(*cross))
                taken.append(cross)
            if edge.label:
                x, y = words[0], words[1] + (16 if bow > 0 else -6)
                while any(abs(x - a) < 24 and abs(y - 4 - b) < 12 for a, b in taken):
                    y += 4 if bow > 0 else -4
                taken.append((x, y - 4))
                signs.append(_text(x, y, _short(edge.label), 12, fill=colour, halo=True))
        boxes = [self._box(self.nodes[slot], *corners) for slot, corners in self.boxes().items()]
        return self.width, self.floor[-1], [*lines, *boxes, *signs]

    def _ports(self) -> dict[tuple[int, Slot, str], tuple[float, float]]:
        """Where each edge leaves and enters the slots on its way, and how far it bends away from one beside it."""
        ports: dict[tuple[int, Slot, str], tuple[float, float]] = {}
        leaving: dict[Slot, list[tuple[float, int]]] = defaultdict(list)
        entering: dict[Slot, list[tuple[float, int]]] = defaultdict(list)
        twins = Counter((edge.source, edge.target) for edge in self.edges)
        seen: Counter[tuple[str, str]] = Counter()
        for index, (edge, chain) in enumerate(zip(self.edges, self.chains, strict=True)):
            for one, other in pairwise(chain):
                leaving[one].append((self.y[other], index))
                entering[other].append((self.y[one], index))
            pair = edge.source, edge.target
            ports[index, edge.source, "bow"] = (0, 20 * (seen[pair] - (twins[pair] - 1) / 2) if len(chain) == 2 else 0)
            seen[pair] += 1
        boxes = self.boxes()
        for side, ends in (("out", leaving), ("in", entering)):
            for slot, edges in ends.items():
                left, right = boxes[slot][::2] if isinstance(slot, str) else self.x[self.level(slot)]
                apart = min(14, (self.size(slot)[1] - 14) / len(edges)) if isinstance(slot, str) else 0
                for place, (_, index) in enumerate(sorted(edges)):
                    y = self.y[slot] + apart * (place - (len(edges) - 1) / 2)
                    ports[index, slot, side] = (right if side == "out" else left, y)
        return ports

    def _box(self, node: Node, left: float, top: float, right: float, bottom: float) -> str:
        colour, fill, dash = (VERMILLION, "#FFF1E8", "5 3") if node.wrong else (BLUE, "#EEF6FB", "none")
        middle, y = (left + right) / 2, top + 18
        parts = [
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="6" '
            f'fill="{fill}" stroke="{colour}" stroke-width="{2.5 if node.wrong else 1.5}" stroke-dasharray="{dash}"/>',
            _text(middle, y, _title(node), 13, weight="bold"),
        ]
        for fact in _facts(node):
            y += 17
            gradient = fact.startswith("grad")
            parts.append(_text(middle, y, fact, 12, fill=ink("gradient") if gradient else BLACK))
        return "".join([*parts, _cross(left + 2, top + 2) if node.wrong else ""])


def _sorted(nodes: Iterable[Node], edges: Iterable[Edge]) -> list[str]:
    """The ids of the nodes, each after those that lead to it."""
    before: dict[str, set[str]] = {node.id: set() for node in nodes}
    for edge in edges:
        before[edge.target].add(edge.source)
    return list(TopologicalSorter(before).static_order())


def _layers(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, int]:
    """Length of the longest path to each node; what nothing leads to stands right before what it leads to."""
    layer = {node.id: 0 for node in nodes}
    for name in _sorted(nodes, edges):
        layer[name] = max((layer[edge.source] + 1 for edge in edges if edge.target == name), default=0)
    inner = {edge.target for edge in edges}
    first = {
        node.id: min((layer[edge.target] - 1 for edge in edges if edge.source == node.id), default=0)
        for node in nodes
        if node.id not in inner
    }
    return layer | first


def _title(node: Node) -> str:
    return _short(node.label or node.id)


def _facts(node: Node) -> list[str]:
    return ([_short(node.value)] if node.value else []) + ([f"grad {_short(node.gradient)}"] if node.gradient else [])


def _short(words: str) -> str:
    return _fit(words, 120, 12)


def _svg(width: float, height: float, parts: Iterable[str], title: str, alt: str) -> str:
    heading = _wrapped(_clean(title), width - 28, 17)
    parts = [
        *(_text(14, 24 + 20 * row, words, 15, "start", weight="bold") for row, words in enumerate(heading)),
        f'<g transform="translate(0 {20 * len(heading) + 10})">',
        *parts,
        "</g>",
    ]
    height += 20 * len(heading) + 10
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(_clean(alt))}" {size} '
        'style="max-width:100%;height:auto" font-family="system-ui, sans-serif">'
        f'<rect width="100%" height="100%" rx="6" fill="{WHITE}"/>{"".join(parts)}</svg>'
    )


def _text(
    x: float, y: float, words: str, size: float, anchor: str = "middle", fill: str = BLACK, weight: str = "normal",
    halo: bool = False, extra: str = "",
) -> str:  # fmt: skip
    ring = f'stroke="{WHITE}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text {place} fill="{fill}" {ring} {extra}>{escape(_clean(words))}</text>' if words else ""


def _stroke(d: str, wrong: bool) -> str:
    style = f'stroke="{VERMILLION}" stroke-width="2.5" stroke-dasharray="6 4"' if wrong else f'stroke="{BLACK}"'
    return f'<path d="{d}" fill="none" stroke-linejoin="round" {style}/>'


def _between(start: tuple[float, float], end: tuple[float, float], bow: float, share: float) -> tuple[float, float]:
    """A point of the curve that leaves and arrives level, bent by ``bow``."""
    rest = 1 - share
    bend = 3 * rest * share
    x = rest**3 * start[0] + bend * (start[0] + end[0]) / 2 + share**3 * end[0]
    y = start[1] * rest**2 * (rest + 3 * share) + end[1] * share**2 * (share + 3 * rest) + bend * bow
    return x, y


def _cross(x: float, y: float) -> str:
    """The sign of something wrong."""
    disc = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{WHITE}" stroke="{_WRONG_INK}" stroke-width="2"/>'
    cross = f"M{x - 3.5:.1f} {y - 3.5:.1f}l7 7m-7 0l7 -7"
    return f'{disc}<path d="{cross}" fill="none" stroke="{_WRONG_INK}" stroke-width="2.5"/>'


def _arrow(x: float, y: float, angle: float, colour: str = _WRONG_INK) -> str:
    """A head of an arrow with its tip at a place."""
    corners = [
        (x - 10 * math.cos(angle + turn), y - 10 * math.sin(angle + turn)) for turn in (-math.pi / 7, math.pi / 7)
    ]
    return f'<path d="M{x:.1f} {y:.1f}L{"L".join(f"{a:.1f} {b:.1f}" for a, b in corners)}z" fill="{colour}"/>'


def _width(words: str, size: float) -> float:
    """About how wide a text is drawn."""
    return size * sum(1.05 if east_asian_width(sign) in "WF" else 0.58 for sign in words)


def _fit(words: str, width: float, size: float) -> str:
    """A text, cut where it would be wider."""
    if _width(words, size) <= width:
        return words
    while words and _width(words + "…", size) > width:
        words = words[:-1]
    return words + "…"


def _wrapped(words: str, width: float, size: float) -> list[str]:
    rows = [""] if words else []
    for word in words.split():
        if rows[-1] and _width(f"{rows[-1]} {word}", size) > width:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _clean(words: str) -> str:
    """A text without the characters that XML forbids, that break lines or that turn the direction of writing."""
    return "".join(
        sign if sign.isprintable() else " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}" for sign in words
    )


def _sentence(words: str) -> str:
    words = _clean(words).strip()
    return words and words[0].upper() + words[1:] + ("" if words[-1] in ".!?" else ".")


def _point(point: Point) -> str:
    return "(not finite)" if point is None else f"({point[0]:.4g}, {point[1]:.4g})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _listed(names: Sequence[str], most: int = 6) -> str:
    return "; ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
