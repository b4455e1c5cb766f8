"""junit.xml as a CI's reader sees it: junitparser for the meaning, xml.etree for well-formedness."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.job import Results, Status, Verdict
from grader.reports import junit
from tests.unit.made_up import evidence, results, verdict

# Its annotations leave most of what it returns open.
JUnitXml: Any = junitparser.JUnitXml
MILLION = 1 << 20
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)

HOSTILE = {
    "control characters": "".join(map(chr, range(0x20))) + "\x7f\x80\x9f",
    "ANSI escapes": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "lone surrogates": "\ud800 and \udcff",
    "end of CDATA": "<![CDATA[ x ]]> ]]&gt; <!-- -- -->",
    "NUL": "\x00",
    "carriage returns": "one\rtwo\r\nthree",
    "mark-up": '</failure><failure message="forged"/> & &amp; &#0; <?xml ?>',
    "quotes": "\"'`",
    "noncharacters": "\ufffe\uffff",
    "astral": "\N{WORLD MAP}\U0010ffff",
}


def cases(found: Results) -> list[Any]:
    """Every test case, as junitparser understands the report."""
    parsed = JUnitXml.fromstring(junit.to_text(found).encode())
    return [case for suite in parsed for case in suite]


def only_case(row: Verdict) -> Any:
    (case,) = cases(results(row))
    return case


def test_a_pass_has_no_outcome_of_its_own() -> None:
    case = only_case(verdict("passed"))
    assert case.is_passed
    assert case.result == []
    assert (case.classname, case.name, case.time) == ("toy.toy_server", "toy.works", 0.25)
    assert "1 of 1 points, tier core" in case.system_out


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("failed", junitparser.Failure),
        ("missing", junitparser.Failure),
        ("error", junitparser.Error),
        ("not_run", junitparser.Error),
        ("inconclusive", junitparser.Skipped),
    ],
)
def test_every_other_status_has_its_kind_and_its_words(status: Status, kind: type[Any]) -> None:
    case = only_case(verdict(status, message="it did not work", hint="Try.", evidence=evidence("no\nway")))
    (outcome,) = case.result
    assert type(outcome) is kind
    assert outcome.message.endswith("it did not work")
    assert outcome.text == ("it did not work\nRequirement: It works.\nstandard error:\nno\nway\nHint: Try.")
    assert "0 of 1 points" in case.system_out


@pytest.mark.parametrize("status", ["failed", "missing", "error", "not_run", "inconclusive"])
def test_an_empty_message_is_no_pass(status: Status) -> None:
    (outcome,) = only_case(verdict(status, message="")).result
    assert outcome.message


def test_the_numbers_of_the_report_add_up() -> None:
    statuses: tuple[Status, ...] = ("passed", "failed", "missing", "error", "not_run", "inconclusive")
    rows = [verdict(status, id=f"toy.number-{index}") for index, status in enumerate(statuses)]
    (suite,) = list(JUnitXml.fromstring(junit.to_text(results(*rows)).encode()))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 2, 2, 1)


def test_there_is_one_flat_suite_for_each_program() -> None:
    rows = [
        verdict(id=f"{practical}.{name}", practical=practical, program=program)
        for practical, program in (("toy", "toy_server"), ("toy", "toy_client"), ("other", "toy_client"))
        for name in ("works", "lasts")
    ]
    root = ET.fromstring(junit.to_text(results(*rows)))
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == [
        "toy.toy_server",
        "toy.toy_client",
        "other.toy_client",
    ]
    assert [len(suite.findall("testcase")) for suite in root] == [2, 2, 2]
    assert root.findall(".//testsuite/testsuite") == []


def test_class_name_and_name_together_are_unique() -> None:
    rows = [
        verdict(id=f"{practical}.{name}", practical=practical, program=program)
        for practical in ("toy", "other")
        for program in ("toy_server", "toy_client")
        for name in ("works", "lasts")
    ]
    names = [(case.classname, case.name) for case in cases(results(*rows))]
    assert len(set(names)) == len(rows)


def test_no_verdict_is_still_a_report() -> None:
    assert ET.fromstring(junit.to_text(results())).tag == "testsuites"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("status", ["failed", "error", "inconclusive"])
def test_hostile_text_stays_text(tmp_path: Path, status: Status, text: str) -> None:
    hostile = verdict(status, message=text, hint=text, requirement=text, evidence=evidence(text, text))
    file = tmp_path / "junit.xml"
    junit.write(results(hostile, verdict("passed", id="toy.second")), file)
    content = file.read_bytes()
    root = ET.fromstring(content)
    first, second = root.iter("testcase")
    assert [child.tag for child in second] == ["system-out"]
    assert len(first) == 2  # one outcome and what it is worth: nothing was forged
    assert b"\r" not in content
    for char in ("\x1b", "\x00", "\x07", "\x7f"):
        assert char not in "".join(root.itertext()) or char == "\x7f"  # XML 1.0 allows DEL
    parsed = [case for suite in JUnitXml.fromstring(content) for case in suite]
    assert [case.name for case in parsed] == ["toy.works", "toy.second"]


@pytest.mark.parametrize("text", ["a < b && c > d", "one\n\ttwo", "]]>", "\N{WORLD MAP} ñ", "&#10; &lt;"])
def test_legal_text_comes_back_as_it_was(text: str) -> None:
    (outcome,) = only_case(verdict("failed", message=f"it said: {text}")).result
    assert outcome.text.startswith(f"it said: {text}\n")
    assert " ".join(outcome.message.split()) == " ".join(f"it said: {text}".split())


@pytest.mark.parametrize("char", ["y", "<", "\x00"])
def test_a_megabyte_is_kept(char: str) -> None:
    (outcome,) = only_case(verdict("failed", evidence=evidence(char * MILLION))).result
    shown = "\ufffd" if char == "\x00" else char
    assert cast("str", outcome.text).count(shown) >= MILLION


@given(ANY_TEXT)
@example("\r")
@example("\ud800\x00\ufffe")
def test_whatever_a_program_says_the_report_is_xml(text: str) -> None:
    row = verdict("failed", message=text, requirement=text, evidence=evidence(text))
    (failure,) = ET.fromstring(junit.to_text(results(row)).encode()).iter("failure")
    assert failure.text
    assert failure.get("message") is not None


@pytest.mark.parametrize("text", ["\x7f", "\x80\x9f"])
def test_a_message_of_odd_characters_does_not_become_an_empty_one(text: str) -> None:
    (outcome,) = only_case(verdict("failed", message=text)).result
    assert outcome.message
