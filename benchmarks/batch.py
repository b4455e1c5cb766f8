"""A whole class by `grader batch`: wall and processor time, memory, and the same grades when it is killed on the way.

    python benchmarks/batch.py [--students 200] [--jobs 4] [--kills 5] [--cluster] [--seed 1]

The class is made of references, variants, defects, templates, broken archives and attacks, under made-up names, always the same
for the same number. It is graded once undisturbed; with --kills once more, the process group killed by SIGKILL so many times at
random moments, and gone on with; with --cluster once more, on a Dask scheduler and two workers, one of which is killed on the
way. Students who hand in the same share a grading. Prints for each: wall time, processor time of all processes, memory at most
(proportional set sizes, looked at twice a second). Exit status 1 if the tables of grades differ. As root, as benchmarks/warm.py.
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
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from warm import Group, group

from grader.batch.store import FILE
from grader.observe import proc
from grader.practical import load_practicals
from grader.validation.catalogue import load, materialise, variants, write_variant

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the corpus is the tests'
from tests.end_to_end.dask_cluster import Cluster  # noqa: E402 - see the line above
from tests.end_to_end.grading import command  # noqa: E402 - see the line above
from tests.hostile.corpus import load as attacks  # noqa: E402 - the same

Hand = Callable[[Path], object]
Meanwhile = Sequence[tuple[float, Callable[[], object]]]
LOOK = 0.5  #: seconds between two looks at the memory


def hands(students: int) -> Iterator[Hand]:
    """What each hands in: six of ten a defect, and of everything else in turns. A small class is the beginning of a large one."""
    practicals = list(load_practicals())
    kinds: list[list[Hand]] = [
        [_copies(path) for path in sorted((ROOT / "reference").glob("*/*")) if path.name in {"c", "python"}],
        [functools.partial(write_variant, path) for practical in practicals for path in variants(practical)],
        [attack.hand_in for attack in attacks()],
        [_copies(ROOT / "student_template" / practical) for practical in practicals],
        [_broken, _empty],
    ]
    every: list[Hand] = [functools.partial(materialise, defect) for defect in load()]
    for kind in (every, *kinds):
        random.Random(1).shuffle(kind)  # of every practical as many, however large the class
    defects = itertools.cycle(every)
    others = itertools.cycle(map(itertools.cycle, kinds))
    for number in range(students):
        yield next(defects) if number % 10 < 6 else next(next(others))


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
    """What a process and its descendants use together, at most."""

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


def grade(arguments: list[str], log: Path, kills: Sequence[float] = (), meanwhile: Meanwhile = ()) -> int:
    """Run the command to its end, killed after each of `kills` seconds and begun again; memory at most, in bytes.

    `meanwhile`: what is done so many seconds after its start.
    """
    most = 0
    for patience in [*kills, None]:
        with log.open("ab") as file:
            process = subprocess.Popen(arguments, stdout=file, stderr=file, cwd=ROOT, start_new_session=True)
        timers = [threading.Timer(seconds, action) for seconds, action in meanwhile]
        memory = Memory(os.getpid() if meanwhile else process.pid)  # a cluster's workers are this process's
        try:
            for timer in timers:
                timer.start()
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        finally:
            memory.end()
            for timer in timers:
                timer.cancel()
        most = max(most, memory.most)
        if patience is None and process.returncode not in {0, 3}:
            raise SystemExit(log.read_text())
    return most


class Class:
    """One class, graded again and again."""

    def __init__(self, work: Path, counted: Group, options: argparse.Namespace) -> None:
        self._work = work
        self._counted = counted
        self._jobs: int = options.jobs
        self._source = hand_in(work / "class", options.students)

    def graded(
        self, name: str, *more: str, kills: Sequence[float] = (), meanwhile: Meanwhile = ()
    ) -> tuple[str, float]:
        """The table of grades, and the wall time in seconds."""
        out, log = self._work / name, self._work / f"{name}.log"
        before, started = self._counted.seconds(), time.monotonic()
        chosen = [word for practical in load_practicals() for word in ("--practical", practical)]
        arguments = command("batch", self._source, "--out", out, "--jobs", str(self._jobs), *chosen, *more)
        most = grade(arguments, log, kills, meanwhile)
        wall, used = time.monotonic() - started, self._counted.seconds() - before
        with contextlib.closing(sqlite3.connect(out / FILE)) as database:
            ((gradings,),) = database.execute("SELECT count(*) FROM jobs")
        words = f"{name:12} {wall:7.1f} s, processor {used:7.1f} s, {gradings} gradings"
        words += (
            f", {used / gradings:.2f} s each, {60 * gradings / wall:.0f} a minute, memory {most >> 20} MiB"
        )
        killed = f"; killed after {', '.join(f'{moment:.0f} s' for moment in kills)}" if kills else ""
        print(words + killed, flush=True)
        if not kills and not more:
            print(log.read_text(), end="", flush=True)
        return (out / "grades.csv").read_text(), wall


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2 * len(os.sched_getaffinity(0)))
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    same = True
    with tempfile.TemporaryDirectory(prefix="grader-batch-") as folder, group() as counted:
        work = Path(folder)
        graded = Class(work, counted, options)
        table, wall = graded.graded("undisturbed")
        if options.kills:
            kills = [moments.uniform(2, max(3.0, wall / 3)) for _ in range(options.kills)]
            same = compared(table, graded.graded("killed", kills=kills)[0]) and same
        if options.cluster:
            (work / "dask").mkdir()
            cluster = Cluster(work / "dask", threads=max(1, options.jobs // 2))
            moment = moments.uniform(wall / 4, wall / 2)
            try:
                death = [(moment, cluster.workers[0].kill)]
                again, _ = graded.graded("cluster", "--scheduler", cluster.address, meanwhile=death)
            finally:
                cluster.close()
            killed = cluster.workers[0].returncode == -signal.SIGKILL
            print(f"one of two workers was {'killed' if killed else 'NOT killed'} after {moment:.0f} s")
            same = same and killed
            same = compared(table, again) and same
    return int(not same)


def compared(first: str, second: str) -> bool:
    print("the same grades" if first == second else "other grades:", flush=True)
    for before, after in itertools.zip_longest(first.splitlines(), second.splitlines()):
        if before != after:
            print(f"- {before}\n+ {after}", flush=True)
    return first == second


if __name__ == "__main__":
    sys.exit(main())
