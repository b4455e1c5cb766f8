"""The room itself: bubblewrap's arguments, and its start with our init as pid 1."""

from __future__ import annotations

import functools
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from grader.cells import seccomp
from grader.cells.folders import MountedFolders
from grader.cells.room import Room
from grader.cells.shares import join
from grader.errors import CellError

INIT = Path(__file__).with_name("init.py")
ROOM_UID = 65534
ROOM_PYTHON = "/usr/bin/python3"

#: What a program may look up in /etc: nothing of the machine it really runs on.
SYNTHETIC_ETC = {
    "passwd": f"root:x:0:0:root:/:/bin/sh\nstudent:x:{ROOM_UID}:{ROOM_UID}:student:/data:/bin/sh\n",
    "group": f"root:x:0:\nstudent:x:{ROOM_UID}:\n",
    "hosts": "127.0.0.1 localhost room\n",
    "host.conf": "multi off\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
    "services": "",
    "protocols": "tcp 6 TCP\nudp 17 UDP\n",
}


def start_room(
    work: Path, folders: MountedFolders, *, writable_work: bool, group: Sequence[int] = ()
) -> Room:
    """Start a room in this process's network namespace; it ends with this process or `Room.close`.

    `group`: the descriptors of its control group (see `grader.cells.shares`), if it has one.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise CellError("bubblewrap is not installed; install it with: apt-get install bubblewrap")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # before init can speak: see Room
    files = {f"/etc/{name}": _memory_file(text.encode()) for name, text in SYNTHETIC_ETC.items()}
    files["/run/init.py"] = _memory_file(INIT.read_bytes())
    stderr = os.memfd_create("bwrap-stderr", os.MFD_CLOEXEC)
    descriptors = [theirs.fileno(), *files.values()]
    try:
        bwrap = subprocess.Popen(  # closed by Room.close: bubblewrap ends when init does
            [
                program,
                *_arguments(work, folders.sources, files, writable_work=writable_work),
                *("--", ROOM_PYTHON, "-I", "-S", "-B", "/run/init.py", str(theirs.fileno())),
                *seccomp.as_argument(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={},
            pass_fds=descriptors,
            preexec_fn=functools.partial(join, group[1:]) if group else None,  # noqa: PLW1509 - one thread so far
        )
        theirs.close()
        try:
            room = Room(ours, work, folders)
        except CellError as error:
            bwrap.kill()
            bwrap.wait()
            words = os.pread(stderr, 2000, 0).decode(errors="replace").strip()
            raise CellError(f"the room did not start: {words or error}; see: grader doctor") from error
    finally:
        for descriptor in files.values():
            os.close(descriptor)
        os.close(stderr)
    room.sandbox = bwrap
    room.counts = group[0] if group else None
    room.make_folders_new()  # over those that the room was given
    return room


def _added_modules() -> list[str]:
    """Where Python packages of this machine lie: programs have the standard library alone, whatever is installed here.

    Some of those packages have code that runs at each start of the interpreter (.pth files, see the module `site`).
    """
    patterns = (
        "lib/python3*/dist-packages",
        "local/lib/python3*/dist-packages",
        "lib*/python3*/site-packages",
        "local/lib*/python3*/site-packages",
    )
    return sorted(str(path) for pattern in patterns for path in Path("/usr").glob(pattern) if path.is_dir())


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("room-file", 0)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _arguments(
    work: Path, folders: Mapping[str, Path], files: dict[str, int], *, writable_work: bool
) -> Iterator[str]:
    yield from ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--uid", str(ROOM_UID), "--gid", str(ROOM_UID), "--hostname", "room", "--disable-userns")
    yield from ("--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL", "--clearenv")
    yield from ("--ro-bind", "/usr", "/usr")
    for packages in _added_modules():
        yield from ("--tmpfs", packages, "--remount-ro", packages)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        directory = Path("/") / name
        if directory.is_symlink():
            yield from ("--symlink", str(directory.readlink()), str(directory))
        elif directory.is_dir():
            yield from ("--ro-bind", str(directory), str(directory))
    # gcc and cc are links through /etc/alternatives; the loader wants its cache.
    for name in ("alternatives", "ld.so.cache"):
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    for path, descriptor in files.items():
        yield from ("--ro-bind-data", str(descriptor), path)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for path, place in folders.items():
        yield from ("--bind", str(place), path)
    yield from ("--bind" if writable_work else "--ro-bind", str(work), "/work")
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/data")
