"""Building, starting, and refusing to start."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.spec import check
from grader.stage.scene import Scene
from specs.shared.common import (
    LaunchReceiver,
    expect_any_address,
    expect_build,
    expect_port_taken,
    expect_restart,
    expect_usage,
)
from specs.shared.receiving import Receiving

WRONG_ARGUMENTS = {"no-argument": (), "one-too-few": ("20000",), "one-too-many": ("20000", "10", "10")}


@check("exact.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    expect_build(built, program_name)


@check("exact.usage")
@pytest.mark.parametrize("wrong", ["no-argument", "one-too-few", "one-too-many"])
def check_usage(scene: Scene, wrong: str) -> None:
    """With a wrong number of arguments the program prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    expect_usage(scene, WRONG_ARGUMENTS[wrong])


@check("exact.listens")
def check_listens(receiver: Receiving) -> None:
    """The receiver listens on the port that is its first argument."""
    assert receiver.server.sockets.listening(receiver.server.port)


@check("exact.any-address")
@pytest.mark.usefixtures("wire")
def check_any_address(receiver: Receiving) -> None:
    """The receiver accepts connections on every local address (INADDR_ANY)."""
    expect_any_address(receiver.server)
    receiver.transfer(b"hola", host="127.0.0.2")


@check("exact.port-taken")
def check_port_taken(scene: Scene) -> None:
    """When its port is in use the receiver says so on stderr and exits with a status other than 0."""
    expect_port_taken(scene, "100")


@check("exact.restart")
@pytest.mark.usefixtures("wire")
def check_restart(start: LaunchReceiver) -> None:
    """A receiver that was killed with a connection open can be started again at once on the same port."""
    Receiving(expect_restart(start, "100"), 100, exact=True).transfer(b"hola")
