"""Building, starting and refusing to start."""

from __future__ import annotations

import pytest

from grader.build import Built
from grader.errors import SubmissionFault
from grader.observe.sockets import TcpState
from grader.spec import check, precondition
from grader.stage.scene import Scene
from specs.reverse.service import Launch, Service

WRONG_ARGUMENTS = {
    "srv": {"no-argument": (), "one-too-many": ("20000", "20001")},
    "cln": {"no-argument": (), "host-alone": ("127.0.0.1",)},
}


@check("reverse.builds")
def check_builds(built: Built, program_name: str) -> None:
    """The program is built from its source without errors, by make or by gcc alone."""
    if program_name in built.failed:
        raise SubmissionFault(f"{program_name} does not build", actual=built.failed[program_name])


@check("reverse.usage")
@pytest.mark.parametrize("wrong", ["no-argument", "one-too-many", "host-alone"])
def check_usage(scene: Scene, program_name: str, wrong: str) -> None:
    """With a wrong number of arguments the program prints a usage line on stderr, opens no socket, and its exit status is not 0."""
    arguments = WRONG_ARGUMENTS[program_name[:3]].get(wrong)
    if arguments is None:
        return  # this way of being wrong does not exist for this program
    run = scene.launch(*arguments, trace=["socket"])
    scene.until_exit(run.program, "end")
    assert run.program.exit_status() != 0, "the exit status is 0"
    assert not run.calls(), "a socket was opened"
    words = run.program.stderr.last_lines()
    assert words.strip(), "nothing was printed on stderr"
    assert "Traceback" not in words, "an uncaught exception is no usage line"


@check("reverse.listens")
def check_listens(server: Service) -> None:
    """The server listens on the port that is its argument."""
    assert server.sockets.listening(server.port)


@check("reverse.any-address")
def check_any_address(server: Service) -> None:
    """The server accepts connections on every local address (INADDR_ANY)."""
    bound = {entry.local[0] for entry in server.sockets.listening(server.port)}
    if not bound & {"0.0.0.0", "::"}:  # noqa: S104 - what the contract asks for
        raise SubmissionFault(
            "the server is bound to one address only",
            expected="0.0.0.0, every local address",
            actual=", ".join(sorted(bound)),
        )
    server.connect(host="127.0.0.2")


@check("reverse.port-taken")
def check_port_taken(scene: Scene) -> None:
    """When its port is in use the server says so on stderr and exits with a status other than 0."""
    listener = scene.listen()
    run = scene.launch(str(listener.port))
    scene.until_exit(run.program, "end although its port is in use")
    assert run.program.exit_status() != 0, "the exit status is 0 although the port is in use"
    assert run.program.stderr.last_lines().strip(), "nothing was printed on stderr"


@check("reverse.restart")
def check_restart(launch: Launch) -> None:
    """A server that was killed with a connection open can be started again at once on the same port."""
    first = launch()
    client = first.connect().exchange(b"hola")
    first.kill()
    client.until_closed().close()
    with precondition():
        first.watch.until(
            lambda: any(e.state == TcpState.TIME_WAIT for e in first.sockets.tcp(port=first.port)),
            what="leave its side of the connection in TIME_WAIT",
        )
    launch(port=first.port).connect()
