"""A demo in a notebook: one widget that hands the browser's requests to the demo.

The demo opens its view when a notebook shows it; the view knows of it what `Demo.html`, `start` and `respond` return.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from gradus.demos.demo import Demo

_HERE = Path(__file__).parent
_open: dict[str, LiveDemo] = {}


class LiveDemo(anywidget.AnyWidget):
    """The live view of one demo."""

    _esm = (_HERE / "stage.js").read_text(encoding="utf-8")
    _css = (_HERE / "stage.css").read_text(encoding="utf-8")
    html = traitlets.Unicode().tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    @classmethod
    def of(cls, demo: Demo) -> LiveDemo:
        """Open a demo, closing the one that the same cell opened before."""
        cell = _cell()
        if cell in _open:
            _open.pop(cell).close()
        message, data = demo.respond({"form": demo.start()})
        view = cls(html=demo.html(), opening={"message": message, "data": data})
        view.on_msg(lambda view, request, buffers: view._answer(demo, request))
        if cell:
            _open[cell] = view
        return view

    def _answer(self, demo: Demo, request: dict[str, Any]) -> None:
        try:
            message, data = demo.respond(request)
        except Exception as error:
            # The browser waits for an answer before it sends the next value.
            self.send({"error": f"The demo itself failed: {type(error).__name__}: {error}", "note": ""})
            raise
        self.send(message, [data])


def _cell() -> str:
    """Return the id of the notebook cell being run, empty where there is none."""
    from IPython import get_ipython

    shell = get_ipython()
    header: dict[str, Any] = getattr(getattr(shell, "kernel", None), "get_parent", dict)() if shell else {}
    return str(header.get("metadata", {}).get("cellId", ""))
