"""The client when something goes wrong: it says so, and its exit status says so too."""

from __future__ import annotations

import pytest

from grader.faults.interrupt import interrupt
from grader.faults.slow_reader import MORE_THAN_BUFFERS, SMALL_BUFFER
from grader.observe.sockets import TcpState
from grader.peers.reverse import header, pattern
from grader.spec import check, precondition
from specs.reverse.service import Client


@check("reverse.client-refused")
def check_refused(client: Client) -> None:
    """When the connection is refused the client says so on stderr and exits with a status other than 0."""
    run = client.start([b"hola"])
    run.listener.close()
    client.start([b"hola"], port=run.listener.port).expect_trouble("the connection was refused")


@check("reverse.client-unknown-host")
def check_unknown_host(client: Client) -> None:
    """When the host does not exist the client says so on stderr and exits with a status other than 0."""
    client.start([b"hola"], host="no-such-host.invalid").expect_trouble("the host does not exist")


@check("reverse.client-missing-file")
def check_missing_file(client: Client) -> None:
    """When a file does not exist the client says so on stderr and exits with a status other than 0."""
    run = client.start([b"hola"], more=["/data/no-such-file"])
    run.serve_until_exit()
    run.expect_trouble("a file does not exist")


@check("reverse.client-truncated-reply")
@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("length", [0, 2], ids=["no-reply", "half-a-reply"])
def check_truncated_reply(client: Client, length: int, how: str) -> None:
    """When the connection ends before the reply is complete the client exits with a status other than 0."""
    run = client.start([b"hola"])
    server = run.accept()
    server.receive_request()
    server.send(b"aloh"[:length])
    server.reset() if how == "reset" else server.close()
    run.until_exit()
    assert run.program.exit_status() != 0, "the exit status is 0 although a reply was cut short"


@check("reverse.client-server-vanishes")
@pytest.mark.parametrize("how", ["resets", "closes"])
def check_server_vanishes(client: Client, how: str) -> None:
    """When the server vanishes while a request is being sent the client says so on stderr, and its exit status is not 0."""
    run = client.start([pattern(MORE_THAN_BUFFERS)], rcvbuf=SMALL_BUFFER)
    server = run.accept()
    assert server.receive_exactly(4) == header(MORE_THAN_BUFFERS)
    with precondition():
        server.until_far_end_is_sending()
    if how == "closes":  # FIN, and RST to what still comes: the next send meets EPIPE and SIGPIPE
        server.half_close().until_far_end(TcpState.CLOSE_WAIT, "receive the end of file")
    server.reset()
    run.expect_trouble("the server reset the connection")


@check("reverse.client-interrupted-receive")
def check_interrupted_receive(client: Client) -> None:
    """A receive that returns early with a part of the reply, even with MSG_WAITALL, is continued."""
    content = pattern(100_000)
    run = client.start([content])
    server = run.accept()
    assert server.receive_request() == content
    server.send(content[::-1][:60_000]).until_consumed()
    run.watch.until_still()
    interrupt(run.program)
    server.send(content[::-1][60_000:])
    run.expect_success(content[::-1])


@check("reverse.client-interrupted-send")
def check_interrupted_send(client: Client) -> None:
    """A send that returns early, with a part of the request sent, is continued from there."""
    content = pattern(MORE_THAN_BUFFERS)
    run = client.start([content], rcvbuf=SMALL_BUFFER)
    server = run.accept()
    with precondition():
        server.until_far_end_is_sending()
        run.watch.until_still()
    interrupt(run.program)
    run.watch.until_still()
    assert server.serve(1) == [content]
    run.expect_success(content[::-1])
