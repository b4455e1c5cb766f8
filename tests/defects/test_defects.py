"""Every defect is caught by the checks that its row names, and every check has such a defect."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.practical import load_practicals
from tests.defects.__main__ import failing
from tests.defects.catalogue import Defect, load

DEFECTS = load()


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_defect_is_caught_by_the_checks_that_are_meant_for_it(
    defect: Defect, request: pytest.FixtureRequest
) -> None:
    """With --exact-defects: by those, by the others of its row, and by no more."""
    found = {identifier: status for identifier, (status, _) in failing(defect).items()}
    assert {identifier: found.get(identifier) for identifier in defect.caught_by} == dict.fromkeys(
        defect.caught_by, "failed"
    )
    if request.config.getoption("--exact-defects", default=False):
        assert found == dict.fromkeys(defect.expected, "failed")


def test_every_check_is_meant_for_some_defect() -> None:
    meant = {identifier for defect in DEFECTS for identifier in defect.caught_by}
    assert set(load_practicals()["reverse"].checks) - meant == set()


def test_every_difference_has_its_row() -> None:
    kept = set(Path(__file__).parent.glob("*/*/*.diff"))
    assert kept == {defect.patch for defect in DEFECTS}
