"""Calls side by side, in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from typing import Any


def side_by_side(function: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[tuple[int, Any]]:
    """Number of the job and what came of it, as the calls end.

    A call that raises gives its exception, and so does one whose process dies: it is made again, alone, once all
    others are done, for something else may have taken its process down. A single worker is this process: nothing has
    to be started for it.
    """
    if min(workers, len(jobs)) < 2:
        yield from enumerate(map(partial(_outcome, function), jobs))
        return
    died = []
    for number, made in _apart(function, enumerate(jobs), min(workers, len(jobs))):
        if isinstance(made, BrokenProcessPool):
            died.append(number)
        else:
            yield number, made
    for number, made in _apart(function, [(number, jobs[number]) for number in died], 1):
        dead = isinstance(made, BrokenProcessPool)
        yield number, ChildProcessError("the process that worked on it died") if dead else made


def _apart(function: Callable[[Any], Any], jobs: Iterable[tuple[int, Any]], workers: int) -> Iterator[tuple[int, Any]]:
    """What came of numbered calls. Every process is a pool of its own: one that dies has a single call to lose."""
    fresh = partial(ProcessPoolExecutor, max_workers=1, mp_context=multiprocessing.get_context("spawn"))
    coming = iter(jobs)
    running: dict[Future[Any], tuple[int, ProcessPoolExecutor]] = {}
    with ExitStack() as pools:
        free = [pools.enter_context(fresh()) for _ in range(workers)]
        while True:
            for pool, (number, job) in zip(free, coming, strict=False):
                running[pool.submit(_outcome, function, job)] = number, pool
            if not running:
                return
            free = []
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, pool = running.pop(future)
                try:
                    made = future.result()
                except Exception as error:
                    made = error
                free.append(pools.enter_context(fresh()) if isinstance(made, BrokenProcessPool) else pool)
                yield number, made


def _outcome(function: Callable[[Any], Any], job: Any) -> Any:
    try:
        return function(job)
    except Exception as error:
        return error
