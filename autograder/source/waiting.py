"""Which cells of a notebook wait for an answer: they may fail until it is written, and Run All goes on behind them."""

from __future__ import annotations

import ast
import re

from autograder.source.notebook import Source
from gradus.learning.stubs import names_bound

GOES_ON = "raises-exception"
"""The tag with which JupyterLab and nbclient go on behind a cell that fails."""


def waiting(source: Source) -> set[int]:
    """Indices of the code cells that may fail for want of an answer.

    These are the cells of the exercises themselves, cells that use what an exercise is to define, and cells that use
    what such a cell defines. All the others have no business to fail: there, Run All stops.
    """
    found, lacking = set[int](), set(source.solutions)
    for cell in source.cells:
        if cell.cell_type != "code":
            continue
        if cell.kind in ("solution", "check") or _names_used(cell.source) & lacking:
            found.add(cell.index)
            lacking |= names_bound(cell.source)
    return found


def _names_used(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic of IPython's
        return set(re.findall(r"\w+", source))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
