"""What must not disturb a program that receives and counts: senders that vanish, calls that fail, long service."""

from __future__ import annotations

from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.observe import proc
from grader.observe.gate import ACCEPTING, RECEIVING
from grader.program.program import describe_tasks
from grader.spec import KiB, precondition
from grader.watch.load import spinning_share
from grader.watch.pace import Rounds
from specs.shared.common import PASSING
from specs.shared.growth import expect_no_growth
from specs.shared.receiving import Receiving, filler

CONNECTIONS = 200
ROUNDS, SIZE = 200, 8 * KiB
_LOST = (
    3 * KiB
)  #: bytes a connection: the least that counts as memory not released (a FILE takes more than 4 KiB)

#: How many bytes a sender sends before it goes. SIZE is 100.
STAGES = {"before-data": 0, "in-the-middle": 150}


def expect_goes_on_after_reset(receiver: Receiving, sent: int) -> None:
    """A sender resets its connection after so many bytes have been read."""
    mark = receiver.mark()
    receiver.rests_with(filler(sent)).reset()
    receiver.watch.end_of_server()
    receiver.expect_true(mark, sent)
    receiver.next_is_served()


def expect_goes_on_after_departure(held: Receiving, how: str) -> None:
    """Senders have gone, closed or reset, before their connections are accepted by the receiver, which is held."""
    for _ in range(min(3, held.server.backlog)):
        peer = held.server.connect().send(b"nobody")
        if how == "reset":
            peer.reset()
        else:
            peer.close()
    held.server.release()
    held.next_is_served()


def expect_accept_repeated(receiver: Receiving) -> None:
    """One accept of the receiver, which was started with a gate for `ACCEPTING`, fails."""
    failure = receiver.server.fail(ACCEPTING, PASSING)
    receiver.server.connect().send(
        filler(250)
    ).close()  # whether it is accepted or turned away is its own affair
    receiver.next_is_served()
    with precondition():
        assert failure.hit, "accept was never called"


def expect_goes_on_after_signal(receiver: Receiving, sent: int | None) -> None:
    """It catches a signal, while it waits for a connection or after so many bytes."""
    if not receiver.server.catches_a_signal():
        return
    mark = receiver.mark()
    if sent is None:
        receiver.server.interrupt_by_signal()
    peer = receiver.rests_with(filler(sent or 0))
    if sent is not None:
        receiver.server.interrupt_by_signal()
    peer.send(filler(250 - (sent or 0))).close()
    receiver.account(mark, 250)


def expect_receive_error_survived(receiver: Receiving, error: str) -> None:
    """A receive of the receiver, which was started with a gate for `RECEIVING`, fails."""
    peer = receiver.rests_with(filler(150))
    # Real: after an RST, and after a peer that answers no keepalive or no segment any more (tcp(7)).
    failure = receiver.server.fail(RECEIVING, error, peer)
    peer.send(filler(100))
    with precondition():
        receiver.watch.until(lambda: failure.hit, what="receive once more")
    receiver.watch.end_of_server()
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
    rounds = receiver.watch.rounds(CONNECTIONS)
    for _ in rounds:
        receiver.server.connect().send(b"hola").close()
        receiver.server.until_accept_queue_below(1)

    def released() -> bool:
        return len(proc.descriptors(receiver.program.pid)) <= before + 2

    try:
        receiver.watch.until(
            released, what=f"close the descriptors of {rounds.done} connections that have ended"
        )
    except SubmissionFault as fault:
        fault.expected = f"about {before} open descriptors, as before"
        fault.actual = f"{len(proc.descriptors(receiver.program.pid))} open descriptors"
        raise


def expect_memory_released(receiver: Receiving) -> None:
    """Many connections cost no memory that stays."""

    def serve(rounds: Rounds) -> int:
        for _ in rounds:
            receiver.server.connect().send(filler(SIZE)).close()
            receiver.server.until_accept_queue_below(1)
        with precondition():
            receiver.watch.until_still()
        return proc.memory(receiver.program.pid).rss

    expect_no_growth(
        receiver.watch,
        serve,
        first=ROUNDS // 2,
        then=ROUNDS,
        each=_LOST,
        what=f"connections with {SIZE // KiB} KiB each",
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
