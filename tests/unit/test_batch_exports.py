"""Each export read back: as JSON against what the platform documents, as CSV, and by junitparser."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import junitparser
import pytest

from grader.batch.exports import FORMATS
from grader.batch.exports.order import Order
from grader.batch.store import Graded
from grader.errors import UsageError
from grader.job import Adjustment, Evidence, Results, Status, Verdict
from grader.rubric import Rubric, Worth

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def row(identifier: str, status: Status = "passed", points: float = 2.0) -> Verdict:
    return Verdict(
        identifier,
        "conecta",
        "connection",
        "core",
        status,
        points if status == "passed" else 0.0,
        points,
        requirement="It connects.",
        message="" if status == "passed" else "it did not\x1b[2J",
        evidence=[] if status == "passed" else [Evidence("actual", "nothing")],
    )


def results(*rows: Verdict, adjustments: tuple[Adjustment, ...] = ()) -> Results:
    score = sum(each.points for each in rows) + sum(each.points for each in adjustments)
    undecided = sum(each.max_points for each in rows if each.status == "inconclusive")
    most = sum(each.max_points for each in rows)
    return Results("x", score, most, list(rows), undecided=undecided, adjustments=list(adjustments))


ANN = Graded("Ana López", "101", results(row("c.one"), row("c.two", "failed", 1.5)))
BOB = Graded("Bob", "102", results(row("c.one"), row("c.two", "inconclusive", 1.5)), late=True)
CARL = Graded("Carl", "", results(row("c.one"), row("c.two", points=1.5)))
ALL = [ANN, BOB, CARL]


def hiding(identifier: str) -> Rubric:
    return Rubric({identifier: Worth(1.0, hidden_until=NOW + timedelta(days=1))})


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(), newline="")))


def test_csv_tells_what_is_undecided(tmp_path: Path) -> None:
    said = FORMATS["csv"](ALL, Order(tmp_path / "grades.csv"))
    rows = table(tmp_path / "grades.csv")
    assert [(each["student"], each["score"], each["connection"], each["undecided"]) for each in rows] == [
        ("Ana López", "2", "2", "0"),
        ("Bob", "2", "2", "1.5"),
        ("Carl", "3.5", "3.5", "0"),
    ]
    assert "Bob (1.5 points)" in said[0]


def test_csv_counts_adjustments_where_they_belong(tmp_path: Path) -> None:
    limited = results(row("c.one"), adjustments=(Adjustment("connection", "at most 1", -1.0),))
    FORMATS["csv"]([Graded("Ann", "", limited)], Order(tmp_path / "grades.csv"))
    (line,) = table(tmp_path / "grades.csv")
    assert (line["score"], line["connection"]) == ("1", "1")


def test_junit_has_a_suite_a_submission(tmp_path: Path) -> None:
    FORMATS["junit"](ALL, Order(tmp_path / "junit.xml"))
    suites = list(junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml")))
    assert [suite.name for suite in suites] == ["Ana López", "Bob", "Carl"]
    assert [(suite.tests, suite.failures, suite.skipped) for suite in suites] == [
        (2, 1, 0),
        (2, 0, 1),
        (2, 0, 0),
    ]
    cases = [(case.classname, case.name) for suite in suites for case in suite]
    assert len(set(cases)) == len(cases)


def test_gradescope(tmp_path: Path) -> None:
    order = Order(tmp_path / "out", rubric=hiding("c.two"), now=NOW)
    said = FORMATS["gradescope"](ALL, order)
    found = read(tmp_path / "out" / "Ana López" / "results.json")
    assert found["score"] == 2.0
    allowed = {
        "score",
        "max_score",
        "status",
        "name",
        "name_format",
        "number",
        "output",
        "output_format",
        "tags",
    }
    allowed |= {"visibility", "extra_data"}
    assert all(set(test) <= allowed for test in found["tests"])
    assert [
        (test["status"], test["score"], test["max_score"], test["visibility"]) for test in found["tests"]
    ] == [
        ("passed", 2.0, 2.0, "visible"),
        ("failed", 0.0, 1.5, "hidden"),
    ]
    undecided = read(tmp_path / "out" / "Bob" / "results.json")
    assert "status" not in undecided["tests"][1]
    assert "1.5 points are undecided" in undecided["output"]
    assert "Bob" in said[0]


def test_classroom_50(tmp_path: Path) -> None:
    order = Order(tmp_path / "out", assignment="sockets", classroom="net", rubric=hiding("c.two"), now=NOW)
    FORMATS["classroom50"](ALL, order)
    found = read(tmp_path / "out" / "Carl" / "result.json")
    assert found["schema"] == "classroom50/result/v1"
    assert (found["classroom"], found["assignment"], found["owner"]) == ("net", "sockets", "Carl")
    assert (found["score"], found["max-score"]) == (3, 4)
    assert [test["test-name"] for test in found["tests"]] == ["conecta: c.one"]
    assert {"test-name", "passed", "score", "max-score"} <= set(found["tests"][0])
    assert read(tmp_path / "out" / "Bob" / "result.json")["review"]
    with pytest.raises(UsageError, match="--classroom"):
        FORMATS["classroom50"](ALL, Order(tmp_path / "out"))


WORKSHEET = (
    "\ufeffIdentificador,Nombre completo,Calificación,Calificación máxima,Última modificación (calificación)\r\n"
    'Participante 101,"López, Ana",-,"10,00",-\r\n'
    'Participante 102,Bob,"5,00","10,00",-\r\n'
    'Participante 999,Zoe,-,"10,00",-\r\n'
)


def filled(
    tmp_path: Path, kind: str, content: str, **options: Any
) -> tuple[list[list[str]], list[str], bytes]:
    given, out = tmp_path / "given.csv", tmp_path / "out.csv"
    given.write_bytes(content.encode())
    said = FORMATS[kind](ALL, Order(out, given, **options))
    text = out.read_bytes()
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))), said, text


def test_moodles_worksheet_is_filled_in(tmp_path: Path) -> None:
    rows, said, raw = filled(tmp_path, "moodle", WORKSHEET)
    assert raw.startswith(b"\xef\xbb\xbf")
    before = list(csv.reader(io.StringIO(WORKSHEET[1:], newline="")))
    assert rows[0] == before[0]
    assert rows[1] == ["Participante 101", "López, Ana", "5.71", "10,00", "-"]  # 2 of 3.5 points, of 10
    assert rows[2:] == before[2:]  # undecided, and not handed in: as they were
    assert "2 of 3 rows" in said[0]
    assert "Carl" in said[1]
    assert "Bob" in said[2]


def test_another_classs_worksheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no row of the worksheet"):
        filled(tmp_path, "moodle", WORKSHEET.replace("10", "77"))
    assert not (tmp_path / "out.csv").exists()


GRADEBOOK = (
    "Student,ID,SIS Login ID,Section,Sockets (55),Sockets 2 (56)\r\n"
    "Points Possible,,,,7,100\r\n"
    '"López, Ana",101,ana,1,,8\r\n'
    "Bob,102,bob,1,4,8\r\n"
    "Zoe,103,zoe,1,EX,\r\n"
)


def test_canvas_gradebook_is_filled_in(tmp_path: Path) -> None:
    rows, said, _ = filled(tmp_path, "canvas", GRADEBOOK, assignment="Sockets")
    before = list(csv.reader(io.StringIO(GRADEBOOK, newline="")))
    assert rows[2] == ["López, Ana", "101", "ana", "1", "4.00", "8"]  # 2 of 3.5 points, of 7
    assert [*rows[:2], *rows[3:]] == [*before[:2], *before[3:]]
    assert "Carl" in said[1]


def test_who_is_excused_stays_so(tmp_path: Path) -> None:
    rows, _, _ = filled(
        tmp_path, "canvas", GRADEBOOK.replace("101,ana,1,,8", "101,ana,1,EX,8"), assignment="Sockets (55)"
    )
    assert rows[2][4] == "EX"


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("canvas", GRADEBOOK, "--assignment"),
        ("canvas", "Name,Mail\r\nAnn,x\r\n", "no column ID"),
        ("moodle", "Identifier,Full name\r\nParticipant 101,Ann\r\n", "no column for grades"),
        ("moodle", "", "is empty"),
        ("moodle", 'a,b\r\n"x,', "no CSV"),
    ],
)
def test_what_cannot_be_filled_in_is_said(tmp_path: Path, kind: str, content: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        filled(tmp_path, kind, content)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("kind", ["moodle", "canvas"])
def test_what_is_to_be_filled_in_has_to_be_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UsageError, match="--fill"):
        FORMATS[kind](ALL, Order(tmp_path / "out.csv"))
