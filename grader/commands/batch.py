"""grader batch SOURCE --out DIR: grade a whole class."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
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
from grader.intake import shown
from grader.job import Selection
from grader.practical import Practical, load_practicals
from grader.reports import folder
from grader.rubric import Rubric, plain
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
    "--repeat",
    "times",
    type=click.IntRange(1, 20),
    default=1,
    metavar="N",
    help="Grade each N times; what differs is undecided.",
)
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
    times: int,
    scheduler: str | None,
    jobs: int | None,
    sandbox: str | None,
) -> int:
    """Grade everything that a class has handed in, and write DIR/grades.csv and each student's reports.

    SOURCE is a folder, or an archive of one: a folder or archive for each student, or a download of Moodle, Gradescope,
    Canvas or GitHub Classroom. Stopped or killed at any moment, the same command goes on where it was; what has not
    changed is not graded again.

    Without --practical everybody is graded by the practicals that two submissions or more, and one in twenty, are about.

    Exit status 0 when everything is graded, 3 when something is left for a person to decide.
    """
    known = load_practicals()
    settings = Settings(
        os.fsencode(source.absolute()),
        layout,
        tuple(dict.fromkeys(practicals)),
        due.astimezone() if due else None,
        os.fsencode(rubric_file.absolute()) if rubric_file else None,
        times,
    )
    chosen = named(known, settings.practicals)
    rubric = rubric_of(settings, known)
    selection = rubric.narrowed(Selection())
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    where = chosen_sandbox(sandbox)
    _refuse_overlap(source, out)
    out = out.absolute()
    with told(out):
        folder.make(out)
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
    _warn(plan, console)
    conclude(grades, file, out, console)
    return 3 if any(each.undecided for each in grades) else 0


def rubric_of(settings: Settings, known: dict[str, Practical]) -> Rubric:
    """That of these settings, else that of specs/."""
    return read_rubric(Path(os.fsdecode(settings.rubric)), known) if settings.rubric else plain(known)


@contextlib.contextmanager
def told(out: Path) -> Iterator[None]:
    """What the machine refuses for a batch in `out` is one line, and nothing that was stored is lost."""
    try:
        yield
    except sqlite3.Error as error:
        raise UsageError(f"the store in {out} cannot be used: {error}; what was stored is kept") from error
    except OSError as error:
        what = shown(str(error.filename)) if error.filename else str(out)
        raise UsageError(f"{what}: {error.strerror}; what was stored in {out} is kept") from error


def _refuse_overlap(source: Path, out: Path) -> None:
    """What is written must not become a submission, nor what was handed in be written over."""
    inside, around = out.resolve(), source.resolve()
    if around.is_dir() and (inside == around or around in inside.parents or inside in around.parents):
        raise UsageError(f"{out} and {source} lie in each other; name another folder with --out")


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
        *plan.remarks,
        f"{troubled} with nothing that can be graded: see grades.csv" if troubled else "",
        f"{_count(len(plan.missing), 'grading')} to do, {len(plan.keys) - len(plan.missing)} known",
    ):
        if line:
            console.print(line, soft_wrap=True, markup=False)


def _warn(plan: Plan, console: Console) -> None:
    """What may make everybody's grades other than they are meant, said where it is seen."""
    for line in plan.remarks:
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
