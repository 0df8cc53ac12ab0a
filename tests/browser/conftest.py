"""One gallery and one JupyterLab for all browser tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import labs
import pytest
from labs import NAMES
from playwright.sync_api import Browser, ConsoleMessage, Page

WATCH = """
import pathlib, traceback
def note_down(*args, **kwargs):
    pathlib.Path("errors").open("a").write(traceback.format_exc())
get_ipython().showtraceback = note_down
"""
LEARNER = """
from gradus import demos
import numpy as np
def softmax(scores):
    if scores[0, 0] > 4.5:
        raise ValueError("too much cat")
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
"""


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running gallery; what it logged about failing requests fails the last test."""
    folder = tmp_path_factory.mktemp("gallery")
    with labs.gallery(folder) as url:
        yield url
    assert "Traceback" not in (folder / "gallery.log").read_text()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running JupyterLab with one notebook, ``demos.ipynb``: the learner's softmax, then every demo.

    An exception in the kernel fails the last test.
    """
    folder = tmp_path_factory.mktemp("lab")
    calls = [f"demos.{name}({'softmax' if name == 'scores_to_loss' else ''})" for name in NAMES]
    labs.write_notebook(folder / "demos.ipynb", WATCH, LEARNER, *calls)
    with labs.lab(folder, labs.EXTENSION) as url:
        yield url
    errors = folder / "errors"
    assert not errors.exists(), errors.read_text()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Open an address as a viewer of its own; an error in any of its consoles fails the test."""
    complaints: list[str] = []
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def open_one(url: str, **options: Any) -> Page:
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 800}, **options))
        page = contexts[-1].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture(scope="module")
def lab_page(chromium: Browser, lab: str) -> Iterator[tuple[Page, list[str]]]:
    """The notebook with all cells run, and what the console complained about."""
    complaints: list[str] = []
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    labs.run_all(page, f"{lab}/lab/tree/demos.ipynb?reset")
    page.wait_for_function(f"document.querySelectorAll('.gradus-demo[data-frames]').length === {len(NAMES)}")
    yield page, complaints
    page.close()
