"""Threads of PyTorch, while somebody waits for a picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def one_thread() -> Iterator[Any]:
    """Let PyTorch, which this returns, use a single thread.

    For networks this small, threads cost more than they bring: on a busy machine they wait for each other.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch
    finally:
        torch.set_num_threads(threads)
