"""A learner's whole way, by keyboard alone and on a small screen: from the zip to the file to submit."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import labs
import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from rooms import NAME
from shared import COURSE

from autograder.grading import gate
from autograder.grading.collect import parse
from autograder.source import bundle
from gradus.learning.kept import RECORD
from gradus.learning.outline import outlines

PATIENCE = 60_000  # milliseconds
POINTS = outlines()[NAME].public_points
SELECTED = "[...document.querySelectorAll('.jp-Cell')].findIndex(cell => cell.matches('.jp-mod-active'))"
RIGHT = "e = np.exp(scores - scores.max(axis=-1, keepdims=True))\nreturn e / e.sum(axis=-1, keepdims=True)"
IN_SIGHT = """one => {
  const box = one.getBoundingClientRect(), look = getComputedStyle(one);
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return one.contains(there) && box.width < innerWidth && (look.outlineStyle !== "none" || one.matches(".jp-Cell"));
}"""
pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that students work in."""
    folder = tmp_path_factory.mktemp("walk")
    with zipfile.ZipFile(bundle.pack(COURSE, dict(bundle.contents(COURSE)), folder / "gradus.zip")) as archive:
        archive.extractall(folder)
    return folder / "gradus"


@pytest.fixture
def learner(unpacked: Path, chromium: Browser) -> Iterator[Learner]:
    """Somebody who has started JupyterLab and looks at what came up."""
    with labs.course(unpacked) as url, chromium.new_context(viewport={"width": 1024, "height": 640}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        notebook = nbformat.read(unpacked / "notebooks" / NAME / f"{NAME}.ipynb", 4)
        yield Learner(page, tuple(cell.source for cell in notebook.cells))


@dataclass(frozen=True)
class Learner:
    """A person who looks at a page and has only a keyboard; ``sources`` are what stands in the notebook's cells."""

    page: Page
    sources: tuple[str, ...]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, wanted: Locator) -> None:
        """Move the focus until it is where it is wanted, and can be seen there."""
        for _ in range(40):
            self.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                break
        assert wanted.evaluate(IN_SIGHT), "no focus to be seen"

    def go(self, start: str) -> Locator:
        """Select the cell that starts with some text."""
        wanted = next(place for place, source in enumerate(self.sources) if source.startswith(start))
        steps = wanted - int(self.page.evaluate(SELECTED))
        for _ in range(abs(steps)):  # arrows pass over folded cells
            self.press("ArrowDown" if steps > 0 else "ArrowUp")
            if self.page.evaluate(SELECTED) == wanted:
                break
        assert self.page.evaluate(SELECTED) == wanted
        return self.page.locator(".jp-Cell").nth(wanted)

    def run(self, start: str) -> Locator:
        """Run a cell; the next one is selected then."""
        cell = self.go(start)
        self.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
        return cell

    def command(self, words: str) -> None:
        """Choose a command by its words."""
        self.press("Control+Shift+C")
        expect(self.page.locator(".lm-CommandPalette-input")).to_be_focused()
        self.page.keyboard.type(words)
        expect(self.page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text(words)
        self.press("Enter")


def test_a_keyboard_and_a_small_screen_are_enough(learner: Learner, unpacked: Path) -> None:
    opens_the_notebook(learner)
    predicts(learner)
    is_told_what_is_wrong(learner)
    opens_a_hint(learner)
    gets_it_right(learner)
    runs_everything_twice(learner)
    hands_in(learner)
    finds_the_file(learner)
    reaches_the_grader(unpacked / "notebooks")


def opens_the_notebook(learner: Learner) -> None:
    """The start page has come up by itself."""
    page = learner.page
    learner.tab_to(page.get_by_role("link", name="Softmax"))
    learner.press("Enter")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("| Idle").wait_for()
    expect(page.locator(".jp-Cell").first).to_be_focused()
    expect(page.locator(".jp-Cell").first.get_by_role("heading", name="Softmax")).to_be_in_viewport()


FIRST = 'predict(\n    "first_run"'  # the form of the warm-up comes before


def predicts(learner: Learner) -> None:
    """Fill in the form, make it known, read it beside the outcome."""
    page = learner.page
    learner.run("# After a restart")
    asked = learner.run(FIRST).locator("form")
    asked.wait_for()
    learner.go(FIRST)
    learner.tab_to(asked.get_by_label("loss at step 0"))
    page.keyboard.type("2.3")
    learner.tab_to(asked.get_by_label("falls", exact=True).first)
    before = page.evaluate(SELECTED)
    learner.press("Space", "ArrowDown", "ArrowRight", "ArrowUp")
    assert page.evaluate(SELECTED) == before
    expect(asked.get_by_label("rises, then falls")).to_be_checked()
    learner.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    button = asked.get_by_role("button")
    learner.tab_to(button)
    expect(asked).to_be_in_viewport(ratio=1)
    expect(button).to_have_css("outline-color", "rgb(213, 94, 0)")
    learner.press("Enter")
    expect(page.get_by_label("Your prediction, locked")).to_be_in_viewport(ratio=1)
    learner.go("x = 255")
    learner.press("Shift+Enter", "Shift+Enter")
    expect(page.get_by_label("Your prediction and the outcome")).to_be_in_viewport(ratio=1)


def answers_with(learner: Learner, code: str, says: str) -> Locator:
    """Put an answer in the place of the last line, and check it."""
    learner.go("def softmax")
    learner.press("Enter", "Control+End", "Shift+Home")
    learner.page.keyboard.type(code)
    learner.press("Shift+Enter")
    return is_checked(learner, says)


def is_checked(learner: Learner, says: str) -> Locator:
    """Run the check, and go back to its report."""
    report = learner.run("check(softmax)").locator(".jp-OutputArea-output")
    expect(report).to_contain_text(says)
    learner.go("check(softmax)")
    expect(report).to_be_in_viewport(ratio=1)
    return report


def is_told_what_is_wrong(learner: Learner) -> None:
    """Check the stub, then a wrong answer."""
    learner.run("def softmax")
    is_checked(learner, "softmax: not written yet")
    report = answers_with(learner, "return np.exp(scores) / np.exp(scores).sum()", "normalised over everything")
    expect(report.locator("details")).to_have_count(0)
    for name in report.locator("dt").all():
        label, value = name.bounding_box(), name.locator("+ dd").bounding_box()
        assert label
        assert value
        assert label["y"] + label["height"] <= value["y"], "a name lies over its numbers"


def opens_a_hint(learner: Learner) -> None:
    """After a second wrong answer."""
    report = answers_with(learner, "return np.exp(scores) / np.exp(scores).sum(axis=0)", "normalised over the batch")
    hint = report.locator("details")
    expect(hint.locator("p")).to_be_hidden()
    learner.tab_to(hint.get_by_text("Hint 1 of 3"))
    learner.press("Enter")
    expect(hint.locator("mjx-container")).to_be_in_viewport()


def gets_it_right(learner: Learner) -> None:
    """The line below the report says what comes next. The learner skips that."""
    answers_with(learner, RIGHT, f"public checks: 5 of {POINTS:g} points; next: log_softmax")


def runs_everything_twice(learner: Learner) -> None:
    """To the last cell, and again from a fresh kernel, where the prediction is still known."""
    page = learner.page
    learner.command("Run All Cells")
    ended(learner, r"\[\d+\]:")
    learner.command("Restart Kernel and Run All Cells")
    expect(page.locator(".jp-Dialog .jp-mod-accept")).to_be_focused()
    with page.expect_response("**/restart?*"):
        learner.press("Enter")
    ended(learner, rf"\[{page.locator('.jp-CodeCell').count()}\]:")
    expect(page.get_by_label("Your prediction and the outcome")).to_contain_text("you said 2.3 nats; it is 2.303 nats.")
    expect(page.get_by_label("Your prediction, locked")).to_have_count(1)


def ended(learner: Learner, count: str) -> None:
    """Wait until the last cell with code has run, and see that what was skipped is named."""
    prompts = learner.page.locator(".jp-CodeCell .jp-InputPrompt")
    expect(prompts.last).to_have_text(re.compile(count), timeout=2 * PATIENCE)
    expect(learner.page.locator(".jp-Cell").last).to_be_focused()
    skipped = "This cell needs your `log_softmax`: exercise 2, not written yet."
    expect(learner.page.get_by_text(skipped).first).to_be_attached()


def hands_in(learner: Learner) -> None:
    """In a cell of the learner's own, which saves what stands on the screen."""
    page = learner.page
    expect(page.locator(".jp-mod-dirty")).not_to_have_count(0)
    learner.press("b", "Enter")
    page.keyboard.type("import gradus; gradus.handin()")
    learner.press("Shift+Enter")
    told = page.get_by_text("this is the file to submit")
    told.wait_for(timeout=2 * PATIENCE)
    learner.press("Escape", "ArrowUp")
    expect(told).to_be_in_viewport(ratio=1)
    expect(page.get_by_text(f"Public checks: 5 of {POINTS:g} points.")).to_be_in_viewport()
    expect(page.locator(".jp-RenderedJavaScript")).to_have_count(0)


def finds_the_file(learner: Learner) -> None:
    """On the start page, to which the menu leads."""
    menu = learner.page.get_by_role("menuitem", name="Gradus")
    learner.tab_to(menu)
    learner.press("Enter")
    with learner.page.expect_popup() as start:
        learner.press("Enter")
    done = start.value.locator(".notebooks > li", has_text="Softmax").locator(".done")
    expect(done).to_have_text(re.compile(f"^5 of {POINTS:g} points in public checks, 1 of"))
    replace(learner, page=start.value).tab_to(start.value.get_by_role("link", name="The file to submit"))


def reaches_the_grader(notebooks: Path) -> None:
    """There is one file, and it passes the gate with what the learner did."""
    (name,) = gate.look(notebooks, "handin")
    remarks: list[str] = []
    handed = parse(gate.read(notebooks, "handin", name, most=gate.LARGEST), name, remarks)
    assert (name, remarks) == (f"{NAME}.ipynb", [])
    answer = next(cell for cell in handed.cells if cell.source.startswith("def softmax"))
    assert answer.source.endswith(RIGHT.replace("\n", "\n    "))
    kept = [
        output.data[RECORD]
        for cell in handed.cells
        for output in cell.get("outputs", ())
        if RECORD in output.get("data", ())
    ]
    assert kept == [{"id": "first_run", "answers": [2.3, "rises, then falls"]}]
    assert [cell.source for cell in handed.cells[-2:]] == ["import gradus; gradus.handin()", ""]
