"""grader doctor: what this machine can do, what is missing, and the line that mends it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from multiprocessing.connection import Connection
from pathlib import Path

import click
import msgspec
from rich.console import Console

from grader.cells import open_cell
from grader.cells.room import Room
from grader.errors import CellError
from grader.observe.syscalls import Tracer

INSTALL = "apt-get install --no-install-recommends"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""


@click.command()
def doctor() -> int:
    """Say whether this machine can grade, and if not, what to do about it."""
    console = Console(highlight=False, soft_wrap=True)
    findings = [
        _program("bwrap", "bubblewrap", "the sandbox"),
        _program("strace", "strace", "system calls and injected errors"),
        _program("make", "make", "builds"),
        _program("gcc", "gcc libc6-dev", "builds"),
        _file("/usr/bin/python3", "python3", "programs in Python, and the room's init"),
        _kernel(),
        *_cell(),
    ]
    for finding in findings:
        mark = "[green]ok[/]     " if finding.ok else "[red]missing[/]"
        console.print(f"{mark} {finding.what}: {finding.detail}")
        if not finding.ok and finding.remedy:
            console.print(f"        {finding.remedy}")
    if all(finding.ok for finding in findings):
        console.print("this machine can grade")
        return 0
    console.print("this machine cannot grade yet; mend the lines above")
    return 3


def _program(name: str, package: str, purpose: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, ok=False, detail=f"not found ({purpose})", remedy=f"{INSTALL} {package}")
    words = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    return Finding(name, ok=True, detail=words.splitlines()[0] if words else path)


def _file(path: str, package: str, purpose: str) -> Finding:
    found = Path(path).exists()
    detail = path if found else f"not found ({purpose})"
    return Finding(path, ok=found, detail=detail, remedy=f"{INSTALL} {package}")


def _kernel() -> Finding:
    release = platform.release()
    major, minor = (int("".join(filter(str.isdigit, part)) or 0) for part in release.split(".")[:2])
    ok = (major, minor) >= (5, 6)  # pidfd_getfd; pidfds and socket diagnosis are older
    return Finding("kernel", ok=ok, detail=release, remedy="Linux 5.6 or later is needed")


def _cell() -> list[Finding]:
    """Start a real cell and try in it what checks do."""
    bodies = {"trial": _trial}
    try:
        cell = open_cell(_NoFiles(), bodies)
        try:
            worker = cell.start_worker("trial")
            return msgspec.json.decode(worker.connection.recv_bytes(), type=list[Finding])
        finally:
            cell.close()
    except EOFError:
        return [Finding("sandbox", ok=False, detail="its worker died", remedy=_namespace_remedy())]
    except CellError as error:
        return [Finding("sandbox", ok=False, detail=str(error).split("; see")[0], remedy=_namespace_remedy())]


class _NoFiles:
    def copy_to(self, dirfd: int) -> None:
        """A trial needs no submission."""


def _trial(room: Room, connection: Connection) -> None:
    findings = [Finding("sandbox", ok=True, detail="user, network, mount and pid namespaces work")]
    for what, attempt in (("trace", _try_trace), ("build", _try_build)):
        try:
            findings.append(Finding(what, ok=True, detail=attempt(room)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            findings.append(Finding(what, ok=False, detail=str(error)))
    connection.send_bytes(msgspec.json.encode(findings))


def _try_trace(room: Room) -> str:
    from grader.worker.program import start  # noqa: PLC0415 - needed in the worker only

    sleeper = start(room, "sleep", ["/bin/sleep"], ["1000"])
    tracer = Tracer()
    tracer.start(sleeper.pid, calls=["all"], gated=False)
    tracer.stop()
    room.kill_all()
    sleeper.close()
    return "strace can follow a program of the room from outside"


def _try_build(room: Room) -> str:
    from grader.worker.program import start  # noqa: PLC0415 - needed in the worker only

    source = room.data / "trial.c"
    source.write_text("int main(void) { return 0; }\n")
    compiler = start(room, "gcc", ["/usr/bin/gcc"], ["-o", "/data/trial", "/data/trial.c"])
    compiler.wait(60)
    words = compiler.stderr.last_lines()
    status = compiler.exit_status()
    compiler.close()
    if status != 0:
        raise CellError(f"gcc in the room ended with {status}: {words}")
    return "gcc works in the room"


def _namespace_remedy() -> str:
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (AppArmor forbids user namespaces)"
    if Path("/proc/sys/kernel/unprivileged_userns_clone").exists():
        return "sysctl -w kernel.unprivileged_userns_clone=1   (Debian's switch for user namespaces)"
    return "sysctl -w user.max_user_namespaces=10000   (inside Docker: --security-opt seccomp=unconfined)"
