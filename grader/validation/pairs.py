"""Two mistakes in one program: more mistakes never score higher, and neither hides the other.

A pair is two defects of the same program in the same language whose differences apply one after the other. What each of
them costs, and which checks name it, its row tells; the pair is held to both (the contract's "More mistakes never score
higher").
"""

from __future__ import annotations

import itertools
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from grader.errors import UsageError
from grader.practical import Practical
from grader.validation.catalogue import DEFECTS, Defect, load, materialise
from grader.validation.subjects import Outcome, Subject


def chosen_pairs(practicals: Sequence[Practical], count: int) -> list[Subject]:
    """So many pairs, from all over the catalogue; the same ones for the same number, and those of fewer among them."""
    found = itertools.islice((pair for pair in _all(practicals) if _applies(pair)), count)
    return list(found)


def _all(practicals: Sequence[Practical]) -> Iterator[Subject]:
    alike: defaultdict[tuple[str, str, str], list[Defect]] = defaultdict(list)
    for practical in practicals:
        for defect in load(practical.name):
            alike[defect.practical, defect.program, defect.language].append(defect)
    every = [
        Subject("pair", f"{one.name} + {two.name} ({one.language})", one.practical, defect=one, second=two)
        for members in alike.values()
        for one, two in itertools.combinations(members, 2)
    ]
    yield from sorted(
        every, key=lambda pair: (zlib.crc32(f"{pair.practical} {pair.name}".encode()), pair.name)
    )


def _applies(pair: Subject) -> bool:
    assert pair.defect is not None
    with tempfile.TemporaryDirectory(prefix="grader-") as directory:
        try:
            materialise(pair.defect, Path(directory), pair.second)
        except UsageError:
            return False
    return True


def unbuilt(outcome: Outcome) -> bool:
    """The two differences apply, and what comes of them does not compile: no check was asked but whether it builds."""
    return not outcome.trouble and len(outcome.statuses) <= 1


class Cancelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of cancelled.toml: what is a mistake alone is none in a program that has the other one."""

    practical: str
    mistake: str  #: a defect's name
    by: str  #: another one's
    check: str  #: that fails because of the mistake where it is one
    reason: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    cancelled: tuple[Cancelled, ...] = ()


def cancelled() -> tuple[Cancelled, ...]:
    """Every row."""
    return msgspec.toml.decode((DEFECTS / "cancelled.toml").read_bytes(), type=_File).cancelled


class Rule:
    """What pairs are held to."""

    def __init__(self, practicals: Iterable[Practical]) -> None:
        self._practicals = {practical.name: practical for practical in practicals}
        self._cancelled = {(each.practical, each.mistake, each.by, each.check) for each in cancelled()}

    def problems(self, outcome: Outcome) -> list[str]:
        """Where a pair breaks it, one line each."""
        if outcome.trouble:
            return [outcome.trouble]
        if unbuilt(outcome):
            return []  # there is no program, and so no question
        one, two = outcome.subject.defect, outcome.subject.second
        assert one is not None
        assert two is not None
        lost = self._worth(outcome, [check for check, found in outcome.statuses.items() if found != "passed"])
        return [*self._broken(outcome, one, two, lost), *self._broken(outcome, two, one, lost)]

    def _broken(self, outcome: Outcome, mistake: Defect, other: Defect, lost: float) -> Iterator[str]:
        """As far as one of the two is concerned; `lost` is what they cost together."""
        void = {
            check
            for practical, name, by, check in self._cancelled
            if (practical, name, by) == (mistake.practical, mistake.name, other.name)
        }
        for check in mistake.caught_by:
            status = outcome.statuses.get(check)
            if status != "failed" and check not in void:
                yield f"{status} {check}, which is meant for {mistake.name}: {outcome.said(check)}"
        alone = self._worth(outcome, mistake.expected - void)
        if lost < alone:
            spared = ", ".join(sorted(mistake.expected - void - outcome.failed))
            yield f"costs {lost:g} points, {mistake.name} alone {alone:g}, which also fails {spared}"

    def _worth(self, outcome: Outcome, checks: Iterable[str]) -> float:
        rubric = self._practicals[outcome.subject.practical].checks
        return sum(rubric[check].points for check in checks)
