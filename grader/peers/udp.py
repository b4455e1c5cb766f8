"""A datagram socket of the worker's: datagrams go out whole and come in whole, or not at all."""

from __future__ import annotations

import select
import socket
from typing import Self

from grader.compare import show_bytes
from grader.errors import SubmissionFault
from grader.job import Attachment, Evidence
from grader.peers.bind import bind
from grader.watch.watch import Watch

LARGEST = 65_507  #: bytes of data in the largest IPv4 datagram: 65,535 less 20 (IP) and 8 (UDP)
_SHOWN = 6


class UdpPeer:
    """Bound to one local address; `who` names the program at the other end in messages."""

    def __init__(self, watch: Watch, *, port: int, who: str, host: str = "127.0.0.1") -> None:
        self._watch = watch
        self._who = who
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        bind(self._socket, host, port)
        self.host, self.port = self._socket.getsockname()
        self._story: list[str] = []
        self._waiting: list[bytes] = []

    def send(self, data: bytes, port: int, *, host: str = "127.0.0.1") -> Self:
        """Send one datagram to a port of the program's."""
        self._socket.sendto(data, (host, port))
        self._watch.given += len(data)
        self._story.append(f"sent {show_bytes(data)}")
        return self

    def receive(self) -> bytes:
        """The next datagram, whole. None within reason is a fault."""
        self._watch.until(
            self._take_all, what="send a datagram", descriptors=[(self._socket.fileno(), select.POLLIN)]
        )
        return self._waiting.pop(0)

    def nothing_more(self) -> bool:
        """Wait until the program rests or has ended; not one more datagram may have come."""
        self._watch.until_still()
        if self._take_all():
            raise SubmissionFault(
                f"{self._who} sent more than one datagram",
                expected="one datagram",
                actual=show_bytes(self._waiting[0]),
            )
        return True

    def available(self) -> list[bytes]:
        """The datagrams that have come and were not handed out, without waiting."""
        self._take_all()
        found, self._waiting = self._waiting, []
        return found

    def evidence(self) -> list[Evidence]:
        self._take_all()
        return [Evidence("datagrams", "\n".join(self._story[-_SHOWN:]) or "none came")]

    def attachments(self) -> list[Attachment]:
        return []

    def close(self) -> None:
        self._socket.close()

    def _take_all(self) -> bool:
        while self._socket.fileno() >= 0:  # else it was closed
            try:
                data, _ = self._socket.recvfrom(65_536)
            except BlockingIOError:
                return bool(self._waiting)
            except ConnectionRefusedError:  # of an earlier send: its port is closed now
                continue
            self._story.append(f"received {show_bytes(data)}")
            self._waiting.append(data)
        return bool(self._waiting)
