"""What asks: requests in pieces, in both versions, with other methods, too long, or none at all."""

from __future__ import annotations

import contextlib

import pytest

from grader.errors import SubmissionFault
from grader.faults.fragment import drip
from grader.peers.http import get
from grader.spec import KiB, check
from specs.web.service import (
    PAGE,
    REFUSED_METHOD,
    Site,
    Web,
    ask,
    expect_length,
    expect_page,
    expect_refusal,
    expect_whole,
    next_is_served,
)

#: Where a request is cut in two: a text in it, and how many bytes after its beginning.
CUTS = {
    "in-the-method": (b"GET", 1),
    "in-the-path": (b"/page", 3),
    "in-the-version": (b"HTTP", 6),
    "inside-cr-lf": (b"\r\nHost", 1),
    "between-lines": (b"\r\nHost", 2),
    "before-the-empty-line": (b"\r\n\r\n", 2),
    "in-the-empty-line": (b"\r\n\r\n", 3),
}
FIELDS = {"request-line-alone": "", "with-fields": "Host: a\r\nUser-Agent: b\r\n"}
MALFORMED = {
    "one-word": b"HOLA\r\n\r\n",
    "method-alone": b"GET\r\n\r\n",
    "no-http": b"hola mundo desde aqui\r\n\r\n",
    "binary": bytes(range(128, 256)) + b"\0\0\0\r\n\r\n",
}
TOO_LONG = {
    "long-path": b"GET /" + b"a" * 4000 + b" HTTP/1.0\r\n\r\n",
    "long-line": b"GET /" + b"a" * 8 * KiB + b" HTTP/1.0\r\n\r\n",
    "long-word": b"A" * 8 * KiB + b" / HTTP/1.0\r\n\r\n",
    "no-end": b"GET /" + b"a" * 64 * KiB,
    "long-field": b"GET /page.html HTTP/1.0\r\nX: " + b"a" * 64 * KiB + b"\r\n\r\n",
}
ODD_PATHS = [
    "/%",
    "/%4",
    "/%zz",
    "/%00",
    "/%s%s%s%s%n%n%n%n%s%s",
    "/page.html/",
    "/./page.html",
    "/a b",
    "/%ff%fe",
    "/" + "/" * 50,
]


@check("web.request-in-two")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("cut", CUTS)
def check_request_in_two(site: Site, server: Web, cut: str) -> None:
    """A request is complete at its empty line, however TCP splits it in two."""
    request = get(site.page)
    text, offset = CUTS[cut]
    client = server.connect().send(request[: request.index(text) + offset]).until_consumed()
    assert client.nothing_yet()
    client.send(request[request.index(text) + offset :])
    expect_page(client, PAGE)


@check("web.dripped-request")
def check_dripped_request(site: Site, server: Web) -> None:
    """A request that arrives one byte at a time is answered like any other."""
    expect_page(drip(server.connect(), f"GET {site.page} HTTP/1.1\r\nHost: a\r\n\r\n".encode()), PAGE)


@check("web.waits-for-empty-line")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("fields", FIELDS)
def check_waits_for_empty_line(site: Site, server: Web, fields: str) -> None:
    """Before the empty line that ends the request nothing is answered."""
    request = f"GET {site.page} HTTP/1.0\r\n{FIELDS[fields]}\r\n".encode()
    client = drip(server.connect(), request[:-2])
    assert client.nothing_yet()
    client.send(request[-2:])
    expect_page(client, PAGE)


@check("web.versions")
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def check_versions(site: Site, server: Web, version: str) -> None:
    """Requests of HTTP/1.0 and of HTTP/1.1 are served, with and without fields."""
    expect_page(server.connect().request(site.page, version), PAGE)
    expect_page(server.connect().send(f"GET {site.page} HTTP/{version}\r\n\r\n".encode()), PAGE)


@check("web.many-fields")
@pytest.mark.usefixtures("wire")
def check_many_fields(site: Site, held: Web) -> None:
    """A request with 2 KB of fields, as browsers send them, is read to its end: the reply arrives whole, and no reset after it."""
    fields = b"".join(b"X-Field-%d: %s\r\n" % (number, b"a" * 80) for number in range(20))
    request = f"GET {site.page} HTTP/1.1\r\nHost: localhost\r\n".encode() + fields + b"\r\n"
    client = held.connect().send(request)  # so that all of it is there at once
    held.release()
    expect_page(client, PAGE)


@check("web.unread-bytes")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("more", [1, 400], ids=["one-more-request", "32-KB-more"])
def check_unread_bytes(site: Site, held: Web, more: int) -> None:
    """Bytes that follow the request, as when a client asks for the next file too, do not cost the reply: no reset comes instead of the end of file."""
    client = held.connect().send(get(site.page, "1.1") + get(site.page, "1.1") * more)
    held.release()
    expect_page(client, PAGE)


@check("web.query")
def check_query(site: Site, server: Web) -> None:
    """A query after the path (`/page.html?x=1`) is ignored, or makes it a file that is not there."""
    client = ask(server, f"{site.page}?x=1&y=2")
    response = expect_whole(client.response())
    client.close()
    if response.status == 200:
        assert response.body == PAGE
    elif response.status not in {400, 404}:
        raise SubmissionFault("a path with a query", expected="200 or 404", actual=str(response.status))


@check("web.head")
def check_head(site: Site, server: Web) -> None:
    """HEAD is answered with the header alone, or refused with 501 or 405."""
    client = server.connect().request(site.page, method="HEAD")
    response = client.response()
    client.close()
    if response.status in REFUSED_METHOD:
        return
    if response.status != 200:
        raise SubmissionFault("HEAD of a file", expected="200, 405 or 501", actual=str(response.status))
    if response.body:
        raise SubmissionFault(
            "the reply to HEAD has a body",
            expected="the header alone",
            actual=f"{len(response.body):,} bytes",
        )
    if response.content_length is not None:
        expect_length(response, len(PAGE))


@check("web.other-methods")
@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "PUT"])
def check_other_methods(site: Site, server: Web, method: str) -> None:
    """Methods other than GET and HEAD are refused with 501 or 405."""
    expect_refusal(server.connect().request(site.page, method=method), REFUSED_METHOD, f"{method} of a file")


@check("web.post")
def check_post(site: Site, held: Web) -> None:
    """A POST with a body is refused, and the next client is served."""
    body = b"x" * 2000
    request = get(site.page, method="POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 2000\r\n\r\n", 1)
    client = held.connect().send(request + body)
    held.release()
    response = client.response_if_any()  # a reset may have cost it
    client.close()
    if response is not None and response.status < 400:
        raise SubmissionFault(
            f"POST was answered with {response.status}",
            expected="501 or 405",
            actual=repr(response.header[:200]),
        )
    next_is_served(held, site)


@check("web.malformed-request")
@pytest.mark.parametrize("kind", MALFORMED)
def check_malformed_request(site: Site, server: Web, kind: str) -> None:
    """What is no request is refused with 400, or the connection closed; the next client is served."""
    client = server.connect().send(MALFORMED[kind])
    response = client.response_if_any()
    client.close()
    next_is_served(server, site)
    if response is not None and response.status < 400:
        raise SubmissionFault(
            f"what is no request was answered with {response.status}",
            expected="400, or the end of the connection",
            actual=repr(response.header[:200]),
        )


@check("web.long-request")
@pytest.mark.parametrize("kind", TOO_LONG)
def check_long_request(site: Site, server: Web, kind: str) -> None:
    """A request that is longer than the server's buffer may be refused, but never ends the server."""
    client = server.connect()
    with contextlib.suppress(SubmissionFault):  # it may hang up before it has read all, or wait for more
        client.send(TOO_LONG[kind]).until_answered_or_closed()
    client.reset()
    next_is_served(server, site)


@check("web.odd-paths")
def check_odd_paths(site: Site, server: Web) -> None:
    """Odd paths (`/%`, `/%00`, `/%s%n`) get a whole reply or the end of the connection, and the next client is served."""
    for path in ODD_PATHS:
        client = ask(server, path)
        if (response := client.response_if_any()) is not None:
            expect_whole(response)
        client.close()
    next_is_served(server, site)
