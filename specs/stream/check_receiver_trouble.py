"""The receiver when senders vanish, calls fail, and the service is long."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.limits import no_descriptor_left
from grader.observe.gate import ACCEPTING, RECEIVING
from grader.spec import check, precondition
from grader.watch.load import spinning_share
from specs.shared.receiving import LaunchReceiving, Receiving
from specs.shared.receiving_trouble import (
    SIZE,
    STAGES,
    expect_accept_repeated,
    expect_descriptors_released,
    expect_goes_on_after_departure,
    expect_goes_on_after_reset,
    expect_goes_on_after_signal,
    expect_goes_on_after_stop,
    expect_idle,
    expect_memory_released,
    expect_receive_error_survived,
)


@check("stream.reset")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("stage", STAGES)
def check_reset(receiver: Receiving, stage: str) -> None:
    """After a connection that was reset the receiver goes on with the next one; what it has printed of the first is true."""
    expect_goes_on_after_reset(receiver, STAGES[stage])


@check("stream.gone-before-accept")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", ["closed", "reset"])
def check_gone_before_accept(launch: LaunchReceiving, how: str) -> None:
    """A sender that has gone before its connection is accepted, by close or by reset, disturbs nobody."""
    expect_goes_on_after_departure(launch(held=True), how)


@check("stream.accept-fails")
def check_accept_fails(launch: LaunchReceiving) -> None:
    """When accept fails for a reason that passes (the table of open files of the whole machine is full: ENFILE) the receiver calls it again."""
    expect_accept_repeated(launch(gate=ACCEPTING))


@check("stream.receive-interrupted")
@pytest.mark.parametrize("sent", [None, 0, 50], ids=["in-accept", "first", "later"])
def check_receive_interrupted(receiver: Receiving, sent: int | None) -> None:
    """A signal that the receiver catches disturbs nothing: accept or the read in which it waits (EINTR) is called again."""
    expect_goes_on_after_signal(receiver, sent)


@check("stream.receive-fails")
@pytest.mark.parametrize("error", ["ECONNRESET", "ETIMEDOUT"])
def check_receive_fails(launch: LaunchReceiving, error: str) -> None:
    """When a read fails that connection ends, never the receiver."""
    expect_receive_error_survived(launch(gate=RECEIVING), error)


@check("stream.stopped-and-continued")
@pytest.mark.parametrize("sent", [None, 50], ids=["in-accept", "in-read"])
def check_stopped_and_continued(receiver: Receiving, sent: int | None) -> None:
    """A receiver that is stopped and continued while it waits goes on where it was."""
    expect_goes_on_after_stop(receiver, sent)


@check("stream.descriptors-released")
def check_descriptors_released(receiver: Receiving) -> None:
    """After 200 connections the receiver has no more descriptors open than before."""
    expect_descriptors_released(receiver)


@check("stream.memory-released")
def check_memory_released(launch: LaunchReceiving) -> None:
    """What a connection took of the memory is released when it has ended."""
    expect_memory_released(launch(SIZE))


@check("stream.idle")
@pytest.mark.parametrize("after", ["waiting", "data", "departure", "reset"])
def check_idle(receiver: Receiving, after: str) -> None:
    """A receiver with nothing to do waits in the kernel and uses no processor time."""
    expect_idle(receiver, after)


@check("stream.out-of-descriptors")
def check_out_of_descriptors(launch: LaunchReceiving) -> None:
    """When no descriptor is left (accept fails with EMFILE) the receiver lives on, and receives again as soon as one is free."""
    receiver = launch(gate=ACCEPTING)
    receiver.transfer(b"hola")
    receiver.watch.until_still()
    tried = receiver.server.gate.watch(ACCEPTING)  # from now on accept is called in vain
    with no_descriptor_left(receiver.program):
        _exhaust(receiver)
        receiver.watch.until_still()
        with precondition():
            receiver.watch.until(lambda: tried.seen, what="call accept once more")
    receiver.next_is_served()


@check("stream.patient-without-descriptors")
def check_patient_without_descriptors(receiver: Receiving) -> None:
    """While no descriptor is left the receiver waits: it does not call accept over and over at full speed."""
    receiver.transfer(b"hola")
    receiver.watch.until_still()
    with no_descriptor_left(receiver.program):
        _exhaust(receiver)
        share = spinning_share([receiver.program.pid])
    if end := receiver.watch.end_of_server():
        raise SubmissionFault(f"{end} while no descriptor was left")
    if share is not None:
        raise SubmissionFault(
            "accept fails with EMFILE and is called again at once, without end",
            expected="the connection waits in the accept queue, and the receiver sleeps",
            actual=f"{share:.0%} of one processor",
        )


def _exhaust(receiver: Receiving) -> None:
    """Make accept fail now: a call that waits already has its descriptor, the one after it gets none."""
    receiver.server.connect().close()
    receiver.server.connect().send(b"waiting").close()
