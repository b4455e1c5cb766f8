"""How much of the machine has nothing to do, as /proc/stat tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.idle import Idleness


@pytest.mark.parametrize(
    ("after", "share"),
    [
        ("cpu 100 0 100 900 0 0 0 0 0 0", 1.0),
        ("cpu 500 0 100 500 0 0 0 0 0 0", 0.0),
        ("cpu 200 0 100 500 100 0 0 200 0 0", 0.25),  # waiting for a disk is idle, a stolen processor is not
    ],
)
def test_share_of_the_time_since_the_last_look(tmp_path: Path, after: str, share: float) -> None:
    now = 10.0
    stat = tmp_path / "stat"
    stat.write_text("cpu 100 0 100 500 0 0 0 0 0 0\ncpu0 1 1 1 1 0 0 0 0 0 0\n")
    looked = Idleness(stat, lambda: now)
    stat.write_text(after + "\ncpu0 1 1 1 1 0 0 0 0 0 0\n")
    assert looked.share() == 0.0  # too soon: a few ticks tell nothing
    now += 1.0
    assert looked.share() == pytest.approx(share)


def test_this_machine_can_be_asked() -> None:
    assert 0.0 <= Idleness().share() <= 1.0
