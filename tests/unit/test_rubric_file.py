"""rubric.toml: what it changes, and that every mistake is told with file, key and remedy."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.practical import load_practicals
from grader.rubric import Limits, Rubric, Worth, plain
from grader.rubric_file import read_rubric

ROOT = Path(__file__).parent.parent.parent
KNOWN = load_practicals()
SPECS = {check.id: check for practical in KNOWN.values() for check in practical.checks.values()}


def read(tmp_path: Path, toml: str | bytes) -> Rubric:
    file = tmp_path / "rubric.toml"
    file.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return read_rubric(file, KNOWN)


def refusal(tmp_path: Path, toml: str | bytes) -> str:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, toml)
    assert str(caught.value).startswith(str(tmp_path / "rubric.toml"))
    return str(caught.value)


def example() -> str:
    (found,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "rubric.md").read_text(), re.DOTALL)
    return str(found)


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    by = read(tmp_path, "")
    assert by.worth == plain(KNOWN).worth
    assert by.limits == {name: Limits() for name in KNOWN}


def test_the_example_of_the_documentation_does_what_its_comments_say(tmp_path: Path) -> None:
    by = read(tmp_path, example())
    assert (by.title, by.source, by.hidden_points) == ("Sockets, autumn 2026", "rubric.toml", "left-out")
    assert by.limits["web"] == Limits(percent_without_core=50.0)
    assert by.limits["reverse"] == Limits(200.0, 10.0, {"robust": 40.0}, 50.0, 20.0)
    worth, specs = by.worth, SPECS
    assert worth["reverse.slow-reader"].points == 4.0
    receive = specs["reverse.interrupted-receive"]
    assert receive.tier == "robust"
    assert worth["reverse.interrupted-receive"] == Worth(receive.points * 0.5 * 2, "per-case")
    assert worth["reverse.exchange"].required == "practical"
    assert worth["reverse.thousand-connections"].bonus
    assert worth["reverse.output-once"].omit
    midnight = datetime(2026, 11, 30, 23, tzinfo=UTC)  # 0:00 in Madrid
    assert worth["reverse.reset"].hidden_until == midnight
    assert worth["reverse.reset-while-replying"].hidden_until == midnight
    assert worth["web.usage"].hidden_until == datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert worth["datagram.usage"] == plain(KNOWN).worth["datagram.usage"]


def test_the_documentation_names_every_key() -> None:
    from grader.rubric_file import _CHECK, _PRACTICAL, _TOP  # noqa: PLC0415 - the lists themselves are the subject

    text = (ROOT / "docs" / "rubric.md").read_text()
    for key in (*_TOP, *_PRACTICAL, *_CHECK, "timezone"):
        assert f"| `{key}` |" in text


@pytest.mark.parametrize(
    ("toml", "points"),
    [
        ('[checks."reverse.exchange"]\npoints = 7', 7.0),
        ('[checks."reverse.exchange"]\nweight = 2.5', 10.0),
        ('[practicals."*"]\ntier_weights = { core = 3 }', 12.0),
        ('[practicals."*"]\ntier_weights = { robust = 3 }', 4.0),
        ("[practicals.web]\ntier_weights = { core = 3 }", 4.0),
        (
            '[practicals."*"]\ntier_weights = { core = 3 }\n[practicals.reverse]\ntier_weights = { robust = 9 }',
            12.0,
        ),
        ('[practicals."r*"]\ntier_weights = { core = 3 }\n[checks."reverse.*"]\nweight = 2', 24.0),
        ('[practicals."*"]\ntier_weights = { core = 3 }\n[checks."*"]\npoints = 2', 2.0),
        ('[checks."*"]\nweight = 2\n[checks."reverse.exchange"]\nweight = 3', 12.0),
        ('[checks."reverse.exchange"]\nweight = 3\n[checks."*"]\nweight = 2', 8.0),
        ('[checks."*"]\nweight = 2\n[checks."reverse.*"]\npoints = 3', 3.0),
        ('[checks."*"]\npoints = 2\n[checks."reverse.*"]\nweight = 3', 12.0),
        ('[checks."*"]\npoints = 2\n[checks."reverse.*"]\nbonus = true', 2.0),
        ('[checks."*"]\nweight = 0.3333', 1.33),
    ],
)
def test_points_of_a_core_check_that_specs_give_four(tmp_path: Path, toml: str, points: float) -> None:
    assert (SPECS["reverse.exchange"].points, SPECS["reverse.exchange"].tier) == (4.0, "core")
    assert read(tmp_path, toml).worth["reverse.exchange"].points == points


@pytest.mark.parametrize(
    ("value", "required"), [("true", "practical"), ("false", "no"), ('"program"', "program")]
)
def test_required(tmp_path: Path, value: str, required: str) -> None:
    by = read(tmp_path, f'[checks."reverse.exchange"]\nrequired = {value}')
    assert by.worth["reverse.exchange"].required == required
    assert by.worth["reverse.usage"].required == "no"


@pytest.mark.parametrize(
    ("value", "hour"),
    [
        ("2026-12-01", 5),
        ("2026-12-01T18:00:00", 23),
        ("2026-12-01T18:00:00Z", 18),
        ("2026-12-01T18:00:00+02:00", 16),
    ],
)
def test_dates_are_of_the_files_zone_unless_they_name_one(tmp_path: Path, value: str, hour: int) -> None:
    by = read(tmp_path, f'timezone = "America/New_York"\n[checks."web.usage"]\nhidden_until = {value}')
    assert by.worth["web.usage"].hidden_until == datetime(2026, 12, 1, hour, tzinfo=UTC)


def test_without_a_zone_dates_are_of_this_machine(tmp_path: Path) -> None:
    by = read(tmp_path, '[checks."web.usage"]\nhidden_until = 2026-12-01T12:00:00')
    assert by.worth["web.usage"].hidden_until == datetime(2026, 12, 1, 12).astimezone()


CHECK = '[checks."reverse.exchange"]\n'


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (
            '[checks."reverse.exchnge"]\npoints = 1',
            "no check 'reverse.exchnge': did you mean 'reverse.exchange'?",
        ),
        ('[checks."revers.*"]\npoints = 1', "no check 'revers.*': did you mean 'reverse.*'?"),
        ('[checks."zzz"]\npoints = 1', "grader list --checks"),
        ("[practicals.revers]\nat_most = 1", "no practical 'revers': did you mean 'reverse'?"),
        ("[practicals.zzz]\nat_most = 1", "there are: connection, datagram"),
        ("[check]\n", "no key 'check': did you mean 'checks'?"),
        ("timezon = 1", "did you mean 'timezone'?"),
        (CHECK + "point = 1", "[checks.\"reverse.exchange\"]: no key 'point': did you mean 'points'?"),
        ("[practicals.web]\natmost = 1", "did you mean 'at_most'?"),
        (CHECK + "zzz = 1", "there are: bonus, credit"),
        (CHECK + 'points = "three"', 'points = "three": expected a number of points, 0 or more'),
        (CHECK + "points = true", "points = true: expected a number"),
        (CHECK + "points = -1", "points = -1: expected"),
        (CHECK + "points = nan", "points = nan: expected"),
        (CHECK + "points = inf", "points = inf: expected"),
        (CHECK + "weight = [1]", "weight = a list: expected"),
        (CHECK + "bonus = 1", "bonus = 1: expected true or false"),
        (CHECK + 'omit = "yes"', "expected true or false, without quotes"),
        (CHECK + 'required = "yes"', '"program"'),
        (CHECK + "required = [1]", "required = a list: expected"),
        (CHECK + 'credit = "per_case"', "did you mean 'per-case'?"),
        (CHECK + 'hidden_until = "2026-12-01"', "2026-12-01T18:00:00"),
        (CHECK + "hidden_until = 12:00:00", "expected a date"),
        (CHECK + "hidden_until = 0001-01-01", "expected a date"),
        (CHECK + "points = 1\nweight = 2", "keep one of them"),
        (CHECK + "omit = true\npoints = 2", "no use for points"),
        (CHECK + "bonus = true\nrequired = true", "exclude each other"),
        (
            '[checks."*"]\nbonus = true\n' + CHECK + "required = true",
            "check 'reverse.exchange': it is required",
        ),
        ("[checks.reverse.exchange]\npoints = 1", 'quotes: [checks."reverse.exchange"]'),
        ("checks = 3", "expected tables such as [checks."),
        ("[[checks]]\npoints = 1", "expected tables such as [checks."),
        ('checks = { "reverse.exchange" = 3 }', "expected a table of keys, not 3"),
        ("[practicals.web]\npercent_without_core = 101", "a number from 0 to 100"),
        ("[practicals.web]\ntier_weights = 2", "tiers and numbers"),
        ("[practicals.web]\ntier_weights = { robst = 2 }", "'robst' is none of core, technique, robust"),
        ('[practicals.web]\ntier_at_most = { core = "2" }', "expected a number of points"),
        ('hidden_points = "leftout"', "did you mean 'left-out'?"),
        ("title = 3", "title = 3: expected text in quotes"),
        ('timezone = "Europe/Madird"', 'timezone = "Europe/Madird": expected a name'),
        ('timezone = "../../etc/passwd"', "expected a name such as"),
        ("timezone = 1", "timezone = 1: expected a name"),
        ("[checks.reverse.slow-*]\npoints = 1", "stand in quotes"),
        (b"title = '\xff'", "not UTF-8"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(tmp_path: Path, toml: str | bytes, words: str) -> None:
    assert words in refusal(tmp_path, toml)


@pytest.mark.parametrize("name", ["", "nothing.toml"], ids=["a folder", "nothing there"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="the rubric cannot be read"):
        read_rubric(tmp_path / name, KNOWN)
