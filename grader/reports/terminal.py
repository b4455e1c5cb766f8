"""The summary that a person reads: score per program, what failed and why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.job import UNDECIDED, Adjustment, BuildStep, Results, Status, Verdict
from grader.text import printable

_STYLE: dict[Status, str] = {
    "passed": "green",
    "failed": "red",
    "missing": "red",
    "inconclusive": "yellow",
    "not_run": "yellow",
    "error": "magenta",
}
#: Failures of one program that are shown in full; `verbose` shows all.
SHOWN_IN_FULL = 5
SHOWN_ALIKE = 5  #: other checks named that failed in the same way
_CODE_LINES = 14


def show(found: Results, console: Console, *, verbose: bool = False) -> None:
    found = msgspec.convert(_safe(msgspec.to_builtins(found)), Results)
    for step in found.build:
        if not step.ok and (verbose or _matters(step, found)):
            console.print(_build_failure(step))
    for program, verdicts in _by_program(found):
        for block in _failures(program, verdicts, verbose=verbose):
            console.print(block)
    if verbose:
        console.print(_everything(found))
    for note in found.notes:
        console.print(Text(f"Note: {note}", style="yellow"))
    console.print(_scores(found))
    for adjustment in found.adjustments:
        console.print(_adjustment(adjustment))
    console.print(_conclusion(found))


def _safe(value: Any) -> Any:
    """The same value with every text made safe to show: results may come from a file of anybody's."""
    if isinstance(value, str):
        return printable(value, newlines=True)
    if isinstance(value, dict):
        return {_safe(key): _safe(item) for key, item in value.items()}
    return [_safe(item) for item in value] if isinstance(value, list) else value


def _by_program(found: Results) -> Iterator[tuple[str, list[Verdict]]]:
    for program, verdicts in groupby(found.checks, lambda verdict: verdict.program):
        yield program, list(verdicts)


def _matters(step: BuildStep, found: Results) -> bool:
    """A failed step that a later one made good says nothing."""
    return any(v.status in {"failed", "missing"} and v.program in step.command for v in found.checks)


def _build_failure(step: BuildStep) -> RenderableType:
    return Group(
        Text.assemble(("BUILD FAILED  ", "bold red"), (step.command, "bold")),
        Padding(Text(step.output), (0, 0, 1, 2)),
    )


def _failures(program: str, verdicts: Sequence[Verdict], *, verbose: bool) -> Iterator[RenderableType]:
    """What has one cause is told once, by the check that is about it."""
    for number, alike in enumerate(_by_cause(verdicts)):
        if verbose or number < SHOWN_IN_FULL:
            yield _in_full(alike, SHOWN_ALIKE if not verbose else len(alike))
        else:
            yield Text.assemble(
                (f"{alike[0].status.upper()}  ", _STYLE[alike[0].status]),
                (f"{program}  {', '.join(v.id for v in alike)}: ", "bold"),
                alike[0].message.splitlines()[0],
            )


def _by_cause(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """What did not pass, in groups of one cause: first the check that is about it, else the first that says the same."""
    found = [verdict for verdict in verdicts if verdict.status not in {"passed", "missing"}]
    heads = {verdict.about for verdict in found if verdict.about}
    said = {verdict.message: verdict.about or verdict.id for verdict in found if verdict.id in heads}
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in found:
        cause = verdict.id if verdict.id in heads else verdict.about or said.get(verdict.message, "")
        group = groups.setdefault((verdict.status, cause, "" if cause else verdict.message), [])
        group.insert(0 if verdict.id == cause else len(group), verdict)
    return list(groups.values())


def _in_full(alike: Sequence[Verdict], limit: int) -> RenderableType:
    verdict = alike[0]
    worth = verdict.max_points or verdict.bonus_points
    points = f"{worth:g} {'bonus ' if verdict.bonus_points else ''}point{'s' if worth != 1 else ''}"
    if verdict.points:  # a part of the cases passed
        points = f"{verdict.points:g} of {points}"
    title = Text.assemble(
        (f"{verdict.status.upper().replace('_', ' ')}  ", f"bold {_STYLE[verdict.status]}"),
        (f"{verdict.program}  {verdict.id}", "bold"),
        (f"  ({verdict.tier}, {points})", "dim"),
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("required", Text(verdict.requirement))
    table.add_row("happened", Text(verdict.message, style=_STYLE[verdict.status]))
    for piece in verdict.evidence:
        table.add_row(piece.title, Text(_shortened(piece.text)))
    if verdict.hint:
        table.add_row("hint", Text(verdict.hint, style="cyan"))
    same = [other.id for other in alike[1:] if other.message == verdict.message]
    apart = [other.id for other in alike[1:] if other.message != verdict.message]
    for words, others in (("the same in", same), ("because of it", apart)):
        more = f" and {len(others) - limit} more checks (--verbose names them)" if len(others) > limit else ""
        if others:
            table.add_row(words, Text(", ".join(others[:limit]) + more))
    return Group(title, Padding(table, (0, 0, 1, 2)))


def _shortened(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= _CODE_LINES:
        return text
    half = _CODE_LINES // 2
    return "\n".join([*lines[:half], f"... {len(lines) - 2 * half} lines ...", *lines[-half:]])


def _everything(found: Results) -> RenderableType:
    table = Table(title="every check", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("status", "program", "check", "tier", "points", "seconds"):
        table.add_column(heading, justify="right" if heading in {"points", "seconds"} else "left")
    for v in found.checks:
        points = (
            f"{v.points:g}/{v.max_points:g}" if not v.bonus_points else f"+{v.points:g}/+{v.bonus_points:g}"
        )
        table.add_row(Text(v.status, _STYLE[v.status]), v.program, v.id, v.tier, points, f"{v.seconds:.2f}")
    remarks = [
        Text(f"{v.program}  {v.id}: {piece.text}", style="dim")
        for v in found.checks
        if v.status == "passed"
        for piece in v.evidence
    ]
    return Group(table, *remarks) if remarks else table


def _scores(found: Results) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("program", "score", "passed", "failed", "undecided"):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for program, verdicts in _by_program(found):
        statuses = [verdict.status for verdict in verdicts]
        if set(statuses) == {"missing"}:
            table.add_row(program, Text("not handed in", "red"), "", "", "")
            continue
        adjusted = [item for item in found.adjustments if item.program == program]
        points = round(sum(v.points for v in verdicts) + sum(item.points for item in adjusted), 2)
        score = f"{points:g} / {sum(v.max_points for v in verdicts):g}"
        failed = statuses.count("failed") + statuses.count("missing")
        undecided = sum(status in UNDECIDED for status in statuses)
        table.add_row(
            Text(program, "bold"),
            score,
            Text(str(statuses.count("passed")), "green"),
            Text(str(failed), "red" if failed else "dim"),
            Text(str(undecided), "yellow" if undecided else "dim"),
        )
    return table


def _adjustment(adjustment: Adjustment) -> RenderableType:
    """A program's is part of its line already; the practical's comes off their sum."""
    change = f"{adjustment.points:+g}" if adjustment.points else ""
    if adjustment.max_points:
        change += f" ({adjustment.max_points:+g} of the maximum)"
    included = "  counted above" if adjustment.program else ""
    return Text.assemble(
        (f"{adjustment.practical}: ", "bold"), f"{adjustment.reason}: {change.strip()}", (included, "dim")
    )


def _conclusion(found: Results) -> RenderableType:
    best = f" to {round(found.score + found.undecided, 2):g}" if found.undecided else ""
    line = Text.assemble(("score ", "bold"), (f"{found.score:g}{best} of {found.max_score:g}", "bold"))
    if found.undecided:
        plural = "s are" if found.undecided != 1 else " is"
        line.append(f": {found.undecided:g} point{plural} undecided", "bold yellow")
        line.append(
            "\na person has to look at it before it is a grade; checking once more may decide it", "yellow"
        )
    worst = next((v for v in found.checks if v.status == "failed"), None)
    if worst is not None:
        line.append(f"\nmore about a check: grader explain {worst.about or worst.id}", "dim")
    elif not found.checks:
        line.append("  nothing to grade: no check fits what was chosen", "yellow")
    elif all(verdict.status == "passed" for verdict in found.checks):
        line.append("  every check passed", "green")
    return line
