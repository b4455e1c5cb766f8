"""Hostile text becomes harmless, and stays readable."""

from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.text import bounded, printable

# Hypothesis leaves lone surrogates out of text() unless asked for all categories.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("hola, señor\N{WORLD MAP}", "hola, señor\N{WORLD MAP}"),
        ("a\x1b[31mred\x07", r"a\x1b[31mred\x07"),
        ("tab\tline\nreturn\r", r"tab\tline\nreturn\r"),
        ("\x00\x7f", r"\x00\x7f"),
        ("\x85\x9b31m", r"\u0085\u009b31m"),
        ("cod\N{RIGHT-TO-LEFT OVERRIDE}c.exe", r"cod\u202ec.exe"),
        ("zero\N{ZERO WIDTH SPACE}width", r"zero\u200bwidth"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("\ufffe\uffff", r"\ufffe\uffff"),
        ("\N{LANGUAGE TAG}", r"\U000e0001"),
        ("a\N{LINE SEPARATOR}b", r"a\u2028b"),
        (r"C:\temp", r"C:\temp"),
    ],
)
def test_printable_escapes_what_could_harm_and_leaves_the_rest(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


def test_newlines_stay_only_when_asked() -> None:
    assert printable("a\r\nb\tc", newlines=True) == "a\\r\nb\\tc"


@given(ANY_TEXT)
@example("\x00\ud800\ufffe\x9b")
def test_whatever_comes_out_is_visible_and_fits_xml_and_utf8(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    shown.encode("utf-8")
    for whole in (shown, printable(text, newlines=True)):
        assert ET.fromstring(f"<a>{escape(whole)}</a>").text == (whole or None)


def test_bounded_keeps_both_ends_and_counts_what_it_left_out() -> None:
    text = "a" * 500 + "z" * 500
    cut = bounded(text, 100)
    assert cut.startswith("aaa")
    assert cut.endswith("zzz")
    kept = cut.count("a", 0, 30) + cut.count("z")
    assert len(cut) <= 100
    assert 0 < kept < 100
    assert "characters left out" in cut


@given(ANY_TEXT, st.integers(0, 80))
def test_bounded_never_exceeds_its_limit_and_never_touches_short_text(text: str, limit: int) -> None:
    cut = bounded(text, limit)
    assert len(cut) <= limit
    if len(text) <= limit:
        assert cut == text


@given(st.integers(60, 300), st.integers(0, 2000))
def test_bounded_tells_the_true_count(limit: int, length: int) -> None:
    cut = bounded("x" * length, limit)
    if length > limit:
        said = int(cut.partition("[... ")[2].split()[0])
        assert said == length - (len(cut) - len(f"[... {said} characters left out ...]"))


def test_a_negative_limit_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="-1"):
        bounded("x", -1)
