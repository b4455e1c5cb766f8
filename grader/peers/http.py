"""A web client that takes nothing on trust: it reads the reply to the last byte and parses it strictly."""

from __future__ import annotations

import dataclasses
import re
import select
from collections.abc import Iterator
from typing import Self

from grader.compare import show_bytes
from grader.errors import SubmissionFault
from grader.peers.tcp import TcpPeer

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)( [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*")
HEADER_LIMIT = 65_536  #: bytes; a reply whose header is longer is taken for one without end


@dataclasses.dataclass(frozen=True)
class Response:
    """One reply; header names are in lower case."""

    status: int
    headers: dict[str, str]
    header: bytes  #: the header as it came, with its empty line
    body: bytes

    @property
    def content_length(self) -> int | None:
        """As the header says, None without one."""
        text = self.headers.get("content-length")
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]+", text):
            raise SubmissionFault("Content-Length is no number", expected="decimal digits", actual=text)
        return int(text)


def get(path: str, version: str = "1.0", method: str = "GET") -> bytes:
    """A request as a browser would send it."""
    return f"{method} {path} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")


def parse_header(header: bytes) -> tuple[int, dict[str, str]]:
    """Status and fields of a reply's header, which ends with its empty line. Raises `SubmissionFault`."""
    lines = header.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if not header.endswith(b"\r\n\r\n") or b"\n" in b"".join(lines):
        raise SubmissionFault(
            "the reply's header is not made of lines that end with CR LF, and an empty one",
            expected="HTTP/1.0 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\n",
            actual=repr(header[:200]),
        )
    status = _STATUS.fullmatch(lines[0])
    if status is None:
        raise SubmissionFault(
            "the reply does not begin with a status line",
            expected="HTTP/1.0 200 OK",
            actual=repr(lines[0][:100]),
        )
    fields = {}
    for line in lines[1:]:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise SubmissionFault(
                "a line of the reply's header is no field", expected="Name: value", actual=repr(line[:100])
            )
        fields[field[1].decode().lower()] = field[2].decode("latin-1")
    return int(status[1]), fields


class HttpClient(TcpPeer):
    """One connection to a web server, for one request."""

    def request(self, path: str, version: str = "1.0", method: str = "GET") -> Self:
        """Send a whole request."""
        return self.send(get(path, version, method))

    def response(self) -> Response:
        """The reply, read until the server closes, as it must; `Content-Length` and body must agree."""
        raw = self.receive_until_end()
        end = raw.find(b"\r\n\r\n")
        if end < 0:
            raise SubmissionFault(
                "the reply has no empty line after its header"
                if raw
                else "the connection ended without a reply",
                expected="a header that ends with CR LF CR LF",
                actual=show_bytes(raw[:200]) if len(raw) < 40 else repr(raw[:200]),
            )
        header, body = raw[: end + 4], raw[end + 4 :]
        status, fields = parse_header(header)
        return Response(status, fields, header, body)

    def response_if_any(self) -> Response | None:
        """As `response`; None when the server closed without one, or reset the connection."""
        self.until_closed()
        return self.response() if self.receive_available() and self._end == "end" else None

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes as they come, so that nothing is kept; fewer when the connection ends before."""
        while count:
            self._watch.until(
                lambda: self._received or self._fill(1) or self._end,
                what=f"send the last {count:,} bytes",
                descriptors=[(self._socket.fileno(), select.POLLIN)],
            )
            if not self._received:
                return
            piece = self._take(min(count, len(self._received)))
            count -= len(piece)
            yield piece

    def header(self) -> Response:
        """The reply's header alone; the body is left to be received."""
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            raw += self.receive_exactly(1)
            if len(raw) > HEADER_LIMIT:
                raise SubmissionFault("the reply's header does not end", actual=repr(raw[:200]))
        status, fields = parse_header(raw)
        return Response(status, fields, raw, b"")
