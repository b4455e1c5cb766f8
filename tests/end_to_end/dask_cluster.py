"""A Dask scheduler and two workers on this machine."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.grading import CEILING, ROOT

DASK = [sys.executable, "-m"]


class Cluster:
    """Its files lie in `folder`; each worker grades so many submissions at a time."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._folder = folder
        self._threads = threads
        self._file = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", self._file,
        )  # fmt: skip
        until(self._file.exists)
        self.workers = [self._worker(number) for number in range(2)]
        self.address: str = json.loads(self._file.read_text())["address"]

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        place = self._folder / f"worker-{number}"
        return self._start(
            "dask_worker", "--scheduler-file", self._file, "--no-nanny", "--nthreads", str(self._threads),
            "--no-dashboard",
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
