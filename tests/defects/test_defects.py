"""Every defect is caught by the checks that are meant for it, and every check has such a defect.

Of a fixed share of each practical's defects the whole row is asked: that all checks that it lists fail, and no other.
`grader validate` asks it of all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.practical import Practical, load_practicals
from grader.validation.catalogue import load
from grader.validation.subjects import Subject, subjects
from tests.rows import Rows, share

PRACTICALS = list(load_practicals().values())
DEFECTS = [subject for subject in subjects(PRACTICALS) if subject.defect is not None]
WHOLE = share(DEFECTS, 16)


@pytest.mark.parametrize("subject", WHOLE, ids=lambda subject: str(subject.defect))
def test_defect_fails_the_checks_of_its_row_and_no_other(rows: Rows, subject: Subject) -> None:
    rows.hold(subject)


@pytest.mark.parametrize(
    "subject", [each for each in DEFECTS if each not in WHOLE], ids=lambda subject: str(subject.defect)
)
def test_defect_fails_the_checks_that_are_meant_for_it(rows: Rows, subject: Subject) -> None:
    assert subject.defect is not None
    rows.hold(subject, checks=subject.defect.caught_by)


@pytest.mark.parametrize("practical", PRACTICALS, ids=lambda practical: practical.name)
def test_every_check_is_meant_for_some_defect(practical: Practical) -> None:
    meant = {identifier for defect in load(practical.name) for identifier in defect.caught_by}
    assert meant == set(practical.checks)


def test_every_difference_has_its_row() -> None:
    kept = set(Path(__file__).parent.glob("*/*/*.diff"))
    assert kept == {defect.patch for defect in load()}


def test_every_row_of_the_catalogue_has_a_defect() -> None:
    rows = {row for defect in load() for row in defect.rows}
    assert rows == set(range(1, 105)) - {49}  # 49 is allowed, and kept as a variant: docs/decisions.md
