"""TCP as segments: what counts as new data, what as a repetition, and who ended the connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.wire.ladder import draw
from grader.wire.segments import Conversation, Coverage, Segment, conversations

CLIENT, SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 20001)
START = 1000  #: sequence number of the client's SYN


def segment(
    data: bytes = b"",
    *,
    seq: int = START + 1,
    flags: str = "PA",
    source: tuple[str, int] = CLIENT,
    length: int | None = None,
) -> Segment:
    target = SERVER if source == CLIENT else CLIENT
    return Segment(0.0, source, target, flags, seq, 0, 512, len(data) if length is None else length, data)


SYN = segment(seq=START, flags="S")
ANSWER = segment(seq=7, flags="SA", source=SERVER)


def talk(*segments: Segment) -> Conversation:
    return Conversation(CLIENT, SERVER, [SYN, ANSWER, *segments])


def test_each_segment_with_data_counts_once() -> None:
    spoken = talk(segment(b"hola"), segment(b"mundo", seq=START + 5))
    assert spoken.data_segments(CLIENT) == [b"hola", b"mundo"]
    assert spoken.stream(CLIENT) == b"holamundo"
    assert spoken.data_segments(SERVER) == []


def test_retransmission_is_no_new_segment() -> None:
    spoken = talk(segment(b"hola"), segment(b"hola"), segment(b"mundo", seq=START + 5))
    assert spoken.data_segments(CLIENT) == [b"hola", b"mundo"]
    assert spoken.retransmissions(CLIENT) == 1


def test_segment_that_repeats_and_goes_on_counts_with_what_is_new() -> None:
    spoken = talk(segment(b"hola"), segment(b"holamundo"))
    assert spoken.data_segments(CLIENT) == [b"hola", b"mundo"]
    assert spoken.retransmissions(CLIENT) == 0


def test_segments_that_passed_each_other_are_put_in_order() -> None:
    spoken = talk(segment(b"mundo", seq=START + 5), segment(b"hola"), segment(b"!", seq=START + 10))
    assert spoken.data_segments(CLIENT) == [b"hola", b"mundo", b"!"]
    assert spoken.stream(CLIENT) == b"holamundo!"
    assert spoken.retransmissions(CLIENT) == 0


def test_what_fills_gaps_and_repeats_around_them_counts_with_the_gaps_alone() -> None:
    spoken = talk(segment(b"b", seq=START + 2), segment(b"d", seq=START + 4), segment(b"abcde"))
    assert spoken.data_segments(CLIENT) == [b"a", b"b", b"c", b"d", b"e"]
    assert spoken.retransmissions(CLIENT) == 0


@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 12)), max_size=30))
def test_coverage_tells_what_a_set_of_bytes_would(pieces: list[tuple[int, int]]) -> None:
    covered, known = Coverage(), set(range(-5, 0))
    for begin, length in pieces:
        new = covered.add(begin, begin + length)
        told = [offset for start, stop in new for offset in range(start, stop)]
        assert told == sorted(set(range(begin, begin + length)) - known)
        known.update(told)
        assert covered.end == max(known) + 1


def test_sequence_numbers_begin_again_at_zero() -> None:
    start = 2**32 - 3
    spoken = Conversation(
        CLIENT,
        SERVER,
        [segment(seq=start, flags="S"), segment(b"abcd", seq=start + 1), segment(b"ef", seq=2)],
    )
    assert spoken.stream(CLIENT) == b"abcdef"


def test_lengths_are_right_where_only_the_beginning_was_kept() -> None:
    spoken = talk(segment(b"head", length=1448), segment(b"more", seq=START + 1449, length=100))
    assert spoken.data_lengths(CLIENT) == [1448, 100]
    assert spoken.mss(CLIENT) == 1448


@pytest.mark.parametrize(
    ("last", "first_to_close", "client_ends"),
    [
        ((segment(flags="FA"), segment(flags="FA", source=SERVER)), CLIENT, "FIN"),
        ((segment(flags="FA", source=SERVER),), SERVER, None),
        ((segment(flags="RA"),), CLIENT, "RST"),
        ((segment(flags="FA"), segment(flags="R")), CLIENT, "RST"),
        ((), None, None),
    ],
)
def test_who_closed_first_and_how(
    last: tuple[Segment, ...], first_to_close: tuple[str, int] | None, client_ends: str | None
) -> None:
    assert talk(*last).closed_first() == first_to_close
    assert talk(*last).ended_by(CLIENT) == client_ends


def test_connections_are_told_apart_by_their_ends() -> None:
    other = ("127.0.0.1", 40002)
    found = conversations(
        [
            SYN,
            segment(seq=5, flags="S", source=other),
            ANSWER,
            segment(b"x"),
            segment(b"y", seq=6, source=other),
        ]
    )
    assert [spoken.client for spoken in found] == [CLIENT, other]
    assert [spoken.stream(spoken.client) for spoken in found] == [b"x", b"y"]


def test_ladder_shows_every_segment_and_no_control_character() -> None:
    lines = draw(talk(segment(b"\x1b[2J"), segment(b"hola", seq=START + 5))).splitlines()
    assert len(lines) == 5
    assert "SYN" in lines[1]
    assert "<-" in lines[2]
    assert "1b 5b 32 4a" in lines[3]
    assert '"hola"' in lines[4]


def test_long_ladder_leaves_out_its_middle() -> None:
    many = [segment(b"x", seq=START + 1 + number) for number in range(500)]
    drawn = draw(talk(*many))
    assert "more segments" in drawn
    assert len(drawn.splitlines()) < 60
