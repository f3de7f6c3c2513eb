"""What every child process of the service does first."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Lead an own process group, ignore the terminal's Ctrl-C, die when the parent dies.

    The kernel means the *thread* that spawned the child: it must live as long.

    Parameters
    ----------
    parent : process id of who spawned this one
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before the request above.
        os._exit(1)
