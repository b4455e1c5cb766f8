"""Three ways to wait for SIZE bytes, by the evidence of the system calls."""

from __future__ import annotations

from grader.errors import Inconclusive, SubmissionFault
from grader.observe.receives import TRACED, Receive, receives
from grader.spec import check
from grader.stage.scene import Scene
from specs.shared.receiving import LaunchReceiving, Receiving, filler
from specs.shared.unwatched import expect_same_unwatched, transfers

SOCKET_CALLS = {"recvfrom", "recvmsg", "recvmmsg"}


@check("exact.loop")
def check_loop(launch: LaunchReceiving) -> None:
    """`receptor_completo_readn` calls read or recv in a loop, each time for what its piece still lacks, without MSG_WAITALL."""
    receiver = launch(trace=TRACED)
    missing = receiver.size
    calls = _traced(receiver)
    for each in calls:
        if each.wait_all or each.asked > missing:
            raise _wrong(
                calls, f"a loop of recv(s, buf + n, {receiver.size} - n, 0), where n is what has come so far"
            )
        missing -= each.got
        if missing == 0 or each.at_end:  # the piece is complete, or as complete as it will be
            missing = receiver.size
    _expect_same_unwatched(launch)


@check("exact.waitall")
def check_waitall(launch: LaunchReceiving) -> None:
    """`receptor_completo_waitall` receives with the flag MSG_WAITALL in every recv, and asks for all of its piece."""
    receiver = launch(trace=TRACED)
    calls = _traced(receiver)
    if not all(each.wait_all for each in calls) or max(each.asked for each in calls) < receiver.size:
        raise _wrong(calls, f"recv(s, buf, {receiver.size}, MSG_WAITALL)")
    _expect_same_unwatched(launch)


@check("exact.buffered")
def check_buffered(scene: Scene, launch: LaunchReceiving) -> None:
    """`receptor_completo_fread` leaves receiving to the language's buffered input (fdopen and fread, or makefile): the calls ask for the library's blocks, not for SIZE bytes."""
    receiver = launch(trace=TRACED)
    calls = _traced(receiver)
    # C's library reads descriptors, and knows nothing of recv; Python's file of a socket does use recv.
    native = "python" not in scene.built.commands[scene.program][0]
    foreign = native and any(each.call.name in SOCKET_CALLS for each in calls)
    if foreign or any(each.wait_all for each in calls) or max(each.asked for each in calls) <= receiver.size:
        raise _wrong(
            calls,
            f'fread(buf, 1, {receiver.size}, fdopen(s, "r")), which becomes read(s, ..., 4096) or another block',
        )
    _expect_same_unwatched(launch)


def _traced(receiver: Receiving) -> list[Receive]:
    """The calls with which it receives two pieces and a half, the first of them in three parts."""
    mark = receiver.mark()
    peer = receiver.server.connect()
    for length in (30, 30, 40, 150):
        peer.send(filler(length)).until_consumed()
    peer.close()
    receiver.account(mark, 250)
    found = receives(receiver.server.calls())
    if not found:
        raise Inconclusive("no call was seen that received from the connection")
    return found


def _expect_same_unwatched(launch: LaunchReceiving) -> None:
    """It waits for what its first piece lacks in the same call, watched or not."""

    def look(watched: bool) -> list[str]:  # noqa: FBT001 - see expect_same_unwatched
        receiver = launch(trace=TRACED if watched else ())
        receiver.rests_with(filler(30))
        found = transfers(receiver.program)
        receiver.server.kill()
        return found

    expect_same_unwatched(look)


def _wrong(calls: list[Receive], expected: str) -> SubmissionFault:
    return SubmissionFault(
        "the pieces were received in another way than the program's name says",
        expected=expected,
        actual="\n".join(str(each.call) for each in calls[:6]),
    )
