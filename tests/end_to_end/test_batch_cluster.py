"""`grader batch --scheduler`: a Dask scheduler and two workers on this machine, one of which is killed."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.grading import CEILING, ROOT, command, grader
from tests.end_to_end.test_batch import arguments, ended, source  # noqa: F401 - fixtures

DASK = [sys.executable, "-m"]


class Cluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start(
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            self._file,
        )
        until(self._file.exists)
        self.workers = [self._worker(number) for number in range(2)]
        self.address: str = json.loads(self._file.read_text())["address"]

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        place = self._folder / f"worker-{number}"
        return self._start(
            "dask_worker", "--scheduler-file", self._file, "--no-nanny", "--nthreads", "1", "--no-dashboard",
            "--local-directory", place, "--name", f"worker-{number}",
        )  # fmt: skip

    def _start(self, module: str, *rest: str | Path) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{module}-{len(self._processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [*DASK, f"distributed.cli.{module}", *map(str, rest)], stdout=log, stderr=log, cwd=ROOT
            )
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGINT if process.poll() is None else 0)
        for process in reversed(self._processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(condition: Callable[[], bool]) -> None:
    pace = select.poll()
    for _ in range(int(CEILING * 100)):
        if condition():
            return
        pace.poll(10)
    raise AssertionError("it never came true")


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
