"""A packet socket's receive ring, shared with the kernel: packets are not lost while Python is busy elsewhere.

The socket's own buffer holds some 180 packets, and only root of the whole machine may enlarge it. The ring's size is
free (Documentation/networking/packet_mmap.rst in the kernel's sources).
"""

from __future__ import annotations

import mmap
import select
import socket
import struct

_SOL_PACKET, _RX_RING, _STATISTICS, _VERSION, _IGNORE_OUTGOING = 263, 5, 6, 10, 23  # linux/if_packet.h
_TPACKET_V2 = 1
_HEADER = struct.Struct(
    "=IIIHHII"
)  #: status, length, captured length, offsets of MAC and IP, seconds, nanoseconds
_OURS = 1  #: TP_STATUS_USER: the kernel has filled this frame
_STATUS = struct.Struct("=I")
WHOLE = 2048  #: bytes for each packet, enough for MTU 1500
HEADERS = 256  #: bytes for each packet, where only the headers and the first bytes of data matter
_BLOCK = 1 << 20


class Ring:
    """Over a packet socket that is bound to an interface; the socket stays the caller's."""

    def __init__(self, packets: socket.socket, size: int, each: int = WHOLE) -> None:
        self._socket = packets
        packets.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V2)
        blocks = max(1, size // _BLOCK)
        self._each = each  # the kernel cuts what is longer
        self._count = blocks * _BLOCK // each
        packets.setsockopt(_SOL_PACKET, _RX_RING, struct.pack("=4I", _BLOCK, blocks, each, self._count))
        packets.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)  # lo shows each packet twice otherwise
        self._memory = mmap.mmap(packets.fileno(), blocks * _BLOCK)
        self._next = 0
        self._poller = select.poll()
        self._poller.register(packets, select.POLLIN)

    def wait(self, milliseconds: int) -> bool:
        """Whether packets are there within this time."""
        return bool(self._poller.poll(milliseconds))

    def take(self) -> list[tuple[float, bytes]]:
        """All packets that are there: seconds since 1970, and the bytes from the Ethernet header on."""
        found: list[tuple[float, bytes]] = []
        while True:
            begin = self._next * self._each
            status, _, captured, mac, _, seconds, nanoseconds = _HEADER.unpack_from(self._memory, begin)
            if not status & _OURS:
                return found
            data = self._memory[begin + mac : begin + mac + captured]
            found.append((seconds + nanoseconds / 1e9, data))
            _STATUS.pack_into(self._memory, begin, 0)  # the kernel's again
            self._next = (self._next + 1) % self._count

    def lost(self) -> int:
        """How many packets found no place, since the last call."""
        _, dropped = struct.unpack("=II", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8))
        return int(dropped)

    def close(self) -> None:
        self._memory.close()
