"""What the checks share: clients that acepta must accept, and what conecta did on the wire."""

from __future__ import annotations

from grader.errors import Inconclusive, SubmissionFault
from grader.peers.attempt import Attempt
from grader.peers.tcp import TcpPeer
from grader.stage.scene import Scene
from grader.wire.capture import Capture
from grader.wire.segments import Conversation
from specs.shared.common import Receiver, SenderRun


def accepted(server: Receiver, host: str = "127.0.0.1") -> TcpPeer:
    """A client that has been accepted, whether the connection is still open or was closed again."""
    client = server.connect(host=host)
    server.until_accept_queue_below(1)
    return client


def next_is_accepted(server: Receiver) -> None:
    """The server outlives what was done to it, and accepts the next client.

    It comes to rest first: a server that is about to end must not be overtaken by the next client.
    """
    for _ in range(2):  # the second finds out whether the first ended it
        if end := server.watch.end_of_server():
            raise SubmissionFault(end, expected="the server goes on and accepts the next client")
        accepted(server)


def attempt(scene: Scene, server: Receiver) -> Attempt:
    """A client that may be held in its connect."""
    return scene.keep(Attempt(scene.watch, (server.host, server.port)))


def connections(wire: Capture, run: SenderRun) -> list[Conversation]:
    """The connections that conecta made to our listener until it ended, which closes them."""
    run.scene.until_exit(run.program, "end")
    try:
        run.accept().until_closed()
    except SubmissionFault as fault:
        raise _elsewhere(wire, run) or fault from None
    while run.listener.waiting():
        run.accept().until_closed()
    found = wire.connections(run.listener.port)
    if not found:
        raise Inconclusive("no connection was captured")
    return found


def _elsewhere(wire: Capture, run: SenderRun) -> SubmissionFault | None:
    """Where it tried to connect instead, if it tried at all."""
    port = run.listener.port
    swapped = int.from_bytes(port.to_bytes(2, "big"), "little")
    if not wire.connections(swapped):
        return None
    return SubmissionFault(
        "it tried to connect to another port",
        expected=f"a SYN to port {port}",
        actual=f"a SYN to port {swapped}, which is {port} with its two bytes swapped: htons is missing",
    )
