"""What all programs of a room use together: no limit of the kernel's on single processes bounds it.

RLIMIT_AS holds for each process alone, and there may be no control group (see `grader.cells.shares`). A thread of the
worker adds up what the room's processes use, and ends them all when it is too much; without a group it also makes many
that run at once step back behind the other rooms.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import threading
from pathlib import Path

from grader.cells.crowd import Crowd
from grader.cells.room import Room
from grader.observe import proc

#: Seconds from one look to the next: a process fills some 100 MB in that time.
INTERVAL = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1 << 20


class MemoryGuard:
    """Watches a room until it is closed; `limit` is in bytes. `crowd` is for rooms without a control group."""

    def __init__(self, room: Room, limit: int, crowd: Crowd | None = None) -> None:
        self._room = room
        self._limit = limit
        self._crowd = crowd
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="memory guard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.close(self._stop_write)
        self._thread.join()
        os.close(self._stop_read)

    def _watch(self) -> None:
        poller = select.poll()
        poller.register(self._stop_read, select.POLLIN)
        while not poller.poll(INTERVAL * 1000):  # nothing is waited for but the end: this is the interval
            with contextlib.suppress(proc.ProcessGoneError):
                self._look()

    def _look(self) -> None:
        pids = proc.descendants(self._room.init_pid)
        if self._crowd is not None:
            self._crowd.look(pids)
        # Pages that forked processes share are in all their counts: what seems too much is looked at again.
        if sum(map(_anonymous, pids)) > self._limit and sum(map(_proportional, pids)) > self._limit:
            self._room.overuse = f"the programs used more than {self._limit // _MIB} MiB of memory together"
            self._end()

    def _end(self) -> None:
        """Until none is left: each round leaves fewer that can fork."""
        while pids := [pid for pid in proc.descendants(self._room.init_pid) if not _is_zombie(pid)]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    self._room.signal(pid, signal.SIGKILL)


def _anonymous(pid: int) -> int:
    """Bytes in memory that belong to no file (statm: resident less shared); 0 when it is gone."""
    try:
        _, resident, shared = Path(f"/proc/{pid}/statm").read_bytes().split()[:3]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _proportional(pid: int) -> int:
    """Its fair share of the anonymous pages that it maps, in bytes; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_bytes()
    except (
        FileNotFoundError,
        ProcessLookupError,
        PermissionError,
    ):  # PermissionError: midway through exec or exit
        return 0
    found = re.search(rb"^Pss_Anon:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) << 10 if found else 0


def _is_zombie(pid: int) -> bool:
    try:
        return all(task.state in "ZX" for task in proc.tasks(pid))
    except proc.ProcessGoneError:
        return True
