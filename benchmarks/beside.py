"""How long a correct submission takes beside a hostile one, against beside one that merely uses the processor.

    python benchmarks/beside.py [--rounds 5] [--sandbox docker] [ATTACK...]

ATTACK: names as in tests/hostile/attacks, like resources/fork-bomb; by default the five beside which the canary of
`make test-hostile` took longest. Each neighbour is graded with two jobs, again and again for as long as the canary takes, and
has its program or its build running when the canary is started. All in turns, in the same run; medians, and their ratio to the
neighbour `spins`, two of whose programs compute without end. Exit status 1 if a canary got less than full marks.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from grader.observe import proc

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the corpus is the tests'
from tests.end_to_end.grading import command  # noqa: E402 - see the line above
from tests.hostile.corpus import CLIENT, PROGRAM, Attack, load  # noqa: E402 - the same

WORST = (
    "resources/fork-bomb",
    "resources/fork-relay",
    "resources/memory-in-many",
    "resources/output",
    "resources/sends-without-end",
)
ALONE, SPINS = "alone", "spins"
#: Processes of the grader's own in each pid namespace that it makes: init, and in containers the worker too.
FIRST = {"namespaces": 1, "docker": 2}
PACE = 5  #: milliseconds between two looks for what nobody announces


def hand_in(neighbour: str, attacks: dict[str, Attack], folder: Path) -> Path:
    """Write the neighbour's submission."""
    folder.mkdir()
    if neighbour == SPINS:
        (folder / f"{PROGRAM}.c").write_text("int main(void)\n{\n    for (;;)\n        ;\n}\n")
        return folder
    return attacks[neighbour].hand_in(folder)


class Neighbour:
    """A submission that is graded again and again."""

    def __init__(self, submission: Path, out: Path, sandbox: str) -> None:
        self._sandbox = sandbox
        self._command = command(
            "check", submission, "--practical", "connection", "--program", PROGRAM, "--sandbox", sandbox, "--jobs", "2",
            "--out", out,
        )  # fmt: skip
        self._lock = threading.Lock()
        self._ended = False
        self._process = self._start()
        self._again = threading.Thread(target=self._go_on)
        self._again.start()

    def until_it_runs(self) -> None:
        """A program or a build of it is there: something in a room besides the grader's own processes."""
        pace = select.poll()
        outside = {_namespace(os.getpid()), ""}
        while True:
            rooms = collections.Counter(map(_namespace, self._processes()))
            if any(count > FIRST[self._sandbox] for room, count in rooms.items() if room not in outside):
                return
            pace.poll(PACE)

    def _processes(self) -> list[int]:
        """Those that may be in its rooms. Containers' are the engine's children: no others may run on this machine."""
        if self._sandbox == "docker":
            return [int(path.name) for path in Path("/proc").glob("[0-9]*")]
        with self._lock, contextlib.suppress(proc.ProcessGoneError):  # its grading ended: the next one begins
            return proc.descendants(self._process.pid)
        return []

    def end(self) -> None:
        with self._lock:
            self._ended = True
            self._process.send_signal(signal.SIGTERM)
        self._again.join()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            start_new_session=True,
        )

    def _go_on(self) -> None:
        while True:
            self._process.wait()
            with self._lock:
                if self._ended:
                    return
                self._process = self._start()


def _namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


@contextlib.contextmanager
def beside(neighbour: str, submissions: dict[str, Path], out: Path, sandbox: str) -> Iterator[None]:
    if neighbour == ALONE:
        yield
        return
    running = Neighbour(submissions[neighbour], out, sandbox)
    try:
        running.until_it_runs()
        yield
    finally:
        running.end()


def canary(out: Path, sandbox: str) -> float:
    """Seconds of wall time of a correct submission's grading; raises when it does not get its full marks."""
    started = time.monotonic()
    subprocess.run(
        command("check", CLIENT, "--program", PROGRAM, "--sandbox", sandbox, "--jobs", "2", "--out", out),
        check=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", default=WORST)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sandbox", choices=sorted(FIRST), default="namespaces")
    options = parser.parse_args()
    known = {str(attack): attack for attack in load()}
    for name in options.attacks:
        if name not in known:
            parser.error(f"there is no attack {name}; they are {', '.join(sorted(known))}")
    neighbours = [ALONE, SPINS, *options.attacks]
    took: dict[str, list[float]] = {name: [] for name in neighbours}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        submissions = {
            name: hand_in(name, known, work / name.replace("/", "-")) for name in neighbours if name != ALONE
        }
        for _ in range(options.rounds):
            for name in neighbours:
                with beside(name, submissions, work / "out", options.sandbox):
                    try:
                        took[name].append(canary(work / "canary", options.sandbox))
                    except subprocess.CalledProcessError as error:
                        print(f"beside {name} the canary was hurt:\n{error.stdout.decode(errors='replace')}")
                        return 1
    base = statistics.median(took[SPINS])
    print(f"{'beside':32} {'median':>8} {'slowest':>8} {'ratio':>6}")
    for name, seconds in took.items():
        median = statistics.median(seconds)
        print(f"{name:32} {median:6.2f} s {max(seconds):6.2f} s {median / base:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
