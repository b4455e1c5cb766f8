"""What a grader that was killed may leave with a Docker engine, and how to tell it from a living one's.

Everything is labelled with its owner: the machine, its boot, and the process that made it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from pathlib import Path
from typing import Any

from grader.cells.containers import LABEL
from grader.errors import CellError

OWNER = f"{LABEL}.owner"
_CELL = {"label": f"{LABEL}=cell"}


def owner(pid: int | None = None) -> str:
    """MACHINE:BOOT:NAMESPACE:PID:START; START is field 22 of /proc/PID/stat, in clock ticks since boot (proc(5))."""
    pid = os.getpid() if pid is None else pid
    stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    start = stat.rpartition(")")[2].split()[19]
    return ":".join([*_here(), str(pid), start])


def lives(label: str) -> bool:
    """Whether the owner that this label names still runs; where that cannot be known, it does."""
    machine, boot, namespace = _here()
    parts = label.split(":")
    if len(parts) != 5 or parts[0] != machine:  # another machine uses the same engine
        return True
    if parts[1] != boot:
        return False
    if parts[2] != namespace or not parts[3].isdecimal():
        return True
    try:
        return owner(int(parts[3])) == label
    except (FileNotFoundError, ProcessLookupError):
        return False


def abandoned(engine: Any) -> tuple[list[str], list[str]]:
    """Containers and volumes whose owner has ended."""
    found = engine.containers(all=True, filters=_CELL)
    left = [each["Id"] for each in found if not lives(each["Labels"].get(OWNER, ""))]
    volumes = engine.volumes(filters=_CELL)["Volumes"] or []
    return left, [each["Name"] for each in volumes if not lives((each["Labels"] or {}).get(OWNER, ""))]


def clean(engine: Any) -> int:
    """Remove what is abandoned; how many things that were. Raises `CellError`."""
    import docker.errors  # noqa: PLC0415 - with an engine only

    left, volumes = abandoned(engine)
    try:
        for container in left:
            with contextlib.suppress(docker.errors.NotFound):  # it went by itself
                engine.remove_container(container, force=True, v=True)
        for volume in volumes:
            with contextlib.suppress(docker.errors.NotFound):
                engine.remove_volume(volume, force=True)
    except docker.errors.APIError as error:
        raise CellError(f"the engine did not remove a leftover: {error.explanation}; try again") from error
    return len(left) + len(volumes)


def _here() -> tuple[str, str, str]:
    """The machine, its boot, and the pid namespace of this process."""
    machine = Path("/etc/machine-id")
    name = hashlib.sha256(machine.read_bytes() if machine.exists() else b"").hexdigest()[:12]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{platform.node()}-{name}", boot, str(Path("/proc/self/ns/pid").stat().st_ino)
