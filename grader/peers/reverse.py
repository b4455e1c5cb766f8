"""The reverse service's protocol, as a client and as a server play it.

A request is a 4-byte unsigned length in network byte order and that many bytes; the reply is those
bytes in reverse order, with no header.
"""

from __future__ import annotations

import functools
import random
import struct
from typing import Self

from grader.errors import SubmissionFault
from grader.peers.tcp import TcpPeer

HEADER = struct.Struct("!I")
MAX_PAYLOAD = 64 << 20  #: the largest length that every server must take
_PERIOD = 1_048_583  #: bytes; a prime


def header(length: int) -> bytes:
    """A request's first four bytes."""
    return HEADER.pack(length)


def request(payload: bytes) -> bytes:
    return HEADER.pack(len(payload)) + payload


@functools.lru_cache(maxsize=8)
def pattern(length: int, seed: int = 0) -> bytes:
    """`length` bytes without symmetry, NULs included, the same in every run.

    They repeat after a prime number of bytes, which is no multiple of any buffer's size.
    """
    block = random.Random(seed).randbytes(min(length, _PERIOD))  # noqa: S311 - test data
    return (block * (length // _PERIOD + 1))[:length]


class ReverseClient(TcpPeer):
    """A client of the reverse service that checks each reply to the byte."""

    def exchange(self, payload: bytes) -> Self:
        """Send one request; its reply must be right."""
        return self.send(request(payload)).expect_reply(payload)

    def expect_reply(self, payload: bytes) -> Self:
        """The next bytes must be the reply to this payload."""
        return self.expect(payload[::-1], "the reply")


class ReverseServer(TcpPeer):
    """The server's end of one connection, for grading clients."""

    def receive_request(self) -> bytes:
        """The payload of the next request, read whole."""
        (length,) = HEADER.unpack(self.receive_exactly(HEADER.size))
        if length > MAX_PAYLOAD:
            raise SubmissionFault(
                f"the request announces {length:,} bytes",
                expected="the file's size as a 4-byte number in network byte order (htonl)",
                actual=f"{header(length).hex(' ')}, which is {length:,}",
            )
        return self.receive_exactly(length)

    def serve(self, count: int) -> list[bytes]:
        """Answer `count` requests rightly; their payloads."""
        payloads = []
        for _ in range(count):
            payload = self.receive_request()
            self.send(payload[::-1])
            payloads.append(payload)
        return payloads
