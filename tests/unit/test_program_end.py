"""How a program ended is said so that its author knows why: a limit of the room's is named as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cells.room import Room
from grader.program.program import RunningProgram, start
from tests.unit.rooms import CEILING, in_worker


def ended(room: Room, script: str, limits: dict[str, tuple[int, int]]) -> str:
    program: RunningProgram = start(room, "sh", ["/bin/sh"], ["-c", script], limits=limits)
    program.wait(CEILING)
    words = program.describe_end()
    program.close()
    return words


def computes(room: Room) -> object:
    return ended(room, "while :; do :; done", {"cpu": (1, 5)})


def writes(room: Room) -> object:
    return ended(room, "exec dd if=/dev/zero of=large bs=64k count=64", {"fsize": (1 << 20, 1 << 20)})


def is_killed(room: Room) -> object:
    return ended(room, "kill -9 $$", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.py").write_text("print()\n")
    return tmp_path


def test_the_limit_on_processor_time_is_named(folder: Path) -> None:
    words = "was killed by SIGXCPU: it had used all of the processor time that a program has in one check"
    assert in_worker(folder, computes).startswith(words)


def test_the_limit_on_files_is_named(folder: Path) -> None:
    assert in_worker(folder, writes).startswith("was killed by SIGXFSZ: it wrote a file of more than")


def test_a_signal_that_was_sent_is_no_limit(folder: Path) -> None:
    assert in_worker(folder, is_killed) == "was killed by SIGKILL"
