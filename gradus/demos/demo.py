"""A demo: controls, a pure model, and a scene that shows the model's result on a `Stage`.

A demo answers requests and keeps nothing between them: the browser sends every control's value, `Demo.respond` returns
one frame. So views never disturb each other, and the same demo serves JupyterLab, the gallery and a printed page.
"""

from __future__ import annotations

import base64
import html
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradus.checking.client import is_graded
from gradus.demos.stage import Stage
from gradus.learning.lending import is_lent, operation

_WIDGET = "application/vnd.jupyter.widget-view+json"
# JupyterLab takes arrow keys for itself unless the focused element says otherwise.
_KEYS = 'data-lm-suppress-shortcuts="true"'


@dataclass(frozen=True)
class Slider:
    """A number on a line.

    Parameters
    ----------
    name : str
        The model's parameter.
    label : str
        What the reader sees, with the unit after it in ``unit``.
    low, high, start, step : float
        Range, first value and step; with ``log`` the step is in powers of ten, the others rounded to whole steps, and
        every value to the two or three digits that its label shows.
    log : bool
        Whether the slider moves in powers of ten.
    play : float
        Seconds a play button takes from ``low`` to ``high``; 0 for no button.
    """

    name: str
    label: str
    low: float
    high: float
    start: float
    step: float
    unit: str = ""
    log: bool = False
    play: float = 0.0

    def read(self, form: Mapping[str, Any]) -> float:
        """Return the value a browser's form holds.

        Raises
        ------
        ValueError
            If it is not on the slider.
        """
        value = float(form[self.name])
        low, high = (float(self.write(end)) for end in (self.low, self.high))
        # Whoever listens to a lecture can send anything; a million layers would end it.
        if not low <= value <= high:
            raise ValueError(f"{self.name} must be between {low} and {high}; got {value}.")
        return _short(10**value) if self.log else value

    def write(self, value: float) -> str:
        """Return the form's text for a value."""
        if self.log:
            # On the slider's own grid, or the browser would start somewhere else than the model.
            value = self.step * round(float(np.log10(value)) / self.step)
        return f"{value:.6g}"

    def html(self) -> str:
        """Return the control as HTML."""
        name, label = html.escape(self.name), html.escape(self.label)
        low, high, start = (self.write(value) for value in (self.low, self.high, self.start))
        play = (
            f'<button type="button" {_KEYS} class="gradus-play" data-play="{name}" data-seconds="{self.play:g}" '
            f'aria-label="Play {label}" aria-pressed="false"></button>'
            if self.play
            else ""
        )
        return (
            f'<div class="gradus-control"><label>{label} <b></b>'
            f'<input type="range" {_KEYS} name="{name}" min="{low}" max="{high}" step="{self.step:g}" value="{start}" '
            f'data-unit="{html.escape(self.unit)}" data-log="{int(self.log)}"></label>{play}</div>'
        )


@dataclass(frozen=True)
class Choice:
    """One of a few named options, shown side by side.

    Parameters
    ----------
    name, label : str
        As in `Slider`.
    options : tuple of str
        What can be chosen; the model gets the text.
    start : str
        The first choice.
    """

    name: str
    label: str
    options: tuple[str, ...]
    start: str

    def read(self, form: Mapping[str, Any]) -> str:
        """Return the value a browser's form holds."""
        value = str(form[self.name])
        if value not in self.options:
            raise ValueError(f"{self.name} must be one of {', '.join(self.options)}; got {value!r}.")
        return value

    def write(self, value: str) -> str:
        """Return the form's text for a value."""
        return value

    def html(self) -> str:
        """Return the control as HTML."""
        radios = "".join(
            f'<label><input type="radio" {_KEYS} name="{html.escape(self.name)}" value="{html.escape(option)}"'
            f"{' checked' if option == self.start else ''}><span>{html.escape(option)}</span></label>"
            for option in self.options
        )
        return f'<fieldset class="gradus-control"><legend>{html.escape(self.label)}</legend>{radios}</fieldset>'


def _short(value: float) -> float:
    """Round to two digits, three after a leading 1; the browser's ``short`` does the same for the label."""
    return float(f"{value:.{3 if f'{value:.2e}'[0] == '1' else 2}g}")


class StudiedError(Exception):
    """The function being studied raised, or returned something the picture cannot show; the text is for the learner."""


class Studied:
    """The function a demo is about: the learner's own once it is written, PyTorch's until then.

    Parameters
    ----------
    name : str
        The exercise's name, e.g. ``"softmax"``.
    own : callable or None
        The learner's function; a stub that raises ``NotImplementedError`` counts as not yet written.
    """

    def __init__(self, name: str, own: Callable[..., Any] | None) -> None:
        self.name = name
        self._own = None if is_lent(own) else own
        self._lent = operation(name)

    @property
    def is_own(self) -> bool:
        """Whether it is the learner's own."""
        return self._own is not None

    def __call__(self, *args: Any) -> Any:
        """Call the function.

        Raises
        ------
        StudiedError
            If the learner's function raises anything but ``NotImplementedError``.
        """
        return self.used_by(lambda function: function(*args))

    def used_by(self, use: Callable[[Callable[..., Any]], Any]) -> Any:
        """Return ``use(function)``: for what takes more than one call, as a class and its method.

        Raises
        ------
        StudiedError
            As in calling, and what ``use`` itself raises of the kind.
        """
        if self._own is not None:
            try:
                # A warning for every step of a drag would bury the notebook; a NaN in the picture says the same.
                with np.errstate(all="ignore"):
                    return use(self._own)
            except NotImplementedError:
                self._own = None
            except StudiedError:
                raise
            except Exception as error:
                line = traceback.extract_tb(error.__traceback__)[-1].lineno
                raise StudiedError(f"{self.name} raised {type(error).__name__} in its line {line}: {error}") from error
        return use(self._lent)

    def array(self, shape: tuple[int, ...], *args: Any) -> np.ndarray:
        """Call the function and return its result as a float array of that shape.

        Raises
        ------
        StudiedError
            As in calling, and if the result is no array of numbers of that shape.
        """
        result = self(*args)
        try:
            array = np.asarray(result, dtype=float)
        except (TypeError, ValueError):
            raise StudiedError(f"{self.name} returned {type(result).__name__}; expected an array.") from None
        if array.shape != shape:
            raise StudiedError(f"{self.name} returned shape {array.shape}, here it is called for shape {shape}.")
        return array


def _whose(studied: Sequence[Studied]) -> str:
    """Whose functions move a picture; nothing where none is studied."""
    own, lent = ([one.name for one in studied if one.is_own is mine] for mine in (True, False))
    said = f"Your {_listed(own)} {'move' if own[1:] else 'moves'} this picture." if own else ""
    if not lent:
        return said
    moved, them = "the rest" if own else "this picture", "them" if lent[1:] else "it"
    wait = f"until you write {_listed(lent)} and run the cell with {them} in the brackets."
    return f"{said} PyTorch moves {moved} {wait}".strip()


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


@dataclass
class Demo:
    """Controls, model and scene of one idea; shown by a notebook when it is the last value of a cell.

    Parameters
    ----------
    title : str
        What it is about.
    question : str
        What to look for.
    controls : tuple of Slider and Choice
        In the order shown.
    model : callable
        ``model(**values)`` returns the result to show; pure, nothing drawn. What a result has as ``trouble`` is told
        beside the picture of the rest.
    scene : callable
        ``scene(stage, **set_values)`` builds the set and its actors and returns ``show``; ``show(result)`` places the
        actors and returns the state in words, for those who cannot see the picture.
    set_by : tuple of str
        Choices on which the set itself depends; a scene is built once for each combination and kept.
    studied : tuple of Studied
        The functions being studied.
    size : {"notebook", "lecture"}
        Where it is seen.
    height : float
        Height of the picture as a fraction of its width.
    """

    title: str
    question: str
    controls: tuple[Slider | Choice, ...]
    model: Callable[..., Any]
    scene: Callable[..., Callable[[Any], str]]
    set_by: tuple[str, ...] = ()
    studied: tuple[Studied, ...] = ()
    size: str = "notebook"
    height: float = 0.42
    _scenes: dict[str, tuple[Stage, Callable[[Any], str], str]] = field(default_factory=dict, init=False, repr=False)

    def start(self) -> dict[str, str]:
        """Return the form a browser sends before anything was moved."""
        return {control.name: control.write(control.start) for control in self.controls}  # type: ignore[arg-type]

    def respond(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Answer one request of the browser with one frame.

        Parameters
        ----------
        request : mapping
            ``form``: text of every control; ``set``: key of the set the browser already shows.

        Returns
        -------
        message : dict
            ``set`` (key) and, when the browser has another one, ``svg`` and ``looks``; ``counts``, ``words``, ``alt``,
            ``note``, ``error``; or ``error`` instead of a frame. ``gap``: milliseconds to leave between requests, 0
            when quick.
        data : bytes
            The actors' numbers, float32.
        """
        begun = time.perf_counter()
        try:
            values = {control.name: control.read(request["form"]) for control in self.controls}
            stage, show, key = self._scene(values)
            now = self.model(**values)
            alt = show(now)
        except StudiedError as error:
            return {"error": str(error), "note": ""}, b""
        counts, words, data = stage.frame()
        message: dict[str, Any] = {
            "set": key,
            "counts": counts,
            "words": words,
            "alt": alt,
            "note": _whose(self.studied),
            "error": getattr(now, "trouble", ""),
        }
        if request.get("set") != key:
            message |= {"svg": stage.set(), "looks": stage.looks(), "shape": stage.shape}
        took = 1000 * (time.perf_counter() - begun)
        # The time of one request, and a little for what the kernel does around it.
        message["gap"] = took + 2 if took > 10 else 0
        return message, data

    def picture(self, **values: Any) -> tuple[bytes, str]:
        """Draw one state with matplotlib alone.

        Parameters
        ----------
        **values
            Values of controls; the others stay as they start.

        Returns
        -------
        png : bytes
        alt : str
            The state in words.
        """
        values = {control.name: control.read(self.start()) for control in self.controls} | values
        stage, show, _ = self._scene(values)
        alt = show(self.model(**values))
        return stage.picture(), alt

    def html(self) -> str:
        """Return everything but the picture, which the browser's half of the stage fills in."""
        controls = "".join(control.html() for control in self.controls)
        return (
            f'<form class="gradus-demo gradus-{self.size}" autocomplete="off" '
            f'aria-label="{html.escape(self.title)}"><h2>{html.escape(self.title)}</h2>'
            f'<p class="gradus-question">{html.escape(self.question)}</p>'
            '<div class="gradus-picture"><div><img alt=""><canvas role="img"></canvas></div></div>'
            f'<div class="gradus-controls">{controls}<button type="reset" {_KEYS}>Reset</button></div>'
            '<p class="gradus-note"></p><p class="gradus-error" role="alert" hidden></p>'
            '<p class="gradus-spoken" aria-live="polite"></p></form>'
        )

    def _scene(self, values: Mapping[str, Any]) -> tuple[Stage, Callable[[Any], str], str]:
        chosen = {name: values[name] for name in self.set_by}
        key = "set " + " ".join(map(str, chosen.values()))
        if key not in self._scenes:
            stage = Stage(self.size, self.height)
            with stage.styled():
                self._scenes[key] = (stage, self.scene(stage, **chosen), key)
        return self._scenes[key]

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            png, alt = self.picture()
        except StudiedError as error:
            bundle: dict[str, Any] = {"text/plain": f"{self.title}: {error}"}
            metadata: dict[str, Any] = {}
        else:
            bundle = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": f"{self.title}. {alt}"}
            metadata = {"image/png": {"alt": alt}}
        # Nobody moves a slider while a notebook is graded.
        if not is_graded():
            from gradus.demos.widget import LiveDemo

            bundle[_WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": LiveDemo.of(self).model_id}
        return bundle, metadata
