"""The judge keeps its ledger whatever comes over the socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from shared import COURSE, KINDS, exercise_called, reference

from autograder.judging.judge import Judge
from gradus.checking import Case, Report, wire
from gradus.checking.client import answer_judge
from gradus.checking.running import run

KEY = b"k" * 32


@pytest.fixture
def judge() -> Iterator[Judge]:
    with Judge(COURSE, KEY) as made:
        yield made


def talk(judge: Judge) -> tuple[socket.socket, dict[str, Any]]:
    """Ask for cases by hand."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(judge.address)
    wire.send(connection, {"names": []})
    return connection, wire.receive(connection)


def answers(task: dict[str, Any], answer: Any) -> list[dict[str, Any]]:
    exercise = exercise_called(task["exercise"])
    cases = [Case(**case) for case in task["cases"]]
    return [run(exercise, answer, case).as_dict() for case in cases]


def right(name: str = "softmax") -> Any:
    return reference(name)


def test_a_right_answer_scores_one(judge: Judge) -> None:
    judge.open("softmax")
    assert answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").share == 1.0


def test_a_wrong_answer_leans_on_the_wrong_ones_that_it_calls() -> None:
    def wrong_beside(softmax: Any) -> Any:
        made: dict[str, Any] = {"softmax": softmax}
        exec("def log_softmax(scores):\n    return softmax(scores)", made)
        return made["log_softmax"]

    for helper, expected in ((lambda scores: scores, ("softmax",)), (right(), ())):
        with Judge(COURSE, KEY) as judge:
            judge.open("softmax")
            answer_judge(judge.address, lambda _, helper=helper: helper)
            judge.open("log_softmax")
            answer_judge(judge.address, lambda _, helper=helper: wrong_beside(helper))
            report = judge.verdict("log_softmax").report
            assert not report.passed
            assert report.leans_on == expected


def test_neither_expected_values_nor_verdicts_leave_the_judge(judge: Judge) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    assert task.keys() == {"exercise", "cases", "at_most", "room"}
    assert all(case.keys() == {"group", "name", "inputs", "instances"} for case in task["cases"])
    assert all(case["inputs"].keys() == {"scores"} for case in task["cases"])
    wire.send(connection, {"answers": answers(task, right()), "uses": []})
    assert wire.receive(connection) == {"received": True}


def test_nothing_is_handed_out_while_no_exercise_is_open(judge: Judge) -> None:
    assert not answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").share == 0.0


def test_an_answer_that_comes_after_the_cell_was_closed_does_not_count(judge: Judge) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    judge.close()
    wire.send(connection, {"answers": answers(task, right()), "uses": []})
    wire.receive(connection)
    assert judge.verdict("softmax").share == 0.0


@pytest.mark.parametrize("cut", [0, 1])
def test_an_incomplete_answer_is_none_and_a_later_one_counts(judge: Judge, cut: int) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    wire.send(connection, {"answers": answers(task, right())[:cut], "uses": []})
    connection.close()
    assert answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").share == 1.0


def test_the_second_complete_answer_does_not_count(judge: Judge) -> None:
    judge.open("softmax")
    answer_judge(judge.address, lambda name: lambda scores: scores)
    answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").share == 0.0


def test_what_was_answered_survives_a_peer_that_dies(judge: Judge) -> None:
    judge.open("softmax")
    answer_judge(judge.address, lambda name: right(name))
    judge.open("log_softmax")
    connection, _ = talk(judge)
    connection.close()
    assert judge.verdict("softmax").share == 1.0
    assert judge.verdict("log_softmax").share == 0.0


OUTPUTS = st.dictionaries(
    st.sampled_from(["probabilities", "x"]),
    st.none() | st.floats() | st.text(max_size=3) | st.lists(st.floats(), max_size=3) | st.just(np.ones((7, 5))),
    max_size=2,
)
JUNK = st.none() | st.integers(-(2**62), 2**62) | st.text(max_size=4) | st.lists(st.text(max_size=2), max_size=2)
TEXTS = st.lists(st.text(max_size=3), max_size=2)
OUTCOMES = st.fixed_dictionaries(
    {
        "steps": st.lists(OUTPUTS, max_size=2) | JUNK,
        "errors": TEXTS | JUNK,
        "message": st.just("") | JUNK,
        "line": st.just(""),
        "changed": st.just([]) | JUNK,
        "warnings": TEXTS | JUNK,
    }
)
CALLS = st.fixed_dictionaries({"call": JUNK, "case": JUNK, "arguments": JUNK})
USES = st.just([]) | JUNK | st.just(["softmax", "nonsense", 3]) | st.just([["softmax"]])
MESSAGES = JUNK | CALLS | st.fixed_dictionaries({"answers": JUNK | st.lists(OUTCOMES, max_size=20), "uses": USES})


@given(MESSAGES)
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_message_upsets_the_judge(message: Any) -> None:
    with Judge(COURSE, KEY) as judge:
        judge.open("softmax")
        connection, task = talk(judge)
        if isinstance(message, dict) and isinstance(message.get("answers"), list) and message["answers"]:
            message["answers"] = (message["answers"] * len(task["cases"]))[: len(task["cases"])]
        wire.send(connection, message)
        connection.close()
        judge.close()
        verdict = judge.verdict("softmax")
        assert verdict.share == 0.0
        str(verdict.report)
        verdict.report._repr_html_()
        TypeAdapter(Report).dump_json(verdict.report)


def hung_up(connection: socket.socket) -> bool:
    """Whether the judge ends a conversation without another word."""
    connection.settimeout(30)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_the_size_of_an_answer_is_bounded_by_what_is_right(judge: Judge) -> None:
    for name in ("softmax", "torch_loss"):
        judge.open(name)
        limit = judge._tasks[name].limit
        assert limit.size < 4 * 2**20
        assert limit.parts < 10**5


@pytest.mark.parametrize("size", [64 * 2**20, 2**62])
def test_a_message_far_too_long_is_refused_before_it_is_read(judge: Judge, size: int) -> None:
    judge.open("softmax")
    connection, _ = talk(judge)
    connection.sendall(size.to_bytes(8))
    assert hung_up(connection)
    assert f"{size} bytes" in judge.verdict("softmax").report.unanswered


EMPTY = '{"dict":{"answers":[%s],"uses":[]}}'
OUTCOME = '{"dict":{"steps":[{"dict":{"x":%s}}],"errors":[],"message":"","line":"","changed":[],"warnings":[]}}'
HOSTILE = {
    "a list of lists": lambda count: EMPTY % ",".join(["[]"] * 300_000),
    "ten to the four hundred": lambda count: EMPTY % ",".join([OUTCOME % ("1" + "0" * 400)] * count),
    "not a number": lambda count: EMPTY % ",".join([OUTCOME % "NaN"] * count),
    "nested deeply": lambda count: EMPTY % ("[" * 9000 + "]" * 9000),
    "an array of objects": lambda count: EMPTY % (OUTCOME % '{"array":"object","shape":[1],"data":"AAAAAAAAAAA="}'),
    "an array without end": lambda count: EMPTY % (OUTCOME % '{"array":"int8","shape":[4294967296,0],"data":""}'),
    "something to be made": lambda count: EMPTY % (OUTCOME % '{"made":"rng","given":{"dict":{"seed":1}}}'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_no_answer_and_the_next_one_counts(judge: Judge, name: str) -> None:
    judge.open("softmax")
    connection, task = talk(judge)
    payload = HOSTILE[name](len(task["cases"])).encode()
    assert len(payload) < judge._tasks["softmax"].limit.size
    connection.sendall(len(payload).to_bytes(8) + payload)
    assert hung_up(connection)
    assert "could not be read" in judge.verdict("softmax").report.unanswered
    assert answer_judge(judge.address, lambda name: right(name))
    assert judge.verdict("softmax").share == 1.0


def test_a_flood_of_calls_comes_to_an_end() -> None:
    with Judge(KINDS, KEY) as judge:
        judge.open("by_pieces")
        connection, task = talk(judge)
        most = 50 * len(task["cases"]) + 200
        for _ in range(most):
            wire.send(connection, {"call": "f", "case": 0, "arguments": [task["cases"][0]["inputs"]["x"][:1]]})
            reply = wire.receive(connection)
        assert "more than 50 times" in reply["refused"]
        wire.send(connection, {"call": "f", "case": 0, "arguments": []})
        assert hung_up(connection)
        assert "far more calls" in judge.verdict("by_pieces").report.unanswered


def test_giant_arguments_of_a_served_function_are_refused_and_not_kept() -> None:
    with Judge(KINDS, KEY) as judge:
        judge.open("by_pieces")
        connection, _ = talk(judge)
        wire.send(connection, {"call": "f", "case": 0, "arguments": [np.zeros((20_000, 3), np.int8)]})
        assert "far larger arguments" in wire.receive(connection)["refused"]
        with pytest.raises(ConnectionError):  # hung up at the announcement
            wire.send(connection, {"call": "f", "case": 0, "arguments": [np.zeros((10**6, 3))]})
        assert "bytes is announced" in judge.verdict("by_pieces").report.unanswered


def test_the_same_submission_sees_the_same_cases_and_another_one_others() -> None:
    def inputs(key: bytes) -> list[Any]:
        with Judge(COURSE, key) as judge:
            judge.open("softmax")
            return [case["inputs"]["scores"].tolist() for case in talk(judge)[1]["cases"]]

    assert inputs(COURSE.key("a")) == inputs(COURSE.key("a"))
    assert inputs(COURSE.key("a")) != inputs(COURSE.key("b"))


def test_every_exercise_of_a_submission_has_draws_of_its_own() -> None:
    with Judge(COURSE, KEY) as judge:
        assert judge._rng("softmax").integers(2**62) == judge._rng("softmax").integers(2**62)
        assert judge._rng("softmax").integers(2**62) != judge._rng("log_softmax").integers(2**62)
