"""nbgrader's executing step: a ledger is taken or made, kept, and shown in the notebook that formgrader opens."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Unicode

from autograder.course import Course, CourseError
from autograder.grading.collect import taken
from autograder.grading.execution import Limits, check_of
from autograder.grading.job import Job, grade_one
from autograder.grading.markup import without_tex
from autograder.judging import ledger
from autograder.judging.judge import Verdict
from autograder.judging.ledger import Ledger
from gradus.checking.scoring import earned

REPORT = "gradus_report"
"""Mark of the output that shows a report; whoever needs a verdict reads the ledger."""


class JudgedExecute(NbGraderPreprocessor):
    """In the place of nbgrader's Execute: the submission that was handed in is graded as `grade_one` does it."""

    timeout = Float(Limits().cell, help="Seconds that one cell may take.").tag(config=True)
    notebook_timeout = Float(Limits().notebook, help="Seconds that one whole notebook may take.").tag(config=True)
    ledgers = Unicode(help="Folder in which ledgers may lie ready, by the name of the job.").tag(config=True)

    @property
    def limits(self) -> Limits:
        """How long a submission may run."""
        return Limits(self.timeout, self.notebook_timeout)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        names = resources["nbgrader"]
        course = Course(Path(CourseDirectory(parent=self).root))
        assignment = course.assignment(names["assignment"])
        job = Job.of(course, assignment, *taken(course, assignment, names["student"]), self.limits)
        document = self._ready(job) or grade_one(job.to_bytes(), course)
        ledger.write(ledger.path_of(course, assignment, names["student"]), document)
        found = Ledger.from_bytes(document)
        resources["gradus"] = {"shares": {grade_id: verdict.share for grade_id, verdict in found.verdicts.items()}}
        return paint(nb, found), resources

    def _ready(self, job: Job) -> bytes | None:
        path = Path(self.ledgers) / f"{job.name}.json"
        if not self.ledgers or not path.is_file():
            return None
        document = path.read_bytes()
        try:
            fits = Ledger.from_bytes(document).edition == job.edition
        except CourseError:
            return None
        return document if fits else None


def paint(nb: NotebookNode, found: Ledger) -> NotebookNode:
    """Write what a ledger says into the notebook: outputs of what ran, a report and its points for every check."""
    nb.metadata.pop("widgets", None)
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        cell.outputs = [nbformat.from_dict(output) for output in found.outputs.get(cell.id, [])]
        if verdict := found.verdicts.get(check_of(cell)):
            cell.outputs = _shown(verdict, float(cell.metadata.nbgrader.points))
    return nb


def _shown(verdict: Verdict, most: float) -> list[NotebookNode]:
    """A report to read, and the number that nbgrader looks for."""
    score = earned(verdict.share, most)
    report = verdict.report.scored((score, most))
    data = {"text/html": without_tex(report._repr_html_()), "text/plain": without_tex(str(report))}
    number = {"text/plain": repr(score)}
    return [
        new_output("display_data", data=data, metadata={REPORT: True}),
        new_output("execute_result", data=number, execution_count=None),
    ]
