"""The observer leaves no mark: no check but those that are about it lets a program see EINTR, or less than it asked for.

Programs of each kind are graded whole that end when they see one: the references in C with marks.c linked in, and servers that
wait in poll, select or asyncio, the last of which is given it by the dynamic loader.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.practical import load_practicals
from grader.validation.subjects import Outcome, Subject, examine
from grader.warm import WarmGrader
from tests.end_to_end.grading import ROOT

MARKS = ROOT / "tests/marks/marks.c"
VARIANTS = ROOT / "tests/variants/reverse"
#: Their sentences are about calls that end early; and of a file that is cut, a call sends what is left of it.
ABOUT_IT = {
    *(
        "interrupted-wait",
        "interrupted-receive",
        "interrupted-send",
        "call-interrupted",
        "receive-interrupted",
    ),
    *("client-interrupted-receive", "client-interrupted-send", "sender-interrupted-send"),
    *("stopped-and-continued", "stopped-send", "file-cut-while-served"),
}
UNMARKED = {"connection", "datagram"}  #: no call of their references is ended early by a stop
PRELOADED = """
import os, sys
if "LD_PRELOAD" not in os.environ:
    os.environ["LD_PRELOAD"] = "/work/marks.so"
    os.execv(sys.executable, [sys.executable, *sys.argv])
"""


def linked(practical: str, folder: Path) -> None:
    """The reference in C, every program with the marks in it."""
    shutil.copytree(ROOT / "reference" / practical / "c", folder)
    shutil.copy(MARKS, folder)
    makefile = folder / "Makefile"
    makefile.write_text(
        makefile.read_text() + "\n$(PROGRAMS): marks.o\n\nmarks.o: marks.c\n\t$(CC) -O1 -c $<\n"
    )


def compiled(variant: str, folder: Path) -> None:
    """An event server of one file, with the marks in it."""
    shutil.copytree(VARIANTS / variant, folder)
    shutil.copy(MARKS, folder)
    (folder / "Makefile").write_text("srv_rev_evn: srv_rev_evn.c marks.c\n\tgcc -O1 -o $@ $^ -lpthread\n")


def preloaded(variant: str, folder: Path) -> None:
    """A server in Python, below which the marks lie."""
    shutil.copytree(VARIANTS / variant, folder)
    shutil.copy(MARKS, folder)
    (folder / "Makefile").write_text("marks.so: marks.c\n\tgcc -O1 -fPIC -shared -o $@ $<\n")
    program = folder / "srv_rev_evn.py"
    head, future, rest = program.read_text().partition("from __future__ import annotations\n")
    program.write_text(head + future + PRELOADED + rest if future else PRELOADED + head)


def graded(warm: WarmGrader, practical: str, folder: Path) -> Outcome:
    outcome = examine(Subject("variant", "marked", practical, str(folder)), warm)
    assert not outcome.trouble
    assert outcome.statuses
    return outcome


def marked(outcome: Outcome) -> set[str]:
    """The checks in which the program saw a mark and ended, without their practical's name."""
    return {check.partition(".")[2] for check in outcome.failed}


@pytest.mark.parametrize("practical", load_practicals())
def test_no_check_but_those_about_it_leaves_a_mark_on_a_reference(
    practical: str, warm: WarmGrader, tmp_path: Path
) -> None:
    linked(practical, tmp_path / "marked")
    outcome = graded(warm, practical, tmp_path / "marked")
    assert marked(outcome) <= ABOUT_IT, outcome.messages
    assert bool(marked(outcome)) == (practical not in UNMARKED), (
        "those about it leave one, or the marks see nothing"
    )
    assert set(outcome.statuses.values()) <= {"passed", "failed"}, outcome.messages


@pytest.mark.parametrize("variant", ["poll-server", "select-server"])
def test_nor_on_other_event_servers(variant: str, warm: WarmGrader, tmp_path: Path) -> None:
    compiled(variant, tmp_path / "marked")
    assert marked(graded(warm, "reverse", tmp_path / "marked")) <= ABOUT_IT


def test_nor_on_asyncio(warm: WarmGrader, tmp_path: Path) -> None:
    preloaded("asyncio-server", tmp_path / "marked")
    assert "interrupted-wait" in marked(graded(warm, "reverse", tmp_path / "marked")) <= ABOUT_IT
