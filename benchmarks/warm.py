"""What one further grading costs beside one from cold: processor time of all processes, one check; and memory.

    python benchmarks/warm.py [--runs 20]

As root, with control groups of version 1 or 2: the processor time of descendants that nobody waits for is counted
nowhere else. Prints the medians and their ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from grader.job import Selection
from grader.observe import proc
from grader.practical import load_practicals
from grader.warm import WarmGrader

SUBMISSIONS = (Path("reference/connection/c"), Path("reference/connection/python"))
PROGRAM, CHECK = "conecta", "connection.client-connects"


class Group:
    """A control group of our own: every process that we start from now on, and its descendants, counts."""

    def __init__(self) -> None:
        first = Path("/sys/fs/cgroup/cpuacct")
        root = first if first.is_dir() else Path("/sys/fs/cgroup")
        self._folder = root / f"grader-benchmark-{os.getpid()}"
        self._folder.mkdir()
        self._home = root / "cgroup.procs"
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def seconds(self) -> float:
        usage = self._folder / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        lines = (self._folder / "cpu.stat").read_text().splitlines()
        return next(int(line.split()[1]) / 1e6 for line in lines if line.startswith("usage_usec"))

    def close(self) -> None:
        self._home.write_text(str(os.getpid()))
        pace = select.poll()
        while (self._folder / "cgroup.procs").read_text():  # what tidies up after the grader is about to end
            pace.poll(1)
        self._folder.rmdir()


@contextlib.contextmanager
def group() -> Iterator[Group]:
    made = Group()
    try:
        yield made
    finally:
        made.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with group() as counted, WarmGrader(list(load_practicals().values())) as grader:
        once(grader, SUBMISSIONS[0])  # waits for the checks to be collected
        first = proc.memory(grader.pid).rss
        for submission in SUBMISSIONS:
            cold, warm = [], []
            for _ in range(runs):
                before = counted.seconds()
                command = [sys.executable, "-m", "grader", "check", str(submission), "--check", CHECK]
                subprocess.run([*command, "--program", PROGRAM], check=True, capture_output=True)
                cold.append(counted.seconds() - before)
                before = counted.seconds()
                once(grader, submission)
                warm.append(counted.seconds() - before)
            ratio = statistics.median(warm) / statistics.median(cold)
            print(
                f"{submission}: one check from cold {statistics.median(cold):.3f} s of processor time, ",
                end="",
            )
            print(f"warm {statistics.median(warm):.3f} s, {ratio:.2f} of it (medians of {runs})")
        last = proc.memory(grader.pid).rss
        print(
            f"the warm process holds {first >> 10:,} KiB after one grading, {last >> 10:,} after {2 * runs + 1}"
        )


def once(grader: WarmGrader, submission: Path) -> None:
    selection = Selection(programs=(PROGRAM,), checks=(CHECK,))
    grader.grade(submission, practicals=["connection"], selection=selection)


if __name__ == "__main__":
    main()
