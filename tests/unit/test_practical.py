"""practical.toml: what is right is loaded, and every mistake is told with its file and its entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.job import TIERS
from grader.practical import (
    Practical,
    load_practical,
    load_practicals,
    reference_directory,
    specs_directory,
)
from tests.unit.made_up import ONE_PROGRAM, row, write_files

PROGRAM = """
[[programs]]
name = "toy_client"
role = "client"
arguments = "HOST PORT"
summary = "connects"
slide = "Toy"
"""


def written(tmp_path: Path, toml: str) -> Path:
    return write_files(tmp_path / "toy", {"practical.toml": toml}) / "practical.toml"


def refusal(file: Path) -> str:
    """The message: it names the file."""
    with pytest.raises(UsageError) as caught:
        load_practical(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_every_practical_of_the_house_loads() -> None:
    practicals = load_practicals()
    assert "reverse" in practicals
    assert list(practicals) == sorted(file.parent.name for file in specs_directory().glob("*/practical.toml"))
    for name, practical in practicals.items():
        assert (practical.name, practical.directory) == (name, specs_directory() / name)
        assert practical.programs
        assert practical.checks
        for identifier, check in practical.checks.items():
            assert check.id == identifier
            assert check.tier in TIERS
            assert check.programs
            assert set(check.programs) <= set(practical.programs)


@pytest.mark.parametrize("practical", load_practicals().values(), ids=lambda practical: practical.name)
def test_every_program_has_its_references_template_and_statement(practical: Practical) -> None:
    root = reference_directory().parent
    for name in practical.programs:
        assert (root / "reference" / practical.name / "c" / f"{name}.c").is_file()
        assert (root / "reference" / practical.name / "python" / f"{name}.py").is_file()
        assert (root / "student_template" / practical.name / f"{name}.c").is_file()
    assert (practical.directory / "statement.md").is_file()


def test_no_practical_at_all_is_an_incomplete_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.practical.specs_directory", lambda: tmp_path)
    with pytest.raises(UsageError, match="is the installation complete") as caught:
        load_practicals.__wrapped__()
    assert str(tmp_path) in str(caught.value)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    practical = load_practical(written(tmp_path, ONE_PROGRAM + row("toy.works")))
    check = practical.checks["toy.works"]
    assert (check.points, check.slide, check.tier) == (1.0, "", "core")
    assert practical.programs["toy_server"].aliases == ("toy_srv",)
    assert (practical.name, practical.title) == ("toy", "Toy")


def test_groups_and_programs_are_expanded_in_order_and_once(tmp_path: Path) -> None:
    mixed = row("toy.works", programs='["toy_client", "everything", "toy_server"]')
    practical = load_practical(written(tmp_path, ONE_PROGRAM + PROGRAM + mixed))
    assert practical.checks["toy.works"].programs == ("toy_client", "toy_server")


def test_the_rubric_keeps_its_order(tmp_path: Path) -> None:
    ids = ["toy.zebra", "toy.ape", "toy.mouse"]
    practical = load_practical(written(tmp_path, ONE_PROGRAM + "".join(map(row, ids))))
    assert list(practical.checks) == ids


@pytest.mark.parametrize(
    ("name", "program"),
    [("toy_server", "toy_server"), ("toy_srv", "toy_server"), ("toy", None), ("TOY_SRV", None), ("", None)],
)
def test_a_program_is_found_by_its_name_and_by_its_alias(
    tmp_path: Path, name: str, program: str | None
) -> None:
    practical = load_practical(written(tmp_path, ONE_PROGRAM + row("toy.works")))
    assert practical.program_for(name) == program


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (row("toy.works") * 2, ["check 'toy.works' stands there twice", "remove one"]),
        (PROGRAM * 2 + row("toy.works"), ["program 'toy_client' stands there twice", "remove one"]),
        (row("reverse.works"), ["check 'reverse.works'", "'toy.'"]),
        (row("works"), ["check 'works'", "'toy.'"]),
        (row("toy.1"), ["check 'toy.1'", "no numbers alone"]),
        (row("toy.works-2"), ["check 'toy.works-2'", "no numbers alone"]),
        (row("toy.Works"), ["check 'toy.Works'"]),
        (row("toy.it works"), ["check 'toy.it works'", "hyphens"]),
        (row("toy.works-"), ["check 'toy.works-'"]),
        (row("toy."), ["check 'toy.'"]),
        (row("toy.works", programs='["toy_sever"]'), ["check 'toy.works'", "'toy_sever'", "nor a group"]),
        (row("toy.works", programs='["some"]'), ["check 'toy.works'", "'some'", "nor a group"]),
        (row("toy.works", points="0"), ["check 'toy.works'", "points must be above 0"]),
        (row("toy.works", points="-1"), ["check 'toy.works'", "points must be above 0"]),
        (row("toy.works", "It works"), ["check 'toy.works'", "requirement", "full stop"]),
        (row("toy.works", ""), ["check 'toy.works'", "requirement"]),
        (row("toy.works", hint='"Look at errno"'), ["check 'toy.works'", "hint", "full stop"]),
    ],
)
def test_a_mistake_is_told_with_file_entry_and_remedy(tmp_path: Path, toml: str, words: list[str]) -> None:
    message = refusal(written(tmp_path, ONE_PROGRAM + toml))
    for word in words:
        assert word in message


def test_a_group_may_not_name_what_is_no_program(tmp_path: Path) -> None:
    toml = ONE_PROGRAM.replace('everything = ["toy_server"]', 'everything = ["toy_server", "toy_gone"]')
    assert "'toy_gone'" in refusal(written(tmp_path, toml + row("toy.works")))


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (row("toy.works", tier='"extra"'), ["'extra'", "tier"]),
        (row("toy.works", colour='"red"'), ["colour", "checks"]),
        (row("toy.works", points='"two"'), ["points", "float"]),
        (PROGRAM + "colour = 1\n" + row("toy.works"), ["colour", "programs"]),
        (PROGRAM.replace('"client"', '"peer"') + row("toy.works"), ["'peer'", "role"]),
        (row("toy.works") + "[deadline]\n", ["deadline"]),
        (row("toy.works").replace("hint", "hind"), ["hin"]),
    ],
)
def test_a_wrong_key_or_value_is_told_with_file_and_kind(tmp_path: Path, toml: str, words: list[str]) -> None:
    message = refusal(written(tmp_path, ONE_PROGRAM + toml))
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "fields", [{"tier": '"extra"'}, {"colour": '"red"'}, {"points": '"two"'}], ids=["value", "key", "type"]
)
def test_a_wrong_key_or_value_names_its_entry(tmp_path: Path, fields: dict[str, str]) -> None:
    toml = ONE_PROGRAM + row("toy.fine") + row("toy.works", **fields) + row("toy.well")
    assert "checks[1]" in refusal(written(tmp_path, toml))


@pytest.mark.parametrize("missing", ["title", "summary", "id", "hint", "role"])
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    lines = (ONE_PROGRAM + row("toy.works")).splitlines(keepends=True)
    lines.remove(next(line for line in lines if line.startswith(f"{missing} =")))
    assert f"`{missing}`" in refusal(written(tmp_path, "".join(lines)))


@pytest.mark.parametrize("content", ["title = ", "[[checks]\n", "title = 'a'\ntitle = 'b'\n", "\0", "=\n"])
def test_broken_toml_is_told_with_its_file(tmp_path: Path, content: str) -> None:
    assert len(refusal(written(tmp_path, content))) > len(str(tmp_path / "toy" / "practical.toml")) + 10


def test_a_file_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    file = write_files(tmp_path / "toy", {"practical.toml": b'title = "caf\xe9"\n'}) / "practical.toml"
    refusal(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "toy" / "practical.toml")
