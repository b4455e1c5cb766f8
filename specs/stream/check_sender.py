"""The senders when all goes well: what travels, what is said, and with which calls it was sent."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.slow_reader import SMALL_BUFFER
from grader.observe.sends import TRACED, sends
from grader.spec import check
from grader.stage.scene import Scene
from grader.wire.capture import Capture
from specs.shared.common import Sender, SenderRun
from specs.shared.sending import (
    connections_on,
    expect_orderly_end,
    expect_refused,
    received,
    show_segments,
    show_sends,
)
from specs.shared.unwatched import expect_same_unwatched, transfers
from specs.stream.blocked import OVERFULL, until_blocked
from specs.stream.modes import mode_changes

MSS = 1448  #: bytes: MTU 1500 less the headers of IPv4 and TCP, and TCP's timestamps
SMALL = 1000  #: bytes: fits every buffer


@check("stream.sends-size")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("size", [1, SMALL, 10_000])
def check_sends_size(sender: Sender, size: int) -> None:
    """The sender sends SIZE bytes over its connection, and no others."""
    actual = len(received(sender.start(str(size))))
    if actual != size:
        raise SubmissionFault(
            "another number of bytes came", expected=f"{size:,} bytes", actual=f"{actual:,} bytes"
        )


@check("stream.says-what-was-sent")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("size", [1, SMALL])
def check_says_what_was_sent(sender: Sender, size: int) -> None:
    """The sender prints `escrito N`, where N is what send returned."""
    run = sender.start(str(size))
    run.accept().until_closed()
    run.scene.until_exit(run.program, "end")
    if run.said("escrito") != [size]:
        raise SubmissionFault(
            "stdout does not tell what send returned",
            expected=f"escrito {size}",
            actual=run.program.stdout.last_lines() or "nothing on stdout",
        )


@check("stream.success-status")
@pytest.mark.usefixtures("wire")
def check_success_status(sender: Sender) -> None:
    """When everything went well the sender exits with status 0."""
    run = sender.start(str(SMALL))
    run.accept().until_closed()
    run.expect_success()


@check("stream.ends-in-order")
def check_ends_in_order(wire: Capture, sender: Sender) -> None:
    """The sender makes one connection, and ends it in order (FIN)."""
    run = sender.start(str(SMALL))
    expect_orderly_end(wire, run)
    if (count := len(wire.connections(run.listener.port))) != 1:
        raise SubmissionFault("it connected more than once", expected="one connection", actual=str(count))


@check("stream.sender-address")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("host", ["127.0.0.3", "localhost"], ids=["address", "name"])
def check_sender_address(scene: Scene, host: str) -> None:
    """HOST may be an address or a name, and is the one that the sender connects to."""
    listener = scene.listen(host="127.0.0.1" if host == "localhost" else host)
    run = SenderRun(scene, scene.launch(host, str(listener.port), str(SMALL)), listener)
    assert len(received(run)) == SMALL
    run.expect_success()


@check("stream.ends-before-accept")
@pytest.mark.usefixtures("wire")
def check_ends_before_accept(sender: Sender) -> None:
    """A small message needs no receiver that has called accept: the sender ends well, and its bytes wait for the receiver."""
    run = sender.start(str(SMALL))
    run.expect_success()
    assert len(received(run)) == SMALL


@check("stream.refused")
@pytest.mark.usefixtures("wire")
def check_refused(sender: Sender) -> None:
    """When the connection is refused the sender says so on stderr and exits with a status other than 0."""
    expect_refused(sender, str(SMALL))


@check("stream.unknown-host")
def check_unknown_host(sender: Sender) -> None:
    """When the host does not exist the sender says so on stderr and exits with a status other than 0."""
    sender.start(str(SMALL), host="no-such-host.invalid").expect_trouble("the host does not exist")


@check("stream.no-size")
@pytest.mark.parametrize("size", ["0", "hola"], ids=["zero", "word"])
def check_no_size(sender: Sender, size: str) -> None:
    """A SIZE of 0, or one that is no number, is refused, or nothing is sent; the sender neither crashes nor hangs."""
    run = sender.start(size)
    run.scene.until_exit(run.program, f"end with a SIZE of {size!r}")
    status = run.program.exit_status()
    if status is None or status >= 128:
        raise SubmissionFault(
            f"it crashed with a SIZE of {size!r}",
            expected="an error message and an exit status other than 0, or nothing sent",
            actual=run.program.describe_end(),
        )
    data = received(run) if run.listener.waiting() else b""
    if data or set(run.said("escrito")) - {0}:
        raise SubmissionFault(
            f"with a SIZE of {size!r} it sent something, or says so",
            expected="no byte",
            actual=f"{len(data):,} bytes; stdout: {run.program.stdout.last_lines(2)}",
        )


@check("stream.one-send")
@pytest.mark.parametrize("size", [SMALL, 10_000])
def check_one_send(sender: Sender, size: int) -> None:
    """The whole message is handed over with exactly one call of send (or write)."""
    run = sender.start(str(size), trace=TRACED)
    run.accept().until_closed()
    run.scene.until_exit(run.program, "end")
    found = sends(run.calls(), run.listener.port, failed=True)
    if len(found) != 1:
        raise SubmissionFault(
            "the message was sent in another way than with one call",
            expected=f"send(s, buffer, {size}, 0) = {size}, once",
            actual=show_sends(found[:6]) + (f"\n... {len(found) - 6} more" if len(found) > 6 else "")
            or "no call that sends on the connection",
        )
    if size == SMALL and sender.scene.program != "emisor_nb":  # which never waits
        _expect_same_unwatched(sender)


def _expect_same_unwatched(sender: Sender) -> None:
    """A message that does not fit is handed over in the same call, watched or not."""

    def look(watched: bool) -> list[str]:  # noqa: FBT001 - see expect_same_unwatched
        sender.scene.room.kill_all()
        run = sender.start(str(OVERFULL), rcvbuf=SMALL_BUFFER, trace=TRACED if watched else ())
        until_blocked(run, run.accept())
        return transfers(run.program)

    expect_same_unwatched(look)


@check("stream.full-segments")
def check_full_segments(wire: Capture, sender: Sender) -> None:
    """TCP cuts a large message into segments, all full but the last, because the sender hands it over at once."""
    run = sender.start("10000")
    (found,) = connections_on(wire, run)[:1]
    lengths = found.data_lengths(found.client)
    if lengths != [MSS] * (10_000 // MSS) + [10_000 % MSS]:
        raise SubmissionFault(
            "the message left in other segments than one send of it makes",
            expected=f"segments of {MSS} bytes, the last one of {10_000 % MSS}",
            actual=show_segments(found.data_segments(found.client)),
        )


@check("stream.non-blocking")
def check_non_blocking(sender: Sender) -> None:
    """`emisor_nb` sets O_NONBLOCK on the socket after connect and before it sends."""
    changes = mode_changes(sender, str(SMALL))
    if not any(change.sets_nonblock for change in changes):
        raise SubmissionFault(
            "O_NONBLOCK was not set between connect and send",
            expected="fcntl(s, F_SETFL, flags | O_NONBLOCK)",
            actual="\n".join(str(change.call) for change in changes) or "no call of fcntl on the socket",
        )


@check("stream.flags-kept")
def check_flags_kept(sender: Sender) -> None:
    """`emisor_nb` adds O_NONBLOCK to the flags that the socket has, instead of overwriting them."""
    changes = mode_changes(sender, str(SMALL))
    for change in changes:
        if change.loses:
            raise SubmissionFault(
                f"the other flags of the socket were not kept: {', '.join(change.loses)}",
                expected="fcntl(s, F_GETFL), and F_SETFL with its result | O_NONBLOCK",
                actual="\n".join(str(each.call) for each in changes),
            )
