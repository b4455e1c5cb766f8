"""A server and a receiver that do nothing but listen, in disguises that once made checks undecidable: they pass
no check that they do not pass without one.

`make test` asks one disguise of each program; `make test-hostile` asks all.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from grader.job import Results, Selection
from grader.warm import WarmGrader
from tests.end_to_end.grading import ROOT
from tests.hostile.corpus import ATTACKS

EVERY = bool(os.environ.get("GRADER_TEST_EVERY_ATTACK"))
PROGRAMS = {"acepta": "connection", "receptor": "stream"}

#: What runs in the first call of accept, which never returns; `s` is the listening socket.
DISGUISES = {
    "none": "",
    "closes-its-listener": "close(s);",
    "a-path-that-cannot-be-told": "stand_too_deep();",
    "hangs-in-vfork": """
        if (vfork() == 0)
            for (;;)
                pause();""",
    "stops-itself": "raise(SIGSTOP);",
    "lowers-its-own-limits": """
        struct rlimit none = {8, 8};
        setrlimit(RLIMIT_NOFILE, &none);
        none = (struct rlimit){1, 1};
        setrlimit(RLIMIT_NPROC, &none);""",
    "cannot-be-dumped": "prctl(PR_SET_DUMPABLE, 0);",
    "in-another-process": """
        if (fork() > 0)
            _exit(0);
        setsid();""",
    "prints-without-end": """
        for (;;)
            puts("aceptado 127.0.0.1 puerto 20000 leido 5 total 5");""",
    "locks-its-folder": 'chmod("/data", 0);',
}
_SOURCE = """\
#include "attack.h"
ATTEMPT {{ UNUSED; }}
int accept(int s, struct sockaddr *address, socklen_t *length)
{{
    (void)s, (void)address, (void)length;
    {disguise}
    for (;;)
        pause();
}}
"""


def hand_in(folder: Path, program: str, disguise: str) -> Path:
    """The reference whose accept never returns."""
    shutil.copytree(ROOT / "reference" / PROGRAMS[program] / "c", folder)
    shutil.copy(ATTACKS / "attack.h", folder / "attack.h")
    (folder / "attack.c").write_text(_SOURCE.format(disguise=DISGUISES[disguise]))
    (folder / "Makefile").write_text(
        f"{program}: {program}.c sockets.c attack.c\n\tgcc -D_GNU_SOURCE -O1 -w -pthread -o $@ $^\n"
    )
    return folder


@pytest.fixture(scope="module")
def plain(warm: WarmGrader, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    """What each program scores without a disguise."""
    place = tmp_path_factory.mktemp("plain")
    return {program: graded(warm, place / program, program, "none") for program in PROGRAMS}


def graded(warm: WarmGrader, folder: Path, program: str, disguise: str) -> Results:
    path = hand_in(folder, program, disguise)
    found = warm.grade(path, practicals=[PROGRAMS[program]], selection=Selection(programs=(program,)))
    assert {row.id for row in found.checks if row.status == "passed"} >= {f"{PROGRAMS[program]}.builds"}
    return found


@pytest.mark.parametrize(
    ("program", "disguise"),
    [
        (program, disguise)
        for number, program in enumerate(PROGRAMS)
        for disguise in (list(DISGUISES)[1:] if EVERY else [list(DISGUISES)[number + 1]])
    ],
)
def test_no_disguise_scores_more_than_none(
    warm: WarmGrader, tmp_path: Path, plain: dict[str, Results], program: str, disguise: str
) -> None:
    found = graded(warm, tmp_path / "disguised", program, disguise)
    without = plain[program]
    assert found.max_score == without.max_score
    assert found.score <= without.score
    errors = [f"{row.id}: {row.message}" for row in found.checks if row.status == "error"]
    assert not errors
    gained = {row.id for row in found.checks if row.status == "passed"}
    assert gained <= {row.id for row in without.checks if row.status == "passed"}
