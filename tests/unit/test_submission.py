"""Folders and archives from a hostile hand: what is good comes through, nothing gets out, nothing grows."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import random
import socket
import stat
import struct
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.errors import BadSubmissionError
from grader.intake import MIB
from grader.submission import EmptySubmissionError, Limits, Submission, open_submission

SOURCES = {"emisor.c": b"int main(void) { }\n", "lib/red.h": b"#pragma once\n", "srv_rev_sec.py": b"#!x\n"}
REGULAR = stat.S_IFREG | 0o644


def make_zip(
    path: Path, entries: Iterable[tuple[str, bytes, int]], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """A zip of (name, content, st_mode); duplicates and any name allowed."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    """The blocks of one tar member, GNU format: a long or odd name gets an extra header."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(content)
    return info.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape") + content + bytes(-len(content) % 512)


def make_tar(path: Path, *members: bytes, end: bytes = bytes(1024)) -> Path:
    path.write_bytes(b"".join(members) + end)
    return path


def contents(submission: Submission) -> dict[str, bytes]:
    """What `copy_to` writes, read back from a fresh folder in which nothing else may appear."""
    with tempfile.TemporaryDirectory() as outer:
        inner = Path(outer, "inner")
        inner.mkdir()
        fd = os.open(inner, os.O_RDONLY | os.O_DIRECTORY)
        try:
            submission.copy_to(fd)
        finally:
            os.close(fd)
        assert list(Path(outer).iterdir()) == [inner]
        found = {}
        for path in inner.rglob("*"):
            assert not path.is_symlink()
            if not path.is_dir():
                found[path.relative_to(inner).as_posix()] = path.read_bytes()
        assert set(found) == {file.path for file in submission.files}
        return found


def opened(path: Path, limits: Limits | None = None) -> tuple[dict[str, bytes], list[str]]:
    with open_submission(path, limits) as submission:
        assert all(note.isprintable() for note in submission.notes)
        return contents(submission), submission.notes


def refused(path: Path, *words: str, limits: Limits | None = None) -> str:
    """The message: it is printable, has its three parts and the given words."""
    with pytest.raises(BadSubmissionError) as caught:
        opened(path, limits)
    message = str(caught.value)
    assert message.isprintable()
    for word in ("Expected: ", "What to do: ", *words):
        assert word in message
    return message


def write_tree(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def pack(root: Path, target: Path) -> Path:
    """`root` as the archive that the end of `target`'s name says."""
    if target.suffix == ".zip":
        return make_zip(
            target,
            [
                (str(p.relative_to(root.parent)), p.read_bytes(), p.stat().st_mode)
                for p in sorted(root.rglob("*"))
                if p.is_file()
            ],
        )
    compressions: dict[str, Callable[[bytes], bytes]] = {
        ".tar": bytes,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
    }
    compress = compressions.get(target.suffix, gzip.compress)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        archive.add(root, root.name)
    target.write_bytes(compress(plain.getvalue()))
    return target


# --- what comes through --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"])
@pytest.mark.parametrize("wrapping", ["garcía/", ""])
def test_every_form_of_a_submission_gives_the_same_files(tmp_path: Path, name: str, wrapping: str) -> None:
    root = write_tree(tmp_path / "entrega", {wrapping + k: v for k, v in SOURCES.items()})
    path = pack(root / wrapping, tmp_path / name) if name else root
    if name:
        path = path.rename(tmp_path / "told by its content")
    found, notes = opened(path)
    assert found == SOURCES
    assert notes == []


def test_files_tell_their_path_size_and_executable_bit(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    (root / "srv_rev_sec.py").chmod(0o750)
    for path in (root, pack(root, tmp_path / "x.zip"), pack(root, tmp_path / "x.tar")):
        with open_submission(path) as submission:
            assert submission.name == path.name
            assert [(f.path, f.size, f.executable) for f in submission.files] == [
                ("emisor.c", 19, False),
                ("lib/red.h", 13, False),
                ("srv_rev_sec.py", 4, True),
            ]


def test_modes_and_times_are_those_promised_whatever_the_umask(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    (root / "emisor.c").chmod(0o4600)
    (root / "srv_rev_sec.py").chmod(0o4711)
    target = tmp_path / "target"
    target.mkdir()
    fd = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    before = os.umask(0o077)
    try:
        with open_submission(root) as submission:
            submission.copy_to(fd)
    finally:
        os.umask(before)
        os.close(fd)
    modes = {p.relative_to(target).as_posix(): stat.S_IMODE(p.stat().st_mode) for p in target.rglob("*")}
    assert modes == {"emisor.c": 0o644, "lib": 0o755, "lib/red.h": 0o644, "srv_rev_sec.py": 0o755}
    times = {p.stat().st_mtime_ns for p in target.rglob("*") if p.is_file()}
    assert len(times) == 1
    assert times.pop() <= time.time_ns()


def test_a_submission_can_be_copied_twice_and_closed_twice(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    for path in (root, pack(root, tmp_path / "x.tgz")):
        submission = open_submission(path)
        assert contents(submission) == contents(submission) == SOURCES
        submission.close()
        submission.close()


def test_opening_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    empty = tmp_path / "empty"
    empty.mkdir()
    archive = pack(root, tmp_path / "x.tar.gz")
    before = sorted(Path("/proc/self/fd").iterdir())
    opened(root)
    opened(archive)
    refused(empty)
    refused(root, limits=Limits(files=1))
    refused(archive, limits=Limits(files=1))
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_what_systems_leave_behind_is_ignored_and_does_not_hide_the_wrapping_folder(tmp_path: Path) -> None:
    junk = [
        "__MACOSX/._x",
        ".git/HEAD",
        ".DS_Store",
        "p/.DS_Store",
        "p/__pycache__/a.pyc",
        "p/node_modules/m/i.js",
    ]
    junk += [".svn/x", ".hg/x", "p/.venv/bin/python", "._p", "p/._emisor.c"]
    files = {f"p/{name}": content for name, content in SOURCES.items()} | dict.fromkeys(junk, b"junk")
    root = write_tree(tmp_path / "x", files)
    for path in (root, make_zip(tmp_path / "x.zip", [(n, c, REGULAR) for n, c in files.items()])):
        assert opened(path) == (SOURCES, [])


def test_only_one_wrapping_folder_is_taken_off(tmp_path: Path) -> None:
    assert opened(write_tree(tmp_path / "x", {"a/b/emisor.c": b""}))[0] == {"b/emisor.c": b""}
    assert opened(write_tree(tmp_path / "y", {"a/e.c": b"", "Makefile": b""}))[0] == {
        "a/e.c": b"",
        "Makefile": b"",
    }
    assert opened(write_tree(tmp_path / "z", {"emisor.c": b""}))[0] == {"emisor.c": b""}


def test_object_files_are_dropped_with_a_note(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES | {"emisor.o": b"\x7fELF"})
    for path, name in ((root, "emisor.o"), (pack(root, tmp_path / "x.zip"), "x/emisor.o")):
        found, notes = opened(path)
        assert found == SOURCES
        assert notes == [f"skipped object file {name}: it is compiled again from the sources"]


def test_nested_archives_stay_files(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    inner = pack(root, tmp_path / "inner.zip").read_bytes()
    outer = make_zip(tmp_path / "o.zip", [("emisor.c", b"", REGULAR), ("inner.zip", inner, REGULAR)])
    assert opened(outer)[0]["inner.zip"] == inner


# --- names ---------------------------------------------------------------------------------------------

ESCAPES = ["/etc/passwd", "../x", "a/../../x", "a/..", "C:/x", "c:x", "a/C:x", "..\\x", "a\\b", "//x"]


@pytest.mark.parametrize("name", ESCAPES)
def test_an_archive_with_a_name_that_could_escape_is_refused_and_the_name_shown(
    tmp_path: Path, name: str
) -> None:
    refused(make_zip(tmp_path / "x.zip", [("emisor.c", b"", REGULAR), (name, b"", REGULAR)]), f"'{name}'")
    refused(make_tar(tmp_path / "x.tar", member("emisor.c"), member(name)), f"'{name}'")
    refused(make_tar(tmp_path / "i.tar", member("emisor.c"), member(f".git/{name}/../../../y")), ".git")


def test_empty_names_and_nuls_are_refused(tmp_path: Path) -> None:
    refused(make_tar(tmp_path / "x.tar", member("emisor.c"), member("")), "entry ''")
    refused(make_tar(tmp_path / "x.tar", member("emisor.c"), member("/", kind=tarfile.DIRTYPE)), "entry ''")
    refused(make_tar(tmp_path / "x.tar", member("emisor.c"), member("./.")), "entry './.'")
    path = make_zip(tmp_path / "x.zip", [("emisor.c", b"", REGULAR), ("eXmisor.c", b"", REGULAR)])
    path.write_bytes(path.read_bytes().replace(b"eXmisor", b"e\0misor"))
    refused(path, r"'e\x00misor.c'")
    with tarfile.open(tmp_path / "pax.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("emisor.c")
        info.pax_headers = {"path": "emi\0sor.c"}
        archive.addfile(info)
    refused(tmp_path / "pax.tar", r"'emi\x00sor.c'")


def test_the_name_in_a_refusal_is_escaped_and_short(tmp_path: Path) -> None:
    message = refused(
        make_zip(tmp_path / "x.zip", [("../\x1b[2J" + "a" * 5000, b"", REGULAR)]), r"../\x1b[2J"
    )
    assert len(message) < 800


HOSTILE_NAMES = ["a\nb.c", "a\x1b[31m.c", "a\x7f.c", "a\u202ec.c", "a\x9b.c", "caf\udce9.c", "a\tb/x.c"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_with_an_unprintable_name_is_skipped_with_a_note(tmp_path: Path, name: str) -> None:
    paths = [
        write_tree(tmp_path / "x", {**SOURCES, name: b"x"}),
        make_tar(tmp_path / "x.tar", member("emisor.c"), member(name, b"x"), member("Makefile")),
    ]
    if name.isascii():
        paths.append(make_zip(tmp_path / "x.zip", [("emisor.c", b"", REGULAR), (name, b"x", REGULAR)]))
    for path in paths:
        found, notes = opened(path)
        assert "emisor.c" in found
        assert all(known.isprintable() for known in found)
        assert len(notes) == 1
        assert "characters that are not printable" in notes[0]
    path = write_tree(tmp_path / "y", {"emisor.c": b"", "a\\b.c": b""})
    assert opened(path)[0] == {"emisor.c": b""}


def test_zip_names_in_utf8_are_understood_with_and_without_the_flag(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", [("práctica.c", b"", REGULAR), ("emisor.c", b"", REGULAR)])
    assert "práctica.c" in opened(path)[0]
    raw = path.read_bytes()
    # Flag 0x800 (UTF-8) stands at byte 6 of a local header and byte 8 of a central one.
    for at in (raw.index(b"PK\x03\x04") + 6, raw.index(b"PK\x01\x02") + 8):
        raw = raw[:at] + b"\0\0" + raw[at + 2 :]
    path.write_bytes(raw)
    assert "práctica.c" in opened(path)[0]


def test_of_a_name_that_comes_twice_the_last_one_counts(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        make_zip(
            tmp_path / "x.zip",
            [("a.c", b"first", REGULAR), ("b.c", b"", REGULAR), ("./a.c", b"last", REGULAR)] * 2,
        )
    make_tar(tmp_path / "x.tar", member("a.c", b"first"), member("b.c"), member("./a.c", b"last"))
    for name in ("x.zip", "x.tar"):
        found, notes = opened(tmp_path / name)
        assert found == {"a.c": b"last", "b.c": b""}
        assert "a.c is in the archive more than once: the last one counts" in notes


def test_a_name_that_is_both_file_and_folder_is_a_file(tmp_path: Path) -> None:
    for order in (1, -1):
        members = [("a/b.c", b"below", REGULAR), ("a", b"file", REGULAR), ("c.c", b"", REGULAR)][::order]
        found, notes = opened(make_zip(tmp_path / "x.zip", members))
        assert found == {"a": b"file", "c.c": b""}
        assert notes == ["skipped a/b.c: a is a file in the same archive"]


# --- links and special files ---------------------------------------------------------------------------


def test_a_folder_gives_nothing_through_links_and_special_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    write_tree(secret, {"key": b"secret"})
    root = write_tree(tmp_path / "x", SOURCES)
    (root / "link.c").symlink_to(secret / "key")
    (root / "inside.c").symlink_to("emisor.c")
    (root / "folder").symlink_to(secret)
    (root / "loop").symlink_to("loop")
    (root / "evil").symlink_to("/\x1b[2J")
    os.mkfifo(root / "fifo.c")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(root / "socket"))
    try:
        os.mknod(root / "device.c", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        (root / "device.c").symlink_to("/dev/zero")
    found, notes = opened(root)
    assert found == SOURCES
    assert f"skipped symbolic link link.c -> {secret}/key" in notes
    assert r"skipped symbolic link evil -> /\x1b[2J" in notes
    assert "skipped FIFO fifo.c" in notes
    assert "skipped socket socket" in notes
    assert len(notes) == 8


def test_an_archive_gives_nothing_through_links_and_special_files(tmp_path: Path) -> None:
    kinds = {"fifo": tarfile.FIFOTYPE, "zero": tarfile.CHRTYPE, "sda": tarfile.BLKTYPE, "odd": b"Z"}
    tar = make_tar(
        tmp_path / "x.tar",
        member("emisor.c"),
        member("link", kind=tarfile.SYMTYPE, target="/etc"),
        member("link/passwd", b"mine"),
        *(member(name, kind=kind) for name, kind in kinds.items()),
    )
    found, notes = opened(tar)
    assert found == {"emisor.c": b"", "link/passwd": b"mine"}
    assert notes == [
        "skipped symbolic link link -> /etc",
        "skipped FIFO fifo",
        "skipped device zero",
        "skipped device sda",
        "skipped special file odd",
    ]
    linked = make_zip(
        tmp_path / "x.zip", [("emisor.c", b"", REGULAR), ("l", b"/etc/passwd", stat.S_IFLNK | 0o777)]
    )
    assert opened(linked) == ({"emisor.c": b""}, ["skipped symbolic link l -> /etc/passwd"])


def test_a_hard_link_gives_an_earlier_member_of_its_archive_and_nothing_else(tmp_path: Path) -> None:
    path = make_tar(
        tmp_path / "x.tar",
        member("./a.c", b"text"),
        member("b.c", kind=tarfile.LNKTYPE, target="./a.c"),
        member("passwd", kind=tarfile.LNKTYPE, target="/etc/passwd"),
        member("later", kind=tarfile.LNKTYPE, target="z.c"),
        member("self", kind=tarfile.LNKTYPE, target="self"),
        member("z.c"),
    )
    found, notes = opened(path)
    assert found == {"a.c": b"text", "b.c": b"text", "z.c": b""}
    assert notes[0] == "skipped hard link passwd -> /etc/passwd"
    assert len(notes) == 3


def test_hard_links_count_with_their_full_size(tmp_path: Path) -> None:
    links = [member(f"{n}.c", kind=tarfile.LNKTYPE, target="a.c") for n in range(100)]
    path = make_tar(tmp_path / "x.tar", member("a.c", bytes(MIB)), *links)
    refused(path, "64 MiB together")


def test_sparse_members_are_skipped(tmp_path: Path) -> None:
    info = tarfile.TarInfo("holes")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = b"77777777777\0"  # the real size: 8 GiB of holes
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    found, notes = opened(make_tar(tmp_path / "x.tar", bytes(header), member("emisor.c")))
    assert found == {"emisor.c": b""}
    assert notes == ["skipped sparse file holes"]


def test_a_link_put_in_place_of_a_file_after_opening_is_not_followed(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    for name in ("emisor.c", "lib"):
        with open_submission(root) as submission:
            (root / name).rename(tmp_path / "moved")
            (root / name).symlink_to(tmp_path / "moved")
            with pytest.raises(BadSubmissionError, match="changed while it was being graded"):
                contents(submission)
        (root / name).unlink()
        (tmp_path / "moved").rename(root / name)


def test_a_file_that_grows_after_opening_stops_at_the_limit(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", {"emisor.c": b"short"})
    with open_submission(root, Limits(file_bytes=100)) as submission:
        (root / "emisor.c").write_bytes(bytes(101))
        with pytest.raises(BadSubmissionError, match="changed while"):
            contents(submission)


def test_copying_follows_no_link_in_the_target_and_overwrites_nothing(tmp_path: Path) -> None:
    target, outside = tmp_path / "target", tmp_path / "outside"
    with open_submission(write_tree(tmp_path / "x", SOURCES)) as submission:
        for trap in ("emisor.c", "lib"):
            target.mkdir()
            (target / trap).symlink_to(outside)
            fd = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
            with pytest.raises(FileExistsError):
                submission.copy_to(fd)
            os.close(fd)
            assert not outside.exists()
            target.rename(tmp_path / f"done {trap}")


# --- limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(files=2), "more than 2 files"),
        (Limits(entries=2), "more than 2 names"),
        (Limits(file_bytes=18), "emisor.c is larger than 18 bytes"),
        (Limits(total_bytes=35), "larger than 35 bytes together"),
        (Limits(depth=1), "nested more than 1 deep"),
        (Limits(path_bytes=8), "a path that is too long"),
    ],
)
def test_each_limit_is_held_and_named(tmp_path: Path, limits: Limits, words: str) -> None:
    root = write_tree(tmp_path, {f"x/{name}": content for name, content in SOURCES.items()}) / "x"
    files = [(name, content, REGULAR) for name, content in SOURCES.items()]
    refused(root, words, limits=limits)
    refused(make_zip(tmp_path / "x.zip", files), words, limits=limits)
    refused(make_tar(tmp_path / "x.tar", *(member(n, c) for n, c, _ in files)), words, limits=limits)


def test_exactly_the_limits_is_allowed(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", SOURCES)
    assert opened(root, Limits(36, 19, 3, 4, 2, 14))[0] == SOURCES


def test_a_component_longer_than_any_file_system_takes_is_refused(tmp_path: Path) -> None:
    refused(make_zip(tmp_path / "x.zip", [("a" * 256, b"", REGULAR)]), "a path that is too long")


def test_an_archive_larger_than_its_limit_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04")
    os.truncate(path, 200 * MIB)  # sparse
    refused(path, "The archive is larger than 128 MiB")


@pytest.mark.parametrize("compress", [gzip.compress, lambda data: lzma.compress(data, preset=0)])
def test_a_compressed_tar_bomb_stops_early(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    header = tarfile.TarInfo("bomb.c")
    header.size = 1 << 40
    block = compress(header.tobuf() + bytes(4 * MIB))
    path = tmp_path / "x.tgz"
    path.write_bytes(block + compress(bytes(4 * MIB)) * 100)
    began = time.monotonic()
    refused(path, "bomb.c is larger than 32 MiB")
    header.name = ".git/bomb"
    path.write_bytes(compress(header.tobuf()) + compress(bytes(4 * MIB)) * 100)
    refused(path, "unpacks to more than 256 MiB")
    path.write_bytes(compress(member("emisor.c")) + compress(bytes(4 * MIB)) * 100)
    refused(path, "unpacks to more than 256 MiB")
    assert time.monotonic() - began < 20


def test_a_zip_bomb_stops_early_even_when_its_sizes_lie(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", [("bomb.c", bytes(40 * MIB), REGULAR)])
    refused(path, "bomb.c is larger than 32 MiB")
    raw = path.read_bytes()
    real, lie = struct.pack("<L", 40 * MIB), struct.pack("<L", 100)
    path.write_bytes(raw.replace(real, lie))
    refused(path, "damaged")
    path = make_zip(tmp_path / "many.zip", [(f"{n}.c", bytes(8 * MIB), REGULAR) for n in range(9)])
    refused(path, "larger than 64 MiB together")


def test_overlapping_zip_entries_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", [("a.c", bytes(MIB), REGULAR)])
    raw = path.read_bytes()
    directory = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    entry = raw[directory:end]
    tail = bytearray(raw[end:])
    tail[8:16] = struct.pack("<HHL", 1000, 1000, 1000 * len(entry))
    path.write_bytes(raw[:directory] + entry * 1000 + tail)
    refused(path)  # a patched Python sees the overlap, an older one has its bytes counted


def test_a_giant_table_of_contents_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", [("a.c", b"", REGULAR)])
    raw = path.read_bytes()
    end = raw.index(b"PK\x05\x06")
    tail = bytearray(raw[end:])
    size = 20 * MIB
    tail[12:16] = struct.pack("<L", size)
    path.write_bytes(raw[:end] + bytes(size) + tail)
    refused(path, "take more than 3 MiB")


def test_endless_tar_headers_are_refused_before_they_are_in_memory(tmp_path: Path) -> None:
    def header(kind: bytes, size: int, name: str = "x") -> bytes:
        info = tarfile.TarInfo(name)
        info.type, info.size = kind, size
        return info.tobuf(tarfile.GNU_FORMAT)

    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
        path = tmp_path / "x.tgz"
        path.write_bytes(gzip.compress(header(kind, 1 << 33) + bytes(MIB)))
        refused(path, "take more than 20 MiB")
        refused(make_tar(tmp_path / "n.tar", member("emisor.c"), header(kind, -4096)), "damaged")
        path.write_bytes(gzip.compress(header(kind, 0) * 5000))
        refused(path, "damaged")
    for size in (-512, -4096):
        last = header(tarfile.REGTYPE, size, ".git/x")
        refused(make_tar(tmp_path / "n.tar", member("emisor.c"), last), "points backwards")


def test_a_huge_folder_stops_quickly(tmp_path: Path) -> None:
    for n in range(60):
        for m in range(100):
            (tmp_path / f"{n}").mkdir(exist_ok=True)
            (tmp_path / f"{n}" / f"{m}.c").touch()
    began = time.monotonic()
    refused(tmp_path, "more than 5000 files", "check the path")
    refused(Path("/"), "check the path")
    assert time.monotonic() - began < 20


def test_notes_are_bounded(tmp_path: Path) -> None:
    for n in range(300):
        (tmp_path / f"link{n}").symlink_to("/etc/passwd")
    (tmp_path / "emisor.c").touch()
    _, notes = opened(tmp_path)
    assert len(notes) == 101
    assert notes[-1] == "and 200 more remarks of this kind"


# --- what cannot be opened -----------------------------------------------------------------------------


def test_paths_that_cannot_be_a_submission(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "cannot be opened (No such file or directory)")
    refused(tmp_path / ("a" * 300), "cannot be opened")
    refused(Path(f"{tmp_path}/a\0b"), "cannot be opened")
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path / "fifo", "is a FIFO")
    refused(Path("/dev/zero"), "is a device")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop", "cannot be opened")
    write_tree(tmp_path, {"emisor.c": b"int main(void) { }" * 100, "x.rar": b"Rar!\x1a\x07\x00", "none": b""})
    for name in ("emisor.c", "x.rar", "none"):
        refused(tmp_path / name, name, "neither a folder nor a zip or tar archive")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "x", {"a.c": b"", "b.c": b""})
    (root / "b.c").chmod(0)
    assert opened(root) == ({"a.c": b""}, ["skipped b.c: Permission denied"])
    root.chmod(0)
    refused(root, "cannot be opened (Permission denied)")


def test_a_machine_without_descriptors_is_not_the_students_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with open_submission(write_tree(tmp_path, SOURCES)) as submission:
        monkeypatch.setattr("grader.submission._open_regular", exhausted)
        for attempt in (lambda: contents(submission), lambda: opened(tmp_path)):
            with pytest.raises(OSError, match="Too many open files"):
                attempt()


def test_nothing_in_it_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "x" / "sub").mkdir(parents=True)
    write_tree(tmp_path / "junk", {".DS_Store": b"", "a.o": b""})
    empty = [
        tmp_path / "x",
        tmp_path / "junk",
        make_zip(tmp_path / "x.zip", []),
        make_tar(tmp_path / "x.tar"),
        make_tar(tmp_path / "d.tar", member("sub", kind=tarfile.DIRTYPE)),
    ]
    for path in empty:
        with pytest.raises(EmptySubmissionError, match="nothing to grade"):
            open_submission(path)
    with pytest.raises(EmptySubmissionError, match=r"skipped object file a\.o"):
        open_submission(tmp_path / "junk")


def test_encrypted_and_oddly_compressed_zips_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", [("emisor.c", b"text", REGULAR)])
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    refused(path, "encrypted (entry emisor.c)", "without a password")
    for method, word in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")):
        refused(make_zip(path, [("emisor.c", b"text", REGULAR)], method), f"method {method} ({word})")
    raw[6] &= ~1
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] &= ~1
    raw[at + 10] = 99
    path.write_bytes(raw)
    refused(path, "method 99 (unknown)")


def test_zip64_lies_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", [("emisor.c", b"text" * 100, REGULAR)])
    raw = path.read_bytes()
    at = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    extra = struct.pack("<HHQQ", 1, 16, 1 << 62, 1 << 62)
    entry = bytearray(raw[at:end])
    entry[20:28] = b"\xff" * 8
    entry[30:32] = struct.pack("<H", len(extra))
    tail = bytearray(raw[end:])
    tail[12:16] = struct.pack("<L", len(entry) + len(extra))
    path.write_bytes(raw[:at] + entry + extra + tail)
    refused(path, "damaged")
    entry[30:32] = b"\x02\0"  # an extra field that is cut
    path.write_bytes(raw[:at] + entry + b"\x01\0" + tail)
    refused(path, "damaged")


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tgz", "x.tar.bz2", "x.tar.xz"])
def test_a_cut_archive_is_refused_wherever_it_was_cut(tmp_path: Path, name: str) -> None:
    noise = random.Random(1).randbytes(3000)
    path = pack(write_tree(tmp_path / "x", SOURCES | {"noise": noise}), tmp_path / name)
    raw = path.read_bytes()
    if name == "x.tar":
        raw = raw.rstrip(b"\0")
    for at in sorted({1, 3, 100, 511, 512, 1024, len(raw) // 2, len(raw) - 1}):
        path.write_bytes(raw[:at])
        refused(path)


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tgz", "x.tar.bz2", "x.tar.xz"])
def test_damage_anywhere_is_refused_or_harmless(tmp_path: Path, name: str) -> None:
    dice = random.Random(2)
    path = pack(write_tree(tmp_path / "x", SOURCES | {"noise": dice.randbytes(300)}), tmp_path / name)
    raw = path.read_bytes()
    for _ in range(300):
        broken = bytearray(raw)
        for _ in range(dice.choice((1, 1, 2, 8))):
            broken[dice.randrange(len(raw))] = dice.choice((0, 0xFF, dice.randrange(256)))
        path.write_bytes(broken)
        try:
            with open_submission(path) as submission:
                assert submission.files
        except BadSubmissionError as error:
            assert str(error).isprintable()  # noqa: PT017 - either outcome is right


def test_a_compressed_file_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "emisor.c.gz"
    path.write_bytes(gzip.compress(b"int main(void) { }"))
    refused(path, "no tar archive in it")


# --- any name at all -----------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["..", ".", "", "a", "b.c", "c:", "\\", "\n", "\x1b", "~", "a.o", ".git", "ñ", "-rf", "\u202e"]
)
NAMES = st.one_of(
    st.lists(PIECES, min_size=1, max_size=5).map("/".join),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
)


def tar_of(names: list[str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for n, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"%03d" % n))
    return packed.getvalue()


def zip_of(names: list[str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n, name in enumerate(dict.fromkeys(name.partition("\0")[0] for name in names)):
            archive.writestr(zipfile.ZipInfo(name), b"%03d" % n)
    return packed.getvalue()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from([tar_of, zip_of]))
@example(["a", "a/b.c", "a/../b.c"], tar_of)
@example(["a/b.c", "a"], zip_of)
def test_no_name_ever_escapes(tmp_path: Path, names: list[str], how: Callable[[list[str]], bytes]) -> None:
    path = tmp_path / "x"
    path.write_bytes(how(names))
    try:
        found, _ = opened(path)  # looks at everything that copying wrote, and beside it
    except BadSubmissionError:
        return
    for name, content in found.items():
        assert name.isprintable()
        assert not {"", ".", ".."} & set(name.split("/"))
        assert len(content) == 3


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.lists(st.text("abcñ .-_$'\"*", min_size=1, max_size=8), min_size=1, max_size=4)
        .filter(lambda parts: not any(p in {".", ".."} or p.startswith("._") for p in parts))
        .map("/".join),
        st.binary(max_size=200),
        min_size=1,
        max_size=6,
    ).filter(lambda files: not any(a != b and b.startswith(a + "/") for a in files for b in files)),
    st.sampled_from(["", "x.zip", "x.tar", "x.tar.gz", "x.tar.xz"]),
)
def test_what_goes_in_comes_out(files: dict[str, bytes], name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = write_tree(
            Path(directory, "x"), {f"wrap/{path}": content for path, content in files.items()} | {"top": b""}
        )
        found, notes = opened(pack(root, Path(directory, name)) if name else root)
        assert notes == []
        assert found == {f"wrap/{path}": content for path, content in files.items()} | {"top": b""}
