"""Watched or not, a program must be the same; where only one of both could be seen, nothing is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.errors import Inconclusive, SubmissionFault
from specs.shared.unwatched import expect_same_unwatched

Seen = list[str] | Exception
RECV = ["recvfrom(…, …, 70)"]


def look(unwatched: Seen, watched: Seen) -> Callable[[bool], list[str]]:
    def seen(when_watched: bool) -> list[str]:  # noqa: FBT001 - as expect_same_unwatched calls it
        found = watched if when_watched else unwatched
        if isinstance(found, Exception):
            raise found
        return found

    return seen


@pytest.mark.parametrize(
    ("unwatched", "watched"),
    [(RECV, RECV), ([], []), (SubmissionFault("ended"), Inconclusive("did not come to rest"))],
    ids=["the-same", "no-call-on-data", "neither-came-there"],
)
def test_nothing_is_held_against_it(unwatched: Seen, watched: Seen) -> None:
    expect_same_unwatched(look(unwatched, watched))


@pytest.mark.parametrize("watched", [[], ["recvfrom(…, …, 70, MSG_WAITALL)"], RECV * 2])
def test_another_call_is_another_behaviour(watched: list[str]) -> None:
    with pytest.raises(SubmissionFault, match="behaves differently"):
        expect_same_unwatched(look(RECV, watched))


@pytest.mark.parametrize("reason", [SubmissionFault("it ended"), Inconclusive("it ended")])
@pytest.mark.parametrize("first", [True, False])
def test_half_a_comparison_decides_nothing(reason: Exception, first: bool) -> None:  # noqa: FBT001 - a parameter
    with pytest.raises(Inconclusive, match="it ended"):
        expect_same_unwatched(look(reason, RECV) if first else look(RECV, reason))
