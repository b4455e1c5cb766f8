"""What the checks share: what receptor_dgram said, and one run of emisor_dgram."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.errors import SubmissionFault
from grader.peers.udp import UdpPeer
from grader.program.program import RunningProgram
from grader.stage.scene import Scene
from grader.stage.server import HOST, DatagramServer
from grader.wire.capture import Capture
from specs.shared.common import said, until_said

LaunchReceiver = Callable[..., DatagramServer]


def expect_read(server: DatagramServer, *expected: int) -> None:
    """It has said `leido N` for each of the datagrams so far, in their order, and for nothing else."""
    program = server.program
    try:
        until_said(server.watch, program, "leido", len(expected))
        server.watch.until_still()
    except SubmissionFault as fault:
        fault.expected = fault.expected or _lines("leido", expected)
        fault.actual = fault.actual or _lines("leido", said(program, "leido"))
        raise
    found = said(program, "leido")
    if found != list(expected):
        raise SubmissionFault(
            "what it says is not what came",
            expected=_lines("leido", expected),
            actual=_lines("leido", found),
        )


def next_is_received(server: DatagramServer, peer: UdpPeer, *before: int) -> None:
    """The receiver outlives what was done to it, after which it has said `before`, and receives the next datagram.

    It comes to rest first: a receiver that is about to end must not be overtaken by the next datagram.
    """
    if end := server.watch.end_of_server():
        raise SubmissionFault(end, expected="the receiver goes on and receives the next datagram")
    peer.send(b"next", server.port)
    expect_read(server, *before, 4)


def send(scene: Scene, peer: UdpPeer, size: int, *, host: str = HOST) -> RunningProgram:
    """emisor_dgram, told to send `size` bytes to our socket."""
    return scene.launch(host, str(peer.port), str(size)).program


def expect_one(wire: Capture, scene: Scene, program: RunningProgram, peer: UdpPeer, size: int) -> None:
    """Exactly one datagram of `size` bytes comes."""
    try:
        first = peer.receive()
    except SubmissionFault as fault:
        raise _elsewhere(wire, peer) or fault from None
    scene.until_exit(program, "end")
    sizes = [len(each) for each in (first, *peer.available())]
    if sizes != [size]:
        raise SubmissionFault(
            "what came is not one datagram of the size that was asked for",
            expected=_datagrams([size]),
            actual=_datagrams(sizes),
        )


def expect_written(program: RunningProgram, size: int) -> None:
    """It has said `escrito N` with the number of bytes that sendto took."""
    found = said(program, "escrito")
    if found != [size]:
        raise SubmissionFault(
            "what it says is not what it sent",
            expected=_lines("escrito", [size]),
            actual=_lines("escrito", found),
        )


def _elsewhere(wire: Capture, peer: UdpPeer) -> SubmissionFault | None:
    """Where the datagram went instead, if there was one at all."""
    swapped = int.from_bytes(peer.port.to_bytes(2, "big"), "little")
    if not wire.datagrams(swapped):
        return None
    return SubmissionFault(
        "the datagram went to another port",
        expected=f"a datagram to port {peer.port}",
        actual=f"a datagram to port {swapped}, "
        f"which is {peer.port} with its two bytes swapped: htons is missing",
    )


def _lines(word: str, numbers: Sequence[int]) -> str:
    return "\n".join(f"{word} {number}" for number in numbers) or f"no line '{word} N'"


def _datagrams(sizes: Sequence[int]) -> str:
    count = f"{len(sizes)} datagram{'s' if len(sizes) != 1 else ''}"
    return f"{count} of {' and '.join(f'{size:,}' for size in sizes)} bytes"
