"""What the checks of web servers share: the site that is served, right replies, and the next client."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.compare import around, first_difference, show_bytes
from grader.errors import SubmissionFault
from grader.observe.sockets import TcpState
from grader.peers.http import HttpClient, Response
from grader.peers.reverse import pattern
from grader.spec import precondition
from grader.stage.origin import about
from grader.stage.scene import Scene
from grader.stage.server import Server
from grader.stage.sparse import forget_zeros

Web = Server[HttpClient]
Launch = Callable[..., Web]

PAGE = b"<!DOCTYPE html>\n<title>hola</title>\n<p>hola mundo</p>\n"
REFUSED_METHOD = {405, 501}


class Site:
    """Files in the directory where the server runs, each named by the path that asks for it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._top = scene.room.data
        self.page = self.file("/page.html", PAGE)  #: a small page that is always there

    def file(self, path: str, content: bytes) -> str:
        """A file with this content; its path again."""
        parent = Path(path).parent
        if parent != Path("/"):
            (self._top / parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
        self._scene.write_file(path.lstrip("/"), content)
        return path

    def large(self, path: str, size: int) -> tuple[str, bytes]:
        """A file of `size` bytes that repeat nowhere; its path and its content."""
        content = pattern(size)
        return self.file(path, content), content

    def sparse(self, path: str, size: int, end: bytes = b"") -> str:
        """A file of `size` bytes, all of them zeros that take no room on the disk, but for these at its end."""
        self.file(path, b"")
        with self._open(path) as file:
            file.truncate(size)
            file.seek(size - len(end))
            file.write(end)
        return path

    def unreadable(self, path: str) -> str:
        """A file that nobody may open (chmod 000)."""
        self.file(path, b"secret\n")
        (self._top / path.lstrip("/")).chmod(0)
        return path

    def cut(self, path: str, size: int) -> None:
        """Make a file shorter (truncate(2))."""
        with self._open(path) as file:
            file.truncate(size)

    def append(self, path: str, more: bytes) -> None:
        """Make a file longer."""
        with self._open(path) as file:
            file.seek(0, os.SEEK_END)
            file.write(more)

    def forget_zeros(self, path: str, size: int) -> None:
        """Give back the room that the first `size` bytes, all zeros, take."""
        forget_zeros(self._top / path.lstrip("/"), size)

    @contextlib.contextmanager
    def _open(self, path: str) -> Iterator[io.BufferedRandom]:
        place = self._top / path.lstrip("/")
        with about(place), place.open("r+b") as file:
            yield file


# Replies


def expect_page(client: HttpClient, content: bytes) -> Response:
    """The reply is 200 and its body exactly `content`; our side is closed then."""
    response = client.response()
    client.close()  # the server may be waiting for it
    expect_ok(response)
    expect_body(response.body, content)
    return response


def expect_ok(response: Response) -> None:
    """Status 200."""
    if response.status != 200:
        raise SubmissionFault(
            f"the reply's status is {response.status}", expected="200", actual=repr(response.header[:200])
        )


def expect_length(response: Response, length: int) -> None:
    """Status 200, and the Content-Length of a file of this size."""
    expect_ok(response)
    if response.content_length != length:
        raise SubmissionFault(
            "the reply has no Content-Length"
            if response.content_length is None
            else "Content-Length is not the size of the file",
            expected=f"Content-Length: {length}",
            actual=repr(response.header[:200]),
            about="content-length",
        )


def expect_body(actual: bytes, expected: bytes) -> None:
    """Exactly these bytes."""
    offset = first_difference(expected, actual)
    if offset is None:
        return
    if len(expected) <= 64 >= len(actual):
        shown = (show_bytes(expected), show_bytes(actual))
    else:
        shown = (around(expected, offset), around(actual, offset))
    if len(actual) < len(expected) and offset == len(actual):
        message = f"the body ends after {len(actual):,} of {len(expected):,} bytes"
    elif len(actual) > len(expected) == offset:
        message = f"the body goes on after the {len(expected):,} bytes of the file"
    else:
        message = f"the body is wrong from byte {offset:,} on"
    raise SubmissionFault(message, expected=shown[0], actual=shown[1])


def expect_whole(response: Response) -> Response:
    """A reply to anything: when it has a Content-Length, its body is that long."""
    length = response.content_length
    if length is not None and length != len(response.body):
        raise SubmissionFault(
            f"the body of the reply with status {response.status} is not as long as its Content-Length says",
            expected=f"{length:,} bytes",
            actual=f"{len(response.body):,} bytes",
        )
    return response


def expect_refusal(client: HttpClient, statuses: set[int], request: str) -> None:
    """A whole reply with one of these statuses."""
    response = expect_whole(client.response())
    client.close()
    if response.status not in statuses:
        raise SubmissionFault(
            f"{request} was answered with {response.status}",
            expected=" or ".join(map(str, sorted(statuses))),
            actual=repr(response.header[:200]),
        )


# The server


def ask(server: Web, path: str, *, rcvbuf: int | None = None) -> HttpClient:
    """A new client that has asked for a file."""
    return server.connect(rcvbuf=rcvbuf).request(path)


def ask_again(server: Web, path: str, first: HttpClient) -> HttpClient | None:
    """A further client, once the first has left; None when the server has ended with it, which is another check's question."""
    first.close()
    return None if server.watch.end_of_server() else ask(server, path)


def next_is_served(server: Web, site: Site) -> None:
    """The server outlives what was done to it, and serves the next client.

    It comes to rest first: a thread that is about to end the server must not be overtaken by the next client.
    """
    end = server.watch.end_of_server()
    if end is not None:
        raise SubmissionFault(end, expected="only that connection ends, and the server goes on")
    expect_page(ask(server, site.page), PAGE)


def until_blocked_sending(server: Web, client: HttpClient) -> None:
    """Wait until the program sleeps with more to send than `client`, who does not read, can take.

    Or until its reply is over: too early, as what came of it will show.
    """

    def blocked() -> bool:
        near, far = client.near_end(), client.far_end()
        if near is None or far is None or far.state not in {TcpState.ESTABLISHED, TcpState.CLOSE_WAIT}:
            return True
        if not near.receive_queue or not far.send_queue:
            return False
        tasks = [task for task in server.program.tasks() if task.state != "Z"]
        return all(task.state == "S" and task.call is not None for task in tasks)

    with precondition():
        server.watch.until(blocked, what="send more than the buffers hold")
