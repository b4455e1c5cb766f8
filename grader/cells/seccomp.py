"""System calls that no program of the course needs, refused in the room by a seccomp filter (seccomp(2)).

The room's init takes it on in each program between fork and exec: init itself may do what its programs may not.

Classic BPF that looks at the architecture and the call's number (struct seccomp_data). It is a list of refusals: what
is not in it is left to namespaces and limits. A container has its engine's own filter as well, and the stricter of the
two answers counts: engines before version 25 let io_uring pass, and all of them memory that no limit on files sees.
"""

from __future__ import annotations

import base64
import errno
import platform
import socket
import struct
from collections.abc import Sequence

#: name: numbers on x86_64 and aarch64, and why nobody in the room may call it.
_MEMORY = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "semget": (64, 190),
    "shmget": (29, 194),
}
_KERNEL = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "syslog": (103, 116),
    "userfaultfd": (323, 282),
}
#: Kinds of sockets that a program may make; the rest reach parts of the kernel that no exercise is about.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)

#: audit id, column, and the two calls whose first argument decides: socket, and prlimit of other processes, init's too.
_ARCHITECTURES = {"x86_64": (0xC000003E, 0, 41, 302), "aarch64": (0xC00000B7, 1, 198, 261)}
_X32 = 0x4000_0000  #: calls of the x32 ABI carry this bit, and would slip past the list

_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


def refusals(machine: str = platform.machine()) -> bytes:
    """The filter as an array of struct sock_filter, as `bwrap --seccomp` reads it; empty for other machines."""
    if machine not in _ARCHITECTURES:
        return b""
    audit, column, socket_call, prlimit_call = _ARCHITECTURES[machine]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _KILL),  # 32-bit calls (int 0x80) have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        steps += _refuse((_JUMP_ANY_BIT, _X32), errno.ENOSYS)
    for numbers, error in ((_MEMORY, errno.ENOSYS), (_KERNEL, errno.EPERM)):
        for pair in numbers.values():
            steps += _refuse((_JUMP_EQUAL, pair[column]), error)
    steps += _only_with(prlimit_call, (0,), errno.EPERM)  # 0: the caller itself
    steps += _only_with(socket_call, FAMILIES, errno.EAFNOSUPPORT)
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def as_argument(machine: str = platform.machine()) -> list[str]:
    """The argument with which the room's init is told, if there is anything to tell."""
    steps = refusals(machine)
    return [base64.b64encode(steps).decode()] if steps else []


def _refuse(test: tuple[int, int], error: int) -> list[tuple[int, int, int, int]]:
    """Return this error when the test holds, else go on."""
    return [(test[0], 0, 1, test[1]), (_RETURN, 0, 0, _ERROR | error)]


def _only_with(call: int, allowed: Sequence[int], error: int) -> list[tuple[int, int, int, int]]:
    """Allow this call with one of these first arguments (32 bits), refuse it with others, and let other calls go on."""
    count = len(allowed)
    return [
        (_JUMP_EQUAL, 0, count + 3, call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        *((_JUMP_EQUAL, count - number, 0, value) for number, value in enumerate(allowed)),
        (_RETURN, 0, 0, _ERROR | error),
        (_RETURN, 0, 0, _ALLOW),
    ]
