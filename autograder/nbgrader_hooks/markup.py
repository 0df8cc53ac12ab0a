"""Sanitizing a submission's own text, see `autograder.grading.markup`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked, is_task
from traitlets import List, Unicode

from autograder.grading.markup import harmless_attachments, harmless_markdown, harmless_text


class SanitizeMarkup(NbGraderPreprocessor):
    """Make the text of a submission harmless. Runs once locked cells have been restored from the released notebook."""

    keep_metadata = List(
        Unicode(), ["nbgrader", "gradus", "tags", "editable", "deletable"], help="Metadata that student cells keep"
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Clean every cell that the student may have written, and what the student wrote into the metadata."""
        grade_ids = [str(_nbgrader(cell)["grade_id"]) for cell in nb.cells if "grade_id" in _nbgrader(cell)]
        reserved = {f"{grade_id}{suffix}" for grade_id in grade_ids for suffix in ("", "-comment", "_extra_credit")}
        nb.metadata = NotebookNode(
            {key: nb.metadata[key] for key in ("kernelspec", "language_info") if key in nb.metadata}
        )
        for cell in nb.cells:
            if not (is_locked(cell) or is_task(cell)):
                self._clean(cell, reserved)
        return nb, resources

    def _clean(self, cell: NotebookNode, reserved: set[str]) -> None:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in self.keep_metadata if key in cell.metadata})
        if "tags" in cell.metadata:
            cell.metadata.tags = [tag for tag in cell.metadata.tags if re.fullmatch(r"[\w-]+", str(tag))]
        if "attachments" in cell:
            cell.attachments = NotebookNode(harmless_attachments(cell.attachments))
        if cell.cell_type == "markdown":
            cell.source = harmless_markdown(cell.source, cell.get("attachments"), reserved)
        elif cell.cell_type == "raw":
            # Without a format a raw cell is shown as text, whatever it held.
            cell.metadata.pop("raw_mimetype", None)
            cell.metadata.pop("format", None)
            cell.source = harmless_text(cell.source)


def _nbgrader(cell: NotebookNode) -> Mapping[str, Any]:
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, Mapping) else {}
