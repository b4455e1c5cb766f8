"""Every defect is caught by the checks that its row names, and every check has such a defect."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.practical import Practical, load_practicals
from grader.validation.catalogue import Defect, load
from tests.defects.__main__ import failing

DEFECTS = load()


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_defect_fails_the_checks_of_its_row_and_no_other(defect: Defect) -> None:
    found = {identifier: status for identifier, (status, _) in failing(defect).items()}
    assert found == dict.fromkeys(defect.expected, "failed")


@pytest.mark.parametrize("practical", load_practicals().values(), ids=lambda practical: practical.name)
def test_every_check_is_meant_for_some_defect(practical: Practical) -> None:
    meant = {identifier for defect in load(practical.name) for identifier in defect.caught_by}
    assert set(practical.checks) - meant == set()


def test_every_difference_has_its_row() -> None:
    kept = set(Path(__file__).parent.glob("*/*/*.diff"))
    assert kept == {defect.patch for defect in DEFECTS}
