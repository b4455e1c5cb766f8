"""The scripted end of a TCP connection, with the other end in the test's own hands."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import cast

import pytest

from grader.cells.room import Room
from grader.errors import SubmissionFault
from grader.observe.sockets import SocketTable
from grader.peers import endpoint
from grader.peers.bind import bind
from grader.peers.listener import Listener
from grader.peers.tcp import NotClosedError, TcpPeer
from grader.watch.watch import Watch

RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def watch(stack: ExitStack) -> Watch:
    """Of a room without programs, so that every wait that is not over at once is hopeless."""
    room = cast("Room", SimpleNamespace(init_pid=os.getpid()))
    return Watch(room, stack.enter_context(SocketTable()))


@pytest.fixture
def pair(stack: ExitStack, watch: Watch) -> tuple[TcpPeer, socket.socket]:
    """(our peer, the program's end)."""
    listener = Listener(watch, 0)
    stack.callback(listener.close)
    theirs = stack.enter_context(socket.create_connection((listener.host, listener.port)))
    ours = listener.accept(TcpPeer, "srv_rev_sec")
    stack.callback(ours.close)
    return ours, theirs


def test_right_bytes_are_handed_out_in_order(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"alohodnum")
    assert ours.expect(b"aloh", "the reply").receive_exactly(5) == b"odnum"


def test_wrong_byte_is_named_with_its_place(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"alxh")
    with pytest.raises(SubmissionFault, match="the reply is wrong from byte 2 on") as caught:
        ours.expect(b"aloh", "the reply")
    assert "61 6c 78 68" in str(caught.value.actual)


def test_connection_that_ends_too_early_says_after_how_many_bytes(
    pair: tuple[TcpPeer, socket.socket],
) -> None:
    ours, theirs = pair
    theirs.sendall(b"al")
    theirs.close()
    with pytest.raises(SubmissionFault, match="srv_rev_sec closed the connection after 2 of 4 bytes"):
        ours.receive_exactly(4)


def test_who_sends_without_end_is_told_so_and_fills_no_memory(
    pair: tuple[TcpPeer, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    monkeypatch.setattr(endpoint, "_MOST", 100_000)
    theirs.settimeout(0)
    with pytest.raises(SubmissionFault, match="sends without end"):  # noqa: PT012 - until it is told
        while True:
            with contextlib.suppress(BlockingIOError):
                theirs.send(bytes(50_000))
            ours.receive_available()


def socket_of(stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.socket())


def test_a_port_that_is_taken_was_taken_by_the_program(stack: ExitStack, watch: Watch) -> None:
    squatter = socket_of(stack)
    squatter.bind(("127.0.0.1", 0))
    port = squatter.getsockname()[1]
    with pytest.raises(SubmissionFault, match=f"taken port {port}, which is not its own"):
        Listener(watch, port)
    with pytest.raises(OSError, match="assign requested address"):  # any other reason is ours
        bind(socket_of(stack), "203.0.113.1", 0)


def test_nothing_more_does_not_ask_for_a_close(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    assert ours.nothing_more()
    assert theirs.recv(1) == b""  # our side has ended


def test_nothing_more_finds_one_byte_before_and_after_a_close(
    pair: tuple[TcpPeer, socket.socket],
) -> None:
    ours, theirs = pair
    theirs.sendall(b"\0")
    with pytest.raises(SubmissionFault, match="sent more than the reply"):
        ours.nothing_more()
    theirs.sendall(b"\0")
    theirs.close()
    with pytest.raises(SubmissionFault, match="sent more than the reply"):
        ours.nothing_more()


def test_nothing_more_does_not_bear_a_reset(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    theirs.close()
    with pytest.raises(SubmissionFault, match=r"reset the connection \(RST\)"):
        ours.nothing_more()


def test_connection_that_stays_open_is_a_fault_of_its_own_kind(
    pair: tuple[TcpPeer, socket.socket],
) -> None:
    with pytest.raises(NotClosedError, match="did not close the connection"):
        pair[0].until_closed()


def test_reset_connection_can_still_be_made_a_peer(stack: ExitStack, watch: Watch) -> None:
    listener = Listener(watch, 0)
    stack.callback(listener.close)
    theirs = socket.create_connection((listener.host, listener.port))
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    theirs.close()
    ours = listener.accept(TcpPeer, "cln_rev")
    stack.callback(ours.close)
    assert ours.closed_by_program


def test_skipped_bytes_are_counted_and_those_after_them_are_left(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"xx" + b"y" * 1000 + b"the rest")
    assert ours.receive_exactly(2) == b"xx"
    assert ours.receive_available()  # some have been read from the socket already
    assert ours.skip(1000) == 1000
    assert ours.receive_exactly(8) == b"the rest"


def test_skipping_ends_with_the_connection(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"y" * 1000)
    theirs.close()
    assert ours.skip(2000) == 1000


def test_everything_until_the_end_is_counted(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"y" * 1000)
    theirs.close()
    assert ours.discard_until_end() == 1000


def test_a_reset_is_no_end(pair: tuple[TcpPeer, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"y" * 1000)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    theirs.close()
    with pytest.raises(SubmissionFault, match="srv_rev_sec reset the connection"):
        ours.discard_until_end()
