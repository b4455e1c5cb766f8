"""Which folder of a submission holds the programs of a practical."""

from __future__ import annotations

from pathlib import Path

from grader.build import folder_of

NAMES = ["receptor", "emisor"]


def test_programs_at_the_top(tmp_path: Path) -> None:
    (tmp_path / "receptor.c").touch()
    assert folder_of(tmp_path, "stream", NAMES) == ""


def test_programs_in_a_folder_of_the_practicals_name(tmp_path: Path) -> None:
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream" / "emisor.py").touch()
    assert folder_of(tmp_path, "stream", NAMES) == "stream"


def test_folder_with_a_makefile_alone(tmp_path: Path) -> None:
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream" / "Makefile").touch()
    assert folder_of(tmp_path, "stream", NAMES) == "stream"


def test_folder_with_something_else_is_not_it(tmp_path: Path) -> None:
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream" / "stream.h").touch()
    assert folder_of(tmp_path, "stream", NAMES) == ""


def test_link_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "emisor.c").touch()
    (tmp_path / "stream").symlink_to(tmp_path / "elsewhere")
    assert folder_of(tmp_path, "stream", NAMES) == ""
