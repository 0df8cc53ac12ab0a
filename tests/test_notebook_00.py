"""What the prose of notebook 00 states is true. No number in it needs a proof of its own (see test_notebooks.py)."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pytest
from shared import COURSE, ROOT, exercise_called

from autograder.source import executing
from gradus.checking.public import judge_publicly

# The first report, on a mistake made on purpose.
DOING = {"shapes": 2}


@pytest.fixture(scope="module")
def answers() -> ModuleType:
    return COURSE.assignment("00").source.reference


def test_the_mistake_that_is_made_on_purpose_is_named_with_the_numbers_side_by_side() -> None:
    report = judge_publicly(exercise_called("affine"), lambda x, W, b: x @ W)
    assert [named.slip.id for named in report.slips] == ["no_bias"]
    assert report.failure is not None
    assert {"expected z", "got z"} <= {label for label, _ in report.failure.shown}


@pytest.mark.parametrize(
    ("one", "other", "shape"), [((3,), (2, 1), (2, 3)), ((4, 3), (3,), (4, 3)), ((3,), (2,), None)]
)
def test_shapes_are_aligned_on_the_right(one: tuple[int, ...], other: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if shape:
        assert (np.zeros(one) + np.zeros(other)).shape == shape
    else:
        with pytest.raises(ValueError, match="broadcast"):
            np.zeros(one) + np.zeros(other)


def test_an_index_of_two_arrays_picks_one_element_in_each_row_and_a_slice_does_not() -> None:
    table = np.array([[11, 12, 13], [21, 22, 23]])
    assert table[[0, 1], [2, 0]].tolist() == [13, 21]
    assert table[:, [2, 0]].shape == (2, 2)
    table[[0, 1], [2, 0]] = 5
    assert table.tolist() == [[11, 12, 5], [5, 22, 23]]


def test_std_is_the_population_standard_deviation_and_0_over_0_is_nan() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert x.std() == pytest.approx(np.sqrt(np.mean((x - x.mean()) ** 2)))
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.float64(0) / 0)


def test_three_times_a_tenth_has_a_deviation_in_an_array_of_one_column_and_of_several() -> None:
    for column in (np.full(3, 0.1), np.full((3, 1), 0.1), np.full((3, 4), 0.1)):
        assert (column.std(axis=0) > 0).all()
        assert (column.max(axis=0) == column.min(axis=0)).all()


@pytest.mark.parametrize("added", [1e-5, 1e-8, 1e-12])
def test_a_small_number_added_to_the_deviation_makes_every_column_a_little_wrong(
    answers: ModuleType, added: float
) -> None:
    x = np.random.default_rng(0).normal([40, 1.7], [12, 0.1], size=(60, 2))
    fudged = (x - x.mean(axis=0)) / (x.std(axis=0) + added)
    off = np.abs(fudged / answers.standardize(x) - 1).max(axis=0)
    assert ((off > 0) & (off < 1e-3)).all()


def test_a_seed_gives_the_same_numbers_again_and_a_generator_goes_on() -> None:
    rng, again = np.random.default_rng(seed=7), np.random.default_rng(seed=7)
    first = rng.normal(size=3)
    assert (first == again.normal(size=3)).all()
    assert (first != rng.normal(size=3)).all()


def test_a_notebook_that_is_run_as_a_whole_hands_nothing_in(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("from gradus import handin\nhandin()")])
    nbformat.write(notebook, tmp_path / "00_orientation.ipynb")
    executing.run_all(notebook, tmp_path, ROOT)
    assert notebook.cells[0].outputs == []
    assert [path.name for path in tmp_path.iterdir()] == ["00_orientation.ipynb"]


def test_the_table_of_parts_adds_up_to_the_minutes_of_the_core() -> None:
    source = COURSE.assignment("00").source
    rows = re.findall(r"^\| (.*) \| .*\| (\d+) \| \d* ?\|$", source.cells[0].source, flags=re.M)
    titles = {heading.title for heading in source.headings.values()}
    assert {part for names, _ in rows for part in names.split(" · ")} == titles - {"Summary"} - {
        title for title in titles if title.startswith(("Exercise", "00"))
    }
    assert sum(int(minutes) for _, minutes in rows) == source.minutes
