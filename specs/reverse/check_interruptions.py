"""System calls may return early: with a part of the data, with EINTR, or with an error of one client's."""

from __future__ import annotations

import pytest

from grader.faults.interrupt import interrupt
from grader.faults.slow_reader import FULL, SMALL_BUFFER, until_stuck_sending
from grader.observe.gate import ACCEPTING, RECEIVING
from grader.peers.reverse import pattern, request
from grader.spec import check, precondition
from specs.reverse.service import Launch, Service, next_is_served
from specs.shared.common import PASSING


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
    payload = pattern(FULL)
    client = server.connect(rcvbuf=SMALL_BUFFER).send(request(payload))
    until_stuck_sending(server.watch, client)
    interrupt(server.program)
    server.watch.until_still()
    client.expect_reply(payload)
    assert client.nothing_more()


@check("reverse.accept-fails")
def check_accept_fails(serving: Launch) -> None:
    """When accept fails for a reason that passes (the table of open files of the whole machine is full: ENFILE) the server calls it again."""
    server = serving(gate=ACCEPTING)
    leaving = server.connect().exchange(b"hola")
    server.watch.until_still()
    failing = server.gate.hold(ACCEPTING)  # it fails when all who were accepted before are being served
    unlucky = server.connect().send(request(b"hola"))
    server.watch.until_still()
    if not failing.waiting():  # it serves one client after the other
        leaving.close()
        server.watch.until_still()
    called = bool(failing.waiting())
    failing.fail(PASSING)
    server.watch.until_still()
    leaving.close()  # some servers wait for that before they accept again
    unlucky.until_answered_or_closed().close()  # turned away is right, too
    next_is_served(server)
    with precondition():
        assert called, "accept was never called"


@check("reverse.call-interrupted")
@pytest.mark.parametrize("where", ["accept", "receive", "send"])
def check_call_interrupted(server: Service, where: str) -> None:
    """A signal that the server catches disturbs nothing: accept, the receive or the send in which it waits (EINTR) is called again."""
    if not server.catches_a_signal():
        return
    if where == "accept":
        server.interrupt_by_signal()
        server.connect().exchange(b"hola")
    elif where == "receive":
        client = server.connect().exchange(b"hola")
        server.interrupt_by_signal()
        client.exchange(b"mundo")
    else:
        payload = pattern(FULL)
        client = server.connect(rcvbuf=SMALL_BUFFER).send(request(payload))
        until_stuck_sending(server.watch, client)
        server.interrupt_by_signal(times=6)  # by then the last segment is full, too, and a send takes nothing
        client.expect_reply(payload)
        assert client.nothing_more()


@check("reverse.receive-fails")
@pytest.mark.parametrize("sent", [0, 4], ids=["between-requests", "after-the-header"])
def check_receive_fails(serving: Launch, sent: int) -> None:
    """When a receive fails (ECONNRESET) that connection ends, never the server."""
    server = serving(gate=RECEIVING)
    message = request(b"mundo")
    client = server.connect().exchange(b"hola").send(message[:sent]).until_consumed()
    server.watch.until_still()
    assert not client.closed_by_program, "the server closed the connection after the first request"
    failure = server.fail(RECEIVING, "ECONNRESET", client)  # real: after an RST (tcp(7))
    client.send(message[sent:])
    server.watch.until_still()
    if not failure.hit:  # it has served that, and receives again when something comes
        client.send(message)
    with precondition():
        server.watch.until(lambda: failure.hit or client.released_by_program(), what="receive once more")
    server.watch.end_of_server()
    client.reset()
    next_is_served(server)
