"""Capture what travels on this network namespace's loopback interface, with scapy's socket.

The socket is open before anything is sent that matters, and the end of a capture is a datagram of our own that has
come by, so nothing is missed at either end. What the kernel had to drop is counted, and makes the capture
`Inconclusive` for whoever asks it anything.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import time
from typing import Self

from scapy.arch.linux import L2ListenSocket
from scapy.layers import l2 as _l2  # noqa: F401 - tells scapy what kind of packets `lo` carries
from scapy.utils import PcapWriter

from grader.errors import Inconclusive
from grader.job import Attachment, Evidence
from grader.wire.ladder import draw, draw_datagrams
from grader.wire.packets import Frame, tcp_segments, udp_datagrams
from grader.wire.ring import HEADERS, WHOLE, Ring
from grader.wire.segments import Conversation, Datagram, conversations

_RING = 16 << 20  #: bytes: 8,192 whole packets, or 65,536 headers, that Python has not fetched yet
_ETHERNET = 1  #: DLT_EN10MB, what `lo` shows
_CEILING = 10.0  #: seconds for our own datagram to come by
KEPT = 1 << 20  #: bytes of frames that a pcap file holds


class Capture:
    """What travels from now until somebody looks; every look stops it.

    With `headers_only` a transfer of 50 MB fits; data are cut then, lengths are not.
    """

    def __init__(self, *, headers_only: bool = False) -> None:
        self._frames: list[Frame] = []
        self._lost = 0
        self._mark = b"end of capture " + os.urandom(8)
        self._stopped = False
        self._seen = threading.Event()
        self._sniffer = L2ListenSocket(iface="lo")
        self._ring = Ring(self._sniffer.ins, _RING, HEADERS if headers_only else WHOLE)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the capture: all that was sent before this call is in it."""
        if self._stopped:
            return
        self._stopped = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(self._mark, ("127.0.0.1", 9))  # nobody listens there: discard
        self._thread.join(_CEILING)
        self._lost = self._ring.lost() + (not self._seen.is_set())
        if not self._thread.is_alive():
            self._ring.close()
        self._sniffer.close()

    def connections(self, port: int) -> list[Conversation]:
        """Every TCP connection from or to a port, oldest first. Raises `Inconclusive` if packets were lost."""
        return conversations(tcp_segments(self._whole(), port))

    def connection(self, port: int) -> Conversation:
        """The one TCP connection of a port."""
        found = self.connections(port)
        if len(found) != 1:
            raise Inconclusive(f"{len(found)} connections were captured where one was expected")
        return found[0]

    def datagrams(self, port: int) -> list[Datagram]:
        """Every UDP datagram from or to a port, in order."""
        return udp_datagrams(self._whole(), port)

    def ladder(self, port: int | None = None) -> str:
        """All that travelled (from or to a port), as text."""
        self.stop()
        frames = list(self._frames)
        parts = [draw(each) for each in conversations(tcp_segments(frames, port))]
        if datagrams := udp_datagrams(frames, port):
            parts.append(draw_datagrams(datagrams))
        if self._lost:
            parts.append(f"({self._lost} packets were lost by the capture)")
        return "\n\n".join(parts)

    def pcap(self) -> bytes:
        """The first `KEPT` bytes of what travelled, as a file for Wireshark."""
        self.stop()
        room = KEPT
        kept = io.BytesIO()
        with PcapWriter(kept, linktype=_ETHERNET) as writer:
            writer.write_header(None)
            for seconds, frame in self._frames:
                room -= len(frame) + 16
                if room < 0:
                    break
                writer.write_packet(frame, sec=int(seconds), usec=int(seconds % 1 * 1e6))
            writer.flush()
            return kept.getvalue()

    def evidence(self) -> list[Evidence]:
        """The ladder."""
        drawn = self.ladder()
        return [Evidence("on the wire", drawn)] if drawn else []

    def attachments(self) -> list[Attachment]:
        """The pcap."""
        return [Attachment(".pcap", self.pcap())]

    def close(self) -> None:
        self.stop()

    def _whole(self) -> list[Frame]:
        self.stop()
        if self._lost:
            raise Inconclusive(f"the capture lost {self._lost} packets")
        return self._frames

    def _read(self) -> None:
        end = time.monotonic() + _CEILING
        while not self._seen.is_set() and not (self._stopped and time.monotonic() > end):
            if not self._ring.wait(100):
                continue
            for seconds, frame in self._ring.take():
                if frame.endswith(self._mark):
                    self._seen.set()
                else:
                    self._frames.append((seconds, frame))
            end = time.monotonic() + _CEILING
