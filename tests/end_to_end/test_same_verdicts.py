"""Both sandboxes give the same verdicts: on every reference, and on a sample of the defects.

`make test` asks a fixed share of them, `make test-sandboxes` all.
"""

from __future__ import annotations

import os
import zlib

import pytest

from grader.practical import load_practicals
from grader.validation.subjects import Subject, examine, subjects
from grader.warm import WarmGrader
from tests.rows import Rows, share

EVERY = bool(os.environ.get("GRADER_TEST_EVERY_SUBJECT"))
SUBJECTS = subjects(list(load_practicals().values()))
REFERENCES = [subject for subject in SUBJECTS if subject.kind == "reference"]
#: Always the same ones: every practical and both languages are among them.
SAMPLE = [
    subject
    for subject in SUBJECTS
    if subject.kind == "defect" and zlib.crc32(str(subject.defect).encode()) % 17 == 6
]


def test_the_sample_is_as_large_and_as_wide_as_promised() -> None:
    assert len(SAMPLE) >= 40
    assert {subject.practical for subject in SAMPLE} == set(load_practicals())
    assert {subject.defect.language for subject in SAMPLE if subject.defect} == {"c", "python"}


@pytest.mark.needs_sandbox("docker")
@pytest.mark.parametrize(
    "subject",
    REFERENCES if EVERY else share(REFERENCES, 2),
    ids=lambda subject: f"{subject.practical}-{subject.name}",
)
def test_references_pass_in_containers(rows: Rows, subject: Subject) -> None:
    found = rows.hold(subject, sandbox="docker")
    assert set(found.statuses) == set(load_practicals()[subject.practical].checks)


@pytest.mark.needs_sandbox("docker")
@pytest.mark.parametrize(
    "subject", SAMPLE if EVERY else share(SAMPLE, 6), ids=lambda subject: str(subject.defect)
)
def test_defects_come_to_the_same_in_containers(rows: Rows, warm: WarmGrader, subject: Subject) -> None:
    found = rows.hold(subject, sandbox="docker")
    assert found.statuses == examine(subject, warm).statuses
