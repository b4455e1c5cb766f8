"""Reads zip and tar archives that may be hostile: a stream of names, kinds and bytes, nothing else.

Nothing is unpacked to disk. Python's own modules parse the formats, but they trust lengths: zipfile reads a
whole central directory at once, tarfile a whole pax header, and both follow offsets wherever they point. So
they read through sources that refuse large steps and steps backwards. Which names are acceptable is
decided in `grader.intake`.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO, BinaryIO

from grader.errors import BadSubmissionError
from grader.intake import MIB, Limits, human, kind_of, refusal, shown

CHUNK = 1 << 16
_BLOCK = tarfile.BLOCKSIZE
_COMPRESSED: dict[bytes, Callable[[BinaryIO], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    b"\x1f\x8b": lambda archive: gzip.GzipFile(fileobj=archive),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_LINK_TARGET_BYTES = 4096  # PATH_MAX: no kernel would follow a longer one


@dataclass(frozen=True)
class Member:
    """One entry. Read `chunks` before the next member is asked for: a tar only moves forward."""

    name: str  #: as the archive has it; hostile
    kind: str  #: "file", "folder", "hard link", or a kind that is never accepted, in words
    executable: bool
    target: str  #: of a link; hostile
    chunks: Callable[[], Iterator[bytes]]
    changed: float | None = None  #: seconds since 1970 where it is told (a zip tells local time); hostile


def members(archive: BinaryIO, limits: Limits) -> Iterator[Member]:
    """Every entry of a seekable `archive`, whose format is told from its first bytes.

    Raises BadSubmissionError for what is no archive, is damaged, encrypted or compressed in a way that cannot
    be bounded, or unpacks to more than `limits` allow; `Member.chunks` raises it too.
    """
    head = archive.read(_BLOCK)
    archive.seek(0)
    with _damage_refused():
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zip_members(archive, limits)
        elif opener := next((how for magic, how in _COMPRESSED.items() if head.startswith(magic)), None):
            with opener(archive) as unpacked:
                yield from _tar_members(unpacked.read, limits)
        elif _begins_a_tar(head):
            yield from _tar_members(archive.read, limits)
        else:
            raise refusal(
                "It is neither a folder nor a zip or tar archive",
                "the folder with the sources, or a .zip, .tar, .tar.gz, .tgz, .tar.bz2 or .tar.xz of it",
                "give the folder itself, or pack it as .zip",
            )


@contextmanager
def _damage_refused() -> Iterator[None]:
    """Hostile bytes make the parsers raise a dozen types; all of them mean a bad archive.

    RuntimeError covers RecursionError (chained tar headers); MemoryError is what an xz header that asks for a
    dictionary of 4 GiB may give.
    """
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        OSError,
        ValueError,
        LookupError,
        ArithmeticError,
        RuntimeError,
        MemoryError,
    ) as error:
        raise _damaged(str(error) or type(error).__name__) from error


def _damaged(why: str) -> BadSubmissionError:
    return refusal(
        f"The archive is damaged or cut short ({shown(why)})",
        "a complete archive",
        "pack the folder again, and try it with `unzip -t` or `tar tf` before handing it in",
    )


def _too_many_names(longest: int) -> BadSubmissionError:
    return refusal(
        f"The names in the archive and what is told about them take more than {human(longest)}",
        "a small folder of sources",
        "remove what is not part of the practical, then pack the folder again",
    )


def _read_in_chunks(stream: IO[bytes], size: int) -> Iterator[bytes]:
    with _damage_refused(), stream:
        came = 0
        while chunk := stream.read(CHUNK):
            came += len(chunk)
            yield chunk
        if came != size:
            raise _damaged(f"a file of {came} bytes that was announced with {size}")


# --- zip -----------------------------------------------------------------------------------------------


class _ZipSource:
    """Refuses the one read of zipfile that is as long as the archive says: the central directory."""

    def __init__(self, archive: BinaryIO, limits: Limits) -> None:
        self.seek = archive.seek
        self.tell = archive.tell
        self.seekable = archive.seekable
        self._read = archive.read
        self._longest = max(CHUNK * 2, limits.entries * 160)

    def read(self, size: int = -1) -> bytes:
        data = self._read(min(size, self._longest + 1) if size >= 0 else self._longest + 1)
        if len(data) > self._longest:
            raise _too_many_names(self._longest)
        return data


def _zip_members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    source = _ZipSource(file, limits)
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            name = _zip_name(info)
            _refuse_unreadable_method(info, name)
            mode = info.external_attr >> 16
            kind = "folder" if name.endswith("/") else kind_of(mode)
            target = ""
            if kind == "symbolic link":
                with archive.open(info) as stream:
                    target = stream.read(_LINK_TARGET_BYTES).decode("utf-8", "surrogateescape")
            yield Member(
                name, kind, bool(mode & 0o111), target, partial(_zip_chunks, archive, info), _zip_time(info)
            )


def _zip_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with _damage_refused():
        stream = archive.open(info)
    yield from _read_in_chunks(stream, info.file_size)


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*info.date_time).timestamp()  # noqa: DTZ001 - a zip has local times
    except (ValueError, OverflowError, OSError):  # there is no such day
        return None


def _zip_name(info: zipfile.ZipInfo) -> str:
    # Not `filename`: zipfile cuts that at a NUL. Without the UTF-8 flag zipfile takes names for code page 437, but
    # macOS and some Linux tools write UTF-8 without it.
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _refuse_unreadable_method(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & 0x41:
        raise refusal(
            f"The archive is encrypted (entry {shown(name)})",
            "an archive without a password",
            "pack the folder again without a password",
        )
    # zipfile bounds what it unpacks at a time for deflate only: 4 KiB of bzip2 may become 4 GiB of memory.
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        method = zipfile.compressor_names.get(info.compress_type, "unknown")  # type: ignore[attr-defined]
        raise refusal(
            f"The entry {shown(name)} is compressed with method {info.compress_type} ({method})",
            "a zip archive with the usual compression (deflate)",
            "pack the folder again with the system's own zip, or as .tar.gz",
        )


# --- tar -----------------------------------------------------------------------------------------------


class _TarSource:
    """What tarfile reads from: it only moves forward, and headers are bounded.

    Unbounded, a pax header of 8 GiB would be read into memory, and a negative size would have tarfile read the
    same members for ever (CVE-2025-8194).
    """

    def __init__(self, read: Callable[[int], bytes], limits: Limits) -> None:
        self._read = read
        self._limits = limits
        self._at = 0
        self._header_bytes_left = self._header_bytes = max(MIB, limits.entries * 2 * _BLOCK)
        self.in_header = True
        self.last = b""  #: the latest block of a header

    def tell(self) -> int:
        return self._at

    def read(self, size: int, /) -> bytes:
        if self.in_header:
            self._header_bytes_left -= size
        if self._header_bytes_left < 0:
            raise _too_many_names(self._header_bytes)
        if size < 0:
            raise _damaged("a header with a negative size")
        data = self._read(size)
        self._moved(len(data))
        if self.in_header:
            self.last = data
        return data

    def seek(self, position: int, /) -> None:
        if position < self._at:
            raise _damaged("a header points backwards")
        while self._at < position and self._skip(min(CHUNK, position - self._at)):
            pass

    def drain(self) -> None:
        """Reads to the end: only there a compressed stream tells whether its checksum is right."""
        while self._skip(CHUNK):
            pass

    def _skip(self, size: int) -> int:
        skipped = len(self._read(size))
        self._moved(skipped)
        return skipped

    def _moved(self, size: int) -> None:
        self._at += size
        if self._at > self._limits.unpacked_bytes:
            raise refusal(
                f"The archive unpacks to more than {human(self._limits.unpacked_bytes)}",
                f"at most {human(self._limits.total_bytes)} of files",
                "remove what is not part of the practical, then pack the folder again",
            )


def _begins_a_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return head == bytes(_BLOCK)  # an empty tar: nothing but its end mark
    return True


def _tar_members(read: Callable[[int], bytes], limits: Limits) -> Iterator[Member]:
    source = _TarSource(read, limits)
    try:
        archive = tarfile.TarFile(fileobj=source, encoding="utf-8")  # type: ignore[arg-type]  # cannot write
    except tarfile.ReadError as error:
        raise _damaged(f"no tar archive in it: {error}") from error
    while (info := archive.next()) is not None:
        source.in_header = False
        yield Member(
            info.name,
            _tar_kind(info),
            bool(info.mode & 0o111),
            info.linkname,
            partial(_tar_chunks, archive, info),
            float(info.mtime),
        )
        source.in_header = True
    # tarfile takes a broken header after the first for the end; only the zero block is one.
    if source.last != bytes(_BLOCK):
        raise _damaged("the tar ends without its end mark")
    source.drain()


def _tar_chunks(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(info)
    return _read_in_chunks(stream, info.size) if stream else iter(())


def _tar_kind(info: tarfile.TarInfo) -> str:
    if info.issparse():  # its holes cost nothing in the archive, and no source has any
        return "sparse file"
    kinds = {
        tarfile.DIRTYPE: "folder",
        tarfile.LNKTYPE: "hard link",
        tarfile.SYMTYPE: "symbolic link",
        tarfile.FIFOTYPE: "FIFO",
        tarfile.CHRTYPE: "device",
        tarfile.BLKTYPE: "device",
    }
    return "file" if info.isreg() else kinds.get(info.type, "special file")
