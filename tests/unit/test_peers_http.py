"""Replies of web servers, parsed strictly."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.peers.http import Response, get, parse_header


def test_a_right_header() -> None:
    header = b"HTTP/1.1 200 OK\r\nContent-Length:  12 \r\nX-Empty:\r\n\r\n"
    assert parse_header(header) == (200, {"content-length": "12", "x-empty": ""})
    assert parse_header(b"HTTP/1.0 404\r\n\r\n") == (404, {})


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
        parse_header(header)


@pytest.mark.parametrize("text", ["-1", "12 bytes", "0x10", "", "1_000"])
def test_content_length_is_digits(text: str) -> None:
    with pytest.raises(SubmissionFault, match="no number"):
        _ = Response(200, {"content-length": text}, b"", b"").content_length


def test_requests_are_whole() -> None:
    assert get("/a b") == b"GET /a b HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
