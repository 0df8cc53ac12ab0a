"""The gate: what is read of what a student handed in, and what may be said about it.

Every name and every byte of a submission is somebody else's. Only regular files are opened, no link is followed at any
level below the folder of all submissions, sizes are known before anything is read, and whatever is said about a
submission can be printed anywhere.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import CourseError

LARGEST = 50 * 2**20
"""Bytes of a notebook, and of everything beside it."""
MOST_FILES = 200
TOO_MUCH = (
    f"more lies beside the notebook than can be graded: at most {MOST_FILES} files and {LARGEST // 2**20} MiB. "
    "Take away what the notebook does not need"
)
_MOST_ENTRIES, _DEEPEST = 1000, 20
_LONGEST_ID, _LONGEST_ID_IN_BYTES = 100, 200  # a file name holds 255 bytes, and ours are longer than the id
_IN_IDS = "_-.@+' "
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "a link, and links are not followed: hand in the file itself",
    stat.S_IFIFO: "a named pipe, not a file: take it away",
    stat.S_IFSOCK: "a socket, not a file: take it away",
    stat.S_IFBLK: "a device, not a file: take it away",
    stat.S_IFCHR: "a device, not a file: take it away",
    stat.S_IFDIR: "a folder, not a file",
    stat.S_IFREG: "a file, not a folder",
}


def check_student(student: str) -> None:
    """Refuse a student's id that nbgrader, a file system or an address could read as something else.

    Raises
    ------
    CourseError
        If it is one; the message says what an id may hold.
    """
    fits = len(student) <= _LONGEST_ID and len(student.encode("utf-8", "replace")) <= _LONGEST_ID_IN_BYTES
    inside = all(sign in _IN_IDS or sign.isalnum() or unicodedata.category(sign)[0] == "M" for sign in student)
    if not (fits and inside and student[:1].isalnum() and student[-1] not in ". "):
        raise CourseError(
            f"'{plain(student, 40)}' is no student id: it may hold letters, digits, spaces and _ - . @ + ', begins "
            f"with a letter or a digit, ends in no dot or space, and has at most {_LONGEST_ID} characters. "
            "Rename the folder"
        )


def present(folder: Path, assignment: str) -> list[str]:
    """Students whose folder holds a submission of an assignment or, being a link, could lead to one."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() or (entry.is_dir(follow_symlinks=False) and _lies_in(entry, assignment)):
                found.append(entry.name)
    return sorted(found)


def look(root: Path, *names: str, hidden: bool = False) -> dict[str, int]:
    """The files of a folder and their sizes, by relative path; nothing is opened but folders.

    Parameters
    ----------
    root : Path
        A folder that is trusted.
    *names : str
        The way from there to the folder.
    hidden : bool
        Whether hidden files count, which are no part of a submission.

    Raises
    ------
    CourseError
        If there is anything but files and folders, a name that no other system can hold, or far too much.
    """
    place = _opened(root, names, folder=True)
    try:
        found = {}
        for number, (name, size) in enumerate(_walk(place, "", hidden, _DEEPEST)):
            if number == _MOST_ENTRIES:
                raise CourseError(TOO_MUCH)
            if size is not None:
                found[name] = size
    finally:
        os.close(place)
    return dict(sorted(found.items()))


def read(root: Path, *names: str, most: int) -> bytes:
    """The content of a regular file.

    Parameters
    ----------
    root : Path
        A folder that is trusted.
    *names : str
        The way from there to the file.
    most : int
        Bytes that it may have.

    Raises
    ------
    CourseError
        If it cannot be read; the message says why.
    """
    with os.fdopen(_opened(root, names, folder=False), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(most + 1) if size <= most else b""
    size = max(size, len(content))  # it may be growing
    if size > most:
        allowed = f"{most // 2**20} MiB" if most >= 2**20 else f"{most} bytes"
        raise CourseError(f"{plain(names[-1])} is too large to be read ({size:,} bytes; at most {allowed})")
    return content


def plain(text: object, longest: int = 300) -> str:
    """One line of characters that every terminal and file can hold: all others are written as escapes."""
    line = re.sub(r"[ \t\r\n]+", " ", str(text)).strip() if isinstance(text, Exception) else str(text)
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)


def sentence(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def reason(error: Exception) -> str:
    """Why something could not be done, in one plain line."""
    said = plain(error)
    return said if isinstance(error, CourseError) else f"it could not be graded ({type(error).__name__}: {said})"


def _lies_in(entry: os.DirEntry[str], name: str) -> bool:
    try:
        os.lstat(Path(entry.path, name))
    except FileNotFoundError:
        return False
    except OSError:
        return True  # whoever takes it in finds out what is wrong with it
    return True


def _opened(root: Path, names: tuple[str, ...], folder: bool) -> int:
    """Descriptor of what lies at the end of a way on which there is no link."""
    try:
        place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CourseError(f"{plain(root)} cannot be read: {error.strerror}") from None
    for number, name in enumerate(names, 1):
        try:
            place, above = _step(place, name, folder or number < len(names)), place
        except BaseException:
            os.close(place)
            raise
        os.close(above)
    return place


def _step(place: int, name: str, folder: bool) -> int:
    wanted = stat.S_IFDIR if folder else stat.S_IFREG
    try:
        _demand(name, os.stat(name, dir_fd=place, follow_symlinks=False), wanted)
        handle = os.open(name, _FLAGS | (os.O_DIRECTORY if folder else 0), dir_fd=place)
    except OSError as error:
        raise CourseError(f"{plain(name)} cannot be read: {error.strerror}") from None
    try:
        _demand(name, os.fstat(handle), wanted)  # it may be another one by now
    except CourseError:
        os.close(handle)
        raise
    return handle


def _demand(name: str, found: os.stat_result, wanted: int) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != wanted:
        raise CourseError(f"{plain(name)} is {_KINDS.get(kind, 'neither a file nor a folder')}")


def _walk(place: int, prefix: str, hidden: bool, deeper: int) -> Iterator[tuple[str, int | None]]:
    """Relative paths and sizes; a folder has none."""
    with os.scandir(place) as entries:
        for entry in entries:
            name = entry.name
            if not hidden and (name.startswith(".") or name == "__pycache__"):
                continue
            if "\\" in name or any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name):
                raise CourseError(f"a file has the name '{plain(name, 80)}', which cannot be used: rename it")
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                _demand(prefix + name, found, stat.S_IFREG)
                yield prefix + name, found.st_size
                continue
            if name.endswith(".ipynb"):
                raise CourseError(f"{plain(prefix + name)} is a folder, not a notebook")
            if not deeper:
                raise CourseError(f"folders lie more than {_DEEPEST} deep in each other")
            yield prefix + name, None
            below = _step(place, name, folder=True)
            try:
                yield from _walk(below, f"{prefix}{name}/", hidden, deeper - 1)
            finally:
                os.close(below)
