"""The zip that students get: notebooks, gradus, data, and what it takes to run them; checked for leaks."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from autograder.course import Course, CourseError
from autograder.source import build
from autograder.source import leaks as leaking

_FILES = ("LICENSE", "LICENSE-TEXT", "data/digits.npz", "data/README.md", "data/CHECKSUMS", "pyproject.toml")
_TEXT = (".py", ".ipynb", ".json", ".js", ".css", ".md", ".txt", ".toml", ".yml", "")
_STUDENT = Path(__file__).parent / "student"
_ABOVE = "  # Students get what stands above this line.\n"


def bundle(course: Course, target: Path) -> Path:
    """Write the students' zip to ``target``; the same content gives the same bytes.

    Raises
    ------
    CourseError
        If a generated file is stale, or something in it must not reach students.
    """
    stale = build.stale(course, course.assignments())
    if stale:
        raise CourseError("Rebuild first (make build), these are not up to date: " + ", ".join(stale))
    files = dict(contents(course))
    problems = leaks(course, files)
    if problems:
        raise CourseError("No bundle was written, students would see secrets:\n  " + "\n  ".join(problems))
    return pack(course, files, target)


def pack(course: Course, files: Mapping[str, bytes], target: Path) -> Path:
    """Write files, which `bundle` has checked, to a zip, whole or not at all; all get one date, that of the course."""
    date = time.gmtime(_date(course, files))[:6]
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, prefix=".bundle-", delete=False) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"gradus/{name}", date)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(target)
    return target


def contents(course: Course) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the bundle."""
    for name, path in leaking.student_files(course.root):
        yield name, path.read_bytes()
    for name in _FILES:
        yield name, (course.root / name).read_bytes()
    for path in sorted(path for path in _STUDENT.iterdir() if path.is_file()):
        yield path.name, path.read_bytes()
    yield "requirements.txt", _requirements(course).encode()
    yield "environment.yml", _environment(course).encode()


def leaks(course: Course, files: dict[str, bytes]) -> list[str]:
    """What is in the bundle and must not be."""
    texts = {name: content.decode("utf-8") for name, content in files.items() if Path(name).suffix in _TEXT}
    return leaking.find(texts, leaking.secrets(assignment.source for assignment in course.assignments()))


def _date(course: Course, files: Iterable[str]) -> float:
    """When the content is from: ``SOURCE_DATE_EPOCH``, or the last commit of its files, or else the newest of them."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return float(said)
    mine = [course.root / name for name in files if (course.root / name).is_file()]
    made = [_STUDENT, course.root / "constraints.txt", course.root / "environment.yml"]
    command = ["git", "-C", str(course.root), "log", "-1", "--format=%ct", "--", *map(str, [*mine, *made])]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = ""
    return float(found or max(path.stat().st_mtime for path in mine))


def _environment(course: Course) -> str:
    """The part of the conda environment that students need."""
    text = (course.root / "environment.yml").read_text(encoding="utf-8")
    above = text[text.index("name: ") : text.index(_ABOVE)]
    return f"# conda env create -f environment.yml && conda activate gradus && python course.py lab\n{above}"


def _requirements(course: Course) -> str:
    """The course's exact versions of what the students' package needs, and of what that needs in turn."""
    lines = (course.root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(line.partition("==")[0]): line for line in lines if "==" in line}
    needed: set[NormalizedName] = set()
    pending: list[str] = ["gradus"]
    while pending:
        for text in metadata.requires(pending.pop()) or []:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and name in pins and name not in needed:
                needed.add(name)
                pending.append(name)
    return "\n".join(pins[name] for name in sorted(needed)) + "\n"
