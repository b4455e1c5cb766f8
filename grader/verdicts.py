"""Fold cases into verdicts, and verdicts into a score."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from grader.build import Built
from grader.job import UNDECIDED, BuildStep, CaseResult, Results, Selection, Status, Verdict
from grader.practical import Check, Practical

_NOT_SERVING = (
    "A server has to listen before anything else can be seen: look at how it ended and what it printed."
)

#: A check is as good as its worst case.
_WORST: tuple[Status, ...] = ("failed", "error", "inconclusive", "not_run", "passed")


def worst(statuses: Iterable[Status]) -> Status:
    """The status of a check whose cases have these."""
    return min(statuses, key=_WORST.index)


def fold(
    practical: Practical, selection: Selection, built: Built, cases: Iterable[CaseResult]
) -> list[Verdict]:
    """One verdict for each wanted row of the rubric and each of its programs, in the rubric's order."""
    by_row: dict[tuple[str, str], list[CaseResult]] = {}
    for case in cases:
        by_row.setdefault((case.check, case.program), []).append(case)
    for row in by_row.values():
        row.sort(key=lambda case: case.number)  # whichever ended first: the same message every time
    verdicts = [
        _verdict(practical, check, program, built, by_row.get((check.id, program), []))
        for program in practical.programs
        for check in practical.checks.values()
        if program in check.programs and selection.wants(check.id, check.tier, program)
    ]
    jobs = {check.id for check in practical.checks.values() if check.job}
    find_causes(verdicts, jobs)
    return verdicts


def find_causes(verdicts: Sequence[Verdict], jobs: Collection[str] = ()) -> None:
    """What fails in the same way as the program's job does is about that, unless it is known to be about something else."""
    failed = {(v.program, v.id): v for v in verdicts if v.status == "failed"}
    said = {(v.program, v.message): v.about or v.id for v in failed.values() if v.id in jobs}
    for verdict in verdicts:
        about = verdict.about or said.get((verdict.program, verdict.message), "")
        # Nothing is about a check that has not failed, or was not asked.
        verdict.about = about if verdict.status == "failed" and (verdict.program, about) in failed else ""


def _verdict(
    practical: Practical, check: Check, program: str, built: Built, cases: Sequence[CaseResult]
) -> Verdict:
    verdict = Verdict(
        id=check.id,
        program=program,
        practical=practical.name,
        tier=check.tier,
        status="not_run",
        points=0.0,
        max_points=check.points,
        requirement=check.requirement,
        seconds=round(sum(case.seconds for case in cases), 4),
    )
    if not cases:
        _explain_absence(verdict, built)
        return verdict
    verdict.status = worst(case.status for case in cases)
    shown = next(case for case in cases if case.status == verdict.status)
    verdict.passed_cases = sum(case.status == "passed" for case in cases)
    verdict.decided_cases = sum(case.status in {"passed", "failed"} for case in cases)
    verdict.cases = len(cases)
    verdict.by_case = {case.case: case.status for case in cases}
    verdict.evidence = shown.evidence
    verdict.attachments = [
        msgspec.structs.replace(item, name=f"{check.id}-{program}{item.name}") for item in shown.attachments
    ]
    if shown.status == "passed":
        verdict.points = check.points
    else:
        verdict.message = shown.message + _which_cases(shown, cases)
    if shown.status == "failed":
        verdict.about = f"{practical.name}.{shown.about}" if shown.about else ""
        verdict.hint = shown.hint or (_NOT_SERVING if shown.not_serving else check.hint)
    return verdict


def _which_cases(shown: CaseResult, cases: Sequence[CaseResult]) -> str:
    """Names the cases that failed, where that tells anything."""
    alike = [case.case for case in cases if case.status == shown.status]
    if len(alike) == len(cases) and len({case.message for case in cases}) == 1:
        return ""
    return f" (in {len(alike)} of {len(cases)} cases: {', '.join(alike)})"


def _explain_absence(verdict: Verdict, built: Built) -> None:
    program = verdict.program
    if program in built.failed:
        verdict.status = "missing"
        verdict.message = f"{program} did not build, so this check could not run"
    elif program not in built.commands:
        verdict.status = "missing"
        verdict.message = (
            f"{program} was not handed in: there is no {program}.c, {program}.py or Makefile rule for it"
        )
    else:
        verdict.message = "the run ended before this check"


def results(
    submission: str,
    verdicts: list[Verdict],
    *,
    build: list[BuildStep],
    notes: list[str],
    environment: dict[str, str],
) -> Results:
    """The maximum is that of all verdicts: what is undecided earns nothing, and must not be a gain."""
    return Results(
        submission=submission,
        score=sum(verdict.points for verdict in verdicts),
        max_score=sum(verdict.max_points for verdict in verdicts),
        undecided=sum(verdict.max_points for verdict in verdicts if verdict.status in UNDECIDED),
        checks=verdicts,
        build=build,
        notes=notes,
        environment=environment,
    )


def exit_code(found: Results) -> int:
    """0 all passed, 1 something failed or is missing, 3 undecided without a failure, 5 nothing to grade."""
    statuses = {verdict.status for verdict in found.checks}
    if not statuses or statuses == {"missing"}:
        return 5
    if statuses & {"failed", "missing"}:
        return 1
    return 3 if statuses & UNDECIDED else 0
