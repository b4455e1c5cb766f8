"""How the data leave: the calls that each program's name promises, and the segments that they make."""

from __future__ import annotations

from grader.errors import SubmissionFault
from grader.spec import check
from grader.wire.capture import Capture
from specs.multiple.messages import message
from specs.shared.common import Sender, letters
from specs.shared.sending import (
    FITS,
    FITS_NO_MORE,
    data_segments,
    expect_same_sends_unwatched,
    show_segments,
    show_sends,
    traced_sends,
)


@check("multiple.two-segments")
def check_two_segments(sender: Sender, wire: Capture) -> None:
    """The two sends leave as two TCP segments."""
    segments = data_segments(wire, sender.start("hola", "mundo"))
    if len(segments) != 2:
        raise SubmissionFault(
            "the data did not leave as two segments",
            expected="2 segments, one for each send",
            actual=show_segments(segments),
        )


@check("multiple.one-segment")
def check_one_segment(sender: Sender, wire: Capture) -> None:
    """Both data leave in one TCP segment."""
    segments = data_segments(wire, sender.start("hola", "mundo"))
    if len(segments) != 1:
        raise SubmissionFault(
            "the data did not leave together", expected="1 segment", actual=show_segments(segments)
        )


@check("multiple.two-plain-sends")
def check_two_plain_sends(sender: Sender, program_name: str) -> None:
    """Each datum is sent by one call of its own (write or send), without MSG_MORE."""
    found = traced_sends(sender, "hola", "mundo")
    if len(found) != 2 or any(each.parts != 1 for each in found):
        raise SubmissionFault(
            "the data were not sent by two calls", expected="write or send twice", actual=show_sends(found)
        )
    if any(each.more for each in found):
        raise SubmissionFault("MSG_MORE is used", expected="plain sends (no flag)", actual=show_sends(found))
    _expect_same_unwatched(sender, program_name)


@check("multiple.both-flagged")
def check_both_flagged(sender: Sender, program_name: str) -> None:
    """Each datum is sent by one call of its own, and both calls have the flag MSG_MORE."""
    found = traced_sends(sender, "hola", "mundo")
    if len(found) != 2 or not all(each.more and each.parts == 1 for each in found):
        raise SubmissionFault(
            "the data were not sent by two calls with MSG_MORE",
            expected="send(..., MSG_MORE) twice",
            actual=show_sends(found),
        )
    _expect_same_unwatched(sender, program_name)


@check("multiple.one-gather-call")
def check_one_gather_call(sender: Sender, program_name: str) -> None:
    """Both data are sent by one gather call (writev or sendmsg) from where they are, without a copy."""
    found = traced_sends(sender, "hola", "mundo")
    if [each.parts for each in found] != [2]:
        raise SubmissionFault(
            "the data were not sent by one gather call with two buffers",
            expected="one writev (or sendmsg) with two iovec",
            actual=show_sends(found),
        )
    _expect_same_unwatched(sender, program_name)


@check("multiple.one-send-of-the-copy")
def check_one_send_of_the_copy(sender: Sender) -> None:
    """The structure is sent by one call, from one buffer."""
    found = traced_sends(sender, "hola", "mundo")
    if [each.parts for each in found] != [1]:
        raise SubmissionFault(
            "the structure was not sent by one call from one buffer",
            expected="one write or send of the structure",
            actual=show_sends(found),
        )


def _expect_same_unwatched(sender: Sender, program: str) -> None:
    data = letters(FITS, 1), letters(FITS_NO_MORE, 2)
    expect_same_sends_unwatched(sender, message(program, *data), *data)
