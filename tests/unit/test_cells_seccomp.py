"""The filter of system calls, run step by step as the kernel would."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from grader.cells.seccomp import FAMILIES, refusals

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED, KILLED, REFUSED = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


def answer(
    machine: str,
    number: int,
    *,
    architecture: int | None = None,
    first: int = 0,
    second: int = 0,
    third: int = 0,
) -> int:
    """What the filter returns for a call: classic BPF over struct seccomp_data (seccomp(2))."""
    architecture = ARCHITECTURES[machine] if architecture is None else architecture
    data = struct.pack("=iIQ6Q", number, architecture, 0, first, second, third, 0, 0, 0)
    steps = list(struct.iter_unpack("=HBBI", refusals(machine)))
    at, accumulator = 0, 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x15:
            at += if_true if accumulator == value else if_false
        elif code == 0x25:
            at += if_true if accumulator > value else if_false
        elif code == 0x35:
            at += if_true if accumulator >= value else if_false
        elif code == 0x05:
            at += value
        elif code == 0x54:
            accumulator &= value
        else:
            assert code == 0x06
            return int(value)


@pytest.mark.parametrize(
    ("machine", "number"), [("x86_64", 425), ("x86_64", 321), ("aarch64", 425), ("aarch64", 280)]
)
def test_what_reaches_deep_into_the_kernel_is_refused(machine: str, number: int) -> None:
    assert answer(machine, number) == REFUSED | errno.EPERM


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 319), ("aarch64", 279)])
def test_memory_that_no_limit_on_files_sees_is_refused(machine: str, number: int) -> None:
    assert answer(machine, number) == REFUSED | errno.ENOSYS


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 0), ("x86_64", 59), ("aarch64", 63)])
def test_ordinary_calls_are_allowed(machine: str, number: int) -> None:
    assert answer(machine, number) == ALLOWED


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 41), ("aarch64", 198)])
@pytest.mark.parametrize(
    ("family", "expected"),
    [
        (socket.AF_UNIX, ALLOWED),
        (socket.AF_INET, ALLOWED),
        (socket.AF_INET6, ALLOWED),
        (socket.AF_NETLINK, ALLOWED),
        (socket.AF_PACKET, REFUSED | errno.EAFNOSUPPORT),
        (38, REFUSED | errno.EAFNOSUPPORT),
        (40, REFUSED | errno.EAFNOSUPPORT),
    ],
)
def test_sockets_are_of_the_course_s_families(machine: str, number: int, family: int, expected: int) -> None:
    assert answer(machine, number, first=family) == expected


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 41), ("aarch64", 198)])
def test_no_family_slips_past_with_bits_that_the_kernel_ignores(machine: str, number: int) -> None:
    for family in range(64):
        expected = ALLOWED if family in FAMILIES else REFUSED | errno.EAFNOSUPPORT
        assert answer(machine, number, first=family) == expected
        assert answer(machine, number, first=1 << 32 | family) == REFUSED | errno.EAFNOSUPPORT


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 41), ("aarch64", 198)])
def test_netlink_is_for_routes_alone(machine: str, number: int) -> None:
    assert (
        answer(machine, number, first=socket.AF_NETLINK, third=4) == REFUSED | errno.EAFNOSUPPORT
    )  # sock_diag
    assert answer(machine, number, first=socket.AF_INET, third=6) == ALLOWED


@pytest.mark.parametrize(("machine", "number", "newer"), [("x86_64", 56, 435), ("aarch64", 220, 435)])
def test_clone_makes_threads_and_processes_and_no_namespaces(machine: str, number: int, newer: int) -> None:
    thread = 0x3D0F00  # as pthread_create(3) asks
    assert answer(machine, number, first=thread) == answer(machine, number, first=17) == ALLOWED
    for flag in (0x0002_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000):
        assert answer(machine, number, first=flag | 17) == REFUSED | errno.EPERM
    assert answer(machine, newer) == REFUSED | errno.ENOSYS


@pytest.mark.parametrize(
    ("machine", "number"),
    [("x86_64", 302), ("x86_64", 203), ("x86_64", 144), ("x86_64", 142), ("x86_64", 314), ("aarch64", 261)],
)
def test_nothing_of_init_can_be_limited_or_slowed_down(machine: str, number: int) -> None:
    assert answer(machine, number, first=0) == answer(machine, number, first=4711) == ALLOWED
    assert answer(machine, number, first=1) == REFUSED | errno.EPERM
    assert answer(machine, number, first=0xFFFF_FFFF_0000_0001) == REFUSED | errno.EPERM  # a pid has 32 bits


@pytest.mark.parametrize(("number", "process"), [(141, 0), (251, 1)], ids=["setpriority", "ioprio_set"])
def test_priorities_are_of_one_process_that_is_not_init(number: int, process: int) -> None:
    assert answer("x86_64", number, first=process, second=0) == ALLOWED
    assert answer("x86_64", number, first=process, second=1) == REFUSED | errno.EPERM
    assert answer("x86_64", number, first=process + 1, second=0) == REFUSED | errno.EPERM  # a whole group


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 101), ("aarch64", 117)])
def test_nobody_traces(machine: str, number: int) -> None:
    assert answer(machine, number) == REFUSED | errno.EPERM


def test_calls_by_other_numbers_do_not_slip_past() -> None:
    assert answer("x86_64", 425, architecture=0x40000003) == KILLED  # int 0x80
    assert answer("x86_64", 0x4000_0000 | 0) == KILLED  # the x32 ABI
    assert answer("aarch64", 425, architecture=0x40000028) == KILLED  # 32-bit ARM


def test_other_machines_have_no_filter() -> None:
    assert refusals("riscv64") == b""
