"""Take descriptors or memory away from a program that already runs (prlimit(2)), and give them back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from grader.observe import proc
from grader.program.program import RunningProgram


@contextlib.contextmanager
def no_descriptor_left(program: RunningProgram) -> Iterator[None]:
    """Inside this block every open, socket or accept of the program's main process gives EMFILE.

    Real for every program (getrlimit(2), RLIMIT_NOFILE), but some go on only when a connection of theirs ends: let them have
    one that leaves. A descriptor that is closed meanwhile is free again.
    """
    used = proc.descriptors(program.pid)
    free = next(number for number in range(len(used) + 1) if number not in used)
    with _soft_limit(program, "nofile", free):
        yield


@contextlib.contextmanager
def memory_left(program: RunningProgram, size: int) -> Iterator[None]:
    """Inside this block the main process may map only `size` more bytes: larger allocations fail, as they really may."""
    with _soft_limit(program, "as", proc.memory(program.pid).size + size):
        yield


@contextlib.contextmanager
def _soft_limit(program: RunningProgram, name: str, value: int) -> Iterator[None]:
    before = program.room.limit(program.pid, name, value)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.room.limit(program.pid, name, before)
