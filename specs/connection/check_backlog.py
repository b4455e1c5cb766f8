"""What listen's argument does: connections wait in a queue, and accept takes them out."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.spec import check
from grader.stage.scene import Scene
from specs.connection.clients import attempt, next_is_accepted
from specs.shared.common import LaunchReceiver


@check("connection.backlog")
@pytest.mark.parametrize("backlog", [0, 1, 2, 7, 100])
def check_backlog(launch: LaunchReceiver, backlog: int) -> None:
    """The server calls listen with the number that is its second argument."""
    server = launch(backlog)
    entries = server.sockets.listening(server.port)
    actual = {entry.send_queue for entry in entries}  # of a listening socket this is its backlog
    if actual != {backlog}:
        raise SubmissionFault(
            "listen did not get the argument",
            expected=f"listen(s, {backlog})",
            actual=", ".join(f"listen(s, {each})" for each in sorted(actual)),
        )


@check("connection.connect-before-accept")
@pytest.mark.usefixtures("wire")
def check_connect_before_accept(scene: Scene, launch: LaunchReceiver) -> None:
    """While the server does not call accept clients connect nevertheless, BACKLOG + 1 of them, and are accepted later."""
    server = launch(2, held=True)
    for number in (1, 2, 3):
        if not attempt(scene, server).is_let_in():
            raise SubmissionFault(
                f"client {number} is not let in while the server does not call accept",
                expected="with listen(s, 2) three clients connect without accept",
                actual="its SYN is dropped: the accept queue is full",
            )
    server.release()
    server.until_accept_queue_below(1)
    next_is_accepted(server)


@check("connection.one-more-waits")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("backlog", [0, 1, 2])
def check_one_more_waits(scene: Scene, launch: LaunchReceiver, backlog: int) -> None:
    """The client after those BACKLOG + 1 waits in its connect until the server has accepted, and then completes."""
    server = launch(backlog, held=True)
    let_in = 0
    while let_in <= backlog and attempt(scene, server).is_let_in():
        let_in += 1
    held = attempt(scene, server)
    if held.is_let_in():
        raise SubmissionFault(
            f"with backlog {backlog} more than {backlog + 1} clients connect while the server does not call accept",
            expected=f"client {backlog + 2} waits: listen(s, {backlog}) lets {backlog + 1} in",
            actual=f"client {backlog + 2} is connected",
        )
    server.release()
    if backlog == 2:  # as on the slides; a second goes by until its SYN is repeated
        held.until_connected()
    next_is_accepted(server)
