"""A bundle, unpacked and started: start page, one click to a notebook, handing in; also on a telephone, by keyboard."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import labs
import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from shared import COURSE

from autograder.source import bundle
from gradus.learning.outline import outlines

NAME = COURSE.assignment("02").name
POINTS = outlines()[NAME].public_points
PATIENCE = 60_000  # milliseconds
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(bundle.pack(COURSE, dict(bundle.contents(COURSE)), folder / "gradus.zip")) as archive:
        archive.extractall(folder)
    path = folder / "gradus" / "notebooks" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, 4)
    # What it takes to see the way: the setup, one exercise, one question.
    shown = ("softmax", "check_softmax", "answer_first-loss")
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("gradus", {}).get("role") == "setup"
        or cell.metadata.get("nbgrader", {}).get("grade_id") in shown
    ]
    nbformat.write(notebook, path)
    return folder / "gradus"


@pytest.fixture(scope="module")
def address(unpacked: Path) -> Iterator[str]:
    with labs.course(unpacked) as url:
        yield url
    assert "gradus/server.py" not in (unpacked / "lab.log").read_text(), "a request ended in an error"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def done(page: Page) -> Locator:
    """What the start page says of the notebook."""
    return page.locator(".notebooks > li", has_text="Softmax").locator(".done")


def opened(page: Page) -> None:
    """Wait until the notebook is there and its kernel is idle."""
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=PATIENCE)
    page.get_by_text("| Idle").wait_for(timeout=PATIENCE)


def test_the_start_page_comes_first_and_a_click_opens_the_notebook(page: Page, address: str, unpacked: Path) -> None:
    page.goto(address)
    assert re.search(r"/gradus(\?token=.*)?$", page.url)
    expect(page.get_by_role("heading", name="Gradus")).to_be_visible()
    expect(done(page)).to_have_text("not begun")
    page.get_by_role("link", name="Softmax").click()
    opened(page)
    assert f"/lab/tree/{NAME}" in page.url
    expect(page.locator(".jp-Launcher")).to_have_count(0)
    expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)
    page.get_by_role("menuitem", name="Gradus").click()
    with page.expect_popup() as other:
        page.get_by_text("Start page", exact=True).click()
    expect(done(other.value)).to_be_visible()
    kept = sorted(path.name for path in (unpacked / "notebooks" / ".gradus" / "workspaces").iterdir())
    assert kept, "workspaces belong to the course"


def test_nobody_sees_the_page_who_does_not_know_the_token(page: Page, address: str) -> None:
    page.goto(address.replace("?token=secret", "gradus"))
    assert "/login" in page.url
    answer = page.request.post(address.replace("?token=secret", f"gradus/handin/{NAME}"))
    assert answer.status == 403


def test_a_telephone_and_the_keyboard_alone_are_enough(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    while not page.get_by_role("link", name="Softmax").evaluate("one => one === document.activeElement"):
        page.keyboard.press("Tab")
    assert "/doc/tree/" in (page.evaluate("document.activeElement.href") or "")
    while not page.evaluate("document.activeElement.matches('button')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    back = page.get_by_role("link", name="Back to the start page")
    back.wait_for(timeout=2 * PATIENCE)
    expect(page.get_by_text("this is the file to submit")).to_be_visible()
    expect(page.locator(".running")).to_be_hidden()
    assert page.locator(".running p").count() > 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    assert download.value.suggested_filename == f"{NAME}.ipynb"
    back.press("Enter")
    expect(page.get_by_role("link", name="The file to submit")).to_be_visible()
    page.get_by_role("link", name="Softmax").press("Enter")
    opened(page)
    assert f"/tree/{NAME}" in page.url
    assert "/doc/" in page.url


def test_the_page_follows_what_is_done_in_another_tab(page: Page, address: str, unpacked: Path) -> None:
    page.goto(address)
    kept = unpacked / "notebooks" / ".gradus" / f"{NAME}.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text('{"checks": {"softmax": {"earned": 5}}}', encoding="utf-8")
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect(done(page)).to_have_text(re.compile(f"^5 of {POINTS:g} points in public checks"))
    expect(page.locator(".notebooks")).to_have_count(1)
