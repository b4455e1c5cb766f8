"""How connections end: in order, too early, abruptly, or before they began."""

from __future__ import annotations

import pytest

from grader.faults.slow_reader import FULL, SMALL_BUFFER, until_stuck_sending
from grader.observe.gate import SENDING
from grader.peers.reverse import header, pattern, request
from grader.spec import KiB, check, precondition
from specs.reverse.service import Launch, Service, next_is_served

#: How far a client comes before it vanishes: the bytes that the server has read by then.
STAGES = {
    "after-connect": b"",
    "in-the-header": header(4)[:2],
    "after-the-header": header(4),
    "in-the-data": request(b"hola")[:6],
    "after-a-reply": request(b"hola"),
}


@check("reverse.closes-at-end")
def check_closes_at_end(server: Service) -> None:
    """When the client has closed its connection, the server closes it too."""
    client = server.connect().exchange(b"hola")
    client.close()
    server.watch.until(client.released_by_program, what="close the connection that its client had closed")


@check("reverse.truncated-request")
@pytest.mark.parametrize("length", [2, 4, 7], ids=["in-the-header", "after-the-header", "in-the-data"])
def check_truncated_request(server: Service, length: int) -> None:
    """A request that is cut short by the client's end of file gets no reply; the next client is served."""
    client = server.connect().send(request(b"hola")[:length]).half_close().until_closed()
    assert client.nothing_received(), "the server answered a request of which it had only a part"
    client.close()
    next_is_served(server)


@check("reverse.reset")
@pytest.mark.parametrize("stage", STAGES)
def check_reset(server: Service, stage: str) -> None:
    """A client that resets its connection, at any stage, disturbs nobody: the next one is served."""
    client = server.connect().send(STAGES[stage]).until_consumed()
    if stage == "after-a-reply":
        client.expect_reply(b"hola")
    with precondition():
        server.watch.until_still()  # it has accepted the connection, too
    client.reset()
    next_is_served(server)


@check("reverse.reset-while-replying")
def check_reset_while_replying(server: Service) -> None:
    """A client that resets its connection while its reply is being sent disturbs nobody."""
    slow = server.connect(rcvbuf=SMALL_BUFFER).send(request(pattern(FULL)))
    until_stuck_sending(server.watch, slow)
    slow.reset()
    next_is_served(server)


@check("reverse.reply-to-nobody")
@pytest.mark.parametrize("how", ["closed", "reset"])
def check_reply_to_nobody(serving: Launch, how: str) -> None:
    """Replying to a client that has already reset its connection does not end the server (SIGPIPE)."""
    server = serving(gate=SENDING)
    client = server.connect()
    with precondition():
        server.watch.until_still()  # it has accepted the connection
    with server.hold(SENDING, client) as sends:
        client.send(request(b"uno") + request(b"dos") + request(b"tres"))
        server.watch.until(sends.waiting, what="reply to a request")
        # Closed: the first reply is answered by RST, and the second send gives EPIPE. Reset: ECONNRESET at the first.
        client.reset() if how == "reset" else client.close()
    next_is_served(server)


@check("reverse.connect-and-close")
def check_connect_and_close(server: Service) -> None:
    """Clients that connect and close without a word disturb nobody."""
    for _ in range(5):
        server.connect().close()
        server.watch.until_still()
    next_is_served(server)


@check("reverse.gone-before-accept")
@pytest.mark.parametrize("how", ["closed", "reset"])
def check_gone_before_accept(held: Service, how: str) -> None:
    """A client that has gone before its connection is accepted disturbs nobody."""
    for _ in range(min(3, held.backlog)):
        client = held.connect().send(request(b"nobody"))
        client.reset() if how == "reset" else client.close()
    held.release()
    next_is_served(held)


@check("reverse.silent-client-leaves")
def check_silent_client_leaves(server: Service) -> None:
    """A client that stays silent and then leaves disturbs nobody."""
    silent = server.connect()
    with precondition():
        server.watch.until_still()
    assert silent.nothing_yet()
    silent.close()
    next_is_served(server)


@check("reverse.late-reader")
@pytest.mark.parametrize("size", [64 * KiB, FULL], ids=["64KiB", "6MiB"])
def check_late_reader(server: Service, size: int) -> None:
    """A client that begins to read its reply late gets all of it."""
    payload = pattern(size)
    client = server.connect(rcvbuf=SMALL_BUFFER).send(request(payload))
    if size == FULL:
        until_stuck_sending(server.watch, client)
    else:
        server.watch.until_still()
    client.expect_reply(payload)
    assert client.nothing_more()
