"""Who holds a run: a process by a name that another process of the same machine can look up.

    db-7, process 4711 on 5f0c...-4026531836/88123

Behind ``on`` stand the machine as it was booted, the namespace in which the number counts, and when
the process began: a number alone may be another process's by now, or mean nothing elsewhere.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_STARTED = 19
"""The place of starttime in /proc/PID/stat, counted from behind the command's name: field 22."""
_NAME = re.compile(r".*, process ([0-9]+) on (\S+)/([0-9]+)")


def own_name() -> str:
    """Return what this process is called in the ledger."""
    pid = os.getpid()
    return f"{socket.gethostname()}, process {pid} on {_machine()}/{_started(pid) or 0}"


def has_ended(name: str) -> bool:
    """Tell whether a holder was a process of this machine and is no more; False if unknown."""
    found = _NAME.fullmatch(name)
    if not found or not _machine() or found[2] != _machine():
        return False
    return _started(int(found[1])) != int(found[3])


def _machine() -> str:
    """Return this boot of this machine, and this namespace; an empty text where it is not known."""
    try:
        return f"{_BOOT.read_text().strip()}-{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> int | None:
    """Return when a live process began, in ticks since the boot; None where there is none."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[_STARTED])
