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

from grader.errors import ProgramEnded, SubmissionFault
from grader.job import Evidence
from grader.observe.sockets import SocketEntry, TcpState
from grader.worker.compare import around, first_difference, show_bytes
from grader.worker.watch import Watch

CHUNK = 1 << 18
_OPEN = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)
_HEAD = 32  #: bytes of what was sent that evidence shows
_LINGER_NONE = struct.pack("ii", 1, 0)  #: close() sends RST (socket(7), SO_LINGER)


#: Where received bytes land first: fresh memory for each recv(2) costs more than the copy.
_scratch = memoryview(bytearray(CHUNK))


class NotClosedError(SubmissionFault):
    """The program left a connection open that it should have closed."""


class TcpPeer:
    """One connected socket of the worker's; `who` names the program at the other end in messages."""

    def __init__(self, watch: Watch, connection: socket.socket, remote: tuple[str, int], who: str) -> None:
        self._watch = watch
        self._socket = connection
        self._socket.settimeout(0)
        self._who = who
        self.local = connection.getsockname()[:2]
        self.remote = remote  #: given, since a connection that was reset does not tell it any more
        self.sent = 0  #: bytes that the kernel took
        self._head_sent = b""
        self._received = bytearray()  #: received and not yet handed out
        self._taken = 0
        self._half_closed = False
        self._end: str | None = None  #: "end" after FIN, "reset" after RST

    # Sending

    def send(self, data: bytes) -> Self:
        """Hand all of `data` to the kernel, waiting while the program's end is full."""
        view = memoryview(data)
        while view:
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
        self._watch.until(
            lambda: self._fill(count) or self._end,
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
        self._fill(1 << 62)
        return len(self._received)

    def receive_until_end(self) -> bytes:
        """Everything until the program closes; a reset is a fault."""
        self.until_closed()
        if self._end == "reset":
            raise SubmissionFault(f"{self._ending()} (RST) instead of closing it in order (FIN)")
        return self._take(len(self._received))

    def discard_until_end(self) -> int:
        """Read everything until the program closes and keep nothing of it; how many bytes came."""
        count = len(self._received)
        self._received.clear()

        def some() -> bool:
            nonlocal count
            try:
                got = self._socket.recv_into(_scratch)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                self._end = "reset"
                return True
            count += got
            self._end = self._end or (None if got else "end")
            return True

        while self._end is None:
            self._watch.until(
                some, what="send more or close", descriptors=[(self._socket.fileno(), select.POLLIN)]
            )
        self._taken += count
        if self._end == "reset":
            raise SubmissionFault(f"{self._ending()} (RST) after {count:,} bytes")
        return count

    def until_closed(self) -> Self:
        """Wait until the program has closed this connection, by FIN or RST; else `NotClosedError`."""
        try:
            self._watch.until(
                lambda: self._fill(1 << 62) or self._end,
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
        self._fill(1 << 62)
        return self._end is not None

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

    # The program's end, as the kernel shows it

    def far_end(self) -> SocketEntry | None:
        """The program's socket of this connection, None once it is gone."""
        return self._watch.sockets.connection(self.remote, self.local)

    def released_by_program(self) -> bool:
        """No process has the program's socket any more: it is gone, or the kernel alone ends it (TIME_WAIT)."""
        entry = self.far_end()
        return entry is None or entry.inode == 0

    def near_end(self) -> SocketEntry | None:
        return self._watch.sockets.connection(self.local, self.remote)

    def until_far_end(self, state: TcpState, what: str) -> Self:
        """Wait until the program's socket is in `state` (or gone)."""

        def reached() -> bool:
            entry = self.far_end()
            return entry is None or entry.state == state

        self._watch.until(reached, what=what)
        return self

    def data_segments_received(self) -> int:
        """How many segments with data the kernel has received on this connection (tcp_info)."""
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
        (count,) = struct.unpack_from("=I", info, 152)  # tcpi_data_segs_in, include/uapi/linux/tcp.h
        return int(count)

    def evidence(self) -> list[Evidence]:
        begin = "sent " if self.sent == len(self._head_sent) else f"sent {self.sent:,} bytes, beginning with "
        lines = [begin + show_bytes(self._head_sent)]
        total = self._taken + len(self._received)
        lines.append(
            f"received {total:,} bytes"
            + {"end": ", then end of file", "reset": ", then a reset"}.get(self._end or "", "")
        )
        entry = self.far_end()
        if entry is not None and entry.inode:
            lines += [f"still open in {holder}" for holder in self._watch.holders(entry.inode)]
        return [Evidence("the connection", "\n".join(lines))]

    # Inside

    def _send_some(self, view: memoryview) -> int:
        try:
            count = self._socket.send(view[:CHUNK])
        except BlockingIOError:
            return 0
        except (ConnectionResetError, BrokenPipeError) as error:
            self._end = "reset"
            raise SubmissionFault(
                f"{self._ending()}, while bytes were being sent to it ({error.strerror})"
            ) from error
        if len(self._head_sent) < _HEAD:
            self._head_sent += bytes(view[: min(count, _HEAD - len(self._head_sent))])
        self.sent += count
        self._watch.given += count
        return count

    def _fill(self, count: int) -> bool:
        """Read until `count` bytes are there, nothing more has come, or the end."""
        while len(self._received) < count and self._end is None:
            try:
                got = self._socket.recv_into(_scratch)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                self._end = "reset"
                return False
            if not got:
                self._end = "end"
            self._received += _scratch[:got]
        return len(self._received) >= count

    def _take(self, count: int) -> bytes:
        data = bytes(memoryview(self._received)[:count])
        self._drop(count)
        return data

    def _drop(self, count: int) -> None:
        del self._received[:count]
        self._taken += count

    def _ending(self) -> str:
        """Who ended this connection, and whether it was by ending itself."""
        end = self._watch.end_of_server()
        if end is not None:
            return f"{end}, which ended the connection"
        return f"{self._who} {'reset' if self._end == 'reset' else 'closed'} the connection"

    def _is_consumed(self) -> bool:
        near, far = self.near_end(), self.far_end()
        if far is None or far.state not in _OPEN:
            return True  # closed: what follows will show how
        return near is not None and near.send_queue == 0 and far.receive_queue == 0
