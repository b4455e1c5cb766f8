"""conecta: one connection, made and closed, or a clear word about why not."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.observe.overflow import dropped_syns
from grader.peers.attempt import Attempt
from grader.spec import check, precondition
from grader.stage.scene import Scene
from grader.wire.capture import Capture
from specs.connection.clients import connections
from specs.shared.common import Sender, SenderRun, expect_success, expect_trouble


@check("connection.client-connects")
def check_client_connects(client: Sender, wire: Capture) -> None:
    """The client makes exactly one connection, to HOST and PORT."""
    found = connections(wire, client.start())
    if len(found) != 1:
        raise SubmissionFault(
            "it connected more than once", expected="one connection", actual=f"{len(found)} connections"
        )


@check("connection.client-address")
@pytest.mark.parametrize("host", ["127.0.0.3", "localhost"], ids=["address", "name"])
def check_client_address(scene: Scene, wire: Capture, host: str) -> None:
    """HOST may be an address or a name, and is the one that the client connects to."""
    listener = scene.listen(host="127.0.0.1" if host == "localhost" else host)
    run = scene.launch(host, str(listener.port))
    connections(wire, SenderRun(scene, run, listener))


@check("connection.client-closes")
def check_client_closes(client: Sender, wire: Capture) -> None:
    """The client sends no data, and ends its connection in order (FIN)."""
    for found in connections(wire, client.start()):
        if data := found.stream(found.client):
            raise SubmissionFault("it sent data", expected="no data", actual=f"{len(data)} bytes")
        if (end := found.ended_by(found.client)) != "FIN":
            raise SubmissionFault(
                "the connection did not end in order", expected="FIN", actual=end or "nothing"
            )


@check("connection.client-succeeds")
@pytest.mark.usefixtures("wire")
def check_client_succeeds(client: Sender) -> None:
    """When everything went well the client exits with status 0."""
    run = client.start()
    run.accept()
    run.expect_success()


@check("connection.client-before-accept")
@pytest.mark.usefixtures("wire")
def check_client_before_accept(client: Sender) -> None:
    """The client ends well although the server has not called accept: to listen is enough."""
    run = client.start()
    run.expect_success()
    run.accept()


@check("connection.client-waits-for-room")
@pytest.mark.usefixtures("wire")
def check_client_waits_for_room(scene: Scene) -> None:
    """While the server's queue is full the client waits in connect, and it ends well once the server accepts."""
    listener = scene.listen(backlog=0)  # one connection waits, the next is held
    with precondition():
        assert scene.keep(Attempt(scene.watch, (listener.host, listener.port))).is_let_in()
    before = dropped_syns()
    run = SenderRun(scene, scene.launch(listener.host, str(listener.port)), listener)
    scene.watch.until(
        lambda: dropped_syns() > before or run.program.ended(),
        what="connect while the server's queue is full",
    )
    if run.program.ended():
        raise SubmissionFault(
            "it did not wait until the connection was made",
            expected="it waits in connect while the server's queue is full",
            actual=run.program.describe_end(),
        )
    run.accept()
    run.accept()
    expect_success(scene, run.program)


@check("connection.client-refused")
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("why", ["nobody-there", "before-listen"])
def check_client_refused(scene: Scene, why: str) -> None:
    """When the connection is refused, because nobody is there or has not called listen yet, the client says so on stderr and exits with a status other than 0."""
    bound = scene.listen(backlog=None)
    if why == "nobody-there":
        bound.close()
    run = scene.launch(bound.host, str(bound.port))
    expect_trouble(scene, run.program, "the connection was refused")


@check("connection.client-unknown-host")
def check_client_unknown_host(client: Sender) -> None:
    """When the host does not exist the client says so on stderr and exits with a status other than 0."""
    client.start(host="no-such-host.invalid").expect_trouble("the host does not exist")
