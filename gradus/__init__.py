"""Gradus: learn to train neural networks by writing each piece yourself.

What a notebook needs is here: ``check`` judges an answer, ``data`` loads real data sets, ``plots`` draws in the
course's style, ``demos`` opens the slider demos, ``predict`` asks what will happen and ``outcome`` tells, ``lend`` puts
PyTorch in the place of what is not written yet, ``progress`` shows how far one is, ``handin`` writes the file to
submit. Everything heavy (torch, matplotlib, widgets) loads when first used.
"""

from gradus import data, demos, plots
from gradus.checking import check
from gradus.learning import session
from gradus.learning.fromcell import handin
from gradus.learning.lending import lend
from gradus.learning.predictions import choice, number, outcome, predict
from gradus.learning.progress import progress

__all__ = ["check", "choice", "data", "demos", "handin", "lend", "number", "outcome", "plots", "predict", "progress"]
__version__ = "0.1.0"

session.install()
