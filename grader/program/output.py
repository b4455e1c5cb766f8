"""What a program prints: read all the time so that it never blocks, kept within bounds."""

from __future__ import annotations

import errno
import os
import select
import threading
import tty

from grader.compare import show_bytes
from grader.text import printable

KEPT = 1 << 20
LINES_SHOWN = 12
_BINARY_SHOWN = 32  #: bytes
#: Of a program that has printed so many bytes what comes in a millisecond is taken at once: short lines, each with a system
#: call of its own, would cost the grader several times what they cost the program. A terminal hands over 4 KiB a read.
_MUCH, _MUCH_PACE_MS, _READS = 64 << 10, 1, 16


class Output:
    """The bytes that came out of one descriptor; a thread of its own reads until end of file.

    The first `keep` bytes are kept, and always the last 8 KiB; the rest is counted and dropped.
    """

    _TAIL = 8192

    def __init__(self, descriptor: int, keep: int = KEPT) -> None:
        self._descriptor = descriptor
        self._keep = keep
        self._head = bytearray()
        self._content = b""
        self._tail = bytearray()
        self.length = 0  #: bytes that came, kept or not
        self._ended = False
        self._taking = threading.Lock()  #: held while bytes are on their way into `content`
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def content(self) -> bytes:
        """The first bytes, at most `keep` of them."""
        if len(self._content) != len(self._head):  # asked at every look at the program
            self._content = bytes(self._head)
        return self._content

    def wait_end(self, ceiling: float) -> bool:
        """Wait until nobody holds the other end any more; False after `ceiling` seconds."""
        self._thread.join(ceiling)
        return not self._thread.is_alive()

    def taken(self) -> bool:
        """All that has been written so far has been read; poll(2) makes a terminal hand over what it still holds."""
        with self._taking:
            if self._ended:
                return True
            poller = select.poll()
            poller.register(self._descriptor, select.POLLIN)
            return not poller.poll(0)

    def repeats(self) -> bool:
        """Much has come, and by now it is one and the same line, again and again."""
        lines = bytes(self._tail).split(b"\n")[1:-1]  # the first and the last may be parts of one
        return self.length > _MUCH and len(lines) > 1 and lines.count(lines[0]) == len(lines)

    def last_lines(self, count: int = LINES_SHOWN) -> str:
        """The end of the output, safe to show."""
        raw = bytes(self._tail)
        if b"\0" in raw or raw.decode(errors="replace").count("\ufffd") > len(raw) // 8:
            return f"binary; it ends with {show_bytes(raw[-_BINARY_SHOWN:])}"
        tail = raw.decode(errors="replace").replace("\r\n", "\n")
        lines = tail.splitlines()[-count:]
        return "\n".join(printable(line[-400:]) for line in lines)

    def _read(self) -> None:
        poller, pace = select.poll(), select.poll()
        poller.register(self._descriptor, select.POLLIN)
        while not self._ended:
            poller.poll()
            if self.length > _MUCH:
                pace.poll(_MUCH_PACE_MS)
            with self._taking:
                self._take()
                for _ in range(_READS if self.length > _MUCH else 0):
                    if self._ended or not poller.poll(0):
                        break
                    self._take()
        os.close(self._descriptor)

    def _take(self) -> None:
        try:
            chunk = os.read(self._descriptor, 1 << 18)
        except OSError as error:
            self._ended = error.errno != errno.EINTR  # EIO: the last holder of the pseudo-terminal closed it
            return
        self._ended = not chunk
        self.length += len(chunk)
        self._head += chunk[: max(0, self._keep - len(self._head))]
        self._tail = (self._tail + chunk)[-self._TAIL :]


def terminal() -> tuple[int, int]:
    """A pseudo-terminal in raw mode: (our end, the program's end).

    A program flushes its lines to a terminal at once, and raw mode changes none of its bytes.
    """
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    return ours, theirs
