"""Laws of the figures: what is committed is what the scripts draw, and everybody can read it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from figures import build  # noqa: E402

SOLUTIONS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "solutions").glob("*.py"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=build.scripts())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def pictures() -> dict[str, build.Picture]:
    return {name: build.picture(name) for name in build.scripts()}


@pytest.fixture
def built(pictures: dict[str, build.Picture]) -> dict[str, str]:
    return build.files(list(pictures.values()))


@pytest.fixture
def picture(name: str, pictures: dict[str, build.Picture]) -> build.Picture:
    return pictures[name]


@pytest.fixture
def figure(picture: build.Picture) -> Figure:
    return picture.figure


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of figures with one figure, built."""
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    (tmp_path / "90_nothing").mkdir()
    (tmp_path / "90_nothing" / "dot.py").write_text(
        "from matplotlib.figure import Figure\nTITLE, ALT, draw = 'A dot', 'No dot.', Figure\n"
    )
    assert build.main([]) == 0
    return tmp_path


def test_committed_files_are_what_the_scripts_draw(built: dict[str, str]) -> None:
    assert build.stale(built) == [], "run `make figures`"


def test_drawing_twice_gives_the_same_bytes_whatever_the_settings(name: str, picture: build.Picture) -> None:
    with rc_context({"font.size": 31, "axes.grid": False, "svg.fonttype": "none", "xtick.direction": "in"}):
        assert build.picture(name).svg == picture.svg


def test_stale_and_forgotten_files_are_named_in_every_folder(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--check"]) == 0
    (desk / "90_nothing" / "dot.svg").write_text("<svg/>")
    (desk / "index.html").unlink()
    left = ["90_nothing/dot.txt", "90_nothing/line.svg", "91_gone/far/line.svg", "91_gone/line.svg", "line.svg"]
    for path in left:
        (desk / path).parent.mkdir(parents=True, exist_ok=True)
        (desk / path).touch()
    capsys.readouterr()
    assert build.main(["--check"]) == 1
    named = re.findall("stale: figures/(.*)", capsys.readouterr().out)
    assert named == sorted(["90_nothing/dot.svg", "index.html", *left])


def test_building_removes_forgotten_pictures_and_nothing_else(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "90_nothing" / "line.svg").touch()
    assert build.main([]) == 0
    assert not (desk / "90_nothing" / "line.svg").exists()
    (desk / "misplaced.py").touch()
    assert build.main([]) == 1
    assert "figures/misplaced.py belongs to no figure" in capsys.readouterr().out
    assert (desk / "misplaced.py").exists()


def test_one_figure_can_be_drawn_alone(desk: Path) -> None:
    (desk / "90_nothing" / "dot.svg").unlink()
    (desk / "index.html").unlink()
    assert build.main(["--check", "dot"]) == 1
    assert build.main(["dot"]) == 0
    assert build.main(["--check", "dot"]) == 0
    assert not (desk / "index.html").exists()


def test_two_figures_of_one_name_are_refused(desk: Path) -> None:
    (desk / "course").mkdir()
    (desk / "course" / "dot.py").touch()
    with pytest.raises(ValueError, match=r"one name: 90_nothing/dot.py and course/dot.py"):
        build.main(["--check"])


def test_folders_are_called_like_notebooks(picture: build.Picture) -> None:
    assert re.fullmatch(r"\d\d_[a-z0-9_]+|course", picture.topic)


def test_a_folder_has_the_title_of_its_notebook() -> None:
    assert build.heading("02_softmax_cross_entropy") == "02 · Softmax and cross-entropy"
    assert build.heading("90_nothing_at_all") == "90 nothing at all"


@pytest.mark.parametrize("page", ["README.md", "data/README.md", "Makefile", "LICENSE-TEXT", *SOLUTIONS])
def test_files_and_figures_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text) if page.endswith(".md") else []
    targets = [(ROOT / page).parent / link for link in links]
    targets += [ROOT / path for path in re.findall(r"\bfigures/[\w/.]*\w", text)]
    assert [str(path) for path in targets if not path.exists()] == []


def test_an_unknown_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build.main(["--check", "mona_lisa"])
    assert "there is no figure mona_lisa" in capsys.readouterr().err


def test_title_stands_in_the_picture(picture: build.Picture) -> None:
    assert picture.figure.get_suptitle() == picture.title


def test_axes_have_labels(figure: Figure) -> None:
    """Every panel with ticks says what they count; panels in a row with equal limits may say it once."""
    panels = [ax for ax in figure.axes if ax.axison]
    for ax in panels:
        assert ax.get_xlabel()
        row = [one for one in panels if abs(one.get_position().y0 - ax.get_position().y0) < 0.02]
        counts = ax.get_ylabel() or not len(ax.get_yticks())
        assert counts or any(one.get_ylabel() for one in row if one.get_ylim() == ax.get_ylim())


def test_no_texts_overlap_or_leave_the_picture(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in _drawn_texts(figure)]
    for i, (text, box) in enumerate(boxes):
        assert figure.bbox.contains(box.x0, box.y0), f"{text!r} leaves the picture"
        assert figure.bbox.contains(box.x1, box.y1), f"{text!r} leaves the picture"
        for other, another in boxes[:i]:
            assert not box.padded(-2).overlaps(another.padded(-2)), f"{text!r} overlaps {other!r}"


def test_alternative_text_has_substance(picture: build.Picture) -> None:
    assert len(picture.alt.split()) >= 40
    assert picture.alt != picture.title


def test_alternative_text_has_the_numbers_of_the_picture(picture: build.Picture) -> None:
    texts = [*picture.figure.texts, *(text for ax in picture.figure.axes for text in (*ax.texts, ax.title))]
    drawn = " ".join(text.get_text() for text in texts)
    numbers = set(re.findall(r"−?\d+\.\d+", drawn))
    assert {number for number in numbers if number not in picture.alt} == set()


def test_svg_carries_its_text_where_screen_readers_look(picture: build.Picture) -> None:
    root = ElementTree.fromstring(picture.svg)
    parts = {element.get("id"): element.text for element in root if element.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert root.get("role") == "img"
    assert parts[root.get("aria-labelledby")] == picture.title
    assert parts[root.get("aria-describedby")] == picture.alt
    assert root.find(f".//{SVG}metadata") is None, "dates and versions would change the bytes"


def test_index_shows_every_figure_with_its_text(picture: build.Picture, built: dict[str, str]) -> None:
    page = ElementTree.fromstring(
        re.sub("<!DOCTYPE html>|<meta [^>]*>", "", built["index.html"]).replace("></a>", "/></a>")
    )
    pictures = {image.get("src"): image.get("alt") for image in page.iter("img")}
    assert pictures[f"{picture.path}.svg"] == picture.alt
    links = {link.get("href") for link in page.iter("a")}
    assert {f"{picture.path}.svg", f"{picture.path}.py"} <= links
    assert all((ROOT / "figures" / link).exists() for link in links)
    assert build.heading(picture.topic) in {heading.text for heading in page.iter("h2")}


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
