"""How much of the machine has nothing to do, as /proc/stat tells it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.idle import Idleness


def table(times: str) -> str:
    """/proc/stat, where each processor of ours has these times, and others have nothing to do."""
    mine = "".join(f"cpu{number} {times}\n" for number in sorted(os.sched_getaffinity(0)))
    return f"cpu  9 9 9 9 9 9 9 9 9 9\n{mine}cpu4095 0 0 0 {times.split(maxsplit=1)[0]}00 0 0 0 0 0 0\nintr 1 2 3\n"


def share(folder: Path, after: str, limit: str = "max 100000") -> float:
    """Of the time from the first table to this one."""
    now = 10.0
    stat, quota = folder / "stat", folder / "cpu.max"
    stat.write_text(table("100 0 100 500 0 0 0 0 0 0"))
    quota.write_text(limit)
    looked = Idleness(stat, quota, lambda: now)
    stat.write_text(table(after))
    assert looked.share() == 0.0  # too soon: a few ticks tell nothing
    now += 1.0
    return looked.share()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("100 0 100 900 0 0 0 0 0 0", 1.0),
        ("500 0 100 500 0 0 0 0 0 0", 0.0),
        ("200 0 100 500 100 0 0 200 0 0", 0.25),  # waiting for a disk is idle, a stolen processor is not
    ],
)
def test_share_of_our_processors_since_the_last_look(tmp_path: Path, after: str, expected: float) -> None:
    assert share(tmp_path, after) == pytest.approx(expected)


def test_processors_that_may_be_used_for_a_part_of_the_time_are_never_idle(tmp_path: Path) -> None:
    assert share(tmp_path, "100 0 100 900 0 0 0 0 0 0", limit="50000 100000") == 0.0


def test_this_machine_can_be_asked() -> None:
    assert 0.0 <= Idleness().share() <= 1.0
