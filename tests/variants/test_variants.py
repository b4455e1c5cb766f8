"""Correct programs that look unusual: no check may fail them.

A fixed share of each practical's is asked everything, the others some checks each; `grader validate` leaves nothing out.
"""

from __future__ import annotations

import pytest

from grader.practical import load_practicals
from grader.validation.subjects import Subject, subjects
from tests.rows import Rows, share, some_checks

VARIANTS = [each for each in subjects(list(load_practicals().values())) if each.kind == "variant"]
#: They look for something to do twice a second, so that every wait for rest takes them half of one.
BY_TIMER = {"socketserver-classes", "socketserver-class", "multiprocessing-server"}
WHOLE = share([each for each in VARIANTS if each.name not in BY_TIMER], 6)


@pytest.mark.parametrize("subject", WHOLE, ids=lambda subject: f"{subject.practical}-{subject.name}")
def test_variant_passes_everything(rows: Rows, subject: Subject) -> None:
    rows.hold(subject)


@pytest.mark.parametrize(
    "subject",
    [each for each in VARIANTS if each not in WHOLE],
    ids=lambda subject: f"{subject.practical}-{subject.name}",
)
def test_variant_passes(rows: Rows, subject: Subject) -> None:
    rows.hold(subject, checks=some_checks(subject, 24 if subject.name in BY_TIMER else 6))
