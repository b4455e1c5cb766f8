"""The table attack x sandbox at the end, and what the attacks may have left on this machine."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from grader.cells.docker import connected
from grader.cells.leftovers import abandoned
from grader.errors import CellError

_SHOWN = 10  #: rows of gradings that were killed
_BEFORE = pytest.StashKey[set[str]]()


def left_behind() -> set[str]:
    """Whatever a grading could leave: processes of rooms, mounts, files, containers and volumes without an owner."""
    found = set()
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
            if b"/run/init.py" in words or b"grader/init.py" in words or b"/data/" in words:
                found.add(f"process {folder.name}: {words[:80]!r}")
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found |= {f"mount {line}" for line in mounts if line.startswith("grader ")}
    found |= {f"file {path}" for path in Path("/tmp").glob("grader-*")}
    with contextlib.suppress(CellError):
        containers, volumes = abandoned(connected())
        found |= {f"container or volume {name}" for name in (*containers, *volumes)}
    return found


def _left(config: pytest.Config) -> set[str]:
    """What is there now and was not before the first test."""
    before = config.stash.get(_BEFORE, None)
    return left_behind() - (before or set())


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def pytest_sessionstart(session: pytest.Session) -> None:
    if _is_controller(session.config):
        session.config.stash[_BEFORE] = left_behind()


def _show_killed(terminalreporter: pytest.TerminalReporter) -> None:
    """How long it took until nothing was left of the gradings that were killed: told, and judged by nobody."""
    found = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            known = dict(getattr(report, "user_properties", ()))
            if "left" in known:
                found.append((known["left"], outcome, *known["killed"]))
    if found:
        terminalreporter.section("killed in the middle: seconds until nothing was left, the slowest first")
        for seconds, outcome, name, attempt in sorted(found, reverse=True)[:_SHOWN]:
            word = "nothing left" if outcome == "passed" else "NOT ALL GONE"
            terminalreporter.write_line(f"{name:45} {word} {seconds:6.2f}   caught in attempt {attempt}")
        middle = median(seconds for seconds, *_ in found)
        terminalreporter.write_line(
            f"{len(found)} killed: median {middle:.2f} s, slowest {max(found)[0]:.2f} s"
        )


def _show_attacks(terminalreporter: pytest.TerminalReporter) -> None:
    rows: dict[str, dict[str, Any]] = defaultdict(dict)
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            known = dict(getattr(report, "user_properties", ()))
            if "attack" in known:
                name, sandbox, must = known["attack"]
                seconds = known.get("seconds", (0.0, 0.0))
                rows[name][sandbox] = (outcome, must, *seconds)
    if not rows:
        return
    terminalreporter.section(
        "attacks: what must happen, seconds of its grading, seconds of the canary's beside it"
    )
    for name, cells in sorted(rows.items()):
        texts = [
            f"{sandbox}: {'contained' if outcome == 'passed' else outcome.upper()} ({must}) {own:5.1f} {bird:5.1f}"
            for sandbox, (outcome, must, own, bird) in sorted(cells.items(), reverse=True)
        ]
        terminalreporter.write_line(f"{name:45} {'   '.join(texts)}")
    for sandbox in ("namespaces", "docker"):
        found = [cells[sandbox] for cells in rows.values() if sandbox in cells]
        if found:
            held = sum(cell[0] == "passed" for cell in found)
            terminalreporter.write_line(
                f"{sandbox}: {held} of {len(found)} attacks contained; canary: median"
                f" {median(cell[3] for cell in found):.1f} s, slowest {max(cell[3] for cell in found):.1f} s"
            )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    _show_killed(terminalreporter)
    _show_attacks(terminalreporter)
    left = _left(config)
    terminalreporter.write_line(f"left behind: {len(left) or 'nothing'}")
    for line in sorted(left):
        terminalreporter.write_line(f"  {line}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _is_controller(session.config) and _left(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
