"""grader show DIR STUDENT: one student's results of a batch, as grader check shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from grader.batch.store import opened
from grader.commands.batch import told
from grader.commands.check import WIDTH_WITHOUT_TERMINAL
from grader.errors import UsageError
from grader.reports import terminal
from grader.verdicts import exit_code

_NAMED = 20  #: students that a message names


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("student", required=False)
@click.option("--verbose", "-v", is_flag=True, help="Show every failure in full, and every check.")
def show(directory: Path, student: str | None, *, verbose: bool) -> int:
    """Show what the batch in DIR found for STUDENT; without STUDENT, everybody's score.

    The exit status is that of grader check.
    """
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    with told(directory), opened(directory) as store:
        graded = {each.student: each.results for each in store.outcomes()}
    if student is None:
        for name, found in graded.items():
            undecided = f", {found.undecided:g} undecided" if found.undecided else ""
            console.print(
                f"{found.score:g} of {found.max_score:g}{undecided}  {name}", soft_wrap=True, markup=False
            )
        return 0
    if student not in graded:
        near = [name for name in graded if student.lower() in name.lower()] or list(graded)
        raise UsageError(
            f"there is no student '{student}' in {directory}; there are: {', '.join(near[:_NAMED])}"
        )
    terminal.show(graded[student], console, verbose=verbose)
    return exit_code(graded[student])
