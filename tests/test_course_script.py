"""The students' ``course.py`` and Makefile: what is installed where, and what is said when it cannot be."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from shared import ROOT

STUDENT = ROOT / "autograder" / "source" / "student"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script in a folder of its own, run by a Python 3.11 that is in no environment; commands are noted."""
    for name in ("course.py", "Makefile"):
        shutil.copy(STUDENT / name, tmp_path)
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("course", tmp_path / "course.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ran = []

    def run(command: list[str]) -> int:
        module.ran.append(command)
        if "venv" in command:
            module.OWN.mkdir(exist_ok=True)
        return module.fails if "pip" in command else 0

    module.fails, module.run = 0, run
    this(module, monkeypatch, tmp_path / "python", environment=False)
    return module


def this(module: ModuleType, monkeypatch: pytest.MonkeyPatch, prefix: Path, *, environment: bool) -> None:
    """Let the script be run by the Python in ``prefix``."""
    prefix.mkdir(exist_ok=True)
    fake = SimpleNamespace(
        prefix=str(prefix),
        base_prefix=str(prefix.parent / "base" if environment else prefix),
        executable=str(prefix / "bin" / "python"),
        platform="linux",
        version_info=(3, 11, 7),
    )
    monkeypatch.setattr(module, "sys", fake)


def test_the_first_time_everything_is_installed_and_then_nothing(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["lab"]) == 0
    own = str(tmp_path / ".venv" / "bin" / "python")
    pip = [own, "-m", "pip", "--disable-pip-version-check", "install"]
    opened = [own, "-m", "gradus.learning.lab"]
    assert script.ran == [
        [str(tmp_path / "python" / "bin" / "python"), "-m", "venv", str(tmp_path / ".venv")],
        [*pip, "--requirement", str(tmp_path / "requirements.txt")],
        [*pip, "--no-deps", "--editable", str(tmp_path)],
        [own, "-m", "gradus.learning.startup"],
        opened,
    ]
    said = capsys.readouterr().out
    assert [line.partition(":")[0] for line in said.splitlines()[:4]] == [f"Step {n} of 4" for n in (1, 2, 3, 4)]
    script.ran.clear()
    assert script.main(["handin", "02"]) == 0
    assert script.ran == [[own, "-m", "gradus.learning.handin", "02"]]
    (tmp_path / "requirements.txt").write_text("another version", encoding="utf-8")
    script.ran.clear()
    assert script.main(["install"]) == 0
    assert len(script.ran) == 4


def test_a_step_that_fails_is_named_and_taken_again(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.fails = 7
    assert script.main(["lab"]) == 7
    assert "Step 2 failed; what is written above says why." in capsys.readouterr().out
    script.fails = 0
    script.ran.clear()
    assert script.main(["lab"]) == 0
    assert len(script.ran) == 5


@pytest.mark.parametrize("gpu", [True, False])
def test_on_linux_without_a_gpu_one_learns_of_the_smaller_pytorch(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], gpu: bool
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/nvidia-smi" if gpu else None)
    script.main(["install"])
    assert ("no NVIDIA GPU" in capsys.readouterr().out) != gpu
    assert "Linux without an NVIDIA GPU" in (STUDENT / "README.md").read_text(encoding="utf-8")


def test_an_environment_that_is_active_is_used(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    this(script, monkeypatch, tmp_path / "mine", environment=True)
    script.main(["lab"])
    assert [command[0] for command in script.ran] == [str(tmp_path / "mine" / "bin" / "python")] * 4
    assert not any("venv" in command for command in script.ran)
    script.ran.clear()
    script.main(["lab"])
    assert len(script.ran) == 1


@pytest.mark.parametrize("name", ["gradus", "base", ""])
def test_conda_brings_the_packages_itself_and_its_base_is_left_alone(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    this(script, monkeypatch, tmp_path / "conda", environment=False)
    (tmp_path / "conda" / "conda-meta").mkdir()
    monkeypatch.setenv("CONDA_DEFAULT_ENV", name)
    if not name:
        monkeypatch.delenv("CONDA_DEFAULT_ENV")
    script.main(["install"])
    if name == "gradus":
        (python, *_, option, _), _ = script.ran
        assert (python, option) == (str(tmp_path / "conda" / "bin" / "python"), "--editable")
    else:
        assert "venv" in script.ran[0]
        assert script.ran[1][0] == str(tmp_path / ".venv" / "bin" / "python")
        assert "--requirement" in script.ran[1]


@pytest.mark.parametrize("version", [(3, 9, 1), (3, 12, 0)])
def test_another_python_gets_a_sentence(
    script: ModuleType, capsys: pytest.CaptureFixture[str], version: tuple[int, int, int]
) -> None:
    script.sys.version_info = version
    assert script.main(["lab"]) == 1
    said = f"This is Python 3.{version[1]}, and the course needs Python 3.11. README.md says how to get it.\n"
    assert capsys.readouterr().out == said
    assert script.ran == []
    ast.parse((STUDENT / "course.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_without_a_command_it_says_which_there_are(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main([]) == script.main(["play"]) == 2
    assert "py -3.11" in capsys.readouterr().out


def make(folder: Path, *goals: str, pythons: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
    """Run make where some names of Python exist; each says its name and what it was given."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for tool in ("sh", "echo", "test"):
        if not (tools / tool).exists():
            (tools / tool).symlink_to(shutil.which(tool) or "")
    for name in pythons:
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [shutil.which("make") or "make", *goals],
        cwd=folder,
        env={"PATH": str(tools), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def test_make_takes_the_python_of_an_active_environment_or_the_right_one(script: ModuleType, tmp_path: Path) -> None:
    every = ("python3.11", "python3", "python")
    assert make(tmp_path, "lab", pythons=("python3",)) == (0, "python3 course.py lab")
    assert make(tmp_path, "lab", pythons=every)[1] == "python3.11 course.py lab"
    assert make(tmp_path, "handin", "NOTEBOOK=02", VIRTUAL_ENV="/mine")[1] == "python course.py handin 02"
    assert make(tmp_path, "install", CONDA_DEFAULT_ENV="gradus")[1] == "python course.py install"
    assert make(tmp_path, "install", CONDA_DEFAULT_ENV="base")[1] == "python3.11 course.py install"
    assert make(tmp_path)[1].startswith("make lab ")


def test_make_without_any_python_says_what_to_do(script: ModuleType, tmp_path: Path) -> None:
    code, said = make(tmp_path, "lab")
    assert code != 0
    assert "There is no Python. The course needs Python 3.11: README.md says how to get it." in said


def test_what_the_script_runs_is_there() -> None:
    spec = importlib.util.spec_from_file_location("course", STUDENT / "course.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in module.MODULES.values():
        assert importlib.util.find_spec(name)
    assert module.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert os.name != "posix" or module.python().startswith("/")
