"""Lecture mode: every demo full-screen at its own address, for any number of viewers.

``python -m gradus.demos.gallery`` serves the demos at http://localhost:8800/ without notebooks, kernels or internet.
A demo keeps no state between requests: one process serves everybody, a page opens at once, and what one viewer does
no other sees.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import traceback
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from gradus import demos
from gradus.demos.demo import Demo

_HERE = Path(__file__).parent
_NAMES = [name for chapter in demos.CHAPTERS.values() for name in chapter]


def serve(functions: Mapping[str, Sequence[Callable[..., Any]]] | None = None, argv: list[str] | None = None) -> None:
    """Serve the gallery until interrupted.

    Parameters
    ----------
    functions : mapping of str to sequence of callable, optional
        Demo -> the functions it studies; PyTorch's for a demo that is not named.
    argv : list of str, optional
        Command line, ``sys.argv`` when not given.
    """
    parser = argparse.ArgumentParser(description="Serve every demo full-screen, by chapter.")
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--ip", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets the audience in")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    options = parser.parse_args(argv)

    async def run() -> None:
        application(functions or {}).listen(options.port, options.ip)
        url = f"http://localhost:{options.port}/"
        print(f"The gallery is at {url} (stop with Ctrl+C).", flush=True)
        if not options.no_browser:
            webbrowser.open(url)
        await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        print("Gallery closed.")


def application(functions: Mapping[str, Sequence[Callable[..., Any]]]) -> Application:
    """Return the gallery as a tornado application; ``functions`` as in `serve`."""

    @cache
    def opened(name: str) -> Demo:
        if name not in _NAMES:
            raise HTTPError(404, reason=f"There is no demo {name}")
        return getattr(demos, name)(*functions.get(name, ()), size="lecture")

    return Application(
        [
            (r"/", _Index, {"opened": opened}),
            (r"/demo/(\w+)", _Page, {"opened": opened}),
            (r"/live/(\w+)", _Live, {"opened": opened}),
            (r"/thumbnail/(\w+)\.png", _Thumbnail, {"drawn": cache(lambda name: opened(name).picture()[0])}),
            (r"/static/(stage\.js|stage\.css|gallery\.js|gallery\.css)", StaticFileHandler, {"path": _HERE}),
        ]
    )


class _Opening(RequestHandler):
    def initialize(self, opened: Callable[[str], Demo]) -> None:
        self.opened = opened


class _Index(_Opening):
    def get(self) -> None:
        chapters = ""
        for title, names in demos.CHAPTERS.items():
            cards = "".join(
                f'<li><a href="/demo/{name}"><img src="/thumbnail/{name}.png" alt="" loading="lazy">'
                f"<span>{html.escape(self.opened(name).title)}</span></a></li>"
                for name in names
            )
            chapters += f"<section><h2>{html.escape(title)}</h2><ul>{cards}</ul></section>"
        self.write(_page("Gradus: demos", f'<main class="index"><h1>Demos</h1>{chapters}</main>'))


class _Page(_Opening):
    def get(self, name: str) -> None:
        demo = self.opened(name)
        at = _NAMES.index(name)
        before, after = _NAMES[at - 1], _NAMES[(at + 1) % len(_NAMES)]
        links = (
            f'<nav><a href="/demo/{before}" rel="prev" aria-label="Previous demo">‹</a>'
            '<a href="/" aria-label="All demos">☰</a>'
            f'<a href="/demo/{after}" rel="next" aria-label="Next demo">›</a></nav>'
        )
        body = f'{links}<main class="stage" data-demo="{name}"></main>'
        body += '<script type="module" src="/static/gallery.js"></script>'
        self.write(_page(demo.title, body))


class _Thumbnail(RequestHandler):
    def initialize(self, drawn: Callable[[str], bytes]) -> None:
        self.drawn = drawn

    def get(self, name: str) -> None:
        self.set_header("Content-Type", "image/png")
        self.write(self.drawn(name))


class _Live(WebSocketHandler):
    def initialize(self, opened: Callable[[str], Demo]) -> None:
        self.opened = opened

    async def open(self, name: str) -> None:
        self.set_nodelay(True)
        self.demo = self.opened(name)
        message, data = self.demo.respond({"form": self.demo.start()})
        await self.write_message(_pack(message | {"html": self.demo.html()}, data), binary=True)

    async def on_message(self, request: str | bytes) -> None:
        try:
            message, data = self.demo.respond(json.loads(request))
        except Exception as error:
            traceback.print_exc()
            # The page waits for an answer before it sends the next value.
            message, data = {"error": f"The demo itself failed: {type(error).__name__}: {error}", "note": ""}, b""
        with suppress(WebSocketClosedError):  # a viewer may leave while an answer is under way
            await self.write_message(_pack(message, data), binary=True)


def _pack(message: Mapping[str, Any], data: bytes) -> bytes:
    text = json.dumps(message).encode()
    return len(text).to_bytes(4, "little") + text + data


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/static/stage.css"><link rel="stylesheet" href="/static/gallery.css">'
        f"<body>{body}</body></html>"
    )


if __name__ == "__main__":
    serve()
