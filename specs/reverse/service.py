"""What the checks of servers share: their types, and what a wrong length in a blocked receive tells."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from grader.compare import around, first_difference
from grader.errors import SubmissionFault
from grader.job import Evidence
from grader.peers.listener import Listener
from grader.peers.reverse import ReverseClient, ReverseServer
from grader.program.program import RunningProgram
from grader.stage.scene import Scene
from grader.stage.server import HOST, Server
from specs.shared.common import wrong_lengths

Service = Server[ReverseClient]
Launch = Callable[..., Service]


@contextlib.contextmanager
def length_as_read(server: Service, client: ReverseClient, length: int) -> Iterator[None]:
    """When the block fails, say which length the server seems to have understood instead of `length`."""
    try:
        yield
    except SubmissionFault as fault:
        asked = {task.call.length for task in server.program.blocked_in() if task.call is not None} - {length}
        with contextlib.suppress(SubmissionFault):
            client.until_closed()  # or until it waits for the next request: by then all of its reply has come
        sent = client.received
        for wrong, reason in wrong_lengths(length):
            if wrong not in asked | ({sent} - {0, length}):
                continue
            does = "waits for" if wrong in asked else "replies with"
            fault.about = "byte-order"
            fault.evidence.insert(
                0,
                Evidence("the length", f"the server {does} {wrong:,} bytes instead of {length:,}: {reason}"),
            )
        if length < 4 and fault.expected is None and asked & {4, 4 - length}:
            fault.about = "byte-order"
            fault.evidence.insert(
                0,
                Evidence(
                    "the length",
                    f"the server waits for the next length, as if this one were 0 instead of {length}: "
                    "ntohs, which takes 16 of the 32 bits, gives 0",
                ),
            )
        raise


def next_is_served(server: Service) -> None:
    """The server outlives what was done to it, and serves the next client.

    It comes to rest first: a thread that is about to end the server must not be overtaken by the next client.
    """
    end = server.watch.end_of_server()
    if end is not None:
        raise SubmissionFault(end, expected="only that connection ends, and the server goes on")
    server.connect().exchange(b"next")


class Client:
    """The student's client, to be started against a server of the worker's."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._written = 0

    def start(
        self,
        files: Sequence[bytes],
        *,
        host: str = HOST,
        port: int | None = None,
        rcvbuf: int | None = None,
        more: Sequence[str] = (),
    ) -> ClientRun:
        """Run it on files with these contents; it will find a listener, unless `port` names another."""
        listener = self._scene.listen(rcvbuf=rcvbuf)
        names = []
        for content in files:
            self._written += 1
            names.append(f"file{self._written}")
            self._scene.write_file(names[-1], content)
        paths = [f"/data/{name}" for name in names]
        arguments = (host, str(port or listener.port), *paths, *more)
        traced = self._scene.launch(*arguments, stdout_terminal=False, stdout_keep=128 << 20)
        return ClientRun(self._scene, traced.program, listener, names)


class ClientRun:
    """One run of the client."""

    def __init__(self, scene: Scene, program: RunningProgram, listener: Listener, names: list[str]) -> None:
        self.program = program
        self.listener = listener
        self.watch = scene.watch
        self._scene = scene
        self._names = names

    def accept(self) -> ReverseServer:
        """The server's end of the client's next connection."""
        return self._scene.adopt(self.listener.accept(ReverseServer, self.program.name))

    def until_next_request(self, server: ReverseServer) -> None:
        """Wait until bytes come on this connection, or it ends, or another one is opened."""
        self.watch.until(
            lambda: server.receive_available() or server.closed_by_program or self.listener.waiting(),
            what="send its next request",
        )

    def serve_until_exit(self) -> None:
        """Answer whatever it asks, if anything, until it ends."""
        self.watch.until(lambda: self.listener.waiting() or self.program.ended(), what="connect or end")
        if self.listener.waiting():
            server = self.accept()
            while self._asks(server):
                server.serve(1)
        self.until_exit()

    def until_exit(self) -> None:
        self._scene.until_exit(self.program, "end")

    def file_now(self, number: int) -> bytes | None:
        return self._scene.read_file(self._names[number])

    def expect_success(self, stdout: bytes) -> None:
        """It ends with status 0 and has printed exactly this."""
        self.until_exit()
        actual = self.program.stdout.content
        offset = first_difference(stdout, actual)
        if offset is not None:
            raise SubmissionFault(
                f"stdout is wrong from byte {offset:,} on",
                expected=around(stdout, offset),
                actual=around(actual, offset),
            )
        if self.program.exit_status() != 0:
            raise SubmissionFault(
                "everything went well, but the exit status is not 0",
                expected="exit status 0",
                actual=self.program.describe_end(),
            )

    def expect_trouble(self, what: str) -> None:
        """It ends with another status than 0 and has said why on stderr."""
        self.until_exit()
        if self.program.exit_status() == 0:
            raise SubmissionFault(f"the exit status is 0 although {what}", expected="a status other than 0")
        if not self.program.stderr.last_lines().strip():
            raise SubmissionFault(
                f"nothing was printed on stderr although {what}",
                expected="a line that names the operation that failed (perror)",
                actual=self.program.describe_end(),
            )

    def _asks(self, server: ReverseServer) -> bool:
        self.watch.until(
            lambda: server.receive_available() or server.closed_by_program, what="send a request or close"
        )
        return server.receive_available() > 0
