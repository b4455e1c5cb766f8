"""TCP carries a stream: where one segment ends says nothing about where a request ends."""

from __future__ import annotations

import pytest

from grader.faults.fragment import drip, in_two
from grader.peers.reverse import header, pattern, request
from grader.spec import check
from specs.reverse.service import Service


@check("reverse.fragmented-header")
@pytest.mark.parametrize("cut", [1, 2, 3])
def check_header_in_pieces(server: Service, cut: int) -> None:
    """A request is complete when all its bytes came, however TCP split the 4-byte length."""
    client = in_two(server.connect(), request(b"hola"), cut)
    assert client.expect_reply(b"hola").nothing_more()


@check("reverse.fragmented-body")
@pytest.mark.parametrize("cut", [4, 5, 6, 7])
def check_body_in_pieces(server: Service, cut: int) -> None:
    """A request is complete when all its bytes came, however TCP split the data."""
    client = in_two(server.connect(), request(b"hola"), cut)
    assert client.expect_reply(b"hola").nothing_more()


@check("reverse.dripped-request")
def check_dripped_request(server: Service) -> None:
    """Requests that arrive one byte at a time are answered like any other."""
    client = server.connect()
    drip(client, request(b"gota a gota")).expect_reply(b"gota a gota")
    drip(client, request(b"otra")).expect_reply(b"otra")
    assert client.nothing_more()


@check("reverse.coalesced-requests")
@pytest.mark.parametrize("count", [2, 1000])
def check_coalesced_requests(held: Service, count: int) -> None:
    """Several requests that arrive in one piece are each answered, in order."""
    payloads = [pattern(7, seed) for seed in range(count)]
    client = held.connect().send(b"".join(map(request, payloads)))
    held.release()  # all of them are there
    rounds = held.watch.rounds(count)
    for number in rounds:
        client.expect(payloads[number][::-1], f"reply {number + 1} of {count}")
    if rounds.done == count:
        assert client.nothing_more()


@check("reverse.request-and-a-half")
def check_request_and_a_half(server: Service) -> None:
    """The beginning of the next request, when it comes with the end of one, is kept for its rest."""
    client = server.connect()
    client.send(request(b"hola") + header(5) + b"mu").expect_reply(b"hola")
    client.send(b"ndo").expect_reply(b"mundo")
    assert client.nothing_more()


@check("reverse.half-close")
def check_half_close(held: Service) -> None:
    """A client that half-closes after its requests still gets every reply, then end of file."""
    client = held.connect().send(request(b"hola") + request(b"mundo")).half_close()
    held.release()  # the end is there before the first reply
    client.expect_reply(b"hola").expect_reply(b"mundo")
    assert not client.receive_until_end(), "more than the two replies came"
