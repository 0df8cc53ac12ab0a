"""What goes on around a learner's ``check``: a limit of time, prints held back, and what confuses is said."""

from __future__ import annotations

import ctypes
import io
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from types import FrameType
from typing import Any, TypeVar

from gradus.checking.exercises import Exercise
from gradus.checking.public import judge_publicly
from gradus.checking.report import Report
from gradus.checking.running import names_used, own_line
from gradus.learning import session
from gradus.learning.lending import is_lent
from gradus.learning.stubs import leftover, returns_nothing

_AGAIN = 0.5
_KEPT, _LINES, _WIDTH = 2000, 5, 100
T = TypeVar("T")


class TimeUpError(KeyboardInterrupt):
    """A call took longer than it may; as an interrupt it passes what catches exceptions."""


def judged(exercise: Exercise, answer: Any) -> Report:
    """Judge an answer by the public cases, with a limit of time and prints held back; remarks say what may confuse."""
    held = _Held()

    def around(work: Callable[[], T]) -> T:
        with redirect_stdout(held):
            return within(exercise.seconds, work)

    try:
        report = judge_publicly(exercise, answer, around=around)
    except TimeUpError as error:
        at = own_line(error)
        where = (f"Does a loop never end? It was in {at}",) if at else ()
        report = Report(exercise.name, unanswered=f"stopped after {exercise.seconds:g} seconds", remarks=where)
    left = leftover(answer)
    if report.failure and report.unwritten and left:
        end = "" if left.above else ", and end your answer with a return"
        report = replace(report, failure=replace(report.failure, message=f"{left}: delete that line{end}."))
    return replace(report, remarks=(*report.remarks, *_remarks(answer, held)))


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of ``work()``, which is stopped when its time is up.

    A thread does that, since an alarm is not there on every system. No import is cut off, since half a library ruins
    the kernel; the clock starts anew after it.

    Raises
    ------
    TimeUpError
        Wherever the work was by then.
    """
    clock = _Clock(seconds)
    try:
        clock.start()
        return work()
    finally:
        clock.over = True
        try:  # the last interrupt may have been on its way
            clock.wake.set()
            clock.join()
        except TimeUpError:
            pass


class _Clock(threading.Thread):
    """Interrupts the thread that made it when time is up, and again where somebody catches that."""

    def __init__(self, seconds: float) -> None:
        super().__init__(daemon=True)
        self.over, self.wake = False, threading.Event()
        self._seconds, self._whom = seconds, threading.get_ident()

    def run(self) -> None:
        wait = self._seconds
        while not self.wake.wait(wait) and not self.over:
            if _imports(sys._current_frames().get(self._whom)):
                wait = self._seconds
                continue
            whom, what = ctypes.c_ulong(self._whom), ctypes.py_object(TimeUpError)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(whom, what)
            wait = _AGAIN


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class _Held(io.TextIOBase):
    """Takes what is printed, keeps the beginning of it and counts the lines."""

    def __init__(self) -> None:
        self.kept, self.lines = "", 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        self.kept += text[: _KEPT - len(self.kept)]
        return len(text)


def _remarks(answer: Any, held: _Held) -> tuple[str, ...]:
    """What may confuse a learner about a report."""
    here = session.current()
    said = [here.stale(answer) if here else ""]
    if held.kept:
        said.append(_printed(held, returns_nothing(answer)))
    space = getattr(answer, "__globals__", {})
    said += [
        f"It calls {name}, which is lent to you. When your notebook is graded nothing is lent: write your own."
        for name in sorted(names_used(answer))
        if is_lent(space.get(name))
    ]
    return tuple(filter(None, said))


def _printed(held: _Held, returned_nothing: bool) -> str:
    times = f"{held.lines} lines" if held.lines != 1 else "1 line"
    end = " and returned nothing: print shows a value, only return hands it on" if returned_nothing else ""
    lines = [line[:_WIDTH] for line in held.kept.splitlines()]
    more = ["\u2026"] if held.lines > _LINES else []
    return "\n    ".join([f"It printed {times}{end}. Held back, from the start:", *lines[:_LINES], *more])
