"""grader experiment NAME: one of the slides' experiments, told as it happens."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from grader.cells import SANDBOX_HELP, SANDBOXES
from grader.experiments.catalogue import Experiment, load_experiments, named
from grader.reference import assembled
from grader.submission import open_submission

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_red")
_WIDTH_WITHOUT_TERMINAL = 120


@click.command()
@click.argument("name", required=False)
@click.option(
    "--submission", type=click.Path(path_type=Path), help="Your own programs instead of the reference's."
)
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
def experiment(name: str | None, submission: Path | None, sandbox: str | None) -> int:
    """Run the experiment NAME and show what happens; without NAME, list the experiments."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False)
    if name is None:
        console.print(_list())
        return 0
    return _run(named(name), submission, console, sandbox)


def _list() -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("experiment", "slide", "programs"):
        table.add_column(heading)
    for each in load_experiments().values():
        table.add_row(Text(each.name, "bold"), each.slide, Text(", ".join(each.programs), "dim"))
    return table


def _run(chosen: Experiment, path: Path | None, console: Console, sandbox: str | None) -> int:
    from grader.experiments.run import run_experiment  # noqa: PLC0415 - scapy and the sandbox
    from grader.experiments.stage import Event  # noqa: PLC0415 - the same

    console.print(Rule(Text.assemble((chosen.name, "bold"), f"  slide: {chosen.slide}"), align="left"))
    colours: dict[str, str] = {"kernel": "dim"}

    def tell(event: Event) -> None:
        colour = colours.setdefault(event.who, _COLOURS[(len(colours) - 1) % len(_COLOURS)])
        console.print(
            Text.assemble(
                (f"{event.seconds * 1000:9.1f} ms  ", "dim"),
                (f"{event.who:24}", f"bold {colour}"),
                "  ",
                event.what,
            ),
            soft_wrap=not console.is_terminal,
        )

    with contextlib.ExitStack() as stack:
        submission = stack.enter_context(open_submission(path or stack.enter_context(assembled("c"))))
        end = run_experiment(chosen, submission, tell, sandbox)
    if end.ladder:
        console.print(Rule("on the wire", align="left", style="dim"))
        console.print(Text(end.ladder), soft_wrap=not console.is_terminal)
    if end.trouble:
        console.print(Text.assemble(("The experiment stopped here: ", "bold red"), end.trouble))
        return 1
    console.print(Rule("why", align="left", style="dim"))
    console.print(Padding(Text(chosen.why), (0, 2)))
    return 0
