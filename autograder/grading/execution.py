"""Running a submission under the judge: what it wrote runs in a kernel, the judge stays outside.

Only setup, given, solution and check cells, nbgrader's ordinary tests and the student's own cells run. Whatever was
released to demonstrate, to try out or to draw plays no part in a verdict.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output

from autograder.course import Course, CourseError
from autograder.grading import gate, parent
from autograder.grading.carrying import OWN
from autograder.grading.markup import harmless_outputs
from autograder.judging.judge import Judge, Verdict, process_environment
from autograder.source.notebook import EXECUTED
from gradus.checking import Report
from gradus.learning.stubs import names_bound

CHECK = "check_"
"""What the grade id of a check cell starts with; the name of the exercise follows."""
_RUNS = {*EXECUTED, OWN}
_MOST_OUTPUT = 32 * 2**20
_OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")
_TIMEOUT = "CellTimeoutError"
_KERNEL = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"]
# Where a word begins, and nowhere within it: a long line would take minutes else.
_CELL_FILE = re.compile(r"(?<![\w./\\:-])[\w./\\:-]*ipykernel_\d+[/\\]\d+\.py")
_NEEDED = ("gradus", "numpy", "torch")
_UNKNOWN_NAME = re.compile(r"name '(\w+)' is not defined")


@dataclass(frozen=True)
class Limits:
    """How long a submission may run, in seconds of wall time: one cell, and the whole notebook."""

    cell: float = 60.0
    notebook: float = 600.0


@dataclass(frozen=True)
class Run:
    """What came of running a submission.

    Attributes
    ----------
    verdicts : dict of str to Verdict
        By grade id of the check cell.
    outputs : dict of str to list
        Harmless outputs of all other cells that ran, by cell id.
    remarks : tuple of str
        What went wrong on the way.
    """

    verdicts: dict[str, Verdict]
    outputs: dict[str, list[NotebookNode]]
    remarks: tuple[str, ...]


def role(cell: NotebookNode) -> str:
    """What a cell is there for: ``"setup"``, ``"given"``, ``"solution"``, ``"check"``, ``"own"`` or ""."""
    fields = cell.metadata.get("gradus")
    return str(fields.get("role", "")) if isinstance(fields, Mapping) else ""


def running(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that run when a notebook is graded."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [cell for cell in code if role(cell) in _RUNS or is_test(cell)]


def check_of(cell: NotebookNode) -> str:
    """Grade id of a check cell, "" for every other cell."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "") if role(cell) == "check" else ""
    return name if name.startswith(CHECK) else ""


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is an ordinary test of nbgrader's, whose outputs decide, and not a check cell."""
    fields = cell.metadata.get("nbgrader", {})
    graded = cell.cell_type == "code" and fields.get("grade", False) and not fields.get("solution", False)
    return bool(graded) and not check_of(cell)


def run_judged(course: Course, notebook: NotebookNode, key: bytes, files: Mapping[str, bytes], limits: Limits) -> Run:
    """Run a submission and judge it.

    Parameters
    ----------
    course : Course
    notebook : NotebookNode
        The released notebook with the submission's answers; it is not changed.
    key : bytes
        The submission's own.
    files : mapping of str to bytes
        What lies beside the notebook, by relative path.
    limits : Limits

    Raises
    ------
    CourseError
        If no kernel can be started.
    """
    cells = [_bare(cell) for cell in running(notebook)]
    with (
        tempfile.TemporaryDirectory(prefix="gradus-room-", ignore_cleanup_errors=True) as room,
        Judge(course, key) as judge,
    ):
        for name, content in files.items():
            path = Path(room) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        hiding = list(_hiding(room))
        client, trouble = _executed(cells, judge, limits, room)
        judge.close()
        verdicts = {name: _verdict(judge, client, cell) for cell in cells if (name := check_of(cell))}
        outputs = {
            cell.id: [_settled(output, room) for output in harmless_outputs(_outputs(client, cell))]
            for cell in cells
            if not check_of(cell)
        }
    remarks = [*hiding, trouble] if trouble else hiding
    if client.cut:
        remarks.append("it wrote more than can be kept; the rest of its output was left out")
    ran = {cell.id for cell in cells}
    idle = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.id not in ran]
    with ThreadPoolExecutor(1) as own_stack:  # how deep code can be parsed would else depend on who calls
        elsewhere = own_stack.submit(_bound, idle).result() - own_stack.submit(_bound, cells).result()
    for name in dict.fromkeys(_unknown(cells)):
        if name in elsewhere:
            remarks.append(_not_run(name))
    for grade_id, verdict in verdicts.items():
        report = _explained(verdict.report, elsewhere)
        if report is not verdict.report:
            verdicts[grade_id] = replace(verdict, report=report)
            remarks += [_not_run(name) for name in _UNKNOWN_NAME.findall(_said(report)) if name in elsewhere]
    return Run(verdicts, outputs, tuple(dict.fromkeys(remarks)))


class _Manager(AsyncKernelManager):
    """Starts a kernel that is no child of whoever grades."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        return [sys.executable, "-I", "-S", parent.__file__, *super().format_kernel_cmd(extra_arguments)]


class _NotStartedError(CourseError):
    """No cell has run."""


def _executed(cells: Sequence[NotebookNode], judge: Judge, limits: Limits, room: str) -> tuple[_Client, str]:
    """Run cells; what went wrong comes back beside their client.

    A kernel that does not start, as where another program has taken one of its ports meanwhile, has a second chance.
    """
    try:
        client = _Client(new_notebook(cells=cells), judge, limits)
        return client, client.run(room)
    except _NotStartedError:
        client = _Client(new_notebook(cells=cells), judge, limits)
        return client, client.run(room)


class _Client(NotebookClient):
    """nbclient's client, with a judge outside the kernel.

    The kernel is told only the address of the judge. An exercise is open while its check cell runs.
    """

    def __init__(self, notebook: NotebookNode, judge: Judge, limits: Limits) -> None:
        super().__init__(
            notebook,
            kernel_name="python3",
            kernel_manager_class=_Manager,
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": _TIMEOUT, "evalue": f"stopped after {limits.cell:g} s", "traceback": []},
            raise_on_iopub_timeout=True,
            iopub_timeout=10,
            timeout_func=self._seconds,
            extra_arguments=list(_KERNEL),
            skip_cells_with_tag="no cell is ever skipped",
            store_widget_state=False,
            shutdown_kernel="immediate",
            on_cell_execute=self._before,
            on_cell_executed=self._after,
        )
        self.log = logging.getLogger("autograder.kernel")
        self.log.setLevel(logging.CRITICAL + 1)
        self.started: list[str] = []
        self.stopped = ""
        self.cut_short: set[str] = set()
        self._judge, self._limits = judge, limits
        self._deadline = time.monotonic() + limits.notebook
        self._left = _MOST_OUTPUT

    def run(self, room: str) -> str:
        """Execute all cells in the folder ``room``; what went wrong comes back, "" if nothing did."""
        environment = {**process_environment(self._judge), "NBGRADER_EXECUTION": "autograde"}
        try:
            # What the code writes past its own kernel would reach the terminal of whoever grades.
            run_sync(self._execute)(cwd=room, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except CourseError:
            raise  # the judge has found a fault of the course, not of the student
        except DeadKernelError:
            self.stopped = "the kernel died"
        except CellTimeoutError:
            self.stopped = f"time ran out (a cell may take {self._limits.cell:g} s, all {self._limits.notebook:g} s)"
        except Exception as error:  # a message that nbclient cannot digest comes from the student's code
            if not self.started:
                raise _NotStartedError(f"The kernel could not be started: {type(error).__name__}: {error}") from error
            self.stopped = f"it could not be run further ({type(error).__name__})"
        if not self.started:
            raise _NotStartedError("The kernel died before the first cell ran: look whether python3 can start one.")
        if not self.stopped:
            return ""
        last = next(cell for cell in self.nb.cells if cell.id == self.started[-1])
        text = f"{gate.sentence(self.stopped)} here; what was judged before still counts.\n"
        last.outputs.append(new_output("stream", name="stderr", text=text))
        line = next(iter(last.source.strip().splitlines()), "")[:80]
        return f"{self.stopped}, in the cell that starts with: {_whole(line)}"

    async def _execute(self, **how: Any) -> None:
        # Where a kernel dies, nbclient leaves tasks behind, and asyncio would print how those end.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        try:
            await self.async_execute(**how)
        finally:
            # nbclient forgets to where the kernel cannot be shut down, and would try again at the very end.
            atexit.unregister(self._cleanup_kernel)

    @property
    def cut(self) -> bool:
        """Whether output was left out."""
        return self._left < 0

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Take a message of the kernel; widgets are not kept, nor is more output than anybody reads."""
        kind = msg["msg_type"]
        if kind.startswith("comm"):
            return None
        if kind in _OUTPUTS:
            self._left -= len(str(msg["content"]))
            if self.cut:
                self.cut_short.add(cell.id)
                return None
        return super().process_message(msg, cell, cell_index)

    def _seconds(self, _: NotebookNode) -> float:
        return max(1.0, min(self._limits.cell, self._deadline - time.monotonic()))

    def _before(self, cell: NotebookNode, **_: Any) -> None:
        if time.monotonic() > self._deadline:
            raise CellTimeoutError("the time for the whole notebook is used up")
        self.started.append(cell.id)
        if name := check_of(cell):
            self._judge.open(name.removeprefix(CHECK))

    def _after(self, cell: NotebookNode, execute_reply: Mapping[str, Any], **_: Any) -> None:
        self._judge.close()
        reply = execute_reply["content"]
        if reply["status"] != "error":
            return
        name, said = str(reply.get("ename", "")), str(reply.get("evalue", ""))
        if not any(output.output_type == "error" and output.ename == name for output in cell.outputs):
            lines = [str(line) for line in reply.get("traceback", [])] or [f"{name}: {said}"]
            cell.outputs.append(new_output("error", ename=name, evalue=said, traceback=lines))
        if check := check_of(cell):
            why = said if name == _TIMEOUT else f"{name}: {said}".partition("\n")[0]
            self._judge.fail(check.removeprefix(CHECK), _whole(f"the check cell did not run to its end: {why}"[:300]))


def _hiding(room: str) -> Iterator[str]:
    """A sentence on everything in a folder that hides a package which answers need."""
    for name in _NEEDED:
        found = PathFinder.find_spec(name, [room])
        if found and found.origin:
            file = Path(found.origin).relative_to(room).as_posix()
            yield f"`{file}`, handed in beside the notebook, hides the package {name}: rename it."


def _verdict(judge: Judge, client: _Client, cell: NotebookNode) -> Verdict:
    exercise = check_of(cell).removeprefix(CHECK)
    if cell.id not in client.started:
        reason = f"the check cell was not run: {client.stopped} before it"
        return Verdict(exercise, 0.0, Report(exercise, unanswered=reason))
    if client.stopped and cell.id == client.started[-1]:
        judge.fail(exercise, f"the check cell did not run to its end: {client.stopped}")
    return judge.verdict(exercise)


def _outputs(client: _Client, cell: NotebookNode) -> list[NotebookNode]:
    """The outputs of a cell. In an ordinary test the one comes first that nbgrader decides by: no other may be cut off.

    nbgrader gives full points to a test without outputs, so one that did not run to its end needs an error to earn
    nothing.
    """
    if not is_test(cell):
        return cell.outputs
    if client.stopped and cell.id not in client.started:
        why = f"the test was not run: {client.stopped} before it"
    elif client.stopped and cell.id == client.started[-1]:
        why = f"the test did not run to its end: {client.stopped}"
    elif cell.id in client.cut_short:
        why = "the notebook wrote more than can be kept, and what the test said was lost"
    else:
        return sorted(cell.outputs, key=lambda output: not _decides(output))
    return [new_output("error", ename="NotRun", evalue=why, traceback=[why]), *cell.outputs]


def _decides(output: NotebookNode) -> bool:
    stderr = output.output_type == "stream" and output.name == "stderr"
    return stderr or output.output_type in ("error", "execute_result")


def _bare(cell: NotebookNode) -> NotebookNode:
    fresh = NotebookNode(cell)
    fresh.outputs, fresh.execution_count = [], None
    return fresh


def _bound(cells: Iterable[NotebookNode]) -> set[str]:
    """Names that the cells define, where their code can be parsed."""
    return set().union(*(names_bound(cell.source) for cell in cells))


def _unknown(cells: Iterable[NotebookNode]) -> Iterator[str]:
    """Names that were asked for and not defined, by the errors that cells ended in."""
    for cell in cells:
        for output in cell.outputs:
            if output.output_type == "error" and output.ename == "NameError":
                yield from _UNKNOWN_NAME.findall(output.evalue)


def _said(report: Report) -> str:
    return report.failure.message if report.failure else report.unanswered


def _explained(report: Report, elsewhere: set[str]) -> Report:
    """The report, which says so if what is not defined comes from a cell that did not run."""
    names = [name for name in dict.fromkeys(_UNKNOWN_NAME.findall(_said(report))) if name in elsewhere]
    if not names:
        return report
    more = " ".join(map(_not_run, names))
    if report.failure:
        return replace(report, failure=replace(report.failure, message=f"{report.failure.message} {more}"))
    return replace(report, unanswered=f"{report.unanswered}. {more}")


def _not_run(name: str) -> str:
    return f"`{name}` comes from a cell that is not run when grading: define it in the answer or in a cell of your own."


def _settled(value: Any, room: str) -> Any:
    """An output without what differs from run to run, such as folders, and without half characters."""
    if isinstance(value, dict):
        return NotebookNode({key: _settled(item, room) for key, item in value.items()})
    if isinstance(value, list):
        return [_settled(item, room) for item in value]
    return _CELL_FILE.sub("notebook", _whole(value).replace(room, ".")) if isinstance(value, str) else value


def _whole(text: str) -> str:
    """``text`` without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode()
