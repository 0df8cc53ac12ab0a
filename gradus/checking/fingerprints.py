"""The frozen form of public cases: inputs, what the reference does, and what identifies each known slip.

Of a slip only what is compared is kept, only where it differs from the reference, and of long arrays a few projections:
enough to recognise the same behaviour, and nothing that shows how it comes about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradus.checking.facts import Behaviour, Fact, Law, Statistic, Value

if TYPE_CHECKING:
    from gradus.checking.exercises import Tolerance

_SHORT = 6
_HUGE = 1e100
_PROJECTIONS = 3


@dataclass(frozen=True)
class Projection:
    """A long array by its shape, where it is not finite, and its products with a few fixed vectors."""

    shape: tuple[int, ...]
    strange: str
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, array: np.ndarray) -> Projection:
        """The projection of an array."""
        flat = np.asarray(array, dtype=np.float64).ravel()
        strange = _strange(flat)
        numbers = _directions(flat.size) @ _tame(flat)
        return cls(array.shape, strange, tuple(float(number) for number in numbers))

    def fits(self, value: Any, *tolerances: Tolerance | None) -> bool:
        """Whether ``value`` has this projection, as exactly as the looser of the tolerances asks for."""
        try:
            array = np.asarray(value)
        except ValueError:
            return False
        if array.shape != self.shape or array.dtype.kind not in "biuf":
            return False
        other = Projection.of(array)
        flat = np.asarray(array, dtype=np.float64).ravel()
        scale = float(np.abs(_tame(flat)).sum())
        bound = max(one.atol * flat.size + one.rtol * scale for one in tolerances if one is not None)
        return self.strange == other.strange and bool(np.all(np.abs(np.subtract(self.numbers, other.numbers)) <= bound))


def _directions(size: int) -> np.ndarray:
    """Vectors with entries of at most 1 that no symmetry of an array is orthogonal to."""
    return np.cos(np.outer(np.sqrt([2.0, 3.0, 5.0])[:_PROJECTIONS], np.arange(1, size + 1)) + 0.5)


def _tame(flat: np.ndarray) -> np.ndarray:
    """The numbers that can be added up; 0 in the place of the others."""
    return np.where(np.isfinite(flat) & (np.abs(flat) < _HUGE), flat, 0.0)


def _strange(flat: np.ndarray) -> str:
    """Which elements are NaN, infinite or huge: a letter for each up to the last of them, "" where there is none."""
    kinds = [np.isnan(flat), np.isposinf(flat), np.isneginf(flat), flat >= _HUGE, flat <= -_HUGE]
    return "".join(np.select(kinds, list("npmhl"), ".")).rstrip(".")


def freeze(one: Behaviour, beside: Behaviour | None = None, *, same: Any = None) -> dict[str, Any] | None:
    """A behaviour as plain values.

    Parameters
    ----------
    one : Behaviour
    beside : Behaviour, optional
        The reference's, where ``one`` is a slip's: only what differs is kept then, and None if nothing does.
    same : callable
        ``same(fact, other) -> bool``, needed with ``beside``.
    """
    if one.errors:
        return None if beside is not None and beside.error == one.error else {"errors": list(one.errors[:1])}
    if beside is None:
        kept = {"facts": [_fact(fact) for fact in one.facts]}
        if one.structure:
            structure = [[step, path, None if shape is None else list(shape)] for step, path, shape in one.structure]
            kept["structure"] = structure
        return kept
    right = {(fact.step, fact.name): fact for fact in beside.facts}
    differ = [fact for fact in one.facts if not same(fact, right.get((fact.step, fact.name)))]
    gone = sorted(right.keys() - {(fact.step, fact.name) for fact in one.facts})
    if not differ and not gone and not one.unusable:
        return None
    print_: dict[str, Any] = {"facts": [_fact(fact, short=True) for fact in differ]}
    if gone:
        print_["gone"] = [list(key) for key in gone]
    if one.unusable:
        print_["unusable"] = True
    return print_


def thaw(frozen: dict[str, Any] | None, beside: Behaviour | None = None) -> Behaviour:
    """The behaviour that ``freeze`` described; ``beside`` is the reference's, where a slip's is meant."""
    if frozen is None:
        return beside or Behaviour()
    if "errors" in frozen:
        return Behaviour(errors=tuple(frozen["errors"]))
    facts = [_thawed(fields) for fields in frozen["facts"]]
    structure = tuple(
        (step, path, None if shape is None else tuple(shape)) for step, path, shape in frozen.get("structure", [])
    )
    if beside is None:
        return Behaviour(tuple(facts), structure=structure)
    changed = {(fact.step, fact.name): fact for fact in facts}
    gone = {(step, name) for step, name in frozen.get("gone", [])}
    kept = [changed.pop((fact.step, fact.name), fact) for fact in beside.facts if (fact.step, fact.name) not in gone]
    unusable = "it cannot be measured" if frozen.get("unusable") else ""
    return Behaviour((*kept, *changed.values()), unusable=unusable)


def _fact(fact: Fact, *, short: bool = False) -> list[Any]:
    if isinstance(fact, Law):
        return ["law", fact.step, fact.name, fact.holds, "" if short else fact.says]
    if isinstance(fact, Statistic):
        return ["statistic", fact.step, fact.name, fact.value, fact.expected, fact.within]
    if short and isinstance(fact.value, np.ndarray) and fact.value.size > _SHORT and fact.value.dtype.kind in "biuf":
        seen = Projection.of(fact.value)
        return ["long", fact.step, fact.name, list(seen.shape), seen.strange, np.array(seen.numbers)]
    return ["value", fact.step, fact.name, fact.value]


def _thawed(fields: Sequence[Any]) -> Fact:
    kind, step, name, *rest = fields
    if kind == "law":
        return Law(name, *rest, step=step)
    if kind == "statistic":
        value, expected, within = rest
        return Statistic(name, value, expected, within, step=step)
    if kind == "long":
        shape, strange, numbers = rest
        return Value(name, Projection(tuple(shape), strange, tuple(float(number) for number in numbers)), step)
    return Value(name, rest[0], step)
