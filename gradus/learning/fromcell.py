"""``handin()`` in a cell of a notebook: the notebook is saved first, then handed in by a process of its own."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradus.checking.client import is_graded
from gradus.learning.told import html, words

_SAVE = """if (Date.now() < {until:.0f}) globalThis.jupyterapp?.commands.execute("docmanager:save")"""


def handin(notebook: str | None = None) -> None:
    """Hand in the notebook that this cell belongs to: run it from a fresh kernel and write the file to submit.

    Parameters
    ----------
    notebook : str, optional
        Number, name or path of another one.
    """
    if is_graded() or os.environ.get("GRADUS_FRESH_KERNEL"):  # a notebook that is run as a whole
        return
    from gradus.learning.handin import HandInError, find, steps

    show = _Shown()
    try:
        path = find(notebook) if notebook else _open_notebook()
        show({"text/plain": "Saving ...", "application/javascript": _SAVE.format(until=1000 * (time.time() + 10))})
        _wait_for_saving(path)
        if newer := _newer_on_screen(path):
            raise HandInError(
                f"Save the notebook first (Ctrl+S, on a Mac Cmd+S), then run this cell again: the file does not hold "
                f"{newer} as you ran it last."
            )
        for step in steps(path):
            show({"text/plain": words(step), "text/html": html(step)})
    except HandInError as problem:
        show({"text/plain": str(problem), "text/html": html({"problem": str(problem)})})


def _open_notebook() -> Path:
    """The notebook that a kernel works for."""
    from gradus.learning.handin import HandInError

    session = Path(os.environ.get("JPY_SESSION_NAME", ""))
    here = [session] if session.suffix == ".ipynb" and session.is_file() else sorted(Path.cwd().glob("*.ipynb"))
    if len(here) != 1:
        raise HandInError('It is not clear which notebook this is. Name it, for instance: gradus.handin("02")')
    return here[0].resolve()


def _wait_for_saving(notebook: Path, patience: float = 4.0) -> None:
    """Give JupyterLab, which was asked to save the notebook, the time to do so."""
    before, until = notebook.stat().st_mtime_ns, time.monotonic() + patience
    while notebook.stat().st_mtime_ns == before and time.monotonic() < until:
        time.sleep(0.05)


def _newer_on_screen(notebook: Path) -> str:
    """Answers that were run in this kernel and that the file does not hold, as a list in words."""
    from gradus.learning.handin import outline_of, read

    shell = _shell()
    if shell is None:
        return ""
    ran = [source.strip() for source in shell.history_manager.input_hist_raw]
    _, nodes = read(notebook)
    held = {cell.source.strip() for cell in nodes.cells}
    newer = []
    for name in outline_of(nodes, notebook).exercises:
        made = [source for source in ran if re.search(rf"^(?:def|class) {name.name}\b", source, re.M)]
        if made and made[-1] not in held:
            newer.append(f"`{name.name}`")
    return " and ".join(newer)


class _Shown:
    """One place in a cell's output that is written again and again."""

    def __init__(self) -> None:
        self._id = ""

    def __call__(self, bundle: Mapping[str, str]) -> None:
        if _shell() is None:
            print(bundle["text/plain"])
            return
        from IPython.display import display

        update = bool(self._id)
        self._id = self._id or f"gradus-handin-{time.time_ns()}"
        display(bundle, raw=True, display_id=self._id, update=update)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
