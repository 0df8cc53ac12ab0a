"""A Jupyter Server extension: the start page at ``/gradus``, and answers of the kernel that reach the browser at once.

Jupyter Server leaves Nagle's algorithm on, so the last of several small messages waits about 40 ms for an
acknowledgement, and every slider with it. ``python -m gradus.learning.lab`` turns the extension on, by the settings in
``gradus/settings``; else ``jupyter lab --ServerApp.jpserver_extensions="{'gradus.server': True}"`` does.
"""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "gradus.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    settings = app.web_app.settings
    settings["kernel_websocket_connection_class"] = _prompt(settings["kernel_websocket_connection_class"])
    base = settings["base_url"].rstrip("/")
    start, hand_in = _pages(Path(app.root_dir).resolve())
    app.web_app.add_handlers(".*$", [(f"{base}/gradus/?", start), (rf"{base}/gradus/handin/(\w+)", hand_in)])


def _prompt(connection_class: Any) -> type:
    class PromptConnection(connection_class):
        async def connect(self) -> None:
            self.websocket_handler.set_nodelay(True)
            await super().connect()

    return PromptConnection


def _pages(root: Path) -> tuple[type, type]:
    """The start page and the page of a hand-in, of a server on the folder ``root``."""
    from jupyter_server.base.handlers import JupyterHandler
    from tornado.iostream import StreamClosedError
    from tornado.web import HTTPError, authenticated

    from gradus.learning import handin, place, start, told

    folder = next(filter(place.holds_notebooks, place.within(root)), None)

    class Page(JupyterHandler):
        def set_default_headers(self) -> None:
            super().set_default_headers()
            self.set_header("Content-Type", "text/html; charset=UTF-8")
            self.set_header("Cache-Control", "no-store")

        def link(self, *parts: str) -> str:
            return f"{self.base_url}{quote('/'.join(parts))}"

    class Start(Page):
        @authenticated
        def get(self) -> None:
            found = start.rows(folder, root) if folder else []
            self.finish(start.page(found, self.link, self.xsrf_form_html()))

    class HandIn(Page):
        @authenticated
        async def post(self, name: str) -> None:
            row = next((row for row in start.rows(folder, root) if row.outline.name == name), None) if folder else None
            if row is None or not row.path:
                raise HTTPError(404, reason=f"There is no notebook {name}")
            self.write(f"{start.head('Gradus: hand in')}<main><h1>Hand in</h1>")
            self.write('<div class="running" role="status"><p>Starting a fresh kernel</p>')
            with suppress(StreamClosedError), closing(handin.steps(root / row.path)) as steps:
                await self.flush()
                # The notebook runs in another process, and the server goes on meanwhile.
                while "done" in (step := await asyncio.to_thread(next, steps)):
                    self.write(told.html(step))
                    await self.flush()
                links = [(f"{self.link('files', row.file)}?download=1", "Download the file")] if "told" in step else []
                links.append((self.link("gradus"), "Back to the start page"))
                rest = "".join(f'<p><a href="{address}">{says}</a></p>' for address, says in links)
                self.finish(f"</div><style>.running {{ display: none; }}</style>{told.html(step)}{rest}</main>")

    return Start, HandIn
