"""Whatever is handed in: a clear message, the right exit status, and nothing left behind."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.end_to_end.grading import CEILING, ROOT, command, grader


def _tar(path: Path, name: str, **attributes: object) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        for key, value in attributes.items():
            setattr(member, key, value)
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    run = grader("check", tmp_path / "nothing-here")
    assert run.returncode == 4
    assert "cannot be opened" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_empty_folder_has_nothing_to_grade(tmp_path: Path) -> None:
    run = grader("check", tmp_path)
    assert run.returncode == 5
    assert "Traceback" not in run.stderr


def test_a_folder_without_any_wanted_program_names_those_that_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my notes")
    run = grader("check", tmp_path)
    assert run.returncode == 5
    assert "srv_rev_sec" in run.stderr


def test_a_broken_archive(tmp_path: Path) -> None:
    path = tmp_path / "work.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("srv_rev_sec.c", "int main(void) { return 0; }\n" * 100)
    path.write_bytes(path.read_bytes()[:-30])
    run = grader("check", path)
    assert run.returncode == 4
    assert "work.zip" in run.stderr


@pytest.mark.parametrize("name", ["../srv_rev_sec.c", "/tmp/srv_rev_sec.c", "a/../../srv_rev_sec.c"])
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    run = grader("check", _tar(tmp_path / "work.tgz", name, size=10))
    assert run.returncode == 4
    assert "work.tgz" in run.stderr
    assert not (tmp_path.parent / "srv_rev_sec.c").exists()


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("srv_rev_sec.c", "w", force_zip64=True) as member,
    ):
        for _ in range(256):
            member.write(bytes(1 << 20))
    run = grader("check", path)
    assert run.returncode == 4
    assert "bomb.zip" in run.stderr


@pytest.mark.parametrize("option", ["--practical", "--program", "--check"])
def test_an_unknown_name_says_which_there_are(tmp_path: Path, option: str) -> None:
    (tmp_path / "srv_rev_sec.c").write_text("int main(void) { return 0; }\n")
    run = grader("check", tmp_path, option, "no-such-thing")
    assert run.returncode == 4
    assert "no-such-thing" in run.stderr
    assert "there are: " in run.stderr or "grader list" in run.stderr


def test_an_unknown_option_is_a_usage_error() -> None:
    assert grader("check", "--no-such-option").returncode == 4


def test_started_inside_a_submission_nothing_of_it_is_imported(tmp_path: Path) -> None:
    for name in ("click.py", "msgspec.py", "rich.py", "selectors.py"):
        (tmp_path / name).write_text("open('loaded', 'w')\n")
    done = subprocess.run(
        command("check", "."), capture_output=True, text=True, timeout=CEILING, cwd=tmp_path, check=False
    )
    assert done.returncode == 5
    assert "no program to grade was found" in done.stderr
    assert not (tmp_path / "loaded").exists()


def test_reports_are_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("untouched")
    (tmp_path / "out" / "results.json").symlink_to(tmp_path / "secret")
    done = grader(
        "check", ROOT / "reference/datagram/c", "--check", "datagram.builds", "--out", tmp_path / "out"
    )
    assert done.returncode == 4
    assert "results.json is a symbolic link; remove it" in done.stdout + done.stderr
    assert (tmp_path / "secret").read_text() == "untouched"


def test_a_makefile_that_fails_leaves_the_other_programs_graded(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all: srv_rev_sec\nsrv_rev_sec:\n\t@echo no luck today; false\n")
    (tmp_path / "cln_rev.py").write_text("import sys\nsys.exit('usage: cln_rev HOST PORT FILE...')\n")
    run = grader("check", tmp_path, "--check", "reverse.builds", "--check", "reverse.usage")
    assert run.returncode == 1
    assert "no luck today" in run.stdout
    assert "cln_rev" in run.stdout
    assert "2 / 3" not in run.stdout.split("cln_rev")[-1], "the client passes both of its checks"


def test_options_that_exclude_each_other(tmp_path: Path) -> None:
    run = grader("check", tmp_path, "--check", "web.page", "--program", "srv_rev_sec")
    assert run.returncode == 4
    assert "grader list --checks" in run.stderr
