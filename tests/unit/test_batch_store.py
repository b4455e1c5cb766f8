"""What a batch keeps: whole jobs, across versions and processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from grader.batch.handed import Handed
from grader.batch.schema import MIGRATIONS
from grader.batch.store import FILE, Settings, Store, Submitted
from grader.errors import UsageError
from grader.job import Attachment, Results, Verdict


def verdict(identifier: str, *attachments: Attachment) -> Verdict:
    return Verdict(
        identifier,
        "conecta",
        "connection",
        "core",
        "failed",
        0.0,
        2.0,
        message="no",
        attachments=list(attachments),
    )


def results(*rows: Verdict) -> Results:
    return Results("ann", 0.0, 2.0, list(rows))


def begun(folder: Path) -> Store:
    store = Store(folder)
    store.begin(Settings(b"class"), [Submitted(Handed("ann", Path("class/ann")), "c0ffee")])
    return store


def test_a_job_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    found = results(verdict("connection.builds", Attachment("a.pcap", b"\0\1")), verdict("connection.usage"))
    with begun(tmp_path) as store:
        assert not store.known("key")
        store.keep("key", "c0ffee", "connection", found, 1.5)
    with Store(tmp_path) as store:
        assert store.known("key")
        assert store.results("key") == found


def test_a_job_that_cannot_be_kept_whole_leaves_nothing(tmp_path: Path) -> None:
    twice = results(verdict("connection.builds"), verdict("connection.builds"))
    with begun(tmp_path) as store:
        with pytest.raises(sqlite3.IntegrityError):
            store.keep("key", "c0ffee", "connection", twice, 1.5)
        assert not store.known("key")
        with pytest.raises(KeyError):
            store.results("key")
        store.keep("key", "c0ffee", "connection", results(verdict("connection.builds")), 1.5)


def test_verdicts_can_be_asked_for_in_sql(tmp_path: Path) -> None:
    with begun(tmp_path) as store:
        store.keep("key", "c0ffee", "connection", results(verdict("connection.builds")), 1.5)
    with sqlite3.connect(tmp_path / FILE) as database:
        rows = database.execute(
            'SELECT student, "check", status FROM submissions JOIN jobs USING (content) JOIN verdicts ON job = id'
        ).fetchall()
    database.close()
    assert rows == [("ann", "connection.builds", "failed")]


def test_one_grader_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(UsageError, match="another grader is at work"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_a_store_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    database = sqlite3.connect(tmp_path / FILE)
    database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    database.close()
    with pytest.raises(UsageError, match="later version"):
        Store(tmp_path)


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(UsageError, match="no store"):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"no database" * 1000
