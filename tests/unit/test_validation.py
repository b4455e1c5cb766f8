"""A rubric and its checks are held to each other before anything of a student's is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.job import Results, Selection
from tests.unit.made_up import (
    CHECK_HEADER,
    ONE_PROGRAM,
    SERVER,
    function,
    graded,
    practical,
    row,
    write_files,
)

RUBRIC = ONE_PROGRAM + row("toy.works")
CHECKS = CHECK_HEADER + function("toy.works")


def run(root: Path, toml: str, **checks: str) -> Results:
    """Grade a submission with this rubric and these files (`check_a="..."` is check_a.py)."""
    files = {f"{name}.py": content for name, content in checks.items()}
    submission = write_files(root / "submission", {"toy_server.py": SERVER})
    return graded(practical(root, toml, files), submission, jobs=1)


def refusal(root: Path, toml: str, **checks: str) -> str:
    """The message; what is refused is refused before a sandbox is made."""

    def no_cell(*_: object) -> None:
        raise AssertionError("a cell was opened")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grader.engine.open_cell", no_cell)
        with pytest.raises(UsageError) as caught:
            run(root, toml, **checks)
    return str(caught.value)


def test_a_whole_practical_is_graded(tmp_path: Path) -> None:
    """The same files without a mistake: what the refusals below are about is the mistake alone."""
    toml = RUBRIC + row("toy.lasts", "It lasts.")
    lasts = CHECK_HEADER + function("toy.lasts", docstring="It lasts.")
    found = run(tmp_path, toml, check_a=CHECKS, check_b=lasts)
    assert [(v.id, v.status) for v in found.checks] == [("toy.works", "passed"), ("toy.lasts", "passed")]


def test_options_that_the_environment_gives_to_every_pytest_are_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    found = run(tmp_path, RUBRIC, check_a=CHECKS)
    assert [verdict.status for verdict in found.checks] == ["passed"]
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option"


def test_a_whole_practical_may_break_its_sentences_as_it_likes(tmp_path: Path) -> None:
    broken = row("toy.works").replace('"It works."', '"""It works,\n   and it lasts."""')
    toml = ONE_PROGRAM + broken
    two_lines = CHECK_HEADER + function(
        "toy.works", docstring="It works, and\n    it lasts.\n\n    For the reader of the check alone."
    )
    (found,) = run(tmp_path, toml, check_a=two_lines).checks
    assert found.status == "passed"


def test_a_whole_practical_is_not_refused_for_a_selection_that_leaves_nothing(tmp_path: Path) -> None:
    submission = write_files(tmp_path / "submission", {"toy_server.py": SERVER})
    toml = practical(tmp_path, RUBRIC, {"check_a.py": CHECKS})
    assert graded(toml, submission, selection=Selection(tiers=("robust",))).checks == []


def test_a_check_function_without_a_row_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, RUBRIC, check_a=CHECKS + function("toy.other"))
    assert "no check 'toy.other'" in message
    assert "check_a.py::check_other" in message
    assert "practical.toml" in message
    assert "add its row there or correct the id" in message


def test_a_check_of_another_practical_is_a_check_without_a_row(tmp_path: Path) -> None:
    assert "no check 'reverse.listens'" in refusal(
        tmp_path, RUBRIC, check_a=CHECKS + function("reverse.listens")
    )


@pytest.mark.parametrize(
    "code",
    ["import nothing_like_it\n", "def broken(:\n", "raise RuntimeError('nothing_like_it')\n", "1 / 0\n"],
    ids=["import", "syntax", "raises", "divides"],
)
def test_a_check_file_that_cannot_be_imported_is_refused(tmp_path: Path, code: str) -> None:
    message = refusal(tmp_path, RUBRIC, check_a=CHECKS, check_b=CHECK_HEADER + code)
    assert "cannot be loaded" in message
    assert "check_b.py" in message
    assert "check_a.py" not in message


def test_a_check_that_asks_for_no_program_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, RUBRIC, check_a=CHECKS.replace("(program_name)", "()"))
    assert "check_works" in message
    assert "program_name" in message


def test_a_broken_rubric_is_refused_when_its_practical_is_graded(tmp_path: Path) -> None:
    assert "'robst'" in refusal(tmp_path, ONE_PROGRAM + row("toy.works", tier='"robst"'), check_a=CHECKS)


def test_the_first_mistake_does_not_hide_the_second(tmp_path: Path) -> None:
    message = refusal(
        tmp_path,
        RUBRIC,
        check_a=CHECK_HEADER + function("toy.other"),
        check_b=CHECK_HEADER + "import nothing_like_it\n",
    )
    assert "toy.other" in message
    assert "nothing_like_it" in message


def test_a_row_without_a_check_function_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, RUBRIC + row("toy.lost"), check_a=CHECKS)
    assert "'toy.lost'" in message
    assert "practical.toml" in message
    assert "write it in a check_*.py beside that file, or remove the row" in message


def test_a_docstring_that_differs_from_the_requirement_is_refused(tmp_path: Path) -> None:
    checks = CHECK_HEADER + function("toy.works", docstring="It flies.")
    message = refusal(tmp_path, RUBRIC, check_a=checks)
    for words in ("check_a.py", "'toy.works'", "make them the same", "It flies.", "It works."):
        assert words in message


@pytest.mark.parametrize("docstring", ["", "it works.", "It works", "It works. Well."])
def test_a_docstring_is_the_requirement_word_for_word(tmp_path: Path, docstring: str) -> None:
    checks = CHECK_HEADER + function("toy.works", docstring=docstring)
    assert "make them the same" in refusal(tmp_path, RUBRIC, check_a=checks)


def test_a_row_without_a_check_is_refused_beside_a_file_without_checks(tmp_path: Path) -> None:
    message = refusal(tmp_path, RUBRIC + row("toy.lost"), check_a=CHECKS, check_b=CHECK_HEADER)
    assert "'toy.lost'" in message


@pytest.mark.parametrize("checks", [{}, {"check_a": CHECK_HEADER}], ids=["no file", "no function"])
def test_rows_without_any_check_function_are_refused(tmp_path: Path, checks: dict[str, str]) -> None:
    assert "'toy.works'" in refusal(tmp_path, RUBRIC, **checks)


def test_a_conftest_that_cannot_be_imported_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, RUBRIC, check_a=CHECKS, conftest="import nothing_like_it\n")
    assert "conftest.py" in message


def test_a_check_function_without_an_id_is_refused(tmp_path: Path) -> None:
    bare = '\ndef check_bare(program_name):\n    """It works."""\n'
    assert "check_bare" in refusal(tmp_path, RUBRIC, check_a=CHECKS + bare)


def test_two_check_functions_with_one_id_are_refused(tmp_path: Path) -> None:
    assert "'toy.works'" in refusal(tmp_path, RUBRIC, check_a=CHECKS, check_b=CHECKS)
