"""What students would receive and must not: solutions, model answers, mark schemes, slips, saved outputs.

Every text is read once and every secret looked up in all of them together, in time linear in their sizes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autograder.errors import CourseError
from autograder.judging import catalogue
from autograder.source.notebook import Source, regions

TELLING = 25
"""Characters, white space aside, from which on a line does not occur by chance."""
_BLOCK = (TELLING + 1) // 2  # wherever a telling line stands, it covers one whole block of a text cut at its multiples
_WORDS = ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME", "autograder")
_NEVER = ("__pycache__", ".ipynb_checkpoints", ".pyc", ".egg-info", "notebooks/.gradus/", "notebooks/handin/")
_SUFFIXES = (".py", ".ipynb", ".json", ".js", ".md", ".txt", ".toml")


def student_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of every file of ``gradus/`` and ``notebooks/`` that students receive."""
    for folder in ("gradus", "notebooks"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and not any(part in name for part in _NEVER):
                yield name, path


def student_texts(root: Path) -> Iterator[tuple[str, str]]:
    """Name and content of every text among them."""
    for name, path in student_files(root):
        if path.suffix in _SUFFIXES:
            yield name, path.read_text(encoding="utf-8")


def secrets(sources: Iterable[Source]) -> dict[str, list[str]]:
    """What students must not receive: for each secret its telling lines."""
    found: dict[str, str] = {}
    for source in sources:
        for cell in source.cells:
            if cell.kind in ("solution", "answer"):
                for number, region in enumerate(regions(cell)):
                    found[f"the {cell.kind} of {cell.name} ({number})"] = region
            elif cell.kind == "mark_scheme":
                found[f"the mark scheme of {cell.name}"] = "\n".join(regions(cell))
        for exercise in source.exercises:
            found |= _slips(exercise, source.solutions[exercise])
    return {what: telling(text) for what, text in found.items()}


def find(texts: Mapping[str, str], secrets: Mapping[str, list[str]]) -> list[str]:
    """Name every text that holds all telling lines of a secret, a word of the instructors' side, or saved outputs.

    Parameters
    ----------
    texts : mapping of str to str
        Content of files by name; of a notebook, the cells are read.
    secrets : mapping of str to list of str
        As ``secrets`` makes them.
    """
    holders = _holders(texts, {line for lines in secrets.values() for line in lines})
    problems = []
    for what, lines in secrets.items():
        if lines:
            everywhere = set.intersection(*(holders[line] for line in lines))
            problems += [f"{path} holds {what}" for path in sorted(everywhere)]
    for path, text in texts.items():
        problems += [f"{path} holds the words {word!r}" for word in _WORDS if word in text]
        if path.endswith(".ipynb") and '"output_type"' in text:
            problems.append(f"{path} holds saved outputs")
    return problems


def _holders(texts: Mapping[str, str], lines: Iterable[str]) -> dict[str, set[str]]:
    """Line -> the texts that hold it, wherever the line breaks are."""
    blocks: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in lines:
        for start in range(_BLOCK):
            blocks[line[start : start + _BLOCK]].append((line, start))
    found: dict[str, set[str]] = defaultdict(set)
    for path, text in texts.items():
        plain = _squeeze(_plain(path, text))
        for position in range(0, len(plain), _BLOCK):
            for line, start in blocks.get(plain[position : position + _BLOCK], ()):
                if position >= start and plain.startswith(line, position - start):
                    found[line].add(path)
    return found


def _plain(path: str, text: str) -> str:
    """The text as a reader sees it: of a notebook, its cells."""
    if not path.endswith(".ipynb"):
        return text
    try:
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    except (ValueError, KeyError, TypeError):
        raise CourseError(f"{path} is not a notebook: delete it, then make it again with make build.") from None


def telling(text: str) -> list[str]:
    """The lines that do not occur by chance, without white space; where all are short, the whole text if it is long."""
    lines = [line for line in map(_squeeze, text.splitlines()) if len(line) >= TELLING]
    whole = _squeeze(text)
    return lines or [whole] * (len(whole) >= TELLING)


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _slips(exercise: str, solution: str) -> dict[str, str]:
    """What is secret about the slips of an exercise: their code, signatures aside."""
    return {
        f"the slip {slip.id} of {exercise}": "\n".join(
            line for line in slip.cell(solution).splitlines() if not _opens(line)
        )
        for slip in catalogue.slips(exercise)
        if slip.exercise == exercise
    }


def _opens(line: str) -> bool:
    return line.lstrip().startswith(("def ", "class "))
