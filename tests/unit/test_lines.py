"""What programs say on stdout, however they write it."""

from __future__ import annotations

import pytest

from grader.worker.lines import Growing, numbers


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
