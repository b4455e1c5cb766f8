"""Building, starting, and refusing to start."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.spec import check
from grader.stage.scene import Scene
from specs.framing.messages import exchange, message, until_printed
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
    "envio_tam_variable_writev": {
        "no-argument": (),
        "one-too-few": ("127.0.0.1", "20000", "hola"),
        "one-too-many": ("127.0.0.1", "20000", "hola", "mundo", "adios"),
    },
    "receptor_tam_variable": {"no-argument": (), "one-too-many": ("20000", "20001")},
}


@check("framing.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    expect_build(built, program_name)


@check("framing.usage")
@pytest.mark.parametrize("wrong", ["no-argument", "one-too-few", "one-too-many"])
def check_usage(scene: Scene, program_name: str, wrong: str) -> None:
    """With a wrong number of arguments the program prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    arguments = WRONG_ARGUMENTS[program_name].get(wrong)
    if arguments is not None:  # else this way of being wrong does not exist for this program
        expect_usage(scene, arguments)


@check("framing.listens")
def check_listens(server: Receiver) -> None:
    """The receiver listens on the port that is its argument."""
    assert server.sockets.listening(server.port)


@check("framing.any-address")
def check_any_address(server: Receiver) -> None:
    """The receiver accepts connections on every local address (INADDR_ANY)."""
    expect_any_address(server)
    server.connect(host="127.0.0.2").send(message("hola", "mundo")).close()
    until_printed(server, "hola", "mundo")


@check("framing.port-taken")
def check_port_taken(scene: Scene) -> None:
    """When its port is in use the receiver says so on stderr and exits with a status other than 0."""
    expect_port_taken(scene)


@check("framing.restart")
def check_restart(launch: LaunchReceiver) -> None:
    """A receiver that was killed with a connection open can be started again at once on the same port."""
    exchange(expect_restart(launch), "hola", "mundo")
