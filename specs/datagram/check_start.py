"""Building, starting, and refusing to start."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.peers.udp import UdpPeer
from grader.spec import check
from grader.stage.scene import Scene
from specs.datagram.ends import LaunchReceiver, expect_read
from specs.shared.common import expect_any_address, expect_build, expect_trouble, expect_usage

WRONG_ARGUMENTS = {
    "receptor_dgram": {"no-argument": (), "one-too-few": ("20000",), "one-too-many": ("20000", "100", "100")},
    "emisor_dgram": {
        "no-argument": (),
        "one-too-few": ("127.0.0.1", "20000"),
        "one-too-many": ("127.0.0.1", "20000", "100", "100"),
    },
}


@check("datagram.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    expect_build(built, program_name)


@check("datagram.usage")
@pytest.mark.parametrize("wrong", ["no-argument", "one-too-few", "one-too-many"])
def check_usage(scene: Scene, program_name: str, wrong: str) -> None:
    """With a wrong number of arguments the program prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    expect_usage(scene, WRONG_ARGUMENTS[program_name][wrong])


@check("datagram.binds")
def check_binds(launch: LaunchReceiver) -> None:
    """The receiver binds a datagram socket to the port that is its first argument."""
    server = launch(100)
    assert server.sockets.udp(server.port)


@check("datagram.any-address")
@pytest.mark.usefixtures("wire")
def check_any_address(launch: LaunchReceiver, peer: UdpPeer) -> None:
    """The receiver receives on every local address (INADDR_ANY)."""
    server = launch(100)
    expect_any_address(server)
    peer.send(b"hola", server.port, host="127.0.0.2")
    expect_read(server, 4)


@check("datagram.port-taken")
def check_port_taken(scene: Scene, peer: UdpPeer) -> None:
    """When its port is in use the receiver says so on stderr and exits with a status other than 0."""
    expect_trouble(scene, scene.launch(str(peer.port), "100").program, "its port is in use")
