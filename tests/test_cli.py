"""The command line: what goes in by hand and what comes out for other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rooms import answers

from autograder.cli import main

HEADER = "import numpy as np\nimport torch\nfrom torch import nn\n"


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def write(folder: Path, text: str) -> Path:
    path = folder / "answers.py"
    path.write_text(text, encoding="utf-8")
    return path


def evaluated(path: Path, *options: str) -> list[dict[str, Any]]:
    done = call("evaluate", path, "--json", *options)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_reference_evaluates_to_full_marks(tmp_path: Path) -> None:
    verdicts = evaluated(write(tmp_path, HEADER + "\n\n".join(answers().values())))
    assert {verdict["exercise"] for verdict in verdicts} == answers().keys()
    for verdict in verdicts:
        assert verdict.keys() == {"exercise", "score", "passed", "cases", "misconception", "warnings"}
        assert (verdict["score"], verdict["passed"], verdict["misconception"]) == (1.0, True, None)
        assert all(case.keys() == {"group", "name", "passed", "message"} for case in verdict["cases"])


def test_each_exercise_is_judged_whatever_the_others_do(tmp_path: Path) -> None:
    source = (
        "import numpy as np, os\n"
        "print('noise')\n"
        "def log_softmax(scores): os._exit(0)\n"
        "def cross_entropy(scores, targets):\n    while True: pass\n"
        "def cross_entropy_gradient(scores, targets): raise SystemExit\n"
        "def binary_cross_entropy(score, target): return np.mean(np.logaddexp(0, score) - score * target)\n"
        "def softmax(scores):\n"
        "    scores -= scores.max()\n"
        "    e = np.exp(scores)\n"
        "    return e / e.sum(-1, keepdims=True)\n"
    )
    verdicts = {verdict["exercise"]: verdict for verdict in evaluated(write(tmp_path, source), "--seconds", "4")}
    assert len(verdicts) == 5
    assert verdicts["binary_cross_entropy"]["score"] == 1.0
    assert verdicts["softmax"]["misconception"] == "one_maximum"
    assert any("changes the caller's scores" in warning for warning in verdicts["softmax"]["warnings"])
    assert "longer than 4 s" in str(verdicts["cross_entropy"]["warnings"])
    assert "ended by itself" in str(verdicts["log_softmax"]["warnings"])
    assert verdicts["cross_entropy_gradient"]["score"] == 0.0


def test_one_exercise_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "\n\n".join(answers().values()))
    (verdict,) = evaluated(path, "--exercise", "cross_entropy")
    assert verdict["exercise"] == "cross_entropy"


def test_the_same_file_sees_the_same_cases_every_time(tmp_path: Path) -> None:
    path = write(tmp_path, "def softmax(scores): return scores")
    assert evaluated(path) == evaluated(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def softmax(:", "is not a Python file that runs"),
        ("x = 1", "defines no exercise of this course"),
        ("import nonsense_package\ndef softmax(s): return s", "No module named 'nonsense_package'"),
        ("raise SystemExit(3)\ndef softmax(s): return s", "cannot be used"),
        ("import os; os._exit(0)", "ended by itself"),
        ("\0", "is not a Python file that runs"),
    ],
)
def test_a_file_that_cannot_be_used_exits_with_2_and_says_why(tmp_path: Path, text: str, says: str) -> None:
    done = call("evaluate", write(tmp_path, text))
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("evaluate", "nowhere.py"), "cannot be read"),
        (("grade", "13_magic"), "There is no assignment '13_magic'"),
        (("grade", "02", "--submissions", "nowhere"), "There is no folder"),
        (("simulate", "magic"), "The assignments are: "),
        (("report", "13_magic"), "no assignment"),
        (("build", "magic"), "no assignment"),
        (("evaluate", __file__, "--exercise", "sofmax"), "no exercise 'sofmax'"),
    ],
)
def test_wrong_arguments_get_a_sentence_and_exit_code_2(words: tuple[str, ...], says: str) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
