"""Are the verdicts the same every time? Grades one submission again and again, half of it under load.

    python benchmarks/stability.py [--runs 100] [--submission reference/reverse/c]

Every second run shares the machine with stress-ng --cpu 4 (or four spinning Python processes where it
is not installed). Prints the wall time of each run and, at the end, every verdict that ever differed
from the first run's. Exit status 0 only if none did.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from grader.job import Selection
from grader.practical import load_practicals
from grader.run import grade
from grader.submission import open_submission

LOAD = 4


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


def verdicts(submission: Path) -> dict[tuple[str, str], str]:
    practicals = list(load_practicals().values())
    with open_submission(submission) as opened:
        found = grade(opened, practicals, Selection())
    return {(verdict.program, verdict.id): verdict.status for verdict in found.checks}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--submission", type=Path, default=Path("reference/reverse/c"))
    options = parser.parse_args()
    first: dict[tuple[str, str], str] | None = None
    different: list[str] = []
    walls: dict[str, list[float]] = {"quiet": [], "loaded": []}
    for number in range(options.runs):
        kind = "loaded" if number % 2 else "quiet"
        with load() if kind == "loaded" else contextlib.nullcontext():
            started = time.monotonic()
            found = verdicts(options.submission)
            walls[kind].append(time.monotonic() - started)
        first = first or found
        changed = [
            f"run {number + 1} ({kind}): {key} {first.get(key)} -> {found.get(key)}"
            for key in first.keys() | found.keys()
            if first.get(key) != found.get(key)
        ]
        different += changed
        print(
            f"run {number + 1:3} {kind:6} {walls[kind][-1]:6.1f} s  {len(found)} verdicts"
            f"{'  DIFFERENT' if changed else ''}",
            *changed,
            sep="\n",
            flush=True,
        )
    for kind, seconds in walls.items():
        if seconds:
            print(
                f"{kind}: median {statistics.median(seconds):.1f} s, maximum {max(seconds):.1f} s of {len(seconds)} runs"
            )
    counts = {
        status: list((first or {}).values()).count(status) for status in sorted(set((first or {}).values()))
    }
    print(f"first run: {counts}")
    print("\n".join(different) or f"{options.runs} runs, the same verdicts every time")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
