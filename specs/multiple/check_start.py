"""Building, starting, connecting, and saying so when that fails."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.errors import SubmissionFault
from grader.spec import check
from grader.stage.scene import Scene
from grader.wire.capture import Capture
from specs.shared.common import Sender, expect_build, expect_usage
from specs.shared.sending import expect_refused

WRONG_ARGUMENTS = {
    "no-argument": (),
    "one-datum": ("127.0.0.1", "20000", "hola"),
    "three-data": ("127.0.0.1", "20000", "hola", "mundo", "adios"),
}


@check("multiple.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    expect_build(built, program_name)


@check("multiple.usage")
@pytest.mark.parametrize("wrong", WRONG_ARGUMENTS)
def check_usage(scene: Scene, wrong: str) -> None:
    """With a wrong number of arguments the program prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    expect_usage(scene, WRONG_ARGUMENTS[wrong])


@check("multiple.connects")
def check_connects(sender: Sender, wire: Capture) -> None:
    """The program connects to its HOST at its PORT, once."""
    run = sender.start("hola", "mundo")
    port = run.listener.port
    swapped = int.from_bytes(port.to_bytes(2, "big"), "little")
    try:
        run.accept().until_closed()
    except SubmissionFault as fault:
        if wire.connections(swapped):
            fault.expected = f"a connection to port {port}"
            fault.actual = (
                f"a connection to port {swapped}: the two bytes of {port} swapped (htons is missing)"
            )
        raise
    run.scene.until_exit(run.program, "end")
    made = len(wire.connections(port))
    if made > 1:
        raise SubmissionFault("more than one connection was made", expected="1 connection", actual=f"{made}")


@check("multiple.host-name")
def check_host_name(sender: Sender) -> None:
    """The host may be given by its name."""
    sender.start("hola", "mundo", host="localhost").accept().until_closed()


@check("multiple.refused")
def check_refused(sender: Sender) -> None:
    """When the connection is refused the program says so on stderr and exits with a status other than 0."""
    expect_refused(sender, "hola", "mundo")


@check("multiple.unknown-host")
def check_unknown_host(sender: Sender) -> None:
    """When the host does not exist the program says so on stderr and exits with a status other than 0."""
    sender.start("hola", "mundo", host="no-such-host.invalid").expect_trouble("the host does not exist")
