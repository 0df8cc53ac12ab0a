"""The start page: every notebook with what it takes and how far you are, how to work, how to hand in.

JupyterLab opens it (``gradus/server.py`` serves it); ``notebooks/Start.md`` says the same where there is no server of
the course's own, without what changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from gradus.learning import state
from gradus.learning.outline import Outline, outlines
from gradus.learning.progress import Progress
from gradus.learning.told import coded

ABOUT = "You learn to train neural networks by writing every piece yourself."
WORKING = (
    "Open a notebook. Read from top to bottom, and run each cell: Shift+Enter.",
    "Where you are asked to predict, do so before you run the next cell.",
    "To fill in a stub, replace `raise NotImplementedError` by your code. Run the cell.",
    "Run the `check(...)` cell below it. It says which kinds of cases pass and shows the first one that fails.",
    "If you are stuck, open the hints below the exercise, one at a time.",
    "Save often: Ctrl+S (on a Mac Cmd+S).",
)
HANDING_IN = (
    "Save the notebook.",
    "Press “Hand in” on the start page. Or type `make handin NOTEBOOK=02` in a terminal, with the number of your "
    "notebook. Or run `import gradus; gradus.handin()` in a new cell of the notebook.",
    "The notebook is run once from a fresh kernel. Then you read what is not written yet and what fails.",
    "Submit the file `handin/NN_topic.ipynb` the way your instructor asks. It is a copy: your notebook stays as it is, "
    "and you may hand in again.",
)


@dataclass(frozen=True)
class Row:
    """One notebook on the page.

    Attributes
    ----------
    outline : Outline
    path : str
        Of its file, from the folder that is served; "" if it is missing.
    done : str
        How far the learner is.
    handed : str
        What there is to say of the file to submit, "" if there is none.
    file : str
        That file, from the folder that is served.
    """

    outline: Outline
    path: str
    done: str
    handed: str
    file: str


def rows(folder: Path, root: Path) -> list[Row]:
    """All notebooks, as things stand now.

    Parameters
    ----------
    folder : Path
        The folder that holds the notebooks' folders.
    root : Path
        The folder that is served.
    """
    found = []
    for outline in outlines().values():
        path = folder / outline.name / f"{outline.name}.ipynb"
        file = folder / "handin" / f"{outline.name}.ipynb"
        there = path.relative_to(root).as_posix() if path.is_file() else ""
        done = progress(outline, state.load(outline.name, folder / state.FOLDER))
        found.append(Row(outline, there, done, _written(file, path), file.relative_to(root).as_posix()))
    return found


def progress(outline: Outline, now: state.State) -> str:
    """How far a learner is with a notebook, in words."""
    earned = sum(row.earned for row in Progress(outline, now).rows)
    predicted = sum(one.id in now["predictions"] for one in outline.predictions)
    if not predicted and not any(one.name in now["checks"] for one in outline.exercises):
        return "not begun"
    said = [f"{earned:g} of {outline.public_points:g} points in public checks"]
    if outline.predictions:
        said.append(f"{predicted} of {len(outline.predictions)} predictions")
    return ", ".join(said)


def takes(outline: Outline, known: Mapping[str, Outline]) -> str:
    """What the core of a notebook takes, and what goes further; notebooks that it builds on, if they are there."""
    before = [known[name].number for name in outline.builds_on if name in known]
    parts = [f"{outline.minutes} minutes", f"{outline.points - outline.further_points:g} points"]
    core = ", ".join(parts + ([f"builds on {' and '.join(before)}"] if before else []))
    further = f"; going further {outline.further_minutes} minutes, {outline.further_points:g} points"
    return core + (further if outline.further_minutes else "")


def markdown(known: Mapping[str, Outline]) -> str:
    """The page without what changes, as ``Start.md``."""
    lines = ["# Gradus", "", ABOUT, "", "## Notebooks", ""]
    lines += [f"- [{one.title}]({one.name}/{one.name}.ipynb): {takes(one, known)}" for one in known.values()]
    for title, steps in _GUIDE.items():
        lines += ["", f"## {title}", "", *(f"{number}. {step}" for number, step in enumerate(steps, 1))]
    return "\n".join(lines) + "\n"


def page(found: Iterable[Row], link: Callable[..., str], form: str) -> str:
    """The page.

    Parameters
    ----------
    found : iterable of Row
    link : callable
        Parts of a path -> the address that the server knows it by.
    form : str
        What a form has to hold so that the server takes it.
    """
    items = "".join(_item(row, link, form) for row in found)
    body = f"<h1>Gradus</h1><p>{ABOUT}</p><h2>Notebooks</h2>"
    body += f"<ul class=notebooks>{items}</ul>" if items else "<p>There are no notebooks in this folder.</p>"
    for title, steps in _GUIDE.items():
        body += f"<h2>{title}</h2><ol>{''.join(f'<li>{coded(step)}</li>' for step in steps)}</ol>"
    return f"{head('Gradus: start')}<main>{body}</main>{_FRESH}"


def head(title: str) -> str:
    """What a page begins with."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_style()}</style>"
    )


def _item(row: Row, link: Callable[..., str], form: str) -> str:
    one = row.outline
    title, facts = escape(one.title), escape(takes(one, outlines()))
    if not row.path:
        lost = f"The file {one.name}/{one.name}.ipynb is missing. Unpack the course again to get it back."
        return f"<li><h3>{title}</h3><p>{facts}</p><p>{lost}</p></li>"
    # A small screen has no room for JupyterLab around the notebook.
    titles = "".join(
        f'<a class="{size}" href="{escape(link(view, "tree", row.path))}">{title}</a>'
        for size, view in (("wide", "lab"), ("narrow", "doc"))
    )
    handed = ""
    if row.handed:
        file = escape(f"{link('files', row.file)}?download=1")
        handed = f'<p><a href="{file}">The file to submit</a> was written on {row.handed}.</p>'
    return (
        f"<li><h3>{titles}</h3><p>{facts}</p><p class=done>{escape(row.done)}</p>{handed}"
        f'<form method="post" action="{escape(link("gradus", "handin", one.name))}">{form}'
        f"<button>Hand in {one.number}</button></form></li>"
    )


def _written(file: Path, notebook: Path) -> str:
    """When the file to submit was written, and whether that was long enough ago to write it again."""
    if not file.is_file() or not notebook.is_file():
        return ""
    when, saved = file.stat().st_mtime, notebook.stat().st_mtime
    says = time.strftime("%d %B, %H:%M", time.localtime(when))
    return says + (", and you have saved the notebook since" if saved > when else "")


@cache
def _style() -> str:
    return (Path(__file__).parent / "start.css").read_text(encoding="utf-8")


_GUIDE = {"How to work": WORKING, "How to hand in": HANDING_IN}
# Whoever comes back to the page finds it as things stand then.
_FRESH = """<script type="module">
const anew = async () => {
  const text = await (await fetch(location.href)).text();
  const list = new DOMParser().parseFromString(text, "text/html").querySelector(".notebooks");
  const old = document.querySelector(".notebooks");
  if (list && list.innerHTML !== old.innerHTML && !old.contains(document.activeElement)) old.replaceWith(list);
};
addEventListener("visibilitychange", () => document.hidden || anew());
addEventListener("pageshow", (event) => event.persisted && anew());
</script>"""
