"""What each check is worth, and the score that results have by it.

Points are added in whole hundredths, so that rows and adjustments add up to the score exactly.
"""

from __future__ import annotations

import collections
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from grader.job import TIERS, UNDECIDED, Adjustment, Results, Selection, Tier, Verdict
from grader.practical import Practical

Credit = Literal["all", "per-case"]
Required = Literal["no", "program", "practical"]
HiddenPoints = Literal["left-out", "counted"]

CREDITS: tuple[Credit, ...] = ("all", "per-case")
HIDDEN_POINTS: tuple[HiddenPoints, ...] = ("left-out", "counted")
_NAMED = 3  #: required checks that an adjustment names


class Worth(msgspec.Struct, frozen=True):
    """What one check is worth, for each program that it runs on."""

    points: float
    credit: Credit = "all"
    bonus: bool = False  #: its points come above the maximum
    required: Required = "no"  #: what is held to `percent_without_required` when it fails
    omit: bool = False
    hidden_until: datetime | None = None  #: aware


class Limits(msgspec.Struct, frozen=True):
    """What holds for a practical as a whole; None is no limit."""

    at_most: float | None = None  #: points, bonus apart
    bonus_at_most: float | None = None
    tier_at_most: dict[Tier, float] = {}
    percent_without_core: float = 100.0  #: of a program's points, when it fails a core check
    percent_without_required: float = 0.0


class Rubric(msgspec.Struct, frozen=True):
    """The worth of every check of every practical, by id, and the limits of every practical, by name."""

    worth: dict[str, Worth]
    limits: dict[str, Limits] = {}
    title: str = ""
    source: str = ""  #: the name of its file
    hidden_points: HiddenPoints = "left-out"  #: of the score that students see before the date

    def narrowed(self, selection: Selection) -> Selection:
        """The same choice without the checks that are left out."""
        left_out = tuple(identifier for identifier, worth in self.worth.items() if worth.omit)
        return msgspec.structs.replace(selection, omitted=left_out)

    def hidden(self, now: datetime) -> dict[str, datetime]:
        """The checks whose results nobody may see at `now` (aware), and until when."""
        return {
            identifier: worth.hidden_until
            for identifier, worth in self.worth.items()
            if worth.hidden_until is not None and now < worth.hidden_until and not worth.omit
        }


class Score(msgspec.Struct, frozen=True):
    """Points of one practical."""

    score: float  #: what is earned for sure: as if all that is undecided had failed
    max_score: float
    adjustments: tuple[Adjustment, ...] = ()
    undecided: float = 0.0  #: what the score would be higher if all of that had passed


def plain(practicals: Mapping[str, Practical]) -> Rubric:
    """The rubric of specs/ as it is."""
    return Rubric({c.id: Worth(c.points) for p in practicals.values() for c in p.checks.values()})


def applied(found: Results, rubric: Rubric) -> Results:
    """The same results, scored by `rubric`; what it was scored by before does not matter."""
    rows = [_valued(row, rubric) for row in found.checks if not _omitted(row, rubric)]
    scores = by_practical(rows, rubric).values()
    return msgspec.structs.replace(
        found,
        checks=rows,
        score=round(sum(score.score for score in scores), 2),
        max_score=round(sum(score.max_score for score in scores), 2),
        undecided=round(sum(score.undecided for score in scores), 2),
        adjustments=[adjustment for score in scores for adjustment in score.adjustments],
        environment=found.environment | ({"rubric": rubric.source} if rubric.source else {}),
    )


def _omitted(row: Verdict, rubric: Rubric) -> bool:
    return row.id in rubric.worth and rubric.worth[row.id].omit


def _valued(row: Verdict, rubric: Rubric) -> Verdict:
    """The row with the points that it earns by this rubric."""
    worth = rubric.worth.get(row.id)
    if worth is None:  # results of other specs: there is nothing better to go by
        return row
    earned = worth.points if row.status == "passed" else 0.0
    if row.status != "passed" and worth.credit == "per-case" and (cases := _cases(row)):
        earned = worth.points * row.passed_cases / cases
    return msgspec.structs.replace(
        row,
        points=round(earned, 2),
        max_points=0.0 if worth.bonus else worth.points,
        bonus_points=worth.points if worth.bonus else 0.0,
    )


def _cases(row: Verdict) -> int:
    """All its cases, as far as the results tell: earlier ones counted those that were decided."""
    return row.cases or (row.decided_cases if row.status == "failed" else 0)


def by_practical(rows: Iterable[Verdict], rubric: Rubric) -> dict[str, Score]:
    """The score of each practical that has rows; the rows are already worth what `rubric` says."""
    grouped: dict[str, list[Verdict]] = {}
    for row in rows:
        grouped.setdefault(row.practical, []).append(row)
    return {name: _score(name, own, rubric) for name, own in grouped.items()}


def _score(practical: str, rows: Sequence[Verdict], rubric: Rubric) -> Score:
    """What is undecided earns nothing and sets off every limit that its failure would: it must never be a gain."""
    sure = _limited(practical, rows, rubric)
    best_rows = [_at_best(row, rubric) for row in rows]
    if best_rows == list(rows):
        return sure
    best = _limited(practical, best_rows, rubric)
    return msgspec.structs.replace(sure, undecided=round(best.score - sure.score, 2))


def _at_best(row: Verdict, rubric: Rubric) -> Verdict:
    """The row if every case that is undecided had passed."""
    worth = row.max_points + row.bonus_points
    if row.status in UNDECIDED:
        return msgspec.structs.replace(row, status="passed", points=worth)
    by_case = row.id in rubric.worth and rubric.worth[row.id].credit == "per-case"
    if row.status != "failed" or not by_case or row.cases <= row.decided_cases:
        return row
    failed = row.decided_cases - row.passed_cases
    return msgspec.structs.replace(row, points=round(worth * (row.cases - failed) / row.cases, 2))


def _limited(practical: str, rows: Sequence[Verdict], rubric: Rubric) -> Score:
    """Limits one after the other, each with what it takes: programs, tiers, bonus, practical, what is required."""
    limits = rubric.limits.get(practical, Limits())
    sums = _Sums(practical, rows)
    for program in dict.fromkeys(row.program for row in rows):
        own = [row for row in rows if row.program == program]
        whole = sum(row.max_points for row in own)
        for percent, reason in _program_limits(program, own, rubric, limits):
            sums.limit_program(program, whole * percent / 100, reason)
    for tier in (tier for tier in TIERS if tier in limits.tier_at_most):
        most = limits.tier_at_most[tier]
        sums.limit(tier, most, f"{tier}: at most {most:g} points")
    if (most_bonus := limits.bonus_at_most) is not None:
        sums.limit(_BONUS, most_bonus, f"bonus: at most {most_bonus:g} points")
    if (most_of_all := limits.at_most) is not None:
        sums.limit(_REGULAR, most_of_all, f"at most {most_of_all:g} points")
    if failed := _failed_required(rows, rubric, "practical"):
        percent = limits.percent_without_required
        sums.limit_all(
            percent, f"required, but not passed: {failed}: at most {percent:g} % of the practical's points"
        )
    return sums.score()


def _program_limits(
    program: str, rows: Sequence[Verdict], rubric: Rubric, limits: Limits
) -> Iterator[tuple[float, str]]:
    core = [row for row in rows if row.tier == "core" and not _is_bonus(row, rubric)]
    if any(row.status != "passed" for row in core):
        percent = limits.percent_without_core
        if percent < 100:
            yield percent, f"a core check of {program} did not pass: at most {percent:g} % of its points"
    if failed := _failed_required(rows, rubric, "program"):
        percent = limits.percent_without_required
        yield percent, f"required, but not passed: {failed}: at most {percent:g} % of the program's points"


def _is_bonus(row: Verdict, rubric: Rubric) -> bool:
    return rubric.worth[row.id].bonus if row.id in rubric.worth else row.bonus_points > 0


def _failed_required(rows: Sequence[Verdict], rubric: Rubric, scope: Required) -> str:
    """The required checks that did not pass, for people; "" when all did."""
    failed = [
        f"{row.id} ({row.program})"
        for row in rows
        if row.status != "passed" and row.id in rubric.worth and rubric.worth[row.id].required == scope
    ]
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    return ", ".join(failed[:_NAMED]) + more


_BONUS, _REGULAR = "bonus", "regular"  #: beside the tiers; regular is all of them together
_Sorted = dict[str, collections.Counter[str]]


class _Sums:
    """Hundredths by program and kind (a tier, or bonus), and the most that the limits so far leave of them."""

    def __init__(self, practical: str, rows: Sequence[Verdict]) -> None:
        self._practical = practical
        self._points: _Sorted = {row.program: collections.Counter() for row in rows}
        self._maximum: _Sorted = {row.program: collections.Counter() for row in rows}
        for row in rows:
            kind = _BONUS if row.bonus_points else row.tier
            self._points[row.program][kind] += round(row.points * 100)
            self._maximum[row.program][kind] += round(row.max_points * 100)
        self._of_programs: dict[str, int] = {}
        self._of_kinds: dict[str, int] = {}
        self._left = _most(self._points, {}, {})
        self._maximum_left = _most(self._maximum, {}, {})
        self._adjustments: list[Adjustment] = []

    def limit_program(self, program: str, most: float, reason: str) -> None:
        self._of_programs[program] = min(round(most * 100), self._of_programs.get(program, 1 << 62))
        self._note(reason, program)

    def limit(self, kind: str, most: float, reason: str) -> None:
        self._of_kinds[kind] = round(most * 100)
        self._note(reason)

    def limit_all(self, percent: float, reason: str) -> None:
        most = round(self._maximum_left * percent / 100)
        self._adjust(reason, "", min(self._left, most), self._maximum_left)

    def _note(self, reason: str, program: str = "") -> None:
        # What a student failed never lowers the maximum, what nobody can earn does.
        points = _most(self._points, self._of_programs, self._of_kinds)
        self._adjust(reason, program, points, _most(self._maximum, {}, self._of_kinds))

    def _adjust(self, reason: str, program: str, points: int, maximum: int) -> None:
        change, of = (points - self._left) / 100, (maximum - self._maximum_left) / 100
        if change or of:
            self._adjustments.append(Adjustment(self._practical, reason, change, of, program))
        self._left, self._maximum_left = points, maximum

    def score(self) -> Score:
        return Score(self._left / 100, self._maximum_left / 100, tuple(self._adjustments))


def _most(cells: _Sorted, of_programs: Mapping[str, int], of_kinds: Mapping[str, int]) -> int:
    """The most that can be kept of `cells` when limits of programs and of kinds cross.

    Points flow from programs through kinds; the largest flow is the smallest cut (Ford and Fulkerson). Cutting down
    one limit after the other instead could take points from a student for having passed one check more.
    """
    best = math.inf
    for through in itertools.product((False, True), repeat=len(TIERS) + 1):
        cut = {kind for kind, is_cut in zip((*TIERS, _BONUS), through, strict=True) if is_cut}
        tiers = sum(of_kinds.get(tier, math.inf) for tier in TIERS if tier in cut)
        if cut >= set(TIERS):
            tiers = min(tiers, of_kinds.get(_REGULAR, math.inf))
        bonus = of_kinds.get(_BONUS, math.inf) if _BONUS in cut else 0
        programs = sum(
            min(of_programs.get(program, math.inf), sum(own[kind] for kind in own if kind not in cut))
            for program, own in cells.items()
        )
        best = min(best, tiers + bonus + programs)
    return int(best)
