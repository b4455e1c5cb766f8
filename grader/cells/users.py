"""A user id for each container room, that no other room on this machine has.

The kernel counts processes against RLIMIT_NPROC by user, over all containers: rooms of one user would share one limit.
"""

from __future__ import annotations

import contextlib
import secrets
import socket

from grader.errors import CellError

#: Ids that belong to nobody: systemd takes its dynamic users from here, and only if they are free.
FIRST, LAST = 61184, 65519


class UserId:
    """Reserved until it is given back, or this process ends: a bound abstract name is the reservation."""

    def __init__(self) -> None:
        count = LAST - FIRST + 1
        start = secrets.randbelow(count)
        for step in range(count):
            self.number = FIRST + (start + step) % count
            self._held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            with contextlib.suppress(OSError):
                self._held.bind(f"\0socket-grader-user-{self.number}")
                return
            self._held.close()
        raise CellError("all user ids for rooms are taken: too many gradings run at the same time")

    def give_back(self) -> None:
        self._held.close()
