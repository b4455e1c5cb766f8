"""Attacks for which the practical of the corpus has no place: programs that send megabytes, to which the grader listens.

Two send without end, into the buffers of the grader's own. Two send other bytes than their file's, on a CI server: there pytest
writes differences out in full, which takes minutes, and then the check was ended undecided.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.grading import CEILING, ROOT, command

ENDLESS, WRONG = "sends without end", "not what is required"


@dataclasses.dataclass(frozen=True)
class Attack:
    """One line of a reference is another one."""

    practical: str
    program: str
    check: str
    line: str
    instead: str
    words: str  #: that the failed check's message holds
    ci: bool = False


ATTACKS = {
    "sender-without-end": Attack(
        "stream", "emisor", "stream.says-what-was-sent",
        "            escrito = s.send(bytes(tam))",
        "            while escrito := s.send(bytes(1 << 20)):\n                pass",
        ENDLESS,
    ),
    "page-without-end": Attack(
        "web", "srv_web_read_send", "web.page",
        "        conn.sendall(data, socket.MSG_MORE)",
        "        while True:\n            conn.sendall(bytes(1 << 20))",
        ENDLESS,
    ),
    "zeros-on-a-ci-server": Attack(
        "reverse", "cln_rev", "reverse.client-large-file",
        "            data = read_file(name)",
        "            data = bytes(len(read_file(name)))",
        WRONG, ci=True,
    ),
    "turned-round-on-a-ci-server": Attack(
        "reverse", "cln_rev", "reverse.client-large-file",
        "            data = read_file(name)",
        "            data = read_file(name)[::-1]",
        WRONG, ci=True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_whoever_sends_megabytes_fails_and_nothing_is_undecided(tmp_path: Path, attack: Attack) -> None:
    submission = tmp_path / "handed-in"
    shutil.copytree(ROOT / "reference" / attack.practical / "python", submission)
    source = (submission / f"{attack.program}.py").read_text()
    assert source.count(f"{attack.line}\n") == 1
    (submission / f"{attack.program}.py").write_text(source.replace(attack.line, attack.instead))
    done = subprocess.run(
        command(
            "check", submission, "--check", attack.check, "--program", attack.program, "--out", tmp_path / "out"
        ),
        capture_output=True,
        text=True,
        timeout=CEILING,
        cwd=ROOT,
        check=False,
        env=os.environ | ({"CI": "true", "BUILD_NUMBER": "7"} if attack.ci else {}),
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    (row,) = found["checks"]
    assert row["status"] == "failed", row
    assert attack.words in row["message"]
    assert found["undecided"] == 0
