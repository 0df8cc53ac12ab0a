"""Grades from the ledger: the gradebook decides what is graded, the judge decides the score."""

from __future__ import annotations

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades

from gradus.checking.scoring import earned


class SaveLedgerGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades, except that a check cell's score is the ledger's.

    Written answers keep nbgrader's rule: untouched means 0, anything else waits for a person.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        nb, resources = super().preprocess(nb, resources)
        names = resources["nbgrader"]
        shares = resources["gradus"]["shares"]
        with Gradebook(names["db_url"]) as gradebook:
            submission = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
            for grade in submission.grades:
                if grade.name in shares:
                    grade.auto_score = earned(shares[grade.name], grade.max_score)
                    grade.needs_manual_grade = grade.manual_score is not None
            gradebook.db.commit()
        return nb, resources
