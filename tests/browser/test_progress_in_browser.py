"""What stands below a report, in JupyterLab: a hint that opens, mathematics, a link to the next exercise, a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import labs
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Browser, Page, expect
from rooms import lesson

pytestmark = pytest.mark.browser

LESSON = "90_kinds"
WRONG = "def center(x):\n    return x + {0}, {0}\n\ncheck(center)"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def tried(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Page]]:
    """A notebook in which an answer has failed twice, on a laptop's screen, and where it lies."""
    folder = tmp_path_factory.mktemp("lab")
    setup = f"import sys; sys.path.insert(0, {str(lesson().root)!r})\nfrom gradus import check, progress"
    cells = [
        new_markdown_cell("## Tiny\n\n" + "\n\n".join("Some words." for _ in range(60))),
        *map(new_code_cell, [setup, WRONG.format(1), WRONG.format(2), "progress()"]),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (folder / LESSON).mkdir()
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / LESSON / f"{LESSON}.ipynb")
    with labs.lab(folder, labs.EXTENSION) as url:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        labs.run_all(page, f"{url}/lab/tree/{LESSON}/{LESSON}.ipynb?reset")
        page.locator("section[aria-label^=progress]").wait_for()
        yield url, page
        assert (folder / ".gradus" / f"{LESSON}.json").exists()
        page.close()


def test_the_numbers_of_a_report_stand_below_their_labels(tried: tuple[str, Page]) -> None:
    for label in tried[1].locator(".jp-OutputArea dt").all():
        above, below = label.bounding_box(), label.locator("xpath=following-sibling::dd").bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] <= below["y"] + 1
    assert tried[1].locator(".jp-OutputArea dt").count() > 0


def test_a_hint_opens_by_the_keyboard_with_its_mathematics(tried: tuple[str, Page], tmp_path: Path) -> None:
    page = tried[1]
    hint = page.locator(".jp-OutputArea details")
    expect(hint).to_have_count(1)
    expect(hint.locator("summary")).to_have_text("Hint 1 of 2")
    expect(hint.locator("strong")).to_be_hidden()
    hint.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(hint.locator("strong")).to_be_visible()
    expect(hint.locator("mjx-container")).to_be_visible()
    expect(hint.locator("code").first).to_have_text("x - x.mean()")
    expect(hint).to_contain_text("<b>whatever</b>")
    hint.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "hint.png")


def test_the_line_below_a_report_leads_to_what_comes_next(tried: tuple[str, Page], tmp_path: Path) -> None:
    page = tried[1]
    line = page.get_by_text("public checks: 0 of 6 points; next: center").first
    line.scroll_into_view_if_needed()
    heading = page.get_by_role("heading", name="Tiny")
    expect(heading).not_to_be_in_viewport()
    line.get_by_role("link", name="center").click()
    expect(heading).to_be_in_viewport()


@pytest.mark.parametrize("phone", [False, True], ids=["laptop", "phone"])
def test_the_table_can_be_read(chromium: Browser, tried: tuple[str, Page], phone: bool, tmp_path: Path) -> None:
    url, page = tried
    if phone:
        page = chromium.new_page(viewport=PHONE)
        labs.run_all(page, f"{url}/doc/tree/{LESSON}/{LESSON}.ipynb?reset")
    table = page.get_by_role("table", name="90 · Kinds")
    table.scroll_into_view_if_needed()
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_role("row", name="center").first).to_contain_text("0 of 2not right yet1 of 2")
    page.screenshot(path=tmp_path / "table.png")
    if phone:
        page.close()
