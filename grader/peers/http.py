"""A web client: it reads the reply to the last byte, and leniently, so that one mistake is charged once.

Lines may end with LF alone, and a reply without Content-Length ends with the connection, as browsers have it
(RFC 9112, 2.2 and 6.3); what is about the header itself parses it strictly.
"""

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
_LENIENT_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+([1-5]\d\d)(?!\S).*", re.DOTALL)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
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
            raise SubmissionFault(
                "Content-Length is no number", expected="decimal digits", actual=text, about="content-length"
            )
        return int(text)


def get(path: str, version: str = "1.0", method: str = "GET") -> bytes:
    """A request as a browser would send it."""
    return f"{method} {path} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")


def split(reply: bytes) -> tuple[bytes, bytes] | None:
    """A reply's header, with its empty line, and its body; None without an empty line."""
    empty_line = _EMPTY_LINE.search(reply)
    return (reply[: empty_line.end()], reply[empty_line.end() :]) if empty_line else None


def parse_header(header: bytes) -> tuple[int, dict[str, str]]:
    """Status and fields of a reply's header; lines that are no fields are passed over. Raises `SubmissionFault`."""
    first, *lines = re.split(rb"\r?\n", header)
    status = _LENIENT_STATUS.fullmatch(first)
    if status is None:
        raise _no_status(first)
    found = (_FIELD.fullmatch(line) for line in lines)
    return int(status[1]), {_lower(field): field[2].decode("latin-1") for field in found if field is not None}


def parse_strictly(header: bytes) -> tuple[int, dict[str, str]]:
    """The same, of a header that must be right to the byte."""
    lines = header.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if not header.endswith(b"\r\n\r\n") or b"\n" in b"".join(lines):
        raise SubmissionFault(
            "the reply's header is not made of lines that end with CR LF, and an empty one",
            expected="HTTP/1.0 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\n",
            actual=repr(header[:200]),
        )
    status = _STATUS.fullmatch(lines[0])
    if status is None:
        raise _no_status(lines[0])
    fields = {}
    for line in lines[1:]:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise SubmissionFault(
                "a line of the reply's header is no field", expected="Name: value", actual=repr(line[:100])
            )
        fields[_lower(field)] = field[2].decode("latin-1")
    return int(status[1]), fields


def _lower(field: re.Match[bytes]) -> str:
    return str(field[1], "ascii").lower()


def _no_status(line: bytes) -> SubmissionFault:
    return SubmissionFault(
        "the reply does not begin with a status line",
        expected="HTTP/1.0 200 OK",
        actual=repr(line[:100]),
        about="header",
    )


class HttpClient(TcpPeer):
    """One connection to a web server, for one request."""

    def request(self, path: str, version: str = "1.0", method: str = "GET") -> Self:
        """Send a whole request."""
        return self.send(get(path, version, method))

    def response(self) -> Response:
        """The reply, read until the server closes, as it must."""
        raw = self.receive_until_end()
        parts = split(raw)
        if parts is None:
            raise SubmissionFault(
                "the reply has no empty line after its header"
                if raw
                else "the connection ended without a reply",
                expected="a header that ends with CR LF CR LF",
                actual=show_bytes(raw[:200]) if len(raw) < 40 else repr(raw[:200]),
                about="header" if raw else "",
            )
        header, body = parts
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
        while not raw.endswith((b"\n\r\n", b"\n\n")):
            raw += self.receive_exactly(1)
            if len(raw) > HEADER_LIMIT:
                raise SubmissionFault(
                    "the reply's header does not end", actual=repr(raw[:200]), about="header"
                )
        status, fields = parse_header(raw)
        return Response(status, fields, raw, b"")
