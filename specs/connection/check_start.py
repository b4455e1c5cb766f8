"""Building, starting, and refusing to start."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.spec import check
from grader.stage.scene import Scene
from specs.connection.clients import accepted
from specs.shared.common import (
    LaunchReceiver,
    Receiver,
    expect_any_address,
    expect_build,
    expect_port_taken,
    expect_restart,
    expect_usage,
)

WRONG_ARGUMENTS = {
    "acepta": {"no-argument": (), "one-too-few": ("20000",), "one-too-many": ("20000", "5", "5")},
    "conecta": {
        "no-argument": (),
        "one-too-few": ("127.0.0.1",),
        "one-too-many": ("127.0.0.1", "20000", "20001"),
    },
}


@check("connection.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    expect_build(built, program_name)


@check("connection.usage")
@pytest.mark.parametrize("wrong", ["no-argument", "one-too-few", "one-too-many"])
def check_usage(scene: Scene, program_name: str, wrong: str) -> None:
    """With a wrong number of arguments the program prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    expect_usage(scene, WRONG_ARGUMENTS[program_name][wrong])


@check("connection.listens")
def check_listens(server: Receiver) -> None:
    """The server listens on the port that is its first argument."""
    assert server.sockets.listening(server.port)


@check("connection.any-address")
@pytest.mark.usefixtures("wire")
def check_any_address(server: Receiver) -> None:
    """The server accepts connections on every local address (INADDR_ANY)."""
    expect_any_address(server)
    accepted(server, host="127.0.0.2")


@check("connection.port-taken")
def check_port_taken(scene: Scene) -> None:
    """When its port is in use the server says so on stderr and exits with a status other than 0."""
    expect_port_taken(scene, "5")


@check("connection.restart")
@pytest.mark.usefixtures("wire")
def check_restart(launch: LaunchReceiver) -> None:
    """A server that was killed with a connection open can be started again at once on the same port."""
    accepted(expect_restart(launch))
