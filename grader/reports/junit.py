"""junit.xml for CI: one flat suite a program, one test case a check.

Readers differ: some show only the message, some only the body, so the body repeats the message;
`classname` and `name` together are unique. What could not be decided is skipped (inconclusive) or an
error of the grader's, never a failure; what was not handed in is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from junit_xml import TestCase, TestSuite, to_xml_report_string

from grader.job import Results, Verdict
from grader.reports import folder

#: Characters that XML 1.0 cannot hold even escaped, or that junit-xml removes (DEL, C1).
_ILLEGAL = re.compile("[^\t\n\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(found: Results, file: Path) -> None:
    folder.write(file, to_text(found).encode())


def to_text(found: Results) -> str:
    suites = [
        TestSuite(
            _clean(f"{practical}.{program}"),
            [_case(verdict) for verdict in verdicts],
            properties=_score(found),
        )
        for (practical, program), verdicts in groupby(found.checks, lambda v: (v.practical, v.program))
    ]
    return str(to_xml_report_string(suites, encoding="utf-8"))


def of_submissions(graded: Sequence[tuple[str, Results]]) -> str:
    """One suite a submission, by its name; that of a test case's class begins with it, so that no two are the same."""
    suites = [
        TestSuite(_clean(name), [_case(verdict, name) for verdict in found.checks], properties=_score(found))
        for name, found in graded
    ]
    return str(to_xml_report_string(suites, encoding="utf-8"))


def _score(found: Results) -> dict[str, str]:
    """The submission's, in every suite: JUnit has no place for it above them."""
    adjustments = [f"{item.practical}: {item.reason}: {item.points:+g}" for item in found.adjustments]
    return {
        "score": f"{found.score:g}",
        "max_score": f"{found.max_score:g}",
        **({"undecided": f"{found.undecided:g}"} if found.undecided else {}),
        **({"adjustments": _clean("; ".join(adjustments))} if adjustments else {}),
    }


def _case(verdict: Verdict, submission: str = "") -> TestCase:
    place = f"{verdict.practical}.{verdict.program}"
    case = TestCase(
        name=verdict.id,
        classname=_clean(f"{submission}.{place}") if submission else place,
        elapsed_sec=verdict.seconds,
        stdout=_clean(f"{verdict.points:g} of {_worth(verdict)}, tier {verdict.tier}"),
    )
    message = _clean(verdict.message) or verdict.status  # an empty one would count as a pass
    body = _clean("\n".join(_body(verdict)))
    if verdict.status in {"failed", "missing"}:
        case.add_failure_info(message, body, verdict.status)
    elif verdict.status == "inconclusive":
        case.add_skipped_info(f"inconclusive: {message}", body)
    elif verdict.status in {"error", "not_run"}:
        case.add_error_info(message, body, verdict.status)
    return case


def _worth(verdict: Verdict) -> str:
    return (
        f"{verdict.bonus_points:g} bonus points" if verdict.bonus_points else f"{verdict.max_points:g} points"
    )


def _body(verdict: Verdict) -> Iterator[str]:
    yield verdict.message
    yield f"Requirement: {verdict.requirement}"
    for piece in verdict.evidence:
        yield f"{piece.title}: {piece.text}" if "\n" not in piece.text else f"{piece.title}:\n{piece.text}"
    if verdict.hint:
        yield f"Hint: {verdict.hint}"


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
