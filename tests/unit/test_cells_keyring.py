"""The keys of the user's session are not a worker's, nor a room's."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import pytest

from grader.cells.room import Room
from tests.unit.made_up import write_files
from tests.unit.rooms import in_worker

_NUMBER = {"x86_64": 250, "aarch64": 219}.get(platform.machine(), -1)
_GET_KEYRING_ID, _SESSION = 0, -3


def session_keyring() -> int:
    """The serial number of this process's session keyring, negative where the kernel has no keys."""
    return int(ctypes.CDLL(None, use_errno=True).syscall(_NUMBER, _GET_KEYRING_ID, _SESSION, 0))


def test_a_worker_has_a_session_keyring_of_its_own(tmp_path: Path) -> None:
    ours = session_keyring()
    if ours < 0:
        pytest.skip("this kernel has no keys, or this user has too many")

    def act(_room: Room) -> int:
        return session_keyring()

    theirs = in_worker(write_files(tmp_path / "submission", {"toy.py": "print()\n"}), act)
    assert theirs > 0
    assert theirs != ours
