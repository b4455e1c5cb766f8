"""A shell in a submission's room, for looking in: the files as they were handed in, built anew, as each check finds them.

The shell runs as the programs do, with their rights and their limits, on a terminal of the worker's. Only bytes go between
that one and the user's own, so nothing in the room ever holds the user's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import sys
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

import msgspec

from grader.build import build_body, built_in
from grader.cells import open_cell
from grader.cells.base import Files
from grader.cells.room import Room
from grader.practical import Practical

_SHELL = "/bin/sh"
#: Makes the terminal the shell's own, so that Ctrl-C ends what the shell runs (setsid(1)).
_WITH_TERMINAL = ("/usr/bin/setsid", "--ctty", "--wait", _SHELL)
_CHUNK = 1 << 16
_HANG_UP = b""  #: no more input, or: the shell has ended


class _Window(msgspec.Struct):
    """What the shell is started on: a terminal of this size, or, where nobody types, a pipe."""

    typed: bool
    name: str = "dumb"
    rows: int = 24
    columns: int = 80


def visit(files: Files, practicals: Sequence[Practical], sandbox: str) -> None:
    """Build all these practicals' programs and run a shell there, on this process's standard input and output."""
    cell = open_cell(files, {"build": build_body, "visit": visit_body}, sandbox=sandbox)
    try:
        for practical in practicals:
            built_in(cell, practical.name, list(practical.programs.values()))
        worker = cell.start_worker("visit")
        keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
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
    command = _WITH_TERMINAL if window.typed else (_SHELL,)
    env = {"TERM": window.name, "PS1": "room:$PWD$ "}
    child = room.spawn(command, (shell_in, theirs, theirs), cwd="/work", env=env)
    for descriptor in {theirs, shell_in}:
        os.close(descriptor)
    typing = threading.Thread(target=_type, args=(connection, typed, window.typed), daemon=True)
    typing.start()
    _print(ours, child.pidfd, connection)
    connection.send_bytes(_HANG_UP)


def _type(connection: Connection, keyboard: int, typed: bool) -> None:  # noqa: FBT001 - a thread's argument
    with contextlib.suppress(EOFError, OSError):
        while (data := connection.recv_bytes()) != _HANG_UP:
            while data:
                data = data[os.write(keyboard, data) :]
        if not typed:
            os.close(keyboard)


def _print(screen: int, shell: int, connection: Connection) -> None:
    """Until the shell has ended; what it left running may hold the terminal for longer."""
    poller = select.poll()
    poller.register(screen, select.POLLIN)
    poller.register(shell, select.POLLIN)
    while True:
        ready = dict(poller.poll())
        if ready.get(screen, 0) & select.POLLIN:
            connection.send_bytes(os.read(screen, _CHUNK))
        elif shell in ready or screen in ready:
            return


def _window(keyboard: int) -> _Window:
    if not os.isatty(keyboard):
        return _Window(typed=False)
    size = os.get_terminal_size(keyboard)
    return _Window(typed=True, name=os.environ.get("TERM", "dumb"), rows=size.lines, columns=size.columns)


@contextlib.contextmanager
def _raw(keyboard: int) -> Iterator[None]:
    """Each key goes to the room's terminal, which knows what it means there."""
    if not os.isatty(keyboard):
        yield
        return
    before = termios.tcgetattr(keyboard)
    tty.setraw(keyboard)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _relay(keyboard: int, screen: int, connection: Connection) -> None:
    poller = select.poll()
    poller.register(keyboard, select.POLLIN)
    poller.register(connection.fileno(), select.POLLIN)
    while True:
        ready = dict(poller.poll())
        if connection.fileno() in ready:
            try:
                data = connection.recv_bytes()
            except (EOFError, OSError):
                return
            if data == _HANG_UP:
                return
            while data:
                data = data[os.write(screen, data) :]
        if keyboard in ready:
            data = os.read(keyboard, _CHUNK)
            connection.send_bytes(data)
            if not data:
                poller.unregister(keyboard)
