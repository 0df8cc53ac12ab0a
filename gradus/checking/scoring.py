"""What a report is worth: the same rules beside the public cases and beside the hidden ones."""

from __future__ import annotations

from gradus.checking.exercises import GATE
from gradus.checking.report import Report


def share(report: Report) -> float:
    """Share of the points: every group of cases earns the same, and the ordinary group gates all the others."""
    passed = {group.id for group in report.groups if group.passed == group.of}
    if GATE not in passed:
        return 0.0
    return len(passed) / len(report.groups)


def earned(share: float, most: float) -> float:
    """Points for a share of an exercise: whole or half ones, and all of them only if everything is right."""
    if share in (0.0, 1.0):
        return share * most
    return min(max(round(2 * share * most) / 2, 0.5), most - 0.5)
