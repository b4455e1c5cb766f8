"""For a terminal, or a mail."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.handout import Handout, totals

_WIDTH = 110


def render(content: Handout) -> str:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("requirement", ratio=3)
    table.add_column("programs", ratio=1)
    table.add_column("tier", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in content.rows:
        points = f"{row.points:g}" if len(row.programs) == 1 else f"{len(row.programs)} x {row.points:g}"
        table.add_row(Text(row.requirement), Text(", ".join(row.programs)), row.tier, points, row.remarks)
    file = io.StringIO()
    console = Console(file=file, width=_WIDTH, highlight=False)
    console.print(Text(content.title), "", table, "", sep="\n")
    for line in (*totals(content), *content.rules):
        console.print(Text(line), soft_wrap=True)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
