"""The sender: the lengths, the data, and the one call that sends them."""

from __future__ import annotations

import pytest

from grader.compare import show_bytes
from grader.errors import SubmissionFault
from grader.spec import check
from grader.wire.capture import Capture
from specs.framing.messages import header, message
from specs.shared.common import Sender, letters
from specs.shared.sending import (
    FITS,
    FITS_NO_MORE,
    data_segments,
    expect_all_despite_stop,
    expect_orderly_end,
    expect_refused,
    expect_same_sends_unwatched,
    expect_send_error_told,
    expect_vanishing_told,
    expect_whole,
    received,
    show_segments,
    show_sends,
    traced_sends,
)

LARGE = 100_000  #: bytes of a large datum; the kernel takes arguments of up to 131,071
TEXTS = {"spaces": ("hola que tal", " a  b "), "accents": ("año nuevo", "¿qué?"), "format": ("%s%n%d", "\\0")}


@check("framing.sender-lengths")
@pytest.mark.parametrize("length", [4, 300, 70_000])
def check_sender_lengths(sender: Sender, wire: Capture, length: int) -> None:
    """The sender begins with the two lengths, each a 4-byte number in network byte order."""
    run = sender.start(letters(length), "mundo")
    receiver = run.accept()
    actual, expected = receiver.receive_exactly(8), header(length, 5)
    if actual != expected:
        reason = "the two lengths are wrong"
        if actual == expected[3::-1] + expected[:3:-1]:
            reason = "the lengths have their bytes in the machine's order; htonl is missing"
        elif actual in {header(length + 1, 6), header(length + 1, 5), header(length, 6)}:
            reason = "a length counts the zero that ends a C string; the data are one byte shorter"
        raise SubmissionFault(reason, expected=expected.hex(" "), actual=actual.hex(" "))
    assert wire  # what travelled is evidence


@check("framing.sender-data")
def check_sender_data(sender: Sender, wire: Capture) -> None:
    """After the lengths come the bytes of DATA1, then those of DATA2, and nothing else: no zero ends them."""
    data = received(sender.start("hola", "mundo"))[8:]
    if data != b"holamundo":
        nul = b"\0" in data
        raise SubmissionFault(
            "the zero that ends a C string was sent too" if nul else "what follows the lengths is wrong",
            expected=show_bytes(b"holamundo"),
            actual=show_bytes(data),
        )
    assert wire  # what travelled is evidence


@check("framing.sender-empty-data")
@pytest.mark.parametrize("data", [("", "mundo"), ("hola", ""), ("", "")], ids=["first", "second", "both"])
def check_sender_empty_data(sender: Sender, data: tuple[str, str]) -> None:
    """An empty datum is sent as the length 0 and no bytes."""
    run = sender.start(*data)
    _expect_message(received(run), data)
    run.expect_success()


@check("framing.sender-any-text")
@pytest.mark.parametrize("text", TEXTS)
def check_sender_any_text(sender: Sender, text: str) -> None:
    """Lengths count bytes, not characters: data with accents and signs are sent byte for byte."""
    _expect_message(received(sender.start(*TEXTS[text])), TEXTS[text])


@check("framing.sender-large-data")
def check_sender_large_data(sender: Sender) -> None:
    """Large data (100,000 bytes each) are sent whole."""
    data = letters(LARGE, 1), letters(LARGE, 2)
    run = sender.start(*data)
    expect_whole(run.accept(), message(*data))
    run.expect_success()


@check("framing.sender-ends")
def check_sender_ends(sender: Sender, wire: Capture) -> None:
    """After the last byte the sender ends the connection in order (FIN), and exits with status 0."""
    run = sender.start("hola", "mundo")
    expect_orderly_end(wire, run)
    run.expect_success()


@check("framing.sender-host-name")
def check_sender_host_name(sender: Sender) -> None:
    """The host may be given by its name."""
    sender.start("hola", "mundo", host="localhost").accept().until_closed()


@check("framing.sender-refused")
def check_sender_refused(sender: Sender) -> None:
    """When the connection is refused the sender says so on stderr and exits with a status other than 0."""
    expect_refused(sender, "hola", "mundo")


@check("framing.sender-unknown-host")
def check_sender_unknown_host(sender: Sender) -> None:
    """When the host does not exist the sender says so on stderr and exits with a status other than 0."""
    sender.start("hola", "mundo", host="no-such-host.invalid").expect_trouble("the host does not exist")


@check("framing.sender-one-gather-call")
def check_sender_one_gather_call(sender: Sender) -> None:
    """Lengths and data are sent by one gather call (writev or sendmsg)."""
    found = traced_sends(sender, "hola", "mundo")
    if len(found) != 1 or found[0].parts < 2:
        raise SubmissionFault(
            "lengths and data were not sent by one gather call",
            expected="one writev (or sendmsg): the lengths, DATA1 and DATA2, each from where it is",
            actual=show_sends(found),
        )
    data = letters(FITS, 1), letters(FITS_NO_MORE, 2)
    expect_same_sends_unwatched(sender, message(*data), *data)


@check("framing.sender-one-segment")
def check_sender_one_segment(sender: Sender, wire: Capture) -> None:
    """Lengths and data of a small message leave in one TCP segment."""
    segments = data_segments(wire, sender.start("hola", "mundo"))
    if len(segments) != 1:
        raise SubmissionFault(
            "the message did not leave together", expected="1 segment", actual=show_segments(segments)
        )


@check("framing.sender-send-fails")
def check_sender_send_fails(sender: Sender) -> None:
    """When a send fails the sender says so on stderr and exits with a status other than 0."""
    expect_send_error_told(sender, "hola", "mundo")


@check("framing.sender-interrupted-send")
def check_sender_interrupted_send(sender: Sender) -> None:
    """A send that returns early, with a part of the message sent, is continued from there, or the sender prints how much was sent."""
    data = letters(FITS, 1), letters(FITS_NO_MORE, 2)
    expect_all_despite_stop(sender, message(*data), *data)


@check("framing.sender-receiver-vanishes")
@pytest.mark.parametrize("how", ["resets", "closes"])
def check_sender_receiver_vanishes(sender: Sender, how: str) -> None:
    """When the receiver vanishes during a send the sender says so on stderr and its exit status is not 0, or it prints how much was sent."""
    data = letters(FITS, 1), letters(FITS_NO_MORE, 2)
    expect_vanishing_told(sender, how, message(*data), *data)


def _expect_message(actual: bytes, data: tuple[str, str]) -> None:
    if actual != message(*data):
        raise SubmissionFault(
            "what arrived is not the message", expected=show_bytes(message(*data)), actual=show_bytes(actual)
        )
