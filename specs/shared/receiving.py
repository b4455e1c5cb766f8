"""Programs that receive and count: `leido N` for every read, `total N` at the end of a connection."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

from grader.errors import SubmissionFault
from grader.peers.tcp import TcpPeer
from grader.program.lines import Growing, numbers, plain
from grader.spec import precondition
from specs.shared.common import Receiver

NEXT = 4_321  #: bytes that the sender sends who comes after a trouble; no other connection has so many
_DIGIT = re.compile(r"\d")
_SHOWN = 12  #: lines, in messages


@dataclasses.dataclass(frozen=True)
class Line:
    """What one line says."""

    word: str  #: "leido" or "total"
    number: int

    def __str__(self) -> str:
        return f"{self.word} {self.number}"


def lines_of(output: bytes) -> list[Line]:
    """The lines with one of the two words. A line with both ("total leido: 5") tells the total,
    but when each word has a number of its own, as where a running total is shown, it tells a read.
    """
    found = []
    for raw in output.splitlines():
        text = plain(raw)
        both = _in_turn(text, "leido", "total") or _in_turn(text, "total", "leido")
        word = "leido" if both or "total" not in text else "total"
        found += [Line(word, number) for number in numbers(raw, word)]
    return found


def _in_turn(text: str, *words: str) -> bool:
    """Each word is there, and a digit after each, in this order; one pass, however long the line is."""
    position = 0
    for word in words:
        place = text.find(word, position)
        digit = _DIGIT.search(text, place) if place >= 0 else None
        if digit is None:
            return False
        position = digit.end()
    return True


def filler(length: int) -> bytes:
    """So many bytes of text."""
    return b"hola mundo " * (length // 11) + b"hola mundo "[: length % 11]


def exact_pieces(length: int, size: int) -> list[int]:
    """What reads that wait for SIZE bytes get of a stream with so many bytes."""
    whole, rest = divmod(length, size)
    return [size] * whole + [rest] * (rest > 0)


class Receiving:
    """The student's receiver, listening, and what it was told about SIZE.

    `exact`: every read but the last of a connection must be of SIZE bytes.
    """

    def __init__(self, server: Receiver, size: int, *, exact: bool) -> None:
        self.server = server
        self.size = size
        self.watch = server.watch
        self.program = server.program
        self._exact = exact
        self._said = Growing(lines_of)

    def _lines(self) -> list[Line]:
        """What it has said so far, in complete lines."""
        return self._said.of(self.program.stdout.content)

    def mark(self) -> int:
        """How many lines it has printed so far: `account` looks at those after them."""
        return len(self._lines())

    def account(self, mark: int, sent: int, *, reads: Sequence[int] | None = None) -> int:
        """Wait for the lines of a connection on which so many bytes were sent, which must be right; the mark behind them.

        With `reads` they must be these.
        """
        looked = mark

        def complete() -> list[Line] | None:
            nonlocal looked
            lines = self._lines()
            while looked < len(lines):  # each line once: some programs print a hundred thousand
                looked += 1
                if lines[looked - 1].word == "total":
                    return lines[mark:looked]
            return None

        if self._exact and reads is None:
            reads = exact_pieces(sent, self.size)
        try:
            found = self.watch.until(complete, what="print 'total N' for a connection that has ended")
        except SubmissionFault as fault:
            raise self._explained(fault, mark, sent, reads) from None
        got = [line.number for line in found[:-1]]
        if got[-1:] == [0]:
            del got[-1]  # the read that met the end of the stream
        wrong = self._objection(got, found[-1].number, sent, reads)
        if wrong:
            raise self._explained(SubmissionFault(wrong), mark, sent, reads)
        return mark + len(found)

    def until_reads(self, mark: int, reads: Sequence[int]) -> None:
        """Wait until it has printed `leido` for these reads, in order, and no other line."""

        def so_far() -> list[Line]:
            return self._lines()[mark:]

        try:
            self.watch.until(lambda: len(so_far()) >= len(reads), what="print 'leido N' for what has come")
        except SubmissionFault as fault:
            raise self._explained(fault, mark, None, reads) from None
        if so_far() != [Line("leido", number) for number in reads]:
            raise self._explained(SubmissionFault("the lines on stdout are wrong"), mark, None, reads)

    def transfer(self, data: bytes, *, host: str = "127.0.0.1") -> TcpPeer:
        """One sender, who sends these bytes and closes; its connection must be accounted for."""
        mark = self.mark()
        peer = self.server.connect(host=host).send(data)
        peer.close()
        self.account(mark, len(data))
        return peer

    def next_is_served(self) -> None:
        """The receiver outlives what was done to it, and receives the next connection."""
        end = self.watch.end_of_server()
        if end is not None:
            raise SubmissionFault(end, expected="only that connection ends, and the receiver goes on")
        mark = self.mark()
        self.server.connect().send(filler(NEXT)).close()

        def counted() -> bool:
            return Line("total", NEXT) in self._lines()[mark:]

        try:
            self.watch.until(counted, what=f"receive the next connection and print 'total {NEXT}'")
        except SubmissionFault as fault:
            raise self._explained(fault, mark, NEXT, None) from None

    def rests_with(self, data: bytes) -> TcpPeer:
        """A sender whose bytes have been read, and who may send more."""
        peer = self.server.connect().send(data).until_consumed()
        with precondition():
            self.watch.until_still()  # it has accepted the connection, too
        return peer

    def expect_true(self, mark: int, sent: int) -> None:
        """What it has printed of a connection that broke after so many bytes adds up to these, or to its whole pieces."""
        lines = self._lines()[mark:]
        reads = [line.number for line in lines if line.word == "leido"]
        totals = {line.number for line in lines if line.word == "total"}
        true = {sent - sent % self.size, sent}
        if (reads and sum(reads) not in true) or not totals <= true:
            raise self._explained(
                SubmissionFault("what was printed of a connection that was reset is not what had come"),
                mark,
                sent,
                None,
            )

    def _objection(self, got: list[int], total: int, sent: int, reads: Sequence[int] | None) -> str | None:
        if total != sent:
            return "the total is not the number of bytes that were sent on the connection"
        if sum(got) != sent:
            return "the reads do not add up to the total: a line 'leido N' belongs to every read"
        if any(not 1 <= number <= self.size for number in got):
            return f"a read has more than SIZE = {self.size:,} bytes, or none"
        if reads is not None and got != list(reads):
            return "the reads are not of the right sizes"
        return None

    def _explained(
        self, fault: SubmissionFault, mark: int, sent: int | None, reads: Sequence[int] | None
    ) -> SubmissionFault:
        """With what it should have printed, and what it has printed since `mark`."""
        wanted = [f"leido {number}" for number in reads or []]
        if reads is None and sent:
            wanted = [f"'leido N' for every read, each N from 1 to {self.size}, {sent} together"]
        if sent is not None:
            wanted.append(f"total {sent}")
        printed = [str(line) for line in self._lines()[mark:]]
        fault.expected = fault.expected or _bounded(wanted)
        fault.actual = fault.actual or _bounded(printed) or "no line with 'leido' or 'total' on stdout"
        return fault


LaunchReceiving = Callable[..., Receiving]


def _bounded(lines: list[str]) -> str:
    if len(lines) > _SHOWN:
        half = _SHOWN // 2
        lines = [*lines[:half], f"... {len(lines) - 2 * half} more lines ...", *lines[-half:]]
    return "\n".join(lines)
