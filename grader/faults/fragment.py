"""TCP may cut a message anywhere: pieces arrive alone, each read before the next is sent."""

from __future__ import annotations

from typing import TypeVar

from grader.peers.tcp import TcpPeer

P = TypeVar("P", bound=TcpPeer)


def in_two(peer: P, data: bytes, cut: int) -> P:
    """Send `data[:cut]`, wait until the program has read it, then send the rest."""
    return peer.send(data[:cut]).until_consumed().send(data[cut:])


def drip(peer: P, data: bytes) -> P:
    """Send one byte at a time, each read by the program before the next leaves."""
    for offset in range(len(data)):
        peer.send(data[offset : offset + 1]).until_consumed()
    return peer
