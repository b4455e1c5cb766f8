"""User ids for rooms: each is held by one at a time."""

from __future__ import annotations

import pytest

from grader.cells import users
from grader.cells.users import UserId
from grader.errors import CellError


def test_ids_are_not_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "FIRST", 59_000)
    monkeypatch.setattr(users, "LAST", 59_002)
    taken = [UserId() for _ in range(3)]
    assert sorted(user.number for user in taken) == [59_000, 59_001, 59_002]
    with pytest.raises(CellError, match="too many gradings"):
        UserId()
    taken[1].give_back()
    again = UserId()
    assert again.number == taken[1].number
    for user in (taken[0], taken[2], again):
        user.give_back()
