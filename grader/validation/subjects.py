"""What is graded to validate the checks: references, variants and defects, and what each must come to."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from grader.dispatch import GROWTH
from grader.job import Selection
from grader.practical import Practical, reference_directory
from grader.validation.catalogue import Defect, changes, load, materialise, variants, write_variant
from grader.warm import WarmGrader


class Subject(msgspec.Struct, frozen=True):
    """One submission whose verdicts are known beforehand."""

    kind: Literal["reference", "variant", "defect", "pair"]
    name: str
    practical: str
    folder: str = ""  #: or the difference that a variant is
    defect: Defect | None = None
    second: Defect | None = None  #: of a pair: see `grader.validation.pairs`

    def checks(self, practical: Practical) -> tuple[str, ...]:
        """Those that it is asked, in the rubric's order."""
        mine = self.defect
        return tuple(c.id for c in practical.checks.values() if mine is None or mine.program in c.programs)


class Outcome(msgspec.Struct):
    """How it was graded: (check, program) to status and seconds; checks of programs that are not there are left out."""

    subject: Subject
    statuses: dict[str, str] = {}  #: check id -> its worst status over the programs
    messages: dict[str, str] = {}  #: check id -> what happened, when it did not pass
    seconds: dict[str, float] = {}  #: check id -> over all programs and cases
    trouble: str = ""  #: why it could not be graded

    @property
    def failed(self) -> set[str]:
        return {check for check, status in self.statuses.items() if status == "failed"}

    def problems(self, asked: tuple[str, ...] = ()) -> list[str]:
        """What is not as it must be, one line each; none when all is right. `asked`: by these checks alone."""
        if self.trouble:
            return [self.trouble]
        wrong = {check: status for check, status in self.statuses.items() if status != "passed"}
        defect = self.subject.defect
        if defect is None:
            return [f"{status} {check}: {self.said(check)}" for check, status in wrong.items()] or (
                [] if self.statuses or asked else ["no program of the practical is in it"]
            )
        expected = defect.expected & set(asked) if asked else defect.expected
        found = [f"not caught by {check}" for check in sorted(expected - self.failed)]
        for check, status in wrong.items():
            if check not in expected or status != "failed":
                found.append(f"{status} {check}, which its row does not list: {self.said(check)}")
        return found

    def said(self, check: str) -> str:
        """What happened, in one line."""
        return self.messages.get(check, "").split("\n")[0][:160]


def subjects(practicals: Sequence[Practical]) -> list[Subject]:
    """Everything there is to grade, practical by practical."""
    found = []
    for practical in practicals:
        for language in ("c", "python"):
            folder = reference_directory() / practical.name / language
            found.append(Subject("reference", language, practical.name, str(folder)))
        found += [
            Subject("variant", path.name.split(".")[0], practical.name, str(path))
            for path in variants(practical.name)
        ]
        found += [
            Subject("defect", f"{defect.name} ({defect.language})", practical.name, defect=defect)
            for defect in load(practical.name)
        ]
    return found


def examine(
    subject: Subject,
    warm: WarmGrader,
    *,
    checks: tuple[str, ...] = (),
    sandbox: str | None = None,
    jobs: int = 2,
) -> Outcome:
    """Grade one subject, by all checks of its programs or by these alone, with so many workers."""
    with tempfile.TemporaryDirectory(prefix="grader-") as directory:
        folder, selection = Path(subject.folder), Selection(checks=checks, statuses_only=True)
        if subject.defect is not None:
            folder = materialise(subject.defect, Path(directory) / "submission", subject.second)
            selection = msgspec.structs.replace(selection, programs=(subject.defect.program,))
        elif program := changes(folder):
            folder = write_variant(folder, Path(directory) / "submission")
            selection = msgspec.structs.replace(selection, programs=(program,))
        found = warm.grade(
            folder,
            practicals=[subject.practical],
            selection=selection,
            jobs=jobs,
            most=GROWTH * jobs,
            sandbox=sandbox,
        )
    outcome = Outcome(subject)
    for verdict in found.checks:
        if verdict.status == "missing":
            continue
        outcome.seconds[verdict.id] = outcome.seconds.get(verdict.id, 0.0) + verdict.seconds
        if outcome.statuses.get(verdict.id, "passed") == "passed":
            outcome.statuses[verdict.id] = verdict.status
            outcome.messages[verdict.id] = verdict.message
    return outcome
