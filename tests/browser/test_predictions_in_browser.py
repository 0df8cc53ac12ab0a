"""Predictions in a real JupyterLab: asked, locked, told, by mouse, through reloads and restarts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import labs
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gradus.learning.kept import RECORD

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

SETUP = "from gradus import choice, number, outcome, predict"
ASK = """predict(
    "tiny_run",
    number("loss at step 0", unit="nats"),
    choice("and then it", "falls", "rises, then falls", "becomes nan"),
)"""
TELL = 'outcome("tiny_run", 2.303, "becomes nan", because="The loss is $\\\\ln 10$ at first.")'
BUSY = "import pathlib\nwhile not pathlib.Path('go').exists():\n    pass"

OpenNotebook = Callable[..., Page]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder, and the address of the JupyterLab that shows it."""
    folder = tmp_path_factory.mktemp("predictions")
    with labs.lab(folder, labs.EXTENSION) as url:
        yield folder, url


@pytest.fixture
def notebook(
    course: tuple[Path, str], chromium: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a notebook of this test's own in a browser; an error in its page fails the test."""
    (folder, url), name = course, request.node.name
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def open_one(*cells: str) -> Page:
        (folder / name).mkdir()
        labs.write_notebook(folder / name / "mine.ipynb", *cells)
        labs.run_all(page, f"{url}/lab/tree/{name}/mine.ipynb?reset")
        return page

    yield open_one
    page.close()
    # JupyterLab's own, when a page or a kernel goes while it waits for an answer.
    assert not [text for text in complaints if "Canceled future" not in text]


@pytest.fixture
def place(course: tuple[Path, str], request: pytest.FixtureRequest) -> Path:
    """The folder of this test's notebook."""
    return course[0] / request.node.name


def form(page: Page) -> Locator:
    found = page.locator("form.gradus-prediction")
    expect(found.first).to_be_visible()
    return found


def selected(page: Page) -> int:
    """Number of the cell that JupyterLab has selected."""
    return int(page.evaluate("[...document.querySelectorAll('.jp-Cell')].findIndex(c => c.matches('.jp-mod-active'))"))


def saved(page: Page, path: Path) -> list[dict[str, object]]:
    """The predictions in the notebook after it was saved."""
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not any("widget-view" in kind for output in outputs for kind in output.get("data", {}))
    return [output["data"][RECORD] for output in outputs if RECORD in output.get("data", {})]


def expect_told(page: Page, said: str) -> None:
    expect(page.get_by_label("Your prediction, locked")).to_contain_text(said)
    outcome = page.get_by_label("Your prediction and the outcome")
    expect(outcome).to_contain_text(f"you said {said}; it is 2.303 nats.")


def test_two_clicks_lock_a_prediction_that_outlives_kernel_page_and_file(notebook: OpenNotebook, place: Path) -> None:
    page = notebook(SETUP, ASK, TELL)
    asked = form(page)
    folded = page.locator("details", has_text="Predict first.")
    expect(folded).not_to_have_attribute("open", "")
    asked.get_by_label("loss at step 0").fill("about two")
    asked.get_by_role("button").click()
    expect(asked.get_by_role("alert")).to_have_text(
        "loss at step 0: write a number, such as 2.5 or 1e-3. A guess will do."
    )
    expect(asked.get_by_label("loss at step 0")).to_be_focused()
    asked.get_by_label("loss at step 0").fill("0,5")
    asked.get_by_role("button").click()
    expect(asked.get_by_role("alert")).to_contain_text("and then it: choose one of")
    asked.get_by_label("rises, then falls").click()
    asked.get_by_role("button").click()
    expect_told(page, "0.5 nats")
    expect(folded).to_have_count(0)
    assert saved(page, place / "mine.ipynb") == [{"id": "tiny_run", "answers": [0.5, "rises, then falls"]}]
    page.reload()
    expect_told(page, "0.5 nats")
    for forget in (None, place / ".gradus" / "mine.json"):
        if forget:
            forget.unlink()
        labs.restart(page, "Restart Kernel and Run All Cells")
        expect(page.locator(".jp-InputPrompt").nth(2)).to_have_text("[3]:")
        expect_told(page, "0.5 nats")
        expect(page.locator("form.gradus-prediction")).to_have_count(0)


def test_escape_leaves_the_form(notebook: OpenNotebook) -> None:
    page = notebook(SETUP, ASK, TELL)
    form(page).get_by_label("falls", exact=True).focus()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    assert selected(page) == 2


def test_a_page_that_is_loaded_anew_keeps_an_open_form(notebook: OpenNotebook, place: Path) -> None:
    page = notebook(SETUP, ASK, TELL)
    form(page)
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    page.reload()
    asked = form(page)
    asked.get_by_label("loss at step 0").fill("7")
    asked.get_by_label("falls", exact=True).check()
    asked.get_by_role("button").click()
    expect(page.get_by_label("Your prediction, locked")).to_contain_text("7 nats")
    expect(page.get_by_role("status").filter(has_text="Run this cell once more")).to_be_visible()
    page.locator(".jp-Cell").nth(1).locator(".jp-InputPrompt").click()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    expect_told(page, "7 nats")
    assert saved(page, place / "mine.ipynb") == [{"id": "tiny_run", "answers": [7.0, "falls"]}]


def test_a_busy_kernel_takes_the_prediction_when_it_can(notebook: OpenNotebook, place: Path) -> None:
    page = notebook(SETUP, ASK, BUSY, TELL)
    asked = form(page)
    expect(page.locator(".jp-InputPrompt").nth(2)).to_have_text("[*]:")
    asked.get_by_label("loss at step 0").fill("7")
    asked.get_by_label("falls", exact=True).check()
    asked.get_by_role("button").click()
    expect(asked.get_by_label("loss at step 0")).to_be_disabled()
    expect(asked.get_by_role("status")).to_contain_text("If a cell is running")
    (place / "go").touch()
    expect_told(page, "7 nats")


def test_of_two_copies_of_a_form_the_first_answer_stays(notebook: OpenNotebook, place: Path) -> None:
    page = notebook(SETUP, ASK, ASK, TELL)
    expect(form(page)).to_have_count(2)
    second = form(page).nth(1)
    second.get_by_label("loss at step 0").fill("3")
    second.get_by_label("falls", exact=True).check()
    second.get_by_role("button").click()
    expect(page.get_by_label("Your prediction, locked")).to_have_count(2)
    expect(page.locator("form.gradus-prediction")).to_have_count(0)
    assert saved(page, place / "mine.ipynb") == 2 * [{"id": "tiny_run", "answers": [3.0, "falls"]}]


def test_a_telephone_shows_the_form_whole(notebook: OpenNotebook) -> None:
    page = notebook(SETUP, ASK, TELL)
    form(page)
    page.locator(".jp-InputPrompt").first.click()
    page.keyboard.press("Control+b")  # the list of files would take the whole screen
    expect(page.locator(".jp-FileBrowser")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    asked = form(page)
    for part in asked.locator("input, button, legend").all():
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert asked.evaluate("f => f.scrollWidth <= f.clientWidth")
    asked.get_by_label("loss at step 0").fill("0")
    asked.get_by_label("falls", exact=True).check()
    asked.get_by_role("button").click()
    expect_told(page, "0 nats")
