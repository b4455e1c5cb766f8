"""Sends that fail, return early, or find nobody at the other end."""

from __future__ import annotations

import pytest

from grader.spec import check
from specs.multiple.messages import message
from specs.shared.common import Sender, letters
from specs.shared.sending import (
    FITS,
    FITS_NO_MORE,
    expect_all_despite_stop,
    expect_send_error_told,
    expect_vanishing_told,
)


@check("multiple.send-fails")
def check_send_fails(sender: Sender) -> None:
    """When a send fails the program says so on stderr and exits with a status other than 0."""
    expect_send_error_told(sender, "hola", "mundo")


@check("multiple.interrupted-send")
def check_interrupted_send(sender: Sender, program_name: str) -> None:
    """A send that returns early, with a part of the data sent, is continued from there, or `escrito` tells how much was sent."""
    data = letters(FITS, 1), letters(FITS_NO_MORE, 2)
    expect_all_despite_stop(sender, message(program_name, *data), *data, word="escrito")


@check("multiple.receiver-vanishes")
@pytest.mark.parametrize("how", ["resets", "closes"])
def check_receiver_vanishes(sender: Sender, program_name: str, how: str) -> None:
    """When the receiver vanishes while data are being sent the program says so on stderr and its exit status is not 0, or `escrito` tells that less was sent."""
    data = letters(FITS, 1), letters(FITS_NO_MORE, 2)
    expect_vanishing_told(sender, how, message(program_name, *data), *data, word="escrito")
