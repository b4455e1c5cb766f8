"""A TCP peer that never blocks the check: each step waits on state and says what it saw.

Chainable steps return the peer. Every fault of the program is a `SubmissionFault` whose message
speaks of the program, with the bytes that were expected and those that came.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable
from typing import Self

from grader.compare import around, first_difference, show_bytes
from grader.errors import ProgramEnded, SubmissionFault
from grader.observe.sockets import TcpState
from grader.peers.endpoint import Endpoint
from grader.watch.pace import Progress

_LINGER_NONE = struct.pack("ii", 1, 0)  #: close() sends RST (socket(7), SO_LINGER)
_ANY = 1 << 62  #: more bytes than can come


class NotClosedError(SubmissionFault):
    """The program left a connection open that it should have closed."""


class TcpPeer(Endpoint):
    """An endpoint whose steps wait until they are done."""

    # Sending

    def send(self, data: bytes) -> Self:
        """Hand all of `data` to the kernel, waiting while the program's end is full."""
        view = memoryview(data)
        progress = Progress(self._watch.own, len(view), "bytes that were sent to it were taken")
        while view:
            progress.at(len(data) - len(view))
            count = self._watch.until(
                lambda: self._send_some(view),  # noqa: B023 - called before the loop goes on
                what=f"read what was sent to it ({self.sent:,} bytes so far)",
                descriptors=[(self._socket.fileno(), select.POLLOUT)],
            )
            view = view[count:]
        return self

    def send_what_fits(self, data: bytes) -> int:
        """Send without ever waiting; the number of bytes that the kernel took."""
        total = 0
        view = memoryview(data)
        while view and (count := self._send_some(view)):
            total += count
            view = view[count:]
        return total

    def until_consumed(self) -> Self:
        """Wait until the program has read everything that was sent."""
        self._watch.until(
            self._is_consumed,
            what=f"read all of the {self.sent:,} bytes that were sent to it",
        )
        return self

    # Receiving

    def receive_exactly(self, count: int) -> bytes:
        """The next `count` bytes; anything less is a fault."""
        self._until_received(count)
        return self._take(count)

    def _until_received(self, count: int) -> None:
        progress = Progress(self._watch.own, count, "bytes came")

        def received() -> object:
            if self._fill(count) or self._end:
                return True
            progress.at(len(self._received))
            return False

        self._watch.until(
            received,
            what=f"send {count:,} bytes",
            descriptors=[(self._socket.fileno(), select.POLLIN)],
        )
        if len(self._received) < count:
            raise SubmissionFault(
                f"{self._ending()} after {len(self._received):,} of {count:,} bytes",
                expected=f"{count:,} bytes",
                actual=show_bytes(bytes(self._received)),
            )

    def expect(self, expected: bytes, meaning: str) -> Self:
        """The next bytes must be `expected`; `meaning` names them in the message."""
        self._until_received(len(expected))
        if self._received.startswith(expected):  # as usual, and without a copy of 64 MiB
            self._drop(len(expected))
            return self
        actual = self._take(len(expected))
        offset = first_difference(expected, actual)
        assert offset is not None
        if len(expected) <= 48:
            shown = (show_bytes(expected), show_bytes(actual))
        else:
            shown = (around(expected, offset), around(actual, offset))
        raise SubmissionFault(
            f"{meaning} is wrong from byte {offset:,} on", expected=shown[0], actual=shown[1]
        )

    def receive_available(self) -> int:
        """Read what has come without waiting; the number of bytes not yet handed out."""
        self._fill(_ANY)
        return len(self._received)

    def receive_until_end(self) -> bytes:
        """Everything until the program closes; a reset is a fault."""
        self.until_closed()
        if self._end == "reset":
            raise SubmissionFault(f"{self._ending()} (RST) instead of closing it in order (FIN)")
        return self._take(len(self._received))

    def skip(self, count: int, told: Callable[[int], None] = lambda _: None) -> int:
        """Read the next `count` bytes and keep nothing of them; how many came before the connection ended.

        `told` hears meanwhile how many there are.
        """
        before = self._taken
        while (left := before + count - self._taken) and self._end is None:
            told(self._taken - before)
            self._watch.until(
                lambda: self._discard(left) or self._end,
                what="send more or close",
                descriptors=[(self._socket.fileno(), select.POLLIN)],
            )
        return self._taken - before

    def discard_until_end(self) -> int:
        """Read everything until the program closes and keep nothing of it; how many bytes came."""
        count = self.skip(_ANY)
        if self._end == "reset":
            raise SubmissionFault(f"{self._ending()} (RST) after {count:,} bytes")
        return count

    def until_closed(self) -> Self:
        """Wait until the program has closed this connection, by FIN or RST; else `NotClosedError`."""
        try:
            self._watch.until(
                lambda: self._fill(_ANY) or self._end,
                what="close the connection",
                descriptors=[(self._socket.fileno(), select.POLLIN)],
            )
        except ProgramEnded:
            raise
        except SubmissionFault as fault:
            raise NotClosedError(str(fault)) from fault
        return self

    def nothing_more(self) -> bool:
        """End our side (FIN); not one more byte may come, nor a reset.

        Whether the program closes its side too is another requirement's matter.
        """
        self.half_close()
        try:
            surplus = self.receive_until_end()
        except NotClosedError:
            surplus = self._take(self.receive_available())
        if surplus:
            raise SubmissionFault(
                f"{self._who} sent more than the reply", expected="nothing more", actual=show_bytes(surplus)
            )
        return True

    def nothing_yet(self) -> bool:
        """Wait until the program rests; it must not have sent anything."""
        self._watch.until_still()
        if self.receive_available():
            raise SubmissionFault(
                f"{self._who} answered before the request was complete",
                expected="no byte yet",
                actual=show_bytes(bytes(self._received)),
            )
        return True

    def nothing_received(self) -> bool:
        """No byte has come so far that was not handed out."""
        return self.receive_available() == 0

    def until(self, condition: Callable[[], object], *, what: str) -> Self:
        """Wait for a state that bytes from the program may bring about."""
        self._watch.until(
            lambda: bool(condition()), what=what, descriptors=[(self._socket.fileno(), select.POLLIN)]
        )
        return self

    def until_answered_or_closed(self) -> Self:
        """Wait until bytes come, or the program ends the connection."""
        self._watch.until(
            lambda: self.receive_available() or self._end,
            what="answer or close the connection",
            descriptors=[(self._socket.fileno(), select.POLLIN)],
        )
        return self

    def until_far_end_is_sending(self) -> Self:
        """Wait until our receive buffer is full and the program has more to send."""

        def full() -> bool:
            near, far = self.near_end(), self.far_end()
            return near is not None and far is not None and near.receive_queue > 0 and far.send_queue > 0

        self._watch.until(full, what="send more than the buffers hold")
        return self

    @property
    def closed_by_program(self) -> bool:
        self._fill(_ANY)
        return self._end is not None

    @property
    def was_reset(self) -> bool:
        """The connection's end, as far as it was read, was a reset."""
        return self._end == "reset"

    # Ending

    def half_close(self) -> Self:
        """Send FIN and go on reading (shutdown(2) with SHUT_WR)."""
        if self._half_closed:
            return self
        self._half_closed = True
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._end = self._end or "reset"
        return self

    def close(self) -> None:
        """Close our side: FIN, or RST when bytes of the program's are still unread."""
        self._socket.close()

    def reset(self) -> None:
        """Send RST at once and drop everything queued (SO_LINGER with time 0)."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self._socket.close()

    # What the program does at its end

    def until_far_end(self, state: TcpState, what: str) -> Self:
        """Wait until the program's socket is in `state` (or gone)."""

        def reached() -> bool:
            entry = self.far_end()
            return entry is None or entry.state == state

        self._watch.until(reached, what=what)
        return self
