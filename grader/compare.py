"""Showing bytes to people: short ones whole, long ones around the first difference."""

from __future__ import annotations

_CONTEXT = 16  #: bytes shown on each side of a difference
_SLICE = 1 << 16  #: compared at once: a memcmp, where a loop over 64 MiB would take seconds
_WHOLE = 48  #: byte strings up to this length are shown whole


def show_bytes(data: bytes) -> str:
    """`"aloh" (4 bytes: 61 6c 6f 68)`; long strings are cut in the middle."""
    if len(data) > _WHOLE:
        half = _WHOLE // 2
        return f"{len(data):,} bytes: {data[:half].hex(' ')} ... {data[-half:].hex(' ')}"
    if not data:
        return "nothing (0 bytes)"
    unit = "byte" if len(data) == 1 else "bytes"
    shown = f"{len(data)} {unit}: {data.hex(' ')}"
    text = data.decode("ascii", errors="replace")
    return f'"{text}" ({shown})' if text.isprintable() and "\ufffd" not in text else shown


def first_difference(expected: bytes, actual: bytes) -> int | None:
    """Offset of the first byte that differs (or is there in one of them only), None when equal."""
    if expected == actual:
        return None
    for start in range(0, min(len(expected), len(actual)), _SLICE):
        left, right = expected[start : start + _SLICE], actual[start : start + _SLICE]
        if left != right:
            pairs = enumerate(zip(left, right, strict=False))
            shorter = min(len(left), len(right))
            return start + next((offset for offset, (a, b) in pairs if a != b), shorter)
    return min(len(expected), len(actual))


def around(data: bytes, offset: int) -> str:
    """Bytes around an offset, with the offset named."""
    begin = max(0, offset - _CONTEXT)
    return f"{len(data):,} bytes; from byte {begin:,}: {data[begin : offset + _CONTEXT].hex(' ') or '(end)'}"
