"""One run of a batch: what is missing is graded, everybody's reports are written, and the table of grades."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from grader.batch.engine import Engine
from grader.batch.grades import Grade
from grader.batch.plan import Plan
from grader.batch.progress import shown
from grader.batch.reports import Reports
from grader.batch.store import Store


def run(
    plan: Plan, store: Store, reports: Reports, engine: Engine, console: Console
) -> tuple[list[Grade], Path]:
    """Everybody's grade, and the file with the table."""
    store.begin(plan.settings, plan.submissions)
    grades = list(_graded(plan, store, reports, engine, console))
    file = reports.write_grades(grades)
    store.end()
    return grades, file


def _graded(plan: Plan, store: Store, reports: Reports, engine: Engine, console: Console) -> Iterator[Grade]:
    """Every student's grade; their reports are written as soon as the last of their jobs has ended."""
    missing = {job.key for job in plan.missing}
    waiting = {
        each: {plan.jobs[each.handed.student, name].key for name in each.practicals} & missing
        for each in plan.submissions
    }
    for each in [each for each, keys in waiting.items() if not keys]:
        del waiting[each]
        yield reports.report(each)
    if not missing:
        return
    with engine, shown(console, len(missing)) as progress:
        for job, ended in engine.run(plan.missing):
            if ended.results is not None:
                store.keep(job.key, job.content, job.practical, ended.results, ended.seconds)
            else:
                reports.not_graded(job.key, ended.trouble)
            progress.take(ended)
            for each in [each for each, keys in waiting.items() if job.key in keys]:
                waiting[each].discard(job.key)
                if not waiting[each]:
                    del waiting[each]
                    yield reports.report(each)
