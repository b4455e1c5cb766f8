"""The rubric as a table for students: one format a file, each with `render(handout) -> str`.

A file in this folder is a format of `grader rubric --format`; there is no list of them elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from grader.job import TIERS, Tier, Verdict
from grader.practical import Check, Practical
from grader.rubric import Limits, Rubric, Worth, by_practical

BONUS = "bonus"


class Row(msgspec.Struct, frozen=True):
    """One check that students may know."""

    id: str
    requirement: str
    tier: Tier
    points: float  #: for each program
    programs: tuple[str, ...]
    kind: str  #: "", BONUS, "required" or "required of the program"
    by_case: bool

    @property
    def total(self) -> float:
        """Points of all its programs."""
        return round(self.points * len(self.programs), 2)

    @property
    def remarks(self) -> str:
        return ", ".join(word for word in (self.kind, "by case" if self.by_case else "") if word)


class Later(msgspec.Struct, frozen=True):
    """What is hidden until one moment: points alone."""

    moment: datetime
    points: float
    bonus: float


class Handout(msgspec.Struct, frozen=True):
    """What is handed to students about one practical."""

    title: str
    rows: list[Row]
    tiers: dict[Tier, float]  #: points that all programs' shown checks of a tier add up to, bonus apart
    hidden: list[Later]
    bonus: float  #: of the shown checks
    max_score: float  #: what can be had without bonus
    rules: list[str]


def handout(practical: Practical, rubric: Rubric, now: datetime, *, with_hidden: bool = False) -> Handout:
    """Everything that may be said at `now` (aware); `with_hidden` is for the instructor's own eyes."""
    until = {} if with_hidden else rubric.hidden(now)
    rows = [_row(check, rubric.worth[check.id]) for check in _asked(practical, rubric)]
    shown = [row for row in rows if row.id not in until]
    worth = [rubric.worth[row.id] for row in rows]
    by_tier = {tier: _sum(row for row in shown if row.tier == tier and row.kind != BONUS) for tier in TIERS}
    return Handout(
        title=": ".join(text for text in (rubric.title, practical.title) if text),
        rows=shown,
        tiers={tier: points for tier, points in by_tier.items() if points},
        hidden=[
            _later(moment, [row for row in rows if until.get(row.id) == moment])
            for moment in sorted(set(until.values()))
            if any(until.get(row.id) == moment for row in rows)
        ],
        bonus=_sum(row for row in shown if row.kind == BONUS),
        max_score=_maximum(practical, rows, rubric),
        rules=list(_rules(rubric.limits.get(practical.name, Limits()), worth)),
    )


def totals(content: Handout) -> list[str]:
    """What the points add up to, a line each, for the formats that are read by people."""
    lines = [f"{tier}: {_points(points)}" for tier, points in content.tiers.items()]
    for later in content.hidden:
        bonus = f", and a bonus of {_points(later.bonus)}" if later.bonus else ""
        lines.append(f"checks that are shown from {when(later.moment)} on: {_points(later.points)}{bonus}")
    if content.bonus:
        lines.append(f"bonus: {_points(content.bonus)} above the maximum")
    return [*lines, f"maximum: {_points(content.max_score)}"]


def formats() -> list[str]:
    """Their names, as files lie in this folder; text comes first."""
    return sorted(
        (module.name for module in pkgutil.iter_modules(__path__)), key=lambda name: (name != "text", name)
    )


def rendered(content: Handout, name: str) -> str:
    text: str = importlib.import_module(f"{__name__}.{name}").render(content)
    return text


def when(moment: datetime) -> str:
    """A date; with its time unless that is midnight."""
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M}"


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"


def _asked(practical: Practical, rubric: Rubric) -> list[Check]:
    return [check for check in practical.checks.values() if not rubric.worth[check.id].omit]


def _sum(rows: Iterable[Row]) -> float:
    return round(sum(row.total for row in rows), 2)


def _later(moment: datetime, rows: list[Row]) -> Later:
    bonus = [row for row in rows if row.kind == BONUS]
    return Later(moment, _sum(row for row in rows if row.kind != BONUS), _sum(bonus))


def _row(check: Check, worth: Worth) -> Row:
    kinds = {"no": "", "practical": "required", "program": "required of the program"}
    kind = BONUS if worth.bonus else kinds[worth.required]
    by_case = worth.credit == "per-case"
    return Row(check.id, check.requirement, check.tier, worth.points, check.programs, kind, by_case)


def _maximum(practical: Practical, rows: list[Row], rubric: Rubric) -> float:
    """What programs that pass everything get, found in the same way as any other score."""
    passed = [
        Verdict(row.id, program, practical.name, row.tier, "passed", row.points, row.points)
        for row in rows
        if row.kind != BONUS
        for program in row.programs
    ]
    return by_practical(passed, rubric)[practical.name].max_score if passed else 0.0


def _rules(limits: Limits, worth: list[Worth]) -> Iterator[str]:
    if limits.percent_without_core < 100:
        yield f"A program that fails a core check gets at most {limits.percent_without_core:g} % of its points."
    percent = limits.percent_without_required
    if any(item.required == "program" for item in worth):
        yield (
            "A program that fails a check marked 'required of the program' gets at most"
            f" {percent:g} % of its points."
        )
    if any(item.required == "practical" for item in worth):
        yield f"If a program fails a check marked 'required', the practical gets at most {percent:g} % of its points."
    for tier, most in limits.tier_at_most.items():
        yield f"The {tier} checks give at most {most:g} points."
    if limits.at_most is not None:
        yield f"The practical gives at most {limits.at_most:g} points, bonus apart."
    if limits.bonus_at_most is not None and any(item.bonus for item in worth):
        yield f"The bonus is at most {limits.bonus_at_most:g} points."
    if any(item.credit == "per-case" for item in worth):
        yield "A check marked 'by case' tries several cases and gives its points in proportion to those that pass."
