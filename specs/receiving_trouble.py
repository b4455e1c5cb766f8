"""What must not disturb a program that receives and counts: senders that vanish, calls that fail, long service."""

from __future__ import annotations

import contextlib

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.observe import proc
from grader.observe.load import spinning_share
from grader.observe.syscalls import Injection
from grader.spec import KiB, precondition
from grader.worker.program import describe_tasks
from specs.receiving import Receiving, filler

ACCEPT = ("accept", "accept4")
RECEIVE = ("recvfrom", "recvmsg", "read", "readv")
CONNECTIONS = 200
ROUNDS, SIZE = 200, 8 * KiB
_LOST = (
    3 * KiB
)  #: bytes a connection: the least that counts as memory not released (a FILE takes more than 4 KiB)

#: How many bytes a sender sends before it goes. SIZE is 100.
STAGES = {"before-data": 0, "in-the-middle": 150}


def expect_goes_on_after_reset(receiver: Receiving, sent: int) -> None:
    """A sender resets its connection after so many bytes have been read."""
    receiver.rests_with(filler(sent)).reset()
    receiver.next_is_served()


def expect_goes_on_after_departure(receiver: Receiving, how: str) -> None:
    """Senders have gone, closed or reset, before their connections are accepted."""
    with receiver.server.frozen():
        for _ in range(min(3, receiver.server.backlog)):
            peer = receiver.server.connect().send(b"nobody")
            if how == "reset":
                peer.reset()
            else:
                peer.close()
    receiver.next_is_served()


def expect_accept_repeated(receiver: Receiving, error: str) -> None:
    """One accept fails."""
    tracer = receiver.server.trace(ACCEPT, inject=[Injection(ACCEPT, error)])
    receiver.transfer(filler(250))
    receiver.next_is_served()
    with precondition():
        assert any(call.injected for call in tracer.calls()), "accept was never called"


def expect_receive_repeated(receiver: Receiving, sent: int) -> None:
    """A receive fails once with EINTR, after so many bytes have been read."""
    mark = receiver.mark()
    peer = receiver.rests_with(filler(sent))
    tracer = receiver.server.trace(RECEIVE, inject=[Injection(RECEIVE, "EINTR")])
    peer.send(filler(250 - sent)).close()
    receiver.account(mark, 250)
    with precondition():
        assert any(call.injected for call in tracer.calls()), "nothing was received"


def expect_receive_error_survived(receiver: Receiving, error: str) -> None:
    """A receive fails."""
    peer = receiver.rests_with(filler(150))
    tracer = receiver.server.trace(RECEIVE, inject=[Injection(RECEIVE, error)])
    with contextlib.suppress(SubmissionFault):  # the receive that was under way has failed already
        peer.send(filler(100))
    with precondition():
        receiver.watch.until(
            lambda: any(call.injected for call in tracer.calls()) or peer.released_by_program(),
            what="receive, or close the connection",
        )
    receiver.watch.end_of_server()  # at rest: leaving it may interrupt the call in which it waits
    tracer.stop()
    receiver.watch.until_still()
    peer.reset()
    receiver.next_is_served()


def expect_goes_on_after_stop(receiver: Receiving, sent: int | None) -> None:
    """It is stopped and continued, while it waits for a connection or after so many bytes."""
    mark = receiver.mark()
    receiver.watch.until_still()
    if sent is None:
        interrupt(receiver.program)
    peer = receiver.rests_with(filler(sent or 0))
    if sent is not None:
        interrupt(receiver.program)
        with precondition():
            receiver.watch.until_still()
    peer.send(filler(250 - (sent or 0))).close()
    receiver.account(mark, 250)


def expect_descriptors_released(receiver: Receiving) -> None:
    """After many connections it has no more descriptors open than before."""
    receiver.transfer(b"hola")
    receiver.watch.until_still()
    before = len(proc.descriptors(receiver.program.pid))
    for _ in range(CONNECTIONS):
        receiver.server.connect().send(b"hola").close()
        receiver.server.until_accept_queue_below(1)

    def released() -> bool:
        return len(proc.descriptors(receiver.program.pid)) <= before + 2

    try:
        receiver.watch.until(
            released, what=f"close the descriptors of {CONNECTIONS} connections that have ended"
        )
    except SubmissionFault as fault:
        fault.expected = f"about {before} open descriptors, as before"
        fault.actual = f"{len(proc.descriptors(receiver.program.pid))} open descriptors"
        raise


def expect_memory_released(receiver: Receiving) -> None:
    """Many connections cost no memory that stays."""

    def serve(count: int) -> int:
        for _ in range(count):
            receiver.server.connect().send(filler(SIZE)).close()
            receiver.server.until_accept_queue_below(1)
        with precondition():
            receiver.watch.until_still()
        return proc.memory(receiver.program.pid).rss

    before = serve(ROUNDS // 2)
    grown = serve(ROUNDS) - before
    if grown > ROUNDS * _LOST:
        raise SubmissionFault(
            f"memory is not released: {ROUNDS} more connections with {SIZE // KiB} KiB each cost {grown // KiB:,} KiB",
            expected="about as much memory as before",
            actual=f"{grown / ROUNDS / KiB:,.1f} KiB more for each connection",
        )


def expect_idle(receiver: Receiving, after: str) -> None:
    """It sleeps while there is nothing to do."""
    if after != "waiting":
        peer = receiver.rests_with(filler(150))
        if after == "departure":
            peer.close()
        elif after == "reset":
            peer.reset()
    share = spinning_share(receiver.watch.processes())
    if end := receiver.watch.end_of_server():
        raise SubmissionFault(end, expected="the receiver goes on")
    if share is not None:
        raise SubmissionFault(
            "the receiver keeps the processor busy although nothing happens",
            expected="it sleeps in a system call",
            actual=f"{share:.0%} of one processor\n"
            + describe_tasks(receiver.program.tasks(), receiver.program.pid),
        )
