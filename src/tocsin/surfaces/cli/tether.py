"""Ties a program to the process that started it: when that one ends, however it ends, the program is killed.

    python tether.py PID PROGRAM [ARGUMENT …]

``PID`` is the starter's own. It runs as a file, not as a module, so that nothing else has to be imported.
Where the system has no such tie (it is Linux's), the program runs without one.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when ``parent`` ends; the wish outlives ``exec``."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # it ended before we asked
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
