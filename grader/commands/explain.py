"""grader explain ID: what a check asks, where the course teaches it, and how it is tested."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import click
from rich.console import Console
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.table import Table

from grader.errors import UsageError
from grader.practical import Check, Practical, load_practicals, specs_directory


@click.command()
@click.argument("identifier", metavar="ID")
def explain(identifier: str) -> None:
    """Explain the check ID: requirement, slide, how it is tested, where its code stands.

    With the name of a practical: print its statement.
    """
    console = Console(highlight=False)
    statement = specs_directory() / identifier / "statement.md"
    if identifier in load_practicals() and statement.is_file():
        console.print(Markdown(statement.read_text()))
        return
    practical, check = _find(identifier)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("check", f"[bold]{check.id}[/]")
    table.add_row("requirement", check.requirement)
    table.add_row("hint", check.hint)
    table.add_row("tier, points", f"{check.tier}, {check.points:g}")
    table.add_row("programs", ", ".join(check.programs))
    slides = [check.slide] if check.slide else [practical.programs[name].slide for name in check.programs]
    table.add_row("slides", "; ".join(dict.fromkeys(slides)))
    file, line, source = _source(practical, check)
    table.add_row("tested by", f"{file}:{line}")
    console.print(table)
    console.print(Syntax(source, "python", theme="ansi_dark", background_color="default"))


def _find(identifier: str) -> tuple[Practical, Check]:
    practicals = load_practicals().values()
    for practical in practicals:
        if identifier in practical.checks:
            return practical, practical.checks[identifier]
    known = [known for practical in practicals for known in practical.checks]
    close = difflib.get_close_matches(identifier, known, 3, 0.4) or known[:3]
    raise UsageError(
        f"there is no check '{identifier}'; did you mean {' or '.join(close)}? See: grader list --checks"
    )


def _source(practical: Practical, check: Check) -> tuple[Path, int, str]:
    """The check function with its decorators, found without importing the file."""
    for file in sorted(practical.directory.glob("check_*.py")):
        text = file.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and _is_for(node, check.id):
                first = node.decorator_list[0].lineno
                lines = text.splitlines()[first - 1 : node.end_lineno]
                return file, node.lineno, "\n".join(lines)
    raise UsageError(f"{practical.directory}: no check function has the id '{check.id}'")


def _is_for(node: ast.FunctionDef, identifier: str) -> bool:
    return any(
        isinstance(mark, ast.Call)
        and isinstance(mark.func, ast.Name)
        and mark.func.id == "check"
        and isinstance(mark.args[0], ast.Constant)
        and mark.args[0].value == identifier
        for mark in node.decorator_list
    )
