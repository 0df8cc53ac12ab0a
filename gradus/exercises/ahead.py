"""What demos need of PyTorch before the notebooks of their topics are there; it then moves to the drives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradus.learning.lending import lends


@lends("numerical_gradient")
def _torch_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    import torch

    at = torch.tensor(np.asarray(x, dtype=np.float64))
    moves = h * torch.eye(at.numel(), dtype=torch.float64).reshape(-1, *at.shape)
    values = [[float(f((at + side * move).numpy())) for move in moves] for side in (-1, 0, 1)]
    return torch.gradient(torch.tensor(values, dtype=torch.float64), spacing=h, dim=0)[0][1].reshape(at.shape).numpy()
