"""The length-prefixed pair, and how a receiver prints it."""

from __future__ import annotations

import re
import struct
from itertools import pairwise

from grader.errors import SubmissionFault
from grader.job import Evidence
from grader.observe.gate import ACCEPTING
from grader.peers.tcp import TcpPeer
from grader.spec import precondition
from grader.text import bounded
from specs.shared.common import Receiver, wrong_lengths

MARK = "Z"  #: what C's library fills fresh memory with, in a program that is started with `MARKED`
#: Where messages follow each other, or it is left to chance whether a missing zero shows.
#: Without the cache of each thread, which hands memory out again as it is.
MARKED = {
    "MALLOC_PERTURB_": str(0xFF ^ ord(MARK)),
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
}
UNWRITTEN = (MARK.encode(), b"\xfe", b"\xaa")  #: and what compilers fill it with (`patterned`)
_HEADER = struct.Struct("!II")
_FIRST, _SECOND = (re.compile(rb"(?i)\bd(?:a|\xc3\xa1)to[ _]?%d(?![0-9])" % number) for number in (1, 2))
_LETTER = re.compile(rb"[0-9A-Za-z]")
#: What may follow a datum: the line's end or a sign, and plainly no part of it, as a byte that does not print would be.
_APART = re.compile("[\r\n -/:-@\\[-`{-~]|»|”|$".encode())
_LINE_END = re.compile(rb"[\r\n]")
_BRACKETS = re.compile(rb"\([^()]*\)|\[[^\[\]]*\]")
_SHOWN = 200  #: characters of what was printed, in messages
_BETWEEN = 64  #: bytes of other text that may stand between a word and its datum


class UnwrittenError(SubmissionFault):
    """What the program printed was in memory that nobody had written to."""


def header(first: int, second: int) -> bytes:
    """The two lengths."""
    return _HEADER.pack(first, second)


def message(first: str | bytes, second: str | bytes) -> bytes:
    """The two lengths and the two data."""
    parts = [part.encode() if isinstance(part, str) else part for part in (first, second)]
    return header(len(parts[0]), len(parts[1])) + b"".join(parts)


def pairs_begun(output: bytes) -> int:
    """How many pairs it has printed, or begun to print."""
    return len(_FIRST.findall(output))


def was_printed(output: bytes, first: str, second: str) -> bool:
    """It printed `dato1 FIRST dato2 SECOND`: case, accents and other text aside, the data exactly."""
    starts = [match.start() for match in _FIRST.finditer(output)] + [len(output)]
    return any(
        _is_pair(output[start:end], first.encode(), second.encode()) for start, end in pairwise(starts)
    )


def until_printed(server: Receiver, first: str, second: str) -> None:
    """Wait until the receiver has printed this pair."""
    stdout = server.program.stdout
    size = len(first.encode()) + len(second.encode())
    looked = -1

    def printed() -> bool:
        nonlocal looked
        content = stdout.content
        if len(content) == looked or len(content) < size:
            return False  # a look at megabytes takes its time
        looked = len(content)
        return was_printed(content, first, second)

    try:
        server.watch.until(printed, what="print the two data")
    except SubmissionFault as fault:
        if fault.expected is None:
            fault.expected = f"dato1 {bounded(first, _SHOWN)} dato2 {bounded(second, _SHOWN)}"
            fault.actual = bounded(stdout.last_lines(3), 2 * _SHOWN) or "nothing on stdout"
        said = stdout.content
        if any(datum.encode() + byte in said for datum in (first, second) for byte in UNWRITTEN):
            raise UnwrittenError(
                "bytes that were never sent are printed after a datum: its final zero is missing",
                expected=fault.expected,
                actual=fault.actual,
            ) from fault
        raise


def exchange(server: Receiver, first: str, second: str) -> TcpPeer:
    """Send one message, whole, and close, as the sender does; the receiver must print it."""
    peer = server.connect().send(message(first, second))
    peer.close()
    until_printed(server, first, second)
    return peer


def next_is_served(server: Receiver) -> None:
    """The receiver outlives what was done to it, and serves the next connection."""
    end = server.watch.end_of_server()
    if end is not None:
        raise SubmissionFault(end, expected="only that connection ends, and the receiver goes on")
    exchange(server, "siguiente", "turno")


def expect_nothing_between(server: Receiver, lines: int) -> None:
    """Of what was printed, each of the two whole messages has its `lines`, and the lost one between them has none."""
    if pairs_begun(server.program.stdout.content) != 2 * lines:
        raise SubmissionFault(
            "something was printed for a message of which only a part had come",
            expected="dato1 uno dato2 dos, then dato1 siguiente dato2 turno, and nothing between them",
            actual=server.program.stdout.last_lines(4),
        )


def is_back_in_accept(server: Receiver) -> bool:
    """It is back in accept."""
    calls = {task.call.name for task in server.program.blocked_in() if task.call is not None}
    return bool(calls) and calls <= set(ACCEPTING)


def expect_length_understood(server: Receiver, data: tuple[str, str], length: int) -> None:
    """The receiver, which is held, prints these data; if not, say which length it seems to have understood instead of `length`."""
    whole = message(*data)
    peer = server.connect().send(whole)
    with precondition():  # one receive shall have it all: whether it is repeated is asked elsewhere
        server.watch.until(
            lambda: (far := peer.far_end()) is not None and far.receive_queue == len(whole),
            what="have the whole message",
        )
    server.release()
    server.watch.until_still()
    asked = {task.call.length for task in server.program.blocked_in() if task.call is not None}
    peer.close()
    try:
        until_printed(server, *data)
    except SubmissionFault as fault:
        for wrong, reason in wrong_lengths(length):
            if wrong in asked and wrong != length:
                text = f"the receiver waits for {wrong:,} bytes instead of {length:,}: {reason}"
                fault.evidence.insert(0, Evidence("the length", text))
        raise


def _is_pair(text: bytes, first: bytes, second: bytes) -> bool:
    """The text, which begins at the word `dato1`, says these two data, and its line is complete."""
    begin = _FIRST.match(text)
    middle = _after(text, begin.end(), first) if begin else None
    word = _SECOND.search(text, middle, middle + _BETWEEN) if middle is not None else None
    end = _after(text, word.end(), second) if word else None
    return end is not None and b"\n" in text[end:]


def _after(text: bytes, position: int, datum: bytes) -> int | None:
    """Where the text goes on after the datum that stands near `position`, set off from what is around it."""
    if not datum:
        return position if _is_empty(text, position) else None
    found = text.find(datum, position, position + _BETWEEN + len(datum))
    if found < 0 or _LETTER.match(text[found - 1 : found]):
        return None
    end = found + len(datum)
    return end if _APART.match(text[end:]) else None


def _is_empty(text: bytes, position: int) -> bool:
    """No datum stands here: only signs and what stands in brackets, up to the other word or the line's end."""
    ends = [
        match.start() for match in (_SECOND.search(text, position), _LINE_END.search(text, position)) if match
    ]
    between = text[position : min(ends, default=len(text))]
    return re.fullmatch(rb"[ -/:-@\[-`{-~]*", _BRACKETS.sub(b"", between)) is not None
