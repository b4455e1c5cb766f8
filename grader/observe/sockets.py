"""The kernel's socket table by sock_diag (sock_diag(7), linux/inet_diag.h): every socket of the namespace.

Asking wakes nobody and takes no connection off an accept queue. A dump costs about 0.07 ms. It is not
one instant: a socket that changes state while the table is walked may be missed or seen twice.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import socket
import struct
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Literal, Self

Address = tuple[str, int]
Protocol = Literal["tcp", "udp"]

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_NLM_F_REQUEST, _NLM_F_DUMP, _NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_REQUEST = struct.Struct("=BBBxI")  # inet_diag_req_v2 up to its id: family, protocol, extensions, states
_PORTS = struct.Struct("!HH")
_SOCKID_REST = bytes(44)  # inet_diag_sockid after the ports: addresses, interface, cookie: any
_MESSAGE = struct.Struct("=BBBB4s16s16s12xIIIII")  # inet_diag_msg
_ERROR = struct.Struct("=i")

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96
_RECEIVE = 1 << 16  # the kernel sends at most 32 KiB at a time (netlink_recvmsg)
_ATTEMPTS = 64


class TcpState(enum.IntEnum):
    """As the kernel numbers them (net/tcp_states.h)."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    CLOSE = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11


@dataclasses.dataclass(frozen=True, slots=True)
class SocketEntry:
    """One socket. An IPv4-mapped IPv6 address is written as IPv4; `family` still tells AF_INET6.

    Queues of a TCP connection, in bytes (tcp_diag_get_info): received and not read; written and not
    acknowledged. A FIN counts as one more byte in either, until end of file is read or the FIN is
    acknowledged. For LISTEN: connections waiting for accept, and the backlog. For UDP: bytes of
    memory, overhead included.
    """

    protocol: Protocol
    family: int  #: AF_INET or AF_INET6
    state: TcpState  #: for UDP: ESTABLISHED when connected, else CLOSE
    local: Address
    remote: Address
    receive_queue: int
    send_queue: int
    inode: int  #: as in "socket:[inode]"; 0 while not accepted yet, and once no process holds it
    uid: int


class SocketTable:
    """Dumps of the table; open it in the network namespace that is to be observed, close it after use.

    Raises `OSError` with the kernel's errno when it refuses a dump.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def tcp(self, states: Collection[TcpState] = tuple(TcpState), port: int = 0) -> list[SocketEntry]:
        """TCP sockets in any of `states`; with `port`, those whose local port it is."""
        return self._dump(socket.IPPROTO_TCP, states, port, 0)

    def udp(self, port: int = 0) -> list[SocketEntry]:
        """Bound or connected UDP sockets; with `port`, those whose local port it is."""
        return self._dump(socket.IPPROTO_UDP, tuple(TcpState), port, 0)

    def listening(self, port: int) -> list[SocketEntry]:
        """TCP sockets in LISTEN on a port: several with SO_REUSEPORT or on different addresses."""
        return self._dump(socket.IPPROTO_TCP, (TcpState.LISTEN,), port, 0)

    def connection(self, local: Address, remote: Address) -> SocketEntry | None:
        """The TCP socket at this end of a connection, accepted or not; None when there is none."""
        states = tuple(state for state in TcpState if state is not TcpState.LISTEN)
        for entry in self._dump(socket.IPPROTO_TCP, states, local[1], remote[1]):
            if entry.local == local and entry.remote == remote:
                return entry
        return None

    def _dump(self, protocol: int, states: Collection[TcpState], sport: int, dport: int) -> list[SocketEntry]:
        mask = sum(1 << state for state in set(states))
        ports = _PORTS.pack(sport, dport)
        found = []
        for family in (socket.AF_INET, socket.AF_INET6):
            request = _REQUEST.pack(family, protocol, 0, mask) + ports + _SOCKID_REST
            found += [_entry(protocol, payload) for payload in self._ask(request)]
        return found

    def _ask(self, request: bytes) -> list[bytes]:
        for _ in range(_ATTEMPTS):
            answer = self._ask_once(request)
            if answer is not None:
                return answer
        raise InterruptedError("the kernel's socket table never stood still for one dump")

    def _ask_once(self, request: bytes) -> list[bytes] | None:
        """The payloads of one dump; None when the table changed under it (NLM_F_DUMP_INTR)."""
        self._sequence += 1
        length = _HEADER.size + len(request)
        header = _HEADER.pack(
            length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_DUMP, self._sequence & 0xFFFF_FFFF, 0
        )
        self._socket.send(header + request)
        payloads: list[bytes] = []
        interrupted = False
        while True:
            for kind, flags, sequence, payload in messages(self._socket.recv(_RECEIVE)):
                if sequence != self._sequence & 0xFFFF_FFFF:
                    continue  # left over from a dump that ended in an error
                interrupted |= bool(flags & _NLM_F_DUMP_INTR)
                if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    _raise_for(payload)
                    return None if interrupted else payloads
                payloads.append(payload)


def messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Cut one netlink read into (type, flags, sequence, payload); messages are padded to 4 bytes."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or offset + length > len(data):
            raise ValueError(f"a netlink message of {length} bytes in {len(data) - offset}")
        yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
        offset += length + 3 & ~3


def _raise_for(payload: bytes) -> None:
    """Both NLMSG_ERROR and NLMSG_DONE begin with 0 or a negative errno."""
    (number,) = _ERROR.unpack_from(payload) if len(payload) >= _ERROR.size else (0,)
    if number < 0:
        raise OSError(-number, f"sock_diag: {os.strerror(-number)}")


def _entry(protocol: int, payload: bytes) -> SocketEntry:
    family, state, _, _, ports, source, destination, _, receive, send, uid, inode = _MESSAGE.unpack_from(
        payload
    )
    sport, dport = _PORTS.unpack(ports)
    return SocketEntry(
        protocol="tcp" if protocol == socket.IPPROTO_TCP else "udp",
        family=family,
        state=TcpState(state),
        local=(_text(family, source), sport),
        remote=(_text(family, destination), dport),
        receive_queue=receive,
        send_queue=send,
        inode=inode,
        uid=uid,
    )


def _text(family: int, address: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, address[:4])
    if address.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return socket.inet_ntop(socket.AF_INET6, address)
