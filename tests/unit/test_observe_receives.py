"""Which calls took data from a connection: arithmetic on what strace prints."""

from __future__ import annotations

from grader.observe.receives import receives
from grader.observe.syscalls import TracedCall


def call(name: str, args: str, result: int | None, errno: str | None = None) -> TracedCall:
    return TracedCall(pid=1, name=name, args=args, result=result, errno=errno, finished=True)


ACCEPT = call("accept", "3, NULL, NULL", 4)


def test_calls_on_an_accepted_connection_say_what_they_asked_for_and_got() -> None:
    found = receives([ACCEPT, call("recvfrom", '4, "hola", 100, MSG_WAITALL, NULL, NULL', 4)])
    assert [(each.asked, each.got, each.wait_all, each.at_end) for each in found] == [(100, 4, True, False)]


def test_calls_on_other_descriptors_are_left_out() -> None:
    reads = [call("read", '5, "hola", 100', 4), call("close", "4", 0), call("read", '4, "hola", 100', 4)]
    assert receives([ACCEPT, *reads]) == []


def test_a_call_that_failed_is_not_the_end_of_the_stream() -> None:
    failed = call("recvfrom", "4, 0x55, 100, MSG_DONTWAIT, NULL, NULL", -1, "EAGAIN")
    end = call("recvfrom", '4, "", 100, 0, NULL, NULL', 0)
    assert [(each.got, each.at_end) for each in receives([ACCEPT, failed, end])] == [(0, False), (0, True)]
