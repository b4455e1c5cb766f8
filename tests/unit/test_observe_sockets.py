"""The socket table against real sockets on the loopback interface, and netlink replies made up by hand."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from grader.observe import sockets
from grader.observe.sockets import SocketEntry, SocketTable, TcpState

CEILING = 30.0


def until(condition: Callable[[], object]) -> None:
    """Poll a state; the time is a ceiling that means failure."""
    deadline = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        select.select([], [], [], 0.001)


@pytest.fixture
def table() -> Iterator[SocketTable]:
    with SocketTable() as opened:
        yield opened


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def listen(stack: ExitStack, host: str = "127.0.0.1", backlog: int = 5) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = stack.enter_context(socket.socket(family))
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind((host, 0))
    listener.listen(backlog)
    return listener


def connect(stack: ExitStack, port: int, host: str = "127.0.0.1") -> socket.socket:
    return stack.enter_context(socket.create_connection((host, port), CEILING))


def test_listening_socket_shows_accept_queue_and_backlog(table: SocketTable, stack: ExitStack) -> None:
    listener = listen(stack, backlog=7)
    port = listener.getsockname()[1]
    connect(stack, port)
    connect(stack, port)
    (entry,) = table.listening(port)
    assert entry == SocketEntry(
        protocol="tcp",
        family=socket.AF_INET,
        state=TcpState.LISTEN,
        local=("127.0.0.1", port),
        remote=("0.0.0.0", 0),
        receive_queue=2,
        send_queue=7,
        inode=os.fstat(listener.fileno()).st_ino,
        uid=os.getuid(),
    )


def test_unused_port_is_not_listening(table: SocketTable, stack: ExitStack) -> None:
    port = listen(stack).getsockname()[1]
    stack.close()
    assert table.listening(port) == []


def test_full_backlog_leaves_the_next_client_in_syn_sent(table: SocketTable, stack: ExitStack) -> None:
    port = listen(stack, backlog=0).getsockname()[1]
    connect(stack, port)
    stuck = stack.enter_context(socket.socket())
    stuck.settimeout(0)
    stuck.connect_ex(("127.0.0.1", port))
    entry = table.connection(stuck.getsockname(), ("127.0.0.1", port))
    assert entry is not None
    assert entry.state is TcpState.SYN_SENT


def test_connection_is_seen_from_both_ends_before_accept(table: SocketTable, stack: ExitStack) -> None:
    listener = listen(stack)
    client = connect(stack, listener.getsockname()[1])
    client.sendall(b"hola")
    here, there = client.getsockname(), client.getpeername()
    server_end = table.connection(there, here)
    assert server_end is not None
    assert (server_end.state, server_end.receive_queue, server_end.inode) == (TcpState.ESTABLISHED, 4, 0)
    accepted = stack.enter_context(closing(listener.accept()[0]))
    server_end = table.connection(there, here)
    assert server_end is not None
    assert server_end.inode == os.fstat(accepted.fileno()).st_ino
    assert table.connection(there, ("127.0.0.9", here[1])) is None


def test_received_fin_counts_as_a_byte_until_it_is_read(table: SocketTable, stack: ExitStack) -> None:
    listener = listen(stack)
    client = connect(stack, listener.getsockname()[1])
    accepted = stack.enter_context(closing(listener.accept()[0]))
    client.shutdown(socket.SHUT_WR)

    def server_end() -> SocketEntry:
        entry = table.connection(accepted.getsockname(), accepted.getpeername())
        assert entry is not None
        return entry

    until(lambda: server_end().state is TcpState.CLOSE_WAIT)
    assert server_end().receive_queue == 1
    assert accepted.recv(1) == b""
    assert server_end().receive_queue == 0


def test_filters_by_state_and_port(table: SocketTable, stack: ExitStack) -> None:
    listener = listen(stack)
    port = listener.getsockname()[1]
    client = connect(stack, port)
    assert {entry.state for entry in table.tcp(port=port)} == {TcpState.LISTEN, TcpState.ESTABLISHED}
    (entry,) = table.tcp([TcpState.ESTABLISHED], port)
    assert entry.remote == client.getsockname()
    ours = {os.fstat(end.fileno()).st_ino for end in (listener, client)}
    assert ours <= {entry.inode for entry in table.tcp()}


def test_mapped_addresses_are_written_as_ipv4(table: SocketTable, stack: ExitStack) -> None:
    try:
        listener = listen(stack, "::")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    port = listener.getsockname()[1]
    (entry,) = table.listening(port)
    assert (entry.family, entry.local) == (socket.AF_INET6, ("::", port))
    client = connect(stack, port)
    server_end = table.connection(("127.0.0.1", port), client.getsockname())
    assert server_end is not None
    assert server_end.family == socket.AF_INET6


def test_native_ipv6_addresses(table: SocketTable, stack: ExitStack) -> None:
    try:
        listener = listen(stack, "::1")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    client = connect(stack, listener.getsockname()[1], "::1")
    entry = table.connection(client.getsockname()[:2], client.getpeername()[:2])
    assert entry is not None
    assert entry.local[0] == "::1"


def test_udp_sockets(table: SocketTable, stack: ExitStack) -> None:
    receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.bind(("127.0.0.1", 0))
    sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.connect(receiver.getsockname())
    sender.send(b"hola")
    (entry,) = table.udp(receiver.getsockname()[1])
    assert (entry.protocol, entry.state, entry.local) == ("udp", TcpState.CLOSE, receiver.getsockname())
    assert entry.receive_queue >= 4
    (entry,) = table.udp(sender.getsockname()[1])
    assert (entry.state, entry.remote) == (TcpState.ESTABLISHED, receiver.getsockname())


def test_dump_of_many_parts_is_complete(table: SocketTable, stack: ExitStack) -> None:
    """500 sockets of 72 bytes and more do not fit into one 32 KiB part."""
    listener = listen(stack, backlog=400)
    port = listener.getsockname()[1]
    for _ in range(250):
        connect(stack, port)
    found = table.tcp([TcpState.ESTABLISHED])
    clients = [entry for entry in found if entry.remote == ("127.0.0.1", port)]
    servers = [entry for entry in found if entry.local == ("127.0.0.1", port)]
    assert (len(clients), len(servers)) == (250, 250)


def part(kind: int, payload: bytes, sequence: int = 1, flags: int = 0) -> bytes:
    """One netlink message, padded."""
    message = struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0) + payload
    return message + bytes(-len(message) % 4)


class Kernel:
    """Plays the kernel's end of a netlink socket: each read gets the next reply."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = list(replies)
        self.asked: list[bytes] = []

    def send(self, request: bytes) -> None:
        self.asked.append(request)

    def recv(self, size: int) -> bytes:
        return self.replies.pop(0)

    def close(self) -> None:
        pass


def asking(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> SocketTable:
    table = SocketTable()
    table.close()
    monkeypatch.setattr(table, "_socket", kernel)
    return table


DONE, ERROR, DATA = 3, 2, 20


def test_interrupted_dump_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(
        part(DATA, b"old", 1) + part(DATA, b"old", 1, flags=0x10),
        part(DONE, bytes(4), 1),
        part(DATA, b"new", 2) + part(DONE, bytes(4), 2),
    )
    assert asking(kernel, monkeypatch)._ask(20, 0x301, b"?") == [b"new"]
    assert len(kernel.asked) == 2


def test_replies_to_an_earlier_request_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(part(DATA, b"stale", 99) + part(DATA, b"fresh", 1), part(DONE, bytes(4), 1))
    assert asking(kernel, monkeypatch)._ask(20, 0x301, b"?") == [b"fresh"]


@pytest.mark.parametrize("kind", [ERROR, DONE])
def test_refused_dump_raises_the_kernels_error(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(part(kind, struct.pack("=i", -2)))
    with pytest.raises(FileNotFoundError, match="sock_diag"):
        asking(kernel, monkeypatch)._ask(20, 0x301, b"?")


def test_dump_that_never_settles_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [part(DONE, bytes(4), number, flags=0x10) for number in range(1, 100)]
    with pytest.raises(InterruptedError):
        asking(Kernel(*replies), monkeypatch)._ask(20, 0x301, b"?")


def test_cut_message_is_refused() -> None:
    with pytest.raises(ValueError, match="netlink"):
        list(sockets.messages(part(DATA, b"whole")[:-4]))
