"""How much of the machine one submission may use."""

from __future__ import annotations

import dataclasses

MiB = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class CellLimits:
    """What one submission may use; sizes in bytes."""

    disk: int = 512 * MiB  #: sources and build products together
    inodes: int = 20_000
    tmp: int = 64 * MiB  #: /tmp, and /dev/shm, of each room
    data: int = 256 * MiB  #: the programs' files, of each room
    file: int = 256 * MiB  #: one file
    memory: int = 1024 * MiB  #: of all programs of a room together

    @property
    def resident(self) -> int:
        """Of a room, with what lies in its file systems: they are in memory."""
        return self.memory + 2 * self.tmp + self.data + self.disk
