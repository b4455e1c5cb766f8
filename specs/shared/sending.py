"""What can go wrong for a program that sends the data of its arguments, and must not go wrong in silence."""

from __future__ import annotations

import os
from collections.abc import Sequence

from grader.compare import around, first_difference
from grader.errors import Inconclusive, SubmissionFault
from grader.faults.interrupt import interrupt
from grader.observe.gate import SENDING
from grader.observe.sends import TRACED, Send, sends
from grader.observe.sockets import TcpState
from grader.peers.tcp import TcpPeer
from grader.program.lines import all_numbers
from grader.spec import precondition
from grader.wire.capture import Capture
from grader.wire.segments import Conversation
from specs.shared.common import Sender, SenderRun, expect_trouble
from specs.shared.unwatched import expect_same_unwatched, transfers

#: Receive buffer, in bytes, with which the 200,000 that arguments can hold block a send: the window stays so small
#: that the kernel sees no reason to let the program's send buffer grow.
_BUFFER = 16 << 10
#: Bytes of two data of which our small buffer and the program's own hold the first, and never both: the program's grows with
#: the segments that are acknowledged, to some 150,000. The kernel takes arguments of up to 131,071.
FITS, FITS_NO_MORE = 69_000, 131_000

#: Seconds: MSG_MORE holds data for about 0.2. A segment that left so long after the handshake may be the end of that.
_HELD = 0.15


def received(run: SenderRun) -> bytes:
    """All that the program sends on its connection, until it closes it in order."""
    return run.accept().receive_until_end()


def connections_on(wire: Capture, run: SenderRun) -> list[Conversation]:
    """The program's connections, as they were on the wire once the program has ended."""
    run.accept().until_closed()
    run.scene.until_exit(run.program, "end")
    found = wire.connections(run.listener.port)
    if not found:
        raise Inconclusive("no connection was captured")
    return found


def expect_orderly_end(wire: Capture, run: SenderRun) -> None:
    """It ends its connection with FIN."""
    for found in connections_on(wire, run):
        if (end := found.ended_by(found.client)) != "FIN":
            raise SubmissionFault(
                "the connection did not end in order", expected="FIN", actual=end or "nothing"
            )


def data_segments(wire: Capture, run: SenderRun) -> list[bytes]:
    """The data of each segment. `Inconclusive` where more than one left so late that a clock may have cut them."""
    conversations = connections_on(wire, run)
    segments = [data for found in conversations for data in found.data_segments(found.client)]
    sent = conversations[0].sent_by(conversations[0].client)
    handshake = next((each for each in sent if "S" not in each.flags), None)
    first = next((each for each in sent if each.length), None)
    if len(segments) > 1 and handshake and first and first.seconds - handshake.seconds > _HELD:
        raise Inconclusive(
            f"the first data left {first.seconds - handshake.seconds:.2f} s after the connection was made: "
            "the kernel may have given up waiting for more"
        )
    return segments


def show_segments(segments: Sequence[bytes]) -> str:
    """For messages: how many there are, and how long."""
    lengths = " and ".join(f"{len(each):,}" for each in segments)
    return f"{len(segments)} segment{'s' if len(segments) != 1 else ''} with {lengths or 'no'} bytes"


def traced_sends(sender: Sender, *data: str) -> list[Send]:
    """The calls with which it sends these data, from its first instruction to its end."""
    run = sender.start(*data, trace=TRACED)
    run.accept().until_closed()
    run.scene.until_exit(run.program, "end")
    found = sends(run.calls(), run.listener.port)
    if not found:
        raise Inconclusive("no call was seen that sent anything to the connection")
    return found


def expect_same_sends_unwatched(sender: Sender, message: bytes, *data: str) -> None:
    """With these data, the last of which must wait, it waits in the same call, watched or not."""

    def look(watched: bool) -> list[str]:  # noqa: FBT001 - see expect_same_unwatched
        run, _ = stuck_sending(sender, message, *data, trace=TRACED if watched else ())
        return transfers(run.program)

    expect_same_unwatched(look)


def show_sends(found: Sequence[Send]) -> str:
    """For messages: the calls, as strace shows them."""
    return "\n".join(str(each.call) for each in found)


def expect_refused(sender: Sender, *data: str) -> None:
    """Nobody listens at its port: it says so and fails."""
    listener = sender.scene.listen()
    listener.close()
    sender.start(*data, port=listener.port).expect_trouble("the connection was refused")


def expect_send_error_told(sender: Sender, *data: str, error: str = "ECONNRESET") -> None:
    """The first call that sends fails: it says so and fails."""
    run = sender.start(*data, gate=("connect", *SENDING), held_after="connect")
    run.accept()
    hold = run.program.hold
    with precondition():
        assert hold is not None
        run.watch.until(hold.waiting, what="send anything")
        stopped = hold.waiting()[0]
        assert stopped.socket() in {far.inode for far in run.far_ends()}, "it sends to something else"
    hold.fail(error)  # real: the receiver has reset the connection by then (tcp(7))
    run.scene.until_exit(run.program, "end")
    expect_trouble(run.scene, run.program, f"{stopped.call.name} failed")


def expect_vanishing_told(
    sender: Sender, how: str, message: bytes, *data: str, word: str | None = None
) -> None:
    """The receiver goes while the program, with more data than the buffers hold, is sending: it says so and fails.

    Or it tells how much it sent, on lines with `word` (see `told`).
    """
    run, receiver = stuck_sending(sender, message, *data)
    near, far = receiver.near_end(), receiver.far_end()
    taken = (near.receive_queue if near else 0) + (
        far.send_queue if far else 0
    )  # of its bytes, by the kernel
    if how == "closes":  # FIN, and RST to what still comes: the next send meets EPIPE and SIGPIPE
        receiver.half_close().until_far_end(TcpState.CLOSE_WAIT, "receive the end of file")
    receiver.reset()
    run.scene.until_exit(run.program, "end")
    claims = {len(each.encode()) for each in data} | {sum(len(each.encode()) for each in data)}
    short = [number for number in told(run, word) if taken <= number < len(message)]
    if _killed(run) or claims >= set(short):
        run.expect_trouble("the receiver went away before it had everything")


def expect_all_despite_stop(sender: Sender, message: bytes, *data: str, word: str | None = None) -> None:
    """A send that returns early, with a part of the data sent, is continued from there.

    Or what is missing is no secret: it tells how much it sent, on lines with `word` (see `told`), or that it failed.
    """
    run, receiver = stuck_sending(sender, message, *data)
    interrupt(run.program)
    run.watch.until_still()
    arrived = receiver.receive_until_end()
    run.scene.until_exit(run.program, "end")
    failed = run.program.exit_status() != 0 and run.program.stderr.last_lines().strip()
    if arrived == message:
        run.expect_success()
    elif not message.startswith(arrived):
        offset = first_difference(message, arrived) or 0
        raise SubmissionFault(
            "after a send that returned early, what came is not what was to be sent",
            expected=around(message, offset),
            actual=around(arrived, offset),
        )
    elif _killed(run) or not (failed or len(arrived) in told(run, word)):
        raise SubmissionFault(
            "a send returned early, and the rest of the data was neither sent nor reported as missing",
            expected=f"{len(message):,} bytes, or '{word or 'sent'} {len(arrived)}'",
            actual=f"{len(arrived):,} bytes, and on stdout: {run.program.stdout.last_lines() or 'nothing'}",
        )


def told(run: SenderRun, word: str | None) -> list[int]:
    """How much it may have said that it sent: the sum of its lines with `word`, a line for each call.

    Without a word its output is free, and any number on it may be meant.
    """
    if word is None:
        return all_numbers(run.program.stdout.content)
    counts = run.said(word)
    return [sum(counts)] if all(count >= 0 for count in counts) else []  # -1 is a failure printed unseen


def _killed(run: SenderRun) -> bool:
    return os.WIFSIGNALED(run.program.wait(0) or 0)


def expect_whole(receiver: TcpPeer, message: bytes) -> None:
    """All of `message` comes, then the end of the connection and nothing else."""
    receiver.expect(message, "what was received")
    surplus = receiver.receive_until_end()
    if surplus:
        raise SubmissionFault(
            "more was sent than the data",
            expected=f"{len(message):,} bytes",
            actual=f"{len(message) + len(surplus):,} bytes",
        )


def stuck_sending(
    sender: Sender, message: bytes, *data: str, trace: Sequence[str] = ()
) -> tuple[SenderRun, TcpPeer]:
    """The program waits in a send: its receiver has a small buffer and does not read."""
    run = sender.start(*data, rcvbuf=_BUFFER, trace=trace)
    receiver = run.accept()
    with precondition():
        run.watch.until(
            lambda: run.program.ended() or _fills(receiver), what="send more than the buffers hold"
        )
        run.watch.until_still()
    if run.program.ended():
        expect_whole(receiver, message)
        raise Inconclusive("all the data fitted into the buffers")
    return run, receiver


def _fills(receiver: TcpPeer) -> bool:
    """Our buffer is full, and the program has more to send."""
    near, far = receiver.near_end(), receiver.far_end()
    return near is not None and far is not None and near.receive_queue > 0 and far.send_queue > 0
