"""A peer that does not read: the window closes, and the program's send cannot go on."""

from __future__ import annotations

from grader.peers.tcp import TcpPeer
from grader.worker.watch import Watch, precondition

#: Receive buffer in bytes: small enough to close the window soon, and large enough that reading opens
#: it at once; below a few segments only the sender's probes, 200 ms apart, would (RFC 1122, 4.2.2.17).
SMALL_BUFFER = 1 << 16


def until_stuck_sending(watch: Watch, peer: TcpPeer) -> None:
    """Wait until the program cannot send any further to `peer`, or has nothing more to send.

    Linux tunes send buffers up to several MiB by itself, so the reply under way must be larger.
    """
    with precondition():
        peer.until_consumed()
        watch.until_still()
