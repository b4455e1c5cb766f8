"""grader export DIR: what a platform takes back, from a batch that has come to its end."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from grader.batch.exports import FORMATS
from grader.batch.exports.order import Order
from grader.batch.store import opened
from grader.commands.batch import rubric_of, told
from grader.practical import load_practicals
from grader.rubric_file import read_rubric


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--format", "kind", required=True, type=click.Choice(list(FORMATS)), help="What to write.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file or folder to write.")
@click.option(
    "--fill", type=click.Path(path_type=Path), help="Moodle's worksheet or Canvas's gradebook to fill in."
)
@click.option("--assignment", default="", metavar="NAME", help="For Canvas (its title) and Classroom 50.")
@click.option("--classroom", default="", metavar="NAME", help="For Classroom 50.")
@click.option(
    "--rubric",
    "rubric_file",
    type=click.Path(path_type=Path),
    help="Whose dates hide checks from students (default: the one of the batch).",
)
def export(  # noqa: PLR0917 - click passes everything by keyword
    directory: Path,
    kind: str,
    out: Path,
    fill: Path | None,
    assignment: str,
    classroom: str,
    rubric_file: Path | None,
) -> int:
    """Write the grades of the batch in DIR as a platform takes them.

    csv and junit are one file; gradescope and classroom50 a folder with a file for each student; moodle and canvas fill in the
    file that was downloaded there (--fill). What is undecided is never made a grade without a word.
    """
    known = load_practicals()
    with told(directory):
        with opened(directory) as store:
            graded = store.outcomes()
            rubric = (
                read_rubric(rubric_file, known)
                if rubric_file is not None
                else rubric_of(store.settings(), known)
            )
        order = Order(out, fill, assignment, classroom, rubric, datetime.now().astimezone())
        lines = FORMATS[kind](graded, order)
    for line in (f"{len(graded)} graded: {out}", *lines):
        click.echo(line)
    return 3 if any(each.results.undecided for each in graded) else 0
