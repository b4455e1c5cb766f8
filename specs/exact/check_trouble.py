"""The receivers when senders vanish, calls fail, and the service is long."""

from __future__ import annotations

import pytest

from grader.observe.gate import ACCEPTING, RECEIVING
from grader.spec import check
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


@check("exact.reset")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("stage", STAGES)
def check_reset(receiver: Receiving, stage: str) -> None:
    """After a connection that was reset the receiver goes on with the next one; what it has printed of the first is true."""
    expect_goes_on_after_reset(receiver, STAGES[stage])


@check("exact.gone-before-accept")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("how", ["closed", "reset"])
def check_gone_before_accept(launch: LaunchReceiving, how: str) -> None:
    """A sender that has gone before its connection is accepted, by close or by reset, disturbs nobody."""
    expect_goes_on_after_departure(launch(held=True), how)


@check("exact.accept-fails")
def check_accept_fails(launch: LaunchReceiving) -> None:
    """When accept fails for a reason that passes (the table of open files of the whole machine is full: ENFILE) the receiver calls it again."""
    expect_accept_repeated(launch(gate=ACCEPTING))


@check("exact.receive-interrupted")
@pytest.mark.parametrize("sent", [None, 0, 50], ids=["in-accept", "first", "later"])
def check_receive_interrupted(receiver: Receiving, sent: int | None) -> None:
    """A signal that the receiver catches disturbs nothing: accept or the receive in which it waits (EINTR) is called again, and each piece has SIZE bytes nevertheless."""
    expect_goes_on_after_signal(receiver, sent)


@check("exact.receive-fails")
@pytest.mark.parametrize("error", ["ECONNRESET", "ETIMEDOUT"])
def check_receive_fails(launch: LaunchReceiving, error: str) -> None:
    """When a receive fails that connection ends, never the receiver."""
    expect_receive_error_survived(launch(gate=RECEIVING), error)


@check("exact.stopped-and-continued")
@pytest.mark.parametrize("sent", [None, 50], ids=["in-accept", "in-a-piece"])
def check_stopped_and_continued(receiver: Receiving, sent: int | None) -> None:
    """A receiver that is stopped and continued while it waits goes on where it was: a piece that a signal cut short, even with MSG_WAITALL, is completed."""
    expect_goes_on_after_stop(receiver, sent)


@check("exact.descriptors-released")
def check_descriptors_released(receiver: Receiving) -> None:
    """After 200 connections the receiver has no more descriptors open than before."""
    expect_descriptors_released(receiver)


@check("exact.memory-released")
def check_memory_released(launch: LaunchReceiving) -> None:
    """What a connection took of the memory is released when it has ended."""
    expect_memory_released(launch(SIZE))


@check("exact.idle")
@pytest.mark.parametrize("after", ["waiting", "data", "departure", "reset"])
def check_idle(receiver: Receiving, after: str) -> None:
    """A receiver with nothing to do waits in the kernel and uses no processor time."""
    expect_idle(receiver, after)
