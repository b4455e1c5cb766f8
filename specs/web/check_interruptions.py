"""System calls may return early, with a part of the data, with EINTR or with an error; and files may change meanwhile."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.faults.slow_reader import MORE_THAN_BUFFERS, SMALL_BUFFER
from grader.observe.syscalls import Injection
from grader.peers.http import get
from grader.spec import KiB, check, precondition
from specs.web.service import (
    FULL,
    PAGE,
    Site,
    Web,
    ask,
    expect_body,
    expect_header,
    expect_page,
    next_is_served,
    until_blocked_sending,
)

ACCEPT = ("accept", "accept4")
RECEIVE = ("recvfrom", "recvmsg")
SEND = ("sendto", "sendmsg", "write", "writev", "sendfile", "sendfile64")
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
    path, content = site.large("/large.bin", MORE_THAN_BUFFERS)
    client = ask(server, path, rcvbuf=SMALL_BUFFER)
    for _ in range(ROUNDS):
        until_blocked_sending(server, client)
        with server.program.frozen():
            client.receive_available()  # what the buffers hold; so the next part begins elsewhere
    expect_page(client, content)


@check("web.accept-fails")
@pytest.mark.parametrize("error", ["EINTR", "ECONNABORTED"])
def check_accept_fails(site: Site, server: Web, error: str) -> None:
    """When accept fails for a reason that passes (EINTR, ECONNABORTED) the server calls it again."""
    tracer = server.trace(ACCEPT, inject=[Injection(ACCEPT, error)])
    expect_page(ask(server, site.page), PAGE)
    next_is_served(server, site)
    with precondition():
        assert any(call.injected for call in tracer.calls()), "accept was never called"


@check("web.call-interrupted")
@pytest.mark.parametrize("calls", [RECEIVE, SEND], ids=["receive", "send"])
def check_call_interrupted(site: Site, server: Web, calls: tuple[str, ...]) -> None:
    """When a receive or a send is interrupted by a signal (EINTR) it is called again."""
    path, content = site.large("/file.bin", 32 * KiB)
    if calls == RECEIVE and _reads_with_read(server):
        calls = ("read",)
    tracer = server.trace(calls, inject=[Injection(calls, "EINTR")])
    expect_page(ask(server, path), content)
    next_is_served(server, site)
    with precondition():
        assert any(call.injected for call in tracer.calls()), "none of the calls was made"


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
    site.append(path, b"more" * 100_000)
    response = client.response()
    client.close()
    expect_header(response, len(content))
    expect_body(response.body, content)


def _reads_with_read(server: Web) -> bool:
    """Where the server waits for a request: in read, which is for files too, and so no call to spoil blindly."""
    silent = server.connect()
    with precondition():
        server.watch.until_still()
    waiting = {task.call.name for task in server.program.blocked_in() if task.call is not None}
    silent.close()
    if not server.program.ended():
        server.watch.until(silent.released_by_program, what="close the connection that its client had closed")
    if end := server.watch.end_of_server():
        raise SubmissionFault(end)
    return "read" in waiting
