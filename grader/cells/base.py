"""What every kind of cell gives: a worker and a room in one network namespace.

The worker can see, freeze and trace the room's processes; the room can touch its own files and
nothing else. A back end is one file beside this one; nothing above it knows which is in use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Protocol

import msgspec

from grader.cells.room import Room
from grader.job import Case, Selection

#: What runs in a worker, beside its room: it talks to the parent through the connection.
Body = Callable[[Room, Connection], None]


class File(Protocol):
    """One file of a submission; its path is relative, and has no `..` in it."""

    @property
    def path(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def executable(self) -> bool: ...


class Files(Protocol):
    """What is laid out in the cell: a submission."""

    @property
    def files(self) -> Sequence[File]: ...

    def read(self, path: str, limit: int, /) -> bytes:
        """The first `limit` bytes of one of `files`."""

    def copy_to(self, dirfd: int) -> None:
        """Write every file below the folder open at `dirfd`."""


class NoFiles:
    """For cells that are tried, not used."""

    files: Sequence[File] = ()

    def copy_to(self, dirfd: int) -> None: ...

    def read(self, path: str, _limit: int, /) -> bytes:
        raise FileNotFoundError(path)


@dataclasses.dataclass(slots=True)
class WorkerHandle:
    """The parent's end of a worker: a connection, a way to end it, and why it ended, as far as the cell knows."""

    connection: Connection
    kill: Callable[[], None]
    pid: int = 0  #: on this machine; 0 where it has none
    last_words: Callable[[], str] = str


class Plan(msgspec.Struct, frozen=True):
    """What a cell's workers are for, where they are not forked from this process and must find it out themselves."""

    practical: str
    selection: Selection
    cases: tuple[Case, ...] = ()  #: in the order of the items' numbers
    workers: int = 1  #: that will be asked for, beside the one that builds


class WorkerOrder(msgspec.Struct):
    """The first message to a worker in a container: which body to be."""

    body: str
    plan: Plan | None = None


class Cell(Protocol):
    """One sandbox for one job; close it and nothing of it is left."""

    def start_worker(self, body: str) -> WorkerHandle:
        """Start the body registered under this name in a new worker with a new room and network."""

    def close(self) -> None:
        """Kill every worker and room of the cell and free its files."""
