"""JupyterLab on the notebooks, with the course's settings: ``python -m gradus.learning.lab``.

It opens on the start page, asks nothing and shows no news. What it keeps stays beside the notebooks; settings of your
own, in your home, hold as well.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gradus.learning import place, state

SETTINGS = Path(__file__).resolve().parents[1] / "settings"


def main(argv: list[str]) -> None:
    """Run JupyterLab until it is stopped; ``argv`` are options of its own."""
    folder = place.notebooks()
    if folder is None:
        sys.exit("There are no notebooks here. Go to the folder of the course first.")
    paths = [str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    from jupyterlab.labapp import main as lab

    lab([str(folder), f"--LabApp.workspaces_dir={folder / state.FOLDER / 'workspaces'}", *argv])


if __name__ == "__main__":
    main(sys.argv[1:])
