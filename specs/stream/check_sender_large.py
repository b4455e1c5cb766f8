"""The senders when the message is larger than the buffers, and when something goes wrong on the way."""

from __future__ import annotations

import pytest

from grader.errors import Inconclusive, SubmissionFault
from grader.faults.interrupt import interrupt
from grader.faults.slow_reader import SMALL_BUFFER
from grader.observe.sends import TRACED, sends
from grader.observe.sockets import TcpState
from grader.spec import check, precondition
from specs.shared.common import Sender, SenderRun, said
from specs.shared.sending import expect_send_error_told, received
from specs.stream.blocked import LARGE, until_blocked

SMALL = 1000


@check("stream.waits-for-reader")
def check_waits_for_reader(sender: Sender) -> None:
    """A send of 50,000,000 bytes waits until the receiver has read enough; meanwhile a small message of another sender passes."""
    run = sender.start(str(LARGE))
    receiver = run.accept()
    until_blocked(run, receiver)
    second = run.scene.launch(run.listener.host, str(run.listener.port), str(SMALL))
    run.watch.until(second.program.ended, what="end while another sender waits")
    assert second.program.exit_status() == 0, "the second sender's exit status is not 0"
    assert len(received(run)) == SMALL
    assert not run.program.ended(), "the first send ended before its receiver had read anything"
    _expect_count(run, receiver.discard_until_end(), LARGE)
    run.expect_success()


@check("stream.short-send")
@pytest.mark.parametrize("how", ["closes", "half-closes-first"])
def check_short_send(sender: Sender, how: str) -> None:
    """When the receiver goes away in the middle of a large send, that send returns less than SIZE, which is no error: the sender prints the count and exits with status 0."""
    run = sender.start(str(LARGE), rcvbuf=SMALL_BUFFER, trace=TRACED)
    receiver = run.accept()
    until_blocked(run, receiver)
    if how == "half-closes-first":  # then RST makes it EPIPE instead of ECONNRESET
        receiver.half_close().until_far_end(TcpState.CLOSE_WAIT, "receive the end of file")
    receiver.reset()
    run.scene.until_exit(run.program, "end after its receiver went away")
    found = sends(run.calls(), run.listener.port)
    if not found:
        raise Inconclusive("no call was seen that sent anything to the connection")
    returned = found[0].call.result
    if run.said("escrito") != [returned] or run.program.exit_status() != 0:
        raise SubmissionFault(
            "the receiver went away, and the send returned less than SIZE",
            expected=f"escrito {returned}, and exit status 0",
            actual=f"{run.program.describe_end()}; stdout: {run.program.stdout.last_lines(2) or 'nothing'}",
        )


@check("stream.stopped-send")
def check_stopped_send(sender: Sender) -> None:
    """When a large send ends early because the sender is stopped and continued, `escrito N` tells what was really sent, and the exit status is 0."""
    run = sender.start(str(LARGE), rcvbuf=SMALL_BUFFER)
    receiver = run.accept()
    until_blocked(run, receiver)
    interrupt(run.program)
    with precondition():
        run.watch.until_still()
    _expect_count(run, receiver.discard_until_end(), None)
    run.expect_success()


@check("stream.returns-at-once")
def check_returns_at_once(sender: Sender) -> None:
    """A large send of `emisor_nb` does not wait for the receiver: it copies what fits, `escrito N` tells how much, and the exit status is 0."""
    run = sender.start(str(LARGE), rcvbuf=SMALL_BUFFER)
    receiver = run.accept()
    run.scene.until_exit(run.program, "end although its receiver does not read")
    count = receiver.discard_until_end()
    if count >= LARGE:
        raise Inconclusive("all of it fitted into the buffers")
    _expect_count(run, count, None)
    run.expect_success()


@check("stream.would-block")
def check_would_block(sender: Sender) -> None:
    """When not even one byte fits (EAGAIN) `emisor_nb` says so on stderr and exits with a status other than 0."""
    expect_send_error_told(sender, str(SMALL), error="EAGAIN")


@check("stream.send-fails")
def check_send_fails(sender: Sender) -> None:
    """When send fails (ECONNRESET) the sender says so on stderr and exits with a status other than 0."""
    expect_send_error_told(sender, str(SMALL))


def _expect_count(run: SenderRun, came: int, wanted: int | None) -> None:
    """It says that it has sent what came, which is what was wanted."""
    run.scene.until_exit(run.program, "end")
    if said(run.program, "escrito") != [came] or came != (wanted or came):
        raise SubmissionFault(
            "what it says is not what was sent",
            expected=f"escrito {wanted or came}, as many bytes as came",
            actual=f"{came:,} bytes came; stdout: {run.program.stdout.last_lines(2) or 'nothing'}",
        )
