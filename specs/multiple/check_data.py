"""What arrives at the receiver, and what the program says of it."""

from __future__ import annotations

import contextlib
import re

import pytest

from grader.compare import show_bytes
from grader.errors import SubmissionFault
from grader.patterned import PATTERNED
from grader.program.lines import plain
from grader.spec import check
from grader.wire.capture import Capture
from specs.multiple.messages import ADDRESSES, FIELD, LARGE, counts, message
from specs.shared.common import Sender, expect_success, expect_trouble, letters
from specs.shared.sending import expect_orderly_end, expect_whole, received

_TEXTS = {
    "spaces": ("hola que tal", " a  b "),
    "accents": ("año", "¿qué?"),
    "format": ("%s%n%d", "\\0\\n"),
}


@check("multiple.delivers")
def check_delivers(sender: Sender, wire: Capture) -> None:
    """The receiver gets the bytes of DATA1, then those of DATA2, and nothing else."""
    run = sender.start("hola", "mundo")
    expected, actual = b"holamundo", received(run)
    if actual != expected:
        raise SubmissionFault(_reason(actual), expected=show_bytes(expected), actual=show_bytes(actual))
    assert wire  # what travelled is evidence


@check("multiple.copies-into-fields")
def check_copies_into_fields(sender: Sender, wire: Capture) -> None:
    """The receiver gets one structure of 32 bytes: 16 that begin with DATA1 and a zero, and 16 that begin with DATA2 and a zero."""
    run = sender.start("hola", "mundo")
    actual = received(run)
    fields = actual[:FIELD], actual[FIELD:]
    if len(actual) != 2 * FIELD or not (fields[0].startswith(b"hola\0") and fields[1].startswith(b"mundo\0")):
        raise SubmissionFault(
            _reason(actual),
            expected="32 bytes: char dato1[16] with hola, and char dato2[16] with mundo",
            actual=show_bytes(actual),
        )
    assert wire  # what travelled is evidence


@check("multiple.sends-addresses")
@pytest.mark.parametrize("data", [("buenas tardes", "a todos"), ("a" * 40, "b" * 50)], ids=["short", "long"])
def check_sends_addresses(sender: Sender, wire: Capture, data: tuple[str, str]) -> None:
    """The receiver gets the two pointers and not what they point to: 16 bytes on a 64-bit machine, however long the data are."""
    actual = received(sender.start(*data))
    if any(datum.encode()[:7] in actual for datum in data):
        raise SubmissionFault(
            "the data were sent, but this program shows what happens when their addresses are",
            expected=f"{ADDRESSES} bytes: the structure with the two pointers",
            actual=show_bytes(actual),
        )
    if len(actual) != ADDRESSES:
        raise SubmissionFault(
            f"{len(actual)} bytes were sent",
            expected=f"{ADDRESSES} bytes: the structure with the two pointers",
            actual=show_bytes(actual),
        )
    assert wire  # what travelled is evidence


@check("multiple.says-how-much")
def check_says_how_much(sender: Sender, program_name: str) -> None:
    """Each call that sends is told on stdout, with the number of bytes sent: `escrito N`."""
    run = sender.start("hola", "mundo")
    run.accept().until_closed()
    run.scene.until_exit(run.program, "end")
    expected = counts(program_name, "hola", "mundo")
    lines = [line for line in plain(run.program.stdout.content).splitlines() if "escrito" in line]
    told = [{int(number[:20]) for number in re.findall(r"\d+", line)} for line in lines]
    right = len(told) >= len(expected) and all(
        number in line for number, line in zip(expected, told, strict=False)
    )
    if not right:
        raise SubmissionFault(
            "the lines 'escrito N' are not right",
            expected="\n".join(f"escrito {number}" for number in expected),
            actual=run.program.stdout.last_lines() or "nothing on stdout",
        )


@check("multiple.succeeds")
def check_succeeds(sender: Sender) -> None:
    """When all went well the exit status is 0."""
    run = sender.start("hola", "mundo")
    run.accept().until_closed()
    run.expect_success()


@check("multiple.closes")
def check_closes(sender: Sender, wire: Capture) -> None:
    """After the last byte the program ends the connection in order (FIN), not with a reset."""
    expect_orderly_end(wire, sender.start("hola", "mundo"))


@check("multiple.empty-data")
@pytest.mark.parametrize("data", [("", "mundo"), ("hola", ""), ("", "")], ids=["first", "second", "both"])
def check_empty_data(sender: Sender, program_name: str, data: tuple[str, str]) -> None:
    """An empty datum is no error: the other one is sent."""
    run = sender.start(*data)
    _expect_data(run.accept().receive_until_end(), program_name, data)
    run.expect_success()


@check("multiple.any-text")
@pytest.mark.parametrize("text", _TEXTS)
def check_any_text(sender: Sender, program_name: str, text: str) -> None:
    """Data with spaces, accents and signs are sent byte for byte."""
    run = sender.start(*_TEXTS[text])
    _expect_data(received(run), program_name, _TEXTS[text])


@check("multiple.large-data")
def check_large_data(sender: Sender, program_name: str) -> None:
    """Large data (100,000 bytes each) arrive whole."""
    data = letters(LARGE, 1), letters(LARGE, 2)
    run = sender.start(*data)
    expect_whole(run.accept(), message(program_name, *data))
    run.expect_success()


@check("multiple.longest-data")
@pytest.mark.parametrize("lengths", [(15, 3), (3, 15), (15, 15)], ids=["first", "second", "both"])
def check_longest_data(sender: Sender, program_name: str, lengths: tuple[int, int]) -> None:
    """Data of up to 15 bytes are copied whole."""
    data = letters(lengths[0], 1), letters(lengths[1], 2)
    run = sender.start(*data)
    _expect_data(received(run), program_name, data)
    run.expect_success()


@check("multiple.too-long-refused")
@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize(
    "data", ["a" * 16, "a" * 17, "ñ" * 8, "a" * 200], ids=["exact", "over", "accents", "far-over"]
)
def check_too_long_refused(sender: Sender, data: str, which: str) -> None:
    """Data longer than 15 bytes are refused: an error on stderr, a status other than 0, nothing sent, and never an overflow."""
    run = sender.start(*((data, "mundo") if which == "first" else ("hola", data)))
    length = len(data.encode())
    run.scene.until_exit(run.program, "end")
    status = run.program.exit_status() or 0
    if status >= 128:
        raise SubmissionFault(
            f"with a datum of {length} bytes the program {run.program.describe_end()}: it wrote beyond the field",
            expected="an error on stderr, and an exit status other than 0",
            actual=run.program.describe_end(),
        )
    if run.listener.waiting():
        receiver = run.accept().until_closed()
        if sent := receiver.receive_available():
            raise SubmissionFault(
                f"a datum of {length} bytes does not fit into its field with a zero after it, and yet it was sent",
                expected="nothing sent",
                actual=f"{sent} bytes sent",
            )
    expect_trouble(run.scene, run.program, f"a datum of {length} bytes is too long")


@check("multiple.zero-padding")
@pytest.mark.parametrize(
    "data", [("hola", "mundo"), ("a", "b"), ("", "mundo")], ids=["words", "letters", "empty"]
)
def check_zero_padding(sender: Sender, program_name: str, data: tuple[str, str]) -> None:
    """The bytes of the structure that the data do not fill are zero: nothing that was in memory before leaves the program."""
    perturbed = {"MALLOC_PERTURB_": "165"}
    run = sender.start(*data, env=perturbed)
    actual, expected = received(run), message(program_name, *data)
    if actual != expected:
        raise SubmissionFault(
            "unused bytes of the structure are not zero",
            expected=show_bytes(expected),
            actual=show_bytes(actual),
        )
    expect_success(run.scene, run.program)
    again = sender.start(*data, env=perturbed, patterned=True)
    # Other memory that was never written is another check's matter.
    with contextlib.suppress(SubmissionFault):
        actual = received(again)
    if len(actual) == 2 * FIELD and actual != expected and all(datum.encode() in actual for datum in data):
        raise SubmissionFault(
            "unused bytes of the structure are zero by chance only",
            expected=show_bytes(expected),
            actual=show_bytes(actual),
            evidence=[PATTERNED],
        )


def _expect_data(actual: bytes, program: str, data: tuple[str, str]) -> None:
    """These data; for the copying program, each up to the zero that ends it."""
    if program == "envio_multiple_copia":
        whole = len(actual) == 2 * FIELD
        fields = [actual[:FIELD], actual[FIELD:]] if whole else []
        right = whole and all(
            field.startswith(datum.encode() + b"\0") for field, datum in zip(fields, data, strict=True)
        )
    else:
        right = actual == message(program, *data)
    if not right:
        raise SubmissionFault(
            "what arrived is not what was given",
            expected=show_bytes(message(program, *data)),
            actual=show_bytes(actual),
        )


def _reason(actual: bytes) -> str:
    """What mistake these bytes look like, where hola and mundo were to be sent."""
    if not actual:
        return "nothing was sent"
    if actual in {b"hola\0mundo\0", b"hola\0mundo", b"holamundo\0"}:
        return "the zero that ends a C string was sent too (strlen + 1)"
    if b"hola" not in actual and b"mundo" not in actual and len(actual) in {4, 8, ADDRESSES}:
        return "the data are not in what was sent: it looks like their addresses"
    if actual in {b"hola", b"mundo"}:
        return "only one of the two data was sent"
    return "what arrived is not what was asked for"
