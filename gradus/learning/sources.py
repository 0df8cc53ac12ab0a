"""The source of an answer, whatever its comments and its layout: has it been changed, has it been seen before?"""

from __future__ import annotations

import ast
import hashlib
from typing import Any

from gradus.learning.stubs import Definition, definition


def fingerprint(answer: Any) -> str:
    """Fingerprint of the source of a function or class, "" where there is none at hand."""
    found = definition(answer)
    return digest(ast.unparse(found)) if found else ""


def fingerprint_in(text: str, name: str) -> str:
    """Fingerprint of the function or class that a cell defines under a name, "" if it defines none."""
    try:
        found = [node for node in ast.parse(text).body if isinstance(node, Definition) and node.name == name]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return digest(ast.unparse(found[-1])) if found else ""


def digest(text: str) -> str:
    """A short name for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
