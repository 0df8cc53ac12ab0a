"""The frozen form of public cases: inputs, what the reference does, and what identifies each known slip.

Of a slip only what is compared is kept, only where it differs from the reference, and of arrays a projection:
enough to recognise the same behaviour, and nothing that shows how it comes about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradus.checking.facts import Behaviour, Fact, Law, Statistic, Value

if TYPE_CHECKING:
    from gradus.checking.exercises import Tolerance

_SHORT = 1
_HUGE = 1e100
_DIGITS = 10


@dataclass(frozen=True)
class Projection:
    """An array by its shape, where it is not finite, and its product with a fixed vector."""

    shape: tuple[int, ...]
    strange: str
    number: float

    @classmethod
    def of(cls, array: np.ndarray) -> Projection:
        """The projection of an array."""
        flat = np.asarray(array, dtype=np.float64).ravel()
        strange = _strange(flat)
        return cls(array.shape, strange, float(_direction(flat.size) @ _tame(flat)))

    def fits(self, array: np.ndarray, tolerance: Tolerance) -> bool:
        """Whether an array has this projection, as exactly as the tolerance asks for."""
        if array.shape != self.shape:
            return False
        other = Projection.of(array)
        scale = float(np.abs(_tame(np.asarray(array, dtype=np.float64).ravel())).sum())
        bound = tolerance.atol * array.size + tolerance.rtol * scale
        return self.strange == other.strange and abs(self.number - other.number) <= bound


def _direction(size: int) -> np.ndarray:
    """A vector with entries of at most 1 that no symmetry of an array is orthogonal to."""
    return np.cos(np.sqrt(2.0) * np.arange(1, size + 1) + 0.5)


def _tame(flat: np.ndarray) -> np.ndarray:
    """The numbers that can be added up; 0 in the place of the others."""
    return np.where(np.isfinite(flat) & (np.abs(flat) < _HUGE), flat, 0.0)


def _strange(flat: np.ndarray) -> str:
    """Which elements are NaN, infinite or huge: a letter for each up to the last of them, "" where there is none."""
    kinds = [np.isnan(flat), np.isposinf(flat), np.isneginf(flat), flat >= _HUGE, flat <= -_HUGE]
    return "".join(np.select(kinds, list("npmhl"), ".")).rstrip(".")


def freeze(one: Behaviour) -> dict[str, Any]:
    """What the reference does, as plain values."""
    if one.errors:
        return {"errors": list(one.errors)}
    kept: dict[str, Any] = {"facts": [_fact(fact) for fact in one.facts]}
    if one.structure:
        shapes = [[step, path, None if shape is None else list(shape)] for step, path, shape in one.structure]
        kept["structure"] = shapes
    return kept


def thaw(frozen: dict[str, Any]) -> Behaviour:
    """The behaviour that ``freeze`` described."""
    structure = tuple(
        (step, path, None if shape is None else tuple(shape)) for step, path, shape in frozen.get("structure", [])
    )
    facts = tuple(_thawed_fact(*fields) for fields in frozen.get("facts", []))
    return Behaviour(facts, tuple(frozen.get("errors", [])), structure)


def fingerprint(slip: Behaviour, right: Behaviour, same: Callable[[Fact, Fact | None], bool]) -> Any:
    """What identifies a slip in one case: the facts in which it differs; None where it does what is right.

    Most slips of most exercises differ in one fact by one number, which then stands alone.

    Parameters
    ----------
    slip, right : Behaviour
    same : callable
        ``same(fact, other) -> bool``, within the tolerance of the exercise.
    """
    if slip.errors:
        return None if slip.error == right.error else slip.error
    known = {(fact.step, fact.name): index for index, fact in enumerate(right.facts)}
    mine = {(fact.step, fact.name) for fact in slip.facts}
    differ = []
    for fact in slip.facts:
        index = known.get((fact.step, fact.name))
        beside = None if index is None else right.facts[index]
        if not same(fact, beside):
            differ.append([[fact.step, fact.name] if index is None else index, *_essence(fact, beside)])
    gone = [index for key, index in known.items() if key not in mine]
    if gone or slip.unusable:
        return [differ, gone, bool(slip.unusable)]
    if len(right.facts) == 1 and len(differ) == 1 and isinstance(differ[0][-1], float) and differ[0][:-1] == [0]:
        return differ[0][1]
    return [differ] if differ or right.errors else None


def recognised(fingerprint: Any, right: Behaviour) -> Behaviour:
    """The behaviour that has a fingerprint, beside the reference's."""
    if fingerprint is None:
        return right
    if isinstance(fingerprint, str):
        return Behaviour(errors=(fingerprint,))
    if isinstance(fingerprint, float):
        fingerprint = [[[0, fingerprint]]]
    differ, gone, unusable = (*fingerprint, [], False)[:3]
    facts: dict[int, Fact] = {index: fact for index, fact in enumerate(right.facts) if index not in gone}
    for place, *essence in differ:
        beside = right.facts[place] if isinstance(place, int) else None
        step, name = (beside.step, beside.name) if beside is not None else place
        facts[place if isinstance(place, int) else len(right.facts) + len(facts)] = _fact_of(
            essence, name, step, beside
        )
    return Behaviour(tuple(facts.values()), unusable="it cannot be measured" if unusable else "")


def _fact(fact: Fact) -> list[Any]:
    if isinstance(fact, Law):
        return ["law", fact.step, fact.name, fact.holds]
    if isinstance(fact, Statistic):
        return ["statistic", fact.step, fact.name, fact.value, fact.expected, fact.within]
    return ["value", fact.step, fact.name, fact.value]


def _thawed_fact(kind: str, step: int, name: str, *rest: Any) -> Fact:
    if kind == "law":
        return Law(name, rest[0], "", step)  # the sentence is for whoever breaks it
    if kind == "statistic":
        value, expected, within = rest
        return Statistic(name, value, expected, within, step=step)
    return Value(name, rest[0], step)


def _essence(fact: Fact, beside: Fact | None) -> list[Any]:
    if isinstance(fact, Law):
        return ["law", fact.holds, *([] if fact.found is None else _essence(Value("", fact.found), None))]
    if isinstance(fact, Statistic):
        return ["mean", _short(fact.value), _short(fact.expected), _short(fact.within)]
    value = fact.value
    if isinstance(value, np.ndarray) and value.size > _SHORT and value.dtype.kind in "biuf":
        seen = Projection.of(value)
        expected = np.shape(beside.value) if isinstance(beside, Value) and not isinstance(beside.value, dict) else None
        if seen.shape == expected and not seen.strange:
            return [_short(seen.number)]
        shape = None if seen.shape == expected else list(seen.shape)
        return ["~", shape, seen.strange, _short(seen.number)]
    if isinstance(value, np.ndarray) and value.shape == ():
        value = float(value)
    plain = isinstance(value, float) and isinstance(beside, Value) and np.ndim(beside.value) == 0
    return [_short(value)] if plain else ["=", value]


def _fact_of(essence: Sequence[Any], name: str, step: int, beside: Fact | None) -> Fact:
    kind, *rest = essence
    if not isinstance(kind, str):
        shape = np.shape(beside.value) if isinstance(beside, Value) else ()
        return Value(name, Projection(shape, "", float(kind)) if shape else kind, step)
    if kind == "law":
        holds, *found = rest
        value = _fact_of(found, "", step, None).value if found else None  # type: ignore[union-attr]
        return Law(name, holds, beside.says if isinstance(beside, Law) else "", step, value)
    if kind == "mean":
        value, expected, within = rest
        return Statistic(name, value, expected, within, step=step)
    if kind == "~":
        shape, strange, number = rest
        known = np.shape(beside.value) if shape is None and isinstance(beside, Value) else tuple(shape)
        return Value(name, Projection(known, strange, float(number)), step)
    return Value(name, rest[0], step)


def _short(number: float) -> float:
    """A number to more digits than any tolerance asks for."""
    return float(f"{number:.{_DIGITS}g}")
