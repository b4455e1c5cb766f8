"""Pieces of exactly SIZE bytes, however the stream arrives."""

from __future__ import annotations

import pytest

from grader.spec import check, precondition
from specs.shared.receiving import LaunchReceiving, Receiving, filler

MEGABYTES = 1_000_000
BINARY = b"\0\0a\0" + bytes(range(256)) + b"\n\xff\r\n\0"
#: SIZE, and the lengths of what is sent, each read before the next one is sent.
CUTS = {
    "drip": (7, [1] * 20),
    "inside-pieces": (100, [1, 98, 2, 149, 30]),
    "at-the-ends": (100, [100, 200, 50]),
}


@check("exact.pieces")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(
    ("size", "length"),
    [(1, 5), (100, 30), (100, 300), (100, 250)],
    ids=["one", "shorter", "multiple", "rest"],
)
def check_pieces(launch: LaunchReceiving, size: int, length: int) -> None:
    """Every read has exactly SIZE bytes and prints `leido SIZE`; the last one has what is left, and `total N` is the sum."""
    launch(size).transfer(filler(length))


@check("exact.fragments")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", CUTS)
def check_fragments(launch: LaunchReceiving, how: str) -> None:
    """A piece has SIZE bytes however TCP cuts the stream: many segments are put together, and one is taken apart."""
    size, lengths = CUTS[how]
    receiver = launch(size)
    mark = receiver.mark()
    peer = receiver.server.connect()
    for length in lengths:
        peer.send(filler(length)).until_consumed()
    peer.close()
    receiver.account(mark, sum(lengths))


@check("exact.coalesced")
@pytest.mark.usefixtures("wire")
def check_coalesced(launch: LaunchReceiving) -> None:
    """Several sends that have come by the time of the read are cut into pieces of SIZE bytes all the same."""
    receiver = launch(held=True)
    mark = receiver.mark()
    peer = receiver.server.connect()
    for length in (30, 30, 100, 7, 180):
        peer.send(filler(length))
    with precondition():
        receiver.watch.until(
            lambda: (far := peer.far_end()) is not None and far.receive_queue == 347, what="have all"
        )
    peer.close()
    receiver.server.release()
    receiver.account(mark, 347)


@check("exact.small-segments")
def check_small_segments(launch: LaunchReceiving) -> None:
    """1,000 segments of 3 bytes fill two pieces of 1,024 bytes and a part of a third."""
    receiver = launch(1024)
    mark = receiver.mark()
    peer = receiver.server.connect()
    for _ in range(1_000):
        peer.send(b"abc").until_consumed()
    peer.close()
    receiver.account(mark, 3_000)


@check("exact.complete-at-once")
@pytest.mark.usefixtures("wire")
def check_complete_at_once(receiver: Receiving) -> None:
    """A piece is there as soon as its SIZE bytes are, and not before: `leido` does not wait for the next bytes or for the end."""
    mark = receiver.mark()
    peer = receiver.server.connect().send(filler(60)).until_consumed()
    receiver.watch.until_still()
    receiver.until_reads(mark, [])
    peer.send(filler(40))
    receiver.until_reads(mark, [100])
    peer.send(filler(250))
    receiver.until_reads(mark, [100, 100, 100])
    peer.close()
    receiver.account(mark, 350)


@check("exact.one-after-the-other")
@pytest.mark.usefixtures("wire")
def check_one_after_the_other(receiver: Receiving) -> None:
    """The receiver serves one connection after the other: each has pieces and a total of its own."""
    receiver.transfer(filler(130))
    mark = receiver.mark()
    first = receiver.rests_with(filler(30))
    second = receiver.server.connect().send(filler(220))
    first.close()
    mark = receiver.account(mark, 30)
    second.close()
    receiver.account(mark, 220)


@check("exact.closes-at-end")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", ["closed", "half-closed"])
def check_closes_at_end(receiver: Receiving, how: str) -> None:
    """When the sender has ended the stream, by close or by shutdown, the receiver prints the total and closes the connection."""
    mark = receiver.mark()
    peer = receiver.server.connect().send(filler(130))
    if how == "closed":
        peer.close()
    else:
        peer.half_close()
    receiver.account(mark, 130)
    receiver.watch.until(peer.released_by_program, what="close the connection whose stream had ended")


@check("exact.empty-connection")
@pytest.mark.usefixtures("wire")
def check_empty_connection(receiver: Receiving) -> None:
    """A sender that connects and closes without sending anything has `total 0`, and the receiver goes on."""
    for _ in range(3):
        receiver.transfer(b"")
    receiver.next_is_served()


@check("exact.send-before-accept")
@pytest.mark.usefixtures("wire")
def check_send_before_accept(launch: LaunchReceiving) -> None:
    """What was sent before the receiver called accept, by senders that have ended since, is received in full."""
    receiver = launch(held=True)
    mark = receiver.mark()
    count = min(3, receiver.server.backlog)
    for _ in range(count):
        receiver.server.connect().send(filler(250)).close()
    receiver.server.release()
    for _ in range(count):
        mark = receiver.account(mark, 250)


@check("exact.large-pieces")
@pytest.mark.usefixtures("bulk")
def check_large_pieces(launch: LaunchReceiving) -> None:
    """A stream of 20,000,000 bytes is received in pieces of 9,000,000."""
    launch(9 * MEGABYTES).transfer(filler(20 * MEGABYTES))


@check("exact.binary")
@pytest.mark.usefixtures("wire")
def check_binary(receiver: Receiving) -> None:
    """Bytes are bytes: zeros, newlines and what is no text count like any other."""
    receiver.transfer(BINARY)
