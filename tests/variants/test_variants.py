"""Correct programs that look unusual: no check may fail them."""

from __future__ import annotations

import pytest

from grader.practical import load_practicals
from grader.validation.subjects import Subject, examine, subjects

VARIANTS = [each for each in subjects(list(load_practicals().values())) if each.kind == "variant"]


@pytest.mark.parametrize("subject", VARIANTS, ids=lambda subject: f"{subject.practical}-{subject.name}")
def test_variant_passes(subject: Subject) -> None:
    assert examine(subject).problems() == []
