"""The client: what it sends, what it prints, and how it ends when all goes well."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.fragment import drip
from grader.faults.slow_reader import MORE_THAN_BUFFERS, SMALL_BUFFER
from grader.peers.reverse import ReverseServer, header, pattern
from grader.spec import MiB, check
from specs.reverse.service import Client


@check("reverse.client-exchange")
def check_exchange(client: Client) -> None:
    """The client writes the reversed contents of each file to stdout, in order, and nothing else."""
    files = [b"hola", b"mundo\n", pattern(5_000)]
    run = client.start(files)
    server = run.accept()
    assert server.serve(len(files)) == files, "what was sent is not the contents of the files"
    run.expect_success(b"".join(content[::-1] for content in files))


@check("reverse.client-header")
@pytest.mark.parametrize("length", [4, 70_000])
def check_header(client: Client, length: int) -> None:
    """The client sends the file's size as a 4-byte number in network byte order."""
    run = client.start([pattern(length)])
    server = run.accept()
    actual = server.receive_exactly(4)
    if actual == header(length)[::-1]:
        raise SubmissionFault(
            "the length has its bytes in the machine's order; htonl is missing",
            expected=header(length).hex(" "),
            actual=actual.hex(" "),
        )
    assert actual == header(length)


@check("reverse.client-one-connection")
def check_one_connection(client: Client) -> None:
    """All requests travel over one connection."""
    run = client.start([b"uno", b"dos", b"tres"])
    server = run.accept()
    for _ in range(2):
        server.serve(1)
        run.until_next_request(server)
        if run.listener.waiting():
            raise SubmissionFault("the client opened another connection for its next file")
    server.serve(1)
    run.expect_success(b"onusodsert")


@check("reverse.client-one-segment")
def check_one_segment(client: Client) -> None:
    """Header and data of a small request leave together (writev), not in two segments."""
    run = client.start([b"hola"])
    server = run.accept()
    server.receive_exactly(8)
    assert server.data_segments_received() == 1, "the 4-byte header travelled in a segment of its own"


@check("reverse.client-empty-file")
def check_empty_file(client: Client) -> None:
    """An empty file is a request of length 0, and the files after it are sent too."""
    run = client.start([b"", b"hola", b""])
    assert run.accept().serve(3) == [b"", b"hola", b""]
    run.expect_success(b"aloh")


@check("reverse.client-binary")
def check_binary(client: Client) -> None:
    """NULs and bytes that are no text go and come back like any other."""
    content = b"\0\0a\0" + bytes(range(256)) + b"\xff\n\0"
    run = client.start([content])
    assert run.accept().serve(1) == [content]
    run.expect_success(content[::-1])


@check("reverse.client-large-file")
@pytest.mark.usefixtures("bulk")
def check_large_file(client: Client) -> None:
    """Large files work."""
    content = pattern(32 * MiB)
    run = client.start([content])
    assert run.accept().serve(1) == [content]
    run.expect_success(content[::-1])


@check("reverse.client-dripped-reply")
def check_dripped_reply(client: Client) -> None:
    """A reply that arrives in pieces is put together."""
    run = client.start([b"gota a gota", b"otra"])
    server = run.accept()
    for content in (b"gota a gota", b"otra"):
        assert server.receive_request() == content
        drip(server, content[::-1])
    run.expect_success(b"atog a atogarto")


@check("reverse.client-patient-server")
def check_patient_server(client: Client) -> None:
    """The client reads each reply before it sends the next request, so that neither side fills up."""
    files = [pattern(MORE_THAN_BUFFERS, seed) for seed in (1, 2)]
    run = client.start(files, rcvbuf=SMALL_BUFFER)
    server = run.accept()
    for content in files:
        assert server.receive_request() == content
        server.send(content[::-1]).until_consumed()  # reads no further request before
    run.expect_success(b"".join(content[::-1] for content in files))


@check("reverse.client-input-unchanged")
def check_input_unchanged(client: Client) -> None:
    """The files are as they were before."""
    files = [b"hola", pattern(9_000)]
    run = client.start(files)
    run.accept().serve(len(files))
    run.until_exit()
    for number, content in enumerate(files):
        assert run.file_now(number) == content, f"file number {number + 1} was changed"


@check("reverse.client-host-name")
def check_host_name(client: Client) -> None:
    """The host may be given by its name."""
    run = client.start([b"hola"], host="localhost")
    assert run.accept().serve(1) == [b"hola"]
    run.expect_success(b"aloh")


@check("reverse.client-ends-connection")
def check_ends_connection(client: Client) -> None:
    """After the last reply the client closes its connection and exits with status 0."""
    run = client.start([b"hola"])
    server: ReverseServer = run.accept()
    server.serve(1)
    assert server.receive_until_end() == b"", "more was sent after the last request"
    run.expect_success(b"aloh")
