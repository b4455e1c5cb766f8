"""results.json holds everything, and is read back as it was."""

from __future__ import annotations

import json as standard
from pathlib import Path

import msgspec
import pytest

from grader.job import BuildStep, Evidence, Results, Status
from grader.reports import json
from tests.unit.made_up import results, verdict

STATUSES: tuple[Status, ...] = ("passed", "failed", "error", "inconclusive", "not_run", "missing")


def everything() -> Results:
    """Every status, and no field with its default."""
    rows = [
        verdict(
            status,
            id=f"toy.{status.replace('_', '-')}",
            points=0.5,
            max_points=2.5,
            evidence=[Evidence("actual", 'a "quoted"\nñ \N{WORLD MAP} </script>')],
        )
        for status in STATUSES
    ]
    step = BuildStep("make", ok=False, output="error: ';'", seconds=1.5, programs=["toy_server"])
    return results(*rows, build=[step], notes=["a note"], environment={"kernel": "6.1"})


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    found = everything()
    json.write(found, tmp_path / "results.json")
    assert json.read(tmp_path / "results.json") == found


def test_other_programs_find_what_the_schema_promises(tmp_path: Path) -> None:
    json.write(everything(), tmp_path / "results.json")
    content = standard.loads((tmp_path / "results.json").read_text("utf-8"))
    assert content["schema"] == "grader/results/v1"
    assert (content["submission"], content["score"], content["max_score"]) == ("student", 3.0, 15.0)
    assert [check["status"] for check in content["checks"]] == list(STATUSES)
    assert content["checks"][1] == {
        "id": "toy.failed",
        "program": "toy_server",
        "practical": "toy",
        "tier": "core",
        "status": "failed",
        "points": 0.5,
        "max_points": 2.5,
        "seconds": 0.25,
        "requirement": "It works.",
        "message": "it did not work",
        "hint": "Try again.",
        "evidence": [{"title": "actual", "text": 'a "quoted"\nñ \N{WORLD MAP} </script>'}],
        "attachments": [],
        "bonus_points": 0.0,
        "passed_cases": 0,
        "decided_cases": 0,
        "cases": 0,
        "by_case": {},
        "about": "",
    }
    assert content["build"][0]["command"] == "make"


def test_a_person_can_read_the_file(tmp_path: Path) -> None:
    json.write(everything(), tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text("utf-8")
    assert text.endswith("}\n")
    assert '\n  "score": 3.0,\n' in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"not json",
        b'{"submission": "a", "score": 1, "max_score": 1, "checks": [], "schema": "grader/results/v2"}',
        b'{"submission": "a", "score": "1", "max_score": 1, "checks": [], "schema": "grader/results/v1"}',
        b'{"submission": "a", "score": 1, "max_score": 1, "checks": [{}], "schema": "grader/results/v1"}',
        b'{"submission": "\xff", "score": 1, "max_score": 1, "checks": []}',
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(msgspec.DecodeError):
        json.read(tmp_path / "results.json")


def test_a_status_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    json.write(everything(), tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text("utf-8").replace('"not_run"', '"skipped"')
    (tmp_path / "results.json").write_text(text, "utf-8")
    with pytest.raises(msgspec.ValidationError, match="skipped"):
        json.read(tmp_path / "results.json")
