"""The pictures of a report as SVG that needs nothing else, and as an image for a page."""

from __future__ import annotations

import math
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from statistics import fmean
from typing import TypeAlias
from unicodedata import east_asian_width

import numpy as np

from gradus.checking.pictures import Edge, GraphPicture, Line, Node, PathPicture, Picture, clean
from gradus.plots import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILLION, WHITE, ink

Place: TypeAlias = tuple[float, float]
Slot: TypeAlias = str | tuple[int, int]  # a node, or the lane of an edge in a layer that it passes

_WIDTH, _BAND = 500, 560
_WRONG_INK = ink("path")
_EXPECTED, _GOT = (BLUE, GREEN, SKY), (VERMILLION, PURPLE, ORANGE)
_DASHES = ("7 4", "2 4", "10 3 2 3")


def picture_html(picture: Picture) -> str:
    """A picture as an ``<img>``: it passes where SVG elements are stripped, and can neither run nor load anything."""
    source = b64encode(svg(picture).encode()).decode()
    address = f"data:image/svg+xml;base64,{source}"
    return f'<img src="{address}" alt="{escape(picture.alt)}" style="max-width:100%;padding:4px 0">'


def svg(picture: Picture) -> str:
    """A picture as one ``<svg>`` element that needs nothing else."""
    width, height, parts = _paths(picture) if isinstance(picture, PathPicture) else _graph(picture)
    heading = _wrapped(clean(picture.title), width - 28, 17)
    title = [_text(14, 24 + 20 * row, words, 15, "start", weight="bold") for row, words in enumerate(heading)]
    below = 20 * len(heading) + 10
    size = f'width="{width:.0f}" height="{height + below:.0f}" viewBox="0 0 {width:.0f} {height + below:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(picture.alt)}" {size} '
        'style="max-width:100%;height:auto" font-family="system-ui, sans-serif">'
        f'<rect width="100%" height="100%" rx="6" fill="{WHITE}"/>{"".join(title)}'
        f'<g transform="translate(0 {below})">{"".join(parts)}</g></svg>'
    )


def _paths(picture: PathPicture) -> tuple[float, float, list[str]]:
    """Width, height and parts of the drawing."""
    frame, keys = _Frame(picture), list[tuple[str, str]]()
    ground, expected, got = map(picture.lines_of, ("ground", "expected", "got"))
    parts = [frame.grid(), *(frame.path(line, f'stroke="{GREY}" opacity="0.55"') for line in ground)]
    for lines, colours, dashes, look in (
        (expected, _EXPECTED, ("none", *_DASHES), 'stroke-width="4" opacity="0.75"'),
        (got, _GOT, _DASHES, 'stroke-width="2"'),
    ):
        for line, colour, dash in zip(lines, colours, dashes, strict=False):
            stroke = f'stroke="{colour}" stroke-dasharray="{dash}" {look}'
            parts += [frame.path(line, stroke), frame.steps(line, colour)]
            keys.append((stroke, f"{line.role}: {line.name}"))
    x, y = frame.place(expected[0].drawn[0])
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{BLACK}"/>')
    parts += [frame.marks(line, right, expected + got) for line, right in picture.pairs()]
    middle_x, middle_y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    turn = f'transform="rotate(-90 16 {middle_y:.0f})"'
    parts.append(_text(middle_x, frame.bottom + 36, _fit(picture.x_label, 400, 13), 13))
    parts.append(_text(16, middle_y, _fit(picture.y_label, 240, 13), 13, extra=turn))
    y = frame.bottom + (58 if picture.x_label else 42)
    for index, (stroke, name) in enumerate(keys):
        x, y_key = frame.left + 218 * (index % 2), y + 20 * (index // 2)
        parts.append(f'<path d="M{x:.0f} {y_key - 4:.0f}h34" fill="none" {stroke}/>')
        parts.append(_text(x + 42, y_key, _fit(name, 168, 12.5), 12.5, "start"))
    y += 20 * ((len(keys) + 1) // 2)
    remarks = [remark for line in got for remark in picture.remarks(line)]
    for row in [row for remark in remarks for row in _wrapped(remark, 430, 12.5)]:
        parts.append(_text(frame.left, y + 2, row, 12.5, "start", _WRONG_INK))
        y += 19
    return _WIDTH, y, parts


class _Frame:
    """The window of a ``PathPicture``: what of the plane it shows, and where on the page."""

    top, right, bottom = 6.0, _WIDTH - 16.0, 260.0

    def __init__(self, picture: PathPicture) -> None:
        self.window = picture.window()
        self.left = max(_width(words, 12) for _, words in _ticks(*self.window[1])) + (36 if picture.y_label else 16)

    def place(self, point: Place) -> Place:
        """Where a point lies on the page, in pixels."""
        x, y = (_within((value - low) / span, -1e4, 1e4) for value, (low, span) in zip(point, self.window, strict=True))
        return self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)

    def holds(self, at: Place) -> bool:
        """Whether a place on the page lies inside."""
        return self.left <= at[0] <= self.right and self.top <= at[1] <= self.bottom

    def grid(self) -> str:
        """The window, its grid and its numbers."""
        parts, (low_x, low_y) = [], (low for low, _ in self.window)
        for value, words in _ticks(*self.window[0]):
            x = self.place((value, low_y))[0]
            parts.append(f'<path d="M{x:.1f} {self.top:g}V{self.bottom:g}" stroke="{PALE}"/>')
            parts.append(_text(x, self.bottom + 17, words, 12))
        for value, words in _ticks(*self.window[1]):
            y = self.place((low_x, value))[1]
            parts.append(f'<path d="M{self.left:.1f} {y:.1f}H{self.right:g}" stroke="{PALE}"/>')
            parts.append(_text(self.left - 6, y + 4, words, 12, "end"))
        box = f"M{self.left:.1f} {self.top:g}H{self.right:g}V{self.bottom:g}H{self.left:.1f}z"
        return "".join([*parts, f'<path d="{box}" fill="none" stroke="{GREY}"/>'])

    def path(self, line: Line, stroke: str) -> str:
        """What of a line lies inside."""
        d = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in self._runs(line))
        return f'<path d="{d}" fill="none" stroke-linejoin="round" {stroke}/>' if d else ""

    def steps(self, line: Line, colour: str) -> str:
        """The steps of a line, squares if it was got, where they are few enough to be told apart."""
        inside = [at for at in map(self.place, line.drawn) if self.holds(at)] if len(line.points) <= 60 else []
        if line.role == "expected":
            return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in inside)
        d = "".join(f"M{x - 3:.1f} {y - 3:.1f}h6v6h-6z" for x, y in inside)
        return f'<path d="{d}" fill="{WHITE}" stroke="{colour}" stroke-width="1.5"/>' if d else ""

    def marks(self, line: Line, right: Line, drawn: Iterable[Line]) -> str:
        """Where a got line first differs from the right one, where it leaves the window and where it ends."""
        parts, places, runs = list[str](), [self.place(point) for point in line.drawn], self._runs(line)
        if not runs:
            return ""
        if None in line.points and self.holds(places[-1]):
            parts.append(_cross(*places[-1]))
        outside = next((index for index, at in enumerate(places) if not self.holds(at)), None)
        if outside:
            # A line that starts inside first leaves at the end of its first run.
            (x0, y0), (x1, y1) = places[outside - 1 : outside + 1]
            parts.append(_arrow(*runs[0][-1], math.atan2(y1 - y0, x1 - x0)))
        step = line.differs_at
        if step is None:
            return "".join(parts)
        if step >= len(places):
            x, y = runs[-1][-1]
        elif outside and step == outside:
            x, y = runs[0][-1]
        else:
            x, y = _within(places[step][0], self.left, self.right), _within(places[step][1], self.top, self.bottom)
        if (x, y) in places[step : step + 1]:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{BLACK}" stroke-width="2"/>')
        if step < len(right.points):
            x1, y1 = self.place(right.drawn[step])
            gap = f"M{x:.1f} {y:.1f}L{x1:.1f} {y1:.1f}"
            parts.insert(0, f'<path d="{gap}" stroke="{BLACK}" stroke-width="1.5" stroke-dasharray="1 3"/>')
        words = f"first wrong step: {step}"
        x, y = self._free(x, y, _width(words, 13), drawn)
        return "".join([*parts, _text(x, y, words, 12.5, fill=_WRONG_INK, weight="bold", halo=True)])

    def _free(self, x: float, y: float, width: float, drawn: Iterable[Line]) -> Place:
        """A place for words near (x, y) where they cover as little as can be of what is drawn."""
        ends = [pair for line in drawn for run in self._runs(line) for pair in pairwise(run)]
        share = np.linspace(0, 1, 9)[:, None]
        dots = np.concatenate([np.zeros((0, 2)), *(np.array(a) + share * (np.array(b) - a) for a, b in ends)])
        left, right = self.left + width / 2 + 4, self.right - width / 2 - 4
        places = [
            (far, _within(x + side * (width / 2 + far), left, right), y + down)
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

    def _runs(self, line: Line) -> list[list[Place]]:
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

    def _clip(self, start: Place, end: Place) -> tuple[Place, Place] | None:
        """The part of a segment that lies inside (Liang and Barsky, 1984)."""
        (x, y), (dx, dy), enters, leaves = start, (end[0] - start[0], end[1] - start[1]), 0.0, 1.0
        for speed, room in ((dx, self.left - x), (-dx, x - self.right), (dy, self.top - y), (-dy, y - self.bottom)):
            if speed > 0:
                enters = max(enters, room / speed)
            elif speed < 0:
                leaves = min(leaves, room / speed)
            elif room > 0:
                return None
        if enters > leaves:
            return None
        return (x + enters * dx, y + enters * dy), end if leaves == 1 else (x + leaves * dx, y + leaves * dy)


def _ticks(low: float, span: float) -> list[tuple[float, str]]:
    """About four round numbers along an axis."""
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= span / 5)
    values = [step * index for index in range(math.ceil(low / step), math.floor((low + span) / step) + 1)]
    digits = min(max(math.ceil(math.log10(max(abs(low), abs(low + span)) / step)) + 1, 2), 9)
    return [(value, f"{value:.{digits}g}".replace("-", "−")) for value in values]


def _graph(picture: GraphPicture) -> tuple[float, float, list[str]]:
    """Width, height and parts of the drawing."""
    width, bottom, parts = _Layout(*picture.shown()).draw()
    width, y = max(width, 320), bottom + 10
    if picture.marked:
        parts += [_stroke(f"M16 {y - 4:.0f}h16M44 {y - 4:.0f}h16", wrong=True), _cross(38, y - 4)]
        parts.append(_text(68, y, "wrong", 12.5, "start", _WRONG_INK))
        y += 20
    for row in _wrapped(picture.left_out(), width - 28, 12.5):
        parts.append(_text(14, y, row, 12.5, "start"))
        y += 18
    return width, y, parts


class _Layout:
    """Where the nodes of a small graph lie: layers by longest path, left to right, folded into bands that fit."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes, self.edges = {node.id: node for node in nodes}, edges
        self.level = _layers(nodes, edges)
        self.size: dict[Slot, Place] = {node.id: _size(node) for node in nodes}
        # An edge over several layers keeps a lane of its own in each of them, so that it crosses no box.
        self.chains: list[list[Slot]] = []
        for index, edge in enumerate(edges):
            lanes = [(index, at) for at in range(self.level[edge.source] + 1, self.level[edge.target])]
            self.chains.append([edge.source, *lanes, edge.target])
            self.level |= {lane: lane[1] for lane in lanes}
            self.size |= dict.fromkeys(lanes, (0, 12))
        self.columns: list[list[Slot]] = [[] for _ in range(max(self.level.values()) + 1)]
        for slot, level in self.level.items():
            self.columns[level].append(slot)
        self.links = [(index, one, other) for index, chain in enumerate(self.chains) for one, other in pairwise(chain)]
        self.beside: dict[Slot, list[Slot]] = defaultdict(list)
        for _, one, other in self.links:
            self.beside[one].append(other)
            self.beside[other].append(one)
        self._order()
        self._fold()
        self._stack()

    def boxes(self) -> dict[str, tuple[float, float, float, float]]:
        """Left, top, right and bottom of every node."""
        found = {}
        for slot in self.nodes:
            (width, height), middle, y = self.size[slot], sum(self.x[self.level[slot]]) / 2, self.y[slot]
            found[slot] = (middle - width / 2, y - height / 2, middle + width / 2, y + height / 2)
        return found

    def _order(self) -> None:
        """Put what is joined at about the same height, so that few edges cross (barycentres, Sugiyama 1981)."""
        for sweep in range(8):
            for before, column in pairwise(self.columns[:: -1 if sweep % 2 else 1]):
                rank = {slot: index - len(side) / 2 for side in (before, column) for index, slot in enumerate(side)}
                near = {slot: [rank[other] for other in self.beside[slot] if other in rank] for slot in column}
                height = {slot: fmean(near[slot] or [rank[slot]]) for slot in column}
                column.sort(key=height.__getitem__)

    def _fold(self) -> None:
        """Give every layer its place from left to right; after the last that fits, go on in a new band below."""
        widths = [max(self.size[slot][0] for slot in column) for column in self.columns]
        gaps, crossing = [36.0] * len(widths), [2.0] * len(widths)
        for edge, chain in zip(self.edges, self.chains, strict=True):
            at, words = self.level[chain[-2]], _width(_short(edge.label), 12)
            gaps[at] = max(gaps[at], words + 40 if words else 0, 48 if edge.wrong else 0)
        for index, one, _ in self.links:
            crossing[self.level[one]] += 3 if self.edges[index].wrong else 1
        # The cheapest way to cut the row of layers into bands: few bands, well filled, few edges from one to the next.
        best: list[tuple[float, list[int]]] = [(0.0, [])]
        for end in range(1, len(widths) + 1):
            ways = []
            for start in range(end):
                used = sum(widths[start:end]) + sum(gaps[start : end - 1])
                if used <= _BAND or start == end - 1:
                    cost, before = best[start]
                    cost += (crossing[start - 1] if start else 0) + (1 - min(used / _BAND, 1)) ** 2
                    ways.append((cost, before + [before[-1] + 1 if before else 0] * (end - start)))
            best.append(min(ways))
        bands = best[-1][1]
        self.band = {slot: bands[level] for slot, level in self.level.items()}
        self.lanes: dict[int, list[tuple[int, Slot, Slot]]] = defaultdict(list)
        for link in self.links:
            if self.band[link[1]] != self.band[link[2]]:
                self.lanes[self.band[link[1]]].append(link)
        margin = x = 16.0 + 8 * max(map(len, self.lanes.values()), default=0)
        self.x: list[tuple[float, float]] = []
        for index, (width, gap) in enumerate(zip(widths, gaps, strict=True)):
            x = margin if bands[index] != bands[index - 1] else x
            self.x.append((x, x + width))
            x += width + gap
        self.width = max(right for _, right in self.x) + margin

    def _stack(self) -> None:
        """Heights: each slot as near to its neighbours as the others of its column let it."""
        self.y: dict[Slot, float] = dict.fromkeys((slot for column in self.columns for slot in column), 0.0)
        for sweep in range(12):
            for column in self.columns[:: -1 if sweep % 2 else 1]:
                placed, moved, least = list[float](), list[float](), -math.inf
                for slot in column:
                    half = self.size[slot][1] / 2
                    near = [self.y[other] for other in self.beside[slot] if self.band[slot] == self.band[other]]
                    want = fmean(near) if near else least + half if placed else self.y[slot]
                    placed.append(max(want, least + half))
                    moved.append(want - placed[-1])
                    least = placed[-1] + half + 18
                shift = fmean(moved)
                self.y.update({slot: y + shift for slot, y in zip(column, placed, strict=True)})
        top, self.floor = 12.0, list[float]()
        for band in range(max(self.band.values()) + 1):
            halves = {slot: self.size[slot][1] / 2 for slot in self.y if self.band[slot] == band}
            shift = top - min(self.y[slot] - half for slot, half in halves.items())
            self.y.update({slot: self.y[slot] + shift for slot in halves})
            labelled = any(self.edges[index].label for index, *_ in self.lanes[band])
            self.floor.append(max(self.y[slot] + half for slot, half in halves.items()) + (34 if labelled else 20))
            top = self.floor[-1] + 8 * len(self.lanes[band]) + 16
            self.lanes[band].sort(key=lambda link: -self.y[link[1]])

    def draw(self) -> tuple[float, float, list[str]]:
        """Width, bottom edge and parts of the drawing."""
        ports, boxes = self._ports(), self.boxes()
        lines, signs, taken = list[str](), list[str](), list[Place]()
        for index, (edge, chain) in enumerate(zip(self.edges, self.chains, strict=True)):
            ends = [(other.source, other.target) for other in self.edges]
            twins = [at for at, pair in enumerate(ends) if pair == ends[index] and len(chain) == 2] or [index]
            bow = 20 * (twins.index(index) - (len(twins) - 1) / 2)
            d = "M{:.1f} {:.1f}".format(*ports[index, edge.source, "out"])
            for one, other in pairwise(chain):
                (x1, y1), (x2, y2) = ports[index, one, "out"], ports[index, other, "in"]
                x2 -= 7 if isinstance(other, str) else 0
                if self.band[one] != self.band[other]:
                    lanes = self.lanes[self.band[one]]
                    lane = lanes.index((index, one, other))
                    y = self.floor[self.band[one]] + 8 * lane
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
            colour = _WRONG_INK if edge.wrong else BLACK
            lines += [_stroke(d, edge.wrong), _arrow(x2 + 7, y2, 0, colour)]
            if edge.wrong:
                signs.append(_cross(*cross))
                taken.append(cross)
            if edge.label:
                x, y = words[0], words[1] + (16 if bow > 0 else -6)
                while any(abs(x - a) < 24 and abs(y - 4 - b) < 12 for a, b in taken):
                    y += 4 if bow > 0 else -4
                taken.append((x, y - 4))
                signs.append(_text(x, y, _short(edge.label), 12, fill=colour, halo=True))
        return self.width, self.floor[-1], [*lines, *(_box(self.nodes[name], *boxes[name]) for name in boxes), *signs]

    def _ports(self) -> dict[tuple[int, Slot, str], Place]:
        """Where each edge leaves and enters the slots on its way."""
        ends: dict[tuple[Slot, str], list[tuple[float, int]]] = defaultdict(list)
        for index, one, other in self.links:
            ends[one, "out"].append((self.y[other], index))
            ends[other, "in"].append((self.y[one], index))
        ports, boxes = {}, self.boxes()
        for (slot, side), edges in ends.items():
            left, right = boxes[slot][::2] if isinstance(slot, str) else self.x[self.level[slot]]
            apart = min(14, (self.size[slot][1] - 14) / len(edges)) if isinstance(slot, str) else 0
            for at, (_, index) in enumerate(sorted(edges)):
                y = self.y[slot] + apart * (at - (len(edges) - 1) / 2)
                ports[index, slot, side] = (right if side == "out" else left, y)
        return ports


def _layers(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[Slot, int]:
    """Length of the longest path to each node; what nothing leads to stands right before what it leads to."""
    layer: dict[Slot, int] = {node.id: 0 for node in nodes}
    for _ in nodes:
        for edge in edges:
            layer[edge.target] = max(layer[edge.target], layer[edge.source] + 1)
    for name in [name for name in layer if layer[name] == 0]:
        layer[name] = min((layer[edge.target] - 1 for edge in edges if edge.source == name), default=0)
    return layer


def _size(node: Node) -> Place:
    """Width and height of a box."""
    title, *facts = (_width(words, size) for words, size, *_ in _rows(node))
    return max(44, max(title * 1.08, *facts, 0) + 14), 29 + 17 * len(facts)


def _box(node: Node, left: float, top: float, right: float, bottom: float) -> str:
    colour, fill, dash = (VERMILLION, "#FFF1E8", "5 3") if node.wrong else (BLUE, "#EEF6FB", "none")
    rows = [
        _text((left + right) / 2, top + 18 + 17 * at, words, size, fill=text_colour, weight=weight)
        for at, (words, size, weight, text_colour) in enumerate(_rows(node))
    ]
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="6" '
        f'fill="{fill}" stroke="{colour}" stroke-width="{2.5 if node.wrong else 1.5}" stroke-dasharray="{dash}"/>'
        f"{''.join(rows)}{_cross(left + 2, top + 2) if node.wrong else ''}"
    )


def _rows(node: Node) -> list[tuple[str, float, str, str]]:
    """What stands in the box of a node, row by row, with size, weight and colour."""
    rows = [(_short(node.label or node.id), 13.0, "bold", BLACK)]
    rows += [(_short(node.value), 12.0, "normal", BLACK)] if node.value else []
    return rows + ([(f"grad {_short(node.gradient)}", 12.0, "normal", ink("gradient"))] if node.gradient else [])


def _text(
    x: float, y: float, words: str, size: float, anchor: str = "middle", fill: str = BLACK, weight: str = "normal",
    halo: bool = False, extra: str = "",
) -> str:  # fmt: skip
    ring = f'stroke="{WHITE}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text {place} fill="{fill}" {ring} {extra}>{escape(clean(words))}</text>' if words else ""


def _stroke(d: str, wrong: bool) -> str:
    style = f'stroke="{VERMILLION}" stroke-width="2.5" stroke-dasharray="6 4"' if wrong else f'stroke="{BLACK}"'
    return f'<path d="{d}" fill="none" stroke-linejoin="round" {style}/>'


def _between(start: Place, end: Place, bow: float, share: float) -> Place:
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
    turns = angle - math.pi / 7, angle + math.pi / 7
    corners = "L".join(f"{x - 10 * math.cos(turn):.1f} {y - 10 * math.sin(turn):.1f}" for turn in turns)
    return f'<path d="M{x:.1f} {y:.1f}L{corners}z" fill="{colour}"/>'


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _width(words: str, size: float) -> float:
    """About how wide a text is drawn."""
    return size * sum(1.05 if east_asian_width(sign) in "WF" else 0.58 for sign in words)


def _short(words: str) -> str:
    return _fit(words, 120, 12)


def _fit(words: str, width: float, size: float) -> str:
    """A text, cut where it would be wider."""
    if _width(words, size) <= width:
        return words
    while words and _width(words + "…", size) > width:
        words = words[:-1]
    return words + "…"


def _wrapped(words: str, width: float, size: float) -> list[str]:
    """The rows of a text; a word that fills no row is cut."""
    rows = [""] if words else []
    for word in words.split():
        if rows[-1] and _width(f"{rows[-1]} {word}", size) > width:
            rows.append("")
        rows[-1] = _fit(f"{rows[-1]} {word}".strip(), width, size)
    return rows
