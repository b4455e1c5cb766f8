"""Programs that misbehave: the others are still graded, and nothing of them survives the run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.grading import CEILING, ROOT, command, grader, marked_processes, marker, wait_until_none

WILD = {
    "crashes-at-start": "int main(void) { *(volatile int *)0 = 1; return 0; }",
    "floods-stdout": '#include <stdio.h>\nint main(void) { for (;;) puts("\\033[31mflood\\a"); }',
    "forks-without-end": "#include <unistd.h>\nint main(void) { for (;;) fork(); }",
    "ignores-sigterm": """
        #include <signal.h>
        #include <unistd.h>
        int main(void) { for (int s = 1; s < 65; s++) signal(s, SIG_IGN); for (;;) pause(); }""",
    "becomes-a-daemon": """
        #include <stdlib.h>
        #include <unistd.h>
        int main(void) { if (fork()) exit(0); setsid(); if (fork()) exit(0); for (;;) pause(); }""",
    "eats-memory": """
        #include <stdlib.h>
        #include <string.h>
        int main(void) { for (;;) { char *p = malloc(1 << 20); if (!p) abort(); memset(p, 1, 1 << 12); } }""",
}

#: Kept short: one check that needs a server, one that does not.
CHECKS = ("--check", "reverse.listens", "--check", "reverse.usage")


@pytest.mark.parametrize("kind", WILD)
def test_a_wild_program_fails_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    (tmp_path / "srv_rev_sec.c").write_text(WILD[kind])
    good = ROOT / "reference" / "reverse" / "python"
    for name in ("srv_rev_thr.py", "stream.py"):
        (tmp_path / name).write_bytes((good / name).read_bytes())
    programs = ("--program", "srv_rev_sec", "--program", "srv_rev_thr")
    run = grader("check", tmp_path, *CHECKS, *programs)
    assert run.returncode == 1, run.stdout + run.stderr
    assert re.search(r"^srv_rev_thr +3 / 3 ", run.stdout, re.MULTILINE), "the other gets its full marks"
    assert "FAILED  srv_rev_sec  reverse.listens" in run.stdout
    if kind == "forks-without-end":
        assert "starts processes without end" in run.stdout
    assert "\033[31m" not in run.stdout, "nothing that the program printed may reach the terminal raw"
    assert "\a" not in run.stdout


def _slow_submission(folder: Path, word: str) -> Path:
    """A server that is busy with other ports for minutes, under a name that can be found among the processes."""
    code = "import socket, time\nwhile True: s = socket.create_server(('', 0)); time.sleep(0.1); s.close()"
    source = f'#!/bin/sh\nexec /usr/bin/python3 -c "{code}" {word}\n'
    (folder / "srv_rev_sec").write_text(source)
    (folder / "srv_rev_sec").chmod(0o755)
    return folder


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["ctrl-c", "terminated", "killed"]
)
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    word = marker()
    submission = _slow_submission(tmp_path, word)
    process = subprocess.Popen(
        # A background job of a shell ignores SIGINT, and so would what is started from there.
        ["env", "--default-signal=INT", *command("check", submission, "--check", "reverse.listens")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        while not marked_processes(word):
            assert process.poll() is None, "it ended before the program was started"
        if number == signal.SIGINT:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            process.send_signal(number)
        _, errors = process.communicate(timeout=CEILING)
    finally:
        process.kill()
    assert wait_until_none(word) == []
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert "stopped" in errors
        assert "Traceback" not in errors
