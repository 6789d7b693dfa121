"""Counting a child's threads from outside.

No resource limit does: RLIMIT_NPROC counts all processes of a user, and none of root's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["MOST_THREADS", "threads_of"]

MOST_THREADS: Final = 256
"""More than any machine's cores, far fewer than would starve others of process ids."""


def threads_of(pidfd: int) -> int:
    """Threads of the process open as `pidfd`; 0 once it is gone."""
    try:
        told = Path(f"/proc/self/fdinfo/{pidfd}").read_text(encoding="ascii")
        pid = int(told.partition("\nPid:")[2].split()[0])
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, IndexError, ValueError):
        return 0
    # The name in parentheses may hold anything; the 18th field after it is the count.
    return int(status.rpartition(")")[2].split()[17])
