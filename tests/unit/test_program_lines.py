"""What programs say on stdout, however they write it."""

from __future__ import annotations

import pytest

from grader.program.lines import Growing, numbers, plain
from specs.shared.receiving import Line, lines_of


@pytest.mark.parametrize(
    "said",
    [
        b"leido 5\n",
        b"Leido: 5\n",
        "Leído 5 bytes\n".encode(),
        "LEI\u0301DO=5\r\n".encode(),
        b"[3] leido 5 de 100\n",
        b"5 bytes leidos\n",
        b"\xff\xfe leido\t5",
    ],
)
def test_the_number_that_belongs_to_the_word(said: bytes) -> None:
    assert numbers(said, "leido") == [5]


def test_lines_without_the_word_or_without_a_number_say_nothing() -> None:
    assert numbers(b"esperando en 20001\nleido\ntotal 7\n", "leido") == []


def test_every_line_counts_in_order() -> None:
    assert numbers(b"leido 3\nleido 0\ntotal 3\nleido -1\n", "leido") == [3, 0, -1]


def test_numbers_of_any_length_are_bounded() -> None:
    assert numbers(b"leido " + b"9" * 100_000, "leido") == [int("9" * 20)]


def test_each_line_of_a_growing_output_is_read_once() -> None:
    given: list[bytes] = []

    def read(lines: bytes) -> list[int]:
        given.append(lines)
        return numbers(lines, "leido")

    said = Growing(read)
    assert said.of(b"leido 5\nlei") == [5]
    assert said.of(b"leido 5\nleido 7") == [5]
    assert said.of(b"leido 5\nleido 71\nleido 8\n") == [5, 71, 8]
    assert given == [b"leido 5\n", b"leido 71\nleido 8\n"]


@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0323"])
def test_a_million_accents_on_one_letter_take_no_longer_than_their_bytes(marks: str) -> None:
    """In one piece they would be put in order, which takes minutes: more than a test may."""
    assert plain(f"leyo{marks * (500_000 // len(marks))} 5".encode()) == "leyo 5"


def test_words_that_promise_a_number_which_never_comes() -> None:
    assert lines_of(b"leido " * 200_000 + b"\n") == []
    assert lines_of(b"leido total " * 100_000 + b"5\n") == [Line("total", 5)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"leido 5 total 9", ["leido"]),
        (b"total 9, leido 5", ["leido"]),
        (b"leido total 9", ["total"]),
        (b"total 9", ["total"]),
        (b"leido 5", ["leido"]),
    ],
)
def test_a_line_with_both_is_about_what_was_read(said: bytes, words: list[str]) -> None:
    assert [line.word for line in lines_of(said)] == words
