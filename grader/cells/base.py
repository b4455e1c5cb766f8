"""What every kind of cell gives: a worker and a room in one network namespace.

The worker can see, freeze and trace the room's processes; the room can touch its own files and
nothing else. A back end is one file beside this one; nothing above it knows which is in use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

from grader.cells.room import Room

MiB = 1 << 20

#: What runs in a worker, beside its room: it talks to the parent through the connection.
Body = Callable[[Room, Connection], None]


class Files(Protocol):
    """What is laid out in the cell: a submission."""

    def copy_to(self, dirfd: int) -> None:
        """Write every file below the folder open at `dirfd`."""


@dataclasses.dataclass(frozen=True, slots=True)
class CellLimits:
    """What one submission may use; sizes in bytes."""

    disk: int = 512 * MiB  #: sources, build products and the programs' files together
    inodes: int = 20_000
    tmp: int = 64 * MiB


@dataclasses.dataclass(slots=True)
class WorkerHandle:
    """The parent's end of a worker: a connection, and a way to end it."""

    connection: Connection
    pid: int
    kill: Callable[[], None]


class Cell(Protocol):
    """One sandbox for one job; close it and nothing of it is left."""

    def start_worker(self, body: str) -> WorkerHandle:
        """Start the body registered under this name in a new worker with a new room and network."""

    def close(self) -> None:
        """Kill every worker and room of the cell and free its files."""
