"""grader rubric PRACTICAL: what is asked and what it is worth, to hand to students."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from grader.commands.check import named
from grader.handout import formats, handout, rendered
from grader.practical import load_practicals
from grader.rubric import plain
from grader.rubric_file import read_rubric


@click.command()
@click.argument("practical")
@click.option(
    "--rubric", "file", type=click.Path(path_type=Path), help="Points and dates of this rubric.toml."
)
@click.option("--format", "form", type=click.Choice(formats()), default="text", show_default=True)
@click.option("--with-hidden", is_flag=True, help="Name the hidden checks too: not for students.")
def rubric(practical: str, file: Path | None, form: str, *, with_hidden: bool) -> None:
    """Print what PRACTICAL asks and what it is worth, as a table to hand to students.

    Checks that the rubric hides until a date are not named before it: only their points are told.
    """
    known = load_practicals()
    (chosen,) = named(known, [practical])
    points = read_rubric(file, known) if file is not None else plain(known)
    table = handout(chosen, points, datetime.now(UTC), with_hidden=with_hidden)
    click.echo(rendered(table, form), nl=False)
