"""What is served: the exact bytes of files of every kind, with a right header."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.slow_reader import FULL, SMALL_BUFFER
from grader.peers.http import parse_strictly, split
from grader.spec import KiB, MiB, check
from grader.watch.pace import Progress
from specs.web.service import (
    PAGE,
    Site,
    Web,
    ask,
    ask_again,
    expect_body,
    expect_length,
    expect_ok,
    expect_page,
    until_blocked_sending,
)

BINARIES = {
    "nul-first": b"\0hola",
    "nul-inside": b"hola\0mundo\0\0" * 50,
    "every-byte": bytes(range(256)) * 4,
    "like-a-header": b"HTTP/1.0 200 OK\r\n\r\n%s %n %d\n",
}
END = b"the end of a large file\n"
TWO_GIB = 2 << 30
ZEROS = bytes(MiB)


@check("web.page")
@pytest.mark.usefixtures("wire")
def check_page(site: Site, server: Web) -> None:
    """GET of a file is answered with status 200 and the exact bytes of the file."""
    expect_body(ask(server, site.page).response().body, PAGE)


@check("web.header")
@pytest.mark.usefixtures("wire")
def check_header(site: Site, server: Web) -> None:
    """The reply's header, an error's too, is made of lines that end with CR LF: a status line `HTTP/1.x 200 OK`, fields, and an empty line."""
    client = ask(server, site.page)
    raw = client.receive_until_end()
    status, _ = _strictly_parsed(raw)
    assert status == 200, f"the status is {status}"
    other = ask_again(server, "/missing.html", client)
    missing = other.receive_until_end() if other else b""
    if missing:  # whether it is answered is another check's question
        _strictly_parsed(missing)


def _strictly_parsed(reply: bytes) -> tuple[int, dict[str, str]]:
    parts = split(reply)
    return parse_strictly(parts[0] if parts else reply)


@check("web.content-length")
@pytest.mark.parametrize("size", [1, 999, 70_000])
def check_content_length(site: Site, server: Web, size: int) -> None:
    """Content-Length is the number of bytes in the file."""
    path, _ = site.large("/file.bin", size)
    client = ask(server, path)
    expect_length(client.header(), size)
    client.skip(size)  # who leaves with bytes unread resets the connection
    if other := ask_again(server, site.page, client):
        expect_length(other.header(), len(PAGE))


@check("web.closes-after-reply")
@pytest.mark.usefixtures("wire")
def check_closes_after_reply(site: Site, server: Web) -> None:
    """After the reply the server closes the connection, in order, and sends nothing more; with HTTP/1.1 too."""
    client = server.connect().send(f"GET {site.page} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    expect_page(client, PAGE)
    server.watch.until(client.released_by_program, what="close the connection after the reply")


@check("web.binary-file")
@pytest.mark.parametrize("kind", BINARIES)
def check_binary_file(site: Site, server: Web, kind: str) -> None:
    """Bytes are bytes: a file with NULs, or with bytes that are no text, is served like any other."""
    path = site.file("/image.bin", BINARIES[kind])
    expect_page(ask(server, path), BINARIES[kind])


@check("web.empty-file")
@pytest.mark.usefixtures("wire")
def check_empty_file(site: Site, server: Web) -> None:
    """An empty file is served: status 200, Content-Length 0 and no body."""
    path = site.file("/empty.txt", b"")
    expect_length(expect_page(ask(server, path), b""), 0)
    expect_page(ask(server, site.page), PAGE)


@check("web.subdirectory")
def check_subdirectory(site: Site, server: Web) -> None:
    """Files in folders below the directory are served."""
    path = site.file("/docs/week1/notes.txt", b"hola\n")
    expect_page(ask(server, path), b"hola\n")


@check("web.large-file")
@pytest.mark.parametrize("size", [4096, 256 * KiB], ids=["4KiB", "256KiB"])
def check_large_file(site: Site, server: Web, size: int) -> None:
    """A file that is larger than any buffer is served whole."""
    path, content = site.large("/large.bin", size)
    expect_page(ask(server, path), content)


@check("web.late-reader")
def check_late_reader(site: Site, server: Web) -> None:
    """A client that begins to read late gets the whole file, even if it is larger than all buffers."""
    path, content = site.large("/large.bin", FULL)
    client = ask(server, path, rcvbuf=SMALL_BUFFER)
    until_blocked_sending(server, client)
    expect_page(client, content)


@check("web.huge-content-length")
def check_huge_content_length(site: Site, server: Web) -> None:
    """The Content-Length of a sparse file of 5 GiB is right."""
    size = 5 << 30
    path = site.sparse("/huge.bin", size)
    expect_length(ask(server, path, rcvbuf=SMALL_BUFFER).header(), size)


@check("web.huge-file")
@pytest.mark.usefixtures("bulk")
def check_huge_file(site: Site, server: Web) -> None:
    """All bytes of a file of over 2 GiB are served, although one call moves less, and within a minute."""
    size = TWO_GIB + 100_000
    path = site.sparse("/huge.bin", size, END)
    client = ask(server, path)
    expect_ok(client.header())
    served = Progress(server.watch.own, size, "bytes of the file came")
    zeros, received = size - len(END), 0
    while received < zeros:  # of each 64 MiB the first is read, and the others are counted
        for piece in client.pieces(min(MiB, zeros - received)):
            if not ZEROS.startswith(piece):
                raise SubmissionFault(
                    f"the body is wrong between bytes {received:,} and {received + len(piece):,}"
                )
            received += len(piece)
            served.at(received)
        wanted = min(63 * MiB, zeros - received)
        skipped = client.skip(wanted, told=lambda more: served.at(received + more))  # noqa: B023 - called at once
        received += skipped
        if skipped < wanted:
            break
        site.forget_zeros(path, received)
    if received < zeros:
        raise SubmissionFault(
            f"the body ends after {received:,} of {size:,} bytes",
            expected="a loop: one call of sendfile or writev moves 2,147,479,552 bytes at most",
        )
    expect_body(client.receive_until_end(), END)


@check("web.several-files")
def check_several_files(site: Site, server: Web) -> None:
    """A request with a short path after one with a long path gets its own file, and nothing of the other one."""
    long = site.file(f"/{'long-name-' * 10}.html", b"a long file, to fill the buffer with" * 100)
    short = site.file("/a", b"b")
    expect_page(ask(server, long), b"a long file, to fill the buffer with" * 100)
    expect_page(ask(server, short), b"b")
    expect_page(ask(server, site.page), PAGE)
