"""grader validate: what an author of checks runs after changing one."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grader.cells import SANDBOX_HELP, SANDBOXES
from grader.errors import UsageError
from grader.practical import load_practicals

_WIDTH_WITHOUT_TERMINAL = 200
_EVERY = 20  #: subjects between two lines of a log


@click.command()
@click.option("--practical", "names", multiple=True, metavar="NAME", help="Validate this practical only.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Gradings at the same time (default: two a core).")
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
def validate(names: tuple[str, ...], jobs: int | None, sandbox: str | None) -> int:
    """Grade all references, variants and defects, and show which check catches what.

    Exit status 0 only if every reference passes, no variant fails, every defect fails exactly the checks of its
    row, and every check has a defect that it is meant for.
    """
    from grader.validation import matrix  # noqa: PLC0415 - needs pytest
    from grader.validation.pool import examine_all  # noqa: PLC0415 - the same
    from grader.validation.subjects import subjects  # noqa: PLC0415 - the same

    known = load_practicals()
    for name in names:
        if name not in known:
            raise UsageError(f"there is no practical '{name}'; there are: {', '.join(known)}")
    practicals = [known[name] for name in names] if names else list(known.values())
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False)
    everything = subjects(practicals)
    columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes = []
    wrong = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("validating", total=len(everything))
        for outcome in examine_all(everything, practicals, jobs, sandbox):
            outcomes.append(outcome)
            wrong += bool(outcome.problems())
            for line in matrix.wrong(outcome):
                console.print(line)  # at once, too: the whole takes most of an hour
            bar.update(task, advance=1, description=f"validating, {wrong} wrong" if wrong else "validating")
            if not console.is_terminal and len(outcomes) % _EVERY == 0:
                console.print(f"{len(outcomes)} of {len(everything)}, {wrong} wrong")
    order = {(s.practical, s.kind, s.name): number for number, s in enumerate(everything)}
    outcomes.sort(key=lambda o: order[o.subject.practical, o.subject.kind, o.subject.name])
    matrix.show(console, practicals, outcomes)
    needless = [check for practical in practicals for check in matrix.unneeded(practical, outcomes)]
    for check in needless:
        console.print(f"no defect is meant for {check}", style="red")
    return 1 if wrong or needless else 0
