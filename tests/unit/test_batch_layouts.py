"""What platforms call the things that students hand in, and what is made of it."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.batch.handed import Found, Handed, distinct
from grader.batch.layouts import LAYOUTS, recognised
from grader.batch.plan import found_in
from grader.errors import BadSubmissionError, UsageError
from grader.submission import EmptySubmissionError

CODE = "int main(void) { return 0; }\n"


def put(place: Path, content: str = CODE, *, changed: int = 1_000_000_000) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    os.utime(place, (changed, changed))
    return place


def packed(place: Path, *names: str, changed: int = 1_000_000_000) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place, "w") as archive:
        for name in names:
            archive.writestr(name, CODE)
    os.utime(place, (changed, changed))
    return place


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def students(found: Found) -> dict[str, Handed]:
    assert len({each.student for each in found.handed}) == len(found.handed)
    return {each.student: each for each in found.handed}


def test_a_folder_or_an_archive_for_each_student(source: Path, out: Path) -> None:
    put(source / "ann" / "conecta.c")
    packed(source / "bob.zip", "conecta.c")
    packed(source / "carl" / "homework.zip", "conecta.c")
    put(source / "notes.txt")
    found = found_in(source, out, None)
    assert found.layout == "folders"
    assert {name: each.path for name, each in students(found).items()} == {
        "ann": source / "ann",
        "bob": source / "bob.zip",
        "carl": source / "carl" / "homework.zip",
    }
    assert "notes.txt" in found.notes[0]


def test_of_two_by_one_student_the_newest_counts_and_that_is_said(source: Path, out: Path) -> None:
    packed(source / "ann.zip", "conecta.c", changed=1_000_000_000)
    packed(source / "ann.tar.gz", "conecta.c", changed=1_100_000_000)
    (ann,) = found_in(source, out, None).handed
    assert ann.path == source / "ann.tar.gz"
    assert "ann.zip" in ann.notes[0]


def test_an_archive_beside_other_files_is_not_opened_and_that_is_said(source: Path, out: Path) -> None:
    put(source / "ann" / "conecta.c")
    packed(source / "ann" / "old.zip", "conecta.c")
    (ann,) = found_in(source, out, None).handed
    assert ann.path == source / "ann"
    assert "old.zip" in ann.notes[0]


def test_moodle_with_a_folder_for_each_student(source: Path, out: Path) -> None:
    packed(source / "Ana María López_123456_assignsubmission_file_" / "work.zip", "conecta.c")
    put(source / "Bob_Jr Smith_77_assignsubmission_file" / "conecta.c")
    put(source / "Bob_Jr Smith_77_assignsubmission_onlinetext" / "onlinetext.html")
    found = found_in(source, out, None)
    assert found.layout == "moodle"
    seen = students(found)
    assert seen["Ana María López"].identifier == "123456"
    assert seen["Ana María López"].path.name == "work.zip"
    assert (seen["Bob_Jr Smith"].identifier, seen["Bob_Jr Smith"].path.name) == (
        "77",
        "Bob_Jr Smith_77_assignsubmission_file",
    )
    assert "onlinetext" in found.notes[0]


def test_moodle_with_the_student_before_each_file(source: Path, out: Path) -> None:
    put(source / "Ana López_5_assignsubmission_file_conecta.c", "1")
    put(source / "Ana López_5_assignsubmission_file_acepta.c", "2")
    packed(source / "Bob_6_assignsubmission_file_all.zip", "conecta.c")
    seen = students(found_in(source, out, None))
    folder = seen["Ana López"].path
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"conecta.c": "1", "acepta.c": "2"}
    assert seen["Bob"].path == source / "Bob_6_assignsubmission_file_all.zip"


def test_canvas(source: Path, out: Path) -> None:
    put(source / "lopezana_111_222_conecta-1.c", "new")
    put(source / "lopezana_111_225_Makefile")
    put(source / "lopezana_111_226_util-1.c")
    put(source / "lopezana_111_227_util-2.c")
    packed(source / "smithbob_LATE_112_223_all.zip", "conecta.c")
    found = found_in(source, out, None)
    assert found.layout == "canvas"
    seen = students(found)
    assert {path.name for path in seen["lopezana"].path.iterdir()} == {
        "conecta.c",
        "Makefile",
        "util-1.c",
        "util-2.c",
    }
    assert (seen["lopezana"].late, seen["smithbob"].late) == (False, True)
    assert seen["smithbob"].path.name == "smithbob_LATE_112_223_all.zip"
    assert seen["smithbob"].identifier == "112"


METADATA = """---
submission_1001:
  :submitters:
  - :name: Ana López
    :sid: '111'
    :email: ana@example.com
  - :name: Bob Smith
    :email: bob@example.com
  :created_at: 2026-02-01 10:00:00.000000000 Z
  :score: 0.0
submission_1002:
  :submitters:
  - :name: Ana López
    :sid: '112'
  :created_at: 2026-02-03 10:00:00.000000000 Z
"../../etc":
  :submitters: []
submission_9: 7
"""


def test_gradescope_and_those_who_worked_together(source: Path, out: Path) -> None:
    export = source / "assignment_5_export"
    put(export / "submission_1001" / "conecta.c")
    put(export / "submission_1002" / "conecta.c")
    put(export / "submission_metadata.yml", METADATA)
    found = found_in(source, out, None)
    assert found.layout == "gradescope"
    seen = students(found)
    assert set(seen) == {"Ana López (111)", "Ana López (112)", "Bob Smith"}
    assert seen["Bob Smith"].path == seen["Ana López (111)"].path == export / "submission_1001"
    assert seen["Bob Smith"].identifier == "bob@example.com"
    assert seen["Bob Smith"].moment == datetime(2026, 2, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("content", ["[1, 2]", "{", "!!python/object/apply:os.system ['true']", "\0"])
def test_metadata_that_are_none_are_refused(source: Path, out: Path, content: str) -> None:
    put(source / "submission_metadata.yml", content)
    with pytest.raises(UsageError, match="submission_metadata"):
        found_in(source, out, None)


def test_clones_of_a_classroom(source: Path, out: Path) -> None:
    for login in ("ann", "bob-smith"):
        put(source / f"stream-lab-{login}" / "conecta.c")
        (source / f"stream-lab-{login}" / ".git").mkdir()
    found = found_in(source, out, None)
    assert found.layout == "classroom"
    assert set(students(found)) == {"ann", "bob-smith"}


def test_one_clone_is_named_after_the_folder_around_it(tmp_path: Path, out: Path) -> None:
    clone = tmp_path / "lab-submissions" / "lab-ann"
    put(clone / "conecta.c")
    (clone / ".git").mkdir()
    assert [each.student for each in found_in(clone.parent, out, None).handed] == ["ann"]


def test_a_download_as_it_comes(tmp_path: Path, out: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("conecta.c", CODE)
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        archive.writestr("Ana_1_assignsubmission_file_/work.zip", inner.getvalue())
        archive.writestr("Bob_2_assignsubmission_file_/conecta.c", CODE)
    found = found_in(tmp_path / "download.zip", out, None)
    assert (found.layout, set(students(found))) == ("moodle", {"Ana", "Bob"})
    assert students(found)["Ana"].path.read_bytes() == inner.getvalue()


@pytest.mark.parametrize(
    "name",
    ["../eve/x.c", "/eve/x.c", "eve\\x.c", "C:eve", "eve/" + "x" * 300, "eve/" * 1500 + "x.c", "eve/\x1b.c"],
)
def test_what_one_student_called_a_file_hurts_nobody_else(tmp_path: Path, out: Path, name: str) -> None:
    with tarfile.open(tmp_path / "download.tar", "w") as archive:
        for each in ("ann/conecta.c", name, "bob/conecta.c"):
            archive.addfile(tarfile.TarInfo(each))
        folder = tarfile.TarInfo("dora")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    found = found_in(tmp_path / "download.tar", out, None)
    assert {each.student for each in found.handed} - {"eve"} == {"ann", "bob", "dora"}
    assert "left out of download.tar" in found.notes[0]
    assert not (tmp_path / "eve").exists()
    found_in(tmp_path / "download.tar", out, None)  # and again, over what is there


def test_times_are_those_that_an_archive_tells(tmp_path: Path, out: Path) -> None:
    with tarfile.open(tmp_path / "download.tar", "w") as archive:
        for name, moment in (("ann.zip", 2_000_000), ("ann.tar", 1_000_000), ("bob/conecta.c", 3_000_000)):
            member = tarfile.TarInfo(name)
            member.mtime = moment
            archive.addfile(member)
    seen = students(found_in(tmp_path / "download.tar", out, None))
    assert seen["ann"].path.name == "ann.zip"
    assert seen["ann"].moment == datetime.fromtimestamp(2_000_000, UTC)
    assert seen["bob"].moment == datetime.fromtimestamp(3_000_000, UTC)


def test_a_link_is_nobodys_submission(source: Path, out: Path) -> None:
    packed(source / "bob" / "work.zip", "conecta.c")
    (source / "ann").mkdir()
    (source / "ann" / "work.zip").symlink_to("../bob/work.zip")
    (source / "carl.zip").symlink_to("bob/work.zip")
    found = found_in(source, out, None)
    seen = students(found)
    assert set(seen) == {"ann", "bob"}
    assert seen["ann"].path == source / "ann"
    assert "carl.zip" in found.notes[0]


def test_moodles_participants_are_not_mixed_up(source: Path, out: Path) -> None:
    put(source / "Ana_7_assignsubmission_file_x_5_assignsubmission_file_" / "conecta.c")
    put(source / "Bob_7_assignsubmission_file_" / "conecta.c")
    seen = students(found_in(source, out, None))
    assert {each.identifier for each in seen.values()} == {"5", "7"}
    assert seen["Bob"].identifier == "7"
    put(source / "Carl_7_assignsubmission_file_" / "conecta.c")
    with pytest.raises(UsageError, match="participant 7 is there more than once"):
        found_in(source, out, None)


def test_what_a_download_cannot_bring_is_said(tmp_path: Path, out: Path) -> None:
    with tarfile.open(tmp_path / "download.tar", "w") as archive:
        link = tarfile.TarInfo("ann/passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        twice = [tarfile.TarInfo("ann/conecta.c") for _ in range(2)]
        for member in twice:
            member.size = 1
            archive.addfile(member, io.BytesIO(b"1"))
    found = found_in(tmp_path / "download.tar", out, None)
    (ann,) = found.handed
    assert [path.name for path in ann.path.iterdir()] == ["conecta.c"]
    assert "ann/passwd" in found.notes[0]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_source_without_submissions_is_said(source: Path, out: Path, name: str) -> None:
    put(source / "readme.txt")
    if name == "gradescope":
        put(source / "submission_metadata.yml", "{}")
    with pytest.raises(EmptySubmissionError, match=name):
        found_in(source, out, name)


def test_a_source_that_is_no_archive_is_said(tmp_path: Path, out: Path) -> None:
    put(tmp_path / "grades.csv")
    with pytest.raises(BadSubmissionError, match=r"grades\.csv"):
        found_in(tmp_path / "grades.csv", out, None)


def test_a_class_of_one_is_no_wrapping(source: Path) -> None:
    put(source / "ann" / "conecta.c")
    assert recognised(source) == ("folders", source)


def test_namesakes_are_told_apart() -> None:
    place = Path("x")
    handed = [
        Handed("Ann", place, "1"),
        Handed("Ann", place, "2"),
        Handed("Ann", place),
        Handed("Ann (2)", place),
    ]
    names = [each.student for each in distinct(handed)]
    assert len(set(names)) == 4
    assert names[0] == "Ann (1)"


def test_hostile_names_are_shown_harmlessly(source: Path, out: Path) -> None:
    put(source / "a\x1b[2Jb\n" / "conecta.c")
    put(source / os.fsdecode(b"\xff\xfe") / "conecta.c")
    put(source / ("x" * 250) / "conecta.c")
    names = [each.student for each in found_in(source, out, None).handed]
    assert all(name.isprintable() and len(name) <= 120 for name in names)
    assert len(set(names)) == 3
