"""grader validate: what an author of checks runs after changing one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox
from grader.errors import UsageError
from grader.practical import load_practicals

if TYPE_CHECKING:
    from grader.validation.pool import Examined
    from grader.validation.subjects import Outcome, Subject

_WIDTH_WITHOUT_TERMINAL = 200
_EVERY = 20  #: subjects between two lines of a log


@click.command()
@click.option("--practical", "names", multiple=True, metavar="NAME", help="Validate this practical only.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Gradings at the same time (default: eight a core).")
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
@click.option("--fresh", is_flag=True, help="Ask everything again, whatever is known from before.")
@click.option(
    "--pairs",
    type=click.IntRange(1),
    metavar="N",
    help="Grade N programs with two of the mistakes each, instead of everything else.",
)
def validate(
    names: tuple[str, ...],
    jobs: int | None,
    sandbox: str | None,
    fresh: bool,  # noqa: FBT001 - click passes flags by keyword
    pairs: int | None,
) -> int:
    """Grade all references, variants and defects, and show which check catches what.

    Outcomes that were right are kept in .cache/validation under a hash of all that they depend on, and are not asked
    again until something of that changes.

    Exit status 0 only if every reference passes, no variant fails, every defect fails exactly the checks of its
    row, and every check has a defect that it is meant for. With --pairs: if two mistakes together cost no less than
    either of them, and the checks that are meant for them fail.
    """
    from grader.validation import matrix  # noqa: PLC0415 - needs pytest
    from grader.validation.depends import Dependencies  # noqa: PLC0415 - the same
    from grader.validation.kept import FOLDER, Kept  # noqa: PLC0415 - the same
    from grader.validation.pairs import Rule, chosen_pairs  # noqa: PLC0415 - the same
    from grader.validation.pool import Examiner  # noqa: PLC0415 - the same
    from grader.validation.subjects import Outcome, subjects  # noqa: PLC0415 - the same

    known = load_practicals()
    for name in names:
        if name not in known:
            raise UsageError(f"there is no practical '{name}'; there are: {', '.join(known)}")
    practicals = [known[name] for name in names] if names else list(known.values())
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False)
    problems = Rule(practicals).problems if pairs else Outcome.problems
    everything = chosen_pairs(practicals, pairs) if pairs else subjects(practicals)
    kept = Kept(FOLDER, Dependencies(practicals, chosen_sandbox(sandbox)).key)
    examiner = Examiner(practicals, kept, jobs=jobs, sandbox=sandbox, fresh=fresh, problems=problems)
    found = _examined(console, examiner.examine(everything), everything, problems)
    outcomes = [examined.outcome for examined in found]
    if pairs:
        return matrix.show_pairs(console, outcomes, problems)
    matrix.show(console, practicals, outcomes)
    asked = sum(len(outcome.statuses) for outcome in outcomes)
    remembered = sum(examined.known for examined in found)
    console.print(
        f"{asked} outcomes of checks, {remembered} of them known from before (--fresh asks them again)"
    )
    needless = [check for practical in practicals for check in matrix.unneeded(practical, outcomes)]
    for check in needless:
        console.print(f"no defect is meant for {check}", style="red")
    return 1 if needless or any(map(problems, outcomes)) else 0


def _examined(
    console: Console,
    coming: Iterator[Examined],
    everything: Sequence[Subject],
    problems: Callable[[Outcome], Sequence[str]],
) -> list[Examined]:
    """All of them, in the order of `everything`; what is wrong is printed at once, too: the whole takes a while."""
    from grader.validation import matrix  # noqa: PLC0415 - needs pytest

    columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    found: list[Examined] = []
    wrong = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("validating", total=len(everything))
        for examined in coming:
            found.append(examined)
            lines = matrix.wrong(examined.outcome, problems)
            wrong += bool(lines)
            for line in lines:
                console.print(line)
            bar.update(task, advance=1, description=f"validating, {wrong} wrong" if wrong else "validating")
            if not console.is_terminal and len(found) % _EVERY == 0:
                console.print(f"{len(found)} of {len(everything)}, {wrong} wrong")
    order = {subject: number for number, subject in enumerate(everything)}
    return sorted(found, key=lambda examined: order[examined.outcome.subject])
