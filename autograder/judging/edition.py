"""Which edition of an assignment judges: a digest of everything that decides about a verdict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbformat import NotebookNode

import autograder.grading
import autograder.judging
import autograder.topics
import gradus.checking
import gradus.data
import gradus.exercises
from autograder.course import Assignment, Course, CourseError
from autograder.source.edition import edition
from gradus.learning.outline import Outline

_LIBRARIES = ("numpy", "torch")
_ENGINE = (gradus.checking, gradus.exercises, gradus.data, autograder.judging, autograder.grading)


def released(course: Course, assignment: Assignment) -> NotebookNode:
    """The student edition of an assignment.

    Raises
    ------
    CourseError
        If it was not built.
    """
    path = course.notebooks / assignment.name / f"{assignment.name}.ipynb"
    if not path.is_file():
        raise CourseError(f"{path} is missing: build the student edition first (autograder build {assignment.name}).")
    return nbformat.read(path, 4)


def released_outline(course: Course, assignment: Assignment) -> Outline:
    """What the student edition of an assignment says that it asks for.

    Raises
    ------
    CourseError
        If it was not built.
    """
    path = course.outlines / f"{assignment.name}.json"
    if not path.is_file():
        raise CourseError(f"{path} is missing: build the student edition first (autograder build {assignment.name}).")
    return Outline.of(json.loads(path.read_text(encoding="utf-8")))


def released_files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files that students get beside the notebook, by name."""
    folder = course.notebooks / assignment.name
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".ipynb")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def judging_edition(course: Course, assignment: Assignment) -> str:
    """Digest of all that decides about the verdicts on an assignment.

    The released notebook and the files beside it, the solutions, the cases and slips of the topic, the code that runs
    and judges, and the versions of what that code computes with. Where it is the same, the same submission under the
    same key gets the same verdicts.

    Returns
    -------
    str
        Hexadecimal.
    """
    whole = hashlib.sha256()
    for name, content in _parts(course, assignment):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _parts(course: Course, assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    yield "released", edition(released(course, assignment)).encode()
    for name, content in released_files(course, assignment).items():
        yield f"beside {name}", content
    yield "solutions", assignment.solution.read_bytes()
    for name, place in _code(assignment.topic):
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            yield f"{name}/{path.relative_to(place).as_posix()}", path.read_bytes()
    for library in _LIBRARIES:
        yield library, version(library).encode()


def _code(topic: str) -> Iterator[tuple[str, Path]]:
    """Files and folders of the code that runs and judges; a topic lies wherever its package is found."""
    for module in _ENGINE:
        file = Path(str(module.__file__))
        yield module.__name__, file.parent if file.stem == "__init__" else file
    for found in autograder.topics.__path__:
        if (place := Path(found) / topic).is_dir():
            yield f"topics/{topic}", place
    for found in gradus.exercises.__path__:
        if (place := Path(found) / f"{topic}.py").is_file():
            yield f"exercises/{topic}", place
