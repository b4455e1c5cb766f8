"""What a program prints: read whatever comes, kept within bounds."""

from __future__ import annotations

import os

import pytest

from grader.program.output import Output

CEILING = 30.0


def read(content: bytes, keep: int = 1 << 20) -> Output:
    """An output that has come to its end."""
    ours, theirs = os.pipe()
    output = Output(ours, keep)
    with os.fdopen(theirs, "wb") as program:
        program.write(content)
    assert output.wait_end(CEILING)
    return output


def test_what_is_kept_is_the_beginning_and_the_end() -> None:
    content = b"".join(b"line %d\n" % number for number in range(100_000))
    output = read(content, keep=1000)
    assert (output.content, output.length) == (content[:1000], len(content))
    assert output.last_lines(2) == "line 99998\nline 99999"


def test_short_lines_without_end_are_all_counted() -> None:
    ours, theirs = os.pipe()
    output = Output(ours)
    for _ in range(20_000):
        os.write(theirs, b"leido 0\n")
    os.close(theirs)
    assert output.wait_end(CEILING)
    assert output.length == 160_000
    assert output.content == b"leido 0\n" * 20_000


@pytest.mark.parametrize(
    ("content", "repeats"),
    [
        (b"leido 0\n" * 10_000, True),
        (b"accept: no descriptors\n" + b"leido 0\n" * 10_000 + b"lei", True),
        (b"leido 0\n" * 1000, False),  # a sender's small pieces
        (b"leido 0\nleido 1\n" * 10_000, False),
        (b"".join(b"%d\n" % number for number in range(20_000)), False),
        (b"leido 0\n" * 10_000 + b"total 0\n" + b"leido 1\n", False),
        (b"x" * 100_000, False),
        (b"\n" * 100_000, True),
        (b"", False),
    ],
)
def test_the_same_line_again_and_again(content: bytes, *, repeats: bool) -> None:
    assert read(content).repeats() == repeats
