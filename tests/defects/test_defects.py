"""Every defect is caught by the checks that its row names, and every check has such a defect.

That no other check fails is asked of one defect in six here, always the same ones, or this would take an hour;
`grader validate` asks it of all.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from grader.practical import Practical, load_practicals
from grader.validation.catalogue import load
from grader.validation.subjects import Subject, examine, subjects

PRACTICALS = list(load_practicals().values())
DEFECTS = [subject for subject in subjects(PRACTICALS) if subject.kind == "defect"]
WHOLE = [subject for subject in DEFECTS if zlib.crc32(str(subject.defect).encode()) % 6 == 0]


@pytest.mark.parametrize("subject", WHOLE, ids=lambda subject: str(subject.defect))
def test_defect_fails_the_checks_of_its_row_and_no_other(subject: Subject) -> None:
    assert examine(subject).problems() == []


@pytest.mark.parametrize(
    "subject", [each for each in DEFECTS if each not in WHOLE], ids=lambda subject: str(subject.defect)
)
def test_defect_fails_the_checks_of_its_row(subject: Subject) -> None:
    assert examine(subject, whole=False).problems() == []


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
