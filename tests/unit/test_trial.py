"""What `grader doctor` finds out in a cell: that checks can see there what they look at."""

from __future__ import annotations

import socket

import msgspec
import pytest

from grader.cells.base import NoFiles
from grader.cells.namespaces import NamespaceCell
from grader.errors import CellError
from grader.observe.sockets import SocketTable
from grader.trial import Finding, trial_body
from tests.unit.rooms import CEILING

UNKNOWN = 253  #: a protocol for experiments (RFC 3692), of which no kernel has a module


def findings() -> dict[str, Finding]:
    cell = NamespaceCell(NoFiles(), {"trial": trial_body}, None)
    try:
        with cell.start_worker("trial").connection as connection:
            assert connection.poll(CEILING)
            found = msgspec.json.decode(connection.recv_bytes(), type=list[Finding])
    finally:
        cell.close()
    return {each.what: each for each in found}


def test_a_machine_that_can_grade_passes_each_trial() -> None:
    found = findings()
    assert set(found) == {"sandbox", "trace", "gate", "sockets", "build"}
    assert all(each.ok for each in found.values()), found


def test_a_kernel_that_does_not_tell_of_sockets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "IPPROTO_UDP", UNKNOWN)  # as where the kernel has no udp_diag
    found = findings()
    assert not found["sockets"].ok
    assert "modprobe -a tcp_diag udp_diag" in found["sockets"].detail
    assert found["build"].ok


def test_a_protocol_without_its_module_is_no_error_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "IPPROTO_UDP", UNKNOWN)
    with SocketTable() as table:
        table.tcp()
        with pytest.raises(CellError, match="does not tell of its sockets"):
            table.udp()
