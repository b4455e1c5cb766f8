"""A peer that does not read: the window closes, and the program's send cannot go on."""

from __future__ import annotations

from grader.peers.tcp import TcpPeer
from grader.watch.watch import Watch, precondition

#: Receive buffer in bytes: small enough to close the window soon, and large enough that reading opens
#: it at once; below a few segments only the sender's probes, 200 ms apart, would (RFC 1122, 4.2.2.17).
SMALL_BUFFER = 1 << 16

#: Bytes that the buffers of both ends never hold: Linux tunes them up to 4 MiB (sending; a cell, 1 MiB)
#: and 6 MiB (receiving), tcp(7). And those that they do not hold where our end receives with a SMALL_BUFFER.
MORE_THAN_BUFFERS, FULL = 16 << 20, 6 << 20


def until_stuck_sending(watch: Watch, peer: TcpPeer) -> None:
    """Wait until the program cannot send any further to `peer`, or has nothing more to send.

    The reply under way must be larger than `FULL` says.
    """
    with precondition():
        peer.until_consumed()
        watch.until_still()
