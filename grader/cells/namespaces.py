"""The default cell: user, mount and network namespaces of our own, and bubblewrap for the room.

A *host* process is forked from the warm parent. It gives up root if it has it, takes a user and a
mount namespace, mounts a size-limited tmpfs (the stage) that nobody else sees, and forks workers on
request, each with a network namespace and a room. When the host dies, by SIGKILL too, the kernel
kills the workers and the rooms and frees the stage: nothing is left on disk at any moment.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from grader import kernel
from grader.cells import seccomp
from grader.cells.base import Body, Files, WorkerHandle
from grader.cells.bubblewrap import ROOM_UID, start_room
from grader.cells.crowd import Crowd
from grader.cells.folders import MountedFolders
from grader.cells.limits import CellLimits
from grader.cells.memory import MemoryGuard
from grader.cells.network import prepare_network, prepare_parent_network
from grader.cells.shares import Group, shares
from grader.errors import CellError, GraderError
from grader.observe import proc

#: Every Linux machine has /sys, no submission lies in it, and no worker needs it.
STAGE = Path("/sys")

#: What a worker keeps of its user namespace's capabilities: watch, trace and signal the room, sniff
#: and configure the network, make namespaces, and read (never write) files that only root may read.
WORKER_CAPABILITIES = (
    kernel.CAP_DAC_READ_SEARCH,
    kernel.CAP_KILL,
    kernel.CAP_NET_ADMIN,
    kernel.CAP_NET_RAW,
    kernel.CAP_SYS_ADMIN,
    kernel.CAP_SYS_PTRACE,
)

_READY = b"ready"
_DESCRIPTORS = 8  #: with a worker: its connection, and its room's control group
_CLOSE_CEILING = 15.0  #: seconds that the host has to end everything before it is killed


class NamespaceCell:
    """See `grader.cells.base.Cell`. Raises `CellError` when the machine refuses a namespace."""

    def __init__(self, files: Files, bodies: Mapping[str, Body], limits: CellLimits | None = None) -> None:
        self._pidfds: list[int] = []
        self._groups: list[Group] = []
        self._limits = limits or CellLimits()
        seccomp.refusals()  # made here once, for all workers to come
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self._host = os.fork()
        if self._host == 0:
            self._control.close()
            _run_to_end(lambda: _host(theirs, parent, files, bodies, self._limits))
        theirs.close()
        try:
            self._map_users()
            self._expect_ready()
        except BaseException:
            self.close()
            raise

    def start_worker(self, body: str) -> WorkerHandle:
        ours, theirs = socket.socketpair()
        group = self._group()
        try:
            with theirs:
                socket.send_fds(self._control, [body.encode()], [theirs.fileno(), *group])
            reply, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
            (pid,) = struct.unpack("i", reply)
        except (OSError, struct.error) as error:
            ours.close()
            raise CellError("the sandbox's host process ended unexpectedly") from error
        self._pidfds += descriptors
        return WorkerHandle(Connection(ours.detach()), functools.partial(self._kill, *descriptors), pid)

    def _group(self) -> list[int]:
        """A control group for the next room, as descriptors; none where none can be made."""
        for group in self._groups:
            group.close()  # its worker has them by now
        made = shares()
        if made is not None:
            with contextlib.suppress(OSError):  # too many groups, or the hierarchy has gone: rooms do without
                self._groups.append(made.group(self._limits.resident))
                return self._groups[-1].descriptors
        return []

    def _kill(self, pidfd: int) -> None:
        if pidfd in self._pidfds:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Hang up: the host ends every worker and room, waits for them, and ends itself."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # even if a later cell's host has inherited it
        self._control.close()
        while self._pidfds:
            os.close(self._pidfds.pop())
        if self._host:
            self._end_host()
        while self._groups:
            self._groups.pop().remove()

    def _end_host(self) -> None:
        pidfd = os.pidfd_open(self._host)
        if not select.select([pidfd], [], [], _CLOSE_CEILING)[0]:
            os.kill(self._host, signal.SIGKILL)  # the kernel ends the rest: parent-death signals
        os.close(pidfd)
        os.waitpid(self._host, 0)
        self._host = 0

    def _map_users(self) -> None:
        """Give the host's new user namespace its ids: our own, or for root all that there are.

        Everyone is mapped only so that the worker may *read* everyone's files (CAP_DAC_READ_SEARCH);
        it runs as `nobody` and cannot become anybody else: it has no CAP_SETUID.
        """
        if self._receive() != b"unshared":
            raise CellError("no user namespace: the kernel refused it; see: grader doctor")
        uid, gid = os.geteuid(), os.getegid()
        proc = Path(f"/proc/{self._host}")
        if uid == 0:
            for name in ("uid_map", "gid_map"):
                ranges = [line.split() for line in Path(f"/proc/self/{name}").read_text().splitlines()]
                (proc / name).write_text("".join(f"{first} {first} {count}\n" for first, _, count in ranges))
        else:
            (proc / "uid_map").write_text(f"{uid} {uid} 1\n")
            (proc / "setgroups").write_text("deny")
            (proc / "gid_map").write_text(f"{gid} {gid} 1\n")
        self._control.send(b"mapped")

    def _expect_ready(self) -> None:
        answer = self._receive()
        if answer != _READY:
            raise CellError(
                answer.decode(errors="replace") or "the sandbox's host process ended unexpectedly"
            )

    def _receive(self) -> bytes:
        return self._control.recv(4096)


def _run_to_end(work: Callable[[], None]) -> NoReturn:
    """Run a forked child's work and leave without any of the parent's clean-up handlers."""
    status = 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - the child must not go on as the parent
        traceback.print_exc()
    finally:
        os._exit(status)


def _host(
    control: socket.socket,
    parent: int,
    files: Files,
    bodies: Mapping[str, Body],
    limits: CellLimits,
) -> None:
    # Ctrl-C reaches the whole foreground group: ending is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        _enter_namespaces(control, parent)
        _mount_stage(limits)
        _lay_out(files)
    except (OSError, GraderError) as error:
        control.send(f"no sandbox: {error}; see: grader doctor".encode())
        return
    control.send(_READY)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers and orphans are reaped by the kernel
    kernel.adopt_orphans()
    me = os.getpid()
    while True:
        name, descriptors, _, _ = socket.recv_fds(control, 256, _DESCRIPTORS)
        if not name:
            _end_descendants(me)
            return
        worker = os.fork()
        if worker == 0:
            control.close()
            body = bodies[name.decode()]
            connection, *group = descriptors
            _run_to_end(
                lambda: _worker(me, body, Connection(connection), limits, group, builds=name == b"build")  # noqa: B023 - the child leaves here
            )
        pidfd = os.pidfd_open(worker)
        for descriptor in descriptors:
            os.close(descriptor)
        socket.send_fds(control, [struct.pack("i", worker)], [pidfd])
        os.close(pidfd)


def _end_descendants(me: int) -> None:
    """Kill everything below the host until nothing is left; what ends is reaped by the kernel."""
    while left := proc.descendants(me):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)  # with SIGCHLD ignored: until all children have gone (wait(2))


def _enter_namespaces(control: socket.socket, parent: int) -> None:
    is_root = os.geteuid() == 0
    if is_root:
        os.setgroups([])
    kernel.new_session_keyring()
    kernel.unshare(kernel.CLONE_NEWUSER)
    control.send(b"unshared")
    if control.recv(64) != b"mapped":
        raise CellError("the parent could not map the user")
    if is_root:
        kernel.keep_capabilities_across_setuid()
        os.setresgid(ROOM_UID, ROOM_UID, ROOM_UID)
        os.setresuid(ROOM_UID, ROOM_UID, ROOM_UID)
    kernel.set_capabilities(*WORKER_CAPABILITIES)
    kernel.die_with_parent(parent)
    kernel.unshare(kernel.CLONE_NEWNS)
    prepare_parent_network()


def _mount_stage(limits: CellLimits) -> None:
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    options = f"mode=0700,size={limits.disk},nr_inodes={limits.inodes}"
    kernel.mount("grader", str(STAGE), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)


def _lay_out(files: Files) -> None:
    os.umask(0o022)
    (STAGE / "work").mkdir()
    work = os.open(STAGE / "work", os.O_RDONLY | os.O_DIRECTORY)
    files.copy_to(work)
    os.close(work)


def _worker(
    host: int,
    body: Body,
    connection: Connection,
    limits: CellLimits,
    group: Sequence[int],
    *,
    builds: bool,
) -> None:
    kernel.die_with_parent(host)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))  # 1,000 clients need 1,000 sockets
    prepare_network()
    folders = MountedFolders(STAGE / f"room-{os.getpid()}", limits)
    room = start_room(STAGE / "work", folders, writable_work=builds, group=group)
    guard = MemoryGuard(room, limits.memory, None if group else Crowd())
    try:
        body(room, connection)
    finally:
        guard.close()
        room.close()
