"""Building, starting and refusing to start."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.observe.sockets import TcpState
from grader.spec import check, precondition
from grader.stage.scene import Scene
from specs.shared.common import (
    expect_any_address,
    expect_build,
    expect_port_taken,
    expect_restart,
    expect_usage,
    start_again,
)
from specs.web.service import PAGE, Launch, Site, Web, ask, expect_page

WRONG_ARGUMENTS = {"no-argument": (), "one-too-many": ("20000", "20001")}


@check("web.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    expect_build(built, program_name)


@check("web.usage")
@pytest.mark.parametrize("wrong", WRONG_ARGUMENTS)
def check_usage(scene: Scene, wrong: str) -> None:
    """With a wrong number of arguments the server prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    expect_usage(scene, WRONG_ARGUMENTS[wrong])


@check("web.listens")
def check_listens(server: Web) -> None:
    """The server listens on the port that is its argument."""
    assert server.sockets.listening(server.port)


@check("web.any-address")
def check_any_address(site: Site, server: Web) -> None:
    """The server accepts connections on every local address (INADDR_ANY)."""
    expect_any_address(server)
    expect_page(server.connect(host="127.0.0.2").request(site.page), PAGE)


@check("web.port-taken")
def check_port_taken(scene: Scene) -> None:
    """When its port is in use the server says so on stderr and exits with a status other than 0."""
    expect_port_taken(scene)


@check("web.restart")
@pytest.mark.parametrize("when", ["after-a-reply", "with-a-client"])
def check_restart(site: Site, launch: Launch, when: str) -> None:
    """A server that was killed can be started again at once on the same port, while connections of the first one are still in TIME_WAIT."""
    if when == "with-a-client":
        second = expect_restart(launch)
    else:
        first = launch()
        expect_page(ask(first, site.page), PAGE)
        with precondition():
            first.watch.until(
                lambda: any(
                    entry.state == TcpState.TIME_WAIT for entry in first.sockets.tcp(port=first.port)
                ),
                what="leave its side of the connection in TIME_WAIT",
            )
        first.kill()
        second = start_again(launch, first)
    expect_page(ask(second, site.page), PAGE)


@check("web.next-client")
@pytest.mark.usefixtures("wire")
def check_next_client(site: Site, server: Web) -> None:
    """When a client has got its reply, the next one is served."""
    for _ in range(3):
        expect_page(ask(server, site.page), PAGE)
        server.watch.until_still()  # what ends with a client has ended
