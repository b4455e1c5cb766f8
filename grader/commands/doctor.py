"""grader doctor: what this machine can do, what is missing, and the line that mends it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox, open_cell, seccomp
from grader.cells.base import NoFiles
from grader.cells.shares import shares
from grader.errors import CellError
from grader.text import bounded, printable
from grader.trial import Finding, trial_body

INSTALL = "apt-get install --no-install-recommends"


@click.command()
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
@click.option(
    "--clean", is_flag=True, help="Remove what graders that were killed left with the Docker engine."
)
def doctor(sandbox: str | None, clean: bool) -> int:  # noqa: FBT001 - click passes flags by keyword
    """Say whether this machine can grade, and if not, what to do about it."""
    console = Console(highlight=False, soft_wrap=True)
    if clean:
        return _clean(console)
    findings = _docker() if chosen_sandbox(sandbox) == "docker" else _namespaces()
    for finding in findings:
        mark = "[green]ok[/]     " if finding.ok else "[red]missing[/]"
        console.print(f"{mark} {finding.what}: {escape(finding.detail)}")
        if finding.remedy and (not finding.ok or finding.note):
            console.print(f"        {escape(finding.remedy)}")
    if all(finding.ok for finding in findings):
        console.print("this machine can grade")
        return 0
    console.print("this machine cannot grade yet; mend the lines above")
    return 3


def _namespaces() -> list[Finding]:
    return [
        _program("bwrap", "bubblewrap", "the sandbox"),
        _program("strace", "strace", "system calls and what they returned"),
        _program("make", "make", "builds"),
        _program("gcc", "gcc libc6-dev", "builds"),
        _filter(),
        _file("/usr/bin/python3", "python3", "programs in Python, and the room's init"),
        _kernel(),
        *_cell("namespaces"),
        _shares(),
    ]


def _filter() -> Finding:
    try:
        seccomp.refusals()
    except CellError:
        remedy = "apt-get install libseccomp2"
        return Finding("libseccomp", ok=False, detail="not found; the filter of system calls", remedy=remedy)
    return Finding("libseccomp", ok=True, detail="the filter of system calls")


def _shares() -> Finding:
    found = shares()
    if found is not None:
        controllers = sorted(set[str]().union(*(place.controllers for place in found.places)))
        return Finding("shares", ok=True, detail=f"each room has a control group: {', '.join(controllers)}")
    detail = (
        "degraded: no control group can be made; a room's memory and processor time are watched, not divided"
    )
    remedy = (
        "as root, or in `systemd-run --user --scope -p Delegate=yes grader ...`, rooms have groups; for submissions"
        " of people you do not trust, use --sandbox docker (docs/security.md)"
    )
    return Finding("shares", ok=True, detail=detail, remedy=remedy, note=True)


def _docker() -> list[Finding]:
    from grader.cells import images  # noqa: PLC0415 - with an engine only
    from grader.cells.docker import connected  # noqa: PLC0415 - the same

    try:
        client = connected()
    except CellError as error:
        remedy = "apt-get install docker.io, and usermod -aG docker NAME for who is to grade"
        return [_kernel(), Finding("engine", ok=False, detail=str(error), remedy=remedy)]
    said = client.info()
    groups = f"control groups v{said.get('CgroupVersion', '1')}"
    findings = [_kernel(), Finding("engine", ok=True, detail=f"Docker {said['ServerVersion']}, {groups}")]
    findings += [_limit(said, key, words) for key, words in _LIMITS.items()]
    if not images.present(client):
        return [*findings, Finding("images", ok=False, detail="not there", remedy="grader image build")]
    return [*findings, Finding("images", ok=True, detail=images.tag()), *_cell("docker")]


#: What the engine must be able to limit in a room, as its GET /info names it.
_LIMITS = {
    "MemoryLimit": "memory",
    "SwapLimit": "swap",
    "PidsLimit": "processes",
    "CpuCfsQuota": "processor time",
}


def _limit(said: dict[str, object], key: str, words: str) -> Finding:
    ok = bool(said.get(key))
    detail = (
        "the engine can limit it" if ok else "the engine cannot limit it: the kernel's control group is off"
    )
    # Without swap there is none to limit.
    harmless = key == "SwapLimit" and not Path("/proc/swaps").read_text().splitlines()[1:]
    return Finding(words, ok=ok or harmless, detail=detail if ok or not harmless else "this machine has none")


def _clean(console: Console) -> int:
    from grader.cells.docker import connected  # noqa: PLC0415 - with an engine only
    from grader.cells.leftovers import clean  # noqa: PLC0415 - the same

    removed = clean(connected())
    console.print(f"removed {removed} containers and volumes of graders that have ended")
    return 0


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


def _cell(sandbox: str) -> list[Finding]:
    """Start a real cell and try in it what checks do."""
    remedy = _namespace_remedy() if sandbox == "namespaces" else "look at what the engine logs"
    try:
        cell = open_cell(NoFiles(), {"trial": trial_body}, sandbox=sandbox)
    except CellError as error:
        return [Finding("sandbox", ok=False, detail=str(error).split("; see")[0], remedy=remedy)]
    try:
        worker = cell.start_worker("trial")
        return msgspec.json.decode(worker.connection.recv_bytes(), type=list[Finding])
    except EOFError:
        detail = f"its worker died: {bounded(printable(worker.last_words()), 500)}".removesuffix(": ")
        return [Finding("sandbox", ok=False, detail=detail, remedy=remedy)]
    finally:
        cell.close()


def _namespace_remedy() -> str:
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (AppArmor forbids user namespaces)"
    if Path("/proc/sys/kernel/unprivileged_userns_clone").exists():
        return "sysctl -w kernel.unprivileged_userns_clone=1   (Debian's switch for user namespaces)"
    return "sysctl -w user.max_user_namespaces=10000   (inside Docker: --security-opt seccomp=unconfined)"
