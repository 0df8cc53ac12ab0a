"""Calls side by side, in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any


def side_by_side(function: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[tuple[int, Any]]:
    """Number of the job and what came of it, as the calls end.

    A call that raises gives its exception. When a process dies, the calls that were not done are missing: they are left
    to whoever needs their results. A single worker is this process: nothing has to be started for it.
    """
    if min(workers, len(jobs)) < 2:
        yield from enumerate(map(partial(_outcome, function), jobs))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(workers, len(jobs)), mp_context=context) as pool:
        try:
            pending = {pool.submit(_outcome, function, job): number for number, job in enumerate(jobs)}
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), future.result()
        except BrokenProcessPool:
            return


def _outcome(function: Callable[[Any], Any], job: Any) -> Any:
    try:
        return function(job)
    except Exception as error:
        return error
