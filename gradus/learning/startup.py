"""What every kernel of the course's environment does at its start: ``python -m gradus.learning.startup`` sees to it.

After a restart, the first cell that a learner runs is often not the one that imports. One line then says what to do.
And arrays are small: to share the work among threads takes longer than the work, and on a busy machine they wait for
each other. So there is one thread where the learner has not said how many; NumPy asks when it is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The environment's variables that say how many threads NumPy and PyTorch use."""
SCRIPT = f"""import os as _os

if not any(name in _os.environ for name in {THREADS}):
    _os.environ.update(dict.fromkeys({THREADS}, "1"))
del _os


def _explain(shell, etype, error, tb, tb_offset=None):
    shell.set_custom_exc((), None)
    try:
        from gradus.learning import session

        session.install()
        session.current().explain(error, tb)
    except Exception:
        shell.showtraceback((etype, error, tb))


get_ipython().set_custom_exc((NameError,), _explain)
del _explain
"""


def main() -> None:
    """Put the script where IPython looks for it in this environment."""
    place = Path(sys.prefix, "etc", "ipython", "startup", "00-gradus.py")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(SCRIPT, encoding="utf-8")


if __name__ == "__main__":
    main()
