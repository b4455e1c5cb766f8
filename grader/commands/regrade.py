"""grader regrade DIR: grade some of a batch again, and see what changes before it does."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console

from grader.batch import regrade as again
from grader.batch.engine import Job
from grader.batch.plan import Plan, planned
from grader.batch.reports import Reports
from grader.batch.run import run
from grader.batch.store import opened
from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox
from grader.commands.batch import conclude, engine_for, rubric_of, told
from grader.commands.check import WIDTH_WITHOUT_TERMINAL, named
from grader.errors import UsageError
from grader.job import Selection
from grader.practical import load_practicals


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--only", "students", multiple=True, metavar="STUDENT", help="Grade this student's submission again."
)
@click.option("--undecided", is_flag=True, help="Grade again where something is undecided.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Ask this check again only.")
@click.option(
    "--apply", "applies", is_flag=True, help="Let what was found count; without it it is only shown."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Submissions at the same time (default: two a core)."
)
@click.option("--scheduler", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler.")
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
def regrade(  # noqa: PLR0917 - click passes everything by keyword
    directory: Path,
    students: tuple[str, ...],
    undecided: bool,  # noqa: FBT001 - click passes flags by keyword
    checks: tuple[str, ...],
    applies: bool,  # noqa: FBT001 - click passes flags by keyword
    scheduler: str | None,
    jobs: int | None,
    sandbox: str | None,
) -> int:
    """Grade submissions of the batch in DIR again, and show grade by grade what would change.

    Nothing counts before the same command is given with --apply, which takes what was shown. What counted before is kept.
    """
    known = load_practicals()
    if unknown := [name for name in checks if not any(name in each.checks for each in known.values())]:
        raise UsageError(f"there is no check '{unknown[0]}'; see: grader list --checks")
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    where = chosen_sandbox(sandbox)
    asked = again.Asked(students, undecided, checks)
    with told(directory), opened(directory) as store:
        settings = store.settings()
        rubric = rubric_of(settings, known)
        selection = rubric.narrowed(Selection())
        plan = planned(settings, directory, store, named(known, settings.practicals), selection)
        before = {each.student: each.results for each in store.outcomes()}
        submissions = again.chosen(plan, before, asked)
        wanted = again.jobs_of(plan, store, submissions, asked)
        if not wanted:
            click.echo("nothing of this batch is to be graded again")
            return 0
        lines: list[str] = []
        if not applies:
            narrowed = msgspec.structs.replace(selection, checks=checks)
            engine = engine_for(scheduler, plan.practicals, narrowed, where, jobs)
            lines += again.propose(wanted, store, asked, engine, console)
        found = again.proposed(wanted, store, asked)
        if applies:
            _refuse_unseen(plan, found)
        changed = 0
        for each in submissions:
            student = each.handed.student
            different = again.differences(
                student, before.get(student), again.after(each, plan, store, asked, rubric)
            )
            changed += bool(different)
            lines += different
        lines.append(
            f"{len(found)} graded again; {changed} of {len(plan.submissions)} submissions would change"
        )
        for line in lines:
            console.print(line, soft_wrap=True, markup=False)
        if not applies:
            console.print(
                "nothing has been changed; the same command with --apply lets this count", soft_wrap=True
            )
            return 0
        store.accept([job.key for job in found], asked.words())
        plan = planned(settings, directory, store, named(known, settings.practicals), selection)
        reports = Reports(plan, store, directory, selection, rubric)
        nothing_left = engine_for(scheduler, plan.practicals, selection, where, jobs)
        grades, file = run(plan, store, reports, nothing_left, console)
    conclude(grades, file, directory, console)
    return 0


def _refuse_unseen(plan: Plan, found: list[Job]) -> None:
    """Only what was shown may count, and no grade may change beside it."""
    if not found:
        raise UsageError("nothing was shown yet; first give the same command without --apply")
    keys = {job.key for job in found}
    left = [job for job in plan.missing if job.key not in keys]
    if left:
        raise UsageError(
            f"{len(left)} more are to be graded (files, checks or the grader have changed): regrade everybody,"
            " or grade them first with: grader batch"
        )
