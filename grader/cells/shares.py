"""What a room gets of the machine: a control group of its own, where groups can be made (cgroups(7), both versions).

The kernel divides the processor between groups as it does between single programs: a room of two hundred programs gets no
more than one of a single program, however many sessions it makes. Memory and processes are bounded for all of a room together.

A group outlives whoever made it. So a process that belongs to no terminal waits for the end of all that may use them, and
removes what they left: also when everything else was killed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
import secrets
import select
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

CONTROLLERS = ("cpu", "memory", "pids")
_PROCESSES = 1024  #: of a room together; a user's limit on processes (RLIMIT_NPROC) is lower
_REMOVAL = 2.0  #: seconds that killed processes may take to leave their group
_NOT_READY = (
    1  #: millisecond between two attempts; a group tells nobody without a watch of its own that it is empty
)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where groups can be made, for some of the controllers."""

    directory: Path
    controllers: frozenset[str]
    unified: bool  #: version 2
    own: bool  #: this process's own group, not one above it


class Group:
    """One room's; `descriptors` are for its worker: what counts the kills for want of memory, then where to join."""

    def __init__(self, directories: Sequence[Path], counts: Path | None) -> None:
        self._directories = directories
        self.descriptors: list[int] = []
        try:
            self.descriptors.append(os.open(counts or os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            for directory in directories:
                self.descriptors.append(os.open(directory / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the descriptors: the worker has its own."""
        while self.descriptors:
            os.close(self.descriptors.pop())

    def remove(self) -> None:
        """Once nothing runs in it; what stays busy is left to the process that waits for that."""
        self.close()
        _remove(self._directories, time.monotonic() + _REMOVAL)


class Shares:
    """Makes groups, all of whose names begin with `prefix`."""

    def __init__(self, places: Sequence[Place], prefix: str) -> None:
        self.places = places
        self._prefix = prefix
        self._made = 0

    def group(self, memory: int) -> Group:
        """A group that may have so many bytes of memory; raises `OSError`."""
        self._made += 1
        name = f"{self._prefix}-{os.getpid()}-{self._made}"
        directories: list[Path] = []
        counts = None
        try:
            for place in self.places:
                directory = place.directory / name
                directory.mkdir()
                directories.append(directory)
                _limit(directory, place, memory)
                if "memory" in place.controllers:
                    counts = directory / ("memory.events" if place.unified else "memory.oom_control")
            return Group(directories, counts)
        except OSError:
            _remove(directories, time.monotonic())
            raise


@functools.cache
def shares() -> Shares | None:
    """Asked once in a process and all that it forks; None where no group with a share of the processor can be made."""
    prefix = f"grader-{secrets.token_hex(6)}"
    hierarchies = _hierarchies()
    writable = [place for places in hierarchies for place in places if os.access(place.directory, os.W_OK)]
    if not writable:
        return None
    _leave_a_sweeper({place.directory for place in writable}, prefix)
    switched: list[tuple[Place, list[str]]] = []
    found = list(_usable(hierarchies, prefix, switched))
    if not any("cpu" in place.controllers for place in found):
        found = []
    for place, controllers in switched:
        if place.directory not in {used.directory for used in found}:
            _switch(place, controllers, "-")
    return Shares(found, prefix) if found else None


def kills(descriptor: int) -> int:
    """How many processes of a group the kernel has killed for want of memory; the first of `Group.descriptors`."""
    found = re.search(rb"^oom_kill (\d+)$", os.pread(descriptor, 4096, 0), re.MULTILINE)
    return int(found[1]) if found else 0


def join(descriptors: Sequence[int]) -> None:
    """Put this process into the group, and all that it will start; `descriptors`: the others of `Group.descriptors`."""
    for descriptor in descriptors:
        os.write(descriptor, b"0")


def _limit(directory: Path, place: Place, memory: int) -> None:
    """Each bound is a second one: the room's own come first, and tell more."""
    files = {}
    if "memory" in place.controllers:
        name = "memory.max" if place.unified else "memory.limit_in_bytes"
        files[name] = memory
    if "pids" in place.controllers:
        files["pids.max"] = _PROCESSES
    for name, value in files.items():
        (directory / name).write_text(str(value))


def _usable(
    hierarchies: Sequence[Sequence[Place]], prefix: str, switched: list[tuple[Place, list[str]]]
) -> Iterator[Place]:
    """The place of each hierarchy that gives most of the controllers that no place before it gives; of equals the nearest.

    What was switched on at a place for the trial is added to `switched`.
    """
    missing = frozenset(CONTROLLERS)
    for places in hierarchies:
        best = None
        for place in places:
            wanted = dataclasses.replace(place, controllers=place.controllers & missing)
            found = dataclasses.replace(wanted, controllers=_given(wanted, prefix, switched))
            if best is None or len(found.controllers) > len(best.controllers):
                best = found
            if best.controllers == wanted.controllers:
                break
        if best is not None and best.controllers:
            missing -= best.controllers
            yield best


def _hierarchies() -> list[list[Place]]:
    """The hierarchies that this process is in, version 1 first: its own group, and those above it, with what they may give.

    Version 1 has a hierarchy for each controller or some of them, version 2 one for all the others. Version 2 gives nothing
    below a group that has processes of its own; a group beside it is as good.
    """
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        controllers = frozenset(names.split(",")) - {""}  # none: version 2
        for target, source in mounts:
            kind, _, options = source.split(" ", 2)
            root, mount = target.split()[3:5]
            same = kind == "cgroup2" if not controllers else controllers <= {*options.split(",")}
            if kind.startswith("cgroup") and same and path.startswith(root):
                own = Path(mount) / path[len(root) :].lstrip("/")
                found.append(
                    [
                        Place(
                            each,
                            controllers or frozenset(CONTROLLERS),
                            unified=not controllers,
                            own=each == own,
                        )
                        for each in (own, *own.parents)
                        if each.is_relative_to(mount)
                    ]
                )
                break
    return sorted(found, key=lambda places: places[0].unified)


def _given(place: Place, prefix: str, switched: list[tuple[Place, list[str]]]) -> frozenset[str]:
    """Which of the controllers it gives: a group was made there, and a process joined it."""
    directory = place.directory / f"{prefix}-try"
    given = place.controllers
    try:
        directory.mkdir()
        try:
            if place.unified:
                switched.append((place, _enable(place)))
                given &= frozenset((directory / "cgroup.controllers").read_text().split())
            return given if given and _joins(directory) else frozenset()
        finally:
            _remove([directory], time.monotonic() + _REMOVAL)
    except OSError:
        return frozenset()


def _enable(place: Place) -> list[str]:
    """Let groups below have the controllers: of one's own. For the machine's other groups root could as well, and does not.

    Those that were not there before are returned. A group with processes of its own takes some of them and gives them to
    nobody (cgroups(7), thread mode).
    """
    if os.geteuid() == 0 and not place.own:
        return []
    before = (place.directory / "cgroup.subtree_control").read_text().split()
    return _switch(place, [name for name in sorted(place.controllers) if name not in before], "+")


def _switch(place: Place, controllers: Sequence[str], sign: str) -> list[str]:
    """Those that could be switched on (+) or off (-)."""
    done = []
    for controller in controllers:
        with contextlib.suppress(OSError):
            (place.directory / "cgroup.subtree_control").write_text(f"{sign}{controller}")
            done.append(controller)
    return done


def _joins(directory: Path) -> bool:
    child = os.fork()
    if child == 0:
        try:
            (directory / "cgroup.procs").write_text("0")
        except BaseException:  # noqa: BLE001 - the child must not go on as the parent
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _remove(directories: Sequence[Path], deadline: float) -> bool:
    """Whether all of them have gone."""
    left = list(directories)
    pace = select.poll()
    while True:
        for directory in list(left):
            with contextlib.suppress(OSError):
                directory.rmdir()
            if not directory.exists():
                left.remove(directory)
        if not left or time.monotonic() >= deadline:
            return not left
        pace.poll(_NOT_READY)


def _leave_a_sweeper(places: Iterable[Path], prefix: str) -> None:
    """Start the process that removes the groups once this one, and all that it forked, have ended."""
    waits, _ = os.pipe()  # the other end stays open in this process and its forks for as long as they live
    middle = os.fork()
    if middle:
        os.close(waits)
        os.waitpid(middle, 0)
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.closerange(3, waits)
        os.closerange(waits + 1, 1 << 16)
        os.chdir("/")
        os.read(waits, 1)
        left = [group for place in places for group in place.glob(f"{prefix}-*")]
        _remove(left, time.monotonic() + 10 * _REMOVAL)
    finally:
        os._exit(0)
