"""What the checks of several practicals share: building, usage, trouble, and programs that send or receive."""

from __future__ import annotations

import functools
import random
import string
import struct
from collections.abc import Callable, Sequence
from typing import TypeVar

from grader.build import Built
from grader.errors import NotServingError, SubmissionFault
from grader.observe.calls import Call
from grader.observe.sockets import SocketEntry, TcpState
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.program.lines import numbers
from grader.program.program import RunningProgram
from grader.program.traced import Traced
from grader.spec import precondition
from grader.stage.scene import Scene
from grader.stage.server import HOST, DatagramServer, Server
from grader.watch.watch import Watch

P = TypeVar("P", bound=TcpPeer)

Receiver = Server[TcpPeer]  #: a program that listens, accepts and reads
LaunchReceiver = Callable[..., Receiver]

PASSING = (
    "ENFILE"  #: why accept may fail for a while: what is open on the machine fills its table (accept(2))
)

#: With which a program lets time pass.
PAUSES = ("nanosleep", "clock_nanosleep", "select", "pselect6", "poll", "ppoll")


def is_pause(call: Call) -> bool:
    """One of `PAUSES` that waits for nothing but time: a sleep, or the old trick of waiting for no descriptor at all."""
    if call.name.endswith("nanosleep"):
        return True
    return call.args[0] == 0 and ("select" in call.name or call.args[1] == 0)


_LETTERS = bytes(ord(string.ascii_letters[byte % len(string.ascii_letters)]) for byte in range(256))


@functools.lru_cache(maxsize=8)
def letters(length: int, seed: int = 0) -> str:
    """`length` letters without period, the same in every run: data for arguments and lines of text."""
    return random.Random(seed).randbytes(length).translate(_LETTERS).decode()  # noqa: S311 - test data


def wrong_lengths(length: int) -> list[tuple[int, str]]:
    """What a program waits for that misread this 4-byte length, and the mistake that makes it so."""
    (swapped,) = struct.unpack("<I", struct.pack(">I", length))
    return [
        (swapped, "its four bytes were taken in the machine's order; ntohl is missing"),
        ((swapped & 0xFFFF_FFFF) | 0xFFFF_FFFF_0000_0000, "ntohl is missing, and the number became negative"),
        (length & 0xFFFF, "only 16 bits were used; ntohs or a short where ntohl and 32 bits are needed"),
        (length >> 16, "only 16 bits were used; ntohs or a short where ntohl and 32 bits are needed"),
    ]


# Every program


def expect_build(built: Built, program: str) -> None:
    """The program came out of the build."""
    if program in built.failed:
        raise SubmissionFault(f"{program} does not build", actual=built.failed[program])


def expect_usage(scene: Scene, arguments: Sequence[str]) -> None:
    """With these arguments, too few or too many, it prints a usage line, opens no socket and fails."""
    run = scene.launch(*arguments, trace=["socket"])
    scene.until_exit(run.program, "end")
    assert run.program.exit_status() != 0, "the exit status is 0"
    assert not run.calls(), "a socket was opened"
    words = run.program.stderr.last_lines()
    assert words.strip(), "nothing was printed on stderr"
    assert "Traceback" not in words, "an uncaught exception is no usage line"


def expect_trouble(scene: Scene, program: RunningProgram, what: str) -> None:
    """It ends by itself, says something on stderr, and its exit status is not 0, because `what`."""
    scene.until_exit(program, f"end although {what}")
    if program.exit_status() == 0:
        raise SubmissionFault(f"the exit status is 0 although {what}", expected="a status other than 0")
    if not program.stderr.last_lines().strip():
        raise SubmissionFault(
            f"nothing was printed on stderr although {what}",
            expected="a line that names the operation that failed (perror)",
            actual=program.describe_end(),
        )


def expect_success(scene: Scene, program: RunningProgram) -> None:
    """It ends by itself with exit status 0."""
    scene.until_exit(program, "end")
    if program.exit_status() != 0:
        raise SubmissionFault(
            "everything went well, but the exit status is not 0",
            expected="exit status 0",
            actual=program.describe_end(),
        )


# Programs that listen


def expect_port_taken(scene: Scene, *more: str) -> None:
    """With a port that is in use (and `more` arguments) it says so and fails."""
    listener = scene.listen()
    run = scene.launch(str(listener.port), *more)
    expect_trouble(scene, run.program, "its port is in use")


def expect_any_address(server: Server[P] | DatagramServer) -> None:
    """It is bound to every local address."""
    datagrams = isinstance(server, DatagramServer)
    entries = server.sockets.udp(server.port) if datagrams else server.sockets.listening(server.port)
    bound = {entry.local[0] for entry in entries}
    if not bound & {"0.0.0.0", "::"}:  # noqa: S104 - what the contract asks for
        raise SubmissionFault(
            "it is bound to one address only",
            expected="0.0.0.0, every local address",
            actual=", ".join(sorted(bound)),
        )


def expect_restart(launch: Callable[..., Server[P]], *more: str) -> Server[P]:
    """Killed with a connection open, it can be started again at once on the same port; the second one."""
    first = launch(*more)
    client = first.connect()
    first.watch.until_still()
    first.kill()
    if client.until_closed().was_reset:  # by the kernel: it stood in the accept queue
        raise SubmissionFault(
            "the server had not accepted the client that was there when it was killed",
            expected="an accepted connection, which the kernel ends with FIN and keeps in TIME_WAIT",
        )
    client.close()
    with precondition():
        first.watch.until(
            lambda: any(e.state == TcpState.TIME_WAIT for e in first.sockets.tcp(port=first.port)),
            what="leave its side of the connection in TIME_WAIT",
        )
    return start_again(launch, first, *more)


def start_again(launch: Callable[..., Server[P]], first: Server[P], *more: str) -> Server[P]:
    """A second server on the port of the first one, which was killed."""
    try:
        return launch(*more, port=first.port)
    except NotServingError as fault:  # only here: no other check will see it
        raise SubmissionFault(
            f"started again on the same port: {fault}",
            expected="bind works although connections of the first one are in TIME_WAIT (SO_REUSEADDR)",
            actual=fault.actual,
        ) from fault


def said(program: RunningProgram, word: str) -> list[int]:
    """The numbers that it has printed so far on lines with this word."""
    return numbers(program.stdout.content, word)


def until_said(watch: Watch, program: RunningProgram, word: str, count: int) -> list[int]:
    """Wait until it has printed `count` lines with this word and a number; their numbers."""
    watch.until(
        lambda: len(said(program, word)) >= count,
        what=f"print {count} line{'s' if count != 1 else ''} '{word} N' on stdout",
    )
    return said(program, word)


# Programs that connect


class Sender:
    """The student's client, to be started against a listener of ours."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def start(
        self,
        *arguments: str,
        host: str = HOST,
        port: int | None = None,
        rcvbuf: int | None = None,
        **options: object,
    ) -> SenderRun:
        """Run it with HOST, PORT and these arguments; it will find a listener, unless `port` names another.

        Options: those of `Scene.launch`.
        """
        listener = self.scene.listen(rcvbuf=rcvbuf)
        where = host, str(port or listener.port)
        traced = self.scene.launch(*where, *arguments, **options)  # type: ignore[arg-type]  # the options are launch's own
        return SenderRun(self.scene, traced, listener)


class SenderRun:
    """One run of a client."""

    def __init__(self, scene: Scene, traced: Traced, listener: Listener) -> None:
        self.scene = scene
        self.program = traced.program
        self.calls = traced.calls
        self.listener = listener
        self.watch = scene.watch

    def accept(self) -> TcpPeer:
        """Our end of its next connection."""
        return self.scene.adopt(self.listener.accept(TcpPeer, self.program.name))

    def far_ends(self) -> list[SocketEntry]:
        """The program's sockets that are connected to our listener."""
        return [entry for entry in self.scene.sockets.tcp() if entry.remote[1] == self.listener.port]

    def expect_success(self) -> None:
        """It ends by itself with exit status 0."""
        expect_success(self.scene, self.program)

    def expect_trouble(self, what: str) -> None:
        """It ends by itself, says something on stderr, and its exit status is not 0, because `what`."""
        expect_trouble(self.scene, self.program, what)

    def said(self, word: str) -> list[int]:
        """The numbers that it has printed so far on lines with this word."""
        return said(self.program, word)
