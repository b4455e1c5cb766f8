"""receptor_dgram: each datagram is one recvfrom, whole or cut, whatever came before and from whom."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.peers.udp import LARGEST, UdpPeer
from grader.program.program import describe_tasks
from grader.spec import check
from grader.stage.scene import Scene
from grader.watch.load import spinning_share
from specs.datagram.ends import LaunchReceiver, expect_read, next_is_received


@check("datagram.says-each")
@pytest.mark.usefixtures("wire")
def check_says_each(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """For each datagram the receiver prints a line `leido N` with its size, also when it is exactly SIZE bytes long."""
    server = launch(100)
    sizes = [4, 1, 99, 100, 50]
    for number, size in enumerate(sizes, start=1):
        peer.send(b"x" * size, server.port)
        expect_read(server, *sizes[:number])


@check("datagram.cuts-long-ones")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("size", [101, 250, 5000])
def check_cuts_long_ones(launch: LaunchReceiver, peer: UdpPeer, size: int) -> None:
    """Of a datagram longer than SIZE the receiver reads SIZE bytes, and the rest is lost: the next line is about the next datagram."""
    server = launch(100)
    peer.send(b"x" * size, server.port)
    server.watch.until_still()  # one after the other: what a small buffer holds is another check's matter
    peer.send(b"y" * 60, server.port)
    expect_read(server, 100, 60)


@check("datagram.keeps-borders")
@pytest.mark.usefixtures("wire")
def check_keeps_borders(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """Datagrams stay apart: two of 50 bytes that both wait are two lines, although SIZE is 100."""
    server = launch(100, held=True)
    peer.send(b"x" * 50, server.port).send(b"y" * 50, server.port)
    server.release()
    expect_read(server, 50, 50)


@check("datagram.does-not-wait-for-more")
@pytest.mark.usefixtures("wire")
def check_does_not_wait_for_more(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """A datagram shorter than SIZE is complete: the receiver prints its line at once, and waits for no more bytes."""
    server = launch(1000)
    peer.send(b"hola", server.port)
    expect_read(server, 4)


@check("datagram.empty-one")
@pytest.mark.usefixtures("wire")
def check_empty_one(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """An empty datagram is a datagram like any other: the receiver prints `leido 0`, and goes on."""
    server = launch(100)
    peer.send(b"", server.port)
    expect_read(server, 0)
    next_is_received(server, peer, 0)


@check("datagram.largest-received")
@pytest.mark.parametrize("size", [LARGEST, 70_000], ids=["exact-size", "larger-size"])
def check_largest_received(launch: LaunchReceiver, peer: UdpPeer, size: int) -> None:
    """The largest datagram, 65,507 bytes, is received whole when SIZE allows it."""
    server = launch(size)
    peer.send(b"x" * LARGEST, server.port)
    expect_read(server, LARGEST)


@check("datagram.any-bytes")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(
    "data", [b"ab\0cd", b"\0" * 7, bytes(range(256)), b"100%s%n\n\n"], ids=["nul", "zeros", "all", "text"]
)
def check_any_bytes(launch: LaunchReceiver, peer: UdpPeer, data: bytes) -> None:
    """The bytes of a datagram may be any: what is counted is what recvfrom returned."""
    server = launch(300)
    peer.send(b"a longer one that was there before", server.port)
    expect_read(server, 34)
    peer.send(data, server.port)
    expect_read(server, 34, len(data))


@check("datagram.many-waiting")
@pytest.mark.usefixtures("wire")
def check_many_waiting(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """Datagrams that arrive while the receiver is busy wait for it, and it reads them in their order."""
    server = launch(100, held=True)
    sizes = list(range(40, 0, -1))
    for size in sizes:
        peer.send(b"x" * size, server.port)
    server.release()
    expect_read(server, *sizes)


@check("datagram.several-senders")
@pytest.mark.usefixtures("wire")
def check_several_senders(scene: Scene, launch: LaunchReceiver, peer: UdpPeer) -> None:
    """The receiver takes datagrams of several senders, one after the other."""
    server = launch(100)
    other, third = scene.datagrams(), scene.datagrams()
    for number, sender in enumerate([peer, other, third, peer, other], start=1):
        sender.send(b"x" * number, server.port)
        expect_read(server, *range(1, number + 1))


@check("datagram.sender-gone")
@pytest.mark.usefixtures("wire")
def check_sender_gone(scene: Scene, launch: LaunchReceiver, peer: UdpPeer) -> None:
    """A sender whose port is closed by the time its datagram is read does no harm."""
    server = launch(100, held=True)
    gone = scene.datagrams()
    gone.send(b"adios", server.port).close()
    server.release()
    expect_read(server, 5)
    next_is_received(server, peer, 5)
    gone = scene.datagrams()
    gone.send(b"ay", server.port).close()
    expect_read(server, 5, 4, 2)
    next_is_received(server, peer, 5, 4, 2)


@check("datagram.interrupted-wait")
@pytest.mark.usefixtures("wire")
def check_interrupted_wait(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """A receiver that is stopped and continued while it waits goes on where it was."""
    server = launch(100)
    server.watch.until_still()
    interrupt(server.program)
    next_is_received(server, peer)


@check("datagram.idle")
@pytest.mark.parametrize("after", ["waiting", "datagram"])
def check_idle(launch: LaunchReceiver, peer: UdpPeer, after: str) -> None:
    """While no datagram comes the receiver waits in recvfrom and uses no processor time."""
    server = launch(100)
    if after == "datagram":
        peer.send(b"hola", server.port)
        expect_read(server, 4)
    share = spinning_share(server.watch.processes())
    if share is not None:
        raise SubmissionFault(
            "the receiver keeps the processor busy although no datagram comes",
            expected="it sleeps in recvfrom",
            actual=f"{share:.0%} of one processor\n"
            + describe_tasks(server.program.tasks(), server.program.pid),
        )
