"""Grade some of a batch again, and tell what would change before it does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.console import Console

from grader.batch.engine import Engine, Job
from grader.batch.plan import Plan
from grader.batch.progress import shown
from grader.batch.store import Store, Submitted
from grader.errors import UsageError
from grader.job import UNDECIDED, Results, Selection, Verdict


class Change(msgspec.Struct, frozen=True):
    """One verdict that is another one now."""

    practical: str
    program: str
    check: str
    before: str
    after: str


def chosen(plan: Plan, store: Store, students: Sequence[str], *, undecided: bool) -> list[Job]:
    """The jobs of these students, or of all; with `undecided` those alone in which something is. Each content once."""
    names = {each.handed.student for each in plan.submissions}
    if unknown := [name for name in students if name not in names]:
        raise UsageError(
            f"there is no student '{unknown[0]}' in this batch; there are: {', '.join(sorted(names)[:20])}"
        )
    jobs = {
        job.key: job
        for (student, _), job in plan.jobs.items()
        if (not students or student in students) and store.known(job.key)
    }
    if undecided:
        jobs = {
            key: job
            for key, job in jobs.items()
            if any(row.status in UNDECIDED for row in store.results(key).checks)
        }
    return list(jobs.values())


def asked(selection: Selection) -> str:
    """What a proposal was asked for, so that it is accepted as it was shown."""
    return msgspec.json.encode(selection).decode()


def propose(
    jobs: Sequence[Job], store: Store, selection: Selection, engine: Engine, console: Console
) -> list[str]:
    """Grade them again and keep what was found as proposals; remarks on those that could not be graded."""
    troubles = []
    with engine, shown(console, len(jobs)) as progress:
        for job, ended in engine.run(jobs):
            progress.take(ended)
            if ended.results is None:
                troubles.append(
                    f"{job.path.name} ({job.practical}) could not be graded again: {ended.trouble}"
                )
                continue
            whole = laid_over(store.results(job.key), ended.results)
            store.keep(job.key, job.content, job.practical, whole, ended.seconds, proposed=asked(selection))
    return troubles


def laid_over(before: Results, again: Results) -> Results:
    """The earlier results with the rows that were asked again in place of theirs."""
    rows = {(row.program, row.id): row for row in again.checks}
    checks = [rows.get((row.program, row.id), row) for row in before.checks]
    return msgspec.structs.replace(again, checks=checks)


def proposed(jobs: Sequence[Job], store: Store, selection: Selection) -> bool:
    """All of them have been graded again already, by the same checks, and shown."""
    try:
        for job in jobs:
            store.results(job.key, proposed=asked(selection))
    except KeyError:
        return False
    return True


def changes(jobs: Sequence[Job], store: Store, selection: Selection) -> dict[str, list[Change]]:
    """By the job's key, the verdicts that would change."""
    found: dict[str, list[Change]] = {}
    for job in jobs:
        try:
            after = store.results(job.key, proposed=asked(selection))
        except KeyError:  # it could not be graded again
            continue
        before = {(row.program, row.id): row for row in store.results(job.key).checks}
        different = [
            Change(row.practical, row.program, row.id, _shown(before.get((row.program, row.id))), _shown(row))
            for row in after.checks
            if _shown(before.get((row.program, row.id))) != _shown(row)
        ]
        if different:
            found[job.key] = different
    return found


def of_student(submitted: Submitted, plan: Plan, found: dict[str, list[Change]]) -> list[Change]:
    keys = [plan.jobs[submitted.handed.student, name].key for name in submitted.practicals]
    return [change for key in dict.fromkeys(keys) for change in found.get(key, [])]


def _shown(row: Verdict | None) -> str:
    """The status, and how many cases passed where there are several."""
    if row is None:
        return "not asked"
    return f"{row.status} ({row.passed_cases} of {row.cases})" if row.cases > 1 else row.status
