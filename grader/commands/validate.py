"""grader validate: what an author of checks runs after changing one."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox
from grader.errors import UsageError
from grader.practical import load_practicals

_WIDTH_WITHOUT_TERMINAL = 200
_EVERY = 20  #: subjects between two lines of a log


@click.command()
@click.option("--practical", "names", multiple=True, metavar="NAME", help="Validate this practical only.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Gradings at the same time (default: eight a core).")
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
@click.option("--fresh", is_flag=True, help="Ask everything again, whatever is known from before.")
def validate(
    names: tuple[str, ...],
    jobs: int | None,
    sandbox: str | None,
    fresh: bool,  # noqa: FBT001 - click passes flags by keyword
) -> int:
    """Grade all references, variants and defects, and show which check catches what.

    Outcomes that were right are kept in .cache/validation under a hash of all that they depend on, and are not asked
    again until something of that changes.

    Exit status 0 only if every reference passes, no variant fails, every defect fails exactly the checks of its
    row, and every check has a defect that it is meant for.
    """
    from grader.validation import matrix  # noqa: PLC0415 - needs pytest
    from grader.validation.depends import Dependencies  # noqa: PLC0415 - the same
    from grader.validation.kept import FOLDER, Kept  # noqa: PLC0415 - the same
    from grader.validation.pool import Examiner  # noqa: PLC0415 - the same
    from grader.validation.subjects import subjects  # noqa: PLC0415 - the same

    known = load_practicals()
    for name in names:
        if name not in known:
            raise UsageError(f"there is no practical '{name}'; there are: {', '.join(known)}")
    practicals = [known[name] for name in names] if names else list(known.values())
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False)
    everything = subjects(practicals)
    columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    kept = Kept(FOLDER, Dependencies(practicals, chosen_sandbox(sandbox)).key)
    examiner = Examiner(practicals, kept, jobs=jobs, sandbox=sandbox, fresh=fresh)
    outcomes = []
    wrong = remembered = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("validating", total=len(everything))
        for examined in examiner.examine(everything):
            outcome = examined.outcome
            outcomes.append(outcome)
            remembered += examined.known
            wrong += bool(outcome.problems())
            for line in matrix.wrong(outcome):
                console.print(line)  # at once, too: the whole takes a while
            bar.update(task, advance=1, description=f"validating, {wrong} wrong" if wrong else "validating")
            if not console.is_terminal and len(outcomes) % _EVERY == 0:
                console.print(f"{len(outcomes)} of {len(everything)}, {wrong} wrong")
    order = {(s.practical, s.kind, s.name): number for number, s in enumerate(everything)}
    outcomes.sort(key=lambda o: order[o.subject.practical, o.subject.kind, o.subject.name])
    matrix.show(console, practicals, outcomes)
    asked = sum(len(outcome.statuses) for outcome in outcomes)
    console.print(
        f"{asked} outcomes of checks, {remembered} of them known from before (--fresh asks them again)"
    )
    needless = [check for practical in practicals for check in matrix.unneeded(practical, outcomes)]
    for check in needless:
        console.print(f"no defect is meant for {check}", style="red")
    return 1 if wrong or needless else 0
