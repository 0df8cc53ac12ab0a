"""Arguments that are no plain data: generators, models, functions.

Only arrays, numbers and names travel. A case therefore holds a `Made` argument, the name of a family and plain values,
and the object itself is made where the answer runs. A *served* function is not made there at all: each call of it goes
back to whoever judges, who answers it and remembers it.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradus.checking.plain import plain, size


@dataclass(frozen=True)
class Made:
    """An argument to be made: see `rng`, and `family` and `serves` for more.

    Attributes
    ----------
    family : str
    given : mapping of str to value
        Plain values: arrays, numbers, strings, lists and dicts of these.
    """

    family: str
    given: Mapping[str, Any]

    def __str__(self) -> str:
        """What a report shows in place of the object."""
        return find_family(self.family).words(**self.given)


@dataclass(frozen=True)
class Call:
    """One call of a served function, as the judge remembers it."""

    arguments: tuple[Any, ...]
    value: Any


@dataclass(frozen=True)
class Family:
    """How the objects of one family are made.

    Attributes
    ----------
    name : str
    make : callable
        ``make(**given)`` is the object, or for a served family the function that answers a call.
    words : callable
        ``words(**given)`` describes the object to a learner.
    most_calls : int
        How often a served function may be called in one case; 0 for what is not served.
    prepare : callable
        Runs beside the answer: turns the arguments of a call into plain values, generators into draws, for instance.
    """

    name: str
    make: Callable[..., Any]
    words: Callable[..., str]
    most_calls: int = 0
    prepare: Callable[..., Sequence[Any]] = field(default=lambda *arguments: arguments)

    @property
    def is_served(self) -> bool:
        """Whether its calls are answered by whoever judges."""
        return self.most_calls > 0


Serve = Callable[[str, Sequence[Any]], Any]
"""``serve(argument, arguments) -> value``: answers a call of the served function that ``argument`` names."""

_FAMILIES: dict[str, Family] = {}


def family(name: str, words: str | Callable[..., str]) -> Callable[[Callable[..., Any]], Callable[..., Made]]:
    """Register the decorated function, which makes an object from plain values; what comes back makes the argument.

    Decorate ``def cubic(a, b): return lambda x: ...`` with ``@family("cubic", words="a cubic")``, and a case can say
    ``{"f": cubic(a=1, b=2)}``.

    Parameters
    ----------
    name : str
    words : str or callable
        What a report shows in place of the object; a callable takes the same values.
    """
    return _register(name, words, 0, None)


def serves(
    name: str,
    words: str | Callable[..., str],
    *,
    most_calls: int,
    prepare: Callable[..., Sequence[Any]] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Made]]:
    """Register the decorated function, which makes from plain values the function that answers calls for the judge.

    What that function raises as a ``ValueError`` is raised in the learner's code, with the same words.

    Parameters
    ----------
    name : str
    words : str or callable
    most_calls : int
        How often it may be called in one case.
    prepare : callable, optional
        ``prepare(*arguments) -> plain values``, run beside the answer on what the learner passed.
    """
    return _register(name, words, most_calls, prepare)


def _register(
    name: str, words: str | Callable[..., str], most_calls: int, prepare: Callable[..., Sequence[Any]] | None
) -> Callable[[Callable[..., Any]], Callable[..., Made]]:
    def register(make: Callable[..., Any]) -> Callable[..., Made]:
        known = _FAMILIES.get(name)
        if known is not None and known.make.__module__ != make.__module__:
            raise ValueError(f"the family {name!r} is already defined in {known.make.__module__}")
        say = words if callable(words) else lambda **_: words
        options = {} if prepare is None else {"prepare": prepare}
        _FAMILIES[name] = Family(name, make, say, most_calls, **options)
        return lambda **given: Made(name, given)

    return register


def find_family(name: str) -> Family:
    """The family called ``name``.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in _FAMILIES:
        raise ValueError(f"there is no family of arguments called {name!r}")
    return _FAMILIES[name]


@family("rng", words="a numpy.random.Generator")
def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def rng(seed: int | np.random.Generator) -> Made:
    """A generator for an answer to draw from; a generator in place of a seed draws the seed."""
    drawn = int(seed.integers(2**32)) if isinstance(seed, np.random.Generator) else int(seed)
    return _generator(seed=drawn)


class Server:
    """Answers the calls of served functions in one case, and remembers them.

    Parameters
    ----------
    inputs : mapping of str to value
        The inputs of the case.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._made = {name: value for name, value in inputs.items() if is_served(value)}
        self._functions = {name: find_family(value.family).make(**value.given) for name, value in self._made.items()}
        self._room = 1000 + 8 * size({name: value for name, value in inputs.items() if not isinstance(value, Made)})
        self.calls: dict[str, list[Call]] = {name: [] for name in self._made}

    @property
    def most_calls(self) -> int:
        """How many calls it answers, of all its functions together."""
        return sum(find_family(value.family).most_calls for value in self._made.values())

    def __call__(self, argument: str, arguments: Sequence[Any]) -> Any:
        """Answer one call.

        Raises
        ------
        ValueError
            If the function refuses the call, or was called too often; the sentence is for the learner.
        """
        if argument not in self._functions:
            raise ValueError(f"there is no function {argument!r}")
        if size(list(arguments)) > self._room:
            raise ValueError(f"{argument} was called with far larger arguments than this case has")
        most = find_family(self._made[argument].family).most_calls
        if len(self.calls[argument]) >= most:
            raise ValueError(f"{argument} was called more than {most} times")
        try:
            value = self._functions[argument](*arguments)
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(f"{argument} cannot be called like this: {type(error).__name__}: {error}") from None
        self.calls[argument].append(Call(tuple(arguments), copy.deepcopy(value)))
        return value


def is_served(value: Any) -> bool:
    """Whether an input is a function whose calls are served."""
    return isinstance(value, Made) and find_family(value.family).is_served


def make(name: str, value: Any, serve: Serve) -> Any:
    """The object that an input stands for; the input itself where it is plain."""
    if not isinstance(value, Made):
        return value
    found = find_family(value.family)
    if not found.is_served:
        return found.make(**value.given)

    def call(*arguments: Any, **named: Any) -> Any:
        if named:  # by the names that the served function gives its arguments
            arguments = inspect.signature(found.make(**value.given)).bind(*arguments, **named).args
        return serve(name, [plain(value, f"an argument of {name}") for value in found.prepare(*arguments)])

    call.__name__ = call.__qualname__ = name
    return call


def measured_inputs(inputs: Mapping[str, Any], calls: Mapping[str, Sequence[Call]]) -> dict[str, Any]:
    """The inputs as `measure` sees them: in the place of each served function, its calls."""
    return {**inputs, **{name: tuple(made) for name, made in calls.items()}}
