"""Executing a solution notebook: all of its cells, in one kernel, as its author would."""

from __future__ import annotations

import os
from pathlib import Path

import nbclient
import nbformat
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from autograder.source.notebook import Cell, Source
from gradus.learning.fresh import RUNNING

SECONDS = 300  # of one cell; far more than any needs, so that a busy machine stops nothing
DIED = "gradus_died"
"""Field of the metadata that says why a kernel died."""


def executed(source: Source, root: Path) -> NotebookNode:
    """The notebook after all of its cells have run; up to the first one that fails, whose output says so.

    Parameters
    ----------
    source : Source
    root : Path
        The course, in whose folder it runs.
    """
    notebook = nbformat.v4.new_notebook(cells=list(map(_made, source.cells)))
    try:
        run_all(notebook, root, root)
    except CellExecutionError:
        pass  # the cell's output says it
    except (CellControlSignal, DeadKernelError) as error:
        notebook.metadata[DIED] = str(error)
    return notebook


def run_all(notebook: NotebookNode, folder: Path, root: Path) -> None:
    """Run all cells in one kernel, up to the first one that fails and may not.

    Parameters
    ----------
    notebook : NotebookNode
        Its cells get their outputs.
    folder : Path
        Where it runs.
    root : Path
        The course whose packages it imports.
    """
    graded = ("GRADUS_JUDGE", "NBGRADER_EXECUTION")
    environment = {name: value for name, value in os.environ.items() if name not in graded} | {
        "MPLBACKEND": "agg",
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
        # Kernels run side by side: threads of one would wait for those of another.
        "OMP_NUM_THREADS": "1",
        "JPY_SESSION_NAME": "",  # where this is called in a notebook, that one is another
        RUNNING: "1",  # a notebook that is run as a whole hands nothing in
    }
    client = nbclient.NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env=environment)


def _made(cell: Cell) -> NotebookNode:
    if cell.kind == "broken":
        return nbformat.v4.new_raw_cell(cell.source)  # what it defines has been repaired
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    return make[cell.cell_type](cell.source)
