"""The rules of the house: who may import whom, and that both ways of installing give the same versions."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from shared import COURSE, ROOT

from autograder.source import bundle

SOURCES = sorted([*(ROOT / "gradus").rglob("*.py"), *(ROOT / "autograder").rglob("*.py")])


def imported(path: Path, *, at_the_top: bool = False, for_types: bool = True) -> Iterator[str]:
    """Modules that a file imports, in dotted form; without those it needs for type hints only, if asked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    typing = {node for block in blocks for statement in block.body for node in ast.walk(statement)}
    for node in tree.body if at_the_top else ast.walk(tree):
        if node in typing and not for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(path: Path, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in imported(path) for package in packages)


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_imports_follow_the_rules_of_the_house(path: Path) -> None:
    place = where(path)
    if place.startswith("gradus/"):
        assert not imports(path, "autograder"), "gradus never imports autograder"
    if not place.startswith(("gradus/demos/", "gradus/learning/")):
        assert not imports(path, "ipywidgets", "anywidget"), "only demos and what asks for a click import widgets"
    if place.startswith("autograder/topics/"):
        assert not imports(path, "nbgrader", "autograder.nbgrader_hooks", "autograder.sandbox")
    if not place.startswith("autograder/nbgrader_hooks/"):
        assert not imports(path, "nbgrader"), "only nbgrader_hooks imports nbgrader"
    if place.startswith("gradus/"):
        heavy = {name.partition(".")[0] for name in imported(path, at_the_top=True)} & {
            "torch",
            "matplotlib",
            "IPython",
        }
        assert not heavy or place.startswith("gradus/demos/"), "heavy packages load when first used"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count: they hide a circle, and do not open it."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in SOURCES}
    needs = {
        module: {
            name if name in files else name.rpartition(".")[0] for name in imported(path, for_types=False)
        }.intersection(files)
        for module, path in files.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail("a circle of imports: " + " <- ".join(error.args[1]))


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_nothing_is_unpickled(path: Path) -> None:
    assert not imports(path, "pickle", "dill", "cloudpickle", "marshal", "shelve")


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in (line.split("==") for line in lines)}


def declared(*files: str, extras: bool = True) -> set[str]:
    """Direct dependencies of both distributions, or of some, by normalised name."""
    found: set[str] = set()
    for file in files or ("pyproject.toml", "autograder/pyproject.toml"):
        project = tomllib.loads((ROOT / file).read_text(encoding="utf-8"))["project"]
        more = project.get("optional-dependencies", {}).values() if extras else ()
        found |= {*project["dependencies"], *(name for names in more for name in names)}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found} - {"gradus"}


def conda(text: str) -> dict[str, str]:
    """Names and versions of conda's own packages in an environment file."""
    return dict(re.findall(r"^  - ([\w.-]+)=([\w.]+)$", text, re.MULTILINE))


def of_pip(text: str) -> dict[str, str]:
    """Names and versions of what an environment file leaves to pip."""
    return dict(re.findall(r"^ +- ([\w.-]+)==([\w.]+)$", text.partition("  - pip:\n")[2], re.MULTILINE))


CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
NOT_IN_CONDA = {"math-core", "playwright"}


def test_every_dependency_is_pinned() -> None:
    assert declared() <= pins().keys()
    assert pins()["torch"] == "2.13.0"


def test_conda_and_pip_give_the_same_versions() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert of_pip(text) == {name: pins()[name] for name in NOT_IN_CONDA}
    wanted = {CONDA_NAMES.get(name, name): pins()[name] for name in declared() - NOT_IN_CONDA}
    assert {**wanted, "python": "3.11"} == conda(text)


def test_students_get_the_part_of_the_conda_environment_that_they_need() -> None:
    text = dict(bundle.contents(COURSE))["environment.yml"].decode()
    wanted = {CONDA_NAMES.get(name, name): pins()[name] for name in declared("pyproject.toml", extras=False)}
    assert {**wanted, "python": "3.11"} == conda(text)
    assert "\n  - pip\n" in text
    assert of_pip(text) == {}


def test_no_file_names_a_package_index() -> None:
    student = ROOT / "autograder" / "source" / "student"
    others = ("Makefile", ".ci/run", "README.md", "constraints.txt", "environment.yml")
    for path in [*SOURCES, *(ROOT / name for name in others), *filter(Path.is_file, student.iterdir())]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"--(extra-)?index-url|pypi\.org|pythonhosted|registry\.npmjs|download\.pytorch", text), (
            path
        )
