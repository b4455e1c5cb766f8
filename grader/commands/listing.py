"""grader list: which practicals, programs and checks there are."""

from __future__ import annotations

import click
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

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
        table = Table(box=None, padding=(0, 1, 0, 1))
        table.add_column("program")
        for heading in (*TIERS, "points"):
            table.add_column(heading, justify="right", no_wrap=True)
        for program in practical.programs.values():
            rows = [check for check in practical.checks.values() if program.name in check.programs]
            counts = [str(sum(check.tier == tier for check in rows)) for tier in TIERS]
            points = f"{sum(check.points for check in rows):g}"
            call = Text(f"{program.name} {program.arguments}")
            summary = Padding(Text(program.summary, "dim"), (0, 0, 0, 2))
            table.add_row(Group(call, summary), *counts, points)
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
