"""The zip that students get: notebooks, gradus, data, and what it takes to run them; checked for leaks."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from autograder.course import Course, CourseError
from autograder.source import build
from autograder.source import leaks as leaking

_FOLDERS = ("gradus", "notebooks")
_FILES = ("LICENSE", "LICENSE-TEXT", "data/digits.npz", "data/README.md", "data/CHECKSUMS", "pyproject.toml")
_NEVER = ("/.gradus/", "__pycache__", ".ipynb_checkpoints", ".pyc", ".egg-info")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_TEXT = (".py", ".ipynb", ".json", ".js", ".css", ".md", ".txt", ".toml", "")


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
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, prefix=".bundle-", delete=False) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"gradus/{name}", _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(target)
    return target


def contents(course: Course) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the bundle."""
    for folder in _FOLDERS:
        for path in sorted((course.root / folder).rglob("*")):
            name = str(path.relative_to(course.root))
            if path.is_file() and not any(part in name for part in _NEVER):
                yield name, path.read_bytes()
    for name in _FILES:
        yield name, (course.root / name).read_bytes()
    student = Path(__file__).parent / "student"
    for path in sorted(student.iterdir()):
        yield path.name, path.read_bytes()
    yield "requirements.txt", _requirements(course).encode()


def leaks(course: Course, files: dict[str, bytes]) -> list[str]:
    """What is in the bundle and must not be."""
    texts = {name: content.decode("utf-8") for name, content in files.items() if Path(name).suffix in _TEXT}
    return leaking.find(texts, leaking.secrets(assignment.source for assignment in course.assignments()))


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
