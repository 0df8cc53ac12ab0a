"""Running a sanitized notebook under the judge, and writing the ledger's verdicts into it afterwards."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets import Integer

from autograder.course import Course
from autograder.judging.judge import Judge, Verdict, process_environment
from autograder.nbgrader_hooks.markup import harmless_outputs
from gradus.checking import Report

VERDICT = "application/vnd.gradus.verdict+json"
CHECK = "check_"
SKIPPED = {"experiment", "demo"}
"""Tags of released cells that are not run when grading; a student's own cells carry no tags."""


class Graded(NamedTuple):
    """One executed notebook: the outputs of its code cells in order, and the verdict of each check cell by grade id."""

    outputs: list[list[NotebookNode]]
    verdicts: dict[str, Verdict]


class JudgedExecute(Execute):
    """nbgrader's Execute, with a judge outside the kernel.

    The kernel is told only the address of the judge. What the notebook prints, raises or returns in a check cell is
    replaced by the judge's verdict once the notebook has ended.
    """

    notebook_timeout = Integer(600, help="Seconds that one whole notebook may take.").tag(config=True)

    known: dict[str, Graded] = {}  # noqa: RUF012  results of the parallel run, by digest, filled by autograder.grading

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict, km: Any = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        name = digest(nb)
        graded = self.known.get(name) or self.grade(nb, resources, km)
        for cell, outputs in zip(_code_cells(nb), graded.outputs, strict=True):
            cell.outputs = outputs
        nb.metadata.pop("widgets", None)
        resources["gradus"] = {"shares": {cell: verdict.score for cell, verdict in graded.verdicts.items()}}
        return write_verdicts(nb, graded.verdicts), resources

    def grade(self, nb: NotebookNode, resources: ResourcesDict, km: Any = None) -> Graded:
        """Execute a sanitized notebook and judge it."""
        course = Course(Path(CourseDirectory(parent=self).root))
        folder = tempfile.mkdtemp(prefix="gradus-room-")
        self._deadline = time.monotonic() + self.notebook_timeout
        try:
            with Judge(course.secret, digest(nb), course) as judge:
                self._judge = judge
                _copy_companions(resources, Path(folder))
                room = copy.copy(resources)
                room["metadata"] = {"path": folder}
                self._run(nb, room, km)
                judge.close()
                verdicts = {
                    grade_id: judge.verdict(grade_id.removeprefix(CHECK))
                    for grade_id in map(_grade_id, nb.cells)
                    if grade_id
                }
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Graded([harmless_outputs(cell.outputs) for cell in _code_cells(nb)], verdicts)

    def _run(self, nb: NotebookNode, resources: ResourcesDict, km: Any) -> None:
        try:
            super().preprocess(nb, resources, km)
        except DeadKernelError:
            _say(nb, "The kernel died here; what was judged before it died still counts.")
        except CellTimeoutError:
            _say(nb, f"The notebook took more than {self.notebook_timeout} s and was stopped here.")

    def start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel with the judge's address in its environment."""
        super().start_new_kernel(**kwargs, env=process_environment(self._judge))

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Execute a cell, unless it was released as one that plays no part in grading."""
        if SKIPPED & set(cell.metadata.get("tags", [])):
            return cell, resources
        return super().preprocess_cell(cell, resources, index)

    def on_cell_execute(self, **kwargs: Any) -> None:
        """Open the exercise whose check cell is about to run."""
        if time.monotonic() > self._deadline:
            raise CellTimeoutError("the time for the whole notebook is used up")
        if grade_id := _grade_id(kwargs["cell"]):
            self._judge.open(grade_id.removeprefix(CHECK))

    def on_cell_executed(self, **kwargs: Any) -> None:
        """Close it again."""
        self._judge.close()
        super().on_cell_executed(**kwargs)


def digest(nb: NotebookNode) -> str:
    """Hash of what a notebook executes: the same however and wherever it is graded."""
    code = json.dumps([cell.source for cell in _code_cells(nb)])
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def write_verdicts(nb: NotebookNode, verdicts: dict[str, Verdict]) -> NotebookNode:
    """Replace the outputs of every check cell by its verdict: a report to read, and a number for nbgrader."""
    for cell in nb.cells:
        grade_id = _grade_id(cell)
        if grade_id:
            most = float(cell.metadata.nbgrader.points)
            cell.outputs = _verdict_outputs(verdicts[grade_id], most)
            cell.execution_count = None
    return nb


def points(share: float, most: float) -> float:
    """Points for a share of an exercise, to the cent."""
    return round(share * most, 2)


def _verdict_outputs(verdict: Verdict, most: float) -> list[NotebookNode]:
    score = points(verdict.score, most)
    report = Report(**{**vars(verdict.report), "score": (score, most)})
    data = {"text/html": report._repr_html_(), "text/plain": str(report), VERDICT: as_json(verdict, score, most)}
    number = {"text/plain": repr(score)}
    return [new_output("display_data", data=data), new_output("execute_result", data=number, execution_count=None)]


def as_json(verdict: Verdict, score: float, most: float) -> dict[str, Any]:
    """A verdict as it is kept in the graded notebook, for the class report and other tools."""
    report = verdict.report
    failure = report.first_failure
    return {
        "exercise": verdict.exercise,
        "share": verdict.score,
        "points": score,
        "max_points": most,
        "passed": report.passed,
        "groups": [list(group) for group in report.groups()],
        "misconceptions": [vars(slip) for slip in report.misconceptions],
        "failure": failure.kind if failure else "",
        "message": failure.message if failure else "",
        "changed": list(report.changed),
        "warnings": list(report.warnings),
        "leans_on": list(report.leans_on),
        "unanswered": report.unanswered,
    }


def _copy_companions(resources: ResourcesDict, folder: Path) -> None:
    """Give the notebook the files that were handed in beside it, and nothing else of the course."""
    beside = Path(resources.get("metadata", {}).get("path", ""))
    if str(beside) in ("", "."):
        return
    for path in beside.iterdir():
        if path.is_file() and path.suffix != ".ipynb":
            shutil.copy(path, folder)


def _say(nb: NotebookNode, text: str) -> None:
    """Leave a remark at the last cell that was reached."""
    reached = [cell for cell in _code_cells(nb) if cell.execution_count or cell.outputs] or _code_cells(nb)[:1]
    if reached:
        reached[-1].outputs.append(new_output("stream", name="stderr", text=text + "\n"))


def _code_cells(nb: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def _grade_id(cell: NotebookNode) -> str:
    """Grade id of a check cell, "" for every other cell."""
    fields = cell.metadata.get("nbgrader", {})
    name = fields.get("grade_id", "")
    return name if fields.get("grade") and not fields.get("solution") and name.startswith(CHECK) else ""
