"""A container's standard streams as the engine frames them, carried to an ordinary connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from grader.cells.attach import Streams

CEILING = 60.0


def frame(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", stream, len(data)) + data


def message(data: bytes) -> bytes:
    """As `Connection.send_bytes` writes it."""
    return len(data).to_bytes(4, "big") + data


@contextlib.contextmanager
def carried(*, linger: bool = False) -> Iterator[tuple[Streams, socket.socket]]:
    """Streams to a container, and the engine's end of its attach call."""
    streams = Streams(linger=linger)
    container, engine = socket.socketpair()
    engine.settimeout(CEILING)
    streams.carry(container)
    try:
        yield streams, engine
    finally:
        streams.hang_up()
        streams.connection.close()
        engine.close()


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_frames_arrive_however_they_are_cut(size: int) -> None:
    wire = message(b"first") + message(bytes(5000))
    frames = frame(1, wire[:7]) + frame(2, b"a warning\n") + frame(1, wire[7:])
    with carried() as (streams, engine):
        for start in range(0, len(frames), size):
            engine.sendall(frames[start : start + size])
        assert streams.connection.recv_bytes() == b"first"
        assert streams.connection.recv_bytes() == bytes(5000)
        assert streams.words == "a warning"


def test_what_the_parent_says_goes_to_standard_input() -> None:
    with carried() as (streams, engine):
        streams.connection.send_bytes(b"order")
        assert engine.recv(9, socket.MSG_WAITALL) == message(b"order")


def test_of_standard_error_the_end_is_kept() -> None:
    with carried() as (streams, engine):
        engine.sendall(frame(2, b"x" * 100_000 + b"\nthe reason") + frame(1, message(b"done")))
        assert streams.connection.recv_bytes() == b"done"
        assert streams.words.endswith("the reason")
        assert len(streams.words) <= 8192


def test_the_container_s_end_is_the_end_of_the_connection() -> None:
    with carried() as (streams, engine):
        engine.close()
        with pytest.raises(EOFError):
            streams.connection.recv_bytes()


def test_the_parent_s_end_is_the_container_s() -> None:
    with carried() as (streams, engine):
        streams.connection.close()
        assert engine.recv(1) == b""


def test_a_container_that_lingers_ends_when_it_is_hung_up_on() -> None:
    with carried(linger=True) as (streams, engine):
        streams.connection.close()
        engine.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            engine.recv(1)
        engine.settimeout(CEILING)
        streams.hang_up()
        assert engine.recv(1) == b""


def test_streams_that_no_container_came_for_end_too() -> None:
    streams = Streams()
    ended = threading.Event()

    def read() -> None:
        with contextlib.suppress(EOFError):
            streams.connection.recv_bytes()
        ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    streams.hang_up()
    assert ended.wait(CEILING)
    reader.join()
    streams.connection.close()
