"""The kernel's socket table by sock_diag (sock_diag(7), linux/inet_diag.h): every socket of the namespace.

Asking wakes nobody and takes no connection off an accept queue. A dump of connections walks the hash
table of the whole machine, every namespace's: some 0.2 ms; of listeners or UDP, 0.03 ms. It is not one
instant: a socket that changes state while the table is walked may be missed or seen twice.
"""

from __future__ import annotations

import dataclasses
import enum
import errno
import os
import socket
import struct
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Literal, Self

from grader.errors import CellError

Address = tuple[str, int]
Protocol = Literal["tcp", "udp"]

_NETLINK_SOCK_DIAG, _TCPDIAG_GETSOCK, _SOCK_DIAG_BY_FAMILY = 4, 18, 20
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_DUMP, _NLM_F_DUMP_INTR = 0x1, 0x4, 0x300, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_REQUEST = struct.Struct("=BBBxI")  # inet_diag_req_v2 up to its id: family, protocol, extensions, states
_OLD_REQUEST = struct.Struct("=4x48sII")  # inet_diag_req: its one walk tells of both families
_SOCKID = struct.Struct("!HH16s16sIQ")  # inet_diag_sockid: ports, addresses, interface, cookie
_ANY, _NO_COOKIE = bytes(16), 0xFFFF_FFFF_FFFF_FFFF
_PORTS = struct.Struct("!HH")
_MESSAGE = struct.Struct("=BBBB4s16s16s12xIIIII")  # inet_diag_msg
_ERROR = struct.Struct("=i")
_NO_HANDLER = (
    errno.ENOENT,
    errno.EOPNOTSUPP,
)  # of the protocol (inet_diag_lock_handler), of any (sock_diag_rcv_msg)

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

    Raises `CellError` when the kernel lacks the module that tells (tcp_diag, udp_diag), else `OSError` with its errno.
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
        return self._dump(socket.IPPROTO_TCP, states, port)

    def udp(self, port: int = 0) -> list[SocketEntry]:
        """Bound or connected UDP sockets; with `port`, those whose local port it is."""
        return self._dump(socket.IPPROTO_UDP, tuple(TcpState), port)

    def listening(self, port: int) -> list[SocketEntry]:
        """TCP sockets in LISTEN on a port: several with SO_REUSEPORT or on different addresses."""
        return self._dump(socket.IPPROTO_TCP, (TcpState.LISTEN,), port)

    def connection(self, local: Address, remote: Address) -> SocketEntry | None:
        """The TCP socket at this end of a connection, accepted or not; None when there is none.

        Looked up by its addresses, without a walk. It may also be an AF_INET6 socket, for mapped addresses.
        """
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        ends = [socket.inet_pton(family, host).ljust(16, b"\0") for host, _ in (local, remote)]
        request = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0)
        request += _SOCKID.pack(local[1], remote[1], *ends, 0, _NO_COOKIE)
        try:
            payloads = self._ask(_SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_ACK, request)
        except FileNotFoundError:
            return None
        found = (_entry(socket.IPPROTO_TCP, payload) for payload in payloads)
        # Where no connection is found, the kernel offers the port's listener.
        return next((entry for entry in found if (entry.local, entry.remote) == (local, remote)), None)

    def _dump(self, protocol: int, states: Collection[TcpState], port: int) -> list[SocketEntry]:
        mask = sum(1 << state for state in set(states))
        ends = _SOCKID.pack(port, 0, _ANY, _ANY, 0, 0)
        if protocol == socket.IPPROTO_TCP:
            requests = [(_TCPDIAG_GETSOCK, _OLD_REQUEST.pack(ends, mask, 0))]
        else:
            families = socket.AF_INET, socket.AF_INET6
            requests = [
                (_SOCK_DIAG_BY_FAMILY, _REQUEST.pack(family, protocol, 0, mask) + ends) for family in families
            ]
        flags = _NLM_F_REQUEST | _NLM_F_DUMP
        try:
            answers = [answer for kind, body in requests for answer in self._ask(kind, flags, body)]
        except OSError as error:
            if error.errno not in _NO_HANDLER:
                raise
            raise CellError(
                "the kernel does not tell of its sockets (sock_diag); `modprobe -a tcp_diag udp_diag` as root mends it"
                " where the kernel has these modules"
            ) from error
        return [_entry(protocol, answer) for answer in answers]

    def _ask(self, kind: int, flags: int, request: bytes) -> list[bytes]:
        for _ in range(_ATTEMPTS):
            answer = self._ask_once(kind, flags, request)
            if answer is not None:
                return answer
        raise InterruptedError("the kernel's socket table never stood still for one dump")

    def _ask_once(self, kind: int, flags: int, request: bytes) -> list[bytes] | None:
        """The payloads of one answer; None when the table changed under a dump (NLM_F_DUMP_INTR)."""
        self._sequence += 1
        length = _HEADER.size + len(request)
        header = _HEADER.pack(length, kind, flags, self._sequence & 0xFFFF_FFFF, 0)
        self._socket.send(header + request)
        payloads: list[bytes] = []
        interrupted = False
        while True:
            for answer, marks, sequence, payload in messages(self._socket.recv(_RECEIVE)):
                if sequence != self._sequence & 0xFFFF_FFFF:
                    continue  # left over from a dump that ended in an error
                interrupted |= bool(marks & _NLM_F_DUMP_INTR)
                if answer in (_NLMSG_ERROR, _NLMSG_DONE):
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
