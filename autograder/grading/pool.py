"""Calls side by side, each in a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any


def side_by_side(function: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[tuple[int, Any]]:
    """Number of the job and what came of it, as the calls end.

    A call that raises gives its exception. When a process dies, the calls that were not done are missing: they are left
    to whoever needs their results.
    """
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(workers, len(jobs)), mp_context=context) as pool:
        try:
            pending = {pool.submit(function, job): number for number, job in enumerate(jobs)}
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    number, error = pending.pop(future), future.exception()
                    if not isinstance(error, BrokenProcessPool):
                        yield number, error or future.result()
        except BrokenProcessPool:
            return
