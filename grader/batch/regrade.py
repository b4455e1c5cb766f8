"""Grade some of a batch again, and tell what would change before it does.

What was found is a proposal until it is accepted; it is compared with the grades of the last run, so that a change of the
checks, of the grader, of the files or of the rubric shows as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from rich.console import Console

from grader.batch.engine import Engine, Job
from grader.batch.grades import together
from grader.batch.handed import named
from grader.batch.plan import Plan
from grader.batch.progress import shown
from grader.batch.store import Store, Submitted
from grader.errors import UsageError
from grader.job import UNDECIDED, Results, Selection, Verdict
from grader.rubric import Rubric
from grader.text import bounded, printable

_NAMED, _SAID = 20, 300


class Asked(msgspec.Struct, frozen=True):
    """Whose submissions, and what of them: a proposal is accepted as it was asked."""

    students: tuple[str, ...] = ()  #: none: everybody's
    undecided: bool = False  #: only where something is undecided
    checks: tuple[str, ...] = ()  #: none: all

    def words(self) -> str:
        return msgspec.json.encode(self.checks).decode()


def chosen(plan: Plan, before: Mapping[str, Results], asked: Asked) -> list[Submitted]:
    """Raises `UsageError` for a student who is not there."""
    names = {each.handed.student for each in plan.submissions}
    if unknown := [name for name in asked.students if name not in names]:
        there = ", ".join(sorted(names)[:_NAMED])
        raise UsageError(f"there is no student '{unknown[0]}' in this batch; there are: {there}")
    return [
        each
        for each in plan.submissions
        if (not asked.students or each.handed.student in asked.students)
        and (not asked.undecided or _undecided(before.get(each.handed.student)))
    ]


def _undecided(found: Results | None) -> bool:
    return found is None or any(row.status in UNDECIDED for row in found.checks)


def jobs_of(plan: Plan, store: Store, submissions: Sequence[Submitted], asked: Asked) -> list[Job]:
    """Each content once; where single checks are asked, only what is known otherwise."""
    jobs = {
        job.key: job
        for each in submissions
        for name in each.practicals
        for job in [plan.jobs[each.handed.student, name]]
        if not asked.checks or (store.known(job.key) and _concerns(plan, name, asked.checks))
    }
    return list(jobs.values())


def _concerns(plan: Plan, practical: str, checks: Sequence[str]) -> bool:
    known = next(each.checks for each in plan.practicals if each.name == practical)
    return any(name in known for name in checks)


def propose(
    jobs: Sequence[Job], store: Store, asked: Asked, engine: Engine, console: Console
) -> Iterator[str]:
    """Grade them, and keep what was found as proposals; remarks on those that could not be graded."""
    with engine, shown(console, len(jobs)) as progress:
        for job, ended in engine.run(jobs):
            progress.take(ended)
            if ended.results is None:
                store.forget(job.key)
                why = bounded(printable(ended.trouble), _SAID)
                yield f"{named(job.path.name)}, {job.practical}: not graded again: {why}"
                continue
            whole = _laid_over(store.results(job.key), ended.results) if asked.checks else ended.results
            store.keep(job.key, job.content, job.practical, whole, ended.seconds, proposed=asked.words())


def _laid_over(before: Results, again: Results) -> Results:
    """The earlier results with the rows that were asked again in place of theirs."""
    rows = {(row.program, row.id): row for row in again.checks}
    checks = [rows.get((row.program, row.id), row) for row in before.checks]
    return msgspec.structs.replace(again, checks=checks)


def proposed(jobs: Sequence[Job], store: Store, asked: Asked) -> list[Job]:
    """Those of them of which something was found, and shown."""
    return [job for job in jobs if _found(store, job.key, asked.words()) is not None]


def _found(store: Store, key: str, proposal: str | None) -> Results | None:
    try:
        return store.results(key, proposed=proposal)
    except KeyError:
        return None


def after(submitted: Submitted, plan: Plan, store: Store, asked: Asked, rubric: Rubric) -> Results:
    """A student's results with what is proposed in place of what is known."""
    parts = {}
    for name in submitted.practicals:
        key = plan.jobs[submitted.handed.student, name].key
        found = _found(store, key, asked.words()) or _found(store, key, None)
        if found is not None:
            parts[name] = found
    return together(submitted, parts, plan.practicals, rubric.narrowed(Selection()), rubric)


def differences(student: str, before: Results | None, now: Results) -> list[str]:
    """Nothing, or the grade before and after and each verdict that is another one."""
    old = {(row.program, row.id): row for row in before.checks} if before is not None else {}
    new = {(row.program, row.id): row for row in now.checks}
    lines = [
        f"  {program}  {check}: {_shown(old.get((program, check)))} -> {_shown(new.get((program, check)))}"
        for program, check in dict.fromkeys([*old, *new])
        if _shown(old.get((program, check))) != _shown(new.get((program, check)))
    ]
    if not lines and before is not None and _points(before) == _points(now):
        return []
    return [f"{student}: {_points(before) if before is not None else 'no grade'} -> {_points(now)}", *lines]


def _points(found: Results) -> str:
    undecided = f" ({found.undecided:g} undecided)" if found.undecided else ""
    return f"{found.score:g} of {found.max_score:g}{undecided}"


def _shown(row: Verdict | None) -> str:
    """The status, and how many cases passed where there are several."""
    if row is None:
        return "not asked"
    return f"{row.status} ({row.passed_cases} of {row.cases})" if row.cases > 1 else row.status
