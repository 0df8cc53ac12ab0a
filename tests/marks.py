"""A plugin for pytest: a line for each test that was collected, with its marks."""

from __future__ import annotations

import json

import pytest

LINE = "collected: "


def pytest_collection_finish(session: pytest.Session) -> None:
    """Print the id of every test and the names of its marks."""
    for item in session.items:
        print(LINE + json.dumps([item.nodeid, [mark.name for mark in item.iter_markers()]]))
