"""While programs sleep, and so the machine idles, more of their checks run at a time."""

from __future__ import annotations

import collections
import os
from pathlib import Path
from typing import cast

import pytest

from grader.build import Built
from grader.cells.base import Cell, WorkerHandle
from grader.dispatch import Dispatcher, _Busy
from grader.job import Case
from tests.unit.made_up import (
    CHECK_HEADER,
    ONE_PROGRAM,
    SERVER,
    function,
    graded,
    practical,
    row,
    write_files,
)

NOTHING = cast("WorkerHandle", None)


def another_helps(*workers: _Busy, most: int = 4, waiting: int = 5) -> bool:
    dispatcher = Dispatcher(cast("Cell", None), Built(), [Case("toy.works", "toy")] * 9, jobs=1, most=most)
    return dispatcher._another_helps(workers, collections.deque(range(waiting)))


def test_another_worker_helps_when_all_have_a_check_in_hand() -> None:
    busy = _Busy(NOTHING, index=1, ready=True)
    assert another_helps(busy, busy)
    assert not another_helps(busy, busy, waiting=0)
    assert not another_helps(busy, _Busy(NOTHING, index=None, ready=True))
    assert not another_helps(busy, _Busy(NOTHING, index=None, ready=False)), "one is about to work"


def test_there_are_never_more_than_were_allowed() -> None:
    busy = _Busy(NOTHING, index=1, ready=True)
    assert not another_helps(busy, busy, busy, busy)
    assert not another_helps(busy, most=1)


@pytest.mark.parametrize("idle", [1.0, 0.6])
def test_while_the_machine_idles_another_worker_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idle: float
) -> None:
    """The first check waits for what the second one does, and so does not end before that has begun."""
    monkeypatch.setattr("grader.idle.Idleness.share", lambda _: idle)
    read, write = os.pipe()
    bodies = {
        "toy.waits": f"import select\nassert select.select([{read}], [], [], 60)[0], 'nobody came'",
        "toy.writes": f"os.write({write}, b'!')",
    }
    checks = CHECK_HEADER + "".join(function(name, body) for name, body in bodies.items())
    toml = practical(tmp_path, ONE_PROGRAM + "".join(map(row, bodies)), {"check_toy.py": checks})
    found = graded(toml, write_files(tmp_path / "sub", {"toy_server.py": SERVER}), jobs=1, most=2)
    os.close(read)
    os.close(write)
    assert [verdict.status for verdict in found.checks] == ["passed", "passed"]
