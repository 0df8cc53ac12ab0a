"""A learner's kernel: a missing answer is one line, the stop button stops everything, and what was run last is known.

`install` is called by ``import gradus``. Errors of a learner's own keep their traceback.
"""

from __future__ import annotations

import ast
import re
import sys
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from gradus.checking.client import is_graded
from gradus.checking.running import own_line
from gradus.learning.outline import of_exercise
from gradus.learning.stubs import code_of, is_stub, leftover, names_bound, tree_of

_EXPLAINED = (NotImplementedError, NameError, TypeError, KeyboardInterrupt)
_GIVEN = ("np", "torch", "nn")
_DEFINED = re.compile(r"^(?:(?:async )?def |class )(\w+)|^(\w+) *=(?!=)", re.M)


@dataclass(frozen=True)
class Run:
    """The last run of a cell that was to define a name: its number, and the error that it ended in, "" if in none."""

    count: int
    error: str

    @property
    def words(self) -> str:
        """The run and its end."""
        return f"[{self.count}] ended in {'an' if self.error[0] in 'AEIOU' else 'a'} {self.error}"


class Session:
    """What is known of the cells that a kernel has run.

    Parameters
    ----------
    shell : IPython's InteractiveShell
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._runs: dict[str, Run] = {}
        self._lacking: dict[str, str] = {}
        self._needed = ""

    def begin(self) -> None:
        """Explain errors, and note what is run, from now on."""
        self._shell.set_custom_exc(_EXPLAINED, self._explain)
        self._shell.events.register("post_run_cell", self._note)

    def end(self) -> None:
        """Leave the kernel as it was: whatever goes wrong in here must not disturb anybody."""
        self._shell.set_custom_exc((), None)
        if self._note in self._shell.events.callbacks["post_run_cell"]:
            self._shell.events.unregister("post_run_cell", self._note)

    def stale(self, answer: Any) -> str:
        """A sentence, where the last run that was to define an answer failed and the answer is an older one."""
        name, code = getattr(answer, "__name__", ""), code_of(answer)
        run = self._runs.get(name)
        cells = getattr(self._shell.compile, "_filename_map", {})  # of IPython's own: file of a cell -> its last number
        made = cells.get(code.co_filename) if code else None
        if run is None or not run.error or made is None or run.count <= made:
            return ""
        return f"Judged: `{name}` from cell [{made}]; your last run {run.words}."

    def explain(self, error: BaseException, tb: TracebackType | None) -> None:
        """Show one line where it says all there is to say, and the traceback everywhere else."""
        try:
            if line := self._line(error, tb):
                self._shell._showtraceback(type(error), error, [line])
                return
        except Exception:
            self.end()
        self._shell.showtraceback((type(error), error, tb), running_compiled_code=True)

    def _explain(
        self, shell: Any, etype: type, error: BaseException, tb: TracebackType | None, tb_offset: object = None
    ) -> None:
        self.explain(error, tb)

    def _line(self, error: BaseException, tb: TracebackType | None) -> str:
        if isinstance(error, KeyboardInterrupt):
            self._abort()
            at = own_line(error).replace(" of <module>", " of the cell")
            return f"Stopped{at and f' in {at}'}. Cells that were waiting did not run."
        if name := _called_too_early(tb):
            return f"check takes the function itself, without brackets after its name: check({name})"
        if type(error) is NotImplementedError and not error.args:
            return self._unwritten(_last_frame(tb))
        if isinstance(error, NameError):
            return self._unknown(error.name)
        return ""

    def _unwritten(self, name: str) -> str:
        """What to say of a stub that was called."""
        if of_exercise(name) is None:
            return ""
        self._needed = name
        left = leftover(self._shell.user_ns.get(name))
        return f"This cell needs your {_exercise(name)}, {left or 'not written yet'}."

    def _unknown(self, name: str | None) -> str:
        """What to say of a name that is not defined."""
        if name is None:
            return ""
        if name in self._lacking:
            self._needed = self._lacking[name]
            own = self._shell.user_ns.get(self._needed)
            state = "not written yet" if own is None or is_stub(own) else "written now: run that cell again"
            needs = f"This cell needs `{name}`, which comes from a cell that needs your"
            return f"{needs} {_exercise(self._needed)}, {state}."
        if of_exercise(name) is not None:
            self._needed = name
            run = self._runs.get(name)
            ended = f", whose last run {run.words}" if run and run.error else ""
            return f"This cell needs your {_exercise(name)}. Run the cell that defines it first{ended}."
        if name in (*_GIVEN, *getattr(sys.modules.get("gradus"), "__all__", ())):
            return (
                f"`{name}` is not known in this kernel yet: run the first code cell of the notebook. "
                "After a restart, all cells above have to run again (menu Run, Run All Above Selected Cell)."
            )
        return ""

    def _abort(self) -> None:
        """Stop the cells that wait: those that may fail would run otherwise, one after another."""
        abort = getattr(getattr(self._shell, "kernel", None), "_abort_queues", None)
        if abort is not None:
            abort(None)

    def _note(self, result: Any) -> None:
        """Remember what a cell was to define, and what became of it."""
        try:
            error = result.error_before_exec or result.error_in_exec
            source = result.info.raw_cell
            run = Run(result.execution_count or 0, type(error).__name__ if error else "")
            self._runs.update({name: run for names in _DEFINED.findall(source) for name in names if name})
            if self._needed:
                self._lacking.update(dict.fromkeys(names_bound(source), self._needed))
            self._needed = ""
        except Exception:
            self.end()


_sessions: list[Session] = []


def install() -> None:
    """Look after the learner's kernel, once; nothing happens while grading or where there is no IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell and not _sessions and not is_graded():
        _sessions.append(Session(shell))
        _sessions[0].begin()


def current() -> Session | None:
    """The session of this kernel; None where nobody looks after it."""
    return _sessions[0] if _sessions else None


def _exercise(name: str) -> str:
    """An exercise as a line names it."""
    found = of_exercise(name)
    return f"`{name}`: exercise {found[1].number}" if found else f"`{name}`"


def _last_frame(tb: TracebackType | None) -> str:
    """Name of the function or class whose code raised."""
    frame = [frame for frame, _ in traceback.walk_tb(tb)][-1]
    return frame.f_code.co_qualname.partition(".")[0]


def _called_too_early(tb: TracebackType | None) -> str:
    """The exercise, where a cell was executing ``check(name(...))``."""
    for frame, line in traceback.walk_tb(tb):
        if frame.f_code.co_name != "<module>":
            continue
        for node in ast.walk(tree_of(frame.f_code)):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "check" and node.args):
                continue
            inner = node.args[0]
            called = ast.unparse(inner.func) if isinstance(inner, ast.Call) else ""
            if node.lineno <= line <= (node.end_lineno or 0) and of_exercise(called):
                return called
    return ""
