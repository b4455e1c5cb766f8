"""System calls may return early, with a part of the data, with EINTR or with an error; and files may change meanwhile."""

from __future__ import annotations

import contextlib

import pytest

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.faults.slow_reader import FULL, SMALL_BUFFER
from grader.observe.gate import ACCEPTING
from grader.peers.http import get
from grader.spec import check
from specs.shared.common import PASSING
from specs.web.service import (
    PAGE,
    Launch,
    Site,
    Web,
    ask,
    expect_body,
    expect_ok,
    expect_page,
    next_is_served,
    until_blocked_sending,
)

ROUNDS = 4


@check("web.interrupted-wait")
def check_interrupted_wait(site: Site, server: Web) -> None:
    """A server that is stopped and continued while it waits goes on where it was."""
    server.watch.until_still()
    interrupt(server.program)
    request = get(site.page)
    client = server.connect().send(request[:10]).until_consumed()
    server.watch.until_still()
    interrupt(server.program)
    expect_page(client.send(request[10:]), PAGE)


@check("web.interrupted-send")
def check_interrupted_send(site: Site, server: Web) -> None:
    """A send, writev or sendfile that returns early, with a part of the file sent, is continued from there."""
    path, content = site.large("/large.bin", FULL)
    client = ask(server, path, rcvbuf=SMALL_BUFFER)
    for _ in range(ROUNDS):
        until_blocked_sending(server, client)
        server.program.stop()
        client.receive_available()  # what the buffers hold; so the next part begins elsewhere
        server.program.go_on()
    expect_page(client, content)


@check("web.accept-fails")
def check_accept_fails(site: Site, serving: Launch) -> None:
    """When accept fails for a reason that passes (the table of open files of the whole machine is full: ENFILE) the server calls it again."""
    server = serving(gate=ACCEPTING)
    server.watch.until_still()
    failing = server.gate.hold(ACCEPTING)  # it fails when all who were accepted before have been served
    unlucky = ask(server, site.page)
    with contextlib.suppress(SubmissionFault):
        server.watch.until(
            lambda: failing.waiting() or unlucky.closed_by_program, what="accept or serve a client"
        )
    one_by_one = not failing.waiting()
    if one_by_one:  # and it may wait for this client to go
        unlucky.close()
        server.watch.until(failing.waiting, what="call accept again after a client has gone")
    failing.fail(PASSING)
    if not one_by_one:
        unlucky.response_if_any()  # turned away is right, too
        unlucky.close()
    next_is_served(server, site)


@check("web.call-interrupted")
@pytest.mark.parametrize("where", ["accept", "receive", "send"])
def check_call_interrupted(site: Site, server: Web, where: str) -> None:
    """A signal that the server catches disturbs nothing: accept, the receive or the send in which it waits (EINTR) is called again."""
    if not server.catches_a_signal():
        return
    if where == "accept":
        server.interrupt_by_signal()
        expect_page(ask(server, site.page), PAGE)
    elif where == "receive":
        request = get(site.page)
        client = server.connect().send(request[:10]).until_consumed()
        server.interrupt_by_signal()
        expect_page(client.send(request[10:]), PAGE)
    else:
        path, content = site.large("/large.bin", FULL)
        client = ask(server, path, rcvbuf=SMALL_BUFFER)
        until_blocked_sending(server, client)
        server.interrupt_by_signal(times=6)  # by then the last segment is full, too, and a send takes nothing
        expect_page(client, content)


@check("web.file-cut-while-served")
@pytest.mark.parametrize("size", [0, 3_000_000], ids=["to-nothing", "to-a-part"])
def check_file_cut_while_served(site: Site, server: Web, size: int) -> None:
    """A file that becomes shorter while it is being sent cuts that reply short, but never ends the server (SIGBUS)."""
    path, _ = site.large("/large.bin", FULL)
    client = ask(server, path, rcvbuf=SMALL_BUFFER)
    until_blocked_sending(server, client)
    site.cut(path, size)
    client.until_closed().close()  # what comes is not looked at: queued bytes may have become zeros
    next_is_served(server, site)


@check("web.file-grows-while-served")
def check_file_grows_while_served(site: Site, server: Web) -> None:
    """A file that grows while it is being sent does not make the reply longer than its Content-Length."""
    path, content = site.large("/large.bin", FULL)
    client = ask(server, path, rcvbuf=SMALL_BUFFER)
    until_blocked_sending(server, client)
    more = b"more" * 100_000
    site.append(path, more)
    response = client.response()
    client.close()
    expect_ok(response)
    if response.content_length is None:  # the connection's end is that of the body, which may have grown
        expect_body(response.body[: len(content)], content)
        expect_body(response.body, (content + more)[: len(response.body)])
    else:
        expect_body(response.body, content)
