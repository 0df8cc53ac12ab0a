"""Whatever a submission does to its own process or notebook, its score does not rise; accidents cost nothing."""

from __future__ import annotations

import copy
import json

import pytest
from rooms import (
    DEMO,
    SKETCH,
    answers,
    check_cell,
    grade,
    job,
    ledger,
    own_code,
    own_text,
    released,
    scores,
    submission,
)

from autograder.grading.carrying import OWN, carry_answers
from autograder.grading.execution import Limits, role

WRONG = {"softmax": "def softmax(scores):\n    return scores * 0"}
NOTHING = dict.fromkeys(SKETCH, 0.0)

PATCHES = {
    "check is replaced": "check = lambda *args, **kwargs: None",
    "gradus.check is replaced": "import gradus\ngradus.check = gradus.checking.check = lambda *args, **kwargs: None",
    "the comparison is replaced": (
        "import gradus.checking.comparing as c, gradus.checking.public as j\n"
        "c.examine = j.examine = lambda e, case, *rest: c.Finding(case, True)"
    ),
    "numpy.allclose is replaced": "np.allclose = np.isclose = np.array_equal = lambda *args, **kwargs: True",
    "an answer that equals everything": (
        "class Yes:\n"
        "    shape, dtype, ndim = (1,), np.dtype(float), 1\n"
        "    def __eq__(self, other): return True\n"
        "    def __array__(self, *args, **kwargs): return np.ones(1)\n"
        "    def __getattr__(self, name): return lambda *args, **kwargs: self\n"
        "answer = Yes()\n"
        "def _always(*args): return answer\n"
    ),
    "a perfect report is printed": (
        "from IPython.display import HTML, display\n"
        "print('[ok] softmax: all 20 cases pass (5 of 5 points)')\n"
        "display(HTML('<p>softmax: all cases pass</p>'))\n5.0"
    ),
    "every cell becomes a number": "get_ipython().input_transformers_cleanup.append(lambda lines: ['5.0\\n'])",
    "SystemExit": "raise SystemExit",
    "the process ends": "import os\nos._exit(0)",
    "the judge is answered by hand": (
        "import os, socket\n"
        "from gradus.checking import wire\n"
        "def by_hand(answer, name=None):\n"
        "    with socket.socket(socket.AF_UNIX) as s:\n"
        "        s.connect(os.environ['GRADUS_JUDGE'])\n"
        "        wire.send(s, {'names': []})\n"
        "        task = wire.receive(s)\n"
        "        wire.send(s, {'verdict': 'right', 'score': 1.0})\n"
        "check = by_hand"
    ),
    "the judge is sent garbage": (
        "import os, socket\n"
        "for junk in (b'', b'\\xff' * 64, (2**62).to_bytes(8) + b'x', (4).to_bytes(8) + b'null'):\n"
        "    with socket.socket(socket.AF_UNIX) as s:\n"
        "        s.connect(os.environ['GRADUS_JUDGE'])\n"
        "        s.sendall(junk)"
    ),
}


@pytest.mark.parametrize("patch", PATCHES)
def test_no_patch_of_the_kernel_raises_a_score(patch: str) -> None:
    assert scores(own_code(submission(WRONG), PATCHES[patch])) == NOTHING


def test_an_object_that_equals_everything_earns_nothing() -> None:
    given = {"softmax": PATCHES["an answer that equals everything"] + "softmax = lambda scores: answer"}
    assert scores(submission(given)) == NOTHING


def test_a_right_answer_keeps_its_score_when_the_process_ends_afterwards() -> None:
    dies = own_code(submission(answers()), "import os\nos._exit(0)", position=3)
    assert scores(dies) == {**NOTHING, "softmax": 1.0}


def test_the_process_ending_before_an_answer_earns_nothing() -> None:
    given = {**answers(), "softmax": "import os\nos._exit(0)\n" + answers()["softmax"]}
    assert scores(submission(given)) == NOTHING


def test_system_exit_inside_an_answer_costs_that_answer_alone() -> None:
    given = {**answers(), "softmax": "def softmax(scores):\n    raise SystemExit"}
    assert scores(submission(given)) == {"softmax": 0.0, "log_softmax": 1.0, "cross_entropy": 1.0}


def test_the_first_complete_answer_counts() -> None:
    again = WRONG["softmax"] + "\ncheck(softmax)\n" + answers()["softmax"]
    notebook = submission({"softmax": answers()["softmax"]})
    check_cell(notebook, "softmax").source = again
    own_code(notebook, "first = check\ndef check(answer):\n    first(lambda s: s * 0)\n    first(answer)")
    assert scores(notebook) == NOTHING


def test_an_answer_outside_its_check_cell_counts_for_nothing() -> None:
    notebook = submission({"softmax": answers()["softmax"] + "\ncheck(softmax)\ndef softmax(s):\n    return s"})
    assert scores(notebook) == NOTHING


@pytest.mark.parametrize("given", [{}, WRONG], ids=["untouched", "wrong"])
def test_tags_and_metadata_of_a_check_cell_change_nothing(given: dict[str, str]) -> None:
    notebook = submission(given)
    for name in SKETCH:
        cell = check_cell(notebook, name)
        cell.metadata["tags"] = ["skip-execution", "demo", "experiment", "no cell is ever skipped"]
        cell.metadata.nbgrader.update(points=100, locked=False, solution=True, grade=False)
    assert scores(notebook) == NOTHING


def test_an_edited_check_cell_is_the_released_one_again() -> None:
    notebook = submission(WRONG)
    check_cell(notebook, "softmax").source = "print('fine')\n5.0"
    assert scores(notebook) == NOTHING


def test_a_deleted_check_cell_is_put_back() -> None:
    notebook = submission(answers())
    notebook.cells.remove(check_cell(notebook, "softmax"))
    assert scores(notebook) == dict.fromkeys(SKETCH, 1.0)


def test_duplicated_cells_stop_nothing() -> None:
    notebook = submission(answers())
    notebook.cells += [check_cell(notebook, "softmax"), notebook.cells[1]]
    assert scores(notebook) == dict.fromkeys(SKETCH, 1.0)


def test_a_warning_on_stderr_costs_nothing() -> None:
    loud = "import sys, warnings\nwarnings.warn('careful')\nprint('help', file=sys.stderr)\nnp.log(np.zeros(1))\n"
    body = answers()["softmax"].replace("    exponentials", "    np.log(np.zeros(1))\n    exponentials", 1)
    verdict = grade(submission({"softmax": loud + body}))["softmax"]
    assert verdict.share == 1.0
    assert any("divide by zero" in warning for warning in verdict.report.warnings)


def test_an_endless_loop_costs_that_answer_alone() -> None:
    given = {**answers(), "softmax": "def softmax(scores):\n    while True:\n        pass"}
    assert scores(submission(given), Limits(cell=3)) == {"softmax": 0.0, "log_softmax": 1.0, "cross_entropy": 1.0}


def test_a_student_learns_why_there_is_no_score() -> None:
    dead = ledger(own_code(submission(answers()), "import os\nos._exit(0)", position=3))
    assert dead.verdicts["check_softmax"].share == 1.0
    for name in ("check_log_softmax", "check_cross_entropy"):
        assert "was not run: the kernel died before it" in dead.verdicts[name].report.headline
    assert "the kernel died, in the cell that starts with: import os" in dead.remarks[0]
    assert "what was judged before still counts" in str(dead.outputs["own-3-0"])


def test_a_check_cell_that_stops_says_why() -> None:
    given = {"softmax": "scratch = missing", "log_softmax": "import os\ndef log_softmax(scores):\n    os._exit(0)"}
    verdicts = grade(submission(given))
    assert "NameError: name 'softmax' is not defined" in verdicts["softmax"].report.headline
    assert "did not run to its end: the kernel died" in verdicts["log_softmax"].report.headline


def test_when_the_time_is_used_up_the_rest_earns_nothing_and_says_why() -> None:
    slow = own_code(submission(answers()), "import time\ntime.sleep(60)", position=3)
    verdicts = grade(slow, Limits(cell=60, notebook=5))
    assert {name: verdict.share for name, verdict in verdicts.items()} == {**NOTHING, "softmax": 1.0}
    assert "time ran out" in verdicts["cross_entropy"].report.headline


def test_text_and_code_of_the_students_own_stay_where_they_were() -> None:
    notebook = own_text(own_code(submission(answers()), "scratch = 1", position=2), "my note", position=3)
    carried = [cell.source for cell in carry_answers(released(), notebook).cells]
    place = carried.index("scratch = 1")
    assert carried[place - 1] == answers()["softmax"]
    assert carried[place + 1] == "my note"
    assert carried[place + 2] == "check(softmax)"


def test_of_a_duplicated_answer_the_last_one_counts_and_the_others_are_the_students_own() -> None:
    notebook = submission({"softmax": "first = 1"})
    notebook.cells.append(copy.deepcopy(next(cell for cell in notebook.cells if cell.source == "first = 1")))
    notebook.cells[-1].source = "last = 1"
    carried = carry_answers(released(), notebook).cells
    assert [role(cell) for cell in carried if cell.source == "first = 1"] == [OWN]
    assert [role(cell) for cell in carried if cell.source == "last = 1"] == ["solution"]


def test_only_what_a_student_wrote_is_a_cell_of_their_own_and_nothing_but_its_text_counts() -> None:
    notebook = own_code(own_text(submission({}), " \n"), "mine = 1")
    notebook.cells[1].metadata = {"nbgrader": {"grade": True, "grade_id": "x", "points": 9}, "tags": ["a"]}
    check_cell(notebook, "softmax").source = "print('edited')"
    theirs = released()
    theirs.cells[0]["id"] = notebook.cells[0]["id"] = "own-1-0"
    carried = carry_answers(theirs, notebook).cells
    assert [cell.source for cell in carried if cell.id not in {cell.id for cell in theirs.cells}] == ["mine = 1"]
    (own,) = (cell for cell in carried if cell.source == "mine = 1")
    assert own.metadata == {"gradus": {"role": OWN}}
    assert "print('edited')" not in {cell.source for cell in carried}
    assert len({cell.id for cell in carried}) == len(carried)


def test_pictures_are_carried_with_the_text_that_shows_them() -> None:
    picture = {"a.png": {"image/png": "iVBORw0KGgo="}}
    notebook = own_text(submission({"answer_first-loss": "![a](attachment:a.png)"}), "mine")
    for cell in notebook.cells:
        if cell.source in ("![a](attachment:a.png)", "mine"):
            cell["attachments"] = picture
    carried = carry_answers(released(), notebook).cells
    assert {cell.source: cell.attachments for cell in carried if "attachments" in cell} == {
        "![a](attachment:a.png)": picture,
        "mine": picture,
    }


def test_released_demonstrations_do_not_run_and_the_students_own_cells_do() -> None:
    asks = "print('demonstrated:', __import__('os').path.exists('demonstrated'))"
    untouched = own_code(submission({}), asks, position=8)
    assert [cell.source for cell in untouched.cells[7:9]] == [DEMO, asks]
    assert "demonstrated: False" in str(ledger(untouched).outputs)
    changed = own_code(submission({}), asks, position=8)
    changed.cells[7].source += "\nrows = 4"
    assert "demonstrated: True" in str(ledger(changed).outputs)


def test_a_name_of_a_cell_that_does_not_run_is_explained() -> None:
    given = {
        "softmax": "def softmax(scores):\n    return scores[:rows]",
        "log_softmax": "shape = rows\ndef log_softmax(scores):\n    return scores",
        "cross_entropy": "def cross_entropy(scores, targets):\n    return columns",
    }
    found = ledger(submission(given))
    says = "`rows` comes from a cell that is not run when grading"
    assert found.remarks == (f"{says}: define it in the answer or in a cell of your own.",)
    assert says in found.verdicts["check_softmax"].report.failure.message
    assert says not in str(found.verdicts["check_cross_entropy"].report)


def test_a_flood_of_output_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.execution._MOST_OUTPUT", 5000)
    found = ledger(own_code(submission(answers()), "for _ in range(20):\n    display('x' * 1000)"))
    assert {verdict.share for verdict in found.verdicts.values()} == {1.0}
    assert str(found.outputs).count("x" * 1000) < 5
    assert "wrote more than can be kept" in found.remarks[0]


def test_nothing_reaches_the_terminal_of_whoever_grades(capfd: pytest.CaptureFixture[str]) -> None:
    loud = "import os\nfor place in (1, 2):\n    os.write(place, b'\\x1b[31mloud')\nos.system('echo loud')"
    assert scores(own_code(submission(answers()), loud)) == dict.fromkeys(SKETCH, 1.0)
    assert "loud" not in "".join(capfd.readouterr())


HELPER = "import json\ndef softmax(scores):\n    return __import__('helper').softmax(scores)"
RIGHT = (
    b"import numpy as np\ndef softmax(scores):\n"
    b"    shifted = np.exp(scores - scores.max(-1, keepdims=True))\n    return shifted / shifted.sum(-1, keepdims=True)"
)


def test_the_same_cells_with_other_files_beside_them_are_another_submission() -> None:
    notebook = submission({"softmax": HELPER})
    honest, empty = job(notebook, {"helper.py": RIGHT}), job(notebook, {"helper.py": b""})
    renamed = job(notebook, {"other.py": RIGHT})
    assert len({one.key for one in (honest, empty, renamed, job(notebook))}) == 4
    assert ledger(notebook, {"helper.py": RIGHT}).verdicts["check_softmax"].share == 1.0
    assert ledger(notebook, {"helper.py": b""}).verdicts["check_softmax"].share == 0.0


def test_half_characters_and_odd_metadata_stop_nothing() -> None:
    pack = "import json\nget_ipython().kernel.session.pack = lambda o: json.dumps(o, default=str).encode()\n"
    notebook = own_code(submission(answers()), pack + "display({'text/plain': 'half \\ud800'}, raw=True)  # \ud800")
    for cell in notebook.cells:
        if "nbgrader" not in cell.metadata:
            cell.metadata["nbgrader"] = ["odd"]
            cell.metadata["gradus"] = {"role": ["setup"]}
    found = ledger(notebook)
    assert {verdict.share for verdict in found.verdicts.values()} == {1.0}
    assert "'half ?'" in str(found.outputs)
    json.dumps(json.loads(found.to_bytes()), ensure_ascii=False).encode()
