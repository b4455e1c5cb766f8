"""How far a batch is: how many, how fast, how long still, and which checks fail most."""

from __future__ import annotations

import time
from collections import Counter
from typing import Self

from rich.console import Console

from grader.batch.engine import Outcome
from grader.job import Results

_EACH = 30.0  #: seconds between two lines where there is no terminal
_MOST = 3  #: checks that are named


class Tally:
    """Counts what has ended, for whoever shows it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._started = time.monotonic()
        self._failed: Counter[str] = Counter()

    def take(self, ended: Outcome) -> None:
        self.done += 1
        if ended.results is not None:
            self._failed.update(_failed(ended.results))

    def line(self) -> str:
        elapsed = max(time.monotonic() - self._started, 1e-3)
        rate = self.done / elapsed
        parts = [f"{self.done} of {self.total} graded", f"{60 * rate:.1f} a minute"]
        if self.done < self.total and self.done:
            parts.append(f"{_span((self.total - self.done) / rate)} left")
        if self._failed:
            most = ", ".join(f"{check} ({count})" for check, count in self._failed.most_common(_MOST))
            parts.append(f"failed most: {most}")
        return "; ".join(parts)


def _failed(found: Results) -> set[str]:
    return {row.id for row in found.checks if row.status == "failed"}


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"


class Lines:
    """For logs: a line now and then, and one at the end."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._console = console
        self._tally = tally
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._say()

    def take(self, ended: Outcome) -> None:
        self._tally.take(ended)
        if time.monotonic() - self._said > _EACH:
            self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        self._console.print(self._tally.line(), soft_wrap=True)


class Live:
    """On a terminal: one line that is drawn anew with each job that ends."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._tally = tally
        self._console = console
        self._status = console.status("the first ones are being graded")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()
        self._console.print(self._tally.line())

    def take(self, ended: Outcome) -> None:
        self._tally.take(ended)
        self._status.update(self._tally.line())


def shown(console: Console, total: int) -> Lines | Live:
    tally = Tally(total)
    return Live(console, tally) if console.is_terminal else Lines(console, tally)
