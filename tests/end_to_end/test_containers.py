"""A grading in containers: how it is closed off, and what is left when it ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.cells import images
from grader.cells.base import NoFiles
from grader.cells.containers import LABEL
from grader.cells.docker import DockerCell, connected
from grader.cells.leftovers import OWNER, owner
from grader.errors import CellError
from grader.observe import proc
from grader.trial import Finding
from tests.end_to_end.grading import CEILING, ROOT, command, grader

pytestmark = pytest.mark.needs_sandbox("docker")

SUBMISSION = ROOT / "reference" / "reverse" / "c"


@contextlib.contextmanager
def grading(**options: Any) -> Iterator[subprocess.Popen[str]]:
    """A grading in containers that has started."""
    process = subprocess.Popen(
        # A background job of a shell ignores SIGINT, and so would what is started from there.
        ["env", "--default-signal=INT", *command("check", SUBMISSION, "--sandbox", "docker", "--jobs", "2")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        **options,
    )
    try:
        wait(lambda: any(len(containers(label)) >= 2 for label in owners(process)), process)
        yield process
    finally:
        process.kill()
        process.communicate()


def owners(process: subprocess.Popen[str]) -> list[str]:
    """The labels that it and the processes below it write on what they make."""
    found = []
    for pid in (process.pid, *proc.descendants(process.pid)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(owner(pid))
    return found


def label_of(process: subprocess.Popen[str]) -> str:
    """The one of them that stands on containers."""
    return next(label for label in owners(process) if containers(label))


def wait(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + CEILING
    while not condition():
        assert process is None or process.poll() is None, "it ended"
        assert time.monotonic() < deadline, "the state was not reached"
        select.select([], [], [], 0.05)


def containers(label: str, *, running: bool = False) -> list[dict[str, Any]]:
    with contextlib.closing(connected()) as engine:
        found: list[dict[str, Any]] = engine.containers(
            all=not running, filters={"label": f"{OWNER}={label}"}
        )
        return found


def volumes(label: str) -> list[str]:
    with contextlib.closing(connected()) as engine:
        found = engine.volumes(filters={"label": f"{OWNER}={label}"})["Volumes"] or []
        return [each["Name"] for each in found]


def test_a_killed_grading_s_containers_end_and_doctor_removes_the_rest() -> None:
    with grading() as process:
        label = label_of(process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait(lambda: not containers(label, running=True))  # one that was made and not started stays
        assert volumes(label)
    with grading() as living:
        other = label_of(living)
        done = grader("doctor", "--clean")
        assert done.returncode == 0, done.stdout + done.stderr
        assert containers(label) == []
        assert volumes(label) == []
        assert volumes(other)
        assert "every check passed" in living.communicate(timeout=CEILING)[0]
    assert containers(other) == []
    assert volumes(other) == []


def test_ctrl_c_ends_a_grading_with_one_line_and_leaves_nothing() -> None:
    with grading() as process:
        label = label_of(process)
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=CEILING)
        assert process.returncode == 130, printed
        assert printed.splitlines()[-1].startswith("grader: stopped")
        assert "Traceback" not in printed
    assert containers(label) == []
    assert volumes(label) == []


def test_a_room_is_a_container_that_may_do_nothing() -> None:
    cell = DockerCell(NoFiles(), None)
    try:
        cell.start_worker("trial").connection.recv_bytes()
        with contextlib.closing(connected()) as engine:
            mine = engine.containers(filters={"label": f"{OWNER}={owner()}"})
            seen = [engine.inspect_container(each["Id"]) for each in mine]
    finally:
        cell.close()
    rooms = [each for each in seen if each["Config"]["Image"] == images.room_image()]
    assert rooms
    for room in rooms:
        assert_may_do_nothing(room)


def test_its_programs_calls_can_be_held() -> None:
    """As a uid that nobody else has, without a capability, behind the engine's own filter of system calls."""
    cell = DockerCell(NoFiles(), None)
    try:
        found = msgspec.json.decode(cell.start_worker("trial").connection.recv_bytes(), type=list[Finding])
    finally:
        cell.close()
    (gate,) = (each for each in found if each.what == "gate")
    assert gate.ok
    assert gate.detail == "a program's system calls can be held (seccomp user notification)"


def assert_may_do_nothing(room: dict[str, Any]) -> None:
    host = room["HostConfig"]
    assert not room["Config"]["User"].startswith("0")
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    assert not host["Binds"]
    assert {mount["Type"] for mount in host["Mounts"]} == {"volume"}
    assert all("size=" in options and "nr_inodes=" in options for options in host["Tmpfs"].values())
    assert 0 < host["Memory"] == host["MemorySwap"]
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert {limit["Name"] for limit in host["Ulimits"]} >= {"core", "nofile", "fsize"}
    assert room["Config"]["Labels"][LABEL] == "cell"


def test_images_of_another_version_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "tag", lambda: "another-version")
    with pytest.raises(CellError, match="grader image build"):
        DockerCell(NoFiles(), None)


def test_an_engine_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    done = grader("check", SUBMISSION, "--sandbox", "docker")
    assert done.returncode == 3, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert "no Docker engine answers" in line
    assert "group docker" in line
