"""Whose fault an error of the kernel is: real programs that spoil what a check works with, and checks that meet the error."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from grader.errors import SubmissionFault
from grader.observe.proc import ProcessGoneError
from grader.stage.origin import by_origin
from tests.unit.made_up import (
    CHECK_HEADER,
    ONE_PROGRAM,
    SERVER,
    function,
    graded,
    practical,
    row,
    write_files,
)

DATA = Path("/room/data")
SERVE = "from grader.peers.tcp import TcpPeer\nserver = scene.serve(TcpPeer)\n"
FILLS = """
import contextlib, os
with contextlib.suppress(OSError), open("/data/big", "wb", buffering=0) as file:
    while True:
        file.write(bytes(1 << 20))
"""
LOCKS = "import os\nos.chmod('/data', 0)\n"
TAKES_THE_NAME = "import os\nos.mkdir('/data/more')\n"
REMOVES = "import os\nos.remove('/data/given')\n"


def verdict_of(tmp_path: Path, spoil: str, body: str) -> tuple[str, str]:
    """Status and all that was said of the one check."""
    checks = CHECK_HEADER + function("toy.works", body, parameters=", scene")
    toml = practical(tmp_path, ONE_PROGRAM + row("toy.works"), {"check_toy.py": checks})
    server = spoil.encode() + SERVER
    (found,) = graded(toml, write_files(tmp_path / "sub", {"toy_server.py": server}), jobs=1).checks
    return found.status, "\n".join([found.message, *(piece.text for piece in found.evidence)])


@pytest.mark.parametrize(
    ("spoil", "act", "words"),
    [
        pytest.param(FILLS, "scene.write_file('more', bytes(1 << 20))", "No space left", id="fills"),
        pytest.param(LOCKS, "scene.write_file('more', b'words')", "Permission denied", id="locks"),
        pytest.param(TAKES_THE_NAME, "scene.write_file('more', b'words')", "File exists", id="takes-a-name"),
        pytest.param(REMOVES, "open(scene.room.data / 'given', 'r+b')", "No such file", id="removes"),
    ],
)
def test_what_a_program_does_to_its_folder_is_its_fault(
    tmp_path: Path, spoil: str, act: str, words: str
) -> None:
    status, said = verdict_of(tmp_path, spoil, f"scene.write_file('given', b'1')\n{SERVE}{act}")
    assert status == "failed", said
    assert words in said
    assert "changed its folder" in said


def test_the_same_error_before_any_program_ran_is_the_grader_s(tmp_path: Path) -> None:
    status, said = verdict_of(tmp_path, "", "scene.write_file('nowhere/given', b'1')")
    assert status == "error", said
    assert "the grader failed, not the program" in said


def test_a_server_that_ends_while_it_is_looked_at_fails(tmp_path: Path) -> None:
    ends = "import os, signal\nsignal.signal(signal.SIGUSR1, lambda *_: os._exit(3))\n"
    looks = (
        "import signal\npid = server.program.pid\nscene.room.signal(pid, signal.SIGUSR1)\n"
        "while True:\n    open(f'/proc/{pid}/maps').close()"
    )
    status, said = verdict_of(tmp_path, ends, f"{SERVE}{looks}")
    assert status == "failed", said
    assert "status 3" in said


@pytest.mark.parametrize(
    ("number", "path", "started", "kind"),
    [
        (errno.ENOENT, "/proc/4194305/maps", True, ProcessGoneError),
        (errno.ESRCH, "/proc/4194305/task/78/status", True, ProcessGoneError),
        (errno.EACCES, "/proc/1/maps", True, type(None)),
        (errno.ENOENT, "/proc/1/not-in-this-kernel", True, type(None)),
        (errno.ENOENT, "/proc/net/netstat", True, type(None)),
        (errno.ENOSPC, "/room/data/given", True, SubmissionFault),
        (errno.ELOOP, "/room/data/given", True, SubmissionFault),
        (errno.ENAMETOOLONG, "/room/data/given", True, SubmissionFault),
        (errno.ENOSPC, "/room/data/given", False, type(None)),
        (errno.EMFILE, "/room/data/given", True, type(None)),
        (errno.EIO, "/room/data/given", True, type(None)),
        (None, "/room/data/given", True, type(None)),
        (errno.ENOSPC, "/room/database", True, type(None)),
        (errno.ENOSPC, None, True, type(None)),
    ],
)
def test_the_object_decides(
    number: int | None, path: str | None, *, started: bool, kind: type[object]
) -> None:
    error = OSError(number, os.strerror(number or 0), path)
    assert isinstance(by_origin(error, DATA, started=started), kind)
