"""grader show DIR STUDENT: one student's results of a batch, as grader check shows them."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click
from rich.console import Console

from grader.batch.content import content_of
from grader.batch.store import opened
from grader.build import Built
from grader.cells import SANDBOX_HELP, SANDBOXES, chosen_sandbox
from grader.commands.batch import told
from grader.commands.check import WIDTH_WITHOUT_TERMINAL
from grader.concerned import concerned
from grader.errors import UsageError
from grader.job import Results
from grader.practical import Practical, load_practicals
from grader.reports import terminal
from grader.submission import EmptySubmissionError, open_submission
from grader.verdicts import exit_code
from grader.visit import visit

_NAMED = 20  #: students that a message names


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("student", required=False)
@click.option("--verbose", "-v", is_flag=True, help="Show every failure in full, and every check.")
@click.option(
    "--keep-room", is_flag=True, help="Then build the submission in a room again, and open a shell there."
)
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
def show(directory: Path, student: str | None, *, verbose: bool, keep_room: bool, sandbox: str | None) -> int:
    """Show what the batch in DIR found for STUDENT; without STUDENT, everybody's score.

    With --keep-room the submission's room is made once more, with its programs built, and stays for looking in until the
    shell that runs there ends. What is done there changes no grade, and is gone afterwards.

    The exit status is that of grader check.
    """
    if keep_room and student is None:
        raise UsageError("--keep-room: name the student whose room it is; see: grader show DIR")
    where = chosen_sandbox(sandbox)
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    with told(directory), opened(directory) as store:
        graded = {each.student: each.results for each in store.outcomes()}
        place, content = store.place(student) if student in graded else (Path(), "")
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
    found = graded[student]
    terminal.show(found, console, verbose=verbose)
    if keep_room:
        _open_room(place, content, found, where, console)
    return exit_code(found)


def _open_room(place: Path, content: str, found: Results, sandbox: str, console: Console) -> None:
    """Raises `UsageError` where what was graded is not there any more, `BadSubmissionError` where it never opened."""
    if not place.exists():
        raise UsageError(f"{place}, which was graded, is not there any more")
    with open_submission(place) as submission:
        if content_of(submission) != content:
            raise UsageError(f"{place} has changed since it was graded; grade it again with: grader batch")
        graded = {row.practical for row in found.checks}
        practicals: list[Practical] = []
        with contextlib.suppress(EmptySubmissionError):  # a room with what was handed in, all the same
            practicals = concerned([p for name, p in load_practicals().items() if name in graded], submission)
        console.print(
            "the room: /work holds the submission and what is built of it, /data is where programs run;"
            " leave with: exit",
            soft_wrap=True,
        )

        def built(practical: str, result: Built) -> None:
            words = [*result.commands, *(f"{name} (does not build)" for name in result.failed)]
            console.print(
                f"built of {practical}: {', '.join(words) or 'nothing'}", soft_wrap=True, markup=False
            )

        visit(submission, practicals, sandbox, built)
    console.print("left the room")
