"""Live progress: a bar and the latest failures on a terminal, a line a program elsewhere."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from grader.build import Built
from grader.job import CaseResult
from grader.practical import Practical
from grader.record import Listener


@contextlib.contextmanager
def open_progress(console: Console) -> Iterator[Listener]:
    """A listener that shows how far the run has come, for as long as the block lasts."""
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[failed]}"),
    )
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        yield LiveProgress(bar)


class LiveProgress(Listener):
    """Drawn at each step, and at no other time: what is shown changes with nothing else."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("collecting the checks", total=None, failed="")
        self._name = ""
        self._failed = 0
        self._planned = 0  # grows with each practical
        self._told: set[tuple[str, str]] = set()
        bar.refresh()

    def opened(self, name: str, _notes: Sequence[str], _practicals: Sequence[Practical], /) -> None:
        self._name = name
        self._bar.update(self._task, description=f"building {name}")
        self._bar.refresh()

    def planned(self, cases: int, /) -> None:
        self._planned += cases
        self._bar.update(self._task, description=f"grading {self._name}", total=self._planned)
        self._bar.refresh()

    def case(self, _practical: Practical, result: CaseResult, /) -> None:
        if result.status not in {"passed", "inconclusive"}:
            self._failed += 1
            self._tell(result)
        self._bar.update(self._task, advance=1, failed=f"{self._failed} failed" if self._failed else "")
        self._bar.refresh()

    def _tell(self, result: CaseResult) -> None:
        """One line above the bar for each new way of failing."""
        if (result.program, result.message) not in self._told:
            self._told.add((result.program, result.message))
            line = result.message.splitlines()[0] if result.message else ""
            self._bar.console.print(
                Text.assemble(
                    (f"{result.status:8}", "red"), f"{result.program}  {result.check}  ", (line, "dim")
                ),
                no_wrap=True,
                overflow="ellipsis",
            )


class PlainProgress(Listener):
    """For logs: one line for the build, and one each time another program is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: Counter[str] = Counter()
        self._planned = 0

    def opened(self, name: str, _notes: Sequence[str], _practicals: Sequence[Practical], /) -> None:
        self._console.print(f"grading {name}", soft_wrap=True)

    def built(self, _practical: Practical, built: Built, /) -> None:
        failed = f", {len(built.failed)} failed: {', '.join(built.failed)}" if built.failed else ""
        plural = "" if len(built.commands) == 1 else "s"
        self._console.print(f"built {len(built.commands)} program{plural}{failed}", soft_wrap=True)

    def planned(self, cases: int, /) -> None:
        self._planned += cases

    def case(self, _practical: Practical, result: CaseResult, /) -> None:
        self._done[result.status] += 1
        done = self._done.total()
        if done == self._planned or done % 100 == 0:
            counts = ", ".join(f"{count} {status}" for status, count in self._done.items())
            self._console.print(f"{done} of {self._planned} runs: {counts}", soft_wrap=True)
