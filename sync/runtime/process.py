"""Who a process is, so that another one on the same machine can tell that it is dead."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final
from uuid import uuid4

_PROC: Final = Path("/proc")


def new_token() -> str:
    """What this start of this process is called among all workers: where it runs, and a name nobody else has."""
    return f"{_machine()} {os.getpid()} {_born(os.getpid())} {uuid4().hex}"


def default_name(command: str) -> str:
    """What people read of it."""
    return f"dealsync {command} (process {os.getpid()} on {socket.gethostname()})"


def is_dead(token: str) -> bool:
    """Whether a process of this machine is known to have ended; False for those of others, and in doubt."""
    machine, _, rest = token.partition(" ")
    if not machine or machine != _machine():
        return False
    pid, born, _ = rest.split(" ", 2)
    return born != "0" and _born(int(pid)) != born


def _machine() -> str:
    """This machine since it was started, and the table of processes in it; empty where nothing can be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{socket.gethostname()}/{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _born(pid: int) -> str:
    """When a process was started, in ticks; ``0`` when there is none, or it has ended and nobody has noticed."""
    try:
        state, *rest = (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return "0"
    return "0" if state == "Z" else rest[18]
