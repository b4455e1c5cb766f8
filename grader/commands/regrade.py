"""grader regrade DIR: grade some of a batch again, and see what changes before it does."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console

from grader.batch import regrade as again
from grader.batch.engine import Job
from grader.batch.grades import together
from grader.batch.plan import Plan, planned
from grader.batch.reports import Reports
from grader.batch.run import run
from grader.batch.store import Store, Submitted, opened
from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox
from grader.commands.batch import conclude, engine_for
from grader.commands.check import WIDTH_WITHOUT_TERMINAL, named
from grader.errors import UsageError
from grader.job import Results, Selection
from grader.practical import load_practicals
from grader.rubric import Rubric, plain
from grader.rubric_file import read_rubric


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
    if unknown := [
        name for name in checks if not any(name in practical.checks for practical in known.values())
    ]:
        raise UsageError(f"there is no check '{unknown[0]}'; see: grader list --checks")
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    with opened(directory) as store:
        settings = store.settings()
        rubric = read_rubric(Path(settings.rubric), known) if settings.rubric is not None else plain(known)
        selection = rubric.narrowed(Selection())
        plan = planned(settings, directory, store, named(known, settings.practicals), selection)
        chosen = again.chosen(plan, store, students, undecided=undecided)
        asked = msgspec.structs.replace(selection, checks=checks)
        if checks:
            chosen = [job for job in chosen if any(name in known[job.practical].checks for name in checks)]
        if not chosen:
            click.echo("nothing of this batch is to be graded again")
            return 0
        troubles = []
        where = chosen_sandbox(sandbox)
        engine = engine_for(scheduler, plan.practicals, asked, where, jobs)
        if not (applies and again.proposed(chosen, store, asked)):
            troubles = again.propose(chosen, store, asked, engine, console)
        for line in [*_differences(plan, store, asked, rubric, chosen), *troubles]:
            console.print(line, soft_wrap=True, markup=False)
        if not applies:
            console.print(
                "nothing has been changed; the same command with --apply lets this count", soft_wrap=True
            )
            return 0
        store.accept([job.key for job in chosen])
        reports = Reports(plan, store, directory, selection, rubric)
        missing = engine_for(scheduler, plan.practicals, selection, where, jobs)
        grades, file = run(plan, store, reports, missing, console)
    conclude(grades, file, directory, console)
    return 0


def _differences(
    plan: Plan, store: Store, asked: Selection, rubric: Rubric, jobs: Sequence[Job]
) -> Iterator[str]:
    """Who would get another grade, and why; and who another verdict for the same grade."""
    found = again.changes(jobs, store, asked)
    changed = 0
    for each in plan.submissions:
        changes = again.of_student(each, plan, found)
        if not changes:
            continue
        changed += 1
        before, after = (_results(each, plan, store, rubric, words) for words in (None, again.asked(asked)))
        yield f"{each.handed.student}: {_points(before)} -> {_points(after)}"
        for change in changes:
            yield f"  {change.program}  {change.check}: {change.before} -> {change.after}"
    yield f"{len(jobs)} graded again; {changed} of {len(plan.submissions)} submissions would change"


def _results(submitted: Submitted, plan: Plan, store: Store, rubric: Rubric, proposed: str | None) -> Results:
    """A student's results as they are, or with what is proposed in place of it."""
    parts = {}
    for name in submitted.practicals:
        key = plan.jobs[submitted.handed.student, name].key
        for words in (proposed, None):
            try:
                parts[name] = store.results(key, proposed=words)
                break
            except KeyError:  # nothing was proposed for this one, or it was never graded
                continue
    return together(submitted, parts, plan.practicals, rubric.narrowed(Selection()), rubric)


def _points(found: Results) -> str:
    undecided = f" ({found.undecided:g} undecided)" if found.undecided else ""
    return f"{found.score:g} of {found.max_score:g}{undecided}"
