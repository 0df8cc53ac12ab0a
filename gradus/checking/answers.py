"""Answer a judge with the functions of one Python file: ``python -m gradus.checking.answers FILE``.

This is the process that runs somebody's code. It holds no answer and learns no verdict.
"""

from __future__ import annotations

import os
import runpy
import sys

from gradus.checking.client import JUDGE, answer_judge
from gradus.checking.exercises import all_exercises


def main() -> None:
    """Run the file named on the command line and answer every exercise that the judge asks for."""
    defined = runpy.run_path(sys.argv[1], run_name="answers")
    names = [name for name in all_exercises() if name in defined]
    while answer_judge(os.environ[JUDGE], defined.__getitem__, names):
        pass


if __name__ == "__main__":
    main()
