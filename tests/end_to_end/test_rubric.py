"""`grader check --rubric`: one real submission, and the same score wherever it is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import junitparser
import pytest

from grader.reports import json
from tests.end_to_end.grading import ROOT, grader

RUBRIC = """
[practicals.connection]
percent_without_core = 60

[checks."connection.*"]
points = 1

[checks."connection.client-address"]
points = 5
credit = "per-case"

[checks."connection.client-refused"]
points = 2
bonus = true

[checks."connection.client-waits-*"]
omit = true
"""


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    file = tmp_path / "rubric.toml"
    file.write_text(RUBRIC)
    return file


@pytest.fixture
def addresses_only(tmp_path: Path) -> Path:
    """The reference, but for a client that takes no names for HOST."""
    work = shutil.copytree(ROOT / "reference" / "connection" / "python", tmp_path / "work")
    client = work / "conecta.py"
    line = "    addresses = addresses_of("
    source = client.read_text()
    assert source.count(line) == 1
    client.write_text(
        source.replace(line, f'    if sys.argv[1] == "localhost":\n        sys.exit("a name")\n{line}')
    )
    return work


def test_a_submission_is_scored_by_the_rubric_in_every_report(
    tmp_path: Path, rubric: Path, addresses_only: Path
) -> None:
    out = tmp_path / "out"
    run = grader("check", addresses_only, "--program", "conecta", "--rubric", rubric, "--out", out)
    assert run.returncode == 1, run.stdout + run.stderr
    found = json.read(out / "results.json")
    rows = {row.id: row for row in found.checks}
    assert "connection.client-waits-for-room" not in rows
    assert [row.id for row in found.checks if row.status != "passed"] == ["connection.client-address"]
    assert (rows["connection.client-address"].points, rows["connection.client-address"].max_points) == (
        2.5,
        5.0,
    )
    # 5 and 1 for each of the others but the bonus; 60 % of that, since a core check failed.
    most = 5.0 + len(rows) - 2
    assert (found.score, found.max_score) == (round(most * 0.6, 2), most)
    assert sum(row.points for row in found.checks) > found.score
    assert found.environment["rubric"] == "rubric.toml"
    assert f"score {found.score:g} of {most:g}" in run.stdout
    assert "at most 60 % of its points" in run.stdout
    (suite,) = junitparser.JUnitXml.fromfile(str(out / "junit.xml"))
    properties = {item.name: item.value for item in suite.properties()}  # type: ignore[no-untyped-call]  # junitparser's
    assert (properties["score"], properties["max_score"]) == (f"{found.score:g}", f"{most:g}")


def test_to_ask_for_a_check_that_is_left_out_is_a_mistake(rubric: Path) -> None:
    reference = ROOT / "reference" / "connection" / "python"
    arguments = ("--rubric", rubric, "--check", "connection.client-waits-for-room")
    run = grader("check", reference, *arguments)
    assert run.returncode == 4
    assert "rubric.toml leaves this check out" in run.stderr


def test_a_rubric_that_leaves_out_everything_has_nothing_to_grade(tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_text('[checks."connection.*"]\nomit = true\n')
    run = grader(
        "check", ROOT / "reference" / "connection" / "python", "--practical", "connection", "--rubric", file
    )
    assert run.returncode == 4
    assert "none of these checks that rubric.toml leaves in" in run.stderr


def test_a_mistake_in_the_rubric_is_told_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_text('[checks."reverse.ech"]\npoints = 1\n')
    run = grader("check", ROOT / "reference" / "connection" / "python", "--rubric", file)
    assert run.returncode == 4
    assert "no check 'reverse.ech'" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_student_sees_nothing_of_what_is_hidden(tmp_path: Path, addresses_only: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_text('[checks."connection.client-address"]\nhidden_until = 2999-01-01\n')
    out = tmp_path / "out"
    asked = ("check", addresses_only, "--program", "conecta", "--check", "connection.client-address")
    told = grader(*asked, "--check", "connection.usage", "--rubric", file, "--student", "--out", out)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "client-address" not in told.stdout + told.stderr
    assert "1 result is not shown before 2999-01-01" in told.stdout
    assert {verdict.id for verdict in json.read(out / "results.json").checks} == {"connection.usage"}
    whole = grader(*asked, "--rubric", file)
    assert whole.returncode == 1
    assert "client-address" in whole.stdout


def test_what_a_student_sees_needs_a_rubric(addresses_only: Path) -> None:
    refused = grader("check", addresses_only, "--student")
    assert refused.returncode == 4
    assert "--rubric" in refused.stderr
