"""How fast pictures follow sliders: ``python benchmarks/sliders.py`` on a quiet machine, about fifteen minutes.

In Debian's Chromium, for each demo in the gallery and in JupyterLab (with and without ``gradus.server``), and for plain
``interact`` on the same picture: the time from a slider's change to the animation frame with the new picture (40 single
changes), pictures shown while the slider makes 60 steps in one second, how long the last one comes after the last step,
animation frames without a picture, and memory of Python and of the page after 2,000 more changes. A demo that studies a
learner's softmax of 20 ms stands for heavy models.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
import labs  # noqa: E402

from gradus import demos  # noqa: E402
from gradus.demos.demo import Demo, Slider  # noqa: E402

SINGLE, STEPS, CHANGES, WARM = 40, 60, 2000, 200

HEAVY = "heavy softmax"


def slow_softmax(scores: np.ndarray) -> np.ndarray:
    """Compute for 20 ms; a notebook and a gallery get this function's source."""
    until = time.perf_counter() + 0.02
    while time.perf_counter() < until:
        pass
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


SETUP = f"import time\nimport numpy as np\nfrom gradus import demos\n{inspect.getsource(slow_softmax)}"
CELLS = {name: f"demos.{name}()" for name in labs.NAMES} | {HEAVY: "demos.scores_to_loss(slow_softmax)"}
HEAVY_GALLERY = f"{SETUP}\nfrom gradus.demos.gallery import serve\nserve({{'scores_to_loss': [slow_softmax]}})"

# Two ways of moving a slider and of noticing the new picture, one way of measuring.
SCRIPT = """
async ({ root, plain, single, steps }) => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms)), frame = () => new Promise(requestAnimationFrame);
  const part = (name) => root.querySelector(name);
  const slider = part(plain ? ".noUi-handle" : "input[type=range]"), canvas = part("canvas");
  const span = plain ? 0 : slider.max - slider.min;
  const move = (k) => {
    if (plain) {
      const key = k % 2 ? "ArrowLeft" : "ArrowRight";
      slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    } else {
      slider.value = Number(slider.min) + span * (0.3 + 0.4 * (k % 2));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  const sweep = (k) => {
    if (plain) return move(0);
    slider.value = Number(slider.min) + span * (k + 1) / (steps + 1);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const shown = [];
  let hear = () => {}, seen = "";
  const watch = new MutationObserver(async () => {
    if (plain) {
      const image = part(".jp-OutputArea img, .widget-output img");
      if (!image || image.src === seen) return;
      seen = image.src;
      await image.decode();
    }
    await frame();
    const now = performance.now();
    if (shown.at(-1) !== now) { shown.push(now); hear(now); }
  });
  watch.observe(root, plain ? { childList: true, subtree: true } : { attributeFilter: ["data-frames"] });

  const times = [];
  for (let k = 0; k < single; k++) {
    const heard = new Promise((done) => { hear = done; }), before = performance.now();
    move(k);
    times.push(await Promise.race([heard, wait(3000).then(() => Infinity)]) - before);
    await wait(60 + 17 * Math.random());
  }
  hear = () => {};
  const drag = async (look) => {
    shown.length = 0;
    const begin = performance.now();
    let last = begin, blank = 0, on = true;
    (async () => { while (on) { await frame(); if (look) blank += look(); } })();
    for (let k = 0; k < steps; k++) {
      sweep(k);
      last = performance.now();
      await wait(Math.max(0, begin + (k + 1) * 1000 / steps - last));
    }
    await wait(1000);
    on = false;
    return { redraws: shown.length, lag: shown.at(-1) - last, blank };
  };
  const drags = [await drag(), await drag(), await drag()];
  const empty = () => {
    if (plain) return part(".jp-OutputArea img, .widget-output img")?.clientHeight ? 0 : 1;
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v) ? 0 : 1;
  };
  const { blank } = await drag(empty);
  watch.disconnect();
  return { times, drags, blank };
}
"""
MANY = """
async ({ form, changes }) => {
  const slider = form.querySelector("input[type=range]"), span = slider.max - slider.min;
  for (let k = 0; k < changes; k++) {
    slider.value = Number(slider.min) + span * ((k * 0.618) % 1);
    const painted = new Promise((done) => {
      new MutationObserver((_, watch) => { watch.disconnect(); done(); }).observe(form, { attributes: true });
    });
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await painted;
  }
  if (window.gc) { gc(); gc(); }
  return performance.memory.usedJSHeapSize / 2 ** 20;
}
"""


@dataclass
class Row:
    """One line of the table; times in milliseconds, memory in MiB."""

    place: str
    demo: str
    model: float
    median: float
    p95: float
    redraws: float
    lag: float
    blank: int
    python_growth: float | None = None
    page_growth: float | None = None

    def holds(self) -> bool:
        """Whether the row keeps what lecture mode promises."""
        if self.model < 3:
            follows = self.p95 <= 30 and self.redraws >= 45 and self.lag <= 50
        else:
            follows = self.p95 <= 60 and self.lag <= 60
        steady = max(self.python_growth or 0, self.page_growth or 0) < 3
        return follows and steady and not self.blank


def main() -> None:
    """Measure and print the table; exit 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description="Measure how fast pictures follow sliders.")
    parser.add_argument("--places", default="gallery,lab,stock,interact", help="any of gallery,lab,stock,interact")
    parser.add_argument("--json", type=Path, help="write the rows here as well")
    options = parser.parse_args()
    places = options.places.split(",")
    # A killed benchmark must not leave servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows: list[Row] = []
    with labs.chromium("--enable-precise-memory-info", "--js-flags=--expose-gc") as browser:
        if "gallery" in places:
            rows += in_gallery(browser)
        if "lab" in places:
            rows += in_lab(browser, "JupyterLab", [labs.EXTENSION])
        if "stock" in places:
            rows += in_lab(browser, "JupyterLab, stock server", [])
        if "interact" in places:
            rows += with_interact(browser)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    broken = [f"{row.place}, {row.demo}" for row in rows if row.place in ("gallery", "JupyterLab") and not row.holds()]
    if broken:
        sys.exit("Beyond the limits: " + "; ".join(broken))


def in_gallery(browser: Browser) -> list[Row]:
    """Measure every demo in the gallery."""
    rows = []
    for command, names in ((), labs.NAMES), ((sys.executable, "-c", HEAVY_GALLERY), [HEAVY]):
        with working_folder() as folder, labs.gallery(folder, *command) as url:
            for name in names:
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                page.goto(f"{url}/demo/{name if name in labs.NAMES else 'scores_to_loss'}")
                page.locator(".gradus-demo[data-frames='2']").wait_for(timeout=60_000)
                pid = _process_with(url.rsplit(":", 1)[1])
                rows.append(measure(page, "gallery", name, page.locator(".gradus-demo"), pid))
                page.close()
    return rows


def in_lab(browser: Browser, place: str, flags: list[str]) -> list[Row]:
    """Measure every demo in one notebook of JupyterLab."""
    rows = []
    with working_folder() as folder, labs.lab(folder, *flags) as url:
        setup = f"{SETUP}\nimport os, pathlib\n_ = pathlib.Path('pid').write_text(str(os.getpid()))"
        labs.write_notebook(folder / "demos.ipynb", setup, *CELLS.values())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        labs.run_all(page, f"{url}/lab/tree/demos.ipynb?reset")
        for index, name in enumerate(CELLS):
            form = page.locator(".gradus-demo").nth(index)
            form.scroll_into_view_if_needed(timeout=60_000)
            page.wait_for_function("d => d.dataset.frames >= 2", arg=form.element_handle())
            rows.append(measure(page, place, name, form, int((folder / "pid").read_text())))
        page.close()
    return rows


def with_interact(browser: Browser) -> list[Row]:
    """Measure plain ``interact`` redrawing the same pictures, with the server extension."""
    rows = []
    with working_folder() as folder, labs.lab(folder, labs.EXTENSION) as url:
        for name in labs.NAMES:
            labs.write_notebook(folder / f"{name}.ipynb", _interact_cell(name))
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            labs.run_all(page, f"{url}/lab/tree/{name}.ipynb?reset")
            page.locator(".jp-OutputArea img").wait_for(timeout=60_000)
            root = page.locator(".jp-Cell-outputArea").first
            rows.append(measure(page, "interact", name, root, None))
            page.close()
    return rows


def measure(page: Page, place: str, name: str, root: Any, pid: int | None) -> Row:
    """Move the demo's first slider and take the times."""
    page.wait_for_timeout(1000)
    handle, plain = root.element_handle(), pid is None
    if pid is not None:
        page.evaluate(MANY, {"form": handle, "changes": WARM})
    got = page.evaluate(SCRIPT, {"root": handle, "plain": plain, "single": SINGLE, "steps": STEPS})
    median, p95 = np.percentile(got["times"], [50, 95])
    redraws, lag = (float(np.median([drag[key] for drag in got["drags"]])) for key in ("redraws", "lag"))
    row = Row(place, name, _model_time(name), float(median), float(p95), redraws, lag, got["blank"])
    if pid is not None:
        python, heap = _memory(pid), page.evaluate(MANY, {"form": handle, "changes": 1})
        heap_after = page.evaluate(MANY, {"form": handle, "changes": CHANGES})
        row.python_growth, row.page_growth = _memory(pid) - python, heap_after - heap
    print(table([row]).splitlines()[-1], file=sys.stderr, flush=True)
    return row


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| where | demo | model, ms | change → pixels, ms: median | 95 % | redraws of 60 | lag, ms | blank frames "
        "| Python + MiB | page + MiB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        growth = ["" if g is None else f"{g:+.1f}" for g in (row.python_growth, row.page_growth)]
        lines.append(
            f"| {row.place} | {row.demo} | {row.model:.2f} | {row.median:.0f} | {row.p95:.0f} | {row.redraws:.0f} "
            f"| {row.lag:.0f} | {row.blank} | {growth[0]} | {growth[1]} |"
        )
    return "\n".join(lines)


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _first_slider(demo: Demo) -> Slider:
    return next(control for control in demo.controls if isinstance(control, Slider))


def _model_time(name: str) -> float:
    demo: Demo = demos.scores_to_loss(slow_softmax) if name == HEAVY else getattr(demos, name)()
    slider = _first_slider(demo)
    start = {control.name: control.read(demo.start()) for control in demo.controls}
    demo.model(**start)
    low, high = (float(slider.write(value)) for value in (slider.low, slider.high))
    times = []
    for k in range(STEPS):
        value = slider.read({slider.name: low + (high - low) * (k + 1) / (STEPS + 1)})
        before = time.perf_counter()
        demo.model(**start | {slider.name: value})
        times.append(time.perf_counter() - before)
    return 1000 * float(np.median(times))


def _interact_cell(name: str) -> str:
    slider = _first_slider(getattr(demos, name)())
    kind = "FloatLogSlider" if slider.log else "FloatSlider"
    low, high = (float(slider.write(value)) for value in (slider.low, slider.high))
    value = slider.low if slider.log else low
    bounds = f"min={low}, max={high}, step={(high - low) / 250}, value={value}"
    return (
        "import ipywidgets\nfrom IPython.display import Image, display\nfrom gradus import demos\n"
        f"demo = demos.{name}()\n@ipywidgets.interact({slider.name}=ipywidgets.{kind}({bounds}))\n"
        f"def draw({slider.name}):\n    display(Image(demo.picture({slider.name}={slider.name})[0]))"
    )


def _process_with(argument: str) -> int:
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"--port={argument}" in command.read_text().split("\0"):
                return int(command.parent.name)
    raise RuntimeError(f"No process was started with --port={argument}.")


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
