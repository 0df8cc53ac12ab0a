"""Chromium, and what it looks at: JupyterLab and the gallery, each in a folder of its own, on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from gradus import demos

ROOT = Path(__file__).parents[1]
NAMES = [name for chapter in demos.CHAPTERS.values() for name in chapter]
CHROMIUM = "/usr/bin/chromium"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
EXTENSION = "--ServerApp.jpserver_extensions={'gradus.server': True}"


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Run Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_FLAGS, *flags])
        yield browser
        browser.close()


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    code: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{i}", "source": cell, "metadata": {}, "outputs": [], "execution_count": None}
        for i, cell in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": code, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


@contextlib.contextmanager
def serving(command: Sequence[str], url: str, folder: Path, log: Path) -> Iterator[None]:
    """Run a server until the block ends; the block starts when ``url`` answers."""
    homes = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | homes | {"PYTHONPATH": path, "HOME": str(folder)}
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait(url, server, log)
            yield
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextlib.contextmanager
def lab(folder: Path, *options: str) -> Iterator[str]:
    """Run JupyterLab on a folder and give its address; ``options`` as on the command line."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", *options]
    with serving(command, f"{url}/api", folder, folder / "lab.log"):
        yield url


@contextlib.contextmanager
def course(folder: Path) -> Iterator[str]:
    """Run JupyterLab on an unpacked bundle, as students do, and give the address that its browser would open."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gradus.learning.lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--allow-root", "--IdentityProvider.token=secret"]
    with serving(command, f"{url}/api", folder, folder / "lab.log"):
        yield f"{url}/?token=secret"


@contextlib.contextmanager
def gallery(folder: Path, *command: str) -> Iterator[str]:
    """Run the lecture gallery and give its address; ``command`` in place of ``python -m gradus.demos.gallery``."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    start = [*(command or (sys.executable, "-m", "gradus.demos.gallery")), "--no-browser", f"--port={port}"]
    with serving(start, url, folder, folder / "gallery.log"):
        yield url


def run_all(page: Page, url: str) -> None:
    """Open a notebook in JupyterLab and run all its cells."""
    page.goto(url)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    page.get_by_text("| Idle").wait_for(timeout=60_000)
    page.get_by_text("Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def restart(page: Page, command: str) -> None:
    """Restart the kernel by an entry of the kernel's menu, "Restart Kernel and …", and wait until it answers."""
    page.get_by_text("Kernel", exact=True).first.click()
    page.locator(".lm-Menu").get_by_text(command).first.click()
    with page.expect_response("**/restart?*"):
        page.locator(".jp-Dialog .jp-mod-accept").click()
    page.get_by_text("| Idle").wait_for(timeout=60_000)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer:\n{log.read_text()[-2000:]}")
