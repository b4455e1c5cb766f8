"""Each attack in each sandbox: what must happen does, and a correct submission beside it is not hurt.

`make test` runs one in three in namespaces and one in nine in containers, always the same ones and none that is over only when
a ceiling of half a minute or more is reached; `make test-hostile` leaves nothing out.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile import made
from tests.hostile.corpus import Attack, load
from tests.hostile.judge import assert_shown_safely, canary, grade, judge

EVERY = bool(os.environ.get("GRADER_TEST_EVERY_ATTACK"))
ATTACKS = load()
SANDBOXES = ("namespaces", "docker")


ONE_IN = {"namespaces": 3, "docker": 9}
SLOW = {
    "build/sleeps-in-each-try",
    "network/blind-the-sniffer",
    "resources/fork-relay",
    "resources/processor",
    "resources/sleep",
    "verdicts/hangs-in-vfork",
}


def chosen(name: str, sandbox: str) -> bool:
    return EVERY or (name not in SLOW and zlib.crc32(name.encode()) % ONE_IN[sandbox] == 0)


@pytest.mark.parametrize(
    ("attack", "sandbox"),
    [
        pytest.param(attack, sandbox, id=f"{attack}-{sandbox}", marks=pytest.mark.needs_sandbox(sandbox))
        for attack in ATTACKS
        for sandbox in SANDBOXES
        if chosen(str(attack), sandbox)
    ],
)
def test_attack(attack: Attack, sandbox: str, tmp_path: Path, record_property: Callable[..., None]) -> None:
    submission = tmp_path / "handed-in"
    submission.mkdir()
    attack.hand_in(submission)
    record_property("attack", (str(attack), sandbox, attack.must[sandbox]))
    with canary(tmp_path / "canary", sandbox) as bird:
        graded = grade(submission, tmp_path / "out", sandbox, attack.program)
    record_property("seconds", (graded.seconds, bird["seconds"]))
    judge(graded, attack.must[sandbox], attack.words)


@pytest.mark.parametrize(
    ("maker", "sandbox"),
    [
        pytest.param(
            maker, sandbox, id=f"{maker.__name__}-{sandbox}", marks=pytest.mark.needs_sandbox(sandbox)
        )
        for maker in made.MAKERS
        for sandbox in SANDBOXES
        if chosen(maker.__name__, sandbox)
    ],
)
def test_hostile_names_archives_and_output(
    maker: made.Maker, sandbox: str, tmp_path: Path, record_property: Callable[..., None]
) -> None:
    path, statuses, words = maker(tmp_path)
    record_property("attack", (f"made/{maker.__name__}", sandbox, f"end with {sorted(statuses)}"))
    with canary(tmp_path / "canary", sandbox) as bird:
        graded = grade(path, tmp_path / "out", sandbox)
    record_property("seconds", (graded.seconds, bird["seconds"]))
    assert graded.status in statuses, graded.printed
    assert words in graded.printed, graded.printed
    assert "Traceback" not in graded.printed
    assert not (tmp_path / "loaded").exists(), "a file of the submission was loaded by the grader"
    if graded.results is not None:
        assert_shown_safely(graded)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(ATTACKS) + len(made.MAKERS) >= 60
