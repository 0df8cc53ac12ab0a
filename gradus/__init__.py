"""Gradus: learn to train neural networks by writing each piece yourself.

What a notebook needs is here: ``check`` judges an answer, ``data`` loads real data sets, ``plots`` draws in the
course's style, ``demos`` opens the slider demos, ``handin`` writes the file to submit. Everything heavy (torch,
matplotlib, widgets) loads when first used.
"""

from gradus import data, demos, plots
from gradus.checking import check
from gradus.learning.fromcell import handin

__all__ = ["check", "data", "demos", "handin", "plots"]
__version__ = "0.1.0"
