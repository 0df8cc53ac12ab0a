"""The parent of a kernel: what a student's code does to its parent is done to this process, and to nobody who grades.

Run as a script, with the command of the kernel. It ends with its kernel and with whoever started it, and so does what
else its kernel has started.
"""

import os
import signal
import subprocess
import sys


def _main() -> None:
    signal.signal(signal.SIGINT, lambda *_: None)  # meant for the kernel, which would inherit that it is ignored
    grader = os.getppid()
    kernel = subprocess.Popen(sys.argv[1:], env={**os.environ, "JPY_PARENT_PID": str(os.getpid())})
    while os.getppid() == grader:
        try:
            kernel.wait(1)
            break
        except subprocess.TimeoutExpired:
            continue
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _main()
