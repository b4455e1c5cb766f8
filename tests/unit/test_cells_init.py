"""What a room's init says of itself, without the library's json."""

from __future__ import annotations

import json

import pytest

from grader.cells import init


def test_what_init_says_is_json() -> None:
    assert json.loads(init.json(id=7, pid=12)) == {"id": 7, "pid": 12}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spawn: no such file", "spawn: no such file"),
        ('a "quote", a \\ and a \n', "a ?quote?, a ? and a ?"),
        ("ñ \udcff \x00", "? ? ?"),
    ],
)
def test_texts_cannot_break_out_of_it(text: str, said: str) -> None:
    assert json.loads(init.json(error=text)) == {"error": said}
