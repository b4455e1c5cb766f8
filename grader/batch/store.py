"""What a batch knows, in one SQLite file: runs, submissions, jobs, verdicts and attachments.

Each finished job is one transaction in a write-ahead log, so a process that is killed loses none that was finished, and leaves
no half of one. A job's key is what its outcome depends on: the submission's content, the practical's checks, the grader and
what was selected; so the same content is graded once, whoever handed it in.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from grader.batch.handed import Handed
from grader.batch.schema import MIGRATIONS
from grader.errors import UsageError
from grader.job import Attachment, Results

FILE, LOCK = "batch.sqlite3", "batch.lock"

_PATIENCE = 60  #: seconds that somebody else's query may lock the store


class Settings(msgspec.Struct, frozen=True):
    """What a run was asked for: enough to do the same again. Paths are absolute."""

    source: bytes  #: names need not be UTF-8
    layout: str | None = None
    practicals: tuple[str, ...] = ()
    due: datetime | None = None  #: aware
    rubric: bytes | None = None
    times: int = 1  #: that everything is graded


class Submitted(msgspec.Struct, frozen=True):
    """A submission as it was found when it was opened."""

    handed: Handed
    content: str  #: a hash of its files; "" when it could not be opened
    practicals: tuple[str, ...] = ()  #: those that it is about
    trouble: str = ""  #: why it could not be opened, or that nothing to grade is in it


class Graded(msgspec.Struct, frozen=True):
    """One student's results, for an export."""

    student: str
    identifier: str
    results: Results
    late: bool = False


class Store:
    """Open it in a `with`. Raises `UsageError` for a folder that another process grades into, or that is none of ours."""

    def __init__(self, folder: Path) -> None:
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # gone with the process, however it ends
        except BlockingIOError:
            os.close(self._lock)
            raise UsageError(
                f"another grader is at work in {folder}; wait for it, or name another folder"
            ) from None
        self._run = 0
        try:
            self._database = _connected(folder / FILE)
        except BaseException:
            os.close(self._lock)
            raise
        try:
            self._prepare(folder / FILE)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()
        os.close(self._lock)

    def _prepare(self, file: Path) -> None:
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA foreign_keys = ON")
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError:  # locked, or the disk is full
            raise
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{file} is no store of this grader: {error}") from error
        if version > len(MIGRATIONS):
            raise UsageError(
                f"{file} was written by a later version of this grader; use that one, or another folder"
            )
        for number in range(version, len(MIGRATIONS)):
            with self._transaction():
                for statement in filter(str.strip, MIGRATIONS[number].split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {number + 1}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite has rolled back by itself, where the disk is full
                self._database.execute("ROLLBACK")
            raise

    def begin(self, settings: Settings, submissions: Sequence[Submitted]) -> None:
        """A new run, and what it found."""
        with self._transaction():
            cursor = self._database.execute(
                "INSERT INTO runs (started, settings) VALUES (?, ?)",
                (_now(), msgspec.json.encode(settings).decode()),
            )
            self._run = cursor.lastrowid or 0
            self._database.executemany(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [self._row(each) for each in submissions],
            )

    def _row(self, each: Submitted) -> tuple[object, ...]:
        handed = each.handed
        moment = handed.moment.isoformat() if handed.moment is not None else None
        notes = "\n".join(handed.notes)
        return (
            self._run,
            handed.student,
            handed.identifier,
            _text(os.fsencode(handed.path)),
            moment,
            handed.late,
            notes,
            each.content,
            each.trouble,
        )

    def end(self) -> None:
        """The run is over, and whole."""
        self._database.execute("UPDATE runs SET ended = ? WHERE id = ?", (_now(), self._run))

    def settings(self) -> Settings:
        """Of the last run that came to its end. Raises `UsageError` when none did."""
        (text,) = self._database.execute("SELECT settings FROM runs WHERE id = ?", (self._last(),)).fetchone()
        return msgspec.json.decode(text, type=Settings)

    def times(self) -> int:
        """How often everything was graded in the last run that came to its end; 1 when none did."""
        try:
            return self.settings().times
        except UsageError:
            return 1

    def _last(self) -> int:
        (run,) = self._database.execute("SELECT max(id) FROM runs WHERE ended IS NOT NULL").fetchone()
        if run is None:
            raise UsageError("no grading of this folder has come to its end yet; go on with: grader batch")
        return int(run)

    def keep(
        self,
        key: str,
        content: str,
        practical: str,
        results: Results,
        seconds: float,
        *,
        proposed: str | None = None,
    ) -> None:
        """A job is finished: all of it is stored, or nothing.

        With `proposed`, which says what was asked, it does not count until `accept`; an earlier proposal is forgotten.
        """
        with self._transaction():
            if proposed is not None:
                self._forget(key)  # an earlier one
            cursor = self._database.execute(
                "INSERT INTO jobs (key, content, practical, ended, seconds, proposed, results) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, content, practical, _now(), seconds, proposed, _packed(results)),
            )
            job = cursor.lastrowid
            self._database.executemany(
                "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (job, row.id, row.program, row.status, row.points, row.max_points, row.message)
                    for row in results.checks
                ],
            )
            files = {item.name: item.data for row in results.checks for item in row.attachments}
            self._database.executemany(
                "INSERT INTO attachments VALUES (?, ?, ?)",
                [(job, name, data) for name, data in files.items()],
            )

    def conclude(self, student: str, found: Results) -> None:
        """A student's results in this run, put together and scored."""
        self._database.execute(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?)",
            (self._run, student, found.score, found.max_score, found.undecided, _packed(found)),
        )

    def place(self, student: str) -> tuple[Path, str]:
        """Where a student's submission was in the last run that came to its end, and the hash of its files then."""
        row = self._database.execute(
            "SELECT path, content FROM submissions WHERE run = ? AND student = ?", (self._last(), student)
        ).fetchone()
        return Path(os.fsdecode(row[0])), row[1]

    def outcomes(self) -> list[Graded]:
        """Everybody's results of the last run that came to its end. Raises `UsageError` when none did."""
        rows = self._database.execute(
            "SELECT student, identifier, late, results FROM outcomes"
            " JOIN submissions USING (run, student) WHERE run = ? ORDER BY student",
            (self._last(),),
        )
        return [
            Graded(student, identifier, _unpacked(results), bool(late))
            for student, identifier, late, results in rows
        ]

    def forget(self, key: str) -> None:
        """Drop what was proposed for this job, and was not accepted."""
        with self._transaction():
            self._forget(key)

    def _forget(self, key: str) -> None:
        one = "(SELECT id FROM jobs WHERE key = ? AND proposed IS NOT NULL)"
        self._database.execute(f"DELETE FROM verdicts WHERE job IN {one}", (key,))  # noqa: S608 - text of our own
        self._database.execute(f"DELETE FROM attachments WHERE job IN {one}", (key,))  # noqa: S608 - the same
        self._database.execute("DELETE FROM jobs WHERE key = ? AND proposed IS NOT NULL", (key,))

    def accept(self, keys: Sequence[str], proposed: str) -> None:
        """What was proposed for these jobs, as it was asked, counts from now on; what counted before stays as history."""
        with self._transaction():
            self._database.executemany(
                "UPDATE jobs SET proposed = NULL WHERE key = ? AND proposed = ?",
                [(key, proposed) for key in keys],
            )

    def known(self, key: str) -> bool:
        found = self._database.execute("SELECT 1 FROM jobs WHERE key = ? AND proposed IS NULL", (key,))
        return found.fetchone() is not None

    def results(self, key: str, *, proposed: str | None = None) -> Results:
        """What a finished job found, its attachments with it; the last one that counts, or what was proposed.

        Raises `KeyError` when there is none.
        """
        found = self._database.execute(
            "SELECT id, results FROM jobs WHERE key = ? AND proposed IS ? ORDER BY id DESC", (key, proposed)
        ).fetchone()
        if found is None:
            raise KeyError(key)
        job, whole = found
        results = _unpacked(whole)
        data = dict(self._database.execute("SELECT name, data FROM attachments WHERE job = ?", (job,)))
        for row in results.checks:
            row.attachments = [Attachment(item.name, data.get(item.name, b"")) for item in row.attachments]
        return results


def _text(name: bytes) -> str | bytes:
    """As SQLite shows it best: a blob when it is no UTF-8."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name


def _connected(file: Path) -> sqlite3.Connection:
    if file.is_symlink():
        raise UsageError(f"{file} is a symbolic link; remove it, or name another folder")
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)


def opened(folder: Path) -> Store:
    """The store of a batch that is there. Raises `UsageError` where there is none."""
    if not (folder / FILE).exists():
        raise UsageError(f"{folder} holds no batch; make one with: grader batch SOURCE --out {folder}")
    return Store(folder)


def _packed(found: Results) -> bytes:
    """Without what attachments hold; evidence is text, and becomes a tenth of itself."""
    bare = [
        msgspec.structs.replace(row, attachments=[Attachment(item.name) for item in row.attachments])
        for row in found.checks
    ]
    return zlib.compress(msgspec.json.encode(msgspec.structs.replace(found, checks=bare)))


def _unpacked(packed: bytes) -> Results:
    return msgspec.json.decode(zlib.decompress(packed), type=Results)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
