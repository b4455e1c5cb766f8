"""The tables of a batch's store, and how each version of them came from the one before."""

from __future__ import annotations

#: Each brings the schema from its index to the next version (PRAGMA user_version).
MIGRATIONS = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, settings TEXT NOT NULL);
    CREATE TABLE submissions (
        run INTEGER NOT NULL REFERENCES runs, student TEXT NOT NULL, identifier TEXT NOT NULL, path TEXT NOT NULL,
        moment TEXT, late INTEGER NOT NULL, notes TEXT NOT NULL, content TEXT NOT NULL, trouble TEXT NOT NULL,
        PRIMARY KEY (run, student));
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, content TEXT NOT NULL, practical TEXT NOT NULL, ended TEXT NOT NULL,
        seconds REAL NOT NULL, proposed TEXT, results BLOB NOT NULL);
    CREATE INDEX jobs_by_key ON jobs (key);
    CREATE TABLE verdicts (
        job INTEGER NOT NULL REFERENCES jobs, "check" TEXT NOT NULL, program TEXT NOT NULL, status TEXT NOT NULL,
        points REAL NOT NULL, max_points REAL NOT NULL, message TEXT NOT NULL, PRIMARY KEY (job, "check", program));
    CREATE TABLE attachments (
        job INTEGER NOT NULL REFERENCES jobs, name TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (job, name));
    CREATE TABLE outcomes (
        run INTEGER NOT NULL, student TEXT NOT NULL, score REAL NOT NULL, max_score REAL NOT NULL, undecided REAL NOT NULL,
        results BLOB NOT NULL, PRIMARY KEY (run, student), FOREIGN KEY (run, student) REFERENCES submissions (run, student));
    """,
)
