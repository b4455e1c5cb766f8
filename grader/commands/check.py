"""grader check PATH: grade one submission."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from grader import verdicts
from grader.cells import SANDBOX_HELP, SANDBOXES
from grader.commands.progress import open_progress
from grader.errors import UsageError
from grader.job import TIERS, Results, Selection
from grader.practical import Practical, load_practicals
from grader.reference import assembled
from grader.reports import folder, json, junit, terminal
from grader.reports.visibility import visible
from grader.rubric import applied
from grader.rubric_file import read_rubric
from grader.warm import WarmGrader

WIDTH_WITHOUT_TERMINAL = 120


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--practical", "practicals", multiple=True, metavar="NAME", help="Grade this practical only.")
@click.option("--program", "programs", multiple=True, metavar="NAME", help="Grade this program only.")
@click.option("--tier", "tiers", multiple=True, type=click.Choice(TIERS), help="Run this tier's checks only.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Run this check only.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write results.json and junit.xml here."
)
@click.option("--rubric", "rubric_file", type=click.Path(path_type=Path), help="Score by this rubric.toml.")
@click.option("--student", is_flag=True, help="Show and write only what the rubric does not hide yet.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="Workers at the same time (default: three a core, more while the machine idles).",
)
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
@click.option("--verbose", "-v", is_flag=True, help="Show every failure in full, and every check.")
def check(  # noqa: PLR0917 - click passes everything by keyword
    path: Path | None,
    practicals: tuple[str, ...],
    programs: tuple[str, ...],
    tiers: tuple[str, ...],
    checks: tuple[str, ...],
    out: Path | None,
    rubric_file: Path | None,
    student: bool,  # noqa: FBT001 - click passes flags by keyword
    jobs: int | None,
    sandbox: str | None,
    verbose: bool,  # noqa: FBT001 - click passes flags by keyword
) -> int:
    """Grade the folder or archive PATH and say what is wrong with it.

    Without PATH the bundled reference programs in C are graded, which pass. The options that choose may be repeated.
    """
    if student and rubric_file is None:
        raise UsageError("--student hides what a rubric hides: name it with --rubric FILE")
    known = load_practicals()
    rubric = read_rubric(rubric_file, known) if rubric_file is not None else None
    chosen = named(known, practicals)
    selection = _selection(chosen, programs, tiers, checks)
    if rubric is not None:
        selection = rubric.narrowed(selection)
        _refuse_omitted(selection, rubric.source)
    chosen = [practical for practical in chosen if _selects(selection, practical)]
    if not chosen:
        left_out = f" that {rubric.source} leaves in" if rubric is not None else ""
        raise UsageError(
            f"none of these checks{left_out} is one of these programs'; see: grader list --checks"
        )
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)
    names = [practical.name for practical in chosen]
    with contextlib.ExitStack() as stack:
        warm = stack.enter_context(WarmGrader(chosen))
        submission = path or stack.enter_context(assembled("c"))
        progress = stack.enter_context(open_progress(console))
        found = warm.grade(
            submission,
            practicals=names if practicals or programs else (),
            selection=selection,
            jobs=jobs,
            sandbox=sandbox,
            listener=progress,
        )
    if rubric is not None:
        found = applied(found, rubric)
    if student and rubric is not None:
        found = visible(found, rubric, datetime.now().astimezone())
    terminal.show(found, console, verbose=verbose)
    if out is not None:
        _write(found, out, console)
    return verdicts.exit_code(found)


def named(known: dict[str, Practical], names: Sequence[str]) -> list[Practical]:
    for name in names:
        if name not in known:
            raise UsageError(f"there is no practical '{name}'; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def _selection(
    practicals: Sequence[Practical], programs: Sequence[str], tiers: Sequence[str], checks: Sequence[str]
) -> Selection:
    """Aliases are resolved; an unknown name is a usage error that says which there are."""
    resolved = []
    for name in programs:
        matches = {real for practical in practicals if (real := practical.program_for(name))}
        if not matches:
            there = ", ".join(program for practical in practicals for program in practical.programs)
            raise UsageError(f"there is no program '{name}'; there are: {there}")
        resolved += sorted(matches)
    ids = {identifier for practical in practicals for identifier in practical.checks}
    for identifier in checks:
        if identifier not in ids:
            raise UsageError(f"there is no check '{identifier}'; see: grader list --checks")
    return Selection(tuple(resolved), tuple(tier for tier in TIERS if tier in tiers), tuple(checks))


def _refuse_omitted(selection: Selection, source: str) -> None:
    """To ask for a check and leave it out at once is a mistake, not a choice of nothing."""
    if omitted := [identifier for identifier in selection.checks if identifier in selection.omitted]:
        raise UsageError(f"--check {omitted[0]}: {source} leaves this check out (omit = true)")


def _selects(selection: Selection, practical: Practical) -> bool:
    """Whether any of its programs and any of its checks are asked for, and not every check is left out."""
    return not (
        (selection.programs and set(selection.programs).isdisjoint(practical.programs))
        or (selection.checks and set(selection.checks).isdisjoint(practical.checks))
        or set(practical.checks) <= set(selection.omitted)
    )


def _write(found: Results, out: Path, console: Console) -> None:
    try:
        folder.make(out)
        json.write(found, out / "results.json")
        junit.write(found, out / "junit.xml")
    except OSError as error:
        raise UsageError(f"cannot write the reports: {error}") from error
    console.print(f"reports: {out / 'results.json'}, {out / 'junit.xml'}", style="dim", soft_wrap=True)
