"""Bytes shown to people: short ones whole, long ones cut, and where two strings part."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.compare import around, first_difference, show_bytes


def naive_difference(expected: bytes, actual: bytes) -> int | None:
    for offset, (left, right) in enumerate(zip(expected, actual, strict=False)):
        if left != right:
            return offset
    return None if len(expected) == len(actual) else min(len(expected), len(actual))


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
@example(b"", b"", b"")
@example(b"", b"", b"x")
@example(b"hola", b"", b"mundo")
@example(b"\0" * 64, b"\0", b"\1")
def test_the_first_difference_is_where_a_slow_search_finds_it(
    common: bytes, expected: bytes, actual: bytes
) -> None:
    left, right = common + expected, common + actual
    assert first_difference(left, right) == naive_difference(left, right)
    assert first_difference(left, left) is None


@given(st.binary(min_size=1, max_size=300), st.data())
def test_one_changed_byte_is_found(data: bytes, draw: st.DataObject) -> None:
    offset = draw.draw(st.integers(0, len(data) - 1))
    changed = bytearray(data)
    changed[offset] ^= 0xFF
    assert first_difference(data, bytes(changed)) == offset
    assert first_difference(data, data[:offset]) == offset


def test_a_difference_is_found_at_the_end_of_4_mib() -> None:
    data = bytes(4 << 20)
    assert first_difference(data, data[:-1] + b"x") == len(data) - 1


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"aloh", '"aloh" (4 bytes: 61 6c 6f 68)'),
        (b"a", '"a" (1 byte: 61)'),
        (b"", "nothing (0 bytes)"),
        (b"a\nb", "3 bytes: 61 0a 62"),
        (b"\x1b[31m", "5 bytes: 1b 5b 33 31 6d"),
        (b"\xff\x00", "2 bytes: ff 00"),
        ("ñ".encode(), "2 bytes: c3 b1"),
        (b"x" * 48, f'"{"x" * 48}" (48 bytes: {" ".join(["78"] * 48)})'),
    ],
)
def test_short_bytes_are_shown_whole(data: bytes, shown: str) -> None:
    assert show_bytes(data) == shown


def test_long_bytes_are_cut_in_the_middle_and_counted() -> None:
    data = b"A" + bytes(10_000) + b"Z"
    shown = show_bytes(data)
    assert shown.startswith("10,002 bytes: 41 00")
    assert shown.endswith("00 5a")
    assert " ... " in shown
    assert len(shown) < 200


@given(st.binary(max_size=200))
def test_shown_bytes_are_printable_and_tell_their_number(data: bytes) -> None:
    shown = show_bytes(data)
    assert shown.isprintable()
    assert f"{len(data)} byte" in shown


@pytest.mark.parametrize(
    ("data", "offset", "shown"),
    [
        (b"abcdef", 3, "6 bytes; from byte 0: 61 62 63 64 65 66"),
        (b"", 0, "0 bytes; from byte 0: (end)"),
        (b"ab", 40, "2 bytes; from byte 24: (end)"),
        (bytes(2000), 1500, f"2,000 bytes; from byte 1,484: {bytes(32).hex(' ')}"),
        (b"x" * 20, 20, f"20 bytes; from byte 4: {(b'x' * 16).hex(' ')}"),
    ],
)
def test_the_bytes_around_an_offset(data: bytes, offset: int, shown: str) -> None:
    assert around(data, offset) == shown
