"""Tests run side by side; one that must know whether that was the reason can run alone, for a while.

Two locks of flock(2) on files that all processes of a run share. Everybody holds the stage for a test, together with
the others; whoever wants it alone closes the door first, so that nobody new comes in while the others leave.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class Stage:
    """One process's place on it."""

    def __init__(self, folder: Path) -> None:
        self._door = _opened(folder / "door")
        self._stage = _opened(folder / "stage")

    def close(self) -> None:
        os.close(self._door)
        os.close(self._stage)

    @contextlib.contextmanager
    def among_others(self) -> Iterator[None]:
        fcntl.flock(self._door, fcntl.LOCK_SH)
        fcntl.flock(self._stage, fcntl.LOCK_SH)
        fcntl.flock(self._door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._stage, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """To be called by one that is there among others."""
        fcntl.flock(self._stage, fcntl.LOCK_UN)  # two that wait for each other to leave would wait for ever
        fcntl.flock(self._door, fcntl.LOCK_EX)
        fcntl.flock(self._stage, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._stage, fcntl.LOCK_SH)
            fcntl.flock(self._door, fcntl.LOCK_UN)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
