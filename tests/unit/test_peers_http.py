"""Replies of web servers: read leniently, and parsed strictly where the header is the question."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.peers.http import Response, get, parse_header, parse_strictly, split


def test_a_right_header() -> None:
    header = b"HTTP/1.1 200 OK\r\nContent-Length:  12 \r\nX-Empty:\r\n\r\n"
    for parse in (parse_header, parse_strictly):
        assert parse(header) == (200, {"content-length": "12", "x-empty": ""})
        assert parse(b"HTTP/1.0 404\r\n\r\n") == (404, {})


@pytest.mark.parametrize(
    ("header", "read"),
    [
        (b"HTTP/1.0 200 OK\nContent-Length: 1\n\n", (200, {"content-length": "1"})),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\n\r\n", (200, {"content-length": "1"})),
        (b"HTTP/1.0 200 OK\r\nnothing\r\nContent Length: 1\r\n\r\n", (200, {})),
        (b"HTTP/1.0 404\n\n", (404, {})),
    ],
)
@pytest.mark.parametrize("body", [b"", b"\n\n", b"\r\n\r\nhola", b"hola\n\n"])
def test_a_header_is_read_leniently(header: bytes, read: tuple[int, dict[str, str]], body: bytes) -> None:
    assert split(header + body) == (header, body)
    assert parse_header(header) == read


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.0 200 OK\r\nA: b\r\n"])
def test_a_reply_without_an_empty_line_has_no_header(reply: bytes) -> None:
    assert split(reply) is None


@pytest.mark.parametrize("line", [b"200 OK", b"HTTP/1.0 2000 OK", b"HTTP/1.0", b"<html>", b""])
def test_what_has_no_status_is_no_reply(line: bytes) -> None:
    with pytest.raises(SubmissionFault, match="status line"):
        parse_header(line + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"HTTP/1.0 200 OK\nContent-Length: 1\n\n", "CR LF"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\n\r\n\r\n", "CR LF"),
        (b"200 OK\r\n\r\n", "status line"),
        (b"HTTP/2 200 OK\r\n\r\n", "status line"),
        (b"HTTP/1.0 2000 OK\r\n\r\n", "status line"),
        (b"HTTP/1.0 200 OK\r\nContent Length: 1\r\n\r\n", "is no field"),
        (b"HTTP/1.0 200 OK\r\nnothing\r\n\r\n", "is no field"),
    ],
)
def test_wrong_headers_are_named(header: bytes, words: str) -> None:
    with pytest.raises(SubmissionFault, match=words):
        parse_strictly(header)


@pytest.mark.parametrize("text", ["-1", "12 bytes", "0x10", "", "1_000"])
def test_content_length_is_digits(text: str) -> None:
    with pytest.raises(SubmissionFault, match="no number"):
        _ = Response(200, {"content-length": text}, b"", b"").content_length


def test_requests_are_whole() -> None:
    assert get("/a b") == b"GET /a b HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
