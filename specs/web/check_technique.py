"""Three ways to send a file, by the evidence of the system calls and of the wire."""

from __future__ import annotations

from grader.errors import Inconclusive, SubmissionFault
from grader.spec import KiB, check
from grader.wire.capture import Capture
from specs.web.calls import Reply, bytes_of, expect_same_reply_unwatched, traced_reply
from specs.web.service import PAGE, Launch, Site, Web, ask, expect_page

SIZE = 100 * KiB
SMALL = 3_000
_HELD = (
    0.15  #: seconds: MSG_MORE gives up after 0.2, and a body that comes so late may have been too late for it
)


@check("web.reads-and-sends")
def check_reads_and_sends(site: Site, serving: Launch) -> None:
    """`srv_web_read_send` reads the file into a buffer with read, and sends it from there."""
    reply, header = traced_reply(serving, site, SIZE)
    sent = bytes_of([send.call for send in reply.sends])
    if bytes_of(reply.reads) < SIZE or sent < header + SIZE or reply.moved:
        raise _wrong(reply, "read(file, ...) and send(connection, ...), until the whole file has been sent")
    expect_same_reply_unwatched(serving, site)


@check("web.maps")
def check_maps(site: Site, serving: Launch) -> None:
    """`srv_web_mmap_writev` maps the file into memory (mmap) and does not read it."""
    reply, _ = traced_reply(serving, site, SMALL)
    if not reply.maps or reply.reads or reply.moved:
        raise _wrong(reply, "mmap of the file, and no read of it")


@check("web.gathers")
def check_gathers(site: Site, serving: Launch) -> None:
    """`srv_web_mmap_writev` sends the header and the mapped file together, with one call of writev (or sendmsg)."""
    reply, header = traced_reply(serving, site, SMALL)
    first = next((send for send in reply.sends if (send.call.result or 0) > 0), None)
    if first is None or first.parts < 2 or (first.call.result or 0) <= header:
        raise _wrong(reply, "writev(connection, [{header}, {file}], 2)")
    expect_same_reply_unwatched(serving, site)


@check("web.sendfile")
def check_sendfile(site: Site, serving: Launch) -> None:
    """`srv_web_sendfile` lets the kernel send the file (sendfile) and does not read it."""
    reply, _ = traced_reply(serving, site, SIZE)
    moved = bytes_of([call for call in reply.moved if call.name.startswith("sendfile")])
    if moved < SIZE or reply.reads or reply.maps:
        raise _wrong(reply, f"sendfile(connection, file, NULL, {SIZE}), and no read of the file")
    expect_same_reply_unwatched(serving, site)


@check("web.header-with-more")
def check_header_with_more(site: Site, serving: Launch) -> None:
    """The header is sent with MSG_MORE, since the body follows at once."""
    reply, _ = traced_reply(serving, site, SMALL)
    first = next((send for send in reply.sends if (send.call.result or 0) > 0), None)
    if first is None or not first.more:
        raise _wrong(reply, "send(connection, header, length, MSG_MORE)")


@check("web.first-segment")
def check_first_segment(wire: Capture, site: Site, server: Web) -> None:
    """The first segment on the wire holds the header and the beginning of the file."""
    response = expect_page(ask(server, site.page), PAGE)
    found = wire.connection(server.port)
    lengths = found.data_lengths(found.server)
    if lengths[0] > len(response.header):
        return
    times = [segment.seconds for segment in found.sent_by(found.server) if segment.length]
    asked = max(segment.seconds for segment in found.sent_by(found.client) if segment.length)
    if max(times[1] - times[0], times[0] - asked) > _HELD:
        raise Inconclusive("the header waited so long for the file that the kernel may have sent it alone")
    raise SubmissionFault(
        "the header left in a segment of its own",
        expected=f"a first segment of more than {len(response.header)} bytes (MSG_MORE, or one writev)",
        actual="segments of " + ", ".join(map(str, lengths)) + " bytes",
    )


def _wrong(reply: Reply, expected: str) -> SubmissionFault:
    return SubmissionFault(
        "the file was sent in another way than the program's name says",
        expected=expected,
        actual=reply.describe(),
    )
