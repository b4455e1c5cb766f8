"""The protocol: a length in network byte order and that many bytes, answered by those bytes reversed."""

from __future__ import annotations

import pytest

from grader.peers.reverse import header, pattern, request
from grader.spec import KiB, MiB, check
from grader.watch.pace import Progress
from specs.reverse.service import Launch, Service, length_as_read

PIECE = 30_000  #: bytes; less than 70,000, and more than a small message


@check("reverse.exchange")
def check_exchange(server: Service) -> None:
    """The reply to a request is its bytes in reverse order, with no header."""
    client = server.connect()
    with length_as_read(server, client, 4):
        client.exchange(b"hola")
    assert client.nothing_more()


@check("reverse.byte-order")
@pytest.mark.parametrize("length", [1, 256, 70_000])
def check_byte_order(server: Service, length: int) -> None:
    """The length is a 32-bit number in network byte order."""
    payload = pattern(length)
    message = request(payload)
    client = server.connect()
    with length_as_read(server, client, length):
        if length > PIECE:  # whether one receive gets it all must not be left to chance
            client.send(message[:PIECE]).until_consumed()
            message = message[PIECE:]
        client.send(message).expect_reply(payload)


@check("reverse.several-requests")
def check_several_requests(server: Service) -> None:
    """Any number of requests can follow each other on one connection."""
    client = server.connect()
    for length in (4, 1, 100, 5_000, 3):
        client.exchange(pattern(length))
    assert client.nothing_more()


@check("reverse.long-then-short")
def check_long_then_short(server: Service) -> None:
    """A short request after a long one gets nothing of the long one."""
    client = server.connect().exchange(b"a long request, to fill the buffer with")
    assert client.exchange(b"ab").nothing_more()


@check("reverse.next-client")
def check_next_client(server: Service) -> None:
    """When a client has gone, the next one is served."""
    for payload in (b"first", b"second", b"third"):
        client = server.connect().exchange(payload)
        assert client.nothing_more()
        client.close()
        server.watch.until_still()  # what ends with a client has ended


@check("reverse.zero-length")
def check_zero_length(server: Service) -> None:
    """A request of length 0 gets an empty reply, and the connection goes on."""
    client = server.connect().send(header(0)).until_consumed()
    assert client.nothing_yet()
    assert client.exchange(b"hola").nothing_more()


@check("reverse.binary")
def check_binary(server: Service) -> None:
    """Bytes are bytes: NULs, newlines and bytes that are no UTF-8 come back like any other."""
    client = server.connect()
    for payload in (b"a\0b\0\0c", bytes(range(256)), b"\xff\xfe\x80\n\r\n"):
        client.exchange(payload)
    assert client.nothing_more()


@check("reverse.large-request")
@pytest.mark.usefixtures("bulk")
@pytest.mark.parametrize("size", [256 * KiB, 64 * MiB], ids=["256KiB", "64MiB"])
def check_large_request(server: Service, size: int) -> None:
    """Requests of up to 64 MiB work, and are answered within a minute."""
    client = server.connect().exchange(pattern(size))
    assert client.nothing_more()


@check("reverse.thousand-clients")
def check_thousand_clients(launch: Launch) -> None:
    """1,000 clients one after the other are all served, within a minute."""
    server = launch(limits={"nproc": (256, 2048)})
    server.may_have_processes(2048)  # a periodic reaper may leave them all for its next round
    served = Progress(server.watch.own, 1000, "clients were served, one after the other,")
    for number in range(1000):
        served.at(number)
        client = server.connect().exchange(b"client %d" % number)
        client.close()
