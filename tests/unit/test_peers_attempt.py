"""A connect that the kernel holds while the accept queue is full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import cast

import pytest

from grader.cells.room import Room
from grader.errors import SubmissionFault
from grader.observe.sockets import SocketTable
from grader.peers.attempt import Attempt
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.watch.watch import Watch


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def watch(stack: ExitStack) -> Watch:
    room = cast("Room", SimpleNamespace(init_pid=os.getpid()))
    return Watch(room, stack.enter_context(SocketTable()))


def begin(stack: ExitStack, watch: Watch, address: tuple[str, int]) -> Attempt:
    found = Attempt(watch, address)
    stack.callback(found.close)
    return found


def test_backlog_zero_lets_one_in_and_holds_the_next_until_accept(stack: ExitStack, watch: Watch) -> None:
    listener = Listener(watch, 0, backlog=0)
    stack.callback(listener.close)
    address = listener.host, listener.port
    assert begin(stack, watch, address).is_let_in()
    held = begin(stack, watch, address)
    assert not held.is_let_in()
    stack.callback(listener.accept(TcpPeer, "conecta").close)
    held.until_connected()
    assert "held" in held.evidence()[0].text


def test_reset_connection_was_let_in_all_the_same(stack: ExitStack, watch: Watch) -> None:
    listener = Listener(watch, 0)
    stack.callback(listener.close)
    attempt = begin(stack, watch, (listener.host, listener.port))
    listener.accept(TcpPeer, "conecta").reset()
    assert attempt.is_let_in()


def test_refused_connection_is_a_fault(stack: ExitStack, watch: Watch) -> None:
    bound = Listener(watch, 0, backlog=None)
    stack.callback(bound.close)
    with pytest.raises(SubmissionFault, match="refused"):
        begin(stack, watch, (bound.host, bound.port)).is_let_in()
