"""grader batch SOURCE --out DIR: grade a whole class."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from grader.batch.cluster import Cluster
from grader.batch.engine import Engine, Local
from grader.batch.grades import Grade
from grader.batch.layouts import LAYOUTS
from grader.batch.plan import Plan, planned
from grader.batch.reports import STUDENTS, Reports
from grader.batch.run import run
from grader.batch.store import Settings, Store
from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox
from grader.commands.check import WIDTH_WITHOUT_TERMINAL, named
from grader.errors import UsageError
from grader.job import Selection
from grader.practical import Practical, load_practicals
from grader.reports import folder
from grader.rubric import plain
from grader.rubric_file import read_rubric

_NAMED = 10  #: students that a list names
_EACH_CORE = 2  #: submissions at the same time: checks mostly wait


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Grades, reports and the store.",
)
@click.option(
    "--practical", "practicals", multiple=True, metavar="NAME", help="Grade by this practical only."
)
@click.option(
    "--layout", type=click.Choice(list(LAYOUTS)), help="How SOURCE is laid out (default: recognised)."
)
@click.option(
    "--due", type=click.DateTime(), help="What was handed in after this local time is marked as late."
)
@click.option("--rubric", "rubric_file", type=click.Path(path_type=Path), help="Score by this rubric.toml.")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler (tcp://HOST:PORT)."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Submissions at the same time (default: two a core)."
)
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
def batch(  # noqa: PLR0917 - click passes everything by keyword
    source: Path,
    out: Path,
    practicals: tuple[str, ...],
    layout: str | None,
    due: datetime | None,
    rubric_file: Path | None,
    scheduler: str | None,
    jobs: int | None,
    sandbox: str | None,
) -> int:
    """Grade everything that a class has handed in, and write DIR/grades.csv and each student's reports.

    SOURCE is a folder, or an archive of one: a folder or archive for each student, or a download of Moodle, Gradescope,
    Canvas or GitHub Classroom. Stopped or killed at any moment, the same command goes on where it was; what has not
    changed is not graded again.

    Without --practical everybody is graded by all practicals that anybody's submission is about.

    Exit status 0 when everything is graded, 3 when something is left for a person to decide.
    """
    known = load_practicals()
    chosen = named(known, practicals)
    rubric = read_rubric(rubric_file, known) if rubric_file is not None else plain(known)
    selection = rubric.narrowed(Selection())
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    where = chosen_sandbox(sandbox)
    try:
        folder.make(out)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror}") from error
    settings = Settings(
        str(source.absolute()),
        layout,
        practicals,
        due.astimezone() if due else None,
        str(rubric_file.absolute()) if rubric_file else None,
    )
    with Store(out) as store:
        plan = planned(settings, out, store, chosen, selection)
        _tell(plan, console)
        reports = Reports(plan, store, out, selection, rubric)
        engine = engine_for(scheduler, plan.practicals, selection, where, jobs)
        try:
            grades, file = run(plan, store, reports, engine, console)
        except KeyboardInterrupt:
            click.echo("what has been graded is kept: the same command goes on from there", err=True)
            raise
    conclude(grades, file, out, console)
    return 3 if any(each.undecided for each in grades) else 0


def engine_for(
    scheduler: str | None,
    practicals: Sequence[Practical],
    selection: Selection,
    sandbox: str,
    jobs: int | None,
) -> Engine:
    """Where jobs run: on a cluster if its scheduler is named, else here, so many at a time."""
    if scheduler is not None:
        return Cluster(scheduler, practicals, selection, sandbox)
    return Local(practicals, selection, sandbox, jobs or _EACH_CORE * len(os.sched_getaffinity(0)))


def _tell(plan: Plan, console: Console) -> None:
    """What there is, before anything is graded."""
    troubled = sum(bool(each.trouble) for each in plan.submissions)
    about = Counter(name for each in plan.submissions for name in each.practicals)
    words = ", ".join(f"{practical.name} ({about[practical.name]})" for practical in plan.practicals)
    for line in (
        f"{_count(len(plan.submissions), 'submission')}, layout {plan.found.layout}",
        f"graded by: {words or 'nothing'}",
        *plan.found.notes,
        f"{troubled} with nothing that can be graded: see grades.csv" if troubled else "",
        f"{_count(len(plan.missing), 'grading')} to do, {len(plan.keys) - len(plan.missing)} known",
    ):
        if line:
            console.print(line, soft_wrap=True, markup=False)


def conclude(grades: list[Grade], file: Path, out: Path, console: Console) -> None:
    """What became of everybody, and where it stands."""
    undecided = sorted(each.student for each in grades if each.undecided)
    late = sum(each.late for each in grades)
    if late:
        console.print(f"late: {late}", soft_wrap=True)
    if undecided:
        more = f" and {len(undecided) - _NAMED} more" if len(undecided) > _NAMED else ""
        console.print(
            f"for a person to decide: {', '.join(undecided[:_NAMED])}{more}", soft_wrap=True, markup=False
        )
    console.print(f"grades: {file}, reports: {out / STUDENTS}", soft_wrap=True, markup=False)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
