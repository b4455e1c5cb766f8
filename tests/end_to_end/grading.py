"""Running the command as a user does, and looking for what it may have left behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CEILING = 240.0


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "grader", *map(str, arguments)]


def grader(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One run to its end, as `grader ARGUMENTS`."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=CEILING, cwd=ROOT, check=False
    )


def marker() -> str:
    """A word that no other process on this machine has in its command line."""
    return f"marked-{uuid.uuid4().hex}"


def marked_processes(word: str) -> list[int]:
    """Pids of the processes whose command line holds `word`."""
    return [pid for pid in _pids() if word in _command_line(pid)]


def wait_until_none(word: str, ceiling: float = 20.0) -> list[int]:
    """Wait on the ends of all processes marked with `word`; those that are still there after `ceiling`."""
    for pid in marked_processes(word):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.poll(ceiling * 1000)
        os.close(descriptor)
    return marked_processes(word)


def _pids() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
