"""The receiver: what it prints, however the message arrives."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.faults.fragment import drip, in_two
from grader.patterned import PATTERNED
from grader.spec import MiB, check
from grader.wire.capture import Capture
from specs.framing.messages import (
    MARKED,
    UnwrittenError,
    exchange,
    expect_length_understood,
    message,
    next_is_served,
    until_printed,
)
from specs.shared.common import LaunchReceiver, Receiver, letters

HELLO = message("hola", "mundo")


@check("framing.prints-both")
def check_prints_both(server: Receiver, wire: Capture) -> None:
    """The receiver prints both data of a message: `dato1 X dato2 Y`."""
    exchange(server, "hola", "mundo")
    assert wire  # what travelled is evidence


@check("framing.byte-order")
@pytest.mark.parametrize("length", [4, 300, 70_000])
@pytest.mark.parametrize("which", ["first", "second"])
def check_byte_order(held: Receiver, length: int, which: str) -> None:
    """Each length is a 32-bit number in network byte order."""
    long = letters(length)
    data = (long, "mundo") if which == "first" else ("hola", long)
    expect_length_understood(held, data, length)


@check("framing.next-connection")
def check_next_connection(launch: LaunchReceiver) -> None:
    """When a connection has ended the next one is accepted, one after the other."""
    server = launch(env=MARKED)
    for data in (("hola", "mundo"), ("uno", "dos"), ("adios", "luna")):
        exchange(server, *data)


@check("framing.fragmented-lengths")
@pytest.mark.parametrize("cut", range(1, 8))
def check_fragmented_lengths(server: Receiver, cut: int) -> None:
    """A message is complete when all its bytes came, however TCP split the two lengths."""
    in_two(server.connect(), HELLO, cut).close()
    until_printed(server, "hola", "mundo")


@check("framing.fragmented-data")
@pytest.mark.parametrize("cut", range(8, len(HELLO)))
def check_fragmented_data(server: Receiver, cut: int) -> None:
    """A message is complete when all its bytes came, however TCP split the data."""
    in_two(server.connect(), HELLO, cut).close()
    until_printed(server, "hola", "mundo")


@check("framing.dripped-message")
def check_dripped_message(server: Receiver) -> None:
    """A message that arrives one byte at a time is printed like any other."""
    drip(server.connect(), message("gota a gota", "otra")).close()
    until_printed(server, "gota a gota", "otra")


@check("framing.zero-lengths")
@pytest.mark.parametrize("data", [("", "mundo"), ("hola", ""), ("", "")], ids=["first", "second", "both"])
def check_zero_lengths(server: Receiver, data: tuple[str, str]) -> None:
    """A length of 0 is an empty datum, and no end of the connection."""
    exchange(server, *data)
    next_is_served(server)


@check("framing.large-data")
@pytest.mark.parametrize("length", [100_000, MiB], ids=["100kB", "1MiB"])
def check_large_data(launch: LaunchReceiver, length: int) -> None:
    """Data of up to 1 MiB each are received and printed whole."""
    server = launch(stdout_keep=3 * MiB)
    exchange(server, letters(length, 1), letters(length, 2))


@check("framing.long-then-short")
def check_long_then_short(launch: LaunchReceiver) -> None:
    """A short message after a long one gets nothing of the long one."""
    server = launch(env=MARKED)
    exchange(server, "y" * 40, "y" * 60)
    exchange(server, "hola", "mundo")
    exchange(server, "y" * 500, "y" * 300)
    exchange(server, "uno", "dos")


@check("framing.string-ends")
@pytest.mark.parametrize("lengths", [(4, 5), (24, 40), (200, 1000)], ids=["short", "full-chunks", "long"])
def check_string_ends(launch: LaunchReceiver, lengths: tuple[int, int]) -> None:
    """Each datum is printed up to its end, whatever stands after it in memory: the receiver adds the zero that was not sent."""
    data = letters(lengths[0], 1), letters(lengths[1], 2)
    exchange(launch(env=MARKED), *data)
    try:
        exchange(launch(env=MARKED, patterned=True), *data)
    except UnwrittenError as fault:
        fault.evidence.append(PATTERNED)
        raise
    except SubmissionFault:
        pass  # other memory that was never written is another check's matter


@check("framing.any-text")
@pytest.mark.parametrize(
    "data",
    [("hola que tal", "muy bien"), ("año", "¿qué?"), ("100%", "%s%d%n")],
    ids=["spaces", "accents", "format"],
)
def check_any_text(server: Receiver, data: tuple[str, str]) -> None:
    """Data with spaces, accents and signs are printed as they came."""
    exchange(server, *data)
