"""Which calls carried data to a connection: arithmetic on what strace prints."""

from __future__ import annotations

import pytest

from grader.observe.sends import sends
from grader.observe.syscalls import TracedCall

CONNECT = ("connect", '3, {sa_family=AF_INET, sin_port=htons(20001), sin_addr=inet_addr("127.0.0.1")}, 16', 0)


def calls(*lines: tuple[str, str, int | None]) -> list[TracedCall]:
    return [
        TracedCall(pid=1, name=name, args=args, result=result, errno=None, finished=True)
        for name, args, result in lines
    ]


def names(*lines: tuple[str, str, int | None], failed: bool = False) -> list[str]:
    return [each.call.name for each in sends(calls(*lines), 20001, failed=failed)]


@pytest.mark.parametrize(
    "line",
    [
        ("write", '3, "hola", 4', 4),
        ("sendto", '3, "hola", 4, MSG_MORE, NULL, 0', 4),
        ("writev", '3, [{iov_base="hola", iov_len=4}, {iov_base="x", iov_len=1}], 2', 5),
        ("sendfile", "3, 5, [0] => [4], 4", 4),
    ],
    ids=lambda line: str(line[0]),
)
def test_calls_on_the_connection_are_found(line: tuple[str, str, int | None]) -> None:
    assert names(CONNECT, line) == [line[0]]


@pytest.mark.parametrize(
    "line",
    [
        ("write", '1, "hola", 4', 4),
        ("ioctl", "3, FIONBIO, [1]", 0),
        ("fcntl", "3, F_SETFL, O_RDWR|O_NONBLOCK", 0),
        ("connect", '4, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16', 0),
    ],
    ids=lambda line: str(line[0]),
)
@pytest.mark.parametrize("failed", [False, True])
def test_other_calls_are_not(line: tuple[str, str, int | None], failed: bool) -> None:  # noqa: FBT001 - a parameter
    assert names(CONNECT, line, failed=failed) == []


def test_a_copy_of_the_descriptor_is_the_connection_too() -> None:
    assert names(CONNECT, ("dup", "3", 7), ("write", '7, "hola", 4', 4)) == ["write"]
    assert names(CONNECT, ("fcntl", "3, F_DUPFD_CLOEXEC, 0", 8), ("write", '8, "hola", 4', 4)) == ["write"]


def test_what_sent_nothing_is_found_only_when_asked_for() -> None:
    attempt = ("sendto", '3, "hola", 4, 0, NULL, 0', None)
    assert names(CONNECT, attempt) == []
    assert names(CONNECT, attempt, failed=True) == ["sendto"]


def test_parts_and_flags_are_those_of_the_call_and_not_of_the_data() -> None:
    gather = (
        "writev",
        '3, [{iov_base="iov_len=7", iov_len=9}, {iov_base="", iov_len=0}, {iov_base="b", iov_len=1}], 3',
        10,
    )
    more = ("sendto", '3, "a", 1, MSG_MORE, NULL, 0', 1)
    plain = ("sendto", '3, "MSG_MORE", 8, 0, NULL, 0', 8)
    found = sends(calls(CONNECT, gather, more, plain), 20001)
    assert [(each.parts, each.more, each.ordinal) for each in found] == [
        (2, False, 1),
        (1, True, 1),
        (1, False, 2),
    ]
