"""How clients go: without a word, too early, abruptly, or while their reply is being sent."""

from __future__ import annotations

import contextlib

import pytest

from grader.errors import SubmissionFault
from grader.faults.slow_reader import FULL, SMALL_BUFFER
from grader.observe.gate import SENDING
from grader.peers.http import get
from grader.spec import MiB, check, precondition
from specs.web.service import (
    PAGE,
    Launch,
    Site,
    Web,
    ask,
    expect_page,
    next_is_served,
    until_blocked_sending,
)

#: How far a client comes before it vanishes: how much of its request the server has read by then.
STAGES = {
    "after-connect": b"",
    "in-the-line": b"GET /page.html",
    "in-the-fields": b"GET /page.html HTTP/1.0\r\nHost: loc",
}
#: More than one call of send can carry away, so that the server notices, and a second call follows.
LARGE = 4 * MiB


@check("web.connect-and-close")
def check_connect_and_close(site: Site, server: Web) -> None:
    """Clients that connect and close without a word disturb nobody."""
    for _ in range(3):
        server.connect().close()
        server.watch.until_still()
    next_is_served(server, site)


@check("web.silent-client-leaves")
def check_silent_client_leaves(site: Site, server: Web) -> None:
    """A client that stays silent and then leaves disturbs nobody: its connection is closed, and the next client served."""
    silent = server.connect()
    with precondition():
        server.watch.until_still()
    assert silent.nothing_yet()
    silent.close()
    server.watch.until(silent.released_by_program, what="close the connection that its client had closed")
    next_is_served(server, site)


@check("web.truncated-request")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("stage", ["in-the-line", "in-the-fields"])
def check_truncated_request(site: Site, server: Web, stage: str) -> None:
    """When the client ends (half-closes) in the middle of its request, the server closes the connection and serves the next client."""
    client = server.connect().send(STAGES[stage]).until_consumed().half_close()
    response = client.response_if_any()
    if stage == "in-the-line" and response is not None and response.status == 200:
        raise SubmissionFault("half a request line was served", expected="400 or nothing", actual="200")
    client.close()
    next_is_served(server, site)


@check("web.half-close")
@pytest.mark.usefixtures("wire")
def check_half_close(site: Site, held: Web) -> None:
    """A client that half-closes after its request still gets the whole reply."""
    path, content = site.large("/large.bin", MiB)
    client = ask(held, path).half_close()
    held.release()  # the end is there before the reply
    expect_page(client, content)


@check("web.reset")
@pytest.mark.parametrize("stage", STAGES)
def check_reset(site: Site, server: Web, stage: str) -> None:
    """A client that resets its connection before its request is complete disturbs nobody: the next one is served."""
    client = server.connect().send(STAGES[stage]).until_consumed()
    with precondition():
        server.watch.until_still()  # it has accepted the connection, too
    client.reset()
    next_is_served(server, site)


@check("web.reset-while-replying")
def check_reset_while_replying(site: Site, server: Web) -> None:
    """A client that resets its connection while the file is being sent disturbs nobody."""
    path = site.sparse("/large.bin", FULL)
    slow = ask(server, path, rcvbuf=SMALL_BUFFER)
    until_blocked_sending(server, slow)
    slow.reset()
    next_is_served(server, site)


@check("web.reply-to-nobody")
@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("size", [len(PAGE), LARGE], ids=["small-file", "large-file"])
def check_reply_to_nobody(site: Site, serving: Launch, how: str, size: int) -> None:
    """Replying to a client that has already gone does not end the server (SIGPIPE, EPIPE, ECONNRESET)."""
    path = site.sparse("/large.bin", size)
    server = serving(gate=SENDING)
    client = server.connect()
    with precondition():
        server.watch.until_still()  # it has accepted the connection
    with server.hold(SENDING, client) as sends:
        client.request(path)
        server.watch.until(sends.waiting, what="reply")
        client.reset() if how == "reset" else client.close()
    next_is_served(server, site)


@check("web.gone-before-accept")
def check_gone_before_accept(site: Site, held: Web) -> None:
    """Clients that have gone before their connections are accepted disturb nobody."""
    for number in range(min(4, held.backlog)):
        client = held.connect()
        with contextlib.suppress(SubmissionFault):
            client.send(get(site.page)[:number])
        client.reset() if number % 2 else client.close()
    held.release()
    next_is_served(held, site)
