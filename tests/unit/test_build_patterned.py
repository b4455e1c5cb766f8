"""The second build, in which what a program never wrote is no zero."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.test_build import BROKEN_C, COMPILE, PRC, SEC, Build, C, build

__all__ = ["build"]  # the fixture

UNWRITTEN = "#include <stdio.h>\nint main(void) { unsigned char c[64]; return c[40] == 0xfe ? 0 : 1; }\n"
PATTERNED = msgspec.structs.replace(SEC, patterned=True)


@pytest.mark.parametrize(
    "makefile",
    [{}, {"Makefile": COMPILE + "all: srv_rev_sec\n"}, {"Makefile": "all: srv_rev_sec\n"}],
    ids=["alone", "rule", "built-in-rule"],
)
def test_a_program_is_built_once_more_so_that_what_it_never_wrote_shows(
    build: Build, makefile: dict[str, bytes | str]
) -> None:
    built = build({"srv_rev_sec.c": UNWRITTEN, **makefile}, wanted=(PATTERNED, PRC))
    assert built.commands["srv_rev_sec"] == ["/work/srv_rev_sec"]
    assert built.patterned == {"srv_rev_sec": ["/work/.patterned/srv_rev_sec"]}
    assert not any(".patterned" in step.command for step in built.steps)


def test_only_what_a_check_wants_so_is_built_twice(build: Build) -> None:
    assert build({"srv_rev_sec.c": UNWRITTEN}).patterned == {}


@pytest.mark.parametrize(
    "files",
    [
        {"srv_rev_sec.py": "print()\n"},
        {
            "main.c": C,
            "Makefile": "srv_rev_sec: main.c\n\t@test ! -d ../.patterned && gcc -o $@ $<\n",
        },
        {"srv_rev_sec.c": BROKEN_C},
    ],
    ids=["python", "not-twice", "not-at-all"],
)
def test_where_there_is_no_second_build_nothing_is_said(build: Build, files: dict[str, bytes | str]) -> None:
    built = build(files, wanted=(PATTERNED,))
    assert built.patterned == {}
    assert not any(".patterned" in step.output for step in built.steps)
