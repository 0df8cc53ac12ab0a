"""Laws of the figures: what is committed is what the scripts draw, and everybody can read it."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from figures import build  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=build.names())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def module(name: str) -> ModuleType:
    return importlib.import_module(f"figures.{name}")


@pytest.fixture(scope="module")
def pictures() -> dict[str, build.Picture]:
    return {name: build.picture(name) for name in build.names()}


@pytest.fixture
def built(pictures: dict[str, build.Picture]) -> dict[str, str]:
    return build.files(list(pictures.values()))


@pytest.fixture
def figure(name: str, pictures: dict[str, build.Picture]) -> Figure:
    return pictures[name].figure


def test_committed_files_are_what_the_scripts_draw(built: dict[str, str]) -> None:
    assert build.stale(built) == [], "run `make figures`"


def test_drawing_twice_gives_the_same_bytes_whatever_the_settings(name: str, built: dict[str, str]) -> None:
    with rc_context({"font.size": 31, "axes.grid": False, "svg.fonttype": "none", "xtick.direction": "in"}):
        assert build.picture(name).svg == built[f"{name}.svg"]


def test_stale_files_are_named(built: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "names", lambda: ["hero"])
    (tmp_path / "hero.svg").write_bytes(built["hero.svg"].encode())
    (tmp_path / "hero.txt").write_text("another text\n")
    (tmp_path / "forgotten.svg").write_text("<svg/>")
    hero = {name: text for name, text in built.items() if name.startswith("hero.")}
    assert build.stale(hero) == ["forgotten.svg", "hero.txt"]
    (tmp_path / "hero.svg").unlink()
    assert build.stale(hero) == ["forgotten.svg", "hero.svg", "hero.txt"]


def test_an_unknown_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build.main(["--check", "mona_lisa"])
    assert "there is no figure mona_lisa" in capsys.readouterr().err


def test_title_stands_in_the_picture(figure: Figure, module: ModuleType) -> None:
    assert figure.get_suptitle() == module.TITLE


def test_axes_have_labels(figure: Figure) -> None:
    """Every panel with ticks says what they count; panels in a row with equal limits may say it once."""
    panels = [ax for ax in figure.axes if ax.axison]
    for ax in panels:
        assert ax.get_xlabel()
        row = [one for one in panels if abs(one.get_position().y0 - ax.get_position().y0) < 0.02]
        assert ax.get_ylabel() or any(one.get_ylabel() for one in row if one.get_ylim() == ax.get_ylim())


def test_no_texts_overlap_or_leave_the_picture(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in _drawn_texts(figure)]
    for i, (text, box) in enumerate(boxes):
        assert figure.bbox.contains(box.x0, box.y0), f"{text!r} leaves the picture"
        assert figure.bbox.contains(box.x1, box.y1), f"{text!r} leaves the picture"
        for other, another in boxes[:i]:
            assert not box.padded(-2).overlaps(another.padded(-2)), f"{text!r} overlaps {other!r}"


def test_alternative_text_has_substance(name: str, module: ModuleType) -> None:
    assert len(module.ALT.split()) >= 40
    assert module.ALT != module.TITLE
    assert (build.FOLDER / f"{name}.txt").read_text() == module.ALT + "\n"


def test_alternative_text_has_the_numbers_of_the_picture(figure: Figure, module: ModuleType) -> None:
    drawn = " ".join(text.get_text() for ax in figure.axes for text in ax.texts)
    numbers = set(re.findall(r"−?\d+\.\d+", drawn))
    assert {number for number in numbers if number not in module.ALT} == set()


def test_svg_carries_its_text_where_screen_readers_look(name: str, module: ModuleType, built: dict[str, str]) -> None:
    root = ElementTree.fromstring(built[f"{name}.svg"])
    parts = {element.get("id"): element.text for element in root if element.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert root.get("role") == "img"
    assert parts[root.get("aria-labelledby")] == module.TITLE
    assert parts[root.get("aria-describedby")] == module.ALT
    assert root.find(f".//{SVG}metadata") is None, "dates and versions would change the bytes"


def test_index_shows_every_figure_with_its_text(name: str, module: ModuleType, built: dict[str, str]) -> None:
    page = ElementTree.fromstring(
        re.sub("<!DOCTYPE html>|<meta [^>]*>", "", built["index.html"]).replace("></a>", "/></a>")
    )
    pictures = {image.get("src"): image.get("alt") for image in page.iter("img")}
    assert pictures[f"{name}.svg"] == module.ALT
    links = {link.get("href") for link in page.iter("a")}
    assert {f"{name}.svg", f"{name}.txt", f"{name}.py"} <= links
    assert module.TOPIC in {heading.text for heading in page.iter("h2")}


def _drawn_texts(figure: Figure) -> list[Text]:
    """All texts but the tick labels of hidden axes and of ticks beyond the limits, which exist without being drawn."""
    labels = {label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in axis.get_ticklabels()}
    seen = {
        tick.label1
        for ax in figure.axes
        if ax.axison
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        if min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in texts if text in seen or text not in labels]
