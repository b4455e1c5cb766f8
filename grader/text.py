"""Makes text that a student controls safe to show: on a terminal, in XML, in JSON."""

from __future__ import annotations


def printable(text: str, *, newlines: bool = False) -> str:
    r"""`text` with everything that is not plainly visible written as an escape.

    Escaped are control characters (C0, DEL, C1; the tab too), formatting characters (bidirectional
    overrides, zero width), odd spaces, lone surrogates and whatever XML 1.0 forbids. A byte that
    `surrogateescape` carried is shown as that byte, `\xff`; characters from U+0080 on as `\u0085`.
    Backslashes stay as they are: the result is for reading, not for decoding. With `newlines`, line
    feeds stay; carriage returns never do, since they overwrite a line of the terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or (newlines and char == "\n") else _escaped(char) for char in text
    )


def bounded(text: str, limit: int) -> str:
    """At most `limit` characters of `text`: its beginning and its end, and how much lies between.

    Escape first and bound afterwards, `bounded(printable(text), 200)`: escapes are longer than what
    they stand for. Raises ValueError when `limit` is negative.
    """
    if limit < 0:
        raise ValueError(f"a limit of {limit} characters")
    if len(text) <= limit:
        return text
    # The count has at most as many digits as the length, so the mark made with it is the longest one.
    room = limit - len(_left_out(len(text)))
    if room < 2:
        return text[:limit]
    head, tail = room - room // 2, room // 2
    return text[:head] + _left_out(len(text) - room) + text[-tail:]


def _left_out(count: int) -> str:
    return f"[... {count} characters left out ...]"


def _escaped(char: str) -> str:
    short = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}.get(char)
    if short is not None:
        return short
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # PEP 383: byte 0x80 to 0xFF that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
