"""The receiver when a connection ends too early, lies about its lengths, or a call fails."""

from __future__ import annotations

import contextlib

import pytest

from grader.errors import ProgramEnded, SubmissionFault
from grader.faults.interrupt import interrupt
from grader.faults.limits import memory_left
from grader.observe import proc
from grader.observe.gate import ACCEPTING, RECEIVING
from grader.spec import KiB, MiB, check, precondition
from grader.watch.load import spinning_share
from grader.watch.pace import Rounds
from specs.framing.messages import (
    exchange,
    expect_nothing_between,
    header,
    is_back_in_accept,
    message,
    next_is_served,
    pairs_begun,
    until_printed,
    was_printed,
)
from specs.shared.common import PASSING, LaunchReceiver, Receiver, letters
from specs.shared.growth import expect_no_growth

HELLO = message("hola", "mundo")
#: How many bytes of the message a sender comes to send before it goes.
STAGES = {
    "in-the-lengths": 3,
    "between-the-lengths": 4,
    "after-the-lengths": 8,
    "in-the-first": 10,
    "after-the-first": 12,
    "in-the-second": 15,
}
CONNECTIONS = 200
ROUNDS, SIZE = 100, 16 * KiB


@check("framing.closes-at-end")
def check_closes_at_end(server: Receiver) -> None:
    """When the sender has closed its connection, the receiver closes it too."""
    peer = exchange(server, "hola", "mundo")
    server.watch.until(peer.released_by_program, what="close the connection that its sender had closed")


@check("framing.truncated-message")
@pytest.mark.parametrize("stage", STAGES)
def check_truncated_message(server: Receiver, stage: str) -> None:
    """A message that is cut short by the end of its connection is not printed, and the next connection is served."""
    exchange(server, "uno", "dos")
    lines = pairs_begun(server.program.stdout.content)
    server.connect().send(HELLO[: STAGES[stage]]).close()
    next_is_served(server)
    expect_nothing_between(server, lines)


@check("framing.reset")
@pytest.mark.parametrize("stage", ["before-the-lengths", *STAGES])
def check_reset(server: Receiver, stage: str) -> None:
    """A sender that resets its connection, at any stage, disturbs nobody: the next one is served."""
    peer = server.connect().send(HELLO[: STAGES.get(stage, 0)]).until_consumed()
    with precondition():
        server.watch.until_still()  # it has accepted the connection, too
    peer.reset()
    next_is_served(server)


@check("framing.connect-and-close")
def check_connect_and_close(server: Receiver) -> None:
    """Senders that connect and close without a word disturb nobody."""
    for _ in range(5):
        server.connect().close()
        server.watch.until_still()
    next_is_served(server)


@check("framing.gone-before-accept")
@pytest.mark.parametrize("how", ["closed", "reset"])
def check_gone_before_accept(held: Receiver, how: str) -> None:
    """A sender that has gone before its connection is accepted disturbs nobody."""
    for _ in range(min(3, held.backlog)):
        peer = held.connect().send(HELLO[:10])
        peer.reset() if how == "reset" else peer.close()
    held.release()
    next_is_served(held)


@check("framing.huge-length")
@pytest.mark.parametrize(
    "lengths",
    [(0x7FFF_FFFF, 4), (0x8000_0000, 4), (0xFFFF_FFFF, 4), (4, 0xFFFF_FFFF)],
    ids=["2GiB-1", "2GiB", "4GiB-1", "second"],
)
def check_huge_length(server: Receiver, lengths: tuple[int, int]) -> None:
    """A length of gigabytes (negative, for a program that uses int) may end that connection, never the receiver."""
    peer = server.connect()
    with contextlib.suppress(SubmissionFault):  # the receiver may hang up before it has read everything
        peer.send(header(*lengths) + b"hola" + bytes(5000)).until_consumed()
    server.watch.until_still()
    peer.reset()
    server.watch.until_still()
    next_is_served(server)


@check("framing.binary")
def check_binary(server: Receiver) -> None:
    """Bytes that are no text (zeros, and what is no UTF-8) do not end the receiver."""
    content = b"\0\xff\xfe\x80\n" + bytes(range(256))
    server.connect().send(message(content, content[::-1])).close()
    server.watch.until_still()
    next_is_served(server)


@check("framing.accept-fails")
def check_accept_fails(serving: LaunchReceiver) -> None:
    """When accept fails for a reason that passes (the table of open files of the whole machine is full: ENFILE) the receiver calls it again."""
    server = serving(gate=ACCEPTING)
    server.watch.until_still()
    failure = server.fail(ACCEPTING, PASSING)
    server.connect().send(HELLO).close()  # whether it is accepted or turned away is the receiver's affair
    next_is_served(server)
    with precondition():
        assert failure.hit, "accept was never called"


@check("framing.call-interrupted")
@pytest.mark.parametrize(
    "sent", [None, 0, 4, 10], ids=["in-accept", "first", "in-the-lengths", "in-the-data"]
)
def check_call_interrupted(server: Receiver, sent: int | None) -> None:
    """A signal that the receiver catches disturbs nothing: accept or the receive in which it waits (EINTR) is called again."""
    if not server.catches_a_signal():
        return
    if sent is None:
        server.interrupt_by_signal()
    peer = server.connect().send(HELLO[: sent or 0]).until_consumed()
    if sent is not None:
        server.interrupt_by_signal()
    peer.send(HELLO[sent or 0 :]).close()
    until_printed(server, "hola", "mundo")


@check("framing.receive-fails")
@pytest.mark.parametrize("sent", [4, 8, 10], ids=["in-the-lengths", "after-the-lengths", "in-the-data"])
def check_receive_fails(serving: LaunchReceiver, sent: int) -> None:
    """When a receive fails (ECONNRESET) that connection ends, with nothing printed for it, and never the receiver."""
    server = serving(gate=RECEIVING)
    exchange(server, "uno", "dos")
    lines = pairs_begun(server.program.stdout.content)
    peer = server.connect().send(HELLO[:sent]).until_consumed()
    server.watch.until_still()
    if not peer.released_by_program():  # one that asks no more than once has closed it by now
        failure = server.fail(RECEIVING, "ECONNRESET", peer)  # real: after an RST (tcp(7))
        with contextlib.suppress(SubmissionFault):  # it may hang up
            peer.send(
                HELLO[sent : sent + 1]
            )  # the call in which it waits goes on, unless it waits for more than that
            server.watch.until_still()
            if not failure.hit:
                peer.send(HELLO[sent + 1 :])
        with precondition():
            server.watch.until(
                lambda: failure.hit or peer.released_by_program() or is_back_in_accept(server),
                what="receive once more, or give the connection up",
            )
        server.watch.end_of_server()
        peer.reset()
    next_is_served(server)
    if not was_printed(server.program.stdout.content, "hola", "mundo"):  # it may have tried again
        expect_nothing_between(server, lines)


@check("framing.interrupted-receive")
@pytest.mark.parametrize("stage", ["waiting", "in-the-lengths", "in-the-first", "in-the-second"])
def check_interrupted_receive(server: Receiver, stage: str) -> None:
    """A receive that returns early with a part of the data, even with MSG_WAITALL, is continued."""
    sent = STAGES.get(stage, 0)
    server.watch.until_still()
    if stage == "waiting":
        interrupt(server.program)
    peer = server.connect().send(HELLO[:sent]).until_consumed()
    server.watch.until_still()
    interrupt(server.program)
    server.watch.until_still()
    peer.send(HELLO[sent:]).close()
    until_printed(server, "hola", "mundo")


@check("framing.out-of-memory")
@pytest.mark.parametrize(
    ("length", "left"),
    [(MiB, 2 * MiB - 128 * KiB), (64 * MiB, 24 * MiB)],  # the first of two still fits, or neither
    ids=["1MiB", "64MiB"],
)
def check_out_of_memory(server: Receiver, length: int, left: int) -> None:
    """When there is no memory for a message, that connection may end, never the receiver."""
    exchange(server, "hola", "mundo")
    server.watch.until_still()
    with memory_left(server.program, left):
        peer = server.connect()
        with contextlib.suppress(SubmissionFault):  # the receiver may hang up before it has read everything
            peer.send(header(length, length) + bytes(min(length + 128 * KiB, 8 * MiB)))
        with precondition():
            server.watch.until_still()
        peer.reset()
        with precondition():
            server.watch.until_still()
    next_is_served(server)


@check("framing.descriptors-released")
def check_descriptors_released(server: Receiver) -> None:
    """After 200 connections the receiver has no more descriptors open than before."""
    exchange(server, "hola", "mundo")
    server.watch.until_still()
    before = len(proc.descriptors(server.program.pid))
    rounds = server.watch.rounds(CONNECTIONS)
    for number in rounds:
        exchange(server, f"numero{number}", "mundo")

    def released() -> bool:
        return len(proc.descriptors(server.program.pid)) <= before + 2

    try:
        server.watch.until(
            released, what=f"close the descriptors of {rounds.done} connections that have ended"
        )
    except SubmissionFault as fault:
        fault.expected = f"about {before} open descriptors, as before"
        fault.actual = f"{len(proc.descriptors(server.program.pid))} open descriptors"
        raise


@check("framing.memory-released")
def check_memory_released(server: Receiver) -> None:
    """The memory of a message is released when it has been printed."""

    def messages(rounds: Rounds) -> int:
        data = message(letters(SIZE, 1), letters(SIZE, 2))
        for _ in rounds:
            peer = server.connect()
            try:
                peer.send(data).until_consumed()
            except ProgramEnded:
                raise
            except SubmissionFault:
                pass  # it hung up before it had everything, which other checks judge
            peer.close()
            server.watch.until(
                peer.released_by_program, what="close the connection that its sender had closed"
            )
        with precondition():
            server.watch.until_still()
        return proc.memory(server.program.pid).rss

    expect_no_growth(
        server.watch,
        messages,
        first=ROUNDS // 3,
        then=ROUNDS,
        each=SIZE // 2,
        what=f"messages of two times {SIZE // KiB} KiB",
    )


@check("framing.idle")
@pytest.mark.parametrize(
    "after", ["waiting", "half-message", "departure", "cut", "cut-in-the-lengths", "reset"]
)
def check_idle(server: Receiver, after: str) -> None:
    """A receiver with nothing to do waits in the kernel and uses no processor time."""
    peer = server.connect()
    if after == "departure":
        peer.send(HELLO).close()
    elif after != "waiting":
        peer.send(HELLO[:6] if after == "cut-in-the-lengths" else HELLO[:10]).until_consumed()
    if after.startswith("cut"):
        peer.close()
    elif after == "reset":
        peer.reset()
    share = spinning_share(server.watch.processes())
    if end := server.watch.end_of_server():
        raise SubmissionFault(end, expected="the receiver goes on")
    if share is not None:
        raise SubmissionFault(
            "the receiver keeps the processor busy although nothing happens",
            expected="it sleeps in a system call",
            actual=f"{share:.0%} of one processor",
        )
