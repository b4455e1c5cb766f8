"""grader staged: the core checks of what the next commit changes, for a pre-commit hook."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath

import click

from grader.cells import SANDBOX_HELP, SANDBOXES
from grader.commands.check import check
from grader.errors import UsageError
from grader.practical import Practical, load_practicals
from grader.submission import EmptySubmissionError
from grader.text import bounded, printable

_SUFFIXES = ("", ".c", ".py")
_SAID = 300  #: characters of git's words
_FAILED, _UNDECIDED = 1, 3


@click.command()
@click.option("--sandbox", type=click.Choice(SANDBOXES), help=SANDBOX_HELP)
@click.pass_context
def staged(context: click.Context, sandbox: str | None) -> int:
    """Ask the core checks of the programs whose source the next commit changes, as it is in git's index.

    Meant for a pre-commit hook (docs/ci.md). Exit status 1 when a check fails, 0 when none does, or when there is nothing to ask
    or to decide.
    """
    changed = _git("diff", "--cached", "--name-only", "-z", "--no-renames", "--diff-filter=ACM")
    names = [os.fsdecode(name) for name in changed.split(b"\0") if name]
    programs = programs_of(names, load_practicals())
    if not programs:
        click.echo("this commit changes no program's source: nothing to grade")
        return 0
    with tempfile.TemporaryDirectory(prefix="grader-") as folder:
        tree = Path(folder) / "staged"
        _write_index(tree, Path(folder) / "index")
        try:
            status: int = context.invoke(
                check, path=tree, programs=programs, tiers=("core",), sandbox=sandbox
            )
        except EmptySubmissionError:  # a name alone makes no program
            return 0
    if status == _FAILED:
        click.echo("to commit it as it is: git commit --no-verify", err=True)
    if status == _UNDECIDED:
        click.echo("not everything could be decided; that holds no commit back", err=True)
    return _FAILED if status == _FAILED else 0


def programs_of(files: Iterable[str], practicals: Mapping[str, Practical]) -> tuple[str, ...]:
    """The programs of which one of these files is the source, each once."""
    found = {}
    for path in map(PurePath, files):
        if path.suffix in _SUFFIXES:
            for practical in practicals.values():
                if program := practical.program_for(path.stem):
                    found[program] = True
    return tuple(found)


def _write_index(tree: Path, index: Path) -> None:
    """Everything as it would be committed: without what is only meant to be added, and whatever is checked out here."""
    written = _git("write-tree").strip().decode()
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)}
    _git("read-tree", written, environment=environment)
    tree.mkdir()
    _git("checkout-index", "--all", f"--prefix={tree}/", environment=environment)


def _git(*arguments: str, environment: Mapping[str, str] | None = None) -> bytes:
    """What it prints. Raises `UsageError` where there is no repository, or no git."""
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            env=environment,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"cannot run git: {error.strerror}") from error
    if done.returncode != 0:
        words = bounded(printable(done.stderr.decode(errors="replace").strip()), _SAID)
        raise UsageError(f"git {arguments[0]}: {words}")
    return done.stdout
