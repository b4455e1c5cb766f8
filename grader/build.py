"""Turn a submission into programs that can be started, inside a room, as the contract orders.

For each program: what `make` builds, else NAME.c alone, else NAME.py, else an executable script. A submission
that holds several practicals may keep each in a folder of its name.
This runs in a worker beside a room whose /work is writable; afterwards /work is read-only.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath

import msgspec

from grader.cells.base import Cell
from grader.cells.room import Room
from grader.errors import CellError
from grader.job import BuildStep
from grader.patterned import COMPILER, COPY, FOLDER, Compiler, patterning
from grader.practical import Program
from grader.program.output import Output
from grader.text import bounded, printable

#: Ceilings of one build command in seconds: processor time, and wall time.
CPU_CEILING, WALL_CEILING = 60, 90
WHOLE_CEILING = 120  #: seconds of wall time for all commands of a practical's build together
OUTPUT_SHOWN = 6_000  #: characters of a command's output that are kept
_LIMITS = {"cpu": (CPU_CEILING, CPU_CEILING), "as": (4 << 30, 4 << 30)}
_LINKS = 8  #: from one to the next
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_MAKE = ("/usr/bin/make", "--no-print-directory")


class Built(msgspec.Struct):
    """How to start each program. What was not handed in is in neither `commands` nor `failed`."""

    commands: dict[str, list[str]] = {}  #: program -> argv prefix; paths are the room's
    failed: dict[str, str] = {}  #: program -> the compiler's words
    #: Those built once more, with a pattern in fresh memory (`grader.patterned`).
    patterned: dict[str, list[str]] = {}
    steps: list[BuildStep] = []
    notes: list[str] = []


class Order(msgspec.Struct):
    """What to build."""

    practical: str
    programs: list[Program]


def build_body(room: Room, connection: Connection) -> None:
    """The worker's body: receives an `Order`, answers with `Built`, both as JSON."""
    order = msgspec.json.decode(connection.recv_bytes(), type=Order)
    names = [name for program in order.programs for name in (program.name, *program.aliases)]
    builder = Builder(room, folder_of(room.work, order.practical, names))
    connection.send_bytes(msgspec.json.encode(builder.build(order.programs)))


def folder_of(work: Path, practical: str, names: Sequence[str]) -> str:
    """The folder of the submission that holds these programs: the practical's own, else the submission's root ("")."""
    own = work / practical
    if not stat.S_ISDIR(_mode(own)):
        return ""
    files = {*MAKEFILES, *names, *(f"{name}{suffix}" for name in names for suffix in (".c", ".py"))}
    return practical if any(stat.S_ISREG(_mode(own / name)) for name in files) else ""


def built_in(cell: Cell, practical: str, programs: Sequence[Program]) -> Built:
    """Have a worker of the cell, which knows `build_body` as "build", build these. Raises `CellError` when it dies."""
    worker = cell.start_worker("build")
    worker.connection.send_bytes(msgspec.json.encode(Order(practical, list(programs))))
    try:
        return msgspec.json.decode(worker.connection.recv_bytes(), type=Built)
    except (EOFError, OSError) as error:
        words = bounded(printable(worker.last_words()), 1_000) or "its worker died"
        raise CellError(f"the sandbox ended during the build: {words}; see: grader doctor") from error
    finally:
        worker.connection.close()
        worker.kill()


class Builder:
    """One build. Everything below /work is the student's: it is looked at, never followed."""

    def __init__(self, room: Room, folder: str = "", compiler: Compiler = COMPILER) -> None:
        self._room = room
        self._compiler = compiler
        self._folder = room.work / folder  # as this side sees it
        self._inside = f"/work/{folder}".rstrip("/")  # as the room does
        self._built = Built()
        self._make_usable = any(self._is_file(name) for name in MAKEFILES)
        self._prebuilt: set[str] = set()
        self._hung = ""  #: what make said before it was stopped
        self._deadline = time.monotonic() + WHOLE_CEILING

    def build(self, programs: Sequence[Program]) -> Built:
        self._remove_prebuilt([name for program in programs for name in (program.name, *program.aliases)])
        if self._make_usable:
            _, self._hung = self._run([*_MAKE])
            self._hung = "" if self._make_usable else self._hung
        for program in programs:
            self._find(program)
        for name in sorted(self._prebuilt):
            if self._kind(name) != "program":
                self._built.notes.append(
                    f"The compiled file {name} was ignored: no Makefile rule builds it. Hand in its source."
                )
        self._build_patterned([program for program in programs if program.patterned])
        self._open_to_group()
        for step in self._built.steps:
            step.programs = [p for p, argv in self._built.commands.items() if argv[0] in step.programs]
        return self._built

    def _build_patterned(self, programs: Sequence[Program]) -> None:
        """Those of these that were compiled, once more in a copy of the folder; nothing is said where that does not work."""
        commands = self._built.commands
        compiled = [p for p in programs if len(commands.get(p.name, ())) == 1 and self._is_compiled(p)]
        steps = len(self._built.steps)
        built = [commands[program.name][0].rpartition("/")[2] for program in compiled]
        if compiled and self._run(["/bin/sh", "-c", COPY, "sh", *built])[0]:
            folder = self._folder.relative_to(self._room.work) / FOLDER
            copy = Builder(self._room, str(folder), patterning(f"{self._inside}/{FOLDER}"))
            copy._make_usable, copy._deadline = self._make_usable, self._deadline
            again = copy.build([msgspec.structs.replace(program, patterned=False) for program in compiled])
            self._built.patterned = {
                p.name: again.commands[p.name]
                for p in compiled
                if copy._is_compiled(p) and copy._way_to(p) == self._way_to(p)
            }
        del self._built.steps[steps:]

    def _way_to(self, program: Program) -> str | None:
        """What made it: make by its name, the compiler alone, or None: make's default target."""
        known = {program.name, self._built.commands[program.name][0]}
        ways = (step.command.split()[0] for step in self._built.steps if step.ok and known & {*step.programs})
        return next(ways, None)

    def _is_compiled(self, program: Program) -> bool:
        argv = self._built.commands.get(program.name, [""])
        return self._kind(argv[0].rpartition("/")[2]) == "program"

    def _open_to_group(self) -> None:
        """Other rooms may have another user, and the same group: what was built under a strict umask is theirs too."""
        self._room.run(["/bin/chmod", "-R", "g+rX", "."], cwd=self._inside)

    def _remove_prebuilt(self, names: Sequence[str]) -> None:
        """Only what is built now counts, so that the verdict is about the sources.

        The executable bit says nothing: archives made on Windows lose it, and make looks at times alone.
        """
        for name in names:
            if self._is_file(name) and self._start_of(name) != b"#!":
                (self._folder / name).unlink()
                self._prebuilt.add(name)

    def _find(self, program: Program) -> None:
        """Make the program startable under its own name or an alias; else note why it failed, if it was there."""
        words = ""
        for name in (program.name, *program.aliases):
            said = self._make_startable(program.name, name)
            if program.name in self._built.commands:
                if name != program.name:
                    self._built.notes.append(f"{name} was taken for {program.name}.")
                return
            words = words or said
        if words or self._hung:
            self._built.failed[program.name] = words or self._hung

    def _make_startable(self, program: str, name: str) -> str:
        """Find or build `name`; the words of what failed, "" when it worked or nothing of that name is there."""
        words = ""
        source = f"{name}.c"
        has_source = self._is_file(source)
        if self._kind(name) is None and self._make_usable:
            ok, words = self._run([*_MAKE, name], products=[name])
            if not ok and _no_rule(words, name):  # nobody promised that make builds it
                words = ""
                self._built.steps.pop()
        if self._kind(name) != "program" and has_source:
            compiler = [self._compiler.path, "-O1", "-g", "-Wall", "-o", name, source, "-lpthread"]
            ok, alone = self._run(compiler, products=[name])
            if ok and words:
                self._built.notes.append(f"make did not build {name}; {source} was compiled alone.")
            words = words or alone
        if self._kind(name) == "program":
            self._built.commands[program] = [f"{self._inside}/{name}"]
        elif self._is_file(f"{name}.py"):
            self._built.commands[program] = ["/usr/bin/python3", f"{self._inside}/{name}.py"]
        elif self._kind(name) == "script":
            self._built.commands[program] = [f"{self._inside}/{name}"]
        elif has_source:
            return words or f"no executable file {name} came out of the build"
        return words

    def _run(self, argv: list[str], products: Sequence[str] = ()) -> tuple[bool, str]:
        """Run one command in the room; (whether it succeeded, its bounded output)."""
        command = " ".join([os.path.basename(argv[0]), *argv[1:]])  # noqa: PTH119 - a name in the room
        left = self._deadline - time.monotonic()
        if left <= 0:
            words = f"[not run: the whole build had taken {WHOLE_CEILING} s by then]"
            self._built.steps.append(BuildStep(command, ok=False, output=words))
            return False, words
        ceiling = min(WALL_CEILING, left)
        ours, theirs = os.pipe()
        null = os.open(os.devnull, os.O_RDWR)
        started = time.monotonic()
        child = self._room.spawn(
            argv, (null, theirs, theirs), cwd=self._inside, limits=_LIMITS, env=self._compiler.environment
        )
        os.close(theirs)
        os.close(null)
        output = Output(ours, keep=OUTPUT_SHOWN * 4)
        status = child.wait(ceiling)
        self._room.kill_all()  # what the build left running; also gives the pipe its end of file
        output.wait_end(WALL_CEILING)
        child.close()
        words = bounded(printable(output.content.decode(errors="replace"), newlines=True), OUTPUT_SHOWN)
        if output.length > OUTPUT_SHOWN * 4:
            words += f"\n[{output.length:,} bytes of output; only the beginning is shown]"
        if status is None:
            whole = f", and the whole build may take {WHOLE_CEILING} s" if ceiling < WALL_CEILING else ""
            words += f"\n[stopped: it had not ended after {ceiling:.0f} s{whole}]"
            self._make_usable = False  # it would only hang again for every program
        elif os.WIFSIGNALED(status):
            words += f"\n[killed by signal {os.WTERMSIG(status)}]"
        ok = status == 0
        step = BuildStep(command, ok, words.strip(), time.monotonic() - started)
        step.programs = [f"{self._inside}/{name}" for name in products]
        self._built.steps.append(step)
        return ok, words.strip()

    def _is_file(self, name: str) -> bool:
        return stat.S_ISREG(_mode(self._folder / name)) and self._is_ours()

    def _is_ours(self) -> bool:
        """The folder is still one, and what it lies in: a build might have put a link in the place of either."""
        places = [self._folder, *self._folder.parents]
        below = places[: places.index(self._room.work) + 1]
        return all(stat.S_ISDIR(_mode(place)) for place in below)

    def _behind(self, name: str) -> str:
        """Where a link that the build made ends, as a path in the folder; `name` when it is none, or leads elsewhere.

        One program may do the work of several: it sees by which name it was called.
        """
        there = name
        for _ in range(_LINKS):
            path = self._folder / there
            if not stat.S_ISLNK(_mode(path)):
                return there
            target = PurePosixPath(path.readlink())
            inside = target.is_relative_to(self._inside)
            there = str(target.relative_to(self._inside) if inside else PurePosixPath(there).parent / target)
            parents = list(PurePosixPath(there).parents)[:-1]
            if there.startswith("/") or ".." in PurePosixPath(there).parts:
                break
            if not all(stat.S_ISDIR(_mode(self._folder / parent)) for parent in parents):
                break
        return name

    def _start_of(self, name: str) -> bytes | None:
        """The first two bytes of the regular file `name`, None when there is no such file."""
        if not self._is_file(name):
            return None
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            return os.read(descriptor, 2) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
        finally:
            os.close(descriptor)

    def _kind(self, name: str) -> str | None:
        """What the file called `name`, or the one that a link of this name leads to, is when executed: "program", "script" or None."""
        name = self._behind(name)
        start = self._start_of(name)
        if start is None or not _mode(self._folder / name) & 0o100:
            return None
        return "script" if start == b"#!" else "program"


def _mode(path: Path) -> int:
    """`st_mode` of what stands there, itself if it is a link; 0 when nothing does."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _no_rule(words: str, name: str) -> bool:
    return re.search(rf"No rule to make target [`']{re.escape(name)}'\.", words) is not None
