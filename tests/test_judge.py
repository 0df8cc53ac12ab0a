"""The judge keeps its ledger whatever comes over the socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import COURSE, exercise_called, reference

from autograder.judging.judge import Judge
from gradus.checking import Case, run, wire
from gradus.checking.public import answer_judge


@pytest.fixture
def judge() -> Iterator[Judge]:
    with Judge(b"secret", "submission", COURSE) as made:
        yield made


def talk(judge: Judge) -> tuple[socket.socket, dict[str, Any]]:
    """Ask for cases by hand."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(judge.address)
    wire.send(connection, {"names": []})
    return connection, wire.receive(connection)


def answers(task: dict[str, Any], answer: Any) -> list[dict[str, Any]]:
    exercise = exercise_called(task["exercise"])
    cases = [Case(case["group"], case["name"], case["inputs"]) for case in task["cases"]]
    return [run(exercise, answer, case).as_dict() for case in cases]


def right(name: str = "softmax") -> Any:
    return reference(name)


def test_a_right_answer_scores_one(judge: Judge) -> None:
    judge.open("softmax")
    assert answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").score == 1.0


def test_neither_expected_values_nor_verdicts_leave_the_judge(judge: Judge) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    assert task.keys() == {"exercise", "cases"}
    assert all(case.keys() == {"group", "name", "inputs"} for case in task["cases"])
    assert all(case["inputs"].keys() == {"scores"} for case in task["cases"])
    wire.send(connection, {"answers": answers(task, right()), "uses": []})
    assert wire.receive(connection) == {"received": True}


def test_nothing_is_handed_out_while_no_exercise_is_open(judge: Judge) -> None:
    assert not answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").score == 0.0


def test_an_answer_that_comes_after_the_cell_was_closed_does_not_count(judge: Judge) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    judge.close()
    wire.send(connection, {"answers": answers(task, right()), "uses": []})
    wire.receive(connection)
    assert judge.verdict("softmax").score == 0.0


@pytest.mark.parametrize("cut", [0, 1])
def test_an_incomplete_answer_is_none_and_a_later_one_counts(judge: Judge, cut: int) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    wire.send(connection, {"answers": answers(task, right())[:cut], "uses": []})
    connection.close()
    assert answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").score == 1.0


def test_the_second_complete_answer_does_not_count(judge: Judge) -> None:
    judge.open("softmax")
    answer_judge(judge.address, lambda name: lambda scores: scores)
    answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").score == 0.0


def test_what_was_answered_survives_a_peer_that_dies(judge: Judge) -> None:
    judge.open("softmax")
    answer_judge(judge.address, lambda name: right(name))
    judge.open("log_softmax")
    connection, _ = talk(judge)
    connection.close()
    assert judge.verdict("softmax").score == 1.0
    assert judge.verdict("log_softmax").score == 0.0


OUTPUTS = st.none() | st.dictionaries(
    st.sampled_from(["probabilities", "x"]),
    st.none() | st.floats() | st.text(max_size=3) | st.lists(st.floats(), max_size=3) | st.just(np.ones((7, 5))),
    max_size=2,
)
JUNK = st.none() | st.integers() | st.text(max_size=4) | st.lists(st.text(max_size=2), max_size=2)
MESSAGES = JUNK | st.fixed_dictionaries(
    {
        "answers": JUNK
        | st.lists(
            st.fixed_dictionaries(
                {
                    "outputs": OUTPUTS | JUNK,
                    "error": st.text(max_size=3) | JUNK,
                    "message": st.just("") | JUNK,
                    "line": st.just(""),
                    "changed": st.just([]) | JUNK,
                    "warnings": st.just([]) | JUNK,
                }
            ),
            max_size=20,
        ),
        "uses": st.just([]) | JUNK | st.just(["softmax", "nonsense", 3]),
    }
)


@given(MESSAGES)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_message_upsets_the_judge(message: Any) -> None:
    with Judge(b"secret", "submission", COURSE) as judge:
        judge.open("softmax")
        connection, task = talk(judge)
        if isinstance(message, dict) and isinstance(message["answers"], list) and message["answers"]:
            message["answers"] = (message["answers"] * len(task["cases"]))[: len(task["cases"])]
        wire.send(connection, message)
        connection.close()
        judge.close()
        verdict = judge.verdict("softmax")
        assert verdict.score == 0.0
        str(verdict.report)
        verdict.report._repr_html_()


def test_the_same_submission_sees_the_same_cases_and_another_one_others() -> None:
    def inputs(secret: bytes, digest: str) -> list[Any]:
        with Judge(secret, digest, COURSE) as judge:
            judge.open("softmax")
            return [case["inputs"]["scores"].tolist() for case in talk(judge)[1]["cases"]]

    assert inputs(b"a", "1") == inputs(b"a", "1")
    assert inputs(b"a", "1") != inputs(b"a", "2")
    assert inputs(b"a", "1") != inputs(b"b", "1")
