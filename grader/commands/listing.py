"""grader list: which practicals, programs and checks there are."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from grader.job import TIERS
from grader.practical import load_practicals


@click.command("list")
@click.option("--checks", "show_checks", is_flag=True, help="List every check too.")
def listing(*, show_checks: bool) -> None:
    """List the practicals and their programs."""
    console = Console(highlight=False)
    practicals = load_practicals()
    for practical in practicals.values():
        console.print(f"[bold]{practical.name}[/]: {practical.summary}")
        table = Table(box=None, padding=(0, 2, 0, 2))
        for heading in ("program", "arguments", "what it is", *TIERS, "points"):
            number = heading in {*TIERS, "points"}
            table.add_column(heading, justify="right" if number else "left", no_wrap=heading != "what it is")
        for program in practical.programs.values():
            rows = [check for check in practical.checks.values() if program.name in check.programs]
            counts = [str(sum(check.tier == tier for check in rows)) for tier in TIERS]
            points = f"{sum(check.points for check in rows):g}"
            table.add_row(program.name, program.arguments, program.summary, *counts, points)
        console.print(table)
        if show_checks:
            checks = Table(box=None, padding=(0, 2, 0, 2))
            for heading in ("check", "tier", "points", "requirement"):
                checks.add_column(heading)
            for check in practical.checks.values():
                checks.add_row(check.id, check.tier, f"{check.points:g}", check.requirement)
            console.print(checks)
    programs = sum(len(practical.programs) for practical in practicals.values())
    console.print(f"{programs} programs; more about a check: grader explain ID", style="dim")
