"""Everything you do with the course, on Linux, macOS and Windows, with or without make.

python3.11 course.py lab          install what is missing, then open the notebooks
python3.11 course.py handin 02    write the file to submit, of notebook 02
python3.11 course.py install      only install

On Windows write py -3.11 in place of python3.11. An environment (venv or conda) that is active is used; otherwise one
is made in the folder .venv.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

# An older Python has to understand this file far enough to say that it is too old.
NEEDED = (3, 11)
HERE = Path(__file__).resolve().parent
OWN = HERE / ".venv"
MODULES = {"lab": "gradus.learning.lab", "handin": "gradus.learning.handin"}


def main(argv: list[str]) -> int:
    """Do what the command line says; the exit code comes back."""
    command = argv[0] if argv else ""
    if command not in (*MODULES, "install"):
        print(__doc__)
        return 2
    if sys.version_info[:2] != NEEDED:
        this, needed = (".".join(map(str, version)) for version in (sys.version_info[:2], NEEDED))
        print(f"This is Python {this}, and the course needs Python {needed}. README.md says how to get it.")
        return 1
    code = install()
    if code or command == "install":
        return code
    return run([python(), "-m", MODULES[command], *argv[1:]])


def active() -> bool:
    """Whether this Python belongs to an environment that somebody has made."""
    if in_conda():
        return os.environ.get("CONDA_DEFAULT_ENV", "base") != "base"
    return sys.prefix != sys.base_prefix


def in_conda() -> bool:
    """Whether this is a Python of conda's."""
    return Path(sys.prefix, "conda-meta").is_dir()


def python() -> str:
    """The Python that runs the course."""
    if active():
        return sys.executable
    return str(OWN.joinpath("Scripts", "python.exe") if os.name == "nt" else OWN / "bin" / "python")


def install() -> int:
    """Install what is missing, and show what is done; the exit code comes back."""
    files = [HERE / name for name in ("requirements.txt", "pyproject.toml")]
    content = b"\n".join([str(HERE).encode(), *(file.read_bytes() for file in files)])
    made_from = hashlib.sha256(content).hexdigest()
    stamp = (Path(sys.prefix) if active() else OWN) / "gradus-installed"
    if stamp.exists() and stamp.read_text() == made_from:
        return 0
    todo = steps()
    for number, (says, command) in enumerate(todo, 1):
        print(f"Step {number} of {len(todo)}: {says}", flush=True)
        code = run(command)
        if code:
            print(f"Step {number} failed; what is written above says why. README.md may help.")
            return code
    stamp.write_text(made_from)
    print("The course is installed.", flush=True)
    return 0


def steps() -> list[tuple[str, list[str]]]:
    """What an installation consists of: words and a command for each step."""
    pip = [python(), "-m", "pip", "--disable-pip-version-check", "install"]
    todo = [("the course itself", [*pip, "--no-deps", "--editable", str(HERE)])]
    if not (active() and in_conda()):  # conda has brought the packages: environment.yml names them
        packages = "the packages, which takes some minutes: PyTorch is large"
        if sys.platform == "linux" and not shutil.which("nvidia-smi"):
            packages += " (README.md says how to get a smaller one, as you seem to have no NVIDIA GPU)"
        todo.insert(0, (packages, [*pip, "--requirement", str(HERE / "requirements.txt")]))
    todo.append(("what a restarted kernel says", [python(), "-m", "gradus.learning.startup"]))
    if not active():
        todo.insert(0, ("an environment in .venv", [sys.executable, "-m", "venv", str(OWN)]))
    return todo


def run(command: list[str]) -> int:
    """Run a command to its end, which also decides what Ctrl+C means; the exit code comes back."""
    process = subprocess.Popen(command, cwd=HERE)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
