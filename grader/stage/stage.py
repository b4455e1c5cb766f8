"""What one check has set up so far: told as evidence when it fails, and gone after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from grader.build import Built
from grader.cells.room import Room
from grader.job import Attachment, Evidence
from grader.observe.sockets import SocketTable
from grader.peers.tcp import TcpPeer
from grader.watch.spinning import Spinning
from grader.watch.watch import Watch

P = TypeVar("P", bound=TcpPeer)
K = TypeVar("K", bound="Record")

_PEERS_SHOWN = 3


class Record(Protocol):
    """Something that goes on beside a check and can tell afterwards what it saw: a peer, a capture."""

    def evidence(self) -> list[Evidence]: ...

    def attachments(self) -> list[Attachment]: ...

    def close(self) -> None: ...


class Stage:
    """The room and its sockets, and whatever of the check's own must be closed."""

    def __init__(self, room: Room, built: Built, program: str, spinning: Spinning | None = None) -> None:
        self.program = program
        self.built = built
        self.room = room
        self.sockets = SocketTable()
        self.watch = Watch(room, self.sockets, spinning)
        self._peers: list[TcpPeer] = []
        self._records: list[Record] = []
        self.closers: list[Callable[[], None]] = []
        self.remarks: list[Evidence] = []  #: what is to be known of a check that passed

    def adopt(self, peer: P) -> P:
        """Remember a peer: its story is evidence, and it is closed after the check."""
        self._peers.append(peer)
        return peer

    def keep(self, record: K) -> K:
        """Remember a record: what it saw is evidence, and it is closed after the check."""
        self._records.append(record)
        return record

    def remark(self, text: str) -> None:
        """Say something about a check that passes: `--verbose` shows it."""
        self.remarks.append(Evidence("remark", text))

    def evidence(self) -> list[Evidence]:
        found = [item for program in self.watch.programs for item in program.evidence()]
        for peer in self._peers[-_PEERS_SHOWN:]:
            found.extend(peer.evidence())
        for record in self._records:
            found.extend(record.evidence())
        return found

    def attachments(self) -> list[Attachment]:
        """Files that belong to the evidence."""
        return [item for record in self._records for item in record.attachments()]

    def close(self) -> None:
        """End every program and peer, and leave nothing of what they wrote."""
        for peer in self._peers:
            peer.close()
        for closer in self.closers:
            closer()
        for record in self._records:
            record.close()
        self.room.kill_all()
        for program in self.watch.programs:
            program.close()
        self.sockets.close()
        self.room.make_folders_new()
