"""Handing in: a notebook is run from a fresh kernel, what is missing is said, and one file to submit is written.

``python -m gradus.learning.handin 02`` does it, ``make handin NOTEBOOK=02``, ``gradus.handin()`` in a cell of the
notebook, and a button on the start page. The notebook itself is never touched, and nothing that is missing keeps
anybody from handing in.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gradus.learning import place, state
from gradus.learning.fresh import Fresh, check_of, run
from gradus.learning.kept import RECORD
from gradus.learning.outline import Outline, outlines
from gradus.learning.told import Part, Step, Told, words

FOLDER = "handin"
UNANSWERED = "*Write your answer here, in place of this line.*"
"""What stands in a written question until somebody answers it."""
_WAITING = ("NotImplementedError", "NameError")
_MOST_FAILED = 5


class HandInError(Exception):
    """No file could be written; the message says why, and what to do."""


def hand_in(notebook: Path, progress: Callable[[int, int], None]) -> Told:
    """Run a notebook and write the file to submit.

    Parameters
    ----------
    notebook : Path
    progress : callable
        Gets the number of cells that were run, and of all.

    Raises
    ------
    HandInError
        If there is nothing that could be handed in.
    """
    saved, nodes = read(notebook)
    outline = outline_of(nodes, notebook)
    target = file_for(outline.name, notebook)
    late = _run_since(outline.name, notebook, target)
    try:
        fresh: Fresh | None = run(nodes, notebook.parent, progress)
    except RuntimeError as error:
        fresh, trouble = None, f"It could not be run. {error} What you submit is the notebook as you saved it."
    content = _with_predictions(saved, fresh.outputs) if fresh else saved
    try:
        place.write_whole(target, content)
    except OSError as error:
        raise HandInError(f"{target} could not be written: {error.strerror}. Nothing was handed in.") from None
    parts = list(_ran(fresh, outline)) if fresh else [Part(trouble)]
    if late:
        parts.insert(0, Part(late))
    parts += _open_questions(nodes, outline, place.above(notebook.parent) / state.FOLDER)
    when = time.strftime("%d %B, %H:%M", time.localtime(notebook.stat().st_mtime))
    parts.append(
        Part(
            f"It holds the notebook as it was saved on {when}. Submit it the way your instructor asks. "
            "You may go on working, and hand in again."
        )
    )
    return Told(outline.title, str(target), tuple(parts))


def steps(notebook: Path) -> Generator[Step, None, None]:
    """Hand in, in a process of its own: how far it is, ``done`` and ``of``, and at last ``told`` or a ``problem``."""
    command = [sys.executable, "-m", "gradus.learning.handin", "--json", str(notebook)]
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}, text=True)
    assert process.stdout is not None
    step: Step = {}
    try:
        for line in process.stdout:
            step = json.loads(line)
            yield step
        if not step.keys() & {"told", "problem"}:
            yield {"problem": "It ended before it was done, and no file was written. Try once more."}
    finally:
        process.kill()
        process.wait()


def find(name: str | None) -> Path:
    """The notebook of that path, name or number; the only one there is, if none is named.

    Raises
    ------
    HandInError
        If there is no such notebook.
    """
    if name and name.endswith(".ipynb"):
        return _present(Path(name).resolve())
    known = [outline for outline in outlines().values() if name in (None, outline.name, outline.number)]
    if len(known) != 1:
        which = "Say which" if name is None else f"There is no notebook {name!r}. Name one"
        raise HandInError(f"{which} of these: {', '.join(outlines())}. Its number will do: NOTEBOOK=02.")
    folder = place.notebooks()
    if folder is None:
        raise HandInError("There are no notebooks here. Go to the folder of the course first.")
    return _present(folder / known[0].name / f"{known[0].name}.ipynb")


def file_for(name: str, notebook: Path) -> Path:
    """Where the file to submit belongs."""
    return place.above(notebook.parent) / FOLDER / f"{name}.ipynb"


def read(notebook: Path) -> tuple[bytes, Any]:
    """A notebook as it is saved, and as nbformat understands it.

    Raises
    ------
    HandInError
        If it is broken.
    """
    import nbformat

    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    saved = _present(notebook).read_bytes()
    try:
        nodes = nbformat.reads(saved.decode(), as_version=4)
        if all(isinstance(cell.source, str) and isinstance(cell.metadata, dict) for cell in nodes.cells):
            return saved, nodes
    except Exception as error:  # there are as many ways to break a notebook as there are errors
        logging.getLogger("gradus.handin").debug("%s", error)
    kept = notebook.parent / ".ipynb_checkpoints" / f"{notebook.stem}-checkpoint.ipynb"
    rescue = f" An earlier version of it is kept in {kept}." if kept.is_file() else ""
    raise HandInError(f"{notebook} is broken: it is no notebook that can be read. Nothing was handed in.{rescue}")


def _present(notebook: Path) -> Path:
    if notebook.is_file():
        return notebook
    others = sorted(path.name for path in notebook.parent.glob("*.ipynb"))
    there = f" There is {' and '.join(others)}: give the right one its old name back." if others else ""
    raise HandInError(f"There is no file {notebook}.{there}")


def outline_of(nodes: Any, notebook: Path) -> Outline:
    """What the notebook asks for; released notebooks say themselves which one they are."""
    said = nodes.metadata.get("gradus")
    names = (said.get("assignment") if isinstance(said, dict) else None, notebook.stem)
    found = next((outlines()[name] for name in names if name in outlines()), None)
    if found is None:
        raise HandInError(f"{notebook} is no notebook of this course.")
    return found


def _run_since(name: str, notebook: Path, target: Path) -> str:
    """A warning, if checks were run after the notebook was saved, and after it was handed in."""
    try:
        checked = (place.above(notebook.parent) / state.FOLDER / f"{name}.json").stat().st_mtime
    except OSError:
        return ""
    saved = notebook.stat().st_mtime
    handed = target.stat().st_mtime if target.exists() else 0.0
    if checked <= max(saved, handed):
        return ""
    at = [time.strftime("%H:%M", time.localtime(when)) for when in (checked, saved)]
    return (
        f"Is it saved? You ran a check or made a prediction at {at[0]}, and the notebook was saved at {at[1]}. "
        "Save it (Ctrl+S, on a Mac Cmd+S), then hand in again."
    )


def _with_predictions(saved: bytes, outputs: tuple[list[Any], ...]) -> bytes:
    """The notebook as it is saved, with predictions that are kept beside it and that its cells do not show."""
    tree = json.loads(saved)
    changed = False
    for cell, fresh in zip(tree.get("cells", []), outputs, strict=False):
        if any(map(_is_prediction, fresh)) and not any(map(_is_prediction, cell["outputs"])):
            cell["outputs"], changed = fresh, True
    return json.dumps(tree, ensure_ascii=False, indent=1).encode() if changed else saved


def _is_prediction(output: Mapping[str, Any]) -> bool:
    return RECORD in output.get("data", ())


def _ran(fresh: Fresh, outline: Outline) -> Iterator[Part]:
    """What came of running it."""
    found = {one: fresh.found.get(one.name) for one in outline.exercises}
    unwritten = [one for one, it in found.items() if it and it["unwritten"]]
    waiting = [one for one in fresh.failed if unwritten and one.type in _WAITING]
    failed = [one for one in fresh.failed if one not in waiting]
    if fresh.stopped:
        yield Part(f"From a fresh kernel it did not run to its end: {fresh.stopped}.")
    elif failed:
        count = "a cell fails" if len(failed) == 1 else f"{len(failed)} cells fail"
        named = [f"`{one.line}`: {': '.join(filter(None, (one.type, one.says)))}" for one in failed[:_MOST_FAILED]]
        yield Part(f"It ran from a fresh kernel, in {fresh.seconds:.0f} seconds, but {count}:", tuple(named))
    else:
        yield Part(f"It ran to its end from a fresh kernel, in {fresh.seconds:.0f} seconds.")
    if waiting:
        count = "A cell needs" if len(waiting) == 1 else f"{len(waiting)} cells need"
        yield Part(f"{count} what is not written yet.")
    earned = sum(it["earned"] for it in found.values() if it)
    yield Part(f"Public checks: {earned:g} of {outline.public_points:g} points.")
    if unwritten:
        yield Part("Not done yet:", tuple(f"`{one.name}` ({_points(one.points)})" for one in unwritten))
    wrong = [(one, it) for one, it in found.items() if it and not it["passed"] and one not in unwritten]
    if wrong:
        yield Part("Fails its public check:", tuple(f"`{one.name}`: {it['says']}" for one, it in wrong))
    missing = [f"`{one.name}`" for one, it in found.items() if it is None]
    if missing:
        yield Part("Not checked, because the check cell is missing, was not reached, or failed:", tuple(missing))


def _open_questions(nodes: Any, outline: Outline, kept: Path) -> Iterator[Part]:
    """Written questions and predictions that nobody has answered."""
    questions, title = [], ""
    for cell in nodes.cells:
        title = (re.findall(r"^#+ +(.+?) *$", cell.source, re.M) or [title])[-1] if _is_text(cell) else title
        fields = cell.metadata.get("nbgrader", {})
        asks = fields.get("grade") and fields.get("solution") and not check_of(cell)
        if asks and cell.source.strip() in ("", UNANSWERED):
            questions.append(f"{title or 'A question'} ({_points(fields['points'])})")
    if questions:
        yield Part("Written questions without an answer:", tuple(questions))
    answered = state.load(outline.name, kept)["predictions"]
    predictions = [one.fields[0].label for one in outline.predictions if one.id not in answered]
    if predictions:
        yield Part("Predictions that you did not make (they give no points):", tuple(predictions))


def _is_text(cell: Any) -> bool:
    return bool(cell.cell_type == "markdown")


def _points(points: float) -> str:
    return "1 point" if points == 1 else f"{points:g} points"


def main(argv: list[str] | None = None) -> int:
    """Hand in by command line."""
    parser = argparse.ArgumentParser(prog="handin", description="Run a notebook and write the file to submit.")
    parser.add_argument("notebook", nargs="?", help="its number, name or path (default: the only one there is)")
    parser.add_argument("--json", action="store_true", help="print every step as a line of JSON")
    options = parser.parse_args(argv)

    def progress(done: int, of: int) -> None:
        step = {"done": done, "of": of}
        if options.json:
            print(json.dumps(step), flush=True)
        elif sys.stderr.isatty():
            print(f"\r{words(step)}", end="", file=sys.stderr, flush=True)

    try:
        last: Step = {"told": asdict(hand_in(find(options.notebook or None), progress))}
    except HandInError as problem:
        last = {"problem": str(problem)}
    if sys.stderr.isatty() and not options.json:
        print(file=sys.stderr)
    print(json.dumps(last) if options.json else words(last).replace("`", ""))
    return int("problem" in last)


if __name__ == "__main__":
    sys.exit(main())
