"""What a learner's kernel does by itself: one line for a missing answer, what ran last, the stop button, restarts."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from IPython.core.shellapp import ENV_CONFIG_DIRS
from jupyter_client.manager import KernelManager
from shared import ROOT

from gradus.learning import startup
from gradus.learning.outline import of_exercise

SETUP = "import numpy as np\nfrom gradus import check, data"
STUB = "def {name}(*args):\n    # Your answer replaces the next line.\n    raise NotImplementedError"
RIGHT = (
    "def softmax(s):\n    e = np.exp(s - s.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)"
)
SECONDS = 60


@dataclass
class Cell:
    """What came of running a cell."""

    number: int
    status: str
    error: list[str]
    text: str


class Kernel:
    """A kernel as a learner has it, with the course's script at its start."""

    def __init__(self, home: Path, **environment: str) -> None:
        place = home / "profile_default" / "startup" / "00-gradus.py"
        place.parent.mkdir(parents=True)
        place.write_text(startup.SCRIPT)
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        clean = {
            name: value for name, value in os.environ.items() if name not in ("GRADUS_JUDGE", "NBGRADER_EXECUTION")
        }
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=clean | {"PYTHONPATH": path, "IPYTHONDIR": str(home)} | environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def send(self, code: str) -> str:
        """Queue a cell that carries the tag which lets Run All go on."""
        return str(self.client.execute(code, stop_on_error=False))

    def reply(self, sent: str) -> Cell:
        while (message := self.client.get_shell_msg(timeout=SECONDS))["parent_header"].get("msg_id") != sent:
            pass
        cell = Cell(message["content"].get("execution_count", 0), message["content"]["status"], [], "")
        while cell.status != "aborted":
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != sent:
                continue
            content: Any = message["content"]
            if message["msg_type"] == "error":
                cell.error = content["traceback"]
            elif message["msg_type"] == "stream":
                cell.text += content["text"]
            elif message["msg_type"] in ("display_data", "execute_result"):
                cell.text += content["data"]["text/plain"]
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        return cell

    def run(self, code: str) -> Cell:
        return self.reply(self.send(code))

    def line(self, code: str) -> str:
        """The one line that a cell ends with."""
        cell = self.run(code)
        assert cell.status == "error"
        (line,) = cell.error
        assert "\n" not in line
        return line

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path_factory.mktemp("ipython"))
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(one: Kernel) -> Kernel:
    """The kernel with the setup cell run, and nothing else defined."""
    one.run("%reset -f")
    assert one.run(SETUP).status == "ok"
    return one


def test_a_missing_answer_is_one_line(kernel: Kernel) -> None:
    kernel.run(STUB.format(name="log_softmax"))
    assert kernel.line("log_softmax(3)") == "This cell needs your `log_softmax`: exercise 2, not written yet."
    kernel.run("def helper():\n    return log_softmax(3)")
    assert "needs your `log_softmax`: exercise 2" in kernel.line("[helper() for _ in range(3)]")
    kernel.run("def log_softmax(x):\n    raise NotImplementedError\n    return x")
    left = "raise NotImplementedError still stands above your answer (line 2)"
    assert kernel.line("log_softmax(3)") == f"This cell needs your `log_softmax`: exercise 2, {left}."


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("def softmax(s):\n    return s / nothing\nsoftmax(1)", "NameError"),
        ("def softmax(s):\n    raise NotImplementedError('three axes')\nsoftmax(1)", "NotImplementedError"),
        ("def own_stub(s):\n    raise NotImplementedError\nown_stub(1)", "NotImplementedError"),
        ("def softmax(s):\n    s = np\n    np = 1\nsoftmax(1)", "UnboundLocalError"),
        ("def softmax(s):\n    return s + 'a'\nsoftmax(1)", "TypeError"),
        ("[1][2]", "IndexError"),
    ],
)
def test_errors_of_a_learners_own_keep_their_traceback(kernel: Kernel, code: str, error: str) -> None:
    cell = kernel.run(code)
    told = "\n".join(cell.error)
    assert "Traceback" in told
    assert error in told
    assert code.splitlines()[-1] in re.sub(r"\x1b\[[\d;]*m", "", told)
    assert "run_code" not in told


def test_names_that_follow_say_where_they_come_from(kernel: Kernel) -> None:
    kernel.run(STUB.format(name="softmax"))
    kernel.line("p, *rest = softmax(1)\ndef helper(): ...")
    source = "which comes from a cell that needs your `softmax`: exercise 1"
    assert kernel.line("q = p + 1") == f"This cell needs `p`, {source}, not written yet."
    assert kernel.line("q") == f"This cell needs `q`, {source}, not written yet."
    assert kernel.line("helper()") == f"This cell needs `helper`, {source}, not written yet."
    kernel.run(RIGHT)
    assert kernel.line("p") == f"This cell needs `p`, {source}, written now: run that cell again."
    kernel.run("p = softmax(np.zeros(2))")
    assert kernel.run("print(p.sum())").text == "1.0\n"


def test_an_exercise_that_is_not_defined_is_named(kernel: Kernel) -> None:
    found = of_exercise("torch_loss")
    assert found is not None
    asks = f"This cell needs your `torch_loss`: exercise {found[1].number}. Run the cell that defines it first"
    assert kernel.line("torch_loss(1)") == f"{asks}."
    broken = kernel.run("def torch_loss(model:\n    return 1")
    assert kernel.line("check(torch_loss)") == f"{asks}, whose last run [{broken.number}] ended in a SyntaxError."


def test_what_is_called_too_early_is_said(kernel: Kernel) -> None:
    says = "check takes the function itself, without brackets after its name: check(softmax)"
    kernel.run("def softmax(scores):\n    raise NotImplementedError")
    assert kernel.line("check(softmax())") == says
    assert kernel.line("x = 1\ncheck(softmax(x))") == says
    for code in ("print(softmax())\ncheck(softmax)", "check(len())"):
        assert "Traceback" in "".join(kernel.run(code).error)


def test_an_answer_older_than_the_last_edit_is_said_to_be(kernel: Kernel) -> None:
    made = kernel.run(RIGHT)
    assert "Judged" not in kernel.run("check(softmax)").text
    broken = kernel.run(RIGHT.replace("return", "retrun"))
    said = kernel.run("check(softmax)").text
    assert "[ok] softmax: all" in said
    assert (
        f"Judged: `softmax` from cell [{made.number}]; your last run [{broken.number}] ended in a SyntaxError." in said
    )
    failed = kernel.run(f"undefined\n{RIGHT}")
    assert f"your last run [{failed.number}] ended in a NameError." in kernel.run("check(softmax)").text
    kernel.run(f"{RIGHT}\nundefined")
    assert "Judged" not in kernel.run("check(softmax)").text
    kernel.run("from functools import partial\nsoftmax = partial(softmax)")
    kernel.run("softmax = = 3")
    assert "Judged" not in kernel.run("check(softmax)").text
    kernel.run(f"%%time\n{RIGHT}")
    assert "Judged" not in kernel.run("check(softmax)").text


def test_check_stops_an_endless_loop_and_the_kernel_lives_on(kernel: Kernel) -> None:
    kernel.run(
        "from gradus.checking import find_exercise\nobject.__setattr__(find_exercise('softmax'), 'seconds', 0.5)"
    )
    kernel.run("def softmax(s):\n    while True:\n        s = s + 1")
    said = kernel.run("check(softmax)").text
    assert "softmax: stopped after 0.5 seconds" in said
    assert re.search(r"It was in line [23] of softmax: (while True:|s = s \+ 1)", said)
    kernel.run(RIGHT)
    assert "[ok]" in kernel.run("check(softmax)").text


@pytest.mark.parametrize(
    "code", ["while True:\n    pass", "def softmax(s):\n    while True:\n        pass\ncheck(softmax)"]
)
def test_the_stop_button_stops_the_whole_queue_in_one_line(kernel: Kernel, code: str) -> None:
    kernel.run("from gradus.checking import find_exercise\nobject.__setattr__(find_exercise('softmax'), 'seconds', 99)")
    sent = [kernel.send(each) for each in (code, "reached = 1", "reached = 2")]
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    stopped, *waiting = [kernel.reply(each) for each in sent]
    (line,) = stopped.error
    where = (
        "line 3 of softmax: pass|line 2 of softmax: while"
        if "softmax" in code
        else "line [12] of the cell: (pass|while)"
    )
    assert re.match(rf"Stopped in ({where}).*\. Cells that were waiting did not run\.$", line)
    assert [cell.status for cell in waiting] == ["aborted", "aborted"]
    assert kernel.run("print('reached' in globals())").text == "False\n"


def test_what_goes_wrong_in_a_handler_ends_it(kernel: Kernel) -> None:
    begin = "from gradus.learning import session\nhere = session.current()\n"
    kernel.run(STUB.format(name="softmax"))
    kernel.run(f"{begin}here._line = lambda *_: 1 / 0")
    told = "".join(kernel.run("softmax(1)").error)
    assert "NotImplementedError" in told
    assert "ZeroDivisionError" not in told
    assert kernel.run("print(get_ipython().custom_exceptions)").text == "()\n"
    kernel.run(f"{begin}del here._line\nhere.begin()")
    assert kernel.line("softmax(1)")
    kernel.run("here._runs = None")
    for _ in range(2):
        assert kernel.run("print('as always')").text == "as always\n"
    assert kernel.run("print(get_ipython().custom_exceptions)").text == "()\n"
    kernel.run("here._runs = {}\nhere.begin()")


def test_after_a_restart_one_line_says_what_to_do(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    try:
        assert kernel.run("print([name for name in globals() if 'explain' in name])").text == "[]\n"
        says = "is not known in this kernel yet: run the first code cell of the notebook. After a restart, all cells"
        assert kernel.line("check(softmax)").startswith(f"`check` {says}")
        assert kernel.line("np.zeros(3)").startswith(f"`np` {says}")
        assert (
            kernel.line("softmax(3)")
            == "This cell needs your `softmax`: exercise 1. Run the cell that defines it first."
        )
        assert "Traceback" in "".join(kernel.run("something_else").error)
        kernel.run(SETUP)
        kernel.run(STUB.format(name="softmax"))
        assert kernel.line("softmax(3)") == "This cell needs your `softmax`: exercise 1, not written yet."
    finally:
        kernel.close()


def test_nothing_of_it_runs_while_grading(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path, NBGRADER_EXECUTION="validate")
    try:
        assert "Traceback" in "".join(kernel.run("np.zeros(3)").error)
        kernel.run(SETUP)
        kernel.run(STUB.format(name="softmax"))
        for code in ("softmax(3)", "log_softmax(3)", "check(softmax())"):
            assert "Traceback" in "".join(kernel.run(code).error)
        kernel.run("from gradus.learning import session")
        assert kernel.run("print(session.current(), get_ipython().custom_exceptions)").text == "None ()\n"
    finally:
        kernel.close()


@pytest.mark.parametrize(("wanted", "used"), [({}, 1), ({"OMP_NUM_THREADS": "2"}, 2)])
def test_numpy_and_torch_use_one_thread_unless_somebody_wants_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str], used: int
) -> None:
    for name in startup.THREADS:
        monkeypatch.delenv(name, raising=False)
    kernel = Kernel(tmp_path, **wanted)
    try:
        kernel.run("import numpy, torch, threadpoolctl")
        pools = "{pool['num_threads'] for pool in threadpoolctl.threadpool_info()}"
        assert kernel.run(f"print(*{pools}, torch.get_num_threads())").text == f"{used} {used}\n"
        assert kernel.run("print([name for name in dir() if 'os' in name])").text == "[]\n"
    finally:
        kernel.close()


def test_the_script_is_put_where_ipython_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(Path(sys.prefix, "etc", "ipython")) in ENV_CONFIG_DIRS
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    startup.main()
    startup.main()
    assert (tmp_path / "etc" / "ipython" / "startup" / "00-gradus.py").read_text() == startup.SCRIPT
    for file in ("Makefile", "environment.yml", "autograder/source/student/course.py"):
        assert "gradus.learning.startup" in (ROOT / file).read_text()
