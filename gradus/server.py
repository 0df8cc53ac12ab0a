"""A Jupyter Server extension: answers of the kernel reach the browser at once.

Jupyter Server leaves Nagle's algorithm on, so the last of several small messages waits about 40 ms for an
acknowledgement, and every slider with it. Turn the extension on with
``jupyter lab --ServerApp.jpserver_extensions="{'gradus.server': True}"``, as ``make lab`` does.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "gradus.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    settings = app.web_app.settings
    settings["kernel_websocket_connection_class"] = _prompt(settings["kernel_websocket_connection_class"])


def _prompt(connection_class: Any) -> type:
    class PromptConnection(connection_class):
        async def connect(self) -> None:
            self.websocket_handler.set_nodelay(True)
            await super().connect()

    return PromptConnection
