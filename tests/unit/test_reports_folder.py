"""Reports are written into the folder that was named, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.reports import folder


def names(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def test_a_report_is_written_and_written_again(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        folder.make(tmp_path / "a" / "out")
        folder.write(tmp_path / "a" / "out" / "results.json", content)
        assert (tmp_path / "a" / "out" / "results.json").read_bytes() == content
    assert names(tmp_path / "a" / "out") == ["results.json"]


def test_a_report_is_as_readable_as_any_file_of_its_user(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    folder.write(tmp_path / "report", b"")
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_who_may_read_a_report_stays_as_it_was(tmp_path: Path) -> None:
    folder.write(tmp_path / "report", b"first")
    (tmp_path / "report").chmod(0o600)
    folder.write(tmp_path / "report", b"second")
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["report"]


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
def test_what_is_no_file_is_refused_and_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    secret, target = tmp_path / "secret", tmp_path / "out" / "results.json"
    (tmp_path / "out").mkdir()
    secret.write_bytes(b"untouched")
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(secret if kind == "link" else tmp_path / "nowhere")
    words = "symbolic link" if "link" in kind else "no regular file"
    with pytest.raises(UsageError, match=f"results.json is (a )?{words}; remove it"):
        folder.write(target, b"new")
    assert secret.read_bytes() == b"untouched"
    assert not (tmp_path / "nowhere").exists()
    assert names(tmp_path / "out") == ["results.json"]


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="out is a symbolic link"):
        folder.make(tmp_path / "out")
    with pytest.raises(UsageError, match="out is a symbolic link"):
        folder.write(tmp_path / "out" / "results.json", b"new")
    assert names(tmp_path / "elsewhere") == []


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises((UsageError, FileExistsError)):
        folder.make(tmp_path / "out")
