"""A whole class by `grader batch`: wall and processor time, memory, and the same grades when it is killed on the way.

    python benchmarks/batch.py [--students 200] [--jobs 4] [--kills 5] [--seed 1]

The class is made of references, variants, defects, templates, broken archives and attacks, under made-up names, always the same
for the same number. It is graded once undisturbed; with --kills once more, the process group killed by SIGKILL so many times at
random moments, and gone on with. Prints for each: wall time, processor time of all processes, memory at most (proportional set
sizes, looked at twice a second). Exit status 1 if the two tables of grades differ. As root, as benchmarks/warm.py.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from warm import group

from grader.observe import proc
from grader.practical import load_practicals
from grader.validation.catalogue import load, materialise, variants

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the corpus is the tests'
from tests.end_to_end.grading import command  # noqa: E402 - see the line above
from tests.hostile.corpus import load as attacks  # noqa: E402 - the same

Hand = Callable[[Path], object]
LOOK = 0.5  #: seconds between two looks at the memory


def hands(students: int) -> Iterator[Hand]:
    """What each hands in: six of ten a defect, and of everything else in turns."""
    practicals = list(load_practicals())
    every = load()
    step = max(1, len(every) // students)
    others: list[list[Hand]] = [
        [_copies(path) for path in sorted((ROOT / "reference").glob("*/*")) if path.name in {"c", "python"}],
        [_copies(path) for practical in practicals for path in variants(practical)],
        [attack.hand_in for attack in attacks()],
        [_copies(ROOT / "student_template" / practical) for practical in practicals],
        [_broken, _empty],
    ]
    defects = itertools.cycle(every[::step])
    rest = itertools.cycle(itertools.chain.from_iterable(itertools.zip_longest(*others)))
    for number in range(students):
        if number % 10 < 6:
            yield functools.partial(materialise, next(defects))
        else:
            yield next(hand for hand in rest if hand is not None)


def _copies(source: Path) -> Hand:
    return lambda folder: shutil.copytree(source, folder, dirs_exist_ok=True)


def _broken(folder: Path) -> None:
    (folder / "homework.zip").write_bytes(b"PK\3\4 and no more")


def _empty(folder: Path) -> None:
    (folder / "readme.txt").write_text("see you next week\n")


def hand_in(place: Path, students: int) -> Path:
    for number, hand in enumerate(hands(students)):
        folder = place / f"s{number:04}"
        folder.mkdir(parents=True)
        hand(folder)
    return place


class Memory:
    """What the descendants of a process use together, at most."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK):
            with contextlib.suppress(proc.ProcessGoneError):
                self.most = max(self.most, sum(map(_proportional, [self._pid, *proc.descendants(self._pid)])))


def _proportional(pid: int) -> int:
    """Bytes, shared pages counted in part (proc(5), smaps_rollup); 0 when it is gone."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def grade(arguments: list[str], kills: list[float], log: Path) -> int:
    """Run the command to its end, killed after each of `kills` seconds and begun again; memory at most, in bytes."""
    most = 0
    for patience in [*kills, None]:
        with log.open("ab") as file:
            process = subprocess.Popen(arguments, stdout=file, stderr=file, cwd=ROOT, start_new_session=True)
        memory = Memory(process.pid)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        finally:
            memory.end()
        most = max(most, memory.most)
        if patience is None and process.returncode not in {0, 3}:
            raise SystemExit(log.read_text())
    return most


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2 * len(os.sched_getaffinity(0)))
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grader-batch-") as folder, group() as counted:
        work = Path(folder)
        source = hand_in(work / "class", options.students)
        tables = []
        wall = 0.0
        for name in ["undisturbed", "killed"][: 2 if options.kills else 1]:
            moments = random.Random(options.seed)
            kills = [moments.uniform(2, max(3.0, wall / 3)) for _ in range(options.kills if tables else 0)]
            before, started = counted.seconds(), time.monotonic()
            arguments = command("batch", source, "--out", work / name, "--jobs", str(options.jobs))
            most = grade(arguments, kills, work / f"{name}.log")
            wall, used = time.monotonic() - started, counted.seconds() - before
            each = f"{used / options.students:.2f} s a submission"
            killed = f"; killed after {', '.join(f'{moment:.0f} s' for moment in kills)}" if kills else ""
            print(
                f"{name:12} {wall:7.1f} s, processor {used:7.1f} s, {each}, memory {most >> 20} MiB{killed}",
                flush=True,
            )
            tables.append((work / name / "grades.csv").read_text())
            print((work / f"{name}.log").read_text() if not kills else "", end="", flush=True)
    if len(tables) > 1:
        print("the same grades" if tables[0] == tables[1] else "other grades:")
        for first, second in zip(*(table.splitlines() for table in tables), strict=True):
            if first != second:
                print(f"- {first}\n+ {second}")
        return int(tables[0] != tables[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
