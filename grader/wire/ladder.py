"""The picture of a connection: one line a segment, time at the left, an arrow between the two ends."""

from __future__ import annotations

from collections.abc import Sequence

from grader.text import printable
from grader.wire.segments import Conversation, Datagram, Segment

_WIDTH = 46  #: columns between the two ends
_SHOWN = 24  #: bytes of data shown
_LINES = 40  #: segments shown; the middle of a longer connection is left out

_NAMES = {"S": "SYN", "F": "FIN", "R": "RST", "P": "PSH", "A": "ACK"}


def draw(conversation: Conversation, client: str = "client", server: str = "server") -> str:
    """The ladder of one connection as text."""
    head = f"{'':>10} {client:<{_WIDTH // 2}}{server:>{_WIDTH - _WIDTH // 2}}"
    segments = conversation.segments
    first = conversation.segments[0] if segments else None
    lines = [_line(segment, conversation, first) for segment in segments]
    if len(lines) > _LINES:
        left_out = len(lines) - _LINES
        half = _LINES // 2
        lines = [*lines[:half], f"{'':>10}   ... {left_out:,} more segments ...", *lines[-half:]]
    return "\n".join([head, *lines])


def draw_datagrams(datagrams: Sequence[Datagram]) -> str:
    """Datagrams, one line each."""
    first = datagrams[0].seconds if datagrams else 0.0
    return "\n".join(
        f"{(datagram.seconds - first) * 1000:9.3f}  {_end(datagram.source)} -> {_end(datagram.target)}"
        f"  UDP {len(datagram.data):,} bytes  {_preview(datagram.data)}".rstrip()
        for datagram in datagrams[:_LINES]
    )


def _line(segment: Segment, conversation: Conversation, first: Segment | None) -> str:
    forth = segment.source == conversation.client
    since = segment.seconds - (first.seconds if first is not None else 0.0)
    words = " ".join(name for letter, name in _NAMES.items() if letter in segment.flags)
    if segment.length:
        words = f"{segment.length:,} bytes" + (f" {words}" if set(segment.flags) & set("SFR") else "")
    label = f" {words} "
    arrow = f"{label:-^{_WIDTH - 2}}"
    arrow = f"{arrow}->" if forth else f"<-{arrow}"
    return f"{since * 1000:9.3f}  {arrow}  {_preview(segment.data)}".rstrip()


def _preview(data: bytes) -> str:
    if not data:
        return ""
    head = data[:_SHOWN]
    text = head.decode("ascii", errors="replace")
    shown = f'"{text}"' if text.isprintable() and "\ufffd" not in text else head.hex(" ")
    return printable(shown) + ("..." if len(data) > _SHOWN else "")


def _end(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
