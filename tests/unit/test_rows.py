"""The tests' own rules: fixed shares, a second look alone, and what is unsteady."""

from __future__ import annotations

import fcntl
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from grader.practical import load_practicals
from grader.validation.subjects import Outcome, Subject, subjects
from grader.warm import WarmGrader
from tests.alone import Stage
from tests.rows import UNSTEADY_ALLOWED, Rows, share, some_checks

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
EVERYTHING = subjects(list(load_practicals().values()))
SUBJECT = Subject("reference", "c", "connection", "nowhere")


def test_a_share_is_the_same_every_time_and_of_every_practical() -> None:
    chosen = share(EVERYTHING, 16)
    assert {*chosen} == {*share(list(reversed(EVERYTHING)), 16)}
    assert {each.practical for each in chosen} == set(load_practicals())
    assert len(EVERYTHING) / 16 <= len(chosen) <= len(EVERYTHING) / 16 + len(load_practicals())


def test_checks_that_are_not_asked_of_one_are_asked_of_others() -> None:
    mine = [each for each in EVERYTHING if each.practical == "reverse" and each.kind == "defect"]
    asked = {check for each in mine for check in some_checks(each, 6)}
    assert asked == set(load_practicals()["reverse"].checks)


# Alone


def until_closed(door: Path) -> None:
    """Wait until somebody holds this lock so that nobody else can."""
    descriptor = os.open(door, os.O_RDWR)
    try:
        while True:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.sched_yield()
    except BlockingIOError:
        os.close(descriptor)


def test_who_is_alone_waits_for_the_others_and_keeps_new_ones_out(tmp_path: Path) -> None:
    ours = Stage(tmp_path)
    told_read, told_write = os.pipe()
    go_read, go_write = os.pipe()
    child = os.fork()
    if child == 0:
        theirs = Stage(tmp_path)  # a lock belongs to the open file: each process opens its own
        with theirs.among_others():
            os.write(told_write, b"1")
            os.read(go_read, 1)
        until_closed(tmp_path / "door")
        os.write(told_write, b"2")
        with theirs.among_others():
            os.write(told_write, b"3")
        os._exit(0)
    assert os.read(told_read, 1) == b"1"
    with ours.among_others():  # both are there
        os.write(go_write, b"!")
        with ours.alone():
            assert os.read(told_read, 2) == b"2"
            assert not select.select([told_read], [], [], 0.2)[0], "somebody came in"
    assert os.read(told_read, 1) == b"3"
    os.waitpid(child, 0)
    ours.close()
    for descriptor in (told_read, told_write, go_read, go_write):
        os.close(descriptor)


# A second look


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Rows, list[object]]]:
    """Rows whose gradings come to these statuses, one after the other; and what they recorded."""

    def made(*statuses: str) -> tuple[Rows, list[object]]:
        outcomes = iter(statuses)

        def graded(subject: Subject, *_: object, **__: object) -> Outcome:
            return Outcome(subject, {"connection.usage": next(outcomes)}, {"connection.usage": "so it was"})

        monkeypatch.setattr("tests.rows.examine", graded)
        recorded: list[object] = []
        stage = Stage(tmp_path)
        return Rows(
            cast("WarmGrader", None), stage, lambda name, told: recorded.append((name, told))
        ), recorded

    return made


def test_what_is_right_at_once_is_not_asked_again(rows: Callable[..., tuple[Rows, list[object]]]) -> None:
    held, recorded = rows("passed")
    assert held.hold(SUBJECT).statuses == {"connection.usage": "passed"}
    assert recorded == []


def test_what_is_wrong_twice_fails_with_both(rows: Callable[..., tuple[Rows, list[object]]]) -> None:
    held, recorded = rows("failed", "inconclusive")
    with pytest.raises(pytest.fail.Exception) as caught:
        held.hold(SUBJECT)
    assert "failed connection.usage: so it was" in str(caught.value)
    assert "inconclusive connection.usage" in str(caught.value)
    assert recorded == []


def test_what_is_wrong_and_then_right_is_recorded(rows: Callable[..., tuple[Rows, list[object]]]) -> None:
    held, recorded = rows("failed", "passed")
    held.hold(SUBJECT)
    ((name, told),) = cast("list[tuple[str, list[str]]]", recorded)
    assert name == "unsteady"
    assert told[0] == "connection reference c"
    assert any("failed connection.usage: so it was" in line for line in told)
    assert told[-1].strip() == "as its row says"


@pytest.mark.parametrize("count", [1, UNSTEADY_ALLOWED, UNSTEADY_ALLOWED + 1])
def test_unsteady_rows_are_listed_and_too_many_fail_the_run(pytester: pytest.Pytester, count: int) -> None:
    pytester.makeconftest("from tests.conftest import pytest_sessionfinish, pytest_terminal_summary")
    pytester.makepyfile(f"""
        import pytest
        @pytest.mark.parametrize("number", range({count}))
        def test_row(number, record_property):
            record_property("unsteady", [f"row {{number}}", "graded beside others:", "  failed x"])
    """)
    pytester.syspathinsert(ROOT)
    run = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    run.stdout.fnmatch_lines([f"*unsteady: {count} rows*", "row 0", "*graded beside others:"])
    assert run.ret == (pytest.ExitCode.OK if count <= UNSTEADY_ALLOWED else pytest.ExitCode.TESTS_FAILED)
