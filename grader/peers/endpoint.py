"""One end of a TCP connection to the program: its bytes, its ending, and the far end's state."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios

from grader.compare import show_bytes
from grader.errors import SubmissionFault
from grader.job import Evidence
from grader.observe.sockets import SocketEntry, TcpState
from grader.watch.watch import Watch

CHUNK = 1 << 18
_INT = struct.Struct("i")
_OPEN = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)
_MOST = 128 << 20  #: bytes that are kept at most; no check expects more than half of that at once
_HEAD = 32  #: bytes of what was sent that evidence shows
#: Where received bytes land first: fresh memory for each recv(2) costs more than the copy.
_scratch = memoryview(bytearray(CHUNK))
_unread = memoryview(bytearray(64 * CHUNK))  #: never written to, so that it takes no memory


class Endpoint:
    """A connected socket of the worker's that never blocks; `who` names the program at the other end in messages."""

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

    def data_segments_received(self) -> int:
        """How many segments with data the kernel has received on this connection (tcp_info)."""
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
        (count,) = struct.unpack_from("=I", info, 152)  # tcpi_data_segs_in, include/uapi/linux/tcp.h
        return int(count)

    @property
    def received(self) -> int:
        """Bytes that have been read so far."""
        return self._taken + len(self._received)

    def evidence(self) -> list[Evidence]:
        begin = "sent " if self.sent == len(self._head_sent) else f"sent {self.sent:,} bytes, beginning with "
        lines = [begin + show_bytes(self._head_sent)]
        lines.append(
            f"received {self.received:,} bytes"
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
            self._watch.taken += got
            self._received += _scratch[:got]
            if len(self._received) > _MOST:
                raise SubmissionFault(
                    f"{self._who} sends without end: {self.received:,} bytes by now, which nothing asked for"
                )
        return len(self._received) >= count

    def _discard(self, count: int) -> int:
        """How many of the next `count` bytes have come; they are dropped without being copied.

        For TCP, MSG_TRUNC means that (tcp(7), since Linux 2.4).
        """
        if self._received:
            dropped = min(count, len(self._received))
            self._drop(dropped)
            return dropped
        try:
            got = self._socket.recv_into(_unread, min(count, len(_unread)), socket.MSG_TRUNC)
        except BlockingIOError:
            return 0
        except ConnectionResetError:
            self._end = "reset"
            return 0
        self._watch.taken += got
        if not got:
            self._end = "end"
        self._taken += got
        return got

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
        # First: what leaves this queue is in the other one by the time of the next look.
        under_way = self._unacknowledged()
        far = self.far_end()
        if far is None or far.state not in _OPEN:
            return True  # closed: what follows will show how
        return under_way == 0 and far.receive_queue == 0

    def _unacknowledged(self) -> int:
        """Bytes that were sent and that the far end's kernel has not acknowledged (tcp(7), SIOCOUTQ)."""
        (count,) = _INT.unpack(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(_INT.size)))
        return int(count)
