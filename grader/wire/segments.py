"""TCP and UDP as they were on the wire: who sent which segment with what in it. Arithmetic on packets only."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

Address = tuple[str, int]  #: host, port

_MODULO = 1 << 32


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment."""

    seconds: float  #: since the capture began
    source: Address
    target: Address
    flags: str  #: scapy's letters: S, F, R, A, P, ...
    seq: int
    ack: int
    window: int  #: as sent, unscaled
    length: int  #: of the data that it carried
    data: bytes  #: the data, or the beginning of it where the capture kept the headers only


@dataclasses.dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram that was not cut into fragments, or the reassembled whole of one that was."""

    seconds: float
    source: Address
    target: Address
    data: bytes


class Conversation:
    """One TCP connection: `client` is the end that sent the first SYN."""

    def __init__(self, client: Address, server: Address, segments: Sequence[Segment]) -> None:
        self.client = client
        self.server = server
        self.segments = list(segments)

    def sent_by(self, source: Address) -> list[Segment]:
        return [segment for segment in self.segments if segment.source == source]

    def data_segments(self, source: Address) -> list[bytes]:
        """The data of each segment that carried new bytes, in the stream's order; retransmissions are left out.

        A segment that repeats old bytes and adds new ones counts with the new ones only.
        """
        return [segment.data[begin:end] for segment, begin, end in self._fresh(source)]

    def data_lengths(self, source: Address) -> list[int]:
        """As `data_segments`, their lengths only: right for captures of headers, too."""
        return [end - begin for _, begin, end in self._fresh(source)]

    def stream(self, source: Address) -> bytes:
        """All bytes of one direction, reassembled."""
        return b"".join(self.data_segments(source))

    def retransmissions(self, source: Address) -> int:
        """How many segments carried nothing but bytes that had been sent before."""
        carrying = sum(1 for segment in self.sent_by(source) if segment.length)
        return carrying - len({id(segment) for segment, _, _ in self._fresh(source)})

    def mss(self, source: Address) -> int:
        """The longest segment's data, in bytes."""
        return max((segment.length for segment in self.sent_by(source)), default=0)

    def closed_first(self) -> Address | None:
        """Who sent the first FIN or RST."""
        return next((s.source for s in self.segments if "F" in s.flags or "R" in s.flags), None)

    def ended_by(self, source: Address) -> str | None:
        """How this end ended the connection: "FIN", "RST" (also after a FIN), or None if it did not."""
        flags = "".join(segment.flags for segment in self.sent_by(source))
        return "RST" if "R" in flags else "FIN" if "F" in flags else None

    def _fresh(self, source: Address) -> list[tuple[Segment, int, int]]:
        """Which bytes of which segments had not come before, in the stream's order.

        Segments may pass each other, on loopback too, when the sender is moved to another processor.
        """
        found = []
        first = self._first_byte(source)
        covered = Coverage()
        for segment in self.sent_by(source):
            if not segment.length:
                continue
            first = segment.seq if first is None else first
            begin = covered.end + _distance((first + covered.end) % _MODULO, segment.seq)
            for start, stop in covered.add(begin, begin + segment.length):
                found.append((start, segment, start - begin, stop - begin))
        return [
            (segment, start, stop) for _, segment, start, stop in sorted(found, key=lambda piece: piece[0])
        ]

    def _first_byte(self, source: Address) -> int | None:
        syn = next((segment for segment in self.sent_by(source) if "S" in segment.flags), None)
        return (syn.seq + 1) % _MODULO if syn is not None else None


class Coverage:
    """Which bytes of a stream, by their offsets, have come."""

    def __init__(self) -> None:
        self._ranges = [(-_MODULO, 0)]  # [begin, end), disjoint and in order; nothing precedes a stream

    @property
    def end(self) -> int:
        """One more than the last byte's offset."""
        return self._ranges[-1][1]

    def add(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Count these bytes as come; which of them are new."""
        place = len(self._ranges)
        while place and self._ranges[place - 1][1] >= begin:
            place -= 1
        new = []
        last = place  # ranges[place:last] touch what is added
        at = begin
        while last < len(self._ranges) and self._ranges[last][0] <= end:
            start, stop = self._ranges[last]
            if at < start:
                new.append((at, start))
            at = max(at, stop)
            last += 1
        if at < end:
            new.append((at, end))
        touched = self._ranges[place:last]
        whole = (min([begin, *(r[0] for r in touched)]), max([end, *(r[1] for r in touched)]))
        self._ranges[place:last] = [whole]
        return new


def conversations(segments: Sequence[Segment]) -> list[Conversation]:
    """The connections among segments, in the order of their first SYN."""
    found: dict[tuple[Address, Address], list[Segment]] = {}
    for segment in segments:
        key, reverse = (segment.source, segment.target), (segment.target, segment.source)
        if "S" in segment.flags and "A" not in segment.flags:
            found.setdefault(key, []).append(segment)
        elif key in found:
            found[key].append(segment)
        elif reverse in found:
            found[reverse].append(segment)
    return [Conversation(client, server, parts) for (client, server), parts in found.items()]


def _distance(seq: int, expected: int) -> int:
    """How many bytes `expected` lies after `seq`, in sequence numbers modulo 2**32 (RFC 9293, 3.4)."""
    distance = (expected - seq) % _MODULO
    return distance - _MODULO if distance >= _MODULO // 2 else distance
