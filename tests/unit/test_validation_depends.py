"""An outcome is taken from before only if nothing that it depends on has changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.practical import load_practical, load_practicals
from grader.validation.catalogue import load
from grader.validation.depends import Dependencies, checks_of
from grader.validation.kept import Kept
from grader.validation.pool import Examiner
from grader.validation.subjects import Outcome, Subject, subjects
from tests.unit.made_up import CHECK_HEADER, ONE_PROGRAM, SERVER, function, row, write_files

HELPERS = "from specs.deeper import BOTTOM\nTOP = BOTTOM\n"
CHECKS = (
    CHECK_HEADER
    + "from specs.helpers import TOP\nSIZE = 3\n\ndef shared():\n    return TOP\n"
    + function("toy.works", "assert shared() or SIZE")
    + function("toy.lasts", "assert SIZE")
)
FILES: dict[str, str | bytes] = {
    "specs/__init__.py": "",
    "specs/pytest.ini": "[pytest]\n",
    "specs/conftest.py": "",
    "specs/helpers.py": HELPERS,
    "specs/deeper.py": "BOTTOM = 1\n",
    "specs/unrelated.py": "X = 1\n",
    "specs/toy/conftest.py": "from specs.toy.peer import PEER\n",
    "specs/toy/peer.py": "PEER = 1\n",
    "specs/toy/page.bin": "data",
    "specs/toy/statement.md": "Write a server.\n",
    "specs/toy/practical.toml": ONE_PROGRAM + row("toy.works") + row("toy.lasts"),
    "specs/toy/check_toy.py": CHECKS,
    "package/run.py": "x = 1\n",
    "package/deep/er.py": "y = 1\n",
    "work/toy_server.py": SERVER,
}

Keys = Callable[[], dict[str, str]]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """The keys of both checks, from the files as they are now."""
    write_files(tmp_path, FILES)

    def look(sandbox: str = "namespaces") -> dict[str, str]:
        practical = load_practical(tmp_path / "specs" / "toy" / "practical.toml")
        found = Dependencies([practical], sandbox, tmp_path / "package")
        subject = Subject("variant", "toy", "toy", str(tmp_path / "work"))
        return {check: found.key(subject, check) for check in practical.checks}

    return look


def test_without_a_change_the_keys_are_the_same(keys: Keys) -> None:
    assert keys() == keys()
    assert len(set(keys().values())) == 2


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("specs/helpers.py", "TOP = BOTTOM", "TOP = BOTTOM + 1"),
        ("specs/deeper.py", "1", "2"),
        ("specs/conftest.py", "", "import os\n"),
        ("specs/pytest.ini", "[pytest]", "[pytest]\ntimeout = 5"),
        ("specs/toy/conftest.py", "PEER", "PEER as P, PEER"),
        ("specs/toy/peer.py", "1", "2"),
        ("specs/toy/page.bin", "data", "date"),
        ("specs/toy/check_toy.py", "SIZE = 3", "SIZE = 4"),
        ("specs/toy/check_toy.py", "return TOP", "return TOP + 1"),
        ("specs/toy/practical.toml", 'arguments = "PORT"', 'arguments = "PORT SIZE"'),
        ("package/run.py", "1", "2"),
        ("package/deep/er.py", "1", "2"),
        ("work/toy_server.py", "listen()", "listen(1)"),
    ],
)
def test_what_both_checks_depend_on_changes_both(
    keys: Keys, tmp_path: Path, file: str, old: str, new: str
) -> None:
    before = keys()
    change(tmp_path / file, old, new)
    after = keys()
    assert all(after[check] != before[check] for check in before)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("specs/toy/check_toy.py", "assert shared() or SIZE", "assert shared() and SIZE"),
        ("specs/toy/practical.toml", 'id = "toy.works"', 'id = "toy.works"\npoints = 2'),
    ],
)
def test_what_one_check_depends_on_changes_that_one(
    keys: Keys, tmp_path: Path, file: str, old: str, new: str
) -> None:
    before = keys()
    change(tmp_path / file, old, new)
    after = keys()
    assert after["toy.works"] != before["toy.works"]
    assert after["toy.lasts"] == before["toy.lasts"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("specs/unrelated.py", "1", "2"),
        ("specs/toy/statement.md", "Write", "Do write"),
        ("specs/toy/check_toy.py", "SIZE = 3", "SIZE = 3  # bytes"),
    ],
)
def test_what_no_check_depends_on_changes_nothing(
    keys: Keys, tmp_path: Path, file: str, old: str, new: str
) -> None:
    before = keys()
    change(tmp_path / file, old, new)
    assert keys() == before


def test_a_file_that_joins_or_leaves_is_a_change(keys: Keys, tmp_path: Path) -> None:
    before = keys()
    (tmp_path / "work" / "helper.py").write_text("")
    joined = keys()
    assert joined != before
    (tmp_path / "work" / "helper.py").rename(tmp_path / "work" / "other.py")
    assert keys() not in (before, joined)


def test_the_sandbox_is_a_part_of_it(keys: Callable[..., dict[str, str]]) -> None:
    assert keys("docker") != keys("namespaces")


def test_a_check_that_another_calls_is_seen_by_both() -> None:
    source = CHECK_HEADER + function("toy.one") + function("toy.two", "check_one('x')")
    before, after = dict(checks_of(source)), dict(checks_of(source.replace("    pass", "    return None", 1)))
    assert before["toy.two"] != after["toy.two"]


def test_every_check_of_the_practicals_has_a_key() -> None:
    practicals = list(load_practicals().values())
    found = Dependencies(practicals, "namespaces")
    subject = next(each for each in subjects(practicals) if each.practical == "web")
    keys = [found.key(subject, check) for check in load_practicals()["web"].checks]
    assert len(set(keys)) == len(keys)


def test_a_defect_depends_on_its_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defect = load("connection")[0]
    patch = tmp_path / "a.diff"
    patch.write_bytes(defect.patch.read_bytes())
    monkeypatch.setattr(type(defect), "patch", patch)
    practical = load_practicals()["connection"]

    def key() -> str:
        return Dependencies([practical], "namespaces").key(
            Subject("defect", "x", "connection", defect=defect), "connection.usage"
        )

    before = key()
    patch.write_bytes(patch.read_bytes() + b"\n")
    assert key() != before


def test_a_variant_that_is_a_difference_depends_on_it(tmp_path: Path) -> None:
    (tmp_path / "connection").mkdir()
    difference = tmp_path / "connection" / "unusual.acepta.diff"
    difference.write_text("--- a/acepta.c\n")
    practical = load_practicals()["connection"]

    def key() -> str:
        return Dependencies([practical], "namespaces").key(
            Subject("variant", "unusual", "connection", str(difference)), "connection.usage"
        )

    before = key()
    difference.write_text("--- a/acepta.c\n\n")
    assert key() != before


# What is asked again


class Asked:
    """Stands in for grading: answers as it is told, and notes what it was asked."""

    def __init__(self, **statuses: str) -> None:
        self.statuses = statuses
        self.asked: list[tuple[str, ...]] = []

    def __call__(
        self, subject: Subject, _warm: object, *, checks: tuple[str, ...], sandbox: str | None, jobs: int
    ) -> Outcome:
        self.asked.append(checks)
        mine = {f"toy.{name}": status for name, status in self.statuses.items()}
        return Outcome(
            subject, {check: status for check, status in mine.items() if not checks or check in checks}
        )


@pytest.fixture
def validated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Outcome, int]]:
    """One validation of the made-up practical; its outcome, and how many checks it did not ask."""
    write_files(tmp_path, FILES)

    def run(grading: Asked, *, fresh: bool = False) -> tuple[Outcome, int]:
        monkeypatch.setattr("grader.validation.pool.examine", grading)
        monkeypatch.setattr("grader.validation.pool.WarmGrader", contextlib.nullcontext)
        practical = load_practical(tmp_path / "specs" / "toy" / "practical.toml")
        kept = Kept(tmp_path / "kept", Dependencies([practical], "namespaces", tmp_path / "package").key)
        examiner = Examiner([practical], kept, jobs=1, fresh=fresh)
        (found,) = examiner.examine([Subject("variant", "toy", "toy", str(tmp_path / "work"))])
        return found.outcome, found.known

    return run


def test_what_is_known_is_not_asked_again(validated: Callable[..., tuple[Outcome, int]]) -> None:
    grading = Asked(works="passed", lasts="passed")
    first, known = validated(grading)
    assert (grading.asked, known) == ([()], 0)
    second, known = validated(grading)
    assert (grading.asked, known) == ([()], 2)
    assert second.statuses == first.statuses == {"toy.works": "passed", "toy.lasts": "passed"}


def test_fresh_asks_everything(validated: Callable[..., tuple[Outcome, int]]) -> None:
    grading = Asked(works="passed", lasts="passed")
    validated(grading)
    assert validated(grading, fresh=True)[1] == 0
    assert grading.asked == [(), ()]


def test_a_changed_check_alone_is_asked_and_the_report_is_whole(
    validated: Callable[..., tuple[Outcome, int]], tmp_path: Path
) -> None:
    validated(Asked(works="passed", lasts="passed"))
    change(tmp_path / "specs/toy/check_toy.py", "assert shared() or SIZE", "assert shared() and SIZE")
    grading = Asked(works="failed", lasts="must not be asked")
    outcome, known = validated(grading)
    assert grading.asked == [("toy.works",)]
    assert (outcome.statuses, known) == ({"toy.works": "failed", "toy.lasts": "passed"}, 1)


def test_what_was_wrong_is_asked_again(validated: Callable[..., tuple[Outcome, int]]) -> None:
    grading = Asked(works="failed", lasts="passed")
    validated(grading)
    validated(grading)
    assert grading.asked == [(), ()]


def test_a_program_that_is_not_there_is_not_looked_for_again(
    validated: Callable[..., tuple[Outcome, int]],
) -> None:
    grading = Asked(works="passed")
    validated(grading)
    outcome, known = validated(grading)
    assert grading.asked == [()]
    assert (outcome.statuses, known) == ({"toy.works": "passed"}, 1)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"toy.works": 3}'])
def test_a_broken_file_is_as_none(
    validated: Callable[..., tuple[Outcome, int]], tmp_path: Path, content: bytes
) -> None:
    grading = Asked(works="passed", lasts="passed")
    validated(grading)
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(content)
    assert validated(grading)[1] == 0


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else new)
