"""Are the verdicts the same every time? Grades submissions again and again, half of the times under load.

    python benchmarks/stability.py [--runs 100] [--submission reference/reverse/c]
    python benchmarks/stability.py --defects 100 [--runs 10]

With --defects, so many defects of the catalogue (0: all), always the same ones for the same number, each by every check of its
program, as many at a time as `grader validate` grades. Every second run shares the machine with stress-ng --cpu 4 (or four
spinning Python processes where it is not installed). Prints the wall time of each run and, at the end, every verdict that ever
differed from the first run's. Exit status 0 only if none did.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader.practical import load_practicals
from grader.validation.pool import GRADINGS
from grader.validation.subjects import Subject, examine, subjects
from grader.warm import WarmGrader

LOAD = 4
Verdicts = dict[tuple[str, str], str]  #: (program or defect, check) -> status


@contextlib.contextmanager
def load() -> Iterator[None]:
    """Four processes that do nothing but use the processor."""
    if shutil.which("stress-ng"):
        commands = [["stress-ng", "--cpu", str(LOAD), "--quiet"]]
    else:
        commands = [[sys.executable, "-c", "while True: pass"]] * LOAD
    running = [subprocess.Popen(command) for command in commands]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def of_submission(warm: WarmGrader, path: Path) -> Verdicts:
    return {(verdict.program, verdict.id): verdict.status for verdict in warm.grade(path).checks}


def of_defects(warm: WarmGrader, chosen: list[Subject]) -> Verdicts:
    with ThreadPoolExecutor(GRADINGS * len(os.sched_getaffinity(0))) as pool:
        outcomes = list(pool.map(lambda subject: examine(subject, warm, jobs=1), chosen))
    return {
        (f"{outcome.subject.practical} {outcome.subject.name}", check): status
        for outcome in outcomes
        for check, status in outcome.statuses.items()
    }


def sample(count: int) -> list[Subject]:
    """So many defects, from all over the catalogue."""
    everything = [each for each in subjects(list(load_practicals().values())) if each.defect is not None]
    everything.sort(key=lambda each: zlib.crc32(str(each.defect).encode()))
    return everything[:count] if count else everything


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--submission", type=Path, default=Path("reference/reverse/c"))
    parser.add_argument("--defects", type=int)
    options = parser.parse_args()
    with WarmGrader(list(load_practicals().values())) as warm:
        if options.defects is None:
            return repeat(lambda: of_submission(warm, options.submission), options.runs)
        chosen = sample(options.defects)
        return repeat(lambda: of_defects(warm, chosen), options.runs)


def repeat(graded: Callable[[], Verdicts], runs: int) -> int:
    first: Verdicts = {}
    flipped: dict[tuple[str, str], list[str]] = {}
    walls: dict[str, list[float]] = {"quiet": [], "loaded": []}
    for number in range(runs):
        kind = "loaded" if number % 2 else "quiet"
        with load() if kind == "loaded" else contextlib.nullcontext():
            started = time.monotonic()
            found = graded()
            walls[kind].append(time.monotonic() - started)
        first = first or found
        changed = [key for key in first.keys() | found.keys() if first.get(key) != found.get(key)]
        for key in changed:
            flipped.setdefault(key, []).append(f"{found.get(key)} in run {number + 1} ({kind})")
        print(
            f"run {number + 1:3} {kind:6} {walls[kind][-1]:6.1f} s  {len(found)} verdicts, {len(changed)} other than at first",
            flush=True,
        )
    for kind, seconds in walls.items():
        if seconds:
            print(
                f"{kind}: median {statistics.median(seconds):.1f} s, maximum {max(seconds):.1f} s of {len(seconds)} runs"
            )
    statuses = list(first.values())
    print(f"first run: { {status: statuses.count(status) for status in sorted(set(statuses))} }")
    for (subject, check), others in sorted(flipped.items()):
        print(f"{subject} {check}: {first.get((subject, check))} at first, {', '.join(others)}")
    print(f"{len(flipped)} of {len(first)} verdicts flipped in {runs} runs")
    return 1 if flipped else 0


if __name__ == "__main__":
    sys.exit(main())
