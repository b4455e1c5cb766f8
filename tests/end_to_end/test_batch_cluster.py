"""`grader batch --scheduler`: a Dask scheduler and two workers on this machine, one of which is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.dask_cluster import Cluster, until
from tests.end_to_end.grading import CEILING, ROOT, command, grader
from tests.end_to_end.test_batch import arguments, ended, source  # noqa: F401 - fixtures


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "dask"
    folder.mkdir()
    made = Cluster(folder)
    try:
        yield made
    finally:
        made.close()


def test_a_worker_that_dies_loses_nothing(
    cluster: Cluster,
    arguments: list[str | Path],  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    here = tmp_path / "here"
    assert grader(*[here if each == tmp_path / "out" else each for each in arguments]).returncode == 0
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(*arguments, "--scheduler", cluster.address),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: ended(out) >= 1 or process.poll() is not None)
    cluster.workers[0].kill()
    said, words = process.communicate(timeout=CEILING)
    assert process.returncode == 0, (said, words)
    assert (out / "grades.csv").read_bytes() == (here / "grades.csv").read_bytes()


def test_a_scheduler_that_is_not_there_is_said(arguments: list[str | Path], tmp_path: Path) -> None:  # noqa: F811 - the fixture
    ran = grader(*arguments, "--scheduler", "tcp://127.0.0.1:9")
    assert ran.returncode == 4, ran.stderr
    assert "no scheduler answers at tcp://127.0.0.1:9" in ran.stderr
    assert "Traceback" not in ran.stderr
