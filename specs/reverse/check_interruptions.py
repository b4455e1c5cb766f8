"""System calls may return early: with a part of the data, with EINTR, or with an error of one client's."""

from __future__ import annotations

import contextlib

import pytest

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.faults.slow_reader import MORE_THAN_BUFFERS, SMALL_BUFFER, until_stuck_sending
from grader.observe.syscalls import Injection
from grader.peers.reverse import pattern, request
from grader.spec import check, precondition
from specs.reverse.service import Service, next_is_served

ACCEPT = ("accept", "accept4")
RECEIVE = ("recvfrom", "recvmsg", "read", "readv")
SEND = ("sendto", "sendmsg", "write", "writev")


@check("reverse.interrupted-wait")
def check_interrupted_wait(server: Service) -> None:
    """A server that is stopped and continued while it waits goes on where it was."""
    server.watch.until_still()
    interrupt(server.program)
    client = server.connect().exchange(b"hola")
    server.watch.until_still()
    interrupt(server.program)
    client.exchange(b"mundo")


@check("reverse.interrupted-receive")
@pytest.mark.parametrize("length", [2, 4, 3_004], ids=["in-the-header", "after-the-header", "in-the-data"])
def check_interrupted_receive(server: Service, length: int) -> None:
    """A receive that returns early with a part of the data, even with MSG_WAITALL, is continued."""
    payload = pattern(6_000)  # a reply that one send always takes whole
    message = request(payload)
    client = server.connect().send(message[:length]).until_consumed()
    server.watch.until_still()
    interrupt(server.program)
    client.send(message[length:]).expect_reply(payload)
    assert client.nothing_more()


@check("reverse.interrupted-send")
def check_interrupted_send(server: Service) -> None:
    """A send that returns early, with a part of the data sent, is continued from there."""
    payload = pattern(MORE_THAN_BUFFERS)
    client = server.connect(rcvbuf=SMALL_BUFFER).send(request(payload))
    until_stuck_sending(server.watch, client)
    interrupt(server.program)
    server.watch.until_still()
    client.expect_reply(payload)
    assert client.nothing_more()


@check("reverse.accept-fails")
@pytest.mark.parametrize("error", ["EINTR", "ECONNABORTED"])
def check_accept_fails(server: Service, error: str) -> None:
    """When accept fails for a reason that passes (EINTR, ECONNABORTED) the server calls it again."""
    tracer = server.trace(ACCEPT, inject=[Injection(ACCEPT, error)])
    first = server.connect()
    first.exchange(b"hola")
    assert first.nothing_more()
    first.close()
    next_is_served(server)
    with precondition():
        assert any(call.injected for call in tracer.calls()), "accept was never called"


@check("reverse.call-interrupted")
@pytest.mark.parametrize("calls", [RECEIVE, SEND], ids=["receive", "send"])
def check_call_interrupted(server: Service, calls: tuple[str, ...]) -> None:
    """When a receive or a send is interrupted by a signal (EINTR) it is called again."""
    client = server.connect().exchange(b"hola")
    server.watch.until_still()
    tracer = server.trace(calls, inject=[Injection(calls, "EINTR")])
    client.exchange(b"mundo")
    client.exchange(b"otra")
    with precondition():
        assert any(call.injected for call in tracer.calls()), "none of the calls was made"


@check("reverse.receive-fails")
@pytest.mark.parametrize("sent", [0, 4], ids=["between-requests", "after-the-header"])
def check_receive_fails(server: Service, sent: int) -> None:
    """When a receive fails (ECONNRESET) that connection ends, never the server."""
    message = request(b"mundo")
    client = server.connect().exchange(b"hola").send(message[:sent]).until_consumed()
    server.watch.until_still()
    assert not client.closed_by_program, "the server closed the connection after the first request"
    tracer = server.trace(RECEIVE, inject=[Injection(RECEIVE, "ECONNRESET")])
    with contextlib.suppress(SubmissionFault):  # a receive that was under way may have failed already
        client.send(message[sent:])
    with precondition():
        server.watch.until(lambda: any(call.injected for call in tracer.calls()), what="receive")
    server.watch.end_of_server()  # at rest: leaving it may interrupt the call in which it waits
    tracer.stop()  # calls are counted apart in each thread: the next client's must not fail too
    server.watch.until_still()
    client.reset()
    next_is_served(server)
