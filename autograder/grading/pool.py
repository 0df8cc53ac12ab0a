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

    A call that raises gives its exception, and so does one whose process dies: when a process of several dies, the
    calls that were not done are made again, one by one, so that one of them cannot take another one down. A single
    worker is this process: nothing has to be started for it.
    """
    if min(workers, len(jobs)) < 2:
        yield from enumerate(map(partial(_outcome, function), jobs))
        return
    left = set(range(len(jobs)))
    for number, made in _together(function, jobs, min(workers, len(jobs))):
        left.remove(number)
        yield number, made
    for number in sorted(left):
        made = dict(_together(function, [jobs[number]], 1))
        yield number, made.get(0, ChildProcessError("the process that worked on it died"))


def _together(function: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[tuple[int, Any]]:
    """The calls that were done, until one of the processes died."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
        try:
            pending = {pool.submit(_outcome, function, job): number for number, job in enumerate(jobs)}
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    number, made = pending.pop(future), future.result()
                    yield number, made
        except BrokenProcessPool:
            return


def _outcome(function: Callable[[Any], Any], job: Any) -> Any:
    try:
        return function(job)
    except Exception as error:
        return error
