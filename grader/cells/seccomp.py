"""Filters of system calls (seccomp(2)): what no program of the course needs is refused, what a check asks about stops at a gate.

The room's init takes it on in each program between fork and exec, at build time too: init itself may do what its programs
may not. It is a list of refusals, made by libseccomp: what is not in it is left to namespaces and limits. A container has its
engine's own filter as well, and the stricter of the two answers counts; a refusal is stricter than a gate.
"""

from __future__ import annotations

import base64
import errno
import functools
import os
import platform
import socket
import struct
from typing import TYPE_CHECKING

from grader.errors import CellError, GraderBugError
from grader.observe.syscall_numbers import NUMBERS

if TYPE_CHECKING:
    import pyseccomp

#: Memory that no limit on files or processes sees, and that outlives its program. As if the kernel had it not: libraries
#: have another way then.
_MEMORY = ("memfd_create", "memfd_secret", "mq_open", "msgget", "semget", "shmget")
#: What looks into others, or deep into the kernel; where holes have been.
_REACH = (
    "add_key", "bpf", "io_uring_enter", "io_uring_register", "io_uring_setup", "kcmp", "keyctl", "perf_event_open",
    "pidfd_getfd", "process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev", "ptrace",
    "request_key", "syslog", "userfaultfd",
)  # fmt: skip
#: Mounts and namespaces: the room has no right to them anyway, and the kernel is not even asked.
_WORLD = (
    "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree",
    "open_by_handle_at", "pivot_root", "setns", "umount2", "unshare",
)  # fmt: skip
#: What may be changed of every process of the same user but the room's init, and which argument is the pid: later programs
#: would inherit it, and a starved init ends nobody.
_INIT = {
    "ioprio_set": 1, "prlimit64": 0, "sched_setaffinity": 0, "sched_setattr": 0, "sched_setparam": 0,
    "sched_setscheduler": 0, "setpriority": 1,
}  # fmt: skip
_PRIO_PROCESS, _IOPRIO_WHO_PROCESS = 0, 1
#: Kinds of sockets that a program may make; of netlink only routes, which getaddrinfo(3) asks for.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
_NETLINK_ROUTE = 0
#: Flags of clone(2) that ask for a namespace: of mounts, control groups, names, IPC, users, pids, networks.
_NEW_NAMESPACES = (1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30)

_SECCOMP = {"x86_64": 317, "aarch64": 277}  #: the number of seccomp(2)
_MACHINES = {"x86_64": "X86_64", "aarch64": "AARCH64"}  #: as uname(2) and libseccomp name them


#: Flags of the sendmsg(2) with which the listener of a gate is handed over, by what is already behind it: TCP's FIN, SYN and
#: RST, which the kernel heeds nowhere.
HANDOVER = 0x200 | 0x400 | 0x1000
#: linux/bpf_common.h and linux/seccomp.h; where struct seccomp_data has the call's number, and the low half of its third argument.
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _NOTIFY = 0x7FFF_0000, 0x7FC0_0000
_NUMBER, _FLAGS = 0, 32


@functools.cache
def refusals(machine: str = platform.machine()) -> bytes:
    """The filter as an array of struct sock_filter, as seccomp(2) takes it; empty for a machine that is not known.

    Raises `CellError` without libseccomp.
    """
    if machine not in {*_MACHINES, platform.machine()}:
        return b""
    try:
        import pyseccomp  # noqa: PLC0415 - looks for libseccomp, which takes a while
    except RuntimeError as error:
        raise CellError(
            "libseccomp is not installed; install it with: apt-get install libseccomp2"
        ) from error
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # By 32-bit calls (int 0x80) and those of the x32 ABI, whose numbers are others, everything could slip past.
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    if machine != platform.machine():  # an engine's elsewhere
        rules.add_arch(getattr(pyseccomp.Arch, _MACHINES[machine]))
        rules.remove_arch(pyseccomp.Arch.NATIVE)

    def refuse(call: str, error: int, *arguments: pyseccomp.Arg) -> None:
        rules.add_rule(pyseccomp.ERRNO(error), call, *arguments)

    for call in _MEMORY:
        refuse(call, errno.ENOSYS)
    for call in (*_REACH, *_WORLD):
        refuse(call, errno.EPERM)
    for call, argument in _INIT.items():  # a pid has 32 bits: what stands above them must not hide it
        refuse(call, errno.EPERM, pyseccomp.Arg(argument, pyseccomp.MASKED_EQ, 0xFFFF_FFFF, 1))
    refuse("setpriority", errno.EPERM, pyseccomp.Arg(0, pyseccomp.NE, _PRIO_PROCESS))  # of a group, of a user
    refuse("ioprio_set", errno.EPERM, pyseccomp.Arg(0, pyseccomp.NE, _IOPRIO_WHO_PROCESS))
    # Its flags lie in memory, where a filter cannot look; libraries then use clone.
    refuse("clone3", errno.ENOSYS)
    for flag in _NEW_NAMESPACES:
        refuse("clone", errno.EPERM, pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # A rule compares an argument with one value: all other families one by one, and from the last on, high bits too.
    last = max(FAMILIES)
    for family in set(range(last)) - set(FAMILIES):
        refuse("socket", errno.EAFNOSUPPORT, pyseccomp.Arg(0, pyseccomp.EQ, family))
    refuse("socket", errno.EAFNOSUPPORT, pyseccomp.Arg(0, pyseccomp.GT, last))
    netlink = pyseccomp.Arg(0, pyseccomp.EQ, socket.AF_NETLINK)
    refuse("socket", errno.EAFNOSUPPORT, netlink, pyseccomp.Arg(2, pyseccomp.NE, _NETLINK_ROUTE))
    return _exported(rules)


@functools.cache
def gate_request(calls: frozenset[str]) -> dict[str, object]:
    """What the room's init is told, to let these calls wait for the holder of a listener. Those that this architecture lacks
    are passed over. 32-bit calls, whose numbers are others, end a program: see `refusals`.
    """
    if unknown := calls.difference(*NUMBERS.values()):
        raise GraderBugError(f"no system calls: {', '.join(sorted(unknown))}")
    numbers = [
        NUMBERS[platform.machine()][call] for call in sorted(calls) if call in NUMBERS[platform.machine()]
    ]
    sendmsg = NUMBERS[platform.machine()]["sendmsg"]
    # By hand, for a worker in a container has no libseccomp. Distances are counted in steps, from the one after the jump.
    steps = [_step(_LOAD, _NUMBER)]
    for left, number in zip(reversed(range(len(numbers))), numbers, strict=True):
        steps.append(_step(_JUMP_IF_EQUAL, number, yes=left + (3 if number != sendmsg else 1)))
    steps += [
        _step(_RETURN, _ALLOW),
        _step(_LOAD, _FLAGS),  # sendmsg: the listener itself is handed over by one
        _step(_JUMP_IF_EQUAL, HANDOVER, yes=1),
        _step(_RETURN, _NOTIFY),
        _step(_RETURN, _ALLOW),
    ]
    return {"steps": b"".join(steps), "call": _SECCOMP[platform.machine()], "flags": HANDOVER}


def _step(code: int, value: int, *, yes: int = 0) -> bytes:
    """A struct sock_filter: with `yes` so many steps are passed over when it holds."""
    return struct.pack("=HBBI", code, yes, 0, value)


def as_argument(machine: str = platform.machine()) -> list[str]:
    """The argument with which the room's init is told, if there is anything to tell."""
    steps = refusals(machine)
    return [base64.b64encode(steps).decode()] if steps else []


def _exported(rules: pyseccomp.SyscallFilter) -> bytes:
    file = os.memfd_create("filter", os.MFD_CLOEXEC)
    with os.fdopen(file, "r+b") as written:
        rules.export_bpf(written)
        written.seek(0)
        return written.read()
