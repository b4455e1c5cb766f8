"""The gate: a program's system calls stop in the kernel before they are made, and the worker decides what becomes of each.

Seccomp user notification (seccomp_unotify(2), Linux 5.5): the room's init starts a program behind a filter that names some
calls, and hands its listener to the worker. A call so named waits there; it is then made as it is, kept waiting, or answered
with an error instead of being made. The program sees no signal, no EINTR and no tracer, and what is decided is decided with
all arguments known. Threads and children are behind the same filter. Costs some 20 microseconds a call, so only the calls
that a check needs are named.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import os
import select
import socket
import struct
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TypeVar

from grader.errors import CellError, GraderBugError, Inconclusive
from grader.observe.calls import Call
from grader.observe.syscall_numbers import names

#: linux/seccomp.h: the two calls of ioctl(2) on a listener, and the answer that lets a call be made as it is.
_RECEIVE, _ANSWER = 0xC050_2100, 0xC018_2101
_MAKE_IT = 1
_CEILING = 60.0  #: seconds for the listener to come: the room's init waits for nothing but the kernel
_NOTIFICATION = struct.Struct(
    "=QIIiIQ6Q"
)  #: id, thread, flags, number, architecture, instruction, six arguments
_REPLY = struct.Struct("=QqiI")  #: id, value, -errno, flags

#: Every call with which a program waits for connections or data, whatever its model: behind a gate of these nothing is
#: accepted or received before it is let through.
ACCEPTING = ("accept", "accept4")
RECEIVING = ("recvfrom", "recvmsg", "recvmmsg", "read", "readv")
AWAITING = ("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2")
#: The first calls of every thread that libc starts, made before the thread does anything of its own.
THREAD_BEGINS = ("set_robust_list", "rseq")
NOBODY = (*ACCEPTING, *AWAITING)  #: held before these calls, a server accepts nobody
SENDING = ("sendto", "sendmsg", "sendmmsg", "write", "writev", "sendfile")
_INTERNET = frozenset(
    {b"TCP", b"TCPv6", b"MPTCP", b"MPTCPv6", b"UDP", b"UDPv6"}
)  #: as /proc/net/protocols names them
_ON_SOCKETS = frozenset({*ACCEPTING, *RECEIVING, *SENDING, "listen", "bind", "connect"})


R = TypeVar("R", bound="Rule")


@dataclasses.dataclass(frozen=True, slots=True)
class Stopped:
    """A call that a thread is about to make."""

    cookie: int  #: the kernel's name for it
    tid: int
    call: Call

    def socket(self) -> int | None:
        """The inode of the TCP or UDP socket that the call is about, None if its first argument is no descriptor of one.

        Libraries read files, and ask the kernel for addresses by a netlink socket: those are nobody's affair.
        """
        path = f"/proc/{self.tid}/fd/{self.call.descriptor}"
        with contextlib.suppress(OSError):
            if os.getxattr(path, "system.sockprotoname").rstrip(b"\0") in _INTERNET:  # net/socket.c
                return os.stat(path).st_ino  # noqa: PTH116 - asked for each call
        return None


class Rule:
    """What becomes of certain calls. `connection`: only of those on this socket, by its inode."""

    def __init__(self, gate: Gate, calls: Iterable[str], connection: int | None) -> None:
        self._gate = gate
        self._calls = frozenset(calls)
        self._connection = connection

    def concerns(self, stopped: Stopped) -> bool:
        """Whether this rule decides on the call."""
        if stopped.call.name not in self._calls:
            return False
        if stopped.call.name not in _ON_SOCKETS:
            return self._connection is None
        inode = stopped.socket()
        return inode is not None and self._connection in {None, inode}

    def decide(self, stopped: Stopped) -> int | None:
        """The errno that it gets, 0 to be made, None to wait."""
        raise NotImplementedError


class Hold(Rule):
    """Calls wait, in the order in which they came, until they are let through. With `after` not before that call was made."""

    def __init__(self, gate: Gate, calls: Iterable[str], connection: int | None, after: str | None) -> None:
        super().__init__(gate, calls, connection)
        self._after = after
        self._waiting: list[Stopped] = []

    def concerns(self, stopped: Stopped) -> bool:
        if self._after is None:
            return super().concerns(stopped)
        if stopped.call.name == self._after and stopped.socket() is not None:
            self._after = None
        return False

    def waiting(self) -> list[Stopped]:
        """The calls that wait now."""
        return list(self._waiting)

    def release(self) -> None:
        """Let all of them be made, and those to come."""
        self._gate.drop(self, self._waiting)

    def fail(self, error: str) -> None:
        """Let those that wait fail with `error` ("ECONNRESET"), and those to come be made."""
        self._gate.drop(self, self._waiting, getattr(errno, error))

    def decide(self, stopped: Stopped) -> int | None:
        self._waiting.append(stopped)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Failure(Rule):
    """The next of these calls fails with `error`, and is not made; those after it are."""

    def __init__(self, gate: Gate, calls: Iterable[str], connection: int | None, error: str) -> None:
        super().__init__(gate, calls, connection)
        self._number: int = getattr(errno, error)
        self.hit: Stopped | None = None  #: the call that has failed

    def concerns(self, stopped: Stopped) -> bool:
        return self.hit is None and super().concerns(stopped)

    def decide(self, stopped: Stopped) -> int | None:
        self.hit = stopped
        return self._number


class Sight(Rule):
    """Sees calls go by, and lets them; remembers the first `most` of them."""

    def __init__(self, gate: Gate, calls: Iterable[str], connection: int | None, most: int) -> None:
        super().__init__(gate, calls, connection)
        self._most = most
        self.seen: list[Stopped] = []

    def decide(self, stopped: Stopped) -> int | None:
        if len(self.seen) < self._most:
            self.seen.append(stopped)
        return 0


class Gate:
    """The calls of one program, its threads and its children, that wait at a listener; a thread of ours decides on each.

    The listener comes by `handover`, from the process that becomes the program. Raises `Inconclusive` where this kernel, or
    the container that the grader is in, has none.
    """

    def __init__(self, handover: socket.socket, calls: Iterable[str]) -> None:
        self.calls = frozenset(calls)
        self._listener = _received(handover)
        self._names = names()
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._deciding = False
        self._end = os.eventfd(0)
        self._told = select.poll()
        self._told.register(self._listener, select.POLLIN)
        self._thread = threading.Thread(target=self._serve, name="gate", daemon=True)

    def open(self) -> None:
        """Begin to decide; what has come by now waits for it, and so meets the rules that there are."""
        self._thread.start()

    def hold(self, calls: Iterable[str], *, connection: int | None = None, after: str | None = None) -> Hold:
        """From now on, or from when `after` is called, these calls wait; those that are being made already go on."""
        return self._add(Hold(self, self._known(calls), connection, after))

    def fail(self, calls: Iterable[str], error: str, *, connection: int | None = None) -> Failure:
        """Let the next of these calls fail with `error` ("ECONNRESET")."""
        return self._add(Failure(self, self._known(calls), connection, error))

    def watch(self, calls: Iterable[str], *, connection: int | None = None, most: int = 10_000) -> Sight:
        """See which of these calls are made from now on."""
        return self._add(Sight(self, self._known(calls), connection, most))

    def drop(self, rule: Rule, waiting: list[Stopped], error: int = 0) -> None:
        """Forget a rule, and let the calls that wait by it be made, or fail."""
        with self._lock:
            if rule in self._rules:
                self._rules.remove(rule)
            for stopped in waiting:
                self._answer(stopped, error)
            waiting.clear()

    def held(self) -> frozenset[int]:
        """The threads whose calls wait: they make no step before we let them."""
        with self._lock:
            holds = (rule for rule in self._rules if isinstance(rule, Hold))
            return frozenset(stopped.tid for hold in holds for stopped in hold.waiting())

    def pending(self) -> bool:
        """A call has come that is not decided on yet: its thread looks asleep, and is about to go on."""
        # POLLHUP alone: all that the gate was for have ended.
        return any(events & select.POLLIN for _, events in self._told.poll(0)) or self._deciding

    def close(self) -> None:
        """Give the gate up, once the program has ended: to one that lives its calls fail with ENOSYS from now on."""
        if self._listener < 0:
            return
        if self._thread.ident is not None:
            os.eventfd_write(self._end, 1)
            self._thread.join()
        os.close(self._listener)
        os.close(self._end)
        self._listener = -1

    def _known(self, calls: Iterable[str]) -> frozenset[str]:
        known = self.calls.intersection(calls)
        if not known:
            raise GraderBugError(f"the program was started without a gate for {', '.join(calls)}")
        return known

    def _add(self, rule: R) -> R:
        with self._lock:
            self._rules.append(rule)
        return rule

    def _serve(self) -> None:
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        poller.register(self._end, select.POLLIN)
        while True:
            for descriptor, events in poller.poll():
                if descriptor == self._end:
                    return
                if events & select.POLLIN:
                    self._take()
                else:  # the last process behind the filter has gone
                    poller.unregister(self._listener)

    def _take(self) -> None:
        self._deciding = True  # before the call leaves the listener's queue: see `pending`
        message = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, message)
        except OSError as error:
            self._deciding = False
            if error.errno not in {errno.ENOENT, errno.EINTR}:  # killed, or interrupted, before it was seen
                raise
            return
        cookie, tid, _, number, _, _, *arguments = _NOTIFICATION.unpack(message)
        call = Call(self._names.get(number, f"syscall_{number}"), number, tuple(arguments))
        stopped = Stopped(cookie, tid, call)
        with self._lock:
            rule = next((rule for rule in self._rules if rule.concerns(stopped)), None)
            answer = rule.decide(stopped) if rule else 0
            if answer is not None:
                self._answer(stopped, answer)
            self._deciding = False

    def _answer(self, stopped: Stopped, error: int) -> None:
        reply = _REPLY.pack(stopped.cookie, 0, -error, 0 if error else _MAKE_IT)
        try:
            fcntl.ioctl(self._listener, _ANSWER, reply)
        except OSError as gone:
            if gone.errno != errno.ENOENT:  # its thread has been killed meanwhile
                raise


def _received(handover: socket.socket) -> int:
    handover.settimeout(_CEILING)
    try:
        words, descriptors, _, _ = socket.recv_fds(handover, 256, 1)
    except OSError as error:
        raise CellError(f"the room handed over no gate: {error}") from error
    if not descriptors:
        raise Inconclusive(
            "this machine lets no process hold another one's system calls (seccomp user notification): "
            f"{words.decode(errors='replace') or 'the program was not started'}"
        )
    return descriptors[0]
