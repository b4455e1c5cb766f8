"""Unpack a class's download: an archive of archives and folders, written below a folder of our own.

Whatever one student called a file must not keep the others from being graded: what cannot be written is left out, and said.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from grader.archives import Member, members
from grader.errors import BadSubmissionError, UsageError
from grader.intake import IGNORED, Limits, shown
from grader.submission import archive_parts

#: What a class may hand in together; each submission is held to the usual limits later.
LIMITS = Limits(
    total_bytes=16 << 30,
    files=500_000,
    entries=1_000_000,
    depth=32,
    archive_bytes=16 << 30,
    unpacked_bytes=16 << 30,
)
_NAMED = 5  #: entries that are named in a remark
#: A name twice, a file where another entry has a folder, a name that no file system takes.
_LEFT_OUT = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EILSEQ}


def unpack(archive: Path, folder: Path) -> tuple[str, ...]:
    """Make `folder` anew, with what is in the archive, at the times that it tells; remarks on what was left out.

    Raises `BadSubmissionError` for what is no archive, or a bad one, `UsageError` for one that is too large.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    left_out = []
    room, files = LIMITS.total_bytes, 0
    with archive.open("rb") as file:
        for member in members(file, LIMITS):
            files += 1
            if files > LIMITS.files:
                raise UsageError(f"{shown(archive.name)} holds more than {LIMITS.files} files")
            try:
                parts = archive_parts(member)
                if not parts or IGNORED & set(parts):
                    continue
                room -= _write(member, folder, parts, room)
            except (BadSubmissionError, _LeftOutError):  # it would be written elsewhere, or cannot be written
                left_out.append(shown(member.name))
    if not left_out:
        return ()
    more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    return (f"left out of {shown(archive.name)}: {', '.join(left_out[:_NAMED])}{more}",)


class _LeftOutError(Exception):
    """One entry cannot be written."""


def _write(member: Member, folder: Path, parts: tuple[str, ...], room: int) -> int:
    """How many bytes it was. Raises `UsageError` when there are more than `room`."""
    path = "/".join(parts)
    if not path.isprintable() or len(parts) > LIMITS.depth or member.kind not in {"file", "folder"}:
        raise _LeftOutError
    try:
        if member.kind == "folder":
            (folder / path).mkdir(parents=True, exist_ok=True)
            return 0
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        return _write_file(member, folder / path, room)
    except OSError as error:
        if error.errno not in _LEFT_OUT:
            raise
        raise _LeftOutError from error


def _write_file(member: Member, place: Path, room: int) -> int:
    written = 0
    mode = 0o755 if member.executable else 0o644
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        for chunk in member.chunks():
            written += len(chunk)
            if written > room:
                raise UsageError(f"the archive unpacks to more than {LIMITS.total_bytes >> 30} GiB")
            file.write(chunk)
    if member.changed is not None:
        with contextlib.suppress(OSError, OverflowError, ValueError):  # no time that a file system knows
            os.utime(place, (member.changed, member.changed))
    return written
