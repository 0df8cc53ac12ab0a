"""Slider demos, one per idea: ``demos.scores_to_loss(softmax)`` lets the learner's own softmax move the picture.

Only names live here; a demo's module, the drawing and the widgets load when a demo is first opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradus.demos.backprop import computation_graph, gradient_by_depth, tangent
    from gradus.demos.batch_normalization import batch_statistics, data_shifts, layer_inputs
    from gradus.demos.dropout import blinking_network, dropout_curves
    from gradus.demos.initialization import activation_functions, activations
    from gradus.demos.optimizers import adam_step_size, race
    from gradus.demos.schedules import noisy_quadratic, range_test, schedule_composer
    from gradus.demos.softmax_cross_entropy import outlier, scores_to_loss
    from gradus.demos.training_loop import batch_size, descent

CHAPTERS: dict[str, tuple[str, ...]] = {
    "01 Backprop": ("tangent", "computation_graph", "gradient_by_depth"),
    "02 Softmax and cross-entropy": ("outlier", "scores_to_loss"),
    "03 Training loop": ("batch_size", "descent"),
    "04 Initialization": ("activation_functions", "activations"),
    "05 Optimizers": ("adam_step_size", "race"),
    "06 Schedules": ("noisy_quadratic", "schedule_composer", "range_test"),
    "07 Dropout": ("blinking_network", "dropout_curves"),
    "08 Batch normalization": ("data_shifts", "batch_statistics", "layer_inputs"),
}
"""Chapter title -> its demos, in the order of the course; the chapter's name is also the module's."""

__all__ = [
    "CHAPTERS",
    "activation_functions",
    "activations",
    "adam_step_size",
    "batch_size",
    "batch_statistics",
    "blinking_network",
    "computation_graph",
    "data_shifts",
    "descent",
    "dropout_curves",
    "gradient_by_depth",
    "layer_inputs",
    "noisy_quadratic",
    "outlier",
    "race",
    "range_test",
    "schedule_composer",
    "scores_to_loss",
    "tangent",
]

_MODULES = {
    demo: chapter[3:].lower().replace(" and ", "_").replace("-", "_").replace(" ", "_")
    for chapter, names in CHAPTERS.items()
    for demo in names
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"There is no demo {name!r}; there are {', '.join(sorted(_MODULES))}.")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
