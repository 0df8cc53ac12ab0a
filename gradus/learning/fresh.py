"""A notebook, run as a whole in a kernel of its own: what its checks find, and which of its cells fail."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradus.checking.report import Report
from gradus.checking.scoring import earned, share
from gradus.learning.outline import of_exercise
from gradus.learning.progress import Checked

CELL, NOTEBOOK = 60.0, 600.0
"""Seconds that one cell and a whole notebook may take; as many as when it is graded."""
RUNNING = "GRADUS_FRESH_KERNEL"
"""Environment variable of such a kernel."""
CHECK = "check_"
"""What the grade id of a check cell starts with; the name of the exercise follows."""
_FOUND = "application/vnd.gradus.found+json"
_LISTEN = '__import__("gradus.learning.fresh", fromlist=["listen"]).listen()'
_MOST_OUTPUT = 32 * 2**20

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """A cell that ended in an error: the line it starts with, the error's type and its words."""

    line: str
    type: str
    says: str


@dataclass(frozen=True)
class Fresh:
    """What came of running a notebook.

    Attributes
    ----------
    found : mapping of str to mapping
        Exercise -> what its check cell found: ``earned`` points, ``passed``, ``unwritten`` (a repair: as it was
        released), and what it ``says``.
    failed : tuple of Failed
    stopped : str
        Why it was not run to its end, "" if it was.
    seconds : float
    outputs : tuple of list
        Of every cell.
    """

    found: Mapping[str, Mapping[str, Any]]
    failed: tuple[Failed, ...]
    stopped: str
    seconds: float
    outputs: tuple[list[Notebook], ...]


def run(notebook: Any, folder: Path, progress: Callable[[int, int], None]) -> Fresh:
    """Run a notebook; it is not changed.

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
        Where its kernel works.
    progress : callable
        Gets the number of cells that were run, and of all.

    Raises
    ------
    RuntimeError
        If no kernel can be started.
    """
    import nbformat

    cells = [nbformat.v4.new_code_cell(_LISTEN), *map(nbformat.from_dict, notebook.cells)]
    copy = nbformat.v4.new_notebook(cells=[_bare(cell) for cell in cells])
    begin = time.monotonic()
    started: list[Any] = []
    stopped = _execute(_client(copy, progress, started), folder)
    if stopped and not started[1:]:
        raise RuntimeError(f"No cell could be run ({stopped}).")
    if stopped:
        stopped += f", in the cell that starts with: {first_line(started[-1].source)}"
    found = {name: it for cell in copy.cells if (name := check_of(cell)) and (it := _said(cell.outputs))}
    others = [cell for cell in copy.cells[1:] if check_of(cell) not in found]
    outputs = tuple(cell.get("outputs", []) for cell in copy.cells[1:])
    return Fresh(found, tuple(_failures(others)), stopped, time.monotonic() - begin, outputs)


def check_of(cell: Mapping[str, Any]) -> str:
    """The exercise that a cell checks, "" for every other cell."""
    fields = cell["metadata"].get("nbgrader")
    name = str(fields.get("grade_id", "")) if isinstance(fields, Mapping) else ""
    return name.removeprefix(CHECK) if name.startswith(CHECK) else ""


def listen() -> None:
    """Let every report that this kernel shows say in plain data, too, what was found."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type(Report, _plain)
    formatter.for_type(Checked, lambda shown, **_: _plain(shown.report))


def first_line(source: str) -> str:
    """What a cell is called by: the first line in it."""
    line = next(iter(source.strip().splitlines()), "")
    return line if len(line) <= 60 else line[:59] + "…"


def _plain(report: Report, **_: Any) -> Notebook:
    exercise = of_exercise(report.exercise)
    points = earned(share(report), exercise[1].points) if exercise and report.groups else 0.0
    return {
        _FOUND: {
            "earned": points,
            "passed": report.passed,
            "unwritten": report.unwritten or report.unrepaired,
            "says": report.headline.partition(": ")[2],
        }
    }


def _said(outputs: Iterable[Mapping[str, Any]]) -> Notebook | None:
    """What the last report among some outputs has found."""
    reports = [output["data"][_FOUND] for output in outputs if _FOUND in output.get("data", ())]
    return reports[-1] if reports else None


def _failures(cells: Iterable[Any]) -> Iterable[Failed]:
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                says = str(output.evalue).partition("\n")[0][:200]
                if output.ename == "KeyboardInterrupt":
                    says = f"it took more than {CELL:g} seconds and was stopped"
                yield Failed(first_line(cell.source), output.ename, says)


def _bare(cell: Any) -> Any:
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    return cell


def _client(notebook: Any, progress: Callable[[int, int], None], started: list[Any]) -> Any:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError

    deadline = time.monotonic() + NOTEBOOK
    left = _MOST_OUTPUT

    class Client(NotebookClient):
        def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
            """Take a message of the kernel; more output than anybody reads is not kept."""
            nonlocal left
            if msg["msg_type"] in ("stream", "display_data", "update_display_data", "execute_result"):
                left -= len(str(msg["content"]))
                if left < 0:
                    return None
            return super().process_message(msg, cell, cell_index)

    def before(cell: Any, cell_index: int) -> None:
        if time.monotonic() > deadline:
            raise CellTimeoutError
        started.append(cell)
        progress(cell_index, len(notebook.cells) - 1)

    return Client(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": "KeyboardInterrupt", "evalue": "", "traceback": []},
        timeout_func=lambda _: max(1.0, min(CELL, deadline - time.monotonic())),
        skip_cells_with_tag="no cell is ever skipped",
        store_widget_state=False,
        shutdown_kernel="immediate",
        on_cell_execute=before,
        extra_arguments=["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"],
    )


def _execute(client: Any, folder: Path) -> str:
    """Run all cells; why it was stopped comes back, "" if it was not."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    client.log = logging.getLogger("gradus.fresh")
    client.log.setLevel(logging.CRITICAL + 1)
    # The kernel finds what belongs to the notebook by the folder it works in, not by the notebook that asked for it.
    environment = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"} | {RUNNING: "1"}
    try:
        client.execute(cwd=str(folder), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except DeadKernelError:
        return "the kernel died"
    except CellTimeoutError:
        return f"it takes more than {NOTEBOOK / 60:g} minutes"
    return ""
