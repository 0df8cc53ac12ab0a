"""Pictures in reports: whatever the data, the drawing is well-formed, harmless, small and true."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from autograder.grading.markup import harmless_html
from autograder.nbgrader_hooks.feedback import FeedbackExporter
from gradus.checking.drawing import _Layout, picture_html, svg
from gradus.checking.pictures import (
    MAX_EDGES,
    MAX_NODES,
    MAX_POINTS,
    Edge,
    GraphPicture,
    Line,
    Node,
    PathPicture,
    Picture,
)

PICTURES: TypeAdapter[Picture] = TypeAdapter(Picture)
SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>&\"'\x00\x1b\u202e\ud800]]>"
words = st.text(st.characters() | st.sampled_from(NASTY), max_size=30)
numbers = st.floats(-1e100, 1e100) | st.sampled_from([0.0, -1.0, 1.0, 5e-324, 1e100])
points = st.tuples(numbers, numbers)
any_float = st.floats(allow_nan=False, allow_infinity=False)


def to_json(picture: Picture) -> Any:
    return json.loads(json.dumps(PICTURES.dump_python(picture, mode="json")))


def from_json(tree: Any) -> Picture:
    return PICTURES.validate_json(json.dumps(tree), strict=True)


@st.composite
def got_lines(draw: st.DrawFn) -> Line:
    path = draw(st.lists(st.none() | points | st.tuples(any_float, any_float), min_size=1, max_size=12))
    differs = draw(st.none() | st.integers(0, len(path) - 1))
    return Line(draw(words), "got", tuple(path), differs)


@st.composite
def path_pictures(draw: st.DrawFn) -> PathPicture:
    paths = st.lists(points, min_size=1, max_size=12).map(tuple)
    lines = [Line(draw(words), "expected", draw(paths)) for _ in range(draw(st.integers(1, 3)))]
    lines += [draw(got_lines()) for _ in range(draw(st.integers(1, 3)))]
    lines += [Line(draw(words), "ground", draw(paths)) for _ in range(draw(st.integers(0, 3)))]
    return PathPicture(draw(words), tuple(draw(st.permutations(lines))), draw(words), draw(words))


@st.composite
def graph_pictures(draw: st.DrawFn) -> GraphPicture:
    ids = draw(st.lists(words, min_size=1, max_size=30, unique=True))
    nodes = tuple(Node(id_, draw(words), draw(words), draw(words), draw(st.booleans())) for id_ in ids)
    index = st.integers(0, len(ids) - 1)
    pairs = draw(st.lists(st.tuples(index, index), max_size=30))
    edges = tuple(
        Edge(ids[min(pair)], ids[max(pair)], draw(words), draw(st.booleans())) for pair in pairs if pair[0] != pair[1]
    )
    return GraphPicture(draw(words), nodes, edges)


pictures = path_pictures() | graph_pictures()


def chain(length: int, wrong: int = -1) -> GraphPicture:
    nodes = tuple(Node(f"n{index}", "tanh", f"{index / 7:.3f}", "0.5") for index in range(length))
    edges = tuple(Edge(f"n{index}", f"n{index + 1}", wrong=index == wrong) for index in range(length - 1))
    return GraphPicture("Backward of a chain", nodes, edges)


def network() -> GraphPicture:
    names = ["x", "W1", "matmul1", "b1", "add1", "relu", "W2", "matmul2", "b2", "add2", "targets", "loss"]
    edges = [
        *[("x", "matmul1"), ("W1", "matmul1"), ("matmul1", "add1"), ("b1", "add1"), ("add1", "relu")],
        *[("relu", "matmul2"), ("W2", "matmul2"), ("matmul2", "add2"), ("b2", "add2"), ("add2", "loss")],
        ("targets", "loss"),
    ]
    wrong = ("b1", "add1")
    return GraphPicture(
        "Backward of a network",
        tuple(Node(name, name, "[4×5]", "[4×5]") for name in names),
        tuple(Edge(*pair, wrong=pair == wrong) for pair in edges),
    )


SQUARE = GraphPicture(
    "Backward of x*x",
    (Node("x", "x", "3", "3, not 6", wrong=True), Node("m", "multiply", "9", "1")),
    (Edge("x", "m", "3"), Edge("x", "m", "3", wrong=True)),
)
DIAMOND = GraphPicture(
    "Backward of a diamond",
    (Node("a", "a"), Node("b", "exp", "1", "2"), Node("c", "tanh", "1", "2"), Node("d", "add", "3", "1")),
    (Edge("a", "b"), Edge("a", "c", "0.4", wrong=True), Edge("b", "d"), Edge("c", "d"), Edge("a", "d")),
)
GRAPHS = {"diamond": DIAMOND, "chain": chain(9), "x*x": SQUARE, "network": network(), "long": chain(20)}


def path_picture(got: Any, differs_at: int | None = None) -> PathPicture:
    expected = np.array([(0, 1), (1, 0.5), (2, 0.25), (3, 0)])
    return PathPicture("Descent", (Line.of("right", "expected", expected), Line.of("yours", "got", got, differs_at)))


def drawing(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(svg(picture))


def texts(picture: Picture) -> list[str]:
    return [element.text or "" for element in drawing(picture).iter(SVG + "text")]


@settings(deadline=None)
@given(pictures)
def test_json_gives_back_the_same_picture(picture: Picture) -> None:
    text = json.dumps(to_json(picture))
    assert re.search(r"\\ud[89a-f]", text) or from_json(json.loads(text)) == picture


@settings(deadline=None)
@given(pictures)
def test_every_drawing_is_harmless_and_accessible(picture: Picture) -> None:
    root = drawing(picture)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {"svg", "rect", "g", "path", "circle", "text"}
        assert not {name for name in element.attrib if name.startswith("on") or "href" in name or name == "id"}
        assert "url(" not in "".join(value for name, value in element.attrib.items() if name != "aria-label")
        size = element.get("font-size")
        assert size is None or float(size) >= 11
        assert not re.search(r"nan|inf", element.get("d", "") + element.get("x", "") + element.get("y", ""))
    assert (root.get("role"), root.get("aria-label")) == ("img", picture.alt)
    assert len(svg(picture)) < 100_000
    assert picture.as_text()


@settings(deadline=None)
@given(path_pictures())
def test_no_path_is_drawn_outside_the_page(picture: PathPicture) -> None:
    root = drawing(picture)
    width = float(root.get("width", "0"))
    for element in root.iter(SVG + "circle"):
        assert 0 <= float(element.get("cx", "")) <= width
    for element in root.iter(SVG + "path"):
        for x in re.findall(r"[ML](-?[\d.]+) ", element.get("d", "")):
            assert -12 <= float(x) <= width + 12


@pytest.mark.parametrize("picture", GRAPHS.values(), ids=list(GRAPHS))
def test_no_boxes_overlap_and_no_edge_is_hidden(picture: GraphPicture) -> None:
    layout = _Layout(picture.nodes, picture.edges)
    for (left, top, right, bottom), other in combinations(layout.boxes().values(), 2):
        assert right < other[0] or other[2] < left or bottom < other[1] or other[3] < top
    for edge in picture.edges:
        assert layout.level[edge.source] < layout.level[edge.target]
    drawn = {element.get("d") for element in drawing(picture).iter(SVG + "path") if "C" in element.get("d", "")}
    folded = {element.get("d") for element in drawing(picture).iter(SVG + "path") if "V" in element.get("d", "")}
    assert len(drawn | folded) == len(picture.edges)
    assert float(drawing(picture).get("width", "")) <= 640


@settings(deadline=None)
@given(graph_pictures())
def test_boxes_of_any_graph_stay_apart_and_on_the_page(picture: GraphPicture) -> None:
    nodes, edges = picture.shown()
    layout = _Layout(nodes, edges)
    width, bottom, _ = layout.draw()
    for box in layout.boxes().values():
        assert box[0] > 0
        assert box[1] > 0
        assert box[2] < width
        assert box[3] < bottom
    for (left, top, right, low), other in combinations(layout.boxes().values(), 2):
        assert right < other[0] or other[2] < left or low < other[1] or other[3] < top


def test_two_edges_between_the_same_nodes_bend_apart() -> None:
    curves = [element.get("d", "") for element in drawing(SQUARE).iter(SVG + "path") if "C" in element.get("d", "")]
    heights = [float(curve.partition("C")[2].split()[1]) for curve in curves]
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) >= 20


def test_what_is_wrong_differs_in_colour_in_line_and_by_a_sign() -> None:
    right = replace(DIAMOND, edges=tuple(replace(edge, wrong=False) for edge in DIAMOND.edges))

    def looks(picture: GraphPicture) -> list[tuple[str | None, str | None]]:
        curves = [path for path in drawing(picture).iter(SVG + "path") if "C" in path.get("d", "")]
        return [(path.get("stroke"), path.get("stroke-dasharray")) for path in curves]

    assert len(set(looks(right))) == 1
    (wrong,) = set(looks(DIAMOND)) - set(looks(right))
    assert wrong[0] != looks(right)[0][0]
    assert (wrong[1], looks(right)[0][1]) == ("6 4", None)
    circles = [len(list(drawing(picture).iter(SVG + "circle"))) for picture in (right, DIAMOND)]
    assert circles == [0, 2], "one on the edge, one in the legend"


def test_alt_names_the_wrong_edge_and_the_wrong_node() -> None:
    assert "Wrong edge: x → multiply (3)." in SQUARE.alt
    assert "Wrong node: x." in SQUARE.alt
    assert "Wrong edge: tanh n3 → tanh n4." in chain(9, wrong=3).alt
    assert "Nothing is marked as wrong." in chain(9).alt
    assert "✗ a → tanh (0.4)" in DIAMOND.as_text()


def test_of_a_large_graph_the_neighbourhood_of_what_is_wrong_is_drawn() -> None:
    picture = chain(60, wrong=30)
    assert "Drawn are 6 of 60 nodes and 5 of 59 edges, those nearest to what is wrong." in picture.alt
    assert "those nearest to tanh n59." in chain(60).alt
    values = {f"{index / 7:.3f}" for index in range(60)} & set(texts(picture))
    assert values == {f"{index / 7:.3f}" for index in range(28, 34)}
    assert "Drawn are" in " ".join(texts(picture))


def test_wrong_edges_that_do_not_fit_are_counted() -> None:
    picture = GraphPicture("Many", chain(60).nodes, tuple(replace(edge, wrong=True) for edge in chain(60).edges))
    assert "40 wrong edges not among them" in picture.alt


def test_wrong_edges_are_drawn_before_any_other() -> None:
    pairs = list(combinations([node.id for node in chain(12).nodes], 2))
    picture = GraphPicture("Dense", chain(12).nodes, tuple(Edge(*pair, wrong=pair == pairs[-1]) for pair in pairs))
    assert "Drawn are 12 of 12 nodes and 40 of 66 edges." in picture.alt
    assert 'stroke-dasharray="6 4"' in svg(picture).rpartition('d="M16 ')[0]


def test_a_graph_with_a_cycle_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="the edges form a cycle"):
        GraphPicture("", (Node("a"), Node("b")), (Edge("a", "b"), Edge("b", "a")))


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1.0, 1e100])
def test_paths_of_every_size_are_drawn(size: float) -> None:
    lines = (Line.of("", "expected", [(0, 0), (size, size)]), Line.of("", "got", [(0, 0), (size, 0)]))
    assert "nan" not in svg(PathPicture("", lines))


def test_alt_names_the_first_wrong_step() -> None:
    picture = path_picture([(0, 1), (1, 0.5), (2.2, 0.4), (3, 0.1)], differs_at=2)
    assert "The first wrong step of yours is 2: expected (2, 0.25), got (2.2, 0.4)." in picture.alt
    assert "✗ step 2: expected (2, 0.25), got (2.2, 0.4)" in picture.as_text()
    assert "first wrong step: 2" in texts(picture)
    assert "No step of yours is marked as wrong." in path_picture([(0, 1)]).alt


def test_a_path_that_leaves_the_picture_says_when() -> None:
    far = path_picture([(0, 1), (1, 0.5), (1e300, 4), (3, 0)], differs_at=2)
    assert "yours leaves the picture at step 2: (1e+300, 4)" in texts(far)
    near = path_picture([(0, 1), (1, 0.5), (2.2, 0.4), (3, 0.1)], differs_at=2)
    assert not [text for text in texts(near) if "leaves" in text]
    for bad in (math.nan, math.inf):
        lost = path_picture([(0, 1), (1, 0.5), (2, bad), (3, 0)], differs_at=2)
        assert "yours leaves the picture at step 2: not finite" in texts(lost)
        assert "got (not finite)" in lost.alt


def test_a_long_remark_goes_on_in_a_new_row_and_a_word_that_fills_none_is_cut() -> None:
    far = path_picture([(0, 1), (-1.234e100, 4.321e100)])
    for name in ("the third run of your function", "x" * 60):
        named = replace(far, lines=(far.lines[0], replace(far.lines[1], name=name)))
        assert any(row.endswith("4.321e+100)") for row in texts(named))
        assert all(len(row) <= 59 for row in texts(named))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: tree.pop("title"),
        lambda tree: tree.update(title=3),
        lambda tree: tree.update(title="x" * 1000),
        lambda tree: tree.update(lines="lines"),
        lambda tree: tree.update(lines=[]),
        lambda tree: tree["lines"].append(None),
        lambda tree: tree["lines"].extend([tree["lines"][0]] * 3),
        lambda tree: tree["lines"][0].update(role="wrong"),
        lambda tree: tree["lines"][0].update(role=["got"]),
        lambda tree: tree["lines"][0].update(points=[]),
        lambda tree: tree["lines"][0].update(points=[None]),
        lambda tree: tree["lines"][0].update(points=[[0, 1e101]]),
        lambda tree: tree["lines"][0].update(points=[[0, 1]] * (MAX_POINTS + 1)),
        lambda tree: tree["lines"][0].update(points=[[0, 1]] * MAX_POINTS),
        lambda tree: tree["lines"][0].update(differs_at=0),
        lambda tree: tree["lines"][1].update(points=[[0, math.nan]]),
        lambda tree: tree["lines"][1].update(points=[[0, math.inf]]),
        lambda tree: tree["lines"][1].update(points=[[0, 10**400]]),
        lambda tree: tree["lines"][1].update(points=[[0, True]]),
        lambda tree: tree["lines"][1].update(points=[[0, "1"]]),
        lambda tree: tree["lines"][1].update(points=[[0, 1, 2]]),
        lambda tree: tree["lines"][1].update(differs_at=4),
        lambda tree: tree["lines"][1].update(differs_at=-1),
        lambda tree: tree["lines"][1].update(differs_at=True),
    ],
)
def test_a_path_that_is_not_valid_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    tree = to_json(path_picture([(0, 1), (1, 0.5), (2, 0.4), (3, 0)], differs_at=2))
    from_json(tree)
    spoil(tree)
    with pytest.raises(ValueError):  # noqa: PT011  # what it says differs from case to case
        from_json(tree)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: tree.update(nodes=[]),
        lambda tree: tree.update(edges=None),
        lambda tree: tree.update(edges={}),
        lambda tree: tree["nodes"].append(tree["nodes"][0]),
        lambda tree: tree["nodes"][0].update(wrong=1),
        lambda tree: tree["nodes"][0].update(value=3.0),
        lambda tree: tree["edges"][0].update(source="nowhere"),
        lambda tree: tree["edges"][0].update(source="d", target="a"),
        lambda tree: tree["edges"][0].update(source="a", target="a"),
        lambda tree: tree["edges"][0].update(label="x" * 1000),
        lambda tree: tree["edges"].extend([tree["edges"][0]] * MAX_EDGES),
        lambda tree: tree.update(nodes=[{"id": str(index)} for index in range(MAX_NODES + 1)], edges=[]),
    ],
)
def test_a_graph_that_is_not_valid_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    tree = to_json(DIAMOND)
    spoil(tree)
    with pytest.raises(ValueError):  # noqa: PT011  # what it says differs from case to case
        from_json(tree)


keys = words | st.sampled_from(["kind", "title", "lines"])
trees = st.recursive(
    st.none() | st.booleans() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
)


@given(trees)
def test_anything_else_is_refused_too(tree: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # what it says differs from case to case
        from_json(tree)


def test_the_largest_pictures_stay_small() -> None:
    zigzag = [((-1.0) ** index * 1e9, index / 500) for index in range(1000)]
    ground = tuple(Line.of("c", "ground", [(x % 3, y) for x, y in zigzag[:25]]) for _ in range(36))
    wild = path_picture(zigzag[: MAX_POINTS - 36 * 25 - 4], 1)
    dense = GraphPicture(
        "&" * 120,
        tuple(Node(f"{index:060d}", "&" * 120, "<" * 120, "W" * 120, wrong=True) for index in range(20)),
        tuple(
            Edge(f"{low:060d}", f"{high:060d}", "<" * 120, wrong=True)
            for low, high in list(combinations(range(20), 2))[:MAX_EDGES]
        ),
    )
    for picture in (replace(wild, lines=wild.lines + ground), dense):
        assert len(svg(picture)) < 100_000
        drawing(picture)


@settings(deadline=None, max_examples=30)
@given(pictures)
def test_the_picture_passes_onto_the_feedback_page_unchanged(picture: Picture) -> None:
    html = picture_html(picture)
    report = dict(FeedbackExporter().default_filters())["report"]
    for cleaned in (report(html), harmless_html(html)):
        assert re.findall(r'src="[^"]*"', cleaned) == re.findall(r'src="[^"]*"', html)
    assert "max-width:100%" in report(html)


def test_pictures_load_nothing_heavy() -> None:
    heavy = "{'matplotlib', 'torch', 'IPython', 'nbconvert'}"
    code = f"import sys, gradus.checking.drawing; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
