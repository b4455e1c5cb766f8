"""System calls that no program of the course needs, refused in the room by a seccomp filter (seccomp(2)).

Classic BPF that looks at the architecture and the call's number (struct seccomp_data). It is a list of refusals: what
is not in it is left to namespaces and limits. A container has its engine's own filter as well, and the stricter of the
two answers counts: engines before version 25 let io_uring pass, and all of them memory that no limit on files sees.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct

#: name: numbers on x86_64 and aarch64, and why nobody in the room may call it.
_MEMORY = {"memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "mq_open": (240, 180)}
_KERNEL = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "request_key": (249, 218),
    "syslog": (103, 116),
    "userfaultfd": (323, 282),
}
#: Kinds of sockets that a program may make; the rest reach parts of the kernel that no exercise is about.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)

_ARCHITECTURES = {"x86_64": (0xC000003E, 0, 41), "aarch64": (0xC00000B7, 1, 198)}  #: audit id, column, socket
_X32 = 0x4000_0000  #: calls of the x32 ABI carry this bit, and would slip past the list

_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


def refusals(machine: str = platform.machine()) -> bytes:
    """The filter as an array of struct sock_filter, as `bwrap --seccomp` reads it; empty for other machines."""
    if machine not in _ARCHITECTURES:
        return b""
    audit, column, socket_call = _ARCHITECTURES[machine]
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
    steps += [(_JUMP_EQUAL, 0, len(FAMILIES) + 2, socket_call), (_LOAD, 0, 0, _FIRST_ARGUMENT_AT)]
    steps += [(_JUMP_EQUAL, len(FAMILIES) - number, 0, family) for number, family in enumerate(FAMILIES)]
    steps += [(_RETURN, 0, 0, _ERROR | errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _refuse(test: tuple[int, int], error: int) -> list[tuple[int, int, int, int]]:
    """Return this error when the test holds, else go on."""
    return [(test[0], 0, 1, test[1]), (_RETURN, 0, 0, _ERROR | error)]
