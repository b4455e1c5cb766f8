"""The table for students: complete, the same in each format, and silent about what is hidden."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import cli
from grader.handout import formats, handout, rendered
from grader.practical import Practical, load_practical, load_practicals
from grader.rubric import Limits, Rubric, Worth, plain
from tests.unit.made_up import ONE_PROGRAM, row, write_files

DATE = datetime(2026, 12, 1, tzinfo=UTC)
BEFORE = DATE - timedelta(days=1)
SECOND = '\n[[programs]]\nname = "toy_client"\nrole = "client"\narguments = "HOST PORT"\nsummary = "connects"\nslide = "Toy"\n'


@pytest.fixture
def practical(tmp_path: Path) -> Practical:
    rows = [
        row("toy.works", "It works | well."),
        row("toy.lasts", "It *lasts*.", tier='"robust"', programs='["toy_server", "toy_client"]'),
        row("toy.secret", "It keeps a secret.", tier='"technique"'),
        row("toy.extra", "It does more."),
        row("toy.never", "It is not asked."),
    ]
    toml = ONE_PROGRAM + SECOND + "".join(rows)
    return load_practical(write_files(tmp_path / "toy", {"practical.toml": toml}) / "practical.toml")


def rubric(limits: Limits | None = None, **changes: Worth) -> Rubric:
    worth = {
        "toy.works": Worth(5.0, required="practical"),
        "toy.lasts": Worth(1.5, "per-case"),
        "toy.secret": Worth(4.0, hidden_until=DATE),
        "toy.extra": Worth(2.0, bonus=True),
        "toy.never": Worth(9.0, omit=True),
    }
    worth |= {f"toy.{name}": value for name, value in changes.items()}
    return Rubric(worth, {"toy": limits or Limits()}, title="Autumn")


def test_rows_totals_and_maximum(practical: Practical) -> None:
    table = handout(practical, rubric(), BEFORE)
    assert table.title == "Autumn: Toy"
    assert [(r.id, r.points, r.total, r.remarks) for r in table.rows] == [
        ("toy.works", 5.0, 5.0, "required"),
        ("toy.lasts", 1.5, 3.0, "by case"),
        ("toy.extra", 2.0, 2.0, "bonus"),
    ]
    assert table.tiers == {"core": 5.0, "robust": 3.0}
    assert [(later.moment, later.points, later.bonus) for later in table.hidden] == [(DATE, 4.0, 0.0)]
    assert (table.bonus, table.max_score) == (2.0, 12.0)


def test_from_the_date_on_or_for_the_instructor_hidden_checks_are_named(practical: Practical) -> None:
    for table in (
        handout(practical, rubric(), DATE),
        handout(practical, rubric(), BEFORE, with_hidden=True),
    ):
        assert "toy.secret" in [r.id for r in table.rows]
        assert table.hidden == []
        assert table.max_score == 12.0


def test_a_hidden_bonus_is_told_apart(practical: Practical) -> None:
    by = rubric(extra=Worth(2.0, bonus=True, hidden_until=DATE))
    table = handout(practical, by, BEFORE)
    assert [(later.points, later.bonus) for later in table.hidden] == [(4.0, 2.0)]
    assert (table.bonus, table.max_score) == (0.0, 12.0)
    assert "4 points, and a bonus of 2 points" in rendered(table, "text")


def test_limits_are_told_and_kept_in_the_maximum(practical: Practical) -> None:
    limits = Limits(9.0, 1.0, {"core": 3.0}, 50.0, 25.0)
    table = handout(practical, rubric(limits, lasts=Worth(1.5, required="program")), BEFORE)
    assert table.max_score == 9.0
    text = " ".join(table.rules)
    for words in ("50 %", "25 %", "core checks give at most 3", "at most 9", "bonus is at most 1"):
        assert words in text
    assert len(table.rules) == 6
    assert handout(practical, rubric(Limits(tier_at_most={"core": 3.0})), BEFORE).max_score == 10.0


def test_without_limits_there_are_no_rules(practical: Practical) -> None:
    known = {"toy": practical}
    table = handout(practical, plain(known), BEFORE)
    assert table.rules == []
    assert (table.title, table.max_score, len(table.rows)) == ("Toy", 6.0, 5)


def test_formats_are_the_files_of_the_folder() -> None:
    folder = Path(__file__).parent.parent.parent / "grader" / "handout"
    files = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert set(formats()) == files
    assert formats()[0] == "text"


@pytest.mark.parametrize("form", formats())
def test_every_format_tells_the_same(practical: Practical, form: str) -> None:
    shown = rendered(handout(practical, rubric(), BEFORE), form)
    for words in (
        "It works",
        "It ",
        "lasts",
        "core",
        "robust",
        "required",
        "by case",
        "bonus",
        "1.5",
        "2026-12-01",
    ):
        assert words in shown
    for secret in ("secret", "not asked"):
        assert secret not in shown
    assert "secret" in rendered(handout(practical, rubric(), DATE), form)


@pytest.mark.parametrize("form", formats())
def test_a_practical_that_is_hidden_whole(practical: Practical, form: str) -> None:
    hidden = Worth(1.0, hidden_until=DATE)
    by = rubric(works=hidden, lasts=hidden, secret=hidden, extra=hidden)
    shown = rendered(handout(practical, by, BEFORE), form)
    assert "2026-12-01" in shown
    assert "It " not in shown


def test_markdown_does_not_read_a_sentence_as_markup(practical: Practical) -> None:
    shown = rendered(handout(practical, rubric(), BEFORE), "markdown")
    assert r"| It works \| well. | toy\_server | core | 5 | required |" in shown
    assert r"It \*lasts\*." in shown
    assert "2 × 1.5" in shown  # noqa: RUF001 - the sign for it


def test_csv_adds_up_to_everything_that_can_be_had(practical: Practical) -> None:
    table = handout(practical, rubric(), BEFORE)
    lines = list(csv.DictReader(io.StringIO(rendered(table, "csv"))))
    assert sum(float(line["points"]) for line in lines) == table.max_score + table.bonus
    assert lines[0]["requirement"] == "It works | well."
    assert [line["points"] for line in lines if not line["check"]] == ["4"]


def command(*arguments: str) -> str:
    run = CliRunner().invoke(cli, ["rubric", *arguments], catch_exceptions=False)
    assert run.exit_code == 0
    return run.output


def test_the_command_prints_the_rubric_of_specs() -> None:
    practical = load_practicals()["connection"]
    lines = list(csv.DictReader(io.StringIO(command("connection", "--format", "csv"))))
    assert [line["check"] for line in lines] == list(practical.checks)
    points = sum(check.points * len(check.programs) for check in practical.checks.values())
    assert f"maximum: {points:g} points" in command("connection")


def test_the_command_hides_until_the_date_and_shows_the_instructor(tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_text('[checks."connection.usage"]\nhidden_until = 2999-01-01\n')
    sentence = load_practicals()["connection"].checks["connection.usage"].requirement
    arguments = ("connection", "--rubric", str(file), "--format", "csv")
    assert sentence not in command(*arguments)
    assert "2999-01-01" in command(*arguments)
    assert sentence in command(*arguments, "--with-hidden")


def test_the_time_of_day_is_told_unless_it_is_midnight(practical: Practical) -> None:
    def shown(moment: datetime) -> str:
        return rendered(handout(practical, rubric(secret=Worth(4.0, hidden_until=moment)), BEFORE), "text")

    assert "shown from 2026-12-01 on" in shown(DATE)
    assert "shown from 2026-12-01 18:30 on" in shown(DATE.replace(hour=18, minute=30))
