"""Every demo in a real browser: in JupyterLab and in the gallery, by keyboard and by mouse."""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import labs
import numpy as np
import pytest
from labs import NAMES
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect
from shared import mixed_corners

from gradus import demos
from gradus.demos.demo import Choice, Demo, Slider
from gradus.demos.stage import Stage

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def pixels(demo: Locator) -> str:
    """What the canvas and the set under it show."""
    return str(demo.evaluate("d => d.querySelector('img').src.length + d.querySelector('canvas').toDataURL()"))


def expect_change(demo: Locator, before: str) -> str:
    """Wait until the demo shows something else, without an error; return that."""
    demo.page.wait_for_function(
        "([d, before]) => d.querySelector('img').src.length + d.querySelector('canvas').toDataURL() !== before",
        arg=[demo.element_handle(), before],
    )
    expect(demo.locator(".gradus-error")).to_be_hidden()
    return pixels(demo)


def at_rest(demo: Locator) -> str:
    """Wait until no frame has come for a while, as after a drag, which asks for many; return what is shown then."""
    before = None
    while before != (now := demo.get_attribute("data-frames")):
        before = now
        demo.page.wait_for_timeout(150)
    return pixels(demo)


def move_everything(demo: Locator) -> None:
    """Move every control by keyboard and by mouse and see the picture follow each time."""
    demo.scroll_into_view_if_needed()
    expect(demo).to_have_attribute("data-frames", "2")
    now = start = pixels(demo)
    for slider in demo.locator("input[type=range]").all():
        low, high, value = (float(slider.evaluate(f"s => s.{name}")) for name in ("min", "max", "value"))
        slider.evaluate("s => { s.focus(); s.scrollIntoView({ block: 'center' }); }")
        demo.page.keyboard.press("ArrowLeft" if value > low else "ArrowRight")
        now = expect_change(demo, now)
        box = slider.bounding_box()
        assert box is not None
        # The middle of the handle stays half its width away from both ends; it is as wide as the text is high, or 16.
        size = slider.evaluate("s => s.closest('.gradus-lecture') ? parseFloat(getComputedStyle(s).fontSize) : 16")
        at = box["x"] + size / 2 + (box["width"] - size) * (value - low) / (high - low)
        y = box["y"] + box["height"] / 2
        to = box["x"] + box["width"] * (0.4 if value > (low + high) / 2 else 0.6)
        demo.page.mouse.move(at, y)
        demo.page.mouse.down()
        demo.page.mouse.move((at + to) / 2, y)
        demo.page.mouse.move(to, y)
        demo.page.mouse.up()
        expect_change(demo, now)
        now = at_rest(demo)
        assert slider.get_attribute("aria-valuetext") == slider.evaluate("s => s.previousElementSibling.textContent")
    for choice in demo.locator("fieldset").all():
        choice.locator("input:checked").focus()
        demo.page.keyboard.press("ArrowRight")
        now = expect_change(demo, now)
        choice.locator("label").first.click()
        now = expect_change(demo, now)
    assert (demo.locator("canvas").get_attribute("aria-label") or "").endswith(".")
    demo.locator("button[type=reset]").click()
    expect_change(demo, now)
    demo.page.wait_for_function(
        "([d, start]) => d.querySelector('img').src.length + d.querySelector('canvas').toDataURL() === start",
        arg=[demo.element_handle(), start],
    )


def in_gallery(open_page: OpenPage, gallery: str, name: str, **options: object) -> Locator:
    """Open a demo of the gallery."""
    demo = open_page(f"{gallery}/demo/{name}", **options).locator(".gradus-demo")
    expect(demo).to_have_attribute("data-frames", "2", timeout=20_000)
    return demo


@pytest.mark.parametrize("name", NAMES)
def test_every_control_moves_the_picture_in_the_gallery(open_page: OpenPage, gallery: str, name: str) -> None:
    move_everything(in_gallery(open_page, gallery, name))


def of_every_control() -> list[str]:
    """The first demos that have between them every kind of control."""
    chosen, seen = [], set()
    for name in NAMES:
        own = {
            (type(one), getattr(one, "log", False), getattr(one, "play", 0) > 0)
            for one in getattr(demos, name)().controls
        }
        if not own <= seen:
            chosen.append(name)
            seen |= own
    return chosen


@pytest.mark.parametrize("name", of_every_control())
def test_every_kind_of_control_moves_the_picture_in_jupyterlab(lab_page: tuple[Page, list[str]], name: str) -> None:
    page, complaints = lab_page
    move_everything(page.locator(".gradus-demo").nth(NAMES.index(name)))
    assert not complaints


def in_blocks(image: Image.Image, side: int = 12) -> np.ndarray:
    """The mean colour of each block of pixels, from 0 to 1, so that the edges of letters do not count."""
    width, height = (length // side for length in image.size)
    pixels = np.asarray(image.convert("RGB"), dtype=float)[: height * side, : width * side] / 255
    return np.asarray(pixels.reshape(height, side, width, side, 3).mean(axis=(1, 3)))


@lru_cache(maxsize=4)
def without_actors(stage: Stage) -> bytes:
    """The set as matplotlib paints it."""
    cast, stage.cast = stage.cast, []
    bare, stage.cast = stage.picture(), cast
    return bare


def both_pictures(shown: Locator, demo: Demo, form: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """The set with the actors as the browser paints them, and as matplotlib does."""
    url = shown.evaluate("d => d.querySelector('canvas').toDataURL()")
    actors = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
    demo.respond({"form": form})
    stage = demo._scene({control.name: control.read(form) for control in demo.controls})[0]
    pictures = stage.picture(), without_actors(stage)
    matplotlib, under = (Image.open(io.BytesIO(png)).convert("RGBA").resize(actors.size) for png in pictures)
    return in_blocks(Image.alpha_composite(under, actors)), in_blocks(matplotlib)


@pytest.mark.parametrize("name", NAMES)
def test_browser_and_matplotlib_paint_the_same_actors(open_page: OpenPage, gallery: str, name: str) -> None:
    shown = in_gallery(open_page, gallery, name)
    demo: Demo = getattr(demos, name)(size="lecture")
    for form in [demo.start(), *mixed_corners(demo)]:
        for control in demo.controls:
            field = shown.locator(f"[name={control.name}]")
            if isinstance(control, Choice):
                field.and_(shown.locator(f"[value='{form[control.name]}']")).check(force=True)
            else:
                field.fill(form[control.name])
        shown.page.wait_for_function(
            "([d, alt]) => d.querySelector('canvas').ariaLabel === alt",
            arg=[shown.element_handle(), demo.respond({"form": form})[0]["alt"]],
        )
        browser, matplotlib = both_pictures(shown, demo, form)
        assert np.abs(browser - matplotlib).max() < 0.25, form


@pytest.mark.parametrize("place", ["gallery", "JupyterLab"])
def test_after_a_rush_the_last_position_is_shown(
    open_page: OpenPage, gallery: str, lab_page: tuple[Page, list[str]], place: str
) -> None:
    in_lab = lab_page[0].locator(".gradus-demo").nth(NAMES.index("outlier"))
    shown = in_gallery(open_page, gallery, "outlier") if place == "gallery" else in_lab
    shown.locator("[name=position]").evaluate(
        """async (slider) => {
            for (let k = 0; k < 100; k++) {
                slider.value = k % 20;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                if (k % 10 === 0) await new Promise(requestAnimationFrame);
            }
        }"""
    )
    expect(shown.locator("canvas")).to_have_attribute("aria-label", re.compile(r"at 19\.0 m"))


def test_the_learners_error_is_shown_and_the_demo_recovers(lab_page: tuple[Page, list[str]]) -> None:
    page, _ = lab_page
    demo = page.locator(".gradus-demo").nth(NAMES.index("scores_to_loss"))
    cat = demo.locator("[name=cat]")
    cat.fill("5")
    expect(demo.locator(".gradus-error")).to_have_text("softmax raised ValueError in its line 5: too much cat")
    cat.fill("1")
    expect(demo.locator(".gradus-error")).to_be_hidden()
    expect(demo.locator(".gradus-note")).to_have_text("Your softmax moves this picture.")


def test_arrow_keys_on_a_slider_do_not_leave_the_cell(lab_page: tuple[Page, list[str]]) -> None:
    page, _ = lab_page
    slider = page.locator(".gradus-demo").first.locator("input").first
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(slider).to_be_focused()


def test_play_runs_to_the_end_and_reset_comes_back(open_page: OpenPage, gallery: str) -> None:
    demo = in_gallery(open_page, gallery, "descent")
    play, step = demo.locator("[data-play=t]"), demo.locator("[name=t]")
    play.focus()
    demo.page.keyboard.press("Space")
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(play).to_have_attribute("aria-pressed", "false", timeout=20_000)
    expect(step).to_have_value("60")
    expect(demo.locator("canvas")).to_have_attribute("aria-label", re.compile("After 60 steps"))
    demo.locator("button[type=reset]").click()
    expect(step).to_have_value("20")


@pytest.mark.parametrize("name", NAMES)
def test_a_slider_shows_the_value_that_the_model_gets(open_page: OpenPage, gallery: str, name: str) -> None:
    shown = in_gallery(open_page, gallery, name)
    for control in [control for control in getattr(demos, name)().controls if isinstance(control, Slider)]:
        positions = shown.locator(f"[name={control.name}]").evaluate(
            """(slider) => Array.from({ length: 1 + Math.round((slider.max - slider.min) / slider.step) }, (_, k) => {
                slider.value = Number(slider.min) + k * slider.step;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                return [slider.value, slider.previousElementSibling.textContent];
            })"""
        )
        assert len(positions) > 9
        for value, text in positions:
            assert float(text.replace("−", "-").split()[0]) == control.read({control.name: value}), text


def test_a_presenters_clicker_changes_the_demo_and_moves_a_slider_that_has_the_focus(
    open_page: OpenPage, gallery: str
) -> None:
    demo = in_gallery(open_page, gallery, NAMES[0])
    page, slider = demo.page, demo.locator("input[type=range]").first
    slider.focus()
    before = pixels(demo)
    page.keyboard.press("PageDown")
    expect_change(demo, before)
    assert page.url.endswith(NAMES[0])
    slider.blur()
    for key, at in (("PageDown", 1), ("PageDown", 2), ("PageUp", 1), ("PageUp", 0), ("PageUp", -1)):
        page.keyboard.press(key)
        expect(page).to_have_url(f"{gallery}/demo/{NAMES[at]}")
        expect(demo).to_have_attribute("data-frames", "2", timeout=20_000)


def test_sliders_are_as_large_as_the_text_beside_them(open_page: OpenPage, gallery: str) -> None:
    demo = in_gallery(open_page, gallery, "descent")
    demo.page.set_viewport_size({"width": 1920, "height": 1080})
    slider = demo.locator("input[type=range]").first
    blue = (np.asarray(Image.open(io.BytesIO(slider.screenshot())).convert("RGB")) == (0, 0x72, 0xB2)).all(axis=-1)
    text = float(demo.evaluate("d => parseFloat(getComputedStyle(d).fontSize)"))
    assert blue.sum(axis=0).max() > 0.9 * text
    assert blue.sum(axis=0)[5] > 0.3 * text, "the track up to the handle"
    slider.focus()
    assert slider.evaluate("s => parseFloat(getComputedStyle(s).outlineWidth)") > 0.15 * text


@pytest.mark.parametrize("name", NAMES)
def test_on_a_phone_the_picture_scrolls_and_the_page_does_not(open_page: OpenPage, gallery: str, name: str) -> None:
    demo = in_gallery(open_page, gallery, name)
    demo.page.set_viewport_size({"width": 390, "height": 844})
    assert demo.evaluate("d => document.documentElement.scrollWidth <= innerWidth")
    picture = demo.locator(".gradus-picture")
    assert picture.evaluate("p => p.firstChild.clientWidth") >= 500, "or its text is too small"
    left, right = (
        picture.evaluate(
            "(p, far) => { p.scrollLeft = far; return p.firstChild.getBoundingClientRect().toJSON(); }", far
        )
        for far in (0, 9999)
    )
    box = picture.bounding_box()
    assert box is not None
    assert left["left"] == pytest.approx(box["x"], abs=1)
    assert right["right"] == pytest.approx(box["x"] + box["width"], abs=1)


@pytest.mark.parametrize("name", ["scores_to_loss", "race"])
def test_two_viewers_have_a_state_each(open_page: OpenPage, gallery: str, name: str) -> None:
    one, other = (in_gallery(open_page, gallery, name) for _ in range(2))
    still = pixels(other)
    slider = one.locator("input[type=range]").first
    slider.focus()
    one.page.keyboard.press("Home")
    expect_change(one, pixels(other))
    assert pixels(other) == still
    slider = other.locator("input[type=range]").first
    slider.focus()
    other.page.keyboard.press("ArrowLeft")
    expect_change(other, still)
    assert float(one.locator("input[type=range]").first.input_value()) < float(slider.input_value())


def test_the_gallery_lists_every_demo_shows_no_code_and_asks_nobody_else(open_page: OpenPage, gallery: str) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(gallery)
    links = page.locator(".index a")
    assert [link.get_attribute("href") for link in links.all()] == [f"/demo/{name}" for name in NAMES]
    for name in NAMES:
        page.goto(f"{gallery}/demo/{name}")
        page.locator(".gradus-demo[data-frames]").wait_for(timeout=20_000)
        assert page.locator("pre, code").count() == 0
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {urlsplit(gallery).netloc}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut_off_and_text_is_large(open_page: OpenPage, gallery: str, name: str) -> None:
    demo = in_gallery(open_page, gallery, name)
    for width, height in [(1280, 720), (1366, 768), (1920, 1080), (1024, 768)]:
        demo.page.set_viewport_size({"width": width, "height": height})
        inside = demo.evaluate(
            "d => [...d.querySelectorAll('h2, p:not(.gradus-spoken):not([hidden]), canvas, label, legend, button')]"
            ".map(e => e.getBoundingClientRect()).filter(b => b.width)"
            ".every(b => b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.bottom <= innerHeight)"
        )
        assert inside, (width, height)
        assert demo.evaluate("d => parseFloat(getComputedStyle(d).fontSize)") >= height / 36, (width, height)
        share = demo.evaluate("d => d.querySelector('canvas').clientHeight / innerHeight")
        assert share > 0.45, (width, height)


def test_a_slow_model_has_two_requests_to_answer_at_most(chromium: Browser, tmp_path: Path) -> None:
    slow = (
        "import time\nfrom gradus.demos.gallery import serve\n"
        "def slow(scores):\n    time.sleep(0.3 if scores[0, 1] > 0 else 0.02)\n    return scores / 10\n"
        "serve({'scores_to_loss': [slow]})"
    )
    waiting = []
    with labs.gallery(tmp_path, sys.executable, "-c", slow) as url:
        page = chromium.new_page()

        def count(socket: WebSocket) -> None:
            # The first frame opens the page, nobody asked for it.
            waiting.append(1)
            socket.on("framesent", lambda _: waiting.append(waiting[-1] + 1))
            socket.on("framereceived", lambda _: waiting.append(waiting[-1] - 1))

        page.on("websocket", count)
        page.goto(f"{url}/demo/scores_to_loss")
        demo = page.locator(".gradus-demo")
        expect(demo).to_have_attribute("data-frames", "2", timeout=20_000)
        demo.locator("[name=cat]").evaluate(
            """async (slider) => {
                for (let k = 0; k < 60; k++) {
                    slider.value = k / 20;
                    slider.dispatchEvent(new Event("input", { bubbles: true }));
                    await new Promise((done) => setTimeout(done, 33));
                }
            }"""
        )
        expect(demo.locator("canvas")).to_have_attribute("aria-label", re.compile("cat 0.30"))
        assert max(waiting) <= 2
        assert len(waiting) > 8
        # However the answers fall between two requests, the last position is not forgotten.
        demo.locator("[name=dog]").fill("0")
        for last in range(30):
            demo.locator("[name=cat]").evaluate(
                """(slider, last) => [1, 2, 3, last / 10].forEach((value) => {
                    slider.value = value;
                    slider.dispatchEvent(new Event("input", { bubbles: true }));
                })""",
                last,
            )
            expect(demo.locator("canvas")).to_have_attribute("aria-label", re.compile(f"cat {last / 100:.2f}"))
        page.close()


def test_a_lost_gallery_is_said_to_be_lost(chromium: Browser, tmp_path: Path) -> None:
    with labs.gallery(tmp_path) as url:
        page = chromium.new_page()
        page.goto(f"{url}/demo/outlier")
        page.locator(".gradus-demo[data-frames]").wait_for(timeout=20_000)
    expect(page.locator("body.lost")).to_be_attached(timeout=5000)
    page.close()
