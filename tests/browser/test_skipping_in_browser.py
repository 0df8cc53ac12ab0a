"""Run All in JupyterLab: it goes on where an answer is missing, and the stop button ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import labs
import pytest
from playwright.sync_api import Browser, Page, expect

from autograder.source.waiting import GOES_ON

pytestmark = pytest.mark.browser

STUB = "def softmax(scores):\n    # Your answer replaces the next line.\n    raise NotImplementedError"
SKIPPED = ("from gradus import check", STUB, "check(softmax)", "p = softmax(1)", "p + 1", "print('the', 'end')")
ENDLESS = ("from gradus import check", "while True:\n    pass", "print('went', 'on')", "print('and', 'on')")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab with notebooks whose cells carry the tag."""
    folder = tmp_path_factory.mktemp("lab")
    for name, cells in {"skipped": SKIPPED, "endless": ENDLESS}.items():
        tagged(labs.write_notebook(folder / f"{name}.ipynb", *cells))
    with labs.lab(folder) as url:
        yield url


def tagged(path: Path) -> None:
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"][1:]:
        cell["metadata"] = {"tags": [GOES_ON]}
    path.write_text(json.dumps(notebook))


def outputs(page: Page) -> list[str]:
    return [each.strip() for each in page.locator(".jp-OutputArea-output").all_inner_texts()]


def test_run_all_reaches_the_end_and_so_does_a_restart(chromium: Browser, lab: str) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    labs.run_all(page, f"{lab}/lab/tree/skipped.ipynb?reset")
    end = page.get_by_text("the end", exact=True)
    expect(end).to_be_visible(timeout=60_000)
    first, again, follows, last = outputs(page)
    assert "softmax: not written yet" in first
    assert again == "This cell needs your `softmax`: exercise 1, not written yet."
    assert follows == (
        "This cell needs `p`, which comes from a cell that needs your `softmax`: exercise 1, not written yet."
    )
    assert last == "the end"
    labs.restart(page, "Restart Kernel and Clear Outputs")
    expect(end).to_have_count(0)
    labs.restart(page, "Restart Kernel and Run All Cells")
    expect(end).to_be_visible(timeout=60_000)
    assert outputs(page)[1:] == [again, follows, last]
    page.close()


def test_the_stop_button_ends_run_all(chromium: Browser, lab: str) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    labs.run_all(page, f"{lab}/lab/tree/endless.ipynb?reset")
    expect(page.get_by_text("| Busy")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1000)
    page.locator('[data-command="notebook:interrupt-kernel"], [data-jp-item-name="interrupt"]').first.click()
    expect(page.get_by_text("Cells that were waiting did not run.")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("| Idle")).to_be_visible(timeout=30_000)
    (said,) = outputs(page)
    assert said.startswith("Stopped in line ")
    page.close()
