"""What the docker cell asks of the engine: how a room's container is closed off, and what its worker may do.

The keys are those of the engine's own interface (`HostConfig` of POST /containers/create). Nothing here talks to it.
"""

from __future__ import annotations

from typing import Any

from grader.cells import seccomp
from grader.cells.bubblewrap import ROOM_PYTHON, ROOM_UID
from grader.cells.limits import CellLimits, MiB
from grader.cells.network import NETWORK

LABEL = "socket-grader"  #: on everything that this program makes; `LABEL.owner` says for which process
CONTROL = "grader-init"  #: the abstract name at which a room's init waits for its worker
INIT = "/usr/local/lib/grader/init.py"  #: in the room's image

#: Processes and threads: a little more than the largest RLIMIT_NPROC that a check gives a program.
_ROOM_PROCESSES, _WORKER_PROCESSES = 2100, 256
_ROOM_CPUS, _NANO = 1.0, 10**9
_WORKER_MEMORY = 2048 * MiB
_WORKER_CAPABILITIES = ["NET_ADMIN", "NET_RAW", "SYS_PTRACE", "KILL", "DAC_READ_SEARCH"]
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  #: the engine's names to the kernel's
_HARDENED: dict[str, Any] = {
    "AutoRemove": True,
    "CapDrop": ["ALL"],
    "IpcMode": "private",
    "LogConfig": {"Type": "none", "Config": {}},
    "ReadonlyRootfs": True,
    "RestartPolicy": {"Name": "no"},
    "SecurityOpt": ["no-new-privileges:true"],  # seccomp: the engine's default profile; programs get ours too
}


def room(
    image: str,
    labels: dict[str, str],
    volume: str,
    user: int,
    limits: CellLimits,
    *,
    builds: bool,
    machine: str,
) -> dict[str, Any]:
    """A container that touches nothing but its own files: no network but its own `lo`, no capability, no root."""
    owned = f"rw,exec,nosuid,nodev,mode=0777,uid={user},gid={ROOM_UID}"
    return {
        "Image": image,
        "Cmd": [
            ROOM_PYTHON,
            "-I",
            "-S",
            "-B",
            INIT,
            f"@{CONTROL}",
            *seccomp.as_argument(_MACHINES.get(machine, machine)),
        ],
        "Env": [],
        "Hostname": "room",
        "Labels": labels,
        "NetworkDisabled": False,
        "User": f"{user}:{ROOM_UID}",
        "WorkingDir": "/",
        "HostConfig": _HARDENED
        | {
            "NetworkMode": "none",
            "Mounts": [{"Type": "volume", "Source": volume, "Target": "/work", "ReadOnly": not builds}],
            "Tmpfs": {
                "/data": f"{owned},size={limits.data},nr_inodes={limits.inodes}",
                "/tmp": f"{owned},size={limits.tmp},nr_inodes={limits.inodes}",  # noqa: S108 - the room's own
            },
            "ShmSize": limits.tmp,
            "Memory": limits.resident,
            "MemorySwap": limits.resident,
            "NanoCpus": int(_ROOM_CPUS * _NANO),
            "OomScoreAdj": 500,
            "PidsLimit": _ROOM_PROCESSES,
            "Sysctls": dict(NETWORK),
            "Ulimits": [
                {"Name": "core", "Soft": 0, "Hard": 0},
                {"Name": "nofile", "Soft": 4096, "Hard": 4096},
                {"Name": "fsize", "Soft": limits.file, "Hard": limits.file},
            ],
        },
    }


def worker(image: str, labels: dict[str, str], room: str) -> dict[str, Any]:
    """A container in the room's network and pid namespaces, that may watch, trace, signal and sniff there.

    Its root has no other capability: it can read all of the room's files and write only what anybody may.
    """
    return {
        "Image": image,
        "Cmd": None,
        "Labels": labels,
        "User": "0:0",
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "Tty": False,
        "HostConfig": _HARDENED
        | {
            "CapAdd": _WORKER_CAPABILITIES,
            "NetworkMode": f"container:{room}",
            "PidMode": f"container:{room}",
            "Tmpfs": {"/tmp": f"rw,nosuid,nodev,size={256 * MiB}"},  # noqa: S108 - the container's own
            "Memory": _WORKER_MEMORY,
            "MemorySwap": _WORKER_MEMORY,
            "PidsLimit": _WORKER_PROCESSES,
            "Ulimits": [
                {"Name": "core", "Soft": 0, "Hard": 0},
                {"Name": "nofile", "Soft": 16384, "Hard": 16384},
            ],
        },
    }


def volume(name: str, labels: dict[str, str], limits: CellLimits) -> dict[str, Any]:
    """A submission's files: a tmpfs that the rooms of one job share; empty again when none is left."""
    options = (
        f"size={limits.disk},nr_inodes={limits.inodes},mode=0777,uid={ROOM_UID},gid={ROOM_UID},nosuid,nodev"
    )
    return {
        "Name": name,
        "Labels": labels,
        "Driver": "local",
        "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": options},
    }
