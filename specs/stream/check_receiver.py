"""The receiver: what a read gets of a stream, and what is printed about it."""

from __future__ import annotations

import pytest

from grader.spec import check, precondition
from specs.shared.receiving import LaunchReceiving, Receiving, filler

LARGE = 50_000_000  #: the slides' size: more than all buffers of both ends hold
BINARY = b"\0\0a\0" + bytes(range(256)) + b"\n\xff\r\n\0"


@check("stream.reads-and-total")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(
    ("size", "length"), [(1, 5), (100, 250), (65_536, 10)], ids=["one", "several-reads", "more-than-comes"]
)
def check_reads_and_total(launch: LaunchReceiving, size: int, length: int) -> None:
    """The receiver prints `leido N` for every read, N from 1 to SIZE, and at end of file `total N`, the sum of them."""
    launch(size).transfer(filler(length))


@check("stream.asks-for-size")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(("size", "reads"), [(7, [7, 7, 6]), (40_000, [40_000])], ids=["small", "large"])
def check_asks_for_size(launch: LaunchReceiving, size: int, reads: list[int]) -> None:
    """A read asks for SIZE bytes and gets as many of those that have come, whether one send brought them or several."""
    receiver = launch(size, held=True)
    mark = receiver.mark()
    total = sum(reads)
    peer = receiver.server.connect()
    for _ in range(4):
        peer.send(filler(total // 4))
    with precondition():
        receiver.watch.until(
            lambda: (far := peer.far_end()) is not None and far.receive_queue == total, what="have all"
        )
    peer.close()
    receiver.server.release()
    receiver.account(mark, total, reads=reads)


@check("stream.does-not-wait")
@pytest.mark.usefixtures("wire")
def check_does_not_wait(receiver: Receiving) -> None:
    """A read returns what has come without waiting for SIZE bytes: each piece is read, and its `leido` printed, when it comes."""
    mark = receiver.mark()
    peer = receiver.server.connect()
    pieces = [5, 1, 12, 99]
    for count, piece in enumerate(pieces, 1):
        peer.send(filler(piece))
        receiver.until_reads(mark, pieces[:count])
    peer.close()
    receiver.account(mark, sum(pieces), reads=pieces)


@check("stream.one-after-the-other")
@pytest.mark.usefixtures("wire")
def check_one_after_the_other(receiver: Receiving) -> None:
    """The receiver serves one connection after the other, and each has a total of its own."""
    receiver.transfer(b"hola")
    mark = receiver.mark()
    first = receiver.rests_with(filler(30))
    second = receiver.server.connect().send(filler(220))
    first.close()
    mark = receiver.account(mark, 30)
    second.close()
    receiver.account(mark, 220)


@check("stream.closes-at-end")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", ["closed", "half-closed"])
def check_closes_at_end(receiver: Receiving, how: str) -> None:
    """When the sender has ended the stream, by close or by shutdown, the receiver prints the total and closes the connection."""
    mark = receiver.mark()
    peer = receiver.server.connect().send(b"hola")
    if how == "closed":
        peer.close()
    else:
        peer.half_close()
    receiver.account(mark, 4)
    receiver.watch.until(peer.released_by_program, what="close the connection whose stream had ended")


@check("stream.empty-connection")
@pytest.mark.usefixtures("wire")
def check_empty_connection(receiver: Receiving) -> None:
    """A sender that connects and closes without sending anything has `total 0`, and the receiver goes on."""
    for _ in range(3):
        receiver.transfer(b"")
    receiver.next_is_served()


@check("stream.send-before-accept")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("senders", [1, 3])
def check_send_before_accept(launch: LaunchReceiving, senders: int) -> None:
    """What was sent before the receiver called accept, by senders that have ended since, is received in full."""
    receiver = launch(held=True)
    mark = receiver.mark()
    count = min(senders, receiver.server.backlog)
    for _ in range(count):
        receiver.server.connect().send(filler(1024)).close()
    receiver.server.release()
    for _ in range(count):
        mark = receiver.account(mark, 1024)


@check("stream.large")
@pytest.mark.usefixtures("bulk")
def check_large(launch: LaunchReceiving) -> None:
    """A stream of 50,000,000 bytes is received with a SIZE of 50,000,000."""
    launch(LARGE).transfer(filler(LARGE))


@check("stream.binary")
@pytest.mark.usefixtures("wire")
def check_binary(receiver: Receiving) -> None:
    """Bytes are bytes: zeros, newlines and what is no text count like any other."""
    receiver.transfer(BINARY)
