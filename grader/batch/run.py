"""One run of a batch: what is missing is graded, everybody's reports are written, and the table of grades."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from grader.batch.engine import Local
from grader.batch.grades import Grade
from grader.batch.outcome import Outcome
from grader.batch.plan import Plan
from grader.batch.progress import shown
from grader.batch.store import Store


def run(
    plan: Plan, store: Store, outcome: Outcome, engine: Local, console: Console
) -> tuple[list[Grade], Path]:
    """Everybody's grade, and the file with the table."""
    store.begin(plan.settings, plan.submissions)
    grades = list(_graded(plan, store, outcome, engine, console))
    store.end()
    return grades, outcome.write_grades(grades)


def _graded(plan: Plan, store: Store, outcome: Outcome, engine: Local, console: Console) -> Iterator[Grade]:
    """Every student's grade; their reports are written as soon as the last of their jobs has ended."""
    missing = {job.key for job in plan.missing}
    waiting = {
        each: {plan.jobs[each.handed.student, name].key for name in each.practicals} & missing
        for each in plan.submissions
    }
    for each in [each for each, keys in waiting.items() if not keys]:
        del waiting[each]
        yield outcome.report(each)
    if not missing:
        return
    with engine, shown(console, len(missing)) as progress:
        for finished in engine.run(plan.missing):
            job = finished.job
            if finished.results is not None:
                store.keep(job.key, job.content, job.practical, finished.results, finished.seconds)
            else:
                outcome.not_graded(job.key, finished.trouble)
            progress.take(finished)
            for each in [each for each, keys in waiting.items() if job.key in keys]:
                waiting[each].discard(job.key)
                if not waiting[each]:
                    del waiting[each]
                    yield outcome.report(each)
