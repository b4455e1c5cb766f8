"""A sender whose receiver does not read: it waits in its send."""

from __future__ import annotations

from grader.errors import SubmissionFault
from grader.observe.sockets import TcpState
from grader.peers.tcp import TcpPeer
from grader.spec import precondition
from specs.shared.common import SenderRun

LARGE = 50_000_000  #: bytes, the slides' size: more than all buffers of both ends hold
OVERFULL = 8_000_000  #: bytes: as much as that takes, where the receiver's buffer is small


def until_blocked(run: SenderRun, receiver: TcpPeer) -> None:
    """The program waits in a send: its receiver does not read, and the buffers of both ends are full."""

    def full() -> bool:
        near, far = receiver.near_end(), receiver.far_end()
        return near is not None and far is not None and near.receive_queue > 0 and far.send_queue > 0

    def closed() -> bool:
        near = receiver.near_end()
        return near is not None and near.state == TcpState.CLOSE_WAIT

    with precondition():
        run.watch.until(
            lambda: run.program.ended() or closed() or full(), what="send more than the buffers hold"
        )
        run.watch.until_still()
    if run.program.ended() or closed():
        raise SubmissionFault(
            "the send did not wait for the receiver, who has not read anything yet",
            expected="it is blocked in send until the receiver reads",
            actual=f"{run.program.describe_end()}; stdout: {run.program.stdout.last_lines(2) or 'nothing'}",
        )
