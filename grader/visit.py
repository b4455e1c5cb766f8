"""A shell in a submission's room, for looking in: the files as they were handed in, built anew, as each check finds them.

The shell runs as the programs do, with their rights and their limits, on a terminal of the worker's. Only bytes go between
that one and the user's own, so nothing in the room ever holds the user's. What programs print there is shown as it comes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection

import msgspec

from grader.build import Built, build_body, built_in
from grader.cells import open_cell
from grader.cells.base import Files
from grader.cells.room import Child, Room
from grader.errors import CellError, UsageError
from grader.practical import Practical

#: The first folder may be shut by the submission (chmod 0): the shell begins where it always can, and goes on from there.
_SCRIPT = "cd /work || cd /data; exec /bin/sh"
_SHELL = ("/bin/sh", "-c", _SCRIPT)
#: Makes the terminal the shell's own, so that Ctrl-C ends what the shell runs (setsid(1)).
_WITH_TERMINAL = ("/usr/bin/setsid", "--ctty", "--wait", *_SHELL)
_CHUNK = 1 << 16
_TOLD = 10.0  #: seconds until the room's init has told that the shell has ended
_LEFT = 1 << 20  #: bytes that are still shown once the shell has ended: others may print on
_HANG_UP = b""  #: no more input
#: What a message of the worker's begins with: output, or why there is none any more.
_PRINTED, _ENDED = b".", b"!"


class _Window(msgspec.Struct):
    """What the shell is started on: a terminal of this size, or, where nobody types, a pipe."""

    typed: bool
    name: str = "dumb"
    rows: int = 24
    columns: int = 80


def visit(
    files: Files, practicals: Sequence[Practical], sandbox: str, built: Callable[[str, Built], None]
) -> None:
    """Build all these practicals' programs and run a shell there, on this process's standard input and output.

    `built` hears of each practical once it is built. Raises `CellError` when the room ends before its shell.
    """
    if sys.stdin is None or sys.stdout is None:
        raise UsageError("a shell needs standard input and output, and one of them is closed")
    keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
    cell = open_cell(files, {"build": build_body, "visit": visit_body}, sandbox=sandbox)
    try:
        for practical in practicals:
            built(practical.name, built_in(cell, practical.name, list(practical.programs.values())))
        worker = cell.start_worker("visit")
        worker.connection.send_bytes(msgspec.json.encode(_window(keyboard)))
        with _raw(keyboard):
            _relay(keyboard, screen, worker.connection)
    finally:
        cell.close()


def visit_body(room: Room, connection: Connection) -> None:
    """The worker's side: a `_Window` comes, then what is typed; what the shell prints goes back."""
    window = msgspec.json.decode(connection.recv_bytes(), type=_Window)
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", window.rows, window.columns, 0, 0))
    shell_in, typed = (theirs, ours) if window.typed else os.pipe()
    command = _WITH_TERMINAL if window.typed else _SHELL
    env = {"TERM": window.name, "PS1": "room:$PWD$ "}
    child = room.spawn(command, (shell_in, theirs, theirs), cwd="/", env=env)
    if not window.typed:
        os.close(shell_in)
    typing = threading.Thread(target=_type, args=(connection, typed, window.typed), daemon=True)
    typing.start()
    _print(ours, child.pidfd, connection)
    connection.send_bytes(_ENDED + _why(room, child).encode())


def _why(room: Room, child: Child) -> str:
    """Why the shell has ended; "" when it wanted to."""
    try:
        child.wait(_TOLD)
    except CellError as error:
        return str(error)
    return room.overuse


def _type(connection: Connection, keyboard: int, typed: bool) -> None:  # noqa: FBT001 - a thread's argument
    with contextlib.suppress(EOFError, OSError):
        while (data := connection.recv_bytes()) != _HANG_UP:
            while data:
                data = data[os.write(keyboard, data) :]
        if not typed:
            os.close(keyboard)


def _print(screen: int, shell: int, connection: Connection) -> None:
    """Until the shell has ended; what it left running may hold the terminal for longer, and so does this process."""
    poller = select.poll()
    poller.register(screen, select.POLLIN)
    poller.register(shell, select.POLLIN)
    left = _LEFT
    while left > 0:
        ready = dict(poller.poll())
        if screen in ready:
            data = os.read(screen, _CHUNK)
            connection.send_bytes(_PRINTED + data)
            left -= len(data) if shell in ready else 0
        else:
            return


def _window(keyboard: int) -> _Window:
    if not os.isatty(keyboard):
        return _Window(typed=False)
    size = os.get_terminal_size(keyboard)
    return _Window(typed=True, name=os.environ.get("TERM", "dumb"), rows=size.lines, columns=size.columns)


@contextlib.contextmanager
def _raw(keyboard: int) -> Iterator[None]:
    """Each key goes to the room's terminal, which knows what it means there.

    What was typed and not read is thrown away at the end: a program may have had the user's terminal answer something.
    """
    if not os.isatty(keyboard):
        yield
        return
    before = termios.tcgetattr(keyboard)
    # As with SIGTERM, the room is closed and the terminal left as it was.
    hung_up = signal.signal(signal.SIGHUP, signal.default_int_handler)
    tty.setraw(keyboard)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # it is gone
            termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)
        signal.signal(signal.SIGHUP, hung_up)


def _send(keyboard: int, connection: Connection, gone: int) -> None:
    typed = os.isatty(keyboard)
    with contextlib.suppress(OSError):  # the terminal has gone, or the shell has ended
        while data := os.read(keyboard, _CHUNK):
            connection.send_bytes(data)
        if not typed:
            connection.send_bytes(_HANG_UP)
    if typed:
        os.close(gone)


def _relay(keyboard: int, screen: int, connection: Connection) -> None:
    """Each way has a thread of its own: neither waits for the other to have room."""
    unread, gone = os.pipe()  # closed when the terminal is gone
    threading.Thread(target=_send, args=(keyboard, connection, gone), daemon=True).start()
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    poller.register(unread, select.POLLIN)
    while unread not in (ready := dict(poller.poll())) or connection.fileno() in ready:
        try:
            message = connection.recv_bytes()
        except (EOFError, OSError):
            raise CellError("the worker beside the room has ended") from None
        kind, data = message[:1], message[1:]
        if kind == _ENDED:
            if data:
                raise CellError(f"the shell was ended: {data.decode()}")
            return
        while data:
            try:
                data = data[os.write(screen, data) :]
            except BrokenPipeError:  # nobody looks any more
                return
