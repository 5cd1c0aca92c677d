"""How much memory this process took, and how much there is."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

MB = 1 << 20
_CGROUP = Path("/sys/fs/cgroup")


def reset_peak() -> None:
    """Peaks count from here on, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> int:
    """Resident memory of this process at its highest, in MB, since `reset_peak`."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // MB


def free_mb() -> int | None:
    """What the machine, or this process's share of it, has free; None where it does not say."""
    found = [mb for mb in (_of_machine(), _of_cgroup()) if mb is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        told = Path("/proc/meminfo").read_text()
        return int(told.partition("MemAvailable:")[2].split()[0]) // 1024
    return None


def _of_cgroup() -> int | None:
    """A container's limit less what it uses; its file cache, which makes room, is not counted."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        stat = (_CGROUP / "memory.stat").read_text()
        cached = int(stat.partition("inactive_file ")[2].split()[0])
        return max(0, limit - used + cached) // MB
    return None
