"""The types that travel: from a job through a cell to verdicts and reports, as JSON at each border."""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA: Literal["grader/results/v1"] = "grader/results/v1"

Tier = Literal["core", "technique", "robust"]
TIERS: tuple[Tier, ...] = ("core", "technique", "robust")

Status = Literal["passed", "failed", "inconclusive", "error", "not_run", "missing"]

#: Verdicts that say nothing about the program: they cost no points and are left out of the maximum.
UNDECIDED: frozenset[Status] = frozenset({"inconclusive", "error", "not_run"})


class Evidence(msgspec.Struct, frozen=True):
    """One thing that was seen: `text` is already bounded and holds no control characters but newline."""

    title: str  #: "expected", "actual", "bytes received", "standard error", "blocked in", "system calls"...
    text: str


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that belongs to the evidence: a capture. In results.json its data stand in a file of this name."""

    name: str
    data: bytes = b""


class CaseResult(msgspec.Struct):
    """What one run of one check function gave: one line of the journal.

    A parametrised check has one case a parameter set; `case` is its label ("" without parameters).
    """

    check: str
    program: str
    case: str
    status: Status
    seconds: float = 0.0
    message: str = ""
    evidence: list[Evidence] = []
    attachments: list[Attachment] = []
    not_serving: bool = False  #: the server never began to listen
    costly: bool = False  #: ... and trying again would hurt what runs beside it
    about: str = ""  #: the name of the check whose matter this is, without its practical's
    hint: str = ""  #: instead of the check's own
    number: int = 0  #: its place in the order of the checks, whichever worker ended first


class Case(msgspec.Struct, frozen=True):
    """One run of one check function on one program, as planned."""

    check: str
    program: str
    label: str = ""  #: of the parameter set
    serves: bool = False  #: it cannot pass unless the program listens


class Verdict(msgspec.Struct):
    """One row of the results: one check on one program, all its cases folded together."""

    id: str
    program: str
    practical: str
    tier: Tier
    status: Status
    points: float
    max_points: float  #: 0 for a bonus check
    seconds: float = 0.0
    requirement: str = ""  #: the sentence of the specification
    message: str = ""  #: what happened; empty when passed
    hint: str = ""  #: what to try next; empty when passed
    evidence: list[Evidence] = []
    attachments: list[Attachment] = []
    bonus_points: float = 0.0  #: what it may add above the maximum
    passed_cases: int = 0
    decided_cases: int = 0  #: that passed or failed
    cases: int = 0  #: all; 0 where it is not known
    by_case: dict[str, Status] = {}  #: how each of them ended, by its label ("" without parameters)
    about: str = ""  #: the check below which a report shows this failure: it is about the cause


class Adjustment(msgspec.Struct, frozen=True):
    """What the sum of the rows is changed by: a rule of the rubric, or rows that are not shown."""

    practical: str
    reason: str  #: for the student
    points: float  #: added to the score
    max_points: float = 0.0  #: added to the maximum
    program: str = ""  #: "" when it concerns the practical as a whole


class BuildStep(msgspec.Struct):
    """One command of the build, run inside the room."""

    command: str
    ok: bool
    output: str = ""  #: the compiler's words: stdout and stderr together, bounded
    seconds: float = 0.0
    programs: list[str] = []  #: the programs that this step made


class Results(msgspec.Struct):
    """Everything that a report may know about one graded submission."""

    submission: str
    score: float  #: points that are earned for sure
    max_score: float  #: of everything that was graded, decided or not
    checks: list[Verdict]
    build: list[BuildStep] = []
    notes: list[str] = []  #: remarks for the student: ignored binaries, aliases, files skipped
    environment: dict[str, str] = {}
    adjustments: list[Adjustment] = []  #: rows and adjustments add up to the score
    undecided: float = (
        0.0  #: points that the score may be too low by: a person has to look before they are anyone's
    )
    schema: Literal["grader/results/v1"] = SCHEMA


class Selection(msgspec.Struct, frozen=True):
    """What the user asked for; empty means everything."""

    programs: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    checks: tuple[str, ...] = ()  #: ids, whole
    omitted: tuple[str, ...] = ()  #: ids that are never wanted
    statuses_only: bool = False  #: a check that has failed in one case is not asked in others: it has failed

    def wants(self, check: str, tier: Tier, program: str) -> bool:
        return (
            (not self.programs or program in self.programs)
            and (not self.tiers or tier in self.tiers)
            and (not self.checks or check in self.checks)
            and check not in self.omitted
        )
