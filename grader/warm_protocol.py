"""What a warm grader and its processes say to each other: JSON messages over one connection a grading."""

from __future__ import annotations

import msgspec

from grader.build import Built
from grader.errors import BadSubmissionError, CellError, GraderBugError, GraderError, UsageError
from grader.intake import EmptySubmissionError
from grader.job import CaseResult, Selection


class Order(msgspec.Struct, frozen=True):
    """One submission, and how to grade it."""

    path: bytes  #: absolute: a folder or an archive; names need not be UTF-8
    practicals: tuple[str, ...] = ()  #: none: those that the submission is about
    among: tuple[str, ...] = ()  #: ... of these; none: of all
    selection: Selection = Selection()
    jobs: int | None = None
    most: int | None = None
    sandbox: str | None = None


class Opened(msgspec.Struct, frozen=True, tag=True):
    name: str
    notes: list[str]
    practicals: list[str]


class BuildDone(msgspec.Struct, frozen=True, tag=True):
    """The build of a practical has ended."""

    practical: str
    built: Built


class Planned(msgspec.Struct, frozen=True, tag=True):
    cases: int


class CaseDone(msgspec.Struct, frozen=True, tag=True):
    """One case has its result."""

    practical: str
    result: CaseResult


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The grading cannot go on: an exception of this kind, with these words."""

    kind: str
    words: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """Nothing more comes."""


Said = Opened | BuildDone | Planned | CaseDone | Refused | Done

_KINDS: dict[str, type[GraderError]] = {
    kind.__name__: kind
    for kind in (UsageError, BadSubmissionError, EmptySubmissionError, CellError, GraderBugError)
}


def refused(error: Exception) -> Refused:
    """The nearest kind that the other side knows; whatever is not raised on purpose is a bug."""
    kind = next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _KINDS), "")
    if kind:
        return Refused(kind, str(error))
    return Refused(GraderBugError.__name__, f"{type(error).__name__}: {error}")


def raised(refusal: Refused) -> GraderError:
    return _KINDS[refusal.kind](refusal.words)
