"""Whose fault it is lives in the exception type, never in the message.

A check ends in one of four ways: it returns (passed), it raises `SubmissionFault` or an
`AssertionError` (failed), it raises `Inconclusive` (its precondition was not reached), or anything
else escapes, which is the grader's own fault (error).
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.job import Evidence


class GraderError(Exception):
    """Root of every exception that the grader raises on purpose."""


class UsageError(GraderError):
    """The command, or a file that belongs to the instructor, is wrong (exit status 4)."""


class BadSubmissionError(UsageError):
    """The submission cannot be opened at all: broken, hostile or too large (exit status 4)."""


class SubmissionFault(GraderError):  # noqa: N818 - a verdict about a program, not an error of ours
    """The program did not do what its contract asks; the message is read by the student."""

    def __init__(
        self,
        message: str,
        *,
        expected: str | bytes | None = None,
        actual: str | bytes | None = None,
        evidence: Sequence[Evidence] = (),
        about: str = "",
        hint: str = "",
    ) -> None:
        """`about`: the name of the check whose matter this is ("header"), whichever check has met it.

        `hint`: what to do about it, where that is not what the check itself would say.
        """
        super().__init__(message)
        self.about = about
        self.hint = hint
        self.expected = expected
        self.actual = actual
        self.evidence = list(evidence)


class CrowdError(SubmissionFault):
    """The program starts processes without end (a fork bomb): the longer it runs, the more it hurts others."""


class NotServingError(SubmissionFault):
    """The server did not begin to listen: every check that starts it will see the same."""

    costly = False  #: seeing it again would hurt what runs beside it


class ProgramEnded(SubmissionFault):
    """A program that should live has ended: never a state that a check merely failed to reach."""


class Inconclusive(GraderError):  # noqa: N818 - a verdict, not an error of ours
    """The state that the check needs was not reached; says nothing about the program."""


class GraderBugError(GraderError):
    """The grader broke one of its own rules; never charged to the student."""


class CellError(GraderError):
    """The machine would not give a sandbox; the message names what to do about it."""
