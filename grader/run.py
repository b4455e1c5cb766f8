"""A grading in this very process: checks are collected for it alone. Whoever grades more than once has `grader.warm`."""

from __future__ import annotations

from collections.abc import Sequence

from grader.cells import chosen_sandbox
from grader.collection import run_pytest
from grader.dispatch import default_jobs
from grader.engine import Engine, Grading
from grader.job import Results, Selection
from grader.practical import Practical
from grader.record import Listener, Record
from grader.submission import Submission


def grade(
    submission: Submission,
    practicals: Sequence[Practical],
    selection: Selection,
    *,
    jobs: int | None = None,
    most: int | None = None,
    sandbox: str | None = None,
    listener: Listener | None = None,
) -> Results:
    """Grade one submission. Raises `UsageError` for broken specs, `CellError` without a sandbox."""
    where = chosen_sandbox(sandbox)
    record = Record(listener or Listener())
    record.opened(submission.name, submission.notes, practicals)
    grading = Grading(submission, selection, jobs or default_jobs(where), where, record, most)
    run_pytest(Engine(grading, practicals), practicals)
    return record.results(selection, where)
